"""Real infants through the shipped mapping: the US Collaborative Perinatal Project, 1,912 visits of 500 infants."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

import milkqc

MAPPING = Path(__file__).parents[2] / "mappings" / "cpp.yaml"
FLAGS = ("laz_flag", "waz_flag", "wlz_flag", "baz_flag")


@pytest.fixture(scope="module")
def result(shared):
    return milkqc.run(MAPPING, data=shared / "fixtures" / "growth")


def test_every_infant_and_visit_arrives(result):
    assert result.participants.height == 500
    assert result.growth.height == 1912
    assert result.rejected.height == 0


def test_exactly_three_rows_are_flagged_by_who_limits(result):
    flagged = result.growth.filter(pl.any_horizontal(pl.col(name).fill_null(value=False) for name in FLAGS))
    assert sorted(flagged["row_id"]) == ["126|1", "139|1", "472|366"]


def test_the_published_scores_come_out_again(result, shared):
    """The file holds the scores that were published with it; ours agree wherever both exist (to the age of five)."""
    import pyreadstat

    table, _ = pyreadstat.read_dta(str(shared / "fixtures" / "growth" / "cpp.dta"))
    published = pl.DataFrame(
        {
            "row_id": [
                f"{infant}|{age}" for infant, age in zip(table["subjid"], table["agedays"], strict=True)
            ],
            **{name: table[name].to_numpy() for name in ("waz", "haz", "whz", "baz")},
        }
    ).with_columns(pl.exclude("row_id").fill_nan(None))
    both = result.growth.select("row_id", "waz", "laz", "wlz", "baz").join(
        published, on="row_id", validate="1:1"
    )
    for ours, theirs, rows in (
        ("waz", "waz", 1525),
        ("laz", "haz", 1054),
        ("wlz", "whz", 1048),
        ("baz", "baz_right", 1054),
    ):
        seen = both.filter(pl.col(ours).is_not_null() & pl.col(theirs).is_not_null())
        assert seen.height == rows
        assert (seen[ours] - seen[theirs]).abs().max() < 1e-9


def test_the_sas_transport_file_lacks_seventeen_columns_and_gives_the_same_growth(result, shared, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(shared / "fixtures" / "growth" / "cpp.xpt", data)
    mapping = tmp_path / "cpp.yaml"
    mapping.write_text(MAPPING.read_text("utf-8").replace("file: cpp.dta", "file: cpp.xpt"), "utf-8")
    transport = milkqc.run(mapping, data=data)
    columns = ["row_id", "weight_kg", "length_cm", "measured", "age_days", "waz", "laz", "wlz", "baz"]
    assert transport.growth.select(columns).equals(result.growth.select(columns))
    assert transport.participants["mother_age_years"].null_count() == 500
