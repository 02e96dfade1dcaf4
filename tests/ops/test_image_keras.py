"""Images beside Keras on JAX: signatures, sizes, options, both formats, integers."""

import inspect
import os
from itertools import product

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from chainrule.ops import image
from image_cases import COLOURS, MODES, A, pixels

REASON = "install tests/peers.txt to compare with Keras"


@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    result = pytest.importorskip("keras", reason=REASON)
    jax.config.update("jax_enable_x64", False)  # as Keras runs it
    yield result.ops.image
    jax.config.update("jax_enable_x64", True)


def both(keras, name, *args, atol=2e-5, **options):
    ours, theirs = (np.asarray(getattr(module, name)(*args, **options)) for module in (image, keras))
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert_allclose(ours, theirs, rtol=2e-5, atol=atol)


def F(*shape):
    return A(*shape).astype("float32")


@pytest.mark.heavy
@pytest.mark.parametrize("name", image.__all__)
def test_signatures_are_keras(keras, name):
    ours, theirs = (inspect.signature(getattr(module, name)).parameters.values() for module in (image, keras))
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs]


@pytest.mark.heavy
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("antialias", [False, True])
def test_resize_is_keras(keras, interpolation, antialias):
    for size in [(5, 7), (2, 3), (4, 6), (9, 2), (1, 1), (3, 12)]:
        both(keras, "resize", F(2, 4, 6, 3), size, interpolation, antialias)
    both(keras, "resize", F(5, 7, 1), (8, 4), interpolation, antialias)
    both(keras, "resize", F(2, 3, 5, 4), (3, 9), interpolation, antialias, data_format="channels_first")
    both(keras, "resize", F(3, 5, 4), (7, 2), interpolation, antialias, data_format="channels_first")
    full = pixels(4, 8, 3)  # doubled and halved: weights that floats hold exactly, so halves are halves
    for size in [(8, 16), (2, 4), (4, 4), (8, 2)] if interpolation in ("nearest", "bilinear") and not antialias else []:
        both(keras, "resize", full, size, interpolation)


