"""The kinds of expectation a rule file may use: one table, so that a new kind is one entry.

A row kind judges every row for which its operands are there (and, for presence, every row). A dataset kind reduces
the table, or each group of it, to one figure, and judges that.
"""

from __future__ import annotations

from collections.abc import Mapping

from milkqc.checks.suites.bounds import BOUNDS, HARD
from milkqc.checks.suites.dataset_kinds import DATASET_KINDS
from milkqc.checks.suites.kind import Kind, Operand
from milkqc.checks.suites.row_kinds import ROW_KINDS

__all__ = ["BOUNDS", "HARD", "KINDS", "Kind", "Operand"]

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*ROW_KINDS, *DATASET_KINDS)}
