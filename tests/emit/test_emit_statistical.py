"""The analysis table in Stata and SPSS, read back from real files."""

import string
import warnings
from datetime import date, datetime

import polars as pl
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milkqc.emit import finish, statistical
from milkqc.emit.statistical import write_dta, write_sav
from milkqc.emit.variables import Described, names_of
from milkqc.errors import OutputError

FORMATS = {
    "dta": (write_dta, pyreadstat.read_dta),
    "sav": (write_sav, pyreadstat.read_sav),
}
each = pytest.mark.parametrize("ending", FORMATS)


def through(frame, folder, ending, *, described=None, reasons=None, **how):
    """(values by column, metadata) of the file that was written, read by pyreadstat."""
    write, read = FORMATS[ending]
    path = folder / f"analysis.{ending}"
    write(frame, path, described=described or {}, reasons=reasons or {})
    return read(path, output_format="dict", **({"user_missing": True} | how))


def clean(values):
    return [None if value is None or value != value else value for value in values]


@each
def test_booleans_enumerations_dates_and_text_arrive(tmp_path, ending):
    frame = pl.DataFrame(
        {
            "infant_id": ["é-1", "=2", 'q"\n3'],
            "stunted": [True, False, None],
            "measured": ["standing", None, "lying"],
            "visit_date": [date(2024, 2, 29), None, date(1959, 12, 31)],
            "waz": [-2.5, None, 0.1],
            "note": [None, "", "x"],
        }
    )
    described = {
        "waz": Described("Weight-for-age z-score", "{z}"),
        "measured": Described("Position", codes=("lying", "standing")),
    }
    values, meta = through(frame, tmp_path, ending, described=described)
    assert values["infant_id"] == ["é-1", "=2", 'q"\n3']
    assert clean(values["stunted"]) == [1, 0, None]
    assert clean(values["measured"]) == [2, None, 1]
    assert values["visit_date"] == [date(2024, 2, 29), None, date(1959, 12, 31)]
    assert clean(values["waz"]) == [-2.5, None, 0.1]
    assert values["note"] == ["", "", "x"]
    assert meta.column_names_to_labels["waz"] == "Weight-for-age z-score ({z})"
    assert meta.variable_value_labels == {
        "stunted": {0: "no", 1: "yes"},
        "measured": {1: "lying", 2: "standing"},
    }
    assert meta.creation_time == datetime(1970, 1, 1)


def test_stata_release_118_is_what_every_stata_since_14_opens(tmp_path):
    through(pl.DataFrame({"a": [1.0]}), tmp_path, "dta")
    assert (tmp_path / "analysis.dta").read_bytes().startswith(b"<stata_dta><header><release>118</release>")


WHY = {"weight_kg": pl.Series([None, "refused", "not_done", "empty", None], dtype=pl.String)}
WEIGHTS = pl.DataFrame({"weight_kg": [5.5, None, None, None, None], "id": list("abcde")})


def test_reasons_are_tagged_missing_in_stata(tmp_path):
    values, meta = through(WEIGHTS, tmp_path, "dta", reasons=WHY)
    assert clean(values["weight_kg"]) == [5.5, "b", "a", None, None]
    assert meta.variable_value_labels["weight_kg"] == {"a": "not_done", "b": "refused"}
    plain, _ = through(WEIGHTS, tmp_path, "dta", reasons=WHY, user_missing=False)
    assert clean(plain["weight_kg"]) == [5.5, None, None, None, None]


def test_reasons_of_other_files_keep_their_letters_while_there_are_enough(tmp_path):
    path = tmp_path / "x.dta"
    for others, letters in (
        (["away", "refused"], [5.5, "b", "c", None, None]),
        (map(str, range(99)), [5.5, "b", "a", None, None]),
    ):
        statistical.write(WEIGHTS, path, reasons=WHY, shared=list(others))
        values, _ = pyreadstat.read_dta(str(path), user_missing=True, output_format="dict")
        assert clean(values["weight_kg"]) == letters


def test_reasons_are_user_missing_in_spss(tmp_path):
    values, meta = through(WEIGHTS, tmp_path, "sav", reasons=WHY)
    assert clean(values["weight_kg"]) == [5.5, -9002, -9001, None, None]
    assert meta.variable_value_labels["weight_kg"] == {-9001: "not_done", -9002: "refused"}
    plain, _ = through(WEIGHTS, tmp_path, "sav", reasons=WHY, user_missing=False)
    assert clean(plain["weight_kg"]) == [5.5, None, None, None, None]


