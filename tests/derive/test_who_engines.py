"""WHO's own 8,850 rows through every engine, in any order: every score and flag but those of two known slips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from milkqc.derive.frames import growth_scores

NAMES = {
    "laz": "len",
    "waz": "wei",
    "wlz": "wfl",
    "baz": "bmi",
    "hcz": "hc",
    "acz": "ac",
    "tsz": "ts",
    "ssz": "ss",
}
# test_who_golden.py says what these are: weight 0 scored, and 103.1 cm lying read at 102.5 cm.
DEPARTING = {24625, 25319, 25950, 26328, 26412, 26524, 1444, 3746, 5188, 6382, 20200, 23867, 23991}


@pytest.fixture(scope="module")
def golden(shared: Path) -> pl.DataFrame:
    texts = {"sex": pl.Int8, "measure": pl.String, "oedema": pl.String, "unit": pl.String}
    return pl.read_csv(
        shared / "golden" / "who_zscores.csv.gz", infer_schema_length=None, schema_overrides=texts
    )


@pytest.fixture(scope="module")
def children(golden: pl.DataFrame) -> pl.DataFrame:
    """The golden inputs under milkqc's names; an age in months is 30.4375 days each, never rounded."""
    age = pl.col("age").cast(pl.Float64)
    return golden.select(
        "id",
        infant_sex=pl.col("sex").replace_strict(
            {1: "male", 2: "female"}, default=None, return_dtype=pl.String
        ),
        age_days=pl.when(pl.col("unit") == "m").then(age * 30.4375).otherwise(age),
        weight_kg=pl.col("weight").cast(pl.Float64),
        length_cm=pl.col("lenhei").cast(pl.Float64),
        measured=pl.col("measure")
        .str.to_lowercase()
        .replace_strict({"l": "lying", "h": "standing"}, default=None, return_dtype=pl.String),
        head_circumference_cm=pl.col("headc").cast(pl.Float64),
        muac_cm=pl.col("armc").cast(pl.Float64),
        triceps_skinfold_mm=pl.col("triskin").cast(pl.Float64),
        subscapular_skinfold_mm=pl.col("subskin").cast(pl.Float64),
        oedema=pl.col("oedema").is_in(["y", "Y", "1"]),
    )


def by_pandas(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.from_pandas(growth_scores(frame.to_pandas()), nan_to_null=True)


def by_duckdb(frame: pl.DataFrame) -> pl.DataFrame:
    return growth_scores(duckdb.connect().from_arrow(frame.to_arrow())).pl()


ENGINES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "pandas": by_pandas,
    "polars": growth_scores,
    "polars lazy": lambda frame: growth_scores(frame.lazy()).collect(),
    "polars streaming": lambda frame: growth_scores(frame.lazy()).collect(engine="streaming"),
    "duckdb": by_duckdb,
}


def departing(golden: pl.DataFrame, scored: pl.DataFrame) -> dict[str, set[int]]:
    """Per score the golden ids whose score or flag is another one; a null is equal to a null only."""
    both = golden.join(scored, on="id", how="inner", suffix="_ours")
    assert both.height == golden.height
    told = {}
    for ours, theirs in NAMES.items():
        z = pl.col(ours).eq_missing(pl.col(f"z{theirs}").cast(pl.Float64))
        flag = pl.col(f"{ours}_flag").cast(pl.Int64).eq_missing(pl.col(f"f{theirs}").cast(pl.Int64))
        told[ours] = set(both.filter(~(z & flag))["id"])
    return told


EXPECTED = {name: DEPARTING if name == "wlz" else set() for name in NAMES}


@pytest.mark.parametrize("engine", ENGINES)
def test_every_score_and_flag_is_whos_on_every_engine(golden, children, engine):
    assert departing(golden, ENGINES[engine](children)) == EXPECTED


def test_every_score_and_flag_is_whos_on_spark(golden, children, spark):
    scored = growth_scores(spark.createDataFrame(children.to_arrow()))
    assert departing(golden, pl.from_arrow(scored.toArrow())) == EXPECTED


@pytest.mark.parametrize("engine", ENGINES)
def test_the_order_of_rows_changes_no_bit(children, engine):
    order = np.random.default_rng(8).permutation(children.height)
    scores = [name for index in NAMES for name in (index, f"{index}_flag")]
    straight = ENGINES[engine](children).sort("id").select(scores)
    shuffled = ENGINES[engine](children[order]).sort("id").select(scores)
    assert shuffled.equals(straight)


def test_pandas_of_both_kinds_of_null_score_the_same(children):
    plain = growth_scores(children.to_pandas())
    arrow = growth_scores(children.to_pandas(use_pyarrow_extension_array=True))
    for name in NAMES:
        pd.testing.assert_series_equal(plain[name], arrow[name], check_dtype=False)
