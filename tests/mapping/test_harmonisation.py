"""The harmonisation table: each variable's grade, said or derived, and what the blocks of a study give together."""

from __future__ import annotations

import polars as pl
import pytest

from milkqc.mapping.harmonisation import SCHEMA, harmonisation
from milkqc.mapping.load import loads
from milkqc.model import TABLES
from milkqc.normalise import normalise

HEAD = "milkqc: 1\nstudy: t\n"
GROWTH = (
    HEAD
    + "tables: {g: {file: g.csv}}\ngrowth:\n  from: g\n  key: {participant_id: ID, visit: V}\n  columns:\n    "
)


@pytest.fixture
def table(mapped):
    """`table(mapping, **files)` -> {(table, variable): row} of the harmonisation table."""

    def make(mapping: str, **files: str) -> dict[tuple[str, str], dict[str, object]]:
        applied = mapped(mapping, **files)
        tables = {name: normalise(name, applied.tables[name])[0] for name in TABLES}
        frame = harmonisation(loads(mapping).mapping, tables, applied.columns)
        assert frame.schema == pl.Schema(SCHEMA)
        return {(row["table"], row["variable"]): row for row in frame.iter_rows(named=True)}

    return make


@pytest.mark.parametrize(
    ("column", "grade"),
    [
        ("weight_kg: {from: W, unit: kg}", "exact"),
        ("weight_kg: {from: W, unit: g}", "converted"),
        ("weight_kg: {from: [W, X], do: mean_of, unit: kg}", "converted"),
        ("weight_kg: {from: [W, X], do: first_of, unit: kg}", "exact"),
        ("measured: {from: P, codes: {l: lying}}", "converted"),
        ("measured: {from: P, codes: {lying: lying, standing: standing}}", "exact"),
        ("measured: {do: constant, value: lying}", "exact"),
        ("age_days: {do: from_schedule}", "approximate"),
        ("age_days: {from: W, unit: month}", "converted"),
        ("team: P", "exact"),
        ("weight_kg: {from: W, unit: {from: U}}", "converted"),
    ],
)
def test_a_grade_that_is_not_said_follows_from_what_is_done(table, column, grade):
    left = {"W", "X", "P", "U"} - {name for name in "WXPU" if f" {name}" in column or f"[{name}" in column}
    mapping = GROWTH + column + f"\nunmapped: {{g: [{', '.join(sorted(left))}]}}\n"
    rows = table(mapping, g="ID,V,W,X,P,U\n1,a,5,5,lying,g\n")
    row = rows["growth", column.partition(":")[0]]
    assert (row["status"], row["said"]) == (grade, "derived")
    assert rows["growth", "muac_cm"]["status"] == "not_mapped"


def test_a_planned_age_brings_its_own_note(table):
    row = table(GROWTH + "age_days: {do: from_schedule}\n", g="ID,V\n1,a\n")["growth", "age_days"]
    assert row["note"] == "The age of the schedule, not of the child."


def test_what_is_said_stands_with_its_note(table):
    rows = table(
        GROWTH
        + "length_cm: {from: H, unit: cm, match: approximate, note: standing}\n"
        + "    muac_cm: {match: not_collected, note: no tape}\n"
        + "    head_circumference_cm: {from: [A, B], match: undecided, note: which}\n"
        + "not_collected: {choline: not in protocol, oedema: nobody looked, birth_weight_kg: born at home}\n",
        g="ID,V,H,A,B\n1,a,60,39,40\n2,a,,39,40\n",
    )
    told = {name: (row["status"], row["said"], row["note"], row["values"]) for (_, name), row in rows.items()}
    assert told["length_cm"] == ("approximate", "declared", "standing", 1)
    assert told["muac_cm"] == ("not_collected", "declared", "no tape", 0)
    assert told["head_circumference_cm"] == ("undecided", "declared", "which", 0)
    assert told["choline"] == ("not_collected", "declared", "not in protocol", 0)
    places = {name: table for table, name in rows if rows[table, name]["status"] == "not_collected"}
    assert places == {
        "muac_cm": "growth",
        "choline": "milk",
        "oedema": "growth",
        "birth_weight_kg": "participants",
    }


