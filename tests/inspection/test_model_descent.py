"""Descent: the loss over a plane of the weights, and the trajectories of optimizers across it."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.core.errors import ValueProblem
from chainrule.draw import locale as words
from pages import read
from small_models import line_model


def test_the_surface_and_the_ways_are_the_losses_own():
    """A line by least squares: the loss and full-batch descent are known in closed form."""
    model, x, y = line_model()
    before = model.get_weights()
    result = cr.descent(model, x, y, learning_rate=0.2, updates=15)
    assert result.axes == ("d/kernel[0, 0]", "d/bias[0]")
    w, b = np.meshgrid(result.xs, result.ys)
    expected = ((w[..., None] * x[:, 0] + b[..., None] - y[:, 0]) ** 2).mean(axis=-1)
    np.testing.assert_allclose(result.surface, expected, rtol=1e-4, atol=1e-5)
    at = np.array([-1.5, -1.0])
    way = result.trajectories["full batch"]
    for point, loss in zip(way.points, way.losses[0], strict=True):
        error = at[0] * x[:, 0] + at[1] - y[:, 0]
        np.testing.assert_allclose(point, at, rtol=1e-4, atol=1e-5)
        assert loss == pytest.approx((error**2).mean(), rel=1e-4, abs=1e-6)
        at = at - 0.2 * 2 * np.array([(error * x[:, 0]).mean(), error.mean()])
    assert result.start == pytest.approx((-1.5, -1.0))
    assert np.abs(np.array(result.best) - [2.0, 0.5]).max() < 0.2
    for a, c in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, c)
    assert list(result.trajectories) == ["full batch", "stochastic", "mini-batch", "momentum", "Adam"]


def test_learning_rates_too_small_right_and_too_large():
    model, x, y = line_model()
    result = cr.descent(model, x, y, learning_rates=(0.001, 0.3, 5.0), updates=25)
    ends = [way.losses[0][np.isfinite(way.losses[0])][-1] for way in result.trajectories.values()]
    assert ends[1] < 1e-3 < ends[0] < 20 < ends[2]
    assert len(result.trajectories["rate 5"].points) < 26  # it is lost, and stops
    assert "then diverged" in str(result)
    assert (result.ys[-1] - result.ys[0]) < 30  # the picture stays around what is to be seen
    for language in words.LANGUAGES:
        read(result.to_html(language))


def test_a_way_that_is_lost_is_still_data_and_numbered():
    model, x, y = line_model()
    result = cr.descent(model, x, y, learning_rates=[0.1, 1e4], updates=30)
    json.loads(result.to_json(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    root = ET.fromstring(result.to_svg())
    badges = next(g for g in root if g.get("class") == "badges")
    assert [t.text for t in badges if t.tag.endswith("text")] == ["1", "2"]
    assert len([t for t in badges if t.get("class") == "leaves"]) == 1
    assert "leaves the picture" in "".join(root.itertext())


@pytest.mark.parametrize("plane", [None, "random", [("h/kernel", (0, 1)), ("o/bias", 0)]], ids=str)
def test_planes_of_a_larger_model(plane):
    cr.set_random_seed(0)
    model = cr.Sequential([layers.Input((2,)), layers.Dense(3, "tanh", name="h"), layers.Dense(1, name="o")])
    model.compile(loss="mse")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 2)), rng.normal(size=12)
    result = cr.descent(model, x, y, {"mine": (cr.optimizers.SGD(0.1), 4)}, updates=6, plane=plane, seeds=2)
    assert result.trajectories["mine"].losses.shape == (2, 7)
    assert result.trajectories["mine"].points.shape == (7, 2)
    current = model.evaluate(x, y, verbose=0)
    assert result.trajectories["mine"].losses[0, 0] == pytest.approx(current, rel=1e-5)
    assert result.surface.min() <= result.surface.max()
    assert np.isfinite(result.surface).all()
    ET.fromstring(result.to_svg())
    assert len(result.to_dict()["ways"]["mine"]["losses"]) == 2


def test_principal_directions_hold_the_way():
    """A way in the plane of its two largest directions: nothing of a two-weight way is lost."""
    model, x, y = line_model()
    ways = {"full": (cr.optimizers.SGD(0.2), None), "one": (cr.optimizers.SGD(0.1), 1)}
    own = cr.descent(model, x, y, ways, updates=8)
    turned = cr.descent(model, x, y, ways, updates=8, plane="principal")
    for name in ways:
        lengths = [np.linalg.norm(np.diff(f.trajectories[name].points, axis=0), axis=1) for f in (own, turned)]
        np.testing.assert_allclose(*lengths, rtol=1e-6)


def test_descent_of_several_inputs_and_outputs():
    a, b = cr.Input((2,), name="a"), cr.Input((1,), name="b")
    model = cr.Model([a, b], [layers.Dense(1, name="first")(a), layers.Dense(1, name="second")(b)])
    model.compile("sgd", ["mse", "mse"], loss_weights=[1.0, 2.0])
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=(9, 2)), rng.normal(size=(9, 1))]
    ys = [xs[0][:, :1] * 2, xs[1] * -3]
    ways = {"all": (cr.optimizers.SGD(0.1), None), "four": (cr.optimizers.SGD(0.1), 4)}
    result = cr.descent(model, xs, ys, ways, updates=30)
    outputs = [x @ w + c for x, w, c in zip(xs, model.get_weights()[::2], model.get_weights()[1::2], strict=True)]
    start = np.mean((outputs[0] - ys[0]) ** 2) + 2 * np.mean((outputs[1] - ys[1]) ** 2)
    for way in result.trajectories.values():
        assert way.losses[0, 0] == pytest.approx(start, rel=1e-5)
        assert way.losses[0, -1] < 0.1 * start
    named = cr.descent(model, {"a": xs[0], "b": xs[1]}, ys, ways, updates=30)
    np.testing.assert_array_equal(named.trajectories["four"].losses, result.trajectories["four"].losses)


def test_descent_keeps_to_the_whole_loss():
    """A loss that counts for nothing moves nothing."""
    model, x, y = line_model()
    model.compile(loss="mse", loss_weights=0.0)
    result = cr.descent(model, x, y, {"mine": (cr.optimizers.SGD(0.5), None)}, updates=3)
    np.testing.assert_allclose(result.trajectories["mine"].points, np.array([[-1.5, -1.0]] * 4))
    for wrong in ({}, {"a": ("sgd", None)}, {"a": cr.optimizers.SGD()}):
        with pytest.raises(ValueProblem, match="way"):
            cr.descent(model, x, y, wrong)


def test_what_descent_cannot_draw():
    model, x, y = line_model()
    for wrong in (0, True, 1.5):
        with pytest.raises(ValueProblem, match="updates="):
            cr.descent(model, x, y, updates=wrong)
    with pytest.raises(ValueProblem, match="two weights"):
        cr.descent(model, x, y, plane="sideways", updates=2)
    with pytest.raises(ValueProblem, match="'e/kernel'"):
        cr.descent(model, x, y, plane=[("e/kernel", 0), ("d/bias", 0)], updates=2)
    with pytest.raises(ValueProblem, match="an entry inside it"):
        cr.descent(model, x, y, plane=[("d/kernel", (0, 7)), ("d/bias", 0)], updates=2)
    with pytest.raises(cr.GraphError, match="not compiled"):
        cr.descent(cr.Sequential([layers.Input((1,)), layers.Dense(1)]), x, y)
