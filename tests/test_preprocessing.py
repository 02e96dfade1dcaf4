"""Layers that make numbers and images ready: against Keras, given the numbers that were drawn, and against NumPy."""

import json
import os

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import Variable, layers, ops, random
from chainrule.core.errors import ChainruleError, DTypeError, GraphError, ShapeError, ValueProblem
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.layers import Input
from chainrule.layers.call_context import mask_of, set_mask
from chainrule.transforms.trace import trace

SeedGenerator = random.SeedGenerator
rng = np.random.default_rng(3)
IMAGES = rng.uniform(0, 255, (4, 6, 5, 3)).astype("float32")
WHOLE = IMAGES.astype("uint8")


def first(images):
    """With the channels in front of the height."""
    return np.moveaxis(images, -1, -3)


def last(images):
    return np.moveaxis(images, -3, -1)


@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    return pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")


RANDOM = {
    "RandomFlip": {"mode": "horizontal"},
    "RandomRotation": {"factor": 0.2},
    "RandomTranslation": {"height_factor": 0.3, "width_factor": (0.1, 0.4)},
    "RandomZoom": {"height_factor": 0.3, "width_factor": (-0.5, -0.1)},
    "RandomCrop": {"height": 4, "width": 3},
    "RandomContrast": {"factor": 0.4},
    "RandomBrightness": {"factor": (-0.3, 0.2)},
}
PLACED = "RandomFlip RandomRotation RandomTranslation RandomZoom RandomCrop".split()
OTHERS = {
    "Rescaling": {"scale": [0.5, 1.0, 2.0], "offset": -1.0},
    "Normalization": {"axis": [1, 3], "invert": True},
    "Resizing": {"height": 3, "width": 7, "interpolation": "bicubic", "crop_to_aspect_ratio": True},
    "CenterCrop": {"height": 3, "width": 2},
}

# ---- numbers


def test_rescaling():
    assert layers.Rescaling(0.5, -1.0)([2, 4]).tolist() == [0, 1]
    assert layers.Rescaling([1.0, 10.0], [0.0, 1.0])(np.array([[3, 4]], "uint8")).tolist() == [[3, 41]]
    assert layers.Rescaling(2)(WHOLE).dtype == "float32"


@pytest.mark.parametrize("axis", [-1, None, 1, (1, 2), (0, -1)])
def test_normalization_adapts(axis):
    x = rng.normal(3, 2, (6, 4, 5))
    saved = [a % 3 for a in (() if axis is None else (axis,) if isinstance(axis, int) else axis)]
    over = tuple(i for i in range(3) if i not in saved)
    mean, deviation = x.mean(over, keepdims=True), x.std(over, keepdims=True)
    full, parts = (layers.Normalization(axis, dtype="float64") for _ in range(2))
    full.adapt(x)
    cuts = [x] if 0 in saved else [x[:1], x[1:1], x[1:4], x[4:]]
    parts.adapt(iter([(c, None) for c in cuts]))
    for layer in (full, parts):
        assert_allclose(layer(x).numpy(), (x - mean) / deviation, rtol=1e-10, atol=1e-10)
        assert_allclose(layer.mean.numpy(), mean, rtol=1e-12)
        assert_allclose(layer.variance.numpy(), deviation**2, rtol=1e-12)
        assert int(layer.count.numpy()) == 6
        assert [v.name for v in layer.weights] == ["mean", "variance", "count"]
        assert layer.trainable_weights == []
    back = layers.Normalization(axis, invert=True, dtype="float64")
    back.adapt(x)
    assert_allclose(back(full(x)).numpy(), x, rtol=1e-10)
    full.adapt(x + 1)
    assert_allclose(full.mean.numpy(), mean + 1, rtol=1e-12)


def test_normalization_of_large_numbers_is_stable():
    x = 1e8 + rng.normal(size=(1000, 1))
    layer = layers.Normalization(dtype="float64")
    layer.adapt(np.split(x, 10))
    assert_allclose(layer.variance.numpy(), x.var(0, keepdims=True), rtol=1e-8)


def test_lists_of_numbers_are_arrays():
    layer = layers.Normalization(dtype="float64")
    layer.adapt([[1.0, 2.0], [3.0, 6.0]])
    assert layer.mean.tolist() == [[2, 4]]
    bins = layers.Discretization(num_bins=2)
    bins.adapt([4.0, 1.0, 2.0, 3.0])
    assert bins([1.0, 2.0, 3.0]).tolist() == [0, 1, 1]


