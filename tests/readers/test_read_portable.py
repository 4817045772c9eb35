"""SPSS portable files: user-missing codes of every sort, texts in old encodings, and ends that are missing."""

from datetime import date

import pandas as pd
import pyreadstat
import pytest

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRST"


def number(value):
    """A whole number to the base of 30."""
    text, left = "", abs(value)
    while left or not text:
        text, left = DIGITS[left % 30] + text, left // 30
    return f"{'-' if value < 0 else ''}{text}/"


def string(text, codec="cp1252"):
    raw = text if isinstance(text, bytes) else text.encode(codec)
    return number(len(raw)).encode() + raw


def portable(variables, rows, *, labels=b"", ends=b"\r\n"):
    """A .por of `variables` (name, width, format, what follows) and encoded rows, in lines of 80."""
    out = b"ASCII SPSS PORT FILE".ljust(40) * 5 + bytes(range(256)).replace(b"\r", b"0").replace(b"\n", b"0")
    out += b"SPSSPORTA" + string("20200101") + string("120000") + b"1" + string("by hand")
    out += b"4" + number(len(variables)).encode() + b"5" + number(11).encode()
    for name, width, shown, more in variables:
        out += b"7" + number(width).encode() + string(name)
        out += "".join(number(part) for part in (*shown, *shown)).encode() + more
    out += labels + b"F" + b"".join(rows)
    out += b"Z" * (80 - len(out) % 80)
    return ends.join(out[at : at + 80] for at in range(0, len(out), 80)) + ends


F8 = (5, 8, 2)
HEAD = [
    ("AGE", 0, F8, b"8" + number(99).encode() + b"8" + number(-1).encode() + b"C" + string("Age, years")),
    ("KG", 0, F8, b"B" + number(900).encode() + number(999).encode()),
    ("LOW", 0, F8, b"9" + number(-9).encode()),
    ("HIGH", 0, F8, b"A" + number(90).encode()),
    ("SEX", 2, (1, 2, 0), b"8" + string("X")),
    ("DAY", 0, (20, 11, 0), b""),
]
LABELS = (
    b"D" + number(1).encode() + string("AGE") + number(1).encode() + number(99).encode() + string("refused")
)
DAY = number((date(2020, 2, 29) - date(1582, 10, 14)).days * 86_400).encode()
ROWS = [
    number(3).encode() + b"3.F/" + number(1).encode() + number(2).encode() + string("é") + DAY,
    number(99).encode()
    + number(950).encode()
    + number(-10).encode()
    + number(95).encode()
    + string("X")
    + b"*.",
    b"*." + b"1+2/" + b"A-1/" + b" 0/" + string("") + DAY,
]


@pytest.fixture
def por(tmp_path):
    def write(content):
        path = tmp_path / "x.por"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("ends", [b"\r\n", b"\n", b"\r"])
def test_codes_ranges_and_texts_are_missing_for_their_reason(por, ends):
    source = read(por(portable(HEAD, ROWS, labels=LABELS, ends=ends)))
    assert source.table.to_dict(as_series=False) == {
        "AGE": [3, None, None],
        "KG": [3.5, None, None],
        "LOW": [1, None, pytest.approx(10 / 30)],
        "HIGH": [2, None, 0],
        "SEX": ["é", None, None],
        "DAY": [date(2020, 2, 29), None, date(2020, 2, 29)],
    }
    assert source.codes.to_dict(as_series=False) == {
        "AGE": [None, "99", None],
        "KG": [None, "950", "900"],
        "LOW": [None, "-10", None],
        "HIGH": [None, "95", None],
        "SEX": [None, "X", None],
    }
    assert source.reasons["AGE"].to_list() == [None, "refused", "system"]
    assert source.variable("AGE").label == "Age, years"
    assert source.variable("AGE").missing_codes == {"99": "refused", "-1": ""}
    assert source.variable("KG").missing_ranges == ((900, 999),)
    assert source.variable("DAY").source_format == "DATE11"
    assert (source.origin.encoding, source.origin.encoding_basis) == ("cp1252", "assumed")


def test_spaces_that_a_mail_program_cut_from_the_lines_are_put_back(por):
    content = portable(HEAD, ROWS, labels=LABELS, ends=b"\n")
    cut = b"\n".join(line.rstrip(b" ") for line in content.split(b"\n"))
    assert cut != content
    assert read(por(cut)).table.equals(read(por(content)).table)


def test_a_file_cut_anywhere_behind_its_beginning_is_refused(por):
    content = portable(HEAD, ROWS, labels=LABELS)
    end = content.rindex(DAY) + len(DAY)
    for size in range(500, end, 7):
        with pytest.raises(SourceError, match=r"cut off|makes no sense|not an SPSS file"):
            read(por(content[:size]))


def test_more_cells_than_allowed_are_refused(por):
    with pytest.raises(SourceError) as error:
        read(por(portable(HEAD, ROWS)), ReadOptions(max_cells=10))
    assert str(error.value) == (
        "x.por: holds 2 rows x 6 columns, more than the 10 cells allowed. "
        "Check that it is the right file, or raise `max_cells`."
    )


def test_what_pyreadstat_writes_reads_back(tmp_path):
    path = tmp_path / "x.por"
    numbers = [1.5, -2.25, 1e-7, 123456789.123, 0.1, 2.0**60, None]
    texts = ["x", "Zoe", "", "a b ", "Z", "/", "007"]
    pyreadstat.write_por(pd.DataFrame({"A": numbers, "T": texts}), str(path), column_labels=["a", "t"])
    source = read(path)
    assert source.table["A"].to_list()[:-1] == pytest.approx(numbers[:-1], rel=1e-13)
    assert source.table["A"][-1] is None
    assert source.table["T"].to_list() == ["x", "Zoe", None, "a b", "Z", "/", "007"]
    assert source.variable("A").label == "a"
