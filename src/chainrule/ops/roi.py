"""Regions of interest, channels last: pooling takes the largest entries, align and warp interpolate between entries.

A record takes the features (batch, height, width, channels), the boxes and, unless these are (batch, k, 4), the
index of each box's image. A box is (x1, y1, x2, y2); times `spatial_scale` it is in entries of the features.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core import memory
from ..core.errors import DTypeError, ShapeError
from ..core.messages import LazyMessage
from ..graph import Spec, promote_specs, spec_of
from .calls import Composite
from .record import Cost, Operation
from .resampling import round_half_away
from .rules import loop_batch, times
from .sample import Draw, Sample

_FAR = 2.0**29  # beyond any feature map, exact in every float dtype of boxes, and twice it a 32-bit integer


def _roi_casts(specs: tuple[Spec, ...], floating: bool = True) -> tuple[Any, ...]:
    """Cast boxes to at least float32, for half precision is too coarse for them, and features to a float dtype."""
    for images in specs[2:]:
        if images.dtype.kind not in "iu":
            raise DTypeError(f"box_images of dtype {images.dtype.name}", "whole numbers", "cast them to int32")
    boxes = promote_specs(specs[1:2], floating=True)
    boxes = boxes if boxes.itemsize >= 4 else np.dtype("float32")
    return (promote_specs(specs[:1], floating=floating), boxes, *[promote_specs((s,)) for s in specs[2:]])


def _roi_shape(shapes: list[tuple[Any, ...]], output_size: tuple[int, int]) -> tuple[Any, ...]:
    """Check the shapes and return the result's: the boxes' axes, the bins, the channels."""
    features, boxes = shapes[:2]
    if len(features) != 4 or 0 in features[1:3]:
        passed = f"features of shape {features}"
        raise ShapeError(passed, "(batch, height, width, channels), not empty", "add the missing axis")
    has_images = len(shapes) == 3
    if len(boxes) != (2 if has_images else 3) or boxes[-1] != 4:
        passed = f"boxes of shape {boxes} {'with' if has_images else 'without'} box_images"
        mend = "give four coordinates for each box, and its image"
        raise ShapeError(passed, "(n, 4) with box_images (n,), or (batch, k, 4) without", mend)
    if boxes[0] != (shapes[2] if has_images else features)[0] or (has_images and len(shapes[2]) != 1):
        raise ShapeError(
            f"boxes of shape {boxes} with "
            + (f"box_images of shape {shapes[2]}" if has_images else f"{features[0]} images"),
            "one image for each box" if has_images else "one set of boxes for each image",
            "give as many as there are " + ("boxes" if has_images else "images"),
        )
    return (*boxes[:-1], *output_size, features[-1])


def round_corners(xp: Any, boxes: Any, spatial_scale: float) -> Any:
    """Round the corners to whole entries, halves away from zero as in C. Boxes that are not finite become far corners.

    ``floor(x + 0.5)`` would be wrong just below a half and for negative halves.
    """
    scaled = boxes * spatial_scale
    finite = xp.all(xp.isfinite(scaled), axis=-1, keepdims=True)
    scaled = xp.clip(xp.where(finite, scaled, -_FAR), -_FAR, _FAR)
    return round_half_away(xp, scaled)


# ---- pooling: an index without gradient, then a gather


def bin_bounds(xp: Any, boxes: Any, output_size: Any, sizes: tuple[int, int], spatial_scale: float) -> list[Any]:
    """Return where each box's bins start and end, clipped to the features: for rows and columns (boxes, bins, 2)."""
    corners = round_corners(xp, boxes, spatial_scale).astype(xp.int32)

    def along(first: Any, last: Any, bins: int, limit: int) -> Any:
        # quotient and remainder apart: the products fit into 32 bits
        quotient, remainder = xp.divmod(xp.maximum(last - first + 1, 1)[:, None], bins)
        p = xp.arange(bins, dtype=xp.int32)
        starts = first[:, None] + p * quotient + p * remainder // bins
        ends = first[:, None] + (p + 1) * quotient - (-(p + 1) * remainder // bins)
        return xp.clip(xp.stack([starts, ends], axis=-1), 0, limit)

    axes = zip((1, 0), output_size, sizes, strict=True)
    return [along(corners[:, i], corners[:, i + 2], bins, limit) for i, bins, limit in axes]


def _roi_pool_index(xp: Any, features: Any, boxes: Any, *images: Any, output_size: Any, spatial_scale: float) -> Any:
    height, width, channels = features.shape[1:]
    box_images = images[0] if images else np.repeat(memory.arange(boxes.shape[0]), boxes.shape[1])
    bins = bin_bounds(np, boxes.reshape(-1, 4), output_size, (height, width), spatial_scale)
    index = np.full((len(box_images), *output_size, channels), -1, np.int32)
    for n, (image, rows, columns) in enumerate(zip(box_images, *[b.tolist() for b in bins], strict=True)):
        for p, (top, bottom) in enumerate(rows):
            for q, (left, right) in enumerate(columns):
                if top < bottom and left < right:
                    entries = features[image, top:bottom, left:right].reshape((bottom - top) * (right - left), channels)
                    y, x = np.divmod(np.argmax(entries, axis=0), right - left)
                    index[n, p, q] = (top + y) * width + left + x
    return index.reshape(*boxes.shape[:-1], *output_size, channels)


def _roi_pool_cost(specs: tuple[Spec, ...], out: Spec, output_size: Any, **attributes: Any) -> Cost:
    """Count the comparisons for boxes as large as the features: one for each entry in each bin that contains it."""
    features = specs[0].shape
    height, width = features[1:3]
    box = np.array([[0.0, 0.0, width - 1.0, height - 1.0]])
    entries = [int((b[..., 1] - b[..., 0]).sum()) for b in bin_bounds(np, box, output_size, (height, width), 1.0)]
    sizes = (*specs[1].shape[:-1], *entries, features[-1])
    count = math.prod(sizes)
    formula = LazyMessage("at most {shape} = {count:,} comparisons", shape=times(sizes), count=count)
    return Cost(other=count, formula=formula)


_TWO_IMAGES = Draw(2, 6, 7, 3)
_BOXES = [[0.2, 0.3, 4.1, 5.2], [1.3, 2.2, 6.3, 4.8], [-3.2, 1.1, 2.7, 12.4]]
_BOXES_BY_IMAGE = [[[0.6, 1.3, 4.1, 5.8]], [[3.3, 2.2, 6.4, 4.7]]]
_ERROR_SAMPLES = [
    Sample(Draw(2, 6, 7), _BOXES, [0, 1, 1], error=ShapeError),
    Sample(_TWO_IMAGES, _BOXES, error=ShapeError),
    Sample(_TWO_IMAGES, _BOXES, [0, 1], error=ShapeError),
    Sample(_TWO_IMAGES, _BOXES_BY_IMAGE, [0, 1], error=ShapeError),
    Sample(_TWO_IMAGES, [[0.0, 1.0, 2.0]], [0], error=ShapeError),
    Sample(Draw(3, 6, 7, 1), _BOXES_BY_IMAGE, error=ShapeError),
    Sample(_TWO_IMAGES, _BOXES, [0.0, 1.0, 1.0], error=DTypeError),
]
_POOL_SAMPLES = [
    Sample(_TWO_IMAGES, _BOXES, [1, 0, 1], output_size=(2, 3)),
    Sample(_TWO_IMAGES, _BOXES_BY_IMAGE, output_size=(3, 2), spatial_scale=0.625),
    Sample([[[[1.0], [3.0]], [[3.0], [3.0]]]], [[0.0, 0.0, 1.0, 1.0], [5.0, 5.0, 6.0, 6.0]], [0, 0]),
    Sample(Draw(1, 4, 5, 2), [[3.2, 3.1, 0.7, 1.2]], [0], output_size=(2, 1)),
    Sample(Draw(1, 4, 5, 2), np.zeros((0, 4)), np.zeros(0, int), output_size=(2, 2)),
    *_ERROR_SAMPLES,
]

roi_pool_index = Operation.define(
    "roi_pool_index",
    lambda xp, features, boxes, *images, output_size=(1, 1), spatial_scale=1.0: _roi_pool_index(
        xp, features, boxes, *images, output_size=output_size, spatial_scale=spatial_scale
    ),
    spec=lambda specs, output_size, **attributes: spec_of(
        _roi_shape([s.shape for s in specs], output_size), np.dtype("int32")
    ),
    casts=lambda specs: _roi_casts(specs, floating=False),
    batch=loop_batch,
    cost=_roi_pool_cost,
    gradient_note="an index moves by whole entries, so it has no slope",
    format="roi_pool_index({0}, {1})",
    samples=_POOL_SAMPLES,
    doc="The index of each bin's largest entry among the image's flattened entries, the first at a tie, as int32; "
    "-1 for an empty bin. A nan wins, so that it is seen.\n\n"
    ">>> ops.roi.roi_pool_index([[[[1.0], [5.0], [5.0]]]], [[0.0, 0.0, 2.0, 0.0]], [0]).tolist()\n"
    "[[[[1]]]]",
)


def _image_index(xp: Any, features: Any, images: tuple[Any, ...], rank: int) -> Any:
    """Return the index of each box's image, with axes of size 1 to broadcast with an index array of `rank` axes."""
    index = images[0] if images else xp.arange(features.shape[0])
    return xp.reshape(index, (-1,) + (1,) * (rank - 1))


def _roi_pool(
    xp: Any, features: Any, boxes: Any, *images: Any, output_size: Any = (1, 1), spatial_scale: float = 1.0
) -> Any:
    index = xp.roi_pool_index(features, boxes, *images, output_size=output_size, spatial_scale=spatial_scale)
    batch, height, width, channels = features.shape
    flat = xp.reshape(features, (batch, height * width, channels))
    key = (_image_index(xp, features, images, index.ndim), xp.maximum(index, 0), xp.arange(channels))
    return xp.where(index < 0, 0, xp.get_item(flat, key))


roi_pool_record = Composite.define(
    "roi_pool",
    _roi_pool,
    casts=lambda specs: _roi_casts(specs, floating=False),
    gradient_note="RoI pooling routes each bin's gradient to its largest entry (the first at a tie), none to the boxes",
    format="roi_pool({0}, {1})",
    samples=_POOL_SAMPLES,
    doc="RoI pooling by frozen arguments.",
)

# ---- align and warp: each bin is a weighted sum of entries, the weight a product of one along each axis


def sample_weights(
    xp: Any, start: Any, size: Any, limit: int, bins: int, samples: int, offset: float, margin: float, counts: bool
) -> tuple[Any, Any]:
    """Return the entries that each bin reads along an axis, (boxes, bins, 2 samples), and their weights.

    A sample up to `margin` outside the features is moved to the border; beyond that it counts 0. With `counts`, a box
    has ceil(size / bins) samples in each bin, at most `samples`.
    """
    start, step = xp.reshape(start, (*start.shape, 1, 1)), xp.reshape(size / bins, (*size.shape, 1, 1))
    sample = memory.arange(samples, dtype=start.dtype)
    count = xp.ceil(step) if counts else samples
    divisor = xp.where(count > 0, count, 1) if counts else samples
    at = start + step * (memory.arange(bins, dtype=start.dtype)[:, None] + (sample + offset) / divisor)
    used = xp.logical_and(at >= -margin, at <= limit - 1 + margin)
    used = xp.logical_and(used, sample < count) if counts else used
    at = xp.clip(xp.where(used, at, 0), 0, limit - 1)
    low = xp.minimum(xp.floor(at), max(limit - 2, 0))
    fraction, weight = at - low, xp.cast(used, at.dtype) / divisor
    index = xp.concatenate([low, xp.minimum(low + 1, limit - 1)], axis=-1)
    return xp.cast(index, "int32"), xp.concatenate([(1 - fraction) * weight, fraction * weight], axis=-1)


def _weighted_sum(xp: Any, features: Any, images: tuple[Any, ...], down: Any, across: Any) -> Any:
    """Sum the entries of each bin by the product of their weights; `down` and `across` are from `sample_weights`."""
    (ys, weights_y), (xs, weights_x) = down, across
    prefix, (p, a), (q, b) = ys.shape[:-2], ys.shape[-2:], xs.shape[-2:]
    rows, columns = xp.reshape(ys, (*prefix, p * a, 1)), xp.reshape(xs, (*prefix, 1, q * b))
    entries = xp.get_item(features, (_image_index(xp, features, images, rows.ndim), rows, columns))
    entries = xp.reshape(entries, (*prefix, p, a, q, b, features.shape[-1]))
    weights_y, weights_x = xp.cast(weights_y, features.dtype), xp.cast(weights_x, features.dtype)
    return xp.einsum("...paqbc,...pa,...qb->...pqc", entries, weights_y, weights_x)


def box_extent(xp: Any, boxes: Any, spatial_scale: float, aligned: bool) -> tuple[Any, Any, Any, Any]:
    """Return each box's (top, left, height, width) in entries, as RoI align measures it."""
    corners = boxes * spatial_scale - (0.5 if aligned else 0.0)
    left, top, right, bottom = [corners[..., i] for i in range(4)]
    height, width = bottom - top, right - left
    return (top, left, height, width) if aligned else (top, left, xp.maximum(height, 1), xp.maximum(width, 1))


def _roi_align(
    xp: Any, features: Any, boxes: Any, *images: Any, output_size: Any = (1, 1), spatial_scale: float = 1.0,
    sampling_ratio: Any = 2, aligned: bool = True,
) -> Any:  # fmt: skip
    _roi_shape([features.shape, boxes.shape, *[i.shape for i in images]], output_size)
    counts = isinstance(sampling_ratio, tuple)
    samples = sampling_ratio if counts else (sampling_ratio, sampling_ratio)
    top, left, height, width = box_extent(xp, boxes, spatial_scale, aligned)
    down = sample_weights(xp, top, height, features.shape[1], output_size[0], samples[0], 0.5, 1.0, counts)
    across = sample_weights(xp, left, width, features.shape[2], output_size[1], samples[1], 0.5, 1.0, counts)
    return _weighted_sum(xp, features, images, down, across)


_ALIGN_SAMPLES = [
    Sample(_TWO_IMAGES, _BOXES, [1, 0, 1], output_size=(2, 3)),
    Sample(_TWO_IMAGES, _BOXES_BY_IMAGE, output_size=(3, 2), spatial_scale=0.625, sampling_ratio=3),
    Sample(Draw(1, 1, 5, 2), [[0.9, -0.3, 3.2, 0.6]], [0], output_size=(1, 2), sampling_ratio=1),
    Sample(Draw(1, 4, 5, 2), [[3.6, 3.1, 0.9, 1.2], [20.1, 0.2, 30.4, 3.3]], [0, 0], output_size=(2, 1)),
    Sample(Draw(1, 4, 5, 2), np.zeros((0, 4)), np.zeros(0, int), output_size=(2, 2)),
    *_ERROR_SAMPLES,
]

roi_align_record = Composite.define(
    "roi_align",
    _roi_align,
    casts=_roi_casts,
    gradient_note="RoI align shares each bin's gradient among the entries around its samples, and moves the boxes "
    "by the differences between those",
    format="roi_align({0}, {1})",
    samples=[
        *_ALIGN_SAMPLES,
        Sample(_TWO_IMAGES, _BOXES, [1, 0, 1], output_size=(2, 3), aligned=False),
        Sample(_TWO_IMAGES, _BOXES, [1, 0, 1], output_size=(2, 3), sampling_ratio=(6, 3)),
    ],
    doc="RoI align by frozen arguments. A pair for `sampling_ratio` is the largest number that a box needs along each "
    "axis; each box then has ceil(size / bins) of them.",
)


def _roi_warp(
    xp: Any, features: Any, boxes: Any, *images: Any, output_size: Any = (1, 1), spatial_scale: float = 1.0,
    sampling_ratio: int = 1,
) -> Any:  # fmt: skip
    _roi_shape([features.shape, boxes.shape, *[i.shape for i in images]], output_size)
    corners = xp.stop_gradient(round_corners(xp, boxes, spatial_scale))
    left, top, right, bottom = [corners[..., i] for i in range(4)]
    height, width = xp.maximum(bottom - top, 0), xp.maximum(right - left, 0)
    down = sample_weights(xp, top, height, features.shape[1], output_size[0], sampling_ratio, 0.0, 0.5, False)
    across = sample_weights(xp, left, width, features.shape[2], output_size[1], sampling_ratio, 0.0, 0.5, False)
    return _weighted_sum(xp, features, images, down, across)


roi_warp_record = Composite.define(
    "roi_warp",
    _roi_warp,
    casts=_roi_casts,
    gradient_note="RoI warp shares each bin's gradient among the entries around its samples, none to the rounded boxes",
    format="roi_warp({0}, {1})",
    samples=_ALIGN_SAMPLES,
    doc="RoI warp by frozen arguments.",
)
