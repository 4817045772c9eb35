"""What the engines do that surprises, one test for each: our answer stays right where theirs would mislead.

docs/traps.md names the test that holds each trap, these and those elsewhere.
"""

from __future__ import annotations

import dataclasses
import random
import socket
from pathlib import Path

import duckdb
import pandera.errors
import pandera.pandas
import pandera.polars as pa
import polars as pl
import pytest

from milkqc.checks import contract, suites
from milkqc.checks.contract import backend
from milkqc.checks.suites import greatex, plain, schemas
from milkqc.checks.suites.export import to_gx
from milkqc.checks.suites.judged import Question
from milkqc.checks.views import views
from milkqc.errors import SuiteFaults
from milkqc.model import Rule


def rule(name, expect, columns=("weight_kg",), **arguments):
    return Rule(
        f"growth.trap.{name}", "growth", expect, columns, "info", "Look.", "a test", arguments=arguments
    )


def ask(frame, *rules):
    """Each rule asked of the columns of `frame`: `value`, and for a pair `other`."""
    return [Question(one, dict(zip(("value", "other"), one.columns, strict=False)), frame) for one in rules]


FRAME = pl.DataFrame({"weight_kg": [3.0, 99.0, None, 5.0], "length_cm": [50.0, None, 60.0, 4.0]})
BETWEEN = rule("between", "value_between", min=0, max=10)
AT_MOST = rule("at_most", "value_between", max=4)
PAIR = rule("pair", "compare_columns", ("weight_kg", "length_cm"), **{"is": "below", "other": "length_cm"})


def places(verdicts):
    return [one if isinstance(one, str) else one.to_list() for one in verdicts]


@pytest.mark.usefixtures("great_expectations")
def test_gx_answers_in_another_order_and_each_rule_gets_its_own_answer(monkeypatch):
    import great_expectations as gx

    validate = gx.datasource.fluent.interfaces.Batch.validate

    def shuffled(self, *given, **named):
        told = validate(self, *given, **named)
        told.results = told.results[::-1]
        return told

    monkeypatch.setattr(gx.datasource.fluent.interfaces.Batch, "validate", shuffled)
    assert places(greatex.judge(ask(FRAME, BETWEEN, AT_MOST, PAIR))) == [[1], [1, 3], [3]]


def test_gx_flags_a_pair_with_a_null_unless_told_and_we_do_not_judge_it():
    assert places(greatex.judge(ask(FRAME, PAIR))) == [[3]]


@pytest.mark.usefixtures("great_expectations")
def test_gx_that_answers_nothing_breaks_the_rule(monkeypatch):
    import great_expectations as gx

    validate = gx.datasource.fluent.interfaces.Batch.validate

    def short(self, *given, **named):
        told = validate(self, *given, **named)
        told.results = told.results[:1]
        return told

    monkeypatch.setattr(gx.datasource.fluent.interfaces.Batch, "validate", short)
    told = greatex.judge(ask(FRAME, BETWEEN, AT_MOST))
    assert [isinstance(one, str) for one in told] == [False, True]
    assert told[1] == "Great Expectations gave no answer."


def test_gx_drops_an_expectation_it_holds_already_and_two_equal_rules_are_both_judged():
    assert places(greatex.judge(ask(FRAME, BETWEEN, rule("same", "value_between", min=0.0, max=10)))) == [
        [1],
        [1],
    ]


@pytest.mark.parametrize("engine", ["gx", "pandera", "expressions"])
def test_a_column_of_nulls_succeeds_vacuously_and_is_nothing_to_look_at(view, engine):
    frame = view("growth", {"weight_kg": [None, None]})
    (row,) = (
        row
        for row in suites.check({"growth": frame}, [BETWEEN], engine=engine).ledger
        if row.rule_id == BETWEEN.id
    )
    assert (row.status, row.looked_at) == ("nothing_to_look_at", 0)


