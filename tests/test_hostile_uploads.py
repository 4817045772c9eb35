"""Uploads as people and machines damage them: exit 2 with a message, or a whole run that says what it found."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import polars as pl
import pyreadstat
import pytest
import xlsxwriter

import milkqc
from milkqc import uploads
from milkqc.cli import main
from milkqc.mapping.merge import ALSO

GROWTH = """milkqc: 1
study: t
tables: {g: {file: g.csv}}
growth:
  from: g
  key: {participant_id: ID, visit: V}
  columns: {weight_kg: {from: W, unit: kg}}
"""
PEOPLE = """milkqc: 1
study: t
tables: {p: {file: p.csv}}
participants:
  from: p
  key: {participant_id: ID}
  columns:
"""
MILK = """milkqc: 1
study: t
tables: {lab: {file: lab.csv}, tubes: {file: tubes.csv}}
milk:
  from: lab
  with: {tubes: {on: {TUBE: BARCODE}, both: true}}
  key: {participant_id: tubes.PID, visit: tubes.VISIT, sample_id: TUBE}
  columns: {sample_date: {from: tubes.D, format: "%Y-%m-%d"}}
  analytes: {iodine: {from: I, unit: ug/L, limit: 5}, zinc: {from: Z, unit: mg/L}}
"""
LAB = "TUBE,I,Z\nT1,85,1.2\nT2,<5,ND\nT3,,0\nT9,1,1\n,2,2\n"
TUBES = "BARCODE,PID,VISIT,D\nT1,1,m3,2024-01-01\nT2,2,m3,2024-01-01\nT3,3,m3,x\nT4,4,m3,\n"
ROWS = "ID,V,W\n" + "".join(f"{n},birth,{3 + n / 10}\n" for n in range(5))


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    code: int
    err: str
    out: Path

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.out / "harmonized" / f"{name}.parquet")

    def lineage(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.out / "lineage" / f"{name}.parquet")

    def rejected(self) -> pl.DataFrame:
        return pl.read_csv(self.out / "rejected.csv", infer_schema=False)

    def rules(self) -> set[str]:
        return set(pl.read_csv(self.out / "findings.csv", infer_schema=False)["rule_id"])

    def account(self) -> list[tuple[int, int, int, int, int]]:
        manifest = json.loads((self.out / "manifest.json").read_text())
        names = ("read", "used", "set_aside", "rejected", "rows_out")
        return [tuple(block[name] for name in names) for block in manifest["reconciliation"]]


@pytest.fixture
def upload(tmp_path, monkeypatch, capsys):
    """`upload(mapping, {"g.csv": text, bytes or a function that writes it})` runs the command line and looks at OUT."""

    def run(mapping: str, files: dict) -> Outcome:
        data, out = tmp_path / "data", tmp_path / "out"
        data.mkdir(exist_ok=True)
        for name, content in files.items():
            if callable(content):
                content(data / name)
            else:
                (data / name).write_bytes(content.encode() if isinstance(content, str) else content)
        (tmp_path / "study.yaml").write_text(mapping, encoding="utf-8")
        monkeypatch.setenv("MILKQC_DEBUG", "1")  # a fault of milkqc's own is raised, and fails the test
        monkeypatch.setattr(
            sys,
            "argv",
            [
                "milkqc",
                "run",
                str(tmp_path / "study.yaml"),
                "--data",
                str(data),
                "--out",
                str(out),
                "--quiet",
                # What is tried here happens before the rules; Great Expectations only takes its time.
                "--engine",
                "expressions",
            ],
        )
        with pytest.raises(SystemExit) as stopped:
            main()
        outcome = Outcome(int(stopped.value.code or 0), capsys.readouterr().err, out)
        assert {path.name for path in tmp_path.iterdir()} <= {"data", "study.yaml", "out"}
        assert outcome.code in {0, 1, 2}, outcome.err
        if outcome.code == 2:
            assert not out.exists()
            return outcome
        for read, used, set_aside, rejected, _ in outcome.account():
            assert read == used + set_aside + rejected
            assert min(read, used, set_aside, rejected) >= 0
        for table in ("participants", "visits", "growth", "milk", "biomarkers"):
            assert outcome.table(table)["row_id"].is_unique().all()
        return outcome

    yield run
    logging.getLogger("milkqc").handlers.clear()  # it wrote to a stream that pytest has closed


def dta(**columns):
    return lambda path: pyreadstat.write_dta(pd.DataFrame(columns), str(path))


def sav(columns, **more):
    return lambda path: pyreadstat.write_sav(pd.DataFrame(columns), str(path), **more)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "g.csv: the file is empty (0 bytes). Export or copy it again."),
        (b"\n\n\n", "g.csv: row 1 holds no column names."),
        (b"\xef\xbb\xbf", "g.csv: row 1 holds no column names."),
        (b"ID,V,W\n1,birth,3\x00.1\n", "g.csv: holds zero bytes, so it is not plain text."),
        (bytes(range(256)) * 50, "g.csv: is neither UTF-8 nor Windows-1252 text."),
        (b"ID,V,W\n1,birth,3.1,4\n", "g.csv: line 2 has 4 cells where the header has 3. Mend that line"),
        (b"ID,V,W\n1,birth\n", "g.csv: line 2 has 2 cells where the header has 3. Mend that line"),
        (b'ID,V,W\n"1,birth,3.1\n2,birth,3\n', "g.csv: line 3: the quotation marks do not match"),
        (b"ID,V,W\n1,birth," + b"9" * 1_000_000 + b"\n", "g.csv: line 2: a cell is longer than 131,072 characters."),
        (b"ID,V,W,W\n1,birth,3.1,4\n", "g.csv: columns have the same name: 'W'. Rename one of them in the file."),
        (b"ID;V,W\n1;birth,3.1\n", "g.csv: the delimiter could be comma or semicolon."),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_its_place_and_a_remedy(upload, content, message):
    outcome = upload(GROWTH, {"g.csv": content})
    assert outcome.code == 2
    assert f"study.yaml:3 M302 tables.g.file: {message}" in outcome.err
    assert outcome.err.rstrip().endswith(".")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfID,V,W\n\xc3\xa91,birth,3.1\n",
        "ID,V,W\né1,birth,3.1\n".encode("utf-16"),
        "ID,V,W\né1,birth,3.1\n".encode("latin-1"),
        "ID,V,W\r\né1,birth,3.1\r\n".encode(),
        "ID,V,W\ré1,birth,3.1\r".encode(),
        "ID;V;W\né1;birth;3.1\n".encode(),
        "sep=;\nID;V;W\né1;birth;3.1\n\n;;\n;;\n".encode(),
    ],
    ids=["bom", "utf-16", "latin-1", "crlf", "cr", "semicolon", "excel's sep"],
)  # fmt: skip
def test_one_table_however_it_is_written(upload, content):
    growth = upload(GROWTH, {"g.csv": content}).table("growth")
    assert growth.select("participant_id", "weight_kg").rows() == [("é1", 3.1)]


def test_a_header_without_rows_is_a_finding(upload):
    outcome = upload(GROWTH, {"g.csv": "ID,V,W\n"})
    assert (outcome.code, outcome.rules()) == (0, {"reading.table.empty"})


def test_a_where_that_chooses_nothing_is_a_finding(upload):
    outcome = upload(GROWTH.replace("  key:", "  where: {V: [later]}\n  key:"), {"g.csv": ROWS})
    assert outcome.account() == [(5, 0, 5, 0, 0)]
    found = pl.read_csv(outcome.out / "findings.csv", infer_schema=False)
    assert found["message"].to_list() == [
        "The mapping chooses none of the 5 rows of g. Compare its `where` with what the file holds."
    ]


def test_ids_stay_what_was_written(upload):
    ids = ["1e5", "00012", "12.50", "NaN", "inf", "-0", "9007199254740993", "1|2#\\", "+1", "=cmd|' /C calc'!A0", "TRUE"]  # fmt: skip
    growth = upload(GROWTH, {"g.csv": "ID,V,W\n" + "".join(f"{one},birth,3\n" for one in ids)}).table(
        "growth"
    )
    assert set(growth["participant_id"]) == set(ids)


def test_no_number_is_made_of_what_is_none(upload):
    cells = [
        "NaN",
        "inf",
        "-inf",
        "1e999",
        "0x1F",
        "1_000",
        "3,5",
        "٣",
        "=1+1",
        "3.1 kg",
        "--",
        "<3",
        "1e400",
    ]
    outcome = upload(
        GROWTH, {"g.csv": "ID,V,W\n" + "".join(f'{n},birth,"{cell}"\n' for n, cell in enumerate(cells))}
    )
    growth, lineage = outcome.table("growth"), outcome.lineage("growth")
    assert growth["weight_kg"].null_count() == len(cells)
    assert set(lineage["weight_kg__raw"]) == set(cells)
    assert set(lineage["weight_kg__missing"]) == {"na", "unreadable"}


def test_integers_beyond_a_double_keep_their_text(upload):
    outcome = upload(GROWTH, {"g.csv": "ID,V,W\n1,birth,9007199254740993\n"})
    assert outcome.lineage("growth")["weight_kg__raw"].to_list() == ["9007199254740993"]
    assert "growth.weight_kg.impossible" in outcome.rules()


@pytest.mark.parametrize(
    "name",
    ["row_id", "source_row", "x__raw", "_place", "_group", "_block", "__missing", "weight_kg__raw",
     "weight_kg__number", "t", "n", "participant_id", "raw", "number", "constant", "literal", "Gewicht (kg), né", "W.1",
     "[abc]", "*", "ID "],
)  # fmt: skip
def test_a_source_column_may_have_any_name(upload, name):
    mapping = GROWTH.replace("from: W,", f"from: {json.dumps(name.strip(), ensure_ascii=False)},").replace(
        "ID,", "PID,"
    )
    header = f'"{name}"'
    outcome = upload(mapping, {"g.csv": f"PID,V,{header}\n1,birth,3\n1,birth,4\n2,birth,x\n"})
    assert outcome.account() == [(3, 3, 0, 0, 3)], outcome.err
    assert set(outcome.lineage("growth")["weight_kg__raw"]) == {"3", "4", "x"}


def test_files_behind_one_glob_that_differ_are_refused(upload):
    """Was a KeyError: their columns were looked up before they were compared."""
    outcome = upload(GROWTH.replace("g.csv", '"g*.csv"'), {"g1.csv": ROWS, "g2.csv": "ID,V\n9,birth\n"})
    assert outcome.code == 2
    assert "M307 tables.g.file: g2.csv lacks W beside g1.csv." in outcome.err


def test_files_behind_one_glob_may_differ_in_format_order_and_rows(upload):
    outcome = upload(
        GROWTH.replace("g.csv", '"g*"'),
        {
            "g1.csv": ROWS,
            "g2.dta": dta(ID=[11.0, 12.0], V=["birth", "birth"], W=[3.5, 4.25]),
            "g3.csv": "W,V,ID\n3.9,birth,88\n",
            "g4.csv": "ID,V,W\n",
        },
    )
    assert outcome.account() == [(8, 8, 0, 0, 8)]
    assert {"11|birth", "12|birth", "88|birth"} <= set(outcome.table("growth")["row_id"])


def test_a_glob_of_nothing_says_what_there_is(upload):
    outcome = upload(GROWTH.replace("g.csv", '"z*.csv"'), {"g.csv": ROWS})
    assert "M301 tables.g.file: no file 'z*.csv' in the data folder. It holds: g.csv." in outcome.err


def test_stata_files_without_rows_and_spss_columns_without_values(upload):
    empty = {"ID": pd.Series([], dtype=float), "V": pd.Series([], dtype=str), "W": pd.Series([], dtype=float)}
    outcome = upload(GROWTH.replace("g.csv", "g.dta"), {"g.dta": dta(**empty)})
    assert outcome.rules() == {"reading.table.empty"}
    columns = {"ID": ["a", "b", "c"], "V": ["birth"] * 3, "W": [float("nan"), 99.0, float("nan")]}
    outcome = upload(
        GROWTH.replace("g.csv", "g.sav"),
        {"g.sav": sav(columns, missing_ranges={"W": [99]}, variable_value_labels={"W": {99.0: "refused"}})},
    )
    assert outcome.lineage("growth")["weight_kg__missing"].to_list() == ["system", "refused", "system"]


def test_value_labels_are_never_applied(upload):
    columns = {"ID": [1.0, 2.0], "V": [1.0, 2.0], "W": [3.0, 3.0]}
    outcome = upload(
        GROWTH.replace("g.csv", "g.sav"),
        {"g.sav": sav(columns, variable_value_labels={"V": {1.0: "birth", 2.0: "week 6"}})},
    )
    assert outcome.table("growth")["visit"].to_list() == ["1", "2"]


def test_numbers_in_text_and_text_in_keys_of_stata(upload):
    outcome = upload(
        PEOPLE.replace("p.csv", "p.dta") + "    birth_weight_kg: {from: T, unit: kg}\n",
        {"p.dta": dta(ID=["01", "02", "03", ""], T=["3.5", " 3,5 ", "", "x"])},
    )
    people = outcome.table("participants")
    assert people.select("participant_id", "birth_weight_kg").rows() == [
        ("01", 3.5),
        ("02", None),
        ("03", None),
    ]
    assert outcome.rejected()["cells"].to_list() == ["ID=; T=x"]


def test_booleans_and_codes_on_numbers_of_stata(upload):
    columns = '    infant_sex: {from: S, codes: {"1.5": male, "2": female}}\n'
    extra = '  extra: {tw: {from: T, type: boolean, codes: {"1": "true", "0": "false"}}, bare: {from: T, type: boolean}}\n'
    outcome = upload(
        PEOPLE.replace("p.csv", "p.dta") + columns + extra,
        {"p.dta": dta(ID=[1, 2, 3], T=[1.0, 0.0, float("nan")], S=[1.5, 2.0, 7.0])},
    )
    people = outcome.table("participants")
    assert people["infant_sex"].to_list() == ["male", "female", None]
    assert people["x_tw"].to_list() == [True, False, None]
    assert people["x_bare"].null_count() == 3  # 1 is not `true` until the mapping says so
    assert "reading.code.unknown" in outcome.rules()


def test_optional_columns_may_be_absent_and_extras_have_their_types(upload):
    columns = (
        "    site: {from: NOPE, optional: true}\n    birth_weight_kg: {from: BW, unit: kg, optional: true}\n"
        '    infant_birth_date: {from: DB, optional: true, format: "%d.%m.%Y"}\n    parity: {from: PP, optional: true}\n'
    )
    extra = (
        '  extra: {d: {from: A, type: date, format: "%Y-%m-%d"}, b: {from: B, type: boolean}, '
        "i: {from: C, type: integer}, n: {from: C, type: number}, t: {from: C}}\n"
    )
    outcome = upload(
        PEOPLE + columns + extra, {"p.csv": "ID,A,B,C\n1,2024-01-01,true,1\n2,x,TRUE,1.5\n3,,yes,\n"}
    )
    people = outcome.table("participants")
    assert people["x_d"].to_list() == [dt.date(2024, 1, 1), None, None]
    assert people["x_b"].to_list() == [True, True, None]
    assert people["x_i"].to_list() == [1, None, None]  # a fraction is no integer; its text is kept
    assert people["x_n"].to_list() == [1, 1.5, None]
    assert outcome.lineage("participants")["x_i__raw"].to_list() == ["1", "1.5", None]
    assert outcome.lineage("participants")["site__missing"].to_list() == ["not_in_file"] * 3


def test_impossible_dates_are_findings(upload):
    cells = ["31/02/2024", "00/00/0000", "1/1/24", "01/13/2024", "-1", "45000", "29/02/2023"]
    outcome = upload(
        PEOPLE + '    infant_birth_date: {from: D, format: "%d/%m/%Y"}\n',
        {"p.csv": "ID,D\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells))},
    )
    assert outcome.table("participants")["infant_birth_date"].null_count() == len(cells)
    assert set(outcome.lineage("participants")["infant_birth_date__raw"]) == set(cells)


def test_ten_thousand_codes(upload):
    codes = "\n".join(f'        "{n}": {"male" if n % 2 else "female"}' for n in range(10_000))
    outcome = upload(
        PEOPLE + f"    infant_sex:\n      from: S\n      codes:\n{codes}\n",
        {"p.csv": "ID,S\n1,5\n2,6.0\n3,10001\n"},
    )
    assert outcome.table("participants")["infant_sex"].to_list() == ["male", "female", None]


@pytest.mark.parametrize(
    ("rows", "account"),
    [(",,\n,birth,3\n1,,3\n2,birth,3\n", (4, 1, 0, 3, 1)), (",birth,3\n,birth,3\n", (2, 0, 0, 2, 0))],
)
def test_rows_without_a_key_are_rejected_with_all_their_cells(upload, rows, account):
    outcome = upload(GROWTH, {"g.csv": "ID,V,W\n" + rows})
    assert (outcome.code, outcome.account()) == (1, [account])
    assert outcome.rejected().height == account[3]
    assert outcome.rejected()["cells"][-1] in {"ID=1; V=; W=3", "ID=; V=birth; W=3"}


@pytest.mark.parametrize(
    ("lab", "tubes", "account", "rules"),
    [
        (LAB, TUBES, (5, 3, 0, 2, 6), {"reading.link.orphan", "reading.link.unused"}),
        (LAB, "BARCODE,PID,VISIT,D\n", (5, 0, 0, 5, 0), {"reading.link.orphan", "reading.row.rejected"}),
        ("TUBE,I,Z\n", TUBES, (0, 0, 0, 0, 0), {"reading.table.empty", "reading.link.unused"}),
        ("TUBE,I,Z\n", "BARCODE,PID,VISIT,D\n", (0, 0, 0, 0, 0), {"reading.table.empty"}),
        (LAB, TUBES + "T1,9,m3,\n,7,m3,\n", (5, 2, 0, 3, 4), {"reading.link.ambiguous"}),
        ("TUBE,I,Z\n,1,2\n", "BARCODE,PID,VISIT,D\n,1,m3,\n", (1, 0, 0, 1, 0), {"reading.row.rejected"}),
    ],
    ids=["orphans", "no tubes", "no results", "nothing", "ambiguous", "blank barcodes"],
)
def test_links_to_tables_in_any_state(upload, lab, tubes, account, rules):
    outcome = upload(MILK, {"lab.csv": lab, "tubes.csv": tubes})
    assert outcome.account() == [account]
    assert rules <= outcome.rules()


def test_a_linked_column_is_the_linked_tables_whatever_the_own_one_is_called(upload):
    """`uses` and `rows` disagreed: a column really called `tubes.PID` was taken for the linked one."""
    lab = "TUBE,I,Z,tubes.PID\nT1,85,1.2,WRONG\n"
    outcome = upload(MILK + "unmapped: {lab: [tubes.PID]}\n", {"lab.csv": lab, "tubes.csv": TUBES})
    assert set(outcome.table("milk")["participant_id"]) == {"1"}


def test_a_real_dot_in_a_name_is_no_link(upload):
    mapping = GROWTH.replace("from: W", "from: tubes.W").replace(": ID", ": tubes.PID")
    outcome = upload(mapping, {"g.csv": "tubes.PID,V,tubes.W\n1,birth,3\n"})
    assert outcome.table("growth")["weight_kg"].to_list() == [3]


def test_one_bad_date_of_a_sample_is_one_finding(upload):
    outcome = upload(MILK, {"lab.csv": LAB, "tubes.csv": TUBES})
    found = pl.read_csv(outcome.out / "findings.csv", infer_schema=False)
    dates = found.filter(pl.col("rule_id") == "reading.date.unreadable")
    assert dates.select("row_id", "value", "n_rows").rows() == [("3|m3|T3|iodine", "x", "2")]


def test_a_limit_that_cannot_be_read_is_a_finding(upload):
    mapping = MILK.replace("limit: 5", "limit: {from: L}").replace(
        "zinc: {from: Z, unit: mg/L}", "zinc: {from: Z, unit: mg/L, limit: {by: B, values: {p1: 2}}}"
    )
    lab = "TUBE,I,Z,L,B\nT1,ND,ND,<0.7,p1\nT2,ND,ND,abc,p9\nT3,ND,ND,NA,\n"
    outcome = upload(mapping, {"lab.csv": lab, "tubes.csv": TUBES})
    assert dict(outcome.table("milk").select("row_id", "limit").rows()) == {
        "1|m3|T1|iodine": 0.7, "1|m3|T1|zinc": 2, "2|m3|T2|iodine": None,
        "2|m3|T2|zinc": None, "3|m3|T3|iodine": None, "3|m3|T3|zinc": None,
    }  # fmt: skip
    found = pl.read_csv(outcome.out / "findings.csv", infer_schema=False).filter(
        pl.col("variable") == "limit"
    )
    assert set(found.select("rule_id", "row_id", "value").rows()) == {
        ("reading.number.unreadable", "2|m3|T2|iodine", "abc"),
        ("reading.code.unknown", "2|m3|T2|zinc", "p9"),
    }


SPECIMENS = """milkqc: 1
study: t
tables: {lab: {file: lab.csv}}
milk:
  from: lab
  key: {participant_id: P, visit: V, sample_id: T}
  columns: {specimen: S}
  analytes: {retinol: {from: I, unit: umol/L, substance: retinol}}
