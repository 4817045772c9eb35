"""Real REDCap projects: their typed tables, form by form, and the same cells whether they came as CSV or as ODM."""

from __future__ import annotations

import csv
import datetime as dt
import re
from dataclasses import replace

import pytest

from milkqc.demo.redcap_exports import labelled
from milkqc.readers import ReadOptions, read
from milkqc.readers.files import File
from milkqc.readers.redcap_dictionary import read_dictionary
from milkqc.readers.redcap_forms import forms
from milkqc.readers.redcap_odm import project as odm_project

PROJECTS = (
    "blank-for-gray-status",
    "checkboxes-1",
    "clinical-trial-1",
    "dag",
    "decimal-comma-and-dot",
    "longitudinal",
    "potentially-problematic-values",
    "repeating-instruments",
    "simple",
    "survey",
    "vignette-repeating",
)
BOTH = tuple(name for name in PROJECTS if name != "clinical-trial-1")
OTHERS = {
    "pycap__tests__data__doctest_project.xml": 3,
    "pycap__tests__data__test_long_project.xml": 13,
    "pycap__tests__data__test_simple_project.xml": 3,
    "simple/project-old.xml": 5,
}
T, F = True, False

# project -> form -> key, and rows of typed cells without free text.
EXPECTED = {
    "decimal-comma-and-dot": {
        "demographics": (
            ("record_id",),
            [
                ("1", 1.54, 1.54, 52.3, 52.3, 22.1, 22.1, "2"),
                ("2", 1.84, 1.84, 92.3, 92.3, 27.3, 27.3, "2"),
                ("3", 1.95, 1.95, 123.4, 123.4, 32.5, 32.5, "2"),
                ("4", 1.61, 1.61, 45.9, 45.9, 17.7, 17.7, "2"),
            ],
        )
    },
    "vignette-repeating": {
        "intake": (
            ("record_id",),
            [("1", None, None, 1.0, 11.0, 111.0, "2"), ("2", None, None, 2.0, 22.0, 222.0, "2")],
        ),
        "blood_pressure": (
            ("record_id", "redcap_repeat_instance"),
            [
                ("1", "blood_pressure", "1", 1.1, 11.1, "2"),
                ("1", "blood_pressure", "2", 1.2, 11.2, "2"),
                ("1", "blood_pressure", "3", 1.3, 11.3, "2"),
                ("2", "blood_pressure", "1", 2.1, 22.1, "2"),
                ("2", "blood_pressure", "2", 2.2, 22.2, "2"),
                ("2", "blood_pressure", "3", 2.3, 22.3, "2"),
            ],
        ),
        "laboratory": (
            ("record_id", "redcap_repeat_instance"),
            [
                ("1", "laboratory", "1", "aa1", "1.1 ppm", "2"),
                ("1", "laboratory", "2", "aa2", "1.2 ppm", "2"),
                ("2", "laboratory", "1", "bb1", "2.1 ppm", "2"),
                ("2", "laboratory", "2", "bb2", "2.2 ppm", "2"),
            ],
        ),
        "image": (
            ("record_id", "redcap_repeat_instance"),
            [
                ("1", "image", "1", "levon-and-barry.jpg", "2"),
                ("1", "image", "2", "mugshot-1.jpg", "0"),
                ("2", "image", "1", "mugshot-2.jpg", "2"),
                ("2", "image", "2", "mugshot-3.jpg", "1"),
                ("2", "image", "3", "mugshot-4.jpg", "0"),
            ],
        ),
    },
    "potentially-problematic-values": {
        # Typed before the fields were validated: neither a date nor an integer.
        "form_1": (("record_id",), [("1", "2010-01-02", None, None, "2"), ("2", "55:02", None, None, "2")]),
    },
    "checkboxes-1": {
        "form_1": (("record_id",), [("1", "0"), ("2", "0"), ("3", "0"), ("4", "0")]),
        # Nobody opened the form of record 4: REDCap's zeros say nothing of it.
        "form_2": (
            ("record_id",),
            [
                ("1", T, F, F, F, T, F, T, F, F, "2"),
                ("2", F, F, F, F, F, T, F, T, F, "0"),
                ("3", T, T, T, T, F, F, F, F, F, "2"),
                ("4", *[None] * 9, "0"),
            ],
        ),
    },
    "dag": {
        "demographics": (
            ("record_id",),
            [
                ("331-1", "daga", *[None] * 7, "0"),
                ("331-2", "daga", *[None] * 7, "0"),
                ("332-3", "dagb", *[None] * 7, "0"),
            ],
        )
    },
    "survey": {
        "prescreening_survey": (
            ("participant_id",),
            [
                ("1", dt.datetime(2018, 3, 6, 15, 52, 43), dt.date(2018, 3, 6), T, T, "2"),
                ("2", dt.datetime(2018, 3, 6, 15, 53, 15), dt.date(2018, 3, 5), F, F, "2"),
            ],
        ),
        "participant_info_survey": (("participant_id",), [(n, *[None] * 6, "0") for n in "12"]),
        "participant_morale_questionnaire": (("participant_id",), [(n, *[None] * 5, "0") for n in "12"]),
        "completion_data": (("participant_id",), [(n, *[None] * 6, "0") for n in "12"]),
    },
    "blank-for-gray-status": {
        "demographics": (
            ("record_id",),
            [
                ("1", "dag_1", "11", "0", "2"),
                ("2", "dag_1", "11", "1", "2"),
                ("3", "dag_1", "80", "1", "2"),
                ("4", None, "61", "0", "2"),
                ("5", "dag_2", "59", "1", "2"),
                ("6", None, None, None, "0"),
            ],
        ),
        "health": (
            ("record_id",),
            [
                ("1", "dag_1", 7.0, 1, "204.1", "mugshot-1.jpg", "1"),
                ("2", "dag_1", 6.0, 1, "277.8", "mugshot-2.jpg", "0"),
                ("3", "dag_1", 180.0, 80, "24.7", "mugshot-3.jpg", "2"),
                ("4", None, 165.0, 54, "19.8", "mugshot-4.jpg", "2"),
                ("5", "dag_2", 193.04, 104, "27.9", "mugshot-5.jpg", "0"),
                ("6", None, None, None, None, None, "0"),
            ],
        ),
        "race_and_ethnicity": (
            ("record_id",),
            [
                ("1", "dag_1", F, F, F, F, T, F, "1", F, "2"),
                ("2", "dag_1", F, F, T, F, T, F, "1", F, "0"),
                ("3", "dag_1", F, F, F, T, T, F, "0", T, "2"),
                ("4", None, F, T, F, F, T, F, "1", None, "2"),
                ("5", "dag_2", T, F, F, F, F, T, "2", F, "2"),
                ("6", *[None] * 9, "0"),
            ],
        ),
    },
}
FREE = {"comments", "desired_result", "study_comments"}


