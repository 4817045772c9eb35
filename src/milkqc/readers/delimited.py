"""CSV and its kin: every cell is text exactly as written; nothing is padded, typed or guessed from content."""

from __future__ import annotations

import csv
import io
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import polars as pl

from milkqc.errors import SourceError
from milkqc.model import Origin, Source, Variable
from milkqc.readers.encodings import Basis, decode
from milkqc.readers.files import File
from milkqc.readers.frames import blanks, check_names, check_size, header_notes, name_columns, side_table
from milkqc.readers.options import ReadOptions
from milkqc.readers.registry import Format

DELIMITERS = (",", ";", "\t", "|")
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "|", "^": "^"}
_CHUNK = 50_000


@dataclass(frozen=True)
class Table:
    """A delimited file taken apart: a String frame with '' as it stands, and what was noticed."""

    frame: pl.DataFrame
    encoding: str
    basis: Basis
    notes: tuple[str, ...]
    columns_in_file: int
    rows_in_file: int


def read(file: File, options: ReadOptions) -> Source:
    """A Source whose columns are all String; blank cells are null with reason `empty`."""
    table = take_apart(file, options)
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
            encoding_basis=table.basis,
            rows=table.rows_in_file,
            columns=table.columns_in_file,
            reader="python csv",
            reader_version=platform.python_version(),
            notes=table.notes,
        ),
    )


def take_apart(
    file: File,
    options: ReadOptions,
    *,
    delimiters: tuple[str, ...] = DELIMITERS,
    check: Callable[[File, Sequence[str]], None] = check_names,
) -> Table:
    """The file's header and rows. SourceError for ragged rows, unclosed quotes, equal names, no header.

    `check` raises it for names that nobody could map.

    Wholly empty lines are no rows. Rows of delimiters only are rows, save at the end of the file, where a
    spreadsheet leaves them: those are dropped and counted in the notes.
    """
    text, encoding, basis = decode(file, options.encoding)
    delimiter = options.delimiter
    if delimiter is None and text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):
        # Excel's own way to declare the delimiter; the line is no row.
        delimiter, text = text[4], text[5:].removeprefix("\r").removeprefix("\n")
    if delimiter is None:
        delimiter = _sniff(file, text, header_at=options.header_row or 1, candidates=delimiters)
    elif len(delimiter) != 1:
        raise file.error(
            f"delimiter {delimiter!r} is not one character.", "Write one character, such as `;`."
        )
    records = _records(file, text, delimiter)
    header, what = _header(file, records, options)
    names = name_columns(header)
    check(file, names)
    frame, blank_lines = _rows(file, records, names, what=what, max_cells=options.max_cells)
    filled = frame.select(pl.any_horizontal(pl.all() != "")).to_series().arg_true()
    kept = frame.head(int(filled[-1]) + 1 if len(filled) else 0)
    unnamed = [name for name, cell in zip(names, header, strict=True) if not cell.strip()]
    kept = kept.drop(name for name in unnamed if not (kept[name] != "").any())
    notes = header_notes(header, names, kept=kept.columns)
    if blank_lines:
        notes.append(f"{blank_lines} empty lines are not counted as rows")
    if frame.height > kept.height:
        notes.append(f"{frame.height - kept.height} rows without any value at the end were left out")
    return Table(kept, encoding, basis, tuple(notes), columns_in_file=len(names), rows_in_file=frame.height)


def _header(
    file: File, records: Iterator[tuple[int, list[str]]], options: ReadOptions
) -> tuple[list[str], str]:
    """The cells that name the columns, and what they are called when a row does not fit them."""
    if options.names is not None:
        return list(options.names), f"`names` lists {len(options.names)}"
    row = 1 if options.header_row is None else options.header_row
    header = next(islice(records, row - 1, None), (0, []))[1] if row >= 1 else []
    if not any(cell.strip() for cell in header):
        raise file.error(
            f"row {row} holds no column names.",
            "Give `header_row` (the row with the names, from 1), or `names` if the file has none.",
        )
    return header, f"the header has {len(header)}"


def _records(file: File, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line it ends on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                raise file.error(
                    f"line {reader.line_num}: a cell is longer than {csv.field_size_limit():,} characters.",
                    'Look for a " that is not closed near that line, or take the long text out.',
                ) from None
            raise file.error(
                f"line {reader.line_num}: the quotation marks do not match ({error}).",
                'Look for a single " near that line, or give the right `delimiter`.',
            ) from None
        yield reader.line_num, record


def _rows(
    file: File, records: Iterator[tuple[int, list[str]]], names: list[str], *, what: str, max_cells: int
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
                f"line {line} has {len(record)} cell{'s' * (len(record) != 1)} where {what}.",
                "Mend that line, or check `delimiter` and `header_row`; milkqc does not fill or cut rows.",
            )
        rows.append(record)
        if len(rows) == _CHUNK:
            total += _CHUNK
            check_size(file, total, len(names), max_cells)
            parts.append(pl.DataFrame(list(zip(*rows, strict=True)), schema=schema))
            rows = []
    check_size(file, total + len(rows), len(names), max_cells)
    parts.append(pl.DataFrame(list(zip(*rows, strict=True)) if rows else None, schema=schema))
    return pl.concat(parts), blank


def _sniff(file: File, text: str, *, header_at: int, candidates: tuple[str, ...]) -> str:
    """The delimiter, from the header; where two would cut it, the one that also cuts the next rows alike."""
    splits = {}
    for candidate in candidates:
        try:
            rows = [row for _, row in islice(_records(file, text, candidate), header_at + 20)]
        except SourceError:
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
