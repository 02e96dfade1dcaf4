"""Blocks of images: unfold and fold, between space and depth, pooling to a given size."""

import math

import numpy as np
import pytest

from chainrule import ops
from chainrule.core.errors import ShapeError, ValueProblem
from functions_cases import IMAGE, A, FunctionCases, X, check_error, spread

pytestmark = pytest.mark.usefixtures("quiet")

# ---- the cases

CASES = FunctionCases()
case, both = CASES.add, CASES.add_both


def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    (kh, kw), (dh, dw), (ph, pw), (sh, sw) = (spread(v, 2) for v in (kernel_size, dilation, padding, stride))
    x = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)])
    rows = range(0, x.shape[2] - (kh - 1) * dh, sh)
    columns = range(0, x.shape[3] - (kw - 1) * dw, sw)
    windows = [x[:, :, r : r + (kh - 1) * dh + 1 : dh, c : c + (kw - 1) * dw + 1 : dw] for r in rows for c in columns]
    return np.stack([w.reshape(len(x), -1) for w in windows], -1)


def fold(x, output_size, *more, **options):
    """By the definition of a transpose: <fold(x), e> = <x, unfold(e)> for each pixel e."""
    h, w = spread(output_size, 2)
    c = x.shape[1] // math.prod(spread(more[0], 2))
    out = np.zeros((len(x), c, h, w))
    for at in np.ndindex(c, h, w):
        one = np.zeros((1, c, h, w))
        one[(0, *at)] = 1
        out[(slice(None), *at)] = (x * unfold(one, *more, **options)).sum((1, 2))
    return out


case("unfold", A(2, 3, 5, 4), 2, oracle=unfold)
case("unfold", A(1, 2, 6, 7), (3, 2), 2, (1, 0), (2, 3), oracle=unfold)
case("fold", A(2, 12, 12), (5, 4), 2, oracle=fold)
case("fold", A(1, 12, 4), (6, 7), (3, 2), (2, 1), (1, 0), (3, 4), oracle=fold)


def depth_to_space(x, b, data_format="channels_last"):
    x = x if data_format == "channels_last" else np.moveaxis(x, 1, -1)
    n, h, w, c = x.shape
    out = np.zeros((n, h * b, w * b, c // b**2))
    for i, j, k in np.ndindex(h * b, w * b, c // b**2):
        deep = (
            (i % b * b + j % b) * (c // b**2) + k if data_format == "channels_last" else k * b * b + i % b * b + j % b
        )
        out[:, i, j, k] = x[:, i // b, j // b, deep]
    return out if data_format == "channels_last" else np.moveaxis(out, -1, 1)


case("depth_to_space", A(2, 3, 2, 12), 2, oracle=depth_to_space)
case("depth_to_space", A(2, 18, 1, 2), 3, "channels_first", oracle=depth_to_space)
for f, shape in (("channels_last", (2, 4, 6, 3)), ("channels_first", (1, 3, 2, 4))):
    WIDE = np.arange(math.prod(shape), dtype=float).reshape(shape)
    case(
        "depth_to_space",
        np.asarray(ops.space_to_depth(WIDE, 2, f)),
        2,
        f,
        oracle=lambda x, b, f, w=WIDE: w,
        smooth=False,
    )
case("space_to_depth", A(2, 2, 4, 3), 2, oracle=lambda x, b: np.concatenate(
    [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)], -1))  # fmt: skip
case("space_to_depth", A(1, 2, 4, 6), 2, "channels_first", oracle=lambda x, b, f: np.stack(
    [x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], 2).reshape(1, 8, 2, 3))  # fmt: skip


def adaptive(join):
    def pool(x, output_size):
        sizes = spread(output_size, x.ndim - 2)
        out = np.zeros((x.shape[0], *sizes, x.shape[-1]))
        for at in np.ndindex(*sizes):
            ends = zip(at, x.shape[1:], sizes, strict=False)
            window = tuple(slice(math.floor(i * n / m), math.ceil((i + 1) * n / m)) for i, n, m in ends)
            out[(slice(None), *at)] = join(x[(slice(None), *window)], axis=tuple(range(1, x.ndim - 1)))
        return out

    return pool


for name, join in (("adaptive_average_pool", np.mean), ("adaptive_max_pool", np.max)):
    both(name, adaptive(join), A(2, 7, 3), output_size=3)
    both(name, adaptive(join), A(2, 5, 6, 3), output_size=(3, 4))
    both(name, adaptive(join), A(1, 2, 3, 5, 2), output_size=(4, 1, 2))


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
    "unfold: rank": (lambda: ops.unfold(X, 2), ShapeError),
    "unfold: window": (lambda: ops.unfold(A(1, 1, 2, 2), 3), ShapeError),
    "unfold: padding": (lambda: ops.unfold(A(1, 1, 2, 2), 1, padding=-1), ValueProblem),
    "fold: columns": (lambda: ops.fold(A(1, 4, 3), 3, 2), ShapeError),
    "depth_to_space: channels": (lambda: ops.depth_to_space(A(1, 2, 2, 6), 2), ShapeError),
    "depth_to_space: data_format": (lambda: ops.depth_to_space(A(1, 2, 2, 4), 2, "NHWC"), ValueProblem),
    "space_to_depth: sizes": (lambda: ops.space_to_depth(A(1, 3, 2, 4), 2), ShapeError),
    "space_to_depth: rank": (lambda: ops.space_to_depth(X, 2), ShapeError),
    "adaptive_average_pool: rank": (lambda: ops.adaptive_average_pool(X, 2), ShapeError),
    "adaptive_max_pool: size 0": (lambda: ops.adaptive_max_pool(IMAGE, 0), ShapeError),
}


@pytest.mark.parametrize("which", ERRORS)
def test_error(which):
    check_error(*ERRORS[which])
