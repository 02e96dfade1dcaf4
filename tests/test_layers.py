"""Layers: against Keras itself where it is installed, and against loops, NumPy and hand-worked numbers without it."""

import importlib
import inspect
import json
import os
from functools import reduce
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import Variable, layers, ops, tensor
from chainrule.core.errors import ChainruleError, DTypeError, GraphError, ShapeError, ValueProblem
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.layers import Input, Layer
from chainrule.layers.call_context import mask_of, set_mask
from chainrule.transforms.trace import trace

CASES = {}


def case(name, shape, ints=None, mask=None, train=True, **kwargs):
    """A layer of this name and arguments, on inputs of these shapes.

    `ints`: whole numbers below it as inputs. `mask`: the shape of a mask. `train`: whether training is deterministic.
    """
    key = f"{name}-{sum(existing.startswith(name + '-') for existing in CASES)}"
    CASES[key] = name, kwargs, shape, ints, mask, train


def numbers(shape, seed=1):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


for shape, more in (
    ((3, 5), {}),
    ((2, 3, 5), {"activation": "tanh"}),
    ((2, 2, 3, 4), {"use_bias": False, "activation": "gelu"}),
    ((1, 1), {"kernel_regularizer": "l2", "bias_initializer": "ones"}),
):
    case("Dense", shape, units=4, **more)
for name in "relu relu6 elu selu gelu silu tanh sigmoid softplus softsign softmax log_softmax exponential linear mish \
hard_sigmoid hard_silu leaky_relu".split():
    case("Activation", (3, 4), activation=name)
case("ReLU", (3, 4), max_value=1.0, negative_slope=0.1, threshold=0.3)
case("ReLU", (3, 4))
case("LeakyReLU", (3, 4), negative_slope=0.2)
case("ELU", (3, 4), alpha=0.7)
case("PReLU", (2, 3, 4, 5), alpha_initializer="ones", shared_axes=[1, 2])
case("PReLU", (2, 3))
case("Softmax", (2, 3, 4), axis=1)
case("Softmax", (2, 3, 4), axis=[1, 2])
case("Softmax", (2, 4), mask=(2, 4))
case("Embedding", (2, 3), ints=7, input_dim=7, output_dim=4)
case("Embedding", (5,), ints=3, input_dim=3, output_dim=2, mask_zero=True, embeddings_initializer="normal")
case("Masking", (2, 3, 4), mask_value=0.5)
case("Identity", (2, 3))
case("Flatten", (2, 3, 4))
case("Flatten", (2, 3, 4, 5), data_format="channels_first")
case("Flatten", (3,))
case("Reshape", (2, 3, 4), target_shape=(2, -1))
case("Permute", (2, 3, 4, 5), dims=(3, 1, 2))
case("RepeatVector", (2, 3), n=4)
for rank, sizes in ((1, (5,)), (2, (5, 6)), (3, (5, 6, 4))):
    pads = [1, tuple((1, i) for i in range(rank)) if rank > 1 else (2, 1)]
    for kind, what in (("ZeroPadding", "padding"), ("Cropping", "cropping")):
        case(f"{kind}{rank}D", (2, *sizes, 3), **{what: pads[0]})
        first = {} if rank == 1 and kind == "Cropping" else {"data_format": "channels_first"}
        case(f"{kind}{rank}D", (2, 3, *sizes) if first else (2, *sizes, 3), **{what: pads[1]}, **first)
    case(f"UpSampling{rank}D", (2, *sizes, 3), size=2)
    if rank > 1:
        case(f"UpSampling{rank}D", (2, 3, *sizes), size=(2, 3, 1)[:rank], data_format="channels_first")
    for kind in ("MaxPooling", "AveragePooling"):
        for pool, strides, padding in ((2, None, "valid"), (3, 2, "same"), (2, 3, "same"), (3, 1, "valid")):
            case(f"{kind}{rank}D", (2, *sizes, 3), pool_size=pool, strides=strides, padding=padding)
        case(f"{kind}{rank}D", (2, 3, *sizes), pool_size=2, padding="same", data_format="channels_first")
        if rank > 1:
            case(f"{kind}{rank}D", (2, *sizes, 3), pool_size=(2, 3, 1)[:rank], strides=(1, 2, 3)[:rank])
    for kind in ("GlobalMaxPooling", "GlobalAveragePooling"):
        case(f"{kind}{rank}D", (2, *sizes, 3))
        case(f"{kind}{rank}D", (2, 3, *sizes), data_format="channels_first", keepdims=True)
case("GlobalAveragePooling1D", (2, 3, 4), mask=(2, 3))
case("UpSampling2D", (2, 3, 4, 2), size=(2, 3), interpolation="bilinear")
case("UpSampling2D", (2, 2, 3, 4), size=2, interpolation="bicubic", data_format="channels_first")

