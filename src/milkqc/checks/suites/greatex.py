"""Rules compiled to Great Expectations, which judges columns of values and says which positions fail.

Each rule's judged values become a column of their own: a hundred row conditions on the whole table cost three
times as much as columns that hold only what is judged. Columns are padded to one length with values that GX
passes over. GX answers in another order and drops what it does not know, so every expectation is built one by
one, carries its place in `meta`, and must be answered exactly once.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from milkqc.checks.ledger import reason
from milkqc.checks.spark import without_spark
from milkqc.checks.suites.kinds import KINDS
from milkqc.model import Rule

# Cells per batch: bounds the memory of one pandas frame to some 300 MB.
CELLS = 30_000_000
WIDTH = 50
_FORMAT = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "include_unexpected_rows": False,
}


def judge(values: Sequence[pl.Series], rules: Sequence[Rule]) -> list[list[int] | str]:
    """As plain.judge, through Great Expectations; nothing is written, sent or printed."""
    found: list[list[int] | str] = ["Great Expectations gave no answer."] * len(rules)
    with _quietly():
        for places in _batches(values):
            found_here = _validate([values[place] for place in places], [rules[place] for place in places])
            for place, outcome in zip(places, found_here, strict=True):
                found[place] = outcome
    return found


def expectation(rule: Rule, column: str, place: int) -> dict[str, Any]:
    """The configuration of one rule as Great Expectations writes it."""
    kind, arguments = KINDS[rule.expect].gx(rule.arguments)
    return {
        "type": kind,
        "kwargs": {"column": column, **arguments},
        "meta": {"rule_id": rule.id, "place": place},
        "severity": rule.severity,
    }


def _batches(values: Sequence[pl.Series]) -> Iterator[list[int]]:
    """Places of columns that fit together: of similar length, because they are padded to the longest."""
    order = sorted(range(len(values)), key=lambda place: (values[place].len(), place))
    batch: list[int] = []
    for place in order:
        if batch and (len(batch) == WIDTH or (len(batch) + 1) * values[place].len() > CELLS):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _validate(values: Sequence[pl.Series], rules: Sequence[Rule]) -> list[list[int] | str]:
    with without_spark():
        import great_expectations as gx
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
        )
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    # Without this GX names a temporary folder for documents that nobody asked for.
    nowhere = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(
        mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=nowhere)
    )
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    suite = gx.ExpectationSuite(name="milkqc")
    configurations = [expectation(rule, f"r{place}", place) for place, rule in enumerate(rules)]
    for configuration in configurations:
        suite.add_expectation(ExpectationConfiguration(**configuration).to_domain_obj())
    if len(suite.expectations) != len(rules):
        raise RuntimeError(f"Great Expectations kept {len(suite.expectations)} of {len(rules)} expectations")
    asset = context.data_sources.add_pandas("milkqc").add_dataframe_asset("values")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch(
        batch_parameters={"dataframe": _frame(values, rules)}
    )
    answers: dict[int, list[int] | str] = {}
    for result in batch.validate(suite, result_format=_FORMAT).results:
        answers[result.expectation_config.meta["place"]] = _answer(result)
    return [answers.get(place, "Great Expectations gave no answer.") for place in range(len(rules))]


def _frame(values: Sequence[pl.Series], rules: Sequence[Rule]) -> Any:
    """One pandas frame, a column per rule, with the plain positions as its index."""
    import pandas as pd

    height = max(series.len() for series in values)
    columns: dict[str, Any] = {}
    for place, (series, rule) in enumerate(zip(values, rules, strict=True)):
        # A missing value is what not_null looks for: it sees presence, and padding counts as present.
        if rule.expect == "not_null":
            series = series.is_not_null().replace_strict({True: 1.0, False: None}, return_dtype=pl.Float64)
            padding: Any = 1.0
        else:
            padding = None
        padded = series.extend_constant(padding, height - series.len())
        columns[f"r{place}"] = padded.to_pandas()
    return pd.DataFrame(columns)


def _answer(result: Any) -> list[int] | str:
    """Failing positions, or the error; an error hides in exception_info under one key per metric."""
    info: Mapping[str, Any] = result.exception_info or {}
    for detail in (info, *(part for part in info.values() if isinstance(part, dict))):
        if detail.get("raised_exception"):
            return reason(str(detail.get("exception_message") or "no message"))
    positions = [int(place) for place in result.result.get("unexpected_index_list") or []]
    if result.success != (not positions):
        return "Great Expectations contradicts itself: it failed without saying where."
    return sorted(positions)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """GX logs and warns about its own inner life; errors still reach us through exception_info."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"great_expectations(\.|$)")
            yield
    finally:
        logger.setLevel(level)
