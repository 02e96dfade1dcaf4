"""Sizes that may be unknown: shapes that follow from them, two that meet, and layers that compute with them."""

import json
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import Model, layers, ops
from chainrule.core.errors import ChainruleError, ShapeError
from chainrule.layers import Input


def numbers(*shape, seed=1):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


IMAGE, SEQUENCE, VOLUME = (None, None, 3), (None, 4), (None, None, None, 2)
SHAPES = {
    "Conv2D": (layers.Conv2D(4, 3), IMAGE, (None, None, None, 4)),
    "Conv2D, strides": (layers.Conv2D(4, 3, strides=2), IMAGE, (None, None, None, 4)),
    "Conv2D, same": (layers.Conv2D(4, 3, padding="same"), IMAGE, (None, None, None, 4)),
    "Conv2D, same, strides": (layers.Conv2D(4, 3, strides=2, padding="same"), IMAGE, (None, None, None, 4)),
    "Conv2D, dilation": (layers.Conv2D(4, 3, dilation_rate=2), IMAGE, (None, None, None, 4)),
    "Conv2D, height known": (layers.Conv2D(4, 3), (9, None, 3), (None, 7, None, 4)),
    "Conv2D, width known": (layers.Conv2D(4, 3, strides=2), (None, 9, 3), (None, None, 4, 4)),
    "Conv1D, causal": (layers.Conv1D(5, 3, padding="causal"), SEQUENCE, (None, None, 5)),
    "Conv3D": (layers.Conv3D(5, 2, strides=2), VOLUME, (None, None, None, None, 5)),
    "SeparableConv2D": (layers.SeparableConv2D(4, 3), IMAGE, (None, None, None, 4)),
    "DepthwiseConv2D": (layers.DepthwiseConv2D(3, depth_multiplier=2), IMAGE, (None, None, None, 6)),
    "Conv2DTranspose": (layers.Conv2DTranspose(4, 3, strides=2), IMAGE, (None, None, None, 4)),
    "Conv2DTranspose, same": (layers.Conv2DTranspose(4, 3, 2, padding="same"), IMAGE, (None, None, None, 4)),
    "MaxPooling2D": (layers.MaxPooling2D(2), IMAGE, (None, None, None, 3)),
    "MaxPooling2D, same": (layers.MaxPooling2D(3, 2, padding="same"), IMAGE, (None, None, None, 3)),
    "AveragePooling2D": (layers.AveragePooling2D(2, 1), IMAGE, (None, None, None, 3)),
    "AveragePooling3D": (layers.AveragePooling3D(2), VOLUME, (None, None, None, None, 2)),
    "GlobalAveragePooling2D": (layers.GlobalAveragePooling2D(), IMAGE, (None, 3)),
    "GlobalMaxPooling1D": (layers.GlobalMaxPooling1D(keepdims=True), SEQUENCE, (None, 1, 4)),
    "UpSampling2D": (layers.UpSampling2D(3), IMAGE, (None, None, None, 3)),
    "UpSampling2D, bilinear": (layers.UpSampling2D(2, interpolation="bilinear"), IMAGE, (None, None, None, 3)),
    "ZeroPadding2D": (layers.ZeroPadding2D(2), IMAGE, (None, None, None, 3)),
    "Cropping2D": (layers.Cropping2D(1), IMAGE, (None, None, None, 3)),
    "Cropping1D": (layers.Cropping1D((1, 2)), SEQUENCE, (None, None, 4)),
    "Resizing": (layers.Resizing(5, 6), IMAGE, (None, 5, 6, 3)),
    "Reshape": (layers.Reshape((-1, 4)), (None, 8), (None, None, 4)),
    "Reshape, flat": (layers.Reshape((-1,)), (None, 8), (None, None)),
    "Flatten": (layers.Flatten(), IMAGE, (None, None)),
    "Flatten, known": (layers.Flatten(), (4, 5, 3), (None, 60)),
    "Permute": (layers.Permute((2, 1)), SEQUENCE, (None, 4, None)),
    "Dense of 9973": (layers.Dense(9973), (4,), (None, 9973)),
    "Embedding of 9973": (layers.Embedding(5, 9973), (None,), (None, None, 9973)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape_of_a_layer(name):
    layer, shape, expected = SHAPES[name]
    assert layer(Input(shape)).shape == expected
    assert layer.compute_output_shape((None, *shape)) == expected


def test_a_summary_prints_none():
    model = cr.Sequential(
        [Input(IMAGE), layers.Conv2D(4, 3), layers.Conv2D(4, 3, strides=2), layers.MaxPooling2D(2), layers.Flatten()]
    )
    printed = []
    model.summary(print_fn=printed.append)
    text = "\n".join(printed)
    assert "None" in text
    assert model.output_shape == (None, None)
    for number in ("9971", "9973", "4985", "4986", "4987", "2492", "2493"):
        assert number not in text.replace(",", "")
    assert "9973" not in json.dumps(model.get_config())


# ---- 9973 is a size like others


@pytest.mark.parametrize("name", ["Dense", "Embedding"])
def test_9973_is_a_size_like_others(name):
    tokens = name == "Embedding"
    start = layers.Embedding(5, 9973) if tokens else layers.Dense(9973)
    model = cr.Sequential([Input((None,), dtype="int32") if tokens else Input((4,)), start, layers.Dense(2)])
    model.compile("sgd", "mse")
    x = np.array([[0, 1], [4, 2], [3, 3]], "int32") if tokens else numbers(3, 4)
    y = numbers(3, 2, 2) if tokens else numbers(3, 2)
    before = start.get_weights()[0]
    model.fit(x, y, epochs=1, verbose=0)
    assert model.output_shape[-1] == 2
    assert model.layers[-1].kernel.shape == (9973, 2)
    assert not np.array_equal(before, start.get_weights()[0])


def test_data_of_9973_rows_and_columns():
    x = Input((None, 2))
    model = Model(x, layers.Dense(1)(layers.Cropping1D(1)(x)))
    assert model(numbers(2, 9973, 2)).shape == (2, 9971, 1)
    assert model.predict(numbers(9973, 3, 2), batch_size=9973, verbose=0).shape == (9973, 1, 1)


# ---- two unknown axes meet


def meeting(name):
    """A model of two inputs whose time axes are unknown."""
    a, b = Input((None, 4), name="a"), Input((None, 4), name="b")
    built = {
        "Add": lambda: layers.Add()([a, b]),
        "Multiply": lambda: layers.Multiply()([a, b]),
        "Concatenate": lambda: layers.Concatenate()([a, b]),
        "Dot over time": lambda: layers.Dot(axes=1)([a, b]),
        "plus": lambda: a + b,
        "maximum": lambda: ops.maximum(a, b),
        "concatenate": lambda: ops.concatenate([a, b], axis=-1),
        "stack": lambda: ops.stack([a, b]),
        "matmul over time": lambda: ops.matmul(ops.transpose(a, (0, 2, 1)), b),
        "einsum": lambda: ops.einsum("btc,btc->bt", a, b),
        "einsum of attention": lambda: ops.einsum("bqk,bkd->bqd", ops.einsum("bqd,bkd->bqk", a, b), b),
        "attention": lambda: ops.dot_product_attention(*[ops.expand_dims(x, 2) for x in (a, b, b)]),
        "attention by hand": lambda: ops.softmax(a @ ops.transpose(b, (0, 2, 1))) @ b,
        "where": lambda: ops.where(a > 0, a, b),
    }
    return Model([a, b], built[name]())


MEETINGS = {  # the recorded shape, and whether the two times must be equal
    "Add": ((None, None, 4), True),
    "Multiply": ((None, None, 4), True),
    "Concatenate": ((None, None, 8), True),
    "Dot over time": ((None, 4, 4), True),
    "plus": ((None, None, 4), True),
    "maximum": ((None, None, 4), True),
    "concatenate": ((None, None, 8), True),
    "stack": ((2, None, None, 4), True),
    "matmul over time": ((None, 4, 4), True),
    "einsum": ((None, None), True),
    "einsum of attention": ((None, None, 4), False),
    "attention": ((None, None, 1, 4), False),
    "attention by hand": ((None, None, 4), False),
    "where": ((None, None, 4), True),
}


@pytest.mark.parametrize("name", MEETINGS)
def test_two_unknown_axes_meet(name):
    model = meeting(name)
    expected, equal = MEETINGS[name]
    assert model.output_shape == expected
    for time in (1, 3, 6):
        result = model([numbers(2, time, 4), numbers(2, time, 4, seed=2)])
        assert len(result.shape) == len(expected)
        assert all(m in (None, n) for n, m in zip(result.shape, expected, strict=True))
    if not equal:
        assert model([numbers(2, 3, 4), numbers(2, 5, 4)]).shape[:2] == (2, 3)


@pytest.mark.parametrize("name", [name for name, (_, equal) in MEETINGS.items() if equal])
def test_unequal_sizes_are_refused_when_they_are_known(name):
    with pytest.raises(ShapeError) as raised:
        meeting(name)([numbers(2, 3, 4), numbers(2, 5, 4)])
    shapes = [text.split(", ") for text in re.findall(r"\(([\d, ]+)\)", raised.value.passed)]
    assert any("3" in shape for shape in shapes)
    assert any("5" in shape for shape in shapes)
    assert "None" not in raised.value.passed
    with pytest.raises(ShapeError):
        meeting(name).predict([numbers(2, 3, 4), numbers(2, 5, 4)], verbose=0)


def test_batches_of_several_lengths_train():
    a, b = Input((None, 4)), Input((None, 4))
    model = Model([a, b], layers.Dense(1)(layers.GlobalAveragePooling1D()(layers.Conv1D(3, 2)(layers.Add()([a, b])))))
    model.compile("sgd", "mse")
    for time in (3, 5, 4):
        before = model.get_weights()[0]
        model.fit([numbers(6, time, 4), numbers(6, time, 4, seed=2)], numbers(6, 1), epochs=1, batch_size=4, verbose=0)
        assert not np.array_equal(before, model.get_weights()[0])


# ---- flattened sizes


def test_a_dense_layer_after_unknown_flattened_sizes_says_what_is_missing():
    x = layers.Flatten()(Input(IMAGE))
    assert x.shape == (None, None)
    with pytest.raises(ShapeError, match="known size on the last axis"):
        layers.Dense(3)(x)


def test_reshaping_unknown_times():
    x = Input((None, 8))
    model = Model(x, layers.Reshape((-1, 4))(x))
    assert model.output_shape == (None, None, 4)
    for time in (1, 3, 6):
        array = numbers(2, time, 8)
        np.testing.assert_array_equal(model(array).numpy(), array.reshape(2, 2 * time, 4))


# ---- layers that compute with sizes


class PairsOfTimes(layers.Layer):
    """Joins every two times into one."""

    def call(self, inputs):
        b, t, c = inputs.shape
        return ops.reshape(inputs, (b, t // 2, 2 * c))


class PairsByOps(layers.Layer):
    """The same with the shape that `ops.shape` gives."""

    def call(self, inputs):
        b, t, c = ops.shape(inputs)
        return ops.reshape(inputs, (b, t // 2, c * 2))


class HalfOfTimes(layers.Layer):
    """The first half of the times, rounded up."""

    def call(self, inputs):
        return inputs[:, : -(-inputs.shape[1] // 2)]


class FewTimes(layers.Layer):
    """The first times, half of them rounded up, at most 3 and at least 1."""

    def call(self, inputs):
        half = -(-inputs.shape[1] // 2)
        return inputs[:, : max(1, min(half, 3))]


class PaddedTimes(layers.Layer):
    """Zeros after the last time, up to a multiple of 4."""

    def call(self, inputs):
        more = -inputs.shape[1] % 4
        return ops.pad(inputs, ((0, 0), (0, more), (0, 0)))


class Blocks(layers.Layer):
    """Blocks of times: (batch, blocks, 3, channels), without those that are left over."""

    def call(self, inputs):
        b, t, c = inputs.shape
        blocks = (t - 1) // 3 + 1 - (1 if t % 3 else 0)
        return ops.reshape(inputs[:, : 3 * blocks], (b, blocks, 3, c))


class Positions(layers.Layer):
    """Adds to each time its index."""

    def call(self, inputs):
        return inputs + ops.reshape(ops.cast(ops.arange(inputs.shape[1]), inputs.dtype), (-1, 1))


class Zeros(layers.Layer):
    """Puts a vector of zeros before the first time."""

    def call(self, inputs):
        b, _, c = inputs.shape
        return ops.concatenate([ops.zeros((b, 1, c)), inputs], axis=1)


def pairs(x):
    return x.reshape(x.shape[0], x.shape[1] // 2, 2 * x.shape[2])


COMPUTING = {  # the layer, the channels of its output or None for no axis, NumPy's answer, times
    "x.shape": (PairsOfTimes, (None, None, 6), pairs, (2, 4, 8)),
    "ops.shape": (PairsByOps, (None, None, 6), pairs, (2, 4, 8)),
    "ceiling": (HalfOfTimes, (None, None, 3), lambda x: x[:, : -(-x.shape[1] // 2)], (1, 4, 9)),
    "modulo": (PaddedTimes, (None, None, 3), lambda x: np.pad(x, ((0, 0), (0, -x.shape[1] % 4), (0, 0))), (1, 4, 7)),
    "arange": (Positions, (None, None, 3), lambda x: x + np.arange(x.shape[1], dtype="float32")[:, None], (1, 4, 7)),
    "zeros": (Zeros, (None, None, 3), lambda x: np.pad(x, ((0, 0), (1, 0), (0, 0))), (1, 4, 7)),
}


@pytest.mark.parametrize("name", COMPUTING)
def test_a_layer_computes_with_an_unknown_size(name):
    layer, expected, by_numpy, times = COMPUTING[name]
    x = Input((None, 3))
    model = Model(x, layer()(x))
    assert model.output_shape == expected
    for time in times:
        for batch in (1, 2):
            array = numbers(batch, time, 3)
            np.testing.assert_array_equal(model(array).numpy(), by_numpy(array))
            np.testing.assert_array_equal(model.predict(array, verbose=0), by_numpy(array))


CHOOSING = {
    "max and min": (FewTimes, lambda x: x[:, : max(1, min(-(-x.shape[1] // 2), 3))], (1, 4, 9)),
    "if": (Blocks, lambda x: x[:, : x.shape[1] // 3 * 3].reshape(x.shape[0], x.shape[1] // 3, 3, 3), (3, 4, 6, 8)),
}


@pytest.mark.parametrize("name", CHOOSING)
def test_a_choice_by_an_unknown_size_is_right_or_refused(name):
    layer, by_numpy, times = CHOOSING[name]
    x = Input((None, 3))
    try:
        model = Model(x, layer()(x))
    except ChainruleError:
        return
    assert model.output_shape[1] is None
    for time in times:
        array = numbers(2, time, 3)
        np.testing.assert_array_equal(model(array).numpy(), by_numpy(array))


class Loop(layers.Layer):
    """A sum over times, one by one."""

    def call(self, inputs):
        total = inputs[:, 0]
        for i in range(1, inputs.shape[1]):
            total = total + inputs[:, i]
        return total


class LoopOverList(layers.Layer):
    """The same over a list."""

    def call(self, inputs):
        return ops.stack([inputs[:, i] for i in range(inputs.shape[1])], axis=1)


class Shaped(layers.Layer):
    """Weights with as many rows as there are times."""

    def build(self, input_shape):
        self.table = self.add_weight((input_shape[1], input_shape[2]))

    def call(self, inputs):
        return inputs + self.table


@pytest.mark.parametrize(("layer", "shape"), [(Loop, (None, 3)), (LoopOverList, (None, None, 3))])
def test_a_loop_over_an_unknown_axis_runs_once_it_is_known(layer, shape):
    layer = layer()
    x = Input((None, 3))
    y = layer(x)
    assert y.shape == shape
    model = Model(x, y)
    for n in (1, 4, 7):
        np.testing.assert_array_equal(model(numbers(2, n, 3)).numpy(), layer(numbers(2, n, 3)).numpy())


def test_weights_need_the_size_itself():
    with pytest.raises(ChainruleError) as raised:
        Shaped()(Input((None, 3)))
    assert "9973" not in str(raised.value)
    assert Shaped()(Input((5, 3))).shape == (None, 5, 3)


def test_an_error_shows_none_for_an_unknown_size():
    with pytest.raises(ShapeError) as raised:
        layers.Add()([Input((None, 4)), Input((None, 5))])
    assert "None" in str(raised.value)
    assert "9973" not in str(raised.value)