CONVOLUTIONS = [
    {"kernel_size": 3},
    {"kernel_size": 2, "strides": 2, "padding": "same", "activation": "relu"},
    {"kernel_size": 2, "dilation_rate": 2, "padding": "same", "use_bias": False},
    {"kernel_size": 2, "strides": 3, "data_format": "channels_first"},
    {"kernel_size": 3, "padding": "same", "data_format": "channels_first"},
    {"kernel_size": 2, "dilation_rate": 3},
]
for rank, sizes in ((1, (8,)), (2, (7, 5)), (3, (5, 4, 3))):
    last, first = (2, *sizes, 4), (2, 4, *sizes)
    for i, more in enumerate(CONVOLUTIONS[: 4 if rank == 3 else 6]):
        shape = first if "data_format" in more else last
        case(f"Conv{rank}D", shape, filters=6, groups=1 + i % 2, **more)
        case(f"Conv{rank}DTranspose", shape, filters=3, **more)
        if rank < 3:
            case(f"DepthwiseConv{rank}D", shape, depth_multiplier=1 + i % 2, **more)
            case(f"SeparableConv{rank}D", shape, filters=3, depth_multiplier=2 - i % 2, **more)
    case(f"Conv{rank}DTranspose", last, filters=2, kernel_size=3, strides=2, padding="same", output_padding=1)
    case(f"Conv{rank}DTranspose", last, filters=2, kernel_size=2, strides=3, padding="valid", output_padding=2)
case("Conv1D", (2, 6, 3), filters=4, kernel_size=3, padding="causal")
case("Conv1D", (2, 6, 3), filters=4, kernel_size=2, padding="causal", dilation_rate=2)
case("Conv1D", (2, 7, 3), filters=4, kernel_size=2, padding="causal", strides=2)
case("Conv2D", (2, 7, 6, 3), filters=4, kernel_size=(3, 2), strides=(1, 2), padding="same")
case("Conv2D", (2, 7, 6, 3), filters=4, kernel_size=(2, 3), dilation_rate=(2, 1))
case("Conv2DTranspose", (2, 4, 3, 2), filters=4, kernel_size=(3, 2), strides=(1, 2), padding="same")
case("Conv2D", (2, 4, 4, 6), filters=6, kernel_size=3, groups=6)

case("BatchNormalization", (4, 3), momentum=0.8, epsilon=0.01)
case("BatchNormalization", (2, 3, 4, 5))
case("BatchNormalization", (3, 4, 5), axis=1, scale=False)
case("BatchNormalization", (3, 4, 5), center=False)
case("BatchNormalization", (3, 4, 5), mask=(3, 4))
case("BatchNormalization", (3, 4), trainable=False)
case("LayerNormalization", (3, 4))
case("LayerNormalization", (2, 3, 4), axis=[1, 2], epsilon=0.1)
case("LayerNormalization", (2, 3, 4), axis=1, center=False)
case("GroupNormalization", (2, 3, 6), groups=3)
case("GroupNormalization", (2, 4, 3, 5), groups=2, axis=1, scale=False)
case("GroupNormalization", (2, 3, 4), groups=-1)
case("RMSNormalization", (2, 3, 4), epsilon=0.1)
case("RMSNormalization", (2, 3, 4), axis=[1, 2])
case("UnitNormalization", (2, 3, 4), axis=1)
case("UnitNormalization", (2, 3, 4), axis=[1, 2])

for name in "Add Multiply Average Maximum Minimum".split():
    case(name, [(2, 3, 4), (2, 3, 4), (2, 3, 4)])
    case(name, [(2, 3, 4), (2, 1, 4)])
    case(name, [(2, 4), (2, 3, 4)])
case("Subtract", [(2, 3), (2, 3)])
case("Concatenate", [(2, 3), (2, 4), (2, 1)])
case("Concatenate", [(2, 3, 4), (2, 2, 4)], axis=1)
case("Dot", [(2, 3), (2, 3)], axes=1)
case("Dot", [(2, 3, 4), (2, 4, 5)], axes=(2, 1))
case("Dot", [(2, 3, 4), (2, 5, 3)], axes=(1, 2), normalize=True)
case("Dot", [(2, 3, 4), (2, 5, 4)], axes=-1)
case("ActivityRegularization", (2, 3), l1=0.1, l2=0.2)
for name, shape, more in (
    ("Dropout", (2, 3), {"rate": 0.3, "noise_shape": (None, 1)}),
    ("SpatialDropout1D", (2, 3, 4), {"rate": 0.3}),
    ("SpatialDropout2D", (2, 3, 4, 5), {"rate": 0.3, "data_format": "channels_first"}),
    ("SpatialDropout3D", (2, 3, 4, 5, 2), {"rate": 0.3}),
    ("GaussianNoise", (2, 3), {"stddev": 0.3}),
    ("GaussianDropout", (2, 3), {"rate": 0.3}),
    ("AlphaDropout", (2, 3), {"rate": 0.3}),
):
    case(name, shape, train=False, **more, seed=3)

ELSEWHERE = {  # tested in a file of their own, or no layers of one tensor
    *("RoIAlign RoIPooling RoIWarp InceptionBlock InputLayer Lambda Layer Rescaling Normalization".split()),
    *("Resizing CenterCrop".split()),
    *("RandomFlip RandomRotation RandomTranslation RandomZoom RandomCrop RandomContrast RandomBrightness".split()),
    *("CategoryEncoding Discretization Pipeline".split()),
}


