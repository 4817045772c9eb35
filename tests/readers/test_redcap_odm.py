"""REDCap's ODM XML: keys, repeats, uploads, missing-data codes, and files that nobody should open."""

from __future__ import annotations

import pytest

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read
from milkqc.readers.files import File
from milkqc.readers.redcap_forms import forms
from milkqc.readers.redcap_odm import project

HEAD = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n'
    '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:redcap="https://projectredcap.org">\n'
)
EVENTS = (
    '<StudyEventDef OID="Event.birth_arm_1" Name="Birth (Arm 1: A)" redcap:UniqueEventName="birth_arm_1">'
    '<FormRef FormOID="Form.visit" redcap:FormName="visit"/></StudyEventDef>\n'
    '<StudyEventDef OID="Event.home_arm_1" Name="Home (Arm 1: A)" redcap:UniqueEventName="home_arm_1">'
    '<FormRef FormOID="Form.visit" redcap:FormName="visit"/><FormRef FormOID="Form.sample" redcap:FormName="sample"/>'
    "</StudyEventDef>\n"
)
METADATA = (
    '<FormDef OID="Form.visit" Name="Visit" redcap:FormName="visit"><ItemGroupRef ItemGroupOID="visit.a"/></FormDef>\n'
    '<FormDef OID="Form.sample" Name="Sample" redcap:FormName="sample"><ItemGroupRef ItemGroupOID="sample.a"/></FormDef>\n'
    '<ItemGroupDef OID="visit.a"><ItemRef ItemOID="id"/><ItemRef ItemOID="weight"/><ItemRef ItemOID="seen___1"/>'
    '<ItemRef ItemOID="seen____9"/><ItemRef ItemOID="visit_complete"/></ItemGroupDef>\n'
    '<ItemGroupDef OID="sample.a"><ItemRef ItemOID="scan"/><ItemRef ItemOID="volume"/><ItemRef ItemOID="sample_complete"/></ItemGroupDef>\n'
    '<ItemDef OID="id" redcap:Variable="id" redcap:FieldType="text"><Question><TranslatedText>Record</TranslatedText></Question></ItemDef>\n'
    '<ItemDef OID="weight" redcap:Variable="weight" redcap:FieldType="text" redcap:TextValidationType="float" redcap:SectionHeader="Body">'
    "<Question><TranslatedText>Weight &amp; more</TranslatedText></Question>"
    '<RangeCheck Comparator="GE" SoftHard="Soft"><CheckValue>1</CheckValue><ErrorMessage><TranslatedText>too low</TranslatedText></ErrorMessage></RangeCheck>'
    "</ItemDef>\n"
    '<ItemDef OID="seen___1" redcap:Variable="seen" redcap:FieldType="checkbox"><CodeListRef CodeListOID="seen___1.choices"/></ItemDef>\n'
    '<ItemDef OID="seen____9" redcap:Variable="seen" redcap:FieldType="checkbox"><CodeListRef CodeListOID="seen____9.choices"/></ItemDef>\n'
    '<ItemDef OID="visit_complete" redcap:Variable="visit_complete" redcap:FieldType="select"/>\n'
    '<ItemDef OID="scan" redcap:Variable="scan" redcap:FieldType="file"/>\n'
    '<ItemDef OID="volume" redcap:Variable="volume" redcap:FieldType="text" redcap:TextValidationType="int"/>\n'
    '<ItemDef OID="sample_complete" redcap:Variable="sample_complete" redcap:FieldType="select"/>\n'
    '<CodeList OID="seen___1.choices" redcap:Variable="seen" redcap:CheckboxChoices="1, Nurse | midwife | -9, Nobody">'
    '<CodeListItem CodedValue="1"><Decode><TranslatedText>Checked</TranslatedText></Decode></CodeListItem></CodeList>\n'
)


def item(name, value):
    return f'<ItemData ItemOID="{name}" Value="{value}"/>'


def form(name, *items, key="1"):
    data = "\n".join(items)
    return (
        f'<FormData FormOID="Form.{name}" FormRepeatKey="{key}"><ItemGroupData ItemGroupOID="{name}.a">{data}'
        "</ItemGroupData></FormData>\n"
    )


def event(name, *held, key="1"):
    return (
        f'<StudyEventData StudyEventOID="Event.{name}" StudyEventRepeatKey="{key}" redcap:UniqueEventName="{name}">'
        f"{''.join(held)}</StudyEventData>\n"
    )


def record(key, *held):
    return f'<SubjectData SubjectKey="{key}">\n{"".join(held)}</SubjectData>\n'


def document(*records, events="", metadata=METADATA, globals_=""):
    data = f"<ClinicalData>\n{''.join(records)}</ClinicalData>\n" if records else ""
    return (
        f"{HEAD}<Study><GlobalVariables>{globals_}</GlobalVariables>\n"
        f'<MetaDataVersion redcap:RecordIdField="id">\n{events}{metadata}</MetaDataVersion></Study>\n{data}</ODM>\n'
    )


