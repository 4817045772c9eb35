"""Whatever stands in the cells: every row is accounted for, no text is lost, every blank has its reason."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from milkqc import normalise
from milkqc.mapping.apply import apply
from milkqc.mapping.load import load
from milkqc.mapping.sources import SourceTable
from milkqc.model import TABLES
from milkqc.readers import read

MAPPING = """milkqc: 1
study: property
missing: {{"-9": not_done}}
tables: {{p: {{file: p.csv}}, g: {{file: "g*.csv"}}, lab: {{file: lab.csv}}, tubes: {{file: tubes.csv}}}}
participants:
  from: p
  key: {{participant_id: ID}}
  columns:
    infant_sex: {{from: SEX, codes: {{"1": male, "2": female}}}}
    infant_birth_date: {{from: DOB, format: "%d/%m/%Y"}}
    site: S
growth:
  from: g
  where: {{E: ["1", ""]}}
  key: {{participant_id: ID, visit: {{from: V, codes: {{"1": birth, "2": later}}}}}}
  repeats: {growth}
  columns:
    weight_kg: {{from: [W1, W2], do: median_of, unit: kg, max_difference: 0.5}}
    length_cm: {{from: L, unit: cm}}
    team: T
  extra: {{n: {{from: N, type: integer}}}}
milk:
  from: lab
  with: {{tubes: {{on: {{TUBE: CODE}}, both: true}}}}
  key: {{participant_id: tubes.ID, visit: tubes.V, sample_id: TUBE}}
  repeats: {milk}
  columns: {{specimen: SP, batch: B, sample_date: {{from: tubes.D, format: "%Y-%m-%d"}}}}
  long: {{analyte: A, value: R, limit: LOD, codes: {{I: iodine, Z: zinc}}}}
  every: {{unit: mg/L}}
