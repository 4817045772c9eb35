"""What milkqc makes of the demo study: every fault of docs/demo.md is seen, and nothing is lost on the way."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import milkqc
from milkqc.demo import write_uploads


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    return milkqc.run(write_uploads(out), data=out / "uploads")


def one(table: pl.DataFrame, **where: object) -> dict[str, object]:
    """The one row of `table` with these values."""
    return table.filter(pl.all_horizontal(pl.col(name) == value for name, value in where.items())).row(
        0, named=True
    )


def found(result, row_id: str) -> dict[str, str]:
    """Rule and severity of each finding about one row."""
    rows = result.findings.filter(pl.col("row_id") == row_id)
    return dict(zip(rows["rule_id"], rows["severity"], strict=True))


def test_every_row_of_every_upload_is_accounted_for(result):
    for block in result.reconciliation:
        assert block.read == block.used + block.set_aside + block.rejected
    assert [(block.table, block.read, block.rejected) for block in result.reconciliation] == [
        ("participants", 41, 0),
        ("visits", 83, 0),
        ("growth", 83, 0),
        ("milk", 79, 0),
        ("milk", 118, 1),
    ]


def test_all_tables_arrive(result):
    assert result.participants.height == 41
    assert result.visits.height == 80
    assert result.growth.height == 83
    assert result.milk.height == 2 * 79 + 117
    # One row per infant and visit, the two forms of SIM-031 included.
    assert result.analysis.select("infant_id", "visit").n_unique() == 82


@pytest.mark.parametrize(
    ("row_id", "rule", "severity"),
    [
        ("SIM-007|birth", "growth.weight_kg.impossible", "critical"),
        ("SIM-012|month_3", "growth.visit.before_birth", "critical"),
        ("SIM-019|month_3", "growth.sex.differs", "critical"),
        ("SIM-023|month_3", "growth.position.not_believed", "info"),
        ("SIM-028|month_3", "reading.replicates.disagree", "warning"),
    ],
)
def test_a_planted_fault_is_found(result, row_id, rule, severity):
    assert found(result, row_id).get(rule) == severity


def test_the_weight_in_grams_is_kept_and_not_repaired(result):
    row = one(result.growth, row_id="SIM-007|birth")
    assert row["weight_kg"] == 2720
    assert row["waz_flag"] is True


def test_the_visit_before_birth_has_a_negative_age_and_no_scores(result):
    row = one(result.growth, row_id="SIM-012|month_3")
    assert row["visit_date"] == dt.date(2023, 7, 27)
    assert row["age_days"] < 0
    assert (row["laz"], row["waz"], row["wlz"], row["hcz"]) == (None, None, None, None)


def test_the_form_typed_twice_stays_twice(result):
    rows = result.growth.filter((pl.col("infant_id") == "SIM-031") & (pl.col("visit") == "month_3"))
    assert sorted(rows["weight_kg"]) == [6.68, 6.86]
    assert rows["row_id"].str.starts_with("SIM-031|month_3#").all()
    finding = one(result.findings, rule_id="growth.key.repeated")
    assert finding["row_id"] in rows["row_id"]
    assert finding["n_rows"] == 2


def test_codes_for_missing_never_become_numbers(result):
    assert one(result.participants, infant_id="SIM-005")["birth_weight_kg"] is None
    assert one(result.participants, infant_id="SIM-021")["mother_age_years"] is None
    lineage = one(result.lineage["participants"], row_id="SIM-005")
    assert (lineage["birth_weight_kg__raw"], lineage["birth_weight_kg__missing"]) == ("-9", "not_done")
    lineage = one(result.lineage["growth"], row_id="SIM-009|month_3")
    assert (lineage["muac_cm__raw"], lineage["muac_cm__missing"]) == (".b", "refused")


def test_a_missed_visit_is_no_finding(result):
    assert found(result, "SIM-037|month_3") == {}
    assert one(result.visits, row_id="SIM-037|month_3")["outcome"] == "missed"


def test_the_tube_that_nobody_knows_is_set_apart(result):
    assert result.rejected["source_file"].to_list() == ["milk_long.csv"]
    assert "TO230" in result.rejected["cells"][0]
    rules = result.findings.filter(pl.col("value").str.contains("TO230"))["rule_id"].to_list()
    assert sorted(rules) == ["reading.link.orphan", "reading.row.rejected"]


def test_a_thousands_separator_is_read(result):
    row = one(result.milk, sample_id="T0211", analyte="iodine")
    assert (row["raw"], row["value"], row["unit"]) == ("4,009.1", 4009.1, "ug/L")


def test_not_detected_without_a_limit_cannot_be_compared(result):
    row = one(result.milk, sample_id="T0226", analyte="iodine")
    assert (row["value"], row["censored"], row["limit"], row["below_mae"]) == (None, "<", None, None)
    assert row["mae_status"] == "undetermined"


def test_a_unit_that_nobody_knows_leaves_no_value(result):
    row = one(result.milk, sample_id="T0215", analyte="folate")
    assert (row["raw"] is not None, row["raw_unit"], row["value"]) == (True, "nmo/L", None)
    assert found(result, row["row_id"]) == {"milk.unit.unreadable": "critical"}


def test_the_later_run_is_the_one_reported(result):
    rows = result.milk.filter((pl.col("sample_id") == "T0204") & (pl.col("analyte") == "vitamin_b12"))
    assert dict(zip(rows["value"], rows["reported"], strict=True)) == {531.0: False, 141.0: True}
    assert one(result.analysis, infant_id="SIM-004", visit="month_3")["milk_vitamin_b12_pmol_l"] == 141.0


def test_units_are_converted_with_the_raw_value_beside(result):
    row = one(result.milk, sample_id="T0101", analyte="retinol")
    assert row["raw_unit"] == "umol/L"
    assert row["value"] == pytest.approx(float(row["raw"]) * 286.452, rel=1e-6)
    assert row["unit"] == "ug/L"


def test_the_reference_table_covers_the_declared_set(result):
    rows = result.mae_reference.filter((pl.col("visit") == "month_3") & pl.col("mae").is_not_null())
    assert {"iodine", "retinol", "alpha_tocopherol", "vitamin_b12", "folate"} <= set(rows["analyte"])


def test_twins_share_their_mothers_milk_and_count_once(result):
    twins = result.analysis.filter((pl.col("participant_id") == "SIM-017") & (pl.col("visit") == "month_3"))
    assert twins["milk_iodine_ug_l"].n_unique() == 1
    assert sorted(twins["mother_first_row"]) == [False, True]


def test_the_run_fails_for_its_critical_findings(result):
    """Six causes, six critical findings: whatever else is said of the same rows is less than critical."""
    critical = result.findings.filter(pl.col("severity") == "critical")
    assert sorted(critical["rule_id"]) == [
        "growth.key.repeated",
        "growth.sex.differs",
        "growth.visit.before_birth",
        "growth.weight_kg.impossible",
        "milk.unit.unreadable",
        "reading.row.rejected",
    ]
    assert result.checks.filter(pl.col("status") == "broken").height == 0
