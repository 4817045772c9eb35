"""The demo's REDCap project comes to the same visits as raw CSV, as labelled CSV, as ODM XML and over the API."""

from __future__ import annotations

import csv
import re
from importlib import resources

import pytest

import milkqc
from milkqc.demo import write_uploads
from milkqc.demo.redcap_exports import labelled, odm
from milkqc.readers import ReadOptions, read, redcap_api
from milkqc.readers.files import File
from milkqc.readers.redcap_dictionary import read_dictionary
from milkqc.readers.redcap_odm import project

from ..readers.redcap_server import TOKEN, Redcap, serving

RAW = "{file: redcap.csv, format: redcap, dictionary: redcap_dictionary.csv}"
FORMS = {
    "raw": RAW,
    "labels": "{file: redcap_labels.csv, format: redcap_labels, dictionary: redcap_dictionary.csv}",
    "odm": "{file: redcap.xml}",
    "api": '{format: redcap_api, url: "URL", project: demo}',
}


def mapping_of(table: str) -> str:
    """The demo's own mapping of its REDCap project, and nothing else of it."""
    text = resources.files("milkqc.demo").joinpath("mapping.yaml").read_text("utf-8")
    visits = re.search(r"^visits:\n(?:  .*\n)+", text, re.MULTILINE)
    unmapped = re.search(r"^  redcap: \[redcap_repeat_instance.*\]$", text, re.MULTILINE)
    missing = re.search(r"^missing: .*$", text, re.MULTILINE)
    assert visits
    assert unmapped
    assert missing
    return f"milkqc: 1\nstudy: demo\n{missing[0]}\ntables:\n  redcap: {table}\n{visits[0]}unmapped:\n{unmapped[0]}\n"


@pytest.fixture(scope="module")
def uploads(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    write_uploads(folder)
    data = folder / "uploads"
    fields = read_dictionary(File.of(data / "redcap_dictionary.csv"))
    with (data / "redcap.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    (data / "redcap_labels.csv").write_text(labelled(fields, list(rows[0]), rows), encoding="utf-8")
    (data / "redcap.xml").write_text("".join(odm(fields, list(rows[0]), rows)), encoding="utf-8")
    return data


@pytest.fixture(scope="module")
def server(uploads, tmp_path_factory):
    """The same project on a server: its dictionary by the API's names, which form each event has, what repeats."""
    with (uploads / "redcap.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    xml = project(File.of(uploads / "redcap.xml")).structure
    held = [f"1,{event},{form}" for event, forms in xml.event_forms.items() for form in sorted(forms)]
    again = [f"{event},{form}," for event, form in sorted(xml.repeating)]
    dictionary = (uploads / "redcap_dictionary.csv").read_text("utf-8-sig")
    parts = {
        "project": '{"project_id": 1, "missing_data_codes": ""}',
        "metadata": dictionary,
        "event": "event_name,arm_num,unique_event_name\n",
        "formEventMapping": "\n".join(["arm_num,unique_event_name,form", *held]) + "\n",
        "repeatingFormsEvents": "\n".join(["event_name,form_name,custom_form_label", *again]) + "\n",
        "version": "14.7.3",
    }
    with serving(Redcap(records=rows, parts=parts), tmp_path_factory.mktemp("server")) as redcap:
        yield redcap


@pytest.fixture(scope="module")
def results(uploads, server, tmp_path_factory):
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))
        patch.setenv("MILKQC_REDCAP_TOKEN_DEMO", TOKEN)
        for name, table in FORMS.items():
            path = tmp_path_factory.mktemp(name) / "study.yaml"
            path.write_text(mapping_of(table.replace("URL", server.url)), encoding="utf-8")
            found[name] = milkqc.run(path, data=uploads)
    return found


@pytest.mark.parametrize("form", ["labels", "odm", "api"])
def test_the_visits_are_those_of_the_raw_export(results, form):
    raw, other = results["raw"].visits, results[form].visits
    assert raw.height > 300
    assert other.drop("source_file", strict=False).equals(raw.drop("source_file", strict=False))
    lineage = results[form].lineage["visits"]
    assert lineage.drop("source_file").equals(results["raw"].lineage["visits"].drop("source_file"))


@pytest.mark.parametrize("form", ["labels", "odm", "api"])
def test_the_findings_are_those_of_the_raw_export(results, form):
    def ids(name):
        return results[name].findings["finding_id"].to_list()

    assert ids(form) == ids("raw")


def test_the_cells_are_equal_one_by_one(uploads, server):
    raw = read(
        uploads / "redcap.csv", ReadOptions(format="redcap", dictionary=uploads / "redcap_dictionary.csv")
    )
    odm_ = read(uploads / "redcap.xml")
    assert odm_.table.equals(raw.table)
    assert odm_.codes.equals(raw.codes)
    assert odm_.variables == raw.variables
    assert odm_.dropped == raw.dropped == ("mother_name", "mother_phone")
    there = redcap_api.Project(server.url, "demo")
    found = redcap_api.answers(there, token=lambda _name: TOKEN, ca_bundle=server.authority)
    api = redcap_api.read(there, found)
    assert api.table.equals(raw.table)
    assert api.codes.equals(raw.codes)
    assert api.reasons.equals(odm_.reasons)
    assert api.variables == raw.variables
    assert found.left_out == raw.dropped


def test_every_form_of_the_export_holds_the_identifiers_that_are_dropped(uploads, results):
    for name in ("redcap.csv", "redcap_labels.csv", "redcap.xml"):
        assert "Simulata Nomen-001" in (uploads / name).read_text("utf-8")
    for result in results.values():
        for table in (result.visits, result.findings, *result.lineage.values()):
            assert "Simulata" not in str(table.to_dicts())
