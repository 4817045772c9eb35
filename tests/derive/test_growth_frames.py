"""`growth_scores` and `newborn_scores`: any frame in, the same kind, rows, order and bits out."""

from __future__ import annotations

import math
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from milkqc.derive import engines
from milkqc.derive.columns import FrameError
from milkqc.derive.engines import arrow_batches
from milkqc.derive.frames import growth_scores, newborn_scores
from milkqc.derive.polars_columns import polars_arrays
from milkqc.derive.scorers import GROWTH, NEWBORN, measurements
from milkqc.derive.who import who_scores
from milkqc.errors import MilkqcError

INDICES = ["laz", "waz", "wlz", "baz", "hcz", "acz", "tsz", "ssz"]


def table(rows: int = 3_000) -> pl.DataFrame:
    """Children of every kind, gaps in every column, and columns that are none of milkqc's."""
    random = np.random.default_rng(11)

    def gaps(values):
        return [
            None if gone else value for value, gone in zip(values, random.random(rows) < 0.06, strict=True)
        ]

    return pl.DataFrame(
        {
            "child": [f"c{number}" for number in range(rows)],
            "infant_sex": gaps(random.choice(["male", "female"], rows)),
            "age_days": gaps(random.uniform(-5, 1900, rows).round(1)),
            "weight_kg": gaps(random.uniform(0.5, 28, rows).round(2)),
            "length_cm": gaps(random.uniform(40, 125, rows).round(1)),
            "measured": gaps(random.choice(["lying", "standing"], rows)),
            "head_circumference_cm": gaps(random.uniform(28, 56, rows).round(1)),
            "muac_cm": gaps(random.uniform(8, 22, rows).round(1)),
            "triceps_skinfold_mm": gaps(random.uniform(3, 20, rows).round(1)),
            "subscapular_skinfold_mm": gaps(random.uniform(3, 20, rows).round(1)),
            "oedema": gaps(random.random(rows) < 0.05),
            "gestational_age_days": gaps(random.integers(160, 305, rows)),
            "birth_weight_kg": gaps(random.uniform(0.4, 5, rows).round(3)),
            "birth_length_cm": gaps(random.uniform(28, 56, rows).round(1)),
            "birth_head_circumference_cm": gaps(random.uniform(20, 40, rows).round(1)),
            "note": gaps([f"n{number}" for number in range(rows)]),
        },
        schema_overrides={"infant_sex": pl.String, "measured": pl.String, "oedema": pl.Boolean},
    )


def through_duckdb(frame: pl.DataFrame, function) -> pl.DataFrame:
    connection = duckdb.connect()
    relation = connection.from_arrow(frame.to_arrow())
    found = function(relation)
    assert isinstance(found, duckdb.DuckDBPyRelation)
    return found.pl()


def through_pandas(frame: pl.DataFrame, function) -> pl.DataFrame:
    found = function(frame.to_pandas())
    assert isinstance(found, pd.DataFrame)
    return pl.from_pandas(found)


def through_arrow(frame: pl.DataFrame, function) -> pl.DataFrame:
    scorer = {growth_scores: GROWTH, newborn_scores: NEWBORN}[function]
    batches = frame.to_arrow().to_batches(max_chunksize=700)
    done = arrow_batches(batches, inputs=scorer.inputs(frame.columns), scorer=scorer)
    return pl.from_arrow(pa.Table.from_batches(done))