REPEATS = (
    '<redcap:RepeatingInstrument redcap:UniqueEventName="event_1_arm_1" redcap:RepeatInstrument="sample"/>'
)


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "project.xml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(path, **options):
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(**options))
    return str(error.value)


def test_metadata_alone_give_a_table_without_rows_and_all_variables(write):
    source = read(write(document()))
    assert source.table.rows() == []
    assert source.table.columns == [
        "id", "weight", "seen___1", "seen____9", "visit_complete", "scan", "volume", "sample_complete",
    ]  # fmt: skip
    assert source.variable("weight").details == {
        "form": "visit",
        "section": "Body",
        "field_type": "text",
        "validation": "number",
        "minimum": "1",
    }
    assert source.variable("weight").label == "Weight & more"
    assert "the file holds metadata and no records" in source.origin.notes


def test_a_bar_in_a_label_is_decided_by_the_items(write):
    dictionary = project(File.of(write(document()))).dictionary
    assert dictionary.fields["seen"].choices == {"1": "Nurse | midwife", "-9": "Nobody"}
    assert dictionary.titles == {"visit": "Visit", "sample": "Sample"}


def test_the_record_id_is_the_subject_key_and_leading_zeros_stay(write):
    source = read(write(document(record("007", form("visit", item("weight", "3.5"))))))
    assert source.table.row(0)[:2] == ("007", "3.5")


def test_a_repeat_key_counts_only_where_the_form_repeats(write):
    text = document(
        record(
            "1",
            form("sample", item("volume", "5"), key="2"),
            form("visit", item("weight", "3.5"), key="2"),
            form("sample", item("volume", "4"), key="1"),
        ),
        globals_=REPEATS,
    )
    table = read(write(text)).table
    assert table.select("redcap_repeat_instrument", "redcap_repeat_instance", "weight", "volume").rows() == [
        (None, None, "3.5", None),
        ("sample", "1", None, "4"),
        ("sample", "2", None, "5"),
    ]


def test_a_repeating_event_has_instances_without_an_instrument(write):
    text = document(
        record(
            "1",
            event("home_arm_1", form("visit", item("weight", "4")), key="2"),
            event("birth_arm_1", form("visit", item("weight", "3"))),
            event("home_arm_1", form("visit", item("weight", "3.5")), key="1"),
        ),
        events=EVENTS,
        globals_='<redcap:RepeatingEvent redcap:UniqueEventName="home_arm_1"/>',
    )
    path = write(text)
    table = read(path).table
    assert table.select("redcap_event_name", "redcap_repeat_instance", "weight").rows() == [
        ("birth_arm_1", None, "3"),
        ("home_arm_1", "1", "3.5"),
        ("home_arm_1", "2", "4"),
    ]
    assert forms(path)["visit"].key == ("id", "redcap_event_name", "redcap_repeat_instance")


def test_the_projects_own_structure_tells_what_is_structural(write):
    text = document(
        record("1", event("birth_arm_1", form("visit", item("weight", "3")))),
        record("2", event("home_arm_1", form("visit", item("weight", "4")))),
        events=EVENTS,
    )
    source = read(write(text))
    # The sample form belongs to the home visit, and is blank there.
    assert source.reasons["volume"].to_list() == ["structural", "empty"]


def test_an_upload_keeps_its_name_and_not_its_content(write):
    upload = '<ItemDataBase64Binary ItemOID="scan" redcap:DocName="x.jpg"><![CDATA[U0VDUkVU]]></ItemDataBase64Binary>'
    source = read(write(document(record("1", form("sample", upload)))))
    assert source.table["scan"].to_list() == ["x.jpg"]
    assert "1 uploaded files were left out, their names kept" in source.origin.notes
    assert "U0VDUkVU" not in str(source)


@pytest.mark.parametrize("between", [" | ", "\n", "&#10;"])
def test_the_projects_missing_data_codes_are_reasons(write, between):
    codes = f"<redcap:MissingDataCodes>-999, Not asked{between}UNK, Unknown</redcap:MissingDataCodes>"
    boxes = METADATA.replace(
        '<ItemRef ItemOID="visit_complete"/>',
        '<ItemRef ItemOID="seen___unk"/><ItemRef ItemOID="visit_complete"/>',
    )
    boxes += '<ItemDef OID="seen___unk" redcap:Variable="seen" redcap:FieldType="checkbox"/>'
    text = document(
        record("1", form("visit", item("weight", "-999"), item("seen___1", "0"), item("seen___unk", "1"))),
        record("2", form("visit", item("weight", "UNK"), item("seen___1", "1"), item("seen___unk", "0"))),
        record("3", form("visit", item("weight", "3"), item("seen___1", "1"))),
        globals_=codes,
        metadata=boxes.replace("1, Nurse | midwife | -9, Nobody", "1, Nurse | -9, Nobody"),
    )
    source = read(write(text))
    assert source.table["weight"].to_list() == [None, None, "3"]
    assert source.codes["weight"].to_list() == ["-999", "UNK", None]
    assert source.reasons["weight"].to_list() == ["Not asked", "Unknown", None]
    assert source.table["seen___1"].to_list() == [None, "1", "1"]
    assert source.reasons["seen___1"].to_list()[0] == "Unknown"
    assert source.candidates == ()


