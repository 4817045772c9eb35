"""`milkqc explain`: what it refuses, whom it names instead, and cells of a small study with everything in it."""

from __future__ import annotations

import json
import shutil
from textwrap import dedent

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import milkqc
from milkqc.cli.explain import command
from milkqc.deliver import deliver, deliver_public
from milkqc.explain import Explainer, ExplainError
from milkqc.explain.raw import first, split
from milkqc.mapping.merge import ALSO
from milkqc.mapping.replicates import raw_of
from milkqc.mapping.values import Mapped

FILES = {
    "wide.csv": """
        PID,Date_b,Date_m,W1_b,W2_b,WM_b,W1_m,W2_m,WM_m,LENb,SEX,DOBY,DOBM,DOBD
        1,2024-02-01,2024-05-01,63.2,63.4,60.0,66.1,,60.0,50.1,m,2024,2,1
        2,2024-02-03,2024-05-03,-9,63.0,60.0,66.0,66.2,60.0,49,f,2024,2,30
        """,
    "again.csv": "PID,SITE,PARITY\n1, North ,2\n2,South,x\n",
    "more.csv": "PID,SITE,PARITY\n3,East,1\n1,North,2\n",
    "lab.csv": "TUBE,V,ZN,CU,SUM\n t 1,m,2.5,0.3,2.8\nT2,m,<0.1,ND,0.4\n T9,m,3,0.4,3.4\n",
    "tubes.csv": "CODE,NO,TAKEN\nx,9,2024-05-09\nT1,01,2024-05-02\nt2,02,2024-05-04\n",
    "people.csv": "NO,PID\n02,2\n01,1\n",
}
MAPPING = """
    milkqc: 1
    study: small
    missing: {"-9": not_done}
    tables:
      wide: {file: wide.csv}
      again: {file: again.csv}
      more: {file: more.csv}
      lab: {file: lab.csv}
      tubes: {file: tubes.csv}
      people: {file: people.csv}
    participants:
      - from: again
        key: {participant_id: PID}
        columns: {site: SITE, parity: PARITY, arm: {do: constant, value: A}}
      - from: more
        key: {participant_id: PID}
        columns: {site: SITE, parity: PARITY}
      - from: wide
        key: {participant_id: PID}
        columns:
          infant_sex: {from: SEX, codes: {m: male, f: female}}
          infant_birth_date: {do: formula, formula: "date(DOBY, DOBM, DOBD)"}
    growth:
      from: wide
      visits: {birth: _b, month_3: _m}
      key: {participant_id: PID}
      let:
        both: {from: ["W1{visit}", "W2{visit}"], do: mean_of, unit: kg}
        mother: {from: "WM{visit}", unit: kg}
      columns:
        visit_date: {from: "Date{visit}", format: "%Y-%m-%d"}
        weight_kg: {do: formula, formula: "round(both - mother, 1)"}
        length_cm: {from: "LEN{visit}", unit: cm, optional: true}
    milk:
      from: lab
      with:
        tubes: {on: {TUBE: {to: CODE, clean: [no_spaces, upper]}}}
        people: {on: {tubes.NO: NO}}
      key: {participant_id: people.PID, visit: {from: V, codes: {m: month_3}}, sample_id: TUBE}
      columns: {sample_date: {from: tubes.TAKEN, format: "%Y-%m-%d"}}
      every: {unit: mg/L}
      analytes: {zinc: {from: ZN, limit: 0.1}, copper: CU}
      compare: {total: {from: SUM, unit: mg/L, formula: zinc + copper, tolerance: 5%}}
    unmapped: {wide: [LENb]}
    """


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    (folder / "data").mkdir()
    for name, text in FILES.items():
        (folder / "data" / name).write_text(dedent(text).strip("\n") + "\n", "utf-8")
    (folder / "study.yaml").write_text(dedent(MAPPING).lstrip(), "utf-8")
    result = milkqc.run(folder / "study.yaml", data=folder / "data")
    deliver(result, folder / "out")
    deliver_public(result, folder / "public")
    return folder


@pytest.fixture(scope="module")
def cell(small):
    explainer = Explainer(small / "out")

    def one(participant, visit, variable, table="analysis"):
        (found,) = explainer.explain(participant, visit, variable, table=table)
        return found.cell

    return one


def line(text: str) -> str:
    lines = dedent(MAPPING).lstrip().splitlines()
    return f"study.yaml:{1 + next(place for place, one in enumerate(lines) if text in one)}"


def test_every_cell_of_every_table_is_explained(small):
    explainer = Explainer(small / "out")
    for table in ("analysis", "participants", "visits", "growth", "milk", "biomarkers"):
        for row, column, found in explainer.cells(table):
            assert found.value == row[column]
            assert found.says if found.value is not None else found.because, (table, column)


