"""100 row rules over 1,000,000 rows in each engine, against the same rules written for it by hand, in the same run.

1 % of the rows fail one rule each and become findings. Bounds: expressions under 3 s; GX and pandera within 1.3 times
of hand-written ones; peak memory under 2.5 GB. Each engine runs in a process of its own, four times, the best counts.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

ROWS = 1_000_000
ENGINES = ("expressions", "pandera", "gx")
_NUMBERS = (
    "weight_kg", "length_cm", "head_circumference_cm", "muac_cm", "triceps_skinfold_mm", "subscapular_skinfold_mm",
    "age_reported_days", "age_days", "bmi", "laz", "waz", "wlz", "baz", "hcz", "acz", "tsz", "ssz", "ig_waz", "ig_laz",
    "ig_hcz",
)  # fmt: skip
PER_COLUMN = 5


def run() -> Iterator[dict[str, object]]:
    """A row for each engine: seconds of milkqc and by hand, their ratio, the findings, the peak."""
    for engine in ENGINES:
        told = _apart(engine)
        bound = told["seconds"] < 3 if engine == "expressions" else told["ratio"] <= 1.3
        yield {
            **told,
            "bound": "3 s" if engine == "expressions" else "1.3 x by hand",
            "within": bound and told["peak_gb"] < 2.5,
        }


def _apart(engine: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_rules", engine],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _view() -> Any:
    """Values uniform between 0 and 1; every hundredth row has one value of 2 + k, k from 1, which one rule refuses."""
    import numpy as np
    import polars as pl

    chance = np.random.default_rng(1)
    columns = {name: chance.random(ROWS) for name in _NUMBERS}
    for place, row in enumerate(range(0, ROWS, 100)):
        name = _NUMBERS[place % len(_NUMBERS)]
        columns[name][row] = 3 + place // len(_NUMBERS) % PER_COLUMN
    return pl.DataFrame({"row_id": [f"r{row}" for row in range(ROWS)], **columns})


def _rules() -> list[Any]:
    """Five rules for each of twenty columns: a range up to 6 (7 is planted) and four that refuse 3, 4, 5 or 6."""
    from milkqc.model import Rule

    return [
        Rule(
            f"growth.{name}.bench{k}", "growth", "value_not_in_set", (name,), "warning", "{value} is refused.", "bench",
            arguments={"values": (float(2 + k),)},
        ) if k else
        Rule(
            f"growth.{name}.bench0", "growth", "value_between", (name,), "warning", "{value} is refused.", "bench",
            arguments={"min": 0.0, "max": float(1 + PER_COLUMN)},
        )
        for name in _NUMBERS
        for k in range(PER_COLUMN)
    ]  # fmt: skip


def _ours(engine: str, view: Any, rules: list[Any]) -> int:
    from milkqc.checks import suites

    checked = suites.check({"growth": view}, rules, engine=engine)
    assert {row.status for row in checked.ledger if row.rule_id.startswith("growth.")} == {"ran"}
    return int(checked.drafts.height)


def _pandera(view: Any, rules: list[Any]) -> int:
    """What somebody would write for these rules in pandera, with the failing row ids of each rule."""
    import pandera.errors
    import pandera.polars as pa
    from pandera.config import ValidationDepth, config_context

    columns: dict[str, Any] = {name: [] for name in _NUMBERS}
    for rule in rules:
        wanted = rule.arguments
        check = (
            pa.Check.notin(list(wanted["values"]), error=rule.id)
            if "values" in wanted
            else pa.Check.in_range(wanted["min"], wanted["max"], error=rule.id)
        )
        columns[rule.columns[0]].append(check)
    schema = pa.DataFrameSchema({name: pa.Column(float, checks=checks) for name, checks in columns.items()})
    found: dict[str, list[str]] = {}
    try:
        with config_context(validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            schema.validate(view, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            failing = view["row_id"].filter(~error.check_output.to_series())
            found[error.check.error] = failing.to_list()
    return sum(map(len, found.values()))


def _gx(view: Any, rules: list[Any]) -> int:
    """What somebody would write for these rules in Great Expectations, with the failing row ids."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    frame = view.to_pandas().set_index("row_id")
    frame.index.name = None
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    suite = gx.ExpectationSuite(name="by_hand")
    for rule in rules:
        column, wanted = rule.columns[0], rule.arguments
        suite.add_expectation(
            gxe.ExpectColumnValuesToNotBeInSet(column=column, value_set=list(wanted["values"]))
            if "values" in wanted
            else gxe.ExpectColumnValuesToBeBetween(
                column=column, min_value=wanted["min"], max_value=wanted["max"]
            )
        )
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    batch = asset.add_batch_definition_whole_dataframe("b").get_batch(batch_parameters={"dataframe": frame})
    told = batch.validate(
        suite, result_format={"result_format": "COMPLETE", "return_unexpected_index_query": False}
    )
    return sum(len(one.result["unexpected_index_list"]) for one in told.results)


def _timed(judge: Callable[[], int]) -> tuple[float, int]:
    best, found = float("inf"), 0
    for _ in range(4):
        start = time.perf_counter()
        found = judge()
        best = min(best, time.perf_counter() - start)
    return best, found


def one(engine: str) -> dict[str, Any]:
    """The figures of one engine, in this process."""
    view, rules = _view(), _rules()
    ours, found = _timed(lambda: _ours(engine, view, rules))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    by_hand = {"pandera": _pandera, "gx": _gx}.get(engine)
    told: dict[str, Any] = {
        "engine": engine,
        "rules": len(rules),
        "rows": ROWS,
        "findings": found,
        "seconds": ours,
        "peak_gb": peak,
    }
    if by_hand is not None:
        theirs, same = _timed(lambda: by_hand(view, rules))
        assert same == found, (same, found)
        told |= {"by_hand": theirs, "ratio": ours / theirs}
    return told


if __name__ == "__main__":
    print(json.dumps(one(sys.argv[1])))
