"""The texts of a rule's entry read as values: numbers, dates and codes, by the data dictionary."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any

from milkqc import yamlfile
from milkqc.checks.views import AGE_GROUP, AGE_GROUPS, MEASURED_BY
from milkqc.errors import Fault
from milkqc.reference import Column, dictionary

_PREFIX = "participant_"


def meant(name: Any, known: Iterable[str], otherwise: str) -> str:
    """`Did you mean zinc or iron?`, of what is `known`; `otherwise` where nothing is near."""
    close = difflib.get_close_matches(str(name), list(known), n=2, cutoff=0.6)
    return f"Did you mean {' or '.join(close)}?" if close else otherwise


class Texts:
    """One entry of a rule file; whatever cannot be read becomes a fault at its line."""

    def __init__(
        self,
        document: yamlfile.Document,
        path: tuple[str | int, ...],
        entry: Mapping[str, Any],
        table: str,
        units: Mapping[str, str],
        defaults: Mapping[str, str] | None = None,
    ):
        self.document, self.path, self.entry, self.table, self.units = document, path, entry, table, units
        self.defaults = defaults or {}
        self.faults: list[Fault] = []

    def fault(self, key: str | tuple[str | int, ...] | None, code: str, what: str, todo: str) -> None:
        """Note what is wrong, at the line of `key`, of what stands deeper in the entry, or of the entry."""
        inside = () if key is None else (key,) if isinstance(key, str) else key
        line = self.document.line((*self.path, *inside))
        where = str(self.entry.get("id") or "")
        self.faults.append(Fault(self.document.name, line, code, where, what, todo))

    def no_column(self, key: str | tuple[str | int, ...], name: Any) -> None:
        """Note a column that the table does not have, with the ones that were perhaps meant."""
        own = [column for table, column in dictionary() if table == self.table]
        theirs = [f"{_PREFIX}{column}" for table, column in dictionary() if table == "participants"]
        self.fault(
            key,
            "R203",
            f"{self.table} has no column {name!r}.",
            meant(name, [*own, *theirs], "See the data dictionary."),
        )

    def no_analyte(self, key: str | tuple[str | int, ...], name: Any) -> None:
        """Note an analyte that nobody knows, with the ones that were perhaps meant."""
        self.fault(key, "R203", f"unknown analyte {name!r}.", meant(name, self.units, "See analytes.csv."))

    def known(self, name: Any) -> Column | None:
        """A column of the table, of its participant by the prefix, or one that only the view has."""
        own = dictionary().get((self.table, str(name)))
        if (self.table, name) == ("growth", AGE_GROUP):
            return Column(
                "growth", AGE_GROUP, "enum", "", AGE_GROUPS, False, None, None, "Age group", "derived"
            )
        if (self.table, name) == ("growth", MEASURED_BY):
            return Column("growth", MEASURED_BY, "text", "", (), True, None, None, "Measured by", "derived")
        if own is None and str(name).startswith(_PREFIX):
            return dictionary().get(("participants", str(name).removeprefix(_PREFIX)))
        return own

    def typed(self, key: str, text: Any, column: Column) -> Any:
        """The text of one value in the type of its column."""
        if not isinstance(text, str):
            self.fault(key, "R205", f"{column.column} cannot be empty or nested here.", "Write one value.")
            return None
        if column.type == "number":
            return self.number(key, text)
        if column.type == "integer":
            number = self.number(key, text)
            if number is not None and not number.is_integer():
                self.fault(key, "R205", f"{column.column} is a whole number, not {text!r}.", "Write one.")
            return None if number is None else int(number)
        if column.type == "date":
            try:
                return dt.date.fromisoformat(text)
            except ValueError:
                self.fault(key, "R205", f"{text!r} is no date.", "Write it as 2024-05-31.")
        if column.type == "boolean":
            if text not in {"true", "false"}:
                self.fault(
                    key, "R205", f"{column.column} is true or false, not {text!r}.", "Write true or false."
                )
            return text == "true"
        if column.type == "enum" and text not in column.codes:
            codes = ", ".join(column.codes)
            self.fault(key, "R205", f"{column.column} has no code {text!r}.", f"Use one of {codes}.")
        return text

    def number(self, key: str | tuple[str | int, ...], text: Any) -> float | None:
        """A finite number; None, with a fault, for anything else."""
        try:
            number = float(str(text))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fault(key, "R205", f"{text!r} is no number.", "Write it with a decimal point.")
            return None
        return number

    def count(self, key: str) -> int:
        """The whole number under `key`; 0, with a fault, for anything else."""
        text = str(self.entry[key])
        if not text.isdecimal():
            self.fault(key, "R205", f"{text!r} is no count.", "Write a whole number.")
            return 0
        return int(text)
