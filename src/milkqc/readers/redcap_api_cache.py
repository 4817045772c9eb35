"""What was fetched from an API, kept in a folder with its hashes, so that a run can be repeated without the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.readers.redcap_api_project import PARTS, Answers, digests, table_of
from milkqc.readers.redcap_lines import Named

_LIST = "fetched.json"
_FORMAT = 1


def keep(asked: Named, folder: Path, found: Answers, *, url: str) -> None:
    """Write the answers of the server at `url` to `folder`, the list of hashes last: without it there is no cache."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _LIST).unlink(missing_ok=True)
        for name, body in found.parts.items():
            (folder / _file(name)).write_bytes(body)
        (folder / "records.csv").write_text(_written(found.records), encoding="utf-8")
        said = {"format": _FORMAT, "url": url, "left_out": list(found.left_out), "columns": found.records.columns,
                "sha256": dict(found.digests)}  # fmt: skip
        (folder / _LIST).write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise asked.error(
            f"the cache {folder.name} cannot be written ({error.strerror}).",
            "Choose another folder for --cache.",
        ) from None


def kept(asked: Named, folder: Path, *, url: str, keep_fields: tuple[str, ...] = ()) -> Answers:
    """The answers of an earlier run, of the server at `url`. SourceError when there are none, or when one is not as it was written.

    A field to keep that was left out when they were fetched cannot be had from them.
    """
    if not (folder / _LIST).is_file():
        raise asked.error(
            "was not fetched into this cache, or not to the end.",
            "Run once with --cache and without --offline.",
        )
    try:
        said: Any = json.loads((folder / _LIST).read_text("utf-8"))
        parts = {name: (folder / _file(name)).read_bytes() for name in PARTS}
        written = (folder / "records.csv").read_bytes()
    except (OSError, ValueError):
        raise _altered(asked) from None
    records = table_of(asked, "the cached records", written)
    if said.get("format") != _FORMAT or said.get("sha256") != digests(parts, records):
        raise _altered(asked)
    if said.get("url") != url:
        raise asked.error(
            "its cache was fetched from another address.",
            "Give the project another name or another cache, or fetch it again without --offline.",
        )
    absent = sorted(set(keep_fields) & set(said["left_out"]))
    if absent:
        raise asked.error(
            f"the cache was made without {', '.join(absent)}, which the mapping now keeps.",
            "Fetch it again without --offline.",
        )
    return Answers(parts, records, tuple(said["left_out"]), said["sha256"])


def _written(records: pl.DataFrame) -> str:
    return records.write_csv()


def _file(name: str) -> str:
    return f"{name}.{'json' if PARTS[name] == 'json' else 'csv'}"


def _altered(asked: Named) -> Exception:
    return asked.error(
        "its cache is damaged or was changed by hand.", "Fetch it again without --offline; hashes must agree."
    )
