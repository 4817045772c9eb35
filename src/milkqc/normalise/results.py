"""Laboratory results: `number` in the unit of its analyte, by substance and, where the unit asks, the sample's content."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from milkqc import reference
from milkqc.errors import MilkqcError, UnitError
from milkqc.findings import drafts
from milkqc.normalise.faults import SUBSTANCE, UNIT, failing_rows, perhaps, shown_unit
from milkqc.reference import Analyte
from milkqc.units import content_factor, per_mass

# What a unit per mass of milk or fat needs, and the column that has it.
_CONTENTS = {"density": "density_kg_l", "fat": "fat_g_l"}
# So many different units at most are told apart by comparing.
_FEW = 16


def convert(
    table: str, frame: pl.DataFrame, analytes: Mapping[str, Analyte]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`frame` with `factor`, `value`, `limit` and `unit`, the reason where there is no value; and the drafts.

    Raises MilkqcError for an analyte that is not among `analytes`.
    """
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
    no_unit = there() & pl.col("factor").is_null()
    failing = frame.filter(no_unit)
    if failing.is_empty():
        return frame, drafts()
    strange = _strange(failing, analytes)
    other = pl.struct("analyte", "substance").is_in(strange) if strange else pl.lit(value=False)
    lacks = _replaced(pl.col("raw_unit"), {text: _lacks(text) for text in failing["raw_unit"].unique()})
    found = failing_rows(
        table,
        failing.filter(~other),
        UNIT,
        pl.col("analyte"),
        shown_unit("raw_unit"),
        pl.when(lacks.is_null())
        .then(pl.col("unit") + perhaps(failing, "raw_unit"))
        .otherwise(pl.concat_str("unit", pl.lit(" without this sample's "), lacks)),
    )
    wrong = failing_rows(
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


def there() -> pl.Expr:
    """Whether there is a result to convert: a number, or one beyond a limit."""
    return pl.col("number").is_not_null() | pl.col("censored").is_not_null()


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
