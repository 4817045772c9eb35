"""Long CSV text read at once: the cells are those of Python's strict csv, or it is left to Python's csv."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, delimited, plain_csv, read
from milkqc.readers.plain_csv import plain

CELLS = st.text(alphabet="ab \"',;\r\n\t0é\ufeff\x85\u2028", max_size=6)
TEXTS = st.text(alphabet='ab",;\r\n', max_size=30)


def strict(text: str, delimiter: str) -> tuple[list[list[str]], int] | None:
    """The rows by Python's csv and the line breaks inside cells; None where it finds a fault."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error:
        return None
    return rows, reader.line_num - len(rows)


@st.composite
def written(draw) -> tuple[str, str, int]:
    """A table as programs write it: its text, delimiter and width. Quotes where needed, everywhere, or by csv."""
    delimiter = draw(st.sampled_from([",", ";", "\t", "|", "^", " "]))
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6))
    out = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer = csv.writer(
        out, delimiter=delimiter, quoting=quoting, lineterminator=draw(st.sampled_from(["\n", "\r\n"]))
    )
    writer.writerows(rows)
    text = out.getvalue()
    return (text.rstrip("\r\n") if draw(st.booleans()) else text), delimiter, width


def agrees(text: str, delimiter: str, width: int) -> bool:
    """Whether it was read at once; then each cell, and the count of breaks, must be that of Python's csv."""
    names = [f"c{place}" for place in range(width)]
    found = plain(text, names, delimiter, max_cells=1000)
    if found is None:
        return False
    assert strict(text, delimiter) == ([list(row) for row in found.frame.rows()], found.breaks)
    return True


@settings(max_examples=400)
@given(written())
@example(('""\t""\n', "\t", 2))
@example(('"a\r",b\r\n"c\n",d\r\n', ",", 2))
def test_what_programs_write_is_read_as_python_reads_it(table):
    agrees(*table)


@settings(max_examples=1500)
@given(TEXTS, st.sampled_from([",", ";"]), st.integers(2, 3))
@example('a,"b"c\n', ",", 2)
@example('a,b"c\n', ",", 2)
@example('a,"b\n', ",", 2)
@example("a,b\n\nc,d\n", ",", 2)
@example("a,b\rc,d\n", ",", 2)
def test_any_text_is_read_as_python_reads_it_or_not_at_all(text, delimiter, width):
    agrees(text, delimiter, width)


@settings(max_examples=300)
@given(written(), st.integers(1, 7))
def test_the_pieces_in_which_it_is_looked_through_make_no_difference(table, size):
    with pytest.MonkeyPatch.context() as patch:
        whole = agrees(*table)
        patch.setattr(plain_csv, "_PIECE", size)
        assert agrees(*table) == whole


@pytest.mark.parametrize(
    "text",
    ["1,2\n3,4", '"1","2"\n', '1,"two, or ""three"""\r\n', '1,"a\nb"\n"",\n', 'é,"\ufeff"\n', "1,2\r\n"],
)
def test_ordinary_exports_are_read_at_once(text):
    assert agrees(text, ",", 2)


@pytest.mark.parametrize(
    "text",
    ["1\n", "1,2,3\n", "1,2\n\n", "\n1,2\n", '1,2"\n', '1,"2\n', '1,"2"3\n', '1, "2"\n', "1,2\r3,4\n", "", "\ufeff1,2\n"],
)  # fmt: skip
def test_what_is_in_doubt_is_left_to_python(text):
    assert plain(text, ["a", "b"], ",", max_cells=1000) is None


def test_a_cell_above_the_limit_of_csv_and_a_table_above_the_limit_are_left_to_python():
    long = "x" * (csv.field_size_limit() + 1)
    assert plain(f"1,{long}\n", ["a", "b"], ",", max_cells=1000) is None
    assert plain(f"1,{long[:-1]}\n", ["a", "b"], ",", max_cells=1000) is not None
    assert plain("1,2\n3,4\n", ["a", "b"], ",", max_cells=3) is None


@pytest.fixture
def either(monkeypatch, tmp_path):
    """A file read at once and by Python's csv: the Source, or what the error says, of each."""

    def make(text: str, **options):
        path = tmp_path / "data.csv"
        path.write_text(text, encoding="utf-8", newline="")
        found = []
        for long in (0, len(text) + 1):
            monkeypatch.setattr(delimited, "LONG", long)
            try:
                found.append(read(path, ReadOptions(**options)))
            except SourceError as error:
                found.append(str(error))
        return found

    return make


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('id,note\n1,"first\nsecond"\n2,\n,\n', {}),
        ("sep=;\r\nid;b\r\n1;2\r\n", {}),
        ("Title\nid,b\n1,2\n3,4\n", {"header_row": 2}),
        ("Title\n\nid,b\nkg,cm\n1,2\n3,4\n", {"header_row": 3, "unit_row": 4}),
        ("id,b\n1,2\n3,4\n5,6\n", {"first_row": 3, "last_row": 3}),
        ("1,2\n3,4\n", {"names": ("a", "b")}),
        ('"id\nof it",b,\n1,2,\n"3\r\n3",4,\n', {}),
        ("id,b\n1,2\n3,4,5\n", {}),
        ("id,b\n1,2\n\n3,4\n", {}),
        ('id,b\n1,2\n"3,4\n', {}),
    ],
)
def test_a_file_is_the_same_source_and_the_same_message_either_way(either, text, options):
    quick, slow = either(text, **options)
    if isinstance(slow, str):
        assert quick == slow
        return
    assert quick.table.equals(slow.table)
    assert quick.reasons.equals(slow.reasons)
    assert quick.variables == slow.variables
    assert quick.origin == slow.origin


def test_a_long_file_takes_the_quick_way(tmp_path, monkeypatch):
    rows = [{"id": str(n), "note": f'said "{n}", then\nleft'} for n in range(40_000)]
    path = tmp_path / "long.csv"
    pl.DataFrame(rows).write_csv(path)
    assert path.stat().st_size > plain_csv.LONG
    monkeypatch.setattr(delimited, "_rows", None)
    source = read(path)
    assert source.table.rows() == [tuple(row.values()) for row in rows]
    assert source.origin.notes == ("40000 line breaks stand inside cells",)
