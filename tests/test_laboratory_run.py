"""A study with control materials through the whole run: findings of batches, their statistics, their page."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import milkqc
from milkqc import privacy
from milkqc.deliver import deliver
from milkqc.report import render

MAPPING = """\
milkqc: 1
study: plates
tables: {people: {file: people.csv}, lab: {file: lab.csv}}
participants: {from: people, key: {participant_id: PID}, columns: {site: SITE}}
milk:
  from: lab
  key: {participant_id: PID, visit: {do: constant, value: m3}, sample_id: TUBE}
  columns: {batch: PLATE}
  analytes: {vitamin_b12: {from: B12, unit: pmol/L, substance: cyanocobalamin, limit: 20}}
  controls: {from: TYPE, blank: [BLK], control: [LOW, HIGH], duplicate: [DUP], order: POS,
             targets: {LOW: {vitamin_b12: {mean: 80, sd: 4, unit: pmol/L}},
                       HIGH: {vitamin_b12: {mean: 300, sd: 12, unit: pmol/L}}}}
"""
SITES = {"B1": "North", "B2": "North", "B3": "South", "B4": "South", "B5": "South"}


def uploads(folder, *, controls: bool = True):
    """Five plates of 24; B4 is written in pg/mL."""
    rng = np.random.default_rng(2)
    people, lab, n = ["PID,SITE"], ["PID,TUBE,PLATE,TYPE,POS,B12"], 0
    for plate, site in SITES.items():
        times = 1.355368 if plate == "B4" else 1.0
        rows = [("", "", "BLK", "<20")]
        rows += [("", "", kind, f"{mean * times * np.exp(0.02 * rng.standard_normal()):.0f}")
                 for kind, mean in (("LOW", 80), ("HIGH", 300)) for _ in range(2)]  # fmt: skip
        for _ in range(24):
            n += 1
            people.append(f"P{n:03},{site}")
            rows.append(
                (f"P{n:03}", f"T{n:03}", "S", f"{150 * times * np.exp(0.6 * rng.standard_normal()):.0f}")
            )
        rows.append((rows[-1][0], rows[-1][1], "DUP", rows[-1][3]))
        kept = rows if controls else [row for row in rows if row[2] == "S"]
        lab += [
            f"{pid},{tube},{plate},{kind},{place},{b12}"
            for place, (pid, tube, kind, b12) in enumerate(kept, 1)
        ]
    (folder / "people.csv").write_text("\n".join(people) + "\n", "utf-8")
    (folder / "lab.csv").write_text("\n".join(lab) + "\n", "utf-8")
    (folder / "study.yaml").write_text(MAPPING, "utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return uploads(tmp_path_factory.mktemp("plates"))


@pytest.fixture(scope="module")
def result(folder):
    return milkqc.run(folder / "study.yaml", data=folder)


def batch_findings(result):
    found = result.findings.filter(pl.col("rule_id").str.starts_with("milk.batch."))
    return found.select("rule_id", "row_id", "variable").rows()


def test_the_plate_in_pg_ml_is_named_and_its_controls_follow_from_it(result):
    assert batch_findings(result) == [
        ("milk.batch.unit", "batch=B4", "vitamin_b12"),
        ("milk.batch.westgard", "batch=B4", "vitamin_b12"),
    ]
    found = result.findings.filter(pl.col("rule_id").str.starts_with("milk.batch."))
    assert found["cause_id"].n_unique() == 1
    assert "if the unit is pg/mL, not pmol/L" in found["message"][0]


def test_without_controls_nobody_can_see_it(tmp_path):
    study = uploads(tmp_path, controls=False)
    assert batch_findings(milkqc.run(study / "study.yaml", data=study)) == []


def test_the_batches_in_numbers(result):
    batches = result.statistics["laboratory_batches"]
    assert batches.select(
        "batch", "order", "results", "blanks", "blanks_high", "duplicates", "controls"
    ).rows() == [(name, place, 24, 1, 0, 1, 4) for place, name in enumerate(SITES, start=1)]
    points = result.statistics["laboratory_controls"]
    assert points.filter(pl.col("z").abs() > 3)["batch"].unique().to_list() == ["B4"]
    assert set(points["basis"]) == {"certificate"}
    first = points.filter(pl.col("level") == "LOW").row(0, named=True)
    assert (first["mean"], first["sd"]) == (80.0, 4.0)
    assert first["z"] == pytest.approx((first["value"] - 80) / 4)


def test_the_report_has_a_page_for_the_analyte(result):
    files = render(result)
    (page,) = json.loads(files["report.json"])["laboratory"]["pages"]
    assert [control["level"] for control in page["controls"]] == ["LOW", "HIGH"]
    assert [row["rule_id"] for row in page["findings"]["rows"]] == ["milk.batch.unit", "milk.batch.westgard"]
    html = files["report.html"].decode("utf-8")
    assert "Beyond 2 SD: batch B4" in html
    assert 'href="#laboratory"' in html
    assert html.count('class="three"') == 4
    assert max(map(len, files.values())) < 2_000_000


def test_a_study_without_batches_has_no_such_page(folder, tmp_path):
    study = uploads(tmp_path)
    text = MAPPING.replace("  columns: {batch: PLATE}\n", "") + "unmapped: {lab: [PLATE]}\n"
    (study / "study.yaml").write_text(text, "utf-8")
    files = render(milkqc.run(study / "study.yaml", data=study))
    assert json.loads(files["report.json"])["laboratory"]["pages"] == []
    assert 'id="laboratory"' not in files["report.html"].decode("utf-8")


def test_a_site_sees_the_controls_of_its_own_batches_only(folder):
    north = milkqc.run(folder / "study.yaml", data=folder, site="North")
    assert north.statistics["laboratory_controls"]["batch"].unique().sort().to_list() == ["B1", "B2"]
    assert north.settings["privacy"]["without_a_site"]["controls"] == 3 * 6


def test_the_public_sees_no_batch(result):
    assert not [name for name in privacy.publish(result).statistics if name.startswith("laboratory")]


def test_the_laboratory_s_own_rows_stand_in_a_table_of_their_own(result, folder, tmp_path):
    deliver(result, tmp_path / "out")
    out = tmp_path / "out"
    told = pl.read_csv(out / "harmonized" / "controls.csv")
    assert told["kind"].value_counts().sort("kind").rows() == [
        ("blank", 5),
        ("control", 20),
        ("duplicate", 5),
    ]
    assert pl.read_parquet(out / "harmonized" / "controls.parquet").height == 30
    low = told.filter(pl.col("level") == "LOW").row(0, named=True)
    assert (low["target_mean"], low["unit"], low["raw_unit"]) == (80.0, "pmol/L", "pmol/L")
    assert low["value"] == pytest.approx(float(low["raw"]) * low["factor"])
    blank = told.filter(pl.col("kind") == "blank").row(0, named=True)
    assert (blank["raw"], blank["value"], blank["censored"]) == ("<20", None, "<")
    lineage = pl.read_parquet(out / "lineage" / "controls.parquet")
    assert lineage["row_id"].to_list() == told["row_id"].to_list()
    assert lineage.select("source_file", "raw").row(0) == ("lab.csv", told["raw"][0])
    package = json.loads((out / "datapackage.json").read_text("utf-8"))
    (resource,) = [one for one in package["resources"] if one["path"] == "harmonized/controls.csv"]
    assert [field["name"] for field in resource["schema"]["fields"]] == told.columns
    assert all(field["title"] != field["name"] for field in resource["schema"]["fields"])
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert {"harmonized/controls.csv", "lineage/controls.parquet"} <= {
        one["path"] for one in manifest["outputs"]
    }


def test_a_site_writes_the_controls_of_its_batches_and_the_public_none(folder, result):
    north = milkqc.run(folder / "study.yaml", data=folder, site="North")
    assert set(north.statistics["controls"]["batch"]) == {"B1", "B2"}
    assert "controls" not in privacy.publish(result).statistics
