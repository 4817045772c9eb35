"""Scores of two measures beyond WHO's limits, where that is a habit of a group."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from milkqc.checks.declare import Limits, rule
from milkqc.checks.habits import HABIT_ROWS, MEASURED_IN

for _score, _name in (("wlz", "weight-for-length"), ("baz", "BMI-for-age")):

    @rule(
        f"growth.{_score}.flag_often",
        table="growth",
        columns=(_score, MEASURED_IN, f"{_score}_flag"),
        level="group",
        per=(MEASURED_IN,),
        severity="warning",
        source=(
            "WHO/UNICEF 2019, Recommendations for data collection, analysis and reporting on anthropometric indicators: "
            "more than 1 % beyond the flags is poor data (from general knowledge, unverified); "
            "{rows} rows and more: convention, unverified"
        ),
        value="{n_rows} rows",
        expected="at most a share of {share} of the rows",
        limits={"share": 0.01, "rows": float(HABIT_ROWS)},
        passes={
            _score: [6.0] * 19 + [0.0],
            MEASURED_IN: ["*"] * 20,
            f"{_score}_flag": [True] * 19 + [False],
        },
        fails={
            _score: [6.0] * 20 + [0.0],
            MEASURED_IN: ["*"] * 21,
            f"{_score}_flag": [True] * 20 + [False],
            "!": [True] * 20 + [False],
        },
        says=f"In one group {_name} is often beyond WHO's limits: weights and lengths that do not belong together.",
        site="Look at how weight and length come to stand in one row: forms, dates, copies, repeats; measure some again.",
        analyst="Report the share beside the results; WHO asks for no prevalence of such a group without saying so.",
    )
    def flagged_often(limits: Limits, score: str = _score) -> nw.Expr:
        """Of the group's scores more than WHO allows are flagged; those of the rows then inform."""
        flag = nw.col(f"{score}_flag").cast(nw.Boolean)
        flagged = flag.cast(nw.Int64).sum().over(MEASURED_IN)
        rows = nw.col(score).count().over(MEASURED_IN)
        return flag & (flagged >= limits["rows"]) & (flagged > rows * limits["share"])
