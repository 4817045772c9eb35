"""Readings of one sample in several columns: combined without inventing what lies below a limit."""

from __future__ import annotations

import pytest

MILK = """\
milkqc: 1
study: t
tables: {lab: {file: lab.csv}}
milk:
  from: lab
  key: {participant_id: ID, visit: V, sample_id: S}
  analytes: {iodine: {from: [A, B, C], do: %s, unit: ug/L%s}}
"""


def made(mapped, cells: str, *, do: str = "mean_of", more: str = ""):
    milk = mapped(MILK % (do, more), lab=f"ID,V,S,A,B,C\n1,a,s,{cells}\n").tables["milk"]
    return milk.select("number", "censored", "limit_raw", "missing_reason").row(0)


@pytest.mark.parametrize(
    ("do", "cells", "number", "censored", "limit", "missing"),
    [
        ("mean_of", "2,4,", 3.0, None, None, None),
        ("mean_of", "<0.5,4,", None, "<", 2.25, None),
        ("mean_of", "<0.5,<1.5,", None, "<", 1.0, None),
        ("mean_of", "ND,4,", None, "<", None, None),
        ("mean_of", "4,>200,", None, ">", 102.0, None),
        ("mean_of", "<1,>200,", None, None, None, "censored_both_sides"),
        ("mean_of", ",,", None, None, None, "empty"),
        ("median_of", "<0.5,3,4", 3.0, None, None, None),
        ("median_of", "<0.5,<0.5,4", None, "<", 0.5, None),
        ("median_of", "3,4,>200", 4.0, None, None, None),
        ("median_of", "<5,3,4", None, "<", 4.0, None),
        ("first_of", ",<0.5,4", None, "<", 0.5, None),
        ("first_of", ",3,<0.5", 3.0, None, None, None),
        ("first_of", ",,", None, None, None, "empty"),
    ],
)
def test_readings_become_one_result(mapped, do, cells, number, censored, limit, missing):
    assert made(mapped, cells, do=do) == (number, censored, limit, missing)


def test_the_declared_limit_stands_in_for_a_reading_without_its_own(mapped):
    assert made(mapped, "ND,4,", more=", limit: 1") == (None, "<", 2.5, None)


def test_all_readings_stay_in_the_raw_text(mapped):
    milk = mapped(MILK % ("mean_of", ""), lab="ID,V,S,A,B,C\n1,a,s,<0.5,4,\n").tables["milk"]
    assert milk["raw"].to_list() == ["A=<0.5; B=4; C="]


def test_numbers_further_apart_than_the_protocol_allows_are_a_finding(mapped):
    applied = mapped(
        MILK % ("mean_of", ", max_difference: 10%"), lab="ID,V,S,A,B,C\n1,a,s,2,4,\n2,a,t,<1,4,\n"
    )
    assert applied.drafts.select("rule_id", "row_id").rows() == [
        ("reading.replicates.disagree", "1|a|s|iodine")
    ]


@pytest.mark.parametrize(
    ("analyte", "told"),
    [
        ("{from: [A, B], do: mean_of_closest_two, unit: ug/L}",
         "study.yaml:7 M123 milk.analytes.iodine.do: how near a reading below the limit is to another, nobody "
         "knows. Use mean_of or median_of."),
        ("{from: [A, B], do: mean_of, unit: {from: C}}",
         "study.yaml:7 M202 milk.analytes.iodine: readings that are combined need their unit. Write it out."),
    ],
)  # fmt: skip
def test_readings_that_cannot_be_combined_are_a_fault(faults_of, analyte, told):
    text = MILK.split("  analytes")[0] + f"  analytes: {{iodine: {analyte}}}\n"
    assert told in faults_of(text, lab="ID,V,S,A,B,C\n1,a,s,1,2,ug/L\n")
