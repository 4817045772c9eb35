"""Any table for Stata and SPSS, read back by milkqc's own readers: the same table as far as the format can say it."""

from __future__ import annotations

import string
from datetime import date, datetime

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import milkqc
from milkqc.cells import source_reason
from milkqc.emit.statistical import Described, Loss, described, write
from milkqc.emit.variables import BEYOND
from milkqc.errors import OutputError

ENDINGS = ("dta", "sav")
each = pytest.mark.parametrize("ending", ENDINGS)


def back(frame, folder, ending, **how):
    """(Source as read back, losses told by the writer)."""
    path = folder / f"table.{ending}"
    lost = write(frame, path, **how)
    return milkqc.read(path), lost


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8) | st.sampled_from(
    ["é" * 1023, "x" * 2046, "æøå ñ", "हिन्दी", "עברית", "漢字", "🍼", "=1+1", " lead", "trail ", "a\nb", ""]
)  # fmt: skip
NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [-9001.0, -9.0, 99.0, 0.1, 5e-324, 8.9884656743e307, 1e308, -1e308, 2.0**53, -1e14]
)
NAMES = st.sampled_from(
    ["x", "weight_kg", "n" * 32, "N" * 32, "n" * 33, "x_é", "if", "_a", "1st", "v a", "str4"]
)
KINDS = {
    "text": (pl.String, TEXT),
    "number": (pl.Float64, NUMBERS),
    "integer": (pl.Int64, st.integers(-(2**63), 2**63 - 1) | st.integers(-9100, 9100)),
    "yes": (pl.Boolean, st.booleans()),
    "date": (pl.Date, st.dates()),
    "instant": (pl.Datetime("ms"), st.datetimes(datetime(1600, 1, 1), datetime(9999, 1, 1))),
    "enum": (pl.Enum(["lying", "standing", "não"]), st.sampled_from(["lying", "standing", "não"])),
}
REASONS = st.none() | st.sampled_from(
    ["empty", "system", "not_done", "refused", "nicht möglich", "conflict", "r5"]
)


@st.composite
def tables(draw):
    """A frame, its reasons by column, and the labels of its columns."""
    height = draw(st.integers(0, 6))
    columns, reasons, told = {}, {}, {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        kind, values = KINDS[draw(st.sampled_from(sorted(KINDS)))]
        cells = draw(st.lists(st.none() | values, min_size=height, max_size=height))
        columns[name] = pl.Series(name, cells, dtype=kind)
        why = draw(st.lists(REASONS, min_size=height, max_size=height))
        reasons[name] = pl.Series(why, dtype=pl.String)
        told[name] = Described(draw(st.sampled_from(["", "Weight at the visit", "Größe é" * 40])))
    return pl.DataFrame(columns), reasons, told


FIRST = {"dta": date(100, 1, 1), "sav": date(1582, 10, 15)}
LARGEST = 8.9884656743e307


def expected(values, ending):
    """(cells as the format can say them, whether each is beyond it)."""
    kind = values.dtype
    cells = values.to_list()
    if kind == pl.Date:
        beyond = [cell is not None and cell < FIRST[ending] for cell in cells]
    elif kind == pl.Float64:
        beyond = [cell is not None and not -LARGEST <= cell <= LARGEST for cell in cells]
    else:
        beyond = [False] * len(cells)
    cells = [None if far else cell for cell, far in zip(cells, beyond, strict=True)]
    if isinstance(kind, pl.Enum):
        numbers = {name: n for n, name in enumerate(kind.categories, 1)}
        return [numbers.get(cell) for cell in cells], beyond
    if kind == pl.Int64 and any(cell is not None and abs(cell) > 2**53 for cell in cells):
        return [None if cell is None else str(cell) for cell in cells], beyond
    if kind == pl.String:
        # A missing and an empty text are one; SPSS pads text, so that spaces at the end are nobody's.
        strip = (lambda text: text.rstrip(" ")) if ending == "sav" else (lambda text: text)
        return [None if cell is None else strip(cell) or None for cell in cells], beyond
    return cells, beyond


@each
@settings(max_examples=60)
@given(case=tables())
def test_a_table_comes_back_the_same(tmp_path_factory, ending, case):
    frame, reasons, told = case
    source, lost = back(frame, tmp_path_factory.mktemp(ending), ending, described=told, reasons=reasons)
    assert (source.table.height, source.table.width) == frame.shape
    assert source.faults == ()
    for place, name in enumerate(frame.columns):
        cells, beyond = expected(frame[name], ending)
        variable = source.variables[place]
        read = source.table[variable.name].to_list()
        assert read == cells
        said = {loss.what for loss in lost if loss.column == name}
        if variable.source_type == "string":
            continue
        whys = zip(cells, beyond, reasons[name], strict=True)
        wanted = [
            BEYOND if far else why if why not in (None, "empty") else "system"
            for cell, far, why in whys
            if cell is None
        ]
        reason = source_reason(source, variable.name)
        got = [why for cell, why in zip(cells, reason, strict=True) if cell is None]
        assert got == wanted or any("leave no room" in what for what in said)
        assert not any(beyond) or any(BEYOND in what for what in said)
        if variable.name == name and len(told[name].label) < 80:
            assert variable.label == told[name].label


@each
def test_the_same_table_gives_the_same_bytes_at_any_hour(tmp_path, ending):
    frame = pl.DataFrame({"day": [date(2024, 1, 1), None], "x": [1.5, None]})
    why = {"x": pl.Series([None, "refused"])}
    for name in ("a", "b"):
        write(frame, tmp_path / f"{name}.{ending}", reasons=why)
    first, second = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("a", "b"))
    assert first == second
    assert b"1970" in first[:400] or first[92:101] == b"01 Jan 70"


