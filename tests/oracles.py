"""The expected results of every operation, by JAX, SciPy or loops, without any of chainrule's code.

``ORACLES[name](*arrays, **attributes)`` takes a sample of the record `name`. All are traceable by JAX except
those in `NOT_TRACEABLE`, so that `jax.grad` is a second opinion on gradients.
"""

from __future__ import annotations

import math
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, nn
from jax.scipy import special

# ---- indexing


def thaw(key, indices):
    """Turn a frozen key into Python's own index: tuples are slices, ``"array"`` is the next index array."""
    arrays = list(indices)[::-1]
    named = {"newaxis": lambda: None, "...": lambda: Ellipsis, "array": arrays.pop}
    return tuple([slice(*p[1:]) if isinstance(p, tuple) else named[p]() if isinstance(p, str) else p for p in key])


# ---- convolution and pooling


def same_pads(n, reach, stride):
    """Pad by TensorFlow's rule: ceil(n / stride) windows, the odd entry of padding behind."""
    total = max((math.ceil(n / stride) - 1) * stride + reach - n, 0)
    return total // 2, total - total // 2


def conv(x, kernel, strides=1, padding="valid", dilation=1, groups=1):
    rank = x.ndim - 2
    axes = "XYZ"[:rank]
    spread = lambda v: (v,) * rank if isinstance(v, int) else v
    return lax.conv_general_dilated(
        x, kernel, spread(strides), padding.upper() if isinstance(padding, str) else padding,
        rhs_dilation=spread(dilation), feature_group_count=groups, precision=lax.Precision.HIGHEST,
        dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
    )  # fmt: skip


def conv_transpose(u, kernel, sizes, groups=1, **attributes):
    x = jnp.zeros((u.shape[0], *sizes, kernel.shape[-2] * groups), u.dtype)
    return jax.vjp(lambda x: conv(x, kernel, groups=groups, **attributes), x)[1](u)[0]


