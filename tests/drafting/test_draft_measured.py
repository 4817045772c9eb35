"""The draft of the demo against the mapping that people wrote: most columns right, and nothing wrong that looks sure."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from milkqc.demo import write_uploads
from milkqc.drafting import draft
from milkqc.drafting.synonyms import terms
from milkqc.mapping.lint import lint
from milkqc.mapping.load import load, loads
from milkqc.units.tables import rows

ROOT = Path(__file__).parents[2]


def _measure():
    spec = importlib.util.spec_from_file_location("draft_measure", ROOT / "benchmarks" / "draft_measure.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["draft_measure"] = module
    spec.loader.exec_module(module)
    return module


measure = _measure()


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_uploads(folder)
    return folder


@pytest.fixture(scope="module")
def made(demo):
    return draft([demo / "uploads"])


@pytest.fixture(scope="module")
def columns(demo, made):
    names = {name: str(table.file) for name, table in load(demo / "mapping.yaml").mapping.tables.items()}
    return measure.compared([demo / "uploads"], measure.truth_of(demo / "mapping.yaml", names), made)


def test_nine_columns_in_ten_of_the_demo_are_right(columns):
    figures = measure.figures(columns)
    assert figures["columns"] > 100
    assert figures["right"] >= 0.9 * figures["columns"]
    assert figures["both the same"] >= 0.9 * figures["mapped by people"]


def test_no_column_of_the_demo_is_wrong_without_being_called_unsure(columns):
    assert [one for one in columns if one.verdict in {"wrong", "partly"}] == []


def test_the_measure_sees_a_wrong_unit_a_wrong_code_and_a_wrong_variable(demo, columns):
    text = (demo / "mapping.yaml").read_text(encoding="utf-8")
    names = {name: str(table.file) for name, table in load(demo / "mapping.yaml").mapping.tables.items()}
    for old, new, column in (
        ("{from: WEIGHT_G, unit: g}", "{from: WEIGHT_G, unit: kg}", "WEIGHT_G"),
        ('"2": predominant, "3": partial', '"2": partial, "3": predominant', "feeding"),
        ("parity: {from: PARITY}", "plurality: {from: PARITY}", "PARITY"),
    ):
        assert text.count(old) == 1
        changed = demo / "changed.yaml"
        body = text.replace(old, new)
        changed.write_text(
            body.replace("    plurality: {from: PLURAL}\n", "") if column == "PARITY" else body,
            encoding="utf-8",
        )
        truth = measure.truth_of(changed, names)
        wrong = {one.column for one in columns if truth.get((one.file, one.column), frozenset()) != one.said}
        assert column in wrong


def test_the_draft_of_the_demo_is_a_mapping_without_faults(made):
    assert lint(loads(made.text)).faults == []


def test_nothing_of_the_demo_is_in_the_table_of_words():
    """A term that only the demo has would be no knowledge of studies: its labels are no terms but milkqc's own."""
    from milkqc.demo import labels

    own = {term.term.casefold() for term in terms() if term.source in {"data dictionary", "analytes"}}
    listed = {row["term"].casefold() for row in rows("synonyms.csv")} - own
    said = {
        text.casefold()
        for name in dir(labels)
        if isinstance(value := getattr(labels, name), dict)
        for text in value.values()
        if isinstance(text, str)
    }
    assert {text for text in said & listed if len(text.split()) > 3} <= {"date of the visit"}


@pytest.mark.parametrize(("mapping", "file", "table"), [("cpp.yaml", "cpp.dta", "cpp"), ("smart_survey.yaml", "smart_raw_anthro1.csv", "children"), ("syngrowth.yaml", "syngrowth_u5.csv", "records")])  # fmt: skip
def test_real_growth_files_are_drafted_without_a_wrong_column(shared, mapping, file, table):
    truth = measure.truth_of(ROOT / "mappings" / mapping, {table: file})
    found = measure.compared([shared / "fixtures/growth" / file], truth)
    assert [one for one in found if one.verdict == "wrong"] == []
    assert any(one.verdict == "right" and one.truth for one in found)


def test_invented_studies_in_six_languages_are_drafted_without_a_wrong_column(tmp_path):
    """Files as nobody here wrote them before: each draft is a mapping without faults, and says nothing wrong."""
    spec = importlib.util.spec_from_file_location("draft_heldout", ROOT / "benchmarks" / "draft_heldout.py")
    heldout = importlib.util.module_from_spec(spec)
    sys.modules["draft_heldout"] = heldout
    spec.loader.exec_module(heldout)
    everything = []
    for name, (write, truth) in heldout.STUDIES.items():
        (folder := tmp_path / name).mkdir()
        write(folder)
        (tmp_path / f"{name}.yaml").write_text(truth, encoding="utf-8")
        made = draft([folder], study=name)
        assert lint(loads(made.text)).faults == []
        files = {
            table: str(one.file) for table, one in load(tmp_path / f"{name}.yaml").mapping.tables.items()
        }
        everything += measure.compared([folder], measure.truth_of(tmp_path / f"{name}.yaml", files), made)
    assert [one for one in everything if one.verdict in {"wrong", "partly"}] == []
    assert measure.figures(everything)["recall"] >= 0.9


def test_files_of_which_nothing_is_known_are_a_mapping_too(tmp_path):
    (tmp_path / "odd.csv").write_text("qqx,zzv\n3,u\n4,w\n", encoding="utf-8")
    made = draft([tmp_path], study="odd")
    assert lint(loads(made.text)).faults == []
    assert "nothing of these files is known" in made.text
