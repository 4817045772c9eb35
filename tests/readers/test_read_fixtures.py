"""Real files, each for its oddity (MILKQC_SHARED/fixtures/SOURCES.csv says where they come from)."""

import hashlib
from datetime import date, datetime

import polars as pl
import pytest

from milkqc.cells import dates, numbers, source_reason, source_text
from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read


@pytest.fixture
def fixtures(shared):
    return shared / "fixtures"


def one(fixtures, pattern):
    (path,) = fixtures.glob(pattern)
    return path


def test_every_binary_and_excel_file_is_read_and_accounted_for(fixtures):
    seen = 0
    for path in sorted(fixtures.rglob("*")):
        if path.suffix not in (".dta", ".sav", ".zsav", ".xpt"):
            continue
        source = read(path)
        seen += 1
        assert source.origin.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (source.origin.rows, source.origin.columns) == source.table.shape
        for variable in source.variables:
            values = source.table[variable.name]
            assert (source_reason(source, variable.name).is_null() == values.is_not_null()).all(), path.name
            missing_with_text = (
                source_text(source, variable.name).filter(values.is_null()).is_not_null().sum()
            )
            known = (
                source.codes.columns.count(variable.name) and source.codes[variable.name].is_not_null().sum()
            )
            faults = sum(fault.column == variable.name for fault in source.faults)
            assert missing_with_text == known + faults, path.name
            if values.dtype == pl.Float64:
                assert values.is_nan().sum() == 0
    assert seen >= 25


def test_one_study_in_three_formats_has_the_same_bits(fixtures):
    stata, spss, sas = (read(fixtures / "growth" / f"cpp.{ending}").table for ending in ("dta", "sav", "xpt"))
    assert stata.shape == (1912, 37)
    assert stata.schema == spss.schema
    assert stata.equals(spss)
    assert sas.width == 20
    # IBM hexadecimal floats in the transport file: equal to the last bit all the same.
    assert stata.select(sas.columns).equals(sas)


def test_cpp_keeps_the_point_that_stands_for_missing_text(fixtures):
    source = read(fixtures / "growth" / "cpp.dta")
    assert source.table["ses"].str.strip_chars().value_counts().filter(pl.col("ses") == ".")[
        "count"
    ].to_list() == [225]
    assert source.table.schema["htcm"] == pl.Int64
    assert source.table["htcm"].null_count() == 471
    assert source_reason(source, "htcm").drop_nulls().unique().to_list() == ["system"]


def test_all_26_tags_in_all_five_number_types(fixtures):
    source = read(one(fixtures, "stata/*stata8_117.dta"))
    letters = [f".{chr(letter)}" for letter in range(ord("a"), ord("z") + 1)]
    for name in source.table.columns:
        assert source.codes[name].to_list() == [None, *letters]
        assert source.reasons[name].to_list() == ["system", *letters]


@pytest.mark.parametrize("name", ["tagged-na-int", "tagged-na-double"])
def test_tags_have_their_labels(fixtures, name):
    source = read(one(fixtures, f"stata/*{name}.dta"))
    assert source.table["x"].to_list() == [1, 2, 3, 4, 5, None, None, None]
    assert source.codes["x"].to_list()[5:] == [".a", ".h", ".z"]
    assert source.reasons["x"].to_list()[5:] == ["apple", ".h", ".zebra"]


def test_dates_of_old_and_new_stata(fixtures):
    assert read(one(fixtures, "stata/*datetime-d.dta")).table["date"].to_list() == [date(2015, 11, 2)]
    types = read(one(fixtures, "stata/*types.dta"))
    assert types.table["vdate"].to_list() == [date(1960, 1, 1), date(2015, 12, 1)]
    assert types.table["vdatetime"].to_list() == [datetime(2015, 12, 1, 3, 14, 15), datetime(1960, 1, 1)]
    assert source_text(types, "vfloat").to_list() == ["3.14", "7"]
    sample = read(one(fixtures, "stata/*sample.dta"))
    assert sample.table["mytime"].to_list()[0] == datetime(1960, 1, 1, 10, 10, 10)


