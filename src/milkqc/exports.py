"""A study's REDCap tables as the checks of their dictionaries take them, and where mapping put their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import polars as pl

from milkqc import cells
from milkqc.model import TABLES

if TYPE_CHECKING:
    from milkqc.checks.dictionary import Export, Mapped
    from milkqc.mapping.apply import Applied
    from milkqc.privacy import Kept
    from milkqc.study import Study


def exports(study: Study, kept: Kept | None = None) -> Iterator[Export]:
    """Every source table that came with a data dictionary. With `kept`, only the rows that belong to one site count."""
    from milkqc.checks.dictionary import Export

    rows = None if kept is None else _places(kept.tables.values())
    for name, table in study.tables.items():
        export = Export(
            name,
            table.sources,
            event_forms=table.sources[0].event_forms,
            missing=_missing(study, name),
            rows=rows,
        )
        if export.explained:
            yield export


def mapped(applied: Applied) -> Mapped:
    """Which harmonised rows came from which source row."""
    from milkqc.checks.dictionary import Mapped

    frames = [
        frame.select(
            "source_file",
            "source_row",
            pl.lit(name).alias("table"),
            "row_id",
            *(
                pl.col(name) if name in frame.columns else pl.lit(None, dtype=pl.String).alias(name)
                for name in ("analyte", "participant_id")
            ),
        )
        for name in TABLES
        if "source_file" in (frame := applied.tables[name]).columns
    ]
    return Mapped(pl.concat([Mapped().rows, *frames]).drop_nulls("source_file"), applied.columns)


def _missing(study: Study, table: str) -> dict[str, frozenset[str]]:
    """The codes that mean missing, by column: a column's own, else those of the study."""
    from milkqc.mapping.uses import uses

    mapping = study.loaded.mapping
    words = dict.fromkeys(study.tables[table].columns, mapping.missing)
    for use in uses(mapping):
        if use.table == table and use.spec is not None and use.spec.missing is not None:
            words[use.column] = {**words.get(use.column, {}), **use.spec.missing}
    return {
        name: frozenset(cells.canonical(pl.Series(list(codes), dtype=pl.String)).drop_nulls().to_list())
        for name, codes in words.items()
        if codes
    }


def _places(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    places = [
        frame.select("source_file", "source_row")
        for frame in frames
        if {"source_file", "source_row"} <= set(frame.columns)
    ]
    return (
        pl.concat(places).drop_nulls()
        if places
        else pl.DataFrame(schema={"source_file": pl.String, "source_row": pl.Int64})
    )
