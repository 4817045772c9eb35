"""The laboratory's own rows: set aside from the samples, and read like them."""

from __future__ import annotations

import datetime as dt

MILK = """\
milkqc: 1
study: t
tables: {lab: {file: lab.csv}, tubes: {file: tubes.csv}}
milk:
  from: lab
  with: {tubes: {on: {TUBE: T}}}
  key: {participant_id: tubes.PID, visit: tubes.V, sample_id: TUBE}
  columns: {batch: PLATE, run_date: {from: RUN, format: "%Y-%m-%d"}}
  long: {analyte: TEST, value: RESULT, unit: UNIT, limit: LOD, codes: {I: iodine}}
  analytes: {iodine: {method: ICP-MS}}
  controls: {from: TYPE, blank: [BLK], control: [QC], duplicate: [DUP], level: NAME, of: OF, order: POS,
             targets: {low: {iodine: {mean: 0.05, sd: 0.0025, unit: mg/L}}}}
unmapped: {tubes: []}
"""
TUBES = "T,PID,V\nT1,1,a\nT2,2,a\n"
LAB = """\
TUBE,PLATE,RUN,TYPE,NAME,OF,POS,TEST,RESULT,UNIT,LOD
T1,P1,2024-01-02,S,,,3,I,61,ug/L,0.7
T2,P1,2024-01-02,S,,,4,I,<0.7,ug/L,0.7
,P1,2024-01-02,BLK,blank,,1,I,<0.7,ug/L,0.7
,P1,2024-01-02,QC,low,,2,I,0.0512,mg/L,0.7
,P1,2024-01-02,DUP,,T1,5,I,58,ug/L,0.7
,P1,2024-01-02,QC,high,,6,I,lost,ug/L,0.7
"""


def test_controls_are_read_and_stay_out_of_the_samples(mapped):
    applied = mapped(MILK, lab=LAB, tubes=TUBES)
    assert applied.tables["milk"]["sample_id"].to_list() == ["T1", "T2"]
    assert applied.tables["milk"]["run_order"].to_list() == [3.0, 4.0]
    found = applied.controls
    assert found.select("kind", "level", "sample_id", "analyte", "number", "censored", "raw_unit", "run_order").rows() == [
        ("blank", "blank", None, "iodine", None, "<", "ug/L", 1.0),
        ("control", "low", None, "iodine", 0.0512, None, "mg/L", 2.0),
        ("duplicate", None, "T1", "iodine", 58.0, None, "ug/L", 5.0),
        ("control", "high", None, "iodine", None, None, "ug/L", 6.0),
    ]  # fmt: skip
    assert found["missing_reason"].to_list() == [None, None, None, "unreadable"]
    assert found["target_mean"].to_list() == [None, 50.0, None, None]
    assert found["batch"].unique().to_list() == ["P1"]
    assert found["run_date"].unique().to_list() == [dt.date(2024, 1, 2)]
    assert found["method"].unique().to_list() == ["ICP-MS"]
    assert found["row_id"][0] == "control lab.csv 3 iodine"


def test_a_control_without_a_tube_is_no_orphan(mapped):
    applied = mapped(MILK, lab=LAB, tubes=TUBES)
    assert set(applied.drafts["rule_id"]) == {"reading.controls.set_aside"}


def test_a_block_without_controls_has_none(mapped):
    text = MILK.split("  controls")[0] + "unmapped: {lab: [TYPE, NAME, OF, POS]}\n"
    rows = "\n".join(LAB.splitlines()[:3]) + "\n"
    assert mapped(text, lab=rows, tubes=TUBES).controls.is_empty()


def test_a_target_is_a_mean_and_a_deviation_above_zero(faults_of):
    assert faults_of(MILK.replace("sd: 0.0025", "sd: 0"), lab=LAB, tubes=TUBES) == [
        "study.yaml:12 M113 milk.controls.targets.low.iodine.sd: '0' does not fit here. It should be greater than 0."
    ]


def test_a_target_is_of_an_analyte_and_in_a_unit_that_converts(faults_of):
    assert faults_of(MILK.replace("low: {iodine", "low: {iodin"), lab=LAB, tubes=TUBES) == [
        "study.yaml:12 M204 milk.controls.targets.low.iodin: the analyte 'iodin' is not known. Did you mean iodine or biotin?"
    ]
    assert faults_of(MILK.replace("unit: mg/L}}", "unit: umol/L}}"), lab=LAB, tubes=TUBES)[0].startswith(
        "study.yaml:12 M206 milk.controls.targets.low.iodine.unit: umol/L of iodine is an amount"
    )
