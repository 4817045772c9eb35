"""What a study computed itself, compared in a whole run; and a study with analytes of its own."""

from __future__ import annotations

import polars as pl
import pytest

import milkqc
from milkqc import reference
from milkqc.deliver import deliver
from milkqc.reference.own import AnalyteFaults

PEOPLE = "PID,SEX,DOB\n" + "".join(f"{n},m,2024-01-01\n" for n in range(1, 9))
MAPPING = """\
milkqc: 1
study: t
tables: {p: {file: p.csv}, g: {file: g.csv}}
participants:
  from: p
  key: {participant_id: PID}
  columns:
    infant_sex: {from: SEX, codes: {m: male}}
    infant_birth_date: {from: DOB, format: "%Y-%m-%d"}
growth:
  from: g
  key: {participant_id: PID, visit: VISIT}
  columns:
    visit_date: {from: DATE, format: "%Y-%m-%d"}
    weight_kg: {from: W, unit: g}
  compare:
    waz: {from: WAZ, tolerance: 0.05}
"""


def study(folder, mapping: str, **files: str):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    (folder / "study.yaml").write_text(mapping, "utf-8")
    return milkqc.run(folder / "study.yaml", data=folder)


def rows(**waz: float | str) -> str:
    lines = ["PID,VISIT,DATE,W,WAZ"]
    lines += [f"{pid[1:]},month_3,2024-04-01,6400,{value}" for pid, value in waz.items()]
    return "\n".join(lines) + "\n"


def ours(folder) -> float:
    return study(folder, MAPPING, p=PEOPLE, g=rows(p1=0)).growth["waz"][0]


def compared(result) -> pl.DataFrame:
    return result.findings.filter(pl.col("rule_id").str.ends_with(".compare"))


def ledger(result) -> dict:
    """The one comparison that the mapping asks for; the other tables have none and say so."""
    asked = pl.col("rule_id").str.ends_with(".compare") & (pl.col("status") != "not_applicable")
    rows = result.checks.filter(asked)
    assert rows.height == 1
    return rows.row(0, named=True)


def test_a_value_within_the_tolerance_is_silent_and_one_beyond_it_is_a_finding(tmp_path):
    z = ours(tmp_path)
    result = study(
        tmp_path, MAPPING, p=PEOPLE, g=rows(p1=z, p2=round(z + 0.05, 2), p3=round(z - 0.06, 2), p4="")
    )
    found = compared(result)
    assert found.select("row_id", "variable", "severity", "value", "expected").rows() == [
        ("3|month_3", "waz", "warning", f"{z - 0.06:.10g}", f"{z:.6g} within 0.05")
    ]
    assert found["message"][0] == (
        f"The study's own waz is {z - 0.06:.10g}, ours {z:.6g} within 0.05. Find out which standard or formula it "
        "used, before either is published."
    )
    row = ledger(result)
    assert (row["status"], row["looked_at"], row["failed"], row["not_judged"]) == ("ran", 3, 1, 0)
    assert result.growth["waz"].to_list() == [z] * 4


def test_a_difference_of_a_fifth_of_the_rows_has_one_cause(tmp_path):
    z = ours(tmp_path)
    off = {f"p{n}": round(z + 0.2, 2) for n in range(1, 7)}
    found = compared(study(tmp_path, MAPPING, p=PEOPLE, g=rows(**off, p7=z, p8=z)))
    assert found.select("row_id", "n_rows", "value").rows() == [("*", 6, "6 of 8")]
    assert found["message"][0] == (
        "6 of 8 values of the study's own waz differ from ours, by 0.2 in the middle. "
        "Find out which standard or formula it used."
    )


def test_nothing_to_compare_is_no_pass(tmp_path):
    row = ledger(study(tmp_path, MAPPING, p=PEOPLE, g=rows(p1="", p2="")))
    assert (row["status"], row["looked_at"], row["failed"]) == ("nothing_to_look_at", 0, 0)


def test_their_age_in_months_is_compared_in_days(tmp_path):
    mapping = MAPPING.replace(
        "waz: {from: WAZ, tolerance: 0.05}", "age_days: {from: WAZ, unit: month, tolerance: 1}"
    )
    result = study(tmp_path, mapping, p=PEOPLE, g=rows(p1=91 / 30.4375, p2=2.5))
    assert compared(result).select("row_id", "expected").rows() == [("2|month_3", "91 within 1")]


HMO = """\
milkqc: 1
study: hmo
tables: {lab: {file: lab.csv}}
analytes_file: own.csv
milk:
  from: lab
  key: {participant_id: PID, visit: VISIT, sample_id: TUBE}
  every: {unit: umol/L}
  analytes:
    fl2: {from: 2FL, substance: fl2}
    fl3: {from: 3FL, substance: 2FL}
  compare:
    fucosylated: {from: FUC, unit: nmol/mL, formula: fl2 + fl3, tolerance: 1%}
"""
OWN = "key,name,unit,molar_mass,aliases,family\nfl2,2'-Fucosyllactose,g/L,488.44,2FL,fl\nfl3,3-Fucosyllactose,g/L,488.44,,fl\n"
LAB = "PID,VISIT,TUBE,2FL,3FL,FUC\n1,a,T1,4000,1000,5000\n2,a,T2,4000,1000,6000\n3,a,T3,<10,1000,1000\n"


