"""Permanent row ids: the key's parts, and for repeated keys a hash of the row's own cells."""

from __future__ import annotations

import hashlib

import polars as pl


def escaped(part: str) -> pl.Expr:
    """One key part with `\\`, `|` and `#` escaped; an absent part is empty."""
    text = pl.col(part).fill_null("")
    for sign in ("\\", "|", "#"):
        text = text.str.replace_all(sign, "\\" + sign, literal=True)
    return text


def escape(text: str | None) -> str:
    """One key part as `escaped` writes it, for a single text."""
    text = text or ""
    for sign in ("\\", "|", "#"):
        text = text.replace(sign, "\\" + sign)
    return text


def with_row_ids(frame: pl.DataFrame, parts: tuple[str, ...]) -> pl.DataFrame:
    """`frame` with `row_id` first.

    Every member of a repeated key gets `#` and 6 hex digits of sha256 over its mapped raw cells, so that its
    id stays when rows are sorted anew; identical copies then `.1`, `.2` in the order they were read.
    """
    plain = frame.with_columns(row_id=pl.concat_str([escaped(part) for part in parts], separator="|"))
    repeated = plain.select(pl.len().over("row_id") > 1).to_series()
    if not repeated.any():
        return plain.select("row_id", pl.exclude("row_id"))
    hashes = pl.Series("hash", cell_hashes(plain.filter(repeated)), dtype=pl.String)
    members = plain.filter(repeated).with_columns(
        row_id=pl.concat_str(["row_id", pl.lit("#"), pl.lit(hashes)])
    )
    copies = pl.int_range(1, pl.len() + 1).over("row_id").cast(pl.String)
    members = members.with_columns(
        row_id=pl.when(pl.len().over("row_id") > 1)
        .then(pl.concat_str(["row_id", pl.lit("."), copies]))
        .otherwise("row_id")
    )
    ids = plain["row_id"].to_list()
    for place, row_id in zip(repeated.arg_true().to_list(), members["row_id"].to_list(), strict=True):
        ids[place] = row_id
    return plain.with_columns(pl.Series("row_id", ids)).select("row_id", pl.exclude("row_id"))


def cell_hashes(frame: pl.DataFrame) -> list[str]:
    """6 hex digits of sha256 over each row's mapped raw cells, in name order."""
    raws = sorted(name for name in frame.columns if name == "raw" or name.endswith("__raw"))
    found = []
    for row in frame.select(raws).iter_rows():
        text = "\x1f".join(f"{name}={cell}" for name, cell in zip(raws, row, strict=True) if cell is not None)
        found.append(hashlib.sha256(text.encode()).hexdigest()[:6])
    return found
