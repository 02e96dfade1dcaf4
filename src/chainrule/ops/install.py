"""Give tensors and variables their operators, methods and NumPy protocols, from the records."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..core.errors import ChainruleError
from ..core.providers import provider
from ..graph import CONSTANT, apply, promote_specs
from ..tensors.convert import as_tensor, number
from ..tensors.tensor import Tensor, constant
from ..tensors.variable import Variable
from . import arithmetic, comparison, integers, powers, products, rounding
from . import functions as f
from .record import Operation

_REFLECTED: dict[str, Operation] = {  # operators that have a reflected form, such as ``__radd__``
    "add": arithmetic.add, "sub": arithmetic.subtract, "mul": arithmetic.multiply, "truediv": arithmetic.divide,
    "floordiv": arithmetic.floor_divide, "mod": arithmetic.mod, "pow": powers.power, "matmul": products.matmul,
    "and": integers.bitwise_and, "or": integers.bitwise_or, "xor": integers.bitwise_xor,
    "lshift": integers.bitwise_left_shift, "rshift": integers.bitwise_right_shift,
}  # fmt: skip
_COMPARISONS: dict[str, Operation] = {
    "lt": comparison.less, "le": comparison.less_equal, "gt": comparison.greater, "ge": comparison.greater_equal,
    "eq": comparison.equal, "ne": comparison.not_equal,
}  # fmt: skip
_UNARY: dict[str, Operation] = {
    "neg": arithmetic.negative, "pos": arithmetic.positive, "abs": arithmetic.absolute,
    "invert": integers.bitwise_invert,
}  # fmt: skip


def _binary(record: Operation) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return an operator and its reflected form."""

    def forward(self: Any, other: Any) -> Any:
        if other.__class__ is not Tensor:
            try:
                other = as_tensor(other)
            except ChainruleError:
                if not isinstance(other, np.ndarray | list | tuple):
                    return NotImplemented
                raise
        return apply(record, (self, other))

    def reflected(self: Any, other: Any) -> Any:
        try:
            left = as_tensor(other)
        except ChainruleError:
            return NotImplemented
        return apply(record, (left, self))

    return forward, reflected


def _reshape(self: Tensor, *shape: Any, **kwargs: Any) -> Any:
    sizes = shape[0] if len(shape) == 1 else shape
    return np.reshape(self, sizes, **kwargs) if kwargs else f.reshape(self, sizes)


def _astype(
    self: Tensor, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
) -> Tensor:
    """Convert to `dtype` (``numpy.ndarray.astype``); the other arguments have no effect, as tensors never change."""
    return f.cast(self, dtype)


def _transpose(self: Tensor, *axes: Any) -> Tensor:
    if not axes or axes == (None,):
        return f.transpose(self)
    return f.transpose(self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes)


def _cast_to(self: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Return the tensor in `dtype`; itself if that is its dtype."""
    spec = self.spec
    if spec.weak:
        return number(self.value.item(), dtype)
    if spec.dtype == dtype:
        return self
    if self.operation is CONSTANT and not self.attributes:
        return constant(self.value.astype(dtype))
    return apply(rounding.cast_record, (self,), {"dtype": dtype.name})


def _cast_weak(self: Tensor) -> Tensor:
    """Return the tensor of a Python number in its default dtype; others unchanged."""
    return _cast_to(self, promote_specs((self.spec,))) if self.spec.weak else self


# ---- NumPy's protocols

_numpy_functions = cache(lambda: provider("numpy_functions"))


def _array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    return _numpy_functions().call_ufunc(ufunc, method, inputs, kwargs)


def _array_function(self: Any, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    return _numpy_functions().call_function(func, args, kwargs)


_public: dict[str, Callable[..., Any]] = {}


def install(public: dict[str, Callable[..., Any]]) -> None:
    """Give `Tensor` and `Variable` their operators; called once, with the public operations, by `chainrule.ops`."""
    _public.update(public)
    for name in _METHODS:
        setattr(Tensor, name, _method(name))
    for name, record in (_REFLECTED | _COMPARISONS).items():
        forward, reflected = _binary(record)
        setattr(Tensor, f"__{name}__", forward)
        if name in _REFLECTED:
            setattr(Tensor, f"__r{name}__", reflected)
    for name, record in _UNARY.items():
        setattr(Tensor, f"__{name}__", _unary(record))
    attributes: dict[str, Any] = {
        "cast_to": _cast_to,
        "cast_weak": _cast_weak,
        "astype": _astype,
        "flatten": _method("ravel"),
        "reshape": _reshape,
        "transpose": _transpose,
        "T": property(f.transpose),
        "mT": property(lambda self: f.swapaxes(self, -1, -2)),
        "real": property(np.real),
        "imag": property(np.imag),
        "__getitem__": lambda self, key, /: f.get_item(self, key),
        "__divmod__": lambda self, other: (self // other, self % other),
        "__rdivmod__": lambda self, other: (other // self, other % self),
        "__round__": lambda self, digits=0: rounding.round(self, digits or 0),
        "__array_ufunc__": _array_ufunc,
        "__array_function__": _array_function,
    }
    for name, function in attributes.items():
        setattr(Tensor, name, function)
    others = ("divmod", "rdivmod", "getitem", "round", "array_ufunc", "array_function")
    for name in (*_REFLECTED, *_COMPARISONS, *_UNARY, *[f"r{n}" for n in _REFLECTED], *others):
        setattr(Variable, f"__{name}__", _on_leaf(getattr(Tensor, f"__{name}__")))
    Tensor.__hash__ = Variable.__hash__ = object.__hash__  # type: ignore[method-assign,assignment]


def _unary(record: Operation) -> Callable[[Any], Any]:
    """Return an operator of one tensor."""
    return lambda self: record(self)


_REDUCTIONS = "sum mean prod var std max min argmax argmin all any".split()
_METHODS = {  # and for how many arguments by position our functions and NumPy's methods agree
    **dict.fromkeys(_REDUCTIONS, 1), "ravel": 0, "squeeze": 1, "dot": 1, "swapaxes": 2, "take": 2, "repeat": 2,
    "round": 1, "diagonal": 3, "trace": 3, "nonzero": 0, "conj": 0, "conjugate": 0, "copy": 0, "cumsum": -1,
    "cumprod": -1, "clip": -1, "argsort": -1, "argpartition": -1, "searchsorted": -1, "choose": -1,
}  # fmt: skip


def _method(name: str) -> Callable[..., Any]:
    """Return a method with the arguments of NumPy's function of that name, which are those of its arrays' method.

    Our operation is called where they agree. A bool as second argument of a reduction is `keepdims`, as in Keras.
    """
    numpys, agree, reduces = getattr(np, name), _METHODS[name], name in _REDUCTIONS
    function = _public.get(name, numpys)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not kwargs and (len(args) <= agree or (reduces and len(args) == 2 and args[1].__class__ is bool)):
            return function(self, *args)
        if reduces and len(args) < 2 and kwargs.keys() <= {"axis", "keepdims"}:
            return function(self, *args, **kwargs)
        if isinstance(numpys, np.ufunc):
            return numpys(self, *args, **kwargs)
        return _numpy_functions().call_function(numpys, (self, *args), kwargs)

    method.__doc__ = function.__doc__
    return method


def _on_leaf(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a tensor's operator into one of a variable, which applies it to the variable's current leaf."""
    return lambda self, *args, **kwargs: method(self.value, *args, **kwargs)
