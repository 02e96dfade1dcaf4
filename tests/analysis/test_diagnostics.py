"""Diagnostics of a pass: where nan and infinity began, dead units, weights without a gradient."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from pages import read


def test_where_a_nan_began():
    x = cr.Variable([[1.0, 4.0], [-1.0, 9.0]], name="x")
    with np.errstate(all="ignore"), cr.scope("block"):
        y = ops.sum(ops.exp(ops.log(x)) * 2.0)
    e = cr.explain(y)
    first = e.diagnostics[0]
    assert (first.scope, first.index) == ("block", (1, 0))
    assert "1 of 4 entries, made by log" in str(first)
    assert "test_diagnostics.py" in first.line
    assert "trouble" in str(e)
    assert 'class="trouble"' in e.to_html("ko")


def test_where_a_gradient_became_infinite():
    x = cr.Variable([4.0, 0.0], name="x")
    (result,) = cr.explain(ops.sum(ops.sqrt(x))).diagnostics
    assert (result.name, result.index) == ("x", (1,))
    assert "where sqrt passes it to x: 1 of 2" in str(result)


def test_dead_units_and_weights_that_no_gradient_reaches():
    w = cr.Variable([[1.0, -1.0, -2.0]], name="w")
    h = ops.relu(cr.tensor(np.arange(1.0, 9.0)[:, None]) @ w)
    dead, unreached = cr.explain(ops.sum(h * cr.Variable([0.0, 1.0, 1.0], name="v"))).diagnostics
    assert "2 of 3 units" in str(dead)
    assert dead.index == (0, 1)
    assert "no gradient reaches w" in str(unreached)


def test_units_that_are_off_for_a_few_examples_are_not_dead():
    w = cr.Variable([[1.0, -1.0, -2.0]], name="w")
    for rows, count in ((1, 0), (7, 0), (8, 1)):
        h = ops.relu(cr.tensor(np.arange(1.0, rows + 1)[:, None]) @ w)
        assert len(cr.explain(ops.sum(h)).diagnostics) == count


def test_weights_that_the_loss_never_uses():
    class Forgetful(cr.Model):
        def __init__(self):
            super().__init__(name="forgetful")
            self.used, self.idle = layers.Dense(2, name="used"), layers.Dense(3, name="idle<b>")

        def call(self, x):
            self.idle(x)
            return self.used(x)

    model = Forgetful()
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3)), np.zeros((4, 2))
    e = model.explain(x, y)
    assert e.unused == ["idle<b>/kernel", "idle<b>/bias"] == [result.name for result in e.diagnostics]
    assert "no path leads" in str(e)
    assert "J does not depend on idle&lt;b&gt;/kernel" in e.to_html()
    read(e.to_html("ko"))
    assert e.fold(0).unused == e.unused
    assert model.explain(x, entry=(0, 1)).unused == []
    assert not np.any(model.gradients(x, y)["idle<b>/kernel"])


def test_where_a_path_ends():
    q = cr.Variable([1.0, 3.0], name="q")
    b = cr.Variable(2.0, name="b")
    for y in (ops.cast(ops.argmax(q), "float32"), ops.cast(ops.argmax(q), "float32") + b):
        (result,) = cr.explain(y).diagnostics
        assert str(result).startswith("no gradient reaches q: the path ends at argmax")
        assert "test_diagnostics.py" in str(result)


def test_bfloat16_is_explained_and_drawn():
    pytest.importorskip("ml_dtypes")
    x = cr.Variable([1.0, 0.0], name="x", dtype="bfloat16")
    with np.errstate(all="ignore"):
        e = cr.explain(ops.sum(ops.log(x)))
    assert "made by log" in str(e.diagnostics[0])
    picture = cr.look(x)
    assert picture.to_dict()["max"] == 1.0
    assert "bfloat16" in picture.to_svg()


def test_no_diagnostics_where_all_is_well():
    x = cr.Variable([1.0, 2.0], name="x")
    assert cr.explain(ops.sum(ops.relu(x) * x)).diagnostics == []
