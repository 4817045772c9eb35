"""Participants beside each other: ids that look alike or like nobody's, one person twice, siblings, clusters, size at birth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

PERSON: Mapping[str, Any] = {
    "in_site": pl.String(),
    "id_like": pl.String(),
    "id_pair": pl.String(),
    "id_shape": pl.String(),
    "id_shape_usual": pl.String(),
    "same_facts_as": pl.String(),
    "same_facts_pair": pl.String(),
    "infants_here": pl.Int64(),
    "siblings_differ": pl.String(),
    "birth_order_again": pl.Boolean(),
    "birth_gap_days": pl.Float64(),
    "cluster_arms": pl.Int64(),
    "clusters_of_one_arm": pl.Boolean(),
    "arms_known": pl.Boolean(),
    "birth_weight_z": pl.Float64(),
    "birth_length_z": pl.Float64(),
    "birth_head_z": pl.Float64(),
}
# Facts that two women hardly share altogether; from this many on a record speaks for itself.
FACTS = (
    "infant_birth_date", "birth_weight_kg", "birth_length_cm", "birth_head_circumference_cm", "gestational_age_days",
    "mother_birth_date", "mother_age_years", "mother_height_cm", "randomisation_date",
)  # fmt: skip
LEAST_FACTS = 5
# Facts of one pregnancy, which twins share.
OF_MOTHER = (
    "mother_id", "mother_birth_date", "mother_age_years", "mother_height_cm", "site", "arm", "cluster_id",
    "gestational_age_days", "plurality", "consent_date", "randomisation_date",
)  # fmt: skip
# A form of id is usual from this share of the ids on, and of so many ids; of fewer where all but one have it.
USUAL_SHARE, USUAL_LEAST = 0.95, 10
# Trials by cluster have one arm in (nearly) every cluster; others mix arms by design. Told by the clusters, or where
# they are few and large by the participants: allocated one by one, nine of ten hardly ever have their cluster's arm.
CLUSTERS_SHARE, CLUSTERS_LEAST = 0.8, 4
IN_CLUSTERS_SHARE, IN_CLUSTER_LEAST = 0.9, 3
SCORES = {"birth_weight_z": "ig_waz", "birth_length_z": "ig_laz", "birth_head_z": "ig_hcz"}


def with_people(people: pl.DataFrame, newborn: pl.DataFrame | None) -> pl.DataFrame:
    """The participants' view with the columns of PERSON."""
    scores = [
        (pl.lit(None, dtype=pl.Float64) if newborn is None else newborn[column]).alias(name)
        for name, column in SCORES.items()
    ]
    # As a finding about a group names it.
    group = pl.format("site={}", "site").alias("in_site")
    return _clusters(_births(_siblings(_same_facts(_ids(people))))).with_columns(group, *scores)


def _ids(people: pl.DataFrame) -> pl.DataFrame:
    name = pl.col("participant_id")
    ids = people.select("participant_id").drop_nulls().unique().sort("participant_id")
    # O and 0, I, l and 1 look alike; case, separators and leading zeros are lost on the way.
    alike = (
        name.str.to_uppercase()
        .str.replace_all("O", "0")
        .str.replace_all("[IL]", "1")
        .str.replace_all("[^A-Z0-9]+", "-")
        .str.replace_all("(^|[^0-9])0+([0-9])", "${1}${2}")
    )
    coarse = name.str.replace_all("[A-Z]", "A").str.replace_all("[a-z]", "a").str.replace_all("[0-9]+", "9")
    exact = name.str.replace_all("[A-Z]", "A").str.replace_all("[a-z]", "a").str.replace_all("[0-9]", "9")
    ids = ids.with_columns(_alike=alike, _coarse=coarse, _exact=exact)
    ids = ids.with_columns(
        id_like=pl.when(pl.len().over("_alike") > 1).then(
            pl.when(pl.col("participant_id") == pl.col("participant_id").min().over("_alike"))
            .then(pl.col("participant_id").max().over("_alike"))
            .otherwise(pl.col("participant_id").min().over("_alike"))
        )
    )
    ids = ids.with_columns(_shapes(ids))
    wanted = ids.select("participant_id", "id_like", "id_shape", "id_shape_usual")
    joined = people.join(wanted, on="participant_id", how="left", maintain_order="left")
    return joined.with_columns(id_pair=pair("participant_id", "id_like"))


def pair(one: str, other: str) -> pl.Expr:
    """A name of two that both of them have, so that one cause is one finding; null without another."""
    low, high = pl.min_horizontal(one, other), pl.max_horizontal(one, other)
    return pl.when(pl.col(other).is_not_null()).then(pl.concat_str(low, high, separator=" and "))


