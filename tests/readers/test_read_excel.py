"""Excel: columns of one kind are typed, columns of several are text, error cells are faults."""

import zipfile
from datetime import date, datetime, time

import polars as pl
import pytest
import xlsxwriter

from milkqc.cells import source_reason, source_text
from milkqc.errors import SourceError
from milkqc.model import CellFault
from milkqc.readers import ReadOptions, read


@pytest.fixture
def excel(tmp_path):
    """A workbook from sheets of rows; dates are formatted as dates, errors come from formulas."""

    def write(*, hidden=(), merge=None, **sheets):
        path = tmp_path / "x.xlsx"
        book = xlsxwriter.Workbook(str(path))
        formats = {
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            time: book.add_format({"num_format": "hh:mm"}),
        }
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            if name in hidden:
                sheet.hide()
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if type(cell) in formats:
                        sheet.write_datetime(r, c, cell, formats[type(cell)])
                    elif isinstance(cell, str) and cell.startswith("#"):
                        sheet.write_formula(r, c, "=NA()", None, cell)
                    elif cell is not None:
                        sheet.write(r, c, cell)
            if merge:
                sheet.merge_range(merge, "merged")
        book.close()
        return path

    return write


def refusal(path, **options):
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(**options))
    return str(error.value)


def test_each_column_is_what_its_cells_are(excel):
    source = read(
        excel(
            A=[
                ["id", "zinc", "day", "at", "ok", "note"],
                [1, 2.5, date(2020, 1, 2), datetime(2020, 1, 2, 3, 4), True, " as written "],
                [2, 3, date(2020, 1, 3), date(2020, 1, 3), False, "007"],
            ]
        )
    )
    assert source.table.schema == {
        "id": pl.Int64,
        "zinc": pl.Float64,
        "day": pl.Date,
        "at": pl.Datetime("us"),
        "ok": pl.String,
        "note": pl.String,
    }
    assert source.table.row(1) == (2, 3.0, date(2020, 1, 3), datetime(2020, 1, 3), "false", "007")
    assert [v.source_type for v in source.variables] == [
        "number",
        "number",
        "date",
        "datetime",
        "boolean",
        "text",
    ]
    assert source_text(source, "at").to_list() == ["2020-01-02T03:04:00", "2020-01-03T00:00:00"]


def test_a_column_of_several_kinds_is_text_in_its_shortest_form(excel):
    source = read(
        excel(A=[["zinc", "id"], [0.1, 12], ["<0.5", date(2001, 12, 1)], [1200, "A-7"], [None, time(9, 30)]])
    )
    assert source.table["zinc"].to_list() == ["0.1", "<0.5", "1200", None]
    assert source.table["id"].to_list() == ["12", "2001-12-01", "A-7", "09:30:00"]
    assert [v.source_type for v in source.variables] == ["mixed", "mixed with dates"]
    assert source_reason(source, "zinc").to_list() == [None, None, None, "empty"]


def test_an_error_cell_is_a_fault_and_not_a_blank(excel):
    source = read(excel(A=[["id", "w"], [1, "#DIV/0!"], [2, 3.5], ["#N/A", None], [4, "#REF!"]]))
    assert source.table.to_dict(as_series=False) == {"id": [1, 2, None, 4], "w": [None, 3.5, None, None]}
    shown = "an error that Excel shows in the cell"
    assert source.faults == (
        CellFault(3, "id", "#N/A", shown),
        CellFault(1, "w", "#DIV/0!", shown),
        CellFault(4, "w", "#REF!", shown),
    )
    assert source_reason(source, "w").to_list() == ["unreadable", None, "empty", "unreadable"]
    assert source_text(source, "w").to_list() == ["#DIV/0!", "3.5", None, "#REF!"]


def test_a_row_of_nothing_but_an_error_at_the_end_is_still_a_row(excel):
    source = read(excel(A=[["id", "w"], [1, 2], [None, "#N/A"]]))
    assert source.table["id"].to_list() == [1, None]
    assert source.faults == (CellFault(2, "w", "#N/A", "an error that Excel shows in the cell"),)


def test_a_table_below_other_text_starts_at_its_header_row(excel):
    path = excel(A=[["Plate report"], [], [None, "well", "RLU"], [None, "A1", 5]])
    source = read(path, ReadOptions(header_row=3))
    assert source.table.rows(named=True) == [{"well": "A1", "RLU": 5}]
    assert source.origin.notes == ("sheet: A", "1 columns without a name or any value were left out")
    assert refusal(path, header_row=2) == (
        "x.xlsx: sheet 'A': row 2 holds no column names. "
        "Give `header_row` (the row with the names, from 1), or `names` if the sheet has none."
    )


def test_merged_cells_are_said_to_have_one_value(excel):
    source = read(excel(A=[["id", "w"], [1, 2], [3, 4], [None, 6]], merge="A3:A4"))
    assert source.table["id"].to_list() == ["1", "merged", None]
    assert source.origin.notes == (
        "sheet: A",
        "1 merged ranges among the rows: only the first cell of each has the value",
    )


