"""Small views for tests: the columns that matter, every other column of the dictionary empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from milkqc.checks.dictionary import Export
from milkqc.checks.spark import without_spark
from milkqc.model import Origin, Source, Variable
from milkqc.rulebook.examples import small_view


@pytest.fixture(scope="session")
def great_expectations():
    """Great Expectations for tests that ask it themselves, loaded as the checks load it: without Spark, which may end
    a worker (milkqc.checks.spark says why), whichever test comes first."""
    with without_spark():
        import great_expectations
    return great_expectations


@pytest.fixture(scope="session")
def view():
    """`view(table, columns)`: a small view, as checks.views would give it."""
    return small_view


def redcap_export(columns: Mapping[str, Sequence[str]], fields: Mapping[str, Mapping[str, Any]], **more: Any):
    """A REDCap table for tests: cells by column ('' blank), and what the dictionary says of its fields.

    A field's words are those of `Variable.details`, besides `label`, `choices` and `identifier`; a checkbox is
    told by its columns `field___code`. `codes` gives missing-data codes by column, `rows` rows of the file.
    """
    height = len(next(iter(columns.values())))
    codes = more.pop("codes", {})
    variables, table, coded = [], {}, {}
    for name, cells in columns.items():
        stem, box, code = name.partition("___")
        code = f"-{code[1:]}" if code.startswith("_") else code
        said = dict(fields.get(stem, {}))
        label, choices = said.pop("label", stem), said.pop("choices", {})
        identifier = said.pop("identifier", False)
        kind = "checkbox" if box else said.get("field_type", "text")
        details = {"form": "form", **said, "field_type": kind} if stem in fields else {}
        if name.endswith("_complete"):
            kind, details, choices = (
                "status",
                {"form": name.removesuffix("_complete")},
                dict.fromkeys("012", ""),
            )
        if box:
            details |= {"field": stem, "choice": code}
            label = f"{label}: {code}"
        system = name.startswith("redcap_")
        # As the readers do: the first field names the record.
        if not system and not any(one.source_type != "system" for one in variables):
            details = {**details, "record": "y"}
        variables.append(
            Variable(
                name,
                label,
                choices,
                source_type="system" if system else kind,
                identifier=identifier,
                details=details,
            )
        )
        hidden = [cell if cell in codes.get(name, ()) else None for cell in cells]
        coded[name] = pl.Series(hidden, dtype=pl.String)
        table[name] = pl.Series(
            [cell if cell and not gone else None for cell, gone in zip(cells, hidden, strict=True)],
            dtype=pl.String,
        )
    codes_table = {name: cells for name, cells in coded.items() if cells.null_count() < height}
    rows = more.pop("rows", None)
    source = Source(
        pl.DataFrame(table),
        tuple(variables),
        pl.DataFrame(
            {name: cells.replace_strict({}, default="not known") for name, cells in codes_table.items()}
        ),
        pl.DataFrame(codes_table),
        Origin("data.csv", "0" * 64, "redcap", "utf-8", "assumed", height, len(table), "test", "1"),
        dropped=more.pop("dropped", ()),
        rows=None if rows is None else pl.Series(rows, dtype=pl.Int64),
    )
    return Export(more.pop("name", "export"), (source,), **more)


@pytest.fixture(scope="session")
def redcap():
    """`redcap(columns, fields, ...)`: a small REDCap table with its dictionary, as the checks take it."""
    return redcap_export
