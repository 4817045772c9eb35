"""`milkqc zscores`: growth scores for one file, without a study around it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from milkqc.cli._options import FAIL_ON, QUIET

if TYPE_CHECKING:
    from milkqc.zscores import Choices, Scored

# From this many rows on, somebody who waits at a terminal sees how far it is.
LONG = 100_000
_ORDER = ("critical", "warning", "info", "never")
# option, what it is, unit or example of codes (zscores/fields.py; a test holds the two together)
_NUMBERS = (
    ("weight", "weight", "kg"),
    ("length", "length or height, as measured", "cm"),
    ("head", "head circumference", "cm"),
    ("muac", "mid-upper arm circumference", "cm"),
    ("triceps", "triceps skinfold", "mm"),
    ("subscapular", "subscapular skinfold", "mm"),
    ("gestation", "gestational age at birth", "day"),
    ("birth-weight", "weight at birth", "kg"),
    ("birth-length", "length at birth", "cm"),
    ("birth-head", "head circumference at birth", "cm"),
)
_WORDS = (
    ("sex", "sex", "1=male,2=female"),
    ("measured", "position: lying or standing", "1=lying,2=standing"),
    ("oedema", "oedema: yes or no", "y=true,n=false"),
)
_PLAIN = (
    ("age-days", "age in days"),
    ("age-months", "age in months, not rounded"),
    ("birth-date", "date of birth"),
    ("visit-date", "date of the measurement"),
)


def _codes(_context: click.Context, option: click.Parameter, value: str | None) -> dict[str, str] | None:
    """`1=male,2=female` as a mapping."""
    if value is None:
        return None
    pairs = [part.partition("=") for part in value.split(",")]
    if any(not code.strip() or not sign or not word.strip() for code, sign, word in pairs):
        raise click.BadParameter(f"write code=word, separated by commas, in {option.opts[0]}.")
    return {code.strip(): word.strip().lower() for code, _, word in pairs}


def _columns(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name columns, their units and their codes, in the order of help."""
    options = []
    for name, about, example in _WORDS[:1]:
        options += [_named(name, about), _coded(name, example)]
    options += [_named(name, about) for name, about in _PLAIN]
    for name, about, unit in _NUMBERS[:6]:
        options += [_named(name, about), _united(name, unit)]
    for name, about, example in _WORDS[1:]:
        options += [_named(name, about), _coded(name, example)]
    for name, about, unit in _NUMBERS[6:]:
        options += [_named(name, about), _united(name, unit)]
    for option in reversed(options):
        function = option(function)
    return function


def _named(name: str, about: str) -> Callable[..., Any]:
    return click.option(f"--{name}", metavar="COLUMN", help=f"Column: {about}.")


def _united(name: str, unit: str) -> Callable[..., Any]:
    return click.option(
        f"--{name}-unit", metavar="UNIT", help=f"Its unit ({unit} if the column has milkqc's name)."
    )


def _coded(name: str, example: str) -> Callable[..., Any]:
    return click.option(
        f"--{name}-codes", metavar="CODES", callback=_codes, help=f"Its codes, such as {example}."
    )


@click.command("zscores")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The file to write; its ending is the format.",
)
@_columns
@click.option("--date-format", help="How dates are written where they are text, such as %d/%m/%Y.")
@click.option("--missing", default="", help="Codes that mean missing, separated by commas.")
@click.option("--prefix", default="", help="Put this before the name of every added column.")
@click.option("--format", "format_", help="The format of FILE where its ending does not say it.")
@click.option("--encoding", help="The encoding of FILE.")
@click.option("--delimiter", help="The delimiter of a text file.")
@click.option("--decimal", type=click.Choice([".", ","]), help="The decimal sign of a text file.")
@click.option("--sheet", help="The sheet of a workbook.")
@click.option("--dictionary", type=click.Path(path_type=Path), help="The data dictionary of a REDCap export.")
@click.option("--form", help="The form of a REDCap export.")
@FAIL_ON
@QUIET
def command(
    file: Path,
    out: Path,
    date_format: str | None,
    missing: str,
    prefix: str,
    format_: str | None,
    encoding: str | None,
    delimiter: str | None,
    decimal: str | None,
    sheet: str | None,
    dictionary: Path | None,
    form: str | None,
    fail_on: str,
    quiet: bool,
    **named: Any,
) -> None:
    """Add WHO growth scores (and INTERGROWTH-21st size at birth) to the rows of FILE, and write it all to OUT.

    Columns called as milkqc calls them (infant_sex, age_days, weight_kg, length_cm, measured ...) are found; others
    are named by options, with their units. OUT ends in .csv, .parquet, .xlsx, .dta or .sav.

    Exit codes: 0 scored; 1 scored, and something is at or above --fail-on (an age below zero, say); 2 nothing was
    written: a column, unit or code is missing, or the file cannot be read.
    """
    from milkqc.readers import ReadOptions, read
    from milkqc.zscores import score_source, write
    from milkqc.zscores.write import check

    check(out, file)
    source = read(
        file,
        ReadOptions(
            format=format_,
            encoding=encoding,
            delimiter=delimiter,
            decimal=decimal,
            sheet=sheet,
            dictionary=dictionary,
            form=form,
        ),
    )
    with _bar(source.table.height, quiet=quiet) as progress:
        scored = score_source(
            source, _choices(named, date_format, missing, decimal), prefix=prefix, progress=progress
        )
    write(scored.table, out, source, prefix=prefix)
    _say(file, out, scored)
    counted = _ORDER[: _ORDER.index(fail_on) + 1] if fail_on != "never" else ()
    sys.exit(1 if any(note.severity in counted for note in scored.notes) else 0)


def _choices(named: dict[str, Any], date_format: str | None, missing: str, decimal: str | None) -> Choices:
    from milkqc.zscores import Choices
    from milkqc.zscores.fields import CODE_OPTIONS, FIELDS, UNIT_OPTIONS

    def given(one: Any, ending: str = "") -> Any:
        return named[one.option.replace("-", "_") + ending]

    return Choices(
        columns={one.name: given(one) for one in FIELDS if given(one) is not None},
        units={one.name: given(one, "_unit") for one in UNIT_OPTIONS if given(one, "_unit") is not None},
        codes={one.name: given(one, "_codes") for one in CODE_OPTIONS if given(one, "_codes") is not None},
        missing=tuple(part.strip() for part in missing.split(",") if part.strip()),
        date_format=date_format,
        decimal=decimal,
    )


@contextmanager
def _bar(rows: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr for a long file, if stderr is somebody's terminal."""
    if quiet or rows < LONG or not sys.stderr.isatty():
        yield _nothing
        return
    with click.progressbar(length=rows, label="Scoring", file=sys.stderr) as bar:
        yield bar.update


def _nothing(_rows: int) -> None:
    """No bar moves."""


def _say(file: Path, out: Path, scored: Scored) -> None:
    """What came of it, on stdout: counts and row numbers, no value."""
    click.echo(f"{file.name}: {scored.table.height:,} rows, {scored.scored_rows:,} with a score.")
    for name, (known, flagged) in scored.counts.items():
        click.echo(f"  {name:<7} {known:>9,} scores, {flagged:,} flagged")
    for note in sorted(scored.notes, key=lambda note: _ORDER.index(note.severity)):
        click.echo(f"{note.severity}: {note.message}")
    click.echo(f"Written: {out}")
