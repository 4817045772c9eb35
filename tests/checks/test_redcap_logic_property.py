"""Random logic on random rows: the columns give what a plain interpreter, row by row and written apart, gives."""

from __future__ import annotations

import datetime as dt
import math
import re

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from milkqc.checks.dictionary.logic import evaluate, parse
from milkqc.checks.dictionary.refer import References
from milkqc.checks.dictionary.sheet import Sheet

CELLS = ("", "", "0", "1", "2", "1.0", "-2.5", "2.25", "07", "x", "NK", "2024-01-31", "2024-03-01", "2024-02-30",
         "2024-01-31 10:30", "2024-01-31 22:00", "10:30", "23:59:59", "1e2")  # fmt: skip
FIELDS = ("a", "b", "d")
EVENTS = ("first_arm_1", "last_arm_1")
CODES = {"NK"}
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
ISO = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?)?")
NAN = float("nan")

# Expressions are tuples; `written` turns them into text and `Interpreter` into a value, neither knowing the other.
leaves = st.one_of(
    st.tuples(st.just("field"), st.sampled_from(FIELDS)),
    st.tuples(st.just("there"), st.sampled_from(EVENTS), st.sampled_from(FIELDS)),
    st.tuples(st.just("box"), st.sampled_from(["1", "-9"])),
    st.just(("comma",)),
    st.tuples(st.just("number"), st.sampled_from(["0", "1", "2", "0.5", "3.75", "100"])),
    st.tuples(st.just("text"), st.sampled_from(["", "0", "1", "x", "2024-02-29", "2.25"])),
)


def wider(values):
    conditions = truths(values)
    return st.one_of(
        st.tuples(
            st.sampled_from(["+-", "*/"]), st.lists(st.tuples(st.booleans(), values), min_size=2, max_size=4)
        ),
        st.tuples(st.just("^"), values, values),
        st.tuples(st.just("minus"), values),
        st.tuples(st.sampled_from(["round", "rounddown"]), values, st.sampled_from([None, 0, 1, 3])),
        st.tuples(st.sampled_from(["sum", "mean"]), st.lists(values, min_size=1, max_size=4)),
        st.tuples(st.just("if"), conditions, values, values),
        st.tuples(st.just("datediff"), values, values, st.sampled_from("yMdhms"), st.booleans()),
    )


def truths(values):
    simple = st.one_of(
        st.tuples(
            st.just("compare"), st.sampled_from(["=", "<>", "!=", "<", ">", "<=", ">="]), values, values
        ),
        st.tuples(st.just("isblank"), st.sampled_from(FIELDS)),
    )
    return st.recursive(
        simple,
        lambda parts: st.one_of(
            st.tuples(st.sampled_from(["and", "or"]), st.lists(parts, min_size=2, max_size=3)),
            st.tuples(st.just("not"), parts),
        ),
        max_leaves=4,
    )


values = st.recursive(leaves, wider, max_leaves=8)

LEVEL = {"or": 1, "and": 2, "compare": 3, "+-": 4, "*/": 5, "^": 6}


def written(node, least=0) -> str:
    """The expression as text, with parentheses only where the order of signs needs them."""
    kind = node[0]
    if kind == "field":
        return f"[{node[1]}]"
    if kind == "there":
        return f"[{node[1]}][{node[2]}]"
    if kind == "box":
        return f"[c({node[1]})]"
    if kind == "comma":
        return "[k]"
    if kind == "number":
        return node[1]
    if kind == "text":
        return f"'{node[1]}'" if node[1] != "x" else '"x"'
    if kind == "minus":
        return f"(-{written(node[1], 9)})"
    if kind in ("round", "rounddown"):
        return f"{kind}({written(node[1])}{'' if node[2] is None else f', {node[2]}'})"
    if kind in ("sum", "mean"):
        return f"{kind}({','.join(written(part) for part in node[1])})"
    if kind == "if":
        return f"if( {written(node[1])} , {written(node[2])},{written(node[3])})"
    if kind == "datediff":
        return f"datediff({written(node[1])}, {written(node[2])}, '{node[3]}', 'ymd', {str(node[4]).lower()})"
    if kind == "isblank":
        return f"isblankormissingcode([{node[1]}])"
    if kind == "not":
        return f"not({written(node[1])})"
    level = LEVEL[kind]
    if kind == "compare":
        text = f"{written(node[2], 4)} {node[1]} {written(node[3], 4)}"
    elif kind in ("and", "or"):
        text = f"\n{kind.upper()} ".join(written(part, level + 1) for part in node[1])
    elif kind == "^":
        text = f"{written(node[1], 7)}^{written(node[2], 7)}"
    else:
        text = written(node[1][0][1], level)
        for first, part in node[1][1:]:
            text += f" {kind[0] if first else kind[1]} {written(part, level + 1)}"
    return f"({text})" if level < least else text


