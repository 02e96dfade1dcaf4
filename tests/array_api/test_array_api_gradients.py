"""Functions of the array API keep the graph: their gradients beside central differences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import chainrule as cr
from array_api_cases import COMPLEX, FLOATS, UNARY
from chainrule import array_api as xp
from chainrule.core.errors import GraphError

W = np.linspace(0.5, 2.0, 64)


def of_one(name):
    return lambda x: getattr(xp, name)(x)


def of_two(name):
    return lambda x: getattr(xp, name)(x, x[..., ::-1] + 2.0)


GRAPH = {
    **{name: of_one(name) for name, dtypes in UNARY.items() if dtypes == FLOATS + COMPLEX},
    **{name: of_one(name) for name in ["abs", "negative", "positive", "square", "conj", "sign"]},
    **{name: of_one(name) for name in ["ceil", "floor", "trunc", "round"]},
    **{name: of_two(name) for name in ["add", "subtract", "multiply", "divide", "remainder", "pow"]},
    **{name: of_two(name) for name in ["maximum", "minimum", "atan2", "hypot", "logaddexp", "copysign"]},
    "acosh": lambda x: xp.acosh(x + 1.0),
    "floor_divide": lambda x: xp.floor_divide(x, 0.4),
    "nextafter": lambda x: xp.nextafter(x, x + 1.0),
    "clip": lambda x: xp.clip(x, 0.35, 0.7),
    "clip below": lambda x: xp.clip(x, max=0.6),
    "clip above": lambda x: xp.clip(x, 0.5),
    "real": xp.real,
    "sum": lambda x: xp.sum(x, axis=0),
    "sum, dtype": lambda x: xp.sum(x, dtype=xp.float64),
    "prod": lambda x: xp.prod(x, axis=1, keepdims=True),
    "mean": lambda x: xp.mean(x, axis=(0, 1)),
    "var": lambda x: xp.var(x, axis=0, correction=1),
    "std": lambda x: xp.std(x, correction=0.5),
    "max": lambda x: xp.max(x, axis=1),
    "min": xp.min,
    "cumulative_sum": lambda x: xp.cumulative_sum(x, axis=1, include_initial=True),
    "cumulative_prod": lambda x: xp.cumulative_prod(x, axis=0, include_initial=True),
    "sort": lambda x: xp.sort(x, axis=1, descending=True),
    "where": lambda x: xp.where(x > 0.5, x, x * x),
    "astype": lambda x: xp.astype(x, xp.float64) * 2.0,
    "asarray": lambda x: xp.asarray(x, dtype=xp.float64) * 2.0,
    "full": lambda x: xp.full((2, 2), xp.sum(x)),
    "full_like": lambda x: xp.full_like(x, xp.mean(x)),
    "broadcast_to": lambda x: xp.broadcast_to(x, (2, 2, 3)),
    "broadcast_arrays": lambda x: xp.broadcast_arrays(x, xp.ones((2, 1, 1)))[0],
    "concat": lambda x: xp.concat([x, x * 2.0], axis=None),
    "stack": lambda x: xp.stack([x, x * x], axis=-1),
    "unstack": lambda x: xp.unstack(x, axis=1)[1],
    "expand_dims": lambda x: xp.expand_dims(x, axis=1),
    "squeeze": lambda x: xp.squeeze(x[None], 0),
    "flip": lambda x: xp.flip(x, axis=1),
    "roll": lambda x: xp.roll(x, 2),
    "moveaxis": lambda x: xp.moveaxis(x, 0, 1),
    "permute_dims": lambda x: xp.permute_dims(x, (1, 0)),
    "repeat": lambda x: xp.repeat(x, xp.asarray([2, 0, 1]), axis=1),
    "reshape": lambda x: xp.reshape(x, (3, 2), copy=True),
    "tile": lambda x: xp.tile(x, (2, 2)),
    "take": lambda x: xp.take(x, xp.asarray([0, 0, 2]), axis=1),
    "take_along_axis": lambda x: xp.take_along_axis(x, xp.argsort(x, axis=1), axis=1),
    "take_along_axis, wide": lambda x: xp.take_along_axis(x[:1], xp.asarray([[0, 1], [2, 2]]), axis=1),
    "tril": xp.tril,
    "triu": lambda x: xp.triu(x, k=1),
    "meshgrid": lambda x: xp.meshgrid(x[0], x[1])[1],
    "matmul": lambda x: xp.matmul(x, xp.matrix_transpose(x)),
    "tensordot": lambda x: xp.tensordot(x, x),
    "vecdot": lambda x: xp.vecdot(x, x[0]),
    "diff": lambda x: xp.diff(x, prepend=x[:, :1] * 3.0),
    "indexing": lambda x: x[x > 0.5],
    "operators": lambda x: (2.0 - x) / (1.0 + x) ** 2 @ xp.ones(3, dtype=xp.float64) + -x[:, 0],
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPH)
def test_gradient(name):
    f = GRAPH[name]
    start = np.asarray([[0.31, 0.82, 0.55], [0.67, 0.23, 0.44]])

    def total(x):
        y = f(x)
        return xp.sum(y * xp.reshape(xp.asarray(W[: y.size]), y.shape))

    slope = cr.grad(total)(xp.asarray(start))
    assert slope.dtype == xp.float64
    step, expected = 1e-6, np.zeros_like(start)
    for place in np.ndindex(start.shape):
        moved = [start.copy(), start.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        expected[place] = (float(total(xp.asarray(moved[0]))) - float(total(xp.asarray(moved[1])))) / (2 * step)
    assert_allclose(slope.numpy(), expected, rtol=1e-6, atol=1e-8)


def test_second_gradient():
    slope = cr.grad(lambda x: xp.sum(cr.grad(lambda y: xp.sum(y**3))(x)))
    assert_allclose(slope(xp.asarray([1.0, 2.0])).numpy(), [6.0, 12.0])


CONSTANT = {
    "unique_counts": lambda x: xp.unique_counts(x).counts,
    "unique_inverse": lambda x: xp.unique_inverse(x).inverse_indices,
    "unique_all": lambda x: xp.unique_all(x).indices,
    "searchsorted": lambda x: xp.searchsorted(x, xp.asarray(0.5)),
    "nonzero": lambda x: xp.nonzero(x)[0],
    "from_dlpack": xp.from_dlpack,
}


@pytest.mark.parametrize("name", CONSTANT)
def test_constants_leave_the_graph(name):
    x = cr.tensor([0.25, 0.75], watch=True)
    result = CONSTANT[name](x)
    assert not result.tracked
    assert result.inputs == ()
    if result.dtype == xp.float32:
        with pytest.raises(GraphError):
            cr.gradients(xp.sum(result), x)


@pytest.mark.parametrize("part", [xp.abs, xp.real, xp.imag, xp.conj])
def test_parts_of_complex_numbers_are_constants_or_an_error(part):
    z = xp.asarray([0.25 + 1j, 0.75 + 1j])
    assert part(z).inputs == ()
    with pytest.raises(cr.DTypeError, match="complex numbers are not differentiated"):
        part(cr.tensor([0.25, 0.75], watch=True) + 1j)


def test_distinct_entries_have_gradients():
    x = cr.tensor([3.0, 1.0, 3.0], watch=True)
    for values in (
        xp.unique_values(x),
        xp.unique_counts(x).values,
        xp.unique_inverse(x).values,
        xp.unique_all(x).values,
    ):
        assert_allclose(cr.gradients(xp.sum(values * xp.asarray([5.0, 7.0])), x).numpy(), [7.0, 5.0, 0.0])


def test_symbolic():
    x = cr.symbolic((None, 3))
    y = xp.mean(xp.square(xp.tanh(x) - xp.mean(x, axis=1, keepdims=True)), axis=1)
    assert y.shape == (None,)
    assert_allclose(cr.run(y, {x: np.zeros((2, 3), np.float32)}).numpy(), [0, 0])
    with pytest.raises(cr.errors.SymbolicError):
        xp.unique_values(x)
