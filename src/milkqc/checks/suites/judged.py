"""Which rows a row rule judges, and what could not be judged: the same for every engine.

Rules with the same `when` look at the same rows, so these are chosen once; what engines judge are columns of the
chosen rows, shared by all the rules that ask for the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import narwhals.stable.v2 as nw
import polars as pl

from milkqc.checks.suites.conditions import columns_of, key, truth
from milkqc.checks.suites.kind import Ground
from milkqc.checks.suites.kinds import KINDS, Operand
from milkqc.model import Engine, Rule

RESULT_TABLES = {"milk", "biomarkers"}


@dataclass(frozen=True)
class Question:
    """What an engine is asked: which rows of `frame` fail `rule`. `operands` are the columns of frame by their role.

    A row whose operand is null is not judged, except where the rule is about presence.
    """

    rule: Rule
    operands: Mapping[str, str]
    frame: pl.DataFrame


@dataclass(frozen=True)
class Prepared:
    """A question, the positions in the view of its frame's rows (None: all of them), and the counts of the ledger."""

    question: Question
    at: pl.Series | None
    looked_at: int
    not_judged: int


@dataclass(frozen=True)
class Asked:
    """One rule made ready: what the engine is asked, the rows (or groups) it stands for, and what stays unjudged."""

    rule: Rule
    engine: Engine
    question: Question
    rows: pl.DataFrame
    at: pl.Series | None
    looked_at: int
    not_judged: int


def prepared(view: pl.DataFrame, rules: Sequence[Rule]) -> list[Prepared]:
    """The questions of row rules on one view, in the order of `rules`."""
    found: dict[str, Prepared] = {}
    same: dict[str, list[Rule]] = {}
    for rule in rules:
        same.setdefault(key(rule.when), []).append(rule)
    plain = _plain(view, rules)
    for group in same.values():
        found.update({one.question.rule.id: one for one in _together(plain, group)})
    return [found[rule.id] for rule in rules]


def names_of(rule: Rule) -> tuple[str, ...]:
    """Every column of the view that a row rule needs."""
    return tuple(dict.fromkeys((*rule.columns, *KINDS[rule.expect].reads(rule), *columns_of(rule.when))))


