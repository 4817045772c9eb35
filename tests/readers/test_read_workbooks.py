"""The four kinds of workbook give one and the same table; each is told by its content and guarded before loading."""

import struct
import sys
import zipfile
from datetime import date, datetime

import polars as pl
import pytest

from milkqc.errors import SourceError
from milkqc.model import CellFault
from milkqc.readers import ReadOptions, read
from milkqc.readers.options import Plate

KINDS = ("xlsx", "xls", "ods", "xlsb")
ROWS = [
    ["id", "zinc (mg/L)", "day", "at", "note"],
    ["007", 2.5, date(2020, 1, 2), datetime(2020, 1, 2, 3, 4), "4,009.10"],
    ["008", -3, date(1960, 2, 29), datetime(2021, 12, 31, 23, 59), "< 20.00"],
    ["009", None, None, None, "\u00b5g and \u03bcg"],
]


def refusal(path, **options):
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(**options))
    return str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_workbook_gives_the_same_table(workbook, kind):
    source = read(workbook(f"x.{kind}", {"A": ROWS}))
    assert source.table.to_dict(as_series=False) == {
        "id": ["007", "008", "009"],
        "zinc (mg/L)": [2.5, -3.0, None],
        "day": [date(2020, 1, 2), date(1960, 2, 29), None],
        "at": [datetime(2020, 1, 2, 3, 4), datetime(2021, 12, 31, 23, 59), None],
        "note": ["4,009.10", "< 20.00", "\u00b5g and \u03bcg"],
    }
    assert source.table.dtypes == [pl.String, pl.Float64, pl.Date, pl.Datetime("us"), pl.String]
    assert source.variable("zinc (mg/L)").unit_text == "mg/L"
    assert (source.origin.rows, source.origin.columns) == (3, 5)
    assert source.origin.notes == ("sheet: A",)


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_turned_into_a_date_shows(workbook, kind):
    source = read(workbook(f"x.{kind}", {"A": [["id"], ["MAR-1"], [date(2024, 3, 2)], [12]]}))
    assert source.table["id"].to_list() == ["MAR-1", "2024-03-02", "12"]
    assert source.variable("id").source_type == "mixed with dates"


@pytest.mark.parametrize("kind", ["xlsx", "xls", "xlsb", "ods"])
def test_an_error_cell_is_a_fault(workbook, kind):
    source = read(workbook(f"x.{kind}", {"A": [["id", "w"], ["a", 1.5], ["b", "#DIV/0!"], ["c", 2]]}))
    assert source.table["w"].to_list() == [1.5, None, 2.0]
    assert source.faults == (CellFault(2, "w", "#DIV/0!", "an error that Excel shows in the cell"),)


@pytest.mark.parametrize("kind", KINDS)
def test_sheets_are_chosen_by_name_and_hidden_ones_only_so(workbook, kind):
    path = workbook(f"x.{kind}", {"New": [["id"], ["a"]], "Old": [["id"], ["b"]]}, hidden=("Old",))
    assert read(path).table["id"].to_list() == ["a"]
    assert read(path, ReadOptions(sheet="Old")).table["id"].to_list() == ["b"]
    assert refusal(path, sheet="Nw") == f"x.{kind}: has no sheet 'Nw'. Its sheets are 'New', 'Old' (hidden)."


