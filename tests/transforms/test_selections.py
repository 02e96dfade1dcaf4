"""No gradient and no tangent reaches what a selection did not take, not even 0 times infinity."""

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.ops.record import registry

X = np.array([-1.0, 0.0, -2.5, 4.0, 0.25])
TAKEN = X > 0
SELECTIONS = {  # each takes the entries above 0, and passes them unchanged
    "relu": ops.relu,
    "where": lambda x: ops.where(TAKEN, x, 0.0),
    "where, second": lambda x: ops.where(~TAKEN, 0.0, x),
    "clip": lambda x: ops.clip(x, 1e-300, 9.0) * 1.0 - 1e-300 * ~TAKEN,
    "maximum": lambda x: ops.maximum(x - 1e-300, 0.0),
    "minimum": lambda x: -ops.minimum(-x + 1e-300, 0.0),
    "relu6": ops.relu6,
    "activations.relu": lambda x: cr.activations.relu(x, max_value=9.0),
    "sort": lambda x: ops.relu(ops.sort(x))[ops.argsort(ops.argsort(x))],
    "moved": lambda x: ops.reshape(ops.transpose(ops.expand_dims(ops.relu(x), 0)), (5,)),
    "scaled": lambda x: -ops.relu(x) * -1.0,
}
FOLLOWERS = {  # with an infinite slope at 0: the function, its slope
    "log": (ops.log, lambda x: 1 / x),
    "sqrt": (ops.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "power": (lambda x: x**-0.5, lambda x: -0.5 * x**-1.5),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
    "rsqrt": (ops.rsqrt, lambda x: -0.5 * x**-1.5),
    "cbrt": (ops.cbrt, lambda x: 1 / 3 * x ** (-2 / 3)),
}
CASES = [(s, f) for s in SELECTIONS for f in FOLLOWERS]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the values are infinite on purpose
@pytest.mark.parametrize(("selection", "follower"), CASES)
def test_only_what_was_selected_has_a_gradient(selection, follower):
    select, (follow, slope) = SELECTIONS[selection], FOLLOWERS[follower]
    x = cr.tensor(X)
    function = lambda x: ops.sum(follow(select(x)))
    expected = np.zeros(5)
    expected[TAKEN] = slope(X[TAKEN])
    assert cr.grad(function)(x).numpy() == pytest.approx(expected, rel=1e-12)
    assert cr.compile(cr.grad(function))(x).numpy() == pytest.approx(expected, rel=1e-12)
    direction = np.array([3.0, -1.0, 2.0, 0.5, 7.0])
    _, tangent = cr.jvp(lambda x: follow(select(x)), [x], [cr.tensor(direction)])
    assert tangent.numpy() == pytest.approx(expected * direction, rel=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_kink_that_is_0_by_choice_stops_what_comes_back():
    x = cr.tensor([-4.0, 0.0, 4.0])
    root = lambda x: ops.sum(ops.sqrt(ops.abs(x)))
    assert cr.grad(root)(x).tolist() == [-0.25, 0.0, 0.25]
    assert cr.jvp(root, [x], [cr.tensor([1.0, 1.0, 2.0])])[1].item() == 0.25


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_infinite_gradient_of_what_was_selected_stays():
    tie = lambda x: ops.sum(ops.log(ops.maximum(x, 0.0)))  # half of infinity
    assert cr.grad(tie)(cr.tensor([0.0])).tolist() == [np.inf]
    first = lambda x: ops.sum(ops.sqrt(ops.where([True, False], x, 1.0)))
    assert cr.grad(first)(cr.tensor([0.0, 0.0])).tolist() == [np.inf, 0.0]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_sum_of_selected_and_other_paths():
    both = lambda x: ops.sum(ops.sqrt(ops.relu(x)) + 3 * x)
    assert cr.grad(both)(cr.tensor([-1.0, 4.0])).tolist() == [3.0, 3.25]
    assert cr.jvp(both, [cr.tensor([-1.0, 4.0])], [cr.tensor([1.0, 2.0])])[1].item() == 3 + 6.5


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_explanation_says_not_selected():
    x = cr.tensor([-1.0, -2.0], watch=True, name="x")
    e = cr.explain(ops.sum(ops.sqrt(ops.relu(x))))
    assert "dJ/dx[1] = not selected: 0" in str(e)
    assert "inf *" not in re.sub(r"through v.*", "", str(e))
    assert "not selected: 0" in e.number("x", 0).to_latex()
    assert "선택되지 않음: 0" in e.to_text(language="ko")


def test_each_zero_of_a_local_gradient_that_selects_is_a_choice():
    """Records whose local gradient compares entries say that they select."""
    comparing = {"relu", "maximum", "minimum", "clip", "where", "absolute"}
    assert {name for name, record in registry.items() if record.selects} == comparing
