"""REDCap's logic: what is read, what each part means, and what is refused with which reason."""

from __future__ import annotations

import math

import polars as pl
import pytest

from milkqc.checks.dictionary.logic import FieldRef, NotEvaluated, evaluate, parse, references
from milkqc.checks.dictionary.logic.grammar import FUNCTIONS, MAX_DEPTH
from milkqc.checks.dictionary.logic.values import from_text
from milkqc.checks.dictionary.logic.words import MAX_LENGTH

CELLS = {
    "sex": "0",
    "weight": "62.5",
    "height": "168",
    "blank": "",
    "word": "other",
    "nk": "NK",
    "born": "2024-01-05",
    "seen": "2024-04-06",
    "stamp": "2024-04-06 13:30",
    "late": "2024-04-07 01:30",
    "never": "2024-02-30",
    "early": "08:15",
    "noon": "12:00",
}


def one(ref: FieldRef):
    text = "1" if ref.code == "2" else "0" if ref.code else CELLS[ref.name]
    return from_text(pl.Series([text])), {"NK"}


def truth(text: str) -> bool | None:
    found = evaluate(parse(text, kind="truth"), one, height=1)
    assert isinstance(found, pl.Series)
    return found[0]


def value(text: str) -> float | str | None:
    """The number; '' for a blank; None where it is not known."""
    number = evaluate(parse(text, kind="value"), one, height=1).number[0]
    return "" if number is not None and math.isnan(number) else number


def refusal(text: str, kind: str = "truth") -> str:
    with pytest.raises(NotEvaluated) as reason:
        parse(text, kind=kind)
    return str(reason.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[sex] = '0'", True),
        ('[sex]="0.0"', True),
        ("[sex] <> 1", True),
        ("[sex] != 0", False),
        ("[weight] > 60 and [height] <= 168", True),
        ("[weight] > 60 AND [height] < 168 or [sex] = 0", True),
        ("[sex] = 1 and [sex] = 0 or [sex] = 0", True),
        ("[sex] = 0 or [sex] = 1 and [sex] = 1", True),
        ("not ([sex] = '0')", False),
        ("[blank] = ''", True),
        ("[weight] <> ''", True),
        ("[blank] = '0'", False),
        ("[blank] = 5", False),
        ("[blank] > 5", False),
        ("[word] = 'other'", True),
        ("[word] = 'Other'", False),
        ("[box(2)] = '1' and [box(1)] = '0'", True),
        ("[seen] > [born]", True),
        ("[seen] >= '2024-04-07'", False),
        ("[blank] > '2024-01-01'", False),
        ("isblankormissingcode([nk])", True),
        ("isblankormissingcode([blank])", True),
        ("isblankormissingcode([sex])", False),
        ("[sex]\n=\t'0'", True),
        ("([sex] = '0')", True),
    ],
)
def test_a_comparison_is_true_or_false(text, expected):
    assert truth(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "[blank] = 0",  # JavaScript and PHP disagree about '' == 0
        "[blank] < 5",  # ... and so whether nothing is below 5
        "[blank] <= 0",
        "[weight] + [blank] = ''",  # NaN is not ''
        "[weight] / 0 > 5",
        "[word] < 5",
        "[word] > 'a'",
        "[blank] < '2024-01-01'",
        "not ([word] < 5)",
        "[sex] = '0' and [word] < 5",
        "if([word] < 5, 1, 2) = 1",
    ],
)
def test_what_redcap_could_read_in_two_ways_is_not_known(text):
    assert truth(text) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("[sex] = '1' and [word] < 5", False), ("[sex] = '0' or [word] < 5", True)]
)
def test_what_is_not_known_does_not_matter_where_the_rest_decides(text, expected):
    assert truth(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2", 5),
        ("10 - 3 - 2", 5),
        ("2 * (3 + 4)", 14),
        ("-[weight] + 100", 37.5),
        ("(-2)^(2)", 4),
        ("round([weight] * 10000 / ([height])^(2), 1)", 22.1),
        ("round(2.5)", 3),
        ("round(0.1 + 0.2, 1)", 0.3),
        ("rounddown(2.99, 1)", 2.9),
        ("[weight] + [blank]", ""),
        ("[weight] + [nk]", ""),
        ("sum([weight], [blank], 1)", 63.5),
        ("mean([weight], [blank], 60.5)", 61.5),
        ("mean([blank])", ""),
        ("if([sex] = '0', [height], [weight])", 168),
        ("if([blank] = '', '', 1)", ""),
        ("datediff([born], [seen], 'd')", 92),
        ("datediff([seen], [born], 'd')", 92),
        ("datediff([seen], [born], 'd', 'ymd', true)", -92),
        ("datediff([seen], [born], 'd', true)", -92),
        ("datediff('06/04/2024', [born], 'd', 'dmy', true)", -92),
        ("datediff('04-06-2024', [born], 'd', 'mdy', true)", -92),
        ("round(datediff([born], [seen], 'M'), 2)", 3.02),
        ("round(datediff([born], [seen], 'y'), 4)", 0.2519),
        ("datediff([stamp], [late], 'h')", 12),
        ("datediff([early], [noon], 'm')", 225),
        ("datediff([early], [noon], 's')", 13500),
        ("datediff([born], [blank], 'd')", ""),
        ("datediff([born], [word], 'd')", ""),
    ],
)
def test_a_calculation_gives_its_number(text, expected):
    assert value(text) == (expected if expected == "" else pytest.approx(expected))


