"""The functions of `chainrule.ops` that combine records, against NumPy, SciPy or plain loops, on unequal sizes.

Each case is computed eagerly and on symbolic tensors, and the gradient of a random sum of its results compared
with a difference along one direction.
"""

import math
import tracemalloc
from functools import partial
from itertools import product

import numpy as np
import pytest
import scipy.linalg
import scipy.special
from numpy.testing import assert_allclose

from chainrule import Tensor, ops, symbolic, tensor
from chainrule.core.errors import (
    ChainruleError,
    DTypeError,
    GraphError,
    IndexProblem,
    ShapeError,
    SymbolicError,
    ValueProblem,
)
from chainrule.ops import functions
from chainrule.transforms.differentiate import gradients
from chainrule.transforms.run import run
from oracles import covered, same_pads

CASES = {}


def case(name, *args, oracle=None, smooth=True, **options):
    """``ops.name(*args, **options)`` must be what NumPy's function of that name, or `oracle`, makes of the same.

    `smooth`: whether it has a gradient, and differences can show it.
    """
    key = f"{name}-{sum(existing.startswith(name + '-') for existing in CASES)}"
    CASES[key] = getattr(ops, name), oracle or getattr(np, name), args, options, smooth


steps = partial(case, smooth=False)


def A(*shape, seed=1):
    """Random numbers without ties."""
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def B(*shape):
    return A(*shape, seed=2)


def positive(*shape):
    return A(*shape) ** 2 + 0.1


def whole(*shape, below=3):
    return np.random.default_rng([3, *shape]).integers(0, below, shape).astype("int32")


# ---- making tensors, shapes

steps("full_like", A(2, 3), 5.0)
steps("zeros_like", A(2, 3))
steps("ones_like", A(2, 3))
steps("arange", 5)
steps("arange", 2, 11, 3)
steps("arange", 5, -2, -2)
steps("arange", 0.0, 1.0, 0.25)
steps("linspace", 1.0, 2.0, 5)
steps("linspace", 1.0, 2.0, 4, endpoint=False)
steps("eye", 3)
steps("eye", 2, 4, 1)
steps("eye", 4, 2, -1)
steps("identity", 3)
case("meshgrid", A(2), B(3))
case("meshgrid", A(2), B(3), A(4), indexing="ij")
case("meshgrid", A(2), B(3), A(4))
case("reshape", A(2, 3, 4), (4, -1))
case("reshape", A(2, 3), -1)
case("ravel", A(2, 3))
case("transpose", A(2, 3, 4), (2, 0, -2))
case("expand_dims", A(2, 3), (0, -1))
case("swapaxes", A(2, 3, 4), 0, -1)
case("moveaxis", A(2, 3, 4, 5), (0, -1), (2, 0))
case("moveaxis", A(2, 3, 4), 2, 0)
case("broadcast_to", A(3, 1), (2, 3, 4))
case("concatenate", [A(2, 3), B(2, 1), A(2, 4)], axis=-1)
case("concatenate", [A(2, 3), B(4)], axis=None)
case("stack", [A(2, 3), B(2, 3)])
case("stack", [A(2, 3), B(2, 3)], axis=1)
case("stack", [A(2, 3), B(2, 3), A(2, 3)], axis=-1)
case("append", A(2, 3), B(4))
case("append", A(2, 3), B(1, 3), axis=0)
case("vstack", [A(3), B(2, 3)])
case("hstack", [A(2, 3), B(2, 1)])
case("hstack", [A(2), B(3)])
case("split", A(4, 6), 3, axis=1)
case("split", A(7, 2), [2, 5])
case("split", A(2, 7), [1, 1, -2, 9], axis=-1)
case("unstack", A(2, 3, 4), axis=1, oracle=lambda x, axis: list(np.moveaxis(x, axis, 0)))
case("unstack", A(2, 3), 3, -1, oracle=lambda x, num, axis: list(x.T))
case("flip", A(2, 3, 4), (0, -1))
case("roll", A(2, 5), 3)
case("roll", A(2, 5), -7, axis=1)
case("roll", A(3, 4, 5), (1, -2), axis=(0, 2))
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
case("squeeze", A(1, 3, 1), (0, -1))
for k in (-1, 0, 1, 2, 7):
    case("rot90", A(2, 3), k)
case("rot90", A(2, 3, 4), 1, (2, 0))
steps("logspace", 0.0, 2.0, 5)
steps("logspace", 1.0, 3.0, 4, endpoint=False, base=2.0)
case("extract_sequences", A(2, 7), 3, 2, oracle=lambda x, n, s: np.stack([x[:, i : i + n] for i in (0, 2, 4)], 1))
case("extract_sequences", A(5), 2, 4, oracle=lambda x, n, s: x[None, :2])

# ---- reading and putting entries

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

# ---- sorting, reducing

case("sort", A(3, 4))
case("sort", A(3, 4, 2), axis=0)
steps("argsort", A(3, 4), axis=0)
steps("argsort", np.array([2.0, 1, 2, 1, 1]), oracle=lambda x: np.argsort(x, stable=True))
case("top_k", A(3, 5), 2, oracle=lambda x, k: (np.sort(x)[:, ::-1][:, :k], np.argsort(-x, stable=True)[:, :k]))
steps("top_k", whole(2, 6), 4, oracle=lambda x, k: (np.sort(x)[:, ::-1][:, :k], np.argsort(-x, stable=True)[:, :k]))
steps("top_k", A(3, 5), 0, oracle=lambda x, k: (x[:, :0], np.zeros((3, 0))))
for name in ("max", "min"):
    case(name, A(2, 3, 4), axis=(0, -1), keepdims=True)
    case(name, A(2, 3, 4), axis=[0, -1], oracle=partial(lambda f, x, axis: f(x, tuple(axis)), getattr(np, name)))
    case(name, A(2, 3), axis=0, initial=0.2)
    steps(name, np.zeros((0, 3)), axis=0, initial=1.5)
case("ptp", A(3, 4), axis=1, keepdims=True)
case("cumsum", A(2, 3))
case("cumsum", A(2, 3), axis=-1)
steps("cumsum", A(5) > 0)
case("cumprod", A(2, 5))
case("cumprod", A(2, 7), axis=1)
steps("count_nonzero", whole(3, 4), axis=0)
case("average", A(3, 4), axis=1, weights=positive(4))
case("average", A(3, 4), weights=positive(3, 4))
case("average", A(3, 4), axis=0)
case("average", A(3, 4, 2), axis=(0, 2), weights=positive(3, 4, 2))
case("moments", A(2, 3, 4), (0, 2), oracle=lambda x, axes: (np.mean(x, axes), np.var(x, axes)))
case("moments", A(2, 3), 1, True, oracle=lambda x, a, keep: (x.mean(a, keepdims=keep), x.var(a, keepdims=keep)))
ODD = np.array([1.0, np.nan, np.inf, -np.inf, 1.0, np.inf, 0.0])
for other in (ODD, ODD[::-1].copy(), ODD + 1e-6, ODD * (1 + 1e-4)):
    for equal_nan in (False, True):
        steps("isclose", ODD, other, equal_nan=equal_nan)
        steps("allclose", ODD, other, equal_nan=equal_nan)
steps("isclose", A(3, 1), A(3, 4), rtol=0.0, atol=1.0)
steps("nan_to_num", ODD)
steps("nan_to_num", ODD, nan=2.0, posinf=3.0, neginf=-4.0)
steps("nan_to_num", whole(3))
case("diff", A(3, 5))
case("diff", A(5, 3), 2, axis=0)
case("diff", A(3), 4)
case("rad2deg", A(3))
case("deg2rad", A(3))

# ---- counting, segments, quantiles

LINE = np.array([-1.0, 0.5, 0.5, 2.0, np.inf])
for side in ("left", "right"):
    steps("searchsorted", LINE, np.array([[0.5, -2.0, 3.0], [np.inf, np.nan, -1.0]]), side)
    steps("searchsorted", np.zeros(0), A(2), side)
steps("digitize", A(2, 3), np.array([-0.5, 0.0, 0.25]))
steps("isin", whole(2, 5), np.array([[2, 7]]))
steps("isin", whole(2, 5), np.array([0]), invert=True)
steps("isin", A(3), np.zeros(0))
steps("unravel_index", whole(4, below=24), (2, 3, 4))
steps("unravel_index", np.array([-1, -24], "int32"), (2, 3, 4), oracle=lambda i, s: np.unravel_index(i + 24, s))


def by_segment(join, empty):
    def joined(x, ids, n=None, sorted=False):
        n = max(ids, default=-1) + 1 if n is None else n
        rows = [[r for r, i in zip(x, ids, strict=True) if i == k] for k in range(n)]
        return np.array([join(r, axis=0) if r else np.full(x.shape[1:], empty) for r in rows]).reshape(n, *x.shape[1:])

    return joined


IDS = np.array([2, 0, 2, -1, 5, 0], "int32")
for name, join, empty in (("segment_sum", np.sum, 0.0), ("segment_max", np.max, -np.inf)):
    case(name, A(6), np.array([1, 0, 2, 1, 1, 2], "int32"), 3, oracle=by_segment(join, empty))
    steps(name, A(6, 2), IDS, 4, oracle=by_segment(join, empty))  # one without rows, and rows of none
    steps(name, A(6, 2, 1), IDS, oracle=by_segment(join, empty))
    steps(name, A(0, 2), np.zeros(0, "int32"), 3, oracle=by_segment(join, empty))
steps("segment_max", whole(6), IDS, 4, oracle=by_segment(np.max, -(2**31)))
case("segment_sum", A(6, 2), IDS, 4, oracle=by_segment(np.sum, 0.0))
steps("bincount", np.array([3, 0, 3, 1], "int32"), minlength=6)
steps("bincount", np.zeros(0, "int32"))
rows_of = lambda x, weights=None, minlength=0: np.stack(
    [
        np.bincount(r, None if weights is None else w, 5)
        for r, w in zip(x, x if weights is None else weights, strict=True)
    ]
)
steps("bincount", np.array([[3, 0, 3], [1, 4, 4]], "int32"), oracle=rows_of)
case("bincount", np.array([[3, 0, 3], [1, 4, 4]], "int32"), A(2, 3), 2, oracle=rows_of)
hot_of = lambda x, n: np.array([[float(k in row) for k in range(n)] for row in x])
steps("multi_hot", np.array([[0, 2, 2], [3, 1, 9]], "int32"), 4, oracle=hot_of)
steps("multi_hot", np.array([0, 2], "int32"), 4, oracle=lambda x, n: hot_of([x], n)[0])
steps("multi_hot", np.array([[0, 2], [3, 1]], "int32"), 4, axis=0, oracle=lambda x, n, axis: hot_of(x, n).T)
for method in ("linear", "lower", "higher", "midpoint", "nearest"):
    case("quantile", A(3, 4), 0.3, method=method)
    case(
        "quantile",
        A(2, 5, 3),
        np.array([0.0, 0.4, 0.93, 1.0]),
        axis=(0, -1),
        keepdims=True,
        method=method,
        smooth=False,
    )
