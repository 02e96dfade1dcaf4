"""Operations made of operations: activations, normalisations, the arithmetic of losses, sorting.

Each is a call node with a body. Its gradient is the derivative of the body.
"""

from __future__ import annotations

from typing import Any

from ..core import memory
from ..core.errors import DTypeError, ShapeError
from ..graph import Spec, promote_specs
from .calls import Composite
from .reduction import argsort_record
from .rules import normalize_axis, promote_to_float
from .sample import Draw, Sample


def activation(
    name: str, value: Any, doc: str, gradient_note: str, samples: list[Sample] | None = None, **fields: Any
) -> Composite:
    """Make a composite of one tensor of floats."""
    return Composite.define(
        name,
        value,
        casts=promote_to_float,
        gradient_note=gradient_note,
        samples=samples or [Sample([0.5, -1.5, 0.0, 3.0]), Sample(Draw(3, 4)), Sample(-0.7)],
        doc=doc,
        **fields,
    )


def _softmax(xp: Any, x: Any, axis: Any = -1) -> Any:
    if 0 in x.shape:  # nothing to be scaled
        return xp.exp(x)
    e = xp.exp(x - xp.stop_gradient(xp.max(x, axis=axis, keepdims=True)))
    return e / xp.sum(e, axis=axis, keepdims=True)


softmax = activation(
    "softmax",
    _softmax,
    "exp(x) over its sum along `axis`: positive, summing to 1 (``keras.ops.softmax``).\n\n"
    ">>> ops.softmax([0.0, 0.0])\ntensor([0.5, 0.5])",
    "softmax gives each entry s (upstream - the mean of upstream under s)",
    [Sample(Draw(3, 4)), Sample(Draw(3, 4), axis=0), Sample([1000.0, 0.0]), Sample(Draw(2, 3, 2), axis=(0, 2))],
    probabilities="distribution",
    wide=True,
)


def _log_softmax(xp: Any, x: Any, axis: Any = -1) -> Any:
    """Compute x - log(sum(exp(x))), summed without the largest entry, whose exponential is 1 and would hide the others.

    Where it is the only one, it is a constant, so that its gradient is the sum of the others', none of them hidden.
    Several that are equal count as their mean, which shares the gradient among them.
    """
    if 0 in x.shape:  # nothing to be scaled
        return xp.positive(x)
    shifted = x - xp.stop_gradient(xp.max(x, axis=axis, keepdims=True))
    largest = shifted == 0
    count = xp.sum(xp.cast(largest, x.dtype), axis=axis, keepdims=True)
    mean = xp.sum(xp.where(largest, shifted, 0), axis=axis, keepdims=True) / count  # 0, but for its gradient
    centred = xp.where(largest & (count == 1), 0, shifted - mean)
    rest = xp.sum(xp.where(largest, 0, xp.exp(centred)), axis=axis, keepdims=True)
    return centred - xp.log1p(rest + (count - 1))


log_softmax = activation(
    "log_softmax",
    _log_softmax,
    "log(softmax(x)), without overflow (``keras.ops.log_softmax``).\n\n"
    ">>> ops.log_softmax([0.0, 0.0])\ntensor([-0.6931472, -0.6931472])",
    "log_softmax gives each entry upstream - s * sum(upstream)",
    [Sample(Draw(3, 4)), Sample(Draw(3, 4), axis=0), Sample([1000.0, 0.0])],
    wide=True,
)
log_sigmoid = activation(
    "log_sigmoid",
    lambda xp, x: -xp.softplus(-x),
    "log(sigmoid(x)), without overflow (``keras.ops.log_sigmoid``).\n\n"
    ">>> ops.log_sigmoid([0.0])\ntensor([-0.6931472])",
    "the slope of log_sigmoid is sigmoid(-x)",
)
leaky_relu = activation(
    "leaky_relu",
    lambda xp, x, negative_slope=0.2: xp.where(x > 0, x, negative_slope * x),
    "x above 0, `negative_slope` x elsewhere (``keras.ops.leaky_relu``).\n\n"
    ">>> ops.leaky_relu([-1.0, 2.0])\ntensor([-0.2,  2. ])",
    "leaky_relu passes the gradient above 0 and a fraction of it elsewhere",
)


