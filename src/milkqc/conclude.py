"""The end of a run: findings completed, figures made, the ledger sorted, and everything that describes the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from milkqc import findings as found
from milkqc import messages, reference
from milkqc.attempts import Attempts
from milkqc.figures import figures
from milkqc.model import TABLES, Checked, LedgerRow, Result
from milkqc.study import Study, choices, rule_settings
from milkqc.verdict import origins, settings, verdict

if TYPE_CHECKING:
    from milkqc.mapping.apply import Applied
    from milkqc.sight import Sight


def conclude(
    study: Study,
    applied: Applied,
    tables: Mapping[str, pl.DataFrame],
    seen: Sight,
    analysis: pl.DataFrame,
    drafts: pl.DataFrame,
    ledger: list[LedgerRow],
    *,
    fail_on: str,
    attempt: Attempts,
) -> tuple[Result, Checked]:
    """The Result, and the survey's checks.

    What raises in `attempt` is broken in the ledger; without the clean tables, the analysis table and the findings
    there is no result, so these raise.
    """
    from milkqc.checks import ledger as ledgers
    from milkqc.decisions import noted
    from milkqc.emit.own_rows import split_controls
    from milkqc.emit.tables import split
    from milkqc.rulebook.told import SCHEMA as RULES
    from milkqc.rulebook.told import told
    from milkqc.rulebook.unsaid import unsaid
    from milkqc.summarise.codebook import SCHEMA as CODEBOOK
    from milkqc.summarise.codebook import codebook
    from milkqc.summarise.mae_reference import SCHEMA as MAE
    from milkqc.summarise.mae_reference import reference_table
    from milkqc.summarise.survey.run import surveyed

    mapping = study.loaded.mapping
    clean, lineage = {}, {}
    for name in TABLES:
        clean[name], lineage[name] = split(name, tables[name])
    own_rows: dict[str, pl.DataFrame] = {}
    if any(block.controls is not None for _, _, block in mapping.blocks()):
        own_rows["controls"], lineage["controls"] = split_controls(applied.controls)
    spreadsheet, blanks = _formulas({**clean, **own_rows, "analysis": analysis}, attempt)
    survey = surveyed(tables, off=study.rules.off)
    drafts = pl.concat([drafts, spreadsheet, survey.checked.drafts])
    ran = {row.rule_id for row in ledger if row.status == "ran"}
    ledger = [*ledger, *blanks, *survey.checked.ledger]
    drafts, ledger = _with_severities(study, drafts, ledger, attempt)
    findings, settled = _findings(study, applied, tables, seen, drafts, attempt)
    ledger += settled
    groups = ("site", *(("arm",) if mapping.unblinded else ()))
    reference_rows = attempt(
        "outputs.mae_reference.table",
        lambda: reference_table(tables["milk"], tables["participants"], choices(study), group_by=groups),
        pl.DataFrame(schema=MAE),
    )
    made = figures(study, applied, tables, seen, findings, ran=ran, attempt=attempt)
    heights = {name: table.height for name, table in {**tables, "analysis": analysis}.items()}
    said = {row.rule_id for row in ledger}
    ledger += attempt.whole(lambda: list(unsaid(study.rules, said, heights, broken=attempt.unheard)))
    made["rules"] = attempt.figure(
        "rules", lambda: told(study.rules, {row.rule_id for row in ledger}), pl.DataFrame(schema=dict(RULES))
    )
    outputs = {
        **clean,
        **own_rows,
        "analysis": analysis,
        "mae_reference": reference_rows,
        "findings": findings,
        "mae_sensitivity": made["mae_sensitivity"],
        "harmonisation": made["harmonisation"],
        "completeness": made["scheduled_people"],
        # Columns are described, and those of the ledger are known before its rows.
        "checks": ledgers.frame([]),
        "rejected": applied.rejected,
        **survey.tables,
    }
    described = attempt(
        "outputs.codebook.table",
        lambda: codebook(outputs, sources=applied.columns, lineage=lineage),
        pl.DataFrame(schema=CODEBOOK),
    )
    unexplained: dict[str, Any] = {}
    explained = attempt(
        "outputs.explain.trace",
        lambda: {**_trace(study), "decisions": noted(findings, study.decisions)},
        unexplained,
    )
    checks = ledgers.frame(ledgers.reasoned([*ledger, *attempt.ledger]))
    word, reason, code = verdict(findings, checks, fail_on)
    result = Result(
        study=mapping.study,
        title=mapping.title or mapping.study,
        **{name: clean[name] for name in TABLES},
        analysis=analysis,
        mae_reference=reference_rows,
        findings=findings,
        checks=checks,
        rejected=applied.rejected,
        codebook=described,
        lineage=lineage,
        origins=origins(study),
        reconciliation=applied.reconciliation,
        analytes=study.analytes,
        trace=explained,
        suites=tuple(study.rules.suites),
        settings=settings(study, fail_on, word, reason, code),
        statistics={**made, **own_rows, **survey.tables},
    )
    return result, survey.checked


def _formulas(tables: Mapping[str, pl.DataFrame], attempt: Attempts) -> tuple[pl.DataFrame, list[LedgerRow]]:
    """What a spreadsheet would run: drafts and their part of the ledger."""
    from milkqc.emit.tables import FORMULA, formulas

    def made() -> tuple[pl.DataFrame, list[LedgerRow]]:
        drafts = formulas(tables)
        return drafts, left_blank(tables["analysis"], drafts)

    nothing: tuple[pl.DataFrame, list[LedgerRow]] = (found.drafts(), [])
    return attempt("outputs.formulas.found", made, nothing, rules=(FORMULA,))


def _with_severities(
    study: Study, drafts: pl.DataFrame, ledger: list[LedgerRow], attempt: Attempts
) -> tuple[pl.DataFrame, list[LedgerRow]]:
    from milkqc.checks.suites.changes import with_severities

    return attempt(
        "findings.severities.changed",
        lambda: with_severities(drafts, ledger, study.rules.severities),
        (drafts, ledger),
    )


def _findings(
    study: Study,
    applied: Applied,
    tables: Mapping[str, pl.DataFrame],
    seen: Sight,
    drafts: pl.DataFrame,
    attempt: Attempts,
) -> tuple[pl.DataFrame, list[LedgerRow]]:
    """The findings with their causes and decisions, and what the ledger says of the decisions."""
    from milkqc.causes import with_causes
    from milkqc.decisions import DECISIONS, decided

    name = study.loaded.mapping.study
    nobody: dict[str, pl.DataFrame] = {}
    findings = found.complete(
        drafts,
        study=name,
        context=attempt("findings.participants.named", lambda: _context(seen.views), nobody),
        labels=labels(),
        columns=applied.columns,
        held={
            source.origin.file: set(source.table.columns)
            for table in study.tables.values()
            for source in table.sources
        },
    )
    caused = attempt("findings.cause.rows", lambda: with_causes(findings), findings)
    nothing: tuple[pl.DataFrame, list[LedgerRow]] = (caused, [])
    return attempt(
        "findings.decisions.held",
        lambda: decided(caused, study.decisions, tables, study=name),
        nothing,
        rules=tuple(DECISIONS),
    )


def _context(views: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """What a finding needs to know of each row: who, which visit, where, from which file and row."""
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
    for name, view in views.items():
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


def labels() -> dict[tuple[str, str], tuple[str, str]]:
    """Label and unit of every variable; in milk and biomarkers the variable may be an analyte."""
    known = {
        (table, name): (column.label, column.unit if column.unit not in {"1", "{z}", "by analyte"} else "")
        for (table, name), column in reference.dictionary().items()
    }
    for table in ("milk", "biomarkers"):
        for key, analyte in reference.analytes().items():
            known[table, key] = (analyte.name, analyte.unit)
    people = {name: label for (table, name), label in known.items() if table == "participants"}
    for table in TABLES:
        for name, label in people.items():
            known.setdefault((table, f"participant_{name}"), label)
        for name, text in messages.labels().items():
            known.setdefault((table, name), (text, ""))
    return known


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
