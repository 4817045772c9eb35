"""`milkqc run`: a study's uploads to every output."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from milkqc.cli._options import (
    CACHE,
    ENGINE,
    FAIL_ON,
    FORMATS,
    GX_DOCS,
    JUNIT,
    OFFLINE,
    PRIVACY,
    QUIET,
    READER_MEMORY,
    READER_SECONDS,
    SITE,
    SUMMARY,
    TIMINGS,
    agree,
    progress,
    reading,
)
from milkqc.cli._whole import deliver_run


@click.command("run")
@click.argument("mapping", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The folder of uploads.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@FAIL_ON
@FORMATS
@JUNIT
@SUMMARY
@PRIVACY
@SITE
@READER_SECONDS
@READER_MEMORY
@CACHE
@OFFLINE
@ENGINE
@GX_DOCS
@TIMINGS
@QUIET
def command(
    mapping: Path,
    data: Path,
    out: Path,
    fail_on: str,
    formats: tuple[str, ...],
    junit: Path | None,
    summary_md: Path | None,
    privacy: str,
    site: str | None,
    reader_seconds: float | None,
    reader_memory: int | None,
    cache: Path | None,
    offline: bool,
    engine: str,
    gx_docs: Path | None,
    timings: Path | None,
    quiet: bool,
) -> None:
    """Harmonise, score and check the uploads in DATA as MAPPING says, and write every output to OUT."""
    agree(privacy, site, formats)
    if privacy == "public" and (junit is not None or summary_md is not None):
        raise click.UsageError(
            "--junit and --summary-md tell small counts: leave them out of --privacy public."
        )
    if privacy == "public" and gx_docs is not None:
        raise click.UsageError(
            "--gx-docs shows values and small counts of the study: leave it out of --privacy public."
        )
    progress(quiet=quiet)
    sys.exit(
        deliver_run(
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
            reading=reading(reader_seconds, reader_memory),
            cache=cache,
            offline=offline,
            engine=engine,
            gx_docs=gx_docs,
        )
    )
