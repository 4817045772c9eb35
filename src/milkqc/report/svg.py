"""SVG as text: small pure functions, everything escaped, colours left to the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape


def tag(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """One element. Children and attribute values are escaped unless they are Markup; `stroke_width` is
    `stroke-width`, a trailing underscore is dropped (`class_`), None leaves the attribute out.
    """
    inside = "".join(map(escape, children))
    # Thousands of shapes: joined as text, each part escaped on its own, is five times as fast as Markup.format.
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{told}>{inside}</{name}>")  # noqa: S704 - every part is escaped above, the name is ours


def short(value: str | float) -> str:
    """A coordinate with at most two decimals; text as it is."""
    if isinstance(value, str):
        return value
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def picture(*shapes: str, title: str, desc: str, key: str, width: float, height: float) -> Markup:
    """A whole picture that scales with the page; `key` is unique in the page, title and desc are read aloud."""
    return tag(
        "svg",
        tag("title", title, id=f"{key}-title"),
        tag("desc", desc, id=f"{key}-desc"),
        *shapes,
        role="img",
        viewBox=f"0 0 {short(width)} {short(height)}",
        aria_labelledby=f"{key}-title {key}-desc",
    )


def text(words: str, x: float, y: float, *, anchor: str | None = None, kind: str | None = None) -> Markup:
    """Words with their baseline at `y`; `anchor` is `middle` or `end`."""
    return tag("text", words, x=x, y=y, text_anchor=anchor, class_=kind)


def line(x1: float, y1: float, x2: float, y2: float, *, kind: str) -> Markup:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def box(x: float, y: float, width: float, height: float, *, kind: str, rx: float | None = None) -> Markup:
    """A rectangle."""
    return tag("rect", x=x, y=y, width=width, height=height, rx=rx, class_=kind)


def path(points: Sequence[tuple[float, float]], *, kind: str) -> Markup:
    """A line through the points."""
    steps = (f"{'L' if place else 'M'}{short(x)} {short(y)}" for place, (x, y) in enumerate(points))
    return tag("path", d="".join(steps), class_=kind)


def group(shapes: Iterable[str], *, kind: str) -> Markup:
    """Several shapes of one class."""
    return tag("g", *shapes, class_=kind)
