"""Numbers as people read them. Only here does a number become text."""

from __future__ import annotations

NONE = "–"


def count(n: int, one: str, many: str = "") -> str:
    """`1 finding`, `2 findings`, `1,204 rows`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def number(value: float | None, digits: int = 3) -> str:
    """`digits` significant digits without exponents; a dash where there is none."""
    if value is None:
        return NONE
    if isinstance(value, int) or value == 0:
        return _signed(f"{value:,}" if isinstance(value, int) else "0")
    if abs(value) >= 10 ** (digits - 1):
        return _signed(f"{value:,.0f}")
    text = f"{value:.{digits}g}"
    if "e" in text:
        text = f"{value:.{digits + 5}f}".rstrip("0").rstrip(".")
        return _signed(text) if float(text) else ("<" if value > 0 else ">−") + f"0.{'0' * (digits + 4)}1"
    return _signed(text)


def fixed(value: float | None, decimals: int = 2) -> str:
    """A fixed number of decimals, as z-scores are written; a dash where there is none."""
    return NONE if value is None else _signed(f"{value:.{decimals}f}")


def percent(value: float | None, decimals: int = 1) -> str:
    """A share of 100 with its sign; what is not quite nothing or not quite all is not shown as if it were."""
    if value is None:
        return NONE
    least = 10**-decimals
    if 0 < value < least:
        return f"<{least:.{decimals}f} %"
    if 100 - least < value < 100:
        return f">{100 - least:.{decimals}f} %"
    return "0 %" if value == 0 else "100 %" if value == 100 else f"{value:.{decimals}f} %"


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def _signed(text: str) -> str:
    """A real minus sign, and no negative nothing."""
    if text.startswith("-"):
        return "−" + text[1:] if any(c in "123456789" for c in text) else text[1:]
    return text
