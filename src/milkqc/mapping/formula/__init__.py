"""Formulas over columns and lets: read by a grammar to a tree, units and kinds checked, worked out row by row."""

from milkqc.mapping.formula.evaluate import Worked, evaluate
from milkqc.mapping.formula.grammar import MAX_DEPTH, MAX_LENGTH, parse
from milkqc.mapping.formula.kinds import Type, type_of, unit_of
from milkqc.mapping.formula.tree import FUNCTIONS, FormulaError, Name, Tree, names, reads

__all__ = [
    "FUNCTIONS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "FormulaError",
    "Name",
    "Tree",
    "Type",
    "Worked",
    "evaluate",
    "names",
    "parse",
    "reads",
    "type_of",
    "unit_of",
]
