"""Results for which nobody has limits: said in the ledger, so that silence is not taken for a pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import narwhals.stable.v2 as nw
import polars as pl

from milkqc.checks.ledger import reason
from milkqc.checks.suites.conditions import columns_of, key, truth
from milkqc.checks.suites.judged import RESULT_TABLES, comparable
from milkqc.model import Engine, LedgerRow, Rule
from milkqc.reference import analytes

SAYS = "Values of this analyte are not compared with limits, because none are published."
SOURCE = "reference/data/plausible.csv"


def unlimited(
    views: Mapping[str, pl.DataFrame], rules: Sequence[Rule], *, engine: Engine = "gx"
) -> list[LedgerRow]:
    """`without_limits`; where it raises, a row for each table that says so."""
    try:
        return list(without_limits(views, rules, engine=engine))
    # The rules are judged all the same, and nobody may take the silence for limits.
    except Exception as error:  # noqa: BLE001
        why = reason(error)
    return [
        LedgerRow(
            f"{table}.limits.none", engine, table, "*", "info", "broken", why=why, says=SAYS, source=SOURCE
        )
        for table in sorted(RESULT_TABLES)
    ]


def without_limits(
    views: Mapping[str, pl.DataFrame], rules: Sequence[Rule], *, engine: Engine = "gx"
) -> Iterator[LedgerRow]:
    """A ledger row for each analyte whose values no row rule judges, wholly or at some stage of lactation.

    The id is `<table>.limits.none`, the variable the analyte, `not_judged` its values without a rule. Of milk the
    shipped analytes without limits are named even when the data do not hold them.
    """
    for table in sorted(RESULT_TABLES):
        judging = [
            rule
            for rule in rules
            if rule.table == table
            and rule.level == "row"
            and rule.columns == ("value",)
            # What a total must equal is no limit of it.
            and rule.expect != "sum_of"
        ]
        limited = {name for rule in judging for name in _named(rule.when.get("analyte"))}
        counts = _unjudged(views.get(table), judging)
        shipped = analytes() if table == "milk" and judging else ()
        for analyte in sorted({*counts, *(name for name in shipped if name not in limited)}):
            known = analyte in limited
            why = "No limits are known for these stages of lactation." if known else "No limits are known."
            yield LedgerRow(
                rule_id=f"{table}.limits.none",
                engine=engine,
                table=table,
                variable=analyte,
                severity="info",
                status="not_applicable",
                not_judged=counts.get(analyte, 0),
                why=why,
                says=SAYS,
                source=SOURCE,
            )


def _unjudged(view: pl.DataFrame | None, judging: Sequence[Rule]) -> dict[str, int]:
    if view is None or view.is_empty():
        return {}
    rest = view.filter(
        pl.col("value").is_not_null() & pl.col("analyte").is_not_null() & ~_covered(view, judging)
    )
    return dict(rest.group_by("analyte").len().sort("analyte").iter_rows())


def _covered(view: pl.DataFrame, judging: Sequence[Rule]) -> pl.Series:
    """The rows that some rule judges."""
    covered = pl.Series([False]).new_from_index(0, view.height)
    if any(not rule.when for rule in judging):
        return ~covered
    conditions = {key(rule.when): rule.when for rule in judging}
    if not conditions:
        return covered
    names = sorted({name for when in conditions.values() for name in columns_of(when)} & set(view.columns))
    plain = nw.from_native(view.select(comparable(view, name).alias(name) for name in names))
    there = [when for when in conditions.values() if set(columns_of(when)) <= set(names)]
    holds = [truth(when)[0] for when in there]
    return (
        plain.select(any=nw.any_horizontal(*holds, ignore_nulls=False)).to_native()["any"]
        if holds
        else covered
    )


def _named(wanted: object) -> tuple[str, ...]:
    if wanted is None or isinstance(wanted, Mapping):
        return ()
    return tuple(map(str, wanted)) if isinstance(wanted, tuple) else (str(wanted),)
