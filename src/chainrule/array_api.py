"""The array API standard, 2024.12, for tensors: what ``tensor.__array_namespace__()`` returns.

May import: `ops`, `tensor`, `graph`, `errors`. Most names are an operation of `ops` under the standard's
name and with its arguments, so the graph is kept and gradients flow. A function that says "leaves the
graph" is computed with NumPy and returns a constant. Departures from the standard: ``docs/array-api.md``.

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
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from . import ops
from .core.errors import DTypeError, IndexProblem, ShapeError, ValueProblem
from .graph import as_dtype, broadcast, floatx
from .graph.spec import promote
from .ops.composite import sort_record
from .ops.reduction import argsort_record, count_of
from .tensors.tensor import (
    Tensor,
    Variable,
    as_tensor,
    check_no_tensors_inside,
    constant,
    tensor,
)

__array_api_version__ = "2024.12"
_VERSIONS = (None, "2021.12", "2022.12", "2023.12", "2024.12")

Bool = builtins.bool  # the standard's names hide the builtins here
DType = np.dtype[Any]
Axes = int | tuple[int, ...] | None


def namespace(api_version: str | None = None) -> ModuleType:
    """This module, for any version of the standard up to 2024.12 (``array.__array_namespace__``).

    Raises:
        ValueProblem: for a version it does not know.
    """
    if api_version not in _VERSIONS:
        known = ", ".join(map(repr, _VERSIONS[1:]))
        raise ValueProblem(f"api_version {api_version!r}", f"{known} or None", "leave the version out")
    return sys.modules[__name__]


class CopyProblem(ValueProblem, BufferError):
    """``copy=False`` where a copy is needed."""


def _check_device(device: Any) -> None:
    if device not in (None, "cpu"):
        raise ValueProblem(f"device {device!r}", "'cpu'", "leave the device out")


def _index(array: Any) -> Tensor:
    """NumPy's indices as a constant of our index dtype."""
    return constant(np.asarray(array).astype(int32))


# ---- constants and dtypes

e, inf, nan, pi = math.e, math.inf, math.nan, math.pi
newaxis = None

bool = np.dtype("bool")
int8, int16, int32, int64 = map(np.dtype, ("int8", "int16", "int32", "int64"))
uint8, uint16, uint32, uint64 = map(np.dtype, ("uint8", "uint16", "uint32", "uint64"))
float32, float64 = map(np.dtype, ("float32", "float64"))
complex64, complex128 = map(np.dtype, ("complex64", "complex128"))
_DTYPES: tuple[DType, ...] = (
    bool,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float32,
    float64,
    complex64,
    complex128,
)


_WEAK = {Bool: ("bool", True), int: ("int64", True), float: ("float64", True), complex: ("complex128", True)}


