"""Raw CSV: keys that repeat, missing-data codes declared or asked for, people that nobody flagged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.errors import SourceError
from milkqc.model import Candidate
from milkqc.readers import ReadOptions, read
from milkqc.readers.redcap_forms import forms
from milkqc.readers.redcap_missing import codes_in
from milkqc.readers.redcap_typed import typed

HEAD = (
    "field_name,form_name,field_type,field_label,select_choices_or_calculations,"
    "text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier\n"
)
DICTIONARY = (
    HEAD
    + """id,visit,text,Record ID,,,,,
weight,visit,text,Weight,,number,,,
days,visit,text,Days,,integer,0,400,
comma,visit,text,Volume,,number_1dp_comma_decimal,,,
on,visit,text,Date,,date_dmy,,,
at,visit,text,Time stamp,,datetime_seconds_ymd,,,
sex,visit,radio,Sex,"1, Boy | 2, Girl | -9, Not seen",,,,
fed,visit,checkbox,Fed,"1, Milk | 2, Tea",,,,
mother,visit,text,Mother's name,,,,,
mail,visit,text,Where to write,,email,,,
remarks,visit,notes,Remarks,,,,,
"""
)
HEADER = "id,weight,days,comma,on,at,sex,fed___1,fed___2,mother,mail,remarks,visit_complete\n"
PLAIN = [
    '1,3.1,10,"1,5",2024-01-05,2024-01-05 10:00:00,1,1,0,,,,2',
    '2,3.4,12,"2,5",2024-01-06,2024-01-05 10:00:01,2,0,1,,,,2',
    "3,2.9,14,2,2024-01-07,2024-01-05 10:00:02,1,0,1,,,,2",
    "4,4.0,9,0,2024-01-08,,2,0,1,,,,2",
    "5,3.6,11,3,2024-01-09,,1,0,1,,,,2",
]


@pytest.fixture
def project(tmp_path):
    def write(*rows, header=HEADER, dictionary=DICTIONARY):
        told, path = tmp_path / "dictionary.csv", tmp_path / "data.csv"
        told.write_text(dictionary, encoding="utf-8")
        path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
        return path, told

    return write


def load(files, **more):
    path, dictionary = files
    return read(path, ReadOptions(format="redcap", dictionary=dictionary, **more))


def row(**cells):
    names = HEADER.strip().split(",")
    return ",".join(f'"{cells.get(name, "")}"' for name in names)


def test_a_project_without_codes_is_asked_nothing(project):
    source = load(project(*PLAIN))
    assert source.candidates == ()
    assert not [note for note in source.origin.notes if "missing-data" in note]


def test_far_out_codes_and_known_words_are_asked_for_with_their_counts(project):
    rows = [
        *PLAIN,
        row(id="6", weight="-999", days="999", comma="-9,0", on="9999-09-09"),
        row(id="7", weight="-999", days="UNK", comma="UNK", on="Jane Doe"),
        row(id="8", weight="nasK", days="88"),
    ]
    source = load(project(*rows))
    assert source.candidates == (
        Candidate("weight", "nasK", 1, as_data=False),
        Candidate("weight", "-999", 2, as_data=True),
        Candidate("days", "UNK", 1, as_data=False),
        # 88 days are within the field's own limits and no code.
        Candidate("days", "999", 1, as_data=True),
        Candidate("comma", "UNK", 1, as_data=False),
        Candidate("comma", "-9,0", 1, as_data=True),
        Candidate("on", "9999-09-09", 1, as_data=True),
    )
    asked = [note for note in source.origin.notes if note.startswith("perhaps missing-data codes")]
    assert asked == [
        "perhaps missing-data codes, or wrong entries; declare `missing_codes`: weight: 'nasK' 1 times, '-999' 2 "
        "times; days: 'UNK' 1 times, '999' 1 times; comma: 'UNK' 1 times, '-9,0' 1 times; on: '9999-09-09' 1 times, "
        "1 cells that are no date"
    ]
    assert "Jane" not in str(source.origin)


@given(values=st.lists(st.integers(0, 60), min_size=5, max_size=30))
def test_true_values_are_never_taken_for_codes(values):
    import polars as pl

    from milkqc.model import Variable
    from milkqc.readers.redcap_columns import Column
    from milkqc.readers.redcap_dictionary import Field
    from milkqc.readers.redcap_missing import candidates

    field = Field("n", "f", "text", "N", validation="integer")
    column = Column(Variable("n", source_type="text", source_format="integer"), "f", field)
    frame = pl.DataFrame({"n": [str(value) for value in values]})
    assert candidates(frame, {"n": column}) == ((), [])


@given(
    values=st.lists(st.integers(0, 60), min_size=5, max_size=30),
    code=st.sampled_from(["-9", "-99", "999", "9999", "-777"]),
)
def test_codes_far_from_all_values_are_always_found(values, code):
    import polars as pl

    from milkqc.model import Variable
    from milkqc.readers.redcap_columns import Column
    from milkqc.readers.redcap_dictionary import Field
    from milkqc.readers.redcap_missing import candidates

    field = Field("n", "f", "text", "N", validation="integer")
    column = Column(Variable("n", source_type="text", source_format="integer"), "f", field)
    frame = pl.DataFrame({"n": [*(str(value) for value in values), code]})
    assert candidates(frame, {"n": column})[0] == (Candidate("n", code, 1, as_data=True),)


def test_declared_codes_are_reasons_and_nothing_more_is_asked(project):
    rows = [*PLAIN, row(id="6", weight="-999", days="-99", sex="-9", remarks="UNK")]
    source = load(project(*rows), missing_codes={"-999": "not_done", "-9": "not_seen", "UNK": ""})
    assert source.table["weight"].to_list()[-1] is None
    assert source.codes["weight"].to_list()[-1] == "-999"
    assert source.reasons["weight"].to_list()[-1] == "not_done"
    assert source.reasons["remarks"].to_list()[-1] == "UNK"
    # The field itself has a choice of that code: it stays a value.
    assert source.table["sex"].to_list()[-1] == "-9"
    assert source.candidates == ()
    assert "fields with a choice that is also a missing-data code: sex" in source.origin.notes
    assert load(project(*rows), missing_codes={}).table["weight"].to_list()[-1] == "-999"


def test_a_checkbox_that_is_missing_by_code_has_no_boxes(project):
    header = HEADER.replace("fed___2,", "fed___2,fed____99,")
    rows = ["1,,,,,,,1,0,0,,,,2", "2,,,,,,,0,0,1,,,,2"]
    source = load(project(*rows, header=header), missing_codes={"-99": "refused"})
    assert source.table.select("fed___1", "fed___2", "fed____99").rows() == [
        ("1", "0", "0"),
        (None, None, "1"),
    ]
    assert source.codes["fed___1"].to_list() == [None, "-99"]
    assert source.reasons["fed___2"].to_list() == [None, "refused"]


@pytest.mark.parametrize(
    "text", ["-9, Not done | UNK, Unknown", "-9, Not done\nUNK, Unknown\n", "-9,Not done|UNK,Unknown"]
)
def test_redcaps_own_list_of_codes_is_read_in_each_way_it_is_written(text):
    assert codes_in(text) == {"-9": "Not done", "UNK": "Unknown"}
    assert codes_in("  ") == {}


def test_cells_become_values_by_the_dictionary_and_by_nothing_else(project):
    rows = [
        PLAIN[0],
        row(
            id="007",
            weight="3,5",
            days="1.5",
            comma="1.5",
            on="05/01/2024",
            sex="1",
            fed___1="0",
            fed___2="1",
        ),
    ]
    found = typed(load(project(*rows)))
    first, second = found.table.rows(named=True)
    assert (first["weight"], first["days"], first["comma"], str(first["on"]), str(first["at"])) == (
        3.1,
        10,
        1.5,
        "2024-01-05",
        "2024-01-05 10:00:00",
    )
    assert (second["id"], second["sex"], second["fed___1"], second["fed___2"]) == ("007", "1", False, True)
    for column in ("weight", "days", "comma", "on"):
        assert second[column] is None
        assert found.reasons[column].to_list() == [None, "unreadable"]
    assert found.reasons["at"].to_list() == [None, "empty"]


def test_a_survey_that_was_not_completed_has_no_time_and_says_so(project):
    files = project("1,[not completed]", "2,2024-01-05 10:00", header="id,visit_timestamp\n")
    found = typed(load(files))
    assert [str(when) for when in found.table["visit_timestamp"]] == ["None", "2024-01-05 10:00:00"]
    assert found.reasons["visit_timestamp"].to_list() == ["not_completed", None]


def test_rows_of_one_key_are_named_by_line_and_form_and_not_by_their_values(project):
    with pytest.raises(SourceError) as error:
        load(project(row(id="71"), '72,"3\n",,,,,,,,,,,2', row(id="73", weight="2"), row(id="72", days="3")))
    assert str(error.value) == (
        "data.csv: rows have the same id: lines 3 and 6 (form visit). REDCap exports each once: export the project "
        "again, or give files put together by hand a table each."
    )


def test_people_that_nobody_flagged_are_pointed_out_by_what_their_fields_are_called(project):
    source = load(project(*PLAIN))
    assert "perhaps identifying, but not flagged as identifiers: mother, mail, remarks" in source.origin.notes


@pytest.mark.parametrize(
    ("label", "speaks"),
    [
        ("First Name", True),
        ("Mother's name", True),
        ("Date of birth", True),
        ("E-mail", True),
        ("GPS latitude", True),
        ("Street, City, State, ZIP", True),
        ("Name of the drug", False),
        ("Mobile phases", True),  # rather one too many
        ("Weight (kg)", False),
        ("Birth weight", False),
    ],
)
def test_a_label_that_speaks_of_a_person_is_told_from_one_that_does_not(project, label, speaks):
    dictionary = f'{HEAD}id,visit,text,Record ID,,,,,\nx,visit,text,"{label}",,,,,\n'
    source = load(project("1,", header="id,x\n", dictionary=dictionary))
    assert any("perhaps identifying" in note for note in source.origin.notes) == speaks


def test_a_record_id_flagged_as_identifier_is_dropped_with_a_note(project):
    dictionary = DICTIONARY.replace("id,visit,text,Record ID,,,,,", "id,visit,text,Record ID,,,,,y")
    source = load(project(*PLAIN, dictionary=dictionary))
    assert source.dropped == ("id",)
    assert (
        "the record id is flagged as an identifier and was dropped: no row has a key without it"
        in source.origin.notes
    )
    kept = load(project(*PLAIN, dictionary=dictionary), keep=("id",))
    assert kept.table["id"].to_list() == ["1", "2", "3", "4", "5"]
    path, told = project(*PLAIN, dictionary=dictionary)
    assert forms(path, ReadOptions(format="redcap", dictionary=told))["visit"].key == ()


def test_a_field_listed_twice_is_named_with_its_line(project):
    with pytest.raises(SourceError) as error:
        load(project(*PLAIN, dictionary=DICTIONARY + "sex,other,text,Sex,,,,,\n"))
    assert (
        "dictionary.csv: fields that cannot be read: line 13: sex (form other): the field is listed twice."
        in str(error.value)
    )


def test_forms_are_asked_of_redcap_exports_only(project):
    path, _ = project(*PLAIN)
    with pytest.raises(SourceError) as error:
        forms(path)
    assert str(error.value) == (
        "data.csv: is read as csv, not as REDCap. Use `format`: redcap, redcap_labels, redcap_odm, redcap_syntax."
    )


EVENTS = (
    HEAD
    + "id,visit,text,Record ID,,,,,\nweight,visit,text,Weight,,number,,,\nvolume,sample,text,Volume,,number,,,\n"
)


def test_a_repeating_event_has_instances_without_an_instrument(project):
    header = "id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,weight,visit_complete,volume,sample_complete\n"
    rows = [
        "1,birth_arm_1,,,3.1,2,,",
        "1,home_arm_1,,1,3.5,2,5,2",
        "1,home_arm_1,,2,4.0,2,,0",
        "2,birth_arm_2,,,2.9,2,,",
    ]
    path, told = project(*rows, header=header, dictionary=EVENTS)
    found = forms(path, ReadOptions(format="redcap", dictionary=told))
    assert {name: (one.key, one.source.table.height) for name, one in found.items()} == {
        "visit": (("id", "redcap_event_name", "redcap_repeat_instance"), 4),
        "sample": (("id", "redcap_event_name", "redcap_repeat_instance"), 2),
    }
    assert found["sample"].source.rows.to_list() == [2, 3]
    assert found["sample"].source.reasons["volume"].to_list() == [None, "empty"]


def test_a_dictionary_may_come_without_a_file():
    """As the API gives it: names instead of lines in its messages."""
    import polars as pl

    from milkqc.readers.redcap_dictionary import dictionary_of

    class Answer:
        name = "metadata"

        def error(self, what, todo):
            return SourceError(self.name, what, todo)

    columns = ("field_name", "form_name", "field_type", "field_label", "select_choices_or_calculations")
    rows = [("id", "visit", "text", "Id", ""), ("sex", "visit", "radio", "Sex", "1, Boy | Girl")]
    with pytest.raises(SourceError) as error:
        dictionary_of(Answer(), pl.DataFrame(rows, schema=columns, orient="row"))
    assert "fields that cannot be read: field 2: sex (form visit): 'Girl' is not `code, label`." in str(
        error.value
    )
    assert dictionary_of(Answer(), pl.DataFrame(rows[:1], schema=columns, orient="row")).record_id == "id"
