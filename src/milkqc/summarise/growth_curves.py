"""Growth curves of the children about whom a measurement raised a question, with WHO's bands around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from milkqc import reference
from milkqc.messages import title
from milkqc.reference.growth import who_lms
from milkqc.summarise.people import with_site

_POINT = pl.Struct({"age_days": pl.Float64, "value": pl.Float64, "visit": pl.String, "suspect": pl.Boolean})
_BAND = pl.Struct(
    {
        "age_days": pl.Float64,
        **dict.fromkeys(("minus_3", "minus_2", "median", "plus_2", "plus_3"), pl.Float64),
    }
)
CURVES: dict[str, Any] = {
    "participant_id": pl.String,
    "infant_id": pl.String,
    "site": pl.String,
    "measure": pl.String,
    "label": pl.String,
    "unit": pl.String,
    "sex": pl.String,
    "visit": pl.String,
    "rule_id": pl.String,
    "cause": pl.String,
    "expected": pl.String,
    "would_be": pl.Float64,
    "children": pl.Int64,
    "points": pl.List(_POINT),
    "bands": pl.List(_BAND),
}
# The most pictures that are prepared; a report may show fewer.
MOST = 12
_TABLE = {"weight_kg": "wfa", "length_cm": "lhfa", "head_circumference_cm": "hcfa", "muac_cm": "acfa"}
_SCORES = {"waz": "weight_kg", "laz": "length_cm", "hcz": "head_circumference_cm", "acz": "muac_cm"}
_SWAPS = {
    "growth.weight_length.swapped": ("weight_kg", "length_cm"),
    "growth.length_head.swapped": ("length_cm", "head_circumference_cm"),
}
# What is drawn, the findings that suggest a cause first; `growth.` before and the measure between are left out.
_DRAWN = ("swapped", "unit", "velocity", "shrinks", "carried_on", "flag")
_KNOTS = 13
_LAST_DAY = 1826


def growth_curves(tables: Mapping[str, pl.DataFrame], findings: pl.DataFrame) -> pl.DataFrame:
    """One row per picture (CURVES), a child and measure each, those with a suggested cause first; at most 12.

    `tables` are the internal tables, `findings` completed (findings.FINDINGS_SCHEMA). `points` are all the child's values of
    the measure by age, `suspect` those that the picture is about; `bands` WHO's -3, -2, 0, 2, 3 SD over these ages, none
    for a child of unknown sex. `would_be` is the value that the finding suggests, if it does. `children` counts all
    pictures that there could be.
    """
    growth = tables.get("growth", pl.DataFrame())
    asked = _asked(findings)
    if asked.is_empty() or not {"infant_id", "age_days"} <= set(growth.columns):
        return pl.DataFrame(schema=CURVES)
    chosen = _turn_about(
        asked.group_by("infant_id", "measure", maintain_order=True).agg(
            pl.all().first(), rows=pl.col("row_id")
        )
    )
    children = with_site(growth, tables).join(chosen.select("infant_id").unique(), on="infant_id", how="semi")
    facts = _sexes(tables)
    made = [pl.DataFrame(schema=CURVES)]
    for row in chosen.head(MOST).iter_rows(named=True):
        own = children.filter(
            (pl.col("infant_id") == row["infant_id"])
            & pl.col(row["measure"]).is_not_null()
            & (pl.col("age_days") >= 0)
        ).sort("age_days", "row_id")
        if own.is_empty():
            continue
        made.append(_curve(row, own, facts.get(row["infant_id"]), chosen.height))
    return pl.concat(made)


def _asked(findings: pl.DataFrame) -> pl.DataFrame:
    """The findings that a picture can explain, a line per infant and measure, the most telling first."""
    growth = findings.filter((pl.col("table") == "growth") & pl.col("infant_id").is_not_null())
    kind = pl.col("rule_id").str.split(".").list.last()
    drawn = growth.filter(kind.is_in(_DRAWN)).with_columns(
        rank=kind.replace_strict({name: place for place, name in enumerate(_DRAWN)}, return_dtype=pl.Int64),
        measures=pl.when(pl.col("rule_id").is_in(list(_SWAPS)))
        .then(pl.col("rule_id").replace_strict(_SWAPS, default=None, return_dtype=pl.List(pl.String)))
        .otherwise(pl.concat_list(pl.col("variable").replace(_SCORES))),
    )
    return (
        drawn.explode("measures", empty_as_null=False, keep_nulls=False)
        .rename({"measures": "measure"})
        .filter(pl.col("measure").is_in(list(_TABLE)))
        .sort("rank", "row_id", "measure", "rule_id")
    )


def _turn_about(chosen: pl.DataFrame) -> pl.DataFrame:
    """Suggested causes first, and of each rule in turn: twelve swaps would show nothing of the units beside them."""
    turn = pl.int_range(pl.len()).over("rule_id")
    return (
        chosen.with_columns(
            _late=pl.col("rank") > _DRAWN.index("unit"),
            # A swap has two pictures, which belong side by side.
            _turn=pl.when(pl.col("rule_id").is_in(list(_SWAPS))).then(turn // 2).otherwise(turn),
        )
        .sort("_late", "_turn", "rank", maintain_order=True)
        .drop("_late", "_turn")
    )


def _curve(row: Mapping[str, Any], own: pl.DataFrame, sex: str | None, pictures: int) -> pl.DataFrame:
    measure = row["measure"]
    column = reference.dictionary()["growth", measure]
    suspect = pl.col("row_id").is_in(row["rows"])
    points = own.select(
        pl.col("age_days"), value=pl.col(measure), visit=pl.col("visit").cast(pl.String), suspect=suspect
    ).to_dicts()
    told = {
        "participant_id": row["participant_id"],
        "infant_id": row["infant_id"],
        "site": own["site"][0],
        "measure": measure,
        "label": column.label,
        "unit": column.unit,
        "sex": sex,
        "visit": row["visit"],
        "rule_id": row["rule_id"],
        "cause": title(row["rule_id"]),
        "expected": row["expected"],
        "would_be": _would_be(row, measure),
        "children": pictures,
        "points": points,
        "bands": _bands(measure, sex, own["age_days"]),
    }
    return pl.DataFrame([told], schema=CURVES, orient="row")


def _would_be(row: Mapping[str, Any], measure: str) -> float | None:
    """The number that a suggestion begins with; of a swap the measure's own."""
    kind = row["rule_id"].rpartition(".")[2]
    if kind not in {"unit", "swapped"}:
        return None
    place = _SWAPS[row["rule_id"]].index(measure) if kind == "swapped" else 0
    numbers = pl.Series([row["expected"]]).str.extract_all(r"[0-9]+(?:\.[0-9]+)?")[0]
    return float(numbers[place]) if len(numbers) > place else None


