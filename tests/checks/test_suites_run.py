"""Rule files at work: Great Expectations and the plain expressions say the same, and the ledger says the rest."""

from __future__ import annotations

import logging
import math
import subprocess
import sys

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milkqc import catalogue
from milkqc.checks import suites
from milkqc.checks.suites import greatex, plain

SHIPPED = {rule.id: rule for rule in suites.load(catalogue.files("expectations"))}
BOTH = pytest.mark.parametrize("check", [suites.check, suites.check_plain], ids=["gx", "plain"])


def ledger(checked, rule_id):
    return next(entry for entry in checked.ledger if entry.rule_id == rule_id)


def milk(view, values, **more):
    count = len(values)
    columns = {
        "analyte": ["zinc"] * count,
        "stage": ["mature"] * count,
        "unit": ["mg/L"] * count,
        "value": values,
    }
    return {"milk": view("milk", {**columns, **more})}


@pytest.mark.parametrize(
    "rule", [rule for rule in SHIPPED.values() if rule.level == "row"], ids=lambda rule: rule.id
)
def test_examples_of_shipped_row_rules_hold(rule, view):
    values = [*rule.examples["pass"], *rule.examples["fail"]]
    fixed = {
        name: [wanted[0] if isinstance(wanted, tuple) else wanted] * len(values)
        for name, wanted in rule.when.items()
    }
    frame = view(rule.table, {rule.columns[0]: values, **fixed})
    wrong = [f"r{place}" for place in range(len(rule.examples["pass"]), len(values))]
    assert suites.check_plain({rule.table: frame}, [rule]).drafts["row_id"].to_list() == wrong


def test_examples_of_all_shipped_rules_hold_through_great_expectations():
    """Figures of dataset rules and values of row rules alike, all in one go."""
    ready = [(rule, [*rule.examples["pass"], *rule.examples["fail"]]) for rule in SHIPPED.values()]
    series = [pl.Series(values, dtype=pl.Float64) for _, values in ready]
    got = greatex.judge(series, [rule for rule, _ in ready])
    expected = [list(range(len(rule.examples["pass"]), len(values))) for rule, values in ready]
    assert got == expected
    assert plain.judge(series, [rule for rule, _ in ready]) == expected


@BOTH
def test_a_value_beyond_its_range_says_value_unit_and_range(view, check):
    checked = check(
        milk(view, [1.5, 25.0, None], censored=[None, None, "<"]), [SHIPPED["milk.zinc.mature.range"]]
    )
    assert checked.drafts.select("rule_id", "row_id", "engine", "severity", "variable", "value", "unit", "expected", "message").rows() == [
        (
            "milk.zinc.mature.range", "r1", "gx", "warning", "zinc", "25", "mg/L", "0.07 to 7.9 mg/L",
            "Zinc 25 mg/L is outside what individual women showed in mature milk (0.07 to 7.9 mg/L). Check unit, dilution and sample.",
        )
    ]  # fmt: skip
    entry = ledger(checked, "milk.zinc.mature.range")
    assert (entry.status, entry.looked_at, entry.failed, entry.not_judged, entry.variable) == (
        "ran",
        2,
        1,
        1,
        "zinc",
    )


@BOTH
def test_an_unknown_stage_is_not_judged_and_counted(view, check):
    entry = ledger(
        check(milk(view, [25.0, 25.0], stage=[None, "colostrum"]), [SHIPPED["milk.zinc.mature.range"]]),
        "milk.zinc.mature.range",
    )
    assert (entry.status, entry.looked_at, entry.not_judged) == ("nothing_to_look_at", 0, 1)


