"""Questions brought together into one frame, for engines that are slow to start and judge a whole frame at once.

Columns of many frames are padded to one length with missing values, which engines pass over; where a rule is about
presence the padding is a value, so that it passes too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from milkqc.checks.suites.judged import Question
from milkqc.checks.suites.kinds import KINDS
from milkqc.checks.suites.plain import Verdict

# Cells per batch: bounds the memory of one pandas frame to some 240 MB.
CELLS = 30_000_000
WIDTH = 50


@dataclass(frozen=True)
class Asked:
    """One question of a batch: its place in the batch, and the columns of the batch's frame by role."""

    place: int
    question: Question
    names: Mapping[str, str]


def judge(
    questions: Sequence[Question], engine: Callable[[pl.DataFrame, Sequence[Asked]], Mapping[int, Verdict]]
) -> list[Verdict]:
    """A verdict for every question; one that the engine does not answer is broken."""
    found: list[Verdict] = ["The engine gave no answer."] * len(questions)
    for places in _batches(questions):
        frame, asked = _frame([questions[place] for place in places])
        for place, verdict in engine(frame, asked).items():
            found[places[place]] = verdict
    return found


def _batches(questions: Sequence[Question]) -> Iterator[list[int]]:
    """Places of questions that fit together: of similar length, because they are padded to the longest."""
    order = sorted(range(len(questions)), key=lambda place: (questions[place].frame.height, place))
    batch: list[int] = []
    columns: set[tuple[int, str]] = set()
    for place in order:
        question = questions[place]
        wanted = columns | {(id(question.frame), name) for name in question.operands.values()}
        if batch and (len(batch) == WIDTH or len(wanted) * question.frame.height > CELLS):
            yield batch
            batch, wanted = [], {(id(question.frame), name) for name in question.operands.values()}
        batch.append(place)
        columns = wanted
    if batch:
        yield batch


def _frame(questions: Sequence[Question]) -> tuple[pl.DataFrame, list[Asked]]:
    height = max(question.frame.height for question in questions)
    columns: dict[tuple[int, str, bool], pl.Series] = {}
    asked = []
    for place, question in enumerate(questions):
        names = {}
        for role, slot in question.operands.items():
            key = (id(question.frame), slot, KINDS[question.rule.expect].padding)
            if key not in columns:
                columns[key] = _padded(question, slot, height).alias(f"c{len(columns)}")
            names[role] = columns[key].name
        asked.append(Asked(place, question, names))
    return pl.DataFrame(list(columns.values())), asked


def _padded(question: Question, slot: str, height: int) -> pl.Series:
    series = question.frame[slot]
    missing = height - series.len()
    if not missing:
        return series
    padding = 1.0 if KINDS[question.rule.expect].padding else None
    return series.extend_constant(padding, missing)
