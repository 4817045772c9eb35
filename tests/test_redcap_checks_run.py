"""A project's dictionary as checks of a whole run: what stands in findings.csv and checks.csv, and what never does."""

from __future__ import annotations

import polars as pl
import pytest

import milkqc
from milkqc.deliver import deliver
from milkqc.errors import MappingFaults

DICTIONARY = """field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier,branching_logic,required_field
study_id,enrol,,text,Study ID,,,,,,,,
mother,enrol,,text,Mother,,,,,,y,,
sex,enrol,,radio,Infant's sex,"1, Male | 2, Female",,,,,,,y
vdate,anthro,,text,Visit date,,,date_dmy,2024-01-01,,,,y
weight,anthro,,text,Infant's weight,,kg,number,1,12,,,
ill,anthro,,yesno,Ill today?,,,,,,,,
fever,anthro,,text,Temperature,,,number_1dp,34,43,,[ill] = '1',y
double,anthro,,calc,Twice the weight,round([weight]*2; 1),,,,,,,
tube,milk,,text,Tube,,,,,,,[mother] <> '',
iodine,milk,,text,Iodine,,ug/L,number,0,2000,,,
""".replace("; 1", " + 0")
DICTIONARY = DICTIONARY.replace("round([weight]*2 + 0)", '"round([weight]*2, 1)"')
EXPORT = """study_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,mother,sex,enrol_complete,vdate,weight,ill,fever,double,anthro_complete,tube,iodine,milk_complete
1,birth_arm_1,,,Zaphira,1,2,2024-01-05,3.1,0,,6.2,2,,,
1,month_3_arm_1,,,,,,2024-04-05,6.4,1,38.5,12.8,2,,,
1,month_3_arm_1,milk,1,,,,,,,,,,T1,120,2
2,birth_arm_1,,,Yolanda,2,2,2024-01-09,2.9,0,,5.8,2,,,
2,month_3_arm_1,,,,,,2024-04-09,5.9,0,,11.8,2,,,
2,month_3_arm_1,milk,1,,,,,,,,,,T2,85,2
"""
EVENTS = """arm_num,unique_event_name,form
1,birth_arm_1,enrol
1,birth_arm_1,anthro
1,month_3_arm_1,anthro
1,month_3_arm_1,milk
"""
MAPPING = """milkqc: 1
study: rc
missing: {"-9": not_done}
tables:
  all: {file: export.csv, format: redcap, dictionary: dict.csv, event_forms: events.csv, missing_codes: {}}
  tubes: {file: export.csv, format: redcap, dictionary: dict.csv, event_forms: events.csv, form: milk, missing_codes: {}}
participants:
  from: all
  where: {redcap_event_name: [birth_arm_1]}
  key: {participant_id: study_id}
  columns: {infant_sex: {from: sex, codes: {"1": male, "2": female}}}
growth:
  from: all
  where: {redcap_repeat_instrument: [""]}
  key: {participant_id: study_id, visit: {from: redcap_event_name, codes: {birth_arm_1: birth, month_3_arm_1: month_3}}}
  columns: {visit_date: {from: vdate, format: "%Y-%m-%d"}, weight_kg: {from: weight, unit: kg}}
milk:
  from: tubes
  key: {participant_id: study_id, visit: {from: redcap_event_name, codes: {month_3_arm_1: month_3}}, sample_id: tube}
  analytes: {iodine: {from: iodine, unit: header}}
unmapped: {all: ["*"], tubes: ["*"]}
"""


@pytest.fixture
def run(tmp_path):
    """`run(export, mapping, events)`: the Result of a small project."""

    def make(export: str = EXPORT, mapping: str = MAPPING, events: str = EVENTS, **more):
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        for name, text in {"export.csv": export, "dict.csv": DICTIONARY, "events.csv": events}.items():
            (data / name).write_text(text, encoding="utf-8")
        (tmp_path / "study.yaml").write_text(mapping)
        return milkqc.run(tmp_path / "study.yaml", data=data, **{"engine": "expressions", **more})

    return make


def told(result) -> list[tuple]:
    found = result.findings.filter(pl.col("rule_id").str.starts_with("redcap."))
    return found.select("rule_id", "table", "row_id", "variable", "value", "source_row").rows()


def checks(result) -> pl.DataFrame:
    return result.checks.filter(pl.col("rule_id").str.starts_with("redcap."))


def test_clean_data_are_silent_and_every_rule_is_in_the_ledger(run):
    result = run()
    assert told(result) == []
    assert set(checks(result)["table"]) == {"all"}
    assert set(checks(result)["status"]) == {"ran", "not_applicable", "nothing_to_look_at"} - {
        "nothing_to_look_at"
    }
    off = checks(result).filter(pl.col("status") == "not_applicable")
    assert off.select("rule_id", "variable", "why").rows() == [
        (
            "redcap.branching",
            "tube",
            "Not evaluated for tube: it refers to [mother], which was dropped as an identifier.",
        )
    ]


