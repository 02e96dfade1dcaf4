"""`Model.program`: which engine runs the steps, and which kernels run where."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.core.errors import GraphError

X = np.random.default_rng(0).normal(size=(64, 12, 12, 1)).astype("float32")
Y = np.arange(64) % 3


def network(engine, **options):
    cr.set_random_seed(1)
    model = cr.Sequential(
        [
            layers.Input((12, 12, 1)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(),
            layers.Dense(64, activation="relu", name="hidden"),
            layers.Dense(3, name="out"),
        ],
        name="net",
    )
    loss = cr.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, engine=engine, **options)
    return model


def test_on_numpy_it_says_so_in_a_sentence():
    model = network("numpy")
    with pytest.raises(GraphError, match="has taken no step"):
        model.program()
    model.fit(X, Y, batch_size=48, verbose=0)
    program = model.program()
    assert [(s.kind, s.batch, s.engine, s.calls) for s in program.steps] == [("train", 48, "numpy", ())]
    reason = "NumPy runs one operation after the other"
    assert str(program) == f"net: a training step of 48 examples runs on NumPy, without kernels: {reason}"
    assert program.to_dict()["steps"][0]["absence"] == reason


def test_a_batch_is_traced_and_not_run():
    model = network("numpy")
    before = [w.copy() for w in model.get_weights()]
    program = model.program(X[:8], Y[:8])
    assert [(s.kind, s.batch) for s in program.steps] == [("train", 8), ("predict", 8)]
    assert [s.kind for s in model.program(X[:8]).steps] == ["predict"]
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert int(model.optimizer.iterations) == 0


def test_plain_python_is_no_engine():
    model = network(None, run_eagerly=True)
    assert model.program(X[:8], Y[:8]).steps[0].engine == "eager"
    assert "runs on Python" in str(model.program(X[:8], Y[:8]))


def test_which_kernels_run_where():
    pytest.importorskip("jax", reason="the fast engine needs JAX")
    pytest.importorskip("chainrule_kernels", reason="the kernels are a distribution of their own")
    model = network("xla")
    model.fit(X, Y, batch_size=32, verbose=0)
    model.predict(X, batch_size=64, verbose=0)
    train, predict = model.program().steps
    assert (train.engine, train.batch, predict.kind, predict.batch) == ("xla", 32, "predict", 64)
    assert ("net/conv", ("convolution", "max_pool"), "convolution_max_pool", "") in train.calls
    assert (
        "net/conv",
        ("convolution_gradient", "max_pool_gradient"),
        "convolution_max_pool_gradient",
        "",
    ) in train.calls
    assert ("adam", ("adam_update", "dense_gradient"), "dense_gradient_adam_update", "") in train.calls
    reasons = {(c.scope, c.operations): c.reason for c in train.calls if c.kernel is None}
    assert "in float32" in reasons["net/hidden", ("dense",)]
    assert "from which a call pays" in reasons["net/out", ("dense",)]
    assert [c.kernel for c in predict.calls if c.kernel] == ["convolution_max_pool"]
    lines = str(model.program()).splitlines()
    assert lines[0] == "net: a training step of 32 examples runs on XLA"
    assert lines[1].split() == ["layer", "operations", "kernel", "left", "to", "XLA"]
    assert any(line.startswith("adam") and "× adam_update" in line for line in lines)  # alike rows are one


def test_without_the_distribution_it_says_so(monkeypatch):
    pytest.importorskip("jax", reason="the fast engine needs JAX")
    from chainrule.engines.xla import kernels

    monkeypatch.setattr(kernels, "available", lambda: None)
    steps = network("xla").program(X[:8], Y[:8]).steps
    assert {s.absence for s in steps} <= {"chainrule-kernels is not installed", "kernels are for CPUs"}
    assert [s.calls for s in steps] == [(), ()]
