"""A mapping's faults: every one named by code, file and line, all at once, with what to do."""

from __future__ import annotations

import pytest

GOOD = """\
milkqc: 1
study: t
schedule: {birth: {day: 0, window: [0, 3]}}
tables:
  g: {file: g.csv}
growth:
  from: g
  key: {participant_id: ID, visit: V}
  columns:
    weight_kg: {from: W, unit: kg}
unmapped: {g: [NOTE]}
"""
DATA = "ID,V,W,NOTE\n1,birth,3.1,x\n"

MILK = """\
milkqc: 1
study: t
tables:
  lab: {file: lab.csv}
milk:
  from: lab
  key: {participant_id: ID, visit: V, sample_id: S}
  analytes:
    retinol: {from: R, unit: umol/L, substance: retinol}
"""
LAB = "ID,V,S,R\n1,m3,s1,1.5\n"


def test_the_good_mappings_have_no_fault(mapped):
    assert mapped(GOOD, g=DATA).tables["growth"].height == 1
    assert mapped(MILK, lab=LAB).tables["milk"].height == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "milkqc: 1",
            "milkqc: 2",
            "study.yaml:1 M107 milkqc: format version '2' is not known. "
            "This milkqc reads version 1; write `milkqc: 1` or install a newer milkqc.",
        ),
        (
            "study: t",
            "study: t\nstudy: u",
            "study.yaml:3 M103: the key 'study' is written twice (first in line 2). Keep one of them.",
        ),
        (
            "schedule:",
            "shedule:",
            "study.yaml:3 M110 shedule: the key 'shedule' is not known here. Did you mean schedule?",
        ),
        (
            "day: 0",
            "day: nought",
            "study.yaml:3 M113 schedule.birth.day: 'nought' does not fit here. It should be a valid number.",
        ),
        (
            "window: [0, 3]",
            "window: [3, 0]",
            "study.yaml:3 M113 schedule.birth.window: the window ends before it starts. Swap the two.",
        ),
        (
            "{file: g.csv}",
            "{file: ../g.csv}",
            "study.yaml:5 M130 tables.g.file: the path '../g.csv' leaves the data folder. Name a file inside the folder given by --data.",
        ),
        (
            "{file: g.csv}",
            "{fle: g.csv}",
            "study.yaml:5 M110 tables.g.fle: the key 'fle' is not known here. Did you mean file?",
        ),
        ("from: g\n", "from: h\n", "study.yaml:7 M120 growth.from: there is no table 'h'. Known: g."),
        (
            "visit: V",
            "vist: V",
            "study.yaml:8 M122 growth.key.vist: 'vist' is not a key part of growth. Did you mean visit?",
        ),
        (
            "visit: V",
            "vist: V",
            "study.yaml:8 M122 growth.key: the key part `visit` is missing. Add `visit: COLUMN`.",
        ),
        (
            "weight_kg:",
            "wieght_kg:",
            "study.yaml:10 M121 growth.columns.wieght_kg: 'wieght_kg' is not a variable of growth. Did you mean weight_kg?",
        ),
        (
            "unit: kg",
            "do: cpoy",
            "study.yaml:10 M112 growth.columns.weight_kg.do: 'cpoy' is not one of the words allowed here. Did you mean copy?",
        ),
        (
            "unit: kg",
            "unti: kg",
            "study.yaml:10 M110 growth.columns.weight_kg.unti: the key 'unti' is not known here. Did you mean unit?",
        ),
        (
            ", unit: kg",
            "",
            "study.yaml:10 M202 growth.columns.weight_kg: nothing says in which unit W is. Add `unit:` (kg is what weight_kg becomes).",
        ),
        (
            "unit: kg",
            "unit: cm",
            "study.yaml:10 M207 growth.columns.weight_kg.unit: cannot convert weight_kg from cm to kg.",
        ),
        ("unit: kg", "unit: stones", "study.yaml:10 M201 growth.columns.weight_kg.unit:"),
        (
            "from: W,",
            "from: [W, W2],",
            "study.yaml:10 M123 growth.columns.weight_kg.from: `convert` takes one column.",
        ),
        (
            "from: W,",
            "do: formula, formula: W ** 2,",
            "study.yaml:10 M150 growth.columns.weight_kg.formula: character 4 of the formula: '*' stands where a number, a name or a bracket belongs. Write it like `both - mother`.",
        ),
        (
            "from: W,",
            "do: formula, formula: W +,",
            "study.yaml:10 M150 growth.columns.weight_kg.formula: character 4 of the formula: the end stands where a number, a name or a bracket belongs. Write it like `both - mother`.",
        ),
        (
            "unmapped:",
            "decisions: ../d.csv\nunmapped:",
            "study.yaml:11 M130 decisions: the path '../d.csv' leaves the mapping's folder. Keep it beside the mapping.",
        ),
        (
            "unmapped:",
            "analytes_file: ../a.csv\nunmapped:",
            "study.yaml:11 M130 analytes_file: the path '../a.csv' leaves the mapping's folder. Keep it beside the mapping.",
        ),
        (
            "unmapped:",
            "mae: {values: /a.csv}\nunmapped:",
            "study.yaml:11 M130 mae.values: the path '/a.csv' leaves the mapping's folder. Keep it beside the mapping.",
        ),
        (
            "unmapped: {g: [NOTE]}",
            "",
            "study.yaml:5 M126 tables.g: nothing is said of 1 column of g: NOTE. Map them, or list them under `unmapped: {g: [...]}`.",
        ),
        (
            "[NOTE]",
            "[NOTE, W]",
            "study.yaml:11 M127 unmapped.g: the column 'W' is used and also listed as unmapped. Take it out of one of the two.",
        ),
        (
            "from: W,",
            "from: WT,",
            "study.yaml:10 M303 growth.columns.weight_kg.from: g.csv has no column 'WT'. Did you mean W?",
        ),
        ("mae", "mae", ""),
    ],
)
def test_each_fault_says_where_what_and_what_to_do(faults_of, old, new, message):
    text = GOOD.replace(old, new)
    if old == "mae":
        text = GOOD.replace("unmapped:", "mae: {authority: IOMM, basis: milk}\nunmapped:")
        found = faults_of(text, g=DATA)
        assert [line.split()[1] for line in found] == ["M140", "M140"]
        return
    assert text != GOOD
    found = faults_of(text, g=DATA)
    assert any(line.startswith(message) for line in found), "\n".join(found)


