"""`ops.norm` is numpy.linalg.norm, for every order, axis and keepdims."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import grad, ops
from chainrule.core.errors import ShapeError

ORDERS = [None, 0, 1, -1, 2, -2, 3, -3, 0.5, np.inf, -np.inf, "fro", "nuc", "euclid"]
SHAPES = [(4,), (3, 4), (4, 3), (1, 3), (3, 1), (0,), (0, 3), (3, 0), (2, 3, 4), (2, 3, 4, 5)]


def axes_of(rank):
    pairs = itertools.permutations(range(rank), 2)
    return [None, *range(-rank, rank), *((i,) for i in range(rank)), *pairs, (-1, -2), (0, -1), (0, 0), 9]


@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_refusals_are_numpys(shape):
    x = np.random.default_rng(0).normal(size=shape)
    for order, axis, keepdims in itertools.product(ORDERS, axes_of(len(shape)), (False, True)):
        try:
            with np.errstate(all="ignore"):
                expected = np.linalg.norm(x, order, axis, keepdims)
        except ValueError:
            with pytest.raises(ValueError, match="To mend it"):
                ops.norm(x, order, axis, keepdims)
            continue
        with np.errstate(all="ignore"):
            result = ops.norm(x, order, axis, keepdims).numpy()
        assert result.shape == np.shape(expected), (order, axis, keepdims)
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-14, err_msg=f"{order} {axis} {keepdims}")


@pytest.mark.parametrize("order", [1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc"])
@pytest.mark.parametrize("axis", [(0, 1), (2, 0)])
def test_gradients_of_matrix_norms_are_jaxs(order, axis):
    x = np.random.default_rng(1).normal(size=(3, 4, 2))
    u = np.random.default_rng(2).normal(size=ops.norm(x, order, axis, True).shape)
    result = grad(lambda x: ops.sum(ops.norm(x, order, axis, True) * u))(x)
    expected = jax.grad(lambda x: jnp.sum(jnp.linalg.norm(x, order, axis, True) * u))(x)
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12)


def test_three_axes_have_no_order():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_allclose(ops.norm(x), np.sqrt((x**2).sum()), rtol=1e-12)
    with pytest.raises(ShapeError, match="over 3 axes"):
        ops.norm(x, 2)