def _not_positive(xp: Any, x: Any) -> Any:
    """Return x where it is not above 0, else 0. Unlike that of `minimum`, the gradient at 0 is passed whole."""
    return xp.where(x > 0, xp.zeros_like(x), x)


elu = activation(
    "elu",
    lambda xp, x, alpha=1.0: xp.where(x > 0, x, alpha * xp.expm1(_not_positive(xp, x))),
    "x above 0, alpha (exp(x) - 1) elsewhere (``keras.ops.elu``).\n\n>>> ops.elu([0.0, 2.0])\ntensor([0., 2.])",
    "elu passes the gradient above 0 and alpha exp(x) of it elsewhere",
    [Sample([0.5, -1.5, 3.0]), Sample([-0.7, 1.2], alpha=0.5)],
)
celu = activation(
    "celu",
    lambda xp, x, alpha=1.0: xp.where(x > 0, x, alpha * xp.expm1(_not_positive(xp, x) / alpha)),
    "x above 0, alpha (exp(x/alpha) - 1) elsewhere (``keras.ops.celu``).\n\n>>> ops.celu([0.0, 2.0])\ntensor([0., 2.])",
    "celu passes the gradient above 0 and exp(x/alpha) of it elsewhere",
    [Sample([0.5, -1.5, 3.0]), Sample([-0.7, 1.2], alpha=0.5)],
)
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
selu = activation(
    "selu",
    lambda xp, x: xp.where(x > 0, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * xp.expm1(_not_positive(xp, x))),
    "The scaled elu that keeps mean 0 and variance 1 (``keras.ops.selu``; Klambauer et al., arXiv:1706.02515).\n\n"
    ">>> ops.selu([0.0, 1.0])\ntensor([0.      , 1.050701])",
    "selu scales elu's gradient",
    [Sample([0.5, -1.5, 3.0])],
)
relu6 = activation(
    "relu6",
    lambda xp, x: xp.where(x >= 6, 6, xp.relu(x)),
    "relu cut at 6 (``keras.ops.relu6``).\n\n>>> ops.relu6([-1.0, 3.0, 9.0])\ntensor([0., 3., 6.])",
    "relu6 passes the gradient between 0 and 6",
    [Sample([0.5, -1.5, 3.0, 7.0])],
    rectifies=True,
)
hard_sigmoid = activation(
    "hard_sigmoid",
    lambda xp, x: (xp.clip(x, -3, 3) + 3) / 6,
    "x/6 + 1/2 cut to 0 and 1 (``keras.ops.hard_sigmoid``).\n\n>>> ops.hard_sigmoid([0.0, 9.0])\ntensor([0.5, 1. ])",
    "hard_sigmoid passes a sixth of the gradient between -3 and 3",
    [Sample([0.5, -1.5, 7.0, -4.0])],
    probabilities="possible",
)
hard_tanh = activation(
    "hard_tanh",
    lambda xp, x: xp.clip(x, -1, 1),
    "x cut to -1 and 1 (``keras.ops.hard_tanh``).\n\n>>> ops.hard_tanh([-3.0, 0.5])\ntensor([-1. ,  0.5])",
    "hard_tanh passes the gradient between -1 and 1",
    [Sample([0.5, -1.5, 3.0])],
)
hard_shrink = activation(
    "hard_shrink",
    lambda xp, x, threshold=0.5: xp.where(xp.absolute(x) > threshold, x, xp.zeros_like(x)),
    "x where |x| is above the threshold, else 0 (``keras.ops.hard_shrink``).\n\n"
    ">>> ops.hard_shrink([0.2, -2.0])\ntensor([ 0., -2.])",
    "hard_shrink passes the gradient beyond the threshold",
    [Sample([0.7, -1.5, 0.1])],
)
soft_shrink = activation(
    "soft_shrink",
    lambda xp, x, threshold=0.5: xp.sign(x) * xp.relu(xp.absolute(x) - threshold),
    "x moved towards 0 by the threshold (``keras.ops.soft_shrink``).\n\n"
    ">>> ops.soft_shrink([0.2, -2.0])\ntensor([ 0. , -1.5])",
    "soft_shrink passes the gradient beyond the threshold",
    [Sample([0.7, -1.5, 0.1])],
)