SEEDED = [
    ("6.4,1,38.5,12.8", "6400,1,38.5,12800", ("redcap.range", "growth", "1|month_3", "weight", "6400", 2)),
    ("6.4,1,38.5,12.8", "6.4,1,385,12.8", ("redcap.range", "growth", "1|month_3", "fever", "385", 2)),
    ("6.4,1,38.5,12.8", "6.4,1,,12.8", ("redcap.required", "growth", "1|month_3", "fever", None, 2)),
    ("6.4,1,38.5,12.8", "6.4,0,38.5,12.8", ("redcap.branching", "growth", "1|month_3", "fever", "38.5", 2)),
    ("6.4,1,38.5,12.8", "6.5,1,38.5,12.8", ("redcap.calculation", "growth", "1|month_3", "double", "12.8", 2)),
    ("6.4,1,38.5,12.8", "6.4,2,38.5,12.8", ("redcap.choice", "growth", "1|month_3", "ill", "2", 2)),
    ("T2,85,2", "T2,8500,2", ("redcap.range", "milk", "2|month_3|T2|iodine", "iodine", "8500", 6)),
    ("Zaphira,1,2", "Zaphira,,2", ("redcap.required", "participants", "1", "sex", None, 1)),
    ("2,month_3_arm_1,,,,,", "2,month_3_arm_1,,,,2,", ("redcap.outside_event", "growth", "2|month_3", "enrol", "sex", 5)),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "finding"), SEEDED)
def test_a_seeded_fault_leads_to_the_row_it_went_to_and_back_to_its_cell(run, old, new, finding):
    assert EXPORT.count(old) == 1
    result = run(EXPORT.replace(old, new))
    assert finding in told(result)
    beside = [row for row in told(result) if row != finding]
    # A wrong answer hides or shows the field that hangs on it.
    assert {row[0] for row in beside} <= {"redcap.branching"}
    (row,) = result.findings.filter(pl.col("rule_id") == finding[0], pl.col("variable") == finding[3]).rows(
        named=True
    )
    label = {
        "weight": "Infant's weight",
        "fever": "Temperature",
        "sex": "Infant's sex",
        "enrol": "enrol",
    }.get(finding[3])
    assert label is None or (row["label"] == label and label in row["message"])
    assert (row["engine"], row["source_file"], row["unit"]) == ("rules", "export.csv", None)
    assert row["participant_id"] == finding[2].split("|")[0]


def test_what_is_wrong_with_one_cell_has_one_cause(run):
    result = run(EXPORT.replace("6.4,1,38.5,12.8", "6400,1,38.5,12800"))
    causes = {
        row["rule_id"]: row["cause_id"]
        for row in result.findings.iter_rows(named=True)
        if row["row_id"] == "1|month_3"
    }
    assert causes["redcap.range"] == causes["growth.weight_kg.impossible"] is not None


def test_a_row_that_went_nowhere_is_known_by_its_record(run):
    mapping = MAPPING.replace(
        'where: {redcap_repeat_instrument: [""]}', "where: {redcap_event_name: [birth_arm_1]}"
    )
    result = run(EXPORT.replace("6.4,1,38.5,12.8", "64,1,38.5,128"), mapping)
    assert told(result) == [("redcap.range", "all", "1|month_3_arm_1", "weight", "64", 2)]


def test_a_code_that_the_mapping_calls_missing_is_not_judged(run):
    result = run(EXPORT.replace("6.4,1,38.5,12.8", "-9,1,38.5,-18"))
    assert told(result) == []


def test_a_rule_is_switched_off_by_the_mapping_with_a_reason(run):
    off = MAPPING + "expectations:\n  - {rule: redcap.range, off: the limits are of an earlier protocol}\n"
    result = run(EXPORT.replace("6.4,1,38.5,12.8", "64,1,38.5,128"), off)
    assert told(result) == []
    (row,) = checks(result).filter(pl.col("rule_id") == "redcap.range").rows(named=True)
    assert (row["status"], row["why"]) == (
        "skipped",
        "Switched off by the study: the limits are of an earlier protocol",
    )


def test_no_identifier_reaches_an_output(run, tmp_path):
    result = run(EXPORT.replace("6.4,1,38.5,12.8", "64,2,385,1"))
    assert len(told(result)) > 2
    deliver(result, tmp_path / "out", formats=("csv", "parquet"))
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) > 20
    for secret in (b"Zaphira", b"Yolanda"):
        assert not [path.name for path in files if secret in path.read_bytes()]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (
            "event,form\nbirth_arm_1,enrol\n",
            "events.csv: is no list of events and forms: it has no column unique_event_name.",
        ),
        ("unique_event_name,form\n", "events.csv: lists no event with a form."),
    ],
)
def test_a_list_of_events_that_is_none_is_a_fault_with_its_place(run, events, said):
    with pytest.raises(MappingFaults) as faults:
        run(events=events)
    assert said in str(faults.value)
    assert "tables.all.event_forms" in str(faults.value)


def test_the_list_of_events_is_an_input_like_every_other(run):
    assert [origin.format for origin in run().origins if origin.file == "events.csv"] == [
        "redcap_event_forms"
    ]


def test_an_absent_list_of_events_is_a_fault(run):
    with pytest.raises(
        MappingFaults, match=r"M301 tables.all.event_forms: no file 'gone.csv' in the data folder"
    ):
        run(mapping=MAPPING.replace("event_forms: events.csv", "event_forms: gone.csv", 1))
