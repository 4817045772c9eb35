"""The data of growth curves: whose they are, what is in question, WHO's bands."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from milkqc.findings import FINDINGS_SCHEMA
from milkqc.summarise.growth_curves import CURVES, MOST, growth_curves


def findings(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {"table": "growth", "severity": "warning", "status": "open"}
    return pl.DataFrame(
        [{name: (base | row).get(name) for name in FINDINGS_SCHEMA} for row in rows],
        schema=FINDINGS_SCHEMA,
        orient="row",
    )


def asked(rule: str, infant: str, visit: str, variable: str, expected: str | None = None) -> dict[str, Any]:
    return {
        "rule_id": rule, "row_id": f"{infant}|{visit}", "participant_id": infant, "infant_id": infant, "visit": visit,
        "variable": variable, "expected": expected,
    }  # fmt: skip


def tables(*infants: str, sex: str | None = "male") -> dict[str, pl.DataFrame]:
    rows = [
        {
            "row_id": f"{infant}|{visit}", "participant_id": infant, "infant_id": infant, "visit": visit,
            "age_days": day, "weight_kg": weight, "length_cm": 50.0 + day / 10,
        }
        for infant in infants
        for visit, day, weight in (("m0", 1.0, 3.3), ("m3", 91.0, 13.4), ("m6", 183.0, 7.9))
    ]  # fmt: skip
    people = {"participant_id": list(infants), "infant_id": list(infants), "infant_sex": [sex] * len(infants)}
    return {
        "growth": pl.DataFrame(rows),
        "participants": pl.DataFrame(people, schema_overrides={"infant_sex": pl.String}),
    }


POUNDS = asked("growth.weight_kg.unit", "a", "m3", "weight_kg", "6.08 kg (z -0.4) if written in pounds")


def test_a_suspected_unit_shows_the_child_the_value_and_what_it_would_be():
    row = growth_curves(tables("a", "b"), findings(POUNDS)).row(0, named=True)
    assert (row["infant_id"], row["measure"], row["unit"], row["sex"]) == ("a", "weight_kg", "kg", "male")
    assert row["cause"] == "Weight in another unit"
    assert row["would_be"] == 6.08
    assert [(point["age_days"], point["value"], point["suspect"]) for point in row["points"]] == [
        (1.0, 3.3, False),
        (91.0, 13.4, True),
        (183.0, 7.9, False),
    ]


def test_the_bands_are_those_that_who_published_for_boys():
    """WHO Child Growth Standards, weight-for-age boys at birth: 2.1, 2.5, 3.3, 4.4, 5.0 kg."""
    first = growth_curves(tables("a"), findings(POUNDS)).row(0, named=True)["bands"][0]
    assert first["age_days"] == 0
    lines = [first[name] for name in ("minus_3", "minus_2", "median", "plus_2", "plus_3")]
    assert lines == pytest.approx([2.1, 2.5, 3.3, 4.4, 5.0], abs=0.05)


def test_a_swap_is_two_pictures_each_with_its_own_number():
    swap = asked(
        "growth.weight_length.swapped", "a", "m3", "weight_kg", "6.37 kg and 61.4 cm, the two exchanged"
    )
    told = growth_curves(tables("a"), findings(swap))
    assert told.select("measure", "would_be").rows() == [("length_cm", 61.4), ("weight_kg", 6.37)]


def test_a_suggested_cause_comes_before_a_flag_and_a_child_and_measure_once():
    flag = asked("growth.waz.flag", "a", "m3", "waz")
    other = asked("growth.laz.flag", "b", "m3", "laz")
    told = growth_curves(tables("a", "b"), findings(flag, other, POUNDS))
    assert told.select("infant_id", "measure", "rule_id", "children").rows() == [
        ("a", "weight_kg", "growth.weight_kg.unit", 2),
        ("b", "length_cm", "growth.laz.flag", 2),
    ]


def test_twelve_are_drawn_and_all_are_counted():
    names = [f"c{place:02}" for place in range(20)]
    told = growth_curves(
        tables(*names), findings(*(asked("growth.waz.flag", name, "m3", "waz") for name in names))
    )
    assert told.height == MOST == 12
    assert set(told["children"]) == {20}


def test_many_swaps_leave_room_for_units_and_keep_their_two_pictures_together():
    swapped = [
        asked(
            "growth.weight_length.swapped", f"s{n:02}", "m3", "weight_kg", "6 kg and 61 cm, the two exchanged"
        )
        for n in range(20)
    ]
    units = [POUNDS | {"infant_id": f"u{n}", "row_id": f"u{n}|m3"} for n in range(3)]
    flags = [asked("growth.waz.flag", "f", "m3", "waz")]
    infants = (*(row["infant_id"] for row in (*swapped, *units)), "f")
    drawn = growth_curves(tables(*infants), findings(*swapped, *units, *flags))
    assert drawn["infant_id"].to_list() == (
        ["s00", "s00", "u0", "s01", "s01", "u1", "s02", "s02", "u2", "s03", "s03", "s04"]
    )


def test_a_child_of_unknown_sex_has_points_and_no_bands():
    row = growth_curves(tables("a", sex=None), findings(POUNDS)).row(0, named=True)
    assert row["bands"] == []
    assert len(row["points"]) == 3


@pytest.mark.parametrize("have", [{}, {"growth": pl.DataFrame()}, tables("z")])
def test_nothing_to_draw_is_an_empty_table(have):
    assert growth_curves(have, findings(POUNDS)).is_empty()
    assert dict(growth_curves(have, findings()).schema) == CURVES
