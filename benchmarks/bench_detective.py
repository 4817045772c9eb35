"""The unit detective by simulation: how often it names a batch in another unit, and how often it accuses a sound one.

`python -m benchmarks detective` draws few studies for each line and holds the bounds; `python -m
benchmarks.bench_detective REPEATS FOLDER` draws REPEATS for each and writes the table and the figures of
docs/laboratory.md into FOLDER (40 docs/images: 25,760 studies, about 20 minutes). Every study is drawn with a seed of its own, so a line does not hang on the lines before it.
"""

from __future__ import annotations

import csv
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import detective_figures
from milkqc.checks.laboratory.detective import investigate
from milkqc.units import unit_factor

NS, SIGMAS = (8, 16, 32, 64, 128, 256), (0.3, 0.45, 0.6, 0.9)
BATCHES = 6
# Assays repeat a control within 5 %, and plates differ by 5 %.
CONTROL_SD, PLATE_SD = 0.05, 0.05
FEW = 12


@dataclass(frozen=True)
class Drawn:
    """What one simulated study is: `factor` times too high in batch B4, or `site` times as high at another site.

    `by` says how batches and sites go together: `mixed` (people of one site on every plate), `batch` (three plates a
    site), `own` (a site a plate; one site differs), `site` (no plates named).
    """

    analyte: str = "iodine"
    unit: str = "ug/L"
    substance: str | None = None
    meant: str = ""
    median: float = 68.0
    factor: float = 1.0
    n: int = 32
    sigma: float = 0.6
    batches: int = BATCHES
    controls: bool = False
    certificate: bool = False
    site: float = 1.0
    by: str = "mixed"


# The four confusions of units whose ratio is near 1, and two powers of ten.
CONFUSED = {
    "B12 pg/mL for pmol/L": Drawn("vitamin_b12", "pmol/L", "cyanocobalamin", "pg/mL", 113.0),
    "folate nmol/L for ug/L": Drawn("folate", "ug/L", "folic_acid", "nmol/L", 47.0),
    "vitamin E umol/L for mg/L": Drawn("alpha_tocopherol", "mg/L", None, "umol/L", 3.3),
    "vitamin A IU/L for ug/L": Drawn("retinol", "ug/L", "retinol", "IU/L", 402.0),
    "iodine ug/dL for ug/L": Drawn("iodine", "ug/L", None, "ug/dL"),
    "zinc ug/L for mg/L": Drawn("zinc", "mg/L", None, "ng/mL", 2.0),
}


def wrong(study: Drawn) -> Drawn:
    """`study` with batch B4 written in the unit that is meant by its confusion."""
    return replace(
        study, factor=unit_factor(study.unit, study.meant, substance=study.substance or study.analyte)
    )