class Interpreter:
    """One row. A value is None (not known) or (text, number or NaN, is it a number without quotes?)."""

    def __init__(self, row: dict[str, str], others: dict[str, dict[str, str]]):
        self.row, self.others = row, others

    def of_text(self, text: str, *, bare: bool = False):
        number = float(text) if NUMBER.fullmatch(text) else NAN
        return text, number, bare

    def worked_out(self, number):
        if number is None or isinstance(number, complex) or math.isinf(number):
            return None if not isinstance(number, complex) else ("", NAN, True)
        return ("" if math.isnan(number) else repr(number), number, True)

    def value(self, node):
        kind = node[0]
        if kind in ("field", "there", "box", "comma"):
            row = self.row if kind != "there" else self.others.get(node[1], {})
            if kind == "box":
                return self.of_text({"1": row["c___1"], "-9": row["c____9"]}[node[1]] or "0")
            if kind == "comma":
                text, number, bare = self.of_text(row["k"].replace(",", "."))
                return text, number, bare
            return self.of_text(row.get(node[-1], ""))
        if kind in ("number", "text"):
            return self.of_text(node[1], bare=kind == "number")
        if kind == "if":
            chosen = self.truth(node[1])
            return None if chosen is None else self.value(node[2] if chosen else node[3])
        if kind == "datediff":
            return self.worked_out(self.datediff(self.value(node[1]), self.value(node[2]), node[3], node[4]))
        if kind in ("sum", "mean"):
            return self.counted(kind, [self.value(part) for part in node[1]])
        if kind in ("round", "rounddown"):
            return self.rounded(self.value(node[1]), node[2] or 0, down=kind == "rounddown")
        if kind == "minus":
            return self.arithmetic([("+", ("0", 0.0, True)), ("-", self.value(node[1]))])
        if kind == "^":
            return self.arithmetic([("+", self.value(node[1])), ("^", self.value(node[2]))])
        return self.arithmetic([(kind[0] if first else kind[1], self.value(part)) for first, part in node[1]])

    def arithmetic(self, parts):
        total = parts[0][1]
        for sign, part in parts[1:]:
            if total is None or part is None:
                total = None
                continue
            x, y = total[1], part[1]
            if math.isnan(x) or math.isnan(y):
                total = ("", NAN, True)
                continue
            try:
                result = {
                    "+": lambda x=x, y=y: x + y,
                    "-": lambda x=x, y=y: x - y,
                    "*": lambda x=x, y=y: x * y,
                    "/": lambda x=x, y=y: x / y,
                    "^": lambda x=x, y=y: x**y,
                }[sign]()
            except OverflowError:
                result = None
            except ZeroDivisionError:
                result = NAN if sign == "/" and x == 0 else None
            total = self.worked_out(result)
        return total

    def counted(self, kind, parts):
        if any(part is None for part in parts):
            return None
        numbers = [part[1] for part in parts if not math.isnan(part[1])]
        if not numbers:
            return None if kind == "sum" else ("", NAN, True)
        total = 0.0
        for number in numbers:
            total += number
        return self.worked_out(total if kind == "sum" else total / len(numbers))

    def rounded(self, part, places, *, down):
        if part is None or math.isnan(part[1]):
            return part if part is None else ("", NAN, True)
        x = part[1] * 10.0**places
        if math.isinf(x):
            return None
        whole = math.floor(x)
        edges = (whole, whole + 1) if down else (whole + 0.5, whole - 0.5, whole + 1.5)
        exact = x in edges
        near = any(abs(x - edge) <= 1e-9 * max(abs(x), 1) for edge in edges)
        if down:
            if (near and not exact) or (x < 0 and x != whole):
                return None
            return self.worked_out(whole / 10.0**places)
        if near and (not exact or x < 0):
            return None
        return self.worked_out(math.floor(x + 0.5) / 10.0**places)

    def datediff(self, start, end, unit, signed):
        if start is None or end is None:
            return None
        sides = [self.instant(start[0]), self.instant(end[0])]
        if "none" in [kind for kind, _ in sides]:
            return None
        if None in [kind for kind, _ in sides]:
            return NAN
        if sides[0][0] != sides[1][0]:
            return None
        seconds = sides[1][1] - sides[0][1]
        length = {"y": 365.2425 * 86400, "M": 30.44 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}[unit]
        return seconds / length if signed else abs(seconds / length)

    def instant(self, text):
        forms = {"%Y-%m-%d": "date", "%Y-%m-%d %H:%M": "datetime", "%H:%M": "time", "%H:%M:%S": "time"}
        for form, kind in forms.items():
            try:
                found = dt.datetime.strptime(text, form)
            except ValueError:
                continue
            epoch = dt.datetime(1900, 1, 1) if kind == "time" else dt.datetime(1970, 1, 1)
            return kind, (found - epoch).total_seconds()
        return ("none", None) if text == "2024-02-30" else (None, None)

    def truth(self, node):
        kind = node[0]
        if kind == "isblank":
            text = self.row[node[1]]
            return text == "" or text in CODES
        if kind == "not":
            part = self.truth(node[1])
            return None if part is None else not part
        if kind in ("and", "or"):
            parts = [self.truth(part) for part in node[1]]
            if (kind == "or") in parts:
                return kind == "or"
            return None if None in parts else kind == "and"
        left, right = self.value(node[2]), self.value(node[3])
        if left is None or right is None:
            return None
        if node[1] in ("=", "<>", "!="):
            same = self.equal(left, right)
            return same if node[1] == "=" or same is None else not same
        return self.ordered(node[1], left, right)

    def equal(self, left, right):
        if not math.isnan(left[1]) and not math.isnan(right[1]):
            return left[1] == right[1]
        if left[0] == "" and right[0] == "":
            return None if left[2] or right[2] else True
        for one, other in ((left, right), (right, left)):
            if one[0] == "" and other[1] == 0 and (one[2] or other[2]):
                return None
        return left[0] == right[0]

    def ordered(self, sign, left, right):
        def asked(x, y):
            return {"<": x < y, ">": x > y, "<=": x <= y, ">=": x >= y}[sign]

        if not math.isnan(left[1]) and not math.isnan(right[1]):
            return asked(left[1], right[1])
        dated = [bool(ISO.fullmatch(side[0])) for side in (left, right)]
        if all(dated):
            return asked(left[0], right[0]) if len(left[0]) == len(right[0]) else None
        if any(dated):
            if "" not in (left[0], right[0]):
                return None
            return None if asked(left[0], right[0]) else False
        # A blank counts as no number to the one and as 0 to the other; only where both agree is it known.
        numbers = [0.0 if side[0] == "" else side[1] for side in (left, right)]
        if any(math.isnan(number) for number in numbers):
            return None
        return None if asked(*numbers) else False


