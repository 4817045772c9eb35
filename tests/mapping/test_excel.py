"""A mapping as a workbook and back: nothing is lost, a stale or foreign workbook is refused, faults name their cell."""

from __future__ import annotations

import re
import shutil
import zipfile

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from tests.mapping.generated import Maker
from tests.mapping.libreoffice import in_libreoffice
from tests.mapping.test_fmt import SHIPPED
from tests.mapping.workbooks import column_of, edit
from tests.mapping.written import Writer, data, texts

from milkqc.cli import commands
from milkqc.errors import MappingFaults
from milkqc.mapping.excel.cells import place_read, place_shown, shown, valued
from milkqc.mapping.excel.read import from_excel
from milkqc.mapping.excel.sheets import apart, sheets
from milkqc.mapping.excel.together import Together
from milkqc.mapping.excel.write import to_excel
from milkqc.mapping.form import formatted
from milkqc.mapping.form.parse import parsed
from milkqc.mapping.form.places import fields
from milkqc.mapping.form.render import rendered
from milkqc.mapping.form.tree import tree_of
from milkqc.mapping.language import Block, Mapping
from milkqc.mapping.load import loads

QUICK = {
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
}
BASE = """\
# A study.
milkqc: 1
study: t
missing: {"-9": not_done}

tables:
  g: {file: g.csv}

growth:
  from: g
  key: {participant_id: ID, visit: {from: V, codes: {"no": birth, "012": month_3}}}
  columns:
    # by the clinic's scale
    weight_kg: {from: W, unit: kg}
    length_cm: {from: [L1, L2], do: mean_of, unit: cm}  # two of them

unmapped:
  g: [NOTE]
"""


def whole(rows, base):
    """The rows as a workbook numbers them, without the paths they came from."""
    for line, row in enumerate(rows, start=2):
        row.line, row.path = line, ()
    together = Together(base)
    text = rendered(together.tree(rows))
    assert together.problems == []
    return text


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_mapping_comes_back_byte_for_byte(path, tmp_path):
    text = path.read_text(encoding="utf-8")
    to_excel(text, tmp_path / "m.xlsx", name=path.name)
    assert from_excel(tmp_path / "m.xlsx", text, name=path.name) == text


@settings(max_examples=20, **QUICK)
@given(st.integers(0, 2**32))
def test_any_mapping_comes_back_from_its_rows_byte_for_byte_with_its_comments(seed):
    writer = Writer(seed)
    text = formatted(writer.text(Maker(seed).mapping()))
    try:
        loads(text)
    except MappingFaults:
        assume(False)
    tree = parsed(text, name="m")
    assert whole(apart(tree), tree) == text


@settings(max_examples=3, **QUICK)
@given(st.integers(0, 2**32))
def test_any_mapping_comes_back_from_its_workbook_byte_for_byte(tmp_path_factory, seed):
    text = formatted(Writer(seed).text(Maker(seed, 0.2).mapping()))
    try:
        loads(text)
    except MappingFaults:
        assume(False)
    book = tmp_path_factory.mktemp("x") / "m.xlsx"
    to_excel(text, book, name="m.yaml")
    assert from_excel(book, text, name="m.yaml") == text


@settings(max_examples=40, **QUICK)
@given(data)
def test_any_value_is_a_cell_and_the_same_value_again(value):
    cell = shown(tree_of(value))
    assert valued(f" {cell} ").data() == value


@settings(max_examples=40, **QUICK)
@given(st.lists(texts, min_size=1, max_size=3), st.integers(0, 40), texts)
def test_any_place_is_text_and_the_same_place_again(words, number, word):
    path = (*words, number, word)
    assert place_read(place_shown(path)) == path


