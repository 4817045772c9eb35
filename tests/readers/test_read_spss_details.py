"""SPSS: what the file says of a variable beside its values, and rows that a header hides."""

import struct

import pandas as pd
import pyreadstat
import pytest

from milkqc.errors import SourceError
from milkqc.readers import read
from milkqc.readers.pull import _sets

FORMS = [("x.sav", {}), ("x.sav", {"row_compress": True}), ("x.zsav", {"compress": True})]


@pytest.fixture
def spss(tmp_path):
    def write(columns, *, name="x.sav", **how):
        path = tmp_path / name
        pyreadstat.write_sav(pd.DataFrame(columns), str(path), **how)
        return path

    return write


def test_the_measure_is_kept(spss):
    path = spss({"a": [1.0], "b": [2.0]}, variable_measure={"a": "ordinal", "b": "nominal"})
    assert [dict(v.details) for v in read(path).variables] == [{"measure": "ordinal"}, {"measure": "nominal"}]


@pytest.mark.parametrize(("name", "how"), FORMS)
def test_numbers_and_texts_of_every_width_stand_in_their_own_rows(spss, name, how):
    columns = {
        "short": ["é", "", "x" * 8],
        "n": [1.5, None, -7.0],
        "long": ["ä" * 150, "b", ""],
        "m": [99.0, 1e300, 0.0],
        "longest": ["c" * 1000, "", "d" * 255],
        "o": [2.0, 3.0, None],
    }
    path = spss(
        columns, name=name, missing_ranges={"m": [99]}, variable_value_labels={"m": {99: "refused"}}, **how
    )
    source = read(path)
    assert source.table.to_dict(as_series=False) == {
        "short": ["é", None, "x" * 8],
        "n": [1.5, None, -7.0],
        "long": ["ä" * 150, "b", None],
        "m": [None, 1e300, 0.0],
        "longest": ["c" * 1000, None, "d" * 255],
        "o": [2, 3, None],
    }
    assert source.reasons["m"].to_list() == ["refused", None, None]


@pytest.mark.parametrize(("name", "how"), FORMS)
@pytest.mark.parametrize(
    ("said", "what"),
    [
        (99, r"holds more than the 99 rows that its header says"),
        (101, r"did not contain the expected number of rows"),
    ],
)
def test_a_header_that_tells_other_rows_than_there_are_is_no_excuse(spss, name, how, said, what):
    path = spss({"n": [float(n) for n in range(100)], "t": ["a"] * 100}, name=name, **how)
    content = bytearray(path.read_bytes())
    struct.pack_into("<i", content, 80, said)
    path.write_bytes(content)
    with pytest.raises(SourceError, match=what):
        read(path)


def test_a_header_that_tells_no_rows_is_read_and_said(spss):
    path = spss({"n": [float(n) for n in range(100)]})
    content = bytearray(path.read_bytes())
    struct.pack_into("<i", content, 80, -1)
    path.write_bytes(content)
    source = read(path)
    assert source.table.height == 100
    assert source.origin.notes == (
        "the file does not say how many rows it has: one that was cut may look whole",
    )


def with_sets(path, text):
    """The file with a record of multiple-response sets (7, subtype 7) before the end of its dictionary."""
    content = path.read_bytes()
    place = content.index(struct.pack("<2i", 999, 0))
    record = struct.pack("<4i", 7, 7, 1, len(text)) + text
    path.write_bytes(content[:place] + record + content[place:])
    return path


def test_multiple_response_sets_are_told_with_their_variables(spss):
    path = spss({"milk": [1.0, 0.0], "tea": [0.0, 1.0], "why": [3.0, 4.0], "n": [5.0, 6.0]})
    text = b"$drinks=D1 1 16 What was drunk? MILK TEA\n$why=C 0  WHY N\n"
    source = read(with_sets(path, text))
    assert {v.name: v.details.get("set") for v in source.variables} == {
        "milk": "drinks (What was drunk?): one of several boxes, ticked is 1",
        "tea": "drinks (What was drunk?): one of several boxes, ticked is 1",
        "why": "why: one of several answers",
        "n": "why: one of several answers",
    }
    assert source.table["milk"].to_list() == [1, 0]


def test_a_file_without_sets_has_none():
    assert _sets({}) == {}
