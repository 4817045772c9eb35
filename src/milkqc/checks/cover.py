"""Which values some rule has judged: the share of cells covered, by variable, so that a blind spot has a size."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from milkqc.checks.declare import CodedRule, Settings
from milkqc.checks.suites.conditions import columns_of, truth
from milkqc.checks.suites.judged import RESULT_TABLES, comparable
from milkqc.checks.views import PREFIX
from milkqc.model import Rule
from milkqc.reference import dictionary

SCHEMA: dict[str, Any] = {
    "table": pl.String, "variable": pl.String, "cells": pl.Int64, "covered": pl.Int64
}  # fmt: skip
# Whether a cell is filled says nothing of whether its value can be believed.
_NO_JUDGEMENT = {"not_null", "present_when"}
_ROW = "_row"


def covered(
    views: Mapping[str, pl.DataFrame],
    *,
    variables: Collection[tuple[str, str]],
    suites: Sequence[Rule],
    coded: Sequence[CodedRule],
    ran: Collection[str],
    settings: Settings,
) -> pl.DataFrame:
    """For each of `variables` (table and column; of results the analyte) its cells and how many a rule has judged.

    A cell is a value that is there, a censored one too. It is covered when a rule whose id is in `ran` judged that
    very row: the contract's limits and codes, a row rule of a rule file, a function. Rules of whole groups, rules
    that a cell is filled, and what a REDCap dictionary asks of the source do not count; neither does the contract's
    "at least 0" of a result.
    """
    masks: dict[tuple[str, str], pl.Series] = {}
    for table, column, rows in _judged(views, suites, coded, ran, settings):
        there = masks.get((table, column))
        masks[table, column] = rows if there is None else there | rows
    counted = [_counted(views[table], table, name, masks) for table, name in variables if table in views]
    return pl.DataFrame(counted, schema=SCHEMA, orient="row").sort("table", "variable")


def _counted(
    view: pl.DataFrame, table: str, name: str, masks: Mapping[tuple[str, str], pl.Series]
) -> tuple[str, str, int, int]:
    analyte = table in RESULT_TABLES and name not in view.columns
    column = "value" if analyte else name
    if column not in view.columns:
        return table, name, 0, 0
    value = view[column].is_not_null()
    cells = (
        (value | view["censored"].is_not_null()) & (view["analyte"] == name).fill_null(value=False)
        if analyte
        else value
    )
    rows = masks.get((table, column))
    return table, name, int(cells.sum()), 0 if rows is None else int((cells & value & rows).sum())


def _judged(
    views: Mapping[str, pl.DataFrame],
    suites: Sequence[Rule],
    coded: Sequence[CodedRule],
    ran: Collection[str],
    settings: Settings,
) -> Iterator[tuple[str, str, pl.Series]]:
    """Table, column and the rows judged, of every rule that ran."""
    for (table, name), column in dictionary().items():
        stem = f"{table}.{name}"
        judged = {f"{stem}.impossible", f"{stem}.code"} & set(ran)
        if judged and not (table in RESULT_TABLES and column.unit == "by analyte"):
            yield table, name, pl.Series([True]).new_from_index(0, views[table].height)
    for rule in suites:
        if rule.id in ran and rule.level == "row" and rule.expect not in _NO_JUDGEMENT:
            rows = _where(rule, views[rule.table])
            yield from ((table, name, at) for table, name, at in _of(rule.table, rule.columns, rows, views))
    for one in coded:
        if one.id in ran:
            yield from _of(one.table, one.columns, _asked(one, views[one.table], settings), views)


def _where(rule: Rule, view: pl.DataFrame) -> pl.Series:
    if not rule.when:
        return pl.Series([True]).new_from_index(0, view.height)
    plain = nw.from_native(view.select(comparable(view, name).alias(name) for name in columns_of(rule.when)))
    return plain.select(holds=truth(rule.when)[0]).to_native()["holds"].fill_null(value=False)


def _asked(rule: CodedRule, view: pl.DataFrame, settings: Settings) -> pl.Series:
    used = list(dict.fromkeys((*rule.columns, *rule.per)))
    frame = nw.from_native(view.select(used).with_row_index(_ROW))
    among = rule.judge(settings).among
    if among is not None:
        frame = frame.filter(among)
    at = frame.to_native().drop_nulls(list(rule.needs))[_ROW]
    return pl.int_range(view.height, dtype=pl.UInt32, eager=True).is_in(at.implode())


def _of(
    table: str, columns: Sequence[str], rows: pl.Series, views: Mapping[str, pl.DataFrame]
) -> Iterator[tuple[str, str, pl.Series]]:
    """The columns as those of their own tables: what a rule reads of a participant is judged there."""
    for name in columns:
        own = name.removeprefix(PREFIX)
        if name in views[table].columns and (table, name) in dictionary():
            yield table, name, rows
        elif own != name and ("participants", own) in dictionary() and table != "participants":
            yield "participants", own, _people(views[table].filter(rows), views["participants"])


def _people(judged: pl.DataFrame, people: pl.DataFrame) -> pl.Series:
    infants = (
        judged["infant_id"].drop_nulls().unique()
        if "infant_id" in judged.columns
        else pl.Series([], dtype=pl.String)
    )
    mothers = judged
    if "infant_id" in judged.columns:
        mothers = judged.filter(pl.col("infant_id").is_null())
    named = mothers["participant_id"].drop_nulls().unique()
    either = people["infant_id"].is_in(infants.implode()) | people["participant_id"].is_in(named.implode())
    return either.fill_null(value=False)
