"""A flat REDCap export is a block matrix: which rows belong to which form, and which blanks are no data at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from milkqc.readers.files import File

_INSTRUMENT, _EVENT = "redcap_repeat_instrument", "redcap_event_name"


def structural(frame: pl.DataFrame, forms: Mapping[str, str]) -> dict[str, pl.Series]:
    """For each form, true in the rows where a blank cell of it is missing by structure.

    A row of a repeating instrument holds no other form; a form that repeats in an event has its rows there
    and not in the event's plain row; an event in which a form is blank throughout, its status included, does
    not have that form.
    """
    height = frame.height
    instrument = _column(frame, _INSTRUMENT)
    event = _column(frame, _EVENT).fill_null("")
    blocks = {}
    for form in sorted({name for name in forms.values() if name}):
        facts = pl.DataFrame(
            {"instrument": instrument, "event": event, "filled": _filled(frame, forms, form)}, height=height
        )
        own = pl.col("instrument") == form
        blocks[form] = facts.select(
            pl.when(pl.col("instrument").is_not_null())
            .then(pl.col("instrument") != form)
            .otherwise(own.fill_null(value=False).any().over("event") | ~pl.col("filled").any().over("event"))
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
    file: File, frame: pl.DataFrame, forms: Mapping[str, str], form: str, blocks: Mapping[str, pl.Series]
) -> pl.Series:
    """True for the rows of one form.

    SourceError when the form repeats in one event and not in another: its rows would have two keys.
    """
    instrument = _column(frame, _INSTRUMENT)
    rows = ~blocks[form]
    repeating = (instrument == form).fill_null(value=False)
    plain = rows & ~repeating & _filled(frame, forms, form)
    if repeating.any() and plain.any():
        raise file.error(
            f"form {form!r} repeats in some events and not in others, so its rows have no single key.",
            "Read the project without `form`, and choose rows with `where`.",
        )
    return rows & repeating if repeating.any() else rows


def _filled(frame: pl.DataFrame, forms: Mapping[str, str], form: str) -> pl.Series:
    """True where any cell of the form, status included, has something."""
    own = [name for name, owner in forms.items() if owner == form]
    return frame.select(
        pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_not_null() for name in own))
    ).to_series()


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    return frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, dtype=pl.String)
