"""docs/faults.md: every code is explained, and every message on the page is one that milkqc really prints."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from milkqc.errors import MilkqcError
from milkqc.mapping.faults import CODES

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
ENTRY = re.compile(
    r"^### (?P<code>[MR]\d{3}) (?P<title>.+)\n\n(?P<text>(?:.+\n)+)\n"
    r"```text\n(?P<example>.+)\n```\n\n(?P<todo>(?:.+\n)+)",
    re.MULTILINE,
)
ENTRIES = {match["code"]: match for match in ENTRY.finditer(PAGE)}

MAPPING = """\
milkqc: 1
study: example
tables:
  anthro: {file: anthro.csv}
  lab: {file: lab.csv}
growth:
  from: anthro
  key: {participant_id: PID, visit: VISIT}
  columns:
    visit_date: {from: VDATE, format: "%d/%m/%Y"}
    weight_kg: {from: WEIGHT, unit: kg}
milk:
  from: lab
  key: {participant_id: PID, visit: VISIT, sample_id: TUBE}
  analytes:
    retinol: {from: RETINOL, unit: umol/L, substance: retinol}
unmapped: {lab: [NOTE]}
expectations: [rules.yaml]
"""
RULES = """\
table: growth
rules:
  - id: growth.weight_kg.ours
    expect: value_between
    column: weight_kg
    max: 20
    severity: warning
    says: Weight {value} {unit}, but {expected}.
    source: our scale
    examples: {pass: [5], fail: [25]}
"""
FILES = {
    "mapping.yaml": MAPPING,
    "rules.yaml": RULES,
    "data/anthro.csv": "PID,VISIT,VDATE,WEIGHT\n1,birth,01/02/2024,3.2\n",
    "data/lab.csv": "PID,VISIT,TUBE,RETINOL,NOTE\n1,birth,T1,1.5,\n",
}
WEIGHT = "weight_kg: {from: WEIGHT, unit: kg}"
RULE = "expectations: [rules.yaml]"
GOLDEN = """
golden:
  - table: growth
    from: anthro
    cells: {PID: "1", VISIT: birth, VDATE: 01/02/2024, WEIGHT: "3.2"}
    gives: {visit: birth, visit_date: 2024-02-01, weight_kg: 3.20}
