"""The grammar of the subset: words to a tree. What is not surely understood is refused with its reason, never guessed."""

from __future__ import annotations

import re

from milkqc.checks.dictionary.logic.tree import (
    Call,
    Chain,
    Compare,
    Constant,
    FieldRef,
    Junction,
    Kind,
    Node,
    NotEvaluated,
    kind_of,
)
from milkqc.checks.dictionary.logic.words import Word, words

# Each nesting is three calls of Python, whose own limit is 1,000; REDCap's forms seldom nest beyond 80.
MAX_DEPTH = 150
_LEVELS = {
    "or": 1, "and": 2,
    "=": 3, "<>": 3, "<": 3, ">": 3, "<=": 3, ">=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "^": 6,
}  # fmt: skip
_COMPARE = 3
UNITS = ("y", "M", "d", "h", "m", "s")
FORMATS = ("ymd", "mdy", "dmy")
FUNCTIONS = ("datediff", "if", "isblankormissingcode", "mean", "round", "rounddown", "sum")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_CODED = re.compile(r"([a-z_][a-z0-9_]*)\(([^()]+)\)")


def parse(text: str, *, kind: Kind) -> Node:
    """The tree of an expression that must give a `truth` (branching) or a `value` (a calculation).

    Raises NotEvaluated with the reason for everything outside the subset (docs/redcap_checks.md).
    """
    found = words(text)
    if not found:
        raise NotEvaluated("it is empty")
    reader = _Reader(found)
    tree = reader.expression(1)
    if reader.here is not None:
        raise NotEvaluated(f"nothing fits at character {reader.here.at}")
    return _needs(tree, kind)


def _needs(node: Node, kind: Kind) -> Node:
    if kind_of(node) != kind:
        raise NotEvaluated(
            "a value stands where a comparison is needed"
            if kind == "truth"
            else "a comparison stands where a value is needed"
        )
    return node


