"""What stands in the simulated uploads: who, how large, how much, which faults, and that they say they are simulated."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import math
import statistics
import zipfile
from collections import Counter

import pyreadstat
import pytest
import python_calamine

from milkqc.demo import write_uploads
from milkqc.demo.faults import plant
from milkqc.demo.simulate import LEVELS, simulate, size

FILES = {"enrolment.sav", "anthro.dta", "milk_results.xlsx", "milk_long.csv", "tubes.csv"}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    assert write_uploads(folder) == folder / "mapping.yaml"
    return folder


@pytest.fixture(scope="module")
def enrolment(out):
    return pyreadstat.read_sav(str(out / "uploads" / "enrolment.sav"), user_missing=True)


@pytest.fixture(scope="module")
def anthro(out):
    return pyreadstat.read_dta(str(out / "uploads" / "anthro.dta"), user_missing=True)


def rows(path, delimiter):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


@pytest.fixture(scope="module")
def assays(out):
    return rows(out / "uploads" / "milk_long.csv", ",")


@pytest.fixture(scope="module")
def tubes(out):
    return rows(out / "uploads" / "tubes.csv", ";")


@pytest.fixture(scope="module")
def hplc(out):
    book = python_calamine.CalamineWorkbook.from_path(str(out / "uploads" / "milk_results.xlsx"))
    head, *cells = book.get_sheet_by_name("Results").to_python()
    return [dict(zip(head, row, strict=True)) for row in cells]


def sums(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_bytes_every_time(out, tmp_path):
    write_uploads(tmp_path)
    assert sums(tmp_path) == sums(out)
    assert set(sums(out)) == FILES | {"mapping.yaml"}


def test_the_same_people_on_every_machine():
    first = simulate().enrolment[0]
    assert first == {
        "PID": "SIM-001", "INFANT_ID": "SIM-001", "SITE": 1, "TEAM": 1, "ARM": 1, "MAGE": 16, "MHEIGHT": 165.5,
        "PARITY": 1, "SEX": 2, "DOB": dt.date(2024, 3, 13), "GA": "39+5", "BW": 2690, "PLURAL": 1, "BORDER": 1,
        "STUDY": "SIMULATED-DEMO",
    }  # fmt: skip


def test_files_carry_no_time_of_writing(out):
    uploads = out / "uploads"
    assert (uploads / "enrolment.sav").read_bytes()[92:109] == b"01 Jan 7000:00:00"
    assert b"<timestamp>\x1101 Jan 1970 00:00</timestamp>" in (uploads / "anthro.dta").read_bytes()
    with zipfile.ZipFile(uploads / "milk_results.xlsx") as book:
        assert b"1970-01-01T00:00:00Z" in book.read("docProps/core.xml")


def test_every_file_says_that_it_is_simulated(out, enrolment, anthro, assays, tubes, hplc):
    assert enrolment[1].file_label.startswith("SIMULATED DATA")
    assert anthro[1].file_label.startswith("SIMULATED DATA")
    assert enrolment[1].variable_value_labels["SITE"] == {1: "Simulated site A", 2: "Simulated site B"}
    for study in (enrolment[0]["STUDY"], anthro[0]["STUDY"], [row["STUDY"] for row in assays + tubes]):
        assert set(study) == {"SIMULATED-DEMO"}
    assert {row["Comment"] for row in hplc} == {"simulated"}
    mapping = (out / "mapping.yaml").read_text("utf-8")
    assert "\nstudy: SIMULATED-DEMO\ntitle: SIMULATED study" in mapping
    assert "\nsimulated: true\n" in mapping


def test_forty_dyads_and_one_pair_of_twins(enrolment):
    table = enrolment[0]
    assert table["PID"].nunique() == 40
    assert len(table) == 41
    assert table[table["PLURAL"] == 2]["INFANT_ID"].tolist() == ["SIM-017A", "SIM-017B"]


def test_user_missing_codes_stand_as_numbers_and_are_declared(enrolment):
    table, meta = enrolment
    where = table.set_index("INFANT_ID")
    assert (where.loc["SIM-005", "BW"], where.loc["SIM-021", "MAGE"], where.loc["SIM-034", "MHEIGHT"]) == (
        -9,
        -8,
        -9,
    )
    assert {name: {span["lo"] for span in spans} for name, spans in meta.missing_ranges.items()} == {
        "BW": {-9, -8},
        "MAGE": {-9, -8},
        "MHEIGHT": {-9, -8},
    }
    assert meta.variable_value_labels["BW"] == {-9: "Not done", -8: "Refused"}


def test_stata_keeps_the_reason_in_the_missing_value(anthro):
    table, meta = anthro
    at = {
        (pid, visit): row for row, (pid, visit) in enumerate(zip(table["PID"], table["VISIT"], strict=True))
    }
    assert table["MUAC"][at["SIM-009", 3]] == "b"
    assert table["HC"][at["SIM-014", 0]] == "a"
    assert table["WEIGHT"][at["SIM-037", 3]] == "a"
    assert meta.variable_value_labels["HC"] == {"a": "Not done", "b": "Refused"}


def test_infants_are_a_little_more_than_one_z_score_small():
    """The z-score is found by bisection on `size`, whose own figures are WHO's: at z = 0 the median."""
    assert size("lhfa", "male", 0, 0.0) == pytest.approx(49.8842)

    def z(indicator, row, measure):
        sex, low, high = ("male", "female")[row["SEX"] - 1], -6.0, 6.0
        day = (row["VDATE"] - born[row["INFANT_ID"]]).days
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if size(indicator, sex, day, middle) < row[measure] else (low, middle)
        return low

    study = simulate()
    born = {row["INFANT_ID"]: row["DOB"] for row in study.enrolment}
    lengths = [z("lhfa", row, "LEN1") for row in study.anthropometry]
    weights = [z("wfa", row, "WEIGHT") for row in study.anthropometry]
    assert -1.4 < statistics.mean(lengths) < -0.8
    assert -1.4 < statistics.mean(weights) < -0.8
    assert 0.8 < statistics.stdev(lengths) < 1.3
    assert 0.8 < statistics.stdev(weights) < 1.3


