"""What suspicion needs to know of each row of the growth table: the child, and the groups that it was measured in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from milkqc.derive.growth import children
from milkqc.derive.polars_columns import polars_arrays
from milkqc.derive.restated import STANDARDS, Children

# The groups that may share one error, the largest first; a level whose column nobody filled is passed over.
LEVELS = (
    (),
    ("file",),
    ("site",),
    ("site", "team"),
    ("visit",),
    ("site", "visit"),
    ("site", "team", "visit"),
)


def facts(growth: pl.DataFrame, participants: pl.DataFrame) -> Children:
    """Sex, age, position and standard of each row of the scored growth table, as arrays; order and length kept."""
    rows = children(growth, participants).with_columns(
        growth.select("age_days", "age_corrected_days", "growth_standard")
    )
    weeks = (pl.col("gestation") + pl.col("age_days")) / 7
    standard = pl.col("growth_standard").replace_strict(
        list(STANDARDS), list(range(len(STANDARDS))), default=-1, return_dtype=pl.Int8
    )
    rows = rows.with_columns(weeks=weeks, standard=standard.fill_null(-1))
    arrays = polars_arrays(
        rows, ("infant_sex", "measured", "age_days", "age_corrected_days", "gestation", "weeks")
    )
    return Children(
        sex=arrays["infant_sex"],
        age=arrays["age_days"],
        corrected=arrays["age_corrected_days"],
        position=arrays["measured"],
        gestation=arrays["gestation"],
        weeks=arrays["weeks"],
        standard=rows["standard"].to_numpy().astype(np.int8),
    )


def groups(growth: pl.DataFrame, participants: pl.DataFrame) -> list[npt.NDArray[np.object_]]:
    """Per level a label for each row (`site=A; team=2`), None where a part is unknown; `*` is the whole table."""
    known = _places(growth, participants)
    told = []
    for level in LEVELS:
        if not level:
            told.append(np.full(growth.height, "*", dtype=object))
        elif all(known[part].null_count() < known.height for part in level):
            label = pl.concat_str(
                [pl.lit(f"{'; ' if place else ''}{part}=") + pl.col(part) for place, part in enumerate(level)]
            )
            told.append(known.select(label=label)["label"].to_numpy().astype(object))
    return told


def _places(growth: pl.DataFrame, participants: pl.DataFrame) -> pl.DataFrame:
    """Site, team, visit and file of each row; the row's own team before its participant's."""
    nothing = pl.lit(None, dtype=pl.String)

    def of(frame: pl.DataFrame, name: str, alias: str) -> pl.Expr:
        return (pl.col(name).cast(pl.String) if name in frame.columns else nothing).alias(alias)

    people = (
        participants.select(
            "participant_id", of(participants, "site", "site"), of(participants, "team", "team")
        )
        .drop_nulls("participant_id")
        .sort("participant_id", "site", "team")
        .unique("participant_id", keep="first", maintain_order=True)
    )
    rows = growth.select(
        pl.col("participant_id").cast(pl.String),
        of(growth, "team", "own_team"),
        of(growth, "visit", "visit"),
        of(growth, "source_file", "file"),
    )
    joined = rows.join(people, on="participant_id", how="left", maintain_order="left")
    return joined.select("site", "visit", "file", team=pl.coalesce("own_team", "team"))
