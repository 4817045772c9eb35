"""Rules for people who run Great Expectations or pandera themselves, on the tables that milkqc writes.

Nothing of what is exported needs milkqc. Both tell which rules they leave out, and why: a kind that the tool has no
native word for is not forced into one that says something else.
"""

from __future__ import annotations

import dataclasses
import json
import pprint
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from milkqc.checks.suites.conditions import columns_of
from milkqc.checks.suites.groups import by_of
from milkqc.checks.suites.kinds import KINDS
from milkqc.checks.suites.native import NotNativeError, expectations
from milkqc.checks.views import AGE_GROUP, FIVE_YEARS
from milkqc.model import TABLES, Rule
from milkqc.reference import columns, dictionary

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
            _here(rule)
            tables.setdefault(rule.table, []).append(_plain(rule))
        except NotNativeError as error:
            left_out[rule.id] = str(error)
    told = pprint.pformat(
        {table: tables[table] for table in TABLES if table in tables}, width=110, sort_dicts=False
    )
    return Exported({"milkqc_rules.py": f"{_MODULE_HEAD}\n\nRULES = {told}\n\n\n{_MODULE_TAIL}"}, left_out)


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
    names = (*rule.columns, *columns_of(rule.when), *by_of(rule))
    own = {column.column for column in columns(rule.table)}
    beside = [name for name in dict.fromkeys(names) if name not in own]
    if beside:
        raise NotNativeError(f"it looks at {', '.join(beside)}, which the written table does not have")


def _meta(rule: Rule) -> dict[str, str]:
    return {"rule_id": rule.id, "says": rule.says, "source": rule.source}


def _plain(rule: Rule) -> dict[str, Any]:
    """One rule as plain data for the module: conditions and limits, dates as ISO texts."""
    if KINDS[rule.expect].level == "dataset" or rule.expect == "monotone":
        raise NotNativeError(
            f"pandera has no check of the kind {rule.expect}; use --format gx or milkqc itself"
        )
    keep = (
        "min",
        "above",
        "max",
        "below",
        "values",
        "pattern",
        "columns",
        "is",
        "other",
        "factor",
        "offset",
        "tolerance",
    )
    arguments = {key: _text(rule.arguments[key]) for key in keep if rule.arguments.get(key) is not None}
    return {
        "id": rule.id,
        "expect": rule.expect,
        "column": rule.columns[0],
        "date": dictionary()[rule.table, rule.columns[0]].type == "date",
        "when": _text(rule.when),
        **arguments,
        "says": rule.says,
    }


def _text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _text(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_text(part) for part in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


_MODULE_HEAD = '''"""milkqc's rules as pandera schemas for pandas frames. Written by `milkqc rules export --format pandera`.

    import milkqc_rules
    milkqc_rules.SCHEMAS["growth"].validate(pandas.read_parquet("harmonized/growth.parquet"), lazy=True)

A check's `error` is the id of its rule. A row of which something asked for is missing passes; a censored result too.
"""

import pandas as pd
import pandera.pandas as pa'''

_MODULE_TAIL = '''
def _values(frame, name):
    values = frame[name]
    if str(values.dtype) in {"object", "category"} and values.map(lambda value: hasattr(value, "isoformat")).any():
        return pd.to_datetime(values)
    return values


def _limit(values, limit):
    return pd.Timestamp(limit) if str(values.dtype).startswith("datetime") else limit


def _outside(values, rule):
    fails = pd.Series(False, index=values.index)
    if "min" in rule:
        fails |= values < _limit(values, rule["min"])
    if "above" in rule:
        fails |= values <= _limit(values, rule["above"])
    if "max" in rule:
        fails |= values > _limit(values, rule["max"])
    if "below" in rule:
        fails |= values >= _limit(values, rule["below"])
    return fails


def _among(values, wanted):
    listed = wanted if isinstance(wanted, list) else [wanted]
    return values.isin([_limit(values, one) for one in listed])


def _holds(frame, when):
    """Rows where the condition surely holds."""
    holds = pd.Series(True, index=frame.index)
    for name, wanted in when.items():
        if name in ("any", "all"):
            parts = [_holds(frame, one) for one in wanted]
            joined = parts[0]
            for part in parts[1:]:
                joined = joined | part if name == "any" else joined & part
            holds &= joined
            continue
        values = _values(frame, name)
        if not isinstance(wanted, dict):
            holds &= values.notna() & _among(values, wanted)
            continue
        for word, limit in wanted.items():
            if word == "missing":
                holds &= values.isna() if limit else values.notna()
            elif word == "not":
                holds &= values.notna() & ~_among(values, limit)
            else:
                holds &= values.notna() & ~_outside(values, {word: limit})
    return holds


def _other(frame, rule, sign):
    other = _values(frame, rule["other"])
    if "factor" in rule:
        other = other * rule["factor"]
    offset = rule.get("offset", 0) + sign * rule.get("tolerance", 0)
    if not offset:
        return other
    return other + (pd.Timedelta(days=offset) if str(other.dtype).startswith("datetime") else offset)


def _compared(frame, rule):
    values, word = _values(frame, rule["column"]), rule["is"]
    known = values.notna() & _values(frame, rule["other"]).notna()
    if word == "below":
        fails = values >= _other(frame, rule, 1)
    elif word == "at_most":
        fails = values > _other(frame, rule, 1)
    elif word == "above":
        fails = values <= _other(frame, rule, -1)
    elif word == "at_least":
        fails = values < _other(frame, rule, -1)
    elif word == "equal" and rule.get("tolerance"):
        fails = (values < _other(frame, rule, -1)) | (values > _other(frame, rule, 1))
    else:
        fails = values.eq(_other(frame, rule, 0))
        fails = ~fails if word == "equal" else fails
    return known & fails


def _fails(frame, rule):
    values, kind = _values(frame, rule["column"]), rule["expect"]
    holds = _holds(frame, rule["when"])
    there = values.notna()
    if rule["column"] == "value" and "censored" in frame:
        censored = frame["censored"].notna()
        if kind in ("not_null", "present_when", "absent_when"):
            there |= censored
        else:
            holds &= ~censored
    if kind == "value_between":
        fails = there & _outside(values, rule)
    elif kind == "value_in_set":
        fails = there & ~_among(values, rule["values"])
    elif kind == "value_not_in_set":
        fails = there & _among(values, rule["values"])
    elif kind == "value_matches":
        fails = there & ~values.astype("object").where(there, "").astype(str).map(
            lambda text: __import__("re").fullmatch(rule["pattern"], text) is not None
        )
    elif kind in ("not_null", "present_when"):
        fails = ~there
    elif kind == "absent_when":
        fails = there
    elif kind == "unique":
        mine = frame.loc[holds, rule["columns"]].dropna()
        fails = mine.duplicated(keep=False).reindex(frame.index, fill_value=False)
    else:
        fails = _compared(frame, rule)
    return (holds & fails).fillna(False).astype(bool)


def _check(rule):
    return pa.Check(lambda frame: ~_fails(frame, rule), error=rule["id"], description=rule["says"])


SCHEMAS = {
    table: pa.DataFrameSchema(
        {rule["column"]: pa.Column(nullable=True, required=True) for rule in rules},
        checks=[_check(rule) for rule in rules],
        name=table,
    )
    for table, rules in RULES.items()
}
'''


def left_out(exported: Exported) -> Iterator[str]:
    """A sentence for each rule that is not in the files."""
    for rule_id, why in sorted(exported.left_out.items()):
        yield f"{rule_id}: left out, {why}."
