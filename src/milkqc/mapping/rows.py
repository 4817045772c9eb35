"""The rows of one block: which of the source's rows it uses, and what its links find in other tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from milkqc import cells
from milkqc.mapping.language import Block, End
from milkqc.mapping.sources import Cells, SourceTable


@dataclass(frozen=True)
class Linked:
    """Another table seen from the block's rows: `rows` are positions in it, null where nothing was found."""

    table: SourceTable
    rows: pl.Series
    reason: pl.Series
    orphans: pl.Series
    ambiguous: pl.Series
    unused: pl.Series
    # The key as the row wrote it, and as the other table wrote it where that differs: kept in the lineage.
    asked: pl.Series
    told: pl.Series


@dataclass(frozen=True)
class Rows:
    """The chosen rows of a block's source table, as positions in it, with the tables linked to them."""

    table: SourceTable
    take: pl.Series
    set_aside: int
    controls: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[str, Linked] = field(default_factory=dict)
    # The laboratory's own rows: position in the table -> kind; None where the block has none.
    own: pl.DataFrame | None = None

    @property
    def height(self) -> int:
        """How many rows the block uses."""
        return self.take.len()

    def has(self, column: str) -> bool:
        """Whether `column` (or `link.column`) is there."""
        table, name = self.resolve(column)
        return name in table.columns

    def resolve(self, column: str) -> tuple[SourceTable, str]:
        """The table that holds `column`, and its name there: `tubes.PID` is PID of the linked table tubes."""
        link, _, name = column.partition(".")
        if name and link in self.links:
            return self.links[link].table, name
        return self.table, column

    def cells(self, column: str) -> Cells:
        """The cells of a column for these rows. KeyError when there is none."""
        table, name = self.resolve(column)
        if name not in table.columns:
            raise KeyError(column)
        linked = self.links.get(column.partition(".")[0]) if name != column else None
        if linked is None:
            return table.cells(name).take(self.take)
        found = table.cells(name).take(linked.rows)
        reason = pl.select(pl.coalesce(linked.reason, found.reason)).to_series()
        return Cells(column, found.text, reason, found.fault, found.native, found.kind, found.variable)

    def separators(self, column: str) -> tuple[str | None, str | None]:
        """The decimal and thousands separators of a column. KeyError when there is none."""
        table, name = self.resolve(column)
        if name not in table.columns:
            raise KeyError(column)
        return table.separators(name)

    def places(self) -> pl.DataFrame:
        """source_table, source_file and source_row of these rows; for each link the text it asked for, the file and
        row it found, and how the key is written there where that differs.
        """
        frame = self.table.places[self.take].select(
            pl.lit(self.table.name).alias("source_table"), "source_file", "source_row"
        )
        for name, linked in self.links.items():
            found = linked.table.places
            frame = frame.with_columns(
                linked.asked.alias(f"link_{name}_raw"),
                linked.told.alias(f"link_{name}__key"),
                found["source_file"].gather(linked.rows).alias(f"link_{name}__file"),
                found["source_row"].gather(linked.rows).alias(f"link_{name}__row"),
            )
        return frame


def choose(block: Block, tables: Mapping[str, SourceTable]) -> Rows:
    """The block's rows: those that `where` keeps, without the laboratory's own, each looked up in its links."""
    table = tables[block.from_]
    keep = pl.repeat(True, table.height, eager=True, dtype=pl.Boolean)
    for column, words in block.where.items():
        wanted = cells.canonical(pl.Series(words, dtype=pl.String))
        found = cells.canonical(table.cells(column).text)
        # `""` chooses blank cells: the rows of a REDCap export that belong to no repeating instrument.
        blank = found.is_null() if wanted.null_count() else pl.Series([False], dtype=pl.Boolean)
        keep = keep & (found.is_in(wanted.drop_nulls().implode()).fill_null(False) | blank)
    counts: dict[str, int] = {}
    own = [pl.DataFrame(schema={"place": pl.UInt32, "kind": pl.String})]
    if block.controls is not None:
        kinds = cells.canonical(table.cells(block.controls.from_).text)
        for kind in ("blank", "control", "duplicate"):
            listed = cells.canonical(pl.Series(getattr(block.controls, kind), dtype=pl.String)).to_list()
            mine = kinds.is_in(listed).fill_null(False) & keep
            if mine.any():
                counts[kind] = int(mine.sum())
                own.append(
                    pl.DataFrame({"place": mine.arg_true().cast(pl.UInt32)}).with_columns(kind=pl.lit(kind))
                )
                keep = keep & ~mine
    take = keep.arg_true().cast(pl.UInt32)
    rows = Rows(table, take, table.height - take.len(), counts)
    return Rows(
        table, take, rows.set_aside, counts, _links(block, rows, tables), pl.concat(own).sort("place")
    )


