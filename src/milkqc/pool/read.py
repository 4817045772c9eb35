"""One run's folder read back for pooling, as it was written and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.errors import MilkqcError
from milkqc.model import TABLES

READ = (
    *(f"harmonized/{name}.parquet" for name in TABLES),
    "analysis.parquet",
    "mae_reference.csv",
    "harmonisation.csv",
    "codebook.csv",
    "datapackage.json",
)


class PoolError(MilkqcError):
    """The runs cannot be pooled: every reason together, a line each, with the folders or studies it is about."""

    def __init__(self, faults: list[str]):
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


@dataclass(frozen=True)
class Run:
    """What a run wrote: its manifest, tables, and what describes them. `sha256` is that of the manifest."""

    folder: str
    study: str
    manifest: Mapping[str, Any]
    sha256: str
    schema_version: str
    tables: Mapping[str, pl.DataFrame]
    analysis: pl.DataFrame
    mae_reference: pl.DataFrame
    harmonisation: pl.DataFrame
    codebook: pl.DataFrame


def read_run(folder: Path) -> Run:
    """The run in `folder`. Raises PoolError where it is none, holds no rows, or is not as its manifest says."""
    faults: list[str] = []
    try:
        blob = (folder / "manifest.json").read_bytes()
        manifest = json.loads(blob)
    except (OSError, ValueError):
        manifest = None
    if not isinstance(manifest, dict) or "milkqc" not in manifest or "outputs" not in manifest:
        raise PoolError([f"{folder}: is no run of milkqc. Name the --out folder of `milkqc run`."])
    level = (manifest.get("privacy") or {}).get("level")
    if level is not None:
        part = "holds no rows" if level == "public" else "holds one site only"
        raise PoolError(
            [f"{folder}: is a run for {level} eyes and {part}. Name the internal run of the study."]
        )
    if "pool" in manifest:
        raise PoolError([f"{folder}: is pooled already. Name the runs that it was made of."])
    known = {one["path"]: one["sha256"] for one in manifest["outputs"]}
    for name in READ:
        path = folder / name
        if name not in known or not path.is_file():
            faults.append(f"{folder}: has no {name}. Run the study again with this milkqc.")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != known[name]:
            faults.append(f"{folder}: {name} is not what the run wrote. Run the study again.")
    if faults:
        raise PoolError(faults)
    return Run(
        folder=str(folder),
        study=str(manifest["study"]),
        manifest=manifest,
        sha256=hashlib.sha256(blob).hexdigest(),
        schema_version=str(json.loads((folder / "datapackage.json").read_bytes())["schema_version"]),
        tables={name: pl.read_parquet(folder / f"harmonized/{name}.parquet") for name in TABLES},
        analysis=pl.read_parquet(folder / "analysis.parquet"),
        mae_reference=pl.read_csv(folder / "mae_reference.csv", infer_schema_length=None),
        harmonisation=pl.read_csv(folder / "harmonisation.csv", infer_schema=False),
        codebook=pl.read_csv(folder / "codebook.csv", infer_schema=False),
    )
