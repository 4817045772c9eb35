"""One column and the variables it may be: by its name, its label and its cells, each with a grade and the evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from milkqc import reference
from milkqc.drafting.synonyms import Meeting, meetings
from milkqc.drafting.uploads import Upload
from milkqc.drafting.values import NO, Verdict, judge, spread
from milkqc.errors import UnitError
from milkqc.inspection import Column
from milkqc.units import unit_factor

Grade = Literal["exact", "likely", "unsure"]
GRADES: tuple[Grade, ...] = ("exact", "likely", "unsure")
# A name or label that meets a term this well is the term; below, it only resembles it.
_SURE, _FAIR = 94.0, 76.0
# Two variables that are met this closely cannot be told apart by words.
_CLOSE = 5.0


@dataclass(frozen=True)
class Guess:
    """A variable (or part of the language: `long.value`) that a column may be. `spec` is what stands beside `from`."""

    column: str
    variable: str
    score: float
    grade: Grade
    spec: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def unsure(self, why: str) -> Guess:
        """The same, with a doubt."""
        return replace(self, grade="unsure", doubts=(*self.doubts, why))

    def said(self) -> str:
        """The evidence, and the doubts, as one line."""
        return "; ".join([*self.evidence, *self.doubts])


# What the language calls by other names than a variable's: judged by what it needs.
_PARTS: Mapping[str, str] = {
    "long.name": "word", "long.value": "number", "long.unit": "word", "long.limit": "number",
    "controls.from": "word", "controls.level": "word", "controls.order": "number",
}  # fmt: skip
# A key may have what looks like a unit: `Visit (month)`.
_KEYS = frozenset({"visit", "participant_id", "infant_id", "mother_id", "sample_id", "household_id"})
SCORES = frozenset({"laz", "waz", "wlz", "baz", "hcz", "acz", "tsz", "ssz", "bmi"})


def guesses(upload: Upload, column: Column, *, name: str | None = None) -> tuple[Guess, ...]:
    """Every variable that the column may be, the best first; none when nothing speaks for any.

    `name` stands for the column's own: what it has in common with those of other visits.
    """
    by_name, by_label = meetings(name or column.name, label=False), meetings(column.label, label=True)
    found = []
    for variable in sorted({*by_name, *by_label}):
        named, labelled = by_name.get(variable), by_label.get(variable)
        verdict = _verdict(variable, upload, column, named.unit if named else "")
        if not verdict.possible:
            continue
        found.append(_guess(variable, column, named, labelled, verdict))
    found.sort(key=lambda one: (-one.score, one.variable))
    return tuple(found)


def _guess(
    variable: str, column: Column, name: Meeting | None, label: Meeting | None, verdict: Verdict
) -> Guess:
    both = min(name.score, label.score) / 20 if name and label else 0.0
    score = max(name.score if name else 0.0, label.score if label else 0.0) + both
    evidence = []
    if name:
        evidence.append(
            f'name "{column.name}"' + ("" if name.score >= _SURE else f" is like {name.term.term!r}")
        )
    if label:
        evidence.append(f'label "{_short(column.label)}"')
    evidence += verdict.evidence
    doubts = list(verdict.doubts)
    if score < _FAIR:
        doubts.append("only like it by its spelling or a part of its words")
    elif name and not label and column.label and name.score < 100:
        doubts.append(f'its label says "{_short(column.label)}"')
    short = max(len(one.term.compact) for one in (name, label) if one is not None)
    if short <= 2 and not (label and name) and not verdict.spec and not verdict.declared:
        doubts.append("a short name may mean anything")
    grade: Grade = "unsure" if doubts else "exact" if score >= 100 and verdict.declared else "likely"
    return Guess(column.name, variable, score, grade, verdict.spec, tuple(evidence), tuple(doubts))


def _short(label: str) -> str:
    plain = " ".join(label.split())
    return plain if len(plain) <= 60 else f"{plain[:57]}..."


def _verdict(variable: str, upload: Upload, column: Column, ending: str) -> Verdict:
    values = upload.source.table[column.name]
    if variable in _PARTS:
        return _part(_PARTS[variable], column)
    if variable in SCORES:
        numeric = column.holds in {"number", "whole number"}
        return Verdict(possible=True, declared=True, evidence=(spread(column),)) if numeric else NO
    if variable in reference.shipped():
        return _result(variable, column)
    if variable == "age_days":
        return judge(reference.dictionary()["growth", variable], column, values, ending)
    known = next((one for (_, name), one in reference.dictionary().items() if name == variable), None)
    measured = column.unit and column.holds in {"number", "whole number"}
    if known is None or (measured and known.type in {"text", "enum", "boolean"} and variable not in _KEYS):
        return NO  # `MUAC left arm (mm)` is no trial arm: what has a unit is measured
    return judge(known, column, values, ending)


def _part(kind: str, column: Column) -> Verdict:
    numeric = column.holds in {"number", "whole number"}
    if column.holds in {"date", "date and time"} or (kind == "number") != numeric:
        return NO
    return Verdict(possible=True, declared=True, evidence=(spread(column),) if spread(column) else ())


def _result(analyte: str, column: Column) -> Verdict:
    """A result of a wide laboratory file: a number, with a unit that the file says."""
    if column.holds not in {"number", "whole number"}:
        return NO
    seen = (spread(column),) if spread(column) else ()
    known = reference.shipped()[analyte]
    if not column.unit:
        return Verdict(possible=True, doubts=("no unit is said",), evidence=seen)
    substance = ""
    try:
        unit_factor(column.unit, known.unit)
    except UnitError:
        substance = _substance(analyte)
        try:
            unit_factor(column.unit, known.unit, substance=substance or analyte)
        except UnitError:
            return Verdict(possible=False, doubts=(f"{column.unit} is no unit of {analyte}",))
        substance = substance or analyte
    spec: dict[str, Any] = {"unit": column.unit}
    if substance:
        spec["substance"] = substance
    return Verdict(possible=True, spec=spec, declared=True, evidence=(*seen, f"unit {column.unit}"))


def _substance(analyte: str) -> str:
    """The substance that an analyte is usually calibrated with, where it has another name (cyanocobalamin)."""
    return next(iter(reference.shipped()[analyte].aliases), "")


def best(
    found: Collection[Guess], allowed: Collection[str], *, order: Mapping[str, int] | None = None
) -> Guess | None:
    """The best guess among `allowed` variables; unsure where another of them is met as well."""
    rest = [one for one in found if one.variable in allowed]
    if not rest:
        return None
    rest.sort(
        key=lambda one: (
            -(one.score - 12 * (one.grade == "unsure")),
            (order or {}).get(one.variable, 0),
            one.variable,
        )
    )
    first, *others = rest
    near = [
        one
        for one in others
        if first.score - one.score < _CLOSE and (one.grade != "unsure" or first.grade == "unsure")
    ]
    if near:
        return first.unsure(f"or {', '.join(one.variable for one in near[:3])}?")
    return first
