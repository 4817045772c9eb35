"""Several results of one sample: runs of another day, and readings of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from milkqc.drafting import keys
from milkqc.drafting.assays import Tests
from milkqc.drafting.plan import Block, Entry, Table

_MOST = 0.5  # of the samples must have several readings of one day before they are no slip


def repeats(table: Table, block: Block, named: Tests | None) -> Block | None:
    """Several results of one sample: of another day, the later counts; of one day, they are replicates.

    Where some tests of a long file are read several times and others are not, the second block.
    """
    run = next((one for one in block.columns if one.key == "run_date"), None)
    sample = keys.sample_of(table)
    if run is None or sample is None:
        return None
    who = [sample.column, *([named.guess.column] if named else [])]
    frame = table.upload.source.table
    kind = table.chosen.get(str(block.parts["controls"].value["from"])) if "controls" in block.parts else None
    if kind is not None:
        own = [
            word
            for part in ("blank", "control", "duplicate")
            for word in block.parts["controls"].value.get(part, [])
        ]
        frame = frame.filter(~pl.col(kind.column).is_in(own).fill_null(value=False))
    counted = (
        frame.drop_nulls(who)
        .group_by(who)
        .agg(days=pl.col(run.value["from"]).n_unique(), rows=pl.len())
        .with_columns(test=pl.col(named.guess.column) if named else pl.lit(""))
    )
    again = set(counted.filter(pl.col("days") > 1)["test"].to_list())
    # Several rows of one day, in at least half of the samples: readings, and no slip.
    paired = counted.group_by("test").agg((pl.col("rows") > pl.col("days")).mean().alias("share"))
    twice = set(paired.filter(pl.col("share") >= _MOST)["test"].to_list())
    later = Entry("repeats", {"latest": run.value["from"]}, "likely: some samples were run on several days; the later run counts?")  # fmt: skip
    readings = Entry("repeats", "replicate", "likely: several rows of a sample on one day")
    if not twice:
        block.parts |= {"repeats": later} if again else {}
        return None
    others = {} if named is None else {word: one for word, one in named.codes.items() if word not in twice}
    if named is None or not others:
        block.parts["repeats"] = readings
        return None
    return _apart(block, named, others, later if again - twice else None, readings)


def _apart(
    block: Block, named: Tests, others: Mapping[str, str], later: Entry | None, readings: Entry
) -> Block:
    """The tests that were read several times in a block of their own; `block` keeps the others."""
    mine = {word: one for word, one in named.codes.items() if word not in others}
    second = replace(
        block,
        parts=dict(block.parts),
        keys=list(block.keys),
        columns=list(block.columns),
        analytes=[one for one in block.analytes if one.key in mine.values()],
    )
    block.analytes = [one for one in block.analytes if one.key in others.values()]
    comment = "likely: the tests that are repeated in the same way"
    if "where" in block.parts:
        comment = block.parts["where"].comment
    for one, codes, repeats in ((block, others, later), (second, mine, readings)):
        where = Entry("where", {named.guess.column: list(codes)}, comment)
        long = one.parts["long"]
        one.parts |= {"where": where, "long": replace(long, value={**long.value, "codes": dict(codes)})}
        one.parts |= {"repeats": repeats} if repeats is not None else {}
    return second
