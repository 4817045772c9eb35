"""SPSS: user-missing codes and ranges are reasons, never numbers."""

import struct
from datetime import date, datetime, timedelta

import pandas as pd
import pyreadstat
import pytest

from milkqc.cells import source_text
from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read

EPOCH = datetime(1582, 10, 14)


def seconds(moment):
    return (moment - EPOCH) / timedelta(seconds=1)


@pytest.fixture
def spss(tmp_path):
    def write(columns, *, name="x.sav", **how):
        path = tmp_path / name
        pyreadstat.write_sav(pd.DataFrame(columns), str(path), **how)
        return path

    return write


@pytest.mark.parametrize("form", [{"name": "x.sav"}, {"name": "x.zsav", "compress": True}])
def test_99_is_a_refusal_and_not_a_weight(spss, form):
    path = spss(
        {"weight": [3.5, 99, -7, None], "parity": [1, 8, 2, 9]},
        missing_ranges={"weight": [99, {"lo": -9, "hi": -5}], "parity": [{"lo": 8, "hi": 9}]},
        variable_value_labels={"weight": {99: "refused", -7: "scale broken"}},
        **form,
    )
    source = read(path)
    assert source.table["weight"].to_list() == [3.5, None, None, None]
    assert source.codes["weight"].to_list() == [None, "99", "-7", None]
    assert source.reasons["weight"].to_list() == [None, "refused", "scale broken", "system"]
    assert source.table["parity"].to_list() == [1, None, 2, None]
    assert source.reasons["parity"].to_list() == [None, "8", None, "9"]
    weight = source.variable("weight")
    assert weight.missing_codes == {"99": "refused"}
    assert weight.missing_ranges == ((-9, -5),)
    assert source_text(source, "weight").to_list() == ["3.5", "99", "-7", None]


def test_a_text_can_be_a_missing_code_too(spss):
    source = read(spss({"sex": ["M", "Z", ""]}, missing_ranges={"sex": ["Z"]}))
    assert source.table["sex"].to_list() == ["M", None, None]
    assert source.codes["sex"].to_list() == [None, "Z", None]
    assert source.reasons["sex"].to_list() == [None, "Z", "empty"]


def test_seconds_since_1582_are_dates(spss):
    source = read(
        spss(
            {
                "born": [seconds(datetime(2020, 2, 29)), None],
                "at": [seconds(datetime(2020, 2, 29, 8, 30, 0, 250_000)), 0],
            },
            variable_format={"born": "EDATE10", "at": "DATETIME23.2"},
        )
    )
    assert source.table["born"].to_list() == [date(2020, 2, 29), None]
    assert source.table["at"].to_list() == [datetime(2020, 2, 29, 8, 30, 0, 250_000), EPOCH]


def test_a_time_of_day_behind_a_date_format_is_not_cut_off(spss):
    source = read(spss({"d": [seconds(datetime(2020, 1, 1, 12))]}, variable_format={"d": "DATE11"}))
    assert source.table["d"].to_list() == [datetime(2020, 1, 1, 12)]


def test_an_impossible_date_is_one_cell_and_not_the_file(spss):
    source = read(
        spss({"d": [6306150067200.0, seconds(datetime(2020, 1, 1))]}, variable_format={"d": "DATE11"})
    )
    assert source.table["d"].to_list() == [None, date(2020, 1, 1)]
    assert [(f.row, f.raw) for f in source.faults] == [(1, "6306150067200")]


def test_a_length_of_time_stays_a_number(spss):
    source = read(spss({"t": [36610.0]}, variable_format={"t": "TIME8"}))
    assert source.table["t"].to_list() == [36610]
    assert source.variable("t").source_format == "TIME8"


def recoded(path, codec, old, new):
    """The file with another declared encoding and other bytes of the same length in place of a text."""
    content = path.read_bytes().replace(old, new)
    declared = struct.pack("<4i", 7, 20, 1, 5) + b"UTF-8"
    name = codec.encode()
    assert declared in content
    path.write_bytes(content.replace(declared, struct.pack("<4i", 7, 20, 1, len(name)) + name))
    return path


@pytest.mark.parametrize(
    ("codec", "text"),
    [("windows-1255", "שלום עול"), ("windows-1258", "ngườiđẹp"[:8]), ("windows-1252", "Café olé")],
)
def test_no_letter_moves_or_gets_lost_in_a_declared_code_page(spss, codec, text):
    import unicodedata

    python = codec.replace("windows-", "cp")
    # Code page 1258 writes Vietnamese tones as combining marks of their own.
    text = unicodedata.normalize("NFD", text) if codec == "windows-1258" else text
    raw = text.encode(python, "ignore")[:8].ljust(8, b"x")
    source = read(recoded(spss({"region": ["ABCDEFGH"]}, row_compress=False), codec, b"ABCDEFGH", raw))
    assert source.table.columns == ["region"]
    assert source.table["region"].to_list() == [raw.decode(python)]
    assert (source.origin.encoding, source.origin.encoding_basis) == (python, "declared")


def test_a_wrongly_declared_encoding_can_be_overruled(spss):
    path = spss({"t": ["ABCDEFGH"]}, row_compress=False)
    path.write_bytes(path.read_bytes().replace(b"ABCDEFGH", b"Caf\xe9 oui"))
    with pytest.raises(SourceError, match="Say its true `encoding`"):
        read(path)
    assert read(path, ReadOptions(encoding="latin-1")).table["t"].to_list() == ["Café oui"]


def test_an_encrypted_file_says_so(tmp_path):
    path = tmp_path / "x.sav"
    path.write_bytes(b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV\x15\0" + bytes(100))
    with pytest.raises(SourceError) as error:
        read(path)
    assert str(error.value) == (
        "x.sav: is encrypted with a password. Open it in SPSS and save it without one."
    )


def test_a_cut_file_is_refused(spss):
    path = spss({"n": list(range(100))})
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(SourceError) as error:
        read(path)
    assert str(error.value) == (
        "x.sav: is damaged or not what its name says "
        "(File did not contain the expected number of rows). Export or copy it again."
    )
