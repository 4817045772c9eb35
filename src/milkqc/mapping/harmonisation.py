"""Which variable of the dictionary a study has, and how far it is the same thing: study x variable x status."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Mapping as Words
from dataclasses import dataclass

import polars as pl

from milkqc import reference, units
from milkqc.errors import UnitError
from milkqc.mapping import targets
from milkqc.mapping.actions import action_of
from milkqc.mapping.language import Analyte, Block, Column, Mapping
from milkqc.mapping.replicates import NUMBERS, REPLICATES
from milkqc.model import TABLES

SCHEMA = {
    "study": pl.String,
    "table": pl.String,
    "variable": pl.String,
    "label": pl.String,
    "unit": pl.String,
    "status": pl.String,
    "said": pl.String,
    "note": pl.String,
    "source": pl.String,
    "blocks": pl.String,
    "rows": pl.Int64,
    "values": pl.Int64,
}
# Grades of a variable that is there, the better first: several blocks together are no better than the worst of them.
GIVEN = ("exact", "converted", "approximate")
STATUSES = (*GIVEN, "not_collected", "undecided", "not_mapped")
RESULTS = ("milk", "biomarkers")
PLANNED = "The age of the schedule, not of the child."
# Units that only name the form of a number (lint_units.UNITLESS), and what the analyte decides.
_UNITLESS = {"", "1", "{z}", "by analyte"}


@dataclass(frozen=True)
class Graded:
    """One block's word on one variable: its grade, whether a person said it, and the note."""

    block: str
    source: str
    grade: str
    declared: bool
    note: str


def harmonisation(
    mapping: Mapping, tables: Words[str, pl.DataFrame], columns: Words[tuple[str, str], str]
) -> pl.DataFrame:
    """One row for each variable that the dictionary has, each analyte the study speaks of and each `x_` column.

    `tables` are the normalised internal tables, `columns[table, variable]` the source columns. A grade that the
    mapping does not say is derived: `exact` for a cell taken as it is, `converted` where the unit, the code or several
    readings made another value of it, `approximate` for the schedule's age. Several blocks are as good as the
    worst of those that give the variable; `blocks` has each block's own. `rows` are the table's (of this analyte),
    `values` those with a value, a censored result among them. Sorted by table (in their order) and variable.
    """
    said = {key: list(part) for key, part in _gathered(mapping, tables).items()}
    dropped = dict(_not_collected(mapping))
    wanted = {(table, name): None for table in TABLES for name in targets.mappable(table)}
    for name in targets.RESULT_COLUMNS:
        for table in RESULTS:
            wanted.pop((table, name), None)
    wanted |= dict.fromkeys([*said, *dropped])
    rows = [_row(mapping.study, key, said.get(key, []), dropped.get(key), tables, columns) for key in wanted]
    order = {table: place for place, table in enumerate((*TABLES, ""))}
    rows.sort(key=lambda row: (order[str(row["table"])], str(row["variable"])))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _gathered(mapping: Mapping, tables: Words[str, pl.DataFrame]) -> dict[tuple[str, str], list[Graded]]:
    found: dict[tuple[str, str], list[Graded]] = {}
    for table, place, block in mapping.blocks():
        name = table if len(getattr(mapping, table)) == 1 else f"{table}[{place + 1}]"
        others = {
            analyte
            for _, _, other in mapping.blocks()
            if other is not block and other.from_ == block.from_
            for analyte in _named(other)
        }
        for key, spec in _specs(table, block, tables, others):
            grade, note = _derived(key, spec, block, tables)
            found.setdefault(key, []).append(
                Graded(name, block.from_, spec.match or grade, spec.match is not None, spec.note or note)
            )
    return found


def _specs(
    table: str, block: Block, tables: Words[str, pl.DataFrame], others: Collection[str]
) -> Iterator[tuple[tuple[str, str], Column]]:
    """What a block says of each variable; analytes stand in the table of their specimen.

    `others` are analytes that another block takes from the same source.
    """
    for name, spec in block.columns.items():
        yield (table, name), spec
    for name, extra in block.extra.items():
        yield (table, f"x_{name}"), extra
    if block.long is not None and table not in RESULTS:
        for name in dict.fromkeys(block.long.codes.values()):
            if name not in block.columns:
                yield (table, name), Column.model_validate({"from": block.long.value, "do": "convert"})
    if table not in RESULTS:
        return
    here = [one for one in RESULTS if _of_block(tables[one], block).height]
    here = here or ["milk" if block.specimen == "milk" else "biomarkers"]
    for one in here:
        named = _named(block)
        if block.long is not None:
            frame = _of_block(tables[one], block)
            there = (
                frame["analyte"].drop_nulls().unique().sort().to_list() if "analyte" in frame.columns else []
            )
            named |= dict.fromkeys(name for name in there if name not in others)
        for name in named:
            yield (one, name), block.analytes.get(name, Analyte())


def _named(block: Block) -> dict[str, None]:
    """The analytes that a block of results names, each once."""
    return dict.fromkeys([*block.analytes, *(block.long.codes.values() if block.long is not None else ())])


