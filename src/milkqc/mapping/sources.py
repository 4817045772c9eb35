"""The source tables of a study: the files behind one name stacked, and their cells column by column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from milkqc import cells
from milkqc.model import Source, Variable

KINDS: dict[str, pl.DataType] = {
    "number": pl.Float64(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "boolean": pl.Boolean(),
}


@dataclass(frozen=True)
class Cells:
    """One source column's cells for some rows: what was written, why there is nothing, what the format knew.

    `text` is the cell as written (null when blank), `reason` why it holds no value (null when it does),
    `fault` what the format could not read (an impossible date), `native` the typed values where the file
    has types and all files of the table agree, else null.
    """

    column: str
    text: pl.Series
    reason: pl.Series
    fault: pl.Series
    native: pl.Series | None
    kind: str
    variable: Variable

    def take(self, rows: pl.Series, *, absent: str = "no_link") -> Cells:
        """The same column for other rows; a null position is a cell that is missing because of `absent`."""
        reason = pl.select(
            pl.when(rows.is_null()).then(pl.lit(absent)).otherwise(self.reason.gather(rows))
        ).to_series()
        return Cells(
            self.column,
            self.text.gather(rows),
            reason,
            self.fault.gather(rows),
            None if self.native is None else self.native.gather(rows),
            self.kind,
            self.variable,
        )


@dataclass(frozen=True)
class SourceTable:
    """One source table of the mapping: one file, or several with the same columns stacked in name order."""

    name: str
    sources: tuple[Source, ...]
    decimal: str | None = None
    thousands: str | None = None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the first file; `against` sees to it that the others have the same."""
        return tuple(self.sources[0].table.columns)

    @cached_property
    def height(self) -> int:
        """Data rows of all files together."""
        return sum(source.table.height for source in self.sources)

    @cached_property
    def places(self) -> pl.DataFrame:
        """source_file and source_row (1-based) of every row."""
        return pl.concat(
            pl.select(
                source_file=pl.lit(source.origin.file)
                .repeat_by(source.table.height)
                .explode()
                .cast(pl.String)
                if source.table.height
                else pl.Series([], dtype=pl.String),
                source_row=_rows(source),
            )
            for source in self.sources
        )

    def kind(self, column: str) -> str:
        """`number`, `date`, `datetime` or `boolean` when every file has the column so, else `text`."""
        kinds = {_kind(source.table.schema[column]) for source in self.sources}
        return kinds.pop() if len(kinds) == 1 else "text"

    def separators(self, column: str) -> tuple[str | None, str | None]:
        """The decimal and thousands separators of a column: its own if the file declares them, else the table's."""
        declared = {source.variable(column).source_format for source in self.sources}
        if all(text.endswith("comma_decimal") for text in declared):
            # REDCap's number_comma_decimal takes no thousands; with the apostrophe named, an old 1.540 stays
            # unreadable instead of becoming 1540.
            return ",", "'"
        return self.decimal, self.thousands

    def cells(self, column: str) -> Cells:
        """All cells of one column. KeyError when the table has no such column."""
        if column not in self.columns:
            raise KeyError(column)
        kind = self.kind(column)
        native = None
        if kind in KINDS:
            native = pl.concat([source.table[column].cast(KINDS[kind]) for source in self.sources])
        return Cells(
            column,
            pl.concat([cells.source_text(source, column) for source in self.sources]),
            pl.concat([cells.source_reason(source, column) for source in self.sources]),
            pl.concat([_faults(source, column) for source in self.sources]),
            native,
            kind,
            self.sources[0].variable(column),
        )


def _rows(source: Source) -> pl.Series:
    """Each row's 1-based place in its file, also where the reader chose among the file's rows."""
    if source.rows is not None:
        return source.rows.cast(pl.Int64)
    return pl.int_range(1, source.table.height + 1, dtype=pl.Int64, eager=True)


def _kind(kind: pl.DataType) -> str:
    if kind.is_numeric():
        return "number"
    if kind == pl.Date:
        return "date"
    if kind == pl.Datetime:
        return "datetime"
    return "boolean" if kind == pl.Boolean else "text"


def _faults(source: Source, column: str) -> pl.Series:
    mine = [fault for fault in source.faults if fault.column == column]
    none = pl.repeat(None, source.table.height, dtype=pl.String, eager=True)
    return none.scatter([fault.row - 1 for fault in mine], [fault.why for fault in mine]) if mine else none
