"""SAS data sets: real files, and real files changed in single bytes, because nothing here can write one."""

import shutil
import struct
from datetime import date, datetime

import pytest

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read
from milkqc.readers.sas_dates import clock

CHARSET, PAGE = 70, 65536


@pytest.fixture
def sas(shared):
    def find(pattern):
        (path,) = (shared / "fixtures" / "sas").glob(pattern)
        return path

    return find


@pytest.fixture
def changed(sas, tmp_path):
    """The iris data set, its bytes changed by a function."""

    def write(change):
        content = bytearray(sas("*charset_wvie*").read_bytes())
        change(content)
        path = tmp_path / "x.sas7bdat"
        path.write_bytes(content)
        return path

    return write


def refusal(path, **options):
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(**options))
    return str(error.value)


def test_a_catalogue_found_by_its_name_gives_labels_and_leaves_values_alone(sas):
    source = read(sas("*tagged-na.sas7bdat"))
    assert source.table["x"].to_list() == [1, 2, 3, 4, 5, None, None, None]
    assert source.codes["x"].to_list()[5:] == [".a", ".h", ".z"]
    assert source.reasons["x"].to_list()[5:] == ["Apple", ".h", "Zebra"]
    x = source.variable("x")
    assert (x.value_labels, x.missing_codes) == ({".a": "Apple", ".z": "Zebra"},) * 2
    assert (x.source_format, x.details) == ("XFMT", {"label_set": "XFMT"})
    assert source.origin.notes[0].startswith(
        "value labels from haven__tests__testthat__sas__tagged-na.sas7bcat (sha256 deecd6c4"
    )


def test_a_catalogue_is_named_or_found_or_not_there(sas, tmp_path):
    data, catalog = tmp_path / "visits.sas7bdat", tmp_path / "elsewhere.sas7bcat"
    shutil.copy(sas("*tagged-na.sas7bdat"), data)
    shutil.copy(sas("*tagged-na.sas7bcat"), catalog)
    bare = read(data)
    assert bare.variable("x").value_labels == {}
    assert bare.reasons["x"].to_list()[5:] == [".a", ".h", ".z"]
    labelled = read(data, ReadOptions(catalog=catalog)).variable("x").value_labels
    assert labelled == {".a": "Apple", ".z": "Zebra"}
    catalog.rename(tmp_path / "formats.sas7bcat")
    assert read(data).variable("x").value_labels == labelled


def test_a_catalogue_that_cannot_be_read_is_said_or_refused(sas, tmp_path):
    data, catalog = tmp_path / "visits.sas7bdat", tmp_path / "visits.sas7bcat"
    shutil.copy(sas("*tagged-na.sas7bdat"), data)
    catalog.write_text("not a catalogue")
    assert read(data).origin.notes == (
        "the catalogue visits.sas7bcat beside it cannot be read, so there are no labels: "
        "is not a catalogue of SAS formats.",
    )
    assert refusal(data, catalog=catalog) == (
        "visits.sas7bcat: is not a catalogue of SAS formats. Name a .sas7bcat."
    )
    assert refusal(sas("*tagged-na.sas7bcat"), format="sas").endswith(
        "is a catalogue of SAS formats, not data. Name it by `catalog:` beside the .sas7bdat."
    )


@pytest.mark.parametrize(("pattern", "codec"), [("*wvie*", "cp1258"), ("*hebr*", "iso8859-8")])
def test_no_letter_moves_in_vietnamese_or_hebrew(sas, pattern, codec):
    source = read(sas(pattern))
    assert source.table.columns == ["SepalLength", "SepalWidth", "PetalLength", "PetalWidth", "Species"]
    assert source.table["Species"].unique().sort().to_list() == [
        "Iris-setosa",
        "Iris-versicolor",
        "Iris-virginica",
    ]
    assert source.variable("PetalWidth").label == "Petal Width in cm."
    assert (source.origin.encoding, source.origin.encoding_basis) == (codec, "declared")
    assert source.table.row(0) == (5.1, 3.5, 1.4, 0.2, "Iris-setosa")


@pytest.mark.parametrize("number", [55, 69, 70, 72, 75, 76, 128, 137, 163, 245, 247])
def test_a_code_page_that_readstat_refuses_is_read_all_the_same(changed, number):
    source = read(changed(lambda raw: raw.__setitem__(CHARSET, number)))
    assert source.table["Species"][0] == "Iris-setosa"
    assert source.origin.encoding_basis == "declared"
    assert source.origin.notes == (
        f"pyreadstat refuses its encoding (SAS's number {number}), so it was told another and the text "
        "decoded by milkqc",
    )


