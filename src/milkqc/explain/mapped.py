"""A cell that the mapping made: from which source cells, by which line, read and converted how."""

from __future__ import annotations

import re
from typing import Any

from milkqc import reference
from milkqc.explain import raw
from milkqc.explain.behind import COMBINED, before, cells_of, columns_of, place
from milkqc.explain.model import Cell, How, SourceCell, shown
from milkqc.explain.store import Row, Store
from milkqc.explain.why import because
from milkqc.mapping import formula as formulas

KEYS = ("participant_id", "infant_id", "visit", "sample_id")
_PLAIN = {"", "1", "{z}", "by analyte"}
_SAID = {
    "first_of": "the first of {n} readings that is there",
    "mean_of": "the mean of the readings that are there",
    "median_of": "the median of the readings that are there",
    "mean_of_closest_two": "the mean of the two readings nearest each other",
    "join": "its parts joined",
}


def mapped(store: Store, table: str, row: Row, column: str) -> Cell:
    """The cell of a mapped column, a key, or a column of the study's own."""
    block = block_of(store, row, column)
    if column in KEYS and table != "_":
        return _key(store, table, row, column, block)
    name = "age_days" if column == "age_reported_days" else column
    spec = _spec(block, name)
    unit = unit_of(table, column)
    if spec is None:
        says = (
            f"{store.trace['mapping']} fills no {name} for rows of {block['source']}"
            if block
            else "not mapped"
        )
        return Cell(table, row["row_id"], column, row[column], unit, "missing", because=f"not mapped: {says}")
    where = line(store, spec)
    value, reason = row[column], row.get(f"{column}__missing")
    sources = cells_of(store, row, column, spec, block)
    if spec.get("do") == "constant" or ("from" not in spec and "value" in spec):
        says = f"the mapping says {spec['value']!r} for every row"
        return Cell(
            table,
            row["row_id"],
            column,
            value,
            unit,
            "declared",
            says,
            mapping=where,
            numbers=_numbers(row, column),
        )
    inputs = lets_of(store, table, row, spec, block)
    if value is None:
        text = row.get(f"{column}__raw")
        why = because(reason, text, spec, store.trace["missing"])
        return Cell(
            table,
            row["row_id"],
            column,
            None,
            unit,
            "missing",
            "",
            why,
            sources,
            where,
            _numbers(row, column),
            inputs,
        )
    how, says = _made(row, column, spec, sources, inputs, unit)
    return Cell(table, row["row_id"], column, value, unit, how, says, "", sources, where, _numbers(row, column), inputs)  # fmt: skip


def unit_of(table: str, column: str) -> str | None:
    """The canonical unit of a column; null where it has none."""
    known = reference.dictionary().get((table, column))
    return None if known is None or known.unit in _PLAIN else known.unit


def block_of(store: Store, row: Row, column: str) -> dict[str, Any]:
    """The mapping's block that made the cell."""
    name = row.get(f"{column}__source_block") or row.get("source_block")
    return store.trace["blocks"].get(name, {}) if name else {}


def line(store: Store, spec: dict[str, Any]) -> str:
    """`mapping.yaml:57`."""
    return f"{store.trace['mapping']}:{spec['line']}"


def _spec(block: dict[str, Any], name: str) -> dict[str, Any] | None:
    long = block.get("long")
    spec: dict[str, Any] | None = block.get("columns", {}).get(name)
    if long is not None and name in (long.get("codes") or {}).values() and "variable" in long:
        return {"line": long["line"], **(spec or {}), "from": [long["value"]]}
    if spec is None and name.startswith("x_"):
        spec = block.get("extra", {}).get(name.removeprefix("x_"))
    return spec


def lets_of(
    store: Store, table: str, row: Row, spec: dict[str, Any], block: dict[str, Any]
) -> tuple[Cell, ...]:
    """The intermediates (`let`) that a spec uses, each explained."""
    lets = block.get("let", {})
    names = list(spec.get("from") or ())
    if spec.get("formula") is not None:
        names = list(formulas.names(formulas.parse(spec["formula"])))
    return tuple(_let(store, table, row, name, block) for name in names if name in lets)


def _let(store: Store, table: str, row: Row, name: str, block: dict[str, Any]) -> Cell:
    spec, column = block["let"][name], f"let_{name}"
    inner = {**block, "let": before(block["let"], name)}
    value, unit = row.get(f"{column}__number"), row.get(f"{column}__raw_unit")
    sources = cells_of(store, row, column, spec, inner)
    inputs = lets_of(store, table, row, spec, inner)
    where = line(store, spec)
    if value is None:
        why = because(row.get(f"{column}__missing"), row.get(f"{column}__raw"), spec, store.trace["missing"])
        return Cell(table, row["row_id"], column, None, unit, "missing", "", why, sources, where, {}, inputs)
    if not sources and not inputs:
        says = f"the mapping says {spec.get('value')!r} for every row"
        return Cell(table, row["row_id"], column, value, unit, "declared", says, mapping=where)
    how, says = _made({**row, column: value, f"{column}__factor": 1.0}, column, spec, sources, inputs, unit)
    return Cell(table, row["row_id"], column, value, unit, how, says, "", sources, where, {}, inputs)


