"""Each variable's card: its spread against its limits, by site, its gaps and its findings."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from milkqc.report import cards, found, render, variables
from milkqc.report.limits import Limits
from milkqc.report.spread_chart import bounds, spread_chart

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def made(rich):
    findings = found.visible(rich)
    told = cards.cards(rich, findings, variables.matrix(rich, findings), Limits())
    return {(each["table"], each["variable"]): each for each in told["list"]}


def picture(card, place=0):
    text = str(
        spread_chart(card["spread"][place], card["limits"], key="k", name=card["label"], unit=card["unit"])
    )
    return ElementTree.fromstring(text.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


def test_every_value_is_in_a_bin_or_beyond_the_axis(made):
    spreads = [spread for card in made.values() for spread in card["spread"]]
    assert len(spreads) == 3
    for spread in spreads:
        for each in (spread, *spread["sites"]):
            assert each["below"] + sum(each["counts"]) + each["above"] == each["n"] - (
                spread["not_drawn"] if each is spread else 0
            )
        assert sum(site["n"] for site in spread["sites"]) == spread["n"]


def test_a_value_far_from_the_others_does_not_flatten_the_picture(made):
    weight = made["growth", "weight_kg"]["spread"][0]
    assert (weight["max"], weight["above"]) == (45.0, 1)
    assert weight["start"] + weight["step"] * weight["bins"] < 20


def test_hard_and_soft_limits_come_from_the_dictionary_and_the_rules(made):
    limits = {limit["kind"]: limit for limit in made["growth", "weight_kg"]["limits"]}
    assert (limits["hard"]["low"], limits["hard"]["high"], limits["hard"]["rule_id"]) == (
        0.2,
        150,
        "growth.weight_kg.impossible",
    )
    assert (limits["soft"]["low"], limits["soft"]["high"]) == (0.5, 40)
    assert limits["soft"]["condition"] == "age group under five or unknown"


def test_concentrations_have_a_log_axis_and_the_limits_of_their_stage(made):
    iodine = made["milk", "iodine"]
    assert [(each["stage"], each["scale"]) for each in iodine["spread"]] == [("mature", "log")]
    assert {limit["kind"] for limit in iodine["limits"]} == {"hard", "batch"}
    assert "log scale" in "".join(picture(iodine).itertext())


def test_a_limit_is_a_line_with_its_word_and_one_off_the_axis_an_arrow(made):
    words = [each.text for each in picture(made["growth", "weight_kg"]).findall(f"{SVG}text")]
    assert words.count("hard ›") == words.count("soft ›") == 1
    lines = [each.get("class") for each in picture(made["growth", "weight_kg"]).findall(f"{SVG}line")]
    assert lines.count("soft") == lines.count("hard") == 1  # the upper ones are arrows


def test_the_picture_says_itself_in_words(made):
    desc = picture(made["growth", "weight_kg"]).find(f"{SVG}desc").text
    assert "hard limits 0.2 to 150; soft limits 0.5 to 40." in desc
    assert re.search(r"Hala: median \d\.\d+, n 3\d; Matiari: median \d\.\d+, n \d+", desc)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(1, 2.5, "1 to 2.5"), (None, 230, "at most 230"), (0.05, None, "at least 0.05")],
)
def test_bounds_read_as_words(low, high, words):
    assert bounds({"low": low, "high": high}) == words


def test_missing_and_censored_values_lead_to_participant_and_visit(made):
    weight, iodine = made["growth", "weight_kg"], made["milk", "iodine"]
    assert (weight["missing"]["missing"], weight["missing"]["reasons"]) == (2, "refused 2")
    assert [(gap["participant_id"], gap["visit"], gap["why"]) for gap in weight["gaps"]] == [
        ("P003", "birth", "refused"),
        ("P003", "month_3", "refused"),
    ]
    assert iodine["censored"] == {"results": 50, "censored": 4, "percent": 8.0}
    assert {gap["why"] for gap in iodine["gaps"]} == {"below the limit"}


def test_a_card_lists_25_findings_and_says_where_all_are(made, rich):
    laz = made["growth", "laz"]
    assert (laz["findings"], len(laz["list"]), laz["left_off"]) == (31, 25, 6)
    assert "25 of 31, all in <code>findings.csv</code>" in render(rich)["report.html"].decode()


def test_codes_are_counted_by_site_and_free_text_is_not(made):
    assert made["participants", "infant_sex"]["codes"] == [
        {"code": "female", "n": 30, "sites": {"Hala": 10, "Matiari": 20}},
        {"code": "male", "n": 30, "sites": {"Hala": 10, "Matiari": 20}},
    ]
    assert made["participants", "site"]["codes"] == []


def test_no_arm_is_named_anywhere(rich):
    for part in render(rich).values():
        assert b"SUPPLEMENT" not in part
        assert b"PLACEBO" not in part


def test_beyond_the_limit_of_cards_the_gravest_stay(rich):
    findings = found.visible(rich)
    told = cards.cards(rich, findings, variables.matrix(rich, findings), Limits(variables=3))
    assert told["left_off"] == len(variables.matrix(rich, findings)) - 3
    assert {each["worst"] for each in told["list"]} == {"critical", "warning"}


@pytest.mark.parametrize("section", ["missing", "censored"])
def test_counts_of_missing_and_censored_values_lead_to_the_card_that_lists_them(rich, section):
    page = render(rich)["report.html"].decode()
    part = page.split(f'<section aria-labelledby="{section}">')[1].split("</section>")[0]
    led = re.findall(
        r'<tr><th scope="row">([^<]*)</th>(?:(?!</tr>).)*?<a href="#(v-[0-9]+)">', part, re.DOTALL
    )
    assert led
    for name, at in led:
        assert re.search(rf'<h3 id="{at}">([^<]*)<', page).group(1).startswith(name)
