"""What the shares below an estimate hang on: the basis, open findings, and people in clusters."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.reference.mae import BASES, choose
from milkqc.summarise.sensitivity import SCHEMA, sensitivity
from milkqc.summarise.shares import design_effect, interval_of, wilson

BOTH = [choose(authority="IOM", basis=basis) for basis in BASES]
NO_FINDINGS = pl.DataFrame(
    schema={
        "table": pl.String,
        "status": pl.String,
        "severity": pl.String,
        "row_id": pl.String,
        "variable": pl.String,
    }
)


def milk(*values: float) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row_id": [f"r{n}" for n in range(len(values))],
            "participant_id": [f"P{n}" for n in range(len(values))],
            "sample_id": [f"S{n}" for n in range(len(values))],
            "value": list(values),
            "batch": ["B1" if n < 2 else "B2" for n in range(len(values))],
        }
    ).with_columns(
        mother_id=pl.lit(None, pl.String), visit=pl.lit("m3"), analyte=pl.lit("iodine"), method=pl.lit("ICP-MS"),
        measures=pl.lit(None, pl.String), unit=pl.lit("ug/L"), censored=pl.lit(None, pl.String),
        limit=pl.lit(None, pl.Float64), reported=pl.lit(value=True), days_postpartum=pl.lit(90.0),
    )  # fmt: skip


def people(n: int) -> pl.DataFrame:
    ids = [f"P{k}" for k in range(n)]
    return pl.DataFrame({"participant_id": ids, "infant_id": ids}).with_columns(
        mother_id=pl.lit(None, pl.String), cluster_id=pl.lit(None, pl.String)
    )


def finding(
    row_id: str, *, severity: str = "warning", status: str = "open", variable: str = "iodine"
) -> pl.DataFrame:
    cells = {"table": "milk", "status": status, "severity": severity, "row_id": row_id, "variable": variable}
    return pl.DataFrame([cells], schema=NO_FINDINGS.schema)


def one(frame: pl.DataFrame) -> dict:
    (row,) = frame.rows(named=True)
    return row


def test_results_that_change_side_between_the_bases_are_counted():
    # The estimates are 146 and 141.03 ug/L.
    row = one(sensitivity(milk(100, 143, 150, 144), people(4), BOTH, NO_FINDINGS))
    assert {name: row[name] for name in ("judged", "judged_on_both", "below_both", "below_basis_only", "below_other_only",
                                         "at_or_above_both", "percent_below")} == {
        "judged": 4, "judged_on_both": 4, "below_both": 1, "below_basis_only": 2, "below_other_only": 0,
        "at_or_above_both": 1, "percent_below": 75.0,
    }  # fmt: skip
    assert (row["basis"], row["other_basis"]) == BASES


def test_an_open_finding_could_move_its_result_to_either_side():
    row = one(sensitivity(milk(100, 120, 150, 160), people(4), BOTH, finding("r0")))
    assert (row["with_open_findings"], row["percent_below_least"], row["percent_below_most"]) == (
        1,
        25.0,
        50.0,
    )
    row = one(sensitivity(milk(100, 120, 150, 160), people(4), BOTH, finding("r3")))
    assert (row["with_open_findings"], row["percent_below_least"], row["percent_below_most"]) == (
        1,
        50.0,
        75.0,
    )


def test_a_finding_about_a_batch_is_about_each_of_its_results():
    row = one(sensitivity(milk(100, 120, 150, 160), people(4), BOTH, finding("batch=B1")))
    assert (row["with_open_findings"], row["percent_below_least"], row["percent_below_most"]) == (
        2,
        0.0,
        50.0,
    )
    row = one(sensitivity(milk(100, 120, 150, 160), people(4), BOTH, finding("batch=B1", variable="retinol")))
    assert row["with_open_findings"] == 0


@pytest.mark.parametrize("harmless", [{"severity": "info"}, {"status": "accepted"}])
def test_what_is_answered_or_only_worth_knowing_moves_nothing(harmless):
    row = one(sensitivity(milk(100, 150), people(2), BOTH, finding("r0", **harmless)))
    assert (row["percent_below_least"], row["percent_below_most"]) == (50.0, 50.0)


def test_without_a_declared_basis_there_is_nothing_to_move():
    assert sensitivity(milk(100), people(1), [], NO_FINDINGS).schema == SCHEMA
    assert one(sensitivity(milk(100), people(1), BOTH[:1], NO_FINDINGS))["other_basis"] is None


def judged(*clusters: tuple[int, int]) -> pl.DataFrame:
    """One cluster for each (below, of)."""
    rows = [(f"C{n}", k < below) for n, (below, of) in enumerate(clusters) for k in range(of)]
    return pl.DataFrame(rows, schema={"_cluster": pl.String, "below_mae": pl.Boolean}, orient="row")


def test_the_design_effect_of_whole_clusters_on_one_side_is_their_size():
    """Every cluster of 10 is all below or all above: 8 clusters tell what 8 people would, times k/(k-1)."""
    assert design_effect([10, 0] * 4, [10] * 8) == pytest.approx(10 * 8 / 7)
    found = interval_of(judged(*[(10, 10), (0, 10)] * 4))
    assert (found.name, found.clusters) == ("wilson, cluster-robust", 8)
    low, high = wilson(4, 8)
    # 7 effective results, not 8: the interval is a little wider than that of 8 people.
    assert found.low < low < 50 < high < found.high


def test_clusters_that_do_not_resemble_themselves_never_narrow_the_interval():
    found = interval_of(judged((5, 10), (5, 10), (5, 10)))
    assert (found.low, found.high) == wilson(15, 30)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), min_size=2, max_size=12))
def test_the_interval_holds_the_share_and_is_never_narrower_than_wilsons(clusters):
    clusters = [(min(below, of), of) for below, of in clusters]
    below, n = sum(b for b, _ in clusters), sum(of for _, of in clusters)
    found, plain = interval_of(judged(*clusters)), wilson(below, n)
    assert found.low - 1e-6 <= 100 * below / n <= found.high + 1e-6
    assert found.high - found.low >= plain[1] - plain[0] - 1e-6


def test_a_result_without_a_cluster_makes_it_wilsons():
    frame = judged((3, 5), (1, 5)).with_columns(_cluster=pl.when(pl.col("_cluster") != "C1").then("_cluster"))
    assert interval_of(frame).name == "wilson"
    assert interval_of(frame.clear()).name == ""
