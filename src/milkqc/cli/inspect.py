"""`milkqc inspect`: what is in a file."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from milkqc.cli._options import READER_MEMORY, READER_SECONDS

_FILE = click.Path(path_type=Path)
_ROW = click.IntRange(min=1)


def _rows(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    parts = [part.strip() for part in value.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise click.BadParameter("rows are numbers from 1, such as 3, or 3,4 for a header of two rows.")
    return tuple(map(int, parts))


@click.command("inspect")
@click.argument("file", type=_FILE)
@click.option("--sheet", help="The sheet of a workbook.")
@click.option(
    "--format", "file_format", help="The format, where the ending does not say it (csv, redcap ...)."
)
@click.option("--dictionary", type=_FILE, help="The REDCap data dictionary of FILE.")
@click.option("--form", help="One form of a REDCap export.")
@click.option("--catalog", type=_FILE, help="The SAS catalogue with the value labels of FILE.")
@click.option("--encoding", help="How the text is encoded, such as utf-8, cp1252 or utf-16.")
@click.option("--delimiter", help="What stands between the cells of a text file; \\t is a tab.")
@click.option(
    "--header-row", callback=_rows, help="The row with the columns' names, from 1; 3,4 for two rows."
)
@click.option("--unit-row", type=_ROW, help="The row with the units.")
@click.option("--first-row", type=_ROW, help="The first row of data.")
@click.option("--last-row", type=_ROW, help="The last row of data.")
@click.option("--until", help="The data end before a row that reads so; blank for an empty row.")
@click.option("--section", help="What the line above the table reads, where a file has several.")
@click.option("--plate", help="The first well of a plate grid, such as B11; several by commas.")
@click.option("--plate-corner", help="What the corner above the rows' letters of a plate grid reads.")
@READER_SECONDS
@READER_MEMORY
@click.option("--all", "whole", is_flag=True, help="Everything, however long.")
@click.option("--json", "machine", is_flag=True, help="JSON instead, as docs/inspect.md describes it.")
def command(
    file: Path,
    file_format: str | None,
    header_row: tuple[int, ...] | None,
    delimiter: str | None,
    plate: str | None,
    plate_corner: str | None,
    whole: bool,
    machine: bool,
    dictionary: Path | None,
    reader_seconds: float | None,
    reader_memory: int | None,
    **asked: str | int | Path | None,
) -> None:
    """Say what is in FILE: columns, labels, codes, what is missing and why, ranges, and what to look at.

    Values of columns that may tell who somebody is (names, phones, dates of birth ...) are never printed.
    """
    from milkqc.inspection import as_json, inspect, page
    from milkqc.readers import ReadOptions
    from milkqc.readers.options import Plate

    if dictionary is not None and file_format is None:
        file_format = "redcap"
    limits: dict[str, float | int] = {}
    if reader_seconds is not None:
        limits["reader_seconds"] = reader_seconds
    if reader_memory is not None:
        limits["reader_memory"] = reader_memory * 1024**2
    wells = tuple(part.strip() for part in (plate or "").split(",") if part.strip())
    options = ReadOptions(
        format=file_format,
        dictionary=dictionary,
        delimiter="\t" if delimiter == "\\t" else delimiter,
        header_row=header_row[0] if header_row is not None and len(header_row) == 1 else header_row,
        plate=Plate(start=wells, corner=plate_corner) if wells or plate_corner else None,
        **limits,  # type: ignore[arg-type]  # seconds and bytes
        **asked,  # type: ignore[arg-type]  # click gives each option the type that it declares
    )
    found = inspect(file, options)
    # COLUMNS overrules; without a terminal a page is 100 wide, so that a file of it reads like a screen.
    width = shutil.get_terminal_size((100, 40)).columns
    click.echo(as_json(found) if machine else page(found, width=width, whole=whole), nl=False)
