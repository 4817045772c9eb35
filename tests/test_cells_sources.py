"""The raw text of a source's cells, and why they are missing."""

from datetime import date, datetime

import polars as pl

from milkqc.cells import source_reason, source_text
from milkqc.model import CellFault, Origin, Source, Variable

ORIGIN = Origin("x.dta", "0" * 64, "stata", "utf-8", "declared", 3, 5, "pyreadstat", "1")


def source():
    table = pl.DataFrame(
        {
            "weight": pl.Series([3.140000104904175, None, None], dtype=pl.Float64),
            "parity": pl.Series([1, None, 99], dtype=pl.Int64),
            "born": [date(2020, 1, 2), None, None],
            "seen": [datetime(2020, 1, 2, 3, 4, 5), datetime(2020, 1, 2, 0, 0, 0, 500_000), None],
            "name": ["a ", None, "b"],
        }
    )
    return Source(
        table=table,
        variables=(
            Variable("weight", source_type="float"),
            *(Variable(name, source_type="x") for name in table.columns[1:]),
        ),
        reasons=pl.DataFrame({"weight": [None, "refused", "system"]}),
        codes=pl.DataFrame({"weight": [None, ".a", None]}),
        origin=ORIGIN,
        faults=(CellFault(3, "born", "99999999", "not a date"),),
    )


def test_text_is_what_the_file_held():
    texts = {name: source_text(source(), name).to_list() for name in source().table.columns}
    assert texts == {
        "weight": ["3.14", ".a", None],
        "parity": ["1", None, "99"],
        "born": ["2020-01-02", None, "99999999"],
        "seen": ["2020-01-02T03:04:05", "2020-01-02T00:00:00.5", None],
        "name": ["a ", None, "b"],
    }


def test_every_missing_cell_has_a_reason_and_no_other():
    reasons = {name: source_reason(source(), name).to_list() for name in source().table.columns}
    assert reasons == {
        "weight": [None, "refused", "system"],
        "parity": [None, "system", None],
        "born": [None, "system", "unreadable"],
        "seen": [None, None, "system"],
        "name": [None, "empty", None],
    }
