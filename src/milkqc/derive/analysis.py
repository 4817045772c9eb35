"""The analysis table: one row per infant and visit, joined many-to-one only, milk wide."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from milkqc import reference
from milkqc.derive.analysis_milk import Milk, milk_wide
from milkqc.findings import as_drafts, drafts
from milkqc.model import Severity

_KEY = ("infant_id", "visit")
# Columns of the growth table that the participant has too; both are kept.
_OWN = {"infant_sex", "infant_birth_date", "team"}
# Below 37 completed weeks; below 2,500 g (WHO, ICD-10, vol. 2, 2010 edition, 5.7 and 2.5).
_TERM_DAYS = 259
_LOW_KG = 2.5
_SHOWN = 5

# What the analysis table may have to leave blank, and how grave that is.
LEFT_BLANK: dict[str, Severity] = {
    "analysis.growth.several": "warning",
    "analysis.milk.not_chosen": "info",
    "analysis.milk.several": "warning",
    "analysis.participants.several": "warning",
    "analysis.visits.several": "warning",
}


@dataclass(frozen=True)
class AnalysisChoice:
    """What the mapping's `analysis:` and `mae:` say about the analysis table.

    `expression`: which expressions of milk count, the preferred first; none listed, no choice is made.
    `replicates`: `mean` averages comparable results of one visit (same expression, method and measurand).
    `censored`: what stands for the value of a `<` result: nothing, or a share of its limit.
    `mae_set`: the analytes that n_below_mae, n_mae_judged and all_below_mae are about.
    """

    expression: tuple[str, ...] = ()
    replicates: Literal["mean"] | None = None
    censored: Literal["none", "limit/2", "limit/sqrt2"] = "none"
    mae_set: tuple[str, ...] = ()


def analysis(
    tables: Mapping[str, pl.DataFrame], *, analyses: AnalysisChoice
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The analysis table and draft findings about what it had to leave blank.

    One row per infant and visit of the growth and milk tables, sorted by participant_id, infant_id and visit;
    milk without an infant_id goes to every infant of its participant; an infant that the participants table
    does not know keeps its row. All columns of the dictionary's participants, visits and growth tables are
    there, mapped or not; milk columns only for the analytes of the milk table. The tables may be internal ones
    (columns with `__` are left out). Scores are null where WHO gives none; stunted, wasted, underweight and
    overweight are null where the score is null or flagged.
    """
    people, people_notes = _one_row(_table(tables, "participants"), "participants", ("infant_id",))
    visits, visits_notes = _one_row(_table(tables, "visits"), "visits", ("participant_id", "visit"))
    growth, growth_notes = _one_row(_table(tables, "growth"), "growth", _KEY)
    milk = milk_wide(
        tables.get("milk", pl.DataFrame()),
        people=people,
        growth=growth,
        expression=analyses.expression,
        mean=analyses.replicates == "mean",
        censored=analyses.censored,
    )
    rows = pl.concat([growth.select("participant_id", *_KEY), milk.rows])
    frame = (
        rows.unique(subset=_KEY, keep="first", maintain_order=True)
        .join(people.drop("participant_id"), on="infant_id", how="left", validate="m:1")
        .join(_prefixed(visits, people, "visits"), on=["participant_id", "visit"], how="left", validate="m:1")
        .join(_prefixed(growth.drop("participant_id"), people, "growth"), on=_KEY, how="left", validate="1:1")
        .join(milk.wide, on=_KEY, how="left", validate="1:1")
    )
    frame = _derived(frame, milk, analyses.mae_set).sort("participant_id", *_KEY)
    notes = [people_notes, visits_notes, growth_notes, milk.notes]
    return frame.select(_order(frame, people, visits, growth, milk)), as_drafts(pl.concat(notes))


