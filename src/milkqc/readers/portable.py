"""SPSS portable files (.por), in the child process: one long text of numbers to the base of 30 and counted strings.

Ours, because pyreadstat gives no user-missing codes of a portable file and takes UTF-8 for granted.
Source: the GNU PSPP manual, "Portable File Format".
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import polars as pl

from milkqc import __version__
from milkqc.readers.answers import Outbox, RefusedError
from milkqc.readers.frames import too_large
from milkqc.readers.texts import Decoder

_CHUNK_CELLS = 1_000_000
_LINE = 80
_TAG = b"SPSSPORT"
_NUMBER = re.compile(rb" *(?:(\*.)|(-?)([0-9A-T]*)(?:\.([0-9A-T]*))?(?:([+-])([0-9A-T]+))?/)")
_FORMATS = {
    1: "A", 2: "AHEX", 3: "COMMA", 4: "DOLLAR", 5: "F", 6: "IB", 7: "PIBHEX", 8: "P", 9: "PIB", 10: "PK", 11: "RB",
    12: "RBHEX", 15: "Z", 16: "N", 17: "E", 20: "DATE", 21: "TIME", 22: "DATETIME", 23: "ADATE", 24: "JDATE",
    25: "DTIME", 26: "WKDAY", 27: "MONTH", 28: "MOYR", 29: "QYR", 30: "WKYR", 31: "PCT", 32: "DOT", 33: "CCA",
    34: "CCB", 35: "CCC", 36: "CCD", 37: "CCE", 38: "EDATE", 39: "SDATE", 40: "MTIME", 41: "YMDHMS",
}  # fmt: skip
_LEAST, _MOST = -sys.float_info.max, sys.float_info.max
_DAMAGED = ("is damaged: its text makes no sense.", "Export it again, as .sav if possible.")


class _Stream:
    """The characters of the file without line ends, read one field after another."""

    def __init__(self, content: bytes):
        lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        # Lines lose their spaces at the end on the way; all but the last have 80 characters.
        text = b"".join(line.ljust(_LINE) for line in lines[:-1]) + lines[-1]
        start = text.find(_TAG)
        if start < 0:
            raise RefusedError("is not an SPSS portable file.", "Export it again, or say its `format:`.")
        self.text, self.at = text, start + len(_TAG)

    def mark(self) -> str:
        """The next character, passed."""
        self.at += 1
        if self.at > len(self.text):
            raise RefusedError("is cut off: its end is missing.", "Export or copy it again.")
        return chr(self.text[self.at - 1])

    def peek(self) -> str:
        """The next character, not passed; nothing at the end."""
        return chr(self.text[self.at]) if self.at < len(self.text) else ""

    def number(self) -> float | None:
        """A number, null for the system's missing."""
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            cut = len(self.text) - self.at < 2 * _LINE
            raise RefusedError(
                *(("is cut off: its end is missing.", "Export or copy it again.") if cut else _DAMAGED)
            )
        self.at = found.end()
        missing, minus, whole, part, sign, power = found.groups()
        if missing:
            return None
        part = part or b""
        digits = whole + part
        if not digits:
            raise RefusedError(*_DAMAGED)
        exponent = (int(power, 30) if power else 0) * (-1 if sign == b"-" else 1) - len(part)
        if abs(exponent) > 10_000:
            raise RefusedError(*_DAMAGED)
        value = int(digits, 30)
        try:
            # A quotient of whole numbers is rounded once.
            number = float(value * 30**exponent) if exponent >= 0 else value / 30**-exponent
        except OverflowError:
            raise RefusedError(*_DAMAGED) from None
        return -number if minus else number

    def count(self) -> int:
        """A number of things."""
        number = self.number()
        if number is None or number < 0 or number != int(number):
            raise RefusedError(*_DAMAGED)
        return int(number)

    def string(self) -> bytes:
        """A counted text."""
        size = self.count()
        if self.at + size > len(self.text):
            raise RefusedError("is cut off: its end is missing.", "Export or copy it again.")
        self.at += size
        return self.text[self.at - size : self.at]

    def cell(self, variable: dict[str, Any]) -> float | bytes | None:
        """A value of the variable's type."""
        return self.string() if variable["width"] else self.number()


