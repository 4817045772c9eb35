"""What rules need to know of a row and no single table says: other rows, other tables, the whole table.

Each module gives columns for the views, computed once in polars; a rule names them and holds the limit. They are no
columns of any output.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

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
    views: Mapping[str, pl.DataFrame], newborn: pl.DataFrame | None = None
) -> dict[str, pl.DataFrame]:
    """The views with the columns of FACTS; rows and their order as they were.

    `newborn` holds the INTERGROWTH scores of the participants (ig_waz, ig_laz, ig_hcz), a row for each, in order.
    """
    seen = followed.with_followed(views)
    return {
        **seen,
        "participants": arms.of_people(people.with_people(seen["participants"], newborn)),
        "visits": arms.of_visits(seen["visits"]),
        "growth": forms.with_forms(seen["growth"]),
        "milk": samples.with_samples(seen["milk"]),
        "biomarkers": samples.with_tubes(seen["biomarkers"]),
    }
