"""PyTorch's own samples of its operations, values and gradients, with PyTorch as the oracle.

The samples come with its wheel: unequal sizes, scalars, empty axes, negative axes, broadcasting, ties.
"""

import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule import activations, losses, ops

pytestmark = pytest.mark.heavy
MOST = 40  # samples of an operation


def renamed(function, **names):
    """Call `function` with PyTorch's arguments under our names; others are refused."""

    def call(x, *args, **kwargs):
        known = {"dim": "axis", "keepdim": "keepdims", **names}
        if set(kwargs) - set(known):
            return NotImplemented
        return function(x, *args, **{known[k]: v for k, v in kwargs.items()})

    return call


def reduction(function):
    def call(x, dim=None, keepdim=False, **others):
        return NotImplemented if others else function(x, axis=dim, keepdims=keepdim)

    return call


def deviation(function):
    """Dividing by the number of entries: PyTorch's own default is one less."""

    def call(x, dim=None, unbiased=None, correction=None, keepdim=False):
        if isinstance(dim, bool) or (unbiased is not False and correction != 0):
            return NotImplemented
        return function(x, axis=dim, keepdims=keepdim)

    return call


def selected(function):
    """PyTorch's max, min and median with an axis return indices too."""

    def call(x, *args, **kwargs):
        return NotImplemented if args or kwargs else function(x)

    return call


def norm(x, ord=2, dim=None, keepdim=False, dtype=None):
    if dtype is not None or (dim is not None and np.size(dim) > 1) or (dim is None and len(x.shape) != 1):
        return NotImplemented
    return ops.norm(x, ord=ord, axis=dim, keepdims=keepdim)


def softmax(function):
    return lambda x, dim, **others: NotImplemented if others else function(x, axis=dim)


def clamp(x, min=None, max=None):
    return ops.clip(x, -np.inf if min is None else min, np.inf if max is None else max)


def layer_norm(x, shape, weight=None, bias=None, eps=1e-5):
    if len(shape) != 1:
        return NotImplemented
    return ops.layer_normalization(x, weight, bias, axis=-1, epsilon=eps)


def as_tuple(size):
    return size if isinstance(size, int) else tuple(size)


