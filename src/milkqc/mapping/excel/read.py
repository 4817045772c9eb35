"""A workbook read back: its rows, the mapping it came from, and what it makes of that."""

from __future__ import annotations

import datetime as dt
import hashlib
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milkqc.errors import Fault, MappingFaults
from milkqc.mapping.excel.formulas import formulas
from milkqc.mapping.excel.sheets import INFO, Row, sheets
from milkqc.mapping.excel.stale import compared
from milkqc.mapping.excel.together import Together
from milkqc.mapping.excel.write import BASE, FORMAT
from milkqc.mapping.form.parse import parsed
from milkqc.mapping.form.render import rendered

MAX_BYTES = 20_000_000
MAX_UNPACKED = 200_000_000
MAX_ROWS = 100_000
AGAIN = "Write it anew with `milkqc mapping to-excel`."


@dataclass(frozen=True)
class Base:
    """The mapping that a workbook was made from: study, sha256 of its file, and its text in canonical form."""

    study: str
    digest: str
    text: str


def from_excel(workbook: Path, text: str, *, name: str) -> str:
    """The mapping's new text, made of a workbook that was made from `text` (the file `name`) and then edited.

    Raises MappingFaults: M501 no workbook of milkqc, M502 of another mapping, M503 the mapping changed since, M504
    a cell or row that cannot be used, and every fault of form or meaning (unknown units, variables that are none)
    that the new text has and the old one had not, each by sheet, row and column. The study's own analytes are
    known inside `reference.using`.
    """
    base, rows = _read(workbook)
    together = Together(parsed(base.text, name=name))
    made = rendered(together.tree(rows))
    _same(workbook.name, base, made, text, name)
    faults = [_fault(workbook.name, row, column, what) for row, column, what in together.problems]
    if faults:
        raise MappingFaults(faults)
    _in_order(workbook.name, made, text, together)
    return made


def _same(workbook: str, base: Base, made: str, text: str, name: str) -> None:
    """Refuse a workbook of another mapping, or of an older state of this one."""
    from milkqc import yamlfile

    now = yamlfile.parse(text, name=name, kind=MappingFaults).data
    if now.get("study") != base.study:
        what = f"the workbook is of the study {base.study!r}, and {name} is of {now.get('study')!r}."
        raise MappingFaults([Fault(workbook, 0, "M502", "", what, "Give the mapping that it was made from.")])
    if hashlib.sha256(text.encode()).hexdigest() != base.digest:
        raise MappingFaults([Fault(workbook, 0, "M503", "", *compared(base.text, made, text, name))])


def _in_order(workbook: str, made: str, before: str, together: Together) -> None:
    """Refuse what the workbook made wrong; what was wrong before is `milkqc lint`'s to tell, and hinders nobody."""
    if made == before:
        return
    found, new = _wrong(made, workbook), []
    known = Counter((fault.code, fault.what) for fault in (_wrong(before, workbook) if found else []))
    for fault in found:
        key = (fault.code, fault.what)
        known[key] -= 1
        if known[key] < 0:
            new.append(fault)
    if new:
        places = {".".join(map(str, path)): found for path, found in together.places.items()}
        raise MappingFaults([_placed(fault, places) for fault in new])


def _wrong(text: str, workbook: str) -> list[Fault]:
    from milkqc.mapping.lint import lint
    from milkqc.mapping.load import loads

    try:
        return lint(loads(text, name=workbook)).faults
    except MappingFaults as error:
        return list(error.faults)


def _placed(fault: Fault, places: dict[str, tuple[Row, str]]) -> Fault:
    """A fault of the mapping's form, by the cell that it comes from."""
    where = fault.where
    while where and where not in places:
        where = where.rpartition(".")[0]
    if not where:
        return Fault(fault.file, 0, fault.code, fault.where, fault.what, fault.todo)
    row, column = places[where]
    return Fault(fault.file, 0, fault.code, _cell(row, column), fault.what, fault.todo)


def _fault(workbook: str, row: Row, column: str, what: str) -> Fault:
    return Fault(workbook, 0, "M504", _cell(row, column), f"{what}.", "Correct that cell.")


def _cell(row: Row, column: str) -> str:
    return f"sheet {row.sheet}, row {row.line}" + (f", column {column}" if column else "")


def _read(path: Path) -> tuple[Base, list[Row]]:
    def refuse(what: str, todo: str = AGAIN) -> MappingFaults:
        return MappingFaults([Fault(path.name, 0, "M501", "", what, todo)])

    book = _book(path, refuse)
    names = set(book.sheet_names)
    if BASE not in names:
        raise refuse(
            "it is not a workbook of a mapping: the sheet that says which mapping it was made from is not there."
        )
    cells = book.get_sheet_by_name(BASE).to_python(skip_empty_area=False)
    head = {str(line[0]): _text(line[1]) for line in cells[:4] if len(line) > 1}
    if head.get("milkqc workbook") != FORMAT:
        raise refuse(f"its form is {head.get('milkqc workbook')!r}, and this milkqc reads {FORMAT!r}.")
    text = "\n".join(str(line[0])[1:] for line in cells[4:] if str(line[0]).startswith("|"))
    base = Base(head.get("study", ""), head.get("sha256", ""), text)
    rows: list[Row] = []
    faults: list[Fault] = []
    try:
        typed = formulas(path)
    except ValueError:  # also what defusedxml refuses
        raise refuse("it is damaged.") from None
    for sheet in sheets():
        if sheet.name not in names:
            raise refuse(f"the sheet {sheet.name} is missing.")
        lines = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False, nrows=MAX_ROWS)
        header = [_text(cell) for cell in lines[0]] if lines else []
        lacking = [name for name in sheet.header() if name not in header]
        if lacking:
            raise refuse(f"the sheet {sheet.name} has no column {lacking[0]}.")
        for number, line in enumerate(lines[1:], start=2):
            row = Row(sheet.name, (), {}, number)
            for column, (name, value) in enumerate(zip(header, line, strict=False)):
                if name in INFO.get(sheet.name, {}):
                    continue
                try:
                    cell = _text(value)
                except ValueError as error:
                    faults.append(_fault(path.name, row, name, str(error)))
                    continue
                if (sheet.name, number, column) in typed:
                    what = "a formula stands there, and the mapping keeps no formulas; type what it gives"
                    faults.append(_fault(path.name, row, name, what))
                    continue
                if cell.strip():
                    row.cells[name] = cell
            unknown = [name for name in row.cells if name not in sheet.header()]
            if unknown:
                faults.append(
                    _fault(path.name, row, unknown[0] or "without a name", "the sheet has no such column")
                )
            elif row.cells:
                rows.append(row)
    if faults:
        raise MappingFaults(faults)
    return base, rows


def _book(path: Path, refuse: Any) -> Any:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        if path.stat().st_size > MAX_BYTES:
            raise refuse(f"it has more than {MAX_BYTES:,} bytes.")
        with zipfile.ZipFile(path) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED:
                raise refuse(f"unpacked it has more than {MAX_UNPACKED:,} bytes.")
        return CalamineWorkbook.from_path(str(path))
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise refuse(f"it cannot be opened: {reason}.", "Check the path and its rights.") from None
    except (zipfile.BadZipFile, CalamineError):
        raise refuse("it is not a workbook (.xlsx), or it is damaged.") from None


def _text(value: Any) -> str:
    """A cell as the text that was meant. Raises ValueError for a date: what was typed can no longer be told."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        raise ValueError(  # noqa: TRY004 - the cell is wrong, not the call
            "the spreadsheet made a date or a time of it; format the cell as text and type it again"
        )
    return str(value)
