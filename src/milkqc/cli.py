"""The command line. Heavy libraries are imported inside the commands: `milkqc --help` answers at once."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milkqc import __version__
from milkqc.errors import MilkqcError

if TYPE_CHECKING:
    from milkqc.model import Result

FORMATS = ("csv", "parquet", "dta", "sav")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="milkqc")
def commands() -> None:
    """Data quality and harmonisation for studies of human milk and infant growth.

    Exit codes: 0 no open finding at or above --fail-on; 1 there is one; 2 could not run, nothing was written;
    3 a check broke while running, the outputs are whole and the verdict is "incomplete".
    """


def _formats(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    unknown = [part for part in chosen if part not in FORMATS]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(FORMATS)}.")
    return chosen


_FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(["critical", "warning", "info", "never"]),
    default="critical",
    show_default=True,
    help="The least severity of an open finding that makes the exit code 1.",
)
_FORMATS = click.option(
    "--format",
    "formats",
    default="csv,parquet",
    show_default=True,
    callback=_formats,
    help="csv and parquet are always written; add dta, sav for the analysis table.",
)
_TIMINGS = click.option(
    "--timings",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the seconds of each step to this JSON file.",
)
_JUNIT = click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every check as a test case to this JUnit XML file.",
)
_SUMMARY = click.option(
    "--summary-md",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the verdict and what to do to this Markdown file.",
)
_PRIVACY = click.option(
    "--privacy",
    type=click.Choice(["internal", "site", "public"]),
    default="internal",
    show_default=True,
    help="Who may see OUT: `site` holds the rows of --site only; `public` aggregates without small counts.",
)
_SITE = click.option("--site", help="The site whose rows to keep; with --privacy site.")
_QUIET = click.option("--quiet", is_flag=True, help="No progress on stderr.")


@commands.command()
@click.argument("mapping", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The folder of uploads.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@_FAIL_ON
@_FORMATS
@_JUNIT
@_SUMMARY
@_PRIVACY
@_SITE
@_TIMINGS
@_QUIET
def run(
    mapping: Path,
    data: Path,
    out: Path,
    fail_on: str,
    formats: tuple[str, ...],
    junit: Path | None,
    summary_md: Path | None,
    privacy: str,
    site: str | None,
    timings: Path | None,
    quiet: bool,
) -> None:
    """Harmonise, score and check the uploads in DATA as MAPPING says, and write every output to OUT."""
    _agree(privacy, site, formats)
    if privacy == "public" and (junit is not None or summary_md is not None):
        raise click.UsageError(
            "--junit and --summary-md tell small counts: leave them out of --privacy public."
        )
    _progress(quiet=quiet)
    sys.exit(
        _run(
            mapping,
            data,
            out,
            fail_on,
            formats,
            timings,
            privacy=privacy,
            site=site,
            junit=junit,
            summary_md=summary_md,
        )
    )


@commands.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@_FORMATS
@_PRIVACY
@_SITE
@_TIMINGS
@_QUIET
def demo(
    out: Path,
    formats: tuple[str, ...],
    privacy: str,
    site: str | None,
    timings: Path | None,
    quiet: bool,
) -> None:
    """Write a small simulated study to OUT (uploads and mapping) and run it into OUT/out.

    Nothing in it comes from a person. Some faults are planted in it, so the verdict is "fail" and the report has
    something to show; the exit code is 0 when the run itself went well.
    """
    from milkqc.demo import write_uploads

    _agree(privacy, site, formats)
    _progress(quiet=quiet)
    mapping = write_uploads(out)
    click.echo(f"Simulated uploads: {out / 'uploads'}\nMapping: {mapping}")
    code = _run(
        mapping, out / "uploads", out / "out", "critical", formats, timings, privacy=privacy, site=site
    )
    sys.exit(0 if code == 1 else code)


def _agree(privacy: str, site: str | None, formats: tuple[str, ...]) -> None:
    if (privacy == "site") != (site is not None):
        raise click.UsageError("--privacy site and --site NAME go together.")
    rows = [name for name in formats if name in {"dta", "sav"}]
    if privacy == "public" and rows:
        raise click.UsageError(f"--privacy public writes no rows: leave {', '.join(rows)} out of --format.")


def _progress(*, quiet: bool) -> None:
    # A handler of milkqc's own logger: other libraries' chatter is not progress.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("milkqc")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


def _run(
    mapping: Path,
    data: Path,
    out: Path,
    fail_on: str,
    formats: tuple[str, ...],
    timings: Path | None,
    *,
    privacy: str,
    site: str | None,
    junit: Path | None = None,
    summary_md: Path | None = None,
) -> int:
    from milkqc import deliver, pipeline

    for beside in (junit, summary_md):
        if beside is not None:
            deliver.require_folder(beside)
    stopwatch = pipeline.Stopwatch()
    result = pipeline.run(mapping, data=data, fail_on=fail_on, stopwatch=stopwatch, site=site)
    with stopwatch("writing"):
        if privacy == "public":
            result = deliver.deliver_public(result, out)
        else:
            deliver.deliver(result, out, formats=formats)
    if junit is not None:
        deliver.write_junit(result, junit)
    if summary_md is not None:
        deliver.write_summary(result, summary_md)
    if timings is not None:
        deliver.write_timings(stopwatch.seconds, timings)
    _say(result, out)
    return int(result.settings["exit_code"])


def _say(result: Result, out: Path) -> None:
    counts = dict(result.findings["severity"].value_counts().iter_rows())
    shown = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("critical", "warning", "info"))
    click.echo(f"{result.title}: {result.settings['verdict']}. {result.settings['verdict_reason']}")
    if result.settings.get("privacy", {}).get("level") == "public":
        click.echo("Findings are counted in checks.csv; none is listed.")
    else:
        click.echo(f"Findings: {shown}. Rows rejected: {result.rejected.height}.")
    click.echo(f"Report: {out / 'report.html'}")


def main() -> None:
    """The entry point: every error that a person can do something about is a message and exit code 2."""
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except MilkqcError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except Exception as error:  # the last resort: a fault of ours must not look like a finding (exit 1)
        if os.environ.get("MILKQC_DEBUG"):
            raise
        # The exception's own text may hold a value of the study; its kind and place do not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        click.echo(
            f"milkqc stopped at a fault of its own ({type(error).__name__} in {Path(place.filename).name}:"
            f"{place.lineno}); nothing was written. Please report it; MILKQC_DEBUG=1 shows the details.",
            err=True,
        )
        sys.exit(2)