@BOTH
def test_an_analyte_that_is_absent_and_one_without_limits_are_said(view, check):
    views = milk(view, [1.0, 2.0, 3.0], analyte=["calcifediol", "calcifediol", "zinc"])
    checked = check(views, [SHIPPED["milk.iodine.any.hard"], SHIPPED["milk.zinc.mature.range"]])
    entry = ledger(checked, "milk.iodine.any.hard")
    assert (entry.status, entry.why) == ("not_applicable", "The data hold no iodine.")
    silent = {entry.variable: entry for entry in checked.ledger if entry.rule_id == "milk.limits.none"}
    assert (silent["calcifediol"].status, silent["calcifediol"].not_judged) == ("not_applicable", 2)
    assert "zinc" not in silent
    assert silent["biotin"].not_judged == 0


@BOTH
def test_a_batch_median_is_one_finding_for_the_batch(view, check):
    values = [0.5] * 12 + [5.0] * 12 + [0.5] * 3
    views = milk(view, values, analyte=["magnesium"] * 27, batch=["P1"] * 12 + ["P2"] * 12 + ["P3"] * 3)
    views["milk"] = views["milk"].with_columns(
        value=pl.when(pl.col("batch") == "P2").then(33.0).otherwise("value")
    )
    checked = check(views, [SHIPPED["milk.magnesium.any.batch_median"]])
    assert checked.drafts.select("row_id", "variable", "value", "unit", "expected", "n_rows").rows() == [
        ("batch=P1", "magnesium", "0.5", "mg/L", "16.3 to 68 mg/L", 12)
    ]
    entry = ledger(checked, "milk.magnesium.any.batch_median")
    assert (entry.looked_at, entry.failed, entry.not_judged) == (2, 1, 1)


@pytest.mark.parametrize(
    ("values", "censored", "median"),
    [
        ([None, 2.0, 3.0], ["<", None, None], 2.0),
        ([None, None, 3.0], ["<", "<", None], None),
        ([None, 2.0, 3.0], [">", None, None], 3.0),
        ([None, 2.0, 3.0], [None, None, None], 2.5),
    ],
)
def test_censored_results_take_their_place_in_a_median(view, values, censored, median):
    text = (
        "table: milk\nrules:\n  - id: milk.zinc.median\n    expect: median_between\n    column: value\n    max: 0\n"
        + _TAIL
    )
    checked = suites.check_plain(milk(view, values, censored=censored), suites.read_text(text))
    assert checked.drafts["value"].to_list() == ([] if median is None else [f"{median:g}"])


_TAIL = "    severity: info\n    says: Look at {value}.\n    source: a test\n"


@BOTH
@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("expect: share_missing_at_most\n    column: value\n    share: 0.25", [("*", "50 %", "at most 25 %")]),
        ("expect: share_missing_at_most\n    column: value\n    share: 0.25\n    by: batch", [("batch=B", "100 %", "at most 25 %")]),
        ("expect: share_missing_at_most\n    column: value\n    share: 0.25\n    by: batch\n    min_n: 3", []),
        ("expect: share_censored_at_most\n    column: value\n    share: 0", []),
        ("expect: row_count_between\n    min: 5", [("*", "4", "at least 5 rows")]),
        ("expect: row_count_between\n    above: 2\n    by: batch", [("batch=A", "2", "above 2 rows"), ("batch=B", "2", "above 2 rows")]),
        ("expect: row_count_between\n    min: 5\n    by: site", [("site=north", "4", "at least 5 rows")]),
        ("expect: not_null\n    column: method\n    examples: {pass: [x], fail: [null]}", [("r1", None, "not empty"), ("r3", None, "not empty")]),
        ("expect: value_in_set\n    column: method\n    values: [HPLC]\n    examples: {pass: [HPLC], fail: [x]}", [("r2", "", "one of HPLC")]),
        ("expect: value_matches\n    column: method\n    pattern: '[A-Z]+'\n    examples: {pass: [A], fail: [a]}", [("r2", "", "text like [A-Z]+")]),
        ("expect: value_between\n    column: sample_date\n    below: 2024-06-01\n    examples: {pass: [2024-05-31], fail: [2024-06-01]}", [("r1", "2024-06-01", "below 2024-06-01")]),
    ],
)  # fmt: skip
def test_every_kind_finds_what_it_says(view, check, body, found):
    import datetime as dt

    views = milk(
        view,
        [1.0, 2.0, None, None],
        batch=["A", "A", "B", "B"],
        method=["HPLC", None, "", None],
        sample_date=[dt.date(2024, 5, 31), dt.date(2024, 6, 1), None, None],
        participant_site=["north"] * 4,
    )
    checked = check(
        views, suites.read_text(f"table: milk\nrules:\n  - id: milk.test.rule\n    {body}\n{_TAIL}")
    )
    assert checked.drafts.select("row_id", "value", "expected").rows() == found
    assert ledger(checked, "milk.test.rule").status == ("nothing_to_look_at" if "min_n" in body else "ran")


