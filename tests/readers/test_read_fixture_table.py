"""What every Stata, SPSS and SAS file of the fixtures must give; SOURCES.csv there says where each is from."""

import pytest

from milkqc.readers import read

# File; rows, columns; encoding and on what grounds; value labels; cells missing by code, cells missing at all;
# columns of dates; faults.
FILES = [
    ("growth/cpp.dta", 1912, 37, "utf-8", "declared", 2, 0, 9510, 0, 0),
    ("growth/cpp.sav", 1912, 37, "utf-8", "declared", 2, 0, 9510, 0, 0),
    ("growth/cpp.xpt", 1912, 20, "utf-8", "assumed", 0, 0, 4366, 0, 0),
    ("sas/tagged-na.sas7bdat", 8, 1, "cp1252", "declared", 2, 3, 3, 0, 0),
    ("sas/DEMO_G.xpt", 9756, 48, "utf-8", "assumed", 0, 0, 86540, 0, 0),
    ("sas/date_format_datetime.sas7bdat", 97, 73, "iso8859-1", "declared", 0, 0, 219, 73, 0),
    ("sas/charset_hebr.sas7bdat", 150, 5, "iso8859-8", "declared", 0, 0, 0, 0, 0),
    ("sas/charset_wvie.sas7bdat", 150, 5, "cp1258", "declared", 0, 0, 0, 0, 0),
    ("spss/datetime.sav", 2, 3, "cp1252", "declared", 0, 0, 0, 2, 1),
    ("spss/labelled-num-na.sav", 2, 1, "utf-8", "declared", 1, 1, 1, 0, 0),
    ("spss/labelled-str.sav", 2, 1, "utf-8", "declared", 2, 0, 0, 0, 0),
    ("spss/umlauts.sav", 4, 1, "utf-8", "declared", 3, 0, 0, 0, 0),
    ("spss/hebrews.sav", 99, 1, "utf-8", "declared", 0, 0, 0, 0, 0),
    ("spss/sample.por", 5, 7, "utf-8", "assumed", 5, 0, 3, 2, 0),
    ("spss/sample.sav", 5, 7, "cp1252", "declared", 5, 0, 3, 2, 0),
    ("spss/sample.zsav", 5, 7, "cp1252", "declared", 5, 0, 3, 2, 0),
    ("spss/sample_missing.sav", 7, 7, "cp1252", "declared", 7, 5, 16, 2, 0),
    ("spss/tegulu.sav", 1, 2, "utf-8", "declared", 0, 0, 0, 0, 0),
    ("spss/missing_char.sav", 2, 1, "cp1252", "declared", 1, 1, 1, 0, 0),
    ("spss/missing_test.sav", 2, 1, "cp1252", "declared", 1, 1, 1, 0, 0),
    ("stata/datetime-d.dta", 1, 1, "utf-8", "assumed", 0, 0, 0, 1, 0),
    ("stata/notes.dta", 5, 4, "utf-8", "assumed", 0, 0, 0, 0, 0),
    ("stata/tagged-na-double.dta", 8, 1, "utf-8", "declared", 2, 3, 3, 0, 0),
    ("stata/tagged-na-int.dta", 8, 1, "utf-8", "declared", 2, 3, 3, 0, 0),
    ("stata/types.dta", 2, 8, "utf-8", "assumed", 0, 0, 0, 2, 0),
    ("stata/S4_EDUC1.dta", 334, 4, "utf-8", "assumed", 0, 0, 0, 0, 0),
    ("stata/stata10_117.dta", 5, 7, "utf-8", "assumed", 29, 1, 2, 0, 0),
    ("stata/stata14_118.dta", 5, 7, "utf-8", "declared", 2, 0, 7, 0, 0),
    ("stata/stata1_encoding.dta", 151, 1, "cp1252", "assumed", 0, 0, 0, 0, 0),
    ("stata/stata4_115.dta", 10, 5, "utf-8", "assumed", 44, 0, 6, 0, 0),
    ("stata/stata8_117.dta", 27, 5, "utf-8", "assumed", 0, 130, 135, 0, 0),
    ("stata/sample.dta", 5, 7, "utf-8", "assumed", 5, 0, 3, 3, 0),
    ("stata/missing_test.dta", 1, 9, "utf-8", "assumed", 1, 6, 8, 0, 0),
]  # fmt: skip
WHAT = ("rows", "columns", "encoding", "basis", "labels", "codes", "missing", "dates", "faults")


@pytest.fixture
def fixtures(shared):
    return shared / "fixtures"


def find(fixtures, name):
    folder, file = name.split("/")
    (path,) = (path for path in (fixtures / folder).iterdir() if path.name.split("__")[-1] == file)
    return path


def told(source):
    origin = source.origin
    given = (
        origin.rows,
        origin.columns,
        origin.encoding,
        origin.encoding_basis,
        sum(len(variable.value_labels) for variable in source.variables),
        sum(source.codes[name].count() for name in source.codes.columns),
        sum(source.reasons[name].count() for name in source.reasons.columns),
        sum(kind.is_temporal() for kind in source.table.dtypes),
        len(source.faults),
    )
    return dict(zip(WHAT, given, strict=True))


@pytest.mark.parametrize("row", FILES, ids=lambda row: row[0])
def test_each_file_gives_what_is_in_it(fixtures, row):
    name, *expected = row
    source = read(find(fixtures, name))
    assert told(source) == dict(zip(WHAT, expected, strict=True))
    # A cell is missing for a reason, or it has a value; nothing else is.
    nulls = sum(source.table[name].null_count() for name in source.table.columns)
    assert nulls == told(source)["missing"] + told(source)["faults"]


def test_the_table_has_every_file(fixtures):
    endings = {".dta", ".sav", ".zsav", ".por", ".xpt", ".sas7bdat"}
    there = {
        f"{path.parent.name}/{path.name.split('__')[-1]}"
        for path in fixtures.rglob("*")
        if path.suffix in endings
    }
    assert there == {name for name, *_ in FILES}


def test_nhanes_has_19277_zeros(fixtures):
    table = read(find(fixtures, "sas/DEMO_G.xpt")).table
    assert table.shape == (9756, 48)
    assert sum((table[name] == 0).sum() for name in table.columns if table[name].dtype.is_numeric()) == 19_277


def test_codes_and_ranges_of_a_codebook_of_missing_values(fixtures):
    source = read(find(fixtures, "spss/sample_missing.sav"))
    said = {v.name: (dict(v.missing_codes), v.missing_ranges, dict(v.details)) for v in source.variables}
    assert said["mynum"] == ({"-1": ""}, ((2000, 3000),), {"measure": "scale"})
    assert said["mylabl"] == ({"-1": "undetermined"}, (), {"measure": "scale"})
    assert said["myord"] == ({"-1": "missing", "-2": "", "-3": ""}, (), {"measure": "ordinal"})


def test_a_portable_file_is_the_same_table_as_the_sav_it_was_saved_from(fixtures):
    old, new = (read(find(fixtures, f"spss/sample.{ending}")) for ending in ("por", "sav"))
    assert old.table.rows() == new.table.rows()
    assert [v.label for v in old.variables] == [v.label for v in new.variables]
    assert [v.value_labels for v in old.variables] == [v.value_labels for v in new.variables]


def test_the_notes_of_a_stata_file(fixtures):
    source = read(find(fixtures, "stata/notes.dta"))
    assert source.origin.notes == (
        "file label: This is a test dataset.",
        "note in the file: Reference: https://github.com/hadley/haven/issues/186",
        "Stata format 115",
    )
