"""The report on the quality of measuring: its pictures, its table, and what it says without colour."""

from __future__ import annotations

import dataclasses
import json
import re
from importlib import resources
from xml.etree import ElementTree

import jsonschema
import numpy as np
import polars as pl
import pytest

from milkqc.report import render
from milkqc.report.survey_charts import digit_chart, funnel_chart
from milkqc.summarise.survey.run import surveyed

SVG = "{http://www.w3.org/2000/svg}"


def children(n: int = 640, teams: int = 8) -> pl.DataFrame:
    """A survey in which team T1 reads lengths to whole centimetres."""
    random = np.random.default_rng(12)
    length = random.normal(85, 9, n).round(1)
    team = np.array([f"T{number % teams}" for number in range(n)])
    return pl.DataFrame(
        {
            "row_id": [f"r{number:04}" for number in range(n)],
            "infant_id": [f"c{number:04}" for number in range(n)],
            "participant_id": [f"c{number:04}" for number in range(n)],
            "infant_sex": random.permutation(["male", "female"] * (n // 2)),
            "age_days": random.uniform(190, 1820, n).round(),
            "weight_kg": random.normal(12, 2, n).round(1),
            "length_cm": np.where(team == "T1", length.round(0), length),
            "muac_cm": random.normal(14.6, 1.1, n).round(1),
            "measured": ["lying"] * n,
            **{name: random.normal(-0.5, 1, n).round(2) for name in ("laz", "waz", "wlz")},
            "team": team,
            "site": ["Matiari" if number % 4 else "<Hala & co>" for number in range(n)],
        }
    ).with_columns(**{f"{name}_flag": pl.col(name).abs() > 5 for name in ("laz", "waz", "wlz")})


@pytest.fixture(scope="module")
def result(study):
    tables = surveyed({"growth": children()}).tables
    return dataclasses.replace(study, statistics={**study.statistics, **tables})


@pytest.fixture(scope="module")
def told(result):
    return json.loads(render(result)["report.json"])


@pytest.fixture(scope="module")
def section(result):
    page = render(result)["report.html"].decode()
    return page[page.index('<section aria-labelledby="survey">') :].split("</section>")[0]


def parsed(markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(markup).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


def test_the_content_keeps_to_its_schema(told, result, changed):
    text = (resources.files("milkqc.report") / "report.schema.json").read_text(encoding="utf-8")
    validator = jsonschema.Draft202012Validator(json.loads(text))
    assert [error.message for error in validator.iter_errors(told)] == []
    bare = json.loads(render(changed(statistics={}))["report.json"])
    assert [error.message for error in validator.iter_errors(bare)] == []
    assert bare["survey"]["score"]["rows"] == []


def test_a_study_without_growth_has_no_such_section(changed):
    page = render(changed(statistics={}))["report.html"].decode()
    assert "Quality of measuring" not in page


def test_the_score_table_has_a_row_for_everybody_each_site_and_each_team(told):
    rows = told["survey"]["score"]["rows"]
    assert [(row["by"], row["group"]) for row in rows[:3]] == [("all", "all"), ("site", "<Hala & co>"), ("site", "Matiari")]  # fmt: skip
    assert [row["group"] for row in rows[3:]] == [f"T{n}" for n in range(8)]
    team = next(row for row in rows if row["group"] == "T1")
    assert team["parts"]["digits_length"]["value"] == 100
    assert team["parts"]["digits_length"]["class"] == "problematic"
    assert rows[0]["class"] is not None


def test_classes_are_words_and_chance_is_said(section):
    assert len(re.findall(r">(?:excellent|good|acceptable|problematic)", section)) > 50
    assert 'class="critical"' not in section
    assert "&lt;Hala &amp; co&gt;" in section
    assert "<Hala" not in section


def test_every_picture_is_named_and_described(section):
    pictures = re.findall(r"<svg role=\"img\".*?</svg>|<svg[^>]*role=\"img\".*?</svg>", section, re.DOTALL)
    assert (
        len(pictures) >= 3 + 6 + 6
    )  # digits of three measures and a team's, two sites by three scores, funnels
    for picture in pictures:
        assert "<title" in picture
        assert len(re.search(r"<desc[^>]*>(.*?)</desc>", picture, re.DOTALL)[1]) > 40
    keys = re.findall(r'id="([^"]+)"', section)
    assert len(keys) == len(set(keys))


def test_the_team_that_rounds_has_a_histogram_and_the_others_have_none(told):
    shown = [(each["by"], each["group"], each["variable"]) for each in told["survey"]["digits"]]
    assert shown == [
        ("all", "all", "weight_kg"), ("all", "all", "length_cm"), ("all", "all", "muac_cm"), ("team", "T1", "length_cm"),
    ]  # fmt: skip
    assert told["survey"]["digits"][-1]["counts"] == [80, *([0] * 9)]


def test_bars_of_digits_are_shares_and_the_line_is_a_tenth():
    each = {
        "by": "all", "group": "all", "label": "Weight", "variable": "weight_kg", "n": 100, "value": 50.0, "p": 0.0,
        "class": "problematic", "high": 17.6, "beyond": True, "decimals": 1, "counts": [50, 0, 10, 0, 10, 20, 10, 0, 0, 0],
    }  # fmt: skip
    picture = parsed(digit_chart(each, key="k"))
    heights = [float(box.get("height")) for box in picture.iter(f"{SVG}rect")]
    assert heights[0] == pytest.approx(5 * heights[1])
    axis = float(picture.find(f"{SVG}line[@class='axis']").get("y1"))
    tenth = float(picture.find(f"{SVG}line[@class='two']").get("y1"))
    assert axis - tenth == pytest.approx(heights[1], abs=0.02)
    assert "0: 50.0 %" in picture.find(f"{SVG}desc").text
    assert "problematic" in picture.find(f"{SVG}desc").text
    within = parsed(digit_chart({**each, "beyond": False}, key="k"))
    assert "problematic, within chance" in within.find(f"{SVG}desc").text


def test_a_group_beyond_its_limits_is_a_named_square_and_the_others_are_dots(told):
    funnel = next(each for each in told["survey"]["funnels"] if each["variable"] == "length_cm")
    assert funnel["by"] == "team"
    picture = parsed(funnel_chart(funnel, key="k"))
    assert len(picture.findall(f"{SVG}rect[@class='outside']")) == 1
    assert len(picture.findall(f"{SVG}circle")) == 7
    assert "T1" in [text.text for text in picture.iter(f"{SVG}text")]
    assert "beyond what chance explains (99.8 %): T1: 100 (n 80)." in picture.find(f"{SVG}desc").text
    box = [float(part) for part in picture.get("viewBox").split()]
    for dot in picture.iter(f"{SVG}circle"):
        assert 0 < float(dot.get("cx")) < box[2]
        assert 0 < float(dot.get("cy")) < box[3]


def test_every_site_is_drawn_against_the_standard(told):
    sites = told["survey"]["sites"]
    assert [(each["index"], each["site"]) for each in sites] == [
        (index, site) for index in ("laz", "waz", "wlz") for site in ("<Hala & co>", "Matiari")
    ]
    assert all(sum(one["n"] for one in each["bins"]) == each["n"] for each in sites)


def test_many_teams_and_observers_keep_the_report_small(study):
    frame = children(6000, teams=300).with_columns(observer=pl.format("O{}", pl.int_range(6000) % 400))
    tables = surveyed({"growth": frame}).tables
    made = render(dataclasses.replace(study, statistics={**study.statistics, **tables}))
    assert max(map(len, made.values())) < 2_000_000


def many_sites(study, sites: int):
    """A study of `sites` sites of 60 children; S007 measures a whole SD too short."""
    frame = children(60 * sites, teams=2).with_columns(
        participant_id=pl.format("P{}", pl.int_range(60 * sites)),
        site=pl.format("S{}", (pl.int_range(60 * sites) % sites).cast(pl.String).str.zfill(3)),
    )
    low = pl.col("site") == "S007"
    frame = frame.with_columns(laz=pl.when(low).then(pl.col("laz") - 1).otherwise("laz"))
    tables = surveyed({"growth": frame}).tables
    return render(dataclasses.replace(study, statistics={**study.statistics, **tables}))


def test_of_many_sites_the_most_unusual_come_first_and_the_rest_is_folded(study):
    files = many_sites(study, 60)
    told = json.loads(files["report.json"])["survey"]
    laz = [each for each in told["sites"] if each["index"] == "laz"]
    assert (laz[0]["site"], [each["folded"] for each in laz]) == ("S007", [False] * 8 + [True] * 32)
    assert told["sites_left_off"] == 20
    page = files["report.html"].decode("utf-8")
    section = page[page.index('<section aria-labelledby="survey">') :].split("</section>")[0]
    at_once = section.split("<h3>LAZ by site")[1].split("<details>")[0]
    assert at_once.count("<svg") == 8
    assert "S007" in at_once
    assert section.count("32 more sites") == 3