def _plain(view: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """The columns that the rules need, as rules compare them."""
    wanted = dict.fromkeys(name for rule in rules for name in (*names_of(rule), "censored", "row_id"))
    return view.select(comparable(view, name).alias(name) for name in wanted if name in view.columns)


def _together(plain: pl.DataFrame, rules: Sequence[Rule]) -> list[Prepared]:
    """The questions of rules with one `when`."""
    when = rules[0].when
    at: pl.Series | None = None
    chosen, unknown = plain, plain.clear()
    if when:
        holds, fails = truth(when)
        told = nw.from_native(plain).select(holds=holds, fails=fails).to_native()
        at = told["holds"].arg_true()
        chosen = plain[at]
        unknown = plain.filter(~told["holds"] & ~told["fails"])
    operands = {rule.id: operands_of(rule) for rule in rules}
    distinct = {one.key: one for mine in operands.values() for one in mine.values()}
    slots = {name: f"s{place}" for place, name in enumerate(distinct)}
    frame = _columns(plain, chosen, at, distinct, slots)
    counts = _counts(chosen, frame, unknown, rules, operands, slots)
    return [
        Prepared(
            Question(rule, {role: slots[one.key] for role, one in operands[rule.id].items()}, frame),
            at,
            *count,
        )
        for rule, count in zip(rules, counts, strict=True)
    ]


def operands_of(rule: Rule) -> Mapping[str, Operand]:
    """What a row rule judges, by its role; null where it cannot be judged."""
    mine = KINDS[rule.expect].operands(rule)
    if not _of_results(rule) or KINDS[rule.expect].presence:
        return mine
    # A censored result is only a limit: whatever stands in `value` is not judged.
    return {
        role: dataclasses.replace(
            one,
            key=f"{one.key} if not censored",
            expression=nw.when(nw.col("censored").is_null()).then(one.expression),
        )
        for role, one in mine.items()
    }


def _of_results(rule: Rule) -> bool:
    return rule.table in RESULT_TABLES and "value" in rule.columns


def _columns(
    plain: pl.DataFrame,
    chosen: pl.DataFrame,
    at: pl.Series | None,
    distinct: Mapping[str, Operand],
    slots: Mapping[str, str],
) -> pl.DataFrame:
    grounds: dict[str, list[Operand]] = {}
    for one in distinct.values():
        grounds.setdefault(one.ground.key if one.ground else "", []).append(one)
    columns: list[pl.Series] = []
    for several in grounds.values():
        ground = several[0].ground
        rows, places = (chosen, None) if ground is None else _rows_of(ground, plain, chosen, at)
        table = nw.from_native(rows) if ground is None else laid(nw.from_native(rows), ground)
        done = table.select(*(one.expression.alias(slots[one.key]) for one in several)).to_native()
        columns += (done if places is None else done[places]).get_columns()
    return pl.DataFrame([_finite(series) for series in columns])


def _rows_of(
    ground: Ground, plain: pl.DataFrame, chosen: pl.DataFrame, at: pl.Series | None
) -> tuple[pl.DataFrame, pl.Series | None]:
    """The rows that a ground is laid on, and where the chosen ones stand among them (None: they are these)."""
    if not ground.analytes or at is None:
        return chosen, None
    asked = plain["analyte"].is_in(ground.analytes).arg_true()
    return plain[asked], asked.search_sorted(at)


Table = TypeVar("Table", nw.DataFrame, nw.LazyFrame)  # type: ignore[type-arg]


def laid(table: Table, ground: Ground) -> Table:
    """`table` with the columns of a ground."""
    for step in ground.steps:
        table = table.with_columns(**step)
    return table


def _finite(series: pl.Series) -> pl.Series:
    """An operand that came out as no number (infinity less infinity) is missing."""
    return series.fill_nan(None) if series.dtype.is_float() else series


def _counts(
    chosen: pl.DataFrame,
    frame: pl.DataFrame,
    unknown: pl.DataFrame,
    rules: Sequence[Rule],
    operands: Mapping[str, Mapping[str, Operand]],
    slots: Mapping[str, str],
) -> list[tuple[int, int]]:
    """`looked_at` and `not_judged` of each rule."""
    wide = pl.concat([frame, chosen.rename({name: f"c_{name}" for name in chosen.columns})], how="horizontal")
    asked: dict[str, pl.Expr] = {}
    for place, rule in enumerate(rules):
        mine = (pl.col(slots[one.key]).is_not_null() for one in operands[rule.id].values())
        judged = pl.lit(value=True) if KINDS[rule.expect].presence else pl.all_horizontal(mine)
        asked[f"looked{place}"] = pl.len() if KINDS[rule.expect].presence else judged.sum()
        asked[f"silent{place}"] = (_something(rule, "c_") & ~judged).sum()
    told = wide.select(**asked).row(0, named=True)
    beyond = unknown.select(
        **{str(place): _something(rule, "").sum() for place, rule in enumerate(rules)}
    ).row(0)
    return [(told[f"looked{place}"], told[f"silent{place}"] + beyond[place]) for place in range(len(rules))]


def _something(rule: Rule, prefix: str) -> pl.Expr:
    there = pl.col(f"{prefix}{rule.columns[0]}").is_not_null()
    if _of_results(rule):
        there = there | pl.col(f"{prefix}censored").is_not_null()
    return there


def comparable(view: pl.DataFrame, name: str) -> pl.Expr:
    """A column as rules compare it: dates as days since 1970, truth as 0 and 1, categories as text, not-a-number as missing."""
    kind = view.schema[name]
    column = pl.col(name)
    if kind == pl.Date:
        return column.cast(pl.Int32).cast(pl.Int64)
    if kind == pl.Boolean:
        return column.cast(pl.Int64)
    if kind.is_float():
        return column.fill_nan(None)
    if isinstance(kind, (pl.Categorical, pl.Enum)):
        return column.cast(pl.String)
    return column