def test_the_studys_own_analytes_reach_their_unit_and_every_output(tmp_path):
    result = study(tmp_path, HMO, lab=LAB, own=OWN)
    first = result.milk.filter(pl.col("sample_id") == "T1")
    assert dict(first.select("analyte", "value").rows()) == {
        "fl2": pytest.approx(1.95376),
        "fl3": pytest.approx(0.48844),
    }
    assert first["unit"].unique().to_list() == ["g/L"]
    assert "milk_fl2_g_l" in result.analysis.columns
    assert [one.file for one in result.origins] == ["lab.csv", "own.csv"]
    deliver(result, tmp_path / "out")
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "2&#39;-Fucosyllactose" in report
    assert "fl2" not in reference.analytes()


def test_a_total_is_compared_with_its_parts_once_a_sample(tmp_path):
    result = study(tmp_path, HMO, lab=LAB, own=OWN)
    found = compared(result)
    assert found.select("sample_id", "variable", "value", "expected").rows() == [
        ("T2", "fucosylated", "6000", "5000 within 1 %")
    ]
    row = ledger(result)
    # The third sample's part is below its limit: no sum, so nothing is said of its total.
    assert (row["looked_at"], row["failed"], row["not_judged"]) == (2, 1, 1)


LONG = """\
milkqc: 1
study: hmo
tables: {lab: {file: lab.csv}}
analytes_file: own.csv
milk:
  from: lab
  key: {participant_id: PID, visit: VISIT, sample_id: TUBE}
  long: {analyte: TEST, value: RESULT, unit: UNIT, codes: {2FL: fl2, 3FL: fl3, SUM: fuc}}
  columns: {method: HOW}
  every: {substance: fl2}
  repeats: {latest: RUN}
  compare:
    fucosylated: {from: fuc, unit: umol/L, formula: fl2 + fl3, tolerance: 1%}
"""
OWN_SUM = OWN + "fuc,Sum of fucosylated,g/L,488.44,,fl\n"
LONG_LAB = """\
PID,VISIT,TUBE,TEST,RESULT,UNIT,HOW,RUN,SUMCOL
1,a,T1,2FL,4000,umol/L,A,1,5000
1,a,T1,3FL,1,mmol/L,A,1,5000
1,a,T1,SUM,5000,umol/L,A,1,5000
1,b,T2,2FL,4000,umol/L,A,1,6000
1,b,T2,3FL,1000,umol/L,A,1,6000
1,b,T2,SUM,6,mmol/L,A,1,6000
2,a,T3,2FL,<10,umol/L,A,1,1000
2,a,T3,3FL,1000,umol/L,A,1,1000
2,a,T3,SUM,1000,umol/L,A,1,1000
3,a,T4,2FL,4000,umol/L,A,1,9000
3,a,T4,SUM,9000,umol/L,A,1,9000
4,a,T5,2FL,1000,umol/L,A,1,5000
4,a,T5,2FL,4000,umol/L,A,2,5000
4,a,T5,3FL,1000,umol/L,A,1,5000
4,a,T5,SUM,5000,umol/L,A,1,5000
"""


def test_in_a_long_file_a_total_s_row_is_compared_with_the_rows_of_its_sample(tmp_path):
    result = study(tmp_path, LONG + "unmapped: {lab: [SUMCOL]}\n", lab=LONG_LAB, own=OWN_SUM)
    found = compared(result)
    assert found.select("row_id", "variable", "value", "expected").rows() == [
        ("1|b|T2|fuc", "fucosylated", "6000", "5000 within 1 %")
    ]
    assert found["source_row"].to_list() == [6]
    row = ledger(result)
    # Below its limit, or not there at all: no sum. Of a superseded run nothing is added.
    assert (row["looked_at"], row["failed"], row["not_judged"]) == (3, 1, 2)


def test_in_a_long_file_a_total_of_its_own_column_is_compared_once_a_sample(tmp_path):
    mapping = LONG.replace("{from: fuc,", "{from: SUMCOL,")
    # A row's order says nothing: backwards the same is found.
    head, *lines = LONG_LAB.splitlines()
    for text in (LONG_LAB, "\n".join([head, *lines[::-1]]) + "\n"):
        result = study(tmp_path, mapping, lab=text, own=OWN_SUM)
        assert compared(result).select("sample_id", "value", "expected").rows() == [
            ("T2", "6000", "5000 within 1 %")
        ]
        row = ledger(result)
        assert (row["looked_at"], row["failed"], row["not_judged"]) == (3, 1, 2)


def test_a_part_measured_in_two_ways_is_not_added_up(tmp_path):
    text = LONG_LAB + "1,b,T2,2FL,4000,umol/L,B,3,6000\n"
    mapping = LONG.replace("repeats: {latest: RUN}", "repeats: keep") + "unmapped: {lab: [SUMCOL, RUN]}\n"
    result = study(tmp_path, mapping, lab=text, own=OWN_SUM)
    assert "T2" not in compared(result)["sample_id"].to_list()


def test_a_faulty_file_of_analytes_stops_the_run_with_its_line(tmp_path):
    with pytest.raises(AnalyteFaults) as caught:
        study(tmp_path, HMO, lab=LAB, own="key,unit\nfl2,grains\n")
    assert str(caught.value) == (
        "own.csv:2 A104 unit: 'grains' is not a unit that milkqc knows. Did you mean g?"
    )
