"""Labelled CSV: headers repeat and cells are words; columns are found by position, and labels undone or refused."""

from __future__ import annotations

import pytest

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read
from milkqc.readers.redcap_forms import forms

HEAD = "field_name,form_name,field_type,field_label,select_choices_or_calculations,text_validation_type_or_show_slider_number,identifier\n"
DICTIONARY = (
    HEAD
    + """id,enrol,text,Record ID,,,
name,enrol,text,Name,,,y
sex,enrol,radio,<b>Sex</b>,"1, Male | 2, Female | 9, Unknown | 99, Unknown",,
weight,enrol,text,Weight,,number,
about,enrol,descriptive,Read this aloud,,,
fed,milk_sample,checkbox,Fed with,"1, Milk | -2, Other",,
weight_2,milk_sample,text,Weight,,number,
ok,milk_sample,yesno,Ok?,,,
"""
)
HEADER = (
    'Record ID,"Event Name","Repeat Instrument","Repeat Instance",Name,Sex,Weight,Complete?,'
    '"Fed with (choice=Milk)","Fed with (choice=Other)",Weight,Ok?,Complete?\n'
)
ROWS = (
    "001,Birth (Arm 1: A),,,Ana Lopez,Male,3.5,Complete,,,,,\n"
    "001,Birth (Arm 1: A),Milk Sample,1,,,,,Checked,Unchecked,3.6,Yes,Unverified\n"
    "002,Birth (Arm 1: A),,,Eva Ruiz,Female,Not asked,Incomplete,,,,,\n"
)


@pytest.fixture
def project(tmp_path):
    def write(rows=ROWS, header=HEADER, dictionary=DICTIONARY, name="dictionary.csv"):
        (tmp_path / name).write_text(dictionary, encoding="utf-8")
        (tmp_path / "labels.csv").write_text(header + rows, encoding="utf-8-sig")
        return tmp_path / "labels.csv", tmp_path / name

    return write


def load(files, **more):
    path, dictionary = files
    return read(path, ReadOptions(format="redcap_labels", dictionary=dictionary, **more))


def refusal(files, **more):
    with pytest.raises(SourceError) as error:
        load(files, **more)
    return str(error.value)


def test_headers_that_repeat_are_told_apart_by_their_place(project):
    source = load(project())
    assert source.table.columns == [
        "id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "sex", "weight",
        "enrol_complete", "fed___1", "fed____2", "weight_2", "ok", "milk_sample_complete",
    ]  # fmt: skip
    assert source.dropped == ("name",)
    assert source.table.row(1) == (
        "001", "Birth (Arm 1: A)", "milk_sample", "1", None, None, None, "1", "0", "3.6", "1", "1",
    )  # fmt: skip
    assert source.table["sex"].to_list() == ["1", None, "2"]
    assert source.table["enrol_complete"].to_list() == ["2", None, "0"]
    assert source.origin.rows == 3


def test_the_forms_are_those_of_the_raw_export(project):
    path, dictionary = project()
    found = forms(path, ReadOptions(format="redcap_labels", dictionary=dictionary))
    assert found["milk_sample"].key == ("id", "redcap_event_name", "redcap_repeat_instance")
    assert found["milk_sample"].source.rows.to_list() == [2]
    assert found["enrol"].source.table.height == 2


def test_a_label_of_a_missing_data_code_is_undone_where_it_cannot_be_a_value(project):
    source = load(project(), missing_codes={"-999": "Not asked"})
    assert source.table["weight"].to_list() == ["3.5", None, None]
    assert source.codes["weight"].to_list() == [None, None, "-999"]
    assert source.reasons["weight"].to_list() == [None, "structural", "Not asked"]


def test_a_label_that_two_choices_have_or_none_is_a_fault_of_its_cell(project):
    rows = ROWS.replace("Ana Lopez,Male", "Ana Lopez,Unknown").replace("Eva Ruiz,Female", "Eva Ruiz,Girl")
    source = load(project(rows))
    assert source.table["sex"].to_list() == [None, None, None]
    assert [(fault.row, fault.column, fault.why) for fault in source.faults] == [
        (1, "sex", "two choices of the field have this label"),
        (3, "sex", "no choice of the field has this label"),
    ]
    of_form = load(project(rows), form="enrol")
    assert [fault.row for fault in of_form.faults] == [1, 2]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER.replace("Sex,Weight", "Weight"), "labels.csv: line 1, column 6: the header is not that of field 'sex' (form enrol); the file has 12 columns. "),
        (HEADER.replace("Ok?,Complete?", "Ok?"), "labels.csv: line 1, column 13: the header is not that of the form's status (form milk_sample); the file has 12 columns. "),
        (HEADER.replace("Sex,Weight", "Weight,Sex"), "labels.csv: line 1, column 6: the header is not that of field 'sex' (form enrol); the file has 13 columns. "),
        (HEADER.replace("Ok?,Complete?", "Ok?,Complete?,More"), "labels.csv: has 14 columns where the dictionary gives 13. "),
        ("", "labels.csv: line 1, column 1: the header is not that of field 'id' (form enrol); the file has 13 columns. "),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_stop_the_reading_and_show_no_person(project, header, message):
    said = refusal(project(header=header))
    assert said.startswith(message)
    assert "Ana" not in said


def test_an_instrument_is_found_by_what_its_rows_hold(project):
    source = load(project(ROWS.replace("Milk Sample", "Tubes of the day")))
    assert source.table["redcap_repeat_instrument"].to_list() == [None, "milk_sample", None]
    said = refusal(project(ROWS.replace("Milk Sample", "Tubes").replace("Unverified", "")))
    assert said == (
        "labels.csv: line 3: its repeating instrument is none of the forms enrol, milk_sample. "
        "Give the project's XML as `dictionary`, which knows the forms' titles, or export raw codes."
    )


def test_a_project_xml_knows_the_events_and_titles(project, tmp_path):
    from milkqc.demo.redcap_exports import odm
    from milkqc.readers.files import File
    from milkqc.readers.redcap_dictionary import read_dictionary

    _, dictionary = project()
    fields = read_dictionary(File.of(dictionary))
    raw = load(project(), keep=("name",)).table
    rows = [{k: v or "" for k, v in row.items()} for row in raw.iter_rows(named=True)]
    for row in rows:
        row["redcap_event_name"] = "birth_arm_1"
    text = "".join(odm(fields, raw.columns, rows))
    text = text.replace(' Name="birth_arm_1"', ' Name="Birth (Arm 1: A)"')
    text = text.replace('Name="Milk Sample"', 'Name="Tubes of the day"')
    source = load(
        project(ROWS.replace("Milk Sample", "Tubes of the day"), dictionary=text, name="project.xml")
    )
    assert source.table["redcap_event_name"].unique().to_list() == ["birth_arm_1"]
    assert source.table["redcap_repeat_instrument"].to_list() == [None, "milk_sample", None]


def test_rows_of_one_key_are_named_by_their_lines(project):
    said = refusal(project(ROWS.replace("002,", "001,")))
    assert said.startswith(
        "labels.csv: rows have the same id, redcap_event_name, redcap_repeat_instrument, redcap_repeat_instance: "
        "lines 2 and 4 (form enrol)."
    )
    assert "001" not in said
