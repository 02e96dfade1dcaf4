"""Choose, search and compare: entries by index or condition, sets, and what is answered by indices and booleans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import array_api, ops
from ..core import arguments
from ..core.errors import ImmutableError, IndexProblem, ShapeError
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor, constant
from ..tensors.tree import map as map_leaves
from ..tensors.variable import Variable

# ---- by index


def take(a: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Tensor:
    """Return the slices at indices (``numpy.take``)."""
    x = as_tensor(a)
    if axis is None:
        x, axis = ops.ravel(x), 0
    return ops.take(x, _inside(indices, x.shape[axis], mode), axis=axis)


def _inside(indices: Any, size: int, mode: str) -> Tensor:
    """Return indices brought into the range 0 to size - 1 as `mode` says."""
    arguments.one_of(("raise", "wrap", "clip"), mode=mode)
    index = as_tensor(indices).cast_weak()
    if mode == "wrap":
        return ops.mod(index, size)
    return ops.clip(index, 0, size - 1) if mode == "clip" else index


def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Tensor:
    """Return for each position the entry at its index along an axis (``numpy.take_along_axis``)."""
    x, index = as_tensor(arr), as_tensor(indices)
    if axis is None:
        return ops.take_along_axis(ops.ravel(x), index, axis=0)
    return array_api.take_along_axis(x, index, axis=axis)


def choose(a: Any, choices: Any, mode: str = "raise") -> Tensor:
    """Return for each entry that of the choice with its number (``numpy.choose``)."""
    options = [as_tensor(choice) for choice in choices]
    index = _inside(a, len(options), mode)
    if mode == "raise" and not index.symbolic and index.size:
        low, high = int(index.numpy().min()), int(index.numpy().max())
        if low < 0 or high >= len(options):
            raise IndexProblem(f"choices numbered {low} to {high}", f"0 to {len(options) - 1}", "pass mode='clip'")
    result = ops.zeros_like(options[0])
    result = ops.where(index == 0, options[0], result)
    for number, option in enumerate(options[1:], 1):
        result = ops.where(index == number, option, result)
    return result


def compress(condition: Any, a: Any, axis: Any = None) -> Tensor:
    """Return the slices for which a vector of conditions holds (``numpy.compress``)."""
    row = as_tensor(condition)
    if row.ndim != 1:
        raise ShapeError(f"a condition of shape {row.shape}", "one axis", "flatten it, or index with the mask")
    return ops.take(a, np.flatnonzero(row.numpy()).astype(np.int32), axis=axis)


def extract(condition: Any, arr: Any) -> Tensor:
    """Return the entries for which a condition holds, as a vector (``numpy.extract``)."""
    return compress(ops.ravel(condition), arr)


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Tensor:
    """Apply to each entry the function of the last condition that holds (``numpy.piecewise``)."""
    entries = as_tensor(x).cast_weak()
    conditions = [as_tensor(c) for c in _condition_list(condlist, entries)]
    if len(funclist) not in (len(conditions), len(conditions) + 1):
        passed = f"{len(funclist)} functions for {len(conditions)} conditions"
        raise ShapeError(passed, "one for each, and perhaps one for the other entries", "pass as many")
    masks = [np.broadcast_to(c.numpy().astype(bool), entries.shape) for c in conditions]
    if len(funclist) == len(masks) + 1:
        masks.append(~np.logical_or.reduce(masks))
    flat, result = ops.ravel(entries), ops.zeros_like(ops.ravel(entries))
    for mask, function in zip(masks, funclist, strict=True):
        rows = np.flatnonzero(mask).astype(np.int32)
        if rows.size:
            part = function(ops.take(flat, rows), *args, **kw) if callable(function) else function
            values = ops.broadcast_to(as_tensor(part).cast_to(flat.dtype), (rows.size,))
            result = ops.scatter_update(result, rows[:, None], values)
    return ops.reshape(result, entries.shape)


def _condition_list(condlist: Any, x: Tensor) -> list[Any]:
    """Return a list of conditions; one alone may be passed without a list."""
    first = condlist[0] if not isinstance(condlist, bool) else condlist
    if isinstance(condlist, bool) or (np.ndim(first) == 0 and x.ndim != 0):
        return [condlist]
    return list(condlist)


def clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Tensor:
    """Clip to bounds, either of which may be left out (``numpy.clip``)."""
    low, high = a_min if min is None else min, a_max if max is None else max
    return array_api.clip(as_tensor(a).cast_weak(), low, high)


# ---- search


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Tensor:
    """Return the positions in a sorted vector (``numpy.searchsorted``)."""
    return ops.searchsorted(a if sorter is None else ops.take(a, sorter), v, side)


def digitize(x: Any, bins: Any, right: bool = False) -> Tensor:
    """Return the bin of each entry; bins may rise or fall (``numpy.digitize``)."""
    edges = as_tensor(bins)
    side = "left" if right else "right"
    if not edges.symbolic and edges.size > 1 and (np.diff(edges.numpy()) <= 0).all() and edges[0] > edges[-1]:
        return edges.shape[0] - ops.searchsorted(ops.flip(edges), x, side)
    return ops.searchsorted(edges, x, side)


def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Tensor, ...]:
    """Convert indices into a flattened shape to indices along each axis (``numpy.unravel_index``)."""
    arguments.one_of(("C", "F"), order=order)
    sizes = tuple(np.atleast_1d(shape).tolist())
    return ops.unravel_index(indices, sizes) if order == "C" else ops.unravel_index(indices, sizes[::-1])[::-1]


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Tensor:
    """Return whether shapes and entries are equal (``numpy.array_equal``)."""
    a, b = as_tensor(a1), as_tensor(a2)
    if a.shape != b.shape:
        return constant(np.asarray(False))
    same = ops.equal(a, b)
    return ops.all(same | (ops.isnan(a) & ops.isnan(b)) if equal_nan else same)


def array_equiv(a1: Any, a2: Any) -> Tensor:
    """Return whether entries are equal where shapes are broadcast (``numpy.array_equiv``)."""
    a, b = as_tensor(a1), as_tensor(a2)
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return constant(np.asarray(False))
    return ops.all(ops.equal(a, b))


# ---- sets, for tensors with a value


def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: Any = None,
    equal_nan: bool = True,
) -> Any:  # fmt: skip
    """Return the distinct entries in ascending order; gradients reach the first of each (``numpy.unique``)."""
    x = as_tensor(ar).cast_weak()
    _, first, inverse, counts = np.unique(x.numpy(), True, True, True, axis=axis, equal_nan=equal_nan)
    values = ops.take(x, first.astype(np.int32), axis=axis)
    optional = ((return_index, first), (return_inverse, inverse), (return_counts, counts))
    results = (values, *[constant(a.astype(np.int32)) for requested, a in optional if requested])
    return results if len(results) > 1 else values


def union1d(ar1: Any, ar2: Any) -> Tensor:
    """Return the distinct entries of both (``numpy.union1d``)."""
    return unique(ops.concatenate([ar1, ar2], axis=None))


def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """Return the distinct entries that are in both; gradients reach the first array (``numpy.intersect1d``)."""
    x, y = ops.ravel(ar1), ops.ravel(ar2)
    _, first, second = np.intersect1d(x.numpy(), y.numpy(), assume_unique, return_indices=True)
    values = ops.take(x, first.astype(np.int32))
    return (values, *[constant(i.astype(np.int32)) for i in (first, second)]) if return_indices else values


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Tensor:
    """Return the entries of the first that are not in the second (``numpy.setdiff1d``)."""
    x = ops.ravel(ar1) if assume_unique else unique(ar1)
    return compress(ops.isin(x, ar2, invert=True), x)


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Tensor:
    """Return the entries that are in one of both only (``numpy.setxor1d``)."""
    x, y = (ops.ravel(a) if assume_unique else unique(a) for a in (ar1, ar2))
    both = ops.sort(ops.concatenate([x, y]))
    row = both.numpy()
    ends = np.concatenate([[True], row[1:] != row[:-1], [True]])
    return compress(ends[1:] & ends[:-1], both)


# ---- answers that have no derivative: computed by NumPy on the values


def values_of(x: Any) -> Any:
    """Return the array of a tensor or a variable, anything else unchanged."""
    return x.numpy() if isinstance(x, Tensor | Variable) else x


def by_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that NumPy computes on the values; arrays in its result become constants, indices int32."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return _as_constants(function(*map_leaves(values_of, args), **map_leaves(values_of, kwargs)))

    return call


def _as_constants(result: Any) -> Any:
    if isinstance(result, tuple | list):
        return type(result)(map(_as_constants, result))
    if not isinstance(result, np.ndarray | np.generic):
        return result
    array = np.asarray(result)
    return constant(array.astype(np.int32) if array.dtype == np.int64 else array)


def into_array(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that writes into an array of NumPy's; tensors among the values leave the graph, as in a[:] = t.

    Raises:
        ImmutableError: where a tensor would be written into.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        target = args[0] if args else next(iter(kwargs.values()))
        if isinstance(target, Tensor | Variable):
            passed = f"numpy.{function.__name__} into a tensor"
            mend = "use np.where or chainrule.ops.scatter_update, which return a new tensor"
            raise ImmutableError(passed, "no change in place: tensors are immutable", mend)
        return function(*map_leaves(_array_of, args), **map_leaves(_array_of, kwargs))

    return call


def _array_of(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, Tensor | Variable) else x


def ix_(*args: Any) -> tuple[Tensor, ...]:
    """Return index vectors, each along an axis of its own (``numpy.ix_``)."""
    grid: tuple[Tensor, ...] = by_values(np.ix_)(*args)
    return grid
