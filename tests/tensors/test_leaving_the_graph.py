"""A tensor that a running gradient depends on is no constant in silence: the slope is right, or it is an error."""

import copy
import math
import pickle
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops


def written(array, write):
    """The array after `write` has changed it."""
    write(array)
    return array


THROUGH_NUMPY = {
    "np.array": lambda x: np.array([x, x]).sum(),
    "np.array of objects": lambda x: np.array([x, x], dtype=object).sum(),
    "np.asarray": lambda x: np.asarray(x),
    "np.float64": lambda x: np.float64(x),
    "np.r_": lambda x: np.r_[x, x].sum(),
    "np.c_": lambda x: np.c_[x, x].sum(),
    "np.matrix": lambda x: np.sum(np.asarray([[1.0, x]])),
    "np.full": lambda x: np.full(2, x).sum(),
    "np.full_like": lambda x: np.full_like(np.zeros(2), x).sum(),
    "np.linspace": lambda x: np.linspace(0.0, x, 3).sum(),
    "np.geomspace": lambda x: np.geomspace(1.0, x, 3).sum(),
    "np.kaiser": lambda x: np.kaiser(3, x).sum(),
    "np.fromiter": lambda x: np.fromiter([x, x], float).sum(),
    "np.mean of a list": lambda x: np.mean([x, x]),
    "np.dot of lists": lambda x: np.dot([x, x], [1.0, 2.0]),
    "np.cov of a list": lambda x: np.cov([x, 1.0, 2.0]),
    "np.diag of a list": lambda x: np.diag([x, x]).sum(),
    "np.meshgrid of lists": lambda x: np.meshgrid([x], [x])[0].sum(),
    "np.interp": lambda x: np.interp(x, [0.0, 4.0], [1.0, 3.0]),
    "np.interp of lists": lambda x: np.interp(1.5, [0.0, 2.0], [0.0, x]),
    "np.polyval": lambda x: np.polyval([1.0, 2.0], x),
    "np.polyval of a list": lambda x: np.polyval([x, 1.0], 2.0),
    "np.poly1d": lambda x: np.poly1d([x, x])(2.0),
    "np.pad": lambda x: np.pad(np.zeros(2), 1, constant_values=x).sum(),
    "np.insert": lambda x: np.insert(np.zeros(2), 0, x).sum(),
    "np.clip": lambda x: np.clip(np.full(2, 5.0), 0.0, x).sum(),
    "np.where": lambda x: np.where([True, False], x, 0.0).sum(),
    "np.select": lambda x: np.select([np.array([True, False])], [x], 0.0).sum(),
    "np.stack": lambda x: np.stack([x, x]).sum(),
    "np.concatenate": lambda x: np.concatenate([x[None], x[None]]).sum(),
    "np.random": lambda x: np.random.default_rng(0).normal(x),
    "times an array": lambda x: (np.eye(2) * x).sum(),
    "into an array": lambda x: written(np.zeros(2), lambda a: a.__setitem__(0, x)).sum(),
    "np.put": lambda x: written(np.zeros(2), lambda a: np.put(a, [0], x)).sum(),
    "np.copyto": lambda x: written(np.zeros(2), lambda a: np.copyto(a, x)).sum(),
    "in place": lambda x: written(np.zeros(2), lambda a: np.add(a, x, out=a)).sum(),
    "float": lambda x: float(x),
    "complex": lambda x: complex(x).real,
    "math.sin": lambda x: math.sin(x),
    "a format of %": lambda x: float("%.6f" % x),  # noqa: UP031
    "dlpack": lambda x: np.from_dlpack(x),
}


def slope_or_error(derivative):
    """The slope, or the library's error: NumPy raises its own from it where an entry of an array is set."""
    try:
        return derivative()
    except cr.ChainruleError as error:
        return error
    except ValueError as error:
        return error.__cause__


@pytest.mark.parametrize("name", THROUGH_NUMPY)
def test_the_slope_is_right_or_an_error(name):
    function = THROUGH_NUMPY[name]
    product = lambda x: x * function(x)
    x, h = np.float64(3.0), 1e-5
    for derivative in (
        lambda: cr.grad(product)(cr.tensor(x)),
        lambda: cr.value_and_grad(product)(cr.tensor(x))[1],
        lambda: cr.jacobian(product)(cr.tensor(x)),
        lambda: cr.jvp(product, [cr.tensor(x)], [cr.tensor(1.0)])[1],
        lambda: cr.grad(lambda v: product(v * 1.0))(cr.tensor(x)),
    ):
        slope = slope_or_error(derivative)
        assert isinstance(slope, cr.Tensor | cr.ChainruleError)
        if isinstance(slope, cr.Tensor):
            numeric = (float(np.sum(product(x + h))) - float(np.sum(product(x - h)))) / (2 * h)
            assert slope.item() == pytest.approx(numeric, rel=1e-6)


