"""The analytes that ship, as reference data (units owns them, because conversions go through substances)."""

from milkqc.units.substances import Analyte, International, analytes, substance

__all__ = ["Analyte", "International", "analytes", "substance"]
