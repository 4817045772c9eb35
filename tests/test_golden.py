"""Golden rows: an example that does not give what it should stops a run, with what it gave instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from milkqc.cli.mapping import command
from milkqc.errors import MappingFaults
from milkqc.study import open_study

MAPPING = """\
milkqc: 1
study: t
missing: {"-9": not_done}
tables: {g: {file: g.csv}, lab: {file: lab.csv}, tubes: {file: tubes.csv}}
growth:
  from: g
  key: {participant_id: ID, visit: {from: V, codes: {"3": month_3}}}
  columns:
    visit_date: {from: D, format: "%d/%m/%Y"}
    weight_kg: {from: W, unit: g}
    measured: {from: P, codes: {"1": lying}}
milk:
  from: lab
  with: {tubes: {on: {TUBE: BARCODE}}}
  key: {participant_id: tubes.PID, visit: tubes.VISIT, sample_id: TUBE}
  analytes: {retinol: {from: R, unit: umol/L, substance: retinol, limit: 0.1}}
golden:
  - table: growth
    from: g
    CELLS
    gives: {GIVES}
"""
FILES = {
    "g.csv": "ID,V,D,W,P\na,3,01/02/2024,5210,1\nb,3,02/02/2024,-9,1\n",
    "lab.csv": "TUBE,R\nT1,1.5\n",
    "tubes.csv": "BARCODE,PID,VISIT\nT1,a,month_3\n",
}
CELLS = 'cells: {ID: x, V: "3", D: 01/02/2024, W: "5210", P: "1"}'


@pytest.fixture
def faults(tmp_path: Path):
    """`faults(mapping)` -> the messages of opening the study; none when every golden row gives what it should."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)

    def make(cells: str, gives: str, mapping: str = MAPPING) -> list[str]:
        (tmp_path / "t.yaml").write_text(mapping.replace("CELLS", cells).replace("GIVES", gives))
        try:
            open_study(tmp_path / "t.yaml", tmp_path)
        except MappingFaults as error:
            return [str(fault) for fault in error.faults]
        return []

    return make


@pytest.mark.parametrize(
    ("cells", "gives"),
    [
        (
            CELLS,
            "participant_id: x, visit: month_3, visit_date: 2024-02-01, weight_kg: 5.21, measured: lying",
        ),
        (CELLS, "weight_kg: 5.2"),
        (CELLS, "weight_kg: 5"),
        (CELLS.replace('"5210"', '"-9"'), "weight_kg: {missing: not_done}"),
        (CELLS.replace('"5210"', '"-9"'), "weight_kg: "),
        ("find: {ID: b}", "weight_kg: {missing: not_done}, visit_date: 2024-02-02"),
        ("find: {W: 5210.0}", "weight_kg: 5.21"),
    ],
)
def test_a_row_that_gives_what_it_should_says_nothing(faults, cells, gives):
    assert faults(cells, gives) == []


@pytest.mark.parametrize(
    ("cells", "gives", "message"),
    [
        (
            CELLS,
            "weight_kg: 5.22",
            "M160 golden.0.gives.weight_kg: weight_kg is 5.21 (cell: 5210), not 5.22. Correct the mapping, or the golden row if the study has changed.",
        ),
        (CELLS, "measured: standing", "M160 golden.0.gives.measured: measured is lying (cell: 1), not standing."),
        (CELLS, "weight_kg: ", "M160 golden.0.gives.weight_kg: weight_kg is 5.21 (cell: 5210), not nothing."),
        (CELLS, "weight_kg: {missing: refused}", "weight_kg is 5.21 (cell: 5210), not missing (refused)."),
        (CELLS, "wieght_kg: 5", "M160 golden.0.gives.wieght_kg: the row gives no wieght_kg. Did you mean weight_kg?"),
        (CELLS.replace("ID: x, ", ""), "weight_kg: 5.21", "M160 golden.0: the row gives nothing: its key is missing, or it is set aside."),
        (CELLS.replace("W:", "WT:"), "weight_kg: 5.21", "M161 golden.0.cells: g has no column 'WT' that is read."),
        ("find: {ID: c}", "weight_kg: 5.21", "M161 golden.0.find: no rows of g have ID=c. The upload no longer has it: name another row, or write its cells."),
        ("find: {V: 3}", "weight_kg: 5.21", "M161 golden.0.find: 2 rows of g have V=3 (rows 1, 2). Name one of them by another column."),
        ("find: {X: 3}", "weight_kg: 5.21", "M161 golden.0.find.X: g has no column 'X'."),
        ("", "weight_kg: 5.21", "M123 golden.0: a golden row has its cells, or is one of the uploads."),
        (CELLS, "", "M113 golden.0.gives"),
    ],
)  # fmt: skip
def test_a_row_that_gives_something_else_is_a_fault_at_its_line(faults, cells, gives, message):
    (line,) = faults(cells, gives)
    assert line.startswith("t.yaml:") and message in line  # noqa: PT018 - one sentence
    assert int(line.split(":")[1].split()[0]) >= 18


