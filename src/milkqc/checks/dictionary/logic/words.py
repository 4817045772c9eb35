"""The words of an expression: what stands in brackets, quotes, digits and signs, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass

from milkqc.checks.dictionary.logic.tree import NotEvaluated

MAX_LENGTH = 20_000
_WORD = re.compile(
    r"""(?P<space>\s+)
    |(?P<field>\[[^\[\]]*\])
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?![0-9A-Za-z_.]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<comment>//|\#)
    |(?P<sign><>|!=|<=|>=|[-+*/^=<>(),])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Word:
    """One word: its kind (field, text, number, name, sign), its text without brackets or quotes, its place."""

    kind: str
    text: str
    at: int


def words(text: str) -> list[Word]:
    """The words of `text` in order. NotEvaluated for what is too long or no word of the subset."""
    if len(text) > MAX_LENGTH:
        raise NotEvaluated(f"it is {len(text):,} characters long; at most {MAX_LENGTH:,} are read")
    found, at = [], 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise NotEvaluated(_stranger(text, at))
        kind, word = str(match.lastgroup), match.group()
        if kind == "comment":
            raise NotEvaluated(f"a comment at character {at + 1}")
        if kind == "text" and "\\" in word:
            raise NotEvaluated(f"a backslash in the text at character {at + 1}")
        if kind in ("field", "text"):
            word = word[1:-1]
        if kind == "name":
            word = word.lower()
        if kind != "space":
            found.append(Word(kind, "<>" if word == "!=" and kind == "sign" else word, at + 1))
        at = match.end()
    return found


def _stranger(text: str, at: int) -> str:
    if text.startswith(("&&", "||", "!"), at):
        return f"{text[at] * (2 if text[at] != '!' else 1)} at character {at + 1} instead of and, or, not"
    if text[at] in "\"'":
        return f"a quote at character {at + 1} is not closed"
    if text[at] in "[]":
        return f"a bracket at character {at + 1} has no partner"
    return f"it cannot be read from character {at + 1} on"
