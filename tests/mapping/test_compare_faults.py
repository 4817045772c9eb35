"""`compare`: what can be compared with what, in which unit; each fault with its line."""

from __future__ import annotations

import pytest

GROWTH = """\
milkqc: 1
study: t
tables: {g: {file: g.csv}}
growth:
  from: g
  key: {participant_id: ID, visit: V}
  columns: {weight_kg: {from: W, unit: kg}, length_cm: {from: L, unit: cm}}
  compare: %s
"""
MILK = """\
milkqc: 1
study: t
tables: {g: {file: g.csv}}
milk:
  from: g
  key: {participant_id: ID, visit: V, sample_id: ID}
  every: {unit: mg/L}
  analytes: {zinc: {from: W}, copper: {from: L}, retinol: {from: B, unit: umol/L, substance: retinol}}
  compare: %s
"""
DATA = "ID,V,W,L,B\n1,a,5,60,1\n"


@pytest.mark.parametrize(
    ("mapping", "text", "told"),
    [
        (GROWTH, "{laz: {from: B}}",
         "study.yaml:8 M111 growth.compare.laz: the key `tolerance` is missing. Add `tolerance:`."),
        (GROWTH, "{lazz: {from: B, tolerance: 0.1}}",
         "study.yaml:8 M121 growth.compare.lazz: 'lazz' is not a number that milkqc derives in growth. "
         "Did you mean laz or ig_laz?"),
        (GROWTH, "{weight_kg: {from: B, unit: kg, tolerance: 0.1}}",
         "study.yaml:8 M121 growth.compare.weight_kg: 'weight_kg' is not a number that milkqc derives in growth. "
         "Give it a `formula` over the block's columns."),
        (GROWTH, "{laz: {from: B, unit: cm, tolerance: 0.1}}",
         "study.yaml:8 M203 growth.compare.laz.unit: laz has no unit. Take `unit` out."),
        (GROWTH, "{age_days: {from: B, tolerance: 1}}",
         "study.yaml:8 M202 growth.compare.age_days: nothing says in which unit B is. "
         "Add `unit:` (d is the unit of age_days)."),
        (GROWTH, "{age_days: {from: B, unit: kg, tolerance: 1}}",
         "study.yaml:8 M207 growth.compare.age_days.unit: cannot convert age_days from kg to d. Check both units."),
        (GROWTH, "{laz: {from: B, tolerance: 0.1, unit: {from: W}}}",
         "study.yaml:8 M202 growth.compare.laz.unit: a comparison needs its unit. Write it out."),
        (GROWTH, "{laz: {from: B, tolerance: 0.1, codes: {a: b}}}",
         'study.yaml:8 M123 growth.compare.laz.codes: a comparison has no `codes`. Take it out.'),
        (GROWTH, "{x: {from: B, tolerance: 0.1, formula: weight_kg + wieght}}",
         "study.yaml:8 M121 growth.compare.x.formula: 'wieght' is nothing that this block makes. "
         "Did you mean weight_kg?"),
        (GROWTH, "{x: {from: B, unit: kg, tolerance: 0.1, formula: weight_kg + length_cm}}",
         "study.yaml:8 M207 growth.compare.x.formula:"),
        (GROWTH, "{x: {from: B, tolerance: 0.1, formula: weight_kg + weight_kg}}",
         "study.yaml:8 M202 growth.compare.x: the formula gives kg. Give the comparison the same `unit:`."),
        (GROWTH, "{x: {from: B, unit: kg, tolerance: 0.1, formula: weight_kg +}}",
         "study.yaml:8 M150 growth.compare.x.formula: character 12 of the formula: the end stands where a number, a name or a bracket belongs. "
         "Write it like `both - mother`."),
        (MILK, "{all: {from: B, unit: mg/L, tolerance: 1%, formula: zinc + retinol}}",
         "study.yaml:9 M207 milk.compare.all.formula:"),
    ],
)  # fmt: skip
def test_a_comparison_that_cannot_be_made_is_a_fault(faults_of, mapping, text, told):
    assert any(line.startswith(told) for line in faults_of(mapping % text, g=DATA)), faults_of(
        mapping % text, g=DATA
    )


LONG = """\
milkqc: 1
study: t
tables: {g: {file: g.csv}}
milk:
  from: g
  key: {participant_id: ID, visit: V, sample_id: ID}
  long: {analyte: T, value: W, unit: U}
  compare: %s
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{all: {from: B, unit: mg/L, tolerance: 1%, formula: zinc + cooper}}",
         "study.yaml:8 M121 milk.compare.all.formula: 'cooper' is no analyte, and a long file's formula is over its "
         "analytes. Did you mean copper?"),
        ("{all: {from: B, tolerance: 1%, formula: zinc + copper}}",
         "study.yaml:8 M202 milk.compare.all: nothing says in which unit the total is. Add `unit:`; its parts are "
         "brought to it."),
        ("{all: {from: B, unit: mg/L, tolerance: 1%, formula: zinc / copper}}",
         "study.yaml:8 M207 milk.compare.all.formula: 1 and mg/L do not measure the same thing. Check both units."),
        ("{all: {from: C, unit: mg/L, tolerance: 1%, formula: zinc + copper}}",
         "study.yaml:8 M303 milk.compare.all.from: g.csv has no column 'C'. Its columns: ID, V, T, W, U, B."),
    ],
)  # fmt: skip
def test_a_total_of_a_long_file_that_cannot_be_compared_is_a_fault(faults_of, text, told):
    found = faults_of(LONG % text, g="ID,V,T,W,U,B\n1,a,zinc,1,mg/L,2\n")
    assert [line for line in found if " M126 " not in line] == [told]


def test_a_long_file_of_measurements_has_nothing_to_add_up_beside_its_rows(faults_of):
    text = """\
milkqc: 1
study: t
tables: {g: {file: g.csv}}
growth:
  from: g
  key: {participant_id: ID, visit: V}
  long: {variable: T, value: W, codes: {WT: weight_kg}, unit: U}
  compare: {all: {from: B, unit: kg, tolerance: 1%, formula: weight_kg + weight_kg}}
"""
    assert faults_of(text, g="ID,V,T,W,U,B\n1,a,WT,1,kg,2\n") == [
        "study.yaml:8 M123 growth.compare.all.formula: a long file has one measurement a row: there is nothing to add "
        "up beside it. Take it out, or map the file that has them side by side."
    ]


def test_one_name_is_compared_in_one_way(faults_of):
    block = GROWTH.split("growth:\n")[1] % "{laz: {from: B, tolerance: %s}}"
    lines = [
        "  - " + (block % "0.1").strip().replace("\n", "\n  "),
        "  - " + (block % "0.2").strip().replace("\n", "\n  "),
    ]
    text = GROWTH.split("growth:\n")[0] + "growth:\n" + "\n".join(lines) + "\n"
    assert [line.split(" ", 1)[1] for line in faults_of(text, g=DATA)] == [
        "M123 growth.1.compare.laz: laz is compared in another way in another block. "
        "Give both the same tolerance and formula, or two names."
    ]
