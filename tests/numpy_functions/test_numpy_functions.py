"""NumPy's functions on tensors give what NumPy gives on arrays: value, dtype, shape and slope, for every argument."""

import inspect

import numpy as np
import pytest

import chainrule as cr
from chainrule.numpy_functions.binding import WITHOUT_EFFECT
from chainrule.numpy_functions.table import FUNCTIONS
from numpy_call_table import CALLS
from numpy_calls import Draw, by_position, numpy_function
from numpy_gradients import float_arrays, slopes
from numpy_judge import differences, outcome, with_tensors

SEEDS = 24
HERE = [name for name in CALLS if numpy_function(name) is not None]  # this version of NumPy has them


def draw(name, seed, smooth=False):
    return Draw([seed, *name.encode()], smooth)


@pytest.mark.parametrize("name", HERE)
def test_calls_give_numpys_result(name):
    function = numpy_function(name)
    compared = 0
    for seed in range(SEEDS):
        drawing = draw(name, seed)
        call = CALLS[name](drawing)
        call = by_position(function, call) if drawing.flag() else call
        passed = with_tensors(call, every=drawing.flag())
        theirs, ours = outcome(function, call), outcome(function, passed)
        text = f"seed {seed}: np.{name}(*{call.args}, **{call.kwargs})"
        if isinstance(theirs, Exception):
            assert isinstance(ours, Exception), f"{text} is refused by NumPy: {theirs!r}"
        elif isinstance(ours, Exception):
            raise AssertionError(text) from ours
        else:
            compared += 1
            difference = differences(name, call, ours, theirs)
            assert not difference, f"{text}: {difference}"
    assert compared > SEEDS // 2


@pytest.mark.parametrize("name", HERE)
def test_dtypes_of_8_and_16_bits_give_numpys_values(name):
    """The dtypes of the results follow Keras's promotion, which the tests of the operations hold."""
    for seed in range(5):
        call = CALLS[name](Draw([seed, *name.encode()], narrow=True))
        passed = with_tensors(call, every=True)
        theirs = outcome(numpy_function(name), call)
        if not isinstance(theirs, Exception):  # NumPy has no linear algebra in float16
            ours = outcome(numpy_function(name), passed)
            text = f"seed {seed}: np.{name}(*{call.args}, **{call.kwargs})"
            assert not isinstance(ours, Exception), f"{text}: {ours}"
            assert not (difference := differences(name, call, ours, theirs, dtypes=False)), f"{text}: {difference}"


ON_EMPTIES = {  # what differs where a size is 0
    "nanquantile": "NumPy leaves the axis of q out", "nanpercentile": "NumPy leaves the axis of q out",
    **dict.fromkeys("insert delete repeat take unique quantile percentile".split(), "indexing beside an empty axis"),
    **dict.fromkeys(["linalg.norm", "linalg.vector_norm"], "see ops.norm"),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in HERE if name not in ON_EMPTIES])
def test_empty_axes_give_numpys_result_where_there_is_one(name):
    for seed in range(8):
        try:
            call = CALLS[name](Draw([seed, *name.encode()], sizes=(0, 1, 2)))
            passed = with_tensors(call, every=True)
        except (ValueError, IndexError):
            continue  # nothing to draw an index from
        theirs = outcome(numpy_function(name), call)
        if not isinstance(theirs, Exception):
            ours = outcome(numpy_function(name), passed)
            text = f"seed {seed}: np.{name}(*{call.args}, **{call.kwargs})"
            assert not isinstance(ours, Exception), f"{text}: {ours}"
            assert not (difference := differences(name, call, ours, theirs)), f"{text}: {difference}"


# arguments that the draws leave at their defaults, and why
NOT_DRAWN = {
    "partition": {"kind"}, "argpartition": {"kind"},  # their one value
    "isin": {"assume_unique"}, "unique": {"sorted"},  # the result may then be in any order
    "piecewise": {"kw"}, "apply_along_axis": {"kwargs"},  # drawn under the names that the function passes on
    "linalg.matrix_norm": {"ord"}, "reshape": {"newshape"},  # of an earlier version
}  # fmt: skip


def has_signature(function):
    try:
        return bool(inspect.signature(function))
    except ValueError:  # C functions of earlier versions of NumPy
        return False


@pytest.mark.parametrize(
    "name", [name for name in HERE if not FUNCTIONS[name].takes_all and has_signature(numpy_function(name))]
)
def test_every_argument_is_drawn_with_a_value_of_its_own(name):
    parameters = inspect.signature(numpy_function(name)).parameters
    form = FUNCTIONS[name]
    variadic = {p.name for p in parameters.values() if p.kind is p.VAR_KEYWORD}
    accepted = (set(form.parameters) | form.without_effect | WITHOUT_EFFECT & set(parameters)) - variadic
    drawn = set()
    for seed in range(4 * SEEDS):
        call = CALLS[name](draw(name, seed))
        for key, value in inspect.signature(numpy_function(name)).bind(*call.args, **call.kwargs).arguments.items():
            if key in variadic:
                drawn |= set(value)
            elif value is not parameters[key].default:
                drawn.add(key)
    assert accepted - drawn <= NOT_DRAWN.get(name, set())


SYMMETRIC = {"linalg.cholesky", "linalg.eigvalsh"}  # functions of one triangle: moved symmetrically
WITHOUT_SLOPE = {
    "empty_like": "NumPy's result is not initialized",
    "unique_values": "NumPy's values may stand in any order",
    "linalg.eigh": "NumPy's vectors may change their sign from one matrix to the next",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in HERE if name not in WITHOUT_SLOPE])
def test_gradients_are_numpys_differences(name):
    for seed in range(6):
        drawing = draw(name, seed, smooth=True)
        call = CALLS[name](drawing)
        direction = [drawing.rng.normal(size=a.shape) for a in float_arrays(call)]
        if name in SYMMETRIC or "hermitian" in call.kwargs:
            direction = [d + np.swapaxes(d, -1, -2) for d in direction]
        ours, theirs = slopes(numpy_function(name), call, direction)
        text = f"seed {seed}: np.{name}(*{call.args}, **{call.kwargs})"
        assert theirs is None or ours == pytest.approx(theirs, rel=1e-4, abs=1e-4), text


def test_the_gradient_test_sees_slopes():
    drawing = draw("sum", 0, smooth=True)
    wrong = lambda a, **kwargs: np.sum(a, **kwargs) if isinstance(a, np.ndarray) else 1.01 * np.sum(a, **kwargs)
    call = CALLS["sum"](drawing)
    ours, theirs = slopes(wrong, call, [np.ones_like(a) for a in float_arrays(call)])
    assert ours == pytest.approx(1.01 * theirs, rel=1e-6)
    assert theirs != 0


@pytest.mark.parametrize(
    ("wrong", "difference"),
    [(lambda a: a + 1e-4, "value"), (lambda a: a.astype("float64"), "dtype"), (lambda a: a.reshape(1, -1), "shape")],
)
def test_the_judge_sees_differences(wrong, difference):
    theirs = np.array([1.0, 2.0], "float32")
    call = Draw(0)
    call.args, call.kwargs = (theirs,), {}
    assert not differences("sum", call, cr.tensor(theirs), theirs)
    assert differences("sum", call, cr.tensor(wrong(theirs)), theirs).startswith(difference)
