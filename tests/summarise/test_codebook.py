"""The codebook: every column of every output has a line."""

import dataclasses

import polars as pl

from milkqc import reference
from milkqc.derive.analysis import AnalysisChoice, analysis
from milkqc.findings import FINDINGS_SCHEMA
from milkqc.mapping.apply import REJECTED_SCHEMA
from milkqc.model import TABLES, LedgerRow
from milkqc.summarise.codebook import codebook
from milkqc.summarise.mae_reference import SCHEMA as MAE_SCHEMA

TYPES = {"text", "number", "integer", "boolean", "date", "enum"}


def harmonized():
    return {
        name: pl.DataFrame(
            schema={column.column: reference.polars_type(column) for column in reference.columns(name)}
        )
        for name in TABLES
    }


def outputs():
    tables = harmonized()
    milk = pl.DataFrame(
        {
            "participant_id": ["P1"],
            "visit": ["m3"],
            "analyte": ["iodine"],
            "value": [1.0],
            "unit": ["ug/L"],
            "reported": [True],
        }
    )
    tables["participants"] = tables["participants"].with_columns(x_wealth=pl.lit(None, dtype=pl.Int64))
    tables["milk"] = milk
    frame, _ = analysis({"milk": milk}, analyses=AnalysisChoice())
    ledger = {field.name: [] for field in dataclasses.fields(LedgerRow)}
    return {
        **tables,
        "analysis": frame,
        "mae_reference": pl.DataFrame(schema=MAE_SCHEMA),
        "findings": pl.DataFrame(schema=FINDINGS_SCHEMA),
        "rejected": pl.DataFrame(schema=REJECTED_SCHEMA),
        "checks": pl.DataFrame(ledger),
    }


BOOK = codebook(
    outputs(),
    sources={("growth", "weight_kg"): "anthro.dta: WEIGHT", ("participants", "x_wealth"): "enrol.sav: WI"},
)


def line(file, column):
    return BOOK.filter((pl.col("file") == file) & (pl.col("column") == column)).row(0, named=True)


def test_every_column_of_every_output_has_one_line_in_order():
    for name, frame in outputs().items():
        file = f"harmonized/{name}" if name in TABLES else name
        assert BOOK.filter(pl.col("file") == file)["column"].to_list() == frame.columns
    assert not BOOK.select("file", "column").is_duplicated().any()
    assert set(BOOK["type"]) <= TYPES


def test_a_column_of_the_dictionary_is_said_in_the_dictionary_s_words():
    assert line("harmonized/growth", "weight_kg") == {
        "file": "harmonized/growth",
        "column": "weight_kg",
        "label": "Weight",
        "type": "number",
        "unit": "kg",
        "codes": None,
        "origin": "mapped",
        "source": "anthro.dta: WEIGHT",
        "aliases": None,
        "nullable": True,
    }
    assert line("analysis", "weight_kg")["source"] == "anthro.dta: WEIGHT"
    assert line("harmonized/growth", "measured")["codes"] == "lying|standing"


def test_scores_carry_the_names_of_who_s_macros():
    aliases = dict(
        BOOK.filter((pl.col("file") == "analysis") & pl.col("aliases").is_not_null())
        .select("column", "aliases")
        .rows()
    )
    assert aliases == {
        "laz": "zlen",
        "waz": "zwei",
        "wlz": "zwfl",
        "baz": "zbmi",
        "hcz": "zhc",
        "acz": "zac",
        "tsz": "zts",
        "ssz": "zss",
    }


def test_milk_columns_are_said_by_their_analyte():
    said = {name: line("analysis", f"milk_iodine_{name}") for name in ("ug_l", "cens", "limit", "below_mae")}
    assert [(entry["type"], entry["unit"], entry["codes"]) for entry in said.values()] == [
        ("number", "ug/L", None),
        ("enum", None, "<|>"),
        ("number", "ug/L", None),
        ("boolean", None, None),
    ]
    name = reference.analytes()["iodine"].name
    assert said["ug_l"]["label"] == f"{name}, concentration in milk"
    assert said["below_mae"]["label"] == f"{name} is below the mother's milk adequacy estimate"


def test_what_the_participant_and_the_growth_row_both_have_is_told_apart():
    assert line("analysis", "team")["label"] == "Field team"
    assert line("analysis", "growth_team")["label"] == "Team that measured"
    assert line("analysis", "growth_infant_sex")["codes"] == "male|female"


def test_no_column_that_milkqc_makes_is_without_words():
    ours = BOOK.filter(pl.col("origin") != "extra")
    assert ours.filter(pl.col("label") == pl.col("column"))["column"].to_list() == []


def test_the_study_s_own_columns_are_extra_with_their_own_type():
    found = line("harmonized/participants", "x_wealth")
    assert (found["label"], found["type"], found["origin"], found["source"]) == (
        "x_wealth",
        "integer",
        "extra",
        "enrol.sav: WI",
    )


def test_lineage_columns_say_what_they_keep_of_which_column():
    lineage = {
        "growth": pl.DataFrame(
            schema={"row_id": pl.String, "weight_kg__raw_unit": pl.String, "both": pl.Float64}
        )
    }
    book = codebook({}, lineage=lineage).filter(pl.col("file") == "lineage/growth")
    assert book.select("column", "label", "type", "origin").rows() == [
        ("row_id", "Permanent id of the row", "text", "lineage"),
        ("weight_kg__raw_unit", "weight_kg: unit of the raw number", "text", "lineage"),
        ("both", "both", "number", "lineage"),
    ]
