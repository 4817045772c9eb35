"""What each level of privacy lets out: every byte of every output is searched for what was planted in the uploads."""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import milkqc
from milkqc import privacy
from milkqc.cli import commands
from milkqc.privacy.counts import LEAST, rounded

SITES = {"Ngorongoro Clinic": 26, "Quispicanchi Post": 24, "Zwartkops Ward": 3}
HOME = "Ngorongoro Clinic"
MAPPING = """
milkqc: 1
study: planted
title: A study with everything that must not get out
mae: {authority: IOM, basis: milk_concentration, set: [iodine, retinol]}
schedule: {birth: {day: 0, window: [0, 3]}, month_3: {day: 91, window: [61, 121]}}
study_start: "2020-12-01"
tables:
  people: {file: "people_*.csv"}
  bodies: {file: bodies.csv}
  lab: {file: lab.csv}
participants:
  from: people
  key: {participant_id: PID}
  columns:
    mother_id: {from: MID}
    household_id: {from: HOUSE}
    site: {from: SITE}
    team: {from: TEAM}
    arm: {from: ARM}
    infant_sex: {from: SEX, codes: {"1": male, "2": female}}
    infant_birth_date: {from: DOB, format: "%Y-%m-%d"}
    birth_weight_kg: {from: BW, unit: kg}
  extra:
    name: {from: NAME}
    note: {from: NOTE}
growth:
  from: bodies
  key: {participant_id: PID, visit: VISIT}
  columns:
    visit_date: {from: VDATE, format: "%Y-%m-%d"}
    weight_kg: {from: WEIGHT, unit: kg, missing: {"-9": mother of Xiomara refused}}
    length_cm: {from: LENGTH, unit: cm}
    measured: {do: constant, value: lying}
    observer: {from: WHO}
milk:
  from: lab
  key: {participant_id: PID, visit: VISIT, sample_id: TUBE}
  columns:
    sample_date: {from: SDATE, format: "%Y-%m-%d"}
    batch: {from: PLATE}
    method: {from: HOW}
  analytes:
    iodine: {from: IODINE, unit: ug/L}
    retinol: {from: RETINOL, unit: ug/L, measures: total_retinol, limit: 60}
expectations:
  - {rule: growth.visit.rare, off: Xiomara asked us to}
  - {rule: growth.weight_kg.range, max: 39, reason: Xiomara says that 40 is too much}
"""


@dataclass(frozen=True)
class Planted:
    """The mapping and uploads, and what was planted: texts by the site they belong to."""

    mapping: Path
    uploads: Path
    texts: dict[str, set[str]]


def person(site: str, place: int, number: int) -> dict[str, str]:
    """One mother's values, each found nowhere else: no date is one of another site's, or an end of its windows."""
    pid = f"{site[0]}K{7300 + number}"
    day = f"{1 + number % 28:02d}"
    return {
        "PID": pid,
        "MID": f"mum{pid}",
        "HOUSE": f"house{pid}",
        "SITE": site,
        "TEAM": f"team of {site.split()[0]}",
        "ARM": ("arm Crimson", "arm Indigo")[number % 2],
        "SEX": str(1 + number % 2),
        "DOB": f"2021-{(3, 1, 6)[place]:02d}-{day}",
        "VDATE": f"2021-{(6, 4, 9)[place]:02d}-{day}",
        "BW": f"3.1{number:02d}7",
        "NAME": f"Aurelia Winterbottom{number}",
        "NOTE": f"talk to uncle{number}",
        "WEIGHT": f"5.4{number:02d}3",
        "LENGTH": f"58.{number:02d}9",
        "WHO": f"Observer of {site.split()[0]}",
        "TUBE": f"tube{pid}",
        "PLATE": f"plate of {site.split()[1]}",
        "HOW": f"how {site.split()[0]} does it",
    }


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    uploads = folder / "uploads"
    uploads.mkdir()
    people: list[dict[str, str]] = []
    for place, (site, size) in enumerate(SITES.items()):
        people += [person(site, place, len(people) + each) for each in range(size)]
    texts = {
        site: {value for each in people if each["SITE"] == site for value in each.values()} for site in SITES
    }
    texts = {
        site: {text for text in found if len(text) > 1 and not text.startswith("arm ")}
        | {f"people_{site[0]}"}
        for site, found in texts.items()
    }
    for site in SITES:
        part = [each for each in people if each["SITE"] == site]
        pl.DataFrame(part).select(
            "PID", "MID", "HOUSE", "SITE", "TEAM", "ARM", "SEX", "DOB", "BW", "NAME", "NOTE"
        ).write_csv(uploads / f"people_{site[0]}.csv")
    bodies, lab = [], []
    for number, each in enumerate(people):
        # Three refused to be weighed, and two came at a visit that nobody had planned.
        visit = "at Xiomara's" if number in {4, 30} else "month_3"
        weight = "-9" if number in {5, 6, 31} else each["WEIGHT"]
        bodies.append({**each, "VISIT": visit, "WEIGHT": weight})
        # Iodine: all measured, three at or above 146 ug/L. Retinol: four below the limit of the assay.
        iodine = 150 + number if number in {7, 8, 32} else 60 + number
        retinol = "<60" if number in {9, 10, 33, 34} else str(300 + 10 * number)
        lab.append(
            {**each, "VISIT": visit, "SDATE": each["VDATE"], "IODINE": str(iodine), "RETINOL": retinol}
        )
    # An infant nobody enrolled, and a row without a participant.
    bodies.append({**bodies[0], "PID": "OK9999", "WEIGHT": "6.6661"})
    bodies.append({**bodies[0], "PID": "", "WEIGHT": "6.6662"})
    texts["nobody"] = {"OK9999", "6.6661"}
    pl.DataFrame(bodies).select("PID", "VISIT", "VDATE", "WEIGHT", "LENGTH", "WHO").write_csv(
        uploads / "bodies.csv"
    )
    pl.DataFrame(lab).select("PID", "VISIT", "TUBE", "SDATE", "PLATE", "HOW", "IODINE", "RETINOL").write_csv(
        uploads / "lab.csv"
    )
    mapping = folder / "planted.yaml"
    mapping.write_text(MAPPING)
    return Planted(mapping, uploads, texts)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from milkqc.cli import main; main()", *map(str, arguments)],
        capture_output=True, text=True, env=dict(os.environ), check=False,
    )  # fmt: skip


