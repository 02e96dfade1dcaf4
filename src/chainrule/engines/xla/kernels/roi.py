"""Kernels of RoI align, forward and backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from ....graph import CallNode, Graph, Node
from ..lower import Values
from .call import Array, call, is_gradient_by_inputs, shape_like, with_gradients, with_output
from .windows import supports_windows


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


def roi_align(values: Values, node: Node) -> Values | None:
    """Sample and average the features in each bin of each box."""
    x, boxes, *images = inputs = values.inputs_of(node)
    if not supports_windows(x) or boxes.dtype != jnp.float32 or not boxes.size:
        return None
    rows, numbers = _flat_boxes(boxes, images)
    bins = node.attributes["output_size"]
    shape = shape_like(x, len(rows), *bins, x.shape[-1])
    out = call("roi_align", shape, x, rows, numbers, **_sampling(node.attributes))
    return with_output(values, node, inputs, out.reshape(*boxes.shape[:-1], *bins, x.shape[-1]), Values)


def roi_align_gradient(values: Values, node: CallNode) -> Values | None:
    """Compute the gradient by the features; that by the boxes is computed from the body."""
    x, boxes, upstream = values.of(node.inputs[0]), values.of(node.inputs[1]), values.of(node.inputs[-1])
    body: Graph = node.body
    if not supports_windows(x, upstream) or boxes.dtype != jnp.float32 or not boxes.size:
        return None
    if not is_gradient_by_inputs(body, 2):
        return None
    assert body.derivative_of is not None
    images = [values.of(n) for n in node.inputs[2 : len(node.inputs) - len(body.derivative_of[1]) - 1]]
    rows, numbers = _flat_boxes(boxes, images)
    operands = upstream.reshape(len(rows), *upstream.shape[-3:]), rows, numbers
    by_features = call("roi_align_gradient", shape_like(x, *x.shape), *operands, **_sampling(node.attributes))
    return with_gradients(values, node, {0: by_features}, Values)
