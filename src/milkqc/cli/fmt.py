"""`milkqc fmt`: a mapping in its one canonical form."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("fmt")
@click.argument("mapping", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 when the file is not in this form.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(mapping: Path, check: bool, diff: bool) -> None:
    """Bring MAPPING into its one order and quoting. Comments stay, and it means exactly what it meant.

    Exit codes: 0 the file is (now) in this form; 1 with --check, it is not; 2 it cannot be read as a mapping.
    """
    from milkqc.mapping.form import formatted
    from milkqc.mapping.form.files import difference, read_text, write_text

    text = read_text(mapping)
    wanted = formatted(text, name=mapping.name)
    if diff:
        click.echo(difference(text, wanted, mapping.name), nl=False)
    elif not check and wanted != text:
        write_text(mapping, wanted)
    if check and wanted != text:
        click.echo(f"{mapping}: not in canonical form. Run `milkqc fmt {mapping}`.", err=True)
        sys.exit(1)
