"""The MAE reference table: who counts, how often, and beside which estimate."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milkqc.reference.mae import BASES, choose
from milkqc.summarise.mae_reference import SCHEMA, reference_table
from milkqc.summarise.shares import wilson

BOTH = [choose(authority="IOM", basis=basis) for basis in BASES]
MILK = {
    "row_id": pl.String,
    "participant_id": pl.String,
    "mother_id": pl.String,
    "visit": pl.String,
    "sample_id": pl.String,
    "analyte": pl.String,
    "method": pl.String,
    "measures": pl.String,
    "value": pl.Float64,
    "unit": pl.String,
    "censored": pl.String,
    "limit": pl.Float64,
    "reported": pl.Boolean,
    "days_postpartum": pl.Float64,
}


def milk(*rows):
    usual = {"visit": "m3", "analyte": "iodine", "unit": "ug/L", "reported": True, "days_postpartum": 90.0}
    filled = [
        usual | {"row_id": f"r{n:03}", "participant_id": f"P{n}", "sample_id": f"S{n}"} | row
        for n, row in enumerate(rows)
    ]
    return pl.DataFrame([{name: row.get(name) for name in MILK} for row in filled], schema=MILK, orient="row")


def people(n=10, **columns):
    ids = [f"P{k}" for k in range(n)]
    frame = pl.DataFrame({"participant_id": ids, "infant_id": ids}).with_columns(
        mother_id=pl.lit(None, pl.String), site=pl.lit(None, pl.String), cluster_id=pl.lit(None, pl.String)
    )
    return frame.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in columns.items())


def only(table, **where):
    (row,) = table.filter(pl.col(name) == value for name, value in where.items()).rows(named=True)
    return row


def iodine(*rows, participants=None, basis="milk_concentration", **where):
    table = reference_table(milk(*rows), people() if participants is None else participants, BOTH)
    return only(table, basis=basis, **where)


def test_both_bases_stand_in_the_table_and_move_people_across_the_line():
    table = reference_table(milk({"value": 143.0}, {"value": 150.0}), people(), BOTH)
    assert table.select("analyte", "basis", "group", "mae", "below", "at_or_above").rows() == [
        ("iodine", "milk_concentration", "all", 146.0, 1, 1),
        ("iodine", "ai_per_volume", "all", 110 / 0.78, 0, 2),
    ]
    assert dict(table.schema) == SCHEMA
    assert table["derivation"].to_list() == ["146 ug/L as printed", "110 ug/d / 0.78 L/d"]
    assert set(table["authority"]) == {"IOM"}
    assert table["status"].to_list() == ["verified", "computed from verified AI"]


def test_every_result_is_counted_in_one_place():
    row = iodine(
        {"value": 100.0},
        {"value": 200.0},
        {"censored": "<", "limit": 5.0},
        {"censored": "<", "limit": 150.0},
        {"censored": "<"},
        {},
        {"value": 90.0, "days_postpartum": 400.0},
    )
    counts = (
        "mothers",
        "results",
        "measured",
        "censored",
        "below",
        "at_or_above",
        "undetermined",
        "not_comparable",
        "outside_age",
        "not_measured",
    )
    assert [row[name] for name in counts] == [7, 7, 3, 3, 2, 1, 2, 0, 1, 1]
    assert row["percent_below"] == 66.66666667
    assert row["percent_censored"] == 50.0
    assert row["estimator"] == "not_estimable: censored without a limit"
    assert row["median"] is None


def test_the_share_below_is_of_the_judged_with_wilson_s_interval():
    row = iodine(*({"value": value} for value in (100.0, 120.0, 130.0, 150.0)))
    # Newcombe 1998, Stat Med 17:857-872 gives the formula; 3 of 4 worked through by hand
    assert row["percent_below"] == 75.0
    assert (row["percent_below_low"], row["percent_below_high"]) == pytest.approx(
        (30.0642, 95.4413), abs=1e-4
    )


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Newcombe 1998, table I, method 3
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.0, 16.11),
        (1, 29, 0.61, 17.18),
    ],
)
def test_wilson_s_interval_is_that_of_newcombe_s_table(count, of, low, high):
    assert wilson(count, of) == pytest.approx((low, high), abs=0.005)


def test_an_interval_of_nothing_is_nothing():
    assert wilson(0, 0) == (None, None)


def test_median_over_mae_stands_beside_the_share():
    row = iodine({"value": 73.0}, {"value": 146.0}, {"value": 292.0})
    assert (row["q25"], row["median"], row["q75"], row["median_over_mae"]) == (73.0, 146.0, 292.0, 1.0)
    assert row["estimator"] == "sample"


def test_censored_results_enter_the_median_through_kaplan_meier():
    row = iodine({"value": 73.0}, {"value": 146.0}, {"value": 292.0}, {"censored": "<", "limit": 10.0})
    assert (row["q25"], row["median"], row["q75"]) == (None, 109.5, 219.0)
    assert row["median_over_mae"] == 0.75
    assert (row["percent_censored"], row["estimator"]) == (25.0, "kaplan_meier")


def test_a_superseded_result_does_not_count():
    row = iodine({"value": 100.0, "reported": False}, {"value": 200.0})
    assert (row["results"], row["below"]) == (1, 0)


def test_a_mother_of_twins_counts_once():
    """Twins enrolled as two participants of one mother, her one sample in both rows."""
    twins = people(mother_id=["M", "M", *[None] * 8])
    row = iodine({"value": 100.0, "sample_id": "S"}, {"value": 100.0, "sample_id": "S"}, participants=twins)
    assert (row["mothers"], row["results"], row["below"]) == (1, 1, 1)


def test_a_mother_named_in_the_milk_rows_counts_once_too():
    row = iodine(
        {"value": 100.0, "sample_id": "S", "mother_id": "M"},
        {"value": 100.0, "sample_id": "S", "mother_id": "M"},
    )
    assert (row["mothers"], row["results"]) == (1, 1)


def test_two_samples_of_one_mother_are_two_results():
    row = iodine({"value": 100.0, "participant_id": "P0"}, {"value": 300.0, "participant_id": "P0"})
    assert (row["mothers"], row["results"]) == (1, 2)


@pytest.mark.parametrize(
    ("replicates", "expected"),
    [
        ([{"value": 100.0}, {"value": 200.0}], {"measured": 1, "median": 150.0, "at_or_above": 1}),
        (
            [{"value": 100.0}, {"censored": "<", "limit": 5.0}],
            # below 52.5, wherever it lies: below 146
            {"measured": 0, "censored": 1, "below": 1, "median": None},
        ),
        (
            [{"value": 200.0}, {"censored": "<", "limit": 180.0}],
            {"measured": 0, "censored": 1, "undetermined": 1},
        ),
        ([{"value": 200.0}, {"censored": "<", "limit": None}], {"censored": 1, "undetermined": 1}),
        ([{"value": 150.0}, {"censored": ">", "limit": 200.0}], {"censored": 1, "at_or_above": 1}),
        ([{"value": 100.0}, {}], {"measured": 1, "not_measured": 0, "median": 100.0}),
        (
            [{"censored": "<", "limit": 5.0}, {"censored": "<", "limit": 150.0}],
            {"censored": 1, "undetermined": 1},
        ),
        ([{"censored": ">", "limit": 500.0}, {"censored": ">", "limit": 100.0}], {"undetermined": 1}),
        ([{"censored": ">", "limit": 500.0}, {"censored": "<", "limit": 5.0}], {"undetermined": 1}),
        ([{}, {}], {"results": 1, "not_measured": 1}),
    ],
)
def test_replicates_are_one_result(replicates, expected):
    row = iodine(*({"participant_id": "P0", "sample_id": "S", **replicate} for replicate in replicates))
    assert {name: row[name] for name in expected} == expected


def test_two_methods_stand_apart():
    table = reference_table(
        milk(
            {"value": 100.0, "method": "ICP-MS"},
            {"value": 200.0, "method": "Sandell-Kolthoff"},
            {"value": 1.0},
        ),
        people(),
        BOTH[:1],
    )
    assert table.select("method", "median").rows() == [
        ("ICP-MS", 100.0),
        ("Sandell-Kolthoff", 200.0),
        (None, 1.0),
    ]


def test_a_vitamer_is_not_compared_and_not_pooled_with_the_total():
    table = reference_table(
        milk(
            {"analyte": "retinol", "measures": "total_retinol", "value": 300.0},
            {"analyte": "retinol", "measures": "retinyl_palmitate", "value": 900.0},
        ),
        people(),
        BOTH[:1],
    )
    assert table.select("measures", "mae", "below", "not_comparable", "median_over_mae").rows() == [
        ("retinyl_palmitate", None, 0, 1, None),
        ("total_retinol", 485.0, 1, 0, 0.618556701),
    ]


def test_zinc_is_compared_at_each_sample_s_own_age():
    row = iodine(
        {"analyte": "zinc", "value": 3.0, "unit": "mg/L", "days_postpartum": 14.0},
        {"analyte": "zinc", "value": 3.0, "unit": "mg/L", "days_postpartum": 91.3125},
        {"analyte": "zinc", "value": 3.0, "unit": "mg/L", "days_postpartum": 182.625},
    )
    assert (row["below"], row["at_or_above"], row["mae"]) == (1, 2, 1.5)
    assert row["median_over_mae"] == 2.0
    assert row["derivation"] == "linear between the printed ages"


def test_an_analyte_without_an_estimate_is_described_and_not_judged():
    row = iodine({"analyte": "selenium", "value": 15.0})
    assert (row["mae"], row["authority"], row["median"], row["percent_below"]) == (None, None, 15.0, None)


def test_groups_are_those_of_participants_and_all_comes_first():
    table = reference_table(
        milk({"value": 100.0}, {"value": 200.0}, {"value": 120.0}),
        people(3, site=["B", "A", None]),
        BOTH[:1],
        group_by=("site",),
    )
    assert table.select("group", "results", "below").rows() == [
        ("all", 3, 2),
        ("site=(missing)", 1, 1),
        ("site=A", 1, 0),
        ("site=B", 1, 1),
    ]


def test_a_column_that_is_nowhere_filled_makes_no_groups():
    table = reference_table(milk({"value": 100.0}), people(), BOTH, group_by=("site",))
    assert set(table["group"]) == {"all"}


def test_without_a_choice_concentrations_are_described():
    (row,) = reference_table(milk({"value": 100.0}, {"value": 50.0}), people(), []).rows(named=True)
    assert (row["basis"], row["mae"], row["median"], row["measured"]) == (None, None, 75.0, 2)


def test_no_milk_is_an_empty_table():
    table = reference_table(milk().clear(), people(), BOTH, group_by=("site",))
    assert table.is_empty()
    assert dict(table.schema) == SCHEMA


@settings(max_examples=25)
@given(st.permutations(range(8)))
def test_the_order_of_rows_does_not_matter(order):
    rows = milk(
        *(
            {"value": v, "participant_id": f"P{n % 5}", "sample_id": "S"}
            for n, v in enumerate((0.1, 0.2, 0.3, 7.0))
        ),
        *({"analyte": "zinc", "value": v, "unit": "mg/L"} for v in (0.7, 0.1, 2.0, 3.0)),
    )
    sites = people(site=list("ABABABABAB"))
    straight = reference_table(rows, sites, BOTH, group_by=("site",))
    assert reference_table(rows[list(order)], sites, BOTH, group_by=("site",)).equals(straight)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(1, 500)), st.sampled_from([None, "<", ">"]), st.integers(0, 250)
        ),
        min_size=1,
        max_size=20,
    )
)
def test_counts_add_up(cells):
    table = reference_table(
        milk(
            *(
                {
                    "value": number if censored is None else None,
                    "limit": number if censored else None,
                    "censored": censored,
                    "days_postpartum": float(day),
                }
                for number, censored, day in cells
            )
        ),
        people(20),
        BOTH,
    )
    for row in table.rows(named=True):
        assert row["results"] == len(cells)
        assert row["measured"] + row["censored"] + row["not_measured"] == row["results"]
        judged = (
            row["below"]
            + row["at_or_above"]
            + row["undetermined"]
            + row["outside_age"]
            + row["not_comparable"]
        )
        assert judged == row["measured"] + row["censored"]
