"""What a rule sees: a table, its participant's facts beside it, and whether there is such a participant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from milkqc.checks.attempts import Broken, attempted
from milkqc.checks.facts import FACTS, with_facts
from milkqc.checks.habits import HABITS, with_habits
from milkqc.model import TABLES
from milkqc.reference import dictionary, polars_type

FOUND = "participant_found"
ALLOWED = "repeat_allowed"
PREFIX = "participant_"
# WHO's standards and the limits on raw measures are for children under 60 months (growth.md, rule 2). A child of
# unknown age is judged like the younger ones: better a question too many than a weight nobody looked at.
AGE_GROUP = "age_group"
AGE_GROUPS = ("under_five", "five_or_older", "unknown")
FIVE_YEARS = 60 * 30.4375
# Who measured, as a label: `site=A; team=2`, of what is known; null where neither is.
MEASURED_BY = "measured_by"
# What derive.suspicion finds of each growth row, and what a rule may therefore name.
SUSPECTED = ("weight_kg", "length_cm", "head_circumference_cm", "muac_cm")
SUSPICION: dict[str, Any] = {
    **{
        f"{measure}__{what}": kind
        for measure in SUSPECTED
        for what, kind in (
            ("reading", pl.String()),
            ("would_be", pl.Float64()),
            ("would_score", pl.Float64()),
            ("odds", pl.Float64()),
            ("batch", pl.String()),
            ("velocity", pl.Float64()),
        )
    },
    **{
        f"{pair}__{what}": pl.Float64()
        for pair in ("weight_length", "length_head")
        for what in ("odds", "first", "second")
    },
    "fits_next__odds": pl.Float64(),
    "fits_next__day": pl.Float64(),
}


def views(
    tables: Mapping[str, pl.DataFrame],
    *,
    suspected: pl.DataFrame | None = None,
    newborn: pl.DataFrame | None = None,
    facts: bool = True,
    broken: Broken | None = None,
) -> dict[str, pl.DataFrame]:
    """Each table with its participant's columns as `participant_<column>`, and `participant_found`.

    Same rows in the same order. A row is looked up by its infant_id where it has one, else by its
    participant_id (of twins, the first infant in order of row_id). `participant_found` is false for a row
    without a participant; growth rows have an `age_group` (under_five, five_or_older, unknown), `measured_by`
    (`site=A; team=2`), the columns of habits.HABITS, and those of SUSPICION: those of `suspected`, a row for each row of the growth table in
    its order, else null. Every table has its facts.FACTS, unless `facts` is false; `newborn` are the scores of size at birth, a row
    for each participant in order; habits and facts that raise are null and told in `broken`, where it is given. Columns of the dictionary that a table lacks are added as null, `repeat_allowed`
    (the mapping said how repeats of a key are meant) as false; a table that is absent is empty.
    """
    whole = {name: _whole(name, tables.get(name)) for name in TABLES}
    whole["growth"] = whole["growth"].with_columns(_age_group(), *_beside(whole["growth"], suspected))
    people = whole["participants"].sort("row_id")
    theirs = {
        column: PREFIX + column
        for (table, column) in dictionary()
        if table == "participants" and column not in {"row_id", "participant_id", "infant_id"}
    }
    seen = {
        name: table.with_columns(pl.lit(True).alias(FOUND))
        if name == "participants"
        else _with_participant(table, people, theirs)
        for name, table in whole.items()
    }
    seen["growth"] = seen["growth"].with_columns(_measured_by())
    seen = attempted(
        seen, lambda there: {"growth": with_habits(there["growth"], MEASURED_BY)}, {"growth": HABITS}, broken
    )
    return with_facts(seen, newborn, broken) if facts else seen


def types(table: str) -> dict[str, Any]:
    """The polars type of every column that a rule of `table` may name, the participant's included."""
    own = {column: polars_type(entry) for (name, column), entry in dictionary().items() if name == table}
    if table == "participants":
        return {**own, **FACTS[table], FOUND: pl.Boolean, ALLOWED: pl.Boolean}
    theirs = {
        PREFIX + column: polars_type(entry)
        for (name, column), entry in dictionary().items()
        if name == "participants" and column not in {"row_id", "participant_id", "infant_id"}
    }
    grouped = (
        {AGE_GROUP: pl.String, MEASURED_BY: pl.String, **HABITS, **SUSPICION} if table == "growth" else {}
    )
    return {**own, **theirs, **grouped, **FACTS[table], FOUND: pl.Boolean, ALLOWED: pl.Boolean}


def _beside(growth: pl.DataFrame, suspected: pl.DataFrame | None) -> list[pl.Series | pl.Expr]:
    if suspected is not None:
        return list(suspected.select(list(SUSPICION)).get_columns())
    return [
        pl.lit(None, dtype=kind).alias(name) for name, kind in SUSPICION.items() if name not in growth.columns
    ]


def _measured_by() -> pl.Expr:
    team = pl.coalesce("team", f"{PREFIX}team")
    named = pl.concat_str(
        pl.lit("site=") + pl.col(f"{PREFIX}site"), pl.lit("team=") + team, separator="; ", ignore_nulls=True
    )
    return pl.when(named != "").then(named).alias(MEASURED_BY)


def _age_group() -> pl.Expr:
    young, old, unknown = (pl.lit(name) for name in AGE_GROUPS)
    age = pl.col("age_days")
    return (
        pl.when(age >= FIVE_YEARS)
        .then(old)
        .when(age < FIVE_YEARS)
        .then(young)
        .otherwise(unknown)
        .alias(AGE_GROUP)
    )


def _whole(name: str, table: pl.DataFrame | None) -> pl.DataFrame:
    own = {column: polars_type(entry) for (owner, column), entry in dictionary().items() if owner == name}
    if table is None:
        return pl.DataFrame(schema={**own, ALLOWED: pl.Boolean})
    allowed = pl.col(ALLOWED).fill_null(value=False) if ALLOWED in table.columns else pl.lit(value=False)
    return table.with_columns(
        *(
            pl.lit(None, dtype=kind).alias(column)
            for column, kind in own.items()
            if column not in table.columns
        ),
        allowed.alias(ALLOWED),
    )


def _with_participant(table: pl.DataFrame, people: pl.DataFrame, facts: Mapping[str, str]) -> pl.DataFrame:
    by_infant = "infant_id" in table.columns
    wanted = [pl.lit(True).alias(FOUND), *(pl.col(old).alias(new) for old, new in facts.items())]

    def lookup(key: str) -> pl.DataFrame:
        first = people.filter(pl.col(key).is_not_null()).unique(subset=key, keep="first", maintain_order=True)
        return first.select(pl.col(key).alias("_key"), *wanted)

    infant = pl.col("infant_id") if by_infant else pl.lit(None, dtype=pl.String)
    keyed = table.with_columns(_infant=infant, _person=pl.when(infant.is_null()).then("participant_id"))
    joined = keyed.join(
        lookup("infant_id"), left_on="_infant", right_on="_key", how="left", maintain_order="left"
    ).join(
        lookup("participant_id"),
        left_on="_person",
        right_on="_key",
        how="left",
        maintain_order="left",
        suffix="_",
    )
    added = [FOUND, *facts.values()]
    found = joined.with_columns(pl.coalesce(name, f"{name}_") for name in added).drop(
        "_infant", "_person", *(f"{name}_" for name in added)
    )
    return found.with_columns(pl.col(FOUND).fill_null(value=False))
