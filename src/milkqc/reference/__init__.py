"""Published numbers and the data dictionary: data/*.csv with their sources, and how they are read.

The reference values for adequacy are in `reference.mae`, believable ranges in `reference.plausible`, a
study's own analytes in `reference.own`, growth standards in `reference.growth`.
"""

from milkqc.reference.analytes import Analyte, International, analytes, shipped, substance, using
from milkqc.reference.dictionary import Column, columns, dictionary, polars_type

__all__ = [
    "Analyte",
    "Column",
    "International",
    "analytes",
    "columns",
    "dictionary",
    "polars_type",
    "shipped",
    "substance",
    "using",
]