@each
def test_dates_and_instants_are_native(tmp_path, ending):
    frame = pl.DataFrame(
        {"day": [date(2024, 2, 29), None], "at": [datetime(2024, 2, 29, 23, 59, 59, 250_000), None]}
    )
    source, lost = back(frame, tmp_path, ending)
    assert source.table.to_dict(as_series=False) == frame.to_dict(as_series=False)
    assert [v.source_format for v in source.variables] == {
        "dta": ["%td", "%tc"],
        "sav": ["DATE11", "DATETIME23.3"],
    }[ending]
    assert lost == ()


@each
def test_a_clock_finer_than_the_format_s_becomes_text(tmp_path, ending):
    frame = pl.DataFrame({"at": [datetime(2024, 2, 29, 1, 2, 3, 4)]})
    source, _ = back(frame, tmp_path, ending)
    assert source.table["at"].to_list() == ["2024-02-29T01:02:03.000004"]


@each
def test_a_date_before_the_format_s_calendar_is_missing_and_told(tmp_path, ending):
    early = {"dta": date(99, 12, 31), "sav": date(1582, 10, 14)}[ending]
    source, lost = back(pl.DataFrame({"day": [early, FIRST[ending]]}), tmp_path, ending)
    assert source.table["day"].to_list() == [None, FIRST[ending]]
    assert source.reasons["day"].to_list() == [BEYOND, None]
    assert lost == (
        Loss(
            "day", f"dates before {FIRST[ending]} or after 9999 are missing with the reason {BEYOND}: 1 cell"
        ),
    )


def many(count):
    frame = pl.DataFrame(
        {"x": [None] * count, "y": [1.0] + [None] * (count - 1)}, schema={"x": pl.Float64, "y": pl.Float64}
    )
    return frame, [f"reason {n:02}" for n in range(count)]


