"""SPSS .sav, .zsav and .por: user-missing codes and ranges become reasons, seconds since 1582 become dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from milkqc.model import Source
from milkqc.readers.encodings import ASSUMED, Basis, check_encoding
from milkqc.readers.files import File
from milkqc.readers.instants import Clock
from milkqc.readers.isolation import CHILD, Limits
from milkqc.readers.labelled import Dialect, Pulled, to_source
from milkqc.readers.options import ReadOptions
from milkqc.readers.registry import Format

# SPSS Statistics: dates are seconds since 14 October 1582, the day before the Gregorian calendar.
_SECONDS = Clock(date(1582, 10, 14), 86_400, date(1582, 10, 14))
_DATES = ("DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR")
_DATETIMES = ("DATETIME", "YMDHMS")


def read(file: File, options: ReadOptions) -> Source:
    """A Source from a .sav, .zsav or .por. TIME and DTIME are lengths of time and stay numbers of seconds."""
    head = file.head(1024)
    if b"ENCRYPTEDSAV" in head[:64]:
        raise file.error("is encrypted with a password.", "Open it in SPSS and save it without one.")
    encodings: tuple[str, ...] = ()
    basis: Basis = "declared"
    what = {"kind": "sav"}
    function = "milkqc.readers.pull:pull"
    if b"SPSSPORT" in head.replace(b"\r", b"").replace(b"\n", b""):
        # A portable file does not say how its text is encoded.
        function, what, encodings, basis = "milkqc.readers.portable:pull", {}, ASSUMED, "assumed"
    elif not head.startswith((b"$FL2", b"$FL3")):
        raise file.error("is not an SPSS file, whatever its name.", "Export it again, or say its `format:`.")
    if options.encoding is not None:
        encodings, basis = (check_encoding(file, options.encoding),), "option"
    answer = CHILD.call(
        file,
        function,
        {**what, "encodings": list(encodings), "max_cells": options.max_cells},
        limits=Limits.of(options),
    )
    pulled = Pulled.of(answer)
    # The only other hold on the columns, which are to go one by one.
    del answer
    return to_source(file, pulled, _DIALECT, basis=basis)


def _clock(display: str) -> Clock | None:
    name = display.rstrip("0123456789.")
    if name in _DATETIMES:
        return replace(_SECONDS, shows_time=True)
    return _SECONDS if name in _DATES else None


_DIALECT = Dialect("spss", _clock, padded=True)
FORMAT = Format("spss", (".por", ".sav", ".zsav"), read, isolated=("milkqc.readers.pull", "pyreadstat"))
