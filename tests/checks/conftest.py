"""Small views for tests: the columns that matter, every other column of the dictionary empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from milkqc.checks.views import types


def small_view(table: str, columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """A view of `table` with these columns; row_ids are r0, r1 ... unless given; participants are found."""
    kinds = types(table)
    height = len(next(iter(columns.values())))
    defaults = {
        "row_id": [f"r{place}" for place in range(height)],
        "participant_found": [True] * height,
        "repeat_allowed": [False] * height,
        "reported": [True] * height,
    }
    return pl.DataFrame(
        {
            name: pl.Series(name, columns.get(name, defaults.get(name, [None] * height)), dtype=kind)
            for name, kind in kinds.items()
        }
    )


@pytest.fixture(scope="session")
def view():
    """`view(table, columns)`: a small view, as checks.views would give it."""
    return small_view
