"""Golden rows: example source rows with the results that the data manager worked out by hand, mapped and compared."""

from milkqc.golden.rows import golden

__all__ = ["golden"]
