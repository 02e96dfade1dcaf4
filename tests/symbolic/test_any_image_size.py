"""Networks of the literature without their top take images of any size, as Keras's do."""

import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import applications
from chainrule.core.errors import ShapeError
from chainrule.initializers import VarianceScaling

CHANNELS = {  # of the features, in Keras
    "VGG16": 512,
    "VGG19": 512,
    "DenseNet121": 1024,
    "DenseNet169": 1664,
    "DenseNet201": 1920,
    "InceptionV3": 2048,
    "MobileNet": 1024,
    "ResNet50": 2048,
    "ResNet101": 2048,
    "ResNet152": 2048,
    "Xception": 2048,
}
LEAST = {"InceptionV3": 75, "Xception": 71}  # the smallest side; 32 for the others
SMALL = ["VGG16", "MobileNet", "ResNet50"]  # the quick ones
SLOW = [pytest.param(name, marks=[] if name in SMALL else [pytest.mark.slow]) for name in CHANNELS]


@pytest.fixture
def undrawn(monkeypatch):
    """First weights are zeros: where only shapes count, millions of random numbers need not be drawn."""
    monkeypatch.setattr(VarianceScaling, "__call__", lambda self, shape, dtype=None: cr.ops.zeros(tuple(shape), dtype))


@pytest.mark.parametrize("shape", [None, (None, None, 3)], ids=["default", "unknown"])
@pytest.mark.parametrize("name", SLOW)
def test_shapes(name, shape, undrawn):
    model = getattr(applications, name)(include_top=False, weights=None, input_shape=shape)
    assert model.input_shape == (None, None, None, 3)
    assert model.output_shape == (None, None, None, CHANNELS[name])
    printed = []
    model.summary(print_fn=printed.append)
    assert not {"9973", "4987", "2494", "1247"} & set("\n".join(printed).replace(",", "").replace(")", "").split())


@pytest.mark.parametrize("name", SLOW)
def test_pooled_features(name, undrawn):
    model = getattr(applications, name)(include_top=False, weights=None, pooling="avg")
    assert model.output_shape == (None, CHANNELS[name])
    assert (
        model.count_params() == getattr(applications, name)(include_top=False, input_shape=(96, 96, 3)).count_params()
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANNELS)
def test_features_are_those_of_a_model_of_one_size(name):
    model = getattr(applications, name)(include_top=False, weights=None)
    least = LEAST.get(name, 32)
    for height, width in ((least, least + 5), (least + 21, least)):
        one = getattr(applications, name)(include_top=False, weights=None, input_shape=(height, width, 3))
        one.set_weights(model.get_weights())
        images = np.random.default_rng(height).uniform(0, 1, (1, height, width, 3)).astype("float32")
        result = model(images)
        assert result.shape[1:] == one.output_shape[1:]
        np.testing.assert_array_equal(result.numpy(), one(images).numpy())


@pytest.mark.parametrize("name", ["VGG16", "ResNet50", "MobileNet"])
def test_the_top_needs_a_size(name):
    with pytest.raises(ShapeError):
        getattr(applications, name)(input_shape=(None, None, 3))
    with pytest.raises(ShapeError):
        getattr(applications, name)(include_top=False, input_shape=(5, None, 3))


def test_the_other_networks_take_any_size(undrawn):
    for name, channels in (("GoogLeNet", 1024), ("ResNetCIFAR", 64), ("ResNet20", 64)):
        least = {"depth": 20} if name == "ResNetCIFAR" else {}
        model = getattr(applications, name)(include_top=False, input_shape=(None, None, 3), **least)
        assert model.output_shape == (None, None, None, channels)


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.parametrize("name", CHANNELS)
def test_shapes_are_those_of_keras(name, undrawn):
    os.environ["KERAS_BACKEND"] = "jax"
    keras = pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")
    for options in ({}, {"input_shape": (None, None, 3)}, {"pooling": "max"}):
        ours, theirs = (
            getattr(package.applications, name)(include_top=False, weights=None, **options) for package in (cr, keras)
        )
        assert (ours.input_shape, ours.output_shape) == (theirs.input_shape, theirs.output_shape)
        assert ours.count_params() == theirs.count_params()
