"""docs/oddities.md: every file of the fixtures has a line, and is read as its line says (see "Files" there)."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import polars as pl
import pytest

from milkqc.cells import numbers, source_reason, source_text
from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read
from milkqc.readers.options import Plate

PAGE = (Path(__file__).parents[2] / "docs" / "oddities.md").read_text(encoding="utf-8")
FOLDERS = ("growth", "stata", "spss", "sas", "lab")
LINES = {
    match["file"]: match["gives"]
    for match in re.finditer(
        r"^\| `(?P<file>[a-z]+/[^`]+)` \| [^|]+ \| [^|]+ \| (?P<gives>[^|]+) \|$", PAGE, re.MULTILINE
    )
}
PARTS = re.compile(
    r"refused: `(?P<refused>[^`]+)`|with `(?P<options>[^`]+)`|(?P<rows>[0-9]+) x (?P<columns>[0-9]+)|`(?P<fact>[^`]+)`"
)


def options(text: str) -> ReadOptions:
    asked = json.loads(text)
    plate = asked.pop("plate", None)
    if plate is not None:
        plate = Plate(
            start=tuple(plate.get("start", ())),
            corner=plate.get("corner"),
            beside=tuple(map(tuple, plate.get("beside", ()))),
        )
    if "names" in asked:
        asked["names"] = tuple(asked["names"])
    return ReadOptions(plate=plate, **asked)


def cell(place: str) -> tuple[str, int]:
    name, row = re.fullmatch(r"(.+)\[([0-9]+)\]", place).groups()
    return name, int(row) - 1


def missing(source, name: str, row: int) -> str:
    assert source.table[name][row] is None
    code = source.codes[name][row] if name in source.codes.columns else None
    return " ".join(filter(None, (code, source_reason(source, name)[row])))


def told(source, fact: str) -> str:
    """What the source says in the place of `fact`; equal to it when the page is right."""
    kind, _, rest = fact.partition(" ")
    if kind == "encoding":
        return f"encoding {source.origin.encoding} {source.origin.encoding_basis}"
    if kind == "note":
        return (
            fact
            if any(note.endswith(rest) for note in source.origin.notes)
            else f"note {source.origin.notes}"
        )
    if kind == "zeros":
        return (
            f"zeros {sum(int((column == 0).sum()) for column in source.table if column.dtype.is_numeric())}"
        )
    if kind == "fault":
        name, row = rest.rsplit(" ", 1)
        return (
            f"fault {name} {row}" if [(f.column, f.row) for f in source.faults] == [(name, int(row))] else ""
        )
    if kind == "censored":
        name, row = cell(rest)
        return f"censored {rest}" if numbers(source_text(source, name))["status"][row] == "censored" else ""
    if kind in ("label", "labels", "unit", "type", "range"):
        name = rest.rpartition(" = ")[0]
        variable = source.variable(name)
        said = {
            "label": variable.label,
            "labels": ", ".join(f"{code} {text}" for code, text in variable.value_labels.items()),
            "unit": variable.unit_text,
            "type": str(source.table.schema[name]),
            "range": ", ".join(f"{low:g} {high:g}" for low, high in variable.missing_ranges),
        }[kind]
        return f"{kind} {name} = {said}"
    counted = re.fullmatch(r"[0-9]+ of (.+?) = (.*)", fact)
    if counted:
        name, value = counted.groups()
        return f"{int((source_text(source, name).str.strip_chars() == value).sum())} of {name} = {value}"
    if " missing " in fact:
        place = fact.partition(" missing ")[0]
        return f"{place} missing {missing(source, *cell(place))}"
    place = fact.partition(" = ")[0]
    name, row = cell(place)
    assert source.table[name][row] is not None
    return f"{place} = {source_text(source, name)[row].strip()}"


def test_every_file_of_the_fixtures_has_one_line(shared):
    with (shared / "fixtures" / "SOURCES.csv").open(encoding="utf-8", newline="") as sources:
        files = [row["file"] for row in csv.DictReader(sources)]
    there = [
        path.relative_to(shared / "fixtures").as_posix()
        for f in FOLDERS
        for path in (shared / "fixtures" / f).iterdir()
    ]
    assert sorted(LINES) == sorted(there)
    assert sorted(LINES) == sorted(file for file in files if file.startswith(FOLDERS))
    assert len(re.findall(r"^\| `[a-z]+/", PAGE, re.MULTILINE)) == len(LINES)


@pytest.mark.parametrize("file", sorted(LINES))
def test_a_file_gives_what_its_line_says(shared, file):
    path = shared / "fixtures" / file
    source, asked, facts = None, ReadOptions(), 0
    for part in PARTS.finditer(LINES[file]):
        if part["refused"]:
            with pytest.raises(SourceError) as caught:
                read(path)
            assert str(caught.value).startswith(f"{path.name}: ")
            assert part["refused"] in str(caught.value)
            facts += 1
        elif part["options"]:
            asked = options(part["options"])
        elif part["rows"]:
            source = read(path, asked)
            assert source.table.shape == (int(part["rows"]), int(part["columns"]))
        else:
            assert source is not None
            assert told(source, part["fact"]) == part["fact"]
            facts += 1
    assert facts >= 1


def test_a_line_that_is_wrong_is_found(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("a\n1\n,\n".replace(",", "x"), encoding="utf-8")
    source = read(path)
    assert told(source, "a[1] = 1") == "a[1] = 1"
    assert told(source, "a[1] = 2") != "a[1] = 2"
    assert told(source, "3 of a = x") == "1 of a = x"
    assert told(source, "encoding cp1252 assumed") == "encoding utf-8 assumed"
    assert told(source, "labels a = 1 One") == "labels a = "
    assert told(source, "fault a 1") == ""
    assert told(source, "note nothing") != "note nothing"
    assert isinstance(source.table, pl.DataFrame)
