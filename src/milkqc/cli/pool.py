"""`milkqc pool`: runs of several studies stacked, checked and compared."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("pool")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
def command(runs: tuple[Path, ...], out: Path) -> None:
    """Stack the harmonised tables of RUNS (the --out folders of several studies) with a study column, and compare them.

    Refused are a study given twice, tables in other units or of another schema, and blinded studies beside unblinded.
    """
    from milkqc.pool import PoolError, Run, pool, read_run, write

    read: list[Run] = []
    faults: list[str] = []
    for folder in runs:
        try:
            read.append(read_run(folder))
        except PoolError as error:
            faults += error.faults
    if faults:
        raise PoolError(faults)
    pooled = pool(read)
    write(pooled, out)
    warnings = pooled.agreement.filter(pooled.agreement["severity"] == "warning").height
    click.echo(
        f"{len(read)} studies pooled; {warnings} warning{'s' * (warnings != 1)} of what they do not agree in."
    )
    click.echo(f"Page: {out / 'pool.html'}")
