"""When columns that rules look at could not be made: the rules are broken, with the reason, and the others stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import polars as pl

from milkqc.model import Checked, LedgerRow

# What became of these rules was settled before anybody looked at a column.
_SETTLED = ("skipped", "broken", "not_applicable")


def unlooked(
    checked: Checked, looks_at: Mapping[str, Iterable[str]], *, absent: Collection[str], why: str
) -> Checked:
    """`checked`, of views in which the columns `absent` were all null, with every rule that looks at one broken.

    `looks_at` names the columns of each rule id. A rule without those columns has neither passed nor failed, whatever
    it said of the nulls, so its drafts go too.
    """
    blind = {rule for rule, columns in looks_at.items() if not set(columns).isdisjoint(absent)}
    drafts = checked.drafts.filter(~pl.col("rule_id").is_in(sorted(blind)))
    return replace(
        checked,
        drafts=drafts,
        ledger=tuple(_broken(row, why) if row.rule_id in blind else row for row in checked.ledger),
    )


def _broken(row: LedgerRow, why: str) -> LedgerRow:
    if row.status in _SETTLED:
        return row
    return replace(row, status="broken", looked_at=0, failed=0, not_judged=0, findings=0, why=why)
