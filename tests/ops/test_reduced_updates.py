"""`scatter_update` with a reduction, `sort` in one row, `prod` in another dtype: against NumPy."""

import numpy as np
import pytest

from chainrule import compile as compiled
from chainrule import grad, ops
from chainrule.core.errors import ValueProblem

UFUNCS = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}
CASES = {
    "vector": ((6,), [[0], [3], [0], [-1], [0]], (5,)),
    "entries": ((3, 4), [[0, 1], [2, 3], [0, 1], [0, -3]], (4,)),
    "rows": ((3, 4), [[2], [0], [2]], (3, 4)),
    "nested": ((3, 4), [[[2], [0]], [[2], [2]]], (2, 2, 4)),
    "none": ((3,), np.zeros((0, 1), "int32"), (0,)),
    "one": ((1,), [[0], [0]], (2,)),
}


@pytest.mark.parametrize("dtype", ["float64", "int32", "uint8"])
@pytest.mark.parametrize("reduction", UFUNCS)
@pytest.mark.parametrize("case", CASES)
def test_scatter_update_is_numpys_at(case, reduction, dtype):
    shape, indices, updates_shape = CASES[case]
    rng = np.random.default_rng(0)
    x, updates = ((10 * rng.random(s)).astype(dtype) for s in (shape, updates_shape))
    expected = x.copy()
    places = np.moveaxis(np.asarray(indices), -1, 0)
    UFUNCS[reduction].at(expected, tuple(places), updates)
    result = ops.scatter_update(x, indices, updates, reduction)
    assert result.dtype == dtype
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("reduction", ["mul", "max", "min"])
def test_gradients_are_those_of_differences(reduction):
    rng = np.random.default_rng(3)
    x, updates = rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    u = rng.normal(size=(3, 2))
    f = lambda x, updates: ops.sum(ops.scatter_update(x, [[0], [2], [0], [0]], updates, reduction) * u)
    slopes = grad(f, (0, 1))(x, updates)
    for position, slope in enumerate(slopes):
        values = [x, updates]
        for i in np.ndindex(values[position].shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [v.copy() for v in values]
                moved[position][i] += step
                sides.append(float(f(*moved)))
            np.testing.assert_allclose(slope.numpy()[i], (sides[0] - sides[1]) / 2e-6, rtol=1e-5, atol=1e-8)


def test_reductions_are_named():
    with pytest.raises(ValueProblem, match="'mul'"):
        ops.scatter_update([1.0], [[0]], [2.0], "mean")


@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 0), (), (2, 3, 2)])
def test_sort_in_one_row(shape):
    x = np.random.default_rng(0).integers(0, 4, shape).astype("float32")
    np.testing.assert_array_equal(ops.sort(x, axis=None), np.sort(x, axis=None))
    np.testing.assert_array_equal(ops.argsort(x, axis=None), np.argsort(x, axis=None, kind="stable"))
    np.testing.assert_array_equal(compiled(lambda a: ops.sort(a, None))(x), np.sort(x, axis=None))


def test_prod_in_another_dtype():
    x = np.array([[200, 3], [5, 7]], "uint8")
    for dtype in ("float32", "int32", "float64", "int16"):
        result = ops.prod(x, axis=1, dtype=dtype)
        np.testing.assert_array_equal(result, np.prod(x, axis=1, dtype=dtype))
        assert result.dtype.kind == np.dtype(dtype).kind
    assert ops.prod(np.array([2.0, 3.0], "float32"), keepdims=True, dtype="float64").dtype == "float64"
