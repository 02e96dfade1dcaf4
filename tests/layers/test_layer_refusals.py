"""Symbolic calls, when weights are made, and what layers refuse."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from chainrule import layers, ops
from chainrule.core.errors import ChainruleError, DTypeError, ShapeError
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.layers import Input, Layer
from chainrule.transforms.trace import trace
from layer_cases import numbers


class Holder(Layer):
    """Needs the batch's size."""

    def __init__(self, inside):
        super().__init__()
        self.in_layer = inside

    def call(self, inputs):
        return self.in_layer(inputs) + ops.zeros((int(inputs.shape[0]), 1))


def test_a_call_on_an_input_is_symbolic():
    x = Input((28, 28, 1))
    y = layers.Dense(10)(layers.Flatten()(layers.MaxPooling2D()(layers.Conv2D(4, 3)(x))))
    assert y.shape == (None, 10)
    assert y.symbolic
    out = layers.Dropout(0.5)(layers.BatchNormalization()(y))
    assert out.shape == (None, 10)


@pytest.mark.parametrize("make", [lambda: layers.Dense(3), layers.BatchNormalization, lambda: layers.Conv1D(2, 1)])
def test_no_weight_is_made_of_an_unknown_size(make):
    layer = make()
    with pytest.raises(ShapeError, match="known"):
        layer(Input((4, None)))
    assert layer.weights == []
    stored = Holder(make())
    with pytest.raises(ShapeError, match="known"):
        stored(Input((4, None)))
    assert stored.weights == []


def test_what_needs_the_batch_is_built_with_known_sizes():
    layer = Holder(layers.Dense(3))
    assert layer(Input((5,))).shape == (None, 3)
    assert layer.in_layer.kernel.shape == (5, 3)


def test_build_may_be_called_directly():
    layer = layers.Dense(3, name="mine")
    layer.build((None, 2))
    kernel = layer.kernel
    assert layer.built
    layer(np.ones((4, 2)))
    assert layer.kernel is kernel
    assert [v.path for v in layer.weights] == ["mine/kernel", "mine/bias"]
    called = layers.Dense(3, name="other")
    called(np.ones((4, 2)))
    assert [v.path for v in called.weights] == ["other/kernel", "other/bias"]
    plain = layers.ReLU()
    plain.build((None, 2))
    assert plain.built


