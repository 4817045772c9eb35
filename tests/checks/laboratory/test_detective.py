"""The unit detective: which mistakes it names, from how many results on, and what it leaves alone."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc import reference
from milkqc.checks.laboratory import model
from milkqc.checks.laboratory.alternatives import alternatives
from milkqc.checks.laboratory.detective import investigate
from milkqc.checks.laboratory.model import Distance, judge

# Analyte, unit declared, substance, median and sigma of milk.md, in the canonical unit of the analyte.
B12 = {
    "analyte": "vitamin_b12",
    "unit": "pmol/L",
    "substance": "cyanocobalamin",
    "median": 113.0,
    "sigma": 0.877,
}
FOLATE = {"analyte": "folate", "unit": "ug/L", "substance": "folic_acid", "median": 47.0, "sigma": 0.375}
VITAMIN_E = {"analyte": "alpha_tocopherol", "unit": "mg/L", "median": 3.3, "sigma": 0.4}
RETINOL = {"analyte": "retinol", "unit": "ug/L", "substance": "retinol", "median": 402.0, "sigma": 0.45}
IODINE = {"analyte": "iodine", "unit": "ug/L", "median": 68.0, "sigma": 0.577}


def named(report) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.name, one.units) for one in report.suspicions]


@pytest.mark.parametrize(
    ("study", "factor", "unit"),
    [
        (RETINOL, 1000, "pg/mL"),  # written in pg/mL: the numbers are 1000 times too high
        (RETINOL, 0.1, "ug/dL"),
        (RETINOL, 1 / 286.452, "umol/L"),
        (FOLATE, 2.2655, "nmol/L"),
        (IODINE, 1000, "pg/mL"),
        (IODINE, 0.1, "ug/dL"),
        (IODINE, 0.001, "ug/mL"),
        (VITAMIN_E, 0.1, "mg/dL"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_batch_in_another_unit_is_named_with_its_unit(laboratory, study, factor, unit, seed):
    ((name, units),) = named(investigate(*laboratory(seed, **study, factor=factor, off="B4")))
    assert name == "batch B4"
    assert units[0] == unit


@pytest.mark.parametrize("seed", range(4))
def test_units_a_few_percent_apart_are_named_together(laboratory, seed):
    """Vitamin E in umol/L is 2.32 times too high, in IU of synthetic activity 2.22 times: nobody can tell them apart."""
    ((name, units),) = named(investigate(*laboratory(seed, **VITAMIN_E, factor=2.3218, off="B2")))
    assert name == "batch B2"
    assert "umol/L" in units
    assert set(units) <= {"umol/L", "IU(synthetic, activity)/L"}


def test_b12_in_pg_ml_shows_in_the_control_materials_before_it_shows_in_the_samples(laboratory):
    """A ratio of 1.355 among people who differ by a factor of 2.4 (sigma 0.877) needs hundreds of samples."""
    found = [
        named(investigate(*laboratory(seed, **B12, factor=1.3554, off="B4", materials=materials)))
        for materials in (False, True)
        for seed in range(10)
    ]
    assert sum(one == [("batch B4", ("pg/mL",))] for one in found[:10]) == 0
    assert sum(one == [("batch B4", ("pg/mL",))] for one in found[10:]) >= 7


@pytest.mark.parametrize("study", [B12, FOLATE, VITAMIN_E, RETINOL, IODINE], ids=lambda one: one["analyte"])
@pytest.mark.parametrize("materials", [False, True])
def test_a_laboratory_without_fault_is_left_alone(laboratory, study, materials):
    assert [named(investigate(*laboratory(seed, **study, materials=materials))) for seed in range(8)] == [
        []
    ] * 8


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_sites_that_differ_by_a_factor_of_two_are_people_not_units(laboratory, ratio):
    drawn = [laboratory(seed, **IODINE, batches=6, sites={"A": 1.0, "B": ratio}) for seed in range(8)]
    assert [named(investigate(*one)) for one in drawn] == [[]] * 8


def test_a_shift_that_no_unit_explains_is_no_unit(laboratory):
    ((name, units),) = named(investigate(*laboratory(5, **FOLATE, factor=1.6, off="B3", materials=True)))
    assert (name, units) == ("batch B3", ())


def test_two_batches_in_other_units_are_both_found(laboratory):
    milk, own = laboratory(1, **RETINOL, factor=0.1, off="B4")
    second = pl.when(pl.col("batch") == "B1").then(pl.col("value") * 1000).otherwise("value")
    assert named(investigate(milk.with_columns(value=second), own)) == [
        ("batch B1", ("pg/mL",)), ("batch B4", ("ug/dL",)),
    ]  # fmt: skip


def test_of_two_batches_the_published_range_says_which_is_wrong(laboratory):
    found = named(investigate(*laboratory(1, **RETINOL, batches=2, factor=0.001, off="B2")))
    assert [name for name, _ in found] == ["batch B2"]


def test_a_whole_study_in_another_unit_is_seen_only_by_what_was_published(laboratory):
    milk, own = laboratory(1, **RETINOL, batches=1, factor=1000, off="B1")
    ((name, units),) = named(investigate(milk, own))
    assert (name, "pg/mL" in units) == ("file lab.csv", True)
    assert named(investigate(*laboratory(1, **RETINOL, batches=1))) == []


def test_how_many_results_fit_is_counted(laboratory):
    (one,) = investigate(*laboratory(1, **RETINOL, factor=1000, off="B4")).suspicions
    assert (one.of, one.fits >= 30) == (32, True)
    assert one.ratio == pytest.approx(1000, rel=0.3)


def test_the_order_of_the_rows_does_not_matter(laboratory):
    milk, own = laboratory(1, **FOLATE, factor=2.2655, off="B4")
    there, again = (investigate(frame, own).suspicions[0] for frame in (milk, milk.reverse()))
    assert (there.name, there.units, there.posterior) == (
        again.name,
        again.units,
        pytest.approx(again.posterior),
    )


def test_a_group_too_small_or_mostly_below_the_limit_is_not_judged(laboratory):
    milk, own = laboratory(1, **IODINE)
    few = milk.filter((pl.col("batch") != "B5") | (pl.col("row_id") < "r0133"))
    report = investigate(few, own)
    assert (report.judged, report.not_judged) == ({"iodine": 4}, {"iodine": 1})
    hidden = milk.with_columns(
        value=pl.when(pl.col("batch") != "B5").then("value"),
        censored=pl.when(pl.col("batch") == "B5").then(pl.lit("<")),
        limit=pl.lit(5.0),
    )
    assert investigate(hidden, own).not_judged == {"iodine": 1}


def test_every_alternative_is_another_size_and_known_by_one_name():
    b12 = reference.analytes()["vitamin_b12"]
    found = alternatives(b12, "pmol/L", "cyanocobalamin")
    assert "pmol/L" not in {one.unit for one in found}
    factors = [one.factor for one in found]
    assert factors == sorted(set(factors))
    assert sum(one.weight for one in found) == pytest.approx(1)
    assert next(one.factor for one in found if one.unit == "pg/mL") == pytest.approx(1000 / 1355.368)


def test_without_a_molar_mass_molar_units_are_no_alternative(tmp_path):
    from milkqc.reference.own import read_analytes

    (tmp_path / "own.csv").write_text("key,unit\nhmo,mg/L\n", "utf-8")
    own = read_analytes(tmp_path / "own.csv")
    assert not [one.unit for one in alternatives(own["hmo"], "mg/L", None) if "mol" in one.unit]


ZINC = alternatives(reference.analytes()["zinc"], "mg/L", None)


@given(st.floats(-15, 15), st.floats(1e-4, 1.0))
def test_the_posterior_is_shared_out_wholly(delta, variance):
    shares = judge([Distance(delta, variance)], ZINC, group_sd=model.PLATE_SD).posterior
    assert sum(shares.values()) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in shares.values())


def test_the_nearer_to_the_others_the_likelier_nothing_is_wrong():
    near = [judge([Distance(d, 0.01)], ZINC, group_sd=0.05).posterior[model.NONE] for d in (0, 0.2, 0.4, 0.8)]
    assert near == sorted(near, reverse=True)
    assert near[0] > 0.98


@given(st.integers(8, 200), st.floats(0, 0.5))
def test_a_trimmed_mean_of_a_symmetric_sample_is_its_middle(n, trimmed):
    values = np.linspace(-1, 1, n)
    middle, excess = model.centre(values, trimmed=trimmed)
    assert middle == pytest.approx(0, abs=1e-9)
    assert 1 <= excess <= math.pi / 2 + 0.01
