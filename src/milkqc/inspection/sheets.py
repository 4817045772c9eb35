"""The sheets of a workbook, when one of them must be chosen."""

from __future__ import annotations

from pathlib import Path

from milkqc.inspection.facts import Choice, Sheet
from milkqc.readers import ReadOptions
from milkqc.readers.files import File
from milkqc.readers.registry import choose
from milkqc.readers.workbook import inspect


def to_choose(path: Path, options: ReadOptions) -> Choice | None:
    """The sheets of a workbook with several visible ones that hold anything, unless `options` names one."""
    file = File.of(path)
    if options.sheet is not None or choose(file, options).name != "excel":
        return None
    book = inspect(file)
    surveys = {name: book.survey(name) for name in book.parts}
    sheets = tuple(
        Sheet(name, survey.rows, survey.columns, name in book.hidden) for name, survey in surveys.items()
    )
    visible = [sheet for sheet in sheets if sheet.rows and not sheet.hidden]
    return Choice(file.name, file.sha256, sheets) if len(visible) > 1 else None
