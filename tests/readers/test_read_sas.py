"""SAS transport: tags that pyreadstat leaves behind, dates since 1960, and cut files."""

from datetime import date, datetime

import pandas as pd
import pyreadstat
import pytest

from milkqc.errors import SourceError
from milkqc.readers import read


@pytest.fixture
def sas(tmp_path):
    def write(columns, **how):
        path = tmp_path / "x.xpt"
        pyreadstat.write_xport(pd.DataFrame(columns), str(path), **how)
        return path

    return write


@pytest.mark.parametrize("version", [5, 8])
def test_dates_count_from_1960(sas, version):
    path = sas(
        {"d": [21914.0, None], "at": [1_000_000_000.5, None]},
        variable_format={"d": "DATE9", "at": "DATETIME20"},
        column_labels={"d": "Day"},
        file_format_version=version,
    )
    source = read(path)
    assert source.table["d"].to_list() == [date(2019, 12, 31), None]
    assert source.table["at"].to_list() == [datetime(1991, 9, 9, 1, 46, 40, 500_000), None]
    assert source.variable("d").label == "Day"
    assert source.reasons["d"].to_list() == [None, "system"]


@pytest.mark.parametrize("version", [5, 8])
def test_a_tagged_missing_keeps_its_letter(sas, version):
    path = sas({"id": ["a", "b", "c"], "w": [1.5, None, None]}, file_format_version=version)
    content = bytearray(path.read_bytes())
    place = content.rfind(b".\0\0\0\0\0\0\0")
    content[place] = ord("R")
    path.write_bytes(content)
    source = read(path)
    assert source.table["w"].to_list() == [1.5, None, None]
    assert source.codes["w"].to_list() == [None, None, ".r"]
    assert source.reasons["w"].to_list() == [None, "system", ".r"]


def test_padding_is_not_text(sas):
    source = read(sas({"t": ["Zoë", "longer text", ""]}))
    assert source.table["t"].to_list() == ["Zoë", "longer text", None]


def test_a_file_that_lost_its_end_is_refused(sas):
    path = sas({"n": list(range(100))})
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(SourceError) as error:
        read(path)
    size = path.stat().st_size
    assert str(error.value) == (
        f"x.xpt: is cut off: {size:,} bytes are no multiple of 80. Export or copy it again, in binary mode."
    )


def test_two_data_sets_in_one_file_are_refused_rather_than_one_of_them_lost(sas):
    path = sas({"n": [1, 2]})
    content = path.read_bytes()
    path.write_bytes(content + content[240:])
    with pytest.raises(SourceError) as error:
        read(path)
    assert str(error.value) == "x.xpt: holds 2 data sets. Write each to a file of its own."


def test_a_cport_file_is_named_for_what_it_is(tmp_path):
    path = tmp_path / "x.xpt"
    path.write_bytes(b"**COMPRESSED** **COMPRESSED**".ljust(160))
    with pytest.raises(SourceError) as error:
        read(path)
    assert str(error.value) == "x.xpt: was written by PROC CPORT. Write it with LIBNAME ... XPORT instead."
