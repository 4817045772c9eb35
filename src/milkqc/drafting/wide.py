"""Visits side by side: `WT_0`, `WT_3M`, `LEN_0`, `LEN_3M` are weight and length of two visits in one row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from milkqc.cells import numbers
from milkqc.drafting import keys
from milkqc.drafting.columns import GRADES, Guess, guesses
from milkqc.drafting.plan import Block, Draft, Entry, Table, undecided
from milkqc.drafting.synonyms import meetings
from milkqc.drafting.tiebreaks import together
from milkqc.drafting.visits import visit_name

_SUFFIX = re.compile(
    r"(?P<stem>[A-Za-z][A-Za-z_. ]*?)"
    r"(?P<suffix>[_. ]*(?:birth|baseline|bl|b|(?:visit|month|week|day|round|mo|wk|fu|tp|[vmwdtr])?[_. ]*[0-9]{1,3}(?:months?|weeks?|days?|mths?|mo|wk|[mwdy])?))",
    re.IGNORECASE,
)
# A stem is a variable's word when it meets one so well; readings of one visit differ by less than this share.
_MEETS, _READINGS = 94.0, 0.03
MEASURED = frozenset({"weight_kg", "length_cm", "head_circumference_cm", "muac_cm"})


@dataclass(frozen=True)
class Wide:
    """`visits`: name -> what stands for {visit}; `stems`: stem -> suffix -> column."""

    visits: Mapping[str, str]
    stems: Mapping[str, Mapping[str, str]]


def visits_beside(table: Table) -> Wide | None:
    """The visits that a table has side by side: two stems or more that share two endings or more."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for column in table.guesses:
        match = _SUFFIX.fullmatch(column)
        if match is not None and any(
            one.score >= _MEETS for one in meetings(match["stem"], label=False).values()
        ):
            found[match["stem"]][match["suffix"]] = column
    several = {
        stem: columns
        for stem, columns in found.items()
        if len(columns) > 1 and not _readings(table, list(columns.values()))
    }
    shared = [
        suffix for suffix in _suffixes(several) if sum(suffix in columns for columns in several.values()) > 1
    ]
    if len(several) < 2 or len(shared) < 2:
        return None
    stems = {
        stem: {suffix: column for suffix, column in columns.items() if suffix in shared}
        for stem, columns in found.items()
    }
    names = [visit_name(suffix.strip("_. ")) for suffix in shared]
    if not all(names) or len(set(names)) < len(names):
        names = [f"visit_{number}" for number in range(1, len(shared) + 1)]
    return Wide(
        dict(zip(names, shared, strict=True)), {stem: columns for stem, columns in stems.items() if columns}
    )


def _suffixes(stems: Mapping[str, Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(suffix for columns in stems.values() for suffix in columns))


def _readings(table: Table, columns: list[str]) -> bool:
    """Whether the columns hold about the same number in each row: readings of one thing."""
    series = [table.upload.source.table[column] for column in columns]
    if any(not (one.dtype.is_numeric() or one.dtype == pl.String) for one in series):
        return False
    frame = pl.DataFrame(
        {
            one.name: numbers(one)["number"] if one.dtype == pl.String else one.cast(pl.Float64)
            for one in series
        }
    )
    share = frame.select(
        (pl.max_horizontal(pl.all()) - pl.min_horizontal(pl.all())) / pl.mean_horizontal(pl.all())
    ).to_series()
    middle = share.drop_nulls().drop_nans().median()
    return (
        isinstance(middle, float)
        and middle < _READINGS
        and any(frame[column].n_unique() > 3 for column in columns)
    )


def draft_wide(table: Table, wide: Wide, sections: Mapping[str, tuple[str, ...]], draft: Draft) -> None:
    """The blocks of visits side by side, one for each section that has a variable of its own among the stems."""
    made = {stem: _guess(table, stem, columns, wide) for stem, columns in wide.stems.items()}
    _by_length(table, wide, made)
    for section, variables in sections.items():
        block = Block(section, table.upload)
        block.parts["visits"] = Entry(
            "visits", dict(wide.visits), f"likely: columns that end so, such as {_shown(wide)}"
        )
        block.keys += keys.people(table)
        for stem, guess in made.items():
            if (
                guess is None
                or guess.variable not in variables
                or any(one.key == guess.variable for one in block.columns)
            ):
                continue
            source = f"{stem}{{visit}}"
            table.chosen |= dict.fromkeys(wide.stems[stem].values(), guess)
            if guess.grade == "unsure":
                asked = undecided(guess.variable, [guess])
                block.columns.append(replace(asked, value={**asked.value, "from": source}))
                continue
            value = {"from": source, **guess.spec}
            if len(wide.stems[stem]) < len(wide.visits):
                value["optional"] = "true"
            block.columns.append(Entry(guess.variable, value, f"{guess.grade}: {guess.said()}"))
        # The date of a measurement is growth's; visits of nothing but these dates say nothing more.
        dates_only = section == "visits" and {one.key for one in block.columns} == {"visit_date"}
        growing = any(guess is not None and guess.variable in MEASURED for guess in made.values())
        if block.columns and not (dates_only and growing):
            draft.blocks.append(block)
            for name in wide.visits:
                draft.schedule.setdefault(name, 0)


def _by_length(table: Table, wide: Wide, made: dict[str, Guess | None]) -> None:
    """The unit of weights by the lengths of the same visits."""
    found = {guess.variable: stem for stem, guess in made.items() if guess is not None}
    weight, length = (found.get(name) for name in ("weight_kg", "length_cm"))
    if weight is None or length is None:
        return
    both = [suffix for suffix in wide.stems[weight] if suffix in wide.stems[length]]
    heavy, tall = made[weight], made[length]
    if not both or heavy is None or tall is None:
        return
    series = [
        pl.concat([_numbers(table, wide.stems[stem][suffix]) for suffix in both]) for stem in (weight, length)
    ]
    made[weight], made[length] = together(heavy, series[0], tall, series[1])


def _numbers(table: Table, column: str) -> pl.Series:
    series = table.upload.source.table[column]
    values = numbers(series)["number"] if series.dtype == pl.String else series.cast(pl.Float64)
    return values.alias("value")


def _shown(wide: Wide) -> str:
    columns = next(iter(wide.stems.values()))
    return ", ".join(list(columns.values())[:3])


def _guess(table: Table, stem: str, columns: Mapping[str, str], wide: Wide) -> Guess | None:
    """What the stem is, as the columns of all visits say; unsure where they say different things."""
    told = [
        found[0]
        for suffix in wide.visits.values()
        if suffix in columns
        and (found := guesses(table.upload, keys.facts(table, columns[suffix]), name=stem))
    ]
    if not told:
        return None
    first = max(told, key=lambda one: GRADES.index(one.grade))
    if len({one.variable for one in told}) > 1:
        return first.unsure("its visits look like different things")
    specs = [one.spec for one in told]
    if any(spec != specs[0] for spec in specs):
        both = (
            {"codes": {code: word for spec in specs for code, word in (spec.get("codes") or {}).items()}}
            if all("codes" in spec for spec in specs)
            else {}
        )
        return replace(first, spec=both) if both else first.unsure("its visits are written in different ways")
    return first
