"""All that is judged by whole batches: drafts of findings, the ledger, and which other findings one cause explains."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import polars as pl

from milkqc import findings
from milkqc.checks.laboratory import materials, patterns, people, precision
from milkqc.checks.laboratory.detective import Suspicion, investigate
from milkqc.checks.laboratory.part import Found, Part, with_methods
from milkqc.checks.laboratory.rules import RULES
from milkqc.checks.ledger import reason
from milkqc.clock import Clock
from milkqc.model import Checked, LedgerRow

UNIT, SHIFTED = "milk.batch.unit", "milk.batch.shifted"
# Findings of single results, and of the batch, that a batch in the wrong unit brings about.
_FOLLOWERS = (".range", ".hard", ".batch_median", ".under_limit", ".impossible", ".westgard")


def check(milk: pl.DataFrame, controls: pl.DataFrame, *, off: Collection[str] = ()) -> Checked:
    """Judge the view of milk and the laboratory's own rows (both in canonical values) batch by batch.

    Each rule (laboratory.rules.RULES) has a row of the ledger for each analyte that milk holds. Rules named in `off`
    are not run, one that raises is broken, and the ledger says so. A batch of which every result was superseded by a later run asks nothing of
    its blanks and controls: the laboratory has rejected it.
    """
    try:
        controls = _of_kept_runs(milk, with_methods(controls, milk))
        whole = _judged(milk, controls)
    # Nothing that is wrong with one room's code may stop a run, or look like a pass.
    except Exception as error:  # noqa: BLE001
        whole = Part(broken=dict.fromkeys(RULES, reason(error)))
    kept = [one for one in whole.found if one.rule not in off]
    analytes = sorted({*milk["analyte"].drop_nulls(), *(analyte for _, analyte in whole.judged)})
    return Checked(
        findings.drafts(_draft(one) for one in kept), tuple(_ledger(whole, analytes, off)), whole.seconds
    )


def _judged(milk: pl.DataFrame, controls: pl.DataFrame) -> Part:
    suspected = _ran((UNIT, SHIFTED), lambda: _detective(milk, controls))
    known = [(one.analyte, one.name) for one in suspected.found if one.by == "batch"]
    return Part.together(
        [
            suspected,
            _ran((materials.BLANK,), lambda: materials.blanks(controls)),
            _ran((materials.WESTGARD,), lambda: materials.westgard(controls)),
            _ran((precision.DUPLICATES,), lambda: precision.duplicates(milk, controls)),
            _ran((patterns.HALF_LIMIT,), lambda: patterns.half_limit(milk)),
            _ran((patterns.REPEATED,), lambda: patterns.repeated(milk)),
            _ran((patterns.CENSORED,), lambda: patterns.censored(milk)),
            _ran((patterns.DRIFT,), lambda: patterns.drift(milk)),
            _ran((people.WITHIN,), lambda: people.within_person(milk, known=known)),
        ]
    )


def _ran(rules: Collection[str], judge: Callable[[], Part]) -> Part:
    """What a judgement gives; one that raises is broken in the ledger, with the reason, and the others go on."""
    clock = Clock()
    with clock(*rules):
        try:
            part = judge()
        except Exception as error:  # noqa: BLE001
            part = Part(broken=dict.fromkeys(rules, reason(error)))
    part.seconds = clock.seconds
    return part


def _of_kept_runs(milk: pl.DataFrame, controls: pl.DataFrame) -> pl.DataFrame:
    keys = ["analyte", "method", "batch"]
    runs = milk.filter(pl.col("batch").is_not_null()).group_by(keys)
    rejected = runs.agg(pl.col("reported").fill_null(value=True).any()).filter(~pl.col("reported"))
    return controls.join(rejected, on=keys, how="anti", nulls_equal=True, maintain_order="left")


def _detective(milk: pl.DataFrame, controls: pl.DataFrame) -> Part:
    """Batches in another unit, and batches that something else has shifted."""
    report = investigate(milk, controls)
    part = Part([_suspected(one) for one in report.suspicions])
    for rule in (UNIT, SHIFTED):
        part.judged.update({(rule, analyte): n for analyte, n in report.judged.items()})
        part.not_judged.update({(rule, analyte): n for analyte, n in report.not_judged.items()})
    return part


def _suspected(one: Suspicion) -> Found:
    group = one.group
    if not one.units:
        return Found(
            SHIFTED, group.analyte, group.by, group.name, one.of, f"{one.ratio:.3g} times", "about 1",
            _shifted(one),
        )  # fmt: skip
    named = " or ".join(one.units)
    return Found(
        UNIT, group.analyte, group.by, group.name, one.of, group.unit, named,
        f"{one.fits} of {one.of} results of {one.name} fit if the unit is {named}, not {group.unit} "
        f"(posterior {_shown(one.posterior)}). Ask the laboratory.",
        cause_id=one.cause,
    )  # fmt: skip


def _shifted(one: Suspicion) -> str:
    said = f"Results of {one.name} are {one.ratio:.3g} times those of the others"
    if not one.possible:
        return (
            f"{said}, which no unit explains (posterior {_shown(one.posterior)}). "
            "Ask the laboratory about its calibration."
        )
    named = " or ".join(one.possible)
    return (
        f"{said}: its calibration, or {named} instead of {one.group.unit} (posterior "
        f"{_shown(one.unit_posterior)}). Ask the laboratory."
    )


def _shown(posterior: float) -> str:
    """Two decimals, and never a certainty that nobody has."""
    return "over 0.99" if posterior > 0.99 else f"{posterior:.2f}"


def explained(drafts: pl.DataFrame, milk: pl.DataFrame) -> tuple[pl.DataFrame, list[LedgerRow]]:
    """`drafts` with the cause of a batch in another unit on the findings of its own results, controls and median.

    Where that raises, the drafts as they are, and a ledger row that says so.
    """
    try:
        return _explained(drafts, milk), []
    # A finding without its cause is a finding still; the exit code becomes 3.
    except Exception as error:  # noqa: BLE001
        broken = RULES[UNIT].row("", looked_at=0, failed=0, findings=0, status="broken", why=reason(error))
        return drafts, [broken]


def _explained(drafts: pl.DataFrame, milk: pl.DataFrame) -> pl.DataFrame:
    causes = drafts.filter(pl.col("rule_id") == UNIT).select("variable", "cause_id", group="row_id")
    if causes.is_empty():
        return drafts
    names = [name for name in ("batch", "site", "source_file") if name in milk.columns]
    rows = pl.concat(
        [
            milk.filter(pl.col(name).is_not_null()).select(
                "row_id", variable="analyte", group=pl.concat_str(pl.lit(f"{name}="), pl.col(name))
            )
            for name in names
        ]
    )
    mine = pl.concat(
        [
            rows.join(causes, on=["group", "variable"]).select("row_id", "variable", _cause="cause_id"),
            causes.select("variable", _cause="cause_id", row_id="group").select(
                "row_id", "variable", "_cause"
            ),
        ]
    )
    follower = pl.any_horizontal([pl.col("rule_id").str.ends_with(end) for end in _FOLLOWERS])
    return (
        drafts.join(
            mine.unique(["row_id", "variable"]), on=["row_id", "variable"], how="left", maintain_order="left"
        )
        .with_columns(
            cause_id=pl.when((pl.col("table") == "milk") & follower)
            .then(pl.coalesce("cause_id", "_cause"))
            .otherwise("cause_id")
        )
        .drop("_cause")
    )


def _draft(one: Found) -> dict[str, object]:
    return {
        "rule_id": one.rule,
        "severity": RULES[one.rule].severity,
        "table": "milk",
        "row_id": one.row_id,
        "engine": "rules",
        "variable": one.analyte,
        "value": one.value,
        "expected": one.expected,
        "message": one.message,
        "n_rows": one.n,
        "cause_id": one.cause_id,
    }


def _ledger(whole: Part, analytes: list[str], off: Collection[str]) -> Iterator[LedgerRow]:
    for rule, about in RULES.items():
        for analyte in analytes:
            if rule in off:
                yield about.row(
                    analyte, looked_at=0, failed=0, findings=0, status="skipped", why="switched off"
                )
                continue
            if rule in whole.broken:
                why = whole.broken[rule]
                yield about.row(analyte, looked_at=0, failed=0, findings=0, status="broken", why=why)
                continue
            found = sum((one.rule, one.analyte) == (rule, analyte) for one in whole.found)
            looked = max(whole.judged[rule, analyte], found)
            unable = whole.not_judged[rule, analyte]
            yield about.row(analyte, looked_at=looked, failed=found, findings=found, not_judged=unable)
