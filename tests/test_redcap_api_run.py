"""A REDCap project over the API through the command line: fetched once, kept, rerun offline, and nothing told."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import polars as pl
import pytest

from milkqc.cli import main
from milkqc.readers import redcap_api_client

from .readers.redcap_server import METADATA, TOKEN, Redcap, rows, serving

MAPPING = """milkqc: 1
study: api
mae: {authority: IOM, basis: milk_concentration, set: [iodine]}
tables:
  enrol: {format: redcap_api, url: "URL", project: trial, form: enrolment}
  visit: {format: redcap_api, url: "URL", project: trial, form: visit}
  tubes: {format: redcap_api, url: "URL", project: trial, form: samples}
participants:
  from: enrol
  key: {participant_id: record_id}
  columns: {infant_sex: {from: sex, codes: {"1": female, "2": male}}}
growth:
  from: visit
  key: {participant_id: record_id, visit: {from: redcap_event_name, codes: {birth_arm_1: birth, month_3_arm_1: month_3}}}
  columns: {weight_kg: {from: weight, unit: kg}}
  extra: {fever: {from: symptoms___1, type: boolean, codes: {"1": "true", "0": "false"}}}
visits:
  from: tubes
  key: {participant_id: record_id, visit: {from: [redcap_event_name, redcap_repeat_instance], do: join, separator: "/"}}
  extra: {tube: {from: sample, type: text}}
unmapped: {enrol: ["*"], visit: ["*"], tubes: ["*"]}
"""
RECORDS = 12
SECRETS = (TOKEN, "Planted", "planted")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(Redcap(), tmp_path_factory.mktemp("server")) as project:
        yield project


@pytest.fixture
def redcap(server, monkeypatch):
    """The server as new, its certificate and token as a user declares them, and no waiting between tries."""
    fresh = Redcap(records=rows(RECORDS))
    server.records, server.parts, server.misbehave, server.asked = (
        fresh.records,
        fresh.parts,
        fresh.misbehave,
        [],
    )
    monkeypatch.setattr(redcap_api_client, "WAITS", (0.0, 0.0))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))
    monkeypatch.setenv("MILKQC_REDCAP_TOKEN_TRIAL", TOKEN)
    return server


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, redcap):
    """`run(*options, mapping=, out=)`: exit code, everything printed, OUT; nothing of it may hold a secret."""
    data, cache = tmp_path / "data", tmp_path / "cache"
    data.mkdir()

    def make(*options: str, mapping: str = MAPPING, out: str = "out") -> tuple[int, str, Path]:
        (tmp_path / "study.yaml").write_text(mapping.replace("URL", redcap.url), encoding="utf-8")
        words = ["run", tmp_path / "study.yaml", "--data", data, "--out", tmp_path / out, *options]
        monkeypatch.setenv("MILKQC_DEBUG", "1")
        monkeypatch.setattr(sys, "argv", ["milkqc", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        told = said.out + said.err
        for secret in SECRETS:
            assert secret not in told
            holding = [
                path.name
                for path in tmp_path.rglob("*")
                if path.is_file() and secret.encode() in path.read_bytes()
            ]
            assert holding == []
        return int(stopped.value.code or 0), told, tmp_path / out

    make.cache = cache
    yield make
    logging.getLogger("milkqc").handlers.clear()  # it wrote to a stream that pytest has closed


def written(out: Path) -> dict[str, bytes]:
    """Every file of OUT but the manifest, which holds the one time stamp, by name."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def harmonised(out: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(out / "harmonized" / f"{name}.parquet")


def test_three_forms_of_a_project_become_tables_and_are_fetched_once(run, redcap):
    code, said, out = run()
    assert code == 0, said
    asked = [one["content"] for one in redcap.asked]
    assert sorted(asked) == sorted(
        [
            "project",
            "metadata",
            "event",
            "formEventMapping",
            "repeatingFormsEvents",
            "version",
            "record",
            "record",
        ]
    )
    assert harmonised(out, "participants")["infant_sex"].to_list()[:2] == ["male", "female"]
    growth = harmonised(out, "growth").select("row_id", "weight_kg", "x_fever")
    assert growth.rows()[:4] == [
        ("001|birth", 3.1, False),
        ("001|month_3", 6.1, True),
        ("002|birth", 3.2, False),
        ("002|month_3", None, True),  # -999, which the project declares
    ]
    assert harmonised(out, "visits").height == 2 * RECORDS
    inputs = json.loads((out / "manifest.json").read_text("utf-8"))["inputs"]
    assert {one["file"] for one in inputs} == {"redcap_api/trial"}


def test_a_rerun_offline_from_the_cache_gives_the_same_bytes_and_asks_nobody(run, redcap):
    code, said, first = run("--cache", run.cache)
    assert code == 0, said
    redcap.asked = []
    redcap.misbehave = lambda _asked, _count: (500, "text/plain", b"gone")
    code, said, second = run("--cache", run.cache, "--offline", out="again")
    assert code == 0, said
    assert redcap.asked == []
    assert len(written(first)) > 20
    assert written(second) == written(first)
    assert {path.name for path in (run.cache / "trial").iterdir()} >= {
        "records.csv",
        "fetched.json",
        "metadata.csv",
    }


def test_offline_needs_no_token(run, monkeypatch):
    code, said, _ = run("--cache", run.cache)
    assert code == 0, said
    monkeypatch.delenv("MILKQC_REDCAP_TOKEN_TRIAL")
    code, said, _ = run("--cache", run.cache, "--offline", out="again")
    assert code == 0, said


