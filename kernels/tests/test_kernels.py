"""Every kernel against float64 NumPy, for unequal sizes; and for all: equal bits, threads, errors."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")
kernels = pytest.importorskip("chainrule_kernels")

sys.path.insert(0, str(Path(__file__).parent))

import by_loops as oracles  # noqa: E402

jnp = jax.numpy
call = kernels.call


@pytest.fixture(autouse=True, scope="module")
def built() -> None:
    try:
        kernels.targets()
    except ImportError as error:
        pytest.skip(str(error))


def draw(*shape: int, seed: int = 0, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed + sum(shape)).normal(size=shape).astype(dtype)


def like(*shape: int, dtype: Any = np.float32) -> Any:
    return jax.ShapeDtypeStruct(shape, dtype)


def assert_close(actual: Any, expected: Any, tolerance: float = 2e-5) -> None:
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    scale = 1 + np.abs(expected).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


# ---- convolution

# (batch, spatial, channels, filters, window, strides, dilation, before, after, groups)
CONVOLUTIONS = [
    (3, (9,), 2, 3, (3,), (1,), (1,), (1,), (0,), 1),
    (1, (11,), 6, 4, (2,), (2,), (3,), (0,), (2,), 2),
    (2, (7, 6), 1, 1, (1, 1), (1, 1), (1, 1), (0, 0), (0, 0), 1),
    (5, (9, 7), 3, 5, (3, 2), (1, 2), (1, 1), (1, 0), (0, 2), 1),
    (3, (9, 8), 4, 6, (2, 3), (2, 1), (2, 1), (0, 1), (3, 2), 2),
    (1, (8, 9), 5, 5, (3, 3), (2, 2), (1, 2), (1, 2), (2, 1), 5),
    (2, (7, 8), 3, 6, (3, 2), (1, 1), (1, 1), (1, 1), (1, 0), 3),
    (2, (3, 4), 2, 2, (2, 2), (1, 1), (1, 1), (4, 3), (2, 5), 1),  # padding wider than the window
    (3, (30, 44), 24, 8, (4, 3), (1, 1), (2, 1), (0, 1), (3, 1), 1),  # oneDNN's own bfloat16 gradient would be wrong
    (5, (32, 31), 4, 8, (1, 1), (2, 3), (1, 1), (0, 0), (0, 0), 1),  # its strided 1x1 kernels would write outside
    (17, (14, 13), 16, 32, (3, 3), (1, 1), (1, 1), (1, 1), (1, 1), 1),
    (1, (40, 33), 16, 24, (5, 3), (2, 1), (1, 1), (2, 1), (2, 1), 1),  # one image, split by rows
    (3, (40, 33), 16, 16, (3, 3), (1, 1), (2, 2), (2, 2), (2, 2), 16),
    (2, (5, 6, 4), 2, 3, (2, 3, 1), (1, 2, 1), (1, 1, 1), (1, 1, 0), (0, 1, 0), 1),
    (1, (6, 5, 7), 4, 2, (3, 1, 2), (2, 1, 1), (1, 1, 2), (1, 0, 1), (1, 0, 0), 2),
    (0, (5, 6), 2, 3, (2, 2), (1, 1), (1, 1), (0, 0), (0, 0), 1),
    (2, (5, 6), 0, 3, (2, 2), (1, 1), (1, 1), (0, 0), (0, 0), 1),
    (2, (5, 6), 2, 0, (2, 2), (1, 1), (1, 1), (0, 0), (0, 0), 1),
    (2, (2, 6), 2, 3, (3, 2), (1, 1), (1, 1), (0, 0), (0, 0), 1),  # no output at all
]


def geometry(case: Any) -> dict[str, Any]:
    return dict(zip(("strides", "dilation", "before", "after", "groups"), case[5:], strict=True))


def arrays(case: Any, dtype: Any = np.float32) -> Any:
    batch, spatial, channels, filters, window, *_, groups = case
    x, w = draw(batch, *spatial, channels), draw(*window, channels // groups, filters)
    out = tuple(map(oracles.out_size, spatial, window, *case[5:9]))
    return [a.astype(dtype) for a in (x, w, draw(filters, seed=1), draw(batch, *out, filters, seed=2))]


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_convolution(case: Any, dtype: str) -> None:
    x, w, b, u = arrays(case, jnp.dtype(dtype))
    at, tolerance = geometry(case), 2e-5 if dtype == "float32" else 1e-2
    y = oracles.conv(x, w, **at)
    shape = like(*y.shape, dtype=x.dtype)
    assert_close(
        call("chainrule_conv", shape, x, w, b, **at, activation=1), np.maximum(y + b.astype(np.float64), 0), tolerance
    )
    assert_close(call("chainrule_conv", shape, x, w, b[:0], **at, activation=0), y, tolerance)
    dx, dw, db = oracles.conv_gradients(x, w, u, **at)
    assert_close(call("chainrule_conv_transpose", like(*x.shape, dtype=x.dtype), u, w, **at), dx, tolerance)
    results = [like(*w.shape, dtype=x.dtype), like(w.shape[-1], dtype=x.dtype)]
    actual_dw, actual_db = call("chainrule_conv_kernel", results, x, u, **at)
    assert_close(actual_dw, dw, tolerance)
    assert_close(actual_db, db, tolerance)


# ---- products


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("flags", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize(
    "sizes",
    [
        *[(1, 1, 1), (1, 7, 5), (3, 64, 1), (1, 300, 130), (5, 17, 33), (64, 300, 130), (131, 40, 517), (700, 130, 9)],
        *[(0, 3, 2), (3, 0, 2), (3, 2, 0)],
    ],
)
def test_matmul(sizes: Any, flags: Any, dtype: str) -> None:
    (m, k, n), (ta, tb) = sizes, flags
    kind = jnp.dtype(dtype)
    a, b, bias = [x.astype(kind) for x in (draw(m, k), draw(k, n, seed=1), draw(n, seed=2))]
    expected = a.astype(np.float64) @ b.astype(np.float64)
    tolerance = 1e-5 if dtype == "float32" else 1e-2
    stored = (a.T if ta else a, b.T if tb else b)
    result = call("chainrule_matmul", like(m, n, dtype=kind), *stored, bias, ta=ta, tb=tb, activation=1)
    assert_close(result, np.maximum(expected + bias.astype(np.float64), 0), tolerance)
    assert_close(
        call("chainrule_matmul", like(m, n, dtype=kind), *stored, bias[:0], ta=ta, tb=tb, activation=0),
        expected,
        tolerance,
    )


# ---- relu


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(5,), (7, 3), (4, 5, 70), (3000, 65), (0, 4), (4, 0)])
def test_relu_gradient(shape: Any, dtype: str) -> None:
    y, u = np.maximum(draw(*shape), 0).astype(jnp.dtype(dtype)), draw(*shape, seed=1).astype(jnp.dtype(dtype))
    d, db = call("chainrule_relu_gradient", [like(*shape, dtype=y.dtype), like(shape[-1], dtype=y.dtype)], y, u)
    expected = np.where(y > 0, u, 0)
    assert np.array_equal(d, expected)
    assert_close(
        db, expected.astype(np.float64).sum(tuple(range(len(shape) - 1))), 1e-5 if dtype == "float32" else 1e-2
    )


# ---- pooling

# (batch, spatial, channels, window, strides, before, after)
POOLS = [
    (2, (9,), 3, (2,), (2,), (0,), (1,)),
    (3, (8, 7), 5, (2, 2), (2, 2), (0, 0), (0, 0)),
    (1, (9, 8), 130, (3, 2), (2, 1), (1, 0), (1, 1)),
    (2, (7, 6), 1, (3, 3), (1, 1), (1, 1), (1, 1)),
    (2, (5, 7), 2, (2, 3), (3, 4), (0, 1), (1, 0)),  # windows with gaps between them
    (1, (4, 5, 6), 3, (2, 3, 2), (2, 1, 2), (1, 1, 0), (0, 1, 1)),
    (0, (4, 4), 3, (2, 2), (2, 2), (0, 0), (0, 0)),
    (2, (1, 4), 3, (2, 2), (2, 2), (0, 0), (0, 0)),
]


def pool_case(case: Any) -> Any:
    batch, spatial, channels, window, strides, before, after = case
    # Multiples of 1/2, for many ties, with an infinity and a nan.
    x = np.round(2 * draw(batch, *spatial, channels)) / 2
    if x.size:
        x.flat[[1, -1]] = -np.inf, np.nan
    out = tuple(map(oracles.out_size, spatial, window, strides, (1,) * len(window), before, after))
    return x.astype(np.float32), out, {"window": window, "strides": strides, "before": before, "after": after}


@pytest.mark.parametrize("case", POOLS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_pooling(case: Any, dtype: str) -> None:
    x, out, at = pool_case(case)
    kind = jnp.dtype(dtype)
    x, shape, geometry = x.astype(kind), (len(x), *out, x.shape[-1]), (case[3], case[4], case[5])
    u = draw(*shape, seed=3).astype(kind)
    for relu in (0, 1):
        y, index = call(
            "chainrule_max_pool", [like(*shape, dtype=kind), like(*shape, dtype=np.uint8)], x, **at, relu=relu
        )
        expected, chosen = oracles.max_pool(x.astype(np.float32), out, *geometry, bool(relu))
        np.testing.assert_array_equal(np.asarray(y, np.float32), expected)
        np.testing.assert_array_equal(index, chosen)
        dx = call("chainrule_max_pool_gradient", like(*x.shape, dtype=kind), chosen, u, **at)
        assert_close(
            dx,
            oracles.max_pool_gradient(x.shape, chosen, u.astype(np.float64), *geometry),
            1e-6 if dtype == "float32" else 1e-2,
        )
    x = np.nan_to_num(x.astype(np.float32), neginf=-3).astype(kind)
    tolerance = 1e-6 if dtype == "float32" else 1e-2
    assert_close(
        call("chainrule_average_pool", like(*shape, dtype=kind), x, **at),
        oracles.average_pool(x, out, *geometry),
        tolerance,
    )
    dx = call("chainrule_average_pool_gradient", like(*x.shape, dtype=kind), u, **at)
    assert_close(dx, oracles.average_pool_gradient(x.shape, u.astype(np.float64), *geometry), tolerance)


# ---- thin convolution


@pytest.mark.parametrize(
    ("batch", "size", "channels", "filters", "window", "before", "after"),
    [
        (3, (9, 8), 1, 32, (3, 3), (1, 1), (1, 1)),
        (2, (7, 10), 3, 5, (2, 3), (0, 1), (1, 0)),
        (1, (5, 6), 1, 17, (1, 1), (0, 0), (0, 0)),
        (5, (12, 11), 2, 16, (5, 5), (2, 0), (2, 1)),
        (2, (6, 6), 1, 40, (8, 8), (4, 4), (3, 4)),
        (0, (6, 6), 1, 4, (3, 3), (1, 1), (1, 1)),
        (2, (3, 3), 1, 4, (3, 3), (0, 0), (0, 0)),
        (2, (6, 6), 1, 0, (3, 3), (0, 0), (0, 0)),
    ],
)
def test_thin_convolution(
    batch: int, size: Any, channels: int, filters: int, window: Any, before: Any, after: Any
) -> None:
    # Whole numbers, for exact sums and many ties.
    x, w, b = (np.round(draw(*s, seed=7)) for s in ((batch, *size, channels), (*window, channels, filters), (filters,)))
    at = {"strides": (1, 1), "dilation": (1, 1), "before": before, "after": after, "groups": 1}
    large = (oracles.conv(x, w, **at) + b).astype(np.float32)
    out = tuple(n // 2 for n in large.shape[1:3])
    shape = (batch, *out, filters)
    edges = {"before": before, "after": after}
    y, index = call("chainrule_conv_pool", [like(*shape), like(*shape, dtype=np.uint8)], x, w, b, **edges)
    expected, chosen = oracles.max_pool(large, out, (2, 2), (2, 2), (0, 0), True)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(index, chosen)
    u = draw(*shape, seed=5)
    upstream = oracles.max_pool_gradient(large.shape, chosen, u.astype(np.float64), (2, 2), (2, 2), (0, 0))
    _, dw, db = oracles.conv_gradients(x, w, upstream, **at)
    actual_dw, actual_db = call("chainrule_conv_pool_kernel", [like(*w.shape), like(filters)], x, chosen, u, **edges)
    assert_close(actual_dw, dw)
    assert_close(actual_db, db)


def test_thin_convolution_returns_nan() -> None:
    x = np.zeros((1, 2, 2, 1), np.float32)
    x[0, 1, 0, 0] = np.nan
    results = [like(1, 1, 1, 1), like(1, 1, 1, 1, dtype=np.uint8)]
    y, index = call(
        "chainrule_conv_pool",
        results,
        x,
        np.ones((1, 1, 1, 1), np.float32),
        np.ones(1, np.float32),
        before=(0, 0),
        after=(0, 0),
    )
    assert np.isnan(y).all()
    assert int(index[0, 0, 0, 0]) == 2


# ---- optimizers


@pytest.mark.parametrize("shape", [(), (1,), (17, 3), (0, 3), (300, 401)])
def test_optimizers(shape: Any) -> None:
    g, p, m = (draw(*shape, seed=s) for s in (1, 2, 3))
    v, rate = 0.1 + np.abs(draw(*shape, seed=4)), np.float32(0.01)
    g64, p64, m64, v64 = (a.astype(np.float64) for a in (g, p, m, v))
    result = call(
        "chainrule_adam",
        [like(*shape)] * 3,
        g,
        p,
        m,
        v,
        rate,
        aliases={1: 0, 2: 1, 3: 2},
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
    )
    next_m = m64 + (g64 - m64) * 0.1
    next_v = v64 + (g64**2 - v64) * 0.001
    expected = p64 - next_m * 0.01 / (np.sqrt(next_v) + 1e-7), next_m, next_v
    for a, b in zip(result, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    for nesterov in (0, 1):
        for aliases in ({1: 0, 2: 1}, None):
            result = call(
                "chainrule_momentum",
                [like(*shape)] * 2,
                g,
                p,
                m,
                rate,
                aliases=aliases,
                momentum=0.9,
                nesterov=nesterov,
            )
            next_m = m64 * 0.9 - g64 * 0.01
            step = next_m * 0.9 - g64 * 0.01 if nesterov else next_m
            for a, b in zip(result, (p64 + step, next_m), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


# ---- regions


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("aligned", "adaptive", "samples", "scale"),
    [(1, 0, (2, 2), 1.0), (0, 0, (1, 3), 0.625), (1, 1, (9, 9), 1.0), (0, 1, (9, 9), 0.5)],
)
@pytest.mark.parametrize("channels", [1, 70])
def test_roi_align(channels: int, aligned: int, adaptive: int, samples: Any, scale: float, dtype: str) -> None:
    kind = jnp.dtype(dtype)
    features = draw(3, 6, 7, channels).astype(kind)
    boxes = np.array(
        [
            [0.2, 0.3, 4.1, 5.2],
            [1.3, 2.2, 6.3, 4.8],
            [-3.2, 1.1, 2.7, 12.4],
            [3.6, 3.1, 0.9, 1.2],
            [20.1, 0.2, 30.4, 3.3],
        ],
        np.float32,
    )
    images = np.array([1, 0, 1, 2, 0], np.int32)
    u = draw(5, 2, 3, channels, seed=9).astype(kind)
    at = {"samples": samples, "adaptive": adaptive, "aligned": aligned, "spatial_scale": scale}
    y, df = oracles.roi_align(
        features, boxes, images, (2, 3), samples, bool(adaptive), bool(aligned), scale, u.astype(np.float64)
    )
    tolerance = 1e-5 if dtype == "float32" else 1e-2
    assert_close(call("chainrule_roi_align", like(*u.shape, dtype=kind), features, boxes, images, **at), y, tolerance)
    assert_close(
        call("chainrule_roi_align_gradient", like(*features.shape, dtype=kind), u, boxes, images, **at), df, tolerance
    )


def test_roi_align_without_boxes_and_with_extreme_ones() -> None:
    features = draw(1, 3, 4, 2)
    at = {"samples": (2, 2), "adaptive": 0, "aligned": 1, "spatial_scale": 1.0}
    none = np.zeros((0, 4), np.float32), np.zeros(0, np.int32)
    assert call("chainrule_roi_align", like(0, 2, 2, 2), features, *none, **at).shape == (0, 2, 2, 2)
    assert not call(
        "chainrule_roi_align_gradient", like(1, 3, 4, 2), np.zeros((0, 2, 2, 2), np.float32), *none, **at
    ).any()
    boxes = np.array([[np.nan] * 4, [-np.inf, 0, np.inf, 1], [1e30, 1e30, 2e30, 2e30]], np.float32)
    images = np.array([0, 99, -99], np.int32)
    for adaptive in (0, 1):
        result = call("chainrule_roi_align", like(3, 2, 2, 2), features, boxes, images, **{**at, "adaptive": adaptive})
        assert not np.asarray(result).any()


# ---- logistic regression


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (5, 0), (0, 4), (2003, 130)])
def test_logistic(shape: Any) -> None:
    rows, features = shape
    x, w, b = draw(rows, features), draw(features, seed=1), np.float32(0.3)
    y = (draw(rows, seed=2) > 0).astype(np.float32)
    z = x.astype(np.float64) @ w + b
    u = draw(rows, seed=3)
    logits, dw, db = call("chainrule_logistic", [like(rows), like(features), like()], x, w, b, y, u)
    r = (1 / (1 + np.exp(-z)) - y) * u
    assert_close(logits, z)
    assert_close(dw, r @ x)
    assert_close(db, r.sum())


def test_logistic_far_from_zero() -> None:
    x, y = np.array([[1e4], [-1e4]], np.float32), np.array([0, 1], np.float32)
    one = np.ones(1, np.float32)
    z, dw, db = call("chainrule_logistic", [like(2), like(1), like()], x, one, np.float32(0), y, np.float32([0.5, 2]))
    assert z.tolist() == [1e4, -1e4]
    assert (float(dw[0]), float(db)) == (1e4 * 0.5 + 1e4 * 2, 0.5 - 2)


# ---- statistics of channels

TABLES = [(1, 1), (5, 3), (3, 5, 7, 16), (7, 300, 85), (4001, 64), (70000, 1), (6, 0)]


@pytest.mark.parametrize("offset", [0.0, 300.0])
@pytest.mark.parametrize("shape", TABLES)
def test_moments(shape: Any, offset: float) -> None:
    x = draw(*shape) + np.float32(offset)
    axes = tuple(range(len(shape) - 1))
    mean, variance = call("chainrule_moments", [like(shape[-1])] * 2, x)
    exact = x.astype(np.float64)
    assert_close(mean, exact.mean(axes), 1e-6)
    assert_close(variance, exact.var(axes), 1e-5)


@pytest.mark.parametrize("shape", [*TABLES, (0, 3)])
def test_channel_sums(shape: Any) -> None:
    x, u, mean = draw(*shape) + np.float32(3), draw(*shape, seed=1), draw(shape[-1], seed=2)
    axes = tuple(range(len(shape) - 1))
    sums, products = call("chainrule_channel_sums", [like(shape[-1])] * 2, x, u, mean)
    assert_close(sums, u.astype(np.float64).sum(axes))
    assert_close(products, (u.astype(np.float64) * (x.astype(np.float64) - mean)).sum(axes))


def test_statistics_return_nan() -> None:
    x = np.ones((40, 3), np.float32)
    x[7, 1] = np.nan
    for result in (
        *call("chainrule_moments", [like(3)] * 2, x),
        call("chainrule_channel_sums", [like(3)] * 2, x, x, x[0])[1],
    ):
        np.testing.assert_array_equal(np.isnan(np.asarray(result)), [False, True, False])


# ---- orders


@pytest.mark.parametrize("count", [0, 1, 2, 404, 2047, 2048, 70001])  # another algorithm from 2048 on
@pytest.mark.parametrize("most", [2**32, 2**31 + 1, 2**23, 5, 1])  # few different words: ties, which keep their order
@pytest.mark.parametrize("kind", ["random", "descending", "crowded"])
def test_order(count: int, most: int, kind: str) -> None:
    words = np.random.default_rng(count).integers(0, most, count, dtype=np.uint64).astype(np.uint32)
    if kind == "descending":
        words = np.sort(words)[::-1].copy()
    elif kind == "crowded":  # fifteen, then twenty, with the same highest digits, descending
        words[1:16] = words[:1] - np.arange(1, 16, dtype=np.uint32)[: len(words[1:16])]
        words[100:120] = np.uint32(2**31) - np.arange(20, dtype=np.uint32)[: len(words[100:120])]
    result = call("chainrule_order", like(count, dtype=np.int32), words)
    np.testing.assert_array_equal(np.asarray(result), np.argsort(words, kind="stable"))


# ---- dense layers: products, and the weights' gradient with its update

SHAPES = [
    (1, 1, 1),
    (5, 1, 1),
    (13, 1, 65),
    (6, 7, 5),
    (64, 100, 10),
    (100, 7, 129),
    (3, 13, 0),
    (0, 4, 3),
    (64, 300, 200),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_dense_adam(shape: Any) -> None:
    rows, features, units = shape
    x, d = draw(rows, features), draw(rows, units, seed=1)
    p, m = (draw(features, units, seed=s) for s in (2, 3))
    v, rate = 0.1 + np.abs(draw(features, units, seed=4)), np.float32(0.01)
    none = np.zeros(0, np.float32)
    result = call(
        "chainrule_dense_adam",
        [like(features, units)] * 3,
        *(none, x, d, p, m, v, rate),
        aliases={3: 0, 4: 1, 5: 2},
        beta_1=0.9,
        beta_2=0.99,
        epsilon=1e-7,
    )
    g = x.astype(np.float64).T @ d
    next_m, next_v = m + (g - m) * 0.1, v + (g**2 - v) * 0.01
    for a, b in zip(result, (p - next_m * 0.01 / (np.sqrt(next_v) + 1e-7), next_m, next_v), strict=True):
        assert_close(a, b)


def test_dense_adam_at_the_edges() -> None:
    """Zero slots, squares that underflow or overflow, and nan, which must not be lost."""
    g = np.array([[0.0, 1e-20, 1e20, np.nan, 1.0]], np.float32)
    zeros, none = np.zeros((1, 5), np.float32), np.zeros(0, np.float32)
    p, _, v = call(
        "chainrule_dense_adam",
        [like(1, 5)] * 3,
        *(none, np.ones((1, 1), np.float32), g, zeros, zeros, zeros, np.float32(0.5)),
        beta_1=0.5,
        beta_2=0.75,
        epsilon=1e-7,
    )
    p = np.asarray(p)[0]
    assert p[0] == 0
    np.testing.assert_allclose(p[1], -0.25 * 1e-20 / 1e-7, rtol=1e-4)
    assert abs(p[2]) < 10
    assert np.isinf(v[0, 2])
    assert np.isnan(p[3])
    np.testing.assert_allclose(p[4], -0.5, rtol=1e-5)


@pytest.mark.parametrize("relu", [0, 1])
@pytest.mark.parametrize("shape", [*SHAPES, (70, 2049, 65)])
def test_products(shape: Any, relu: int) -> None:
    rows, inner, columns = shape
    a, b, bias = draw(rows, inner), draw(inner, columns, seed=1), draw(columns, seed=2)
    expected = a.astype(np.float64) @ b + bias
    result = call("chainrule_matmul", like(rows, columns), a, b, bias, ta=0, tb=0, activation=relu)
    assert_close(result, np.maximum(expected, 0) if relu else expected)


# ---- errors: a message that says what is wrong, and a process that continues

CONV = {"strides": (1, 1), "dilation": (1, 1), "before": (0, 0), "after": (0, 0), "groups": 1}
POOL = {"window": (2, 2), "strides": (2, 2), "before": (0, 0), "after": (0, 0)}
ROI = {"samples": (2, 2), "adaptive": 0, "aligned": 1, "spatial_scale": 1.0}
X, W, B, Y = (np.zeros(s, np.float32) for s in ((1, 5, 5, 2), (2, 2, 2, 3), (3,), (1, 4, 4, 3)))
LARGE = np.zeros((1, 20, 20, 1), np.float32)
INVALID = [
    ("chainrule_conv", Y, (X, W, B), CONV | {"strides": (1,), "activation": 0}, "one number for each"),
    ("chainrule_conv", Y, (X, W, B), CONV | {"strides": (0, 1), "activation": 0}, "at least 1"),
    ("chainrule_conv", Y, (X, W, B), CONV | {"before": (-1, 1), "activation": 0}, "at least"),
    ("chainrule_conv", Y, (X, W, B), CONV | {"before": (1, 1), "activation": 0}, "fit"),
    ("chainrule_conv", Y, (X, W, B), CONV | {"groups": 0, "activation": 0}, "groups"),
    ("chainrule_conv", Y, (X, W, B), CONV | {"groups": 2, "activation": 0}, "groups"),
    ("chainrule_conv", Y, (X, W, B), CONV | {"activation": 7}, "activation"),
    ("chainrule_conv", Y, (X, W, B[:2]), CONV | {"activation": 0}, "bias"),
    ("chainrule_conv", Y, (X, W.astype(np.float64), B), CONV | {"activation": 0}, "element type"),
    ("chainrule_conv", Y, (X[0, 0], W, B), CONV | {"activation": 0}, "spatial axes"),
    ("chainrule_conv_transpose", X, (Y, W[:1]), CONV, "fit"),
    ("chainrule_conv_kernel", (W, B[:2]), (X, Y), CONV, "bias"),
    ("chainrule_matmul", Y[0, 0], (B, B, B), {"ta": 0, "tb": 0, "activation": 0}, "matrices"),
    ("chainrule_matmul", W[0, 0], (W[0, 0], W[0, 0], B), {"ta": 0, "tb": 0, "activation": 0}, "joined"),
    ("chainrule_matmul", W[0, 0], (W[0, 0], W[0, 0], B), {"ta": 0, "tb": 2, "activation": 0}, "0 or 1"),
    ("chainrule_relu_gradient", (Y, B), (Y, X), {}, "shape"),
    ("chainrule_max_pool", (X, X.astype(np.uint8)), (X,), POOL | {"relu": 0}, "fit"),
    ("chainrule_max_pool", (LARGE[:, :5, :5], LARGE[:, :5, :5].astype(np.uint8)), (LARGE,), POOL | {"window": (16, 16), "strides": (1, 1), "relu": 0}, "byte"),
    ("chainrule_average_pool", X, (X,), POOL | {"strides": (0, 2)}, "at least"),
    ("chainrule_conv_pool", (Y[:, :2, :2], Y[:, :2, :2].astype(np.uint8)), (X, W, B[:1]), {"before": (0, 0), "after": (0, 0)}, "bias"),
    ("chainrule_conv_pool_kernel", (np.zeros((9, 9, 2, 3), np.float32), B), (LARGE, Y.astype(np.uint8), Y), {"before": (0, 0), "after": (0, 0)}, "shape"),
    ("chainrule_adam", (B, B, B), (B, B, B, B[:2], B[0]), {"beta_1": 0.9, "beta_2": 0.9, "epsilon": 0.1}, "shape"),
    ("chainrule_dense_adam", (B[None], B[None], B[None]), (B, X[0, 0], B[None], B[None], B[None], B[None], B[0]), {"beta_1": 0.9, "beta_2": 0.9, "epsilon": 0.1}, "one number of rows"),
    ("chainrule_dense_adam", (B[None], B[None], B[None]), (B, B[None], B[None], B[None], B[None], B[None], B[0]), {"beta_1": 0.9, "beta_2": 0.9, "epsilon": 0.1}, "the weight has"),
    ("chainrule_momentum", (B, B), (B, B, B, B), {"momentum": 0.9, "nesterov": 0}, "one number"),
    ("chainrule_roi_align", np.zeros((1, 2, 2, 2), np.float32), (X, B, np.zeros(1, np.int32)), ROI, "boxes"),
    ("chainrule_roi_align", np.zeros((1, 2, 2, 2), np.float32), (X, np.zeros((1, 4), np.float32), np.zeros(1, np.float32)), ROI, "int32"),
    ("chainrule_moments", (B, B), (X,), {}, "result has"),
    ("chainrule_moments", (B, B), (W.astype(np.float64)[..., :3],), {}, "float32"),
    ("chainrule_moments", (B, B), (np.zeros((0, 3), np.float32),), {}, "no rows"),
    ("chainrule_channel_sums", (B, B), (W, W[0], B), {}, "upstream has"),
    ("chainrule_channel_sums", (B, B), (W, W, B[:2]), {}, "the mean or a result has"),
    ("chainrule_order", B.astype(np.int32), (B,), {}, "uint32"),
    ("chainrule_order", B[:2].astype(np.int32), (B.astype(np.uint32),), {}, "the result"),
    ("chainrule_logistic", (B[:2], B, B[0]), (W[0, 0], B[:2], B[0], B[:2], B[:2]), {}, "w has"),
    ("chainrule_logistic", (B[:2], B, B[0]), (W[0, 0], B, B[0], B[:2], B[:1]), {}, "upstream has"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "results", "operands", "attributes", "words"), INVALID)
def test_invalid_input_is_an_error(name: str, results: Any, operands: Any, attributes: Any, words: str) -> None:
    with jax.enable_x64(True):
        shapes = [like(*a.shape, dtype=a.dtype) for a in jax.tree.leaves(results)]
        with pytest.raises(Exception, match=words):
            jax.block_until_ready(call(name, shapes, *operands, **attributes))


# ---- all kernels


def all_results() -> dict[str, Any]:
    """Return a result of each kernel, large enough for several threads."""
    case = (13, (17, 15), 24, 40, (3, 3), (1, 1), (1, 1), (1, 1), (1, 1), 1)
    x, w, b, u = arrays(case)
    at = geometry(case)
    pool = {"window": (3, 3), "strides": (2, 2), "before": (1, 1), "after": (1, 1)}
    pooled = (13, 9, 8, 24)
    boxes = np.abs(draw(40, 4)) * np.array([1, 1, 9, 9], np.float32)
    images = np.arange(40, dtype=np.int32) % 13
    thin, edges = draw(64, 28, 27, 1), {"before": (1, 1), "after": (1, 1)}
    small = draw(64, 14, 13, 32, seed=4)
    result = {
        "conv": call("chainrule_conv", like(*u.shape), x, w, b, **at, activation=1),
        "transpose": call("chainrule_conv_transpose", like(*x.shape), u, w, **at),
        "kernel": call("chainrule_conv_kernel", [like(*w.shape), like(40)], x, u, **at),
        "matmul": call("chainrule_matmul", like(300, 500), draw(300, 700), draw(700, 500), draw(500), ta=0, tb=0, activation=0),
        "relu": call("chainrule_relu_gradient", [like(9000, 65), like(65)], draw(9000, 65), draw(9000, 65, seed=1)),
        "max": call("chainrule_max_pool", [like(*pooled), like(*pooled, dtype=np.uint8)], x, **pool, relu=1),
        "average": call("chainrule_average_pool_gradient", like(*x.shape), draw(*pooled), **pool),
        "thin": call("chainrule_conv_pool", [like(*small.shape), like(*small.shape, dtype=np.uint8)], thin, draw(3, 3, 1, 32), draw(32), **edges),
        "adam": call("chainrule_adam", [like(600, 500)] * 3, *[np.abs(draw(600, 500, seed=s)) for s in range(4)], np.float32(0.1), beta_1=0.9, beta_2=0.99, epsilon=1e-7),
        "dense adam": call("chainrule_dense_adam", [like(600, 500)] * 3, np.zeros(0, np.float32), draw(64, 600), draw(64, 500), *[np.abs(draw(600, 500, seed=s)) for s in range(3)], np.float32(0.1), beta_1=0.9, beta_2=0.99, epsilon=1e-7),
        "product": call("chainrule_matmul", like(64, 500), draw(64, 600), draw(600, 500), draw(500), ta=0, tb=0, activation=1),
        "roi": call("chainrule_roi_align_gradient", like(*x.shape), draw(40, 7, 7, 24), boxes, images, samples=(2, 2), adaptive=0, aligned=1, spatial_scale=1.0),
        "moments": call("chainrule_moments", [like(24)] * 2, draw(13, 17, 15, 24)),
        "sums": call("chainrule_channel_sums", [like(85)] * 2, draw(9000, 85), draw(9000, 85, seed=1), draw(85)),
        "order": call("chainrule_order", like(9000, dtype=np.int32), np.arange(9000, dtype=np.uint32) * np.uint32(2654435761)),
        "logistic": call("chainrule_logistic", [like(9000), like(130), like()], draw(9000, 130), draw(130), np.float32(0), np.ones(9000, np.float32), draw(9000, seed=1)),
    }  # fmt: skip
    result["thin kernel"] = call(
        "chainrule_conv_pool_kernel", [like(3, 3, 1, 32), like(32)], thin, result["thin"][1], small, **edges
    )
    return result


def digest(results: dict[str, Any]) -> dict[str, str]:
    joined = {
        name: b"".join(np.asarray(a).tobytes() for a in jax.tree.leaves(value)) for name, value in results.items()
    }
    return {name: hashlib.sha256(data).hexdigest() for name, data in joined.items()}


def test_bits_are_equal_from_run_to_run() -> None:
    first = digest(all_results())
    compiled = jax.jit(all_results)
    for _ in range(20):
        assert digest(compiled()) == first


@pytest.mark.parametrize("threads", ["1", "2"])
def test_bits_are_equal_for_any_number_of_threads(threads: str) -> None:
    folder = str(Path(__file__).parent)
    program = f"import sys; sys.path.insert(0, {folder!r}); import test_kernels as t; print(t.digest(t.all_results()))"
    environment = {**os.environ, "CHAINRULE_THREADS": threads}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert run.stdout.strip() == str(digest(all_results()))


@pytest.mark.parametrize("instructions", ["AVX2", "SSE41"])
def test_older_instruction_sets(instructions: str) -> None:
    """Narrower vectors, and no bfloat16 in oneDNN: its operands are converted to float32."""
    tests = "test_convolution or sizes6 or sizes3 or relu or pool or thin or optimizers or roi or logistic or dense or products or moments or sums"
    command = [sys.executable, "-m", "pytest", "-q", "-k", tests, str(Path(__file__))]
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": instructions}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stdout[-2000:]


def test_two_threads_at_once() -> None:
    expected = digest(all_results())
    compiled = jax.jit(all_results)
    jax.block_until_ready(compiled())
    failures: list[str] = []

    def work() -> None:
        for _ in range(10):
            results = digest(compiled())
            failures.extend(name for name in results if results[name] != expected[name])

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_inside_a_loop() -> None:
    a, b, bias = draw(64, 64) / 16, draw(64, 64, seed=1) / 16, draw(64, seed=2)

    def step(state: Any) -> Any:
        count, x = state
        return count + 1, call("chainrule_matmul", like(64, 64), x, b, bias, ta=0, tb=0, activation=1)

    _, result = jax.jit(lambda x: jax.lax.while_loop(lambda s: s[0] < 5, step, (0, x)))(a)
    expected = a.astype(np.float64)
    for _ in range(5):
        expected = np.maximum(expected @ b + bias, 0)
    assert_close(result, expected)


def test_threads_keep_their_openmp_setting() -> None:
    """oneDNN is limited to one thread only while it computes: other libraries of the process keep their setting."""
    import ctypes

    all_results()
    openmp = ctypes.CDLL("libgomp.so.1")
    openmp.omp_set_num_threads(3)
    all_results()
    assert openmp.omp_get_max_threads() == 3
