"""Columns that may tell who somebody is are found by name, label or look, and their values stay unsaid."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milkqc.inspection import as_json, inspect, page
from milkqc.inspection.people import identify

NOTHING = pl.Series([], dtype=pl.String)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("mother_name", "a person's name"),
        ("MotherName", "a person's name"),
        ("Nombre de la madre", "a person's name"),
        ("prénom", "a person's name"),
        ("Nachname", "a person's name"),
        ("jina_la_mama", "a person's name"),
        ("nama_ibu", "a person's name"),
        ("initials", "a person's name"),
        ("DOB", "a date of birth"),
        ("Born", "a date of birth"),
        ("infant_birth_date", "a date of birth"),
        ("fecha_nacimiento", "a date of birth"),
        ("Date de naissance", "a date of birth"),
        ("tarehe ya kuzaliwa", "a date of birth"),
        ("phone1", "a phone number"),
        ("teléfono", "a phone number"),
        ("e-mail", "an e-mail address"),
        ("Home address", "an address"),
        ("postcode", "an address"),
        ("gps_latitude", "a place on the map"),
        ("cnic", "an official number"),
        ("MRN", "an official number"),
        ("photo_of_child", "a picture, voice or signature"),
    ],
)
def test_names_of_columns_in_several_languages(name, why):
    assert identify(name, "", NOTHING) == f"its name says {why}"
    assert identify("q12", name, NOTHING) == f"its label says {why}"


@pytest.mark.parametrize(
    "name",
    [
        "drug_name", "site name", "Sample name", "Form Name", "cell count", "Viable cells", "mobile phase",
        "weight_kg", "telomere", "dob_known", "PID", "birth_weight", "latex", "female", "nominal", "flat", "rubella", "infants born of this pregnancy",
    ],
)  # fmt: skip
def test_other_names_are_left_alone(name):
    assert identify(name, "", NOTHING) == ""


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["Amina Juma", "Rehema Said Bakari", "María de Soto", "Anne Smith", "Ørjan Åse"], "its cells look like people's names"),
        (["+255 712 345 678", "0712 345 679", "0712345680", "(0712) 345-681", "+255712345682"], "its cells look like phone numbers"),
        (["-6.1234, 35.7512", "-6.1235;35.7513", "-6.1236, 35.7514", "-6.2, 35.7", "-6.1237,35.7515", "-6.1238,35.7516"], "its cells look like places on the map"),
        (["see mail to a.b@example.org", "nothing", "ok"], "some cells hold an e-mail address"),
    ],
)  # fmt: skip
def test_the_look_of_the_cells(values, why):
    assert identify("q7", "", pl.Series(values)) == why


@pytest.mark.parametrize(
    "values",
    [
        ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"],
        ["P-001", "P-002", "P-003", "P-004", "P-005"],
        ["12345678", "12345679", "12345680", "12345681", "12345682"],
        ["Never", "Sometimes", "Always", "Often", "Rarely"],
        ["1 234.5", "2 345.6", "3 456.7", "4 567.8", "5 678.9"],
    ],
)
def test_ids_dates_numbers_and_answers_are_no_people(values):
    assert identify("q7", "", pl.Series(values)) == ""


def test_a_fieldworker_s_name_hides_but_a_number_does_not():
    assert (
        identify("interviewer", "", pl.Series(["Amina", "John"]))
        == "its name says a fieldworker, its cells hold words"
    )
    assert identify("interviewer", "", pl.Series(["1", "2"])) == ""
    assert identify("interviewer", "", pl.Series([1, 2])) == ""


SECRETS = st.text(st.characters(categories=["Lu", "Ll"]), min_size=6, max_size=12)


@settings(max_examples=25)
@given(names=st.lists(SECRETS, min_size=1, max_size=8), copies=st.integers(1, 4))
def test_no_value_of_such_a_column_is_ever_said(tmp_path_factory, names, copies):
    path = tmp_path_factory.mktemp("people") / "f.csv"
    rows = [f"{n},qq{name}qq,19{n:02}-01-02,+25571234{n:04}" for n, name in enumerate(names)] * copies
    path.write_text("PID,mother_name,dob,contact\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = inspect(path)
    said = as_json(found) + page(found, width=100) + page(found, width=100, whole=True)
    assert not any(f"qq{name}" in said for name in names)
    assert not any(f"19{n:02}-01-02" in said for n in range(len(names)))
    assert [column.name for column in found.columns if column.identifier][:2] == ["mother_name", "dob"]


def test_birth_dates_in_statistical_files_have_no_first_or_last(tmp_path):
    from datetime import date

    from milkqc.emit.statistical import write

    path = tmp_path / "f.sav"
    write(pl.DataFrame({"DOB": [date(2023, 5, 6), date(2023, 7, 8)], "x": [1, 2]}), path)
    found = inspect(path)
    said = as_json(found) + page(found, width=100, whole=True)
    assert "2023" not in said
    assert found.columns[0].identifier == "its name says a date of birth"
