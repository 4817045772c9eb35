"""REDCap through the command line: events, repeating instruments, checkboxes, comma decimals, no identifier anywhere."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import logging
import shutil
import sys
from pathlib import Path

import polars as pl
import pytest

import milkqc
from milkqc.cli import main
from milkqc.demo.redcap_exports import labelled, odm
from milkqc.readers.files import File
from milkqc.readers.redcap_dictionary import read_dictionary

HEADER = (
    "field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,"
    "text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier,branching_logic\n"
)
DICTIONARY = (
    HEADER
    + """study_id,enrol,,text,Study ID,,,,,,,
mother_name,enrol,,text,Mother's name,,,,,,y,
phone,enrol,,text,Phone,,,phone,,,y,
dob,enrol,,text,Date of birth,,,date_dmy,,,y,
sex,enrol,,radio,Sex,"1, Male | 2, Female",,,,,,
bw,enrol,,text,Birth weight,,kg,number_comma_decimal,,,,
vdate,anthro,,text,Visit date,,,date_ymd,,,,
weight,anthro,,text,Weight,,kg,number_2dp_comma_decimal,,,,
len,anthro,,text,Length,,cm,number_1dp,,,,
problems,anthro,,checkbox,Problems,"1, Fever | 2, Rash | -99, Other",,,,,,
tube,milk,,text,Tube,,,,,,,
iodine,milk,,text,Iodine,,ug/L,number,,,,
"""
)
EXPORT = """study_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,mother_name,phone,dob,sex,bw,enrol_complete,vdate,weight,len,problems___1,problems___2,problems____99,anthro_complete,tube,iodine,milk_complete
007,birth_arm_1,,,Zaphira Quill,555-0101,2024-01-05,1,"3,25",2,2024-01-05,"3,3",49.5,0,0,0,2,,,
007,month_3_arm_1,,,,,,,,,2024-04-06,"5,81",60.1,1,0,1,2,,,
007,month_3_arm_1,milk,1,,,,,,,,,,,,,,T1,85,2
007,month_3_arm_1,milk,2,,,,,,,,,,,,,,T2,-999,2
008,birth_arm_1,,,Yolanda Trent,555-0102,2024-01-09,2,2.950,2,2024-01-09,UNK,48,0,0,1,2,,,
008,month_3_arm_1,,,,,,,,,,,,0,0,0,0,,,
008,month_3_arm_1,milk,1,,,,,,,,,,,,,,T3,12.5,2
"""
MAPPING = """milkqc: 1
study: rc
mae: {authority: IOM, basis: milk_concentration, set: [iodine]}
missing: {"-999": not_done, UNK: unknown}
tables:
  all: {file: export.csv, format: redcap, dictionary: dict.csv}
  tubes: {file: export.csv, format: redcap, dictionary: dict.csv, form: milk}
participants:
  from: all
  where: {redcap_event_name: [birth_arm_1]}
  key: {participant_id: study_id}
  columns:
    infant_birth_date: {from: dob, identifier: keep, format: "%Y-%m-%d"}
    infant_sex: {from: sex, codes: {"1": male, "2": female}}
    birth_weight_kg: {from: bw, unit: header}
growth:
  from: all
  where: {redcap_repeat_instrument: [""]}
  key: {participant_id: study_id, visit: {from: redcap_event_name, codes: {birth_arm_1: birth, month_3_arm_1: month_3}}}
  columns:
    visit_date: {from: vdate, format: "%Y-%m-%d"}
    weight_kg: {from: weight, unit: kg}
    length_cm: {from: len, unit: cm}
  extra:
    fever: {from: problems___1, type: boolean, codes: {"1": "true", "0": "false"}}
    other: {from: problems____99, type: boolean, codes: {"1": "true", "0": "false"}}
milk:
  from: tubes
  key: {participant_id: study_id, visit: {from: redcap_event_name, codes: {month_3_arm_1: month_3}}, sample_id: tube}
  analytes: {iodine: {from: iodine, unit: header}}
unmapped:
  all: [redcap_repeat_instance, "*_complete", tube, iodine, problems___2]
  tubes: ["redcap_*", milk_complete]
