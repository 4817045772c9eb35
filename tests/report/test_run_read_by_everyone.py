"""The page of a whole run (the demo, with every section): what a keyboard and a screen reader need, and that the way
from a count to its rows which the page tells leads to as many rows."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import polars as pl
import pytest

import milkqc
from milkqc.deliver import deliver
from milkqc.demo import write_uploads

VOID = {"meta", "link", "br"}


class Element:
    def __init__(self, tag, given, parent):
        self.tag, self.given, self.parent = tag, dict(given), parent
        self.children, self.words = [], ""
        self.within = [*parent.within, parent.tag] if parent else []

    def every(self, *tags):
        for child in self.children:
            if not tags or child.tag in tags:
                yield child
            yield from child.every(*tags)

    @property
    def text(self):
        return " ".join((self.words + " " + " ".join(each.text for each in self.children)).split())


class Tree(HTMLParser):
    """The page as elements; Chromium reads it in test_browser.py."""

    def __init__(self, page):
        super().__init__()
        self.root = self.at = Element("page", (), None)
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        made = Element(tag, attributes, self.at)
        self.at.children.append(made)
        if tag not in VOID:
            self.at = made

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.at.tag == tag
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.words += data


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("read")
    result = milkqc.run(write_uploads(folder), data=folder / "uploads", engine="expressions")
    deliver(result, folder / "out", formats=("csv",))
    return folder / "out"


@pytest.fixture(scope="module")
def page(out):
    return Tree((out / "report.html").read_text(encoding="utf-8")).root


@pytest.fixture(scope="module")
def told(out):
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def table(out, name):
    return pl.read_csv(out / f"{name}.csv", infer_schema=False)


# --- keyboard and screen reader -----------------------------------------------------------------------------------


def test_headings_skip_no_level(page):
    levels = [int(each.tag[1]) for each in page.every("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []
    assert all(each.text for each in page.every("h1", "h2", "h3", "h4"))


def test_every_table_has_a_caption_and_every_header_a_scope(page):
    tables = list(page.every("table"))
    assert len(tables) > 40
    for each in tables:
        captions = list(each.every("caption"))
        assert [bool(caption.text) for caption in captions] == [True]
        assert all(
            head.given.get("scope") in {"col", "row", "rowgroup", "colgroup"} for head in each.every("th")
        )
        wide = {
            sum(int(cell.given.get("colspan", 1)) for cell in row.children if cell.tag in {"th", "td"})
            for row in each.every("tr")
        }
        assert len(wide) == 1, captions[0].text


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(page):
    regions = [each for each in page.every("div") if "scroll" in each.given.get("class", "").split()]
    ids = {each.given.get("id") for each in page.every()}
    assert len(regions) > 40
    assert all(each.given["tabindex"] == "0" and each.given["role"] == "region" for each in regions)
    assert all(each.given["aria-labelledby"] in ids for each in regions)


def test_every_picture_says_what_it_shows_or_is_hidden(page):
    pictures = list(page.every("svg"))
    shown = [each for each in pictures if each.given.get("aria-hidden") != "true"]
    assert len(shown) > 30
    for each in shown:
        assert each.given.get("role") == "img"
        parts = {child.tag: child for child in each.children if child.tag in {"title", "desc"}}
        assert parts["title"].text
        assert parts["desc"].text
        assert each.given["aria-labelledby"].split() == [
            parts["title"].given["id"],
            parts["desc"].given["id"],
        ]


def test_every_fold_opens_by_a_summary_that_says_what_is_in_it(page):
    folds = list(page.every("details"))
    assert len(folds) > 30
    assert all(each.children[0].tag == "summary" and each.children[0].text for each in folds)
    assert not any("summary" in each.within for each in page.every("a", "button"))


def test_ids_are_one_of_a_kind_and_every_link_and_label_leads_to_one(page):
    ids = [each.given["id"] for each in page.every() if "id" in each.given]
    assert sorted({one for one in ids if ids.count(one) > 1}) == []
    links = [each.given["href"] for each in page.every("a")]
    assert [link for link in links if link[0] != "#" or link[1:] not in ids] == []
    assert all(each.text for each in page.every("a"))
    labels = [one for each in page.every() for one in each.given.get("aria-labelledby", "").split()]
    assert sorted(set(labels) - set(ids)) == []


def test_each_section_is_in_the_contents_or_inside_one_that_is(page):
    listed = [each.given["href"][1:] for nav in page.every("nav") for each in nav.every("a")]
    headings = [each.given["id"] for each in page.every("h2")]
    assert [one for one in headings if one in listed] == listed
    # each stands below its neighbour in the contents
    assert set(headings) - set(listed) <= {"censored", "missing"}


# --- what to do ---------------------------------------------------------------------------------------------------


def test_a_blocker_says_what_the_value_would_be_beside_its_row(page, told):
    said = {
        (row["who"], row["value"]): row["suggestion"]
        for each in told["todo"]["actions"]
        for row in each["list"]
        if each["blocker"] and row["suggestion"]
    }
    assert said == {
        ("SIM-007", "2720"): "2.72 kg (z -1.7) if written in grams",
        ("SIM-013", "5.53"): "5.53 kg and 61 cm, the two exchanged",
        ("SIM-016", "562"): "56.2 cm (z -2.6) if written in millimetres",
        ("SIM-019", "48.3"): "48.3 cm and 33.7 cm, the two exchanged",
    }
    todo = next(each for each in page.every("section") if each.given.get("aria-labelledby") == "todo")
    cells = [each for each in todo.every("td") if "written in millimetres" in each.text]
    words = (cells[0].words, [child.text for child in cells[0].children if child.tag == "span"])
    assert words == ("15 to 220 cm 56.2 cm (z -2.6) if written in millimetres", ["perhaps"])


# --- from a count to its rows -------------------------------------------------------------------------------------


def test_the_filter_beside_completeness_gives_as_many_as_are_present(out, told):
    rows = told["statistics"]["completeness"]["rows"]
    people = table(out, "harmonized/participants").select("participant_id", "infant_id", "site")
    assert {row["table"] for row in rows} == {"visits", "growth", "milk"}
    for row in rows:
        frame = table(out, f"harmonized/{row['table']}").filter(pl.col("visit") == row["visit"])
        who = "infant_id" if row["table"] == "growth" else "participant_id"
        if row["table"] == "growth":
            frame = frame.filter(pl.col(row["variable"]).is_not_null())
        elif row["table"] == "visits":
            frame = frame.filter(pl.col("outcome").is_null() | (pl.col("outcome") == "seen"))
        else:
            frame = frame.filter(
                pl.col("analyte") == row["variable"],
                pl.col("value").is_not_null() | pl.col("censored").is_not_null(),
                pl.col("reported").is_null() | (pl.col("reported") != "false"),
            )
        there = people.filter((pl.col("site") == row["site"]) if row["site"] else pl.lit(value=True))
        assert row["present"] == len(set(frame[who]) & set(there[who])), row


def test_the_filter_beside_the_status_gives_the_checks_that_passed(out, told):
    with (out / "checks.csv").open(encoding="utf-8", newline="") as file:
        checks = list(csv.DictReader(file))
    ran = [each for each in checks if each["status"] == "ran"]
    passed = [each for each in ran if each["failed"] == each["findings"] == "0"]
    nothing = [each for each in checks if each["status"] in {"nothing_to_look_at", "not_applicable"}]
    whole = told["status"]["whole"]
    assert (whole["passed"], whole["nothing"]) == (len(passed), len(nothing))
    assert whole["failed"] == len(ran) - len(passed)


def test_the_filter_beside_the_mae_gives_its_counts(out, told):
    milk = table(out, "harmonized/milk")
    setting = told["mae"]["setting"]
    rows = [
        row
        for row in told["mae"]["table"]["rows"]
        if row["basis"] == setting["basis"] and row["group"] == "all" and row["mae"] is not None
    ]
    assert len(rows) >= 5
    for row in rows:
        mine = milk.filter(
            pl.col("analyte") == row["analyte"],
            pl.col("visit") == row["visit"],
            pl.col("reported").is_null() | (pl.col("reported") != "false"),
        )
        below = set(mine.filter(pl.col("mae_status") == "below")["participant_id"])
        # Replicates are one result: where they lie on two sides, their mean may lie on either.
        elsewhere = set(mine.filter(pl.col("mae_status") != "below")["participant_id"])
        assert len(below - elsewhere) <= row["below"] <= len(below), row["analyte"]
        assert len(below & elsewhere) <= 3


def test_the_filter_beside_the_units_gives_the_values_that_came_so(out, told):
    rows = [row for row in told["statistics"]["units"]["rows"] if row["table"] == "milk" and row["substance"]]
    milk = table(out, "harmonized/milk")
    assert rows
    for row in rows:
        came = milk.filter(pl.col("analyte") == row["variable"], pl.col("raw_unit") == row["raw_unit"])
        assert row["values"] == came.height


def test_a_link_or_a_file_stands_beside_every_count(page):
    def section(name):
        own = [each for each in page.every("section") if each.given.get("aria-labelledby") == name]
        return own[0].text

    for name, file in {
        "status": "checks.csv",
        "completeness": "completeness.csv",
        "units": "harmonized/",
        "mae": "harmonized/milk.csv",
        "reconciliation": "rejected.csv",
        "survey": "survey_quality.csv",
    }.items():
        assert file in section(name), name
    assert not re.search(r"\brow (number )?\d+ of \S+\.(csv|dta|sav|xlsx)", page.text)
