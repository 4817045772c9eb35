"""One run's folder read back for pooling, as it was written and nothing else."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.errors import MilkqcError
from milkqc.model import TABLES

# Tables for people and machines that are stacked as they are; `controls` only where a study has any.
LISTS = ("findings", "checks", "rejected", "completeness", "mae_reference")
READ = (
    *(f"harmonized/{name}.parquet" for name in TABLES),
    "analysis.parquet",
    *(f"{name}.csv" for name in LISTS),
    "harmonisation.csv",
    "codebook.csv",
    "datapackage.json",
    "lineage/mapping.json",
)
_TYPES: Mapping[str, type[pl.DataType]] = {
    "number": pl.Float64,
    "integer": pl.Int64,
    "boolean": pl.Boolean,
    "date": pl.Date,
}


_EDITED = "is not what the run wrote. Run the study again."


class PoolError(MilkqcError):
    """The runs cannot be pooled: every reason together, a line each, with the folders or studies it is about."""

    def __init__(self, faults: list[str]):
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


@dataclass(frozen=True)
class Run:
    """What a run wrote: its manifest, tables, and what describes them. `sha256` is that of the manifest.

    `lists` are the tables of LISTS by name, `trace` what lineage/mapping.json says of the mapping.
    """

    folder: str
    study: str
    manifest: Mapping[str, Any]
    sha256: str
    schema_version: str
    tables: Mapping[str, pl.DataFrame]
    analysis: pl.DataFrame
    harmonisation: pl.DataFrame
    codebook: pl.DataFrame
    lists: Mapping[str, pl.DataFrame]
    trace: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The study's title, as its mapping has it."""
        return str(self.manifest.get("title") or "")

    @property
    def simulated(self) -> bool:
        """Whether the mapping says that nobody in the study exists."""
        return bool(self.manifest.get("simulated"))


def read_run(folder: Path) -> Run:
    """The run in `folder`. Raises PoolError where it is none, holds no rows, or is not as its manifest says."""
    blob, manifest = _manifest(folder)
    files = _files(folder, manifest)
    try:
        codebook = _csv(files["codebook.csv"])
        lists = {name: _typed(_csv(files[f"{name}.csv"]), codebook, name) for name in LISTS}
        return Run(
            folder=str(folder),
            study=str(manifest["study"]),
            manifest=manifest,
            sha256=hashlib.sha256(blob).hexdigest(),
            schema_version=str(json.loads(files["datapackage.json"])["schema_version"]),
            tables={
                name: pl.read_parquet(io.BytesIO(files[f"harmonized/{name}.parquet"])) for name in TABLES
            },
            analysis=pl.read_parquet(io.BytesIO(files["analysis.parquet"])),
            harmonisation=_csv(files["harmonisation.csv"]),
            codebook=codebook,
            lists=lists,
            trace=json.loads(files["lineage/mapping.json"]),
        )
    except (ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        # Files that their manifest vouches for and that are yet no tables: both were edited.
        raise PoolError(
            [f"{folder}: its files cannot be read ({type(error).__name__}). Run the study again."]
        ) from None


def _manifest(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """The manifest's bytes and content; PoolError where it is not that of a whole internal run."""
    try:
        blob = (folder / "manifest.json").read_bytes()
        manifest = json.loads(blob)
    except (OSError, ValueError, RecursionError):
        blob, manifest = b"", None
    if not isinstance(manifest, dict) or "milkqc" not in manifest:
        there = "is no run of milkqc" if folder.exists() else "does not exist"
        raise PoolError([f"{folder}: {there}. Name the --out folder of `milkqc run`."])
    privacy = manifest.get("privacy")
    level = privacy.get("level") if isinstance(privacy, dict) else None
    if level is not None:
        part = "holds no rows" if level == "public" else "holds one site only"
        raise PoolError(
            [f"{folder}: is a run for {level} eyes and {part}. Name the internal run of the study."]
        )
    if "pool" in manifest:
        raise PoolError([f"{folder}: is pooled already. Name the runs that it was made of."])
    wrong = [
        name
        for name, kind in (("study", str), ("versions", dict), ("outputs", list), ("inputs", list))
        if not isinstance(manifest.get(name), kind)
    ]
    if wrong:
        raise PoolError(
            [
                f"{folder}: its manifest.json lacks {' and '.join(wrong)}. Run the study again with this milkqc."
            ]
        )
    return blob, manifest


def _files(folder: Path, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """The bytes of every file of READ, each as the manifest says; PoolError with all that are not."""
    known = {
        str(one["path"]): one.get("sha256")
        for one in manifest["outputs"]
        if isinstance(one, dict) and "path" in one
    }
    faults: list[str] = []
    files: dict[str, bytes] = {}
    for name in READ:
        try:
            files[name] = (folder / name).read_bytes()
        except OSError:
            faults.append(f"{folder}: has no {name}. Run the study again with this milkqc.")
            continue
        if name not in known:
            faults.append(f"{folder}: its manifest knows no {name}. Run the study again with this milkqc.")
        elif hashlib.sha256(files[name]).hexdigest() != known[name]:
            faults.append(f"{folder}: {name} {_EDITED}")
    # A table edited in its CSV would not be in the pool, which reads the parquet beside it.
    faults += [
        f"{folder}: {name} {_EDITED}"
        for name in sorted(known.keys() - files.keys())
        if name.endswith((".csv", ".parquet"))
        and _inside(folder, name)
        and _differs(folder / name, known[name])
    ]
    if faults:
        raise PoolError(faults)
    return files


def _inside(folder: Path, name: str) -> bool:
    """Whether a manifest's path stays in its folder; one that was edited might name any file."""
    return (folder / name).resolve().is_relative_to(folder.resolve())


def _differs(path: Path, sha256: Any) -> bool:
    """Whether a file that is still there has another checksum."""
    try:
        with path.open("rb") as file:
            return bool(hashlib.file_digest(file, "sha256").hexdigest() != sha256)
    except OSError:
        return False


def _csv(blob: bytes) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(blob), infer_schema=False)


def _typed(frame: pl.DataFrame, codebook: pl.DataFrame, file: str) -> pl.DataFrame:
    """Columns of text in the types that the run's codebook gives them, so that an empty one stays a number."""
    said = codebook.filter(pl.col("file") == file).select("column", "type").iter_rows()
    types = {column: _TYPES[kind] for column, kind in said if kind in _TYPES and column in frame.columns}
    return frame.with_columns(_cast(name, kind) for name, kind in types.items())


def _cast(name: str, kind: type[pl.DataType]) -> pl.Expr:
    if kind == pl.Boolean:
        return pl.col(name) == "true"
    return pl.col(name).str.to_date("%Y-%m-%d") if kind == pl.Date else pl.col(name).cast(kind)
