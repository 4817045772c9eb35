"""SAS: transport files (.xpt) and data sets (.sas7bdat), told apart by their first bytes."""

from __future__ import annotations

from milkqc.model import Source
from milkqc.readers.files import File
from milkqc.readers.options import ReadOptions
from milkqc.readers.registry import Format
from milkqc.readers.sas_header import is_catalog, is_dataset


def read(file: File, options: ReadOptions) -> Source:
    """A Source from a .xpt of version 5 or 8, or a .sas7bdat with or without its catalogue of formats."""
    from milkqc.readers import sas_dataset, sas_transport

    head = file.head(64)
    if is_catalog(head):
        raise file.error(
            "is a catalogue of SAS formats, not data.", "Name it by `catalog:` beside the .sas7bdat."
        )
    if is_dataset(head):
        return sas_dataset.read(file, options)
    return sas_transport.read(file, options)


FORMAT = Format("sas", (".sas7bdat", ".xpt"), read, isolated=("milkqc.readers.pull", "pyreadstat"))