def controls(block: Block, chosen: Rows, tables: Mapping[str, SourceTable]) -> Rows:
    """The laboratory's own rows that `choose` set aside, as rows of their own."""
    places = pl.Series([], dtype=pl.UInt32) if chosen.own is None else chosen.own["place"]
    rows = Rows(chosen.table, places, chosen.table.height - places.len(), own=chosen.own)
    return replace(rows, links=_links(block, rows, tables))


def _links(block: Block, rows: Rows, tables: Mapping[str, SourceTable]) -> dict[str, Linked]:
    """The block's links from the top down: each can start from a column that one above it has found."""
    for name, link in block.with_.items():
        mine, end = next(iter(link.on.items()))
        rows = replace(rows, links={**rows.links, name: _link(rows, tables[name], mine, end)})
    return dict(rows.links)


def _link(rows: Rows, other: SourceTable, mine: str, end: End) -> Linked:
    """Each row's position in the other table; none where the key is not there, or there more than once."""
    asked = rows.cells(mine).text
    left = cleaned(cells.key_text(asked), end.clean)
    written = other.cells(end.to).text
    right = cleaned(cells.key_text(written), end.clean)
    listed = (
        pl.DataFrame({"key": right, "place": pl.int_range(right.len(), dtype=pl.UInt32, eager=True)})
        # A key of which cleaning leaves nothing is nobody's.
        .filter(pl.col("key") != "")
        .group_by("key", maintain_order=True)
        .agg(pl.col("place").first(), times=pl.len())
    )
    found = pl.DataFrame({"key": left}).join(listed, on="key", how="left", maintain_order="left")
    twice = (found["times"] > 1).fill_null(False)
    orphan = found["times"].is_null() & left.is_not_null()
    answer = found.select(
        place=pl.when(~twice).then("place"),
        reason=pl.when(twice)
        .then(pl.lit("ambiguous_link"))
        .when(pl.col("times").is_null())
        .then(pl.lit("no_link")),
    )
    unused = right.is_not_null() & ~right.is_in(left.drop_nulls().implode())
    there = written.gather(answer["place"])
    told = pl.select(pl.when(there != asked).then(there)).to_series()
    return Linked(other, answer["place"], answer["reason"], orphan, twice, unused, asked, told)


def cleaned(keys: pl.Series, steps: tuple[str, ...]) -> pl.Series:
    """Keys after each step in turn; null stays null, and one of which nothing is left is an empty text."""
    for step in steps:
        keys = CLEANING[step](keys)
    return keys


# What each word of the language's `clean` does to a key.
CLEANING: Mapping[str, Callable[[pl.Series], pl.Series]] = {
    "trim": lambda keys: keys.str.strip_chars(),
    "upper": lambda keys: keys.str.to_uppercase(),
    "lower": lambda keys: keys.str.to_lowercase(),
    "digits": lambda keys: keys.str.replace_all("[^0-9]", ""),
    "no_spaces": lambda keys: keys.str.replace_all(r"\s", ""),
    "no_punctuation": lambda keys: keys.str.replace_all(r"[^\p{L}\p{N}\s]", ""),
    "no_leading_zeros": lambda keys: keys.str.replace("^0+([^0]|0$)", "${1}"),
}
