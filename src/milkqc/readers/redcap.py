"""REDCap: a raw CSV export with its data dictionary, as one table, or as the table of one form."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from milkqc.model import Origin, Source, Variable
from milkqc.readers.delimited import DELIMITERS, take_apart
from milkqc.readers.files import File
from milkqc.readers.frames import blanks, check_names, side_table
from milkqc.readers.options import ReadOptions
from milkqc.readers.redcap_blocks import rows_of_form, structural, untouched
from milkqc.readers.redcap_dictionary import Dictionary, Field, checkbox_column, read_dictionary
from milkqc.readers.registry import Format

_STATUS = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
_SYSTEM = {
    "redcap_event_name": "Event",
    "redcap_repeat_instrument": "Repeating instrument",
    "redcap_repeat_instance": "Repeat instance",
    "redcap_data_access_group": "Data access group",
    "redcap_survey_identifier": "Survey identifier",
}


@dataclass(frozen=True)
class Column:
    """A column of the export: its variable, the form it belongs to ("" for those of every form), its field."""

    variable: Variable
    form: str = ""
    checkbox: bool = False


def read(file: File, options: ReadOptions) -> Source:
    """A Source of String columns with the dictionary's labels and choices, identifiers left out.

    A blank cell in a row that belongs to other forms is missing by structure (`structural`), any other blank one
    `empty`. A checkbox's 0 on a form nobody touched means "never seen": null, code 0, reason `untouched`.
    `Variable.unit_text` is the field note as it stands, `source_type` the field type, `source_format` the
    validation. With `form`, the keys and that form's columns and rows only; `Source.rows` says which they are.
    """
    if options.dictionary is None:
        raise file.error(
            "is read as REDCap without its data dictionary.", "Say `dictionary:` in the mapping."
        )
    explained = File.of(options.dictionary)
    dictionary = read_dictionary(explained)

    def check(asked: File, names: Sequence[str]) -> None:
        # A file without a header, or with labels for names, has identifiers in its first row: none is shown.
        if dictionary.record_id not in names:
            raise asked.error(
                f"its header has no column {dictionary.record_id!r}, the dictionary's record id.",
                "Export the data raw (codes, not labels) with its header; give `names` if it has none.",
            )
        check_names(asked, names)

    table = take_apart(file, options, delimiters=(*DELIMITERS, "^"), check=check)
    columns = _describe(file, table.frame.columns, dictionary)
    if options.form is not None and options.form not in dictionary.forms:
        raise file.error(f"has no form {options.form!r}.", f"Its forms are {', '.join(dictionary.forms)}.")
    dropped = tuple(
        name
        for name, column in columns.items()
        if column.variable.identifier and not _kept(name, options.keep)
    )
    forms = {name: column.form for name, column in columns.items()}
    frame, empty = blanks(table.frame)
    blocks = structural(frame, forms)
    never_seen = untouched(
        frame, forms, checkboxes=[name for name, column in columns.items() if column.checkbox]
    )
    codes = {
        name: _where(never_seen[form], "0") for name, form in forms.items() if _is(columns[name], never_seen)
    }
    reasons = {
        name: _reason(empty.get(name), blocks.get(forms[name]), codes.get(name), height=frame.height)
        for name in forms
    }
    frame = frame.with_columns(_blank(frame[name], mask) for name, mask in codes.items())
    wanted = [name for name in frame.columns if name not in dropped]
    rows = pl.Series([True] * frame.height, dtype=pl.Boolean)
    if options.form is not None:
        keys = (dictionary.record_id, *_SYSTEM)
        wanted = [name for name in wanted if name in keys or forms[name] == options.form]
        rows = rows_of_form(file, frame, forms, options.form, blocks)
    shown = frame.select(wanted).filter(rows)
    notes = [
        f"data dictionary: {explained.name}, sha256 {explained.sha256}",
        *table.notes,
        *_notes(columns, dictionary, table.frame.columns, options),
    ]
    if options.form is not None:
        notes.append(f"form {options.form}: {shown.height} of {frame.height} rows")
    return Source(
        table=shown,
        variables=tuple(columns[name].variable for name in wanted),
        reasons=side_table({name: reasons[name].filter(rows) for name in wanted}, shown),
        codes=side_table({name: codes[name].filter(rows) for name in wanted if name in codes}, shown),
        origin=Origin(
            file=file.name,
            sha256=file.sha256,
            format="redcap",
            encoding=table.encoding,
            encoding_basis=table.basis,
            rows=table.rows_in_file,
            columns=table.columns_in_file,
            reader="python csv",
            reader_version=platform.python_version(),
            notes=tuple(notes),
        ),
        dropped=dropped,
        rows=None if options.form is None else rows.arg_true().cast(pl.Int64) + 1,
    )


def _describe(file: File, names: list[str], dictionary: Dictionary) -> dict[str, Column]:
    """Each column of the export as the dictionary explains it; SourceError for columns it does not know."""
    known = {
        column: described for field in dictionary.fields.values() for column, described in _of_field(field)
    }
    checkboxes = {field.name: field for field in dictionary.fields.values() if field.type == "checkbox"}
    columns: dict[str, Column] = {}
    unknown = []
    for name in names:
        stem, mark, code = name.partition("___")
        form, _, ending = name.rpartition("_")
        if name in known:
            columns[name] = known[name]
        elif name in _SYSTEM:
            identifier = name == "redcap_survey_identifier"
            columns[name] = Column(Variable(name, _SYSTEM[name], source_type="system", identifier=identifier))
        elif ending == "complete" and form in dictionary.forms:
            status = Variable(name, "Complete?", _STATUS, source_type="status", details={"form": form})
            columns[name] = Column(status, form)
        elif name.removesuffix("_timestamp") in dictionary.forms:
            stamp = Variable(name, "Survey timestamp", source_type="timestamp", details={"form": form})
            columns[name] = Column(stamp, form)
        elif mark and stem in checkboxes:
            # A missing-data code of the project, which the dictionary does not list.
            field = checkboxes[stem]
            columns[name] = Column(_checkbox(field, name, code, label=code), field.form, checkbox=True)
        else:
            unknown.append(name)
    if dictionary.record_id in columns:
        # The record id is listed under the first form but stands in every row, whatever form it is of.
        columns[dictionary.record_id] = Column(columns[dictionary.record_id].variable)
    if unknown:
        shown = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
        raise file.error(
            f"{len(unknown)} columns are not in the data dictionary: {shown}.",
            "Export the data raw (codes, not labels), and download the dictionary at the same time.",
        )
    return columns


def _of_field(field: Field) -> list[tuple[str, Column]]:
    if field.type == "checkbox":
        names = {checkbox_column(field.name, code): code for code in field.choices}
        return [
            (
                name,
                Column(_checkbox(field, name, code, label=field.choices[code]), field.form, checkbox=True),
            )
            for name, code in names.items()
        ]
    variable = Variable(
        name=field.name,
        label=field.label,
        value_labels=field.choices,
        unit_text=field.note,
        source_type=field.type,
        source_format=field.validation,
        identifier=field.identifier,
        details=field.details,
    )
    return [(field.name, Column(variable, field.form))]


def _checkbox(field: Field, name: str, code: str, *, label: str) -> Variable:
    return Variable(
        name=name,
        label=f"{field.label}: {label}",
        value_labels={"0": "Unchecked", "1": "Checked"},
        unit_text=field.note,
        source_type="checkbox",
        identifier=field.identifier,
        details={**field.details, "field": field.name, "choice": code},
    )


def _kept(name: str, keep: tuple[str, ...]) -> bool:
    """An identifier is kept by its own name, a checkbox also by its field's."""
    return name in keep or name.partition("___")[0] in keep


