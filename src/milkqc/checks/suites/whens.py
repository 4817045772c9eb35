"""`when` read from a rule's entry: columns, values and comparisons typed by the dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milkqc.checks.suites.bounds import BOUNDS
from milkqc.checks.suites.conditions import ALTERNATIVES, COMPARISONS
from milkqc.checks.suites.texts import Texts
from milkqc.reference import Column

_ORDERED = {"number", "integer", "date"}


class Whens(Texts):
    """Reads the conditions of one entry."""

    def when(self) -> dict[str, Any]:
        """The entry's `when`, typed; empty without one."""
        given = self.entry.get("when")
        return {} if given is None else self._condition(given)

    def _condition(self, given: Any) -> dict[str, Any]:
        if not isinstance(given, Mapping) or not given:
            self.fault("when", "R205", "when must be columns and values.", "Write `when: {column: value}`.")
            return {}
        found: dict[str, Any] = {}
        for name, wanted in given.items():
            if name in ALTERNATIVES:
                found[name] = self._alternatives(name, wanted)
                continue
            column = self.known(name)
            if column is None:
                self.no_column("when", name)
                continue
            found[name] = self._leaf(name, wanted, column)
        return found

    def _alternatives(self, name: str, wanted: Any) -> tuple[dict[str, Any], ...]:
        if not isinstance(wanted, list) or not wanted:
            self.fault("when", "R205", f"{name} must be a list.", f"Write `{name}: [{{a: 1}}, {{b: 2}}]`.")
            return ()
        return tuple(self._condition(one) for one in wanted)

    def _leaf(self, name: str, wanted: Any, column: Column) -> Any:
        if isinstance(wanted, Mapping):
            return self._comparison(name, wanted, column)
        if wanted == []:
            self.fault("when", "R205", f"{name} has an empty list.", "Write the values that must hold.")
        values = tuple(
            self._value(item, column) for item in (wanted if isinstance(wanted, list) else [wanted])
        )
        return values if isinstance(wanted, list) else values[0]

    def _comparison(self, name: str, wanted: Mapping[str, Any], column: Column) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if not wanted:
            self.fault("when", "R205", f"{name} is compared with nothing.", "Write `{min: 1}`.")
        for word, value in wanted.items():
            if word not in COMPARISONS:
                self.fault(
                    "when", "R201", f"unknown comparison {word!r}.", f"Use one of {', '.join(COMPARISONS)}."
                )
            elif word == "missing":
                if value not in {"true", "false"}:
                    self.fault("when", "R205", f"missing is true or false, not {value!r}.", "Write one.")
                found[word] = value == "true"
            elif word in BOUNDS:
                if column.type not in _ORDERED:
                    self.fault("when", "R205", f"{name} ({column.type}) has no order.", "Use a list or not.")
                    continue
                found[word] = self.typed("when", value, column)
            elif isinstance(value, list) and value:
                found[word] = tuple(self._value(item, column) for item in value)
            else:
                found[word] = self._value(value, column)
        return found

    def _value(self, item: Any, column: Column) -> Any:
        value = self.typed("when", item, column)
        if column.column == "analyte" and value is not None and value not in self.units:
            self.no_analyte("when", value)
        return value
