"""One rule, three compilations: equal findings from each on odd frames, and equal to what plain Python says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import random
import struct

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milkqc.checks import suites
from milkqc.checks.suites import plain, schemas
from milkqc.checks.suites.judged import prepared
from milkqc.checks.suites.kinds import KINDS

DAY = dt.date(2024, 5, 31)
BODIES = {
    "closed": "expect: value_between\n    column: weight_kg\n    min: 0\n    max: 7.9",
    "open": "expect: value_between\n    column: weight_kg\n    when: {measured: lying}\n    above: 0\n    below: 7.9",
    "soft_hard": "expect: value_between\n    column: weight_kg\n    min: 1\n    hard_min: 0",
    "dated": f"expect: value_between\n    column: visit_date\n    max: {DAY}",
    "numbers": "expect: value_in_set\n    column: weight_kg\n    values: [0, 7.9]",
    "set": "expect: value_in_set\n    column: observer\n    values: [HPLC, '']",
    "truth": "expect: value_in_set\n    column: oedema\n    values: [true]",
    "not_set": "expect: value_not_in_set\n    column: observer\n    values: [hplc, NaN]",
    "not_date": f"expect: value_not_in_set\n    column: visit_date\n    values: [{DAY}]",
    "like": "expect: value_matches\n    column: observer\n    pattern: '[A-Z]+|[0-9]{2}'",
    "there": "expect: not_null\n    column: observer\n    when: {measured: [lying, standing]}",
    "present": "expect: present_when\n    column: weight_kg\n    when: {any: [{oedema: true}, {length_cm: {above: 0}}]}",
    "absent": "expect: absent_when\n    column: observer\n    when: {weight_kg: {missing: true}}",
    "unique": "expect: unique\n    column: weight_kg",
    "unique_text": "expect: unique\n    column: observer\n    when: {measured: {not: standing}}",
    "unique_two": "expect: unique\n    columns: [observer, weight_kg]",
    "pair_below": "expect: compare_columns\n    column: weight_kg\n    is: below\n    other: length_cm\n    factor: 1\n    tolerance: 0.5",
    "pair_most": "expect: compare_columns\n    column: weight_kg\n    is: at_most\n    other: length_cm\n    factor: 2\n    offset: 1",
    "pair_above": "expect: compare_columns\n    column: visit_date\n    is: above\n    other: participant_infant_birth_date\n    offset: -1",
    "pair_least": "expect: compare_columns\n    column: weight_kg\n    is: at_least\n    other: length_cm\n    factor: -1",
    "pair_equal": "expect: compare_columns\n    column: observer\n    is: equal\n    other: team",
    "pair_near": "expect: compare_columns\n    column: weight_kg\n    is: equal\n    other: length_cm\n    factor: 1\n    tolerance: 0.5",
    "pair_apart": "expect: compare_columns\n    column: observer\n    is: different\n    other: team",
    "rising": "expect: monotone\n    column: weight_kg\n    order: visit_date\n    direction: rising\n    tolerance: 0.5",
    "falling": "expect: monotone\n    column: weight_kg\n    order: visit_date\n    direction: falling\n    strict: true\n    within: [infant_id, team]",
    "sum_equal": "expect: sum_of\n    column: length_cm\n    parts: {head_circumference_cm: 1, muac_cm: -0.5}",
    "sum_least": "expect: sum_of\n    column: weight_kg\n    parts: {length_cm: 2, bmi: 0.5}\n    is: at_least\n    tolerance: 10%",
    "sum_most": "expect: sum_of\n    column: length_cm\n    parts: [muac_cm]\n    is: at_most\n    tolerance: 0.5\n    when: {measured: lying}",
}
EXAMPLES = {
    "unique": "[{weight_kg: [1, 2]}], fail: [{weight_kg: [1, 1]}]",
    "unique_text": "[{observer: [a, b]}], fail: [{observer: [a, a]}]",
    "unique_two": "[{observer: [a, b]}], fail: [{observer: [a, a], weight_kg: [1, 1]}]",
    "sum_equal": "[{length_cm: 1}], fail: [{length_cm: 1}]",
    "sum_most": "[{length_cm: 1}], fail: [{length_cm: 1}]",
}


def rules():
    entries = []
    for name, body in BODIES.items():
        expect = body.split("\n")[0].removeprefix("expect: ")
        example = EXAMPLES.get(name, "[{}], fail: [{}]" if KINDS[expect].tabular else None)
        if example is None:
            column = next(line for line in body.split("\n") if "column:" in line).split(": ")[1]
            value = {"weight_kg": "1", "visit_date": str(DAY), "oedema": "true"}.get(column, "a")
            example = f"[{value}], fail: [{value}]"
        elif example == "[{}], fail: [{}]":
            example = "[{weight_kg: 1}], fail: [{weight_kg: 1}]"
            if "column: weight_kg" not in body:
                column = body.split("column: ")[1].split("\n")[0]
                cell = DAY if column == "visit_date" else "a"
                example = f"[{{{column}: {cell}}}], fail: [{{{column}: {cell}}}]"
        entries.append(
            f"  - id: growth.test.{name}\n    {body}\n    severity: info\n    says: Look.\n    source: a test\n"
            f"    examples: {{pass: {example}}}\n"
        )
    return suites.read_text("table: growth\nrules:\n" + "".join(entries))


RULES = rules()
NUMBERS = [
    None,
    math.nan,
    math.inf,
    -math.inf,
    -0.0,
    0.0,
    7.9,
    1.0,
    0.5,
    5e-324,
    1.7976931348623157e308,
    3.2,
    -1.5,
]
WORDS = [
    None,
    "",
    " ",
    "HPLC",
    "hplc",
    " HPLC",
    "HPLC\n",
    "NaN",
    "nan",
    "None",
    "<NA>",
    "null",
    "12",
    "1\u00e9",
    "\u0130",
]
DAYS = [None, DAY, DAY + dt.timedelta(1), dt.date(1900, 1, 1), dt.date(9999, 12, 31)]
POOLS = {
    "weight_kg": NUMBERS,
    "length_cm": NUMBERS,
    "head_circumference_cm": NUMBERS,
    "muac_cm": NUMBERS,
    "bmi": NUMBERS,
    "observer": WORDS,
    "team": WORDS,
    "measured": ["lying", "standing", None],
    "oedema": [True, False, None],
    "visit_date": DAYS,
    "participant_infant_birth_date": DAYS,
    "infant_id": ["a", "b", None],
}


def frame(view, rows, *, categories=False):
    made = view("growth", {name: [row[name] for row in rows] for name in rows[0]})
    return made.with_columns(pl.col("measured", "observer").cast(pl.Categorical)) if categories else made


def number(value):
    return None if value is None or math.isnan(value) else value


def expected(rows):
    """What fails, by plain Python, one row after the other."""
    found = set()
    for place, row in enumerate(rows):
        kg, cm, who, team = number(row["weight_kg"]), number(row["length_cm"]), row["observer"], row["team"]
        day, born = row["visit_date"], row["participant_infant_birth_date"]
        both = kg is not None and cm is not None
        head, arm, bmi = (number(row[name]) for name in ("head_circumference_cm", "muac_cm", "bmi"))
        texts = who is not None and team is not None
        tests = {
            "closed": kg is not None and not 0 <= kg <= 7.9,
            "open": kg is not None and row["measured"] == "lying" and not 0 < kg < 7.9,
            "soft_hard": kg is not None and kg < 1,
            "dated": day is not None and day > DAY,
            "numbers": kg is not None and kg not in {0, 7.9},
            "set": who is not None and who not in {"HPLC", ""},
            "truth": row["oedema"] is False,
            "not_set": who in {"hplc", "NaN"},
            "not_date": day == DAY,
            "like": who is not None
            and not (who != "" and all("A" <= letter <= "Z" for letter in who))
            and not (len(who) == 2 and all("0" <= letter <= "9" for letter in who)),
            "there": who is None and row["measured"] is not None,
            "present": kg is None and (row["oedema"] is True or (cm is not None and cm > 0)),
            "absent": who is not None and kg is None,
            "unique": kg is not None and sum(number(other["weight_kg"]) == kg for other in rows) > 1,
            "unique_text": who is not None
            and row["measured"] == "lying"
            and sum(other["observer"] == who and other["measured"] == "lying" for other in rows) > 1,
            "unique_two": kg is not None
            and who is not None
            and sum((other["observer"], number(other["weight_kg"])) == (who, kg) for other in rows) > 1,
            "pair_below": both and kg >= cm + 0.5,
            "pair_most": both and kg > cm * 2 + 1,
            "pair_above": day is not None and born is not None and (day - born).days <= -1,
            "pair_least": both and kg < -cm,
            "pair_equal": texts and who != team,
            "pair_near": both and not cm - 0.5 <= kg <= cm + 0.5,
            "pair_apart": texts and who == team,
            "sum_equal": apart(cm, [(head, 1), (arm, -0.5)]) in {"below", "above"},
            "sum_least": apart(kg, [(cm, 2), (bmi, 0.5)], share=0.1) == "below",
            "sum_most": row["measured"] == "lying" and apart(cm, [(arm, 1)], tolerance=0.5) == "above",
            "rising": backwards(rows, place, ("infant_id",), lambda now, before: now < before - 0.5),
            "falling": backwards(rows, place, ("infant_id", "team"), lambda now, before: now >= before),
        }
        found.update((name, place) for name, fails in tests.items() if fails)
    return found


def apart(total, parts, *, tolerance=0.0, share=0.0):
    """Where a total lies beside the weighted sum of its parts: below, above, near; None where that is not known."""
    if total is None or any(part is None for part, _ in parts):
        return None
    weighed = [part * weight for part, weight in parts]
    reach = sum(map(abs, weighed)) * 1e-9 + (abs(sum(weighed)) * share if share else tolerance)
    if not math.isfinite(sum(weighed)) or not math.isfinite(reach):
        return None
    return "below" if total < sum(weighed) - reach else "above" if total > sum(weighed) + reach else "near"


def backwards(rows, place, within, fails):
    known = [
        (row["visit_date"], f"r{at}", number(row["weight_kg"]))
        for at, row in enumerate(rows)
        if all(row[name] is not None and row[name] == rows[place][name] for name in within)
        and row["visit_date"] is not None
        and number(row["weight_kg"]) is not None
    ]
    known.sort()
    at = [one[1] for one in known].index(f"r{place}") if f"r{place}" in [one[1] for one in known] else 0
    if at == 0 or known[at - 1][0] == known[at][0]:
        return False
    return fails(known[at][2], known[at - 1][2])


def drawn(chance, pool):
    """One of the pool; now and then any 64 bits taken for a number."""
    if pool is NUMBERS and chance.random() < 0.2:
        return struct.unpack("<d", chance.getrandbits(64).to_bytes(8, "little"))[0]
    return chance.choice(pool)


def stacked(chance, tables):
    """Many small random tables under each other, each with infants of its own: Great Expectations takes a tenth of a
    second for every rule, so a table by itself would be dear."""
    return [
        {**row, "infant_id": row["infant_id"] and f"{row['infant_id']}{place}"}
        for place in range(tables)
        for row in [
            {name: drawn(chance, pool) for name, pool in POOLS.items()} for _ in range(chance.randint(1, 12))
        ]
    ]


@settings(max_examples=3)
@given(st.randoms(use_true_random=False), st.booleans())
def test_every_engine_finds_the_same_rows_of_odd_frames_as_plain_python(view, chance, categories):
    """Three stacks of seventy frames: findings and ledger by each engine, equal but for its name."""
    rows = stacked(random.Random(chance.getrandbits(64)), 70)
    wanted = expected(rows)
    there = frame(view, rows, categories=categories)
    told = {engine: suites.check({"growth": there}, RULES, engine=engine) for engine in suites.ENGINES[1:]}
    for engine, checked in told.items():
        found = checked.drafts.select("rule_id", "row_id").rows()
        assert {(rule.rpartition(".")[2], int(row[1:])) for rule, row in found} == wanted, engine
        assert checked.drafts.drop("engine").equals(told["gx"].drafts.drop("engine"))
        assert [dataclasses.replace(row, engine="gx") for row in checked.ledger] == list(told["gx"].ledger)
    asked = prepared(there, RULES)
    in_pandas = schemas.judge([one.question for one in asked], backend="pandas")
    assert {
        (one.question.rule.id.rpartition(".")[2], at if one.at is None else one.at[at])
        for one, verdict in zip(asked, in_pandas, strict=True)
        for at in verdict
    } == wanted


@settings(max_examples=2)
@given(st.randoms(use_true_random=False))
def test_a_rule_finds_the_same_rows_where_a_pandas_table_lies(view, chance):
    rows = stacked(random.Random(chance.getrandbits(64)), 40)
    table = frame(view, rows).with_columns(
        pl.col("weight_kg", "length_cm").fill_nan(None),
        pl.col("visit_date", "participant_infant_birth_date").cast(pl.Int32),
        pl.col("oedema").cast(pl.Int64),
    )
    wanted = expected(rows)
    for there, read in (
        (table.lazy(), lambda failing: failing.collect()["row_id"].to_list()),
        (table.to_pandas(), lambda failing: list(failing["row_id"])),
    ):
        for rule in RULES:
            name = rule.id.rpartition(".")[2]
            found = sorted(int(row[1:]) for row in read(plain.failing(rule, there)))
            assert found == sorted(place for other, place in wanted if other == name), (name, type(there))


TOTALS = suites.read_text(
    "table: milk\nrules:\n"
    + "".join(
        f"  - id: milk.test.{name}\n    expect: sum_of\n    column: value\n    {body}\n    severity: info\n    says: Look.\n"
        "    source: a test\n    examples: {pass: [{value: 1}], fail: [{value: 1}]}\n"
        for name, body in {
            "equal": "when: {analyte: nicotinic_acid}\n    parts: [nicotinamide, pantothenic_acid]\n    tolerance: 10%",
            "least": "when: {analyte: zinc, stage: mature}\n    parts: {iron: 1.5}\n    is: at_least",
        }.items()
    )
)
RESULTS = {
    "analyte": ["nicotinic_acid", "nicotinamide", "pantothenic_acid", "zinc", "iron"],
    "participant_id": ["a", "b"],
    "visit": ["v", "w"],
    "sample_id": ["s", None],
    "stage": ["mature", "mature", None],
    "value": [*[1.0, 2.0, 3.0, 0.5] * 3, None, math.inf],
    "censored": [None] * 9 + ["<"],
    "reported": [True, True, None, False],
    "method": ["HPLC"] * 9 + [None],
    "measures": [None] * 9 + ["total"],
}


def totals_apart(rows):
    """The results that a total's rule names, by plain Python: one for each sample, its first."""
    samples = {}
    for place, row in enumerate(rows):
        if row["reported"] is not False:
            sample = (row["participant_id"], row["visit"], row["sample_id"])
            samples.setdefault((sample, row["analyte"]), []).append((f"r{place}", place, row))

    def mean(results):
        known = [
            row["value"] for _, _, row in results if row["value"] is not None and row["censored"] is None
        ]
        ways = {(row["method"] or "", row["measures"] or "") for _, _, row in results}
        return sum(known) / len(known) if len(known) == len(results) and len(ways) == 1 else None

    for (sample, analyte), results in samples.items():
        for name, total, parts, share, wrong in (
            ("equal", "nicotinic_acid", {"nicotinamide": 1, "pantothenic_acid": 1}, 0.1, {"below", "above"}),
            ("least", "zinc", {"iron": 1.5}, 0.0, {"below"}),
        ):
            if analyte != total or not all((sample, part) in samples for part in parts):
                continue
            _, place, first = min(results, key=lambda one: one[0])
            if name == "least" and first["stage"] is None:
                continue
            weighed = [(mean(samples[sample, part]), weight) for part, weight in parts.items()]
            if apart(mean(results), weighed, share=share) in wrong:
                yield name, place