def test_a_line_break_in_an_attribute_is_a_space(write):
    text = document(record("1", form("visit", item("weight", "a\nb"))))
    assert read(write(text)).table["weight"].to_list() == ["a b"]


GOOD = document(record("1", form("visit", item("weight", "3"))), record("2", form("visit")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD[: GOOD.index("</SubjectData>") - 3], "project.xml: line 21: is not whole XML (unclosed token). It was perhaps cut while it was copied: export it again."),
        (GOOD.replace("<ODM", '<!DOCTYPE ODM SYSTEM "http://x/y.dtd"><ODM', 1), "project.xml: line 2: declares a document type or entities, which REDCap never does. Do not open it elsewhere; ask where it comes from, and export it again."),
        ('<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><ODM>&b;</ODM>', "project.xml: line 1: declares a document type or entities, which REDCap never does. Do not open it elsewhere; ask where it comes from, and export it again."),
        ("<ODM>" + "<a>" * 200_000 + "</a>" * 200_000 + "</ODM>", "project.xml: line 1: its elements are nested more than 50 deep, so it is no REDCap export. Export it again: Other Functionality, Download metadata and data (XML)."),
        ("<html><body>Please log in</body></html>", "project.xml: is XML, but its first element is 'html' and not ODM. Export it from REDCap: Other Functionality, Download metadata and data (XML)."),
        ('<?xml version="1.0" encoding="cp037"?><ODM/>', "project.xml: declares an encoding that REDCap does not write. Save it as UTF-8, or export it again."),
        ("<ODM></ODM>", "project.xml: defines no form with fields. Export it again, with the metadata of the project."),
        (GOOD.replace('ItemOID="weight" Value', 'ItemOID="wait" Value'), "project.xml: line 21: the item 'wait' (form visit) is not defined in the file's metadata. Export metadata and data together."),
        (GOOD.replace('"Form.visit" FormRepeatKey', '"Form.vist" FormRepeatKey'), "project.xml: line 21: the form 'Form.vist' is not defined in the file's metadata. Export metadata and data together."),
        (GOOD.replace('SubjectKey="2"', 'SubjectKey="1"'), "project.xml: line 23: a record (SubjectKey) stands twice in the file. Export the project again; two exports cannot be put together by hand."),
        (GOOD.replace('<ItemRef ItemOID="weight"/>', '<ItemRef ItemOID="wait"/>'), "project.xml: form 'visit' lists the item 'wait', which is not defined. Export it again."),
        (GOOD.replace("</ItemGroupData></FormData>", item("weight", "4") + "</ItemGroupData></FormData>", 1), "project.xml: line 21: the item 'weight' (form visit) has two values in one record, event and instance. Export the project again."),
        (document(globals_="<redcap:MissingDataCodes>-9</redcap:MissingDataCodes>"), "project.xml: its missing-data codes cannot be read: '-9' is not `code, label`. Mend them under Project Setup, Additional customizations, and export again."),
    ],
    ids=["cut", "dtd", "bomb", "deep", "html", "encoding", "empty", "item", "form", "twice", "undefined", "two values", "codes"],
)  # fmt: skip
def test_what_cannot_be_read_says_where_and_what_to_do(write, text, message):
    assert refusal(write(text)) == message


def test_an_event_that_is_not_defined_is_named(write):
    text = document(record("1", event("day_3_arm_1", form("visit", item("weight", "3")))), events=EVENTS)
    assert "the event 'Event.day_3_arm_1' is not defined" in refusal(write(text))


def test_a_value_without_end_is_refused(write, monkeypatch):
    monkeypatch.setattr("milkqc.readers.redcap_odm_stream.MOST_TEXT", 1_000)
    text = document(record("1", form("visit", item("weight", "9" * 2_000))))
    assert refusal(write(text)) == (
        "project.xml: line 21: the text of weight is longer than 1,000 characters. "
        "Look at that record in REDCap, and export again."
    )


def test_a_table_larger_than_allowed_is_refused(write):
    assert "more than the 10 cells allowed" in refusal(write(GOOD), max_cells=10)
