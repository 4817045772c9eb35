"""Laboratories with known faults: drawn with a seed, so that every test sees the same results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

MILK: dict[str, Any] = {
    "row_id": pl.String, "participant_id": pl.String, "sample_id": pl.String, "analyte": pl.String,
    "method": pl.String, "measures": pl.String, "batch": pl.String, "site": pl.String, "visit": pl.String,
    "stage": pl.String, "value": pl.Float64, "unit": pl.String, "raw": pl.String, "censored": pl.String,
    "limit": pl.Float64, "factor": pl.Float64, "raw_unit": pl.String, "substance": pl.String,
    "reported": pl.Boolean, "run_order": pl.Float64, "source_file": pl.String,
}  # fmt: skip
CONTROLS: dict[str, Any] = {
    "row_id": pl.String, "kind": pl.String, "level": pl.String, "sample_id": pl.String, "analyte": pl.String,
    "batch": pl.String, "value": pl.Float64, "censored": pl.String, "limit": pl.Float64, "raw": pl.String,
    "unit": pl.String, "raw_unit": pl.String, "target_mean": pl.Float64, "target_sd": pl.Float64,
    "run_order": pl.Float64,
}  # fmt: skip
USUAL = {
    "analyte": "zinc", "method": "ICP-MS", "batch": "B1", "site": "A", "visit": "m3", "stage": "mature",
    "unit": "mg/L", "factor": 1.0, "raw_unit": "mg/L", "reported": True, "source_file": "lab.csv",
}  # fmt: skip


def milk(rows: list[Mapping[str, Any]]) -> pl.DataFrame:
    """Results from a few words each."""
    filled = [
        USUAL | {"row_id": f"r{n:04}", "participant_id": f"P{n}", "sample_id": f"S{n}", "raw": str(row.get("value"))} | row
        for n, row in enumerate(rows)
    ]  # fmt: skip
    return pl.DataFrame([{name: row.get(name) for name in MILK} for row in filled], schema=MILK, orient="row")


def controls(rows: list[Mapping[str, Any]]) -> pl.DataFrame:
    """The laboratory's own rows from a few words each."""
    usual = {
        "kind": "control",
        "level": "low",
        "analyte": "zinc",
        "batch": "B1",
        "unit": "mg/L",
        "raw_unit": "mg/L",
    }
    filled = [
        usual | {"row_id": f"c{n:04}", "raw": str(row.get("value"))} | row for n, row in enumerate(rows)
    ]
    return pl.DataFrame(
        [{name: row.get(name) for name in CONTROLS} for row in filled], schema=CONTROLS, orient="row"
    )


@pytest.fixture
def laboratory() -> Callable[..., tuple[pl.DataFrame, pl.DataFrame]]:
    """`laboratory(seed, ..., factor=10, off="B3")`: log-normal results in plates that differ by 5 %, one of them off."""

    def make(
        seed: int, *, analyte: str, unit: str, substance: str | None = None, median: float, sigma: float,
        batches: int = 5, n: int = 32, factor: float = 1.0, off: str | None = None, sites: Mapping[str, float] | None = None,
        materials: bool = False,
    ) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
        rng = np.random.default_rng(seed)
        names = list(sites or {"A": 1.0})
        results, own = [], []
        for b in range(batches):
            batch = f"B{b + 1}"
            site = names[b * len(names) // batches]
            plate = float(np.exp(0.05 * rng.standard_normal())) * (factor if batch == off else 1.0)
            facts = {
                "analyte": analyte,
                "batch": batch,
                "raw_unit": unit,
                "substance": substance,
                "unit": unit,
            }
            for _ in range(n):
                value = (
                    median
                    * float(np.exp(sigma * rng.standard_normal()))
                    * plate
                    * (sites or {}).get(site, 1.0)
                )
                results.append(facts | {"site": site, "value": value})
            for level, share in (("low", 0.5), ("high", 2.0)):
                for _ in range(2):
                    value = share * median * float(np.exp(0.05 * rng.standard_normal())) * plate
                    own.append({name: facts[name] for name in ("analyte", "batch", "raw_unit", "unit")}
                               | {"level": level, "value": value})  # fmt: skip
        return milk(results), controls(own if materials else [])

    return make
