"""Lists, tuples and dictionaries of tensors: flat for a reading, and put together again for the user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from .tensor import Tensor, Variable

Build = Callable[[list[Any]], Any]


def flatten(x: Any, numbers: bool = True) -> tuple[list[Any], Build]:
    """The leaves inside `x`, and a function that puts others in their places.

    With `numbers` a list of numbers, nested or not, is one leaf, since it stands for an array; without, every list is
    opened.
    """
    if isinstance(x, dict):
        parts = [flatten(v, numbers) for v in x.values()]
        keys = list(x)
        return [t for p in parts for t in p[0]], lambda flat: dict(zip(keys, regroup(parts, flat), strict=True))
    if isinstance(x, list | tuple) and (not numbers or _holds_leaves(x)):
        parts = [flatten(v, numbers) for v in x]
        kind = type(x) if type(x) in (list, tuple) else list
        return [t for p in parts for t in p[0]], lambda flat: kind(regroup(parts, flat))
    return [x], lambda flat: flat[0]


def leaves(x: Any) -> list[Any]:
    """The leaves inside `x`, every list opened and ``None`` left out."""
    if isinstance(x, dict | list | tuple):
        return [leaf for v in (x.values() if isinstance(x, dict) else x) for leaf in leaves(v)]
    return [] if x is None else [x]


def _holds_leaves(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(map(_holds_leaves, x))
    return isinstance(x, Tensor | Variable | np.ndarray | dict)


def regroup(parts: list[Any], flat: list[Any]) -> list[Any]:
    """Each part built from its share of `flat`, in order."""
    rest = iter(flat)
    return [build([next(rest) for _ in leaves]) for leaves, build in parts]


def plain(x: Any) -> Any:
    """Plain data that any JSON reader takes: records as dictionaries, large arrays in summary, nan as text."""
    if isinstance(x, np.ndarray | np.generic):
        array = np.asarray(x)
        if array.size <= 64:
            return plain(array.tolist())
        return {"shape": list(array.shape), **{k: plain(float(getattr(array, k)())) for k in ("mean", "min", "max")}}
    if isinstance(x, float) and not np.isfinite(x):
        return str(x)
    if isinstance(x, list | tuple):
        return [plain(v) for v in x]
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    return plain(x.__dict__) if is_dataclass(x) else x