def test_every_layer_is_tested():
    classes = {
        getattr(layers, name).__name__
        for name in layers.__all__
        if isinstance(getattr(layers, name), type) and issubclass(getattr(layers, name), Layer)
    }
    assert classes - ELSEWHERE == {name for name, *_ in CASES.values()}


def inputs_of(shape, ints):
    shapes = shape if isinstance(shape, list) else [shape]
    if ints is not None:
        return [np.random.default_rng(1).integers(0, ints, s).astype("int32") for s in shapes]
    return [numbers(s, seed=2 + i) for i, s in enumerate(shapes)]


def weight_for(variable):
    """A value for a weight; variances are positive."""
    value = numbers(variable.shape, seed=9) if variable.shape else np.array(0.5)
    return np.abs(value) + 0.5 if "variance" in variable.name else value


def mask_for(shape):
    mask = np.random.default_rng(4).random(shape) < 0.6
    mask[:, 0] = True
    return mask


def shape_of(x):
    return tuple(x.shape)


# ---- against Keras


@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    jax = pytest.importorskip("jax")
    result = pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    narrow = importlib.import_module("keras.src.backend.common.dtypes").BIT64_TO_BIT32_DTYPE
    saved, narrow["float64"] = narrow["float64"], "float64"  # else Keras takes means in float32, whatever the dtype
    yield result
    narrow["float64"] = saved
    jax.config.update("jax_enable_x64", before)


