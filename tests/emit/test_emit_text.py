"""CSV: one way of writing, and nothing that a spreadsheet would run in files for people."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.emit.text import guarded, write_csv, write_json


def written(frame, tmp_path, **how):
    write_csv(frame, tmp_path / "t.csv", **how)
    return (tmp_path / "t.csv").read_bytes().decode()


def test_csv_is_written_one_way(tmp_path):
    frame = pl.DataFrame(
        {
            "text": ["é", 'a "q", b', "two\nlines", "", None],
            "number": [55.0, 0.1, 1e300, -0.5, None],
            "yes": [True, False, None, None, None],
            "day": [date(2024, 2, 29), None, None, None, None],
            "count": [1, -2, None, None, None],
        }
    )
    assert written(frame, tmp_path) == (
        "text,number,yes,day,count\n"
        "é,55.0,true,2024-02-29,1\n"
        '"a ""q"", b",0.1,false,,-2\n'
        '"two\nlines",1e+300,,,\n'
        '"",-0.5,,,\n'
        ",,,,\n"
    )


def test_a_table_without_rows_keeps_its_header(tmp_path):
    assert written(pl.DataFrame(schema={"a": pl.String, "b": pl.Float64}), tmp_path) == "a,b\n"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+A1", "'+A1"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("-3.2", "-3.2"),
        ("+5", "+5"),
        ("-.5e-3", "-.5e-3"),
        ("-3.2\n=1", "'-3.2\n=1"),
        ("-", "'-"),
        ("<0.5", "<0.5"),
        ("a=1", "a=1"),
        ("", ""),
        (None, None),
    ],
)
def test_files_for_people_hold_no_formula_and_keep_numbers(cell, shown):
    assert guarded(pl.DataFrame({"value": [cell]}, schema={"value": pl.String}))["value"].to_list() == [shown]


def test_data_files_keep_the_value(tmp_path):
    frame = pl.DataFrame({"note": ["=1+1"]})
    assert written(frame, tmp_path) == "note\n=1+1\n"
    assert written(frame, tmp_path, for_people=True) == "note\n'=1+1\n"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_a_float_reads_back_the_same(tmp_path_factory, values):
    text = written(pl.DataFrame({"x": values}), tmp_path_factory.mktemp("csv"))
    assert [float(line) for line in text.splitlines()[1:]] == values


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1, max_size=8))
def test_no_text_for_people_begins_like_a_formula(texts):
    for cell in guarded(pl.DataFrame({"value": texts}))["value"]:
        if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}:
            assert float(cell) is not None


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError):
        write_json({"a": float("nan")}, tmp_path / "a.json")
    write_json({"b": "é", "a": [1]}, tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes().decode() == '{\n  "b": "é",\n  "a": [\n    1\n  ]\n}\n'
