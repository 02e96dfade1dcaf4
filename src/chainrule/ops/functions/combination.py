"""Normalisation, cross entropies and small combinations."""

from __future__ import annotations

import math
from typing import Any

from ...core import arguments
from ...core.errors import ShapeError
from ...graph import largest_number
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import arithmetic, comparison, composite, exponential, selection
from .. import reduction as reductions
from ..record import freeze
from ..rules import in_float32, normalize_axes
from .creation import cast, ones_like, zeros_like
from .indexing import as_class_labels, diagonal, take_along_axis, where
from .shape import expand_dims, reshape, transpose


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Tensor:
    """Subtract the mean and divide by the standard deviation along `axis` (``keras.ops.layer_normalization``).

    The result is multiplied by `gamma` and `beta` is added.

    >>> ops.layer_normalization([1.0, 3.0], epsilon=0.0)
    tensor([-1.,  1.])
    """
    x = as_tensor(x)
    axes = normalize_axes(freeze(axis), x.ndim)
    gamma = 1.0 if gamma is None else _along_axes(as_tensor(gamma), x, axes)
    beta = 0.0 if beta is None else _along_axes(as_tensor(beta), x, axes)
    epsilon = 1e-7 if epsilon is None else epsilon
    return composite.layer_normalization_record(x, gamma, beta, axis=axes, epsilon=epsilon)


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: Any, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Tensor:
    """Subtract `mean`, divide by the root of `variance`, scale and shift (``keras.ops.batch_normalization``).

    Args:
        mean, variance, offset, scale: one number for each entry along `axis` (an axis, or several).

    Source: Ioffe and Szegedy, arXiv:1502.03167.

    >>> ops.batch_normalization([[1.0, 3.0]], [1.0, 1.0], [1.0, 4.0], axis=-1, epsilon=0.0)
    tensor([[0., 1.]])
    """
    x = as_tensor(x)
    axes = normalize_axes(freeze(axis), x.ndim)
    parameters = (mean, variance, 1.0 if scale is None else scale, 0.0 if offset is None else offset)
    vectors = [_along_axes(as_tensor(v), x, axes) for v in parameters]
    return composite.batch_normalization_record(x, *vectors, epsilon=epsilon)