def places(names: Mapping[str, Collection[str]]) -> dict[str, tuple[str, str]]:
    """Where each copied column of the analysis table comes from: (table, column), `names` being each table's columns."""
    people = set(names.get("participants", ()))
    found: dict[str, tuple[str, str]] = {}
    for table in ("growth", "visits", "participants"):
        own = [name for name in names.get(table, ()) if name not in {"row_id", *_KEY, "participant_id"}]
        renamed = {} if table == "participants" else _renamed(own, people, table)
        found |= {renamed.get(name, name): (table, name) for name in own}
    return found


def _table(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    """The dictionary's columns of one table, typed and all there, then its `x_` columns and how it repeats."""
    columns = [column for column in reference.columns(name) if column.column != "row_id"]
    known = {column.column: reference.polars_type(column) for column in columns}
    given = tables.get(name)
    if given is None:
        return pl.DataFrame(schema={**known, "repeats": pl.String})
    extras = sorted(column for column in given.columns if column.startswith("x_") and "__" not in column)
    frame = given.select(
        *(
            (
                pl.col(column).cast(_whole(given, column, kind))
                if column in given.columns
                else pl.lit(None, dtype=kind)
            ).alias(column)
            for column, kind in known.items()
        ),
        *(pl.col(column) for column in extras),
        (pl.col("repeats") if "repeats" in given.columns else pl.lit("finding")).alias("repeats"),
        _reported=pl.col("reported").fill_null(value=True)
        if "reported" in given.columns
        else pl.lit(value=True),
    )
    return frame.filter("_reported").drop("_reported")


def _whole(frame: pl.DataFrame, name: str, kind: Any) -> Any:
    """Int64 only where nothing is cut off by it."""
    column = frame.get_column(name)
    if kind == pl.Int64 and column.dtype.is_float() and (column != column.floor()).any():
        return pl.Float64
    return kind


def _one_row(frame: pl.DataFrame, table: str, key: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per key, and a draft when cells had to be left blank.

    Of repeated rows the cells that agree (or are empty) are kept and those that differ are blank; rows that the
    mapping declares replicates give the mean of their numbers, rounded to 10 significant digits.
    """
    many = frame.filter(pl.struct(key).is_duplicated())
    single = frame.filter(~pl.struct(key).is_duplicated()).drop("repeats")
    if many.is_empty():
        return single, drafts()
    names = [name for name in single.columns if name not in key]
    numeric = {name for name in names if single.schema[name].is_numeric()}
    replicate = (pl.col("repeats") == "replicate").all()
    differ = [
        (pl.col(name).drop_nulls().n_unique() > 1) & ~(replicate if name in numeric else pl.lit(value=False))
        for name in names
    ]
    merged = (
        many.sort(pl.all())
        .group_by(key, maintain_order=True)
        .agg(
            *(_merged(name, replicate, numeric=name in numeric, kind=single.schema[name]) for name in names),
            _rows=pl.len(),
            _differs=pl.any_horizontal(*differ),
        )
    )
    left = merged.filter("_differs")
    n_rows = int(left.get_column("_rows").sum())
    whole = pl.concat([single, merged.select(single.columns)])
    if not n_rows:
        return whole, drafts()
    note = {"rule_id": f"analysis.{table}.several", "severity": "warning", "table": table, "row_id": "*"}
    places = left.select(pl.concat_str(key, separator=" ")).to_series().sort().to_list()
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return whole, drafts(
        [{**note, "engine": "reading", "value": "; ".join(places[:_SHOWN]) + more, "n_rows": n_rows}]
    )


def _merged(name: str, replicate: pl.Expr, *, numeric: bool, kind: Any) -> pl.Expr:
    values = pl.col(name).drop_nulls()
    agreed = pl.when(values.n_unique() == 1).then(values.first())
    if not numeric:
        return agreed.alias(name)
    mean = pl.when(replicate & (values.n_unique() > 1)).then(values.mean().round_sig_figs(10))
    return pl.coalesce(agreed, mean).cast(pl.Float64 if kind.is_float() else kind).alias(name)


def _prefixed(frame: pl.DataFrame, people: pl.DataFrame, table: str) -> pl.DataFrame:
    """Names that the participant has too (or both have as `x_`) get the table's name before them."""
    return frame.rename(_renamed(frame.columns, set(people.columns), table))


def _renamed(columns: Collection[str], people: set[str], table: str) -> dict[str, str]:
    names = {name for name in columns if name in _OWN or (name.startswith("x_") and name in people)}
    if table == "visits":
        names.add("visit_date")
    return {name: f"{table}_{name}" for name in names if name in columns}


def _derived(frame: pl.DataFrame, milk: Milk, mae_set: tuple[str, ...]) -> pl.DataFrame:
    judged = [pl.col(milk.below[analyte]) for analyte in mae_set if analyte in milk.below]
    n_judged = pl.sum_horizontal(pl.lit(0), *(column.is_not_null().cast(pl.Int64) for column in judged))
    n_below = pl.sum_horizontal(pl.lit(0), *(column.cast(pl.Int64) for column in judged))
    # Without milk at the visit, or without a declared set, there is nothing to count: null, not 0.
    counted = pl.col("_milk").fill_null(value=False) & pl.lit(bool(mae_set))
    all_below = pl.when(n_below < n_judged).then(False).when(n_judged == len(mae_set)).then(True)
    visit_date = pl.coalesce("visit_date", "visits_visit_date")
    month = pl.coalesce(visit_date, pl.col("milk_sample_date")).dt.month()
    mother = pl.coalesce("mother_id", "participant_id")
    frame = frame.with_columns(
        visit_date=visit_date,
        season=pl.when(month.is_in([12, 1, 2]))
        .then(pl.lit("dec_feb"))
        .when(month <= 5)
        .then(pl.lit("mar_may"))
        .when(month <= 8)
        .then(pl.lit("jun_aug"))
        .when(month <= 11)
        .then(pl.lit("sep_nov")),
        preterm=pl.col("gestational_age_days") < _TERM_DAYS,
        low_birth_weight=pl.col("birth_weight_kg") < _LOW_KG,
        stunted=_believed("laz") < -2,
        wasted=_believed("wlz") < -2,
        underweight=_believed("waz") < -2,
        overweight=_believed("wlz") > 2,
        n_mae_judged=pl.when(counted).then(n_judged),
        n_below_mae=pl.when(counted).then(n_below),
        all_below_mae=pl.when(counted).then(all_below),
        _mother=mother,
        _dry=pl.col("_milk").is_null(),
    )
    # A twin whose own row has no milk must not be the one row that counts for the mother.
    first = frame.sort("_mother", "visit", "_dry", "infant_id").unique(["_mother", "visit"], keep="first")
    return frame.join(
        first.select(*_KEY, mother_first_row=pl.lit(value=True)), on=_KEY, how="left", validate="1:1"
    ).with_columns(pl.col("mother_first_row").fill_null(value=False))


def _believed(score: str) -> pl.Expr:
    return pl.when(~pl.col(f"{score}_flag").fill_null(value=False)).then(pl.col(score))


def _order(
    frame: pl.DataFrame, people: pl.DataFrame, visits: pl.DataFrame, growth: pl.DataFrame, milk: Milk
) -> list[str]:
    wanted = [
        *("participant_id", "infant_id", "visit", "visit_date", "season", "mother_first_row"),
        *people.columns,
        *("preterm", "low_birth_weight"),
        *_prefixed(visits, people, "visits").columns,
        *_prefixed(growth, people, "growth").columns,
        *("stunted", "wasted", "underweight", "overweight"),
        *milk.wide.columns,
        *("n_below_mae", "n_mae_judged", "all_below_mae"),
    ]
    return [name for name in dict.fromkeys(wanted) if not name.startswith("_") and name in frame.columns]
