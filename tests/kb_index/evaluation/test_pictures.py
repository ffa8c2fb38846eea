"""The drawings of an evaluation show its figures."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from kb_index.evaluation.pictures import HEIGHT, WIDTH, reliability_diagram, risk_coverage_curve

SVG = "{http://www.w3.org/2000/svg}"


def test_every_bin_is_a_bar_as_high_as_the_share_that_was_right() -> None:
    bins = [
        {"from": 0.2, "count": 5.0, "promised": 0.25, "right": 0.2},
        {"from": 0.9, "count": 7.0, "promised": 0.95, "right": 1.0},
    ]
    picture = ElementTree.fromstring(reliability_diagram(bins, title="a & b".replace("&", "and")))
    bars = [each for each in picture.iter(f"{SVG}rect") if each.get("class") == "bar"]
    heights = [float(bar.get("height", "0")) for bar in bars]
    assert heights[0] / heights[1] == 0.2
    assert [bar[0].text for bar in bars] == [
        "5 questions, promised 0.25, right 0.20",
        "7 questions, promised 0.95, right 1.00",
    ]


def test_the_curve_goes_through_every_point_and_stays_inside() -> None:
    points = [{"coverage": 0.5, "risk": 0.0}, {"coverage": 1.0, "risk": 0.25}]
    text = risk_coverage_curve(points, budget=0.03, title="curve")
    (line,) = [each.get("points", "") for each in ElementTree.fromstring(text).iter(f"{SVG}polyline") if
               each.get("class") == "curve"]  # fmt: skip
    (x1, y1), (x2, y2) = [tuple(map(float, pair.split(","))) for pair in line.split()]
    assert 0 < x1 < x2 < WIDTH
    assert 0 < y2 < y1 < HEIGHT
    assert re.search("error budget 3%", text)