ENGINES = {
    "pandas": through_pandas,
    "lazy polars": lambda frame, function: function(frame.lazy()).collect(),
    "streaming polars": lambda frame, function: function(frame.lazy()).collect(engine="streaming"),
    "duckdb": through_duckdb,
    "arrow batches, as Spark hands them": through_arrow,
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("function", [growth_scores, newborn_scores])
def test_every_engine_gives_the_bits_rows_and_order_of_polars(engine, function):
    frame = table()
    expected = function(frame)
    found = ENGINES[engine](frame, function)
    assert found.columns == expected.columns
    assert found["child"].to_list() == frame["child"].to_list()
    added = expected.columns[len(frame.columns) :]
    for name in added:
        left, right = found[name], expected[name]
        assert left.is_null().to_list() == right.is_null().to_list(), name
        assert left.fill_null(0 if right.dtype == pl.Float64 else False).to_list() == (
            right.fill_null(0 if right.dtype == pl.Float64 else False).to_list()
        ), name


def test_polars_gives_the_kernels_bits():
    frame = table()
    found = growth_scores(frame)
    kernel = who_scores(measurements(polars_arrays(frame, GROWTH.inputs(frame.columns))), threads=1)
    for name in INDICES:
        null = np.isnan(kernel.z[name])
        assert found[name].is_null().to_list() == null.tolist()
        assert found[name].drop_nulls().to_numpy().tobytes() == kernel.z[name][~null].tobytes()
        assert found[f"{name}_flag"].is_null().to_list() == null.tolist()
        assert found[f"{name}_flag"].drop_nulls().to_list() == kernel.flags[name][~null].tolist()


def test_columns_are_added_behind_and_nothing_else_changes():
    frame = table(200)
    found = growth_scores(frame)
    assert found.select(frame.columns).equals(frame)
    flagged = [name for index in INDICES for name in (index, f"{index}_flag")]
    assert found.columns[len(frame.columns) :] == ["length_for_score_cm", "measured_assumed", "bmi", *flagged]
    assert {found.schema[name] for name in INDICES} == {pl.Float64}
    assert {found.schema[f"{name}_flag"] for name in INDICES} == {pl.Boolean}
    assert not any(found[name].is_nan().any() for name in (*INDICES, "bmi", "length_for_score_cm"))
    assert found["measured_assumed"].is_null().to_list() == frame["length_cm"].is_null().to_list()


def test_pandas_keeps_its_index_its_types_and_its_frame():
    frame = pd.DataFrame(
        {"infant_sex": ["male", "female", None], "age_days": [365, 365, 10], "weight_kg": [9.6, np.nan, 3.0]},
        index=pd.Index([7, 7, 3], name="who"),
    )
    before = frame.copy(deep=True)
    found = growth_scores(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert list(found.index) == [7, 7, 3]
    assert found.index.name == "who"
    assert found["waz"].dtype == "float64"
    assert found["waz_flag"].dtype == "boolean"
    assert found["waz"].iloc[0] == pytest.approx(-0.04)
    assert found["waz"].isna().tolist() == [False, True, True]
    assert found["waz_flag"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    "columns",
    [
        {"infant_sex": pd.Categorical(["male", None]), "weight_kg": pd.array([9.6, None], dtype="Float64")},
        {
            "infant_sex": pd.array(["male", None], dtype="string"),
            "weight_kg": pd.array([9.6, None], dtype="object"),
        },
        {"infant_sex": np.array(["male", None], dtype=object), "weight_kg": [Decimal("9.6"), None]},
        {
            "infant_sex": pd.array(["male", None], dtype=pd.ArrowDtype(pa.string())),
            "weight_kg": pd.array([9.6, None], dtype=pd.ArrowDtype(pa.float64())),
        },
    ],
)
@pytest.mark.parametrize("age", [[365, 365], pd.array([365, None], dtype="Int64"), [365.0, math.nan]])
def test_pandas_columns_of_every_type_are_read(columns, age):
    found = growth_scores(pd.DataFrame({**columns, "age_days": age, "oedema": [None, None]}))
    assert found["waz"].iloc[0] == pytest.approx(-0.04)
    assert math.isnan(found["waz"].iloc[1])


@pytest.mark.parametrize("kind", [pl.Float32, pl.Int16, pl.UInt8, pl.Decimal(10, 2)])
def test_polars_numbers_of_every_type_are_read(kind):
    frame = pl.DataFrame({"infant_sex": ["male"], "age_days": [365], "weight_kg": [9]})
    found = growth_scores(frame.with_columns(pl.col("weight_kg").cast(kind)))
    assert found["waz"].to_list() == growth_scores(frame)["waz"].to_list()


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["female", "male"]), pl.Enum(["male"])])
def test_polars_words_of_every_type_are_read(kind):
    frame = pl.DataFrame({"infant_sex": ["male", None], "age_days": [365, 365], "weight_kg": [9.6, 9.6]})
    found = growth_scores(frame.with_columns(pl.col("infant_sex").cast(kind)))
    assert found["waz"].to_list() == [pytest.approx(-0.04), None]


def test_nan_in_polars_is_null():
    frame = pl.DataFrame({"infant_sex": ["male"], "age_days": [365.0], "weight_kg": [math.nan]})
    assert growth_scores(frame)["waz"].to_list() == [None]


@pytest.mark.parametrize(
    ("columns", "added"),
    [
        (["age_days", "weight_kg"], ["waz"]),
        (["weight_kg", "length_cm"], ["length_for_score_cm", "measured_assumed", "bmi", "wlz"]),
        (["age_days", "length_cm"], ["length_for_score_cm", "measured_assumed", "laz"]),
        (["age_days", "muac_cm", "head_circumference_cm"], ["hcz", "acz"]),
    ],
)
def test_whatever_can_be_scored_is_scored(columns, added):
    found = growth_scores(table(50).select("infant_sex", *columns))
    assert [name for name in found.columns[1 + len(columns) :] if not name.endswith("_flag")] == added


