"""Models as data and as copies: configuration, JSON, clones, pickles."""

import copy
import json
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, models, ops
from chainrule.core.errors import ChainruleError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from model_cases import KINDS, Affine, Blocks, Named, close, functional_model, numbers, outputs


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["config", "clone", "json"])
def test_the_same_structure_again(kind, way):
    make, data = KINDS[kind]
    model, x = make(), data()
    want = outputs(model, x)
    custom = {"Blocks": Blocks, "Named": Named}
    if way == "config":
        again = type(model).from_config(model.get_config())
    elif way == "clone":
        again = models.clone_model(model)
    else:
        again = models.model_from_json(model.to_json(), custom_objects=custom)
    assert type(again) is type(model)
    outputs(again, x)
    assert not {id(w) for w in again.weights} & {id(w) for w in model.weights}
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    again.set_weights(model.get_weights())
    for a, b in zip(outputs(again, x), want, strict=True):
        np.testing.assert_array_equal(a, b)
    assert json.loads(again.to_json()) == json.loads(model.to_json())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies(kind, way):
    make, data = KINDS[kind]
    model, x = make(), data()
    want = outputs(model, x)
    again = way(model)
    for a, b in zip(outputs(again, x), want, strict=True):
        np.testing.assert_array_equal(a, b)
    again.set_weights([w + 1 for w in again.get_weights()])
    for a, b in zip(outputs(model, x), want, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_copy_trains_on_as_its_original():
    model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(1)])
    model.compile(cr.optimizers.Adam(0.01), "mse", metrics=["mae"])
    x, y = numbers(12, 3), numbers(12, 1)
    model.fit(x, y, verbose=0, shuffle=False, batch_size=5)
    again = copy.deepcopy(model)
    for m in (model, again):
        m.fit(x, y, verbose=0, shuffle=False, batch_size=5)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def plus_one(x):
    return x + 1.0


def own_loss(y, y_pred):
    return ops.mean(ops.abs(y - y_pred), axis=-1)


@pytest.mark.parametrize("way", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_of_models_with_layers_and_functions_of_ones_own(way):
    model = Sequential([Input((3,)), Affine(2), layers.Lambda(plus_one), Dense(2, activation=plus_one)])
    model.compile("sgd", own_loss)
    x = numbers(4, 3)
    again = way(model)
    close(again(x), model(x))
    assert type(again.layers[0]) is Affine
    assert again.layers[1].function is plus_one
    assert again.evaluate(x, x[:, :2], verbose=0) == pytest.approx(model.evaluate(x, x[:, :2], verbose=0))
    with pytest.raises(ChainruleError, match="unknown name 'Affine'"):  # files still name nothing that is not known
        models.model_from_json(model.to_json())


def test_a_lambda_cannot_be_copied_and_says_so():
    with pytest.raises(ValueProblem, match="lambda"):
        copy.deepcopy(Sequential([Input((3,)), layers.Lambda(lambda x: x + 1.0)]))


def test_trainable_is_kept_in_the_configuration():
    model = Sequential([Input((3,)), Dense(2), Dense(1)])
    model.layers[0].trainable = False
    again = models.clone_model(model)
    assert [layer.trainable for layer in again.layers] == [False, True]
    model.trainable = False
    for created in (models.clone_model(model), Sequential.from_config(model.get_config())):
        assert created.trainable_weights == []
    net = functional_model()
    net.trainable = False
    assert models.clone_model(net).trainable_weights == []


def test_clone_with_a_function_of_ones_own():
    model = Sequential([Input((3,)), Dense(2, name="a"), Dense(1, name="b")])
    changed = models.clone_model(
        model, clone_function=lambda layer: Dense(layer.units, use_bias=False, name=layer.name)
    )
    assert [w.shape for w in changed.weights] == [(3, 2), (2, 1)]


BROKEN = '{"module": "models", "class_name": "Sequential", "config": {}}'


def test_json_that_is_none():
    for text in ("", "{", "[1]", '{"class_name": "os.system", "config": "ls"}', '"x"', "3", BROKEN):
        with pytest.raises(ChainruleError):
            models.model_from_json(text)
