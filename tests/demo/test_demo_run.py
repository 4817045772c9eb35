"""What milkqc makes of the demo study, held to its answer key: what it finds, what it does not claim, what it says
besides, and that nothing is lost on the way."""

from __future__ import annotations

import csv
import itertools
import re
from pathlib import Path

import polars as pl
import pytest

import milkqc
from milkqc.deliver import deliver
from milkqc.demo import write_uploads
from milkqc.demo.faults import answer_key
from milkqc.demo.simulate import simulate
from milkqc.demo.write import write

DOCS = Path(__file__).parents[2] / "docs" / "demo.md"
RULES = Path(__file__).parents[2] / "src" / "milkqc" / "checks" / "rule_ids.txt"
KEY = answer_key()
TABLES = ("participants", "visits", "growth", "milk")
# The share of rows that may be warned about without a fault.
FALSE_ALARMS = 0.02


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def result(folder):
    return milkqc.run(write_uploads(folder), data=folder / "uploads")


@pytest.fixture(scope="module", params=[None, 2], ids=["seed", "another seed"])
def clean(request, tmp_path_factory):
    """The study without its faults, as it is shipped and drawn with another seed."""
    out = tmp_path_factory.mktemp("clean")
    study = simulate() if request.param is None else simulate(seed=request.param)
    return milkqc.run(write(study, out), data=out / "uploads", engine="expressions")


def ids(row: dict[str, str]) -> str:
    return f"{row['fault']} {row['row_id']}"


def expected(*words: str) -> pytest.MarkDecorator:
    rows = [row for row in KEY if row["expected"] in words]
    return pytest.mark.parametrize("row", rows, ids=ids)


def findings_of(result, row: dict[str, str]) -> pl.DataFrame:
    """Every finding about what a row of the key touches: its participant, else its batch, else its source row."""
    findings = result.findings
    if row["participant_id"]:
        return findings.filter(pl.col("participant_id") == row["participant_id"])
    if row["row_id"].startswith("batch="):
        batch = result.milk.filter(
            (pl.col("batch") == row["row_id"].removeprefix("batch=")) & (pl.col("analyte") == row["variable"])
        )
        rows = [row["row_id"], *batch["row_id"]]
        return findings.filter(pl.col("row_id").is_in(rows) & (pl.col("variable") == row["variable"]))
    place = (pl.col("source_file") == row["file"]) & (pl.col("source_row") == int(row["source_row"]))
    return findings.filter(place)


@expected("found")
def test_a_fault_is_found_by_its_rule_on_its_row(result, row):
    same = [pl.col(name) == row[name] for name in ("rule_id", "table", "row_id")]
    found = result.findings.filter(*same)
    assert found.height == 1
    assert row["since"] == "1"
    assert (found["variable"][0] or "") == row["variable"]


@expected("later")
def test_a_fault_for_a_later_rule_is_not_claimed(result, row):
    """The day the rule exists, the key must say `found`, with the rule's own id and row."""
    known = {line.split()[0] for line in RULES.read_text("utf-8").splitlines() if line[:1].isalpha()}
    assert row["rule_id"] not in known
    assert row["rule_id"] not in set(result.checks["rule_id"])
    assert re.fullmatch(r"[2-9]\d* [a-z]+", row["since"])


@expected("nothing")
def test_what_is_unusual_and_right_raises_nothing(result, row):
    assert row["rule_id"] == row["since"] == row["today"] == ""
    assert findings_of(result, row)["rule_id"].to_list() == []
    assert result.lineage[row["table"]].filter(
        pl.col("row_id") == row["row_id"],
        pl.col("source_file") == row["file"],
        pl.col("source_row") == int(row["source_row"]),
    ).height  # fmt: skip


@pytest.mark.parametrize("row", KEY, ids=ids)
def test_the_key_says_all_that_todays_rules_say_of_a_fault(result, row):
    assert ";".join(sorted(set(findings_of(result, row)["rule_id"]))) == row["today"]


def unexplained(result) -> pl.DataFrame:
    faults = {finding for row in KEY for finding in findings_of(result, row)["finding_id"]}
    return result.findings.filter(~pl.col("finding_id").is_in(list(faults)))


def warned(findings: pl.DataFrame) -> int:
    """Rows that a data manager is asked about."""
    grave = findings.filter(pl.col("severity").is_in(["critical", "warning"]))
    return grave.select("table", "row_id").n_unique()


def height(result) -> int:
    return sum(getattr(result, name).height for name in TABLES)


