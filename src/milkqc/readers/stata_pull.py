"""A Stata .dta taken apart in the child process: numbers apart from the letters of missing ones, texts decoded.

Ours rather than ReadStat's, which decodes strL texts by another encoding than the rest, says nothing of
characteristics and takes eight times as long.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from milkqc import __version__
from milkqc.readers.answers import Outbox, RefusedError
from milkqc.readers.frames import too_large
from milkqc.readers.stata_layout import Field, Layout, layout
from milkqc.readers.texts import Decoder

_CHUNK_CELLS = 4_000_000
_NUMBERS = {"int8": "i1", "int16": "i2", "int32": "i4", "float": "f4", "double": "f8"}
_BITS = {"float": "u4", "double": "u8"}
_TYPES = {"int8": pl.Int8, "int16": pl.Int16, "int32": pl.Int32, "float": pl.Float32, "double": pl.Float64}
# The first missing value (`.`), from format 113 on; .a to .z follow in steps of `_STEPS`. Before 113 the greatest
# value alone is missing. Source: help dta, "Missing values".
_FIRST = {"int8": 101, "int16": 32741, "int32": 2147483621, "float": 0x7F000000, "double": 0x7FE0 << 48}
_STEPS = {"int8": 1, "int16": 1, "int32": 1, "float": 0x800, "double": 1 << 40}
_OLD_FIRST = {"int8": 127, "int16": 32767, "int32": 2147483647, "float": 0x7F000000, "double": 0x7FE0 << 48}
# Formats 104 and 105 write a missing double as 2 to the power of 333.
_OLDEST_DOUBLE = 0x54C0 << 48


def pull(path: Path, out: Outbox, *, encodings: list[str], max_cells: int) -> dict[str, Any]:
    """The file's rows as `values` and `tags` (row, column, letter), and what it says of itself (labelled.Pulled).

    `encodings` are tried in order on every text of the file. RefusedError when the file is cut or damaged, when no
    encoding fits, or when it holds more than `max_cells`.
    """
    with path.open("rb") as stream:
        # Closed with its last view: a view that an exception holds would keep it from being closed here.
        view = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    plan = layout(view)
    if plan.rows * len(plan.fields) > max_cells:
        raise RefusedError(*too_large(plan.rows, len(plan.fields), max_cells))
    decoder = Decoder(encodings)
    decoder.look(_words(plan))
    for start, stop in _chunks(plan):
        for field in plan.fields:
            if field.kind in ("string", "strL"):
                decoder.look(_raw_texts(view, plan, field, start, stop))
    for start, stop in _chunks(plan):
        _put(view, plan, decoder, out, start, stop)
    return _described(plan, decoder)


def _chunks(plan: Layout) -> Iterator[tuple[int, int]]:
    step = max(1_000, _CHUNK_CELLS // max(1, len(plan.fields)))
    yield from ((start, min(start + step, plan.rows)) for start in range(0, max(plan.rows, 1), step))


def _put(view: memoryview, plan: Layout, decoder: Decoder, out: Outbox, start: int, stop: int) -> None:
    columns, tags = [], []
    for place, field in enumerate(plan.fields):
        if field.kind in ("string", "strL"):
            texts = decoder.texts(_raw_texts(view, plan, field, start, stop))
            columns.append(pl.Series(str(place), texts, dtype=pl.String))
        else:
            numbers, rows, letters = _numbers(
                _column(view, plan, field, start, stop), field.kind, plan.version
            )
            columns.append(numbers.alias(str(place)))
            if len(rows):
                tags.append(_tags(rows + start, place, letters))
    out.put("values", pl.DataFrame(columns))
    for tagged in tags:
        out.put("tags", tagged)


def _column(view: memoryview, plan: Layout, field: Field, start: int, stop: int) -> np.ndarray[Any, Any]:
    """One field of some rows, where they lie in the file."""
    number = _NUMBERS.get(field.kind)
    kind = np.dtype(plan.order + number) if number else np.dtype((np.void, field.width))
    if stop <= start:
        return np.empty(0, dtype=kind)
    place = plan.data + start * plan.row_width + field.offset
    return np.ndarray(
        (stop - start,), dtype=kind, buffer=view, offset=place, strides=(plan.row_width,)
    ).copy()


def _raw_texts(view: memoryview, plan: Layout, field: Field, start: int, stop: int) -> list[bytes]:
    if stop <= start:
        return []
    raw = _column(view, plan, field, start, stop)
    if field.kind == "string":
        texts: list[bytes] = raw.view(f"S{field.width}").tolist()
        # numpy leaves out the zero bytes at the end only; Stata leaves rubbish behind the first.
        return [text.partition(b"\0")[0] for text in texts] if any(b"\0" in text for text in texts) else texts
    return [_strl(plan, cell) for cell in raw.tolist()]


def _strl(plan: Layout, cell: bytes) -> bytes:
    """What a (v, o) pointer points to; (0, 0) is the empty text."""
    cut = {117: 4, 118: 2}.get(plan.version, 3)
    order: Literal["big", "little"] = "big" if plan.order == ">" else "little"
    v, o = int.from_bytes(cell[:cut], order), int.from_bytes(cell[cut:], order)
    if v == 0 and o == 0:
        return b""
    try:
        return plan.strls[v, o]
    except KeyError:
        raise RefusedError("is damaged: a long text is not in it.", "Export or copy it again.") from None


def _numbers(
    raw: np.ndarray[Any, Any], kind: str, version: int
) -> tuple[pl.Series, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The numbers with null for missing, and the rows and letters (1 for a) of the tagged among the missing."""
    raw = raw.astype(raw.dtype.newbyteorder("="))
    bits = raw.view(_BITS[kind]) if kind in _BITS else raw
    first = (_FIRST if version >= 113 else _OLD_FIRST)[kind]
    missing = bits >= first
    if kind in _BITS:
        # The sign is the highest bit: what has it is a negative number.
        missing &= bits < bits.dtype.type(1 << (8 * bits.itemsize - 1))
        missing |= np.isnan(raw)
    if version <= 105 and kind == "double":
        missing |= bits == _OLDEST_DOUBLE
    numbers = pl.Series(raw, dtype=_TYPES[kind])
    where = np.flatnonzero(missing)
    if not len(where):
        return numbers, where, where
    numbers = pl.select(pl.when(pl.Series(~missing)).then(numbers)).to_series()
    if version < 113:
        return numbers, where[:0], where[:0]
    distance = bits[where].astype(np.int64 if kind not in _BITS else np.uint64) - first
    letters = (distance // _STEPS[kind]).astype(np.int64)
    tagged = (letters > 0) & (letters <= 26)
    return numbers, where[tagged], letters[tagged]


def _tags(rows: np.ndarray[Any, Any], column: int, letters: np.ndarray[Any, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": pl.Series(rows, dtype=pl.Int64),
            "column": pl.Series([column], dtype=pl.Int64).new_from_index(0, len(rows)),
            "letter": pl.Series([chr(96 + letter) for letter in letters.tolist()], dtype=pl.String),
        }
    )


def _words(plan: Layout) -> list[bytes]:
    """Every text of the description, for finding the encoding."""
    return [
        plan.label,
        *(text for f in plan.fields for text in (f.name, f.format, f.label, f.label_set)),
        *(text for entry in plan.characteristics for text in entry),
        *(text for name, pairs in plan.labels.items() for text in (name, *(label for _, label in pairs))),
    ]


def _described(plan: Layout, decoder: Decoder) -> dict[str, Any]:
    said: dict[bytes, list[tuple[str, str]]] = {}
    for owner, name, text in plan.characteristics:
        said.setdefault(owner, []).append((decoder.text(name), decoder.text(text)))
    missing = _FIRST["int32"] if plan.version >= 113 else 2**31 - 1
    columns = []
    for field in plan.fields:
        pairs = plan.labels.get(field.label_set, [])
        details = _details(said.get(field.name, []))
        if field.label_set:
            details["label_set"] = decoder.text(field.label_set)
        columns.append(
            {
                "name": decoder.text(field.name),
                "label": decoder.text(field.label),
                "type": "string" if field.kind == "strL" else field.kind,
                "format": decoder.text(field.format),
                "value_labels": [[_code(code, missing), decoder.text(label)] for code, label in pairs],
                "missing": [],
                "details": details,
            }
        )
    whole = _details(said.get(b"_dta", []))
    notes = [*whole.get("note", "").splitlines(), *whole.get("characteristics", "").splitlines()]
    extra = [f"{plan.rest} bytes after the end of the data were left out"] if plan.rest else []
    return {
        "columns": columns,
        "rows": plan.rows,
        "file_label": decoder.text(plan.label),
        "notes": notes,
        "remarks": [*extra, *decoder.remarks()],
        "encoding": decoder.encoding,
        "reader": "milkqc",
        "version": __version__,
    }


def _details(said: list[tuple[str, str]]) -> dict[str, str]:
    """Stata's notes (note1, note2 ...; note0 counts them) in their order, and all other characteristics."""
    notes = {int(name[4:]): text for name, text in said if name.startswith("note") and name[4:].isdigit()}
    notes.pop(0, None)
    others = sorted(
        f"{name}: {text}" for name, text in said if not (name.startswith("note") and name[4:].isdigit())
    )
    found = {"note": "\n".join(notes[place] for place in sorted(notes)), "characteristics": "\n".join(others)}
    return {name: text for name, text in found.items() if text}


def _code(code: int, missing: int) -> int | str:
    """A value label's code: a number, a letter for .a to .z, or an empty text for the plain point."""
    if code < missing:
        return code
    return chr(96 + code - missing) if 0 < code - missing <= 26 else ""
