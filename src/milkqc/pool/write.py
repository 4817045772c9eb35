"""OUT of a pool: the stacked tables, what the studies agree in, and a page that lays them side by side."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from milkqc.emit.datapackage import checksums, datapackage
from milkqc.emit.swap import MANIFEST, replacing
from milkqc.emit.tables import write_parquet
from milkqc.emit.text import write_csv, write_json
from milkqc.pool.page import page
from milkqc.pool.pool import Pooled
from milkqc.summarise.codebook import codebook


def write(pooled: Pooled, out: Path) -> None:
    """Write everything to `out` in one step, replacing an earlier pool or run there; no clock is in any of it.

    Raises OutputError where `out` is not milkqc's to replace or cannot be written; it is then as it was.
    """
    data = {f"harmonized/{name}": frame for name, frame in pooled.tables.items()}
    data["analysis"] = pooled.analysis
    people = {
        "harmonisation": pooled.harmonisation,
        "agreement": pooled.agreement,
        "distributions": pooled.distributions,
        "comparisons": pooled.comparisons,
    }
    studies = [run.study for run in pooled.runs]
    with replacing(out) as folder:
        (folder / "harmonized").mkdir()
        for name, frame in data.items():
            write_csv(frame, folder / f"{name}.csv")
            write_parquet(frame, folder / f"{name}.parquet")
        write_csv(pooled.mae_reference, folder / "mae_reference.csv")
        for name, frame in people.items():
            write_csv(frame, folder / f"{name}.csv", for_people=True)
        described = codebook(
            {**pooled.tables, "analysis": pooled.analysis, "mae_reference": pooled.mae_reference}
        )
        write_csv(described, folder / "codebook.csv", for_people=True)
        (folder / "pool.html").write_bytes(page(pooled).encode())
        tables = {**data, **people, "mae_reference": pooled.mae_reference, "codebook": described}
        package = datapackage(
            "-".join(["pool", *studies]),
            f"Pool of {', '.join(studies)}",
            tables,
            described,
            checksums(folder),
        )
        write_json(package, folder / "datapackage.json")
        manifest = {
            "milkqc": version("milkqc"),
            "pool": [
                {
                    "study": run.study,
                    "title": run.manifest.get("title"),
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
