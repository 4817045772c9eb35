"""The coded rules, a module per subject: whatever needs two columns, time order, another row or another table.

A new rule is one decorated function in one of these modules, or in a new one; the folder is the registry.
"""

from milkqc.checks.declare import CodedRule, Settings, all_rules
from milkqc.checks.evaluate import check, verdict

__all__ = ["CodedRule", "Settings", "all_rules", "check", "verdict"]