def _squareplus(xp: Any, x: Any, b: Any = 4) -> Any:
    """Compute half of x + h, below 0 as half of b / (h - x), where x + h would cancel; h = sqrt(x^2 + b)."""
    h = xp.hypot(x, b**0.5)
    below, above = _not_positive(xp, x), xp.relu(x)
    return xp.where(x > 0, 0.5 * above + 0.5 * h, 0.25 * b / (0.5 * h - 0.5 * below))


squareplus = activation(
    "squareplus",
    _squareplus,
    "(x + sqrt(x^2 + b)) / 2, a smooth relu (``keras.ops.squareplus``).\n\n>>> ops.squareplus([0.0])\ntensor([1.])",
    "the slope of squareplus is (1 + x/sqrt(x^2 + b))/2",
)
sparse_plus = activation(
    "sparse_plus",
    lambda xp, x: xp.where(x >= 1, x, xp.square(xp.clip(x, -1, 1) + 1) / 4),
    "0 below -1, x above 1, (x + 1)^2 / 4 between (``keras.ops.sparse_plus``).\n\n"
    ">>> ops.sparse_plus([-2.0, 0.0, 2.0])\ntensor([0.  , 0.25, 2.  ])",
    "the slope of sparse_plus is sparse_sigmoid(x)",
    [Sample([0.5, -1.5, 0.0, 3.0]), Sample(-0.7)],
)
sparse_sigmoid = activation(
    "sparse_sigmoid",
    lambda xp, x: (xp.clip(x, -1, 1) + 1) / 2,
    "(x + 1) / 2 cut to 0 and 1 (``keras.ops.sparse_sigmoid``).\n\n"
    ">>> ops.sparse_sigmoid([-2.0, 0.0, 2.0])\ntensor([0. , 0.5, 1. ])",
    "sparse_sigmoid passes half of the gradient between -1 and 1",
    [Sample([0.5, -1.5, 0.0, 3.0])],
)


def _sparsemax(xp: Any, x: Any, axis: int = -1) -> Any:
    axis = normalize_axis(axis, x.ndim)
    ordered = xp.flip(xp.sort(x, axis=axis), axis=axis)
    rank = memory.arange(1, x.shape[axis] + 1).reshape([-1 if i == axis else 1 for i in range(x.ndim)]).astype(x.dtype)
    in_support = 1 + rank * ordered > xp.cumsum(ordered, axis=axis)
    count = xp.sum(xp.cast(in_support, x.dtype), axis=axis, keepdims=True)
    total = xp.sum(xp.where(in_support, ordered, xp.zeros_like(ordered)), axis=axis, keepdims=True)
    return xp.relu(x - (total - 1) / count)


sparsemax = activation(
    "sparsemax",
    _sparsemax,
    "The nearest point whose entries along `axis` are not negative and sum to 1: a softmax with exact zeros "
    "(``keras.ops.sparsemax``; Martins and Astudillo, arXiv:1602.02068). Keras 3.15's sums to less than 1 where\n"
    "two or more entries are not 0.\n\n"
    ">>> ops.sparsemax([0.5, 0.0, -2.0])\ntensor([0.75, 0.25, 0.  ])",
    "sparsemax takes from the gradient its mean over the entries that are not 0, and stops it at those that are",
    [Sample(Draw(3, 4)), Sample(Draw(3, 4), axis=0), Sample([9.0, 0.25, 8.75])],
    wide=True,
)


def _glu(xp: Any, x: Any, axis: int = -1) -> Any:
    axis = normalize_axis(axis, x.ndim)
    if x.shape[axis] % 2:
        passed = f"{x.shape[axis]} entries along axis {axis} for a gated linear unit"
        raise ShapeError(passed, "an even number, half of them gates", "give twice the channels")
    a, b = xp.split(x, 2, axis=axis)
    return a * xp.sigmoid(b)


glu = activation(
    "glu",
    _glu,
    "The first half along `axis` times the sigmoid of the second (``keras.ops.glu``).\n\n"
    ">>> ops.glu([2.0, 0.0])\ntensor([1.])",
    "glu multiplies by a gate",
    [Sample(Draw(3, 4)), Sample(Draw(4, 3), axis=0), Sample(Draw(3), error=ShapeError)],
)

# ---- normalisation


