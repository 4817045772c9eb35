"""The pictures: they scale rightly, say themselves in words, and carry no markup of the data's."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from milkqc.report.charts import histogram, mae_chart, share_bar
from milkqc.report.scores import pooled

SVG = "{http://www.w3.org/2000/svg}"


def parsed(markup):
    return ElementTree.fromstring(str(markup).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


def line(name="Iodine", low=0.5, mid=1.0, high=2.0):
    return {
        "name": name,
        "what": "month_3, 180 judged",
        "below": "50 % below",
        "why": "all censored",
        "low": low,
        "mid": mid,
        "high": high,
    }


def test_a_median_at_the_mae_stands_on_its_line():
    picture = parsed(mae_chart([line()], key="k", title="t"))
    dot = picture.find(f"{SVG}circle[@class='dot']")
    rule = picture.find(f"{SVG}line[@class='one']")
    assert dot.get("cx") == rule.get("x1")


def test_half_and_twice_the_mae_are_equally_far_from_it():
    picture = parsed(mae_chart([line()], key="k", title="t"))
    span = picture.find(f"{SVG}rect[@class='range']")
    middle = float(picture.find(f"{SVG}line[@class='one']").get("x1"))
    left, width = float(span.get("x")), float(span.get("width"))
    assert middle - left == pytest.approx(left + width - middle, abs=0.02)


def test_a_median_that_censoring_hides_is_said_not_drawn():
    picture = mae_chart([line(low=None, mid=None, high=None)], key="k", title="t")
    assert "no median: all censored" in picture
    assert "circle" not in picture


def test_a_ratio_beyond_the_scale_stands_at_its_edge():
    picture = parsed(mae_chart([line(low=1e-6, mid=1e-5, high=4e4)], key="k", title="t"))
    width = float(picture.get("viewBox").split()[2])
    assert 0 <= float(picture.find(f"{SVG}circle").get("cx")) <= width


def test_a_picture_names_and_describes_itself():
    picture = parsed(mae_chart([line()], key="k", title="Milk"))
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "k-title k-desc"
    assert (
        picture.find(f"{SVG}desc").text == "Iodine, month_3, 180 judged: median 1 times the MAE, 50 % below"
    )


def test_names_from_the_data_are_escaped():
    picture = mae_chart([line(name="<script>x</script>")], key="k", title='"><b>')
    assert "<script>" not in picture
    assert "<b>" not in picture


def standard_bins(n=100_000):
    def below(z):
        return 0.5 * (1 + math.erf(z / math.sqrt(2)))

    lows = [-6 + step / 2 for step in range(24)]
    return [
        {
            "why": "all censored",
            "low": low,
            "high": low + 0.5,
            "n": round(n * (below(low + 0.5) - below(low))),
        }
        for low in lows
    ]


def test_scores_of_a_reference_population_fill_the_curve():
    bins = standard_bins()
    stats = {"n": sum(each["n"] for each in bins), "mean": 0.0, "sd": 1.0}
    picture = parsed(histogram(bins, key="k", name="LAZ", label="Length", stats=stats))
    bars = picture.findall(f".//{SVG}rect[@class='bar']")
    tallest_bar = min(float(bar.get("y")) for bar in bars)
    curve = picture.find(f"{SVG}path[@class='normal']").get("d")
    top_of_curve = min(float(y) for y in re.findall(r" (-?[\d.]+)", curve))
    assert tallest_bar == pytest.approx(
        top_of_curve, abs=4
    )  # a bin is as high as its mean, just under the peak
    assert "2.3 % below −2" in picture.find(f"{SVG}desc").text


def test_groups_recombine_to_the_mean_and_sd_of_all():
    first, second = [1.0, 2.0, 4.0], [7.0]
    together = pooled([{"n": 3, "mean": 7 / 3, "sd": math.sqrt(7 / 3)}, {"n": 1, "mean": 7.0, "sd": None}])
    everything = first + second
    mean = sum(everything) / 4
    assert together == {
        "n": 4,
        "mean": pytest.approx(mean),
        "sd": pytest.approx(math.sqrt(sum((z - mean) ** 2 for z in everything) / 3)),
    }


@pytest.mark.parametrize(("share", "width"), [(None, "0"), (0.0, "0"), (33.333333, "33.33"), (140.0, "100")])
def test_a_bar_never_leaves_its_track(share, width):
    assert parsed(share_bar(share)).find(f"{SVG}rect[@class='fill']").get("width") == width
