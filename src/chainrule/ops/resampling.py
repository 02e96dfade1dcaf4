"""Resampling of images: resizing, and interpolation between pixels.

Resizing is a product with a small constant matrix along each axis; reading at coordinates is a gather of the
neighbours and their weighted sum. So both are graphs of other operations, from which their gradients follow.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from ..core import memory
from ..core.arguments import one_of, whole_number
from ..core.errors import DTypeError, ShapeError, ValueProblem
from ..graph import Spec, promote_specs
from .calls import Composite
from .sample import Draw, Sample

FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
ORDERS = {"nearest": 0, "bilinear": 1}

Array = np.ndarray[Any, Any]


def blending_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the float dtype in which entries of `dtype` are averaged: float32 or more, exact for 32-bit integers."""
    return np.result_type(dtype, np.float32)


def saturate_cast(xp: Any, y: Any, dtype: Any) -> Any:
    """Cast to `dtype`, for integers clipped to its range."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        y = xp.clip(y, float(info.min), float(info.max))
    return xp.cast(y, dtype)


def fill_value_array(fill_value: Any, dtype: Any) -> Array:
    """Return `fill_value` in the images' dtype; for integers without its fraction, as Keras does."""
    if isinstance(fill_value, bool) or not isinstance(fill_value, int | float):
        raise ValueProblem(f"fill_value {fill_value!r}", "a number", "give the value of a pixel")
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= fill_value <= np.iinfo(dtype).max:
        raise ValueProblem(f"fill_value {fill_value} for {dtype.name}", "a number of that type", "cast the images")
    return np.asarray(fill_value).astype(dtype)


def round_half_away(xp: Any, x: Any) -> Any:
    """Round halves away from zero, as JAX and C do; `ops.round` rounds halves to even numbers."""
    truncated = xp.trunc(x)
    return truncated + xp.trunc(2 * (x - truncated))


def _check_blendable(x: Any) -> None:
    """Check that the dtype of images is not bool."""
    if x.dtype.kind == "b":
        raise DTypeError("images of dtype bool", "numbers, which can be averaged", "use 'nearest', or cast them")


# ---- resizing


def _triangle(x: Array) -> Any:
    return np.maximum(1 - x, 0)


def _cubic(x: Array) -> Any:
    """Compute the kernel of R. Keys, Cubic convolution interpolation for digital image processing, 1981, a = -1/2."""
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(radius: int) -> Callable[[Array], Any]:
    return lambda x: np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0)


_KERNELS = {"bilinear": _triangle, "bicubic": _cubic, "lanczos3": _lanczos(3), "lanczos5": _lanczos(5)}


def _resize_matrix(old: int, new: int, interpolation: str, antialias: bool) -> Any:
    """Return the matrix (new, old) that resizes one axis: pixel i has its centre at i + 1/2; each row sums to 1.

    `antialias` widens the kernel when shrinking, so that every old pixel counts.
    """
    memory.require_array((new, old), np.float64, "a matrix that resizes an axis")
    centres = (memory.arange(new) + 0.5) * old / new - 0.5
    width = max(old / new, 1.0) if antialias else 1.0
    weights = _KERNELS[interpolation](np.abs(centres[:, None] - memory.arange(old)) / width)
    return weights / weights.sum(axis=1, keepdims=True)


def check_size(size: Any) -> None:
    """Check that `size` is (height, width), both from 1 up.

    Raises:
        ShapeError: for any other.
    """
    if not isinstance(size, tuple) or len(size) != 2 or any((whole_number(n) or 0) < 1 for n in size):
        raise ShapeError(f"the size {size!r}", "(height, width), whole numbers from 1 up", "give two such numbers")


