"""One box under RoI pooling, RoI warp and RoI align: the points read, what rounding loses."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.errors import ValueProblem
from chainrule.draw import locale as words
from pages import read


@pytest.mark.parametrize("box", [(14.4, 25.6, 84.8, 107.2), (0.0, 0.0, 32.0, 48.0), (70.0, 90.0, 300.0, 200.0)])
@pytest.mark.parametrize("size", [(2, 2), (3, 1)])
def test_the_places_shown_are_those_that_are_read(box, size):
    """Values at the dots, interpolated by SciPy, give the bins; the gradient adds up to what arrived."""
    ndimage = pytest.importorskip("scipy.ndimage")
    features = np.random.default_rng(0).random((8, 9))
    result = cr.regions(features, box, size, 1 / 16)
    pool = result["pool"]
    values = [features[int(y), int(x)] for y, x in pool.points]
    assert sorted(values) == pytest.approx(sorted(v for v in pool.output.ravel() if v != 0))
    assert pool.gradient.sum() == len(pool.bins)
    for name in ("warp", "align"):
        way = result[name]
        inside = len(way.points) == 4 * size[0] * size[1]
        if inside:
            at = np.array(way.points).reshape(2 * size[0], 2 * size[1], 2) - 0.5
            sampled = ndimage.map_coordinates(features, [at[..., 0], at[..., 1]], order=1)
            bins = sampled.reshape(size[0], 2, size[1], 2).mean(axis=(1, 3))
            np.testing.assert_allclose(way.output, bins, rtol=1e-6)
            assert way.gradient.sum() == pytest.approx(size[0] * size[1])
    assert (result["align"].lost, result["align"].added) == (0, 0)


def test_what_rounding_loses_and_adds():
    result = cr.regions(np.zeros((8, 8)), (0.9, 1.6, 5.3, 6.7))
    assert result["warp"].used == (2.0, 1.0, 5.0, 4.0)
    assert result["pool"].used == (2.0, 1.0, 6.0, 5.0)
    both = (6.7 - 2.0) * (5.0 - 1.0)  # of the box 1.6 to 6.7 by 0.9 to 5.3, and of the rounded one
    assert result["warp"].lost == pytest.approx(5.1 * 4.4 - both)
    assert result["warp"].added == pytest.approx(20.0 - both)
    for language in words.LANGUAGES:
        read(result.to_html(language))
    assert result.to_dict()["align"]["lost"] == 0


def test_regions_that_cannot_be_read():
    with pytest.raises(cr.ShapeError, match="four finite coordinates"):
        cr.regions(np.zeros((4, 4)), (0, 0, np.nan, 1))
    with pytest.raises(cr.ShapeError, match="not empty"):
        cr.regions(np.zeros((0, 4)), (0, 0, 1, 1))
    with pytest.raises(ValueProblem, match="channel=3"):
        cr.regions(np.zeros((4, 4, 2)), (0, 0, 1, 1), channel=3)
