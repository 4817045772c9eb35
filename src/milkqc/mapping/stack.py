"""The blocks of one target table stacked: repeated keys read, row ids given, every dictionary column there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from milkqc import reference
from milkqc.mapping import account as accounts
from milkqc.mapping import merge, repeats, rowids, targets
from milkqc.mapping.account import Account
from milkqc.mapping.language import Repeats


@dataclass(frozen=True)
class Part:
    """What one block gives a table: its rows, the problems that point at them by place, its policy of repeats."""

    block: str
    policy: Repeats
    frame: pl.DataFrame
    problems: pl.DataFrame


def stacked(table: str, parts: Sequence[Part], account: Account) -> pl.DataFrame:
    """The parts as one table; `_block` names the block of each row. Its problems and conflicts go to `account`."""
    parts = [part for part in parts if part.frame.height]
    if not parts:
        return complete(table, pl.DataFrame(schema={"row_id": pl.String, "_block": pl.String}))
    frames, problems, offset = [], [], 0
    for part in parts:
        frames.append(part.frame.with_columns(_block=pl.lit(part.block)))
        problems.append(part.problems.with_columns(place=pl.col("place") + pl.lit(offset, dtype=pl.UInt32)))
        offset += part.frame.height
    # Problems point at places; the row they belong to may be merged into another, so they travel by place.
    frame = pl.concat(frames, how="diagonal_relaxed").with_columns(
        _place=pl.int_range(pl.len(), dtype=pl.UInt32)
    )
    found = pl.concat(problems)
    key = list(targets.row_id_parts(table))
    before = frame.select("_place", *key)
    frame, merged, looked = _read_repeats(table, parts, frame)
    frame = rowids.with_row_ids(frame, targets.row_id_parts(table))
    after = frame.select("_place", row_id="row_id")
    ids = before.join(after, on="_place", how="left", maintain_order="left")
    by_key = frame.select(*key, _first="row_id").unique(key, keep="first", maintain_order=True)
    ids = ids.join(by_key, on=key, how="left", maintain_order="left", nulls_equal=True)
    row_ids = ids.select(pl.coalesce("row_id", "_first")).to_series()
    account.drafts.append(accounts.drafts_of(table, found, row_ids.gather(found["place"])))
    account.drafts.append(accounts.drafts_of(table, merged, frame["row_id"].gather(merged["place"])))
    for variable in merge.variables(frame) if looked else ():
        account.count(table, "reading.repeat.conflict", variable, looked, 0)
    return complete(table, frame.drop("_place"))


def _read_repeats(
    table: str, parts: Sequence[Part], frame: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Repeated keys read by the blocks' policies: the rows, conflicts by place in them, and merged rows looked at.

    Blocks of one policy are read together. A key that blocks of different policies share is repeated for all.
    """
    key = list(targets.row_id_parts(table))
    policies: dict[Repeats, list[str]] = {}
    for part in parts:
        policies.setdefault(part.policy, []).append(part.block)
    read, conflicts, looked, offset = [], [], 0, 0
    for place, (policy, blocks) in enumerate(policies.items()):
        rows, conflict = repeats.apply(table, frame.filter(pl.col("_block").is_in(blocks)), policy)
        conflicts.append(conflict.with_columns(place=pl.col("place") + pl.lit(offset, dtype=pl.UInt32)))
        read.append(rows.with_columns(_part=pl.lit(place)))
        offset += rows.height
        looked += rows.height if policy.policy == "same" or conflict.height else 0
    whole = pl.concat(read, how="diagonal_relaxed")
    shared = pl.col("_part").n_unique().over(key) > 1
    whole = whole.with_columns(repeat_allowed=pl.col("repeat_allowed") & ~shared)
    return whole.drop("_part", "_latest", strict=False), pl.concat(conflicts), looked


def complete(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Every key and mapped column of the dictionary, null where nothing fills it; sorted by row_id."""
    height = frame.height
    added = []
    for column in reference.columns(table):
        name = column.column
        if column.origin == "derived" or name in frame.columns or f"{name}__number" in frame.columns:
            continue
        if table in {"milk", "biomarkers"} and name in {"limit", "value"}:
            continue
        added.append(pl.repeat(None, height, dtype=reference.polars_type(column), eager=True).alias(name))
    frame = frame.with_columns(added)
    for name, kind in (
        ("source_table", pl.String),
        ("source_file", pl.String),
        ("source_row", pl.Int64),
        ("repeats", pl.String),
        ("repeat_allowed", pl.Boolean),
        *(
            (
                ("number", pl.Float64),
                ("limit_raw", pl.Float64),
                ("raw", pl.String),
                ("raw_unit", pl.String),
                ("censored", pl.String),
                ("missing_reason", pl.String),
                ("reported", pl.Boolean),
            )
            if table in {"milk", "biomarkers"}
            else ()
        ),
    ):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, dtype=kind).alias(name))
    if "reported" in frame.columns:
        frame = frame.with_columns(pl.col("reported").fill_null(True))
    return frame.sort("row_id")