def test_nothing_to_adapt_to_leaves_the_layer_as_it_was():
    layer = layers.Normalization()
    with pytest.raises(ValueProblem, match="no data"):
        layer.adapt(np.ones((0, 3)))
    assert not layer.built
    layer.adapt(np.ones((2, 4)))
    with pytest.raises(ValueProblem, match="no data"):
        layer.adapt([])
    assert layer.mean.tolist() == [[1, 1, 1, 1]]


def test_normalization_given():
    layer = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    assert layer([[3.0, -1.0]]).tolist() == [[1.0, -1.0]]
    assert layer.weights == []
    assert layers.Normalization(mean=1.0, variance=4.0)([[3.0, 5.0]]).tolist() == [[1.0, 2.0]]
    assert layers.Normalization(mean=1.0, variance=0.0)([[1.0]]).tolist() == [[0.0]]
    again = layers.Normalization.from_config(json.loads(json.dumps(layer.get_config())))
    assert again([[3.0, -1.0]]).tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Normalization(mean=1.0),
        lambda: layers.Normalization(mean=1.0, variance=[1.0]),
        lambda: layers.Normalization(mean=[[1.0]], variance=[[1.0]]),
        lambda: layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])([[1.0, 2.0, 3.0]]),
        lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(np.ones((2, 2))),
        lambda: layers.Normalization().adapt([]),
        lambda: layers.Normalization().adapt(iter([1.0, 2.0])),
        lambda: layers.Normalization().adapt(np.array(["a"])),
        lambda: layers.Normalization().adapt([["a"]]),
        lambda: layers.Normalization(axis="a"),
        lambda: layers.Discretization(["a"]),
        lambda: layers.Discretization([[1.0], [2.0]]),
        lambda: layers.Discretization([1.0, np.nan]),
        lambda: layers.Pipeline(3),
        lambda: layers.Pipeline([np.sin]),
        lambda: layers.RandomRotation(True),
        lambda: layers.Normalization().adapt(3),
        lambda: layers.Normalization().adapt(np.ones((0, 3))),
        lambda: layers.Normalization().adapt([np.ones((2, 3)), np.ones((2, 4))]),
        lambda: layers.Normalization(axis=4).adapt(np.ones((2, 3))),
        lambda: layers.Normalization()(Input((None,))),
        lambda: layers.CategoryEncoding(),
        lambda: layers.CategoryEncoding(3, "twohot"),
        lambda: layers.CategoryEncoding(3, sparse=True),
        lambda: layers.CategoryEncoding(3)([[3]]),
        lambda: layers.CategoryEncoding(3)([[-1]]),
        lambda: layers.CategoryEncoding(3)([[1]], count_weights=[[1.0]]),
        lambda: layers.Discretization(),
        lambda: layers.Discretization([1.0], 2),
        lambda: layers.Discretization([2.0, 1.0]),
        lambda: layers.Discretization(num_bins=2)([1.0]),
        lambda: layers.Discretization(num_bins=2).adapt([]),
        lambda: layers.Discretization([1.0]).adapt([1.0]),
        lambda: layers.RandomFlip("diagonal"),
        lambda: layers.RandomRotation("0.1"),
        lambda: layers.RandomRotation(1.5),
        lambda: layers.RandomRotation((0.1, 0.2, 0.3)),
        lambda: layers.RandomRotation(0.1, fill_mode="black"),
        lambda: layers.RandomZoom(0.1, interpolation="cubic"),
        lambda: layers.RandomContrast(-0.1),
        lambda: layers.RandomContrast((0.1, 1.1)),
        lambda: layers.RandomBrightness(2.0),
        lambda: layers.RandomBrightness(0.5, value_range=(3, 1)),
        lambda: layers.RandomCrop(0, 3),
        lambda: layers.Resizing(3, 3, "cubic")(IMAGES),
        lambda: layers.CenterCrop(3, 3, "first"),
        lambda: layers.RandomFlip()(np.ones((3, 4))),
        lambda: layers.Resizing(2, 2)(np.ones((2, 3, 4, 5, 6))),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(ChainruleError):
        make()


