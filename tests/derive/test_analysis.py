"""The analysis table: one row per infant and visit, and nothing in it that nobody chose."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milkqc import reference
from milkqc.derive.analysis import AnalysisChoice, analysis
from milkqc.messages import message

PEOPLE = pl.DataFrame(
    {
        "row_id": ["P1", "P2a", "P2b"],
        "participant_id": ["P1", "P2", "P2"],
        "infant_id": ["P1", "P2a", "P2b"],
        "mother_id": [None, "M2", "M2"],
        "infant_sex": ["male", "female", "female"],
        "team": ["red", "blue", "blue"],
        "gestational_age_days": [258.0, 259.0, None],
        "birth_weight_kg": [2.49, 2.5, None],
    }
)


def growth(*rows, **columns):
    names = ["participant_id", "infant_id", "visit", *columns]
    frame = pl.DataFrame(
        [(*row, *values) for row, *values in zip(rows, *columns.values(), strict=True)],
        schema=names,
        orient="row",
    )
    return frame.with_columns(row_id=pl.format("{}|{}", "infant_id", "visit"))


def milk(*rows):
    """Results of iodine unless they say otherwise; MAE 146, judged from the value where there is one."""
    plain = {
        "participant_id": "P1",
        "visit": "m3",
        "analyte": "iodine",
        "unit": "ug/L",
        "reported": True,
        "mae": 146.0,
    }
    types = {
        "value": pl.Float64,
        "limit": pl.Float64,
        "censored": pl.String,
        "below_mae": pl.Boolean,
        "infant_id": pl.String,
    }
    text = dict.fromkeys(("expression", "sample_id", "method", "repeats", "missing_reason"), pl.String)
    made = []
    for row in rows:
        value = row.get("value")
        made.append({"below_mae": None if value is None else value < 146, **plain, **row})
    return pl.DataFrame(
        made, schema_overrides={**types, **text, "sample_date": pl.Date}, infer_schema_length=None
    )


def made(*, choice=None, **tables):
    frame, notes = analysis({"participants": PEOPLE, **tables}, analyses=choice or AnalysisChoice())
    return frame, notes


def rows(frame, *columns):
    return frame.select("infant_id", "visit", *columns).rows()


def said(notes):
    return notes.select("rule_id", "severity", "table", "variable", "value", "n_rows").rows()


def test_rows_are_the_union_of_growth_and_milk_visits():
    frame, notes = made(
        growth=growth(("P1", "P1", "birth"), ("P1", "P1", "m3")),
        milk=milk({"value": 100.0}, {"visit": "m6", "value": 200.0}),
    )
    assert rows(frame, "milk_iodine_ug_l", "milk_iodine_below_mae") == [
        ("P1", "birth", None, None),
        ("P1", "m3", 100.0, True),
        ("P1", "m6", 200.0, False),
    ]
    assert notes.is_empty()


def test_milk_of_a_mother_of_twins_is_both_infants_and_counts_once():
    frame, _ = made(growth=growth(("P2", "P2b", "m3")), milk=milk({"participant_id": "P2", "value": 100.0}))
    assert rows(frame, "milk_iodine_ug_l", "mother_first_row") == [
        ("P2a", "m3", 100.0, True),
        ("P2b", "m3", 100.0, False),
    ]


def test_milk_that_names_its_infant_is_that_infant_s_and_that_row_counts():
    frame, _ = made(
        growth=growth(("P2", "P2a", "m3"), ("P2", "P2b", "m3")),
        milk=milk({"participant_id": "P2", "infant_id": "P2b", "value": 100.0}),
    )
    assert rows(frame, "milk_iodine_ug_l", "mother_first_row") == [
        ("P2a", "m3", None, False),
        ("P2b", "m3", 100.0, True),
    ]


def test_orphans_keep_their_rows():
    frame, _ = made(growth=growth(("P8", "P8", "m3")), milk=milk({"participant_id": "P9", "value": 1.0}))
    assert rows(frame, "participant_id", "infant_sex") == [("P8", "m3", "P8", None), ("P9", "m3", "P9", None)]


def test_what_the_participant_and_the_growth_row_both_say_is_kept_apart():
    frame, _ = made(growth=growth(("P1", "P1", "m3"), team=["green"], infant_sex=["female"]))
    assert rows(frame, "team", "growth_team", "infant_sex", "growth_infant_sex") == [
        ("P1", "m3", "red", "green", "male", "female")
    ]


def test_the_visits_table_adds_its_columns_and_no_rows():
    visits = pl.DataFrame(
        {
            "row_id": ["P1|m3", "P1|m9"],
            "participant_id": ["P1", "P1"],
            "visit": ["m3", "m9"],
            "visit_date": [date(2024, 3, 1), None],
            "feeding": ["mixed", "none"],
        }
    )
    frame, _ = made(growth=growth(("P1", "P1", "m3")), visits=visits)
    assert rows(frame, "feeding", "visit_date", "season") == [
        ("P1", "m3", "mixed", date(2024, 3, 1), "mar_may")
    ]


@pytest.mark.parametrize(
    ("month", "season"),
    [
        (12, "dec_feb"),
        (2, "dec_feb"),
        (3, "mar_may"),
        (6, "jun_aug"),
        (8, "jun_aug"),
        (9, "sep_nov"),
        (11, "sep_nov"),
    ],
)
def test_the_season_is_the_quarter_of_the_visit(month, season):
    frame, _ = made(growth=growth(("P1", "P1", "m3"), visit_date=[date(2024, month, 15)]))
    assert frame["season"].to_list() == [season]


def test_cut_offs_are_strict_and_flagged_scores_say_nothing():
    frame, _ = made(
        growth=growth(
            *(("P1", "P1", visit) for visit in ("v1", "v2", "v3", "v4")),
            laz=[-2.01, -2.0, -6.5, None],
            laz_flag=[False, False, True, None],
            wlz=[2.01, 2.0, -2.01, 5.5],
            wlz_flag=[False, False, False, True],
            waz=[-2.01, None, 0.0, -1.0],
        )
    )
    assert frame.select("stunted", "wasted", "underweight", "overweight").rows() == [
        (True, False, True, True),
        (False, False, None, False),
        (None, True, False, False),
        (None, None, False, None),
    ]


def test_preterm_is_before_37_weeks_and_low_birth_weight_below_2500_g():
    frame, _ = made(growth=growth(*(("P", infant, "m3") for infant in ("P1", "P2a", "P2b"))))
    assert rows(frame, "preterm", "low_birth_weight") == [
        ("P1", "m3", True, True),
        ("P2a", "m3", False, False),
        ("P2b", "m3", None, None),
    ]


SET = AnalysisChoice(mae_set=("iodine", "retinol"))


@pytest.mark.parametrize(
    ("iodine", "retinol", "expected"),
    [
        (True, True, (2, 2, True)),
        (True, False, (1, 2, False)),
        (False, None, (0, 1, False)),
        (True, None, (1, 1, None)),
        (None, None, (0, 0, None)),
    ],
)
def test_all_below_is_true_only_when_every_analyte_of_the_set_was_judged(iodine, retinol, expected):
    frame, _ = made(
        milk=milk(
            {"value": 1.0, "below_mae": iodine}, {"value": 1.0, "analyte": "retinol", "below_mae": retinol}
        ),
        choice=SET,
    )
    assert frame.select("n_below_mae", "n_mae_judged", "all_below_mae").rows() == [expected]


def test_an_analyte_that_was_never_measured_keeps_all_below_open():
    frame, _ = made(milk=milk({"value": 100.0}), choice=SET)
    assert frame.select("n_below_mae", "n_mae_judged", "all_below_mae").rows() == [(1, 1, None)]


def test_a_visit_without_milk_has_no_counts():
    frame, _ = made(growth=growth(("P1", "P1", "birth")), milk=milk({"value": 100.0}), choice=SET)
    assert rows(frame, "n_below_mae", "n_mae_judged") == [("P1", "birth", None, None), ("P1", "m3", 1, 1)]


def test_a_censored_result_keeps_its_limit_and_verdict_beside_a_blank_value():
    frame, _ = made(milk=milk({"censored": "<", "limit": 5.0, "below_mae": True}))
    columns = ("milk_iodine_ug_l", "milk_iodine_cens", "milk_iodine_limit", "milk_iodine_below_mae")
    assert frame.select(columns).rows() == [(None, "<", 5.0, True)]


@pytest.mark.parametrize(("policy", "value"), [("none", None), ("limit/2", 2.5), ("limit/sqrt2", 5 / 2**0.5)])
def test_only_a_declared_policy_puts_a_number_for_a_censored_result(policy, value):
    frame, _ = made(
        milk=milk({"censored": "<", "limit": 5.0}, {"visit": "m6", "censored": ">", "limit": 900.0}),
        choice=AnalysisChoice(censored=policy),
    )
    assert frame["milk_iodine_ug_l"].to_list() == [pytest.approx(value), None]
    assert frame["milk_iodine_cens"].to_list() == ["<", ">"]


TWO = [
    {"sample_id": "a", "value": 100.0, "expression": "fore"},
    {"sample_id": "b", "value": 200.0, "expression": "full"},
]


def test_several_results_are_blank_with_one_warning_per_analyte():
    frame, notes = made(milk=milk(*TWO))
    assert rows(frame, "milk_iodine_ug_l", "milk_iodine_below_mae") == [("P1", "m3", None, None)]
    assert said(notes) == [("analysis.milk.several", "warning", "milk", "iodine", "P1 m3", 1)]
    assert message("analysis.milk.several", notes.row(0, named=True)) == (
        "1 participant visits have several comparable results (P1 m3); they are blank in the analysis table. "
        "Choose or combine them under analysis: in the mapping."
    )


def test_the_preferred_expression_is_chosen():
    frame, notes = made(milk=milk(*TWO), choice=AnalysisChoice(expression=("full", "fore")))
    assert frame["milk_iodine_ug_l"].to_list() == [200.0]
    assert notes.is_empty()


def test_a_missing_result_of_the_preferred_expression_yields_to_the_next():
    missing = {"sample_id": "b", "expression": "full", "missing_reason": "broken_tube"}
    frame, _ = made(milk=milk(TWO[0], missing), choice=AnalysisChoice(expression=("full", "fore")))
    assert frame["milk_iodine_ug_l"].to_list() == [100.0]


def test_an_expression_that_is_not_listed_does_not_count_and_that_is_said():
    frame, notes = made(milk=milk(TWO[0]), choice=AnalysisChoice(expression=("full",)))
    assert frame["milk_iodine_ug_l"].to_list() == [None]
    assert said(notes) == [("analysis.milk.not_chosen", "info", "milk", "expression", "fore", 1)]


def test_the_mean_combines_results_that_are_alike():
    alike = [
        {"sample_id": name, "value": value, "expression": "full"}
        for name, value in (("a", 100.0), ("b", 200.0))
    ]
    frame, notes = made(milk=milk(*alike), choice=AnalysisChoice(replicates="mean"))
    assert frame.select("milk_iodine_ug_l", "milk_iodine_below_mae").rows() == [(150.0, False)]
    assert notes.is_empty()


@pytest.mark.parametrize("differs", ["expression", "method", "measures"])
def test_the_mean_never_pools_two_methods_or_two_expressions(differs):
    unlike = [{"sample_id": name, "value": 100.0, differs: name} for name in ("a", "b")]
    frame, notes = made(milk=milk(*unlike), choice=AnalysisChoice(replicates="mean"))
    assert frame["milk_iodine_ug_l"].to_list() == [None]
    assert notes["rule_id"].to_list() == ["analysis.milk.several"]


def test_replicates_that_are_all_below_one_limit_stay_below_it():
    below = {"censored": "<", "limit": 5.0, "below_mae": True}
    frame, _ = made(milk=milk(below, below), choice=AnalysisChoice(replicates="mean"))
    assert frame.select("milk_iodine_ug_l", "milk_iodine_cens", "milk_iodine_limit").rows() == [
        (None, "<", 5.0)
    ]


COLUMNS = ("milk_iodine_ug_l", "milk_iodine_cens", "milk_iodine_limit")
UNDER, OVER = {"censored": "<", "limit": 5.0}, {"censored": ">", "limit": 200.0}


@pytest.mark.parametrize(
    ("replicates", "policy", "expected"),
    [
        ([{"value": 6.0}, UNDER], "none", (None, "<", 5.5)),
        ([{"value": 6.0}, UNDER], "limit/2", (4.25, "<", 5.5)),
        ([UNDER, {**UNDER, "limit": 9.0}], "none", (None, "<", 9.0)),
        ([{"value": 150.0}, OVER], "none", (None, ">", 175.0)),
        ([OVER, {**OVER, "limit": 300.0}], "none", (None, ">", 200.0)),
    ],
)
def test_the_flag_survives_averaging_with_what_the_mean_lies_beyond(replicates, policy, expected):
    apart = [{"sample_id": f"S{place}", **one} for place, one in enumerate(replicates)]
    declared = [{"sample_id": "S", "repeats": "replicate", **one} for one in replicates]
    for several, mean in ((apart, "mean"), (declared, None)):
        frame, notes = made(milk=milk(*several), choice=AnalysisChoice(replicates=mean, censored=policy))
        assert frame.select(COLUMNS).rows() == [expected]
    assert notes.is_empty()


@pytest.mark.parametrize("other", [OVER, {"censored": "<", "limit": None}])
def test_both_sides_or_an_unknown_limit_have_no_mean(other):
    several = [{"value": 6.0}, UNDER, other] if other is OVER else [{"value": 6.0}, other]
    apart = [{"sample_id": f"S{place}", **one} for place, one in enumerate(several)]
    frame, notes = made(milk=milk(*apart), choice=AnalysisChoice(replicates="mean"))
    assert frame.select(COLUMNS).rows() == [(None, None, None)]
    assert notes["rule_id"].to_list() == ["analysis.milk.several"]


def test_declared_replicates_of_one_sample_give_their_mean_without_being_asked():
    twice = [{"sample_id": "a", "value": value, "repeats": "replicate"} for value in (100.0, 110.0)]
    frame, notes = made(milk=milk(*twice))
    assert frame["milk_iodine_ug_l"].to_list() == [105.0]
    other = {"sample_id": "b", "value": 90.0, "repeats": "replicate"}
    frame, notes = made(milk=milk(*twice, other))
    assert frame["milk_iodine_ug_l"].to_list() == [None]
    assert notes["n_rows"].to_list() == [1]


def test_a_superseded_result_does_not_count():
    frame, notes = made(milk=milk({"value": 100.0, "reported": False}, {"value": 120.0}))
    assert frame["milk_iodine_ug_l"].to_list() == [120.0]
    assert notes.is_empty()


def test_repeated_growth_rows_keep_what_they_agree_on():
    twice = growth(
        ("P1", "P1", "m3"),
        ("P1", "P1", "m3"),
        weight_kg=[5.0, 5.2],
        length_cm=[60.0, 60.0],
        muac_cm=[None, 13.0],
        oedema=[False, True],
    )
    frame, notes = made(growth=twice)
    assert frame.select("weight_kg", "length_cm", "muac_cm", "oedema").rows() == [(None, 60.0, 13.0, None)]
    assert said(notes) == [("analysis.growth.several", "warning", "growth", None, "P1 m3", 2)]
    assert message("analysis.growth.several", notes.row(0, named=True)) == (
        "2 growth rows share an infant and visit but differ; the differing cells are blank in the analysis table. "
        "Correct the rows or set repeats: in the mapping."
    )


def test_identical_growth_rows_are_one_row_without_a_warning():
    frame, notes = made(growth=growth(("P1", "P1", "m3"), ("P1", "P1", "m3"), weight_kg=[5.0, 5.0]))
    assert rows(frame, "weight_kg") == [("P1", "m3", 5.0)]
    assert notes.is_empty()


def test_growth_replicates_give_the_mean_of_their_numbers():
    frame, notes = made(
        growth=growth(
            ("P1", "P1", "m3"),
            ("P1", "P1", "m3"),
            weight_kg=[5.0, 5.2],
            waz=[-1.0, -0.5],
            repeats=["replicate"] * 2,
        )
    )
    assert rows(frame, "weight_kg", "waz") == [("P1", "m3", 5.1, -0.75)]
    assert notes.is_empty()


def test_repeated_participants_never_multiply_rows():
    people = pl.concat([PEOPLE, PEOPLE[:1].with_columns(infant_sex=pl.lit("female"))])
    frame, notes = made(growth=growth(("P1", "P1", "m3")), participants=people)
    assert rows(frame, "infant_sex", "team") == [("P1", "m3", None, "red")]
    assert said(notes) == [("analysis.participants.several", "warning", "participants", None, "P1", 2)]


def test_columns_are_the_same_whatever_was_mapped():
    frame, _ = made(growth=growth(("P1", "P1", "m3")))
    taken = {"row_id", "infant_sex", "infant_birth_date", "team"}
    assert {column.column for column in reference.columns("growth")} - taken <= set(frame.columns)
    assert not [name for name in frame.columns if name.startswith("milk_iodine")]
    assert not [
        name
        for name in frame.columns
        if "__" in name or name.startswith("_") or name in ("row_id", "repeats")
    ]


def test_nothing_at_all_gives_the_empty_table_with_its_columns():
    frame, notes = analysis({}, analyses=AnalysisChoice())
    assert frame.height == 0
    assert {"infant_id", "visit", "laz", "stunted", "mother_first_row", "all_below_mae"} <= set(frame.columns)
    assert notes.is_empty()


def test_every_column_of_every_analyte_fits_stata():
    every = milk(
        *(
            {"analyte": key, "value": 1.0, "unit": analyte.unit}
            for key, analyte in reference.analytes().items()
        )
    )
    frame, _ = made(milk=every)
    assert max(len(name) for name in frame.columns) <= 32
    assert len({name.lower() for name in frame.columns}) == len(frame.columns)
    assert sum(name.endswith("_cens") for name in frame.columns) == len(reference.analytes())


def test_an_analyte_of_the_study_s_own_uses_its_key_and_its_unit():
    own = {"analyte": "human_milk_oligosaccharide_total", "value": 1.0, "unit": "g/L"}
    frame, _ = made(milk=milk(own, {"analyte": "fuc", "value": 2.0, "unit": "mg/L"}))
    assert frame["milk_fuc_mg_l"].to_list() == [2.0]
    assert next(name for name in frame.columns if name.startswith("milk_human")).startswith(
        "milk_human_milk_o_"
    )


INFANTS = st.sampled_from([("P1", "P1"), ("P2", "P2a"), ("P2", "P2b"), ("P9", "P9")])
MEASURED = st.lists(
    st.tuples(INFANTS, st.sampled_from(["m3", "m6"]), st.floats(1, 10)), min_size=1, max_size=6
)
SAMPLED = st.lists(
    st.fixed_dictionaries(
        {
            "participant_id": st.sampled_from(["P1", "P2", "P9"]),
            "visit": st.sampled_from(["m3", "m6"]),
            "analyte": st.sampled_from(["iodine", "retinol"]),
            "value": st.none() | st.sampled_from([100.0, 200.0]),
            "expression": st.none() | st.sampled_from(["fore", "full"]),
            "sample_id": st.sampled_from(["a", "b"]),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40)
@given(
    measured=MEASURED,
    sampled=SAMPLED,
    mean=st.sampled_from([None, "mean"]),
    seed=st.randoms(use_true_random=False),
)
def test_rows_are_single_and_their_order_on_arrival_does_not_matter(measured, sampled, mean, seed):
    choice = AnalysisChoice(expression=("full",), replicates=mean, mae_set=("iodine", "retinol"))

    def table(measured, sampled):
        size = growth(*((*who, visit) for who, visit, _ in measured), weight_kg=[kg for *_, kg in measured])
        return made(growth=size, milk=milk(*sampled), choice=choice)

    frame, notes = table(measured, sampled)
    assert not frame.select("infant_id", "visit").is_duplicated().any()
    wanted = {(infant, visit) for (_, infant), visit, _ in measured}
    assert wanted <= set(frame.select("infant_id", "visit").rows())
    assert (
        frame.filter("mother_first_row").height
        == frame.select(pl.coalesce("mother_id", "participant_id"), "visit").unique().height
    )
    seed.shuffle(measured)
    seed.shuffle(sampled)
    again, said_again = table(measured, sampled)
    assert again.equals(frame)
    assert said_again.equals(notes)
