"""The kind that holds a total against its parts: columns of one row, or analytes of one sample of a long table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw

from milkqc.checks.ledger import written
from milkqc.checks.suites.kind import NUMBERS, Ground, GxCall, Kind, Operand, itself
from milkqc.checks.suites.pairs import above
from milkqc.model import Rule

IS = {"equal": "equal to", "at_least": "at least", "at_most": "at most"}
# One sample: the rows of these tables that share all of it belong together.
SAMPLE = ("participant_id", "visit", "sample_id", "specimen")
# Findings show ten digits; a difference that they do not show is rounding, and no finding.
ROUNDING = 1e-9
_ASIDE = ("analyte", "row_id", "reported", "method", "measures", "censored")


def of_analytes(rule: Rule) -> bool:
    """Whether the parts are analytes of the same sample, not columns of the same row."""
    return rule.columns == ("value",)


def _operands(rule: Rule) -> Mapping[str, Operand]:
    weights: Mapping[str, float] = rule.arguments["parts"]
    if not of_analytes(rule):
        return {"value": itself(rule.columns[0]), **_bounds(rule, {name: nw.col(name) for name in weights})}
    total = rule.when["analyte"]
    ground = _samples((total, *weights))
    mine = nw.when(nw.col("row_id") == nw.col("_first")).then(nw.col("_part0"))
    parts = {name: nw.col(f"_part{place}") for place, name in enumerate(weights, start=1)}
    return {
        "value": Operand(f"mean of {ground.key}", mine, ground),
        **{role: Operand(one.key, one.expression, ground) for role, one in _bounds(rule, parts).items()},
    }


def _bounds(rule: Rule, parts: Mapping[str, nw.Expr]) -> Mapping[str, Operand]:
    """The weighted sum, and what it allows at the least and at the most; null where a part is, or it is not finite."""
    weights, tolerance = rule.arguments["parts"], rule.arguments.get("tolerance", 0)
    share, word = rule.arguments.get("tolerance_share", 0), rule.arguments.get("is", "equal")
    weighed = [parts[name].cast(nw.Float64) * weight for name, weight in weights.items()]
    total, size = weighed[0], weighed[0].abs()
    for one in weighed[1:]:
        total, size = total + one, size + one.abs()
    reach = size * ROUNDING + (total.abs() * share if share else tolerance)
    finite = total.is_finite() & reach.is_finite()
    key = f"sum of {weights} give or take {tolerance} or {share}"

    def known(expression: nw.Expr) -> nw.Expr:
        return nw.when(finite).then(expression)

    found = {"sum": Operand(key, known(total))}
    if word != "at_most":
        found["low"] = Operand(f"{key}, least", known(total - reach))
    if word != "at_least":
        found["high"] = Operand(f"{key}, most", known(total + reach))
    return found


def _samples(analytes: tuple[str, ...]) -> Ground:
    """`_part0`, `_part1` ...: the mean of each analyte's reported results in the row's sample; `_first`: the row_id of the
    first result of analyte 0 in it.

    Null where there is none, where one of them is missing, censored or unreadable, and where they were measured in two
    ways (method or measurand): then nobody knows which of them the total holds.
    """
    superseded = (nw.col("reported") == 0).fill_null(value=False)
    there = ~nw.col("value").is_null() & nw.col("censored").is_null()
    way = nw.concat_str(nw.col("method").fill_null(""), nw.lit("|"), nw.col("measures").fill_null(""))
    apart: dict[str, nw.Expr] = {}
    within: dict[str, nw.Expr] = {"_first": nw.col("_first").min().over(*SAMPLE)}
    parts: dict[str, nw.Expr] = {}
    for place, name in enumerate(analytes):
        mine = (nw.col("analyte") == name) & ~superseded
        value, lacks, low, high = (f"_{what}{place}" for what in ("value", "lacks", "low", "high"))
        apart |= {
            value: nw.when(mine & there).then(nw.col("value").cast(nw.Float64)),
            lacks: nw.when(mine & ~there).then(nw.lit(1)).otherwise(nw.lit(0)),
            low: nw.when(mine).then(way),
        }
        within |= {
            value: nw.col(value).mean().over(*SAMPLE),
            lacks: nw.col(lacks).sum().over(*SAMPLE),
            low: nw.col(low).min().over(*SAMPLE),
            high: nw.col(low).max().over(*SAMPLE),
        }
        whole = (nw.col(lacks) == 0) & (nw.col(low) == nw.col(high))
        parts[f"_part{place}"] = nw.when(whole).then(nw.col(value))
    apart["_first"] = nw.when((nw.col("analyte") == analytes[0]) & ~superseded).then(nw.col("row_id"))
    return Ground(f"samples of {'|'.join(analytes)}", (apart, within, parts), analytes)


def _fails(_: Mapping[str, Any], names: Mapping[str, str]) -> nw.Expr:
    value = nw.col(names["value"])
    tests = []
    if "low" in names:
        tests.append(value < nw.col(names["low"]))
    if "high" in names:
        tests.append(value > nw.col(names["high"]))
    return tests[0] if len(tests) == 1 else tests[0] | tests[1]


def _gx(arguments: Mapping[str, Any]) -> list[GxCall]:
    word = arguments.get("is", "equal")
    least = [above("value", "low", or_equal=True)] if word != "at_most" else []
    return [*least, *([above("high", "value", or_equal=True)] if word != "at_least" else [])]


def _text(arguments: Mapping[str, Any], unit: str, row: Mapping[str, Any]) -> str:
    """`equal to 5 mg/L (nicotinamide + 0.5 x nicotinic acid), give or take 2 %`, as far as the row says it."""
    parts = ""
    for name, weight in arguments["parts"].items():
        sign = (" - " if parts else "-") if weight < 0 else " + " if parts else ""
        times = "" if abs(weight) == 1 else f"{written(float(f'{abs(weight):.6g}'))} x "
        parts += f"{sign}{times}{name.replace('_', ' ')}"
    total, word = written(row.get("sum")), IS[arguments.get("is", "equal")]
    shown = parts if total is None else f"{total}{f' {unit}' if unit else ''} ({parts})"
    allowed = tolerance_text(arguments)
    return f"{word} {shown}{f', give or take {allowed}' if allowed else ''}"


def tolerance_text(arguments: Mapping[str, Any]) -> str:
    """`0.5` or `2 %`; empty without a tolerance."""
    if arguments.get("tolerance_share"):
        return f"{written(100 * arguments['tolerance_share'])} %"
    return str(written(arguments["tolerance"])) if arguments.get("tolerance") else ""


SUM_KINDS = (
    Kind(
        "sum_of",
        "row",
        ("parts", "is", "tolerance"),
        NUMBERS,
        _text,
        _fails,
        _gx,
        needs=("parts",),
        operands=_operands,
        tabular=True,
        reads=lambda rule: (*SAMPLE, *_ASIDE) if of_analytes(rule) else (),
        shows=("sum", "value"),
    ),
)
