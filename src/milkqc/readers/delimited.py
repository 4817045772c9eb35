"""CSV and its kin: every cell is text exactly as written; nothing is padded, typed or guessed from content."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import polars as pl

from milkqc.model import Origin, Source, Variable
from milkqc.readers.encodings import Basis, decode, doubts
from milkqc.readers.files import File
from milkqc.readers.frames import blanks, check_names, check_size, header_notes, name_columns, side_table
from milkqc.readers.headers import names_of, unit_texts
from milkqc.readers.layout import SAMPLE, Layout, arrange, likely_header
from milkqc.readers.options import Plate, ReadOptions
from milkqc.readers.plain_csv import LONG, plain
from milkqc.readers.plates import wells
from milkqc.readers.records import Record, delimiter_of, lines, records_of
from milkqc.readers.registry import Format

DELIMITERS = (",", ";", "\t", "|")
_NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}
_CHUNK = 50_000
_OTHERS = {b"%PDF-": "a PDF document", b"{\\rtf": "an RTF document", b"\x1f\x8b\x08": "compressed (gzip)"}


@dataclass(frozen=True)
class Table:
    """A delimited file taken apart: a String frame with '' as it stands, its columns' units, and what was noticed."""

    frame: pl.DataFrame
    units: Mapping[str, str]
    encoding: str
    basis: Basis
    notes: tuple[str, ...]
    columns_in_file: int
    rows_in_file: int


def read(file: File, options: ReadOptions) -> Source:
    """A Source whose columns are all String; blank cells are null with reason `empty`."""
    _is_text(file)
    table = grid_of(file, options) if options.plate is not None else take_apart(file, options)
    frame, reasons = blanks(table.frame)
    return Source(
        table=frame,
        variables=tuple(Variable(name, unit_text=table.units.get(name, "")) for name in frame.columns),
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
    find: bool = True,
) -> Table:
    """The file's header and rows. SourceError for ragged rows, unclosed quotes, equal names, no header.

    `check` raises it for names that nobody could map. Not `find`: the first row is the header, whatever it holds.

    Wholly empty lines are no rows. Rows of delimiters only are rows, save at the end of the file, where a
    spreadsheet leaves them: those are dropped and counted in the notes.
    """
    text, encoding, basis, delimiter = _opened(file, options, delimiters)
    records = records_of(file, text, delimiter)
    head = list(records) if _needs_all(options) else list(islice(records, max(SAMPLE, _deepest(options) + 2)))
    layout = arrange(file, [cells for _, cells in head], options, find=find)
    header, what = _header(file, head, layout, options)
    names = name_columns(header)
    check(file, names)
    every = chain(head, records)
    rows = islice(every, layout.first - 1, layout.last)
    counts = Counts(line=head[layout.first - 2][0] if 1 < layout.first <= len(head) + 1 else 0)
    hint = likely_header([cells for _, cells in head]) if find and not _declares(options) else None
    quick = _at_once(text, delimiter, names, counts, head, layout, options)
    frame = (
        _rows(file, rows, names, counts, what=what, hint=hint, max_cells=options.max_cells)
        if quick is None
        else quick
    )
    below = 0 if layout.last is None else sum(any(cell.strip() for cell in cells) for _, cells in every)
    filled = frame.select(pl.any_horizontal(pl.all() != "")).to_series().arg_true()
    kept = frame.head(int(filled[-1]) + 1 if len(filled) else 0)
    unnamed = [name for name, cell in zip(names, header, strict=True) if not cell.strip()]
    kept = kept.drop(name for name in unnamed if not (kept[name] != "").any())
    notes = [*layout.notes, *header_notes(header, names, kept=kept.columns)]
    if counts.blank:
        notes.append(f"{counts.blank} empty lines are not counted as rows")
    if frame.height > kept.height:
        notes.append(f"{frame.height - kept.height} rows without any value at the end were left out")
    if not frame.height:
        notes.append("no row follows the header")
    if below:
        notes.append(f"{below} filled lines below the table asked for are no rows of it")
    if counts.breaks:
        notes.append(f"{counts.breaks} line breaks stand inside cells")
    notes += [*_ends(text), *doubts(file, encoding, basis)]
    units = unit_texts(names, [head[row - 1][1] for row in layout.header], _units(head, layout))
    return Table(
        kept,
        {name: unit for name, unit in zip(names, units, strict=True) if unit},
        encoding,
        basis,
        tuple(notes),
        columns_in_file=len(names),
        rows_in_file=frame.height,
    )


def grid_of(file: File, options: ReadOptions) -> Table:
    """The plate grids of a text file as a list of wells."""
    text, encoding, basis, delimiter = _opened(file, options, DELIMITERS)
    rows = [cells for _, cells in records_of(file, text, delimiter)]
    width = max(map(len, rows), default=0)
    check_size(file, len(rows), width, options.max_cells)
    listed = wells(file, rows, options.plate or Plate())
    frame = pl.DataFrame(listed.columns, schema=dict.fromkeys(listed.columns, pl.String), strict=False)
    frame = frame.with_columns(pl.all().fill_null(""))
    notes = (*listed.notes, *_ends(text))
    return Table(frame, {}, encoding, basis, notes, columns_in_file=width, rows_in_file=len(rows))


