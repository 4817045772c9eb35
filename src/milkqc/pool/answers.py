"""What a run answers to each question of `agree`: a word for each variable, or for the whole run ("")."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from milkqc.pool.read import Run

Answers = Mapping[str, str]
UNSAID = "not said"


def _whole(answer: str) -> Answers:
    return {"": answer} if answer else {}


def simulated(run: Run) -> Answers:
    """Whether anybody in it exists."""
    return _whole("simulated data" if run.simulated else "real data")


def verdict(run: Run) -> Answers:
    """Whether every check of it ran; `pass` and `fail` are the study's own matter."""
    return _whole("incomplete" if run.manifest.get("verdict") == "incomplete" else "whole")


def version(run: Run) -> Answers:
    """The milkqc that made it."""
    return _whole(str(run.manifest["versions"].get("milkqc", "")))


def rules(run: Run) -> Answers:
    """Its rule files, by the checksum of their checksums, and the rules it switched off."""
    files = run.manifest.get("rule_files") or []
    off = sorted(run.manifest.get("rules_off") or {})
    text = json.dumps([sorted(str(one.get("sha256")) for one in files if isinstance(one, dict)), off])
    switched = f" and {len(off)} switched off" if off else ""
    return _whole(f"set {hashlib.sha256(text.encode()).hexdigest()[:6]} of {len(files)} files{switched}")


def schedule(run: Run) -> Answers:
    """The day of each planned visit."""
    return {name: f"day {day:g}" for name, day in (run.trace.get("schedule") or {}).items()}


def basis(run: Run) -> Answers:
    """Authority and basis of its estimates of adequacy, for studies with milk."""
    declared = run.manifest.get("mae") or {}
    said = " ".join(str(declared[key]) for key in ("authority", "basis") if declared.get(key))
    return _whole(said or (UNSAID if run.tables["milk"].height else ""))


def estimates(run: Run) -> Answers:
    """The numbers of its estimates by analyte and basis; what another basis makes of them is told by `mae.basis`."""
    frame = run.lists["mae_reference"].drop_nulls("mae").with_columns(pl.col("basis").fill_null("own values"))
    found: dict[str, list[str]] = {}
    rows = frame.select("analyte", "basis", "mae", "unit").unique().sort("analyte", "basis", "mae", "unit")
    for analyte, by, mae, unit in rows.iter_rows():
        found.setdefault(f"{analyte} by {by}", []).append(f"{mae:g} {unit}")
    return {key: " and ".join(numbers) for key, numbers in found.items()}


def standards(run: Run) -> Answers:
    """The standards that its children were scored by."""
    return _whole(", ".join(run.tables["growth"]["growth_standard"].drop_nulls().unique().sort().to_list()))


def preterm_age(run: Run) -> Answers:
    """How old a preterm child counts, where the study has gestational ages."""
    known = run.tables["participants"]["gestational_age_days"].drop_nulls().len() > 0
    return _whole(str(run.manifest.get("preterm_age") or "") if known else "")


def choice(run: Run) -> Answers:
    """Which milk sample the analysis table takes of several."""
    analysis = run.trace.get("analysis") or {}
    said = [
        f"{key} {' or '.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in sorted((analysis.get("milk") or {}).items())
    ]
    return _whole(", ".join(said or ["only where there is one"]) if run.tables["milk"].height else "")


def censored(run: Run) -> Answers:
    """What stands in the analysis table for a result below the limit."""
    return _whole(str(run.manifest.get("censored") or "") if run.tables["milk"].height else "")


def said(table: str, column: str) -> Callable[[Run], Answers]:
    """The words of a column of results, by analyte; `UNSAID` for an analyte that has none."""

    def ask(run: Run) -> Answers:
        words = run.tables[table].select("analyte", column).drop_nulls("analyte").unique()
        return {
            analyte: "; ".join(sorted(word for word in found if word is not None)) or UNSAID
            for analyte, found in words.group_by("analyte").agg(column).sort("analyte").iter_rows()
        }

    return ask


def extra_types(run: Run) -> Answers:
    """The types of a study's own columns."""
    own = run.codebook.filter(
        pl.col("file").str.starts_with("harmonized/") & pl.col("column").str.starts_with("x_")
    )
    return {
        f"{file.partition('/')[2]}.{column}": kind
        for file, column, kind in own.select("file", "column", "type").iter_rows()
    }


def extra_units(run: Run) -> Answers:
    """The units that the mapping gives a study's own columns."""
    found: dict[str, set[str]] = {}
    for block in (run.trace.get("blocks") or {}).values():
        for name, one in (block.get("extra") or {}).items():
            found.setdefault(f"{block['table']}.x_{name}", set()).add(_unit(one))
    return {key: " and ".join(sorted(units)) for key, units in found.items()}


def _unit(column: Mapping[str, Any]) -> str:
    unit = column.get("unit")
    text = unit.get("text") if isinstance(unit, dict) else unit
    return str(text) if text else ("one written in the file" if unit else "no unit")


def matches(run: Run) -> Answers:
    """How far each variable is the dictionary's, where the study has it at all."""
    rows = run.harmonisation.filter(~pl.col("status").is_in(["not_mapped", "not_collected"]))
    return {
        ".".join(filter(None, (table, name))): status
        for table, name, status in rows.select("table", "variable", "status").iter_rows()
    }
