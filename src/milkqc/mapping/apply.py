"""The mapping applied: source tables in, internal tables out, with every reading problem and every row accounted for."""

from __future__ import annotations

from collections.abc import Mapping as Words
from dataclasses import dataclass, field

import polars as pl

from milkqc import findings, reference
from milkqc.mapping import blocks, merge, repeats, results, rowids, rows, targets
from milkqc.mapping.blocks import Built
from milkqc.mapping.language import Block, Mapping, Repeats
from milkqc.mapping.rows import Rows
from milkqc.mapping.sources import SourceTable
from milkqc.model import TABLES, LedgerRow, Reconciled, Severity

REJECTED_SCHEMA = {
    "table": pl.String,
    "block": pl.String,
    "source_table": pl.String,
    "source_file": pl.String,
    "source_row": pl.Int64,
    "why": pl.String,
    "cells": pl.String,
}

# The rules of reading: what cannot be lost on the way in. Severity as DESIGN 4: critical for a row that cannot
# be used or facts that cannot both be true.
READING: dict[str, Severity] = {
    "reading.number.unreadable": "warning",
    "reading.date.unreadable": "warning",
    "reading.code.unknown": "warning",
    "reading.text.unreadable": "warning",
    "reading.replicates.disagree": "warning",
    "reading.repeat.conflict": "critical",
    "reading.row.rejected": "critical",
    "reading.link.orphan": "warning",
    "reading.link.ambiguous": "critical",
    "reading.link.unused": "info",
    "reading.table.empty": "warning",
    "reading.controls.set_aside": "info",
}


@dataclass(frozen=True)
class Applied:
    """What the mapping made: internal tables (docs/architecture.md), drafts, ledger, rejected rows, the account.

    `columns[table, variable]` names the source columns behind a variable.
    """

    tables: Words[str, pl.DataFrame]
    drafts: pl.DataFrame
    ledger: tuple[LedgerRow, ...]
    rejected: pl.DataFrame
    reconciliation: tuple[Reconciled, ...]
    columns: Words[tuple[str, str], str] = field(default_factory=dict)


@dataclass
class _Account:
    """What is gathered while the blocks are read; local to `apply`."""

    drafts: list[pl.DataFrame]
    rejected: list[pl.DataFrame]
    looked: dict[tuple[str, str, str], list[int]]

    def count(self, table: str, rule: str, variable: str, looked: int, failed: int) -> None:
        entry = self.looked.setdefault((table, rule, variable), [0, 0])
        entry[0] += looked
        entry[1] += failed


def apply(mapping: Mapping, sources: Words[str, SourceTable]) -> Applied:
    """Every target table of a linted mapping. All dictionary columns are there, null where nothing fills them."""
    account = _Account([], [], {})
    tables: dict[str, pl.DataFrame] = {}
    reconciled: list[Reconciled] = []
    columns: dict[tuple[str, str], str] = {}
    for table in TABLES:
        section: tuple[Block, ...] = getattr(mapping, table)
        made: list[pl.DataFrame] = []
        problems: list[pl.DataFrame] = []
        built: list[tuple[str, Block, Built]] = []
        offset = 0
        for place, block in enumerate(section):
            chosen = rows.choose(block, sources)
            name = table if len(section) == 1 else f"{table}[{place + 1}]"
            build = results.build if table in {"milk", "biomarkers"} else blocks.build
            done = build(table, block, chosen, mapping.missing)
            _links(account, table, block, chosen)
            _controls(account, table, name, done)
            nothing = chosen.table.height == 0 or chosen.set_aside == chosen.table.height
            if nothing:
                account.drafts.append(_empty(table, name, chosen))
            account.count(table, "reading.table.empty", name, 1, int(nothing))
            account.count(table, "reading.row.rejected", "key", chosen.height, done.rejected.height)
            made.append(done.frame.with_columns(_block=pl.lit(name)))
            problems.append(
                done.problems.with_columns(place=pl.col("place") + pl.lit(offset, dtype=pl.UInt32))
            )
            offset += done.frame.height
            built.append((name, block, done))
            for variable, names in done.columns.items():
                key = (table, variable.removeprefix("let_"))
                columns[key] = "; ".join(
                    dict.fromkeys([*filter(None, columns.get(key, "").split("; ")), *names])
                )
            for (rule, variable), count in done.judged.items():
                account.count(table, rule, variable, count, 0)
        frame = _table(table, section, made, problems, account)
        tables[table] = frame
        for name, block, done in built:
            account.rejected.append(
                done.rejected.select(pl.lit(table).alias("table"), pl.lit(name).alias("block"), pl.all())
            )
            out = int((frame["_block"] == name).sum()) if "_block" in frame.columns else 0
            reconciled.append(
                Reconciled(
                    name,
                    table,
                    block.from_,
                    done.read,
                    done.used,
                    done.set_aside,
                    done.read - done.used - done.set_aside,
                    out,
                )
            )
    rejected = pl.concat(account.rejected) if account.rejected else pl.DataFrame(schema=REJECTED_SCHEMA)
    account.drafts.append(_rejections(rejected))
    tables = _by_specimen({name: frame.drop("_block", strict=False) for name, frame in tables.items()})
    drafts = pl.concat(account.drafts)
    return Applied(tables, drafts, _ledger(account, drafts), rejected, tuple(reconciled), columns)