def test_refusals_name_the_mend():
    with pytest.raises(DTypeError, match="array"):
        layers.Normalization().adapt(iter([1.0, 2.0]))
    with pytest.raises(GraphError, match="adapt"):
        layers.Discretization(num_bins=3)([1.0])
    with pytest.raises(ShapeError, match="height"):
        layers.RandomFlip(name="flip")(np.ones((3, 4)))
    with pytest.raises(ValueProblem, match="factor=2"):
        layers.RandomRotation(2.0)


def test_category_encoding_by_loops():
    rows = np.array([[0, 3, 3], [2, 0, 1]])
    counts = np.stack([np.bincount(r, minlength=5) for r in rows])
    assert_array_equal(layers.CategoryEncoding(5, "count")(rows).numpy(), counts)
    assert_array_equal(layers.CategoryEncoding(5)(rows).numpy(), counts > 0)
    weights = rng.random((2, 3))
    weighted = np.stack([np.bincount(r, w, 5) for r, w in zip(rows, weights, strict=True)])
    result = layers.CategoryEncoding(5, "count", dtype="float64")(rows, count_weights=weights)
    assert_allclose(result.numpy(), weighted, rtol=1e-12)
    hot = np.eye(5)[rows]
    assert_array_equal(layers.CategoryEncoding(5, "one_hot")(rows).numpy(), hot)
    assert_array_equal(layers.CategoryEncoding(5, "one_hot")(rows[:, :1]).numpy(), hot[:, 0])
    assert_array_equal(layers.CategoryEncoding(5, "one_hot")(rows[0]).numpy(), hot[0])
    assert_array_equal(layers.CategoryEncoding(5)(rows[0]).numpy(), counts[0] > 0)
    assert layers.CategoryEncoding(5)(2).tolist() == [0, 0, 1, 0, 0]
    assert layers.CategoryEncoding(5)(Input((3,), dtype="int32")).shape == (None, 5)


def test_discretization_by_numpy():
    x = np.array([[-1.0, 0.0, 0.5, 1.0], [1.0, 2.0, 9.0, np.inf]])
    bounds = [0.0, 1.0, 2.0]
    bins = np.digitize(x, bounds)
    assert_array_equal(layers.Discretization(bounds)(x).numpy(), bins)
    assert layers.Discretization(bounds)(x).dtype == "int32"
    assert_array_equal(layers.Discretization(bounds, output_mode="one_hot")(x).numpy(), np.eye(4)[bins])
    counts = np.stack([np.bincount(b, minlength=4) for b in bins])
    assert_array_equal(layers.Discretization(bounds, output_mode="count")(x).numpy(), counts)
    assert_array_equal(layers.Discretization([])(x).numpy(), np.zeros((2, 4)))
    assert layers.Discretization([2])(np.array([1, 2, 3])).tolist() == [0, 1, 1]


def test_discretization_adapts_to_equal_parts():
    x = rng.permutation(1000) / 7
    layer = layers.Discretization(num_bins=5)
    layer.adapt(x)
    assert abs(np.bincount(layer(x).numpy(), minlength=5) - 200).max() <= 1
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert again.get_config() == layer.get_config()
    assert_array_equal(again(x).numpy(), layer(x).numpy())
    parts = layers.Discretization(num_bins=5)
    parts.adapt(np.split(x, 10))
    assert parts.bin_boundaries == layer.bin_boundaries
    parts.adapt(np.split(x, 10), steps=1)
    assert parts.bin_boundaries != layer.bin_boundaries


def test_pipeline():
    pipe = layers.Pipeline([layers.Rescaling(1 / 255), layers.RandomFlip(seed=3), layers.Resizing(3, 4)])
    result = pipe(IMAGES, training=False)
    assert_allclose(result.numpy(), ops.image.resize(IMAGES / 255, (3, 4)).numpy(), rtol=1e-5)
    assert [type(v).__name__ for v in pipe.layers] == ["Rescaling", "RandomFlip", "Resizing"]
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(pipe))))
    assert_array_equal(again(IMAGES).numpy(), pipe(IMAGES).numpy())
    assert pipe(Input((8, 8, 3))).shape == (None, 3, 4, 3)
    masked = cr.tensor([[1.0, 2.0]])
    set_mask(masked, cr.tensor([[True, False]]))
    through = layers.Pipeline([layers.Rescaling(2.0), layers.Rescaling(3.0)])(masked)
    assert mask_of(through).tolist() == [[True, False]]


# ---- all image layers