@pytest.mark.parametrize("backend", ["polars", "pandas"])
def test_pandera_loses_the_name_of_a_check_and_each_rule_gets_its_own_rows(backend):
    rules = [BETWEEN, AT_MOST, rule("listed", "value_not_in_set", values=(5.0,)), PAIR]
    assert places(schemas.judge(ask(FRAME, *rules), backend=backend)) == [[1], [1, 3], [3], [3]]


@pytest.mark.parametrize("backend", ["polars", "pandas"])
def test_a_check_that_raises_looks_like_a_failure_in_pandera_and_is_broken(backend, monkeypatch):
    def raises(_rule, _backend):
        def check(_data):
            raise ZeroDivisionError("a mistake")

        return check

    monkeypatch.setattr(schemas, "_expression", raises)
    told = schemas.judge(ask(FRAME, BETWEEN, PAIR), backend=backend)
    assert told[0].to_list() == [1]
    assert isinstance(told[1], str)
    assert "a mistake" in told[1]


def test_pandera_looks_at_no_values_where_the_environment_says_so_and_we_do(monkeypatch):
    from pandera.config import ValidationDepth, config_context

    with config_context(validation_enabled=False, validation_depth=ValidationDepth.SCHEMA_ONLY):
        assert places(schemas.judge(ask(FRAME, BETWEEN, PAIR))) == [[1], [3]]


@pytest.mark.parametrize(
    "judge", [plain.judge, greatex.judge, schemas.judge], ids=["expressions", "gx", "pandera"]
)
def test_frames_of_two_lengths_are_padded_and_no_padding_is_found(judge):
    short = FRAME.head(2)
    there = rule("there", "not_null")
    assert places(judge([*ask(FRAME, there, BETWEEN), *ask(short, there, BETWEEN)])) == [[2], [1], [], [1]]


@pytest.mark.parametrize("engine", ["gx", "pandera", "expressions"])
def test_not_a_number_is_missing_in_every_engine(view, engine):
    frame = view("growth", {"weight_kg": [float("nan"), 99.0, 3.0]})
    found = suites.check({"growth": frame}, [BETWEEN, rule("there", "not_null")], engine=engine).drafts
    assert sorted(found.select("rule_id", "row_id").rows()) == [
        ("growth.trap.between", "r1"),
        ("growth.trap.there", "r0"),
    ]


def test_gx_opens_no_connection(monkeypatch):
    """No telemetry: 1.24 has none, and a later one that tries would be seen here."""
    asked = []

    def refused(*given, **_):
        asked.append(given)
        raise OSError("no network here")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refused)
    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refused)
    assert places(greatex.judge(ask(FRAME, BETWEEN, PAIR))) == [[1], [3]]
    assert asked == []


@pytest.mark.usefixtures("great_expectations")
def test_an_empty_suite_succeeds_in_gx_and_is_neither_asked_nor_exported():
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_pandas("p")
        .add_dataframe_asset("a")
        .add_batch_definition_whole_dataframe("b")
    )
    told = batch.get_batch(batch_parameters={"dataframe": FRAME.to_pandas()})
    with greatex.quietly():
        assert told.validate(gx.ExpectationSuite(name="empty")).success, "the trap is there"
    assert greatex.judge([]) == []
    assert to_gx([]).files == {}
    checked = suites.check({"growth": FRAME}, [], engine="gx")
    assert [row for row in checked.ledger if row.status == "ran"] == []


def test_gx_drops_a_misspelt_severity_and_the_finding_keeps_the_rules():
    """The severity of a finding is the rule's own; what GX makes of it is never read. A rule file with another word is
    refused (R204)."""
    one = suites.check(
        {"growth": FRAME.with_columns(row_id=pl.int_range(4).cast(pl.String))}, [BETWEEN], engine="gx"
    )
    assert one.drafts["severity"].to_list() == ["info"]
    tail = "severity: grave, says: a, source: b, examples: {pass: [1], fail: [9]}"
    with pytest.raises(SuiteFaults, match=r"R204 growth\.a\.b: unknown severity 'grave'"):
        suites.read_text(
            f"table: growth\nrules: [{{id: growth.a.b, expect: value_between, column: weight_kg, max: 1, {tail}}}]"
        )