rows = st.fixed_dictionaries(
    {name: st.sampled_from(CELLS) for name in FIELDS}
    | {"k": st.sampled_from(["", "1,5", "2", "x"]), "c___1": st.sampled_from(["0", "1", ""]), "c____9": st.sampled_from(["0", "1"])}
)  # fmt: skip
RECORDS = ("1", "2")


@settings(max_examples=200)
@given(value=values, truth=truths(values), rows=st.lists(rows, min_size=4, max_size=4))
def test_columns_give_what_a_plain_interpreter_gives(value, truth, rows, redcap):
    keys = [(record, event) for record in RECORDS for event in EVENTS]
    columns = {
        "id": [record for record, _ in keys],
        "redcap_event_name": [event for _, event in keys],
        **{name: [row[name] for row in rows] for name in rows[0]},
    }
    fields = {
        "id": {},
        "a": {},
        "b": {},
        "d": {},
        "k": {"validation": "number_comma_decimal"},
        "c": {"field_type": "checkbox"},
    }
    export = redcap(columns, fields, codes=dict.fromkeys(FIELDS, CODES))
    look = References(Sheet(export), ())
    interpreters = []
    for (record, _), row in zip(keys, rows, strict=True):
        others = {event: rows[place] for place, (other, event) in enumerate(keys) if other == record}
        interpreters.append(Interpreter(row, others))

    found = evaluate(parse(written(truth), kind="truth"), look, height=4)
    assert isinstance(found, pl.Series)
    assert found.to_list() == [each.truth(truth) for each in interpreters], written(truth)

    worth = evaluate(parse(written(value), kind="value"), look, height=4)
    for number, text, each in zip(worth.number, worth.text, interpreters, strict=True):
        expected = each.value(value)
        if expected is None:
            assert (number, text) == (None, None), written(value)
        elif math.isnan(expected[1]):
            assert math.isnan(number), written(value)
            assert text == expected[0], written(value)
        else:
            assert math.isclose(number, expected[1], rel_tol=1e-12, abs_tol=1e-300), written(value)