def test_the_only_sheet_with_anything_visible_is_the_one(excel):
    path = excel(Sheet1=[["id"], [1]], Sheet2=[], Old=[["id"], [2]], hidden=("Old",))
    assert read(path).table["id"].to_list() == [1]
    assert read(path, ReadOptions(sheet="Old")).table["id"].to_list() == [2]


def test_several_sheets_need_a_choice_and_a_wrong_one_lists_them(excel):
    path = excel(Results=[["id"], [1]], Methods=[["text"], ["x"]])
    assert refusal(path) == ("x.xlsx: has several sheets: 'Results', 'Methods'. Say `sheet:` in the mapping.")
    assert (
        refusal(path, sheet="results")
        == "x.xlsx: has no sheet 'results'. Its sheets are 'Results', 'Methods'."
    )


def test_equal_column_names_are_refused(excel):
    assert refusal(excel(A=[["id", "id"], [1, 2]])) == (
        "x.xlsx: columns have the same name: 'id'. Rename one of them in the file."
    )


def with_sheet(path, rows):
    """The workbook with other XML as its first sheet."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/worksheets/sheet1.xml"] = (
        f'<worksheet xmlns="{namespace}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_blank_rows_at_the_end_are_dropped_and_counted_and_others_stay(excel):
    rows = (
        '<row r="1"><c r="A1" t="str"><v>id</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'
        '<row r="4"><c r="A4"><v>2</v></c></row><row r="6"><c r="A6" t="str"><v></v></c></row>'
    )
    source = read(with_sheet(excel(A=[["x"]]), rows))
    assert source.table["id"].to_list() == [1, None, 2]
    assert source.origin.rows == 5
    assert source.origin.notes == ("sheet: A", "2 rows without any value at the end were left out")


def test_one_cell_in_the_last_corner_does_not_ask_for_400_gigabytes(excel):
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path = with_sheet(excel(A=[["x"]]), rows)
    assert path.stat().st_size < 10_000
    assert refusal(path) == (
        "x.xlsx: holds 1,048,576 rows x 16,384 columns, more than the 100,000,000 cells allowed. "
        "Check that it is the right file, or raise `max_cells`."
    )


def test_formatted_blank_cells_far_out_are_no_table(excel):
    rows = (
        '<row r="1"><c r="A1" t="str"><v>id</v></c></row><row r="2"><c r="A2"><v>5</v></c></row>'
        '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    )
    assert read(with_sheet(excel(A=[["x"]]), rows)).table.rows(named=True) == [{"id": 5}]


def test_a_formula_that_was_never_calculated_is_a_fault_and_not_a_blank(excel):
    rows = (
        '<row r="1"><c r="A1" t="str"><v>w</v></c></row><row r="2"><c r="A2"><v>5</v></c></row>'
        '<row r="3"><c r="A3"><f>A2*2</f></c></row><row r="4"><c r="A4"><f>A2*3</f><v>15</v></c></row>'
        '<row r="5"><c r="A5"><f t="shared" si="0"/></c></row>'
    )
    source = read(with_sheet(excel(A=[["x"]]), rows))
    assert source.table["w"].to_list() == [5, None, 15, None]
    why = "a formula without a stored result: open the file in Excel and save it"
    assert source.faults == (CellFault(2, "w", "=A2*2", why), CellFault(4, "w", "=", why))


def test_a_negative_number_formatted_as_a_date_is_a_fault_and_not_midnight(excel):
    path = excel(A=[["d"], [date(2020, 1, 2)]])
    with zipfile.ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    rows = xml[xml.index("<sheetData>") + 11 : xml.index("</sheetData>")].replace("<v>43832</v>", "<v>-5</v>")
    source = read(with_sheet(path, rows))
    assert source.table["d"].to_list() == [None]
    assert source.faults == (CellFault(1, "d", "-5", "a negative number formatted as a date"),)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(excel):
    path = excel(A=[["x"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(80 * 1024**2))
    message = refusal(path)
    assert message.startswith("x.xlsx: unpacks from ")
    assert message.endswith(
        " bytes, more than is believable. Check that it is the right file, or export the sheet as CSV."
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\xd0\xcf\x11\xe0" + bytes(600),
            "is damaged or cut off. Open it in Excel and save it again.",
        ),
        (
            b"id,w\n1,2\n",
            "is not an Excel workbook, whatever its name. Save it as .xlsx, or say its `format:`.",
        ),
        (
            b"PK\x03\x04" + bytes(50),
            "is damaged or not an Excel workbook. Open it in Excel and save it again.",
        ),
    ],
)
def test_what_is_no_workbook_is_named_for_what_it_is(tmp_path, content, message):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    assert refusal(path) == f"x.xlsx: {message}"
