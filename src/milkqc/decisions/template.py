"""Open findings as lines to write decisions into, each with what its cell holds."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from milkqc import findings as found
from milkqc.decisions.held import held
from milkqc.decisions.read import COLUMNS
from milkqc.errors import OutputError, SourceError
from milkqc.model import TABLES

BESIDE = (
    "severity",
    "status",
    "rule_id",
    "table",
    "participant_id",
    "visit",
    "sample_id",
    "site",
    "variable",
    "message",
)


def write_template(out: Path, file: Path) -> int:
    """The open findings of a run's folder written to `file`; how many they are.

    SourceError when `out` is no run that holds its rows, OutputError when `file` is there already or cannot be
    written: what somebody has decided is never overwritten.
    """
    findings = _findings(out).filter(found.is_open())
    tables = {name: _table(out, name) for name in TABLES}
    now = held(findings, tables)
    raw = [now[one].raw for one in findings["finding_id"]]
    empty = [pl.lit(None, dtype=pl.String).alias(name) for name in COLUMNS[2:]]
    lines = findings.select("finding_id", pl.Series("raw_value", raw, dtype=pl.String), *empty, *BESIDE)
    try:
        with file.open("x", encoding="utf-8", newline="") as target:
            target.write(_guarded(lines).write_csv(line_terminator="\n"))
    except FileExistsError:
        raise OutputError(f"{file}: is there already. Name another file, or move it.") from None
    except OSError as error:
        raise OutputError(f"{file}: cannot be written: {error.strerror}. Name another file.") from None
    return lines.height


def _findings(out: Path) -> pl.DataFrame:
    file = out / "findings.csv"
    if not file.is_file() or not (out / "lineage").is_dir():
        raise SourceError(
            str(out),
            "holds no findings with their rows.",
            "Name the --out folder of a run (not a public one).",
        )
    return pl.read_csv(file, schema=found.FINDINGS_SCHEMA)


def _table(out: Path, name: str) -> pl.DataFrame:
    clean = out / "harmonized" / f"{name}.parquet"
    lineage = out / "lineage" / f"{name}.parquet"
    if not clean.is_file() or not lineage.is_file():
        return pl.DataFrame()
    rows, beside = pl.read_parquet(clean), pl.read_parquet(lineage)
    return rows.hstack(beside.select(column for column in beside.columns if column not in rows.columns))


def _guarded(lines: pl.DataFrame) -> pl.DataFrame:
    """A `'` before text that a spreadsheet would run, except plain numbers; `read` takes it off again."""
    risky = r"^[=+\-@\t\r\n]"
    number = r"^[+-]?[0-9]+\.?[0-9]*([eE][+-]?[0-9]+)?$"
    return lines.with_columns(
        pl.when(pl.col(name).str.contains(risky) & ~pl.col(name).str.contains(number))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(name)
        .alias(name)
        for name in lines.columns
    )
