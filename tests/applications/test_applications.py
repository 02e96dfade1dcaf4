"""Networks of the literature: parameters and multiplies as published, or summed over tables of layer shapes; Keras."""

import inspect
import os
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import applications, layers, models
from chainrule.applications import imagenet_utils, inception
from chainrule.core.errors import ShapeError, ValueProblem
from chainrule.initializers import VarianceScaling
from chainrule.inspection.summary import rows_of


@pytest.fixture
def undrawn(monkeypatch):
    """First weights are zeros: where only shapes count, millions of random numbers need not be drawn."""
    monkeypatch.setattr(VarianceScaling, "__call__", lambda self, shape, dtype=None: cr.ops.zeros(tuple(shape), dtype))


def trained(model):
    return sum(w.size for w in model.trainable_weights)


def multiplies(model):
    """Of the layers that papers count: convolutions and dense layers, those inside blocks too."""
    rows, _ = rows_of(model)
    kinds = (layers.Conv2D, layers.Dense, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.InceptionBlock)
    return {row.layer.name: row.multiplies for row in rows if isinstance(row.layer, kinds)}


def conv(places, size, channels, filters):
    """Weights, biases, and multiplies at `places` places."""
    weights = size * size * channels * filters
    return np.array([weights, filters, places * weights])


# ---- parameters as published

PARAMETERS = {  # Keras's table, https://keras.io/api/applications
    "VGG16": 138_357_544,
    "VGG19": 143_667_240,
    "ResNet50": 25_636_712,
    "ResNet101": 44_707_176,
    "ResNet152": 60_419_944,
    "LeNet5": 61_706,
    "InceptionV3": 23_851_784,
    "Xception": 22_910_480,
    "MobileNet": 4_253_864,
    "DenseNet121": 8_062_504,
    "DenseNet169": 14_307_880,
    "DenseNet201": 20_242_984,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name, undrawn):
    model = getattr(applications, name)()
    assert model.count_params() == PARAMETERS[name]