"""
SECRETS = ("Zaphira", "Quill", "Yolanda", "Trent", "555-01")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """`run(mapping, {name: text})` -> exit code, everything printed, OUT."""

    def make(mapping: str, files: dict[str, str]) -> tuple[int, str, Path]:
        data, out = tmp_path / "data", tmp_path / "out"
        data.mkdir(exist_ok=True)
        for name, text in files.items():
            (data / name).write_text(text, encoding="utf-8")
        (tmp_path / "study.yaml").write_text(mapping)
        monkeypatch.setenv("MILKQC_DEBUG", "1")
        arguments = [
            "run",
            tmp_path / "study.yaml",
            "--data",
            data,
            "--out",
            out,
            "--format",
            "csv,parquet,dta",
            "--engine",
            "expressions",
        ]
        monkeypatch.setattr(sys, "argv", ["milkqc", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return int(stopped.value.code or 0), said.out + said.err, out

    yield make
    logging.getLogger("milkqc").handlers.clear()  # it wrote to a stream that pytest has closed


@pytest.fixture
def project(run):
    code, said, out = run(MAPPING, {"export.csv": EXPORT, "dict.csv": DICTIONARY})
    assert code == 0, said
    return said, out


def table(out: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(out / "harmonized" / f"{name}.parquet")


def lineage(out: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(out / "lineage" / f"{name}.parquet")


def test_events_forms_and_checkboxes_become_the_harmonised_tables(project):
    _, out = project
    people, growth, milk = (table(out, name) for name in ("participants", "growth", "milk"))
    assert people.select("row_id", "infant_sex", "infant_birth_date").rows() == [
        ("007", "male", dt.date(2024, 1, 5)),
        ("008", "female", dt.date(2024, 1, 9)),
    ]
    assert growth.select("row_id", "length_cm", "x_fever", "x_other").rows() == [
        ("007|birth", 49.5, False, False),
        ("007|month_3", 60.1, True, True),
        ("008|birth", 48, False, True),
        ("008|month_3", None, None, None),  # nobody touched the form: its checkboxes say nothing
    ]
    assert milk.select("row_id", "value", "missing_reason").rows() == [
        ("007|month_3|T1|iodine", 85, None),
        ("007|month_3|T2|iodine", None, "not_done"),
        ("008|month_3|T3|iodine", 12.5, None),
    ]


def test_comma_decimals_are_read_where_the_dictionary_says_so(project):
    _, out = project
    assert table(out, "participants")["birth_weight_kg"].to_list() == [3.25, None]
    assert table(out, "growth")["weight_kg"].to_list() == [3.3, 5.81, None, None]
    # 2.950 was typed before the field took commas; it is neither 2.95 nor 2950.
    told = lineage(out, "participants").select("birth_weight_kg__raw", "birth_weight_kg__missing").rows()
    assert told == [("3,25", None), ("2.950", "unreadable")]
    assert lineage(out, "growth")["weight_kg__missing"].to_list() == [None, None, "unknown", "empty"]


def test_rows_of_a_form_lead_back_to_the_rows_of_the_file(project):
    _, out = project
    assert lineage(out, "milk").select("row_id", "source_row").rows() == [
        ("007|month_3|T1|iodine", 3),
        ("007|month_3|T2|iodine", 4),
        ("008|month_3|T3|iodine", 7),
    ]


FORMS = {
    "labels": {
        "all": "{file: export.csv, format: redcap_labels, dictionary: dict.csv}",
        "form": ", form: milk}",
    },
    "odm": {"all": "{file: export.xml}", "form": ", form: milk}"},
}


def in_form(form: str, folder: Path) -> tuple[str, dict[str, str]]:
    """The same study with its export as labelled CSV or as ODM XML: the mapping and the files."""
    told = folder / "told.csv"
    told.write_text(DICTIONARY, encoding="utf-8")
    fields = read_dictionary(File.of(told))
    rows = list(csv.DictReader(io.StringIO(EXPORT)))
    whole = FORMS[form]["all"]
    mapping = MAPPING.replace(
        "{file: export.csv, format: redcap, dictionary: dict.csv, form: milk}",
        whole[:-1] + FORMS[form]["form"],
    ).replace("{file: export.csv, format: redcap, dictionary: dict.csv}", whole)
    if form == "odm":
        return mapping, {"export.xml": "".join(odm(fields, list(rows[0]), rows))}
    return mapping, {"export.csv": labelled(fields, list(rows[0]), rows), "dict.csv": DICTIONARY}


@pytest.fixture(params=["csv", "labels", "odm"])
def exported(request, run, tmp_path):
    """The study run from each form of its export: what was printed, and OUT."""
    if request.param == "csv":
        mapping, files = MAPPING, {"export.csv": EXPORT, "dict.csv": DICTIONARY}
    else:
        mapping, files = in_form(request.param, tmp_path)
    code, said, out = run(mapping, files)
    assert code == 0, said
    return said, out


def test_every_form_of_the_export_gives_the_same_tables(exported):
    _, out = exported
    assert table(out, "growth").select("row_id", "weight_kg", "length_cm", "x_fever", "x_other").rows() == [
        ("007|birth", 3.3, 49.5, False, False),
        ("007|month_3", 5.81, 60.1, True, True),
        ("008|birth", None, 48, False, True),
        ("008|month_3", None, None, None, None),
    ]
    assert lineage(out, "growth")["weight_kg__missing"].to_list() == [None, None, "unknown", "empty"]
    assert table(out, "participants").select("row_id", "infant_sex", "birth_weight_kg").rows() == [
        ("007", "male", 3.25),
        ("008", "female", None),
    ]
    assert table(out, "milk").select("row_id", "value", "missing_reason").rows() == [
        ("007|month_3|T1|iodine", 85, None),
        ("007|month_3|T2|iodine", None, "not_done"),
        ("008|month_3|T3|iodine", 12.5, None),
    ]


def test_identifiers_appear_nowhere(exported):
    said, out = exported
    written = [path for path in out.rglob("*") if path.is_file()]
    assert len(written) > 20
    for secret in SECRETS:
        assert secret not in said
        assert not [path.name for path in written if secret.encode() in path.read_bytes()]
    for name in ("participants", "visits", "growth", "milk", "biomarkers"):
        for frame in (table(out, name), lineage(out, name)):
            assert not any(secret in str(frame.to_dicts()) for secret in SECRETS)


@pytest.mark.parametrize(
    ("mapping", "export", "dictionary", "message"),
    [
        (MAPPING, EXPORT, DICTIONARY.replace("2, Female", "Female"), "study.yaml:6 M302 tables.all.dictionary: dict.csv: fields that cannot be read: line 6: sex (form enrol): 'Female' is not `code, label`."),
        (MAPPING, EXPORT, "a,b\n1,2\n", "study.yaml:6 M302 tables.all.dictionary: dict.csv: is no REDCap data dictionary:"),
        (MAPPING, EXPORT.split("\n", 1)[1], DICTIONARY, "study.yaml:6 M302 tables.all.file: export.csv: its header has no column 'study_id', the dictionary's record id."),
        (MAPPING, EXPORT.replace("008,birth_arm_1,,", "008,birth_arm_1,"), DICTIONARY, "study.yaml:6 M302 tables.all.file: export.csv: line 6 has 19 cells where the header has 20."),
        (MAPPING.replace("form: milk", "form: milch"), EXPORT, DICTIONARY, "study.yaml:7 M302 tables.tubes.file: export.csv: has no form 'milch'. Its forms are enrol, anthro, milk."),
        (MAPPING.replace(", identifier: keep", ""), EXPORT, DICTIONARY, "export.csv has no column 'dob'. It is an identifier and was dropped at reading; write `identifier: keep` at the column to use it."),
        (MAPPING.replace(", dictionary: dict.csv}", "}"), EXPORT, DICTIONARY, "study.yaml:6 M111 tables.all: a REDCap export needs its data dictionary."),
        (MAPPING.replace("dict.csv}", "other.csv}"), EXPORT, DICTIONARY, "study.yaml:6 M301 tables.all.dictionary: no file 'other.csv' in the data folder."),
        (MAPPING.replace('{"1": male, "2": female}', '{"1": male}, otherwise: fault'), EXPORT, DICTIONARY, "M306 participants.columns.infant_sex.codes: sex holds '2', which `codes` does not list."),
    ],
    ids=["choices", "no dictionary", "no header", "ragged", "no form", "identifier", "dictionary missing", "no file", "code"],
)  # fmt: skip
def test_what_is_wrong_names_its_file_and_no_person(run, mapping, export, dictionary, message):
    code, said, out = run(mapping, {"export.csv": export, "dict.csv": dictionary})
    assert code == 2
    assert message in said
    assert not any(secret in said for secret in SECRETS)
    assert not out.exists()


def test_identifiers_that_nobody_maps_need_not_be_listed_as_unmapped(run):
    code, said, _ = run(MAPPING, {"export.csv": EXPORT, "dict.csv": DICTIONARY})
    assert code == 0, said
    code, said, _ = run(
        MAPPING, {"export.csv": EXPORT, "dict.csv": DICTIONARY.replace(",phone,,,y,", ",phone,,,,")}
    )
    assert code == 2
    assert "nothing is said of 1 column of all: phone." in said


FIXTURES = {
    "clinical-trial-1": """milkqc: 1
