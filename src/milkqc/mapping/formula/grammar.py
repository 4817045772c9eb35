"""The grammar of formulas: text to tree, by a whitelist. Nothing is ever evaluated as code.

formula    = both { "or" both }
both       = negated { "and" negated }
negated    = "not" negated | comparison
comparison = sum [ ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) sum ]
sum        = product { ( "+" | "-" ) product }
product    = signed { ( "*" | "/" ) signed }
signed     = "-" signed | part
part       = number [ "[" unit "]" ] | name | name "(" formula { "," formula } ")" | "(" formula ")" | text
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from milkqc.mapping.formula.tree import (
    FUNCTIONS,
    Call,
    Day,
    FormulaError,
    Name,
    Number,
    Operation,
    Text,
    Tree,
)

MAX_LENGTH = 500
MAX_DEPTH = 30
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)?)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<unit>\[[^\]\[]*\])
    | (?P<sign><=|>=|!=|<>|==|[-+*/<>=(),])
    )""",
    re.VERBOSE,
)
_COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WORDS = ("and", "or", "not")


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def shown(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


def parse(text: str) -> Tree:
    """The tree of a formula. Raises FormulaError, which says where in the text and what to do."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            f"a formula has at most {MAX_LENGTH} characters", "Give parts of it a name by `let`."
        )
    if not text.strip():
        raise FormulaError("the formula is empty")
    return _Parser(list(_tokens(text))).whole()


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            raise FormulaError(f"{text[at]!r} has no meaning in a formula", _todo(text[at]), at=at)
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], found.start(kind))
        place = found.end()
    yield _Token("end", "", len(text.rstrip()))


def _todo(sign: str) -> str:
    hints = {
        "^": "Multiply it out: a * a.",
        "%": "Write the share as a number.",
        "`": "Give a column with such a name a plain one by `let`.",
        "{": "Give the column of each visit a name by `let`.",
        "[": "A unit stands closed in brackets behind its number: 0.2 [kg].",
        '"': "Close the quotes.",
        "'": "Close the quotes.",
        "&": "Write `and`.",
        "|": "Write `or`.",
        "!": "Write `not`, or != for unequal.",
        **dict.fromkeys(
            "\u2212\u2013\u2014\u2010\u2011", "It only looks like a minus: write the - of the keyboard."
        ),
        "\u00d7": "Write *.",
        "\u00f7": "Write /.",
        "\u2264": "Write <=.",
        "\u2265": "Write >=.",
        "\u2260": "Write !=.",
        **dict.fromkeys("\u201c\u201d\u201e\u2018\u2019", 'Write straight quotes: "1".'),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", "It cannot be seen: delete it."),
    }
    return hints.get(
        sign, "Known are numbers, names, + - * / = != < <= > >= and or not, brackets and functions."
    )


class _Parser:
    """Recursive descent over the tokens; `depth` is how many brackets, signs and calls are open."""

    def __init__(self, tokens: list[_Token]):
        self.tokens, self.place, self.depth = tokens, 0, 0

    @property
    def now(self) -> _Token:
        return self.tokens[self.place]

    def take(self) -> _Token:
        token = self.now
        self.place += token.kind != "end"
        return token

    def take_if(self, *texts: str) -> _Token | None:
        return self.take() if self.now.kind in {"sign", "name"} and self.now.text in texts else None

    def whole(self) -> Tree:
        tree = self.either()
        if self.now.kind != "end":
            raise FormulaError(f"{self.now.shown} stands where an operation belongs", at=self.now.at)
        return tree

    def either(self) -> Tree:
        return self.chain(self.both, ("or",))

    def both(self) -> Tree:
        return self.chain(self.negated, ("and",))

    def chain(self, inner: Callable[[], Tree], signs: tuple[str, ...]) -> Tree:
        tree, links = inner(), 0
        while token := self.take_if(*signs):
            # `a + b + c` nests to the left; its length is bounded so that nothing that walks the tree runs deep.
            links += 1
            if links > 4 * MAX_DEPTH:
                raise FormulaError(
                    "too many parts in one row", "Give parts of it a name by `let`.", at=token.at
                )
            tree = Operation(token.text, tree, inner(), token.at)
        return tree

    def negated(self) -> Tree:
        token = self.take_if("not")
        if token is None:
            return self.comparison()
        return Call("not", (self.deeper(self.negated, token),), token.at)

    def comparison(self) -> Tree:
        left = self.sum()
        token = self.take_if(*_COMPARISONS)
        if token is None:
            return left
        tree = Operation(_COMPARISONS[token.text], left, self.sum(), token.at)
        if self.now.text in _COMPARISONS and self.now.kind == "sign":
            raise FormulaError(
                "a comparison has two sides",
                "Join two comparisons by `and`: a < b and b < c.",
                at=self.now.at,
            )
        return tree

    def sum(self) -> Tree:
        return self.chain(self.product, ("+", "-"))

    def product(self) -> Tree:
        return self.chain(self.signed, ("*", "/"))

    def signed(self) -> Tree:
        token = self.take_if("-")
        if token is None:
            return self.part()
        return Call("-", (self.deeper(self.signed, token),), token.at)

    def deeper(self, inner: Callable[[], Tree], token: _Token) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError(
                f"more than {MAX_DEPTH} brackets inside each other",
                "Give parts of it a name by `let`.",
                at=token.at,
            )
        tree = inner()
        self.depth -= 1
        return tree

    def part(self) -> Tree:
        token = self.take()
        if token.kind == "number":
            unit = self.take() if self.now.kind == "unit" else None
            value = float(token.text)
            if value == float("inf"):
                raise FormulaError(f"{token.text} is too large a number", at=token.at)
            return Number(value, unit.text[1:-1].strip() if unit is not None else None, token.at)
        if token.kind == "text":
            return Text(token.text[1:-1], token.at)
        if token.kind == "name" and token.text not in _WORDS:
            return (
                self.call(token)
                if self.now.text == "(" and self.now.kind == "sign"
                else Name(token.text, at=token.at)
            )
        if token.text == "(" and token.kind == "sign":
            tree = self.deeper(self.either, token)
            self.close(token)
            return tree
        raise FormulaError(f"{token.shown} stands where a number, a name or a bracket belongs", at=token.at)

    def close(self, opened: _Token) -> None:
        if self.take_if(")") is None:
            raise FormulaError(
                f"{self.now.shown} stands where the bracket of character {opened.at + 1} should be closed",
                "Close the bracket; decimals are written with a point.",
                at=self.now.at,
            )

    def call(self, token: _Token) -> Tree:
        function = FUNCTIONS.get(token.text)
        if function is None:
            close = difflib.get_close_matches(token.text.lower(), FUNCTIONS, n=1, cutoff=0.6)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise FormulaError(
                f"there is no function {token.text!r}",
                f"{hint}Known are {', '.join(FUNCTIONS)}.",
                at=token.at,
            )
        opened, parts = self.take(), []
        if self.now.text != ")" or self.now.kind != "sign":
            parts.append(self.deeper(self.either, token))
            while self.take_if(","):
                parts.append(self.deeper(self.either, token))
        self.close(opened)
        if len(parts) < function.least or (function.most is not None and len(parts) > function.most):
            most = "or more" if function.most is None else f"to {function.most}"
            wanted = f"{function.least}" if function.least == function.most else f"{function.least} {most}"
            raise FormulaError(f"{token.text} takes {wanted} parts, not {len(parts)}", at=token.at)
        return _called(token, tuple(parts))


def _called(token: _Token, parts: tuple[Tree, ...]) -> Tree:
    """A call, where `date` and `text` of a name say how the name is read."""
    first = parts[0]
    if token.text == "text":
        if not isinstance(first, Name) or first.kind != "number":
            raise FormulaError("text takes the name of a column", "Write text(COLUMN).", at=token.at)
        return Name(first.name, "text", at=first.at)
    if token.text != "date" or len(parts) == 3:
        return Call(token.text, parts, token.at)
    if isinstance(first, Text) and len(parts) == 1:
        try:
            return Day(datetime.date.fromisoformat(first.text).isoformat(), token.at)
        except ValueError:
            raise FormulaError(
                f"{first.text!r} is no date", 'Write it like date("2024-01-31").', at=first.at
            ) from None
    if not isinstance(first, Name) or first.kind != "number":
        raise FormulaError(
            "date takes the name of a column, a written day, or year, month and day",
            'Write date(COLUMN, "%d/%m/%Y").',
            at=token.at,
        )
    form = parts[1] if len(parts) == 2 else None
    if form is not None and (not isinstance(form, Text) or "%" not in form.text):
        raise FormulaError(
            "the second part of date is its format", 'Write date(COLUMN, "%d/%m/%Y").', at=form.at
        )
    return Name(first.name, "date", form.text if isinstance(form, Text) else None, first.at)
