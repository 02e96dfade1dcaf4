"""Operations implemented three times: with loops over Python numbers, with NumPy on whole arrays, and as an operation
of this library. Their source is shown to users, so each is short, without types and docstrings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..core import memory
from ..core.messages import LazyMessage
from ..transforms.differentiate import grad, value_and_grad


class Implementations(NamedTuple):
    """One operation: its three functions, the data of a given size, and the default sizes.

    Attributes:
        data: returns the arguments for a size. what: a short description.
    """

    loop: Callable[..., Any]
    vectorised: Callable[..., Any]
    compiled: Callable[..., Any]
    data: Callable[[int], Sequence[Any]]
    sizes: Sequence[int]
    what: LazyMessage


def conv2d_loop(image, kernel):
    high, wide = len(kernel), len(kernel[0])
    out = []
    for i in range(len(image) - high + 1):
        row = []
        for j in range(len(image[0]) - wide + 1):
            total = 0.0
            for a in range(high):
                for b in range(wide):
                    total += image[i + a][j + b] * kernel[a][b]
            row.append(total)
        out.append(row)
    return out


def conv2d_vectorised(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.tensordot(windows, kernel, axes=2)


def conv2d_compiled(image, kernel):
    return ops.conv(image[None, :, :, None], kernel[:, :, None, None])[0, :, :, 0]


def max_pool_loop(image):
    out = []
    for i in range(0, len(image) - 1, 2):
        row = []
        for j in range(0, len(image[0]) - 1, 2):
            largest = image[i][j]
            for value in (image[i][j + 1], image[i + 1][j], image[i + 1][j + 1]):
                if value > largest:
                    largest = value
            row.append(largest)
        out.append(row)
    return out


def max_pool_vectorised(image):
    high, wide = image.shape[0] // 2, image.shape[1] // 2
    return image[: 2 * high, : 2 * wide].reshape(high, 2, wide, 2).max(axis=(1, 3))


def max_pool_compiled(image):
    return ops.max_pool(image[None, :, :, None], 2)[0, :, :, 0]


def dense_loop(x, w, b):
    out = []
    for row in x:
        entries = []
        for j in range(len(b)):
            total = b[j]
            for k in range(len(row)):
                total += row[k] * w[k][j]
            entries.append(total if total > 0 else 0.0)
        out.append(entries)
    return out


def dense_vectorised(x, w, b):
    return np.maximum(x @ w + b, 0)


def dense_compiled(x, w, b):
    return ops.relu(x @ w + b)


def softmax_loop(x):
    out = []
    for row in x:
        largest = max(row)
        powers = [math.exp(v - largest) for v in row]
        total = sum(powers)
        out.append([p / total for p in powers])
    return out


def softmax_vectorised(x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def softmax_compiled(x):
    return ops.softmax(x)


def perceptron_loop(x, y, w):
    rss = 0.0  # the residual sum of squares
    slope = [0.0] * len(w)
    for i in range(len(x)):
        predicted = 0.0
        for j in range(len(w)):
            predicted += w[j] * x[i][j]
        residual = predicted - y[i]
        rss += residual**2
        for j in range(len(w)):
            slope[j] += 2 * residual * x[i][j]
    return [rss, *slope]


def perceptron_vectorised(x, y, w):
    residual = x @ w - y
    return np.append(residual @ residual, 2 * x.T @ residual)


def perceptron_compiled(x, y, w):
    rss, slope = value_and_grad(lambda w: ops.sum((x @ w - y) ** 2))(w)  # no gradient by hand
    return ops.append(rss, slope)


def logistic_regression_loop(x, t, w):
    slope = [0.0] * len(w)
    for i in range(len(x)):
        z = 0.0
        for j in range(len(w)):
            z += w[j] * x[i][j]
        error = 1 / (1 + math.exp(-z)) - t[i]
        for j in range(len(w)):
            slope[j] += error * x[i][j] / len(x)
    return slope


def logistic_regression_vectorised(x, t, w):
    error = 1 / (1 + np.exp(-(x @ w))) - t
    return x.T @ error / len(x)


def logistic_regression_compiled(x, t, w):
    return grad(lambda w: ops.mean(ops.softplus(x @ w) - t * (x @ w)))(w)  # no gradient by hand


def _normal(*shape: int) -> Any:
    memory.require(64 * math.prod(shape), f"an array of shape {shape}, and the lists for the loop")
    return np.random.default_rng([1, *shape]).normal(size=shape)


IMPLEMENTATIONS = {
    "conv2d": Implementations(
        conv2d_loop, conv2d_vectorised, conv2d_compiled,
        lambda n: [_normal(n, n), _normal(3, 3)], (8, 32, 128, 512),
        LazyMessage("an n×n image under a 3×3 kernel"),
    ),
    "max pooling": Implementations(
        max_pool_loop, max_pool_vectorised, max_pool_compiled,
        lambda n: [_normal(n, n)], (8, 32, 128, 512),
        LazyMessage("an n×n image by windows of 2×2"),
    ),
    "dense": Implementations(
        dense_loop, dense_vectorised, dense_compiled,
        lambda n: [_normal(32, n), _normal(n, n), _normal(n)], (8, 32, 128, 512),
        LazyMessage("relu(x w + b) of 32 rows, n inputs, n outputs"),
    ),
    "softmax": Implementations(
        softmax_loop, softmax_vectorised, softmax_compiled,
        lambda n: [_normal(n, 10)], (10, 100, 1000, 10000),
        LazyMessage("n rows of 10"),
    ),
    "perceptron": Implementations(
        perceptron_loop, perceptron_vectorised, perceptron_compiled,
        lambda n: [_normal(n, 13), _normal(n), _normal(13)], (10, 100, 1000, 10000),
        LazyMessage("the RSS of a linear unit on n examples of 13 columns, and its gradient"),
    ),
    "logistic regression": Implementations(
        logistic_regression_loop, logistic_regression_vectorised, logistic_regression_compiled,
        lambda n: [_normal(n, 20), (_normal(n) > 0).astype(float), _normal(20)], (10, 100, 1000, 10000),
        LazyMessage("the gradient of the loss of n examples of 20 columns"),
    ),
}  # fmt: skip
