"""What a draft consists of before it is written: entries with their grade and evidence, blocks, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from milkqc.drafting.columns import Grade, Guess
from milkqc.drafting.uploads import Upload


@dataclass(frozen=True)
class Entry:
    """One line of the draft: key, value (text, list or mapping), and the comment behind it."""

    key: str
    value: Any
    comment: str = ""

    @property
    def open(self) -> bool:
        """Whether it is a question to people."""
        return isinstance(self.value, Mapping) and self.value.get("match") == "undecided"


@dataclass
class Block:
    """One block of a section while it is being put together. `parts` are its further keys in order of writing."""

    section: str
    upload: Upload
    keys: list[Entry] = field(default_factory=list)
    parts: dict[str, Entry] = field(default_factory=dict)
    columns: list[Entry] = field(default_factory=list)
    extra: list[Entry] = field(default_factory=list)
    analytes: list[Entry] = field(default_factory=list)

    def sources(self) -> Iterator[tuple[str, str]]:
        """Every source column that the block names, with its table's name; `tubes.PID` is PID of the link tubes."""
        named = [*self.keys, *self.columns, *self.extra, *self.analytes]
        texts = [text for one in named for text in _from(one.value)]
        long, controls = self.parts.get("long"), self.parts.get("controls")
        if long is not None:
            texts += [
                long.value[part]
                for part in ("variable", "analyte", "value", "unit", "limit")
                if part in long.value
            ]
        if controls is not None:
            texts += [controls.value[part] for part in ("from", "level", "order") if part in controls.value]
        links = self.parts["with"].value if "with" in self.parts else {}
        texts += list(self.parts["where"].value) if "where" in self.parts else []
        for name, link in links.items():
            texts += list(link["on"])
            yield from ((name, theirs) for theirs in link["on"].values())
        visits = self.parts["visits"].value.values() if "visits" in self.parts else [""]
        yield from (self._source(text.replace("{visit}", suffix)) for text in texts for suffix in visits)

    def sources_of(self, one: Entry) -> list[tuple[str, str]]:
        """The source columns of one entry."""
        visits = self.parts["visits"].value.values() if "visits" in self.parts else [""]
        return [
            self._source(text.replace("{visit}", suffix)) for text in _from(one.value) for suffix in visits
        ]

    def _source(self, text: str) -> tuple[str, str]:
        links = self.parts["with"].value if "with" in self.parts else {}
        link, _, column = text.partition(".")
        return (link, column) if column and link in links else (self.upload.name, text)


def _from(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        value = value.get("from", [])
    return [value] if isinstance(value, str) else list(value)


@dataclass
class Table:
    """A source table of the draft: its guesses by column, what its columns are used for, and what is left out.

    `chosen` holds the guess that a column was used for; `left` why a column is under `unmapped`.
    """

    upload: Upload
    guesses: dict[str, tuple[Guess, ...]]
    chosen: dict[str, Guess] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    left: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the draft."""
        return self.upload.name

    def leave(self, column: str, grade: Grade, why: str) -> None:
        """Put a column under `unmapped`, unless it is used."""
        self.left.setdefault(column, f"{grade}: {why}")


@dataclass
class Draft:
    """The whole draft. `notes` are lines at its head."""

    study: str
    tables: list[Table]
    blocks: list[Block] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    schedule: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def entry(guess: Guess, *, key: str = "", source: str = "", spec: Mapping[str, Any] | None = None) -> Entry:
    """The line of a guess. `source` is what stands after `from:` (the column's name unless linked)."""
    value: dict[str, Any] = {"from": source or guess.column, **guess.spec, **(spec or {})}
    return Entry(key or guess.variable, value, f"{guess.grade}: {guess.said()}")


def undecided(variable: str, several: Sequence[Guess]) -> Entry:
    """A variable that people must decide: its candidates are spoken for, the note says what is to be asked.

    The run goes on without it.
    """
    columns = [one.column for one in several]
    asked = list(dict.fromkeys(doubt for one in several for doubt in one.doubts))
    if len(several) > 1:
        asked.insert(0, f"{', '.join(columns[:-1])} or {columns[-1]}?")
    value = {
        "from": columns if len(columns) > 1 else columns[0],
        "match": "undecided",
        "note": "; ".join(asked) or "is it this?",
    }
    evidence = "; ".join(dict.fromkeys(text for one in several for text in one.evidence))
    return Entry(variable, value, f"unsure: {evidence}")