study: trial
tables: {t: {file: data.csv, format: redcap, dictionary: dictionary.csv}}
participants:
  from: t
  key: {participant_id: record_id}
  columns: {mother_height_cm: {from: height, unit: cm}, mother_birth_date: {from: dob, identifier: keep, format: "%Y-%m-%d"}}
  extra: {weight: {from: weight, type: number, unit: kg}}
unmapped: {t: [ethnicity, race, gender, email, "*_complete"]}
""",
    "longitudinal": """milkqc: 1
study: longitudinal
tables: {t: {file: data.csv, format: redcap, dictionary: dictionary.csv, form: demographics}}
participants:
  from: t
  key: {participant_id: study_id}
  columns: {mother_height_cm: {from: height, unit: cm}, randomisation_date: {from: date_enrolled, format: "%Y-%m-%d"}}
  extra: {monday: {from: gym___0, type: boolean, codes: {"1": "true", "0": "false"}}}
unmapped: {t: ["*"]}
""",
    "repeating-instruments": """milkqc: 1
study: repeating
tables: {d: {file: data.csv, format: redcap, dictionary: dictionary.csv, form: demographics}, b: {file: data.csv, format: redcap, dictionary: dictionary.csv, form: bp}}
participants: {from: d, key: {participant_id: record_id}, columns: {randomisation_date: {from: date_enrolled, format: "%Y-%m-%d"}}}
visits:
  from: b
  key: {participant_id: record_id, visit: redcap_repeat_instance}
  columns: {visit_date: {from: date_bp, format: "%Y-%m-%d"}}
  extra: {systolic: {from: bp_systolic, type: integer}}
