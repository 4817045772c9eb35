"""A form with one measurement a row: which column names it, which holds it, and each one's unit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from milkqc.cells import source_text
from milkqc.drafting.assays import tests
from milkqc.drafting.columns import best
from milkqc.drafting.plan import Block, Entry, Table
from milkqc.drafting.readings import numbers_of
from milkqc.drafting.usual import believable, units_of
from milkqc.drafting.words import take_apart


def measurements(table: Table, block: Block, measures: Collection[str]) -> None:
    """One measurement a row: which column names it, which holds it, and each one's unit."""
    named = tests(table, frozenset(measures))
    found = [one for guesses in table.guesses.values() if (one := best(guesses, {"long.value"})) is not None]
    if named is None or not found:
        return
    value = max(found, key=lambda one: one.score)
    parts: dict[str, Any] = {"variable": named.guess.column, "value": value.column}
    units = [one for guesses in table.guesses.values() if (one := best(guesses, {"long.unit"})) is not None]
    if units:
        parts["unit"] = units[0].column
    for column in (named.guess.column, *(parts[part] for part in ("value", "unit") if part in parts)):
        table.used.add(column)
    words = source_text(table.upload.source, named.guess.column).str.strip_chars()
    values = numbers_of(table, value.column)
    codes, open_, aside = {}, [], list(named.others)
    for word, variable in named.codes.items():
        median = values.filter((words == word).fill_null(value=False)).median()
        middle = float(median) if isinstance(median, int | float) else None
        ending = next((unit for _, unit in take_apart(word).forms if unit), "")
        fitting = units_of(variable, middle)
        unit, said = (ending, f"{word} ends in {ending}") if ending else (fitting[0] if len(fitting) == 1 else "", "the only unit that fits its middle value")  # fmt: skip
        if units or any(one.key == variable for one in block.columns):
            codes[word] = variable
        elif unit and believable(variable, middle, unit) is not False:
            codes[word] = variable
            block.columns.append(Entry(variable, {"unit": unit}, f"likely: {said}"))
        else:
            # Without a unit nothing can be read: the rows are set aside until somebody says it.
            open_.append(f"{variable} ({word}): no unit is said: {' or '.join(fitting) or 'none fits'}?")
            aside.append(word)
    if not codes:
        for column in (named.guess.column, *(parts[part] for part in ("value", "unit") if part in parts)):
            table.used.discard(column)
        table.leave(named.guess.column, "unsure", "; ".join(open_)[:200])
        return
    parts["codes"] = codes
    block.parts["long"] = Entry("long", parts, f"likely: {named.guess.said()}; {value.said()}")
    if aside:
        why = open_ or [f"no measure of milkqc: {', '.join(named.others[:6])}"]
        block.parts["where"] = Entry("where", {named.guess.column: list(codes)}, f"unsure: {'; '.join(why)}")
