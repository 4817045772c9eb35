"""Results of the laboratory explained: the cell, its factor and limit, its day and stage, its adequacy estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from milkqc.derive.adequacy import MATURE, TRANSITIONAL
from milkqc.explain.behind import cells_of, place
from milkqc.explain.mapped import block_of, line
from milkqc.explain.model import Cell, SourceCell, shown
from milkqc.explain.store import Row, Store
from milkqc.explain.why import because

Find = Callable[[str, Row, str], Cell]
RESULT = ("value", "censored", "limit")
DERIVED = (
    *RESULT,
    "unit",
    "factor",
    "raw",
    "raw_unit",
    "missing_reason",
    "days_postpartum",
    "stage",
    "mae",
    "below_mae",
    "mae_status",
)
_STATUS = {
    "below": "the result is below the estimate",
    "at_or_above": "the result is at or above the estimate",
    "undetermined": "the day is unknown, or the limit does not say on which side of the estimate the result lies",
    "not_measured": "there is no result",
    "not_comparable": "the estimate is for another measurand than this column `measures`",
    "outside_age": "no estimate is made for this day of lactation",
    "none": "the study has no estimate for this analyte",
}  # fmt: skip


def derived(store: Store, table: str, row: Row, column: str, find: Find) -> Cell:
    """The cell of a result's own columns."""
    if column == "days_postpartum":
        return _days(store, table, row, find)
    if column == "stage":
        return _stage(table, row, find)
    if column in {"mae", "below_mae", "mae_status"}:
        return _mae(store, table, row, column, find)
    return result(store, table, row, column)


def result(store: Store, table: str, row: Row, column: str = "value") -> Cell:
    """A result: the text of its cell, what it was read as, its factor with the substance, its limit."""
    block = block_of(store, row, "number")
    spec, every, long = (
        block.get("analytes", {}).get(row["analyte"], {}),
        block.get("every", {}),
        block.get("long"),
    )
    options = {**every, **spec}
    if long is not None:
        options = {"line": long["line"], **options, "from": [long["value"]]}
    options.setdefault("line", block.get("line", 0))
    options["from"] = options.get("from", [])
    sources = list(cells_of(store, row, "number", options, block, text=row["raw"]))
    if long is not None and long.get("analyte"):
        sources.append(place(store, row, "number", long["analyte"], block, row.get("analyte__key")))
    limit = options.get("limit") or {}
    beside = limit.get("from") or limit.get("by") or (long or {}).get("limit")
    if beside is not None and row.get("limit_text") is not None:
        sources.append(place(store, row, "number", beside, block, row["limit_text"]))
    unit_column = (options.get("unit") or {}).get("from") or (long or {}).get("unit")
    if unit_column is not None and row["raw_unit"] is not None:
        sources.append(place(store, row, "number", unit_column, block, row["raw_unit"]))
    numbers = {
        name: row.get(name)
        for name in ("number", "raw_unit", "factor", "substance", "limit_raw", "density_kg_l", "fat_g_l")
        if row.get(name) is not None
    }
    return _told(store, table, row, column, options, tuple(sources), numbers)


def _told(
    store: Store,
    table: str,
    row: Row,
    column: str,
    options: dict[str, Any],
    sources: tuple[SourceCell, ...],
    numbers: dict[str, Any],
) -> Cell:
    value, where = row[column], line(store, options)
    unit = row["unit"] if column in {"value", "limit"} else None
    factor = numbers.get("factor")
    of = f", {row['substance']}" if row["substance"] else ""
    raw = f"{row['raw_unit'] or ''} x {shown(factor)}{of}"
    if column == "value" and row["censored"] is None and value is not None:
        says = f"{shown(numbers.get('number'))} {raw} = {shown(value)} {row['unit']}"
        how = "converted" if factor != 1 else "copied"
    elif column == "limit" and value is not None:
        says = f"{shown(numbers.get('limit_raw'))} {raw} = {shown(value)} {row['unit']}"
        says += (
            ": the limit that the cell or the mapping gives"
            if row["censored"] is None
            else f": the result is {row['censored']} this"
        )
        how = "converted" if factor != 1 else "copied"
    elif column == "censored" and value is not None:
        says, how = (
            f"the cell {row['raw']!r} lies {'below' if value == '<' else 'above'} its limit",
            "converted",
        )
    elif column in {"unit", "factor", "raw", "raw_unit", "missing_reason"} and value is not None:
        says = {
            "unit": "the canonical unit of the analyte",
            "factor": f"from {row['raw_unit']} to {row['unit']}{of}",
            "raw": "the cell as it was written",
            "raw_unit": "the unit of the cell, by column, header or mapping",
            "missing_reason": "why there is no result",
        }[column]
        how = "computed"
    else:
        return Cell(
            table,
            row["row_id"],
            column,
            None,
            unit,
            "missing",
            "",
            _absent(store, row, column, options),
            sources,
            where,
            numbers,
        )
    return Cell(table, row["row_id"], column, value, unit, how, says, "", sources, where, numbers)  # type: ignore[arg-type]