unmapped: {d: ["*"], b: ["*"]}
""",
    "decimal-comma-and-dot": """milkqc: 1
study: comma
tables: {t: {file: data.csv, format: redcap, dictionary: dictionary.csv}}
participants:
  from: t
  key: {participant_id: record_id}
  columns: {mother_height_cm: {from: height_comma, unit: m}}
  extra: {dot: {from: height_dot, type: number, unit: m}, kg: {from: weight_comma, type: number, unit: kg}, calc: {from: bmi_comma, type: number}}
unmapped: {t: ["*"]}
""",
}


@pytest.fixture(params=FIXTURES)
def fixture(request, shared, tmp_path):
    """A real project run by a mapping of some of its fields."""
    folder = shared / "fixtures" / "redcap" / request.param
    data = tmp_path / "data"
    data.mkdir()
    for name in ("data.csv", "dictionary.csv"):
        shutil.copy(folder / name, data / name)
    (tmp_path / "study.yaml").write_text(FIXTURES[request.param])
    return request.param, milkqc.run(tmp_path / "study.yaml", data=data, engine="expressions")


def test_real_projects_run(fixture):
    name, result = fixture
    people = result.participants
    for block in result.reconciliation:
        assert block.read == block.used + block.set_aside + block.rejected
    if name == "clinical-trial-1":
        assert people.height == 500
        assert people["mother_height_cm"].null_count() == 0
        assert "mother_birth_date" in people.columns
        assert "Cornel" not in str(result.lineage["participants"].to_dicts())
    elif name == "longitudinal":
        assert people["participant_id"].to_list() == ["100", "220", "304"]
        assert people["mother_height_cm"].to_list()[0] == 160
    elif name == "repeating-instruments":
        assert result.visits.height == 4
        assert result.lineage["visits"].select("row_id", "source_row").row(0) == ("1|1", 2)
        assert result.visits["x_systolic"].to_list() == [110, 111, 112, 114]
    else:
        assert people["mother_height_cm"].to_list() == pytest.approx([154, 184, 195, 161])
        assert people["x_kg"].to_list() == [52.3, 92.3, 123.4, 45.9]
        assert people["x_calc"].to_list() == [22.1, 27.3, 32.5, 17.7]  # calculated fields keep the dot


def test_a_code_that_nobody_declared_is_asked_for_and_never_read(run):
    mapping = MAPPING.replace('missing: {"-999": not_done, UNK: unknown}', "missing: {UNK: unknown}")
    code, said, out = run(mapping, {"export.csv": EXPORT, "dict.csv": DICTIONARY})
    assert code == 2
    assert (
        "study.yaml:30 M308 milk.analytes.iodine.from: iodine holds '-999' (1 cell), which nothing declares as missing "
        "and nobody should read as data. Say `missing_codes: {'-999': not_done}` at the table with all codes of the "
        "project, or `missing_codes: {}` if it has none and these are values."
    ) in said
    assert not out.exists()
    answered = mapping.replace("form: milk}", 'form: milk, missing_codes: {"-999": not_done}}')
    code, said, out = run(answered, {"export.csv": EXPORT, "dict.csv": DICTIONARY})
    assert code == 0, said
    assert table(out, "milk")["missing_reason"].to_list() == [None, "not_done", None]


def test_free_text_that_nobody_flagged_is_warned_about(run):
    dictionary = DICTIONARY.replace("tube,milk,,text,Tube", "tube,milk,,text,Name of the mother")
    dictionary = dictionary.replace("Name of the mother", "Mother's name")
    code, said, _ = run(MAPPING, {"export.csv": EXPORT, "dict.csv": dictionary})
    assert code == 0, said
    assert "export.csv: perhaps identifying, but not flagged as identifiers: tube" in said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: redcap, dictionary: dict.csv}", "format: redcap_labels}", "study.yaml:6 M111 tables.all: a REDCap export needs its data dictionary."),
        ("format: redcap, dictionary: dict.csv}", "format: redcap_syntax}", "study.yaml:6 M111 tables.all: an export without a header needs the syntax file that names its columns. Add `syntax: ..._SPSS_....sps` (or .sas, .do, .r)."),
        ("dictionary: dict.csv}", "dictionary: dict.csv, syntax: x.sps}", "study.yaml:6 M123 tables.all.syntax: a syntax file explains only an export of `format: redcap_syntax`. Say that format, or take `syntax` out."),
        ("format: redcap, dictionary: dict.csv}", "format: redcap_syntax, syntax: x.sps}", "study.yaml:6 M301 tables.all.syntax: no file 'x.sps' in the data folder. Put the syntax file beside the export."),
        ("format: redcap, dictionary: dict.csv}", "format: redcap_syntax, syntax: dict.csv}", "study.yaml:6 M302 tables.all.syntax: dict.csv: the ending '.csv' names no language of syntax files. Give the .sps, .sas, .do, .r file of the export."),
        ("format: redcap, dictionary: dict.csv}", "format: csv, form: milk}", "study.yaml:6 M123 tables.all.form: `form` is for exports of REDCap, and the table's format is csv."),
        ("dictionary: dict.csv}", "dictionary: dict.csv, mixed: sometimes}", "study.yaml:6 M112 tables.all.mixed:"),
        ("dictionary: dict.csv}", "dictionary: dict.csv, syntax: ../x.sps}", "study.yaml:6 M130 tables.all.syntax: the path '../x.sps' leaves the data folder."),
    ],
)  # fmt: skip
def test_the_options_of_a_table_are_checked(run, old, new, message):
    assert old in MAPPING
    code, said, _ = run(MAPPING.replace(old, new, 1), {"export.csv": EXPORT, "dict.csv": DICTIONARY})
    assert code == 2
    assert message in said


def test_the_dictionary_is_an_input_of_the_run(project):
    _, out = project
    inputs = json.loads((out / "manifest.json").read_text("utf-8"))["inputs"]
    assert "dict.csv" in str(inputs)
