"""The keys that belong to a rule's kind, read from its entry: limits, sets, patterns, other columns, references."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from milkqc.checks.suites.bounds import BOUNDS, HARD
from milkqc.checks.suites.dataset_kinds import STATISTICS
from milkqc.checks.suites.kind import NUMBERS
from milkqc.checks.suites.kinds import Kind
from milkqc.checks.suites.pairs import DIRECTIONS, WORDS
from milkqc.checks.suites.parts import Parts
from milkqc.checks.suites.sums import IS
from milkqc.model import SEVERITIES
from milkqc.reference import Column

# Engines disagree about look-around, back references, what `$` and `\Z` end, possessive repetition, and which letters
# of other scripts \w, \d and \s stand for; without them a pattern means the same everywhere.
_CLASS = re.compile(r"\[\^?(?:\\.|[^\]\\])+\]")
_UNPORTABLE = re.compile(r"\(\?[^:]|\\[A-Za-z1-9]|[*+?}]\+|(?<!\\)[$^]")
# Inside a class: nested classes, set operations and named classes, which only some know.
_UNPORTABLE_CLASS = re.compile(r"(?<!\\)\[|&&|--|~~|\\[A-Za-z]")
_SHARES = {"share", "quantile", "max_distance"}
_CHOICES = {
    "is": tuple(WORDS),
    "direction": DIRECTIONS,
    "statistic": STATISTICS,
    "hard_severity": SEVERITIES,
}
_REFERENCES: Mapping[str, tuple[str, ...]] = {
    "normal": ("mean", "sd"),
    "lognormal": ("median", "gsd"),
    "percentiles": (),
}


class Arguments(Parts):
    """Reads the arguments of one entry."""

    def arguments(self, kind: Kind, columns: tuple[Column, ...]) -> dict[str, Any]:
        """The typed arguments of a kind about `columns`; whatever is wrong becomes a fault."""
        found: dict[str, Any] = {}
        for key in kind.needs:
            if key not in self.entry:
                self.fault(None, "R202", f"{kind.name} lacks {key}.", "Add it.")
        if kind.needs_one and not any(key in self.entry for key in kind.needs_one):
            self.fault(None, "R202", f"{kind.name} lacks {' or '.join(kind.needs_one)}.", "Add it.")
        if (
            len(kind.needs_one) == 2
            and all(key in self.entry for key in kind.needs_one)
            and "share" not in found
        ):
            one, other = kind.needs_one
            self.fault(other, "R205", f"{one} and {other} are given together.", "Keep one of them.")
        for key in kind.arguments:
            if key in self.entry and key not in {"columns", "within", "order", "other", "parts"}:
                if (kind.name, key) == ("sum_of", "tolerance"):
                    found |= self.tolerance(self.entry[key])
                else:
                    found[key] = self._argument(key, kind, columns[0] if columns else None)
        if kind.name == "sum_of" and columns:
            found["parts"] = self.parts(columns[0])
        self._limits(found)
        if "by" in self.entry:
            found["by"] = self._groups("by", self.entry["by"])
        if "min_n" in self.entry:
            found["min_n"] = self.count("min_n")
        return found

    def _argument(self, key: str, kind: Kind, column: Column | None) -> Any:
        value = self.entry[key]
        if key in _CHOICES:
            choices = tuple(IS) if kind.name == "sum_of" else _CHOICES[key]
            if value not in choices:
                code = "R204" if key == "hard_severity" else "R205"
                self.fault(key, code, f"{key} cannot be {value!r}.", f"Use one of {', '.join(choices)}.")
            return value
        if key in _SHARES:
            share = self.number(key, value)
            if share is not None and not 0 <= share <= 1:
                self.fault(key, "R205", f"a share lies between 0 and 1, not {value}.", "Write 0.2 for 20 %.")
            return share
        if key == "values":
            if not isinstance(value, list) or not value or column is None:
                self.fault(key, "R205", "values must be a list.", "Write `values: [a, b]`.")
                return ()
            return tuple(self.typed(key, item, column) for item in value)
        if key == "pattern":
            return self._pattern(value)
        if key == "strict":
            if value not in {"true", "false"}:
                self.fault(key, "R205", f"strict is true or false, not {value!r}.", "Write true or false.")
            return value == "true"
        if key == "between":
            return self._groups(key, value)
        if key == "reference":
            return self._reference(value)
        dated = column is not None and column.type == "date" and kind.level == "row"
        if dated and key in {*BOUNDS, *HARD} and column is not None:
            return self.typed(key, value, column)
        number = self.number(key, value)
        if number is not None and (
            (key == "factor" and number == 0)
            or (key in {"tolerance", "max_difference"} and number < 0)
            or (key == "max_ratio" and number < 1)
        ):
            least = {"factor": "not 0", "max_ratio": "at least 1"}.get(key, "not negative")
            self.fault(key, "R205", f"{key} must be {least}.", "Correct it.")
        return number

    def _pattern(self, value: Any) -> str:
        try:
            re.compile(str(value))
        except re.error as error:
            self.fault("pattern", "R205", f"the pattern cannot be read: {error}.", "Correct it.")
        classes, outside = _CLASS.findall(str(value)), _CLASS.sub("x", str(value))
        if _UNPORTABLE.search(outside) or any(_UNPORTABLE_CLASS.search(one[1:]) for one in classes):
            self.fault(
                "pattern",
                "R205",
                "look-around, back references, anchors and classes like \\w or \\d differ between engines.",
                "Do without, with [0-9] or [A-Za-z]; the whole text must match.",
            )
        return str(value)

    def _limits(self, found: dict[str, Any]) -> None:
        for one, other in (("min", "above"), ("max", "below")):
            if one in found and other in found:
                self.fault(other, "R205", f"{one} and {other} are given together.", "Keep one of them.")
        low = found.get("min", found.get("above"))
        high = found.get("max", found.get("below"))
        if low is not None and high is not None and low > high:
            self.fault(None, "R205", "the lower limit is above the upper one.", "Exchange them.")
        for key, soft in (("hard_min", low), ("hard_max", high)):
            hard = found.get(key)
            inside = (
                soft is not None and hard is not None and (hard > soft if key == "hard_min" else hard < soft)
            )
            if hard is not None and (soft is None or inside):
                self.fault(
                    key, "R205", f"{key} is not beyond a limit of this side.", "Give the soft limit too."
                )
        if "hard_severity" in found and not any(key in found for key in HARD):
            self.fault("hard_severity", "R202", "hard_severity lacks hard_min or hard_max.", "Add one.")

    def _groups(self, key: str, value: Any) -> Any:
        names = value if isinstance(value, list) else [value]
        if not names:
            self.fault(key, "R205", f"{key} names no column.", "Name one, or leave it out.")
        for name in names:
            # `by: site` means the participant's site where the table has none of its own.
            if self.known(name) is None and self.known(f"participant_{name}") is None:
                self.no_column(key, name)
        if key == "between" and isinstance(value, list):
            self.fault(key, "R205", "between is one column.", "Use `by` for the others.")
        return tuple(names) if isinstance(value, list) else value

    def _reference(self, value: Any) -> dict[str, dict[Any, float]]:
        kinds = ", ".join(_REFERENCES)
        if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in _REFERENCES:
            self.fault("reference", "R205", "a reference is one distribution.", f"Use one of {kinds}.")
            return {}
        ((kind, said),) = value.items()
        wanted = _REFERENCES[kind]
        if not isinstance(said, Mapping) or not said or (wanted and set(said) != set(wanted)):
            told = " and ".join(wanted) or "percentiles and values"
            self.fault("reference", "R205", f"{kind} needs {told}.", "See docs/checks.md.")
            return {}
        numbers = {key: self.number("reference", text) for key, text in said.items()}
        if any(number is None for number in numbers.values()):
            return {}
        if kind == "percentiles":
            points = {self.number("reference", key): number for key, number in numbers.items()}
            ordered = [points[key] for key in sorted(key for key in points if key is not None)]
            if any(key is None or not 0 < key < 100 for key in points) or ordered != sorted(ordered):  # type: ignore[type-var]
                self.fault(
                    "reference", "R205", "percentiles lie between 0 and 100 and rise.", "Correct them."
                )
            return {kind: {key: points[key] for key in sorted(points)}}  # type: ignore[type-var,misc]
        bad = {"sd": 0, "median": 0, "gsd": 1}
        for key, number in numbers.items():
            if key in bad and number is not None and number <= bad[key]:
                self.fault("reference", "R205", f"{key} must be above {bad[key]}.", "Correct it.")
        return {kind: numbers}  # type: ignore[dict-item]

    def others(self, kind: Kind, column: Column | None) -> tuple[str, ...]:
        """The further columns of a kind with several: the other one; the order and the groups; the parts."""
        if column is None:
            return ()
        if kind.name == "sum_of":
            given = self.entry.get("parts")
            return (
                () if self.of_analytes() or not isinstance(given, list | Mapping) else tuple(map(str, given))
            )
        if kind.name == "compare_columns":
            other = self._column_named("other")
            if other is not None:
                self._comparable(column, other)
            return (str(self.entry["other"]),) if other is not None else ()
        if kind.name == "monotone":
            order = self._column_named("order")
            if order is not None and order.type not in {"number", "integer", "date"}:
                self.fault("order", "R205", f"{order.column} ({order.type}) has no order.", "Choose another.")
            if self.entry.get("strict") == "true" and "tolerance" in self.entry:
                self.fault("tolerance", "R205", "strict leaves no tolerance.", "Keep one of them.")
            default = "infant_id" if self.table in {"growth", "participants"} else "participant_id"
            within = self.entry.get("within", default)
            names = within if isinstance(within, list) else [within]
            found = [self.known(name) for name in names]
            for name, one in zip(names, found, strict=True):
                if one is None:
                    self.no_column("within", name)
            return (str(self.entry.get("order")), *map(str, names))
        return ()

    def _column_named(self, key: str) -> Column | None:
        name = self.entry.get(key)
        if name is None:
            return None  # said already: the key is missing
        column = self.known(name)
        if column is None:
            self.no_column(key, name)
        return column

    def _comparable(self, column: Column, other: Column) -> None:
        text = {"text", "enum"}
        same = (
            column.type == other.type
            or {column.type, other.type} <= NUMBERS
            or {column.type, other.type} <= text
        )
        if not same:
            self.fault(
                "other",
                "R205",
                f"{column.column} ({column.type}) cannot be compared with {other.column} ({other.type}).",
                "Choose columns of one type.",
            )
        unordered = column.type in text | {"boolean"}
        if unordered and self.entry.get("is") not in {"equal", "different", None}:
            self.fault(
                "is", "R205", f"{column.column} ({column.type}) has no order.", "Use equal or different."
            )
        for key in ("factor", "offset", "tolerance"):
            if key in self.entry and (unordered or (key == "factor" and column.type == "date")):
                self.fault(key, "R205", f"{column.column} ({column.type}) takes no {key}.", "Remove it.")
        if self.entry.get("is") == "different" and "tolerance" in self.entry:
            self.fault("tolerance", "R205", "different leaves no tolerance.", "Remove it.")
        if same and column.unit != other.unit and column.type in NUMBERS and "factor" not in self.entry:
            self.fault(
                "other",
                "R206",
                f"{column.column} is in {column.unit or 'no unit'}, {other.column} in {other.unit or 'no unit'}.",
                "Give the factor between them.",
            )
