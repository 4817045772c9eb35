"""Words that are offered where a study may write its own too: units, substances, what an assay measures."""

from __future__ import annotations

from milkqc import reference
from milkqc.reference.mae import measurands, published

UNITS = (
    *("kg", "g", "lb", "cm", "mm", "m", "day", "week", "month", "year", "%", "mL", "L"),
    *("g/L", "mg/L", "ug/L", "ng/L", "g/dL", "mg/dL", "ug/dL", "ng/dL", "mg/mL", "ug/mL", "ng/mL", "pg/mL"),
    *("mmol/L", "umol/L", "nmol/L", "pmol/L", "nmol/mL", "IU/L", "IU/mL"),
)


def units() -> list[str]:
    """The dictionary's and the analytes' own units, and what files have instead of them; others may be typed."""
    own = {column.unit for column in reference.dictionary().values() if column.unit}
    return sorted(own | {analyte.unit for analyte in reference.analytes().values()} | {"header"}.union(UNITS))


def words(key: str) -> list[str]:
    """What an editor offers at a key of the mapping; nothing where the language has no such list."""
    if key == "unit":
        return units()
    if key in {"substance", "set"}:
        return sorted(reference.analytes())
    if key == "measures":
        return sorted(set(measurands().values()))
    if key in {"authority", "basis"}:
        return [str(word) for word in published().get_column(key).drop_nulls().unique().sort()]
    return []
