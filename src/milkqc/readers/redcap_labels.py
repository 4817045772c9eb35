"""REDCap's labelled CSV: headers repeat and choices are words, so columns are found by position and labels undone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from milkqc.model import CellFault, Source
from milkqc.readers.delimited import DELIMITERS, take_apart
from milkqc.readers.files import File
from milkqc.readers.options import ReadOptions
from milkqc.readers.redcap import explanation, origin_of
from milkqc.readers.redcap_columns import Column, described
from milkqc.readers.redcap_dictionary import Dictionary, checkbox_column
from milkqc.readers.redcap_export import EVENT, GROUP, INSTANCE, INSTRUMENT, STATUS, SURVEY, Export, Structure
from milkqc.readers.redcap_lines import lines_of
from milkqc.readers.redcap_source import source_of
from milkqc.readers.redcap_typed import kind_of
from milkqc.readers.registry import Format

# What REDCap heads its own columns with, in the order in which they follow the record id.
_HEADS = {
    EVENT: "Event Name",
    INSTRUMENT: "Repeat Instrument",
    INSTANCE: "Repeat Instance",
    GROUP: "Data Access Group",
    SURVEY: "Survey Identifier",
}
_STAMP, _COMPLETE = "Survey Timestamp", "Complete?"
_BOXES = {"0": "Unchecked", "1": "Checked"}


class _Header(Exception):  # noqa: N818 - no error: it carries the header out of the file
    def __init__(self, names: Sequence[str]):
        super().__init__()
        self.names = list(names)


def read(file: File, options: ReadOptions) -> Source:
    """A Source as from the raw CSV of the same project, with raw names and codes.

    Columns are mapped by their position in the dictionary's order; SourceError when their number or a header
    does not fit. A label is turned back into its code where exactly one choice of the field has it; a label
    that no choice has, or two have, is a fault of its cell. Events keep their labels unless the project's XML
    is the dictionary, data access groups always: their unique names are in no labelled file.
    """
    return source_of(export(file, options), options)


def export(file: File, options: ReadOptions) -> Export:
    """The labelled CSV as an Export with raw names and codes."""
    explained, dictionary, structure, codes = explanation(file, options)
    declared = codes if options.missing_codes is None else dict(options.missing_codes)

    def header(_: File, names: Sequence[str]) -> None:
        raise _Header(names)

    delimiters = (*DELIMITERS, "^")
    try:
        take_apart(file, options, delimiters=delimiters, check=header, find=False)
        heads: list[str] = []
    except _Header as found:
        heads = found.names
    names = _names(file, heads, dictionary, declared)
    # Read as a file without a header, whose first row is then the header.
    table = take_apart(file, replace(options, names=tuple(names)), delimiters=delimiters, find=False)
    table = replace(table, frame=table.frame.slice(1), rows_in_file=table.rows_in_file - 1)
    columns = described(file, names, dictionary)
    frame, faults = _raw(table.frame, columns, declared)

    def lines(rows: Sequence[int]) -> list[int]:
        return lines_of(file, heads, rows, encoding=options.encoding)

    frame = _system(file, frame, columns, dictionary, structure, lines)
    return Export(
        file,
        frame,
        dictionary,
        origin_of(file, table, "redcap_labels", explained),
        lines,
        structure,
        declared,
        tuple(faults),
    )


def _names(
    file: File, heads: Sequence[str], dictionary: Dictionary, declared: Mapping[str, str]
) -> list[str]:
    """The raw name of each column, by its place; SourceError at the first header that does not fit its place.

    Its text is not shown: a file without a header has people's names there.
    """
    names: list[str] = []

    def at() -> str:
        return heads[len(names)] if len(names) < len(heads) else ""

    def take(name: str, label: str, form: str, what: str) -> None:
        if len(names) >= len(heads) or not _fits(at(), label):
            raise file.error(
                f"line 1, column {len(names) + 1}: the header is not that of {what} (form {form}); "
                f"the file has {len(heads)} columns.",
                "Export all fields, labelled, and the dictionary at the same time; or export raw codes.",
            )
        names.append(name)

    first = dictionary.fields[dictionary.record_id]
    take(first.name, first.label, first.form, f"field {first.name!r}")
    for name, head in _HEADS.items():
        if at() == head:
            names.append(name)
    for form in dictionary.forms:
        if at() == _STAMP:
            names.append(f"{form}_timestamp")
        for one in dictionary.fields.values():
            if one.form != form or one is first:
                continue
            for name, code in one.columns.items():
                choice = f" (choice={one.choices[code]})" if code else ""
                take(name, f"{one.label}{choice}", form, f"field {one.name!r}")
            for code, said in declared.items() if one.type == "checkbox" else ():
                if said and _fits(at(), f"{one.label} (choice={said})") and at():
                    names.append(checkbox_column(one.name, code))
        take(f"{form}_complete", _COMPLETE, form, "the form's status")
    if len(names) != len(heads):
        raise file.error(
            f"has {len(heads)} columns where the dictionary gives {len(names)}.",
            "Export the labelled data and the dictionary at the same time; or export raw codes.",
        )
    return names


def _fits(head: str, label: str) -> bool:
    """Whether a header is a field's label, apart from tags, spaces and signs; a blank one fits anything."""
    first, second = (re.sub(r"[\W_]+", "", _plain(text).lower()) for text in (head, label))
    return not first or not second or first == second


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^<>]*>", "", html.unescape(text))).strip()


