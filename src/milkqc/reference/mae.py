"""Mother's milk adequacy estimates: which are published, and which of them a study chose.

An MAE is the milk concentration behind an Adequate Intake for 0-6 months, a mean of well-nourished women; a
value below it is not a deficiency. Population, deficiency and functional cut-offs stand in mae.csv too, for
people to read; nothing here chooses them.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import polars as pl

from milkqc.errors import MilkqcError
from milkqc.reference.analytes import Analyte
from milkqc.reference.analytes import analytes as shipped
from milkqc.reference.tables import table
from milkqc.reference.values import SCHEMA, STUDY, read_values

KINDS = ("mae", "population_cutoff", "deficiency_cutoff", "functional_cutoff")
BASES = ("milk_concentration", "ai_per_volume")
AUTHORITIES = ("IOM", "NASEM", "FAO_WHO", "UK")


class MaeError(MilkqcError, ValueError):
    """A choice of adequacy estimates that cannot be met; `nearest` holds the names that were perhaps meant."""

    def __init__(self, what: str, todo: str, *, nearest: tuple[str, ...] = ()):
        self.what, self.todo, self.nearest = what, todo, nearest
        super().__init__(f"{what} {todo}")


@dataclass(frozen=True, eq=False)
class MaeChoice:
    """The estimates that a study compares with.

    `table` has SCHEMA's columns, the estimates in canonical units: one row per analyte, or several for windows
    or points of age (a point has age_from_days = age_to_days; between points the estimate is linear, outside
    them there is none). It holds every analyte that has an estimate; `set` are those that the study counts
    together, by default all.
    """

    authority: str
    basis: str
    set: tuple[str, ...]
    table: pl.DataFrame

    @property
    def missing(self) -> tuple[str, ...]:
        """Analytes of the set without an estimate on this basis."""
        known = {str(analyte) for analyte in self.table["analyte"]}
        return tuple(analyte for analyte in self.set if analyte not in known)

    def segments(self) -> pl.DataFrame:
        """analyte, from_days, to_days, from_value, to_value: the estimate is linear over each segment."""
        following = pl.all().shift(-1).over("analyte", order_by="age_from_days")
        point = pl.col("age_from_days") == pl.col("age_to_days")
        points = self.table.filter(point)
        after = points.select(following)
        # the last point is where the lines end: alone it holds for its own day
        lines = points.select(
            "analyte",
            from_days="age_from_days",
            to_days=pl.coalesce(after["age_from_days"], "age_from_days"),
            from_value="value",
            to_value=pl.coalesce(after["value"], "value"),
        )
        windows = self.table.filter(~point).select(
            "analyte", from_days="age_from_days", to_days="age_to_days", from_value="value", to_value="value"
        )
        return pl.concat([windows, lines]).sort("analyte", "from_days")


@cache
def published() -> pl.DataFrame:
    """Every row of mae.csv: estimates and other cut-offs, defaults or not, with SCHEMA's columns.

    `value` is in the analyte's canonical unit, converted once from the printed figure and unrounded; it is null
    where the source prints a range. `printed_value` and `printed_unit` are as in the source.
    """
    numbers = ("age_from_days", "age_to_days", "value")
    return table("mae.csv", numbers=numbers).with_columns(
        default=pl.col("default") == "true",
        derivation=pl.when(pl.col("printed_unit").str.ends_with("/d"))
        .then(pl.format("{} {} / {} L/d", "printed_value", "printed_unit", "litres_per_day"))
        .when(pl.col("age_from_days") == pl.col("age_to_days"))
        .then(pl.lit("linear between the printed ages"))
        .otherwise(pl.format("{} {} as printed", "printed_value", "printed_unit")),
    )


@cache
def measurands() -> Mapping[str, str]:
    """What the published estimate of each analyte is an estimate of: total_retinol for retinol."""
    printed = published().filter(pl.col("kind") == "mae").unique("analyte", keep="first", maintain_order=True)
    return MappingProxyType(dict(printed.select("analyte", "measurand").iter_rows()))


def choose(
    *,
    authority: str | None,
    basis: str | None,
    analytes: tuple[str, ...] | None = None,
    values: Path | None = None,
    among: Mapping[str, Analyte] | None = None,
) -> MaeChoice:
    """The default estimates of one authority and basis, and instead of them those of the study's own file.

    `analytes` are the set that is counted together (default: every analyte with an estimate). `values` is a
    csv file (reference.values): its rows replace the published ones of the same analytes; with it, authority
    and basis may be None, and then the file stands alone. `among` adds a study's own analytes to the known.
    Raises MaeError for an unknown authority, basis or analyte, with the nearest names; Faults for the file.
    """
    if values is None or authority is not None or basis is not None:
        authority = _known("authority", authority, AUTHORITIES)
        basis = _known("basis", basis, BASES)
    for analyte in analytes or ():
        _known("analyte", analyte, tuple(known_analytes(among)))
    chosen = published().filter(
        "default", pl.col("authority") == (authority or STUDY), pl.col("basis") == (basis or STUDY)
    )
    estimates = chosen.select(list(SCHEMA))
    if values is not None:
        own = read_values(values, basis=basis or STUDY, among=known_analytes(among), measurands=measurands())
        estimates = pl.concat(
            [estimates.join(own, on="analyte", how="anti", maintain_order="left"), own.select(list(SCHEMA))]
        )
    counted = analytes or tuple(dict.fromkeys(estimates["analyte"].to_list()))
    return MaeChoice(authority=authority or STUDY, basis=basis or STUDY, set=counted, table=estimates)


def known_analytes(among: Mapping[str, Analyte] | None) -> Mapping[str, Analyte]:
    """The analytes that ship, and a study's own beside them."""
    return {**shipped(), **(among or {})}


def _known(what: str, given: str | None, allowed: tuple[str, ...]) -> str:
    if given in allowed:
        return str(given)
    near = tuple(difflib.get_close_matches(given or "", allowed, n=3, cutoff=0.7))
    todo = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(allowed)}."
    if given is None:
        raise MaeError(f"no {what} of adequacy estimates is given.", f"Use one of: {', '.join(allowed)}.")
    raise MaeError(f"{given!r} is not a known {what} of adequacy estimates.", todo, nearest=near)
