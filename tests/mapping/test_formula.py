"""Formulas: the grammar, its units and kinds, and what they give, against an evaluator of the test's own."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milkqc.errors import UnitError
from milkqc.mapping import formula as formulas
from milkqc.mapping.formula import FormulaError, Name, Type, Worked

UNITS = {"w": "kg", "g": "g", "l": "cm", "n": None, "m": None}


def types(name: Name) -> Type:
    return Type(name.kind, UNITS.get(name.name) if name.kind == "number" else None)


def worked(text: str, **columns: list[object]) -> tuple[list[object], list[str | None]]:
    """Values and reasons of a formula over columns of numbers, dates and texts; a null's reason is `no_<column>`."""
    height = max((len(column) for column in columns.values()), default=1)

    def part(name: Name) -> Worked:
        kinds = {"number": pl.Float64, "date": pl.Date, "text": pl.String}
        series = pl.Series(columns[name.name], dtype=kinds[name.kind])
        reason = pl.Series([None if value is not None else f"no_{name.name}" for value in series])
        return Worked(series, reason.cast(pl.String))

    made = formulas.evaluate(formulas.parse(text), part, types, height)
    return made.value.to_list(), made.missing.to_list()


D = dt.date


@pytest.mark.parametrize(
    ("text", "columns", "value", "reason"),
    [
        ("w * 1000", {"w": 3.2}, 3200.0, None),
        ("w + g", {"w": 3.0, "g": 250.0}, 3.25, None),
        ("w - 0.2 [kg]", {"w": 3.0}, 2.8, None),
        ("w - 50 [g]", {"w": 3.0}, 2.95, None),
        ("-w + 2 * w", {"w": 3.0}, 3.0, None),
        ("2 + 3 * 4 - 6 / 3", {}, 12.0, None),
        ("10 - 3 - 2", {}, 5.0, None),
        ("n / m", {"n": 1.0, "m": 0.0}, None, "division_by_zero"),
        ("n / m", {"n": None, "m": 0.0}, None, "no_n"),
        ("n * 1e200 * 1e200", {"n": 1.0}, None, "not_finite"),
        ("min(w, g)", {"w": 3.0, "g": 2500.0}, 2.5, None),
        ("max(w, g, 9 [kg])", {"w": 3.0, "g": 2500.0}, 9.0, None),
        ("min(n, m)", {"n": 1.0, "m": None}, None, "no_m"),
        ("first_of(n, m, 7)", {"n": None, "m": None}, 7.0, None),
        ("first_of(n, m)", {"n": None, "m": None}, None, "no_n"),
        ("first_of(n / m, 4) + 1", {"n": 1.0, "m": 0.0}, 5.0, None),
        ("abs(n)", {"n": -4.5}, 4.5, None),
        ("round(1.005, 2)", {}, 1.01, None),
        ("round(-2.5)", {}, -3.0, None),
        ("round(n, 1)", {"n": 2.25}, 2.3, None),
        ("floor(n) + ceil(n)", {"n": 2.4}, 5.0, None),
        ("if(w > 2500 [g], 1, 0)", {"w": 3.0}, 1.0, None),
        ("if(w > 2500 [g], n, m)", {"w": 3.0, "n": None, "m": 2.0}, None, "no_n"),
        ("if(w > 2500 [g], n, m)", {"w": None, "n": 1.0, "m": 2.0}, None, "no_w"),
        ("if(w > 2500 [g], n, m)", {"w": 1.0, "n": None, "m": 2.0}, 2.0, None),
        ("if(n > 1 or m > 1, w, g)", {"n": 2.0, "m": None, "w": 3.0, "g": 9.0}, 3.0, None),
        ("if(not n = 1 and m != 2, w, g)", {"n": 2.0, "m": 3.0, "w": 3.0, "g": 9.0}, 3.0, None),
        ("if(is_missing(n), 1, 0)", {"n": None}, 1.0, None),
        ('date(a, "%d/%m/%Y") - date(b)', {"a": D(2024, 3, 1), "b": D(2024, 2, 1)}, 29.0, None),
        ("date(a) + 28 [d]", {"a": D(2024, 2, 1)}, D(2024, 2, 29), None),
        ("date(a) - 1 [wk]", {"a": D(2024, 2, 8)}, D(2024, 2, 1), None),
        ("date(a) + n * 1 [d]", {"a": D(2024, 2, 1), "n": 9e9}, None, "no_such_date"),
        ('date(a) >= date("2024-02-01")', {"a": D(2024, 2, 1)}, True, None),
        ("date(n, m, 30)", {"n": 2024.0, "m": 4.0}, D(2024, 4, 30), None),
        ("date(n, m, 30)", {"n": 2024.0, "m": 2.0}, None, "no_such_date"),
        ("date(n, m, 1.5)", {"n": 2024.0, "m": 2.0}, None, "no_such_date"),
        ("year(date(a)) * 100 + month(date(a))", {"a": D(2024, 2, 8)}, 202402.0, None),
        ("max(date(a), date(b))", {"a": D(2024, 2, 8), "b": D(2023, 2, 8)}, D(2024, 2, 8), None),
        ('if(text(s) = "2.0", w - 0.05 [kg], w)', {"s": "2", "w": 3.0}, 2.95, None),
    ],
)
def test_what_a_formula_gives(text, columns, value, reason):
    values, reasons = worked(text, **{name: [cell] for name, cell in columns.items()})
    assert values == [pytest.approx(value) if isinstance(value, float) else value]
    assert reasons == [reason]