def _along_axes(v: Tensor, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Reshape a vector of parameters, so that it broadcasts along `axes` of x."""
    return reshape(v, [x.shape[i] if i in axes else 1 for i in range(x.ndim)]) if v.ndim else v


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Tensor:
    """Divide x by its root mean square along `axis`, and scale it (``keras.ops.rms_normalization``; arXiv:1910.07467).

    >>> ops.rms_normalization([3.0, 3.0], epsilon=0.0)
    tensor([1., 1.])
    """
    x = as_tensor(x)
    axes = normalize_axes(freeze(axis), x.ndim)
    scale = 1.0 if scale is None else _along_axes(as_tensor(scale), x, axes)
    return composite.rms_normalization_record(x, scale, axis=axes, epsilon=1e-7 if epsilon is None else epsilon)


def _check_same_shape(target: Tensor, output: Tensor) -> None:
    """Raise a ShapeError if target and output differ in shape."""
    if target.shape != output.shape:
        passed = f"a target of shape {target.shape} and an output of shape {output.shape}"
        raise ShapeError(passed, "equal shapes", "reshape the target, e.g. add an axis with expand_dims")


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """Compute -(t log p + (1-t) log(1-p)), p clipped to 1e-7 and 1 - 1e-7 (``keras.ops.binary_crossentropy``).

    Args:
        from_logits: `output` is x with p = sigmoid(x), and nothing is clipped.

    >>> ops.binary_crossentropy([1.0], [0.0], from_logits=True)
    tensor([0.6931472])
    """
    target, output = as_tensor(target), as_tensor(output)
    _check_same_shape(target, output)
    return composite.binary_crossentropy_record(target, output, from_logits=from_logits)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Compute -sum(t log p) along `axis`, p scaled to sum 1 and clipped (``keras.ops.categorical_crossentropy``).

    Args:
        from_logits: `output` is x with p = softmax(x), and nothing is clipped.

    >>> ops.categorical_crossentropy([[1.0, 0.0]], [[0.0, 0.0]], from_logits=True)
    tensor([0.6931472])
    """
    target, output = as_tensor(target), as_tensor(output)
    _check_same_shape(target, output)
    return composite.categorical_crossentropy_record(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Compute -log p at each label (``keras.ops.sparse_categorical_crossentropy``).

    >>> ops.sparse_categorical_crossentropy([0], [[0.0, 0.0]], from_logits=True)
    tensor([0.6931472])
    """
    labels = as_class_labels(target)
    return composite.sparse_categorical_crossentropy_record(labels, output, from_logits=from_logits, axis=axis)


@in_float32
def normalize(x: Any, axis: int = -1, order: Any = 2, epsilon: float | None = None) -> Tensor:
    """Divide x by its norm along `axis`, at least `epsilon` (``keras.ops.normalize``).

    >>> ops.normalize([3.0, 4.0])
    tensor([0.6, 0.8])
    """
    x = as_tensor(x)
    small = 1e-7 if epsilon is None else epsilon
    return x / selection.maximum(reductions.norm(x, ord=order, axis=axis, keepdims=True), small)


def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """Compute x1 / x2, and 0 where x2 is 0 (``keras.ops.divide_no_nan``).

    >>> ops.divide_no_nan([1.0, 2.0], [0.0, 4.0])
    tensor([0. , 0.5])
    """
    x2 = as_tensor(x2)
    zero = x2 == 0
    quotient = arithmetic.divide(x1, where(zero, ones_like(x2), x2))
    return where(zero, zeros_like(quotient), quotient)


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Replace nan and infinities, the latter by default by the largest numbers (``keras.ops.nan_to_num``).

    >>> ops.nan_to_num([float("nan"), 1.0])
    tensor([0., 1.])
    """
    x = as_tensor(x)
    if x.dtype.kind in "biu":
        return x
    largest = largest_number(x.dtype)
    x = where(comparison.isnan(x), nan, x)
    x = where(x == math.inf, largest if posinf is None else posinf, x)
    return where(x == -math.inf, -largest if neginf is None else neginf, x)


def rad2deg(x: Any) -> Tensor:
    """Convert radians to degrees (``keras.ops.rad2deg``).

    >>> ops.rad2deg([0.0])
    tensor([0.])
    """
    return arithmetic.multiply(x, 180.0 / math.pi)


def deg2rad(x: Any) -> Tensor:
    """Convert degrees to radians (``keras.ops.deg2rad``).

    >>> ops.deg2rad([0.0])
    tensor([0.])
    """
    return arithmetic.multiply(x, math.pi / 180.0)


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """Return x above the threshold, `default_value` elsewhere (``keras.ops.threshold``).

    >>> ops.threshold([1.0, 3.0], 2.0, 0.0)
    tensor([0., 3.])
    """
    x = as_tensor(x)
    return where(x > threshold, x, default_value)


def psnr(x1: Any, x2: Any, max_val: Any) -> Tensor:
    """Compute 20 log10(max_val) - 10 log10(mean squared error), in decibels (``keras.ops.psnr``).

    >>> ops.psnr([0.0, 0.0], [0.1, 0.1], 1.0)
    tensor(20.0)
    """
    a, b = as_tensor(x1), as_tensor(x2)
    _check_same_shape(a, b)
    distance = a - b
    error = reductions.mean(arithmetic.square(cast(distance, "float32") if distance.spec.narrow else distance))
    ratio = 20.0 * exponential.log10(as_tensor(max_val).cast_to(error.dtype)) - 10.0 * exponential.log10(error)
    return cast(ratio, distance.dtype) if distance.spec.narrow else ratio


def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Return whether fewer than `k` classes are predicted above the target's (``keras.ops.in_top_k``).

    Args:
        targets: (batch,), whole numbers. predictions: (batch, classes). nan as a target's score counts as -inf.

    >>> ops.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1)
    tensor([ True, False], dtype=bool)
    """
    labels, x = as_tensor(targets), as_tensor(predictions)
    if x.ndim != labels.ndim + 1:
        passed = f"targets of shape {labels.shape} and predictions of {x.shape}"
        raise ShapeError(passed, "(batch,) and (batch, classes)", "reshape")
    k = arguments.at_least(0, owner="in_top_k", k=k)
    target_score = take_along_axis(x, expand_dims(labels, -1), axis=-1)
    above = x > where(comparison.isnan(target_score), -math.inf, target_score)
    return reductions.sum(cast(above, "int32"), axis=-1) < k


def cdist(x: Any, y: Any) -> Tensor:
    """Compute the distance of each point of `x` to each of `y` (``keras.ops.cdist``); its gradient is 0 at distance 0.

    Args:
        x: (..., m, size). y: (..., n, size).

    Returns: (..., m, n).

    >>> ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]])
    tensor([[5., 0.]])
    """
    a, b = as_tensor(x), as_tensor(y)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ShapeError(f"points of shapes {a.shape} and {b.shape}", "(..., m, size) and (..., n, size)", "reshape")
    return reductions.norm(expand_dims(a, -2) - expand_dims(b, -3), axis=-1)


@in_float32
def corrcoef(x: Any) -> Tensor:
    """Compute the correlation of each row of `x` with each other, -1 to 1 (``keras.ops.corrcoef``).

    That of a constant row, which is not defined, counts as 0. Of one row the result is a number, as in NumPy.

    >>> ops.corrcoef([[1.0, 2.0], [4.0, 2.0]])
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    x = as_tensor(x)
    if x.ndim not in (1, 2):
        raise ShapeError(f"a tensor of shape {x.shape}", "(variables, observations)", "reshape it")
    rows = x if x.ndim == 2 else reshape(x, (1, -1))
    centered = rows - reductions.mean(rows, axis=1, keepdims=True)
    products = centered @ transpose(centered)
    squares = diagonal(products)
    constant = squares == 0
    size = exponential.sqrt(where(constant, 1.0, squares))
    correlations = selection.clip(products / expand_dims(size, 1) / size, -1.0, 1.0)
    correlations = where(comparison.logical_or(expand_dims(constant, 1), constant), 0.0, correlations)
    return correlations[0, 0] if rows.shape[0] == 1 else correlations
