"""The study's own computed values against ours: a difference is a finding, and neither value is changed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from milkqc import findings, reference, units
from milkqc.checks.ledger import Entry, reason, written
from milkqc.clock import Clock
from milkqc.model import Checked, Compared, LedgerRow

# From this share of the judged rows on, and this many, a difference has one cause: another standard or formula.
_SHARE, _LEAST = 0.2, 5
SAYS = "What the study computed itself is compared with what milkqc computes from the same row."
SOURCE = "the study's own computation"


def check(tables: Mapping[str, pl.DataFrame], comparisons: Sequence[Compared]) -> Checked:
    """Rule `<table>.compare` for every comparison of the mapping.

    A row is judged where both values are there. Single differences are warnings by row; where at least a fifth of
    the judged rows (and five) differ it is one warning for the table. A comparison that raises is broken in the
    ledger, and the others go on.
    """
    drafts, ledger, clock = [findings.drafts()], [], Clock()
    for one in comparisons:
        entry = Entry(
            f"{one.table}.compare",
            "rules",
            one.table,
            one.name,
            "warning",
            SAYS,
            SOURCE,
        )
        began = time.perf_counter()
        try:
            found, row = _compared(tables[one.table], one, entry)
        # One comparison that cannot be made must neither stop the run nor look like a pass.
        except Exception as error:  # noqa: BLE001
            found, row = findings.drafts(), entry.did_not_run("broken", reason(error))
        drafts.append(found)
        ledger.append(row)
        clock.share((entry.rule_id,), time.perf_counter() - began)
    return Checked(pl.concat(drafts), tuple(ledger), clock.seconds)


def _compared(frame: pl.DataFrame, one: Compared, entry: Entry) -> tuple[pl.DataFrame, LedgerRow]:
    rows = _rows(frame, one)
    both = pl.col("theirs").is_not_null() & pl.col("ours").is_not_null()
    judged = rows.filter(both)
    unable = rows.filter(~both & pl.col("theirs").is_not_null()).height
    if judged.is_empty():
        return findings.drafts(), entry.did_not_run("nothing_to_look_at", "", not_judged=unable)
    failed = judged.filter(_apart(one)).sort("row_id")
    found = findings.drafts(_found(one, failed, judged.height))
    return found, entry.ran(
        looked_at=judged.height, failed=failed.height, findings=found.height, not_judged=unable
    )


def _rows(frame: pl.DataFrame, one: Compared) -> pl.DataFrame:
    """row_id, theirs, ours, in the unit of the comparison; a source row that made several rows counts once."""
    theirs, ours = f"let_compare_{one.name}", f"let_formula_{one.name}"
    if f"{theirs}__number" not in frame.columns:
        return pl.DataFrame(schema={"row_id": pl.String, "theirs": pl.Float64, "ours": pl.Float64})
    if one.formula is not None:
        number, unit = pl.col(f"{ours}__number"), pl.col(f"{ours}__raw_unit")
    else:
        column = reference.dictionary()[one.table, one.name]
        number, unit = pl.col(one.name).cast(pl.Float64), pl.lit(column.unit)
    rows = frame.select(
        "row_id",
        "source_file",
        "source_row",
        theirs=pl.col(f"{theirs}__number"),
        written=pl.col(f"{theirs}__raw_unit").cast(pl.String),
        ours=number,
        unit=unit.cast(pl.String),
    )
    if one.formula is not None:
        rows = rows.sort("row_id").unique(["source_file", "source_row"], keep="first", maintain_order=True)
    pairs = rows.select("written", "unit").unique().sort("written", "unit")
    factors = pairs.with_columns(
        factor=pl.Series([_factor(*pair) for pair in pairs.rows()], dtype=pl.Float64)
    )
    joined = rows.join(factors, on=["written", "unit"], how="left", nulls_equal=True, maintain_order="left")
    return joined.select("row_id", theirs=pl.col("theirs") * pl.col("factor"), ours="ours")


def _factor(written_unit: str | None, unit: str | None) -> float:
    # Lint has seen that both are there or neither, and that they convert.
    return 1.0 if written_unit is None or unit is None else units.unit_factor(written_unit, unit)


def _apart(one: Compared) -> pl.Expr:
    bound = pl.col("ours").abs() * (one.tolerance / 100) if one.relative else pl.lit(one.tolerance)
    # Binary noise of a decimal difference: 1.05 - 1.00 is more than 0.05 by 4e-17.
    return (pl.col("theirs") - pl.col("ours")).abs() > bound + 1e-9


def _found(one: Compared, failed: pl.DataFrame, judged: int) -> Iterator[dict[str, object]]:
    allowed = f"{one.tolerance:g} %" if one.relative else f"{one.tolerance:g}"
    shared = {
        "rule_id": f"{one.table}.compare",
        "severity": "warning",
        "table": one.table,
        "engine": "rules",
        "variable": one.name,
    }
    if failed.height >= max(_LEAST, _SHARE * judged):
        middle = failed.select((pl.col("theirs") - pl.col("ours")).median()).item()
        yield {
            **shared,
            "row_id": "*",
            "n_rows": failed.height,
            "value": f"{failed.height} of {judged}",
            "expected": f"within {allowed}",
            "message": (
                f"{failed.height} of {judged} values of the study's own {one.name} differ from ours, by "
                f"{middle:.3g} in the middle. Find out which standard or formula it used."
            ),
        }
        return
    for row in failed.iter_rows(named=True):
        yield {
            **shared,
            "row_id": row["row_id"],
            "value": written(row["theirs"]),
            "expected": f"{row['ours']:.6g} within {allowed}",
        }