def test_a_finding_of_the_dictionary_stands_at_the_harmonised_row(run, redcap):
    heavy = next(row for row in redcap.records if row["record_id"] == "003" and row["weight"] == "6.3")
    heavy["weight"] = "63"
    code, said, out = run("--fail-on", "warning")
    assert code == 1, said
    found = pl.read_csv(out / "findings.csv").filter(pl.col("rule_id") == "redcap.range")
    assert found.select("row_id", "variable", "value", "source_file").rows() == [
        ("003|month_3", "weight", 63, "redcap_api/trial")
    ]


def test_an_identifier_kept_on_purpose_is_fetched_for_all_tables_and_the_survey_identifier_is_not(
    run, redcap
):
    for row in redcap.records:
        row["mother_name"] = row["mother_name"] and "kept"
    extra = "\n  extra: {mother: {from: mother_name, type: text, identifier: keep}}\ngrowth:"
    code, said, out = run(mapping=MAPPING.replace("\ngrowth:", extra))
    assert code == 0, said
    assert set(harmonised(out, "participants")["x_mother"]) == {"kept"}
    batches = [one for one in redcap.asked if "records[0]" in one]
    assert len(batches) == 1
    assert "mother_name" in batches[0].values()


FAULTS = [
    ({"misbehave": lambda _asked, _count: (200, "text/html", b"<html>Log in " + TOKEN.encode() + b"</html>")},
     "M302 tables.enrol.url: redcap_api/trial: answers project with a web page, not with data (HTTP 200)."),
    ({"misbehave": lambda asked, _count: (403, "application/json", b'{"error":"no rights, ' + TOKEN.encode() + b'"}')},
     "M302 tables.enrol.url: redcap_api/trial: refuses project (HTTP 403): no rights, (token)."),
    ({"misbehave": lambda asked, _count: (200, "text/csv", b'record_id\n"Planted') if asked["content"] == "record" else None},
     "M302 tables.enrol.url: redcap_api/trial: answers the list of records with a table that is cut or broken."),
    ({"parts": {"metadata": METADATA.replace("sex,enrolment", "sex,enrolment", 1).replace("1, Girl", "Girl")}},
     "M302 tables.enrol.url: redcap_api/trial: fields that cannot be read: field 3: sex (form enrolment): 'Girl' is not `code, label`."),
    ({"records": [rows(1)[0], rows(1)[0]]},
     "M302 tables.enrol.url: redcap_api/trial: rows have the same record_id, redcap_event_name, redcap_repeat_instrument, redcap_repeat_instance: lines 1 and 2 (form enrolment, visit)."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=["login page", "403", "cut", "choices", "keys"])
def test_a_strange_answer_ends_the_run_with_2_and_out_untouched(run, redcap, change, message):
    for name, value in change.items():
        setattr(redcap, name, {**redcap.parts, **value} if name == "parts" else value)
    code, said, out = run()
    assert code == 2
    assert message in said
    assert not out.exists()


def test_a_missing_token_an_unknown_authority_and_an_empty_cache_are_told(run, redcap, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    code, said, _ = run()
    assert (code, "redcap_api/trial: its certificate is not trusted." in said) == (2, True)
    assert redcap.asked == []
    monkeypatch.delenv("MILKQC_REDCAP_TOKEN_TRIAL")
    code, said, _ = run()
    assert code == 2
    assert "there is no token for it. Set the environment variable MILKQC_REDCAP_TOKEN_TRIAL" in said
    code, said, _ = run("--cache", run.cache, "--offline")
    assert code == 2
    assert (
        "was not fetched into this cache, or not to the end. Run once with --cache and without --offline."
        in said
    )


def test_a_project_that_cannot_be_had_is_one_fault_however_many_tables_it_has(run, redcap):
    redcap.misbehave = lambda _asked, _count: (403, "application/json", b'{"error":"no"}')
    code, said, _ = run()
    assert code == 2
    assert said.count("refuses project (HTTP 403)") == 1
    assert len(redcap.asked) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('url: "URL", project: trial, form: enrolment', "project: trial, form: enrolment", "study.yaml:5 M111 tables.enrol: the key `url` is missing. Add `url:`, the address of the API."),
        ('project: trial, form: enrolment', "form: enrolment", "study.yaml:5 M111 tables.enrol: the key `project` is missing. Add `project:`, a name of your own for the project."),
        ('project: trial, form: enrolment', "project: ../trial, form: enrolment", "study.yaml:5 M113 tables.enrol.project: this cannot name a project. Use letters, digits, dash and underscore."),
        ('url: "URL", project: trial, form: enrolment', 'url: "http://redcap.example/api/", project: trial, form: enrolment', "study.yaml:5 M123 tables.enrol.url: the address does not begin with https://. A token must travel encrypted."),
        ('project: trial, form: enrolment', "project: trial, file: x.csv, form: enrolment", "study.yaml:5 M123 tables.enrol.file: a project on a server has no file. Take `file` out."),
        ('{format: redcap_api, url: "URL", project: trial, form: enrolment}', '{file: x.csv, url: "URL"}', "study.yaml:5 M123 tables.enrol.url: `url` is for `format: redcap_api`. Say so, or take it out."),
        ('{format: redcap_api, url: "URL", project: trial, form: enrolment}', '{file: x.csv, project: trial}', "study.yaml:5 M123 tables.enrol.project: `project` is for `format: redcap_api`. Say so, or take it out."),
        ('{format: redcap_api, url: "URL", project: trial, form: enrolment}', "{form: enrolment}", "study.yaml:5 M111 tables.enrol: the key `file` is missing. Add `file:`."),
    ],
)  # fmt: skip
def test_a_table_is_a_file_or_a_project_and_both_are_checked_before_anybody_is_asked(
    run, redcap, old, new, message
):
    assert old in MAPPING
    code, said, out = run(mapping=MAPPING.replace(old, new, 1))
    assert code == 2
    assert message in said
    assert redcap.asked == []
    assert not out.exists()
