"""The keys of `sum_of` read from its entry: the parts with their weights, and the tolerance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from milkqc.checks.suites.kind import NUMBERS
from milkqc.checks.suites.whens import Whens
from milkqc.reference import Column


class Parts(Whens):
    """Reads the parts of one total."""

    def of_analytes(self) -> bool:
        """Whether the total is a result of a long table, so that its parts are analytes of the same sample."""
        return self.entry.get("column") == "value" and self.known("analyte") is not None

    def tolerance(self, text: Any) -> dict[str, float]:
        """`tolerance` as it is, or as a share of the sum (`2%`) under `tolerance_share`."""
        relative = isinstance(text, str) and text.rstrip().endswith("%")
        number = self.number("tolerance", text.rstrip()[:-1] if relative else text)
        if number is None:
            return {}
        if number < 0:
            self.fault("tolerance", "R205", "tolerance must be not negative.", "Correct it.")
        return {"tolerance_share": number / 100} if relative else {"tolerance": number}

    def parts(self, total: Column) -> dict[str, float]:
        """The parts with their weights, in their order; what is wrong with them becomes faults."""
        given = self.entry.get("parts")
        if given is None:
            return {}  # said already: the key is missing
        if not isinstance(given, list | Mapping) or not given:
            self.fault(
                "parts", "R205", "parts are a list, or names with weights.", "Write `parts: {a: 1, b: 0.5}`."
            )
            return {}
        analyte = self._total_analyte() if self.of_analytes() else None
        found: dict[str, float] = {}
        for place, name, text in _listed(given):
            where = ("parts", place)
            weight = 1.0 if text is None else self.number(where, text)
            if not isinstance(name, str):
                self.fault(where, "R205", "a part is a name.", "Write `parts: {a: 1, b: 0.5}`.")
                continue
            if name in found:
                self.fault(where, "R205", f"the part {name} is given twice.", "Keep one, with its weight.")
            if name == (analyte if self.of_analytes() else total.column):
                self.fault(where, "R205", f"{name} is the total, no part of it.", "Leave it out.")
            elif weight == 0:
                self.fault(where, "R205", f"the weight of {name} is 0.", "Leave the part out.")
            else:
                self._part(where, name, weight, total, analyte)
            found[name] = weight or 1.0
        return found

    def _total_analyte(self) -> str | None:
        named = self.entry.get("when")
        analyte = named.get("analyte") if isinstance(named, Mapping) else None
        if not isinstance(analyte, str):
            self.fault(
                "when",
                "R205",
                "the total is one analyte, and none is named.",
                "Write `when: {analyte: NAME}`; its parts are analytes of the same sample.",
            )
            return None
        return analyte

    def _part(
        self,
        where: tuple[str | int, ...],
        name: str,
        weight: float | None,
        total: Column,
        analyte: str | None,
    ) -> None:
        if self.of_analytes():
            if name not in self.units:
                self.no_analyte(where, name)
            elif analyte in self.units:
                self._in_unit(
                    where, weight, (str(analyte), self.units[str(analyte)]), (name, self.units[name])
                )
            return
        column = self.known(name)
        if column is None:
            self.no_column(where, name)
        elif column.type not in NUMBERS:
            self.fault(where, "R205", f"{name} ({column.type}) is no number.", "Choose another column.")
        elif column.unit == "by analyte":
            self.fault(where, "R205", f"{name} has the unit of its analyte.", "Choose another column.")
        else:
            self._in_unit(where, weight, (total.column, total.unit), (name, column.unit))

    def _in_unit(
        self,
        where: tuple[str | int, ...],
        weight: float | None,
        total: tuple[str, str],
        part: tuple[str, str],
    ) -> None:
        """A part in another unit than the total must have a weight that converts it, which 1 never does."""
        if total[1] != part[1] and weight in {1.0, -1.0}:
            self.fault(
                where,
                "R206",
                f"{total[0]} is in {total[1] or 'no unit'}, {part[0]} in {part[1] or 'no unit'}.",
                "Give it the weight that converts it.",
            )


def _listed(given: Any) -> Iterator[tuple[str | int, Any, Any]]:
    """Where each part stands, its name and the text of its weight (None: 1)."""
    if isinstance(given, Mapping):
        yield from ((name, name, weight if weight is not None else "") for name, weight in given.items())
    else:
        yield from ((place, name, None) for place, name in enumerate(given))
