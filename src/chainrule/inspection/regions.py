"""One box under RoI pooling, RoI warp and RoI align: what of it each uses, where each looks, what each gives, and the
gradient that reaches the feature map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..core.display import Figure
from ..core.errors import ShapeError, ValueProblem
from ..draw.table import to_dataframe
from ..ops.arrays import arrays
from ..ops.roi import bins_of, box_extent, rounded_corners, samples_along
from ..tensors.tensor import tensor
from ..transforms.differentiate import gradients

Rect = tuple[float, float, float, float]  # top, left, height, width, in cells of the feature map


@dataclass
class Region:
    """One way of reading a box.

    Attributes:
        name: ``"pool"``, ``"warp"`` or ``"align"``. used: the box as it is read. bins: its parts.
        points: the places that are read: each bin's largest entry, or the samples, (row, column) in cells.
        output: a number a bin. gradient: what reaches each entry of the features if each bin's gradient is 1.
        lost, added: parts of the box, in cells, that are not read; that are read but not of the box.
    """

    name: str
    used: Rect
    bins: list[Rect]
    points: list[tuple[float, float]]
    output: Any
    gradient: Any
    lost: float
    added: float


@dataclass(repr=False)
class Regions(Figure):
    """The three ways side by side: ``pool``, ``warp``, ``align``."""

    features: Any
    box: Rect
    ways: dict[str, Region]

    _renderer_module, _height = "regions", 900

    def __getitem__(self, name: str) -> Region:
        return self.ways[name]

    def to_dict(self) -> dict[str, Any]:
        """Each way's numbers as plain data."""
        return {
            "box": list(self.box),
            **{
                name: {
                    "used": list(way.used),
                    "points": [list(p) for p in way.points],
                    "output": way.output.tolist(),
                    "gradient": way.gradient.tolist(),
                    "lost": way.lost,
                    "added": way.added,
                }
                for name, way in self.ways.items()
            },
        }

    def to_pandas(self) -> Any:
        """A row a way and bin. Needs pandas."""
        return to_dataframe(
            [
                {
                    "way": name,
                    "row": i,
                    "column": j,
                    "bin": float(way.output[i, j]),
                    "lost": way.lost,
                    "added": way.added,
                }
                for name, way in self.ways.items()
                for i, j in np.ndindex(way.output.shape)
            ]
        )


def regions(
    features: Any,
    box: Any,
    output_size: int | tuple[int, int] = (2, 2),
    spatial_scale: float = 1.0,
    sampling_ratio: int = 2,
    channel: int = 0,
) -> Regions:
    """The same box under RoI pooling (Girshick 2015), RoI warp (Dai et al. 2016) and RoI align (He et al. 2017).

    Args:
        features: (height, width) or (height, width, channels), of which one `channel` is shown.
        box: (x1, y1, x2, y2) of the image; times `spatial_scale` it counts entries of the features.
        output_size: bins down and across. sampling_ratio: samples a bin and axis, of warp and align.

    >>> found = regions(np.arange(16.0).reshape(4, 4), (0.4, 0.4, 2.6, 2.6))
    >>> found["align"].lost, found["pool"].output.tolist()
    (0.0, [[5.0, 7.0], [13.0, 15.0]])
    """
    held = np.asarray(features, dtype=np.float64)
    held = held[..., None] if held.ndim == 2 else held
    try:
        corners = np.asarray(box, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueProblem(f"box={box!r:.60}", "four numbers (x1, y1, x2, y2)", "e.g. (0.9, 1.6, 5.3, 6.7)") from None
    if held.ndim != 3 or 0 in held.shape or corners.shape != (4,) or not np.isfinite(corners).all():
        raise ShapeError(
            f"features of shape {held.shape} and a box of shape {corners.shape}",
            "(height, width, channels), not empty, and four finite coordinates",
            "give one image's features and one box (x1, y1, x2, y2)",
        )
    if corners[0] > corners[2] or corners[1] > corners[3]:
        raise ValueProblem(
            f"the box {tuple(corners.tolist())}", "x1 <= x2 and y1 <= y2", "the first corner is the upper left"
        )
    _whole("channel", channel, 0, held.shape[2] - 1)
    _whole("sampling_ratio", sampling_ratio, 1, 64)
    size = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size, output_size)
    if len(size) != 2:
        raise ValueProblem(f"output_size={output_size!r}", "bins down and across", "e.g. output_size=(2, 2)")
    for bins in size:
        _whole("output_size", bins, 1, 64)
    shown, boxes = held[..., channel], corners[None]
    x1, y1, x2, y2 = corners * spatial_scale
    exact: Rect = (float(y1), float(x1), float(y2 - y1), float(x2 - x1))
    given: dict[str, Any] = {"output_size": size, "spatial_scale": spatial_scale}
    sampled = {**given, "sampling_ratio": sampling_ratio}
    made: dict[str, tuple[Any, dict[str, Any], Any]] = {
        "pool": (_pooled(shown, boxes, **given), given, ops.roi_pool),
        "warp": (_warped(shown, boxes, **sampled), sampled, ops.roi_warp),
        "align": (_aligned(shown, boxes, **sampled), sampled, ops.roi_align),
    }
    ways = {}
    for name, ((used, bins, points), arguments, function) in made.items():
        x = tensor(shown[None, :, :, None], watch=True)
        out = function(x, boxes, box_images=np.zeros(1, np.int32), **arguments)
        gradient = gradients(ops.sum(out), x, unconnected="zero").numpy()[0, :, :, 0]
        lost, added = _apart(exact, used)
        ways[name] = Region(name, used, bins, points, out.numpy()[0, :, :, 0], gradient, lost, added)
    return Regions(shown, exact, ways)