class _Reader:
    """Precedence climbing: `or`, `and`, comparisons, + -, * /, minus sign, ^."""

    def __init__(self, found: list[Word]):
        self._words = found
        self._at = 0
        self._depth = 0

    @property
    def here(self) -> Word | None:
        return self._words[self._at] if self._at < len(self._words) else None

    def expression(self, least: int) -> Node:
        self._deeper()
        left = self._start()
        highest = max(_LEVELS.values())
        while (word := self.here) is not None and (level := self._level(word)) >= least:
            if level > highest:
                raise NotEvaluated(f"two signs without parentheses at character {word.at}")
            self._at += 1
            left = _joined(word, left, self.expression(level + 1))
            # `1 < [a] < 5` and `a ^ b ^ c` mean different things in different languages.
            highest = level - 1 if level in (_COMPARE, _LEVELS["^"]) else level
        self._depth -= 1
        return left

    def _level(self, word: Word) -> int:
        return _LEVELS.get(word.text, 0) if word.kind in ("sign", "name") else 0

    def _take(self) -> Word:
        word = self.here
        if word is None:
            raise NotEvaluated("it ends too early")
        self._at += 1
        return word

    def _sign(self, text: str) -> None:
        word = self._take()
        if (word.kind, word.text) != ("sign", text):
            raise NotEvaluated(f"{text} is missing at character {word.at}")

    def _next_is(self, text: str) -> bool:
        return self.here is not None and (self.here.kind, self.here.text) == ("sign", text)

    def _start(self) -> Node:
        word = self._take()
        if word.kind == "number":
            return Constant(word.text, quoted=False)
        if word.kind == "text":
            if word.text.strip().lower() in ("today", "now"):
                raise NotEvaluated(f"{word.text.strip().lower()} depends on the day it was worked out")
            return Constant(word.text, quoted=True)
        if word.kind == "field":
            return self._field(word)
        if word.kind == "name":
            return self._named(word)
        if word.text == "(":
            inner = self.expression(1)
            self._sign(")")
            return inner
        if word.text == "-":
            return self._negative(word)
        raise NotEvaluated(f"nothing fits at character {word.at}")

    def _negative(self, word: Word) -> Node:
        self._deeper()
        part = _needs(self._start(), "value")
        self._depth -= 1
        if self._next_is("^"):
            raise NotEvaluated(f"a minus sign before ^ without parentheses at character {word.at}")
        return Chain(Constant("0", quoted=False), (("-", part),))

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotEvaluated(f"it is nested more than {MAX_DEPTH} deep")

    def _field(self, word: Word) -> FieldRef:
        event, text = "", word.text.strip()
        after = self.here
        if after is not None and after.kind == "field":
            self._at += 1
            event, text = text, after.text.strip()
            if self.here is not None and self.here.kind == "field":
                raise NotEvaluated(f"[{text}] names an instance of a repeating form")
        for part in (event, text):
            if "-" in part.partition("(")[0]:
                raise NotEvaluated(f"[{part}] is a smart variable, of which an export knows nothing")
            if ":" in part:
                raise NotEvaluated(f"[{part}] asks for a label or a format, not for a value")
        if event and not _NAME.fullmatch(event):
            raise NotEvaluated(f"[{event}] is no event")
        if text.isdigit() and event:
            raise NotEvaluated(f"[{event}][{text}] names an instance of a repeating form")
        if coded := _CODED.fullmatch(text):
            return FieldRef(coded[1], event, coded[2].strip())
        if not _NAME.fullmatch(text):
            raise NotEvaluated(f"[{text[:60]}] is no field")
        return FieldRef(text, event)

    def _named(self, word: Word) -> Node:
        if word.text == "not":
            if not self._next_is("("):
                raise NotEvaluated(f"not without parentheses at character {word.at}")
            self._at += 1
            inner = _needs(self.expression(1), "truth")
            self._sign(")")
            return Junction("not", (inner,))
        if not self._next_is("("):
            raise NotEvaluated(f"{word.text[:60]} is no word of the subset")
        if word.text not in FUNCTIONS:
            raise NotEvaluated(f"the function {word.text[:60]} is not in the subset")
        self._at += 1
        if word.text == "datediff":
            return self._datediff()
        arguments = [self.expression(1)]
        while self._next_is(","):
            self._at += 1
            arguments.append(self.expression(1))
        self._sign(")")
        return _call(word.text, arguments)

    def _datediff(self) -> Node:
        start = _needs(self.expression(1), "value")
        self._sign(",")
        end = _needs(self.expression(1), "value")
        options = []
        while self._next_is(","):
            self._at += 1
            options.append(self._take())
        self._sign(")")
        if not options or options[0].kind != "text" or options[0].text not in UNITS:
            raise NotEvaluated(f"datediff needs one of the units {', '.join(UNITS)}")
        unit, signed, written = options[0].text, "false", "ymd"
        for option in options[1:]:
            if option.kind == "text" and option.text in FORMATS:
                written = option.text
            elif option.text.lower() in ("true", "false"):
                signed = option.text.lower()
            else:
                raise NotEvaluated(
                    f"an option of datediff that is not in the subset, at character {option.at}"
                )
        return Call("datediff", (start, end), (unit, written, signed))


def _joined(word: Word, left: Node, right: Node) -> Node:
    sign = word.text
    if sign in ("and", "or"):
        for part in (left, right):
            _needs(part, "truth")
        parts = left.parts if isinstance(left, Junction) and left.sign == sign else (left,)
        return Junction(sign, (*parts, right))
    for part in (left, right):
        _needs(part, "value")
    if _LEVELS[sign] == _COMPARE:
        return Compare(sign, left, right)
    if isinstance(left, Chain) and sign != "^" and {_LEVELS[s] for s, _ in left.rest} == {_LEVELS[sign]}:
        return Chain(left.first, (*left.rest, (sign, right)))
    return Chain(left, ((sign, right),))


def _call(name: str, arguments: list[Node]) -> Node:
    if name == "if":
        if len(arguments) != 3:
            raise NotEvaluated("if needs a condition and two values")
        _needs(arguments[0], "truth")
        for argument in arguments[1:]:
            _needs(argument, "value")
        return Call("if", tuple(arguments))
    for argument in arguments:
        _needs(argument, "value")
    if name == "isblankormissingcode":
        if len(arguments) != 1 or not isinstance(arguments[0], FieldRef):
            raise NotEvaluated("isblankormissingcode needs one field")
        return Call(name, tuple(arguments))
    if name in ("round", "rounddown"):
        return _rounded(name, arguments)
    return Call(name, tuple(arguments))


def _rounded(name: str, arguments: list[Node]) -> Call:
    places = arguments[1] if len(arguments) == 2 else Constant("0", quoted=False)
    if (
        len(arguments) > 2
        or not isinstance(places, Constant)
        or not re.fullmatch("[0-9]", places.text.strip())
    ):
        raise NotEvaluated(f"{name} needs a value and at most a number of decimal places from 0 to 9")
    return Call(name, (arguments[0],), (places.text.strip(),))
