"""A dictionary as checks: each fault seeded into small tables is found with its message, and clean tables are silent."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from milkqc.checks.dictionary import SEVERITY, Mapped, check
from milkqc.checks.dictionary.found import MOST_ROWS
from milkqc.messages import catalogue

FIELDS = {
    "id": {"form": "enrol"},
    "sex": {"form": "enrol", "field_type": "radio", "label": "Sex", "choices": {"1": "Male", "2a": "Female"}},
    "weight": {
        "form": "enrol", "label": "<b>Weight</b> of the<br>mother", "validation": "number_1dp", "minimum": "35", "maximum": "140",
        "required": "y",
    },
    "height": {"form": "enrol", "label": "Height", "validation": "integer", "minimum": "130"},
    "bmi": {"form": "enrol", "field_type": "calc", "label": "BMI", "calculation": "round([weight]*10000/([height])^(2), 1)"},
    "births": {"form": "enrol", "label": "Births", "validation": "integer", "branching": "[sex] = '2a'", "required": "y"},
    "consent": {"form": "enrol", "label": "Consent", "validation": "date_dmy", "minimum": "2024-01-01"},
    "race": {"form": "enrol", "field_type": "checkbox", "label": "Race", "required": "y"},
}  # fmt: skip
CLEAN = {
    "id": ["1", "2", "3"],
    "sex": ["1", "2a", ""],
    "weight": ["62.5", "140", ""],
    "height": ["168", "+170", ""],
    "bmi": ["22.1", "48.4", ""],
    "births": ["", "2", ""],
    "consent": ["2024-01-05", "2024-02-29", ""],
    "race___1": ["1", "0", "0"],
    "race___2": ["0", "1", "0"],
    "enrol_complete": ["2", "0", "0"],
}


def changed(**cells):
    """CLEAN with the cell of one record changed, column by column: `weight=(0, "abc")`."""
    columns = {name: list(values) for name, values in CLEAN.items()}
    for name, (row, text) in cells.items():
        columns[name][row] = text
    return columns


def found(checked) -> list[tuple]:
    return checked.drafts.select("rule_id", "variable", "row_id", "value", "expected").rows()


def ledger(checked, rule_id: str, variable: str):
    return next(row for row in checked.ledger if (row.rule_id, row.variable) == (rule_id, variable))


def test_clean_data_are_silent_and_counted(redcap):
    checked = check([redcap(CLEAN, FIELDS)])
    assert checked.drafts.is_empty()
    assert {(row.rule_id, row.variable, row.looked_at) for row in checked.ledger if row.status == "ran"} == {
        ("redcap.key.unique", "enrol", 3),
        ("redcap.choice", "enrol", 2 + 3 * 2 + 3),
        ("redcap.type", "enrol", 2 + 2 + 2 + 1 + 2),
        ("redcap.range", "enrol", 2 + 2 + 2),
        ("redcap.branching", "enrol", 1),
        ("redcap.required", "enrol", 2 + 1 + 2),
        ("redcap.calculation", "enrol", 2),
    }  # fmt: skip
    assert {row.engine for row in checked.ledger} == {"rules"}


@pytest.mark.parametrize(
    ("cells", "rule_id", "variable", "value", "message"),
    [
        ({"weight": (0, "heavy"), "bmi": (0, "")}, "redcap.type", "weight", "heavy",
         "Weight of the mother: heavy is not a number with a decimal point and at most 1 decimal place. Validation does not look back, so it was entered earlier or imported. Correct it in REDCap."),
        ({"weight": (0, "62,5"), "bmi": (0, "")}, "redcap.type", "weight", "62,5",
         "Weight of the mother: 62,5 is not a number with a decimal point and at most 1 decimal place. Validation does not look back, so it was entered earlier or imported. Correct it in REDCap."),
        ({"consent": (1, "2024-02-30")}, "redcap.type", "consent", "2024-02-30",
         "Consent: 2024-02-30 is not a date as YYYY-MM-DD. Validation does not look back, so it was entered earlier or imported. Correct it in REDCap."),
        ({"consent": (1, "2023-12-31")}, "redcap.range", "consent", "2023-12-31",
         "Consent: 2023-12-31 is outside at least 2024-01-01, the limits of its field. REDCap only warns on entry: confirm or correct it."),
        ({"sex": (0, "3")}, "redcap.choice", "sex", "3",
         "Sex: 3 is not one of 1, 2a. Choices were changed after entry, or it was imported. Correct it in REDCap."),
        ({"weight": (0, "14"), "bmi": (0, "5.0")}, "redcap.range", "weight", "14",
         "Weight of the mother: 14 is outside 35 to 140, the limits of its field. REDCap only warns on entry: confirm or correct it."),
        ({"weight": (0, ""), "bmi": (0, "")}, "redcap.required", "weight", None,
         "Weight of the mother is required and blank, though its form was filled in. Complete it, or enter a missing-data code."),
        ({"births": (1, "")}, "redcap.required", "births", None,
         "Births is required and blank, though its form was filled in. Complete it, or enter a missing-data code."),
        ({"race___2": (1, "0")}, "redcap.required", "race", None,
         "Race is required and blank, though its form was filled in. Complete it, or enter a missing-data code."),
        ({"births": (0, "1")}, "redcap.branching", "births", "1",
         "Births: 1 stands in a field that its branching logic hides here. One of the two is wrong: check the fields that it depends on."),
        ({"bmi": (0, "23.1")}, "redcap.calculation", "bmi", "23.1",
         "BMI: REDCap stored 23.1, the calculation now gives 22.1. A field it depends on was changed: recalculate (data quality rule H)."),
        ({"bmi": (0, "")}, "redcap.calculation", "bmi", "",
         "BMI: REDCap stored nothing, the calculation now gives 22.1. A field it depends on was changed: recalculate (data quality rule H)."),
    ],
)  # fmt: skip
def test_a_seeded_fault_is_found_with_its_message(redcap, cells, rule_id, variable, value, message):
    checked = check([redcap(changed(**cells), FIELDS)])
    (row,) = checked.drafts.rows(named=True)
    assert (row["rule_id"], row["variable"], row["value"] or None, row["severity"]) == (
        rule_id,
        variable,
        value or None,
        "warning",
    )
    assert row["message"] == message
    at = next(iter(cells.values()))[0]
    assert (row["table"], row["row_id"], row["source_file"], row["source_row"]) == (
        "export",
        CLEAN["id"][at],
        "data.csv",
        at + 1,
    )
    assert row["source_column"].split("___")[0] == variable
    told = ledger(checked, rule_id, "enrol")
    assert (told.status, told.failed, told.findings, told.table) == ("ran", 1, 1, "export")


def test_a_result_that_should_be_blank_is_told(redcap):
    columns = changed(bmi=(2, "22.1"))
    assert found(check([redcap(columns, FIELDS)])) == [("redcap.calculation", "bmi", "3", "22.1", "blank")]


def test_a_form_nobody_touched_lacks_nothing(redcap):
    columns = changed(bmi=(2, ""), enrol_complete=(2, "1"))
    rules = [row[:3] for row in found(check([redcap(columns, FIELDS)]))]
    assert rules == [("redcap.required", "weight", "3"), ("redcap.required", "race", "3")]


def test_missing_data_codes_are_decisions_and_no_faults(redcap):
    columns = changed(weight=(0, "-99"), bmi=(0, ""), births=(0, "NK"))
    assert found(check([redcap(columns, FIELDS, codes={"weight": ["-99"], "births": ["NK"]})])) == []
    # A code that only the mapping knows is a number to REDCap, which therefore had something to work out.
    declared = redcap(columns, FIELDS, missing={"weight": frozenset({"-99"}), "births": frozenset({"NK"})})
    assert [row[0] for row in found(check([declared]))] == ["redcap.calculation"]


def test_one_cause_is_one_finding_where_a_field_fails_in_most_rows(redcap):
    n = MOST_ROWS + 5
    columns = {"id": [str(place) for place in range(n)], "height": ["tall"] * (n - 3) + ["150"] * 3}
    (row,) = check([redcap(columns, {name: FIELDS[name] for name in columns})]).drafts.rows(named=True)
    assert (row["rule_id"], row["row_id"], row["n_rows"], row["value"]) == ("redcap.type", "*", n - 3, None)
    assert (row["source_file"], row["source_row"], row["source_column"]) == ("data.csv", 1, "height")
    assert row["message"] == (
        f"Height: {n - 3} of {n} values are not a whole number. Is the dictionary of the same date as the export?"
    )


def test_logic_outside_the_subset_is_never_false(redcap):
    fields = {
        **FIELDS,
        "births": {**FIELDS["births"], "branching": "contains([sex], '2')"},
        "height": {**FIELDS["height"], "branching": "contains([sex], '2')"},
        "bmi": {**FIELDS["bmi"], "calculation": "datediff([consent], 'today', 'y')"},
        "consent": {**FIELDS["consent"], "branching": "[gone] = '1'", "minimum": "today"},
    }
    checked = check([redcap(changed(births=(0, "7")), fields, dropped=("gone",))])
    assert checked.drafts.is_empty()
    told = {(row.rule_id, row.variable): row.why for row in checked.ledger if row.status == "not_applicable"}
    assert told == {
        ("redcap.branching", "height"): "Not evaluated for height, births: the function contains is not in the subset.",
        ("redcap.required", "births"): "Not evaluated for births: the function contains is not in the subset.",
        ("redcap.calculation", "bmi"): "Not evaluated for bmi: today depends on the day it was worked out.",
        ("redcap.branching", "consent"): "Not evaluated for consent: it refers to [gone], which was dropped as an identifier.",
        ("redcap.range", "consent"): "Not evaluated for consent: its minimum cannot be read as a date as YYYY-MM-DD, or depends on the day or on other fields.",
    }  # fmt: skip


@pytest.mark.parametrize("logic", ["(" * 9_000 + "1=1" + ")" * 9_000, "[sex]='1' or " * 90_000 + "1=1"])
def test_monstrous_logic_is_a_reason_and_no_error(redcap, logic):
    fields = {**FIELDS, "births": {**FIELDS["births"], "branching": logic}}
    checked = check([redcap(changed(births=(0, "7")), fields)])
    assert checked.drafts.is_empty()
    assert {row.status for row in checked.ledger} == {"ran", "not_applicable"}
    assert len(ledger(checked, "redcap.branching", "births").why) < 120


def test_a_value_a_person_can_be_known_by_is_not_shown(redcap):
    fields = {"id": {}, "mail": {"label": "Mail", "validation": "email"}, "nick": {"label": "Nick", "validation": "alpha_only", "identifier": True}}  # fmt: skip
    checked = check([redcap({"id": ["1"], "mail": ["anna at home"], "nick": ["anna2"]}, fields)])
    assert found(checked) == [
        ("redcap.type", "mail", "1", None, "an e-mail address"),
        ("redcap.type", "nick", "1", None, "letters only"),
    ]
    assert "anna" not in str(checked)
    assert checked.drafts["message"][0].startswith("Mail: The value is not an e-mail address.")


LONG = {
    "id": ["7", "7", "7", "7", "8"],
    "redcap_event_name": ["birth_arm_1", "month_3_arm_1", "month_3_arm_1", "month_3_arm_1", "birth_arm_1"],
    "redcap_repeat_instrument": ["", "", "milk", "milk", ""],
    "redcap_repeat_instance": ["", "", "1", "2", ""],
    "fed": ["1", "0", "", "", "1"],
    "why": ["", "ill", "", "", ""],
    "later": ["", "yes", "", "", ""],
    "tube": ["", "", "T1", "T2", ""],
    "volume": ["", "", "5", "", ""],
}
LONG_FIELDS = {
    "id": {"form": "visit"},
    "fed": {"form": "visit", "field_type": "yesno", "choices": {"1": "Yes", "0": "No"}},
    "why": {"form": "visit", "branching": "[fed] = '0'"},
    "later": {"form": "visit", "branching": "[birth_arm_1][fed] = '1'"},
    "tube": {"form": "milk", "branching": "[fed] = '0'"},
    "volume": {"form": "milk", "required": "y", "branching": "[tube] <> '' and [month_3_arm_1][fed] = '0'"},
}
EVENTS = {"birth_arm_1": frozenset({"visit"}), "month_3_arm_1": frozenset({"visit", "milk"})}


def long(**cells):
    columns = {name: list(values) for name, values in LONG.items()}
    for name, (row, text) in cells.items():
        columns[name][row] = text
    return columns


def test_references_lead_to_other_events_and_from_repeating_forms_to_the_plain_row(redcap):
    checked = check([redcap(LONG, LONG_FIELDS, event_forms=EVENTS)])
    assert found(checked) == [
        ("redcap.required", "volume", "7|month_3_arm_1|milk|2", None, "a value, or a missing-data code")
    ]
    checked = check([redcap(long(fed=(1, "1")), LONG_FIELDS, event_forms=EVENTS)])
    assert [row[:3] for row in found(checked)] == [
        ("redcap.branching", "why", "7|month_3_arm_1"),
        ("redcap.branching", "tube", "7|month_3_arm_1|milk|1"),
        ("redcap.branching", "tube", "7|month_3_arm_1|milk|2"),
        ("redcap.branching", "volume", "7|month_3_arm_1|milk|1"),
    ]
    checked = check([redcap(long(fed=(0, "0")), LONG_FIELDS, event_forms=EVENTS)])
    assert (
        "redcap.branching",
        "later",
        "7|month_3_arm_1",
        "yes",
        "blank unless [birth_arm_1][fed] = '1'",
    ) in found(checked)


def test_which_instance_of_a_repeating_form_is_meant_is_not_known(redcap):
    fields = {**LONG_FIELDS, "why": {"form": "visit", "branching": "[tube] = 'T1'"}}
    checked = check([redcap(LONG, fields, event_forms=EVENTS)])
    told = ledger(checked, "redcap.branching", "visit")
    assert not [row for row in found(checked) if row[1] == "why"]
    assert (told.looked_at, told.not_judged) == (1, 1)


def test_a_form_in_an_event_that_does_not_have_it_is_one_finding_for_its_row(redcap):
    checked = check([redcap(long(tube=(4, "T9"), volume=(4, "3")), LONG_FIELDS, event_forms=EVENTS)])
    (row,) = checked.drafts.filter(pl.col("rule_id") == "redcap.outside_event").rows(named=True)
    assert (row["variable"], row["row_id"], row["source_column"]) == ("milk", "8|birth_arm_1", "tube; volume")
    assert row["message"] == (
        "Form milk holds data (tube; volume); expected is nothing in birth_arm_1. The event lost this form after entry, "
        "or data were imported. Decide where they belong."
    )


def test_a_form_in_the_row_of_a_repeating_one_is_found_without_a_list_of_events(redcap):
    checked = check([redcap(long(why=(2, "ill")), LONG_FIELDS)])
    outside = [row for row in found(checked) if row[0] == "redcap.outside_event"]
    assert outside == [
        ("redcap.outside_event", "visit", "7|month_3_arm_1|milk|1", "why", "nothing in a row of milk")
    ]
    assert ledger(checked, "redcap.outside_event", "visit").status in ("ran", "not_applicable")
    assert [row.why for row in checked.ledger if row.rule_id == "redcap.outside_event" and row.status == "not_applicable"] == [
        "Not evaluated for visit, milk: nobody said which events have which forms: give the project's list as `event_forms`."
    ]  # fmt: skip


def test_a_record_that_stands_twice_is_critical(redcap):
    columns = {name: [*values, values[1]] for name, values in LONG.items()}
    checked = check([redcap(columns, LONG_FIELDS, event_forms=EVENTS)])
    (row,) = checked.drafts.filter(pl.col("severity") == "critical").rows(named=True)
    assert (row["rule_id"], row["row_id"], row["n_rows"], row["source_row"]) == (
        "redcap.key.unique",
        "7|month_3_arm_1",
        2,
        2,
    )
    assert row["message"] == (
        "2 rows have the key 7, month_3_arm_1: a REDCap project has one, so the export was edited or stacked. Export again."
    )


def test_findings_stand_at_the_harmonised_row_that_the_field_went_to(redcap):
    rows = [("data.csv", 1, "participants", "1", None, "1"), ("data.csv", 1, "growth", "1|birth", None, "1"), ("data.csv", 2, "milk", "2|b||zinc", "zinc", "2"), ("data.csv", 2, "milk", "2|b||iron", "iron", "2")]  # fmt: skip
    places = pl.DataFrame(rows, schema=Mapped().rows.schema, orient="row")
    mapped = Mapped(
        places,
        {("growth", "weight_kg"): "weight; tare", ("milk", "zinc"): "height", ("milk", "iron"): "births"},
    )
    columns = changed(weight=(0, "x"), bmi=(0, ""), height=(1, "y"))
    columns["bmi"][1] = ""
    checked = check([redcap(columns, FIELDS)], mapped=mapped)
    assert checked.drafts.select("table", "row_id", "variable").rows() == [
        ("growth", "1|birth", "weight"),
        ("milk", "2|b||zinc", "height"),
    ]


def test_a_row_that_went_nowhere_is_of_the_participant_to_whom_its_record_went(redcap):
    events = ["birth", "later", "birth", "later", "birth", "later"]
    export = redcap(
        {
            "id": ["7", "7", "8", "8", "9", "9"],
            "redcap_event_name": events,
            "sex": ["9", "8", "1", "7", "1", "6"],
        },
        FIELDS,
    )
    rows = [
        ("data.csv", 1, "participants", "P-7", None, "P-7"),
        ("data.csv", 3, "participants", "P-8", None, "P-8"),
        ("data.csv", 3, "growth", "P-0|birth", None, "P-0"),
    ]
    places = pl.DataFrame(rows, schema=Mapped().rows.schema, orient="row")
    told = check([export], mapped=Mapped(places, {("participants", "infant_sex"): "sex"})).drafts
    assert told.select("table", "row_id", "participant_id").rows() == [
        ("participants", "P-7", None),  # its own table tells
        ("export", "7|later", "P-7"),
        ("export", "8|later", None),  # its record went to two
        ("export", "9|later", None),  # its record went nowhere
    ]


def test_a_missing_data_code_that_is_a_number_is_never_counted_with(redcap):
    columns = changed(weight=(0, "-999"), bmi=(0, "5"))
    checked = check([redcap(columns, FIELDS, codes={"weight": ["-999"]})])
    assert checked.drafts.is_empty()
    assert ledger(checked, "redcap.calculation", "enrol").not_judged == 1


def test_without_the_record_id_no_row_is_said_to_stand_twice(redcap):
    export = redcap({"id": ["1", "2"], "sex": ["1", "1"]}, FIELDS)
    (source,) = export.sources
    kept = tuple(one for one in source.variables if one.name != "id")
    dropped = replace(source, table=source.table.drop("id"), variables=kept, dropped=("id",))
    checked = check([replace(export, sources=(dropped,))])
    assert checked.drafts.is_empty()
    (row,) = (one for one in checked.ledger if one.rule_id == "redcap.key.unique")
    assert row.status == "not_applicable"
    assert row.why == "Not evaluated for record: the record id is not in the export."


def test_tables_of_one_file_judge_a_field_once_and_see_each_others_fields(redcap):
    parts = [
        redcap({name: CLEAN[name] for name in ("id", "sex")}, FIELDS, name="a", rows=[1, 2, 3]),
        redcap({"id": ["1", "2"], "births": ["7", "2"]}, FIELDS, name="b", rows=[1, 2]),
        redcap({"id": ["1", "2", "3"], "sex": ["9", "9", "9"]}, FIELDS, name="c", rows=[1, 2, 3]),
    ]
    checked = check(parts)
    assert found(checked) == [("redcap.branching", "births", "1", "7", "blank unless [sex] = '2a'")]
    assert [row.table for row in checked.ledger if row.rule_id == "redcap.choice"] == ["a"]


def test_only_rows_of_the_site_are_judged(redcap):
    own = pl.DataFrame(
        {"source_file": ["data.csv"], "source_row": [2]},
        schema={"source_file": pl.String, "source_row": pl.Int64},
    )
    export = redcap(changed(sex=(0, "3"), weight=(1, "1"), bmi=(1, "0.3")), FIELDS, rows=[1, 2, 3], name="x")
    checked = check([type(export)("x", export.sources, rows=own)])
    assert [row[:3] for row in found(checked)] == [("redcap.range", "weight", "2")]
    assert ledger(checked, "redcap.key.unique", "enrol").looked_at == 1


def test_a_rule_is_switched_off_with_the_studys_reason(redcap):
    checked = check(
        [redcap(changed(sex=(0, "3")), FIELDS)], off={"redcap.choice": "codes are recoded", "growth.x": "-"}
    )
    assert checked.drafts.is_empty()
    told = [row for row in checked.ledger if row.rule_id == "redcap.choice"]
    assert [(row.status, row.why) for row in told] == [
        ("skipped", "Switched off by the study: codes are recoded")
    ]


def test_a_check_that_breaks_is_told_and_stops_no_other(redcap, monkeypatch):
    from milkqc.checks.dictionary import cell_checks

    def broken(*arguments, **more):
        raise ZeroDivisionError("in a plug-in")

    monkeypatch.setattr(cell_checks.typed, "outside", broken)
    checked = check([redcap(changed(sex=(0, "3")), FIELDS)])
    assert [row[0] for row in found(checked)] == ["redcap.choice"]
    assert {(row.variable, row.why) for row in checked.ledger if row.status == "broken"} == {
        (name, "ZeroDivisionError: in a plug-in") for name in ("weight", "height", "consent")
    }


def test_a_table_without_a_dictionary_is_passed_over(redcap):
    checked = check([redcap({"id": ["1", "1"]}, {})])
    assert (checked.drafts.height, checked.ledger) == (0, ())


def test_an_empty_table_has_nothing_to_look_at(redcap):
    checked = check([redcap({name: [] for name in CLEAN}, FIELDS)])
    assert checked.drafts.is_empty()
    assert {row.status for row in checked.ledger} == {"nothing_to_look_at"}


def test_every_rule_has_its_texts():
    assert {name for name in catalogue() if name.startswith("redcap.")} == set(SEVERITY)
    for name in SEVERITY:
        entry = catalogue()[name]
        assert ("most" in entry) == (name not in ("redcap.key.unique", "redcap.outside_event"))
        for key in entry.keys() - {"title"}:
            assert len(entry[key].replace("{", " ").split()) < 30, (name, key)
