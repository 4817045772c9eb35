"""`milkqc mapping test`: the golden rows of a mapping tried, without a run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("test")
@click.argument("mapping", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of uploads; without it rows of the uploads (`find`) are passed over.",
)
def test(mapping: Path, data: Path | None) -> None:
    """Try the golden rows of MAPPING: each must give what the data manager worked out. Exit 2 if one does not."""
    from milkqc.study import try_golden

    tried, passed_over = try_golden(mapping, data)
    if not tried and not passed_over:
        click.echo(
            f"{mapping.name} has no golden rows. Write some under `golden:` (docs/mapping.md, Golden)."
        )
        return
    left = ""
    if passed_over:
        left = f" {passed_over} {'needs' if passed_over == 1 else 'need'} the uploads: give --data."
    said = (
        "1 golden row gives what it should." if tried == 1 else f"{tried} golden rows give what they should."
    )
    click.echo(f"{said}{left}")
