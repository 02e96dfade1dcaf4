"""Each layer against Keras: values, gradients, ten steps of training, arguments."""

import importlib
import inspect
import os

import numpy as np
import pytest
from numpy.testing import assert_allclose

import chainrule as cr
from chainrule import Variable, layers, ops, tensor
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.layers import Layer
from chainrule.transforms.trace import trace
from layer_cases import CASES, inputs_of, mask_for, numbers

ELSEWHERE = {  # tested in a file of their own, or no layers of one tensor
    *("RoIAlign RoIPooling RoIWarp InceptionBlock InputLayer Lambda Layer Rescaling Normalization".split()),
    *("Resizing CenterCrop".split()),
    *("RandomFlip RandomRotation RandomTranslation RandomZoom RandomCrop RandomContrast RandomBrightness".split()),
    *("CategoryEncoding Discretization Pipeline".split()),
}


def test_every_layer_is_tested():
    classes = {
        getattr(layers, name).__name__
        for name in layers.__all__
        if isinstance(getattr(layers, name), type) and issubclass(getattr(layers, name), Layer)
    }
    assert classes - ELSEWHERE == {name for name, *_ in CASES.values()}


def weight_for(variable):
    """A value for a weight; variances are positive."""
    value = numbers(variable.shape, seed=9) if variable.shape else np.array(0.5)
    return np.abs(value) + 0.5 if "variance" in variable.name else value


def shape_of(x):
    return tuple(x.shape)


@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    jax = pytest.importorskip("jax")
    result = pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    narrow = importlib.import_module("keras.src.backend.common.dtypes").BIT64_TO_BIT32_DTYPE
    saved, narrow["float64"] = narrow["float64"], "float64"  # else Keras takes means in float32, whatever the dtype
    yield result
    narrow["float64"] = saved
    jax.config.update("jax_enable_x64", before)


@pytest.mark.heavy
@pytest.mark.parametrize("key", CASES)
def test_against_keras(keras, key):
    import jax

    name, kwargs, shape, ints, mask_shape, train = CASES[key]
    ours = getattr(layers, name)(**kwargs, dtype="float64")
    theirs = getattr(keras.layers, name)(**kwargs, dtype="float64")
    arrays = inputs_of(shape, ints)
    several = isinstance(shape, list)
    passed = [tensor(a) if ints else Variable(a) for a in arrays]
    mask = None if mask_shape is None else mask_for(mask_shape)
    extra = {} if mask is None else {"mask": mask}
    ours(passed if several else passed[0])
    theirs.build([a.shape for a in arrays] if several else arrays[0].shape)

    assert [v.name for v in ours.weights] == [v.name for v in theirs.weights]
    assert [shape_of(v) for v in ours.trainable_weights] == [shape_of(v) for v in theirs.trainable_variables]
    values = [weight_for(v) for v in ours.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    assert ours.count_params() == theirs.count_params()

    takes = "training" in theirs._call_signature.parameters
    moving = [v.value for v in theirs.non_trainable_variables]
    weights = [v.value for v in theirs.trainable_variables]
    for training in (False, True) if train and takes else (False,):
        call = {"training": training} if takes else {}
        out = ours(passed if several else passed[0], training=training, **extra)
        direction = numbers(out.shape, seed=5)

        def run(xs, weights, call=call, direction=direction):
            created, after = theirs.stateless_call(weights, moving, xs if several else xs[0], **call, **extra)
            return (created * direction).sum(), (created, after)

        slopes = jax.jit(jax.grad(run, argnums=1 if ints else (0, 1), has_aux=True))
        required, (expected, after) = slopes(arrays, weights)
        assert shape_of(out) == shape_of(expected)
        assert out.dtype == "float64"
        assert_allclose(out.numpy(), expected, rtol=1e-8, atol=1e-10)
        if training:
            for mine, other in zip(ours.non_trainable_weights, after, strict=True):
                assert_allclose(mine.numpy(), other, rtol=1e-8, atol=1e-10)
        required = list(required) if ints else [*required[0], *required[1]]
        about = [*([] if ints else passed), *ours.trainable_weights]
        result = cr.gradients(ops.sum(out * direction), about, unconnected="zero")
        for mine, other in zip(result, required, strict=True):
            assert_allclose(mine.numpy(), other, rtol=1e-7, atol=1e-8)
        ours.set_weights(values)


FIRST = {
    name: key for key, (name, _, shape, *_, train) in reversed(CASES.items()) if train and not isinstance(shape, list)
}


@pytest.mark.heavy
@pytest.mark.parametrize("key", FIRST.values())
def test_ten_steps_of_training_against_keras(keras, key):
    """From the same weights: the gradient of a squared error, ten times, as a traced step and as Keras's jitted one."""
    import jax

    name, kwargs, shape, ints, mask_shape, _ = CASES[key]
    ours = getattr(layers, name)(**kwargs, dtype="float64")
    theirs = getattr(keras.layers, name)(**kwargs, dtype="float64")
    (array,) = inputs_of(shape, ints)
    mask = None if mask_shape is None else mask_for(mask_shape)
    extra = {} if mask is None else {"mask": mask}
    out = ours(array)
    theirs.build(array.shape)
    if not ours.trainable_weights:
        return
    values = [weight_for(v) for v in ours.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    call = {"training": True} if "training" in theirs._call_signature.parameters else {}
    aim, rate = numbers(out.shape, seed=5), 0.05

    def step(x):
        loss = ops.mean(ops.square(ours(x, training=True, **extra) - aim))
        weights = ours.trainable_weights
        for v, g in zip(weights, cr.gradients(loss, weights, unconnected="zero"), strict=True):
            v.assign(v - rate * g)
        return loss

    def loss_of(weights, moving):
        created, after = theirs.stateless_call(weights, moving, array, **call, **extra)
        return ((created - aim) ** 2).mean(), after

    slope = jax.jit(jax.value_and_grad(loss_of, has_aux=True))
    program = NumpyEngine().program(trace(step, spec_of(array.shape, array.dtype)))
    weights, moving = [v.value for v in theirs.trainable_variables], [v.value for v in theirs.non_trainable_variables]
    for _ in range(10):
        (expected, moving), slopes = slope(weights, moving)
        weights = [w - rate * g for w, g in zip(weights, slopes, strict=True)]
        (result,) = program([array])
        assert_allclose(result, expected, rtol=1e-8)
    for mine, other in zip(ours.trainable_weights, weights, strict=True):
        assert_allclose(mine.numpy(), other, rtol=1e-8, atol=1e-9)


@pytest.mark.heavy
@pytest.mark.parametrize("name", layers.__all__)
def test_arguments_are_those_of_keras(keras, name):
    ours, theirs = getattr(layers, name), getattr(keras.layers, name, None)
    if theirs is None or not inspect.isclass(ours):
        return

    def named(thing):
        parameters = inspect.signature(thing.__init__).parameters.values()
        assert all(p.kind is not p.VAR_POSITIONAL for p in parameters) or thing is theirs
        return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]

    assert named(ours) == [n for n in named(theirs) if n not in ("lora_rank", "lora_alpha", "quantization_config")]
