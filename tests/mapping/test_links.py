"""Links that clean what they compare, and links that start where another has arrived."""

from __future__ import annotations

import polars as pl
import pytest

from milkqc.emit.tables import split
from milkqc.mapping.language import CLEANS
from milkqc.mapping.rows import CLEANING, cleaned
from milkqc.normalise import normalise

MAPPING = """\
milkqc: 1
study: t
tables: {lab: {file: lab.csv}, tubes: {file: tubes.csv}, samples: {file: samples.csv}}
milk:
  from: lab
  with:
    tubes: {on: {TUBE: {to: BARCODE, clean: [no_spaces, upper]}}, both: true}
    samples: {on: {tubes.SAMPLE: ID}}
  key: {participant_id: samples.PID, visit: samples.VISIT, sample_id: tubes.SAMPLE}
  analytes: {iodine: {from: I, unit: ug/L}}
"""
SAMPLES = "ID,PID,VISIT\n7,p1,m3\n8,p2,m3\n"


def rows(frame: pl.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return frame.select(columns).rows()


def test_a_chain_arrives_at_the_person_and_the_raw_key_stays(mapped):
    applied = mapped(
        MAPPING, lab="TUBE,I\n t 1,61\nT2,75\n", tubes="BARCODE,SAMPLE\nT1,7\nt2 ,8\n", samples=SAMPLES
    )
    milk = applied.tables["milk"]
    assert rows(milk, "participant_id", "sample_id") == [("p1", "7"), ("p2", "8")]
    assert applied.drafts.filter(pl.col("rule_id").str.starts_with("reading.link")).is_empty()
    clean, lineage = split("milk", normalise("milk", milk)[0])
    assert lineage["link_tubes_raw"].to_list() == [" t 1", "T2"]
    assert "link_tubes_raw" not in clean.columns


def test_each_end_of_a_broken_chain_is_told_once_where_it_broke(mapped):
    applied = mapped(
        MAPPING,
        lab="TUBE,I\nT1,61\nT9,75\nt3,80\nT5,90\n",
        tubes="BARCODE,SAMPLE\nT1,99\nT3,7\n t3,8\nT4,8\nT5,\n",
        samples=SAMPLES,
    )
    found = applied.drafts.filter(pl.col("rule_id").str.starts_with("reading.link"))
    assert sorted(rows(found, "rule_id", "row_id", "variable")) == [
        ("reading.link.ambiguous", "tubes=t3", "TUBE"),
        ("reading.link.orphan", "samples=99", "tubes.SAMPLE"),
        ("reading.link.orphan", "tubes=T9", "TUBE"),
        ("reading.link.unused", "tubes=T4", "BARCODE"),
    ]
    assert applied.rejected["source_row"].to_list() == [1, 2, 3, 4]
    assert applied.rejected["why"].str.contains("no_link|ambiguous_link|empty").all()


def test_a_key_of_which_cleaning_leaves_nothing_finds_nobody(mapped):
    mapping = MAPPING.replace("[no_spaces, upper]", "[digits]")
    applied = mapped(mapping, lab="TUBE,I\nabc,61\n", tubes="BARCODE,SAMPLE\nxyz,7\n", samples=SAMPLES)
    assert applied.tables["milk"].is_empty()
    assert "reading.link.orphan" in applied.drafts["rule_id"].to_list()


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ("trim", " a b ", "a b"),
        ("upper", "a-1é", "A-1É"),
        ("lower", "A-1", "a-1"),
        ("digits", "TB-00 12", "0012"),
        ("no_spaces", " a \tb", "ab"),
        ("no_punctuation", "TB-01_2/é", "TB012é"),
        ("no_leading_zeros", "00120", "120"),
        ("no_leading_zeros", "000", "0"),
        ("no_leading_zeros", "T01", "T01"),
    ],
)
def test_each_step_does_what_its_name_says(step, before, after):
    assert cleaned(pl.Series([before, None]), (step,)).to_list() == [after, None]


def test_every_step_of_the_language_is_there():
    assert set(CLEANS) == set(CLEANING)
