"""datapackage.json: the outputs as a Frictionless data package, every table with its schema and checksum."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

# Of the layout of OUT and its columns; the first number changes when something is renamed or removed.
SCHEMA_VERSION = "1.0"
_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_MEDIA = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "dta": "application/x-stata-dta",
    "sav": "application/x-spss-sav",
    "html": "text/html",
    "json": "application/json",
}
_KEYS = {"analysis": ["infant_id", "visit"], "findings": ["finding_id"]}


def checksums(folder: Path) -> list[dict[str, Any]]:
    """Path (with /), sha256 and bytes of every file below `folder`, by path."""
    return [
        {"path": path.relative_to(folder).as_posix(), "sha256": _sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix())
        if path.is_file()
    ]


def datapackage(
    study: str,
    title: str,
    tables: Mapping[str, pl.DataFrame],
    codebook: pl.DataFrame,
    files: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The descriptor. `tables`: path without its ending -> frame (empty cells are missing values in CSV);
    `files`: what `checksums` gives. No date in it, so that the same input gives the same bytes.
    """
    known = {(row["file"], row["column"]): row for row in codebook.iter_rows(named=True)}
    return {
        "$schema": _PROFILE,
        "name": re.sub(r"[^a-z0-9]+", "-", study.lower()).strip("-") or "study",
        "title": title,
        "schema_version": SCHEMA_VERSION,
        "resources": [_resource(file, tables, known) for file in files],
    }


def _resource(
    file: Mapping[str, Any],
    tables: Mapping[str, pl.DataFrame],
    known: Mapping[tuple[str, str], Mapping[str, Any]],
) -> dict[str, Any]:
    path = file["path"]
    stem, _, ending = path.rpartition(".")
    resource: dict[str, Any] = {
        "name": re.sub(r"[^a-z0-9]+", "-", path.lower()),
        "path": path,
        "format": ending,
        "mediatype": _MEDIA[ending],
        "bytes": file["bytes"],
        "hash": f"sha256:{file['sha256']}",
    }
    if ending == "csv":
        resource["encoding"] = "utf-8"
    frame = tables.get("findings" if stem.startswith("findings_by_site/") else stem)
    if ending in {"csv", "parquet"} and frame is not None:
        resource["type"] = "table"
        resource["schema"] = _schema(stem, frame, known)
    return resource


def _schema(
    stem: str, frame: pl.DataFrame, known: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    owner = "findings" if stem.startswith("findings_by_site/") else stem
    schema: dict[str, Any] = {
        "fields": [_field(name, kind, known.get((owner, name))) for name, kind in frame.schema.items()],
        "missingValues": [""],
    }
    key = _KEYS.get(owner, ["row_id"] if owner.startswith(("harmonized/", "lineage/")) else None)
    if key:
        schema["primaryKey"] = key
    return schema


def _field(name: str, kind: pl.DataType, row: Mapping[str, Any] | None) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": _type(kind)}
    if row is None:
        return field
    field["title"] = row["label"]
    if row["unit"]:
        field["unit"] = row["unit"]
    constraints: dict[str, Any] = {}
    if row["nullable"] is False:
        constraints["required"] = True
    if row["type"] == "enum" and row["codes"]:
        constraints["enum"] = row["codes"].split("|")
    if constraints:
        field["constraints"] = constraints
    return field


def _type(kind: pl.DataType) -> str:
    """The type of what is really in the file, which a data dictionary can only promise."""
    if kind == pl.Boolean:
        return "boolean"
    if kind == pl.Date:
        return "date"
    if kind.is_integer():
        return "integer"
    return "number" if kind.is_numeric() else "string"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