def _sexes(tables: Mapping[str, pl.DataFrame]) -> dict[str, str | None]:
    people = tables.get("participants", pl.DataFrame())
    if not {"infant_id", "infant_sex"} <= set(people.columns):
        return {}
    known = people.select("infant_id", "infant_sex").drop_nulls().sort("infant_id", "infant_sex")
    return dict(known.unique("infant_id", keep="first", maintain_order=True).iter_rows())


def _bands(measure: str, sex: str | None, ages: pl.Series) -> list[dict[str, float]]:
    """WHO's SD lines at 13 ages from birth or the first visit to a little after the last."""
    if sex is None:
        return []
    first, last = float(ages.min()), float(ages.max())  # type: ignore[arg-type]
    room = max(30.0, (last - first) * 0.08)
    at = np.unique(np.linspace(max(0.0, first - room), min(last + room, _LAST_DAY), _KNOTS).round())
    rows = who_lms().filter(
        pl.col("indicator") == _TABLE[measure], pl.col("sex") == sex, pl.col("x").is_in(at)
    )
    if rows.is_empty():
        return []
    l, m, s = (pl.col(name) for name in ("l", "m", "s"))
    lines = {"minus_3": -3, "minus_2": -2, "median": 0, "plus_2": 2, "plus_3": 3}
    return (
        rows.sort("x")
        .select(
            pl.col("x").alias("age_days"),
            **{name: (m * (1 + l * s * z) ** (1 / l)).round(3) for name, z in lines.items()},
        )
        .to_dicts()
    )
