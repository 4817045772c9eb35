"""Results made by hand for the report: a small study with something of everything, and ways to change it."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from milkqc import catalogue, findings
from milkqc.checks import suites
from milkqc.model import LedgerRow, Origin, Reconciled, Result
from milkqc.summarise import overview
from milkqc.summarise.evidence import evidence

MAE_SCHEMA = {
    **dict.fromkeys(("analyte", "basis", "visit", "group", "method"), pl.String),
    "mae": pl.Float64,
    **dict.fromkeys(("unit", "authority", "edition", "derivation", "source", "status"), pl.String),
    **dict.fromkeys(
        (
            "measured",
            "censored",
            "below",
            "at_or_above",
            "undetermined",
            "not_comparable",
            "outside_age",
            "not_measured",
        ),
        pl.Int64,
    ),
    **dict.fromkeys(
        (
            "percent_below",
            "percent_below_low",
            "percent_below_high",
            "median",
            "q25",
            "q75",
            "median_over_mae",
        ),
        pl.Float64,
    ),
    "percent_censored": pl.Float64,
    "statistic_method": pl.String,
}
LEDGER_SCHEMA = {
    field.name: pl.Int64 if field.type == "int" else pl.String for field in dataclasses.fields(LedgerRow)
}


def found(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Findings from a few words each; the rest as `findings.complete` would leave it."""
    whole = [
        {
            "finding_id": f"{place:016x}",
            "status": "open",
            "n_rows": 1,
            "engine": "rules",
            "row_id": f"P{place:03}|birth",
        }
        | row
        for place, row in enumerate(rows)
    ]
    table = pl.DataFrame(
        [{name: row.get(name) for name in findings.FINDINGS_SCHEMA} for row in whole],
        schema=findings.FINDINGS_SCHEMA,
        orient="row",
    )
    return findings.sort(table)


def mae_row(
    analyte: str, visit: str, mae: float, unit: str, middle: float, sigma: float, **more: Any
) -> dict[str, Any]:
    """A row of the reference table for a log-normal nutrient with median `middle`."""
    measured = more.pop("measured", 180)
    share = 0.5 * (1 + math.erf(math.log(mae / middle) / (sigma * math.sqrt(2))))
    below, half = round(share * measured), 1.96 * math.sqrt(share * (1 - share) / measured)
    return {
        "analyte": analyte,
        "basis": "milk_concentration",
        "visit": visit,
        "group": "all",
        "mae": mae,
        "unit": unit,
        "authority": "IOM",
        "edition": "2001",
        "derivation": "printed",
        "source": "DRI",
        "status": "verified",
        "measured": measured,
        "censored": 0,
        "below": below,
        "at_or_above": measured - below,
        "undetermined": 0,
        "not_comparable": 0,
        "outside_age": 0,
        "not_measured": 6,
        "percent_below": 100 * below / measured,
        "percent_below_low": 100 * max(0.0, share - half),
        "percent_below_high": 100 * min(1.0, share + half),
        "median": middle,
        "q25": middle * math.exp(-0.674 * sigma),
        "q75": middle * math.exp(0.674 * sigma),
        "median_over_mae": middle / mae,
        "percent_censored": 0.0,
        "statistic_method": "sample quantiles",
    } | more


