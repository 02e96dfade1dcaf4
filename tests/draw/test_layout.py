"""The positions of a graph's boxes: apart, in order, with paths around them."""

import random

import pytest

from chainrule.draw.layout import layered


def graph(rng, count):
    return [(a, b) for b in range(count) for a in range(b) if rng.random() < 1.6 / (b + 1)]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("across", [False, True])
def test_boxes_stand_apart_and_after_what_feeds_them(seed, across):
    rng = random.Random(seed)
    count = rng.randrange(1, 30)
    edges = graph(rng, count)
    sizes = [(rng.randrange(20, 200), rng.randrange(20, 90)) for _ in range(count)]
    result = layered(sizes, edges, across)
    for i, ((x, y), (w, h)) in enumerate(zip(result.corners, sizes, strict=True)):
        assert x >= 0
        assert y >= 0
        assert x + w <= result.width
        assert y + h <= result.height
        for (u, v), (p, q) in zip(result.corners[:i], sizes, strict=False):
            assert x >= u + p or u >= x + w or y >= v + q or v >= y + h
    axis = 0 if across else 1
    for a, b in edges:
        assert result.corners[a][axis] + sizes[a][axis] <= result.corners[b][axis]
    for path, (a, b) in zip(result.paths, edges, strict=True):
        for end, box, near in ((path[0], a, "leaves"), (path[-1], b, "reaches")):
            (x, y), (w, h) = result.corners[box], sizes[box]
            assert x - 1e-6 <= end[0] <= x + w + 1e-6, near
            assert y - 1e-6 <= end[1] <= y + h + 1e-6, near


def test_a_path_past_a_box_goes_around_it():
    sizes = [(60, 30)] * 3
    result = layered(sizes, [(0, 1), (1, 2), (0, 2)])
    (x, _), (w, _) = result.corners[1], sizes[1]
    middle = result.paths[2][1:-1]
    assert middle
    assert all(not x <= px <= x + w for px, _ in middle)


def test_an_empty_graph_has_a_layout():
    assert layered([], []).corners == []
