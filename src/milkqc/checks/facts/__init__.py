"""What rules need to know of a row and no single table says: other rows, other tables, the whole table.

Each module gives columns for the views, computed once in polars; a rule names them and holds the limit. They are no
columns of any output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import polars as pl

from milkqc.checks.attempts import Broken, attempted
from milkqc.checks.facts import arms, followed, forms, people, samples

# Table -> fact -> type; the type of an empty fact too.
FACTS: Mapping[str, Mapping[str, Any]] = {
    "participants": {**followed.PERSON, **people.PERSON, **arms.PERSON},
    "visits": {**followed.OWN_VISIT, **arms.VISIT},
    "growth": {**followed.ROW, **followed.DAY, **forms.FORM},
    "milk": {**followed.ROW, **samples.SAMPLE},
    "biomarkers": {**followed.ROW, **samples.TUBE},
}


def with_facts(
    views: Mapping[str, pl.DataFrame], newborn: pl.DataFrame | None = None, broken: Broken | None = None
) -> dict[str, pl.DataFrame]:
    """The views with the columns of FACTS; rows and their order as they were.

    `newborn` holds the INTERGROWTH scores of the participants (ig_waz, ig_laz, ig_hcz), a row for each, in order.
    Facts that raise are null, and told in `broken` (attempts.attempted); without it they raise.
    """
    results = dict.fromkeys(("milk", "biomarkers"), followed.ROW)
    seen = attempted(
        views,
        followed.with_followed,
        {
            **results,
            "growth": {**followed.ROW, **followed.DAY},
            "visits": followed.OWN_VISIT,
            "participants": followed.PERSON,
        },
        broken,
    )
    # None of these looks at another's columns.
    makers: tuple[tuple[str, Callable[[pl.DataFrame], pl.DataFrame], Mapping[str, Any]], ...] = (
        ("participants", lambda rows: people.with_people(rows, newborn), people.PERSON),
        ("participants", arms.of_people, arms.PERSON),
        ("visits", arms.of_visits, arms.VISIT),
        ("growth", forms.with_forms, forms.FORM),
        ("milk", samples.with_samples, samples.SAMPLE),
        ("biomarkers", samples.with_tubes, samples.TUBE),
    )
    for table, make, columns in makers:
        seen = attempted(seen, partial(_of_table, table, make), {table: columns}, broken)
    return seen


def _of_table(
    table: str, make: Callable[[pl.DataFrame], pl.DataFrame], views: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    return {table: make(views[table])}