def _statistics() -> dict[str, pl.DataFrame]:
    rng = random.Random(11)
    scores, bins, ages = [], [], []
    for visit, shift in (("birth", -0.4), ("month_3", -1.0)):
        for index, label in (
            ("laz", "Length/height-for-age z-score, WHO 2006, chronological age"),
            ("waz", "Weight-for-age z-score, WHO 2006, chronological age"),
            ("wlz", "Weight-for-length/height z-score, WHO 2006, chronological age"),
        ):
            drawn = [rng.gauss(shift, 1.1) for _ in range(186)]
            mean = sum(drawn) / len(drawn)
            sd = math.sqrt(sum((z - mean) ** 2 for z in drawn) / (len(drawn) - 1))
            below, above = sum(z < -2 for z in drawn), sum(z > 2 for z in drawn)
            scores.append((visit, index, label, 186, mean, sd, below / 1.86, above / 1.86, 3, 300 / 189))
            lows = [max(-6.0, min(5.5, math.floor(z / 0.5) * 0.5)) for z in drawn]
            bins += [(visit, index, low, low + 0.5, lows.count(low)) for low in sorted(set(lows))]
        ages.append((visit, 186, *((1.0, 0.0, 3.0) if visit == "birth" else (91.0, 64.0, 119.0))))
    names = (
        "visit",
        "index",
        "label",
        "n",
        "mean",
        "sd",
        "percent_below_minus_2",
        "percent_above_plus_2",
        "flagged",
    )
    return {
        "missing": pl.DataFrame(
            [
                (
                    "participants",
                    "birth_weight_kg",
                    "Birth weight",
                    186,
                    171,
                    15,
                    15 / 1.86,
                    "not_done 12; empty 3",
                ),
                ("participants", "infant_sex", "Infant's sex", 186, 186, 0, 0.0, ""),
                (
                    "growth",
                    "head_circumference_cm",
                    "Head circumference",
                    372,
                    280,
                    92,
                    92 / 3.72,
                    "empty 88; refused 4",
                ),
                ("growth", "weight_kg", "Weight", 372, 370, 2, 2 / 3.72, "unreadable 2"),
                (
                    "milk",
                    "vitamin_b12",
                    "Vitamin B12 (total)",
                    186,
                    178,
                    8,
                    8 / 1.86,
                    "insufficient 6; empty 2",
                ),
            ],
            schema=["table", "variable", "label", "rows", "present", "missing", "percent_missing", "reasons"],
            orient="row",
        ),
        "censored": pl.DataFrame(
            [
                ("milk", "iodine", "ug/L", "month_3", 180, 0, 0.0),
                ("milk", "vitamin_b12", "pmol/L", "month_3", 178, 31, 31 / 1.78),
            ],
            schema=["table", "analyte", "unit", "visit", "results", "censored", "percent_censored"],
            orient="row",
        ),
        "zscores": pl.DataFrame(scores, schema=[*names, "percent_flagged"], orient="row"),
        "zscore_bins": pl.DataFrame(bins, schema=["visit", "index", "low", "high", "n"], orient="row"),
        "ages": pl.DataFrame(
            ages, schema=["visit", "n", "median_age_days", "min_age_days", "max_age_days"], orient="row"
        ),
    }


def _findings() -> pl.DataFrame:
    before = [
        {
            "severity": "critical",
            "rule_id": "growth.visit.before_birth",
            "table": "growth",
            "participant_id": f"P{n:03}",
            "infant_id": f"P{n:03}",
            "visit": "birth",
            "site": "Matiari",
            "variable": "visit_date",
            "label": "Date of measurement",
            "value": f"2021-03-{n + 1:02}",
            "expected": "on or after 2021-04-02",
            "message": f"Visit dated 2021-03-{n + 1:02}, before the birth: its scores mean nothing. Check both dates.",
            "source_file": "anthro_1.dta",
            "source_row": 14 + n,
            "source_column": "VDATE",
        }
        for n in range(6)
    ]
    flags = [
        {
            "severity": "warning",
            "rule_id": "growth.laz.flag",
            "table": "growth",
            "participant_id": f"Q{n:03}",
            "infant_id": f"Q{n:03}",
            "row_id": f"Q{n:03}|month_3",
            "visit": "month_3",
            "site": "Matiari" if n % 3 else "Hala",
            "status": "confirmed" if n == 0 else "open",
            "variable": "laz",
            "label": "Length/height-for-age z-score",
            "value": f"{-6 - n / 10:.2f}",
            "unit": "{z}",
            "expected": "−6 to 6",
            "message": f"Length-for-age {-6 - n / 10:.2f} is beyond ±6. Confirm length, age and sex.",
            "source_file": "anthro_1.dta",
            "source_row": 40 + n,
        }
        for n in range(31)
    ]
    batch = {
        "severity": "warning",
        "rule_id": "milk.vitamin_b12.mature.batch_median",
        "table": "milk",
        "row_id": "*",
        "variable": "vitamin_b12",
        "label": "Vitamin B12",
        "value": "median 402",
        "unit": "pmol/L",
        "expected": "60–320",
        "message": "Plate P3 has a median of 402 pmol/L against 60–320: perhaps pg/mL. Ask the laboratory for its unit.",
        "n_rows": 44,
        "cause_id": "batch P3",
        "source_file": "milk_results.xlsx",
    }
    info = {
        "severity": "info",
        "rule_id": "growth.position.not_believed",
        "table": "growth",
        "row_id": "team=4",
        "variable": "length_cm",
        "label": "Length",
        "value": "24.1",
        "expected": "below 20",
        "message": "Team 4 prefers certain last digits of length (score 24.1). Retrain on reading the board.",
        "n_rows": 93,
    }
    return found([*before, *flags, batch, info])