def test_an_error_names_layer_chain_cause_and_mend():
    x = Input((8, 9, 3), name="pictures")
    conv = layers.Conv2D(4, 3, name="first")
    dense = layers.Dense(5, name="last")
    dense.build((None, 7))
    with pytest.raises(ShapeError) as caught:
        dense(conv(x))
    said = str(caught.value)
    for part in ("Dense 'last'", "first", "(None, 6, 7, 4)", "7", "Flatten"):
        assert part in said


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: layers.Dense(0), "units=0"),
        (lambda: layers.Dense(2.5), "units=2.5"),
        (lambda: layers.Dense(2, name="a/b"), "a/b"),
        (lambda: layers.Conv2D(3, (2, 2, 2)), "kernel_size"),
        (lambda: layers.Conv2D(3, 2, padding="half"), "half"),
        (lambda: layers.Conv2D(3, 2, groups=2), "groups"),
        (lambda: layers.Conv2D(4, 2, strides=2, dilation_rate=2), "dilation_rate"),
        (lambda: layers.Conv2D(4, 2, data_format="NCHW"), "NCHW"),
        (lambda: layers.MaxPooling2D(2, padding="x"), "'x'"),
        (lambda: layers.Permute((1, 1)), "dims"),
        (lambda: layers.Reshape((-1, -1)), "-1"),
        (lambda: layers.Reshape((4,))(np.ones((2, 3))), "3 entries"),
        (lambda: layers.Cropping1D(2)(np.ones((1, 4, 1))), "cropped"),
        (lambda: layers.GroupNormalization(4)(np.ones((1, 2, 6))), "6 channels"),
        (lambda: layers.Dot(axes=1)([np.ones((2, 3)), np.ones((2, 4))]), "axes"),
        (lambda: layers.Add()(np.ones((2, 3))), "list"),
        (lambda: layers.Subtract()([np.ones((2, 3))] * 3), "two"),
        (lambda: layers.Dense(3)(np.ones(4)), "2 axes"),
        (lambda: layers.Dense(3).count_params(), "weights"),
        (lambda: layers.Dense(3).set_weights([np.ones((2, 3))]), "build"),
        (lambda: layers.Input(shape=(2.5,)), "2.5"),
        (lambda: layers.Input(), "shape"),
        (lambda: layers.Activation("reIu"), "relu"),
        (lambda: layers.Dense(3)("abc"), "str"),
        (lambda: layers.Dense(3)(None), "NoneType"),
        (lambda: layers.Dense(3)(), "without inputs"),
        (lambda: layers.Conv2D(3, 2.5), "kernel_size=2.5"),
        (lambda: layers.UpSampling2D(0), "size=0"),
        (lambda: layers.UpSampling2D((2,)), "size="),
        (lambda: layers.ZeroPadding2D(1.5), "padding=1.5"),
        (lambda: layers.ZeroPadding2D((1.5, 2)), "padding"),
        (lambda: layers.Cropping1D(-1), "cropping"),
        (lambda: layers.BatchNormalization(axis=5)(np.ones((2, 3))), "axis 5"),
        (lambda: layers.LayerNormalization(axis=[1, 5])(np.ones((2, 3))), "5"),
        (lambda: layers.RMSNormalization(axis=5)(np.ones((2, 3))), "axis 5"),
        (lambda: layers.Dot(axes=(1, 2, 3)), "axes="),
        (lambda: layers.MaxPooling2D(2, padding=3), "padding=3"),
        (lambda: layers.LeakyReLU("a"), "negative_slope='a'"),
        (lambda: layers.LeakyReLU(-1.0), "negative_slope=-1.0"),
        (lambda: layers.Dropout(0.5, (3,))(np.ones((2, 3)), training=True), "noise_shape"),
        (lambda: layers.AlphaDropout(0.5, (2, 2))(np.ones((2, 3)), training=True), "noise_shape"),
        (lambda: layers.AlphaDropout(1.0), "below 1"),
        (lambda: layers.GaussianDropout(1), "below 1"),
    ],
)
def test_what_does_not_fit_is_refused(make, said):
    with pytest.raises(ChainruleError, match=said.replace("(", r"\(").replace(".", r"\.")):
        make()


def test_inputs_by_name_and_rates_of_numpy():
    layer = layers.Dense(2, kernel_initializer="ones")
    assert layer(inputs=[[1.0, 2.0]]).tolist() == [[3, 3]]
    assert layers.Dropout(np.float32(0.5)).rate == 0.5
    noisy = layers.AlphaDropout(0.5, noise_shape=(None, 1), seed=1)(np.ones((50, 3)), training=True).numpy()
    assert (noisy == noisy[:, :1]).all()
    assert len(np.unique(noisy)) == 2


def test_a_traced_step_keeps_the_moving_statistics():
    layer = layers.BatchNormalization(momentum=0.5)
    x = numbers((4, 3)).astype("float32")
    step = trace(lambda x: layer(x, training=True), spec_of(x.shape, x.dtype))
    assert [v.name for v in step.writes] == ["moving_mean", "moving_variance"]
    assert_array_equal(layer.moving_mean.numpy(), np.zeros(3))
    NumpyEngine().program(step)([x])
    assert_allclose(layer.moving_mean.numpy(), x.mean(0) / 2, rtol=1e-5)
    assert_allclose(layer.moving_variance.numpy(), 0.5 + x.var(0) / 2, rtol=1e-5)


def test_set_weights_is_all_or_nothing():
    layer = layers.Dense(2)
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(ShapeError, match="bias"):
        layer.set_weights([np.ones((3, 2)), np.ones(3)])
    assert_array_equal(layer.get_weights()[0], before[0])


def test_unknown_arguments_are_type_errors():
    with pytest.raises(TypeError, match="untis"):
        layers.Dense(2, untis=3)
    with pytest.raises(DTypeError):
        layers.Lambda(3)
