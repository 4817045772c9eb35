"""A block of laboratory results made into one row per sample and analyte (milk, biomarkers)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from milkqc import cells as text_cells
from milkqc import reference
from milkqc.mapping import actions, blocks, comparisons, contents, rejects, targets, values, zeros
from milkqc.mapping.actions import Place
from milkqc.mapping.blocks import PLACED_PROBLEMS, Built
from milkqc.mapping.language import Analyte, Block, Defaults, LimitOf
from milkqc.mapping.limits import DISAGREE, disagreements, limits
from milkqc.mapping.rows import Rows
from milkqc.mapping.values import Mapped

_ASKED_ONCE = (DISAGREE, zeros.RULE)


def build(table: str, block: Block, rows: Rows, missing: Mapping[str, str]) -> Built:
    """One row for each sample and analyte of a wide file, also where the result is missing; for each row of a long one."""
    frames, problems, unplaced = [], [], []
    judged: dict[tuple[str, str], int] = {}
    columns: dict[str, tuple[str, ...]] = {}
    used = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    offset = 0
    for visit, suffix in (block.visits or {"": ""}).items():
        place = blocks.with_lets(Place(rows, missing, visit or None, suffix), block)
        shared, shared_columns = _shared(table, block, place)
        made = blocks.keys(table, block, place)
        why, key_cells = rejects.key_faults(made), rejects.key_cells(made, block, rows)
        shared = shared.with_columns(
            made[name].value.alias(name) if name in made else pl.lit(None, dtype=pl.String).alias(name)
            for name in targets.KEYS[table]
        ).with_columns(mapped.raw.alias(f"{name}__key") for name, mapped in made.items())
        made_here = analytes_of(block, place)
        shared = _compared(block, place, shared, shared_columns, made_here)
        for analyte, mapped, mine, spec in made_here:
            reason = why
            if analyte is None:
                named = place.rows.cells(_long_analyte(block)).text.fill_null("empty")
                text = pl.concat_str(pl.lit("analyte is "), named, pl.lit(", not known"))
                reason = pl.select(pl.coalesce(why, text)).to_series()
            good = mine & reason.is_null()
            unplaced.append(rejects.unplaced(mine & ~good, reason, key_cells))
            if analyte is None:
                continue
            used = used | good
            assay, content = limits(spec, place), contents.contents(spec, place)
            frame = shared.with_columns(analyte=pl.lit(analyte))
            if block.long is not None:
                frame = frame.with_columns(place.rows.cells(_long_analyte(block)).text.alias("analyte__key"))
            frame = frame.with_columns(
                [*result_columns(mapped, assay, spec, place, block), *contents.columns(content)]
            )
            diluted = shared_columns["dilution"].value if "dilution" in shared_columns else None
            differ = disagreements(mapped, assay, spec, diluted)
            frames.append(frame.filter(good))
            position = pl.select(pl.when(good).then(good.cast(pl.UInt32).cum_sum() - 1 + offset)).to_series()
            found = pl.concat(
                [
                    mapped.problems.with_columns(variable=pl.lit(analyte)),
                    _at(differ, mine).with_columns(variable=pl.lit(analyte)),
                    *(
                        _at(part.problems, mine).with_columns(variable=pl.lit(name))
                        for name, part in content.items()
                    ),
                    _at(assay.problems, mine).with_columns(variable=pl.lit("limit")),
                    *(
                        part.problems.with_columns(variable=pl.lit(name))
                        for name, part in (*shared_columns.items(), *place.lets.items())
                    ),
                ]
            )
            placed = found.with_columns(place=position.gather(found["row"])).filter(
                pl.col("place").is_not_null()
            )
            problems.append(placed)
            offset += int(good.sum())
            for rule in mapped.judged:
                judged[rule, analyte] = judged.get((rule, analyte), 0) + int(
                    (good & mapped.missing.is_null() | (mapped.missing == "unreadable")).sum()
                )
            if assay.value.is_not_null().any():
                known = int((good & mapped.limit.is_not_null()).sum()) if mapped.limit is not None else 0
                judged[DISAGREE, analyte] = judged.get((DISAGREE, analyte), 0) + known
            for name, part in content.items():
                columns[name] = tuple(dict.fromkeys((*columns.get(name, ()), *part.columns)))
                for rule, count in part.judged.items():
                    judged[rule, name] = max(judged.get((rule, name), 0), count)
            for rule in assay.judged:
                known = int((good & (assay.missing.is_null() | (assay.missing == "unreadable"))).sum())
                judged[rule, "limit"] = judged.get((rule, "limit"), 0) + known
            if assay.columns:
                columns["limit"] = tuple(dict.fromkeys((*columns.get("limit", ()), *assay.columns)))
            columns[analyte] = tuple(dict.fromkeys((*columns.get(analyte, ()), *mapped.columns)))
        for name, part in (*shared_columns.items(), *place.lets.items()):
            columns[name] = part.columns
            for rule, count in part.judged.items():
                judged[rule, name] = judged.get((rule, name), 0) + count
    frame = pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()
    found = pl.concat(problems, how="diagonal") if problems else pl.DataFrame(schema=PLACED_PROBLEMS)
    if problems:
        found = _once(found, frame, list(columns))
    return Built(
        frame,
        found,
        rejects.rejected(
            unplaced,
            rows,
            {**columns, "long": _long_columns(block)},
            keys=rejects.key_columns(block),
            placed=used,
        ),
        rows.table.height,
        int(used.sum()),
        rows.set_aside,
        columns,
        judged,
        rows.controls,
    )


def _once(found: pl.DataFrame, frame: pl.DataFrame, variables: list[str]) -> pl.DataFrame:
    """Problems of one cell that all analytes of its sample share made one, with the number of rows it concerns."""
    where = frame.select("source_file", "source_row")[found["place"]]
    # A question about a whole column (its zeros), or about one pair of limits, is asked once.
    by_cell = ~pl.col("rule_id").is_in(_ASKED_ONCE)
    order = pl.col("variable").replace_strict(
        variables, list(range(len(variables))), default=-1, return_dtype=pl.Int64
    )
    return (
        pl.concat([found, where], how="horizontal")
        .sort("place", maintain_order=True)
        .group_by(
            pl.when(by_cell).then("source_file"),
            pl.when(by_cell).then("source_row").alias("_row"),
            pl.when(pl.col("rule_id") != zeros.RULE).then("value").alias("_value"),
            "rule_id",
            "variable",
            "expected",
            maintain_order=True,
        )
        .agg(pl.col("place", "source_row", "value").first(), n_rows=pl.len())
        .sort("place", order, "rule_id", "value")
        .select(pl.col(name).cast(kind) for name, kind in PLACED_PROBLEMS.items())
    )


def _long_analyte(block: Block) -> str:
    if block.long is None or block.long.analyte is None:
        raise ValueError("only a long block has a column that names its analyte")
    return block.long.analyte


def _long_columns(block: Block) -> tuple[str, ...]:
    """What a row of a long file holds whatever its analyte."""
    long = block.long
    return () if long is None else tuple(name for name in (long.value, long.unit, long.limit) if name)


def _shared(table: str, block: Block, place: Place) -> tuple[pl.DataFrame, dict[str, Mapped]]:
    """What every result of a source row has: its place, sample facts and extras."""
    frame = place.rows.places().with_columns(specimen=pl.lit(block.specimen))
    known = targets.mappable(table)
    made: dict[str, Mapped] = {}
    for name, spec in block.columns.items():
        column = known[name]
        made[name] = actions.make(spec, column.type, place, allowed=column.codes)
        frame = frame.with_columns(blocks.stored_columns(name, column.type, made[name]))
    for name, extra in block.extra.items():
        made[f"x_{name}"] = actions.own(extra, place)
        frame = frame.with_columns(blocks.stored_columns(f"x_{name}", extra.type, made[f"x_{name}"]))
    for name, let in place.lets.items():
        frame = frame.with_columns(blocks.stored_columns(f"let_{name}", "let", let))
    order = run_order(block, place.rows)
    if order.is_not_null().any():
        frame = frame.with_columns(order.alias("run_order"))
    if block.repeats is not None and block.repeats.latest is not None:
        frame = frame.with_columns(_order(block.repeats.latest, block, place, made).alias("_latest"))
    return frame, made


def run_order(block: Block, rows: Rows) -> pl.Series:
    """The position in the run of each row, where the block's controls name its column; else null."""
    if block.controls is None or block.controls.order is None:
        return pl.repeat(None, rows.height, dtype=pl.Float64, eager=True)
    cells = rows.cells(block.controls.order)
    if cells.native is not None and cells.kind == "number":
        return cells.native.cast(pl.Float64)
    return text_cells.numbers(cells.text)["number"]


