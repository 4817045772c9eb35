"""A file with one measurement a row: which variable each row fills, and the rows of one key brought together."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from milkqc.mapping import actions, merge, targets, values
from milkqc.mapping.actions import Place
from milkqc.mapping.built import conflict_problems
from milkqc.mapping.language import Block, Column, UnitOf
from milkqc.mapping.rows import Rows
from milkqc.mapping.values import Mapped


def measurements(table: str, block: Block, place: Place) -> dict[str, tuple[str, Mapped]]:
    """A long file's measurements: for each variable a column that only its own rows fill."""
    long = block.long
    if long is None or long.variable is None:
        return {}
    named = values.recode(place.rows.cells(long.variable).text, long.codes)
    made: dict[str, tuple[str, Mapped]] = {}
    for variable in dict.fromkeys(long.codes.values()):
        given = block.columns.get(variable, Column())
        update: dict[str, object] = {"from_": (long.value,), "missing": given.missing or long.missing}
        if given.unit is None and long.unit is not None:
            update["unit"] = unit_from(long.unit)
        column = targets.mappable(table)[variable]
        mapped = actions.make(given.model_copy(update=update), column.type, place, allowed=column.codes)
        mine = named == variable
        made[targets.stored(table, variable)] = (column.type, _only(mapped, mine.fill_null(False)))
    return made


def unit_from(column: str) -> UnitOf:
    """The unit that another column of the row holds."""
    return UnitOf.model_validate({"from": column})


def _only(mapped: Mapped, rows: pl.Series) -> Mapped:
    """The column with nothing at all (no value, no reason, no problem) outside `rows`."""

    def kept(series: pl.Series | None) -> pl.Series | None:
        return None if series is None else pl.select(pl.when(rows).then(series)).to_series()

    places = pl.Series(rows.arg_true(), dtype=pl.UInt32)
    value, raw, missing = kept(mapped.value), kept(mapped.raw), kept(mapped.missing)
    if value is None or raw is None or missing is None:
        raise ValueError("a mapped column always has values, raw texts and reasons")
    return replace(
        mapped,
        value=value,
        raw=raw,
        missing=missing,
        unit=kept(mapped.unit),
        problems=mapped.problems.filter(pl.col("row").is_in(places.implode())),
        judged={rule: int(rows.sum()) for rule in mapped.judged},
    )


def unknown_variables(block: Block, rows: Rows) -> pl.Series:
    """Why a long file's row measures nothing known; null everywhere in other files."""
    if block.long is None or block.long.variable is None:
        return pl.repeat(None, rows.height, dtype=pl.String, eager=True)
    text = rows.cells(block.long.variable).text
    named = values.recode(text, block.long.codes)
    return pl.select(
        pl.when(named.is_null()).then(
            pl.concat_str(
                pl.lit(f"{block.long.variable} is "), text.fill_null("empty"), pl.lit(", not in codes")
            )
        )
    ).to_series()


def together(
    table: str, frame: pl.DataFrame, problems: pl.DataFrame, measured: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The measurements of one key in one row; the second measurement of a variable goes to a second row."""
    by = [name for name in targets.KEYS[table] if frame[name].is_not_null().any()]
    filled = pl.coalesce(
        pl.when(pl.coalesce(f"{name}__raw", f"{name}__missing").is_not_null()).then(pl.lit(name))
        for name in measured
    )
    frame = frame.with_columns(_which=filled, _at=pl.int_range(pl.len(), dtype=pl.UInt32))
    # Which of several measurements is the first is decided by what they hold, not by the order of the rows.
    order = [*sorted(f"{name}__raw" for name in measured), "source_file", "source_row"]
    frame = frame.with_columns(_time=pl.int_range(pl.len()).over([*by, "_which"], order_by=order))
    groups = frame.select(*by, "_time", "_at")
    merged, conflicts = merge.merge(frame.drop("_which", "_at"), [*by, "_time"])
    places = merged.select(*by, "_time").with_columns(_new=pl.int_range(pl.len(), dtype=pl.UInt32))
    moved = groups.join(places, on=[*by, "_time"], how="left", maintain_order="left", nulls_equal=True)
    found = problems.with_columns(place=moved["_new"].gather(problems["place"]))
    return merged.drop("_time"), pl.concat([found, conflict_problems(conflicts, merged)])