@pytest.mark.parametrize(
    ("text", "unit"),
    [("w * 1000", "kg"), ("round(w, 1)", "kg"), ("min(g, w)", "g"), ("if(n > 1, l, 2 [m])", "cm"),
     ("w / (l * l)", "kg/cm2"), ("date(a) - date(b)", "d"), ("(date(a) - date(b)) / 1 [wk]", "1"), ("n + 1", None)],
)  # fmt: skip
def test_the_unit_of_a_formula(text, unit):
    assert formulas.type_of(formulas.parse(text), types).unit == unit


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("w + l", UnitError, "character 3 of the formula: kg + cm: the two sides do not measure the same thing. Convert one side first."),
        ("w - 0.2", UnitError, "character 3 of the formula: cannot subtract kg and a plain number. Give both a unit: 0.2 [kg] is a number with its unit."),
        ("w > 2", UnitError, "character 3 of the formula: cannot compare kg and a plain number. Give both a unit: 0.2 [kg] is a number with its unit."),
        ("if(n > 1, w, l)", UnitError, "character 1 of the formula: kg + cm: the two sides do not measure the same thing. Convert one side first."),
        ("w - 2 [stone]", UnitError, None),
        ("if(w, 1, 2)", FormulaError, "character 1 of the formula: the first part of if takes a condition, not a number"),
        ("date(a) + date(b)", FormulaError, "character 9 of the formula: a date + a date means nothing"),
        ("date(a) + n", UnitError, "character 9 of the formula: cannot add to a date d and a plain number. Give both a unit: 0.2 [kg] is a number with its unit."),
        ("date(a) > 3", FormulaError, "character 9 of the formula: cannot compare a date and a number"),
        ("text(s) < text(t)", FormulaError, "character 9 of the formula: a text has no <"),
        ("round(n, m)", FormulaError, "character 10 of the formula: the second part of round is a number of decimals, 0 to 12"),
        ("n and m", FormulaError, "character 3 of the formula: `and` takes a condition, not a number"),
        ("month(n)", FormulaError, "character 1 of the formula: month takes a date, not a number"),
        ('min(text(s), "x")', FormulaError, "character 1 of the formula: min is of numbers or dates, not of a text"),
    ],
)  # fmt: skip
def test_parts_that_do_not_go_together(text, error, message):
    with pytest.raises(error) as raised:
        formulas.type_of(formulas.parse(text), types)
    assert message is None or str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "message", "todo"),
    [
        ("w +", "character 4 of the formula: the end stands where a number, a name or a bracket belongs", "Write it like `both - mother`."),
        ("w g", "character 3 of the formula: 'g' stands where an operation belongs", "Write it like `both - mother`."),
        ("(w + g", "character 7 of the formula: the end stands where the bracket of character 1 should be closed", "Close the bracket; decimals are written with a point."),
        ("w + (1,5)", "character 7 of the formula: ',' stands where the bracket of character 5 should be closed", "Close the bracket; decimals are written with a point."),
        ("w ^ 2", "character 3 of the formula: '^' has no meaning in a formula", "Multiply it out: a * a."),
        ("log(w)", "character 1 of the formula: there is no function 'log'", "Known are min, max, abs, round, floor, ceil, if, first_of, is_missing, date, text, year, month."),
        ("rond(w)", "character 1 of the formula: there is no function 'rond'", "Did you mean round? Known are min, max, abs, round, floor, ceil, if, first_of, is_missing, date, text, year, month."),
        ("if(w > g, 1)", "character 1 of the formula: if takes 3 parts, not 2", "Write it like `both - mother`."),
        ("1 < n < 3", "character 7 of the formula: a comparison has two sides", "Join two comparisons by `and`: a < b and b < c."),
        ("{visit} + 1", "character 1 of the formula: '{' has no meaning in a formula", "Give the column of each visit a name by `let`."),
        ('date("2024-02-30")', "character 6 of the formula: '2024-02-30' is no date", 'Write it like date("2024-01-31").'),
        ('date(a, "d/m")', "character 9 of the formula: the second part of date is its format", 'Write date(COLUMN, "%d/%m/%Y").'),
        ("__import__('os')", "character 1 of the formula: there is no function '__import__'", None),
        ("w.real.imag", "character 7 of the formula: '.' has no meaning in a formula", None),
        ("w if w else g", "character 3 of the formula: 'if' stands where an operation belongs", None),
        ("[1 for x in y]", "character 1 of the formula: '[1 for x in y]' stands where a number, a name or a bracket belongs", None),
        ("", "the formula is empty", None),
        ("1e999", "character 1 of the formula: 1e999 is too large a number", None),
        ("a" * 501, "a formula has at most 500 characters", "Give parts of it a name by `let`."),
        ("(" * 31 + "1" + ")" * 31, "character 31 of the formula: more than 30 brackets inside each other", "Give parts of it a name by `let`."),
        ("+".join("1" * 122), "character 242 of the formula: too many parts in one row", "Give parts of it a name by `let`."),
    ],
)  # fmt: skip
def test_what_is_no_formula_says_where(text, message, todo):
    with pytest.raises(FormulaError) as raised:
        formulas.parse(text)
    assert str(raised.value) == message
    assert todo is None or raised.value.todo == todo


