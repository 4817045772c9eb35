"""Forty mistakes as people make them, each an edit of one good study: the right code, line, column and words."""

from __future__ import annotations

import pytest

from milkqc.linting import lint

GOOD = """\
milkqc: 1
study: seeded
missing: {"-9": not_done}
mae: {authority: IOM, basis: milk_concentration, set: [iodine, retinol]}
tables:
  enrol: {file: enrol.csv}
  anthro: {file: anthro.csv}
  lab: {file: lab.csv}
schedule:
  birth: {day: 0, window: [0, 3]}
  month_3: {day: 91, window: [61, 121]}
participants:
  from: enrol
  key: {participant_id: PID}
  columns:
    infant_sex: {from: SEX, codes: {"1": male, "2": female}}
    infant_birth_date: {from: DOB, format: "%d/%m/%Y"}
    gestational_age_days: {from: GA, format: weeks+days}
growth:
  from: anthro
  key: {participant_id: PID, visit: {from: VISIT, codes: {"0": birth, "3": month_3}}}
  columns:
    visit_date: {from: VDATE, format: "%d/%m/%Y"}
    weight_kg: {from: WEIGHT, unit: g}
    length_cm: {from: [LEN1, LEN2], do: mean_of, unit: cm, max_difference: 0.7}
    measured: {do: constant, value: lying}
milk:
  from: lab
  key: {participant_id: PID, visit: VISIT, sample_id: TUBE}
  analytes:
    iodine: {from: IODINE, unit: ug/L, limit: 0.7}
    retinol: {from: RET, unit: umol/L, substance: retinol}
unmapped:
  enrol: [NOTE]
"""
DATA = {
    "enrol.csv": "PID,SEX,DOB,GA,NOTE\n1,1,01/02/2024,39+1,\n2,2,05/02/2024,40+0,x\n",
    "anthro.csv": "PID,VISIT,VDATE,WEIGHT,LEN1,LEN2\n1,0,01/02/2024,3200,49,49.5\n1,3,05/05/2024,6100,61,61.2\n2,0,05/02/2024,3100,48,48.2\n",
    "lab.csv": "PID,VISIT,TUBE,IODINE,RET\n1,month_3,T1,120,1.5\n2,month_3,T2,<0.7,1.1\n",
}
# what people do, old text, new text, code, line, words of the message
MISTAKES = [
    ("a tab for indentation", "  enrol: {file", "\tenrol: {file", "M102", 6, "a tab stands where YAML takes only spaces. Indent with spaces."),
    ("a brace not closed", "{file: lab.csv}", "{file: lab.csv", "M102", 9, "this is not YAML"),
    ("no space after the colon", "study: seeded", "study:seeded", "M102", 3, "this is not YAML"),
    ("a key twice", "study: seeded", "study: seeded\nstudy: other", "M103", 3, "'study' is written twice (first in line 2)"),
    ("an alias to save typing", "{file: lab.csv}", "*anthro", "M104", 8, "an alias is not allowed here. Write the value out."),
    ("the version of the future", "milkqc: 1", "milkqc: 3", "M107", 1, "format version '3' is not known"),
    ("a key misspelt", "unit: g}", "unti: g}", "M110", 24, "the key 'unti' is not known here. Did you mean unit?"),
    ("a block without its table", "  from: lab\n", "", "M111", 27, "the key `from` is missing"),
    ("an action misspelt", "do: mean_of,", "do: meanof,", "M112", 25, "Did you mean mean_of"),
    ("the study named with a space", "study: seeded", "study: seeded 2", "M113", 2, "cannot be a study name"),
    ("a window the wrong way round", "window: [0, 3]", "window: [3, 0]", "M113", 10, "the window ends before it starts"),
    ("a limit in words", "limit: 0.7", "limit: low", "M113", 31, "'low' does not fit here"),
    ("a date the local way", "study: seeded", "study: seeded\ndata_cutoff: 31.12.2024", "M113", 3, "Write it as YYYY-MM-DD."),
    ("a table misspelt", "from: anthro", "from: antro", "M120", 20, "Did you mean anthro"),
    ("an unmapped table misspelt", "  enrol: [NOTE]", "  enroll: [NOTE]", "M120", 34, "there is no table 'enroll'. Did you mean enrol?"),
    ("a variable misspelt", "weight_kg:", "wieght_kg:", "M121", 24, "Did you mean weight_kg?"),
    ("a derived variable mapped", "weight_kg: {from: WEIGHT, unit: g}", "waz: {from: WEIGHT}", "M121", 24, "'waz' is not a variable of growth"),
    ("a key part forgotten", "{participant_id: PID, visit: VISIT, sample_id: TUBE}", "{participant_id: PID}", "M122", 29, "the key part `visit` is missing"),
    ("two columns and no action", ", do: mean_of", "", "M123", 25, "takes one column"),
    ("a code of one's own", '"2": female', '"2": girl', "M124", 16, "'girl' is not a code of infant_sex"),
    ("a constant of one's own", "value: lying", "value: laying", "M124", 26, "Did you mean lying?"),
    ("wide names without visits", "from: WEIGHT", 'from: "WEIGHT{visit}"', "M125", 24, "the block has no `visits`"),
    ("a column forgotten", "unmapped:\n  enrol: [NOTE]\n", "", "M126", 6, "nothing is said of 1 column of enrol: NOTE"),
    ("a column used and unmapped", "[NOTE]", "[NOTE, SEX]", "M127", 34, "the column 'SEX' is used and also listed as unmapped"),
    ("a path out of the data folder", "file: lab.csv", "file: ../lab.csv", "M130", 8, "leaves the data folder"),
    ("an absolute path", "file: lab.csv", "file: /home/me/lab.csv", "M130", 8, "leaves the data folder"),
    ("a drive of Windows", "file: lab.csv", "file: 'C:\\lab.csv'", "M130", 8, "leaves the data folder"),
    ("a format that is none", 'from: VDATE, format: "%d/%m/%Y"', 'from: VDATE, format: dd/mm/yyyy', "M131", 23, "dd/mm/yyyy"),
    ("an authority that is none", "authority: IOM", "authority: IMO", "M140", 4, "Did you mean IOM?"),
    ("a unit that is none", "unit: g}", "unit: gramms}", "M201", 24, "'gramms' is not a unit"),
    ("a unit forgotten", "{from: WEIGHT, unit: g}", "WEIGHT", "M202", 24, "nothing says in which unit WEIGHT is"),
    ("a unit for a date", "from: DOB,", "from: DOB, unit: day,", "M203", 17, "infant_birth_date has no unit"),
    ("an analyte misspelt", "    iodine:", "    iodin:", "M204", 31, "Did you mean iodine"),
    ("moles of nothing", ", substance: retinol", "", "M206", 32, "its substance must be named"),
    ("a length for a weight", "unit: g}", "unit: cm}", "M207", 24, "cannot convert weight_kg from cm to kg"),
    ("a file that is not there", "file: lab.csv", "file: labs.csv", "M301", 8, "no file 'labs.csv' in the data folder. It holds: anthro.csv, enrol.csv, lab.csv."),
    ("a column misspelt", "from: RET,", "from: RETINOL,", "M303", 32, "lab.csv has no column 'RETINOL'"),
    ("a date without its format", ', format: "%d/%m/%Y"}\n    weight', "}\n    weight", "M305", 23, "nothing says how its dates are written"),
    ("a code of the data forgotten", '"1": male, ', "", "M401", 16, "codes that it does not know: '1' (1)"),
    ("a code as the label says it", '"3": month_3', '"3m": month_3', "M402", 21, "VISIT never holds '3m'"),
    ("month first", 'from: VDATE, format: "%d/%m/%Y"', 'from: VDATE, format: "%Y-%m-%d"', "M403", 23, "3 cells with dates that cannot be read"),
    ("grams declared as kilograms", "unit: g}", "unit: kg}", "M405", 24, "In g they would fit."),
    ("two codes for one visit", '"3": month_3}', '"3": birth}', "M406", 21, "2 rows of anthro.csv share their key"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeded")
    for name, text in DATA.items():
        (folder / "data" / name).parent.mkdir(exist_ok=True)
        (folder / "data" / name).write_text(text, encoding="utf-8")
    return folder


def notes(folder, text):
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return [note.fault for note in lint(folder / "study.yaml", data=folder / "data")]


def test_the_good_study_has_nothing_to_note(folder):
    assert notes(folder, GOOD) == []


def test_there_are_forty_and_each_is_another():
    assert len({(old, new) for _, old, new, *_ in MISTAKES}) == len(MISTAKES) >= 40
    assert len({code for *_, code, _, _ in MISTAKES}) >= 30


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "words"),
    [mistake[1:] for mistake in MISTAKES],
    ids=[mistake[0] for mistake in MISTAKES],
)
def test_a_mistake_is_told_on_its_line(folder, old, new, code, line, words):
    assert old in GOOD
    found = notes(folder, GOOD.replace(old, new, 1))
    right = [fault for fault in found if fault.code == code and fault.line == line]
    assert right, "\n".join(map(str, found))
    assert any(words in f"{fault.what} {fault.todo}" for fault in right), "\n".join(map(str, found))
    assert all(fault.column for fault in right)
