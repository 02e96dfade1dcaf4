"""The comparison of two engines on one batch, in units of the last place."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from pages import read
from small_models import network


def test_verify_measures_in_ulps():
    pytest.importorskip("jax")
    from chainrule.inspection.values import last_place

    for kind in (np.float32, np.float64):
        for size in (1.0, 3.7, 1e-20, 123456.0):
            assert last_place(np.array(size), np.dtype(kind)) == np.spacing(kind(size))
    model, x, y = network()
    before = [(v.path, v.numpy()) for v in model.variables]
    result = model.verify(x, y)
    rows = {(r.name, r.what): r for r in result.rows}
    assert {("conv", "output"), ("conv", "gradient"), ("conv/kernel", "gradient"), ("loss", "loss")} <= set(rows)
    assert rows["out", "output"].shape == (3, 4)
    assert result.worst.ulps < 1000
    assert result.worst.ulps == max(r.ulps for r in result.rows)
    assert "units of the last place" in str(result)
    read(result.to_html("ko"))
    for (path, value), v in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(value, v.numpy(), err_msg=path)


def test_verify_sees_an_engine_that_is_wrong(monkeypatch):
    pytest.importorskip("jax")
    from chainrule.engines.engine import engine
    from chainrule.inspection import values as inside

    class Wrong:
        def __init__(self, right):
            self.right = right

        def program(self, step):
            program = self.right.program(step)
            return lambda data: [np.asarray(a) * np.asarray(a).dtype.type(1.001) for a in program(data)]

    monkeypatch.setattr(inside, "engine_named", lambda name: Wrong(engine(name)) if name == "xla" else engine(name))
    model, x, y = network()
    assert model.verify(x, y).worst.ulps > 4000  # 0.1 % of 2**23 to 2**24 steps


def test_ulps_are_of_the_dtype_that_was_computed_in():
    from chainrule.inspection.values import _difference

    a = np.array([1.0, 0.5], "float32")
    b = a + np.array([2.0**-7, 0.0], "float32")
    assert _difference("w", "gradient", a, b, {"float32"}).ulps == 2.0**16
    assert _difference("w", "gradient", a, b, {"float32", "bfloat16"}).ulps == 1.0
    assert _difference("w", "gradient", a.astype("float16"), b.astype("float16"), {"float32"}).ulps == 2.0**3


def test_a_nan_on_one_engine_alone_is_the_worst():
    from chainrule.inspection.values import Verification, _difference

    nan, same = np.array([np.nan, 1.0], "float32"), np.array([2.0, 1.0], "float32")
    rows = [_difference("a", "output", nan, same), _difference("b", "output", same, same)]
    assert Verification(("numpy", "xla"), rows).worst.name == "a"
    infinite = np.array([np.inf, 1.0], "float32")
    assert _difference("c", "output", infinite, infinite).ulps == 0
    assert _difference("d", "output", nan, nan).ulps == 0


def test_a_gradient_that_is_zero_but_for_rounding_is_no_headline():
    pytest.importorskip("jax")
    cr.set_random_seed(0)
    model = cr.Sequential(
        [layers.Input((6, 6, 1)), layers.Conv2D(3, 3, name="c"), layers.BatchNormalization(name="bn"),
         layers.Flatten(), layers.Dense(2, name="out")]
    )  # fmt: skip
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    result = model.verify(rng.normal(size=(4, 6, 6, 1)), rng.normal(size=(4, 2)))
    (bias,) = [r for r in result.rows if r.name == "c/bias"]
    terms, largest = 4 * 4 * 4, max(r.largest for r in result.rows)  # the bias's gradient is a sum of so many, of such
    assert bias.largest < terms * np.finfo("float32").eps * largest
    assert bias.ulps < 10
    assert result.worst.ulps < 1000
