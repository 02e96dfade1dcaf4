"""Read and replace entries: slices, index arrays, masks, padding, diagonals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chainrule import ops, symbolic, tensor
from chainrule.core.errors import ChainruleError, DTypeError, IndexProblem, ShapeError, SymbolicError, ValueProblem
from chainrule.transforms.differentiate import gradients
from chainrule.transforms.run import run
from functions_cases import A, B, FunctionCases, X, check_error, whole

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, steps = CASES.add, CASES.add_steps

case("select", [A(2, 3) > 0, B(2, 3) > 0], [A(2, 3), B(2, 3)], -1.0)
case("select", [A(2, 3) > 9], [A(2, 3)], B(3))
case("repeat", A(2, 3), 2)
case("repeat", A(2, 3), [2, 0, 1], axis=-1)
case("tile", A(2, 3), 2)
case("tile", A(2, 3), (2, 1, 3))
case("tile", A(2, 3, 4), (3, 2))
case("pad", A(2, 3), 2)
case("pad", A(2, 3), (1, 2))
case("pad", A(2, 3), ((1, 0), (0, 2)), constant_values=7.0)
case("pad", A(2, 4), ((0, 1), (3, 2)), mode="edge")
case("pad", A(2, 4), ((1, 1), (3, 2)), mode="reflect")
case("pad", A(2, 4), ((0, 2), (5, 1)), mode="symmetric")
case("pad", A(2, 4), ((1, 0), (3, 6)), mode="wrap")
for k in (-1, 0, 2):
    case("tril", A(2, 3, 4), k)
    case("triu", A(4, 3), k)
    case("diag", A(3), k)
    case("diag", A(3, 4), k)
    case("trace", A(4, 3), k)
case("diagonal", A(2, 3, 4), 1, 0, 2)
case("diagonal", A(2, 3, 4), -1, -1, 0)
case("diagonal", A(2, 3), 5)
case("trace", A(2, 3, 4), 0, 1, 2)
KEYS = {
    "1": 1,
    "-1": -1,
    "0, -2": (0, -2),
    "NumPy integer": np.int64(2),
    "...": ...,
    "..., 1": (..., 1),
    "1, ..., -1": (1, ..., -1),
    "()": (),
    "None": None,
    "None and slices": (slice(1, None), None, slice(None, None, -1), ..., None),
    "negative steps": (slice(None, None, -2), slice(-1, 0, -1)),
    "bounds outside": slice(-9, 9),
    "an empty slice": slice(2, 2),
    "list": [2, 0, 0],
    "negative list": [-1, 0],
    "empty list": [],
    "matrix of indices": np.array([[0, 2], [1, -1]]),
    "two arrays": ([0, 2], [3, -1]),
    "two arrays that broadcast": (np.array([[0], [2]]), np.array([1, 0, 3])),
    "arrays apart": ([0, 1], slice(None), [4, 0]),
    "array and integer": (slice(None), [1, 3, 3], -2),
    "integer and array apart": (1, slice(None), [4, 0]),
    "array behind a slice": (slice(1), [1, 2]),
    "array and newaxis": (None, [1, 2], None),
    "mask": np.array([True, False, True]),
    "mask of a list": [True, False, True],
    "mask of two axes": A(3, 4) > 0,
    "mask of all axes": A(3, 4, 5) > 0,
    "mask behind a slice": (slice(None), A(4) > 0),
    "mask behind an integer": (1, A(4, 5) > 0),
    "mask behind ...": (..., A(4, 5) > 0),
    "mask of the last": (..., A(5) > 0),
    "mask and slice": (A(3, 4) > 0, slice(1, 3)),
    "mask and integer": (A(3, 4) > 0, 2),
    "mask and array": ([True, False, True], slice(None), [0, 4]),
    "array and mask": ([0, 2], [True, False, True, False]),
    "mask and newaxis": (None, np.array([True, False, True])),
    "two masks": ([True, False, True], slice(None), [False, True, False, False, True]),
    "mask behind integer and ...": (0, ..., A(5) > 0),
    "mask of nothing": np.zeros(3, bool),
}
for key in KEYS.values():
    case("get_item", A(3, 4, 5), key, oracle=lambda x, key: x[key if isinstance(key, tuple | slice) else np.s_[key]])
case("slice", A(3, 4, 5), (1, 0, 2), (2, 4, 1), oracle=lambda x, *_: x[1:3, :, 2:3])
case("take", A(2, 3), [5, 0, -1])
case("take", A(2, 3, 4), [[2, -1], [0, 0]], axis=1)
case("take", A(2, 3), 1, axis=-1)
case("take", A(2, 3), [], axis=1, oracle=lambda x, i, axis: x[:, :0])
case("gather", A(3, 2), [2, 0, 2], oracle=lambda x, i: x[i])
case("take_along_axis", A(3, 4), whole(3, 2, below=4), axis=1)
case("take_along_axis", A(3, 4, 2), -1 - whole(5, 4, 2), axis=0)
case("take_along_axis", A(3, 4), whole(1, 4), axis=0)
case("take_along_axis", A(3, 4), whole(6, below=12), axis=None)


def put(x, indices, updates, add):
    """One row of `indices` after the other."""
    x, indices = x.copy(), np.asarray(indices)
    for at in np.ndindex(indices.shape[:-1]):
        place = tuple(indices[at])
        x[place] = x[place] + updates[at] if add else updates[at]
    return x


PLACES = [[0, 1], [2, -1], [0, 1], [1, 0]]  # one comes twice
scatter = lambda indices, values, shape: put(np.zeros(shape), indices, values, True)
scatter_add = lambda x, indices, updates: put(x, indices, updates, True)
scatter_update = lambda x, indices, updates: put(x, indices, updates, False)
for oracle in (scatter_add, scatter_update):
    name = "scatter_add" if oracle is scatter_add else "scatter_update"
    case(name, A(3, 4), PLACES, B(4), oracle=oracle)
    case(name, A(3, 4, 2), PLACES, B(4, 2), oracle=oracle)
    case(name, A(5, 2), [[4], [1], [4]], B(3, 2), oracle=oracle)
    case(name, A(3, 4), np.array(PLACES).reshape(2, 2, 2), B(2, 2), oracle=oracle)
    case(name, A(3, 4), np.zeros((0, 2), "int32"), B(0), oracle=oracle)
case("scatter", PLACES, A(4), (3, 4), oracle=scatter)
case("scatter", [[1], [1]], A(2, 3), (4, 3), oracle=scatter)
case(
    "slice_update", A(3, 4), (1, 2), B(2, 1), oracle=lambda x, at, new: np.block([[x[:1]], [x[1:, :2], new, x[1:, 3:]]])
)
one_hot = lambda x, n, axis=-1, dtype=None: np.moveaxis(np.array([x == i for i in range(n)], float), 0, axis)
steps("one_hot", np.array([[0, 2, 1], [3, -1, 5]]), 4, oracle=one_hot)
steps("one_hot", np.array([[0, 2, 1], [3, -1, 5]]), 4, axis=1, dtype="int32", oracle=one_hot)
steps("nonzero", np.array([[0, 1.5, 0], [2.0, 0, 3]]))
steps("where", np.array([[0, 1.5, 0], [2.0, 0, 3]]))
case("where", A(3, 1) > 0, A(4), B(3, 4))
case("where", A(3, 4) > 0, A(3, 4), 0.0)
case("diagflat", A(2, 3), -1)


@pytest.mark.parametrize("key", CASES)
def test_value(key):
    CASES[key].check_value()


NEED_NUMBERS = {"nonzero-0": "its shape depends on them", "where-0": "it is nonzero"}


@pytest.mark.parametrize("key", CASES.of_arrays())
def test_symbolic(key):
    if key in NEED_NUMBERS:
        CASES[key].check_needs_numbers()
    else:
        CASES[key].check_symbolic()


@pytest.mark.parametrize("key", CASES.smooth())
def test_gradient(key):
    CASES[key].check_gradient()


# ---- what has no peer


def test_shape_of_any_index():
    rng = np.random.default_rng(6)
    kinds = [
        np.s_[:],
        np.s_[1:],
        np.s_[::2],
        None,
        ...,
        0,
        -1,
        7,
        *(np.zeros(s, int) for s in [(), (3,), (0,), (2, 1)]),
    ]
    right = wrong = 0
    for _ in range(2000):
        x = np.zeros(rng.integers(1, 4, rng.integers(1, 5)))
        key = tuple(kinds[i] for i in rng.integers(0, len(kinds), rng.integers(1, 5)))
        try:
            want = x[key].shape
        except IndexError:
            with pytest.raises(IndexProblem):
                symbolic(x.shape)[key]
            wrong += 1
        else:
            assert symbolic(x.shape)[key].shape == want
            right += 1
    assert min(right, wrong) > 300


def test_scatter_update_of_symbolic_indices():
    """The last of equal places wins, also when the places are known only later."""
    places = symbolic((4, 2), "int32")
    built = ops.scatter_update(A(3, 4), places, B(4))
    assert_allclose(run(built, {places: PLACES}).numpy(), ops.scatter_update(A(3, 4), PLACES, B(4)).numpy())


def test_scatter_update_gives_the_gradient_to_the_last():
    x, new = (tensor(v, watch=True) for v in (A(3), B(2)))
    result = gradients(ops.scatter_update(x, [[1], [1]], new).sum(), [x, new])
    assert [g.tolist() for g in result] == [[1, 0, 1], [0, 1]]


# ---- errors

ERRORS = {
    "repeat: other number": (lambda: ops.repeat(X, [1, 2], axis=0), ChainruleError),
    "repeat: no such axis": (lambda: ops.repeat(X, 2, axis=2), ShapeError),
    "tile: negative": (lambda: ops.tile(X, -1), ChainruleError),
    "pad: mode": (lambda: ops.pad(X, 1, mode="linear"), ValueProblem),
    "pad: too many pairs": (lambda: ops.pad(X, ((1, 1),) * 3), ShapeError),
    "pad: too many pairs at the edge": (lambda: ops.pad(X, ((1, 1),) * 3, mode="edge"), ShapeError),
    "pad: too few pairs at the edge": (lambda: ops.pad(A(2, 2, 2), ((1, 1),) * 2, mode="edge"), ShapeError),
    "pad: negative": (lambda: ops.pad(X, -1), ShapeError),
    "pad: negative at the edge": (lambda: ops.pad(X, -1, mode="edge"), ShapeError),
    "pad: nothing to reflect": (lambda: ops.pad(np.zeros((0, 2)), 1, mode="reflect"), ChainruleError),
    "tril: a vector": (lambda: ops.tril(A(3)), ShapeError),
    "triu: a vector": (lambda: ops.triu(A(3)), ShapeError),
    "diagonal: a vector": (lambda: ops.diagonal(A(3)), ShapeError),
    "trace: a vector": (lambda: ops.trace(A(3)), ShapeError),
    "get_item: too many": (lambda: tensor(X)[0, 0, 0], IndexProblem),
    "get_item: outside": (lambda: tensor(X)[3], IndexProblem),
    "get_item: array outside": (lambda: tensor(X)[[0, 3]], IndexProblem),
    "get_item: two ...": (lambda: tensor(X)[..., ...], IndexProblem),
    "get_item: string": (lambda: tensor(X)["a"], IndexProblem),
    "get_item: float": (lambda: tensor(X)[1.0], ChainruleError),
    "get_item: floats": (lambda: tensor(X)[[1.0]], DTypeError),
    "get_item: arrays of unequal sizes": (lambda: tensor(X)[[0, 1], [0, 1, 2]], ChainruleError),
    "get_item: mask of another shape": (lambda: tensor(X)[A(4) > 0], IndexProblem),
    "get_item: a single True among others": (lambda: tensor(X)[True, 0], DTypeError),
    "get_item: symbolic mask": (lambda: tensor(X)[symbolic((3,), "bool")], SymbolicError),
    "slice: outside": (lambda: ops.slice(X, (1, 0), (3, 4)), ShapeError),
    "slice: before the start": (lambda: ops.slice(X, (-1, 0), (1, 4)), ShapeError),
    "slice: too few": (lambda: ops.slice(X, (1,), (1,)), ShapeError),
    "take: outside": (lambda: ops.take(X, 3, axis=0), IndexProblem),
    "take: floats": (lambda: ops.take(X, [0.0]), DTypeError),
    "take: no such axis": (lambda: ops.take(X, 0, axis=2), ShapeError),
    "take_along_axis: rank": (lambda: ops.take_along_axis(X, [0], axis=1), ShapeError),
    "take_along_axis: other size": (lambda: ops.take_along_axis(X, [[0], [0]], axis=1), ShapeError),
    "take_along_axis: outside": (lambda: ops.take_along_axis(X, [[4]], axis=1), IndexProblem),
    "scatter: too deep": (lambda: ops.scatter([[0, 0]], [1.0], (3,)), ShapeError),
    "scatter: outside": (lambda: ops.scatter([[3]], [1.0], (3,)), IndexProblem),
    "scatter: values of another shape": (lambda: ops.scatter([[0], [1]], [1.0], (3,)), ShapeError),
    "scatter: floats as places": (lambda: ops.scatter([[0.0]], [1.0], (3,)), DTypeError),
    "scatter_add: outside": (lambda: ops.scatter_add(X, [[0, 4]], [1.0]), IndexProblem),
    "scatter_update: outside": (lambda: ops.scatter_update(X, [[0, 4]], [1.0]), IndexProblem),
    "scatter_update: too deep": (lambda: ops.scatter_update(X, [[0, 0, 0]], [1.0]), ShapeError),
    "scatter_update: values of another shape": (lambda: ops.scatter_update(X, [[0]], A(1, 5)), ShapeError),
    "scatter_update: floats as places": (lambda: ops.scatter_update(X, [[0.0]], A(1, 4)), DTypeError),
    "slice_update: outside": (lambda: ops.slice_update(X, (2, 0), A(2, 4)), ShapeError),
    "slice_update: too few": (lambda: ops.slice_update(X, (1,), A(1)), ShapeError),
    "one_hot: floats": (lambda: ops.one_hot([1.5], 2), DTypeError),
    "one_hot: no such axis": (lambda: ops.one_hot([1], 2, axis=3), ShapeError),
    "where: one branch": (lambda: ops.where([True], 1.0), ValueProblem),
    "select: nothing": (lambda: ops.select([], []), ValueProblem),
    "select: unequal": (lambda: ops.select([[True]], [[1.0], [2.0]]), ValueProblem),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
