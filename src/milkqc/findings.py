"""Findings as a table: drafts that any step may make, completed once with ids, names, places and texts.

A draft says which rule, where (table and row_id, or `*` / `site=A` for a dataset finding), which variable and
what was seen. `complete` adds what every finding carries: its permanent id, the participant, the label and
unit, the message, and the way back to file, row and column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import polars as pl

from milkqc.messages import sentence

# What a step fills in. Only the first five are obligatory; `fields` are the words of the message.
DRAFT_SCHEMA: dict[str, Any] = {
    "rule_id": pl.String,
    "severity": pl.String,
    "table": pl.String,
    "row_id": pl.String,
    "engine": pl.String,
    "variable": pl.String,
    "label": pl.String,
    "value": pl.String,
    "unit": pl.String,
    "expected": pl.String,
    "message": pl.String,
    "n_rows": pl.Int64,
    "cause_id": pl.String,
    "participant_id": pl.String,
    "infant_id": pl.String,
    "visit": pl.String,
    "sample_id": pl.String,
    "source_file": pl.String,
    "source_row": pl.Int64,
    "source_column": pl.String,
}

# findings.csv, in the order of its columns (DESIGN 4).
FINDINGS_SCHEMA: dict[str, Any] = {
    "finding_id": pl.String,
    "severity": pl.String,
    "status": pl.String,
    "rule_id": pl.String,
    "table": pl.String,
    "row_id": pl.String,
    "participant_id": pl.String,
    "infant_id": pl.String,
    "visit": pl.String,
    "sample_id": pl.String,
    "site": pl.String,
    "team": pl.String,
    "variable": pl.String,
    "label": pl.String,
    "value": pl.String,
    "unit": pl.String,
    "expected": pl.String,
    "message": pl.String,
    "n_rows": pl.Int64,
    "cause_id": pl.String,
    "engine": pl.String,
    "source_file": pl.String,
    "source_row": pl.Int64,
    "source_column": pl.String,
}

# A finding about one site or team of a table (`site=A; team=2`) belongs to it, so that the site is asked.
_OF_GROUP = {name: rf"(?:^|; ){name}=([^;]+)" for name in ("site", "team")}
_ORDER = {"critical": 0, "warning": 1, "info": 2}

_NO_DRAFTS = pl.DataFrame(schema=DRAFT_SCHEMA)


def drafts(rows: Iterable[Mapping[str, Any]] = ()) -> pl.DataFrame:
    """Draft findings from dicts keyed by DRAFT_SCHEMA; absent keys are null. No rows gives the empty table."""
    given = list(rows)
    if not given:  # most rules find nothing, and building the empty table anew takes longer than asking them
        return _NO_DRAFTS
    used = {name for row in given for name in row}
    try:
        # By column: thousands of findings as rows of dicts take polars several times as long.
        return pl.DataFrame(
            {
                name: pl.Series(name, [row.get(name) for row in given], dtype=kind)
                if name in used
                else pl.Series(name, [None], dtype=kind).new_from_index(0, len(given))
                for name, kind in DRAFT_SCHEMA.items()
            }
        )
    except TypeError:  # a number where a text is asked for, which only the constructor by rows takes
        return pl.DataFrame(
            [{name: row.get(name) for name in DRAFT_SCHEMA} for row in given],
            schema=DRAFT_SCHEMA,
            orient="row",
        )


def as_drafts(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with any subset of DRAFT_SCHEMA's columns, made whole (absent columns null) and ordered."""
    unknown = set(frame.columns) - set(DRAFT_SCHEMA)
    if unknown:
        raise ValueError(f"not columns of a draft finding: {sorted(unknown)}")
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in DRAFT_SCHEMA.items()
    )


def finding_id(study: str, table: str, row_id: str, rule_id: str, variable: str | None) -> str:
    """The permanent id: first 16 hex digits of sha256 over its five parts, joined by U+001F, null as empty."""
    key = "\x1f".join((study, table, row_id, rule_id, variable or ""))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def complete(
    draft: pl.DataFrame,
    *,
    study: str,
    context: Mapping[str, pl.DataFrame],
    labels: Mapping[tuple[str, str], tuple[str, str]],
    columns: Mapping[tuple[str, str], str],
    held: Mapping[str, Collection[str]] | None = None,
) -> pl.DataFrame:
    """Drafts made into findings (FINDINGS_SCHEMA), sorted by severity, rule_id, row_id, variable.

    `context[table]`: row_id, participant_id, infant_id, visit, sample_id, site, team, source_file, source_row
    (those a table has). `labels[table, variable]`: label and unit. `columns[table, variable]`: source columns,
    joined by `; `, of which those that the finding's own file (`held[file]`) has are named.
    What a draft says itself is kept. A draft without a message takes the text of its rule from the catalogue.
    """
    filled = []
    for name, part in draft.group_by("table", maintain_order=True):
        table = str(name[0])
        known = context.get(table)
        if known is not None:
            part = _with_context(part, known)
        filled.append(part)
    whole = pl.concat(filled, how="diagonal") if filled else draft
    whole = _described(whole, labels, columns, held or {})
    findings = whole.with_columns(
        status=pl.lit("open"),
        n_rows=pl.when(pl.col("n_rows") == 0).then(1).otherwise(pl.col("n_rows").fill_null(1)),
        finding_id=_ids(study, whole),
    )
    findings = findings.with_columns(message=_messages(findings)).select(
        pl.col(name).cast(kind) for name, kind in FINDINGS_SCHEMA.items()
    )
    findings = findings.with_columns(
        pl.when(pl.col("participant_id").is_null())
        .then(pl.coalesce(name, pl.col("row_id").str.extract(pattern)))
        .otherwise(name)
        .alias(name)
        for name, pattern in _OF_GROUP.items()
    )
    # Two drafts of one rule, row and variable (a key's merged rows, say) are one finding about more rows.
    whole_count = pl.col("n_rows").sum().over("finding_id")
    return sort(
        findings.with_columns(n_rows=whole_count).unique(
            subset="finding_id", keep="first", maintain_order=True
        )
    )


