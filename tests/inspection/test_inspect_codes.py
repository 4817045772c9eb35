"""Which values look like missing codes that nobody declared."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milkqc.inspection.codes import candidates

MONTHS = [float(n) for n in range(60)]


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([1, 2, 9], [9]),
        ([0, 1, 8, 9], [8, 9]),
        ([2.1, 5.5, 9.8, 99, 999], [99, 999]),
        ([*MONTHS, 98, 99], [98, 99]),
        ([110, 142, 175, 999], [999]),
        ([45.5, 95.2, 999.9], [999.9]),
        ([3.5, 4.2, 88.8, 99.9], [88.8, 99.9]),
        ([0, 1, 2, 3, -9], [-9]),
        ([1000, 2500, 4000, 9999], [9999]),
        ([-3.2, 0.1, 2, -8, -9, -99], [-99, -9, -8]),
    ],
)
def test_conventional_codes_beyond_the_rest_are_candidates(values, codes):
    found = candidates(pl.Series([float(value) for value in values]))
    assert found is not None
    assert list(found.codes) == [float(code) for code in codes]


@pytest.mark.parametrize(
    "values",
    [
        [45, 70, 95, 99],  # 99 cm is a length
        range(1, 10),  # a scale of 1 to 9
        [2, 7],  # two rows: nothing to stand apart from
        range(10_000),
        [2720, 3000, 99],  # 99 g would be a wrong weight, not a code: it lies below
        [-3, 2.5, 1.1],  # z-scores
        [1, 1, 1],
        [999],  # nothing to stand apart from
        [],
    ],
)
def test_a_value_among_the_others_is_no_candidate(values):
    assert candidates(pl.Series([float(value) for value in values], dtype=pl.Float64)) is None


def test_one_mistyped_age_does_not_hide_the_code_below_it():
    found = candidates(pl.Series([*MONTHS, 98.0, 335.0]))
    assert found is not None
    assert (found.codes, found.low, found.high) == ((98.0,), 0.0, 59.0)


@given(
    st.lists(
        st.floats(allow_nan=False, allow_infinity=False) | st.integers(-999, 9999).map(float), max_size=30
    )
)
def test_candidates_are_values_of_the_column_and_never_all_of_them(values):
    found = candidates(pl.Series(values, dtype=pl.Float64))
    if found is not None:
        assert set(found.codes) < set(values)
        assert found.low <= found.high
        assert not set(found.codes) & {found.low, found.high}