def _numbers(row: Row, column: str) -> dict[str, Any]:
    names = {"number": "number", "raw_unit": "raw_unit", "factor": "factor"}
    found = {name: row.get(f"{column}__{key}") for name, key in names.items()}
    return {name: value for name, value in found.items() if value is not None}


def _made(
    row: Row,
    column: str,
    spec: dict[str, Any],
    sources: tuple[SourceCell, ...],
    inputs: tuple[Cell, ...],
    unit: str | None,
) -> tuple[How, str]:
    """How a value came about, in a sentence with its numbers."""
    value = row[column]
    number, factor, own = (row.get(f"{column}__{name}") for name in ("number", "factor", "raw_unit"))
    converted = ""
    if number is not None and factor is not None and factor != 1:
        converted = f"{shown(number)} {own or ''} x {shown(factor)} = {shown(value)} {unit or ''}".strip()
    if spec.get("formula") is not None:
        result = f"{shown(number if number is not None else value)} {own or ''}".strip()
        said = f"{spec['formula']} = {with_numbers(spec['formula'], sources, inputs)} = {result}"
        return "computed", "; ".join(filter(None, [said, converted]))
    if spec.get("do") in COMBINED:
        said = _SAID[spec["do"]].format(n=len(sources))
        read = [shown(one.number) for one in sources if one.number is not None]
        if read and number is not None:
            said += f": of {', '.join(read)} {own or ''}".rstrip() + f" it is {shown(number)}"
        return "combined", "; ".join(filter(None, [said, converted]))
    if inputs and spec.get("from"):
        return ("converted", converted) if converted else ("copied", f"{inputs[0].variable} as it is")
    if spec.get("codes") is not None:
        return "recoded", f"the code {sources[0].text if sources else ''!r} means {shown(value)}"
    if converted:
        return "converted", converted
    if spec.get("format"):
        return "converted", f"read as {spec['format']}: {shown(value)}"
    return "copied", "as it is"


def with_numbers(text: str, sources: tuple[SourceCell, ...], inputs: tuple[Cell, ...]) -> str:
    """A formula with the values in the place of its names."""
    known: dict[str, str] = {}
    for one in sources:
        known[one.column] = shown(one.number) if one.number is not None else repr(one.text)
    for inner in inputs:
        known[inner.variable.removeprefix("let_")] = f"{shown(inner.value)} {inner.unit or ''}".rstrip()
    return re.sub(
        r"[^\W\d]\w*(?:\.[^\W\d]\w*)?",
        lambda found: known.get(found[0], known.get(found[0].partition(".")[2], found[0])),
        text,
    )


def _key(store: Store, table: str, row: Row, column: str, block: dict[str, Any]) -> Cell:
    value, text = row[column], row.get(f"{column}__key")
    spec = block.get("key", {}).get(column)
    if spec is None and column == "infant_id" and value is not None and value == row.get("participant_id"):
        return Cell(table, row["row_id"], column, value, None, "key", "the mapping names no infant_id: it is the participant_id",
                    inputs=(_key(store, table, row, "participant_id", block),))  # fmt: skip
    if spec is None and column == "visit" and block.get("visits"):
        suffix = block["visits"].get(value)
        where = f"{store.trace['mapping']}:{block['line']}"
        return Cell(table, row["row_id"], column, value, None, "declared", f"the columns with {suffix!r} are of this visit", mapping=where)  # fmt: skip
    if spec is None:
        return Cell(
            table, row["row_id"], column, value, None, "missing", because="not mapped: no part of the key"
        )
    where = line(store, spec)
    if spec.get("do") in {"constant", "row_number"}:
        says = (
            f"the mapping says {spec['value']!r}"
            if spec["do"] == "constant"
            else "the number of the row in its table"
        )
        return Cell(table, row["row_id"], column, value, None, "declared", says, mapping=where)
    names = columns_of(spec, block, row)
    several = spec.get("do") in COMBINED
    texts = raw.split(text, names) if several else {names[0]: text}
    sources = tuple(place(store, row, column, name, block, texts[name]) for name in names)
    if value is None:
        return Cell(
            table,
            row["row_id"],
            column,
            None,
            None,
            "missing",
            "",
            because(None, text, spec, {}),
            sources,
            where,
        )
    says = "its parts joined" if several else "as it is"
    if spec.get("codes") is not None:
        says = f"the code {text!r} means {value}"
    return Cell(table, row["row_id"], column, value, None, "key", says, "", sources, where)
