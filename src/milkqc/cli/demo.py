"""`milkqc demo`: a simulated study, written and run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from milkqc.cli._options import FORMATS, PRIVACY, QUIET, SITE, TIMINGS, agree, progress
from milkqc.cli._whole import deliver_run


@click.command("demo")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@FORMATS
@PRIVACY
@SITE
@TIMINGS
@QUIET
def command(
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

    agree(privacy, site, formats)
    progress(quiet=quiet)
    mapping = write_uploads(out)
    click.echo(f"Simulated uploads: {out / 'uploads'}\nMapping: {mapping}")
    code = deliver_run(
        mapping, out / "uploads", out / "out", "critical", formats, timings, privacy=privacy, site=site
    )
    sys.exit(0 if code == 1 else code)
