"""What pyreadstat gives of a binary file, before any meaning: runs in a process of its own (see `isolation`).

Strings are asked for as LATIN1 and decoded here wherever ReadStat's own conversion loses characters: it shifts
text by one in WINDOWS-1258 and drops the last letter in WINDOWS-1255. Dates stay numbers, codes stay codes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.readers.encodings import first_that_fits

_CHUNK_CELLS = 4_000_000


class RefusedError(Exception):
    """The file cannot be pulled; `what` and `todo` become a SourceError in the parent."""

    def __init__(self, what: str, todo: str):
        self.what, self.todo = what, todo
        super().__init__(what)


@dataclass(frozen=True)
class Pulled:
    """`values`: numbers (Int64, Float64) and texts, null where the file has none. `tags`: the letters of tagged
    missing numbers, for the columns that have any. `meta`: JSON-able; per column name, label, type, format,
    value_labels (pairs), missing (pairs); and encoding, file_label, notes, version."""

    values: pl.DataFrame
    tags: pl.DataFrame
    meta: Mapping[str, Any]


def pull(path: Path, kind: str, *, encodings: tuple[str, ...], max_cells: int) -> Pulled:
    """The whole file of `kind` (dta, sav, xpt). `encodings`: those to try, in order; none means as declared.

    Raises RefusedError when pyreadstat cannot read it, when it would exceed `max_cells`, or when no encoding fits.
    """
    reader = _reader(path, kind)
    declared = ""
    if kind == "sav" and not encodings:
        declared = (_attempt(reader, metadataonly=True)[1].file_encoding or "").lower()
        if declared not in ("", "utf-8", "utf8"):
            encodings = (_python_codec(declared),)
    raw: dict[str, Any] = {"encoding": "LATIN1"} if encodings else {}
    values, tags, meta = _chunks(reader, raw, max_cells)
    described = _describe(meta)
    used = declared or (meta.file_encoding or "utf-8").lower()
    if encodings:
        used, values, described = _decoded(values, described, encodings)
    described |= {"encoding": used, "version": _version()}
    return Pulled(values, tags, described)


def _reader(path: Path, kind: str) -> Callable[..., Any]:
    import pyreadstat

    if kind == "xpt":
        return lambda **how: pyreadstat.read_xport(
            str(path), disable_datetime_conversion=True, output_format="dict", **how
        )
    function = {"dta": pyreadstat.read_dta, "sav": pyreadstat.read_sav}[kind]
    return lambda **how: function(
        str(path), user_missing=True, disable_datetime_conversion=True, output_format="dict", **how
    )


def _attempt(reader: Callable[..., Any], **how: Any) -> Any:
    import pyreadstat

    try:
        return reader(**how)
    except UnicodeDecodeError:
        raise RefusedError(
            "holds text that does not fit the encoding it declares.", "Say its true `encoding`."
        ) from None
    except (
        pyreadstat.ReadstatError,
        pyreadstat.PyreadstatError,
        ValueError,
        OverflowError,
        OSError,
    ) as error:
        if "convert string" in str(error) or "encoding" in str(error):
            raise RefusedError(f"its text cannot be decoded ({error}).", "Say its true `encoding`.") from None
        raise RefusedError(
            f"is damaged or not what its name says ({error}).", "Export or copy it again."
        ) from None
    except MemoryError:
        raise RefusedError(
            "does not fit into the memory allowed.", "Check that it is the right file."
        ) from None


def _chunks(
    reader: Callable[..., Any], raw: dict[str, Any], max_cells: int
) -> tuple[pl.DataFrame, pl.DataFrame, Any]:
    """All rows, some at a time: Python objects of a whole large file would take ten times the memory."""
    meta = _attempt(reader, metadataonly=True, **raw)[1]
    twice = sorted(name for name, count in Counter(meta.column_names).items() if count > 1)
    if twice:
        raise RefusedError(
            f"columns have the same name: {', '.join(map(repr, twice[:5]))}.", "Export it again."
        )
    width = max(1, len(meta.column_names))
    step = max(1_000, _CHUNK_CELLS // width)
    values: list[pl.DataFrame] = []
    tags: list[pl.DataFrame] = []
    rows = 0
    while True:
        data, meta = _attempt(reader, row_limit=step, row_offset=rows, **raw)
        part = _columns(data, meta)
        values.append(part[0])
        tags.append(part[1])
        got = part[0].height
        rows += got
        if rows * width > max_cells:
            raise RefusedError(
                f"holds more than the {max_cells:,} cells allowed.",
                "Check that it is the right file, or raise `max_cells`.",
            )
        if got < step:
            return _stack(values), pl.concat(tags, how="diagonal"), meta


def _columns(data: Mapping[str, list[Any]], meta: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One chunk as frames: numbers apart from the letters that stand for tagged missing values."""
    values, tags = [], []
    height = 0
    for name, cells in data.items():
        height = len(cells)
        if meta.readstat_variable_types[name] == "string":
            values.append(pl.Series(name, cells, dtype=pl.String))
            continue
        if any(type(cell) is str for cell in cells):
            tags.append(pl.Series(name, [c if type(c) is str else None for c in cells], dtype=pl.String))
            cells = [None if type(c) is str else c for c in cells]
        whole = meta.readstat_variable_types[name].startswith("int")
        number = pl.Series(name, cells, dtype=pl.Int64 if whole else pl.Float64)
        values.append(number if whole else number.fill_nan(None))
    return pl.DataFrame(values), pl.DataFrame(tags) if tags else pl.DataFrame(height=height)