@pytest.mark.heavy
@pytest.mark.parametrize("option", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
def test_resize_keeps_the_aspect_as_keras(keras, option):
    for shape, size in product([(4, 7, 2), (9, 5, 2), (6, 6, 1)], [(3, 3), (5, 8), (10, 3), (1, 9)]):
        both(keras, "resize", F(*shape), size, fill_value=1.5, **{option: True})
        both(keras, "resize", F(2, *shape), size, "nearest", fill_value=-2.0, **{option: True})
        both(keras, "resize", F(2, *shape[::-1]), size, data_format="channels_first", **{option: True})
        both(keras, "resize", pixels(*shape), size, "nearest", fill_value=3.0, **{option: True})


TRANSFORMS = np.array(
    [
        [1, 0, 0, 0, 1, 0, 0, 0],
        [1, 0, 2, 0, 1, -1, 0, 0],
        [-1, 0, 4.5, 0, 1, 0.5, 0, 0],
        [0.75, -0.25, 1.25, 0.5, 1.5, -0.75, 0, 0],
        [0, 1, 0, 1, 0, 0, 0, 0],
        [2, 0.5, -9, -0.5, 3, 7.25, 0, 0],
    ],
    "float32",
)


@pytest.mark.heavy
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("fill_mode", MODES)
def test_affine_is_keras(keras, interpolation, fill_mode):
    options = {"interpolation": interpolation, "fill_mode": fill_mode, "fill_value": 2}
    both(keras, "affine_transform", F(6, 5, 4, 2), TRANSFORMS, **options)
    both(keras, "affine_transform", F(6, 2, 3, 6), TRANSFORMS, data_format="channels_first", **options)
    both(keras, "affine_transform", F(3, 7, 1), TRANSFORMS[3], **options)
    both(keras, "affine_transform", F(2, 3, 7), TRANSFORMS[5], data_format="channels_first", **options)
    both(keras, "affine_transform", pixels(6, 5, 4, 3), TRANSFORMS, **options)


@pytest.mark.heavy
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("fill_mode", MODES)
def test_map_coordinates_is_keras(keras, order, fill_mode):
    for shape in [(5,), (3, 4), (2, 3, 2)]:
        at = (np.random.default_rng(7).integers(-20, 30, (len(shape), 3, 7)) / 4).astype("float32")  # halves, too
        both(keras, "map_coordinates", F(*shape), at, order, fill_mode, 1.5)
        both(keras, "map_coordinates", pixels(*shape), at, order, fill_mode, 3)
        both(keras, "map_coordinates", F(*shape), at.astype("int32"), order, fill_mode)


POINTS = np.array([[[0, 0], [6, 0], [0, 4], [6, 4]]] * 2, "float32")
MOVED = POINTS + np.random.default_rng(8).uniform(-1, 1, POINTS.shape).astype("float32")


@pytest.mark.heavy
def test_the_rest_is_keras(keras):
    for interpolation in ("nearest", "bilinear"):
        both(keras, "perspective_transform", F(2, 5, 7, 2), POINTS, MOVED, interpolation, 1.0, atol=1e-3)
    both(keras, "perspective_transform", F(2, 5, 7), POINTS[0], MOVED[1], data_format="channels_first", atol=1e-3)
    rgb = np.random.default_rng(9).uniform(size=(2, 3, 5, 3)).astype("float32")
    first = np.ascontiguousarray(rgb.transpose(0, 3, 1, 2))
    for name in ("rgb_to_grayscale", "rgb_to_hsv", "hsv_to_rgb"):
        for x, data_format in ((rgb, None), (rgb[0], "channels_last"), (first, "channels_first")):
            both(keras, name, x, data_format=data_format)
    both(keras, "rgb_to_hsv", COLOURS.reshape(8, 8, 3).astype("float32"))
    both(keras, "rgb_to_grayscale", pixels(4, 5, 3))
    for size, sigma in [((3, 3), (1.0, 1.0)), ((4, 4), (0.5, 0.5)), ((5, 5), (2.0, 2.0))]:
        both(keras, "gaussian_blur", rgb, size, sigma, data_format="channels_last")
        both(keras, "gaussian_blur", first, size, sigma, data_format="channels_first")
    turned = image.gaussian_blur(rgb, (5, 2), (0.7, 2.0)).numpy()  # Keras takes (width, height)
    assert_allclose(turned, keras.gaussian_blur(rgb, (2, 5), (2.0, 0.7), "channels_last"), rtol=2e-5, atol=2e-6)
    both(keras, "sobel_edges", rgb)
    near = (rgb + 0.1 * F(*rgb.shape)).astype("float32")
    both(keras, "ssim", rgb, near, filter_size=3)
    both(keras, "ssim", rgb[0], near[0], 2.0, 2, 0.8, 0.02, 0.05)
    both(
        keras,
        "ssim",
        rgb.transpose(0, 3, 1, 2),
        near.transpose(0, 3, 1, 2),
        filter_size=3,
        data_format="channels_first",
    )
    both(keras, "sobel_edges", first, data_format="channels_first")
    for padding, strides in product(["valid", "same"], [None, 1, (2, 1)]):
        both(keras, "extract_patches", rgb, (2, 3), strides, padding=padding)
        both(keras, "extract_patches", first[0], 2, strides, padding=padding, data_format="channels_first")
    both(keras, "extract_patches", rgb, 2, 1, 2)
    both(keras, "extract_patches_3d", F(2, 4, 5, 3, 2), 2, padding="same")
    both(keras, "extract_patches", F(4, 5, 3, 2), (2, 1, 3), (1, 2, 2))
    both(keras, "pad_images", rgb, 1, 2, target_height=6, target_width=9)
    both(keras, "pad_images", first, None, 0, 1, 3, 7, data_format="channels_first")
    both(keras, "crop_images", rgb, 1, 2, target_height=2, target_width=3)
    both(keras, "crop_images", first, None, 0, 1, 3, 1, data_format="channels_first")
