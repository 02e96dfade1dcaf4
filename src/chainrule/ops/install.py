"""Give tensors and variables their operators, methods and NumPy protocols, from the records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ChainruleError, GraphError
from ..graph import CONSTANT, apply, promote_specs
from ..tensors.convert import as_tensor, number
from ..tensors.tensor import Tensor, constant
from ..tensors.variable import Variable
from . import arithmetic, comparison, integers, products, rounding
from . import functions as f
from .record import Operation

_OPERATORS: dict[str, Operation] = {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.divide,
    "floordiv": arithmetic.floor_divide,
    "mod": arithmetic.mod,
    "pow": arithmetic.power,
    "matmul": products.matmul,
    "and": integers.bitwise_and,
    "or": integers.bitwise_or,
    "xor": integers.bitwise_xor,
    "lshift": integers.bitwise_left_shift,
    "rshift": integers.bitwise_right_shift,
    "lt": comparison.less,
    "le": comparison.less_equal,
    "gt": comparison.greater,
    "ge": comparison.greater_equal,
    "eq": comparison.equal,
    "ne": comparison.not_equal,
}
_UNARY: dict[str, Operation] = {
    "neg": arithmetic.negative,
    "pos": arithmetic.positive,
    "abs": arithmetic.absolute,
    "invert": integers.bitwise_invert,
}
_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")


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


def _reshape(self: Tensor, *shape: Any) -> Any:
    return _public["reshape"](self, shape[0] if len(shape) == 1 else shape)


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


def _matrix_transpose(self: Tensor) -> Tensor:
    return f.swapaxes(self, -1, -2)


# ---- NumPy's functions build graphs, or raise

_UFUNCS = {
    "true_divide": "divide",
    "remainder": "mod",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "fabs": "absolute",
    "degrees": "rad2deg",
    "radians": "deg2rad",
}
_REDUCTIONS = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logical_and": "all",
    "logical_or": "any",
}
_RENAMED = {"amax": "max", "amin": "min", "around": "round", "round_": "round", "array_split": "split"}
_ARGUMENTS = {
    "a": "x",
    "arr": "x",
    "arrays": "xs",
    "tup": "xs",
    "array": "x",
    "m": "x",
    "reps": "repeats",
    "a_min": "x_min",
    "a_max": "x_max",
    "shape": "newshape",
}


_public: dict[str, Callable[..., Any]] = {}  # the public operations, among which NumPy's functions are looked up


def _refusal(name: str, reason: str) -> GraphError:
    return GraphError(
        f"numpy.{name} on a tensor {reason}",
        "a NumPy function that chainrule.ops has too, so that the graph is kept",
        "use a function of chainrule.ops, or leave the graph on purpose with np.asarray(t)",
    )


def _array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    name = _UFUNCS.get(ufunc.__name__, ufunc.__name__)
    if kwargs.pop("out", None) is not None:
        raise _refusal(ufunc.__name__, "with out=, which would change it in place")
    if method == "reduce" and name in _REDUCTIONS:
        kwargs.setdefault("axis", 0)
        kwargs.pop("dtype", None)
        return _public[_REDUCTIONS[name]](*inputs, **kwargs)
    function = _public.get(name)
    if method == "outer" and function is not None and len(inputs) == 2:
        a, b = map(as_tensor, inputs)
        return function(f.reshape(a, a.shape + (1,) * b.ndim), b)
    if method != "__call__" or function is None or kwargs:
        if method != "__call__":
            reason = f"by {method}"
        else:
            reason = f"with {sorted(kwargs)}" if kwargs else "which has no such operation"
        raise _refusal(ufunc.__name__, reason)
    return function(*inputs)


_DIFFERENT = {"cond", "lstsq"}  # under these names NumPy has a condition number, and a function of more results


def _array_function(self: Any, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    name = _RENAMED.get(func.__name__, func.__name__)
    function = _public.get(name)
    if function is None or name in _DIFFERENT or not (func.__module__ or "").startswith("numpy"):
        raise _refusal(func.__name__, "which has no such operation")
    arguments: dict[str, Any] = {}
    for key, value in kwargs.items():
        if value is None:
            continue
        if key == "out":
            raise _refusal(func.__name__, "with out=, which would change it in place")
        arguments[key if name == "broadcast_to" else _ARGUMENTS.get(key, key)] = value
    try:
        return function(*args, **arguments)
    except TypeError as error:
        if isinstance(error, ChainruleError):
            raise
        raise _refusal(func.__name__, f"with arguments that chainrule.ops.{name} does not take ({error})") from None


def install(public: dict[str, Callable[..., Any]]) -> None:
    """Give `Tensor` and `Variable` their operators; called once, with the public operations, by `chainrule.ops`."""
    _public.update(public)
    names = (
        "sum mean prod var std max min argmax argmin all any cumsum cumprod ravel squeeze dot swapaxes take repeat clip"
    )
    names += " round argsort diagonal trace nonzero"
    methods = {name: public[name] for name in names.split()}
    methods |= {"astype": public["cast"], "flatten": public["ravel"], "copy": arithmetic.positive}
    for name, function in methods.items():
        setattr(Tensor, name, _method(function))
    for name, record in _OPERATORS.items():
        forward, reflected = _binary(record)
        setattr(Tensor, f"__{name}__", forward)
        if name not in _COMPARISONS:
            setattr(Tensor, f"__r{name}__", reflected)
    for name, record in _UNARY.items():
        setattr(Tensor, f"__{name}__", _unary(record))
    attributes: dict[str, Any] = {
        "cast_to": _cast_to,
        "cast_weak": _cast_weak,
        "reshape": _reshape,
        "transpose": _transpose,
        "T": property(f.transpose),
        "mT": property(_matrix_transpose),
        "__getitem__": _getitem,
        "__round__": lambda self, digits=0: rounding.round(self, digits or 0),
        "__array_ufunc__": _array_ufunc,
        "__array_function__": _array_function,
    }
    for name, function in attributes.items():
        setattr(Tensor, name, function)
    dunders = [f"__{n}__" for n in (*_OPERATORS, *_UNARY, "getitem", "round", "array_ufunc", "array_function")] + [
        f"__r{n}__" for n in _OPERATORS if n not in _COMPARISONS
    ]
    for name in dunders:
        setattr(Variable, name, _on_leaf(getattr(Tensor, name)))
    Tensor.__hash__ = Variable.__hash__ = object.__hash__  # type: ignore[method-assign,assignment]


def _unary(record: Operation) -> Callable[[Any], Any]:
    """Return an operator of one tensor."""

    def method(self: Any) -> Any:
        return record(self)

    return method


def _getitem(self: Tensor, key: Any, /) -> Tensor:
    return f.get_item(self, key)


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a function of a tensor into a method: records are not functions, so they do not bind by themselves."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__doc__ = function.__doc__
    return method


def _on_leaf(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a tensor's operator into one of a variable, which applies it to the variable's current leaf."""

    def on_leaf(self: Variable, *args: Any, **kwargs: Any) -> Any:
        return method(self.value, *args, **kwargs)

    return on_leaf
