"""All rules together, described, with what a study changed about them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace

from milkqc import catalogue
from milkqc.rulebook.entry import Described
from milkqc.rulebook.own import StudyRules, elsewhere, named, study_rules

# Why a rule of such a pack is off.
UNNAMED = "unless named by a mapping"


def book(rules: StudyRules | None = None) -> tuple[Described, ...]:
    """Every rule of every home, sorted by id; with a study's rules its own, its changes and what it switched off."""
    from milkqc.rulebook import homes

    known = study_rules() if rules is None else rules
    shipped = [named(path) for path in (*catalogue.files("expectations"), *catalogue.packs())]
    every = [*homes.suite_rules(known.suites, shipped=shipped), *elsewhere(known.coded)]
    told = {each["rule_id"]: each for each in known.changes}
    return tuple(
        sorted((_of_study(each, known, told.get(each.id)) for each in every), key=lambda one: one.id)
    )


def unnamed(rules: StudyRules | None = None) -> tuple[Described, ...]:
    """The rules of the shipped packs that `rules` did not read, sorted by id: off unless a mapping names their pack."""
    from milkqc.checks import suites
    from milkqc.rulebook import homes

    read = {rule.id for rule in rules.suites} if rules is not None else set()
    paths = catalogue.packs()
    written = [rule for rule in suites.load(paths) if rule.id not in read]
    told = homes.suite_rules(written, shipped=[named(path) for path in paths])
    return tuple(sorted((replace(each, off=UNNAMED) for each in told), key=lambda one: one.id))


def _of_study(each: Described, rules: StudyRules, change: object) -> Described:
    if not isinstance(change, dict):
        return each
    off = rules.off.get(each.id, "")
    return replace(
        each,
        severity=rules.severities.get(each.id, each.severity),
        changed="" if off else f"{change['what']}: {change['reason']}",
        off=off,
    )


def find(rule_id: str, rules: Iterable[Described]) -> tuple[Described | None, list[str]]:
    """The rule of that id; without one, the ids that were perhaps meant: nearly the same, or holding the words."""
    by_id = {each.id: each for each in rules}
    if rule_id in by_id:
        return by_id[rule_id], []
    close = difflib.get_close_matches(rule_id.lower(), by_id, n=5, cutoff=0.5)
    holding = [name for name in by_id if rule_id.lower() in name and name not in close]
    return None, [*close, *holding][:8]


def permanent_ids() -> tuple[str, ...]:
    """The ids that milkqc itself can emit, sorted; those of plug-ins and studies are theirs to keep."""
    return tuple(sorted({each.id for each in book() if each.home != "plugin"}))


def pack_ids() -> tuple[str, ...]:
    """The ids of the shipped packs that a mapping must name; as permanent as the others."""
    from milkqc.checks import suites

    return tuple(rule.id for rule in suites.load(catalogue.packs()))
