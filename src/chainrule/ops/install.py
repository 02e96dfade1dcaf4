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


# ---- NumPy's functions build graphs, or raise

_UFUNCS = {
    "true_divide": "divide", "remainder": "mod", "fabs": "absolute", "degrees": "rad2deg", "radians": "deg2rad",
    "invert": "bitwise_invert", "left_shift": "bitwise_left_shift", "right_shift": "bitwise_right_shift",
}  # fmt: skip
_REDUCTIONS = {
    "add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all", "logical_or": "any",
}  # fmt: skip
_RENAMED = {"amax": "max", "amin": "min", "around": "round", "round_": "round", "array_split": "split"}
_ARGUMENTS = {
    "a": "x", "arr": "x", "array": "x", "m": "x", "arrays": "xs", "tup": "xs", "reps": "repeats", "shape": "newshape",
    "a_min": "x_min", "a_max": "x_max",
}  # fmt: skip

_public: dict[str, Callable[..., Any]] = {}  # the public operations, among which NumPy's functions are looked up


def _refusal(name: str, reason: str) -> GraphError:
    passed = f"numpy.{name} on a tensor {reason}"
    mend = "use a function of chainrule.ops, or leave the graph on purpose with np.asarray(t)"
    return GraphError(passed, "a NumPy function that chainrule.ops has too, so that the graph is kept", mend)


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
    if method != "__call__":
        raise _refusal(ufunc.__name__, f"by {method}")
    if function is None or kwargs:
        raise _refusal(ufunc.__name__, f"with {sorted(kwargs)}" if kwargs else "which has no such operation")
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
    names = "sum mean prod var std max min argmax argmin all any cumsum cumprod ravel squeeze dot swapaxes".split()
    names += "take repeat clip round argsort diagonal trace nonzero".split()
    methods = {name: public[name] for name in names}
    methods |= {"astype": public["cast"], "flatten": public["ravel"], "copy": arithmetic.positive}
    for name, function in methods.items():
        setattr(Tensor, name, _method(function))
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
        "reshape": _reshape,
        "transpose": _transpose,
        "T": property(f.transpose),
        "mT": property(lambda self: f.swapaxes(self, -1, -2)),
        "__getitem__": lambda self, key, /: f.get_item(self, key),
        "__round__": lambda self, digits=0: rounding.round(self, digits or 0),
        "__array_ufunc__": _array_ufunc,
        "__array_function__": _array_function,
    }
    for name, function in attributes.items():
        setattr(Tensor, name, function)
    others = ("getitem", "round", "array_ufunc", "array_function")
    for name in (*_REFLECTED, *_COMPARISONS, *_UNARY, *[f"r{n}" for n in _REFLECTED], *others):
        setattr(Variable, f"__{name}__", _on_leaf(getattr(Tensor, f"__{name}__")))
    Tensor.__hash__ = Variable.__hash__ = object.__hash__  # type: ignore[method-assign,assignment]


def _unary(record: Operation) -> Callable[[Any], Any]:
    """Return an operator of one tensor."""
    return lambda self: record(self)


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a function of a tensor into a method: records are not functions, so they do not bind by themselves."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__doc__ = function.__doc__
    return method


def _on_leaf(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a tensor's operator into one of a variable, which applies it to the variable's current leaf."""
    return lambda self, *args, **kwargs: method(self.value, *args, **kwargs)
