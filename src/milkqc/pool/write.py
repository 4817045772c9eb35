"""OUT of a pool: the stacked tables, what the studies agree in, and a page that lays them side by side."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.emit.datapackage import checksums, datapackage
from milkqc.emit.swap import MANIFEST, replacing
from milkqc.emit.tables import write_parquet
from milkqc.emit.text import write_csv, write_json
from milkqc.errors import OutputError
from milkqc.pool.describe import described
from milkqc.pool.page import page
from milkqc.pool.pool import Pooled

REFERENCE = "mae_reference"


def write(pooled: Pooled, out: Path) -> None:
    """Write everything to `out` in one step, replacing an earlier pool or run there; no clock is in any of it.

    Raises OutputError where `out` is not milkqc's to replace, holds a run that is pooled or lies in one, or cannot
    be written; it is then as it was.
    """
    _apart(pooled, out)
    data = {f"harmonized/{name}": frame for name, frame in pooled.tables.items()}
    data["analysis"] = pooled.analysis
    people = {
        **{name: frame for name, frame in pooled.lists.items() if name != REFERENCE},
        "harmonisation": pooled.harmonisation,
        "agreement": pooled.agreement,
        "distributions": pooled.distributions,
        "comparisons": pooled.comparisons,
    }
    with replacing(out) as folder:
        (folder / "harmonized").mkdir()
        for name, frame in data.items():
            write_csv(frame, folder / f"{name}.csv")
            write_parquet(frame, folder / f"{name}.parquet")
        write_csv(pooled.lists[REFERENCE], folder / f"{REFERENCE}.csv")
        for name, frame in people.items():
            write_csv(frame, folder / f"{name}.csv", for_people=True)
        tables = {**data, REFERENCE: pooled.lists[REFERENCE], **people}
        codebook = described(tables, pooled.runs)
        write_csv(codebook, folder / "codebook.csv", for_people=True)
        (folder / "pool.html").write_bytes(page(pooled).encode())
        package = _package({**tables, "codebook": codebook}, codebook, pooled, folder)
        write_json(package, folder / "datapackage.json")
        manifest = {
            "milkqc": version("milkqc"),
            "pool": [
                {
                    "study": run.study,
                    "title": run.manifest.get("title"),
                    "simulated": run.simulated,
                    "verdict": run.manifest.get("verdict"),
                    "manifest_sha256": run.sha256,
                    "schema_version": run.schema_version,
                    "created": run.manifest.get("created"),
                    "unblinded": run.manifest.get("unblinded"),
                }
                for run in pooled.runs
            ],
            "outputs": checksums(folder),
        }
        write_json(manifest, folder / MANIFEST)


def _package(
    tables: Mapping[str, pl.DataFrame], codebook: pl.DataFrame, pooled: Pooled, folder: Path
) -> dict[str, Any]:
    """The descriptor; the analysis table's key is the study's too."""
    studies = [run.study for run in pooled.runs]
    title = f"Pool of {', '.join(studies)}"
    package = datapackage("-".join(["pool", *studies]), title, tables, codebook, checksums(folder))
    for resource in package["resources"]:
        schema = resource.get("schema", {})
        if "study" in (field["name"] for field in schema.get("fields", ())) and "primaryKey" in schema:
            schema["primaryKey"] = ["study", *schema["primaryKey"]]
    return package


def _apart(pooled: Pooled, out: Path) -> None:
    """OutputError where `out` and a run lie in each other: the one would be replaced with the other."""
    place = Path(os.path.realpath(out))
    for run in pooled.runs:
        theirs = Path(os.path.realpath(run.folder))
        if place == theirs or place in theirs.parents or theirs in place.parents:
            raise OutputError(
                f"{out}: the run {run.folder} and the pool cannot lie in each other. Name a folder beside it with --out."
            )
