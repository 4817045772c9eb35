"""The end of a run: findings completed, the ledger sorted, the verdict, and the settings that the outputs repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from milkqc import findings as found
from milkqc import reference
from milkqc.causes import with_causes
from milkqc.model import SEVERITIES, TABLES, Checked, LedgerRow, Origin, Result
from milkqc.study import Study, choices, rule_settings

if TYPE_CHECKING:
    from milkqc.mapping.apply import Applied


def conclude(
    study: Study,
    applied: Applied,
    tables: Mapping[str, pl.DataFrame],
    views: Mapping[str, pl.DataFrame],
    analysis: pl.DataFrame,
    drafts: pl.DataFrame,
    ledger: list[LedgerRow],
    fail_on: str,
) -> tuple[Result, Checked]:
    """Findings completed, checks sorted, the verdict, and everything that describes the outputs; the survey's checks."""
    from milkqc.checks import ledger as ledgers
    from milkqc.checks.suites.changes import with_severities
    from milkqc.decisions import decided, noted
    from milkqc.emit.own_rows import split_controls
    from milkqc.emit.tables import formulas, split
    from milkqc.figures import Attempts, cover
    from milkqc.mapping.harmonisation import harmonisation
    from milkqc.rulebook.told import told
    from milkqc.rulebook.unsaid import unsaid
    from milkqc.summarise.codebook import codebook
    from milkqc.summarise.evidence import evidence
    from milkqc.summarise.growth_curves import CURVES, growth_curves
    from milkqc.summarise.laboratory import laboratory
    from milkqc.summarise.mae_reference import reference_table
    from milkqc.summarise.overview import statistics
    from milkqc.summarise.sensitivity import sensitivity
    from milkqc.summarise.survey.run import surveyed

    mapping = study.loaded.mapping
    clean, lineage = {}, {}
    for name in TABLES:
        clean[name], lineage[name] = split(name, tables[name])
    own_rows: dict[str, pl.DataFrame] = {}
    if any(block.controls is not None for _, _, block in mapping.blocks()):
        own_rows["controls"], lineage["controls"] = split_controls(applied.controls)
    spreadsheet = formulas({**clean, **own_rows, "analysis": analysis})
    survey = surveyed(tables, off=study.rules.off)
    drafts = pl.concat([drafts, spreadsheet, survey.checked.drafts])
    ran = {row.rule_id for row in ledger if row.status == "ran"}
    ledger = [*ledger, *left_blank(analysis, spreadsheet), *survey.checked.ledger]
    drafts, ledger = with_severities(drafts, ledger, study.rules.severities)
    findings = with_causes(
        found.complete(
            drafts,
            study=mapping.study,
            context=_context(tables),
            labels=_labels(),
            columns=applied.columns,
            held={
                source.origin.file: set(source.table.columns)
                for table in study.tables.values()
                for source in table.sources
            },
        )
    )
    findings, settled = decided(findings, study.decisions, tables, study=mapping.study)
    ledger += settled
    groups = ("arm",) if mapping.unblinded else ()
    reference_rows = reference_table(
        tables["milk"], tables["participants"], choices(study), group_by=("site", *groups)
    )
    heights = {name: table.height for name, table in {**tables, "analysis": analysis}.items()}
    ledger += unsaid(study.rules, {row.rule_id for row in ledger}, heights)
    figures = statistics(tables, schedule=mapping.schedule) | evidence(
        tables,
        rules=study.rules.suites,
        schedule=mapping.schedule,
        off=study.rules.off,
        watched={rule.id: (rule.table, rule.columns) for rule in study.rules.coded},
        data_cutoff=rule_settings(study).data_cutoff,
    )
    attempt = Attempts()
    nothing: Mapping[str, pl.DataFrame] = {}
    figures |= attempt(
        "report.laboratory.figures", lambda: laboratory(tables["milk"], applied.controls), nothing
    )
    figures["cover"] = cover(
        views, figures["missing"], rules=study.rules, ran=ran, settings=rule_settings(study), attempt=attempt
    )
    figures["growth_curves"] = attempt(
        "report.growth.curves", lambda: growth_curves(tables, findings), pl.DataFrame(schema=CURVES)
    )
    checks = ledgers.frame(ledgers.reasoned([*ledger, *attempt.ledger]))
    verdict, reason, code = _verdict(findings, checks, fail_on)
    figures["rules"] = told(study.rules, frozenset(checks["rule_id"]))
    figures["mae_sensitivity"] = sensitivity(tables["milk"], tables["participants"], choices(study), findings)
    figures["harmonisation"] = harmonisation(mapping, tables, applied.columns)
    outputs = {
        **clean,
        **own_rows,
        "analysis": analysis,
        "mae_reference": reference_rows,
        "findings": findings,
        "mae_sensitivity": figures["mae_sensitivity"],
        "harmonisation": figures["harmonisation"],
        "completeness": figures["scheduled_people"],
        "checks": checks,
        "rejected": applied.rejected,
        **survey.tables,
    }
    result = Result(
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
        analytes=study.analytes,
        trace={**_trace(study), "decisions": noted(findings, study.decisions)},
        suites=tuple(study.rules.suites),
        settings=_settings(study, fail_on, verdict, reason, code),
        statistics={**figures, **own_rows, **survey.tables},
    )
    return result, survey.checked


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
    # Habits that raise are told by the checks; nothing of them is wanted here.
    for name, view in views(tables, facts=False, broken={}).items():
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
    failing = findings.filter(pl.col("severity").is_in(counted) & found.is_open())
    if failing.is_empty():
        return "pass", f"No open finding is {' or '.join(counted)}.", 0
    worst = failing["rule_id"].value_counts().sort(["count", "rule_id"], descending=[True, False])
    n, rule, most = failing.height, worst["rule_id"][0], worst["count"][0]
    many = "finding is" if n == 1 else "findings are"
    decided = f"{rule}" if worst.height == 1 else f"{rule} ({most}) and {worst.height - 1} more rule(s)"
    return "fail", f"{n} open {many} {' or '.join(counted)}, decided by {decided}.", 1


def _trace(study: Study) -> dict[str, Any]:
    """How the mapping makes each column, the estimates that results are compared with, and what each rule reads."""
    from milkqc.checks.stored import plain_rule, plain_settings
    from milkqc.mapping.trace import trace

    chosen = choices(study)
    rules: dict[str, Any] = {
        rule.id: {
            "table": rule.table,
            "columns": list(rule.columns),
            "level": rule.level,
            **plain_rule(rule),
        }
        for rule in study.rules.suites
    }
    for coded in study.rules.coded:
        rules[coded.id] = {
            "table": coded.table,
            "columns": list(coded.columns),
            "needs": list(coded.needs),
            "level": coded.level,
        }
    return {
        **trace(study.loaded, study.tables),
        "mae": chosen[0].table.to_dicts() if chosen else [],
        "analytes": {
            key: {"short": one.short, "unit": one.unit} for key, one in sorted(study.analytes.items())
        },
        "rules": dict(sorted(rules.items())),
        "rule_settings": plain_settings(rule_settings(study)),
    }


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
        "rules_off": dict(study.rules.off),
        "rules_changed": [dict(change) for change in study.rules.changes],
    }


def left_blank(analysis: pl.DataFrame, drafts: pl.DataFrame) -> list[LedgerRow]:
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