"""

# code -> what is done to the study: (file, old text, new text); an old text of "" stands for the whole file.
CHANGES: dict[str, tuple[str, str, str | None]] = {
    "M101": ("mapping.yaml", "", None),
    "M102": ("mapping.yaml", "{file: lab.csv}", "{file: lab.csv"),
    "M103": ("mapping.yaml", "study: example", "study: example\nstudy: other"),
    "M104": ("mapping.yaml", "{file: anthro.csv}", "&where {file: anthro.csv}"),
    "M105": ("mapping.yaml", "", "milkqc: " + "[" * 50 + "]" * 50 + "\n"),
    "M106": ("mapping.yaml", "", "- milkqc\n"),
    "M107": ("mapping.yaml", "milkqc: 1", "milkqc: 2"),
    "M110": ("mapping.yaml", "unit: kg", "unti: kg"),
    "M111": ("mapping.yaml", "from: anthro\n  key", "key"),
    "M112": ("mapping.yaml", "unit: kg", "unit: kg, do: convrt"),
    "M113": ("mapping.yaml", "study: example", "study: example\ndata_cutoff: 31/12/2024"),
    "M120": ("mapping.yaml", "from: anthro", "from: antro"),
    "M121": ("mapping.yaml", "weight_kg", "wieght_kg"),
    "M122": ("mapping.yaml", "key: {participant_id: PID, visit: VISIT}", "key: {participant_id: PID}"),
    "M123": ("mapping.yaml", "from: WEIGHT, unit: kg", "from: [WEIGHT, WEIGHT2], unit: kg"),
    "M124": ("mapping.yaml", WEIGHT, WEIGHT + "\n    measured: {do: constant, value: laying}"),
    "M125": ("mapping.yaml", "from: WEIGHT", 'from: "WEIGHT{visit}"'),
    "M126": ("mapping.yaml", "unmapped: {lab: [NOTE]}\n", ""),
    "M127": ("mapping.yaml", "[NOTE]", "[NOTE, RETINOL]"),
    "M128": ("mapping.yaml", WEIGHT, WEIGHT + "\n    muac_cm: {match: undecided}"),
    "M129": ("mapping.yaml", "from: WEIGHT, unit: kg", "from: WEIGHT, unit: kg, match: approximate"),
    "M130": ("mapping.yaml", "lab.csv", "../lab.csv"),
    "M131": ("mapping.yaml", "%d/%m/%Y", "%d/%m/%Q"),
    "M140": ("mapping.yaml", "tables:", "mae: {authority: IMO, basis: milk_concentration}\ntables:"),
    "M150": ("mapping.yaml", WEIGHT, "weight_kg: {do: formula, formula: WEIGHT -, unit: kg}"),
    "M160": ("mapping.yaml", RULE, RULE + GOLDEN.replace("3.20", "5.20")),
    "M161": ("mapping.yaml", RULE, RULE + GOLDEN.replace("from: anthro", "from: antro")),
    "M201": ("mapping.yaml", "unit: kg", "unit: kgs."),
    "M202": ("mapping.yaml", ", unit: kg", ""),
    "M203": ("mapping.yaml", 'VDATE, format: "%d/%m/%Y"', 'VDATE, unit: day, format: "%d/%m/%Y"'),
    "M204": ("mapping.yaml", "retinol: {from", "retinool: {from"),
    "M205": ("mapping.yaml", "substance: retinol", "substance: retinil"),
    "M206": ("mapping.yaml", ", substance: retinol", ""),
    "M207": ("mapping.yaml", "unit: kg", "unit: cm"),
    "M208": ("mapping.yaml", "unit: umol/L", "unit: header"),
    "M209": ("mapping.yaml", "unit: umol/L", "unit: ug/kg"),
    "M210": ("mapping.yaml", "substance: retinol", "substance: retinol, limit: header"),
    "M301": ("data/lab.csv", "", None),
    "M302": ("data/lab.csv", "1,birth,T1,1.5,\n", "1,birth,T1,1.5\n"),
    "M303": ("mapping.yaml", "from: WEIGHT", "from: WIEGHT"),
    "M305": ("mapping.yaml", ', format: "%d/%m/%Y"', ""),
    "M306": (
        "mapping.yaml",
        "visit: VISIT}\n  columns",
        "visit: {from: VISIT, codes: {b: birth}, otherwise: fault}}\n  columns",
    ),
    "M307": ("mapping.yaml", "file: lab.csv", "file: '*.csv'"),
    "R102": ("rules.yaml", "examples: {", "examples: {{"),
    "R103": ("rules.yaml", "max: 20", "max: 20\n    max: 30"),
    "R104": ("rules.yaml", "max: 20", "max: &limit 20"),
    "R105": ("rules.yaml", "", "table: " + "[" * 50 + "]" * 50 + "\n"),
    "R106": ("rules.yaml", "", "- growth\n"),
    "R201": ("rules.yaml", "max: 20", "maximum: 20\n    max: 20"),
    "R202": ("rules.yaml", "    severity: warning\n", ""),
    "R203": ("rules.yaml", "column: weight_kg", "column: weight"),
    "R204": ("rules.yaml", "value_between", "value_among"),
    "R205": ("rules.yaml", "max: 20", "max: twenty"),
    "R206": ("rules.yaml", "max: 20", "max: 20\n    unit: g"),
    "R207": ("rules.yaml", "id: growth.weight_kg.ours", "id: weight.ours"),
    "R208": ("rules.yaml", "    examples: {pass: [5], fail: [25]}\n", ""),
    "R301": ("mapping.yaml", RULE, "expectations: [{rule: growth.wieght_kg.range, off: other scales}]"),
    "R303": (
        "mapping.yaml",
        RULE,
        "expectations: [{rule: growth.weight_kg.share_missing, min: 3, reason: ours}]",
    ),
    "R304": (
        "mapping.yaml",
        RULE,
        "expectations: [{rule: growth.weight_kg.range, max: 30, off: ours}]",
    ),
}


def printed(folder: Path, changes: tuple[tuple[str, str, str | None], ...] = ()) -> list[str]:
    """What `milkqc run` says of the example study with some of its texts changed."""
    from milkqc.study import open_study
    from milkqc.uploads import Uploads

    study = folder / "study"
    for name, text in FILES.items():
        path = study / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for changed, old, new in changes:
            if changed == name and new is not None:
                assert old in text
                text = text.replace(old, new) if old else new
        path.write_text(text, encoding="utf-8")
        if any(changed == name and new is None for changed, _, new in changes):
            path.unlink()
    return _said(lambda: open_study(study / "mapping.yaml", Uploads(study / "data", {})))


def _said(action: Callable[[], object]) -> list[str]:
    try:
        action()
    except MilkqcError as error:
        return str(error).split("\n")
    return []


def _date_in_stata(folder: Path) -> list[str]:
    import pandas as pd
    import pyreadstat

    data = folder / "study" / "data"
    data.mkdir(parents=True)
    frame = pd.DataFrame({"PID": ["1"], "VISIT": ["birth"], "VDATE": [dt.date(2024, 2, 1)], "WEIGHT": [3.2]})
    pyreadstat.write_dta(frame, str(data / "anthro.dta"))
    return printed(folder, (("mapping.yaml", "anthro.csv", "anthro.dta"),))


def _no_rule_file(folder: Path) -> list[str]:
    from milkqc.checks import suites

    return _said(lambda: suites.load([folder / "study" / "rules.yaml"]))


def _no_reason(folder: Path) -> list[str]:
    from milkqc.checks.suites.changes import Change, changed
    from milkqc.checks.suites.load import read_text

    change = Change("growth.weight_kg.ours", limits={"max": 30}, file="mapping.yaml", line=18)
    return _said(lambda: changed(read_text(RULES), [change]))


def _code_in_redcap(folder: Path) -> list[str]:
    data = folder / "study" / "data"
    data.mkdir(parents=True)
    head = "field_name,form_name,field_type,field_label,select_choices_or_calculations"
    validation = "text_validation_type_or_show_slider_number"
    rows = [f"{name},visit,text,{name},," for name in ("PID", "VISIT", "VDATE")]
    text = "\n".join((f"{head},{validation}", *rows, "WEIGHT,visit,text,Weight,,number"))
    (data / "dictionary.csv").write_text(text, encoding="utf-8")
    said = "{file: anthro.csv, format: redcap, dictionary: dictionary.csv}"
    changes = (
        ("mapping.yaml", "{file: anthro.csv}", said),
        ("data/anthro.csv", "3.2\n", "3.2\n2,birth,02/02/2024,-999\n"),
    )
    return printed(folder, changes)


def _workbook(mapping: str = MAPPING, **cells: str) -> Callable[[Path], list[str]]:
    """What is said of the example's workbook, with cells of row 5 of its variables changed, beside `mapping`."""

    def said(folder: Path) -> list[str]:
        from tests.mapping.test_excel import edit

        from milkqc.mapping.excel.read import from_excel
        from milkqc.mapping.excel.write import to_excel

        to_excel(MAPPING, folder / "made.xlsx", name="mapping.yaml")
        changes = {("variables", 5, column): text for column, text in cells.items()}
        book = edit(folder / "made.xlsx", folder / "mapping.xlsx", changes)
        return _said(lambda: from_excel(book, mapping, name="mapping.yaml"))

    return said


