"""chainrule.compile: a function as one program, on both engines."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.engines.engine import xla_installed

ENGINES = [
    "numpy",
    pytest.param("xla", marks=pytest.mark.skipif(not xla_installed(), reason="the fast engine needs JAX")),
]


@pytest.fixture(params=ENGINES)
def compile(request):
    return lambda f: cr.compile(f, engine=request.param)


def test_structures_and_static_arguments(compile):
    traces = []

    def f(pair, options, power=2):
        traces.append(power)
        return {"sum": pair[0] + pair[1], "both": (ops.power(pair[0], power), options["name"] == "a")}

    fast = compile(f)
    a, b = np.array([1.0, 2.0], "float32"), cr.tensor([3.0, 5.0])
    result = fast([a, b], {"name": "a"})
    np.testing.assert_array_equal(result["sum"], [4.0, 7.0])
    np.testing.assert_array_equal(result["both"][0], [1.0, 4.0])
    fast([b, a], {"name": "a"})
    assert traces == [2]  # traced once for a form
    np.testing.assert_array_equal(fast([a, b], {"name": "a"}, power=3)["both"][0], [1.0, 8.0])
    fast([a[:1], b[:1]], {"name": "a"})
    assert traces == [2, 3, 2]


def test_variables_are_read_and_assigned(compile):
    w, count = cr.Variable([1.0, 2.0]), cr.Variable(0)

    @compile
    def step(x):
        loss = ((w * x) ** 2).sum()
        w.assign_sub(0.1 * cr.gradients(loss, w))
        count.assign_add(1)
        return loss

    losses = [float(step(np.array([1.0, 3.0], "float32"))) for _ in range(3)]
    v, expected = np.array([1.0, 2.0]), []
    for _ in range(3):
        expected.append(((v * [1.0, 3.0]) ** 2).sum())
        v = v - 0.1 * 2 * v * np.array([1.0, 9.0])
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_allclose(w.numpy(), v, rtol=1e-5)
    assert int(count) == 3
    w.assign([0.0, 0.0])  # by hand, between calls
    assert float(step(np.array([1.0, 3.0], "float32"))) == 0.0


def test_nothing_is_learnt_through_it_in_silence(compile):
    w = cr.Variable([1.0, 2.0])
    twice = compile(lambda x: x * 2)
    with pytest.raises(cr.GraphError, match="path"):
        cr.gradients(twice(w * 3).sum(), w)
    np.testing.assert_array_equal(twice(w * 3), [6.0, 12.0])


def test_plain_python_inside_another_trace(compile):
    inner = compile(lambda x: x * x)
    x = cr.symbolic((None, 2))
    assert inner(x).shape == (None, 2)
    outer = compile(lambda x: cr.grad(lambda x: inner(x).sum())(x))
    np.testing.assert_array_equal(outer(np.array([1.0, 2.0], "float32")), [2.0, 4.0])


def test_numbers_asked_for_while_tracing_teach(compile):
    with pytest.raises(cr.SymbolicError, match="where"):
        compile(lambda x: 1 if x > 0 else 2)(cr.tensor(1.0))


def test_what_is_passed_again_and_again(compile):
    double = compile(lambda x: x * 2.0)
    mine = np.arange(5000, dtype="float32")
    created = cr.tensor(mine)
    for _ in range(3):
        np.testing.assert_array_equal(double(created), 2 * np.arange(5000))
    for factor in (1, 3):  # an array that its owner writes to is read anew
        mine[:] = factor
        np.testing.assert_array_equal(double(mine), np.full(5000, 2.0 * factor))
    x = double(created)
    for _ in range(5):  # results go in again, and none is overwritten
        x, before = double(x), x
        np.testing.assert_array_equal(x, 2 * before.numpy())
    np.testing.assert_array_equal(created, np.arange(5000))


@pytest.mark.skipif(not xla_installed(), reason="the fast engine needs JAX")
def test_a_tensors_copy_on_the_device_goes_with_it():
    from chainrule.engines.xla import devices

    double = cr.compile(lambda x: x * 2.0, engine="xla")
    before = len(devices._buffers)
    created = [cr.tensor(np.full(5000, k, "float32")) for k in range(4)]
    for k, t in enumerate(created):
        assert double(t).numpy()[-1] == 2 * k
    assert len(devices._buffers) == before + 4
    assert devices.cached_buffer(created[1].numpy()) is devices.cached_buffer(created[1].numpy())
    del created[:3], t
    gc.collect()
    assert len(devices._buffers) == before + 1
    small, lent = cr.tensor([1.0]).numpy(), np.zeros(5000, "float32")[:]
    lent.flags.writeable = False  # its owner can write to it
    assert devices.cached_buffer(small) is small
    assert devices.cached_buffer(lent) is lent


def test_64_bits(compile):
    x = np.linspace(0.1, 2.0, 7)
    result = compile(lambda x: ops.log(x) + ops.cast(x, "float32"))(x)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, np.log(x) + x.astype("float32"), rtol=1e-15)
    full = compile(lambda n: n * n)(np.array([2**31 + 1], np.int64))
    assert (full.tolist(), full.dtype) == ([(2**31 + 1) ** 2], np.int64)


def test_hessian_vector_product(compile):
    rng = np.random.default_rng(0)
    a, x, v = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)
    result = compile(lambda x, v: cr.hvp(lambda x: ops.sum(ops.tanh(ops.matmul(a, x))), x, v))(x, v)
    t = np.tanh(a @ x)
    np.testing.assert_allclose(result, a.T @ (-2 * t * (1 - t**2) * (a @ v)), rtol=1e-10)


def test_from_several_threads(compile):
    fast = compile(lambda x: ops.sum(x * x))
    result = {}
    threads = [
        threading.Thread(target=lambda i=i: result.update({i: float(fast(cr.ops.ones(i + 1)))})) for i in range(8)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert result == {i: i + 1.0 for i in range(8)}