def _stack(parts: list[pl.DataFrame]) -> pl.DataFrame:
    filled = [part for part in parts if part.height]
    return pl.concat(filled) if filled else parts[0]


def _describe(meta: Any) -> dict[str, Any]:
    return {
        "columns": [
            {
                "name": name,
                "label": meta.column_names_to_labels.get(name) or "",
                "type": meta.readstat_variable_types[name],
                "format": meta.original_variable_types.get(name) or "",
                "value_labels": [
                    [code, str(text)] for code, text in meta.variable_value_labels.get(name, {}).items()
                ],
                "missing": [[span["lo"], span["hi"]] for span in meta.missing_ranges.get(name, [])],
            }
            for name in meta.column_names
        ],
        "file_label": meta.file_label or "",
        "notes": [str(note) for note in meta.notes or []],
    }


def _decoded(
    values: pl.DataFrame, described: dict[str, Any], encodings: tuple[str, ...]
) -> tuple[str, pl.DataFrame, dict[str, Any]]:
    """The LATIN1 texts of data and description, decoded by the first of `encodings` that fits them all."""
    texts = set(_texts(described))
    for name in values.columns:
        if values[name].dtype == pl.String:
            texts.update(values[name].drop_nulls().unique().to_list())
    foreign = sorted(text for text in texts if not text.isascii())
    encoding = first_that_fits([text.encode("latin-1") for text in foreign], encodings)
    if encoding is None:
        raise RefusedError(
            f"its text is not {' or '.join(encodings)} throughout.", "Say its true `encoding`."
        )
    if not foreign:
        return encoding, values, described
    true = {text: text.encode("latin-1").decode(encoding) for text in foreign}
    data = values.with_columns(pl.col(pl.String).replace(true)).rename(
        {n: true.get(n, n) for n in values.columns}
    )
    return encoding, data, _swap(described, true)


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in _texts(value)]
    if isinstance(node, list):
        return [text for value in node for text in _texts(value)]
    return [node] if isinstance(node, str) else []


def _swap(node: Any, true: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _swap(value, true) for key, value in node.items()}
    if isinstance(node, list):
        return [_swap(value, true) for value in node]
    return true.get(node, node) if isinstance(node, str) else node


def _python_codec(declared: str) -> str:
    import codecs

    try:
        return codecs.lookup(declared).name
    except LookupError:
        raise RefusedError(
            f"declares the encoding {declared}, which is not known here.", "Say an `encoding`."
        ) from None


def _version() -> str:
    import pyreadstat

    return str(pyreadstat.__version__)
