"""The rules that hold for one study: the shipped ones, the study's own files, and what it changes about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from milkqc import catalogue
from milkqc.errors import Fault, SuiteFaults
from milkqc.model import Rule, Severity
from milkqc.rulebook.entry import BESIDE, FIXED, HOMES, KEPT, Described
from milkqc.rulebook.visits import in_visits_of

if TYPE_CHECKING:
    from milkqc.checks.declare import CodedRule
    from milkqc.checks.suites.changes import Change
    from milkqc.mapping.faults import FaultList
    from milkqc.mapping.language import Expectation
    from milkqc.mapping.load import Loaded


@dataclass(frozen=True)
class StudyRules:
    """`suites` with the study's limits, `written` without them; `off` and `severities` hold for the rules of every home.

    `changes` are told as report and `milkqc rules` show them; `paths` are all rule files that were read.
    """

    suites: tuple[Rule, ...] = ()
    written: tuple[Rule, ...] = ()
    coded: tuple[CodedRule, ...] = ()
    off: Mapping[str, str] = field(default_factory=dict)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    changes: tuple[Mapping[str, str], ...] = ()
    paths: tuple[Path, ...] = ()


def study_rules(loaded: Loaded | None = None, faults: FaultList | None = None) -> StudyRules:
    """The rules of a study's mapping, or the shipped ones.

    A rule file that is not there becomes a fault of the mapping (M301) in `faults`. Raises SuiteFaults with every
    fault of every rule file and change; PluginError for a package of rules that cannot be used.
    """
    from milkqc.checks import suites
    from milkqc.checks.declare import all_rules
    from milkqc.checks.suites.changes import severities, switched_off, told

    own = [] if loaded is None else _own_files(loaded, faults)
    shipped = catalogue.files("expectations")
    paths = (*shipped, *own)
    coded = all_rules()
    rules = suites.load(paths)
    if loaded is not None:
        rules = in_visits_of(loaded, rules, faults)
    changes = [] if loaded is None else _changes(loaded)
    others = elsewhere(coded)
    _apart(rules, others)
    by_id = {each.id: each for each in others}
    before = {
        **{each.id: {**each.arguments, "severity": each.severity} for each in others},
        **{rule.id: {**rule.arguments, "severity": rule.severity} for rule in rules},
    }
    changed = suites.changed(
        rules,
        changes,
        functions={rule.id: rule.limits for rule in coded},
        others={name for name, each in by_id.items() if each.home not in FIXED},
        fixed={name: HOMES[each.home][1] for name, each in by_id.items() if each.home in FIXED},
    )
    _not_kept(changes, by_id)
    reasons = {change.rule: change.reason or "" for change in changes}
    return StudyRules(
        suites=changed.rules,
        written=rules,
        coded=tuple(
            rule.changed(changed.limits[rule.id], reasons[rule.id]) if rule.id in changed.limits else rule
            for rule in coded
        ),
        off=switched_off(changes),
        severities=severities(changes),
        changes=tuple(told(changes, before)),
        paths=paths,
    )


def named(path: Path) -> str:
    """A rule file as findings, faults and the manifest name it."""
    return f"{path.resolve().parent.name}/{path.name}"


def _own_files(loaded: Loaded, faults: FaultList | None) -> list[Path]:
    from milkqc.mapping.lint import leaves

    own = []
    for place, entry in enumerate(loaded.mapping.expectations):
        if entry.file is None or leaves(entry.file):
            continue  # lint has said so
        if (loaded.folder / entry.file).is_file():
            own.append(loaded.folder / entry.file)
        elif (shipped := catalogue.pack(entry.file)) is not None:
            own.append(shipped)
        elif faults is not None:
            faults.add(
                ("expectations", place),
                "M301",
                f"there is no rule file {entry.file!r}.",
                "Put it beside the mapping, or name a shipped pack: "
                + ", ".join(f"packs/{path.name}" for path in catalogue.packs())
                + ".",
            )
    return own


def _changes(loaded: Loaded) -> list[Change]:
    from milkqc.checks.suites.changes import Change

    return [
        Change(
            rule=entry.rule,
            off=entry.off,
            severity=entry.severity,
            reason=entry.reason,
            limits=_limits(entry),
            file=loaded.document.name,
            line=loaded.document.line(("expectations", place)),
        )
        for place, entry in enumerate(loaded.mapping.expectations)
        if entry.rule is not None
    ]


def _limits(entry: Expectation) -> dict[str, object]:
    """The limits of an entry by name, those of `limits` and those beside it, as they are written."""
    beside = {name: getattr(entry, name) for name in BESIDE if getattr(entry, name)}
    several = {
        name: words[0] if len(words) == 1 and name != "values" else list(words)
        for name, words in entry.limits.items()
    }
    return {**several, **{name: list(v) if isinstance(v, tuple) else v for name, v in beside.items()}}


def elsewhere(coded: Sequence[CodedRule]) -> list[Described]:
    """Every rule that stands in no rule file."""
    from milkqc.rulebook import homes

    return [
        *homes.coded_rules(coded),
        *homes.contract_rules(),
        *homes.laboratory_rules(),
        *homes.survey_rules(),
        *homes.reading_rules(),
        *homes.analysis_rules(),
        *homes.compare_rules(),
        *homes.redcap_rules(),
        *homes.limitless(),
    ]


def _apart(rules: Iterable[Rule], others: Iterable[Described]) -> None:
    """Refuse a rule file's id that a rule of another home has."""
    taken = {each.id: each for each in others}
    faults = [
        Fault(
            rule.file,
            rule.line,
            "R207",
            rule.id,
            f"the id belongs to another rule ({taken[rule.id].where or HOMES[taken[rule.id].home][0]}).",
            "Give this one another id.",
        )
        for rule in rules
        if rule.id in taken
    ]
    if faults:
        raise SuiteFaults(faults)


def _not_kept(changes: Iterable[Change], by_id: Mapping[str, Described]) -> None:
    """Refuse to switch off what is declared elsewhere in the mapping."""
    faults = [
        Fault(
            change.file,
            change.line,
            "R303",
            change.rule,
            "it cannot be switched off.",
            by_id[change.rule].change,
        )
        for change in changes
        if change.off and change.rule in by_id and by_id[change.rule].home in KEPT
    ]
    if faults:
        raise SuiteFaults(faults)
