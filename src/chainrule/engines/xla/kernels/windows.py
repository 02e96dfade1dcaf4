"""What kernels that move a window over an array are passed: the window's geometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....core.messages import LazyMessage
from ....graph import Node, Spec
from ....ops.convolution import Geometry, geometry
from ..lax import pool_geometry
from .call import other_dtype, specs_of


def other_windows(node: Node) -> str | None:
    """Refuse what the kernels do not take: another dtype, more than three spatial axes, and axes of size 0."""
    return other_arrays(specs_of(node))


def other_arrays(specs: Sequence[Spec]) -> str | None:
    """Refuse arrays that the kernels do not take: see `other_windows`."""
    if len(specs[0].shape) > 5 or not all(s.size for s in specs):
        return LazyMessage("its kernel is for one to three spatial axes, none of size 0")
    return other_dtype(specs)


def conv_geometry(attributes: Mapping[str, Any], sizes: Any, window: Any) -> Geometry:
    """Return the geometry of a convolution over `sizes` by a `window`."""
    return geometry(sizes, window, *[attributes[k] for k in ("strides", "padding", "dilation")])


def conv_attributes(g: Geometry, groups: int) -> dict[str, Any]:
    """Return a convolution's geometry as its kernels take it."""
    return {"strides": g.strides, "dilation": g.dilation, **edges(g), "groups": groups}


def edges(g: Geometry) -> dict[str, Any]:
    """Return the padding of a geometry as kernels take it."""
    before, after = zip(*g.padding, strict=True)
    return {"before": before, "after": after}


def pool_attributes(shape: tuple[int, ...], attributes: Mapping[str, Any]) -> tuple[Geometry, dict[str, Any]]:
    """Return the geometry of a pooling over an array of this shape, and the same as its kernels take it."""
    g = pool_geometry(shape, *[attributes[k] for k in ("pool_size", "strides", "padding")])
    return g, {"window": g.window, "strides": g.strides, **edges(g)}
