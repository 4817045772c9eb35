"""The faults of single columns: variables, actions, codes, formats, units, substances, formulas."""

from __future__ import annotations

import datetime

from milkqc import reference, units
from milkqc.errors import UnitError
from milkqc.mapping import formula as formulas
from milkqc.mapping import targets
from milkqc.mapping.actions import REPLICATES, action_of
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Analyte, Block, Column, Defaults
from milkqc.yamlfile import Path_

NUMBERS = {"number", "integer"}
# Units that only name the form of a number: nothing to convert, nothing to declare.
UNITLESS = {"", "1", "{z}"}
GESTATION = ("weeks+days", "weeks.days")


def block(table: str, path: Path_, block: Block, faults: FaultList) -> None:
    """Note every fault of the block's key, lets, columns, extras, long codes and analytes."""
    known = targets.mappable(table)
    long_variables = set(block.long.codes.values()) if block.long and block.long.variable else set[str]()
    for name, spec in block.key.items():
        _spec((*path, "key", name), spec, "text", faults, key=True)
    for name, spec in block.let.items():
        _spec((*path, "let", name), spec, "number", faults)
        _formula_units((*path, "let", name), spec, block, None, faults)
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
        _spec(where, spec, column.type, faults, from_long=measured)
        _codes(where, spec, column, faults)
        _unit(where, spec, column, block, faults, measured=measured)
        if spec.do == "from_schedule" and name != "age_days":
            faults.add(
                (*where, "do"), "M123", "only age_days comes from the schedule.", "Use another action."
            )
    for name, extra in block.extra.items():
        _spec((*path, "extra", name), extra, extra.type, faults)
        if not name.replace("_", "").isalnum() or len(name) > 30 or name != name.lower():
            faults.add(
                (*path, "extra", name),
                "M113",
                f"{name!r} cannot name a column.",
                "Use a-z, 0-9 and _, up to 30.",
            )
        if extra.unit is not None and extra.unit.text is not None:
            _known_unit((*path, "extra", name, "unit"), extra.unit.text, faults)
    _long(table, path, block, known, faults)
    _analytes(table, path, block, faults)


def _spec(
    path: Path_, spec: Column, kind: str, faults: FaultList, *, key: bool = False, from_long: bool = False
) -> None:
    """Options that an action needs, and options that it cannot have."""
    action = action_of(spec, kind)
    if spec.match == "undecided":
        faults.add(
            path,
            "M128",
            "this column is still undecided.",
            "Choose a source column, or list it under not_collected.",
        )
        return
    if spec.match == "not_collected":
        return
    needs_from = action not in {"constant", "row_number", "from_schedule", "formula"}
    if spec.from_ is None and needs_from and not from_long:
        faults.add(path, "M111", "the key `from` is missing.", "Name the source column.")
    if spec.from_ is not None and not needs_from:
        faults.add((*path, "from"), "M123", f"`{action}` takes no source column.", "Take `from` out.")
    if action == "constant" and spec.value is None and spec.from_ is None and not from_long:
        faults.add(
            path,
            "M111",
            "nothing says where this comes from.",
            "Add `from: COLUMN`, or `do: constant` with `value`.",
        )
    if spec.from_ is not None and len(spec.from_) > 1 and action not in {"join", *REPLICATES}:
        faults.add(
            (*path, "from"),
            "M123",
            f"`{action}` takes one column.",
            f"Add `do:` with one of join, {', '.join(REPLICATES)}.",
        )
    if spec.max_difference is not None and action not in REPLICATES:
        faults.add(
            (*path, "max_difference"),
            "M123",
            "`max_difference` is for replicate readings.",
            f"Use it with {', '.join(REPLICATES)}.",
        )
    if spec.formula is not None and action != "formula":
        faults.add((*path, "formula"), "M123", f"`{action}` takes no formula.", "Use `do: formula`.")
    if action == "formula":
        _formula(path, spec, kind, faults)
    if spec.format is not None:
        _format(path, spec, kind, faults)
    if key and spec.unit is not None:
        faults.add((*path, "unit"), "M203", "a key has no unit.", "Take `unit` out.")
    if action == "constant" and spec.value is not None:
        _constant(path, spec, kind, faults)
    if action == "recode" and spec.codes is None:
        faults.add(path, "M111", "the key `codes` is missing.", "Add `codes: {source: target}`.")


def _constant(path: Path_, spec: Column, kind: str, faults: FaultList) -> None:
    value = spec.value or ""
    good = True
    if kind in NUMBERS:
        try:
            float(value)
        except ValueError:
            good = False
    elif kind == "boolean":
        good = value in {"true", "false"}
    elif kind == "date":
        good = is_iso_date(value)
    if not good:
        faults.add(
            (*path, "value"), "M113", f"{value!r} is not a {kind}.", "Write a value of the target's type."
        )


