"""Mappings as people might write them: any layout, any quoting, comments everywhere. For Hypothesis."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

TRAPS = ["no", "on", "012", "12:30", "1e3", "null", "~", "", " a ", "a: b", "a #b", "#a", "- a", "*x", "&x", "!t", "%d/%m/%Y",
         "yes", "1.0", "-9", "0x1f", "1_000", "2024-01-31", "{visit}", "[a", "a,b", "a]", "it's", 'say "x"', "back\\slash", "tab\there",
         "two\nlines", "µg/L", "?", "? a", ":", ":a", "a:", "@x", "`x", "|", ">", "=", "<<", ";", ".a", "---", "...", "--- a", "NaN",
         "ünïcödé", "\u2028", "\x07", "null ", "=1+1", "-", "--", "a:b", "x:[y", "\u00a0", "\ufeff", "1__0", "+1", "0b11", "😀"]  # fmt: skip
WORDS = [
    "from",
    "do",
    "unit",
    "codes",
    "missing",
    "columns",
    "key",
    "tables",
    "growth",
    "milk",
    "file",
    "weight_kg",
    "on",
    "off",
]
texts = st.one_of(
    st.sampled_from(TRAPS),
    st.sampled_from(WORDS),
    st.text(min_size=0, max_size=8).filter(lambda text: all(c.isprintable() for c in text)),
)
data = st.recursive(
    st.one_of(st.none(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=25,
)


class Writer:
    """Writes data as YAML in random style, with random comments (numbered, so that each can be found again)."""

    def __init__(self, seed: int, *, comments: bool = True):
        self.random = random.Random(seed)
        self.comments: list[str] = []
        self.share = 0.25 if comments else 0.0

    def text(self, value: dict[str, Any]) -> str:
        lines = self.block(value, 0)
        self.own_lines(lines, self.random.choice([0, 2]))
        return "\n".join(lines) + "\n"

    def comment(self) -> str:
        self.comments.append(f"# c{len(self.comments)} # 'not: \"closed")
        return self.comments[-1]

    def own_lines(self, lines: list[str], indent: int) -> None:
        while self.random.random() < self.share:
            lines.append(" " * max(0, indent + self.random.choice([-2, 0, 0, 0, 1, 4])) + self.comment())
        if self.random.random() < self.share:
            lines.append("")

    def beside(self) -> str:
        return f"  {self.comment()}" if self.random.random() < self.share else ""

    def scalar(self, value: str | None) -> str:
        from milkqc.mapping.form.scalars import quoted

        if value is None:
            return self.random.choice(["null", "~"])
        safe = value and value.replace("_", "a").isalnum() and value.isascii() and value != "null"
        if safe and self.random.random() < 0.7:
            return value
        if value.isprintable() and self.random.random() < 0.5:
            return "'" + value.replace("'", "''") + "'"
        return quoted(value)

    def flow(self, value: Any) -> str:
        if isinstance(value, dict):
            return (
                "{" + ", ".join(f"{self.scalar(key)}: {self.flow(one)}" for key, one in value.items()) + "}"
            )
        if isinstance(value, list):
            return "[" + ", ".join(self.flow(one) for one in value) + "]"
        return self.scalar(value)

    def spread(self, value: Any, indent: int) -> list[str]:
        """Brackets over several lines, with comments inside."""
        first, last = ("{", "}") if isinstance(value, dict) else ("[", "]")
        lines = [f"{first}{self.beside()}"]
        items = value.items() if isinstance(value, dict) else [(None, one) for one in value]
        for key, one in items:
            self.own_lines(lines, indent + 2)
            name = "" if key is None else f"{self.scalar(key)}: "
            lines.append(f"{' ' * (indent + 2)}{name}{self.flow(one)},{self.beside()}")
        self.own_lines(lines, indent + 2)
        return [*lines, " " * (indent + 1) + last + self.beside()]

    def block(self, value: Any, indent: int) -> list[str]:
        lines: list[str] = []
        pad = " " * indent
        items = value.items() if isinstance(value, dict) else [(None, one) for one in value]
        for key, one in items:
            self.own_lines(lines, indent)
            head = f"{pad}-" if key is None else f"{pad}{self.scalar(key)}:"
            if isinstance(one, dict | list) and one and self.random.random() < 0.6:
                deeper = indent + self.random.choice([1, 2, 4])
                lines += [head + self.beside(), *self.block(one, deeper)]
                self.own_lines(lines, deeper)
            elif isinstance(one, dict | list) and one and self.random.random() < 0.4:
                body = self.spread(one, indent)
                lines += [f"{head} {body[0]}", *body[1:]]
            else:
                lines.append(f"{head} {self.flow(one)}{self.beside()}")
        return lines
