"""Pooling with large windows: XLA gives what NumPy does, by a program that hardly grows with them."""

import numpy as np
import pytest

pytest.importorskip("jax", reason="the fast engine needs JAX")

import jax

import chainrule as cr
from chainrule import ops, tensor
from chainrule.engines.xla.lower import lower
from chainrule.graph import Graph, as_dtype
from chainrule.tensors.convert import symbolic
from chainrule.transforms.differentiate import gradients

POOLS = {"max": ops.max_pool, "average": ops.average_pool}
CASES = [  # sizes, window, strides, padding
    ((13, 11), (6, 7), 1, "valid"),
    ((13, 11), (6, 7), (2, 3), "same"),
    ((12, 18), (6, 9), (3, 9), "valid"),
    ((40,), 31, 4, "same"),
    ((5, 6), (9, 8), 2, "same"),
    ((7, 6, 5), 4, 2, "same"),
]


def entries(sizes):
    """Whole numbers with many ties, a nan and infinities."""
    x = np.random.default_rng(1).integers(0, 4, (2, *sizes, 3)).astype("float64")
    x[0, ..., 0].flat[3] = np.nan
    x[1, ..., 1].flat[:4] = -np.inf
    x[1, ..., 2] = -np.inf
    return x


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("case", CASES)
def test_both_engines_agree(name, case):
    sizes, window, strides, padding = case
    pool = POOLS[name]
    x = entries(sizes) if name == "max" else np.random.default_rng(2).normal(size=(2, *sizes, 3))

    def value_and_gradient(x):
        def weighted(x):
            y = pool(x, window, strides, padding)
            return ops.sum(y * np.sqrt(np.arange(1.0, y.size + 1)).reshape(y.shape))

        return pool(x, window, strides, padding), cr.grad(weighted)(x)

    results = [cr.compile(value_and_gradient, engine=engine)(tensor(x)) for engine in ("numpy", "xla")]
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(theirs.numpy(), ours.numpy(), 1e-12, 1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", POOLS)
def test_the_program_does_not_grow(name, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")

    def lines(window):
        x = symbolic((2, 64, 64, 3), as_dtype(dtype))
        y = POOLS[name](x, window, 1)
        graph = Graph([x], [y, gradients(y.sum(), x)])
        with jax.enable_x64(dtype == "float64"):
            return len(jax.jit(lower(graph)).lower([jax.ShapeDtypeStruct(x.shape, x.dtype)]).as_text().splitlines())

    assert lines(48) < 3 * lines(6)  # of 64 times as many entries
