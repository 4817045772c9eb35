"""Real REDCap projects: their logic, what is wrong in them, and the same answer from CSV and from XML."""

from __future__ import annotations

import pytest

from milkqc.checks.dictionary import Export, check
from milkqc.checks.dictionary.fields import fields_of
from milkqc.checks.dictionary.logic import NotEvaluated, parse
from milkqc.readers import ReadOptions, read

CLOCK = {"age": "today depends on the day it was worked out"}
# Folder, its export and dictionary (or XML alone): the expressions that are read, the reasons for the others, and
# the findings by rule. REDCapR's example records are those of a tale, 6 and 7 cm tall.
TALE = {"redcap.range": 4}
PROJECTS = {
    "blank-for-gray-status/dictionary.csv": (0, {}, TALE),
    "blank-for-gray-status/project.xml": (0, {}, TALE),
    "checkboxes-1/dictionary.csv": (0, {}, {}),
    "checkboxes-1/project.xml": (0, {}, {}),
    "clinical-trial-1/dictionary.csv": (0, {}, {}),
    "dag/project.xml": (1, CLOCK, {}),
    "decimal-comma-and-dot/dictionary.csv": (2, {}, {}),
    "decimal-comma-and-dot/metadata.csv": (2, {}, {}),
    "decimal-comma-and-dot/project.xml": (2, {}, {}),
    "longitudinal/dictionary.csv": (4, {}, {}),
    "longitudinal/project.xml": (4, {}, {}),
    "potentially-problematic-values/dictionary.csv": (0, {}, {"redcap.type": 4}),
    "potentially-problematic-values/project.xml": (0, {}, {"redcap.type": 4}),
    "pycap__tests__data__doctest_project.xml": (0, {}, {}),
    "pycap__tests__data__test_long_project.xml": (4, CLOCK, {}),
    "pycap__tests__data__test_simple_project.xml": (1, CLOCK, {}),
    "repeating-instruments/dictionary.csv": (0, {}, {}),
    "repeating-instruments/project.xml": (0, {}, {}),
    # Written by R, which made TRUE and FALSE of the codes 1 and 0.
    "simple/metadata.csv": (1, CLOCK, TALE | {"redcap.choice": 5}),
    # The calculation came after the data, and nobody let it run.
    "simple/project-old.xml": (1, {}, TALE | {"redcap.calculation": 4}),
    "simple/project.xml": (1, {}, TALE),
    "survey/dictionary.csv": (0, {}, {}),
    "survey/project.xml": (0, {}, {}),
    "vignette-repeating/dictionary.csv": (0, {}, {}),
    "vignette-repeating/project.xml": (0, {}, {}),
}


def source_of(shared, name: str):
    path = shared / "fixtures" / "redcap" / name
    if path.suffix == ".xml":
        return read(path, ReadOptions(format="redcap_odm"))
    return read(path.with_name("data.csv"), ReadOptions(format="redcap", dictionary=path))


def counts(checked) -> dict[str, int]:
    return dict(checked.drafts["rule_id"].value_counts().sort("rule_id").iter_rows())


@pytest.mark.parametrize("name", PROJECTS)
def test_a_real_project_gives_what_is_wrong_with_it(shared, name):
    read_, reasons, found = PROJECTS[name]
    source = source_of(shared, name)
    refused, understood = {}, 0
    for field in fields_of(source).values():
        for kind, text in (("truth", field.branching), ("value", field.calculation)):
            if text:
                try:
                    parse(text, kind=kind)
                    understood += 1
                except NotEvaluated as reason:
                    refused[field.name] = str(reason)
    assert (understood, refused) == (read_, reasons)
    checked = check([Export(name, (source,), event_forms=source.event_forms)])
    assert counts(checked) == found
    assert not [row for row in checked.ledger if row.status == "broken"]


def test_every_project_that_can_be_read_is_here(shared):
    folder = shared / "fixtures" / "redcap"
    known = {path.relative_to(folder).as_posix() for path in folder.rglob("*.xml")}
    for kind in ("dictionary.csv", "metadata.csv"):
        known |= {path.relative_to(folder).as_posix() for path in folder.rglob(kind)}
    assert known == set(PROJECTS)


@pytest.mark.parametrize("name", ["decimal-comma-and-dot", "longitudinal", "potentially-problematic-values"])
def test_csv_and_xml_of_a_project_give_the_same_findings(shared, name):
    wanted = ["rule_id", "row_id", "variable", "label", "value", "expected"]
    both = [
        check([Export("t", (source_of(shared, f"{name}/{file}"),))]).drafts.select(wanted).sort(wanted)
        for file in ("dictionary.csv", "project.xml")
    ]
    assert both[0].rows() == both[1].rows()


def test_results_that_redcap_stored_are_worked_out_again(shared):
    source = source_of(shared, "longitudinal/dictionary.csv")
    looked = sum(
        row.looked_at for row in check([Export("t", (source,))]).ledger if row.rule_id == "redcap.calculation"
    )
    assert looked == 6
