"""REDCap: structural blanks are no missing data, identifiers are dropped, untouched checkboxes are unknown."""

import hashlib

import pytest

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read
from milkqc.readers.files import File
from milkqc.readers.redcap_dictionary import checkbox_column, read_dictionary

LONG = (
    '"Variable / Field Name","Form Name","Section Header","Field Type","Field Label",'
    '"Choices, Calculations, OR Slider Labels","Field Note","Text Validation Type OR Show Slider Number",'
    '"Text Validation Min","Text Validation Max",Identifier?,"Branching Logic (Show field only if...)",'
    '"Required Field?","Custom Alignment","Question Number (surveys only)","Matrix Group Name","Matrix Ranking?",'
    '"Field Annotation"'
)
API = (
    "field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,"
    "text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier,branching_logic,"
    "required_field,custom_alignment,question_number,matrix_group_name,matrix_ranking,field_annotation"
)


def line(name, form, kind="text", label="", choices="", note="", validation="", identifier="", blank=""):
    cells = [
        name,
        form,
        blank,
        kind,
        label,
        choices,
        note,
        validation,
        blank,
        blank,
        identifier,
        *[blank] * 7,
    ]
    return ",".join(f'"{cell}"' for cell in cells)


@pytest.fixture
def project(tmp_path):
    def write(data, *fields, header=LONG):
        dictionary = tmp_path / "dictionary.csv"
        dictionary.write_text("\n".join((header, *fields)) + "\n", encoding="utf-8-sig")
        path = tmp_path / "data.csv"
        path.write_text(data, encoding="utf-8")
        return path, dictionary

    return write


def load(files, **options):
    path, dictionary = files
    return read(path, ReadOptions(format="redcap", dictionary=dictionary, **options))


def refusal(files, **options):
    with pytest.raises(SourceError) as error:
        load(files, **options)
    return str(error.value)


FIELDS = (
    line("record_id", "enrol", label="Study ID"),
    line("mother_name", "enrol", identifier="y"),
    line("weight", "enrol", label="Weight", note="kg", validation="number_1dp"),
    line("sex", "enrol", "radio", "Sex", "1, Male | 2, Female, or girl | 9..9, Unknown"),
    line("fed", "feeding", "yesno", "Breastfed?"),
    line("drinks", "feeding", "checkbox", "Drinks", "1, Water | -99, Other"),
)


@pytest.mark.parametrize("header", [LONG, API, LONG.removesuffix(',"Field Annotation"')])
def test_the_dictionary_explains_the_columns(project, header):
    fields = (
        FIELDS
        if header != LONG.removesuffix(',"Field Annotation"')
        else [f.removesuffix(',""') for f in FIELDS]
    )
    data = "record_id,mother_name,weight,sex,enrol_complete,fed,drinks___1,drinks____99,feeding_complete\n"
    source = load(project(data + "007,Ana,3.5,9..9,2,1,1,0,2\n", *fields, header=header))
    assert source.table.row(0, named=True) == {
        "record_id": "007",
        "weight": "3.5",
        "sex": "9..9",
        "enrol_complete": "2",
        "fed": "1",
        "drinks___1": "1",
        "drinks____99": "0",
        "feeding_complete": "2",
    }
    assert source.dropped == ("mother_name",)
    weight, sex = source.variable("weight"), source.variable("sex")
    assert (weight.label, weight.unit_text, weight.source_type, weight.source_format) == (
        "Weight",
        "kg",
        "text",
        "number_1dp",
    )
    assert sex.value_labels == {"1": "Male", "2": "Female, or girl", "9..9": "Unknown"}
    assert source.variable("fed").value_labels == {"1": "Yes", "0": "No"}
    assert source.variable("drinks____99").label == "Drinks: Other"
    assert source.variable("enrol_complete").value_labels == {
        "0": "Incomplete",
        "1": "Unverified",
        "2": "Complete",
    }


def test_an_identifier_is_kept_on_purpose_only(project):
    files = project("record_id,mother_name,redcap_survey_identifier\n1,Ana,x@y.z\n", *FIELDS)
    assert load(files).table.columns == ["record_id"]
    source = load(files, keep=("mother_name", "shoe_size"))
    assert source.table.columns == ["record_id", "mother_name"]
    assert source.dropped == ("redcap_survey_identifier",)
    assert source.origin.notes[-1] == "fields to keep that the export has not: shoe_size"


def test_a_literal_na_from_r_is_an_empty_dictionary_cell(project):
    source = load(
        project("record_id\n1\n", line("record_id", "enrol", label="Study ID", note="NA", blank="NA"))
    )
    assert source.variable("record_id").unit_text == ""


