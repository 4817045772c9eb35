"""The faults of long files and of laboratory results: analytes, substances, limits."""

from __future__ import annotations

from milkqc import reference, units
from milkqc.errors import UnitError
from milkqc.mapping import lint_units
from milkqc.mapping.actions import action_of
from milkqc.mapping.contents import BETWEEN, UNIT
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Analyte, Block, Defaults, LimitOf, UnitOf
from milkqc.mapping.lint_options import options, same_codes
from milkqc.mapping.lint_units import UNITLESS
from milkqc.mapping.replicates import NUMBERS, REPLICATES
from milkqc.yamlfile import Path_


def long(
    table: str, path: Path_, block: Block, known: dict[str, reference.Column], faults: FaultList
) -> None:
    """Note what is wrong with a block's `long`."""
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
    same_codes((*where, "codes"), long.codes, faults)
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
    if not long.codes:
        faults.add(where, "M111", "the key `codes` is missing.", "Add `codes: {source: variable}`.")
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


def analytes(table: str, path: Path_, block: Block, faults: FaultList) -> None:
    """Note what is wrong with a block's `analytes` and `every`."""
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
    for at, text in lint_units.written((*path, "every", "unit"), block.every.unit, faults):
        if units.per_mass(text) is None:
            lint_units.known(at, text, faults)
    known = reference.analytes()
    for name, spec in block.analytes.items():
        where = (*path, "analytes", name)
        if name not in known:
            hint = nearest(name, known) or "The keys are in analytes.csv."
            faults.add(where, "M204", f"the analyte {name!r} is not known.", hint)
            continue
        options(where, spec, "number", faults, from_long=block.long is not None)
        if spec.match not in {"undecided", "not_collected"}:
            _one(where, name, spec, block, faults)
    _limit((*path, "every", "limit"), block.every.limit, faults)
    _contents((*path, "every"), block.every, faults)
    if block.long is None:
        return
    nowhere = block.long.unit is None and block.every.unit is None
    if nowhere and not block.long.codes and not block.analytes:
        faults.add(
            (*path, "long"), "M202", "nothing says in which unit the results are.", "Add `unit: COLUMN`."
        )
    for code, name in block.long.codes.items():
        if name in known and name not in block.analytes:
            _unit((*path, "long", "codes", code), name, Analyte(), block, faults)


def controls(path: Path_, block: Block, faults: FaultList) -> None:
    """Note what is wrong with the certified values of a block's control materials."""
    if block.controls is None:
        return
    for level, own in block.controls.targets.items():
        if block.controls.level is None and level not in block.controls.control:
            told = ", ".join(block.controls.control) or "nothing"
            faults.add(
                (*path, "controls", "targets", level),
                "M112",
                f"{level!r} is no control material of the block: `control` lists {told}.",
                nearest(level, block.controls.control) or "Name the column of the materials by `level:`.",
            )
        for name, target in own.items():
            where = (*path, "controls", "targets", level, name)
            if name not in reference.analytes():
                hint = nearest(name, reference.analytes())
                faults.add(where, "M204", f"the analyte {name!r} is not known.", hint)
                continue
            spec = block.analytes.get(name)
            substance = (spec.substance if spec is not None else None) or block.every.substance
            to = reference.analytes()[name].unit
            lint_units.converts((*where, "unit"), target.unit, to, faults, what=name, substance=substance)


def _one(path: Path_, name: str, spec: Analyte, block: Block, faults: FaultList) -> None:
    action = action_of(spec, "number")
    if action in REPLICATES and block.long is not None:
        faults.add(
            (*path, "do"),
            "M123",
            "a long file has one result a row.",
            "Stack the readings with `repeats: replicate`.",
        )
    elif action == "mean_of_closest_two":
        faults.add(
            (*path, "do"),
            "M123",
            "how near a reading below the limit is to another, nobody knows.",
            "Use mean_of or median_of.",
        )
    elif action in REPLICATES and (spec.unit or block.every.unit or UnitOf(text="")).text is None:
        faults.add(path, "M202", "readings that are combined need their unit.", "Write it out.")
    if spec.codes is not None:
        faults.add((*path, "codes"), "M123", "a result has no codes.", "Use `missing` for codes of missing.")
    substance = spec.substance or block.every.substance
    if substance is not None and not _substance((*path, "substance"), name, substance, faults):
        return
    _unit(path, name, spec, block, faults)
    _limit((*path, "limit"), spec.limit, faults)
    _contents(path, spec, faults)