def test_a_formula_over_lets_of_a_wide_visit_shows_its_numbers(cell):
    found = cell("1", "birth", "weight_kg", table="growth")
    assert found.value == 3.3
    assert found.mapping == line("weight_kg: {do: formula")
    assert found.says.startswith("round(both - mother, 1) = round(63.3 kg - 60 kg, 1) = 3.3 kg")
    both, mother = found.inputs
    assert [(one.column, one.text, one.number) for one in both.sources] == [
        ("W1_b", "63.2", 63.2),
        ("W2_b", "63.4", 63.4),
    ]
    assert (both.mapping, mother.sources[0].column) == (line("both: {from"), "WM_b")


def test_readings_that_are_missing_say_so(cell):
    both = cell("2", "birth", "weight_kg", table="growth").inputs[0]
    assert [(one.text, one.number, one.missing) for one in both.sources] == [
        ("-9", None, "not_done"),
        ("63.0", 63.0, None),
    ]


def test_a_date_that_does_not_exist_is_missing_for_that(cell):
    found = cell("2", "-", "infant_birth_date", table="participants")
    assert (found.value, found.because) == (None, "no_such_date: the formula's date does not exist")
    assert [one.text for one in found.sources] == ["2024", "2", "30"]
    assert found.sources[0].row == 2


def test_a_merged_row_leads_each_cell_to_its_own_file(cell):
    assert cell("1", "-", "site", table="participants").sources[0].file == "again.csv"
    # Both uploads say North, one of them with blanks around it: the text is that of the cell that is named.
    site = cell("1", "-", "site", table="participants").sources[0]
    assert (site.file, site.row, site.text) == ("again.csv", 1, " North ")
    sex = cell("1", "-", "infant_sex", table="participants").sources[0]
    assert (sex.file, sex.row, sex.column, sex.text) == ("wide.csv", 1, "SEX", "m")
    assert cell("3", "-", "site", table="participants").sources[0].file == "more.csv"


def test_an_unreadable_cell_keeps_its_text(cell):
    found = cell("2", "-", "parity", table="participants")
    assert (
        found.because
        == "unreadable: the cell cannot be read as what the column should hold; its text is kept"
    )
    assert found.sources[0].text == "x"


def test_a_linked_cell_leads_to_the_linked_file_and_row(cell):
    taken = cell("1", "month_3", "milk_sample_date").inputs[0]
    assert [(one.file, one.row, one.column, one.text) for one in taken.sources] == [
        ("tubes.csv", 2, "TAKEN", "2024-05-02")
    ]
    key = cell("1", "month_3", "zinc.visit", table="milk")
    assert (key.says, key.sources[0].text, key.sources[0].file) == (
        "the code 'm' means month_3",
        "m",
        "lab.csv",
    )


def test_a_chain_of_links_is_told_hop_by_hop_with_its_cleaning(small, cell):
    (source,) = cell("2", "month_3", "zinc.participant_id", table="milk").sources
    assert (source.file, source.row, source.column, source.text) == ("people.csv", 1, "PID", "2")
    tubes, people = source.via
    assert (tubes.asked, tubes.text, tubes.clean, tubes.cleaned) == (
        "TUBE",
        "T2",
        ("no_spaces", "upper"),
        "T2",
    )
    assert (tubes.to, tubes.found, tubes.file, tubes.row, tubes.mapping) == (
        "CODE", "t2", "tubes.csv", 3, line("tubes: {on:"),
    )  # fmt: skip
    assert (people.asked, people.text, people.clean, people.found, people.file, people.row) == (
        "NO", "02", (), "02", "people.csv", 1,
    )  # fmt: skip
    words = [str(small / "out"), "1", "month_3", "milk_sample_date"]
    told = CliRunner().invoke(command, words).output
    assert (
        f"by link tubes ({line('tubes: {on:')}): TUBE ' t 1' by no_spaces, upper is 'T1'; "
        "found as 'T1' in CODE of tubes.csv, row 2\n"
    ) in told
    (found,) = json.loads(CliRunner().invoke(command, [*words, "--format", "json"]).output)
    (hop,) = found["inputs"][0]["sources"][0]["via"]
    assert (hop["link"], hop["text"], hop["cleaned"], hop["clean"]) == (
        "tubes",
        " t 1",
        "T1",
        ["no_spaces", "upper"],
    )


def test_a_censored_result_says_its_limit(cell):
    found = cell("2", "month_3", "zinc")
    assert found.because == "censored: the result lies below 0.1 mg/L"
    assert cell("2", "month_3", "milk_zinc_limit").value == 0.1


