"""The text of the module that `rules export --format pandera` writes: it knows pandas and pandera, and no milkqc."""

from __future__ import annotations

from milkqc.checks.suites.pandera_groups import GROUPS
from milkqc.checks.suites.pandera_rows import ROWS

HEAD = '''"""milkqc's rules as pandera schemas for pandas frames. Written by `milkqc rules export --format pandera`.

    import milkqc_rules
    growth = pandas.read_parquet("harmonized/growth.parquet")
    milkqc_rules.SCHEMAS["growth"].validate(growth, lazy=True)

    people = pandas.read_parquet("harmonized/participants.parquet")
    milkqc_rules.WITH_PARTICIPANT["growth"].validate(milkqc_rules.with_participant(growth, people), lazy=True)

A check's `error` is the id of its rule. A row of which something asked for is missing passes; a censored result too.
Of a rule about groups all rows of a group that fails do.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right

import pandas as pd
import pandera.pandas as pa
'''

_SCHEMAS = r'''def _check(rule):
    if "figure" in rule:
        return pa.Check(lambda frame: _groups_hold(frame, rule), error=rule["id"], description=rule["says"])
    return pa.Check(lambda frame: ~_fails(frame, rule), error=rule["id"], description=rule["says"])


def with_participant(frame, participants):
    """A table with its participant's columns as `participant_<column>`: by infant_id, where there is none by participant_id."""
    people = participants.sort_values("row_id")
    infants = people.dropna(subset=["infant_id"]).drop_duplicates("infant_id").set_index("infant_id")
    persons = people.dropna(subset=["participant_id"]).drop_duplicates("participant_id").set_index("participant_id")
    found = frame.copy()
    for name in people.columns.difference(["row_id", "participant_id", "infant_id"]):
        values = frame["participant_id"].map(persons[name])
        if "infant_id" in frame:
            values = frame["infant_id"].map(infants[name]).where(frame["infant_id"].notna(), values)
        found[f"participant_{name}"] = values
    return found


def _schemas(beside):
    """A schema for each table, of the rules that need the participant's columns or of those that do not."""
    found = {}
    for table, rules in RULES.items():
        mine = [rule for rule in rules if rule["beside"] == beside]
        if mine:
            needed = sorted({rule["column"] for rule in mine if "column" in rule})
            columns = {name: pa.Column(nullable=True, required=True) for name in needed}
            found[table] = pa.DataFrameSchema(columns, checks=[_check(rule) for rule in mine], name=table)
    return found


SCHEMAS = _schemas(False)
WITH_PARTICIPANT = _schemas(True)
'''

TAIL = ROWS + GROUPS + _SCHEMAS