def test_names_are_listed_once_and_as_they_are_read():
    tree = formulas.parse('if(text(s) = "1", w, w + tubes.X) / (date(a, "%Y") - date(a))')
    assert list(formulas.names(tree)) == ["s", "w", "tubes.X", "a"]
    assert [(one.kind, one.format) for one in formulas.reads(tree)] == [
        ("text", None), ("number", None), ("number", None), ("date", "%Y"), ("date", None)
    ]  # fmt: skip


@given(st.text(alphabet="wgn1.5+-*/<>=!(),[]{} \"'%&|abfirst_of andormin\u00e9\n", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_formula_or_a_formula_error(text):
    with contextlib.suppress(FormulaError, UnitError):
        formulas.type_of(formulas.parse(text), types)


# The independent evaluator: Python objects row by row, None for missing; no polars, no tree of milkqc's.
NUMBERS = st.one_of(st.none(), st.integers(-50, 50).map(lambda n: n / 4))


def numbers(depth: int) -> st.SearchStrategy[tuple[str, object]]:
    """(text, function of a row) pairs of formulas without units."""
    leaf = st.one_of(
        st.sampled_from("nm").map(lambda name: (name, lambda row, name=name: row[name])),
        st.integers(0, 20).map(lambda n: (str(n), lambda row, n=n: float(n))),
    )
    if depth == 0:
        return leaf
    inner = numbers(depth - 1)
    return st.one_of(
        leaf,
        st.tuples(st.sampled_from("+-*/"), inner, inner).map(arithmetic),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(smallest),
        inner.map(lambda a: (f"abs({a[0]})", lambda row: None if a[1](row) is None else abs(a[1](row)))),
        inner.map(lambda a: (f"-({a[0]})", lambda row: None if a[1](row) is None else -a[1](row))),
        st.tuples(st.integers(0, 3), inner).map(rounded),
        st.tuples(inner, inner).map(
            lambda p: (
                f"first_of({p[0][0]}, {p[1][0]})",
                lambda row: p[0][1](row) if p[0][1](row) is not None else p[1][1](row),
            )
        ),
        st.tuples(conditions(depth - 1), inner, inner).map(chosen),
    )


def conditions(depth: int) -> st.SearchStrategy[tuple[str, object]]:
    inner = numbers(depth)
    compared = st.tuples(st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), inner, inner).map(comparison)
    if depth == 0:
        return compared
    deeper = conditions(depth - 1)
    return st.one_of(
        compared,
        inner.map(lambda a: (f"is_missing({a[0]})", lambda row: a[1](row) is None)),
        deeper.map(lambda a: (f"(not {a[0]})", lambda row: None if a[1](row) is None else not a[1](row))),
        st.tuples(deeper, deeper).map(
            lambda p: (
                f"({p[0][0]} and {p[1][0]})",
                lambda row: kleene(all, False, p[0][1](row), p[1][1](row)),
            )
        ),
        st.tuples(deeper, deeper).map(
            lambda p: (f"({p[0][0]} or {p[1][0]})", lambda row: kleene(any, True, p[0][1](row), p[1][1](row)))
        ),
    )


def kleene(combine, decides, a, b):
    if decides in (a, b):
        return decides
    return None if None in (a, b) else combine((a, b))


def arithmetic(given_):
    sign, (left, a), (right, b) = given_

    def value(row):
        x, y = a(row), b(row)
        if x is None or y is None or (sign == "/" and y == 0):
            return None
        found = {"+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "/": lambda: x / y}[sign]()
        return found if math.isfinite(found) else None

    return f"({left} {sign} {right})", value


def smallest(given_):
    name, (left, a), (right, b) = given_
    pick = min if name == "min" else max
    return (
        f"{name}({left}, {right})",
        lambda row: None if a(row) is None or b(row) is None else pick(a(row), b(row)),
    )


def rounded(given_):
    digits, (text, a) = given_

    def value(row):
        x = a(row)
        if x is None or abs(x) > 1e9:
            return x
        # 15 significant digits is what a person sees of a float.
        shown = Decimal(f"{x:.15g}")
        return float(shown.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))

    return f"round({text}, {digits})", value


def comparison(given_):
    sign, (left, a), (right, b) = given_

    def value(row):
        x, y = a(row), b(row)
        if x is None or y is None:
            return None
        return {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y, "=": x == y, "!=": x != y}[sign]

    return f"{left} {sign} {right}", value


def chosen(given_):
    (text, condition), (yes, a), (no, b) = given_

    def value(row):
        known = condition(row)
        return None if known is None else a(row) if known else b(row)

    return f"if({text}, {yes}, {no})", value


@given(numbers(3), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4))
@settings(max_examples=250, deadline=None)
def test_formulas_give_what_an_independent_evaluator_gives(pair, rows):
    text, value = pair
    if len(text) > formulas.MAX_LENGTH:
        return
    found, reasons = worked(text, n=[n for n, _ in rows], m=[m for _, m in rows])
    wanted = [value({"n": n, "m": m}) for n, m in rows]
    for mine, theirs, reason in zip(found, wanted, reasons, strict=True):
        assert (mine is None) == (theirs is None), text
        assert (reason is None) == (mine is not None)
        if mine is not None:
            assert mine == pytest.approx(theirs, rel=1e-12, abs=1e-12), text


