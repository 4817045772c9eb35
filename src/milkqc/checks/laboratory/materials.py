"""Blanks and control materials: is what should be nothing nothing, and what is known as it should be?"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import polars as pl

from milkqc.checks.laboratory.part import Found, Part
from milkqc.checks.ledger import written

BLANK, WESTGARD = "milk.batch.blank", "milk.batch.westgard"
# From this many control values of other batches on their mean and SD stand in for a certificate.
_LEAST = 8


@dataclass(frozen=True)
class Broken:
    """A Westgard rule that a batch breaks, in the words of the laboratory, and whether it rejects the run."""

    name: str
    says: str


def blanks(controls: pl.DataFrame) -> Part:
    """`milk.batch.blank`: a batch whose blank reads at or above its limit. Without a limit it is not judged."""
    part = Part()
    own = controls.filter(pl.col("kind") == "blank", pl.col("batch").is_not_null())
    for (analyte, batch), rows in own.sort("row_id").group_by(["analyte", "batch"], maintain_order=True):
        known = rows.filter(
            pl.col("censored").is_not_null() | (pl.col("value").is_not_null() & pl.col("limit").is_not_null())
        )
        part.look(BLANK, str(analyte), judged=known.height > 0)
        high = known.filter((pl.col("value") >= pl.col("limit")) | (pl.col("censored") == ">"))
        if high.is_empty():
            continue
        top = high.sort("value", "row_id", nulls_last=True).row(-1, named=True)
        value, limit = written(top["value"]) or top["raw"], written(top["limit"])
        part.found.append(
            Found(
                BLANK, str(analyte), "batch", str(batch), high.height, f"{value} {top['unit']}",
                f"below {limit} {top['unit']}",
                f"A blank of batch {batch} reads {value} {top['unit']}, limit {limit}: the batch is contaminated or "
                "carried over. Ask the laboratory.",
            )
        )  # fmt: skip
    return part


def westgard(controls: pl.DataFrame) -> Part:
    """`milk.batch.westgard`: a batch whose control materials break a rule that rejects a run (1-3s, 2-2s, R-4s).

    z is the distance from the certificate's mean in its SDs, else from the mean of the same material in the other
    batches in theirs (from 8 values on), measured by the same method. Batches without either are not judged.

    Source:
        Westgard et al. 1981, Clin Chem 27:493-501.
    """
    part = Part()
    own = controls.filter(
        pl.col("kind") == "control", pl.col("batch").is_not_null(), pl.col("value").is_not_null()
    )
    ways = ["analyte", *(name for name in ("method", "measures") if name in own.columns)]
    for (analyte, *_), rows in own.sort("row_id").group_by(ways, maintain_order=True):
        for (batch,), mine in rows.group_by(["batch"], maintain_order=True):
            z = z_scores(mine, rows.filter(pl.col("batch") != batch))
            known = z.filter(pl.col("z").is_not_null())
            part.look(WESTGARD, str(analyte), judged=known.height > 0)
            broken = broken_rules(known["z"].to_list())
            if not broken:
                continue
            worst = known.sort(pl.col("z").abs(), "row_id").row(-1, named=True)
            named = ", ".join(one.name for one in broken)
            part.found.append(
                Found(
                    WESTGARD, str(analyte), "batch", str(batch), known.height, f"z {worst['z']:.2f}", "within 2 SD",
                    f"Controls of batch {batch} break {named} ({worst['level']}: {worst['z']:+.1f} SD): "
                    f"{broken[0].says}. Ask whether the run was accepted.",
                )
            )  # fmt: skip
    return part


def z_scores(mine: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """`mine` in run order with `z`, null where neither a certificate nor enough other batches say what to expect."""
    elsewhere = others.group_by("level").agg(
        mean=pl.col("value").mean(), sd=pl.col("value").std(), n=pl.col("value").count()
    )
    enough = (pl.col("n") >= _LEAST) & (pl.col("sd") > 0)
    centre = pl.coalesce("target_mean", pl.when(enough).then("mean"))
    scale = pl.coalesce("target_sd", pl.when(enough).then("sd"))
    return (
        mine.join(elsewhere, on="level", how="left", maintain_order="left")
        .with_columns(z=(pl.col("value") - centre) / scale)
        .sort("run_order", "row_id", nulls_last=True)
    )


def broken_rules(z: list[float]) -> list[Broken]:
    """Which of the rules that reject a run the z scores of its controls, in run order, break.

    >>> [one.name for one in broken_rules([0.4, 3.2])]
    ['1-3s']
    >>> [one.name for one in broken_rules([2.3, 2.1])]
    ['2-2s']
    >>> [one.name for one in broken_rules([2.3, -2.1])]
    ['R-4s']
    >>> broken_rules([2.4, 0.1, -1.9])
    []
    """
    broken = []
    if any(abs(one) > 3 for one in z):
        broken.append(Broken("1-3s", "a control is more than 3 SD off"))
    pairs = list(itertools.pairwise(z))
    if any(min(pair) > 2 or max(pair) < -2 for pair in pairs):
        broken.append(Broken("2-2s", "two controls in a row are more than 2 SD off on one side"))
    if z and max(z) > 2 and min(z) < -2:
        broken.append(Broken("R-4s", "two controls are more than 4 SD apart"))
    return broken
