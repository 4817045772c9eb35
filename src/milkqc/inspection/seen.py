"""A column as the inspection has it before it: the variable, its values, and what text looks like."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from milkqc.inspection.codes import Apart, candidates
from milkqc.inspection.facts import Remark
from milkqc.inspection.looks import Look
from milkqc.model import Source, Variable

# Up to so many values are listed, if they are short: those of a category, not of a note.
FEW, SHORT = 12, 40


@dataclass(frozen=True)
class Seen:
    """A column under inspection: its variable, its values, and how its text looks (null for stored numbers)."""

    source: Source
    variable: Variable
    values: pl.Series
    look: Look | None
    identifier: str

    @property
    def name(self) -> str:
        """The column's name."""
        return self.variable.name

    def remark(self, kind: str, cells: int, text: str) -> Remark:
        """A remark on this column."""
        return Remark(kind, self.name, cells, text)

    def candidates(self, numbers: pl.Series) -> Apart | None:
        """The numbers that look like codes for missing. None too where the file labels its values: it has said what they mean."""
        return None if self.variable.value_labels else candidates(numbers)
