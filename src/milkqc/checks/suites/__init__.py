"""Believable values and distributions, with limits a data manager may edit: expectations/*.yaml, in three engines."""

from milkqc.checks.suites.changes import Change, changed, switched_off
from milkqc.checks.suites.load import load, read_text
from milkqc.checks.suites.run import ENGINES, check

__all__ = ["ENGINES", "Change", "changed", "check", "load", "read_text", "switched_off"]