@pytest.mark.parametrize("kind", KINDS)
def test_a_merged_header_cell_names_all_its_columns(workbook, kind):
    rows = [
        ["Milk minerals", None, None, None],
        ["id", "Zinc", None, "Note"],
        [None, "mg/L", "flag", None],
        ["a", 1, "L", "x"],
        [None, 2, "H", None],
    ]
    path = workbook(f"x.{kind}", {"A": rows}, merge=[(1, 1, 1, 2), (1, 0, 2, 0), (3, 0, 4, 0)])
    source = read(path, ReadOptions(header_row=(2, 3)))
    assert source.table.columns == ["id", "Zinc mg/L", "Zinc flag", "Note"]
    assert source.table["id"].to_list() == ["a", None]
    assert {v.name: v.unit_text for v in source.variables if v.unit_text} == {"Zinc mg/L": "mg/L"}
    assert source.origin.notes == (
        "sheet: A",
        "1 merged ranges among the rows: only the first cell of each has the value",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_line_below_the_header_is_no_row(workbook, kind):
    rows = [["id", "zinc", "iron"], [None, "mg/L", "ug/L"], ["a", 1.5, 300], ["b", 2.5, 400]]
    source = read(workbook(f"x.{kind}", {"A": rows}))
    assert source.table.rows() == [("a", 1.5, 300), ("b", 2.5, 400)]
    assert [variable.unit_text for variable in source.variables] == ["", "mg/L", "ug/L"]
    assert source.origin.notes[1] == "row 2 holds the units of the columns and is no row of data"


@pytest.mark.parametrize("kind", KINDS)
def test_a_plate_of_384_wells_becomes_a_list(workbook, kind):
    letters = "ABCDEFGHIJKLMNOP"
    rows = [["Plate P7"], [None, *range(1, 25)]]
    rows += [
        [letter, *(100.5 * place + column for column in range(24))] for place, letter in enumerate(letters)
    ]
    path = workbook(f"x.{kind}", {"A": rows})
    source = read(path, ReadOptions(plate=Plate(16, 24, ("B3",))))
    assert source.table.height == 384
    assert source.table.row(383) == ("Plate P7", "P24", "P", 24, 1530.5)
    assert refusal(path, plate=Plate(8, 12, ("B3",))) == (
        f"x.{kind}: the plate grid whose first well is in row 3, column 2 has more than 8 rows. Correct `rows`."
    )
    assert refusal(path, plate=Plate(16, 24, ("B4",))) == (
        f"x.{kind}: the plate grid whose first well is in row 4, column 2 is smaller than 16 x 24. "
        "Check `rows`, `columns` and where it starts."
    )


def test_a_workbook_by_the_name_of_another_is_read_as_what_it_is(workbook, tmp_path):
    path = workbook("x.xlsx", {"A": ROWS}).rename(tmp_path / "x.xls")
    source = read(path)
    assert source.table.height == 3
    assert source.origin.notes == ("the file is .xlsx, whatever its ending", "sheet: A")


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "utf-16"])
def test_an_xls_that_is_text_is_read_as_text_and_says_so(tmp_path, codec):
    path = tmp_path / "x.xls"
    path.write_bytes("id\tnom\r\n007\té\r\n".encode(codec))
    source = read(path)
    assert source.table.rows(named=True) == [{"id": "007", "nom": "é"}]
    assert source.origin.format == "csv"
    assert source.origin.notes == ("the file is text, whatever its ending .xls",)
    assert (
        refusal(path, sheet="A") == "x.xls: is text, whatever its name, and has no sheets. Take `sheet` out."
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<html><body><table><tr><td>1", "is a web page (HTML), whatever its name."),
        (
            b'\xef\xbb\xbf<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "is an XML spreadsheet of Excel 2003.",
        ),
        (b"<?xml version='1.0'?><data/>", "is XML, not an Excel workbook."),
        (b"\x09\x04\x06\x00" + bytes(90), "is an Excel file of before 1994."),
    ],
)
def test_what_only_has_the_ending_is_refused_with_advice(tmp_path, content, what):
    path = tmp_path / "x.xls"
    path.write_bytes(content)
    assert refusal(path) == f"x.xls: {what} Open it in Excel and save it as .xlsx."


def test_a_workbook_by_the_name_of_a_text_file_is_named(workbook, tmp_path):
    path = workbook("x.xlsx", {"A": ROWS}).rename(tmp_path / "x.csv")
    assert refusal(path) == (
        "x.csv: is no text file, but perhaps an Excel workbook. Try `format: excel` in the mapping."
    )
    assert read(path, ReadOptions(format="excel")).table.height == 3


