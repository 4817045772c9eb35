"""What a field's logic says: values where it is hidden, nothing where it is required, calculations that differ."""

from __future__ import annotations

import math
from collections.abc import Iterator

import polars as pl

from milkqc.checks.dictionary.fields import Field
from milkqc.checks.dictionary.logic import NotEvaluated, Value, evaluate, parse
from milkqc.checks.dictionary.logic.values import from_text
from milkqc.checks.dictionary.refer import References
from milkqc.checks.dictionary.sheet import Sheet
from milkqc.checks.dictionary.verdict import NotJudged, Verdict, verdict
from milkqc.checks.ledger import written

# A stored result may have been written with fewer digits than it was worked out with.
_SAME = 1e-6
# What nobody fills in, so that it can be neither asked for nor filled in by mistake.
_NOT_ENTERED = ("calc", "file", "descriptive", "sql", "status", "timestamp")


class Logic:
    """The logic of one sheet. An expression that several fields share is worked out once."""

    def __init__(self, sheet: Sheet, references: References):
        self._sheet = sheet
        self._references = references
        self._shown: dict[str, pl.Series | str] = {}

    def checks(self, field: Field) -> Iterator[Verdict | NotJudged]:
        """Every check of the field's branching, requirement and calculation."""
        entered = field.type not in _NOT_ENTERED and field.column != self._sheet.record
        if field.branching and entered:
            yield self._branching(field)
        if field.required and entered:
            yield self._required(field)
        if field.type == "calc" and field.calculation:
            yield self._calculation(field)

    def shown(self, field: Field) -> pl.Series | str:
        """True where the field is shown, null where that is not known; or why its branching is not evaluated."""
        if not field.branching:
            return pl.repeat(True, self._sheet.height, dtype=pl.Boolean, eager=True)
        if field.branching not in self._shown:
            self._shown[field.branching] = self._truth(field.branching)
        return self._shown[field.branching]

    def _truth(self, text: str) -> pl.Series | str:
        try:
            found = evaluate(parse(text, kind="truth"), self._references, height=self._sheet.height)
        except NotEvaluated as reason:
            return str(reason)
        return found if isinstance(found, pl.Series) else "it gives a value"

    def _filled(self, field: Field) -> pl.Series:
        """True where the field holds something; a checkbox where a box is ticked."""
        unseen = ["", "0"] if field.type == "checkbox" else [""]
        filled = [~self._sheet.text(column).is_in(unseen) for column in field.columns]
        return pl.select(pl.any_horizontal(*filled)).to_series()

    def _branching(self, field: Field) -> Verdict | NotJudged:
        shown = self.shown(field)
        if isinstance(shown, str):
            return NotJudged("redcap.branching", field, shown)
        there = self._filled(field) & self._sheet.judged
        coded = self._sheet.declared_missing(field.column)
        return verdict(
            "redcap.branching",
            field,
            fails=~shown & ~coded,
            among=there & shown.is_not_null(),
            not_judged=there & shown.is_null(),
            values=None if field.type == "checkbox" else self._sheet.text(field.column),
            expected=f"blank unless {_short(field.branching)}",
        )

    def _required(self, field: Field) -> Verdict | NotJudged:
        if field.hidden:
            return NotJudged(
                "redcap.required", field, "an action tag hides it, so that nobody can fill it in"
            )
        shown = self.shown(field)
        if isinstance(shown, str):
            return NotJudged("redcap.required", field, shown)
        asked = self._sheet.touched[field.form] & self._sheet.judged
        return verdict(
            "redcap.required",
            field,
            fails=~self._filled(field),
            among=asked & shown.fill_null(value=False),
            not_judged=asked & shown.is_null() & ~self._filled(field),
            expected="a value, or a missing-data code",
        )

    def _calculation(self, field: Field) -> Verdict | NotJudged:
        try:
            tree = parse(field.calculation, kind="value")
            result = evaluate(tree, self._references, height=self._sheet.height)
        except NotEvaluated as reason:
            return NotJudged("redcap.calculation", field, str(reason))
        if not isinstance(result, Value):
            return NotJudged("redcap.calculation", field, "it gives no value")
        text = self._sheet.text(field.column)
        shown = self.shown(field)
        expected = self._sheet.touched[field.form] & (
            shown.fill_null(value=False)
            if isinstance(shown, pl.Series)
            else pl.repeat(False, text.len(), dtype=pl.Boolean, eager=True)
        )
        facts = pl.DataFrame(
            {"text": text, "stored": from_text(text).number, "again": result.number, "expected": expected}
        ).select(
            "again",
            # A stored text that is no number is told by its type; a code for missing is somebody's decision.
            asked=((pl.col("text") != "") & ~pl.col("stored").is_nan())
            | ((pl.col("text") == "") & pl.col("expected")),
            differs=_differ(pl.col("stored"), pl.col("again")),
        )
        asked = facts["asked"] & ~self._sheet.declared_missing(field.column) & self._sheet.judged
        known = facts["again"].is_not_null()
        return verdict(
            "redcap.calculation",
            field,
            fails=facts["differs"],
            among=asked & known,
            not_judged=asked & ~known,
            values=text,
            expected=lambda rows: _numbers(facts["again"].gather(rows)),
        )


def _differ(stored: pl.Expr, again: pl.Expr) -> pl.Expr:
    """Whether two numbers differ; NaN is a blank, which is like another blank and unlike any number."""
    apart = (stored - again).abs() > _SAME * pl.max_horizontal(again.abs(), 1.0)
    return pl.when(stored.is_nan() | again.is_nan()).then(stored.is_nan() != again.is_nan()).otherwise(apart)


def _numbers(number: pl.Series) -> pl.Series:
    """Numbers as findings show them; a blank in words."""
    return pl.Series(["blank" if math.isnan(value) else written(value) for value in number], dtype=pl.String)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 80 else plain[:79] + "…"
