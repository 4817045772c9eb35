"""What the cells of a column say of a variable: can it be that one, and in which unit, format and codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.drafting.synonyms import code_of
from milkqc.drafting.usual import believable, units_of
from milkqc.errors import UnitError
from milkqc.inspection import Column
from milkqc.inspection.facts import number
from milkqc.units import unit_factor

GESTATION = "gestational_age_days"
_WEEKS_AND_DAYS = r"^\s*[0-9]{2}\s*\+\s*[0-6]\s*$"
_WEEKS_DOT_DAYS = r"^\s*[0-9]{2}\.[0-6]\s*$"
# An enumeration of a study has few values.
_FEW = 30


@dataclass(frozen=True)
class Verdict:
    """`possible`: the cells can be of that variable. `spec` is what the mapping says besides `from`; `declared` holds
    when the file itself says it (units, labels, types); `doubts` make the proposal unsure; `evidence` is for the comment.
    """

    possible: bool
    spec: Mapping[str, Any] = field(default_factory=dict)
    declared: bool = False
    doubts: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


NO = Verdict(possible=False)


def judge(variable: reference.Column, column: Column, values: pl.Series, ending: str = "") -> Verdict:
    """Whether `column` can be `variable`, and how it is written there. `ending` is the unit that its name ends in."""
    if column.holds == "nothing":
        return Verdict(possible=True, doubts=("has no value at all",))
    if variable.column == GESTATION:
        return _gestation(column, values, ending)
    if variable.type == "number":
        return _number(variable, column, ending)
    if variable.type == "integer":
        return _integer(column)
    if variable.type == "date":
        return _date(column, values)
    if variable.type == "enum":
        return _codes(variable.column, column, fixed=variable.codes)
    if variable.type == "boolean":
        return _codes("yesno", column, fixed=("true", "false"))
    return _text(variable.column, column)


def _numeric(column: Column) -> bool:
    return column.holds in {"number", "whole number"}


def spread(column: Column) -> str:
    """`values 2.1 to 9.8`; nothing of a column that may tell who somebody is."""
    if column.minimum is None or column.maximum is None or column.identifier:
        return ""
    return f"values {number(column.minimum)} to {number(column.maximum)}"


def _number(variable: reference.Column, column: Column, ending: str) -> Verdict:
    if not _numeric(column):
        return NO
    seen = (spread(column),) if spread(column) else ()
    unit, name = variable.unit, variable.column
    if unit in {"", "1"}:
        return Verdict(possible=True, declared=True, evidence=seen)
    if column.unit:
        return _declared(name, unit, column, seen)
    if ending and _converts(ending, unit):
        if believable(name, column.median, ending) is False:
            return Verdict(possible=True, spec={"unit": ending}, doubts=(f"its name says {ending}, its middle value {number(column.median)} does not",), evidence=seen)  # fmt: skip
        return Verdict(possible=True, spec={"unit": ending}, evidence=(*seen, f"its name ends in {ending}"))
    fitting = units_of(name, column.median)
    # In percent there is nothing to choose: a share of 1 at the most is another form.
    if unit == "%":
        share = column.maximum is not None and column.maximum <= 1
        return Verdict(
            possible=True, spec={"unit": "1" if share else "%"}, evidence=(*seen, "the unit is not said")
        )
    if len(fitting) == 1:
        return Verdict(possible=True, spec={"unit": fitting[0]}, evidence=(*seen, f"only {fitting[0]} fits a middle value of {number(column.median)}"))  # fmt: skip
    if not fitting:
        return Verdict(possible=True, doubts=("no unit is said, and none fits its values",), evidence=seen)
    return Verdict(possible=True, doubts=(f"no unit is said: {' or '.join(fitting)}?",), evidence=seen)


def _declared(name: str, unit: str, column: Column, seen: tuple[str, ...]) -> Verdict:
    if not _converts(column.unit, unit):
        return Verdict(possible=False, doubts=(f"its unit {column.unit} is none of {name}",))
    doubts: tuple[str, ...] = ()
    if believable(name, column.median, column.unit) is False:
        doubts = (
            f"its unit is said to be {column.unit}, its middle value {number(column.median)} does not look so",
        )
    return Verdict(possible=True, spec={"unit": column.unit}, declared=True, doubts=doubts, evidence=seen)


def _converts(unit: str, to: str) -> bool:
    try:
        unit_factor(unit, to)
    except UnitError:
        return False
    return True


def _integer(column: Column) -> Verdict:
    if column.holds != "whole number" or (column.minimum is not None and column.minimum < 0):
        return NO
    return Verdict(possible=True, declared=True, evidence=(spread(column),) if spread(column) else ())


def _gestation(column: Column, values: pl.Series, ending: str) -> Verdict:
    texts = (
        values.drop_nulls().cast(pl.String) if values.dtype == pl.String else pl.Series([], dtype=pl.String)
    )
    if len(texts) and texts.str.contains(_WEEKS_AND_DAYS).mean() > 0.8:  # type: ignore[operator]  # not empty
        return Verdict(
            possible=True, spec={"format": "weeks+days"}, declared=True, evidence=("cells such as 40+1",)
        )
    if not _numeric(column):
        return NO
    unit = column.unit or ending
    weeks = units_of(GESTATION, column.median) == ("week",)
    fractions = _fractions(values)
    if (
        (unit == "" or _converts_to_weeks(unit))
        and weeks
        and fractions
        and all(tenth <= 6 for tenth in fractions)
        and len(fractions) > 2
    ):
        # 38.3 is 38 weeks and 3 days, or 38 weeks and 2 days: only the study knows.
        return Verdict(possible=True, doubts=("weeks with one decimal, never above .6: `format: weeks.days`, or `unit: week`?",), evidence=(spread(column),))  # fmt: skip
    return _number(reference.dictionary()["participants", GESTATION], column, ending)


def _converts_to_weeks(unit: str) -> bool:
    try:
        return unit_factor(unit, "week") == 1
    except UnitError:
        return False


def _fractions(values: pl.Series) -> set[int]:
    """The first decimals of the numbers, where none has more than one; else nothing."""
    texts = values.drop_nulls().cast(pl.String).str.strip_chars().unique().to_list()
    tenths = {text.partition(".")[2] for text in texts if re.fullmatch(r"[0-9]+(\.[0-9]*)?", text)}
    if any(len(tenth) > 1 for tenth in tenths):
        return set()
    return {int(tenth or 0) for tenth in tenths}


def _date(column: Column, values: pl.Series) -> Verdict:
    if column.holds not in {"date", "date and time"}:
        return NO
    seen = (f"{column.first[:10]} to {column.last[:10]}",) if column.first and not column.identifier else ()
    if values.dtype in (pl.Date, pl.Datetime):
        return Verdict(possible=True, declared=True, evidence=seen)
    if len(column.date_formats) != 1:
        return Verdict(
            possible=True,
            doubts=(f"its dates could be {' or '.join(column.date_formats[:3])}: ask who wrote them",),
        )
    return Verdict(
        possible=True,
        spec={"format": column.date_formats[0]},
        declared=True,
        evidence=(*seen, f"only {column.date_formats[0]} fits"),
    )


def _labelled(column: Column) -> dict[str, str]:
    """The file's labels, without those of its codes for missing."""
    return {code: text for code, text in column.value_labels.items() if code not in column.missing_codes}


