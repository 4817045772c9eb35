"""One whole run from the command line: `run` and `demo` end in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from milkqc.model import Result

_NAMED = 20


def deliver_run(
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
    reading: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    offline: bool = False,
    engine: str = "auto",
    gx_docs: Path | None = None,
) -> int:
    """Run, write everything asked for, say what came of it; the exit code."""
    from milkqc import deliver, pipeline

    for beside in (junit, summary_md):
        if beside is not None:
            deliver.require_folder(beside)
    if gx_docs is not None:
        deliver.require_docs(gx_docs, out)
    stopwatch = pipeline.Stopwatch()
    result = pipeline.run(
        mapping,
        data=data,
        fail_on=fail_on,
        stopwatch=stopwatch,
        site=site,
        reading=reading,
        cache=cache,
        offline=offline,
        engine=engine,
    )
    with stopwatch("writing"):
        if privacy == "public":
            result = deliver.deliver_public(result, out)
        else:
            result = deliver.deliver(result, out, formats=formats)
    if junit is not None:
        with _beside("the JUnit file"):
            deliver.write_junit(result, junit)
    if summary_md is not None:
        with _beside("the summary"):
            deliver.write_summary(result, summary_md)
    if gx_docs is not None:
        with stopwatch("writing Data Docs"), _beside("Data Docs"):
            left_out, broken = deliver.write_gx_docs(result, gx_docs)
        _say_docs(gx_docs, left_out, broken)
    if timings is not None:
        deliver.write_timings(stopwatch.seconds, stopwatch.rules, timings)
    _say(result, out)
    return int(result.settings["exit_code"])


@contextmanager
def _beside(what: str) -> Iterator[None]:
    """What is written when OUT is there already: whatever it raises, the message says that OUT is whole."""
    from milkqc.errors import MilkqcError, OutputError

    try:
        yield
    except MilkqcError:
        raise
    # The last resort of the command line would say that nothing was written.
    except Exception as error:
        raise OutputError(
            f"{what} could not be made: a fault of milkqc ({type(error).__name__}). OUT is written. Please report it."
        ) from error


def _say(result: Result, out: Path) -> None:
    counts = dict(result.findings["severity"].value_counts().iter_rows())
    shown = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("critical", "warning", "info"))
    click.echo(f"{result.title}: {result.settings['verdict']}. {result.settings['verdict_reason']}")
    if result.settings.get("privacy", {}).get("level") == "public":
        click.echo("Findings are counted in checks.csv; none is listed.")
    else:
        settled = result.findings["status"].is_in(["confirmed", "accepted"]).sum()
        decided = f" ({settled} of them decided)" if settled else ""
        click.echo(f"Findings: {shown}{decided}. Rows rejected: {result.rejected.height}.")
    click.echo(f"Report: {out / 'report.html'}")
    _broken(result)


def _say_docs(folder: Path, left_out: int, broken: int) -> None:
    """What a reader of Data Docs must know, on stderr."""
    click.echo(
        f"Data Docs: {folder / 'index.html'}. These pages load scripts, styles and a logo from the network when "
        "they are opened, and hold values of the study: open them where that is allowed, and do not publish them.",
        err=True,
    )
    if left_out:
        click.echo(f"{left_out} rules are not in them; manifest.json there says why of each.", err=True)
    if broken:
        click.echo(f"{broken} rules broke in them; manifest.json there says why of each.", err=True)


def _broken(result: Result) -> None:
    """The checks that broke, on stderr: which, not why, because an error's text may hold a value of the study."""
    broken = result.checks.filter(result.checks["status"] == "broken").select("rule_id", "table").unique()
    if broken.height:
        names = [f"{rule} ({table})" for rule, table in broken.sort("rule_id", "table").iter_rows()]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        click.echo(
            f"Broken, judged nothing: {', '.join(names[:_NAMED])}{more}. The reasons are in checks.csv.",
            err=True,
        )
