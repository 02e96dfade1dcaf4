"""Convolution in 1, 2 or more dimensions, channels last, with its two transposes.

Three records are closed under transposition: `conv` is linear in the input (transpose: `conv_transpose`) and in the
kernel (transpose: `conv_kernel_gradient`), and each of those is linear in its operands with transposes among the
three. So gradients of any order are convolutions again, and an engine needs three kernels. The "convolution"
is a cross-correlation, as in Keras, PyTorch and CS231n. Kernels are (*window, channels in / groups, channels out).
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any, NamedTuple, cast

import numpy as np

from ..core import memory
from ..core.arguments import whole_number
from ..core.errors import ShapeError
from ..core.messages import LazyMessage
from ..graph import Spec, is_less, larger, spec_of
from ..tensors.tensor import Tensor
from .record import Cost, Operation, namespace
from .rules import loop_batch, promote_inputs, times
from .sample import Draw, Sample


class Geometry(NamedTuple):
    """Sizes of a convolution, an entry for each spatial axis; padding is (before, after)."""

    sizes: tuple[int, ...]
    window: tuple[int, ...]
    out: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]


def per_axis(value: Any, rank: int, what: str) -> tuple[int, ...]:
    """Return a whole number from 1 up for each of `rank` axes, given one number for all, or one for each.

    Raises:
        ShapeError: for anything else.
    """
    values = value if isinstance(value, tuple) else (value,) * rank
    numbers = tuple([n for n in map(whole_number, values) if n is not None and n > 0])
    if len(values) != rank or len(numbers) != rank:
        passed = f"{what} {value!r} for {rank} spatial axes"
        raise ShapeError(passed, f"a whole number from 1 up, or {rank} of them", f"give {what} as such a number")
    return numbers


def geometry(sizes: tuple[Any, ...], window: tuple[int, ...], strides: Any, padding: Any, dilation: Any) -> Geometry:
    """Work out padding and output sizes as Keras and TensorFlow do: ``same`` pads the odd entry after.

    Raises:
        ShapeError: if the window is larger than the padded input, or for an unknown padding.
    """
    rank = len(window)
    if any(isinstance(k, int) and k < 1 for k in window):
        raise ShapeError(f"a window of {times(window)} entries", "at least one along each axis", "give a larger kernel")
    strides, dilation = per_axis(strides, rank, "strides"), per_axis(dilation, rank, "dilation")
    extents = tuple((k - 1) * d + 1 for k, d in zip(window, dilation, strict=True))
    if padding == "valid":
        pads = ((0, 0),) * rank
    elif padding == "same":
        totals = [
            larger((-(-n // s) - 1) * s + extent - n, 0) for n, s, extent in zip(sizes, strides, extents, strict=True)
        ]
        pads = tuple([(t // 2, t - t // 2) for t in totals])
    elif (
        isinstance(padding, tuple)
        and len(padding) == rank
        and all(isinstance(p, tuple) and len(p) == 2 and min(p) >= 0 for p in padding)
    ):
        pads = padding
    else:
        passed = f"padding {padding!r}"
        raise ShapeError(passed, f"'valid', 'same', or {rank} pairs (before, after)", "name one of these")
    out: list[Any] = []
    for n, extent, s, (before, after) in zip(sizes, extents, strides, pads, strict=True):
        if padding == "same":
            out.append(-(-n // s))
            continue
        if is_less(n + before + after, extent):
            passed = f"a window over {extent} entries on an axis of {n} (padded to {n + before + after})"
            mend = "use padding='same', a smaller window or less dilation"
            raise ShapeError(passed, "a window no larger than the padded input", mend)
        out.append((n + before + after - extent) // s + 1)
    return Geometry(sizes, window, tuple(out), strides, dilation, pads)


def _check_channels(x: tuple[Any, ...], kernel: tuple[Any, ...], groups: int) -> None:
    """Check that the shapes of an input and a kernel fit each other."""
    if len(x) != len(kernel) or len(x) < 3:
        passed = f"an input of shape {x} and a kernel of shape {kernel}"
        expected = "(batch, *sizes, channels) and (*window, channels in, channels out) with equally many axes"
        raise ShapeError(passed, expected, "add the missing axis, e.g. the batch or the channel axis with expand_dims")
    if groups < 1 or kernel[-2] * groups != x[-1] or kernel[-1] % groups:
        raise ShapeError(
            f"{x[-1]} input channels, a kernel of shape {kernel} and {groups} groups",
            "the kernel's channels in times groups to equal the input's channels, and groups to divide the "
            "channels out",
            "check the channel axis (the last one) and the groups",
        )


def _geometry_of(
    x: tuple[Any, ...], kernel: tuple[Any, ...], strides: Any, padding: Any, dilation: Any, groups: int
) -> Geometry:
    """Work out the geometry from the shapes of an input and a kernel."""
    _check_channels(x, kernel, groups)
    return geometry(x[1:-1], kernel[:-2], strides, padding, dilation)


def windows_of(x: Any, g: Geometry) -> Any:
    """View padded x as (batch, *out, channels, *window); only the padding copies."""
    if 0 in g.out:  # fewer entries than a window has
        return np.zeros((x.shape[0], *g.out, x.shape[-1], *g.window), x.dtype)
    padded = memory.pad(x, ((0, 0), *g.padding, (0, 0))) if any(map(any, g.padding)) else x
    rank = len(g.window)
    extents = tuple((k - 1) * d + 1 for k, d in zip(g.window, g.dilation, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(padded, extents, axis=tuple(range(1, rank + 1)))
    strides, dilation = ([slice(None, None, step) for step in steps] for steps in (g.strides, g.dilation))
    return view[(slice(None), *strides, slice(None), *dilation)]


def _columns(x: Any, g: Geometry) -> Any:
    """Copy the windows to rows (batch·out, window·channels): im2col."""
    rank = len(g.window)
    view = windows_of(x, g)
    order = (*range(rank + 1), *range(rank + 2, 2 * rank + 2), rank + 1)
    shape = x.shape[0] * math.prod(g.out), math.prod(g.window) * x.shape[-1]
    return np.ascontiguousarray(view.transpose(order)).reshape(shape)


def _rows(x: Any) -> Any:
    """Return x as a matrix of its last axis; a -1 would not do for an axis of 0."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _conv(xp: Any, x: Any, k: Any, strides: Any, padding: Any, dilation: Any, groups: int) -> Any:
    g = _geometry_of(x.shape, k.shape, strides, padding, dilation, groups)
    c, f = x.shape[-1] // groups, k.shape[-1] // groups
    parts = []
    for i in range(groups):
        rows = _columns(x[..., i * c : (i + 1) * c], g) @ _rows(k[..., i * f : (i + 1) * f])
        parts.append(rows.reshape(x.shape[0], *g.out, f))
    return parts[0] if groups == 1 else np.concatenate(parts, axis=-1)


