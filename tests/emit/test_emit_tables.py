"""Clean tables, their lineage, and text that a spreadsheet would run."""

from datetime import date

import polars as pl
import pytest

from milkqc import reference
from milkqc.emit import formulas, split
from milkqc.emit.tables import write_parquet
from milkqc.messages import message

GROWTH = pl.DataFrame(
    {
        "row_id": ["B|m3", "A|m3"],
        "participant_id": ["B", "A"],
        "infant_id": ["B", "A"],
        "visit": ["m3", "m3"],
        "source_table": ["infant", "infant"],
        "source_file": ["anthro.dta", "anthro.dta"],
        "source_row": [1, 2],
        "weight_kg": [5.5, None],
        "weight_kg__number": [5500.0, None],
        "weight_kg__raw": ["5500", "-9"],
        "weight_kg__missing": [None, "not_done"],
        "weight_kg__raw_unit": ["g", "g"],
        "weight_kg__factor": [0.001, 0.001],
        "both": [9.0, 8.0],
        "x_wealth": [1, 2],
        "x_wealth__raw": ["1", "2"],
        "visit_date": [date(2024, 1, 1), None],
    }
)


def test_the_clean_table_has_the_dictionary_s_columns_then_the_study_s_own():
    clean, _ = split("growth", GROWTH)
    expected = [column.column for column in reference.columns("growth")]
    assert clean.columns == [*expected, "x_wealth"]
    assert clean.schema["oedema"] == pl.Boolean
    assert clean["row_id"].to_list() == ["A|m3", "B|m3"]
    assert clean["weight_kg"].to_list() == [None, 5.5]


def test_the_lineage_keeps_everything_else_by_row():
    _, lineage = split("growth", GROWTH)
    assert lineage.columns == [
        "row_id",
        "source_table",
        "source_file",
        "source_row",
        "both",
        "weight_kg__factor",
        "weight_kg__missing",
        "weight_kg__number",
        "weight_kg__raw",
        "weight_kg__raw_unit",
        "x_wealth__raw",
    ]
    assert lineage["weight_kg__raw"].to_list() == ["-9", "5500"]


def test_no_column_is_lost():
    clean, lineage = split("growth", GROWTH)
    assert set(GROWTH.columns) <= set(clean.columns) | set(lineage.columns)


def test_a_count_is_an_integer_unless_that_would_cut_it():
    people = pl.DataFrame({"row_id": ["a", "b"], "parity": [1.0, 2.0], "plurality": [1.5, None]})
    clean, _ = split("participants", people)
    assert clean["parity"].to_list() == [1, 2]
    assert clean.schema["parity"] == pl.Int64
    assert clean["plurality"].to_list() == [1.5, None]


def test_an_unknown_table_is_a_mistake_in_the_call():
    with pytest.raises(KeyError):
        split("weather", GROWTH)


def test_parquet_does_not_follow_the_frame_s_chunks(tmp_path):
    whole = pl.DataFrame({"a": range(1000), "b": [f"t{n % 7}" for n in range(1000)]})
    parts = pl.concat([whole[:300], whole[300:]], rechunk=False)
    assert parts.n_chunks() == 2
    write_parquet(whole, tmp_path / "whole")
    write_parquet(parts, tmp_path / "parts")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()


def test_text_that_would_run_in_data_files_is_one_warning_per_column():
    tables = {
        "participants": pl.DataFrame(
            {"row_id": ["=A", "b"], "site": ["@home", "-5"], "site__raw": ["@home", "-5"]}
        ),
        "visits": pl.DataFrame({"row_id": ["a"]}),
    }
    found = formulas(tables)
    assert found.select("rule_id", "severity", "table", "row_id", "variable", "n_rows").rows() == [
        ("data.text.formula", "warning", "participants", "*", "row_id", 1),
        ("data.text.formula", "warning", "participants", "*", "site", 1),
    ]
    assert message("data.text.formula", found.row(1, named=True)) == (
        "1 cells begin with = + - or @, so a spreadsheet may run them; the data files keep them as written. "
        "Import those columns as text."
    )