@pytest.mark.parametrize("number", [71, 73, 119, 200])
def test_a_code_page_unknown_to_python_is_read_as_long_as_it_is_ascii(changed, number):
    source = read(changed(lambda raw: raw.__setitem__(CHARSET, number)))
    assert source.table["Species"][0] == "Iris-setosa"
    assert "milkqc does not know; all of it is ASCII" in source.origin.notes[0]

    def foreign(raw):
        raw[CHARSET] = number
        raw[:] = raw.replace(b"Iris-setosa", b"Iris-setos\xe1")

    assert refusal(changed(foreign)) == (
        "x.sas7bdat: its text is not ascii throughout. Say its true `encoding`."
    )
    given = read(changed(foreign), ReadOptions(encoding="cp1252"))
    assert given.table["Species"][0] == "Iris-setosá"


@pytest.mark.parametrize(
    ("number", "raw", "text"),
    [
        (61, "Ирис-------".encode("cp1251"), "Ирис-------"),
        (134, "日本語12345".encode("euc_jp"), "日本語12345"),
        (20, "Íris-setos".encode(), "Íris-setos"),
        (69, "Íris-setosa".encode("mac-roman"), "Íris-setosa"),
        (0, "Íris-setosa".encode("cp1252"), "Íris-setosa"),
    ],
)
def test_text_is_decoded_by_the_code_page_of_the_header(changed, number, raw, text):
    def change(content):
        content[CHARSET] = number
        content[:] = content.replace(b"Iris-setosa", raw)

    assert read(changed(change)).table["Species"][0] == text


def test_rows_that_sas_deleted_stay_deleted(changed):
    def delete_first_and_third(raw):
        kind, blocks, subheaders = struct.unpack_from("<3H", raw, PAGE + 16)
        (pointer,) = struct.unpack_from("<I", raw, PAGE + 12)
        struct.pack_into("<H", raw, PAGE + 16, kind | 0x80)
        # One bit for each row, behind the rows of the page.
        raw[PAGE + 24 + subheaders * 12 + (blocks - subheaders) * 48 + pointer] = 0b10100000
        counts = raw.find(struct.pack("<II", 48, 150), PAGE)
        struct.pack_into("<I", raw, counts + 8, 2)

    whole, path = read(changed(lambda raw: None)), changed(delete_first_and_third)
    source = read(path)
    assert source.table.height == 148
    assert source.table.equals(whole.table.with_row_index().filter(~pl_in([0, 2])).drop("index"))


def pl_in(rows):
    import polars as pl

    return pl.col("index").is_in(rows)


def test_a_cut_file_is_refused_and_an_added_one_said(changed, sas):
    size = sas("*wvie*").stat().st_size
    assert refusal(changed(lambda raw: raw.__delitem__(slice(-1, None)))) == (
        f"x.sas7bdat: is cut off: {size - 1:,} bytes where its header says {size:,}. "
        "Export or copy it again, in binary mode."
    )
    assert read(changed(lambda raw: raw.extend(bytes(7)))).origin.notes == (
        "7 bytes after the end of the data were left out",
    )


def test_seconds_since_1960_from_the_first_to_the_last_year(sas):
    source = read(sas("*date_format_datetime*"))
    assert source.table.shape == (97, 73)
    for name in source.table.columns:
        assert source.table[name].to_list()[:7] == [
            datetime(2013, 3, 17, 19, 53, 1, 321000),
            None,
            datetime(1582, 1, 1, 0, 0, 0, 1000),
            datetime(1582, 12, 31, 23, 59, 59, 999000),
            datetime(1959, 12, 31, 23, 59, 59, 999000),
            datetime(1960, 1, 1, 0, 0, 0, 1000),
            datetime(1969, 12, 31, 23, 59, 59, 999000),
        ]


@pytest.mark.parametrize(
    ("display", "per_day"),
    [
        ("DATE9.", 1), ("DATE", 1), ("MMDDYY10", 1), ("YYMMDDN8", 1), ("DDMMYYP", 1), ("WEEKDATX29", 1), ("MONYY7", 1),
        ("YYQ6", 1), ("YYMMD7", 1), ("E8601DA10", 1), ("IS8601DA", 1), ("NLDATEL", 1), ("EURDFDD8", 1), ("DEUDFWDX", 1),
        ("JULIAN5", 1), ("WORDDATE", 1), ("QTRR", 1), ("YEAR4", 1),
        ("DATETIME22.3", 86_400), ("E8601DT19", 86_400), ("B8601DN8", 86_400), ("DTMONYY", 86_400), ("NLDATMW", 86_400),
        ("MDYAMPM", 86_400), ("IS8601DT", 86_400),
        ("BEST12", None), ("", None), ("TIME8", None), ("HHMM", None), ("TOD", None), ("DATED", None), ("F8.2", None),
        ("SEXFMT", None), ("YESNO", None), ("COMMA10.2", None), ("$CHAR10", None), ("DOLLAR", None), ("E8601TM", None),
    ],
)  # fmt: skip
def test_which_formats_are_dates(display, per_day):
    found = clock(display)
    assert (found and found.per_day) == per_day
    assert found is None or found.epoch == date(1960, 1, 1)
