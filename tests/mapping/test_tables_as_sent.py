"""Laboratory tables as they are sent, mapped: flags beside censored results, unit lines, sections, plates, decimals."""

from __future__ import annotations

import pytest

from milkqc.errors import MappingFaults
from milkqc.mapping.lint import lint
from milkqc.mapping.load import loads

MILK = """
milkqc: 1
study: t
tables:
  lab: {{file: lab.csv, {table}}}
milk:
  from: lab
  key: {{participant_id: {key}, visit: {{do: constant, value: month_3}}, sample_id: {key}}}
  {block}
unmapped: {{lab: [{unmapped}]}}
"""
CEDEX = """0\t2023-09-17\t#ARC#
40\tSMPL1\tZN\tmg/L\t \t  2.45
40\tSMPL2\tZN\tmg/L\t< TEST RNG\t< 20.00
40\tSMPL3\tZN\tmg/L\tv\t  1.89
"""


def milk(table, block, *, key="id", unmapped=""):
    return MILK.format(table=table, block=block, key=key, unmapped=unmapped)


def test_a_result_below_the_range_is_censored_and_its_flag_stays_beside_it(mapped):
    text = milk(
        "delimiter: tab, names: [kind, sample, test, unit, flag, result], first_row: 2",
        "long: {analyte: test, value: result, unit: unit, codes: {ZN: zinc}}\n"
        "  extra: {flag: {from: flag, type: text}}",
        key="sample",
        unmapped="kind",
    )
    done = mapped(text, lab=CEDEX).tables["milk"]
    assert done.select("sample_id", "number", "censored", "limit_raw", "raw", "x_flag").rows() == [
        ("SMPL1", 2.45, None, None, "  2.45", None),
        ("SMPL2", None, "<", 20.0, "< 20.00", "< TEST RNG"),
        ("SMPL3", 1.89, None, None, "  1.89", "v"),
    ]


@pytest.mark.parametrize(
    ("table", "lab"),
    [
        (
            "header_row: 1",
            "id,zinc,iron\n,mg/L,ug/L\n1,2,3\n",
        ),
        ("unit_row: 2", "id,zinc,iron\nno.,mg/L,ug/L\n1,2,3\n"),
        ("header_row: 1", "id,zinc (mg/L),iron [ug/L]\n1,2,3\n"),
        ("header_row: [1, 2]", "id,zinc,iron\n,mg/L,ug/L\n1,2,3\n"),
    ],
)
def test_the_unit_of_a_header_is_the_one_that_stands_there(mapped, table, lab):
    names = {"unit_row: 2": ("zinc", "iron")}.get(table)
    if names is None:
        names = ("zinc (mg/L)", "iron [ug/L]") if "(" in lab else ("zinc", "iron")
        names = ("zinc mg/L", "iron ug/L") if "[1, 2]" in table else names
    text = milk(
        table,
        f'every: {{unit: header}}\n  analytes: {{zinc: {{from: "{names[0]}"}}, iron: {{from: "{names[1]}"}}}}',
    )
    done = mapped(text, lab=lab).tables["milk"]
    assert done.select("analyte", "number", "raw_unit").rows() == [
        ("iron", 3.0, "ug/L"),
        ("zinc", 2.0, "mg/L"),
    ]


def test_a_unit_line_that_contradicts_the_header_is_a_fault(faults_of):
    text = milk("unit_row: 2", 'analytes: {zinc: {from: "zinc (ug/L)", unit: header}}')
    assert faults_of(text, lab="id,zinc (ug/L)\nno.,mg/L\n1,2\n") == [
        "study.yaml:8 M208 milk.analytes.zinc.from: the column 'zinc (ug/L)' has two units: mg/L and ug/L. "
        "Write the unit in the mapping."
    ]


def test_decimal_commas_and_thousands_points_are_read_as_the_table_declares(mapped):
    text = milk(
        'delimiter: ";", decimal: ",", thousands: "."',
        "every: {unit: ug/L}\n  analytes: {zinc: {from: zinc}}",
    )
    done = mapped(text, lab="id;zinc\n1;4.009,10\n2;<0,5\n3;1.500\n").tables["milk"]
    assert done.select("number", "censored", "limit_raw").rows() == [
        (4009.10, None, None),
        (None, "<", 0.5),
        (1500.0, None, None),
    ]


