"""All forms of a REDCap export at once: one table each, with its key and, on request, with typed columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from milkqc.model import Source
from milkqc.readers.files import File
from milkqc.readers.options import DEFAULTS, ReadOptions
from milkqc.readers.redcap_blocks import key_of
from milkqc.readers.redcap_export import Export
from milkqc.readers.redcap_source import of_form, prepare
from milkqc.readers.redcap_typed import Typed, typed


@dataclass(frozen=True)
class Form:
    """One instrument's table. No two rows of `source.table` agree in all columns of `key` (a blank is a value)."""

    name: str
    title: str
    key: tuple[str, ...]
    source: Source

    def typed(self) -> Typed:
        """Its cells by the dictionary's types, with the reason for every null."""
        return typed(self.source)


def forms(path: Path | str, options: ReadOptions = DEFAULTS, *, name: str | None = None) -> dict[str, Form]:
    """Every form of a REDCap export by name, in the project's order; the file is read once.

    `options` are those of `read`, without `form`; the format is that of the file's ending, or `options.format`.
    SourceError as for `read`, and where a form has two kinds of rows unless `options.mixed`.
    """
    return forms_of(export_of(File.of(Path(path), name), options), options)


def export_of(file: File, options: ReadOptions) -> Export:
    """The Export behind a REDCap file, whatever its form; SourceError when the format is none of REDCap's."""
    from milkqc.readers import redcap, redcap_labels, redcap_odm, redcap_syntax
    from milkqc.readers.registry import choose

    homes = {
        "redcap": redcap.export,
        "redcap_labels": redcap_labels.export,
        "redcap_odm": redcap_odm.export,
        "redcap_syntax": redcap_syntax.export,
    }
    chosen = choose(file, options).name
    if chosen not in homes:
        raise file.error(f"is read as {chosen}, not as REDCap.", f"Use `format`: {', '.join(homes)}.")
    return homes[chosen](file, options)


def forms_of(export: Export, options: ReadOptions = DEFAULTS) -> dict[str, Form]:
    """Every form of an Export by name, in the project's order."""
    prepared = prepare(export, replace(options, form=None))
    found = {}
    for form in export.dictionary.forms:
        source = of_form(prepared, form, mixed=options.mixed)
        key = key_of(source.table, export.dictionary.record_id)
        found[form] = Form(form, export.dictionary.titles.get(form, ""), key, source)
    return found