def _table(
    table: str,
    section: tuple[Block, ...],
    made: list[pl.DataFrame],
    problems: list[pl.DataFrame],
    account: _Account,
) -> pl.DataFrame:
    """The blocks of one section stacked, repeats read, row ids given, every dictionary column there."""
    if not section or not any(frame.height for frame in made):
        return _complete(table, pl.DataFrame(schema={"row_id": pl.String}))
    frame = pl.concat([part for part in made if part.width > 1], how="diagonal_relaxed")
    # Problems point at places; the row they belong to may be merged into another, so they travel by place.
    frame = frame.with_columns(_place=pl.int_range(pl.len(), dtype=pl.UInt32))
    found = pl.concat(problems)
    key = list(targets.row_id_parts(table))
    before = frame.select("_place", *key)
    frame, merged, looked = _read_repeats(table, section, frame)
    frame = rowids.with_row_ids(frame, targets.row_id_parts(table))
    after = frame.select("_place", row_id="row_id")
    ids = before.join(after, on="_place", how="left", maintain_order="left")
    by_key = frame.select(*key, _first="row_id").unique(key, keep="first", maintain_order=True)
    ids = ids.join(by_key, on=key, how="left", maintain_order="left", nulls_equal=True)
    row_ids = ids.select(pl.coalesce("row_id", "_first")).to_series()
    account.drafts.append(_drafts(table, found, row_ids.gather(found["place"])))
    account.drafts.append(_drafts(table, merged, frame["row_id"].gather(merged["place"])))
    for variable in merge.variables(frame) if looked else ():
        account.count(table, "reading.repeat.conflict", variable, looked, 0)
    return _complete(table, frame.drop("_place"))


