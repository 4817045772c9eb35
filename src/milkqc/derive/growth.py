"""The growth table scored: ages, WHO scores, INTERGROWTH scores, and the score that fits the child."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

import numpy as np
import polars as pl

from milkqc.derive.ages import age_columns, corrected_days
from milkqc.derive.codings import BOOLEANS, WORDS
from milkqc.derive.columns import Arrays, Bools, Floats, FrameError
from milkqc.derive.intergrowth import chosen
from milkqc.derive.newborn import Measure, newborn_score
from milkqc.derive.polars_columns import polars_arrays, polars_series
from milkqc.derive.preterm import preterm_score
from milkqc.derive.routing import PretermAge, first_measure, growth_standard, postmenstrual_weeks
from milkqc.derive.scorers import MEASURES, intergrowth_columns, measurements, score_columns
from milkqc.derive.who import UNKNOWN, Ints, Measurements, who_scores
from milkqc.reference.growth import growth_indices

# The WHO score that each INTERGROWTH score stands beside, and the column both are made from.
_ROUTED: Mapping[str, tuple[str, str, Measure]] = {
    "ig_waz": ("waz", "weight_kg", "weight"),
    "ig_laz": ("laz", "length_cm", "length"),
    "ig_hcz": ("hcz", "head_circumference_cm", "head"),
}
_FACTS: Mapping[str, pl.DataType] = {
    "infant_sex": pl.String(),
    "infant_birth_date": pl.Date(),
    "gestational_age_days": pl.Float64(),
}


def score(
    growth: pl.DataFrame,
    participants: pl.DataFrame,
    *,
    schedule: Mapping[str, float],
    preterm_age: str = "corrected",
) -> pl.DataFrame:
    """`growth` with every derived column of its table in the data dictionary; same rows, same order.

    `growth` is the internal growth table with all mapped columns (null where unmapped); other columns ride
    along. Sex and birth date are the row's own, else the participant's by infant_id; where several
    participants share an infant_id and disagree, that fact is null. `schedule` gives the planned age in days
    of a visit. laz ... ssz are WHO's at chronological age; ig_* are filled where an INTERGROWTH standard is
    the one that counts, from length as measured; laz_routed, waz_routed, hcz_routed are the scores that
    growth_standard points to. Bad data gives null scores, never an error.
    `preterm_age`: `corrected`, or `chronological` to go on at uncorrected age after 64 weeks.

    Raises:
        FrameError: `preterm_age` is another word, or `growth` already has one of the derived columns.
    """
    if preterm_age not in get_args(PretermAge):
        raise FrameError(
            "preterm_age", f"{preterm_age!r} is not known.", f"Choose {' or '.join(get_args(PretermAge))}."
        )
    child = children(growth, participants).with_columns(
        age_columns(
            visit_date=pl.col("visit_date"),
            birth_date=pl.col("infant_birth_date"),
            reported_days=pl.col("age_reported_days"),
            visit=pl.col("visit"),
            schedule=schedule,
        )
    )
    child = child.with_columns(
        corrected_days(pl.col("age_days"), pl.col("gestational_age_days")).alias("age_corrected_days"),
        first=first_measure(),
    ).with_columns(growth_standard(preterm_age=cast("PretermAge", preterm_age)))
    arrays = polars_arrays(
        child, (*WORDS, *BOOLEANS, *MEASURES, "age_days", "age_corrected_days", "gestation")
    )
    ages = child.select("age_days", "age_months", "age_basis", "age_corrected_days")
    added = [*ages.get_columns(), *_scores(child, arrays)]
    standing = [column.name for column in added if column.name in growth.columns]
    if standing:
        raise FrameError(
            "growth", f"the table already has {', '.join(standing)}.", "Score a table once only."
        )
    return growth.with_columns(added)


def children(growth: pl.DataFrame, participants: pl.DataFrame) -> pl.DataFrame:
    """Row by row what scoring reads, with the participant's facts where the row has none of its own."""
    facts = participants.select(
        pl.col(name).cast(kind) if name in participants.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in {"infant_id": pl.String(), **_FACTS}.items()
    )
    known = (
        facts.filter(pl.col("infant_id").is_not_null())
        .group_by("infant_id")
        .agg(
            pl.when(pl.col(name).drop_nulls().n_unique() == 1)
            .then(pl.col(name).drop_nulls().first())
            .alias(f"participant_{name}")
            for name in _FACTS
        )
    )
    rows = growth.select(
        pl.col("infant_id", "visit", "infant_sex").cast(pl.String),
        pl.col("visit_date", "infant_birth_date").cast(pl.Date),
        "age_reported_days",
        "measured",
        "oedema",
        *MEASURES,
    )
    return rows.join(known, on="infant_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("infant_sex", "participant_infant_sex").alias("infant_sex"),
        pl.coalesce("infant_birth_date", "participant_infant_birth_date").alias("infant_birth_date"),
        pl.col("participant_gestational_age_days").alias("gestational_age_days"),
        # A fraction of a day (38.3 weeks) is rounded, a half up, as WHO rounds ages.
        (pl.col("participant_gestational_age_days") + 0.5).floor().alias("gestation"),
        pl.any_horizontal(pl.col(column).is_not_null() for _, column, _ in _ROUTED.values()).alias(
            "measured_any"
        ),
    )