case("quantile", A(4, 5), np.array([0.3, 0.71]), axis=1)
HOLES = np.array([[1.0, np.nan], [2.0, 3.0], [np.inf, 4.0]])  # at the end of a row NumPy makes nan of inf - inf
steps(
    "quantile", HOLES, np.array([0.5, 1.0]), axis=0, oracle=lambda *_, axis: np.array([[2, np.nan], [np.inf, np.nan]])
)
steps("quantile", whole(7), 0.25)
case("median", A(3, 4))
case("median", A(3, 5), axis=1, keepdims=True)
case("median", A(2, 3, 4), axis=(0, 1))

log_mean_exp = lambda x, axis=None: scipy.special.logsumexp(x, axis) - math.log(np.size(x) / np.size(x.sum(axis)))
case("log_mean_exp", A(3, 4) * 300, oracle=log_mean_exp)
case("log_mean_exp", A(2, 3, 4), axis=(0, 2), oracle=log_mean_exp)
case("threshold", A(3, 4), 0.1, -2.0, oracle=lambda x, t, other: np.where(x > t, x, other))
for divisor in (np.array([2, 0, -1]), np.array([2.0, 4.0, -1.0])):
    case("divide_no_nan", A(2, 3), divisor, oracle=lambda a, b: a * np.array([1 / n if n else 0 for n in b]))
steps("divide_no_nan", A(2, 3), np.array([2.0, 0.0, -1.0]), oracle=lambda a, b: a * np.array([0.5, 0, -1]))

# ---- products

case("dot", A(3), B(3))
case("dot", 2.0, A(3))
case("dot", A(3, 4), B(4, 2))
case("dot", A(2, 3, 4), B(4))
case("dot", A(4), B(2, 4, 3))
case("dot", A(2, 3, 4), B(5, 4, 2))
case("tensordot", A(2, 3, 4), B(3, 4, 5))
case("tensordot", A(2, 3), B(4, 5), axes=0)
case("tensordot", A(2, 3, 4), B(4, 5, 2), axes=((0, -1), (2, 0)))
case("tensordot", A(2, 3, 4), B(5, 3), axes=(1, -1))
case("kron", A(2, 3), B(4, 1))
case("kron", A(3), B(2, 2))
case("kron", A(2, 1, 2), B(3))
case("cross", A(2, 3), B(3))
case("cross", A(3, 4), B(3, 4), axis=0)
case("cross", A(3, 4), B(4, 3), 0, 1, 0)
with_0 = lambda x: np.append(x, np.zeros((*x.shape[:-1], 1)), -1)
case("cross", A(4, 2), B(4, 3), oracle=lambda a, b: np.cross(with_0(a), b))
case("cross", A(4, 2), B(4, 2), oracle=lambda a, b: np.cross(with_0(a), with_0(b))[:, 2])
case("outer", A(2, 3), B(4))
case("inner", A(2, 3, 4), B(5, 4))
case("inner", A(3), B(3))
case("inner", 2.0, A(3))
case("vdot", A(2, 3), B(3, 2))
for subscripts, *operands in [
    ("ij,jk->ik", A(2, 3), B(3, 4)),
    (" ij , jk -> ki ", A(2, 3), B(3, 4)),
    ("ij,jk", A(2, 3), B(3, 4)),
    ("ba", A(2, 3)),
    ("Ba", A(2, 3)),
    ("ij->", A(2, 3)),
    ("ij->j", A(2, 3)),
    ("ii", A(3, 3)),
    ("ii->i", A(3, 3)),
    ("iji->ij", A(2, 3, 2)),
    ("iii->i", A(3, 3, 3)),
    ("iijj->ij", A(2, 2, 3, 3)),
    ("i,i,i", A(3), B(3), A(3)),
    ("ab,bc,cd->ad", A(2, 3), B(3, 4), A(4, 5)),
    ("ab,cd,bd->ca", A(2, 3), B(4, 5), A(3, 5)),
    ("i,j->ij", A(2), B(3)),
    ("ij,k->k", A(2, 3), B(4)),
    ("ii,ij->j", A(3, 3), B(3, 2)),
    ("ij,ij->ij", A(2, 3), B(2, 3)),
    ("...ij,...jk->...ik", A(5, 2, 3), B(5, 3, 4)),
    ("...ij,...jk->...ik", A(5, 1, 2, 3), B(6, 3, 4)),
    ("...ij,jk", A(5, 2, 3), B(3, 4)),
    ("i...->...i", A(2, 3, 4)),
    ("i...j,j->i...", A(2, 5, 3), B(3)),
    ("...,...", A(2, 3), B(3)),
    ("...i,...i->...", A(4, 3), B(3)),
    ("...", A(2, 3)),
    ("IJ,JK->IK", A(2, 3), B(3, 4)),
    ("i,->i", A(2), B()),
]:
    case("einsum", subscripts, *operands)

# ---- convolution and pooling


def spread(v, rank):
    return (v,) * rank if isinstance(v, int) or v is None else tuple(v)