@pytest.mark.heavy
@pytest.mark.parametrize("key", CASES)
def test_against_keras(keras, key):
    import jax

    name, kwargs, shape, ints, mask_shape, train = CASES[key]
    ours = getattr(layers, name)(**kwargs, dtype="float64")
    theirs = getattr(keras.layers, name)(**kwargs, dtype="float64")
    arrays = inputs_of(shape, ints)
    several = isinstance(shape, list)
    passed = [tensor(a) if ints else Variable(a) for a in arrays]
    mask = None if mask_shape is None else mask_for(mask_shape)
    extra = {} if mask is None else {"mask": mask}
    ours(passed if several else passed[0])
    theirs.build([a.shape for a in arrays] if several else arrays[0].shape)

    assert [v.name for v in ours.weights] == [v.name for v in theirs.weights]
    assert [shape_of(v) for v in ours.trainable_weights] == [shape_of(v) for v in theirs.trainable_variables]
    values = [weight_for(v) for v in ours.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    assert ours.count_params() == theirs.count_params()

    takes = "training" in theirs._call_signature.parameters
    moving = [v.value for v in theirs.non_trainable_variables]
    weights = [v.value for v in theirs.trainable_variables]
    for training in (False, True) if train and takes else (False,):
        call = {"training": training} if takes else {}
        out = ours(passed if several else passed[0], training=training, **extra)
        direction = numbers(out.shape, seed=5)

        def run(xs, weights, call=call, direction=direction):
            created, after = theirs.stateless_call(weights, moving, xs if several else xs[0], **call, **extra)
            return (created * direction).sum(), (created, after)

        slopes = jax.jit(jax.grad(run, argnums=1 if ints else (0, 1), has_aux=True))
        required, (expected, after) = slopes(arrays, weights)
        assert shape_of(out) == shape_of(expected)
        assert out.dtype == "float64"
        assert_allclose(out.numpy(), expected, rtol=1e-8, atol=1e-10)
        if training:
            for mine, other in zip(ours.non_trainable_weights, after, strict=True):
                assert_allclose(mine.numpy(), other, rtol=1e-8, atol=1e-10)
        required = list(required) if ints else [*required[0], *required[1]]
        about = [*([] if ints else passed), *ours.trainable_weights]
        result = cr.gradients(ops.sum(out * direction), about, unconnected="zero")
        for mine, other in zip(result, required, strict=True):
            assert_allclose(mine.numpy(), other, rtol=1e-7, atol=1e-8)
        ours.set_weights(values)


FIRST = {
    name: key for key, (name, _, shape, *_, train) in reversed(CASES.items()) if train and not isinstance(shape, list)
}


@pytest.mark.heavy
@pytest.mark.parametrize("key", FIRST.values())
def test_ten_steps_of_training_against_keras(keras, key):
    """From the same weights: the gradient of a squared error, ten times, as a traced step and as Keras's jitted one."""
    import jax

    name, kwargs, shape, ints, mask_shape, _ = CASES[key]
    ours = getattr(layers, name)(**kwargs, dtype="float64")
    theirs = getattr(keras.layers, name)(**kwargs, dtype="float64")
    (array,) = inputs_of(shape, ints)
    mask = None if mask_shape is None else mask_for(mask_shape)
    extra = {} if mask is None else {"mask": mask}
    out = ours(array)
    theirs.build(array.shape)
    if not ours.trainable_weights:
        return
    values = [weight_for(v) for v in ours.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    call = {"training": True} if "training" in theirs._call_signature.parameters else {}
    aim, rate = numbers(out.shape, seed=5), 0.05

    def step(x):
        loss = ops.mean(ops.square(ours(x, training=True, **extra) - aim))
        weights = ours.trainable_weights
        for v, g in zip(weights, cr.gradients(loss, weights, unconnected="zero"), strict=True):
            v.assign(v - rate * g)
        return loss

    def loss_of(weights, moving):
        created, after = theirs.stateless_call(weights, moving, array, **call, **extra)
        return ((created - aim) ** 2).mean(), after

    slope = jax.jit(jax.value_and_grad(loss_of, has_aux=True))
    program = NumpyEngine().program(trace(step, spec_of(array.shape, array.dtype)))
    weights, moving = [v.value for v in theirs.trainable_variables], [v.value for v in theirs.non_trainable_variables]
    for _ in range(10):
        (expected, moving), slopes = slope(weights, moving)
        weights = [w - rate * g for w, g in zip(weights, slopes, strict=True)]
        (result,) = program([array])
        assert_allclose(result, expected, rtol=1e-8)
    for mine, other in zip(ours.trainable_weights, weights, strict=True):
        assert_allclose(mine.numpy(), other, rtol=1e-8, atol=1e-9)


@pytest.mark.heavy
@pytest.mark.parametrize("name", layers.__all__)
def test_arguments_are_those_of_keras(keras, name):
    ours, theirs = getattr(layers, name), getattr(keras.layers, name, None)
    if theirs is None or not inspect.isclass(ours):
        return

    def named(thing):
        parameters = inspect.signature(thing.__init__).parameters.values()
        assert all(p.kind is not p.VAR_POSITIONAL for p in parameters) or thing is theirs
        return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]

    assert named(ours) == [n for n in named(theirs) if n not in ("lora_rank", "lora_alpha", "quantization_config")]


# ---- shapes, configurations, descriptions


@pytest.mark.parametrize("key", CASES)
def test_shape_is_known_before_the_batch(key):
    name, kwargs, shape, ints, *_ = CASES[key]
    layer = getattr(layers, name)(**kwargs)
    arrays = [a if ints else a.astype("float32") for a in inputs_of(shape, ints)]
    several = isinstance(shape, list)
    symbols = [Input(a.shape[1:], dtype=a.dtype) for a in arrays]
    symbolic = layer(symbols if several else symbols[0])
    actual = layer(arrays if several else arrays[0])
    assert symbolic.shape == (None, *actual.shape[1:])
    assert symbolic.dtype == actual.dtype
    unknown = [(None, *a.shape[1:]) for a in arrays]
    assert layer.compute_output_shape(unknown if several else unknown[0]) == symbolic.shape
    existing = [a.shape for a in arrays]
    assert layer.compute_output_shape(existing if several else existing[0]) == actual.shape
    assert layer.count_params() == sum(int(np.prod(v.shape)) for v in layer.weights)


@pytest.mark.parametrize("key", CASES)
def test_configuration_makes_the_layer_again(key):
    name, kwargs, shape, ints, *_ = CASES[key]
    first = getattr(layers, name)(**kwargs, name="mine")
    config = json.loads(json.dumps(first.get_config()))
    second = layers.deserialize(json.loads(json.dumps(layers.serialize(first))))
    assert type(second) is type(first)
    assert second.get_config() == first.get_config()
    assert type(first).from_config(config).get_config() == first.get_config()
    for argument, value in kwargs.items():
        assert json.dumps(config[argument]) == json.dumps(value), argument
    arrays = inputs_of(shape, ints)
    passed = arrays if isinstance(shape, list) else arrays[0]
    expected = first(passed)
    second(passed)
    second.set_weights(first.get_weights())
    assert_array_equal(second(passed).numpy(), expected.numpy())


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.MaxPooling2D(2, 3, "same"),
        lambda: layers.AveragePooling1D(2, 3, "same"),
        lambda: layers.LayerNormalization(-1, 0.1, False),
        lambda: layers.GroupNormalization(2, -1, 0.1, True, False),
        lambda: layers.Conv3DTranspose(2, 3, 1, "same", "channels_first", None, 2),
        lambda: layers.Conv2D(2, 3, (1, 2), "same"),
        lambda: layers.Dropout(0.25, seed=cr.random.SeedGenerator(4)),
        lambda: layers.Dense(3, kernel_initializer=cr.layers.layer.initializers.RandomNormal(stddev=0.5)),
    ],
)
def test_arguments_by_place_are_remembered(make):
    first = make()
    second = layers.deserialize(layers.serialize(first))
    assert second.get_config() == first.get_config()


def test_a_stream_as_seed_is_written_down():
    first = layers.Dropout(0.5, seed=cr.random.SeedGenerator(4))
    again = layers.Dropout.from_config(first.get_config())
    x = np.ones((3, 5))
    assert_array_equal(again(x, training=True).numpy(), first(x, training=True).numpy())


# ---- values without Keras


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


def test_activations_by_hand():
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


# ---- random layers