def conv_kernel_gradient(x, u, window, groups=1, **attributes):
    kernel = jnp.zeros((*window, x.shape[-1] // groups, u.shape[-1]), x.dtype)
    return jax.vjp(lambda k: conv(x, k, groups=groups, **attributes), kernel)[1](u)[0]


def pool(start, join):
    def pooled(x, pool_size, strides=None, padding="valid"):
        spread = lambda v: (1, *((v,) * (x.ndim - 2) if isinstance(v, int) else v), 1)
        return lax.reduce_window(x, start, join, spread(pool_size), spread(strides or pool_size), padding.upper())

    return pooled


window_sum = pool(0.0, lax.add)


def average_pool(x, **window):
    return window_sum(x, **window) / window_sum(jnp.ones_like(x), **window)


def window_spread(u, sizes, **window):
    x = jnp.zeros((u.shape[0], *sizes, u.shape[-1]), u.dtype)
    return jax.vjp(lambda x: window_sum(x, **window), x)[1](u)[0]


def dense(x, kernel, *bias, activation=None):
    out = jnp.einsum("...i,ij->...j", x, kernel) + (bias[0] if bias else 0)
    return out * (out > 0) if activation else out


def convolution(x, kernel, *bias, activation=None, **window):
    out = conv(x, kernel, **window) + (bias[0] if bias else 0)
    return out * (out > 0) if activation else out


def covered(sizes, pool_size, strides, padding):
    """Return for each axis, for each window along it, the positions inside the input that it covers."""
    spread = lambda v: (v,) * len(sizes) if isinstance(v, int) else v
    axes = []
    for n, k, s in zip(sizes, spread(pool_size), spread(strides or pool_size), strict=True):
        before, after = same_pads(n, k, s) if padding == "same" else (0, 0)
        starts = range(-before, n + after - k + 1, s)
        axes.append([[i for i in range(start, start + k) if 0 <= i < n] for start in starts])
    return axes


def max_pool_index(x, pool_size, strides=None, padding="valid"):
    axes = covered(x.shape[1:-1], pool_size, strides, padding)
    index = np.zeros((x.shape[0], *map(len, axes), x.shape[-1]), np.int32)
    for b, *at, c in np.ndindex(index.shape):
        positions = product(*[windows[i] for windows, i in zip(axes, at, strict=True)])
        winner = max(positions, key=lambda position: x[(b, *position, c)])  # of equal ones max returns the first
        index[(b, *at, c)] = np.ravel_multi_index(winner, x.shape[1:-1])
    return index


# ---- regions of interest, densely: a mask over all entries for each bin, a weight of all entries for each sample


def for_each_box(function):
    """Apply `function(image, (x1, y1, x2, y2), ...)` to each box, and stack the results."""

    def apply(features, boxes, *images, spatial_scale=1.0, **attributes):
        box_images = images[0] if images else np.repeat(np.arange(len(boxes)), boxes.shape[1])
        rows = (boxes * spatial_scale).reshape(-1, 4)
        attributes = {"output_size": (1, 1), **attributes}
        result = jax.vmap(lambda image, row: function(image, row, **attributes))(features[box_images], rows)
        return result.reshape(*boxes.shape[:-1], *attributes["output_size"], features.shape[-1])

    return apply


def half_away(x):
    return jnp.sign(x) * jnp.floor(jnp.abs(x) + 0.5)


def bin_masks(first, last, bins, n):
    """Return which entries each bin reads, (bins, n)."""
    size, p, entry = jnp.maximum(last - first + 1, 1), jnp.arange(bins)[:, None], jnp.arange(n)
    return (entry >= first + (p * size) // bins) & (entry * bins < first * bins + (p + 1) * size)


def roi_scores(image, box, output_size):
    """Return the entries that each bin reads, all others -inf: (*bins, channels, entries)."""
    x1, y1, x2, y2 = half_away(box)
    rows, columns = bin_masks(y1, y2, output_size[0], len(image)), bin_masks(x1, x2, output_size[1], image.shape[1])
    mask = rows[:, None, :, None] & columns[None, :, None, :]
    scores = jnp.where(mask[..., None], image, -jnp.inf)
    return jnp.moveaxis(scores.reshape(*output_size, -1, image.shape[-1]), -1, -2)


def roi_pool(image, box, output_size):
    largest = roi_scores(image, box, output_size).max(-1)
    return jnp.where(jnp.isfinite(largest), largest, 0.0)


def roi_pool_index(image, box, output_size):
    scores = roi_scores(image, box, output_size)
    return jnp.where(jnp.isfinite(scores.max(-1)), scores.argmax(-1), -1).astype(jnp.int32)


def bilinear_weights(start, size, n, bins, samples, offset, margin):
    """Return the mean over each bin's samples of max(0, 1 - distance), the paper's bilinear weights: (bins, n)."""
    at = start + size * (jnp.arange(bins * samples) + offset) / (bins * samples)
    weights = jnp.maximum(0, 1 - jnp.abs(jnp.clip(at, 0, n - 1)[:, None] - jnp.arange(n)))
    inside = (at >= -margin) & (at <= n - 1 + margin)
    return (weights * inside[:, None]).reshape(bins, samples, n).mean(1)


def roi_align(image, box, output_size, sampling_ratio=2, aligned=True):
    x1, y1, x2, y2 = box - 0.5 * aligned
    parts = []
    for axis, (start, size) in enumerate(((y1, y2 - y1), (x1, x2 - x1))):
        size = size if aligned else jnp.maximum(size, 1)
        along = image.shape[axis], output_size[axis]
        if isinstance(sampling_ratio, tuple):  # for every possible number of samples, of which one is selected
            choices = jnp.stack(
                [bilinear_weights(start, size, *along, k, 0.5, 1.0) for k in range(1, sampling_ratio[axis] + 1)]
            )
            parts.append(choices[jnp.ceil(size / output_size[axis]).astype(int) - 1])
        else:
            parts.append(bilinear_weights(start, size, *along, sampling_ratio, 0.5, 1.0))
    return jnp.einsum("yxc,py,qx->pqc", image, *parts)


def roi_warp(image, box, output_size, sampling_ratio=1):
    x1, y1, x2, y2 = half_away(box)
    down = bilinear_weights(y1, jnp.maximum(y2 - y1, 0), len(image), output_size[0], sampling_ratio, 0.0, 0.5)
    across = bilinear_weights(x1, jnp.maximum(x2 - x1, 0), image.shape[1], output_size[1], sampling_ratio, 0.0, 0.5)
    return jnp.einsum("yxc,py,qx->pqc", image, down, across)


def sparsemax(x, axis=-1):
    """Subtract the largest of the thresholds with which k entries would sum to 1."""
    k = jnp.expand_dims(jnp.arange(1, x.shape[axis] + 1), [i for i in range(x.ndim) if i != axis % x.ndim])
    sums = jnp.cumsum(-jnp.sort(-x, axis=axis), axis=axis)
    return nn.relu(x - jnp.max((sums - 1) / k, axis=axis, keepdims=True))


# ---- slopes


def slope(function, argument=0):
    """The derivative of a function of numbers by one of them, of each entry."""
    return lambda *xs, **attributes: jnp.vectorize(jax.grad(lambda *x: function(*x, **attributes), argument))(*xs)


def sech_gate(x):
    """The root of s (1 - s) for s = (1 + tanh u) / 2."""
    return 0.5 / jnp.cosh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def log_or_0(x):
    """The logarithm, 0 where there is none."""
    return jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1.0)), 0.0)


