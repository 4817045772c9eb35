"""Laboratory results: wide and long files, censored values, limits, units by row, links and re-runs."""

from __future__ import annotations

import polars as pl

WIDE = """
milkqc: 1
study: t
missing: {"-9": not_done}
tables: {lab: {file: lab.csv}}
milk:
  from: lab
  key: {participant_id: PID, visit: V, sample_id: S}
"""


def rows(applied, *columns):
    return applied.tables["milk"].sort("row_id").select(columns).rows()


def test_wide_results_give_one_row_per_sample_and_analyte_even_when_missing(mapped):
    applied = mapped(
        WIDE
        + """  analytes:
    iodine: {from: I, unit: ug/L, method: ICP-MS, limit: 0.7}
    retinol: {from: "Retinol (umol/L)", unit: header, substance: retinol, measures: total_retinol}
""",
        lab="PID,V,S,I,Retinol (umol/L)\n1,m3,s1,146,1.5\n2,m3,s2,<LOD,-9\n3,m3,,ND,>5\n",
    )
    assert rows(
        applied, "row_id", "number", "censored", "limit_raw", "missing_reason", "raw", "raw_unit"
    ) == [
        ("1|m3|s1|iodine", 146.0, None, 0.7, None, "146", "ug/L"),
        ("1|m3|s1|retinol", 1.5, None, None, None, "1.5", "umol/L"),
        ("2|m3|s2|iodine", None, "<", 0.7, None, "<LOD", "ug/L"),
        ("2|m3|s2|retinol", None, None, None, "not_done", "-9", "umol/L"),
        ("3|m3||iodine", None, "<", 0.7, None, "ND", "ug/L"),
        ("3|m3||retinol", None, ">", 5.0, None, ">5", "umol/L"),
    ]
    assert rows(applied, "method", "substance", "measures")[:2] == [
        ("ICP-MS", None, None),
        (None, "retinol", "total_retinol"),
    ]
    account = applied.reconciliation[0]
    assert (account.read, account.used, account.rows_out) == (3, 3, 6)


def test_one_lod_does_not_stop_the_other_values_from_being_numbers(mapped):
    applied = mapped(
        WIDE + "  analytes: {iodine: {from: I, unit: ug/L}}\n",
        lab='PID,V,S,I\n1,a,s,"4,009.1"\n2,a,s,<0.5\n3,a,s,ND\n4,a,s,12 ug\n5,a,s,88\n',
    )
    frame = applied.tables["milk"]
    assert frame["number"].to_list() == [4009.1, None, None, None, 88]
    assert frame["censored"].to_list() == [None, "<", "<", None, None]
    assert frame["limit_raw"].to_list() == [None, 0.5, None, None, None]
    assert frame["missing_reason"].to_list() == [None, None, None, "unreadable", None]
    assert applied.drafts["row_id"].to_list() == ["4|a|s|iodine"]


def test_limits_by_plate_and_a_cells_own_limit_wins(mapped):
    applied = mapped(
        WIDE
        + """  columns: {batch: {from: PLATE}}
  analytes: {iodine: {from: I, unit: ug/L, limit: {by: PLATE, values: {P1: 5, P2: 3}}}}
""",
        lab="PID,V,S,PLATE,I\n1,a,s,P1,<LOD\n2,a,s,P2,<LOD\n3,a,s,P2,<1.5\n4,a,s,P9,<LOD\n",
    )
    assert applied.tables["milk"]["limit_raw"].to_list() == [5, 3, 1.5, None]


LONG = """
milkqc: 1
study: t
tables: {lab: {file: lab.csv}, tubes: {file: tubes.csv}}
milk:
  from: lab
  with: {tubes: {on: {SAMPLE: TUBE}, both: true}}
  key: {participant_id: tubes.PID, visit: tubes.VISIT, sample_id: SAMPLE}
  repeats: {latest: RUN}
  long: {analyte: TEST, value: RESULT, unit: UNIT, limit: LOD, codes: {Iod.: iodine}}
  analytes: {folate: {substance: folic_acid, measures: total_folate}}
"""
TUBES = "TUBE,PID,VISIT\nT1,1,m3\nT2,2,m3\nT3,3,m3\nT4,4,m3\nT4,5,m3\n"