def test_more_than_26_reasons_in_a_column_share_the_last_letter_and_it_is_told(tmp_path):
    frame, words = many(30)
    source, lost = back(frame, tmp_path, "dta", reasons={"x": pl.Series(words), "y": pl.Series(words)})
    assert source.codes["x"].to_list() == [f".{letter}" for letter in [*string.ascii_lowercase, *"zzzz"]]
    assert source.reasons["x"].to_list() == [*words[:25], *["other reason"] * 5]
    assert lost == (
        Loss("x", "reasons share the letter .z: 5 of 30"),
        Loss("y", "reasons share the letter .z: 4 of 29"),
    )


def test_more_than_26_reasons_in_a_file_cost_nothing_while_each_column_has_fewer(tmp_path):
    frame, words = many(30)
    halves = {"x": pl.Series([*words[:15], *[None] * 15]), "y": pl.Series([*[None] * 15, *words[15:]])}
    source, lost = back(frame, tmp_path, "dta", reasons=halves)
    assert lost == ()
    assert source.reasons["x"].to_list() == [*words[:15], *["system"] * 15]
    assert source.reasons["y"].to_list()[15:] == words[15:]


@pytest.mark.parametrize("count", [1, 3, 4, 40])
def test_spss_has_a_code_for_every_reason_a_range_beyond_three(tmp_path, count):
    frame, words = many(count)
    source, lost = back(frame, tmp_path, "sav", reasons={"x": pl.Series(words)})
    assert lost == ()
    assert source.reasons["x"].to_list() == words
    variable = source.variable("x")
    assert len(variable.missing_codes) == (count if count <= 3 else 0)
    assert len(variable.missing_ranges) == (count > 3)


def test_spss_codes_keep_clear_of_values_and_of_labels(tmp_path):
    frame = pl.DataFrame({"x": [-9001.0, None], "y": [1.0, None]})
    why = {name: pl.Series([None, "refused"]) for name in "xy"}
    told = {"y": Described(labels={"1": "one", "-9001": "a label of the study's own"})}
    source, lost = back(frame, tmp_path, "sav", reasons=why, described=told)
    assert source.table.to_dict(as_series=False) == {"x": [-9001, None], "y": [1, None]}
    assert source.codes.to_dict(as_series=False) == {"x": [None, "-90001"], "y": [None, "-90001"]}
    assert source.variable("y").value_labels == {
        "1": "one", "-9001": "a label of the study's own", "-90001": "refused",
    }  # fmt: skip
    assert lost == ()


def test_reasons_without_room_below_the_values_are_told(tmp_path):
    frame = pl.DataFrame({"x": [-1e15, None]})
    source, lost = back(frame, tmp_path, "sav", reasons={"x": pl.Series([None, "refused"])})
    assert source.reasons["x"].to_list() == [None, "system"]
    assert lost == (Loss("x", "its reasons are left out, because its values leave no room below them: 1"),)


@each
def test_whatever_a_text_column_loses_is_told(tmp_path, ending):
    frame = pl.DataFrame({"note": ["a\0b", "ends in a space ", None]})
    _, lost = back(
        frame,
        tmp_path,
        ending,
        reasons={"note": pl.Series([None, None, "refused"])},
        described={"note": Described(labels={"a": "A"})},
    )
    told = [
        "value labels of text are left out: 1",
        "reasons for missing text are left out: 1 cell",
        "what follows a U+0000 in a text is left out: 1 cell",
    ]
    if ending == "sav":
        told.append("spaces at the end of a text are left out: 1 cell")
    assert lost == tuple(Loss("note", what) for what in told)


def test_a_text_longer_than_spss_has_room_for_is_cut_and_told(tmp_path):
    frame = pl.DataFrame({"note": ["é" * 20_000, "short"]})
    source, lost = back(frame, tmp_path, "sav")
    assert source.table["note"].to_list() == ["é" * 16_383, "short"]
    assert lost == (Loss("note", "texts are cut to 32767 bytes: 1 cell"),)
    assert back(frame, tmp_path, "dta")[0].table["note"].to_list() == ["é" * 20_000, "short"]


