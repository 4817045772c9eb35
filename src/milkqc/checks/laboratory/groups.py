"""The groups of results that are judged together, and how far each stands from the others."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from milkqc.checks.laboratory import model
from milkqc.checks.laboratory.model import Distance, Floats

# What groups an analyte's results: the first of these that tells at least two groups of this size apart.
BY = ("batch", "site", "source_file")
LEAST = 8
# A stratum (site and visit) of the other groups says where a result is expected from this many results on.
_STRATUM = 5
# With more of a group's results below a limit than this, its centre is not known.
MOST_CENSORED = 0.5
# Assays repeat a control no better than this.
_SAMPLE_SD, _CONTROL_SD = 0.15, 0.03


@dataclass(frozen=True)
class Group:
    """One group's results of one analyte and method: `rows` of the milk table, `controls` of the controls'."""

    analyte: str
    by: str
    name: str
    unit: str
    substance: str | None
    rows: pl.DataFrame
    controls: pl.DataFrame


@dataclass(frozen=True)
class Stood:
    """Where a group stands: its distances (of its samples and its controls), and each result's own.

    `residuals` are the logarithms of the group's results less where the others say they belong, `sd` their robust
    SD over the whole analyte.
    """

    distances: tuple[Distance, ...]
    residuals: Floats
    sd: float


def grouped(milk: pl.DataFrame, controls: pl.DataFrame) -> list[list[Group]]:
    """For each analyte, method and measurand the groups of its results; those that cannot be told apart are one.

    `milk` is a results view with canonical values: only reported rows with a number above zero or below a limit
    take part. A batch whose rows have several units is several groups.
    """
    there = (pl.col("value") > 0) | ((pl.col("censored") == "<") & (pl.col("limit") > 0))
    known = milk.filter(pl.col("reported").fill_null(value=True) & there & pl.col("factor").is_not_null())
    found = []
    keys = ["analyte", "method", "measures"]
    for key, cell in known.sort("row_id").group_by(keys, maintain_order=True):
        analyte = str(key[0])
        by = next((name for name in BY if _tells_apart(cell, name)), BY[-1])
        # A control that does not say how it was measured stands for every way.
        same = [
            pl.col(name).is_null() | pl.col(name).eq_missing(pl.lit(value, dtype=pl.String))
            for name, value in zip(keys[1:], key[1:], strict=True)
            if name in controls.columns
        ]
        own = controls.filter(pl.col("analyte") == analyte, pl.col("value") > 0, *same)
        groups = []
        parts = [pl.col(by).cast(pl.String).alias("_by"), "raw_unit", "substance"]
        for (name, unit, substance), rows in cell.group_by(parts, maintain_order=True):
            mine = own.filter(pl.col(by).cast(pl.String) == name) if by in own.columns else own.clear()
            mine = mine.filter(pl.col("raw_unit").eq_missing(pl.lit(unit, dtype=pl.String)))
            groups.append(Group(analyte, by, str(name), str(unit), substance, rows, mine))
        found.append(sorted(groups, key=lambda one: (one.name, one.unit)))
    return found


def _tells_apart(cell: pl.DataFrame, name: str) -> bool:
    if name not in cell.columns:
        return False
    counts = cell.filter(pl.col(name).is_not_null()).group_by(name).len()
    return bool((counts["len"] >= LEAST).sum() >= 2) and cell[name].null_count() == 0


def stand(groups: list[Group], wrong: Mapping[int, float]) -> list[Stood | None]:
    """Each group against the others. `wrong` holds the shift by which groups (by place) are known to be off.

    None for a group with fewer than LEAST results, or with more than half of them censored: its centre is unknown.
    """
    tables = [_logs(group, wrong.get(place, 0.0)) for place, group in enumerate(groups)]
    whole = pl.concat([table.with_columns(_group=pl.lit(n)) for n, table in enumerate(tables)])
    expected = [_expected(whole, place) for place in range(len(groups))]
    residuals = [_residuals(table, own) for table, own in zip(tables, expected, strict=True)]
    centred = [one - np.median(one) for one in residuals if one.size >= LEAST]
    sd = model.spread(np.concatenate(centred) if centred else np.array([]), least=_SAMPLE_SD)
    materials = _materials(groups, wrong)
    found: list[Stood | None] = []
    for place in range(len(groups)):
        table, own, apart = tables[place], expected[place], residuals[place]
        censored = float(table["below"].cast(pl.Float64).sum()) / max(table.height, 1)
        if table.height < LEAST or censored > MOST_CENSORED:
            found.append(None)
            continue
        distances = []
        if own.height:
            middle, excess = model.centre(apart, trimmed=max(0.1, min(0.5, censored)))
            sampled = excess / apart.size + _uncertainty(table, own)
            # Other people than in the other groups: what sites differ by stands between them.
            other_people = 0.0 if _matched(table, own) else model.SITE_SD**2
            distances.append(Distance(middle, sd**2 * sampled + other_people))
        distances += materials.get(place, [])
        found.append(Stood(tuple(distances), apart, sd))
    return found


def _logs(group: Group, shift: float) -> pl.DataFrame:
    """stratum, y (the logarithm of the value, or of the limit it lies below) and below, shifted back by `shift`."""
    strata = [name for name in ("site", "visit", "stage") if name in group.rows.columns]
    y = pl.when(pl.col("value") > 0).then("value").otherwise("limit").log()
    return group.rows.select(
        "row_id",
        stratum=pl.concat_str([pl.col(name).fill_null("") for name in strata], separator="|"),
        visit=pl.concat_str([pl.col(name).fill_null("") for name in strata if name != "site"], separator="|"),
        y=y - shift,
        below=pl.col("value").is_null(),
    )


def _expected(whole: pl.DataFrame, place: int) -> pl.DataFrame:
    """By stratum, else by visit: the other groups' median, and how many results it rests on."""
    others = whole.filter(pl.col("_group") != place)
    by_stratum = others.group_by("stratum").agg(expected=pl.col("y").median(), n=pl.len())
    by_visit = others.group_by("visit").agg(wide=pl.col("y").median(), m=pl.len())
    mine = (
        whole.filter(pl.col("_group") == place).select("stratum", "visit").unique().sort("stratum", "visit")
    )
    joined = mine.join(by_stratum, on="stratum", how="left").join(by_visit, on="visit", how="left")
    near = pl.col("n") >= _STRATUM
    return (
        joined.select(
            "stratum",
            expected=pl.when(near).then("expected").otherwise(pl.when(pl.col("m") >= _STRATUM).then("wide")),
            n=pl.when(near).then("n").otherwise("m"),
            matched=near.fill_null(value=False),
        )
        .filter(pl.col("expected").is_not_null())
        .sort("stratum")
    )


