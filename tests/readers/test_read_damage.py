"""Text and workbooks cut, flipped and extended: a refusal, or as many rows as before, or a note; never a crash.

`python -m benchmarks damage_text` runs the same over thousands of cases.
"""

import random
import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from milkqc.errors import SourceError
from milkqc.model import Source
from milkqc.readers import read

# A survey of two sites, as text: quoted cells, accents, a comma inside a cell, an empty cell.
LINES = ["id,name,weight (kg),note"] + [
    f'{n:04},"Zoë {n}, née {n + 7}",{3 + n / 40:.2f},{"seen" if n % 3 else ""}' for n in range(60)
]
ROWS = [["id", "weight (kg)", "day", "note"]] + [
    [f"{n:04}", 3 + n / 40, date(2024, 1, 1 + n % 28), "Zoë" if n % 3 else None] for n in range(60)
]
TEXTS = {
    "utf8.csv": "\r\n".join(LINES).encode() + b"\r\n",
    "marked.csv": "\n".join(LINES).encode("utf-8-sig") + b"\n",
    "utf16.txt": "\n".join(LINES).replace(",", "\t").encode("utf-16") + "\n".encode("utf-16-le"),
    "latin.tsv": "\n".join(LINES).replace(",", "\t").encode("cp1252") + b"\n",
    "numbers.csv": ("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(90))).encode(),
    "text.xls": "\r\n".join(LINES).replace(",", "\t").encode("cp1252") + b"\r\n",
}
WORKBOOKS = ("book.xlsx", "book.xls", "book.ods", "book.xlsb")
HOWS = ("cut", "flip", "flip_many", "extend", "hole", "double")


@dataclass(frozen=True)
class Sample:
    """A whole file and what reading it gives."""

    name: str
    content: bytes
    source: Source


def damaged(content: bytes, how: str, chance: random.Random) -> bytes:
    """`content` cut, with bits or bytes changed, with bytes added, left out, or said twice."""
    size = len(content)
    place = chance.randrange(size)
    if how == "cut":
        return content[: max(1, place)]
    if how in ("flip", "flip_many"):
        changed = bytearray(content)
        for _ in range(1 if how == "flip" else chance.randrange(2, 40)):
            changed[chance.randrange(size)] ^= 1 << chance.randrange(8)
        return bytes(changed)
    if how == "extend":
        return content + chance.randbytes(chance.randrange(1, 2000))
    end = min(size, place + chance.randrange(1, 600))
    return content[:place] + content[end:] if how == "hole" else content[:end] + content[place:]


def complaint(path: Path, sample: Sample, changed: bytes, how: str) -> str:
    """What is wrong with how `changed` is read; '' when nothing is."""
    path.write_bytes(changed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            source = read(path)
    except SourceError as error:
        return "" if "\n" not in str(error) and error.todo else f"no message for people: {error!r}"
    said = set(source.origin.notes) - set(sample.source.origin.notes)
    fewer = source.table.height < sample.source.table.height
    if fewer and not said and not source.faults and not _ends_at_a_line(changed, sample, how):
        return f"{source.table.height} rows of {sample.source.table.height}, and not a word"
    if (source.origin.rows, source.origin.sha256) == (0, ""):
        return "no account of the file"
    return ""


def _ends_at_a_line(changed: bytes, sample: Sample, how: str) -> bool:
    """Text cut, or with a piece gone, just between two lines is the same as text that never had more of them."""
    if not sample.name.endswith((".csv", ".tsv", ".txt", ".xls")) or sample.name == "book.xls":
        return False
    if how == "cut":
        return sample.content[len(changed) - 2 : len(changed)].strip(b"\r\n\0") == b"" or changed.endswith(
            b"\n"
        )
    return how == "hole"


@pytest.fixture(scope="module")
def samples(tmp_path_factory, write):
    folder = tmp_path_factory.mktemp("whole")
    for name, content in TEXTS.items():
        (folder / name).write_bytes(content)
    for name in WORKBOOKS:
        write(folder / name, {"A": ROWS})
    names = (*TEXTS, *WORKBOOKS)
    return {name: Sample(name, (folder / name).read_bytes(), read(folder / name)) for name in names}


def test_the_whole_files_are_read_whole(samples):
    heights = {name: sample.source.table.height for name, sample in samples.items()}
    assert heights == dict.fromkeys(samples, 60) | {"numbers.csv": 90}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", [*TEXTS, *WORKBOOKS])
def test_damage_is_refused_or_told(tmp_path, samples, name, how):
    chance = random.Random(f"{name} {how}")
    complaints = []
    for number in range(6):
        changed = damaged(samples[name].content, how, chance)
        found = complaint(tmp_path / name, samples[name], changed, how)
        if found:
            complaints.append(f"{number}: {found}")
    assert complaints == []
