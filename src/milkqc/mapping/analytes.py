"""The analytes of a block of results: which it has, in which rows, and what the mapping says of each."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from milkqc import cells as text_cells
from milkqc import reference
from milkqc.mapping import actions, values
from milkqc.mapping.actions import Place
from milkqc.mapping.language import Analyte, Block, Defaults, LimitOf
from milkqc.mapping.limits import limits
from milkqc.mapping.long import unit_from
from milkqc.mapping.values import Mapped


def made(block: Block, place: Place) -> list[tuple[str | None, Mapped, pl.Series, Analyte]]:
    """Each analyte with its results, the rows they stand in, and what the mapping says of it; None for unknown ones."""
    everywhere = pl.repeat(True, place.rows.height, dtype=pl.Boolean, eager=True)
    found: list[tuple[str | None, Mapped, pl.Series, Analyte]] = []
    if block.long is None:
        for name, given in block.analytes.items():
            if given.match in {"undecided", "not_collected"}:
                continue  # no sample was asked for it: a row of nothing would count as a sample without a result
            spec = _with_defaults(given, block.every)
            assay = limits(spec, place).value if spec.limit is not None else None
            one = actions.make(spec, "number", place, result=True, assay=assay)
            found.append((name, one, everywhere, spec))
        return found
    long = block.long
    named = names(block, place)
    for name in sorted(named.drop_nulls().unique().to_list()):
        spec = _with_defaults(block.analytes.get(name, Analyte()), block.every)
        update: dict[str, object] = {"from_": (long.value,)}
        if long.unit is not None:
            update["unit"] = spec.unit or unit_from(long.unit)
        if long.missing is not None and spec.missing is None:
            update["missing"] = long.missing
        if spec.limit is None and long.limit is not None:
            update["limit"] = LimitOf.model_validate({"from": long.limit})
        spec = spec.model_copy(update=update)
        mine = (named == name).fill_null(False)
        mapped = actions.make(spec, "number", place, result=True)
        found.append((name, replace(mapped, problems=only(mapped.problems, mine)), mine, spec))
    unknown = named.is_null()
    if unknown.any():
        spec = Analyte.model_validate({"from": long.value})
        found.append((None, actions.make(spec, "text", place), unknown, spec))
    return found


def names(block: Block, place: Place) -> pl.Series:
    """The analyte of each row of a long file: by its codes, or the analyte's own key; null when neither."""
    text = place.rows.cells(long_analyte(block)).text
    coded = values.recode(text, block.long.codes if block.long else {})
    plain = text_cells.canonical(text)
    return pl.select(
        pl.coalesce(coded, pl.when(plain.is_in(list(reference.analytes()))).then(plain))
    ).to_series()


def _with_defaults(spec: Analyte, every: Defaults) -> Analyte:
    given = {name: getattr(every, name) for name in type(every).model_fields}
    return spec.model_copy(
        update={
            name: value for name, value in given.items() if value is not None and getattr(spec, name) is None
        }
    )


def long_analyte(block: Block) -> str:
    """The column of a long file that says which analyte a row is. ValueError for other blocks."""
    if block.long is None or block.long.analyte is None:
        raise ValueError("only a long block has a column that names its analyte")
    return block.long.analyte


def long_columns(block: Block) -> tuple[str, ...]:
    """What a row of a long file holds whatever its analyte."""
    long = block.long
    return () if long is None else tuple(name for name in (long.value, long.unit, long.limit) if name)


def only(problems: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """The problems of those rows only."""
    return problems.filter(pl.col("row").is_in(pl.Series(rows.arg_true(), dtype=pl.UInt32).implode()))