def _compared(
    block: Block,
    place: Place,
    shared: pl.DataFrame,
    columns: dict[str, Mapped],
    analytes: list[tuple[str | None, Mapped, pl.Series, Analyte]],
) -> pl.DataFrame:
    """`shared` with what the study computed itself, and our formula over the row's own results beside it."""
    known = {**columns, **{name: mapped for name, mapped, _, _ in analytes if name is not None}}
    for name, mapped in comparisons.made(block, place, known).items():
        shared = shared.with_columns(blocks.stored_columns(name, "let", mapped))
        if mapped.problems.height or not name.startswith(comparisons.OURS):
            columns[name.removeprefix(comparisons.THEIRS).removeprefix(comparisons.TOTAL)] = mapped
    return shared


def _order(column: str, block: Block, place: Place, made: Mapping[str, Mapped]) -> pl.Series:
    """What decides which of several results is the latest: the mapped date, else the file's date or number."""
    for name, spec in block.columns.items():
        if spec.from_ == (column,) and made[name].value.dtype in {pl.Date, pl.Float64}:
            return made[name].value.cast(pl.Float64)
    cells = place.rows.cells(place.named(column))
    if cells.native is not None and cells.kind != "boolean":
        return cells.native.to_physical().cast(pl.Float64)
    return latest_order(cells.text)


