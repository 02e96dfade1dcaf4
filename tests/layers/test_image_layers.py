"""Layers that prepare images: what holds for each, and each against NumPy."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import Variable, layers, ops, random
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.layers import Input
from chainrule.transforms.trace import trace
from preprocessing_cases import IMAGES, OTHERS, PLACED, RANDOM, WHOLE, SeedGenerator, first, last, rng

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