def _substance(path: Path_, name: str, substance: str, faults: FaultList) -> bool:
    try:
        named = reference.substance(substance)
    except UnitError as error:
        faults.add(path, "M205", error.what, error.todo)
        return False
    analyte = reference.analytes()[name]
    if named.family != analyte.family:
        faults.add(
            path,
            "M205",
            f"{substance} is no form of {name}.",
            f"Name the form that the laboratory reports, such as {name}.",
        )
        return False
    return True


def _unit(path: Path_, name: str, spec: Analyte, block: Block, faults: FaultList) -> None:
    to = reference.analytes()[name].unit
    substance = spec.substance or block.every.substance
    if action_of(spec, "number") == "formula":
        lint_units.of_formula(path, spec, block, faults, to=to, what=name, substance=substance)
        return
    if lint_units.of_lets(path, spec, block, faults, to=to, what=name, substance=substance):
        return
    unit = spec.unit or block.every.unit
    if unit is None:
        if block.long is None or block.long.unit is None:
            faults.add(
                path, "M202", f"nothing says in which unit {name} is.", "Add `unit:`, or `unit: header`."
            )
        return
    contents = [
        key
        for key in ("density", "fat")
        if getattr(spec, key) is not None or getattr(block.every, key) is not None
    ]
    # A unit that `every` gives is judged for each analyte, and noted where the person wrote it.
    ignored = FaultList(faults.document)
    for at, text in lint_units.written((*path, "unit"), unit, ignored if spec.unit is None else faults):
        lint_units.converts(at, text, to, faults, what=name, substance=substance, contents=contents)


def _contents(path: Path_, spec: Analyte | Defaults, faults: FaultList) -> None:
    """Note what is wrong with the declared density, fat and zeros."""
    density, fat, zero = spec.density, spec.fat, spec.zero
    if density is not None and density.value is not None:
        low, high = BETWEEN["density"]
        if not low < density.value <= high:
            faults.add(
                (*path, "density"),
                "M113",
                f"{density.value:g} kg/L is no density of milk (about 1.03).",
                "Write it in kg/L, or name its column with its unit.",
            )
    if fat is not None and fat.value is not None:
        faults.add(
            (*path, "fat"),
            "M113",
            "fat differs between samples more than most nutrients do, so one figure for all would make results up.",
            "Name the column of each sample's own: `fat: {from: FAT, unit: g/dL}`.",
        )
    for name, content in (("density", density), ("fat", fat)):
        if content is None or (content.value is not None and content.from_ is None):
            continue
        where = (*path, name)
        if content.from_ is None or content.value is not None:
            faults.add(where, "M111", "the key `from` is missing.", "Name the column.")
        elif content.unit is None:
            faults.add(where, "M202", f"nothing says in which unit the {name} is.", "Add `unit:`.")
        else:
            for at, text in lint_units.written((*where, "unit"), content.unit, faults):
                lint_units.converts(at, text, UNIT[name], faults, what=name)
    if zero is not None and (zero.is_ is None) == (zero.from_ is None):
        faults.add(
            (*path, "zero"),
            "M113",
            "a zero is a value, below the limit, or as a comment says.",
            "Write `zero: value`, `zero: below_limit` or `zero: {from: COMMENT}`.",
        )


def _limit(path: Path_, limit: LimitOf | None, faults: FaultList) -> None:
    if limit is None:
        return
    if sum((limit.value is not None, limit.header, limit.from_ is not None, limit.by is not None)) != 1:
        faults.add(
            path,
            "M113",
            "a limit is a number, a column, or numbers by batch.",
            "Write `limit: 0.7`, `header`, `{from: LOD}` or `{by: PLATE, values: {...}}`.",
        )
    elif limit.by is not None and not limit.values:
        faults.add(path, "M111", "the key `values` is missing.", "Give the limit of each batch.")
    same_codes((*path, "values"), limit.values or {}, faults)
