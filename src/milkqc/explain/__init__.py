"""`milkqc explain`: how a cell of the outputs came about, from the outputs alone."""

from milkqc.explain.explainer import Explainer
from milkqc.explain.model import Cell, ExplainError, SourceCell, as_json

__all__ = ["Cell", "ExplainError", "Explainer", "SourceCell", "as_json"]
