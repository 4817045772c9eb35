"""From uploads to the page: planted markup is text, planted identifiers are nowhere, arms stay hidden."""

from __future__ import annotations

import pytest

from milkqc import pipeline
from milkqc.report import render
from milkqc.report.junit import junit
from milkqc.report.markdown import markdown

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"
PERSONAL = ("Planted Motherly", "+92-300-5550123", "12 Planted Lane")
HEADER = (
    "field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,"
    "text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier,branching_logic,"
    "required_field,custom_alignment,question_number,matrix_group_name,matrix_ranking,field_annotation"
)
FIELDS = {
    "pid": "",
    "mother_name": "y",
    "phone": "y",
    "address": "y",
    "sex": "",
    "arm": "",
    "site": "",
    "parity": "",
    "bw": "",
}
MAPPING = f"""
milkqc: 1
study: planted
title: "{EVIL}"
tables:
  enrol: {{file: data.csv, format: redcap, dictionary: dictionary.csv}}
participants:
  from: enrol
  key: {{participant_id: pid}}
  columns:
    site: {{from: site}}
    arm: {{from: arm}}
    infant_sex: {{from: sex, codes: {{"1": male, "2": female}}, otherwise: query}}
    parity: {{from: parity}}
    birth_weight_kg: {{from: bw, unit: kg}}
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    lines = [f"{name},enrol,,text,,,,,,,{flag},,,,,,," for name, flag in FIELDS.items()]
    (folder / "dictionary.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    rows = [
        ",".join(FIELDS),
        f'P1,{PERSONAL[0]},{PERSONAL[1]},{PERSONAL[2]},1,HIDDENARM,"{EVIL}",1,3.1',
        f'"{EVIL}",{PERSONAL[0]},{PERSONAL[1]},{PERSONAL[2]},"{EVIL}",OTHERARM,Hala,"{EVIL}",310',
    ]
    (folder / "data.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return pipeline.run(folder / "mapping.yaml", data=folder)


@pytest.fixture(scope="module")
def files(result):
    made = {name: part.decode() for name, part in render(result).items()}
    return made | {"junit.xml": junit(result).decode(), "summary.md": markdown(result).decode()}


def test_the_planted_values_were_found(result):
    assert {
        "reading.code.unknown",
        "reading.number.unreadable",
        "participants.birth_weight_kg.impossible",
    } <= set(result.findings["rule_id"])
    assert EVIL in result.findings["value"].to_list()


def test_planted_markup_is_text_wherever_it_stands(files):
    page = files["report.html"]
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 5  # title, site, participant, code, value
    assert "<script" not in files["junit.xml"]
    assert "<script" not in files["summary.md"].replace("\\<", "")


@pytest.mark.parametrize("personal", PERSONAL)
def test_planted_identifiers_are_nowhere(files, personal):
    assert all(personal not in text for text in files.values())


def test_arms_are_nowhere(files):
    assert all("HIDDENARM" not in text and "OTHERARM" not in text for text in files.values())


def test_no_row_number_leads_anywhere(files):
    assert "source_row" not in files["report.json"]
    assert "data.csv:2" not in files["report.html"]
