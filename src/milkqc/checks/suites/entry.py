"""One entry of a rule file, typed by the data dictionary into a Rule; whatever is wrong becomes a fault."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Any

from milkqc.checks.suites.kinds import BOUNDS, KINDS, Kind
from milkqc.checks.suites.texts import Texts
from milkqc.findings import FINDINGS_SCHEMA
from milkqc.model import SEVERITIES, Rule
from milkqc.reference import Column, dictionary

# What to do about a finding, for the site and for an analyst.
GUIDANCE = ("site", "analyst")
_COMMON = (
    "id",
    "table",
    "expect",
    "column",
    "when",
    "unit",
    "severity",
    "says",
    "source",
    "examples",
    *GUIDANCE,
)
_DATASET = ("by", "min_n")
_REQUIRED = ("id", "expect", "severity", "says", "source")
_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+){1,4}")
# Engines disagree about look-around and back references; without them a pattern means the same everywhere.
_UNPORTABLE = re.compile(r"\(\?[=!<P]|\\[1-9AZzbB]")
_RESULTS = {"milk", "biomarkers"}


class Reader(Texts):
    """Reads one entry. `rule()` gives the Rule, or None when `faults` say why not."""

    def rule(self) -> Rule | None:
        """The Rule, or None with `faults`."""
        for key in _REQUIRED:
            if not isinstance(self.entry.get(key), str):
                self.fault(
                    None,
                    "R202",
                    f"the key {key} is missing.",
                    "Every rule says " + ", ".join(_REQUIRED) + ".",
                )
        kind = self._kind()
        if kind is None:
            return None
        self._keys(kind)
        column = self._column(kind)
        when = self._when()
        arguments = self._arguments(kind, column)
        self._unit(column, when)
        self._words()
        for key in GUIDANCE:
            if key in self.entry and not isinstance(self.entry[key], str):
                self.fault(key, "R205", f"{key} must be a sentence.", "Write what to do about a finding.")
        examples = self._examples(kind, column)
        if self.faults:
            return None
        unit = self.entry.get("unit") or self._canonical(column, when)
        return Rule(
            id=self.entry["id"],
            table=self.table,
            expect=kind.name,
            columns=(column.column,) if column else (),
            severity=self.entry["severity"],
            says=" ".join(self.entry["says"].split()),
            source=" ".join(self.entry["source"].split()),
            when=when,
            arguments={**arguments, "unit": unit or ""},
            level=kind.level,
            examples=examples,
            file=self.document.name,
            line=self.document.line(self.path),
            **self._guidance(),
        )

    def _guidance(self) -> dict[str, str]:
        """`site` and `analyst`: the entry's own, else the file's defaults."""
        said = {**self.defaults, **{key: self.entry[key] for key in GUIDANCE if key in self.entry}}
        return {key: " ".join(text.split()) for key, text in said.items()}

    def _kind(self) -> Kind | None:
        name = self.entry.get("expect")
        if name is None:
            return None
        if name not in KINDS:
            self.fault("expect", "R204", f"unknown kind {name!r}.", f"Use one of {', '.join(KINDS)}.")
            return None
        return KINDS[name]

    def _keys(self, kind: Kind) -> None:
        allowed = {*_COMMON, *kind.arguments, *(_DATASET if kind.level == "dataset" else ())}
        for key in self.entry:
            if key not in allowed:
                self.fault(
                    key, "R201", f"unknown key {key!r} for {kind.name}.", f"Use {', '.join(sorted(allowed))}."
                )
        severity = self.entry.get("severity")
        if severity is not None and severity not in SEVERITIES:
            self.fault(
                "severity", "R204", f"unknown severity {severity!r}.", f"Use one of {', '.join(SEVERITIES)}."
            )
        name = self.entry.get("id")
        if isinstance(name, str) and not (_ID.fullmatch(name) and name.startswith(f"{self.table}.")):
            self.fault(
                "id",
                "R207",
                f"the id {name!r} is badly formed.",
                f"Write it in lower case with dots, the table first: {self.table}.subject.what.",
            )

    def _column(self, kind: Kind) -> Column | None:
        name = self.entry.get("column")
        if not kind.types:
            if name is not None:
                self.fault("column", "R201", f"{kind.name} takes no column.", "Remove it.")
            return None
        if name is None:
            self.fault(None, "R202", "the key column is missing.", f"{kind.name} needs one.")
            return None
        column = dictionary().get((self.table, str(name)))
        if column is None:
            self.fault("column", "R203", f"{self.table} has no column {name!r}.", "See the data dictionary.")
        elif column.type not in kind.types:
            self.fault(
                "column", "R205", f"{kind.name} cannot judge {name} ({column.type}).", "Choose another kind."
            )
        elif kind.name == "share_censored_at_most" and (self.table not in _RESULTS or name != "value"):
            self.fault(
                "column", "R205", "only value in milk and biomarkers is censored.", "Use `column: value`."
            )
        return column

    def _when(self) -> dict[str, Any]:
        given = self.entry.get("when")
        if given is None:
            return {}
        if not isinstance(given, dict):
            self.fault("when", "R205", "when must be columns and values.", "Write `when: {column: value}`.")
            return {}
        when: dict[str, Any] = {}
        for name, wanted in given.items():
            column = self.known(name)
            if column is None:
                self.fault(
                    "when", "R203", f"{self.table} has no column {name!r}.", "See the data dictionary."
                )
                continue
            values = [
                self.typed("when", item, column)
                for item in (wanted if isinstance(wanted, list) else [wanted])
            ]
            if name == "analyte":
                for value in values:
                    if value not in self.units:
                        self.fault("when", "R203", f"unknown analyte {value!r}.", "See analytes.csv.")
            when[name] = tuple(values) if isinstance(wanted, list) else values[0]
        return when

    def _arguments(self, kind: Kind, column: Column | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if kind.needs_one and not any(key in self.entry for key in kind.needs_one):
            self.fault(None, "R202", f"{kind.name} lacks {' or '.join(kind.needs_one)}.", "Add it.")
        for key in kind.arguments:
            if key in self.entry:
                found[key] = self._argument(key, column)
        for one, other in (("min", "above"), ("max", "below")):
            if one in found and other in found:
                self.fault(other, "R205", f"{one} and {other} are given together.", "Keep one of them.")
        bounds = [found[key] for key in BOUNDS if found.get(key) is not None]
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            self.fault(None, "R205", "the lower limit is above the upper one.", "Exchange them.")
        if "by" in self.entry:
            by = self.entry["by"]
            found["by"] = by
            # `by: site` means the participant's site where the table has none of its own.
            if self.known(by) is None and self.known(f"participant_{by}") is None:
                self.fault("by", "R203", f"{self.table} has no column {by!r}.", "See the data dictionary.")
        if "min_n" in self.entry:
            found["min_n"] = self.count("min_n")
        return found

    def _argument(self, key: str, column: Column | None) -> Any:
        value = self.entry[key]
        if key == "values":
            if not isinstance(value, list) or not value or column is None:
                self.fault(key, "R205", "values must be a list.", "Write `values: [a, b]`.")
                return ()
            return tuple(self.typed(key, item, column) for item in value)
        if key == "pattern":
            try:
                re.compile(str(value))
            except re.error as error:
                self.fault(key, "R205", f"the pattern cannot be read: {error}.", "Correct it.")
            if _UNPORTABLE.search(str(value)):
                self.fault(
                    key,
                    "R205",
                    "look-around, back references and anchors differ between engines.",
                    "Do without; the whole text must match.",
                )
            return str(value)
        if key == "share":
            share = self.number(key, value)
            if share is not None and not 0 <= share <= 1:
                self.fault(key, "R205", f"a share lies between 0 and 1, not {value}.", "Write 0.2 for 20 %.")
            return share
        if column is not None and column.type == "date":
            return self.typed(key, value, column)
        return self.number(key, value)

    def _canonical(self, column: Column | None, when: Mapping[str, Any]) -> str:
        """The unit that the values have: the dictionary's, or the analyte's where the rule is about one."""
        if column is None:
            return ""
        if column.unit == "by analyte":
            analyte = when.get("analyte")
            units = {
                self.units.get(item, "")
                for item in (analyte if isinstance(analyte, tuple) else (analyte,))
                if item
            }
            return units.pop() if len(units) == 1 else ""
        return "" if column.unit in {"1", "{z}"} else column.unit or ""

    def _unit(self, column: Column | None, when: Mapping[str, Any]) -> None:
        given, known = self.entry.get("unit"), self._canonical(column, when)
        if self.faults and not known:
            return  # of an unknown analyte or column nobody knows the unit
        if given is not None and column is not None and given != known:
            self.fault(
                "unit",
                "R206",
                f"{column.column} is in {known or 'no single unit'}, not {given!r}.",
                "Rules judge canonical values: convert the limits, or leave out unit.",
            )

    def _words(self) -> None:
        try:
            fields = [
                name
                for _, name, _, _ in string.Formatter().parse(str(self.entry.get("says")))
                if name is not None
            ]
        except ValueError:
            self.fault("says", "R205", "a brace in the sentence is not closed.", "Write {{ for a brace.")
            return
        for name in fields:
            if name not in FINDINGS_SCHEMA:
                self.fault(
                    "says",
                    "R205",
                    f"findings have no field {{{name}}}.",
                    "Use {value}, {expected}, {unit} or {n_rows}.",
                )

    def _examples(self, kind: Kind, column: Column | None) -> dict[str, Any]:
        given = self.entry.get("examples")
        if given is None:
            if kind.level == "row":
                self.fault(
                    None, "R208", "the rule has no examples.", "Write `examples: {pass: [...], fail: [...]}`."
                )
            return {}
        if not isinstance(given, dict) or set(given) != {"pass", "fail"}:
            self.fault("examples", "R208", "examples hold pass and fail.", "Write both, each with a list.")
            return {}
        found: dict[str, Any] = {}
        for side, values in given.items():
            if not isinstance(values, list) or not values:
                self.fault("examples", "R208", f"{side} has no examples.", "Write at least one value.")
                continue
            # A dataset kind's examples are figures (a median, a share, a count), not values of the column.
            if kind.level == "dataset":
                found[side] = tuple(self.number("examples", item) for item in values)
            elif column is not None:
                found[side] = tuple(
                    None if item is None else self.typed("examples", item, column) for item in values
                )
        return found