def test_concentrations_come_from_their_published_distributions(assays, hplc):
    """Within three standard errors of the median of the logarithms (1.25 sigma / sqrt(n)), the arms aside."""
    drawn = {
        test: [row["RESULT"] for row in assays if row["TEST"] == test] for test in ("Iodine", "B12", "Folate")
    }
    for test, column in (("Retinol", "Retinol (umol/L)"), ("Vitamin E", "Vitamin E (mg/L)")):
        drawn[test] = [row[column] for row in hplc if row["Sample ID"] >= "T0100"]
    for test, cells in drawn.items():
        level = LEVELS[test]
        values = [0.0 if str(cell) in {"<LOD", "ND"} else float(str(cell).replace(",", "")) for cell in cells]
        expected = math.log(level.median["month_3"]) + math.log(level.arm) / 2
        error = 1.25 * level.sigma / math.sqrt(len(values))
        assert abs(math.log(statistics.median(values)) - expected) < 3 * error, test


def test_values_below_the_limit_are_not_numbers(assays, hplc):
    assert [row["SAMPLE"] for row in assays if row["RESULT"] == "<LOD"] == ["T0220"]
    assert sum(row["Retinol (umol/L)"] == "<LOD" for row in hplc) >= 2
    for row in assays:
        if row["RESULT"] not in {"<LOD", "ND"}:
            assert float(row["RESULT"].replace(",", "")) >= float(row["LOD"])


def test_the_faults_and_nothing_else_were_planted(assays, tubes):
    """docs/demo.md lists them."""
    clean, faulty = simulate(), plant(simulate())
    changed = Counter()
    for table in ("enrolment", "anthropometry"):
        for before, after in zip(getattr(clean, table), getattr(faulty, table), strict=False):
            changed.update((before["INFANT_ID"], name) for name in before if before[name] != after[name])
    missed = {(infant, name) for infant, name in changed if infant == "SIM-037"}
    assert len(missed) == 11
    assert set(changed) - missed == {
        ("SIM-005", "BW"),
        ("SIM-021", "MAGE"),
        ("SIM-034", "MHEIGHT"),
        ("SIM-007", "WEIGHT"),
        ("SIM-012", "VDATE"),
        ("SIM-019", "SEX"),
        ("SIM-023", "POSITION"),
        ("SIM-028", "LEN2"),
        ("SIM-028", "LEN3"),
        ("SIM-009", "MUAC"),
        ("SIM-014", "HC"),
    }
    assert len(faulty.anthropometry) == len(clean.anthropometry) + 1
    assert {row["SAMPLE"] for row in assays} - {row["TUBE"] for row in tubes} == {"TO230"}
    assert [row["RESULT"] for row in assays if (row["SAMPLE"], row["TEST"]) == ("T0211", "Iodine")] == [
        "4,009.1"
    ]
    assert [row["RESULT"] for row in assays if (row["SAMPLE"], row["TEST"]) == ("T0226", "Iodine")] == ["ND"]
    assert [(row["SAMPLE"], row["TEST"]) for row in assays if row["UNIT"] == "nmo/L"] == [("T0215", "Folate")]
    assert [row["RESULT"] for row in assays if (row["SAMPLE"], row["TEST"]) == ("T0204", "B12")] == [
        "531",
        "141",
    ]


def test_the_weight_in_grams_and_the_form_typed_twice():
    table = plant(simulate()).anthropometry
    assert next(row["WEIGHT"] for row in table if row["PID"] == "SIM-007") == 2720
    assert [row["WEIGHT"] for row in table if row["PID"] == "SIM-031" and row["VISIT"] == 3] == [6.68, 6.86]


def test_a_fault_without_its_row_is_an_error():
    study = simulate()
    with pytest.raises(KeyError, match="SIM-005"):
        plant(type(study)(**{**vars(study), "enrolment": study.enrolment[:3]}))
