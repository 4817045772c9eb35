"""`milkqc inspect`: what is in a file."""

from __future__ import annotations

import shutil
from pathlib import Path

import click


@click.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sheet", help="The sheet of a workbook.")
@click.option(
    "--format", "file_format", help="The file's format, where its ending does not say it (csv, redcap ...)."
)
@click.option("--dictionary", type=click.Path(path_type=Path), help="The REDCap data dictionary of FILE.")
@click.option("--form", help="One form of a REDCap export.")
@click.option("--encoding", help="How the text is encoded, such as utf-8, cp1252 or utf-16.")
@click.option("--delimiter", help="What stands between the cells of a text file; \\t is a tab.")
@click.option("--header-row", type=click.IntRange(min=1), help="The row with the columns' names, from 1.")
@click.option("--all", "whole", is_flag=True, help="Everything, however long.")
@click.option("--json", "machine", is_flag=True, help="JSON instead, as docs/inspect.md describes it.")
def command(
    file: Path,
    sheet: str | None,
    file_format: str | None,
    dictionary: Path | None,
    form: str | None,
    encoding: str | None,
    delimiter: str | None,
    header_row: int | None,
    whole: bool,
    machine: bool,
) -> None:
    """Say what is in FILE: columns, labels, codes, what is missing and why, ranges, and what to look at.

    Values of columns that may tell who somebody is (names, phones, dates of birth ...) are never printed.
    """
    from milkqc.inspection import as_json, inspect, page
    from milkqc.readers import ReadOptions

    if dictionary is not None and file_format is None:
        file_format = "redcap"
    options = ReadOptions(
        format=file_format,
        encoding=encoding,
        delimiter="\t" if delimiter == "\\t" else delimiter,
        header_row=header_row,
        sheet=sheet,
        dictionary=dictionary,
        form=form,
    )
    found = inspect(file, options)
    # COLUMNS overrides; without a terminal a page is 100 wide, so that a file of it reads like a screen.
    width = shutil.get_terminal_size((100, SCREEN_LINES)).columns
    click.echo(as_json(found) if machine else page(found, width=width, whole=whole), nl=False)


SCREEN_LINES = 40
