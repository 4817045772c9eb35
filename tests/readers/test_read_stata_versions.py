"""Every Stata format since release 4, in both byte orders, against files packed here byte by byte."""

import struct
from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read

OLD = (104, 105, 108, 110, 111, 112, 113, 114, 115)
CODES = {"b": 251, "h": 252, "i": 253, "f": 254, "d": 255}
LETTERS = {"b": b"b", "h": b"i", "i": b"l", "f": b"f", "d": b"d"}


def padded(text, width):
    return (text if isinstance(text, bytes) else text.encode()).ljust(width, b"\0")


def old_stata(version, order, columns, *, labels=None, notes=(), rows=None, label="A study"):
    """A .dta up to 115: `columns` of (name, struct code or width of a text, format, label set, cells)."""
    short = version < 110
    name = 9 if short else 33
    count = len(columns[0][4]) if rows is None else rows
    out = bytes([version, 1 if order == ">" else 2, 1, 0]) + struct.pack(f"{order}hi", len(columns), count)
    out += padded(label, 32 if version < 108 else 81) + (
        padded("01 Jan 1999 10:00", 18) if version > 104 else b""
    )
    for _, kind, *_ in columns:
        if version < 111:
            out += bytes([0x7F + kind]) if isinstance(kind, int) else LETTERS[kind]
        else:
            out += bytes([kind if isinstance(kind, int) else CODES[kind]])
    out += b"".join(padded(column[0], name) for column in columns) + bytes(2 * (len(columns) + 1))
    out += b"".join(padded(c[2], 7 if version < 105 else 12 if version < 114 else 49) for c in columns)
    out += b"".join(padded(column[3], name) for column in columns)
    out += b"".join(padded(f"label of {c[0]}", 32 if version < 108 else 81) for c in columns)
    size = "h" if short else "i"
    for owner, called, text in notes:
        body = padded(owner, name) + padded(called, name) + text.encode() + b"\0"
        out += struct.pack(f"{order}b{size}", 1, len(body)) + body
    if version > 104:
        out += struct.pack(f"{order}b{size}", 0, 0)
    for row in range(len(columns[0][4])):
        for _, kind, _, _, cells in columns:
            out += (
                padded(cells[row], kind) if isinstance(kind, int) else struct.pack(order + kind, cells[row])
            )
    for called, pairs in (labels or {}).items():
        if version < 108:
            out += struct.pack(f"{order}h", len(pairs)) + padded(called, 9) + b"\0"
            out += struct.pack(f"{order}{len(pairs)}h", *pairs) + b"".join(
                padded(t, 8) for t in pairs.values()
            )
            continue
        texts = b"".join(text.encode() + b"\0" for text in pairs.values())
        places = np.cumsum([0, *(len(text.encode()) + 1 for text in pairs.values())])[:-1]
        body = struct.pack(f"{order}2i", len(pairs), len(texts))
        body += (
            struct.pack(f"{order}{len(pairs)}i", *places)
            + struct.pack(f"{order}{len(pairs)}i", *pairs)
            + texts
        )
        out += struct.pack(f"{order}i", len(body)) + padded(called, name) + bytes(3) + body
    return out


@pytest.fixture
def dta(tmp_path):
    def write(content):
        path = tmp_path / "x.dta"
        path.write_bytes(content)
        return path

    return write


def refusal(path, **options):
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(**options))
    return str(error.value)


def missing_double(letters):
    return struct.unpack("<d", struct.pack("<Q", (0x7FE0 << 48) + (letters << 40)))[0]


def missing_float(letters):
    return struct.unpack("<f", struct.pack("<I", 0x7F000000 + letters * 0x800))[0]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("version", OLD)