REPEATS = (
    line("record_id", "enrol"),
    line("weight", "enrol"),
    line("sbp", "pressure"),
    line("lab", "lab"),
)
REPEATING = (
    "record_id,redcap_repeat_instrument,redcap_repeat_instance,weight,enrol_complete,sbp,pressure_complete,lab,lab_complete\n"
    "1,,,,0,,,,\n"
    "1,pressure,1,,,110,2,,\n"
    "1,pressure,2,,,,0,,\n"
    "1,lab,1,,,,,5,2\n"
)


def test_a_blank_cell_of_another_forms_row_is_structural(project):
    source = load(project(REPEATING, *REPEATS))
    assert source.reasons["weight"].to_list() == ["empty", "structural", "structural", "structural"]
    assert source.reasons["sbp"].to_list() == ["structural", None, "empty", "structural"]
    assert source.reasons["lab"].to_list() == ["structural", "structural", "structural", None]


def test_one_form_is_one_table_with_its_keys(project):
    files = project(REPEATING, *REPEATS)
    source = load(files, form="pressure")
    assert source.table.columns == [
        "record_id",
        "redcap_repeat_instrument",
        "redcap_repeat_instance",
        "sbp",
        "pressure_complete",
    ]
    assert source.table["redcap_repeat_instance"].to_list() == ["1", "2"]
    assert source.origin.notes[-2:] == (
        "form pressure: 2 of 4 rows",
        "key: record_id, redcap_repeat_instance",
    )
    assert load(files, form="enrol").table["record_id"].to_list() == ["1"]
    assert refusal(files, form="diet") == "data.csv: has no form 'diet'. Its forms are enrol, pressure, lab."


def test_an_event_without_the_form_is_structural_and_left_out_of_its_table(project):
    data = (
        "record_id,redcap_event_name,weight,enrol_complete,sbp,pressure_complete\n"
        "1,birth_arm_1,3.5,2,,\n1,week_6_arm_1,,,,0\n2,week_6_arm_1,,,120,2\n"
    )
    files = project(data, *REPEATS)
    source = load(files)
    assert source.reasons["weight"].to_list() == [None, "structural", "structural"]
    assert source.reasons["sbp"].to_list() == ["structural", "empty", None]
    assert load(files, form="pressure").table["record_id"].to_list() == ["1", "2"]


def test_a_form_that_repeats_in_one_event_only_has_no_single_key(project):
    data = (
        "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sbp,pressure_complete\n"
        "1,birth_arm_1,,,110,2\n1,week_6_arm_1,pressure,1,120,2\n"
    )
    assert refusal(project(data, *REPEATS), form="pressure") == (
        "data.csv: form 'pressure' repeats in week_6_arm_1 and not in birth_arm_1, so its rows have no single key. "
        "Say `mixed: allow` at the table to take both kinds, or read it without `form` and choose rows with `where`."
    )
    source = load(project(data, *REPEATS), form="pressure", mixed=True)
    assert source.table["sbp"].to_list() == ["110", "120"]
    assert source.origin.notes[-1] == (
        "key: record_id, redcap_event_name, redcap_repeat_instrument, redcap_repeat_instance"
    )


def test_a_checkbox_nobody_saw_is_unknown_and_not_unchecked(project):
    data = (
        "record_id,fed,drinks___1,drinks____99,feeding_complete\n"
        "1,,0,0,0\n2,1,0,0,0\n3,,0,0,2\n4,,0,1,0\n5,,0,0,\n"
    )
    source = load(project(data, *FIELDS))
    assert source.table["drinks___1"].to_list() == [None, "0", "0", "0", None]
    assert source.codes["drinks___1"].to_list() == ["0", None, None, None, "0"]
    assert source.reasons["drinks___1"].to_list() == ["untouched", None, None, None, "untouched"]


def test_columns_that_the_dictionary_does_not_know_are_refused(project):
    assert refusal(project("record_id,Study ID,Weight\n1,1,2\n", *FIELDS)) == (
        "data.csv: line 1: 2 columns are not in the data dictionary: Study ID, Weight. "
        "The two are probably of different projects. "
        "Export the data raw (codes, not labels), and download the dictionary at the same time."
    )


@pytest.mark.parametrize("data", ["1,Ana Lopez,3.5\n2,Eva Ruiz,3.1\n", "1,Ana Lopez,Ana Lopez\n"])
def test_a_row_of_data_in_place_of_the_header_is_not_shown(project, data):
    """Its cells may be names of people."""
    assert refusal(project(data, *FIELDS)) == (
        "data.csv: its header has no column 'record_id', the dictionary's record id. "
        "Export the data raw (codes, not labels) with its header; give `names` if it has none."
    )


