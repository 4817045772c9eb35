"""`milkqc draft`: a mapping proposed from what the files say."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("draft")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The mapping to write."
)
@click.option("--study", help="The study's short name; the folder's name without it.")
@click.option("--force", is_flag=True, help="Replace OUT if it exists.")
def command(files: tuple[Path, ...], out: Path, study: str | None, *, force: bool) -> None:
    """Propose a mapping for FILES (a folder stands for the files in it).

    Names, labels, value labels, units, REDCap's dictionary, ranges and codes say what a column may be. Every line
    carries a grade (exact, likely, unsure) and the evidence; what is unsure is not decided. Values of columns that
    may tell who somebody is are never written.
    """
    from milkqc.drafting import DraftError, draft
    from milkqc.errors import OutputError

    if study is not None and not _sound(study):
        raise click.BadParameter(
            "letters, digits, dot, dash and underscore, 64 at the most.", param_hint="--study"
        )
    if out.exists() and not force:
        raise OutputError(f"{out} exists already. Name another file, or say --force to replace it.")
    if out.resolve() in {file.resolve() for file in files}:
        raise DraftError(f"{out} is one of the files to draft from.")
    made = draft(files, study=study)
    try:
        out.write_text(made.text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}.") from None
    for line in made.passed:
        click.echo(f"passed over: {line}", err=True)
    counts = made.counts()
    click.echo(f"{out}: {len(made.plan.tables)} tables, {sum(counts.values())} columns.")
    click.echo(
        f"{counts['exact']} exact, {counts['likely']} likely, {counts['unsure']} unsure, {counts['left out']} left out."
    )
    click.echo("Read every line, settle what is unsure, then:")
    click.echo(f"  milkqc run {out} --data {made.data_shown()} --out OUT")


def _sound(study: str) -> bool:
    import re

    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", study) is not None
