"""`milkqc mapping`: what can be done with a mapping besides running it."""

from __future__ import annotations

from pathlib import Path

import click

from milkqc.cli._golden import test

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("mapping")
def command() -> None:
    """A mapping as a workbook, and back; its golden rows tried."""


command.add_command(test)


@command.command("to-excel")
@click.argument("mapping", type=_FILE)
@click.option("--out", required=True, type=_FILE, help="The workbook to write (.xlsx).")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of uploads: their columns become dropdowns and a sheet of their own.",
)
def to_excel(mapping: Path, out: Path, data: Path | None) -> None:
    """Write MAPPING as a workbook to edit, with dropdowns; every cell is text and nothing of it is lost."""
    from milkqc.mapping.excel import write
    from milkqc.mapping.form.files import read_text

    if out.suffix.lower() != ".xlsx":
        raise click.BadParameter("the workbook's name ends in .xlsx.", param_hint="--out")
    text = read_text(mapping)
    found = None
    if data is not None:
        from milkqc.study import source_columns

        found = source_columns(mapping, data)
    write.to_excel(text, out, name=mapping.name, sources=found)
    click.echo(f"{out}: edit it, then `milkqc mapping from-excel {out} {mapping}`.")


@command.command("from-excel")
@click.argument("workbook", type=_FILE)
@click.argument("mapping", type=_FILE)
@click.option("--out", type=_FILE, help="Write the new mapping there instead of over MAPPING.")
def from_excel(workbook: Path, mapping: Path, out: Path | None) -> None:
    """Take the changes of WORKBOOK over into MAPPING, which must be as it was when the workbook was made."""
    from milkqc import reference
    from milkqc.mapping.excel import read
    from milkqc.mapping.form.files import difference, read_text, write_text
    from milkqc.mapping.load import loads
    from milkqc.study import own_analytes

    text = read_text(mapping)
    with reference.using(own_analytes(loads(text, name=mapping.name, folder=mapping.parent))):
        made = read.from_excel(workbook, text, name=mapping.name)
    write_text(out or mapping, made)
    changed = difference(text, made, mapping.name)
    click.echo(changed or f"{workbook} changes nothing.\n", nl=False)
