"""What many rules say in the same words: sources, keys, and expressions that each engine needs put in one way."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

DEFINITION = "definition"
UNVERIFIED = "convention, unverified"
# One finding for a tube, whatever was measured in it.
SAMPLE = ("participant_id", "visit", "sample_id")


def holds(column: str) -> nw.Expr:
    """A boolean of the view; null is false. Cast, because pandas keeps a column with nulls as objects."""
    return nw.col(column).cast(nw.Boolean).fill_null(value=False)


def midnight(day: dt.date) -> nw.Expr:
    """A date to compare with: pandas has no dates and refuses to compare its time stamps with one; others take both."""
    return nw.lit(dt.datetime(day.year, day.month, day.day))
