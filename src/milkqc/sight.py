"""The views that rules look at, made as far as they can be; rules whose columns could not be made are broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from milkqc.checks.attempts import Broken
from milkqc.errors import reason
from milkqc.model import Checked


@dataclass(frozen=True)
class Sight:
    """The views (checks.views), and which columns of them could not be made: by table and column, why."""

    made: Mapping[str, pl.DataFrame] | Exception
    broken: Mapping[str, Mapping[str, str]]

    @property
    def views(self) -> Mapping[str, pl.DataFrame]:
        """The views by table. Where they could not be made, whoever wants to look at one raises the reason."""
        if isinstance(self.made, Exception):
            raise self.made
        return self.made

    def told(self, checked: Checked) -> Checked:
        """What coded rules said of the views, those that looked at a column that is not there broken."""
        from milkqc.checks.declare import all_rules
        from milkqc.checks.unlooked import unlooked

        for table, columns in sorted(self.broken.items()):
            looks_at = {rule.id: (*rule.columns, *rule.per) for rule in all_rules() if rule.table == table}
            for why in dict.fromkeys(columns.values()):
                absent = {name for name, reason_of in columns.items() if reason_of == why}
                checked = unlooked(checked, looks_at, absent=absent, why=why)
        return checked


def sight(tables: Mapping[str, pl.DataFrame]) -> Sight:
    """The views of the internal tables, with what is seen within each child and at birth."""
    from milkqc.checks.facts.people import SCORES
    from milkqc.checks.views import SUSPICION, views
    from milkqc.derive.newborn_size import newborn_size
    from milkqc.derive.suspicion import suspicions

    broken: Broken = {}
    suspected = newborn = None
    try:
        suspected = suspicions(tables["growth"], tables["participants"])
    # Whatever is wrong in there, the other checks go on; those that need it are broken, and the exit code is 3.
    except Exception as error:  # noqa: BLE001
        broken["growth"] = dict.fromkeys(SUSPICION, reason(error))
    try:
        newborn = newborn_size(tables["participants"])
    # As above.
    except Exception as error:  # noqa: BLE001
        broken["participants"] = dict.fromkeys(SCORES, reason(error))
    try:
        return Sight(views(tables, suspected=suspected, newborn=newborn, broken=broken), broken)
    # As above; every home that looks at views is broken.
    except Exception as error:  # noqa: BLE001
        return Sight(error, broken)
