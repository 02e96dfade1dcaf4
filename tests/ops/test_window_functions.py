"""Convolution and pooling."""

from itertools import product

import numpy as np
import pytest

from chainrule import ops
from chainrule.core.errors import ChainruleError, ShapeError, ValueProblem
from functions_cases import IMAGE, A, B, FunctionCases, X, check_error, spread, whole
from oracles import covered, same_pads

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, both = CASES.add, CASES.add_both

case("extract_sequences", A(2, 7), 3, 2, oracle=lambda x, n, s: np.stack([x[:, i : i + n] for i in (0, 2, 4)], 1))
case("extract_sequences", A(5), 2, 4, oracle=lambda x, n, s: x[None, :2])


def conv(x, k, strides=1, padding="valid", dilation_rate=1):
    """Place by place."""
    rank = x.ndim - 2
    s, d, groups = spread(strides, rank), spread(dilation_rate, rank), x.shape[-1] // k.shape[-2]
    reach = [(n - 1) * step + 1 for n, step in zip(k.shape, d, strict=False)]
    if padding == "same":
        padding = [same_pads(*sizes) for sizes in zip(x.shape[1:-1], reach, s, strict=True)]
    x = np.pad(x, [(0, 0), *(padding if padding != "valid" else [(0, 0)] * rank), (0, 0)])
    sizes = [(n - r) // step + 1 for n, r, step in zip(x.shape[1:-1], reach, s, strict=True)]
    out = np.zeros((x.shape[0], *sizes, k.shape[-1]))
    c, f = k.shape[-2], k.shape[-1] // groups
    for (*at, g), (*of, i) in product(np.ndindex(*sizes, groups), np.ndindex(*k.shape[:-2], c)):
        read = (a * step + o * hole for a, o, step, hole in zip(at, of, s, d, strict=True))
        put = (slice(None), *at, slice(g * f, g * f + f))
        out[put] += np.outer(x[(slice(None), *read, g * c + i)], k[(*of, i, slice(g * f, g * f + f))])
    return out


def depthwise_conv(x, k, *more, **options):
    parts = [conv(x[..., i : i + 1], k[..., i : i + 1, :], *more, **options) for i in range(x.shape[-1])]
    return np.concatenate(parts, axis=-1)


def separable_conv(x, deep, point, *more, **options):
    return depthwise_conv(x, deep, *more, **options) @ point[(0,) * (x.ndim - 2)]


def conv_transpose(x, k, strides=1, padding="valid", output_padding=None, dilation_rate=1):
    """Each entry spread, then cut to, or filled up with zeros to, the size that Keras documents."""
    rank = x.ndim - 2
    options = [spread(v, rank) for v in (strides, dilation_rate, output_padding)]
    axes = list(zip(x.shape[1:-1], k.shape[:-2], *options, strict=True))
    reach = [(w - 1) * d + 1 for _, w, _, d, _ in axes]
    full = np.zeros(
        (x.shape[0], *[(n - 1) * s + r for (n, _, s, _, _), r in zip(axes, reach, strict=True)], k.shape[-2])
    )
    for at, of in product(np.ndindex(x.shape[1:-1]), np.ndindex(k.shape[:-2])):
        place = (a * s + o * d for a, o, (_, _, s, d, _) in zip(at, of, axes, strict=True))
        full[(slice(None), *place)] += x[(slice(None), *at)] @ k[of].T
    for axis, ((n, _, s, _, more), r) in enumerate(zip(axes, reach, strict=True), start=1):
        if padding == "valid":
            size, before = n * s + max(r - s, 0) if more is None else (n - 1) * s + r + more, 0
        else:
            size = n * s if more is None else (n - 1) * s + r % 2 + more
            before = max((full.shape[axis] - size) // 2, 0)
        saved = full.take(range(before, min(before + size, full.shape[axis])), axis)
        full = np.pad(saved, [(0, size - saved.shape[axis]) if i == axis else (0, 0) for i in range(full.ndim)])
    return full


def pooled(join):
    def pool(x, pool_size, strides=None, padding="valid"):
        axes = covered(x.shape[1:-1], pool_size, strides, padding)
        out = np.zeros((x.shape[0], *map(len, axes), x.shape[-1]))
        for at in np.ndindex(out.shape[1:-1]):
            places = np.ix_(*[windows[i] for windows, i in zip(axes, at, strict=True)])
            out[(slice(None), *at)] = join(x[(slice(None), *places)], axis=tuple(range(1, x.ndim - 1)))
        return out

    return pool


both("conv", conv, A(2, 7, 3), B(3, 3, 4), strides=2)
both("conv", conv, A(2, 5, 6, 3), B(3, 2, 3, 4), padding="same")
both("conv", conv, A(2, 5, 6, 4), B(3, 2, 2, 6), strides=(1, 2), padding="same")
both("conv", conv, A(1, 7, 6, 2), B(3, 2, 2, 3), dilation_rate=(2, 3))
both("conv", conv, A(1, 4, 5, 2), B(2, 3, 2, 3), padding=((1, 0), (2, 1)), strides=(2, 1))
both("conv", conv, A(1, 3, 4, 5, 2), B(2, 2, 3, 2, 3), strides=(1, 2, 1), padding="same")
both("depthwise_conv", depthwise_conv, A(2, 5, 6, 3), B(3, 2, 3, 2), strides=2, padding="same")
both("depthwise_conv", depthwise_conv, A(2, 6, 3), B(2, 3, 2), dilation_rate=2)
both("separable_conv", separable_conv, A(2, 5, 4, 3), B(3, 2, 3, 2), B(1, 1, 6, 5), strides=(2, 1), padding="same")
for window, strides, padding in product((2, 3, 5), (1, 2, 3, 4), ("valid", "same")):
    case("conv_transpose", A(2, 3, 2), B(window, 4, 2), strides, padding, oracle=conv_transpose)
for padding, output_padding in product(("valid", "same"), (0, 1, 2)):
    for window in (2, 3, 4):
        case("conv_transpose", A(1, 3, 2), B(window, 3, 2), 3, padding, output_padding, oracle=conv_transpose)
both("conv_transpose", conv_transpose, A(2, 3, 4, 2), B(3, 2, 5, 2), strides=(2, 3), padding="same")
both("conv_transpose", conv_transpose, A(1, 3, 4, 2), B(3, 2, 5, 2), dilation_rate=(2, 1))
both("conv_transpose", conv_transpose, A(1, 2, 3, 2, 2), B(2, 3, 1, 3, 2), strides=2)
for name, pool in (("max_pool", pooled(np.max)), ("average_pool", pooled(np.mean))):
    both(name, pool, A(2, 5, 6, 3), pool_size=2)
    both(name, pool, A(2, 5, 7, 3), pool_size=(3, 2), strides=(2, 3), padding="same")
    both(name, pool, A(2, 7, 3), pool_size=3, strides=1, padding="same")
    both(name, pool, A(1, 4, 3, 5, 2), pool_size=(2, 3, 2), strides=(1, 1, 2))
case("max_pool", -1 - whole(2, 5, 2), 3, 2, "same", oracle=pooled(np.max))
case("vander", A(3))
case("vander", A(4), 3, increasing=True)
case("vander", A(2), 0, smooth=False)
for n, m in ((5, 2), (5, 3), (4, 4), (2, 5), (3, 6), (1, 1)):
    for mode in ("valid", "same", "full"):
        case("correlate", A(n), B(m), mode)


@pytest.mark.parametrize("key", CASES)
def test_value(key):
    CASES[key].check_value()


@pytest.mark.parametrize("key", CASES.of_arrays())
def test_symbolic(key):
    CASES[key].check_symbolic()


@pytest.mark.parametrize("key", CASES.smooth())
def test_gradient(key):
    CASES[key].check_gradient()


# ---- errors

ERRORS = {
    "extract_sequences: too long": (lambda: ops.extract_sequences(X, 5, 1), ShapeError),
    "extract_sequences: stride 0": (lambda: ops.extract_sequences(X, 2, 0), ShapeError),
    "extract_sequences: a number": (lambda: ops.extract_sequences(1.0, 1, 1), ShapeError),
    "conv: data_format": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), data_format="NCHW"), ValueProblem),
    "conv: padding": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), padding="full"), ShapeError),
    "conv: strides 0": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), strides=0), ShapeError),
    "conv: strides of another rank": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), strides=(1, 1, 1)), ShapeError),
    "conv: channels": (lambda: ops.conv(IMAGE, A(3, 3, 3, 2)), ShapeError),
    "conv: groups do not divide": (lambda: ops.conv(IMAGE, A(3, 3, 2, 3)), ShapeError),
    "conv: rank": (lambda: ops.conv(A(5, 5, 4), A(3, 3, 4, 2)), ShapeError),
    "conv: window": (lambda: ops.conv(IMAGE, A(6, 3, 4, 2)), ShapeError),
    "conv: dilated window": (lambda: ops.conv(IMAGE, A(3, 3, 4, 2), dilation_rate=3), ShapeError),
    "depthwise_conv: channels": (lambda: ops.depthwise_conv(IMAGE, A(3, 3, 3, 1)), ShapeError),
    "separable_conv: channels": (lambda: ops.separable_conv(IMAGE, A(3, 3, 4, 1), A(1, 1, 3, 2)), ShapeError),
    "conv_transpose: channels": (lambda: ops.conv_transpose(IMAGE, A(3, 3, 4, 2)), ShapeError),
    "conv_transpose: padding": (lambda: ops.conv_transpose(IMAGE, A(3, 3, 2, 4), padding="full"), ValueProblem),
    "conv_transpose: rank": (lambda: ops.conv_transpose(A(5, 4), A(3, 3, 2, 4)), ShapeError),
    "conv_transpose: output_padding": (
        lambda: ops.conv_transpose(IMAGE, A(3, 3, 2, 4), 2, output_padding=(1, 1, 1)),
        ChainruleError,
    ),
    "conv_transpose: output_padding from the stride up": (
        lambda: ops.conv_transpose(IMAGE, A(3, 3, 2, 4), 2, output_padding=2),
        ChainruleError,
    ),
    "max_pool: rank": (lambda: ops.max_pool(X, 2), ShapeError),
    "max_pool: window": (lambda: ops.max_pool(IMAGE, 6), ShapeError),
    "max_pool: size 0": (lambda: ops.max_pool(IMAGE, 0), ShapeError),
    "max_pool: half a size": (lambda: ops.max_pool(IMAGE, 1.5), ShapeError),
    "average_pool: padding": (lambda: ops.average_pool(IMAGE, 2, padding="full"), ShapeError),
    "average_pool: data_format": (lambda: ops.average_pool(IMAGE, 2, data_format="first"), ValueProblem),
    "vander: a matrix": (lambda: ops.vander(X), ShapeError),
    "correlate: a matrix": (lambda: ops.correlate(X, A(2)), ShapeError),
    "correlate: mode": (lambda: ops.correlate(A(3), A(2), "all"), ValueProblem),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
