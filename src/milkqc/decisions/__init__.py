"""What people decided about findings: the file they write, and the status it gives to each finding."""

from milkqc.decisions.apply import DECISIONS, STATUSES, decided, noted
from milkqc.decisions.read import COLUMNS, WORDS, Decision, Decisions, read

__all__ = ["COLUMNS", "DECISIONS", "STATUSES", "WORDS", "Decision", "Decisions", "decided", "noted", "read"]
