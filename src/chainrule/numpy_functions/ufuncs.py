"""NumPy's universal functions on tensors: calls, and their methods ``reduce``, ``accumulate`` and ``outer``."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import array_api, ops
from ..core.errors import ChainruleError
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor
from . import linear, reductions
from .binding import in_float64, out_refusal, refusal
from .choices import by_values
from .reductions import to_dtype
from .table import REFUSED


def _divmod(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    return ops.floor_divide(x1, x2), ops.mod(x1, x2)


def _modf(x: Any) -> tuple[Tensor, Tensor]:
    """Return the fraction and the whole part, both with the sign of x; infinity has the fraction 0."""
    number = as_tensor(x)
    number = number if number.spec.floating else number * 1.0
    whole = ops.trunc(number)
    fraction = ops.where(ops.isinf(number), 0, number - ops.where(ops.isinf(number), 0, whole))
    return ops.copysign(fraction, number), whole


def _rint(x: Any) -> Tensor:
    number = as_tensor(x)
    return ops.round(number if number.spec.floating else number * 1.0)


def _float_power(x1: Any, x2: Any) -> Tensor:
    """Return a power of floats: whole numbers become floatx, so that negative exponents are no error."""
    base, exponent = as_tensor(x1), as_tensor(x2)
    return ops.power(base if base.spec.floating else base * 1.0, exponent)


def _spacing(x: Any) -> Tensor:
    """Return the distance to the next number away from 0, which has no derivative."""
    number = ops.stop_gradient(as_tensor(x).cast_weak())
    away = ops.where(ops.less(number, 0), -math.inf, math.inf)
    return ops.nextafter(number, ops.cast(away, number.dtype)) - number


def _frexp(x: Any) -> tuple[Tensor, Tensor]:
    """Return numbers from 0.5 to 1 and powers of 2, whose product is x; the powers are constants."""
    number = as_tensor(x)
    number = number if number.spec.floating else number * 1.0
    powers = by_values(np.frexp)(number)[1]
    return ops.ldexp(number, -powers), powers


# by the names of NumPy's ufuncs, and of SciPy's where ours have the same meaning
_SAME = (
    "add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or bitwise_xor cbrt ceil "
    "copysign cos cosh deg2rad divide equal exp exp2 expm1 fabs floor floor_divide fmax fmin fmod gcd "
    "greater greater_equal heaviside hypot isfinite isinf isnan lcm ldexp left_shift less less_equal log log10 log1p "
    "log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor matmul maximum minimum multiply negative "
    "nextafter not_equal positive power rad2deg reciprocal remainder right_shift sign signbit sin sinh sqrt square "
    "subtract tan tanh trunc erf erfc erfinv i0"
)
UFUNCS: dict[str, Callable[..., Any]] = {name: getattr(ops, name) for name in _SAME.split()} | {
    "absolute": array_api.abs, "bitwise_count": by_values(np.bitwise_count), "conjugate": array_api.conj,
    "degrees": ops.rad2deg, "divmod": _divmod, "expit": ops.sigmoid,
    "float_power": _float_power, "frexp": _frexp, "invert": ops.bitwise_not, "log_expit": ops.log_sigmoid,
    "matvec": linear.matvec, "modf": _modf, "radians": ops.deg2rad, "rint": _rint, "spacing": _spacing,
    "true_divide": ops.divide, "vecdot": linear.vecdot, "vecmat": linear.vecmat,
}  # fmt: skip
_REDUCTIONS: dict[str, Callable[..., Tensor]] = {
    "add": reductions.sum, "multiply": reductions.prod, "maximum": reductions.max, "minimum": reductions.min,
    "fmax": reductions.nanmax, "fmin": reductions.nanmin, "logical_and": reductions.all,
    "logical_or": reductions.any,
}  # fmt: skip
_ASSOCIATIVE = set(
    "add multiply maximum minimum fmax fmin logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor "
    "logaddexp logaddexp2 hypot gcd lcm".split()
)
_ANSWERS = set(  # their result is no number of the operands' kind, so that dtype= does not say how to compute
    "equal not_equal less less_equal greater greater_equal isfinite isinf isnan signbit logical_and logical_or "
    "logical_not logical_xor ldexp".split()
)
_WITHOUT_EFFECT = {"order", "subok"}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Carry out a universal function that was called with tensors (``__array_ufunc__``).

    Raises:
        GraphError: for a function, a method or an argument that has no form on tensors.
    """
    name = ufunc.__name__
    function = UFUNCS.get(name)
    if function is None:
        raise refusal(name, "", REFUSED.get(name, ""))
    inputs, kwargs = in_float64(inputs, kwargs)
    if method == "__call__" and not kwargs:
        return function(*inputs)
    if any(v is not None for v in _as_tuple(kwargs.pop("out", None))):
        raise out_refusal(name if method == "__call__" else f"{name}.{method}")
    kwargs = {k: v for k, v in kwargs.items() if k not in _WITHOUT_EFFECT and (k != "where" or v is not True)}
    if method == "__call__":
        return _call(ufunc, function, inputs, kwargs)
    if ufunc.nin != 2 or ufunc.nout != 1 or ufunc.signature is not None:
        raise refusal(name, f" by .{method}")
    if method == "outer" and not kwargs:
        a, b = map(as_tensor, inputs)
        return function(ops.reshape(a, a.shape + (1,) * b.ndim), b)
    if method == "reduce":
        return _reduce(name, function, *inputs, **kwargs)
    if method == "accumulate" and name in _ASSOCIATIVE:
        return _accumulate(name, function, *inputs, **kwargs)
    raise refusal(name, f" by .{method}")


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _call(ufunc: np.ufunc, function: Callable[..., Any], inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call with the arguments ``dtype=``, or ``axis=`` of `vecdot`; refuse others."""
    name, dtype = ufunc.__name__, kwargs.pop("dtype", None)
    if name == "vecdot" and set(kwargs) == {"axis"}:
        function = partial(function, **kwargs)
    elif kwargs:
        argument = min(kwargs)
        mend = "use np.where(condition, result, other): without out= the other entries would have any value"
        raise refusal(name, f" with {argument}=", mend if argument == "where" else "")
    if dtype is None:
        return function(*inputs)
    if name in _ANSWERS or ufunc.nout > 1:
        raise refusal(name, " with dtype=", "use astype on the operands or on the result")
    return to_dtype(function(*[to_dtype(x, dtype) for x in inputs]), dtype)


def _reduce(
    name: str, function: Callable[..., Any], array: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    """Reduce, by default along the first axis."""
    options: dict[str, Any] = {"initial": initial, "dtype": dtype}
    options = {k: v for k, v in options.items() if v is not None and "no value" not in repr(v)}
    if name in _REDUCTIONS:
        x = as_tensor(array).cast_weak()
        axis = axis if x.ndim else None
        try:
            return _REDUCTIONS[name](x, axis=axis, keepdims=keepdims, where=where, **options)
        except TypeError as error:
            if isinstance(error, ChainruleError):
                raise
            raise refusal(f"{name}.reduce", f" with {min(options)}=") from None
    if name not in _ASSOCIATIVE or where is not True or options:
        raise refusal(f"{name}.reduce", "")
    result = _reduce_in_turn(function, _operand(name, array), axis, keepdims)
    return function(result, 0) if name in ("hypot", "gcd") else result  # of one entry alone, its size


def _reduce_in_turn(function: Callable[..., Any], x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """Reduce by a running result, of which the last is kept."""
    axes = range(x.ndim) if axis is None else _as_tuple(axis)
    for i in axes:
        last = ops.take(ops.associative_scan(function, x, axis=i % x.ndim), [x.shape[i] - 1], axis=i)
        x = last.cast_to(last.dtype)
    return x if keepdims else ops.squeeze(x, axis=tuple(axes))


def _operand(name: str, array: Any) -> Tensor:
    """Return a tensor, of booleans for logical functions."""
    x = as_tensor(array).cast_weak()
    return ops.cast(x, "bool") if name.startswith("logical") else x


def _accumulate(name: str, function: Callable[..., Any], array: Any, axis: int = 0, dtype: Any = None) -> Tensor:
    """Return the results of reducing the first entry, the first two, and so on."""
    x = _operand(name, array)
    running = {"add": reductions.cumsum, "multiply": reductions.cumprod}.get(name)
    if running is not None:
        return running(x, axis=axis, dtype=dtype)
    if dtype is not None:
        x = to_dtype(x, dtype)
    result: Tensor = ops.associative_scan(function, x, axis=axis % x.ndim)
    return result
