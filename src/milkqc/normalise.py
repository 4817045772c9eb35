"""Canonical units: the value beside the number as read, with the one factor between them.

Nothing is edited, with one exception that the architecture provides for: where a number cannot become a value
(its unit cannot be converted, a count is not whole), `X__missing` or `missing_reason` says so from here on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import polars as pl

from milkqc import reference
from milkqc.errors import MilkqcError, UnitError
from milkqc.findings import as_drafts, drafts
from milkqc.model import LedgerRow
from milkqc.reference import Analyte
from milkqc.units import canonical, content_factor, nearest, per_mass, unit_factor

UNIT = "{}.unit.unreadable"
SUBSTANCE = "{}.substance.unreadable"
WHOLE = "{}.value.not_whole"

_RESULTS = ("milk", "biomarkers")
# What the dictionary writes where a column has no unit of its own to be converted to.
_UNITLESS = ("", "1", "{z}", "by analyte")
# What a unit per mass of milk or fat needs, and the column that has it.
_CONTENTS = {"density": "density_kg_l", "fat": "fat_g_l"}
# So many different units at most are told apart by comparing.
_FEW = 16
# Beyond this a float no longer tells neighbouring whole numbers apart.
_LARGEST_WHOLE = 2**53


def normalise(
    table: str, frame: pl.DataFrame, *, analytes: Mapping[str, Analyte] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`frame` with values in canonical units, rows in their order; and draft findings.

    Each `X__number` and `X__raw_unit` give `X` (Float64, or Int64 for a count of the dictionary) and
    `X__factor`: X = number * factor, null where the number is. A column of the mapping's own (`x_...`) keeps
    its unit, with factor 1. In milk and biomarkers `number`, `limit_raw`, `raw_unit`, `analyte` and `substance`
    give `factor`, `value` (null where `censored` is set), `limit` and `unit` (of the analyte, on every row). Where
    the raw unit is per mass of milk or of fat, `factor` is the whole one: with the row's own `density_kg_l` or
    `fat_g_l`; without it there is none, and the reason is `no_density` or `no_fat`.
    `dilution` is what the laboratory recorded and has applied already; nothing is multiplied by it.

    A unit that cannot be converted, in the row it stands in, is a critical finding: the value is null, the
    reason `unit_unreadable`. A count that is not whole is one too: null, `unreadable`.
    `analytes` replaces the shipped ones (a study's own and the shipped). Raises MilkqcError for an analyte
    that is not among them.
    """
    found: list[pl.DataFrame] = [drafts()]
    for name in _numbers(frame):
        frame, part = _column(table, frame, name)
        found.append(part)
    if table in _RESULTS:
        frame, part = _results(table, frame, reference.analytes() if analytes is None else analytes)
        found.append(part)
    return frame, pl.concat(found)


def ledger(table: str, frame: pl.DataFrame, found: pl.DataFrame) -> list[LedgerRow]:
    """What was looked at: a row for each rule and column (or analyte) of `frame`, as it was before normalise."""
    looked: list[tuple[str, str, int]] = []
    for name in _numbers(frame):
        there = frame[f"{name}__number"].count()
        looked.append((UNIT.format(table), name, there))
        if _is_count(table, name):
            looked.append((WHOLE.format(table), name, there))
    if table in _RESULTS:
        stated = frame.filter(pl.col("substance").is_not_null() & _there())
        for analyte, n in stated.group_by("analyte").len().sort("analyte").iter_rows():
            looked.append((SUBSTANCE.format(table), analyte, n))
        counts = frame.group_by("analyte").agg(there=_there().sum()).sort("analyte").iter_rows()
        looked += [(UNIT.format(table), analyte, there) for analyte, there in counts]
    failed = {
        (rule, variable): n for rule, variable, n in found.group_by("rule_id", "variable").len().iter_rows()
    }
    return [
        LedgerRow(
            rule_id=rule,
            engine="reading",
            table=table,
            variable=variable,
            severity="critical",
            status="ran" if there else "nothing_to_look_at",
            looked_at=there,
            failed=failed.get((rule, variable), 0),
            findings=failed.get((rule, variable), 0),
            source="definition",
        )
        for rule, variable, there in looked
    ]


def _numbers(frame: pl.DataFrame) -> list[str]:
    """The mapped columns that came as numbers; the mapping's intermediates (`let_...`) stay as they are."""
    names = [name.removesuffix("__number") for name in frame.columns if name.endswith("__number")]
    return [name for name in names if not name.startswith("let_")]


def _is_count(table: str, name: str) -> bool:
    column = reference.dictionary().get((table, name))
    return column is not None and column.type == "integer"


