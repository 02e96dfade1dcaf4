"""Trees: nested lists, tuples and dictionaries of tensors, flattened and built again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from .tensor import Tensor
from .variable import Variable

Unflatten = Callable[[list[Any]], Any]


def flatten(x: Any, lists_are_arrays: bool = False) -> tuple[list[Any], Unflatten]:
    """Return the leaves inside `x`, and a function that builds the same structure from other leaves.

    Args:
        lists_are_arrays: whether a list of numbers, nested or not, is one leaf, as an array is; by default every list
            is opened.

    >>> leaves, unflatten = flatten({"a": 1, "b": (2, 3)})
    >>> leaves, unflatten([10, 20, 30])
    ([1, 2, 3], {'a': 10, 'b': (20, 30)})
    """
    if isinstance(x, dict):
        parts = [flatten(v, lists_are_arrays) for v in x.values()]
        keys = list(x)
        return [t for p in parts for t in p[0]], lambda flat: dict(zip(keys, unflatten_parts(parts, flat), strict=True))
    if isinstance(x, list | tuple) and (not lists_are_arrays or _holds_leaves(x)):
        parts = [flatten(v, lists_are_arrays) for v in x]
        kind = type(x) if type(x) in (list, tuple) else list
        return [t for p in parts for t in p[0]], lambda flat: kind(unflatten_parts(parts, flat))
    return [x], lambda flat: flat[0]


def leaves(x: Any) -> list[Any]:
    """Return the leaves inside `x`, ``None`` left out.

    >>> leaves([1, {"a": None, "b": (2,)}])
    [1, 2]
    """
    if isinstance(x, dict | list | tuple):
        return [leaf for v in (x.values() if isinstance(x, dict) else x) for leaf in leaves(v)]
    return [] if x is None else [x]


def map(function: Callable[[Any], Any], x: Any) -> Any:
    """Apply a function to every leaf inside `x`, ``None`` among them, and keep the structure.

    >>> map(lambda leaf: leaf + 1, {"a": 1, "b": [2, 3]})
    {'a': 2, 'b': [3, 4]}
    """
    flat, unflatten = flatten(x)
    return unflatten([function(leaf) for leaf in flat])


def _holds_leaves(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(_holds_leaves(v) for v in x)
    return isinstance(x, Tensor | Variable | np.ndarray | dict)


def unflatten_parts(parts: list[Any], flat: list[Any]) -> list[Any]:
    """Build each part, a pair of its leaves and its `unflatten`, from its share of `flat`, in order."""
    remaining = iter(flat)
    return [unflatten([next(remaining) for _ in leaves]) for leaves, unflatten in parts]


def to_json_data(x: Any) -> Any:
    """Return data for JSON: dataclasses as dictionaries, large arrays in summary, nan and infinities as strings."""
    if isinstance(x, np.ndarray | np.generic):
        array = np.asarray(x)
        if array.size <= 64:
            return to_json_data(array.tolist())
        return {
            "shape": list(array.shape),
            **{k: to_json_data(float(getattr(array, k)())) for k in ("mean", "min", "max")},
        }
    if isinstance(x, float) and not np.isfinite(x):
        return str(x)
    if isinstance(x, list | tuple):
        return [to_json_data(v) for v in x]
    if isinstance(x, dict):
        return {k: to_json_data(v) for k, v in x.items()}
    return to_json_data(x.__dict__) if is_dataclass(x) else x
