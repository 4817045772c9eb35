"""Clean tables and their lineage: what the analyst reads, and the way each cell came, apart from each other."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import polars as pl
import polars.selectors as cs

from milkqc import reference
from milkqc.emit.text import runs
from milkqc.findings import drafts

_LINEAGE = ("row_id", "source_table", "source_file", "source_row")
# Fixed, so that a file's bytes do not follow the library's default.
_ROW_GROUP = 131_072


def split(table_name: str, internal_frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """An internal table as (clean, lineage), both sorted by row_id, one row each per internal row.

    clean: every column of the dictionary in its order and type (all null where nothing was mapped), then the
    study's own `x_` columns by name. lineage: row_id, source table, file and row, then everything else the
    pipeline kept beside the values (`X__raw`, `X__missing`, `X__raw_unit`, `X__factor`, the `let`s of a block)
    by name. KeyError for a table that the dictionary does not have. No column of the internal table is lost; a whole-number column that holds a fraction stays a number.
    """
    known = {column.column: reference.polars_type(column) for column in reference.columns(table_name)}
    frame = internal_frame.sort("row_id", maintain_order=True)
    extras = sorted(
        name for name in frame.columns if name.startswith("x_") and "__" not in name and name not in known
    )
    clean = frame.select(
        *(_typed(frame, name, kind) for name, kind in known.items()),
        *(pl.col(name) for name in extras),
    )
    rest = sorted(set(frame.columns) - set(clean.columns) - set(_LINEAGE))
    lineage = frame.select(*(name for name in _LINEAGE if name in frame.columns), *rest)
    return clean, lineage


def _typed(frame: pl.DataFrame, name: str, kind: pl.DataType) -> pl.Expr:
    if name not in frame.columns:
        return pl.lit(None, dtype=kind).alias(name)
    column = frame.get_column(name)
    # A count of 1.5 is wrong, and a finding elsewhere; cutting it to 1 here would hide it.
    if kind == pl.Int64 and column.dtype.is_float() and (column != column.floor()).any():
        return pl.col(name)
    return pl.col(name).cast(kind)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """One parquet file, the same bytes for the same frame whatever the threads and the frame's chunks."""
    buffer = BytesIO()
    frame.rechunk().write_parquet(buffer, compression="zstd", compression_level=3, row_group_size=_ROW_GROUP)
    path.write_bytes(buffer.getbuffer())


# The rule of text that a spreadsheet would run.
FORMULA = "data.text.formula"


def formulas(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Draft findings: one warning per table and column whose text a spreadsheet would run as a formula.

    The data files keep such a value as it is (only files for people get a `'` before it), so it is said here.
    """
    rows = []
    for table, frame in tables.items():
        names = [name for name in frame.select(cs.string()).columns if "__" not in name]
        counts = frame.select(runs(pl.col(name)).sum().alias(name) for name in names)
        rows += [
            {
                "rule_id": FORMULA,
                "severity": "warning",
                "table": table,
                "row_id": "*",
                "engine": "reading",
                "variable": name,
                "n_rows": counts.item(0, name),
            }
            for name in names
            if counts.item(0, name)
        ]
    return drafts(rows)
