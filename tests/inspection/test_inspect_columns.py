"""What an inspection says of columns: labels, codes, gaps, ranges, and what to look at."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from milkqc.emit.statistical import Described, write
from milkqc.inspection import inspect
from milkqc.inspection.facts import Gap, Value


def of_csv(folder, text, **options):
    from milkqc.readers import ReadOptions

    path = folder / "f.csv"
    path.write_text(text, encoding="utf-8")
    return inspect(path, ReadOptions(**options))


def column(found, name):
    return next(column for column in found.columns if column.name == name)


def said(found, kind):
    return [(remark.column, remark.cells, remark.text) for remark in found.remarks if remark.kind == kind]


@pytest.mark.parametrize(("ending", "codes"), [("dta", (".a", ".b")), ("sav", ("-9001", "-9002"))])
def test_a_statistical_file_tells_labels_codes_and_why_values_are_missing(tmp_path, ending, codes):
    frame = pl.DataFrame(
        {
            "sex": [1, 2, 2, 1, 3, None],
            "weight": [3.5, 4.5, None, None, None, 5.5],
            "day": [dt.date(2024, 1, 1), None, dt.date(2024, 3, 1), None, None, None],
        }
    )
    write(
        frame,
        tmp_path / f"f.{ending}",
        described={
            "sex": Described("Infant's sex", labels={"1": "Male", "2": "Female"}),
            "weight": Described("Weight", "kg"),
        },
        reasons={"weight": pl.Series([None, None, "not_done", "not_done", "refused", None])},
    )
    found = inspect(tmp_path / f"f.{ending}")
    sex, weight, day = found.columns
    assert (sex.label, sex.holds) == ("Infant's sex", "whole number")
    assert sex.values == (Value("1", "Male", 2), Value("2", "Female", 2), Value("3", "", 1))
    assert said(found, "unlabelled_values") == [("sex", 1, "values without a label: 3 (1)")]
    assert weight.unit == "kg"
    assert (weight.filled, weight.missing, weight.distinct) == (3, 3, 3)
    assert weight.gaps == (Gap("not_done", codes[0], 2), Gap("refused", codes[1], 1))
    assert (weight.minimum, weight.median, weight.maximum) == (3.5, 4.5, 5.5)
    assert (day.holds, day.first, day.last) == ("date", "2024-01-01", "2024-03-01")
    assert found.origin.encoding_basis == "declared"


def test_text_files_hold_numbers_dates_and_results_below_a_limit(tmp_path):
    found = of_csv(
        tmp_path,
        'id,zinc,day,flag\n007,"4,009.10",13/02/2024,Yes\n008,<0.5,01/02/2024,yes\n009,NA,02/02/2024,No\n010,12,,no \n',
    )
    assert [one.holds for one in found.columns] == ["text", "number", "date", "text"]
    zinc = column(found, "zinc")
    assert zinc.gaps == (Gap("said in words", "NA", 1),)
    assert (zinc.minimum, zinc.maximum, zinc.filled) == (12, 4009.1, 3)
    assert said(found, "censored")[0][:2] == ("zinc", 1)
    day = column(found, "day")
    assert (day.date_formats, day.first, day.last) == (("%d/%m/%Y",), "2024-02-01", "2024-02-13")
    assert column(found, "id").unique
    assert said(found, "spellings") == [
        ("flag", 4, "values differ only in case or spaces: 'No', 'no ', 'Yes', 'yes'")
    ]


def test_dates_whose_day_and_month_could_change_places_have_no_first_and_last(tmp_path):
    found = of_csv(tmp_path, "day\n01/02/2024\n03/04/2024\n")
    day = column(found, "day")
    assert (day.first, day.last) == ("", "")
    assert said(found, "ambiguous_dates") == [
        ("day", 2, "dates could be %d/%m/%Y or %m/%d/%Y: ask who wrote them")
    ]


def test_dates_that_do_not_fit_are_counted(tmp_path):
    found = of_csv(tmp_path, "day\n" + "\n".join(["13/02/2024"] * 9 + ["30/02/2024"]) + "\n")
    assert said(found, "unfit_dates") == [("day", 1, "cells that are no dates in %d/%m/%Y")]


def test_decimal_commas_ambiguous_numbers_and_words_among_numbers_are_told(tmp_path):
    found = of_csv(
        tmp_path,
        "a;b;c\n" + "\n".join(f"{n},5;{n}.5;{n}" for n in range(9)) + "\n2,5;4,009;haemolysed\n",
        delimiter=";",
    )
    assert said(found, "decimal_comma") == [
        ("a", 10, 'writes numbers with a decimal comma: say decimal: ","')
    ]
    assert said(found, "ambiguous_numbers") == [
        ("b", 1, "4,009 may be 4009 or 4.009: say decimal or thousands")
    ]
    assert said(found, "text_among_numbers") == [("c", 1, "text among numbers: haemolysed (1)")]


def test_ids_that_a_spreadsheet_spoiled_are_told(tmp_path):
    found = of_csv(tmp_path, "a,b\nMAR1,1.23E+11\n1-Mar,1.24E+11\nOCT2,77\n")
    assert said(found, "ids_as_dates") == [
        ("a", 1, "cells such as 1-Mar: ids that a spreadsheet turned into dates?")
    ]
    assert said(found, "ids_scientific")[0][:2] == ("b", 2)


def test_an_excel_column_of_ids_and_dates_is_told(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "f.xlsx", {"default_date_format": "d-mmm"}) as book:
        sheet = book.add_worksheet("Results")
        sheet.write_column(0, 0, ["well", "MAR-A"])
        sheet.write_datetime(2, 0, dt.datetime(2024, 3, 1))
        sheet.write_column(0, 1, ["Zinc (mg/L)", 1.5, 2.5])
    found = inspect(tmp_path / "f.xlsx")
    assert [remark.column for remark in found.remarks if remark.kind == "ids_as_dates"] == ["well"]
    assert column(found, "Zinc (mg/L)").unit == "mg/L"


def test_undeclared_codes_are_shown_with_counts_and_kept_out_of_the_range(tmp_path):
    found = of_csv(tmp_path, "w\n" + "\n".join(["5.5", "6.5", "999", "999", "-9"]) + "\n")
    assert said(found, "missing_code_candidate") == [
        ("w", 3, "-9 (once), 999 (2 times) stand apart from 5.5 to 6.5: a code for missing?")
    ]
    w = column(found, "w")
    assert (w.minimum, w.maximum, w.apart) == (5.5, 6.5, ("-9", "999"))


def test_words_that_mean_missing_in_a_column_of_text_are_told(tmp_path):
    found = of_csv(tmp_path, "arm\nA\nB\nrefused\nrefused\n.\n")
    assert said(found, "missing_code_candidate") == [
        ("arm", 3, "'refused' (2 times), '.' (once): a word for missing?")
    ]


def test_numbers_stored_as_text_constant_and_empty_columns_and_repeated_rows(tmp_path):
    frame = pl.DataFrame(
        {"n": ["1", "2", "2"], "c": [5, 5, 5], "e": [None, None, None]}, schema_overrides={"e": pl.Float64}
    )
    write(frame, tmp_path / "f.dta")
    found = inspect(tmp_path / "f.dta")
    assert said(found, "numbers_as_text") == [("n", 3, "holds numbers, stored as text")]
    assert said(found, "constant") == [("c", 3, "has one value only")]
    assert said(found, "empty") == [("e", 3, "has no value at all")]
    assert said(found, "same_rows") == [("", 1, "1 rows repeat another row in every column")]


def test_a_free_text_is_counted_and_never_quoted(tmp_path):
    found = of_csv(tmp_path, "note\n" + "\n".join(f"she told me {n}" for n in range(20)) + "\n")
    assert column(found, "note").values == ()
    assert column(found, "note").distinct == 20
    assert "told" not in "".join(remark.text for remark in found.remarks)


def test_cells_that_the_format_cannot_give_are_placed(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "f.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["x", 1, 2])
        sheet.write_formula(3, 0, "=1/0", None, "#DIV/0!")
    assert said(inspect(tmp_path / "f.xlsx"), "unreadable_cell") == [
        ("x", 1, "row 3: an error that Excel shows in the cell")
    ]


def test_an_export_of_redcap_without_its_dictionary_asks_for_it(tmp_path):
    found = of_csv(tmp_path, "record_id,redcap_event_name,a\n1,x_arm_1,2\n")
    assert any("--dictionary" in text for _, _, text in said(found, "note"))