QUARTER_TURN = np.cos((np.arange(64) + 0.5) * (math.pi / 128))  # the mean over them is that over the turn, to 14 digits


def squareplus(x, b=4):
    h = jnp.hypot(x, math.sqrt(b))
    return jnp.where(x > 0, (x + h) / 2, b / 2 / (h - x))


HAVE_SLOPES = {
    "arccosh": jnp.arccosh,
    "arcsin": jnp.arcsin,
    "arcsinh": jnp.arcsinh,
    "arctan": jnp.arctan,
    "arctanh": jnp.arctanh,
    "erf": lax.erf,
    "erfinv": lax.erf_inv,
    "gelu": nn.gelu,
    "mish": nn.mish,
    "silu": nn.silu,
    "sinc": jnp.sinc,
}
SLOPES = {
    **{f"{name}_slope": slope(function) for name, function in HAVE_SLOPES.items()},
    "sigmoid_slope": lambda x: nn.sigmoid(x) * nn.sigmoid(-x),
    "tanh_slope": lambda x: 1 / jnp.cosh(x) ** 2,
    "arctan2_across": lambda x, y: -2 * x * y / (x**2 + y**2) ** 2,
    "arctan2_along": lambda x, y: (y**2 - x**2) / (x**2 + y**2) ** 2,
    "arctan2_slope": lambda x, y: x / (x**2 + y**2),
    "gelu_bell": sech_gate,
    "hypot_across": lambda x, y: -x * y / (x**2 + y**2) ** 1.5,
    "hypot_along": lambda x, y: y**2 / (x**2 + y**2) ** 1.5,
    "hypot_slope": lambda x, y: x / jnp.sqrt(x**2 + y**2),
    "logaddexp2_share": lambda x, y: 1 / (1 + 2 ** (y - x)),
    "logaddexp_share": lambda x, y: nn.sigmoid(x - y),
    "normal_density": lambda x: jnp.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
    "power_across": lambda x, y: x ** (y - 1) * (1 + y * log_or_0(x)),
    "power_along": lambda x, y: y * (y - 1) * x ** (y - 2),
    "power_log": lambda x, y: jnp.where(x > 0, x**y * log_or_0(x), 0.0),
    "power_log_log": lambda x, y: jnp.where(x > 0, x**y * log_or_0(x) ** 2, 0.0),
    "power_slope": lambda x, y: y * x ** (y - 1),
}

