"""Rule files at work: Great Expectations and the plain expressions say the same, and the ledger says the rest."""

from __future__ import annotations

import dataclasses
import functools
import logging
import subprocess
import sys

import duckdb
import polars as pl
import pytest

from milkqc import catalogue
from milkqc.checks import suites
from milkqc.checks.suites import batches, examples, greatex, plain, schemas
from milkqc.checks.suites.judged import Question

SHIPPED = {rule.id: rule for rule in suites.load(catalogue.files("expectations"))}


def through(engine):
    return functools.partial(suites.check, engine=engine)


def alike(findings):
    return findings.drop("engine")


EACH = pytest.mark.parametrize(
    "check",
    [through(engine) for engine in ("gx", "expressions", "pandera")],
    ids=["gx", "expressions", "pandera"],
)
check_plain = through("expressions")


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
    "judge", [plain.judge, greatex.judge, schemas.judge], ids=["expressions", "gx", "pandera"]
)
def test_examples_of_all_shipped_rules_hold_in_every_engine(judge):
    found = examples.mistaken(list(SHIPPED.values()), judge=judge)
    assert len(found) > 80
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_an_example_that_does_not_hold_is_said():
    zinc = SHIPPED["milk.zinc.mature.range"]
    wrong = dataclasses.replace(zinc, examples={"pass": (1.5, 25.0), "fail": (2.0,)})
    assert examples.mistaken([wrong])[zinc.id] == ["25.0 should pass and fails", "2.0 should fail and passes"]


@EACH
def test_a_value_beyond_its_range_says_value_unit_and_range(view, check):
    checked = check(
        milk(view, [1.5, 25.0, None], censored=[None, None, "<"]), [SHIPPED["milk.zinc.mature.range"]]
    )
    assert checked.drafts.select("rule_id", "row_id", "severity", "variable", "value", "unit", "expected", "message").rows() == [
        (
            "milk.zinc.mature.range", "r1", "warning", "zinc", "25", "mg/L", "0.07 to 7.9 mg/L",
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


@EACH
def test_an_unknown_stage_is_not_judged_and_counted(view, check):
    entry = ledger(
        check(milk(view, [25.0, 25.0], stage=[None, "colostrum"]), [SHIPPED["milk.zinc.mature.range"]]),
        "milk.zinc.mature.range",
    )
    assert (entry.status, entry.looked_at, entry.not_judged) == ("nothing_to_look_at", 0, 1)


@EACH
def test_an_analyte_that_is_absent_and_one_without_limits_are_said(view, check):
    views = milk(view, [1.0, 2.0, 3.0], analyte=["calcifediol", "calcifediol", "zinc"])
    checked = check(views, [SHIPPED["milk.iodine.any.hard"], SHIPPED["milk.zinc.mature.range"]])
    entry = ledger(checked, "milk.iodine.any.hard")
    assert (entry.status, entry.why) == ("not_applicable", "The data hold no iodine.")
    silent = {entry.variable: entry for entry in checked.ledger if entry.rule_id == "milk.limits.none"}
    assert (silent["calcifediol"].status, silent["calcifediol"].not_judged) == ("not_applicable", 2)
    assert "zinc" not in silent
    assert silent["biotin"].not_judged == 0


@EACH
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
    checked = check_plain(milk(view, values, censored=censored), suites.read_text(text))
    assert checked.drafts["value"].to_list() == ([] if median is None else [f"{median:g}"])


_TAIL = "    severity: info\n    says: Look at {value}.\n    source: a test\n"


@EACH
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


@EACH
def test_superseded_results_stay_out_of_a_batch_s_figure(view, check):
    text = f"table: milk\nrules:\n  - id: milk.test.rule\n    expect: median_between\n    column: value\n    max: 1\n{_TAIL}"
    assert check(milk(view, [1.0, 99.0], reported=[True, False]), suites.read_text(text)).drafts.is_empty()


@EACH
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
    configured = greatex.expectations

    def misspelt(asked):
        gone = asked.question.rule.id.endswith("mastitis")
        return [
            {**one, "kwargs": {**one["kwargs"], "column": "gone"}} if gone else one
            for one in configured(asked)
        ]

    monkeypatch.setattr(greatex, "expectations", misspelt)
    views = milk(view, [500.0, 25.0], analyte=["sodium", "zinc"])
    checked = suites.check(views, [SHIPPED["milk.sodium.mature.mastitis"], SHIPPED["milk.zinc.mature.range"]])
    assert [entry.status for entry in checked.ledger[:2]] == ["broken", "ran"]
    assert checked.ledger[0].why == 'Error: The column "gone" in BatchData does not exist.'
    assert checked.drafts["rule_id"].to_list() == ["milk.zinc.mature.range"]


def test_a_misspelt_expectation_breaks_and_is_never_dropped(view, monkeypatch):
    configured = greatex.expectations
    monkeypatch.setattr(
        greatex,
        "expectations",
        lambda asked: [{**one, "type": "expect_column_values_to_be_betwixt"} for one in configured(asked)],
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
    monkeypatch.setattr(batches, "WIDTH", 2)
    rule = SHIPPED["milk.zinc.mature.range"]
    lengths = (5, 0, 40, 3, 1)
    asked = [
        Question(rule, {"value": "s0"}, pl.DataFrame({"s0": [25.0] + [1.0] * extra + [25.0]}))
        for extra in lengths
    ]
    for judge in (greatex.judge, schemas.judge, plain.judge):
        assert [verdict.to_list() for verdict in judge(asked)] == [[0, extra + 1] for extra in lengths]
