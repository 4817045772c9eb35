"""What stands in the simulated uploads: who, how large, how much, which faults, and that they say they are simulated."""

from __future__ import annotations

import csv
import hashlib
import math
import re
import statistics
import zipfile

import pyreadstat
import pytest
import python_calamine

from milkqc.demo import write_uploads
from milkqc.demo.controls import CERTIFICATES
from milkqc.demo.faults import SEEDED, answer_key, plant
from milkqc.demo.laboratory import LEVELS
from milkqc.demo.people import DYADS, MISSED, TWINS, WITHDRAWN
from milkqc.demo.simulate import simulate, size

FILES = {
    "enrolment.sav", "anthro_a.dta", "anthro_b.dta", "anthro_c.dta", "redcap.csv", "redcap_dictionary.csv",
    "milk_results.xlsx", "milk_long.csv", "zinc_plates.csv", "tubes.csv",
}  # fmt: skip
GROWTH = ("anthro_a.dta", "anthro_b.dta", "anthro_c.dta")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    assert write_uploads(folder) == folder / "mapping.yaml"
    return folder


@pytest.fixture(scope="module")
def clean():
    return simulate()


@pytest.fixture(scope="module")
def faulty(clean):
    return plant(clean)


def rows(path, delimiter=","):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def sums(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_bytes_every_time(out, tmp_path):
    write_uploads(tmp_path)
    assert sums(tmp_path) == sums(out)
    assert set(sums(out)) == FILES | {"mapping.yaml", "answer_key.csv"}


def test_the_same_cells_on_every_machine(faulty):
    """The sha256 of every cell of every upload. Whoever changes the study on purpose puts the new one here."""
    cells = {name: hashlib.sha256(repr(table).encode()).hexdigest()[:16] for name, table in faulty.items()}
    assert cells == CELLS


def test_the_answer_key_lies_beside_the_uploads(out):
    assert rows(out / "answer_key.csv") == [dict(row) for row in answer_key()]


def test_files_carry_no_time_of_writing(out):
    uploads = out / "uploads"
    assert (uploads / "enrolment.sav").read_bytes()[92:109] == b"01 Jan 7000:00:00"
    for name in GROWTH:
        assert b"<timestamp>\x1101 Jan 1970 00:00</timestamp>" in (uploads / name).read_bytes()
    with zipfile.ZipFile(uploads / "milk_results.xlsx") as book:
        assert b"1970-01-01T00:00:00Z" in book.read("docProps/core.xml")
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in book.infolist()} == {zipfile.ZIP_STORED}


def test_every_file_says_that_it_is_simulated(out):
    uploads = out / "uploads"
    table, meta = pyreadstat.read_sav(str(uploads / "enrolment.sav"))
    assert meta.file_label.startswith("SIMULATED DATA")
    assert set(table["STUDY"]) == {"SIMULATED-DEMO"}
    assert meta.variable_value_labels["SITE"][1] == "Simulated site A"
    for name in GROWTH:
        table, meta = pyreadstat.read_dta(str(uploads / name))
        assert meta.file_label.startswith("SIMULATED DATA")
        assert set(table["STUDY"]) == {"SIMULATED-DEMO"}
    for name, delimiter in (("milk_long.csv", ","), ("tubes.csv", ";")):
        assert {row["STUDY"] for row in rows(uploads / name, delimiter)} == {"SIMULATED-DEMO"}
    groups = {row["redcap_data_access_group"] for row in rows(uploads / "redcap.csv")}
    assert groups == {"simulated_site_a", "simulated_site_b", "simulated_site_c"}
    assert "SIMULATED DATA" in (uploads / "redcap_dictionary.csv").read_text("utf-8")
    book = python_calamine.CalamineWorkbook.from_path(str(uploads / "milk_results.xlsx"))
    assert book.get_sheet_by_name("About").to_python()[0][0].startswith("SIMULATED DATA")
    mapping = (out / "mapping.yaml").read_text("utf-8")
    assert "\nstudy: SIMULATED-DEMO\ntitle: SIMULATED study" in mapping
    assert "\nsimulated: true\n" in mapping


