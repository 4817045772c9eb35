"""The run: a study opened, its rows mapped, scored, checked and summed up. Frames in, frames out; nothing is written."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from milkqc import findings as found
from milkqc import reference
from milkqc.causes import with_causes
from milkqc.model import SEVERITIES, TABLES, LedgerRow, Origin, Result
from milkqc.study import Study, open_study

if TYPE_CHECKING:
    from milkqc.mapping.apply import Applied
    from milkqc.privacy import Kept

logger = logging.getLogger("milkqc")
FAIL_ON = (*SEVERITIES, "never")


@dataclass
class Stopwatch:
    """Seconds by step, for `--timings`; nothing of it reaches an output."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Time one step; its name is also the progress message."""
        logger.info("%s", step)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start


def run(
    mapping: str | Path,
    *,
    data: str | Path,
    fail_on: str = "critical",
    stopwatch: Stopwatch | None = None,
    site: str | None = None,
) -> Result:
    """Everything milkqc knows of the study in `mapping`, with its source files under the folder `data`.

    `fail_on` is the least severity of an open finding that makes the verdict `fail` (or `never`). `site` leaves
    out every row of another site, or of none, before anything is scored (docs/privacy.md). Bad data gives
    findings. Raises MappingFaults, SuiteFaults or SourceError (all MilkqcError) when there is nothing to run.
    """
    if fail_on not in FAIL_ON:
        raise ValueError(f"fail_on is one of {', '.join(FAIL_ON)}, not {fail_on!r}")
    step = stopwatch or Stopwatch()
    with step("reading the study"):
        study = open_study(Path(mapping), Path(data))
    return judge(study, fail_on=fail_on, step=step, site=site)


def judge(study: Study, *, fail_on: str, step: Callable[[str], Any], site: str | None = None) -> Result:
    """The pure part: read, apply, normalise, derive, check, sum up."""
    from milkqc.checks import contract, suites
    from milkqc.checks import rules as coded
    from milkqc.checks.views import views as checked_views
    from milkqc.mapping.apply import apply

    with step("mapping rows"):
        applied = apply(study.loaded.mapping, study.tables)
        restricted = None if site is None else _kept(applied, site)
        applied = applied if restricted is None else _of_site(applied, restricted)
    with step("converting units"):
        tables, unit_drafts, unit_ledger = _normalised(applied)
    with step("scoring growth and milk"):
        tables = _derived(tables, study)
    with step("checking the contract"):
        promised = contract.check(tables)
    with step("checking suites"):
        views = checked_views(tables)
        believed = suites.check(views, study.rules, off=study.off)
    with step("checking rules"):
        ruled = coded.check(views, settings=_rule_settings(study), off=study.off)
    with step("summing up"):
        analysis, analysis_drafts = _analysis(tables, study)
        drafts = pl.concat(
            [applied.drafts, unit_drafts, promised.drafts, believed.drafts, ruled.drafts, analysis_drafts]
        )
        ledger = [*applied.ledger, *unit_ledger, *promised.ledger, *believed.ledger, *ruled.ledger]
        ledger += _analysis_ledger(analysis, analysis_drafts)
        result = _result(study, applied, tables, analysis, drafts, ledger, fail_on)
        return result if restricted is None else _told(result, str(site), restricted)


def _kept(applied: Applied, site: str) -> Kept:
    from milkqc import privacy

    return privacy.at_site(
        applied.tables, applied.drafts, applied.ledger, site=site, rejected=applied.rejected.height
    )


def _of_site(applied: Applied, kept: Kept) -> Applied:
    """What the mapping made, one site's part. The account is of whole files, so a site has none."""
    return replace(
        applied,
        tables=kept.tables,
        drafts=kept.drafts,
        ledger=kept.ledger,
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
        settings={
            **result.settings,
            "privacy": {"level": "site", "site": site, "without_a_site": dict(kept.left_out)},
        },
    )


def _normalised(applied: Applied) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, list[LedgerRow]]:
    from milkqc import normalise

    tables, drafts, ledger = {}, [], []
    for name in TABLES:
        tables[name], draft = normalise.normalise(name, applied.tables[name])
        drafts.append(draft)
        ledger.extend(normalise.ledger(name, applied.tables[name], draft))
    return tables, pl.concat(drafts), ledger