def columns_to_image(cols: Any, batch: int, channels: int, g: Geometry, dtype: Any) -> Any:
    """Add windows (batch·out, window·channels) where `_columns` read them: its transpose, col2im."""
    padded = tuple(n + b + a for n, (b, a) in zip(g.sizes, g.padding, strict=True))
    image = np.zeros((batch, *padded, channels), dtype)
    if 0 in g.out:
        return image[(slice(None), *[slice(b, b + n) for n, (b, _) in zip(g.sizes, g.padding, strict=True)])]
    cols = cols.reshape(batch, *g.out, *g.window, channels)
    rank = len(g.window)
    for offset in product(*map(range, g.window)):
        positions = tuple(
            slice(w * d, w * d + (n - 1) * s + 1, s)
            for w, d, s, n in zip(offset, g.dilation, g.strides, g.out, strict=True)
        )
        image[(slice(None), *positions)] += cols[(slice(None),) * (rank + 1) + offset]
    return image[(slice(None), *[slice(b, b + n) for n, (b, _) in zip(g.sizes, g.padding, strict=True)])]


def _conv_transpose(xp: Any, u: Any, k: Any, sizes: Any, strides: Any, padding: Any, dilation: Any, groups: int) -> Any:
    g = geometry(sizes, k.shape[:-2], strides, padding, dilation)
    c, f = k.shape[-2], k.shape[-1] // groups
    parts = []
    for i in range(groups):
        cols = _rows(u[..., i * f : (i + 1) * f]) @ _rows(k[..., i * f : (i + 1) * f]).T
        parts.append(columns_to_image(cols, u.shape[0], c, g, u.dtype))
    return parts[0] if groups == 1 else np.concatenate(parts, axis=-1)


