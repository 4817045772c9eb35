"""What a rule said of each row of its table: the run's own expressions, told row by row instead of counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from milkqc.checks.declare import CodedRule, Settings
from milkqc.checks.evaluate import FAILS, asked
from milkqc.checks.ledger import written
from milkqc.checks.suites import plain
from milkqc.checks.suites.conditions import ALTERNATIVES, columns_of, truth
from milkqc.checks.suites.groups import figures, members
from milkqc.checks.suites.judged import Question, comparable, prepared
from milkqc.checks.suites.kinds import KINDS
from milkqc.model import Rule

PASSED, FAILED, UNJUDGED, NOT_ASKED = "passed", "failed", "could not judge", "not asked"
# The columns of `states`; `told_at` is where the finding of a failing row stands.
STATES: dict[str, Any] = dict.fromkeys(("row_id", "state", "why", "told_at"), pl.String)


@dataclass(frozen=True)
class RowWise:
    """A verdict for each row of a view (STATES; `why` null where nothing is to say), and the counts that the ledger has."""

    states: pl.DataFrame
    looked_at: int
    failed: int
    not_judged: int


def of_coded(rule: CodedRule, view: pl.DataFrame, settings: Settings) -> RowWise:
    """A declared rule. Raises what the rule raises."""
    seen = asked(rule, view, settings)
    among, judged = seen.among.to_native(), seen.judged.to_native()
    facts = judged.select("row_id", FAILS, _told=_told_at(rule))
    states = (
        view.select("row_id", _lacking=_lacking(rule.needs, view))
        .join(among.select("row_id", _among=pl.lit(value=True)), on="row_id", how="left")
        .join(facts, on="row_id", how="left")
        .join(judged.select("row_id", _judged=pl.lit(value=True)), on="row_id", how="left")
        .select(
            "row_id",
            state=pl.when(pl.col("_among").is_null())
            .then(pl.lit(NOT_ASKED))
            .when(pl.col(FAILS).is_null())
            .then(pl.lit(UNJUDGED))
            .when(FAILS)
            .then(pl.lit(FAILED))
            .otherwise(pl.lit(PASSED)),
            why=pl.when(pl.col("_among").is_null())
            .then(pl.lit("the row is not of the kind that it judges"))
            .when(pl.col("_judged").is_null())
            .then("_lacking")
            .when(pl.col(FAILS).is_null())
            .then(pl.lit("what stands beside it (the row before, the reference) is missing")),
            told_at=pl.when(FAILS).then("_told"),
        )
    )
    there = among.filter(pl.col(rule.columns[0]).is_not_null()) if rule.needs else among
    looked_at = judged[FAILS].is_not_null().sum()
    return RowWise(states, looked_at, int(judged[FAILS].sum() or 0), max(there.height - looked_at, 0))


def _told_at(rule: CodedRule) -> pl.Expr:
    """The row, group or table at which the finding of a failing row stands."""
    if rule.level == "dataset":
        return pl.lit("*")
    if not rule.per:
        return pl.col("row_id")
    if rule.level == "group":
        return pl.col(rule.per[0]).cast(pl.String)
    return pl.col("row_id").filter(pl.col(FAILS)).min().over(rule.per)


def _lacking(needs: tuple[str, ...], view: pl.DataFrame) -> pl.Expr:
    """`age_days and length_cm are missing`; a result that is censored says so."""
    if not needs:
        return pl.lit(None, dtype=pl.String)
    censored = pl.col("censored").is_not_null() if "censored" in view.columns else pl.lit(value=False)
    said = [
        pl.when(pl.col(name).is_null()).then(
            pl.when(censored & pl.lit(name == "value"))
            .then(pl.lit("value (censored)"))
            .otherwise(pl.lit(name))
        )
        for name in needs
    ]
    return pl.lit("missing: ") + pl.concat_str(said, separator=", ", ignore_nulls=True)


def of_suite(rule: Rule, view: pl.DataFrame) -> RowWise:
    """A rule of a rule file; of a rule about groups each row has its group's verdict. ValueError when it cannot run."""
    return _of_groups(rule, view) if rule.level == "dataset" else _of_rows(rule, view)


def _of_rows(rule: Rule, view: pl.DataFrame) -> RowWise:
    (mine,) = prepared(view, [rule])
    question = mine.question
    failing = _failing(question)
    at = mine.at if mine.at is not None else pl.int_range(view.height, eager=True)
    known = pl.lit(value=True)
    if not KINDS[rule.expect].presence:
        known = pl.all_horizontal(pl.col(name).is_not_null() for name in question.operands.values())
    chosen = pl.DataFrame({"_place": at.cast(pl.Int64)}).with_columns(
        _known=question.frame.select(known=known).to_series() if question.frame.width else pl.lit(value=True),
        _fails=pl.int_range(pl.len()).is_in(failing.implode()),
    )
    states = (
        view.with_columns(_unknown(rule, view), _other(rule, view), _silent(rule, view))
        .with_row_index("_place")
        .select("row_id", pl.col("_place").cast(pl.Int64), "_unknown", "_other", "_silent")
        .join(chosen, on="_place", how="left", maintain_order="left")
        .select(
            "row_id",
            state=pl.when(pl.col("_known").is_null() & pl.col("_other").is_not_null())
            .then(pl.lit(NOT_ASKED))
            .when(pl.col("_known").is_null() | ~pl.col("_known"))
            .then(pl.lit(UNJUDGED))
            .when("_fails")
            .then(pl.lit(FAILED))
            .otherwise(pl.lit(PASSED)),
            why=pl.when(pl.col("_known").is_null() & pl.col("_other").is_not_null())
            .then("_other")
            .when(pl.col("_known").is_null())
            .then("_unknown")
            .when(~pl.col("_known"))
            .then("_silent"),
            told_at=pl.when("_fails").then("row_id"),
        )
    )
    return RowWise(states, mine.looked_at, failing.len(), mine.not_judged)


