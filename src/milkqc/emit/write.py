"""OUT, file by file, in a folder that takes its place only when every one of them is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from milkqc.emit import statistical
from milkqc.emit.datapackage import checksums, datapackage
from milkqc.emit.reasons import reasons, reasons_of
from milkqc.emit.sites import NO_SITE, slugs
from milkqc.emit.swap import MANIFEST, replacing
from milkqc.emit.tables import write_parquet
from milkqc.emit.text import write_csv, write_json
from milkqc.emit.variables import Described
from milkqc.errors import OutputError
from milkqc.model import TABLES, Result

FORMATS = ("csv", "parquet", "dta", "sav")
# The statistics that have a file of their own; names of teams and observers stand in them, so they are for people.
SURVEY = ("survey_quality", "survey_digits", "survey_positions")
FILES = {
    "scheduled_people": "completeness",
    "mae_sensitivity": "mae_sensitivity",
    "harmonisation": "harmonisation",
} | {name: name for name in SURVEY}
_NOTHING: Mapping[str, bytes] = MappingProxyType({})


def write(
    result: Result,
    out: Path,
    *,
    formats: tuple[str, ...] = ("csv", "parquet"),
    rendered: Mapping[str, bytes] = _NOTHING,
    manifest: Mapping[str, Any],
) -> None:
    """Write everything a run gives to `out`, replacing what an earlier run left there (docs/outputs.md).

    CSV and parquet are always written; `dta` and `sav` add the analysis and the harmonised tables for Stata and
    SPSS, and to the manifest `format_losses`, what these files could not say. `rendered` are finished files by
    name (report.html, report.json). `manifest` is the caller's, its `created` the only
    time stamp of all outputs; `outputs` (path, sha256 and bytes of every other file) is added to it.
    OutputError when `out` cannot be written or is not milkqc's to replace; it is then as it was. ValueError for
    an unknown format or a rendered name that is no plain file name.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"not formats of milkqc: {', '.join(unknown)}. Choose from {', '.join(FORMATS)}.")
    for name in rendered:
        if Path(name).name != name or name == MANIFEST:
            raise ValueError(f"not a name for a rendered file: {name!r}")
    with replacing(Path(out)) as folder:
        tables = _tables(folder, result)
        losses = _statistical(folder, result, formats)
        _findings_by_site(folder, result)
        for name, content in rendered.items():
            (folder / name).write_bytes(content)
        if result.trace:
            # Without spaces: it is for `milkqc explain`, and its size counts.
            trace = json.dumps(dict(result.trace), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            (folder / "lineage" / "mapping.json").write_bytes(trace.encode() + b"\n")
        package = datapackage(result.study, result.title, tables, result.codebook, checksums(folder))
        write_json(package, folder / "datapackage.json")
        whole = {"milkqc": version("milkqc"), **manifest, "outputs": checksums(folder)}
        if {"dta", "sav"} & set(formats):
            whole["format_losses"] = losses
        write_json(whole, folder / MANIFEST)


def _tables(folder: Path, result: Result) -> dict[str, pl.DataFrame]:
    """Write the tables; what was written, by path without its ending."""
    for name in ("harmonized", "lineage", "findings_by_site"):
        (folder / name).mkdir()
    data = {f"harmonized/{name}": result.table(name) for name in TABLES} | {"analysis": result.analysis}
    if "controls" in result.statistics:
        data["harmonized/controls"] = result.statistics["controls"]
    for name, frame in data.items():
        write_csv(frame, folder / f"{name}.csv")
        write_parquet(frame, folder / f"{name}.parquet")
    known = (*TABLES, "controls")
    lineage = {f"lineage/{name}": result.lineage[name] for name in known if name in result.lineage}
    for name, frame in lineage.items():
        write_parquet(frame, folder / f"{name}.parquet")
    write_csv(result.mae_reference, folder / "mae_reference.csv")
    people = {
        "findings": result.findings,
        "rejected": result.rejected,
        "checks": result.checks,
        "codebook": result.codebook,
    }
    people |= {file: result.statistics[name] for name, file in FILES.items() if name in result.statistics}
    for name, frame in people.items():
        write_csv(frame, folder / f"{name}.csv", for_people=True)
    return {**data, **lineage, **people, "mae_reference": result.mae_reference}


def _statistical(folder: Path, result: Result, formats: tuple[str, ...]) -> list[dict[str, str]]:
    """The analysis and the harmonised tables for Stata and SPSS; what those files could not say, by column."""
    wanted = [name for name in ("dta", "sav") if name in formats]
    losses: list[dict[str, str]] = []
    if not wanted:
        return losses
    tables = {f"harmonized/{name}": (result.table(name), reasons_of(name, result)) for name in TABLES}
    tables["analysis"] = (result.analysis, reasons(result))
    # Tables are merged in Stata and SPSS: `.a` must not be one reason in a table and another in the next.
    shared = {
        reason for _, why in tables.values() for said in why.values() for reason in said.drop_nulls().unique()
    }
    for name, (frame, why) in tables.items():
        described = _described(result.codebook.filter(pl.col("file") == name))
        for ending in wanted:
            file = f"{name}.{ending}"
            try:
                lost = statistical.write(
                    frame,
                    folder / file,
                    described=described,
                    reasons=why,
                    title=f"milkqc {Path(name).name} table",
                    shared=shared,
                )
            except MemoryError as error:
                raise OutputError(
                    f"{file}: needs more memory than there is. Leave it out of --format."
                ) from error
            losses += [{"file": file, "column": one.column, "what": one.what} for one in lost]
    return losses


def _described(codebook: pl.DataFrame) -> dict[str, Described]:
    return {
        row["column"]: Described(
            label=row["label"] or "",
            unit=row["unit"] or "",
            codes=tuple(row["codes"].split("|")) if row["type"] == "enum" and row["codes"] else (),
        )
        for row in codebook.iter_rows(named=True)
    }


def _findings_by_site(folder: Path, result: Result) -> None:
    """A file for every site that the participants or the findings name (empty when all is well there)."""
    findings = result.findings
    known = pl.concat([findings.get_column("site"), result.participants.get_column("site")]).drop_nulls()
    for site, slug in slugs(known.unique().to_list()).items():
        part = findings.filter(pl.col("site") == site)
        write_csv(part, folder / "findings_by_site" / f"{slug}.csv", for_people=True)
    rest = findings.filter(pl.col("site").is_null())
    write_csv(rest, folder / "findings_by_site" / f"{NO_SITE}.csv", for_people=True)
