"""`when`: which rows a rule judges, as expressions that mean the same on every engine.

A condition is a mapping; all of it must hold. A column maps to a value, to a tuple (one of them) or to a
comparison (`min`, `above`, `max`, `below`, `not`, `missing`); `any` and `all` map to tuples of conditions.
Each condition has two expressions, of where it surely holds and where it surely does not. Neither is ever null, so
no engine's own way with nulls matters; where both are false it is unknown and nothing is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import narwhals.stable.v2 as nw

from milkqc.checks.suites.bounds import BOUNDS, beyond, comparable

COMPARISONS = (*BOUNDS, "not", "missing")
ALTERNATIVES = ("any", "all")


def columns_of(when: Mapping[str, Any]) -> tuple[str, ...]:
    """Every column that a condition names, once each, in order."""
    return tuple(dict.fromkeys(_named(when)))


def names_arm(when: Mapping[str, Any]) -> bool:
    """Whether the condition would tell trial arms apart."""
    return any(name in {"arm", "participant_arm"} for name in _named(when))


def truth(when: Mapping[str, Any]) -> tuple[nw.Expr, nw.Expr]:
    """Where `when` surely holds, and where it surely does not. Raises ValueError for an empty condition."""
    parts = [
        _alternatives(name, wanted) if name in ALTERNATIVES else _leaf(name, wanted)
        for name, wanted in sorted(when.items())
    ]
    if not parts:
        raise ValueError("an empty condition")
    return _every([holds for holds, _ in parts]), _some([fails for _, fails in parts])


def key(when: Mapping[str, Any]) -> str:
    """The same text for the same condition, however it was written."""
    return repr(_sorted(when))


def _named(when: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in sorted(when.items()):
        if name in ALTERNATIVES:
            for part in wanted:
                yield from _named(part)
        else:
            yield name


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple((name, _sorted(part)) for name, part in sorted(value.items()))
    return tuple(map(_sorted, value)) if isinstance(value, tuple) else value


def _alternatives(name: str, conditions: tuple[Mapping[str, Any], ...]) -> tuple[nw.Expr, nw.Expr]:
    parts = [truth(condition) for condition in conditions]
    holds, fails = [part[0] for part in parts], [part[1] for part in parts]
    return (_some(holds), _every(fails)) if name == "any" else (_every(holds), _some(fails))


def _leaf(name: str, wanted: Any) -> tuple[nw.Expr, nw.Expr]:
    column = nw.col(name)
    known = ~column.is_null()
    if isinstance(wanted, Mapping):
        tests = [_comparison(column, word, value) for word, value in sorted(wanted.items())]
        return _every([holds for holds, _ in tests]), _some([fails for _, fails in tests])
    test = column.is_in([comparable(value) for value in _several(wanted)])
    return known & test, known & ~test


def _comparison(column: nw.Expr, word: str, value: Any) -> tuple[nw.Expr, nw.Expr]:
    if word == "missing":
        return (column.is_null(), ~column.is_null()) if value else (~column.is_null(), column.is_null())
    known = ~column.is_null()
    fails: Callable[[], nw.Expr] = (
        (lambda: column.is_in([comparable(one) for one in _several(value)]))
        if word == "not"
        else (lambda: beyond(column, {word: value}))
    )
    return known & ~fails(), known & fails()


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _every(parts: list[nw.Expr]) -> nw.Expr:
    return nw.all_horizontal(*parts, ignore_nulls=False)


def _some(parts: list[nw.Expr]) -> nw.Expr:
    return nw.any_horizontal(*parts, ignore_nulls=False)
