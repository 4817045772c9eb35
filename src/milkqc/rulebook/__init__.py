"""Every rule that can say something of a study, whatever its home: what it says, why, from where, how to change it."""

from milkqc.rulebook.book import book, find, pack_ids, permanent_ids, unnamed
from milkqc.rulebook.entry import Described
from milkqc.rulebook.own import StudyRules, study_rules

__all__ = ["Described", "StudyRules", "book", "find", "pack_ids", "permanent_ids", "study_rules", "unnamed"]
