"""Each kernel compared with XLA's own operations on the same arrays: `python benchmark.py [words in the names]`.

Prints the median and the minimum of many runs, interleaved so that other programs slow both down equally.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from chainrule_kernels import call

Case = tuple[str, float, Callable[..., Any], Callable[..., Any] | None, tuple[Any, ...]]


def draw(*shape: int) -> Any:
    """Return a random normal array."""
    return jnp.asarray(np.random.default_rng(sum(shape)).normal(size=shape), jnp.float32)


def like(*shape: int, dtype: Any = np.float32) -> Any:
    """Return the description of a result."""
    return jax.ShapeDtypeStruct(shape, dtype)


def convolutions() -> Iterator[Case]:
    """Yield convolutions and their gradients."""
    sizes = [
        ("W4", 64, 28, 1, 32, 3),
        ("W4", 64, 14, 32, 64, 3),
        ("W5", 32, 28, 192, 64, 1),
        ("W5", 32, 28, 96, 128, 3),
        ("W5", 32, 28, 192, 128, 3),
        ("W5", 32, 28, 32, 96, 5),
        ("W6", 128, 32, 16, 16, 3),
        ("W6", 128, 8, 64, 64, 3),
        ("W8", 1, 14, 32, 64, 3),
        ("image", 1, 56, 64, 64, 3),
    ]
    for workload, batch, size, channels, filters, window in sizes:
        x, w, b = draw(batch, size, size, channels), draw(window, window, channels, filters), draw(filters)
        u, edge = draw(batch, size, size, filters), window // 2
        options = {"strides": (1, 1), "dilation": (1, 1), "before": (edge,) * 2, "after": (edge,) * 2, "groups": 1}
        name = f"{workload} conv {batch}x{size}x{size}x{channels} {window}x{window}x{filters}"
        operations = 2.0 * batch * size * size * channels * filters * window * window
        forward = functools.partial(
            lax.conv_general_dilated, window_strides=(1, 1), padding="SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        yield (
            f"{name} y",
            operations,
            lambda x, w, b, options=options, u=u: call(
                "chainrule_conv", like(*u.shape), x, w, b, **options, activation=1
            ),
            lambda x, w, b, forward=forward: jax.nn.relu(forward(x, w) + b),
            (x, w, b),
        )
        yield (
            f"{name} dx",
            operations,
            lambda u, w, options=options, x=x: call("chainrule_conv_transpose", like(*x.shape), u, w, **options),
            lambda u, w, x=x, forward=forward: jax.linear_transpose(lambda x: forward(x, w), x)(u)[0],
            (u, w),
        )
        yield (
            f"{name} dw",
            operations,
            lambda x, u, options=options, w=w: call(
                "chainrule_conv_kernel", [like(*w.shape), like(w.shape[-1])], x, u, **options
            ),
            lambda x, u, w=w, forward=forward: (
                jax.linear_transpose(lambda w: forward(x, w), w)(u)[0],
                u.sum((0, 1, 2)),
            ),
            (x, u),
        )


def products() -> Iterator[Case]:
    """Yield matrix products."""
    sizes = [
        ("W3 y", 64, 784, 512, 0, 0),
        ("W3 y", 64, 512, 256, 0, 0),
        ("W3 y", 64, 256, 10, 0, 0),
        ("W3 dx", 64, 256, 512, 0, 1),
        ("W3 dw", 784, 64, 512, 1, 0),
        ("W3 dw", 512, 64, 256, 1, 0),
        ("W4 y", 64, 3136, 128, 0, 0),
        ("W4 dx", 64, 128, 3136, 0, 1),
        ("W4 dw", 3136, 64, 128, 1, 0),
        ("W8 y", 1, 784, 512, 0, 0),
        ("W8 y", 1, 256, 10, 0, 0),
        ("W12 y", 64, 192, 512, 0, 0),
        ("square", 1024, 1024, 1024, 0, 0),
    ]
    for name, m, k, n, ta, tb in sizes:
        operands = draw(k, m) if ta else draw(m, k), draw(n, k) if tb else draw(k, n), draw(n)
        yield (
            f"{name} matmul {m}x{k}x{n}",
            2.0 * m * k * n,
            lambda a, b, c, m=m, n=n, ta=ta, tb=tb: call(
                "chainrule_matmul", like(m, n), a, b, c, ta=ta, tb=tb, activation=1
            ),
            lambda a, b, c, ta=ta, tb=tb: jax.nn.relu((a.T if ta else a) @ (b.T if tb else b) + c),
            operands,
        )


def fused() -> Iterator[Case]:
    """Yield pooling, with and without a convolution."""
    x, w, b, u = draw(64, 28, 28, 1), draw(3, 3, 1, 32), draw(32), draw(64, 14, 14, 32)
    edges = {"before": (1, 1), "after": (1, 1)}
    shapes = [like(*u.shape), like(*u.shape, dtype=np.uint8)]

    def pooled(x: Any, w: Any, b: Any) -> Any:
        y = lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return lax.reduce_window(jax.nn.relu(y + b), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    operations = 2.0 * 64 * 28 * 28 * 9 * 32
    yield (
        "W4 conv+relu+pool y",
        operations,
        lambda *a: call("chainrule_conv_pool", shapes, *a, **edges),
        pooled,
        (x, w, b),
    )
    index = call("chainrule_conv_pool", shapes, x, w, b, **edges)[1]
    yield (
        "W4 conv+relu+pool dw",
        operations,
        lambda x, index, u: call("chainrule_conv_pool_kernel", [like(3, 3, 1, 32), like(32)], x, index, u, **edges),
        lambda x, index, u: jax.vjp(lambda w, b: pooled(x, w, b), w, b)[1](u),
        (x, index, u),
    )
    large, small = draw(64, 14, 14, 64), draw(64, 7, 7, 64)
    options = {"window": (2, 2), "strides": (2, 2), "before": (0, 0), "after": (0, 0)}
    shapes2 = [like(*small.shape), like(*small.shape, dtype=np.uint8)]
    pool = functools.partial(
        lax.reduce_window, init_value=-jnp.inf, computation=lax.max, window_dimensions=(1, 2, 2, 1), padding="VALID"
    )
    yield (
        "W4 max pool y",
        0,
        lambda x: call("chainrule_max_pool", shapes2, x, **options, relu=1),
        lambda x: jax.nn.relu(pool(x, window_strides=(1, 2, 2, 1))),
        (large,),
    )
    index2 = call("chainrule_max_pool", shapes2, large, **options, relu=1)[1]
    yield (
        "W4 max pool dx",
        0,
        lambda index, u, x: call("chainrule_max_pool_gradient", like(*x.shape), index, u, **options),
        lambda index, u, x: jax.vjp(lambda x: pool(x, window_strides=(1, 2, 2, 1)), x)[1](u),
        (index2, small, large),
    )
    yield (
        "W4 relu gradient",
        0,
        lambda y, u: call("chainrule_relu_gradient", [like(*y.shape), like(64)], y, u),
        lambda y, u: (jnp.where(y > 0, u, 0), jnp.where(y > 0, u, 0).sum((0, 1, 2))),
        (large, large + 1),
    )
    wide = draw(32, 28, 28, 192)
    same = {"window": (3, 3), "strides": (1, 1), "before": (1, 1), "after": (1, 1)}
    yield (
        "W5 max pool 3x3 y",
        0,
        lambda x: call("chainrule_max_pool", [like(*x.shape), like(*x.shape, dtype=np.uint8)], x, **same, relu=0),
        lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 1, 1, 1), "SAME"),
        (wide,),
    )


def others() -> Iterator[Case]:
    """Yield updates, logistic regression and RoI align."""
    p = draw(784, 512)

    def adam(g: Any, p: Any, m: Any, v: Any) -> Any:
        m = m + (g - m) * 0.1
        v = v + (g * g - v) * 0.001
        return p - m * 0.001 / (jnp.sqrt(v) + 1e-7), m, v

    yield (
        "W3 adam 784x512",
        0,
        lambda g, p, m, v: call(
            "chainrule_adam",
            [like(*p.shape)] * 3,
            g,
            p,
            m,
            v,
            jnp.float32(0.001),
            beta_1=0.9,
            beta_2=0.999,
            epsilon=1e-7,
        ),
        adam,
        (p, p + 1, p * 0.1, p * p),
    )
    x, w, y = draw(100_000, 1000), draw(1000), (draw(100_000) > 0).astype(jnp.float32)
    scale = jnp.full(100_000, 1e-5)

    def logistic(x: Any, w: Any, y: Any) -> Any:
        z = x @ w
        r = (jax.nn.sigmoid(z) - y) * scale
        return z, r @ x, r.sum()

    results = [like(100_000), like(1000), like()]
    yield (
        "W2 logistic 100000x1000",
        4e8,
        lambda x, w, y: call("chainrule_logistic", results, x, w, jnp.float32(0), y, scale),
        logistic,
        (x, w, y),
    )
    features, corners = draw(2, 50, 50, 256), np.random.default_rng(0).uniform(0, 40, (256, 2))
    extent = np.random.default_rng(1).uniform(2, 20, (256, 2))
    boxes = jnp.asarray(np.concatenate([corners, corners + extent], axis=1), jnp.float32)
    images = jnp.arange(256, dtype=jnp.int32) % 2
    options = {"samples": (2, 2), "adaptive": 0, "aligned": 1, "spatial_scale": 1.0}
    yield (
        "W7 roi align 256 boxes 7x7x256",
        0,
        lambda f, b, i: call("chainrule_roi_align", like(256, 7, 7, 256), f, b, i, **options),
        None,
        (features, boxes, images),
    )
    yield (
        "W7 roi align gradient",
        0,
        lambda u, b, i: call("chainrule_roi_align_gradient", like(2, 50, 50, 256), u, b, i, **options),
        None,
        (draw(256, 7, 7, 256), boxes, images),
    )


def measure(functions: list[Callable[..., Any]], operands: tuple[Any, ...]) -> list[tuple[float, float]]:
    """Return the median and minimum microseconds of each function, run in turn for a second."""
    compiled = [jax.jit(f) for f in functions]
    times: list[list[float]] = [[] for _ in compiled]
    for function in compiled:
        jax.block_until_ready(function(*operands))
    end = time.perf_counter() + 1
    while time.perf_counter() < end:
        for function, function_times in zip(compiled, times, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(function(*operands))
            function_times.append((time.perf_counter() - start) * 1e6)
    return [(float(np.median(t)), min(t)) for t in times]


def main(words: list[str]) -> None:
    """Print the times of the cases whose names contain one of the words, or of all."""
    print(f"{'':42}{'kernel µs':>10}{'min':>9}{'GFLOP/s':>9}{'XLA µs':>10}{'min':>9}")
    for cases in (convolutions, products, fused, others):
        for name, operations, ours, xla, operands in cases():
            if words and not any(word in name for word in words):
                continue
            results = measure([ours, *([xla] if xla else [])], operands)
            rate = f"{operations / results[0][1] / 1e3:9.0f}" if operations else f"{'':9}"
            print(
                f"{name:42}{results[0][0]:10.0f}{results[0][1]:9.0f}{rate}"
                + "".join(f"{m:10.0f}{l:9.0f}" for m, l in results[1:])
            )


if __name__ == "__main__":
    main(sys.argv[1:])