@pytest.mark.parametrize("name", [*RANDOM, *OTHERS])
def test_configuration_and_shapes(name):
    kwargs = {**RANDOM, **OTHERS}[name]
    seed = {"seed": 5} if name in RANDOM else {}
    layer = getattr(layers, name)(**kwargs, **seed, name="mine")
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert again.get_config() == layer.get_config()
    written = json.loads(json.dumps({**kwargs, **seed}))
    assert {k: layer.get_config()[k] for k in written} == written
    result = layer(IMAGES)
    assert_array_equal(again(IMAGES).numpy(), result.numpy())
    assert layer(Input((6, 5, 3))).shape == (None, *result.shape[1:])
    assert layer.compute_output_shape((None, 6, 5, 3)) == (None, *result.shape[1:])


@pytest.mark.parametrize("name", RANDOM)
def test_outside_training_images_are_handed_on(name):
    layer = getattr(layers, name)(**RANDOM[name], seed=1)
    before = layer.seed_generator.state.numpy()
    result = layer(WHOLE, training=False)
    assert result.dtype == "float32"
    if name == "RandomCrop":  # a 4x3 window of 6x5 images: the largest of that shape is 6x4
        assert_allclose(result.numpy(), ops.image.resize(WHOLE[:, :, :4].astype("float32"), (4, 3)).numpy(), rtol=1e-6)
    else:
        assert_array_equal(result.numpy(), WHOLE)
    assert_array_equal(layer.seed_generator.state.numpy(), before)
    assert (layer(WHOLE).numpy() != layer(WHOLE).numpy()).any()


@pytest.mark.parametrize("name", RANDOM)
def test_a_traced_step_draws_what_an_eager_call_draws(name):
    eager, traced = (getattr(layers, name)(**RANDOM[name], seed=9) for _ in range(2))
    step = trace(lambda x: traced(x, training=True), spec_of(IMAGES.shape, np.dtype("float32")))
    assert step.writes == [traced.seed_generator.state]
    program = NumpyEngine().program(step)
    for _ in range(2):
        (result,) = program([IMAGES])
        assert_allclose(result, eager(IMAGES).numpy(), rtol=1e-5, atol=1e-3)
    assert_array_equal(traced.seed_generator.state.numpy(), eager.seed_generator.state.numpy())


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float64"])
def test_dtypes(name, dtype):
    exact = getattr(layers, name)(**RANDOM[name], seed=2, dtype="float64")(WHOLE).numpy()
    result = getattr(layers, name)(**RANDOM[name], seed=2, dtype=dtype)(WHOLE)
    assert result.dtype == dtype
    assert_allclose(result.numpy().astype("float64"), exact, atol=0.51 if dtype != "float64" else 1e-12)


@pytest.mark.parametrize("name", RANDOM)
def test_one_image_and_channels_first(name):
    single = getattr(layers, name)(**RANDOM[name], seed=2)(IMAGES[0])
    batch = getattr(layers, name)(**RANDOM[name], seed=2)(IMAGES[:1])
    assert_array_equal(single.numpy(), batch.numpy()[0])
    if name in PLACED:
        moved = getattr(layers, name)(**RANDOM[name], seed=2, data_format="channels_first")(first(IMAGES))
        expected = getattr(layers, name)(**RANDOM[name], seed=2)(IMAGES)
        assert_allclose(last(moved.numpy()), expected.numpy(), rtol=1e-6)


@pytest.mark.parametrize("name", RANDOM)
def test_each_image_is_drawn_for(name):
    same = np.repeat(IMAGES[:1], 20, axis=0)
    result = getattr(layers, name)(**RANDOM[name], seed=2)(same).numpy()
    assert len({f.tobytes() for f in result}) > 1


@pytest.mark.parametrize("name", RANDOM)
def test_gradients_reach_the_images(name):
    layer = getattr(layers, name)(**RANDOM[name], seed=2, dtype="float64")
    x = Variable(IMAGES.astype("float64"))
    out = layer(x, training=True)
    weights, move = rng.normal(size=out.shape), rng.normal(size=x.shape)
    (gradient,) = cr.gradients(ops.sum(out * weights), [x])

    def moved(step):
        again = getattr(layers, name)(**RANDOM[name], seed=2, dtype="float64")
        return np.sum(again(IMAGES + step * move, training=True).numpy() * weights)

    assert np.sum(gradient.numpy() * move) == pytest.approx((moved(1e-4) - moved(-1e-4)) / 2e-4, rel=1e-5)


# ---- each by NumPy


