"""Field files: participants, visits and growth, one or several of them from one table."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.drafting import keys
from milkqc.drafting.assays import tests
from milkqc.drafting.columns import GRADES, SCORES, Guess, best
from milkqc.drafting.measurements import measurements
from milkqc.drafting.plan import Block, Draft, Entry, Table, entry, undecided
from milkqc.drafting.readings import combine, same
from milkqc.drafting.redcap_rows import extras, records

SECTIONS = ("participants", "visits", "growth")
MEASURES = (
    "weight_kg",
    "length_cm",
    "head_circumference_cm",
    "muac_cm",
    "triceps_skinfold_mm",
    "subscapular_skinfold_mm",
)
# What a section has besides these, any file may have.
_ANYWHERE = frozenset(
    [
        "site",
        "team",
        "visit_date",
        "consent_date",
        "observer",
        "mother_id",
        "household_id",
        "cluster_id",
        "stratum",
    ]
)
# A column that makes a file one of growth, visits or participants is met by words so well.
_TELLS = 90.0
# What is met less well is named beside the column only; so many candidates are asked for at once.
_CANDIDATE, _CANDIDATES = 80.0, 4
# Two visits of one person agree in so many cases by chance, at the most, for their agreement to say something.
_BY_CHANCE = 0.8


def variables(section: str) -> tuple[str, ...]:
    """What columns a section may be given, in the dictionary's order."""
    names = [one.column for one in reference.columns(section) if one.origin == "mapped"]
    return tuple("age_days" if name == "age_reported_days" else name for name in names)


def sections_of(table: Table) -> tuple[str, ...]:
    """Which sections the table feeds, by the columns that only they have."""
    tops = {found[0].variable: found[0] for guesses in table.guesses.values() if (found := guesses[:1])}
    sections: list[str] = []
    for section in SECTIONS:
        own = set(variables(section)) - _ANYWHERE
        if section == "growth":
            own = set(MEASURES)
        if section == "participants":
            own -= {"infant_sex", "infant_birth_date"}
        if (section == "growth" and tests(table, frozenset(MEASURES)) is not None) or any(
            _decided(guess) and guess.score >= _TELLS for name, guess in tops.items() if name in own
        ):
            sections.append(section)
    return tuple(sections)


def _decided(guess: Guess) -> bool:
    """Whether it is clear what the column is, its unit aside."""
    return all(doubt.startswith("no unit is said:") for doubt in guess.doubts)


def one_row_each(table: Table) -> bool:
    """Whether the table has one row a participant or infant; so it seems where no column is an id."""
    who, child = keys.record_of(table), keys.infant_of(table)
    if who is None and child is None:
        return True
    if child is not None and keys.unique(table, child.column):
        return True
    return who is not None and keys.unique(table, who.column)


def facts_of_people(table: Table) -> int:
    """How many facts of a participant the table has, sex and birth date too."""
    own = set(variables("participants")) - _ANYWHERE
    return sum(
        bool(guesses) and guesses[0].variable in own and guesses[0].score >= _TELLS
        for guesses in table.guesses.values()
    )


def draft_field(table: Table, sections: tuple[str, ...], draft: Draft, *, own_people: bool) -> None:
    """The blocks of a field file. `own_people`: no other file says sex and birth date of its children."""
    chosen, opened = _choose(table, sections)
    who = keys.record_of(table)
    once = one_row_each(table)
    for section in sections:
        block = Block(section, table.upload)
        block.keys += keys.people(table)
        if section != "participants":
            block.keys.append(keys.visit(table, draft) or keys.visit_without_column(table, draft))
        records(table, block)
        if section == "growth":
            measurements(table, block, MEASURES)
        for variable in variables(section):
            if section not in _place(table, variable, sections, own_people=own_people):
                continue
            if (
                variable in opened
                and not _given(draft, section, variable)
                and all(one.key != variable for one in block.columns)
            ):
                block.columns.append(undecided(variable, opened[variable]))
            for guesses in chosen.get(variable, []):
                given = _given(draft, section, variable)
                if given:
                    table.leave(guesses[0].column, "unsure", f"{variable}, which {given} gives already?")
                    continue
                if (
                    section == "participants"
                    and not once
                    and who is not None
                    and not keys.constant_within(table, who.column, guesses[0].column)
                ):
                    block.columns.append(
                        undecided(variable, [guesses[0].unsure("it changes within a participant")])
                    )
                    continue
                if section == "visits" and _stands_still(table, who, guesses[0]):
                    still = guesses[0].unsure("it is the same at every visit: a fact of the participant?")
                    block.columns.append(undecided(variable, [still]))
                    table.leave(still.column, "unsure", f"{variable}? {still.said()}")
                    continue
                block.columns.append(_entry(table, variable, guesses))
        draft.blocks.append(block)
    extras(table, draft)


