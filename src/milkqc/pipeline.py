"""The run: a study opened, its rows mapped, scored, checked and summed up. Frames in, frames out; nothing is written."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from milkqc import reference
from milkqc.attempts import Attempts
from milkqc.conclude import conclude, left_blank
from milkqc.exports import exports, mapped
from milkqc.model import SEVERITIES, TABLES, LedgerRow, Result
from milkqc.study import Study, choices, open_study, rule_settings
from milkqc.uploads import Uploads

if TYPE_CHECKING:
    from milkqc.mapping.apply import Applied
    from milkqc.privacy import Kept
    from milkqc.sight import Sight

logger = logging.getLogger("milkqc")
FAIL_ON = (*SEVERITIES, "never")
# What runs the rule files; checks.suites.run says what each is.
ENGINES = ("auto", "pandera", "gx", "expressions")


@dataclass
class Stopwatch:
    """Seconds by step and by rule, for `--timings`; nothing of it reaches an output."""

    seconds: dict[str, float] = field(default_factory=dict)
    rules: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Time one step; its name is also the progress message."""
        logger.info("%s", step)
        start = time.perf_counter()
        try:
            yield
        # Which step it was that stopped the run is the first thing to know of a fault of our own.
        except Exception as error:
            error.add_note(f"while {step}")
            raise
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start


def run(
    mapping: str | Path,
    *,
    data: str | Path,
    fail_on: str = "critical",
    stopwatch: Stopwatch | None = None,
    site: str | None = None,
    reading: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    offline: bool = False,
    engine: str = "auto",
) -> Result:
    """Everything milkqc knows of the study in `mapping`, with its source files under the folder `data`.

    `fail_on` is the least severity of an open finding that makes the verdict `fail` (or `never`). `site` leaves
    out every row of another site, or of none, before anything is scored (docs/privacy.md). `reading` are
    ReadOptions for all files: `reader_seconds`, `reader_memory` (docs/reading.md, Safety). `cache` keeps what a
    REDCap server answered, and `offline` takes it from there (docs/redcap.md). `engine` runs the rule
    files: `gx`, `pandera`, `expressions`, or `auto` (docs/checks.md, Engines); each finds the same.
    Bad data gives findings. Raises MappingFaults, SuiteFaults or SourceError (all MilkqcError) when there is nothing to run.
    """
    if fail_on not in FAIL_ON:
        raise ValueError(f"fail_on is one of {', '.join(FAIL_ON)}, not {fail_on!r}")
    if engine not in ENGINES:
        raise ValueError(f"engine is one of {', '.join(ENGINES)}, not {engine!r}")
    step = stopwatch or Stopwatch()
    with step("reading the study"):
        study = open_study(Path(mapping), Uploads(Path(data), reading or {}, cache, offline))
    return judge(study, fail_on=fail_on, step=step, site=site, engine=engine)


def judge(
    study: Study,
    *,
    fail_on: str,
    step: Stopwatch,
    site: str | None = None,
    engine: str = "auto",
) -> Result:
    """The pure part: read, apply, normalise, derive, check, sum up."""
    with reference.using(study.analytes):
        return _judged(study, fail_on=fail_on, step=step, site=site, engine=engine)


def _judged(
    study: Study,
    *,
    fail_on: str,
    step: Stopwatch,
    site: str | None,
    engine: str,
) -> Result:
    from milkqc.checks import behind, compare, contract, dictionary, suites
    from milkqc.checks import rules as coded
    from milkqc.checks.laboratory import run as laboratory
    from milkqc.mapping.apply import apply
    from milkqc.mapping.comparisons import compared
    from milkqc.sight import sight

    # What stops the run is what makes data. Whatever is said of the data is attempted: it may be broken.
    attempt = Attempts()
    with step("mapping rows"):
        applied = apply(study.loaded.mapping, study.tables)
        restricted = None if site is None else _kept(applied, site)
        if restricted is not None:
            applied = _of_site(applied, restricted)
            study = replace(study, decisions=replace(study.decisions, whole=False))
    with step("converting units"):
        applied = replace(applied, controls=_own_rows(applied))
        tables, unit_drafts, unit_ledger = _normalised(applied)
    with step("scoring growth and milk"):
        tables = _derived(tables, study)
    with step("checking the contract"):
        promised = attempt.home(("contract",), lambda: contract.check(tables))
    with step("looking within each child"):
        seen = sight(tables)
    off = study.rules.off
    with step("checking suites"):
        believed = attempt.home(
            ("suite",),
            lambda: suites.check(
                seen.views,
                study.rules.suites,
                off=off,
                engine=engine,
                unblinded=bool(study.loaded.mapping.unblinded),
            ),
        )
    with step("checking rules"):
        ruled = attempt.home(
            ("coded", "plugin"),
            lambda: seen.told(
                coded.check(seen.views, settings=rule_settings(study), off=off, rules=study.rules.coded)
            ),
        )
        batches = attempt.home(
            ("laboratory",),
            lambda: laboratory.check(seen.views["milk"], applied.controls, off=frozenset(off)),
        )
        own = attempt.home(("compare",), lambda: compare.check(tables, compared(study.loaded.mapping)))
        asked = attempt.home(
            ("redcap",),
            lambda: dictionary.check(exports(study, restricted), mapped=mapped(applied), off=off),
        )
    with step("summing up"):
        analysis, analysis_drafts = _analysis(tables, study)
        homes = (promised, believed, ruled, batches, own, asked)
        parts = (applied, *homes)
        drafts = pl.concat([unit_drafts, analysis_drafts, *(part.drafts for part in parts)])
        drafts, unexplained = _with_batches(drafts, seen, attempt)
        warned = drafts
        drafts = attempt(
            "findings.severities.groups", lambda: behind.behind(warned, seen.views["growth"]), warned
        )
        ledger = [*unit_ledger, *(row for part in parts for row in part.ledger), *unexplained]
        blanks: list[LedgerRow] = []
        ledger += attempt(
            "outputs.analysis.blanks",
            lambda: left_blank(analysis, analysis_drafts),
            blanks,
            rules=("analysis",),
        )
        result, survey = conclude(
            study, applied, tables, seen, analysis, drafts, ledger, fail_on=fail_on, attempt=attempt
        )
        step.rules.update({rule: took for home in (*homes, survey) for rule, took in home.seconds.items()})
        return result if restricted is None else _told(result, str(site), restricted)


