"""pool.html: one file without any request; the studies' medians and middle halves side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

import polars as pl

from milkqc.pool.pool import Pooled

_WIDTH, _LEFT, _ROW = 640, 190, 22
_MOST = 400
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1rem;color:#1b2733;background:#fff}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #d5dce3;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.soft{color:#52616f}.sheet{overflow-x:auto}
svg{max-width:100%;height:auto}svg text{font-size:12px;fill:#1b2733}.bar{stroke:#7aa6c8;stroke-width:8}.mid{fill:#123a5a}.axis{stroke:#9aa7b3}
"""


def page(pooled: Pooled) -> str:
    """The pool as one HTML document."""
    studies = [run.study for run in pooled.runs]
    title = f"Pool of {len(studies)} studies"
    return "".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>\n",
            f"<p>{escape(', '.join(studies))}. Every figure is in the CSV files beside this page.</p>\n",
            _section("What they do not agree in", _agreement(pooled.agreement)),
            _section("Distributions", "".join(_pictures(pooled.distributions, pooled.comparisons))),
            _section("What can be pooled", _harmonisation(pooled.harmonisation, studies)),
            _section("Runs", _runs(pooled)),
            "</main></body></html>\n",
        ]
    )


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{title}</h2>\n{inside}</section>\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>\n" for row in rows)
    return f'<div class="sheet"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n'


def _cell(value: Any) -> str:
    if isinstance(value, int | float):
        return f'<td class="n">{_number(value)}</td>'
    return f"<td>{escape(str(value)) if value is not None else '–'}</td>"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _agreement(frame: pl.DataFrame) -> str:
    if frame.is_empty():
        return "<p>Units, standards, bases and methods agree.</p>\n"
    rows = frame.head(_MOST).select("severity", "message").iter_rows()
    return _table(("Severity", "What"), rows) + _left_off(frame, "agreement.csv")


def _left_off(frame: pl.DataFrame, file: str) -> str:
    return f'<p class="soft">{frame.height - _MOST} more in {file}.</p>' if frame.height > _MOST else ""


def _pictures(each: pl.DataFrame, pairs: pl.DataFrame) -> Iterator[str]:
    if each.is_empty():
        yield "<p>No results and no scores to compare.</p>\n"
    keys = ["table", "variable", "visit", "unit"]
    for place, (key, part) in enumerate(each.group_by(keys, maintain_order=True)):
        if place == _MOST // 4:
            yield '<p class="soft">More in distributions.csv.</p>'
            return
        table, variable, visit, unit = (str(word) if word is not None else "" for word in key)
        name = " ".join(filter(None, [variable.replace("_", " "), f"at {visit}" if visit else ""]))
        yield f'<h3>{escape(name)} <span class="soft">({escape(unit or table)})</span></h3>\n'
        yield _picture(part, f"{name}, {unit}", place)
        mine = pairs.filter(
            *(
                pl.col(column).eq_missing(pl.lit(word, dtype=pl.String))
                for column, word in zip(keys[:3], key[:3], strict=True)
            )
        )
        if mine.height:
            shown = (
                "study_a",
                "study_b",
                "n_a",
                "n_b",
                "median_ratio",
                "median_difference",
                "distance",
                "superiority",
                "p",
            )
            heads = (
                "Study a",
                "Study b",
                "n a",
                "n b",
                "Median ratio",
                "Median difference",
                "Distance",
                "P(a > b)",
                "p",
            )
            yield _table(heads, mine.select(shown).iter_rows())


def _picture(part: pl.DataFrame, title: str, place: int) -> str:
    """A bar from the lower to the upper quartile and a dot at the median for each study."""
    known = [value for name in ("q25", "median", "q75") for value in part[name].drop_nulls()]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    pad = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    low, high = low - pad, high + pad
    height = part.height * _ROW + 30

    def x(value: float) -> str:
        return f"{_LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - 20):.1f}"

    shapes = []
    for row, one in enumerate(part.iter_rows(named=True)):
        y = row * _ROW + 14
        n = f"n {one['n']}" + (f", {one['censored']} censored" if one["censored"] else "")
        shapes.append(
            f'<text x="0" y="{y + 4}">{escape(one["study"][:18])} <tspan class="soft">{n}</tspan></text>'
        )
        if one["q25"] is not None and one["q75"] is not None:
            shapes.append(f'<line class="bar" x1="{x(one["q25"])}" x2="{x(one["q75"])}" y1="{y}" y2="{y}"/>')
        if one["median"] is not None:
            shapes.append(f'<circle class="mid" cx="{x(one["median"])}" cy="{y}" r="5"/>')
        else:
            shapes.append(f'<text x="{_LEFT}" y="{y + 4}">no median: {escape(one["estimator"])[:60]}</text>')
    base = part.height * _ROW + 6
    axis = f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{base}" y2="{base}"/>'
    ends = (
        "".join(
            f'<text x="{x(value)}" y="{base + 16}" text-anchor="middle">{value:.3g}</text>'
            for value in sorted({low + pad, high - pad})
        )
        if known
        else ""
    )
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH} {height}" aria-labelledby="picture-{place}">'
        f'<title id="picture-{place}">{escape(title)}: median and middle half by study</title>'
        f"{''.join(shapes)}{axis}{ends}</svg>\n"
    )


def _harmonisation(frame: pl.DataFrame, studies: list[str]) -> str:
    names = [f"status_{study}" for study in studies]
    said = frame.filter(~pl.all_horizontal(pl.col(name) == "not_mapped" for name in names))
    rows = said.head(_MOST).select("table", "label", "unit", "poolable", *names).iter_rows()
    words = ([word.replace("_", " ") if isinstance(word, str) else word for word in row] for row in rows)
    intro = "<p>Exact and converted values mean the same; read the notes in harmonisation.csv before pooling others.</p>\n"
    return (
        intro
        + _table(("Table", "Variable", "Unit", "Poolable in", *studies), words)
        + _left_off(said, "harmonisation.csv")
    )


def _runs(pooled: Pooled) -> str:
    rows = (
        (
            run.study,
            run.manifest.get("title"),
            run.tables["participants"].height,
            run.tables["growth"].height,
            run.tables["milk"].height + run.tables["biomarkers"].height,
            run.sha256[:12],
        )
        for run in pooled.runs
    )
    return _table(("Study", "Title", "Infants", "Growth rows", "Results", "Manifest"), rows)