"""


def test_results_of_another_specimen_bring_their_findings_along(upload):
    """Their findings stayed in milk, where their rows are not, and their row ids could meet those of biomarkers."""
    both = SPECIMENS + (
        "biomarkers:\n  from: lab\n  specimen: serum\n  key: {participant_id: P, visit: V, sample_id: T}\n"
        "  analytes: {retinol: {from: I, unit: umol/L, substance: retinol}}\n"
    )
    outcome = upload(both, {"lab.csv": "P,V,T,S,I\n1,v,a,serum,x\n1,v,a,milk,1.3\n"})
    assert outcome.table("milk")["row_id"].to_list() == ["1|v|a|retinol"]
    assert outcome.table("biomarkers").height == 3
    found = pl.read_csv(outcome.out / "findings.csv", infer_schema=False)
    bad = found.filter(pl.col("rule_id") == "reading.number.unreadable")
    assert set(bad["table"]) == {"biomarkers"}
    assert set(bad["row_id"]) <= set(outcome.table("biomarkers")["row_id"])
    checks = pl.read_csv(outcome.out / "checks.csv", infer_schema=False)
    told = checks.filter(
        (pl.col("rule_id") == "reading.number.unreadable") & (pl.col("table") == "biomarkers")
    )
    assert told["findings"].cast(int).sum() == bad.height


POLICIES = ("finding", "same", "keep", "replicate", "{latest: R}", "{agree: 0.05}", "{agree: 5%}")
REPEATED = (
    "P,V,T,R,B,I\n1,m,a,2024-01-01,x,30\n1,m,a,2024-01-02,y,30.01\n1,m,a,2024-01-02,y,40\n2,m,b,,x,\n2,m,b,,x,6\n"
    "3,m,c,,,\n3,m,c,2024-01-01,,\n4,m,,2024-01-01,,7\n4,m,,2024-01-01,,7.0\n"
)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("table", ["participants", "visits", "growth", "milk"])
def test_every_policy_of_repeats_on_every_table(upload, table, policy):
    """No cell is lost, whatever becomes of the rows: what was merged away still stands in the raw text."""
    key = "participant_id: P" + ("" if table == "participants" else ", visit: V")
    columns = {
        "participants": "columns: {birth_weight_kg: {from: I, unit: kg}, site: B, exit_date: {from: R, format: '%Y-%m-%d'}}",
        "visits": "columns: {mother_weight_kg: {from: I, unit: kg}, visit_date: {from: R, format: '%Y-%m-%d'}}\n  extra: {b: B}",
        "growth": "columns: {weight_kg: {from: I, unit: kg}, visit_date: {from: R, format: '%Y-%m-%d'}, team: B}",
        "milk": "columns: {run_date: {from: R, format: '%Y-%m-%d'}, batch: B}\n  analytes: {iodine: {from: I, unit: ug/L}}",
    }[table]  # fmt: skip
    unmapped = {"participants": "V, T", "milk": ""}.get(table, "T")
    mapping = (
        f"milkqc: 1\nstudy: t\ntables: {{lab: {{file: lab.csv}}}}\n{table}:\n  from: lab\n"
        f"  key: {{{key}{', sample_id: T' if table == 'milk' else ''}}}\n  repeats: {policy}\n  {columns}\n"
        + (f"unmapped: {{lab: [{unmapped}]}}\n" if unmapped else "")
    )
    outcome = upload(mapping, {"lab.csv": REPEATED})
    if policy == ("same" if table == "milk" else "{latest: R}"):
        assert (outcome.code, "M123" in outcome.err) == (2, True)
        return
    assert outcome.account()[0][4] == (4 if policy == "same" else 9) or policy.startswith("{agree")
    whole = outcome.table(table).join(outcome.lineage(table), on="row_id", suffix="_l")
    texts = {
        text
        for name in whole.columns
        if name == "raw" or name.endswith("__raw")
        for raw in whole[name].drop_nulls()
        for text in raw.replace(ALSO, "; ").split("; ")
    }
    assert texts >= {"30", "30.01", "40", "6", "7", "7.0", "x", "y", "2024-01-01", "2024-01-02"}


def test_agreeing_rows_with_another_text_are_a_conflict(upload):
    """The first row's text was kept and the others' lost without a word."""
    mapping = GROWTH.replace("columns: {", "repeats: {agree: 0.05}\n  columns: {team: T, ")
    outcome = upload(mapping, {"g.csv": "ID,V,W,T\n1,birth,3.00,b\n1,birth,3.01,a\n"})
    lineage = outcome.lineage("growth")
    assert lineage.select("weight_kg__raw", "team__raw", "team__missing").rows() == [
        ("3.00; also: 3.01", "a; b", "conflict")
    ]
    assert "reading.repeat.conflict" in outcome.rules()


def test_participants_from_two_files_and_growth_of_strangers(upload):
    mapping = (
        "milkqc: 1\nstudy: t\ntables: {a: {file: a.csv}, b: {file: b.csv}, g: {file: g.csv}}\nparticipants:\n"
        '  - {from: a, key: {participant_id: ID}, columns: {infant_sex: {from: SEX, codes: {"1": male, "2": female}}, site: S}}\n'
        "  - {from: b, key: {participant_id: ID}, columns: {infant_sex: {from: SEX, codes: {M: male, F: female}}}}\n"
        "growth:\n  from: g\n  key: {participant_id: ID, visit: V}\n  columns: {weight_kg: {from: W, unit: kg}}\n"
    )
    outcome = upload(
        mapping,
        {"a.csv": "ID,SEX,S\n1,1,x\n2,2,x\n3,,x\n3,1,y\n", "b.csv": "ID,SEX\n1,M\n2,M\n4,\n", "g.csv": "ID,V,W\n5,m1,4\n"},
    )  # fmt: skip
    people = outcome.table("participants")
    assert people.select("row_id", "infant_sex").rows() == [
        ("1", "male"),
        ("2", None),
        ("3", "male"),
        ("4", None),
    ]
    assert {"reading.repeat.conflict", "growth.participant.unknown"} <= outcome.rules()
    assert [row[0] for row in outcome.account()] == [4, 3, 1]


def test_twins_have_their_own_ids(upload):
    mapping = (
        "milkqc: 1\nstudy: t\ntables: {a: {file: a.csv}}\nparticipants:\n  from: a\n"
        '  key: {participant_id: ID, infant_id: {from: [ID, CH], do: join, separator: "-"}}\n'
        '  columns: {infant_sex: {from: SEX, codes: {"1": male, "2": female}}}\n'
    )
    outcome = upload(mapping, {"a.csv": "ID,CH,SEX\n1,A,1\n1,B,2\n2,,1\n"})
    assert outcome.table("participants")["row_id"].to_list() == ["1-A", "1-B"]
    assert outcome.rejected()["cells"].to_list() == ["ID=2; CH=; SEX=1"]


def workbook(path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Results")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["ID", "V", "W", "D", "OK"])
        sheet.merge_range("A2:A3", "m1")
        sheet.write_row(1, 1, ["birth", 3.5])
        sheet.write_datetime(1, 3, dt.datetime(2024, 1, 2), day)
        sheet.write_boolean(1, 4, True)
        sheet.write_row(2, 1, ["birth"])
        sheet.write_formula(2, 2, "=1/0", None, "#DIV/0!")
        sheet.write_string(2, 3, "02/01/2024")
        sheet.write_row(3, 0, ["m2", "birth"])
        sheet.write_formula(3, 2, "=3+1", None, 4)
        sheet.write_number(3, 3, 45000)
        sheet.write_string(3, 4, "yes")
        sheet.write_row(4, 0, ["00012", "birth", "4,009", "03.01.2024", "n"])


def test_a_workbook_of_merged_formula_error_and_mixed_cells(upload):
    mapping = GROWTH.replace("g.csv", "g.xlsx").replace(
        "columns: {", 'columns: {visit_date: {from: D, format: "%d/%m/%Y"}, '
    ) + "  extra: {ok: {from: OK, type: boolean}}\n"  # fmt: skip
    outcome = upload(mapping, {"g.xlsx": workbook})
    assert outcome.account() == [(4, 3, 0, 1, 3)]  # the second row of the merged cells has no id
    assert outcome.rejected()["cells"].to_list() == ["ID=; V=birth; D=02/01/2024; W=#DIV/0!"]
    growth = outcome.table("growth")
    assert dict(growth.select("participant_id", "weight_kg").rows()) == {"m1": 3.5, "m2": 4, "00012": None}
    assert dict(growth.select("participant_id", "visit_date").rows())["m1"] == dt.date(2024, 1, 2)
    assert set(outcome.lineage("growth")["visit_date__raw"]) == {"2024-01-02", "45000", "03.01.2024"}


def test_two_tables_may_be_one_file(upload):
    mapping = GROWTH.replace("{g: {file: g.csv}}", "{g: {file: g.csv}, h: {file: g.csv}}") + (
        "visits: {from: h, key: {participant_id: ID, visit: V}, columns: {feeding: {do: constant, value: none}}}\n"
        "unmapped: {h: [W]}\n"
    )
    outcome = upload(mapping, {"g.csv": ROWS})
    assert (outcome.table("visits").height, outcome.table("growth").height) == (5, 5)


def test_a_header_with_two_units_is_a_fault_of_the_mapping(upload):
    """Was an error without file and line."""
    mapping = SPECIMENS.replace("I, unit: umol/L", '"I (ug/L) [umol/L]", unit: header').replace(
        "  columns: {specimen: S}\n", ""
    )
    outcome = upload(mapping, {"lab.csv": "P,V,T,I (ug/L) [umol/L]\n1,v,a,1\n"})
    assert (
        "study.yaml:7 M208 milk.analytes.retinol.from: the header 'I (ug/L) [umol/L]' has two units"
        in outcome.err
    )


def test_twenty_thousand_rows_without_a_key_are_each_rejected_by_name(tmp_path):
    """Was a quadratic search; `python -m benchmarks upload_size` times it, and many good rows."""
    rows = 20_000
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "g.csv").write_text(
        "ID,V,W\n" + "".join(f",v{n % 4},{3 + n % 4}\n" for n in range(rows))
    )
    (tmp_path / "study.yaml").write_text(GROWTH)
    result = milkqc.run(tmp_path / "study.yaml", data=tmp_path / "data", engine="expressions")
    assert result.rejected["source_row"].to_list() == list(range(1, rows + 1))
    assert result.growth.is_empty()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("out.csv", "'out.csv' is a link out of the data folder."),
        ("away/p.csv", "'away/p.csv' is a link out of the data folder."),
        ("gone.csv", "'gone.csv' is a link to a file that is not there."),
        ("sub", "'sub' is a folder."),
        ("pipe", "'pipe' is no ordinary file."),
        ("p\0.csv", r"no file 'p\x00.csv' in the data folder."),
        ("p" * 5000, f"no file '{'p' * 200}...' in the data folder."),
        ("C:/data/p.csv", "no file 'C:/data/p.csv' in the data folder."),
        ("../*/p.csv", "no file '../*/p.csv' in the data folder."),
    ],
)
def test_a_name_that_leads_out_of_the_folder_or_nowhere_says_which(tmp_path, name, what):
    outside, data = tmp_path / "outside", tmp_path / "data"
    (data / "sub").mkdir(parents=True)
    outside.mkdir()
    (outside / "p.csv").write_text("A\n1\n")
    (data / "out.csv").symlink_to(outside / "p.csv")
    (data / "away").symlink_to(outside)
    (data / "gone.csv").symlink_to(outside / "gone.csv")
    os.mkfifo(data / "pipe")
    assert uploads.inside(name, data) == []
    assert uploads.absent(name, data)[0] == what