def _column(table: str, frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    number, raw_unit, missing = f"{name}__number", f"{name}__raw_unit", f"{name}__missing"
    column = reference.dictionary().get((table, name))
    if missing not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias(missing))
    if column is None:
        factor = pl.lit(1.0)
    else:
        # None is always there: with nothing to replace, polars leaves text as text
        units = {None, *frame[raw_unit].unique()}
        factors = {unit: _factor(unit, column.unit) for unit in units}
        factor = pl.col(raw_unit).replace_strict(factors, return_dtype=pl.Float64)
    frame = frame.with_columns(factor.alias(f"{name}__factor"))
    value = pl.col(number) * pl.col(f"{name}__factor")
    no_unit = pl.col(number).is_not_null() & pl.col(f"{name}__factor").is_null()
    split = pl.lit(value=False)
    if _is_count(table, name):
        whole = (value == value.round()) & (value.abs() < _LARGEST_WHOLE)
        split = value.is_not_null() & ~whole
        value = pl.when(whole).then(value).cast(pl.Int64)
    target = column.unit if column is not None else ""
    found = [
        _drafts(
            table,
            failing := frame.filter(no_unit),
            UNIT,
            pl.lit(name),
            _shown_unit(raw_unit),
            pl.lit(target or "1") + _perhaps(failing, raw_unit),
        ),
        _drafts(
            table,
            frame.filter(split),
            WHOLE,
            pl.lit(name),
            pl.col(number).cast(pl.String),
            pl.lit("a whole number"),
        ),
    ]
    reason = (
        pl.when(no_unit)
        .then(pl.lit("unit_unreadable"))
        .when(split)
        .then(pl.lit("unreadable"))
        .otherwise(missing)
        .alias(missing)
    )
    return frame.with_columns(value.alias(name), reason), pl.concat(found)


def _results(
    table: str, frame: pl.DataFrame, analytes: Mapping[str, Analyte]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    unknown = sorted(set(frame["analyte"].drop_nulls()) - set(analytes))
    if unknown:
        raise MilkqcError(
            f"{table} has analytes that milkqc does not know: {', '.join(unknown)}. Add them to the study's analytes_file."
        )
    frame = _with_factors(frame.drop("factor", "value", "limit", "unit", strict=False), analytes)
    units = {key: analyte.unit for key, analyte in analytes.items()}
    frame = frame.with_columns(
        value=pl.when(pl.col("censored").is_null()).then(pl.col("number") * pl.col("factor")),
        limit=pl.col("limit_raw") * pl.col("factor"),
        unit=pl.col("analyte").replace_strict(units, return_dtype=pl.String),
    )
    no_unit = _there() & pl.col("factor").is_null()
    failing = frame.filter(no_unit)
    if failing.is_empty():
        return frame, drafts()
    strange = _strange(failing, analytes)
    other = pl.struct("analyte", "substance").is_in(strange) if strange else pl.lit(value=False)
    lacks = _replaced(pl.col("raw_unit"), {text: _lacks(text) for text in failing["raw_unit"].unique()})
    found = _drafts(
        table,
        failing.filter(~other),
        UNIT,
        pl.col("analyte"),
        _shown_unit("raw_unit"),
        pl.when(lacks.is_null())
        .then(pl.col("unit") + _perhaps(failing, "raw_unit"))
        .otherwise(pl.concat_str("unit", pl.lit(" without this sample's "), lacks)),
    )
    wrong = _drafts(
        table,
        failing.filter(other),
        SUBSTANCE,
        pl.col("analyte"),
        pl.col("substance"),
        pl.lit("a form of ") + pl.col("analyte"),
    )
    reason = pl.when(no_unit & pl.col("censored").is_null()).then(
        pl.when(other)
        .then(pl.lit("substance_unreadable"))
        .otherwise(pl.coalesce(pl.lit("no_") + lacks, pl.lit("unit_unreadable")))
    )
    return frame.with_columns(missing_reason=pl.coalesce(reason, "missing_reason")), pl.concat([found, wrong])


def _strange(failing: pl.DataFrame, analytes: Mapping[str, Analyte]) -> list[dict[str, str]]:
    """The pairs of an analyte and a substance that is no form of it, or none that is known."""
    pairs = failing.select("analyte", "substance").drop_nulls().unique().sort("analyte", "substance")
    return [pair for pair in pairs.to_dicts() if not _form_of(**pair, analytes=analytes)]


def _form_of(analyte: str, substance: str, *, analytes: Mapping[str, Analyte]) -> bool:
    try:
        return reference.substance(substance, among=analytes).family == analytes[analyte].family
    except UnitError:
        return False


def _replaced(column: pl.Expr, words: Mapping[str | None, str | None]) -> pl.Expr:
    return column.replace_strict(words, default=None, return_dtype=pl.String)


def _lacks(text: str | None) -> str | None:
    """Which content of the sample a raw unit needs (density, fat); None for the others."""
    one = None if text is None else per_mass(text)
    return None if one is None else ("density" if one.of == "milk" else "fat")


def _with_factors(frame: pl.DataFrame, analytes: Mapping[str, Analyte]) -> pl.DataFrame:
    """`frame` with `factor`: one exact factor for each analyte, raw unit and substance that occur together."""
    keys = ["analyte", "raw_unit", "substance"]
    pairs = frame.select(keys).unique().sort(keys, nulls_last=True)
    made = [
        _result_factor(unit, analytes[analyte], substance, analytes) if analyte is not None else None
        for analyte, unit, substance in pairs.iter_rows()
    ]
    factors = pairs.with_columns(factor=pl.Series(made, dtype=pl.Float64))
    return _with_contents(_joined(frame, factors, keys), {unit: _lacks(unit) for unit in pairs["raw_unit"]})


def _with_contents(frame: pl.DataFrame, lacking: Mapping[str | None, str | None]) -> pl.DataFrame:
    """`frame` with the factors of units per mass of milk or fat made whole by each row's own content."""
    for content, column in _CONTENTS.items():
        mine = [unit for unit, lacks in lacking.items() if lacks == content]
        if mine:
            own = pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.Float64)
            whole = pl.when(pl.col("raw_unit").is_in(mine)).then(pl.col("factor") * own).otherwise("factor")
            frame = frame.with_columns(factor=whole)
    return frame


