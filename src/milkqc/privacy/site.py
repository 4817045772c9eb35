"""One site's rows, taken before anything is scored or checked, so that every later figure is of them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from milkqc.errors import MilkqcError
from milkqc.model import TABLES, LedgerRow

_RESULTS = ("milk", "biomarkers")


@dataclass(frozen=True)
class Kept:
    """What belongs to one site. `files` are the source files its rows came from, with how many rows that were.

    `controls` are the laboratory's own rows that its samples were run with. `left_out` counts what belongs to no
    site at all: rows by table, reading `findings`, `rejected` rows; and the laboratory's `controls` of other batches.
    """

    tables: Mapping[str, pl.DataFrame]
    drafts: pl.DataFrame
    ledger: tuple[LedgerRow, ...]
    files: Mapping[str, int]
    left_out: Mapping[str, int]
    controls: pl.DataFrame


def at_site(
    tables: Mapping[str, pl.DataFrame],
    drafts: pl.DataFrame,
    ledger: Sequence[LedgerRow],
    *,
    controls: pl.DataFrame,
    site: str,
    rejected: int,
) -> Kept:
    """The rows of `site` in the internal tables (docs/architecture.md) as mapping made them, and what was read in them.

    A row belongs to the site of its participant. Rows of a participant without a site, with several, or of whom
    nobody knows belong to none and are left out, as are findings about no single row and rejected rows. The
    ledger of reading counts the site's own cells; checks that look at keys, links and whole tables leave it.
    Raises MilkqcError when no participant is at `site`.
    """
    sites = _sites(tables["participants"])
    if not sites.filter(pl.col("site") == site).height:
        known = ", ".join(sites["site"].drop_nulls().unique().sort().to_list())
        raise MilkqcError(
            f"--site {site}: no participant is at this site. "
            + (f"Choose from: {known}." if known else "The mapping gives no participant a site.")
        )
    kept: dict[str, pl.DataFrame] = {}
    left_out: dict[str, int] = {}
    for name in TABLES:
        frame = tables[name]
        if "participant_id" not in frame.columns:
            kept[name] = frame
            continue
        of = frame.select("participant_id").join(
            sites, on="participant_id", how="left", maintain_order="left"
        )
        kept[name] = frame.filter((of["site"] == site).fill_null(value=False))
        left_out[name] = of["site"].null_count()
    ids = pl.concat([frame.select(pl.lit(name).alias("table"), "row_id") for name, frame in kept.items()])
    every = pl.concat([frame.select(pl.lit(name).alias("table"), "row_id") for name, frame in tables.items()])
    mine = drafts.join(ids, on=["table", "row_id"], how="semi", maintain_order="left")
    left_out["findings"] = drafts.join(every, on=["table", "row_id"], how="anti").height
    left_out["rejected"] = rejected
    own = _controls(controls, kept)
    if controls.height:
        left_out["controls"] = controls.height - own.height
    places = [pl.DataFrame(schema={"source_file": pl.String, "source_row": pl.Int64})] + [
        frame.select("source_file", "source_row")
        for frame in kept.values()
        if {"source_file", "source_row"} <= set(frame.columns)
    ]
    counts = (
        pl.concat(places).drop_nulls("source_file").unique().group_by("source_file").len().sort("source_file")
    )
    return Kept(kept, mine, _recounted(ledger, kept, mine), dict(counts.iter_rows()), left_out, own)


def _controls(controls: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Blanks and materials of batches in which the site's samples were run, and repeats of the site's own samples.

    Materials are no people, and without them a site cannot read its own results; a repeat is somebody's sample.
    """
    if controls.is_empty():
        return controls
    results = [
        kept[name].select(pl.col("analyte").cast(pl.String), pl.col(key).cast(pl.String).alias(key))
        for key in ("batch", "sample_id")
        for name in _RESULTS
        if {"analyte", key} <= set(kept[name].columns)
    ]
    found = []
    for key, mine in (("batch", pl.col("kind") != "duplicate"), ("sample_id", pl.col("kind") == "duplicate")):
        there = [part.drop_nulls().unique() for part in results if key in part.columns]
        own = controls.filter(mine, pl.col(key).is_not_null())
        found.append(own.join(pl.concat(there), on=["analyte", key], how="semi") if there else own.clear())
    return pl.concat(found).sort("row_id")


def _sites(participants: pl.DataFrame) -> pl.DataFrame:
    """participant_id and the one site of all its rows; null where there is none, or not one."""
    if not {"participant_id", "site"} <= set(participants.columns):
        return pl.DataFrame(schema={"participant_id": pl.String, "site": pl.String})
    one = (pl.col("site").n_unique() == 1) & (pl.col("site").null_count() == 0)
    return participants.group_by("participant_id", maintain_order=True).agg(
        site=pl.when(one).then(pl.col("site").first())
    )


def _recounted(
    ledger: Sequence[LedgerRow], kept: Mapping[str, pl.DataFrame], drafts: pl.DataFrame
) -> tuple[LedgerRow, ...]:
    """The ledger's rows that look at cells, counted anew: the site's rows with a cell, and its own findings."""
    found = {
        key[:3]: (key[3], key[4])
        for key in drafts.group_by("table", "rule_id", "variable")
        .agg(n=pl.len(), rows=pl.col("n_rows").fill_null(1).sum())
        .iter_rows()
    }
    rows = []
    for row in ledger:
        cells = _cells(kept[row.table], row.table, row.variable)
        if cells is None:
            continue
        findings, failed = found.get((row.table, row.rule_id, row.variable), (0, 0))
        looked_at = max(cells, failed)
        rows.append(
            replace(
                row,
                status="ran" if looked_at else "nothing_to_look_at",
                looked_at=looked_at,
                failed=failed,
                not_judged=0,
                findings=findings,
            )
        )
    return tuple(rows)


def _cells(frame: pl.DataFrame, table: str, variable: str) -> int | None:
    """How many rows hold a cell of the variable (in results also an analyte); null where it is neither."""
    for name in (f"{variable}__raw", f"let_{variable}__raw"):
        if name in frame.columns:
            return frame.height - frame[name].null_count()
    if table in _RESULTS and "raw" in frame.columns and "analyte" in frame.columns:
        rows = frame.filter(pl.col("analyte") == variable)
        return rows.height - rows["raw"].null_count() if rows.height else None
    return None