def test_the_rows_of_a_form_know_their_place_in_the_file(project):
    files = project(REPEATING, *REPEATS)
    assert load(files, form="pressure").rows.to_list() == [2, 3]
    assert load(files).rows is None


def test_the_dictionary_is_recorded_with_the_export(project):
    files = project(REPEATING, *REPEATS)
    digest = hashlib.sha256(files[1].read_bytes()).hexdigest()
    assert load(files).origin.notes[0] == f"data dictionary: dictionary.csv, sha256 {digest}"


def test_a_bar_inside_a_label_cannot_be_decided(project):
    fields = (*FIELDS[:3], line("sex", "enrol", "radio", "Sex", "1, Male | 2, Female | girl"))
    assert refusal(project("record_id\n1\n", *fields)) == (
        "dictionary.csv: fields that cannot be read: line 5: sex (form enrol): 'girl' is not `code, label`. "
        "Write each choice as `code, label` without a | in the label, or give the project's XML as `dictionary`."
    )


def test_redcap_without_a_dictionary_is_refused(project):
    path, _ = project("record_id\n1\n", *FIELDS)
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(format="redcap"))
    assert str(error.value) == (
        "data.csv: is read as REDCap without its data dictionary. Say `dictionary:` in the mapping."
    )


def test_data_in_place_of_a_dictionary_is_refused(project):
    path, _ = project("record_id,weight\n1,2\n", *FIELDS)
    assert refusal((path, path)) == (
        "data.csv: is no REDCap data dictionary: it has no column field_name, form_name, field_type, field_label, "
        "select_choices_or_calculations. Download it under Project Setup, Data Dictionary."
    )


def test_free_text_and_mail_that_nobody_flagged_are_pointed_out(project):
    fields = (*FIELDS, line("mail", "enrol", validation="email"), line("remarks", "enrol", "notes"))
    source = load(project("record_id,mail,remarks\n1,,\n", *fields))
    assert "perhaps identifying, but not flagged as identifiers: mail, remarks" in source.origin.notes


@pytest.mark.parametrize(
    ("code", "column"),
    [("1", "race___1"), ("-99", "race____99"), ("OTH", "race___oth"), ("9..9", "race___9__9")],
)
def test_a_choice_becomes_a_column_as_redcap_names_it(code, column):
    assert checkbox_column("race", code) == column


def test_the_first_field_is_the_record_id(project):
    _, dictionary = project("", *FIELDS)
    found = read_dictionary(File.of(dictionary))
    assert found.record_id == "record_id"
    assert found.forms == ("enrol", "feeding")


def test_a_variable_carries_all_that_the_dictionary_says_of_its_field(project):
    fields = (
        line("record_id", "enrol", label="Study ID"),
        '"weight","enrol","Body","text","Weight","","kg","number_1dp","0.5","12","","[sex] = \'1\'","y","","","","","@NOW"',
        '"sex","enrol","","radio","Sex","1, Male | 2, Female","","","","","","","","","","m1","",""',
        '"bmi","enrol","Derived","calc","BMI","[weight] / 2","","","","","","","","","","","",""',
        '"drinks","feeding","","checkbox","Drinks","1, Water | -99, Other","","","","","","","y","","","","",""',
    )
    data = "record_id,weight,sex,bmi,enrol_complete,drinks___1,drinks____99,feeding_timestamp\n"
    source = load(project(data + "1,3.5,1,2,2,1,0,2020-01-01 10:00\n", *fields))
    assert {variable.name: variable.details for variable in source.variables} == {
        "record_id": {"form": "enrol", "field_type": "text", "record": "y"},
        "weight": {
            "form": "enrol",
            "section": "Body",
            "field_type": "text",
            "note": "kg",
            "validation": "number_1dp",
            "minimum": "0.5",
            "maximum": "12",
            "required": "y",
            "branching": "[sex] = '1'",
            "annotation": "@NOW",
        },
        "sex": {"form": "enrol", "section": "Body", "field_type": "radio", "matrix": "m1"},
        "bmi": {
            "form": "enrol",
            "section": "Derived",
            "field_type": "calc",
            "calculation": "[weight] / 2",
        },
        "enrol_complete": {"form": "enrol"},
        "drinks___1": {
            "form": "feeding",
            "field_type": "checkbox",
            "required": "y",
            "field": "drinks",
            "choice": "1",
        },
        "drinks____99": {
            "form": "feeding",
            "field_type": "checkbox",
            "required": "y",
            "field": "drinks",
            "choice": "-99",
        },
        "feeding_timestamp": {"form": "feeding"},
    }
