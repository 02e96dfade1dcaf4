"""A convolution's window over an image: its numbers are the layer's."""

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.core.errors import ValueProblem
from chainrule.draw.format import format_number, with_math_signs
from pages import read
from printed_arithmetic import evaluate


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2])
def test_the_sliding_window_gives_the_layers_output(padding, strides):
    cr.set_random_seed(4)
    conv = layers.Conv2D(3, (2, 3), strides=strides, padding=padding, bias_initializer="random_normal")
    image = np.random.default_rng(0).normal(size=(7, 9, 2)).astype("float32")
    expected = conv(image[None]).numpy()[0, :, :, 1]
    result = cr.slide(conv, image, filter=1)
    np.testing.assert_allclose(result.output, expected, rtol=1e-4, atol=1e-5)
    assert len(result.positions) == min(25, expected.size)
    for place in result.positions:
        assert place.value == pytest.approx(expected[place.row, place.column], rel=1e-4, abs=1e-5)
        left, _, right = place.text(None).partition(" = ")
        assert evaluate(left) == pytest.approx(float(right), rel=1e-9)
    read(result.to_html())


def test_a_slide_shows_what_the_layer_does():
    cr.set_random_seed(4)
    conv = layers.Conv2D(2, 3, strides=2, padding="same", activation="relu", name="conv")
    image = np.random.default_rng(0).normal(size=(6, 7, 2))
    conv(image[None])
    slide = cr.slide(conv, image, 1)
    np.testing.assert_allclose(np.maximum(slide.output, 0), conv(image[None]).numpy()[0, :, :, 1], rtol=1e-4, atol=1e-6)
    assert "activation, relu, comes after" in slide.to_html()
    assert "activation, relu" in str(slide)
    first = slide.to_html().split('<section class="frame')[1]
    written = re.findall(r">([^<>]*)</text>", first[first.rindex("output</text>") :])
    assert len(written) == 0 or with_math_signs(format_number(slide.output[0, 0], 3)) in first
    assert with_math_signs(format_number(slide.output[1, 2], 3)) not in written  # not there yet
    table = slide.to_pandas()
    assert list(table["value"]) == pytest.approx(slide.output.ravel().tolist())


def test_a_slide_over_a_photograph_stays_small():
    conv = layers.Conv2D(1, 3, name="conv")
    image = np.random.default_rng(0).random((224, 200, 3))
    conv(image[None])
    slide = cr.slide(conv, image)
    page = slide.to_html()
    assert len(page) < 3_000_000
    assert f"25 of {222 * 198} positions" in page


def test_a_window_needs_a_convolution_and_an_image_that_fits():
    conv = layers.Conv2D(1, 2)
    with pytest.raises(ValueProblem, match="a Conv2D that was built"):
        cr.slide(conv, np.ones((3, 3, 1)))
    conv(np.ones((1, 3, 3, 1)))
    with pytest.raises(cr.ShapeError, match=r"\(height, width, 1\)"):
        cr.slide(conv, np.ones((3, 3)))
    with pytest.raises(ValueProblem, match="0 to 0"):
        cr.slide(conv, np.ones((3, 3, 1)), filter=1)


def test_only_plain_convolutions_slide():
    layer = layers.Conv2DTranspose(2, 3)
    layer(np.ones((1, 4, 4, 1)))
    with pytest.raises(ValueProblem, match="a Conv2D that was built"):
        cr.slide(layer, np.ones((4, 4, 1)))
    conv = layers.Conv2D(1, 11)
    conv(np.ones((1, 64, 64, 3)))
    assert len(cr.slide(conv, np.random.default_rng(0).random((64, 64, 3))).to_html()) < 3_000_000
