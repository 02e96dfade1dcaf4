"""Sums in float16 and bfloat16 are those of float32, rounded once: by both engines, and in gradients.

The oracle computes with the same numbers in float64. Errors are counted in half last places of the largest entry.
"""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops, tensor
from chainrule.graph import as_dtype, largest_number

pytestmark = pytest.mark.usefixtures("quiet")
DTYPES = {"float16": 2.0**-11, "bfloat16": 2.0**-8}  # half a last place of 1

_rng = np.random.default_rng(0)
NEAR_2 = _rng.normal(2.0, 1.0, (3, 3001))  # more than the dtypes' whole numbers reach
LARGE = _rng.uniform(100.0, 300.0, (3, 1500))  # their squares overflow float16
NEAR_1 = np.exp(_rng.normal(0.0, 0.02, (3, 300)))
IMAGES = _rng.normal(3.0, 1.0, (2, 48, 48, 2))
SIGNAL = _rng.normal(3.0, 1.0, (1, 700, 2))

CASES = {
    "sum": (lambda x: ops.sum(x, axis=1), NEAR_2),
    "mean": (lambda x: ops.mean(x, axis=1), LARGE),
    "prod": (lambda x: ops.prod(x, axis=1), NEAR_1),
    "var": (lambda x: ops.var(x, axis=1), LARGE),
    "std": (lambda x: ops.std(x, axis=1), LARGE),
    "moments": (lambda x: ops.moments(x, [1])[1], LARGE),
    "norm": (lambda x: ops.norm(x, axis=1), LARGE),
    "norm of order 1": (lambda x: ops.norm(x, ord=1, axis=1), NEAR_2),
    "norm of order 3": (lambda x: ops.norm(x, ord=3, axis=1), LARGE),
    "median": (lambda x: ops.median(x, axis=1), NEAR_2),
    "quantile": (lambda x: ops.quantile(x, 0.3125, axis=1), NEAR_2),
    "nanmedian": (lambda x: ops.nanmedian(x, axis=1), NEAR_2),
    "nansum": (lambda x: ops.nansum(x, axis=1), NEAR_2),
    "nanmean": (lambda x: ops.nanmean(x, axis=1), LARGE),
    "nanvar": (lambda x: ops.nanvar(x, axis=1), LARGE),
    "nanstd": (lambda x: ops.nanstd(x, axis=1), LARGE),
    "average": (lambda x: ops.average(x, axis=1, weights=ops.cast(np.ones(1500), x.dtype)), LARGE),
    "cumsum": (lambda x: ops.cumsum(x, axis=1), NEAR_2),
    "cumprod": (lambda x: ops.cumprod(x, axis=1), NEAR_1),
    "logsumexp": (lambda x: ops.logsumexp(x, axis=1), NEAR_2),
    "softmax": (lambda x: 100 * ops.softmax(x), NEAR_2),
    "log_softmax": (lambda x: ops.log_softmax(x), NEAR_2),
    "layer_normalization": (lambda x: ops.layer_normalization(x), LARGE),
    "rms_normalization": (lambda x: ops.rms_normalization(x), LARGE),
    "normalize": (lambda x: ops.normalize(x), LARGE),
    "corrcoef": (lambda x: ops.corrcoef(x), LARGE),
    "psnr": (lambda x: ops.psnr(x, x + 300, 255), LARGE),
    "cdist": (lambda x: ops.cdist(x[:2], x[1:]), LARGE),
    "matmul": (lambda x: ops.matmul(x, ops.transpose(x)), NEAR_2),
    "einsum": (lambda x: ops.einsum("ij,kj->ik", x, x), NEAR_2),
    "segment_sum": (lambda x: ops.segment_sum(ops.transpose(x), np.zeros(3001, "int32"), 1), NEAR_2),
    "average_pool": (lambda x: ops.average_pool(x, 48), IMAGES),
    "average_pool of overlapping windows": (lambda x: ops.average_pool(x, 300, 100), SIGNAL),
    "adaptive_average_pool": (lambda x: ops.adaptive_average_pool(x, 1), IMAGES),
    "conv": (lambda x: ops.conv(x, ops.cast(np.full((32, 32, 2, 1), 0.5), x.dtype)), IMAGES),
    "LayerNormalization": (lambda x: layers.LayerNormalization(dtype=x.dtype.name)(x), LARGE),
    "BatchNormalization": (
        lambda x: layers.BatchNormalization(dtype=x.dtype.name)(ops.transpose(x), training=True),
        LARGE,
    ),
    "GlobalAveragePooling2D": (lambda x: layers.GlobalAveragePooling2D(dtype=x.dtype.name)(x), IMAGES),
    "gradient of a broadcast": (lambda x: x * ops.ones((3001, 1), x.dtype), NEAR_1[0, :4]),
}
WEIGHTS = [1.0, -0.5, 0.25, 0.75]  # exact in all the dtypes
WAYS = {"eagerly": None, "by NumPy": "numpy", "by XLA": "xla"}


def value_and_gradient(f):
    """f(x), and the gradient of its entries' weighted sum."""

    def both(x):
        def weighted(x):
            y = ops.cast(f(x), "float64" if x.dtype == np.float64 else "float32")
            return ops.sum(y * np.resize(WEIGHTS, y.shape).astype(y.dtype))

        return f(x), cr.grad(weighted)(x)

    return both


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_accumulates_in_float32(name, way, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    if way == "by XLA":
        pytest.importorskip("jax", reason="the fast engine needs JAX")
    f, x = CASES[name]
    x = x.astype(as_dtype(dtype))
    both = value_and_gradient(f)
    run = both if WAYS[way] is None else cr.compile(both, engine=WAYS[way])
    want = [t.numpy() for t in both(tensor(x.astype("float64")))]
    for got, exact, allowed in zip(run(tensor(x)), want, (1.5, 4.0), strict=True):
        assert got.dtype == as_dtype(dtype)
        size = np.abs(exact).max()
        assert size < largest_number(as_dtype(dtype))
        smallest = np.finfo("float16").smallest_subnormal if dtype == "float16" else 0.0
        error = np.abs(got.numpy().astype("float64") - exact).max()
        assert error <= allowed * max(size * DTYPES[dtype], smallest)


def test_the_mean_of_many():
    """1 / count, which float16 has hardly any digits of, does not enter the gradient; a sum reaches beyond 65504."""
    x = tensor(np.full(300_000, 3.0), "float16", watch=True)
    y = ops.mean(x)
    assert y.item() == 3.0
    (g,) = np.unique(cr.gradients(y, x, np.float16(1000.0)).numpy())
    assert abs(g - 1000 / 300_000) < 2.0**-11 * g
