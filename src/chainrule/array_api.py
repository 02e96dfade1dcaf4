"""The array API standard, 2024.12, for tensors: what ``tensor.__array_namespace__()`` returns.

Most names are an operation of `ops` under the standard's name and with its arguments, so the graph is kept and
gradients flow. A function documented as leaving the graph is computed with NumPy and returns a constant. Departures
from the standard: ``docs/array-api.md``.

Follows https://data-apis.org/array-api/2024.12/.

>>> import chainrule as cr
>>> x = cr.tensor([3.0, 4.0])
>>> xp = x.__array_namespace__()
>>> xp.sqrt(xp.vecdot(x, x))
tensor(5.0)
"""

from __future__ import annotations

import builtins
import math
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from . import ops
from .core import arguments, memory
from .core.errors import DTypeError, IndexProblem, ShapeError, ValueProblem
from .graph import ancestors, as_dtype, broadcast, floatx
from .graph.spec import promote
from .ops.composite import sort_record
from .ops.reduction import argsort_record, reduced_count
from .tensors.convert import as_tensor, check_no_tensors_inside, tensor
from .tensors.tensor import Tensor, constant
from .tensors.variable import Variable

__array_api_version__ = "2024.12"
_VERSIONS = (None, "2021.12", "2022.12", "2023.12", "2024.12")

Bool = builtins.bool  # the standard's names hide the builtins here
DType = np.dtype[Any]
Axes = int | tuple[int, ...] | None


def namespace(api_version: str | None = None) -> ModuleType:
    """Return this module, for any version of the standard up to 2024.12 (``array.__array_namespace__``).

    Raises:
        ValueProblem: for an unknown version.
    """
    arguments.one_of(_VERSIONS, api_version=api_version)
    return sys.modules[__name__]


class CopyProblem(ValueProblem, BufferError):
    """``copy=False`` where a copy is needed."""


def _check_device(device: Any) -> None:
    arguments.one_of((None, "cpu"), device=device)


def _index(array: Any) -> Tensor:
    """Return NumPy's indices as a constant of the index dtype."""
    return constant(np.asarray(array).astype(int32))


# ---- constants and dtypes

e, inf, nan, pi = math.e, math.inf, math.nan, math.pi
newaxis = None

_NAMES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128"
_DTYPES = tuple(map(np.dtype, _NAMES.split()))
bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, complex64, complex128 = _DTYPES
_WEAK = {Bool: ("bool", True), int: ("int64", True), float: ("float64", True), complex: ("complex128", True)}


