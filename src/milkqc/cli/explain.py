"""`milkqc explain`: how a cell of the outputs came about, from the outputs alone."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("explain")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.argument("participant")
@click.argument("visit")
@click.argument("variable")
@click.option("--infant", help="Which infant of the participant, where there are several.")
@click.option("--sample", help="Which sample, with --table milk or biomarkers.")
@click.option(
    "--table",
    default="analysis",
    show_default=True,
    help="analysis, participants, visits, growth, milk or biomarkers; in the last two VARIABLE is an analyte.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The folder of uploads: each source cell then says whether the file there is the one of the run.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    out: Path,
    participant: str,
    visit: str,
    variable: str,
    infant: str | None,
    sample: str | None,
    table: str,
    data: Path | None,
    form: str,
) -> None:
    """Explain one cell of OUT, the folder that `milkqc run` wrote: where it comes from and how it was made.

    Prints the text of its source cells with file, sheet, row and column, the line of the mapping, factors and
    figures to work it out again, why it is missing, the findings on it and what each rule said of it. Of a
    participant's fact (--table participants) VISIT is not looked at: write -.
    """
    from milkqc.explain import Explainer

    found = Explainer(out, data).explain(
        participant, visit, variable, infant=infant, sample=sample, table=table
    )
    if form == "json":
        click.echo(json.dumps([one.as_json() for one in found], indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(one.as_text() for one in found), nl=False)
