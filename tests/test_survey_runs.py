"""Two real surveys from end to end, through the command line: a SMART survey, and clinic records in long form."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from milkqc import catalogue


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    code: int
    growth: pl.DataFrame
    participants: pl.DataFrame
    visits: pl.DataFrame
    findings: pl.DataFrame
    checks: pl.DataFrame
    manifest: dict[str, object]
    seconds: dict[str, float]

    def flags(self, index: str) -> int:
        return int(self.growth[f"{index}_flag"].sum())

    def found(self) -> dict[str, int]:
        return dict(self.findings.group_by("rule_id").len().iter_rows())


def ran(study: str, shared: Path, folder: Path) -> Run:
    mapping = catalogue.find("mappings", study)
    assert mapping is not None
    done = subprocess.run(
        [sys.executable, "-c", "from milkqc.cli import main; main()", "run", mapping,
         "--data", shared / "fixtures" / "growth", "--out", folder / "out", "--timings", folder / "timings.json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    out = folder / "out"
    tables = {
        name: pl.read_parquet(out / "harmonized" / f"{name}.parquet")
        for name in ("growth", "participants", "visits")
    }
    return Run(
        done.returncode,
        **tables,
        findings=pl.read_csv(out / "findings.csv", infer_schema=False),
        checks=pl.read_csv(out / "checks.csv", infer_schema=False),
        manifest=json.loads((out / "manifest.json").read_text("utf-8")),
        seconds=json.loads((folder / "timings.json").read_text("utf-8")),
    )


@pytest.fixture(scope="module")
def smart(shared, tmp_path_factory) -> Run:
    return ran("smart_survey", shared, tmp_path_factory.mktemp("smart"))


@pytest.fixture(scope="module")
def syngrowth(shared, tmp_path_factory) -> Run:
    return ran("syngrowth", shared, tmp_path_factory.mktemp("syngrowth"))


@pytest.fixture(params=["smart", "syngrowth"])
def either(request) -> Run:
    return request.getfixturevalue(request.param)


def test_every_row_that_was_read_is_accounted_for(either):
    blocks = either.manifest["reconciliation"]
    assert all(
        block["read"] == block["used"] + block["set_aside"] + block["rejected"] > 0 for block in blocks
    )
    assert all(block["rejected"] == 0 == block["set_aside"] for block in blocks)


def test_no_check_broke_and_none_could_not_run(either):
    assert set(either.checks["status"]) <= {"ran", "nothing_to_look_at", "not_applicable", "skipped"}


def test_a_survey_takes_seconds(either):
    # About 4 s on two idle cores, half of it for importing Great Expectations: the limit is for a slip that makes
    # a step quadratic, not for a busy machine.
    assert sum(took for step, took in either.seconds.items() if step != "rules") < 60


# --- the SMART survey ------------------------------------------------------------------------------------------


def test_children_of_one_household_stay_apart(smart):
    people = smart.participants
    assert people.height == smart.growth.height == smart.visits.height == 651
    households = people.group_by("household_id").agg(children=pl.len(), sexes=pl.col("infant_sex").n_unique())
    assert households.height == 379
    assert (households["children"] > 1).sum() == 212
    assert (households["sexes"] > 1).sum() == 125
    assert "participants.key.repeated" not in smart.found()


def test_one_length_for_age_and_two_weight_for_length_flags(smart):
    assert (smart.flags("laz"), smart.flags("wlz"), smart.flags("waz")) == (1, 2, 0)
    assert smart.growth["laz"].count() == 513  # all that were measured


def test_37_children_were_measured_in_the_other_position(smart):
    told = smart.found()
    assert told["growth.position.age"] + told["growth.position.not_believed"] == 37
    months = smart.growth.with_columns(young=pl.col("age_reported_days") < 24 * 30.4375)
    apart = months.filter((pl.col("measured") == "standing") == pl.col("young"))
    positions = smart.findings.filter(
        pl.col("rule_id").is_in(["growth.position.age", "growth.position.not_believed"])
    )
    assert sorted(apart["row_id"]) == sorted(positions["row_id"])


def test_ages_of_98_and_335_months_are_kept_and_said(smart):
    old = smart.growth.filter(pl.col("age_reported_days") > 70 * 30.4375)
    months = (old["age_reported_days"] / 30.4375).round(6).to_list()
    assert sorted(months) == [98.0] * 6 + [335.0]
    assert old["laz"].is_null().all()
    outside = smart.findings.filter(pl.col("rule_id") == "growth.visit.outside_window")
    assert set(old["row_id"]) < set(outside["row_id"])
    assert all(
        float(value) >= 60 * 30.4375 for value in outside["value"]
    )  # 60 completed months are not under five


def test_dates_give_the_age_where_they_are_known_and_agree_with_the_months(smart):
    assert dict(smart.growth.group_by("age_basis").len().iter_rows()) == {"dates": 328, "reported": 323}
    assert "growth.age.disagrees" not in smart.found()


def test_a_supervisor_who_looked_again_has_the_last_word_on_oedema(smart):
    oedema = smart.growth.filter("oedema")
    assert oedema.height == 1
    assert oedema["waz"].null_count() == oedema["wlz"].null_count() == 1
    assert oedema["laz"].null_count() == 0


def test_a_survey_of_this_quality_has_few_findings_and_no_false_alarm(smart):
    """Each rule that finds something is one that a survey manager asked for; a cell "NA" is not an unknown code."""
    assert smart.code == 0
    assert smart.found() == {
        # half of the birthdays were guessed: months pile up modulo 12 with p = 9e-8
        "growth.age.heaping": 1,
        # of 21 teams and measures one: lengths of team 4 end in 0, 3 and 7 (score 23.0, p = 4e-5)
        "growth.digits.preference": 1,
        "growth.position.age": 36,
        "growth.position.not_believed": 1,
        "growth.position.often": 1,
        "growth.visit.outside_window": 23,
        "growth.laz.flag": 1,
        "growth.wlz.flag": 2,
        "growth.baz.flag": 2,
    }


# --- clinic records --------------------------------------------------------------------------------------------


def test_every_measurement_is_kept_and_scored(syngrowth, shared):
    records = pl.read_csv(shared / "fixtures" / "growth" / "syngrowth_u5.csv")
    lengths = records.filter(pl.col("param") == "HEIGHTCM").height
    growth = syngrowth.growth
    assert growth["weight_kg"].count() + growth["length_cm"].count() == records.height == 13425
    assert growth["laz"].count() == lengths
    scored = growth.filter(pl.col("weight_kg").is_not_null() & (pl.col("age_days") < 1826.25))
    assert scored["waz"].null_count() == 0


def test_2773_measurements_repeat_a_child_a_day_and_a_parameter(syngrowth):
    growth = syngrowth.growth
    both = pl.col("weight_kg", "length_cm")
    counts = growth.group_by("infant_id", "visit").agg(both.count().cast(pl.Int64))
    again = counts.select((both - 1).clip(lower_bound=0)).sum().sum_horizontal()
    assert again.item() == 2773
    assert not {"growth.key.repeated", "growth.rows.identical"} & set(syngrowth.found())


def test_77_weights_and_94_lengths_are_flagged(syngrowth):
    assert (syngrowth.flags("waz"), syngrowth.flags("laz")) == (77, 94)
    told = syngrowth.found()
    assert (told["growth.waz.flag"], told["growth.laz.flag"]) == (77, 94)


def test_each_child_has_one_sex(syngrowth):
    assert syngrowth.participants.height == 509
    assert set(syngrowth.participants["infant_sex"]) == {"male", "female"}
    assert "reading.repeat.conflict" not in syngrowth.found()


def test_lengths_without_a_position_are_scored_as_they_stand(syngrowth):
    measured = syngrowth.growth.filter(pl.col("length_cm").is_not_null())
    assert measured["length_for_score_cm"].equals(measured["length_cm"])
    assert measured["measured_assumed"].all()


def test_a_flagged_length_does_not_make_the_next_one_shrink(syngrowth):
    shrunk = syngrowth.findings.filter(pl.col("rule_id").str.starts_with("growth.length.shrinks"))
    before = shrunk.select(pl.col("expected").str.extract(r"about ([0-9.]+) cm").cast(pl.Float64)).to_series()
    flagged = syngrowth.growth.filter("laz_flag")
    assert 0 < shrunk.height < 125
    assert before.max() < 140
    assert not set(shrunk["row_id"]) & set(flagged["row_id"])


def test_days_of_life_are_not_taken_for_misspelt_visits(syngrowth):
    """The mapping switches the rule off and says why; the ledger repeats it."""
    rare = syngrowth.checks.filter(pl.col("rule_id") == "growth.visit.rare").row(0, named=True)
    assert rare["status"] == "skipped"
    assert rare["why"].startswith("Switched off by the study: The visit is the day of life")


def test_the_habits_of_these_records_are_six_warnings_and_not_a_flood(syngrowth):
    findings = syngrowth.findings
    habits = findings.filter(pl.col("row_id") == "*", pl.col("rule_id").str.ends_with("_often"))
    assert dict(habits.select("rule_id", "n_rows").rows()) == {
        "growth.baz.flag_often": "181",
        "growth.length.shrinks_often": "80",
        "growth.length_cm.same_day_often": "217",
        "growth.visit.copied_often": "334",
        "growth.weight_kg.same_day_often": "305",
        "growth.wlz.flag_often": "134",
    }
    for rule, listed in (("weight_kg", 305), ("length_cm", 217)):
        rows = findings.filter(pl.col("rule_id") == f"growth.{rule}.same_day_in_group")
        root = habits.filter(pl.col("rule_id") == f"growth.{rule}.same_day_often")["finding_id"].item()
        assert (rows.height, rows["cause_id"].unique().to_list()) == (listed, [root])
    # Rows behind a habit inform; WHO's flags of one measure, and what cannot be true, ask about each row.
    behind = findings.filter(
        pl.col("rule_id").is_in(["growth.baz.flag", "growth.wlz.flag", "growth.length.shrinks"])
    )
    assert dict(behind["rule_id"].value_counts().rows()) == {
        "growth.baz.flag": 181,
        "growth.wlz.flag": 134,
        "growth.length.shrinks": 80,
    }
    assert set(behind["severity"]) == {"info"}
    flags = findings.filter(pl.col("rule_id").is_in(["growth.laz.flag", "growth.waz.flag"]))
    assert dict(flags["rule_id"].value_counts().rows()) == {"growth.laz.flag": 94, "growth.waz.flag": 77}
    assert set(flags["severity"]) == {"warning"}
    asked = findings.filter(pl.col("severity") != "info")
    rows = syngrowth.growth.height + syngrowth.participants.height
    assert asked.select("table", "row_id").n_unique() < 0.02 * rows
