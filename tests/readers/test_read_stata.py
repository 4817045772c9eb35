"""Stata: tagged missings keep their letter and label, dates are converted from raw numbers."""

from datetime import date, datetime

import pandas as pd
import polars as pl
import pyreadstat
import pytest

from milkqc.cells import source_reason, source_text
from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read


@pytest.fixture
def stata(tmp_path):
    """A .dta written by pyreadstat from columns and its keyword arguments."""

    def write(columns, **how):
        path = tmp_path / "x.dta"
        pyreadstat.write_dta(pd.DataFrame(columns), str(path), **how)
        return path

    return write


def test_a_refusal_is_null_with_its_letter_and_its_label(stata):
    path = stata(
        {"weight": [1, "a", "b", None, 5]},
        missing_user_values={"weight": ["a", "b"]},
        variable_value_labels={"weight": {"a": "refused"}},
        column_labels={"weight": "Weight (kg)"},
    )
    source = read(path)
    assert source.table["weight"].to_list() == [1, None, None, None, 5]
    assert source.codes["weight"].to_list() == [None, ".a", ".b", None, None]
    assert source.reasons["weight"].to_list() == [None, "refused", ".b", "system", None]
    assert source.variable("weight").label == "Weight (kg)"
    assert source.variable("weight").missing_codes == {".a": "refused"}
    assert source_text(source, "weight").to_list() == ["1", ".a", ".b", None, "5"]


def test_labels_are_kept_and_not_applied(stata):
    source = read(stata({"sex": [1, 2]}, variable_value_labels={"sex": {1: "male", 2: "female"}}))
    assert source.table["sex"].to_list() == [1, 2]
    assert source.variable("sex").value_labels == {"1": "male", "2": "female"}


def test_integral_columns_are_integers_and_others_are_not(stata):
    source = read(stata({"parity": [1.0, 2.0, None], "weight": [3.5, 4.0, None]}))
    assert source.table.schema == {"parity": pl.Int64, "weight": pl.Float64}
    assert source.table["weight"].null_count() == 1
    assert source_reason(source, "weight").to_list() == [None, None, "system"]


def test_an_impossible_date_is_one_cell_and_not_the_file(stata):
    path = stata({"seen": [21915.0, 9e9, None], "n": [1, 2, 3]}, variable_format={"seen": "%td"})
    source = read(path)
    assert source.table["seen"].to_list() == [date(2020, 1, 1), None, None]
    (fault,) = source.faults
    assert (fault.row, fault.column, fault.raw) == (2, "seen", "9000000000")
    assert fault.why == "not a date between 0100-01-01 and 9999-12-31 (days since 1960-01-01)"
    assert source_text(source, "seen").to_list() == ["2020-01-01", "9000000000", None]
    assert source_reason(source, "seen").to_list() == [None, "unreadable", "system"]


def test_a_clock_time_keeps_its_date(stata):
    moment = (datetime(2020, 1, 1, 9, 30) - datetime(1960, 1, 1)).total_seconds() * 1000
    source = read(stata({"at": [moment]}, variable_format={"at": "%tcHH:MM"}))
    assert source.table["at"].to_list() == [datetime(2020, 1, 1, 9, 30)]


@pytest.mark.parametrize("display", ["%tm", "%tq", "%ty", "%tw", "%tC"])
def test_a_month_a_quarter_and_a_leap_second_clock_stay_numbers(stata, display):
    source = read(stata({"when": [720, 721]}, variable_format={"when": display}))
    assert source.table["when"].to_list() == [720, 721]
    assert source.variable("when").source_format == display


def test_text_is_as_written_and_blank_is_missing(stata):
    source = read(stata({"name": [" Zoë ", "x  ", ""]}))
    assert source.table["name"].to_list() == [" Zoë ", "x  ", None]
    assert source.reasons["name"].to_list() == [None, None, "empty"]


def old_stata(path, text):
    """A format 114 file with one str8 variable in one row: its text is bytes in no declared encoding."""
    head = bytes([114, 2, 1, 0]) + (1).to_bytes(2, "little") + (1).to_bytes(4, "little")
    head += b"".ljust(81, b"\0") + b"01 Jan 2020 00:00".ljust(18, b"\0")
    body = bytes([8]) + b"village".ljust(33, b"\0") + bytes(4) + b"%8s".ljust(49, b"\0")
    body += b"".ljust(33, b"\0") + b"".ljust(81, b"\0") + bytes(5)
    path.write_bytes(head + body + text.ljust(8, b"\0"))
    return path


@pytest.mark.parametrize(
    ("raw", "encoding", "text"), [("Tromsø".encode(), "utf-8", "Tromsø"), (b"Troms\xf8", "cp1252", "Tromsø")]
)
def test_old_files_say_nothing_of_their_encoding_so_utf8_is_tried_first(tmp_path, raw, encoding, text):
    source = read(old_stata(tmp_path / "old.dta", raw))
    assert source.table["village"].to_list() == [text]
    assert (source.origin.encoding, source.origin.encoding_basis) == (encoding, "assumed")


def test_a_stated_encoding_is_used_and_recorded(tmp_path):
    path = old_stata(tmp_path / "old.dta", "Łódź".encode("cp1250"))
    source = read(path, ReadOptions(encoding="cp1250"))
    assert source.table["village"].to_list() == ["Łódź"]
    assert (source.origin.encoding, source.origin.encoding_basis) == ("cp1250", "option")


def test_text_in_no_encoding_asks_for_one(tmp_path):
    with pytest.raises(SourceError) as error:
        read(old_stata(tmp_path / "old.dta", b"\x81\x8d"))
    assert str(error.value) == "old.dta: its text is not utf-8 or cp1252 throughout. Say its true `encoding`."


def test_a_cut_file_is_refused(stata):
    path = stata({"n": [1, 2, 3]})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SourceError) as error:
        read(path, name="site_a/x.dta")
    assert str(error.value) == "site_a/x.dta: is cut off: its end mark is missing. Export or copy it again."


def test_text_by_the_name_of_dta_is_refused(tmp_path):
    path = tmp_path / "x.dta"
    path.write_text("id,weight\n1,2\n")
    with pytest.raises(SourceError) as error:
        read(path)
    assert str(error.value) == (
        "x.dta: is not a Stata file, whatever its name. Export it again, or say its `format:`."
    )
    assert read(path, ReadOptions(format="csv")).table.shape == (1, 2)


def test_more_cells_than_allowed_are_refused(stata):
    with pytest.raises(SourceError) as error:
        read(stata({"n": list(range(50)), "m": list(range(50))}), ReadOptions(max_cells=99))
    assert str(error.value) == (
        "x.dta: holds 50 rows x 2 columns, more than the 99 cells allowed. "
        "Check that it is the right file, or raise `max_cells`."
    )