def conv(x, k, strides=1, padding="valid", dilation_rate=1):
    """Place by place."""
    rank = x.ndim - 2
    s, d, groups = spread(strides, rank), spread(dilation_rate, rank), x.shape[-1] // k.shape[-2]
    reach = [(n - 1) * step + 1 for n, step in zip(k.shape, d, strict=False)]
    if padding == "same":
        padding = [same_pads(*sizes) for sizes in zip(x.shape[1:-1], reach, s, strict=True)]
    x = np.pad(x, [(0, 0), *(padding if padding != "valid" else [(0, 0)] * rank), (0, 0)])
    sizes = [(n - r) // step + 1 for n, r, step in zip(x.shape[1:-1], reach, s, strict=True)]
    out = np.zeros((x.shape[0], *sizes, k.shape[-1]))
    c, f = k.shape[-2], k.shape[-1] // groups
    for (*at, g), (*of, i) in product(np.ndindex(*sizes, groups), np.ndindex(*k.shape[:-2], c)):
        read = (a * step + o * hole for a, o, step, hole in zip(at, of, s, d, strict=True))
        put = (slice(None), *at, slice(g * f, g * f + f))
        out[put] += np.outer(x[(slice(None), *read, g * c + i)], k[(*of, i, slice(g * f, g * f + f))])
    return out


def depthwise_conv(x, k, *more, **options):
    parts = [conv(x[..., i : i + 1], k[..., i : i + 1, :], *more, **options) for i in range(x.shape[-1])]
    return np.concatenate(parts, axis=-1)


def separable_conv(x, deep, point, *more, **options):
    return depthwise_conv(x, deep, *more, **options) @ point[(0,) * (x.ndim - 2)]


def conv_transpose(x, k, strides=1, padding="valid", output_padding=None, dilation_rate=1):
    """Each entry spread, then cut to, or filled up with zeros to, the size that Keras documents."""
    rank = x.ndim - 2
    options = [spread(v, rank) for v in (strides, dilation_rate, output_padding)]
    axes = list(zip(x.shape[1:-1], k.shape[:-2], *options, strict=True))
    reach = [(w - 1) * d + 1 for _, w, _, d, _ in axes]
    full = np.zeros(
        (x.shape[0], *[(n - 1) * s + r for (n, _, s, _, _), r in zip(axes, reach, strict=True)], k.shape[-2])
    )
    for at, of in product(np.ndindex(x.shape[1:-1]), np.ndindex(k.shape[:-2])):
        place = (a * s + o * d for a, o, (_, _, s, d, _) in zip(at, of, axes, strict=True))
        full[(slice(None), *place)] += x[(slice(None), *at)] @ k[of].T
    for axis, ((n, _, s, _, more), r) in enumerate(zip(axes, reach, strict=True), start=1):
        if padding == "valid":
            size, before = n * s + max(r - s, 0) if more is None else (n - 1) * s + r + more, 0
        else:
            size = n * s if more is None else (n - 1) * s + r % 2 + more
            before = max((full.shape[axis] - size) // 2, 0)
        saved = full.take(range(before, min(before + size, full.shape[axis])), axis)
        full = np.pad(saved, [(0, size - saved.shape[axis]) if i == axis else (0, 0) for i in range(full.ndim)])
    return full


def pooled(join):
    def pool(x, pool_size, strides=None, padding="valid"):
        axes = covered(x.shape[1:-1], pool_size, strides, padding)
        out = np.zeros((x.shape[0], *map(len, axes), x.shape[-1]))
        for at in np.ndindex(out.shape[1:-1]):
            places = np.ix_(*[windows[i] for windows, i in zip(axes, at, strict=True)])
            out[(slice(None), *at)] = join(x[(slice(None), *places)], axis=tuple(range(1, x.ndim - 1)))
        return out

    return pool


def both(name, oracle, x, *kernels, **options):
    """Channels last, and channels first."""
    case(name, x, *kernels, oracle=oracle, **options)
    turned = lambda x, *more, data_format, **options: np.moveaxis(
        oracle(np.moveaxis(x, 1, -1), *more, **options), -1, 1
    )
    case(name, np.moveaxis(x, -1, 1), *kernels, oracle=turned, data_format="channels_first", **options)


both("conv", conv, A(2, 7, 3), B(3, 3, 4), strides=2)
both("conv", conv, A(2, 5, 6, 3), B(3, 2, 3, 4), padding="same")
both("conv", conv, A(2, 5, 6, 4), B(3, 2, 2, 6), strides=(1, 2), padding="same")
both("conv", conv, A(1, 7, 6, 2), B(3, 2, 2, 3), dilation_rate=(2, 3))
both("conv", conv, A(1, 4, 5, 2), B(2, 3, 2, 3), padding=((1, 0), (2, 1)), strides=(2, 1))
both("conv", conv, A(1, 3, 4, 5, 2), B(2, 2, 3, 2, 3), strides=(1, 2, 1), padding="same")
both("depthwise_conv", depthwise_conv, A(2, 5, 6, 3), B(3, 2, 3, 2), strides=2, padding="same")
both("depthwise_conv", depthwise_conv, A(2, 6, 3), B(2, 3, 2), dilation_rate=2)
both("separable_conv", separable_conv, A(2, 5, 4, 3), B(3, 2, 3, 2), B(1, 1, 6, 5), strides=(2, 1), padding="same")
for window, strides, padding in product((2, 3, 5), (1, 2, 3, 4), ("valid", "same")):
    case("conv_transpose", A(2, 3, 2), B(window, 4, 2), strides, padding, oracle=conv_transpose)
for padding, output_padding in product(("valid", "same"), (0, 1, 2)):
    for window in (2, 3, 4):
        case("conv_transpose", A(1, 3, 2), B(window, 3, 2), 3, padding, output_padding, oracle=conv_transpose)
both("conv_transpose", conv_transpose, A(2, 3, 4, 2), B(3, 2, 5, 2), strides=(2, 3), padding="same")
both("conv_transpose", conv_transpose, A(1, 3, 4, 2), B(3, 2, 5, 2), dilation_rate=(2, 1))
both("conv_transpose", conv_transpose, A(1, 2, 3, 2, 2), B(2, 3, 1, 3, 2), strides=2)
for name, pool in (("max_pool", pooled(np.max)), ("average_pool", pooled(np.mean))):
    both(name, pool, A(2, 5, 6, 3), pool_size=2)
    both(name, pool, A(2, 5, 7, 3), pool_size=(3, 2), strides=(2, 3), padding="same")
    both(name, pool, A(2, 7, 3), pool_size=3, strides=1, padding="same")
    both(name, pool, A(1, 4, 3, 5, 2), pool_size=(2, 3, 2), strides=(1, 1, 2))
case("max_pool", -1 - whole(2, 5, 2), 3, 2, "same", oracle=pooled(np.max))

# ---- normalisation and cross-entropies


def layer_normalization(x, gamma=1.0, beta=0.0, axis=-1, epsilon=1e-7):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + epsilon) * gamma + beta


def rms_normalization(x, scale=1.0, axis=-1, epsilon=1e-7):
    return x / np.sqrt((x**2).mean(axis, keepdims=True) + epsilon) * scale


def sparse(oracle):
    def loss(target, output, from_logits=False, axis=-1):
        target = target.reshape(np.delete(output.shape, axis))
        return oracle(np.moveaxis(np.eye(output.shape[axis])[target], -1, axis), output, from_logits, axis)

    return loss


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    if from_logits:
        return -(target * scipy.special.log_softmax(output, axis)).sum(axis)
    return -scipy.special.xlogy(target, np.clip(output / output.sum(axis, keepdims=True), 1e-7, 1 - 1e-7)).sum(axis)


def binary_crossentropy(target, output, from_logits=False):
    if from_logits:
        return -target * scipy.special.log_expit(output) - (1 - target) * scipy.special.log_expit(-output)
    p = np.clip(output, 1e-7, 1 - 1e-7)
    return -scipy.special.xlogy(target, p) - scipy.special.xlog1py(1 - target, -p)


per_row = lambda x, gamma, axis: layer_normalization(x, gamma[:, None], axis=axis)


def batch_normalization(x, mean, variance, axis, offset=0.0, scale=1.0, epsilon=1e-3):
    shape = [1] * x.ndim
    shape[axis] = -1
    mean, variance, offset, scale = (np.reshape(v, shape) if np.ndim(v) else v for v in (mean, variance, offset, scale))
    return scale * (x - mean) / np.sqrt(variance + epsilon) + offset


case("batch_normalization", A(3, 4), B(4), positive(4), axis=-1, oracle=batch_normalization)
case(
    "batch_normalization",
    A(2, 3, 4),
    B(3),
    positive(3),
    offset=np.arange(3.0),
    scale=np.arange(1.0, 4.0),
    axis=1,
    epsilon=0.5,
    oracle=batch_normalization,
)
case("layer_normalization", A(3, 4), oracle=layer_normalization)
case("layer_normalization", A(3, 4), positive(4), B(4), epsilon=0.1, oracle=layer_normalization)
case("layer_normalization", A(2, 3, 4), positive(3, 4), B(3, 4), axis=(1, -1), oracle=layer_normalization)
case(
    "layer_normalization",
    A(2, 3, 4),
    axis=1,
    gamma=np.ones(3) * 2,
    oracle=lambda x, axis, gamma: layer_normalization(x, 2, axis=1),
)
case("layer_normalization", A(2, 3), 2.0, -1.0, oracle=layer_normalization)
case("rms_normalization", A(3, 4), oracle=rms_normalization)
case("rms_normalization", A(3, 4), positive(4), epsilon=0.1, oracle=rms_normalization)
case("rms_normalization", A(2, 3, 4), positive(3, 4), axis=(1, 2), oracle=rms_normalization)
normalize = lambda x, axis=-1, order=2, epsilon=1e-7: x / np.maximum(np.linalg.norm(x, order, axis, True), epsilon)
case("normalize", A(3, 4), oracle=normalize)
case("normalize", A(3, 4), axis=0, order=1, oracle=normalize)
case("normalize", A(3, 4), order=3, oracle=normalize)
case("normalize", A(3, 4), order=np.inf, oracle=normalize)
case("normalize", A(3, 4), epsilon=100.0, oracle=normalize)
SHARES = positive(3, 4)
DISTRIBUTION = scipy.special.softmax(B(3, 4), -1)
case("binary_crossentropy", whole(3, 4, below=2) * 1.0, DISTRIBUTION, oracle=binary_crossentropy)
case("binary_crossentropy", DISTRIBUTION, 300 * A(3, 4), True, oracle=binary_crossentropy)
steps("binary_crossentropy", np.array([0.0, 1, 1, 0]), np.array([0.0, 1, 0, 1]), oracle=binary_crossentropy)
case("categorical_crossentropy", DISTRIBUTION, SHARES, oracle=categorical_crossentropy)
case("categorical_crossentropy", DISTRIBUTION, 300 * A(3, 4), True, 0, oracle=categorical_crossentropy)
steps("categorical_crossentropy", np.eye(3), np.eye(3)[[0, 2, 1]], oracle=categorical_crossentropy)
for target in (whole(3, below=4), whole(3, below=4)[:, None]):
    case("sparse_categorical_crossentropy", target, SHARES, oracle=sparse(categorical_crossentropy))
case("sparse_categorical_crossentropy", whole(2, 4), 5 * A(2, 3, 4), True, 1, oracle=sparse(categorical_crossentropy))

# ---- splits, stacks, constants

case("array_split", A(7, 2), 3)
case("array_split", A(2, 3), 5, 1)
case("array_split", A(7), [2, 2, 6])
case("hsplit", A(2, 6), 3)
case("hsplit", A(6), [1, 4])
case("vsplit", A(6, 2), 2)
case("dsplit", A(2, 3, 4), [1])
case("dstack", [A(2, 3), B(2, 3)])
case("dstack", [A(3), B(3)])
case("dstack", [A(2, 3, 1), B(2, 3, 4)])
case("fliplr", A(2, 3, 4))
case("flipud", A(3))
case("diagflat", A(2, 3), -1)
case("copy", A(2, 3))
case(
    "rearrange",
    A(2, 6, 3),
    "b (h w) c -> b c h w",
    h=2,
    oracle=lambda x, p, h: x.reshape(2, 2, 3, 3).transpose(0, 3, 1, 2),
)
case("rearrange", A(4, 1, 6), "(a b) 1 (c d) -> 1 (c a) (b d)", b=2, c=3,
     oracle=lambda x, p, b, c: x.reshape(2, 2, 3, 2).transpose(2, 0, 1, 3).reshape(1, 6, 4))  # fmt: skip
case("rearrange", A(2, 3), "a b -> b a", oracle=lambda x, p: x.T)
steps("tri", 3)
steps("tri", 3, 4, -1)
steps("geomspace", 1.0, 1000.0, 4)
steps("geomspace", -2.0, -32.0, 4, endpoint=False)
for name in ("bartlett", "blackman", "hamming", "hanning"):
    steps(name, 7)
    steps(name, 1)
    steps(name, 0)
steps("kaiser", 8, 3.5)
steps("kaiser", 1, 14.0)
case("vander", A(3))
case("vander", A(4), 3, increasing=True)
case("vander", A(2), 0, smooth=False)

# ---- functions of each entry

HOLED = np.where(A(3, 4) > 0.9, np.nan, A(3, 4))
assert 0 < np.isnan(HOLED).sum() < 12
case("fabs", A(3, 4))
steps("fabs", whole(3) - 1)
for name in ("fmax", "fmin"):
    case(name, A(3, 4), B(4))
    steps(name, HOLED, B(3, 4))
    steps(name, B(3, 1), HOLED)
    steps(name, HOLED, HOLED)
    steps(name, whole(3), np.array([1, 0, 2], "int32"))
case("fmod", 5 * A(3, 4), B(4))
steps("fmod", np.array([7.0, -7.0, 7.0, -7.0, 0.0]), np.array([4.0, 4.0, -4.0, -4.0, 3.0]))
steps("fmod", np.array([7, -7, 7, -7], "int32"), np.array([4, 4, -4, -4], "int32"))
steps("lcm", np.array([4, 0, -6, 0, 7], "int32"), np.array([6, 5, 4, 0, 7], "int32"))
steps("heaviside", np.array([-2.0, 0.0, 3.0, np.nan, np.inf, -0.0]), 0.5)
case("heaviside", np.array([-2.0, 0.0, 3.0]), A(2, 3), smooth=False)
case("ldexp", A(3, 4), np.array([-3, 0, 2, 5], "int32"))
steps("ldexp", np.array([1.0, -3.5, 2.0**-1000]), np.array([1020, -1030, 1500], "int32"))
case("logaddexp2", A(3, 4), B(3, 1))
steps("logaddexp2", np.array([2000.0, -2000.0]), np.array([2000.0, 2000.0]))
case("sinc", A(3, 4))
case("sinc", np.array([0.0, 1e-9, 0.159, 0.1592, 1.0, -2.0, 30.25]), oracle=lambda x: np.sinc(x))
case("i0", 4 * A(3, 4), oracle=scipy.special.i0)
steps("i0", np.array([0.0, 1e-8, 100.0, -700.0]), oracle=scipy.special.i0)
SIGNED = np.array([-np.inf, -1.0, -0.0, 0.0, 2.0, np.inf, np.nan])
for name in ("isposinf", "isneginf", "isreal", "angle", "imag"):
    steps(name, SIGNED)
for name in ("real", "conj", "conjugate"):
    case(name, A(3, 4))
steps("view", np.float32([1.5, -2.0]), "int32", oracle=lambda x, dtype: x.view(dtype))
steps("view", np.arange(8, dtype="uint8").reshape(2, 4), "int16", oracle=lambda x, dtype: x.view(dtype))
steps("saturate_cast", np.array([-1.0, 0.5, 255.9, 256.0, 1e30, -np.inf]), "uint8",
      oracle=lambda x, d: np.array([0, 0, 255, 255, 255, 0]))  # fmt: skip
steps("saturate_cast", np.float32([2.0**31, -(2.0**33), 7.0]), "int32",
      oracle=lambda x, d: np.array([2**31 - 128, -(2**31), 7]))  # fmt: skip
steps("saturate_cast", np.array([300, -300, 5], "int32"), "int8", oracle=lambda x, d: np.array([127, -128, 5]))
steps("saturate_cast", np.array([1e9, -1e9, 2.0]), "float16", oracle=lambda x, d: np.array([65504, -65504, 2]))
steps("saturate_cast", np.array([-3, 9], "int8"), "uint64", oracle=lambda x, d: np.array([0, 9]))

# ---- reductions that pass over nan

ROWS = np.where(np.arange(5) == np.array([[1], [3], [4]]), np.nan, A(3, 5))
EMPTY_ROW = np.vstack([ROWS, np.full(5, np.nan)])
for name in "nansum nanprod nanmax nanmin nanmean nanvar nanstd nanmedian".split():
    case(name, A(2, 3, 4), axis=(0, 2), keepdims=True)
    steps(name, ROWS)
    steps(name, EMPTY_ROW, axis=1)
    steps(name, whole(2, 3), axis=-1)
for name in ("nancumsum", "nancumprod"):
    steps(name, ROWS)
    steps(name, EMPTY_ROW, axis=1)
    case(name, A(2, 3), axis=0)
for name in ("nanargmax", "nanargmin"):
    steps(name, ROWS)
    steps(name, ROWS, axis=0)
    steps(name, ROWS, axis=1, keepdims=True)
    steps(name, whole(2, 3), axis=1)
    steps(name, EMPTY_ROW, axis=1, oracle=partial(
        lambda f, x, axis: np.append(f(x[:3], axis=axis), -1), getattr(np, name)))  # fmt: skip
for method in ("linear", "lower", "higher", "midpoint", "nearest"):
    steps("nanquantile", EMPTY_ROW, np.array([0.0, 0.3, 0.71, 1.0]), axis=1, method=method)
case("nanquantile", A(2, 3, 4), 0.3, axis=(0, 1), keepdims=True)
steps("nanpercentile", ROWS, 30.0)
steps("nanpercentile", ROWS, np.array([12.5, 90.0]), axis=0)
case("percentile", A(3, 4), 30.0)
case("percentile", A(3, 4), np.array([12.5, 90.0]), axis=1, keepdims=True, smooth=False)

# ---- counting, statistics

for name, join, empty in (("segment_min", np.min, np.inf), ("segment_prod", np.prod, 1.0)):
    case(name, A(6), np.array([1, 0, 2, 1, 1, 2], "int32"), 3, oracle=by_segment(join, empty))
    case(name, A(6, 2), np.array([1, 0, 0, 1, 1, 0], "int32"), 2, oracle=by_segment(join, empty))
    steps(name, A(6, 2), IDS, 4, oracle=by_segment(join, empty))
steps("segment_min", whole(6), IDS, 4, oracle=by_segment(np.min, 2**31 - 1))
case("segment_prod", np.array([0.0, 2.0, 3.0, 0.0]), np.array([0, 0, 1, 1], "int32"), 2, oracle=by_segment(np.prod, 1))
steps("histogram", A(30), 4)
steps("histogram", A(3, 4), np.array([-1.0, 0.0, 0.5, 2.0]))
steps("histogram", A(30), 3, (-0.5, 1.0))
steps("histogram", np.array([2.0, 2.0]), 2)
steps("histogram", np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
steps("histogram", np.zeros(0), 2)
unique = lambda x, *more, **options: np.unique(x, *more, equal_nan=False, **options)
TWICE = np.array([[3.0, 1.0, 3.0], [1.0, 7.0, 3.0]])
case("unique", TWICE, oracle=unique, smooth=False)
steps("unique", TWICE, return_index=True, return_inverse=True, return_counts=True, oracle=unique)
steps(
    "unique",
    np.array([[1, 2], [0, 2], [1, 2]], "int32"),
    axis=0,
    return_inverse=True,
    return_counts=True,
    oracle=unique,
)
steps("unique", np.array([np.nan, 1.0, np.nan]), oracle=unique)
steps("unique", TWICE, size=5, oracle=lambda x, size: np.array([1.0, 3, 7, 1, 1]))
steps("unique", TWICE, size=5, fill_value=-1.0, return_counts=True,
      oracle=lambda x, **_: (np.array([1.0, 3, 7, -1, -1]), np.array([2, 3, 1, 0, 0])))  # fmt: skip
steps("unique", TWICE, size=2, return_index=True, oracle=lambda x, **_: (np.array([1.0, 3]), np.array([1, 0])))
steps("argpartition", A(3, 5), 2, oracle=lambda x, kth: np.argsort(x))
steps("argpartition", A(3, 5), -1, 0, oracle=lambda x, kth, axis: np.argsort(x, 0))
steps("argpartition", A(3, 5), 3, None, oracle=lambda x, kth, axis: np.argsort(x, None))
case("trapezoid", A(3, 5))
case("trapezoid", A(3, 5), np.cumsum(positive(5)))
case("trapezoid", A(3, 5), np.cumsum(positive(3, 5), 0), axis=0)
case("trapezoid", A(3, 5), dx=0.5, axis=0)
case("corrcoef", A(3, 5))
case("corrcoef", A(4), smooth=False)
for n, m in ((5, 2), (5, 3), (4, 4), (2, 5), (3, 6), (1, 1)):
    for mode in ("valid", "same", "full"):
        case("correlate", A(n), B(m), mode)
case("cdist", A(3, 2), B(4, 2), oracle=lambda x, y: np.array([[math.dist(p, q) for q in y] for p in x]))
case("cdist", A(2, 3, 2), B(5, 2), oracle=lambda x, y: np.array([[[math.dist(p, q) for q in y] for p in r] for r in x]))
SCORES = np.array([[0.1, 0.4, 0.6, 0.9, 0.5], [0.1, 0.7, 0.9, 0.8, 0.8], [0.1, 0.6, 0.9, 0.9, 0.5]])
steps("in_top_k", np.array([2, 1, 3], "int32"), SCORES, 2, oracle=lambda *_: np.array([True, False, True]))
steps(
    "in_top_k", np.array([0, 1], "int32"), np.array([[np.nan, 0.0], [3.0, 2.0]]), 1, oracle=lambda *_: np.zeros(2, bool)
)
case("psnr", A(3, 4), B(3, 4), 2.0, oracle=lambda a, b, top: 10 * np.log10(top**2 / ((a - b) ** 2).mean()))

# ---- blocks of images


def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    (kh, kw), (dh, dw), (ph, pw), (sh, sw) = (spread(v, 2) for v in (kernel_size, dilation, padding, stride))
    x = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)])
    rows = range(0, x.shape[2] - (kh - 1) * dh, sh)
    columns = range(0, x.shape[3] - (kw - 1) * dw, sw)
    windows = [x[:, :, r : r + (kh - 1) * dh + 1 : dh, c : c + (kw - 1) * dw + 1 : dw] for r in rows for c in columns]
    return np.stack([w.reshape(len(x), -1) for w in windows], -1)


