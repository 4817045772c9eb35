"""Results put together: what explain works out by hand is what the analysis file holds, whatever stands in them."""

from __future__ import annotations

import random

import polars as pl
import pytest

from milkqc.derive.analysis_milk import milk_wide
from milkqc.explain.pooled import pooled, says


def drawn(seed: int, visits: int = 1500) -> list[dict[str, object]]:
    """Results of many visits: one or two samples, numbers and limits on either side, some limits unknown."""
    draw = random.Random(seed)
    rows = []
    for visit in range(visits):
        sides = draw.choice([(None,), (None, "<"), ("<",), (None, ">"), (">",), ("<", ">", None)])
        limits = draw.choice([(0.5,), (0.5, 2.0), (0.5, None)])
        for sample in range(draw.choice([1, 2])):
            repeats = draw.choice(["replicate", "keep"])
            for _ in range(draw.choice([1, 2, 3]) if repeats == "replicate" else 1):
                side = draw.choice(sides)
                rows.append(
                    {
                        "participant_id": f"p{visit}", "infant_id": f"p{visit}", "visit": "m", "analyte": "zinc",
                        "sample_id": f"s{sample}", "repeats": repeats, "censored": side, "limit": draw.choice(limits),
                        "value": None if side else draw.choice([1.0, 3.0, 7.3]), "unit": "mg/L", "reported": True,
                        "expression": "full", "method": None, "measures": None, "mae": 2.0, "below_mae": None,
                    }
                )  # fmt: skip
    return rows


@pytest.mark.parametrize(("policy", "share"), [("none", None), ("limit/2", 0.5)])
def test_results_put_together_by_hand_are_those_of_the_analysis_file(policy, share):
    rows = drawn(7)
    nobody = pl.DataFrame(schema=dict.fromkeys(["participant_id", "infant_id", "visit"], pl.String))
    wide = milk_wide(
        pl.DataFrame(rows, infer_schema_length=None), people=nobody, growth=nobody, expression=(), mean=True, censored=policy
    ).wide  # fmt: skip
    compared, below = 0, 0
    for made in wide.iter_rows(named=True):
        mine = [row for row in rows if row["infant_id"] == made["infant_id"]]
        told = (made["milk_zinc_mg_l"], made["milk_zinc_cens"], made["milk_zinc_limit"])
        if len(mine) < 2 or told[:2] == (None, None):
            continue
        found = pooled(mine, share)
        assert (found.whole.value, found.whole.censored, found.whole.limit) == told, (mine, found)
        assert says(found, "value")
        compared += 1
        below += told[1] is not None
    assert compared > 500
    assert below > 100
