"""Text as instruments and spreadsheets write it: encodings, titles above the table, sections, headers of two lines, units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read
from milkqc.readers.headers import names_of, unit_text
from milkqc.readers.options import Plate

CUT = "the last line has no line end: a file that was cut off looks so"


@pytest.fixture
def text_file(tmp_path):
    def write(content, *, name="x.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path, **options):
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(**options))
    return str(error.value)


def units_of(source):
    return {variable.name: variable.unit_text for variable in source.variables if variable.unit_text}


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_found_and_said_to_be_assumed(text_file, codec):
    source = read(text_file("id;w\n007;3,5\n008;4\n".encode(codec)))
    assert source.table.rows() == [("007", "3,5"), ("008", "4")]
    assert (source.origin.encoding, source.origin.encoding_basis) == (codec, "assumed")


def test_an_encoding_that_is_declared_wins(text_file):
    path = text_file("id,nom\n1,é\n".encode("latin-1"))
    source = read(path, ReadOptions(encoding="cp850"))
    assert source.table["nom"].to_list() == ["Ú"]
    assert (source.origin.encoding, source.origin.encoding_basis) == ("cp850", "option")


def test_utf8_with_a_damaged_place_is_not_taken_for_windows_1252(text_file):
    path = text_file("id,nom\n1,Zoë\n2,née\n3,".encode() + b"\xe9\n4,\xc3\xa9\n")
    assert refusal(path) == (
        "x.csv: is UTF-8 but for 1 place, the first in line 4. "
        "Mend it there, or say `encoding:` (cp1252 takes each byte for a letter)."
    )
    assert read(path, ReadOptions(encoding="cp1252")).table["nom"].to_list()[2] == "é"


def test_utf8_cut_inside_a_letter_is_said_to_be_cut(text_file):
    path = text_file("id,nom\n1,Zoë\n2,né".encode()[:-1])
    assert refusal(path) == "x.csv: is cut off in the middle of a letter. Export or copy it again."


def test_a_damaged_byte_in_the_last_line_is_no_cut(text_file):
    path = text_file("id,nom\n1,Zoë\n2,née\n3,".encode() + b"\xff\n")
    assert refusal(path).startswith("x.csv: is UTF-8 but for 1 place, the first in line 4. ")


@pytest.mark.parametrize(
    ("text", "codec", "words"),
    [
        ("Мария,Ольга", "cp1251", 2),
        ("Ελένη", "iso8859-7", 1),
        ("张三李四", "gb18030", 1),
        ("Zoë née Çağ", "cp1254", 0),
    ],
)
def test_letters_of_another_alphabet_are_no_windows_1252_without_a_word(text_file, text, codec, words):
    path = text_file(f"id;name\n1;{text}\n".encode(codec))
    said = [note for note in read(path).origin.notes if "encoding" in note]
    assert said == (
        [f"{words} words look wrong in cp1252, which was assumed: say the true `encoding`"] if words else []
    )
    right = read(path, ReadOptions(encoding=codec))
    assert right.table["name"].to_list() == [text]
    assert right.origin.notes == ()


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"%PDF-1.4\n", "a PDF document"),
        (b"{\\rtf1", "an RTF document"),
        (b"\x1f\x8b\x08\0", "compressed (gzip)"),
    ],
)
def test_what_is_no_table_at_all_is_named(text_file, head, what):
    assert (
        refusal(text_file(head)) == f"x.csv: is {what}, whatever its name. Export the table itself as .csv."
    )


@given(st.text(st.sampled_from("aé\u20acßµ,\n"), min_size=1, max_size=40))
def test_what_is_written_in_a_known_encoding_is_read_as_such(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("codec") / "x.csv"
    body = '"' + text + '"'
    for codec, asked in (("utf-8-sig", None), ("utf-16", None), ("cp1252", "cp1252")):
        path.write_bytes(f"t\n{body}\n".encode(codec))
        assert read(path, ReadOptions(encoding=asked)).table["t"].to_list() == [text]


@pytest.mark.parametrize(
    "content",
    ["id,w\r\n1,2\n3,4\r5,6\r\n", "id,w\r1,2\r\n3,4\n5,6\n"],
)
def test_mixed_line_ends_end_lines(text_file, content):
    assert read(text_file(content)).table.rows() == [("1", "2"), ("3", "4"), ("5", "6")]


def test_a_line_break_inside_a_cell_is_counted(text_file):
    source = read(text_file('id,note\n1,"a\nb\nc"\n2,d\n'))
    assert source.table["note"].to_list() == ["a\nb\nc", "d"]
    assert source.origin.notes == ("2 line breaks stand inside cells",)


@pytest.mark.parametrize(
    ("content", "note"),
    [("id,w\n1,2\n3,4", (CUT,)), ("id,w\r\n1,2\r", (CUT,)), ("id,w\n1,2\n", ()), ("id,w\r1,2\r", ())],
)
def test_a_last_line_without_its_end_is_said(text_file, content, note):
    assert read(text_file(content)).origin.notes == note


def test_a_quote_that_is_not_closed_under_a_tab_does_not_become_one_column(text_file):
    path = text_file('id\tname\tw\n1\t"a"b"\t2\n3\tc\t4\n')
    assert refusal(path).startswith("x.csv: line 2: the quotation marks do not match")


@pytest.mark.parametrize("word", ["tab", "\t", "\\t"])
def test_a_delimiter_has_a_name(text_file, word):
    assert read(text_file("id\tw\n1\t2\n"), ReadOptions(delimiter=word)).table.columns == ["id", "w"]


PADDED = "Plate_17,,\nOperator,ann,\n,,\nid,zinc,flag\n1,2.5,\n2,<0.5,L\n"
RAGGED = "Plate_17\nOperator,ann\n\nid,zinc,flag\n1,2.5,\n2,<0.5,L\n"


@pytest.mark.parametrize("content", [PADDED, RAGGED])
def test_titles_and_pairs_above_a_table_are_left_out_and_said_to_be(text_file, content):
    source = read(text_file(content))
    assert source.table.rows(named=True) == [
        {"id": "1", "zinc": "2.5", "flag": None},
        {"id": "2", "zinc": "<0.5", "flag": "L"},
    ]
    assert source.origin.notes == ("the header is row 4: the 2 filled rows above it are no rows of data",)


def test_a_title_under_another_delimiter_does_not_decide_it(text_file):
    source = read(text_file("Results, plate 17\n\nid\tzinc\tflag\n1\t2.5\t\n2\t3\tL\n"))
    assert source.table.columns == ["id", "zinc", "flag"]


def test_a_block_above_the_table_that_could_be_data_is_asked_about(text_file):
    path = text_file("Plate,17,,\nRun,3,c,\n,,,\nid,zinc,iron,flag\n1,2.5,9,\n2,3,8,L\n")
    assert refusal(path) == (
        "x.csv: row 1 does not name the columns, row 4 may. "
        "Say `header_row`: 4; add `last_row`, `until` or `section` if more follows."
    )
    assert read(path, ReadOptions(header_row=4)).table.height == 2


def test_sentences_with_commas_are_no_table_under_a_title(text_file):
    assert refusal(text_file("note\nfine, thanks\nwell, bye\nyes, no\n")) == (
        "x.csv: row 1 does not name the columns, row 2 may. "
        "Say `header_row`: 2; add `last_row`, `until` or `section` if more follows."
    )


def test_a_file_whose_first_row_names_next_to_nothing_is_asked_about(text_file):
    path = text_file("Survey,,,\n1,2,3,4\n5,6,7,8\n")
    assert refusal(path) == (
        "x.csv: row 1 names 1 of 4 columns, and no row below looks like names. "
        "Say `header_row` (1 if it is right), or `names`."
    )
    assert read(path, ReadOptions(header_row=1)).table.columns == [
        "Survey",
        "column_2",
        "column_3",
        "column_4",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "id,name,\nA,x,\nB,y,checked\nC,z,\n",
        '"",name,site\nMazda,a,b\nFiat,c,d\nOpel,e,f\n',
        "id,w\n1,2\n",
        "name\nann\nbob\ncarl\n",
        "2-FL,3'SL,25(OH)D\nx,y,z\np,q,r\n",
        "id,a,b\nx,,\ny,,\nz,p,q\n",
    ],
)
def test_a_first_row_that_can_be_the_header_is_the_header(text_file, content):
    source = read(text_file(content))
    assert source.table.height == content.count("\n") - 1
    assert not any("header is row" in note for note in source.origin.notes)


SECTIONS = (
    "Program,X,,\nDate,1/1/2025,,\n,,,\nDataType:,Median,,\nwell,sample,zinc,\nA1,s1,5,\nA2,s2,NaN,\n,,,\n"
    "DataType:,Count,,\nwell,sample,zinc,\nA1,s1,50,\n,,,\n-- CRC --,,,\n"
)


@pytest.mark.parametrize(
    ("options", "zinc"),
    [
        ({"section": "DataType: Median"}, ["5", "NaN"]),
        ({"section": "datatype:  count"}, ["50"]),
        ({"header_row": 5, "last_row": 7}, ["5", "NaN"]),
        ({"header_row": 5, "until": "blank"}, ["5", "NaN"]),
        ({"header_row": 10, "until": "-- CRC --"}, ["50"]),
        ({"names": ("well", "sample", "zinc", "rest"), "first_row": 6, "last_row": 6}, ["5"]),
        ({"names": ("well", "sample", "zinc", "rest"), "header_row": 10, "until": "blank"}, ["50"]),
    ],
)
def test_one_of_several_tables_is_read_by_what_says_where_it_is(text_file, options, zinc):
    assert read(text_file(SECTIONS), ReadOptions(**options)).table["zinc"].to_list() == zinc


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {},
            "row 1 does not name the columns, row 5 may. "
            "Say `header_row`: 5; add `last_row`, `until` or `section` if more follows.",
        ),
        (
            {"section": "Count"},
            "no line reads 'Count'. Write `section` as the whole line above the table reads; row 9 contains the text.",
        ),
        (
            {"section": "well sample zinc"},
            "2 lines read 'well sample zinc'. Write `section` as the whole line above the table reads.",
        ),
        ({"section": "-- CRC --"}, "nothing follows the line '-- CRC --'. Check that the file is whole."),
        (
            {"header_row": 5, "until": "END"},
            "no line below the header reads 'END'. Check that the file is whole.",
        ),
        (
            {"header_row": 5, "first_row": 4},
            "the first row of data (4) is not below the header. Correct `first_row`.",
        ),
        (
            {"header_row": 5, "last_row": 5},
            "`last_row` stands above the first row of data. Correct `last_row`.",
        ),
        (
            {"header_row": 3},
            "row 3 holds no column names. "
            "Give `header_row` (the row with the names, from 1), or `names` if the file has none.",
        ),
    ],
)
def test_a_section_that_is_not_there_is_refused(text_file, options, message):
    assert refusal(text_file(SECTIONS), **options) == f"x.csv: {message}"


def test_a_header_of_two_lines_is_joined(text_file):
    path = text_file("Milk,,,,\nid,Zinc,,Iron,\n,mg/L,flag,mg/L,flag\n1,2,L,3,\n")
    source = read(path, ReadOptions(header_row=(2, 3), separator="_"))
    assert source.table.columns == ["id", "Zinc_mg/L", "Zinc_flag", "Iron_mg/L", "Iron_flag"]
    assert units_of(source) == {"Zinc_mg/L": "mg/L", "Iron_mg/L": "mg/L"}


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (
            [["id", "Zinc", "", "Iron"], ["", "mg/L", "flag", "mg/L"]],
            ["id", "Zinc mg/L", "Zinc flag", "Iron mg/L"],
        ),
        ([["A", "", "", "B"], ["x", "", "y", ""], ["1", "2", "3", "4"]], ["A x 1", "A x 2", "A y 3", "B 4"]),
        ([["Zinc", ""], ["Zinc", ""]], ["Zinc", ""]),
        ([["", "a"], ["b", ""]], ["b", "a"]),
    ],
)
def test_an_upper_cell_holds_for_the_blank_ones_right_of_it(rows, names):
    assert names_of(rows, separator=" ", spans=None) == names


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Retinol (umol/L)", "umol/L"),
        ("Zinc [mg/L]", "mg/L"),
        ("Weight, kg", "kg"),
        ("Diameter (\u00b5m)", "\u00b5m"),
        ("Diameter (\u03bcm)", "\u03bcm"),
        ("Total (x10^6) cells/mL", "x10^6 cells/mL"),
        ("Temperature [°C]", "°C"),
        ("Folate (nmol/L, HPLC)", "nmol/L"),
        ("Sex (1=male, 2=female)", ""),
        ("Name, first", ""),
        ("zinc_mg_l", ""),
        ("25(OH)D", ""),
        ("Zinc (mg/L) (umol/L)", ""),
        ("Fit Statistic: RSquared", ""),
    ],
)
def test_the_unit_of_a_header_is_kept_as_it_is_written(name, unit):
    assert unit_text(name) == unit


def test_a_unit_line_is_told_from_data(text_file):
    source = read(text_file("id,zinc,iron\n,mg/L,(ug/L)\n1,2,3\n"))
    assert source.table.rows() == [("1", "2", "3")]
    assert units_of(source) == {"zinc": "mg/L", "iron": "(ug/L)"}
    assert read(text_file("id,test,unit\n1,a,mg/L\n")).table.height == 1
    assert read(text_file("sex,unit,dose\nm,g,mg\nf,g,mg\n")).table.height == 2
    assert read(text_file("a,b\nm,s\nh,g\n")).table.height == 2


def test_a_declared_unit_line_is_one(text_file):
    path = text_file("id,zinc\nno.,mg per dl\n1,2\n")
    source = read(path, ReadOptions(unit_row=2))
    assert source.table.rows() == [("1", "2")]
    assert units_of(source) == {"id": "no.", "zinc": "mg per dl"}


def test_names_stand_for_a_header_whose_own_names_are_no_use(text_file):
    path = text_file("id,result,result\n1,2,3\n")
    assert refusal(path) == "x.csv: columns have the same name: 'result'. Rename one of them in the file."
    source = read(path, ReadOptions(header_row=1, names=("id", "zinc", "iron")))
    assert source.table.rows(named=True) == [{"id": "1", "zinc": "2", "iron": "3"}]


GRID = "Plate 1\nAbs,1,2,3\nA,0.1,,0.3\nB,0.4,OVER,0.6\n\nSample,1,2,3\nA,s1,,s3\nB,s4,s5,s6\n"


def test_plate_grids_of_a_text_file_become_a_list(text_file):
    source = read(
        text_file(GRID), ReadOptions(plate=Plate(2, 3, corner="Abs", beside=(("sample", "Sample"),)))
    )
    assert source.table.columns == ["plate", "well", "row", "column", "value", "sample"]
    assert source.table.rows()[1:5] == [
        ("Plate 1", "A2", "A", "2", None, None),
        ("Plate 1", "A3", "A", "3", "0.3", "s3"),
        ("Plate 1", "B1", "B", "1", "0.4", "s4"),
        ("Plate 1", "B2", "B", "2", "OVER", "s5"),
    ]
    assert source.reasons["value"].to_list() == [None, "empty", None, None, None, None]


@pytest.mark.parametrize(
    ("plate", "message"),
    [
        (
            Plate(2, 3, corner="OD"),
            "holds no plate grid with 'OD' in its corner. "
            "Write the corner as the cell left of 1 and above A reads, or `start`.",
        ),
        (
            Plate(2, 2, corner="Abs"),
            "the plate grid whose first well is in row 3, column 2 has more than 2 columns. Correct `columns`.",
        ),
        (
            Plate(2, 3, start=("C3",)),
            "the plate grid whose first well is in row 3, column 3 is smaller than 2 x 3. "
            "Check `rows`, `columns` and where it starts.",
        ),
        (
            Plate(1, 3, start=("B2",)),
            "the plate grid whose first well is in row 2, column 2 has no A to A left of it. "
            "Check `rows` and where it starts: `start` is the cell of the first well.",
        ),
        (Plate(2, 3, start=("3B",)), "'3B' is no cell. Write `start` like B11: the first well's cell."),
        (
            Plate(2, 3, start=("B3", "B7"), beside=(("sample", "Nothing"),)),
            "holds no plate grid with 'Nothing' in its corner. "
            "Write the corner as the cell left of 1 and above A reads, or `start`.",
        ),
    ],
)
def test_a_plate_that_is_not_where_it_is_said_to_be_is_refused(text_file, plate, message):
    assert refusal(text_file(GRID), plate=plate) == f"x.csv: {message}"
