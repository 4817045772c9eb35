"""Plate grids found in a text file: which corner holds the results, and which say tube and kind beside them."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.cells import numbers
from milkqc.drafting.words import fold
from milkqc.readers.options import Plate

_SIZES = ((8, 12), (16, 24), (32, 48), (6, 8), (4, 6))
_MOST = 0.5


@dataclass(frozen=True)
class Grids:
    """How the plates of a file are read (`option`), and how a mapping writes that."""

    option: Plate
    written: dict[str, Any]


def grids_of(file: Path) -> Grids | None:
    """The plate grids of a text file by their corners; None where there is none, or none of numbers."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    if file.suffix.lower() not in {".csv", ".txt", ".tsv"} or not text:
        return None
    delimiter = max(",;\t", key=text.count)
    grid = list(csv.reader(text.splitlines(), delimiter=delimiter))
    found: dict[str, list[list[str]]] = defaultdict(list)
    sizes = set()
    for row, cells in enumerate(grid):
        for column, corner in enumerate(cells):
            size = _size(grid, row, column)
            if size and corner.strip():
                sizes.add(size)
                inside = [grid[row + 1 + down][column + 1 : column + 1 + size[1]] for down in range(size[0])]
                found[corner.strip()].append(
                    [cell.strip() for line in inside for cell in line if cell.strip()]
                )
    results = [corner for corner, grids in found.items() if _numeric([cell for one in grids for cell in one])]
    if len(results) != 1 or len(sizes) != 1:
        return None
    rows, columns = sizes.pop()
    beside = {fold(corner).replace(" ", "_"): corner for corner in found if corner != results[0]}
    written: dict[str, Any] = {"corner": results[0]}
    if (rows, columns) != (8, 12):
        written |= {"rows": str(rows), "columns": str(columns)}
    if beside:
        written["beside"] = beside
    return Grids(Plate(rows=rows, columns=columns, corner=results[0], beside=tuple(beside.items())), written)


def _size(grid: list[list[str]], row: int, column: int) -> tuple[int, int] | None:
    """The size of the plate whose corner is here: 1, 2, 3 ... right of it, A, B, C ... below."""
    for rows, columns in _SIZES:
        numbered = [cell.strip().lstrip("0") for cell in grid[row][column + 1 : column + 1 + columns]]
        if numbered != [str(place) for place in range(1, columns + 1)] or len(grid) <= row + rows:
            continue
        letters = [
            line[column].strip() if len(line) > column else "" for line in grid[row + 1 : row + 1 + rows]
        ]
        if letters == [_letters(place) for place in range(rows)]:
            return rows, columns
    return None


def _letters(place: int) -> str:
    return chr(65 + place) if place < 26 else chr(64 + place // 26) + chr(65 + place % 26)


def _numeric(cells: list[str]) -> bool:
    read = numbers(pl.Series(cells, dtype=pl.String))
    fits = read["number"].is_not_null() | (read["status"] == "censored")
    return bool(cells) and int(fits.sum()) > _MOST * len(cells)
