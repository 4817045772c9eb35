"""What reading found and looked at: drafts of findings, and the ledger's part of reading."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from milkqc import findings
from milkqc.mapping import rowids
from milkqc.mapping.built import Built
from milkqc.mapping.language import Block
from milkqc.mapping.rows import Rows
from milkqc.model import LedgerRow, Severity

# The rules of reading: what cannot be lost on the way in. Severity as DESIGN 4: critical for a row that cannot
# be used or facts that cannot both be true.
READING: dict[str, Severity] = {
    "reading.number.unreadable": "warning",
    "reading.date.unreadable": "warning",
    "reading.code.unknown": "warning",
    "reading.text.unreadable": "warning",
    "reading.replicates.disagree": "warning",
    "reading.limit.disagrees": "warning",
    "reading.result.zero": "warning",
    "reading.repeat.conflict": "critical",
    "reading.row.rejected": "critical",
    "reading.link.orphan": "warning",
    "reading.link.ambiguous": "critical",
    "reading.link.unused": "info",
    "reading.table.empty": "warning",
    "reading.controls.set_aside": "info",
}


@dataclass
class Account:
    """What is gathered while the blocks are read; local to one `apply`."""

    drafts: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    looked: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def count(self, table: str, rule: str, variable: str, looked: int, failed: int) -> None:
        """Add to what one rule looked at and found in one variable."""
        entry = self.looked.setdefault((table, rule, variable), [0, 0])
        entry[0] += looked
        entry[1] += failed


def drafts_of(table: str, found: pl.DataFrame, row_ids: pl.Series) -> pl.DataFrame:
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


def empty(table: str, name: str, chosen: Rows) -> pl.DataFrame:
    """A source table without rows, or one of which the mapping chooses none."""
    draft = _dataset(table, "reading.table.empty", name, value=chosen.table.name, n_rows=0)
    if chosen.table.height:
        draft["message"] = (
            f"The mapping chooses none of the {chosen.table.height} rows of {chosen.table.name}. "
            "Compare its `where` with what the file holds."
        )
    return findings.drafts([draft])


def controls(account: Account, table: str, name: str, done: Built) -> None:
    """The laboratory's own rows that a block set aside, one finding for each kind."""
    for kind, count in done.controls.items():
        account.drafts.append(
            findings.drafts(
                [_dataset(table, "reading.controls.set_aside", f"{name} {kind}", value=kind, n_rows=count)]
            )
        )
        account.count(table, "reading.controls.set_aside", f"{name} {kind}", count, count)


def links(account: Account, table: str, block: Block, chosen: Rows) -> None:
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
        theirs = next(iter(block.with_[name].on.values())).to
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


def rejections(rejected: pl.DataFrame) -> pl.DataFrame:
    """A critical finding for each row that has no place, told apart by what its key cells hold."""
    rows = []
    seen: dict[str, int] = {}
    for row in rejected.iter_rows(named=True):
        row_id = f"rejected {rowids.escape(row['key'])}"
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
                "value": row["key"],
                "expected": row["why"],
                "source_file": row["source_file"],
                "source_row": row["source_row"],
            }
        )
    return findings.drafts(rows)


def ledger(account: Account, drafts: pl.DataFrame) -> tuple[LedgerRow, ...]:
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
