"""The rules of one run as a table, for the report: what each says, what to do about it, what the study changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from milkqc.rulebook.book import book
from milkqc.rulebook.own import StudyRules

SCHEMA: Mapping[str, Any] = dict.fromkeys(("rule_id", "home", "title", "says", "expected", "site", "analyst", "source", "where", "changed", "off"), pl.String)  # fmt: skip


def told(rules: StudyRules, ids: Collection[str]) -> pl.DataFrame:
    """A row (SCHEMA) for each rule of `ids`, sorted by id; a null is what nobody has said.

    The reason of a change stands in `changed`, so `source` is the rule's own.
    """
    rows = [
        {
            "rule_id": each.id,
            "home": each.home,
            "title": each.title if each.title != each.id else None,
            "says": each.says,
            "expected": each.expected or None,
            "site": each.site or None,
            "analyst": each.analyst or None,
            "source": each.source.partition("; changed by the study: ")[0],
            "where": each.where or None,
            "changed": each.changed or None,
            "off": each.off or None,
        }
        for each in book(rules)
        if each.id in ids
    ]
    return pl.DataFrame(rows, schema=dict(SCHEMA), orient="row")