@pytest.mark.parametrize(
    ("old", "new", "code", "part"),
    [
        (", substance: retinol", "", "M206", "milk.analytes.retinol.unit"),
        ("substance: retinol", "substance: retinool", "M205", "milk.analytes.retinol.substance"),
        ("    retinol: {", "    retinoll: {", "M204", "milk.analytes.retinoll"),
        ("unit: umol/L", "unit: umol", "M207", "milk.analytes.retinol.unit"),
        ("unit: umol/L", "unit: umoles per litre", "M201", "milk.analytes.retinol.unit"),
        ("unit: umol/L, ", "", "M202", "milk.analytes.retinol"),
        ("unit: umol/L", "unit: header", "M208", "milk.analytes.retinol.from"),
        ("sample_id: S}", "sample_id: S}\n  with: {tubes: {on: {S: T}}}", "M120", "milk.with.tubes"),
        ("milk:\n", "biomarkers:\n", "M111", "biomarkers"),
    ],
)
def test_faults_of_results(faults_of, old, new, code, part):
    text = MILK.replace(old, new)
    assert text != MILK
    found = faults_of(text, lab=LAB)
    assert any(f" {code} {part}:" in line for line in found), "\n".join(found)


def test_all_faults_come_at_once(faults_of):
    text = (
        GOOD.replace("unit: kg", "unit: cm").replace("visit: V", "vist: V").replace("from: g\n", "from: h\n")
    )
    assert [line.split()[1] for line in faults_of(text, g=DATA)] == ["M120", "M122", "M122", "M207"]