@pytest.fixture
def folder(shared):
    return shared / "fixtures" / "redcap"


def options(folder, name, **more):
    files = [folder / name / file for file in ("dictionary.csv", "metadata.csv", "project.xml")]
    return ReadOptions(format="redcap", dictionary=next(file for file in files if file.exists()), **more)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_form_is_the_table_it_should_be(folder, name):
    found = forms(folder / name / "data.csv", options(folder, name))
    tables = {}
    for form, one in found.items():
        table = one.typed().table
        tables[form] = (one.key, table.drop(FREE & set(table.columns)).rows())
    for form, (key, rows) in EXPECTED[name].items():
        assert tables.pop(form) == (key, [tuple(row) for row in rows]), form
    assert tables == {}


def test_a_longitudinal_project_of_two_arms(folder):
    found = forms(folder / "longitudinal" / "data.csv", options(folder, "longitudinal"))
    assert {form: (one.key, one.source.table.height) for form, one in found.items()} == {
        form: (("study_id", "redcap_event_name"), rows)
        for form, rows in (
            ("demographics", 3),
            ("contact_info", 5),
            ("baseline_data", 3),
            ("visit_lab_data", 4),
            ("patient_morale_questionnaire", 10),
            ("visit_blood_workup", 4),
            ("visit_observed_behavior", 6),
            ("completion_data", 2),
            ("completion_project_questionnaire", 3),
        )
    }
    people = found["demographics"].typed().table
    assert people.select("study_id", "redcap_event_name", "date_enrolled", "given_birth", "bmi").rows() == [
        ("100", "enrollment_arm_1", dt.date(2015, 4, 2), None, 31.3),
        ("220", "enrollment_arm_1", dt.date(2015, 4, 2), False, 27.1),
        ("304", "enrollment_arm_2", dt.date(2015, 4, 2), False, 22.2),
    ]
    # Monday has the code 0.
    assert people.select([f"gym___{code}" for code in range(5)]).rows() == [
        (T, F, F, F, F),
        (T, T, F, F, F),
        (T, T, F, F, F),
    ]
    source = found["demographics"].source
    assert source.dropped == ("first_name", "last_name", "telephone_1", "email", "dob")
    assert "checkboxes with a choice coded 0: aerobics, drink, eat, gym" in source.origin.notes
    asked = found["patient_morale_questionnaire"].source.table
    assert asked["redcap_event_name"].to_list()[:4] == [
        "dose_1_arm_1",
        "visit_1_arm_1",
        "dose_2_arm_1",
        "visit_2_arm_1",
    ]