def _with_batches(
    drafts: pl.DataFrame, seen: Sight, attempt: Attempts
) -> tuple[pl.DataFrame, list[LedgerRow]]:
    """`drafts` with the batch in another unit that explains them, and what the ledger says of that."""
    from milkqc.checks.laboratory import run as laboratory

    nothing: tuple[pl.DataFrame, list[LedgerRow]] = (drafts, [])
    return attempt(
        "findings.cause.batches", lambda: laboratory.explained(drafts, seen.views["milk"]), nothing
    )


def _kept(applied: Applied, site: str) -> Kept:
    from milkqc import privacy

    return privacy.at_site(
        applied.tables,
        applied.drafts,
        applied.ledger,
        controls=applied.controls,
        site=site,
        rejected=applied.rejected.height,
    )


def _of_site(applied: Applied, kept: Kept) -> Applied:
    """What the mapping made, one site's part. The account is of whole files, so a site has none."""
    return replace(
        applied,
        tables=kept.tables,
        drafts=kept.drafts,
        ledger=kept.ledger,
        controls=kept.controls,
        rejected=applied.rejected.clear(),
        reconciliation=(),
    )


def _told(result: Result, site: str, kept: Kept) -> Result:
    """The result of one site, which says so, with the files that its rows came from and only its rows counted."""
    return replace(
        result,
        origins=tuple(
            replace(origin, rows=kept.files[origin.file], notes=())
            for origin in result.origins
            if origin.file in kept.files
        ),
        trace=_trace_of(result.trace, kept.files),
        settings={
            **result.settings,
            "privacy": {"level": "site", "site": site, "without_a_site": dict(kept.left_out)},
        },
    )


def _trace_of(trace: Mapping[str, Any], files: Mapping[str, int]) -> dict[str, Any]:
    """The trace with the files of one site only; a trace that broke stays empty."""
    tables = {
        name: {**table, "files": [one for one in table["files"] if one["file"] in files]}
        for name, table in trace.get("tables", {}).items()
    }
    return {**trace, "tables": tables} if trace else {}


def _normalised(applied: Applied) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, list[LedgerRow]]:
    from milkqc import normalise

    tables, drafts, ledger = {}, [], []
    for name in TABLES:
        tables[name], draft = normalise.normalise(name, applied.tables[name])
        drafts.append(draft)
        ledger.extend(normalise.ledger(name, applied.tables[name], draft))
    return tables, pl.concat(drafts), ledger


def _own_rows(applied: Applied) -> pl.DataFrame:
    """The laboratory's own rows in canonical values; a unit that cannot be read leaves its value null."""
    from milkqc import normalise

    return normalise.normalise("milk", applied.controls)[0]


def _derived(tables: Mapping[str, pl.DataFrame], study: Study) -> dict[str, pl.DataFrame]:
    from milkqc.derive import adequacy
    from milkqc.derive import growth as scores

    mapping = study.loaded.mapping
    schedule = {name: visit.day for name, visit in mapping.schedule.items()}
    people = tables["participants"]
    choice = choices(study)[0] if mapping.mae is not None else None
    return {
        **tables,
        "growth": scores.score(tables["growth"], people, schedule=schedule, preterm_age=mapping.preterm_age),
        "milk": adequacy.compare(tables["milk"], people, choice, schedule=schedule),
        "biomarkers": adequacy.days_postpartum(tables["biomarkers"], people),
    }


def _analysis(tables: Mapping[str, pl.DataFrame], study: Study) -> tuple[pl.DataFrame, pl.DataFrame]:
    from milkqc.derive.analysis import AnalysisChoice, analysis

    mapping = study.loaded.mapping
    chosen = mapping.analysis
    return analysis(
        tables,
        analyses=AnalysisChoice(
            expression=chosen.milk.expression,
            replicates=chosen.milk.replicates,
            censored=chosen.censored,
            mae_set=mapping.mae.set if mapping.mae is not None else (),
        ),
    )
