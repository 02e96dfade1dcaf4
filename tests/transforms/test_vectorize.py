"""Vectorize: every operation's batch rule against a loop, and functions written with loops."""

import itertools

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.ops.record import registry

CASES = [
    (name, i, flags)
    for name, record in registry.items()
    for i, sample in enumerate(record.samples)
    if sample.error is None and sample.inputs
    for flags in itertools.product([True, False], repeat=min(len(sample.inputs), 2))
    if any(flags)
]


@pytest.mark.parametrize(
    ("name", "i", "flags"), CASES, ids=lambda v: str(v) if isinstance(v, str | int) else "".join("bs"[not f] for f in v)
)
def test_every_batch_rule_equals_a_loop(name, i, flags):
    record, sample = registry[name], registry[name].samples[i]
    xs = sample.arrays()
    flags = list(flags) + [flags[-1]] * (len(xs) - len(flags))
    others = lambda x: [2 * x, 3 * x] if name == "cholesky" else [np.roll(x, 1), x[..., ::-1] if x.ndim else x]
    batch = [np.stack([x, *others(x)]) if b else x for x, b in zip(xs, flags, strict=True)]  # definite ones stay so
    f = cr.vectorize(lambda *a: record(*a, **sample.attributes), in_axes=[0 if b else None for b in flags])
    with np.errstate(all="ignore"):
        got = f(*[cr.tensor(v) for v in batch])
        rows = [
            record(*[v[j] if b else v for v, b in zip(batch, flags, strict=True)], **sample.attributes).numpy()
            for j in range(3)
        ]
    assert got.dtype == rows[0].dtype
    np.testing.assert_allclose(got.numpy(), np.stack(rows), rtol=1e-12, atol=1e-12)


def neuron(w, b, x):
    total = b
    for j in range(4):
        total = total + w[j] * x[j]
    return ops.sigmoid(total)


W, B, X = np.array([0.5, -1.0, 2.0, 0.25]), 0.3, np.random.default_rng(0).normal(size=(6, 4))


def test_loops_become_a_batch():
    got = cr.vectorize(neuron, in_axes=(None, None, 0))(W, B, X)
    np.testing.assert_allclose(got, 1 / (1 + np.exp(-(X @ W + B))), rtol=1e-12)
    turned = cr.vectorize(neuron, in_axes=(None, None, 1))(W, B, X.T)
    np.testing.assert_allclose(turned, got)


def test_gradients_inside_and_outside():
    w = cr.Variable(W)
    total = ops.sum(cr.vectorize(lambda x: neuron(w, B, x))(X))
    s = 1 / (1 + np.exp(-(X @ W + B)))
    np.testing.assert_allclose(cr.gradients(total, w), X.T @ (s * (1 - s)), rtol=1e-12)
    per_example = cr.vectorize(cr.grad(lambda w, x: neuron(w, B, x)), in_axes=(None, 0))(cr.tensor(W), X)
    np.testing.assert_allclose(per_example, X * (s * (1 - s))[:, None], rtol=1e-12)


def test_nesting_structures_and_axes():
    pairs = cr.vectorize(cr.vectorize(lambda a, b: a * b, in_axes=(None, 0)), in_axes=(0, None))
    np.testing.assert_allclose(pairs(cr.tensor([1.0, 2.0]), cr.tensor([3.0, 4.0, 5.0])), np.outer([1, 2], [3, 4, 5]))
    out = cr.vectorize(lambda d: {"sum": d["x"] + d["y"], "one": ops.ones((2,))})(
        {"x": cr.tensor([1.0, 2.0, 3.0]), "y": cr.tensor([1.0, 1.0, 1.0])}
    )
    assert out["sum"].tolist() == [2.0, 3.0, 4.0]
    assert out["one"].shape == (3, 2)
    assert cr.vectorize(lambda x: x * 2, out_axes=1)(cr.tensor(X)).shape == (4, 6)


def test_no_loop_over_examples_is_left():
    from chainrule.graph import ancestors

    w = cr.Variable(W)
    small = len(ancestors([cr.vectorize(lambda x: neuron(w, B, x))(X)]))
    large = len(ancestors([cr.vectorize(lambda x: neuron(w, B, x))(np.tile(X, (50, 1)))]))
    assert small == large


def test_errors():
    with pytest.raises(cr.ShapeError, match="batch sizes"):
        cr.vectorize(lambda a, b: a + b)(cr.tensor([1.0]), cr.tensor([1.0, 2.0]))
    with pytest.raises(cr.SymbolicError, match=r"ops\.where"):
        cr.vectorize(lambda x: x if x > 0 else -x)(cr.tensor([1.0, -2.0]))
    with pytest.raises(cr.ChainruleError, match="in_axes"):
        cr.vectorize(lambda a, b: a + b, in_axes=(0,))(cr.tensor([1.0]), cr.tensor([1.0]))
    with pytest.raises(cr.ShapeError, match="no batched argument"):
        cr.vectorize(lambda a: a, in_axes=None)(cr.tensor([1.0]))


def test_a_random_draw_inside_is_refused():
    with pytest.raises(cr.ChainruleError, match="whole batch outside"):
        cr.vectorize(lambda x: x + cr.random.normal(()))(cr.tensor([1.0, 2.0]))
    cr.random.normal(())  # and allowed again