def test_latin_1_in_an_old_stata_file(fixtures):
    source = read(one(fixtures, "stata/*stata1_encoding.dta"))
    assert source.table["kreis1849"][0] == "Düsseldorf"
    assert (source.origin.encoding, source.origin.encoding_basis) == ("cp1252", "assumed")


def test_spss_codes_ranges_and_text_codes(fixtures):
    source = read(one(fixtures, "spss/*sample_missing.sav"))
    assert source.codes["mynum"].to_list()[5:] == ["-1", "2500"]
    assert source.reasons["mylabl"].to_list()[5:] == ["undetermined", "system"]
    assert source.reasons["myord"].to_list()[5:] == ["missing", "-3"]
    assert source.table["mydate"].to_list()[:4] == [
        date(2018, 5, 6),
        date(1880, 5, 6),
        date(1960, 1, 1),
        date(1583, 1, 1),
    ]
    letters = read(one(fixtures, "spss/*missing_char.sav"))
    assert (letters.table["mychar"].to_list(), letters.codes["mychar"].to_list()) == (
        [None, "a"],
        ["Z", None],
    )


def test_the_year_201416_is_one_cell_and_not_the_file(fixtures):
    source = read(one(fixtures, "spss/*datetime.sav"))
    assert source.table["date"].to_list() == [date(2014, 9, 22), date(2014, 9, 23)]
    assert source.table["date.posix"].to_list() == [None, datetime(2014, 9, 23, 15, 59, 20)]
    assert [(f.row, f.column, f.raw) for f in source.faults] == [(1, "date.posix", "6306150067200")]


def test_scripts_of_all_sorts(fixtures):
    assert read(one(fixtures, "spss/*hebrews.sav")).table.columns == ["ותק_ב"]
    assert read(one(fixtures, "spss/*tegulu.sav")).table["Q16br9oe_Q24br9oe"].to_list() == ["నేను గతంలో వాడిన బ"]
    umlauts = read(one(fixtures, "spss/*umlauts.sav"))
    assert umlauts.variable("var1").value_labels == {
        "1": "the ä umlaut",
        "2": "the ü umlaut",
        "3": "the ö umlaut",
    }
    unicode = read(one(fixtures, "stata/*stata14_118.dta"))
    assert unicode.table["Unicode_Cities_Strl"].to_list() == ["Bogotá", "Uzunköprü", "Tromsø", "Elâzığ", None]


def test_sav_and_zsav_are_the_same_table(fixtures):
    plain, packed = (read(one(fixtures, f"spss/*basic__sample.{ending}")) for ending in ("sav", "zsav"))
    assert plain.table.equals(packed.table)


def test_nhanes_has_zeros_and_not_5e_79(fixtures):
    source = read(one(fixtures, "sas/*DEMO_G.xpt"))
    assert source.table.shape == (9756, 48)
    assert source.table["DMDHHSZA"].dtype == pl.Int64
    assert source.table["DMDHHSZA"].min() == 0
    assert source.table["RIDAGEMN"].drop_nulls().len() == 626


def test_the_same_assays_as_csv_and_as_excel(fixtures):
    text, excel = (read(fixtures / "lab" / f"brinda_biomarkers.{ending}") for ending in ("csv", "xlsx"))
    assert text.table.columns == excel.table.columns
    for name in text.table.columns:
        assert numbers(text.table[name])["number"].to_list() == excel.table[name].cast(pl.Float64).to_list()


def test_two_different_micro_signs_and_utf16(fixtures):
    other = read(one(fixtures, "lab/*different_mu*.csv"))
    utf16 = read(one(fixtures, "lab/*utf16.csv"))
    assert "Average diameter (\u00b5m)" in other.table.columns
    assert "Average diameter (\u03bcm)" in utf16.table.columns
    assert (utf16.origin.encoding, utf16.origin.encoding_basis) == ("utf-16-be", "declared")


