"""The functions of `chainrule.ops` that combine records: all are tested; their dtypes; an unknown batch.

Their values, gradients and errors are tested in `test_*_functions`, a file for each module of `ops.functions`.
"""

import math
import tracemalloc
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chainrule import ops, symbolic, tensor
from chainrule.ops import functions
from chainrule.transforms.differentiate import gradients
from chainrule.transforms.run import run
from functions_cases import A, B, slope, whole

pytestmark = pytest.mark.usefixtures("quiet")


def test_every_function_is_tested():
    elsewhere = """array cast convert_to_numpy convert_to_tensor dtype empty empty_like full is_tensor ndim ones shape
        fused_conv fused_dense
        roi_align roi_pool roi_warp size zeros
        associative_scan cond fori_loop map scan switch vectorize vectorized_map while_loop"""
    aliases = {"amax": ops.max, "amin": ops.min}
    assert all(getattr(ops, name) is function for name, function in aliases.items())
    files = [import_module(path.stem) for path in Path(__file__).parent.glob("test_*_functions.py")]
    tested = {*elsewhere.split(), *aliases}.union(*[file.CASES.functions() for file in files])
    assert set(functions.__all__) <= tested


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


def test_shape_of_an_index_copies_nothing():
    tracemalloc.start()
    x = symbolic((None, 512, 512, 64))  # 16 million entries an example
    assert x[:, np.arange(512)].shape == x.shape
    assert ops.max_pool(x, 2).shape == (None, 256, 256, 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_slopes_where_a_formula_fails():
    """At distance 0, at 0 and at nan."""
    assert slope(lambda x: ops.cdist(x, x), np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]
    x = tensor([0.0, 1e-3], "float64", watch=True)
    first = gradients(ops.sum(ops.sinc(x)), x, create_graph=True)
    assert_allclose(gradients(ops.sum(first), x).numpy(), [-(math.pi**2) / 3] * 2, 1e-5)
    for f in (ops.nansum, ops.nanmean, ops.nanvar, ops.nanmax, ops.nanmedian, ops.nanprod):
        result = slope(f, np.array([1.0, np.nan, 3.0])).numpy()
        assert np.isfinite(result).all()
        assert result[1] == 0


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