class Info:
    """What the namespace can do (``__array_namespace_info__``)."""

    def capabilities(self) -> dict[str, Any]:
        """Boolean masks and shapes that depend on data work, for tensors that have a value."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Eager values live on the CPU."""
        return "cpu"

    def devices(self) -> list[str]:
        """Every device there is."""
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """``floatx()`` for floats and the complex dtype to go with it; int32 for integers and indices."""
        _check_device(device)
        wide = floatx() == "float64"
        return {
            "real floating": as_dtype(floatx()),
            "complex floating": complex128 if wide else complex64,
            "integral": int32,
            "indexing": int32,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """The standard's dtypes by name, all or those of `kind` (as for `isdtype`)."""
        _check_device(device)
        return {dtype.name: dtype for dtype in _DTYPES if kind is None or isdtype(dtype, kind)}


def __array_namespace_info__() -> Info:
    """What the namespace can do: capabilities, devices, dtypes (``__array_namespace_info__``)."""
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
    found: DType = x.dtype if isinstance(x, Tensor | Variable | np.ndarray) else as_dtype(x)
    return found


def finfo(type: Any, /) -> FInfo:
    """The limits of a float or complex dtype, or of a tensor's (``finfo``)."""
    dtype = _dtype_of(type)
    if dtype.kind not in "fc":
        raise DTypeError(f"finfo of {dtype.name}", "a float or complex dtype", "use iinfo for integers")
    found = np.finfo(dtype)
    eps, largest, least, normal = map(float, (found.eps, found.max, found.min, found.smallest_normal))
    return FInfo(found.bits, eps, largest, least, normal, np.dtype(found.dtype))


def iinfo(type: Any, /) -> IInfo:
    """The limits of an integer dtype, or of a tensor's (``iinfo``)."""
    dtype = _dtype_of(type)
    if dtype.kind not in "iu":
        raise DTypeError(f"iinfo of {dtype.name}", "an integer dtype", "use finfo for floats")
    found = np.iinfo(dtype)
    return IInfo(found.bits, int(found.max), int(found.min), dtype)


def isdtype(dtype: Any, kind: Any) -> Bool:
    """Whether `dtype` is of a `kind`: a dtype, ``"integral"`` and its like, or several (``isdtype``)."""
    return np.isdtype(as_dtype(dtype), kind)


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype that operators give these tensors, dtypes and Python numbers (``result_type``).

    Raises:
        ValueProblem: for Python numbers alone, which have no dtype of their own.
    """
    operands = [_WEAK.get(type(a)) or (_dtype_of(a).name, False) for a in arrays_and_dtypes]
    if builtins.all(weak for _, weak in operands):
        raise ValueProblem(f"result_type of {arrays_and_dtypes}", "at least one tensor or dtype", "add one")
    return promote(*operands)


def can_cast(from_: Any, to: Any, /) -> Bool:
    """Whether promotion takes `from_`, a dtype or tensor, to `to` (``can_cast``)."""
    return result_type(from_, to) == as_dtype(to)


def astype(x: Any, dtype: Any, /, *, copy: Bool = True, device: Any = None) -> Tensor:
    """x as `dtype` (``astype``); a copy cannot be told from the tensor itself, which never changes."""
    _check_device(device)
    if _dtype_of(x).kind == "c" and as_dtype(dtype).kind != "c":
        raise DTypeError("complex numbers as real ones", "a complex dtype", "take real(x) or imag(x)")
    return ops.cast(x, dtype)


# ---- creation


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Bool | None = None) -> Tensor:
    """`obj` as a tensor; Python floats are ``floatx()``, integers int32 where they fit (``asarray``).

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
        made = tensor(obj)
        return made.cast_to(Info().default_dtypes()["complex floating"]) if made.dtype.kind == "c" else made
    check_no_tensors_inside(obj)
    return constant(_data(obj, as_dtype(dtype)))


def _data(obj: Any, dtype: DType) -> Any:
    """Python data as an array of `dtype` at once: by way of the default dtype it would lose digits."""
    try:
        return np.asarray(obj, dtype)
    except (OverflowError, TypeError, ValueError) as error:
        problem, wanted = f"data that is no {dtype.name} ({error})", f"data that {dtype.name} can hold"
        raise ValueProblem(problem, wanted, "choose a wider dtype") from None


def _is_buffer(obj: Any) -> Bool:
    try:
        memoryview(obj)
    except TypeError:
        return False
    return True


def from_dlpack(x: Any, /, *, device: Any = None, copy: Bool | None = None) -> Tensor:
    """A tensor from an object with ``__dlpack__``, whose memory is copied (``from_dlpack``).

    Raises:
        CopyProblem: for ``copy=False`` and an object that is no tensor.
    """
    _check_device(device)
    if isinstance(x, Tensor | Variable):
        return constant(x.numpy())
    if copy is False:
        raise CopyProblem(f"a {type(x).__name__} with copy=False", "a tensor", "leave copy out")
    return tensor(np.from_dlpack(x))


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Numbers from `start` (0 if only one is given) up to, never reaching, `stop` (``arange``)."""
    _check_device(device)
    return ops.arange(start, stop, step, dtype)


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None, endpoint: Bool = True
) -> Tensor:
    """`num` evenly spaced numbers from `start` to `stop` (``linspace``)."""
    _check_device(device)
    kind = "complex floating" if isinstance(start, complex) or isinstance(stop, complex) else "real floating"
    wanted = Info().default_dtypes()[kind] if dtype is None else as_dtype(dtype)
    return constant(np.linspace(start, stop, num, endpoint=endpoint).astype(wanted))


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones on the k-th diagonal (``eye``)."""
    _check_device(device)
    return ops.eye(n_rows, n_cols, k, dtype)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor of one value (``full``)."""
    return ops.broadcast_to(asarray(fill_value, dtype=dtype, device=device), shape)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One value with the shape, and by default the dtype, of `x` (``full_like``)."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros (``zeros``)."""
    _check_device(device)
    return ops.zeros(shape, dtype)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones (``ones``)."""
    _check_device(device)
    return ops.ones(shape, dtype)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros with the shape, and by default the dtype, of `x` (``zeros_like``)."""
    return zeros(x.shape, dtype=dtype or x.dtype, device=device)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones with the shape, and by default the dtype, of `x` (``ones_like``)."""
    return ones(x.shape, dtype=dtype or x.dtype, device=device)


empty, empty_like = zeros, zeros_like  # a tensor never holds what was left in memory


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Tensor]:
    """Coordinate grids of vectors (``meshgrid``)."""
    return ops.meshgrid(*arrays, indexing=indexing)


def tril(x: Any, /, *, k: int = 0) -> Tensor:
    """The entries on and below the k-th diagonal, zeros above (``tril``)."""
    return ops.tril(x, k)


def triu(x: Any, /, *, k: int = 0) -> Tensor:
    """The entries on and above the k-th diagonal, zeros below (``triu``)."""
    return ops.triu(x, k)


# ---- elementwise functions: the operations themselves, under the standard's names

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
# fmt: on


def abs(x: Any, /) -> Tensor:
    """|x| (``abs``). Complex numbers leave the graph."""
    x = as_tensor(x)
    return constant(np.abs(x.numpy())) if x.dtype.kind == "c" else ops.absolute(x)


def conj(x: Any, /) -> Tensor:
    """The complex conjugate (``conj``); real numbers stay as they are. Complex numbers leave the graph."""
    x = as_tensor(x)
    return constant(np.conj(x.numpy())) if x.dtype.kind == "c" else x


def real(x: Any, /) -> Tensor:
    """The real part (``real``). Complex numbers leave the graph."""
    x = as_tensor(x)
    return constant(x.numpy().real) if x.dtype.kind == "c" else x


def imag(x: Any, /) -> Tensor:
    """The imaginary part (``imag``). Complex numbers leave the graph."""
    x = as_tensor(x)
    return constant(x.numpy().imag) if x.dtype.kind == "c" else ops.zeros_like(x)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """x between `min` and `max`, either of which may be left out (``clip``)."""
    given = [bound for bound in (min, max) if bound is not None]
    if not given:
        return as_tensor(x)
    dtype = result_type(x, *given)
    least, most = (-inf, inf) if dtype.kind not in "iu" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return ops.clip(
        x,
        constant(np.asarray(least, dtype)) if min is None else min,
        constant(np.asarray(most, dtype)) if max is None else max,
    )


# ---- statistics


def _wide(dtype: DType) -> DType:
    """Booleans and small integers are added in 32 bits."""
    if dtype.kind not in "biu":
        return dtype
    return np.promote_types(dtype, uint32 if dtype.kind == "u" else int32)


def _one_axis(x: Any, axis: int | None) -> int:
    """`axis`, which only a vector may leave out."""
    if axis is None and x.ndim != 1:
        raise ValueProblem(f"no axis for a tensor with {x.ndim} axes", "one of them", "name the axis")
    return axis or 0


def _running(run: Callable[..., Tensor], start: int, x: Any, axis: int | None, dtype: Any, initial: Bool) -> Tensor:
    x = as_tensor(x)
    at = _one_axis(x, axis)
    out = run(x, axis=at, dtype=_wide(x.dtype) if dtype is None else dtype)
    if not initial:
        return out
    first = full([1 if i == at % x.ndim else n for i, n in enumerate(x.shape)], start, dtype=out.dtype)
    return concat([first, out], axis=at)


def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: Bool = False) -> Tensor:
    """The running sum along `axis`, small integers in 32 bits (``cumulative_sum``)."""
    return _running(ops.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: Bool = False) -> Tensor:
    """The running product along `axis`, small integers in 32 bits (``cumulative_prod``)."""
    return _running(ops.cumprod, 1, x, axis, dtype, include_initial)


def max(x: Any, /, *, axis: Axes = None, keepdims: Bool = False) -> Tensor:
    """The largest entry along `axis` (``max``)."""
    return ops.max(x, axis=axis, keepdims=keepdims)


def min(x: Any, /, *, axis: Axes = None, keepdims: Bool = False) -> Tensor:
    """The smallest entry along `axis` (``min``)."""
    return ops.min(x, axis=axis, keepdims=keepdims)


def mean(x: Any, /, *, axis: Axes = None, keepdims: Bool = False) -> Tensor:
    """The mean over `axis` (``mean``)."""
    return ops.mean(x, axis=axis, keepdims=keepdims)


def _total(reduce: Callable[..., Tensor], x: Any, axis: Axes, dtype: Any, keepdims: Bool) -> Tensor:
    if dtype is None:
        return reduce(x, axis=axis, keepdims=keepdims)
    return ops.cast(reduce(ops.cast(x, dtype), axis=axis, keepdims=keepdims), dtype)


def prod(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: Bool = False) -> Tensor:
    """The product over `axis`, small integers in 32 bits (``prod``)."""
    return _total(ops.prod, x, axis, dtype, keepdims)


def sum(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: Bool = False) -> Tensor:
    """The sum over `axis`, small integers in 32 bits (``sum``)."""
    return _total(ops.sum, x, axis, dtype, keepdims)


def _spread(record: Callable[..., Tensor], x: Any, axis: Axes, correction: float, keepdims: Bool) -> Tensor:
    x = as_tensor(x)
    if count_of(x.shape, axis) > correction:
        return record(x, axis=axis, keepdims=keepdims, ddof=correction)
    return full_like(ops.sum(x, axis=axis, keepdims=keepdims), nan)  # the standard's word on too few entries


def std(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: Bool = False) -> Tensor:
    """The standard deviation over `axis`, divided by the count less `correction` (``std``)."""
    return _spread(ops.std, x, axis, correction, keepdims)


def var(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: Bool = False) -> Tensor:
    """The variance over `axis`, divided by the count less `correction` (``var``)."""
    return _spread(ops.var, x, axis, correction, keepdims)


# ---- searching, sorting, sets


def argmax(x: Any, /, *, axis: int | None = None, keepdims: Bool = False) -> Tensor:
    """The index of the largest entry along `axis`, the first at a tie (``argmax``)."""
    return ops.argmax(x, axis=axis, keepdims=keepdims)


def argmin(x: Any, /, *, axis: int | None = None, keepdims: Bool = False) -> Tensor:
    """The index of the smallest entry along `axis`, the first at a tie (``argmin``)."""
    return ops.argmin(x, axis=axis, keepdims=keepdims)


def count_nonzero(x: Any, /, *, axis: Axes = None, keepdims: Bool = False) -> Tensor:
    """How many entries along `axis` are not zero (``count_nonzero``)."""
    return ops.sum(ops.cast(ops.not_equal(x, 0), int32), axis=axis, keepdims=keepdims)


def nonzero(x: Any, /) -> tuple[Tensor, ...]:
    """For each axis the indices of the entries that are not zero (``nonzero``). Leaves the graph."""
    if not x.ndim:
        raise ShapeError("a tensor without axes", "at least one axis to count along", "give it one with x[None]")
    return ops.nonzero(x)


def searchsorted(x1: Any, x2: Any, /, *, side: Any = "left", sorter: Any = None) -> Tensor:
    """Where in the sorted vector `x1` each entry of `x2` belongs (``searchsorted``). Leaves the graph."""
    order = None if sorter is None else as_tensor(sorter).numpy()
    return _index(np.searchsorted(as_tensor(x1).numpy(), as_tensor(x2).numpy(), side=side, sorter=order))


def where(condition: Any, x1: Any, x2: Any, /) -> Tensor:
    """x1 where the condition holds, x2 elsewhere (``where``)."""
    chosen: Tensor = ops.where(condition, x1, x2)
    return chosen


def sort(x: Any, /, *, axis: int = -1, descending: Bool = False, stable: Bool = True) -> Tensor:
    """The entries along `axis` in order, always stable (``sort``)."""
    return sort_record(x, axis=axis, descending=descending)


def argsort(x: Any, /, *, axis: int = -1, descending: Bool = False, stable: Bool = True) -> Tensor:
    """The indices that sort x along `axis`, always stable (``argsort``)."""
    return argsort_record(x, axis=axis, descending=descending)


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Any, /) -> UniqueAll:
    """The distinct entries in order, their first places, the way back and their counts (``unique_all``).

    Leaves the graph.
    """
    array = as_tensor(x).numpy()
    values, first, back, counts = np.unique(array, True, True, True, equal_nan=False)
    return UniqueAll(constant(values), *map(_index, (first, back.reshape(array.shape), counts)))


def unique_counts(x: Any, /) -> UniqueCounts:
    """The distinct entries in order, and how often each comes (``unique_counts``). Leaves the graph."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    """The distinct entries in order, and which one each entry is (``unique_inverse``). Leaves the graph."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Any, /) -> Tensor:
    """The distinct entries in order (``unique_values``). Leaves the graph."""
    return unique_all(x).values


# ---- manipulation and indexing

moveaxis = ops.moveaxis


def broadcast_arrays(*arrays: Any) -> list[Tensor]:
    """The tensors, each broadcast to the shape they share (``broadcast_arrays``)."""
    shape = broadcast([x.shape for x in arrays])
    return [ops.broadcast_to(x, shape) for x in arrays]


def broadcast_to(x: Any, /, shape: Any) -> Tensor:
    """x repeated along axes of size 1 and new axes in front (``broadcast_to``)."""
    return ops.broadcast_to(x, shape)


def concat(arrays: Sequence[Any], /, *, axis: int | None = 0) -> Tensor:
    """Tensors joined along an axis they have; ``None`` flattens them first (``concat``)."""
    return ops.concatenate(arrays, axis=axis)


def expand_dims(x: Any, /, *, axis: int = 0) -> Tensor:
    """A new axis of size 1 (``expand_dims``).

    Raises:
        IndexProblem: for a place that is not there.
    """
    if not -x.ndim - 1 <= axis <= x.ndim:
        places = f"{-x.ndim - 1} to {x.ndim}"
        raise IndexProblem(f"a new axis at {axis} of shape {x.shape}", places, "name one of these")
    return ops.expand_dims(x, axis)


def flip(x: Any, /, *, axis: Axes = None) -> Tensor:
    """The entries in the opposite order along `axis` (``flip``)."""
    return ops.flip(x, axis=axis)


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Tensor:
    """The axes in another order (``permute_dims``)."""
    return ops.transpose(x, axes)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Tensor:
    """Each entry so many times in a row (``repeat``)."""
    times = repeats if isinstance(repeats, int) else as_tensor(repeats).numpy().astype(np.int64)
    return ops.repeat(x, times, axis=axis)


def reshape(x: Any, /, shape: Any, *, copy: Bool | None = None) -> Tensor:
    """The same entries in another shape (``reshape``); whether copied cannot be told, as nothing changes."""
    return ops.reshape(x, shape)


def roll(x: Any, /, shift: Any, *, axis: Axes = None) -> Tensor:
    """Entries moved on along `axis`, the last coming round to the front (``roll``)."""
    return ops.roll(x, shift, axis=axis)


def squeeze(x: Any, /, axis: Any) -> Tensor:
    """The named axes of size 1 removed (``squeeze``)."""
    return ops.squeeze(x, axis=axis)


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis (``stack``)."""
    return ops.stack(arrays, axis=axis)


def tile(x: Any, repetitions: tuple[int, ...], /) -> Tensor:
    """The whole tensor so many times along each axis (``tile``)."""
    return ops.tile(x, repetitions)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along `axis`, without it (``unstack``)."""
    return tuple(ops.unstack(x, axis=axis))


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Tensor:
    """The slices at `indices` along `axis`, which only a vector may leave out (``take``)."""
    return ops.take(x, indices, axis=_one_axis(x, axis))


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Tensor:
    """For each place the entry at its index along `axis`, the other axes broadcast (``take_along_axis``)."""
    if x.ndim == indices.ndim:
        at = axis % x.ndim
        others = [(*a.shape[:at], 1, *a.shape[at + 1 :]) for a in (x, indices)]
        wide = broadcast(others)
        x = ops.broadcast_to(x, (*wide[:at], x.shape[at], *wide[at + 1 :]))
    return ops.take_along_axis(x, indices, axis=axis)


# ---- linear algebra and utilities

matmul = ops.matmul


def matrix_transpose(x: Any, /) -> Tensor:
    """The last two axes in each other's place (``matrix_transpose``)."""
    return ops.swapaxes(x, -1, -2)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Tensor:
    """The sum of products over the axes named (``tensordot``)."""
    return ops.tensordot(x1, x2, axes=axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """The sum of conj(x1) x2 over `axis`, the other axes broadcast (``vecdot``)."""
    a, b = ops.moveaxis(conj(x1), axis, -1), ops.moveaxis(x2, axis, -1)
    if a.shape[-1] != b.shape[-1]:
        sizes = f"sizes {a.shape[-1]} and {b.shape[-1]} of axis {axis}"
        raise ShapeError(sizes, "equal sizes", "name another axis")
    return ops.squeeze(ops.matmul(ops.expand_dims(a, -2), ops.expand_dims(b, -1)), axis=(-2, -1))


def all(x: Any, /, *, axis: Axes = None, keepdims: Bool = False) -> Tensor:
    """Whether all entries along `axis` hold (``all``)."""
    return ops.all(x, axis=axis, keepdims=keepdims)


def any(x: Any, /, *, axis: Axes = None, keepdims: Bool = False) -> Tensor:
    """Whether any entry along `axis` holds (``any``)."""
    return ops.any(x, axis=axis, keepdims=keepdims)


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Tensor:
    """Differences of neighbours along `axis`, `n` times, of x with others before and behind it (``diff``)."""
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