def is_iso_date(text: str) -> bool:
    """Whether the text is a date as YYYY-MM-DD."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _format(path: Path_, spec: Column, kind: str, faults: FaultList) -> None:
    text = spec.format or ""
    where = (*path, "format")
    if kind in NUMBERS:
        if text not in GESTATION:
            faults.add(
                where, "M131", f"{text!r} is not a format of numbers.", f"Known: {', '.join(GESTATION)}."
            )
        elif spec.unit is not None:
            faults.add((*path, "unit"), "M203", f"{text} already says its unit.", "Take `unit` out.")
    elif kind != "date":
        faults.add(where, "M123", f"a {kind} has no format.", "Take `format` out.")
    elif "%" not in text:
        faults.add(where, "M131", f"{text!r} is not a date format.", 'Write it like "%d/%m/%Y".')


def _codes(path: Path_, spec: Column, column: reference.Column, faults: FaultList) -> None:
    allowed = column.codes or (("true", "false") if column.type == "boolean" else ())
    if spec.codes is None:
        if column.codes and spec.value is not None and spec.value not in column.codes:
            hint = nearest(spec.value, column.codes) or f"Use one of: {', '.join(column.codes)}."
            faults.add((*path, "value"), "M124", f"{spec.value!r} is not a code of {column.column}.", hint)
        return
    if column.type == "date":
        faults.add(
            (*path, "codes"),
            "M123",
            "a date has no codes.",
            "Take `codes` out; use `missing` for codes of missing.",
        )
    for code, word in spec.codes.items():
        if allowed and word not in allowed:
            hint = nearest(word, allowed) or f"Use one of: {', '.join(allowed)}."
            faults.add((*path, "codes", code), "M124", f"{word!r} is not a code of {column.column}.", hint)


def _unit(
    path: Path_, spec: Column, column: reference.Column, block: Block, faults: FaultList, *, measured: bool
) -> None:
    if spec.match in {"undecided", "not_collected"} or spec.do == "from_schedule" or spec.format in GESTATION:
        return
    if column.type not in NUMBERS or column.unit in UNITLESS:
        if spec.unit is not None and (column.type not in NUMBERS or spec.unit.text not in {None, "1"}):
            faults.add((*path, "unit"), "M203", f"{column.column} has no unit.", "Take `unit` out.")
        return
    if action_of(spec, column.type) == "formula":
        _formula_units(path, spec, block, column, faults)
        return
    lets = [name for name in spec.from_ or () if name in block.let]
    unit = spec.unit
    if unit is None and lets and block.let[lets[0]].unit is not None:
        unit = block.let[lets[0]].unit
    if unit is None:
        if lets or (measured and block.long is not None and block.long.unit is not None):
            return
        faults.add(
            path,
            "M202",
            f"nothing says in which unit {', '.join(spec.from_ or ()) or 'the value'} is.",
            f"Add `unit:` ({column.unit} is what {column.column} becomes).",
        )
        return
    if unit.text is not None:
        _converts((*path, "unit"), unit.text, column.unit, None, column.column, faults)


def _known_unit(path: Path_, text: str, faults: FaultList) -> bool:
    try:
        units.canonical(text)
    except UnitError as error:
        faults.add(path, "M201", error.what, error.todo)
        return False
    return True


def _converts(path: Path_, unit: str, to: str, substance: str | None, what: str, faults: FaultList) -> None:
    if not _known_unit(path, unit, faults):
        return
    try:
        units.unit_factor(unit, to, substance=substance)
    except UnitError as error:
        try:
            units.unit_factor(unit, to, substance=substance or "iodine")
            molar = substance is None
        except UnitError:
            molar = False
        code = "M206" if molar else "M207"
        what_ = (
            f"cannot convert {what} from {unit} to {to}."
            if not molar
            else f"{unit} of {what} is an amount: to reach {to} its substance must be named."
        )
        faults.add(
            path, code, what_, error.todo or "Name its `substance`." if molar else error.todo or error.what
        )


def _formula(path: Path_, spec: Column, kind: str, faults: FaultList) -> None:
    where = (*path, "formula")
    if spec.formula is None:
        faults.add(path, "M111", "the key `formula` is missing.", "Add `formula: a - b`.")
        return
    if kind not in NUMBERS:
        faults.add(where, "M123", f"a formula gives a number, not a {kind}.", "Use another action.")
    try:
        formulas.parse(spec.formula)
    except formulas.FormulaError as error:
        code = "M190" if str(error).startswith("not yet") else "M150"
        faults.add(where, code, f"{error}.", "Write it like `both - mother`.")


def _formula_units(
    path: Path_, spec: Column, block: Block, column: reference.Column | None, faults: FaultList
) -> None:
    if action_of(spec, "number") != "formula" or spec.formula is None:
        return
    try:
        tree = formulas.parse(spec.formula)
    except formulas.FormulaError:
        return  # said by _formula
    own = spec.unit.text if spec.unit is not None else None

    def unit(name: str) -> str | None:
        let = block.let.get(name)
        if let is None:
            return own
        if let.formula is not None:
            text = let.unit.text if let.unit is not None else None
            return text or formulas.unit_of(formulas.parse(let.formula), unit)
        return let.unit.text if let.unit is not None else None

    try:
        result = formulas.unit_of(tree, unit)
        if column is None:
            return
        if result is None:
            faults.add(
                path,
                "M202",
                "nothing says which unit the formula's result has.",
                "Add `unit:` to the column or to its lets.",
            )
        else:
            _converts((*path, "formula"), result, column.unit, None, column.column, faults)
    except (UnitError, formulas.FormulaError) as error:
        faults.add((*path, "formula"), "M207", str(error), "")


def _long(
    table: str, path: Path_, block: Block, known: dict[str, reference.Column], faults: FaultList
) -> None:
    long = block.long
    if long is None:
        return
    where = (*path, "long")
    results = table in {"milk", "biomarkers"}
    wanted = "analyte" if results else "variable"
    if getattr(long, wanted) is None:
        faults.add(
            where,
            "M111",
            f"the key `{wanted}` is missing.",
            f"Name the column that says which {wanted} a row holds.",
        )
    if results:
        for code, name in long.codes.items():
            if name not in reference.analytes():
                faults.add(
                    (*where, "codes", code),
                    "M204",
                    f"the analyte {name!r} is not known.",
                    nearest(name, reference.analytes()),
                )
        return
    for code, name in long.codes.items():
        if name not in known or known[name].type not in NUMBERS:
            faults.add(
                (*where, "codes", code), "M121", f"{name!r} is not a number of {table}.", nearest(name, known)
            )
            continue
        given = block.columns.get(name)
        if long.unit is None and known[name].unit not in UNITLESS and (given is None or given.unit is None):
            faults.add(
                (*where, "codes", code),
                "M202",
                f"nothing says in which unit {code} is.",
                f"Add `unit: COLUMN` to `long`, or `columns: {{{name}: {{unit: ...}}}}`.",
            )


def _analytes(table: str, path: Path_, block: Block, faults: FaultList) -> None:
    if table not in {"milk", "biomarkers"}:
        for key, given in (("analytes", bool(block.analytes)), ("every", block.every != Defaults())):
            if given:
                faults.add((*path, key), "M123", f"`{key}` is for milk and biomarkers.", "Use `columns`.")
        return
    if not block.analytes and block.long is None:
        faults.add(
            path,
            "M111",
            "the block names no analytes.",
            "Add `analytes:` for a wide file or `long:` for a long one.",
        )
    if block.every.unit is not None and block.every.unit.text is not None:
        _known_unit((*path, "every", "unit"), block.every.unit.text, faults)
    known = reference.analytes()
    for name, spec in block.analytes.items():
        where = (*path, "analytes", name)
        if name not in known:
            hint = nearest(name, known) or "The keys are in analytes.csv."
            faults.add(where, "M204", f"the analyte {name!r} is not known.", hint)
            continue
        _spec(where, spec, "number", faults, from_long=block.long is not None)
        _analyte_unit(where, name, spec, block, faults)
    if block.long is not None and block.every.unit is not None and block.every.unit.text is not None:
        for code, name in block.long.codes.items():
            if name in known and name not in block.analytes:
                _converts(
                    (*path, "long", "codes", code),
                    block.every.unit.text,
                    known[name].unit,
                    block.every.substance,
                    name,
                    faults,
                )


def _analyte_unit(path: Path_, name: str, spec: Analyte, block: Block, faults: FaultList) -> None:
    substance = spec.substance or block.every.substance
    if substance is not None:
        try:
            reference.substance(substance)
        except UnitError as error:
            faults.add((*path, "substance"), "M205", error.what, error.todo)
            return
    unit = spec.unit or block.every.unit
    if unit is None:
        if (block.long is None or block.long.unit is None) and action_of(spec, "number") != "formula":
            faults.add(
                path, "M202", f"nothing says in which unit {name} is.", "Add `unit:`, or `unit: header`."
            )
        return
    if unit.text is not None:
        _converts((*path, "unit"), unit.text, reference.analytes()[name].unit, substance, name, faults)
    limit = spec.limit or block.every.limit
    if limit is not None and sum(part is not None for part in (limit.value, limit.from_, limit.by)) != 1:
        faults.add(
            (*path, "limit"),
            "M113",
            "a limit is a number, a column, or numbers by batch.",
            "Write `limit: 0.7`, `{from: LOD}` or `{by: PLATE, values: {...}}`.",
        )
    if limit is not None and limit.by is not None and not limit.values:
        faults.add((*path, "limit"), "M111", "the key `values` is missing.", "Give the limit of each batch.")