class Info:
    """Capabilities, devices and dtypes of the namespace (``__array_namespace_info__``)."""

    def capabilities(self) -> dict[str, Any]:
        """Return what is supported: boolean masks and data-dependent shapes, for tensors that have a value."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Return the device of eager values, the CPU."""
        return "cpu"

    def devices(self) -> list[str]:
        """Return all devices."""
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """Return ``floatx()`` for floats and the corresponding complex dtype; int32 for integers and indices."""
        _check_device(device)
        wide = floatx() == "float64"
        return {
            "real floating": as_dtype(floatx()),
            "complex floating": complex128 if wide else complex64,
            "integral": int32,
            "indexing": int32,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """Return the standard's dtypes by name, all or those of `kind` (as for `isdtype`)."""
        _check_device(device)
        return {dtype.name: dtype for dtype in _DTYPES if kind is None or isdtype(dtype, kind)}


def __array_namespace_info__() -> Info:
    """Return the capabilities, devices and dtypes of the namespace (``__array_namespace_info__``)."""
    return Info()


class FInfo(NamedTuple):
    """The limits of a float dtype; of its two parts for a complex one."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IInfo(NamedTuple):
    """The limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: DType


def _dtype_of(x: Any) -> DType:
    return x.dtype if isinstance(x, Tensor | Variable | np.ndarray) else as_dtype(x)


def finfo(type: Any, /) -> FInfo:
    """Return the limits of a float or complex dtype, or of a tensor's (``finfo``)."""
    dtype = _dtype_of(type)
    if dtype.kind not in "fc":
        raise DTypeError(f"finfo of {dtype.name}", "a float or complex dtype", "use iinfo for integers")
    limits = np.finfo(dtype)
    eps, largest, least, normal = map(float, (limits.eps, limits.max, limits.min, limits.smallest_normal))
    return FInfo(limits.bits, eps, largest, least, normal, np.dtype(limits.dtype))


def iinfo(type: Any, /) -> IInfo:
    """Return the limits of an integer dtype, or of a tensor's (``iinfo``)."""
    dtype = _dtype_of(type)
    if dtype.kind not in "iu":
        raise DTypeError(f"iinfo of {dtype.name}", "an integer dtype", "use finfo for floats")
    limits = np.iinfo(dtype)
    return IInfo(limits.bits, int(limits.max), int(limits.min), dtype)


def isdtype(dtype: Any, kind: Any) -> Bool:
    """Return whether `dtype` is of a `kind`: a dtype, ``"integral"`` and its like, or several (``isdtype``)."""
    return np.isdtype(as_dtype(dtype), kind)


def result_type(*arrays_and_dtypes: Any) -> DType:
    """Return the dtype that operators give these tensors, dtypes and Python numbers (``result_type``).

    Raises:
        ValueProblem: for Python numbers alone, which have no dtype of their own.
    """
    operands = [_WEAK.get(type(a)) or (_dtype_of(a).name, False) for a in arrays_and_dtypes]
    if builtins.all(weak for _, weak in operands):
        raise ValueProblem(f"result_type of {arrays_and_dtypes}", "at least one tensor or dtype", "add one")
    return promote(*operands)


def can_cast(from_: Any, to: Any, /) -> Bool:
    """Return whether promotion takes `from_`, a dtype or tensor, to `to` (``can_cast``)."""
    return result_type(from_, to) == as_dtype(to)


def astype(x: Any, dtype: Any, /, *, copy: Bool = True, device: Any = None) -> Tensor:
    """Convert x to `dtype` (``astype``); `copy` has no effect, as tensors never change."""
    _check_device(device)
    if _dtype_of(x).kind == "c" and as_dtype(dtype).kind != "c":
        raise DTypeError("complex numbers as real ones", "a complex dtype", "take real(x) or imag(x)")
    return ops.cast(x, dtype)


# ---- creation


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Bool | None = None) -> Tensor:
    """Return `obj` as a tensor; Python floats are ``floatx()``, integers int32 where they fit (``asarray``).

    Raises:
        CopyProblem: for ``copy=False`` and anything but a tensor, since a tensor owns its memory.
    """
    _check_device(device)
    if isinstance(obj, Tensor | Variable):
        return tensor(obj) if dtype is None else astype(tensor(obj), dtype)
    if copy is False:
        raise CopyProblem(f"a {type(obj).__name__} with copy=False", "a tensor", "leave copy out")
    if isinstance(obj, np.generic) or not isinstance(obj, Bool | int | float | complex | list | tuple):
        return tensor(np.asarray(obj) if _is_buffer(obj) else obj, dtype)
    if dtype is None:
        result = tensor(obj)
        return result.cast_to(Info().default_dtypes()["complex floating"]) if result.dtype.kind == "c" else result
    check_no_tensors_inside(obj)
    return constant(_to_array(obj, as_dtype(dtype)))


def _to_array(obj: Any, dtype: DType) -> Any:
    """Convert Python data to an array of `dtype` directly: the default dtype would lose digits."""
    try:
        return np.asarray(obj, dtype)
    except (OverflowError, TypeError, ValueError) as error:
        problem, expected = f"data that is not of dtype {dtype.name} ({error})", f"data that {dtype.name} can hold"
        raise ValueProblem(problem, expected, "choose a wider dtype") from None


def _is_buffer(obj: Any) -> Bool:
    try:
        memoryview(obj)
    except TypeError:
        return False
    return True


