"""Layers' values without Keras: against loops, NumPy and numbers worked out beforehand."""

from functools import reduce
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import ValueProblem
from layer_cases import mask_for, numbers


def pads_of(n, kernel, stride, hole, padding):
    reach = (kernel - 1) * hole + 1
    if padding == "valid":
        return 0, (n - reach) // stride + 1
    out = -(-n // stride)
    return max((out - 1) * stride + reach - n, 0) // 2, out


@pytest.mark.parametrize(
    ("strides", "padding", "hole", "groups"),
    [((1, 2), "same", (1, 1), 1), ((1, 1), "valid", (2, 1), 2), ((2, 3), "valid", (1, 1), 1)],
)
def test_conv2d_by_loops(strides, padding, hole, groups):
    layer = layers.Conv2D(4, (3, 2), strides, padding, dilation_rate=hole, groups=groups, dtype="float64")
    x = numbers((2, 7, 5, 4))
    layer.build(x.shape)
    kernel, bias = (numbers(v.shape, seed=3) for v in layer.weights)
    layer.set_weights([kernel, bias])
    (top, h), (left, w) = (
        pads_of(n, k, s, d, padding) for n, k, s, d in zip((7, 5), (3, 2), strides, hole, strict=True)
    )
    expected = np.zeros((2, h, w, 4))
    for n, i, j, f, a, b, c in product(range(2), range(h), range(w), range(4), range(3), range(2), range(4 // groups)):
        y, z = i * strides[0] + a * hole[0] - top, j * strides[1] + b * hole[1] - left
        if 0 <= y < 7 and 0 <= z < 5:
            expected[n, i, j, f] += x[n, y, z, f // (4 // groups) * (4 // groups) + c] * kernel[a, b, c, f]
    assert_allclose(layer(x).numpy(), expected + bias, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("padding", "stride"), [("valid", 2), ("same", 2), ("same", 3)])
def test_pooling_by_loops(padding, stride):
    x = numbers((2, 5, 7, 3))
    (top, h), (left, w) = pads_of(5, 3, stride, 1, padding), pads_of(7, 2, stride, 1, padding)
    for kind, of in ((layers.MaxPooling2D, np.max), (layers.AveragePooling2D, np.mean)):
        result = kind((3, 2), stride, padding, dtype="float64")(x).numpy()
        assert result.shape == (2, h, w, 3)
        for i, j in product(range(h), range(w)):
            y, z = i * stride - top, j * stride - left
            window = x[:, max(y, 0) : y + 3, max(z, 0) : z + 2]
            assert_allclose(result[:, i, j], of(window, axis=(1, 2)), rtol=1e-12)


def test_transpose_is_the_transpose_of_the_convolution():
    forward = layers.Conv1D(3, 2, strides=2, use_bias=False, dtype="float64")
    back = layers.Conv1DTranspose(4, 2, strides=2, use_bias=False, dtype="float64")
    x, y = numbers((1, 6, 4)), numbers((1, 3, 3))
    forward(x), back(y)
    kernel = numbers((2, 4, 3))
    forward.set_weights([kernel])
    back.set_weights([kernel])
    assert np.sum(forward(x).numpy() * y) == pytest.approx(np.sum(x * back(y).numpy()), rel=1e-12)


def test_separable_is_depthwise_then_pointwise():
    layer = layers.SeparableConv1D(3, 2, depth_multiplier=2, use_bias=False, dtype="float64")
    x = numbers((2, 5, 4))
    layer.build(x.shape)
    depth, point = numbers((2, 4, 2)), numbers((1, 8, 3))
    layer.set_weights([depth, point])
    middle = sum(x[:, k : k + 4, :, None] * depth[k] for k in range(2)).reshape(2, 4, 8)
    assert_allclose(layer(x).numpy(), middle @ point[0], rtol=1e-12)


def test_dense_by_numpy():
    layer = layers.Dense(3, "tanh", dtype="float64")
    x = numbers((2, 4, 5))
    layer.build(x.shape)
    kernel, bias = numbers((5, 3)), numbers((3,))
    layer.set_weights([kernel, bias])
    out = np.tanh(np.einsum("abi,io->abo", x, kernel) + bias)
    assert_allclose(layer(x).numpy(), out, rtol=1e-12)
    (gradient,) = cr.gradients(ops.sum(layer(x)), [layer.kernel])
    assert_allclose(gradient.numpy(), np.einsum("abi,abo->io", x, 1 - out**2), rtol=1e-12)


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], [0, 2]])
def test_batch_normalization_by_numpy(axis):
    x = numbers((3, 4, 5))
    saved = [a % 3 for a in ([axis] if isinstance(axis, int) else axis)]
    over = tuple(i for i in range(3) if i not in saved)
    layer = layers.BatchNormalization(axis, momentum=0.7, epsilon=0.1, dtype="float64")
    layer.build(x.shape)
    sizes = tuple(x.shape[a] for a in saved)
    gamma, beta, mean, variance = (numbers(sizes, seed=s) for s in range(4))
    variance = variance**2
    layer.set_weights([gamma, beta, mean, variance])
    wide = [x.shape[i] if i in saved else 1 for i in range(3)]

    def expected(mean, variance):
        g, b, m, v = (a.reshape(wide) for a in (gamma, beta, mean, variance))
        return (x - m) / np.sqrt(v + 0.1) * g + b

    assert_allclose(layer(x).numpy(), expected(mean, variance), rtol=1e-10)
    assert_allclose(layer(x, training=True).numpy(), expected(x.mean(over), x.var(over)), rtol=1e-10)
    assert_allclose(layer.moving_mean.numpy(), 0.7 * mean + 0.3 * x.mean(over), rtol=1e-12)
    assert_allclose(layer.moving_variance.numpy(), 0.7 * variance + 0.3 * x.var(over), rtol=1e-12)


def test_frozen_batch_normalization_leaves_its_statistics():
    layer = layers.BatchNormalization(dtype="float64")
    layer.build((3, 2))
    layer.trainable = False
    before = layer.get_weights()
    x = numbers((3, 2))
    assert_allclose(layer(x, training=True).numpy(), x / np.sqrt(1.001), rtol=1e-12)
    for a, b in zip(before, layer.get_weights(), strict=True):
        assert_array_equal(a, b)
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 4


def test_masked_statistics_are_those_of_the_entries_kept():
    x, mask = numbers((3, 4, 2)), mask_for((3, 4))
    layer = layers.BatchNormalization(momentum=0.0, dtype="float64")
    layer(x, training=True, mask=mask)
    assert_allclose(layer.moving_mean.numpy(), x[mask].mean(0), rtol=1e-6)
    assert_allclose(layer.moving_variance.numpy(), x[mask].var(0), rtol=1e-6)


def test_other_normalizations_by_numpy():
    x = numbers((2, 3, 6))
    created = layers.LayerNormalization(axis=[1, 2], epsilon=0.2, dtype="float64")(x).numpy()
    mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
    assert_allclose(created, (x - mean) / np.sqrt(variance + 0.2), rtol=1e-10)
    created = layers.GroupNormalization(3, epsilon=0.2, dtype="float64")(x).numpy()
    for g in range(3):
        part = x[:, :, 2 * g : 2 * g + 2]
        mean, variance = part.mean((1, 2), keepdims=True), part.var((1, 2), keepdims=True)
        assert_allclose(created[:, :, 2 * g : 2 * g + 2], (part - mean) / np.sqrt(variance + 0.2), rtol=1e-10)
    created = layers.RMSNormalization(epsilon=0.2, dtype="float64")(x).numpy()
    assert_allclose(created, x / np.sqrt((x**2).mean(-1, keepdims=True) + 0.2), rtol=1e-10)
    created = layers.UnitNormalization(axis=1, dtype="float64")(x).numpy()
    assert_allclose(created, x / np.linalg.norm(x, axis=1, keepdims=True), rtol=1e-10)


def test_merging_by_numpy():
    parts = [numbers((2, 3), seed=s) for s in range(3)]
    for kind, of in (
        (layers.Add, np.add),
        (layers.Multiply, np.multiply),
        (layers.Maximum, np.maximum),
        (layers.Minimum, np.minimum),
    ):
        assert_allclose(kind(dtype="float64")(parts).numpy(), reduce(of, parts), rtol=1e-12)
    assert_allclose(layers.Average(dtype="float64")(parts).numpy(), np.mean(parts, 0), rtol=1e-12)
    assert_allclose(layers.subtract(parts[:2], dtype="float64").numpy(), parts[0] - parts[1])
    a, b = numbers((2, 3, 4)), numbers((2, 5, 3))
    result = layers.Dot(axes=(1, 2), dtype="float64")([a, b]).numpy()
    assert_allclose(result, np.einsum("nij,nki->njk", a, b), rtol=1e-12)


def test_movers_by_numpy():
    x = numbers((2, 5, 6, 3))
    exact = {"dtype": "float64"}
    created = layers.ZeroPadding2D(((1, 0), (2, 1)), **exact)(x).numpy()
    assert_array_equal(created, np.pad(x, ((0, 0), (1, 0), (2, 1), (0, 0))))
    assert_array_equal(layers.Cropping2D(((1, 0), (2, 1)), **exact)(x).numpy(), x[:, 1:, 2:-1])
    assert_array_equal(layers.UpSampling2D((2, 3), **exact)(x).numpy(), x.repeat(2, 1).repeat(3, 2))
    assert_array_equal(layers.Permute((3, 1, 2), **exact)(x).numpy(), x.transpose(0, 3, 1, 2))
    assert_array_equal(layers.Reshape((-1, 9), **exact)(x).numpy(), x.reshape(2, 10, 9))
    assert_array_equal(layers.Flatten("channels_first", **exact)(x).numpy(), np.moveaxis(x, 1, -1).reshape(2, -1))
    assert_array_equal(layers.RepeatVector(2, **exact)(x[:, 0, 0]).numpy(), np.stack([x[:, 0, 0]] * 2, 1))


def test_activations_at_chosen_points():
    x = [[-2.0, 0.0, 0.5, 3.0]]
    assert layers.ReLU(2.0, 0.5, 1.0)(x).tolist() == [[-1.5, -0.5, -0.25, 2.0]]
    assert layers.LeakyReLU()([[-1.0, 1.0]]).numpy() == pytest.approx(np.array([[-0.3, 1.0]]))
    assert layers.PReLU("ones")(x).tolist() == x
    soft = layers.Softmax()(x, mask=np.array([[True, False, True, False]])).numpy()
    assert_allclose(soft, [[np.exp(-2.5) / (1 + np.exp(-2.5)), 0, 1 / (1 + np.exp(-2.5)), 0]], rtol=1e-6)


def test_embedding_looks_up_rows():
    table = numbers((5, 3)).astype("float32")
    layer = layers.Embedding(5, 3, weights=[table])
    assert_array_equal(layer(np.array([[4, 0], [1, 1]])).numpy(), table[[[4, 0], [1, 1]]])
    (gradient,) = cr.gradients(ops.sum(layer([[1, 1, 4]])), [layer.embeddings])
    assert_array_equal(gradient.numpy()[:, 0], [0, 2, 0, 0, 1])
    with pytest.raises(ValueProblem, match="from 0 to 4"):
        layer([[5]])


@pytest.mark.parametrize("axis", [-1, 0, [0, 1]])
def test_a_softmax_of_nothing_is_0(axis, double):
    x = np.array([[1.0, 2.0, 3e9], [-4e9, -5e9, 6.0], [1.0, 1.0, 0.0]])
    mask = np.array([[False, False, False], [True, True, False], [False, True, False]])
    axes = tuple(axis) if isinstance(axis, list) else axis
    kept = np.where(mask, x, -np.inf)
    e = np.exp(kept - kept.max(axes, keepdims=True, initial=-1e300))
    total = e.sum(axes, keepdims=True)
    expected = e / np.where(total == 0, 1, total)
    soft = layers.Softmax(axis=axis)
    np.testing.assert_allclose(soft(x, mask=mask).numpy(), expected, atol=1e-15)
    upstream = np.arange(9.0).reshape(3, 3)
    slope = cr.grad(lambda t: ops.sum(soft(t, mask=mask) * upstream))(ops.convert_to_tensor(x)).numpy()
    np.testing.assert_allclose(
        slope, expected * (upstream - (expected * upstream).sum(axes, keepdims=True)), atol=1e-12
    )