def test_a_code_that_must_not_be_new_is_a_fault(faults_of):
    text = GOOD.replace(
        "unit: kg}", "unit: kg}\n    measured: {from: NOTE, codes: {L: lying}, otherwise: fault}"
    ).replace("unmapped: {g: [NOTE]}", "")
    assert faults_of(text, g=DATA) == [
        "study.yaml:11 M306 growth.columns.measured.codes: NOTE holds 'x', which `codes` does not list. "
        "Add the codes, or write `otherwise: query`."
    ]


def test_dates_need_a_format_and_codes_of_the_dictionary(faults_of):
    text = GOOD.replace(
        "unit: kg}", "unit: kg}\n    visit_date: {from: NOTE}\n    measured: {from: V, codes: {x: laying}}"
    ).replace("unmapped: {g: [NOTE]}", "")
    assert faults_of(text, g=DATA) == [
        "study.yaml:12 M124 growth.columns.measured.codes.x: 'laying' is not a code of measured. Did you mean lying?"
    ]
    assert faults_of(text.replace("laying", "lying"), g=DATA) == [
        "study.yaml:11 M305 growth.columns.visit_date.from: NOTE is text or a number, and nothing says how its dates "
        'are written. Add `format: "%d/%m/%Y"` (or as the file has it).'
    ]


CHAIN = """\
milkqc: 1
study: t
tables: {lab: {file: lab.csv}, tubes: {file: tubes.csv}, samples: {file: samples.csv}}
milk:
  from: lab
  with: {tubes: {on: {S: {to: T, clean: [trim]}}}, samples: {on: {tubes.X: Y}}}
  key: {participant_id: samples.ID, visit: V}
  analytes: {retinol: {from: R, unit: ug/L}}
unmapped: {lab: [ID], tubes: [Z], samples: [Z]}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "{tubes: {on: {S: {to: T, clean: [trim]}}}, samples: {on: {tubes.X: Y}}}",
            "{samples: {on: {tubes.X: Y}}, tubes: {on: {S: T}}}",
            "study.yaml:6 M123 milk.with.samples.on.tubes.X: the link tubes is not followed before this one. Put tubes above samples.",
        ),
        (  # two links that lead to each other: neither may stand above the other
            "tubes: {on: {S:",
            "tubes: {on: {samples.S:",
            "study.yaml:6 M123 milk.with.tubes.on.samples.S: the link samples is not followed before this one. Link from another column.",
        ),
        (
            "on: {S:",
            "on: {tubes.S:",
            "study.yaml:6 M123 milk.with.tubes.on.tubes.S: the link tubes is not followed before this one. Link from another column.",
        ),
        (
            "[trim]",
            "[trim, upcase]",
            "study.yaml:6 M112 milk.with.tubes.on.S.clean.1: 'upcase' is not one of the words allowed here. Use one of: trim, upper, lower, digits, no_spaces, no_punctuation, no_leading_zeros.",
        ),
        (
            "tubes.X: Y",
            "tubes.XX: Y",
            "study.yaml:6 M303 milk.with.samples.on.tubes.XX: tubes.csv has no column 'XX'. Did you mean X?",
        ),
        (
            "to: T",
            "too: T",
            "study.yaml:6 M110 milk.with.tubes.on.S.too: the key 'too' is not known here. Did you mean to?",
        ),
        (
            "with: {tubes: {on: {S: {to: T, clean: [trim]}}}, samples",
            "with: {tubes: {on: {S: T, R: T}}, samples",
            "study.yaml:6 M113 milk.with.tubes.on: a link has one pair of columns. Write `on: {TUBE: BARCODE}`.",
        ),
    ],
)
def test_a_bad_chain_is_named(faults_of, old, new, message):
    assert old in CHAIN
    files = {"lab": LAB, "tubes": "T,X,Z\ns1,9,\n", "samples": "Y,ID,Z\n9,1,\n"}
    assert message in faults_of(CHAIN.replace(old, new), **files)