def test_every_key_of_the_language_has_a_place():
    shown_keys = {name for sheet in sheets() for name in (sheet.name, *sheet.columns)}
    # Those without a sheet or column of their own stand in `study`, place by place.
    plain = {"milkqc", "study", "title", "simulated", "mae", "analysis", "unblinded", "preterm_age", "study_start",
             "data_cutoff", "analytes_file", "decisions", "golden"}  # fmt: skip
    blocks = {name for name, info in fields(Mapping).items() if "Block" in str(info.annotation)}
    known = shown_keys | plain | blocks
    unknown = set(fields(Mapping)) - known
    text = formatted(
        "milkqc: 1\nstudy: t\ntables: {}\n" + "".join(f"{key}: {{a: b}}\n" for key in sorted(unknown))
    )
    tree = parsed(text, name="m")
    assert whole(apart(tree), tree) == text
    assert set(fields(Block)) - shown_keys <= {"key", "let", "columns", "extra", "compare", "analytes"}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "m.xlsx"
    to_excel(BASE, path, name="m.yaml")
    return path


def test_a_changed_unit_a_new_variable_and_a_removed_row(book, tmp_path):
    changes = {
        ("variables", 4, "unit"): "g",
        ("variables", 5, "remove"): "x",
        ("variables", 6, "block"): "growth",
        ("variables", 6, "section"): "columns",
        ("variables", 6, "name"): "muac_cm",
        ("variables", 6, "from"): "MUAC",
        ("variables", 6, "unit"): "mm",
        ("codes", 4, "of"): "growth.key.visit.codes",
        ("codes", 4, "code"): "12:30",
        ("codes", 4, "meaning"): "month_6",
        ("unmapped", 3, "table"): "g",
        ("unmapped", 3, "column"): "=cmd|' /C calc'!A0",
    }
    new = from_excel(edit(book, tmp_path / "e.xlsx", changes), BASE, name="m.yaml")
    assert new == BASE.replace("unit: kg", "unit: g").replace(
        "    length_cm: {from: [L1, L2], do: mean_of, unit: cm}  # two of them\n",
        "    muac_cm: {from: MUAC, unit: mm}\n",
    ).replace('"012": month_3}', '"012": month_3, "12:30": month_6}').replace(
        "[NOTE]", "[NOTE, =cmd|' /C calc'!A0]"
    )


def test_numbers_that_a_spreadsheet_made_are_text_again_and_dates_are_refused(book, tmp_path):
    number = {("missing", 3, "of"): "missing", ("missing", 3, "code"): '<c r="REF"><v>-8</v></c>', ("missing", 3, "reason"): "refused"}  # fmt: skip
    assert '{"-9": not_done, "-8": refused}' in from_excel(
        edit(book, tmp_path / "n.xlsx", number), BASE, name="m.yaml"
    )


@pytest.mark.parametrize(
    ("cell", "value", "message"),
    [
        (("variables", 4, "unit"), "{by: P", "M504 sheet variables, row 4, column unit: it cannot be read: this is not YAML"),
        (("variables", 4, "do"), "convrt", "M112 sheet variables, row 4, column do: 'convrt' is not one of the words allowed here. Did you mean convert?"),
        (("variables", 4, "more"), "{unti: kg}", "M110 sheet variables, row 4, column more: the key 'unti' is not known here. Did you mean unit?"),
        (("variables", 4, "section"), "colums", "M504 sheet variables, row 4, column block: 'colums' is no section of a block"),
        (("variables", 5, "name"), "weight_kg", "M504 sheet variables, row 5: growth.columns.weight_kg stands already in row 4 of variables."),
        (("tables", 2, "header_row"), "third", "M113 sheet tables, row 2, column header_row: 'third' does not fit here."),
        (("codes", 9, "code"), "7", "M504 sheet codes, row 9, column of: the cell of is empty."),
        (("study", 2, "value"), "2", "M107 sheet study, row 2, column value: format version '2' is not known."),
    ],
)  # fmt: skip
def test_a_fault_names_sheet_row_and_column(book, tmp_path, cell, value, message):
    with pytest.raises(MappingFaults) as raised:
        from_excel(edit(book, tmp_path / "f.xlsx", {cell: value}), BASE, name="m.yaml")
    assert f"f.xlsx {message}" in str(raised.value)


