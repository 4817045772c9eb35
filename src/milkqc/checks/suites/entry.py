"""One entry of a rule file, typed by the data dictionary into a Rule; whatever is wrong becomes a fault."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Any

from milkqc.checks.suites.arguments import Arguments
from milkqc.checks.suites.conditions import columns_of
from milkqc.checks.suites.kinds import KINDS, Kind
from milkqc.checks.suites.texts import meant
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
_RESULTS = {"milk", "biomarkers"}


class Reader(Arguments):
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
        columns = self._columns(kind)
        names = self._names(kind, columns)
        column = columns[0] if columns else None
        when = self.when()
        arguments = self.arguments(kind, columns)
        self._unit(column, when)
        self._words()
        for key in GUIDANCE:
            if key in self.entry and not isinstance(self.entry[key], str):
                self.fault(key, "R205", f"{key} must be a sentence.", "Write what to do about a finding.")
        beside = kind.reads(Rule("", self.table, kind.name, names, "info", "", "")) if names else ()
        examples = self._tables((*names, *beside)) if kind.tabular else self._examples(kind, column)
        if self.faults:
            return None
        unit = self.entry.get("unit") or self._canonical(column, when)
        return Rule(
            id=self.entry["id"],
            table=self.table,
            expect=kind.name,
            columns=names,
            severity=self.entry["severity"],
            says=" ".join(self.entry["says"].split()),
            source=" ".join(self.entry["source"].split()),
            when=when,
            arguments={**arguments, **self._several(kind, names), "unit": unit or ""},
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
            self.fault(
                "expect",
                "R204",
                f"unknown kind {name!r}.",
                meant(name, KINDS, f"Use one of {', '.join(KINDS)}."),
            )
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

    def _columns(self, kind: Kind) -> tuple[Column, ...]:
        """The columns of the table itself that the rule judges: one, or several for `unique`."""
        if not kind.types:
            if "column" in self.entry:
                self.fault("column", "R201", f"{kind.name} takes no column.", "Remove it.")
            return ()
        several = "columns" in kind.arguments and "columns" in self.entry
        key = "columns" if several else "column"
        given = self.entry.get(key)
        if several and "column" in self.entry:
            self.fault("column", "R205", "column and columns are given together.", "Keep one of them.")
        if several and (
            not isinstance(given, list) or len(given) < 2 or len(set(map(str, given))) < len(given)
        ):
            self.fault(key, "R205", "columns are two or more.", "Write `columns: [a, b]`.")
            return ()
        if given is None:
            self.fault(None, "R202", "the key column is missing.", f"{kind.name} needs one.")
            return ()
        found = [self._column(key, str(name), kind) for name in (given if several else [given])]
        return tuple(column for column in found if column is not None)

    def _column(self, key: str, name: str, kind: Kind) -> Column | None:
        column = dictionary().get((self.table, name))
        if column is None:
            self.no_column(key, name)
        elif column.type not in kind.types:
            self.fault(
                key, "R205", f"{kind.name} cannot judge {name} ({column.type}).", "Choose another kind."
            )
        elif kind.name == "share_censored_at_most" and (self.table not in _RESULTS or name != "value"):
            self.fault(key, "R205", "only value in milk and biomarkers is censored.", "Use `column: value`.")
        return column

    def _names(self, kind: Kind, columns: tuple[Column, ...]) -> tuple[str, ...]:
        """Every column of the rule by its name in the view, the judged one first."""
        own = tuple(column.column for column in columns)
        return (*own, *self.others(kind, columns[0] if columns else None))

    @staticmethod
    def _several(kind: Kind, names: tuple[str, ...]) -> dict[str, Any]:
        """The names of the further columns, as arguments that expressions and texts read."""
        if kind.name == "unique":
            return {"columns": names}
        if kind.name == "compare_columns":
            return {"other": names[1]}
        return {"order": names[1], "within": names[2:]} if kind.name == "monotone" else {}

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

    def _tables(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Examples of rules about several columns or rows: each a small table, column by column."""
        given = self.entry.get("examples")
        if not isinstance(given, dict) or set(given) != {"pass", "fail"}:
            self.fault(
                "examples" if given is not None else None,
                "R208",
                "examples hold pass and fail.",
                "Write both, each with a list of small tables: `[{column: [values]}]`.",
            )
            return {}
        found: dict[str, Any] = {}
        for side, tables in given.items():
            if not isinstance(tables, list) or not tables:
                self.fault("examples", "R208", f"{side} has no examples.", "Write at least one small table.")
                continue
            found[side] = tuple(self._table(table, names) for table in tables)
        return found

    def _table(self, given: Any, names: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
        if not isinstance(given, dict) or not given:
            self.fault("examples", "R208", "an example is a small table here.", "Write `{column: [values]}`.")
            return {}
        cells = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
        if len({len(values) for values in cells.values()}) > 1:
            self.fault("examples", "R208", "an example has columns of different lengths.", "Complete them.")
        found = {}
        for name, values in cells.items():
            column = self.known(name)
            if column is None or (name not in names and name not in columns_of(self.when())):
                self.fault(
                    "examples", "R208", f"{name} is no column of the rule.", f"Use {', '.join(names)}."
                )
                continue
            found[name] = tuple(
                None if value is None else self.typed("examples", value, column) for value in values
            )
        return found
