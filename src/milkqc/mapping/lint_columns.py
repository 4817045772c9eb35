"""The faults of a block's columns, one by one: its key, lets, variables, extras and analytes."""

from __future__ import annotations

from milkqc.mapping import formula as formulas
from milkqc.mapping import lint_results, lint_units, targets
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Block, Column
from milkqc.mapping.lint_options import codes, options
from milkqc.mapping.replicates import NUMBERS
from milkqc.yamlfile import Path_


def block(table: str, path: Path_, block: Block, faults: FaultList) -> None:
    """Note every fault of the block's key, lets, columns, extras, long codes and analytes."""
    known = targets.mappable(table)
    long_variables = set(block.long.codes.values()) if block.long and block.long.variable else set[str]()
    for name, spec in block.key.items():
        options((*path, "key", name), spec, "text", faults, key=True)
    for place, (name, spec) in enumerate(block.let.items()):
        where = (*path, "let", name)
        earlier = list(block.let)[:place]
        options(where, spec, "number", faults)
        _later_lets(where, spec, list(block.let)[place:], faults)
        lint_units.of_formula(where, spec, block, faults, to=None, what=name, lets=earlier)
        for at, text in lint_units.written((*where, "unit"), spec.unit, faults):
            lint_units.known(at, text, faults)
    for name, spec in block.columns.items():
        where = (*path, "columns", name)
        if name not in known:
            hint = (
                nearest(name, known)
                or "The dictionary (variables.csv) lists what there is; keep others by `extra`."
            )
            faults.add(where, "M121", f"{name!r} is not a variable of {table}.", hint)
            continue
        column = known[name]
        measured = name in long_variables
        options(where, spec, column.type, faults, from_long=measured)
        codes(where, spec, column, faults)
        lint_units.of_column(where, spec, column, block, faults, measured=measured)
        if spec.do == "from_schedule" and name != "age_days":
            faults.add(
                (*where, "do"), "M123", "only age_days comes from the schedule.", "Use another action."
            )
    for name, extra in block.extra.items():
        options((*path, "extra", name), extra, extra.type, faults)
        kind = "number" if extra.type in NUMBERS else extra.type
        lint_units.of_formula((*path, "extra", name), extra, block, faults, to=None, what=name, kind=kind)
        if not name.replace("_", "").isalnum() or len(name) > 30 or name != name.lower():
            faults.add(
                (*path, "extra", name),
                "M113",
                f"{name!r} cannot name a column.",
                "Use a-z, 0-9 and _, up to 30.",
            )
        for at, text in lint_units.written((*path, "extra", name, "unit"), extra.unit, faults):
            lint_units.known(at, text, faults)
    lint_results.long(table, path, block, known, faults)
    lint_results.analytes(table, path, block, faults)
    lint_results.controls(path, block, faults)


def _later_lets(path: Path_, spec: Column, later: list[str], faults: FaultList) -> None:
    """A let's formula can use the lets above it; a name of itself or of one below would have no value yet."""
    if spec.formula is None:
        return
    try:
        used = [name for name in formulas.names(formulas.parse(spec.formula)) if name in later]
    except formulas.FormulaError:
        return
    for name in used:
        faults.add(
            (*path, "formula"), "M150", f"the let {name} is not made before this one.", "Put it above."
        )