def _scores(child: pl.DataFrame, arrays: Arrays) -> list[pl.Series]:
    """All scores as columns in the order of the data dictionary, null where there is none."""
    standard = child["growth_standard"]

    def judged_by(name: str) -> Bools:
        return (standard == name).fill_null(value=False).to_numpy()

    rows = measurements(arrays)
    who = who_scores(rows, indices=growth_indices())
    columns = score_columns(who)
    newborn = judged_by("intergrowth_newborn")
    preterm = judged_by("intergrowth_preterm")
    corrected = judged_by("who_corrected")
    at_birth = np.where(newborn, arrays["gestation"], np.nan)
    weeks = np.where(preterm, child.select(postmenstrual_weeks().alias("weeks"))["weeks"].to_numpy(), np.nan)
    early = _corrected_scores(
        rows, who.length_for_score_cm, arrays["age_corrected_days"], np.flatnonzero(corrected)
    )
    routed: dict[str, Floats] = {}
    for name, (who_name, column, what) in _ROUTED.items():
        measure = arrays[column]
        if what == "weight":
            # Oedema hides what a child weighs, whatever the standard; WHO scores no such weight.
            measure = np.where(rows.oedema, np.nan, measure)
        found = chosen(
            newborn,
            newborn_score(measure, at_birth, rows.sex, what=what),
            preterm_score(measure, weeks, rows.sex, what=what),
        )
        columns |= intergrowth_columns(name, found)
        whole = np.where(judged_by("who"), who.z[who_name], np.nan)
        whole[corrected] = early[who_name]
        routed[who_name] = np.where(newborn | preterm, found.z, whole)
    pointed = {f"{name}_routed": routed[name] for name in ("laz", "waz", "hcz")}
    return [*polars_series(columns), standard, *polars_series(pointed)]


def _corrected_scores(rows: Measurements, length: Floats | None, age: Floats, at: Ints) -> dict[str, Floats]:
    """laz, waz and hcz at corrected age of the rows `at`, from the length already made comparable."""
    values = {name: column[at] for name, column in rows.values.items()}
    if length is not None:
        values["length_cm"] = length[at]
    early = Measurements(
        sex=rows.sex[at],
        age_days=age[at],
        position=np.full(at.size, UNKNOWN, dtype=np.int8),  # so that length is used as given
        oedema=rows.oedema[at],
        values=values,
    )
    wanted = tuple(index for index in growth_indices() if index.name in {"laz", "waz", "hcz"})
    return dict(who_scores(early, indices=wanted).z)