def _failing(question: Question) -> pl.Series:
    (told,) = plain.judge([question])
    if isinstance(told, str):
        raise ValueError(told)  # noqa: TRY004 - the text is the engine's reason
    return told


def _unknown(rule: Rule, view: pl.DataFrame) -> pl.Expr:
    names = [
        pl.when(pl.col(name).is_null()).then(pl.lit(name))
        for name in columns_of(rule.when)
        if name in view.columns
    ]
    said = pl.concat_str(names, separator=", ", ignore_nulls=True) if names else pl.lit("")
    return (pl.lit("unknown: ") + said).alias("_unknown")


def _other(rule: Rule, view: pl.DataFrame) -> pl.Expr | pl.Series:
    """`stage is colostrum`, where a condition of the rule surely does not hold; null elsewhere."""
    if not rule.when:
        return pl.lit(None, dtype=pl.String).alias("_other")
    table = nw.from_native(view.select(comparable(view, name).alias(name) for name in columns_of(rule.when)))
    parts: Mapping[str, Any] = {name: {name: wanted} for name, wanted in rule.when.items()}
    fails = table.select(
        _all=truth(rule.when)[1], **{f"_{name}": truth(one)[1] for name, one in parts.items()}
    ).to_native()
    shown = []
    for name in parts:
        if name in ALTERNATIVES:
            text = pl.lit(f"another kind of row, by its {', '.join(columns_of(parts[name]))}")
        else:
            text = pl.lit(f"{name} is ") + _shown(name)
        shown.append(pl.when(fails[f"_{name}"]).then(text))
    first = pl.concat_str(shown, separator=", ", ignore_nulls=True)
    return pl.when(fails["_all"]).then(first).alias("_other")


def _shown(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.replace(r"\.0$", "").fill_null("missing")


# A total of one sample is judged once, with all its parts.
_ALONE = "a part of it is missing, censored or superseded, or another row of the sample is judged for it"


def _silent(rule: Rule, view: pl.DataFrame) -> pl.Expr:
    """Why a row of the rule's kind has nothing to judge: censored, a column missing, no row before it."""
    needed = [name for name in rule.columns if name in view.columns]
    missing = _lacking(tuple(name for name in needed if name not in columns_of(rule.when)), view)
    none = pl.all_horizontal(pl.col(name).is_not_null() for name in needed) if needed else pl.lit(value=True)
    censored = (
        pl.col("censored").is_not_null() & pl.lit("value" in rule.columns)
        if "censored" in view.columns
        else pl.lit(value=False)
    )
    return (
        pl.when(censored)
        .then(pl.lit("censored: only a limit is known"))
        .when(none)
        .then(pl.lit(_ALONE if rule.expect == "sum_of" else "there is no row before it"))
        .otherwise(missing)
        .alias("_silent")
    )


def _of_groups(rule: Rule, view: pl.DataFrame) -> RowWise:
    groups = figures(rule, view)
    there = groups.table.filter(pl.col("figure").is_not_null())
    failing = _failing(Question(rule, {"value": "figure"}, there.select("figure")))
    shown = [written(float(figure)) for figure in there["figure"].to_list()]
    told = pl.concat(
        [
            there.select(
                group="row_id",
                state=pl.when(pl.int_range(pl.len()).is_in(failing.implode()))
                .then(pl.lit(FAILED))
                .otherwise(pl.lit(PASSED)),
                figure=pl.Series("_", shown, dtype=pl.String),
            ),
            groups.table.filter(pl.col("figure").is_null()).select(
                group="row_id", state=pl.lit(UNJUDGED), figure=pl.lit(None, dtype=pl.String)
            ),
        ]
    )
    name = pl.when(pl.col("group") == "*").then(pl.lit("the whole table")).otherwise("group")
    states = (
        view.select("row_id")
        .join(members(rule, view), on="row_id", how="left", maintain_order="left")
        .join(told, on="group", how="left", maintain_order="left")
        .select(
            "row_id",
            state=pl.col("state").fill_null(NOT_ASKED),
            why=pl.when(pl.col("group").is_null())
            .then(pl.lit("the row does not count for it"))
            .when(pl.col("state") == UNJUDGED)
            .then(pl.lit("too few results, or too many censored, in ") + name)
            .otherwise(pl.lit("judged for ") + name + pl.lit(": ") + pl.col("figure")),
            told_at=pl.when(pl.col("state") == FAILED).then("group"),
        )
    )
    return RowWise(states, there.height, failing.len(), groups.not_judged)
