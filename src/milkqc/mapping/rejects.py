"""Rows that have no place: why, and every cell of them that the mapping asks for, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from milkqc.mapping.language import Block
from milkqc.mapping.rows import Rows
from milkqc.mapping.values import Mapped

# `key` are the key's cells, by which a rejected row is known again; `cells` adds the mapped ones.
SCHEMA = {
    "source_table": pl.String,
    "source_file": pl.String,
    "source_row": pl.Int64,
    "why": pl.String,
    "key": pl.String,
    "cells": pl.String,
}


def unplaced(rows: pl.Series, why: pl.Series, key: pl.Series) -> pl.DataFrame:
    """The block's rows (by position, `at`) where `rows` holds, with the reason and the key's cells."""
    return pl.select(at=pl.int_range(rows.len(), dtype=pl.UInt32), why=why, key=key).filter(rows)


def rejected(
    found: Sequence[pl.DataFrame],
    rows: Rows,
    columns: Mapping[str, Sequence[str]],
    *,
    keys: Collection[str],
    placed: pl.Series,
) -> pl.DataFrame:
    """The unplaced rows once each (SCHEMA), in the order of the source; those `placed` after all last.

    A long file's row without a place of its own stays one row; a sample with one unknown analyte is kept and
    its other results are not affected.
    """
    once = pl.concat(
        [pl.DataFrame(schema={"at": pl.UInt32, "why": pl.String, "key": pl.String}), *found]
    ).unique("at", keep="first", maintain_order=True)
    once = once.filter(~placed.gather(once["at"])).sort("at")
    texts = [once["key"]]
    for name in dict.fromkeys(name for names in columns.values() for name in names):
        # The key's cells stand in `key` already; an optional column may be in another file only.
        if name not in keys and rows.has(name):
            text = rows.cells(name).text.gather(once["at"])
            texts.append(pl.select(pl.concat_str(pl.lit(f"{name}="), text)).to_series())
    cells = pl.select(pl.concat_str(texts, separator="; ", ignore_nulls=True)).to_series()
    whole = (
        rows.places()
        .select("source_table", "source_file", "source_row")[once["at"]]
        .with_columns(why=once["why"], key=once["key"], cells=cells)
    )
    return whole.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def key_faults(made: Mapping[str, Mapped]) -> pl.Series:
    """Why a row has no place (`visit is missing (not_done)`), null where all its key parts are there."""
    texts = []
    for name, mapped in made.items():
        defaulted = name == "infant_id" and mapped is made["participant_id"]
        if name == "sample_id" or defaulted:
            continue
        reason = pl.coalesce(mapped.missing, pl.lit("unreadable"))
        texts.append(
            pl.when(mapped.value.is_null()).then(
                pl.concat_str(pl.lit(f"{name} is missing ("), reason, pl.lit(")"))
            )
        )
    joined = pl.select(pl.concat_str(texts, separator="; ", ignore_nulls=True)).to_series()
    return pl.select(pl.when(joined != "").then(joined)).to_series()


def key_columns(block: Block) -> set[str]:
    """The source columns whose cells `key_cells` shows: the key's, and in a long file what a row measures."""
    names = {name for spec in block.key.values() for name in spec.from_ or ()}
    measured = (block.long.variable, block.long.analyte) if block.long is not None else ()
    return names | {name for name in measured if name is not None}


def key_cells(made: Mapping[str, Mapped], block: Block, rows: Rows) -> pl.Series:
    """`PID=12; VISIT=; TEST=Iod.`: these cells as written, for people who look for the row."""
    seen: dict[str, pl.Series] = {}
    joined = {name for mapped in made.values() if len(mapped.columns) > 1 for name in mapped.columns}
    for mapped in made.values():
        if len(mapped.columns) == 1 and mapped.columns[0] not in joined:
            named = pl.select(pl.concat_str(pl.lit(f"{mapped.columns[0]}="), mapped.raw.fill_null("")))
            seen.setdefault(mapped.columns[0], named.to_series())
        elif len(mapped.columns) > 1:
            seen.setdefault(" + ".join(mapped.columns), mapped.raw)
    if block.long is not None:
        for name in filter(None, (block.long.variable, block.long.analyte)):
            text = rows.cells(name).text.fill_null("")
            seen.setdefault(name, pl.select(pl.concat_str(pl.lit(f"{name}="), text)).to_series())
    if not seen:
        return pl.repeat("", rows.height, dtype=pl.String, eager=True)
    return pl.select(pl.concat_str(list(seen.values()), separator="; ")).to_series()