def test_age_in_months_is_days_by_30_4375_and_days_count_when_both_are_there():
    frame = table(500)
    months = frame.with_columns(age_months=pl.col("age_days") / 30.4375).drop("age_days")
    assert growth_scores(months)["waz"].to_list() == growth_scores(frame)["waz"].to_list()
    both = frame.with_columns(age_months=pl.lit(5.0))
    assert growth_scores(both)["waz"].to_list() == growth_scores(frame)["waz"].to_list()


def test_frames_without_rows_come_back_without_rows():
    empty = table(5).clear()
    expected = growth_scores(empty)
    assert expected.height == 0
    assert growth_scores(empty.lazy()).collect().schema == expected.schema
    assert through_duckdb(empty, growth_scores).schema == expected.schema
    assert list(growth_scores(empty.to_pandas()).columns) == expected.columns


def test_a_lazy_frame_stays_lazy_and_knows_its_columns():
    frame = table(50)
    lazy = growth_scores(frame.lazy())
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect_schema() == growth_scores(frame).schema
    kept = lazy.filter(pl.col("waz") > 0).select("child", "waz").collect()
    assert kept.equals(growth_scores(frame).filter(pl.col("waz") > 0).select("child", "waz"))


def test_duckdb_answers_on_the_callers_connection_as_often_as_it_is_asked():
    connection = duckdb.connect()
    connection.register("children", table(20).to_arrow())
    connection.execute("CREATE TABLE sites AS SELECT 'c3' AS child, 'north' AS site")
    scored = growth_scores(connection.sql("SELECT * FROM children"))
    joined = scored.join(connection.table("sites"), "child").select("child, site, waz")
    assert joined.fetchall() == joined.fetchall()
    assert len(joined.fetchall()) == 1
    assert [row[0] for row in connection.sql("SHOW TABLES").fetchall()] == ["children", "sites"]


def test_duckdb_types_that_polars_does_not_know_come_back_as_they_were():
    relation = duckdb.connect().sql(
        "SELECT 'male' AS infant_sex, 365 AS age_days, 9.6 AS weight_kg, TIME '12:30' AS t, "
        "DATE '2024-01-01' AS d, [1, 2] AS list, {'a': 1} AS struct, 1.25::DECIMAL(20, 5) AS money"
    )
    found = growth_scores(relation)
    assert found.fetchall()[0][:8] == relation.fetchall()[0]
    assert found.types[3:8] == relation.types[3:8]


def test_batches_of_any_size_give_the_same(monkeypatch):
    expected = through_duckdb(table(), growth_scores)
    monkeypatch.setattr(engines, "BATCH_ROWS", 64)
    assert through_duckdb(table(), growth_scores).equals(expected)


@pytest.mark.parametrize("weights", [[9.6, None, 1e12, 9.2], [1e12, 9.6, None, 9.2], [9.6, None, 9.0, 9.2]])
def test_duckdb_gives_the_same_bits_where_a_score_is_too_large_to_be_held_small(monkeypatch, weights):
    frame = pl.DataFrame({"infant_sex": ["male"] * 4, "age_days": [365.0] * 4, "weight_kg": weights})
    monkeypatch.setattr(engines, "BATCH_ROWS", 2)
    assert through_duckdb(frame, growth_scores).equals(growth_scores(frame))


def frames(frame: pl.DataFrame):
    return {
        "polars": frame,
        "lazy": frame.lazy(),
        "pandas": frame.to_pandas(),
        "duckdb": duckdb.connect().from_arrow(frame.to_arrow()),
    }


def collected(frame):
    return frame.collect() if isinstance(frame, pl.LazyFrame) else frame


def test_up_to_five_unknown_words_are_named():
    frame = pl.DataFrame({"infant_sex": list("gfedcba"), "age_days": range(7), "weight_kg": [3.0] * 7})
    for kind in (frame, frame.to_pandas()):
        with pytest.raises(
            FrameError, match=r"column infant_sex holds 'a', 'b', 'c', 'd', 'e', ...; it takes 'male'"
        ):
            growth_scores(kind)