@pytest.mark.parametrize(
    "text",
    [
        "[weight] / 0",
        "sum([blank], [nk])",  # blank, or 0
        "round(-2.5)",  # -2 on the page, -3 on the server
        "round(1.005, 2)",  # the nearest binary number is below the half
        "rounddown(-2.5)",
        "datediff([born], [stamp], 'd')",
        "datediff([never], [born], 'd')",
        "datediff([born], [early], 'h')",
        "10 ^ 400",
    ],
)
def test_a_calculation_that_cannot_be_repeated_surely_is_not_known(text):
    assert value(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("[event-name] = 'birth_arm_1'", "[event-name] is a smart variable, of which an export knows nothing"),
        ("[first-event-name][sex] = 1", "[first-event-name] is a smart variable, of which an export knows nothing"),
        ("[sex:label] = 'Male'", "[sex:label] asks for a label or a format, not for a value"),
        ("[visit][sex][1] = 1", "[sex] names an instance of a repeating form"),
        ("[sex][1] = 1", "[sex][1] names an instance of a repeating form"),
        ("datediff([born], 'today', 'd') > 5", "today depends on the day it was worked out"),
        ("[born] < 'now'", "now depends on the day it was worked out"),
        ("contains([word], 'x')", "the function contains is not in the subset"),
        ("[sex] = 1 && [sex] = 2", "&& at character 11 instead of and, or, not"),
        ("[sex] = 1 || [sex] = 2", "|| at character 11 instead of and, or, not"),
        ("!([sex] = 1)", "! at character 1 instead of and, or, not"),
        ("[sex] = 1 // a note", "a comment at character 11"),
        ("not [sex] = 1", "not without parentheses at character 1"),
        ("1 < [sex] < 5", "two signs without parentheses at character 11"),
        ("2 ^ 3 ^ 2 = 1", "two signs without parentheses at character 7"),
        ("-[sex]^2 = 1", "a minus sign before ^ without parentheses at character 1"),
        ("[sex]", "a value stands where a comparison is needed"),
        ("[sex] and [weight]", "a value stands where a comparison is needed"),
        ("([sex] = 1) + 1 = 2", "a comparison stands where a value is needed"),
        ("if([sex], 1, 2) = 1", "a value stands where a comparison is needed"),
        ("[sex] = 1 and", "it ends too early"),
        ("[sex] = 1)", "nothing fits at character 10"),
        ("([sex] = 1", "it ends too early"),
        ("[sex = 1", "a bracket at character 1 has no partner"),
        ("[sex] = 'a", "a quote at character 9 is not closed"),
        ("sex = 1", "sex is no word of the subset"),
        ("[sex] = 'a\\'", "a backslash in the text at character 9"),
        ("datediff([born], [seen]) > 1", "datediff needs one of the units y, M, d, h, m, s"),
        ("datediff([born], [seen], 'w') > 1", "datediff needs one of the units y, M, d, h, m, s"),
        ("round([sex], [weight]) = 1", "round needs a value and at most a number of decimal places from 0 to 9"),
        ("isblankormissingcode('x')", "isblankormissingcode needs one field"),
        ("[sex] = 12abc", "it cannot be read from character 9 on"),
        ("@HIDDEN", "it cannot be read from character 1 on"),
    ],
)  # fmt: skip
def test_what_is_outside_the_subset_is_refused_with_the_reason(text, reason):
    assert refusal(text) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1" * 1_000_000, "it is 1,000,000 characters long; at most 20,000 are read"),
        ("(" * 10_000 + "1" + ")" * 10_000, "it is 20,001 characters long; at most 20,000 are read"),
        ("(" * 9_000 + "1" + ")" * 9_000, f"it is nested more than {MAX_DEPTH} deep"),
        ("-" * 15_000 + "1", f"it is nested more than {MAX_DEPTH} deep"),
        ("not(" * 4_000, f"it is nested more than {MAX_DEPTH} deep"),
        ("if(" * 6_000, f"it is nested more than {MAX_DEPTH} deep"),
        ("sum(1," * 3_000, f"it is nested more than {MAX_DEPTH} deep"),
        ("1+2*(3^(" * 2_000, f"it is nested more than {MAX_DEPTH} deep"),
    ],
    ids=["1 MB", "10,000 parentheses", "9,000 parentheses", "minus", "not", "if", "sum", "mixed"],
)
def test_a_monster_is_refused_and_costs_nothing(text, reason):
    assert refusal(text, "value") == reason


def test_what_people_really_nest_is_worked_out():
    deep = "1"
    for place in range(MAX_DEPTH - 20):
        deep = f"if([weight] > {place + 1000}, 0, {deep})"
    assert value(deep) == 1
    assert value("+".join(["[weight]"] * 2_000)) == pytest.approx(125_000)
    assert truth(" or ".join(["[sex]=1"] * 1_000)) is False
    assert len("+".join(["[weight]"] * 2_000)) < MAX_LENGTH


def test_references_are_told_with_event_and_code():
    tree = parse("[birth_arm_1][weight] > 1 and [race(-99)] = '1' and [sex] = 0", kind="truth")
    found = {(ref.event, ref.name, ref.code) for ref in references(tree)}
    assert found == {("birth_arm_1", "weight", ""), ("", "race", "-99"), ("", "sex", "")}


def test_each_function_of_the_subset_is_tried_here():
    tried = open(__file__, encoding="utf-8").read()  # noqa: SIM115, PTH123
    assert [name for name in FUNCTIONS if f'("{name}(' not in tried and f'"{name}(' not in tried] == []
