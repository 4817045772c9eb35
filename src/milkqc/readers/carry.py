"""A Source carried from one process to another: its frames as Arrow files, everything else as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.model import CellFault, Origin, Source, Variable
from milkqc.readers.options import Plate, ReadOptions

_FRAMES = ("table", "reasons", "codes")


def carry(source: Source, folder: Path) -> None:
    """Write `source` into `folder`. A frame without columns keeps only its height, which is the table's."""
    for name in _FRAMES:
        getattr(source, name).write_ipc(folder / f"{name}.arrow")
    said = {
        "variables": [asdict(variable) for variable in source.variables],
        "origin": asdict(source.origin),
        "faults": [asdict(fault) for fault in source.faults],
        "dropped": source.dropped,
    }
    (folder / "source.json").write_text(json.dumps(said), encoding="utf-8")
    if source.rows is not None:
        source.rows.rename("rows").to_frame().write_ipc(folder / "rows.arrow")


def carried(folder: Path) -> Source:
    """What `carry` wrote."""
    frames = {name: pl.read_ipc((folder / f"{name}.arrow").read_bytes()) for name in _FRAMES}
    height = frames["table"].height
    said = json.loads((folder / "source.json").read_text(encoding="utf-8"))
    rows = folder / "rows.arrow"
    return Source(
        table=frames["table"],
        variables=tuple(_variable(one) for one in said["variables"]),
        reasons=frames["reasons"] if frames["reasons"].width else pl.DataFrame(height=height),
        codes=frames["codes"] if frames["codes"].width else pl.DataFrame(height=height),
        origin=Origin(**{**said["origin"], "notes": tuple(said["origin"]["notes"])}),
        faults=tuple(CellFault(**one) for one in said["faults"]),
        dropped=tuple(said["dropped"]),
        rows=pl.read_ipc(rows.read_bytes())["rows"] if rows.exists() else None,
    )


def _variable(said: Mapping[str, Any]) -> Variable:
    return Variable(**{**said, "missing_ranges": tuple((low, high) for low, high in said["missing_ranges"])})


def packed(options: ReadOptions) -> dict[str, Any]:
    """Options as JSON can hold them."""
    said = asdict(options)
    return {**said, "dictionary": None if options.dictionary is None else str(options.dictionary)}


def unpacked(said: Mapping[str, Any]) -> ReadOptions:
    """What `packed` made."""
    header, plate = said["header_row"], said["plate"]
    options = ReadOptions(**{**said, "plate": None, "dictionary": None})
    return replace(
        options,
        header_row=tuple(header) if isinstance(header, list) else header,
        names=None if said["names"] is None else tuple(said["names"]),
        keep=tuple(said["keep"]),
        dictionary=None if said["dictionary"] is None else Path(said["dictionary"]),
        plate=None
        if plate is None
        else Plate(
            **{
                **plate,
                "start": tuple(plate["start"]),
                "beside": tuple((name, corner) for name, corner in plate["beside"]),
            }
        ),
    )
