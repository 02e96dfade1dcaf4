"""Tensors as the array object of the standard: indexing, operators, conversions, DLPack."""

import copy
import operator

import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from hypothesis.extra.array_api import make_strategies_namespace
from numpy.testing import assert_array_equal

import chainrule as cr
from array_api_cases import ALL, COMPLEX, NUMERIC, UNARY, draw, ours, same, theirs
from chainrule import array_api as xp
from chainrule.core.errors import ShapeError

xps = make_strategies_namespace(xp, api_version="2024.12")


def test_hypothesis_draws_tensors():
    """Hypothesis's own strategies for the standard build arrays through the namespace, and check every entry."""

    @settings(max_examples=30)
    @given(xps.arrays(xps.scalar_dtypes(), xps.array_shapes(min_dims=0, max_side=3)))
    def check(x):
        assert type(x) is cr.Tensor
        assert x.size == len(x.numpy().ravel())

    check()


@settings(max_examples=100)
@given(st.data())
def test_indexing(data):
    shape = data.draw(npst.array_shapes(min_dims=0, max_dims=3, max_side=4))
    array = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    key = data.draw(npst.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    assert_array_equal(xp.asarray(array)[key].numpy(), array[key])


@settings(max_examples=50)
@given(st.data())
def test_indexing_with_arrays(data):
    shape = data.draw(npst.array_shapes(min_dims=1, max_dims=3, max_side=4))
    array = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    x = xp.asarray(array)
    mask = data.draw(npst.arrays(bool, shape[: data.draw(st.integers(1, len(shape)))]))
    assert_array_equal(x[xp.asarray(mask)].numpy(), array[mask])
    places = data.draw(npst.integer_array_indices(shape, result_shape=npst.array_shapes(max_dims=2, max_side=3)))
    assert_array_equal(x[tuple(xp.asarray(p) for p in places)].numpy(), array[places])
    i = data.draw(st.integers(-shape[0], shape[0] - 1))
    assert_array_equal(x[xp.asarray(i, dtype=xp.int8)].numpy(), array[i])


def test_index_errors():
    x = xp.ones((2, 3))
    for key in (5, (0, 3), (0, 0, 0), xp.asarray([7])):
        with pytest.raises(IndexError):
            x[key]


UNARY_OPERATORS = {
    "abs": operator.abs,
    "negative": operator.neg,
    "positive": operator.pos,
    "bitwise_invert": operator.invert,
}


@pytest.mark.parametrize("name", UNARY_OPERATORS)
def test_unary_operators(name):
    for dtype in [d for d in UNARY[name] if not (name == "abs" and d in COMPLEX)]:
        array = draw(dtype, 2, 3)
        same(UNARY_OPERATORS[name](ours(array)), UNARY_OPERATORS[name](theirs(array)))


def test_matmul_operator():
    for d in NUMERIC:
        a, b = draw(d, 2, 3), draw(d, 3, 4)
        same(ours(a) @ ours(b), theirs(a) @ theirs(b))
    assert_array_equal((np.ones((2, 3)) @ xp.ones((3, 2))).numpy(), np.full((2, 2), 3.0))


BITS = ["iand", "ior", "ixor", "ilshift", "irshift"]
AUGMENTED = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul", *BITS]


@pytest.mark.parametrize("name", AUGMENTED)
def test_augmented_assignment_binds_anew(name):
    array = draw("int32" if name in BITS else "float32", 3, 3, least=1)
    x = saved = ours(array)
    x = getattr(operator, name)(x, ours(array))
    expected = theirs(array.copy())
    expected = getattr(operator, name)(expected, theirs(array))
    same(x, expected)
    assert_array_equal(saved.numpy(), array)


def test_python_conversions():
    assert bool(xp.asarray(True)) is True
    assert bool(xp.asarray(0.0)) is False
    assert int(xp.asarray(3)) == 3
    assert isinstance(int(xp.asarray(3.7)), int)
    assert float(xp.asarray(2)) == 2.0
    assert isinstance(float(xp.asarray(2.5)), float)
    assert complex(xp.asarray(1.5)) == 1.5
    assert complex(xp.asarray(1 + 2j)) == 1 + 2j
    assert [10, 20][xp.asarray(1)] == 20
    assert operator.index(xp.asarray(7, dtype=xp.uint64)) == 7
    for convert_ in (bool, int, float, complex):
        with pytest.raises((TypeError, ValueError)):
            convert_(xp.ones(2))
    with pytest.raises(TypeError):
        operator.index(xp.asarray(1.0))


def test_attributes():
    x = xp.asarray(draw("float32", 2, 3, 4))
    assert (x.shape, x.ndim, x.size, x.dtype, x.device) == ((2, 3, 4), 3, 24, xp.float32, "cpu")
    assert x.to_device("cpu") is x
    with pytest.raises(ValueError, match="gpu"):
        x.to_device("gpu")
    assert_array_equal(x.mT.numpy(), np.swapaxes(x.numpy(), 1, 2))
    assert_array_equal(x[0].T.numpy(), x.numpy()[0].T)
    assert x.T.shape == (4, 3, 2)  # DEVIATIONS["T"]
    with pytest.raises(ShapeError):
        _ = xp.ones(3).mT
    assert hash(x) == hash(x)
    assert copy.copy(x) is x


@pytest.mark.parametrize("dtype", ALL)
def test_dlpack(dtype):
    for array in (draw(dtype, 2, 3), draw(dtype), draw(dtype, 4, 6)[::2, 1::2].T):
        x = xp.asarray(array)
        back = np.from_dlpack(x)
        assert back.dtype == array.dtype
        assert_array_equal(back, array)
        result = xp.from_dlpack(array)
        assert type(result) is cr.Tensor
        assert result.dtype == array.dtype
        assert_array_equal(result.numpy(), array)
        same(xp.from_dlpack(strict.asarray(array)), strict.asarray(array))
    assert x.__dlpack_device__() == (1, 0)
    for copy_ in (True, False, None):
        same(xp.from_dlpack(x, copy=copy_, device="cpu"), theirs(x.numpy()))
    x.__dlpack__(max_version=(1, 0), dl_device=(1, 0), copy=True)


def test_dlpack_copies_what_can_change():
    array = np.ones(3)
    x = xp.from_dlpack(array)
    array[0] = 5
    assert_array_equal(x.numpy(), [1, 1, 1])


def test_other_sources():
    assert xp.asarray(memoryview(b"ab")).dtype == xp.uint8
    assert xp.asarray(np.float64(0.1)).dtype == xp.float64
    assert xp.asarray(range(3)).dtype == xp.int32
    v = cr.Variable([1.0, 2.0])
    assert_array_equal(xp.asarray(v).numpy(), [1, 2])
    assert_array_equal(xp.add(v, 1).numpy(), [2, 3])
    array = np.ones(2)
    x = xp.asarray(array)
    array[0] = 7
    assert_array_equal(x.numpy(), [1, 1])