def _shapes(ids: pl.DataFrame) -> list[pl.Expr]:
    """`id_shape` and `id_shape_usual`, which nearly all ids have; null without one.

    Numbers that only grow (P9 and P10, or A999 and A1000) are of one shape.
    """
    for form in ("_exact", "_coarse"):
        usual = _usual(ids[form])
        if usual is not None:
            said = pl.lit(usual, dtype=pl.String)
            number = pl.col("participant_id").str.extract("([0-9]+)$").cast(pl.Float64)
            highest = number.filter(pl.col(form) == said).max()
            grown = (pl.col("_coarse") == pl.col("_coarse").filter(pl.col(form) == said).first()) & (
                (number > highest) & ~pl.col("participant_id").str.contains("(^|[^0-9])0[0-9]*$")
            )
            shape = pl.when(grown.fill_null(value=False)).then(said).otherwise(form)
            return [shape.alias("id_shape"), said.alias("id_shape_usual")]
    nothing = pl.lit(None, dtype=pl.String)
    return [nothing.alias("id_shape"), nothing.alias("id_shape_usual")]


def _usual(forms: pl.Series) -> str | None:
    """The form that nearly all ids have."""
    if forms.len() < USUAL_LEAST:
        return None
    most = forms.value_counts().sort(["count", forms.name], descending=[True, False]).row(0)
    enough = most[1] >= USUAL_SHARE * forms.len() or most[1] == forms.len() - 1
    return str(most[0]) if enough else None


def _same_facts(people: pl.DataFrame) -> pl.DataFrame:
    """Another participant whose facts are all the same, of those with enough of them."""
    known = pl.sum_horizontal(pl.col(name).is_not_null() for name in FACTS)
    told = people.filter((known >= LEAST_FACTS) & pl.col("infant_sex").is_not_null())
    keys = [*FACTS, "infant_sex"]
    pairs = (
        told.select("participant_id", *keys)
        .group_by(keys)
        .agg(first=pl.col("participant_id").min(), last=pl.col("participant_id").max())
        .filter(pl.col("first") != pl.col("last"))
    )
    both = pl.concat(
        [
            pairs.select(participant_id="first", same_facts_as="last"),
            pairs.select(participant_id="last", same_facts_as="first"),
        ]
    ).unique("participant_id", keep="first", maintain_order=True)
    joined = people.join(both, on="participant_id", how="left", maintain_order="left")
    return joined.with_columns(same_facts_pair=pair("participant_id", "same_facts_as"))


def _siblings(people: pl.DataFrame) -> pl.DataFrame:
    mother = "participant_id"
    differ = [
        pl.when(pl.col(name).drop_nulls().n_unique().over(mother) > 1).then(pl.lit(name))
        for name in OF_MOTHER
    ]
    born = pl.col("infant_birth_date").cast(pl.Int32)
    # Twins may be born on either side of midnight.
    apart = (born.max() - born.min()).over(mother) > 1
    several = pl.len().over(mother) > 1
    named = pl.concat_str(
        *differ, pl.when(apart).then(pl.lit("infant_birth_date")), separator=", ", ignore_nulls=True
    )
    again = (pl.len().over(mother, "birth_order") > 1) & pl.col("birth_order").is_not_null()
    return people.with_columns(
        infants_here=pl.col("infant_id").n_unique().over(mother).cast(pl.Int64),
        siblings_differ=pl.when(several & (named != "") & pl.col(mother).is_not_null()).then(named),
        birth_order_again=again & several,
    )


def _births(people: pl.DataFrame) -> pl.DataFrame:
    """Days since the birth before, of one mother_id."""
    born = pl.col("infant_birth_date").cast(pl.Int32).cast(pl.Float64)
    gap = born - born.shift(1).over("mother_id", order_by=("infant_birth_date", "row_id"))
    known = pl.col("mother_id").is_not_null() & pl.col("infant_birth_date").is_not_null()
    return people.with_columns(birth_gap_days=pl.when(known).then(gap))


def _clusters(people: pl.DataFrame) -> pl.DataFrame:
    arms = pl.col("arm").drop_nulls().n_unique().over("cluster_id").cast(pl.Int64)
    seen = people.with_columns(cluster_arms=pl.when(pl.col("cluster_id").is_not_null()).then(arms))
    each = seen.filter(pl.col("arm").is_not_null()).select("cluster_id", "cluster_arms").drop_nulls().unique()
    one = each.filter(pl.col("cluster_arms") == 1).height
    many = each.height >= CLUSTERS_LEAST and one >= CLUSTERS_SHARE * each.height
    by_cluster = (many or _alike(people)) and people["arm"].drop_nulls().n_unique() > 1
    known = people["arm"].null_count() < people.height
    return seen.with_columns(clusters_of_one_arm=pl.lit(by_cluster), arms_known=pl.lit(known))


def _alike(people: pl.DataFrame) -> bool:
    """Whether nearly all participants of clusters of some size have the arm of most in their cluster."""
    clusters = (
        people.select("cluster_id", "arm")
        .drop_nulls()
        .group_by("cluster_id", "arm")
        .len()
        .group_by("cluster_id")
        .agg(n=pl.col("len").sum(), most=pl.col("len").max())
        .filter(pl.col("n") > 1)
    )
    within = int(clusters["n"].sum())
    large = clusters.height > 1 and within >= IN_CLUSTER_LEAST * clusters.height
    return large and int(clusters["most"].sum()) >= IN_CLUSTERS_SHARE * within
