"""Decisions about findings: read with all their faults, held while the value is the same, reopened when it changed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import milkqc
from milkqc.decisions import STATUSES, read
from milkqc.errors import MappingFaults, OutputError

HEAD = "finding_id,raw_value,decision,reason,who,when\n"
ID = "0123456789abcdef"
GOOD = f"{ID},5.2,confirmed,weighed again,AB,2024-05-01\n"


def read_text(folder: Path, text: str | bytes):
    path = folder / "decisions.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path, name="decisions.csv")


def test_a_plain_file_is_read(tmp_path):
    decisions, faults = read_text(tmp_path, HEAD + GOOD)
    (one,) = decisions.entries
    assert faults == []
    assert (one.line, one.finding_id, one.raw_value, one.word) == (2, ID, "5.2", "confirmed")
    assert (one.reason, one.who, one.when.isoformat()) == ("weighed again", "AB", "2024-05-01")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_a_spreadsheet_makes_of_the_file_does_not_matter(tmp_path, delimiter):
    text = (HEAD + f"{ID},VALUE,Confirmed,so it is,AB,2024-05-01 00:00\n").replace(",", delimiter)
    text = text.replace("VALUE", '"5,2"' if delimiter == "," else "5,2")
    decisions, faults = read_text(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert faults == []
    assert decisions.entries[0].raw_value == ("5.2" if delimiter == ";" else "5,2")


def test_a_line_of_the_template_without_an_answer_is_no_decision(tmp_path):
    decisions, faults = read_text(tmp_path, HEAD + f"{ID},5.2,,,,\n\n" + GOOD.replace("0123", "aaaa"))
    assert [one.line for one in decisions.entries] == [4]
    assert faults == []


def test_every_fault_is_told_at_once_with_its_line(tmp_path):
    text = HEAD + (
        GOOD
        + f"{ID},5.2,maybe,why,AB,2024-05-01\n"
        + "1.23457E+15,5.2,confirmed,why,AB,2024-05-01\n"
        + "12e34567,5.2,confirmed,why,AB,2024-05-01\n"
        + "fedcba9876543210,5.2,accepted,,AB,01/05/2024\n"
        + "nonsense,5.2,accepted,why,AB,2024-02-31\n"
    )
    _, faults = read_text(tmp_path, text)
    assert sorted(str(fault) for fault in faults) == [
        "decisions.csv:3 M172: 'maybe' is no decision. Write one of: confirmed, corrected, accepted.",
        f"decisions.csv:3 M173: the finding {ID} is decided twice (first in line 2). Keep one of them.",
        "decisions.csv:4 M175: the finding_id '1.23457E+15' is a number: a spreadsheet has changed it. "
        "Copy it again from findings.csv into a cell that is formatted as text, or edit the file as text.",
        "decisions.csv:5 M175: the finding_id '12e34567' is a number: a spreadsheet has changed it. "
        "Copy it again from findings.csv into a cell that is formatted as text, or edit the file as text.",
        "decisions.csv:6 M174: '01/05/2024' is no date that can be read in one way only. Write it as 2024-12-31.",
        "decisions.csv:6 M176: reason is empty. Say why, who decided, and when.",
        "decisions.csv:7 M174: '2024-02-31' is no date that can be read in one way only. Write it as 2024-12-31.",
        "decisions.csv:7 M175: 'nonsense' is no finding_id. It has 16 characters, 0-9 and a-f; copy it from findings.csv.",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"\xff\xfe\x00", "M170"),
        ("", "M171"),
        ("finding_id,decision\n", "M171"),
        ("a\0b", "M170"),
    ],
)
def test_a_file_that_is_none_is_one_fault(tmp_path, text, code):
    decisions, faults = read_text(tmp_path, text)
    assert decisions.entries == ()
    assert code in {fault.code for fault in faults}


def test_no_file_is_a_fault(tmp_path):
    assert [fault.code for fault in read(tmp_path / "none.csv", name="none.csv")[1]] == ["M170"]


MAPPING = """\
milkqc: 1
study: t
decisions: decisions.csv
tables: {p: {file: p.csv}, g: {file: g.csv}}
participants:
  from: p
  key: {participant_id: ID}
  columns: {infant_sex: {from: SEX, codes: {m: male}}, infant_birth_date: {from: DOB, format: "%Y-%m-%d"}}
growth:
  from: g
  key: {participant_id: ID, visit: V}
  columns: {visit_date: {from: D, format: "%Y-%m-%d"}, weight_kg: {from: W, unit: g}}
"""
PEOPLE = "ID,SEX,DOB\n1,m,2024-01-01\n"


def made(folder: Path, weight: str, decisions: str | None, fail_on: str = "warning"):
    """A run of a child born on New Year's Day, weighed after 90 days."""
    (folder / "p.csv").write_text(PEOPLE)
    (folder / "g.csv").write_text(f"ID,V,D,W\n1,a,2024-03-31,{weight}\n")
    text = MAPPING if decisions is not None else MAPPING.replace("decisions: decisions.csv\n", "")
    (folder / "study.yaml").write_text(text)
    if decisions is not None:
        (folder / "decisions.csv").write_text(decisions)
    return milkqc.run(folder / "study.yaml", data=folder, fail_on=fail_on, engine="expressions")


