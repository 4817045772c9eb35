"""Every rule against its own examples, in each engine that is there."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from milkqc.checks.views import types
from milkqc.model import Rule

if TYPE_CHECKING:
    from milkqc.checks.declare import CodedRule, Settings


@dataclass(frozen=True)
class Tried:
    """What one rule said of its examples in one engine. `wrong` is empty where it held; `n` counts the examples."""

    rule_id: str
    engine: str
    n: int
    wrong: str = ""


def small_view(table: str, columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """A view of `table` with these columns, as a rule sees one: row_ids are r0, r1 ..., participants are found."""
    kinds = types(table)
    height = len(next(iter(columns.values())))
    defaults: Mapping[str, list[Any]] = {
        "row_id": [f"r{place}" for place in range(height)],
        "participant_found": [True] * height,
        "repeat_allowed": [False] * height,
        "reported": [True] * height,
    }
    return pl.DataFrame(
        {
            name: pl.Series(name, list(columns.get(name, defaults.get(name, [None] * height))), dtype=kind)
            for name, kind in kinds.items()
        }
    )


def settings() -> Settings:
    """What a study would declare, for rules that need it."""
    from milkqc.checks.declare import Settings

    return Settings(
        schedule={"birth": (0, 0, 3), "month_3": (91, 61, 121)},
        study_start=dt.date(2024, 1, 1),
        data_cutoff=dt.date(2024, 12, 31),
    )


def try_suites(rules: Sequence[Rule]) -> Iterator[Tried]:
    """Every example of rule files in every engine: values, small tables, and the figures of dataset rules."""
    ready = [rule for rule in rules if rule.examples]
    for engine, mistaken in _engines().items():
        found = mistaken(ready)
        for rule in ready:
            n = sum(len(examples) for examples in rule.examples.values())
            yield Tried(rule.id, engine, n, "; ".join(found[rule.id]))


def _engines() -> dict[str, Callable[[Sequence[Rule]], dict[str, list[str]]]]:
    from milkqc.checks.suites import greatex, plain, schemas
    from milkqc.checks.suites.examples import mistaken

    return {
        "expressions": lambda rules: mistaken(rules, judge=plain.judge),
        "gx": lambda rules: mistaken(rules, judge=greatex.judge),
        "pandera": lambda rules: mistaken(rules, judge=schemas.judge),
    }


def _unlike(answer: list[int] | str, expected: Iterable[int], shown: Sequence[Any] | pl.Series) -> str:
    if isinstance(answer, str):
        return answer
    wanted, got = set(expected), set(answer)
    said = [
        *(f"{shown[place]} should pass and fails" for place in sorted(got - wanted)),
        *(f"{shown[place]} should fail and passes" for place in sorted(wanted - got)),
    ]
    return "; ".join(said)


def try_coded(rules: Sequence[CodedRule], *, known: Settings | None = None) -> Iterator[Tried]:
    """The small frames of decorated functions, as polars, polars lazy, pandas and DuckDB (where it is installed)."""
    declared = known or settings()
    for engine, make in _frames().items():
        for rule in rules:
            yield from _try(rule, engine, make, declared)


def _frames() -> dict[str, Callable[[pl.DataFrame], Any]]:
    found: dict[str, Callable[[pl.DataFrame], Any]] = {
        "polars": lambda frame: frame,
        "polars lazy": lambda frame: frame.lazy(),
        "pandas": lambda frame: frame.to_pandas(),
    }
    if importlib.util.find_spec("duckdb") is not None:
        import duckdb

        there = duckdb.connect()
        found["duckdb"] = lambda frame: there.from_arrow(frame.to_arrow())
    return found


def _try(
    rule: CodedRule, engine: str, make: Callable[[pl.DataFrame], Any], declared: Settings
) -> Iterator[Tried]:
    from milkqc.checks.evaluate import verdict
    from milkqc.checks.ledger import reason

    for side, given in (("pass", rule.passes), ("fail", rule.fails)):
        columns = {name: values for name, values in given.items() if name != "!"}
        if not columns:
            yield Tried(
                rule.id,
                engine,
                0,
                f"it has no example that {side}es" if side == "pass" else "it has no example that fails",
            )
            continue
        height = len(next(iter(columns.values())))
        marks = given.get("!", [True] * height) if side == "fail" else [False] * height
        try:
            view = small_view(rule.table, columns).select(
                list(dict.fromkeys(("row_id", *rule.columns, *rule.per)))
            )
            row_ids = view["row_id"].to_list()
            failing = set(verdict(rule, make(view), declared).failing["row_id"].to_list())
        # A rule is code of a study or a plug-in and may fail in any way; that it does is what is asked for here.
        except Exception as error:  # noqa: BLE001
            yield Tried(rule.id, engine, height, f"it raised {reason(error)}")
            continue
        wanted = [place for place, fails in enumerate(marks) if fails]
        got = [place for place, row in enumerate(row_ids) if row in failing]
        shown = [
            f"row {place + 1} of its examples that {'pass' if side == 'pass' else 'fail'}"
            for place in range(height)
        ]
        yield Tried(rule.id, engine, height, _unlike(got, wanted, shown))
