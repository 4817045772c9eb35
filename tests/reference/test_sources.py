"""Every published figure has a source, and is the file that the source describes."""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources

import pytest

DATA = resources.files("milkqc") / "reference" / "data"
SOURCES = tomllib.loads((DATA / "SOURCES.toml").read_text("utf-8"))


def test_every_file_has_an_entry_and_every_entry_a_file():
    files = {entry.name for entry in DATA.iterdir() if entry.is_file()} - {"SOURCES.toml"}
    assert files == set(SOURCES)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_checksum_is_that_of_the_file(name):
    assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == SOURCES[name]["sha256"]


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_an_entry_says_what_whose_when_and_under_which_licence(name):
    assert set(SOURCES[name]) == {"title", "publisher", "date", "licence", "note", "sha256"}
    assert all(SOURCES[name].values())


@pytest.mark.parametrize("name", ["who_lms.csv.gz", "intergrowth_newborn_size.csv"])
def test_a_growth_table_is_the_one_that_was_handed_over(name, shared):
    assert (DATA / name).read_bytes() == (shared / "reference" / name).read_bytes()
