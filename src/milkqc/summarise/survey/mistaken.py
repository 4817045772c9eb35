"""Months taken for days: every age is below 61, and the children are too big for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from milkqc.model import LedgerRow, Severity, Status
from milkqc.reference.growth import who_lms
from milkqc.summarise.survey.rows import Rows

# Fewer ages than this may all be those of newborns. Ours, unverified.
LEAST_AGES = 10
# A child under five has at most 60 months.
MOST_MONTHS = 60


@dataclass(frozen=True)
class AgesRule:
    """A rule over all ages of a study, as the ledger names it."""

    id: str
    severity: Severity
    says: str
    source: str


AGES = AgesRule(
    "growth.age.months_as_days",
    "warning",
    "All ages are below 61, and most children are bigger than at two months: the ages are months, not days.",
    "milkqc: ages up to 60, and sizes above WHO's +3 SD of boys of 60 days in more than half; unverified",
)


@cache
def sizes_at_sixty_days() -> dict[str, float]:
    """The third SD of boys of 60 days, kg and cm: what hardly any child of two months exceeds."""
    told = {}
    for measure, indicator in (("weight_kg", "wfa"), ("length_cm", "lhfa")):
        l, m, s = (
            who_lms()
            .filter((pl.col("indicator") == indicator) & (pl.col("sex") == "male") & (pl.col("x") == MOST_MONTHS))
            .select("l", "m", "s")
            .row(0)
        )  # fmt: skip
        told[measure] = m * (1 + 3 * l * s) ** (1 / l)
    return told


def too_big(frame: pl.DataFrame) -> bool:
    """Whether all ages (`age_days`, at least ten) are up to 60 and more than half of the sizes are an older child's.

    Ages below zero have a finding of their own and say nothing here: one of them must not hide the rest.
    """
    known = frame.filter(pl.col("age_days") >= 0)
    if known.height < LEAST_AGES or float(known["age_days"].max()) > MOST_MONTHS:  # type: ignore[arg-type]
        return False
    sizes = pl.concat([known[name] > limit for name, limit in sizes_at_sixty_days().items()]).drop_nulls()
    return sizes.len() > 0 and float(sizes.mean()) > 0.5  # type: ignore[arg-type]


def months_as_days(rows: Rows, off: str | None) -> tuple[list[dict[str, Any]], LedgerRow]:
    """The finding, if any, and its ledger row; ages from dates are not asked, for they cannot be months."""
    asked = rows.frame.filter(pl.col("age_basis").is_null() | (pl.col("age_basis") == "reported"))
    known = asked.filter(pl.col("age_days").is_not_null())
    failed = off is None and too_big(known)
    status: Status = (
        "skipped" if off is not None else "ran" if known.height >= LEAST_AGES else "nothing_to_look_at"
    )
    ran = status == "ran"
    return [_draft(known)] if failed else [], LedgerRow(
        rule_id=AGES.id,
        engine="rules",
        table="growth",
        variable="age_days",
        severity=AGES.severity,
        status=status,
        looked_at=int(ran),
        failed=int(failed),
        findings=int(failed),
        why=f"Switched off by the study: {off}" if off is not None else "" if ran else f"Fewer than {LEAST_AGES} reported ages.",
        says=AGES.says,
        source=AGES.source,
    )  # fmt: skip


def _draft(known: pl.DataFrame) -> dict[str, Any]:
    return {
        "rule_id": AGES.id,
        "severity": AGES.severity,
        "table": "growth",
        "row_id": "*",
        "engine": "rules",
        "variable": "age_days",
        "value": f"at most {max(known['age_days'].to_list()):g}",
        "unit": "",
        "expected": "days",
        "n_rows": known.height,
    }
