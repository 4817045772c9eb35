"""The rules of each home, described. A new home is one more function in HOMES."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from milkqc.checks.declare import CodedRule
from milkqc.messages import catalogue, title
from milkqc.messages.conditions import condition_text
from milkqc.model import TABLES, Rule, Severity
from milkqc.reference import dictionary
from milkqc.report.place import place_of
from milkqc.rulebook.entry import Described, plain

_RESULTS = ("milk", "biomarkers")
_DICTIONARY = "reference/data/variables.csv"


def suite_rules(rules: Sequence[Rule], *, shipped: Iterable[str]) -> Iterator[Described]:
    """The rules of rule files; those of files not in `shipped` are the study's own."""
    ours = set(shipped)
    for rule in rules:
        yield suite_rule(rule, own=rule.file not in ours)


def suite_rule(rule: Rule, *, own: bool) -> Described:
    """One rule of a rule file."""
    from milkqc.checks.suites.dataset_kinds import in_unit
    from milkqc.checks.suites.given import limits_of
    from milkqc.checks.suites.kinds import KINDS

    kind = KINDS[rule.expect]
    shown = kind.level == "row" or in_unit(kind.figure, rule.arguments)
    expected = kind.expected(rule.arguments, str(rule.arguments.get("unit") or "") if shown else "", {})
    return _described(
        rule.id,
        home="suite",
        table=rule.table,
        pack=PurePosixPath(rule.file).stem,
        columns=rule.columns,
        severity=rule.severity,
        says=plain(rule.says, expected),
        message=rule.says,
        source=rule.source,
        guidance={"site": rule.site, "analyst": rule.analyst},
        judges=_judges(rule),
        expected=expected,
        arguments=limits_of(rule),
        examples=rule.examples,
        file=rule.file,
        line=rule.line,
        own=own,
    )


def coded_rules(rules: Sequence[CodedRule]) -> Iterator[Described]:
    """The decorated functions, those of plug-ins among them."""
    for rule in rules:
        yield _described(
            rule.id,
            home="coded" if rule.ours else "plugin",
            table=rule.table,
            pack=rule.module.rpartition(".")[2],
            columns=rule.columns,
            severity=rule.severity,
            says=rule.told(rule.says),
            message=_message(rule.id),
            source=rule.told(rule.source),
            guidance={"site": rule.site, "analyst": rule.analyst},
            judges=_coded_judges(rule),
            expected=plain(rule.told(rule.expected), ""),
            arguments=rule.limits,
            examples={"pass": rule.passes, "fail": rule.fails},
            file=rule.file,
            line=rule.line,
            own=not rule.ours,
        )


def contract_rules() -> Iterator[Described]:
    """What the data dictionary promises."""
    from milkqc.checks.contract import promises
    from milkqc.checks.contract.judge import entry, text_id

    for table in TABLES:
        for promise in promises(table):
            said = entry(promise)
            column = None if promise.column == "*" else dictionary()[table, promise.column]
            name = title(text_id(promise))
            yield _described(
                promise.id,
                home="contract",
                table=table,
                columns=() if promise.column == "*" else (promise.column,),
                severity=said.severity,
                says=said.says if column is None else f"{column.label}: expected {promise.expected}.",
                source=said.source,
                text=text_id(promise),
                name=name if column is None else f"{column.label}: {name[0].lower()}{name[1:]}",
                expected=promise.expected,
                file=_DICTIONARY,
            )


def laboratory_rules() -> Iterator[Described]:
    """Whole batches of results."""
    from milkqc.checks.laboratory.rules import RULES

    for rule in RULES.values():
        yield _described(
            rule.id, home="laboratory", table="milk", columns=("value",), severity=rule.severity,
            says=rule.says, source=rule.source,
            judges="each analyte of each batch (or site, or file, where there are no batches)",
        )  # fmt: skip


def survey_rules() -> Iterator[Described]:
    """Sites, teams and observers."""
    from milkqc.summarise.survey.judge import RULES
    from milkqc.summarise.survey.mistaken import AGES

    ages = (AGES.id, ("age_days",), AGES.severity, AGES.says, AGES.source)
    others = [(rule.id, rule.variables, rule.severity, rule.says, rule.source) for rule in RULES]
    for rule_id, variables, severity, says, source in (ages, *others):
        yield _described(
            rule_id, home="survey", table="growth", columns=variables, severity=severity, says=says, source=source,
            judges="the whole study and each of its groups that is large enough",
        )  # fmt: skip