def test_a_column_that_nothing_fills_says_so(cell):
    assert (
        cell("1", "birth", "muac_cm", table="growth").because
        == "not mapped: study.yaml fills no muac_cm for rows of wide"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["01", "birth", "laz"], "analysis has no participant '01'. Did you mean 1?"),
        (["1", "brith", "laz"], "1 has no visit 'brith' in analysis. Did you mean birth?"),
        (["1", "birth", "wieght_kg"], "analysis has no variable 'wieght_kg'. Did you mean weight_kg"),
        (["1", "month_3", "zinx", "--table", "milk"], "milk has no variable 'zinx'. Did you mean zinc?"),
        (["1", "month_3", "zinc", "--table", "milk", "--sample", "T7"], "1 has no sample 'T7' at month_3. Did you mean t 1?"),
        (["1", "birth", "laz", "--table", "grwth"], "there is no table 'grwth'. Did you mean growth"),
        (["1", "birth", "arm"], "The study is blinded: arms are not shown."),
        (["1", "-", "arm", "--table", "participants"], "The study is blinded: arms are not shown."),
    ],
)  # fmt: skip
def test_what_is_not_there_is_answered_with_the_nearest(small, words, message):
    result = CliRunner().invoke(command, [str(small / "out"), *words])
    assert isinstance(result.exception, ExplainError)
    assert str(result.exception).startswith(message)


def test_published_aggregates_have_no_cells(small):
    with pytest.raises(ExplainError, match="published aggregates"):
        Explainer(small / "public")


def test_the_uploads_at_hand_are_compared_with_those_of_the_run(small, tmp_path):
    shutil.copytree(small / "data", tmp_path / "now")
    (tmp_path / "now" / "tubes.csv").write_text("CODE,NO,TAKEN\n")
    (tmp_path / "now" / "lab.csv").unlink()

    def uploads(variable: str, table: str = "milk") -> set[str | None]:
        explainer = Explainer(small / "out", tmp_path / "now")
        (found,) = explainer.explain("1", "month_3", variable, table=table)
        return {source.upload for source in found.cell.sources}

    assert uploads("weight_kg", "growth") | uploads("visit_date", "growth") == {"same"}
    assert uploads("zinc") == {"absent"}
    assert uploads("zinc.sample_date") == {"changed"}
    words = [str(small / "out"), "1", "month_3", "zinc.sample_date", "--table", "milk"]
    told = CliRunner().invoke(command, [*words, "--data", str(tmp_path / "now")]).output
    assert "..., NOT the upload at hand: it has changed since the run), row 2, column TAKEN" in told
    assert "at hand" not in CliRunner().invoke(command, words).output


def test_out_alone_is_enough(small, tmp_path):
    shutil.copytree(small / "out", tmp_path / "moved")
    for name in ("report.html", "report.json", "analysis.csv"):
        (tmp_path / "moved" / name).unlink()
    assert Explainer(tmp_path / "moved").explain("1", "birth", "waz")


@pytest.mark.parametrize("name", ["manifest.json", "lineage/mapping.json", "lineage/growth.parquet"])
def test_an_out_that_is_not_whole_is_refused(small, tmp_path, name):
    shutil.copytree(small / "out", tmp_path / "cut")
    (tmp_path / "cut" / name).write_bytes(b"{")
    with pytest.raises(ExplainError):
        Explainer(tmp_path / "cut").explain("1", "birth", "waz", table="growth")


def test_json_has_findings_and_what_each_rule_said(small):
    result = CliRunner().invoke(
        command, [str(small / "out"), "2", "-", "parity", "--table", "participants", "--format", "json"]
    )
    (told,) = json.loads(result.output)
    assert told["findings"][0]["rule_id"] == "reading.number.unreadable"
    verdicts = {one["rule_id"]: one["verdict"] for one in told["rules"]}
    assert verdicts["reading.number.unreadable"] == "failed"
    assert told["mapping"] == line("columns: {site: SITE, parity: PARITY, arm")


def test_texts_of_several_cells_are_taken_apart_by_the_names_of_their_columns():
    assert split("A=1; B=x; y=2; B2=", ["A", "B", "B2"]) == {"A": "1", "B": "x; y=2", "B2": None}
    assert split(None, ["A"]) == {"A": None}


@given(texts=st.lists(st.text(alphabet="ab;=\\ B1", max_size=8), min_size=1, max_size=4))
def test_any_texts_of_several_cells_are_taken_apart_again(texts):
    names = ["A", "B", "B1", "x y"][: len(texts)]
    parts = [Mapped(None, pl.Series([text]), None, (name,)) for name, text in zip(names, texts, strict=True)]
    (text,) = raw_of(parts)
    assert split(text, names) == {name: text or None for name, text in zip(names, texts, strict=True)}
    # As version 0.1.0 of the lineage wrote it, where nothing needed a mark.
    if not any(";" in one or "\\" in one for one in texts):
        assert text == "; ".join(f"{name}={one}" for name, one in zip(names, texts, strict=True))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("a", "a"), ("a; b", "a; b"), ("a; also: b", "a"), ("a\\; also: b; also: c", "a; also: b"), ("a\\\\; also: b", "a\\"), (None, None)],
)  # fmt: skip
def test_of_merged_texts_the_first_is_the_cells(text, wanted):
    assert ALSO == "; also: "
    assert first(text) == wanted


def test_a_pool_says_that_it_is_one(tmp_path):
    (tmp_path / "manifest.json").write_text('{"milkqc": {}, "pool": []}', encoding="utf-8")
    with pytest.raises(ExplainError, match="is pooled from several runs"):
        Explainer(tmp_path)
