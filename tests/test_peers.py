"""Against Keras and PyTorch themselves: the same names, arguments, values, dtypes and gradients."""

import os

import jax
import numpy as np
import pytest

import chainrule as cr
from chainrule import ops

pytestmark = pytest.mark.heavy
REASON = "install tests/peers.txt to compare with PyTorch and Keras"


@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    result = pytest.importorskip("keras", reason=REASON)
    jax.config.update("jax_enable_x64", False)  # as Keras runs it
    yield result
    jax.config.update("jax_enable_x64", True)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason=REASON)


rng = np.random.default_rng(0)
X = rng.normal(size=(3, 4)).astype("float32")
Y = rng.normal(size=(3, 4)).astype("float32")
P = np.abs(X) + 0.5
HOLED = np.where(np.arange(4) == [[1], [3], [0]], np.nan, X).astype("float32")
SQUARE = X[:, :3] + 2 * np.eye(3, dtype="float32")
I = np.array([[3, 0, 2], [1, 1, 5]], "int32")
IMAGE = rng.normal(size=(2, 7, 6, 4)).astype("float32")
KERNEL = rng.normal(size=(3, 2, 4, 6)).astype("float32")

UNARY = """abs absolute arctan arcsinh cbrt ceil celu cos cosh elu erf exp exp2 expm1 floor gelu hard_shrink
hard_sigmoid hard_silu hard_tanh isfinite isinf isnan leaky_relu log_sigmoid logical_not negative relu relu6 round selu
sigmoid sign signbit silu sin sinh soft_shrink softplus softsign sparse_plus sparse_sigmoid
square squareplus tan tanh tanh_shrink trunc""".split()
POSITIVE = "log log10 log1p log2 reciprocal rsqrt sqrt".split()
BINARY = """add arctan2 divide equal greater greater_equal hypot less less_equal logaddexp maximum minimum multiply
not_equal subtract true_divide""".split()
CALLS = {
    "sum": [(X,), (X, 0), (X, (0, 1), True), (I,), (I > 1,)],
    "mean": [(X,), (X, 1), (I,)],
    "prod": [(X, 0), (I, 1)],
    "max": [(X,), (X, 0, True), (I, 1)],
    "min": [(X,), (X, 0)],
    "var": [(X,), (X, 0, True)],
    "std": [(X, 1)],
    "argmax": [(X,), (X, 0), (X, 1, True)],
    "argmin": [(X, -1)],
    "logsumexp": [(X,), (X, 0, True)],
    "all": [(I,), (I, 0)],
    "any": [(I,), (I, 1, True)],
    "cumsum": [(X,), (X, 0)],
    "cumprod": [(X, 1)],
    "reshape": [(X, (2, -1)), (X, (12,))],
    "transpose": [(X,), (IMAGE, (2, 0, 1, 3))],
    "expand_dims": [(X, 1), (X, -1)],
    "squeeze": [(X[:1],), (X[:, :1], 1)],
    "concatenate": [([X, Y], 1)],
    "stack": [([X, Y], 1), ([X, Y], -1)],
    "split": [(X, 2, 1), (X, [1, 3], 1)],
    "pad": [(X, ((1, 2), (0, 1))), (X, 1)],
    "flip": [(X,), (X, 1)],
    "repeat": [(X, 2), (X, 2, 1)],
    "tile": [(X, (2, 1))],
    "broadcast_to": [(X, (2, 3, 4))],
    "roll": [(X, 1), (X, -2, 1)],
    "matmul": [(X, Y.T), (X, Y[0])],
    "dot": [(X, Y.T), (X[0], Y[0])],
    "outer": [(X[0], Y[1])],
    "einsum": [("ij,kj->ik", X, Y), ("ij->j", X)],
    "tensordot": [(X, Y.T, 1), (X, Y, ((0, 1), (0, 1)))],
    "norm": [(X,), (X, None, 1), (X[0], 1), (X[0], np.inf)],
    "take": [(X, I[0], 1), (X, [0, 2], 0)],
    "take_along_axis": [(X, np.argsort(X, 1), 1)],
    "one_hot": [(I, 6), (I[0], 4)],
    "sort": [(X,), (X, 0)],
    "argsort": [(X,)],
    "top_k": [(X, 2)],
    "where": [(X > 0, X, Y)],
    "clip": [(X, -0.5, 0.5)],
    "softmax": [(X,), (X, 0)],
    "log_softmax": [(X,), (X, 0)],
    "glu": [(X,)],
    "power": [(P, Y), (X, 2)],
    "mod": [(X, P)],
    "floor_divide": [(X, P)],
    "arange": [(5,), (1, 7, 2), (0.0, 1.0, 0.25)],
    "linspace": [(0.0, 1.0, 5)],
    "eye": [(3,), (3, 4, 1)],
    "tril": [(X,), (X, 1)],
    "triu": [(X, -1)],
    "diag": [(X[0],), (X,)],
    "diagonal": [(X, 1)],
    "trace": [(X,)],
    "meshgrid": [(X[0], Y[:, 0])],
    "moveaxis": [(IMAGE, 1, -1)],
    "swapaxes": [(IMAGE, 1, 3)],
    "conv": [
        (IMAGE, KERNEL),
        (IMAGE, KERNEL, 2, "same"),
        (IMAGE, KERNEL, 1, "same", None, 2),
        (IMAGE, KERNEL[:, :, :2], 1, "valid"),
    ],
    "depthwise_conv": [(IMAGE, KERNEL[:, :, :, :2]), (IMAGE, KERNEL[:, :, :, :1], 2, "same")],
    "conv_transpose": [(IMAGE, KERNEL.transpose(0, 1, 3, 2), s, p) for s in (1, 2, 3) for p in ("valid", "same")],
    "max_pool": [(IMAGE, (2, 2), (2, 2)), (IMAGE, (3, 3), (2, 2), "same")],
    "average_pool": [(IMAGE, (2, 2), (2, 2)), (IMAGE, (3, 3), (2, 2), "same")],
    "binary_crossentropy": [((X > 0).astype("float32"), 1 / (1 + np.exp(-Y))), ((X > 0).astype("float32"), Y, True)],
    "categorical_crossentropy": [(np.eye(4, dtype="float32")[:3], P), (np.eye(4, dtype="float32")[:3], X, True)],
    "sparse_categorical_crossentropy": [(I[0], X, True), (I[0], P / P.sum(1, keepdims=True))],
    "layer_normalization": [(X,), (X, Y[0], X[0])],
    "scatter": [(np.array([[0], [2]]), Y[:2], (4, 4))],
    "scatter_update": [(X, np.array([[0, 1], [2, 3]]), np.array([5.0, 6.0], "float32"))],
    "segment_sum": [(X, np.array([1, 0, 1]), 3), (I, np.array([1, -1]), 2)],
    "segment_max": [(X, np.array([1, 0, 1]), 3), (I, np.array([1, -1]), 2)],
    "searchsorted": [(np.sort(X[0]), Y), (np.sort(I[0]), I, "right")],
    "digitize": [(X, np.sort(Y[0]))],
    "bincount": [(I[0],), (I[0], X[0, :3], 7)],
    "quantile": [(X, q, a, m) for q, a in ((0.5, 1), (P[0] / 4, None)) for m in ("linear", "nearest", "midpoint")],
    "median": [(X,), (X, 0, True), (I, 1)],
    "logspace": [(0.0, 2.0, 5), (0, 2, 3, False, 2)],
    "select": [([X > 0, Y > 0], [X, Y], 5.0)],
    "rot90": [(X,), (IMAGE, 3, (1, 2))],
    "kron": [(X, Y[0]), (X, Y)],
    "cross": [(X[:, :3], Y[:, :3]), (X[:, :2], Y[:, 1:]), (X[:, :2], Y[:, :2])],
    "isin": [(I, [1, 5]), (I, [1, 5], False, True)],
    "unravel_index": [(I, (2, 3))],
    "multi_hot": [(I, 6), (I[0], 4)],
    "extract_sequences": [(X, 2, 1), (IMAGE, 3, 1)],
    "slice": [(X, (1, 0), (2, 3))],
    "slice_update": [(X, (1, 1), Y[:2, :2])],
    "diff": [(X,), (X, 2, 0)],
    "isclose": [(X, X + 1e-9)],
    "nan_to_num": [(np.array([np.nan, np.inf, 1.0], "float32"),)],
    "normalize": [(X,)],
    "moments": [(X, 0)],
    "average": [(X, 1, Y[0] ** 2)],
    "vdot": [(X[0], Y[0])],
    "inner": [(X[0], Y[0])],
    "bitwise_and": [(I, 1)],
    "left_shift": [(I, 2)],
    "logical_and": [(I, I > 1)],
    "count_nonzero": [(I,), (I, 1)],
    "full_like": [(X, 2.0)],
    "zeros_like": [(I,)],
    "array_split": [(X, 3, 1)],
    "dstack": [([X, Y],)],
    "diagflat": [(X[0], 1)],
    "rearrange": [(IMAGE, "b h w c -> (b h) c w")],
    "tri": [(3, 4, 1)],
    "geomspace": [(1.0, 8.0, 4)],
    "kaiser": [(7, 3.0)],
    "vander": [(X[0],), (X[0], 2, True)],
    "lcm": [(I, I[0] + 1)],
    "gcd": [(I, I[0])],
    "ldexp": [(X, np.arange(4, dtype="int32"))],
    "saturate_cast": [(1e3 * X, "uint8"), (1e12 * X, "int32"), (I - 2, "uint8")],
    "view": [(X, "int32")],
    "erfinv": [(np.tanh(X),)],
    "nancumsum": [(HOLED,), (HOLED, 0)],
    "nancumprod": [(HOLED, 1)],
    "nanquantile": [(HOLED, 0.3, 0), (HOLED, 0.5)],
    "nanpercentile": [(HOLED, 30.0, 1)],
    "percentile": [(X, 30.0), (X, P[0], 1)],
    "segment_min": [(X, np.array([1, 0, 1]), 3), (I, np.array([1, -1]), 2)],
    "segment_prod": [(X, np.array([1, 0, 1]), 3)],
    "histogram": [(X[0], 4), (X[0], 3, (-0.5, 1.0))],
    "unique": [(I,), (X > 0, True, True, True, True), (I, True, False, False, True, None, 6)],
    "trapezoid": [(X,), (X, None, 0.5, 0), (X, Y)],
    "corrcoef": [(X,)],
    "correlate": [(X[0], Y[0, :3], m) for m in ("valid", "same", "full")],
    "cdist": [(X, Y)],
    "in_top_k": [(I[0], np.concatenate([X, Y], 1), 3)],
    "psnr": [(X, Y, 2.0)],
    "depth_to_space": [(IMAGE, 2), (IMAGE.transpose(0, 3, 1, 2), 2, "channels_first")],
    "space_to_depth": [(IMAGE[:, :6], 2), (IMAGE.transpose(0, 3, 1, 2)[:, :, :6], 2, "channels_first")],
    "unfold": [(IMAGE.transpose(0, 3, 1, 2), 2, 1, 1, 2)],
    "fold": [(KERNEL.reshape(1, 12, 12), (5, 4), 2)],
    "adaptive_average_pool": [(IMAGE, (3, 4)), (IMAGE, 2)],
    "adaptive_max_pool": [(IMAGE, (3, 4)), (IMAGE, 2)],
    "dot_product_attention": [(IMAGE, IMAGE, IMAGE), (IMAGE, IMAGE, IMAGE, None, None, 0.3, True)],
    "ctc_loss": [(I % 3 + 1, IMAGE[:, :, 0], np.array([3, 2]), np.array([7, 6]))],
    "ctc_decode": [(IMAGE[:, :, 0], np.array([7, 5]))],
    "solve": [(SQUARE, Y.T[:3, 0]), (SQUARE, Y[:, :2])],
    "solve_triangular": [(SQUARE, Y), (SQUARE, Y, True)],
    "cholesky": [(SQUARE @ SQUARE.T,), (SQUARE @ SQUARE.T, True)],
    "cholesky_inverse": [(SQUARE,), (SQUARE, True)],
    "inv": [(SQUARE,)],
    "det": [(SQUARE,)],
    "slogdet": [(SQUARE,)],
    "logdet": [(SQUARE @ SQUARE.T,)],
    "qr": [(X.T,), (X.T, "complete")],
    "svd": [(X, True, False)],
    "pinv": [(X,)],
    "lstsq": [(X.T, Y[0])],
    "matrix_rank": [(X,), (np.ones((3, 2), "float32"),)],
}
CALLS |= {
    n: [(X,), (X[0],)] for n in "copy fabs isneginf isposinf isreal real imag conj conjugate angle sinc i0".split()
}
CALLS |= {n: [(X, Y), (HOLED, Y)] for n in "fmax fmin fmod heaviside".split()} | {"logaddexp2": [(X, Y)]}
CALLS |= {n: [(7,)] for n in "bartlett blackman hamming hanning".split()}
CALLS |= {
    f"nan{n}": [(HOLED,), (HOLED, 1, True), (I, 0)]
    for n in "sum prod max min mean var std median argmax argmin".split()
}
CALLS |= {n: [(X,), (X[0],)] for n in UNARY}
CALLS |= {n: [(P,), (I + 1,)] for n in POSITIVE}
CALLS["rsqrt"] = [(P,)]  # Keras on JAX refuses integers
CALLS |= {n: [(X, Y), (X, Y[0]), (I, X[:2, :3])] for n in BINARY}


