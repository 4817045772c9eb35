"""`milkqc units`: a conversion for a person at the prompt, by the same exact factors that a run uses."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from milkqc.reference import Analyte


@click.command("units")
@click.argument("unit")
@click.argument("to", required=False)
@click.option(
    "--substance", help="What was measured: a key of analytes.csv, or an alias such as cyanocobalamin."
)
@click.option("--value", type=float, help="A value in UNIT to convert. Default: 1.")
@click.option("--density", type=float, help="Kilograms in a litre of milk, for units per kg (about 1.03).")
@click.option("--fat", type=float, help="Grams of fat in a litre of milk, for units per gram of fat.")
@click.option(
    "--analytes",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The study's own analytes (its analytes_file), known besides those that ship.",
)
def command(
    unit: str,
    to: str | None,
    substance: str | None,
    value: float | None,
    density: float | None,
    fat: float | None,
    analytes: Path | None,
) -> None:
    """Convert UNIT into TO, or say how UNIT is read.

    Without TO, and with a substance, into the substance's canonical unit. Mass and amount convert only through a
    named substance: `milkqc units umol/L ug/L --substance retinol`.
    """
    from milkqc import reference
    from milkqc.reference.own import NONE, read_analytes
    from milkqc.units import canonical, exact_factor, per_mass

    with reference.using(NONE if analytes is None else read_analytes(analytes)):
        matter = None if substance is None else reference.substance(substance)
        one = per_mass(unit)
        code = canonical(unit) if one is None else one.code
        target = canonical(to) if to else matter.unit if matter else None
        if target is None:
            lacks = {None: "", "milk": ", with the milk's density", "fat": ", with the sample's fat"}
            click.echo(f"{unit} is read as {code}{lacks[one.of if one is not None else None]}.")
            return
        factor = exact_factor(unit, target, substance=matter, density=density, fat=fat)
        click.echo(_sentence(1.0 if value is None else value, code, target, factor, matter))
        if matter is not None and _amount(code) != _amount(target):
            click.echo(_mass(matter))


def _sentence(value: float, code: str, target: str, factor: Fraction, matter: Analyte | None) -> str:
    of = f" of {matter.name}" if matter is not None else ""
    return f"{value:.15g} {code}{of} = {value * float(factor):.15g} {target} (factor {float(factor):.15g})"


def _amount(code: str) -> bool:
    return "mol" in code or "eq" in code


def _mass(matter: Analyte) -> str:
    if matter.molar_mass is None:
        return f"{matter.key}: {matter.status}."
    return f"Molar mass of {matter.key}: {float(matter.molar_mass):.9g} g/mol ({matter.status}; {matter.source})."
