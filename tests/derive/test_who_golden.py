"""WHO's own scores, row by row: every score and flag but those of two known slips of WHO's package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from milkqc.derive.ages import days_from_months
from milkqc.derive.who import Measurements, Scores, who_scores

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
# WHO's package scores a weight of 0 in weight-for-length; nobody weighs nothing.
WEIGHT_ZERO = {24625, 25319, 25950, 26328, 26412, 26524}
# 103.1 - 0.7 is 102.39999999999999 in binary: WHO's package reads the row 102.5 instead of 102.4.
LYING_103_1 = {1444, 3746, 5188, 6382, 20200, 23867, 23991}


@pytest.fixture(scope="module")
def golden(shared: Path) -> pl.DataFrame:
    texts = {"sex": pl.Int8, "measure": pl.String, "oedema": pl.String, "unit": pl.String}
    return pl.read_csv(
        shared / "golden" / "who_zscores.csv.gz", infer_schema_length=None, schema_overrides=texts
    )


@pytest.fixture(scope="module")
def scores(golden: pl.DataFrame) -> Scores:
    months = (golden["unit"] == "m").to_numpy()
    age = numbers(golden, "age")
    position = golden["measure"].str.to_lowercase().replace_strict(["l", "h"], [0, 1], default=-1)
    return who_scores(
        Measurements(
            sex=(golden["sex"] - 1).cast(pl.Int8).to_numpy(),
            age_days=np.where(months, days_from_months(age), age),
            position=position.fill_null(-1).cast(pl.Int8).to_numpy(),
            oedema=golden["oedema"].is_in(["y", "Y", "1"]).fill_null(value=False).to_numpy(),
            values={
                "weight_kg": numbers(golden, "weight"),
                "length_cm": numbers(golden, "lenhei"),
                "head_circumference_cm": numbers(golden, "headc"),
                "muac_cm": numbers(golden, "armc"),
                "triceps_skinfold_mm": numbers(golden, "triskin"),
                "subscapular_skinfold_mm": numbers(golden, "subskin"),
            },
        )
    )


def numbers(frame: pl.DataFrame, column: str) -> np.ndarray:
    return frame[column].cast(pl.Float64).to_numpy()


def same(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left == right) | (np.isnan(left) & np.isnan(right))


def test_the_golden_table_is_whole(golden):
    assert golden.height == 8850
    assert sum(golden[f"z{name}"].count() for name in NAMES.values()) > 58_000


@pytest.mark.parametrize(("ours", "theirs"), NAMES.items())
def test_every_score_and_flag_is_whos(golden, scores, ours, theirs):
    departing = ~same(scores.z[ours], numbers(golden, f"z{theirs}"))
    flag = np.where(np.isnan(scores.z[ours]), np.nan, scores.flags[ours])
    departing |= ~same(flag, numbers(golden, f"f{theirs}"))
    expected = WEIGHT_ZERO | LYING_103_1 if ours == "wlz" else set()
    assert set(golden.filter(departing)["id"]) == expected


def test_the_two_departures_are_what_they_are_said_to_be(golden, scores):
    table = golden.with_columns(wlz=pl.Series(scores.z["wlz"], nan_to_null=True))
    zero = table.filter(pl.col("id").is_in(WEIGHT_ZERO))
    assert set(zero["weight"]) == {0}
    assert zero["wlz"].null_count() == zero.height == len(WEIGHT_ZERO)
    lying = table.filter(pl.col("id").is_in(LYING_103_1))
    assert set(lying["lenhei"]) == {103.1}
    assert set(lying["measure"].str.to_lowercase()) == {"l"}
    assert (lying["wlz"] - lying["zwfl"]).round(2).is_between(0.01, 0.03).all()


def test_length_for_score_position_and_bmi_are_whos(golden, scores):
    assert same(scores.length_for_score_cm, numbers(golden, "clenhei")).all()
    standing = golden["measure"].str.to_lowercase() == "h"
    not_believed = (standing & (golden["c9mo_flag"] == 1)).fill_null(value=False).to_numpy()
    assumed = not_believed | golden["measure"].is_null().to_numpy()
    assert (scores.measured_assumed == assumed).all()
    weighed = numbers(golden, "weight") > 0
    assert same(scores.bmi, np.where(weighed, numbers(golden, "cbmi"), np.nan)).all()