def shared(found, x, axes):
    """Whether entries fall together along these axes."""
    zero = found == 0
    return all((zero == zero.take([0], axis=a)).all() for a in axes) and x.all()


@pytest.mark.parametrize(
    ("layer", "shape", "together"),
    [
        (lambda: layers.Dropout(0.4, seed=1), (50, 40), ()),
        (lambda: layers.Dropout(0.4, noise_shape=(None, 1), seed=1), (400, 5), (1,)),
        (lambda: layers.Dropout(0.4, noise_shape=(1, 400), seed=1), (5, 400), (0,)),
        (lambda: layers.SpatialDropout1D(0.4, seed=1), (20, 3, 30), (1,)),
        (lambda: layers.SpatialDropout2D(0.4, seed=1), (20, 3, 4, 30), (1, 2)),
        (lambda: layers.SpatialDropout2D(0.4, "channels_first", seed=1), (20, 30, 3, 4), (2, 3)),
        (lambda: layers.SpatialDropout3D(0.4, seed=1), (20, 3, 2, 2, 30), (1, 2, 3)),
    ],
)
def test_dropout(layer, shape, together):
    x = np.abs(numbers(shape)) + 1
    result = layer()(x, training=True).numpy()
    saved = result != 0
    assert_allclose(result, np.where(saved, x / 0.6, 0), rtol=1e-6)
    assert shared(result, x, together)
    free = saved.size // int(np.prod([shape[a] for a in together], initial=1))
    assert abs(saved.mean() - 0.6) < 5 * np.sqrt(0.24 / free)
    assert_array_equal(layer()(x).numpy(), x.astype("float32"))
    assert_array_equal(layer()(x, training=True).numpy(), result)


def test_dropout_of_all_and_of_none():
    x = numbers((3, 4)).astype("float32")
    assert_array_equal(layers.Dropout(0.0)(x, training=True).numpy(), x)
    assert_array_equal(layers.Dropout(1.0)(x, training=True).numpy(), np.zeros((3, 4)))
    with pytest.raises(ValueProblem, match=r"rate=1\.5"):
        layers.Dropout(1.5)


def test_dropout_passes_the_gradient_of_what_it_kept():
    layer, x = layers.Dropout(0.5, seed=2, dtype="float64"), Variable(np.ones((4, 5)))
    out = layer(x, training=True)
    (gradient,) = cr.gradients(ops.sum(out), [x])
    assert_array_equal(gradient.numpy(), out.numpy())


def test_noise_has_the_moments_it_should():
    x = np.full((200, 100), 3.0)
    added = layers.GaussianNoise(0.5, seed=1, dtype="float64")(x, training=True).numpy() - 3
    assert abs(added.mean()) < 5 * 0.5 / np.sqrt(x.size)
    assert added.std() == pytest.approx(0.5, rel=0.02)
    factor = layers.GaussianDropout(0.2, seed=1, dtype="float64")(x, training=True).numpy() / 3
    assert factor.mean() == pytest.approx(1, abs=5 * 0.5 / np.sqrt(x.size))
    assert factor.std() == pytest.approx(0.5, rel=0.02)  # sqrt(0.2 / 0.8)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(1).normal(size=(300, 200))
    result = layers.AlphaDropout(0.3, seed=1, dtype="float64")(x, training=True).numpy()
    assert result.mean() == pytest.approx(0, abs=0.03)
    assert result.std() == pytest.approx(1, abs=0.03)
    low = -1.0507009873554805 * 1.6732632423543772
    scale = (0.7 * (1 + 0.3 * low**2)) ** -0.5
    saved = ~np.isclose(result, scale * low * 0.7)
    assert_allclose(result[saved], scale * (x[saved] - low * 0.3), rtol=1e-9, atol=1e-9)
    assert saved.mean() == pytest.approx(0.7, abs=0.01)


def test_a_stream_moves_on_and_starts_again():
    x = np.ones((10, 10))
    layer = layers.Dropout(0.5, seed=5)
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert (first != second).any()
    assert_array_equal(layers.Dropout(0.5, seed=5)(x, training=True).numpy(), first)


def test_another_dropout_leaves_the_kernels_as_they_were():
    def kernels(noise):
        cr.set_random_seed(11)
        first = layers.Dense(4)
        first.build((None, 3))
        if noise:
            layers.Dropout(0.5)(np.ones((2, 4)), training=True)
        second = layers.Dense(5)
        second.build((None, 4))
        return first.kernel.numpy(), second.kernel.numpy()

    for a, b in zip(kernels(False), kernels(True), strict=True):
        assert_array_equal(a, b)


def test_dropout_in_a_traced_step_moves_its_stream():
    layer = layers.Dropout(0.5, seed=1)
    step = trace(lambda x: layer(x, training=True), spec_of((4, 3), np.dtype("float32")))
    assert layer.seed_generator.state in step.writes


def test_activity_is_penalised():
    layer = layers.ActivityRegularization(l1=0.5, l2=0.25)
    layer([[1.0, -2.0], [0.0, 3.0]])
    assert float(layer.losses[0]) == pytest.approx((0.5 * 6 + 0.25 * 14) / 2)


