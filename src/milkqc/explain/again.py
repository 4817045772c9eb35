"""The rules of a run asked again of its own rows, so that each row has the verdict that the run gave it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from milkqc.errors import reason
from milkqc.explain.store import Store

State = dict[str, Any]


class Again:
    """Verdicts row by row, made once for each rule and kept.

    A rule is asked with what the run kept of it and of the study's settings, of the tables in OUT. Whether it is
    answered as in the run is seen by its counts in the ledger: where they differ it is not told at all.
    """

    def __init__(self, store: Store):
        self.store = store
        self._told: dict[str, dict[str, State] | str] = {}

    @cached_property
    def views(self) -> dict[str, pl.DataFrame]:
        """What rules see (checks.views), of the tables in OUT."""
        from milkqc.sight import sight

        return dict(sight(self.store.internal).views)

    @cached_property
    def _coded(self) -> dict[str, Any]:
        from milkqc.checks.declare import all_rules

        return {rule.id: rule for rule in all_rules()}

    def told(self, check: dict[str, Any]) -> dict[str, State] | str:
        """The verdict of a rule on each row (checks.rowwise.STATES) by row_id, or why it cannot be told."""
        key = check["rule_id"]
        if key not in self._told:
            self._told[key] = self._asked(check)
        return self._told[key]

    def state(self, check: dict[str, Any], row_id: str) -> State | str:
        """The verdict on one row, or why it cannot be told."""
        told = self.told(check)
        return told if isinstance(told, str) else told[row_id]

    def _asked(self, check: dict[str, Any]) -> dict[str, State] | str:
        from milkqc.checks import rowwise, stored

        kept = self.store.trace["rules"][check["rule_id"]]
        view = self.views[kept["table"]]
        try:
            if "expect" in kept:
                seen = rowwise.of_suite(stored.rule_of(check["rule_id"], kept), view)
            elif check["rule_id"] in self._coded:
                settings = stored.settings_of(self.store.trace.get("rule_settings", {}))
                seen = rowwise.of_coded(self._coded[check["rule_id"]], view, settings)
            elif "needs" not in kept:
                return "this OUT did not keep its rules: run the study again"
            else:
                return "the package that declares the rule is not installed here"
        # A rule is code of anybody and may fail here in any way (another version, another package).
        except Exception as error:  # noqa: BLE001
            return f"asked again it does not run: {reason(error)}"
        here = (seen.looked_at, seen.failed, seen.not_judged)
        run = tuple(int(check[name] or 0) for name in ("looked_at", "failed", "not_judged"))
        if here != run:
            return (
                f"asked again it counts {here[0]} judged and {here[1]} failed, the run {run[0]} and {run[1]}: "
                f"explain with the milkqc of the run ({self.store.manifest['milkqc']})"
            )
        return {row["row_id"]: row for row in seen.states.iter_rows(named=True)}
