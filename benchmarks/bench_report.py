"""The report of a large study: 100,000 growth visits at eight sites with milk, 20,000 findings; of one whose 300 rules
all fail; and of a crowded one: 300 teams, 400 observers, 200 analytes, 500 variables of its own."""

from __future__ import annotations

import dataclasses
import json
import resource
import sys
import time
from typing import Any

import numpy as np
import polars as pl

from milkqc import catalogue, findings
from milkqc.checks import ledger, suites
from milkqc.model import LedgerRow, Origin, Reconciled, Result, Rule
from milkqc.report import render
from milkqc.report.rows import LEAST
from milkqc.summarise.evidence import evidence
from milkqc.summarise.overview import statistics
from milkqc.summarise.survey.run import surveyed

INFANTS, VISITS, FINDINGS, RULES = 20_000, 5, 20_000, 300
TEAMS, OBSERVERS, MEASURED, OWN = 300, 400, 200, 500
SECONDS, MEGABYTES = 20.0, 2.0
# Machines of field sites have 8 GB, and a browser open.
MEMORY = 2_000.0
SCHEDULE = {
    f"month_{3 * n}": {"day": 91.0 * n, "window": [91.0 * n - 30, 91.0 * n + 30]} for n in range(VISITS)
}
ANALYTES = {"iodine": 120.0, "retinol": 480.0, "vitamin_b12": 300.0, "folate": 60.0, "zinc": 2.0}


def tables(*, infants: int = INFANTS, seed: int = 7) -> dict[str, pl.DataFrame]:
    """The internal tables of a synthetic study, as normalise and derive leave them."""
    random = np.random.default_rng(seed)
    rows = infants * VISITS
    ids = pl.Series([f"P{n:06}" for n in range(infants)])
    born = pl.Series(random.integers(19_000, 19_700, infants)).cast(pl.Int32).cast(pl.Date)
    people = pl.DataFrame({"participant_id": ids, "infant_id": ids, "infant_birth_date": born}).with_columns(
        row_id="participant_id",
        site=pl.format("Site {}", pl.int_range(infants) % 8),
        site__raw=pl.lit("x"),
        infant_birth_date__raw=pl.lit("x"),
    )
    visit = np.tile(np.arange(VISITS), infants)
    age = visit * 91 + random.integers(-10, 20, rows)
    z = random.normal(-0.6, 1.1, rows)
    growth = pl.DataFrame(
        {
            "participant_id": ids.gather(np.repeat(np.arange(infants), VISITS)),
            "visit": [list(SCHEDULE)[n] for n in visit],
            "age_days": age.astype(float),
            "weight_kg": 3.2 + age / 80 + random.normal(0, 0.8, rows),
            "length_cm": 50 + age / 14 + random.normal(0, 2.5, rows),
            "laz": z,
            "waz": z + random.normal(0, 0.4, rows),
            "wlz": random.normal(0, 1.1, rows),
        }
    ).with_columns(
        pl.when(pl.int_range(rows) % 17 == 0).then(None).otherwise("weight_kg").alias("weight_kg"),
        infant_id="participant_id",
        row_id=pl.format("{}|{}", "participant_id", "visit"),
        **{f"{name}_flag": pl.col(name).abs() > 4 for name in ("laz", "waz", "wlz")},
        **{f"{name}__raw": pl.col(name).cast(pl.String) for name in ("weight_kg", "length_cm")},
        **{f"{name}__raw_unit": pl.lit(name.split("_")[1]) for name in ("weight_kg", "length_cm")},
        **{f"{name}__factor": pl.lit(1.0) for name in ("weight_kg", "length_cm")},
    )
    milk = pl.concat(
        growth.filter(pl.col("visit") == "month_3").select(
            "participant_id",
            "visit",
            sample_id=pl.format("T{}", pl.int_range(infants)),
            days_postpartum="age_days",
            stage=pl.lit("mature"),
            analyte=pl.lit(name),
            raw=pl.lit("x"),
            raw_unit=pl.lit("ug/L"),
            factor=pl.lit(1.0),
            unit=pl.lit("ug/L"),
            value=pl.Series(middle * np.exp(random.normal(0, 0.6, infants))),
            censored=pl.lit(None, dtype=pl.String),
        )
        for name, middle in ANALYTES.items()
    )
    return {"participants": people, "growth": growth, "milk": milk}


def found(rules: list[Rule], growth: pl.DataFrame, *, most: int = FINDINGS) -> pl.DataFrame:
    """That many findings over the rules of growth and milk."""
    rows = growth.select("row_id", "participant_id", "visit").rows()
    told = []
    for n in range(most):
        rule, (row_id, participant, visit) = rules[n % len(rules)], rows[n * 7 % len(rows)]
        told.append(
            {
                "finding_id": f"{n:016x}",
                "severity": rule.severity,
                "status": "open",
                "rule_id": rule.id,
                "table": rule.table,
                "row_id": row_id,
                "participant_id": participant,
                "infant_id": participant,
                "visit": visit,
                "site": f"Site {n % 8}",
                "variable": rule.when.get("analyte") or (rule.columns[0] if rule.columns else None),
                "value": f"{n}.25",
                "expected": "0.5 to 40 kg",
                "message": f"Found {n}.25, which is unlikely. "
                + "Check the entry, its unit and the form. " * 2,
                "n_rows": 1,
                "source_file": "anthro.csv",
                "source_column": "WEIGHT",
            }
        )
    frame = pl.DataFrame(told).select(
        (pl.col(name) if name in told[0] else pl.lit(None)).cast(kind).alias(name)
        for name, kind in findings.FINDINGS_SCHEMA.items()
    )
    return findings.sort(frame)


