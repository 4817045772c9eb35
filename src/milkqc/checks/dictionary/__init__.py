"""A REDCap data dictionary as checks: types, choices, soft ranges, required fields, logic, keys, events.

`check(exports)` takes source tables as REDCap stored them, before any mapping (docs/redcap_checks.md).
"""

from milkqc.checks.dictionary.found import Mapped
from milkqc.checks.dictionary.run import check
from milkqc.checks.dictionary.sheet import Export
from milkqc.checks.dictionary.verdict import SEVERITY

__all__ = ["SEVERITY", "Export", "Mapped", "check"]
