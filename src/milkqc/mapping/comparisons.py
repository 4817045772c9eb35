"""What a study computed itself, read beside what milkqc computes: never used as a value, only compared."""

from __future__ import annotations

from collections.abc import Mapping

from milkqc.mapping import actions
from milkqc.mapping.actions import Place
from milkqc.mapping.language import Block, Comparison
from milkqc.mapping.language import Mapping as Study
from milkqc.mapping.values import Mapped
from milkqc.model import Compared

# Intermediates of the mapping are kept in the lineage under `let_`; these are two more kinds of them.
THEIRS, OURS = "let_compare_", "let_formula_"


def compared(study: Study) -> tuple[Compared, ...]:
    """Every comparison of the mapping, each name of a table once."""
    found = {
        (table, name): Compared(table, name, spec.tolerance.value, spec.tolerance.relative, spec.formula)
        for table, _, block in study.blocks()
        for name, spec in block.compare.items()
    }
    return tuple(found[key] for key in sorted(found))


def made(block: Block, place: Place, known: Mapping[str, Mapped]) -> dict[str, Mapped]:
    """By internal name: the study's own numbers, and for a formula over `known` (columns, analytes, lets) ours."""
    found: dict[str, Mapped] = {}
    for name, spec in block.compare.items():
        theirs = spec.model_copy(update={"formula": None})
        found[f"{THEIRS}{name}"] = actions.make(theirs, "number", place)
        if spec.formula is not None:
            found[f"{OURS}{name}"] = _formula(spec, place, known)
    return found


def _formula(spec: Comparison, place: Place, known: Mapping[str, Mapped]) -> Mapped:
    parts = Place(place.rows, place.missing, place.visit, place.suffix, {**known, **place.lets})
    bare = Comparison.model_validate({"formula": spec.formula, "tolerance": spec.tolerance})
    return actions.make(bare, "number", parts)