def _absent(store: Store, row: Row, column: str, options: dict[str, Any]) -> str:
    if column == "value" and row["censored"] is not None:
        limit = (
            f"{shown(row['limit'])} {row['unit']}" if row["limit"] is not None else "a limit that nobody gave"
        )
        return f"censored: the result lies {'below' if row['censored'] == '<' else 'above'} {limit}"
    if column == "censored" and row["value"] is not None:
        return "the result is a number"
    if column == "limit" and (row["value"] is not None or row["censored"] is not None):
        return "neither the cell nor the mapping gives a limit"
    if column == "missing_reason":
        return "there is a result"
    return because(row["missing_reason"], row["raw"], options, store.trace["missing"])


def _days(store: Store, table: str, row: Row, find: Find) -> Cell:
    taken = find(table, row, "sample_date")
    births = [
        one
        for one in store.families.get((row["participant_id"],), [])
        if one["infant_birth_date"] is not None
    ]
    value = row["days_postpartum"]
    if taken.value is not None and births:
        first = min(births, key=lambda one: one["infant_birth_date"])
        born = find("participants", first, "infant_birth_date")
        says = f"{taken.value} - {born.value} = {shown(value)} days"
        return Cell(
            table, row["row_id"], "days_postpartum", value, "d", "computed", says, inputs=(taken, born)
        )
    planned = store.trace["schedule"].get(row["visit"])
    if value is not None:
        says = f"the schedule plans the visit {row['visit']} for day {shown(planned)}: a date is missing"
        return Cell(
            table,
            row["row_id"],
            "days_postpartum",
            value,
            "d",
            "computed",
            says,
            inputs=(taken,),
            numbers={"planned": planned},
        )
    lacks = "the sample has no date" if taken.value is None else "no birth date of this participant is known"
    return Cell(table, row["row_id"], "days_postpartum", None, "d", "missing", because=lacks, inputs=(taken,))


def _stage(table: str, row: Row, find: Find) -> Cell:
    day = find(table, row, "days_postpartum")
    if row["stage"] is None:
        why = "the day is unknown" if day.value is None else "the sample is dated before the birth"
        return Cell(table, row["row_id"], "stage", None, None, "missing", because=why, inputs=(day,))
    says = f"day {shown(day.value)}: colostrum before day {TRANSITIONAL}, transitional before day {MATURE}, then mature"
    return Cell(table, row["row_id"], "stage", row["stage"], None, "computed", says, inputs=(day,))


def estimate(store: Store, analyte: str, day: float | None) -> dict[str, Any]:
    """The estimates of the study for an analyte on a day: authority, basis, source, and its figures."""
    rows = sorted(
        (one for one in store.trace["mae"] if one["analyte"] == analyte), key=lambda one: one["age_from_days"]
    )
    if not rows:
        return {}
    windows = [one for one in rows if day is not None and one["age_from_days"] < one["age_to_days"]
               and one["age_from_days"] <= day <= one["age_to_days"]]  # fmt: skip
    chosen = windows[:1] or [one for one in rows if one["age_from_days"] == one["age_to_days"]] or rows[:1]
    first = chosen[0]
    told = {name: first[name] for name in ("authority", "edition", "basis", "measurand", "derivation", "status", "source") if first.get(name)}  # fmt: skip
    points = [[one["age_from_days"], one["age_to_days"], one["value"]] for one in chosen]
    return {**told, "days_and_values": points}


def _mae(store: Store, table: str, row: Row, column: str, find: Find) -> Cell:
    value = row[column]
    own, day = result(store, table, row), find(table, row, "days_postpartum")
    numbers = {
        **estimate(store, row["analyte"], row["days_postpartum"]),
        "mae": row["mae"],
        "status": row["mae_status"],
    }
    numbers = {name: one for name, one in numbers.items() if one is not None}
    status = f"{row['mae_status']}: {_STATUS.get(row['mae_status'], '')}"
    if value is None:
        return Cell(table, row["row_id"], column, None, row["unit"] if column == "mae" else None, "missing", because=status, numbers=numbers, inputs=(own, day))  # fmt: skip
    by = f"{numbers.get('authority')}, {numbers.get('basis')}" if "authority" in numbers else ""
    if column == "mae":
        says = f"the estimate of {by} for {numbers.get('measurand', row['analyte'])} on day {shown(day.value)}; {numbers.get('source', '')}"
        return Cell(
            table, row["row_id"], column, value, row["unit"], "computed", says, numbers=numbers, inputs=(day,)
        )
    shown_result = (
        shown(row["value"]) if row["censored"] is None else f"{row['censored']}{shown(row['limit'])}"
    )
    says = f"{shown_result} against {shown(row['mae'])} {row['unit']} ({by}): {status}"
    return Cell(
        table, row["row_id"], column, value, None, "computed", says, numbers=numbers, inputs=(own, day)
    )