def _ends(text: str) -> list[str]:
    """A note where the last line does not end as lines do: nothing else shows a cut inside the last cell."""
    ends = "\n" if "\r\n" in text else ("\n", "\r")
    return [] if text.endswith(ends) else ["the last line has no line end: a file that was cut off looks so"]


def _is_text(file: File) -> None:
    """SourceError, naming the format, for a workbook or another binary file with a text file's ending."""
    head = file.head(8)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise file.error(
            "is no text file, but perhaps an Excel workbook.", "Try `format: excel` in the mapping."
        )
    for mark, what in _OTHERS.items():
        if head.startswith(mark):
            raise file.error(f"is {what}, whatever its name.", "Export the table itself as .csv.")


def _opened(file: File, options: ReadOptions, delimiters: tuple[str, ...]) -> tuple[str, str, Basis, str]:
    """The text, its encoding and grounds, and its delimiter."""
    text, encoding, basis = decode(file, options.encoding)
    delimiter = _NAMED.get(options.delimiter or "", options.delimiter)
    if delimiter is None and text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):
        # Excel's own way to declare the delimiter; the line is no row.
        delimiter, text = text[4], text[5:].removeprefix("\r").removeprefix("\n")
    if delimiter is None:
        delimiter = delimiter_of(file, text, header_at=_deepest(options) or 1, candidates=delimiters)
    elif len(delimiter) != 1:
        raise file.error(
            f"delimiter {delimiter!r} is not one character.", "Write one character, such as `;`."
        )
    return text, encoding, basis, delimiter


def _deepest(options: ReadOptions) -> int:
    """The last row, from 1, that the options speak of by number; 0 where they do not."""
    header = options.header_row or 0
    return max(
        *(header if isinstance(header, tuple) else (header,)), options.unit_row or 0, options.first_row or 0
    )


def _needs_all(options: ReadOptions) -> bool:
    return options.section is not None or options.until is not None


def _declares(options: ReadOptions) -> bool:
    return options.header_row is not None or options.names is not None or options.section is not None


def _units(head: Sequence[Record], layout: Layout) -> list[str] | None:
    return head[layout.units - 1][1] if layout.units is not None and layout.units <= len(head) else None


def _header(
    file: File, head: Sequence[Record], layout: Layout, options: ReadOptions
) -> tuple[list[str], str]:
    """The cells that name the columns, and what they are called when a row does not fit them."""
    if options.names is not None:
        return list(options.names), f"`names` lists {len(options.names)}"
    rows = [head[row - 1][1] if 1 <= row <= len(head) else [] for row in layout.header]
    for row, cells in zip(layout.header, rows, strict=True):
        if not any(cell.strip() for cell in cells):
            raise file.error(
                f"row {row} holds no column names.",
                "Give `header_row` (the row with the names, from 1), or `names` if the file has none.",
            )
    header = names_of(rows, separator=options.separator, spans=None)
    return header, f"the header has {len(header)}"


@dataclass
class Counts:
    """What is counted while the rows go by; local to one reading."""

    line: int = 0
    blank: int = 0
    breaks: int = 0


def _at_once(
    text: str,
    delimiter: str,
    names: list[str],
    counts: Counts,
    head: Sequence[Record],
    layout: Layout,
    options: ReadOptions,
) -> pl.DataFrame | None:
    """The rows of a long text below its header, where no rule of csv is in doubt; else None."""
    if len(text) < LONG or layout.last is not None or _needs_all(options) or layout.first > len(head):
        return None
    begins = sum(len(line) for line in islice(lines(text), counts.line))
    found = plain(text[begins:], names, delimiter, max_cells=options.max_cells)
    if found is None:
        return None
    counts.breaks = found.breaks
    return found.frame


def _rows(
    file: File,
    records: Iterator[Record],
    names: list[str],
    counts: Counts,
    *,
    what: str,
    hint: int | None,
    max_cells: int,
) -> pl.DataFrame:
    """All rows as a String frame; wholly empty lines and line breaks inside cells are counted."""
    schema = dict.fromkeys(names, pl.String)
    parts: list[pl.DataFrame] = []
    rows: list[list[str]] = []
    total = 0
    for line, record in records:
        counts.breaks += line - counts.line - 1
        counts.line = line
        if not record:
            counts.blank += 1
            continue
        if len(record) != len(names):
            raise file.error(
                f"line {line} has {len(record)} cell{'s' * (len(record) != 1)} where {what}.",
                "Mend that line, or check `delimiter` and `header_row`; milkqc does not fill or cut rows."
                if hint is None
                else f"If the column names stand in row {hint}, say `header_row: {hint}`; else mend that line.",
            )
        rows.append(record)
        if len(rows) == _CHUNK:
            total += _CHUNK
            check_size(file, total, len(names), max_cells)
            parts.append(pl.DataFrame(list(zip(*rows, strict=True)), schema=schema))
            rows = []
    check_size(file, total + len(rows), len(names), max_cells)
    parts.append(pl.DataFrame(list(zip(*rows, strict=True)) if rows else None, schema=schema))
    return pl.concat(parts)


FORMAT = Format("csv", (".csv", ".tsv", ".txt", ".tab"), read)