def draw(study: Drawn, repeat: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Results and control materials of one study, as the checks see them."""
    rng = np.random.default_rng(zlib.crc32(f"{study}|{repeat}".encode()))
    rows = study.batches * study.n
    place = np.repeat(np.arange(study.batches), study.n)
    far = np.where(np.arange(study.batches) == min(3, study.batches - 1), study.factor, 1.0)
    plate = np.exp(PLATE_SD * rng.standard_normal(study.batches)) * far
    at = np.arange(study.batches)
    second = at == min(3, study.batches - 1) if study.by == "own" else at * 2 >= study.batches
    levels = plate * np.where(second, study.site, 1.0)
    values = study.median * np.exp(study.sigma * rng.standard_normal(rows)) * levels[place]
    names = np.array([f"B{b + 1}" for b in range(study.batches)])
    sites = names if study.by == "own" else np.where(second, "B", "A")
    facts = {"analyte": study.analyte, "raw_unit": study.unit}
    milk = pl.DataFrame(
        {
            "row_id": [f"r{k:06}" for k in range(rows)],
            "batch": names[place] if study.by != "site" else [None] * rows,
            "site": sites[place] if study.by != "mixed" else ["A"] * rows,
            "value": values,
        },
        schema_overrides={"batch": pl.String},
    ).with_columns(
        pl.lit(study.substance, dtype=pl.String).alias("substance"),
        *(pl.lit(None, dtype=pl.String).alias(name) for name in ("method", "measures", "censored")),
        *(pl.lit(text).alias(name) for name, text in (*facts.items(), ("visit", "m3"), ("stage", "mature"))),
        pl.lit("lab.csv").alias("source_file"),
        pl.lit(None, dtype=pl.Float64).alias("limit"),
        pl.lit(1.0).alias("factor"),
        pl.lit(value=True).alias("reported"),
    )
    own = []
    for b, name in enumerate(names if study.controls else []):
        for level, share in (("low", 0.5 * study.median), ("high", 2 * study.median)):
            own += [
                (str(name), level, share * float(np.exp(CONTROL_SD * rng.standard_normal())) * float(plate[b]),
                 share if study.certificate else None)
                for _ in range(2)
            ]  # fmt: skip
    controls = pl.DataFrame(
        own,
        schema={"batch": pl.String, "level": pl.String, "value": pl.Float64, "target_mean": pl.Float64},
        orient="row",
    ).with_columns(
        pl.lit("control").alias("kind"), *(pl.lit(text).alias(name) for name, text in facts.items())
    )
    return milk, controls


@dataclass(frozen=True)
class Counted:
    """Of `studies`: B4 named with its unit; off, and its unit mentioned; off without a word of it; any other batch accused, of a unit or at all."""

    studies: int
    named: int
    possible: int
    shifted: int
    accused_of_unit: int
    accused: int


def count(study: Drawn, repeats: int) -> Counted:
    """`repeats` studies drawn and judged."""
    off = f"B{min(4, study.batches)}" if study.factor != 1 else None
    named = possible = shifted = of_unit = accused = 0
    for repeat in range(repeats):
        found = investigate(*draw(study, repeat)).suspicions
        mine = [one for one in found if one.group.name == off]
        named += any(study.meant in one.units for one in mine)
        possible += any(study.meant in one.possible for one in mine)
        shifted += any(study.meant not in (*one.units, *one.possible) for one in mine)
        # A sound batch accused, or the wrong one accused of a unit that is not its own.
        false = [one for one in found if one not in mine or (one.units and study.meant not in one.units)]
        of_unit += any(one.units for one in false)
        accused += bool(false)
    return Counted(repeats, named, possible, shifted, of_unit, accused)


def power() -> Iterator[tuple[str, Drawn]]:
    """The confusions of units by batch size, spread and control materials; powers of ten without materials."""
    for name, study in CONFUSED.items():
        near = abs(np.log(wrong(study).factor)) < np.log(5)
        for controls in (False, True) if near else (False,):
            for sigma in SIGMAS:
                for n in NS:
                    yield name, replace(wrong(study), n=n, sigma=sigma, controls=controls)


def batches() -> Iterator[tuple[str, Drawn]]:
    """The same by the number of batches; with two, what was published decides."""
    for name, study in CONFUSED.items():
        for controls in (False, True):
            for number in (2, 3, 4, 8, 12):
                yield name, replace(wrong(study), sigma=0.45, batches=number, controls=controls)


def clean() -> Iterator[tuple[str, Drawn]]:
    """Studies without a fault, of the analytes with the nearest alternatives and of one without any near."""
    for name in ("B12 pg/mL for pmol/L", "vitamin E umol/L for mg/L", "iodine ug/dL for ug/L"):
        for controls in (False, True):
            for sigma in SIGMAS:
                for n in NS:
                    yield name, replace(CONFUSED[name], n=n, sigma=sigma, controls=controls)


def sites() -> Iterator[tuple[str, Drawn]]:
    """Sites whose people differ by a genuine factor, in three ways that plates and sites go together."""
    for name in (*list(CONFUSED)[:4], "iodine ug/dL for ug/L"):
        for by in ("batch", "own", "site"):
            for factor in (1.2, 1.5, 2.0, 2.5, 3.0):
                for n, sigma in ((32, 0.6), (128, 0.3)):
                    yield name, replace(CONFUSED[name], site=factor, by=by, n=n, sigma=sigma)


def shifts() -> Iterator[tuple[str, Drawn]]:
    """A calibration that is off, in no unit: what is it called?"""
    for name in (*list(CONFUSED)[:4], "iodine ug/dL for ug/L"):
        for controls in (False, True):
            for factor in (1.2, 1.3, 1.4, 1.5, 1.6):
                yield name, replace(CONFUSED[name], meant="none", factor=factor, controls=controls)


GRIDS = {grid.__name__: grid for grid in (power, batches, clean, sites, shifts)}
COLUMNS = (
    "grid", "analyte", "confusion", "factor", "site_factor", "by", "batches", "n", "sigma", "controls", "studies",
    "named", "possible", "shifted", "accused_of_unit", "accused",
)  # fmt: skip


def line(grid: str, name: str, study: Drawn, repeats: int) -> dict[str, Any]:
    """One row of the table: what was drawn, and what the detective said of it."""
    told = count(study, repeats)
    return {
        "grid": grid,
        "analyte": study.analyte,
        "confusion": name if study.meant not in {"", "none"} and study.factor != 1 else "",
        "factor": round(study.factor, 4),
        "site_factor": study.site,
        "by": study.by,
        "batches": study.batches,
        "n": study.n,
        "sigma": study.sigma,
        "controls": "yes" if study.controls else "no",
        "studies": told.studies,
        "named": told.named,
        "possible": told.possible,
        "shifted": told.shifted,
        "accused_of_unit": told.accused_of_unit,
        "accused": told.accused,
    }


def run() -> Iterator[dict[str, Any]]:
    """Rows: what, measured, unit, bound, within."""
    mixed = replace(CONFUSED["vitamin E umol/L for mg/L"], sigma=0.45)
    cases = (
        ("vitamin E in umol/L, 32 a batch: named", wrong(mixed), "named", 0.8),
        ("iodine in ug/dL, 16 a batch: named", replace(wrong(CONFUSED["iodine ug/dL for ug/L"]), n=16), "named", 0.8),
        ("B12 in pg/mL with controls: named",
         replace(wrong(CONFUSED["B12 pg/mL for pmol/L"]), sigma=0.9, controls=True), "named", 0.4),
        ("clean: a batch accused", mixed, "accused", 0.2),
        ("sites of a factor of 2: a unit accused", replace(mixed, by="own", site=2.0), "accused_of_unit", 0.2),
    )  # fmt: skip
    for what, study, counted, bound in cases:
        share = getattr(count(study, FEW), counted) / FEW
        kept = share >= bound if counted == "named" else share <= bound
        yield {"what": what, "measured": share, "unit": "of studies", "bound": bound, "within": kept}


def main(arguments: list[str]) -> int:
    """Every grid with `REPEATS` studies a line, as `detective.csv` in `FOLDER`, and the curves drawn from it."""
    repeats, folder = int(arguments[0]), Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "detective.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for grid, lines in GRIDS.items():
            for name, study in lines():
                writer.writerow(line(grid, name, study, repeats))
                file.flush()
    detective_figures.draw(folder / "detective.csv", folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
