"""Cells of the growth table that milkqc computed: which module explains which column."""

from __future__ import annotations

from milkqc.explain import ages, intergrowth, who
from milkqc.explain.child import Find
from milkqc.explain.model import Cell
from milkqc.explain.store import Row, Store

DERIVED = (
    *("age_days", "age_months", "age_basis", "age_corrected_days", "length_for_score_cm", "measured_assumed", "bmi"),
    *(f"{name}{end}" for name in who.INDICES for end in ("", "_flag")),
    *(f"{name}{end}" for name in intergrowth.NEWBORN for end in ("", "_centile", "_flag")),
    *("growth_standard", "laz_routed", "waz_routed", "hcz_routed"),
)  # fmt: skip


def derived(store: Store, row: Row, column: str, find: Find) -> Cell:
    """The cell of a computed growth column."""
    stem = column.removesuffix("_flag").removesuffix("_centile")
    if column.endswith("_routed"):
        return intergrowth.routed(store, row, column, find)
    if stem in who.INDICES:
        if column.endswith("_flag"):
            return who.flag(row, column, stem, find)
        return who.score(store, row, who.INDICES[stem], find)
    if stem in intergrowth.NEWBORN:
        return intergrowth.score(store, row, stem, column, find)
    return {
        "age_days": ages.age,
        "age_months": ages.months,
        "age_basis": ages.basis,
        "age_corrected_days": ages.corrected,
        "length_for_score_cm": ages.length,
        "measured_assumed": ages.assumed,
        "bmi": ages.bmi,
        "growth_standard": intergrowth.standard,
    }[column](store, row, find)
