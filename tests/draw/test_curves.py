"""Line charts: logarithmic axes, and where the names of curves stand."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from chainrule.draw import curves


def test_curves_over_many_sizes():
    line = curves.Line("a", [10, 100, 1000, 10000], [1.0, 2.0, 3.0, 4.0])
    root = ET.fromstring(curves.svg([curves.Panel("", "n", "ms", [line], log_x=True)], "t"))
    space = "{http://www.w3.org/2000/svg}"
    points = root.find(f".//{space}polyline").get("points").split()
    steps = np.diff([float(p.split(",")[0]) for p in points])
    np.testing.assert_allclose(steps, steps[0], atol=0.11)  # of equal factors
    assert {"10", "100", "1000", "10000"} <= {t.text for t in root.iter(f"{space}text")}


@pytest.mark.parametrize("ends", [(0.0, 1.0), (1.0, 0.0), (0.9, 1.0), (0.5, 0.5)])
def test_names_of_curves_stand_where_no_curve_is(ends):
    xs = list(range(11))
    provided = [curves.Line(f"way {i}", xs, list(np.linspace(ends[0] - i, ends[1] - i, 11))) for i in range(2)]
    root = ET.fromstring(curves.svg([curves.Panel("", "x", "y", provided)], "t", 640, 400))
    space = "{http://www.w3.org/2000/svg}"
    passed = []
    for line in root.iter(f"{space}polyline"):
        (x0, y0), *_, (x1, y1) = ([*map(float, p.split(","))] for p in line.get("points").split())
        passed += [(x0 + (x1 - x0) * k / 200, y0 + (y1 - y0) * k / 200) for k in range(201)]
    for text in root.iter(f"{space}text"):
        if (text.text or "").startswith("way "):
            left, base = float(text.get("x")) - 30, float(text.get("y"))
            assert not any(left < x < left + 90 and base - 12 < y < base + 3 for x, y in passed), text.text