def test_186_dyads_at_three_sites_in_two_arms_three_of_them_with_twins(clean):
    enrolled = clean["enrolment.sav"]
    assert len({row["PID"] for row in enrolled}) == DYADS == 186
    assert len(enrolled) == 189
    assert {row["INFANT_ID"] for row in enrolled if row["PLURAL"] == 2} == {
        f"SIM-{number:03d}{letter}" for number in TWINS for letter in "AB"
    }
    assert {(row["SITE"], row["ARM"]) for row in enrolled} == {(s, a) for s in (1, 2, 3) for a in (1, 2)}
    assert min(sum(row["SITE"] == site for row in enrolled) for site in (1, 2, 3)) >= 62


def test_who_withdrew_left_a_date_and_no_visit_and_who_missed_it_left_reasons(clean):
    left = {f"SIM-{number:03d}" for number in WITHDRAWN}
    missed = {f"SIM-{number:03d}" for number in MISSED}
    assert {row["PID"] for row in clean["enrolment.sav"] if row["EXITDATE"] is not None} == left
    later = [row for name in GROWTH for row in clean[name] if row["VISIT"] == 3]
    assert not left & {row["PID"] for row in later}
    assert {row["PID"] for row in later if row["VDATE"] is None} == missed
    assert {row["HC"] for row in later if row["PID"] in missed} == {"a"}
    assert not (left | missed) & {row["PID"] for row in clean["tubes.csv"] if row["VISIT"] == "3 months"}


def test_user_missing_codes_stand_as_numbers_and_are_declared(out):
    table, meta = pyreadstat.read_sav(str(out / "uploads" / "enrolment.sav"), user_missing=True)
    where = table.set_index("INFANT_ID")
    assert (where.loc["SIM-002", "BW"], where.loc["SIM-050", "MAGE"]) == (-9, -8)
    assert {name: {span["lo"] for span in spans} for name, spans in meta.missing_ranges.items()} == {
        "BW": {-9, -8},
        "MAGE": {-9, -8},
        "MHEIGHT": {-9, -8},
    }
    assert meta.variable_value_labels["BW"] == {-9: "Not done", -8: "Refused"}


def test_stata_keeps_the_reason_in_the_missing_value(out):
    table, meta = pyreadstat.read_dta(str(out / "uploads" / "anthro_c.dta"), user_missing=True)
    assert table.set_index(["PID", "VISIT"]).loc[("SIM-009", 3), "MUAC"] == "b"
    assert meta.variable_value_labels["HC"] == {"a": "Not done", "b": "Refused", "c": "Instrument broken"}


def test_each_site_has_its_own_form(clean):
    site_a, site_b, site_c = (clean[name] for name in GROWTH)
    assert {"WEIGHT", "LENGTH"} <= set(site_a[0])
    assert {"WEIGHT_G", "LENGTH"} <= set(site_b[0])
    assert {"WEIGHT", "LEN1", "LEN2", "LEN3"} <= set(site_c[0])
    grams = [row["WEIGHT_G"] for row in site_b if row["VDATE"] is not None]
    assert 1000 < min(grams) < max(grams) < 10_000


def test_redcap_rows_leave_the_cells_of_other_rows_empty(clean):
    export = clean["redcap.csv"]
    episodes = [row for row in export if row["redcap_repeat_instrument"] == "illness_episode"]
    assert len(export) - len(episodes) == 2 * DYADS
    assert len(episodes) > 20
    for row in episodes:
        assert row["visit_date"] == row["mother_weight"] == row["symptoms___1"] == ""
    names = [row["mother_name"] for row in export if row["redcap_event_name"] == "birth_arm_1"]
    assert len(set(names)) == DYADS
    assert any(row["mother_weight"] == "-9" for row in export)


def test_infants_are_a_little_more_than_one_z_score_small(clean):
    """The z-score is found by bisection on `size`, whose own figures are WHO's: at z = 0 the median."""
    assert size("lhfa", "male", 0, 0.0) == pytest.approx(49.8842)
    born = {row["INFANT_ID"]: row["DOB"] for row in clean["enrolment.sav"]}

    def z(indicator, row, measure):
        sex, low, high = ("male", "female")[row["SEX"] - 1], -6.0, 6.0
        day = (row["VDATE"] - born[row["INFANT_ID"]]).days
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if size(indicator, sex, day, middle) < measure else (low, middle)
        return low

    seen = [row for name in GROWTH for row in clean[name] if row["VDATE"] is not None]
    lengths = [z("lhfa", row, row.get("LENGTH") or row["LEN1"]) for row in seen]
    weights = [z("wfa", row, row.get("WEIGHT") or row["WEIGHT_G"] / 1000) for row in seen]
    assert -1.3 < statistics.mean(lengths) < -0.9
    assert -1.3 < statistics.mean(weights) < -0.9
    assert 0.9 < statistics.stdev(lengths) < 1.2
    assert 0.9 < statistics.stdev(weights) < 1.2