def _residuals(table: pl.DataFrame, expected: pl.DataFrame) -> Floats:
    joined = table.join(expected, on="stratum", how="inner", maintain_order="left")
    return (joined["y"] - joined["expected"]).to_numpy().astype(np.float64)


def _uncertainty(table: pl.DataFrame, expected: pl.DataFrame) -> float:
    """What the others' medians add to the variance of the group's centre, in units of the variance of a result."""
    shares = table.group_by("stratum").len().join(expected, on="stratum", how="inner").sort("stratum")
    weight = (shares["len"] / shares["len"].sum()).to_numpy()
    return float((weight**2 * (math.pi / 2) / shares["n"].to_numpy()).sum())


def _matched(table: pl.DataFrame, expected: pl.DataFrame) -> bool:
    """Whether nearly all results have others of their own site and visit in another group."""
    near = expected.filter("matched")["stratum"]
    return table["stratum"].is_in(near.implode()).sum() >= 0.8 * table.height


def _materials(groups: list[Group], wrong: Mapping[int, float]) -> dict[int, list[Distance]]:
    """Each group's control materials against the same materials in other groups, or against their certificates."""
    parts = [
        group.controls.filter(pl.col("kind") == "control").select(
            "level", "target_mean", y=pl.col("value").log() - wrong.get(n, 0.0), _group=pl.lit(n)
        )
        for n, group in enumerate(groups)
        if group.controls.height
    ]
    if not parts:
        return {}
    whole = pl.concat(parts)
    centred = whole.select(pl.col("y") - pl.col("y").median().over("level", "_group")).to_series()
    repeated = whole.filter(pl.len().over("level", "_group") > 1).height
    # Between the readings of one plate the median distance understates the SD of few readings; the floor holds.
    sd = model.spread(centred.to_numpy() if repeated else np.array([]), least=_CONTROL_SD)
    cells = whole.group_by("level", "_group").agg(
        pl.col("y").median(), pl.len(), target=pl.col("target_mean").drop_nulls().first()
    )
    found: dict[int, list[Distance]] = {}
    for (_,), material in cells.sort("level", "_group").group_by("level", maintain_order=True):
        of, y = material["_group"].to_list(), material["y"].to_numpy()
        for k, (place, n, target) in enumerate(zip(of, material["len"], material["target"], strict=True)):
            rivals = np.delete(y, k)
            if target is not None:
                expected, variance = math.log(target), 0.0
            elif rivals.size >= 2:
                expected = float(np.median(rivals))
                variance = (math.pi / 2) * (sd**2 + model.PLATE_SD**2) / rivals.size
            else:
                continue
            found.setdefault(place, []).append(Distance(float(y[k]) - expected, sd**2 / n + variance))
    return found


def names(groups: Collection[Group]) -> list[str]:
    """The groups as people know them: `batch B4`."""
    return [f"{group.by.replace('source_file', 'file')} {group.name}" for group in groups]