def _no_workbook(folder: Path) -> list[str]:
    from milkqc.mapping.excel.read import from_excel

    (folder / "mapping.xlsx").write_text("PID,VISIT", encoding="utf-8")
    return _said(lambda: from_excel(folder / "mapping.xlsx", MAPPING, name="mapping.yaml"))


def _linted(*changes: tuple[str, str, str | None], before: str = "") -> Callable[[Path], list[str]]:
    """What `milkqc lint --data` says of the changed example; `before` are the columns of anthro last time."""

    def said(folder: Path) -> list[str]:
        from milkqc.linting import lint

        assert printed(folder, changes) == []
        since = folder / "columns.json"
        columns = json.dumps(before.split(","))
        since.write_text(f'{{"milkqc": 1, "tables": {{"anthro": {columns}}}}}', encoding="utf-8")
        study = folder / "study"
        notes = lint(study / "mapping.yaml", data=study / "data", since=since if before else None)
        return [str(note.fault) for note in notes]

    return said


SEX = ("mapping.yaml", WEIGHT, WEIGHT + '\n    measured: {from: HOW, codes: {"1": lying, "2": standing}}')
HOW = "PID,VISIT,VDATE,WEIGHT,HOW\n1,birth,01/02/2024,3.2,1\n2,birth,01/02/2024,3.1,3\n"
ROW = "1,birth,01/02/2024,3.2\n"
LINTED = {
    "M401": _linted(SEX, ("data/anthro.csv", "", HOW)),
    "M402": _linted(SEX, ("data/anthro.csv", "", HOW)),
    "M403": _linted(("data/anthro.csv", "01/02/2024", "2024-02-01")),
    "M404": _linted(("data/anthro.csv", "3.2", "3.2 kg")),
    "M405": _linted(("data/anthro.csv", "3.2", "3200")),
    "M406": _linted(("data/anthro.csv", ROW, ROW + ROW.replace("3.2", "3.3"))),
    "M407": _linted(before="PID,VISIT,VDATE"),
    "M408": _linted(before="PID,VISIT,VDATE,WEIGHT,LEN"),
    "M409": _linted(
        (
            "mapping.yaml",
            "visit: VISIT}\n  columns",
            "visit: {from: VISIT, codes: {birth: Birth}}}\n  columns",
        ),
        ("mapping.yaml", "expectations:", "schedule: {birth: {day: 0}}\nexpectations:"),
    ),
}
WORKBOOKS = {
    "M501": _no_workbook,
    "M502": _workbook(MAPPING.replace("study: example", "study: other")),
    "M503": _workbook(MAPPING + "title: later\n"),
    "M504": _workbook(section="colums"),
}
DECIDED = "0123456789abcdef,5.2,confirmed,weighed again,AB,2024-05-01\n"
DECISIONS = {
    "M170": None,
    "M171": "finding_id,decision\n",
    "M172": DECIDED.replace("confirmed", "ok"),
    "M173": DECIDED * 2,
    "M174": DECIDED.replace("2024-05-01", "01/05/2024"),
    "M175": DECIDED.replace("0123456789abcdef", "1.23457E+15"),
    "M176": DECIDED.replace("weighed again", ""),
    "M177": DECIDED.replace("weighed again", "weighed, again"),
}