def _given(draft: Draft, section: str, variable: str) -> str:
    """The table that a fact of participants is taken from already; two that disagree would be a conflict."""
    return next(
        (
            block.upload.name
            for block in draft.blocks
            if section == "participants" == block.section
            and any(one.key == variable and not one.open for one in block.columns)
        ),
        "",
    )


def _place(table: Table, variable: str, sections: tuple[str, ...], *, own_people: bool) -> tuple[str, ...]:
    """In which of the table's sections a variable that several have is written."""
    having = [section for section in sections if variable in variables(section)]
    if variable in {"infant_sex", "infant_birth_date"} and "participants" in having:
        return ("participants",) if own_people or "growth" not in having else ("growth",)
    if variable == "team" and len(having) > 1:
        return (having[0],) if one_row_each(table) else ("growth",)
    return tuple(having)


def _choose(
    table: Table, sections: tuple[str, ...]
) -> tuple[dict[str, list[list[Guess]]], dict[str, list[Guess]]]:
    """variable -> the columns it is made of (a list of one list); and the candidates for what cannot be told."""
    allowed = {name for section in sections for name in variables(section)} | {
        "visit",
        "participant_id",
        "infant_id",
        "sample_id",
        *SCORES,
    }
    rivals: dict[str, list[Guess]] = defaultdict(list)
    for column, guesses in table.guesses.items():
        if column in table.used:
            continue
        guess = best(guesses, allowed)
        if guess is None or guess.variable in {"visit", "participant_id", "infant_id", "sample_id"}:
            continue
        if guess.variable in SCORES:
            table.leave(
                column,
                "likely",
                f"{guess.variable}, computed by the study; `compare:` can hold it against milkqc's own",
            )
            continue
        rivals[guess.variable].append(guess)
    found: dict[str, list[list[Guess]]] = {}
    opened: dict[str, list[Guess]] = {}
    for variable, several in rivals.items():
        sure = [one for one in several if one.grade != "unsure"]
        candidates = [one for one in several if one.grade == "unsure" and one.score >= _CANDIDATE]
        if candidates and not sure:
            opened[variable] = sorted(candidates, key=lambda one: -one.score)[:_CANDIDATES]
            for one in opened[variable]:
                table.chosen[one.column] = one
        for one in several:
            if one.grade == "unsure":
                table.leave(one.column, "unsure", f"{variable}? {one.said()}")
        if (
            len(sure) > 1
            and variable in {*MEASURES, "mother_weight_kg", "mother_height_cm", "mother_muac_cm"}
            and combine(table, sure)
        ):
            found[variable] = [sure]
            continue
        sure.sort(key=lambda one: (GRADES.index(one.grade), -one.score))
        if sure:
            found[variable] = [sure[:1]]
        for other in sure[1:]:
            why = (
                f"says the same as {sure[0].column}"
                if same(table, sure[0].column, other.column)
                else f"{variable}, like {sure[0].column}?"
            )
            table.leave(other.column, "likely" if why.startswith("says") else "unsure", why)
    return found, opened


def _entry(table: Table, variable: str, guesses: list[Guess]) -> Entry:
    for guess in guesses:
        table.used.add(guess.column)
        table.chosen[guess.column] = guess
    if len(guesses) == 1:
        return entry(guesses[0])
    do = combine(table, guesses)
    value: dict[str, Any] = {"from": [one.column for one in guesses], "do": do, **guesses[0].spec}
    told = (
        "whichever is filled"
        if do == "first_of"
        else "readings of one thing; the protocol says how they are combined"
    )
    return Entry(variable, value, f"likely: {guesses[0].said()}; {told}")


def _stands_still(table: Table, who: Guess | None, guess: Guess) -> bool:
    if who is None or guess.variable == "visit_date" or one_row_each(table):
        return False
    seen = table.upload.source.table.select(person=pl.col(who.column), told=pl.col(guess.column)).drop_nulls()
    several = seen.filter(pl.len().over("person") > 1)
    if not several.height or not keys.constant_within(table, who.column, guess.column):
        return False
    # Where nearly everybody says one thing, people who say it twice show nothing.
    shares = several["told"].value_counts(normalize=True)["proportion"]
    return float((shares**2).sum()) < _BY_CHANCE