def _derived(tables: Mapping[str, pl.DataFrame], study: Study) -> dict[str, pl.DataFrame]:
    from milkqc.derive import adequacy
    from milkqc.derive import growth as scores

    mapping = study.loaded.mapping
    schedule = {name: visit.day for name, visit in mapping.schedule.items()}
    people = tables["participants"]
    choice = _choices(study)[0] if mapping.mae is not None else None
    return {
        **tables,
        "growth": scores.score(tables["growth"], people, schedule=schedule, preterm_age=mapping.preterm_age),
        "milk": adequacy.compare(tables["milk"], people, choice, schedule=schedule),
        "biomarkers": adequacy.days_postpartum(tables["biomarkers"], people),
    }


def _choices(study: Study) -> list[Any]:
    """The study's adequacy estimates, the declared basis first; none when the mapping declares none."""
    from milkqc.reference import mae

    declared = study.loaded.mapping.mae
    if declared is None:
        return []
    values = study.loaded.folder / declared.values if declared.values is not None else None
    bases = [declared.basis]
    if declared.authority is not None:
        bases += [basis for basis in mae.BASES if basis != declared.basis]
    return [
        mae.choose(authority=declared.authority, basis=basis, analytes=declared.set or None, values=values)
        for basis in bases
    ]


def _rule_settings(study: Study) -> Any:
    import datetime as dt

    from milkqc.checks.declare import Settings

    mapping = study.loaded.mapping

    def day(text: str | None) -> dt.date | None:
        return None if text is None else dt.date.fromisoformat(text)

    return Settings(
        schedule={
            name: (visit.day, *visit.window)
            for name, visit in mapping.schedule.items()
            if visit.window is not None
        },
        study_start=day(mapping.study_start),
        data_cutoff=day(mapping.data_cutoff),
    )


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


def _analysis_ledger(analysis: pl.DataFrame, drafts: pl.DataFrame) -> list[LedgerRow]:
    """What the analysis table had to leave blank, counted like every other check."""
    rules = drafts.group_by("rule_id", "severity", "table", "engine", "variable").agg(
        n=pl.len(), rows=pl.col("n_rows").fill_null(1).sum()
    )
    return [
        LedgerRow(
            row["rule_id"],
            row["engine"],
            row["table"],
            row["variable"] or "",
            row["severity"],
            "ran",
            analysis.height,
            min(row["rows"], analysis.height),
            0,
            row["n"],
            source="milkqc",
        )
        for row in rules.sort("rule_id", "table", "variable").iter_rows(named=True)
    ]


def _result(
    study: Study,
    applied: Applied,
    tables: Mapping[str, pl.DataFrame],
    analysis: pl.DataFrame,
    drafts: pl.DataFrame,
    ledger: list[LedgerRow],
    fail_on: str,
) -> Result:
    from milkqc.checks import ledger as ledgers
    from milkqc.checks.declare import all_rules
    from milkqc.emit.tables import formulas, split
    from milkqc.summarise.codebook import codebook
    from milkqc.summarise.evidence import evidence
    from milkqc.summarise.mae_reference import reference_table
    from milkqc.summarise.overview import statistics

    mapping = study.loaded.mapping
    clean, lineage = {}, {}
    for name in TABLES:
        clean[name], lineage[name] = split(name, tables[name])
    spreadsheet = formulas({**clean, "analysis": analysis})
    drafts = pl.concat([drafts, spreadsheet])
    ledger = [*ledger, *_analysis_ledger(analysis, spreadsheet)]
    findings = with_causes(
        found.complete(
            drafts,
            study=mapping.study,
            context=_context(tables),
            labels=_labels(),
            columns=applied.columns,
        )
    )
    groups = ("arm",) if mapping.unblinded else ()
    reference_rows = reference_table(
        tables["milk"], tables["participants"], _choices(study), group_by=("site", *groups)
    )
    checks = ledgers.frame(ledgers.sort(ledger))
    verdict, reason, code = _verdict(findings, checks, fail_on)
    outputs = {
        **clean,
        "analysis": analysis,
        "mae_reference": reference_rows,
        "findings": findings,
        "checks": checks,
        "rejected": applied.rejected,
    }
    return Result(
        study=mapping.study,
        title=mapping.title or mapping.study,
        **{name: clean[name] for name in TABLES},
        analysis=analysis,
        mae_reference=reference_rows,
        findings=findings,
        checks=checks,
        rejected=applied.rejected,
        codebook=codebook(outputs, sources=applied.columns, lineage=lineage),
        lineage=lineage,
        origins=_origins(study),
        reconciliation=applied.reconciliation,
        settings=_settings(study, fail_on, verdict, reason, code),
        statistics=statistics(tables, schedule=mapping.schedule)
        | evidence(
            tables,
            rules=study.rules,
            schedule=mapping.schedule,
            off=study.off,
            watched={rule.id: (rule.table, rule.columns) for rule in all_rules()},
            data_cutoff=_rule_settings(study).data_cutoff,
        ),
    )