def test_gx_calls_rows_with_a_null_repeated_and_we_do_not():
    frame = pl.DataFrame({"a": ["x", "x", None, None, "y"], "b": [None, None, 1.0, 1.0, 2.0]})
    two = dataclasses.replace(rule("two", "unique", ("a", "b")), arguments={"columns": ("a", "b")})
    asked = [Question(two, {"key0": "a", "key1": "b"}, frame)]
    assert places(greatex.judge(asked)) == [[]]


def test_gx_gives_positions_only_of_an_index_without_a_name():
    """Row ids come from positions, so a frame of strange row_ids, repeated and empty ones, is answered rightly."""
    frame = FRAME.with_columns(row_id=pl.Series(["b", "b", "", None]))
    assert places(greatex.judge(ask(frame, BETWEEN, PAIR))) == [[1], [3]]


def test_pandera_says_a_row_of_a_whole_frame_check_once_for_each_column_and_we_once():
    whole = pandera.pandas.Check(lambda frame: frame["weight_kg"] < frame["length_cm"])
    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        pandera.pandas.DataFrameSchema(checks=whole).validate(FRAME.drop_nulls().to_pandas(), lazy=True)
    assert len(caught.value.failure_cases) > 1, "the trap is there"
    assert places(schemas.judge(ask(FRAME, PAIR), backend="pandas")) == [[3]]


def test_pandera_looks_at_the_schema_only_of_a_lazy_frame_and_ours_at_the_values():
    schema = pa.DataFrameSchema({"weight_kg": pa.Column(checks=pa.Check.le(10), nullable=True)})
    schema.validate(FRAME.lazy()).collect()  # passes: the trap is there
    with backend.our_pandera(), pytest.raises(pandera.errors.SchemaErrors):
        schema.validate(FRAME.lazy(), lazy=True)


def test_panderas_narwhals_backend_answers_without_rows_and_is_not_used_whoever_asks_for_it(view):
    """As PANDERA_USE_NARWHALS_BACKEND does: with it every rule and promise was broken."""
    from pandera.config import CONFIG

    growth = view("growth", {"infant_id": ["a", "b"], "visit": ["v", "v"], "weight_kg": [3.0, 900.0]})
    backend._narwhals(use=True)
    try:
        for library in ("polars", "pandas"):
            assert places(schemas.judge(ask(FRAME, BETWEEN, PAIR), backend=library)) == [[1], [3]]
        checked = contract.check({"growth": growth})
        assert CONFIG.use_narwhals_backend, "what somebody set is set again"
    finally:
        backend._narwhals(use=False)
    assert "growth.weight_kg.impossible" in checked.drafts["rule_id"].to_list()
    assert not [row.rule_id for row in checked.ledger if row.status == "broken"]


def test_no_check_of_ours_only_warns_because_a_warning_of_pandera_has_no_rows():
    built = [contract.schema(table) for table in ("growth", "milk")]
    checks = [check for one in built for column in one.columns.values() for check in column.checks]
    assert len(checks) > 20
    assert not [
        check for check in (*checks, *(each for one in built for each in one.checks)) if check.raise_warning
    ]
    assert "raise_warning" not in source()


def test_rules_are_never_kept_as_panderas_yaml_which_loses_their_metadata():
    assert not [word for word in ("to_yaml", "from_yaml", "to_json_schema", "pandera.io") if word in source()]


def source():
    import milkqc

    return "".join(path.read_text("utf-8") for path in sorted(Path(milkqc.__file__).parent.rglob("*.py")))


