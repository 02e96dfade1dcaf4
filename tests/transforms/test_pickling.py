"""Results, functions made of functions, and operations are pickled and copied, or say why not."""

import copy
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.derived_function import DerivedFunction
from chainrule.errors import GraphError, SymbolicError
from chainrule.layers import Dense, Input
from chainrule.models import Sequential

X = np.random.default_rng(0).normal(size=(4, 3))


def square(x):
    return (x * x).sum()


def cube(x):
    return x**3


def row_sum(w, x):
    return (w * x).sum()


@cr.compile
def compiled(x):
    return ops.tanh(x) * 2


@cr.grad
def slope(x):
    return (x**3).sum()


@cr.vectorize
def doubled(x):
    """Double a row."""
    return x * 2


def through_pickle(thing):
    return pickle.loads(pickle.dumps(thing))


WAYS = {"pickle": through_pickle, "deepcopy": copy.deepcopy, "copy": copy.copy}
FUNCTIONS = {
    "compiled": (compiled, X),
    "compiled by a call": (cr.compile(square), X),
    "compiled on numpy": (cr.compile(square, engine="numpy"), X),
    "vectorized": (doubled, X),
    "vectorized by a call": (cr.vectorize(row_sum, in_axes=(None, 0), out_axes=0), X[0], X),
    "grad": (slope, X),
    "grad by a call": (cr.grad(row_sum, argnums=(0, 1)), X[0], X[1]),
    "grad of grad": (cr.grad(cr.grad(cube)), 2.0),
    "value_and_grad": (cr.value_and_grad(square), X),
    "jacobian": (cr.jacobian(ops.tanh), X[0]),
    "hessian": (cr.hessian(square), X[0]),
    "an operation": (ops.tanh, X),
    "a composite": (ops.softmax, X),
}


def numbers(result):
    return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, way):
    function, *args = FUNCTIONS[name]
    expected = numbers(function(*args))  # before the copy, so that compiled programs are there
    again = WAYS[way](function)
    for a, b in zip(numbers(again(*args)), expected, strict=True):
        assert np.array_equal(a, b)


def test_functions_in_another_process(tmp_path):
    """A worker that imports the module gets the same function, decorated or not."""
    (tmp_path / "mine.py").write_text(
        "import chainrule as cr\n"
        "def f(x): return (x * x).sum()\n"
        "@cr.compile\ndef g(x): return x * 3\n"
        "@cr.vectorize\ndef h(x): return x.sum()\n"
        "parts = [cr.grad(f), cr.compile(f), g, h, cr.vectorize(cr.grad(f))]\n"
    )
    write = "import mine, pickle, sys; sys.stdout.buffer.write(pickle.dumps(mine.parts))"
    read = (
        "import pickle, sys, numpy as np; x = np.arange(6.0).reshape(2, 3)\n"
        "print([np.asarray(f(x)).tolist() for f in pickle.loads(sys.stdin.buffer.read())])"
    )
    data = subprocess.run([sys.executable, "-c", write], cwd=tmp_path, capture_output=True, check=True).stdout
    run = subprocess.run([sys.executable, "-c", read], cwd=tmp_path, input=data, capture_output=True, check=True)
    x = np.arange(6.0).reshape(2, 3)
    expected = [2 * x, (x * x).sum(), 3 * x, x.sum(axis=1), 2 * x]
    assert eval(run.stdout) == [e.tolist() for e in expected]


def test_what_cannot_be_pickled_is_named():
    for function in (cr.grad(lambda x: x), cr.compile(lambda x: x), cr.vectorize(lambda x: x)):
        with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
            pickle.dumps(function)
        copy.deepcopy(function)
    for way in (through_pickle, copy.deepcopy):
        with pytest.raises(SymbolicError, match="pickle the model it belongs to"):
            way(Input((3,)))


def test_they_look_like_the_function():
    assert isinstance(slope, DerivedFunction)
    assert doubled.__name__ == "doubled"
    assert doubled.__doc__ == "Double a row."
    assert list(inspect.signature(cr.vectorize(row_sum)).parameters) == ["w", "x"]
    assert "grad of slope" in repr(slope)


class Holder:
    factor = 3.0

    @cr.grad
    def unbound(self):  # a gradient by the first argument, which is no instance here
        return self * self

    def method(self, x):
        return (x * self.factor).sum()


def test_methods_bind():
    class Scaled:
        def __init__(self, factor):
            self.factor = factor

        def by(self, x):
            return (x * self.factor).sum()

    by = cr.grad(Scaled.by, argnums=1)
    Scaled.slope = by
    assert np.asarray(Scaled(3.0).slope(X)).tolist() == np.full_like(X, 3.0).tolist()
    assert float(Holder.unbound(2.0)) == 4.0


def results():
    model = Sequential([Input((3,)), Dense(2, "relu"), layers.Dense(1)])
    model.compile("sgd", "mse")
    a = cr.Variable([1.0, 2.0], name="a")
    y = np.ones((4, 1))
    return {
        "explanation": cr.explain((a * a).sum()),
        "a model's": model.explain(X.astype("float32"), y),
        "price": cr.price(ops.tanh, (3,), backward=True),
        "a model's cost": model.cost(),
        "check": cr.check(ops.tanh, 0.5),
    }


RESULTS = results()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", RESULTS)
def test_results(name, way):
    result = RESULTS[name]
    again = WAYS[way](result)
    assert type(again) is type(result)
    assert again.to_text() == result.to_text()
    assert again.to_json() == result.to_json()
    assert len(again.to_html()) > 1000
    if hasattr(result, "to_svg"):
        assert again.to_svg() == result.to_svg()


def test_a_pickled_explanation_says_what_it_lost():
    explanation = RESULTS["explanation"]
    for way in (copy.copy, copy.deepcopy):
        assert str(way(explanation).number("a", 1)) == str(explanation.number("a", 1))
    with pytest.raises(GraphError, match="ask it for the number"):
        through_pickle(explanation).number("a", 1)
    assert through_pickle(explanation).fold(0).to_text() == explanation.fold(0).to_text()
