"""A project over the API, from a local server that behaves like REDCap, and from one that does not."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, redcap_api, redcap_api_client, redcap_api_project
from milkqc.readers import read as read_file
from milkqc.readers.redcap_api import Project

from .redcap_server import COLUMNS, MAPPING, METADATA, TOKEN, Redcap, rows, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(Redcap(), tmp_path_factory.mktemp("server")) as project:
        yield project


@pytest.fixture
def redcap(server, monkeypatch):
    """The server as new, and no waiting between tries."""
    fresh = Redcap()
    server.records, server.parts, server.misbehave = fresh.records, fresh.parts, fresh.misbehave
    server.asked = []
    monkeypatch.setattr(redcap_api_client, "WAITS", (0.0, 0.0))
    return server


def project(server) -> Project:
    return Project(server.url, "trial")


def fetched(server, **more):
    more = {"token": lambda _name: TOKEN, "ca_bundle": server.authority, **more}
    return redcap_api.answers(project(server), **more)


def told(server, **more) -> str:
    with pytest.raises(SourceError) as caught:
        fetched(server, **more)
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def exported(folder: Path, server) -> Path:
    """The same records as REDCap's own raw CSV with its dictionary."""
    with (folder / "raw.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(server.records)
    (folder / "dictionary.csv").write_text(METADATA)
    return folder / "raw.csv"


@pytest.mark.parametrize("form", ["enrolment", "visit", "samples"])
def test_the_api_gives_the_tables_of_the_raw_export(redcap, tmp_path, form):
    there = redcap_api.read(project(redcap), fetched(redcap), ReadOptions(form=form))
    options = ReadOptions(format="redcap", dictionary=tmp_path / "dictionary.csv", form=form, missing_codes={"-999": "Not asked"})  # fmt: skip
    here = read_file(exported(tmp_path, redcap), options)
    assert there.table.equals(here.table)
    assert there.variables == here.variables
    assert there.reasons.equals(here.reasons)
    assert there.codes.equals(here.codes)


def test_missing_data_codes_events_and_repeats_come_from_the_project(redcap):
    visit = redcap_api.read(project(redcap), fetched(redcap), ReadOptions(form="visit"))
    assert visit.table["weight"].null_count() == 1
    assert visit.reasons["weight"].drop_nulls().to_list() == ["Not asked"]
    assert visit.origin.notes[0] == "REDCap 14.5.1"
    assert visit.origin.file == "redcap_api/trial"
    samples = redcap_api.read(project(redcap), fetched(redcap), ReadOptions(form="samples"))
    assert samples.table["sample"].to_list() == [f"T{k}{i}" for k in range(1, 6) for i in (1, 2)]


def test_identifiers_are_not_even_asked_for(redcap):
    found = fetched(redcap)
    asked = [one for one in redcap.asked if one["content"] == "record"]
    assert all("mother_name" not in one.values() for one in asked)
    assert "Planted" not in found.records.write_csv()
    assert "planted" not in found.records.write_csv()
    assert found.left_out == ("mother_name", "redcap_survey_identifier")
    kept = fetched(redcap, keep_fields=("mother_name",))
    assert kept.records["mother_name"].to_list()[0] == "Planted Name 1"


def test_records_come_in_batches_and_each_request_asks_for_the_record_id(redcap, monkeypatch):
    monkeypatch.setattr(redcap_api_project, "BATCH", 2)
    whole = fetched(redcap).records
    redcap.asked.clear()
    client = redcap_api_client.Client(
        redcap_api.Answered("x"), redcap_api_client.Server(redcap.url, TOKEN, redcap.authority)
    )
    parts = redcap_api_project.fetch(redcap_api.Answered("x"), client, batch=2)
    assert parts.records.equals(whole)
    batches = [one for one in redcap.asked if "records[0]" in one]
    assert [sum(name.startswith("records[") for name in one) for one in batches] == [2, 2, 1]
    assert all(one["fields[0]"] == "record_id" for one in batches)


def test_a_project_without_records_is_a_table_without_rows(redcap):
    redcap.records = []
    source = redcap_api.read(project(redcap), fetched(redcap), ReadOptions(form="visit"))
    assert source.table.height == 0
    assert "weight" in source.table.columns


def test_a_classic_project_refuses_its_events_and_is_read(redcap):
    def classic(asked, _count):
        if asked["content"] in {"event", "formEventMapping", "repeatingFormsEvents"}:
            return 400, "application/json", b'{"error":"You cannot export events for classic projects"}'
        return None

    redcap.misbehave = classic
    redcap.records = [row for row in rows() if row["redcap_event_name"] == "birth_arm_1"]
    assert redcap_api.read(project(redcap), fetched(redcap)).table.height == 5


def only(content: str, status: int, kind: str, body: bytes):
    return lambda asked, _count: (status, kind, body) if asked["content"] == content else None


@pytest.mark.parametrize(
    ("content", "status", "body", "what"),
    [
        ("project", 200, b"<!DOCTYPE html><html><body>Log in</body></html>",
         "redcap_api/trial: answers project with a web page, not with data (HTTP 200). Give the address of the API (it "
         "ends in /api/), and check that it can be reached without a login."),
        ("project", 200, b'{"project_id": 7, "missing_data',
         "redcap_api/trial: answers project with JSON that is cut or broken (31 bytes, text/plain). Try again; if it "
         "stays, ask REDCap's administrator."),
        ("record", 200, b"error: The value of the parameter is not valid\n",
         "redcap_api/trial: refuses the list of records (HTTP 200): The value of the parameter is not valid. Ask "
         "REDCap's administrator what the message means."),
        ("metadata", 403, b'{"error":"You do not have permissions to use the API, token ' + TOKEN.encode() + b'"}',
         "redcap_api/trial: refuses metadata (HTTP 403): You do not have permissions to use the API, token (token). "
         "Check the token, and that its user has the right to export by API."),
        ("metadata", 400, b'{"error":"no"}',
         "redcap_api/trial: refuses metadata (HTTP 400): no. Ask REDCap's administrator what the message means."),
        ("metadata", 302, b"",
         "redcap_api/trial: sends requests on to another address (HTTP 302). Give the address of the API itself, which "
         "ends in /api/."),
        ("record", 200, b'record_id,weight\n1,"3.',
         "redcap_api/trial: answers the list of records with a table that is cut or broken. Try again; the server may "
         "have run out of time."),
        ("metadata", 200, b"field_name,form_name\nrecord_id,a\n",
         "redcap_api/trial: is no REDCap data dictionary: it has no column field_type, field_label, "
         "select_choices_or_calculations. Download it under Project Setup, Data Dictionary."),
    ],
)  # fmt: skip
def test_a_strange_answer_is_named_without_the_token(redcap, content, status, body, what):
    redcap.misbehave = only(content, status, "text/plain", body)
    assert told(redcap) == what


def test_a_busy_server_is_asked_again_and_then_given_up(redcap):
    redcap.misbehave = lambda asked, count: (503, "text/plain", b"busy") if count < 3 else None
    assert fetched(redcap).records.height == 20
    redcap.misbehave = lambda asked, count: (503, "text/plain", b"busy")
    assert told(redcap).startswith("redcap_api/trial: refuses project (HTTP 503): HTTP 503.")


def test_nobody_there_is_said_after_several_tries(redcap):
    nowhere = Project("https://localhost:9/api/", "trial")
    with pytest.raises(SourceError) as caught:
        redcap_api.answers(nowhere, token=lambda _name: TOKEN, ca_bundle=redcap.authority)
    assert str(caught.value) == (
        "redcap_api/trial: did not answer (ConnectionError) in 3 tries. "
        "Check the address and the network, and try again later."
    )


def test_a_server_that_does_not_answer_in_time_is_given_up(redcap, monkeypatch):
    monkeypatch.setattr(redcap_api_client, "_ANSWER", 0.2)

    def slow(_asked, _count):
        time.sleep(1)

    redcap.misbehave = slow
    assert told(redcap) == (
        "redcap_api/trial: did not answer (time-out) in 3 tries. "
        "Check the address and the network, and try again later."
    )


def test_a_certificate_that_nobody_trusts_stops_before_anything_is_sent(redcap):
    assert told(redcap, ca_bundle=None).startswith("redcap_api/trial: its certificate is not trusted.")
    assert redcap.asked == []


def test_records_that_change_while_they_are_fetched_stop_the_run(redcap):
    def vanishing(asked, _count):
        if asked["content"] == "record" and "records[0]" in asked:
            redcap.records = redcap.records[:-4]
        return

    redcap.misbehave = vanishing
    assert told(redcap) == (
        "redcap_api/trial: answers records 1 to 5 with 1 records missing and 0 that were not asked for. "
        "Records changed while they were fetched: try again."
    )


def test_an_address_without_encryption_and_a_missing_token_are_refused(redcap):
    with pytest.raises(SourceError, match="does not begin with https://"):
        redcap_api.answers(Project("http://localhost/api/", "trial"), token=lambda _name: TOKEN)
    assert told(redcap, token=lambda _name: "") == (
        "redcap_api/trial: there is no token for it. Set the environment variable MILKQC_REDCAP_TOKEN_TRIAL, or store "
        "it in the keyring under `milkqc` and `trial`."
    )


def test_the_token_comes_from_the_environment_else_from_the_keyring(redcap, monkeypatch):
    import keyring

    monkeypatch.setenv("MILKQC_REDCAP_TOKEN_TRIAL", TOKEN)
    assert redcap_api.answers(project(redcap), ca_bundle=redcap.authority).records.height == 20
    monkeypatch.delenv("MILKQC_REDCAP_TOKEN_TRIAL")
    monkeypatch.setattr(
        keyring, "get_password", lambda service, name: {("milkqc", "trial"): TOKEN}.get((service, name))
    )
    assert redcap_api.answers(project(redcap), ca_bundle=redcap.authority).records.height == 20


def test_what_was_fetched_is_kept_with_its_hash_and_read_offline(redcap, tmp_path):
    online = fetched(redcap, cache=tmp_path)
    redcap.asked.clear()
    offline = redcap_api.answers(project(redcap), cache=tmp_path, offline=True)
    assert redcap.asked == []
    assert offline.records.equals(online.records)
    assert (
        redcap_api.export(project(redcap), offline).origin
        == redcap_api.export(project(redcap), online).origin
    )
    everything = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert not {word for word in ("Planted", "planted", TOKEN) if word in everything}


def test_a_cache_that_was_changed_or_is_not_whole_is_refused(redcap, tmp_path):
    fetched(redcap, cache=tmp_path)
    records = tmp_path / "trial" / "records.csv"
    records.write_text(records.read_text().replace("3.1", "3.2"))
    assert told(redcap, cache=tmp_path, offline=True) == (
        "redcap_api/trial: its cache is damaged or was changed by hand. Fetch it again without --offline; hashes must "
        "agree."
    )
    (tmp_path / "trial" / "fetched.json").unlink()
    assert "was not fetched into this cache" in told(redcap, cache=tmp_path, offline=True)
    assert "without a cache" in told(redcap, offline=True)


def test_the_cache_of_another_server_is_not_read(redcap, tmp_path):
    fetched(redcap, cache=tmp_path)
    with pytest.raises(SourceError, match="its cache was fetched from another address"):
        redcap_api.answers(Project("https://other.example/api/", "trial"), cache=tmp_path, offline=True)


def test_a_field_that_the_mapping_keeps_cannot_come_from_a_cache_without_it(redcap, tmp_path):
    fetched(redcap, cache=tmp_path)
    assert "the cache was made without mother_name" in told(
        redcap, cache=tmp_path, offline=True, keep_fields=("mother_name",)
    )


def test_a_record_id_that_identifies_is_kept_on_purpose_or_not_fetched(redcap):
    redcap.parts["metadata"] = METADATA.replace("record_id,enrolment,,text,Record,,,,,,,", "record_id,enrolment,,text,Record,,,,,,y,")  # fmt: skip
    assert "its record id record_id is flagged as an identifier" in told(redcap)
    assert fetched(redcap, keep_fields=("record_id",)).records.height == 20


def test_missing_data_codes_that_nobody_can_read_are_asked_for(redcap):
    redcap.parts["project"] = json.dumps({"missing_data_codes": "-999 not asked"})
    with pytest.raises(SourceError, match="its missing-data codes cannot be read"):
        redcap_api.read(project(redcap), fetched(redcap))


def test_a_form_that_the_event_list_does_not_know_stays_structural(redcap):
    redcap.parts["formEventMapping"] = MAPPING
    enrolment = redcap_api.read(project(redcap), fetched(redcap), ReadOptions(form="enrolment"))
    assert enrolment.table.height == 5
