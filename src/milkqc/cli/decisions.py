"""`milkqc decisions`: the open findings of a run as a file to write decisions into."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("decisions")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--to", "file", required=True, type=click.Path(path_type=Path), help="The CSV file to write.")
def command(out: Path, file: Path) -> None:
    """Write the open findings of the run in OUT to a CSV file in which people note what they decide (docs/decisions.md)."""
    from milkqc.decisions.template import write_template

    n = write_template(out, file)
    click.echo(f"{n} open finding{'s' * (n != 1)}: {file}")