def _checks() -> pl.DataFrame:
    rows = [
        LedgerRow(
            "growth.visit.before_birth", "rules", "growth", "visit_date", "critical", "ran", 372, 6, 0, 6
        ),
        LedgerRow("growth.laz.flag", "rules", "growth", "laz", "warning", "ran", 370, 31, 2, 31),
        LedgerRow(
            "milk.vitamin_b12.mature.batch_median", "gx", "milk", "vitamin_b12", "warning", "ran", 4, 1, 0, 1
        ),
        LedgerRow(
            "milk.casein.range", "gx", "milk", "casein", "warning", "nothing_to_look_at", why="no casein"
        ),
        LedgerRow(
            "growth.oedema.weight",
            "rules",
            "growth",
            "oedema",
            "warning",
            "skipped",
            why="oedema is not mapped",
        ),
        LedgerRow("growth.position.not_believed", "rules", "growth", "length_cm", "info", "ran", 5, 1, 0, 1),
    ]
    return pl.DataFrame([dataclasses.asdict(row) for row in rows], schema=LEDGER_SCHEMA, orient="row")


SETTINGS: dict[str, Any] = {
    "study": "demo",
    "title": "Milk micronutrients and growth at three months",
    "verdict": "fail",
    "verdict_reason": "6 open critical findings; the first rule is growth.visit.before_birth.",
    "fail_on": "critical",
    "exit_code": 1,
    "milkqc_version": "0.1.0",
    "mapping_file": "mappings/demo.yaml",
    "mapping_sha256": "ab" * 32,
    "mae": {
        "authority": "IOM",
        "basis": "milk_concentration",
        "set": ("iodine", "retinol", "vitamin_b12"),
        "label": "IOM, milk concentration",
    },
    "schedule": {"birth": {"day": 0, "window": (0, 3)}, "month_3": {"day": 91, "window": (61, 121)}},
    "unblinded": None,
    "simulated": False,
    "stage_cutoffs": {"colostrum": (0, 5), "transitional": (6, 15), "mature": "from day 16"},
    "not_collected": {"choline": "assay not in protocol 2.1"},
}


def _result() -> Result:
    milk = [
        mae_row("iodine", "month_3", 146.0, "ug/L", 121.0, 0.58),
        mae_row(
            "iodine",
            "month_3",
            141.02564,
            "ug/L",
            121.0,
            0.58,
            basis="ai_per_volume",
            derivation="110 / 0.78",
        ),
        mae_row("retinol", "month_3", 485.0, "ug/L", 402.0, 0.45),
        mae_row(
            "vitamin_b12",
            "month_3",
            310.0,
            "pmol/L",
            113.0,
            0.88,
            method="IMMULITE",
            censored=31,
            measured=178,
        ),
        mae_row(
            "alpha_tocopherol",
            "month_3",
            4.9,
            "mg/L",
            3.3,
            0.4,
            status="AI verified; concentration unverified",
        ),
    ]
    ids = [f"P{n:03}" for n in range(186)]
    growth = pl.DataFrame({"row_id": [f"{one}|{visit}" for one in ids for visit in ("birth", "month_3")]})
    return Result(
        study="demo",
        title=SETTINGS["title"],
        participants=pl.DataFrame({"row_id": ids}),
        visits=pl.DataFrame(),
        growth=growth,
        milk=pl.DataFrame({"row_id": [f"{one}|month_3||iodine" for one in ids]}),
        biomarkers=pl.DataFrame(),
        analysis=pl.DataFrame({"row_id": growth["row_id"]}),
        mae_reference=pl.DataFrame(
            [{name: row.get(name) for name in MAE_SCHEMA} for row in milk], schema=MAE_SCHEMA, orient="row"
        ),
        findings=_findings(),
        checks=_checks(),
        rejected=pl.DataFrame({"source_row": [7, 19]}),
        codebook=pl.DataFrame(),
        lineage={},
        origins=(
            Origin("anthro_1.dta", "1f" * 32, "dta 118", "utf-8", "declared", 372, 24, "pyreadstat", "1.3.7"),
            Origin("milk_results.xlsx", "2e" * 32, "xlsx", "utf-8", "declared", 186, 9, "calamine", "0.5"),
            Origin(
                "enrolment.sav",
                "3d" * 32,
                "sav",
                "windows-1252",
                "assumed",
                188,
                41,
                "pyreadstat",
                "1.3.7",
                ("label set read",),
            ),
        ),
        reconciliation=(
            Reconciled("participants[0]", "participants", "enrol", 188, 186, 0, 2, 186),
            Reconciled("growth[0]", "growth", "infant", 372, 372, 0, 0, 372),
            Reconciled("milk[0]", "milk", "lab", 186, 186, 0, 0, 744),
        ),
        settings=SETTINGS,
        statistics=_statistics(),
    )