def _resize(xp: Any, x: Any, size: Any = (1, 1), interpolation: str = "bilinear", antialias: bool = False) -> Any:
    one_of(("nearest", *_KERNELS), interpolation=interpolation)
    if x.ndim != 4 or 0 in x.shape[1:3]:
        raise ShapeError(f"images of shape {x.shape}", "(batch, height, width, channels) with pixels", "check the axes")
    check_size(size)
    (n, h, w, c), (new_h, new_w) = x.shape, size
    if interpolation == "nearest":
        for axis, old, new in ((1, h, new_h), (2, w, new_w)):  # the pixel that contains the centre
            x = xp.take(x, ((2 * memory.arange(new) + 1) * old // (2 * new)).astype(np.int32), axis=axis)
        return x
    _check_blendable(x)
    y = xp.cast(x, blending_dtype(x.dtype))
    if h != new_h:
        rows = _resize_matrix(h, new_h, interpolation, antialias).astype(y.dtype)
        y = xp.matmul(rows, xp.reshape(y, (n, h, w * c)))
    if w != new_w:
        columns = _resize_matrix(w, new_w, interpolation, antialias).astype(y.dtype)
        y = xp.matmul(columns, xp.reshape(y, (n * new_h, w, c)))
    y = xp.reshape(y, (n, new_h, new_w, c))
    return saturate_cast(xp, xp.round(y) if x.dtype.kind in "iu" else y, x.dtype)


resize_record = Composite.define(
    "resize",
    _resize,
    gradient_note="resize gives each old pixel the gradients of the new pixels, by the weights with which it went "
    "into them",
    samples=[
        Sample(Draw(2, 3, 4, 2), size=(5, 7)),
        Sample(Draw(2, 6, 5, 1), size=(3, 2)),
        Sample(Draw(1, 7, 5, 2), size=(3, 4), antialias=True),
        Sample(Draw(2, 3, 5, 2), size=(4, 5), interpolation="bicubic"),
        Sample(Draw(1, 8, 3, 1), size=(3, 2), interpolation="bicubic", antialias=True),
        Sample(Draw(1, 4, 7, 1), size=(4, 5), interpolation="lanczos3"),
        Sample(Draw(1, 9, 4, 1), size=(5, 6), interpolation="lanczos5", antialias=True),
        Sample(Draw(2, 3, 4, 2), size=(7, 3), interpolation="nearest"),
        Sample(Draw(2, 3, 4, 2, kind=256), size=(6, 8)),
        Sample(Draw(1, 3, 4, 2), size=(3, 4)),
        Sample(Draw(0, 3, 4, 2), size=(2, 2)),
        Sample(Draw(3, 4, 2), size=(2, 2), error=ShapeError),
        Sample(Draw(1, 0, 4, 2), size=(2, 2), error=ShapeError),
        Sample(Draw(1, 3, 4, 2), size=(2, 0), error=ShapeError),
        Sample(Draw(1, 3, 4, 2), size=(2, 2), interpolation="cubic", error=ValueProblem),
    ],
    doc="Images (batch, height, width, channels) in another size, as ``ops.image.resize``.",
)

# ---- interpolation at coordinates


def _neighbours(xp: Any, at: Any, order: int) -> list[tuple[Any, Any]]:
    """Return the whole coordinates next to `at`, each with its weight; in order 0 the nearest, without weight."""
    if order == 0:
        return [(round_half_away(xp, at), None)]
    low = xp.floor(at)
    return [(low, 1 - (at - low)), (low + 1, at - low)]


def _pixel_index(xp: Any, index: Any, n: int, fill_mode: str) -> Any:
    """Map whole coordinates, as floats, to indices of n pixels by the fill mode."""
    if fill_mode == "wrap":
        index = xp.mod(index, n)
    elif fill_mode in ("mirror", "reflect"):  # a triangle wave: mirror passes each edge pixel once, reflect twice
        last = 2 * n - (2 if fill_mode == "mirror" else 1)
        wave = xp.mod(index, max(2 * n - 2, 1) if fill_mode == "mirror" else 2 * n)
        index = xp.minimum(wave, last - wave)
    else:
        index = xp.clip(index, 0, n - 1)
    return xp.cast(xp.where(index >= 0, index, 0), "int32")  # nan reads pixel 0; its weights are nan


def _interpolate(xp: Any, x: Any, rows: list[Any], at: list[Any], order: int, fill_mode: str, fill_value: Any) -> Any:
    """Read x at coordinates.

    Args:
        rows: indices of the first axes.
        at: coordinates along the axes after these; of the axes after those all entries are read.
    """
    one_of(FILL_MODES, fill_mode=fill_mode)
    if 0 in x.shape[len(rows) :]:
        raise ShapeError(f"an input of shape {x.shape} to be interpolated", "at least one pixel", "check the axes")
    if order:
        _check_blendable(x)
    border = fill_value_array(fill_value, x.dtype)
    expand = (...,) + (None,) * (x.ndim - len(rows) - len(at))
    neighbours = []
    for c, n in zip(at, x.shape[len(rows) :], strict=False):
        pairs = _neighbours(xp, c, order)
        neighbours.append([(_pixel_index(xp, i, n, fill_mode), (i >= 0) & (i < n), weight) for i, weight in pairs])
    total: Any = 0
    for corner in product(*neighbours):
        value = x[(*rows, *[index for index, _, _ in corner])]
        if fill_mode == "constant":
            valid = corner[0][1]
            for _, inside, _ in corner[1:]:
                valid = valid & inside
            value = xp.where(valid[expand], value, border)
        if order == 0:
            return value
        value = xp.cast(value, blending_dtype(x.dtype))
        for _, _, weight in corner:
            value = value * weight[expand]
        total = total + value
    return saturate_cast(xp, round_half_away(xp, total) if x.dtype.kind in "iu" else total, x.dtype)


def _coordinate_dtypes(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    """Keep the images' dtype; cast coordinates to float32 or more."""
    return (promote_specs(specs[:1]), blending_dtype(promote_specs(specs[1:])))


def _map_coordinates(
    xp: Any, x: Any, coordinates: Any, order: int = 1, fill_mode: str = "constant", fill_value: float = 0
) -> Any:
    one_of((0, 1), order=order)
    if coordinates.ndim < 2 or coordinates.shape[0] != x.ndim:
        passed = f"coordinates of shape {coordinates.shape} for an input of shape {x.shape}"
        mend = "stack the coordinates along the first axis"
        raise ShapeError(passed, f"({x.ndim}, ...): for each axis of the input an array with at least one axis", mend)
    return _interpolate(xp, x, [], [coordinates[i] for i in range(x.ndim)], order, fill_mode, fill_value)


_COORDINATES = [[0.25, 1.75, -0.4, 2.3, 5.6], [1.2, -2.7, 3.6, 0.1, 9.3]]  # inside, across each edge, far outside

map_coordinates_record = Composite.define(
    "map_coordinates",
    _map_coordinates,
    casts=_coordinate_dtypes,
    gradient_note="map_coordinates gives each neighbour the gradient by its weight, and the coordinate the slope "
    "between them",
    format="map_coordinates({0}, {1})",
    samples=[
        *[Sample(Draw(3, 4), _COORDINATES, fill_mode=mode, fill_value=1.5) for mode in FILL_MODES],
        Sample(Draw(3, 4), _COORDINATES, order=0),
        Sample(Draw(5), [[0.5, 3.25]]),
        Sample(Draw(1, 2, 3), [[[0.25]], [[0.75]], [[1.5]]], fill_mode="mirror"),
        Sample(Draw(3, 4, kind=9), _COORDINATES, fill_mode="nearest"),
        Sample(Draw(3, 4), [[0.5], [0.5], [0.5]], error=ShapeError),
        Sample(Draw(3), [0.5, 0.5, 0.5], error=ShapeError),
        Sample(Draw(0, 2), [[0.5], [0.5]], error=ShapeError),
        Sample(Draw(3), [[0.5]], order=3, error=ValueProblem),
        Sample(Draw(3), [[0.5]], fill_mode="edge", error=ValueProblem),
    ],
    doc="A tensor read at coordinates between its entries, as ``ops.image.map_coordinates``.",
)


def _affine_transform(
    xp: Any, x: Any, transform: Any, interpolation: str = "bilinear", fill_mode: str = "constant", fill_value: float = 0
) -> Any:
    one_of(ORDERS, interpolation=interpolation)
    if x.ndim != 4:
        raise ShapeError(f"images of shape {x.shape}", "(batch, height, width, channels)", "check the axes")
    if transform.ndim != 2 or transform.shape[0] not in (1, x.shape[0]) or transform.shape[1] != 8:
        passed = f"a transform of shape {transform.shape} for images of shape {x.shape}"
        mend = "give [a0, a1, a2, b0, b1, b2, c0, c1] for all images, or for each"
        raise ShapeError(passed, f"(8,), or (batch, 8) with a batch of 1 or {x.shape[0]}", mend)
    n, h, w, _ = x.shape
    right, down = (memory.arange(size).astype(transform.dtype) for size in (w, h))
    down = down[:, None]
    a0, a1, a2, b0, b1, b2, c0, c1 = (transform[:, i, None, None] for i in range(8))
    k = c0 * right + c1 * down + 1
    at = [(b0 * right + b1 * down + b2) / k, (a0 * right + a1 * down + a2) / k]
    images = memory.arange(n, dtype=np.int32).reshape(n, 1, 1)
    return _interpolate(xp, x, [images], at, ORDERS[interpolation], fill_mode, fill_value)


_ROTATION = [[0.83, -0.57, 1.42, 0.62, 0.88, -0.77, 0.0, 0.0]]  # no whole coordinates, where slopes jump
_PROJECTIVE = [[1.13, 0.21, -0.94, -0.17, 0.91, 0.36, 0.01, -0.02], [0.92, -0.31, 0.45, 0.23, 1.14, -0.55, 0.0, 0.03]]

affine_transform_record = Composite.define(
    "affine_transform",
    _affine_transform,
    casts=_coordinate_dtypes,
    gradient_note="affine_transform gives each pixel the gradient by its weight, and the transform the slope "
    "between pixels",
    format="affine_transform({0}, {1})",
    samples=[
        *[Sample(Draw(2, 3, 4, 2), _ROTATION, fill_mode=mode, fill_value=0.5) for mode in FILL_MODES],
        Sample(Draw(2, 4, 3, 1), _PROJECTIVE),
        Sample(Draw(2, 4, 3, 1), _PROJECTIVE, interpolation="nearest", fill_mode="reflect"),
        Sample(Draw(1, 4, 3, 1, kind=256), _ROTATION, fill_mode="nearest"),
        Sample(Draw(4, 3, 1), _ROTATION, error=ShapeError),
        Sample(Draw(2, 4, 3, 1), [[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]], error=ShapeError),
        Sample(Draw(3, 4, 3, 1), _PROJECTIVE, error=ShapeError),
        Sample(Draw(1, 4, 3, 1), _ROTATION, interpolation="bicubic", error=ValueProblem),
    ],
    doc="Images (batch, height, width, channels) read where a transform of the plane puts their pixels, as "
    "``ops.image.affine_transform``.",
)