def test_a_stale_workbook_is_refused_with_what_changed_on_both_sides(book, tmp_path):
    now = BASE.replace("unit: kg", "unit: lb").replace("[NOTE]", "[NOTE, X]")
    path = tmp_path / "m.yaml"
    path.write_text(now, encoding="utf-8")
    edited = edit(book, tmp_path / "e.xlsx", {("variables", 4, "unit"): "g", ("tables", 2, "file"): "h.csv"})
    result = CliRunner().invoke(commands, ["mapping", "from-excel", str(edited), str(path)])
    assert (
        str(result.exception)
        == """\
e.xlsx M503: m.yaml has changed since the workbook was made.
Since then in m.yaml:
  growth.columns.weight_kg.unit: kg -> lb
  unmapped.g: [NOTE] -> [NOTE, X]
In the workbook:
  tables.g.file: g.csv -> h.csv
  growth.columns.weight_kg.unit: kg -> g
Changed in both: growth.columns.weight_kg.unit.
Write the workbook anew with `milkqc mapping to-excel`, and make the workbook's changes there again."""
    )
    assert path.read_text(encoding="utf-8") == now


def test_a_workbook_of_another_mapping_or_of_nothing_is_refused(book, tmp_path):
    with pytest.raises(
        MappingFaults, match=r"M502: the workbook is of the study 't', and m\.yaml is of 'u'\."
    ):
        from_excel(book, BASE.replace("study: t", "study: u"), name="m.yaml")
    with pytest.raises(
        MappingFaults, match=r"g\.xlsx M501: it cannot be opened: no such file or directory\."
    ):
        from_excel(tmp_path / "g.xlsx", BASE, name="m.yaml")
    damaged = tmp_path / "d.xlsx"
    damaged.write_bytes(book.read_bytes()[:3000])
    with pytest.raises(
        MappingFaults, match=r"d\.xlsx M501: it is not a workbook \(\.xlsx\), or it is damaged\."
    ):
        from_excel(damaged, BASE, name="m.yaml")
    import xlsxwriter

    with xlsxwriter.Workbook(str(tmp_path / "o.xlsx")) as other:
        other.add_worksheet("variables")
    with pytest.raises(MappingFaults, match=r"o\.xlsx M501: it is not a workbook of a mapping"):
        from_excel(tmp_path / "o.xlsx", BASE, name="m.yaml")


def test_no_cell_is_a_formula_or_a_link_and_ids_are_locked(tmp_path):
    text = formatted(
        "milkqc: 1\nstudy: t\ntitle: =HYPERLINK(1)\ntables: {g: {file: g.csv}}\ngrowth: {from: g, key: {visit: V}}\nmissing: {'=1+1': x, '@a': y}\n"
    )
    to_excel(text, tmp_path / "m.xlsx", name="m.yaml")
    with zipfile.ZipFile(tmp_path / "m.xlsx") as parts:
        sheets_ = {name: parts.read(name).decode() for name in parts.namelist() if "worksheets/sheet" in name}
    assert not any("<f>" in xml for xml in sheets_.values())
    assert sum("<sheetProtection" in xml for xml in sheets_.values()) == len(sheets()) + 1
    assert sum("<dataValidation " in xml for xml in sheets_.values()) >= 8
    first = (tmp_path / "m.xlsx").read_bytes()
    to_excel(text, tmp_path / "m.xlsx", name="m.yaml")
    assert (tmp_path / "m.xlsx").read_bytes() == first


@pytest.fixture(scope="module")
def libreoffice(book, tmp_path_factory):
    """Workbooks edited in one start of LibreOffice: with what is right, and each thing that is wrong."""
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice (soffice) is not installed")
    return in_libreoffice(book, tmp_path_factory.mktemp("home"), {"right": RIGHT, **{name: [edit] for name, (edit, _) in WRONG.items()}})  # fmt: skip


RIGHT = [
    ("variables", 4, "unit", "text", "g"),
    *(("variables", 6, column, "text", text) for column, text in {"block": "growth", "section": "columns", "name": "muac_cm", "from": "MUAC", "unit": "mm"}.items()),
    # A whole row taken out, and a code typed as the number 1 in a cell that is no text.
    *(("codes", 4, column, "text", text) for column, text in {"of": "growth.key.visit.codes", "meaning": "month_6"}.items()),
    ("codes", 4, "code", "number", "1"),
    ("unmapped", 2, "column", "text", "REMARK"),
    ("variables", 5, "block", "deleted", ""),
]  # fmt: skip
WRONG = {
    "date": (("codes", 3, "code", "date", "45413"), "M504 sheet codes, row 3, column code: the spreadsheet made a date or a time of it"),
    "formula": (("variables", 4, "from", "formula", '="W"'), "M504 sheet variables, row 4, column from: a formula stands there"),
    "unit": (("variables", 4, "unit", "text", "stones"), "M201 sheet variables, row 4, column unit: 'stones' is not a unit that milkqc knows."),
    "gone": (("variables", 3, "block", "deleted", ""), "M504 sheet codes, row 2, column of: growth.key.visit stands in no row of variables"),
}  # fmt: skip