def test_a_formula_reads_dates_texts_and_conditions_from_the_files(mapped):
    applied = mapped(
        """
        milkqc: 1
        study: s
        tables: {t: {file: t.csv}}
        growth:
          from: t
          key: {participant_id: PID, visit: {do: constant, value: birth}}
          let: {shirt: {do: constant, value: 50, unit: g}}
          columns:
            age_days: {do: formula, formula: 'date(V, "%d/%m/%Y") - date(Y, M, D)'}
            weight_kg: {do: formula, formula: 'if(text(SCALE) = "2", W - shirt, W)', unit: kg}
            oedema: {do: formula, formula: "PIT >= 3"}
            visit_date: {do: formula, formula: "date(Y, M, D) + AGE * 1 [d]"}
        unmapped: {t: []}
        """,
        t="""
        PID,V,Y,M,D,SCALE,W,PIT,AGE
        1,05/02/2024,2024,2,1,2,3.25,3,4
        2,31/02/2024,2024,2,30,1,3.25,,4
        """,
    )
    growth = applied.tables["growth"].sort("participant_id")
    assert growth["age_reported_days__number"].to_list() == [4.0, None]
    assert growth["age_reported_days__raw_unit"].to_list() == ["d", "d"]
    assert growth["age_reported_days__missing"].to_list() == [None, "unreadable"]
    assert growth["weight_kg__number"].to_list() == [3.2, 3.25]
    assert growth["oedema"].to_list() == [True, None]
    assert growth["visit_date"].to_list() == [dt.date(2024, 2, 5), None]
    assert growth["visit_date__missing"].to_list() == [None, "no_such_date"]
    assert growth["visit_date__raw"][0] == "Y=2024; M=2; D=1; AGE=4"
    found = applied.drafts.filter(pl.col("rule_id").str.starts_with("reading.date"))
    assert found["value"].to_list() == ["31/02/2024"]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("age_days: {do: formula, formula: 'date(V) - date(V)'}",
         "study.yaml:8 M305 growth.columns.age_days.formula: V is text or a number, and nothing says how its dates are written. "
         'Add `format: "%d/%m/%Y"` (or as the file has it).'),
        ("weight_kg: {do: formula, formula: 'W + 2 [cm]', unit: kg}",
         "study.yaml:8 M207 growth.columns.weight_kg.formula: character 3 of the formula: kg + cm: the two sides do not measure the same thing. Convert one side first."),
        ("weight_kg: {do: formula, formula: 'W > 2 [kg]', unit: kg}",
         "study.yaml:8 M150 growth.columns.weight_kg.formula: it gives a boolean, and weight_kg is a number. Make that of it."),
        ("oedema: {do: formula, formula: 'W', unit: kg}",
         "study.yaml:8 M150 growth.columns.oedema.formula: it gives a number, and oedema is a boolean. Make that of it."),
        ("weight_kg: {do: formula, formula: 'date(b) - date(b)'}",
         "study.yaml:8 M150 growth.columns.weight_kg.formula: character 6 of the formula: the let b is a number. Read its column itself as a date."),
    ],
)  # fmt: skip
def test_faults_of_formulas_name_their_line_and_place(faults_of, column, message):
    faults = faults_of(
        f"""
        milkqc: 1
        study: s
        tables: {{t: {{file: t.csv}}}}
        growth:
          from: t
          key: {{participant_id: PID, visit: {{do: constant, value: birth}}}}
          let: {{b: {{from: W, unit: kg}}}}
          columns: {{{column}}}
        unmapped: {{t: ["*"]}}
        """,
        t="PID,V,W\n1,05/02/2024,3\n",
    )
    assert message in faults


