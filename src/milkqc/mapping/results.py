"""A block of laboratory results made into one row per sample and analyte (milk, biomarkers)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from milkqc.mapping import actions, analytes, blocks, comparisons, contents, orders, rejects, targets, zeros
from milkqc.mapping.actions import Place
from milkqc.mapping.built import PLACED_PROBLEMS, Built, stored_columns
from milkqc.mapping.language import Analyte, Block
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
        made_here = analytes.made(block, place)
        shared = _compared(block, place, shared, shared_columns, made_here)
        for analyte, mapped, mine, spec in made_here:
            reason = why
            if analyte is None:
                named = place.rows.cells(analytes.long_analyte(block)).text.fill_null("empty")
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
                frame = frame.with_columns(
                    place.rows.cells(analytes.long_analyte(block)).text.alias("analyte__key")
                )
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
                    analytes.only(differ, mine).with_columns(variable=pl.lit(analyte)),
                    *(
                        analytes.only(part.problems, mine).with_columns(variable=pl.lit(name))
                        for name, part in content.items()
                    ),
                    analytes.only(assay.problems, mine).with_columns(variable=pl.lit("limit")),
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
            {**columns, "long": analytes.long_columns(block)},
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


def _shared(table: str, block: Block, place: Place) -> tuple[pl.DataFrame, dict[str, Mapped]]:
    """What every result of a source row has: its place, sample facts and extras."""
    frame = place.rows.places().with_columns(specimen=pl.lit(block.specimen))
    known = targets.mappable(table)
    made: dict[str, Mapped] = {}
    for name, spec in block.columns.items():
        column = known[name]
        made[name] = actions.make(spec, column.type, place, allowed=column.codes)
        frame = frame.with_columns(stored_columns(name, column.type, made[name]))
    for name, extra in block.extra.items():
        made[f"x_{name}"] = actions.own(extra, place)
        frame = frame.with_columns(stored_columns(f"x_{name}", extra.type, made[f"x_{name}"]))
    for name, let in place.lets.items():
        frame = frame.with_columns(stored_columns(f"let_{name}", "let", let))
    order = orders.run_order(block, place.rows)
    if order.is_not_null().any():
        frame = frame.with_columns(order.alias("run_order"))
    if block.repeats is not None and block.repeats.latest is not None:
        frame = frame.with_columns(orders.latest(block.repeats.latest, block, place, made).alias("_latest"))
    return frame, made


def _compared(
    block: Block,
    place: Place,
    shared: pl.DataFrame,
    columns: dict[str, Mapped],
    results: list[tuple[str | None, Mapped, pl.Series, Analyte]],
) -> pl.DataFrame:
    """`shared` with what the study computed itself, and our formula over the row's own results beside it."""
    known = {**columns, **{name: mapped for name, mapped, _, _ in results if name is not None}}
    for name, mapped in comparisons.made(block, place, known).items():
        shared = shared.with_columns(stored_columns(name, "let", mapped))
        if mapped.problems.height or not name.startswith(comparisons.OURS):
            columns[name.removeprefix(comparisons.THEIRS).removeprefix(comparisons.TOTAL)] = mapped
    return shared


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
