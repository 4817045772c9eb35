"""REDCap's branching and calculation logic in a stated subset: parsed to a tree, worked out column by column."""

from milkqc.checks.dictionary.logic.evaluate import evaluate
from milkqc.checks.dictionary.logic.grammar import parse
from milkqc.checks.dictionary.logic.tree import FieldRef, Node, NotEvaluated, references
from milkqc.checks.dictionary.logic.values import Value

__all__ = ["FieldRef", "Node", "NotEvaluated", "Value", "evaluate", "parse", "references"]
