"""Running products, and the gradients of products, where another order of multiplying would overflow or give nan."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import chainrule as cr
from chainrule import ops, tensor
from chainrule.transforms.differentiate import gradients

pytestmark = pytest.mark.usefixtures("quiet")
WAYS = {
    "eagerly": lambda f: f,
    "compiled by NumPy": lambda f: cr.compile(f, engine="numpy"),
    "compiled by XLA": lambda f: cr.compile(f, engine="xla"),
}


@pytest.fixture(params=WAYS)
def way(request):
    if request.param.endswith("XLA"):
        pytest.importorskip("jax", reason="the fast engine needs JAX")
    return WAYS[request.param]


@pytest.mark.parametrize("name", ["cumprod", "nancumprod"])
@pytest.mark.parametrize(
    "x",
    [[0.0, 1e30, 1e30], [1e30, 1e-30, 1e30, 1e-30, 1e30], [1e30, 1e30, 0.0], [np.inf, 2.0, -1.0], [3.0, np.nan, 2.0]],
)
def test_running_product(way, name, x):
    x = np.asarray(x, "float32")
    want = getattr(np, name)(x, dtype="float32")
    assert_array_equal(way(getattr(ops, name))(tensor(x)).numpy(), want)


def graph_gradient(f):
    """The gradient of f as a graph, which is run afterwards."""

    def gradient(x):
        leaf = x if x.symbolic else tensor(x.numpy(), watch=True)
        return gradients(f(leaf), leaf, create_graph=True)

    return gradient


@pytest.mark.parametrize("gradient", [cr.grad, graph_gradient])
@pytest.mark.parametrize(
    ("f", "x", "want"),
    [
        (ops.prod, [1e-30, 1e30, 1e30, 1e-30], [1e30, 1e-30, 1e-30, 1e30]),
        (ops.prod, [0.0, 1e30, 1e-30, 2.0], [2.0, 0.0, 0.0, 0.0]),
        (lambda x: ops.cumprod(x)[-1], [1e-30, 1e30, 1e30, 1e-30], [1e30, 1e-30, 1e-30, 1e30]),
        (lambda x: ops.cumprod(x).sum(), [0.0, 1e30, 1e-30], [1e30, 0.0, 0.0]),
        (lambda x: ops.cumprod(x).sum(), [2.0, 0.0, 3.0, 0.0], [1.0, 8.0, 0.0, 0.0]),
    ],
)
def test_gradient_of_a_product(way, gradient, f, x, want):
    got = way(gradient(f))(tensor(np.asarray(x, "float32"))).numpy()
    np.testing.assert_allclose(got, np.asarray(want, "float32"), 1e-6)


def test_second_gradient_of_a_running_product():
    """Of x1 + x1 x2 + x1 x2 x3, by hand."""
    x = tensor([2.0, 0.0, 5.0], "float64", watch=True)
    first = gradients(ops.cumprod(x).sum(), x, create_graph=True)
    assert_array_equal(first.numpy(), [1.0, 12.0, 0.0])
    assert_array_equal(gradients(first, x, np.array([1.0, 10.0, 100.0])).numpy(), [60.0, 206.0, 20.0])
