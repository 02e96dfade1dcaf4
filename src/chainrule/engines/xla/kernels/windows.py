"""What kernels that move a window over an array are passed: the window's geometry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....ops.convolution import Geometry, geometry
from ..lax import pool_geometry
from .call import Array, supports


def supports_windows(*arrays: Array) -> bool:
    """Whether the kernels take these arrays: a dtype of theirs, up to three spatial axes, and no axis of size 0."""
    return supports(*arrays) and arrays[0].ndim <= 5 and all(a.size for a in arrays)


def conv_geometry(attributes: Mapping[str, Any], sizes: Any, window: Any) -> Geometry:
    """Return the geometry of a convolution over `sizes` by a `window`."""
    return geometry(sizes, window, *[attributes[k] for k in ("strides", "padding", "dilation")])


def conv_attributes(g: Geometry, groups: int) -> dict[str, Any]:
    """Return a convolution's geometry as its kernels take it."""
    before, after = zip(*g.padding, strict=True)
    return {"strides": g.strides, "dilation": g.dilation, "before": before, "after": after, "groups": groups}


def pool_attributes(x: Array, attributes: Mapping[str, Any]) -> tuple[Geometry, dict[str, Any]]:
    """Return a pooling's geometry, and the same as its kernels take it."""
    g = pool_geometry(x, *[attributes[k] for k in ("pool_size", "strides", "padding")])
    before, after = zip(*g.padding, strict=True)
    return g, {"window": g.window, "strides": g.strides, "before": before, "after": after}
