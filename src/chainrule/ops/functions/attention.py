"""Attention, and the loss and decoder of sequences without alignment (CTC)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.errors import ShapeError, ValueProblem
from ...tensors.tensor import Tensor, as_tensor
from .. import composite, elementwise
from .. import reduction as reductions
from .creation import cast
from .indexing import one_hot, repeat, take_along_axis, where
from .reduction import max
from .shape import (
    concatenate,
    expand_dims,
    ravel,
    reshape,
    stack,
    swapaxes,
    transpose,
)


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """softmax(query · key * scale) · value for each head (``keras.ops.dot_product_attention``).

    Args:
        query: (batch, targets, heads, depth). key: (batch, sources, heads, depth), or fewer heads that divide the
            query's, each then shared by neighbours. value: (batch, sources, heads, value depth).
        bias: added to the scores, mask: true where a source may be seen; both broadcast to
            (batch, heads, targets, sources). A target that sees nothing weighs all sources alike.
        scale: default one over the root of the depth. is_causal: target i sees sources 0 to i alone.
        flash_attention: changes nothing here. attn_logits_soft_cap: c makes scores s / (1 + |s| / c).

    Returns: (batch, targets, heads, value depth). Source: Vaswani et al., arXiv:1706.03762.

    >>> ops.dot_product_attention(*[ops.ones((1, 3, 2, 4))] * 3).shape
    (1, 3, 2, 4)
    """
    q, k, v = (as_tensor(x) for x in (query, key, value))
    fits = q.ndim == k.ndim == v.ndim == 4
    if not fits or q.shape[3] != k.shape[3] or k.shape[:3] != v.shape[:3] or q.shape[2] % (k.shape[2] or 1):
        raise ShapeError(
            f"a query of shape {q.shape}, a key of {k.shape} and a value of {v.shape}",
            "(batch, targets, heads, depth), (batch, sources, heads, depth) and (batch, sources, heads, value depth)",
            "put the heads third, as many in key and value as divide the query's",
        )
    shared = q.shape[2] // (k.shape[2] or 1)
    if shared > 1:
        k, v = (repeat(x, shared, axis=2) for x in (k, v))
    q, k, v = (transpose(x, (0, 2, 1, 3)) for x in (q, k, v))
    scores = q @ swapaxes(k, 2, 3) * (1 / math.sqrt(q.shape[3]) if scale is None else scale)
    if attn_logits_soft_cap is not None:
        scores = scores / (1 + elementwise.absolute(scores) / attn_logits_soft_cap)
    if bias is not None:
        scores = scores + as_tensor(bias).cast_to(scores.dtype)
    seen = None if mask is None else cast(mask, "bool")
    if is_causal:
        below = np.tril(np.ones(scores.shape[2:], bool))
        seen = as_tensor(below) if seen is None else elementwise.logical_and(seen, below)
    if seen is not None:
        scores = where(seen, scores, -0.7 * float(np.finfo(np.float16 if scores.dtype == "float16" else "f4").max))
    return transpose(composite.softmax(scores, axis=-1) @ v, (0, 2, 1, 3))


LOW = -1e5  # stands for log 0, as Keras has it: without the nan that two infinities make in a gradient


def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Tensor:
    """-log of the probability of a target of labels, summed over its alignments (``keras.ops.ctc_loss``).

    Args:
        target: (batch, labels), whole numbers. output: (batch, steps, classes), logits.
        target_length, output_length: (batch,): what lies behind is padding. mask_index: the blank's class.

    Returns: (batch,); about 1e5 for a target that does not fit into its steps. One loop over the steps, in logarithms.
    Source: Graves et al., ICML 2006 (https://doi.org/10.1145/1143844.1143891).

    >>> ops.ctc_loss([[1]], [[[0.0, 0.0], [0.0, 0.0]]], [1], [2])
    tensor([0.28768212])
    """
    y, scores, lengths, steps = (as_tensor(x) for x in (target, output, target_length, output_length))
    if y.ndim != 2 or scores.ndim != 3 or y.dtype.kind not in "iu" or lengths.ndim != 1 or steps.ndim != 1:
        raise ShapeError(
            f"a target of shape {y.shape} ({y.dtype.name}), an output of {scores.shape}, lengths of {lengths.shape} "
            f"and {steps.shape}",
            "(batch, labels) of whole numbers, (batch, steps, classes), (batch,) and (batch,)",
            "pad the targets to one length",
        )
    if not 0 <= mask_index < scores.shape[2]:
        raise ValueProblem(f"mask_index {mask_index}", f"one of the {scores.shape[2]} classes", "name the blank")
    blank = expand_dims(y * 0 + mask_index, -1)
    between = reshape(concatenate([blank, expand_dims(y, -1)], axis=-1), (-1, 2 * y.shape[1]))
    states = concatenate([between, y[:, :1] * 0 + mask_index if y.shape[1] else blank[:, :, 0]], axis=1)
    logs = composite.log_softmax(cast(scores, "float64" if scores.dtype == "float64" else "float32"), axis=-1)
    emitted = logs @ swapaxes(one_hot(states, scores.shape[2], dtype=logs.dtype), 1, 2)
    place = np.arange(states.shape[1])
    may_skip = elementwise.logical_and(states[:, 2:] != states[:, :-2], states[:, 2:] != mask_index)
    alpha = emitted[:, 0] * 0 + np.where(place == 0, 0.0, LOW).astype(logs.dtype)  # before the first step: at the start
    for t in range(scores.shape[1]):
        low = alpha[:, :2] * 0 + LOW
        one = concatenate([low[:, :1], alpha[:, :-1]], axis=1)
        two = concatenate([low[:, : len(place)], where(may_skip, alpha[:, :-2], LOW)], axis=1)
        moved = emitted[:, t] + reductions.logsumexp(stack([alpha, one, two[:, : len(place)]]), axis=0)
        alpha = where(expand_dims(t < steps, 1), moved, alpha)
    last = expand_dims(2 * lengths, 1)
    final = elementwise.logical_or(last == place, last - 1 == place)
    return -reductions.logsumexp(where(final, alpha, LOW), axis=1)


def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Tensor, Tensor]:
    """The labels along the likeliest class of each step (``keras.ops.ctc_decode``, greedy).

    Args:
        inputs: (batch, steps, classes), scores. sequence_lengths: (batch,). strategy: ``"greedy"``; there is no beam
            search, so `beam_width` and `top_paths` are not read. merge_repeated: a class that stays counts once.
        mask_index: the blank's class.

    Returns: labels (1, batch, steps) as int32, -1 behind the last; minus the sum of the scores, (batch, 1).

    >>> ops.ctc_decode([[[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]], [3])[0]
    tensor([[[ 1, -1, -1]]], dtype=int32)
    """
    if strategy != "greedy":
        raise ValueProblem(f"strategy {strategy!r}", "'greedy'", "leave the strategy out; there is no beam search")
    x, lengths = as_tensor(inputs), ravel(sequence_lengths)
    if x.ndim != 3:
        raise ShapeError(f"inputs of shape {x.shape}", "(batch, steps, classes)", "add the batch axis")
    x = x * 1.0 if x.dtype.kind in "biu" else x
    steps = np.arange(x.shape[1], dtype=np.int32)
    inside = elementwise.less(steps, expand_dims(lengths, 1))
    found = where(inside, reductions.argmax(x, axis=-1), np.int32(mask_index))
    kept = found != mask_index
    if merge_repeated and x.shape[1]:
        kept = elementwise.logical_and(kept, concatenate([kept[:, :1], found[:, 1:] != found[:, :-1]], axis=1))
    order = reductions.argsort_record(elementwise.logical_not(kept), axis=1)  # those that are kept first, in order
    labels = take_along_axis(where(kept, found, np.int32(-1)), order, axis=1)
    best = where(inside, max(x, axis=-1), 0.0)
    return expand_dims(labels, 0), -reductions.sum(best, axis=1, keepdims=True)