@pytest.fixture(scope="session")
def study() -> Result:
    """A small study that fails: 38 findings, two rejected rows, one check skipped."""
    return _result()


@pytest.fixture(scope="session")
def changed(study: Result) -> Callable[..., Result]:
    """The small study with other fields, or with other settings (`settings` is merged)."""

    def change(**fields: Any) -> Result:
        settings = {**study.settings, **fields.pop("settings", {})}
        return dataclasses.replace(study, settings=settings, **fields)

    return change


@pytest.fixture(scope="session")
def findings_of() -> Callable[[list[dict[str, Any]]], pl.DataFrame]:
    """Findings from a few words each."""
    return found


def internal_tables() -> dict[str, pl.DataFrame]:
    """Sixty infants at two sites with two visits and their milk, as normalise and derive leave them."""
    rng = random.Random(5)
    ids = [f"P{n:03}" for n in range(60)]
    people = pl.DataFrame(
        {
            "row_id": ids,
            "participant_id": ids,
            "infant_id": ids,
            "site": ["Matiari" if n % 3 else "Hala" for n in range(60)],
            "site__raw": ["1"] * 60,
            "arm": ["SUPPLEMENT" if n % 2 else "PLACEBO" for n in range(60)],
            "arm__raw": ["1" if n % 2 else "2" for n in range(60)],
            "infant_sex": ["female" if n % 2 else "male" for n in range(60)],
            "infant_sex__raw": ["2" if n % 2 else "1" for n in range(60)],
            "infant_birth_date": [date(2021, 1, 1) + timedelta(days=n) for n in range(60)],
            "infant_birth_date__raw": ["x"] * 60,
        }
    )
    growth = pl.DataFrame(
        [
            {
                "row_id": f"{one}|{visit}",
                "participant_id": one,
                "infant_id": one,
                "visit": visit,
                "age_days": float(age),
                "weight_kg": None
                if n == 3
                else 45.0
                if (n, visit) == (7, "month_3")
                else 3.3 + age / 40 + rng.gauss(0, 0.4),
                "weight_kg__raw": "x",
                "weight_kg__missing": "refused" if n == 3 else None,
                "weight_kg__raw_unit": "kg",
                "weight_kg__factor": 1.0,
                "laz": rng.gauss(-0.8, 1.0) - 7 * (n == 7),
                "laz_flag": n == 7,
            }
            for n, one in enumerate(ids)
            for visit, age in (("birth", 1), ("month_3", 90))
            if not (visit == "month_3" and n >= 55)
        ]
    )
    milk = pl.DataFrame(
        [
            {
                "participant_id": one,
                "visit": "month_3",
                "sample_id": f"T{n}",
                "days_postpartum": 90.0,
                "stage": "mature",
                "analyte": "iodine",
                "raw": "x",
                "raw_unit": "ug/L",
                "factor": 1.0,
                "unit": "ug/L",
                "value": None if n < 4 else 120 * math.exp(rng.gauss(0, 0.6)),
                "censored": "<" if n < 4 else None,
                "missing_reason": None,
            }
            for n, one in enumerate(ids[:50])
        ],
        infer_schema_length=None,
    )
    return {"participants": people, "growth": growth, "milk": milk}


@pytest.fixture(scope="session")
def tables() -> dict[str, pl.DataFrame]:
    """The internal tables behind `rich`."""
    return internal_tables()


@pytest.fixture(scope="session")
def rich(study: Result) -> Result:
    """The small study with spreads, limits, gaps, completeness, units and flagged children."""
    made = internal_tables()
    rules = suites.load(catalogue.files("expectations"))
    schedule = SETTINGS["schedule"]
    figures = overview.statistics(made, schedule=schedule) | evidence(made, rules=rules, schedule=schedule)
    return dataclasses.replace(study, statistics=figures)
