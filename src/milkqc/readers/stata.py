"""Stata .dta: tagged missings with their labels, dates from raw numbers, old encodings told apart."""

from __future__ import annotations

from datetime import date

from milkqc.model import Source
from milkqc.readers.encodings import ASSUMED, Basis, check_encoding
from milkqc.readers.files import File
from milkqc.readers.instants import Clock
from milkqc.readers.isolation import CHILD, Limits
from milkqc.readers.labelled import Dialect, Pulled, to_source
from milkqc.readers.options import ReadOptions
from milkqc.readers.registry import Format
from milkqc.readers.stata_layout import MODERN, OLD, version_of

# Stata's help for datetime: %td from 01jan0100 to 31dec9999, counted from 01jan1960.
_DAYS = Clock(date(1960, 1, 1), 1, date(100, 1, 1))
_MILLISECONDS = Clock(date(1960, 1, 1), 86_400_000, date(100, 1, 1), shows_time=True)


def read(file: File, options: ReadOptions) -> Source:
    """A Source from a .dta of any version since Stata 4.

    %td and %d are days, %tc milliseconds. %tC (leap seconds), %tw, %tm, %tq, %th, %ty and %tb stay numbers with
    their format: a month is not its first day.
    """
    version = _version(file)
    # From 118 on all text is UTF-8; before, the file does not say, and readers take CP1252 for granted.
    encodings: tuple[str, ...] = ("utf-8",) if version >= 118 else ASSUMED
    basis: Basis = "declared" if version >= 118 else "assumed"
    if options.encoding is not None:
        encodings, basis = (check_encoding(file, options.encoding),), "option"
    answer = CHILD.call(
        file,
        "milkqc.readers.stata_pull:pull",
        {"encodings": list(encodings), "max_cells": options.max_cells},
        limits=Limits.of(options),
    )
    pulled = Pulled.of(answer)
    # The only other hold on the columns, which are to go one by one.
    del answer
    return to_source(file, pulled, _DIALECT, basis=basis, notes=(f"Stata format {version}",))


def _version(file: File) -> int:
    version = version_of(file.head(64))
    if version is None:
        raise file.error("is not a Stata file, whatever its name.", "Export it again, or say its `format:`.")
    if version not in (*OLD, *MODERN):
        raise file.error(
            f"is written in Stata format {version}, which milkqc does not know.",
            "Save it by Stata's `saveold`, or as another format.",
        )
    if version in MODERN and not file.tail(12).endswith(b"</stata_dta>"):
        raise file.error("is cut off: its end mark is missing.", "Export or copy it again.")
    return version


def _clock(display: str) -> Clock | None:
    """`%td`, `%tdD_m_Y`, old `%d`; `%tc` but not `%tC`. A minus sign only aligns."""
    plain = display.replace("%-", "%", 1)
    if plain.startswith(("%td", "%d")):
        return _DAYS
    return _MILLISECONDS if plain.startswith("%tc") else None


_DIALECT = Dialect("stata", _clock, padded=False)
FORMAT = Format("stata", (".dta",), read, isolated=("milkqc.readers.stata_pull",))
