"""The figures of a run: what the report and its files show of the data. One that cannot be made is broken, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import polars as pl

from milkqc.attempts import Attempts
from milkqc.study import Study, choices, rule_settings

if TYPE_CHECKING:
    from milkqc.mapping.apply import Applied
    from milkqc.sight import Sight


def figures(
    study: Study,
    applied: Applied,
    tables: Mapping[str, pl.DataFrame],
    seen: Sight,
    findings: pl.DataFrame,
    *,
    ran: Collection[str],
    attempt: Attempts,
) -> dict[str, pl.DataFrame]:
    """`Result.statistics` but for the survey's and what needs the finished ledger; `ran` are the rules that ran."""
    from milkqc.mapping.harmonisation import SCHEMA as HARMONISATION
    from milkqc.mapping.harmonisation import harmonisation
    from milkqc.summarise.evidence import evidence
    from milkqc.summarise.growth_curves import CURVES, growth_curves
    from milkqc.summarise.laboratory import laboratory
    from milkqc.summarise.overview import statistics
    from milkqc.summarise.sensitivity import SCHEMA as SENSITIVITY
    from milkqc.summarise.sensitivity import sensitivity

    mapping, rules = study.loaded.mapping, study.rules
    one = attempt.figure
    made = statistics(tables, schedule=mapping.schedule, attempt=one)
    made |= evidence(
        tables,
        rules=rules.suites,
        schedule=mapping.schedule,
        off=rules.off,
        watched={rule.id: (rule.table, rule.columns) for rule in rules.coded},
        data_cutoff=rule_settings(study).data_cutoff,
        attempt=one,
    )
    nothing: Mapping[str, pl.DataFrame] = {}
    made |= attempt(
        "report.laboratory.figures", lambda: laboratory(tables["milk"], applied.controls), nothing
    )
    made["cover"] = _cover(study, seen, made["missing"], ran=ran, attempt=attempt)
    made["growth_curves"] = attempt(
        "report.growth.curves", lambda: growth_curves(tables, findings), pl.DataFrame(schema=CURVES)
    )
    made["mae_sensitivity"] = one(
        "mae_sensitivity",
        lambda: sensitivity(tables["milk"], tables["participants"], choices(study), findings),
        pl.DataFrame(schema=SENSITIVITY),
    )
    made["harmonisation"] = one(
        "harmonisation",
        lambda: harmonisation(mapping, tables, applied.columns),
        pl.DataFrame(schema=HARMONISATION),
    )
    return made


def _cover(
    study: Study, seen: Sight, missing: pl.DataFrame, *, ran: Collection[str], attempt: Attempts
) -> pl.DataFrame:
    """How many values of each mapped variable some rule has judged (`checks.cover`); `missing` names the variables."""
    from milkqc.checks.cover import SCHEMA, covered

    def made() -> pl.DataFrame:
        mapped = missing.filter(pl.col("variable").is_not_null())
        return covered(
            seen.views,
            variables=list(mapped.select("table", "variable").unique(maintain_order=True).iter_rows()),
            suites=study.rules.suites,
            coded=study.rules.coded,
            ran=ran,
            settings=rule_settings(study),
        )

    return attempt("report.rules.cover", made, pl.DataFrame(schema=SCHEMA))