# What differs between data.csv and project.xml of one project, and why.
GRAY = "ODM holds no form that nobody opened; the CSV says Incomplete"
LATER = "the two files were exported from copies of the project made at different times"
DIFFERENT = {
    "blank-for-gray-status": {"health_complete": GRAY, "race_and_ethnicity_complete": GRAY},
    "checkboxes-1": {"form_2_complete": GRAY},
    "simple": {"sex": "R wrote FALSE for 0", "mugshot": "an older REDCap wrote [document] for a file's name"},
    "survey": {
        "prescreening_survey_timestamp": LATER,
        "participant_info_survey_complete": GRAY,
        "participant_morale_questionnaire_complete": GRAY,
        "completion_data_complete": GRAY,
    },
}
MORE = {"simple": {"redcap_data_access_group", "interpreter_needed"}}


def spaced(text):
    """Line breaks of a CSV cell are spaces in an XML attribute."""
    return None if text is None else re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("name", BOTH)
def test_csv_and_odm_are_equal_cell_by_cell(folder, name):
    raw = read(folder / name / "data.csv", options(folder, name))
    odm = read(folder / name / "project.xml")
    assert set(odm.table.columns) - set(raw.table.columns) == MORE.get(name, set())
    assert [c for c in odm.table.columns if c in raw.table.columns] == raw.table.columns
    assert odm.dropped == raw.dropped
    different = set()
    for column in raw.table.columns:
        pairs = zip(raw.table[column].to_list(), odm.table[column].to_list(), strict=True)
        for first, second in pairs:
            if spaced(first) != spaced(second):
                different.add(column)
                if DIFFERENT[name].get(column) == GRAY:
                    assert (first, second) == ("0", None)
    assert different == set(DIFFERENT.get(name, ()))


@pytest.mark.parametrize("name", [name for name in BOTH if name != "dag"])
def test_the_dictionary_of_the_odm_is_that_of_the_csv(folder, name):
    told = options(folder, name).dictionary
    first = read_dictionary(File.of(told)).fields
    second = dict(odm_project(File.of(folder / name / "project.xml")).dictionary.fields)
    if name == "simple":
        # The project was changed between the two: a field came, and an age is no longer calculated.
        assert second.pop("interpreter_needed").type == "truefalse"
        assert (first["age"].type, second["age"].type) == ("calc", "text")
        second["age"] = first["age"]
    assert list(first) == list(second)
    for field, one in first.items():
        other = second[field]
        assert replace(one, label=spaced(one.label)) == replace(other, label=spaced(other.label))


@pytest.mark.parametrize("name", OTHERS)
def test_projects_of_which_there_is_only_odm_are_read(folder, name):
    source = read(folder / name)
    assert source.table.height == OTHERS[name]
    assert source.origin.format == "redcap_odm"


@pytest.mark.parametrize("name", [name for name in PROJECTS if name not in ("dag", "simple")])
def test_labels_give_the_same_table_as_codes(folder, tmp_path, name):
    told = options(folder, name)
    with (folder / name / "data.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    written = tmp_path / "labels.csv"
    written.write_text(labelled(read_dictionary(File.of(told.dictionary)), list(rows[0]), rows), "utf-8")
    raw = read(folder / name / "data.csv", told)
    undone = read(written, replace(told, format="redcap_labels"))
    assert undone.table.equals(raw.table)
    assert undone.codes.equals(raw.codes)
    assert undone.reasons.equals(raw.reasons)
    assert undone.variables == raw.variables
    assert undone.faults == ()


def test_a_project_whose_choices_r_rewrote_has_faults_for_its_labels(folder, tmp_path):
    told = options(folder, "simple")
    with (folder / "simple" / "data.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    written = tmp_path / "labels.csv"
    written.write_text(labelled(read_dictionary(File.of(told.dictionary)), list(rows[0]), rows), "utf-8")
    source = read(written, replace(told, format="redcap_labels"))
    assert source.table["sex"].null_count() == 5
    assert {(fault.column, fault.why) for fault in source.faults} == {
        ("sex", "no choice of the field has this label")
    }


def test_the_xml_may_be_the_dictionary_of_the_csv(folder):
    path = folder / "longitudinal"
    by_csv = read(path / "data.csv", options(folder, "longitudinal"))
    by_xml = read(path / "data.csv", ReadOptions(format="redcap", dictionary=path / "project.xml"))
    assert by_xml.table.equals(by_csv.table)
    assert by_xml.codes.equals(by_csv.codes)
