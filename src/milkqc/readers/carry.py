"""A Source carried from one process to another: its frames in an Outbox, everything else as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.model import CellFault, Origin, Source, Variable
from milkqc.readers.answers import Answer, Outbox
from milkqc.readers.options import Plate, ReadOptions

_PATHS = ("dictionary", "catalog")


def carry(source: Source, out: Outbox) -> dict[str, Any]:
    """Put the frames of `source` into `out`; what else there is to say. A side table without columns is not put."""
    out.put("table", source.table)
    for name, side in (("reasons", source.reasons), ("codes", source.codes)):
        if side.width:
            out.put(name, side)
    if source.rows is not None:
        out.put("rows", source.rows.rename("rows").to_frame())
    return {
        "variables": [asdict(variable) for variable in source.variables],
        "origin": asdict(source.origin),
        "faults": [asdict(fault) for fault in source.faults],
        "dropped": source.dropped,
    }


def carried(answer: Answer) -> Source:
    """What `carry` put."""
    table, said = answer.frames["table"], answer.meta
    none = pl.DataFrame(height=table.height)
    return Source(
        table=table,
        variables=tuple(_variable(one) for one in said["variables"]),
        reasons=answer.frames.get("reasons", none),
        codes=answer.frames.get("codes", none),
        origin=Origin(**{**said["origin"], "notes": tuple(said["origin"]["notes"])}),
        faults=tuple(CellFault(**one) for one in said["faults"]),
        dropped=tuple(said["dropped"]),
        rows=answer.frames["rows"]["rows"] if "rows" in answer.frames else None,
    )


def _variable(said: Mapping[str, Any]) -> Variable:
    return Variable(**{**said, "missing_ranges": tuple((low, high) for low, high in said["missing_ranges"])})


def packed(options: ReadOptions) -> dict[str, Any]:
    """Options as JSON can hold them."""
    said = asdict(options)
    return {**said, **{name: None if said[name] is None else str(said[name]) for name in _PATHS}}


def unpacked(said: Mapping[str, Any]) -> ReadOptions:
    """What `packed` made."""
    header, plate = said["header_row"], said["plate"]
    paths = {name: None if said[name] is None else Path(said[name]) for name in _PATHS}
    options = ReadOptions(**{**said, **paths, "plate": None})
    return replace(
        options,
        header_row=tuple(header) if isinstance(header, list) else header,
        names=None if said["names"] is None else tuple(said["names"]),
        keep=tuple(said["keep"]),
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
