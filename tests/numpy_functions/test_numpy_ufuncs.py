"""NumPy's universal functions on tensors: calls, ``dtype=``, and the methods reduce, accumulate and outer."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.numpy_functions.ufuncs import UFUNCS
from numpy_calls import ANY, FLOATS, WHOLE, Call, Draw, pair
from numpy_gradients import float_arrays, slopes
from numpy_judge import differences, outcome, with_tensors

NUMPYS = {f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc)}
BITS = "bitwise_count bitwise_and bitwise_or bitwise_xor invert left_shift right_shift gcd lcm".split()
POSITIVE = "log log2 log10 log1p sqrt reciprocal cbrt float_power power".split()
UNIT = "arccos arcsin arctanh".split()
VECTORS = {"matmul": ((2, 3), (3, 2)), "vecdot": ((2, 3), (3,)), "matvec": ((2, 3), (3,)), "vecmat": ((2,), (2, 3))}


def draw_call(d, ufunc):
    """Operands for which the function is defined."""
    name = ufunc.__name__
    if name in VECTORS:
        return Call(*[d.x(shape, FLOATS) for shape in VECTORS[name]])
    dtypes = WHOLE if name in BITS else FLOATS if ufunc.nin == 1 or name in ("nextafter", "copysign") else ANY
    arrays = pair(d, dtypes) if ufunc.nin == 2 else [d.x(dtypes=dtypes)]
    if name == "ldexp":
        arrays = [d.x((3,), FLOATS), d.rng.integers(-3, 4, 3).astype("int32")]
    if name in ("divide", "floor_divide", "remainder", "fmod", "divmod"):
        arrays = pair(d, FLOATS + WHOLE)
        arrays[1] = np.where(arrays[1] == 0, np.ones_like(arrays[1]), arrays[1])
    if name in ("left_shift", "right_shift"):
        arrays[1] = np.asarray(abs(arrays[1]))
    if name == "logaddexp2":
        arrays = pair(d, FLOATS)
    if name in POSITIVE:
        arrays = [np.asarray(abs(a.astype("float64")) + 0.5).astype(d.dtype()) for a in arrays]
    if name in UNIT:
        arrays = [np.asarray(a / 7).astype(a.dtype) for a in arrays]
    if name == "arccosh":
        arrays = [np.asarray(abs(a) + 1) for a in arrays]
    return Call(*arrays)


def compare(name, function, call, passed):
    theirs, ours = outcome(function, call), outcome(function, passed)
    text = f"np.{name}(*{call.args}, **{call.kwargs})"
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"{text} is refused by NumPy: {theirs!r}"
        return 0
    if isinstance(ours, Exception):
        raise AssertionError(text) from ours
    assert not (difference := differences(name, call, ours, theirs)), f"{text}: {difference}"
    return 1


@pytest.mark.parametrize("name", sorted(set(UFUNCS) & set(NUMPYS)))
def test_calls_give_numpys_result(name):
    compared = 0
    for seed in range(12):
        d = Draw([seed, *name.encode()])
        call = draw_call(d, NUMPYS[name])
        compared += compare(name, NUMPYS[name], call, with_tensors(call, every=d.flag()))
    assert compared > 6


@pytest.mark.parametrize("name", "add multiply maximum minimum fmax fmin logical_and logical_or".split())
def test_reductions_take_all_their_arguments(name):
    function = NUMPYS[name].reduce
    for seed in range(20):
        d = Draw([seed, *name.encode()])
        a = d.x(dtypes=["float32", "int32"])
        kwargs = d.some(axis=d.axes(a), keepdims=True, where=d.mask(a))
        kwargs |= d.some(dtype="float64") if name in ("add", "multiply") else {}
        if not name.startswith("logical") and (d.flag() or "where" in kwargs):
            kwargs["initial"] = 2
        call = Call(a, **kwargs)
        compare(f"{name}.reduce", function, call, with_tensors(call, every=True))


ASSOCIATIVE = (
    "add multiply maximum minimum fmax fmin logical_xor bitwise_and bitwise_or bitwise_xor logaddexp hypot gcd"
)


@pytest.mark.parametrize("name", ASSOCIATIVE.split())
@pytest.mark.parametrize("method", ["accumulate", "reduce"])
def test_associative_functions_accumulate_and_reduce(name, method):
    function = getattr(NUMPYS[name], method)
    for seed in range(8):
        d = Draw([seed, *name.encode()])
        a = d.x(dtypes=["int32"] if name in BITS else FLOATS, low=1, sizes=(1, 2, 3))
        call = Call(a, **d.some(axis=d.axis(a, none=False)))
        assert compare(f"{name}.{method}", function, call, with_tensors(call, every=True))


@pytest.mark.parametrize("name", "add subtract multiply maximum less power".split())
def test_outer(name):
    d = Draw([1, *name.encode()])
    call = Call(d.positive(2, 3), d.positive(4))
    assert compare(f"{name}.outer", NUMPYS[name].outer, call, with_tensors(call, every=True))


@pytest.mark.parametrize("name", "add multiply exp sqrt power arctan2".split())
def test_dtype_is_that_of_the_computation(name):
    d = Draw([2, *name.encode()])
    call = Call(*[abs(d.x((3,), ["float32"])) for _ in range(NUMPYS[name].nin)], dtype="float64")
    assert compare(name, NUMPYS[name], call, with_tensors(call, every=True))


SLOPES = "frexp exp logaddexp arctan2 hypot modf divmod float_power vecdot matvec vecmat remainder spacing rint".split()


@pytest.mark.parametrize("name", [name for name in SLOPES if name in NUMPYS])
def test_gradients_are_numpys_differences(name):
    for seed in range(4):
        d = Draw([seed, *name.encode()], smooth=True)
        call = draw_call(d, NUMPYS[name])
        direction = [d.rng.normal(size=a.shape) for a in float_arrays(call)]
        ours, theirs = slopes(NUMPYS[name], call, direction)
        assert theirs is None or ours == pytest.approx(theirs, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", ["accumulate", "reduce"])
@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.logaddexp], ids=lambda u: u.__name__)
def test_gradients_of_methods(ufunc, name):
    d = Draw(5, smooth=True)
    call = Call(d.x((4, 3)), axis=1)
    ours, theirs = slopes(getattr(ufunc, name), call, [d.rng.normal(size=(4, 3))])
    assert ours == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -0.0, 0.0, -2.75, 1e30])
def test_the_parts_of_a_number(value):
    for function in (np.modf, np.frexp, np.spacing, np.rint):
        theirs, ours = outcome(function, Call(np.float32(value))), outcome(function, Call(cr.tensor(np.float32(value))))
        for a, b in zip(np.atleast_1d(ours), np.atleast_1d(theirs), strict=True):
            np.testing.assert_array_equal(np.asarray(a), b)
            assert np.signbit(np.asarray(a)) == np.signbit(b) or np.isnan(b)


def test_functions_of_scipy_with_the_same_meaning():
    special = pytest.importorskip("scipy.special")
    x = np.array([-0.5, 0.2, 0.75])
    for function in (special.erf, special.erfc, special.erfinv, special.expit, special.log_expit, special.i0):
        np.testing.assert_allclose(function(cr.tensor(x)).numpy(), function(x), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "mend"),
    [
        (lambda t: np.exp(t, where=t.numpy() > 0), "np.where"),
        (lambda t: np.add(t, 1.0, out=np.zeros(2)), "use the result"),
        (lambda t: np.add.reduce(t, out=np.zeros(())), "use the result"),
        (lambda t: np.less(t, 1.0, dtype=bool), "astype"),
        (lambda t: np.add.reduceat(t, [0]), "chainrule.ops"),
        (lambda t: np.subtract.accumulate(t), "chainrule.ops"),
        (lambda t: np.add(t, 1.0, casting="no"), "chainrule.ops"),
    ],
)
def test_what_has_no_form_names_the_way_out(call, mend):
    with pytest.raises(cr.ChainruleError, match=rf"numpy\..*To mend it: .*{mend}"):
        call(cr.tensor([1.0, -2.0]))
