"""The analytes that ship, as reference data (units owns them, because conversions go through substances)."""

from milkqc.units.substances import Analyte, International, analytes, shipped, substance, using

__all__ = ["Analyte", "International", "analytes", "shipped", "substance", "using"]
