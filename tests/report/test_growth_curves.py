"""The growth curve as a picture: rings, arrows, words, nothing that only colour says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from importlib import resources
from typing import Any

import pytest

from milkqc.report.growth_curves import growth_curve


def curve(**more: Any) -> dict[str, Any]:
    bands = [
        {"age_days": day, "minus_3": 2 + day / 60, "minus_2": 2.4 + day / 60, "median": 3.3 + day / 50,
         "plus_2": 4.4 + day / 40, "plus_3": 5 + day / 40}
        for day in (0.0, 60.0, 120.0)
    ]  # fmt: skip
    points = [
        {"age_days": 1.0, "value": 3.3, "visit": "m0", "suspect": False},
        {"age_days": 91.0, "value": 134.0, "visit": "m3", "suspect": True},
        {"age_days": 110.0, "value": 6.4, "visit": "m4", "suspect": False},
    ]
    return {
        "infant_id": "a", "measure": "weight_kg", "label": "Weight", "unit": "kg", "visit": "m3",
        "cause": "Weight in another unit", "expected": "6.08 kg (z -0.4) if written in pounds", "would_be": 6.08,
        "points": points, "bands": bands,
    } | more  # fmt: skip


def shapes(svg: str, kind: str) -> list[ET.Element]:
    root = ET.fromstring(svg)
    return [each for each in root.iter() if each.get("class") == kind]


def test_the_doubtful_point_is_ringed_and_named_and_the_suggestion_is_a_diamond():
    picture = growth_curve(curve(), key="c1")
    assert len(shapes(picture, "ring")) == 1
    assert len(shapes(picture, "dot")) == 3
    assert len(shapes(picture, "would")) == 1
    assert "134 ↑" in picture


def test_a_gross_error_stays_inside_the_picture_and_does_not_flatten_the_rest():
    picture = growth_curve(curve(), key="c1")
    ring = shapes(picture, "ring")[0]
    assert 20 <= float(ring.get("cy") or 0) <= 40
    heights = [float(each.get("cy") or 0) for each in shapes(picture, "dot")]
    assert max(heights) - sorted(heights)[1] > 10


def test_who_cannot_see_it_is_told_the_same():
    picture = growth_curve(curve(), key="c1")
    told = re.search(r"<desc[^>]*>(.*?)</desc>", picture)
    assert told is not None
    assert told[1] == (
        "3 values, WHO’s −3 to +3 SD around it. Doubtful: 134 kg on day 91. Weight in another unit. "
        "Expected: 6.08 kg (z -0.4) if written in pounds."
    )
    assert 'role="img"' in picture


@pytest.mark.parametrize(
    "more",
    [
        {"bands": []},
        {"would_be": None, "expected": None},
        {"points": [{"age_days": 5.0, "value": 3.0, "visit": "m0", "suspect": True}]},
        {
            "points": [{"age_days": 5.0, "value": 3.0, "visit": "m0", "suspect": True}],
            "bands": [],
            "would_be": None,
        },
        {"infant_id": "<script>alert(1)</script>", "cause": "a & b"},
    ],
)
def test_every_curve_is_a_whole_picture(more):
    picture = growth_curve(curve(**more), key="c1")
    assert "<script" not in picture
    places = [
        float(number)
        for each in ET.fromstring(picture).iter()
        for name in ("cx", "cy", "x", "y")
        if (number := each.get(name)) is not None
    ]
    assert all(-5 <= place <= 330 for place in places)


def test_a_lone_picture_keeps_the_size_it_has_among_others():
    css = (resources.files("milkqc.report") / "templates" / "report.css").read_text(encoding="utf-8")
    # `auto-fit` would collapse the empty columns, and one curve would fill the page with letters of a headline.
    assert ".panels { display: grid; grid-template-columns: repeat(auto-fill," in css