def fold(x, output_size, *more, **options):
    """By the definition of a transpose: <fold(x), e> = <x, unfold(e)> for each pixel e."""
    h, w = spread(output_size, 2)
    c = x.shape[1] // math.prod(spread(more[0], 2))
    out = np.zeros((len(x), c, h, w))
    for at in np.ndindex(c, h, w):
        one = np.zeros((1, c, h, w))
        one[(0, *at)] = 1
        out[(slice(None), *at)] = (x * unfold(one, *more, **options)).sum((1, 2))
    return out


case("unfold", A(2, 3, 5, 4), 2, oracle=unfold)
case("unfold", A(1, 2, 6, 7), (3, 2), 2, (1, 0), (2, 3), oracle=unfold)
case("fold", A(2, 12, 12), (5, 4), 2, oracle=fold)
case("fold", A(1, 12, 4), (6, 7), (3, 2), (2, 1), (1, 0), (3, 4), oracle=fold)


def depth_to_space(x, b, data_format="channels_last"):
    x = x if data_format == "channels_last" else np.moveaxis(x, 1, -1)
    n, h, w, c = x.shape
    out = np.zeros((n, h * b, w * b, c // b**2))
    for i, j, k in np.ndindex(h * b, w * b, c // b**2):
        deep = (
            (i % b * b + j % b) * (c // b**2) + k if data_format == "channels_last" else k * b * b + i % b * b + j % b
        )
        out[:, i, j, k] = x[:, i // b, j // b, deep]
    return out if data_format == "channels_last" else np.moveaxis(out, -1, 1)


case("depth_to_space", A(2, 3, 2, 12), 2, oracle=depth_to_space)
case("depth_to_space", A(2, 18, 1, 2), 3, "channels_first", oracle=depth_to_space)
undone = lambda x, b, f="channels_last": np.round(x)  # whole numbers, each in its place
for f, shape in (("channels_last", (2, 4, 6, 3)), ("channels_first", (1, 3, 2, 4))):
    WIDE = np.arange(math.prod(shape), dtype=float).reshape(shape)
    case(
        "depth_to_space",
        np.asarray(ops.space_to_depth(WIDE, 2, f)),
        2,
        f,
        oracle=lambda x, b, f, w=WIDE: w,
        smooth=False,
    )
case("space_to_depth", A(2, 2, 4, 3), 2, oracle=lambda x, b: np.concatenate(
    [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)], -1))  # fmt: skip
case("space_to_depth", A(1, 2, 4, 6), 2, "channels_first", oracle=lambda x, b, f: np.stack(
    [x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], 2).reshape(1, 8, 2, 3))  # fmt: skip


def adaptive(join):
    def pool(x, output_size):
        sizes = spread(output_size, x.ndim - 2)
        out = np.zeros((x.shape[0], *sizes, x.shape[-1]))
        for at in np.ndindex(*sizes):
            ends = zip(at, x.shape[1:], sizes, strict=False)
            window = tuple(slice(math.floor(i * n / m), math.ceil((i + 1) * n / m)) for i, n, m in ends)
            out[(slice(None), *at)] = join(x[(slice(None), *window)], axis=tuple(range(1, x.ndim - 1)))
        return out

    return pool


for name, join in (("adaptive_average_pool", np.mean), ("adaptive_max_pool", np.max)):
    both(name, adaptive(join), A(2, 7, 3), output_size=3)
    both(name, adaptive(join), A(2, 5, 6, 3), output_size=(3, 4))
    both(name, adaptive(join), A(1, 2, 3, 5, 2), output_size=(4, 1, 2))

# ---- attention and sequences


def attention(q, k, v, bias=0.0, mask=True, scale=None, is_causal=False, attn_logits_soft_cap=None):
    out = np.zeros((*q.shape[:3], v.shape[3]))
    heads, shared = q.shape[2], q.shape[2] // k.shape[2]
    full = (len(q), heads, q.shape[1], k.shape[1])
    bias, mask = np.broadcast_to(bias, full), np.broadcast_to(mask, full)
    for b, t, h in np.ndindex(*q.shape[:3]):
        scores = np.array([q[b, t, h] @ row for row in k[b, :, h // shared]])
        scores = scores * (q.shape[3] ** -0.5 if scale is None else scale)
        if attn_logits_soft_cap:
            scores = scores / (1 + abs(scores) / attn_logits_soft_cap)
        seen = mask[b, h, t] & ((np.arange(len(scores)) <= t) | (not is_causal))
        scores = np.where(seen, scores + bias[b, h, t], -1e38)
        out[b, t, h] = scipy.special.softmax(scores) @ v[b, :, h // shared]
    return out


QKV = A(2, 3, 4, 5), B(2, 6, 4, 5), A(2, 6, 4, 2)
case("dot_product_attention", *QKV, oracle=attention)
case("dot_product_attention", *QKV, A(4, 3, 6), A(2, 1, 3, 6) > -1, 0.3, True, oracle=attention)
case("dot_product_attention", A(2, 3, 4, 5), B(2, 3, 2, 5), A(2, 3, 2, 1), is_causal=True, oracle=attention)
case("dot_product_attention", *QKV, attn_logits_soft_cap=0.5, oracle=attention)
steps("dot_product_attention", *QKV, mask=np.zeros((1, 1, 3, 1), bool), oracle=attention)


def ctc_loss(target, output, target_length, output_length, mask_index=0):
    """Every path through the classes, one by one."""
    result = []
    for y, scores, n, steps in zip(target, output, target_length, output_length, strict=True):
        logs = scipy.special.log_softmax(scores[:steps], -1)
        total = -np.inf
        for path in product(range(scores.shape[1]), repeat=int(steps)):
            runs = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
            if [c for c in runs if c != mask_index] == list(y[:n]):
                total = np.logaddexp(total, sum(logs[i, c] for i, c in enumerate(path)))
        result.append(-total)
    return np.array(result)


case("ctc_loss", np.array([[1, 2, 2], [1, 0, 0], [1, 1, 9]], "int32"), 2 * A(3, 5, 3), np.array([3, 1, 2], "int32"),
     np.array([5, 4, 3], "int32"), oracle=ctc_loss)  # fmt: skip
LABELS, LENGTHS = np.array([[0, 1], [1, 0]], "int32"), (np.array([2, 0], "int32"), np.array([4, 2], "int32"))
case("ctc_loss", LABELS, A(2, 4, 3), *LENGTHS, 2, oracle=ctc_loss)


def ctc_decode(x, lengths, merge_repeated=True, mask_index=0):
    labels, scores = np.full((1, *x.shape[:2]), -1), []
    for b, (rows, n) in enumerate(zip(x, lengths, strict=True)):
        best = [int(np.argmax(row)) for row in rows[:n]]
        saved = [c for i, c in enumerate(best) if c != mask_index and not (merge_repeated and i and best[i - 1] == c)]
        labels[0, b, : len(saved)] = saved
        scores.append([-sum(max(row) for row in rows[:n])])
    return labels, np.array(scores)


for options in ({}, {"merge_repeated": False}, {"mask_index": 2}):
    steps("ctc_decode", A(4, 9, 3), np.array([9, 5, 0, 1], "int32"), oracle=ctc_decode, **options)

# ---- linear algebra (its records are tested in test_every_op)

REGULAR = A(3, 3) + 2 * np.eye(3)
DEFINITE = REGULAR @ REGULAR.T
case("solve", REGULAR, A(3), oracle=np.linalg.solve)
case("solve", REGULAR, A(3, 2), oracle=np.linalg.solve)
case(
    "solve",
    A(2, 2, 2),
    B(2, 2),
    oracle=lambda a, b: np.stack([np.linalg.solve(*pair) for pair in zip(a, b, strict=True)]),
)
case("solve_triangular", REGULAR, A(3), oracle=scipy.linalg.solve_triangular)
case(
    "solve_triangular",
    REGULAR,
    A(3, 2),
    True,
    oracle=lambda a, b, lower: scipy.linalg.solve_triangular(a, b, lower=lower),
)
case("cholesky", DEFINITE, oracle=np.linalg.cholesky)
case("cholesky", DEFINITE, True, oracle=lambda x, upper: np.linalg.cholesky(x).T)
lower_of = lambda x: np.linalg.inv(np.tril(x) @ np.tril(x).T)
case("cholesky_inverse", REGULAR, oracle=lower_of)
case("cholesky_inverse", REGULAR, True, oracle=lambda x, upper: lower_of(x.T))
case("slogdet", A(2, 3, 3) + 2 * np.eye(3) * [[[1]], [[-1]]], oracle=np.linalg.slogdet)
steps("slogdet", np.zeros((2, 2)), oracle=np.linalg.slogdet)
case("logdet", A(2, 3, 3) + 2 * np.eye(3), oracle=lambda x: np.log(abs(np.linalg.det(x))))
fixed = lambda v: v * np.sign(v[np.abs(v).argmax(0), range(v.shape[1])])


def eigh(x):
    values, vectors = np.linalg.eigh((x + x.T) / 2)
    return values, fixed(vectors)


def svd(x, full_matrices=True, compute_uv=True):
    u, s, vh = np.linalg.svd(x, full_matrices)
    k = len(s)
    signs = np.diag(fixed(u[:, :k]).T @ u[:, :k])
    u[:, :k] *= signs
    vh[:k] *= signs[:, None]
    return (u, s, vh) if compute_uv else s


case("eigh", A(4, 4), oracle=eigh)
case("svd", A(3, 3), oracle=svd)
case("svd", A(4, 2), False, oracle=svd)
case("svd", A(2, 4), False, oracle=svd)
case("svd", A(4, 2), compute_uv=False, oracle=svd)
steps("svd", A(4, 2), oracle=svd)
steps("svd", A(2, 4), oracle=svd)
case("qr", A(4, 3), oracle=lambda x: np.linalg.qr(x))
case("qr", A(3, 3), "complete", oracle=np.linalg.qr)
steps("qr", A(4, 2), "complete", oracle=np.linalg.qr)
steps("qr", A(2, 4), oracle=np.linalg.qr)
case("pinv", A(4, 3), oracle=np.linalg.pinv)
case("pinv", A(2, 3, 4), oracle=np.linalg.pinv)
steps("pinv", np.diag([1.0, 1e-3, 0.0]), 1e-2, oracle=lambda x, rcond: np.diag([1.0, 0, 0]))
case("lstsq", A(5, 3), B(5), oracle=lambda a, b: np.linalg.lstsq(a, b)[0])
case("lstsq", A(3, 5), B(3, 2), oracle=lambda a, b: np.linalg.lstsq(a, b)[0])
for matrix in (A(4, 3), np.outer(A(3), A(4)), np.zeros((2, 3)), np.stack([np.eye(2), np.diag([1.0, 0])])):
    steps("matrix_rank", matrix, oracle=np.linalg.matrix_rank)
steps("matrix_rank", np.diag([3.0, 0.2, 0.1]), 0.15, oracle=lambda x, tol: np.array(2))


# ---- the comparison


def put_in(args, made):
    """The arguments with others in the places of their arrays of numbers."""
    return [put_in(a, made) if isinstance(a, list) else next(made) if is_array(a) else a for a in args]


def arrays_in(args):
    return [x for a in args for x in (arrays_in(a) if isinstance(a, list) else [a] if is_array(a) else [])]


def is_array(x):
    return isinstance(x, np.ndarray) and x.dtype.kind in "fi"


def flat(results):
    return list(results) if isinstance(results, list | tuple) else [results]


def cases(wanted):
    keys = [key for key, (_, _, args, _, smooth) in CASES.items() if wanted(args, smooth)]
    return pytest.mark.parametrize("key", keys)


@pytest.fixture(autouse=True, scope="module")
def quiet():
    with np.errstate(all="ignore"):
        yield


def test_every_function_is_tested():
    elsewhere = """array cast convert_to_numpy convert_to_tensor dtype empty empty_like full is_tensor ndim ones shape
        fused_conv fused_dense
        roi_align roi_pool roi_warp size zeros
        associative_scan cond fori_loop map scan switch vectorize vectorized_map while_loop"""
    aliases = {"amax": ops.max, "amin": ops.min}
    assert all(getattr(ops, name) is function for name, function in aliases.items())
    tested = {key.rpartition("-")[0] for key in CASES} | {*elsewhere.split(), *aliases}
    assert set(functions.__all__) <= tested


@pytest.mark.filterwarnings("ignore:(All-NaN|Mean of|Degrees of):RuntimeWarning")  # NumPy's, of rows of nan
@cases(lambda args, smooth: True)
def test_value(key):
    ours, theirs, args, options, _ = CASES[key]
    got, want = flat(ours(*args, **options)), flat(theirs(*args, **options))
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        assert isinstance(g, Tensor)
        assert g.shape == np.shape(w)
        single = g.dtype == "float32"
        assert_allclose(g.numpy().astype(float), np.asarray(w, float), *((1e-6, 1e-6) if single else (1e-10, 1e-12)))


NEED_NUMBERS = {
    **{f"bincount-{i}": "its length depends on them" for i in range(4)},
    **{f"segment_{how}-2": "their number depends on the ids" for how in ("sum", "max")},
    **{f"unique-{i}": "its shape depends on them" for i in range(7)},
    **{f"view-{i}": "it reads their bits" for i in range(2)},
    "nonzero-0": "its shape depends on them",
    "where-0": "it is nonzero",
}


@cases(lambda args, smooth: arrays_in(args))
def test_symbolic(key):
    """Built without numbers, then run."""
    ours, _, args, options, _ = CASES[key]
    arrays = arrays_in(args)
    inputs = [symbolic(x.shape, x.dtype) for x in arrays]
    if key in NEED_NUMBERS:
        with pytest.raises(SymbolicError, match="symbolic"):
            ours(*put_in(args, iter(inputs)), **options)
        return
    built = flat(ours(*put_in(args, iter(inputs)), **options))
    eager = flat(ours(*args, **options))
    assert [(b.shape, b.dtype) for b in built] == [(e.shape, e.dtype) for e in eager]
    for got, want in zip(run(built, dict(zip(inputs, arrays, strict=True))), eager, strict=True):
        assert_allclose(got.numpy().astype(float), want.numpy().astype(float), 1e-12, 1e-14)


@cases(lambda args, smooth: smooth)
def test_gradient(key):
    ours, _, args, options, _ = CASES[key]
    arrays = arrays_in(args)
    floats = [x for x in arrays if x.dtype.kind == "f"]

    def objective(floats):
        passed = iter(floats)
        created = iter([next(passed) if x.dtype.kind == "f" else x for x in arrays])
        results = flat(ours(*put_in(args, created), **options))
        return sum(((A(*y.shape) * y).sum() for y in results if y.dtype.kind == "f"), start=tensor(0.0, "float64"))

    leaves = [tensor(x, watch=True) for x in floats]
    result = gradients(objective(leaves), leaves, unconnected="zero")
    assert [g.shape for g in result] == [x.shape for x in floats]
    along, h = [A(*x.shape, seed=5) for x in floats], 2.0**-17
    at = lambda h: objective([x + h * d for x, d in zip(floats, along, strict=True)]).item()
    got = sum((g.numpy() * d).sum() for g, d in zip(result, along, strict=True))
    assert_allclose(got, (at(h) - at(-h)) / (2 * h), 1e-6, 1e-6)


# ---- dtypes, and what has no peer

DTYPES = {
    "zeros": (lambda: ops.zeros((2, 3)), [[0, 0, 0]] * 2, "float32"),
    "zeros of one size": (lambda: ops.zeros(2, "int32"), [0, 0], "int32"),
    "ones": (lambda: ops.ones((2,), "float64"), [1, 1], "float64"),
    "empty": (lambda: ops.empty((2,)), [0, 0], "float32"),
    "empty_like": (lambda: ops.empty_like(A(2)), [0, 0], "float64"),
    "full of a float": (lambda: ops.full((2,), 7.0), [7, 7], "float32"),
    "full of an integer": (lambda: ops.full(2, 7), [7, 7], "int32"),
    "full of True": (lambda: ops.full(2, True), [True, True], "bool"),
    "full of an array": (lambda: ops.full((2, 2), np.array([1.0, 2.0])), [[1, 2]] * 2, "float64"),
    "full_like with a dtype": (lambda: ops.full_like(A(2), 3, "int32"), [3, 3], "int32"),
    "full_like keeps the dtype": (lambda: ops.full_like(whole(2), 3.7), [3, 3], "int32"),
    "ones_like of a number": (lambda: ops.ones_like(2.0), 1, "float32"),
    "arange of integers": (lambda: ops.arange(3), [0, 1, 2], "int32"),
    "arange of floats": (lambda: ops.arange(3.0), [0, 1, 2], "float32"),
    "arange with a dtype": (lambda: ops.arange(3, dtype="float64"), [0, 1, 2], "float64"),
    "linspace": (lambda: ops.linspace(0, 1, 3), [0, 0.5, 1], "float32"),
    "eye": (lambda: ops.eye(2), [[1, 0], [0, 1]], "float32"),
    "convert a list": (lambda: ops.convert_to_tensor([1.5, 2.5]), [1.5, 2.5], "float32"),
    "convert integers": (lambda: ops.array([1, 2]), [1, 2], "int32"),
    "convert and cast": (lambda: ops.convert_to_tensor([1, 2], "float64"), [1, 2], "float64"),
    "cast rounds towards 0": (lambda: ops.cast([1.7, -1.7], "int32"), [1, -1], "int32"),
    "one_hot": (lambda: ops.one_hot([1], 2), [[0, 1]], "float32"),
    "one_hot of int32": (lambda: ops.one_hot([1], 2, dtype="int32"), [[0, 1]], "int32"),
    "argsort": (lambda: ops.argsort(B(1)), [0], "int32"),
    "top_k's indices": (lambda: ops.top_k(B(1), 1)[1], [0], "int32"),
    "count_nonzero": (lambda: ops.count_nonzero([0.0, 3.0]), 1, "int32"),
    "cumsum of booleans": (lambda: ops.cumsum([True, True]), [1, 2], "int32"),
    "cumsum with a dtype": (lambda: ops.cumsum([1, 2], dtype="float64"), [1, 3], "float64"),
    "nonzero": (lambda: ops.nonzero([0.0, 3.0])[0], [1], "int32"),
    "mean of integers": (lambda: ops.mean([1, 2]), 1.5, "float32"),
    "a number takes the array's dtype": (lambda: ops.where(True, np.float64(1.5), 0.5), 1.5, "float64"),
    "float16 and a number": (lambda: ops.maximum(np.float16([1.0]), 2.0), [2], "float16"),
    "int32 and a float number": (lambda: ops.maximum(whole(1), 2.5), [2.5], "float32"),
    "scatter_add casts the updates": (lambda: ops.scatter_add(whole(2) * 0, [[1]], np.full(1, 2.0)), [0, 2], "int32"),
}


@pytest.mark.parametrize("which", DTYPES)
def test_dtype(which):
    created, want, dtype = DTYPES[which]
    got = created()
    assert got.dtype == dtype
    assert got.numpy().tolist() == want


def test_questions():
    x = tensor(A(2, 3))
    assert (ops.shape(x), ops.size(x), ops.ndim(x), ops.dtype(x)) == ((2, 3), 6, 2, "float64")
    assert ops.is_tensor(x)
    assert not ops.is_tensor(A(2))
    assert ops.convert_to_tensor(x) is x
    assert isinstance(ops.convert_to_numpy(x), np.ndarray)


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


def test_shape_of_an_index_copies_nothing():
    tracemalloc.start()
    x = symbolic((None, 512, 512, 64))  # 16 million entries an example
    assert x[:, np.arange(512)].shape == x.shape
    assert ops.max_pool(x, 2).shape == (None, 256, 256, 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_scatter_update_of_symbolic_indices():
    """The last of equal places wins, also when the places are known only later."""
    places = symbolic((4, 2), "int32")
    built = ops.scatter_update(A(3, 4), places, B(4))
    assert_allclose(run(built, {places: PLACES}).numpy(), ops.scatter_update(A(3, 4), PLACES, B(4)).numpy())


def test_scatter_update_gives_the_gradient_to_the_last():
    x, new = (tensor(v, watch=True) for v in (A(3), B(2)))
    result = gradients(ops.scatter_update(x, [[1], [1]], new).sum(), [x, new])
    assert [g.tolist() for g in result] == [[1, 0, 1], [0, 1]]


def test_top_k_first_of_equals():
    values, places = ops.top_k([3.0, 5.0, 5.0, 1.0, 5.0], 3)
    assert (values.tolist(), places.tolist()) == ([5, 5, 5], [1, 2, 4])


# ---- errors: our own, and saying what was expected

X, IMAGE = A(3, 4), A(1, 5, 5, 4)


def _through(f, x):
    x = tensor(x, watch=True)
    return gradients(ops.sum(f(x)), x)


ERRORS = {
    "zeros: negative size": (lambda: ops.zeros((2, -1)), ChainruleError),
    "arange: step 0": (lambda: ops.arange(0, 3, 0), ValueProblem),
    "linspace: negative number": (lambda: ops.linspace(0, 1, -2), ChainruleError),
    "meshgrid: indexing": (lambda: ops.meshgrid(A(2), indexing="yx"), ValueProblem),
    "reshape: other size": (lambda: ops.reshape(X, (5, 2)), ShapeError),
    "reshape: two -1": (lambda: ops.reshape(X, (-1, -1)), ShapeError),
    "transpose: an axis twice": (lambda: ops.transpose(X, (0, 0)), ShapeError),
    "transpose: too few axes": (lambda: ops.transpose(X, (0,)), ShapeError),
    "expand_dims: no such place": (lambda: ops.expand_dims(X, 4), ShapeError),
    "squeeze: not 1": (lambda: ops.squeeze(X, 0), ShapeError),
    "swapaxes: no such axis": (lambda: ops.swapaxes(X, 0, 2), ShapeError),
    "moveaxis: an axis twice": (lambda: ops.moveaxis(X, (0, 0), (0, 1)), ShapeError),
    "broadcast_to: smaller": (lambda: ops.broadcast_to(X, (3, 2)), ShapeError),
    "concatenate: nothing": (lambda: ops.concatenate([]), ValueProblem),
    "concatenate: unequal": (lambda: ops.concatenate([X, A(3, 5)]), ShapeError),
    "stack: unequal": (lambda: ops.stack([A(2), A(3)]), ShapeError),
    "stack: nothing": (lambda: ops.stack([]), ChainruleError),
    "hstack: nothing": (lambda: ops.hstack([]), ChainruleError),
    "split: does not divide": (lambda: ops.split(X, 2), ShapeError),
    "split: no part": (lambda: ops.split(X, 0), ShapeError),
    "unstack: other number": (lambda: ops.unstack(X, 2), ShapeError),
    "flip: no such axis": (lambda: ops.flip(X, 2), ShapeError),
    "roll: no such axis": (lambda: ops.roll(X, 1, axis=2), ShapeError),
    "roll: more shifts than axes": (lambda: ops.roll(X, (1, 2), axis=(0,)), ChainruleError),
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
    "one_hot: floats": (lambda: ops.one_hot([1.0], 2), DTypeError),
    "one_hot: no such axis": (lambda: ops.one_hot([1], 2, axis=3), ShapeError),
    "where: one branch": (lambda: ops.where([True], 1.0), ValueProblem),
    "rot90: one axis": (lambda: ops.rot90(X, 1, (0,)), ShapeError),
    "rot90: an axis twice": (lambda: ops.rot90(X, 1, (1, -1)), ShapeError),
    "rot90: a vector": (lambda: ops.rot90(A(3)), ShapeError),
    "cross: four coordinates": (lambda: ops.cross(X, X), ShapeError),
    "cross: unequal": (lambda: ops.cross(A(2, 3), A(4, 3)), ShapeError),
    "select: nothing": (lambda: ops.select([], []), ValueProblem),
    "select: unequal": (lambda: ops.select([[True]], [[1.0], [2.0]]), ValueProblem),
    "extract_sequences: too long": (lambda: ops.extract_sequences(X, 5, 1), ShapeError),
    "extract_sequences: stride 0": (lambda: ops.extract_sequences(X, 2, 0), ShapeError),
    "extract_sequences: a number": (lambda: ops.extract_sequences(1.0, 1, 1), ShapeError),
    "logspace: negative number": (lambda: ops.logspace(0, 1, -2), ValueProblem),
    "searchsorted: a matrix": (lambda: ops.searchsorted(X, 1.0), ShapeError),
    "searchsorted: side": (lambda: ops.searchsorted(A(3), 1.0, "middle"), ValueProblem),
    "unravel_index: outside": (lambda: ops.unravel_index([6], (2, 3)), IndexProblem),
    "unravel_index: into nothing": (lambda: ops.unravel_index([0], (0, 3)), IndexProblem),
    "unravel_index: floats": (lambda: ops.unravel_index([1.0], (2, 3)), DTypeError),
    "segment_sum: ids": (lambda: ops.segment_sum(X, [0, 1]), ShapeError),
    "segment_sum: a number": (lambda: ops.segment_sum(1.0, [0]), ShapeError),
    "segment_sum: negative number": (lambda: ops.segment_sum(X, [0, 1, 0], -1), ShapeError),
    "segment_max: floats as ids": (lambda: ops.segment_max(X, [0.0, 1.0, 1.0]), DTypeError),
    "segment_max: booleans": (lambda: ops.segment_max(X > 0, [0, 1, 1]), DTypeError),
    "bincount: negative": (lambda: ops.bincount([1, -1]), ValueProblem),
    "bincount: floats": (lambda: ops.bincount([1.0]), DTypeError),
    "bincount: weights": (lambda: ops.bincount([1, 2], [1.0]), ShapeError),
    "bincount: a number": (lambda: ops.bincount(1), ShapeError),
    "multi_hot: no number": (lambda: ops.multi_hot([1]), ValueProblem),
    "multi_hot: floats": (lambda: ops.multi_hot([1.0], 2), DTypeError),
    "quantile: per cent": (lambda: ops.quantile(X, 50), ValueProblem),
    "quantile: nan": (lambda: ops.quantile(X, math.nan), ValueProblem),
    "quantile: method": (lambda: ops.quantile(X, 0.5, method="hazen"), ValueProblem),
    "quantile: nothing": (lambda: ops.quantile(A(0, 3), 0.5, axis=0), ShapeError),
    "median: no such axis": (lambda: ops.median(X, axis=2), ShapeError),
    "sort: no axis": (lambda: ops.sort(1.0), ShapeError),
    "top_k: too many": (lambda: ops.top_k(X, 5), ShapeError),
    "max: empty": (lambda: ops.max(np.zeros((0, 2)), axis=0), ShapeError),
    "max: an axis twice": (lambda: ops.max(X, axis=(0, 0)), ShapeError),
    "cumsum: no such axis": (lambda: ops.cumsum(X, axis=2), ShapeError),
    "average: other weights": (lambda: ops.average(X, axis=0, weights=A(2)), ShapeError),
    "diff: a number": (lambda: ops.diff(1.0), ShapeError),
    "dot: unequal": (lambda: ops.dot(X, A(3, 2)), ShapeError),
    "dot: unequal batches": (lambda: ops.dot(A(2, 3, 4), A(3)), ShapeError),
    "tensordot: unequal": (lambda: ops.tensordot(X, X, axes=1), ShapeError),
    "tensordot: too many axes": (lambda: ops.tensordot(X, X, axes=3), ShapeError),
    "tensordot: lists of unequal lengths": (lambda: ops.tensordot(X, X, axes=((0, 1), (0,))), ShapeError),
    "inner: unequal": (lambda: ops.inner(X, A(3)), ShapeError),
    "vdot: unequal": (lambda: ops.vdot(X, A(3)), ShapeError),
    "matmul: a number": (lambda: ops.matmul(2.0, X), ShapeError),
    "einsum: operands": (lambda: ops.einsum("ij,jk->ik", X), ValueProblem),
    "einsum: sizes": (lambda: ops.einsum("ij,jk->ik", X, X), ShapeError),
    "einsum: sizes of one operand": (lambda: ops.einsum("ii", X), ShapeError),
    "einsum: letters for axes": (lambda: ops.einsum("ijk->i", X), ShapeError),
    "einsum: too few axes for ...": (lambda: ops.einsum("...ijk->i", X), ShapeError),
    "einsum: unknown letter": (lambda: ops.einsum("ij->ik", X), ValueProblem),
    "einsum: letter twice in the result": (lambda: ops.einsum("ij->ii", X), ValueProblem),
    "einsum: no letter": (lambda: ops.einsum("i1->i", X), ValueProblem),
    "conv: data_format": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), data_format="NCHW"), ValueProblem),
    "conv: padding": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), padding="full"), ShapeError),
    "conv: strides 0": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), strides=0), ShapeError),
    "conv: strides of another rank": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), strides=(1, 1, 1)), ShapeError),
    "conv: channels": (lambda: ops.conv(IMAGE, A(3, 3, 3, 2)), ShapeError),
    "conv: groups do not divide": (lambda: ops.conv(IMAGE, A(3, 3, 2, 3)), ShapeError),
    "conv: rank": (lambda: ops.conv(A(5, 5, 4), A(3, 3, 4, 2)), ShapeError),
    "conv: window": (lambda: ops.conv(IMAGE, A(6, 3, 4, 2)), ShapeError),
    "conv: dilated window": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), dilation_rate=3), ShapeError),
    "depthwise_conv: channels": (lambda: ops.depthwise_conv(IMAGE, A(3, 3, 3, 1)), ShapeError),
    "separable_conv: channels": (lambda: ops.separable_conv(IMAGE, A(3, 3, 4, 1), A(1, 1, 3, 2)), ShapeError),
    "conv_transpose: channels": (lambda: ops.conv_transpose(IMAGE, A(3, 3, 4, 2)), ShapeError),
    "conv_transpose: padding": (lambda: ops.conv_transpose(IMAGE, A(3, 3, 2, 4), padding="full"), ValueProblem),
    "conv_transpose: rank": (lambda: ops.conv_transpose(A(5, 4), A(3, 3, 2, 4)), ShapeError),
    "conv_transpose: output_padding": (
        lambda: ops.conv_transpose(IMAGE, A(3, 3, 2, 4), 2, output_padding=(1, 1, 1)),
        ChainruleError,
    ),
    "conv_transpose: output_padding from the stride up": (
        lambda: ops.conv_transpose(IMAGE, A(3, 3, 2, 4), 2, output_padding=2),
        ChainruleError,
    ),
    "max_pool: rank": (lambda: ops.max_pool(X, 2), ShapeError),
    "max_pool: window": (lambda: ops.max_pool(IMAGE, 6), ShapeError),
    "max_pool: size 0": (lambda: ops.max_pool(IMAGE, 0), ShapeError),
    "max_pool: half a size": (lambda: ops.max_pool(IMAGE, 1.5), ShapeError),
    "average_pool: padding": (lambda: ops.average_pool(IMAGE, 2, padding="full"), ShapeError),
    "average_pool: data_format": (lambda: ops.average_pool(IMAGE, 2, data_format="first"), ValueProblem),
    "layer_normalization: scale": (lambda: ops.layer_normalization(X, A(3)), ShapeError),
    "rms_normalization: no such axis": (lambda: ops.rms_normalization(X, axis=2), ShapeError),
    "normalize: no such axis": (lambda: ops.normalize(X, axis=2), ShapeError),
    "binary_crossentropy: unequal": (lambda: ops.binary_crossentropy(A(3), A(3, 1)), ShapeError),
    "categorical_crossentropy: unequal": (lambda: ops.categorical_crossentropy(A(3), X), ShapeError),
    "sparse_categorical_crossentropy: floats": (lambda: ops.sparse_categorical_crossentropy(A(3), X), DTypeError),
    "sparse_categorical_crossentropy: shape": (lambda: ops.sparse_categorical_crossentropy([0, 1], X), ShapeError),
    "sparse_categorical_crossentropy: label": (lambda: ops.sparse_categorical_crossentropy([0, 4, 1], X), IndexProblem),
    "array_split: no parts": (lambda: ops.array_split(X, 0), ValueProblem),
    "hsplit: does not divide": (lambda: ops.hsplit(X, 3), ShapeError),
    "vsplit: a vector": (lambda: ops.vsplit(A(4), 2), ShapeError),
    "dsplit: a matrix": (lambda: ops.dsplit(X, 2), ShapeError),
    "fliplr: a vector": (lambda: ops.fliplr(A(4)), ShapeError),
    "flipud: a number": (lambda: ops.flipud(1.0), ShapeError),
    "rearrange: other names": (lambda: ops.rearrange(X, "a b -> a c"), ValueProblem),
    "rearrange: no arrow": (lambda: ops.rearrange(X, "a b"), ValueProblem),
    "rearrange: nested": (lambda: ops.rearrange(X, "((a b) c) d -> a b c d", a=1, b=1), ValueProblem),
    "rearrange: unknown length": (lambda: ops.rearrange(X, "a b -> b a", c=2), ValueProblem),
    "rearrange: two open": (lambda: ops.rearrange(X, "(a b) c -> a b c"), ShapeError),
    "rearrange: does not divide": (lambda: ops.rearrange(X, "(a b) c -> a b c", a=2), ShapeError),
    "rearrange: not 1": (lambda: ops.rearrange(X, "1 a -> a"), ShapeError),
    "rearrange: rank": (lambda: ops.rearrange(X, "a b c -> c b a"), ShapeError),
    "tri: negative": (lambda: ops.tri(-1), ShapeError),
    "geomspace: from 0": (lambda: ops.geomspace(0.0, 1.0), ValueProblem),
    "hanning: negative": (lambda: ops.hanning(-1), ShapeError),
    "vander: a matrix": (lambda: ops.vander(X), ShapeError),
    "ldexp: a float": (lambda: ops.ldexp(X, 0.5), DTypeError),
    "lcm: floats": (lambda: ops.lcm(X, X), DTypeError),
    "conj: complex": (lambda: ops.conj(np.ones(2) * 1j), DTypeError),
    "view: odd bytes": (lambda: ops.view(np.zeros(3, "int8"), "int16"), ShapeError),
    "view: symbolic": (lambda: ops.view(symbolic((2,)), "int32"), SymbolicError),
    "percentile: above 100": (lambda: ops.percentile(X, 101.0), ValueProblem),
    "nanmedian: nothing": (lambda: ops.nanmedian(A(0, 3), axis=0), ShapeError),
    "nanmax: nothing": (lambda: ops.nanmax(A(0, 3), axis=0), ShapeError),
    "segment_prod: booleans": (lambda: ops.segment_prod(X > 0, [0, 1, 1]), DTypeError),
    "histogram: no bins": (lambda: ops.histogram(X, 0), ValueProblem),
    "histogram: falling": (lambda: ops.histogram(X, [1.0, 0.0]), ValueProblem),
    "histogram: range": (lambda: ops.histogram(X, 3, (1.0, 0.0)), ValueProblem),
    "unique: symbolic": (lambda: ops.unique(symbolic((2,))), SymbolicError),
    "unique: no such axis": (lambda: ops.unique(X, axis=2), ShapeError),
    "argpartition: outside": (lambda: ops.argpartition(X, 4), ShapeError),
    "trapezoid: a number": (lambda: ops.trapezoid(1.0), ShapeError),
    "corrcoef: three axes": (lambda: ops.corrcoef(A(2, 3, 4)), ShapeError),
    "correlate: a matrix": (lambda: ops.correlate(X, A(2)), ShapeError),
    "correlate: mode": (lambda: ops.correlate(A(3), A(2), "all"), ValueProblem),
    "cdist: sizes": (lambda: ops.cdist(X, A(2, 3)), ShapeError),
    "in_top_k: rank": (lambda: ops.in_top_k(1, X, 2), ShapeError),
    "psnr: unequal": (lambda: ops.psnr(X, A(4), 1.0), ShapeError),
    "unfold: rank": (lambda: ops.unfold(X, 2), ShapeError),
    "unfold: window": (lambda: ops.unfold(A(1, 1, 2, 2), 3), ShapeError),
    "unfold: padding": (lambda: ops.unfold(A(1, 1, 2, 2), 1, padding=-1), ValueProblem),
    "fold: columns": (lambda: ops.fold(A(1, 4, 3), 3, 2), ShapeError),
    "depth_to_space: channels": (lambda: ops.depth_to_space(A(1, 2, 2, 6), 2), ShapeError),
    "depth_to_space: data_format": (lambda: ops.depth_to_space(A(1, 2, 2, 4), 2, "NHWC"), ValueProblem),
    "space_to_depth: sizes": (lambda: ops.space_to_depth(A(1, 3, 2, 4), 2), ShapeError),
    "space_to_depth: rank": (lambda: ops.space_to_depth(X, 2), ShapeError),
    "adaptive_average_pool: rank": (lambda: ops.adaptive_average_pool(X, 2), ShapeError),
    "adaptive_max_pool: size 0": (lambda: ops.adaptive_max_pool(IMAGE, 0), ShapeError),
    "dot_product_attention: heads": (
        lambda: ops.dot_product_attention(*[A(1, 2, n, 3) for n in (4, 3, 3)]),
        ShapeError,
    ),
    "dot_product_attention: rank": (lambda: ops.dot_product_attention(X, X, X), ShapeError),
    "ctc_loss: floats": (lambda: ops.ctc_loss(A(1, 2), A(1, 3, 4), [2], [3]), ShapeError),
    "ctc_loss: blank": (lambda: ops.ctc_loss([[1]], A(1, 3, 4), [1], [3], 4), ValueProblem),
    "ctc_decode: strategy": (lambda: ops.ctc_decode(A(1, 3, 4), [3], "beam_search"), ValueProblem),
    "ctc_decode: rank": (lambda: ops.ctc_decode(A(3, 4), [3]), ShapeError),
    "solve: singular": (lambda: ops.solve([[1.0, 2.0], [2.0, 4.0]], [1.0, 0.0]), ValueProblem),
    "solve: rows": (lambda: ops.solve(REGULAR, A(2)), ShapeError),
    "inv: singular": (lambda: ops.inv([[1.0, 2.0], [2.0, 4.0]]), ValueProblem),
    "inv: not square": (lambda: ops.inv(X), ShapeError),
    "cholesky: not definite": (lambda: ops.cholesky([[1.0, 2.0], [2.0, 1.0]]), ValueProblem),
    "svd: a vector": (lambda: ops.svd(A(3)), ShapeError),
    "svd: nan": (lambda: ops.svd([[math.nan]]), ValueProblem),
    "qr: mode": (lambda: ops.qr(X, "raw"), ValueProblem),
    "pinv: a vector": (lambda: ops.pinv(A(3)), ShapeError),
    "lstsq: rows": (lambda: ops.lstsq(X, A(4)), ShapeError),
    "matrix_rank: a vector": (lambda: ops.matrix_rank(A(3)), ShapeError),
    "svd: a gradient through a completed basis": (lambda: _through(lambda x: ops.svd(x)[0], A(4, 2)), GraphError),
    "qr: a gradient through a complete q": (lambda: _through(lambda x: ops.qr(x, "complete")[0], A(4, 2)), GraphError),
    "qr: a gradient of a wide matrix": (lambda: _through(lambda x: ops.qr(x)[1], A(2, 4)), GraphError),
    "convert: strings": (lambda: ops.convert_to_tensor(["a"]), DTypeError),
    "convert: ragged": (lambda: ops.convert_to_tensor([[1.0], [1.0, 2.0]]), ShapeError),
    "cast: strings": (lambda: ops.cast(X, "str"), DTypeError),
    "a symbolic number asked for": (lambda: ops.convert_to_numpy(symbolic((2,))), SymbolicError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    call, error = ERRORS[which]
    with pytest.raises(error, match=r"expected|To mend") as caught:
        call()
    assert isinstance(caught.value, ChainruleError)


# ---- an unknown batch

UNKNOWN = {
    "fmax": (lambda x: ops.fmax(x, 0.0), (3,)),
    "sinc": (ops.sinc, (3,)),
    "i0": (ops.i0, (3,)),
    "nanmean": (lambda x: ops.nanmean(x, axis=1), ()),
    "nanvar": (lambda x: ops.nanvar(x, axis=1, keepdims=True), (1,)),
    "cdist": (lambda x: ops.cdist(x, ops.ones((5, 3))), (5,)),
    "rearrange": (lambda x: ops.rearrange(x, "b (c d) -> b d c", d=3), (3, 1)),
    "adaptive_average_pool": (lambda x: ops.adaptive_average_pool(ops.reshape(x, (-1, 3, 1)), 2), (2, 1)),
    "adaptive_max_pool": (lambda x: ops.adaptive_max_pool(ops.reshape(x, (-1, 3, 1)), 2), (2, 1)),
    "space_to_depth": (lambda x: ops.space_to_depth(ops.reshape(x, (-1, 3, 1, 1)) * ops.ones((3, 1)), 1), (3, 3, 1)),
    "depth_to_space": (lambda x: ops.depth_to_space(ops.reshape(x, (-1, 3, 1, 1)), 1), (3, 1, 1)),
    "unfold": (lambda x: ops.unfold(ops.reshape(x, (-1, 1, 3, 1)), (2, 1)), (2, 2)),
    "fold": (lambda x: ops.fold(ops.reshape(x, (-1, 3, 1)), (3, 1), (3, 1)), (1, 3, 1)),
    "dot_product_attention": (
        lambda x: ops.dot_product_attention(*[ops.reshape(x, (-1, 3, 1, 1))] * 3, is_causal=True),
        (3, 1, 1),
    ),
    "solve": (lambda x: ops.solve(ops.reshape(x, (-1, 3, 1)) * ops.ones((3, 3)) + ops.eye(3), x), (3,)),
    "eigh": (lambda x: ops.eigh(ops.reshape(x, (-1, 3, 1)) * ops.ones((3, 3)))[0], (3,)),
    "scan": (lambda x: ops.scan(lambda c, y: (c + y, c * y), x[:, 0], ops.transpose(x))[0], ()),
}


@pytest.mark.parametrize("which", UNKNOWN)
def test_unknown_batch(which):
    """Built for any number of examples, run on two, as two known ones give."""
    f, shape = UNKNOWN[which]
    x = symbolic((None, 3), "float64")
    built = f(x)
    assert built.shape == (None, *shape)
    assert_allclose(run(built, {x: A(2, 3)}).numpy(), f(tensor(A(2, 3))).numpy(), 1e-12, 1e-14)


def test_slopes_where_a_formula_fails():
    """At distance 0, at 0 and at nan."""
    assert _through(lambda x: ops.cdist(x, x), np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]
    x = tensor([0.0, 1e-3], "float64", watch=True)
    first = gradients(ops.sum(ops.sinc(x)), x, create_graph=True)
    assert_allclose(gradients(ops.sum(first), x).numpy(), [-(math.pi**2) / 3] * 2, 1e-5)
    for f in (ops.nansum, ops.nanmean, ops.nanvar, ops.nanmax, ops.nanmedian, ops.nanprod):
        result = _through(f, np.array([1.0, np.nan, 3.0])).numpy()
        assert np.isfinite(result).all()
        assert result[1] == 0


def test_a_target_that_does_not_fit():
    loss = ops.ctc_loss([[1, 1]], np.zeros((1, 2, 3)), [2], [2])
    assert loss.item() > 9e4
    assert np.isfinite(_through(lambda x: ops.ctc_loss([[1, 1]], x, [2], [2]), np.zeros((1, 2, 3))).numpy()).all()