def section(title: str) -> list[list[str]]:
    """The rows of the last table under a heading of docs/demo.md."""
    text = DOCS.read_text("utf-8").split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = text.strip().split("\n\n|")[-1].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_documentation_lists_the_answer_key():
    told = section("The answer key")
    assert told == [
        [
            row["fault"],
            row["row_id"].replace("|", "·"),
            row["what"],
            {"found": f"`{row['rule_id']}`", "later": f"{row['since']}: `{row['rule_id']}`"}.get(
                row["expected"], "nothing"
            ),
            ", ".join(f"`{rule}`" for rule in row["today"].split(";") if rule and rule != row["rule_id"]),
        ]
        for row in KEY
    ]


def test_what_no_fault_explains_is_explained_in_the_documentation(result):
    told = {(row[0].strip("`"), int(row[1])) for row in section("What else is said") if int(row[1])}
    assert set(unexplained(result)["rule_id"].value_counts().rows()) == told
    assert warned(unexplained(result)) < FALSE_ALARMS * height(result)


def test_of_a_study_without_faults_less_than_2_percent_of_rows_are_warned_about(clean):
    assert height(clean) > 2000
    assert warned(clean.findings) < FALSE_ALARMS * height(clean)
    told = {row[0].strip("`") for row in section("What else is said")}
    assert set(clean.findings["rule_id"]) <= told
    assert clean.findings.filter(pl.col("severity") == "critical").is_empty()
    assert clean.checks.filter(pl.col("status") == "broken").is_empty()


def test_identifiers_are_in_no_output(result, folder):
    """Mothers' names and telephone numbers, which REDCap's dictionary flags, in any file and any encoding of it."""
    with (folder / "uploads" / "redcap.csv").open(encoding="utf-8", newline="") as file:
        export = [row for row in csv.DictReader(file) if row["mother_name"]]
    secrets = [row[name] for row in export for name in ("mother_name", "mother_phone")]
    assert len(set(secrets)) == 2 * 186
    deliver(result, folder / "out", formats=("csv", "parquet", "dta", "sav"))
    written = [path for path in (folder / "out").rglob("*") if path.is_file()]
    assert len(written) > 20
    for path in written:
        data = path.read_bytes()
        assert b"Simulata" not in data, path.name
        assert b"+000 5550" not in data, path.name
        if path.suffix == ".parquet":
            # Parquet is compressed, so its cells are looked at.
            cells = pl.read_parquet(path).select(pl.col(pl.String)).unpivot()["value"].drop_nulls()
            assert not cells.str.contains("Simulata|000 5550").any(), path.name


def one(table: pl.DataFrame, **where: object) -> dict[str, object]:
    """The one row of `table` with these values."""
    return table.filter(pl.all_horizontal(pl.col(name) == value for name, value in where.items())).row(
        0, named=True
    )


def test_every_row_of_every_upload_is_accounted_for(result):
    for block in result.reconciliation:
        assert block.read == block.used + block.set_aside + block.rejected
    assert [
        (block.table, block.read, block.set_aside, block.rejected) for block in result.reconciliation
    ] == [
        ("participants", 190, 0, 0),
        ("visits", 421, 49, 0),
        ("growth", 123, 0, 0),
        ("growth", 128, 0, 0),
        ("growth", 126, 0, 0),
        ("milk", 436, 69, 0),
        ("milk", 858, 462, 1),
        ("milk", 858, 498, 0),
        ("milk", 288, 108, 0),
    ]


def test_all_tables_arrive(result):
    heights = {name: getattr(result, name).height for name in (*TABLES, "analysis")}
    assert heights == {
        "participants": 190,
        "visits": 372,
        "growth": 377,
        "milk": 2 * 367 + 395 + 360 + 180,
        "analysis": 377,
    }


def test_grams_and_three_lengths_become_what_the_other_sites_send(result):
    grams = one(result.growth, row_id="SIM-002|month_3")
    lineage = one(result.lineage["growth"], row_id="SIM-002|month_3")
    assert (lineage["weight_kg__raw_unit"], lineage["weight_kg__factor"]) == ("g", 0.001)
    assert grams["weight_kg"] == pytest.approx(float(lineage["weight_kg__raw"]) / 1000)
    readings = one(result.lineage["growth"], row_id="SIM-003|month_3")["length_cm__raw"]
    values = sorted(float(part.split("=")[1]) for part in readings.split("; "))
    closest = min(itertools.pairwise(values), key=lambda pair: pair[1] - pair[0])
    assert one(result.growth, row_id="SIM-003|month_3")["length_cm"] == pytest.approx(sum(closest) / 2)


def test_the_weight_in_grams_is_kept_and_not_repaired(result):
    row = one(result.growth, row_id="SIM-007|birth")
    assert (row["weight_kg"], row["waz_flag"]) == (2720, True)


def test_the_visit_before_birth_has_a_negative_age_and_no_scores(result):
    row = one(result.growth, row_id="SIM-012|month_3")
    assert row["age_days"] < 0
    assert (row["laz"], row["waz"], row["wlz"], row["hcz"]) == (None, None, None, None)


