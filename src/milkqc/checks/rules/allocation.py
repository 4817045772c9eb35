"""Arms as the randomisation list says, within clusters, and missing. No finding tells an arm."""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Judgement, rule
from milkqc.checks.phrases import DEFINITION


@rule(
    "participants.arm.listed",
    table="participants",
    columns=("arm", "arm_listed", "participant_id"),
    needs=("arm", "arm_listed"),
    severity="critical",
    source=DEFINITION,
    value="not as listed",
    expected="the arm of the randomisation list",
    passes={"arm": ["1", "1"], "arm_listed": ["1", None], "participant_id": ["a", "b"]},
    fails={"arm": ["1"], "arm_listed": ["2"], "participant_id": ["a"]},
    site="Tell the trial's statistician at once, and find out what the participant was given.",
    analyst="Analyse as randomised, by the list; report the deviation.",
)
def arm_not_as_listed() -> nw.Expr:
    """The arm is not that of the randomisation list. Neither is shown, so that nobody is unblinded by this."""
    return nw.col("arm") != nw.col("arm_listed")


@rule(
    "participants.arm.cluster",
    table="participants",
    columns=("cluster_id", "cluster_arms", "clusters_of_one_arm"),
    needs=("cluster_id", "cluster_arms"),
    per=("cluster_id",),
    severity="critical",
    source="definition of a cluster-randomised trial; judged where 80 % of the clusters have one arm, or 90 % of the participants their cluster's",
    value="{cluster_arms} arms in {cluster_id}",
    expected="one arm in a cluster",
    passes={
        "cluster_id": ["k", "k"],
        "cluster_arms": [1, 2],
        "clusters_of_one_arm": [True, False],
    },
    fails={"cluster_id": ["k", "k"], "cluster_arms": [2, 2], "clusters_of_one_arm": [True, True]},
    site="Check which participants of the cluster have another cluster's arm, or another cluster's id.",
    analyst="Analyse by the cluster's randomised arm once it is known.",
)
def cluster_of_several_arms() -> Judgement:
    """Participants of one cluster are in different arms, in a trial that randomised clusters."""
    return Judgement(nw.col("cluster_arms") > 1, among=nw.col("clusters_of_one_arm").cast(nw.Boolean))


@rule(
    "participants.arm.missing",
    table="participants",
    columns=("randomisation_date", "arm", "arms_known"),
    needs=("randomisation_date",),
    severity="warning",
    source=DEFINITION,
    expected="an arm, as for everybody randomised",
    passes={
        "randomisation_date": [dt.date(2024, 6, 1), None, dt.date(2024, 6, 1)],
        "arm": ["1", None, None],
        "arms_known": [True, True, False],
    },
    fails={"randomisation_date": [dt.date(2024, 6, 1)], "arm": [None], "arms_known": [True]},
    site="Send the allocation; check that the participant was really randomised.",
    analyst="The participant belongs to the analysis as randomised: do not drop it.",
)
def arm_missing() -> Judgement:
    """Randomised on a date, but in no arm, where others are in one."""
    return Judgement(nw.col("arm").is_null(), among=nw.col("arms_known").cast(nw.Boolean))
