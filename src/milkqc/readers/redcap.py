"""REDCap: a raw CSV export with its data dictionary, as one table, or as the table of one form."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from milkqc.model import Origin, Source
from milkqc.readers.delimited import DELIMITERS, Table, take_apart
from milkqc.readers.files import File
from milkqc.readers.frames import check_names
from milkqc.readers.options import ReadOptions
from milkqc.readers.redcap_dictionary import Dictionary, read_dictionary
from milkqc.readers.redcap_export import Export, Structure
from milkqc.readers.redcap_lines import lines_of
from milkqc.readers.redcap_source import source_of
from milkqc.readers.registry import Format


def read(file: File, options: ReadOptions) -> Source:
    """A Source of String columns with the dictionary's labels and choices, identifiers left out.

    A blank cell in a row that belongs to other forms is missing by structure (`structural`), any other blank one
    `empty`. A checkbox's 0 on a form nobody touched means "never seen": null, code 0, reason `untouched`. A
    declared missing-data code is null with its code and label.
    `Variable.unit_text` is the field note as it stands, `source_type` the field type, `source_format` the
    validation, `details` the rest. With `form`, the keys and that form's columns and rows only; `Source.rows`
    says which they are.
    """
    return source_of(export(file, options), options)


def export(file: File, options: ReadOptions) -> Export:
    """The raw CSV as an Export. SourceError when the header lacks the record id, or the dictionary is no such."""
    explained, dictionary, project, codes = explanation(file, options)

    def check(asked: File, names: Sequence[str]) -> None:
        # A file without a header, or with labels for names, has identifiers in its first row: none is shown.
        if dictionary.record_id not in names:
            raise asked.error(
                f"its header has no column {dictionary.record_id!r}, the dictionary's record id.",
                "Export the data raw (codes, not labels) with its header; give `names` if it has none.",
            )
        check_names(asked, names)

    table = take_apart(file, options, delimiters=(*DELIMITERS, "^"), check=check, find=False)
    names = None if options.names is not None else table.frame.columns
    return Export(
        file,
        table.frame,
        dictionary,
        origin_of(file, table, "redcap", explained),
        lambda rows: lines_of(file, names, rows, encoding=options.encoding),
        project,
        codes,
    )


def explanation(file: File, options: ReadOptions) -> tuple[File, Dictionary, Structure, dict[str, str]]:
    """The dictionary's file and content; of a project's XML also its structure and missing-data codes."""
    if options.dictionary is None:
        raise file.error(
            "is read as REDCap without its data dictionary.", "Say `dictionary:` in the mapping."
        )
    explained = File.of(options.dictionary)
    if explained.head(64).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        from milkqc.readers.redcap_odm import project

        found = project(explained)
        return explained, found.dictionary, found.structure, dict(found.missing_codes)
    return explained, read_dictionary(explained), Structure(), {}


def origin_of(file: File, table: Table, name: str, explained: File | None) -> Origin:
    """Where a delimited export came from, with what was noticed while it was taken apart."""
    said = () if explained is None else (f"data dictionary: {explained.name}, sha256 {explained.sha256}",)
    return Origin(
        file=file.name,
        sha256=file.sha256,
        format=name,
        encoding=table.encoding,
        encoding_basis=table.basis,
        rows=table.rows_in_file,
        columns=table.columns_in_file,
        reader="python csv",
        reader_version=platform.python_version(),
        notes=(*said, *table.notes),
    )


FORMAT = Format("redcap", (), read)
