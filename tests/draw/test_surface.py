"""Paths across a surface: what is drawn of them lies on the lines that were walked."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chainrule.draw import surface

GRID = np.linspace(-1, 1, 5)
SURFACE = GRID[:, None] ** 2 + GRID**2
NAMESPACE = "{http://www.w3.org/2000/svg}"


def picture(*paths):
    named = [surface.Path(f"path {k}", np.array(points, float)) for k, points in enumerate(paths)]
    return ET.fromstring(surface.svg(GRID, GRID, SURFACE, named, "t", ("a", "b"), leaving="goes away"))


def frame_of(root):
    image = root.find(f"{NAMESPACE}image")
    return [float(image.get(side)) for side in ("x", "y", "width", "height")]


def walked(root):
    """The points of each line, in the surface's coordinates."""
    left, top, w, h = frame_of(root)
    lines = [e for e in root.iter(f"{NAMESPACE}polyline") if e.find(f"{NAMESPACE}title") is not None]
    pixels = [np.array(re.findall(r"[-\d.]+", e.get("points")), float).reshape(-1, 2) for e in lines]
    return [np.stack([2 * (p[:, 0] - left) / w - 1, 1 - 2 * (p[:, 1] - top) / h], axis=1) for p in pixels]


def test_a_path_inside_is_drawn_whole():
    path = [(-0.5, -0.5), (0.25, 0.5), (0.5, 0.5)]
    root = picture(path)
    (line,) = walked(root)
    np.testing.assert_allclose(line, path, atol=1e-3)
    assert "goes away" not in "".join(root.itertext())


def test_a_path_that_diverges_is_cut_off_where_it_leaves():
    root = picture([(0, 0), (0.5, 0.25), (1e6, 2e5), (-1e9, 0.0)])
    first, *others = walked(root)
    t = (1 - 0.5) / (1e6 - 0.5)  # to the right edge
    np.testing.assert_allclose(first, [(0, 0), (0.5, 0.25), (1, 0.25 + t * (2e5 - 0.25))], atol=1e-3)
    assert others == []  # the last segment passes above the window
    arrow, _ = (e for e in root.iter(f"{NAMESPACE}polygon") if e.get("class") == "leaves")  # one is in the legend
    assert arrow.find(f"{NAMESPACE}title").text == "path 0: goes away"
    assert "goes away" in [e.text for e in root.iter(f"{NAMESPACE}text")]


def test_a_path_that_comes_back_has_two_pieces():
    first, second = walked(picture([(0, 0), (0, 3), (3, 0), (0, 0.5)]))
    np.testing.assert_allclose(first, [(0, 0), (0, 1)], atol=1e-3)
    np.testing.assert_allclose(second, [(1, 0.5 - 0.5 / 3), (0, 0.5)], atol=1e-3)


coordinate = st.floats(-3, 3) | st.sampled_from([-1.0, 0.0, 1.0, 1e8, -1e8, np.inf, np.nan])


@given(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=6))
def test_what_is_drawn_was_walked(path):
    """Each point drawn lies in the window and on a segment of the path."""
    root = picture(path)
    segments = [np.array(s) for s in pairwise(path) if np.isfinite(s).all()]
    for line in walked(root):
        assert np.abs(line).max() <= 1 + 2e-3
        for point in line:
            distances = []
            for a, b in segments:
                d = b - a
                t = np.clip((point - a) @ d / (d @ d), 0, 1) if d @ d > 0 else 0.0
                distances.append(np.linalg.norm(a + t * d - point))
            assert min(distances) < 5e-3