def from_dlpack(x: Any, /, *, device: Any = None, copy: Bool | None = None) -> Tensor:
    """Return a tensor from an object with ``__dlpack__``, whose memory is copied (``from_dlpack``).

    Raises:
        CopyProblem: for ``copy=False`` and an object that is not a tensor.
    """
    _check_device(device)
    if isinstance(x, Tensor | Variable):
        return constant(x.numpy())
    if copy is False:
        raise CopyProblem(f"a {type(x).__name__} with copy=False", "a tensor", "leave copy out")
    return tensor(np.from_dlpack(x))


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return numbers from `start` (0 if only one is given) up to, excluding, `stop` (``arange``)."""
    _check_device(device)
    return ops.arange(start, stop, step, dtype)


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None, endpoint: Bool = True
) -> Tensor:
    """Return `num` evenly spaced numbers from `start` to `stop` (``linspace``)."""
    _check_device(device)
    kind = "complex floating" if isinstance(start, complex) or isinstance(stop, complex) else "real floating"
    dtype = Info().default_dtypes()[kind] if dtype is None else as_dtype(dtype)
    return constant(memory.linspace(start, stop, num, endpoint, 0)[0].astype(dtype))


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Tensor:
    """Return ones on the k-th diagonal (``eye``)."""
    _check_device(device)
    return ops.eye(n_rows, n_cols, k, dtype)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return a tensor of one value (``full``)."""
    return ops.broadcast_to(asarray(fill_value, dtype=dtype, device=device), shape)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return one value with the shape, and by default the dtype, of `x` (``full_like``)."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return zeros (``zeros``)."""
    _check_device(device)
    return ops.zeros(shape, dtype)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return ones (``ones``)."""
    _check_device(device)
    return ops.ones(shape, dtype)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return zeros with the shape, and by default the dtype, of `x` (``zeros_like``)."""
    return zeros(x.shape, dtype=dtype or x.dtype, device=device)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return ones with the shape, and by default the dtype, of `x` (``ones_like``)."""
    return ones(x.shape, dtype=dtype or x.dtype, device=device)


empty, empty_like = zeros, zeros_like  # tensors are never uninitialized


# ---- the operations themselves, under the standard's names

# fmt: off
acos, acosh, asin, asinh = ops.arccos, ops.arccosh, ops.arcsin, ops.arcsinh
atan, atan2, atanh = ops.arctan, ops.arctan2, ops.arctanh
cos, cosh, sin, sinh, tan, tanh = ops.cos, ops.cosh, ops.sin, ops.sinh, ops.tan, ops.tanh
add, subtract, multiply, divide = ops.add, ops.subtract, ops.multiply, ops.divide
floor_divide, remainder, pow = ops.floor_divide, ops.mod, ops.power
negative, positive, reciprocal = ops.negative, ops.positive, ops.reciprocal
square, sqrt, hypot = ops.square, ops.sqrt, ops.hypot
sign, signbit, copysign, nextafter = ops.sign, ops.signbit, ops.copysign, ops.nextafter
exp, expm1, logaddexp = ops.exp, ops.expm1, ops.logaddexp
log, log1p, log2, log10 = ops.log, ops.log1p, ops.log2, ops.log10
ceil, floor, round, trunc = ops.ceil, ops.floor, ops.round, ops.trunc
maximum, minimum = ops.maximum, ops.minimum
equal, not_equal = ops.equal, ops.not_equal
less, less_equal, greater, greater_equal = ops.less, ops.less_equal, ops.greater, ops.greater_equal
isfinite, isinf, isnan = ops.isfinite, ops.isinf, ops.isnan
logical_and, logical_or, logical_xor = ops.logical_and, ops.logical_or, ops.logical_xor
logical_not, bitwise_invert = ops.logical_not, ops.bitwise_invert
bitwise_and, bitwise_or, bitwise_xor = ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor
bitwise_left_shift, bitwise_right_shift = ops.bitwise_left_shift, ops.bitwise_right_shift
all, any, argmax, argmin = ops.all, ops.any, ops.argmax, ops.argmin
max, mean, min, matmul, tensordot = ops.max, ops.mean, ops.min, ops.matmul, ops.tensordot
broadcast_to, concat, stack, tile = ops.broadcast_to, ops.concatenate, ops.stack, ops.tile
flip, moveaxis, roll = ops.flip, ops.moveaxis, ops.roll
meshgrid, tril, triu = ops.meshgrid, ops.tril, ops.triu
# fmt: on


def complex_values(x: Tensor, name: str) -> Any:
    """Return the array of a complex tensor, whose parts leave the graph.

    Raises:
        DTypeError: for a tensor that depends on a real variable or watched tensor, which would lose its gradient.
    """
    if x.tracked and builtins.any(n.tracked and n.operation.leaf and n.spec.floating for n in ancestors([x])):
        passed = f"{name} of complex numbers that depend on a variable or a watched tensor"
        mend = f"compute with real and imaginary parts, or pass t.numpy() to {name} for a constant"
        raise DTypeError(passed, "constants: complex numbers are not differentiated", mend)
    return x.numpy()


def abs(x: Any, /) -> Tensor:
    """Compute |x| (``abs``). Complex numbers leave the graph."""
    x = as_tensor(x)
    return constant(np.abs(complex_values(x, "abs"))) if x.dtype.kind == "c" else ops.absolute(x)


def conj(x: Any, /) -> Tensor:
    """Return the complex conjugate (``conj``), of real numbers themselves. Complex numbers leave the graph."""
    x = as_tensor(x)
    return constant(np.conj(complex_values(x, "conj"))) if x.dtype.kind == "c" else x


def real(x: Any, /) -> Tensor:
    """Return the real part (``real``). Complex numbers leave the graph."""
    x = as_tensor(x)
    return constant(complex_values(x, "real").real) if x.dtype.kind == "c" else x


def imag(x: Any, /) -> Tensor:
    """Return the imaginary part (``imag``). Complex numbers leave the graph."""
    x = as_tensor(x)
    return constant(complex_values(x, "imag").imag) if x.dtype.kind == "c" else ops.zeros_like(x)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """Clip x to `min` and `max`, either of which may be omitted (``clip``)."""
    bounds = [bound for bound in (min, max) if bound is not None]
    if not bounds:
        return as_tensor(x)
    dtype = result_type(x, *bounds)
    least, most = (-inf, inf) if dtype.kind not in "iu" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return ops.clip(
        x,
        constant(np.asarray(least, dtype)) if min is None else min,
        constant(np.asarray(most, dtype)) if max is None else max,
    )


# ---- statistics


def accumulator_dtype(dtype: DType) -> DType:
    """Return the dtype of sums: booleans and small integers are added in 32 bits."""
    if dtype.kind not in "biu":
        return dtype
    return np.promote_types(dtype, uint32 if dtype.kind == "u" else int32)


def _default_axis(x: Any, axis: int | None) -> int:
    """Return `axis`, which may be omitted for vectors only."""
    if axis is None and x.ndim != 1:
        raise ValueProblem(f"no axis for a tensor with {x.ndim} axes", "one of them", "pass axis")
    return axis or 0


def _cumulative(run: Callable[..., Tensor], start: int, x: Any, axis: int | None, dtype: Any, initial: Bool) -> Tensor:
    x = as_tensor(x)
    run_axis = _default_axis(x, axis)
    out = run(x, axis=run_axis, dtype=accumulator_dtype(x.dtype) if dtype is None else dtype)
    if not initial:
        return out
    first = full([1 if i == run_axis % x.ndim else n for i, n in enumerate(x.shape)], start, dtype=out.dtype)
    return concat([first, out], axis=run_axis)


def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: Bool = False) -> Tensor:
    """Compute the running sum along `axis`, small integers in 32 bits (``cumulative_sum``)."""
    return _cumulative(ops.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: Bool = False) -> Tensor:
    """Compute the running product along `axis`, small integers in 32 bits (``cumulative_prod``)."""
    return _cumulative(ops.cumprod, 1, x, axis, dtype, include_initial)


def _reduce(reduce: Callable[..., Tensor], x: Any, axis: Axes, dtype: Any, keepdims: Bool) -> Tensor:
    if dtype is None:
        return reduce(x, axis=axis, keepdims=keepdims)
    return ops.cast(reduce(ops.cast(x, dtype), axis=axis, keepdims=keepdims), dtype)


def prod(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: Bool = False) -> Tensor:
    """Compute the product over `axis`, small integers in 32 bits (``prod``)."""
    return _reduce(ops.prod, x, axis, dtype, keepdims)


def sum(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: Bool = False) -> Tensor:
    """Compute the sum over `axis`, small integers in 32 bits (``sum``)."""
    return _reduce(ops.sum, x, axis, dtype, keepdims)


def _variance_or_std(record: Callable[..., Tensor], x: Any, axis: Axes, correction: float, keepdims: Bool) -> Tensor:
    x = as_tensor(x)
    if reduced_count(x.shape, axis) > correction:
        return record(x, axis=axis, keepdims=keepdims, ddof=correction)
    return full_like(ops.sum(x, axis=axis, keepdims=keepdims), nan)  # the standard requires nan for too few entries


def std(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: Bool = False) -> Tensor:
    """Compute the standard deviation over `axis`, with divisor count minus `correction` (``std``)."""
    return _variance_or_std(ops.std, x, axis, correction, keepdims)


def var(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: Bool = False) -> Tensor:
    """Compute the variance over `axis`, with divisor count minus `correction` (``var``)."""
    return _variance_or_std(ops.var, x, axis, correction, keepdims)


# ---- searching, sorting, sets


def count_nonzero(x: Any, /, *, axis: Axes = None, keepdims: Bool = False) -> Tensor:
    """Count the nonzero entries along `axis` (``count_nonzero``)."""
    return ops.sum(ops.cast(ops.not_equal(x, 0), int32), axis=axis, keepdims=keepdims)


def nonzero(x: Any, /) -> tuple[Tensor, ...]:
    """Return for each axis the indices of the nonzero entries (``nonzero``). Leaves the graph."""
    if not x.ndim:
        raise ShapeError("a tensor without axes", "at least one axis", "add one with x[None]")
    return ops.nonzero(x)


def searchsorted(x1: Any, x2: Any, /, *, side: Any = "left", sorter: Any = None) -> Tensor:
    """Return the position of each entry of `x2` in the sorted vector `x1` (``searchsorted``). Leaves the graph."""
    order = None if sorter is None else as_tensor(sorter).numpy()
    return _index(np.searchsorted(as_tensor(x1).numpy(), as_tensor(x2).numpy(), side=side, sorter=order))


def where(condition: Any, x1: Any, x2: Any, /) -> Tensor:
    """Select x1 where the condition holds, x2 elsewhere (``where``)."""
    return ops.where(condition, x1, x2)


def sort(x: Any, /, *, axis: int = -1, descending: Bool = False, stable: Bool = True) -> Tensor:
    """Sort the entries along `axis`, always stably (``sort``)."""
    return sort_record(x, axis=axis, descending=descending)


def argsort(x: Any, /, *, axis: int = -1, descending: Bool = False, stable: Bool = True) -> Tensor:
    """Return the indices that sort x along `axis`, always stably (``argsort``)."""
    return argsort_record(x, axis=axis, descending=descending)


class UniqueAll(NamedTuple):
    """The result of `unique_all`."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """The result of `unique_counts`."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """The result of `unique_inverse`."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Any, /) -> UniqueAll:
    """Return the sorted distinct entries, their first indices, the inverse and their counts (``unique_all``).

    Gradients reach the first of equal entries.
    """
    array = as_tensor(x).numpy()
    _, first, inverse, counts = np.unique(array, True, True, True, equal_nan=False)
    values = ops.take(x, _index(first))
    return UniqueAll(values, *map(_index, (first, inverse.reshape(array.shape), counts)))