def _layer_normalization(xp: Any, x: Any, gamma: Any, beta: Any, axis: Any = -1, epsilon: float = 1e-7) -> Any:
    mean = xp.mean(x, axis=axis, keepdims=True)
    centred = x - mean
    scale = xp.rsqrt(xp.mean(centred * centred, axis=axis, keepdims=True) + epsilon)
    return centred * scale * gamma + beta


layer_normalization_record = Composite.define(
    "layer_normalization",
    _layer_normalization,
    casts=promote_to_float,
    gradient_note="layer normalisation removes from the gradient its mean and its part along the normalised input",
    samples=[Sample(Draw(3, 4), Draw(4), Draw(4)), Sample(Draw(2, 3, 4), Draw(3, 4), 0.0, axis=(1, 2))],
    doc="Layer normalisation with scale and offset.",
    wide=True,
)
batch_normalization_record = Composite.define(
    "batch_normalization",
    lambda xp, x, mean, variance, scale, offset, epsilon=1e-3: (
        (x - mean) * (xp.rsqrt(variance + epsilon) * scale) + offset
    ),
    casts=promote_to_float,
    gradient_note="batch normalisation scales the gradient by scale over the deviation; through the batch's own "
    "mean and "
    "variance it loses its mean and its part along the normalised input",
    samples=[
        Sample(Draw(3, 4), Draw(4), Draw(4, kind="positive"), Draw(4), Draw(4)),
        Sample(Draw(2, 3, 4), Draw(1, 3, 1), Draw(1, 3, 1, kind="positive"), 1.0, 0.0, epsilon=0.5),
    ],
    doc="(x - mean) / sqrt(variance + epsilon) * scale + offset.",
    wide=True,
)
rms_normalization_record = Composite.define(
    "rms_normalization",
    lambda xp, x, scale, axis=-1, epsilon=1e-7: (
        x * xp.rsqrt(xp.mean(x * x, axis=axis, keepdims=True) + epsilon) * scale
    ),
    casts=promote_to_float,
    gradient_note="rms normalisation removes from the gradient its part along the normalised input",
    samples=[Sample(Draw(3, 4), Draw(4)), Sample(Draw(3, 4), 1.0, axis=0)],
    doc="Division by the root of the mean square, with scale.",
    wide=True,
)

# ---- cross entropies


def _output_dtype(specs: tuple[Spec, ...]) -> Any:
    """Cast target and output to the output's dtype, integers to floatx."""
    dtype = promote_specs(specs[1:], floating=True)
    return (dtype, dtype)


def _times(xp: Any, share: Any, value: Any) -> Any:
    """Return share times value; 0 where the share is 0 and the value infinite."""
    is_undefined = xp.logical_and(xp.equal(share, 0), xp.isinf(value))
    return share * xp.where(is_undefined, xp.zeros_like(value), value)


def _binary_crossentropy(xp: Any, target: Any, output: Any, from_logits: bool = False) -> Any:
    if from_logits:  # -log sigmoid(x) is softplus(-x): so no digits are lost, where x is large
        return _times(xp, target, xp.softplus(-output)) + _times(xp, 1 - target, xp.softplus(output))
    output = xp.clip(output, 1e-7, 1 - 1e-7)
    return -(target * xp.log(output) + (1 - target) * xp.log(1 - output))


binary_crossentropy_record = Composite.define(
    "binary_crossentropy",
    _binary_crossentropy,
    casts=_output_dtype,
    gradient_note="binary cross-entropy on logits passes sigmoid(x) - target",
    format="binary_crossentropy({0}, {1})",
    samples=[Sample([0.0, 1.0, 1.0], [0.2, 0.7, 0.9]), Sample([0.0, 1.0, 0.5], [-2.0, 0.7, 30.0], from_logits=True)],
    doc="Binary cross-entropy.",
    wide=True,
)


