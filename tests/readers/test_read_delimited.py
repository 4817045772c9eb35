"""CSV: every cell as written, and nothing padded, typed or guessed."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read


@pytest.fixture
def csv_file(tmp_path):
    def write(content, *, name="x.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path, **options):
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(**options))
    return str(error.value)


def test_cells_are_text_exactly_as_written(csv_file):
    source = read(csv_file('id,w,note\n007, 3.50 ,"a ""b"", c"\n,NA,"two\nlines"\n'))
    assert source.table.to_dict(as_series=False) == {
        "id": ["007", None],
        "w": [" 3.50 ", "NA"],
        "note": ['a "b", c', "two\nlines"],
    }
    assert set(source.table.dtypes) == {pl.String}
    assert source.reasons.to_dict(as_series=False) == {"id": [None, "empty"]}
    assert source.codes.shape == (2, 0)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter_and_a_last_one_is_no_row(csv_file, end):
    assert read(csv_file(f"a,b{end}1,2{end}3,4{end}")).table.rows() == [("1", "2"), ("3", "4")]
    assert read(csv_file(f"a,b{end}1,2{end}3,4")).table.rows() == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_cuts_the_header(csv_file, sign):
    assert read(csv_file(f"id{sign}w\n1{sign}2\n")).table.columns == ["id", "w"]


def test_a_second_sign_in_the_header_is_settled_by_the_rows(csv_file):
    assert read(csv_file("id;weight, kg\n1;3,5\n2;x\n")).table.columns == ["id", "weight, kg"]


def test_an_undecidable_delimiter_is_asked_for(csv_file):
    path = csv_file("id;w,x\n1;2,3\n")
    assert (
        refusal(path) == "x.csv: the delimiter could be comma or semicolon. Say `delimiter:` in the mapping."
    )
    assert read(path, ReadOptions(delimiter=";")).table.columns == ["id", "w,x"]


def test_excels_own_delimiter_line_is_obeyed_and_is_no_row(csv_file):
    assert read(csv_file("sep=;\r\nid;w\r\n1;2\r\n")).table.rows() == [("1", "2")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "id,w\n1,2\n3\n",
            "line 3 has 1 cell where the header has 2. Mend that line, or check `delimiter` and `header_row`; "
            "milkqc does not fill or cut rows.",
        ),
        (
            'id,w\n"1\n2",3\n4,5,6\n',
            "line 4 has 3 cells where the header has 2. Mend that line, or check `delimiter` and `header_row`; "
            "milkqc does not fill or cut rows.",
        ),
        (
            'id,w\n1,"2\n3,4\n',
            "line 3: the quotation marks do not match (unexpected end of data). "
            'Look for a single " near that line, or give the right `delimiter`.',
        ),
        ("id,w,id\n1,2,3\n", "columns have the same name: 'id'. Rename one of them in the file."),
        ("id,w, id \n1,2,3\n", "columns have the same name: 'id'. Rename one of them in the file."),
        (
            "\n\n\n",
            "row 1 holds no column names. Give `header_row` (the row with the names, from 1), "
            "or `names` if the file has none.",
        ),
        (
            b"id,w\n\0\0,\0",
            "holds zero bytes, so it is not plain text. "
            "If it is UTF-16 without a mark, say `encoding: utf-16-le`; otherwise export it again.",
        ),
        (
            b"a,b\n\x81,\x8d\n",
            "is neither UTF-8 nor Windows-1252 text. Say `encoding:` in the mapping, such as `utf-16`.",
        ),
        ("", "the file is empty (0 bytes). Export or copy it again."),
    ],
)
def test_a_file_that_cannot_be_read_whole_says_where_and_what_to_do(csv_file, content, message):
    assert refusal(csv_file(content)) == f"x.csv: {message}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"encoding": "klingon"},
            "encoding 'klingon' is not known. Use a name such as utf-8, cp1252 or latin-1.",
        ),
        ({"encoding": "ascii"}, "is not written in ascii throughout. Give its true `encoding`."),
        ({"delimiter": "::"}, "delimiter '::' is not one character. Write one character, such as `;`."),
        ({"names": ("a", "a")}, "columns have the same name: 'a'. Rename one of them in the file."),
        (
            {"header_row": 9},
            "row 9 holds no column names. Give `header_row` (the row with the names, from 1), "
            "or `names` if the file has none.",
        ),
        (
            {"format": "feather"},
            "format 'feather' is not known. Use one of csv, excel, parquet, redcap, redcap_labels, redcap_odm, redcap_syntax, sas, spss, stata.",
        ),
        (
            {"max_cells": 3},
            "holds 2 rows x 2 columns, more than the 3 cells allowed. "
            "Check that it is the right file, or raise `max_cells`.",
        ),
    ],
)
def test_an_option_that_does_not_fit_is_refused(csv_file, options, message):
    assert refusal(csv_file("id,é\n1,2\n3,4\n"), **options) == f"x.csv: {message}"


def test_a_folder_a_missing_file_and_an_unknown_ending_are_refused(tmp_path, csv_file):
    (tmp_path / "d.csv").mkdir()
    assert refusal(tmp_path / "d.csv") == "d.csv: is a folder, not a file. Name a file in it."
    assert refusal(tmp_path / "none.csv") == (
        "none.csv: there is no such file. Check the name and the data folder."
    )
    assert refusal(csv_file("x", name="x.pdf")) == (
        "x.pdf: the ending '.pdf' names no format that milkqc reads. Known endings are "
        ".csv, .dta, .ods, .parquet, .por, .pq, .sas7bdat, .sav, .tab, .tsv, .txt, .xls, .xlsb, .xlsm, .xlsx, .xml, .xpt, .zsav; "
        "or say `format:` in the mapping."
    )


@pytest.mark.parametrize(
    ("codec", "mark", "encoding", "basis"),
    [
        ("utf-8", "", "utf-8", "assumed"),
        ("utf-8-sig", "", "utf-8", "declared"),
        ("utf-16-le", "\ufeff", "utf-16-le", "declared"),
        ("utf-16-be", "\ufeff", "utf-16-be", "declared"),
        ("cp1252", "", "cp1252", "assumed"),
    ],
)
def test_the_encoding_is_found_and_on_what_grounds_is_recorded(csv_file, codec, mark, encoding, basis):
    source = read(csv_file((mark + "id,név\n1,µg é\n").encode(codec)))
    assert source.table.to_dict(as_series=False) == {"id": ["1"], "név": ["µg é"]}
    assert (source.origin.encoding, source.origin.encoding_basis) == (encoding, basis)


def test_a_table_below_other_text_starts_at_its_header_row(csv_file):
    path = csv_file('Instrument,X\n"serial\nnumber",1\n\nid,w\n1,2\n')
    assert read(path, ReadOptions(header_row=4)).table.rows(named=True) == [{"id": "1", "w": "2"}]


def test_names_make_every_line_a_row(csv_file):
    source = read(csv_file("1,2\n3,4\n"), ReadOptions(names=("id", "w")))
    assert source.table.rows(named=True) == [{"id": "1", "w": "2"}, {"id": "3", "w": "4"}]


def test_empty_lines_and_what_a_spreadsheet_leaves_behind_are_counted(csv_file):
    source = read(csv_file("id,w,\n1,2,\n\n,,\n3,4,\n,,\n,,\n"))
    assert source.table.rows(named=True) == [
        {"id": "1", "w": "2"},
        {"id": None, "w": None},
        {"id": "3", "w": "4"},
    ]
    assert source.origin.notes == (
        "1 columns without a name or any value were left out",
        "1 empty lines are not counted as rows",
        "2 rows without any value at the end were left out",
    )
    assert (source.origin.rows, source.origin.columns) == (5, 3)


def test_a_column_without_a_name_but_with_values_stays_under_its_place(csv_file):
    source = read(csv_file('"",w \n1,2\n'))
    assert source.table.rows(named=True) == [{"column_1": "1", "w": "2"}]
    assert source.origin.notes == (
        "spaces were left out around the column names 'w'",
        "columns without a name in the header are called column_1",
    )


def test_a_header_without_rows_is_a_table_without_rows(csv_file):
    source = read(csv_file("id,w\n"))
    assert source.table.schema == {"id": pl.String, "w": pl.String}
    assert source.origin.notes == ("no row follows the header",)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.sampled_from([",", ";", "\t", "|"]))
def test_whatever_a_csv_writer_writes_reads_back(tmp_path_factory, rows, sign):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=sign, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "text"), *rows, ("last", "row")])
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_bytes(out.getvalue().encode())
    read_back = [
        tuple(cell or "" for cell in row) for row in read(path, ReadOptions(encoding="utf-8")).table.rows()
    ]
    assert read_back == [*rows, ("last", "row")]
