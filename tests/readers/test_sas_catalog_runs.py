"""A mapping names a SAS catalogue; the run's inputs list it, and a missing one is a fault with its line."""

import shutil

import pytest

from milkqc.errors import MappingFaults
from milkqc.study import open_study

MAPPING = """milkqc: 1
study: S
tables:
  enrol: {file: x.sas7bdat, catalog: CATALOG}
participants:
  from: enrol
  key: {participant_id: x}
unmapped: {}
"""


@pytest.fixture
def study(shared, tmp_path):
    data = tmp_path / "uploads"
    data.mkdir()
    for name, ending in (("x", "sas7bdat"), ("other", "sas7bcat")):
        (source,) = (shared / "fixtures" / "sas").glob(f"*tagged-na.{ending}")
        shutil.copy(source, data / f"{name}.{ending}")

    def opened(catalog):
        mapping = tmp_path / "study.yaml"
        mapping.write_text(MAPPING.replace("CATALOG", catalog))
        return open_study(mapping, data)

    return opened


def test_the_labels_come_from_the_catalogue_and_it_is_an_input(study):
    opened = study("other.sas7bcat")
    (source,) = opened.tables["enrol"].sources
    assert source.variable("x").value_labels == {".a": "Apple", ".z": "Zebra"}
    assert [(origin.file, origin.format) for origin in opened.dictionaries] == [
        ("other.sas7bcat", "sas_catalog")
    ]
    assert opened.dictionaries[0].sha256.startswith("deecd6c4")


def test_a_catalogue_that_is_not_there_is_a_fault(study):
    with pytest.raises(MappingFaults) as error:
        study("none.sas7bcat")
    assert "study.yaml:4 M301 tables.enrol.catalog: no file 'none.sas7bcat' in the data folder." in str(
        error.value
    )


def test_a_catalogue_outside_the_folder_is_a_fault(study):
    with pytest.raises(MappingFaults, match=r"M130 tables.enrol.catalog: the path '../x.sas7bcat' leaves"):
        study("../x.sas7bcat")
