"""All that is judged by whole batches: drafts of findings, the ledger, and which other findings one cause explains."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from milkqc import findings
from milkqc.checks.laboratory.detective import Report, Suspicion, investigate
from milkqc.checks.laboratory.rules import RULES
from milkqc.model import Checked, LedgerRow

# Findings of single results that a batch in the wrong unit brings about.
_FOLLOWERS = (".range", ".hard", ".batch_median", ".under_limit", ".impossible")


def check(milk: pl.DataFrame, controls: pl.DataFrame, *, off: frozenset[str] = frozenset()) -> Checked:
    """Judge the view of milk and the laboratory's own rows (both in canonical values) batch by batch.

    Rules named in `off` are not run; the ledger says so.
    """
    report = investigate(milk, controls)
    found = [one for one in report.suspicions if _rule(one) not in off]
    drafts = findings.drafts(_draft(one) for one in found)
    return Checked(drafts, tuple(_ledger(report, found, off)))


def explained(drafts: pl.DataFrame, milk: pl.DataFrame) -> pl.DataFrame:
    """`drafts` with the cause of a batch in another unit on the findings of its own results."""
    causes = drafts.filter(pl.col("rule_id") == "milk.batch.unit").select(
        "variable", "cause_id", batch=pl.col("row_id")
    )
    if causes.is_empty():
        return drafts
    names = [name for name in ("batch", "site", "source_file") if name in milk.columns]
    rows = pl.concat(
        [
            milk.filter(pl.col(name).is_not_null()).select(
                "row_id", variable="analyte", batch=pl.concat_str(pl.lit(f"{name}="), pl.col(name))
            )
            for name in names
        ]
    )
    mine = rows.join(causes, on=["batch", "variable"]).select("row_id", "variable", _cause="cause_id")
    follower = pl.any_horizontal([pl.col("rule_id").str.ends_with(end) for end in _FOLLOWERS])
    return (
        drafts.join(
            mine.unique(["row_id", "variable"]), on=["row_id", "variable"], how="left", maintain_order="left"
        )
        .with_columns(
            cause_id=pl.when((pl.col("table") == "milk") & follower)
            .then(pl.coalesce("cause_id", "_cause"))
            .otherwise("cause_id")
        )
        .drop("_cause")
    )


def _rule(one: Suspicion) -> str:
    return "milk.batch.unit" if one.units else "milk.batch.shifted"


def _draft(one: Suspicion) -> dict[str, object]:
    rule = RULES[_rule(one)]
    shared = {
        "rule_id": rule.id,
        "severity": rule.severity,
        "table": "milk",
        "row_id": f"{one.group.by}={one.group.name}",
        "engine": "rules",
        "variable": one.group.analyte,
        "n_rows": one.of,
    }
    if not one.units:
        return {
            **shared,
            "value": f"{one.ratio:.3g} times",
            "expected": "about 1",
            "message": (
                f"Results of {one.name} are {one.ratio:.3g} times those of the others, which no unit explains "
                f"(posterior {_shown(one.posterior)}). Ask the laboratory about its calibration."
            ),
        }
    named = " or ".join(one.units)
    return {
        **shared,
        "value": one.group.unit,
        "expected": named,
        "cause_id": one.cause,
        "message": (
            f"{one.fits} of {one.of} results of {one.name} fit if the unit is {named}, not {one.group.unit} "
            f"(posterior {_shown(one.posterior)}). Ask the laboratory."
        ),
    }


def _shown(posterior: float) -> str:
    """Two decimals, and never a certainty that nobody has."""
    return "over 0.99" if posterior > 0.99 else f"{posterior:.2f}"


def _ledger(report: Report, found: list[Suspicion], off: frozenset[str]) -> Iterator[LedgerRow]:
    for rule in ("milk.batch.unit", "milk.batch.shifted"):
        for analyte in sorted(report.judged):
            if rule in off:
                yield RULES[rule].row(
                    analyte, looked_at=0, failed=0, findings=0, status="skipped", why="switched off"
                )
                continue
            failed = sum(one.group.analyte == analyte and _rule(one) == rule for one in found)
            yield RULES[rule].row(
                analyte,
                looked_at=report.judged[analyte],
                failed=failed,
                findings=failed,
                not_judged=report.not_judged[analyte],
            )