# ---- masks


def test_embedding_masks_zeros_for_the_mean():
    embed = layers.Embedding(5, 3, mask_zero=True)
    result = embed(np.array([[1, 2, 0, 0], [3, 0, 0, 0]]))
    assert_array_equal(mask_of(result).numpy(), [[True, True, False, False], [True, False, False, False]])
    mean = layers.GlobalAveragePooling1D()(layers.Dropout(0.5)(result)).numpy()
    table = embed.embeddings.numpy()
    assert_allclose(mean, [(table[1] + table[2]) / 2, table[3]], rtol=1e-6)


def test_masking_and_concatenated_masks():
    x = np.ones((2, 3, 4))
    x[0, 2] = x[1, 1] = 9
    masked = layers.Masking(9.0)(x)
    assert_array_equal(mask_of(masked).numpy(), [[True, True, False], [True, False, True]])
    assert masked.numpy()[0, 2].tolist() == [0] * 4
    plain = tensor(np.ones((2, 2, 4), "float32"))
    joined = layers.Concatenate(axis=1)([masked, plain])
    assert_array_equal(mask_of(joined).numpy(), [[1, 1, 0, 1, 1], [1, 0, 1, 1, 1]])
    beside = layers.Concatenate()([masked, tensor(np.ones((2, 3, 1), "float32"))])
    assert_array_equal(mask_of(beside).numpy(), mask_of(masked).numpy())


def test_a_mask_survives_a_cast_and_is_dropped_by_others():
    layer = layers.Dense(2, dtype="float64")
    x = tensor(np.ones((1, 3, 4), "float32"))
    set_mask(x, tensor(np.array([[True, False, True]])))
    assert_array_equal(mask_of(layer(x)).numpy(), [[True, False, True]])
    assert mask_of(layers.Conv1D(2, 1)(x)) is None


# ---- layers of one's own


class Scaled(Layer):
    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, inputs):
        self.add_loss(ops.sum(inputs))
        return inputs * self.factor


class Told(Layer):
    """Reports what it is told."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.heard = []

    def call(self, inputs, training=None, mask=None):
        self.heard.append((training, None if mask is None else mask.tolist()))
        return inputs


class Holder(Layer):
    """Needs the batch's size."""

    def __init__(self, inside):
        super().__init__()
        self.in_layer = inside

    def call(self, inputs):
        return self.in_layer(inputs) + ops.zeros((int(inputs.shape[0]), 1))


