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
# A total that stands on every row of its sample in a long file, before it is counted once (mapping.totals).
TOTAL = "let_total_"


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
        if over_rows(block, spec):
            if total_of(block, spec) is None:
                found[f"{TOTAL}{name}"] = actions.make(theirs, "number", place)
            continue
        found[f"{THEIRS}{name}"] = actions.make(theirs, "number", place)
        if spec.formula is not None:
            found[f"{OURS}{name}"] = _formula(spec, place, known)
    return found


def over_rows(block: Block, spec: Comparison) -> bool:
    """Whether the parts of a total stand in rows of their own: a long file of results."""
    return block.long is not None and spec.formula is not None


def total_of(block: Block, spec: Comparison) -> str | None:
    """The analyte whose rows hold the total, where `from` names one of the block's; else it names a column."""
    if block.long is None or spec.formula is None or spec.from_ is None or len(spec.from_) != 1:
        return None
    name = spec.from_[0]
    return name if name in {*block.long.codes.values(), *block.analytes} else None


def _formula(spec: Comparison, place: Place, known: Mapping[str, Mapped]) -> Mapped:
    parts = Place(place.rows, place.missing, place.visit, place.suffix, {**known, **place.lets})
    bare = Comparison.model_validate({"formula": spec.formula, "tolerance": spec.tolerance})
    return actions.make(bare, "number", parts)