def _read_repeats(
    table: str, section: tuple[Block, ...], frame: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Repeated keys read by the blocks' policies: the rows, conflicts by place in them, and merged rows looked at.

    Blocks of one policy are read together. A key that blocks of different policies share is repeated for all.
    """
    key = list(targets.row_id_parts(table))
    policies: dict[Repeats, list[str]] = {}
    for place, block in enumerate(section):
        name = table if len(section) == 1 else f"{table}[{place + 1}]"
        policies.setdefault(repeats.policy_of(table, block.repeats), []).append(name)
    parts, conflicts, looked, offset = [], [], 0, 0
    for place, (policy, names) in enumerate(policies.items()):
        part, conflict = repeats.apply(table, frame.filter(pl.col("_block").is_in(names)), policy)
        conflicts.append(conflict.with_columns(place=pl.col("place") + pl.lit(offset, dtype=pl.UInt32)))
        parts.append(part.with_columns(_part=pl.lit(place)))
        offset += part.height
        looked += part.height if policy.policy == "same" or conflict.height else 0
    whole = pl.concat(parts, how="diagonal_relaxed")
    shared = pl.col("_part").n_unique().over(key) > 1
    whole = whole.with_columns(repeat_allowed=pl.col("repeat_allowed") & ~shared)
    return whole.drop("_part", "_latest", strict=False), pl.concat(conflicts), looked


def _complete(table: str, frame: pl.DataFrame) -> pl.DataFrame:
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


def _drafts(table: str, found: pl.DataFrame, row_ids: pl.Series) -> pl.DataFrame:
    """Problems as draft findings; a problem that several rows of one key share is one finding."""
    if found.is_empty():
        return findings.drafts()
    shown = found.with_columns(
        row_id=row_ids,
        table=pl.lit(table),
        engine=pl.lit("reading"),
        severity=pl.col("rule_id").replace_strict(READING, return_dtype=pl.String),
    )
    return findings.as_drafts(
        shown.select(
            "rule_id",
            "severity",
            "table",
            "row_id",
            "engine",
            "variable",
            "value",
            "expected",
            "n_rows",
            "source_row",
        )
    )


def _dataset(table: str, rule: str, variable: str, **more: object) -> dict[str, object]:
    return {
        "rule_id": rule,
        "severity": READING[rule],
        "table": table,
        "row_id": "*",
        "engine": "reading",
        "variable": variable,
        **more,
    }


def _empty(table: str, name: str, chosen: Rows) -> pl.DataFrame:
    """A source table without rows, or one of which the mapping chooses none."""
    draft = _dataset(table, "reading.table.empty", name, value=chosen.table.name, n_rows=0)
    if chosen.table.height:
        draft["message"] = (
            f"The mapping chooses none of the {chosen.table.height} rows of {chosen.table.name}. "
            "Compare its `where` with what the file holds."
        )
    return findings.drafts([draft])


def _controls(account: _Account, table: str, name: str, done: Built) -> None:
    for kind, count in done.controls.items():
        account.drafts.append(
            findings.drafts(
                [_dataset(table, "reading.controls.set_aside", f"{name} {kind}", value=kind, n_rows=count)]
            )
        )
        account.count(table, "reading.controls.set_aside", f"{name} {kind}", count, count)


def _links(account: _Account, table: str, block: Block, chosen: Rows) -> None:
    """What a block's links did not find: one finding a row for orphans, one for each ambiguous key."""
    for name, linked in chosen.links.items():
        mine = next(iter(block.with_[name].on))
        text = chosen.cells(mine).text
        places = chosen.places()
        for rule, hit in (
            ("reading.link.orphan", linked.orphans),
            ("reading.link.ambiguous", linked.ambiguous),
        ):
            frame = places.with_columns(value=text).filter(hit)
            account.count(table, rule, mine, chosen.height, frame.height)
            drafts = [
                {
                    **_dataset(table, rule, mine),
                    "row_id": f"{name}={rowids.escape(group['value'])}",
                    "value": group["value"],
                    "expected": f"one row in {name}",
                    "n_rows": group["n"],
                    "source_file": group["source_file"],
                    "source_row": group["source_row"],
                    "source_column": mine,
                }
                for group in frame.group_by("value", maintain_order=True)
                .agg(pl.col("source_file").first(), pl.col("source_row").first(), n=pl.len())
                .iter_rows(named=True)
            ]
            account.drafts.append(findings.drafts(drafts))
        if not block.with_[name].both:
            continue
        theirs = str(next(iter(block.with_[name].on.values())))
        other = linked.table.cells(theirs).text
        unused = linked.table.places.with_columns(value=other).filter(linked.unused)
        account.count(table, "reading.link.unused", name, linked.table.height, unused.height)
        account.drafts.append(
            findings.drafts(
                {
                    **_dataset(table, "reading.link.unused", theirs),
                    "row_id": f"{name}={rowids.escape(row['value'])}",
                    "value": row["value"],
                    "expected": f"a row in {block.from_}",
                    "source_file": row["source_file"],
                    "source_row": row["source_row"],
                    "source_column": theirs,
                }
                for row in unused.unique("value", keep="first", maintain_order=True).iter_rows(named=True)
            )
        )


def _rejections(rejected: pl.DataFrame) -> pl.DataFrame:
    """A critical finding for each row that has no place, told apart by what its key cells hold."""
    rows = []
    seen: dict[str, int] = {}
    for row in rejected.iter_rows(named=True):
        row_id = f"rejected {rowids.escape(row['cells'])}"
        seen[row_id] = seen.get(row_id, 0) + 1
        if seen[row_id] > 1:
            row_id = f"{row_id}.{seen[row_id]}"
        rows.append(
            {
                "rule_id": "reading.row.rejected",
                "severity": "critical",
                "table": row["table"],
                "row_id": row_id,
                "engine": "reading",
                "value": row["cells"],
                "expected": row["why"],
                "source_file": row["source_file"],
                "source_row": row["source_row"],
            }
        )
    return findings.drafts(rows)


def _by_specimen(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Results of other specimens that a `milk` block named row by row go to biomarkers."""
    milk = tables["milk"]
    other = milk.filter(pl.col("specimen").is_not_null() & (pl.col("specimen") != "milk"))
    if other.is_empty():
        return tables
    kept = milk.filter(pl.col("specimen").is_null() | (pl.col("specimen") == "milk"))
    both = pl.concat([tables["biomarkers"], other], how="diagonal_relaxed").sort("row_id")
    return {**tables, "milk": kept, "biomarkers": both}


def _ledger(account: _Account, drafts: pl.DataFrame) -> tuple[LedgerRow, ...]:
    """One row for each reading rule and variable that looked at something."""
    counts = drafts.group_by("table", "rule_id", "variable").agg(
        n=pl.len(), rows=pl.col("n_rows").fill_null(1).sum()
    )
    found = {
        (row["table"], row["rule_id"], row["variable"] or ""): row for row in counts.iter_rows(named=True)
    }
    ledger = []
    for (table, rule, variable), (looked, failed) in account.looked.items():
        hit = found.get((table, rule, "" if rule == "reading.row.rejected" else variable))
        failed = max(failed, hit["n"] if hit else 0)
        ledger.append(
            LedgerRow(
                rule,
                "reading",
                table,
                variable,
                READING[rule],
                "ran" if looked or failed else "nothing_to_look_at",
                max(looked, failed),
                failed,
                0,
                hit["n"] if hit else 0,
                says="",
                source="milkqc",
            )
        )
    return tuple(sorted(ledger, key=lambda row: (row.table, row.rule_id, row.variable)))