def unique_counts(x: Any, /) -> UniqueCounts:
    """Return the sorted distinct entries, and the count of each (``unique_counts``)."""
    values, _, _, counts = unique_all(x)
    return UniqueCounts(values, counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    """Return the sorted distinct entries, and the index among them of each entry (``unique_inverse``)."""
    result = unique_all(x)
    return UniqueInverse(result.values, result.inverse_indices)


def unique_values(x: Any, /) -> Tensor:
    """Return the sorted distinct entries (``unique_values``)."""
    return unique_all(x).values


# ---- manipulation and indexing


def broadcast_arrays(*arrays: Any) -> list[Tensor]:
    """Broadcast the tensors to their common shape (``broadcast_arrays``)."""
    shape = broadcast([x.shape for x in arrays])
    return [ops.broadcast_to(x, shape) for x in arrays]


def expand_dims(x: Any, /, *, axis: int = 0) -> Tensor:
    """Insert a new axis of size 1 (``expand_dims``).

    Raises:
        IndexProblem: for an axis out of range.
    """
    if not -x.ndim - 1 <= axis <= x.ndim:
        axes = f"{-x.ndim - 1} to {x.ndim}"
        raise IndexProblem(f"a new axis at {axis} of shape {x.shape}", axes, "name one of these")
    return ops.expand_dims(x, axis)


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Tensor:
    """Permute the axes (``permute_dims``)."""
    return ops.transpose(x, axes)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Tensor:
    """Repeat each entry `repeats` times in a row (``repeat``)."""
    counts = repeats if isinstance(repeats, int) else as_tensor(repeats).numpy().astype(np.int64)
    return ops.repeat(x, counts, axis=axis)


def reshape(x: Any, /, shape: Any, *, copy: Bool | None = None) -> Tensor:
    """Return the same entries in another shape (``reshape``); `copy` has no effect, as tensors never change."""
    return ops.reshape(x, shape)


def squeeze(x: Any, /, axis: Any) -> Tensor:
    """Remove axes of size 1 (``squeeze``)."""
    return ops.squeeze(x, axis=axis)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """Return the slices along `axis`, without it (``unstack``)."""
    return tuple(ops.unstack(x, axis=axis))


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Tensor:
    """Return the slices at `indices` along `axis`, which may be omitted for vectors only (``take``)."""
    return ops.take(x, indices, axis=_default_axis(x, axis))


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Tensor:
    """Return for each position the entry at its index along `axis`, the other axes broadcast (``take_along_axis``)."""
    if x.ndim == indices.ndim:
        gather_axis = axis % x.ndim
        shape = broadcast([(*a.shape[:gather_axis], 1, *a.shape[gather_axis + 1 :]) for a in (x, indices)])
        x = ops.broadcast_to(x, (*shape[:gather_axis], x.shape[gather_axis], *shape[gather_axis + 1 :]))
    return ops.take_along_axis(x, indices, axis=axis)


# ---- linear algebra and utilities


def matrix_transpose(x: Any, /) -> Tensor:
    """Exchange the last two axes (``matrix_transpose``)."""
    return ops.swapaxes(x, -1, -2)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """Sum conj(x1) x2 over `axis`, the other axes broadcast (``vecdot``)."""
    a, b = ops.moveaxis(conj(x1), axis, -1), ops.moveaxis(x2, axis, -1)
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(f"sizes {a.shape[-1]} and {b.shape[-1]} of axis {axis}", "equal sizes", "name another axis")
    return ops.squeeze(ops.matmul(ops.expand_dims(a, -2), ops.expand_dims(b, -1)), axis=(-2, -1))


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Tensor:
    """Compute differences of adjacent entries of `prepend`, x and `append` along `axis`, `n` times (``diff``)."""
    parts = [part for part in (prepend, x, append) if part is not None]
    return ops.diff(concat(parts, axis=axis) if len(parts) > 1 else x, n=n, axis=axis)


# fmt: off
__all__ = [
    "__array_api_version__", "__array_namespace_info__", "abs", "acos", "acosh", "add", "all", "any",
    "arange", "argmax", "argmin", "argsort", "asarray", "asin", "asinh", "astype", "atan", "atan2", "atanh",
    "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "bool", "broadcast_arrays", "broadcast_to", "can_cast", "ceil", "clip", "complex64",
    "complex128", "concat", "conj", "copysign", "cos", "cosh", "count_nonzero", "cumulative_prod",
    "cumulative_sum", "diff", "divide", "e", "empty", "empty_like", "equal", "exp", "expand_dims", "expm1",
    "eye", "finfo", "flip", "float32", "float64", "floor", "floor_divide", "from_dlpack", "full",
    "full_like", "greater", "greater_equal", "hypot", "iinfo", "imag", "inf", "int8", "int16", "int32",
    "int64", "isdtype", "isfinite", "isinf", "isnan", "less", "less_equal", "linspace", "log", "log1p",
    "log2", "log10", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "matmul",
    "matrix_transpose", "max", "maximum", "mean", "meshgrid", "min", "minimum", "moveaxis", "multiply",
    "nan", "negative", "newaxis", "nextafter", "nonzero", "not_equal", "ones", "ones_like", "permute_dims",
    "pi", "positive", "pow", "prod", "real", "reciprocal", "remainder", "repeat", "reshape", "result_type",
    "roll", "round", "searchsorted", "sign", "signbit", "sin", "sinh", "sort", "sqrt", "square", "squeeze",
    "stack", "std", "subtract", "sum", "take", "take_along_axis", "tan", "tanh", "tensordot", "tile",
    "tril", "triu", "trunc", "uint8", "uint16", "uint32", "uint64", "unique_all", "unique_counts",
    "unique_inverse", "unique_values", "unstack", "var", "vecdot", "where", "zeros", "zeros_like",
]
# fmt: on
