"""Rules compiled to Great Expectations, which judges columns of values and says which positions fail.

GX answers in another order and drops what it does not know, so every expectation is built one by one, carries its
place in `meta`, and must be answered exactly once. What a rule judges is a column of its own `when`: a hundred row
conditions on the whole table cost three times as much.
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
from milkqc.checks.suites import batches
from milkqc.checks.suites.batches import Asked
from milkqc.checks.suites.judged import Question
from milkqc.checks.suites.kinds import KINDS
from milkqc.checks.suites.plain import Verdict

# Row positions come only from an index without a name: with `unexpected_index_column_names` GX is six times slower.
_FORMAT = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "include_unexpected_rows": False,
}


# One expectation of a rule: the rule's place in the batch, and which of its expectations.
_Part = tuple[int, int]


def judge(questions: Sequence[Question]) -> list[Verdict]:
    """As plain.judge, through Great Expectations; nothing is written, sent or printed."""
    with quietly():
        return batches.judge(questions, _judge)


def expectations(asked: Asked) -> list[dict[str, Any]]:
    """The configurations of one rule as Great Expectations writes them."""
    rule = asked.question.rule
    return [
        {
            "type": kind,
            "kwargs": named(kwargs, asked.names),
            "meta": {"rule_id": rule.id, "place": asked.place, "part": part},
            "severity": rule.severity,
        }
        for part, (kind, kwargs) in enumerate(KINDS[rule.expect].gx(rule.arguments))
    ]


def named(kwargs: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of an expectation with columns in place of operands."""
    told = dict(kwargs)
    for word in ("column", "column_A", "column_B"):
        if word in told:
            told[word] = names[told[word]]
    if "column_list" in told:
        told["column_list"] = [names[one] for one in told["column_list"]]
    return told


def _judge(frame: pl.DataFrame, asked: Sequence[Asked]) -> dict[int, Verdict]:
    with without_spark():
        import great_expectations as gx
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
        )

    # Without this GX names a temporary folder for documents that nobody asked for.
    nowhere = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(
        mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=nowhere)
    )
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    suite, owners, broken = _suite(asked)
    asset = context.data_sources.add_pandas("milkqc").add_dataframe_asset("values")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch(
        batch_parameters={"dataframe": frame.to_pandas()}
    )
    answers: dict[_Part, Verdict] = {}
    if suite.expectations:
        for result in batch.validate(suite, result_format=_FORMAT).results:
            meta = result.expectation_config.meta
            answers[meta["place"], meta["part"]] = _answer(result)
    silence = "Great Expectations gave no answer."
    told = {place: _united([answers.get(one, silence) for one in parts]) for place, parts in owners.items()}
    return {**told, **broken}


def _suite(asked: Sequence[Asked]) -> tuple[Any, dict[int, list[_Part]], dict[int, Verdict]]:
    """The suite, the expectations that answer each rule, and the rules with one that cannot be built: broken.

    GX drops an expectation that says the same as an earlier one, so rules that do share its answer.
    """
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    suite = gx.ExpectationSuite(name="milkqc")
    first: list[tuple[tuple[str, Any], _Part]] = []
    owners: dict[int, list[_Part]] = {}
    broken: dict[int, Verdict] = {}
    for one in asked:
        try:
            configured = expectations(one)
            said = [(each["type"], each["kwargs"]) for each in configured]
            same = [next((part for other, part in first if other == words), None) for words in said]
            new = [each for each, other in zip(configured, same, strict=True) if other is None]
            built = [ExpectationConfiguration(**each).to_domain_obj() for each in new]
        # An unknown type or a wrong argument raises errors of GX's own, of pydantic or of Python; whichever it is,
        # this rule is not judged and says so, and the others are.
        except Exception as error:  # noqa: BLE001
            broken[one.place] = reason(error)
            continue
        before = len(suite.expectations)
        for expectation in built:
            suite.add_expectation(expectation)
        if len(suite.expectations) != before + len(built):
            broken[one.place] = "Great Expectations dropped the expectation."
            continue
        mine = [(each["meta"]["place"], each["meta"]["part"]) for each in configured]
        first += [(words, part) for words, part, other in zip(said, mine, same, strict=True) if other is None]
        owners[one.place] = [other or part for part, other in zip(mine, same, strict=True)]
    return suite, owners, broken


def _answer(result: Any) -> Verdict:
    """Failing positions, or the error."""
    why = raised(result)
    if why is not None:
        return why
    positions = pl.Series(result.result.get("unexpected_index_list") or [], dtype=pl.UInt32)
    if result.success != positions.is_empty():
        return "Great Expectations contradicts itself: it failed without saying where."
    return positions.sort()


def raised(result: Any) -> str | None:
    """The error of one result, which GX hides in exception_info, under one key per metric; None without one."""
    info: Mapping[str, Any] = result.exception_info or {}
    for detail in (info, *(part for part in info.values() if isinstance(part, dict))):
        if detail.get("raised_exception"):
            return reason(str(detail.get("exception_message") or "no message"))
    return None


def _united(answers: Sequence[Verdict]) -> Verdict:
    """The positions that any part of a rule found, or what broke."""
    broken = [answer for answer in answers if isinstance(answer, str)]
    if broken:
        return broken[0]
    found = [answer for answer in answers if not isinstance(answer, str)]
    return found[0] if len(found) == 1 else pl.concat(found).unique().sort()


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """GX logs and warns about its own inner life; errors still reach us through exception_info."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"great_expectations(\.|$)")
            # Row conditions as text, which the exported suites hold, are to go in GX 2.0.
            warnings.filterwarnings("ignore", message=".*(condition_parser|row_condition) parameter")
            yield
    finally:
        logger.setLevel(level)
