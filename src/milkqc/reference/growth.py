"""The growth standards as published: WHO's LMS figures, its list of indices, INTERGROWTH's newborn figures."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Literal

import polars as pl


def _bytes(name: str) -> bytes:
    return (resources.files("milkqc.reference") / "data" / name).read_bytes()


@cache
def who_lms() -> pl.DataFrame:
    """WHO's LMS figures: indicator, sex (`male`/`female`), x, l, m, s; 27,436 rows, ordered by x within each.

    x is the age in days (lhfa, wfa, bfa, hcfa from 0; acfa, tsfa, ssfa from 91; all to 1826) or the length in
    cm (wfl 45 to 110, wfh 65 to 120, in steps of 0.1). m has the unit of the measure (cm, kg, kg/m2, mm).

    Source:
        WHO Child Growth Standards (2006, 2007), expanded tables for constructing national health cards.
    """
    return pl.read_csv(BytesIO(_bytes("who_lms.csv.gz")))


@cache
def newborn_size() -> pl.DataFrame:
    """INTERGROWTH-21st newborn size from 33+0 to 42+6: indicator, sex (`M`/`F`), gest_days, mu, sigma, nu, tau.

    Indicators wfga (kg), lfga (cm), hcfga (cm); one row per sex and day of gestation from 231 to 300.

    Source:
        Villar et al. 2014, Lancet 384:857-868: skew-t (type 3) distributions by sex and gestational age.
    """
    return pl.read_csv(BytesIO(_bytes("intergrowth_newborn_size.csv")))


@dataclass(frozen=True)
class GrowthIndex:
    """One WHO index. `tables` are indicators of `who_lms` (two for weight-for-length: lying, then standing).

    `measure` is the column that is scored, in the unit of the table. `restricted`: beyond +/-3 the score counts
    in steps of the distance from the 2nd to the 3rd SD. A score below `flag_below` or above `flag_above` is
    flagged and kept. `oedema_voids`: the index is weight-based and has no score where there is oedema.
    """

    name: str
    measure: str
    tables: tuple[str, ...]
    axis: Literal["age", "length"]
    restricted: bool
    flag_below: float
    flag_above: float
    oedema_voids: bool
    label: str


@cache
def growth_indices() -> tuple[GrowthIndex, ...]:
    """WHO's eight indices in the order of the output columns, from growth_indices.csv.

    Source:
        Limits: WHO Anthro survey analyser, "Flags"; restricted scores: WHO Child Growth Standards, Methods and
        development (2006), chapter 7.
    """
    rows = csv.DictReader(_bytes("growth_indices.csv").decode().splitlines())
    return tuple(
        GrowthIndex(
            name=row["index"],
            measure=row["measure"],
            tables=tuple(row["tables"].split("|")),
            axis="length" if row["axis"] == "length" else "age",
            restricted=row["restricted"] == "true",
            flag_below=float(row["flag_below"]),
            flag_above=float(row["flag_above"]),
            oedema_voids=row["oedema_voids"] == "true",
            label=row["label"],
        )
        for row in rows
    )