def test_a_workbook_edited_and_saved_by_libreoffice_comes_back_right(libreoffice):
    assert from_excel(libreoffice["right"], BASE, name="m.yaml") == BASE.replace("unit: kg", "unit: g").replace(
        "    length_cm: {from: [L1, L2], do: mean_of, unit: cm}  # two of them\n",
        "    muac_cm: {from: MUAC, unit: mm}\n",
    ).replace('"012": month_3}', '"012": month_3, "1": month_6}').replace("[NOTE]", "[REMARK]")  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_went_wrong_in_libreoffice_is_told_by_sheet_row_and_column(libreoffice, name):
    with pytest.raises(MappingFaults) as raised:
        from_excel(libreoffice[name], BASE, name="m.yaml")
    assert WRONG[name][1] in str(raised.value)


def test_a_removed_item_of_a_list_leaves_faults_at_their_own_rows(tmp_path):
    text = formatted(BASE.replace("growth:\n  from: g", "growth:\n  - from: g").replace("\n  key:", "\n    key:").replace("\n  columns:", "\n    columns:").replace("\n    # by", "\n      # by").replace("\n    weight", "\n      weight").replace("\n    length", "\n      length").replace("\nunmapped:", "  - from: g\n    key: {participant_id: ID, visit: V}\n    columns:\n      muac_cm: {from: M, unit: cm}\n\nunmapped:"))  # fmt: skip
    to_excel(text, tmp_path / "m.xlsx", name="m.yaml")
    changes = {("blocks", 2, "remove"): "x", ("variables", 8, "unit"): "kg"}
    with pytest.raises(
        MappingFaults, match="M207 sheet variables, row 8, column unit: cannot convert muac_cm"
    ):
        from_excel(edit(tmp_path / "m.xlsx", tmp_path / "e.xlsx", changes), text, name="m.yaml")


def test_what_was_wrong_before_hinders_no_edit(tmp_path):
    text = BASE.replace("unit: kg", "unit: stones")
    to_excel(text, tmp_path / "m.xlsx", name="m.yaml")
    changed = edit(tmp_path / "m.xlsx", tmp_path / "e.xlsx", {("variables", 5, "unit"): "mm"})
    assert from_excel(changed, text, name="m.yaml") == text.replace("unit: cm", "unit: mm")


def test_columns_that_a_study_does_not_use_are_hidden_and_every_header_says_what_it_is(book):
    with zipfile.ZipFile(book) as parts:
        variables = parts.read("xl/worksheets/sheet5.xml").decode()
        notes = parts.read("xl/comments4.xml").decode()
        read_me = parts.read("xl/sharedStrings.xml").decode()
    hidden = re.findall(r'<col min="(\d+)" max="(\d+)"[^>]* hidden="1"', variables)
    names = [name for name in sheets()[3].header() if any(int(a) <= column_of(book, "variables", name) <= int(b) for a, b in hidden)]  # fmt: skip
    assert {"otherwise", "separator", "max_difference", "tolerance"} <= set(names)
    assert not {"from", "unit", "do", "format", "more", "comment above"} & set(names)
    assert "The unit in the FILE, never that of the result." in notes
    (paper,) = re.findall("<pageSetup [^>]*>", variables)
    assert 'paperSize="9"' in paper
    assert 'orientation="landscape"' in paper
    assert 'fitToHeight="0"' in paper
    assert '<pane xSplit="' in variables
    assert "1.  Change what is wrong." in read_me
    # Explanations stand beside the ids and are never read back.
    assert "Weight, kg" in read_me
