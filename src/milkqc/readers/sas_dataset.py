"""SAS data sets (.sas7bdat) by pyreadstat: text by our own table of code pages, labels from a catalogue read apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from milkqc.errors import SourceError
from milkqc.model import Source
from milkqc.readers.encodings import ASSUMED, Basis, check_encoding
from milkqc.readers.files import File
from milkqc.readers.isolation import CHILD, Limits
from milkqc.readers.labelled import Pulled, to_source
from milkqc.readers.options import ReadOptions
from milkqc.readers.sas_dates import DIALECT
from milkqc.readers.sas_header import REFUSED, UNSAID, Header, header


def read(file: File, options: ReadOptions) -> Source:
    """A Source from a data set. Its labels come from `options.catalog`, else from a catalogue beside it.

    Deleted rows, which SAS leaves in the file, stay deleted. Times of day stay seconds.
    """
    about = header(file.head(288))
    if about is None:
        raise file.error("is damaged: its header makes no sense.", "Export or copy it again.")
    if file.size < about.size:
        raise file.error(
            f"is cut off: {file.size:,} bytes where its header says {about.size:,}.",
            "Export or copy it again, in binary mode.",
        )
    encodings, basis, notes = _encodings(file, about, options)
    answer = CHILD.call(
        file,
        "milkqc.readers.pull:pull",
        {"kind": "sas7bdat", "encodings": encodings, "max_cells": options.max_cells},
        limits=Limits.of(options),
    )
    pulled = Pulled.of(answer)
    # The only other hold on the columns, which are to go one by one.
    del answer
    if file.size > about.size:
        notes.append(f"{file.size - about.size:,} bytes after the end of the data were left out")
    labels, said = _labels(file, options)
    columns = [_labelled(column, labels) for column in pulled.meta["columns"]]
    pulled = replace(pulled, meta={**pulled.meta, "columns": columns})
    return to_source(file, pulled, DIALECT, basis=basis, notes=(*notes, *said))


def _encodings(file: File, about: Header, options: ReadOptions) -> tuple[list[str], Basis, list[str]]:
    if options.encoding is not None:
        return [check_encoding(file, options.encoding)], "option", []
    if about.charset in UNSAID:
        return list(ASSUMED), "assumed", []
    if about.codec is not None:
        said = f"pyreadstat refuses its encoding (SAS's number {about.charset}), so it was told another and the text "
        return [about.codec], "declared", [said + "decoded by milkqc"] if about.charset in REFUSED else []
    # Plain ASCII is the same in all of them; anything else asks for an `encoding`.
    note = f"its text is in SAS's encoding number {about.charset}, which milkqc does not know; all of it is ASCII"
    return ["ascii"], "assumed", [note]


def catalog_beside(path: Path) -> Path | None:
    """The catalogue that belongs to a data set: by the same name, else SAS's default name, in the same folder."""
    found = {
        entry.name.lower(): entry
        for entry in sorted(path.parent.iterdir())
        if entry.suffix.lower() == ".sas7bcat" and entry.is_file() and not entry.is_symlink()
    }
    return found.get(f"{path.stem.lower()}.sas7bcat") or found.get("formats.sas7bcat")


def _labels(file: File, options: ReadOptions) -> tuple[dict[str, Any], list[str]]:
    """The labels by format name, and where they are from. A catalogue that was asked for must be readable."""
    path = options.catalog or catalog_beside(file.path)
    if path is None:
        return {}, []
    try:
        catalog = File.of(path)
        meta = _catalog(catalog, options)
    except SourceError as error:
        if options.catalog is not None:
            raise
        return {}, [
            f"the catalogue {path.name} beside it cannot be read, so there are no labels: {error.what}"
        ]
    return meta["formats"], [
        f"value labels from {catalog.name} (sha256 {catalog.sha256})",
        *meta["remarks"],
    ]


def _catalog(catalog: File, options: ReadOptions) -> dict[str, Any]:
    about = header(catalog.head(288))
    if about is None:
        raise catalog.error("is not a catalogue of SAS formats.", "Name a .sas7bcat.")
    encodings = [about.codec] if about.codec is not None else list(ASSUMED)
    answer = CHILD.call(
        catalog, "milkqc.readers.sas_catalog:pull", {"encodings": encodings}, limits=Limits.of(options)
    )
    return dict(answer.meta)


def _labelled(column: dict[str, Any], formats: dict[str, Any]) -> dict[str, Any]:
    """The column with the labels of its format. A name of SAS's never ends in a digit: that is its width."""
    name = column["format"].upper().rstrip(".0123456789")
    pairs = formats.get(name, [])
    if not pairs:
        return column
    return {**column, "value_labels": pairs, "details": {**column["details"], "label_set": name}}
