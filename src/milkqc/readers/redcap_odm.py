"""REDCap's CDISC ODM XML: a project's metadata, or its metadata and data, streamed and never kept as a tree."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from milkqc.model import Origin, Source
from milkqc.readers.files import File
from milkqc.readers.frames import check_size
from milkqc.readers.options import ReadOptions
from milkqc.readers.redcap_dictionary import Dictionary
from milkqc.readers.redcap_export import EVENT, GROUP, INSTANCE, INSTRUMENT, SURVEY, Export, Structure
from milkqc.readers.redcap_odm_data import Row, Rows
from milkqc.readers.redcap_odm_metadata import Metadata
from milkqc.readers.redcap_odm_stream import encoding_of, stream
from milkqc.readers.redcap_source import source_of
from milkqc.readers.registry import Format

_CHUNK = 20_000


@dataclass(frozen=True)
class Project:
    """What an ODM file says of the project itself."""

    dictionary: Dictionary
    structure: Structure
    missing_codes: dict[str, str]


def read(file: File, options: ReadOptions) -> Source:
    """A Source as from the raw CSV of the same project; a file of metadata only gives a table without rows.

    The record id is SubjectKey. A form's or event's repeat key counts only where the project lists it as
    repeating. Of an uploaded file its name is kept, never its content. Without a dictionary of its own: the
    file is one. SourceError for XML that is cut or broken, that declares a document type or entities, that
    nests deeper than 50 elements, or that speaks of items its own metadata does not have.
    """
    return source_of(export(file, options), options)


def project(file: File) -> Project:
    """The dictionary, structure and missing-data codes of an ODM file; its data are not looked at."""
    metadata = Metadata(file)
    stream(file, metadata, stop_at="ClinicalData")
    return _project(metadata)


def _project(metadata: Metadata) -> Project:
    return Project(metadata.dictionary(), metadata.structure(), metadata.missing_codes())


def export(file: File, options: ReadOptions) -> Export:
    """The ODM file as an Export whose rows stand as in REDCap's own CSV: by event, plain rows first."""
    metadata = Metadata(file)
    rows = Rows(file, metadata)
    frames: list[pl.DataFrame] = []
    lines: list[int] = []
    waiting: list[Row] = []
    schema: dict[str, pl.DataType] = {}

    def flush() -> None:
        if not schema:
            schema.update(dict.fromkeys(_columns(metadata, metadata.dictionary(), rows), pl.String()))
        check_size(file, len(lines) + len(waiting), len(schema), options.max_cells)
        columns = {name: [row.cells.get(name) for row in waiting] for name in schema}
        frames.append(pl.DataFrame(columns, schema=schema))
        lines.extend(row.line for row in waiting)
        waiting.clear()

    def take(subject: Sequence[Row]) -> None:
        waiting.extend(subject)
        if len(waiting) >= _CHUNK:
            flush()

    rows.take = take
    stream(file, metadata, rows)
    flush()
    found = _project(metadata)
    frame = pl.concat(frames)
    # REDCap's CSV has these columns only where the project uses them.
    unused = [name for name in (GROUP, SURVEY) if name in frame.columns and not metadata.has_item(name)]
    frame = frame.drop(unused)
    return Export(
        file,
        frame,
        found.dictionary,
        Origin(
            file=file.name,
            sha256=file.sha256,
            format="redcap_odm",
            encoding=encoding_of(file),
            encoding_basis="declared",
            rows=frame.height,
            columns=frame.width,
            reader="expat (defusedxml)",
            reader_version=platform.python_version(),
            notes=tuple(_notes(metadata, rows)),
        ),
        lambda asked: [lines[row] for row in asked],
        found.structure,
        found.missing_codes,
    )


def _columns(metadata: Metadata, dictionary: Dictionary, rows: Rows) -> list[str]:
    """The columns of the raw CSV in its order: record id, what REDCap adds, then form by form."""
    structure = metadata.structure()
    names = [dictionary.record_id]
    if rows.with_events:
        names.append(EVENT)
    if structure.repeating or structure.repeating_events:
        names += [INSTRUMENT, INSTANCE]
    names += [GROUP, SURVEY]
    for form in dictionary.forms:
        if metadata.has_item(f"{form}_timestamp"):
            names.append(f"{form}_timestamp")
        for one in dictionary.fields.values():
            if one.form == form:
                names += [column for column in one.columns if column not in names]
                names += [column for column in metadata.unlisted_boxes(one) if column not in names]
        names.append(f"{form}_complete")
    return names


def _notes(metadata: Metadata, rows: Rows) -> list[str]:
    notes = [f"REDCap {metadata.version}"] if metadata.version else []
    if rows.uploads:
        notes.append(f"{rows.uploads} uploaded files were left out, their names kept")
    if not rows.subjects:
        notes.append("the file holds metadata and no records")
    return notes


FORMAT = Format("redcap_odm", (".xml",), read)
