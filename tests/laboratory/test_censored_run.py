"""A result below or above a limit stays one, from the cell to every export."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

import milkqc

RESULT = ("value", "censored", "limit", "missing_reason")


def rows(table: pl.DataFrame, *columns: str) -> list[tuple]:
    return table.sort("row_id").select(columns).rows()


def test_every_way_of_saying_below_or_above_is_a_censored_result(laboratory):
    texts = ["<0.5", "< 20.00", "<LOD", "<LOQ", "ND", "BDL", "below LOD", "n.d.", ">200", ">ULOQ", "61", ""]
    cells = "\n".join(f"{n:02},a,s,{text}" for n, text in enumerate(texts))
    milk = laboratory(
        "analytes: {iodine: {from: I, unit: ug/L, limit: 0.7}}", lab=f"PID,V,S,I\n{cells}\n"
    ).milk
    assert rows(milk, *RESULT) == [
        (None, "<", 0.5, None),
        (None, "<", 20.0, None),
        *[(None, "<", 0.7, None)] * 6,
        (None, ">", 200.0, None),
        (None, ">", None, None),
        (61.0, None, 0.7, None),
        (None, None, 0.7, "empty"),
    ]


@pytest.mark.parametrize(
    ("limit", "header", "expected"),
    [
        ("0.7", "I", [0.7, 0.7]),
        ("{from: LOD}", "I", [0.6, 0.8]),
        ("{by: PLATE, values: {P1: 0.5, P2: 0.9}}", "I", [0.5, 0.9]),
        ("header", "I (LOD 0.4)", [0.4, 0.4]),
        ("header", "I [ug/L] (<0.4)", [0.4, 0.4]),
        ("header", "I LOQ = 0.4", [0.4, 0.4]),
    ],
)
def test_the_limit_stands_in_the_mapping_a_column_the_batch_or_the_header(
    laboratory, limit, header, expected
):
    text = f'columns: {{batch: PLATE}}\nextra: {{lod: LOD}}\nanalytes: {{iodine: {{from: "{header}", unit: ug/L, limit: {limit}}}}}'
    milk = laboratory(text, lab=f"PID,V,S,PLATE,LOD,{header}\n1,a,s,P1,0.6,<LOD\n2,a,s,P2,0.8,ND\n").milk
    assert rows(milk, "censored", "limit") == [("<", expected[0]), ("<", expected[1])]


def test_a_header_without_a_limit_or_with_two_is_a_fault(refused):
    for header, told in (
        ("I (ug/L)", "study.yaml:7 M210 milk.analytes.iodine.from: the header 'I (ug/L)' names no limit. "
         "Write the limit into the mapping: `limit: 0.7`."),
        ("I (LOD 0.1; LOQ 0.3)", "study.yaml:7 M210 milk.analytes.iodine.from: the header 'I (LOD 0.1; LOQ 0.3)' has "
         "two limits: 0.1 and 0.3. Write the limit in the mapping."),
    ):  # fmt: skip
        text = f'analytes: {{iodine: {{from: "{header}", unit: ug/L, limit: header}}}}'
        assert refused(text, lab=f"PID,V,S,{header}\n1,a,s,5\n") == [told]


def test_a_zero_is_what_the_study_says_it_is(laboratory):
    text = (
        "analytes:\n"
        "  iodine: {from: I, unit: ug/L, limit: 0.7, zero: {from: C}}\n"
        "  zinc: {from: Z, unit: ug/L, limit: 50, zero: below_limit}\n"
        "  iron: {from: F, unit: mg/L, zero: value}\n"
        "  copper: {from: U, unit: mg/L}\n"
    )
    result = laboratory(
        text,
        lab="PID,V,S,I,C,Z,F,U\n1,a,s,0,below LOD,0,0,0\n2,a,s,0.0,< 1.5,900,0,0\n3,a,s,0,spilled,800,1,0.3\n",
    )
    by = {key: rows(part, *RESULT[:3]) for (key,), part in result.milk.group_by("analyte")}
    assert by == {
        "iodine": [(None, "<", 0.7), (None, "<", 1.5), (0.0, None, 0.7)],
        "zinc": [(None, "<", 0.05), (0.9, None, 0.05), (0.8, None, 0.05)],
        "iron": [(0.0, None, None), (0.0, None, None), (1.0, None, None)],
        "copper": [(0.0, None, None), (0.0, None, None), (0.3, None, None)],
    }
    asked = result.findings.filter(pl.col("rule_id") == "reading.result.zero").sort("variable")
    assert asked.select("row_id", "severity", "variable", "n_rows", "message").rows() == [
        ("1|a|s|copper", "warning", "copper", 2,
         "2 results of Copper are exactly 0: below the limit, or not measured? They pull every median down. "
         "Ask the laboratory, then declare `zero:`."),
        ("3|a|s|iodine", "warning", "iodine", 1,
         "1 results of Iodine (total, as I) are exactly 0: below the limit, or not measured? They pull every median "
         "down. Ask the laboratory, then declare `zero:`."),
    ]  # fmt: skip


def test_the_flag_survives_conversion_with_the_limit_converted_alike(laboratory):
    text = "analytes: {retinol: {from: R, unit: umol/L, substance: retinol, limit: 0.05}}"
    milk = laboratory(text, lab="PID,V,S,R\n1,a,s,<LOD\n2,a,s,<0.1\n3,a,s,>10\n4,a,s,1\n").milk
    assert rows(milk, "value", "censored", "limit", "factor") == [
        (None, "<", pytest.approx(14.3226), 286.452),
        (None, "<", pytest.approx(28.6452), 286.452),
        (None, ">", pytest.approx(2864.52), 286.452),
        (286.452, None, pytest.approx(14.3226), 286.452),
    ]


def test_the_flag_survives_replicates_in_columns_and_in_rows(laboratory):
    milk = laboratory(
        "analytes: {iodine: {from: [A, B], do: mean_of, unit: mg/L}}", lab="PID,V,S,A,B\n1,a,s,<2,4\n"
    ).milk
    assert rows(milk, *RESULT[:3]) == [(None, "<", 3000.0)]
    result = laboratory(
        "repeats: replicate\nanalytes: {iodine: {from: I, unit: ug/L}}",
        lab="PID,V,S,I\n1,a,s,<5\n1,a,s,6\n2,a,s,<5\n2,a,s,<5\n",
    )
    assert result.milk.sort("participant_id", "replicate")["censored"].to_list() == [None, "<", "<", "<"]
    columns = ("milk_iodine_ug_l", "milk_iodine_cens", "milk_iodine_limit")
    assert result.analysis.sort("participant_id").select(columns).rows() == [
        (None, "<", 5.5),
        (None, "<", 5.0),
    ]


def test_the_flag_survives_stacking_two_files(laboratory):
    text = """
    milk:
      - {from: lab, key: {participant_id: P, visit: V, sample_id: S}, analytes: {iodine: {from: I, unit: ug/L}}}
      - from: other
        key: {participant_id: P, visit: V, sample_id: S}
        analytes: {iodine: {from: I, unit: ug/dL, limit: 0.1}, zinc: {from: Z, unit: mg/L}}
    """
    head = "milkqc: 1\nstudy: two\ntables: {lab: {file: lab.csv}, other: {file: other.csv}}\n"
    milk = laboratory(
        text, whole=True, head=head, lab="P,V,S,I\n1,a,s,<0.5\n2,a,s,61\n", other="P,V,S,I,Z\n3,a,s,ND,<0.2\n"
    ).milk
    assert rows(milk, "analyte", *RESULT[:3]) == [
        ("iodine", None, "<", 0.5),
        ("iodine", 61.0, None, None),
        ("iodine", None, "<", 1.0),
        ("zinc", None, "<", 0.2),
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """A study written whole, in every format, by the command line."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "data").mkdir()
    (folder / "data" / "lab.csv").write_text("PID,V,S,I\n1,a,s,<0.5\n2,a,s,61\n3,a,s,>200\n4,a,s,\n", "utf-8")
    (folder / "study.yaml").write_text(
        "milkqc: 1\nstudy: written\ntables: {lab: {file: lab.csv}}\nmilk:\n  from: lab\n"
        "  key: {participant_id: PID, visit: V, sample_id: S}\n  analytes: {iodine: {from: I, unit: ug/L}}\n",
        "utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-c", "from milkqc.cli import main; main()", "run", folder / "study.yaml",
         "--data", folder / "data", "--out", folder / "out", "--format", "csv,parquet,dta,sav",
         "--fail-on", "never"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "out"


EXPORTED = [(None, "<", 0.5), (61.0, None, None), (None, ">", 200.0), (None, None, None)]


@pytest.mark.parametrize("kind", ["csv", "parquet", "dta", "sav"])
def test_every_export_of_the_analysis_table_has_value_flag_and_limit(written, kind):
    path = written / f"analysis.{kind}"
    columns = ["milk_iodine_ug_l", "milk_iodine_cens", "milk_iodine_limit"]
    assert exported(path, columns) == EXPORTED


@pytest.mark.parametrize("kind", ["csv", "parquet", "dta", "sav"])
def test_every_export_of_the_milk_table_has_value_flag_and_limit(written, kind):
    (path,) = (
        written.rglob(f"milk.{kind}")
        if kind not in ("csv", "parquet")
        else [written / f"harmonized/milk.{kind}"]
    )
    assert exported(path, ["value", "censored", "limit"]) == EXPORTED


def exported(path: Path, columns: list[str]) -> list[tuple]:
    if path.suffix == ".csv":
        frame = pl.read_csv(path).select(columns)
    elif path.suffix == ".parquet":
        frame = pl.read_parquet(path).select(columns)
    else:
        read = pyreadstat.read_dta if path.suffix == ".dta" else pyreadstat.read_sav
        pandas_frame, meta = read(path, apply_value_formats=False)
        frame = pl.from_pandas(pandas_frame[columns])
        labels = meta.variable_value_labels.get(columns[1], {})
        if frame[columns[1]].dtype.is_numeric():
            frame = frame.with_columns(
                pl.col(columns[1]).replace_strict(
                    {float(k): v for k, v in labels.items()}, default=None, return_dtype=pl.String
                )
            )
    blank = pl.col(columns[1])
    return frame.with_columns(pl.when(blank != "").then(blank)).fill_nan(None).rows()


def test_nothing_is_put_in_place_of_a_censored_result_unless_declared(laboratory):
    body = "analytes: {iodine: {from: I, unit: ug/L}}"
    lab = "PID,V,S,I\n1,a,s,<5\n2,a,s,61\n"
    none = laboratory(body, lab=lab)
    assert none.analysis.sort("participant_id")["milk_iodine_ug_l"].to_list() == [None, 61.0]
    head = "milkqc: 1\nstudy: t\ntables: {lab: {file: lab.csv}}\nanalysis: {censored: limit/2}\n"
    half: milkqc.Result = laboratory(body, head=head, lab=lab)
    assert half.analysis.sort("participant_id")["milk_iodine_ug_l"].to_list() == [2.5, 61.0]
    assert half.analysis.sort("participant_id")["milk_iodine_cens"].to_list() == ["<", None]
    assert half.milk.sort("row_id")["value"].to_list() == [None, 61.0]
