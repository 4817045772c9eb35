"""Drafts made whole a table at a time: the same findings as one row after the other, whatever the drafts hold."""

from __future__ import annotations

import string
from types import MappingProxyType

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc import findings, messages
from milkqc.causes import DATED, with_causes

LABELS = MappingProxyType(
    {("growth", "weight_kg"): ("Weight", "kg"), ("growth", "laz"): ("Length for age", "")}
)
COLUMNS = MappingProxyType({("growth", "weight_kg"): "W1; W2; W3", ("milk", "zinc"): "ZN"})
HELD = MappingProxyType({"a.dta": {"W1", "W3"}, "b.dta": {"OTHER"}})
CONTEXT = MappingProxyType({
    "growth": pl.DataFrame(
        {
            "row_id": ["P1|birth", "P2|birth"],
            "participant_id": ["P1", "P2"],
            "visit": ["birth", None],
            "site": ["Hala", None],
            "source_file": ["a.dta", "b.dta"],
            "source_row": [7, 8],
        }
    ),
    "milk": pl.DataFrame({"row_id": ["P1|birth|T1|zinc"], "team": ["one"], "sample_id": ["T1"]}),
})  # fmt: skip
TEXTS = st.one_of(
    st.none(),
    st.sampled_from(["", "2720", "{value}", "é" * 130, "x" * 120, "x" * 121]),
    st.text(max_size=4),
)
DRAFTS = st.lists(
    st.fixed_dictionaries(
        {
            "rule_id": st.sampled_from(
                ["growth.weight_kg.flag", "growth.visit.before_birth", "reading.value.unreadable", "analysis.milk.several",
                 "reading.row.rejected", "a.rule.of.a.study"]
            ),
            "severity": st.sampled_from(["critical", "warning", "info"]),
            "table": st.sampled_from(["growth", "milk", "visits"]),
            "row_id": st.sampled_from(["P1|birth", "P2|birth", "P1|birth|T1|zinc", "*"]),
            "engine": st.just("rules"),
            "variable": st.sampled_from([None, "", "weight_kg", "laz", "zinc", "strange"]),
            "value": TEXTS,
            "unit": TEXTS,
            "expected": TEXTS,
            "message": st.sampled_from([None, "", "Its own words about {value}."]),
            "n_rows": st.sampled_from([None, 0, 1, 12]),
            "participant_id": st.sampled_from([None, "P9"]),
            "source_file": st.sampled_from([None, "a.dta", "b.dta", "c.dta"]),
            "source_column": st.sampled_from([None, "", "W9"]),
        }
    ),
    max_size=12,
)  # fmt: skip


def plainly(rows):
    """What `complete` promises, a row at a time."""
    told = {}
    for draft in rows:
        row = dict.fromkeys(findings.FINDINGS_SCHEMA) | draft
        known = CONTEXT.get(row["table"])
        facts = known.filter(pl.col("row_id") == row["row_id"]).to_dicts() if known is not None else []
        for name, fact in (facts[0] if facts else {}).items():
            row[name] = fact if row[name] is None else row[name]
        label, unit = LABELS.get((row["table"], row["variable"] or ""), ("", ""))
        row["label"] = label or row["variable"]
        if row["unit"] is None and not row["rule_id"].startswith("reading."):
            row["unit"] = unit or None
        mapped, held = COLUMNS.get((row["table"], row["variable"] or "")), HELD.get(row["source_file"])
        if mapped and held:
            mapped = "; ".join(name for name in mapped.split("; ") if name in held) or mapped
        row["source_column"] = row["source_column"] or mapped
        row["n_rows"] = row["n_rows"] or 1
        row["status"] = "open"
        row["finding_id"] = findings.finding_id(
            "demo", row["table"], row["row_id"], row["rule_id"], row["variable"]
        )
        row["message"] = row["message"] or messages.message(row["rule_id"], row)
        first = told.setdefault(row["finding_id"], row)
        if first is not row:
            first["n_rows"] += row["n_rows"]
    return pl.DataFrame(list(told.values()), schema=findings.FINDINGS_SCHEMA)


def completed(rows):
    return findings.complete(
        findings.drafts(rows), study="demo", context=CONTEXT, labels=LABELS, columns=COLUMNS, held=HELD
    )