def test_a_section_is_mapped_as_if_it_were_a_file(mapped):
    lab = "Run,7,\n,,\nDataType:,Median,\nwell,id,Zn\nA1,1,5\nA2,2,6\n,,\nDataType:,Count,\nwell,id,Zn\nA1,1,50\n"
    text = milk('"section": "DataType: Median"', "analytes: {zinc: {from: Zn, unit: ug/L}}", unmapped="well")
    done = mapped(text, lab=lab).tables["milk"]
    assert done.select("sample_id", "number", "source_row").rows() == [("1", 5.0, 1), ("2", 6.0, 2)]


def test_a_plate_is_mapped_by_its_sample_grid(mapped):
    lab = "Plate 1\nug/L,1,2\nA,5,6\nB,<1,\n\nSample,1,2\nA,s1,s2\nB,s3,s4\n"
    text = milk(
        "plate: {corner: ug/L, rows: 2, columns: 2, beside: {sample: Sample}}",
        "columns: {batch: plate}\n  analytes: {zinc: {from: value, unit: ug/L}}",
        key="sample",
        unmapped="well, row, column",
    )
    done = mapped(text, lab=lab).tables["milk"]
    assert done.select("sample_id", "batch", "number", "censored", "missing_reason").rows() == [
        ("s1", "Plate 1", 5.0, None, None),
        ("s2", "Plate 1", 6.0, None, None),
        ("s3", "Plate 1", None, "<", None),
        ("s4", "Plate 1", None, None, "empty"),
    ]


def faults(table, file="lab.csv"):
    text = milk(table, "analytes: {zinc: {from: z, unit: ug/L}}").replace("lab.csv", file)
    with pytest.raises(MappingFaults) as raised:
        lint(loads(text.lstrip(), name="study.yaml")).check()
    return [str(fault).removeprefix("study.yaml:4 ") for fault in raised.value.faults]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "header_row: x",
            "M113 tables.lab.header_row: 'x' does not fit here. "
            "It should be a row from 1, several such as [3, 4], or none.",
        ),
        (
            "header_row: [4, 3]",
            "M123 tables.lab.header_row: the header rows do not go from top to bottom. Write them like [3, 4].",
        ),
        (
            "header_row: none",
            "M123 tables.lab.header_row: a file without a header needs names. Add `names: [...]`.",
        ),
        (
            "separator: _",
            "M123 tables.lab.separator: `separator` joins the cells of several header rows. Take it out.",
        ),
        (
            "header_row: 3, unit_row: 2",
            "M123 tables.lab.unit_row: row 2 is not below the row before it (3). Count from the top, from 1.",
        ),
        (
            "header_row: 3, last_row: 3",
            "M123 tables.lab.last_row: row 3 is not below the row before it (3). Count from the top, from 1.",
        ),
        (
            "until: blank, last_row: 9",
            "M123 tables.lab.last_row: `until` and `last_row` do not go together: "
            "both say where the table ends. Keep one of them.",
        ),
        (
            "section: Results, header_row: 3",
            "M123 tables.lab.header_row: `section` and `header_row` do not go together: "
            "the header of a section is the line below its title. Keep one of them.",
        ),
        (
            "plate: {rows: 8}",
            "M123 tables.lab.plate: a plate has a start or a corner. "
            "Write `start: B11`, or `corner: Abs` for all such grids.",
        ),
        (
            "plate: {start: 5B}",
            "M113 tables.lab.plate.start: '5B' is no cell. Write the first well's cell, such as B11.",
        ),
        (
            "plate: {start: B5, rows: 0}",
            "M113 tables.lab.plate.rows: '0' does not fit here. It should be greater than or equal to 1.",
        ),
        (
            "plate: {start: B5}, header_row: 4",
            "M123 tables.lab.header_row: `plate` and `header_row` do not go together: a grid has no header. Keep one.",
        ),
        (
            "plate: {corner: Abs, beside: {well: Sample}}",
            "M123 tables.lab.plate.beside.well: the list has a column 'well' already. Take another name.",
        ),
        (
            "plate: {corner: Abs, strat: B5}",
            "M110 tables.lab.plate.strat: the key 'strat' is not known here. Did you mean start?",
        ),
    ],
)
def test_misuse_is_a_fault_with_its_code_and_line(table, message):
    assert faults(table) == [message]


def test_other_formats_have_no_rows_to_choose():
    assert faults("section: Results, last_row: 9", "lab.dta") == [
        "M123 tables.lab.last_row: `last_row` is for text and workbooks. A dta file needs none: take it out.",
        "M123 tables.lab.last_row: `section` and `last_row` do not go together: "
        "a section ends at a blank line, or at `until`. Keep one of them.",
        "M123 tables.lab.section: `section` is for text and workbooks. A dta file needs none: take it out.",
    ]
