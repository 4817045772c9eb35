"""Zinc, read by a plate reader: the wells of three plates of 96, and how the reader writes them as grids."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.random import Generator

from milkqc.demo.controls import reading

Row = dict[str, Any]
ROWS, COLUMNS = "ABCDEFGH", 12
SAMPLES, LIMIT, UNIT = 60, 0.1, "mg/L"
# A median and a sigma of our choice, about the adequacy estimate for zinc at three months (1.5 mg/L).
MEDIAN, SIGMA, REPEATED = 1.5, 0.4, 0.05
_OWN = ("blank", "QC low", "QC high")
# The grids of a plate, by what stands left of 1 and above A.
GRIDS = {UNIT: "RESULT", "Tube": "TUBE", "Type": "TYPE"}


def wells(rng: Generator, barcodes: Sequence[str]) -> Iterator[Row]:
    """Every well of as many plates as the tubes need: blanks and controls in duplicate, samples, two read again."""
    for plate, first in enumerate(range(0, len(barcodes), SAMPLES), start=1):
        tubes = barcodes[first : first + SAMPLES]
        drawn = {tube: MEDIAN * math.exp(SIGMA * float(rng.standard_normal())) for tube in tubes}
        filled = [(kind, "") for kind in _OWN for _ in range(2)]
        filled += [("sample", tube) for tube in tubes] + [
            ("duplicate", tube) for tube in tubes[:: SAMPLES // 2]
        ]
        for place in range(len(ROWS) * COLUMNS):
            kind, tube = filled[place] if place < len(filled) else ("", "")
            yield {
                "PLATE": f"Z{plate}",
                "WELL": f"{ROWS[place // COLUMNS]}{place % COLUMNS + 1}",
                "TYPE": kind,
                "TUBE": tube,
                "RESULT": _result(rng, kind, drawn.get(tube, 0.0)),
            }


def _result(rng: Generator, kind: str, value: float) -> str:
    if kind in {"", "blank"}:
        return f"<{LIMIT}" if kind else ""
    if kind.startswith("QC"):
        return f"{reading(rng, 'Zinc', kind.removeprefix('QC ')):.2f}"
    read = value * math.exp(REPEATED * float(rng.standard_normal())) if kind == "duplicate" else value
    return f"{read:.2f}" if read >= LIMIT else f"<{LIMIT}"


def write_grids(rows: Sequence[Row], path: Path, *, label: str) -> None:
    """`rows` of `wells` as the plate reader writes them: for each plate a grid of results, of tubes and of types."""
    plates = list(dict.fromkeys(row["PLATE"] for row in rows))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for plate in plates:
            well = {row["WELL"]: row for row in rows if row["PLATE"] == plate}
            writer.writerow([label, *[""] * COLUMNS])
            writer.writerow([plate, *[""] * COLUMNS])
            for corner, name in GRIDS.items():
                writer.writerow([corner, *range(1, COLUMNS + 1)])
                for letter in ROWS:
                    writer.writerow([letter, *(well[f"{letter}{n}"][name] for n in range(1, COLUMNS + 1))])
                writer.writerow([""] * (COLUMNS + 1))