@BOTH
def test_superseded_results_stay_out_of_a_batch_s_figure(view, check):
    text = f"table: milk\nrules:\n  - id: milk.test.rule\n    expect: median_between\n    column: value\n    max: 1\n{_TAIL}"
    assert check(milk(view, [1.0, 99.0], reported=[True, False]), suites.read_text(text)).drafts.is_empty()


@BOTH
def test_a_rule_switched_off_is_skipped(view, check):
    checked = check(
        milk(view, [25.0]), [SHIPPED["milk.zinc.mature.range"]], off={"milk.zinc.mature.range": "mine"}
    )
    assert checked.drafts.is_empty()
    assert ledger(checked, "milk.zinc.mature.range").why == "Switched off by the study: mine"


def test_an_empty_table_is_no_pass_and_does_not_import_great_expectations():
    code = (
        "import sys\nfrom milkqc import catalogue\nfrom milkqc.checks import suites\nfrom milkqc.checks.views import views\n"
        "checked = suites.check(views({}), suites.load(catalogue.files('expectations')))\n"
        "print({entry.status for entry in checked.ledger if not entry.rule_id.endswith('.none')}, 'great_expectations' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "{'nothing_to_look_at'} False\n"


def test_an_expectation_that_gx_cannot_run_is_broken_and_the_others_are_judged(view, monkeypatch):
    configured = greatex.expectation

    def misspelt(rule, column, place):
        made = configured(rule, column, place)
        return (
            {**made, "kwargs": {**made["kwargs"], "column": "gone"}} if rule.id.endswith("mastitis") else made
        )

    monkeypatch.setattr(greatex, "expectation", misspelt)
    views = milk(view, [500.0, 25.0], analyte=["sodium", "zinc"])
    checked = suites.check(views, [SHIPPED["milk.sodium.mature.mastitis"], SHIPPED["milk.zinc.mature.range"]])
    assert [entry.status for entry in checked.ledger[:2]] == ["broken", "ran"]
    assert checked.ledger[0].why == 'Error: The column "gone" in BatchData does not exist.'
    assert checked.drafts["rule_id"].to_list() == ["milk.zinc.mature.range"]


def test_a_misspelt_expectation_breaks_and_is_never_dropped(view, monkeypatch):
    configured = greatex.expectation
    monkeypatch.setattr(
        greatex, "expectation", lambda *a: {**configured(*a), "type": "expect_column_values_to_be_betwixt"}
    )
    checked = suites.check(milk(view, [25.0]), [SHIPPED["milk.zinc.mature.range"]])
    assert ledger(checked, "milk.zinc.mature.range").status == "broken"


def test_gx_prints_and_logs_nothing_and_leaves_the_logger_as_it_was(view, capfd, caplog):
    logger = logging.getLogger("great_expectations")
    before = logger.level
    suites.check(milk(view, [25.0]), [SHIPPED["milk.zinc.mature.range"]])
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert logger.level == before


ODD = st.one_of(
    st.none(), st.floats(), st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 0.0, 0.07, 7.9])
)
WORDS = st.one_of(st.none(), st.sampled_from(["", "HPLC", "hplc", " HPLC", "HPLC\n", "NaN"]))
RANDOM = suites.read_text(
    "table: milk\nrules:\n"
    + "".join(
        f"  - id: milk.test.{name}\n    {body}\n    severity: info\n    says: Look.\n    source: a test\n"
        for name, body in {
            "between": "expect: value_between\n    column: value\n    when: {stage: mature}\n    min: 0\n    below: 7.9\n    examples: {pass: [1], fail: [9]}",
            "above": "expect: value_between\n    column: value\n    above: 0\n    examples: {pass: [1], fail: [0]}",
            "set": "expect: value_in_set\n    column: method\n    values: [HPLC, '']\n    examples: {pass: [HPLC], fail: [x]}",
            "like": "expect: value_matches\n    column: method\n    pattern: '[A-Z]+'\n    examples: {pass: [A], fail: [a]}",
            "there": "expect: not_null\n    column: method\n    when: {stage: [mature, colostrum]}\n    examples: {pass: [A], fail: [null]}",
        }.items()
    )
)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(ODD, WORDS, st.sampled_from(["mature", "colostrum", "transitional", None])),
        min_size=1,
        max_size=10,
    )
)
def test_gx_plain_and_python_agree_on_odd_values(view, cells):
    value, method, stage = (list(part) for part in zip(*cells, strict=True))
    views = milk(view, value, method=method, stage=stage)
    through_gx, through_plain = suites.check(views, RANDOM), suites.check_plain(views, RANDOM)
    assert through_gx.drafts.equals(through_plain.drafts)
    assert through_gx.ledger == through_plain.ledger
    expected = set()
    for place, (number, word, lactation) in enumerate(cells):
        known = number is not None and not math.isnan(number)
        if known and lactation == "mature" and not 0 <= number < 7.9:
            expected.add(("between", place))
        if known and not number > 0:
            expected.add(("above", place))
        if word is not None and word not in {"HPLC", ""}:
            expected.add(("set", place))
        if word is not None and not (word.isalpha() and word.isascii() and word.isupper()):
            expected.add(("like", place))
        if word is None and lactation in {"mature", "colostrum"}:
            expected.add(("there", place))
    assert {
        (rule.rpartition(".")[2], int(row[1:]))
        for rule, row in through_gx.drafts.select("rule_id", "row_id").rows()
    } == expected


