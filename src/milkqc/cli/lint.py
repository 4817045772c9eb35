"""`milkqc lint`: what is wrong with a mapping, alone or against its data."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("lint")
@click.argument("mapping", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="The folder of uploads to hold it against.")
@click.option(
    "--since",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What --remember wrote: columns that are new or gone since then.",
)
@click.option(
    "--remember",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the columns of the uploads there, for --since next time.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True
)
def command(mapping: Path, data: Path | None, since: Path | None, remember: Path | None, form: str) -> None:
    """Say all that is wrong with MAPPING, each with file, line and column, and what to do.

    Exit codes: 0 nothing; 1 faults or warnings; 2 the mapping (or what an option names) cannot be opened.
    """
    from milkqc.linting import lint, remembered_columns
    from milkqc.linting.render import as_json, as_sarif, as_text

    if data is None and (since is not None or remember is not None):
        raise click.UsageError("--since and --remember need --data.")
    notes = lint(mapping, data=data, since=since)
    shown = as_sarif(notes) if form == "sarif" else ""
    shown = shown or (as_json(notes, mapping.name) if form == "json" else as_text(notes, mapping.name))
    click.echo(shown, nl=False)
    if any(note.fault.code in {"M101", "R101"} for note in notes):
        sys.exit(2)
    if remember is not None and data is not None and not any(note.severity == "fault" for note in notes):
        from milkqc.mapping.form.files import write_text

        write_text(remember, remembered_columns(mapping, data))
    sys.exit(1 if notes else 0)
