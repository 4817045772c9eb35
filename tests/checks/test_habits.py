"""What a group does again and again is one finding; what happens once is a finding of its row."""

from __future__ import annotations

import polars as pl

from milkqc.checks import rules
from milkqc.checks.behind import behind
from milkqc.checks.habits import HABIT_ROWS
from milkqc.checks.views import views


def clinic(*, disagreeing: int, agreeing: int, team: str | None = None, prefix: str = "c") -> pl.DataFrame:
    """Children weighed twice on day 100: some with 6.0 and 7.0 kg, some with 6.0 and 6.1."""
    rows = [
        {"infant_id": f"{prefix}{child}", "visit": "m3", "weight_kg": weight, "age_days": 100.0, "team": team}
        for child in range(disagreeing + agreeing)
        for weight in (6.0, 7.0 if child < disagreeing else 6.1)
    ]
    return pl.DataFrame(rows, schema_overrides={"team": pl.String}).with_columns(
        row_id=pl.concat_str("infant_id", pl.lit("#"), "weight_kg"), participant_id="infant_id"
    )


def visits(*, copied: int, measured: int, thrice: bool = False) -> pl.DataFrame:
    """Children at 100, 130 and 160 days; the second visit of some copies the first, or the weight stands three times."""
    rows = []
    for child in range(copied + measured):
        for place, age in enumerate((100.0, 130.0, 160.0)):
            same = child < copied and (thrice or place < 2)
            rows.append(
                {
                    "row_id": f"{child}|{place}",
                    "infant_id": f"c{child}",
                    "participant_id": f"c{child}",
                    "visit": f"m{place + 3}",
                    "age_days": age,
                    "weight_kg": 6.0 if same else 6.0 + place * 0.5,
                    "length_cm": 60.0 + (0 if same and not thrice else place * 1.5),
                }
            )
    return pl.DataFrame(rows)


def told(growth: pl.DataFrame, ending: str = "") -> list[tuple[str, str, str, int]]:
    drafts = rules.check(views({"growth": growth})).drafts
    mine = drafts.filter(pl.col("rule_id").str.contains(r"same_day|carried|copied"))
    mine = mine.filter(pl.col("rule_id").str.ends_with(ending)).sort("rule_id", "row_id")
    return mine.select("rule_id", "row_id", "severity", "n_rows").rows()


def test_one_disagreement_of_a_day_warns_of_its_row():
    assert told(clinic(disagreeing=1, agreeing=30)) == [("growth.weight_kg.same_day", "c0#7.0", "warning", 1)]


def test_a_table_full_of_disagreements_has_one_warning_and_its_rows_inform():
    found = told(clinic(disagreeing=HABIT_ROWS, agreeing=30))
    assert [row for row in found if row[2] == "warning"] == [
        ("growth.weight_kg.same_day_often", "*", "warning", HABIT_ROWS)
    ]
    listed = [row for row in found if row[2] == "info"]
    assert [row[0] for row in listed] == ["growth.weight_kg.same_day_in_group"] * HABIT_ROWS


def test_many_disagreements_among_very_many_rows_are_no_habit():
    found = told(clinic(disagreeing=HABIT_ROWS, agreeing=HABIT_ROWS * 50))
    assert {row[0] for row in found} == {"growth.weight_kg.same_day"}
    assert len(found) == HABIT_ROWS


def test_the_team_with_the_habit_is_named_and_the_other_keeps_its_own_finding():
    both = pl.concat(
        [
            clinic(disagreeing=HABIT_ROWS, agreeing=5, team="1", prefix="a"),
            clinic(disagreeing=1, agreeing=60, team="2", prefix="b"),
        ]
    )
    assert [row for row in told(both) if row[2] == "warning"] == [
        ("growth.weight_kg.same_day", "b0#7.0", "warning", 1),
        ("growth.weight_kg.same_day_often", "team=1", "warning", HABIT_ROWS),
    ]


def test_a_copied_visit_warns_once_and_a_clinic_that_copies_has_one_finding():
    assert ("growth.visit.carried_forward", "0|1", "warning", 1) in told(visits(copied=1, measured=30))
    found = told(visits(copied=HABIT_ROWS, measured=30))
    assert [row for row in found if row[2] == "warning"] == [
        ("growth.visit.copied_often", "*", "warning", HABIT_ROWS)
    ]
    for measure in ("weight_kg", "length_cm"):
        listed = [row for row in found if row[0] == f"growth.{measure}.carried_forward"]
        assert len(listed) == HABIT_ROWS


def test_a_number_that_stands_three_times_counts_as_copied_and_every_row_stays_listed():
    few, many = (
        visits(copied=1, measured=30, thrice=True),
        visits(copied=HABIT_ROWS, measured=30, thrice=True),
    )
    assert ("growth.weight_kg.carried_on", "0|2", "warning", 1) in told(few)
    found = told(many)
    assert [row for row in found if row[2] == "warning"] == [
        ("growth.visit.copied_often", "*", "warning", HABIT_ROWS)
    ]
    assert sum(row[0] == "growth.weight_kg.carried_forward" for row in found) == 2 * HABIT_ROWS


