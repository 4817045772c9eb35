"""SAS transport .xpt: IBM numbers, dates since 1960, and the tags .a-.z that pyreadstat leaves behind."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from milkqc.model import Source
from milkqc.readers.encodings import ASSUMED, Basis, check_encoding
from milkqc.readers.files import File
from milkqc.readers.isolation import CHILD, Limits
from milkqc.readers.labelled import Pulled, to_source
from milkqc.readers.options import ReadOptions
from milkqc.readers.sas_dates import DIALECT
from milkqc.readers.transport import RECORD, Layout, layout


def read(file: File, options: ReadOptions) -> Source:
    """A Source from the one data set of a transport file, version 5 or 8. Times of day stay seconds.

    The format has no field for its encoding and, in version 5, none for its number of rows: a file cut at a
    multiple of 80 bytes reads as a shorter one (the manifest records rows and sha256).
    """
    head = file.head(RECORD)
    if head.startswith(b"**COMPRESSED**"):
        raise file.error("was written by PROC CPORT.", "Write it with LIBNAME ... XPORT instead.")
    if not head.startswith((b"HEADER RECORD*******LIBRARY", b"HEADER RECORD*******LIBV8")):
        raise file.error("is not a SAS file, whatever its name.", "Export it again, or say its `format:`.")
    if file.size % RECORD:
        raise file.error(
            f"is cut off: {file.size:,} bytes are no multiple of {RECORD}.",
            "Export or copy it again, in binary mode.",
        )
    where = layout(file)
    encodings: tuple[str, ...] = ASSUMED
    basis: Basis = "assumed"
    if options.encoding is not None:
        encodings, basis = (check_encoding(file, options.encoding),), "option"
    answer = CHILD.call(
        file,
        "milkqc.readers.pull:pull",
        {"kind": "xpt", "encodings": list(encodings), "max_cells": options.max_cells},
        limits=Limits.of(options),
    )
    pulled = Pulled.of(answer)
    # The only other hold on the columns, which are to go one by one.
    del answer
    notes = _complete(file, where, pulled.values)
    tags = _tags(file, where, pulled.values)
    return to_source(file, replace(pulled, tags=tags), DIALECT, basis=basis, notes=notes)


def _complete(file: File, where: Layout, values: list[pl.Series]) -> tuple[str, ...]:
    """Put back the rows of blanks that pyreadstat takes for padding, in place; and what cannot be known."""
    read = len(values[0]) if values else 0
    least, most = where.possible(file.size)
    rows = where.rows if where.rows is not None else max(read, least)
    if rows > most:
        raise file.error(
            f"is cut off: it holds {most:,} rows where its header says {rows:,}.",
            "Export or copy it again, in binary mode.",
        )
    if file.content[where.start + most * where.width :].strip(b" "):
        raise file.error("is cut off: its last row is not whole.", "Export or copy it again, in binary mode.")
    texts_only = not any(column.numeric for column in where.columns)
    if read > rows or (read < rows and not texts_only):
        raise file.error("is damaged: its header and its rows disagree.", "Export or copy it again.")
    for place, column in enumerate(values):
        values[place] = column.extend_constant("", rows - read) if read < rows else column
    if where.rows is None and texts_only and most > rows:
        return (
            f"up to {most - rows} more rows of blanks at the end cannot be told from the padding of a "
            "version 5 file",
        )
    return ()


def _tags(file: File, where: Layout, values: list[pl.Series]) -> pl.DataFrame:
    """The letters of tagged missing numbers, which pyreadstat reads as plain missing."""
    import numpy as np

    height = len(values[0]) if values else 0
    if len(where.columns) != len(values):
        raise file.error("is damaged: its header and its rows disagree.", "Export or copy it again.")
    bytes_ = np.frombuffer(file.content, dtype=np.uint8)[where.start :]
    if len(bytes_) < height * where.width:
        raise file.error("is cut off: its last rows are missing.", "Export or copy it again.")
    rows = bytes_[: height * where.width].reshape(height, where.width)
    found = [pl.DataFrame(schema={"row": pl.Int64, "column": pl.Int64, "letter": pl.String})]
    for place, column in enumerate(where.columns):
        if not column.numeric or not height:
            continue
        first = rows[:, column.offset]
        # A missing number is its tag and then zeros; the point is SAS's plain missing.
        tagged = (((first >= ord("A")) & (first <= ord("Z"))) | (first == ord("_"))) & ~rows[
            :, column.offset + 1 : column.offset + column.length
        ].any(axis=1)
        tagged &= values[place].is_null().to_numpy()
        places = np.flatnonzero(tagged)
        letters = [chr(letter).lower() for letter in first[places].tolist()]
        found.append(
            pl.DataFrame({"row": places, "letter": pl.Series(letters, dtype=pl.String)}).select(
                "row", pl.lit(place, dtype=pl.Int64).alias("column"), "letter"
            )
        )
    return pl.concat(found)
