"""One person's results in two batches: what a batch adds shows against the person's own other results."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from milkqc.checks.laboratory.part import Found, Part, reported

WITHIN = "milk.batch.within_person"
_LEAST = 8
# A difference of a fifth, four standard errors from none: one batch in fifteen thousand by chance.
_RATIO, _ERRORS = math.log(1.2), 4.0


def within_person(milk: pl.DataFrame, *, known: Collection[tuple[str, str]] = ()) -> Part:
    """`milk.batch.within_person`: a batch's results differ from the same people's results in other batches.

    Each pair of a person's results in two batches is compared with the median of all pairs of the same two visits,
    so that what changes with the stage of lactation cancels. Judged from 8 pairs on, and three batches: of two nobody
    can say which is off. A warning from a factor of 1.2 that is four robust standard errors away; the batch furthest
    off is taken out before the others are judged again. `known` (analyte, batch) are out from the start.
    """
    part = Part()
    rows = reported(milk).filter(pl.col("y").is_not_null())
    keys = ["analyte", "method", "measures", "participant_id", "visit", "batch"]
    cells = rows.group_by(keys).agg(pl.col("y").mean()).sort(keys, nulls_last=True)
    for (analyte,), own in cells.group_by(["analyte"], maintain_order=True):
        out = {batch for name, batch in known if name == analyte}
        distances = _distances(own.filter(~pl.col("batch").is_in(sorted(out))))
        for batch in sorted(own["batch"].unique()):
            part.look(WITHIN, str(analyte), judged=batch in distances)
        while True:
            off = {batch: one for batch, one in distances.items() if batch not in out and one.off}
            if not off:
                break
            batch = max(sorted(off), key=lambda name: abs(off[name].middle) / off[name].error)
            part.found.append(_found(str(analyte), batch, off[batch]))
            out.add(batch)
            distances = _distances(own.filter(~pl.col("batch").is_in(sorted(out))))
    return part


@dataclass(frozen=True)
class _Distance:
    """A batch's middle distance (logarithm) from its people's other results, with its error."""

    middle: float
    error: float
    pairs: int
    people: int

    @property
    def off(self) -> bool:
        return self.error > 0 and abs(self.middle) >= max(_RATIO, _ERRORS * self.error)


def _distances(cells: pl.DataFrame) -> dict[str, _Distance]:
    on = ["analyte", "method", "measures", "participant_id"]
    pairs = cells.join(cells, on=on, suffix="_other", nulls_equal=True)
    pairs = pairs.filter(pl.col("batch") != pl.col("batch_other"))
    if pairs["batch"].n_unique() < 3:
        return {}
    difference = pl.col("y") - pl.col("y_other")
    usual = difference.median().over("method", "measures", "visit", "visit_other")
    apart = pairs.with_columns(d=difference - usual).sort("batch", *on)
    # The median distance of a dozen pairs is often far too small by chance; all batches together say what is usual.
    whole = apart.select((pl.col("d") - pl.col("d").median().over("batch")).abs().median()).item()
    found = {}
    for (batch,), own in apart.group_by(["batch"], maintain_order=True):
        if own.height < _LEAST:
            continue
        d = own["d"].to_numpy()
        middle = float(np.median(d))
        people = own["participant_id"].n_unique()
        usual_distance = max(float(np.median(np.abs(d - middle))), float(whole))
        error = 1.2533 * 1.4826 * usual_distance / math.sqrt(people)
        found[str(batch)] = _Distance(middle, error, own.height, people)
    return found


def _found(analyte: str, batch: str, one: _Distance) -> Found:
    ratio = f"{math.exp(one.middle):.2f}"
    return Found(
        WITHIN, analyte, "batch", batch, one.pairs, f"{ratio} times", "about 1",
        f"Batch {batch} gives {ratio} times what the same {one.people} mothers have in other batches. "
        "Ask the laboratory about its calibration.",
    )  # fmt: skip
