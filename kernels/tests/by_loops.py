"""The expected results of the kernels, in float64 NumPy, entry by entry or tap by tap."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def _taps(x_shape: Any, window: Any, out: Any, strides: Any, dilation: Any, before: Any, after: Any) -> Any:
    """Yield for each position in the window its index, and the slice of the padded input that it covers."""
    for position in np.ndindex(*window):
        starts = [p * d for p, d in zip(position, dilation, strict=True)]
        yield (
            position,
            (
                slice(None),
                *[slice(a, a + s * (o - 1) + 1 if o else a, s) for a, s, o in zip(starts, strides, out, strict=True)],
            ),
        )


def out_size(n: int, window: int, stride: int, dilation: int, before: int, after: int) -> int:
    """Return the output's size along an axis."""
    return max((n + before + after - dilation * (window - 1) - 1) // stride + 1, 0)


def out_sizes(x: Any, window: Any, strides: Any, dilation: Any, before: Any, after: Any) -> tuple[int, ...]:
    """Return the output's spatial sizes."""
    return tuple(map(out_size, x.shape[1:-1], window, strides, dilation, before, after))


def _padded(x: Any, before: Any, after: Any) -> Any:
    return np.pad(np.asarray(x, np.float64), [(0, 0), *zip(before, after, strict=True), (0, 0)])


def conv(x: Any, w: Any, strides: Any, dilation: Any, before: Any, after: Any, groups: int) -> Any:
    """Return the convolution."""
    window, inputs, filters = w.shape[:-2], w.shape[-2], w.shape[-1]
    out = out_sizes(x, window, strides, dilation, before, after)
    y = np.zeros((x.shape[0], *out, filters))
    padded = _padded(x, before, after)
    for position, cut in _taps(x.shape, window, out, strides, dilation, before, after):
        for g in range(groups):
            c, f = slice(g * inputs, (g + 1) * inputs), slice(g * filters // groups, (g + 1) * filters // groups)
            y[..., f] += padded[cut][..., c] @ np.asarray(w, np.float64)[position][:, f]
    return y


def conv_gradients(x: Any, w: Any, u: Any, strides: Any, dilation: Any, before: Any, after: Any, groups: int) -> Any:
    """Return dx, dw and db."""
    window, inputs, filters = w.shape[:-2], w.shape[-2], w.shape[-1]
    u, w = np.asarray(u, np.float64), np.asarray(w, np.float64)
    padded, others = _padded(x, before, after), tuple(range(x.ndim - 1))
    dx, dw = np.zeros(padded.shape), np.zeros(w.shape)
    for position, cut in _taps(x.shape, window, u.shape[1:-1], strides, dilation, before, after):
        for g in range(groups):
            c, f = slice(g * inputs, (g + 1) * inputs), slice(g * filters // groups, (g + 1) * filters // groups)
            dx[cut][..., c] += u[..., f] @ w[position][:, f].T
            dw[position][:, f] = np.tensordot(padded[cut][..., c], u[..., f], axes=(others, others))
    inner = tuple(slice(b, b + n) for b, n in zip(before, x.shape[1:-1], strict=True))
    return dx[(slice(None), *inner)], dw, u.sum(others)


def _windows(x_shape: Any, out: Any, window: Any, strides: Any, before: Any) -> Any:
    """Yield for each output entry its index and [(position in the window, input entry)], without padding."""
    for o in np.ndindex(*out):
        entries = []
        for number, position in enumerate(np.ndindex(*window)):
            entry = tuple(a * s - b + p for a, s, b, p in zip(o, strides, before, position, strict=True))
            if all(0 <= e < n for e, n in zip(entry, x_shape[1:-1], strict=True)):
                entries.append((number, entry))
        yield o, entries


def max_pool(x: Any, out: Any, window: Any, strides: Any, before: Any, relu: bool) -> Any:
    """Return the maxima, and their positions in the windows, 255 for none."""
    y = np.zeros((x.shape[0], *out, x.shape[-1]), x.dtype)
    index = np.full(y.shape, 255, np.uint8)
    for o, entries in _windows(x.shape, out, window, strides, before):
        for n, c in itertools.product(range(x.shape[0]), range(x.shape[-1])):
            values = np.array([x[(n, *entry, c)] for _, entry in entries])
            best = int(np.argmax(values))
            y[(n, *o, c)], index[(n, *o, c)] = values[best], entries[best][0]
            if relu and values[best] <= 0:
                y[(n, *o, c)], index[(n, *o, c)] = 0, 255
    return y, index


def max_pool_gradient(x_shape: Any, index: Any, u: Any, window: Any, strides: Any, before: Any) -> Any:
    """Return dx."""
    dx = np.zeros(x_shape)
    for o, entries in _windows(x_shape, u.shape[1:-1], window, strides, before):
        for number, entry in entries:
            source, target = (slice(None), *o), (slice(None), *entry)
            dx[target] += np.where(index[source] == number, u[source], 0)
    return dx


def average_pool(x: Any, out: Any, window: Any, strides: Any, before: Any) -> Any:
    """Return the means over the entries that are not padding."""
    y = np.zeros((x.shape[0], *out, x.shape[-1]))
    for o, entries in _windows(x.shape, out, window, strides, before):
        y[(slice(None), *o)] = np.mean([x[(slice(None), *entry)].astype(np.float64) for _, entry in entries], axis=0)
    return y


def average_pool_gradient(x_shape: Any, u: Any, window: Any, strides: Any, before: Any) -> Any:
    """Return dx."""
    dx = np.zeros(x_shape)
    for o, entries in _windows(x_shape, u.shape[1:-1], window, strides, before):
        for _, entry in entries:
            dx[(slice(None), *entry)] += u[(slice(None), *o)] / len(entries)
    return dx


def _samples(start: float, size: float, limit: int, bins: int, samples: int, adaptive: bool) -> Any:
    """Yield [(entry, weight)] for each bin along one axis."""
    grid = int(np.ceil(size / bins)) if adaptive else samples
    for b in range(bins):
        terms = []
        for sample in range(min(samples, grid)):
            x = start + size / bins * (b + (sample + 0.5) / max(grid, 1))
            if -1 <= x <= limit:
                x = min(max(x, 0), limit - 1)
                low = min(int(np.floor(x)), max(limit - 2, 0))
                terms += [(low, (1 - x + low) / max(grid, 1)), (min(low + 1, limit - 1), (x - low) / max(grid, 1))]
        yield terms


def roi_align(
    features: Any, boxes: Any, images: Any, bins: Any, samples: Any, adaptive: bool, aligned: bool, scale: float, u: Any
) -> Any:
    """Return the bins, and the gradient of the features from the gradient `u` of the bins."""
    features, boxes = np.asarray(features, np.float64), np.asarray(boxes, np.float64)
    y, df = np.zeros((len(boxes), *bins, features.shape[-1])), np.zeros(features.shape)
    for n, (image, box) in enumerate(zip(images, boxes, strict=True)):
        left, top, right, bottom = box * scale - (0.5 if aligned else 0.0)
        height, width = (bottom - top, right - left) if aligned else (max(bottom - top, 1), max(right - left, 1))
        down = _samples(top, height, features.shape[1], bins[0], samples[0], adaptive)
        for p, ys in enumerate(down):
            across = _samples(left, width, features.shape[2], bins[1], samples[1], adaptive)
            for q, xs in enumerate(across):
                for (i, a), (j, b) in itertools.product(ys, xs):
                    y[n, p, q] += a * b * features[image, i, j]
                    df[image, i, j] += a * b * u[n, p, q]
    return y, df