def convolution(x, kernel, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """From channels first, with a kernel of (out, in, *window)."""
    rank = len(kernel.shape) - 2
    if len(x.shape) != rank + 2 or padding == "same" or (padding not in (0, "valid") and isinstance(padding, str)):
        return NotImplemented
    pads = (padding,) * rank if isinstance(padding, int) else (0,) * rank if padding == "valid" else padding
    x = ops.pad(x, [(0, 0), (0, 0), *[(p, p) for p in pads]])
    if any(
        n < (k - 1) * d + 1
        for n, k, d in zip(x.shape[2:], kernel.shape[2:], np.broadcast_to(dilation, rank), strict=True)
    ):
        return NotImplemented
    y = ops.conv(
        ops.moveaxis(x, 1, -1),
        ops.transpose(kernel, (*range(2, rank + 2), 1, 0)),
        strides=as_tuple(stride),
        dilation_rate=as_tuple(dilation),
    )
    y = ops.moveaxis(y, -1, 1)
    return y if bias is None else y + ops.reshape(bias, (-1, *(1,) * rank))


def cross_entropy(x, target, **others):
    if others or target.dtype.kind != "i" or len(x.shape) != 2:
        return NotImplemented
    return ops.mean(ops.sparse_categorical_crossentropy(target, x, from_logits=True))


def regression(loss):
    def call(x, y, reduction="mean", **others):
        if others or reduction == "sum" or x.shape != y.shape:
            return NotImplemented
        return {"mean": ops.mean, "none": lambda entries: entries}[reduction](loss(x - y))

    return call


def attention(q, k, v, **others):
    if others.get("dropout_p", 0.0) or set(others) - {"dropout_p", "is_causal"} or len(q.shape) != 4:
        return NotImplemented
    if k.shape[1] != q.shape[1]:
        return NotImplemented
    steps = lambda x: ops.transpose(x, (0, 2, 1, 3))
    return steps(ops.dot_product_attention(steps(q), steps(k), steps(v), is_causal=others.get("is_causal", False)))


def pooled(function):
    def call(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False, **others):
        rank = len(x.shape) - 2
        if (
            others
            or ceil_mode
            or return_indices
            or np.any(np.not_equal(padding, 0))
            or np.any(np.not_equal(dilation, 1))
        ):
            return NotImplemented
        if rank < 1 or np.size(kernel_size) not in (1, rank):
            return NotImplemented
        window, step = (tuple(np.broadcast_to(n, rank).tolist()) for n in (kernel_size, stride or kernel_size))
        return ops.moveaxis(function(ops.moveaxis(x, 1, -1), window, step), -1, 1)

    return call


def of_same_rank(function):
    """PyTorch's pooling also takes one example without a batch."""

    def call(rank):
        return lambda x, *args, **kwargs: function(x, *args, **kwargs) if len(x.shape) == rank + 2 else NotImplemented

    return call


SAME_NAME = """
    abs ceil cos cosh deg2rad erf erfc erfinv exp exp2 expm1 floor i0 log log10 log1p log2 positive rad2deg reciprocal
    rsqrt sigmoid sign sin sinc sinh sqrt square tan tanh trunc logaddexp logaddexp2 fmax fmin maximum minimum hypot
    copysign nextafter fmod remainder heaviside kron outer inner dot vdot matmul trace ravel fliplr flipud
    isnan isinf isfinite isposinf isneginf signbit logical_and logical_or logical_xor logical_not floor_divide
    true_divide corrcoef broadcast_to vstack hstack dstack
""".split()
TABLE = {
    **{name: getattr(ops, name) for name in SAME_NAME},
    **{f"a{name}": getattr(ops, f"arc{name}") for name in "cos cosh sin sinh tan tanh".split()},
    "where": lambda x, condition, y: ops.where(condition, x, y),
    "einsum": lambda xs, text: ops.einsum(text, *xs),
    "cdist": lambda x, y, p=2.0, *mode: ops.cdist(x, y) if p == 2.0 else NotImplemented,
    "atan2": ops.arctan2,
    "neg": ops.negative,
    "mv": ops.matmul,
    "mm": ops.matmul,
    "bmm": ops.matmul,
    "eq": ops.equal,
    "ne": ops.not_equal,
    "lt": ops.less,
    "le": ops.less_equal,
    "gt": ops.greater,
    "ge": ops.greater_equal,
    "float_power": lambda x, y: ops.power(x, y),
    "pow": ops.power,
    "mul": ops.multiply,
    "add": lambda x, y, alpha=1: ops.add(x, y * alpha),
    "sub": lambda x, y, alpha=1: ops.subtract(x, y * alpha),
    "div": lambda x, y, **others: NotImplemented if others else ops.divide(x, y),
    "round": lambda x, decimals=0: ops.round(x, decimals),
    "nan_to_num": renamed(ops.nan_to_num),
    "sum": reduction(ops.sum),
    "mean": reduction(ops.mean),
    "amax": reduction(ops.max),
    "amin": reduction(ops.min),
    "prod": reduction(ops.prod),
    "nansum": reduction(ops.nansum),
    "nanmean": reduction(ops.nanmean),
    "std": deviation(ops.std),
    "var": deviation(ops.var),
    "logsumexp": reduction(ops.logsumexp),
    "all": reduction(ops.all),
    "any": reduction(ops.any),
    "count_nonzero": lambda x, dim=None: ops.count_nonzero(x, axis=dim),
    "max": selected(ops.max),
    "min": selected(ops.min),
    "argmax": reduction(ops.argmax),
    "argmin": reduction(ops.argmin),
    "cumsum": lambda x, dim, **others: ops.cumsum(x, axis=dim),
    "cumprod": lambda x, dim, **others: ops.cumprod(x, axis=dim),
    "softmax": softmax(ops.softmax),
    "log_softmax": softmax(ops.log_softmax),
    "linalg.norm": norm,
    "linalg.vector_norm": norm,
    "clamp": clamp,
    "clamp_min": lambda x, low: clamp(x, low),
    "clamp_max": lambda x, high: clamp(x, None, high),
    "reshape": ops.reshape,
    "permute": ops.transpose,
    "movedim": ops.moveaxis,
    "flip": lambda x, dims: ops.flip(x, dims),
    "tile": ops.tile,
    "transpose": ops.swapaxes,
    "rot90": lambda x, k=1, dims=(0, 1): ops.rot90(x, k, dims),
    "roll": lambda x, shifts, dims=None: ops.roll(x, shifts, dims if np.size(dims) or dims is None else None),
    "diagonal": lambda x, offset=0, dim1=0, dim2=1: ops.diagonal(x, offset, dim1, dim2),
    "diag": ops.diag,
    "diagflat": lambda x, offset=0: ops.diagflat(x, offset),
    "tril": ops.tril,
    "triu": ops.triu,
    "stack": lambda x, *others: ops.stack(x, *others),
    "cat": lambda x, dim=0: NotImplemented if len({len(t.shape) for t in x}) > 1 else ops.concatenate(x, axis=dim),
    "unsqueeze": ops.expand_dims,
    "expand": lambda x, shape: NotImplemented if -1 in shape else ops.broadcast_to(x, shape),
    "diff": lambda x, n=1, dim=-1, prepend=None, append=None: (
        NotImplemented if prepend is not None or append is not None else ops.diff(x, n, dim)
    ),
    "trapezoid": lambda x, *args, **kwargs: ops.trapezoid(x) if not args and not kwargs else NotImplemented,
    "tensordot": lambda a, b, dims: NotImplemented if 1 in (*a.shape, *b.shape) else ops.tensordot(a, b, dims),
    "addmm": lambda c, a, b, beta=1, alpha=1: beta * c + alpha * (a @ b),
    "lerp": lambda a, b, w: a + w * (b - a),
    "cross": lambda a, b, dim=-1: ops.cross(a, b, axis=dim),
    "linalg.cross": lambda a, b, dim=-1: ops.cross(a, b, axis=dim),
    "linalg.det": ops.det,
    "linalg.inv": ops.inv,
    "linalg.solve": lambda a, b, left=True: ops.solve(a, b) if left else NotImplemented,
    "linalg.cholesky": lambda a, upper=False: NotImplemented if upper else ops.cholesky(a),
    "logdet": ops.logdet,
    "sort": lambda x, dim=-1, descending=False, stable=False: (
        NotImplemented if descending or not len(x.shape) else ops.sort(x, axis=dim)
    ),
    "quantile": lambda x, q, dim=None, keepdim=False, interpolation="linear": ops.quantile(
        x, q, dim, interpolation, keepdim
    ),
    "nn.functional.relu": ops.relu,
    "nn.functional.relu6": ops.relu6,
    "nn.functional.silu": ops.silu,
    "nn.functional.mish": activations.mish,
    "nn.functional.selu": ops.selu,
    "nn.functional.logsigmoid": ops.log_sigmoid,
    "nn.functional.softsign": ops.softsign,
    "nn.functional.tanhshrink": ops.tanh_shrink,
    "nn.functional.hardswish": ops.hard_swish,
    "nn.functional.hardsigmoid": ops.hard_sigmoid,
    "nn.functional.elu": lambda x, alpha=1.0: ops.elu(x, alpha=alpha),
    "nn.functional.celu": lambda x, alpha=1.0: ops.celu(x, alpha=alpha),
    "nn.functional.leaky_relu": lambda x, negative_slope=0.01: ops.leaky_relu(x, negative_slope),
    "nn.functional.gelu": lambda x, approximate="none": ops.gelu(x, approximate == "tanh"),
    "nn.functional.glu": lambda x, dim=-1: ops.glu(x, axis=dim),
    "nn.functional.softplus": lambda x, beta=1, threshold=20: (
        ops.softplus(beta * x) / beta
        if threshold >= 20 or np.abs(x.numpy()).max(initial=0.0) * beta < threshold
        else NotImplemented
    ),
    "nn.functional.hardtanh": lambda x, min_val=-1.0, max_val=1.0: ops.clip(x, min_val, max_val),
    "nn.functional.hardshrink": lambda x, lambd=0.5: ops.hard_shrink(x, lambd),
    "nn.functional.softshrink": lambda x, lambd=0.5: ops.soft_shrink(x, lambd),
    "nn.functional.threshold": lambda x, threshold, value: ops.threshold(x, threshold, value),
    "nn.functional.linear": lambda x, w, b=None: x @ ops.transpose(w) + (0.0 if b is None else b),
    "nn.functional.layer_norm": layer_norm,
    "nn.functional.cross_entropy": cross_entropy,
    "nn.functional.mse_loss": regression(ops.square),
    "nn.functional.l1_loss": regression(ops.abs),
    "nn.functional.scaled_dot_product_attention": attention,
    "nn.functional.conv1d": convolution,
    "nn.functional.conv2d": convolution,
    "nn.functional.conv3d": convolution,
    **{
        f"nn.functional.{kind}_pool{rank}d": of_same_rank(pooled(function))(rank)
        for kind, function in (("max", ops.max_pool), ("avg", ops.average_pool))
        for rank in (1, 2, 3)
    },
    "nn.functional.pairwise_distance": lambda a, b, p=2.0, eps=1e-6, keepdim=False: ops.norm(
        a - b + eps, p, -1, keepdim
    ),
    "nn.functional.cosine_similarity": lambda a, b, dim=1, eps=1e-8: (
        -losses.cosine_similarity(a, b, axis=dim) if a.shape == b.shape and a.shape else NotImplemented
    ),
}

OF_AXES = set(
    """all amax amin any count_nonzero cumprod cumsum flip log_softmax logsumexp mean nanmean nansum prod quantile
    softmax std sum transpose var linalg.vector_norm""".split()
)


def sampled(name):
    """PyTorch's function of this name and its samples in float64."""
    from torch.testing._internal.common_methods_invocations import op_db

    infos = [info for info in op_db if info.name == name]
    assert infos, f"PyTorch has no samples of {name}"
    return next(
        (info for info in infos if info.variant_test_name in ("", "reduction_no_dim", "no_rounding_mode")), infos[0]
    )


def plain(value, tensors):
    """The argument with our tensor in place of each of PyTorch's."""
    import torch

    if isinstance(value, torch.Tensor):
        return tensors[id(value)]
    if isinstance(value, list | tuple):
        return type(value)(plain(v, tensors) for v in value) if type(value) in (list, tuple) else list(value)
    return {k: plain(v, tensors) for k, v in value.items()} if isinstance(value, dict) else value


def torch_leaves(value):
    import torch

    if isinstance(value, torch.Tensor):
        return [value]
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [leaf for v in values for leaf in torch_leaves(v)]


def first_of(result):
    return result[0] if isinstance(result, list | tuple) else result


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(TABLE))
def test_samples(name):
    import torch

    info, compared = sampled(name), 0
    torch.manual_seed(0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        dtype = torch.float64 if torch.float64 in info.dtypes else torch.int64
        differentiable = dtype == torch.float64 and info.supports_autograd
        for number, sample in enumerate(info.sample_inputs("cpu", dtype, requires_grad=differentiable)):
            if number >= MOST:
                break
            given = [sample.input, list(sample.args), dict(sample.kwargs)]
            inputs = torch_leaves(given)
            tensors = {id(t): _ours(t) for t in inputs}
            x, args, kwargs = plain(given, tensors)
            if not getattr(x, "shape", (1,)) and name in OF_AXES:  # PyTorch numbers the axes of a number
                continue
            got = TABLE[name](x, *args, **kwargs)
            if got is NotImplemented:
                continue
            expected = first_of(info.op(sample.input, *sample.args, **sample.kwargs))
            where = f"sample {number} of {name}: {sample}"
            assert got.shape == tuple(expected.shape), where
            np.testing.assert_allclose(got.numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-11, err_msg=where)
            compared += 1
            required = list({id(t): t for t in inputs if t.requires_grad}.values())
            if not (expected.requires_grad and required):
                continue
            weights = np.random.default_rng(number).normal(size=got.shape)
            theirs = torch.autograd.grad((expected * torch.from_numpy(weights)).sum(), required, allow_unused=True)
            ours = cr.gradients(ops.sum(got * weights), [tensors[id(t)] for t in required], unconnected="zero")
            for mine, other, leaf in zip(ours, theirs, required, strict=True):
                other = np.zeros(leaf.shape) if other is None else other.numpy()
                np.testing.assert_allclose(
                    mine.numpy(), other, rtol=1e-7, atol=1e-9, err_msg=f"the gradient of {where}"
                )
    assert compared, f"no sample of {name} was compared"


def _ours(tensor):
    array = tensor.detach().resolve_conj().numpy()
    return cr.tensor(array, watch=True) if tensor.requires_grad else cr.tensor(array)
