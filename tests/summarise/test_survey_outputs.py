"""Survey quality on its way out: its columns in the codebook, and what of it the public may see."""

from __future__ import annotations

import numpy as np
import polars as pl

from milkqc.privacy.public import _STATISTICS
from milkqc.summarise.codebook import codebook
from milkqc.summarise.survey.run import FILES, surveyed


def growth(n: int = 63) -> pl.DataFrame:
    random = np.random.default_rng(6)
    return pl.DataFrame(
        {
            "row_id": [f"r{number}" for number in range(n)],
            "infant_id": [f"c{number}" for number in range(n)],
            "infant_sex": ["male" if number % 3 else "female" for number in range(n)],
            "age_days": random.uniform(190, 1820, n).round(),
            "weight_kg": [None if number < 3 else 12.0 + number / 10 for number in range(n)],
            "length_cm": random.normal(85, 9, n).round(1),
            "measured": ["lying"] * n,
            "wlz": [None if number < 40 else -0.5 + number / 100 for number in range(n)],
            "team": ["North team" if number % 2 else "South team" for number in range(n)],
        }
    )


def test_every_column_of_its_files_is_described():
    tables = surveyed({"growth": growth()}).tables
    book = codebook({name: tables[name] for name in FILES})
    for name in FILES:
        lines = book.filter(pl.col("file") == name)
        assert lines["column"].to_list() == tables[name].columns
        assert (lines["label"] != lines["column"]).all()
        assert "file" not in lines["column"].to_list()
    codes = dict(book.filter(pl.col("codes").is_not_null()).select("column", "codes").iter_rows())
    quality = tables["survey_quality"]
    assert set(quality["status"]) <= set(codes["status"].split("|"))
    assert set(quality["by"]) <= {*codes["by"].split("|"), "sex", "age"}


def test_every_null_stands_in_a_column_that_may_be_empty():
    tables = surveyed({"growth": growth()}).tables
    book = codebook({name: tables[name] for name in FILES})
    for name in FILES:
        for column in book.filter((pl.col("file") == name) & ~pl.col("nullable"))["column"]:
            assert tables[name][column].null_count() == 0, (name, column)


def test_the_public_sees_no_group_no_small_count_and_no_p_value():
    table = surveyed({"growth": growth()}).tables["survey_quality"]
    public = _STATISTICS["survey_quality"](table)
    assert set(public["by"]) == {"all"}
    assert public.select(pl.col("p", "low", "high", "beyond").null_count()).row(0) == (public.height,) * 4
    assert (public["n"].drop_nulls() % 5 == 0).all()
    assert public["n"].drop_nulls().min() >= 5
    assert set(public["why"]) == {""}
    values = {(row["statistic"], row["variable"]): row for row in public.iter_rows(named=True)}
    # 3 of 63 weights are missing: a share that would say so is left out, and so is one of nobody's.
    assert values["missing_share", "weight_kg"]["value"] is None
    assert values["missing_share", "length_cm"]["value"] is None
    # 23 scores are too few for any shape of theirs to be shown.
    assert values["sd", "wlz"]["value"] is None
    assert values["sd", "wlz"]["n"] == 20
    assert values["sex_ratio", "infant_sex"]["value"] == 2.0
    assert values["lying_from_24_months", "measured"]["value"] is None  # all of them
