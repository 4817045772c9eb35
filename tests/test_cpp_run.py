"""The real CPP study from end to end: Stata, SPSS and SAS give the same growth table, and three rows are flagged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from milkqc import catalogue

FLAGS = ("laz", "waz", "wlz", "baz", "hcz", "acz", "tsz", "ssz")


@pytest.fixture(scope="module")
def runs(shared, tmp_path_factory):
    """The outputs of the command line for cpp.dta, cpp.sav and cpp.xpt."""
    folder = tmp_path_factory.mktemp("cpp")
    mapping = catalogue.find("mappings", "cpp")
    assert mapping is not None
    text = mapping.read_text()
    made: dict[str, Path] = {}
    for kind in ("dta", "sav", "xpt"):
        assert "cpp.dta}" in text
        (folder / f"{kind}.yaml").write_text(text.replace("cpp.dta}", f"cpp.{kind}}}"))
        done = subprocess.run(
            [sys.executable, "-c", "from milkqc.cli import main; main()", "run", folder / f"{kind}.yaml",
             "--data", shared / "fixtures" / "growth", "--out", folder / kind],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        made[kind] = folder / kind
    return made


def growth(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "harmonized" / "growth.parquet")


def test_all_visits_of_all_infants_are_there(runs):
    table = growth(runs["dta"])
    assert table.height == 1912
    assert table["infant_id"].n_unique() == 500
    assert pl.read_parquet(runs["dta"] / "harmonized" / "participants.parquet").height == 500


def test_exactly_three_rows_carry_a_who_flag(runs):
    table = growth(runs["dta"])
    flagged = table.filter(pl.any_horizontal(pl.col(f"{name}_flag").fill_null(False) for name in FLAGS))
    assert flagged["row_id"].to_list() == ["126|1", "139|1", "472|366"]


@pytest.mark.parametrize("kind", ["sav", "xpt"])
def test_the_other_formats_give_the_same_growth_table(runs, kind):
    assert growth(runs[kind]).equals(growth(runs["dta"]))


def test_published_scores_agree_to_the_last_digit_up_to_five_years(runs, shared):
    import pyreadstat

    published, _ = pyreadstat.read_dta(shared / "fixtures" / "growth" / "cpp.dta")
    published = pl.from_pandas(published[["subjid", "agedays", "waz", "haz"]]).with_columns(
        row_id=pl.concat_str(
            [pl.col("subjid").cast(pl.String), pl.lit("|"), pl.col("agedays").cast(pl.String)]
        )
    )
    both = growth(runs["dta"]).join(published.rename({"waz": "their_waz", "haz": "their_haz"}), on="row_id")
    young = both.filter(pl.col("age_days") < 1826)
    assert young.height > 1400
    apart = young.filter(((pl.col("waz") - pl.col("their_waz")).abs() > 0.0101).fill_null(False))
    assert apart.is_empty()