def test_flip_is_a_throw_of_a_coin():
    many = rng.normal(size=(400, 2, 3, 1)).astype("float32")
    for mode, choices in (
        ("horizontal", [many, many[:, :, ::-1]]),
        ("vertical", [many, many[:, ::-1]]),
        ("horizontal_and_vertical", [many, many[:, ::-1], many[:, :, ::-1], many[:, ::-1, ::-1]]),
    ):
        result = layers.RandomFlip(mode, seed=4)(many).numpy()
        which = np.stack([(result == c).all((1, 2, 3)) for c in choices])
        assert (which.sum(0) == 1).all()
        share = 1 / len(choices)
        assert abs(which.mean(1) - share).max() < 5 * np.sqrt(share * (1 - share) / 400)


def test_a_quarter_turn_is_counter_clockwise():
    square = rng.normal(size=(2, 5, 5, 2)).astype("float32")
    result = layers.RandomRotation((0.25, 0.25))(square).numpy()
    assert_allclose(result, np.rot90(square, 1, (1, 2)), atol=1e-4)
    result = layers.RandomRotation((-0.25, -0.25), interpolation="nearest")(square).numpy()
    assert_array_equal(result, np.rot90(square, -1, (1, 2)))


def test_translation_by_whole_pixels():
    result = layers.RandomTranslation((0.5, 0.5), (-0.2, -0.2), "constant", fill_value=7.0)(IMAGES).numpy()
    expected = np.full_like(IMAGES, 7)
    expected[:, 3:, :-1] = IMAGES[:, :-3, 1:]
    assert_allclose(result, expected, rtol=1e-4, atol=1e-3)
    for mode, pads in (("reflect", "symmetric"), ("nearest", "edge"), ("wrap", "wrap")):
        result = layers.RandomTranslation((1 / 3, 1 / 3), 0.0, mode)(IMAGES).numpy()
        wider = np.pad(IMAGES, ((0, 0), (2, 0), (0, 0), (0, 0)), mode=pads)[:, :6]
        assert_allclose(result, wider, rtol=1e-4, atol=1e-2)


def test_zoom_keeps_the_centre_and_the_aspect():
    ramp = np.broadcast_to(np.arange(7.0)[:, None, None] + 10 * np.arange(5.0)[:, None], (3, 7, 5, 1))
    result = layers.RandomZoom((-0.5, 0.0), seed=1, dtype="float64")(ramp).numpy()
    rows, columns = result[:, 1:, 0] - result[:, :-1, 0], (result[:, 0, 1:] - result[:, 0, :-1]) / 10
    assert_allclose(result[:, 3, 2, 0], ramp[:, 3, 2, 0], rtol=1e-6)
    assert_allclose(rows, np.broadcast_to(rows[:, :1], rows.shape), rtol=1e-4)
    assert_allclose(columns, np.broadcast_to(rows[:, :1], columns.shape), rtol=1e-4)
    assert ((rows >= 0.5) & (rows <= 1)).all()
    apart = layers.RandomZoom((-0.5, -0.5), (-0.25, -0.25), dtype="float64")(ramp).numpy()
    assert_allclose(apart[:, 1:, 0] - apart[:, :-1, 0], 0.5, rtol=1e-6)
    assert_allclose(apart[:, 0, 1:] - apart[:, 0, :-1], 7.5, rtol=1e-6)


def test_crop_takes_every_window():
    image = np.arange(20.0).reshape(4, 5, 1)
    many = np.broadcast_to(image, (500, 4, 5, 1))
    result = layers.RandomCrop(3, 2, seed=1)(many).numpy()[..., 0]
    windows = {image[i : i + 3, j : j + 2, 0].astype("float32").tobytes() for i in range(2) for j in range(4)}
    assert {np.ascontiguousarray(f).tobytes() for f in result} == windows


def test_crop_of_smaller_images_is_resized():
    small = IMAGES[:, :2]
    for training in (True, False):
        result = layers.RandomCrop(4, 4)(small, training=training).numpy()
        assert_allclose(result, ops.image.resize(small[:, :, 1:3], (4, 4)).numpy(), rtol=1e-6)
    full = layers.RandomCrop(6, 5)(IMAGES).numpy()
    assert_array_equal(full, IMAGES)


