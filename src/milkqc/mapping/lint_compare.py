"""The faults of `compare`: what may be compared, in which unit, with which formula."""

from __future__ import annotations

from typing import Literal

from milkqc import reference, units
from milkqc.errors import UnitError
from milkqc.mapping import formula as formulas
from milkqc.mapping import lint_units, targets
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Block, Comparison
from milkqc.mapping.language import Mapping as Study
from milkqc.mapping.lint_options import options
from milkqc.mapping.lint_units import UNITLESS
from milkqc.mapping.replicates import NUMBERS
from milkqc.yamlfile import Path_

RESULTS = ("milk", "biomarkers")


def compare(study: Study, faults: FaultList) -> None:
    """Note every fault of every comparison; one name of a table is compared in one way."""
    seen: dict[tuple[str, str], Comparison] = {}
    for table, place, block in study.blocks():
        for name, spec in block.compare.items():
            where = (table, place, "compare", name)
            other = seen.setdefault((table, name), spec)
            if (other.tolerance, other.formula) != (spec.tolerance, spec.formula):
                faults.add(
                    where,
                    "M123",
                    f"{name} is compared in another way in another block.",
                    "Give both the same tolerance and formula, or two names.",
                )
            _one(table, where, name, spec, block, faults)


def _one(table: str, path: Path_, name: str, spec: Comparison, block: Block, faults: FaultList) -> None:
    options(path, spec.model_copy(update={"formula": None}), "number", faults)
    for key in ("codes", "match", "max_difference", "value"):
        if getattr(spec, key) is not None:
            faults.add((*path, key), "M123", f"a comparison has no `{key}`.", "Take it out.")
    if spec.unit is not None and spec.unit.text is None:
        faults.add((*path, "unit"), "M202", "a comparison needs its unit.", "Write it out.")
        return
    if spec.formula is not None:
        _formula(table, path, spec, block, faults)
        return
    derived = {
        column.column: column
        for column in reference.columns(table)
        if column.origin == "derived" and column.type in NUMBERS
    }
    if name not in derived:
        hint = nearest(name, derived) or "Give it a `formula` over the block's columns."
        faults.add(path, "M121", f"{name!r} is not a number that milkqc derives in {table}.", hint)
        return
    unit, own = derived[name].unit, spec.unit.text if spec.unit is not None else None
    if unit in UNITLESS:
        if own not in {None, "1"}:
            faults.add((*path, "unit"), "M203", f"{name} has no unit.", "Take `unit` out.")
    elif own is None:
        faults.add(
            path,
            "M202",
            f"nothing says in which unit {', '.join(spec.from_ or ())} is.",
            f"Add `unit:` ({unit} is the unit of {name}).",
        )
    else:
        lint_units.converts((*path, "unit"), own, unit, faults, what=name)


def _formula(table: str, path: Path_, spec: Comparison, block: Block, faults: FaultList) -> None:
    where = (*path, "formula")
    try:
        tree = formulas.parse(spec.formula or "")
    except formulas.FormulaError as error:
        faults.add(where, "M150", f"{error}.", error.todo)
        return
    if block.long is not None:
        _over_rows(table, path, spec, tree, faults)
        return
    known = {**block.columns, **block.analytes, **block.let}
    unknown = [name for name in formulas.names(tree) if name not in known]
    for name in unknown:
        hint = nearest(name, known) or "Use the names of its columns, analytes or lets."
        faults.add(where, "M121", f"{name!r} is nothing that this block makes.", hint)
    if unknown:
        return
    try:
        made = formulas.type_of(tree, lambda name: _type(table, block, name))
        if made.kind != "number":
            faults.add(
                where, "M150", f"it gives a {made.kind}, and numbers are compared.", "Make a number of it."
            )
            return
        unit = made.unit
        own = spec.unit.text if spec.unit is not None else None
        if (unit is None) != (own is None) and own != "1":
            written = unit or "no unit"
            faults.add(path, "M202", f"the formula gives {written}.", "Give the comparison the same `unit:`.")
        elif unit is not None and own is not None:
            lint_units.converts((*path, "unit"), own, unit, faults, what=str(path[-1]))
    except UnitError as error:
        faults.add(where, "M207", error.what, error.todo)
    except formulas.FormulaError as error:
        if error.at is not None:
            faults.add(where, "M150", f"{error}.", error.todo)


def _over_rows(table: str, path: Path_, spec: Comparison, tree: formulas.Tree, faults: FaultList) -> None:
    """A total against rows of its sample: of analytes, all in the comparison's unit."""
    where = (*path, "formula")
    if table not in RESULTS:
        faults.add(
            where,
            "M123",
            "a long file has one measurement a row: there is nothing to add up beside it.",
            "Take it out, or map the file that has them side by side.",
        )
        return
    unknown = [name for name in formulas.names(tree) if name not in reference.analytes()]
    for name in unknown:
        hint = nearest(name, reference.analytes()) or "Use the keys of analytes, or of the analytes_file."
        faults.add(
            where, "M121", f"{name!r} is no analyte, and a long file's formula is over its analytes.", hint
        )
    if unknown:
        return
    own = spec.unit.text if spec.unit is not None else None
    if own is None:
        faults.add(
            path,
            "M202",
            "nothing says in which unit the total is.",
            "Add `unit:`; its parts are brought to it.",
        )
        return
    try:
        made = formulas.type_of(tree, lambda _: formulas.Type("number", own))
        total = made.unit is not None and units.unit_factor(made.unit, own) == 1
    except UnitError as error:
        faults.add(where, "M207", error.what, error.todo)
    except formulas.FormulaError as error:
        faults.add(where, "M150", f"{error}.", error.todo)
    else:
        if not total:
            faults.add(
                where, "M207", f"it does not give {own}, as a sum of its parts does.", "Compare totals."
            )


def _type(table: str, block: Block, name: formulas.Name) -> formulas.Type:
    """The kind and unit in which the block makes a name."""
    column = targets.mappable(table).get(name.name) if name.name in block.columns else None
    kind: Literal["number", "date", "boolean", "text"] = "number"
    if column is not None and column.type not in NUMBERS:
        kind = "date" if column.type == "date" else "boolean" if column.type == "boolean" else "text"
    if name.kind not in {"number", kind} or name.format is not None:
        raise formulas.FormulaError(
            f"{name.name} has been read as a {kind} already", "Write its plain name.", at=name.at
        )
    return formulas.Type(kind, _unit(block, name.name) if kind == "number" else None)


def _unit(block: Block, name: str) -> str | None:
    """The unit in which the block reads a name; UnitError where only the data say it."""
    if name in block.let:
        return lint_units.written_unit(block, name)
    spec = block.columns.get(name) or block.analytes[name]
    unit = spec.unit or (block.every.unit if name in block.analytes else None)
    if unit is None:
        return None
    if unit.text is None:
        raise UnitError(f"the formula needs the unit of {name}.", "Write it out.")
    return unit.text
