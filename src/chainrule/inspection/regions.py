"""One box under RoI pooling, RoI warp and RoI align: the box that each reads, the points it reads, its output, and the
gradient that reaches the feature map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..core.arguments import between
from ..core.display import Figure, to_dataframe
from ..core.errors import ShapeError, ValueProblem
from ..ops.arrays import arrays
from ..ops.roi import bin_bounds, box_extent, round_corners, sample_weights
from ..tensors.convert import tensor
from ..tensors.tensor import Tensor
from ..transforms.differentiate import gradients

Rect = tuple[float, float, float, float]  # top, left, height, width, in cells of the feature map
Reading = tuple[Rect, list[Rect], list[tuple[float, float]]]  # the box as it is read, its bins, the points read


@dataclass
class Region:
    """One method of reading a box.

    Attributes:
        name: ``"pool"``, ``"warp"`` or ``"align"``. used: the box as it is read. bins: its parts.
        points: the points that are read: each bin's largest entry, or the samples, (row, column) in cells.
        output: a number for each bin. gradient: of the sum of the output by each entry of the features.
        lost: the area of the box, in cells, that is not read. added: the area that is read outside the box.
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
    """The three methods side by side: ``pool``, ``warp``, ``align``."""

    features: Any
    box: Rect
    methods: dict[str, Region]

    _renderer_module, _height = "regions", 900

    def __getitem__(self, name: str) -> Region:
        return self.methods[name]

    def to_dict(self) -> dict[str, Any]:
        """Return each method's numbers as plain data."""
        methods = {}
        for name, region in self.methods.items():
            arrays = {"output": region.output.tolist(), "gradient": region.gradient.tolist()}
            points = [list(p) for p in region.points]
            areas = {"lost": region.lost, "added": region.added}
            methods[name] = {"used": list(region.used), "points": points, **arrays, **areas}
        return {"box": list(self.box), **methods}

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each method and bin."""
        rows = []
        for name, region in self.methods.items():
            areas = {"lost": region.lost, "added": region.added}
            for (i, j), value in np.ndenumerate(region.output):
                rows.append({"way": name, "row": i, "column": j, "bin": float(value), **areas})
        return to_dataframe(rows)


def regions(
    features: Any, box: Any, output_size: int | tuple[int, int] = (2, 2), spatial_scale: float = 1.0,
    sampling_ratio: int = 2, channel: int = 0,
) -> Regions:  # fmt: skip
    """Compare RoI pooling (Girshick 2015), RoI warp (Dai et al. 2016) and RoI align (He et al. 2017) on the same box.

    Args:
        features: (height, width) or (height, width, channels), of which one `channel` is shown.
        box: (x1, y1, x2, y2) in the image; times `spatial_scale`, in entries of the features.
        output_size: bins down and across. sampling_ratio: samples for each bin and axis, of warp and align.

    >>> result = regions(np.arange(16.0).reshape(4, 4), (0.4, 0.4, 2.6, 2.6))
    >>> result["align"].lost, result["pool"].output.tolist()
    (0.0, [[5.0, 7.0], [13.0, 15.0]])
    """
    maps = np.asarray(features, dtype=np.float64)
    maps = maps[..., None] if maps.ndim == 2 else maps
    try:
        corners = np.asarray(box, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueProblem(f"box={box!r:.60}", "four numbers (x1, y1, x2, y2)", "e.g. (0.9, 1.6, 5.3, 6.7)") from None
    if maps.ndim != 3 or 0 in maps.shape or corners.shape != (4,) or not np.isfinite(corners).all():
        passed = f"features of shape {maps.shape} and a box of shape {corners.shape}"
        expected = "(height, width, channels), not empty, and four finite coordinates"
        raise ShapeError(passed, expected, "give one image's features and one box (x1, y1, x2, y2)")
    if corners[0] > corners[2] or corners[1] > corners[3]:
        passed = f"the box {tuple(corners.tolist())}"
        raise ValueProblem(passed, "x1 <= x2 and y1 <= y2", "the first corner is the upper left")
    channel = between(0, maps.shape[2] - 1, channel=channel)
    sampling_ratio = between(1, 64, sampling_ratio=sampling_ratio)
    size = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size, output_size)
    if len(size) != 2:
        raise ValueProblem(f"output_size={output_size!r}", "bins down and across", "e.g. output_size=(2, 2)")
    size = tuple(between(1, 64, output_size=bins) for bins in size)
    feature_map, boxes = maps[..., channel], corners[None]
    x1, y1, x2, y2 = corners * spatial_scale
    exact: Rect = (float(y1), float(x1), float(y2 - y1), float(x2 - x1))
    arguments: dict[str, Any] = {"output_size": size, "spatial_scale": spatial_scale}
    sampled = {**arguments, "sampling_ratio": sampling_ratio}
    readings: dict[str, tuple[Reading, dict[str, Any], Callable[..., Tensor]]] = {
        "pool": (_pool(feature_map, boxes, **arguments), arguments, ops.roi_pool),
        "warp": (_warp(feature_map, boxes, **sampled), sampled, ops.roi_warp),
        "align": (_align(feature_map, boxes, **sampled), sampled, ops.roi_align),
    }
    methods = {}
    for name, ((used, bins, points), arguments, operation) in readings.items():
        x = tensor(feature_map[None, :, :, None], watch=True)
        out = operation(x, boxes, box_images=np.zeros(1, np.int32), **arguments)
        gradient = gradients(ops.sum(out), x, unconnected="zero").numpy()[0, :, :, 0]
        lost, added = _areas_outside(exact, used)
        methods[name] = Region(name, used, bins, points, out.numpy()[0, :, :, 0], gradient, lost, added)
    return Regions(feature_map, exact, methods)


def _pool(feature_map: Any, boxes: Any, output_size: Any, spatial_scale: float) -> Reading:
    """Return the rounded box, its bins of whole entries, and the largest entry of each."""
    down, across = (c[0] for c in bin_bounds(np, boxes, output_size, feature_map.shape, spatial_scale))
    bins = [(float(t), float(le), float(b - t), float(r - le)) for t, b in down for le, r in across if t < b and le < r]
    points = []
    for top, left, height, width in bins:
        part = feature_map[int(top) : int(top + height), int(left) : int(left + width)]
        i, j = np.unravel_index(int(np.argmax(part)), part.shape)
        points.append((top + float(i) + 0.5, left + float(j) + 0.5))
    return _bounding_box(bins), bins, points


def _warp(feature_map: Any, boxes: Any, output_size: Any, spatial_scale: float, sampling_ratio: int) -> Reading:
    """Return the rounded box, its bins of equal size, and the sample points."""
    left, top, right, bottom = (float(v) for v in round_corners(np, boxes, spatial_scale)[0])
    used = (top, left, max(bottom - top, 0.0), max(right - left, 0.0))
    starts = np.array([top]), np.array([left])
    points = _sample_points(feature_map, starts, used, output_size, sampling_ratio, 0.0, 0.5)
    return used, _equal_bins(used, output_size), points


def _align(feature_map: Any, boxes: Any, output_size: Any, spatial_scale: float, sampling_ratio: int) -> Reading:
    """Return the exact box, its bins of equal size, and the sample points."""
    top, left, height, width = (float(v[0]) for v in box_extent(np, boxes, spatial_scale, True))
    used = (top + 0.5, left + 0.5, height, width)  # entry i lies at the middle of cell i
    starts = np.array([top]), np.array([left])
    points = _sample_points(feature_map, starts, used, output_size, sampling_ratio, 0.5, 1.0)
    return used, _equal_bins(used, output_size), points


def _sample_points(
    feature_map: Any, starts: Any, used: Rect, output_size: Any, samples: int, offset: float, margin: float
) -> list[tuple[float, float]]:
    """Return the sample points, computed from the entries and weights that the operation itself uses."""
    coordinates = []
    for k in (0, 1):
        size = np.array([used[2 + k]])
        entries, weights = sample_weights(
            arrays, starts[k], size, feature_map.shape[k], output_size[k], samples, offset, margin, False
        )
        (low, high), (near, far) = (np.split(np.asarray(v)[0], 2, axis=-1) for v in (entries, weights))
        total = near + far
        samples_at = np.divide(low * near + high * far, total, out=np.full(total.shape, np.nan), where=total > 0)
        coordinates.append([float(v) + 0.5 for v in samples_at.ravel() if np.isfinite(v)])
    return [(y, x) for y in coordinates[0] for x in coordinates[1]]


def _equal_bins(used: Rect, output_size: Any) -> list[Rect]:
    """Return the bins of a box that is divided evenly."""
    top, left, height, width = used
    p, q = output_size
    return [(top + i * height / p, left + j * width / q, height / p, width / q) for i in range(p) for j in range(q)]


def _bounding_box(bins: list[Rect]) -> Rect:
    """Return the smallest box that contains all bins."""
    if not bins:
        return 0.0, 0.0, 0.0, 0.0
    top, left = min(b[0] for b in bins), min(b[1] for b in bins)
    return top, left, max(b[0] + b[2] for b in bins) - top, max(b[1] + b[3] for b in bins) - left


def _areas_outside(exact: Rect, used: Rect) -> tuple[float, float]:
    """Return the area of the first box that is outside the second, and the reverse."""
    sides = [max(min(exact[k] + exact[k + 2], used[k] + used[k + 2]) - max(exact[k], used[k]), 0.0) for k in (0, 1)]
    intersection = sides[0] * sides[1]
    return max(exact[2] * exact[3] - intersection, 0.0), max(used[2] * used[3] - intersection, 0.0)
