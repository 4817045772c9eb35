"""A workbook edited by LibreOffice itself, as a person at its screen would: one start for all edits, by a macro."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.mapping.workbooks import column_of

LIBREOFFICE = """\
Sub typed(sheet, row, column, kind, text)
  sheet.unprotect("")
  cell = sheet.getCellByPosition(column - 1, row - 1)
  If kind = "text" Then
    cell.setString(text)
  ElseIf kind = "deleted" Then
    sheet.Rows.removeByIndex(row - 1, 1)
  Else
    rem 36 is a date: what a spreadsheet makes of 1-5 or May-24
    cell.NumberFormat = IIf(kind = "date", 36, 0)
    cell.setFormula(text)
  End If
End Sub

Sub edited(book, out, sheets, rows, columns, kinds, texts)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden" : hidden(0).Value = True
  doc = StarDesktop.loadComponentFromURL(book, "_blank", 0, hidden())
  For n = 0 To UBound(sheets)
    typed(doc.Sheets.getByName(sheets(n)), rows(n), columns(n), kinds(n), texts(n))
  Next
  Dim kept(0) As New com.sun.star.beans.PropertyValue
  kept(0).Name = "FilterName" : kept(0).Value = "Calc MS Excel 2007 XML"
  doc.storeToURL(out, kept())
  doc.close(True)
End Sub
"""
ROOT = '<!DOCTYPE {0}:{1} PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "{1}.dtd">'


def in_libreoffice(
    book: Path, home: Path, edits: dict[str, list[tuple[str, int, str, str, str]]]
) -> dict[str, Path]:
    """The workbook edited by LibreOffice itself, once for each name: (sheet, row, column name, how, text)."""
    from xml.sax.saxutils import escape

    calls = []
    for name, changes in edits.items():
        flat = [
            (sheet, row, column_of(book, sheet, column), how, text)
            for sheet, row, column, how, text in changes
        ]
        lists = ", ".join(
            "Array(" + ", ".join(str(one) if isinstance(one, int) else '"' + one.replace('"', '""') + '"' for one in part) + ")"
            for part in zip(*flat, strict=True)
        )  # fmt: skip
        calls.append(f'  edited("{book.as_uri()}", "{(home / name).as_uri()}.xlsx", {lists})')
    body = LIBREOFFICE + "\n".join(["Sub Main", *calls, "  StarDesktop.terminate()", "End Sub"])
    folder = home / "user" / "basic" / "Standard"
    folder.mkdir(parents=True)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    script = 'xmlns:script="http://openoffice.org/2000/script"'
    library = 'xmlns:library="http://openoffice.org/2000/library"'
    link = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    (folder / "Module1.xba").write_text(
        f'{head}{ROOT.format("script", "module")}<script:module {script} script:name="Module1" script:language="StarBasic">{escape(body)}</script:module>'
    )
    (folder / "script.xlb").write_text(
        f'{head}{ROOT.format("library", "library")}<library:library {library} library:name="Standard" library:readonly="false"><library:element library:name="Module1"/></library:library>'
    )
    # Without it the first start of a profile would put its own empty module in the place of this one.
    (home / "user" / "registrymodifications.xcu").write_text(
        f'{head}<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Setup/Office">'
        '<prop oor:name="ooSetupInstCompleted" oor:op="fuse"><value>true</value></prop></item></oor:items>'
    )
    (folder.parent / "script.xlc").write_text(
        f'{head}{ROOT.format("library", "libraries")}<library:libraries {library} {link}><library:library library:name="Standard" xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple" library:link="false"/></library:libraries>'
    )
    subprocess.run(
        ["soffice", f"-env:UserInstallation={home.as_uri()}", "--headless", "--norestore", "macro:///Standard.Module1.Main"],
        check=True,
        capture_output=True,
        timeout=240,
    )  # fmt: skip
    return {name: home / f"{name}.xlsx" for name in edits}