def test_what_counts_as_a_habit_is_counted_as_the_rules_of_single_rows_count():
    growth = pl.concat(
        [
            visits(copied=7, measured=9, thrice=True),
            visits(copied=5, measured=9).with_columns(pl.col("row_id", "infant_id", "participant_id") + "x"),
        ]
    )
    seen = views({"growth": growth})["growth"]
    copied = set(seen.filter("copied")["row_id"])
    single = {row[1] for row in told(growth) if row[2] == "warning"}
    assert copied == single
    assert len(copied) == 12


def shrinking(*, shrinking: int, growing: int, prefix: str = "c") -> pl.DataFrame:
    """Children at 100 and 160 days; some are 2 cm shorter at the second visit."""
    rows = [
        {
            "row_id": f"{prefix}{child}|{place}",
            "infant_id": f"{prefix}{child}",
            "participant_id": f"{prefix}{child}",
            "visit": f"m{place}",
            "age_days": (100.0, 160.0)[place],
            "length_cm": (60.0, 58.0 if child < shrinking else 64.0)[place],
        }
        for child in range(shrinking + growing)
        for place in (0, 1)
    ]
    return pl.DataFrame(rows)


def behind_of(growth: pl.DataFrame) -> dict[tuple[str, str], int]:
    """Findings by rule and severity, of lengths that shrink."""
    view = views({"growth": growth})
    found = behind(rules.check(view).drafts, view["growth"])
    mine = found.filter(pl.col("rule_id").str.starts_with("growth.length.shrinks"))
    return {(rule, severity): n for rule, severity, n in mine.group_by("rule_id", "severity").len().rows()}


def test_lengths_that_often_shrink_are_one_warning_and_their_rows_inform_but_are_all_there():
    few = behind_of(shrinking(shrinking=HABIT_ROWS - 1, growing=60))
    assert few == {("growth.length.shrinks", "warning"): HABIT_ROWS - 1}
    many = behind_of(shrinking(shrinking=HABIT_ROWS, growing=60))
    assert many == {
        ("growth.length.shrinks", "info"): HABIT_ROWS,
        ("growth.length.shrinks_often", "warning"): 1,
    }


def test_what_is_critical_and_flags_of_one_measure_are_never_behind_a_group():
    drafts = rules.check({}, rules=()).drafts
    row = dict.fromkeys(drafts.columns) | {
        "table": "growth",
        "engine": "gx",
        "severity": "warning",
        "n_rows": 1,
    }
    told = [
        {**row, "rule_id": "growth.wlz.flag_often", "row_id": "*"},
        {**row, "rule_id": "growth.wlz.flag", "row_id": "a"},
        {**row, "rule_id": "growth.waz.flag", "row_id": "a"},
        {**row, "rule_id": "growth.weight_kg.velocity", "row_id": "a"},
        {**row, "rule_id": "growth.weight_kg.velocity", "row_id": "b"},
        {**row, "rule_id": "growth.weight_kg.impossible", "row_id": "a", "severity": "critical"},
    ]
    growth = pl.DataFrame(
        {
            "row_id": ["a", "b"],
            "measured_in": ["*", "*"],
            "infant_id": ["i", "j"],
            "age_days": [1.0, 1.0],
            "weight_kg": [5.0, 5.0],
        }
    )
    after = behind(pl.DataFrame(told, schema=drafts.schema), growth)
    assert after["severity"].to_list() == ["warning", "info", "warning", "info", "warning", "critical"]


def test_a_jump_from_a_copied_number_is_the_copys_where_a_group_copies():
    drafts = rules.check({}, rules=()).drafts
    row = dict.fromkeys(drafts.columns) | {
        "table": "growth",
        "engine": "rules",
        "severity": "warning",
        "n_rows": 1,
    }
    told = [
        {**row, "rule_id": "growth.weight_kg.carried_forward", "row_id": "b", "severity": "info"},
        *({**row, "rule_id": "growth.weight_kg.velocity", "row_id": name} for name in "abcd"),
    ]
    growth = pl.DataFrame(
        {
            "row_id": list("abcd"),
            "measured_in": ["*"] * 4,
            "infant_id": ["i"] * 4,
            "age_days": [10.0, 40.0, 70.0, 100.0],
            "weight_kg": [4.0, 4.0, 7.0, 8.0],
        }
    )
    habit = {**row, "rule_id": "growth.visit.copied_often", "row_id": "*"}
    alone, often = (behind(pl.DataFrame(one, schema=drafts.schema), growth) for one in (told, [*told, habit]))
    assert set(alone["severity"][1:]) == {"warning"}
    assert often["severity"].to_list()[1:5] == ["warning", "info", "info", "warning"]
