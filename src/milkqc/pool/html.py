"""Tables and numbers as pool.html shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

# Rows of one table on the page; all of them stand in its file.
MOST = 400


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, name: str) -> str:
    """A table that scrolls in itself where the window is narrow; `name` is what a screen reader calls it."""
    found = [list(row) for row in rows]
    numbers = {
        place for place in range(len(heads)) if any(isinstance(row[place], int | float) for row in found)
    }
    head = "".join(
        f'<th scope="col"{" class=n" if place in numbers else ""}>{escape(text)}</th>'
        for place, text in enumerate(heads)
    )
    body = "".join(
        f"<tr>{''.join(_cell(cell, number=place in numbers) for place, cell in enumerate(row))}</tr>\n"
        for row in found
    )
    return (
        f'<div class="scroll" role="region" aria-label="{escape(name)}" tabindex="0"><table><thead><tr>{head}</tr>'
        f"</thead><tbody>\n{body}</tbody></table></div>\n"
    )


def _cell(value: Any, *, number: bool) -> str:
    text = shown(value) if number else "–" if value is None else escape(str(value))
    kind = " class=n" if number else " class=wide" if len(text) > 40 else ""
    return f"<td{kind}>{text}</td>"


def shown(value: float | None) -> str:
    """A number as a page shows it: three digits, without an exponent where it needs none; an en dash for none."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:.3g}"
    return f"{float(text):,.0f}" if "e+" in text and abs(value) < 1e9 else text


def left_off(rows: int, file: str) -> str:
    """How many rows a page leaves to its file."""
    return f'<p class="soft">{rows - MOST:,} more in {file}.</p>' if rows > MOST else ""
