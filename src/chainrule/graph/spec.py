"""Specs: the shape and dtype of a value, known before it is computed; and the promotion of dtypes.

The promotion table is the lattice of Keras 3 and JAX (https://keras.io/api/mixed_precision/,
https://docs.jax.dev/en/latest/type_promotion.html): the result is the least type above both. Python
numbers are weak: they sit at ``i*`` and ``f*`` and give way to any array of their kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from weakref import WeakSet, WeakValueDictionary

import numpy as np

from ..core.errors import DTypeError, ShapeError
from .dimension import Dim, larger, may_be_equal

Shape = tuple[Any, ...]  # sizes: whole numbers, `Dim`, or None

# the lattice, each type with those directly above it
_ABOVE: dict[str, tuple[str, ...]] = {
    "bool": ("i*",),
    "i*": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("f*",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("f*",),
    "f*": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}
_WEAK_NAME = {"b": "bool", "i": "i*", "f": "f*", "c": "complex64"}

# by name, and by the dtype itself, since NumPy computes a dtype's name anew at every access
_NATIVE: dict[Any, np.dtype[Any]] = {name: np.dtype(name) for name in _ABOVE if "*" not in name and name != "bfloat16"}
_NATIVE |= {dtype: dtype for dtype in _NATIVE.values()}

_floatx = "float32"


class Cache(dict[Any, Any]):
    """Results that depend on specs; it is emptied when the default float changes."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__  # type: ignore[assignment]  # one object is one cache


_caches: WeakSet[Cache] = WeakSet()


def new_cache() -> Cache:
    """Return a new, empty cache."""
    cache = Cache()
    _caches.add(cache)
    return cache


def floatx() -> str:
    """Return the default float dtype, ``"float32"`` unless changed with `set_floatx` (Keras's ``config.floatx``)."""
    return _floatx


def set_floatx(value: str) -> None:
    """Set the default float dtype: ``"float16"``, ``"bfloat16"``, ``"float32"`` or ``"float64"``.

    >>> import chainrule as cr
    >>> cr.set_floatx("float64"); cr.tensor([1.0]).dtype
    dtype('float64')
    >>> cr.set_floatx("float32")
    """
    global _floatx
    if value not in ("float16", "bfloat16", "float32", "float64"):
        raise DTypeError(f"floatx {value!r}", "float16, bfloat16, float32 or float64", "name one of these")
    as_dtype(value)
    _floatx = value
    promote.cache_clear()
    for cached in list(_caches):
        cached.clear()


@cache
def _upper_bounds(name: str) -> frozenset[str]:
    """Return the type and all above it in the lattice."""
    bounds, stack = {name}, [name]
    while stack:
        for above in _ABOVE[stack.pop()]:
            if above not in bounds:
                bounds.add(above)
                stack.append(above)
    return frozenset(bounds)


@cache
def _join(a: str, b: str) -> str:
    """Return the least type above both."""
    common = _upper_bounds(a) & _upper_bounds(b)
    return next(name for name in common if common <= _upper_bounds(name))


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """Return `dtype` (a string, a NumPy dtype or type, a Python type) as a NumPy dtype that tensors can hold.

    Raises:
        DTypeError: for strings, objects, dates and the like, or ``bfloat16`` without ``ml_dtypes``.
    """
    native = _NATIVE.get(dtype) if isinstance(dtype, str | np.dtype) else None
    if native is not None:
        return native
    if isinstance(dtype, np.dtype):
        result: np.dtype[Any] = dtype
    elif dtype is float:
        result = as_dtype(_floatx)
    elif dtype is int:
        result = np.dtype("int32")
    elif dtype == "bfloat16":
        result = _bfloat16()
    else:
        try:
            result = np.dtype(dtype)
        except TypeError:
            raise DTypeError(f"dtype {dtype!r}", "a numeric dtype such as 'float32'", "name one of these") from None
    if result.name not in _ABOVE:
        raise DTypeError(
            f"data of dtype {result.name}",
            "numbers or booleans: " + ", ".join(n for n in _ABOVE if "*" not in n),
            "convert the data first (numbers as float32, categories as integers)",
        )
    return result.newbyteorder("=") if not result.isnative else result


def _bfloat16() -> np.dtype[Any]:
    try:
        import ml_dtypes
    except ImportError:
        raise DTypeError(
            "dtype bfloat16", "the package ml_dtypes, which gives NumPy that type", "pip install 'chainrule[bfloat16]'"
        ) from None
    return np.dtype(ml_dtypes.bfloat16)


def is_float(dtype: np.dtype[Any]) -> bool:
    """Return whether gradients exist in this dtype: real floats, ``bfloat16`` included."""
    return dtype.kind == "f" or dtype.name == "bfloat16"


def largest_number(dtype: np.dtype[Any]) -> float:
    """Return the largest finite number of a float dtype, ``bfloat16`` included, which NumPy's ``finfo`` does not know.

    >>> largest_number(np.dtype("float16"))
    65504.0
    """
    return (2.0 - 2.0**-7) * 2.0**127 if dtype.name == "bfloat16" else float(np.finfo(dtype).max)


