"""What the uploads say of a mapping that a run would accept: codes, dates, numbers, units, keys."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from milkqc import cells as text_cells
from milkqc import reference, units
from milkqc.errors import Fault, UnitError
from milkqc.mapping.apply import Applied, apply
from milkqc.mapping.faults import FaultList
from milkqc.mapping.language import Block
from milkqc.mapping.uses import Use, uses
from milkqc.mapping.values import canonical_words
from milkqc.study import Study
from milkqc.yamlfile import Path_

# Rules of reading that a mapping may be the cause of, and the code of each.
READING = {
    "reading.code.unknown": ("M401", "codes that it does not know", "Add them to `codes`, or to `missing`."),
    "reading.date.unreadable": ("M403", "dates that cannot be read", "Compare `format` with the file."),
    "reading.number.unreadable": ("M404", "numbers that cannot be read", "Declare their codes in `missing`, or `decimal` at the table."),
}  # fmt: skip
# Units that a file may have instead, tried in this order where values do not fit the declared one.
OTHERS = ("kg", "g", "lb", "cm", "mm", "m", "day", "week", "month", "year", "g/dL", "g/L", "mm", "mL", "L")
MOST = 0.5  # the share of values that must lie outside what can be true before the unit is doubted


def seen(study: Study) -> Iterator[Fault]:
    """A fault for each thing that the data make doubtful, at the line of the mapping that it concerns."""
    from milkqc import normalise

    faults = study.loaded.faults()
    applied = apply(study.loaded.mapping, study.tables)
    _reading(study, applied, faults)
    _never(study, faults)
    for name, frame in applied.tables.items():
        if name not in {"milk", "biomarkers"}:
            _units(study, name, normalise.normalise(name, frame)[0], faults)
        _keys(study, name, frame, faults)
    yield from faults.faults


def _place(study: Study, table: str, variable: str, file: str | None) -> Path_:
    """Where the mapping makes a variable: in the block whose source the file is, else in the first that does."""
    found: list[tuple[Path_, Block]] = []
    plain = variable.removeprefix("x_")
    for name, place, block in study.loaded.mapping.blocks():
        sections = ("columns", "key", "extra", "analytes", "let", "compare") if name == table else ()
        found += [((name, place, one, plain), block) for one in sections if plain in getattr(block, one)]
    for path, block in found:
        source = study.tables.get(block.from_)
        if source is not None and any(one.origin.file == file for one in source.sources):
            return path
    return found[0][0] if found else (table,)


def _reading(study: Study, applied: Applied, faults: FaultList) -> None:
    places = pl.concat(
        [
            frame.select("row_id", pl.lit(name).alias("table"), "source_file")
            for name, frame in applied.tables.items()
        ]
    ).unique(["row_id", "table"], keep="first")
    drafts = applied.drafts.filter(pl.col("rule_id").is_in(list(READING))).drop("source_file")
    drafts = drafts.join(places, on=["row_id", "table"], how="left")
    groups = drafts.group_by("rule_id", "table", "variable", "source_file", maintain_order=True)
    for (rule, table, variable, file), group in groups:
        code, what, todo = READING[str(rule)]
        where = _place(study, str(table), str(variable), None if file is None else str(file))
        more = ""
        if code == "M401":
            counts = (
                group["value"]
                .value_counts(sort=True, name="n")
                .sort(["n", "value"], descending=[True, False])
            )
            shown = [f"{value!r} ({n})" for value, n in counts.head(10).iter_rows()]
            more = f": {', '.join(shown)}{' ...' if counts.height > 10 else ''}"
        file_name = "" if file is None else f"{file} holds "
        count = f"{group.height} cell{'s' * (group.height > 1)} with "
        faults.add(where, code, f"{file_name}{count}{what}{more}.", todo)


def _never(study: Study, faults: FaultList) -> None:
    """Codes that are declared and that no file of the table holds: a code misspelt, or a form of another version."""
    seen_at: dict[Path_, set[str]] = {}
    declared: dict[Path_, Use] = {}
    for use in uses(study.loaded.mapping):
        source = study.tables.get(use.table)
        if use.spec is None or not use.spec.codes or source is None or use.column not in source.columns:
            continue
        path = use.path[: next(n for n, part in enumerate(use.path) if part == "from")]
        declared[path] = use
        text = text_cells.canonical(source.cells(use.column).text.unique())
        seen_at.setdefault(path, set()).update(text.drop_nulls().to_list())
    for path, use in declared.items():
        codes = (use.spec.codes if use.spec is not None else None) or {}
        unused = [code for code in codes if not canonical_words([code]) & seen_at[path]]
        if unused:
            told = ", ".join(repr(code) for code in unused[:10])
            faults.add(
                (*path, "codes"),
                "M402",
                f"{use.column} never holds {told}.",
                "Check how the file writes it; a code that may still come can stay.",
            )


def _units(study: Study, table: str, frame: pl.DataFrame, faults: FaultList) -> None:
    for column in reference.columns(table):
        name = column.column
        if f"{name}__raw_unit" not in frame.columns or (column.min is None and column.max is None):
            continue
        known = frame.filter(pl.col(name).is_not_null() & pl.col(f"{name}__raw_unit").is_not_null())
        for (unit, file), group in known.group_by(f"{name}__raw_unit", "source_file", maintain_order=True):
            low = -float("inf") if column.min is None else column.min
            high = float("inf") if column.max is None else column.max
            outside = group.filter((pl.col(name) < low) | (pl.col(name) > high)).height
            if outside <= MOST * group.height:
                continue
            median = float(group.select(pl.col(f"{name}__number").median()).item())
            fitting = [other for other in dict.fromkeys(OTHERS) if other != unit and _fits(median, other, column.unit, low, high)]  # fmt: skip
            hint = f"In {' or '.join(fitting)} they would fit. " if fitting else ""
            path = _place(study, table, "age_days" if name == "age_reported_days" else name, str(file))
            faults.add(
                (*path, "unit"),
                "M405",
                f"{outside} of {group.height} values of {file}, read in {unit}, cannot be true: their median is "
                f"{median:g} {unit}, and {name} lies between {low:g} and {high:g} {column.unit}.",
                f"{hint}Check the unit of the file.",
            )


def _fits(median: float, unit: str, to: str, low: float, high: float) -> bool:
    try:
        return low <= median * units.unit_factor(unit, to) <= high
    except UnitError:
        return False


def _keys(study: Study, table: str, frame: pl.DataFrame, faults: FaultList) -> None:
    """Keys that stand in several rows where nothing says how repeats are read."""
    repeated = frame.filter(pl.col("row_id").str.contains(r"[^\\]#[0-9a-f]{6}"))
    if "repeat_allowed" in frame.columns:
        repeated = repeated.filter(~pl.col("repeat_allowed").fill_null(False))
    for (file,), group in repeated.group_by("source_file", maintain_order=True):
        path = next(
            (
                (name, place, "key")
                for name, place, block in study.loaded.mapping.blocks()
                if name == table and any(one.origin.file == file for one in study.tables[block.from_].sources)
            ),
            (table,),
        )
        faults.add(
            path,
            "M406",
            f"{group.height} rows of {file} share their key with another row.",
            "Add the missing key part, or say by `repeats:` how such rows are read.",
        )