CENSORED = """\
milkqc: 1
study: t
tables: {lab: {file: lab.csv}}
milk:
  from: lab
  key: {participant_id: ID, visit: V, sample_id: S}
  let: {a: {from: A, unit: mg/L}}
  columns: {volume_ml: {from: VOL, unit: mL}}
  analytes:
    zinc: {do: formula, formula: A + B, unit: mg/L}
    iron: {do: formula, formula: "if(is_missing(a), 0 [mg/L], a)"}
    copper: {do: formula, formula: "first_of(A, B)", unit: mg/L}
"""


def test_a_censored_part_leaves_no_value_for_that_reason_and_is_not_unreadable(tmp_path):
    import milkqc

    (tmp_path / "lab.csv").write_text(
        "ID,V,S,VOL,A,B\n1,m3,s1,10,5,6\n2,m3,s2,10,<LOD,6\n3,m3,s3,10,>100,7\n4,m3,s4,10,abc,7\n5,m3,s5,<5,,<2\n"
    )
    (tmp_path / "m.yaml").write_text(CENSORED)
    result = milkqc.run(tmp_path / "m.yaml", data=tmp_path)
    made = {
        (row["participant_id"], row["analyte"]): row["missing_reason"] or row["value"]
        for row in result.milk.iter_rows(named=True)
    }
    assert {key: value for key, value in made.items() if key[1] == "zinc"} == {
        ("1", "zinc"): 11, ("2", "zinc"): "censored", ("3", "zinc"): "censored", ("4", "zinc"): "unreadable",
        ("5", "zinc"): "empty",
    }  # fmt: skip
    assert [made[str(n), "iron"] for n in range(1, 6)] == [5, "censored", "censored", 0, 0]
    assert [made[str(n), "copper"] for n in range(1, 6)] == [5, "censored", "censored", 7, "censored"]
    unreadable = result.findings.filter(rule_id="reading.number.unreadable")
    # A sample's own facts are no results: a volume below 5 is still unreadable.
    assert set(unreadable["value"]) == {"abc", "<5"}


@pytest.mark.parametrize(
    ("sign", "todo"),
    [
        ("\u2212", "looks like a minus"),
        ("\u00d7", "Write *"),
        ("\u201c", "straight quotes"),
        ("\u200b", "cannot be seen"),
    ],
)
def test_signs_that_look_right_are_told_apart(sign, todo):
    with pytest.raises(FormulaError) as raised:
        formulas.parse(f"both {sign} mother")
    assert raised.value.at == 5
    assert todo in raised.value.todo


def test_the_documentation_has_the_whole_grammar():
    from pathlib import Path

    from milkqc.mapping.formula import grammar

    rules = (grammar.__doc__ or "").split("\n\n", 1)[1].strip()
    page = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
    assert f"```\n{rules}\n```" in page
