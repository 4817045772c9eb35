"""The report of a run rendered whole, within its two megabytes."""

from __future__ import annotations

import json

from milkqc.model import Result
from milkqc.report.content import content
from milkqc.report.limits import MOST_BYTES, Limits
from milkqc.report.page import page


def render(result: Result) -> dict[str, bytes]:
    """`report.html` and `report.json` of a run, as bytes by file name.

    Both say the same and are below 2 MB however large the study is: long lists are cut, and say by how much and
    where the whole stands. The same result gives the same bytes: no clock, path or duration is in them. Text
    from the data is escaped, and the page asks nothing of any network. No figure by trial arm unless
    `settings["unblinded"]` gives a reason. `settings` may lack keys; what is not known is not shown.
    """
    limits = Limits()
    while True:
        told = content(result, limits)
        files = {
            "report.html": page(told).encode("utf-8"),
            "report.json": (
                json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True) + "\n"
            ).encode("utf-8"),
        }
        if max(map(len, files.values())) < MOST_BYTES or limits.smallest:
            return files
        limits = limits.halved()