def _joined(frame: pl.DataFrame, factors: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    if factors.height > _FEW:
        return frame.join(factors, on=keys, how="left", nulls_equal=True, maintain_order="left")
    # A laboratory has a handful of them: comparing beats joining ten million rows on three texts.
    factor = pl.lit(None, dtype=pl.Float64)
    for analyte, unit, substance, number in factors.iter_rows():
        here = [
            pl.col(name).is_null() if text is None else pl.col(name) == text
            for name, text in zip(keys, (analyte, unit, substance), strict=True)
        ]
        factor = pl.when(pl.all_horizontal(here)).then(pl.lit(number, dtype=pl.Float64)).otherwise(factor)
    return frame.with_columns(factor=factor)


def _there() -> pl.Expr:
    """Whether there is a result to convert: a number, or one beyond a limit."""
    return pl.col("number").is_not_null() | pl.col("censored").is_not_null()


def _factor(unit: str | None, to: str) -> float | None:
    """The factor of a column's unit, None where it cannot be converted; 1 where neither side has a unit."""
    if unit is None:
        return 1.0 if to in _UNITLESS else None
    try:
        return unit_factor(unit, "1" if to in _UNITLESS else to)
    except UnitError:
        return None


def _result_factor(
    unit: str | None, analyte: Analyte, substance: str | None, analytes: Mapping[str, Analyte]
) -> float | None:
    if unit is None:
        return None
    try:
        matter = None if substance is None else reference.substance(substance, among=analytes)
        if matter is not None and matter.family != analyte.family:
            return None  # another molar mass would make a number of it, and a wrong one
        return content_factor(unit, analyte.unit, substance=matter)[0]
    except UnitError:
        return None


def _shown_unit(column: str) -> pl.Expr:
    return pl.col(column).fill_null("(none)")


def _perhaps(failing: pl.DataFrame, column: str) -> pl.Expr:
    """For each unit text that nobody knows the spellings that were perhaps meant, in words; else the empty text."""
    return pl.col(column).replace_strict(
        {text: _meant(text) for text in failing[column].drop_nulls().unique()},
        default="",
        return_dtype=pl.String,
    )


def _meant(text: str) -> str:
    try:
        canonical(text)
    except UnitError:
        *most, last = nearest(text) or ("",)
        named = f"{', '.join(most)} or {last}" if most else last
        return f" (did you mean {named}?)" if named else ""
    return ""  # a known unit, of another kind of measure


def _drafts(
    table: str, failing: pl.DataFrame, rule: str, variable: pl.Expr, value: pl.Expr, expected: pl.Expr
) -> pl.DataFrame:
    """A critical finding for each failing row; those of one variable and one text share their cause."""
    if failing.is_empty():
        return drafts()
    told = failing.select(
        "row_id",
        rule_id=pl.lit(rule.format(table)),
        severity=pl.lit("critical"),
        table=pl.lit(table),
        engine=pl.lit("reading"),
        variable=variable,
        value=value,
        expected=expected,
        cause=pl.concat_str(pl.lit(rule.format(table)), variable, value, separator="\x1f"),
    )
    causes = {cause: hashlib.sha256(cause.encode()).hexdigest()[:16] for cause in told["cause"].unique()}
    return as_drafts(told.with_columns(cause_id=pl.col("cause").replace_strict(causes)).drop("cause"))
