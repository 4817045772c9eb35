"""Columns of views that are made in one go: where that raises they are null, and somebody is told why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from milkqc.errors import reason

# Table -> column -> why it could not be made.
Broken = dict[str, dict[str, str]]


def attempted(
    views: Mapping[str, pl.DataFrame],
    make: Callable[[Mapping[str, pl.DataFrame]], Mapping[str, pl.DataFrame]],
    columns: Mapping[str, Mapping[str, Any]],
    broken: Broken | None,
) -> dict[str, pl.DataFrame]:
    """`views` with the tables that `make` gives, which have the further `columns` (by table, with their types).

    Where it raises these columns are null, and `broken` names them with the reason; without `broken` it raises.
    """
    try:
        return {**views, **make(views)}
    # Whatever is wrong in there, rules that do not look at these columns go on; those that do are broken.
    except Exception as error:
        if broken is None:
            raise
        why = reason(error)
    seen = dict(views)
    for table, kinds in columns.items():
        seen[table] = views[table].with_columns(
            pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items()
        )
        broken.setdefault(table, {}).update(dict.fromkeys(kinds, why))
    return seen
