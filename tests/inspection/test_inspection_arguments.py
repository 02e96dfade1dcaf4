"""Wrong arguments of what is shown of models, arrays and operations."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.core.errors import ValueProblem
from small_models import line_model


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda m, x, y: cr.descent(m, x, y, learning_rates=0.1), "a list of numbers"),
        (lambda m, x, y: cr.descent(m, x, y, learning_rates=["a"]), "a list of numbers"),
        (lambda m, x, y: cr.descent(m, x, y, ways=[1]), "a dictionary"),
        (lambda m, x, y: cr.descent(m, x, y, ways={"a": (cr.optimizers.SGD(0.1), 0)}), "batch size from 1"),
        (lambda m, x, y: cr.descent(m, x, y, ways={"a": (cr.optimizers.SGD(0.1), "3")}), "batch size from 1"),
        (lambda m, x, y: cr.descent(3, x, y), "a model"),
        (lambda m, x, y: cr.how("softmax", sizes=3), "sizes=3"),
        (lambda m, x, y: cr.how("softmax", seconds="a"), "seconds='a'"),
        (lambda m, x, y: cr.look([[1], [1, 2]]), "rows of equal length"),
        (lambda m, x, y: cr.look(None), "numbers"),
        (lambda m, x, y: cr.look(m), "numbers"),
        (lambda m, x, y: m.explain(x, y).fold(-1), "depth=-1"),
        (lambda m, x, y: m.explain(x, y).fold("a"), "depth='a'"),
        (lambda m, x, y: cr.compare(m, m, foo=2), "Got foo=2"),
        (lambda m, x, y: cr.price(3, (3,)), "a price of 3"),
        (lambda m, x, y: cr.regions(np.eye(6), ("a", 1, 2, 3)), "four numbers"),
        (lambda m, x, y: cr.regions(np.eye(6), (5, 5, 2, 2)), "x1 <= x2"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(call, text):
    with pytest.raises(cr.ChainruleError) as raised:
        call(*line_model())
    assert text in str(raised.value)


def test_arguments_of_a_look():
    with pytest.raises(ValueProblem, match="name=3"):
        cr.look([1.0], name=3)


def test_wrong_arguments_of_figures():
    f = np.zeros((4, 4))
    for wrong in ({"output_size": 0}, {"output_size": 2.5}, {"output_size": (1, 2, 3)}, {"sampling_ratio": (2, 2)}):
        with pytest.raises(ValueProblem, match=next(iter(wrong))):
            cr.regions(f, (0, 0, 2, 2), **wrong)
    assert cr.regions(f, (0, 0, 2, 2), np.int64(2))["pool"].output.shape == (2, 2)
    with pytest.raises(ValueProblem, match="to be compared"):
        cr.compare(cr.Sequential([layers.Input((2,)), layers.Dense(1)]), 3)
    x = cr.Variable(2.0, name="x")
    for wrong in ({"digits": -1}, {"digits": 2.5}, {"depth": "a"}):
        with pytest.raises(ValueProblem, match=next(iter(wrong))):
            cr.explain(x * 2.0, **wrong)