def changed(path, part, change):
    """The workbook with one part rewritten."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


TOO_LARGE = "more than the 100,000,000 cells allowed. Check that it is the right file, or raise `max_cells`."


def test_an_ods_of_repeated_cells_does_not_ask_for_17_thousand_million(workbook):
    path = workbook("x.ods", {"A": [["id"], [1.5]]})

    def repeat(xml):
        xml = xml.replace(b"<table:table-row>", b'<table:table-row table:number-rows-repeated="1048576">')
        return xml.replace(b"<table:table-cell ", b'<table:table-cell table:number-columns-repeated="16384" ')

    path = changed(path, "content.xml", repeat)
    assert path.stat().st_size < 10_000
    assert refusal(path) == f"x.ods: holds 2,097,152 rows x 16,384 columns, {TOO_LARGE}"


def test_an_xlsb_with_one_cell_in_the_last_corner_is_refused(workbook):
    path = workbook("x.xlsb", {"A": [["id"], [1.5]]})
    last = struct.pack("<I", 1_048_575)
    far = (
        bytes([0, 25])
        + last
        + bytes(21)
        + bytes([5, 16])
        + struct.pack("<II", 16_383, 0)
        + struct.pack("<d", 1)
    )

    def grow(sheet):
        end = sheet.rindex(b"\x92\x01\x00")
        return sheet[:end] + far + sheet[end:]

    assert refusal(changed(path, "xl/worksheets/sheet1.bin", grow)) == (
        f"x.xlsb: holds 1,048,576 rows x 16,384 columns, {TOO_LARGE}"
    )


def test_an_xls_says_its_size_before_it_is_loaded(workbook):
    path = workbook("x.xls", {"A": [["id"], *[[n] for n in range(40)]]})
    assert refusal(path, max_cells=40).startswith(
        "x.xls: holds 41 rows x 1 columns, more than the 40 cells allowed."
    )


@pytest.mark.parametrize(("kind", "part"), [("ods", "content.xml"), ("xlsx", "xl/workbook.xml")])
def test_entities_are_refused_and_never_expanded(workbook, kind, part):
    path = workbook(f"x.{kind}", {"A": ROWS})
    bomb = b'<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    path = changed(path, part, lambda xml: xml.replace(b"?>", b"?>" + bomb, 1))
    assert refusal(path) == (
        f"x.{kind}: its part {part} declares entities, which no workbook needs. Open it in Excel and save it again."
    )


def test_an_encrypted_ods_is_named(workbook):
    path = workbook("x.ods", {"A": ROWS})
    path = changed(
        path,
        "META-INF/manifest.xml",
        lambda xml: xml.replace(b"</manifest:manifest>", b"<manifest:encryption-data/></manifest:manifest>"),
    )
    assert refusal(path) == "x.ods: is encrypted with a password. Save it without one."


def test_a_cut_xls_is_refused(workbook):
    path = workbook("x.xls", {"A": [["id", "w"], *[[f"p{n}", n] for n in range(900)]]})
    whole = path.read_bytes()
    for share in (0.2, 0.5, 0.8, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert refusal(path) in (
            "x.xls: is damaged or cut off. Open it in Excel and save it again.",
            "x.xls: is damaged or cut off in sheet 'A'. Open it in Excel and save it again.",
        )


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_dates_count_from_1904_where_the_workbook_says_so(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    if kind == "xlsx":
        import xlsxwriter

        book = xlsxwriter.Workbook(str(path), {"date_1904": True})
        sheet = book.add_worksheet("A")
        sheet.write(0, 0, "day")
        sheet.write_datetime(1, 0, datetime(2020, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"}))
        book.close()
    else:
        import xlwt

        book = xlwt.Workbook()
        book.dates_1904 = True
        sheet = book.add_sheet("A")
        sheet.write(0, 0, "day")
        sheet.write(1, 0, date(2020, 1, 2), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
        book.save(str(path))
    assert read(path).table["day"].to_list() == [date(2020, 1, 2)]


def test_formulas_of_an_xls_without_a_result_are_counted(tmp_path):
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("A")
    sheet.write(0, 0, "w")
    sheet.write(1, 0, 2.5)
    sheet.write(2, 0, xlwt.Formula("A2*2"))
    sheet.write(3, 0, 3.5)
    book.save(str(tmp_path / "x.xls"))
    source = read(tmp_path / "x.xls")
    assert source.table["w"].to_list() == [2.5, None, 3.5]
    assert source.origin.notes == ("sheet: A", "1 formulas give an empty text, or were never calculated")


def test_hidden_rows_are_rows(tmp_path):
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("A")
    for row, cell in enumerate(["id", "a", "b", "c"]):
        sheet.write(row, 0, cell)
    sheet.row(2).hidden = True
    book.save(str(tmp_path / "x.xls"))
    assert read(tmp_path / "x.xls").table["id"].to_list() == ["a", "b", "c"]


@pytest.mark.skipif(sys.platform != "linux", reason="the memory limit of a process is Linux's")
def test_a_long_text_said_ten_thousand_times_is_refused_and_the_next_file_is_read(workbook):
    """Ten megabytes of text, which the sheet refers to ten thousand times: 100 GB once each cell has its own."""
    path = workbook("x.xlsx", {"A": [["id"], *[["same"]] * 10_000]})
    many = changed(path, "xl/sharedStrings.xml", lambda xml: xml.replace(b"same", b"same" * 2_500_000))
    message = refusal(many, reader_memory=2 * 1024**3)
    assert message.startswith(
        ("x.xlsx: is damaged: reading it stopped the reader", "x.xlsx: does not fit into the memory allowed")
    )
    assert read(workbook("y.xlsx", {"A": ROWS})).table.height == 3


def test_a_workbook_is_opened_in_the_child_process(workbook, monkeypatch):
    from milkqc.readers import excel

    asked = []
    call = excel.CHILD.call
    monkeypatch.setattr(
        excel.CHILD, "call", lambda file, *rest, **how: asked.append(file.name) or call(file, *rest, **how)
    )
    for kind in KINDS:
        read(workbook(f"x.{kind}", {"A": ROWS}))
    assert asked == [f"x.{kind}" for kind in KINDS]
