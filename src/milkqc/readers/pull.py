"""SPSS and SAS files through pyreadstat, in the child process: raw numbers, raw dates, texts as bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.readers.answers import Outbox, RefusedError
from milkqc.readers.frames import too_large
from milkqc.readers.readstat import attempt, patched, version
from milkqc.readers.sav_rows import CHUNK_CELLS, NO_TAGS, all_rows, fast, plan_of
from milkqc.readers.texts import Decoder


def pull(path: Path, out: Outbox, *, kind: str, encodings: list[str], max_cells: int) -> dict[str, Any]:
    """The file's rows as `values` and `tags`, and what it says of itself (labelled.Pulled).

    `kind` is sav, xpt or sas7bdat. `encodings` are tried in order on all its text; none means the one that it
    declares. RefusedError when pyreadstat cannot read it, when it holds more than `max_cells`, or when no encoding
    fits.
    """
    reader = _reader(path, kind)
    if not encodings:
        declared = attempt(reader, metadataonly=True)[1].file_encoding
        encodings = [_python_codec(declared or "utf-8")]
    decoder = Decoder(encodings)
    # As LATIN1 every byte comes through, and Python decodes it: see texts.
    about = attempt(reader, metadataonly=True, encoding="LATIN1")[1]
    width = len(about.column_names)
    if about.number_rows is not None and about.number_rows * width > max_cells:
        raise RefusedError(*too_large(about.number_rows, width, max_cells))
    _unique_names(about.column_names)
    described = _describe(about)
    decoder.look(text.encode("latin-1") for text in _texts(described))
    rows, foreign = 0, set()
    plan, size = plan_of(path) if kind == "sav" else (None, 0)
    for values, tags in fast(path, reader, about, plan, size) or _chunks(reader, about, max_cells):
        for name in values.columns:
            if values[name].dtype == pl.String:
                texts = [text.encode("latin-1") for text in decoder.foreign(values[name])]
                decoder.look(texts)
                if texts:
                    foreign.add(name)
        out.put("values", values)
        out.put("tags", tags.with_columns(pl.col("row") + rows))
        rows += values.height
    if about.number_rows is not None and about.number_rows != rows:
        raise RefusedError(
            f"has {rows:,} rows where its header says {about.number_rows:,}.", "Export or copy it again."
        )
    remarks = all_rows(path, plan, size, rows, about.column_names) if kind == "sav" else []
    if foreign:
        out.rewrite("values", lambda frame: _decoded(frame, sorted(foreign), decoder))
    return {
        **_swap(described, decoder),
        "encoding": decoder.encoding,
        "remarks": [*remarks, *decoder.remarks()],
        "reader": "pyreadstat",
        "version": version(),
    }


def _reader(path: Path, kind: str) -> Callable[..., Any]:
    import pyreadstat

    if kind == "xpt":
        return lambda **how: pyreadstat.read_xport(
            str(path), disable_datetime_conversion=True, output_format="dict", **how
        )
    function = {"sas7bdat": pyreadstat.read_sas7bdat, "sav": pyreadstat.read_sav}[kind]
    content = patched(path) if kind == "sas7bdat" else lambda: str(path)
    return lambda **how: function(
        content(), user_missing=True, disable_datetime_conversion=True, output_format="dict", **how
    )


def _unique_names(names: list[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise RefusedError(
            f"columns have the same name: {', '.join(map(repr, twice[:5]))}.", "Export it again."
        )


def _chunks(
    reader: Callable[..., Any], about: Any, max_cells: int
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """All rows, some at a time: Python objects of a whole large file would take ten times the memory."""
    width = max(1, len(about.column_names))
    step = max(1_000, CHUNK_CELLS // width)
    rows = 0
    while True:
        data, meta = attempt(reader, row_limit=step, row_offset=rows, encoding="LATIN1")
        values, tags = _columns(data, meta)
        rows += values.height
        if rows * width > max_cells:
            raise RefusedError(*too_large(rows, width, max_cells))
        last = values.height < step
        del data
        yield values, tags
        if last:
            return


def _columns(data: Mapping[str, list[Any]], meta: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One chunk as frames: numbers apart from the letters that stand for tagged missing values."""
    values = []
    tags = [NO_TAGS]
    for place, (name, cells) in enumerate(data.items()):
        if meta.readstat_variable_types[name] == "string":
            values.append(pl.Series(str(place), cells, dtype=pl.String))
            continue
        if name in meta.missing_user_values:
            found = [(row, place, cell.lower()) for row, cell in enumerate(cells) if type(cell) is str]
            tags.append(pl.DataFrame(found, schema=tags[0].schema, orient="row"))
            cells = [None if type(cell) is str else cell for cell in cells]
        values.append(pl.Series(str(place), cells, dtype=pl.Float64).fill_nan(None))
    return pl.DataFrame(values), pl.concat(tags)


def _describe(meta: Any) -> dict[str, Any]:
    sets = _sets(meta.mr_sets)
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
                "details": _details(meta, name, sets),
            }
            for name in meta.column_names
        ],
        "file_label": meta.file_label or "",
        "notes": [str(note) for note in meta.notes or []],
        "rows": meta.number_rows,
    }


def _details(meta: Any, name: str, sets: Mapping[str, list[str]]) -> dict[str, str]:
    measure = meta.variable_measure.get(name)
    found = {
        "measure": "" if measure in (None, "unknown") else str(measure),
        "informat": meta.original_variable_informats.get(name) or "",
        "set": "\n".join(sets.get(name.upper(), [])),
    }
    return {word: text for word, text in found.items() if text}


def _sets(declared: Mapping[str, Any]) -> dict[str, list[str]]:
    """For each variable (in capitals) the multiple-response sets that it is in, in words."""
    found: dict[str, list[str]] = {}
    for name, described in sorted((declared or {}).items()):
        if described["is_dichotomy"]:
            kind = f"one of several boxes, ticked is {described['counted_value']}"
        else:
            kind = "one of several answers"
        label = f" ({described['label']})" if described["label"] else ""
        for variable in described["variable_list"]:
            found.setdefault(variable.upper(), []).append(f"{name.removeprefix('$')}{label}: {kind}")
    return found


def _decoded(frame: pl.DataFrame, foreign: list[str], decoder: Decoder) -> pl.DataFrame:
    """The columns of `foreign`, whose texts are bytes in LATIN1's clothes, in their true letters."""
    changed = []
    for name in foreign:
        known = {text: decoder.text(text.encode("latin-1")) for text in decoder.foreign(frame[name])}
        cells = frame[name].to_list()
        changed.append(pl.Series(name, [known.get(text, text) for text in cells], dtype=pl.String))
    return frame.with_columns(changed)


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in _texts(value)]
    if isinstance(node, list):
        return [text for value in node for text in _texts(value)]
    return [node] if isinstance(node, str) else []


def _swap(node: Any, decoder: Decoder) -> Any:
    if isinstance(node, dict):
        return {key: _swap(value, decoder) for key, value in node.items()}
    if isinstance(node, list):
        return [_swap(value, decoder) for value in node]
    return decoder.text(node.encode("latin-1")) if isinstance(node, str) else node


def _python_codec(declared: str) -> str:
    import codecs

    try:
        return codecs.lookup(declared).name
    except LookupError:
        raise RefusedError(
            f"declares the encoding {declared}, which is not known here.", "Say an `encoding`."
        ) from None
