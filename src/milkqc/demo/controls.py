"""What the simulated laboratories run beside their samples: blanks, two control materials, samples read again.

Drawn from a generator of their own, so that the samples are the same with and without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from numpy.random import Generator


@dataclass(frozen=True)
class Material:
    """A control material's certificate, in the unit of its test."""

    mean: float
    sd: float


# Low and high material of each test; choices of this simulation, repeated under `targets` in the demo's mapping.
CERTIFICATES: Mapping[str, Mapping[str, Material]] = {
    "Iodine": {"low": Material(40.0, 2.0), "high": Material(150.0, 6.0)},
    "B12": {"low": Material(80.0, 4.0), "high": Material(320.0, 14.0)},
    "Folate": {"low": Material(60.0, 3.0), "high": Material(180.0, 8.0)},
    "Retinol": {"low": Material(1.2, 0.05), "high": Material(3.5, 0.14)},
    "Vitamin E": {"low": Material(2.0, 0.08), "high": Material(8.0, 0.3)},
    "Zinc": {"low": Material(0.8, 0.04), "high": Material(3.0, 0.12)},
}
# A certificate's SD is that between laboratories; within one, readings vary less.
WITHIN = 0.7
# Samples of a plate that are read again, by their place on it.
AGAIN = (4, 17)


def reading(rng: Generator, test: str, level: str) -> float:
    """One reading of a control material, in the unit of its test."""
    material = CERTIFICATES[test][level]
    return material.mean + WITHIN * material.sd * float(rng.standard_normal())