def pull(path: Path, out: Outbox, *, encodings: list[str], max_cells: int) -> dict[str, Any]:
    """The file's rows as `values`, and what it says of itself (labelled.Pulled). RefusedError when it is cut."""
    stream = _Stream(path.read_bytes())
    stream.mark()  # the version, always A
    stream.string()  # the day
    stream.string()  # and the time it was written
    variables: list[dict[str, Any]] = []
    notes: list[bytes] = []
    while (mark := stream.mark()) != "F":
        _record(stream, mark, variables, notes)
    if not variables:
        raise RefusedError("holds no columns.", "Export it again.")
    decoder = Decoder(encodings)
    decoder.look(_words(variables, notes))
    start, rows = stream.at, 0
    for chunk in _rows(stream, variables, max_cells):
        for place, variable in enumerate(variables):
            if variable["width"]:
                decoder.look({row[place] for row in chunk})
    stream.at = start
    for chunk in _rows(stream, variables, max_cells):
        columns = []
        for place, variable in enumerate(variables):
            cells: list[Any] = [row[place] for row in chunk]
            if variable["width"]:
                columns.append(pl.Series(str(place), decoder.texts(cells), dtype=pl.String))
            else:
                columns.append(pl.Series(str(place), cells, dtype=pl.Float64))
        out.put("values", pl.DataFrame(columns))
        rows += len(chunk)
    return {
        "columns": [_described(variable, decoder) for variable in variables],
        "rows": rows,
        "file_label": "",
        "notes": [decoder.text(note) for note in notes],
        "remarks": decoder.remarks(),
        "encoding": decoder.encoding,
        "reader": "milkqc",
        "version": __version__,
    }


def _record(stream: _Stream, mark: str, variables: list[dict[str, Any]], notes: list[bytes]) -> None:
    """One record of the description, by the character that it begins with."""
    if mark in "123":  # who wrote it, and by what
        stream.string()
    elif mark in "45":  # how many variables; how many digits a number has
        stream.number()
    elif mark == "6":  # the weighting variable
        stream.string()
    elif mark == "7":
        width, name = stream.count(), stream.string()
        shown = [stream.count() for _ in range(6)]
        variables.append(
            {"width": width, "name": name, "format": shown[:3], "missing": [], "labels": [], "label": b""}
        )
    elif mark in "89ABC" and variables:
        _about(stream, mark, variables[-1])
    elif mark == "D":
        names = [stream.string() for _ in range(stream.count())]
        meant = [variable for variable in variables if variable["name"] in names]
        if len(meant) < len(set(names)):
            raise RefusedError(*_DAMAGED)
        pairs = [(stream.cell(meant[0]), stream.string()) for _ in range(stream.count())] if meant else []
        for variable in meant:
            variable["labels"] = pairs
    elif mark == "E":
        notes.extend(stream.string().rstrip() for _ in range(stream.count()))
    else:
        raise RefusedError(*_DAMAGED)


def _about(stream: _Stream, mark: str, variable: dict[str, Any]) -> None:
    """What follows a variable: a missing value, a range of them, or its label."""
    if mark == "C":
        variable["label"] = stream.string()
        return
    first = stream.cell(variable)
    pair = {
        "8": lambda: [first, first],
        "9": lambda: [_LEAST, first],
        "A": lambda: [first, _MOST],
        "B": lambda: [first, stream.cell(variable)],
    }[mark]()
    if None in pair:
        raise RefusedError(*_DAMAGED)
    variable["missing"].append(pair)


def _rows(stream: _Stream, variables: list[dict[str, Any]], max_cells: int) -> Any:
    """The rows in chunks, at least one chunk, up to the Z behind the last."""
    step = max(1, _CHUNK_CELLS // len(variables))
    chunk: list[list[Any]] = []
    rows = 0
    while stream.peek() != "Z":
        if not stream.peek():
            raise RefusedError("is cut off: its end is missing.", "Export or copy it again.")
        chunk.append([stream.cell(variable) for variable in variables])
        rows += 1
        if rows * len(variables) > max_cells:
            raise RefusedError(*too_large(rows, len(variables), max_cells))
        if len(chunk) == step:
            yield chunk
            chunk = []
    if chunk or rows == 0:
        yield chunk


def _words(variables: list[dict[str, Any]], notes: list[bytes]) -> list[bytes]:
    words = list(notes)
    for variable in variables:
        words += [variable["name"], variable["label"], *(label for _, label in variable["labels"])]
        words += [cell for pair in variable["missing"] for cell in pair if isinstance(cell, bytes)]
        words += [cell for cell, _ in variable["labels"] if isinstance(cell, bytes)]
    return words


def _described(variable: dict[str, Any], decoder: Decoder) -> dict[str, Any]:
    def plain(cell: float | bytes) -> float | str:
        return decoder.text(cell) if isinstance(cell, bytes) else cell

    kind, width, decimals = variable["format"]
    # SPSS writes the number of a date format 82 too high (seen in its files; the manual is silent).
    kind -= 82 * (kind > 100)
    shown = f"{_FORMATS.get(kind, f'format {kind} ')}{width}{f'.{decimals}' if decimals else ''}"
    return {
        "name": decoder.text(variable["name"]),
        "label": decoder.text(variable["label"]),
        "type": "string" if variable["width"] else "double",
        "format": shown,
        "value_labels": [[plain(code), decoder.text(label)] for code, label in variable["labels"]],
        "missing": [[plain(low), plain(high)] for low, high in variable["missing"]],
        "details": {},
    }