def test_centre_crop():
    assert_array_equal(layers.CenterCrop(3, 2)(IMAGES).numpy(), IMAGES[:, 1:4, 1:3])
    assert_array_equal(layers.CenterCrop(4, 5)(IMAGES[0]).numpy(), IMAGES[0, 1:5])
    moved = layers.CenterCrop(3, 2, "channels_first")(first(IMAGES)).numpy()
    assert_array_equal(last(moved), IMAGES[:, 1:4, 1:3])
    assert layers.CenterCrop(3, 2)(WHOLE).dtype == "float32"
    assert layers.CenterCrop(8, 4)(IMAGES).shape == (4, 8, 4, 3)


def test_resizing_keeps_the_dtype():
    assert layers.Resizing(3, 4)(WHOLE).dtype == "uint8"
    assert layers.Resizing(3, 4)(IMAGES.astype("float64")).dtype == "float32"
    assert_array_equal(layers.Resizing(6, 5)(WHOLE).numpy(), WHOLE)


def test_contrast_by_numpy():
    factor = random.uniform((4, 1, 1, 1), 0.8, 1.5, seed=SeedGenerator(6)).numpy()
    mean = IMAGES.mean((1, 2), keepdims=True)
    expected = np.clip((IMAGES - mean) * factor + mean, 10, 200)
    assert_allclose(layers.RandomContrast((0.2, 0.5), (10, 200), seed=6)(IMAGES).numpy(), expected, rtol=1e-5)
    both = layers.RandomContrast(0.5, (-1e3, 1e3), seed=6)(np.repeat(IMAGES[:1], 500, 0)).numpy()
    ratio = both.std((1, 2, 3)) / both.std((1, 2, 3)).mean()
    assert ratio.min() < 0.6
    assert ratio.max() > 1.4


def test_brightness_by_numpy():
    delta = random.uniform((4, 1, 1, 1), -0.3, 0.2, seed=SeedGenerator(6)).numpy()
    expected = np.clip(IMAGES + delta * 240, 10, 250)
    result = layers.RandomBrightness((-0.3, 0.2), (10, 250), seed=6)(IMAGES).numpy()
    assert_allclose(result, expected, rtol=1e-5, atol=1e-4)


# ---- against Keras


@pytest.mark.heavy
@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
def test_random_layers_against_keras(keras, form):
    """Keras's layers given the numbers that ours draw."""
    x = IMAGES if form == "channels_last" else first(IMAGES)

    def drawn(seed, shape, *ranges):
        stream = SeedGenerator(seed)
        return [random.uniform(shape, low, high, seed=stream).numpy() for low, high in ranges]

    def compare(name, kwargs, transformation, atol=2e-2):
        ours = getattr(layers, name)(**kwargs, seed=8)(x).numpy()
        theirs = getattr(keras.layers, name)(**kwargs).transform_images(x, transformation, training=True)
        assert_allclose(ours, np.asarray(theirs), rtol=1e-4, atol=atol)

    (flips,) = drawn(8, (4, 1, 1, 1), (0.0, 1.0))
    assert len(set((flips < 0.5).ravel().tolist())) == 2
    for mode in ("horizontal", "vertical"):
        compare("RandomFlip", {"mode": mode, "data_format": form}, {"flips": flips < 0.5}, 0)
    for fill in ("reflect", "constant", "wrap", "nearest"):
        more = {"fill_mode": fill, "fill_value": 3.0, "data_format": form}
        layer = keras.layers.RandomRotation(0.4, data_format=form)
        (angle,) = drawn(8, (4,), (-0.4, 0.4))
        zero, one = np.zeros(4, "float32"), np.ones(4, "float32")
        matrix = layer._compute_affine_matrix(0.5, 0.5, angle * 360, zero, zero, one, zero, zero, 6, 5)
        compare("RandomRotation", {"factor": 0.4, **more}, {"rotation_matrix": np.asarray(matrix)})
        down, right = drawn(8, (4, 1), (-0.3, 0.3), (0.1, 0.5))
        moved = {"translations": np.concatenate([right * 5, down * 6], 1)}
        compare("RandomTranslation", {"height_factor": 0.3, "width_factor": (0.1, 0.5), **more}, moved)
        tall, wide = drawn(8, (4, 1), (-0.3, 0.3), (-0.5, -0.1))
        zoomed = {"height_zoom": 1 + tall, "width_zoom": 1 + wide}
        compare("RandomZoom", {"height_factor": 0.3, "width_factor": (-0.5, -0.1), **more}, zoomed)