@pytest.mark.parametrize(
    ("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)]
)  # He et al., table 6
def test_parameters_of_the_residual_networks_for_cifar(depth, millions, undrawn):
    model = applications.ResNetCIFAR(depth)
    digits = 1 if depth == 110 else 2
    assert round(trained(model) / 1e6, digits) == millions
    n = (depth - 2) // 6
    want = conv(32 * 32, 3, 3, 16)
    for filters, side in ((16, 32), (32, 16), (64, 8)):
        first = conv(side**2, 3, max(filters // 2, 16), filters)
        want = want + first + (2 * n - 1) * conv(side**2, 3, filters, filters)
    weights, channels, cost = want + np.array([640, 5, 640])
    assert trained(model) == weights + 2 * channels  # gamma and beta for each channel; 10 biases at the top
    assert sum(multiplies(model).values()) == cost
    assert len(multiplies(model)) == depth


# ---- multiplies


def test_lenet(undrawn):
    c1, c3 = conv(28 * 28, 5, 1, 6), conv(10 * 10, 5, 6, 16)
    want = {"c1": c1[2], "c3": c3[2], "c5": 400 * 120, "f6": 120 * 84, "predictions": 84 * 10}
    assert multiplies(applications.LeNet5()) == want
    assert sum(want.values()) == 416_520
    padded = applications.LeNet5(input_shape=(28, 28, 1))
    assert multiplies(padded) == want
    assert padded.count_params() == 61_706


@pytest.mark.parametrize(
    ("name", "depths", "billions"), [("VGG16", (2, 2, 3, 3, 3), 15.5), ("VGG19", (2, 2, 4, 4, 4), 19.6)]
)
def test_vgg(name, depths, billions, undrawn):
    total, side, channels = np.zeros(3, int), 224, 3
    for depth, filters in zip(depths, (64, 128, 256, 512, 512), strict=True):
        for _ in range(depth):
            total = total + conv(side**2, 3, channels, filters)
            channels = filters
        side //= 2
    for inputs, units in ((7 * 7 * 512, 4096), (4096, 4096), (4096, 1000)):
        total = total + conv(1, 1, inputs, units)
    model = getattr(applications, name)()
    assert sum(multiplies(model).values()) == total[2]
    assert round(total[2] / 1e9, 1) == billions
    assert model.count_params() == total[0] + total[1]


@pytest.mark.parametrize(
    ("name", "depths", "billions"),  # He et al., table 1
    [("ResNet50", (3, 4, 6, 3), 3.8), ("ResNet101", (3, 4, 23, 3), 7.6), ("ResNet152", (3, 8, 36, 3), 11.3)],
)
def test_resnet(name, depths, billions, undrawn):
    total, side, channels, norms = conv(112**2, 7, 3, 64), 56, 64, 64
    for stage, depth in enumerate(depths):
        f = 64 * 2**stage
        side = 56 // 2**stage
        for block in range(depth):
            parts = [(1, channels, f), (3, f, f), (1, f, 4 * f)] + [(1, channels, 4 * f)] * (block == 0)
            for size, inputs, outputs in parts:
                total = total + conv(side**2, size, inputs, outputs)
                norms += outputs
            channels = 4 * f
    total = total + conv(1, 1, 2048, 1000)
    model = getattr(applications, name)()
    assert sum(multiplies(model).values()) == total[2]
    assert total[2] / 1e9 == pytest.approx(billions, rel=0.02)
    assert model.count_params() == total[0] + total[1] + 4 * norms


# Szegedy et al., table 1: the block's side, its filters, its parameters in units of 1024, its multiplies in millions
GOOGLENET = {
    "3a": (28, 192, (64, 96, 128, 16, 32, 32), 159, 128),
    "3b": (28, 256, (128, 128, 192, 32, 96, 64), 380, 304),
    "4a": (14, 480, (192, 96, 208, 16, 48, 64), 364, 73),
    "4b": (14, 512, (160, 112, 224, 24, 64, 64), 437, 88),
    "4c": (14, 512, (128, 128, 256, 24, 64, 64), 463, 100),
    "4d": (14, 512, (112, 144, 288, 32, 64, 64), 580, 119),
    "4e": (14, 528, (256, 160, 320, 32, 128, 128), 840, 170),
    "5a": (7, 832, (256, 160, 320, 32, 128, 128), 1072, 54),
    "5b": (7, 832, (384, 192, 384, 48, 128, 128), 1388, 71),
}


def of_block(side, channels, filters):
    one, reduce3, three, reduce5, five, pool = filters
    parts = [(1, channels, one), (1, channels, reduce3), (3, reduce3, three)]
    parts += [(1, channels, reduce5), (5, reduce5, five), (1, channels, pool)]
    return sum(conv(side**2, *part) for part in parts)


def test_googlenet(undrawn):
    model = applications.GoogLeNet()
    result = multiplies(model)
    total = conv(112**2, 7, 3, 64) + conv(56**2, 1, 64, 64) + conv(56**2, 3, 64, 192) + conv(1, 1, 1024, 1000)
    for name, (side, channels, filters, thousands, millions) in GOOGLENET.items():
        block = of_block(side, channels, filters)
        layer = model.get_layer(f"inception_{name}")
        assert layer.count_params() == block[0] + block[1]
        assert result[layer.name] == block[2]
        # the table's own numbers do not follow from its own shapes in 4c (parameters) and 5a
        assert block[0] / 1024 == pytest.approx(thousands, rel={"4c": 0.08, "5a": 0.06}.get(name, 0.02))
        assert block[2] / 1e6 == pytest.approx(millions, rel=0.06 if name == "5a" else 0.01)
        total = total + block
    assert model.count_params() == total[0] + total[1] == 6_998_552  # as in Caffe's model zoo, with biases
    assert sum(result.values()) == total[2]
    assert total[2] / 1e9 == pytest.approx(1.5, rel=0.06)  # "1.5 billion multiply-adds", section 3


def test_heads_half_way(undrawn):
    model = applications.GoogLeNet(auxiliary=True, classes=7)
    assert model.output_shape == [(None, 7)] * 3
    heads = [conv(16, 1, c, 128) + conv(1, 1, 2048, 1024) + conv(1, 1, 1024, 7) for c in (512, 528)]
    assert model.count_params() - applications.GoogLeNet(classes=7).count_params() == sum(h[0] + h[1] for h in heads)
    with pytest.raises(ValueProblem, match="without the top"):
        applications.GoogLeNet(auxiliary=True, include_top=False)


def test_mobilenet(undrawn):
    total, side, channels = conv(112**2, 3, 3, 32)[2], 112, 32
    for filters in (64, 128, 128, 256, 256, *[512] * 6, 1024, 1024):
        side //= 2 if filters == 2 * channels and channels > 32 else 1
        total += side**2 * channels * (9 + filters)
        channels = filters
    model = applications.MobileNet()
    assert sum(multiplies(model).values()) == total + 1024 * 1000
    assert (total + 1024 * 1000) / 1e6 == pytest.approx(569, abs=1)  # Howard et al., table 4
    assert model.name == "mobilenet_1.00_224"
    for alpha in (0.0, -1, float("nan"), float("inf"), "1"):
        with pytest.raises(ValueProblem, match="alpha"):
            applications.MobileNet(alpha=alpha)


# ---- the inception block


def test_what_the_bottleneck_saves():
    """The Deep Learning Specialization's example, week 2 of its fourth course."""
    x = layers.Input((28, 28, 192))
    block = (64, 96, 128, 16, 32, 32)
    for reduce5, want in ((None, {"conv_5x5": 120_422_400}), (16, {"reduce_5x5": 2_408_448, "conv_5x5": 10_035_200})):
        out = inception.inception_block(x, *block[:3], reduce5, *block[4:], name="mixed")
        model = models.Model(x, out, name="net")
        assert model.output_shape == (None, 28, 28, 64 + 128 + 32 + 32)
        scopes = cr.price(lambda v, model=model: model(v), (1, 28, 28, 192)).by_scope()
        result = {p: v.multiplies for k, v in scopes.items() for p in k.split("/") if p.endswith("5x5")}
        assert result == want
    assert sum(want.values()) == 12_443_648


def by_loops(x, weights, blocks):
    """Each branch with a convolution of explicit loops over its kernel."""

    def convolved(x, kernel, bias):
        pad = kernel.shape[0] // 2
        wide = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        h, w = x.shape[1:3]
        out = np.zeros((*x.shape[:3], kernel.shape[3])) + bias
        for i in range(kernel.shape[0]):
            for j in range(kernel.shape[1]):
                out += wide[:, i : i + h, j : j + w] @ kernel[i, j]
        return np.maximum(out, 0)

    def pooled(x):
        wide = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
        h, w = x.shape[1:3]
        return np.max([wide[:, i : i + h, j : j + w] for i in range(3) for j in range(3)], axis=0)

    out = []
    for names in blocks:
        y = x
        for name in names:
            y = pooled(y) if name == "pool" else convolved(y, *weights[name])
        out.append(y)
    return np.concatenate(out, -1)


@pytest.mark.parametrize("bottleneck", [True, False])
def test_block_by_loops(bottleneck):
    reduce3, reduce5, pool = (3, 2, 4) if bottleneck else (None, None, None)
    block = layers.InceptionBlock(5, reduce3, 4, reduce5, 3, pool, bias_initializer="random_normal")
    x = np.random.default_rng(0).normal(size=(2, 5, 7, 6)).astype("float32")
    result = block(x)
    weights = {layer.name: layer.get_weights() for layer in block.sublayers}
    names = [["conv_1x1"], ["reduce_3x3", "conv_3x3"], ["reduce_5x5", "conv_5x5"], ["pool", "project_pool"]]
    want = by_loops(x, weights, [[n for n in row if n in weights] for row in names])
    np.testing.assert_allclose(result.numpy(), want, rtol=2e-5, atol=1e-5)
    first = layers.InceptionBlock(5, reduce3, 4, reduce5, 3, pool, data_format="channels_first")
    first.build((None, 6, 5, 7))
    first.set_weights(block.get_weights())
    np.testing.assert_allclose(first(np.moveaxis(x, -1, 1)).numpy(), np.moveaxis(want, -1, 1), rtol=2e-5, atol=1e-5)


def test_block_in_a_file_and_in_training(tmp_path):
    x = layers.Input((6, 6, 3))
    y = layers.GlobalAveragePooling2D()(inception.inception_block(x, 2, 2, 3, None, 2, 1, activation="tanh"))
    model = models.Model(x, layers.Dense(2)(y))
    model.compile("adam", "mse")
    data = np.random.default_rng(1).normal(size=(8, 6, 6, 3)).astype("float32")
    before = model.get_weights()
    model.fit(data, np.ones((8, 2)), epochs=1, verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    model.save(tmp_path / "m.chainrule")
    again = cr.saving.load_model(tmp_path / "m.chainrule")
    np.testing.assert_array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))


# ---- arguments

BUILDERS = [*PARAMETERS, "GoogLeNet", "ResNet20"]


@pytest.mark.parametrize("name", [*BUILDERS, "ResNetCIFAR"])
def test_arguments(name):
    takes = list(inspect.signature(getattr(applications, name)).parameters)
    keras = "include_top weights input_tensor input_shape pooling classes classifier_activation name".split()
    if name == "MobileNet":
        keras = ["input_shape", "alpha", "depth_multiplier", "dropout", *[k for k in keras if k != "input_shape"]]
    assert takes[name == "ResNetCIFAR" :][: len(keras)] == keras


@pytest.mark.parametrize("name", BUILDERS)
def test_wrong_arguments(name):
    build = getattr(applications, name)
    with pytest.raises(ValueProblem, match=r"weights='imagenet'.*load_weights"):
        build(weights="imagenet")
    with pytest.raises(ValueProblem, match="input_tensor"):
        build(input_tensor=np.ones((1, 32, 32, 3)))
    with pytest.raises(ValueProblem, match="input_tensor"):
        build(input_tensor=cr.symbolic((None, 32, 32, 3)))
    for shape in ((5, 5, 3), (32, 32), (None, None, 3), (64, 5, 3)):
        with pytest.raises(ShapeError, match="height, width, channels"):
            build(input_shape=shape)


def test_pooling_and_input_tensor(undrawn):
    start = layers.Input((32, 48, 3), name="image")
    grey = layers.Rescaling(1 / 255)(start) if hasattr(layers, "Rescaling") else layers.Activation("tanh")(start)
    for pooling, shape in ((None, (None, 1, 2, 2048)), ("avg", (None, 2048)), ("max", (None, 2048))):
        model = applications.ResNet50(include_top=False, input_tensor=grey, pooling=pooling)
        assert model.output_shape == shape
        assert model.input_names == ["image"]
    with pytest.raises(ValueProblem, match="pooling='mean'"):
        applications.VGG16(include_top=False, input_shape=(32, 32, 3), pooling="mean")
    for depth in (19, 2, 20.0, True):
        with pytest.raises(ValueProblem, match="6n"):
            applications.ResNetCIFAR(depth)
    logits = applications.LeNet5(classes=3, classifier_activation=None)
    assert logits(np.ones((2, 32, 32, 1))).shape == (2, 3)


def test_shortcuts_without_parameters():
    """With all convolutions 0 a block hands its input on, thinned out, between channels of zeros."""
    model = applications.ResNetCIFAR(8, include_top=False, input_shape=(12, 8, 3))
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D) and layer.name != "conv1_conv":
            layer.set_weights([0 * w for w in layer.get_weights()])
    x = np.random.default_rng(2).normal(size=(2, 12, 8, 3)).astype("float32")
    before = models.Model(
        model.input,
        model.get_layer("conv1_relu")(model.get_layer("conv1_bn")(model.get_layer("conv1_conv")(model.input))),
    )
    want = np.zeros((2, 3, 2, 64), "float32")
    want[..., 24:40] = before(x).numpy()[:, ::4, ::4]
    np.testing.assert_allclose(model(x).numpy(), want, rtol=1e-6)


@pytest.mark.parametrize("name", ["vgg16", "resnet50", "inception", "mobilenet"])
def test_classes_have_no_names(name):
    with pytest.raises(ValueProblem, match="names of your own"):
        getattr(applications, name).decode_predictions(np.ones((1, 1000)))


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_preprocessing(mode):
    rng = np.random.default_rng(3)
    x = rng.integers(0, 256, (2, 3, 4, 3)).astype("uint8")
    want = np.zeros(x.shape)
    for place in np.ndindex(2, 3, 4):
        r, g, b = (float(v) for v in x[place])
        if mode == "caffe":
            want[place] = (b - 103.939, g - 116.779, r - 123.68)
        elif mode == "tf":
            want[place] = [2 * v / 255 - 1 for v in (r, g, b)]
        else:
            want[place] = ((r / 255 - 0.485) / 0.229, (g / 255 - 0.456) / 0.224, (b / 255 - 0.406) / 0.225)
    passed = x.copy()
    result = imagenet_utils.preprocess_input(x, mode=mode)
    assert isinstance(result, np.ndarray)
    assert result.dtype == "float32"
    np.testing.assert_array_equal(x, passed)
    np.testing.assert_allclose(result, want, rtol=1e-5, atol=1e-5)
    one = imagenet_utils.preprocess_input(np.moveaxis(x[0], -1, 0), "channels_first", mode)
    np.testing.assert_allclose(one, np.moveaxis(want[0], -1, 0), rtol=1e-5, atol=1e-5)
    tensor = imagenet_utils.preprocess_input(cr.tensor(x.astype("float64")), mode=mode)
    assert isinstance(tensor, cr.Tensor)
    assert tensor.dtype == "float64"
    np.testing.assert_allclose(tensor.numpy(), want, rtol=1e-12, atol=1e-12)


def test_preprocessing_refuses():
    with pytest.raises(ValueProblem, match="mode='none'"):
        imagenet_utils.preprocess_input(np.ones((2, 2, 3)), mode="none")
    with pytest.raises(ValueProblem, match="data_format"):
        imagenet_utils.preprocess_input(np.ones((2, 2, 3)), "last")
    for shape in ((2, 2, 1), (2, 3), (1, 2, 2, 2, 3)):
        with pytest.raises(ShapeError, match="3 channels"):
            imagenet_utils.preprocess_input(np.ones(shape))


# ---- Keras


def keras_modules():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    return pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")


def by_layer(model):
    return {layer.name: [tuple(w.shape) for w in layer.weights] for layer in model.layers if layer.weights}


def paired(ours, theirs):
    """Layers with weights, ours and theirs: by name, and those that Keras only numbers by kind, in order of making."""
    mine, their = ({layer.name: layer for layer in m.layers if layer.weights} for m in (ours, theirs))
    pairs = [(mine[name], their[name]) for name in mine if name in their]
    numbered = sorted((n for n in their if n not in mine), key=lambda n: int((re.findall(r"_(\d+)$", n) or [0])[0]))
    for kind in ("Conv2D", "BatchNormalization"):
        a = [mine[n] for n in mine if n not in their and type(mine[n]).__name__ == kind]
        b = [their[n] for n in numbered if type(their[n]).__name__ == kind]
        pairs += zip(a, b, strict=True)
    assert len(pairs) == len(mine) == len(their)
    return pairs


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "side"),
    [("VGG16", 35), ("ResNet50", 45), ("MobileNet", 44), ("DenseNet121", 36), ("Xception", 74), ("InceptionV3", 78)],
)
def test_equal_to_keras(name, side):
    keras = keras_modules()
    shape = (side, side - 3, 3)
    theirs = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=shape, pooling="avg")
    ours = getattr(applications, name)(include_top=False, input_shape=shape, pooling="avg")
    rng = np.random.default_rng(4)
    for layer, their in paired(ours, theirs):
        arrays = [rng.normal(1.0, 0.1, w.shape) if w.ndim == 1 else w for w in layer.get_weights()]
        their.set_weights(arrays)
        layer.set_weights(arrays)
    x = rng.normal(size=(2, *shape)).astype("float32")
    want = np.asarray(theirs(x))
    np.testing.assert_allclose(ours(x).numpy(), want, rtol=1e-3, atol=1e-4 * np.abs(want).max())


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152"])
def test_layers_are_keras_layers(name, undrawn):
    keras = keras_modules()
    passed = {"weights": None, "include_top": False, "input_shape": (32, 32, 3)}
    theirs, ours = getattr(keras.applications, name)(**passed), getattr(applications, name)(**passed)
    assert by_layer(ours) == by_layer(theirs)
    named = {layer.name for layer in theirs.layers if "input" not in layer.name}
    assert named == {layer.name for layer in ours.layers if "input" not in layer.name}


@pytest.mark.heavy
@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_preprocessing_is_keras_preprocessing(mode):
    keras = keras_modules()
    x = np.random.default_rng(5).uniform(0, 255, (2, 3, 5, 4)).astype("float32")
    for form in (None, "channels_first"):
        passed = x[..., :3] if form is None else x
        want = keras.applications.imagenet_utils.preprocess_input(passed.copy(), form, mode)
        np.testing.assert_allclose(
            imagenet_utils.preprocess_input(passed, form, mode), np.asarray(want), rtol=1e-5, atol=1e-4
        )