def test_an_old_file_of_every_type(dta, version, order):
    new = version >= 113
    columns = [
        ("id", 5, "%5s", "", ["007", "b\0xx", ""]),
        ("sex", "b", "%8.0g", "sexes", [1, -2, 101 if new else 127]),
        ("age", "h", "%8.0g", "", [300, -300, 32741 if new else 32767]),
        ("big", "i", "%12.0g", "", [2_000_000, -5, 2147483621 if new else 2147483647]),
        ("kg", "f", "%9.0g", "", [999.9, -1.5, missing_float(0)]),
        ("day", "d", "%d", "", [21915.0, -1.0, 2.0**333 if version <= 105 else missing_double(0)]),
    ]
    path = dta(old_stata(version, order, columns, labels={"sexes": {1: "male", 2: "female"}}))
    source = read(path)
    assert source.table.to_dict(as_series=False) == {
        "id": ["007", "b", None],
        "sex": [1, -2, None],
        "age": [300, -300, None],
        "big": [2_000_000, -5, None],
        "kg": [pytest.approx(999.9, rel=1e-6), -1.5, None],
        "day": [date(2020, 1, 1), date(1959, 12, 31), None],
    }
    assert source.reasons.row(2) == ("empty", *["system"] * 5)
    assert source.codes.width == 0
    assert source.variable("sex").value_labels == {"1": "male", "2": "female"}
    assert source.variable("sex").label == "label of sex"
    assert source.variable("sex").details == {"label_set": "sexes"}
    assert source.origin.notes == ("file label: A study", f"Stata format {version}")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("version", [113, 114, 115])
def test_each_letter_in_each_type_of_number(dta, version, order):
    columns = [
        ("b", "b", "%8.0g", "why", [101 + n for n in range(27)]),
        ("h", "h", "%8.0g", "", [32741 + n for n in range(27)]),
        ("i", "i", "%8.0g", "", [2147483621 + n for n in range(27)]),
        ("f", "f", "%8.0g", "", [missing_float(n) for n in range(27)]),
        ("d", "d", "%8.0g", "", [missing_double(n) for n in range(27)]),
    ]
    labels = {"why": {2147483622: "refused", 2147483647: "not asked"}}
    source = read(dta(old_stata(version, order, columns, labels=labels)))
    letters = [f".{chr(97 + n)}" for n in range(26)]
    for name in source.table.columns:
        assert source.table[name].null_count() == 27
        assert source.codes[name].to_list() == [None, *letters]
    assert source.reasons["b"].to_list() == ["system", "refused", *letters[1:25], "not asked"]
    assert source.variable("b").missing_codes == {".a": "refused", ".z": "not asked"}


@pytest.mark.parametrize("version", [104, 110, 112])
def test_before_stata_8_a_number_just_below_the_greatest_is_a_number(dta, version):
    source = read(dta(old_stata(version, "<", [("n", "b", "%8.0g", "", [101, 126, 127])])))
    assert source.table["n"].to_list() == [101, 126, None]


@pytest.mark.parametrize("version", [105, 110, 115])
def test_notes_and_characteristics_come_with_the_variable(dta, version):
    notes = [
        ("_dta", "note0", "1"),
        ("_dta", "note1", "double entered"),
        ("kg", "note2", "second"),
        ("kg", "note1", "first"),
        ("kg", "scale", "Seca"),
    ]
    source = read(dta(old_stata(version, "<", [("kg", "d", "%9.0g", "", [1.0])], notes=notes)))
    assert source.variable("kg").details == {"note": "first\nsecond", "characteristics": "scale: Seca"}
    assert "note in the file: double entered" in source.origin.notes


@pytest.mark.parametrize("version", OLD)
def test_a_file_cut_anywhere_is_refused(dta, version):
    whole = old_stata(
        version, "<", [("n", "b", "%8.0g", "l", [1, 2])], labels={"l": {1: "one"}}, notes=[("n", "note1", "x")]
        if version > 104 else (),
    )  # fmt: skip
    assert read(dta(whole)).table.height == 2
    read_whole = []
    for size in range(70, len(whole)):
        try:
            source = read(dta(whole[:size]))
        except SourceError:
            continue
        read_whole.append((size, source.table.height, source.variables[0].value_labels))
    # Where the labels would begin, a file without any ends in the same way.
    assert [rows for _, rows, _ in read_whole] in ([], [2])


def test_more_rows_than_the_file_holds_are_refused(dta):
    content = old_stata(114, "<", [("n", "b", "%8.0g", "", [1, 2])], rows=5)
    assert refusal(dta(content)) == "x.dta: is cut off: its end is missing. Export or copy it again."


def test_fewer_rows_than_the_file_holds_are_refused(dta):
    content = old_stata(114, "<", [("n", "b", "%8.0g", "", [1, 2, 3, 4])], rows=2)
    assert refusal(dta(content)).startswith("x.dta: is cut off")


def test_zeros_behind_the_end_are_left_out_and_counted(dta):
    content = old_stata(114, "<", [("n", "b", "%8.0g", "", [1, 2])])
    source = read(dta(content + bytes(10)))
    assert source.table["n"].to_list() == [1, 2]
    assert source.origin.notes[-1] == "10 bytes after the end of the data were left out"


