"""Functions that only combine records: Keras's names and arguments, canonical attributes underneath.

Each returns a tensor whose graph is made of the records it names; none has a gradient of its own.
"""

from __future__ import annotations

import math
from builtins import all as all_of
from builtins import any as any_of
from builtins import max as builtin_max
from builtins import min as builtin_min
from builtins import sum as sum_of
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError, ValueProblem
from ..graph import as_dtype, floatx
from ..tensor import Tensor, as_tensor, constant, tensor
from . import composite, convolution, elementwise, movement, pooling, products, reduction
from .movement import freeze_key
from .record import freeze
from .rules import normal_axes, normal_axis

# ---- making tensors


def convert_to_tensor(x: Any, dtype: Any = None) -> Tensor:
    """`x` as a tensor; a tensor stays itself (``keras.ops.convert_to_tensor``).

    >>> ops.convert_to_tensor([1.0, 2.0])
    tensor([1., 2.])
    """
    return tensor(x, dtype)


array = convert_to_tensor


def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """The value as a read-only NumPy array (``keras.ops.convert_to_numpy``).

    >>> ops.convert_to_numpy([1.0, 2.0]).sum()
    np.float32(3.0)
    """
    return as_tensor(x).numpy()


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor of this library (``keras.ops.is_tensor``).

    >>> ops.is_tensor(2.0)
    False
    """
    return isinstance(x, Tensor)


def shape(x: Any) -> tuple[int, ...]:
    """The sizes of the axes (``keras.ops.shape``).

    >>> ops.shape([[1.0, 2.0]])
    (1, 2)
    """
    return as_tensor(x).shape


def size(x: Any) -> int:
    """The number of entries (``keras.ops.size``).

    >>> ops.size([[1.0, 2.0]])
    2
    """
    return as_tensor(x).size


def ndim(x: Any) -> int:
    """The number of axes (``keras.ops.ndim``).

    >>> ops.ndim([[1.0, 2.0]])
    2
    """
    return as_tensor(x).ndim


def dtype(x: Any) -> str:
    """The dtype's name (``keras.ops.dtype``).

    >>> ops.dtype([1.0])
    'float32'
    """
    return as_tensor(x).dtype.name


def cast(x: Any, dtype: Any) -> Tensor:
    """`x` as `dtype`; gradients are cast back (``keras.ops.cast``).

    >>> ops.cast([1.7, -1.7], "int32")
    tensor([ 1, -1], dtype=int32)
    """
    return as_tensor(x).cast_to(as_dtype(dtype))


def _sizes(shape: Any) -> tuple[int, ...]:
    found = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    return tuple(int(n) for n in found)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """A tensor of one value (``keras.ops.full``). `dtype`: default that of the value.

    >>> ops.full((2,), 7.0)
    tensor([7., 7.])
    """
    value = as_tensor(fill_value)
    if dtype is None:
        value = value.cast_to(as_dtype(floatx()) if value.spec.weak and value.dtype.kind == "f" else value.cast_weak().dtype)
    else:
        value = value.cast_to(as_dtype(dtype))
    return broadcast_to(value, _sizes(shape))


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Zeros, floatx by default (``keras.ops.zeros``).

    >>> ops.zeros((2,))
    tensor([0., 0.])
    """
    return constant(np.zeros(_sizes(shape), as_dtype(dtype or floatx())))


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Ones, floatx by default (``keras.ops.ones``).

    >>> ops.ones((2,))
    tensor([1., 1.])
    """
    return constant(np.ones(_sizes(shape), as_dtype(dtype or floatx())))


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """Zeros: tensors never hold what was left in memory (``keras.ops.empty``).

    >>> ops.empty((2,))
    tensor([0., 0.])
    """
    return zeros(shape, dtype)


def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros with the shape, and by default the dtype, of `x` (``keras.ops.zeros_like``).

    >>> ops.zeros_like([1.0, 2.0])
    tensor([0., 0.])
    """
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Ones with the shape, and by default the dtype, of `x` (``keras.ops.ones_like``).

    >>> ops.ones_like([1.0, 2.0])
    tensor([1., 1.])
    """
    return full_like(x, 1, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """One value with the shape, and by default the dtype, of `x` (``keras.ops.full_like``).

    >>> ops.full_like([1.0, 2.0], 3.0)
    tensor([3., 3.])
    """
    x = as_tensor(x).cast_weak()
    return broadcast_to(as_tensor(fill_value).cast_to(as_dtype(dtype) if dtype else x.dtype), x.shape)


empty_like = zeros_like


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """Numbers from `start` (0 if only one is given) up to, never reaching, `stop` (``keras.ops.arange``).

    >>> ops.arange(3)
    tensor([0, 1, 2], dtype=int32)
    """
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    if dtype is None:
        dtype = "int32" if all_of(isinstance(v, int | np.integer) for v in (start, stop, step)) else floatx()
    if step == 0:
        raise ValueProblem("a step of 0", "a step that moves", "give another step")
    return constant(np.arange(start, stop, step).astype(as_dtype(dtype)))


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None) -> Tensor:
    """`num` evenly spaced numbers from `start` to `stop` (``keras.ops.linspace``).

    >>> ops.linspace(0.0, 1.0, 3)
    tensor([0. , 0.5, 1. ])
    """
    return constant(np.linspace(float(start), float(stop), num, endpoint=endpoint).astype(as_dtype(dtype or floatx())))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on the k-th diagonal (``keras.ops.eye``).

    >>> ops.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return constant(np.eye(N, M, k=k, dtype=as_dtype(dtype or floatx())))


def identity(n: int, dtype: Any = None) -> Tensor:
    """The n×n identity matrix (``keras.ops.identity``).

    >>> ops.identity(1)
    tensor([[1.]])
    """
    return eye(n, dtype=dtype)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """Coordinate grids of vectors (``keras.ops.meshgrid``).

    >>> [g.shape for g in ops.meshgrid([1.0, 2.0], [3.0, 4.0, 5.0])]
    [(3, 2), (3, 2)]
    """
    if indexing not in ("xy", "ij"):
        raise ValueProblem(f"indexing {indexing!r}", "'xy' or 'ij'", "name one of these")
    vectors = [reshape(v, (-1,)) for v in x]
    rank, sizes = len(vectors), [v.shape[0] for v in vectors]
    grids = []
    for i, v in enumerate(vectors):
        grids.append(broadcast_to(reshape(v, [-1 if j == i else 1 for j in range(rank)]), sizes))
    if indexing == "xy" and rank > 1:
        grids = [swapaxes(g, 0, 1) for g in grids]
    return grids


# ---- shapes


def reshape(x: Any, newshape: Any) -> Tensor:
    """The same entries in another shape, one size may be -1 (``keras.ops.reshape``).

    >>> ops.reshape([1.0, 2.0, 3.0, 4.0], (2, -1)).shape
    (2, 2)
    """
    wanted = (newshape,) if isinstance(newshape, int | np.integer) else tuple(newshape)
    return movement.reshape_record(x, newshape=tuple(None if n is None else int(n) for n in wanted))


def ravel(x: Any) -> Tensor:
    """All entries in one axis (``keras.ops.ravel``).

    >>> ops.ravel([[1.0, 2.0]])
    tensor([1., 2.])
    """
    return reshape(x, (-1,))


def transpose(x: Any, axes: Any = None) -> Tensor:
    """The axes in another order, by default turned round (``keras.ops.transpose``).

    >>> ops.transpose([[1.0, 2.0]]).shape
    (2, 1)
    """
    return movement.transpose_record(x, axes=None if axes is None else tuple(int(a) for a in axes))


def expand_dims(x: Any, axis: Any) -> Tensor:
    """A new axis of size 1, or several (``keras.ops.expand_dims``).

    >>> ops.expand_dims([1.0, 2.0], 0).shape
    (1, 2)
    """
    return movement.expand_dims_record(x, axis=freeze(axis))


def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes in each other's place (``keras.ops.swapaxes``).

    >>> ops.swapaxes([[1.0, 2.0]], 0, 1).shape
    (2, 1)
    """
    x = as_tensor(x)
    order = list(range(x.ndim))
    a, b = normal_axis(axis1, x.ndim), normal_axis(axis2, x.ndim)
    order[a], order[b] = order[b], order[a]
    return transpose(x, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places, the rest in order (``keras.ops.moveaxis``).

    >>> ops.moveaxis(ops.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_tensor(x)
    sources = [normal_axis(a, x.ndim) for a in ([source] if isinstance(source, int) else source)]
    places = [normal_axis(a, x.ndim) for a in ([destination] if isinstance(destination, int) else destination)]
    if len(sources) != len(places) or len(set(sources)) != len(sources) or len(set(places)) != len(places):
        raise ShapeError(f"axes {source} to be moved to {destination}", "as many places as axes, each once", "list each axis once")
    order = [a for a in range(x.ndim) if a not in sources]
    for place, a in sorted(zip(places, sources, strict=True)):
        order.insert(place, a)
    return transpose(x, order)


def broadcast_to(x: Any, shape: Any) -> Tensor:
    """x repeated along axes of size 1 and new axes in front (``keras.ops.broadcast_to``).

    >>> ops.broadcast_to([1.0, 2.0], (2, 2)).shape
    (2, 2)
    """
    x = as_tensor(x).cast_weak()
    wanted = _sizes(shape)
    return x if x.shape == wanted else movement.broadcast_to_record(x, shape=wanted)


def concatenate(xs: Any, axis: int | None = 0) -> Tensor:
    """Tensors joined along an axis they have; ``None`` flattens them first (``keras.ops.concatenate``).

    >>> ops.concatenate([[1.0, 2.0], [3.0]])
    tensor([1., 2., 3.])
    """
    parts = [as_tensor(x) for x in xs]
    if not parts:
        raise ValueProblem("nothing to concatenate", "at least one tensor", "pass a list of tensors")
    if axis is None:
        parts, axis = [ravel(p) for p in parts], 0
    return movement.concatenate_record(*parts, axis=axis)


def stack(x: Any, axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis (``keras.ops.stack``).

    >>> ops.stack([[1.0, 2.0], [3.0, 4.0]], axis=1)
    tensor([[1., 3.],
            [2., 4.]])
    """
    return concatenate([expand_dims(part, axis) for part in x], axis=axis)


def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """x2 behind x1 (``keras.ops.append``).

    >>> ops.append([1.0], [2.0])
    tensor([1., 2.])
    """
    return concatenate([x1, x2], axis=axis)


def vstack(xs: Any) -> Tensor:
    """Tensors joined along the first axis, vectors as rows (``keras.ops.vstack``).

    >>> ops.vstack([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    return concatenate([x if x.ndim > 1 else reshape(x, (1, -1)) for x in map(as_tensor, xs)], axis=0)


def hstack(xs: Any) -> Tensor:
    """Tensors joined along the second axis, vectors end to end (``keras.ops.hstack``).

    >>> ops.hstack([[1.0, 2.0], [3.0]])
    tensor([1., 2., 3.])
    """
    parts = [x if x.ndim else reshape(x, (1,)) for x in map(as_tensor, xs)]
    return concatenate(parts, axis=0 if parts[0].ndim == 1 else 1)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Parts along `axis`: so many equal ones, or cut at these indices (``keras.ops.split``).

    >>> ops.split([1.0, 2.0, 3.0, 4.0], 2)
    [tensor([1., 2.]), tensor([3., 4.])]
    """
    x = as_tensor(x)
    at = normal_axis(axis, x.ndim)
    n = x.shape[at]
    if isinstance(indices_or_sections, int):
        if indices_or_sections < 1 or n % indices_or_sections:
            raise ShapeError(f"an axis of {n} entries to be split into {indices_or_sections}", "a number that divides it", "give the indices to cut at instead")
        step = n // indices_or_sections
        cuts = list(range(step, n, step)) if n else [0] * (indices_or_sections - 1)
    else:
        cuts = [int(i) for i in indices_or_sections]
    edges = [0, *cuts, n]
    return [x[(slice(None),) * at + (slice(a, b),)] for a, b in zip(edges, edges[1:], strict=False)]


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices along `axis`, without it (``keras.ops.unstack``).

    >>> ops.unstack([[1.0, 2.0], [3.0, 4.0]])
    [tensor([1., 2.]), tensor([3., 4.])]
    """
    x = as_tensor(x)
    at = normal_axis(axis, x.ndim)
    if num is not None and num != x.shape[at]:
        raise ShapeError(f"num {num} for an axis of {x.shape[at]}", "the axis's size", "leave num out")
    return [x[(slice(None),) * at + (i,)] for i in range(x.shape[at])]


def flip(x: Any, axis: Any = None) -> Tensor:
    """The entries in the opposite order along `axis` (``keras.ops.flip``).

    >>> ops.flip([1.0, 2.0, 3.0])
    tensor([3., 2., 1.])
    """
    return movement.flip_record(x, axis=freeze(axis))


def roll(x: Any, shift: Any, axis: Any = None) -> Tensor:
    """Entries moved on along `axis`, the last coming round to the front (``keras.ops.roll``).

    >>> ops.roll([1.0, 2.0, 3.0], 1)
    tensor([3., 1., 2.])
    """
    x = as_tensor(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    axes = [axis] if isinstance(axis, int) else list(axis)
    shifts = [shift] * len(axes) if isinstance(shift, int) else list(shift)
    for a, by in zip(axes, shifts, strict=True):
        at = normal_axis(a, x.ndim)
        n = x.shape[at]
        if n and by % n:
            head = (slice(None),) * at
            cut = n - by % n
            x = concatenate([x[(*head, slice(cut, None))], x[(*head, slice(None, cut))]], axis=at)
    return x


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Each entry so many times in a row (``keras.ops.repeat``).

    >>> ops.repeat([1.0, 2.0], 2)
    tensor([1., 1., 2., 2.])
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    index = np.repeat(np.arange(x.shape[axis]), np.asarray(repeats))
    return take(x, index.astype(np.int32), axis=axis)


def tile(x: Any, repeats: Any) -> Tensor:
    """The whole tensor so many times along each axis (``keras.ops.tile``).

    >>> ops.tile([1.0, 2.0], 2)
    tensor([1., 2., 1., 2.])
    """
    x = as_tensor(x)
    times = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    rank = builtin_max(len(times), x.ndim)
    times = (1,) * (rank - len(times)) + times
    old = (1,) * (rank - x.ndim) + x.shape
    pairs = [n for pair in zip(times, old, strict=True) for n in pair]
    wide = broadcast_to(reshape(x, [n for size in old for n in (1, size)]), pairs)
    return reshape(wide, [t * n for t, n in zip(times, old, strict=True)])


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """A border around the tensor (``keras.ops.pad``).

    Args:
        pad_width: a number, a pair (before, after), or a pair for each axis.
        mode: ``"constant"``, ``"edge"``, ``"reflect"``, ``"symmetric"`` or ``"wrap"``.
        constant_values: the border's value, default 0.

    >>> ops.pad([1.0, 2.0], (1, 0))
    tensor([0., 1., 2.])
    """
    x = as_tensor(x)
    width = freeze(pad_width)
    if isinstance(width, int):
        width = ((width, width),) * x.ndim
    elif len(width) == 2 and all_of(isinstance(w, int) for w in width):
        width = (width,) * x.ndim
    elif len(width) == 1 and isinstance(width[0], tuple):
        width = width * x.ndim
    if mode == "constant":
        made = movement.pad_record(x, widths=width)
        if constant_values is None or (not isinstance(constant_values, Tensor) and constant_values == 0):
            return made
        border = np.pad(np.zeros(x.shape, bool), width, constant_values=True)
        return where(border, as_tensor(constant_values).cast_to(x.dtype), made)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueProblem(f"pad mode {mode!r}", "constant, edge, reflect, symmetric or wrap", "name one of these")
    for at, pair in enumerate(width):
        if any_of(pair):
            x = take(x, np.pad(np.arange(x.shape[at], dtype=np.int32), pair, mode=mode), axis=at)  # type: ignore[call-overload]
    return x


def tril(x: Any, k: int = 0) -> Tensor:
    """The entries on and below the k-th diagonal, zeros above (``keras.ops.tril``).

    >>> ops.tril([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 0.],
            [3., 4.]])
    """
    x = as_tensor(x)
    return where(np.tri(x.shape[-2], x.shape[-1], k, dtype=bool), x, zeros_like(x))


def triu(x: Any, k: int = 0) -> Tensor:
    """The entries on and above the k-th diagonal, zeros below (``keras.ops.triu``).

    >>> ops.triu([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [0., 4.]])
    """
    x = as_tensor(x)
    return where(~np.tri(x.shape[-2], x.shape[-1], k - 1, dtype=bool), x, zeros_like(x))


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of two axes, as the last axis (``keras.ops.diagonal``).

    >>> ops.diagonal([[1.0, 2.0], [3.0, 4.0]])
    tensor([1., 4.])
    """
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    n = np.arange(builtin_max(builtin_min(x.shape[-2] + builtin_min(offset, 0), x.shape[-1] - builtin_max(offset, 0)), 0), dtype=np.int32)
    return x[..., n - builtin_min(offset, 0), n + builtin_max(offset, 0)]


def diag(x: Any, k: int = 0) -> Tensor:
    """A vector as the k-th diagonal of a matrix, or a matrix's diagonal (``keras.ops.diag``).

    >>> ops.diag([1.0, 2.0])
    tensor([[1., 0.],
            [0., 2.]])
    """
    x = as_tensor(x)
    if x.ndim != 1:
        return diagonal(x, k)
    n = x.shape[0] + abs(k)
    at = np.arange(x.shape[0], dtype=np.int32)
    return movement.add_at_record(x, at - builtin_min(k, 0), at + builtin_max(k, 0), key=("array", "array"), shape=(n, n))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal (``keras.ops.trace``).

    >>> ops.trace([[1.0, 2.0], [3.0, 4.0]])
    tensor(5.0)
    """
    return reduction.sum(diagonal(x, offset, axis1, axis2), axis=-1)


# ---- reading and putting entries


def get_item(x: Any, key: Any) -> Tensor:
    """``x[key]`` with NumPy's indexing: integers, slices, ``None``, ``...``, arrays of integers or booleans.

    A boolean array must have a value, since it decides the shape (``keras.ops.get_item``).

    >>> ops.get_item([[1.0, 2.0], [3.0, 4.0]], (0, slice(None)))
    tensor([1., 2.])
    """
    frozen, found = freeze_key(key)
    x = as_tensor(x)
    indices: list[Any] = []
    parts = list(frozen)
    for i in range(len(parts) - 1, -1, -1):
        if parts[i] == "array":
            index = as_tensor(found.pop())
            if index.size == 0 and not index.symbolic and index.dtype.kind == "f":
                index = cast(index, "int32")
            if index.dtype.kind == "b":
                wheres = np.nonzero(index.numpy())
                axis = sum_of(getattr(as_tensor(a), "ndim", 1) if as_tensor(a).dtype.kind == "b" else 1 for a in found)
                before = [p for p in parts[:i] if p not in ("array", "newaxis", "...")]
                if index.ndim == 0:
                    raise DTypeError("a single boolean as an index", "integers, slices, or boolean arrays with axes", "use ops.where to choose by a condition")
                if "..." not in parts[:i]:
                    start = len(before) + axis
                    for j, n in enumerate(index.shape):
                        if start + j >= x.ndim or x.shape[start + j] != n:
                            raise ShapeError(f"a boolean index of shape {index.shape} for shape {x.shape}", "a mask with the sizes of the axes it selects from", "build the mask from the tensor itself, e.g. t[t > 0]")
                parts[i : i + 1] = ["array"] * index.ndim
                indices = [constant(w.astype(np.int32)) for w in wheres] + indices
            else:
                indices = [index, *indices]
    return movement.get_item_record(x, *indices, key=tuple(parts))


def slice_(inputs: Any, start_indices: Any, shape: Any) -> Tensor:
    """A block: from `start_indices`, of `shape` (``keras.ops.slice``).

    >>> ops.slice([1.0, 2.0, 3.0], (1,), (2,))
    tensor([2., 3.])
    """
    starts, sizes = _sizes(start_indices), _sizes(shape)
    x = as_tensor(inputs)
    for s, n, m in zip(starts, sizes, x.shape, strict=True):
        if s < 0 or s + n > m:
            raise ShapeError(f"a block of shape {sizes} from {starts} of shape {x.shape}", "a block inside the tensor", "move or shrink it")
    return x[tuple(slice(s, s + n) for s, n in zip(starts, sizes, strict=True))]


def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The slices at `indices` along `axis`, or entries of the flattened tensor (``keras.ops.take``).

    Raises:
        IndexProblem: for an index outside the axis.

    >>> ops.take([10.0, 20.0, 30.0], [2, 0])
    tensor([30., 10.])
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    index = as_tensor(indices).cast_weak()
    if index.size == 0 and index.dtype.kind == "f":
        index = cast(index, "int32")
    key = (("slice", None, None, None),) * normal_axis(axis, x.ndim) + ("array",)
    return movement.get_item_record(x, index, key=key)


def gather(x: Any, indices: Any, axis: int = 0) -> Tensor:
    """`take` along the first axis by default, as TensorFlow's ``tf.gather``.

    >>> ops.gather([[1.0, 2.0], [3.0, 4.0]], [1])
    tensor([[3., 4.]])
    """
    return take(x, indices, axis=axis)


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """For each place the entry at its index along `axis` (``keras.ops.take_along_axis``).

    >>> ops.take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1)
    tensor([[2.],
            [3.]])
    """
    x, index = as_tensor(x), as_tensor(indices)
    if axis is None:
        x, index, axis = ravel(x), ravel(index), 0
    at = normal_axis(axis, x.ndim)
    if index.ndim != x.ndim:
        raise ShapeError(f"indices of shape {index.shape} for shape {x.shape}", "as many axes in both", "add axes with expand_dims")
    places: list[Any] = []
    for i in range(x.ndim):
        if i == at:
            places.append(index)
        else:
            n = x.shape[i] if index.shape[i] in (1, x.shape[i]) else -1
            if n < 0:
                raise ShapeError(f"indices of shape {index.shape} for shape {x.shape}", f"sizes equal or 1 but for axis {axis}", "broadcast the indices")
            places.append(np.arange(n, dtype=np.int32).reshape([-1 if j == i else 1 for j in range(x.ndim)]))
    return movement.get_item_record(x, *places, key=("array",) * x.ndim)


def scatter(indices: Any, values: Any, shape: Any) -> Tensor:
    """Zeros of `shape` with `values` added at `indices`, whose last axis holds places (``keras.ops.scatter``).

    >>> ops.scatter([[0], [0], [2]], [1.0, 2.0, 3.0], (3,))
    tensor([3., 0., 3.])
    """
    index, wanted = as_tensor(indices), _sizes(shape)
    if not index.ndim or index.shape[-1] > len(wanted):
        raise ShapeError(f"indices of shape {index.shape} into shape {wanted}", f"a last axis of 1 to {len(wanted)} numbers", "give each place as a row of indices")
    depth = index.shape[-1]
    places = [index[..., i] for i in range(depth)]
    return movement.add_at_record(values, *places, key=("array",) * depth, shape=wanted)


def scatter_add(inputs: Any, indices: Any, updates: Any) -> Tensor:
    """`inputs` with `updates` added at `indices`, also where an index comes twice (``jax.numpy``'s ``.at[].add``).

    Args:
        inputs: any shape. indices: integers (..., depth), each row a place in the first `depth` axes.
        updates: (..., the axes left).

    >>> ops.scatter_add([1.0, 1.0, 1.0], [[0], [0]], [2.0, 3.0])
    tensor([6., 1., 1.])
    """
    x = as_tensor(inputs)
    return x + scatter(indices, as_tensor(updates).cast_to(x.dtype), x.shape)


def scatter_update(inputs: Any, indices: Any, updates: Any) -> Tensor:
    """`inputs` with `updates` put at `indices`; where an index comes twice the last wins (``keras.ops.scatter_update``).

    >>> ops.scatter_update([1.0, 1.0, 1.0], [[0], [2]], [5.0, 6.0])
    tensor([5., 1., 6.])
    """
    x, index = as_tensor(inputs), as_tensor(indices)
    new = as_tensor(updates).cast_to(x.dtype)
    if index.symbolic:
        hit = scatter(index, ones(new.shape, "int32"), x.shape)
        return where(elementwise.equal(hit, 0), x, scatter(index, new, x.shape))
    rows = index.numpy().reshape(-1, index.shape[-1])
    sizes = x.shape[: rows.shape[1]]
    flat = np.ravel_multi_index(tuple((rows % np.array(sizes)).T), sizes) if len(rows) else np.zeros(0, int)
    last = np.sort(len(flat) - 1 - np.unique(flat[::-1], return_index=True)[1])
    new = reshape(new, (len(rows), *x.shape[rows.shape[1] :]))
    rows, new = rows[last], take(new, last.astype(np.int32), axis=0)
    mask = np.zeros(x.shape, bool)
    mask[tuple(rows.T)] = True
    return where(mask, scatter(rows, new, x.shape), x)


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """`inputs` with a block replaced by `updates` (``keras.ops.slice_update``).

    >>> ops.slice_update([1.0, 2.0, 3.0], (1,), [9.0])
    tensor([1., 9., 3.])
    """
    x = as_tensor(inputs)
    new = as_tensor(updates).cast_to(x.dtype)
    width = tuple((s, m - s - n) for s, n, m in zip(_sizes(start_indices), new.shape, x.shape, strict=True))
    return where(np.pad(np.ones(new.shape, bool), width), movement.pad_record(new, widths=width), x)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Tensor:
    """1 at each label's place, 0 elsewhere; labels outside give zeros (``keras.ops.one_hot``).

    >>> ops.one_hot([0, 2], 3)
    tensor([[1., 0., 0.],
            [0., 0., 1.]])
    """
    x = as_tensor(x)
    if x.dtype.kind not in "iu":
        raise DTypeError(f"class labels of dtype {x.dtype.name}", "whole numbers", "cast them to int32")
    at = normal_axis(axis, x.ndim + 1)
    classes = np.arange(num_classes, dtype=np.int32).reshape([-1 if i == at else 1 for i in range(x.ndim + 1)])
    return cast(elementwise.equal(expand_dims(x, at), classes), dtype or floatx())


def nonzero(x: Any) -> tuple[Tensor, ...]:
    """For each axis the indices of the entries that are not zero; `x` must have a value (``keras.ops.nonzero``).

    >>> ops.nonzero([0.0, 3.0])
    (tensor([1], dtype=int32),)
    """
    return tuple(constant(i.astype(np.int32)) for i in np.nonzero(as_tensor(x).numpy()))


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; with the condition alone, `nonzero` (``keras.ops.where``).

    >>> ops.where([True, False], [1.0, 2.0], 0.0)
    tensor([1., 0.])
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueProblem("a condition with one branch", "both branches or none", "give x1 and x2")
    return elementwise.select_where(condition, x1, x2)


# ---- sorting and searching


def sort(x: Any, axis: int = -1) -> Tensor:
    """The entries along `axis` from small to large (``keras.ops.sort``).

    >>> ops.sort([3.0, 1.0, 2.0])
    tensor([1., 2., 3.])
    """
    return composite.sort_record(x, axis=axis)


def argsort(x: Any, axis: int = -1) -> Tensor:
    """The order that sorts x along `axis`, equal entries as they stood, as int32 (``keras.ops.argsort``).

    >>> ops.argsort([3.0, 1.0, 2.0])
    tensor([1, 2, 0], dtype=int32)
    """
    return reduction.argsort_record(x, axis=axis)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest along the last axis, largest first, and their indices (``keras.ops.top_k``).

    ``sorted=False`` allows any order; this one is kept.

    >>> ops.top_k([1.0, 5.0, 3.0], 2)
    (tensor([5., 3.]), tensor([1, 2], dtype=int32))
    """
    x = as_tensor(x)
    values = composite.top_k_values(x, k=k)
    return values, reduction.argsort_record(x, axis=-1, descending=True)[..., :k]


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The largest entry along `axis`, the first at a tie (``keras.ops.max``).

    Args:
        initial: a lower bound, and the result for an empty axis.

    >>> ops.max([[1.0, 2.0], [3.0, 0.0]], axis=1)
    tensor([2., 3.])
    """
    return _bounded(x, axis, keepdims, initial, reduction.max_record, elementwise.maximum)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The smallest entry along `axis`, the first at a tie (``keras.ops.min``).

    >>> ops.min([[1.0, 2.0], [3.0, 0.0]], axis=1)
    tensor([1., 0.])
    """
    return _bounded(x, axis, keepdims, initial, reduction.min_record, elementwise.minimum)


def _bounded(x: Any, axis: Any, keepdims: bool, initial: Any, record: Any, join: Any) -> Tensor:
    x, axis = as_tensor(x), freeze(axis)
    if initial is None:
        return record(x, axis=axis, keepdims=keepdims)  # type: ignore[no-any-return]
    if 0 in x.shape:
        from .rules import reduced_shape

        return full(reduced_shape(x.shape, axis, keepdims), initial, x.dtype)
    return join(record(x, axis=axis, keepdims=keepdims), initial)  # type: ignore[no-any-return]


amax, amin = max, min


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The largest less the smallest entry (``keras.ops.ptp``).

    >>> ops.ptp([3.0, 1.0, 2.0])
    tensor(2.0)
    """
    return max(x, axis, keepdims) - min(x, axis, keepdims)


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running sum along `axis`, or of the flattened tensor (``keras.ops.cumsum``).

    >>> ops.cumsum([1.0, 2.0, 3.0])
    tensor([1., 3., 6.])
    """
    return _running(reduction.cumsum_record, x, axis, dtype)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running product along `axis`, or of the flattened tensor (``keras.ops.cumprod``).

    >>> ops.cumprod([1.0, 2.0, 3.0])
    tensor([1., 2., 6.])
    """
    return _running(reduction.cumprod_record, x, axis, dtype)


def _running(record: Any, x: Any, axis: int | None, dtype: Any) -> Tensor:
    x = as_tensor(x)
    if x.dtype.kind == "b":
        x = cast(x, "int32")
    if dtype is not None:
        x = cast(x, dtype)
    if axis is None:
        x, axis = ravel(x), 0
    return record(x, axis=axis)  # type: ignore[no-any-return]


def count_nonzero(x: Any, axis: Any = None) -> Tensor:
    """How many entries are not zero (``keras.ops.count_nonzero``).

    >>> ops.count_nonzero([0.0, 3.0, 4.0])
    tensor(2, dtype=int32)
    """
    return reduction.sum(cast(as_tensor(x) != 0, "int32"), axis=axis)


def average(x: Any, axis: Any = None, weights: Any = None) -> Tensor:
    """The mean, each entry counted with its weight (``keras.ops.average``).

    >>> ops.average([1.0, 4.0], weights=[3.0, 1.0])
    tensor(1.75)
    """
    if weights is None:
        return reduction.mean(x, axis=axis)
    x, w = as_tensor(x), as_tensor(weights)
    if w.shape != x.shape and w.ndim == 1 and isinstance(axis, int):
        w = reshape(w, [-1 if i == normal_axis(axis, x.ndim) else 1 for i in range(x.ndim)])
    return reduction.sum(x * w, axis=axis) / reduction.sum(broadcast_to(w, x.shape), axis=axis)


def moments(x: Any, axes: Any, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and variance over `axes` (``keras.ops.moments``).

    >>> ops.moments([1.0, 3.0], 0)
    (tensor(2.0), tensor(1.0))
    """
    return reduction.mean(x, axis=freeze(axes), keepdims=keepdims), reduction.var(x, axis=freeze(axes), keepdims=keepdims)


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """|x1 - x2| ≤ atol + rtol |x2|, entry by entry (``keras.ops.isclose``).

    >>> ops.isclose([1.0], [1.0 + 1e-7])
    tensor([ True], dtype=bool)
    """
    a, b = as_tensor(x1), as_tensor(x2)
    near = (elementwise.absolute(a - b) <= atol + rtol * elementwise.absolute(b)) & elementwise.isfinite(b) | (a == b)
    return near | (elementwise.isnan(a) & elementwise.isnan(b)) if equal_nan else near


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all entries are close (``keras.ops.allclose``).

    >>> ops.allclose([1.0], [1.0])
    tensor(True, dtype=bool)
    """
    return reduction.all(isclose(x1, x2, rtol, atol, equal_nan))


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """nan and infinities replaced, the latter by default by the largest numbers (``keras.ops.nan_to_num``).

    >>> ops.nan_to_num([float("nan"), 1.0])
    tensor([0., 1.])
    """
    x = as_tensor(x)
    if x.dtype.kind in "biu":
        return x
    info = np.finfo(x.dtype)
    x = where(elementwise.isnan(x), nan, x)
    x = where(x == math.inf, info.max.item() if posinf is None else posinf, x)
    return where(x == -math.inf, info.min.item() if neginf is None else neginf, x)  # type: ignore[no-any-return]


# ---- products


def dot(x1: Any, x2: Any) -> Tensor:
    """The product over the last axis of x1 and the last but one of x2; numbers multiply (``keras.ops.dot``).

    >>> ops.dot([1.0, 2.0], [3.0, 4.0])
    tensor(11.0)
    """
    a, b = as_tensor(x1), as_tensor(x2)
    if not a.ndim or not b.ndim:
        return a * b
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 2 if b.ndim > 1 else 0,))) if a.ndim > 2 or b.ndim > 2 else products.matmul(a, b)


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """The sum of products over the axes named: a number, or a list for each tensor (``keras.ops.tensordot``).

    >>> ops.tensordot([[1.0, 2.0]], [[3.0], [4.0]], axes=1)
    tensor([[11.]])
    """
    a, b = as_tensor(x1), as_tensor(x2)
    if isinstance(axes, int):
        left, right = tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    else:
        left, right = (tuple(v) if isinstance(v, list | tuple) else (v,) for v in axes)
        left, right = tuple(normal_axis(i, a.ndim) for i in left), tuple(normal_axis(i, b.ndim) for i in right)
    if len(left) != len(right) or any_of(i < 0 or i >= a.ndim for i in left) or any_of(i >= b.ndim for i in right) or any_of(a.shape[i] != b.shape[j] for i, j in zip(left, right, strict=True)):
        raise ShapeError(f"shapes {a.shape} and {b.shape} over axes {axes}", "pairs of axes of equal size", "name other axes")
    free_a = [i for i in range(a.ndim) if i not in left]
    free_b = [i for i in range(b.ndim) if i not in right]
    n = math.prod(a.shape[i] for i in left)
    flat_a = reshape(transpose(a, (*free_a, *left)), (math.prod(a.shape[i] for i in free_a), n))
    flat_b = reshape(transpose(b, (*right, *free_b)), (n, math.prod(b.shape[i] for i in free_b)))
    return reshape(products.matmul(flat_a, flat_b), [a.shape[i] for i in free_a] + [b.shape[i] for i in free_b])


def outer(x1: Any, x2: Any) -> Tensor:
    """Every entry of x1 times every entry of x2 (``keras.ops.outer``).

    >>> ops.outer([1.0, 2.0], [3.0, 4.0])
    tensor([[3., 4.],
            [6., 8.]])
    """
    return reshape(x1, (-1, 1)) * reshape(x2, (1, -1))


def inner(x1: Any, x2: Any) -> Tensor:
    """The sum of products over both last axes (``keras.ops.inner``).

    >>> ops.inner([1.0, 2.0], [3.0, 4.0])
    tensor(11.0)
    """
    a, b = as_tensor(x1), as_tensor(x2)
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,))) if a.ndim and b.ndim else a * b


def vdot(x1: Any, x2: Any) -> Tensor:
    """The sum of the products of all entries (``keras.ops.vdot``).

    >>> ops.vdot([[1.0, 2.0]], [[3.0, 4.0]])
    tensor(11.0)
    """
    return products.matmul(ravel(x1), ravel(x2))


def einsum(subscripts: str, *operands: Any) -> Tensor:
    """Sums of products by letters, as Einstein wrote them (``keras.ops.einsum``).

    Takes ``"ij,jk->ik"``, the implicit form without ``->``, ``...`` for batch axes, and repeated letters.

    >>> ops.einsum("ij,jk", [[1.0, 2.0]], [[3.0], [4.0]])
    tensor([[11.]])
    """
    xs = [as_tensor(x) for x in operands]
    left, arrow, out = subscripts.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != len(xs):
        raise ValueProblem(f"einsum subscripts {subscripts!r} for {len(xs)} operands", "as many parts as operands", "separate the parts by commas")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    dots = [x.ndim - len(p) + 3 if "..." in p else 0 for p, x in zip(parts, xs, strict=True)]
    batch = "".join(spare[: builtin_max(dots, default=0)])
    parts = [p.replace("...", batch[len(batch) - d :]) for p, d in zip(parts, dots, strict=True)]
    if not arrow:
        once = sorted(c for c in set("".join(parts)) if "".join(parts).count(c) == 1 and c not in batch)
        out = batch + "".join(once)
    out = out.replace("...", batch)
    if not all_of(c.isalpha() for c in "".join(parts) + out) or len(set(out)) != len(out) or not set(out) <= set("".join(parts)):
        raise ValueProblem(f"einsum subscripts {subscripts!r}", "letters, each of the output once and in some operand", "write e.g. 'ij,jk->ik'")
    xs, parts = _einsum_ready(xs, parts, out)
    if len(xs) == 1:
        order = [parts[0].index(c) for c in out]
        return transpose(xs[0], order) if order != list(range(len(order))) else xs[0]
    return products.einsum_record(*xs, subscripts=",".join(parts) + "->" + out)


def _einsum_ready(xs: list[Tensor], parts: list[str], out: str) -> tuple[list[Tensor], list[str]]:
    """Repeated letters become diagonals and letters that stand alone are summed, so the core stays linear."""
    done_x, done_p = [], []
    for i, (x, part) in enumerate(zip(xs, parts, strict=True)):
        if len(part) != x.ndim:
            raise ShapeError(f"subscripts {part!r} for shape {x.shape}", "one letter an axis", "add or remove letters")
        while len(set(part)) < len(part):
            c = next(c for c in part if part.count(c) > 1)
            first, second = part.index(c), part.index(c, part.index(c) + 1)
            if x.shape[first] != x.shape[second]:
                raise ShapeError(f"sizes {x.shape[first]} and {x.shape[second]} for the letter {c!r}", "one size a letter", "check the order of the axes")
            x = diagonal(x, 0, first, second)
            part = part[:first] + part[first + 1 : second] + part[second + 1 :] + c
        # numpy's einsum broadcasts sizes of 1 under `...`; the core wants equal sizes
        others = "".join(p for j, p in enumerate(parts) if j != i) + out
        lonely = tuple(j for j, c in enumerate(part) if c not in others)
        if lonely:
            x = reduction.sum(x, axis=lonely)
            part = "".join(c for j, c in enumerate(part) if j not in lonely)
        done_x.append(x)
        done_p.append(part)
    sizes: dict[str, int] = {}
    for x, part in zip(done_x, done_p, strict=True):
        for c, n in zip(part, x.shape, strict=True):
            sizes[c] = builtin_max(sizes.get(c, 1), n)
    for i, (x, part) in enumerate(zip(done_x, done_p, strict=True)):
        if c_upper := [c for c, n in zip(part, x.shape, strict=True) if c.isupper() and n == 1 and sizes[c] != 1]:
            done_x[i] = broadcast_to(x, [sizes[c] if c in c_upper else n for c, n in zip(part, x.shape, strict=True)])
    return done_x, done_p


# ---- convolution and pooling


def _last(inputs: Any, data_format: str | None) -> tuple[Tensor, bool]:
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueProblem(f"data_format {data_format!r}", "'channels_last' or 'channels_first'", "name one of these")
    x = as_tensor(inputs)
    first = data_format == "channels_first"
    return (moveaxis(x, 1, -1) if first else x), first


def conv(inputs: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", data_format: str | None = None, dilation_rate: Any = 1) -> Tensor:
    """Convolution (a cross-correlation) in as many dimensions as the kernel has (``keras.ops.conv``).

    Args:
        inputs: (batch, *sizes, channels). kernel: (*window, channels in / groups, channels out); the
            number of groups follows from the two. strides, dilation_rate: a number or one an axis.
        padding: ``"valid"``, ``"same"``, or pairs (before, after), one an axis.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    >>> ops.conv(ops.ones((1, 28, 28, 192)), ops.ones((5, 5, 192, 32)), padding="same").shape
    (1, 28, 28, 32)
    """
    x, first = _last(inputs, data_format)
    k = as_tensor(kernel)
    groups = x.shape[-1] // k.shape[-2] if x.ndim and k.ndim > 1 and k.shape[-2] else 1
    out = convolution.conv_record(x, k, strides=freeze(strides), padding=freeze(padding), dilation=freeze(dilation_rate), groups=builtin_max([groups, 1]))
    return moveaxis(out, -1, 1) if first else out


def depthwise_conv(inputs: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", data_format: str | None = None, dilation_rate: Any = 1) -> Tensor:
    """Each channel with its own kernels; kernel: (*window, channels, multiplier) (``keras.ops.depthwise_conv``).

    >>> ops.depthwise_conv(ops.ones((1, 4, 4, 3)), ops.ones((2, 2, 3, 2))).shape
    (1, 3, 3, 6)
    """
    x, first = _last(inputs, data_format)
    k = as_tensor(kernel)
    c, m = k.shape[-2:]
    flat = reshape(k, (*k.shape[:-2], 1, c * m))
    out = convolution.conv_record(x, flat, strides=freeze(strides), padding=freeze(padding), dilation=freeze(dilation_rate), groups=c)
    return moveaxis(out, -1, 1) if first else out


def separable_conv(inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = 1, padding: Any = "valid", data_format: str | None = None, dilation_rate: Any = 1) -> Tensor:
    """`depthwise_conv`, then a convolution over single places that mixes channels (``keras.ops.separable_conv``).

    >>> ops.separable_conv(ops.ones((1, 4, 4, 3)), ops.ones((2, 2, 3, 1)), ops.ones((1, 1, 3, 5))).shape
    (1, 3, 3, 5)
    """
    deep = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(deep, pointwise_kernel, 1, "valid", data_format)


def conv_transpose(
    inputs: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", output_padding: Any = None, data_format: str | None = None, dilation_rate: Any = 1
) -> Tensor:
    """Each entry spread by the kernel and added: the transpose of `conv` (``keras.ops.conv_transpose``).

    Args:
        inputs: (batch, *sizes, channels). kernel: (*window, channels out, channels in), as Keras has it.
        output_padding: entries added to the output's end, to choose among the sizes that `conv` maps to
            the input's; default: the largest for ``"same"``, and for ``"valid"``.

    >>> ops.conv_transpose(ops.ones((1, 4, 4, 3)), ops.ones((2, 2, 5, 3)), strides=2).shape
    (1, 8, 8, 5)
    """
    x, first = _last(inputs, data_format)
    k = as_tensor(kernel)
    rank = x.ndim - 2
    if rank < 1 or k.ndim != x.ndim or k.shape[-1] != x.shape[-1]:
        raise ShapeError(f"an input of shape {x.shape} and a kernel of shape {k.shape}", "(batch, *sizes, channels) and (*window, channels out, channels in)", "check the channel axes")
    steps = convolution.spread(freeze(strides), rank, "strides")
    holes = convolution.spread(freeze(dilation_rate), rank, "dilation_rate")
    more = (None,) * rank if output_padding is None else (output_padding,) * rank if isinstance(output_padding, int) else tuple(output_padding)
    if padding not in ("valid", "same"):
        raise ValueProblem(f"padding {padding!r}", "'valid' or 'same'", "name one of these")
    sizes, pads = [], []
    for n, w, s, d, extra in zip(x.shape[1:-1], k.shape[:-2], steps, holes, more, strict=True):
        reach = (w - 1) * d + 1
        if padding == "valid":
            size = n * s + builtin_max([reach - s, 0]) if extra is None else (n - 1) * s + reach + extra
            pads.append((0, 0))
        else:
            size = n * s if extra is None else (n - 1) * s + reach - 2 * (reach // 2) + extra
            total = builtin_max([(n - 1) * s + reach - size, 0])
            pads.append((total // 2, total - total // 2) if extra is None else (reach // 2, builtin_max([total - reach // 2, 0])))
        sizes.append(size)
    out = convolution.conv_transpose_record(x, k, sizes=tuple(sizes), strides=steps, padding=tuple(pads), dilation=holes, groups=1)
    return moveaxis(out, -1, 1) if first else out


def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None) -> Tensor:
    """The largest entry of each window, the first at a tie; padding never wins (``keras.ops.max_pool``).

    Args:
        inputs: (batch, *sizes, channels). pool_size: a number or one an axis. strides: default pool_size.

    >>> ops.max_pool(ops.reshape(ops.arange(4.0), (1, 4, 1)), 2).tolist()
    [[[1.0], [3.0]]]
    """
    x, first = _last(inputs, data_format)
    out = pooling.max_pool_record(x, pool_size=freeze(pool_size), strides=freeze(strides), padding=freeze(padding))
    return moveaxis(out, -1, 1) if first else out


def average_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None) -> Tensor:
    """The mean of each window; padding is not counted (``keras.ops.average_pool``).

    >>> ops.average_pool(ops.reshape(ops.arange(4.0), (1, 4, 1)), 2).tolist()
    [[[0.5], [2.5]]]
    """
    x, first = _last(inputs, data_format)
    out = pooling.average_pool_record(x, pool_size=freeze(pool_size), strides=freeze(strides), padding=freeze(padding))
    return moveaxis(out, -1, 1) if first else out


# ---- normalisation and cross entropies


def layer_normalization(x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None) -> Tensor:
    """x less its mean over its standard deviation along `axis`, scaled and moved (``keras.ops.layer_normalization``).

    >>> ops.layer_normalization([1.0, 3.0], epsilon=0.0)
    tensor([-1.,  1.])
    """
    x = as_tensor(x)
    axes = normal_axes(freeze(axis), x.ndim)
    gamma, beta = (None if v is None else _fitted(as_tensor(v), x, axes) for v in (gamma, beta))
    return composite.layer_normalization_record(x, 1.0 if gamma is None else gamma, 0.0 if beta is None else beta, axis=axes, epsilon=1e-3 if epsilon is None else epsilon)


def _fitted(v: Tensor, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return reshape(v, [x.shape[i] if i in axes else 1 for i in range(x.ndim)]) if v.ndim else v


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Tensor:
    """x over the root of its mean square along `axis`, scaled (``keras.ops.rms_normalization``; arXiv:1910.07467).

    >>> ops.rms_normalization([3.0, 3.0], epsilon=0.0)
    tensor([1., 1.])
    """
    x = as_tensor(x)
    axes = normal_axes(freeze(axis), x.ndim)
    fitted = 1.0 if scale is None else _fitted(as_tensor(scale), x, axes)
    return composite.rms_normalization_record(x, fitted, axis=axes, epsilon=1e-6 if epsilon is None else epsilon)


def _same_shape(target: Tensor, output: Tensor) -> None:
    if target.shape != output.shape:
        raise ShapeError(f"a target of shape {target.shape} and an output of shape {output.shape}", "equal shapes", "reshape the target, e.g. add an axis with expand_dims")


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """-(t log p + (1-t) log(1-p)), entry by entry; p is cut to 1e-7 and 1 - 1e-7 (``keras.ops.binary_crossentropy``).

    Args:
        from_logits: `output` is x with p = sigmoid(x), and nothing is cut.

    >>> ops.binary_crossentropy([1.0], [0.0], from_logits=True)
    tensor([0.6931472])
    """
    target, output = as_tensor(target), as_tensor(output)
    _same_shape(target, output)
    return composite.binary_crossentropy_record(target, output, from_logits=from_logits)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """-sum(t log p) along `axis`; probabilities are scaled to sum to 1 and cut (``keras.ops.categorical_crossentropy``).

    Args:
        from_logits: `output` is x with p = softmax(x), and nothing is cut.

    >>> ops.categorical_crossentropy([[1.0, 0.0]], [[0.0, 0.0]], from_logits=True)
    tensor([0.6931472])
    """
    target, output = as_tensor(target), as_tensor(output)
    _same_shape(target, output)
    return composite.categorical_crossentropy_record(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """-log p at each label (``keras.ops.sparse_categorical_crossentropy``).

    >>> ops.sparse_categorical_crossentropy([0], [[0.0, 0.0]], from_logits=True)
    tensor([0.6931472])
    """
    return composite.sparse_categorical_crossentropy_record(target, output, from_logits=from_logits, axis=axis)


def normalize(x: Any, axis: int = -1, order: Any = 2, epsilon: float | None = None) -> Tensor:
    """x over its norm along `axis`, never less than `epsilon` (``keras.ops.normalize``).

    >>> ops.normalize([3.0, 4.0])
    tensor([0.6, 0.8])
    """
    x = as_tensor(x)
    small = 1e-7 if epsilon is None else epsilon
    return x / elementwise.maximum(reduction.norm(x, ord=order, axis=axis, keepdims=True), small)


# ---- small combinations


def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """x1 / x2, and 0 where x2 is 0 (``keras.ops.divide_no_nan``).

    >>> ops.divide_no_nan([1.0, 2.0], [0.0, 4.0])
    tensor([0. , 0.5])
    """
    x2 = as_tensor(x2)
    zero = x2 == 0
    quotient = elementwise.divide(x1, where(zero, ones_like(x2), x2))
    return where(zero, zeros_like(quotient), quotient)  # type: ignore[no-any-return]


def log_mean_exp(x: Any, axis: Any = None) -> Tensor:
    """log(mean(exp(x))) without overflow.

    >>> ops.log_mean_exp([1000.0, 1000.0])
    tensor(1000.0)
    """
    x = as_tensor(x)
    return reduction.logsumexp(x, axis=axis) - math.log(reduction.count_of(x.shape, axis))


def rad2deg(x: Any) -> Tensor:
    """Radians as degrees (``keras.ops.rad2deg``).

    >>> ops.rad2deg([0.0])
    tensor([0.])
    """
    return elementwise.multiply(x, 180.0 / math.pi)


def deg2rad(x: Any) -> Tensor:
    """Degrees as radians (``keras.ops.deg2rad``).

    >>> ops.deg2rad([0.0])
    tensor([0.])
    """
    return elementwise.multiply(x, math.pi / 180.0)


def diff(a: Any, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along `axis`, `n` times (``keras.ops.diff``).

    >>> ops.diff([1.0, 4.0, 9.0])
    tensor([3., 5.])
    """
    a = as_tensor(a)
    head = (slice(None),) * normal_axis(axis, a.ndim)
    for _ in range(n):
        a = a[(*head, slice(1, None))] - a[(*head, slice(None, -1))]
    return a


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """x above the threshold, `default_value` elsewhere (``keras.ops.threshold``).

    >>> ops.threshold([1.0, 3.0], 2.0, 0.0)
    tensor([0., 3.])
    """
    x = as_tensor(x)
    return where(x > threshold, x, default_value)  # type: ignore[no-any-return]


__all__ = [
    "allclose",
    "amax",
    "amin",
    "append",
    "arange",
    "argsort",
    "array",
    "average",
    "average_pool",
    "binary_crossentropy",
    "broadcast_to",
    "cast",
    "categorical_crossentropy",
    "concatenate",
    "conv",
    "conv_transpose",
    "convert_to_numpy",
    "convert_to_tensor",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "deg2rad",
    "depthwise_conv",
    "diag",
    "diagonal",
    "diff",
    "divide_no_nan",
    "dot",
    "dtype",
    "einsum",
    "empty",
    "empty_like",
    "expand_dims",
    "eye",
    "flip",
    "full",
    "full_like",
    "gather",
    "get_item",
    "hstack",
    "identity",
    "inner",
    "is_tensor",
    "isclose",
    "layer_normalization",
    "linspace",
    "log_mean_exp",
    "max",
    "max_pool",
    "meshgrid",
    "min",
    "moments",
    "moveaxis",
    "nan_to_num",
    "ndim",
    "nonzero",
    "normalize",
    "one_hot",
    "ones",
    "ones_like",
    "outer",
    "pad",
    "ptp",
    "rad2deg",
    "ravel",
    "repeat",
    "reshape",
    "rms_normalization",
    "roll",
    "scatter",
    "scatter_add",
    "scatter_update",
    "separable_conv",
    "shape",
    "size",
    "slice_update",
    "sort",
    "sparse_categorical_crossentropy",
    "split",
    "stack",
    "swapaxes",
    "take",
    "take_along_axis",
    "tensordot",
    "threshold",
    "tile",
    "top_k",
    "trace",
    "transpose",
    "tril",
    "triu",
    "unstack",
    "vdot",
    "vstack",
    "where",
    "zeros",
    "zeros_like",
]
