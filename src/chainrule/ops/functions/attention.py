"""Attention, and the loss and decoder of sequences without alignment (CTC)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core import arguments, memory
from ...core.errors import ShapeError
from ...tensors.convert import as_tensor
from ...tensors.tensor import Tensor
from .. import arithmetic, comparison, composite, selection
from .. import reduction as reductions
from .creation import cast
from .indexing import as_class_labels, one_hot, repeat, take_along_axis, where
from .reduction import max
from .shape import concatenate, expand_dims, ravel, reshape, stack, swapaxes, transpose


def dot_product_attention(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: float | None = None,
    is_causal: bool = False, flash_attention: bool | None = None, attn_logits_soft_cap: float | None = None,
) -> Tensor:  # fmt: skip
    """Compute softmax(query · key * scale) · value for each head (``keras.ops.dot_product_attention``).

    Args:
        query: (batch, targets, heads, depth). key: (batch, sources, heads, depth), or fewer heads that divide the
            query's, each then shared by adjacent heads. value: (batch, sources, heads, value depth).
        bias: added to the scores. mask: true where a source is attended to; both broadcast to
            (batch, heads, targets, sources). A target without any source weighs all sources equally.
        scale: default one over the root of the depth. is_causal: target i attends to sources 0 to i only.
        flash_attention: has no effect here. attn_logits_soft_cap: c replaces each score s by s / (1 + |s| / c).

    Returns: (batch, targets, heads, value depth). Source: Vaswani et al., arXiv:1706.03762.

    >>> ops.dot_product_attention(*[ops.ones((1, 3, 2, 4))] * 3).shape
    (1, 3, 2, 4)
    """
    q, k, v = (as_tensor(x) for x in (query, key, value))
    four_axes = q.ndim == k.ndim == v.ndim == 4
    if not four_axes or q.shape[3] != k.shape[3] or k.shape[:3] != v.shape[:3] or q.shape[2] % (k.shape[2] or 1):
        raise ShapeError(
            f"a query of shape {q.shape}, a key of {k.shape} and a value of {v.shape}",
            "(batch, targets, heads, depth), (batch, sources, heads, depth) and (batch, sources, heads, value depth)",
            "put the heads on the third axis; the number of heads of key and value must divide the query's",
        )
    group_size = q.shape[2] // (k.shape[2] or 1)
    if group_size > 1:
        k, v = (repeat(x, group_size, axis=2) for x in (k, v))
    q, k, v = (transpose(x, (0, 2, 1, 3)) for x in (q, k, v))
    scores = q @ swapaxes(k, 2, 3) * (1 / math.sqrt(q.shape[3] or 1) if scale is None else scale)
    if attn_logits_soft_cap is not None:
        scores = scores / (1 + arithmetic.absolute(scores) / attn_logits_soft_cap)
    if bias is not None:
        scores = scores + as_tensor(bias).cast_to(scores.dtype)
    attended = None if mask is None else cast(mask, "bool")
    if is_causal:
        below = memory.tri(scores.shape[2], scores.shape[3], 0, bool)
        attended = as_tensor(below) if attended is None else comparison.logical_and(attended, below)
    if attended is not None:
        scores = where(attended, scores, -0.7 * float(np.finfo(np.float16 if scores.dtype == "float16" else "f4").max))
    return transpose(composite.softmax(scores, axis=-1) @ v, (0, 2, 1, 3))


_LOG_ZERO = -1e5  # stands for log 0, as in Keras: the gradient of infinities would be nan


def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Tensor:
    """Compute -log of the probability of a target sequence, summed over its alignments (``keras.ops.ctc_loss``).

    Args:
        target: (batch, labels), whole numbers. output: (batch, steps, classes), logits.
        target_length, output_length: (batch,): what follows is padding. mask_index: the class of the blank.

    Returns: (batch,); about 1e5 for a target that does not fit into its steps. Loops over the steps, in logarithms.
    Source: Graves et al., ICML 2006 (https://doi.org/10.1145/1143844.1143891).

    >>> ops.ctc_loss([[1]], [[[0.0, 0.0], [0.0, 0.0]]], [1], [2])
    tensor([0.28768212])
    """
    y, scores, lengths, steps = as_class_labels(target), *map(as_tensor, (output, target_length, output_length))
    if y.ndim != 2 or scores.ndim != 3 or lengths.ndim != 1 or steps.ndim != 1:
        raise ShapeError(
            f"a target of shape {y.shape} ({y.dtype.name}), an output of {scores.shape}, lengths of {lengths.shape} "
            f"and {steps.shape}",
            "(batch, labels) of whole numbers, (batch, steps, classes), (batch,) and (batch,)",
            "pad the targets to one length",
        )
    mask_index = arguments.between(0, scores.shape[2] - 1, owner="ctc_loss", mask_index=mask_index)
    blank = expand_dims(y * 0 + mask_index, -1)
    blank_label_pairs = reshape(concatenate([blank, expand_dims(y, -1)], axis=-1), (y.shape[0], 2 * y.shape[1]))
    states = concatenate([blank_label_pairs, y[:, :1] * 0 + mask_index if y.shape[1] else blank[:, :, 0]], axis=1)
    logs = composite.log_softmax(cast(scores, "float64" if scores.dtype == "float64" else "float32"), axis=-1)
    logs = selection.maximum(logs, _LOG_ZERO)  # -inf times the 0 of another class would be nan
    emissions = logs @ swapaxes(one_hot(states, scores.shape[2], dtype=logs.dtype), 1, 2)
    position = memory.arange(states.shape[1])
    may_skip = comparison.logical_and(states[:, 2:] != states[:, :-2], states[:, 2:] != mask_index)
    start = np.where(position == 0, 0.0, _LOG_ZERO).astype(logs.dtype)
    alpha = emissions[:, 0] * 0 + start  # before the first step
    for t in range(scores.shape[1]):
        low = alpha[:, :2] * 0 + _LOG_ZERO
        from_previous = concatenate([low[:, :1], alpha[:, :-1]], axis=1)
        skipping = concatenate([low[:, : len(position)], where(may_skip, alpha[:, :-2], _LOG_ZERO)], axis=1)
        paths = stack([alpha, from_previous, skipping[:, : len(position)]])
        following = emissions[:, t] + reductions.logsumexp(paths, axis=0)
        alpha = where(expand_dims(t < steps, 1), following, alpha)
    last = expand_dims(2 * lengths, 1)
    final = comparison.logical_or(last == position, last - 1 == position)
    return -reductions.logsumexp(where(final, alpha, _LOG_ZERO), axis=1)


def ctc_decode(
    inputs: Any, sequence_lengths: Any, strategy: str = "greedy", beam_width: int = 100, top_paths: int = 1,
    merge_repeated: bool = True, mask_index: int = 0,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the labels along the likeliest class of each step (``keras.ops.ctc_decode``, greedy).

    Args:
        inputs: (batch, steps, classes), scores. sequence_lengths: (batch,). strategy: ``"greedy"``; there is no beam
            search, so `beam_width` and `top_paths` are ignored. merge_repeated: count a repeated class once.
        mask_index: the class of the blank.

    Returns: labels (1, batch, steps) as int32, -1 after the last; minus the sum of the scores, (batch, 1).

    >>> ops.ctc_decode([[[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]], [3])[0]
    tensor([[[ 1, -1, -1]]], dtype=int32)
    """
    arguments.one_of(("greedy",), owner="ctc_decode, which has no beam search", strategy=strategy)
    x, lengths = as_tensor(inputs), ravel(sequence_lengths)
    if x.ndim != 3:
        raise ShapeError(f"inputs of shape {x.shape}", "(batch, steps, classes)", "add the batch axis")
    x = x * 1.0 if x.dtype.kind in "biu" else x
    steps = memory.arange(x.shape[1], dtype=np.int32)
    valid = comparison.less(steps, expand_dims(lengths, 1))
    classes = where(valid, reductions.argmax(x, axis=-1), np.int32(mask_index))
    keep = classes != mask_index
    if merge_repeated and x.shape[1]:
        keep = comparison.logical_and(keep, concatenate([keep[:, :1], classes[:, 1:] != classes[:, :-1]], axis=1))
    order = reductions.argsort_record(comparison.logical_not(keep), axis=1)  # the kept ones first, in order
    labels = take_along_axis(where(keep, classes, np.int32(-1)), order, axis=1)
    best = where(valid, max(x, axis=-1), 0.0)
    return expand_dims(labels, 0), -reductions.sum(best, axis=1, keepdims=True)
