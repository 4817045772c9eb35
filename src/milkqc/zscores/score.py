"""The scores of one file, and what a person should know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from milkqc.derive.frames import growth_scores, newborn_scores
from milkqc.model import Severity, Source
from milkqc.summarise.survey.mistaken import too_big
from milkqc.zscores import fields as known
from milkqc.zscores.resolve import SHOWN, Choices, Resolved, ZscoresError, resolve

# Rows at a time: large enough for both threads of the kernel, small enough for a bar that moves.
SLICE = 200_000


@dataclass(frozen=True)
class Note:
    """Something doubtful, as a finding is: how grave, and a sentence with what to do. No value of the file in it."""

    severity: Severity
    message: str


@dataclass(frozen=True)
class Scored:
    """`table`: the file's own columns as they were, the scores behind them. `counts`: per score, how many rows have
    it and how many are flagged. `scored_rows`: rows with any score.
    """

    table: pl.DataFrame
    counts: dict[str, tuple[int, int]]
    scored_rows: int
    notes: tuple[Note, ...]


def score_source(
    source: Source,
    choices: Choices,
    *,
    prefix: str = "",
    progress: Callable[[int], None] | None = None,
) -> Scored:
    """The scores that the file's columns allow, added under their names with `prefix` before them.

    `progress` is called with the number of rows after each slice. Rows stay in their order; a row without a score
    has nulls. Raises ZscoresError, with all that is wrong, when columns, units or codes are missing, or the file
    already has a column of a score's name.
    """
    resolved = resolve(source, choices)
    frame = resolved.frame
    parts = []
    for start in range(0, max(frame.height, 1), SLICE):
        part = frame.slice(start, SLICE)
        parts.append(_scored(part, from_dates=resolved.from_dates))
        if progress is not None:
            progress(part.height)
    found = pl.concat(parts)
    added = found.rename({name: f"{prefix}{name}" for name in found.columns})
    taken = [name for name in added.columns if name in source.table.columns]
    if taken:
        raise ZscoresError(
            source.origin.file,
            [f"there are columns {', '.join(taken)} already, and nothing is overwritten. Choose a --prefix."],
        )
    scores = [name for name in found.columns if f"{name}_flag" in found.columns]
    return Scored(
        table=pl.concat([source.table, added], how="horizontal"),
        counts={
            name: (found[name].count(), int(found[f"{name}_flag"].fill_null(value=False).sum()))
            for name in scores
        },
        scored_rows=int(found.select(pl.any_horizontal(pl.col(scores).is_not_null())).to_series().sum()),
        notes=_notes(resolved, found, scores),
    )


def _scored(part: pl.DataFrame, *, from_dates: bool) -> pl.DataFrame:
    """The added columns of some rows."""
    have = set(part.columns)
    added = [part.select("age_days")] if from_dates else []
    measures = {one.name for one in known.MEASURES}
    aged = have & {"age_days", "age_months"}
    if have & measures and (aged or {"weight_kg", "length_cm"} <= have):
        growth = growth_scores(part)
        added.append(growth.drop(part.columns))
    if known.GESTATION.name in have and have & {one.name for one in known.BIRTH_MEASURES}:
        newborn = newborn_scores(part)
        added.append(newborn.drop(part.columns))
    return pl.concat(added, how="horizontal")


def _notes(resolved: Resolved, found: pl.DataFrame, scores: list[str]) -> tuple[Note, ...]:
    notes = [*_ages(resolved)]
    for bad in resolved.unusable:
        cells = f"{_many(bad.rows, 'cell is', 'cells are')} {bad.what} ({_rows(bad.rows)})"
        notes.append(
            Note(
                "warning",
                f"{bad.field.about.capitalize()}: {cells}: taken as missing. {bad.todo or 'Correct it.'}",
            )
        )
    silent = [name for name in scores if not found[name].count()]
    if silent and found.height:
        notes.append(
            Note("warning", f"No row has {', '.join(silent)}: check sexes, ages (0 to 60 months) and units.")
        )
    return tuple(notes)


def _ages(resolved: Resolved) -> Iterator[Note]:
    frame = resolved.frame
    age = next((name for name in ("age_days", "age_months") if name in frame.columns), None)
    if age is None:
        return
    below = ((frame[age] < 0).fill_null(value=False).arg_true() + 1).to_list()
    if below:
        words = f"{_many(below, 'age is', 'ages are')} below zero ({_rows(below)})"
        yield Note("critical", f"{words}: no score. Correct the age or the dates.")
    if age == "age_days" and not resolved.from_dates:
        nothing = pl.lit(None, dtype=pl.Float64)
        absent = {name: nothing for name in ("weight_kg", "length_cm") if name not in frame.columns}
        if too_big(frame.with_columns(**absent)):
            yield Note(
                "warning",
                "All ages are below 61, but most children are bigger than at two months: probably months. "
                "If so, name the column by --age-months.",
            )


def _many(rows: Sequence[int], one: str, more: str) -> str:
    return f"{len(rows):,} {one if len(rows) == 1 else more}"


def _rows(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:SHOWN])) + (", ..." if len(rows) > SHOWN else "")
    return f"row {shown}" if len(rows) == 1 else f"rows {shown}"