def flat(result):
    return [np.asarray(r) for r in (result if isinstance(result, list | tuple) else [result])]


@pytest.mark.parametrize("name", CALLS)
def test_values_and_dtypes_are_keras(keras, name):
    for args in CALLS[name]:
        ours = flat(getattr(ops, name)(*args))
        theirs = [np.asarray(keras.ops.convert_to_numpy(t)) for t in flat_keras(getattr(keras.ops, name)(*args))]
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert a.shape == b.shape
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def flat_keras(result):
    return list(result) if isinstance(result, list | tuple) else [result]


TORCH = {  # ours, theirs with PyTorch's functional module
    "conv": (
        lambda x, k: ops.conv(x, k, strides=2, padding=((1, 1), (0, 2))),
        lambda F, x, k: F.conv2d(F.pad(x, (0, 2, 1, 1)), k, stride=2),
    ),
    "grouped": (lambda x, k: ops.conv(x, k[:, :, :2]), lambda F, x, k: F.conv2d(x, k[:, :2], groups=2)),
    "dilated": (lambda x, k: ops.conv(x, k, dilation_rate=2), lambda F, x, k: F.conv2d(x, k, dilation=2)),
    "max_pool": (lambda x, k: ops.max_pool(x, 3, 2) * k.sum(), lambda F, x, k: F.max_pool2d(x, 3, 2) * k.sum()),
    "gelu": (lambda x, k: ops.gelu(x, False) * k.sum(), lambda F, x, k: F.gelu(x) * k.sum()),
    "softmax": (lambda x, k: ops.softmax(x, -1) * k.sum(), lambda F, x, k: F.softmax(x, 1) * k.sum()),
}


@pytest.mark.parametrize("name", TORCH)
def test_gradients_are_torchs(torch, name):
    ours, theirs = TORCH[name]
    x, k = IMAGE.astype("float64"), KERNEL.astype("float64")
    y = ours(cr.tensor(x), cr.tensor(k))
    u = np.random.default_rng(1).normal(size=y.shape)
    got = cr.grad(lambda x, k: ops.sum(ours(x, k) * u), (0, 1))(x, k)
    tx, tk = (
        torch.tensor(a, requires_grad=True) for a in (x.transpose(0, 3, 1, 2).copy(), k.transpose(3, 2, 0, 1).copy())
    )
    ty = theirs(torch.nn.functional, tx, tk)
    np.testing.assert_allclose(y.numpy(), ty.detach().numpy().transpose(0, 2, 3, 1), rtol=1e-10)
    gx, gk = torch.autograd.grad(ty, (tx, tk), torch.tensor(u.transpose(0, 3, 1, 2).copy()))
    np.testing.assert_allclose(got[0], gx.numpy().transpose(0, 2, 3, 1), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(got[1], gk.numpy().transpose(2, 3, 1, 0), rtol=1e-10, atol=1e-12)
