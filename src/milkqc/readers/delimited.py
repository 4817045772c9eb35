"""CSV and its kin: every cell is text exactly as written; nothing is padded, typed or guessed from content."""

from __future__ import annotations

import csv
import io
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import polars as pl

from milkqc.model import Origin, Source, Variable
from milkqc.readers.encodings import decode
from milkqc.readers.files import File
from milkqc.readers.frames import blanks, check_names, check_size, name_columns, side_table
from milkqc.readers.options import ReadOptions
from milkqc.readers.registry import Format

DELIMITERS = (",", ";", "\t", "|")
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "|", "^": "^"}
_CHUNK = 50_000


@dataclass
class Table:
    """A delimited file taken apart: a String frame with '' as it stands, and what was noticed."""

    frame: pl.DataFrame
    encoding: str
    basis: str
    notes: list[str] = field(default_factory=list)
    columns_in_file: int = 0
    rows_in_file: int = 0


def read(file: File, options: ReadOptions) -> Source:
    """A Source whose columns are all String; blank cells are null with reason `empty`."""
    table = take_apart(file, options, delimiters=DELIMITERS)
    frame, reasons = blanks(table.frame)
    return Source(
        table=frame,
        variables=tuple(Variable(name) for name in frame.columns),
        reasons=side_table(reasons, frame),
        codes=side_table({}, frame),
        origin=Origin(
            file=file.name,
            sha256=file.sha256,
            format="csv",
            encoding=table.encoding,
            encoding_basis=table.basis,  # type: ignore[arg-type]
            rows=table.rows_in_file,
            columns=table.columns_in_file,
            reader="python csv",
            reader_version=platform.python_version(),
            notes=tuple(table.notes),
        ),
    )


def take_apart(file: File, options: ReadOptions, *, delimiters: tuple[str, ...]) -> Table:
    """The file's header and rows. SourceError for ragged rows, unclosed quotes, equal names, no header.

    Wholly empty lines are no rows. Rows of delimiters only are rows, save at the end of the file, where a
    spreadsheet leaves them: those are dropped and counted in the notes.
    """
    text, encoding, basis = decode(file, options.encoding)
    notes: list[str] = []
    delimiter = options.delimiter
    if delimiter is None and text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):
        # Excel's own way to declare the delimiter; the line is no row.
        delimiter, text = text[4], text[5:].lstrip("\r\n")
    header_at = 1 if options.header_row is None else options.header_row
    if header_at < 1:
        raise file.error(
            f"header_row {header_at} is no row.", "Rows count from 1; give `names` when there is no header."
        )
    if delimiter is None:
        delimiter = _sniff(file, text, header_at=header_at, candidates=delimiters)
    elif len(delimiter) != 1:
        raise file.error(
            f"delimiter {delimiter!r} is not one character.", "Write one character, such as `;`."
        )
    records = _records(file, text, delimiter)
    if options.names is None:
        header = next(islice(records, header_at - 1, None), (0, []))[1]
        if not any(cell.strip() for cell in header):
            raise file.error(
                f"row {header_at} holds no column names.",
                "Give `header_row` (the row with the names, from 1), or `names` if the file has none.",
            )
        names, notes = name_columns(header)
        check_names(file, names)
        what = f"the header has {len(names)}"
    else:
        names = list(options.names)
        check_names(file, names, todo="Give each column its own name in `names`.")
        what = f"`names` lists {len(names)}"
    frame, blank_lines = _rows(file, records, names, what=what, options=options)
    kept = (
        frame.filter(pl.any_horizontal(pl.all() != "").reverse().cum_max().reverse())
        if frame.width
        else frame
    )
    if blank_lines:
        notes.append(f"{blank_lines} empty lines are not counted as rows")
    if frame.height > kept.height:
        notes.append(f"{frame.height - kept.height} rows without any value at the end were left out")
    unnamed = [
        name
        for name, cell in zip(names, header if options.names is None else names, strict=True)
        if not cell.strip()
    ]
    empty = [name for name in unnamed if not (kept[name] != "").any()]
    if empty:
        notes = [note for note in notes if not any(note.endswith(f"is called {name}") for name in empty)]
        notes.append(f"{len(empty)} columns without a name or any value were left out")
    return Table(
        kept.drop(empty), encoding, basis, notes, columns_in_file=len(names), rows_in_file=frame.height
    )


def _records(file: File, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line it ends on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise file.error(
                f"line {reader.line_num}: the quotation marks do not match ({error}).",
                'Look for a single " near that line, or give the right `delimiter`.',
            ) from None
        yield reader.line_num, record


def _rows(
    file: File, records: Iterator[tuple[int, list[str]]], names: list[str], *, what: str, options: ReadOptions
) -> tuple[pl.DataFrame, int]:
    """All rows as a String frame, and the number of wholly empty lines among them."""
    schema = dict.fromkeys(names, pl.String)
    parts: list[pl.DataFrame] = []
    rows: list[list[str]] = []
    blank = total = 0
    for line, record in records:
        if not record:
            blank += 1
            continue
        if len(record) != len(names):
            raise file.error(
                f"line {line} has {len(record)} cells where {what}.",
                "Mend that line, or check `delimiter` and `header_row`; milkqc does not fill or cut rows.",
            )
        rows.append(record)
        if len(rows) == _CHUNK:
            total += _CHUNK
            check_size(file, total, len(names), options.max_cells)
            parts.append(pl.DataFrame(list(zip(*rows, strict=True)), schema=schema))
            rows = []
    check_size(file, total + len(rows), len(names), options.max_cells)
    parts.append(pl.DataFrame(list(zip(*rows, strict=True)) if rows else None, schema=schema))
    return pl.concat(parts), blank


def _sniff(file: File, text: str, *, header_at: int, candidates: tuple[str, ...]) -> str:
    """The delimiter, from the header; where two would cut it, the one that also cuts the next rows alike."""
    splits = {}
    for candidate in candidates:
        try:
            rows = [row for _, row in islice(_records(file, text, candidate), header_at + 20)]
        except type(file.error("", "")):
            continue
        if len(rows) >= header_at and len(rows[header_at - 1]) > 1:
            splits[candidate] = [len(row) for row in rows[header_at - 1 :] if row]
    if len(splits) > 1:
        splits = {sign: widths for sign, widths in splits.items() if len(set(widths)) == 1} or splits
    if len(splits) > 1:
        found = " or ".join(_WORDS[sign] for sign in splits)
        raise file.error(f"the delimiter could be {found}.", "Say `delimiter:` in the mapping.")
    return next(iter(splits), ",")


FORMAT = Format("csv", (".csv", ".tsv", ".txt", ".tab"), read)
