"""Formulas over a laboratory's columns: a result below its limit is no number, and no unreadable cell."""

from __future__ import annotations

import polars as pl

MAPPING = """\
milkqc: 1
study: t
tables: {lab: {file: lab.csv}}
milk:
  from: lab
  key: {participant_id: ID, visit: V}
  let:
    both: {do: formula, formula: A + B, unit: mg/L}
    first: {from: [A, B], do: first_of, unit: mg/L}
    volume: {from: VOL, unit: mL}
  columns: {volume_ml: {from: volume}}
  analytes:
    zinc: {do: formula, formula: A + B, unit: mg/L}
    copper: {from: both}
    iron: {from: first}
"""
LAB = "ID,V,A,B,VOL\n1,m,1,2,5\n2,m,<LOD,2,<5\n3,m,1,<0.5,5\n4,m,x,2,5\n5,m,,2,5\n"


def results(frame: pl.DataFrame, analyte: str) -> list[tuple[object, ...]]:
    mine = frame.filter(pl.col("analyte") == analyte).sort("participant_id")
    return mine.select("number", "censored", "missing_reason").rows()


def test_a_sum_with_a_result_below_its_limit_is_missing_as_censored(mapped):
    applied = mapped(MAPPING, lab=LAB)
    milk = applied.tables["milk"]
    wanted = [(3.0, None, None), (None, None, "censored"), (None, None, "censored"), (None, None, "unreadable"), (None, None, "empty")]  # fmt: skip
    assert results(milk, "zinc") == wanted
    assert results(milk, "copper") == wanted
    assert results(milk, "iron") == [
        (1.0, None, None), (None, "<", None), (1.0, None, None), (2.0, None, None), (2.0, None, None)
    ]  # fmt: skip
    # What no analyte is made of is no result: there a limit stays unreadable.
    unreadable = applied.drafts.filter(pl.col("rule_id") == "reading.number.unreadable")
    told = sorted(set(unreadable.select("variable", "value").rows()))
    assert [one for one in told if one[1] != "x"] == [("volume", "<5")]
    assert ("zinc", "x") in told
