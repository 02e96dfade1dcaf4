"""Curves as a picture: any numbers, any names."""

import math
import re
import xml.etree.ElementTree as xml

import pytest

from chainrule.draw.curves import Line, Panel, svg


def polylines(text):
    return [e.get("points").split() for e in xml.fromstring(text).iter("{http://www.w3.org/2000/svg}polyline")]


@pytest.mark.parametrize(
    "ys",
    [
        [1.0], [2.0, 1.0], [5.0, 5.0, 5.0], [0.0, 0.0], [-1.0, 1.0], [1e-12, 3e-12], [1e-300, 1e300],
        [1e308, 1.7e308], [0, 5e-324], [1.0, math.inf, 2.0], [math.nan, 1.0], [math.nan], [math.inf], [],
        [-1e308, 1e308], [1e-12, 0.0, -1e-12], [1e15, 1e15 + 1],
    ],
    ids=str,
)  # fmt: skip
def test_any_curve_can_be_drawn(ys):
    text = svg([Panel("p", "x", "y", [Line("a", range(len(ys)), ys)])], "t")
    assert "nan" not in re.sub("<t.*?</t.*?>", "", text)
    assert "inf" not in re.sub("<t.*?</t.*?>", "", text)
    assert sum(len(set(points)) for points in polylines(text)) == len([y for y in ys if math.isfinite(y)])
    for points in polylines(text):
        for x, y in (map(float, p.split(",")) for p in points):
            assert 61 <= x <= 445
            assert 29 <= y <= 275


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b", "\"'", "A\x01B", "\x1b[31m", "𝛼", "]]>", ""])
def test_any_name_can_be_drawn(name):
    """Names come from a file's header: whatever they hold, the picture stays well-formed."""
    text = svg([Panel(name, name, name, [Line(name, [0, 1], [2.0, 1.0])])], name)
    text.encode("utf-8")
    assert len(polylines(text)) == 1
    assert "<script" not in text


def test_ticks_are_told_apart():
    """Each label of an axis stands once, also where values are tiny or close together."""
    for ys in ([-1e-12, 1e-12], [0.0, 3e-11], [-1.0, 1.0], [1000000.0, 1000001.0], [-1000000.0, -1000001.0]):
        text = svg([Panel("p", "x", "y", [Line("a", [0, 1], ys)])], "t")
        labels = re.findall(r'text-anchor="end">(.*?)</text>', text)
        assert len(labels) == len(set(labels)) >= 2, (ys, labels)


def test_long_curves_are_thinned_with_their_ends():
    text = svg([Panel("p", "x", "y", [Line("a", range(100_000), [1.0 + 1 / (i + 1) for i in range(100_000)])])], "t")
    (points,) = polylines(text)
    assert len(points) < 1000
    assert points[0].startswith("62.0,")
    assert points[-1].startswith("444.0,")


def test_each_point_is_drawn_once():
    """Also the last, whether or not thinning keeps it."""
    for n in (2, 599, 600, 601, 1201):
        (points,) = polylines(svg([Panel("p", "x", "y", [Line("a", range(n), range(1, n + 1))])], "t"))
        assert len(points) == len(set(points)), n


def test_two_panels_stand_side_by_side():
    panel = Panel("p", "x", "y", [Line("a", [0, 1], [2.0, 1.0]), Line("b", [0, 1], [3.0, 1.0])])
    root = xml.fromstring(svg([panel, panel], "t"))
    assert len(root.findall("{http://www.w3.org/2000/svg}g")) == 2
    assert float(root.get("width")) == 2 * float(xml.fromstring(svg([panel], "t")).get("width"))


def test_no_line_is_drawn_across_a_gap():
    ys = [1.0, 2.0, math.nan, 4.0, math.inf, 3.0, 2.0, 2.5]
    text = svg([Panel("p", "x", "y", [Line("a", range(8), ys)])], "t")
    assert [len(points) for points in polylines(text)] == [2, 1, 3]
    assert text.count("<circle") == 6  # the lone point can be seen


@pytest.mark.parametrize("n", [601, 5000, 12345])
def test_no_peak_and_no_gap_of_a_long_line_is_lost(n):
    ys = [1.0] * n
    ys[n // 3], ys[n // 2], ys[n // 5] = 900.0, 0.001, math.nan
    *_, points = pieces = polylines(svg([Panel("p", "x", "y", [Line("a", range(n), ys)])], "t"))
    assert len(pieces) == 2
    assert sum(map(len, pieces)) <= 700
    heights = [float(p.split(",")[1]) for p in points]
    assert len({min(heights), max(heights)} & {30.0, 274.0}) == 2  # the whole height of the chart
