"""The options that verbs share, and what they agree on before anything is read."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import click

WRITTEN = ("csv", "parquet", "dta", "sav")


def reading(seconds: float | None, megabytes: int | None) -> dict[str, Any]:
    """The limits of opening a file as ReadOptions, those that were given."""
    given = {
        "reader_seconds": seconds,
        "reader_memory": None if megabytes is None else megabytes * 1024**2,
    }
    return {name: value for name, value in given.items() if value is not None}


def _formats(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    unknown = [part for part in chosen if part not in WRITTEN]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(WRITTEN)}.")
    return chosen


FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(["critical", "warning", "info", "never"]),
    default="critical",
    show_default=True,
    help="The least severity of an open finding that makes the exit code 1.",
)
FORMATS = click.option(
    "--format",
    "formats",
    default="csv,parquet",
    show_default=True,
    callback=_formats,
    help="csv and parquet are always written; dta, sav add the analysis and harmonised tables.",
)
ENGINE = click.option(
    "--engine",
    type=click.Choice(["auto", "pandera", "gx", "expressions"]),
    default="auto",
    show_default=True,
    help="What runs the rule files; each finds the same. auto: gx up to 200,000 rows, then expressions.",
)
TIMINGS = click.option(
    "--timings",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the seconds of each step to this JSON file.",
)
GX_DOCS = click.option(
    "--gx-docs",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write Great Expectations' Data Docs of the rule files to this folder. They load from the network.",
)
JUNIT = click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every check as a test case to this JUnit XML file.",
)
SUMMARY = click.option(
    "--summary-md",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the verdict and what to do to this Markdown file.",
)
PRIVACY = click.option(
    "--privacy",
    type=click.Choice(["internal", "site", "public"]),
    default="internal",
    show_default=True,
    help="Who may see OUT: `site` holds the rows of --site only; `public` aggregates without small counts.",
)
SITE = click.option("--site", help="The site whose rows to keep; with --privacy site.")
READER_SECONDS = click.option(
    "--reader-seconds",
    type=click.FloatRange(min=1),
    envvar="MILKQC_READER_SECONDS",
    help="How long one binary file may take to open (default 300).",
)
READER_MEMORY = click.option(
    "--reader-memory",
    type=click.IntRange(min=256),
    envvar="MILKQC_READER_MEMORY",
    help="How many megabytes one binary file may take to open (default 8192; not on Windows).",
)
CACHE = click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep in this folder what REDCap servers answered, without identifiers, for a rerun offline.",
)
OFFLINE = click.option("--offline", is_flag=True, help="Ask no server: take its answers from --cache.")
QUIET = click.option("--quiet", is_flag=True, help="No progress on stderr.")


def agree(privacy: str, site: str | None, formats: tuple[str, ...]) -> None:
    """Refuse options that contradict each other, before anything is read."""
    if (privacy == "site") != (site is not None):
        raise click.UsageError("--privacy site and --site NAME go together.")
    rows = [name for name in formats if name in {"dta", "sav"}]
    if privacy == "public" and rows:
        raise click.UsageError(f"--privacy public writes no rows: leave {', '.join(rows)} out of --format.")


def progress(*, quiet: bool) -> None:
    """Steps on stderr, unless `quiet`."""
    # A handler of milkqc's own logger: other libraries' chatter is not progress.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("milkqc")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