def analytes_of(block: Block, place: Place) -> list[tuple[str | None, Mapped, pl.Series, Analyte]]:
    """Each analyte with its results, the rows they stand in, and what the mapping says of it; None for unknown ones."""
    everywhere = pl.repeat(True, place.rows.height, dtype=pl.Boolean, eager=True)
    found: list[tuple[str | None, Mapped, pl.Series, Analyte]] = []
    if block.long is None:
        for name, given in block.analytes.items():
            if given.match in {"undecided", "not_collected"}:
                continue  # no sample was asked for it: a row of nothing would count as a sample without a result
            spec = _with_defaults(given, block.every)
            assay = limits(spec, place).value if spec.limit is not None else None
            made = actions.make(spec, "number", place, result=True, assay=assay)
            found.append((name, made, everywhere, spec))
        return found
    long = block.long
    named = analyte_names(block, place)
    for name in sorted(named.drop_nulls().unique().to_list()):
        spec = _with_defaults(block.analytes.get(name, Analyte()), block.every)
        update: dict[str, object] = {"from_": (long.value,)}
        if long.unit is not None:
            update["unit"] = spec.unit or blocks.unit_from(long.unit)
        if long.missing is not None and spec.missing is None:
            update["missing"] = long.missing
        if spec.limit is None and long.limit is not None:
            update["limit"] = LimitOf.model_validate({"from": long.limit})
        spec = spec.model_copy(update=update)
        mine = (named == name).fill_null(False)
        mapped = actions.make(spec, "number", place, result=True)
        found.append((name, replace(mapped, problems=_at(mapped.problems, mine)), mine, spec))
    unknown = named.is_null()
    if unknown.any():
        spec = Analyte.model_validate({"from": long.value})
        found.append((None, actions.make(spec, "text", place), unknown, spec))
    return found


def analyte_names(block: Block, place: Place) -> pl.Series:
    """The analyte of each row of a long file: by its codes, or the analyte's own key; null when neither."""
    text = place.rows.cells(_long_analyte(block)).text
    coded = values.recode(text, block.long.codes if block.long else {})
    plain = text_cells.canonical(text)
    return pl.select(
        pl.coalesce(coded, pl.when(plain.is_in(list(reference.analytes()))).then(plain))
    ).to_series()


def _at(problems: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    return problems.filter(pl.col("row").is_in(pl.Series(rows.arg_true(), dtype=pl.UInt32).implode()))


def _with_defaults(spec: Analyte, every: Defaults) -> Analyte:
    given = {name: getattr(every, name) for name in type(every).model_fields}
    return spec.model_copy(
        update={
            name: value for name, value in given.items() if value is not None and getattr(spec, name) is None
        }
    )


def result_columns(
    mapped: Mapped, assay: Mapped, spec: Analyte, place: Place, block: Block
) -> list[pl.Series | pl.Expr]:
    """The result's own columns (docs/architecture.md); the limit of a censored cell is the cell's own if it says one."""
    height = place.rows.height
    none = pl.repeat(None, height, dtype=pl.Float64, eager=True)
    censored = mapped.censored if mapped.censored is not None else none.cast(pl.String)
    own = mapped.limit if mapped.limit is not None else none
    # A declared limit is the lowest that the assay sees: it says nothing of a result above the range.
    limit = pl.select(pl.when(censored == ">").then(own).otherwise(pl.coalesce(own, assay.value))).to_series()
    columns: list[pl.Series | pl.Expr] = [
        mapped.raw.alias("raw"),
        mapped.value.cast(pl.Float64).alias("number"),
        censored.alias("censored"),
        limit.alias("limit_raw"),
        assay.raw.alias("limit_text"),
        (mapped.unit if mapped.unit is not None else none.cast(pl.String)).alias("raw_unit"),
        pl.select(pl.when(censored.is_null()).then(mapped.missing)).to_series().alias("missing_reason"),
    ]
    for name in ("substance", "method", "measures"):
        if name not in block.columns:
            columns.append(pl.lit(getattr(spec, name), dtype=pl.String).alias(name))
        elif getattr(spec, name) is not None:
            columns.append(pl.coalesce(name, pl.lit(getattr(spec, name))).alias(name))
    if "dilution" not in block.columns:
        columns.append(pl.lit(spec.dilution, dtype=pl.Float64).alias("dilution"))
    return columns


def latest_order(text: pl.Series) -> pl.Series:
    """Text that orders results by itself: ISO dates as days, else plain numbers; null for anything else."""
    days = text_cells.dates(text, "%Y-%m-%d")["date"].to_physical().cast(pl.Float64)
    return days if days.is_not_null().any() else text_cells.numbers(text)["number"]