@pytest.mark.parametrize("engine", ["polars", "lazy", "pandas", "duckdb"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"infant_sex": None},
            "growth_scores: column infant_sex is missing. Add it, or rename yours to infant_sex.",
        ),
        (
            {"infant_sex": ["3", "male", "3", "m"]},
            "growth_scores: column infant_sex holds '3'; it takes 'male' and 'female', WHO's codes 1, m, M and 2, f, F, or nothing. "
            "Recode it first: other codes mean different things in different studies.",
        ),
        (
            {"infant_sex": [0, 1, 2, None]},
            "growth_scores: column infant_sex holds '0'; it takes 'male' and 'female', WHO's codes 1, m, M and 2, f, F, or nothing. "
            "Recode it first: other codes mean different things in different studies.",
        ),
        (
            {"measured": ["lying", "standing", "up", None]},
            "growth_scores: column measured holds 'up'; it takes 'lying' and 'standing', WHO's codes l, L and h, H, or nothing. "
            "Recode it first: other codes mean different things in different studies.",
        ),
        (
            {"oedema": ["y", "maybe", None, "N"]},
            "growth_scores: column oedema holds 'maybe'; it takes booleans, WHO's codes y, Y, 1 and n, N, 2, or nothing. "
            "Recode it first: other codes mean different things in different studies.",
        ),
        (
            {"infant_sex": None, "weight_kg": None, "length_cm": None},
            "growth_scores: column infant_sex is missing, and there is nothing to score. Give age_days (or age_months) and "
            "at least one of weight_kg, length_cm, head_circumference_cm, muac_cm, triceps_skinfold_mm, subscapular_skinfold_mm.",
        ),
        (
            {"waz": [0.0] * 4},
            "growth_scores: the frame already has waz, and nothing is overwritten. "
            "Drop or rename these columns first.",
        ),
    ],
)
def test_what_is_wrong_is_said_in_the_same_words_by_every_engine(engine, change, message):
    columns = {
        "infant_sex": ["male"] * 4,
        "age_days": [1.0] * 4,
        "length_cm": [50.0] * 4,
        "weight_kg": [3.0] * 4,
    }
    columns = {name: values for name, values in {**columns, **change}.items() if values is not None}
    with pytest.raises(FrameError) as raised:
        collected(growth_scores(frames(pl.DataFrame(columns))[engine]))
    assert str(raised.value) == message
    assert isinstance(raised.value, MilkqcError)


@pytest.mark.parametrize(
    ("column", "values", "wanted"),
    [
        ("weight_kg", ["3.0", "3.1"], "numbers"),
        ("weight_kg", [True, False], "numbers"),
        ("infant_sex", [True, False], "'male' and 'female'"),
        ("measured", [1, 2], "'lying' and 'standing'"),
    ],
)
@pytest.mark.parametrize("engine", ["polars", "lazy", "pandas", "duckdb"])
def test_a_column_of_another_type_is_refused(engine, column, values, wanted):
    columns = {
        "infant_sex": ["male", "male"],
        "age_days": [1.0, 2.0],
        "weight_kg": [3.0, 3.0],
        column: values,
    }
    with pytest.raises(
        FrameError, match=rf"^growth_scores: column {column} is of type .*; it takes {wanted}"
    ):
        growth_scores(frames(pl.DataFrame(columns))[engine])


@pytest.mark.parametrize(
    ("function", "columns", "message"),
    [
        (
            growth_scores,
            ["infant_sex", "age_days"],
            "growth_scores: there is nothing to score. Give age_days",
        ),
        (
            growth_scores,
            ["infant_sex", "weight_kg"],
            "growth_scores: there is nothing to score. Give age_days",
        ),
        (
            newborn_scores,
            ["infant_sex", "birth_weight_kg"],
            "newborn_scores: column gestational_age_days is missing.",
        ),
        (
            newborn_scores,
            ["infant_sex", "gestational_age_days"],
            "newborn_scores: there is nothing to score. Give at least one of birth_weight_kg,",
        ),
    ],
)
def test_a_frame_with_nothing_to_score_is_refused(function, columns, message):
    with pytest.raises(FrameError) as raised:
        function(table(5).select(columns))
    assert str(raised.value).startswith(message)


def test_a_pandas_column_that_is_there_twice_is_refused():
    frame = pd.DataFrame(
        [["male", 1.0, 3.0, 3.1]], columns=["infant_sex", "age_days", "weight_kg", "weight_kg"]
    )
    with pytest.raises(FrameError, match="column weight_kg is there twice"):
        growth_scores(frame)


def test_duckdb_takes_upper_case_for_the_same_name():
    relation = duckdb.connect().sql(
        "SELECT 'male' AS infant_sex, 365 AS age_days, 9.6 AS weight_kg, 1 AS WAZ"
    )
    with pytest.raises(FrameError, match="the frame already has waz"):
        growth_scores(relation)


