"""The only writer of data: OUT, whole or not at all, the same bytes for the same input (docs/outputs.md)."""

from __future__ import annotations

from milkqc.emit.tables import formulas, split
from milkqc.emit.write import FORMATS, write

__all__ = ["FORMATS", "formulas", "split", "write"]
