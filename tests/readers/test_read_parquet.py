"""Parquet files: every type a frame can have comes as one of the few of a Source, and damage is refused."""

from __future__ import annotations

from datetime import date, datetime, time

import polars as pl
import pytest

from milkqc.errors import SourceError
from milkqc.readers import read


@pytest.fixture
def typed(tmp_path):
    frame = pl.DataFrame(
        {
            "text": ["a", "", None],
            "whole": pl.Series([1, None, 3], dtype=pl.UInt8),
            "large": pl.Series([2**64 - 1, 1, None], dtype=pl.UInt64),
            "number": [1.5, float("nan"), None],
            "single": pl.Series([9.6, None, 0.1], dtype=pl.Float32),
            "decimal": pl.Series(["1.10", None, "2.25"]).cast(pl.Decimal(10, 2)),
            "word": pl.Series(["x", None, "y"], dtype=pl.Categorical),
            "truth": [True, False, None],
            "day": [date(2024, 2, 29), None, None],
            "moment": pl.Series([datetime(2024, 1, 1, 12, 30), None, None]).dt.replace_time_zone("Europe/Rome"),
            "clock": [time(12, 30), None, None],
            "nothing": [None, None, None],
        }
    )  # fmt: skip
    frame.write_parquet(tmp_path / "typed.parquet")
    return tmp_path / "typed.parquet"


def test_every_type_comes_as_one_of_a_sources(typed):
    source = read(typed)
    assert source.table.to_dict(as_series=False) == {
        "text": ["a", None, None],
        "whole": [1, None, 3],
        "large": ["18446744073709551615", "1", None],
        "number": [1.5, None, None],
        "single": [9.6, None, 0.1],
        "decimal": ["1.10", None, "2.25"],
        "word": ["x", None, "y"],
        "truth": ["true", "false", None],
        "day": [date(2024, 2, 29), None, None],
        "moment": [datetime(2024, 1, 1, 12, 30), None, None],
        "clock": ["12:30:00", None, None],
        "nothing": [None, None, None],
    }
    assert set(source.table.dtypes) == {pl.String, pl.Int64, pl.Float64, pl.Date, pl.Datetime("us")}
    assert source.reasons["text"].to_list() == [None, "empty", "empty"]
    assert (source.origin.format, source.origin.rows, source.origin.columns) == ("parquet", 3, 12)


def test_lists_and_structures_are_refused_by_name(tmp_path):
    pl.DataFrame({"id": [1], "list": [[1, 2]], "struct": [{"a": 1}]}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(SourceError, match=r"columns hold lists, structures or bytes: list, struct\."):
        read(tmp_path / "x.parquet")


def test_damaged_files_are_refused_and_never_crash(typed):
    whole = typed.read_bytes()
    for name, content, what in (
        ("text", b"id,sex\n1,2\n", "is not a Parquet file"),
        ("cut", whole[: len(whole) // 2], "is cut off"),
        ("short", whole[:4] + whole[-4:], "is damaged"),
        ("zeroed", whole[:4] + bytes(len(whole) - 200) + whole[-196:], "typed|damaged|large|crash"),
    ):
        path = typed.with_name(f"{name}.parquet")
        path.write_bytes(content)
        if name == "zeroed":  # the index is whole and what it points to is not
            with pytest.raises(SourceError):
                read(path)
        else:
            with pytest.raises(SourceError, match=what):
                read(path)