def test_the_last_bits_of_a_groups_mean_depend_on_its_order_and_no_finding_does(view):
    """Means of groups differ in their last bits with threads and order; a figure is rounded to ten digits."""
    drawn = random.Random(3)
    values = [drawn.random() * 10 ** drawn.randint(-3, 6) for _ in range(4000)]
    means = rule("means", "group_difference_at_most", between="team", statistic="mean", max_difference=0.0)
    apart = dataclasses.replace(means, level="dataset")
    frame = view("growth", {"weight_kg": values, "team": [str(place % 7) for place in range(4000)]})
    orders = [frame, frame.reverse(), frame.sample(fraction=1, shuffle=True, seed=1)]
    told = [suites.check({"growth": one}, [apart], engine="expressions").drafts for one in orders]
    assert told[0].height == 1
    assert told[0].equals(told[1])
    assert told[0].equals(told[2])
    assert len({one.select(pl.col("weight_kg").sum()).item() for one in orders}) > 1, "the trap is there"


def test_a_streaming_left_join_loses_order_and_views_and_findings_keep_it(view):
    size = 5000
    people = [f"p{place}" for place in range(size)]
    tables = {
        "participants": pl.DataFrame({"row_id": people, "participant_id": people, "infant_id": people, "site": people}),
        "growth": pl.DataFrame(
            {"row_id": [f"{one}|v" for one in people[::-1]], "participant_id": people[::-1], "infant_id": people[::-1],
             "weight_kg": [float(place % 11) for place in range(size)]}
        ),
    }  # fmt: skip
    once = dataclasses.replace(rule("once", "unique"), arguments={"columns": ("weight_kg",)})
    rules = [rule("few", "value_between", max=9), once]

    def told():
        seen = views(tables, facts=False)["growth"]
        return seen, suites.check({"growth": seen}, rules, engine="expressions").drafts

    seen, found = told()
    with pl.Config() as config:
        config.set_engine_affinity("streaming")
        streamed, again = told()
    assert seen["row_id"].to_list() == [f"{one}|v" for one in people[::-1]]
    assert seen["participant_site"].to_list() == people[::-1]
    assert streamed.equals(seen)
    assert again.equals(found)
    assert found.height > size


def test_duckdb_sums_whole_numbers_to_decimals_and_takes_names_in_any_case():
    connection = duckdb.connect()
    told = connection.sql("select sum(x) as total from (values (1::hugeint), (2)) t(x)")
    assert connection.sql('select "A" from (select 1 as a)').fetchall() == [(1,)], "the trap is there"
    assert str(told.types[0]) not in {"BIGINT", "INTEGER"}, "the trap is there"
    total = Rule(
        "visits.trap.total", "visits", "sum_of", ("breastfed_days", "exclusive_days", "water_days"), "info", "Look.",
        "a test", arguments={"parts": {"exclusive_days": 1.0, "water_days": 2.0}, "is": "equal"},
    )  # fmt: skip
    relation = connection.sql(
        "select * from (values ('r0', 5::integer, 1::integer, 2::hugeint), ('r1', 6, 1, 2), ('r2', null, 1, 2))"
        " t(ROW_ID, BREASTFED_DAYS, exclusive_days, water_days)"
    )
    lower = relation.select("ROW_ID as row_id, BREASTFED_DAYS as breastfed_days, exclusive_days, water_days")
    assert [row[0] for row in plain.failing(total, lower).fetchall()] == ["r1"]


def test_no_rule_ranks_in_order_pivots_lazily_or_casts_text_inside_an_engine():
    """An ordered rank fails on DuckDB; narwhals has no try-cast and no lazy pivot: cells are read before any rule."""
    import milkqc

    rooms = Path(milkqc.__file__).parent / "checks"
    text = "".join(path.read_text("utf-8") for path in sorted((rooms / "rules").glob("*.py")))
    text += "".join(path.read_text("utf-8") for path in sorted((rooms / "suites").glob("*.py")))
    assert not [word for word in (".rank(", "nw.pivot", ".pivot(") if word in text]
    assert ".over(" in text