def _conv_kernel_gradient(
    xp: Any, x: Any, u: Any, window: Any, strides: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    g = geometry(x.shape[1:-1], window, strides, padding, dilation)
    c, f = x.shape[-1] // groups, u.shape[-1] // groups
    parts = [
        (_columns(x[..., i * c : (i + 1) * c], g).T @ _rows(u[..., i * f : (i + 1) * f])).reshape(*window, c, f)
        for i in range(groups)
    ]
    return parts[0] if groups == 1 else np.concatenate(parts, axis=-1)


# ---- shapes and costs; `attributes`: strides, padding, dilation and groups


def _conv_spec(specs: tuple[Spec, ...], **attributes: Any) -> Spec:
    x, k = specs[0].shape, specs[1].shape
    return spec_of((x[0], *_geometry_of(x, k, **attributes).out, k[-1]), specs[0].dtype)


def _conv_transpose_spec(specs: tuple[Spec, ...], sizes: Any, **attributes: Any) -> Spec:
    u: Any = specs[0].shape
    k: Any = specs[1].shape
    x = (u[0], *sizes, k[-2] * attributes["groups"])
    expected = (*_geometry_of(x, k, **attributes).out, k[-1])
    if u[1:] != expected:
        passed = f"an input of shape {u} for a transposed convolution to sizes {sizes}"
        mend = "check the output sizes, strides and padding"
        raise ShapeError(passed, f"sizes and channels {expected}, as a convolution of those sizes gives", mend)
    return spec_of(x, specs[0].dtype)


def _kernel_gradient_spec(specs: tuple[Spec, ...], window: Any, **attributes: Any) -> Spec:
    x: Any = specs[0].shape
    u: Any = specs[1].shape
    kernel = (*window, x[-1] // attributes["groups"], u[-1])
    expected = (*_geometry_of(x, kernel, **attributes).out, u[-1])
    if u[1:] != expected or u[0] != x[0]:
        passed = f"upstream of shape {u} for an input of shape {x}"
        raise ShapeError(passed, f"shape {(x[0], *expected)}", "check strides and padding")
    return spec_of(kernel, specs[0].dtype)


def _window_products_cost(
    x: Spec, g: Geometry, filters: Any, groups: int, sums: int | None = None, transposed: bool = False
) -> Cost:
    """Count a window's products for every output; entries that padding adds are counted, as papers do.

    Args:
        x: the convolution's input.
        sums: how many numbers the products are added up to; default the outputs.
        transposed: whether windows are added to a padded input, whose interior is the result, or copied from one.
    """
    batch, channels = x.shape[0], cast(int, x.shape[-1])
    outputs, summed = tuple(1 if n is None else n for n in (batch, *g.out, filters)), (*g.window, channels // groups)
    macs = math.prod(outputs) * math.prod(summed)
    shown = outputs[1:] if outputs[0] == 1 else outputs
    adds = max(macs - (math.prod(outputs) if sums is None else sums), 0)
    sizes = {"shape": times(shown), "window": times(summed), "count": macs}
    formula = LazyMessage("{shape} outputs × {window} window = {count:,} multiplies", **sizes)
    windows = math.prod(outputs[:-1]) * math.prod(summed)
    padded = outputs[0] * math.prod(n + sum(p) for n, p in zip(g.sizes, g.padding, strict=True)) * channels
    border = padded - outputs[0] * math.prod(g.sizes) * channels if transposed else 0
    return Cost(macs, adds, macs, 0, formula, (windows + border) * x.dtype.itemsize)


def _conv_cost(specs: tuple[Spec, ...], out: Spec, **attributes: Any) -> Cost:
    x, k = specs[0].shape, specs[1].shape
    return _window_products_cost(specs[0], _geometry_of(x, k, **attributes), k[-1], attributes["groups"])


def _conv_transpose_cost(specs: tuple[Spec, ...], out: Spec, sizes: Any, **attributes: Any) -> Cost:
    k = specs[1].shape
    g = _geometry_of(out.shape, k, **attributes)
    return _window_products_cost(out, g, k[-1], attributes["groups"], out.size, transposed=True)


def _kernel_gradient_cost(specs: tuple[Spec, ...], out: Spec, window: Any, **attributes: Any) -> Cost:
    g = _geometry_of(specs[0].shape, out.shape, **attributes)
    return _window_products_cost(specs[0], g, out.shape[-1], attributes["groups"], out.size)


def merge_examples(
    op: Operation, xs: list[Tensor], batched: list[bool], size: int, attributes: dict[str, Any]
) -> Tensor:
    """Merge the examples into the batch axis, if they share the kernel; otherwise convolve one example at a time."""
    if any(batched[1:]):
        return loop_batch(op, xs, batched, size, attributes)
    xp = namespace()
    x, *kernel = xs
    out = op(xp.reshape(x, (size * x.shape[1], *x.shape[2:])), *kernel, **attributes)
    return xp.reshape(out, (size, x.shape[1], *out.shape[1:]))


CONV_ATTRIBUTES: list[dict[str, Any]] = [
    {},
    {"strides": 2, "padding": "same"},
    {"strides": (2, 3), "padding": ((1, 0), (2, 1))},
    {"dilation": 2, "padding": "same"},
    {"groups": 2, "padding": "same", "strides": (1, 2)},
]


def _conv_samples() -> list[Sample]:
    return [
        *[Sample(Draw(2, 6, 7, 4), Draw(3, 2, 4 // a.get("groups", 1), 6), **a) for a in CONV_ATTRIBUTES],
        Sample(Draw(2, 9, 3), Draw(4, 3, 2), strides=2),
        Sample(Draw(1, 5, 5, 1), Draw(5, 5, 1, 2)),
        Sample(Draw(0, 5, 5, 1), Draw(3, 3, 1, 2)),
        Sample(Draw(1, 3, 3, 2), Draw(4, 4, 2, 2), error=ShapeError),
        Sample(Draw(1, 5, 5, 3), Draw(3, 3, 2, 2), error=ShapeError),
        Sample(Draw(5, 5, 3), Draw(3, 3, 3, 2), error=ShapeError),
    ]


def _output_shape(sample: Sample) -> tuple[int, ...]:
    """Return the shape of the convolution of a sample."""
    x, k = (draw.shape for draw in sample.inputs)
    attributes: dict[str, Any] = {"strides": 1, "padding": "valid", "dilation": 1, "groups": 1} | sample.attributes
    return (x[0], *_geometry_of(x, k, **attributes).out, k[-1])


def _transposed_samples() -> tuple[list[Sample], list[Sample]]:
    """Return the samples of the two transposes."""
    transposes, kernel_gradients = [], []
    for s in _conv_samples():
        if s.error is None:
            x, k = (draw.shape for draw in s.inputs)
            out = Draw(*_output_shape(s))
            transposes.append(Sample(out, Draw(*k), sizes=x[1:-1], **s.attributes))
            kernel_gradients.append(Sample(Draw(*x), out, window=k[:-2], **s.attributes))
    transposes.append(Sample(Draw(1, 3, 3, 2), Draw(3, 3, 1, 2), sizes=(9, 9), error=ShapeError))
    kernel_gradients.append(Sample(Draw(1, 3, 3, 2), Draw(1, 3, 3, 2), window=(2, 2), error=ShapeError))
    return transposes, kernel_gradients


_TRANSPOSE_SAMPLES, _KERNEL_GRADIENT_SAMPLES = _transposed_samples()

conv_record = Operation.define(
    "conv",
    lambda xp, x, kernel, strides=1, padding="valid", dilation=1, groups=1: _conv(
        xp, x, kernel, strides, padding, dilation, groups
    ),
    spec=_conv_spec,
    casts=promote_inputs,
    batch=merge_examples,
    cost=_conv_cost,
    transpose=(
        lambda xp, u, x, k, **a: xp.conv_transpose_record(u, k, sizes=tuple(x.shape[1:-1]), **a),
        lambda xp, u, x, k, **a: xp.conv_kernel_gradient(x, u, window=tuple(k.shape[:-2]), **a),
    ),
    gradient_note="convolution switches: the input's gradient is the upstream spread by the kernel, the kernel's the "
    "upstream summed against the input's windows",
    format="conv({0}, {1})",
    samples=_conv_samples(),
    doc="Convolution by frozen arguments.",
)
conv_transpose_record = Operation.define(
    "conv_transpose",
    lambda xp, u, kernel, sizes=(), strides=1, padding="valid", dilation=1, groups=1: _conv_transpose(
        xp, u, kernel, sizes, strides, padding, dilation, groups
    ),
    spec=_conv_transpose_spec,
    casts=promote_inputs,
    batch=merge_examples,
    cost=_conv_transpose_cost,
    transpose=(
        lambda xp, u, x, k, sizes, **a: xp.conv_record(u, k, **a),
        lambda xp, u, x, k, sizes, **a: xp.conv_kernel_gradient(u, x, window=tuple(k.shape[:-2]), **a),
    ),
    gradient_note="transposed convolution switches: the input's gradient is the convolution of the upstream, the "
    "kernel's a sum over windows",
    format="conv_transpose({0}, {1})",
    samples=_TRANSPOSE_SAMPLES,
    doc="The transpose of `conv` in its input: each entry spread by the kernel and added.",
)
conv_kernel_gradient = Operation.define(
    "conv_kernel_gradient",
    lambda xp, x, u, window=(), strides=1, padding="valid", dilation=1, groups=1: _conv_kernel_gradient(
        xp, x, u, window, strides, padding, dilation, groups
    ),
    spec=_kernel_gradient_spec,
    casts=promote_inputs,
    batch=loop_batch,
    cost=_kernel_gradient_cost,
    transpose=(
        lambda xp, u, x, v, window, **a: xp.conv_transpose_record(v, u, sizes=tuple(x.shape[1:-1]), **a),
        lambda xp, u, x, v, window, **a: xp.conv_record(x, u, **a),
    ),
    gradient_note="the kernel's gradient switches: it is linear in the input and in the upstream",
    format="conv_kernel_gradient({0}, {1})",
    samples=_KERNEL_GRADIENT_SAMPLES,
    doc="The transpose of `conv` in its kernel: the upstream summed against the input's windows.\n\n"
    ">>> ops.convolution.conv_kernel_gradient([[[1.0], [2.0], [3.0]]], [[[1.0], [1.0]]], window=(2,)).tolist()\n"
    "[[[3.0]], [[5.0]]]",
)
