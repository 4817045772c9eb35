"""Cells: text to number, censored number, date, key, or unreadable; never a guess, never an exception.

Every function takes a whole polars column and gives a column or a frame as long as it. `status` is what became
of each cell: the wanted kind (`number`, `date` ...), `empty` (null or blank) or `unreadable`.
"""

from milkqc.cells.dates import check_date_format, dates, gestation
from milkqc.cells.numbers import numbers
from milkqc.cells.sources import source_reason, source_text
from milkqc.cells.text import booleans, canonical, key_faults, key_text, number_text

__all__ = [
    "booleans",
    "canonical",
    "check_date_format",
    "dates",
    "gestation",
    "key_faults",
    "key_text",
    "number_text",
    "numbers",
    "source_reason",
    "source_text",
]
