"""Layers that prepare numbers and images, against Keras given the numbers that were drawn."""

import os

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from chainrule import layers, random
from preprocessing_cases import IMAGES, WHOLE, SeedGenerator, first, rng


@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    return pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")


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
