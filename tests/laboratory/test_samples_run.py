"""Specimens, dilutions, replicates, re-runs and several samples of one visit, from the file to the analysis table."""

from __future__ import annotations

import polars as pl
import pytest

IODINE = "milk_iodine_ug_l"


def test_a_file_of_two_specimens_parts_by_itself_and_only_milk_meets_an_estimate(laboratory):
    head = (
        "milkqc: 1\nstudy: t\ntables: {lab: {file: lab.csv}}\n"
        "mae: {authority: IOM, basis: milk_concentration, set: [iodine]}\n"
        "schedule: {month_3: {day: 91, window: [61, 121]}}\n"
    )
    result = laboratory(
        "columns: {specimen: {from: SP, codes: {M: milk, S: serum, U: urine}}}\n"
        "analytes: {iodine: {from: I, unit: ug/L, limit: 2}}",
        head=head,
        lab="PID,V,S,SP,I\n1,month_3,a,M,61\n1,month_3,b,S,50\n1,month_3,c,U,<LOD\n2,month_3,d,M,180\n",
    )
    assert result.milk.sort("row_id").select("sample_id", "mae_status").rows() == [
        ("a", "below"), ("d", "at_or_above"),
    ]  # fmt: skip
    assert result.biomarkers.sort("row_id").select("sample_id", "specimen", "value", "censored", "limit").rows() == [
        ("b", "serum", 50.0, None, 2.0), ("c", "urine", None, "<", 2.0),
    ]  # fmt: skip
    assert result.analysis.sort("participant_id")[IODINE].to_list() == [61.0, 180.0]
    account = result.reconciliation[0]
    assert (account.read, account.used, account.rows_out) == (4, 4, 4)


def test_dilution_is_recorded_and_multiplies_nothing(laboratory):
    milk = laboratory(
        "columns: {dilution: D}\nanalytes: {iodine: {from: I, unit: ug/L}, zinc: {from: Z, unit: mg/L}}",
        lab="PID,V,S,D,I,Z\n1,a,s,10,61,2\n2,a,s,,62,3\n",
    ).milk.sort("row_id")
    assert milk.select("analyte", "value", "dilution", "factor").rows() == [
        ("iodine", 61.0, 10.0, 1.0),
        ("zinc", 2.0, 10.0, 1.0),
        ("iodine", 62.0, None, 1.0),
        ("zinc", 3.0, None, 1.0),
    ]


def test_replicates_stay_as_rows_and_the_analysis_takes_their_mean(laboratory):
    result = laboratory(
        "repeats: replicate\nanalytes: {iodine: {from: I, unit: ug/L}}",
        lab="PID,V,S,I\n1,a,s,60\n1,a,s,64\n",
    )
    assert result.milk.sort("replicate").select("replicate", "value").rows() == [(1, 60.0), (2, 64.0)]
    assert result.analysis[IODINE].to_list() == [62.0]


def test_of_re_runs_the_latest_counts_and_the_others_stay_unreported(laboratory):
    result = laboratory(
        "repeats: {latest: RUN}\ncolumns: {run_date: {from: RUN, format: '%Y-%m-%d'}}\n"
        "analytes: {iodine: {from: I, unit: ug/L, limit: 1}}",
        lab="PID,V,S,RUN,I\n1,a,s,2024-01-02,<LOD\n1,a,s,2024-01-01,600\n2,a,s,2024-01-01,70\n",
    )
    milk = result.milk.sort("participant_id", "run_date")
    assert milk.select("value", "censored", "reported").rows() == [
        (600.0, None, False), (None, "<", True), (70.0, None, True),
    ]  # fmt: skip
    cells = result.analysis.sort("participant_id").select(IODINE, "milk_iodine_cens", "milk_iodine_limit")
    assert cells.rows() == [(None, "<", 1.0), (70.0, None, 1.0)]


SEVERAL = "PID,V,S,EX,I\n1,a,s1,fore,60\n1,a,s2,full,80\n2,a,s3,fore,<5\n3,a,s4,full,90\n3,a,s5,full,94\n"
BODY = "columns: {expression: EX}\nanalytes: {iodine: {from: I, unit: ug/L}}"


@pytest.mark.parametrize(
    ("analysis", "expected", "warned"),
    [
        ("", [(None, None), (None, "<"), (None, None)], 2),
        ("analysis: {milk: {expression: [full, fore]}}\n", [(80.0, None), (None, "<"), (None, None)], 1),
        ("analysis: {milk: {expression: [full, fore], replicates: mean}}\n",
         [(80.0, None), (None, "<"), (92.0, None)], 0),
    ],
)  # fmt: skip
def test_several_samples_of_a_visit_are_chosen_or_combined_as_the_study_says(
    laboratory, analysis, expected, warned
):
    head = f"milkqc: 1\nstudy: t\ntables: {{lab: {{file: lab.csv}}}}\n{analysis}"
    result = laboratory(BODY, head=head, lab=SEVERAL)
    assert result.analysis.sort("participant_id").select(IODINE, "milk_iodine_cens").rows() == expected
    told = result.findings.filter(pl.col("rule_id") == "analysis.milk.several")
    assert sum(told["n_rows"].to_list()) == warned
    assert result.milk.height == 5