class Block(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.all = [layers.Dense(3), {"told": Told()}]
        self.more = {"norm": layers.BatchNormalization(), "scaled": Scaled()}

    def call(self, inputs):
        return self.more["scaled"](self.more["norm"](self.all[1]["told"](self.all[0](inputs))))


def test_layers_in_lists_and_dictionaries_belong_to_their_holder():
    block = Block()
    block(np.ones((2, 4)), training=True)
    names = [v.name for v in block.weights]
    assert names == ["kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "factor"]
    assert [v.name for v in block.trainable_weights] == ["kernel", "bias", "gamma", "beta", "factor"]
    assert block.count_params() == 12 + 3 + 4 * 3 + 3
    assert block.all[1]["told"].heard == [(True, None)]
    assert len(block.losses) == 1
    block.trainable = False
    assert block.trainable_weights == []
    assert not block.all[0].trainable


def test_training_and_mask_are_passed_down():
    message = Told()
    message([[1.0]])
    message([[1.0]], training=True)
    x = tensor([[1.0, 2.0]])
    set_mask(x, tensor([[True, False]]))
    message(x)
    assert message.heard == [(False, None), (True, None), (False, [[True, False]])]
    stored = Block()
    stored(np.ones((2, 4)))
    stored(np.ones((2, 4)), training=False)
    assert stored.all[1]["told"].heard == [(False, None)] * 2


def test_a_layers_own_default_of_training_holds():
    class Always(Layer):
        def call(self, inputs, training=True):
            return inputs if training else inputs * 0

    assert Always()([[1.0]]).tolist() == [[1]]
    assert Always()([[1.0]], training=False).tolist() == [[0]]


def test_losses_are_those_of_the_last_call():
    layer = Scaled()
    layer([[1.0, 2.0]])
    layer([[3.0, 4.0]])
    assert [float(v) for v in layer.losses] == [7.0]
    dense = layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1", kernel_initializer="ones")
    dense([[1.0, 2.0]])
    assert sorted(float(v) for v in dense.losses) == pytest.approx([0.01 * 4, 0.01 * 6])


def test_build_with_several_shapes():
    class Two(Layer):
        def build(self, first_shape, second_shape):
            self.shapes = first_shape, second_shape

        def call(self, first, second):
            return first + ops.sum(second)

    class Joined(Layer):
        def build(self, input_shape):
            self.shapes = input_shape

        def call(self, inputs):
            return inputs[0] + ops.sum(inputs[1])

    two, joined = Two(), Joined()
    a, b = np.ones((2, 3), "float32"), np.ones((4,), "float32")
    assert_array_equal(two(a, b).numpy(), np.full((2, 3), 5))
    assert two.shapes == ((2, 3), (4,))
    assert_array_equal(joined([a, b]).numpy(), np.full((2, 3), 5))
    assert joined.shapes == [(2, 3), (4,)]


def test_weights_made_in_the_constructor():
    class Shift(Layer):
        def __init__(self):
            super().__init__()
            self.shift = self.add_weight(shape=(), initializer="ones", name="shift")
            self.raw = Variable(2.0, name="raw")

        def call(self, inputs):
            return inputs + self.shift * self.raw

    layer = Shift()
    assert [v.name for v in layer.weights] == ["shift", "raw"]
    assert layer([[1.0]]).tolist() == [[3.0]]


def test_a_constructor_without_its_base_says_so():
    class Bare(Layer):
        def __init__(self):
            self.units = 3

        def call(self, inputs):
            return inputs

    class BareBuild(Bare):
        def __init__(self):
            self.add_weight((3,))

    for make in (lambda: Bare()([[1.0]]), BareBuild):
        with pytest.raises(GraphError, match=r"super\(\).__init__\(\)"):
            make()


# ---- dtypes


def test_float64_throughout():
    layer = layers.Dense(3, dtype="float64")
    out = layer(np.ones((2, 4), "float32"))
    assert out.dtype == "float64"
    assert layer.kernel.dtype == "float64"


def test_mixed_precision_keeps_weights_in_float32():
    pytest.importorskip("ml_dtypes")
    for layer, shape in (
        (layers.Dense(3), (2, 4)),
        (layers.Conv2D(3, 2), (2, 4, 5, 3)),
        (layers.BatchNormalization(), (4, 3)),
        (layers.LayerNormalization(), (4, 3)),
        (layers.Embedding(4, 2), None),
    ):
        mixed = type(layer).from_config({**layer.get_config(), "dtype": "mixed_bfloat16"})
        x = np.array([[1, 2]]) if shape is None else numbers(shape).astype("float32")
        out = mixed(x)
        assert {v.dtype.name for v in mixed.weights} == {"float32"}
        assert out.dtype.name == "bfloat16"
        gradient = cr.gradients(ops.sum(out), mixed.trainable_weights)
        assert {g.dtype.name for g in gradient} == {"float32"}
        layer(x)
        layer.set_weights(mixed.get_weights())
        assert_allclose(out.numpy().astype("float32"), layer(x).numpy(), rtol=0.05, atol=0.05)


# ---- recorded, refused


def test_a_call_on_an_input_is_symbolic():
    x = Input((28, 28, 1))
    y = layers.Dense(10)(layers.Flatten()(layers.MaxPooling2D()(layers.Conv2D(4, 3)(x))))
    assert y.shape == (None, 10)
    assert y.symbolic
    out = layers.Dropout(0.5)(layers.BatchNormalization()(y))
    assert out.shape == (None, 10)


@pytest.mark.parametrize("make", [lambda: layers.Dense(3), layers.BatchNormalization, lambda: layers.Conv1D(2, 1)])
def test_no_weight_is_made_of_an_unknown_size(make):
    layer = make()
    with pytest.raises(ShapeError, match="known"):
        layer(Input((4, None)))
    assert layer.weights == []
    stored = Holder(make())
    with pytest.raises(ShapeError, match="known"):
        stored(Input((4, None)))
    assert stored.weights == []


def test_what_needs_the_batch_is_built_with_known_sizes():
    layer = Holder(layers.Dense(3))
    assert layer(Input((5,))).shape == (None, 3)
    assert layer.in_layer.kernel.shape == (5, 3)


def test_building_by_hand_is_building():
    layer = layers.Dense(3, name="mine")
    layer.build((None, 2))
    kernel = layer.kernel
    assert layer.built
    layer(np.ones((4, 2)))
    assert layer.kernel is kernel
    assert [v.path for v in layer.weights] == ["mine/kernel", "mine/bias"]
    called = layers.Dense(3, name="other")
    called(np.ones((4, 2)))
    assert [v.path for v in called.weights] == ["other/kernel", "other/bias"]
    plain = layers.ReLU()
    plain.build((None, 2))
    assert plain.built


def test_an_error_names_layer_chain_cause_and_mend():
    x = Input((8, 9, 3), name="pictures")
    conv = layers.Conv2D(4, 3, name="first")
    dense = layers.Dense(5, name="last")
    dense.build((None, 7))
    with pytest.raises(ShapeError) as caught:
        dense(conv(x))
    said = str(caught.value)
    for part in ("Dense 'last'", "first", "(None, 6, 7, 4)", "7", "Flatten"):
        assert part in said


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: layers.Dense(0), "units=0"),
        (lambda: layers.Dense(2.5), "units=2.5"),
        (lambda: layers.Dense(2, name="a/b"), "a/b"),
        (lambda: layers.Conv2D(3, (2, 2, 2)), "kernel_size"),
        (lambda: layers.Conv2D(3, 2, padding="half"), "half"),
        (lambda: layers.Conv2D(3, 2, groups=2), "groups"),
        (lambda: layers.Conv2D(4, 2, strides=2, dilation_rate=2), "dilation_rate"),
        (lambda: layers.Conv2D(4, 2, data_format="NCHW"), "NCHW"),
        (lambda: layers.MaxPooling2D(2, padding="x"), "'x'"),
        (lambda: layers.Permute((1, 1)), "dims"),
        (lambda: layers.Reshape((-1, -1)), "-1"),
        (lambda: layers.Reshape((4,))(np.ones((2, 3))), "3 entries"),
        (lambda: layers.Cropping1D(2)(np.ones((1, 4, 1))), "cropped"),
        (lambda: layers.GroupNormalization(4)(np.ones((1, 2, 6))), "6 channels"),
        (lambda: layers.Dot(axes=1)([np.ones((2, 3)), np.ones((2, 4))]), "axes"),
        (lambda: layers.Add()(np.ones((2, 3))), "list"),
        (lambda: layers.Subtract()([np.ones((2, 3))] * 3), "two"),
        (lambda: layers.Dense(3)(np.ones(4)), "2 axes"),
        (lambda: layers.Dense(3).count_params(), "weights"),
        (lambda: layers.Dense(3).set_weights([np.ones((2, 3))]), "build"),
        (lambda: layers.Input(shape=(2.5,)), "2.5"),
        (lambda: layers.Input(), "shape"),
        (lambda: layers.Activation("reIu"), "relu"),
        (lambda: layers.Dense(3)("abc"), "str"),
        (lambda: layers.Dense(3)(None), "NoneType"),
        (lambda: layers.Dense(3)(), "without inputs"),
        (lambda: layers.Conv2D(3, 2.5), "kernel_size=2.5"),
        (lambda: layers.UpSampling2D(0), "size=0"),
        (lambda: layers.UpSampling2D((2,)), "size="),
        (lambda: layers.ZeroPadding2D(1.5), "padding=1.5"),
        (lambda: layers.ZeroPadding2D((1.5, 2)), "padding"),
        (lambda: layers.Cropping1D(-1), "cropping"),
        (lambda: layers.BatchNormalization(axis=5)(np.ones((2, 3))), "axis 5"),
        (lambda: layers.LayerNormalization(axis=[1, 5])(np.ones((2, 3))), "5"),
        (lambda: layers.RMSNormalization(axis=5)(np.ones((2, 3))), "axis 5"),
        (lambda: layers.Dot(axes=(1, 2, 3)), "axes="),
        (lambda: layers.MaxPooling2D(2, padding=3), "padding=3"),
        (lambda: layers.LeakyReLU("a"), "negative_slope='a'"),
        (lambda: layers.LeakyReLU(-1.0), "negative_slope=-1.0"),
        (lambda: layers.Dropout(0.5, (3,))(np.ones((2, 3)), training=True), "noise_shape"),
        (lambda: layers.AlphaDropout(0.5, (2, 2))(np.ones((2, 3)), training=True), "noise_shape"),
        (lambda: layers.AlphaDropout(1.0), "below 1"),
        (lambda: layers.GaussianDropout(1), "below 1"),
    ],
)
def test_what_does_not_fit_is_refused(make, said):
    with pytest.raises(ChainruleError, match=said.replace("(", r"\(").replace(".", r"\.")):
        make()


