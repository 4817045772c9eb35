"""What must hold of WHO's scores whatever the child: sizes and scores lead to each other, sex and position count where
they should, and the published figures are met.
"""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.derive.columns import FrameError
from milkqc.derive.frames import growth_scores, newborn_scores
from milkqc.derive.indices import lms_table
from milkqc.reference.growth import growth_indices

INDICES = {index.name: index for index in growth_indices()}
BY_AGE = [name for name, index in INDICES.items() if index.axis == "age" and name not in {"laz", "baz"}]


def child(**columns: object) -> pl.DataFrame:
    row = {"infant_sex": "male", "age_days": 500.0, **columns}
    return pl.DataFrame({name: [value] for name, value in row.items()})


def size_at(name: str, sex: int, day: int, z: float) -> float:
    """The measure of a child at `z`, by WHO's formula turned round, beyond 3 in steps of the last SD."""
    index, table = INDICES[name], lms_table(INDICES[name])
    at = sex * table.size + day
    l, m, s = float(table.l[at]), float(table.m[at]), float(table.s[at])

    def sd(q: float) -> float:
        return m * (1 + l * s * q) ** (1 / l)

    if not index.restricted or abs(z) <= 3:
        return sd(z)
    side = 1 if z > 0 else -1
    return sd(3 * side) + (abs(z) - 3) * (sd(3 * side) - sd(2 * side))


@given(
    name=st.sampled_from(BY_AGE), sex=st.integers(0, 1), day=st.integers(91, 1826), hundredths=st.integers(-499, 499)
)  # fmt: skip
def test_a_score_made_a_size_gives_the_score_again(name, sex, day, hundredths):
    z = hundredths / 100
    size = size_at(name, sex, day, z)
    frame = child(
        **{INDICES[name].measure: size, "infant_sex": ("male", "female")[sex], "age_days": float(day)}
    )
    assert growth_scores(frame)[name].item() == pytest.approx(z, abs=1e-9)


@given(sex=st.integers(0, 1), day=st.integers(0, 1826), hundredths=st.integers(-600, 600))
def test_a_length_score_made_a_length_gives_the_score_again(sex, day, hundredths):
    length = size_at("laz", sex, day, hundredths / 100)
    frame = child(length_cm=length, infant_sex=("male", "female")[sex], age_days=float(day))
    assert growth_scores(frame)["laz"].item() == pytest.approx(hundredths / 100, abs=1e-9)


@given(
    name=st.sampled_from([*BY_AGE, "laz"]),
    sex=st.integers(0, 1),
    day=st.integers(91, 1826),
    z=st.floats(-2, 2),
)
def test_the_sex_swapped_reads_the_other_table_and_no_other(name, sex, day, z):
    size = size_at(name, sex, day, z)
    column = "length_cm" if name == "laz" else INDICES[name].measure
    frame = child(**{column: size, "infant_sex": ("female", "male")[sex], "age_days": float(day)})
    table = lms_table(INDICES[name])
    l, m, s = (float(part[(1 - sex) * table.size + day]) for part in (table.l, table.m, table.s))
    other = ((size / m) ** l - 1) / (l * s)
    if abs(other) < 3:
        assert growth_scores(frame)[name].item() == pytest.approx(other, abs=0.00501)


def test_the_sex_swapped_changes_no_size():
    rows = {"weight_kg": 9.6, "length_cm": 75.0, "measured": "standing"}
    boy, girl = (growth_scores(child(infant_sex=sex, **rows)) for sex in ("male", "female"))
    sizes = ("length_for_score_cm", "measured_assumed", "bmi")
    assert boy.select(sizes).equals(girl.select(sizes))
    assert girl["waz"].item() > boy["waz"].item()


@given(day=st.integers(280, 1826), weight=st.floats(4, 25), length=st.floats(55, 110), muac=st.floats(10, 20))
def test_the_position_swapped_moves_the_scores_of_length_and_no_other(day, weight, length, muac):
    rows = {"age_days": float(day), "weight_kg": weight, "length_cm": length, "muac_cm": muac}
    lying, standing = (growth_scores(child(measured=position, **rows)) for position in ("lying", "standing"))
    assert lying.select("waz", "acz").equals(standing.select("waz", "acz"))
    # Standing children measure 0.7 cm less: the same figure is a longer child, and a thinner one.
    difference = standing["length_for_score_cm"].item() - lying["length_for_score_cm"].item()
    assert difference == pytest.approx(0.7)
    assert standing["laz"].item() > lying["laz"].item()
    assert standing["bmi"].item() < lying["bmi"].item()
    assert standing["baz"].item() <= lying["baz"].item()


@pytest.mark.parametrize(
    ("sex", "day", "measure", "median", "index"),
    [
        # WHO Child Growth Standards, expanded tables: M at birth and at 12 months.
        ("male", 0, "weight_kg", 3.3464, "waz"),
        ("female", 0, "weight_kg", 3.2322, "waz"),
        ("male", 0, "length_cm", 49.8842, "laz"),
        ("female", 0, "length_cm", 49.1477, "laz"),
        ("male", 0, "head_circumference_cm", 34.4618, "hcz"),
        ("female", 0, "head_circumference_cm", 33.8787, "hcz"),
        ("male", 365, "weight_kg", 9.646, "waz"),
    ],
)
def test_whos_published_medians_score_zero(sex, day, measure, median, index):
    frame = child(**{measure: median, "infant_sex": sex, "age_days": float(day)})
    assert growth_scores(frame)[index].item() == 0


def test_a_negative_age_scores_nothing_and_is_no_error():
    found = growth_scores(child(age_days=-1.0, weight_kg=3.3, length_cm=50.0, muac_cm=11.0))
    assert found.select("laz", "waz", "wlz", "baz", "acz").row(0) == (None,) * 5


@pytest.mark.parametrize(
    ("function", "frame", "sentence"),
    [
        (growth_scores, child(weight_kg=3.0, infant_sex="H"), "growth_scores: column infant_sex holds 'H'; it takes 'male' and 'female', WHO's codes 1, m, M and 2, f, F, or nothing."),
        (growth_scores, child(length_cm=60.0, measured="sitting"), "growth_scores: column measured holds 'sitting'; it takes 'lying' and 'standing', WHO's codes l, L and h, H, or nothing."),
        (newborn_scores, pl.DataFrame({"birth_weight_kg": [3.0]}), "newborn_scores: columns infant_sex, gestational_age_days are missing. Add them, or rename yours."),
    ],
)  # fmt: skip
def test_unknown_words_and_missing_columns_are_named(function, frame, sentence):
    with pytest.raises(FrameError) as caught:
        function(frame)
    assert str(caught.value).startswith(sentence)