def test_long_results_find_their_participant_through_the_tube_list(mapped):
    applied = mapped(
        LONG,
        lab=(
            "SAMPLE,TEST,RESULT,UNIT,LOD,RUN\n"
            "T1,Iod.,140,ug/L,0.7,2024-01-01\n"
            "T1,folate,190,nmol/L,5,2024-01-01\n"
            "T1,Iod.,150,ug/L,0.7,2024-02-01\n"
            "T2,Iod.,<LOD,ug/L,0.7,2024-01-01\n"
            "T9,Iod.,99,ug/L,0.7,2024-01-01\n"
            "T4,Iod.,99,ug/L,0.7,2024-01-01\n"
            "T1,Zn,2,mg/L,0.1,2024-01-01\n"
        ),
        tubes=TUBES,
    )
    frame = applied.tables["milk"].sort("participant_id", "analyte", "raw")
    assert frame.select("participant_id", "visit", "analyte", "raw", "raw_unit", "reported").rows() == [
        ("1", "m3", "folate", "190", "nmol/L", True),
        ("1", "m3", "iodine", "140", "ug/L", False),
        ("1", "m3", "iodine", "150", "ug/L", True),
        ("2", "m3", "iodine", "<LOD", "ug/L", True),
    ]
    assert frame["repeat_allowed"].to_list() == [True, True, True, True]
    told = applied.drafts.select("rule_id", "value").sort("rule_id", "value").rows()
    assert told == [
        ("reading.link.ambiguous", "T4"),
        ("reading.link.orphan", "T9"),
        ("reading.link.unused", "T3"),
        ("reading.row.rejected", "tubes.PID=1; tubes.VISIT=m3; SAMPLE=T1; TEST=Zn"),
        ("reading.row.rejected", "tubes.PID=; tubes.VISIT=; SAMPLE=T4; TEST=Iod."),
        ("reading.row.rejected", "tubes.PID=; tubes.VISIT=; SAMPLE=T9; TEST=Iod."),
    ]
    assert dict(applied.rejected.select("source_row", "why").rows()) == {
        5: "participant_id is missing (no_link); visit is missing (no_link)",
        6: "participant_id is missing (ambiguous_link); visit is missing (ambiguous_link)",
        7: "analyte is Zn, not known",
    }
    account = applied.reconciliation[0]
    assert (account.read, account.used, account.rejected, account.rows_out) == (7, 4, 3, 4)


def test_replicates_are_numbered(mapped):
    applied = mapped(
        WIDE + "  repeats: replicate\n  analytes: {iodine: {from: I, unit: ug/L}}\n",
        lab="PID,V,S,I\n1,a,s,10\n1,a,s,12\n2,a,s,9\n",
    )
    frame = applied.tables["milk"].sort("source_row")
    assert frame["replicate"].to_list() == [1, 2, 1]
    assert frame["repeat_allowed"].all()


def test_laboratory_controls_are_set_aside_and_counted(mapped):
    applied = mapped(
        WIDE
        + """  controls: {from: TYPE, blank: BLK, control: [QC1, QC2]}
  analytes: {iodine: {from: I, unit: ug/L}}
""",
        lab="PID,V,S,TYPE,I\n1,a,s,smp,10\n,,,BLK,0.1\n,,,QC1,50\n,,,QC2,90\n",
    )
    account = applied.reconciliation[0]
    assert (account.read, account.used, account.set_aside, account.rejected) == (4, 1, 3, 0)
    told = applied.drafts.select("rule_id", "value", "n_rows").rows()
    assert told == [("reading.controls.set_aside", "blank", 1), ("reading.controls.set_aside", "control", 2)]


def test_other_specimens_go_to_biomarkers(mapped):
    applied = mapped(
        WIDE
        + """  columns: {specimen: {from: SP, codes: {M: milk, S: serum}}}
  analytes: {iodine: {from: I, unit: ug/L}}
""",
        lab="PID,V,S,SP,I\n1,a,s,M,10\n2,a,s,S,12\n",
    )
    assert applied.tables["milk"]["participant_id"].to_list() == ["1"]
    assert applied.tables["biomarkers"]["participant_id"].to_list() == ["2"]
    assert applied.tables["biomarkers"].filter(pl.col("specimen") == "serum").height == 1
