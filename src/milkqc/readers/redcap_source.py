"""From an Export to Sources: identifiers dropped, reasons for every blank, the whole table or that of one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from milkqc.model import Candidate, CellFault, Source
from milkqc.readers.files import File
from milkqc.readers.frames import blanks, side_table
from milkqc.readers.options import ReadOptions
from milkqc.readers.redcap_blocks import key_of, repeated, rows_of_form, structural, untouched
from milkqc.readers.redcap_columns import Column, described
from milkqc.readers.redcap_events import read_event_forms
from milkqc.readers.redcap_export import EVENT, INSTANCE, INSTRUMENT, SYSTEM, Export
from milkqc.readers.redcap_identifiers import dropped, unflagged
from milkqc.readers.redcap_missing import candidates, coded


@dataclass(frozen=True)
class Prepared:
    """An export taken in: cells, reasons and codes of all columns, identifiers gone, and the notes to go with them."""

    export: Export
    frame: pl.DataFrame
    columns: Mapping[str, Column]
    blocks: Mapping[str, pl.Series]
    reasons: Mapping[str, pl.Series]
    codes: Mapping[str, pl.Series]
    dropped: tuple[str, ...]
    notes: tuple[str, ...]
    ask: bool

    @property
    def forms(self) -> dict[str, str]:
        """Each column's form, "" where it belongs to every form."""
        return {name: column.form for name, column in self.columns.items()}


def source_of(export: Export, options: ReadOptions) -> Source:
    """The Source of a whole export, or with `options.form` of one form. What it holds is said in `redcap.read`."""
    prepared = prepare(export, options)
    return whole(prepared) if options.form is None else of_form(prepared, options.form, mixed=options.mixed)


def prepare(export: Export, options: ReadOptions) -> Prepared:
    """Everything that is the same for all forms. SourceError for columns of no field and for repeated keys."""
    if options.event_forms is not None:
        listed = read_event_forms(File.of(options.event_forms))
        export = replace(export, structure=replace(export.structure, event_forms=listed))
    columns = described(export.file, export.frame.columns, export.dictionary)
    gone = dropped(columns, options.keep)
    frame, empty = blanks(export.frame)
    forms = {name: column.form for name, column in columns.items()}
    _unique_keys(export, frame, forms)
    blocks = structural(frame, forms, export.structure)
    declared = export.missing_codes if options.missing_codes is None else options.missing_codes
    never_seen = untouched(frame, forms, checkboxes=[name for name, one in columns.items() if one.checkbox])
    missing = coded(frame, columns, declared)
    codes = {}
    reasons = {}
    for name, column in columns.items():
        if name in gone:
            continue
        unseen = never_seen.get(column.form) if column.checkbox else None
        codes[name], reasons[name] = _why(
            missing.get(name), unseen, blocks.get(column.form), empty.get(name), declared, height=frame.height
        )
    hidden = [name for name in codes if codes[name].null_count() < frame.height]
    frame = frame.drop(gone).with_columns(_without(frame[name], codes[name]) for name in hidden)
    return Prepared(
        export,
        frame,
        {name: column for name, column in columns.items() if name not in gone},
        blocks,
        reasons,
        {name: codes[name] for name in hidden},
        gone,
        tuple(_notes(columns, export, declared, options)),
        ask=options.missing_codes is None,
    )


def whole(prepared: Prepared) -> Source:
    """The flat table as it stands, one row for each of the file's, whatever form it is of."""
    rows = pl.repeat(value=True, n=prepared.frame.height, dtype=pl.Boolean, eager=True)
    return _taken(prepared, list(prepared.frame.columns), rows, (), kept_all=True)


def of_form(prepared: Prepared, form: str, *, mixed: bool = False) -> Source:
    """The rows and columns of one form with its keys; `Source.rows` says which rows of the file they are.

    SourceError when there is no such form, or when it has two kinds of rows and `mixed` is not said.
    """
    export, forms = prepared.export, prepared.forms
    if form not in export.dictionary.forms:
        raise export.file.error(
            f"has no form {form!r}.", f"Its forms are {', '.join(export.dictionary.forms)}."
        )
    rows = rows_of_form(export.file, prepared.frame, forms, form, prepared.blocks, mixed=mixed)
    common = (export.dictionary.record_id, *SYSTEM)
    wanted = [name for name in prepared.frame.columns if name in common or forms[name] == form]
    key = key_of(prepared.frame.select(wanted).filter(rows), export.dictionary.record_id)
    more = (f"form {form}: {int(rows.sum())} of {prepared.frame.height} rows", f"key: {', '.join(key)}")
    return _taken(prepared, wanted, rows, more, kept_all=False)


def _taken(
    prepared: Prepared, wanted: list[str], rows: pl.Series, more: tuple[str, ...], *, kept_all: bool
) -> Source:
    export = prepared.export

    def chosen(series: pl.Series) -> pl.Series:
        return series if kept_all else series.filter(rows)

    shown = prepared.frame.select(wanted)
    shown = shown if kept_all else shown.filter(rows)
    reasons = {name: chosen(prepared.reasons[name]) for name in wanted}
    asked: tuple[Candidate, ...] = ()
    notes = list(prepared.notes)
    if prepared.ask:
        asked, found = candidates(shown, {name: prepared.columns[name] for name in wanted})
        if found:
            notes.append(
                f"perhaps missing-data codes, or wrong entries; declare `missing_codes`: {'; '.join(found)}"
            )
    return Source(
        table=shown,
        variables=tuple(prepared.columns[name].variable for name in wanted),
        reasons=side_table(reasons, shown),
        codes=side_table(
            {name: chosen(prepared.codes[name]) for name in wanted if name in prepared.codes}, shown
        ),
        origin=replace(export.origin, notes=(*export.origin.notes, *notes, *more)),
        faults=_faults(export.faults, wanted, None if kept_all else rows),
        dropped=prepared.dropped,
        rows=None if kept_all else rows.arg_true().cast(pl.Int64) + 1,
        candidates=asked,
        event_forms=export.structure.event_forms,
    )


