"""The units of columns, lets and formulas: known, there where they are needed, and convertible."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from milkqc import reference, units
from milkqc.errors import UnitError
from milkqc.mapping import formula as formulas
from milkqc.mapping.actions import action_of
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Block, Column, UnitOf
from milkqc.mapping.lint_options import GESTATION, same_codes
from milkqc.mapping.replicates import NUMBERS
from milkqc.yamlfile import Path_

# Units that only name the form of a number: nothing to convert, nothing to declare.
UNITLESS = {"", "1", "{z}"}


class _UnwrittenError(Exception):
    """A let whose unit only the data says (a header, a column), where it must be known beforehand."""


def of_column(
    path: Path_, spec: Column, column: reference.Column, block: Block, faults: FaultList, *, measured: bool
) -> None:
    """Note what is wrong with the unit of a number that becomes `column`."""
    if spec.match in {"undecided", "not_collected"} or spec.do == "from_schedule" or spec.format in GESTATION:
        return
    if action_of(spec, column.type) == "formula":
        kind = "number" if column.type in NUMBERS else column.type
        of_formula(path, spec, block, faults, to=column.unit, what=column.column, kind=kind)
        return
    if column.type not in NUMBERS or column.unit in UNITLESS:
        if spec.unit is not None and (column.type not in NUMBERS or spec.unit.text not in {None, "1"}):
            faults.add((*path, "unit"), "M203", f"{column.column} has no unit.", "Take `unit` out.")
        return
    if of_lets(path, spec, block, faults, to=column.unit, what=column.column):
        return
    if spec.unit is None:
        if measured and block.long is not None and block.long.unit is not None:
            return
        faults.add(
            path,
            "M202",
            f"nothing says in which unit {', '.join(spec.from_ or ()) or 'the value'} is.",
            f"Add `unit:` ({column.unit} is what {column.column} becomes).",
        )
    for place, text in written((*path, "unit"), spec.unit, faults):
        converts(place, text, column.unit, faults, what=column.column)


def of_lets(
    path: Path_,
    spec: Column,
    block: Block,
    faults: FaultList,
    *,
    to: str,
    what: str,
    substance: str | None = None,
) -> bool:
    """Whether `spec` takes lets; then their units must be written and convert, and it has no options of its own."""
    lets = [name for name in spec.from_ or () if name in block.let]
    if not lets:
        return False
    for key in ("unit", "codes", "missing", "format"):
        if getattr(spec, key) is not None:
            faults.add(
                (*path, key),
                "M123",
                f"the let {lets[0]} has been read already.",
                f"Write `{key}` at the let.",
            )
    if len(lets) < len(spec.from_ or ()):
        faults.add((*path, "from"), "M123", "lets and source columns are mixed.", "Make lets of all of them.")
    for name in lets:
        try:
            unit = let_unit(block, name)
        except _UnwrittenError:
            if len(lets) > 1:
                faults.add(
                    (*path, "from"), "M202", f"the let {name} is combined with others.", "Write its unit out."
                )
            continue
        except (UnitError, formulas.FormulaError):
            continue  # said at the let
        if unit is None:
            faults.add(path, "M202", f"nothing says in which unit the let {name} is.", "Add `unit:` to it.")
        else:
            converts((*path, "from"), unit, to, faults, what=what, substance=substance)
    return True


def written_unit(block: Block, name: str) -> str | None:
    """`let_unit`, with UnitError where only the data say it."""
    try:
        return let_unit(block, name)
    except _UnwrittenError:
        raise UnitError(f"the formula needs the unit of the let {name}.", "Write it out.") from None


def let_unit(block: Block, name: str) -> str | None:
    """The unit of a let, from its own text or its formula; null when it has none."""
    let = block.let[name]
    earlier = list(block.let)[: list(block.let).index(name)]
    if let.format in GESTATION:
        return "d"
    if let.formula is not None:
        own = let.unit.text if let.unit is not None else None
        return formulas.unit_of(
            formulas.parse(let.formula), lambda part: let_unit(block, part) if part in earlier else own
        )
    if let.unit is not None:
        if let.unit.text is None:
            # A header, a column of units, or units by batch.
            raise _UnwrittenError(name)
        return let.unit.text
    inner = [part for part in let.from_ or () if part in earlier]
    return let_unit(block, inner[0]) if inner else None


def of_formula(
    path: Path_,
    spec: Column,
    block: Block,
    faults: FaultList,
    *,
    to: str | None,
    what: str,
    substance: str | None = None,
    lets: list[str] | None = None,
    kind: str = "number",
) -> None:
    """Note a formula whose units do not go together, or that does not become a `kind` in `to` (null: any unit)."""
    if spec.formula is None:
        return
    try:
        tree = formulas.parse(spec.formula)
    except formulas.FormulaError:
        return  # said by lint_options
    known = list(block.let) if lets is None else lets
    own = spec.unit.text if spec.unit is not None else None
    where = (*path, "formula")

    def of(name: formulas.Name) -> formulas.Type:
        if name.name not in known:
            return formulas.Type(name.kind, own if name.kind == "number" else None)
        if name.kind != "number":
            raise formulas.FormulaError(
                f"the let {name.name} is a number", f"Read its column itself as a {name.kind}.", at=name.at
            )
        return formulas.Type("number", let_unit(block, name.name))

    try:
        result = formulas.type_of(tree, of)
    except _UnwrittenError as error:
        faults.add(where, "M202", f"the formula needs the unit of the let {error}.", "Write its unit out.")
        return
    except formulas.FormulaError as error:
        faults.add(where, "M150", f"{error}.", error.todo)
        return
    except UnitError as error:
        faults.add(where, "M207", error.what, (own is None and _misspelt(tree, known)) or error.todo)
        return
    if result.kind != kind:
        faults.add(where, "M150", f"it gives a {result.kind}, and {what} is a {kind}.", "Make that of it.")
        return
    if spec.unit is not None and spec.unit.text is None:
        faults.add(where, "M202", "a formula needs the unit of its columns.", "Write it out.")
    elif kind != "number" or to is None:
        return
    elif to in UNITLESS:
        if result.unit not in {None, "1"}:
            converts(where, result.unit, "1", faults, what=what)
    elif result.unit is None:
        faults.add(
            path,
            "M202",
            "nothing says which unit the formula's result has.",
            _misspelt(tree, known) or "Add `unit:` to the column or to its lets.",
        )
    else:
        converts(where, result.unit, to, faults, what=what, substance=substance)


def _misspelt(tree: formulas.Tree, lets: Collection[str]) -> str:
    """What to do about a name of a formula that is no let of the block, where it has any; else empty."""
    for name in formulas.names(tree):
        if lets and name not in lets:
            hint = nearest(name, lets) or f"Its lets are {', '.join(lets)}."
            return f"{name} is no let of this block, and a source column has no unit in a formula. {hint}"
    return ""


def written(path: Path_, unit: UnitOf | None, faults: FaultList) -> Iterator[tuple[Path_, str]]:
    """The unit texts that the mapping itself writes, each with its place; a unit given in two ways is noted."""
    if unit is None:
        return
    ways = (unit.text is not None, unit.header, unit.from_ is not None, unit.by is not None)
    if sum(ways) != 1:
        faults.add(
            path,
            "M113",
            "a unit is a text, a column, or texts by batch.",
            "Write `unit: ug/L`, `header`, `{from: UNIT}` or `{by: PLATE, values: {...}}`.",
        )
    elif unit.by is not None and not unit.values:
        faults.add(path, "M111", "the key `values` is missing.", "Give the unit of each batch.")
    elif unit.by is None and unit.values is not None:
        faults.add((*path, "values"), "M123", "`values` goes with `by`.", "Name the column of the batches.")
    elif unit.text is not None:
        yield path, unit.text
    same_codes((*path, "values"), unit.values or {}, faults)
    for batch, text in (unit.values or {}).items() if unit.by is not None else ():
        yield (*path, "values", batch), text


def known(path: Path_, text: str, faults: FaultList) -> bool:
    """Whether the text is a unit; noted when it is not."""
    try:
        units.canonical(text)
    except UnitError as error:
        faults.add(path, "M201", error.what, error.todo)
        return False
    return True


def converts(
    path: Path_,
    unit: str,
    to: str,
    faults: FaultList,
    *,
    what: str,
    substance: str | None = None,
    contents: Collection[str] = (),
) -> None:
    """Note a unit that is not known, does not become `to`, or would with a substance that nobody named.

    `contents` are those of `density` and `fat` that the mapping declares, for units per mass of milk or fat.
    """
    one, shown = units.per_mass(unit), unit
    if one is not None:
        needed = "density" if one.of == "milk" else "fat"
        why = units.why_refused(unit)
        if needed not in contents and why is not None:
            faults.add(path, "M209", why.what, why.todo)
            return
        unit = one.unit
    elif not known(path, unit, faults):
        return
    try:
        units.unit_factor(unit, to, substance=substance)
    except UnitError as error:
        if substance is None and _converts_with_a_substance(unit, to):
            faults.add(
                path,
                "M206",
                f"{shown} of {what} is an amount: to reach {to} its substance must be named.",
                error.todo or "Name its `substance`.",
            )
        else:
            faults.add(path, "M207", f"cannot convert {what} from {shown} to {to}.", error.todo or error.what)


def _converts_with_a_substance(unit: str, to: str) -> bool:
    try:
        units.unit_factor(unit, to, substance="iodine")
    except UnitError:
        return False
    return True