@pytest.mark.parametrize("version", [102, 103, 106])
def test_a_version_that_nobody_describes_is_named(dta, version):
    content = bytes([version, 2, 1, 0]) + bytes(200)
    assert refusal(dta(content)) == (
        f"x.dta: is written in Stata format {version}, which milkqc does not know. "
        "Save it by Stata's `saveold`, or as another format."
    )


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("version", [114, 117, 118, 119])
def test_what_pandas_writes_reads_back(tmp_path, version, byteorder):
    text = "é" * 300 if version >= 117 else "é" * 100
    frame = pd.DataFrame(
        {
            "name": ["Zoë", "", text],
            "n": np.array([1, -2, 3], dtype=np.int16),
            "w": [1.5, np.nan, -2.25],
            "at": pd.to_datetime(["2020-01-01 09:30:00", None, "1900-02-28 23:59:59"]),
        }
    )
    path = tmp_path / "x.dta"
    frame.to_stata(
        path, version=version, byteorder=byteorder, write_index=False,
        convert_dates={"at": "tc"}, convert_strl=["name"] if version >= 117 else None,
        variable_labels={"w": "Weight"}, value_labels={"n": {1: "one", 3: "three"}},
    )  # fmt: skip
    source = read(path)
    assert source.table.to_dict(as_series=False) == {
        "name": ["Zoë", None, text],
        "n": [1, -2, 3],
        "w": [1.5, None, -2.25],
        "at": [datetime(2020, 1, 1, 9, 30), None, datetime(1900, 2, 28, 23, 59, 59)],
    }
    assert source.variable("n").value_labels == {"1": "one", "3": "three"}
    assert source.variable("w").label == "Weight"
    assert source.origin.encoding_basis == ("declared" if version >= 118 else "assumed")


def test_a_cut_letter_is_left_out_only_where_the_rest_is_surely_utf8(dta):
    words = ["Tromsø".encode(), "Málaga".encode(), "Düsseldorf".encode()[:2]]
    source = read(dta(old_stata(114, "<", [("t", 8, "%8s", "", words)])))
    assert source.table["t"].to_list() == ["Tromsø", "Málaga", "D"]
    assert source.origin.notes[-1] == (
        "1 texts end in the middle of a letter, where their column was full; that piece of a letter was left out"
    )
    latin = read(dta(old_stata(114, "<", [("t", 8, "%8s", "", ["Café".encode("cp1252")])])))
    assert latin.table["t"].to_list() == ["Café"]
    assert latin.origin.encoding == "cp1252"


@pytest.mark.parametrize(
    ("display", "number", "expected"),
    [
        ("%td", 21915.0, date(2020, 1, 1)),
        ("%tdD_m_Y", 21915.0, date(2020, 1, 1)),
        ("%-td", 21915.0, date(2020, 1, 1)),
        ("%d", 0.0, date(1960, 1, 1)),
        ("%dD_m_Y", 0.0, date(1960, 1, 1)),
        ("%tc", 1_893_490_200_000.0, datetime(2020, 1, 1, 9, 30)),
        ("%tcHH:MM", 1_893_490_200_000.0, datetime(2020, 1, 1, 9, 30)),
        ("%tcDDmonCCYY_HH:MM:SS", -1000.0, datetime(1959, 12, 31, 23, 59, 59)),
        ("%tC", 1_893_490_227_000.0, 1_893_490_227_000),
        ("%tm", 720.0, 720),
        ("%tq", 240.0, 240),
        ("%th", 120.0, 120),
        ("%tw", 3120.0, 3120),
        ("%ty", 2020.0, 2020),
        ("%tbcal", 100.0, 100),
        ("%9.0g", 100.0, 100),
    ],
)
def test_what_each_format_counts(dta, display, number, expected):
    source = read(dta(old_stata(115, "<", [("when", "d", display, "", [number])])))
    assert source.table["when"].to_list() == [expected]
    assert source.variable("when").source_format == display


def test_a_file_without_rows_has_its_columns(dta):
    source = read(dta(old_stata(115, "<", [("t", 3, "%3s", "", []), ("n", "d", "%9.0g", "", [])])))
    assert source.table.schema == {"t": pl.String, "n": pl.Float64}
    assert source.table.height == 0
