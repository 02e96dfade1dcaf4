"""Sequential models: built, grown, refused, nested; by hand or by loops."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import ChainruleError, ValueProblem
from chainrule.layers import Conv2D, Dense, Input
from chainrule.models import Sequential
from model_cases import close, dense_by_loop, numbers


def test_sequential_with_input_knows_all_at_once():
    model = Sequential([Input((5,)), Dense(3), layers.ReLU(), Dense(2)])
    assert model.built
    assert model.input_shape == (None, 5)
    assert model.output_shape == (None, 2)
    assert [w.shape for w in model.weights] == [(5, 3), (3,), (3, 2), (2,)]
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "ReLU", "Dense"]
    x = numbers(4, 5)
    hidden = np.maximum(dense_by_loop(x, model.layers[0]), 0)
    close(model(x), dense_by_loop(hidden, model.layers[2]))


def test_sequential_without_input_is_built_by_its_first_call():
    model = Sequential([Dense(3), Dense(2)])
    assert not model.built
    assert model.weights == []
    x = numbers(4, 7)
    close(model(x), dense_by_loop(dense_by_loop(x, model.layers[0]), model.layers[1]))
    assert model.input_shape == (None, 7)
    assert model.count_params() == 7 * 3 + 3 + 3 * 2 + 2


def test_sequential_built_by_a_shape():
    model = Sequential([Dense(3)])
    model.build((None, 4))
    assert model.count_params() == 15
    model.build((None, 9))  # already built: nothing changes
    assert model.count_params() == 15
    batched = Sequential([Dense(3)])
    batched.build((8, 4))
    assert batched.output_shape == (8, 3)


def test_sequential_with_the_old_input_shape():
    model = Sequential([Dense(3, input_shape=(4,)), Dense(1)])
    assert model.input_shape == (None, 4)
    assert model.count_params() == 19
    assert Sequential([Dense(3, input_dim=6)]).count_params() == 21


def test_sequential_add_and_pop():
    model = Sequential(name="tower")
    model.add(Input((4,)))
    model.add(Dense(3))
    assert model.output_shape == (None, 3)
    top = Dense(2)
    model.add(top)
    assert model.output_shape == (None, 2)
    assert len(model.weights) == 4
    assert model.pop() is top
    assert model.output_shape == (None, 3)
    assert len(model.weights) == 2
    model.add(Dense(6))
    assert model(numbers(2, 4)).shape == (2, 6)
    while model.layers:
        model.pop()
    assert model.pop() is None
    assert model.weights == []


def test_sequential_trained_then_grown():
    model = Sequential([Input((4,)), Dense(1)])
    model.compile("adam", "mse")
    x, y = numbers(8, 4), numbers(8, 1)
    model.fit(x, y, verbose=0)
    model.pop()
    model.add(Dense(1))
    before = model.get_weights()
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_sequential_refuses_what_is_no_layer():
    dense = Dense(2)
    with pytest.raises(ValueProblem, match="once"):
        Sequential([dense, dense])
    with pytest.raises(ValueProblem, match="second layer called 'a'"):
        Sequential([Dense(2, name="a"), Dense(3, name="a")])
    with pytest.raises(ValueProblem, match="Lambda"):
        Sequential([Dense(2), lambda x: x])
    with pytest.raises(ValueProblem, match="Activation"):
        Sequential([cr.activations.relu])
    with pytest.raises(ValueProblem):
        Sequential([3])
    with pytest.raises(ValueProblem, match="beginning"):
        Sequential([Dense(2), Input((3,))])
    with pytest.raises(ChainruleError, match="empty"):
        Sequential()(numbers(2, 2))
    with pytest.raises(ChainruleError):
        Sequential(Dense(2))


def test_a_refused_layer_leaves_the_stack_as_it_was():
    model = Sequential([Input((4, 4, 1)), Conv2D(2, 3)])
    with pytest.raises(ChainruleError):
        model.add(Conv2D(2, 5))  # the picture is 2 by 2 by now
    assert model(numbers(1, 4, 4, 1)).shape == (1, 2, 2, 2)
    assert len(model.layers) == 1


def test_functions_inside_a_sequential_model():
    model = Sequential(
        [Input((3,)), layers.Lambda(lambda x: x * 2.0), layers.Activation("tanh"), layers.Activation(ops.square)]
    )
    x = numbers(2, 3)
    close(model(x), np.tanh(2 * x) ** 2)


def test_models_inside_a_sequential_model():
    inner = Sequential([Input((3,)), Dense(2)])
    outer = Sequential([Input((4,)), Dense(3), inner, Dense(1)])
    x = numbers(5, 4)
    step = dense_by_loop(x, outer.layers[0])
    close(outer(x), dense_by_loop(dense_by_loop(step, inner.layers[0]), outer.layers[2]))
    assert len(outer.weights) == 6
    unbuilt = Sequential([Sequential([Dense(2)]), Dense(1)])
    assert unbuilt(x).shape == (5, 1)
    assert len(unbuilt.weights) == 4