@pytest.mark.heavy
def test_colours_against_keras(keras):
    factor = random.uniform((4, 1, 1, 1), 0.8, 1.5, seed=SeedGenerator(8)).numpy()
    theirs = keras.layers.RandomContrast((0.2, 0.5)).transform_images(IMAGES, {"contrast_factor": factor})
    assert_allclose(layers.RandomContrast((0.2, 0.5), seed=8)(IMAGES).numpy(), np.asarray(theirs), rtol=1e-4)
    delta = random.uniform((4, 1, 1, 1), -0.3, 0.2, seed=SeedGenerator(8)).numpy() * 255
    theirs = keras.layers.RandomBrightness((-0.3, 0.2)).transform_images(IMAGES, {"rgb_delta": delta})
    result = layers.RandomBrightness((-0.3, 0.2), seed=8)(IMAGES).numpy()
    assert_allclose(result, np.asarray(theirs), rtol=1e-4, atol=1e-4)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("form", "size", "more"),
    [
        ("channels_last", (3, 4), {}),
        ("channels_first", (9, 5), {}),
        ("channels_last", (9, 4), {"interpolation": "nearest"}),
        ("channels_first", (3, 4), {"interpolation": "bicubic", "antialias": True}),
        ("channels_last", (3, 7), {"crop_to_aspect_ratio": True}),
        ("channels_first", (7, 3), {"pad_to_aspect_ratio": True, "fill_value": 5.0}),
    ],
)
def test_sizes_against_keras(keras, form, size, more):
    x = IMAGES if form == "channels_last" else first(IMAGES)
    kwargs = {"height": size[0], "width": size[1], "data_format": form}
    for passed in (x, x[0], x.astype("uint8")):
        ours, theirs = (k.Resizing(**kwargs, **more)(passed) for k in (layers, keras.layers))
        assert str(ours.dtype) == str(theirs.dtype)
        atol = 1 if passed.dtype == "uint8" else 1e-2
        assert_allclose(ours.numpy().astype(float), np.asarray(theirs, dtype=float), atol=atol)
        ours, theirs = (k.CenterCrop(**kwargs)(passed) for k in (layers, keras.layers))
        assert str(ours.dtype) == str(theirs.dtype)
        assert_allclose(ours.numpy(), np.asarray(theirs), atol=1e-2)


@pytest.mark.heavy
def test_numbers_against_keras(keras):
    x = rng.normal(3, 2, (6, 4, 5)).astype("float32")
    for axis in (-1, 1, (1, 2), None):
        for invert in (False, True):
            ours, theirs = (k.Normalization(axis=axis, invert=invert) for k in (layers, keras.layers))
            ours.adapt(x), theirs.adapt(x)
            assert_allclose(ours(x).numpy(), np.asarray(theirs(x)), rtol=1e-4, atol=1e-5)
            assert [v.name for v in ours.weights] == [v.name for v in theirs.weights]
            assert [tuple(v.shape) for v in ours.weights] == [tuple(v.shape) for v in theirs.weights]
    passed = {"axis": (1, 2), "mean": np.arange(5.0), "variance": np.arange(1.0, 6.0)}
    ours, theirs = (k.Normalization(**passed)(x) for k in (layers, keras.layers))
    assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-5)
    for bins in (2, 4, 7):
        ours, theirs = (k.Discretization(num_bins=bins) for k in (layers, keras.layers))
        ours.adapt(x[:4])  # no more numbers than Keras's sketch keeps; its own adapt needs TensorFlow
        theirs.update_state(x[:4]), theirs.finalize_state()
        assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-5)
    for mode in ("int", "one_hot", "multi_hot", "count"):
        ours, theirs = (k.Discretization([0.0, 2.0, 4.5], output_mode=mode)(x[0]) for k in (layers, keras.layers))
        assert str(ours.dtype) == str(theirs.dtype)
        assert_array_equal(ours.numpy(), np.asarray(theirs))
    full = rng.integers(0, 6, (3, 4))
    for mode in ("one_hot", "multi_hot", "count"):
        for passed in (full, full[:, :1], full[0]):
            ours, theirs = (k.CategoryEncoding(6, output_mode=mode)(passed) for k in (layers, keras.layers))
            assert_array_equal(ours.numpy(), np.asarray(theirs))
    ours, theirs = (k.Rescaling([0.5, 2.0, 3.0], -1.0)(WHOLE) for k in (layers, keras.layers))
    assert str(ours.dtype) == str(theirs.dtype)
    assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-6)