@pytest.mark.parametrize("name", "np.stack np.where np.clip np.polyval np.interp np.insert np.concatenate".split())
def test_what_numpy_dispatches_has_its_slope(name):
    slope = cr.grad(lambda x: x * THROUGH_NUMPY[name](x))(3.0)
    x, h = 3.0, 1e-3
    product = lambda x: x * THROUGH_NUMPY[name](np.float64(x))
    assert slope.item() == pytest.approx((product(x + h) - product(x - h)) / (2 * h), rel=1e-5)


def test_the_error_names_the_line_and_the_way_out():
    with pytest.raises(cr.GraphError, match=r"array of a tensor .*ops.stack.*t\.numpy\(\).* Made at test_leaving") as e:
        cr.grad(lambda x: x * np.array([x, x]).sum())(3.0)
    assert "np.array([x, x])" in str(e.value)
    with pytest.raises(cr.GraphError, match=r"Python float .*ops\.sin.*t\.item\(\)"):
        cr.grad(lambda x: x * math.sin(x))(3.0)


def test_leaving_on_purpose_printing_and_choosing_are_allowed():
    seen = []

    def function(x):
        seen.extend([x.numpy(), x.item(), x.tolist(), repr(x), f"{x:.1f}", np.array2string(x), int(x), bool(x > 1)])
        seen.extend([math.floor(x), math.ceil(x), math.trunc(x)])  # these have no derivative
        seen.append(pickle.loads(pickle.dumps(copy.deepcopy(x))))
        return x * x.item() if x > 1 else x

    assert cr.grad(function)(3.0).item() == 3.0
    assert seen[-4:-1] == [3, 3, 3]


def test_other_tensors_may_leave_while_a_gradient_runs():
    weight, y = cr.Variable([2.0, 3.0]), cr.tensor(5.0, watch=True)

    def function(x):
        scale = float(np.asarray(weight).sum()) + float(y * 2) + np.array([y, weight[0]]).sum()
        constants = np.asarray(ops.stop_gradient(x)), np.asarray(x > 0), np.array([np.argmax(ops.stack([x, x]))])
        return x * scale + 0 * np.sum(constants[0])

    assert cr.grad(function)(1.0).item() == 5 + 10 + 7


def test_afterwards_everything_may_be_printed():
    results = []
    loss, slope = cr.value_and_grad(lambda x: results.append(x * 2) or x * x)(3.0)
    assert np.array([loss, slope, results[0]]).tolist() == [9.0, 6.0, 6.0]
    assert float(results[0]) == 6.0
    with pytest.raises(cr.GraphError):
        cr.grad(lambda x: x * float(x))(3.0)
    assert float(results[0]) == 6.0  # an error ends the gradient, too


def test_nested_gradients_keep_the_outer_one():
    inner = lambda x: cr.grad(lambda y: y * y * float(x))(2.0)
    with pytest.raises(cr.GraphError, match="Python float"):
        cr.grad(inner)(3.0)
    assert cr.grad(lambda x: cr.grad(lambda y: y * y * x)(2.0))(3.0).item() == 4.0
    with pytest.raises(cr.GraphError, match="array"):  # what an inner gradient gives still depends on x
        cr.grad(lambda x: x * np.asarray(cr.grad(lambda y: y * y * x)(2.0)))(3.0)


def test_another_thread_may_convert():
    x = cr.tensor(3.0, watch=True)
    values = []

    def function(y):
        thread = threading.Thread(target=lambda: values.append(float(y)))
        thread.start()
        thread.join()
        return y * y

    assert cr.grad(function)(x).item() == 6.0
    assert values == [3.0]


@pytest.mark.parametrize("function", [np.real, np.imag, np.abs, abs, np.angle, lambda z: np.real(np.conj(z)), np.var])
def test_complex_numbers_on_the_way_are_an_error(function):
    for call in (
        lambda: cr.grad(lambda x: x * function(x * (1 + 2j)))(3.0),
        lambda: cr.gradients((w := cr.Variable(3.0)) * function(w * (1 + 2j)), w),
    ):
        with pytest.raises(cr.DTypeError, match=r"complex.*not differentiated.*To mend it"):
            call()
    assert cr.grad(lambda x: x * function((x * (1 + 2j)).numpy()))(3.0).item() == pytest.approx(
        function(np.asarray(3 + 6j)), rel=1e-6
    )
    assert cr.grad(lambda x: x * (x * 1j == 3j))(3.0).item() == 1.0  # comparisons have no derivative


def test_symbolic_tensors_name_stack():
    s = cr.symbolic(())
    with pytest.raises(cr.SymbolicError, match=r"ops\.stack"):
        np.array([s, s])
