"""Stata .dta: tagged missings with their labels, dates from raw numbers, old encodings told apart."""

from __future__ import annotations

import re
from datetime import date

from milkqc.model import Source
from milkqc.readers.encodings import ASSUMED, Basis, check_encoding
from milkqc.readers.files import File
from milkqc.readers.instants import Clock
from milkqc.readers.isolation import CHILD
from milkqc.readers.labelled import Dialect, to_source
from milkqc.readers.options import ReadOptions
from milkqc.readers.registry import Format

# Stata's help for datetime: %td from 01jan0100 to 31dec9999, counted from 01jan1960.
_DAYS = Clock(date(1960, 1, 1), 1, date(100, 1, 1))
_MILLISECONDS = Clock(date(1960, 1, 1), 86_400_000, date(100, 1, 1), shows_time=True)
# First byte of formats 104 to 115, followed by the byte order.
_OLD = {104, 105, 108, 110, 111, 112, 113, 114, 115}


def read(file: File, options: ReadOptions) -> Source:
    """A Source from a .dta of any version since Stata 4.

    %td and %d are days, %tc milliseconds. %tC (leap seconds), %tw, %tm, %tq, %th, %ty and %tb stay numbers with
    their format: a month is not its first day.
    """
    version = _version(file)
    encodings: tuple[str, ...] = ()
    basis: Basis = "declared"
    if options.encoding is not None:
        encodings, basis = (check_encoding(file, options.encoding),), "option"
    elif version <= 117:
        # These versions do not say how their text is encoded, and ReadStat would take CP1252 for granted.
        encodings, basis = ASSUMED, "assumed"
    pulled = CHILD.pull(file, "dta", encodings=encodings, max_cells=options.max_cells)
    return to_source(file, pulled, _DIALECT, basis=basis, notes=(f"Stata format {version}",))


def _version(file: File) -> int:
    head = file.head(64)
    modern = re.match(rb"<stata_dta><header><release>([0-9]{3})</release>", head)
    if modern:
        if not file.tail(12).endswith(b"</stata_dta>"):
            raise file.error("is cut off: its end mark is missing.", "Export or copy it again.")
        return int(modern[1])
    if len(head) > 2 and head[0] in _OLD and head[1] in (1, 2):
        return head[0]
    raise file.error("is not a Stata file, whatever its name.", "Export it again, or say its `format:`.")


def _clock(display: str) -> Clock | None:
    """`%td`, `%tdD_m_Y`, old `%d`; `%tc` but not `%tC`. A minus sign only aligns."""
    plain = display.replace("%-", "%", 1)
    if plain.startswith(("%td", "%d")):
        return _DAYS
    return _MILLISECONDS if plain.startswith("%tc") else None


_DIALECT = Dialect("stata", _clock, padded=False)
FORMAT = Format("stata", (".dta",), read)
