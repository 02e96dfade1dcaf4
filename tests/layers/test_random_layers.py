"""Layers that draw: dropout and noise keep the moments they should, and their streams."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import chainrule as cr
from chainrule import Variable, layers, ops
from chainrule.core.errors import ValueProblem
from chainrule.graph import spec_of
from chainrule.transforms.trace import trace
from layer_cases import numbers


def shared(found, x, axes):
    """Whether entries fall together along these axes."""
    zero = found == 0
    return all((zero == zero.take([0], axis=a)).all() for a in axes) and x.all()


@pytest.mark.parametrize(
    ("layer", "shape", "together"),
    [
        (lambda: layers.Dropout(0.4, seed=1), (50, 40), ()),
        (lambda: layers.Dropout(0.4, noise_shape=(None, 1), seed=1), (400, 5), (1,)),
        (lambda: layers.Dropout(0.4, noise_shape=(1, 400), seed=1), (5, 400), (0,)),
        (lambda: layers.SpatialDropout1D(0.4, seed=1), (20, 3, 30), (1,)),
        (lambda: layers.SpatialDropout2D(0.4, seed=1), (20, 3, 4, 30), (1, 2)),
        (lambda: layers.SpatialDropout2D(0.4, "channels_first", seed=1), (20, 30, 3, 4), (2, 3)),
        (lambda: layers.SpatialDropout3D(0.4, seed=1), (20, 3, 2, 2, 30), (1, 2, 3)),
    ],
)
def test_dropout(layer, shape, together):
    x = np.abs(numbers(shape)) + 1
    result = layer()(x, training=True).numpy()
    saved = result != 0
    assert_allclose(result, np.where(saved, x / 0.6, 0), rtol=1e-6)
    assert shared(result, x, together)
    free = saved.size // int(np.prod([shape[a] for a in together], initial=1))
    assert abs(saved.mean() - 0.6) < 5 * np.sqrt(0.24 / free)
    assert_array_equal(layer()(x).numpy(), x.astype("float32"))
    assert_array_equal(layer()(x, training=True).numpy(), result)


def test_dropout_of_all_and_of_none():
    x = numbers((3, 4)).astype("float32")
    assert_array_equal(layers.Dropout(0.0)(x, training=True).numpy(), x)
    assert_array_equal(layers.Dropout(1.0)(x, training=True).numpy(), np.zeros((3, 4)))
    with pytest.raises(ValueProblem, match=r"rate=1\.5"):
        layers.Dropout(1.5)


def test_dropout_passes_the_gradient_of_what_it_kept():
    layer, x = layers.Dropout(0.5, seed=2, dtype="float64"), Variable(np.ones((4, 5)))
    out = layer(x, training=True)
    (gradient,) = cr.gradients(ops.sum(out), [x])
    assert_array_equal(gradient.numpy(), out.numpy())


def test_noise_has_the_moments_it_should():
    x = np.full((200, 100), 3.0)
    added = layers.GaussianNoise(0.5, seed=1, dtype="float64")(x, training=True).numpy() - 3
    assert abs(added.mean()) < 5 * 0.5 / np.sqrt(x.size)
    assert added.std() == pytest.approx(0.5, rel=0.02)
    factor = layers.GaussianDropout(0.2, seed=1, dtype="float64")(x, training=True).numpy() / 3
    assert factor.mean() == pytest.approx(1, abs=5 * 0.5 / np.sqrt(x.size))
    assert factor.std() == pytest.approx(0.5, rel=0.02)  # sqrt(0.2 / 0.8)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(1).normal(size=(300, 200))
    result = layers.AlphaDropout(0.3, seed=1, dtype="float64")(x, training=True).numpy()
    assert result.mean() == pytest.approx(0, abs=0.03)
    assert result.std() == pytest.approx(1, abs=0.03)
    low = -1.0507009873554805 * 1.6732632423543772
    scale = (0.7 * (1 + 0.3 * low**2)) ** -0.5
    saved = ~np.isclose(result, scale * low * 0.7)
    assert_allclose(result[saved], scale * (x[saved] - low * 0.3), rtol=1e-9, atol=1e-9)
    assert saved.mean() == pytest.approx(0.7, abs=0.01)


def test_a_stream_moves_on_and_starts_again():
    x = np.ones((10, 10))
    layer = layers.Dropout(0.5, seed=5)
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert (first != second).any()
    assert_array_equal(layers.Dropout(0.5, seed=5)(x, training=True).numpy(), first)


def test_another_dropout_leaves_the_kernels_as_they_were():
    def kernels(noise):
        cr.set_random_seed(11)
        first = layers.Dense(4)
        first.build((None, 3))
        if noise:
            layers.Dropout(0.5)(np.ones((2, 4)), training=True)
        second = layers.Dense(5)
        second.build((None, 4))
        return first.kernel.numpy(), second.kernel.numpy()

    for a, b in zip(kernels(False), kernels(True), strict=True):
        assert_array_equal(a, b)


def test_dropout_in_a_traced_step_moves_its_stream():
    layer = layers.Dropout(0.5, seed=1)
    step = trace(lambda x: layer(x, training=True), spec_of((4, 3), np.dtype("float32")))
    assert layer.seed_generator.state in step.writes


def test_activity_is_penalised():
    layer = layers.ActivityRegularization(l1=0.5, l2=0.25)
    layer([[1.0, -2.0], [0.0, 3.0]])
    assert float(layer.losses[0]) == pytest.approx((0.5 * 6 + 0.25 * 14) / 2)