@pytest.fixture
def run(tmp_path):
    """`run(weight, decisions_text)` -> Result."""
    return lambda weight, decisions: made(tmp_path, weight, decisions)


def of_weight(result):
    """The findings about the weight itself (its raw cell), by rule."""
    return result.findings.filter(pl.col("variable") == "weight_kg", pl.col("row_id") == "1|a")


def decide(result, word: str, raw: str | None = None):
    rows = of_weight(result).iter_rows(named=True)
    return HEAD + "".join(
        f"{row['finding_id']},{raw or row['value']},{word},asked the site,AB,2024-05-01\n" for row in rows
    )


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    return made(tmp_path_factory.mktemp("heavy"), "60000", None)


def test_a_decision_holds_while_the_raw_value_is_the_same(run, heavy):
    assert heavy.settings["exit_code"] == 1
    assert of_weight(heavy)["status"].unique().to_list() == ["open"]
    for raw in (None, "60000", "60000.0"):
        held = run("60000", decide(heavy, "confirmed", raw))
        assert of_weight(held)["status"].unique().to_list() == ["confirmed"]
        assert (
            of_weight(held)["message"].str.ends_with("Confirmed by AB on 2024-05-01: asked the site.").all()
        )
        # Only findings that nobody decided are counted.
        left = held.findings.filter((pl.col("severity") != "info") & (pl.col("status") == "open"))
        assert held.settings["exit_code"] == (1 if left.height else 0)
    assert [origin.format for origin in held.origins if origin.file == "decisions.csv"] == ["decisions"]


def test_a_changed_raw_value_reopens_and_says_so(run, heavy):
    again = run("61000", decide(heavy, "accepted"))
    assert of_weight(again)["status"].unique().to_list() == ["reopened"]
    note = "Accepted by AB on 2024-05-01 when the value was 60; it is 61000 now, so it is asked again."
    assert of_weight(again)["message"].str.ends_with(note).all()
    assert again.settings["exit_code"] == 1


def test_corrected_waits_for_the_upload_and_changes_no_value(run, heavy):
    waiting = run("60000", decide(heavy, "corrected", "60000"))
    assert of_weight(waiting)["status"].unique().to_list() == ["awaiting_correction"]
    assert waiting.growth["weight_kg"].to_list() == [60.0]
    assert waiting.settings["exit_code"] == 1
    closed = run("6000", decide(heavy, "corrected", "60000"))
    gone = closed.findings.filter(pl.col("rule_id") == "decisions.finding.gone")
    assert gone["n_rows"].to_list() == [of_weight(heavy).height]
    assert gone["severity"].to_list() == ["info"]
    row = closed.checks.filter(pl.col("rule_id") == "decisions.finding.gone").row(0, named=True)
    assert (row["looked_at"], row["failed"], row["findings"]) == (of_weight(heavy).height,) * 2 + (1,)


def test_an_id_that_a_spreadsheet_rounded_is_pointed_at():
    import datetime as dt

    from milkqc.decisions.apply import _gone
    from milkqc.decisions.read import Decision, Decisions

    decision = Decision(2, "1234567890123450", "", "accepted", "w", "AB", dt.date(2024, 5, 1))
    draft = _gone(
        [decision], Decisions((decision,), "d.csv"), pl.DataFrame({"finding_id": ["1234567890123456"]})
    )
    assert draft["expected"].to_list() == ["line 2: perhaps 1234567890123456"]


def test_a_bad_file_stops_the_run_with_the_mappings_faults(run):
    with pytest.raises(MappingFaults, match=r"decisions.csv:2 M172"):
        run("6000", HEAD + f"{ID},1,perhaps,why,AB,2024-05-01\n")


def test_the_statuses_are_those_that_the_page_lists():
    page = (Path(__file__).parents[2] / "docs" / "decisions.md").read_text(encoding="utf-8")
    assert [status for status in STATUSES if f"| `{status}` |" not in page] == []


def test_the_template_is_what_read_takes_once_it_is_filled_in(run, heavy, tmp_path):
    from click.testing import CliRunner

    from milkqc.cli.decisions import command
    from milkqc.deliver import manifest
    from milkqc.emit.write import write

    write(heavy, tmp_path / "out", manifest=manifest(heavy))
    asked = tmp_path / "asked.csv"
    answer = CliRunner().invoke(command, [str(tmp_path / "out"), "--to", str(asked)], catch_exceptions=False)
    assert answer.output == f"{heavy.findings.height} open findings: {asked}\n"
    lines = pl.read_csv(asked, infer_schema=False)
    assert lines.filter(pl.col("variable") == "weight_kg")["raw_value"].unique().to_list() == ["60000"]
    assert read(asked, name="asked.csv") == (type(read(asked, name="a")[0])((), "asked.csv"), [])
    filled = lines.with_columns(
        decision=pl.lit("accepted"), reason=pl.lit("so it is"), who=pl.lit("AB"), when=pl.lit("2024-05-01")
    )
    done = run("60000", filled.write_csv())
    assert done.findings["status"].unique().to_list() == ["accepted"]
    assert done.settings["verdict"] == "pass"
    with pytest.raises(OutputError, match="is there already"):
        CliRunner().invoke(command, [str(tmp_path / "out"), "--to", str(asked)], catch_exceptions=False)
