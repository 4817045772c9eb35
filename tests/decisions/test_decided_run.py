"""A study with decisions, delivered: by site, to a pipeline, to the public, and explained."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import milkqc
from milkqc.cli.decisions import command
from milkqc.deliver import deliver_public, manifest, write_junit, write_summary
from milkqc.emit.write import write
from milkqc.explain import Explainer, ExplainError

HEAD = "finding_id,raw_value,decision,reason,who,when\n"
MAPPING = """\
milkqc: 1
study: t
decisions: decisions.csv
tables: {p: {file: p.csv}, g: {file: g.csv}, tubes: {file: tubes.csv}}
participants:
  from: p
  key: {participant_id: ID}
  columns: {site: SITE, infant_sex: {from: SEX, codes: {m: male}}, infant_birth_date: {from: DOB, format: "%Y-%m-%d"}}
growth:
  from: g
  with: {tubes: {on: {CARD: {to: CODE, clean: [trim, upper]}}}}
  key: {participant_id: tubes.ID, visit: V}
  columns: {visit_date: {from: D, format: "%Y-%m-%d"}, weight_kg: {from: W, unit: g}}
"""
PEOPLE = "ID,SITE,SEX,DOB\nn1,North,m,2024-01-01\nn2,North,m,2024-01-01\ns1,South,m,2024-01-01\ns2,South,m,2024-01-01\n"
CARDS = "CODE,ID\nSECRET-N1,n1\nSECRET-N2,n2\nSECRET-S1,s1\nSECRET-S2,s2\n"
GROWTH = (
    "CARD,V,D,W\n secret-n1,a,2024-03-31,60000\nsecret-n2,a,2024-03-31,11000\nsecret-s1 ,a,2024-03-31,{s1}\n"
    "secret-s2,a,2024-03-31,60000\n"
)
DECIDED = (
    ("n1|a", "growth.weight_kg.range", "60000", "corrected", "the card says 6000 g", "Nora"),
    ("n2|a", "growth.waz.flag", "5.19", "confirmed", "weighed twice on two days", "Nora"),
    ("s1|a", "growth.weight_kg.range", "61000", "accepted", "the card is lost", "Silas"),
)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """The study decided: in the north one weight to be corrected and one score confirmed; in the south one weight
    accepted and changed since, one open.
    """
    folder = tmp_path_factory.mktemp("decided")
    for name, text in {"p.csv": PEOPLE, "tubes.csv": CARDS, "g.csv": GROWTH.format(s1=61000)}.items():
        (folder / name).write_text(text)
    (folder / "study.yaml").write_text(MAPPING)
    (folder / "decisions.csv").write_text(HEAD)
    first = run(folder)
    write(first, folder / "first", manifest=manifest(first))
    ids = {(one["row_id"], one["rule_id"]): one["finding_id"] for one in first.findings.iter_rows(named=True)}
    lines = [
        f"{ids[row, rule]},{raw},{word},{reason},{who},2024-05-01\n"
        for row, rule, raw, word, reason, who in DECIDED
    ]
    (folder / "decisions.csv").write_text(
        HEAD + "".join(lines) + "0123456789abcdef,5,accepted,old,Sam,2024-05-01\n"
    )
    (folder / "g.csv").write_text(GROWTH.format(s1=62000))
    return folder


def run(folder: Path, **options):
    return milkqc.run(folder / "study.yaml", data=folder, engine="expressions", **options)


@pytest.fixture(scope="module")
def whole(study):
    result = run(study)
    write(result, study / "out", manifest=manifest(result))
    return result


def statuses(findings: pl.DataFrame) -> dict[str, str]:
    """By row, of the findings that somebody decided about, and of the one that is open."""
    asked = {(row, rule) for row, rule, *_ in DECIDED} | {("s2|a", "growth.weight_kg.range")}
    rows = findings.select("row_id", "rule_id", "status").rows()
    return {row: status for row, rule, status in rows if (row, rule) in asked}


def test_each_sites_file_tells_what_became_of_its_findings(study, whole):
    of_north = {"n1|a": "awaiting_correction", "n2|a": "confirmed"}
    assert statuses(whole.findings) == of_north | {"s1|a": "reopened", "s2|a": "open"}
    sites = study / "out" / "findings_by_site"
    north, south = (pl.read_csv(sites / f"{name}.csv", infer_schema=False) for name in ("north", "south"))
    assert statuses(north) == of_north
    assert statuses(south) == {"s1|a": "reopened", "s2|a": "open"}
    assert "Silas" not in (sites / "north.csv").read_text()
    gone = pl.read_csv(sites / "no_site.csv", infer_schema=False)
    assert gone.filter(pl.col("rule_id") == "decisions.finding.gone").height == 1


def test_the_pipeline_counts_what_is_open(study, whole, tmp_path):
    write_junit(whole, tmp_path / "junit.xml")
    write_summary(whole, tmp_path / "summary.md")
    told = whole.findings.with_columns(open=~pl.col("status").is_in(["confirmed", "accepted"]))
    opened = dict(told.filter("open").group_by("severity").len().iter_rows())
    counts = {
        severity: sum(
            int(number.replace(",", ""))
            for case in ET.parse(tmp_path / "junit.xml").iter("failure")
            for number, word in (part.split() for part in case.get("message").rpartition(": ")[2].removesuffix(" open. See report.html and findings.csv.").split(", "))
            if word == severity
        )
        for severity in ("critical",)
    }  # fmt: skip
    assert counts["critical"] == opened.get("critical", 0)
    row = next(line for line in (tmp_path / "summary.md").read_text().splitlines() if "Open findings" in line)
    assert row == f"| Open findings | {', '.join(f'{opened.get(name, 0):,} {name}' for name in ('critical', 'warning', 'info'))} |"  # fmt: skip
    assert "Nora" not in (tmp_path / "summary.md").read_text() + (tmp_path / "junit.xml").read_text()


def test_a_sites_run_knows_its_own_decisions_and_cards_only(study, tmp_path):
    result = run(study, site="North")
    write(result, tmp_path / "north", manifest=manifest(result))
    assert statuses(result.findings) == {"n1|a": "awaiting_correction", "n2|a": "confirmed"}
    assert "decisions.finding.gone" not in result.findings["rule_id"].to_list()
    assert {one["who"] for one in result.trace["decisions"].values()} == {"Nora"}
    assert result.lineage["growth"]["link_tubes_raw"].to_list() == [" secret-n1", "secret-n2"]
    with pytest.raises(ExplainError, match="no participant 's1'"):
        Explainer(tmp_path / "north").explain("s1", "a", "weight_kg")
    frames = [pl.read_parquet(path) for path in (tmp_path / "north").rglob("*.parquet")]
    texts = [
        path.read_text("utf-8")
        for path in (tmp_path / "north").rglob("*")
        if path.suffix in {".csv", ".json", ".html"}
    ]
    texts += [
        text
        for frame in frames
        for text in frame.select(pl.col(pl.String)).cast(pl.String).write_csv().splitlines()
    ]
    assert not any(word in text for text in texts for word in ("Silas", "SECRET-S", "secret-s"))


def test_the_public_part_names_nobody(study, whole, tmp_path):
    published = deliver_public(whole, tmp_path / "public")
    assert published.trace == {}
    for path in (tmp_path / "public").rglob("*"):
        if path.is_file():
            for word in (b"Nora", b"Silas", b"SECRET", b"secret", b"weighed twice"):
                assert word not in path.read_bytes(), (path, word)


def test_explain_tells_the_decision_with_its_line(study, whole):
    (found,) = Explainer(study / "out").explain("n2", "a", "waz")
    (told,) = (one["decision"] for one in found.findings if one["rule_id"] == "growth.waz.flag")
    assert told == {
        "decision": "confirmed", "raw_value": "5.19", "reason": "weighed twice on two days", "who": "Nora",
        "when": "2024-05-01", "line": "decisions.csv:3",
    }  # fmt: skip
    assert (
        "    decision confirmed of '5.19' by Nora on 2024-05-01 (decisions.csv:3): weighed twice on two days\n"
        in found.as_text()
    )


def test_a_value_that_any_cell_could_stand_behind_holds_nothing(study, whole, tmp_path):
    """`2 rows` says of no cell what it held: a decision needs the raw text there."""
    from milkqc.decisions import Decisions, decided, read

    tables = {"milk": pl.DataFrame({"row_id": ["x"], "analyte": ["zinc"], "raw": ["2.8"], "value": [2.8]})}
    row = {"finding_id": "0123456789abcdef", "table": "milk", "row_id": "x", "variable": "zinc", "value": "2 rows",
           "message": "Twice.", "status": "open"}  # fmt: skip
    found = whole.findings.clear()
    one = pl.concat([found, pl.DataFrame([row], schema_overrides=dict(found.schema))], how="diagonal").select(
        found.columns
    )

    def status(raw: str) -> tuple[str, str]:
        path = tmp_path / "d.csv"
        path.write_text(HEAD + f"0123456789abcdef,{raw},accepted,so it is,AB,2024-05-01\n")
        told, _ = decided(one, read(path, name="d.csv")[0], tables, study="t")
        return told["status"][0], told["message"][0]

    assert status("2.80")[0] == "accepted"
    assert status("2 rows") == (
        "reopened",
        "Twice. Accepted by AB on 2024-05-01 with the raw value 2 rows, which is not what the cell holds (2.8): "
        "write that, so that a change is seen.",
    )
    assert decided(one, Decisions(), tables, study="t")[0].equals(one)


def test_the_template_leaves_out_what_is_decided_and_keeps_what_is_reopened(study, whole, tmp_path):
    CliRunner().invoke(
        command, [str(study / "out"), "--to", str(tmp_path / "ask.csv")], catch_exceptions=False
    )
    asked = pl.read_csv(tmp_path / "ask.csv", infer_schema=False)
    there = {(one["participant_id"], one["rule_id"]): one["raw_value"] for one in asked.iter_rows(named=True)}
    assert there["s1", "growth.weight_kg.range"] == "62000"
    assert there["n1", "growth.weight_kg.range"] == "60000"
    assert ("n2", "growth.waz.flag") not in there


PAGE = Path(__file__).parents[2] / "docs" / "decisions.md"
BLOCK = re.compile(r"^```(?P<kind>console|csv|text)\n(?P<body>[^`]*?)^```$", re.MULTILINE)


def shown(study: Path, whole, folder: Path) -> list[str]:
    """What the page's example shows: the lines to fill in, the file, the findings after it, the explanation."""
    words = [str(study / "first"), "--to", str(folder / "asked.csv")]
    said = CliRunner().invoke(command, words, catch_exceptions=False).output.replace(str(folder) + "/", "")
    head, *lines = (folder / "asked.csv").read_text().splitlines()
    asked = next(line for line in lines if "range,growth,n1" in line)
    found = whole.findings.filter(pl.col("status") != "open").select(
        "status", "participant_id", "rule_id", "message"
    )
    (told,) = Explainer(study / "out").explain("n2", "a", "waz")
    part = told.as_text().partition("\n\nFindings\n")[2].partition("\n\nRules")[0]
    return [
        f"$ milkqc decisions out --to asked.csv\n{said}$ head -1 asked.csv\n{head}\n$ grep range,growth,n1 asked.csv\n{asked}\n",
        (study / "decisions.csv").read_text(),
        "".join(f"{'; '.join(row)}\n" for row in found.iter_rows()),
        f"$ milkqc explain out n2 a waz\n...\nFindings\n{part}\n...\n",
    ]


def test_the_pages_example_shows_what_comes_out(study, whole, tmp_path):
    before, mark, text = PAGE.read_text(encoding="utf-8").partition("## An example\n")
    blocks = iter(shown(study, whole, tmp_path))
    again = before + mark + BLOCK.sub(lambda found: f"```{found['kind']}\n{next(blocks)}```", text)
    if os.environ.get("MILKQC_REMAKE"):
        PAGE.write_text(again, encoding="utf-8")
    assert again == before + mark + text
    assert next(blocks, None) is None
