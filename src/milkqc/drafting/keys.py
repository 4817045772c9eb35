"""Whose row it is: participant, infant, visit and sample, and what tells the rows of a table apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from milkqc.cells import source_text
from milkqc.drafting.columns import Guess, best
from milkqc.drafting.plan import Draft, Entry, Table, entry
from milkqc.drafting.visits import visit_codes
from milkqc.inspection import Column

# So many different values may be visits.
_VISITS = 40
# An id of people repeats so often, on average, in a file of several visits.
_REPEATS = 1.5


def facts(table: Table, column: str) -> Column:
    """What the inspection says of a column."""
    return next(one for one in table.upload.found.columns if one.name == column)


def ids(table: Table, column: str) -> set[str]:
    """The different texts of a column, trimmed."""
    text = source_text(table.upload.source, column).drop_nulls().str.strip_chars()
    return set(text.filter(text != "").unique().to_list())


def record_of(table: Table) -> Guess | None:
    """The column that says whose row it is: REDCap's record id, else the best by its words."""
    for variable in table.upload.source.variables:
        if variable.details.get("record") == "y":
            return Guess(variable.name, "participant_id", 100.0, "exact", evidence=("REDCap's record id",))
    found = [
        guess
        for guesses in table.guesses.values()
        if (guess := best(guesses, {"participant_id", "infant_id", "sample_id"})) is not None
        and guess.variable == "participant_id"
    ]
    rows = table.upload.source.table.height
    # Beside an id that repeats, one that never does counts the rows.
    repeating = [one for one in found if facts(table, one.column).distinct * _REPEATS < rows]
    counting = [one for one in found if one not in repeating and unique(table, one.column)]
    if repeating and counting:
        for one in counting:
            table.leave(one.column, "likely", f"a running number of the row, beside {repeating[0].column}")
        found = repeating
    return max(found, key=lambda one: one.score, default=None)


def infant_of(table: Table) -> Guess | None:
    """The column that tells infants apart."""
    return _named(table, "infant_id")


def sample_of(table: Table) -> Guess | None:
    """The column that names the sample or its tube."""
    return _named(table, "sample_id")


def _named(table: Table, variable: str) -> Guess | None:
    found = [one for guesses in table.guesses.values() for one in guesses[:1] if one.variable == variable]
    return max(found, key=lambda one: one.score, default=None)


def shared(table: Table, column: str, other: Table, beside: str) -> float:
    """Which share of the ids of one column stands in another's."""
    mine = ids(table, column)
    return len(mine & ids(other, beside)) / len(mine) if mine else 0.0


def unique(table: Table, *columns: str) -> bool:
    """Whether no two rows share all of these columns."""
    frame = table.upload.source.table
    return (
        bool(columns)
        and frame.select(columns).drop_nulls().n_unique() == frame.select(columns).drop_nulls().height
    )


def constant_within(table: Table, person: str, column: str) -> bool:
    """Whether a column says one thing for each person, empty cells aside (one person in twenty may differ)."""
    frame = table.upload.source.table.select(person=pl.col(person), told=pl.col(column)).drop_nulls()
    if not frame.height:
        return False
    counted = frame.group_by("person").agg(pl.col("told").n_unique())
    return bool((counted["told"] == 1).mean() >= 0.95)  # type: ignore[operator]  # not empty


def people(table: Table, *, infants: bool = True) -> list[Entry]:
    """The key entries of a person: participant_id, and infant_id where the table has one beside it."""
    who, child = record_of(table), infant_of(table)
    if who is None and child is not None:
        who, child = (
            replace(
                child,
                variable="participant_id",
                grade="likely",
                evidence=(*child.evidence, "the only id of the table"),
            ),
            None,
        )
    if who is None:
        return [
            Entry(
                "participant_id",
                {"do": "row_number"},
                "unsure: no column says whose row it is; the row's number stands for it",
            )
        ]
    found = [_key(table, who)]
    if infants and child is not None and child.column != who.column:
        found.append(_key(table, child))
    return found


def _key(table: Table, guess: Guess) -> Entry:
    table.used.add(guess.column)
    table.chosen[guess.column] = guess
    made = entry(guess)
    return replace(made, value=guess.column)


def visit(table: Table, draft: Draft, *, prefix: str = "") -> Entry | None:
    """The key entry of the visit from a column of `table`; None where none is one. `prefix` is that of a link."""
    found = [
        guess
        for guesses in table.guesses.values()
        if (guess := best(guesses, {"visit", "replicate", "batch"})) is not None
        and guess.variable == "visit"
        and facts(table, guess.column).distinct <= _VISITS
    ]
    # REDCap's own events before any field called visit.
    guess = max(found, key=lambda one: (one.column == "redcap_event_name", one.score), default=None)
    if guess is None:
        return None
    column = facts(table, guess.column)
    labels = {code: text for code, text in column.value_labels.items() if code not in column.missing_codes}
    values = [value.value.strip() for value in column.values] or sorted(ids(table, guess.column))
    values = list(dict.fromkeys([*labels, *values])) if labels else values
    codes = visit_codes(values, labels)
    table.used.add(guess.column)
    table.chosen[guess.column] = guess
    source = f"{prefix}{guess.column}"
    if not codes or all(code == value for code, value in codes.items()):
        shown = ", ".join(values[:4])
        return Entry("visit", source, f"{guess.grade}: {guess.said()}; visits {shown}")
    for name in codes.values():
        draft.schedule.setdefault(name, 0)
    value: dict[str, Any] = {"from": source, "codes": codes}
    return Entry("visit", value, f"{guess.grade}: {guess.said()}")


def visit_without_column(table: Table, draft: Draft) -> Entry:
    """The visit where no column is one: the age tells measurements apart, or there is one visit only."""
    age = _named(table, "age_days")
    who = record_of(table)
    if age is not None and who is not None and not unique(table, who.column):
        few = facts(table, age.column).distinct <= _VISITS
        table.used.add(age.column)
        return Entry(
            "visit",
            age.column,
            f"unsure: there is no column of visits; the age tells {'the planned visits' if few else 'measurements'} apart",
        )
    draft.schedule.setdefault("visit_1", 0)
    return Entry(
        "visit",
        {"do": "constant", "value": "visit_1"},
        "unsure: there is no column of visits; one row a child, one visit?",
    )