@pytest.mark.parametrize(
    "thing", [[1, 2], {"infant_sex": ["male"]}, None, pa.table({"infant_sex": ["male"]})]
)
def test_what_is_no_frame_is_refused(thing):
    with pytest.raises(
        FrameError, match=r"^growth_scores: cannot read a .*\. Give a pandas frame, a polars frame"
    ):
        growth_scores(thing)


def test_newborns_get_scores_centiles_and_flags():
    frame = pl.DataFrame(
        {
            "gestational_age_days": [280, 280, 150, None],
            "infant_sex": ["male", "female", "male", "male"],
            "birth_weight_kg": [3.4, 1e300, 3.4, 3.4],
        }
    )
    found = newborn_scores(frame)
    assert found.columns[3:] == ["ig_waz", "ig_waz_centile", "ig_waz_flag"]
    assert found["ig_waz"].to_list() == [pytest.approx(0, abs=0.2), None, None, None]
    assert found["ig_waz_centile"].to_list() == [pytest.approx(50, abs=8), None, None, None]
    assert found["ig_waz_flag"].to_list() == [False, True, None, None]


def test_spark_gives_the_bits_of_polars_for_both_kinds_of_score(spark):
    frame = table(500)
    for function in (growth_scores, newborn_scores):
        expected = function(frame)
        found = pl.from_arrow(function(spark.createDataFrame(frame.to_arrow())).toArrow())
        assert found.columns == expected.columns
        added = expected.columns[len(frame.columns) :]
        assert (
            found.select("child", *added).sort("child").equals(expected.select("child", *added).sort("child"))
        )


@pytest.mark.parametrize(
    "engine", ["polars", "lazy", "pandas", "duckdb", "pandas, categorical", "pandas, object"]
)
@pytest.mark.parametrize(
    "sexes", [["1", "2", "1", None], ["m", "F", "M", None], [1, 2, 1, None], [1.0, 2.0, 1.0, None]]
)
def test_whos_own_codes_score_as_the_words_do(engine, sexes):
    sizes = {"age_days": [800.0] * 4, "weight_kg": [11.0] * 4, "length_cm": [84.0] * 4}
    words = {"infant_sex": ["male", "female", "male", None], "measured": ["lying", "standing", None, "lying"]}
    expected = growth_scores(pl.DataFrame({**sizes, **words, "oedema": [True, False, None, False]}))
    given = pl.DataFrame(
        {**sizes, "infant_sex": sexes, "measured": ["l", "H", None, "L"], "oedema": ["y", "2", None, "N"]}
    )
    kind = {"pandas, categorical": "category", "pandas, object": object}.get(engine)
    frame = (
        given.to_pandas().astype(dict.fromkeys(("infant_sex", "measured", "oedema"), kind))
        if kind
        else frames(given)[engine]
    )
    found = growth_scores(frame)
    found = found.pl() if isinstance(found, duckdb.DuckDBPyRelation) else collected(found)
    found = pl.from_pandas(found, nan_to_null=True) if isinstance(found, pd.DataFrame) else found
    added = expected.columns[6:]
    assert found.select(added).equals(expected.select(added))
    assert growth_scores(given)["infant_sex"].equals(given["infant_sex"])


def test_pandas_keeps_what_is_said_of_a_frame_and_copies_no_column():
    frame = pd.DataFrame({"infant_sex": ["male"], "age_days": [365.0], "weight_kg": [9.6], 5: ["own"]})
    frame.attrs = {"study": "A"}
    frame.columns.name = "fields"
    found = growth_scores(frame)
    assert (found.attrs, found.columns.name, list(found.columns[:4])) == (
        frame.attrs,
        "fields",
        list(frame.columns),
    )
    found.loc[0, "weight_kg"] = 1.0
    assert frame.loc[0, "weight_kg"] == 9.6


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical, pl.Enum(["lying", "standing", "unknown"])])
def test_words_of_any_polars_type_have_their_codes_and_others_are_named(kind):
    words = pl.Series("measured", ["standing", None, "lying"], dtype=kind)
    assert polars_arrays(pl.DataFrame([words]), ["measured"])["measured"].tolist() == [1, -1, 0]
    frame = pl.DataFrame(
        {"infant_sex": ["male", None], "age_days": [100.0, 100.0], "length_cm": [60.0, 60.0]}
    )
    wrong = frame.with_columns(pl.Series("measured", ["unknown", None], dtype=kind))
    with pytest.raises(FrameError, match="column measured holds 'unknown'; it takes 'lying' and 'standing'"):
        growth_scores(wrong)
