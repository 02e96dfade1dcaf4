"""Explanations: the printed arithmetic is the number, the edges sum to the gradients, folding loses nothing."""

import json
import math

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.ops.calls import Composite
from chainrule.ops.record import registry
from printed_arithmetic import evaluate


def cases():
    for name, record in registry.items():
        for i, sample in enumerate(record.samples):
            if sample.error is None and sample.inputs and (record.differentiable or isinstance(record, Composite)):
                xs = sample.arrays()
                with np.errstate(all="ignore"):
                    y = record(*xs, **sample.attributes)
                finite = y.size and y.dtype.kind == "f" and np.isfinite(y.numpy()).all()
                if finite and any(x.dtype.kind == "f" and x.size for x in xs):
                    yield pytest.param(name, i, id=f"{name}-{i}")


@pytest.mark.parametrize(("name", "i"), list(cases()))
def test_every_operation_is_explained(name, i):
    """Whatever the operation: arithmetic evaluates to its number, and edges add up to the gradient."""
    record, sample = registry[name], registry[name].samples[i]
    inputs = [cr.Variable(x, name=f"x{j}") if x.dtype.kind == "f" else x for j, x in enumerate(sample.arrays())]
    with np.errstate(all="ignore"):
        y = record(*inputs, **sample.attributes)
        weights = np.random.default_rng(0).normal(size=y.shape)
        result = ops.sum(y * weights.astype(y.dtype))
        e = cr.explain(result)
        required = [v for v in inputs if isinstance(v, cr.Variable)]
        expected = cr.gradients(result, required, unconnected="zero")
    tolerance = 1e-5 if any(np.asarray(s.value).dtype == np.float32 for s in e.steps) else 1e-12
    for v, g in zip(required, expected, strict=True):
        np.testing.assert_allclose(e.gradients[v.name], g.numpy(), rtol=1e-12, atol=1e-12)
    for row in [*e.steps, *e.edges, *e.joins]:
        if row.arithmetic is not None and math.isfinite(row.arithmetic.value):
            got = evaluate(row.arithmetic.text)
            assert got == pytest.approx(row.arithmetic.value, rel=tolerance, abs=tolerance), row
    arriving = {}
    for edge in e.edges:
        arriving[edge.input] = arriving.get(edge.input, 0) + edge.downstream
    for name_, g in e.gradients.items():
        if name_ in arriving:
            np.testing.assert_allclose(arriving[name_], g, rtol=1e-12, atol=1e-12)
    assert str(e)
    json.dumps(e.to_dict(), allow_nan=False)


def test_j_equals_33():
    a, b, c = (cr.Variable(v, name=n, dtype="float64") for n, v in {"a": 5.0, "b": 3.0, "c": 2.0}.items())
    e = cr.explain(3 * (a + b * c))
    text = str(e)
    for line in (
        "u = b * c = 3 * 2 = 6",
        "v = a + u = 5 + 6 = 11",
        "J = 3 * v = 3 * 11 = 33",
        "dJ/dv = 1 * 3 = 3",
        "dJ/da = 3 * 1 = 3",
        "dJ/du = 3 * 1 = 3",
        "dJ/db = 3 * 2 = 6",
        "dJ/dc = 3 * 3 = 9",
    ):
        assert line in text
    assert "add passes the gradient to both" in text
    assert "multiply switches" in text
    assert "test_explain.py:" in text
    assert {n: float(g) for n, g in e.gradients.items()} == {"a": 3, "b": 6, "c": 9}


def test_sums_at_joins_are_shown():
    x = cr.Variable(3.0, name="x")
    e = cr.explain(x * x + x)
    (join,) = [j for j in e.joins if j.name == "x"]
    assert evaluate(join.arithmetic.text) == 7 == join.total
    assert "joined at x" in str(e)


def network():
    rng = np.random.default_rng(0)
    w1, w2 = cr.Variable(rng.normal(size=(4, 3)), name="w1"), cr.Variable(rng.normal(size=(3, 2)), name="w2")
    x = cr.tensor(rng.normal(size=(5, 4)))
    with cr.scope("model"):
        with cr.scope("hidden"):
            h = ops.tanh(x @ w1)
        with cr.scope("output"):
            y = ops.softmax(h @ w2)
    return ops.mean(ops.sum(y**2, axis=1)), w1, w2, h


def test_folding_by_scope_to_any_depth():
    loss, _, _, _ = network()
    full = cr.explain(loss)
    counts = []
    for depth in (0, 1, 2, 3):
        folded = cr.explain(loss, depth=depth)
        counts.append(len(folded.steps))
        for name, g in full.gradients.items():
            np.testing.assert_array_equal(folded.gradients[name], g)
            arriving = sum(e.downstream for e in folded.edges if e.input == name)
            np.testing.assert_allclose(arriving, g, rtol=1e-12)
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
    top = cr.explain(loss, depth=0)
    (model,) = [s for s in top.steps if s.operation == "model"]
    assert set(model.inputs) == {"w1", "w2"}
    assert {s.operation for s in cr.explain(loss, depth=1).steps} >= {"model/hidden", "model/output"}


def test_one_entry_of_anything():
    loss, w1, _, h = network()
    e = cr.explain(h[3, 1])
    assert e.steps[-1].arithmetic.value == float(h[3, 1])
    g = cr.gradients(loss, w1)
    again = cr.explain(g, entry=(2, 1))
    assert float(np.asarray(again.steps[-1].value)) == float(g.numpy()[2, 1])


def test_long_sums_are_shortened_and_still_true():
    x = cr.Variable(np.arange(1.0, 101.0), name="x")
    e = cr.explain(ops.sum(x * x))
    text = e.steps[-1].arithmetic.text
    assert len(text) < 100
    assert evaluate(text) == 338350


def test_digits_and_names():
    x = cr.Variable(1 / 3, dtype="float64", name="x")
    h = ops.sin(x)
    assert "0.333 " in str(cr.explain(h * 2, digits=3)).replace("\n", " ")
    assert any(s.name == "hidden" for s in cr.explain(h * 2, names={"hidden": h}).steps)


def test_what_cannot_be_explained():
    with pytest.raises(cr.ShapeError, match="name one entry"):
        cr.explain(cr.Variable([1.0, 2.0]) * 2)
    with pytest.raises(cr.GraphError, match="without history"):
        cr.explain(cr.tensor(1.0) * 2)
    with pytest.raises(cr.SymbolicError):
        cr.explain(cr.symbolic(()) * 2)


def test_a_nan_is_shown_not_hidden():
    x = cr.Variable(-1.0, name="x")
    with np.errstate(all="ignore"):
        e = cr.explain(ops.log(x) * 2)
    assert "nan" in str(e)
    json.dumps(e.to_dict(), allow_nan=False)
