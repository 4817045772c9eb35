"""What the dropdowns of the workbook offer, and which of them may be overruled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from milkqc.mapping.excel.sheets import BLOCKS, SECTIONS, Row, Sheet
from milkqc.mapping.form.places import describe, fields

CHOICES = "_choices"  # the hidden sheet with the lists


def choices(mapping: Any, rows: Sequence[Row], sources: Mapping[str, Any]) -> dict[str, list[str]]:
    """The lists by sheet and column (`variables.name`), or by column alone (`unit`)."""
    from milkqc import reference
    from milkqc.mapping import targets
    from milkqc.mapping.form.offered import units

    blocks = [row.cells["block"] for row in rows if row.sheet == "blocks"]
    variables = dict.fromkeys(
        name for table in BLOCKS for name in (*targets.KEYS[table], *targets.mappable(table))
    )
    holders = dict.fromkeys(row.cells["of"] for row in rows if row.sheet in {"codes", "missing"})
    places = [
        ".".join((row.cells["block"], row.cells.get("section", "analytes"), row.cells["name"]))
        for row in rows
        if row.sheet in {"variables", "analytes"}
    ]
    found = {
        "variables.block": blocks,
        "analytes.block": blocks,
        "variables.section": [key for key, sheet in SECTIONS.items() if sheet == "variables"],
        "variables.name": list(variables),
        "analytes.name": sorted(reference.analytes()),
        "blocks.from": list(mapping.tables),
        "golden.from": list(mapping.tables),
        "unmapped.table": list(mapping.tables),
        "codes.of": list(dict.fromkeys([*holders, *(f"{place}.codes" for place in places)])),
        "missing.of": list(dict.fromkeys(["missing", *holders, *(f"{place}.missing" for place in places)])),
        "comments.where": ["above", "beside", "after"],
        "unit": units(),
        "substance": sorted(reference.analytes()),
    }
    if sources:
        columns = dict.fromkeys(column for listed in sources.values() for column, _, _ in listed)
        found["from"] = list(columns)
    found["codes.of"] = [one for one in found["codes.of"] if one.endswith("codes")]
    found["missing.of"] = [one for one in found["missing.of"] if not one.endswith(".codes")]
    return {key: values for key, values in found.items() if values}


def ranges(lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Where each list stands in the hidden sheet, a column each."""
    from xlsxwriter.utility import xl_col_to_name

    return {
        key: f"='{CHOICES}'!${xl_col_to_name(column)}$2:${xl_col_to_name(column)}${len(values) + 1}"
        for column, (key, values) in enumerate(lists.items())
    }


def model_of(sheet: Sheet, name: str) -> Any:
    """The model that a column of a sheet is a key of; null for the sheet's own columns."""
    from milkqc.mapping.language import Analyte, Column, Comparison, Extra

    models = {"variables": (Column, Extra, Comparison), "analytes": (Analyte,)}.get(
        sheet.name, (sheet.model,)
    )
    return next((model for model in models if model is not None and name in fields(model)), None)


def dropdown(sheet: Sheet, name: str, at: Mapping[str, str]) -> dict[str, Any] | None:
    """The dropdown of a column: closed where the language lists the words, else a proposal that may be overruled."""
    if name == "remove":
        return {"validate": "list", "source": ["x"], "error_message": "Write x, or leave it empty."}
    key, closed = f"{sheet.name}.{name}", True
    if key not in at:
        key, closed = name, False
        model = model_of(sheet, name) if name in sheet.columns else None
        if model is not None:
            place = describe(fields(model)[name])
            if "bool" in place.kinds:
                return {"validate": "list", "source": ["true", "false"]}
            if place.words and place.model is None:
                return {"validate": "list", "source": list(place.words)}
    # A plain list of columns, units or substances is for the sheets of variables and analytes.
    mapped = sheet.name in {"variables", "analytes"} and name in {"unit", "substance", "from"}
    if key not in at or (key == name and not mapped):
        return None
    closed = closed and name not in {"name", "unit", "from", "of"}
    return {
        "validate": "list",
        "source": at[key],
        "error_type": "stop" if closed else "information",
        "error_message": "It is not in the list." + ("" if closed else " Keep it if you are sure."),
    }
