"""Layers before and beside a call: shapes known beforehand, configurations, dtypes."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import layers, ops
from chainrule.layers import Input
from layer_cases import CASES, inputs_of, numbers


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
