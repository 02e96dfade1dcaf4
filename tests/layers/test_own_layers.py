"""Masks, and layers of one's own: what they hold, and what is passed down to them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from chainrule import Variable, layers, ops, tensor
from chainrule.core.errors import GraphError
from chainrule.layers import Layer
from chainrule.layers.call_context import mask_of, set_mask

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
