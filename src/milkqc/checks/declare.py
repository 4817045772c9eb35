"""How a rule is declared: one decorated function that says, as a narwhals expression, what fails."""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.machinery
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

import narwhals.stable.v2 as nw

from milkqc.checks.ledger import written
from milkqc.errors import PluginError
from milkqc.model import SEVERITIES, TABLES, Severity

# A limit that a study may change: a number, a date, a word, or several of one kind.
Limit = float | dt.date | str | tuple[float, ...] | tuple[dt.date, ...] | tuple[str, ...]
# Packages add rules by this entry point: its value is the module that declares them.
PLUGINS = "milkqc.rules"
_FOLDER = "milkqc.checks.rules"


@dataclass(frozen=True)
class Settings:
    """What a study declares and rules need. Rules never ask a clock: the dates come from the mapping.

    `schedule` maps a visit to its nominal day and the first and last day of its window, in days of age. `unblinded` is
    the reason why figures by arm may be shown; empty: they may not.
    """

    schedule: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    study_start: dt.date | None = None
    data_cutoff: dt.date | None = None
    unblinded: str = ""

    @property
    def schedule_and_data_cutoff(self) -> bool:
        """Whether anybody can say which visits should have taken place."""
        return bool(self.schedule) and self.data_cutoff is not None

    @property
    def study_dates(self) -> bool:
        """Whether the study says when it began or where its data end."""
        return self.study_start is not None or self.data_cutoff is not None