"""
COLUMNS = {
    "p": ("ID", "SEX", "DOB", "S"),
    "g1": ("ID", "V", "E", "W1", "W2", "L", "T", "N"),
    "g2": ("ID", "V", "E", "W1", "W2", "L", "T", "N"),
    "lab": ("TUBE", "SP", "B", "A", "R", "LOD"),
    "tubes": ("CODE", "ID", "V", "D"),
}
# The mapped columns whose text must be found again; a key's or an analyte's own cells are in the key.
VALUES = {
    "participants": {"p": ("SEX", "DOB", "S")},
    "growth": {"g1": ("W1", "W2", "L", "T", "N"), "g2": ("W1", "W2", "L", "T", "N")},
    "milk": {"lab": ("B", "R", "LOD")},
}
NUMBERS = ["3.1", "3.10", "4", "-9", "1e400", "NaN", "<2", "ND", "4,009", "0", "-0", "9007199254740993"]
TEXTS = [
    "x",
    " x ",
    "=1+1",
    "A=1; B=2",
    "#",
    "|",
    "\\",
    "é",
    "e\u0301",
    '"',
    "a\nb",
    "\ttab",
    "NA",
    "\u200b",
    "'",
]
odd = st.one_of(
    st.sampled_from([*NUMBERS, *TEXTS, "", "", "01/02/2024", "2024-01-02", "31/02/2024"]),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=3),
)


def often(*words: str) -> st.SearchStrategy[str]:
    """Mostly what belongs there, so that rows find each other; now and then anything."""
    return st.one_of(*[st.sampled_from(words)] * 5, odd)


EXPECTED = {
    "ID": often("1", "2", "2.0", ""),
    "V": often("1", "2"),
    "E": st.sampled_from(["1", "1", "", "9"]),  # the test itself says which rows `where` keeps
    "TUBE": often("a", "b"),
    "CODE": often("a", "b"),
    "SP": often("milk", "serum", ""),
    "A": often("I", "Z", "iodine"),
    "W1": often("3.1", "3.10", "3.12"),
    "R": often("3.1", "3.12", "<2"),
    "T": often("x", "y", ""),
}
tables = st.fixed_dictionaries(
    {
        name: st.lists(st.tuples(*(EXPECTED.get(column, odd) for column in columns)), max_size=5)
        for name, columns in COLUMNS.items()
    }
)
# Shrinking takes minutes, and an example is small as it comes.
GENERATE = (Phase.explicit, Phase.generate)
policies = st.sampled_from(["finding", "same", "replicate", "{agree: 5%}"])


def write(folder: Path, rows: dict[str, list[tuple[str, ...]]], *, growth: str, milk: str) -> None:
    for name, columns in COLUMNS.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerows([columns, *rows[name]])
    (folder / "study.yaml").write_text(MAPPING.format(growth=growth, milk=milk), encoding="utf-8")


def applied(rows, growth, milk):
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows, growth=growth, milk=milk)
        loaded = load(Path(folder) / "study.yaml")
        sources = {
            name: SourceTable(name, tuple(read(path) for path in sorted(Path(folder).glob(table.file))))
            for name, table in loaded.mapping.tables.items()
        }
        return sources, apply(loaded.mapping, sources)


def raws(frame: pl.DataFrame) -> str:
    """All raw text of a table, one cell after the other."""
    names = [name for name in frame.columns if name in {"raw", "limit_text"} or name.endswith("__raw")]
    return "\x1e".join(text for name in names for text in frame[name].drop_nulls().to_list())


@settings(max_examples=40, phases=GENERATE, suppress_health_check=[HealthCheck.too_slow])
@given(rows=tables, growth=policies, milk=st.sampled_from(["finding", "{agree: 0.05}"]))
def test_every_row_and_every_cell_is_accounted_for(rows, growth, milk):
    sources, result = applied(rows, growth, milk)
    heights = {name: table.height for name, table in sources.items()}
    for block in result.reconciliation:
        assert block.read == heights[block.source]
        assert block.read == block.used + block.set_aside + block.rejected
        assert min(block.used, block.set_aside, block.rejected, block.rows_out) >= 0
        assert result.rejected.filter(pl.col("block") == block.block).height == block.rejected
    for name in TABLES:
        frame, _ = normalise.normalise(name, result.tables[name])
        assert frame["row_id"].is_unique().all()
        for variable in (
            column.removesuffix("__raw") for column in frame.columns if column.endswith("__raw")
        ):
            value = f"{variable}__number" if f"{variable}__number" in frame.columns else variable
            assert (frame[value].is_not_null() | frame[f"{variable}__missing"].is_not_null()).all(), variable
        if name in {"milk", "biomarkers"}:
            told = frame["value"].is_not_null() | frame["censored"].is_not_null()
            assert (told | frame["missing_reason"].is_not_null()).all()
    rejected = "\x1e".join(result.rejected["cells"].drop_nulls().to_list())
    for table, files in VALUES.items():
        there = raws(result.tables[table]) + raws(result.tables["biomarkers"]) + rejected
        for file, columns in files.items():
            for row in _used(rows[file], table, COLUMNS[file]):
                for column in columns:
                    text = row[COLUMNS[file].index(column)]
                    # Beside another reading a text that would be taken for two is marked (mapping.replicates).
                    marked = (
                        text.replace("\\", "\\\\").replace("; ", "\\; ") if column in {"W1", "W2"} else text
                    )
                    assert text in there or marked in there, (table, column, text)


def _used(rows, table, columns):
    """The rows that `where` keeps."""
    if table != "growth":
        return rows
    return [row for row in rows if row[columns.index("E")] in {"1", ""}]


@settings(max_examples=30, phases=GENERATE, suppress_health_check=[HealthCheck.too_slow])
@given(rows=tables, growth=policies, data=st.data())
def test_the_order_of_a_files_rows_changes_no_table(rows, growth, data):
    # Wholly blank rows are rows, save at the end of the file: there the reader leaves them out.
    rows = {name: [row for row in part if any(row)] for name, part in rows.items()}
    shuffled = {name: data.draw(st.permutations(part)) for name, part in rows.items()}
    _, one = applied(rows, growth, "{agree: 0.05}")
    _, other = applied(shuffled, growth, "{agree: 0.05}")
    for name in TABLES:
        first, second = (
            result.tables[name].select(pl.exclude("^.*source_row$")).sort("row_id") for result in (one, other)
        )
        assert first.equals(second.select(first.columns)), name
    keys = ["rule_id", "table", "variable", "row_id", "value", "expected", "n_rows"]
    assert one.drafts.select(keys).sort(keys).equals(other.drafts.select(keys).sort(keys))
