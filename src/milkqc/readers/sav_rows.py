"""The rows of an SPSS .sav: all of them counted, and numbers taken from where they lie if they are not compressed."""

from __future__ import annotations

import io
import mmap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.readers import sav_layout
from milkqc.readers.answers import RefusedError
from milkqc.readers.readstat import attempt
from milkqc.readers.sav_numbers import numbers

CHUNK_CELLS = 2_000_000
NO_TAGS = pl.DataFrame(schema={"row": pl.Int64, "column": pl.Int64, "letter": pl.String})


def plan_of(path: Path) -> tuple[sav_layout.Rows | None, int]:
    """Where the rows of a .sav lie, if its dictionary can be followed; and the file's bytes."""
    with path.open("rb") as stream:
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return sav_layout.rows(content), len(content)


def fast(
    path: Path, reader: Callable[..., Any], about: Any, plan: sav_layout.Rows | None, size: int
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]] | None:
    """All rows of an uncompressed .sav, its numbers from where they lie; None when they cannot be told."""
    texts = [name for name in about.column_names if about.readstat_variable_types[name] == "string"]
    if (
        plan is None
        or plan.compressed
        or plan.said is None
        or len(plan.numbers) != len(about.column_names) - len(texts)
        or plan.start + plan.said * plan.width > size
    ):
        return None
    return _side_by_side(path, reader, about, plan, texts)


def _side_by_side(
    path: Path, reader: Callable[..., Any], about: Any, plan: sav_layout.Rows, texts: list[str]
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    with path.open("rb") as stream:
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    rows = plan.said or 0
    step = max(1_000, CHUNK_CELLS // max(1, len(about.column_names)))
    for start in range(0, max(rows, 1), step):
        stop = min(start + step, rows)
        data = {}
        if texts and stop > start:
            how = {"row_limit": stop - start, "row_offset": start, "usecols": texts, "encoding": "LATIN1"}
            data = attempt(reader, **how)[0]
        lying = iter(numbers(content, plan, start, stop))
        values = [
            pl.Series(data.get(name, []), dtype=pl.String) if name in texts else next(lying)
            for name in about.column_names
        ]
        if len({len(column) for column in values}) > 1:
            raise RefusedError(
                "is damaged: its texts and its numbers have not as many rows.", "Export or copy it again."
            )
        yield pl.DataFrame([column.alias(str(place)) for place, column in enumerate(values)]), NO_TAGS


def all_rows(path: Path, plan: sav_layout.Rows | None, size: int, read: int, names: list[str]) -> list[str]:
    """RefusedError when a .sav holds more than the `read` rows that its header says; a remark when it says nothing."""
    import pyreadstat

    if plan is None:
        return ["whether it holds more rows than its header says could not be found out"]
    if plan.said is None:
        return ["the file does not say how many rows it has: one that was cut may look whole"]
    if plan.compressed:
        # The header's number, -1, makes pyreadstat go on to the end.
        whole = bytearray(path.read_bytes())
        whole[80:84] = b"\xff\xff\xff\xff"
        endless = io.BytesIO(whole)
        how = {"row_offset": read, "row_limit": 1, "usecols": names[:1], "encoding": "LATIN1"}
        more = attempt(lambda **given: pyreadstat.read_sav(endless, output_format="dict", **given), **how)[0]
        left = max((len(cells) for cells in more.values()), default=0)
    else:
        left = size - plan.start - read * plan.width
    if left > 0:
        raise RefusedError(
            f"holds more than the {read:,} rows that its header says.", "Export or copy it again."
        )
    return []
