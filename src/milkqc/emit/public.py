"""OUT of a public run: a few aggregate tables and their description; no file of rows exists, not even an empty one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.emit.datapackage import checksums, datapackage
from milkqc.emit.swap import MANIFEST, replacing
from milkqc.emit.text import write_csv, write_json


def write_public(
    tables: Mapping[str, pl.DataFrame],
    out: Path,
    *,
    study: str,
    title: str,
    rendered: Mapping[str, bytes],
    manifest: Mapping[str, Any],
) -> None:
    """Write `tables` (`codebook` among them) as CSV, the rendered files, datapackage.json and the manifest to `out`.

    Whatever an earlier run left in `out` is gone. `manifest` is the caller's; nothing here adds a date to it.
    OutputError when `out` cannot be written or is not milkqc's to replace; it is then as it was.
    """
    with replacing(Path(out)) as folder:
        for name, frame in tables.items():
            write_csv(frame, folder / f"{name}.csv", for_people=name != "mae_reference")
        for name, content in rendered.items():
            (folder / name).write_bytes(content)
        package = datapackage(study, title, tables, tables["codebook"], checksums(folder))
        write_json(package, folder / "datapackage.json")
        write_json({"milkqc": version("milkqc"), **manifest, "outputs": checksums(folder)}, folder / MANIFEST)
