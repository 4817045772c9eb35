"""The contracts as annotations in analysts' own code, on polars and on pandas."""

from __future__ import annotations

import pandas as pd
import pandera.errors
import pandera.pandas
import pandera.polars
import polars as pl
import pytest
from pandera.typing import DataFrame as Pandas
from pandera.typing.polars import DataFrame as Polars

from milkqc import contracts
from milkqc.contracts import pandas as for_pandas
from milkqc.derive.analysis import AnalysisChoice, analysis

Growth, Analysis = contracts.Growth, contracts.Analysis
PandasGrowth, PandasAnalysis = for_pandas.Growth, for_pandas.Analysis


@pandera.polars.check_types
def heaviest(growth: Polars[Growth]) -> float:
    return growth["weight_kg"].max()


@pandera.polars.check_types
def stunted(rows: Polars[Analysis]) -> float | None:
    return rows["stunted"].mean()


@pandera.pandas.check_types
def heaviest_in_pandas(growth: Pandas[PandasGrowth]) -> float:
    return growth["weight_kg"].max()


@pandera.pandas.check_types
def rows_in_pandas(rows: Pandas[PandasAnalysis]) -> int:
    return len(rows)


def good(view):
    return view("growth", {"participant_id": ["P1", "P2"], "infant_id": ["P1", "P2"], "visit": ["birth", "birth"], "weight_kg": [3.2, None], "oedema": [None, True]})  # fmt: skip


def test_a_function_takes_a_frame_that_keeps_the_promise(view):
    assert heaviest(good(view)) == 3.2
    assert heaviest_in_pandas(good(view).to_pandas()) == 3.2


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("weight_kg", -1.0),
        ("measured", "sitting"),
        ("weight_kg", float("inf")),
        ("visit", None),
        ("row_id", "r"),
    ],
)
def test_a_function_refuses_a_frame_that_breaks_it(view, column, value):
    frame = good(view).with_columns(pl.lit(value).cast(good(view).schema[column]).alias(column))
    with pytest.raises(pandera.errors.SchemaError):
        heaviest(frame)
    with pytest.raises(pandera.errors.SchemaError):
        heaviest_in_pandas(frame.to_pandas())


def test_a_function_refuses_a_frame_without_a_column(view):
    with pytest.raises(pandera.errors.SchemaError, match="weight_kg"):
        heaviest(good(view).drop("weight_kg"))
    with pytest.raises(pandera.errors.SchemaError, match="weight_kg"):
        heaviest_in_pandas(good(view).drop("weight_kg").to_pandas())


def test_pandas_may_hold_text_as_categories(view):
    frame = good(view).to_pandas()
    assert heaviest_in_pandas(frame.assign(visit=frame["visit"].astype("category"))) == 3.2


@pytest.fixture(scope="module")
def rows():
    growth = pl.DataFrame({"participant_id": ["P1"], "infant_id": ["P1"], "visit": ["birth"], "laz": [-2.5], "repeats": ["finding"]})  # fmt: skip
    milk = pl.DataFrame({"participant_id": ["P1"], "visit": ["birth"], "sample_id": ["S1"], "analyte": ["iodine"], "value": [90.0], "unit": ["ug/L"]})  # fmt: skip
    return analysis({"growth": growth, "milk": milk}, analyses=AnalysisChoice())[0]


def test_the_analysis_file_is_taken_and_refused(rows):
    assert "milk_iodine_ug_l" in rows.columns
    assert stunted(rows) == 1.0
    assert rows_in_pandas(rows.to_pandas()) == 1
    for wrong in (rows.drop("stunted"), rows.with_columns(milk_iodine_ug_l=pl.lit(-1.0))):
        with pytest.raises(pandera.errors.SchemaError):
            stunted(wrong)
        with pytest.raises(pandera.errors.SchemaError):
            rows_in_pandas(wrong.to_pandas())


def test_the_analysis_file_read_from_csv_by_pandas_is_taken(rows, tmp_path):
    rows.write_csv(tmp_path / "analysis.csv")
    assert rows_in_pandas(pd.read_csv(tmp_path / "analysis.csv")) == 1