def reading_rules() -> Iterator[Described]:
    """What reading and the conversion of units found."""
    from milkqc.decisions import DECISIONS
    from milkqc.mapping.account import READING
    from milkqc.normalise import SUBSTANCE, UNIT, WHOLE

    for rule_id, severity in (READING | DECISIONS).items():
        yield _described(
            rule_id,
            home="reading",
            table="*",
            severity=severity,
            source="definition",
            judges="every mapped cell",
        )
    for table in TABLES:
        kinds = (UNIT, WHOLE, *((SUBSTANCE,) if table in _RESULTS else ()))
        for kind in kinds:
            yield _described(
                kind.format(table), home="reading", table=table, severity="critical", source="definition",
                judges="every mapped number",
            )  # fmt: skip


def analysis_rules() -> Iterator[Described]:
    """What making the analysis table and the files had to leave blank or to warn of."""
    from milkqc.derive.analysis import LEFT_BLANK
    from milkqc.emit.tables import FORMULA

    told: Mapping[str, Severity] = {**LEFT_BLANK, FORMULA: "warning"}
    for rule_id, severity in told.items():
        part = rule_id.split(".")[1]
        table = part if part in TABLES else "*"
        yield _described(
            rule_id, home="analysis", table=table, severity=severity, source="definition",
            judges="every cell of the outputs",
        )  # fmt: skip


def compare_rules() -> Iterator[Described]:
    """The study's own values against ours."""
    from milkqc.checks import compare

    for table in TABLES:
        yield _described(
            f"{table}.compare", home="compare", table=table, severity="warning", says=compare.SAYS,
            source=compare.SOURCE, judges="every value under `compare:` of the mapping",
            expected="within the tolerance that the mapping gives",
        )  # fmt: skip


def redcap_rules() -> Iterator[Described]:
    """What a data dictionary of REDCap asks for."""
    from milkqc.checks.dictionary import SEVERITY

    for rule_id, severity in SEVERITY.items():
        yield _described(
            rule_id, home="redcap", table="*", severity=severity, source="definition: the project's data dictionary",
            judges="every field of every form, as REDCap stored it",
        )  # fmt: skip


def limitless() -> Iterator[Described]:
    """The lines of the ledger that name results without limits."""
    for table in _RESULTS:
        yield _described(
            f"{table}.limits.none", home="suite", table=table, columns=("value",), severity="info",
            says="Values of this analyte are not compared with limits, because none are published.",
            source="reference/data/plausible.csv", pack="milk",
        )  # fmt: skip


def _described(
    rule_id: str,
    *,
    home: Any,
    table: str,
    severity: Severity,
    source: str,
    pack: str = "",
    columns: tuple[str, ...] = (),
    says: str = "",
    message: str = "",
    text: str = "",
    name: str = "",
    guidance: Mapping[str, str] | None = None,
    **more: Any,
) -> Described:
    """Whatever the home does not say itself comes from the catalogue of texts (entry `text`, else the id)."""
    texts = catalogue().get(text or rule_id, {})
    given = guidance or {}
    place = place_of(rule_id, "" if table == "*" else table)
    sentence = message or _message(text or rule_id)
    return Described(
        id=rule_id,
        home=home,
        table=table,
        pack=pack or home,
        columns=columns,
        severity=severity,
        title=name or title(text or rule_id),
        says=says or f"{title(text or rule_id)}.",
        message=sentence,
        source=source,
        site=given.get("site") or texts.get("site", ""),
        analyst=given.get("analyst") or texts.get("analyst", ""),
        owner=place.owner,
        dimension=place.dimension,
        **more,
    )


def _message(rule_id: str) -> str:
    return catalogue().get(rule_id, {}).get("says", "")


def _judges(rule: Rule) -> str:
    """`each value of value where analyte is zinc and stage is mature`."""
    from milkqc.checks.suites.groups import by_of

    column = rule.columns[0] if rule.columns else ""
    conditions = condition_text(rule.when)
    where = f" where {conditions}" if conditions else ""
    if rule.expect == "sum_of" and column == "value":
        return f"each sample's results{where}, against its parts in the same sample"
    if rule.level == "row":
        return f"{'each value of ' + column if column else 'each row'}{where}"
    by = " and ".join(by_of(rule))
    least = rule.arguments.get("min_n")
    enough = f" with at least {least} rows" if least else ""
    of = f"{column}, " if column else ""
    return f"{of}each {by.replace('_', ' ')}{enough}{where}" if by else f"{of}the whole table{where}"


def _coded_judges(rule: CodedRule) -> str:
    needs = f"rows that have {', '.join(rule.needs)}" if rule.needs else "every row of its kind"
    per = f", one finding for each {' and '.join(rule.per)}" if rule.per and rule.level == "row" else ""
    whole = ", one finding for the table" if rule.level == "dataset" else ""
    group = f", one finding for each {rule.per[0]}" if rule.level == "group" else ""
    given = f"; needs {rule.requires.replace('_', ' ')}" if rule.requires else ""
    return f"{needs}{per}{whole}{group}{given}"