def drawn(uploads, test):
    """(arm, value) of every first reading of mature milk; what is below the limit counts as 0."""
    arms = {row["PID"]: row["ARM"] for row in uploads["enrolment.sav"]}
    owner = {row["TUBE"]: row["PID"] for row in uploads["tubes.csv"]}
    column = f"{test} ({LEVELS[test].unit})"
    if column in uploads["milk_results.xlsx"][0]:
        cells = [
            (row["Sample ID"], row[column]) for row in uploads["milk_results.xlsx"] if row["Type"] == "sample"
        ]
        cells = [(tube, cell) for tube, cell in cells if tube >= "T0300"]
    else:
        # The plate that read too high is left out; it was run again.
        cells = [
            (row["SAMPLE"], row["RESULT"])
            for row in uploads["milk_long.csv"]
            if row["TEST"] == test and row["TYPE"] == "S" and row["REP"] == "1" and row["PLATE"] != "I3"
        ]
    return [(arms[owner[tube]], 0.0 if cell in {"<LOD", "ND"} else float(cell)) for tube, cell in cells]


@pytest.mark.parametrize("test", sorted(LEVELS))
def test_concentrations_come_from_their_published_distributions(clean, test):
    """Within three standard errors of the median of the logarithms (1.25 sigma / sqrt(n)), in each arm."""
    level = LEVELS[test]
    for arm in (1, 2):
        values = [value for of, value in drawn(clean, test) if of == arm]
        expected = math.log(level.median["month_3"] * (level.arm if arm == 1 else 1.0))
        error = 1.25 * level.sigma / math.sqrt(len(values))
        assert abs(math.log(statistics.median(values)) - expected) < 3 * error, arm


def test_the_supplement_raises_iodine_and_vitamin_a_and_nothing_else():
    assert {test for test, level in LEVELS.items() if level.arm != 1} == {"Iodine", "Retinol"}


def test_values_below_the_limit_are_not_numbers(clean):
    cells = [(row["RESULT"], row["LOD"]) for row in clean["milk_long.csv"]]
    assert {"<LOD", "ND"} < {cell for cell, _ in cells}
    assert all(float(cell) >= float(limit) for cell, limit in cells if cell not in {"<LOD", "ND"})
    assert sum(row["Retinol (umol/L)"] in {"<LOD", "ND"} for row in clean["milk_results.xlsx"]) >= 10


def test_a_plate_was_run_again_and_b12_read_twice(clean):
    long = clean["milk_long.csv"]
    samples = [row for row in long if row["TYPE"] == "S"]
    first = {row["SAMPLE"]: row for row in samples if row["PLATE"] == "I3"}
    again = {row["SAMPLE"]: row for row in samples if row["PLATE"] == "I3R"}
    assert len(first) == 36
    assert set(first) == set(again)
    assert all(again[tube]["RUN_DATE"] > row["RUN_DATE"] for tube, row in first.items())
    twice = [row["SAMPLE"] for row in samples if row["TEST"] == "B12"]
    assert all(twice.count(tube) == 2 for tube in set(twice))


def test_every_plate_has_a_blank_two_materials_twice_and_its_place_in_the_run(clean):
    plates = {(row["TEST"], row["PLATE"]) for row in clean["milk_long.csv"]}
    for test, plate in plates:
        rows = [row for row in clean["milk_long.csv"] if (row["TEST"], row["PLATE"]) == (test, plate)]
        assert [row["POSITION"] for row in rows] == [str(place) for place in range(1, len(rows) + 1)]
        assert [row["MATERIAL"] for row in rows if row["TYPE"] == "QC"] == ["low", "high"] * 2
        assert [row["RESULT"] for row in rows if row["TYPE"] == "BLK"] == ["<LOD"]
        assert sum(row["TYPE"] == "DUP" for row in rows) == (0 if test == "B12" else 2)
    wide = [row["Type"] for row in clean["milk_results.xlsx"] if row["Plate"] == "P2"]
    assert {kind: wide.count(kind) for kind in wide} == {
        "blank": 1, "QC low": 2, "QC high": 2, "sample": 40, "duplicate": 2,
    }  # fmt: skip