def _of_block(frame: pl.DataFrame, block: Block) -> pl.DataFrame:
    return frame.filter(pl.col("source_table") == block.from_) if "source_table" in frame.columns else frame


def _derived(
    key: tuple[str, str], spec: Column, block: Block, tables: Words[str, pl.DataFrame]
) -> tuple[str, str]:
    """The grade that follows from what is done to the cells, and the note that it brings."""
    table, name = key
    known = targets.mappable(table)
    result = table in RESULTS and name not in known and not name.startswith("x_")
    kind = "number" if result else known[name].type if name in known else getattr(spec, "type", "text")
    action = action_of(spec, kind)
    if action == "from_schedule":
        return "approximate", PLANNED
    if action == "recode":
        same = all(code == word for code, word in (spec.codes or {}).items())
        return ("exact" if same else "converted"), ""
    computed = action == "formula" or (action in REPLICATES and action != "first_of")
    lets = any(name in block.let for name in spec.from_ or ())
    if computed or lets or spec.format in {"weeks+days", "weeks.days"}:
        return "converted", ""
    if kind in NUMBERS and _converts(key, spec, block, tables, result=result):
        return "converted", ""
    return "exact", ""


def _converts(
    key: tuple[str, str], spec: Column, block: Block, tables: Words[str, pl.DataFrame], *, result: bool
) -> bool:
    """Whether a value became another number: by the rows' own factors, else by the unit that is written."""
    table, name = key
    frame = _of_block(tables[table], block)
    factor = "factor" if result else f"{targets.stored(table, name)}__factor"
    if result and "analyte" in frame.columns:
        frame = frame.filter(pl.col("analyte") == name)
    if factor in frame.columns and frame[factor].drop_nulls().len():
        return bool((frame[factor].drop_nulls() != 1).any())
    unit = spec.unit or (block.every.unit if result else None)
    to = _unit(table, name)
    if unit is None or unit.text is None or to in _UNITLESS:
        return False
    substance = getattr(spec, "substance", None) or block.every.substance
    try:
        return units.unit_factor(unit.text, to, substance=substance or (name if result else None)) != 1
    except UnitError:
        return True


def _not_collected(mapping: Mapping) -> Iterator[tuple[tuple[str, str], str]]:
    """What `not_collected:` lists: `table.variable`, an analyte, or a variable that only one table has."""
    for name, why in mapping.not_collected.items():
        table, _, variable = name.partition(".")
        if variable and table in TABLES:
            yield (table, variable), why
            continue
        places = [table for table in TABLES if name in targets.mappable(table)]
        places = places or (["milk"] if name in reference.analytes() else [])
        yield (places[0] if len(places) == 1 else "", name), why


def _row(
    study: str,
    key: tuple[str, str],
    said: list[Graded],
    dropped: str | None,
    tables: Words[str, pl.DataFrame],
    columns: Words[tuple[str, str], str],
) -> dict[str, object]:
    table, name = key
    given = [one for one in said if one.grade in GIVEN]
    whole = given or said
    if whole:
        status = max((one.grade for one in whole), key=STATUSES.index)
        notes = [one.note for one in said if one.note]
    else:
        status, notes = ("not_mapped", []) if dropped is None else ("not_collected", [dropped])
    rows, values = _counts(table, name, tables)
    declared = (dropped is not None and not said) or any(one.declared for one in whole if one.grade == status)
    return {
        "study": study,
        "table": table,
        "variable": name,
        "label": _label(table, name),
        "unit": _unit(table, name) or None,
        "status": status,
        "said": "declared" if declared else "derived",
        "note": " ".join(dict.fromkeys(notes)) or None,
        "source": columns.get((table, targets.stored(table, name))) or None if given else None,
        "blocks": "; ".join(f"{one.block} ({one.source}): {one.grade}" for one in said) or None,
        "rows": rows,
        "values": values if given else 0,
    }


def _counts(table: str, name: str, tables: Words[str, pl.DataFrame]) -> tuple[int, int]:
    frame = tables.get(table, pl.DataFrame())
    stored = targets.stored(table, name) if table else name
    if table in RESULTS and stored not in frame.columns and "analyte" in frame.columns:
        frame = frame.filter(pl.col("analyte") == name)
        there = frame.filter(pl.col("value").is_not_null() | pl.col("censored").is_not_null())
        return frame.height, there.height
    values = frame.height - frame[stored].null_count() if stored in frame.columns else 0
    return frame.height, values


def _label(table: str, name: str) -> str:
    column = reference.dictionary().get((table, targets.stored(table, name)))
    analyte = reference.analytes().get(name)
    return column.label if column is not None else analyte.name if analyte is not None else name


def _unit(table: str, name: str) -> str:
    column = reference.dictionary().get((table, targets.stored(table, name)))
    if column is not None:
        return column.unit if column.unit not in _UNITLESS else ""
    analyte = reference.analytes().get(name)
    return analyte.unit if analyte is not None and table in RESULTS else ""