def _faults(
    faults: tuple[CellFault, ...], wanted: list[str], rows: pl.Series | None
) -> tuple[CellFault, ...]:
    mine = [fault for fault in faults if fault.column in wanted]
    if rows is None or not mine:
        return tuple(mine)
    places = {int(row): place for place, row in enumerate(rows.arg_true(), 1)}
    return tuple(replace(one, row=places[one.row - 1]) for one in mine if one.row - 1 in places)


def _why(
    code: pl.Series | None,
    unseen: pl.Series | None,
    block: pl.Series | None,
    empty: pl.Series | None,
    declared: Mapping[str, str],
    *,
    height: int,
) -> tuple[pl.Series, pl.Series]:
    """The code of each cell that is missing by code, and why each missing cell is: both null elsewhere."""
    if code is None and unseen is None and empty is None:
        nothing = pl.repeat(None, height, dtype=pl.String, eager=True)
        return nothing, nothing
    frame = pl.DataFrame(
        {
            "code": pl.Series([None], dtype=pl.String).new_from_index(0, height) if code is None else code,
            "unseen": pl.repeat(value=False, n=height, eager=True) if unseen is None else unseen,
            "block": pl.repeat(value=False, n=height, eager=True) if block is None else block,
            "empty": pl.Series([None], dtype=pl.String).new_from_index(0, height) if empty is None else empty,
        }
    )
    words = {one: label or one for one, label in declared.items()}
    said = frame.select(
        code=pl.coalesce("code", pl.when("unseen").then(pl.lit("0"))),
        reason=pl.when(pl.col("code").is_not_null())
        .then(pl.col("code").replace_strict(words, default=None, return_dtype=pl.String))
        .when("unseen")
        .then(pl.lit("untouched"))
        .when(pl.col("empty").is_not_null() & pl.col("block"))
        .then(pl.lit("structural"))
        .otherwise("empty"),
    )
    return said["code"], said["reason"]


def _without(values: pl.Series, codes: pl.Series) -> pl.Series:
    return pl.select(pl.when(codes.is_null()).then(values)).to_series().alias(values.name)


def _unique_keys(export: Export, frame: pl.DataFrame, forms: Mapping[str, str]) -> None:
    """SourceError when two rows have the same key: REDCap cannot have exported that."""
    key = [
        export.dictionary.record_id,
        *(name for name in (EVENT, INSTRUMENT, INSTANCE) if name in frame.columns),
    ]
    groups = repeated(frame, key)
    if not groups:
        return
    said = []
    for rows in groups[:3]:
        lines = " and ".join(str(line) for line in export.lines(list(rows)))
        said.append(f"lines {lines} (form {_form_of(frame, forms, rows[0])})")
    more = f" and {len(groups) - 3} more" if len(groups) > 3 else ""
    raise export.file.error(
        f"rows have the same {', '.join(key)}: {'; '.join(said)}{more}.",
        "REDCap exports each once: export the project again, or give files put together by hand a table each.",
    )


def _form_of(frame: pl.DataFrame, forms: Mapping[str, str], row: int) -> str:
    """The form of a row: its repeating instrument, else those that have anything in it."""
    if INSTRUMENT in frame.columns and frame[INSTRUMENT][row]:
        return str(frame[INSTRUMENT][row])
    filled = frame.row(row, named=True)
    return (
        ", ".join(dict.fromkeys(forms[name] for name, cell in filled.items() if cell and forms[name]))
        or "none"
    )


def _notes(
    columns: Mapping[str, Column], export: Export, declared: Mapping[str, str], options: ReadOptions
) -> list[str]:
    notes = []
    fields = export.dictionary.fields.values()
    if declared:
        notes.append(f"missing-data codes: {', '.join(declared)}")
        chosen = sorted({one.name for one in fields if set(one.choices) & set(declared)})
        if chosen:
            notes.append(f"fields with a choice that is also a missing-data code: {', '.join(chosen)}")
    zero = sorted(one.name for one in fields if one.type == "checkbox" and "0" in one.choices)
    if zero:
        notes.append(f"checkboxes with a choice coded 0: {', '.join(zero)}")
    present = {name.partition("___")[0] for name in columns}
    absent = [
        one.name for one in fields if one.name not in present and one.type not in ("descriptive", "file")
    ]
    if absent:
        notes.append(f"{len(absent)} fields of the dictionary are not in the export")
    open_ = unflagged(columns)
    if open_:
        notes.append(f"perhaps identifying, but not flagged as identifiers: {', '.join(open_)}")
    record_id = columns.get(export.dictionary.record_id)
    if record_id is not None and record_id.variable.identifier and not options.keep:
        notes.append("the record id is flagged as an identifier and was dropped: no row has a key without it")
    strangers = sorted(set(options.keep) - {name for c in columns for name in (c, c.partition("___")[0])})
    if strangers:
        notes.append(f"fields to keep that the export has not: {', '.join(strangers)}")
    return notes
