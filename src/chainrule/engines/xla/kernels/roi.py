"""Kernels of RoI align, forward and backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from ....core.messages import LazyMessage
from ....graph import Node
from .call import Array, call, shape_like, specs_of
from .windows import other_arrays


def _flat_boxes(boxes: Array, images: Sequence[Array]) -> tuple[Array, Array]:
    """Return the boxes, of shape (boxes, 4), and the number of the image of each."""
    numbers = images[0] if images else jnp.repeat(jnp.arange(boxes.shape[0]), boxes.shape[1])
    return boxes.reshape(-1, 4), numbers.astype(jnp.int32)


def _sampling(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return how bins are sampled, as the kernels take it."""
    ratio = attributes["sampling_ratio"]
    return {
        "samples": ratio if isinstance(ratio, tuple) else (ratio, ratio),
        "adaptive": isinstance(ratio, tuple),
        "aligned": attributes["aligned"],
        "spatial_scale": float(attributes["spatial_scale"]),
    }


def roi_align(node: Node, x: Array, boxes: Array, *images: Array) -> list[Array]:
    """Sample and average the features in each bin of each box."""
    rows, numbers = _flat_boxes(boxes, images)
    bins = node.attributes["output_size"]
    shape = shape_like(x, len(rows), *bins, x.shape[-1])
    out = call("roi_align", shape, x, rows, numbers, **_sampling(node.attributes))
    return [out.reshape(*boxes.shape[:-1], *bins, x.shape[-1])]


def roi_align_gradient(node: Node, x: Array, boxes: Array, *rest: Array) -> list[Array]:
    """Compute the gradient by the features; `rest`: the numbers of the images, if there are, and the upstream."""
    *images, upstream = rest
    rows, numbers = _flat_boxes(boxes, images)
    operands = upstream.reshape(len(rows), *upstream.shape[-3:]), rows, numbers
    return [call("roi_align_gradient", shape_like(x, *x.shape), *operands, **_sampling(node.attributes))]


def other_boxes(node: Node) -> str | None:
    """Refuse boxes of another dtype, or none, and features that no kernel of windows takes."""
    x, boxes, *rest = specs_of(node)
    if boxes.dtype != jnp.float32 or not boxes.size:
        return LazyMessage("its kernel is for one box or more, in float32")
    return other_arrays([x, *rest[-1:]] if "by" in node.attributes else [x])
