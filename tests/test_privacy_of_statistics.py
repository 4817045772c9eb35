"""Survey quality, growth curves, the MAE's sensitivity and the people behind completeness, at each level of privacy."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest

from milkqc import pipeline
from milkqc.deliver import deliver, deliver_public
from milkqc.demo import write_uploads

HOME, OTHER = "Simulated site A", "Simulated site B"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("statistics")
    return write_uploads(folder), folder


@pytest.fixture(scope="module")
def whole(study):
    mapping, folder = study
    return pipeline.run(mapping, data=folder / "uploads", engine="expressions")


@pytest.fixture(scope="module", params=[HOME, OTHER])
def site(request, study):
    mapping, folder = study
    result = pipeline.run(mapping, data=folder / "uploads", site=request.param, engine="expressions")
    out = folder / request.param[-1]
    deliver(result, out, formats=("csv",))
    return request.param, result, out


def people(result, site):
    """Everybody's ids, by whether they are of the site."""
    frame = result.participants
    own = set(frame.filter(pl.col("site") == site)["participant_id"])
    return own, set(frame["participant_id"]) - own


def table(out, name):
    return pl.read_csv(out / f"{name}.csv", infer_schema=False)


def test_a_site_measures_itself_by_its_own_rows(whole, site):
    name, result, out = site
    quality = table(out, "survey_quality")
    everybody = whole.statistics["survey_quality"].filter(
        (pl.col("by") == "site") & (pl.col("group") == name)
    )
    own = quality.filter(pl.col("by") == "all")
    key = ["statistic", "variable", "n"]
    # which readings of a length are repeats is decided for all rows that are read together
    same = pl.col("statistic") != "tem"
    everybody = everybody.with_columns(pl.col("n").cast(pl.String))
    assert (
        own.filter(same).select(key).sort(key).rows() == everybody.filter(same).select(key).sort(key).rows()
    )
    assert own.height > 30
    for file in ("survey_quality", "survey_digits", "survey_positions"):
        told = table(out, file)
        assert set(told.filter(pl.col("by") == "site")["group"]) <= {name}
        teams = set(told.filter(pl.col("by") == "team")["group"])
        assert teams <= set(result.growth["team"])
        assert teams or file != "survey_quality"


def test_growth_curves_of_a_site_are_of_its_children(whole, site):
    name, _, out = site
    own, others = people(whole, name)
    drawn = whole.statistics["growth_curves"]
    assert drawn["participant_id"].n_unique() > 3  # there is something to keep apart
    page, told = ((out / f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "json"))
    curves = {row["participant_id"] for row in json.loads(told)["statistics"]["growth_curves"]["rows"]}
    # What is unusual is judged among the rows there are, so that a site alone may ask about another of its children.
    assert set(drawn["participant_id"]) & own <= curves <= own
    assert [one for one in others if one in page or one in told] == []


def test_the_sensitivity_of_a_site_counts_its_results_alone(whole, site):
    name, _, out = site
    assert table(out, "mae_sensitivity").height == whole.statistics["mae_sensitivity"].height
    reference = whole.mae_reference.filter(
        (pl.col("group") == f"site={name}") & (pl.col("basis") == "milk_concentration")
    )
    judged = dict(
        reference.filter(pl.col("visit") == "month_3")
        .select("analyte", pl.sum_horizontal("below", "at_or_above").cast(pl.String))
        .iter_rows()
    )
    told = table(out, "mae_sensitivity")
    assert dict(told.select("analyte", "judged").iter_rows()) == {
        name: judged[name] for name in told["analyte"]
    }


def test_the_absent_of_a_site_are_its_own(whole, site):
    name, _, out = site
    own, _ = people(whole, name)
    told = table(out, "completeness")
    assert set(told["site"]) == {name}
    assert set(told["participant_id"]) <= own


def test_the_public_know_nobody_no_day_and_no_small_count(whole, tmp_path):
    deliver_public(whole, tmp_path / "out")
    own, others = people(whole, HOME)
    hidden = own | others | set(whole.participants["site"].drop_nulls())
    assert {path.stem for path in (tmp_path / "out").iterdir()}.isdisjoint(
        {"mae_sensitivity", "completeness", "survey_digits", "survey_positions"}
    )
    for path in (tmp_path / "out").iterdir():
        text = path.read_text(encoding="utf-8")
        assert [one for one in hidden if re.search(rf"\b{re.escape(one)}\b", text)] == [], path.name
        assert not re.search(r"20\d\d-\d\d-\d\d", text), path.name
        assert not re.search("growth_curve|would_be|with_open_findings", text), path.name
    quality = table(tmp_path / "out", "survey_quality")
    assert set(quality["by"]) == {"all"}
    shown = quality["n"].filter(quality["n"] != "<5").cast(pl.Int64)
    assert (shown % 5 == 0).all()
    assert shown.min() >= 5
    # four of the 373 rows have a flagged score: 1.1 % of 370 would tell it
    assert (
        whole.statistics["survey_quality"]
        .filter(pl.col("by") == "all", pl.col("statistic") == "flagged_smart", pl.col("variable") == "laz")[
            "value"
        ]
        .item()
        > 0
    )
    small = quality.filter(pl.col("statistic") == "flagged_smart", pl.col("variable") == "laz")
    assert small.select("value", "class", "p").row(0) == (None, None, None)
