"""Two samples of one mother exchanged: how often milk.sample.mixed_up sees it, and how often it is wrong (docs/packs.md).

Simulated mothers with one sample at each of two visits. `apart` is the distance of the visits' medians in SD of the
logarithms; `alike` the correlation of one mother's two results; analytes of a sample correlate with 0.3. Tails are
normal, or those of a t distribution with 5 degrees of freedom whose one factor all of a mother's results share: the worst. One mother in 150 is exchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from milkqc.checks.facts.exchanged import log_odds
from milkqc.checks.rules.samples import SURE

MOTHERS, STUDIES, AMONG = 150, 200, 0.3
# Mothers suspected without cause in a study of MOTHERS: two in a thousand.
BOUND = 0.30


def run() -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(20240108)
    for analytes, apart in ((2, 1.0), (2, 2.3), (4, 1.0), (4, 2.0), (6, 1.0), (6, 0.3)):
        for alike, tails in ((0.0, None), (0.6, None), (0.0, 5), (0.6, 5)):
            false, seen = _studies(rng, analytes, apart, alike, tails)
            yield {
                "analytes": analytes,
                "apart (SD)": apart,
                "alike": alike,
                "tails": "normal" if tails is None else f"t{tails}",
                "seen %": round(100 * seen, 1),
                "falsely per 1000 mothers": round(1000 * false / MOTHERS, 2),
                "falsely per study": round(false, 3),
                "within": false < BOUND,
            }


def _studies(
    rng: np.random.Generator, analytes: int, apart: float, alike: float, tails: int | None
) -> tuple[float, float]:
    """Mothers falsely suspected per study, and the share of exchanges that are suspected."""
    own = np.full((analytes, analytes), AMONG)
    np.fill_diagonal(own, 1.0)
    both = np.kron(np.array([[1.0, alike], [alike, 1.0]]), own)
    root = np.linalg.cholesky(both)
    false = seen = 0
    for _ in range(STUDIES):
        heavy = 1.0 if tails is None else np.sqrt(rng.chisquare(tails, (MOTHERS, 1)) / tails)
        drawn = rng.standard_normal((MOTHERS, 2 * analytes)) @ root.T / heavy
        first, second = drawn[:, :analytes], drawn[:, analytes:] - apart
        first, second = first.copy(), second.copy()
        first[0], second[0] = second[0].copy(), first[0].copy()
        sure = log_odds(first, second) / np.log(10) >= SURE
        seen += int(sure[0])
        false += int(sure[1:].sum())
    return false / STUDIES, seen / STUDIES