def here(*arguments: object) -> Result:
    """The command in this process, where the libraries are loaded once."""
    logger = logging.getLogger("milkqc")
    before = logger.handlers[:], logger.propagate, logger.level
    try:
        return CliRunner().invoke(commands, [str(each) for each in arguments])
    finally:
        logger.handlers[:], logger.propagate, logger.level = before


def out_of(planted: Planted, folder: Path, *options: str) -> Path:
    done = here(
        "run",
        planted.mapping,
        "--data",
        planted.uploads,
        "--out",
        folder,
        "--quiet",
        "--engine",
        "expressions",
        *options,
    )
    assert done.exit_code in {0, 1}, done.output
    return folder


@pytest.fixture(scope="module")
def internal(planted, tmp_path_factory) -> Path:
    return out_of(planted, tmp_path_factory.mktemp("internal") / "out")


@pytest.fixture(scope="module")
def public(planted, tmp_path_factory) -> Path:
    return out_of(planted, tmp_path_factory.mktemp("public") / "out", "--privacy", "public")


@pytest.fixture(scope="module")
def at_home(planted, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "out"
    return out_of(planted, folder, "--privacy", "site", "--site", HOME, "--format", "csv,parquet,dta,sav")


def said(folder: Path) -> dict[str, str]:
    """All that a folder says, by file: its name, its bytes, and what is compressed in it read out."""
    import pyreadstat

    told = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        if path.suffix == ".parquet":
            text += pl.read_parquet(path).write_csv()
        if path.suffix in {".dta", ".sav"}:
            read = pyreadstat.read_dta if path.suffix == ".dta" else pyreadstat.read_sav
            frame, meta = read(str(path))
            text += frame.to_csv() + str(meta.variable_value_labels) + str(meta.column_names_to_labels)
        told[path.relative_to(folder).as_posix()] = path.name + text
    return told


def leaks(folder: Path, texts: set[str]) -> dict[str, list[str]]:
    told = said(folder)
    found = {
        name: sorted(text for text in texts if text.lower() in all_.lower()) for name, all_ in told.items()
    }
    return {name: texts for name, texts in found.items() if texts}


# --- what was planted is there to be found -----------------------------------------------------------------------


def test_the_search_finds_everything_in_an_internal_run(planted, internal):
    found = {
        text for texts in leaks(internal, set().union(*planted.texts.values())).values() for text in texts
    }
    everything = set().union(*planted.texts.values()) - {"-9"}
    unread = {f"5.4{number:02d}3" for number in (5, 6, 31)}  # refused
    assert everything - found <= unread


def test_an_internal_run_is_what_a_run_without_the_option_is(planted, internal, tmp_path):
    again = out_of(planted, tmp_path / "out", "--privacy", "internal")
    one, other = said(internal), said(again)
    assert one.keys() == other.keys()
    assert {name for name in one if one[name] != other[name]} <= {"manifest.json"}
    assert "privacy" not in json.loads((internal / "manifest.json").read_text())


# --- site --------------------------------------------------------------------------------------------------------


def test_a_site_sees_nothing_of_the_others(planted, at_home):
    others = set().union(*(texts for site, texts in planted.texts.items() if site != HOME))
    assert leaks(at_home, others - planted.texts[HOME]) == {}


def test_a_site_sees_all_of_its_own_rows(at_home):
    for name, rows in (("participants", 26), ("growth", 26), ("milk", 52)):
        table = pl.read_parquet(at_home / "harmonized" / f"{name}.parquet")
        assert table.height == rows
        assert pl.read_parquet(at_home / "lineage" / f"{name}.parquet").height == rows
    assert pl.read_parquet(at_home / "analysis.parquet").height == 26


def test_the_figures_of_a_site_are_of_its_rows_alone(at_home):
    reference = pl.read_csv(at_home / "mae_reference.csv")
    assert set(reference["group"]) == {"all", f"site={HOME}"}
    assert reference["mothers"].max() == 25  # one of the 26 came at another visit
    checks = pl.read_csv(at_home / "checks.csv")
    looked = dict(checks.select("rule_id", "looked_at").iter_rows())
    assert (looked["growth.length_cm.impossible"], looked["growth.participant.unknown"]) == (26, 26)
    assert looked["growth.weight_kg.impossible"] == 24  # two refused
    inputs = {
        each["file"]: each["rows"] for each in json.loads((at_home / "manifest.json").read_text())["inputs"]
    }
    assert inputs == {"people_N.csv": 26, "bodies.csv": 26, "lab.csv": 26}


def test_the_people_behind_completeness_are_those_of_the_site_alone(planted, internal, at_home):
    def people(folder: Path) -> pl.DataFrame:
        return pl.read_csv(folder / "completeness.csv", infer_schema=False)

    everybody, own = people(internal), people(at_home)
    assert set(everybody["site"]) == set(SITES)
    # the site's data end earlier than the study's, so that more of its windows are still open
    key = ["visit", "variable", "participant_id", "window_to"]
    home = everybody.filter(pl.col("site") == HOME)
    assert own.select(key).sort(key).rows() == home.select(key).sort(key).rows()
    refused = own.filter((pl.col("variable") == "weight_kg") & (pl.col("why") != "no row"))
    assert refused["participant_id"].to_list() == ["NK7305", "NK7306"]
    told = json.loads((at_home / "report.json").read_text())["statistics"]["scheduled_people"]
    assert told["total"] == own.height
    assert {row["site"] for row in told["rows"]} == {HOME}


def test_no_arm_stands_beside_the_people_behind_completeness(internal):
    told = (internal / "completeness.csv").read_text()
    assert "arm" not in told.splitlines()[0].split(",")
    assert "Crimson" not in told
    assert "Indigo" not in told


def test_what_belongs_to_no_site_is_left_out_and_said(at_home):
    manifest = json.loads((at_home / "manifest.json").read_text())
    told = manifest["privacy"]
    assert (told["level"], told["site"]) == ("site", HOME)
    assert told["without_a_site"]["growth"] == 1
    assert told["without_a_site"]["rejected"] == 1
    assert manifest["reconciliation"] == []
    assert pl.read_csv(at_home / "rejected.csv").is_empty()
    assert {path.stem for path in (at_home / "findings_by_site").iterdir()} == {
        "ngorongoro_clinic",
        "no_site",
    }


def test_findings_of_a_site_keep_their_ids(internal, at_home):
    def rows(folder: Path) -> pl.DataFrame:
        found = pl.read_csv(folder / "findings.csv", infer_schema=False)
        return found.filter((pl.col("site") == HOME) & (pl.col("engine") != "reading"))

    assert rows(at_home)["finding_id"].to_list() == rows(internal)["finding_id"].to_list()


def test_a_participant_at_two_sites_is_at_none():
    people = pl.DataFrame(
        {
            "participant_id": ["a", "b", "b", "c"],
            "row_id": ["a", "b1", "b2", "c"],
            "site": ["X", "X", "Y", None],
        }
    )
    tables = {
        name: pl.DataFrame(schema={"row_id": pl.String})
        for name in ("visits", "growth", "milk", "biomarkers")
    }
    drafts = pl.DataFrame(schema={"table": pl.String, "row_id": pl.String, "rule_id": pl.String,
                                  "variable": pl.String, "n_rows": pl.Int64})  # fmt: skip
    kept = privacy.at_site(
        {**tables, "participants": people}, drafts, (), controls=pl.DataFrame(), site="X", rejected=0
    )
    assert kept.tables["participants"]["row_id"].to_list() == ["a"]
    assert kept.left_out["participants"] == 3


# --- public ------------------------------------------------------------------------------------------------------


def test_a_public_run_writes_aggregates_only(public):
    assert set(said(public)) == {
        "mae_reference.csv", "checks.csv", "survey_quality.csv", "harmonisation.csv", "codebook.csv", "datapackage.json", "report.html",
        "report.json", "manifest.json",
    }  # fmt: skip


def test_a_public_run_says_nothing_that_was_planted(planted, public):
    texts = set().union(*planted.texts.values())
    people = {
        "Xiomara",
        "Winterbottom",
        "Crimson",
        "Indigo",
        "uncle",
        "bodies.csv",
        "lab.csv",
        "planted.yaml",
    }
    assert leaks(public, texts | people) == {}


def test_a_public_run_names_nobody_behind_completeness(internal, public):
    assert (internal / "completeness.csv").is_file()
    assert not (public / "completeness.csv").exists()
    for name in ("report.html", "report.json"):
        told = (public / name).read_text()
        assert "scheduled_people" not in told
        assert "outside_window" not in told
        assert "not_due" not in told


def test_a_public_run_has_no_date(public):
    dated = re.compile(r"(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d|\d\d:\d\d:\d\d")
    assert {name: dated.findall(text) for name, text in said(public).items() if dated.search(text)} == {}
    assert "created" not in json.loads((public / "manifest.json").read_text())


COUNTS = {
    "mae_reference": [
        "mothers", "results", "measured", "censored", "below", "at_or_above", "undetermined", "not_comparable",
        "outside_age", "not_measured",
    ],
    "checks": ["looked_at", "failed", "not_judged", "findings"],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_no_public_count_is_below_five(public, name):
    table = pl.read_csv(public / f"{name}.csv", infer_schema=False)
    for column in COUNTS[name]:
        shown = table[column].filter(table[column] != "<5").cast(pl.Int64)
        assert table[column].null_count() == 0
        assert ((shown >= LEAST) & (shown % LEAST == 0)).all()


def test_small_counts_of_the_study_are_small_no_more_in_public(internal, public):
    """Two at or above iodine's estimate, two results of retinol beyond the assay: neither they nor their shares."""

    def row(folder: Path, analyte: str) -> dict[str, str]:
        table = pl.read_csv(folder / "mae_reference.csv", infer_schema=False)
        here = (pl.col("analyte") == analyte) & (pl.col("visit") == "month_3") & (pl.col("group") == "all")
        rows = table.filter(here & (pl.col("basis") == "milk_concentration"))
        return rows.sort(pl.col("results").str.to_integer(strict=False)).row(-1, named=True)

    iodine, retinol = row(internal, "iodine"), row(internal, "retinol")
    assert (iodine["results"], iodine["below"], iodine["at_or_above"]) == ("25", "23", "2")
    assert (retinol["censored"], retinol["measured"]) == ("2", "23")
    iodine, retinol = row(public, "iodine"), row(public, "retinol")
    assert (iodine["results"], iodine["below"], iodine["at_or_above"]) == ("25", "20", "<5")
    assert iodine["percent_below"] is iodine["percent_below_low"] is iodine["percent_below_high"] is None
    assert (retinol["censored"], retinol["measured"], retinol["percent_censored"]) == ("<5", "20", None)


def test_the_public_report_has_no_small_count_either(public):
    told = json.loads((public / "report.json").read_text())
    counts = {"mothers", "results", "below", "n", "flagged", "rows", "present", "missing", "censored", "looked_at",
              "findings"}  # fmt: skip
    seen = [
        value
        for part in told["parts"]
        for row in part["rows"]
        for name, value in row.items()
        if name in counts
    ]
    assert len(seen) > 30
    assert "<5" in seen
    assert all(value == "<5" or (value >= LEAST and value % LEAST == 0) for value in seen)
    assert {part["name"] for part in told["parts"]} >= {"mae_reference", "zscores", "missing"}
    assert {row["visit"] for part in told["parts"] for row in part["rows"] if "visit" in row} == {"month_3"}


def test_the_public_report_is_one_page_without_a_request(public):
    page = (public / "report.html").read_text()
    assert "&lt;5" in page
    assert not re.search(r"<script|https?:|src=|<link", page)


def test_the_verdict_is_public_and_its_findings_are_not(internal, public):
    inside, outside = (json.loads((folder / "manifest.json").read_text()) for folder in (internal, public))
    assert inside["verdict"] == outside["verdict"] == "fail"
    assert inside["exit_code"] == outside["exit_code"] == 1
    assert outside["verdict_reason"] == "Open findings of the severity that counts decided it."


def test_a_public_run_leaves_nothing_of_an_internal_one_in_its_folder(planted, tmp_path):
    out_of(planted, tmp_path / "out")
    out_of(planted, tmp_path / "out", "--privacy", "public")
    assert leaks(tmp_path / "out", set().union(*planted.texts.values())) == {}


def test_an_unknown_statistic_stays_inside(planted):
    from dataclasses import replace

    result = milkqc.run(planted.mapping, data=planted.uploads)
    more = {**result.statistics, "by_team": pl.DataFrame({"team": ["team of Ngorongoro"], "n": [3]})}
    published = privacy.publish(replace(result, statistics=more))
    assert set(published.statistics) == {
        "missing", "censored", "zscores", "zscore_bins", "ages", "survey_quality", "harmonisation",
    }  # fmt: skip
    assert all(
        published.table(name).is_empty()
        for name in ("participants", "visits", "growth", "milk", "biomarkers")
    )
    assert published.findings.height == published.rejected.height == published.analysis.height == 0
    assert (published.lineage, published.origins, published.reconciliation) == ({}, (), ())
    assert not {"unblinded", "study_start", "not_collected", "rules_off"} & set(published.settings)


# --- nothing is worked out from what stands beside it -------------------------------------------------------------


def shown(count: int) -> int | None:
    return pl.DataFrame({"n": [count]}).select(rounded(pl.col("n"))).item()


def candidates(parts: list[int | None], total: int | None) -> list[set[int]]:
    """For each part that is not shown, what it can be, given all that is shown and that the parts make the total."""
    low = [part or 0 for part in parts]
    high = [each + 4 for each in low]
    least, most = total or 0, (total or 0) + 4
    return [
        {
            value
            for value in range(LEAST)
            if sum(low) - low[place] + value <= most and sum(high) - high[place] + value >= least
        }
        for place, part in enumerate(parts)
        if part is None
    ]


@pytest.mark.parametrize("parts", [2, 3, 4, 6])
@given(data=st.data())
def test_a_total_never_reveals_a_part(parts, data):
    """present + missing; measured + censored + not measured; the six outcomes of the comparison."""
    counts = data.draw(st.lists(st.integers(0, 24), min_size=parts, max_size=parts))
    for found, count in zip(
        candidates([shown(count) for count in counts], shown(sum(counts))),
        [count for count in counts if count < LEAST],
        strict=True,
    ):
        assert count in found
        assert len(found) >= 2


def test_two_parts_are_never_pinned_down_by_any_total():
    for one, other in itertools.product(range(40), repeat=2):
        assert all(len(found) > 1 for found in candidates([shown(one), shown(other)], shown(one + other)))


# --- the option ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--privacy", "site"], "--privacy site and --site NAME go together."),
        (["--site", HOME], "--privacy site and --site NAME go together."),
        (
            ["--privacy", "public", "--format", "dta"],
            "--privacy public writes no rows: leave dta out of --format.",
        ),
    ],
)
def test_options_that_contradict_each_other_write_nothing(planted, tmp_path, options, message):
    done = here("run", planted.mapping, "--data", planted.uploads, "--out", tmp_path / "out", *options)
    assert done.exit_code == 2
    assert message in done.output
    assert not (tmp_path / "out").exists()


def test_an_unknown_site_writes_nothing_and_names_the_known_ones(planted, tmp_path):
    out = tmp_path / "out"
    done = command(
        "run",
        planted.mapping,
        "--data",
        planted.uploads,
        "--out",
        out,
        "--privacy",
        "site",
        "--site",
        "Nowhere",
    )
    assert done.returncode == 2
    known = "Ngorongoro Clinic, Quispicanchi Post, Zwartkops Ward"
    assert f"--site Nowhere: no participant is at this site. Choose from: {known}." in done.stderr
    assert not out.exists()


def test_the_demo_takes_the_option(tmp_path):
    done = here("demo", "--out", tmp_path, "--privacy", "public", "--quiet")
    assert done.exit_code == 0, done.output
    assert leaks(tmp_path / "out", {"SIM-0", "Simulated site", "Team 1"}) == {}
    assert "Findings are counted in checks.csv; none is listed." in done.output