def _is(column: Column, never_seen: Mapping[str, pl.Series]) -> bool:
    return column.checkbox and column.form in never_seen


def _where(mask: pl.Series, text: str) -> pl.Series:
    return mask.to_frame("m").select(pl.when(pl.col("m")).then(pl.lit(text))).to_series()


def _blank(values: pl.Series, codes: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"v": values, "c": codes})
    return frame.select(pl.when(pl.col("c").is_null()).then("v")).to_series().alias(values.name)


def _reason(
    empty: pl.Series | None, block: pl.Series | None, codes: pl.Series | None, *, height: int
) -> pl.Series:
    nothing = pl.Series([None] * height, dtype=pl.String)
    frame = pl.DataFrame(
        {
            "empty": nothing if empty is None else empty,
            "block": pl.Series([False] * height) if block is None else block,
            "code": nothing if codes is None else codes,
        }
    )
    return frame.select(
        pl.when(pl.col("code").is_not_null())
        .then(pl.lit("untouched"))
        .when(pl.col("empty").is_not_null() & pl.col("block"))
        .then(pl.lit("structural"))
        .otherwise("empty")
    ).to_series()


def _notes(
    columns: Mapping[str, Column], dictionary: Dictionary, names: list[str], options: ReadOptions
) -> list[str]:
    notes = []
    zero = sorted(f.name for f in dictionary.fields.values() if f.type == "checkbox" and "0" in f.choices)
    if zero:
        notes.append(f"checkboxes with a choice coded 0: {', '.join(zero)}")
    present = {name.partition("___")[0] for name in names}
    absent = [
        f.name
        for f in dictionary.fields.values()
        if f.name not in present and f.type not in ("descriptive", "file")
    ]
    if absent:
        notes.append(f"{len(absent)} fields of the dictionary are not in the export")
    open_ = [
        c.variable.name
        for c in columns.values()
        if not c.variable.identifier
        and (c.variable.source_format in ("email", "phone") or c.variable.source_type == "notes")
    ]
    if open_:
        notes.append(f"perhaps identifying, but not flagged as identifiers: {', '.join(open_)}")
    strangers = sorted(set(options.keep) - {name for c in columns for name in (c, c.partition("___")[0])})
    if strangers:
        notes.append(f"fields to keep that the export has not: {', '.join(strangers)}")
    return notes


FORMAT = Format("redcap", (), read)