def test_blocks_together_are_no_better_than_the_worst_that_gives_the_variable(table):
    mapping = HEAD + (
        "tables: {a: {file: a.csv}, b: {file: b.csv}}\ngrowth:\n"
        "  - {from: a, key: {participant_id: ID, visit: V}, columns: {weight_kg: {from: W, unit: kg}, muac_cm: {from: M, unit: cm}}}\n"
        "  - {from: b, key: {participant_id: ID, visit: V}, columns: {weight_kg: {from: W, unit: g}, "
        "muac_cm: {match: not_collected, note: no tape at b}}}\n"
    )
    rows = table(mapping, a="ID,V,W,M\n1,a,5,14\n", b="ID,V,W\n2,a,5000\n")
    weight, arm = rows["growth", "weight_kg"], rows["growth", "muac_cm"]
    assert (weight["status"], weight["blocks"]) == (
        "converted",
        "growth[1] (a): exact; growth[2] (b): converted",
    )
    assert (arm["status"], arm["note"], arm["said"]) == ("exact", "no tape at b", "derived")


def test_analytes_of_two_blocks_over_one_file_stay_with_their_own(table):
    milk = "from: lab, key: {participant_id: ID, visit: V, sample_id: S}, where: {T: [%s]}, long: {analyte: T, value: R, unit: U, codes: {%s}}"
    mapping = (
        HEAD
        + "tables: {lab: {file: lab.csv}}\nmilk:\n"
        + "".join(
            f"  - {{{milk % (word, f'{word}: {name}')}}}\n" for word, name in (("I", "iodine"), ("Z", "zinc"))
        )
    )
    rows = table(mapping, lab="ID,V,S,T,R,U\n1,a,s,I,60,ug/L\n1,a,s,Z,1000,ug/L\n")
    assert rows["milk", "iodine"]["blocks"] == "milk[1] (lab): exact"
    assert rows["milk", "zinc"]["blocks"] == "milk[2] (lab): converted"
    assert rows["milk", "zinc"]["values"] == 1


def test_an_analyte_not_collected_gives_no_rows(table, mapped):
    mapping = HEAD + (
        "tables: {lab: {file: lab.csv}}\nmilk:\n  from: lab\n  key: {participant_id: ID, visit: V, sample_id: S}\n"
        "  analytes: {iodine: {from: I, unit: ug/L}, zinc: {match: not_collected, note: no reagent}}\n"
    )
    rows = table(mapping, lab="ID,V,S,I\n1,a,s,60\n")
    assert (rows["milk", "zinc"]["status"], rows["milk", "zinc"]["rows"]) == ("not_collected", 0)
    assert mapped(mapping, lab="ID,V,S,I\n1,a,s,60\n").tables["milk"]["analyte"].to_list() == ["iodine"]


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        ("muac_cm: {match: not_collected}", "M129"),
        ("muac_cm: {from: W, unit: cm, match: approximate}", "M129"),
        ("muac_cm: {match: not_collected, note: '  '}", "M129"),
        ("muac_cm: {match: undecided}", "M128"),
        ("muac_cm: {from: W, unit: cm, note: worth knowing}", "M123"),
        ("muac_cm: {match: probably}", "M112"),
    ],
)
def test_a_grade_without_its_note_is_a_fault(faults_of, column, fault):
    lines = faults_of(GROWTH + column + "\nunmapped: {g: [W]}\n", g="ID,V,W\n1,a,5\n")
    assert [line.split()[1] for line in lines if f" {fault} " in line] == [fault]


def test_a_key_cannot_be_undecided(faults_of):
    mapping = GROWTH.replace("ID, visit", "{match: undecided, note: ask}, visit") + "team: T\n"
    assert any(" M128 " in line for line in faults_of(mapping, g="V,T\na,1\n"))