def _codes(variable: str, column: Column, *, fixed: tuple[str, ...]) -> Verdict:
    """The codes of an enumeration from the file's labels, else from what the cells themselves say."""
    labels = _labelled(column)
    if column.holds in {"date", "date and time"} or (column.distinct > _FEW and not labels):
        return NO
    if labels:
        return _from_labels(variable, labels)
    seen = [value.value.strip() for value in column.values]
    if not seen:
        return (
            NO
            if column.filled and not column.identifier
            else Verdict(possible=True, doubts=("its values are not known",))
        )
    texts = sorted(set(seen))
    if variable == "yesno" and set(texts) <= {"0", "1"}:
        return Verdict(
            possible=True, spec={"codes": {"0": "false", "1": "true"}}, evidence=("values 0 and 1",)
        )
    found = {text: code_of(variable, text) for text in texts}
    lost = [text for text, code in found.items() if not code]
    missing = {text: code_of("missing", text) for text in lost}
    if all(re.fullmatch(r"-?[0-9.]+", text) for text in texts):
        return Verdict(
            possible=len(texts) <= 12,
            doubts=(f"codes {', '.join(texts[:6])} without labels: which is {_or(fixed)}?",),
        )
    known = {text: code for text, code in found.items() if code}
    if not known or any(not word for word in missing.values()):
        shown = ", ".join(lost[:6])
        return Verdict(
            possible=bool(known),
            doubts=(f"values that no code of it is known for: {shown}",) if not column.identifier else (),
        )
    spec: dict[str, Any] = {}
    if set(known) != set(known.values()):
        spec["codes"] = known
    if missing:
        spec["missing"] = missing
    return Verdict(
        possible=True,
        spec=spec,
        evidence=(f"values {', '.join(sorted(known)[:4])}",) if not column.identifier else (),
    )


def _from_labels(variable: str, labels: Mapping[str, str]) -> Verdict:
    found = {code: code_of(variable, text) for code, text in labels.items()}
    left = {code: code_of("missing", labels[code]) for code, word in found.items() if not word}
    known = {code: word for code, word in found.items() if word}
    lost = [f"{code} {labels[code]!r}" for code, word in left.items() if not word]
    if not known:
        return NO
    said = f"value labels {', '.join(f'{code} {labels[code]}' for code in list(known)[:3])}"
    if lost:
        return Verdict(
            possible=True,
            doubts=(f"labels that no code of it is known for: {', '.join(lost[:4])}",),
            evidence=(said,),
        )
    spec: dict[str, Any] = {"codes": known}
    if left:
        spec["missing"] = left
    return Verdict(possible=True, spec=spec, declared=True, evidence=(said,))


def _text(variable: str, column: Column) -> Verdict:
    labels = _labelled(column)
    if variable in {"measures", "method"} and _numeric(column):
        return NO
    if column.holds in {"date", "date and time"}:
        return NO
    if labels and column.holds == "whole number" and len(labels) <= _FEW:
        said = f"value labels {', '.join(f'{code} {text}' for code, text in list(labels.items())[:2])}"
        return Verdict(possible=True, spec={"codes": dict(labels)}, declared=True, evidence=(said,))
    # A text with fractions is a measurement, whatever it is called.
    if column.holds == "number":
        return NO
    few = tuple(value.value for value in column.values[:3]) if not column.identifier else ()
    seen = (f"values {', '.join(few)}",) if few else (f"{column.distinct} different values",)
    return Verdict(possible=True, declared=True, evidence=seen)


def _or(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else "".join(words)
