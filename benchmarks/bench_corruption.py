"""Damaged statistical files by the thousand: each is read whole, or refused with a reason, and never with fewer rows.

A file is cut, has bytes flipped, bytes put in or bytes added behind it. Some damage gives a file that opens happily
with other values: that is allowed, and why sha256 and counts are in every manifest. `CASES` (default 4000) sets how
many; `make nightly` asks for more.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyreadstat

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read

LIMITS = ReadOptions(reader_seconds=30, reader_memory=2 * 1024**3, max_cells=1_000_000)
ROWS = 40
FEWER = ("does not say how many rows", "could not be found out", "were left out")


def samples(folder: Path) -> dict[str, bytes]:
    """Small sound files of every format that there is a writer for, by name."""
    frame = pd.DataFrame(
        {
            "id": [f"P{row:03d}" for row in range(ROWS)],
            "weight": [2.5 + row / 7 if row % 9 else None for row in range(ROWS)],
            "sex": [float(1 + row % 2) for row in range(ROWS)],
            "note": ["Zoë in Tromsø" * (row % 4) for row in range(ROWS)],
        }
    )
    plain = frame.assign(note=["a" * (row % 30) for row in range(ROWS)])
    labels = {"sex": {1.0: "male", 2.0: "female"}}
    whole = {"sex": {1: "male", 2: "female"}}
    pyreadstat.write_dta(frame, str(folder / "stata118.dta"), variable_value_labels=whole)
    for version, order in ((114, ">"), (114, "<"), (117, ">"), (119, "<")):
        frame.to_stata(
            folder / f"stata{version}{'big' if order == '>' else ''}.dta", version=version, byteorder=order,
            write_index=False, value_labels=labels,
        )  # fmt: skip
    ranges = {"sex": [2.0]}
    pyreadstat.write_sav(
        frame, str(folder / "plain.sav"), variable_value_labels=labels, missing_ranges=ranges
    )
    pyreadstat.write_sav(frame, str(folder / "packed.sav"), row_compress=True, variable_value_labels=labels)
    pyreadstat.write_sav(frame, str(folder / "packed.zsav"), compress=True, variable_value_labels=labels)
    pyreadstat.write_por(plain.rename(columns=str.upper), str(folder / "x.por"))
    pyreadstat.write_xport(frame, str(folder / "v5.xpt"), file_format_version=5)
    pyreadstat.write_xport(frame, str(folder / "v8.xpt"), file_format_version=8)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def damaged(content: bytes, chance: random.Random) -> tuple[str, bytes]:
    """What was done, and what came of it."""
    how = chance.choice(("cut", "cut", "flip", "flip", "flip", "head", "insert", "extend"))
    raw = bytearray(content)
    if how == "cut":
        return how, bytes(raw[: chance.randrange(1, len(raw))])
    if how == "extend":
        return how, bytes(raw) + chance.choice((chance.randbytes, bytes))(chance.randrange(1, 500))
    if how == "insert":
        at = chance.randrange(len(raw))
        raw[at:at] = chance.randbytes(chance.randrange(1, 20))
        return how, bytes(raw)
    reach = min(len(raw), 700) if how == "head" else len(raw)
    for _ in range(chance.randrange(1, 6)):
        raw[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    return how, bytes(raw)


def outcome(path: Path, how: str, *, rows: int) -> str:
    """`refused`, `read`, `read, with a word`, or `FEWER ROWS` without one. Anything but a SourceError comes through."""
    try:
        source = read(path, LIMITS)
    except SourceError as refusal:
        if not (refusal.what and refusal.todo) or "Traceback" in str(refusal):
            return "NO REASON"
        return "stopped" if "stopped the reader" in refusal.what else "refused"
    if source.table.height >= rows:
        return "read"
    if any(word in note for note in source.origin.notes for word in FEWER):
        return "read, with a word"
    # Nothing in a version 5 transport file tells one that was cut between its records from a shorter one.
    if path.suffix == ".xpt" and how == "cut" and path.stat().st_size % 80 == 0:
        return "read, as documented"
    return "FEWER ROWS"


def trial(name: str, content: bytes, *, seed: int, folder: Path, rows: int = ROWS) -> tuple[str, str]:
    """One damaged file: what was done to it, and what came of it."""
    how, broken = damaged(content, random.Random(seed))
    path = folder / name
    path.write_bytes(broken)
    return how, outcome(path, how, rows=rows)


def run() -> Iterator[dict[str, object]]:
    """Rows: file, its outcomes with counts, within."""
    cases = int(os.environ.get("CASES", "4000"))
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        files = samples(Path(first))
        for place, (name, content) in enumerate(files.items()):
            counts: Counter[str] = Counter()
            for seed in range(cases // len(files)):
                counts[trial(name, content, seed=1_000_000 * place + seed, folder=Path(second))[1]] += 1
            yield {
                "file": name,
                "cases": sum(counts.values()),
                **dict(sorted(counts.items())),
                "within": not (counts["FEWER ROWS"] or counts["NO REASON"]),
            }
