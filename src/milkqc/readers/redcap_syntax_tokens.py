"""Tokens of syntax files: words, quoted texts and signs, each with its line; whatever else is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from milkqc.errors import SourceError
from milkqc.readers.files import File


@dataclass(frozen=True)
class Token:
    """A word, a quoted `string` (its quotes undone) or a sign, and the line it stands on."""

    kind: str
    text: str
    line: int


Statement = list[Token]


def refused(file: File, line: int, what: str = "a statement") -> SourceError:
    """The error for what REDCap does not write; the statement itself is not shown, since it may hold anything."""
    return file.error(
        f"line {line}: {what} is not one that REDCap writes, and milkqc executes nothing.",
        "Give the syntax file as REDCap wrote it, without changes or additions.",
    )


def tokens(file: File, text: str, pattern: re.Pattern[str], line: int = 1) -> list[Token]:
    """All tokens of `text` by a pattern of named groups; the groups `space` and `comment` are passed over.

    `string` loses its quotes, and a doubled quote inside is one. SourceError at the first character that no
    group takes.
    """
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = pattern.match(text, place)
        if match is None or match.end() == place:
            raise refused(file, line, "a sign or an unclosed quotation mark")
        kind, piece = match.lastgroup or "", match.group()
        if kind == "string":
            quote = piece[0]
            found.append(Token(kind, piece[1:-1].replace(quote * 2, quote), line))
        elif kind not in {"space", "comment"}:
            found.append(Token(kind, piece, line))
        line += piece.count("\n")
        place = match.end()
    return found


def statements(every: Sequence[Token]) -> list[Statement]:
    """The tokens between `end` tokens, empty ones left out."""
    found: list[Statement] = [[]]
    for token in every:
        if token.kind == "end":
            found.append([])
        else:
            found[-1].append(token)
    return [statement for statement in found if statement]


def words(statement: Statement) -> str:
    """A statement in lower case with one space between tokens, to be compared; quoted texts as `'...'`."""
    return " ".join("'...'" if token.kind == "string" else token.text.lower() for token in statement)


class Reader:
    """Walks through one statement; whatever is not as asked is refused with its line."""

    def __init__(self, file: File, statement: Statement, place: int = 0):
        self.file, self.statement, self.place = file, statement, place

    @property
    def line(self) -> int:
        """The line of the next token, or of the last one."""
        return self.statement[min(self.place, len(self.statement) - 1)].line

    def more(self) -> bool:
        """Whether a token is left."""
        return self.place < len(self.statement)

    def peek(self, ahead: int = 0) -> Token:
        """The next token, not yet taken; one of kind "" at the end."""
        place = self.place + ahead
        return self.statement[place] if place < len(self.statement) else Token("", "", self.line)

    def take(self, *kinds: str) -> str:
        """The next token's text, which must be of one of these kinds."""
        token = self.peek()
        if token.kind not in kinds:
            raise refused(self.file, self.line)
        self.place += 1
        return token.text

    def sign(self, text: str) -> None:
        """The next token, which must be this sign or word (in any case)."""
        token = self.peek()
        if token.kind == "string" or token.text.lower() != text.lower():
            raise refused(self.file, self.line)
        self.place += 1

    def skip(self, text: str) -> bool:
        """Take the next token if it is this sign."""
        if self.peek().kind != "string" and self.peek().text.lower() == text.lower():
            self.place += 1
            return True
        return False