def test_an_instrument_file_without_a_header_is_refused_by_its_ragged_rows(fixtures):
    with pytest.raises(SourceError, match="line 2 has 13 cells where the header has 10"):
        read(one(fixtures, "lab/*cedex*.txt"))


def test_a_table_under_a_metadata_block(fixtures):
    source = read(one(fixtures, "lab/*msd_workbench*.csv"), ReadOptions(header_row=2))
    assert source.table.height == 4
    assert source.table["Detection Range"][0] == "Above Detection Range"
    assert numbers(source.table["Detection Range"])["censored"][0] == ">"


def test_a_plate_grid_in_one_of_seven_sheets(fixtures):
    path = one(fixtures, "lab/*multi-plate*.xlsx")
    with pytest.raises(SourceError, match="has several sheets: 'Absorbance 1_01', 'General information'"):
        read(path)
    source = read(path, ReadOptions(sheet="Absorbance 1_01", header_row=10))
    assert source.table.columns == ["Abs", *map(str, range(1, 13))]
    assert source.table["Abs"].to_list()[:3] == ["A", "B", "C"]


def test_a_real_survey_has_dates_that_its_format_reads_wholly(fixtures):
    survey = read(fixtures / "growth" / "smart_raw_anthro1.csv").table
    assert survey.height == 651
    seen = dates(survey["today"], "%d-%b-%y")
    assert seen["status"].unique().to_list() == ["date"]
    assert seen["date"].min() > date(2019, 1, 1)


@pytest.mark.parametrize(
    ("project", "rows", "dropped"),
    [
        ("blank-for-gray-status", 6, ("name_first", "name_last", "address", "telephone", "email", "dob")),
        ("checkboxes-1", 4, ()),
        ("clinical-trial-1", 500, ("name_last", "name_first", "address", "phone", "dob")),
        ("decimal-comma-and-dot", 4, ("name",)),
        ("longitudinal", 18, ("first_name", "last_name", "telephone_1", "email", "dob")),
        ("potentially-problematic-values", 2, ()),
        ("repeating-instruments", 6, ("first_name", "dob")),
        ("simple", 5, ("name_first", "name_last", "address", "telephone", "email", "dob")),
        (
            "survey",
            2,
            ("redcap_survey_identifier", "email", "first_name", "last_name", "address", "telephone_1"),
        ),
        ("vignette-repeating", 17, ()),
    ],
)
def test_redcap_projects_lose_their_identifiers_and_nothing_else(fixtures, project, rows, dropped):
    folder = fixtures / "redcap" / project
    dictionary = next(path for path in (folder / "dictionary.csv", folder / "metadata.csv") if path.exists())
    source = read(folder / "data.csv", ReadOptions(format="redcap", dictionary=dictionary))
    assert source.table.height == rows
    assert source.dropped == dropped
    assert source.table.width + len(dropped) == source.origin.columns


def test_the_checkbox_project_means_what_it_says_of_itself(fixtures):
    folder = fixtures / "redcap" / "checkboxes-1"
    source = read(folder / "data.csv", ReadOptions(format="redcap", dictionary=folder / "dictionary.csv"))
    # Record 4 was never opened: all its checkboxes are 0 in the file and unknown here.
    assert source.table.filter(pl.col("record_id") == "4").select(pl.col("^check_.*$")).row(0) == (None,) * 9
    assert source.table.filter(pl.col("record_id") == "2")["check_one___1"].to_list() == ["0"]


def test_the_repeating_project_as_one_table_per_form(fixtures):
    folder = fixtures / "redcap" / "vignette-repeating"
    how = {"format": "redcap", "dictionary": folder / "dictionary.csv"}
    heights = {
        form: read(folder / "data.csv", ReadOptions(**how, form=form)).table.height
        for form in ("intake", "blood_pressure", "laboratory", "image")
    }
    assert heights == {"intake": 2, "blood_pressure": 6, "laboratory": 4, "image": 5}
    assert sum(heights.values()) == 17
