"""Cases of the functions of `chainrule.ops` that combine records, and their checks.

Each case is computed eagerly and on symbolic tensors, and the gradient of a random sum of its results compared
with a difference along one direction.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chainrule import Tensor, ops, symbolic, tensor
from chainrule.core.errors import ChainruleError, SymbolicError
from chainrule.transforms.differentiate import gradients
from chainrule.transforms.run import run


def A(*shape, seed=1):
    """Random numbers without ties."""
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def B(*shape):
    return A(*shape, seed=2)


def positive(*shape):
    return A(*shape) ** 2 + 0.1


def whole(*shape, below=3):
    return np.random.default_rng([3, *shape]).integers(0, below, shape).astype("int32")


ODD = np.array([1.0, np.nan, np.inf, -np.inf, 1.0, np.inf, 0.0])


def spread(v, rank):
    return (v,) * rank if isinstance(v, int) or v is None else tuple(v)


class FunctionCases(dict):
    """The cases of a file by their keys: a function's name and a number."""

    def add(self, name, *args, oracle=None, smooth=True, **options):
        """``ops.name(*args, **options)`` must be what NumPy's function of that name, or `oracle`, makes of the same.

        `smooth`: whether it has a gradient, and differences can show it.
        """
        key = f"{name}-{sum(existing.startswith(name + '-') for existing in self)}"
        self[key] = FunctionCase(getattr(ops, name), oracle or getattr(np, name), args, options, smooth)

    def add_steps(self, name, *args, **options):
        self.add(name, *args, smooth=False, **options)

    def add_both(self, name, oracle, x, *kernels, **options):
        """Channels last, and channels first."""
        self.add(name, x, *kernels, oracle=oracle, **options)
        turned = lambda x, *more, data_format, **options: np.moveaxis(
            oracle(np.moveaxis(x, 1, -1), *more, **options), -1, 1
        )
        self.add(name, np.moveaxis(x, -1, 1), *kernels, oracle=turned, data_format="channels_first", **options)

    def of_arrays(self):
        return [key for key, case in self.items() if arrays_in(case.args)]

    def smooth(self):
        return [key for key, case in self.items() if case.smooth]

    def functions(self):
        """The names of the functions that have cases."""
        return {key.rpartition("-")[0] for key in self}


@dataclass(frozen=True)
class FunctionCase:
    """A call of a function, and the oracle that must give the same."""

    function: Callable
    oracle: Callable
    args: tuple
    options: dict
    smooth: bool

    def check_value(self):
        got, want = flat(self.function(*self.args, **self.options)), flat(self.oracle(*self.args, **self.options))
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            assert isinstance(g, Tensor)
            assert g.shape == np.shape(w)
            tolerance = (1e-6, 1e-6) if g.dtype == "float32" else (1e-10, 1e-12)
            assert_allclose(g.numpy().astype(float), np.asarray(w, float), *tolerance)

    def check_symbolic(self):
        """Built without numbers, then run."""
        arrays = arrays_in(self.args)
        inputs = [symbolic(x.shape, x.dtype) for x in arrays]
        built = flat(self.function(*put_in(self.args, iter(inputs)), **self.options))
        eager = flat(self.function(*self.args, **self.options))
        assert [(b.shape, b.dtype) for b in built] == [(e.shape, e.dtype) for e in eager]
        for got, want in zip(run(built, dict(zip(inputs, arrays, strict=True))), eager, strict=True):
            assert_allclose(got.numpy().astype(float), want.numpy().astype(float), 1e-12, 1e-14)

    def check_needs_numbers(self):
        inputs = [symbolic(x.shape, x.dtype) for x in arrays_in(self.args)]
        with pytest.raises(SymbolicError, match="symbolic"):
            self.function(*put_in(self.args, iter(inputs)), **self.options)

    def check_gradient(self):
        arrays = arrays_in(self.args)
        floats = [x for x in arrays if x.dtype.kind == "f"]

        def objective(floats):
            passed = iter(floats)
            created = iter([next(passed) if x.dtype.kind == "f" else x for x in arrays])
            results = flat(self.function(*put_in(self.args, created), **self.options))
            return sum(((A(*y.shape) * y).sum() for y in results if y.dtype.kind == "f"), start=tensor(0.0, "float64"))

        leaves = [tensor(x, watch=True) for x in floats]
        result = gradients(objective(leaves), leaves, unconnected="zero")
        assert [g.shape for g in result] == [x.shape for x in floats]
        along, h = [A(*x.shape, seed=5) for x in floats], 2.0**-17
        at = lambda h: objective([x + h * d for x, d in zip(floats, along, strict=True)]).item()
        got = sum((g.numpy() * d).sum() for g, d in zip(result, along, strict=True))
        assert_allclose(got, (at(h) - at(-h)) / (2 * h), 1e-6, 1e-6)


def put_in(args, made):
    """The arguments with others in the places of their arrays of numbers."""
    return [put_in(a, made) if isinstance(a, list) else next(made) if is_array(a) else a for a in args]


def arrays_in(args):
    return [x for a in args for x in (arrays_in(a) if isinstance(a, list) else [a] if is_array(a) else [])]


def is_array(x):
    return isinstance(x, np.ndarray) and x.dtype.kind in "fi"


def flat(results):
    return list(results) if isinstance(results, list | tuple) else [results]


# ---- errors: our own, and saying what was expected

X, IMAGE = A(3, 4), A(1, 5, 5, 4)


def check_error(call, error):
    with pytest.raises(error, match=r"expected|To mend") as caught:
        call()
    assert isinstance(caught.value, ChainruleError)


def slope(f, x):
    """The gradient of the sum of `f` at `x`."""
    x = tensor(x, watch=True)
    return gradients(ops.sum(f(x)), x)
