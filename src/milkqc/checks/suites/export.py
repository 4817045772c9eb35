"""Rules for people who run Great Expectations or pandera themselves, on the tables that milkqc writes.

Nothing of what is exported needs milkqc. Both tell which rules they leave out, and why: a kind that the tool has no
native word for is not forced into one that says something else.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import pprint
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from milkqc.checks.suites import distribution
from milkqc.checks.suites.bounds import BOUNDS
from milkqc.checks.suites.conditions import columns_of
from milkqc.checks.suites.dataset_kinds import MOST
from milkqc.checks.suites.groups import by_of
from milkqc.checks.suites.kinds import KINDS
from milkqc.checks.suites.native import NotNativeError, expectations
from milkqc.checks.suites.pandera_module import HEAD, TAIL
from milkqc.checks.suites.sums import ROUNDING, SAMPLE, of_analytes
from milkqc.checks.views import AGE_GROUP, FIVE_YEARS, PREFIX
from milkqc.model import TABLES, Rule
from milkqc.reference import columns

_AGES: Mapping[str, Mapping[str, Any]] = {
    "under_five": {"age_days": {"below": FIVE_YEARS}},
    "five_or_older": {"age_days": {"min": FIVE_YEARS}},
    "unknown": {"age_days": {"missing": True}},
}


@dataclass(frozen=True)
class Exported:
    """What goes into files, by their names, and the rules that are left out by id, each with the reason."""

    files: Mapping[str, str]
    left_out: Mapping[str, str] = field(default_factory=dict)


def to_gx(rules: Sequence[Rule]) -> Exported:
    """A native GX suite for each table (`milkqc_milk.json`), as `gx.ExpectationSuite(**json.load(file))` takes it.

    The batch is the harmonised table as a pandas frame (its Parquet read by pandas). `when` becomes a row condition;
    `meta` carries id, sentence and source of the rule.
    """
    files, left_out = {}, {}
    for table in TABLES:
        found = []
        for rule in sorted(map(_on_written, rules), key=lambda rule: rule.id):
            if rule.table != table:
                continue
            try:
                _here(rule)
                found += [
                    {**one, "severity": severity, "meta": _meta(rule)} for one, severity in expectations(rule)
                ]
            except NotNativeError as error:
                left_out[rule.id] = str(error)
        if found:
            suite = {"name": f"milkqc_{table}", "expectations": found, "meta": {"table": table}}
            files[f"milkqc_{table}.json"] = json.dumps(suite, indent=2, ensure_ascii=False) + "\n"
    return Exported(files, left_out)


def to_pandera(rules: Sequence[Rule]) -> Exported:
    """A Python module with a pandera schema for each table, for pandas frames; it imports pandera and pandas only."""
    left_out: dict[str, str] = {}
    tables: dict[str, list[dict[str, Any]]] = {}
    for rule in sorted(map(_on_written, rules), key=lambda rule: rule.id):
        try:
            beside = _beside(rule)
            if not all(name.startswith(PREFIX) for name in beside):
                _here(rule)
            tables.setdefault(rule.table, []).append({**_plain(rule), "beside": bool(beside)})
        except NotNativeError as error:
            left_out[rule.id] = str(error)
    told = pprint.pformat(
        {table: tables[table] for table in TABLES if table in tables}, width=110, sort_dicts=False
    )
    figures = "def quantile" + inspect.getsource(distribution).partition("def quantile")[2]
    return Exported({"milkqc_rules.py": f"{HEAD}\nRULES = {told}\n\n\n{figures}\n{TAIL}"}, left_out)


def _on_written(rule: Rule) -> Rule:
    """The rule with `age_group`, which only the view has, said by the age in days."""
    if AGE_GROUP not in rule.when:
        return rule
    wanted = rule.when[AGE_GROUP]
    groups = wanted if isinstance(wanted, tuple) else (wanted,)
    if isinstance(wanted, Mapping):
        return rule
    rest = {name: value for name, value in rule.when.items() if name != AGE_GROUP}
    ages = {"any": tuple(_AGES[group] for group in groups)}
    return dataclasses.replace(rule, when={**rest, "all": (ages, *rest.get("all", ()))})


def _here(rule: Rule) -> None:
    """Raises NotNativeError for a rule that looks beyond the harmonised table it is of."""
    beside = _beside(rule)
    if beside:
        raise NotNativeError(f"it looks at {', '.join(beside)}, which the written table does not have")


def _beside(rule: Rule) -> list[str]:
    """The columns of the view that a rule names and the written table does not have."""
    own = {column.column for column in columns(rule.table)}
    between = rule.arguments.get("between")
    groups = [_resolved(name, own) for name in (*by_of(rule), *([between] if between else []))]
    return [
        name for name in dict.fromkeys((*rule.columns, *columns_of(rule.when), *groups)) if name not in own
    ]


def _resolved(name: str, own: Collection[str]) -> str:
    return name if name in own else f"{PREFIX}{name.removeprefix(PREFIX)}"


def _meta(rule: Rule) -> dict[str, str]:
    return {"rule_id": rule.id, "says": rule.says, "source": rule.source}


_KEPT = (
    *BOUNDS, "values", "pattern", "columns", "is", "other", "factor", "offset", "tolerance", "tolerance_share",
    "order", "direction", "within", "strict", "parts", "quantile", "reference", "statistic", "max_ratio", "min_n",
)  # fmt: skip


def _plain(rule: Rule) -> dict[str, Any]:
    """One rule as plain data for the module: conditions and limits, dates as ISO texts."""
    arguments = {key: _text(rule.arguments[key]) for key in _KEPT if rule.arguments.get(key) is not None}
    return {
        "id": rule.id,
        "expect": rule.expect,
        **({"column": rule.columns[0]} if rule.columns else {}),
        "when": _text(rule.when),
        **arguments,
        **(_of_groups(rule) if rule.level == "dataset" else {}),
        **(_of_sums(rule) if rule.expect == "sum_of" else {}),
        "says": rule.says,
    }


def _of_groups(rule: Rule) -> dict[str, Any]:
    """The figure, its limits and the columns of its groups."""
    own = {column.column for column in columns(rule.table)}
    most = next((rule.arguments[key] for key in MOST if rule.arguments.get(key) is not None), None)
    between = rule.arguments.get("between")
    return {
        "figure": KINDS[rule.expect].figure,
        **({} if most is None else {"max": most}),
        **({"by": [_resolved(name, own) for name in by_of(rule)]} if by_of(rule) else {}),
        **({"between": _resolved(between, own)} if between else {}),
    }


def _of_sums(rule: Rule) -> dict[str, Any]:
    return {
        "is": rule.arguments.get("is", "equal"),
        "rounding": ROUNDING,
        **({"analyte": rule.when["analyte"], "sample": list(SAMPLE)} if of_analytes(rule) else {}),
    }


def _text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _text(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_text(part) for part in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def left_out(exported: Exported) -> Iterator[str]:
    """A sentence for each rule that is not in the files."""
    for rule_id, why in sorted(exported.left_out.items()):
        yield f"{rule_id}: left out, {why}."
