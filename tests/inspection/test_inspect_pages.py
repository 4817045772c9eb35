"""The page for a person and the JSON for a machine."""

from __future__ import annotations

import json
import re
import sys
from importlib import resources

import jsonschema
import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from milkqc.cli import commands, main
from milkqc.errors import SourceError
from milkqc.inspection import Choice, as_json, inspect, page
from milkqc.inspection.facts import KINDS
from milkqc.inspection.page import SCREEN
from milkqc.readers import ReadOptions


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(
        (resources.files("milkqc.inspection") / "inspect.schema.json").read_text(encoding="utf-8")
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults(validator, text):
    """Every way in which `text` is not what the schema promises of its kind."""
    return [f"{list(each.absolute_path)}: {each.message}" for each in validator.iter_errors(json.loads(text))]


def wide(folder, columns=90, rows=30):
    names = [f"variable_number_{n}" for n in range(columns)]
    lines = [",".join(names), *(",".join(str((n + r) % 7) for n in range(columns)) for r in range(rows)), ",".join(["999"] * columns)]  # fmt: skip
    path = folder / "wide.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_schema_knows_every_kind_of_remark(validator):
    assert tuple(validator.schema["$defs"]["remark"]["properties"]["kind"]["enum"]) == KINDS


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_page_is_a_screen_however_wide_the_table(tmp_path, width):
    found = inspect(wide(tmp_path))
    lines = page(found, width=width).splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= width
    assert any(re.search(r"\.\.\. [0-9]+ more columns: --all shows them", line) for line in lines)
    assert any(re.search(r"\.\.\. [0-9]+ more to look at: --all shows them", line) for line in lines)
    whole = page(found, width=width, whole=True)
    assert all(f"variable_number_{n}" in whole for n in range(90))
    assert max(map(len, whole.splitlines())) <= width


def test_a_terminal_is_not_steered_by_what_a_file_says(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("a\x1b[2Jb,c\u202ed\nx\x1b]0;y,1\nx\x1b]0;y,1\n", encoding="utf-8")
    said = page(inspect(path), width=100, whole=True)
    assert "\x1b" not in said
    assert "\u202e" not in said


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\x00"\r\n,;\t|'), max_size=8) | st.sampled_from(
    ["1", "2.5", "<0.5", "NA", ".", "999", "-9", "01/02/2024", "2024-01-01", "1-Mar", "Amina Juma", "a@b.org", "4,009", ""]
)  # fmt: skip


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_any_table_has_a_page_and_json_of_the_promised_shape(tmp_path_factory, validator, rows):
    path = tmp_path_factory.mktemp("any") / "f.csv"
    path.write_text("a,b\n" + "".join(f'"{a}","{b}"\n' for a, b in rows), encoding="utf-8")
    try:
        found = inspect(path, ReadOptions(delimiter=","))
    except SourceError:
        return
    assert faults(validator, as_json(found)) == []
    assert len(page(found, width=80).splitlines()) <= SCREEN
    for column in found.columns:
        assert column.filled + column.missing == found.rows
        assert sum(value.cells for value in column.values) <= column.filled
        assert sum(gap.cells for gap in column.gaps) == column.missing


def test_a_range_that_is_open_at_an_end_is_json_too(tmp_path, validator):
    path = tmp_path / "f.sav"
    ranges = {"low": [{"lo": -sys.float_info.max, "hi": -1}], "high": [{"lo": 98, "hi": sys.float_info.max}]}
    pyreadstat.write_sav(
        pd.DataFrame({"low": [-5.0, 2], "high": [3.0, 99]}), str(path), missing_ranges=ranges
    )
    told = as_json(inspect(path))
    assert faults(validator, told) == []
    assert [column["missing_ranges"] for column in json.loads(told)["columns"]] == [
        [[None, -1]],
        [[98, None]],
    ]


def test_a_number_in_a_format_of_time_says_what_it_counts(tmp_path):
    frame = pd.DataFrame({"asked": [768.0, 769], "slept": [3600.0, 90000], "weight": [2.5, 3]})
    pyreadstat.write_dta(frame, str(tmp_path / "f.dta"), variable_format={"asked": "%tm"})
    pyreadstat.write_sav(frame, str(tmp_path / "f.sav"), variable_format={"slept": "DTIME12"})
    stata, spss = (page(inspect(tmp_path / name), width=120) for name in ("f.dta", "f.sav"))
    assert "768 to 769, median 768.5; months since January 1960 (%tm); all different" in stata
    assert "3600 to 90000, median 46800; seconds (DTIME12); all different" in spss
    assert (stata + spss).count("since") + (stata + spss).count("seconds") == 2


def run(*arguments):
    return CliRunner().invoke(commands, ["inspect", *map(str, arguments)], env={"COLUMNS": "100"})


def test_the_command_prints_the_page_or_json_and_nothing_else(tmp_path, validator):
    path = wide(tmp_path, columns=3)
    done = run(path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == page(inspect(path), width=100)
    done = run(path, "--json")
    assert faults(validator, done.stdout) == []
    assert done.stdout == as_json(inspect(path))
    assert run(path, "--all").stdout == page(inspect(path), width=100, whole=True)


def test_options_reach_the_reader(tmp_path):
    path = tmp_path / "f.data"
    path.write_bytes("made by\nname_of_site|größe\nx|1\n".encode("cp1252"))
    done = run(
        path, "--format", "csv", "--delimiter", "|", "--header-row", 2, "--encoding", "cp1252", "--json"
    )
    told = json.loads(done.stdout)
    assert [column["name"] for column in told["columns"]] == ["name_of_site", "größe"]
    assert told["file"]["encoding_basis"] == "option"


def test_rows_plates_and_limits_are_options_too(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("made by a machine\nname,zinc\n,mg/L\nA,1\nB,2\nend\nC,3\n", encoding="utf-8")
    done = run(
        path,
        "--header-row",
        2,
        "--unit-row",
        3,
        "--until",
        "end",
        "--reader-seconds",
        5,
        "--reader-memory",
        512,
        "--json",
    )
    told = json.loads(done.stdout)
    assert told["rows"] == 2
    assert [column["unit"] for column in told["columns"]] == ["", "mg/L"]
    done = run(path, "--header-row", "2,x")
    assert done.exit_code == 2
    assert "rows are numbers from 1" in done.stderr
    assert "3,4 for a header of two rows" in done.stderr


def test_a_plate_grid_is_inspected_as_a_list(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "f.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Abs", *range(1, 13)])
        for row in range(8):
            sheet.write_row(row + 1, 0, ["ABCDEFGH"[row], *(row + n / 10 for n in range(12))])
    for option, value in (("--plate", "B2"), ("--plate-corner", "Abs")):
        told = json.loads(run(tmp_path / "f.xlsx", option, value, "--json").stdout)
        assert told["rows"] == 96
        assert "well" in [column["name"] for column in told["columns"]]


def test_a_file_that_cannot_be_read_is_exit_code_2_with_the_reader_s_message(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["milkqc", "inspect", str(tmp_path / "nothing.dta")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "nothing.dta: there is no such file. Check the name and the data folder.\n"


def test_a_workbook_with_several_sheets_lists_them(tmp_path, validator):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "f.xlsx") as book:
        for name in ("About", "Results"):
            book.add_worksheet(name).write_column(0, 0, ["x", 1, 2])
        hidden = book.add_worksheet("Old")
        hidden.write(0, 0, "y")
        hidden.hide()
    found = inspect(tmp_path / "f.xlsx")
    assert isinstance(found, Choice)
    assert faults(validator, as_json(found)) == []
    assert page(found, width=80).splitlines()[0] == "f.xlsx: 3 sheets. Choose one with --sheet NAME."
    assert page(found, width=80).splitlines()[-1] == "  'Old': 1 row, 1 column, hidden"
    chosen = inspect(tmp_path / "f.xlsx", ReadOptions(sheet="Results"))
    assert [column.name for column in chosen.columns] == ["x"]


def test_every_real_file_is_inspected(shared, validator):
    looked = 0
    for folder in ("growth", "stata", "spss", "sas", "lab"):
        for path in sorted((shared / "fixtures" / folder).iterdir()):
            try:
                found = inspect(path)
            except SourceError:
                continue
            looked += 1
            assert faults(validator, as_json(found)) == [], path.name
            assert len(page(found, width=100).splitlines()) <= SCREEN, path.name
    assert looked >= 35