@dataclass(frozen=True)
class Judgement:
    """What a rule function may return when the failing expression is not all there is to say.

    `among` keeps the rows that the rule is about; `shows` are further columns for the finding's texts.
    """

    fails: nw.Expr
    among: nw.Expr | None = None
    shows: Mapping[str, nw.Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """The limits that a rule function is given, by name."""

    given: Mapping[str, Limit]

    def __getitem__(self, name: str) -> float:
        """A number."""
        return self.given[name]  # type: ignore[return-value]

    def get(self, name: str) -> float | None:
        """A number that the rule may lack."""
        return self.given.get(name)  # type: ignore[return-value]

    def dates(self, name: str) -> tuple[dt.date, ...]:
        """A set of dates."""
        return self.given[name]  # type: ignore[return-value]


@dataclass(frozen=True)
class CodedRule:
    """A declared rule. See `rule` for the meaning of each field."""

    id: str
    table: str
    columns: tuple[str, ...]
    severity: Severity
    source: str
    says: str
    needs: tuple[str, ...]
    level: Literal["row", "group", "dataset"]
    per: tuple[str, ...]
    value: str
    expected: str
    requires: str
    passes: Mapping[str, Sequence[Any]]
    fails: Mapping[str, Sequence[Any]]
    function: Callable[..., nw.Expr | Judgement]
    site: str = ""
    analyst: str = ""
    limits: Mapping[str, Limit] = field(default_factory=dict)

    @property
    def variable(self) -> str:
        """The column a finding is about: the first declared one."""
        return self.columns[0]

    @property
    def module(self) -> str:
        """The module that declares it; `milkqc.checks.rules...` unless it comes from a plug-in or a person's file."""
        return self.function.__module__

    @property
    def ours(self) -> bool:
        """Whether milkqc ships it."""
        return self.module.startswith(f"{_FOLDER}.")

    @property
    def file(self) -> str:
        """Where it is declared, without the folders of this machine: `checks/rules/dates.py`, `package/module.py`."""
        name = Path(inspect.unwrap(self.function).__code__.co_filename).name
        folders = self.module.removeprefix("milkqc.").split(".")[:-1]
        return "/".join([*folders, name])

    @property
    def line(self) -> int:
        """The line of its decorator."""
        return int(inspect.unwrap(self.function).__code__.co_firstlineno)

    def judge(self, settings: Settings) -> Judgement:
        """The rule's expressions under a study's settings and the rule's limits."""
        wants = inspect.signature(self.function).parameters
        given = {"settings": settings, "limits": Limits(self.limits)}
        said = self.function(**{name: value for name, value in given.items() if name in wants})
        return said if isinstance(said, Judgement) else Judgement(said)

    def told(self, text: str) -> str:
        """A text of the rule with its limits in it, where it names them in braces; columns stay as they are."""
        for name, limit in self.limits.items():
            text = text.replace(f"{{{name}}}", limit_text(limit))
        return text

    def changed(self, limits: Mapping[str, Limit], reason: str) -> CodedRule:
        """The rule with a study's limits; the reason joins its source."""
        source = f"{self.source}; changed by the study: {reason}"
        return replace(self, limits={**self.limits, **limits}, source=source)


def limit_text(limit: object) -> str:
    """A limit as people read it; several with commas."""
    if isinstance(limit, tuple):
        return ", ".join(limit_text(one) for one in limit)
    return str(written(limit))


_REGISTRY: dict[str, CodedRule] = {}


def rule(
    rule_id: str,
    *,
    table: str,
    columns: tuple[str, ...],
    severity: Severity,
    source: str,
    passes: Mapping[str, Sequence[Any]],
    fails: Mapping[str, Sequence[Any]],
    needs: tuple[str, ...] | None = None,
    level: Literal["row", "group", "dataset"] = "row",
    per: tuple[str, ...] = (),
    value: str = "",
    expected: str = "",
    requires: str = "",
    says: str = "",
    site: str = "",
    analyst: str = "",
    limits: Mapping[str, Limit] | None = None,
) -> Callable[[Callable[..., nw.Expr | Judgement]], Callable[..., nw.Expr | Judgement]]:
    """Register a function that returns the narwhals expression of what *fails* on its table's view.

    The docstring (or `says`) is the rule's sentence; `site` says what the site should do about a finding,
    `analyst` what an analyst should. `columns` are all the columns it uses, the finding's own
    first; the expression sees no others. It is asked only of rows where every column of `needs` (default: all)
    has a value; the others are not judged, and counted where the first column has one. So an expression
    never meets a null that it must treat in some engine's own way.
    `per` makes one finding of all failing rows that share these columns (a sample, an infant), at the first
    row_id; `level="group"` one finding of all failing rows that share the first of `per`, whose label (`site=A; team=2`,
    or `*`) is the finding's row_id; `level="dataset"` one finding `*` for the table. `value` and `expected` are texts with columns in
    braces. `requires` names a setting or a table without which the rule does not apply.
    `passes` and `fails` are small frames, column by column, run as tests on every engine: no row of the first
    fails; in the second the rows that fail are marked by a list under `!` (default: all).
    `limits` are the numbers, dates and sets that a study may change by name; the function takes them as `limits`, and
    `says`, `source` and `expected` name them in braces (no column of the rule may be called the same).
    The function may take the study's `settings` and may return a Judgement.
    """

    def register(function: Callable[..., nw.Expr | Judgement]) -> Callable[..., nw.Expr | Judgement]:
        if rule_id in _REGISTRY:
            first = _REGISTRY[rule_id]
            raise ValueError(
                f"two rules are called {rule_id} (the first in {first.file}); an id is never reused"
            )
        if table not in TABLES:
            raise ValueError(f"{rule_id}: the table is one of {', '.join(TABLES)}, not {table!r}")
        if severity not in SEVERITIES:
            raise ValueError(f"{rule_id}: the severity is one of {', '.join(SEVERITIES)}, not {severity!r}")
        clash = set(limits or {}) & {*columns, *per}
        if clash:
            raise ValueError(f"{rule_id}: a limit is called like a column: {', '.join(sorted(clash))}")
        _REGISTRY[rule_id] = CodedRule(
            id=rule_id,
            table=table,
            columns=columns,
            severity=severity,
            source=source,
            says=" ".join((says or inspect.getdoc(function) or "").split()),
            needs=columns if needs is None else needs,
            level=level,
            per=per,
            value=value or "{" + columns[0] + "}",
            expected=expected,
            requires=requires,
            passes=passes,
            fails=fails,
            function=function,
            site=" ".join(site.split()),
            analyst=" ".join(analyst.split()),
            limits=dict(limits or {}),
        )
        return function

    return register


@cache
def all_rules() -> tuple[CodedRule, ...]:
    """Every rule of the folder rules/ and of installed plug-ins, sorted by id. Neither needs a registration here.

    A plug-in is a package with an entry point of the group `milkqc.rules` whose value is the module that declares
    the rules. Raises PluginError for one that does not import or that declares a rule wrongly.
    """
    import milkqc.checks.rules as folder

    for module in sorted(entry.name for entry in pkgutil.iter_modules(folder.__path__)):
        importlib.import_module(f"{folder.__name__}.{module}")
    for entry in sorted(entry_points(group=PLUGINS), key=lambda each: (each.name, each.value)):
        _load(entry)
    return tuple(_REGISTRY[name] for name in sorted(_REGISTRY))


def rules_of_file(path: Path) -> tuple[CodedRule, ...]:
    """The rules that a person's Python file declares; it is run. They join those of `all_rules` only in this call's answer.

    Raises PluginError for a file that does not run, that declares a rule wrongly, or that declares none.
    """
    all_rules()
    before = dict(_REGISTRY)
    try:
        loader = importlib.machinery.SourceFileLoader(path.stem, str(path))
        loader.exec_module(importlib.util.module_from_spec(ModuleSpec(path.stem, loader, origin=str(path))))
        found = tuple(_REGISTRY[name] for name in sorted(_REGISTRY.keys() - before.keys()))
    # A person's code may fail in any way while it runs.
    except Exception as error:
        raise PluginError(f"{path.name}: {type(error).__name__}: {error}. Repair the file.") from error
    finally:
        _REGISTRY.clear()
        _REGISTRY.update(before)
    if not found:
        raise PluginError(f"{path.name}: it declares no rule. Put `@rule(...)` above a function.")
    return found


def _load(entry: EntryPoint) -> None:
    before = dict(_REGISTRY)
    try:
        entry.load()
    # The package is anybody's code and may fail in any way while it is imported. Running without rules that
    # somebody installed on purpose would look like their pass, so nothing runs.
    except Exception as error:
        _REGISTRY.clear()
        _REGISTRY.update(before)
        package = f" of {entry.dist.name} {entry.dist.version}" if entry.dist is not None else ""
        raise PluginError(
            f"rules{package}: the plug-in {entry.name} ({entry.value}) cannot be used: "
            f"{type(error).__name__}: {error}. Repair or uninstall the package."
        ) from error
