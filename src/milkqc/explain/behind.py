"""The source cells behind a mapped cell: which columns, in which file and row, read as which number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from milkqc.explain import raw
from milkqc.explain.links import place_of, via
from milkqc.explain.model import SourceCell
from milkqc.explain.store import Row, Store
from milkqc.mapping import formula as formulas

COMBINED = ("first_of", "mean_of", "median_of", "mean_of_closest_two", "join")


def cells_of(
    store: Store, row: Row, column: str, spec: dict[str, Any], block: dict[str, Any], text: str | None = None
) -> tuple[SourceCell, ...]:
    """The source cells behind a mapped cell: of a combined value each, with the number it was read as."""
    names = columns_of(spec, block, row)
    if not names:
        return ()
    whole = row.get(f"{column}__raw") if text is None else text
    several = spec.get("do") in COMBINED or spec.get("formula") is not None or len(names) > 1
    if f"{column}__source_row" in row and row.get(f"{column}__missing") != "conflict":
        whole = raw.first(whole)
    texts = raw.split(whole, names) if several else {names[0]: whole}
    found = []
    for name in names:
        cell = place(store, row, column, name, block, texts[name])
        if several and (column.startswith("let_") or f"{column}__number" in row or spec.get("formula")):
            cell = _read(store, cell, spec, block)
        found.append(cell)
    return tuple(found)


def columns_of(spec: dict[str, Any], block: dict[str, Any], row: Row) -> list[str]:
    """The source columns that a spec names, lets written out, `{visit}` as at this row's visit."""
    lets = block.get("let", {})
    names = list(spec.get("from") or ())
    if spec.get("formula") is not None:
        names = list(formulas.names(formulas.parse(spec["formula"])))
    suffix = (block.get("visits") or {}).get(row.get("visit"), "")
    found: list[str] = []
    for name in names:
        if name in lets:
            found += columns_of(lets[name], {**block, "let": before(lets, name)}, row) or ["constant"]
        else:
            found.append(name.replace("{visit}", suffix))
    return list(dict.fromkeys(found))


def before(lets: dict[str, Any], name: str) -> dict[str, Any]:
    """The lets above one: those that it may use."""
    return {key: lets[key] for key in list(lets)[: list(lets).index(name)]}


def place(
    store: Store, row: Row, column: str, name: str, block: dict[str, Any], text: str | None
) -> SourceCell:
    """Where a source column stands for this row: in its own file, or in the linked one."""
    link, _, inner = name.partition(".")
    if inner and link in block.get("with", {}):
        (file, at), way = place_of(row, column, link), via(store, row, column, link, block)
        table, own = link, inner
    else:
        way = ()
        file = row.get(f"{column}__source_file") or row["source_file"]
        at = row.get(f"{column}__source_row") or row["source_row"]
        table, own = str(block.get("source", row.get("source_table"))), name
    known = store.files.get((table, file), {}) if file is not None else {}
    return SourceCell(
        file, known.get("sha256"), known.get("sheet"), at, own, text, via=way, upload=known.get("upload")
    )


def _read(store: Store, cell: SourceCell, spec: dict[str, Any], block: dict[str, Any]) -> SourceCell:
    codes = {raw.canonical(code): why for code, why in spec.get("missing", store.trace["missing"]).items()}
    reason = codes.get(raw.canonical(cell.text)) if cell.text is not None else "empty"
    table = store.trace["tables"].get(block.get("source", ""), {})
    marks = (table.get("decimal"), table.get("thousands"))
    number = None if reason else raw.number(cell.text, *marks)
    if number is None and reason is None and raw.censored(cell.text, *marks):
        reason = "censored"
    return replace(cell, number=number, missing=reason)