@pytest.mark.parametrize(
    ("cells", "gives", "good"),
    [
        ("{TUBE: T1, R: '1.5'}", "{participant_id: a, retinol: 429.7}", True),
        (
            "{TUBE: T9, tubes.BARCODE: T9, tubes.PID: z, tubes.VISIT: birth, R: '1.5'}",
            "{participant_id: z}",
            True,
        ),
        ("{TUBE: T1, R: '<0.1'}", "{retinol: '<28.6'}", True),
        ("{TUBE: T1, R: '<0.1'}", "{retinol: '>28.6'}", False),
        ("{TUBE: T1, R: '1.5'}", "{iodine: 5}", False),
    ],
)
def test_a_result_goes_through_its_link_and_its_unit(faults, cells, gives, good):
    mapping = MAPPING[: MAPPING.index("golden:")]
    mapping += f"golden:\n  - table: milk\n    from: lab\n    cells: {cells}\n    gives: {gives}\n"
    assert (faults("", "", mapping) == []) is good


def test_mapping_test_tries_them_with_and_without_the_uploads(faults, tmp_path):
    faults("find: {ID: a}", "weight_kg: 5.21")
    text = (tmp_path / "t.yaml").read_text()
    (tmp_path / "t.yaml").write_text(
        text + f"  - {{table: growth, from: g, {CELLS}, gives: {{weight_kg: 5.21}}}}\n"
    )
    alone = CliRunner().invoke(command, ["test", str(tmp_path / "t.yaml")], catch_exceptions=False)
    assert alone.output == "1 golden row gives what it should. 1 needs the uploads: give --data.\n"
    both = CliRunner().invoke(
        command, ["test", str(tmp_path / "t.yaml"), "--data", str(tmp_path)], catch_exceptions=False
    )
    assert both.output == "2 golden rows give what they should.\n"
    (tmp_path / "t.yaml").write_text((tmp_path / "t.yaml").read_text().replace("5.21", "5.4"))
    with pytest.raises(MappingFaults, match="M160"):
        CliRunner().invoke(command, ["test", str(tmp_path / "t.yaml")], catch_exceptions=False)


SCORED = """\
milkqc: 1
study: t
mae: {authority: IOM, basis: milk_concentration}
schedule: {month_3: {day: 91}}
tables: {p: {file: p.csv}, g: {file: g.csv}, lab: {file: lab.csv}}
participants:
  from: p
  key: {participant_id: ID}
  columns: {infant_sex: {from: SEX, codes: {m: male}}, infant_birth_date: {from: DOB, format: "%Y-%m-%d"}}
growth:
  from: g
  key: {participant_id: ID, visit: V}
  columns: {visit_date: {from: D, format: "%Y-%m-%d"}, weight_kg: {from: W, unit: g}, length_cm: {from: L, unit: cm}}
milk:
  from: lab
  key: {participant_id: ID, visit: V, sample_id: T}
  columns: {sample_date: {from: D, format: "%Y-%m-%d"}}
  long: {analyte: A, value: R, unit: U}
golden:
  - {table: growth, from: g, find: {ID: a}, gives: {GROWTH}}
  - {table: milk, from: lab, find: {T: t1, A: iodine}, gives: {MILK}}
"""
UPLOADS = {
    "p.csv": "ID,SEX,DOB\na,m,2024-01-01\n",
    "g.csv": "ID,V,D,W,L\na,month_3,2024-03-31,6000,60.5\n",
    "lab.csv": "ID,V,T,D,A,R,U\na,month_3,t1,2024-03-31,iodine,61,ug/L\na,month_3,t1,2024-03-31,zinc,2,mg/L\n",
}


@pytest.mark.parametrize(
    ("growth", "milk", "message"),
    [
        ('age_days: 90, waz: "-0.5", laz: "-0.4", growth_standard: who', "iodine: 61, stage: mature, mae: 146, below_mae: true", ""),
        ('laz: "1.2"', "iodine: 61", "M160 golden.0.gives.laz: laz is -0.4, not 1.2."),
        ("age_days: 90", "below_mae: false", "M160 golden.1.gives.below_mae: below_mae is true, not false."),
    ],
)  # fmt: skip
def test_scores_ages_and_estimates_are_expected_of_rows_of_the_uploads(tmp_path, growth, milk, message):
    for name, text in UPLOADS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "t.yaml").write_text(SCORED.replace("GROWTH", growth).replace("MILK", milk))
    said = ""
    try:
        open_study(tmp_path / "t.yaml", tmp_path)
    except MappingFaults as error:
        (said,) = (str(fault) for fault in error.faults)
    assert message in said
    assert bool(message) == bool(said)


def test_a_mapping_without_golden_rows_is_told_where_to_write_them(tmp_path):
    (tmp_path / "t.yaml").write_text(SCORED[: SCORED.index("golden:")])
    said = CliRunner().invoke(command, ["test", str(tmp_path / "t.yaml")], catch_exceptions=False).output
    assert said == "t.yaml has no golden rows. Write some under `golden:` (docs/mapping.md, Golden).\n"