def test_totals_and_parts_of_one_sample_are_the_same_in_every_engine_and_where_a_table_lies(view):
    drawn = random.Random(8)
    rows = [
        {name: drawn.choice(pool) for name, pool in RESULTS.items()} | {"visit": f"v{place // 12}"}
        for place in range(1200)
    ]
    wanted = sorted(totals_apart(rows))
    assert {name: [one for one, _ in wanted].count(name) > 3 for name in ("equal", "least")} == {
        "equal": True,
        "least": True,
    }
    there = view("milk", {name: [row[name] for row in rows] for name in RESULTS})
    for engine in suites.ENGINES[1:]:
        found = suites.check({"milk": there}, TOTALS, engine=engine).drafts.select("rule_id", "row_id").rows()
        assert sorted((rule.rpartition(".")[2], int(row[1:])) for rule, row in found) == wanted, engine
    plainly = there.with_columns(pl.col("reported").cast(pl.Int64)).select(
        "row_id", *RESULTS, pl.col("specimen").cast(pl.String)
    )
    for lies, read in (
        (plainly.lazy(), lambda failing: failing.collect()["row_id"].to_list()),
        (plainly.to_pandas(), lambda failing: list(failing["row_id"])),
        (
            duckdb.connect().from_arrow(plainly.to_arrow()),
            lambda failing: [row[0] for row in failing.select("row_id").fetchall()],
        ),
    ):
        found = [
            (rule.id.rpartition(".")[2], int(row[1:]))
            for rule in TOTALS
            for row in read(plain.failing(rule, lies))
        ]
        assert sorted(found) == wanted, type(lies)


def test_every_row_kind_stands_in_the_parity_test():
    assert {rule.expect for rule in RULES} == {name for name, kind in KINDS.items() if kind.level == "row"}


@pytest.mark.usefixtures("great_expectations")
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_says_itself_to_great_expectations(kind):
    import great_expectations.expectations as gxe

    names = {name for name in dir(gxe) if name.startswith("Expect")}
    arguments = {
        "min": 1, "max": 2, "values": (1,), "pattern": "a", "columns": ("a", "b"), "is": "equal", "share": 0.1,
        "max_distance": 0.1, "max_difference": 1, "direction": "rising", "other": "b",
    }  # fmt: skip
    for called, _ in KINDS[kind].gx(arguments):
        assert "".join(part.title() for part in called.split("_")) in names