def _described(
    whole: pl.DataFrame,
    labels: Mapping[tuple[str, str], tuple[str, str]],
    columns: Mapping[tuple[str, str], str],
    held: Mapping[str, Collection[str]],
) -> pl.DataFrame:
    """Label, unit and source columns filled in; what the context has no column for is null."""
    lacking = [name for name in FINDINGS_SCHEMA if name not in whole.columns]
    whole = whole.with_columns(pl.lit(None, dtype=FINDINGS_SCHEMA[name]).alias(name) for name in lacking)
    places = whole.select("table", "variable", "source_file").unique(maintain_order=True)
    told = []
    for table, variable, file in places.iter_rows():
        label, unit = labels.get((table, variable or ""), ("", ""))
        mapped = _held(columns.get((table, variable or "")), held.get(file))
        told.append((table, variable, file, label or variable, unit or None, mapped))
    names = ("table", "variable", "source_file", "_label", "_unit", "_columns")
    known = pl.DataFrame(told, schema=dict.fromkeys(names, pl.String), orient="row")
    # What was judged as written has the source's unit, not the canonical one.
    as_written = pl.col("rule_id").str.contains(r"^(?:reading|redcap)\.")
    return whole.join(
        known, on=["table", "variable", "source_file"], how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(
        label=pl.coalesce("label", "_label"),
        unit=pl.coalesce("unit", pl.when(~as_written).then("_unit")),
        source_column=pl.when(pl.col("source_column") != "").then("source_column").otherwise("_columns"),
    )


def _ids(study: str, whole: pl.DataFrame) -> pl.Series:
    """`finding_id` of every row."""
    parts = whole.select("table", "row_id", "rule_id", "variable").iter_rows()
    ids = [finding_id(study, table, row_id, rule_id, variable) for table, row_id, rule_id, variable in parts]
    return pl.Series(ids, dtype=pl.String)


def _messages(findings: pl.DataFrame) -> pl.Series:
    """Each row's own message, or its rule's sentence where it has none."""
    own = (pl.col("message") != "").fill_null(value=False)
    rows = findings.with_row_index("_place").with_columns(_own=own)
    parts = [rows.filter("_own").select("_place", "message")]
    for (rule_id,), part in rows.filter(~pl.col("_own")).group_by("rule_id"):
        parts.append(part.select("_place", message=sentence(str(rule_id), FINDINGS_SCHEMA)))
    return pl.concat(parts).sort("_place")["message"]


def _held(columns: str | None, file: Collection[str] | None) -> str | None:
    """Of several source columns those that one file has; all of them where it has none (a linked table's, say)."""
    if columns is None or file is None:
        return columns
    return "; ".join(name for name in columns.split("; ") if name in file) or columns


def is_open() -> pl.Expr:
    """Whether a finding still asks something: nobody decided it, or its value changed, or a correction is awaited."""
    return ~pl.col("status").fill_null("open").is_in(["confirmed", "accepted"])


def sort(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings in their one order: critical first, then rule_id, row_id, variable."""
    return (
        findings.with_columns(_order=pl.col("severity").replace_strict(_ORDER, return_dtype=pl.Int8))
        .sort("_order", "rule_id", "row_id", "variable", "finding_id", nulls_last=True)
        .drop("_order")
    )


def _with_context(part: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Fill what the drafts of one table leave open from the row they point to."""
    facts = [name for name in FINDINGS_SCHEMA if name in known.columns and name != "row_id"]
    lookup = known.select("row_id", *(pl.col(name).alias(f"_{name}") for name in facts)).unique(
        subset="row_id", keep="first", maintain_order=True
    )
    joined = part.join(lookup, on="row_id", how="left", maintain_order="left")
    return joined.with_columns(
        pl.coalesce(name, f"_{name}").alias(name) if name in part.columns else pl.col(f"_{name}").alias(name)
        for name in facts
    ).drop(f"_{name}" for name in facts)
