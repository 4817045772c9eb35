"""The mapping applied: source tables in, internal tables out, with every reading problem and every row accounted for."""

from __future__ import annotations

from collections.abc import Mapping as Words
from dataclasses import dataclass, field

import polars as pl

from milkqc.mapping import account as accounts
from milkqc.mapping import blocks, controls, results, rows, specimens, stack, totals
from milkqc.mapping.account import READING, Account
from milkqc.mapping.built import Built
from milkqc.mapping.language import Block, Mapping
from milkqc.mapping.repeats import policy_of
from milkqc.mapping.rows import Rows
from milkqc.mapping.sources import SourceTable
from milkqc.mapping.stack import Part
from milkqc.model import TABLES, LedgerRow, Reconciled

__all__ = ["READING", "REJECTED_SCHEMA", "Applied", "apply"]

REJECTED_SCHEMA = {
    "table": pl.String,
    "block": pl.String,
    "source_table": pl.String,
    "source_file": pl.String,
    "source_row": pl.Int64,
    "why": pl.String,
    "cells": pl.String,
}


@dataclass(frozen=True)
class Applied:
    """What the mapping made: internal tables (docs/architecture.md), drafts, ledger, rejected rows, the account.

    `columns[table, variable]` names the source columns behind a variable. `controls` are the laboratory's own rows
    (mapping.controls.SCHEMA), which are in no table.
    """

    tables: Words[str, pl.DataFrame]
    drafts: pl.DataFrame
    ledger: tuple[LedgerRow, ...]
    rejected: pl.DataFrame
    reconciliation: tuple[Reconciled, ...]
    columns: Words[tuple[str, str], str] = field(default_factory=dict)
    controls: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=controls.SCHEMA))


@dataclass(frozen=True)
class _Done:
    """One block read: its name, its section, and what it made."""

    name: str
    table: str
    block: Block
    built: Built


def apply(mapping: Mapping, sources: Words[str, SourceTable]) -> Applied:
    """Every target table of a linted mapping. All dictionary columns are there, null where nothing fills them."""
    account = Account()
    parts: dict[str, list[Part]] = {table: [] for table in TABLES}
    done: list[_Done] = []
    columns: dict[tuple[str, str], str] = {}
    own = [pl.DataFrame(schema=controls.SCHEMA)]
    for table, place, block in mapping.blocks():
        name = table if len(getattr(mapping, table)) == 1 else f"{table}[{place + 1}]"
        chosen = rows.choose(block, sources)
        built = _built(name, table, block, mapping.missing, chosen, account)
        if block.controls is not None:
            mine = rows.controls(block, chosen, sources)
            own.append(controls.control_rows(name, block, mine, mapping.missing))
        done.append(_Done(name, table, block, built))
        for target, (frame, problems) in specimens.split(table, built).items():
            parts[target].append(Part(name, policy_of(table, block.repeats), frame, problems))
            _judged(account, table, target, built, frame)
            for variable, names in built.columns.items():
                key = (target, variable.removeprefix("let_").removeprefix("compare_"))
                known = filter(None, columns.get(key, "").split("; "))
                columns[key] = "; ".join(dict.fromkeys([*known, *names]))
    tables = {table: stack.stacked(table, parts[table], account) for table in TABLES}
    results_blocks = {one.name: one.block for one in done if one.table in {"milk", "biomarkers"}}
    tables |= {table: totals.with_totals(tables[table], results_blocks) for table in ("milk", "biomarkers")}
    counts = _counts(tables)
    rejected = [
        one.built.rejected.select(pl.lit(one.table).alias("table"), pl.lit(one.name).alias("block"), pl.all())
        for one in done
    ]
    unplaced = pl.concat(rejected) if rejected else pl.DataFrame(schema={**REJECTED_SCHEMA, "key": pl.String})
    account.drafts.append(accounts.rejections(unplaced))
    unplaced = unplaced.select(*REJECTED_SCHEMA)
    drafts = pl.concat(account.drafts)
    return Applied(
        {name: frame.rename({"_block": "source_block"}) for name, frame in tables.items()},
        drafts,
        accounts.ledger(account, drafts),
        unplaced,
        tuple(_reconciled(one, counts.get(one.name, 0)) for one in done),
        columns,
        pl.concat(own),
    )


def _built(
    name: str,
    table: str,
    block: Block,
    missing: Words[str, str],
    chosen: Rows,
    account: Account,
) -> Built:
    build = results.build if table in {"milk", "biomarkers"} else blocks.build
    built = build(table, block, chosen, missing)
    accounts.links(account, table, block, chosen)
    accounts.controls(account, table, name, built)
    nothing = chosen.table.height == 0 or chosen.set_aside == chosen.table.height
    if nothing:
        account.drafts.append(accounts.empty(table, name, chosen))
    account.count(table, "reading.table.empty", name, 1, int(nothing))
    account.count(table, "reading.row.rejected", "key", chosen.height, built.rejected.height)
    return built


def _judged(account: Account, table: str, target: str, built: Built, frame: pl.DataFrame) -> None:
    """What reading judged counts where the rows went."""
    whole = frame.height == built.frame.height
    for (rule, variable), count in built.judged.items():
        here = count if whole else min(count, specimens.judged(frame, variable))
        if here or target == table:
            account.count(target, rule, variable, here, 0)


def _counts(tables: Words[str, pl.DataFrame]) -> dict[str, int]:
    """Rows out of each block, in whatever table they ended."""
    counts: dict[str, int] = {}
    for frame in tables.values():
        for block, count in frame["_block"].value_counts().iter_rows():
            counts[block] = counts.get(block, 0) + count
    return counts


def _reconciled(one: _Done, out: int) -> Reconciled:
    built = one.built
    rejected = built.read - built.used - built.set_aside
    return Reconciled(
        one.name, one.table, one.block.from_, built.read, built.used, built.set_aside, rejected, out
    )
