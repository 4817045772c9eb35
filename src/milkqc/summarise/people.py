"""Who a row belongs to: the site of each participant, for figures by site."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

NO_SITE = "(no site)"


def with_site(frame: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`frame` with the column `site`: its own, else its participant's, else NO_SITE; null when no site is known.

    One row in, one row out, in the same order. A study without any site has null everywhere, so that it is not
    split into groups of one.
    """
    if "site" in frame.columns:
        return frame
    nothing = pl.lit(None, dtype=pl.String).alias("site")
    people = tables.get("participants")
    if people is None or not {"participant_id", "site"} <= set(people.columns):
        return frame.with_columns(nothing)
    known = people.filter(pl.col("site").is_not_null()).select("participant_id", "site")
    if known.is_empty() or "participant_id" not in frame.columns:
        return frame.with_columns(nothing)
    known = known.sort("participant_id", "site").unique("participant_id", keep="first", maintain_order=True)
    return frame.join(known, on="participant_id", how="left", maintain_order="left").with_columns(
        pl.col("site").fill_null(NO_SITE)
    )