@each
def test_labels_beyond_the_format_are_cut_and_told(tmp_path, ending):
    told = {"x": Described("v" * 300, labels={"1": "l" * 40_000, "1.5": "half", "one": "no number"})}
    source, lost = back(pl.DataFrame({"x": [1.0, 1.5]}), tmp_path, ending, described=told)
    variable, limit = source.variable("x"), {"dta": 80, "sav": 255}[ending]
    assert variable.label == "v" * limit
    assert len(variable.value_labels["1"]) == {"dta": 32_000, "sav": 120}[ending]
    first = Loss("x", "value labels of codes that are no numbers are left out: 1")
    assert (
        lost
        == {
            "dta": (
                first,
                Loss("x", "value labels of codes that are not whole numbers are left out"),
                Loss("x", "value labels are cut to 32000 bytes: 1"),
                Loss("x", "its label is cut to 80 characters"),
            ),
            "sav": (
                first,
                Loss("x", "value labels are cut to 120 bytes: 1"),
                Loss("x", "its label is cut to 255 bytes"),
            ),
        }[ending]
    )


@each
def test_a_pandas_table_is_taken_without_its_index(tmp_path, ending):
    frame = pd.DataFrame({"waz": [1.5, float("nan")], "id": ["007", None]}, index=[7, 9])
    source, _ = back(frame, tmp_path, ending)
    assert source.table.to_dict(as_series=False) == {"waz": [1.5, None], "id": ["007", None]}
    assert list(frame.index) == [7, 9]


@each
def test_a_table_without_rows_keeps_its_columns(tmp_path, ending):
    schema = {"id": pl.String, "x": pl.Float64, "day": pl.Date, "yes": pl.Boolean, "none": pl.Null}
    source, lost = back(pl.DataFrame(schema=schema), tmp_path, ending)
    assert source.table.columns == list(schema)
    assert source.table.height == 0
    assert lost == ()


@pytest.mark.parametrize(
    ("frame", "name", "message"),
    [
        ({"x": [1]}, "t.xlsx", "t.xlsx: the ending must be .dta or .sav. Choose one of them."),
        ({}, "t.sav", "a table without columns cannot be written for SPSS."),
        (
            {"x": [[1, 2]]},
            "t.dta",
            "column 'x' holds List(Int64), which neither Stata nor SPSS can. Leave it out, or make it text.",
        ),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, frame, name, message):
    with pytest.raises(OutputError) as caught:
        write(pl.DataFrame(frame), tmp_path / name)
    assert str(caught.value) == message
    assert not (tmp_path / name).exists()


def test_reasons_must_fit_the_table(tmp_path):
    for why in ({"x": pl.Series(["a"])}, {"y": pl.Series(["a", "b"])}):
        with pytest.raises(ValueError, match="are not those of a column with 2 rows"):
            write(pl.DataFrame({"x": [1, 2]}), tmp_path / "t.dta", reasons=why)


@each
@pytest.mark.parametrize(
    "name",
    [
        "stata/haven__tests__testthat__stata__tagged-na-double.dta",
        "stata/pandas__pandas__tests__io__data__S4_EDUC1.dta",
        "spss/pyreadstat__test_data__basic__sample_missing.sav",
        "spss/haven__tests__testthat__spss__labelled-num-na.sav",
        "growth/cpp.dta",
    ],
)
def test_a_real_file_written_again_says_the_same(shared, tmp_path, ending, name):
    source = milkqc.read(shared / "fixtures" / name)
    reasons = {column: source_reason(source, column) for column in source.table.columns}
    again, _ = back(source.table, tmp_path, ending, described=described(source), reasons=reasons)
    blank = {c: pl.col(c).replace("", None) for c, kind in source.table.schema.items() if kind == pl.String}
    assert again.table.equals(source.table.with_columns(**blank))
    for column in source.table.columns:
        if source.table.schema[column] == pl.String:
            continue
        assert source_reason(again, column).to_list() == reasons[column].to_list()
        kept = described(source)[column]
        assert described(again)[column] == kept
