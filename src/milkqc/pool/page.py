"""pool.html: one file without any request; what the studies differ in, and their distributions side by side."""

from __future__ import annotations

from html import escape
from typing import Any

import polars as pl

from milkqc.pool.html import MOST, left_off, table
from milkqc.pool.pictures import distributions
from milkqc.pool.pool import Pooled

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2530;--soft:#55616e;--line:#d5dbe1;--paper:#fff;--warning:#8a5200;--info:#20588f;--wash:#fdf6ea;--mark:#123a5a;--range:#8db4d0;--track:#e4e9ed}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ec;--soft:#a6b1bc;--line:#3a444e;--paper:#14191e;--warning:#f0be66;--info:#90c2f0;--wash:#2a2416;--mark:#e4f1fb;--range:#3d6381;--track:#2c353d}}
*{box-sizing:border-box}body{font:1rem/1.5 system-ui,"Noto Sans",sans-serif;margin:0 auto;max-width:68rem;padding:1.25rem 1rem 4rem;color:var(--ink);background:var(--paper);overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
h1{font-size:1.7rem;margin:.5rem 0}h2{font-size:1.25rem;margin:2.75rem 0 .5rem;padding-top:.8rem;border-top:2px solid var(--ink)}h3{font-size:1.1rem;margin:1.75rem 0 .25rem}h4{font-size:1rem;margin:1.25rem 0 .25rem}
p{max-width:44rem;margin:.5rem 0}.soft{color:var(--soft);font-weight:400}.simulated{background:var(--wash);color:var(--warning);border-bottom:2px solid var(--warning);padding:.6rem 1rem;max-width:none}
.scroll{overflow-x:auto;margin:.5rem 0 1rem}.scroll:focus-visible,summary:focus-visible{outline:3px solid var(--info);outline-offset:2px}
table{border-collapse:collapse;min-width:100%;font-size:.9rem}th,td{text-align:left;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:normal}th{color:var(--soft);font-weight:600}
td.n,th.n{text-align:right}td.wide{min-width:14rem}ul.told{list-style:none;padding:0;margin:.5rem 0}ul.told li{padding:.45rem 0;border-bottom:1px solid var(--line);display:grid;grid-template-columns:5.5rem minmax(0,1fr)}
.warning{color:var(--warning);font-weight:600}.info{color:var(--info);font-weight:600}details{margin:.75rem 0}summary{cursor:pointer}
.one{display:grid;grid-template-columns:minmax(0,15rem) minmax(0,1fr) 13rem;gap:0 1rem;align-items:center;padding:.2rem 0}.track{position:relative;height:1.1rem;background:linear-gradient(var(--track),var(--track)) center/100% 2px no-repeat}
.track i{position:absolute;top:.3rem;height:.5rem;background:var(--range);border-radius:.1rem;min-width:2px}.track b{position:absolute;top:.15rem;width:.8rem;height:.8rem;margin-left:-.4rem;border-radius:50%;background:var(--mark)}
@media(max-width:42rem){.one{grid-template-columns:minmax(0,1fr);padding:.35rem 0}ul.told li{grid-template-columns:minmax(0,1fr)}}
"""


def page(pooled: Pooled) -> str:
    """The pool as one HTML document."""
    studies = [run.study for run in pooled.runs]
    title = f"Pool of {len(studies)} studies"
    simulated = [run.study for run in pooled.runs if run.simulated]
    note = (
        f'<p class="simulated" role="note"><strong>SIMULATED DATA</strong> – made by a program: {escape(", ".join(simulated))}.</p>'
        if simulated
        else ""
    )
    return "".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>{note}<main><h1>{title}</h1>\n",
            f"<p>{escape(', '.join(studies))}. Every figure is in the CSV files beside this page.</p>\n",
            _section("The studies", _runs(pooled)),
            _section("What they do not agree in", _agreement(pooled.agreement)),
            _section("Distributions", distributions(pooled.distributions, pooled.comparisons)),
            _section("What can be pooled", _harmonisation(pooled.harmonisation, studies)),
            "</main></body></html>\n",
        ]
    )


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{title}</h2>\n{inside}</section>\n"


def _agreement(frame: pl.DataFrame) -> str:
    if frame.is_empty():
        return "<p>Units, standards, bases and methods agree.</p>\n"
    items = "".join(
        f'<li><span class="{severity}">{severity}</span><span>{escape(message)}</span></li>\n'
        for severity, message in frame.head(MOST).select("severity", "message").iter_rows()
    )
    return f'<ul class="told">\n{items}</ul>\n' + left_off(frame.height, "agreement.csv")


def _harmonisation(frame: pl.DataFrame, studies: list[str]) -> str:
    names = [f"status_{study}" for study in studies]
    said = frame.filter(~pl.all_horizontal(pl.col(name) == "not_mapped" for name in names))
    rows = said.head(MOST).select("table", "label", "unit", "poolable", *names).iter_rows()
    words = ([_plain(word) for word in row] for row in rows)
    intro = (
        "<p>Exact and converted values mean the same; read the notes in harmonisation.csv before pooling others. "
        "A study's own columns are not counted: two of one name need not be the same question.</p>\n"
    )
    heads = ("Table", "Variable", "Unit", "Poolable in", *studies)
    return intro + table(heads, words, name="What can be pooled") + left_off(said.height, "harmonisation.csv")


def _plain(word: Any) -> Any:
    """Statuses and own columns without underscores; what a study has not is left blank, so that the rest shows."""
    if not isinstance(word, str):
        return word
    return None if word == "not_mapped" else word.replace("_", " ")


def _runs(pooled: Pooled) -> str:
    findings = pooled.lists["findings"].filter(pl.col("status") == "open")
    rows = (
        (
            run.study,
            run.title or None,
            run.tables["participants"].height,
            run.tables["growth"].height,
            run.tables["milk"].height + run.tables["biomarkers"].height,
            *(
                findings.filter(study=run.study, severity=severity).height
                for severity in ("critical", "warning")
            ),
            run.manifest.get("verdict"),
            run.sha256[:12],
        )
        for run in pooled.runs
    )
    heads = (
        *("Study", "Title", "Infants", "Growth rows", "Results"),
        *("Critical, open", "Warnings, open", "Verdict", "Manifest"),
    )
    return table(heads, rows, name="The studies")
