"""The QC report: one self-contained page for people, the same content as JSON for machines."""

from milkqc.report.whole import render

__all__ = ["render"]
