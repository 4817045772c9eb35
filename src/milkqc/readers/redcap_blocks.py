"""A flat REDCap export is a block matrix: which rows belong to which form, and which blanks are no data at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from milkqc.readers.redcap_export import EVENT, INSTANCE, INSTRUMENT, Structure
from milkqc.readers.redcap_lines import Named


def structural(
    frame: pl.DataFrame, forms: Mapping[str, str], structure: Structure | None = None
) -> dict[str, pl.Series]:
    """For each form, true in the rows where a blank cell of it is missing by structure.

    A row of a repeating instrument holds no other form; a form that repeats in an event has its rows there
    and not in the event's plain row; an event does not have the forms that the project's `structure` does not
    give it. Where the export does not tell the structure, an event in which a form is blank throughout, its
    status included, does not have that form.
    """
    structure = structure or Structure()
    height = frame.height
    instrument = column_or_null(frame, INSTRUMENT)
    event = column_or_null(frame, EVENT).fill_null("")
    blocks = {}
    for form in sorted({name for name in forms.values() if name}):
        facts = pl.DataFrame(
            {"instrument": instrument, "event": event, "filled": _filled(frame, forms, form)}, height=height
        )
        own = pl.col("instrument") == form
        repeats = own.fill_null(value=False).any().over("event")
        if structure.repeating is not None:
            repeats = pl.col("event").is_in([name for name, one in structure.repeating if one == form])
        absent = ~pl.col("filled").any().over("event")
        if structure.event_forms is not None:
            having = [name for name, held in structure.event_forms.items() if form in held]
            absent = ~pl.col("event").is_in(having) & ~pl.col("filled")
        blocks[form] = facts.select(
            pl.when(pl.col("instrument").is_not_null())
            .then(pl.col("instrument") != form)
            .otherwise(repeats | absent)
        ).to_series()
    return blocks


def untouched(
    frame: pl.DataFrame, forms: Mapping[str, str], *, checkboxes: Sequence[str]
) -> dict[str, pl.Series]:
    """For each form with checkboxes, true where nobody touched it: all checkboxes 0, status 0 or blank, no value.

    REDCap exports a checkbox that was never on anybody's screen as 0.
    """
    masks = {}
    for form in sorted({forms[name] for name in checkboxes}):
        boxes = [name for name in checkboxes if forms[name] == form]
        status = f"{form}_complete"
        others = [name for name, owner in forms.items() if owner == form and name not in (*boxes, status)]
        blank = pl.lit(value=True)
        if status in frame.columns:
            blank = blank & (pl.col(status).is_null() | (pl.col(status) == "0"))
        masks[form] = frame.select(
            pl.all_horizontal(
                blank,
                *(pl.col(box).fill_null("0") == "0" for box in boxes),
                *(pl.col(n).is_null() for n in others),
            )
            & pl.any_horizontal(pl.col(box).is_not_null() for box in boxes)
        ).to_series()
    return masks


def rows_of_form(
    file: Named,
    frame: pl.DataFrame,
    forms: Mapping[str, str],
    form: str,
    blocks: Mapping[str, pl.Series],
    *,
    mixed: bool = False,
) -> pl.Series:
    """True for the rows of one form: its own instances where it repeats, else the rows of the events that have it.

    SourceError when the form repeats in one event and not in another, since its rows then have two kinds of
    key; `mixed` takes both kinds.
    """
    instrument = column_or_null(frame, INSTRUMENT)
    rows = ~blocks[form]
    repeating = (instrument == form).fill_null(value=False)
    plain = rows & ~repeating & _filled(frame, forms, form)
    if not repeating.any():
        return rows
    if not plain.any():
        return rows & repeating
    if mixed:
        return rows
    event = column_or_null(frame, EVENT)
    raise file.error(
        f"form {form!r} repeats in {_events(event.filter(repeating))} and not in {_events(event.filter(plain))}, "
        "so its rows have no single key.",
        "Say `mixed: allow` at the table to take both kinds, or read it without `form` and choose rows with `where`.",
    )


def key_of(table: pl.DataFrame, record_id: str) -> tuple[str, ...]:
    """The columns whose values together name a row in the table of one form; a blank is a value among them.

    The record id (unless it was dropped as an identifier), the event where there are events, the instance where
    anything repeats, and the instrument only where some rows repeat and others do not.
    """

    def varies(name: str) -> bool:
        blank = table[name].null_count()
        return 0 < blank < table.height if name == INSTRUMENT else blank < table.height

    return tuple(
        name
        for name in (record_id, EVENT, INSTRUMENT, INSTANCE)
        if name in table.columns and (name in (record_id, EVENT) or varies(name))
    )


def repeated(frame: pl.DataFrame, key: Sequence[str]) -> list[tuple[int, ...]]:
    """Positions (from 0) of the rows that share a key, group by group in file order; the key may hold nulls."""
    groups = (
        frame.select(*key, pl.int_range(pl.len(), dtype=pl.Int64).alias(" row"))
        .group_by(list(key), maintain_order=True)
        .agg(" row")
        .filter(pl.col(" row").list.len() > 1)
    )
    return [tuple(rows) for rows in groups[" row"].to_list()]


def _events(names: pl.Series) -> str:
    shown = sorted(set(names.drop_nulls().to_list()))
    return ", ".join(shown[:3]) + (" ..." if len(shown) > 3 else "") if shown else "some rows"


def _filled(frame: pl.DataFrame, forms: Mapping[str, str], form: str) -> pl.Series:
    """True where any cell of the form, status included, has something."""
    own = [name for name, owner in forms.items() if owner == form and name in frame.columns]
    return frame.select(
        pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_not_null() for name in own))
    ).to_series()


def column_or_null(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column, or as many nulls where the frame has none of that name."""
    return frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, dtype=pl.String)