def _crossentropy(xp: Any, target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    if from_logits:
        return -xp.sum(_times(xp, target, xp.log_softmax(output, axis=axis)), axis=axis)
    return -xp.sum(target * xp.log(xp.clip(_shares(xp, output, axis), 1e-7, 1 - 1e-7)), axis=axis)


def _shares(xp: Any, output: Any, axis: int) -> Any:
    """Return the output over its sum along `axis`; zeros where that is 0."""
    total = xp.sum(output, axis=axis, keepdims=True)
    return output / xp.where(xp.equal(total, 0), xp.ones_like(total), total)


categorical_crossentropy_record = Composite.define(
    "categorical_crossentropy",
    _crossentropy,
    casts=_output_dtype,
    gradient_note="cross-entropy on logits passes softmax(x) - target",
    format="categorical_crossentropy({0}, {1})",
    samples=[
        Sample([[0.0, 1.0], [1.0, 0.0]], [[0.2, 0.8], [0.6, 0.4]]),
        Sample([[0.0, 1.0, 0.0], [0.3, 0.3, 0.4]], Draw(2, 3), from_logits=True),
    ],
    doc="Categorical cross-entropy.",
    wide=True,
)


def _label_dtypes(specs: tuple[Spec, ...]) -> Any:
    """Keep the labels' integer dtype; cast an output of integers to floatx."""
    if specs[0].dtype.kind not in "iu":
        passed = f"class labels of dtype {specs[0].dtype.name}"
        mend = "cast them to int32, or use categorical_crossentropy for one-hot labels"
        raise DTypeError(passed, "whole numbers", mend)
    return (specs[0].dtype, promote_specs(specs[1:], floating=True))


def _sparse_crossentropy(xp: Any, target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    axis = normalize_axis(axis, output.ndim)
    if target.ndim == output.ndim and target.shape[axis] == 1:
        target = xp.squeeze(target, axis)
    if target.shape != output.shape[:axis] + output.shape[axis + 1 :]:
        passed = f"labels of shape {target.shape} for outputs of shape {output.shape}"
        expected = f"labels of shape {output.shape[:axis] + output.shape[axis + 1 :]}, one whole number each"
        raise ShapeError(passed, expected, "for one-hot labels use categorical_crossentropy")
    if from_logits:
        log_probability = xp.log_softmax(output, axis=axis)
    else:
        log_probability = xp.log(xp.clip(_shares(xp, output, axis), 1e-7, 1 - 1e-7))
    return -xp.squeeze(xp.take_along_axis(log_probability, xp.expand_dims(target, axis), axis=axis), axis)


sparse_categorical_crossentropy_record = Composite.define(
    "sparse_categorical_crossentropy",
    _sparse_crossentropy,
    casts=_label_dtypes,
    gradient_note="cross-entropy on logits passes softmax(x) - 1 at the label",
    format="sparse_categorical_crossentropy({0}, {1})",
    samples=[
        Sample([1, 0], [[0.2, 0.8], [0.6, 0.4]]),
        Sample([2, 0], Draw(2, 3), from_logits=True),
        Sample([[1], [2]], Draw(2, 3), from_logits=True),
        Sample([1, 0, 1], Draw(2, 3), error=ShapeError),
    ],
    doc="Sparse categorical cross-entropy.",
    wide=True,
)

# ---- sorting: indices without gradient, then a gather


def _sort(xp: Any, x: Any, axis: int = -1, descending: bool = False) -> Any:
    return xp.take_along_axis(x, argsort_record(x, axis=axis, descending=descending), axis=axis)


sort_record = Composite.define(
    "sort",
    _sort,
    gradient_note="sort routes each gradient back to where its entry was",
    samples=[
        Sample(Draw(3, 4)),
        Sample([2.0, 1.0, 2.0, 1.0]),
        Sample(Draw(2, 3, 4), axis=1, descending=True),
        Sample([3, 1, 2]),
    ],
    doc="The entries sorted along `axis`, by frozen arguments.",
)


def _top_k(xp: Any, x: Any, k: int = 1) -> Any:
    if not x.ndim or not 0 <= k <= x.shape[-1]:
        passed = f"the largest {k} of shape {x.shape}"
        raise ShapeError(passed, "k from 0 to the size of the last axis", "choose a smaller k")
    order = argsort_record(x, axis=-1, descending=True)
    return xp.take_along_axis(x, order[..., :k], axis=-1)


top_k_record = Composite.define(
    "top_k",
    _top_k,
    gradient_note="top_k routes each gradient back to where its entry was",
    samples=[Sample(Draw(3, 4), k=2), Sample([2.0, 5.0, 5.0, 1.0], k=3), Sample(Draw(3), k=4, error=ShapeError)],
    doc="The k largest entries along the last axis.",
)