def _context(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """What a finding needs to know of each row: who, which visit, where, from which file and row."""
    from milkqc.checks.views import views

    wanted = (
        "row_id",
        "participant_id",
        "infant_id",
        "visit",
        "sample_id",
        "site",
        "team",
        "source_file",
        "source_row",
    )
    known = {}
    for name, view in views(tables).items():
        facts = [pl.col(column) for column in wanted if column in view.columns]
        for column in ("site", "team"):
            other = f"participant_{column}"
            if other in view.columns and column in view.columns:
                facts = [fact for fact in facts if fact.meta.output_name() != column]
                facts.append(pl.coalesce(column, other).alias(column))
            elif other in view.columns:
                facts.append(pl.col(other).alias(column))
        known[name] = view.select(facts)
    return known


def _labels() -> dict[tuple[str, str], tuple[str, str]]:
    """Label and unit of every variable; in milk and biomarkers the variable may be an analyte."""
    labels = {
        (table, name): (column.label, column.unit if column.unit not in {"1", "{z}", "by analyte"} else "")
        for (table, name), column in reference.dictionary().items()
    }
    for table in ("milk", "biomarkers"):
        for key, analyte in reference.analytes().items():
            labels[table, key] = (analyte.name, analyte.unit)
    return labels


def _verdict(findings: pl.DataFrame, checks: pl.DataFrame, fail_on: str) -> tuple[str, str, int]:
    """`pass`, `fail` or `incomplete`, the sentence that says which rule decided it, and the exit code."""
    broken = checks.filter(pl.col("status") == "broken")
    if broken.height:
        ids = ", ".join(broken["rule_id"].unique().sort().to_list()[:3])
        return "incomplete", f"{broken.height} check(s) could not run to the end ({ids}): see the ledger.", 3
    if fail_on == "never":
        return "pass", "Findings do not decide the verdict (--fail-on never).", 0
    counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    failing = findings.filter(pl.col("severity").is_in(counted) & (pl.col("status") == "open"))
    if failing.is_empty():
        return "pass", f"No open finding is {' or '.join(counted)}.", 0
    worst = failing["rule_id"].value_counts().sort(["count", "rule_id"], descending=[True, False])
    n, rule, most = failing.height, worst["rule_id"][0], worst["count"][0]
    many = "finding is" if n == 1 else "findings are"
    decided = f"{rule}" if worst.height == 1 else f"{rule} ({most}) and {worst.height - 1} more rule(s)"
    return "fail", f"{n} open {many} {' or '.join(counted)}, decided by {decided}.", 1


def _origins(study: Study) -> tuple[Origin, ...]:
    by_file = {
        (source.origin.file, source.origin.sha256, source.origin.columns): source.origin
        for table in study.tables.values()
        for source in table.sources
    }
    files = [by_file[key] for key in sorted(by_file)]
    return tuple(sorted((*files, *study.dictionaries), key=lambda origin: origin.file))


def _settings(study: Study, fail_on: str, verdict: str, reason: str, code: int) -> dict[str, Any]:
    from milkqc import __version__
    from milkqc.derive.adequacy import STAGE_TEXT

    mapping = study.loaded.mapping
    mae = mapping.mae
    return {
        "study": mapping.study,
        "title": mapping.title or mapping.study,
        "simulated": mapping.simulated,
        "milkqc_version": __version__,
        "mapping_file": study.loaded.document.name,
        "mapping_sha256": study.digests[study.loaded.document.name],
        "rule_files": [
            {"file": name, "sha256": digest}
            for name, digest in study.digests.items()
            if name != study.loaded.document.name
        ],
        "fail_on": fail_on,
        "verdict": verdict,
        "verdict_reason": reason,
        "exit_code": code,
        "mae": None
        if mae is None
        else {"authority": mae.authority, "basis": mae.basis, "set": list(mae.set), "values": mae.values},
        "schedule": {name: visit.model_dump(mode="json") for name, visit in mapping.schedule.items()},
        "stage_cutoffs": STAGE_TEXT,
        "not_collected": dict(mapping.not_collected),
        "unblinded": mapping.unblinded,
        "preterm_age": mapping.preterm_age,
        "study_start": mapping.study_start,
        "data_cutoff": mapping.data_cutoff,
        "censored": mapping.analysis.censored,
        "rules_off": dict(study.off),
    }