def test_the_form_typed_twice_stays_twice_and_gives_no_weight_for_analysis(result):
    rows = result.growth.filter((pl.col("infant_id") == "SIM-049") & (pl.col("visit") == "month_3"))
    assert rows["weight_kg"].n_unique() == 2
    assert rows["row_id"].str.starts_with("SIM-049|month_3#").all()
    assert one(result.analysis, infant_id="SIM-049", visit="month_3")["weight_kg"] is None


@pytest.mark.parametrize(
    ("table", "row_id", "column", "raw", "reason"),
    [
        ("participants", "SIM-002", "birth_weight_kg", "-9", "not_done"),
        ("participants", "SIM-050", "mother_age_years", "-8", "refused"),
        ("participants", "SIM-025", "infant_sex", "3", "unreadable"),
        ("growth", "SIM-009|month_3", "muac_cm", ".b", "refused"),
        ("growth", "SIM-014|birth", "head_circumference_cm", ".c", "instrument_error"),
        ("growth", "SIM-037|month_3", "weight_kg", ".a", "not_done"),
        ("visits", "SIM-037|month_3", "x_fever", "0", "untouched"),
    ],
)
def test_what_is_missing_keeps_its_reason_and_is_never_a_number(result, table, row_id, column, raw, reason):
    assert one(getattr(result, table), row_id=row_id)[column] is None
    lineage = one(result.lineage[table], row_id=row_id)
    assert (lineage[f"{column}__raw"], lineage[f"{column}__missing"]) == (raw, reason)


def test_the_missed_visit_and_the_withdrawal_have_their_outcome(result):
    assert one(result.visits, row_id="SIM-037|month_3")["outcome"] == "missed"
    assert one(result.visits, row_id="SIM-064|month_3")["outcome"] == "withdrawn"
    assert result.growth.filter(pl.col("row_id") == "SIM-064|month_3").is_empty()


def test_the_tube_that_nobody_knows_is_set_apart(result):
    assert result.rejected["source_file"].to_list() == ["milk_long.csv"]
    assert "TO640" in result.rejected["cells"][0]


def test_a_thousands_separator_is_read(result):
    row = one(result.milk, sample_id="T0611", analyte="iodine")
    assert (row["raw"], row["value"], row["unit"]) == ("4,009.1", 4009.1, "ug/L")


def test_not_detected_without_a_limit_cannot_be_compared(result):
    row = one(result.milk, sample_id="T0626", analyte="iodine")
    assert (row["value"], row["censored"], row["limit"], row["below_mae"]) == (None, "<", None, None)
    assert row["mae_status"] == "undetermined"


def test_a_unit_that_nobody_knows_leaves_no_value(result):
    row = one(result.milk, sample_id="T0615", analyte="folate")
    assert (row["raw"] is not None, row["raw_unit"], row["value"]) == (True, "nmo/L", None)


def test_the_later_run_is_the_one_reported(result):
    rows = result.milk.filter((pl.col("sample_id") == "T0680") & (pl.col("analyte") == "iodine"))
    assert dict(rows.select("batch", "reported").rows()) == {"I3": False, "I3R": True}
    later = one(rows, reported=True)["value"]
    assert one(result.analysis, infant_id="SIM-080", visit="month_3")["milk_iodine_ug_l"] == later


def test_duplicate_readings_are_numbered_and_the_analysis_takes_their_mean(result):
    rows = result.milk.filter((pl.col("sample_id") == "T0601") & (pl.col("analyte") == "vitamin_b12"))
    assert sorted(rows["replicate"]) == [1, 2]
    mean = one(result.analysis, infant_id="SIM-001", visit="month_3")["milk_vitamin_b12_pmol_l"]
    assert mean == pytest.approx(rows["value"].mean())


def test_the_limit_of_a_plate_goes_with_its_values(result):
    row = one(result.milk, batch="P6", analyte="retinol", raw="<LOD")
    assert (row["value"], row["censored"]) == (None, "<")
    assert row["limit"] == pytest.approx(286.452)


def test_the_reference_table_covers_the_declared_set(result):
    rows = result.mae_reference.filter((pl.col("visit") == "month_3") & pl.col("mae").is_not_null())
    assert {"iodine", "retinol", "alpha_tocopherol", "vitamin_b12", "folate"} <= set(rows["analyte"])


def test_twins_share_their_mothers_milk_and_count_once(result):
    twins = result.analysis.filter((pl.col("participant_id") == "SIM-017") & (pl.col("visit") == "month_3"))
    assert twins.height == 2
    assert twins["milk_iodine_ug_l"].n_unique() == 1
    assert sorted(twins["mother_first_row"]) == [False, True]
