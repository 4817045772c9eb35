"""A workbook told by its content, whatever its name, and surveyed before anything loads it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from milkqc.readers import survey_ods, survey_xls, survey_xlsb, survey_xlsx
from milkqc.readers.files import File
from milkqc.readers.package import DAMAGED, UNZIP_ERRORS, Workbook, guard


@contextmanager
def opened(file: File) -> Iterator[Workbook]:
    """The workbook's sheets in order, to be surveyed while it is open.

    SourceError for what is no workbook, is encrypted or damaged, or is a zip that grows beyond belief.
    """
    if file.head(4) == b"\xd0\xcf\x11\xe0":
        yield _with_sheets(file, survey_xls.inspect(file))
        return
    try:
        archive = zipfile.ZipFile(file.path)
    except UNZIP_ERRORS:
        raise file.error("is damaged or not an Excel workbook.", DAMAGED) from None
    with archive:
        guard(file, archive)
        names = set(archive.namelist())
        if "xl/workbook.xml" in names:
            book = survey_xlsx.inspect(file, archive)
        elif "xl/workbook.bin" in names:
            book = survey_xlsb.inspect(file, archive)
        elif "content.xml" in names:
            book = survey_ods.inspect(file, archive)
        else:
            raise file.error("is damaged or not an Excel workbook.", DAMAGED)
        yield _with_sheets(file, book)


def _with_sheets(file: File, book: Workbook) -> Workbook:
    if not book.sheets:
        raise file.error("has no worksheet.", DAMAGED)
    return book