def _raw(
    frame: pl.DataFrame, columns: Mapping[str, Column], declared: Mapping[str, str]
) -> tuple[pl.DataFrame, list[CellFault]]:
    """Labels as codes; the cells whose label is not that of exactly one choice are null and faults."""
    faults: list[CellFault] = []
    changed = []
    for name, column in columns.items():
        words = _words(column, declared)
        if not words:
            continue
        text = frame[name]
        plain = text.str.replace_all(r"<[^<>]*>", "").str.replace_all(r"\s+", " ").str.strip_chars()
        unique = {label: codes[0] for label, codes in words.items() if len(codes) == 1}
        coded = plain.replace_strict(unique, default=None, return_dtype=pl.String).rename(name)
        if column.field is not None and not column.field.choices:
            # A typed field: only the labels of missing-data codes are undone.
            changed.append(pl.select(pl.coalesce(coded, text)).to_series().rename(name))
            continue
        changed.append(coded)
        for row in (coded.is_null() & (plain != "")).fill_null(value=False).arg_true():
            twice = plain[row] in words
            why = (
                "two choices of the field have this label"
                if twice
                else "no choice of the field has this label"
            )
            faults.append(CellFault(int(row) + 1, name, str(text[row]), why))
    return frame.with_columns(changed), faults


def _words(column: Column, declared: Mapping[str, str]) -> dict[str, list[str]]:
    """The labels that a column's cells may hold, each with the codes that have it."""
    missing = {code: label for code, label in declared.items() if label}
    if column.checkbox:
        choices: Mapping[str, str] = _BOXES
    elif column.variable.source_type == "status":
        choices = STATUS
    elif column.field is None or column.form == "":
        return {}
    elif column.field.choices:
        choices = {**missing, **column.field.choices}
    elif kind_of(column.variable) != "text":
        choices = missing
    else:
        return {}
    words: dict[str, list[str]] = {}
    for code, label in choices.items():
        words.setdefault(_plain(label), []).append(code)
    return words


def _system(
    file: File,
    frame: pl.DataFrame,
    columns: Mapping[str, Column],
    dictionary: Dictionary,
    structure: Structure,
    lines: Callable[[Sequence[int]], list[int]],
) -> pl.DataFrame:
    """Repeating instruments, and events where the project's XML tells them, by their unique names."""
    if EVENT in frame.columns and structure.event_titles:
        frame = frame.with_columns(pl.col(EVENT).replace(structure.event_titles))
    if INSTRUMENT not in frame.columns:
        return frame
    known = {_plain(title): form for form, title in dictionary.titles.items() if title}
    found: dict[str, str] = {}
    for label in sorted(set(frame[INSTRUMENT].drop_nulls().to_list()) - {""}):
        slug = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
        form = known.get(_plain(label)) or (slug if slug in dictionary.forms else None)
        form = form or _only_form(frame.filter(pl.col(INSTRUMENT) == label), columns)
        if form is None:
            line = lines([int((frame[INSTRUMENT] == label).arg_true()[0])])[0]
            raise file.error(
                f"line {line}: its repeating instrument is none of the forms {', '.join(dictionary.forms)}.",
                "Give the project's XML as `dictionary`, which knows the forms' titles, or export raw codes.",
            )
        found[label] = form
    return frame.with_columns(pl.col(INSTRUMENT).replace(found))


def _only_form(rows: pl.DataFrame, columns: Mapping[str, Column]) -> str | None:
    """The one form whose status stands in all these rows."""
    filled = [
        column.form
        for name, column in columns.items()
        if column.variable.source_type == "status" and (rows[name].fill_null("") != "").all()
    ]
    return filled[0] if len(filled) == 1 else None


FORMAT = Format("redcap_labels", (), read)