def test_inputs_by_name_and_rates_of_numpy():
    layer = layers.Dense(2, kernel_initializer="ones")
    assert layer(inputs=[[1.0, 2.0]]).tolist() == [[3, 3]]
    assert layers.Dropout(np.float32(0.5)).rate == 0.5
    noisy = layers.AlphaDropout(0.5, noise_shape=(None, 1), seed=1)(np.ones((50, 3)), training=True).numpy()
    assert (noisy == noisy[:, :1]).all()
    assert len(np.unique(noisy)) == 2


def test_a_traced_step_keeps_the_moving_statistics():
    layer = layers.BatchNormalization(momentum=0.5)
    x = numbers((4, 3)).astype("float32")
    step = trace(lambda x: layer(x, training=True), spec_of(x.shape, x.dtype))
    assert [v.name for v in step.writes] == ["moving_mean", "moving_variance"]
    assert_array_equal(layer.moving_mean.numpy(), np.zeros(3))
    NumpyEngine().program(step)([x])
    assert_allclose(layer.moving_mean.numpy(), x.mean(0) / 2, rtol=1e-5)
    assert_allclose(layer.moving_variance.numpy(), 0.5 + x.var(0) / 2, rtol=1e-5)


def test_set_weights_is_all_or_nothing():
    layer = layers.Dense(2)
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(ShapeError, match="bias"):
        layer.set_weights([np.ones((3, 2)), np.ones(3)])
    assert_array_equal(layer.get_weights()[0], before[0])


def test_unknown_arguments_are_type_errors():
    with pytest.raises(TypeError, match="untis"):
        layers.Dense(2, untis=3)
    with pytest.raises(DTypeError):
        layers.Lambda(3)