@each
def test_reasons_stand_beside_codes_in_booleans_enumerations_and_dates(tmp_path, ending):
    frame = pl.DataFrame(
        {"oedema": [True, None], "measured": ["lying", None], "day": [date(2024, 1, 1), None]},
        schema_overrides={"oedema": pl.Boolean},
    )
    reasons = {name: pl.Series([None, "refused"]) for name in frame.columns}
    values, meta = through(
        frame,
        tmp_path,
        ending,
        described={"measured": Described(codes=("lying",))},
        reasons=reasons,
        user_missing=False,
    )
    assert [clean(column) for column in values.values()] == [[1, None], [1, None], [date(2024, 1, 1), None]]
    code = {"dta": "a", "sav": -9001}[ending]
    assert meta.variable_value_labels == {
        "oedema": {0: "no", 1: "yes", code: "refused"},
        "measured": {1: "lying", code: "refused"},
        "day": {code: "refused"},
    }


def test_spss_codes_stay_below_every_value(tmp_path):
    frame = pl.DataFrame({"x": [-9001.0, -12.0, None]})
    values, meta = through(frame, tmp_path, "sav", reasons={"x": pl.Series([None, None, "refused"])})
    assert values["x"] == [-9001, -12, -90001]
    assert meta.missing_ranges == {"x": [{"lo": -90001, "hi": -90001}]}


def test_more_reasons_than_stata_has_letters_share_the_last(tmp_path):
    reasons = [f"reason_{n:02}" for n in range(30)]
    frame = pl.DataFrame({"x": [None] * 30}, schema={"x": pl.Float64})
    values, meta = through(frame, tmp_path, "dta", reasons={"x": pl.Series(reasons)})
    assert values["x"] == [*string.ascii_lowercase, "z", "z", "z", "z"]
    labels = meta.variable_value_labels["x"]
    assert (labels["a"], labels["y"], labels["z"]) == ("reason_00", "reason_24", "other reason")
    values, meta = through(frame, tmp_path, "sav", reasons={"x": pl.Series(reasons)})
    assert len(set(values["x"])) == 30


@each
def test_a_number_that_the_format_cannot_hold_is_missing_for_that_reason(tmp_path, ending):
    values, meta = through(pl.DataFrame({"x": [1e308, 8e307]}), tmp_path, ending)
    assert values["x"] == [{"dta": "a", "sav": -9001}[ending], 8e307]
    assert list(meta.variable_value_labels["x"].values()) == ["beyond_format"]


@each
def test_an_integer_too_long_for_a_double_becomes_text(tmp_path, ending):
    values, _ = through(pl.DataFrame({"x_phone": [2**53 + 1, None], "n": [2**53, None]}), tmp_path, ending)
    assert values["x_phone"] == ["9007199254740993", ""]
    assert clean(values["n"]) == [2**53, None]


@each
def test_a_code_outside_the_list_is_kept_after_it(tmp_path, ending):
    described = {"measured": Described(codes=("lying", "standing"))}
    values, meta = through(
        pl.DataFrame({"measured": ["sitting", "lying"]}), tmp_path, ending, described=described
    )
    assert values["measured"] == [3, 1]
    assert meta.variable_value_labels["measured"] == {1: "lying", 2: "standing", 3: "sitting"}


@each
def test_columns_that_are_all_missing_keep_their_kind(tmp_path, ending):
    frame = pl.DataFrame(schema={"d": pl.Date, "x": pl.Float64, "s": pl.String, "b": pl.Boolean}).clear(2)
    values, meta = through(frame, tmp_path, ending)
    assert values["s"] == ["", ""]
    assert clean(values["x"]) == clean(values["d"]) == clean(values["b"]) == [None, None]
    assert meta.original_variable_types["d"] == {"dta": "%td", "sav": "DATE11"}[ending]


@each
def test_a_table_without_rows_is_a_file_without_rows(tmp_path, ending):
    values, _ = through(pl.DataFrame(schema={"id": pl.String, "x": pl.Float64}), tmp_path, ending)
    assert values == {"id": [], "x": []}


@each
def test_text_longer_than_stata_s_fixed_strings_is_kept_beside_a_null(tmp_path, ending):
    values, _ = through(pl.DataFrame({"note": ["é" * 2500, None]}), tmp_path, ending)
    assert values["note"] == ["é" * 2500, ""]


@each
def test_labels_longer_than_the_format_allows_are_cut_at_a_character(tmp_path, ending):
    described = {"x": Described("é" * 300, codes=("ü" * 90,))}
    _, meta = through(pl.DataFrame({"x": ["ü" * 90]}), tmp_path, ending, described=described)
    assert meta.column_names_to_labels["x"] == "é" * {"dta": 80, "sav": 127}[ending]
    assert meta.variable_value_labels["x"] == {1: "ü" * {"dta": 90, "sav": 60}[ending]}


