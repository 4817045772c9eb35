"""The texts people read, by rule id, with named fields: one catalogue, so that translation needs no code.

One file per home of findings (reading.toml, contract.toml, rules.toml). An entry:

    ["growth.visit.before_birth"]
    title = "Visit before birth"
    says = "Visit dated {value}, before the birth ({expected}): the scores of this row mean nothing. Check both dates."

`says` tells what was found, why it matters and what to do, in under 30 words; its fields are those of a finding.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources
from typing import Any

import polars as pl

# The longest piece of data that a sentence shows.
MOST = 120
LABELS = "labels.toml"


class _Blank(dict[str, Any]):
    """Fields that a text names and a finding lacks read as an ellipsis, never as an error."""

    def __missing__(self, key: str) -> str:
        return "…"


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """All texts: rule id -> `title` (a few words) and `says` (a sentence). A rule id in two files is an error."""
    texts: dict[str, Mapping[str, str]] = {}
    for file in sorted(resources.files("milkqc.messages").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml") and file.name != LABELS:
            entries = tomllib.loads(file.read_text(encoding="utf-8"))
            twice = texts.keys() & entries.keys()
            if twice:
                raise ValueError(f"{file.name}: texts written twice: {sorted(twice)}")
            texts.update(entries)
    return texts


@cache
def labels() -> Mapping[str, str]:
    """What findings call a variable that the data dictionary does not have."""
    return tomllib.loads((resources.files("milkqc.messages") / LABELS).read_text(encoding="utf-8"))


def title(rule_id: str) -> str:
    """A few words that name the rule; the id itself when the catalogue has none."""
    return catalogue().get(rule_id, {}).get("title", rule_id)


def message(rule_id: str, fields: Mapping[str, Any], *, variant: str = "says") -> str:
    """The rule's sentence with the finding's own words put in; its title or id when it has no sentence.

    `variant` names another sentence of the rule's entry (`most`: said once of a field that fails in most rows).
    """
    return _text(rule_id, variant).format_map(_Blank({key: _short(value) for key, value in fields.items()}))


def sentence(rule_id: str, columns: Collection[str]) -> pl.Expr:
    """`message` for a table of findings of one rule; `columns` are the fields it has, texts and whole numbers.

    Raises ValueError for a text whose fields are more than names (`{value:.2f}`); a test reads the whole catalogue.
    """
    parts: list[pl.Expr] = []
    for plain, name, spec, conversion in string.Formatter().parse(_text(rule_id)):
        parts.append(pl.lit(plain))
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise ValueError(
                f"{rule_id}: a field of a text is a name and nothing else, not {{{name}!{conversion}:{spec}}}"
            )
        text = pl.col(name).cast(pl.String) if name in columns else pl.lit(None, dtype=pl.String)
        long = text.str.len_chars() > MOST
        parts.append(pl.when(long).then(text.str.slice(0, MOST - 1) + "…").otherwise(text).fill_null("…"))
    return pl.concat_str(parts or [pl.lit("")])


def _text(rule_id: str, variant: str = "says") -> str:
    entry = catalogue().get(rule_id, {})
    return entry.get(variant) or entry.get("title") or rule_id


def _short(value: Any) -> Any:
    """A field as a sentence can hold it; the whole of a long text stands in the finding's value and the lineage."""
    if value is None:
        return "…"
    return value if not isinstance(value, str) or len(value) <= MOST else value[: MOST - 1] + "…"
