"""A column that says what each row measures: of a laboratory's list, or of a form with one measurement a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from milkqc.drafting import keys
from milkqc.drafting.columns import Guess, best
from milkqc.drafting.plan import Table
from milkqc.drafting.synonyms import meetings

# A word in a column of tests is an analyte when it meets one so well; so many of them make a column of tests, and
# so many where the column's own name does not say so.
_MEETS, _MOST, _NEARLY = 90.0, 0.5, 0.8
_NUMBERS = frozenset({"number", "whole number", "date", "date and time", "nothing"})


@dataclass(frozen=True)
class Tests:
    """A column of tests or parameters: the code of each word that is one of milkqc's, and those that are none."""

    guess: Guess
    codes: Mapping[str, str]
    others: tuple[str, ...]


def tests(table: Table, known: frozenset[str]) -> Tests | None:
    """The column that says what each row measures, if most of its words are in `known`."""
    for guesses in table.guesses.values():
        guess = best(guesses, {"long.name", "method"})
        if guess is None or guess.variable != "long.name":
            continue
        words = sorted(keys.ids(table, guess.column))
        if not words or len(words) > 100:
            continue
        found = {word: of_word(word, known) for word in words}
        codes = {word: variable for word, variable in found.items() if variable}
        if len(codes) >= _MOST * len(words):
            return Tests(guess, codes, tuple(word for word in words if word not in codes))
    return _by_cells(table, known)


def _by_cells(table: Table, known: frozenset[str]) -> Tests | None:
    """A column of tests by what its cells say, whatever it is called: two words or more, nearly all of them known."""
    for column in table.upload.found.columns:
        if column.holds in _NUMBERS or column.identifier or not 2 <= column.distinct <= 60:
            continue
        found = {word: of_word(word, known) for word in sorted(keys.ids(table, column.name))}
        codes = {word: variable for word, variable in found.items() if variable}
        if len(set(codes.values())) >= 2 and len(codes) >= _NEARLY * len(found):
            said = f'name "{column.name}"; its cells name {", ".join(dict.fromkeys(codes.values()))}'[:120]
            guess = Guess(column.name, "long.name", 90, "likely", evidence=(said,))
            return Tests(guess, codes, tuple(word for word in found if word not in codes))
    return None


def of_word(word: str, known: frozenset[str]) -> str:
    """The variable or analyte of `known` that a word means; empty when none or several do."""
    met = [
        one for one in meetings(word, label=True).values() if one.variable in known and one.score >= _MEETS
    ]
    met.sort(key=lambda one: -one.score)
    return met[0].variable if met and (len(met) == 1 or met[0].score > met[1].score) else ""
