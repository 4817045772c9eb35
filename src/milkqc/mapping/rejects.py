"""Rows that have no place: why, and every cell of them that the mapping asks for, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

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
        if not rows.has(name):  # an optional column of another file
            continue
        text = rows.cells(name).text.gather(once["at"])
        shown = pl.select(pl.concat_str(pl.lit(f"{name}="), text)).to_series()
        # A key column may be mapped as well; it stands in `key` already.
        texts.append(
            pl.select(pl.when(~once["key"].str.contains(f"{name}=", literal=True)).then(shown)).to_series()
        )
    cells = pl.select(pl.concat_str(texts, separator="; ", ignore_nulls=True)).to_series()
    whole = rows.places()[once["at"]].with_columns(why=once["why"], key=once["key"], cells=cells)
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


def key_cells(made: Mapping[str, Mapped]) -> pl.Series:
    """`PID=12; VISIT=`: the key's cells as written, for people who look for the row."""
    seen: dict[str, pl.Series] = {}
    joined = {name for mapped in made.values() if len(mapped.columns) > 1 for name in mapped.columns}
    for mapped in made.values():
        if len(mapped.columns) == 1 and mapped.columns[0] not in joined:
            named = pl.select(pl.concat_str(pl.lit(f"{mapped.columns[0]}="), mapped.raw.fill_null("")))
            seen.setdefault(mapped.columns[0], named.to_series())
        elif len(mapped.columns) > 1:
            seen.setdefault(" + ".join(mapped.columns), mapped.raw)
    height = next(iter(made.values())).value.len()
    if not seen:
        return pl.repeat("", height, dtype=pl.String, eager=True)
    return pl.select(pl.concat_str(list(seen.values()), separator="; ")).to_series()