def _decided(text: str | None) -> Callable[[Path], list[str]]:
    """What is said of a study with this file of decisions, or with none."""

    def say(folder: Path) -> list[str]:
        if text is not None:
            head = "" if text.startswith("finding_id") else "finding_id,raw_value,decision,reason,who,when\n"
            (folder / "study").mkdir(parents=True)
            (folder / "study" / "decisions.csv").write_text(head + text, encoding="utf-8")
        return printed(folder, (("mapping.yaml", RULE, f"{RULE}\ndecisions: decisions.csv"),))

    return say


OTHERS = (
    WORKBOOKS
    | LINTED
    | {
        "M304": _date_in_stata,
        "M308": _code_in_redcap,
        "R101": _no_rule_file,
        "R302": _no_reason,
    }
)
OTHERS |= {code: _decided(text) for code, text in DECISIONS.items()}


def test_the_example_study_has_no_fault(tmp_path):
    assert printed(tmp_path) == []


def test_every_code_is_on_the_page_and_the_page_has_no_other():
    suite = (Path(__file__).parents[2] / "src/milkqc/checks/suites").glob("*.py")
    raised = {code for path in suite for code in re.findall(r'"(R\d{3})"', path.read_text())}
    read = {f"R{number}" for number in range(101, 107)}
    assert set(ENTRIES) == set(CODES) | raised | read
    assert list(ENTRIES) == sorted(ENTRIES)
    assert len(re.findall(r"^### ", PAGE, re.MULTILINE)) == len(ENTRIES), "an entry is not of the page's form"


@pytest.mark.parametrize("code", sorted(CODES))
def test_titles_are_those_of_the_code(code):
    assert ENTRIES[code]["title"] == CODES[code]


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_the_message_on_the_page_is_printed(code, tmp_path):
    example = ENTRIES[code]["example"]
    assert f" {code}" in example
    found = OTHERS[code](tmp_path) if code in OTHERS else printed(tmp_path, (CHANGES[code],))
    assert example in found
