"""`milkqc draft` against mappings that people wrote: the demo, the growth fixtures, and tables labelled by hand.

The other fixtures need MILKQC_SHARED. docs/draft.md has the figures of this.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.draft_measure import Column, compared, figures, labelled, truth_of
from milkqc.demo import write_uploads

ROOT = Path(__file__).parents[1]
LABELS = Path(__file__).parent / "draft_truth.csv"
GROWTH = {
    "cpp": ("cpp.yaml", "cpp.dta", "cpp"),
    "smart survey": ("smart_survey.yaml", "smart_raw_anthro1.csv", "children"),
    "syngrowth": ("syngrowth.yaml", "syngrowth_u5.csv", "records"),
}
BY_HAND = (
    "redcap/longitudinal", "redcap/clinical-trial-1", "redcap/simple", "redcap/survey", "redcap/vignette-repeating",
    "redcap/repeating-instruments", "lab/brinda", "sas/nhanes", "stata/education",
)  # fmt: skip
FILES = {
    "lab/brinda": ("lab/brinda_biomarkers.csv",),
    "sas/nhanes": ("sas/pandas__pandas__tests__io__sas__data__DEMO_G.xpt",),
    "stata/education": ("stata/pandas__pandas__tests__io__data__S4_EDUC1.dta",),
}


def demo() -> list[Column]:
    with tempfile.TemporaryDirectory() as folder:
        mapping = write_uploads(Path(folder))
        from milkqc.mapping.load import load

        names = {name: str(table.file) for name, table in load(mapping).mapping.tables.items()}
        return compared([Path(folder) / "uploads"], truth_of(mapping, names))


def studies() -> Iterator[tuple[str, list[Column]]]:
    yield "demo", demo()
    shared = Path(os.environ["MILKQC_SHARED"]) / "fixtures" if "MILKQC_SHARED" in os.environ else None
    if shared is None:
        return
    for name, (mapping, file, table) in GROWTH.items():
        yield name, compared([shared / "growth" / file], truth_of(ROOT / "mappings" / mapping, {table: file}))
    for name in BY_HAND:
        files = [shared / one for one in FILES.get(name, ())] or _redcap(shared / name)
        yield name, compared(files, labelled(LABELS, name))


def _redcap(folder: Path) -> list[Path]:
    return [
        one
        for one in sorted(folder.glob("*.csv"))
        if one.name in {"data.csv", "dictionary.csv", "metadata.csv"}
    ]


def run() -> Iterator[dict[str, Any]]:
    everything: list[Column] = []
    for name, columns in studies():
        everything += columns if name != "demo" else []
        found = figures(columns)
        bound = (
            {"within": found["right"] >= 0.9 * found["columns"] and not found["wrong"]}
            if name == "demo"
            else {}
        )
        yield {"study": name, **found, **bound}
        if "-v" in sys.argv:
            for one in columns:
                if one.verdict == "wrong" or (one.verdict == "open" and one.truth):
                    print(
                        f"   {one.verdict} {one.file} {one.column}: truth {sorted(one.truth)} draft {sorted(one.said)}"
                    )
    yield {"study": "all but the demo", **figures(everything)}


if __name__ == "__main__":
    for row in run():
        print(row)