# ---- norms, normalisation, losses


def hard_shrink(x, threshold=0.5):
    return jnp.where((x < -threshold) | (x > threshold), x, 0.0)


def soft_shrink(x, threshold=0.5):
    return x - jnp.clip(x, -threshold, threshold)


def batch_normalization(x, mean, variance, scale, offset, epsilon=1e-3):
    return (x - mean) / jnp.sqrt(variance + epsilon) * scale + offset


def layer_normalization(x, gamma, beta, axis=-1, epsilon=1e-7):
    return nn.standardize(x, axis=axis, epsilon=epsilon) * gamma + beta


def rms_normalization(x, scale, axis=-1, epsilon=1e-7):
    n = math.prod(x.shape[a] for a in np.atleast_1d(axis))
    return scale * x / jnp.sqrt(jnp.linalg.norm(x, axis=axis, keepdims=True) ** 2 / n + epsilon)


def binary_crossentropy(target, output, from_logits=False):
    if from_logits:
        return -target * nn.log_sigmoid(output) - (1 - target) * nn.log_sigmoid(-output)
    output = jnp.clip(output, 1e-7, 1 - 1e-7)
    return -special.xlogy(target, output) - special.xlog1py(1 - target, -output)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    if from_logits:
        return jnp.sum(target * (nn.logsumexp(output, axis=axis, keepdims=True) - output), axis=axis)
    share = jnp.clip(output / jnp.sum(output, axis=axis, keepdims=True), 1e-7, 1 - 1e-7)
    return -jnp.sum(special.xlogy(target, share), axis=axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    labels = jnp.squeeze(target, axis) if target.ndim == output.ndim else target
    target = nn.one_hot(labels, output.shape[axis], axis=axis, dtype=output.dtype)
    return categorical_crossentropy(target, output, from_logits, axis)


# ---- linear algebra


def with_positive_largest(columns, follow=None):
    """Multiply the columns, or those of `follow`, by the signs of the columns' largest entries."""
    largest = jnp.take_along_axis(columns, jnp.abs(columns).argmax(-2, keepdims=True), -2)
    return (columns if follow is None else follow) * jnp.where(largest < 0, -1.0, 1.0)


def singular_vectors(x, left=True, full=False):
    u, _, vh = jnp.linalg.svd(x, full_matrices=False)
    return with_positive_largest(u, None if left else jnp.swapaxes(vh, -1, -2))


def cholesky(x):
    return jnp.linalg.cholesky((x + jnp.swapaxes(x, -1, -2)) / 2)


# ---- images


def resize(x, size, interpolation="bilinear", antialias=False):
    shape = (x.shape[0], *size, x.shape[-1])
    if 0 in x.shape:
        return jnp.zeros(shape)
    y = jax.image.resize(x, shape, interpolation, antialias=antialias)
    return jnp.round(y).astype(x.dtype) if x.dtype.kind in "iu" else y


def map_coordinates(x, coordinates, order=1, fill_mode="constant", fill_value=0.0):
    return jax.scipy.ndimage.map_coordinates(x, list(coordinates), order, fill_mode, fill_value)


def affine_transform(x, transform, interpolation="bilinear", fill_mode="constant", fill_value=0.0):
    def plane(image, t):
        matrix = jnp.append(t, 1.0).reshape(3, 3)
        v, u = jnp.mgrid[: image.shape[0], : image.shape[1]]
        across, down, k = jnp.einsum("ij,jhw->ihw", matrix, jnp.stack([u, v, jnp.ones_like(u)]))
        return map_coordinates(image, [down / k, across / k], int(interpolation == "bilinear"), fill_mode, fill_value)

    channels = jax.vmap(plane, in_axes=(-1, None), out_axes=-1)
    return jax.vmap(channels)(x, jnp.broadcast_to(transform, (x.shape[0], 8)))


# ---- random numbers: Threefry-2x32-20 as its authors wrote it (https://doi.org/10.1145/2063384.2063405)

WORD = 0xFFFFFFFF


def threefry(key, counter):
    """Compute both words of one block, in Python's integers."""
    x, y = ((c + k) & WORD for c, k in zip(counter, key, strict=True))
    schedule = [*key, 0x1BD11BDA ^ key[0] ^ key[1]]
    for i in range(20):
        r = (13, 15, 26, 6, 17, 29, 16, 24)[i % 8]
        x = (x + y) & WORD
        y = ((y << r | y >> (32 - r)) & WORD) ^ x
        if i % 4 == 3:
            j = i // 4 + 1
            x, y = (x + schedule[j % 3]) & WORD, (y + schedule[(j + 1) % 3] + j) & WORD
    return x, y


def random_array(from_words):
    """Return a function that draws an array, given the number that two words make."""

    def draw(key, step, shape=(), dtype="float32"):
        words = [threefry(key.tolist(), (int(step), i)) for i in range(math.prod(shape))]
        return np.array([from_words(a, b, dtype) for a, b in words]).reshape(shape)

    return draw


def uniform_of(a, b, dtype):
    return ((a >> 5) * 2**26 + (b >> 6)) / 2**53 if dtype == "float64" else (a >> 8) / 2**24


def normal_of(a, b, dtype):
    return math.sqrt(-2 * math.log((a + 0.5) / 2**32)) * math.cos(2 * math.pi * b / 2**32)


def random_permutation(key, step, n):
    words = [threefry(key.tolist(), (int(step), i))[0] for i in range(n)]
    return np.array(sorted(range(n), key=words.__getitem__), np.int32)


NOT_TRACEABLE = {
    "max_pool_index": max_pool_index,
    "random_bits": random_array(lambda a, b, dtype: a),
    "random_uniform": random_array(uniform_of),
    "random_normal": random_array(normal_of),
    "random_permutation": random_permutation,
}


def cumprod(x, axis=0):
    """One factor after the other."""
    rows = jnp.moveaxis(x, axis, 0)
    products = list(rows[:1])
    for row in rows[1:]:
        products.append(products[-1] * row)
    return jnp.moveaxis(jnp.stack(products), 0, axis) if products else x


def cofactors(x):
    """The determinants of the minors, with the signs of a chessboard."""
    n = x.shape[-1]
    entry = lambda i, j: (-1) ** (i + j) * jnp.linalg.det(jnp.delete(jnp.delete(x, i, axis=-2), j, axis=-1))
    return jnp.stack([jnp.stack([entry(i, j) for j in range(n)], axis=-1) for i in range(n)], axis=-2)


def linear_recurrence(a, b, axis=0):
    """Sums of products: term j reaches entry i through the factors between them."""
    a, b = jnp.moveaxis(a, axis, 0), jnp.moveaxis(b, axis, 0)
    n = len(b)
    reach = lambda j, i: jnp.prod(a[j + 1 : i + 1], axis=0)
    results = [sum((b[j] * reach(j, i) for j in range(i + 1)), start=jnp.zeros_like(b[0])) for i in range(n)]
    return jnp.moveaxis(jnp.stack(results), 0, axis) if n else jnp.moveaxis(b, 0, axis)


NUMPY = """
    absolute add all any arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort bitwise_and
    bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor broadcast_to cbrt ceil clip
    copysign cos cosh divide equal exp exp2 expand_dims expm1 flip floor floor_divide fmod gcd greater greater_equal
    hypot isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not
    logical_or
    logical_xor matmul max maximum mean min minimum mod multiply negative nextafter not_equal positive power prod
    reciprocal round sign signbit sin sinc sinh sort sqrt square squeeze std subtract sum tan tanh transpose trunc var
    where"""
NETWORKS = """
    celu elu gelu glu hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid log_softmax logsumexp mish relu relu6
    selu sigmoid silu softmax softplus sparse_plus sparse_sigmoid"""

ORACLES = {
    "after": lambda x, other: x,
    **{name: getattr(jnp, name) for name in NUMPY.split()},
    **{name: getattr(nn, name) for name in NETWORKS.split()},
    **NOT_TRACEABLE,
    **SLOPES,
    "add_at": lambda u, *indices, key, shape: jnp.zeros(shape, u.dtype).at[thaw(key, indices)].add(u),
    "affine_transform": affine_transform,
    "average_pool": average_pool,
    "binary_crossentropy": binary_crossentropy,
    "cast": lambda x, dtype: lax.convert_element_type(x, np.dtype(dtype)),
    "categorical_crossentropy": categorical_crossentropy,
    "concatenate": lambda *xs, axis=0: jnp.concatenate(xs, axis),
    "conv": conv,
    "convolution": convolution,
    "dense": dense,
    "conv_kernel_gradient": conv_kernel_gradient,
    "conv_transpose": conv_transpose,
    "cofactors": cofactors,
    "cumprod": cumprod,
    "linear_recurrence": linear_recurrence,
    "cumsum": lambda x, axis=0: lax.cumsum(x, axis % x.ndim),
    "einsum": lambda *xs, subscripts: jnp.einsum(subscripts, *xs),
    "erf": lax.erf,
    "erfc": lax.erfc,
    "cholesky": cholesky,
    "det": jnp.linalg.det,
    "determinant_sign": lambda x: jnp.sign(jnp.linalg.det(x)),
    "eigenvalues": jnp.linalg.eigvalsh,
    "eigenvectors": lambda x: with_positive_largest(jnp.linalg.eigh(x)[1]),
    "erfinv": lax.erf_inv,
    "inv": jnp.linalg.inv,
    "log_absolute_determinant": lambda x: jnp.log(jnp.abs(jnp.linalg.det(x))),
    "pinv": lambda x, rcond=None: jnp.linalg.pinv(x, rcond),
    "qr_left": lambda x, complete=False: jnp.linalg.qr(x)[0],
    "qr_right": lambda x, complete=False: jnp.linalg.qr(x)[1],
    "singular_values": lambda x: jnp.linalg.svd(x, compute_uv=False),
    "singular_vectors": singular_vectors,
    "solve": jnp.linalg.solve,
    "get_item": lambda x, *indices, key: x[thaw(key, indices)],
    "hard_shrink": hard_shrink,
    "i0": lambda x: jnp.cosh(x[..., None] * QUARTER_TURN).mean(-1),
    "i1": lambda x: (QUARTER_TURN * jnp.sinh(x[..., None] * QUARTER_TURN)).mean(-1),
    "batch_normalization": batch_normalization,
    "layer_normalization": layer_normalization,
    "leaky_relu": lambda x, negative_slope=0.2: nn.leaky_relu(x, negative_slope),
    "map_coordinates": map_coordinates,
    "max_pool": pool(-np.inf, lax.max),
    "norm": jnp.linalg.norm,
    "pad": lambda x, widths: lax.pad(x, np.zeros((), x.dtype), [(b, a, 0) for b, a in widths]),
    "reshape": lambda x, newshape: jnp.reshape(x, newshape),
    "resize": resize,
    "rms_normalization": rms_normalization,
    "roi_align": for_each_box(roi_align),
    "roi_pool": for_each_box(roi_pool),
    "roi_pool_index": for_each_box(roi_pool_index),
    "roi_warp": for_each_box(roi_warp),
    "rsqrt": lax.rsqrt,
    "soft_shrink": soft_shrink,
    "softsign": nn.soft_sign,
    "squareplus": squareplus,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    "sparsemax": sparsemax,
    "stop_gradient": lax.stop_gradient,
    "tanh_shrink": lambda x: x - jnp.tanh(x),
    "top_k": lambda x, k: lax.top_k(x, k)[0],
    "window_spread": window_spread,
    "window_sum": window_sum,
}
