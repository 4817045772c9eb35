"""What a mapping says of how the files of a source table are to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from milkqc.mapping.language import Table
    from milkqc.mapping.load import Loaded
    from milkqc.readers.options import ReadOptions


def read_options(table: Table, *, keep: tuple[str, ...] = ()) -> ReadOptions:
    """What a source table of the mapping says of how its files are to be read."""
    from milkqc.readers.options import Plate, ReadOptions

    plate = table.plate
    return ReadOptions(
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        decimal=table.decimal,
        thousands=table.thousands,
        header_row=table.header_row if table.header_row != "none" else None,
        separator=" " if table.separator is None else table.separator,
        unit_row=table.unit_row,
        first_row=table.first_row,
        last_row=table.last_row,
        until=table.until,
        section=table.section,
        plate=None
        if plate is None
        else Plate(plate.rows, plate.columns, plate.start, plate.corner, tuple(plate.beside.items())),
        names=table.names,
        sheet=table.sheet,
        form=table.form,
        mixed=table.mixed == "allow",
        missing_codes=table.missing_codes,
        keep=keep,
    )


def kept_identifiers(name: str, loaded: Loaded) -> tuple[str, ...]:
    """The REDCap identifier fields of a table that the mapping keeps on purpose."""
    from milkqc.mapping.uses import uses

    kept = {
        use.column
        for use in uses(loaded.mapping)
        if use.table == name and use.spec is not None and use.spec.identifier == "keep"
    }
    return tuple(sorted(kept))
