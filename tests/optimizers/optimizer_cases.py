"""Variables and gradients, and the comparison with Keras, for the tests of optimizers."""

import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import constraints, optimizers

SHAPES = [(), (5,), (3, 4), (2, 3, 2, 3)]
NAMES = ["gain", "bias", "kernel", "filters"]
STEPS = 12


def numbers(seed, count, dtype="float64"):
    draw = np.random.default_rng(seed)
    return [
        [np.asarray(draw.normal(size=s) * 10.0 ** draw.integers(-1, 2), dtype) for s in SHAPES] for _ in range(count)
    ]


START, GRADS = numbers(0, 1)[0], numbers(1, STEPS)


def cells(dtype="float64"):
    return [cr.Variable(v.astype(dtype), name=n) for v, n in zip(START, NAMES, strict=True)]


def run(optimizer, variables, grads=GRADS):
    for step in grads:
        optimizer.apply([g.astype(v.dtype) for g, v in zip(step, variables, strict=True)], variables)
    return [v.numpy() for v in variables]


def keras_of():
    os.environ["KERAS_BACKEND"] = "jax"
    return pytest.importorskip("keras")


def same_as_keras(keras, make, dtype="float64", rtol=1e-10, steps=STEPS, prepare=lambda o, v: None, limits=False):
    """`make(m)` builds the optimizer from a module m: ours, then Keras's."""
    ours = make(optimizers)
    mine = cells(dtype)
    theirs = make(keras.optimizers)
    other = [keras.Variable(v, dtype=dtype, name=n) for v, n in zip(START, NAMES, strict=True)]
    if limits:
        mine[2].constraint, other[2].constraint = constraints.MaxNorm(1.5), keras.constraints.MaxNorm(1.5)
        mine[1].constraint, other[1].constraint = constraints.NonNeg(), keras.constraints.NonNeg()
    prepare(ours, mine)
    prepare(theirs, other)
    for step in GRADS[:steps]:
        grads = [g.astype(dtype) for g in step]
        ours.apply(grads, mine)
        theirs.apply([keras.ops.convert_to_tensor(g) for g in grads], other)
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a.numpy(), np.asarray(b.value), rtol=rtol, atol=rtol / 10, err_msg=a.name)
    state = [np.asarray(v.value) for v in theirs.variables]
    assert [v.shape for v in ours.variables] == [v.shape for v in state]
    for a, b in zip(ours.variables[2:], theirs.variables[2:], strict=True):
        if a.name not in ("u_product", "row", "column"):  # Keras names these after nothing
            assert a.path.split("/")[-1] == b.path.split("/")[-1]
    for a, b in zip(ours.variables, state, strict=True):
        if a.ndim > 1 and a.path.startswith("adafactor") and a.name == "velocity":
            continue  # Keras keeps a matrix's mean squares, which follow from the row and the column
        np.testing.assert_allclose(a.numpy(), b, rtol=max(rtol, 1e-7), atol=rtol / 10, err_msg=a.path)


def pair(m, rate=0.1):
    m_map = m.OptimizerMap(m.SGD(rate, momentum=0.9), {"bias": m.Adam(rate), "(kern|filt).*": m.RMSprop(rate)})
    return m.MultiOptimizer(m_map)