@given(DRAFTS)
def test_drafts_together_are_what_they_are_one_by_one(rows):
    # drafts of one table stay together, so that of two drafts with one id the first one's words are kept
    together = [
        row for table in dict.fromkeys(row["table"] for row in rows) for row in rows if row["table"] == table
    ]
    assert completed(rows).equals(findings.sort(plainly(together)))


def test_a_finding_is_made_whole_from_the_row_it_points_to():
    draft = {"rule_id": "growth.visit.before_birth", "severity": "critical", "table": "growth", "row_id": "P1|birth",
             "engine": "rules", "variable": "weight_kg", "value": "2720"}  # fmt: skip
    row = completed([draft]).row(0, named=True)
    assert row["message"].startswith("Visit dated 2720, before the birth (…):")
    told = (
        "participant_id",
        "visit",
        "site",
        "label",
        "unit",
        "source_file",
        "source_row",
        "source_column",
        "n_rows",
    )
    assert [row[name] for name in told] == ["P1", "birth", "Hala", "Weight", "kg", "a.dta", 7, "W1; W3", 1]


def test_no_drafts_give_the_empty_table_of_findings():
    assert completed([]).schema == pl.Schema(findings.FINDINGS_SCHEMA)


@pytest.mark.parametrize("rule_id", sorted(messages.catalogue()))
def test_a_text_of_the_catalogue_names_fields_of_a_finding_and_formats_none(rule_id):
    entry = messages.catalogue()[rule_id]
    fields = {"value": "v", "expected": "e", "label": "L", "variable": "x", "unit": "kg", "n_rows": 3}
    frame = pl.DataFrame(fields | {"rule_id": rule_id})
    assert frame.select(messages.sentence(rule_id, fields)).item() == messages.message(rule_id, fields)
    for _, name, _, _ in string.Formatter().parse(entry.get("says", "")):
        assert name is None or name == "shown" or name in findings.FINDINGS_SCHEMA


def test_a_text_that_would_format_its_field_is_refused(monkeypatch):
    monkeypatch.setattr(messages, "catalogue", lambda: {"odd": {"says": "About {value:>9}."}})
    with pytest.raises(ValueError, match="odd: a field of a text is a name and nothing else"):
        messages.sentence("odd", ["value"])


CAUSED = st.lists(
    st.tuples(
        st.sampled_from(["growth.visit.before_birth", "growth.visit.outside_study", "growth.visit.outside_window",
                         "growth.length.shrinks", "visits.visit.early", "reading.link.orphan", "reading.row.rejected"]),
        st.sampled_from(["growth", "visits", "milk"]),
        st.sampled_from(["P1", "P2", None]),
        st.sampled_from(["birth", None]),
        st.sampled_from(["T1", "TUBE=T1; X=2", "TUBE=T2", None]),
    ),
    max_size=10,
    unique=True,
)  # fmt: skip


@given(CAUSED)
def test_a_wrong_date_or_tube_explains_what_a_search_of_all_pairs_finds(rows):
    told = [
        dict.fromkeys(findings.FINDINGS_SCHEMA)
        | {"finding_id": f"{n:016x}", "severity": "critical", "rule_id": rule, "table": table,
           "row_id": f"{person}|{visit}", "participant_id": person, "visit": visit, "value": value,
           "source_column": "TUBE"}
        for n, (rule, table, person, visit, value) in enumerate(rows)
    ]  # fmt: skip
    causes: dict[str, str] = {}
    kinds = ("growth.visit.before_birth", "growth.visit.outside_study", "reading.link.")
    for kind in kinds:
        for root in (row for row in told if row["rule_id"].startswith(kind)):
            for row in told:
                if kind == "reading.link.":
                    linked = f"TUBE={root['value']}" in (row["value"] or "").split("; ")
                    explained = row["rule_id"] == "reading.row.rejected" and linked
                else:
                    here = (row["table"], row["row_id"]) == (root["table"], root["row_id"])
                    same = all(row[name] == root[name] for name in ("participant_id", "visit"))
                    explained = (here or (row["table"] == "visits" and same)) and row["rule_id"].startswith(
                        DATED
                    )
                if explained and row is not root:
                    first = causes.setdefault(root["finding_id"], root["finding_id"])
                    causes.setdefault(row["finding_id"], first)
    frame = pl.DataFrame(told, schema=findings.FINDINGS_SCHEMA)
    assert with_causes(frame)["cause_id"].to_list() == [causes.get(row["finding_id"]) for row in told]