def many_rules(growth: pl.DataFrame) -> tuple[list[Rule], pl.DataFrame]:
    """A study with rules of its own, RULES of them, all of which fail; long texts from the data in each finding."""
    tables_ = ("growth", "milk", "visits", "participants")
    rules = [
        Rule(f"study.own.rule_{n:03}", tables_[n % 4], "value_between", (f"x_own_{n:03}",),
             ("critical", "warning", "info")[n % 3], "Found {value}.", "protocol")
        for n in range(RULES)
    ]  # fmt: skip
    told = found(rules, growth)
    return rules, told.with_columns(
        value=pl.format("{} {}", "value", pl.lit("as somebody wrote it on the form, at length " * 6)),
        participant_id=pl.format("{}-{}", "participant_id", pl.lit("of a long kind")),
    )


def crowded(internal: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The same study with many teams, observers, analytes and variables of its own, all with missing values."""
    row = pl.int_range(pl.len())
    growth = internal["growth"].with_columns(
        team=pl.format("Team {}", row * 7 % TEAMS), observer=pl.format("Observer {}", row * 11 % OBSERVERS)
    )
    # as many results as 200 analytes of 1,000 mothers: a panel of metabolites is not read in 20,000
    one = internal["milk"].filter(pl.col("analyte") == "zinc").head(1_000)
    milk = pl.concat(
        one.with_columns(analyte=pl.lit(f"own_analyte_{n:03}"), value=pl.col("value") * (n + 1))
        for n in range(MEASURED)
    )
    own = {f"x_own_{n:03}": row * (n + 3) % 997 for n in range(OWN)}
    people = internal["participants"].with_columns(
        **{name: pl.when(value > 40).then(value.cast(pl.Float64)) for name, value in own.items()},
        **{f"{name}__raw": pl.when(value > 40).then(value.cast(pl.String)) for name, value in own.items()},
    )
    return {"participants": people, "growth": growth, "milk": milk}


def run() -> list[dict[str, Any]]:
    """Rows: what, measured, unit, bound, within; the report of a large study, then of one where everything fails."""
    internal = tables()
    rules = [
        rule for rule in suites.load(catalogue.files("expectations")) if rule.table in {"growth", "milk"}
    ]
    rows = report(internal, rules, found(list(rules), internal["growth"]))
    own, told = many_rules(internal["growth"])
    rows += report(internal, own, told, named=f"{RULES} rules fail: ")
    full = crowded(internal)
    many = [dataclasses.replace(rule, table="participants") for rule in own]
    many = [dataclasses.replace(rule, columns=(f"x_own_{n * 5 % OWN:03}",)) for n, rule in enumerate(many)]
    return [*rows, *report(full, many, found(many, full["growth"]), named="crowded: ")]


def report(
    internal: dict[str, pl.DataFrame], rules: list[Rule], told: pl.DataFrame, *, named: str = ""
) -> list[dict[str, Any]]:
    """The figures of one report."""
    start = time.perf_counter()
    figures = (
        statistics(internal, schedule=SCHEDULE)
        | evidence(internal, rules=rules, schedule=SCHEDULE)
        | dict(surveyed(internal).tables)
    )
    summed = time.perf_counter() - start
    nothing = pl.DataFrame()
    checks = [
        LedgerRow(rule.id, "gx", rule.table, str(rule.when.get("analyte") or (*rule.columns, "*")[0]), rule.severity,
                  "ran", 100_000, 100, 0, 100)
        for rule in rules
    ]  # fmt: skip
    result = Result(
        study="large",
        title="A large synthetic study",
        **{
            name: internal.get(name, nothing)
            for name in ("participants", "visits", "growth", "milk", "biomarkers")
        },
        **dict.fromkeys(("analysis", "mae_reference", "rejected", "codebook"), nothing),
        findings=told,
        checks=ledger.frame(checks),
        lineage={},
        origins=(Origin("anthro.csv", "1f" * 32, "csv", "utf-8", "assumed", 100_000, 9, "csv", "1"),),
        reconciliation=(Reconciled("growth", "growth", "anthro", 100_000, 100_000, 0, 0, 100_000),),
        settings={"verdict": "pass", "fail_on": "critical", "schedule": SCHEDULE},
        statistics=figures,
    )
    start = time.perf_counter()
    made = render(dataclasses.replace(result))
    rendered = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024**2 if sys.platform == "darwin" else 1024
    )
    whole = summed + rendered
    actions = json.loads(made["report.json"])["todo"]["actions"]
    fewest = min(len(each["list"]) - min(LEAST, each["findings"]) for each in actions) + LEAST
    return [
        {"what": f"{named}things to do with rows", "measured": len(actions), "unit": ""},
        {"what": f"{named}rows of the one with fewest", "measured": fewest, "unit": "rows", "bound": LEAST,
         "within": fewest >= LEAST},
        {"what": f"{named}statistics", "measured": summed, "unit": "s"},
        {"what": f"{named}render", "measured": rendered, "unit": "s"},
        {"what": f"{named}both", "measured": whole, "unit": "s", "bound": SECONDS, "within": whole < SECONDS},
        {"what": f"{named}peak memory", "measured": peak, "unit": "MB", "bound": MEMORY,
         "within": peak < MEMORY},
        *(
            {"what": f"{named}{name}", "measured": len(part) / 1e6, "unit": "MB", "bound": MEGABYTES,
             "within": len(part) / 1e6 < MEGABYTES}
            for name, part in made.items()
        ),
    ]  # fmt: skip