def test_names_that_neither_program_takes_are_changed_and_the_label_says_so(tmp_path):
    names = names_of(["waz", "WAZ", "x_é", "_a", "if", "str4", "x" * 33])
    assert [name[:-7] if name != "waz" else name for name in names.values()] == [
        "waz",
        "WAZ",
        "x__",
        "v_a",
        "if",
        "str4",
        "x" * 25,
    ]
    assert all(len(name) <= 32 for name in names.values())
    for ending in FORMATS:
        _, meta = through(
            pl.DataFrame({"x_é": [1.0]}), tmp_path, ending, described={"x_é": Described("Extra")}
        )
        assert meta.column_labels == ["[x_é] Extra"]


@each
def test_labelled_columns_may_have_names_of_32_characters(tmp_path, ending):
    # pyreadstat names a set of value labels by its variable and a number, and refuses more than 32 characters.
    long = [f"milk_alpha_tocopherol_below_{n:04}" for n in range(12)]
    frame = pl.DataFrame(
        {**{name: [True, False, None] for name in long}, "milk_alpha_tocophero_11": [1.0, 2.0, 3.0]}
    )
    reasons = {long[3]: pl.Series([None, None, "refused"])}
    values, meta = through(frame, tmp_path, ending, reasons=reasons, user_missing=False)
    assert [len(name) for name in long] == [32] * 12
    assert meta.column_names == frame.columns
    assert {name: clean(column) for name, column in values.items()} == {
        **{name: [1, 0, None] for name in long},
        "milk_alpha_tocophero_11": [1, 2, 3],
    }
    assert meta.variable_value_labels[long[11]] == {0: "no", 1: "yes"}
    assert set(meta.variable_value_labels[long[3]].values()) == {"no", "yes", "refused"}


@each
def test_the_same_table_gives_the_same_bytes(tmp_path, ending):
    write, _ = FORMATS[ending]
    frame = WEIGHTS.with_columns(day=pl.lit(date(2024, 1, 1)))
    for name in ("a", "b"):
        write(frame, tmp_path / name, described={}, reasons=WHY)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@each
def test_a_file_that_does_not_read_back_is_an_error(tmp_path, ending, monkeypatch):
    stamp = finish.stamp

    def cut_short(path, position, text):
        stamp(path, position, text)
        path.write_bytes(path.read_bytes()[: -path.stat().st_size // 2])

    monkeypatch.setattr(finish, "stamp", cut_short)
    frame = pl.DataFrame({"x": [float(n) for n in range(2000)]})
    with pytest.raises(OutputError) as caught:
        through(frame, tmp_path, ending)
    assert str(caught.value).startswith(f"analysis.{ending}: ")


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
ROWS = st.lists(
    st.tuples(
        TEXT | st.just("=1+1"),
        # Below -1e14 SPSS has no room for reasons under the values (docs/outputs.md).
        st.none() | st.floats(-1e13, 8e307),
        st.none() | st.dates(date(1600, 1, 1)),
        st.none() | st.booleans(),
        st.none() | st.sampled_from(["lying", "standing"]),
        st.none() | st.sampled_from(["not_done", "refused"]),
    ),
    min_size=1,
    max_size=8,
)


@each
@settings(max_examples=40)
@given(rows=ROWS)
def test_what_the_format_can_say_reads_back_the_same(tmp_path_factory, ending, rows):
    schema = {
        "text": pl.String,
        "x": pl.Float64,
        "day": pl.Date,
        "yes": pl.Boolean,
        "measured": pl.String,
        "why": pl.String,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    described = {"measured": Described(codes=("lying", "standing"))}
    folder = tmp_path_factory.mktemp(ending)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values, meta = through(
            frame.drop("why"),
            folder,
            ending,
            described=described,
            reasons={"x": frame["why"]},
            user_missing=False,
        )
    # SPSS pads text with spaces, so it cannot say whether a text ended in some.
    strip = str if ending == "dta" else lambda text: text.rstrip(" ")
    assert values["text"] == [strip(text) for text in frame["text"]]
    assert clean(values["x"]) == frame["x"].to_list()
    assert values["day"] == frame["day"].to_list()
    assert clean(values["yes"]) == frame["yes"].to_list()
    numbers = {"lying": 1, "standing": 2, None: None}
    assert clean(values["measured"]) == [numbers[code] for code in frame["measured"]]
    tagged, _ = FORMATS[ending][1](folder / f"analysis.{ending}", user_missing=True, output_format="dict")
    labels = meta.variable_value_labels.get("x", {})
    said = [labels.get(code) for code, value in zip(tagged["x"], frame["x"], strict=True) if value is None]
    assert said == [why for why, value in zip(frame["why"], frame["x"], strict=True) if value is None]
