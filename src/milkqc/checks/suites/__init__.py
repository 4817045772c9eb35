"""Believable values and distributions, with limits a data manager may edit: expectations/*.yaml through GX."""

from milkqc.checks.suites.changes import Change, changed, switched_off
from milkqc.checks.suites.load import load, read_text
from milkqc.checks.suites.run import check, check_plain

__all__ = ["Change", "changed", "check", "check_plain", "load", "read_text", "switched_off"]