def is_narrow(dtype: np.dtype[Any]) -> bool:
    """Return whether it is a float with too few digits to add many numbers in: ``float16`` or ``bfloat16``."""
    return dtype.itemsize == 2 and is_float(dtype)


class Spec:
    """A shape and a dtype. Made only by `spec_of`, so that equal specs are one object.

    Attributes:
        shape: the sizes, ``None`` for one that is not known yet.
        dtype: the NumPy dtype.
        weak: whether it is a Python number, whose dtype gives way to that of arrays.
        floating: whether gradients exist in this dtype.
        narrow: whether it is float16 or bfloat16, which NumPy is to compute with in float32.
        unknown: whether a size is not known, ``None``.
        symbolic: whether a size is symbolic, a `Dim`: while specs are worked out where sizes are unknown (`infer`).
    """

    __slots__ = ("__weakref__", "dtype", "floating", "narrow", "shape", "symbolic", "unknown", "weak")

    shape: Shape
    dtype: np.dtype[Any]
    weak: bool
    floating: bool
    narrow: bool

    def __init__(self, shape: Shape, dtype: np.dtype[Any], weak: bool) -> None:
        self.shape, self.dtype, self.weak = shape, dtype, weak
        self.narrow = is_narrow(dtype)
        self.floating = is_float(dtype)
        self.symbolic = any(isinstance(n, Dim) for n in shape)
        self.unknown = any(n is None for n in shape)

    def __repr__(self) -> str:
        return f"{self.dtype.name}{list(self.shape)}"

    @property
    def size(self) -> int:
        """The number of entries; an unknown batch counts as one."""
        total = 1
        for n in self.shape:
            total *= 1 if n is None else n
        return total

    @property
    def nbytes(self) -> int:
        """The size in bytes; an unknown batch counts as one."""
        return self.size * self.dtype.itemsize


class Specs(tuple[Any, ...]):
    """The specs of all positions of a call node's body."""

    __slots__ = ()
    floating = True
    narrow = False


_interned: WeakValueDictionary[Any, Spec] = WeakValueDictionary()


def spec_of(shape: Shape, dtype: np.dtype[Any], weak: bool = False) -> Spec:
    """Return the one `Spec` of this shape and dtype. Identity makes the look-ups of `apply` fast."""
    key = (shape, dtype, weak)
    spec = _interned.get(key)
    if spec is None:
        spec = _interned[key] = Spec(shape, dtype, weak)
    return spec


@cache
def promote(*operands: tuple[str, bool], floating: bool = False) -> np.dtype[Any]:
    """Return the dtype to which all operands are promoted, each a (dtype name, weak) pair.

    Args:
        floating: whether the operation gives real numbers (``exp``, ``divide``): integers become ``floatx()``.

    >>> promote(("int32", False), ("float16", False)).name
    'float16'
    >>> promote(("float64", False), ("float32", True)).name   # a Python float gives way
    'float64'
    >>> promote(("int32", False), ("int32", False), floating=True).name
    'float32'
    """
    names = [_WEAK_NAME[np.dtype(name).kind] if weak else name for name, weak in operands]
    result = names[0]
    for name in names[1:]:
        result = _join(result, name)
    if floating:
        result = _join(result, "f*")
    if result == "f*":
        result = _floatx
    return as_dtype("int32" if result == "i*" else result)


def promote_specs(specs: Iterable[Spec], floating: bool = False) -> np.dtype[Any]:
    """Return the dtype to which specs are promoted (`promote`)."""
    return promote(*[(s.dtype.name, s.weak) for s in specs], floating=floating)


def broadcast(shapes: Iterable[Shape], what: str = "the operands") -> Shape:
    """Return the shape that NumPy's broadcasting gives. Symbolic sizes may be equal, until it is known.

    Raises:
        ShapeError: naming the axis at which the shapes differ.
    """
    shapes = list(shapes)
    rank = max((len(s) for s in shapes), default=0)
    result: list[Any] = [1] * rank
    for shape in shapes:
        for i, n in enumerate(shape, start=rank - len(shape)):
            size = result[i]
            if n is size or (isinstance(n, int) and n == 1):
                continue
            if isinstance(size, int) and size == 1:
                result[i] = n
            elif not may_be_equal(n, size) and not may_be_equal(n, 1) and not may_be_equal(size, 1):
                raise ShapeError(
                    f"shapes {' and '.join(map(str, shapes))} for {what}, which differ at axis {i - rank} "
                    f"({size} against {n})",
                    "sizes that are equal or 1, compared from the last axis backwards",
                    "reshape or expand_dims one of them, or transpose it if its axes are in another order",
                )
            elif isinstance(size, Dim):  # equal or 1: a number says which
                result[i] = larger(size, n) if isinstance(n, Dim) else n
    return tuple(result)