def test_the_certificates_of_the_mapping_are_those_that_the_controls_were_drawn_by(out):
    mapping = (out / "mapping.yaml").read_text("utf-8")
    for test, name in (("Iodine", "iodine"), ("B12", "vitamin_b12"), ("Folate", "folate"), ("Retinol", "retinol"),
                       ("Vitamin E", "alpha_tocopherol"), ("Zinc", "zinc")):  # fmt: skip
        for material in CERTIFICATES[test].values():
            assert re.search(rf"\b{name}: {{mean: {material.mean:g}(\.0)?, sd: {material.sd:g}, ", mapping), (
                test
            )


def test_the_reader_writes_grids_of_96_wells(out, clean):
    lines = (out / "uploads" / "zinc_plates.csv").read_text("utf-8").splitlines()
    assert lines[0].startswith('"SIMULATED DATA')
    assert {line.count(",") for line in lines[1:3]} == {12}
    assert [line.split(",")[0] for line in lines[1:13]] == ["Z1", "mg/L", *"ABCDEFGH", "", "Tube"]
    wells = clean["zinc_plates.csv"]
    assert len(wells) == 3 * 96
    assert lines[3].split(",")[7] == next(row["RESULT"] for row in wells if row["WELL"] == "A7")
    asked = {row["SAMPLE"] for row in clean["milk_long.csv"] if row["TYPE"] == "S"}
    assert {row["TUBE"] for row in wells if row["TYPE"] == "sample"} == asked


def changed(clean, faulty):
    """Every place (file, row) whose cells were changed or added."""
    return {
        (name, place)
        for name, table in faulty.items()
        for place, row in enumerate(table, start=1)
        if place > len(clean[name]) or clean[name][place - 1] != row
    }


# Where a fault was seeded, when its finding stands at another row: the first of two copies, or a tube of the mother.
SEEDED_ELSEWHERE = {
    "enrolled_twice": ("enrolment.sav", 190),
    "form_copied": ("anthro_a.dta", 91),
    "weaned_with_milk": ("redcap.csv", 120),
}


def seeded_at(row):
    return SEEDED_ELSEWHERE.get(row["fault"], (row["file"], int(row["source_row"])))


def test_the_faults_of_the_key_and_nothing_else_were_seeded(clean, faulty):
    """A row of the key names its place; one without a row number means a batch, and all that changed is in it."""
    named = {seeded_at(row) for row in answer_key() if row["source_row"]}
    batches = {row["row_id"].removeprefix("batch=") for row in answer_key() if not row["source_row"]}
    for name, place in changed(clean, faulty) - named:
        row = faulty[name][place - 1]
        assert row.get("Plate", row.get("PLATE")) in batches, (name, place)
    for row in answer_key():
        if row["fault"] in SEEDED and row["source_row"]:
            assert seeded_at(row) in changed(clean, faulty), row["fault"]


def test_every_seeded_fault_is_in_the_key_and_what_else_is_there_is_no_fault():
    known = {row["fault"] for row in answer_key()}
    assert set(SEEDED) <= known
    others = [row for row in answer_key() if row["fault"] not in SEEDED]
    assert {row["expected"] for row in others} == {"nothing"}


def test_any_seed_takes_the_faults():
    study = simulate(seed=2)
    assert study != simulate()
    assert len(changed(study, plant(study))) > len(SEEDED)


def test_a_fault_without_its_row_is_an_error(clean):
    with pytest.raises(KeyError, match=r"sex_code: no row of enrolment\.sav"):
        plant({**clean, "enrolment.sav": clean["enrolment.sav"][:23]})


CELLS = {
    "enrolment.sav": "f9b22475dad987a0",
    "anthro_a.dta": "4f56e1451ad4f951",
    "anthro_b.dta": "ae499c015d1aac75",
    "anthro_c.dta": "0a8b386e1ea280dc",
    "redcap.csv": "f2136272f5215ea1",
    "milk_results.xlsx": "5073627c72cf9528",
    "milk_long.csv": "62b2d1d98155fc53",
    "zinc_plates.csv": "3e0bd2aff3187289",
    "tubes.csv": "c4b0d4aba63da572",
}