def _whole(name: str, value: Any, least: int, most: int) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value <= most:
        raise ValueProblem(f"{name}={value!r}", f"a whole number from {least} to {most}", f"e.g. {name}={least}")


def _pooled(shown: Any, boxes: Any, output_size: Any, spatial_scale: float) -> Any:
    """The rounded box, its bins of whole entries, and the largest entry of each."""
    down, across = (c[0] for c in bins_of(np, boxes, output_size, shown.shape, spatial_scale))
    bins = [(float(t), float(le), float(b - t), float(r - le)) for t, b in down for le, r in across if t < b and le < r]
    points = []
    for top, left, high, wide in bins:
        part = shown[int(top) : int(top + high), int(left) : int(left + wide)]
        i, j = np.unravel_index(int(np.argmax(part)), part.shape)
        points.append((top + float(i) + 0.5, left + float(j) + 0.5))
    return _around(bins), bins, points


def _warped(shown: Any, boxes: Any, output_size: Any, spatial_scale: float, sampling_ratio: int) -> Any:
    left, top, right, bottom = (float(v) for v in rounded_corners(np, boxes, spatial_scale)[0])
    used = (top, left, max(bottom - top, 0.0), max(right - left, 0.0))
    starts = np.array([top]), np.array([left])
    return used, _grid(used, output_size), _points(shown, starts, used, output_size, sampling_ratio, 0.0, 0.5)


def _aligned(shown: Any, boxes: Any, output_size: Any, spatial_scale: float, sampling_ratio: int) -> Any:
    top, left, height, width = (float(v[0]) for v in box_extent(np, boxes, spatial_scale, True))
    used = (top + 0.5, left + 0.5, height, width)  # entry i lies at the middle of cell i
    starts = np.array([top]), np.array([left])
    return used, _grid(used, output_size), _points(shown, starts, used, output_size, sampling_ratio, 0.5, 1.0)


def _points(
    shown: Any, starts: Any, used: Rect, output_size: Any, samples: int, offset: float, margin: float
) -> list[tuple[float, float]]:
    """Where the samples lie, read off the entries and weights that the operation itself uses."""
    along = []
    for k in (0, 1):
        size = np.array([used[2 + k]])
        places, weights = samples_along(
            arrays, starts[k], size, shown.shape[k], output_size[k], samples, offset, margin, False
        )
        (low, high), (near, far) = (np.split(np.asarray(v)[0], 2, axis=-1) for v in (places, weights))
        total = near + far
        at = np.divide(low * near + high * far, total, out=np.full(total.shape, np.nan), where=total > 0)
        along.append([float(v) + 0.5 for v in at.ravel() if np.isfinite(v)])
    return [(y, x) for y in along[0] for x in along[1]]


def _grid(used: Rect, output_size: Any) -> list[Rect]:
    top, left, height, width = used
    p, q = output_size
    return [(top + i * height / p, left + j * width / q, height / p, width / q) for i in range(p) for j in range(q)]


def _around(bins: list[Rect]) -> Rect:
    if not bins:
        return 0.0, 0.0, 0.0, 0.0
    top, left = min(b[0] for b in bins), min(b[1] for b in bins)
    return top, left, max(b[0] + b[2] for b in bins) - top, max(b[1] + b[3] for b in bins) - left


def _apart(exact: Rect, used: Rect) -> tuple[float, float]:
    """The area of the first that is not of the second, and the other way round."""
    sides = [max(min(exact[k] + exact[k + 2], used[k] + used[k + 2]) - max(exact[k], used[k]), 0.0) for k in (0, 1)]
    both = sides[0] * sides[1]
    return max(exact[2] * exact[3] - both, 0.0), max(used[2] * used[3] - both, 0.0)
