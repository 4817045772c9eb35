"""An inspection as JSON, of the shape that inspect.schema.json promises."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from milkqc.inspection.facts import Choice, Column, Inspection

SCHEMA_VERSION = "1"


def as_json(found: Inspection | Choice) -> str:
    """Two spaces, keys in the order of the schema, a line break at the end; the same text for the same file."""
    content = _choice(found) if isinstance(found, Choice) else _inspection(found)
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _choice(found: Choice) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "sheets",
        "file": {"name": found.file, "sha256": found.sha256},
        "sheets": [asdict(sheet) for sheet in found.sheets],
    }


def _inspection(found: Inspection) -> dict[str, Any]:
    origin = found.origin
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "table",
        "file": {
            "name": origin.file,
            "sha256": origin.sha256,
            "format": origin.format,
            "encoding": origin.encoding,
            "encoding_basis": origin.encoding_basis,
            "rows": origin.rows,
            "columns": origin.columns,
            "reader": origin.reader,
            "reader_version": origin.reader_version,
            "notes": list(origin.notes),
        },
        "rows": found.rows,
        "columns": [_column(column) for column in found.columns],
        "remarks": [asdict(remark) for remark in found.remarks],
        "dropped": list(found.dropped),
    }


def _column(column: Column) -> dict[str, Any]:
    told = asdict(column)
    told["unique"] = column.unique
    # JSON has no infinity: an end that SPSS calls LOWEST or HIGHEST is null.
    told["missing_ranges"] = [
        [end if math.isfinite(end) else None for end in ends] for ends in column.missing_ranges
    ]
    for name in ("first", "last", "identifier"):
        told[name] = told[name] or None
    return {key: list(value) if isinstance(value, tuple) else value for key, value in told.items()}
