"""Functions of complex numbers, for real ones; and functions of the caller's, applied along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import array_api, ops
from ..core.errors import ShapeError
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor, constant


def angle(z: Any, deg: bool = False) -> Tensor:
    """Return the angle in the complex plane (``numpy.angle``)."""
    x = as_tensor(z)
    radians = constant(np.angle(array_api.complex_values(x, "angle"))) if x.dtype.kind == "c" else ops.angle(x)
    return ops.rad2deg(radians) if deg else radians


def iscomplex(x: Any) -> Tensor:
    """Return whether entries have an imaginary part (``numpy.iscomplex``)."""
    return ops.not_equal(array_api.imag(x), 0)


def real_if_close(a: Any, tol: Any = 100) -> Tensor:
    """Return the real part of complex numbers that are nearly real; real ones as they are (``numpy.real_if_close``)."""
    x = as_tensor(a)
    if x.dtype.kind != "c":
        return x
    return constant(np.real_if_close(array_api.complex_values(x, "real_if_close"), tol))


def isreal(x: Any) -> Tensor:
    """Return whether entries have no imaginary part (``numpy.isreal``)."""
    return ops.equal(array_api.imag(x), 0)


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Tensor:
    """Apply a function to each vector along an axis (``numpy.apply_along_axis``)."""
    x = as_tensor(arr)
    axis %= x.ndim
    rows = ops.moveaxis(x, axis, -1)
    outer = rows.shape[:-1]
    results = [as_tensor(func1d(rows[i], *args, **kwargs)).cast_weak() for i in np.ndindex(*outer)]
    if not results:
        raise ShapeError(f"no vectors along axis {axis} of shape {x.shape}", "at least one", "check the shape")
    joined = ops.reshape(ops.stack(results), (*outer, *results[0].shape))
    inner = list(range(len(outer), joined.ndim))
    return ops.moveaxis(joined, inner, [axis + i for i in range(len(inner))])


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Tensor:
    """Apply a function of a tensor and an axis over several axes (``numpy.apply_over_axes``)."""
    x = as_tensor(a)
    for axis in np.atleast_1d(axes).tolist():
        axis %= x.ndim
        result = as_tensor(func(x, axis))
        x = result if result.ndim == x.ndim else ops.expand_dims(result, axis)
    return x