@pytest.mark.parametrize("engine", ["polars", "lazy", "pandas", "duckdb"])
def test_a_rule_judges_a_table_where_it_lies(view, engine):
    frame = milk(view, [0.01, 1.5, 25.0, None, 25.0, 25.0], stage=["mature"] * 4 + ["colostrum", None])[
        "milk"
    ]
    there = {
        "polars": lambda: frame,
        "lazy": frame.lazy,
        "pandas": frame.to_pandas,
        "duckdb": lambda: duckdb.connect().from_arrow(frame.to_arrow()),
    }[engine]()
    failing = plain.failing(SHIPPED["milk.zinc.mature.range"], there)
    rows = {
        "polars": lambda: failing["row_id"].to_list(),
        "lazy": lambda: failing.collect()["row_id"].to_list(),
        "pandas": lambda: list(failing["row_id"]),
        "duckdb": lambda: [row[0] for row in failing.select("row_id").fetchall()],
    }[engine]()
    assert rows == ["r0", "r2"]


def test_columns_of_many_lengths_go_through_in_several_batches(monkeypatch):
    monkeypatch.setattr(greatex, "WIDTH", 2)
    rule = SHIPPED["milk.zinc.mature.range"]
    series = [pl.Series([25.0] + [1.0] * extra + [25.0]) for extra in (5, 0, 40, 3, 1)]
    assert greatex.judge(series, [rule] * 5) == [[0, 6], [0, 1], [0, 41], [0, 4], [0, 2]]
