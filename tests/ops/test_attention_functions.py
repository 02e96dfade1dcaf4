"""Attention, and the loss and decoder of sequences without alignment (CTC)."""

from itertools import product

import numpy as np
import pytest
import scipy.special

from chainrule import ops
from chainrule.core.errors import DTypeError, ShapeError, ValueProblem
from functions_cases import A, B, FunctionCases, X, check_error, slope

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, steps = CASES.add, CASES.add_steps


def attention(q, k, v, bias=0.0, mask=True, scale=None, is_causal=False, attn_logits_soft_cap=None):
    out = np.zeros((*q.shape[:3], v.shape[3]))
    heads, shared = q.shape[2], q.shape[2] // k.shape[2]
    full = (len(q), heads, q.shape[1], k.shape[1])
    bias, mask = np.broadcast_to(bias, full), np.broadcast_to(mask, full)
    for b, t, h in np.ndindex(*q.shape[:3]):
        scores = np.array([q[b, t, h] @ row for row in k[b, :, h // shared]])
        scores = scores * (q.shape[3] ** -0.5 if scale is None else scale)
        if attn_logits_soft_cap:
            scores = scores / (1 + abs(scores) / attn_logits_soft_cap)
        seen = mask[b, h, t] & ((np.arange(len(scores)) <= t) | (not is_causal))
        scores = np.where(seen, scores + bias[b, h, t], -1e38)
        out[b, t, h] = scipy.special.softmax(scores) @ v[b, :, h // shared]
    return out


QKV = A(2, 3, 4, 5), B(2, 6, 4, 5), A(2, 6, 4, 2)
case("dot_product_attention", *QKV, oracle=attention)
case("dot_product_attention", *QKV, A(4, 3, 6), A(2, 1, 3, 6) > -1, 0.3, True, oracle=attention)
case("dot_product_attention", A(2, 3, 4, 5), B(2, 3, 2, 5), A(2, 3, 2, 1), is_causal=True, oracle=attention)
case("dot_product_attention", *QKV, attn_logits_soft_cap=0.5, oracle=attention)
steps("dot_product_attention", *QKV, mask=np.zeros((1, 1, 3, 1), bool), oracle=attention)


def ctc_loss(target, output, target_length, output_length, mask_index=0):
    """Every path through the classes, one by one."""
    result = []
    for y, scores, n, steps in zip(target, output, target_length, output_length, strict=True):
        logs = scipy.special.log_softmax(scores[:steps], -1)
        total = -np.inf
        for path in product(range(scores.shape[1]), repeat=int(steps)):
            runs = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
            if [c for c in runs if c != mask_index] == list(y[:n]):
                total = np.logaddexp(total, sum(logs[i, c] for i, c in enumerate(path)))
        result.append(-total)
    return np.array(result)


case("ctc_loss", np.array([[1, 2, 2], [1, 0, 0], [1, 1, 9]], "int32"), 2 * A(3, 5, 3), np.array([3, 1, 2], "int32"),
     np.array([5, 4, 3], "int32"), oracle=ctc_loss)  # fmt: skip
LABELS, LENGTHS = np.array([[0, 1], [1, 0]], "int32"), (np.array([2, 0], "int32"), np.array([4, 2], "int32"))
case("ctc_loss", LABELS, A(2, 4, 3), *LENGTHS, 2, oracle=ctc_loss)


def ctc_decode(x, lengths, merge_repeated=True, mask_index=0):
    labels, scores = np.full((1, *x.shape[:2]), -1), []
    for b, (rows, n) in enumerate(zip(x, lengths, strict=True)):
        best = [int(np.argmax(row)) for row in rows[:n]]
        saved = [c for i, c in enumerate(best) if c != mask_index and not (merge_repeated and i and best[i - 1] == c)]
        labels[0, b, : len(saved)] = saved
        scores.append([-sum(max(row) for row in rows[:n])])
    return labels, np.array(scores)


for options in ({}, {"merge_repeated": False}, {"mask_index": 2}):
    steps("ctc_decode", A(4, 9, 3), np.array([9, 5, 0, 1], "int32"), oracle=ctc_decode, **options)


@pytest.mark.parametrize("key", CASES)
def test_value(key):
    CASES[key].check_value()


@pytest.mark.parametrize("key", CASES.of_arrays())
def test_symbolic(key):
    CASES[key].check_symbolic()


@pytest.mark.parametrize("key", CASES.smooth())
def test_gradient(key):
    CASES[key].check_gradient()


# ---- what has no peer


def test_a_target_that_does_not_fit():
    loss = ops.ctc_loss([[1, 1]], np.zeros((1, 2, 3)), [2], [2])
    assert loss.item() > 9e4
    assert np.isfinite(slope(lambda x: ops.ctc_loss([[1, 1]], x, [2], [2]), np.zeros((1, 2, 3))).numpy()).all()


# ---- errors

ERRORS = {
    "dot_product_attention: heads": (
        lambda: ops.dot_product_attention(*[A(1, 2, n, 3) for n in (4, 3, 3)]),
        ShapeError,
    ),
    "dot_product_attention: rank": (lambda: ops.dot_product_attention(X, X, X), ShapeError),
    "ctc_loss: floats": (lambda: ops.ctc_loss(A(1, 2), A(1, 3, 4), [2], [3]), DTypeError),
    "ctc_loss: blank": (lambda: ops.ctc_loss([[1]], A(1, 3, 4), [1], [3], 4), ValueProblem),
    "ctc_decode: strategy": (lambda: ops.ctc_decode(A(1, 3, 4), [3], "beam_search"), ValueProblem),
    "ctc_decode: rank": (lambda: ops.ctc_decode(A(3, 4), [3]), ShapeError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
