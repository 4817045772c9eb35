"""One block of the mapping made into rows of its target table (participants, visits, growth)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from milkqc import cells as text_cells
from milkqc.mapping import actions, comparisons, long, rejects, targets, values
from milkqc.mapping import formula as formulas
from milkqc.mapping.actions import Place
from milkqc.mapping.built import PLACED_PROBLEMS, Built, stored_columns
from milkqc.mapping.language import Block, Column
from milkqc.mapping.rows import Rows
from milkqc.mapping.values import Mapped


def build(table: str, block: Block, rows: Rows, missing: Mapping[str, str]) -> Built:
    """The block's rows, one for each source row (and wide visit), or for each key of a long file."""
    pieces = []
    known = targets.mappable(table)
    specs: dict[str, Column] = dict(block.columns)
    for visit, suffix in (block.visits or {"": ""}).items():
        place = with_lets(Place(rows, missing, visit or None, suffix), block)
        mapped_columns: dict[str, tuple[str, Mapped]] = {}
        for name, spec in specs.items():
            if block.long is not None and spec.from_ is None and spec.do is None and spec.value is None:
                continue
            column = known[name]
            mapped = actions.make(spec, column.type, place, allowed=column.codes)
            mapped_columns[targets.stored(table, name)] = (column.type, mapped)
        for name, extra in block.extra.items():
            mapped_columns[f"x_{name}"] = (extra.type, actions.own(extra, place))
        if block.long is not None:
            mapped_columns |= long.measurements(table, block, place)
        for name, let in place.lets.items():
            mapped_columns[f"let_{name}"] = ("let", let)
        known_here = {
            name: mapped_columns[targets.stored(table, name)][1]
            for name in specs
            if targets.stored(table, name) in mapped_columns
        }
        for name, mapped in comparisons.made(block, place, known_here).items():
            mapped_columns[name] = ("let", mapped)
        pieces.append(_piece(table, block, place, mapped_columns))
    return _whole(table, block, rows, pieces)


def with_lets(place: Place, block: Block) -> Place:
    """The place with the block's named intermediates made, each able to use those before it.

    One that only analytes use is read as results are: what lies below a limit is censored, not unreadable.
    """
    results = _of_results(block)
    for name, spec in block.let.items():
        made = actions.make(spec, "number", place, result=name in results)
        place = replace(place, lets={**place.lets, name: actions.with_censored(made)})
    return place


def _of_results(block: Block) -> set[str]:
    """The lets that analytes use, themselves or through another, and no column does."""

    def used(specs: Iterable[Column]) -> set[str]:
        names = {name for spec in specs for name in reads(spec)} & block.let.keys()
        # A let uses those above it; one named like its own source column does not use itself.
        for place, name in reversed(list(enumerate(block.let))):
            if name in names:
                names |= reads(block.let[name]) & set(list(block.let)[:place])
        return names

    return used(block.analytes.values()) - used(
        (*block.columns.values(), *block.extra.values(), *block.key.values())
    )


def reads(spec: Column) -> set[str]:
    """The columns and lets that a column is made of."""
    found = set(spec.from_ or ())
    return found | set(formulas.names(formulas.parse(spec.formula))) if spec.formula is not None else found


def keys(table: str, block: Block, place: Place) -> dict[str, Mapped]:
    """The key's parts as text. Missing codes count only where the key itself declares them."""
    strict = replace(place, missing={})
    made = {}
    for name, spec in block.key.items():
        mapped = actions.make(spec, "text", strict)
        value = text_cells.key_text(mapped.value)
        made[name] = replace(mapped, value=value)
    if place.visit is not None:
        word = pl.repeat(place.visit, place.rows.height, dtype=pl.String, eager=True)
        none = pl.repeat(None, place.rows.height, dtype=pl.String, eager=True)
        made["visit"] = Mapped(word, none, none)
    if "infant_id" in targets.KEYS[table] and "infant_id" not in made and table in {"participants", "growth"}:
        made["infant_id"] = made["participant_id"]
    return made


@dataclass(frozen=True)
class Piece:
    """One pass over the block's rows: all of them, with `why` where a key part is missing."""

    frame: pl.DataFrame
    why: pl.Series
    problems: pl.DataFrame
    cells: pl.Series
    columns: Mapping[str, tuple[str, ...]]
    judged: Mapping[tuple[str, str], int]


def _piece(table: str, block: Block, place: Place, columns: Mapping[str, tuple[str, Mapped]]) -> Piece:
    frame, made = place.rows.places(), keys(table, block, place)
    for name in targets.KEYS[table]:
        if name in made:
            # Not `__raw`: a key is no variable, and the ids of repeated rows are made of variables alone.
            frame = frame.with_columns(made[name].value.alias(name), made[name].raw.alias(f"{name}__key"))
        else:
            frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    found = []
    judged: dict[tuple[str, str], int] = {}
    for name, (kind, mapped) in columns.items():
        frame = frame.with_columns(stored_columns(name, kind, mapped))
        found.append(
            mapped.problems.with_columns(variable=pl.lit(name.removeprefix("let_").removeprefix("compare_")))
        )
        for rule, count in mapped.judged.items():
            judged[rule, name] = judged.get((rule, name), 0) + count
    problems = (
        pl.concat(found) if found else pl.DataFrame(schema={**values.PROBLEM_SCHEMA, "variable": pl.String})
    )
    return Piece(
        frame,
        rejects.key_faults(made),
        problems,
        rejects.key_cells(made, block, place.rows),
        {name: mapped.columns for name, (_, mapped) in columns.items()},
        judged,
    )


def _whole(table: str, block: Block, rows: Rows, pieces: list[Piece]) -> Built:
    """The passes stacked, unplaced rows taken out, a long file's rows brought together by key."""
    frames, problems, unplaced = [], [], []
    offset = 0
    judged: dict[tuple[str, str], int] = {}
    columns: dict[str, tuple[str, ...]] = {}
    variable_unknown = long.unknown_variables(block, rows)
    placed_rows = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    for piece in pieces:
        why = pl.select(pl.coalesce(piece.why, variable_unknown)).to_series()
        good = why.is_null()
        placed_rows = placed_rows | good
        position = pl.select(pl.when(good).then(good.cast(pl.UInt32).cum_sum() - 1 + offset)).to_series()
        frames.append(piece.frame.filter(good))
        unplaced.append(rejects.unplaced(~good, why, piece.cells))
        placed = piece.problems.with_columns(place=position.gather(piece.problems["row"]))
        problems.append(placed.filter(pl.col("place").is_not_null()))
        offset += int(good.sum())
        for key, count in piece.judged.items():
            judged[key] = judged.get(key, 0) + count
        columns |= {
            name: tuple(dict.fromkeys((*columns.get(name, ()), *names)))
            for name, names in piece.columns.items()
        }
    frame = pl.concat(frames, how="diagonal")
    found = pl.concat(problems, how="diagonal")
    found = found.with_columns(
        n_rows=pl.lit(1, dtype=pl.Int64), source_row=frame["source_row"].gather(found["place"])
    ).select(pl.col(name).cast(kind) for name, kind in PLACED_PROBLEMS.items())
    if block.long is not None:
        measured = [targets.stored(table, name) for name in dict.fromkeys(block.long.codes.values())]
        frame, found = long.together(table, frame, found, measured)
    return Built(
        frame,
        found,
        rejects.rejected(unplaced, rows, columns, keys=rejects.key_columns(block), placed=placed_rows),
        rows.table.height,
        int(placed_rows.sum()),
        rows.set_aside,
        columns,
        judged,
        rows.controls,
    )
