"""Functional models: shared layers, several inputs and outputs, operations between layers; by hand or by loops."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import GraphError, ShapeError, ValueProblem
from chainrule.layers import Dense, Input, Layer
from chainrule.models import Model
from model_cases import Affine, Named, close, dense_by_loop, numbers


def test_a_shared_layer_is_one_layer():
    a, b = Input((3,)), Input((3,))
    shared = Dense(2)
    model = Model([a, b], shared(a) - shared(b))
    x, z = numbers(4, 3), numbers(4, 3)
    close(model([x, z]), dense_by_loop(x, shared) - dense_by_loop(z, shared))
    assert len(model.weights) == 2
    assert sum(layer is shared for layer in model.layers) == 1


def test_a_shared_layers_gradient_is_the_sum_over_its_uses():
    a, b = Input((3,)), Input((3,))
    shared = Dense(1, use_bias=False)
    model = Model([a, b], shared(a) + 2.0 * shared(b))
    x, z = numbers(4, 3), numbers(4, 3)
    (grad,) = cr.gradients(ops.sum(model([x, z])), [shared.kernel])
    close(grad, (x.sum(0) + 2 * z.sum(0))[:, None])


@pytest.mark.parametrize("form", ["list", "tuple", "dict"])
def test_several_inputs_and_outputs(form):
    left, right = Input((3,), name="left"), Input((2,), name="right")
    p, q = Dense(4, name="p"), Dense(1, name="q")
    joined = layers.concatenate([left, right])
    ends = {"list": [p(joined), q(right)], "tuple": (p(joined), q(right)), "dict": {"one": p(joined), "two": q(right)}}
    begins = {"list": [left, right], "tuple": (left, right), "dict": {"left": left, "right": right}}
    model = Model(begins[form], ends[form])
    x, z = numbers(5, 3), numbers(5, 2)
    passed = {"list": [x, z], "tuple": (x, z), "dict": {"right": z, "left": x}}[form]
    result = model(passed)
    want = dense_by_loop(np.concatenate([x, z], 1), p), dense_by_loop(z, q)
    if form == "dict":
        assert list(result) == ["one", "two"]
        result = list(result.values())
    assert len(result) == 2
    for a, b in zip(result, want, strict=True):
        close(a, b)
    message = model.predict(passed, verbose=0)
    close(message["two"] if form == "dict" else message[1], want[1])
    assert model.output_names == (["one", "two"] if form == "dict" else ["p", "q"])
    assert model.input_names == ["left", "right"]


def test_inputs_by_name_and_errors_that_name_them():
    left, right = Input((3,), name="left"), Input((2,), name="right")
    model = Model([left, right], layers.concatenate([left, right]))
    x, z = numbers(5, 3), numbers(5, 2)
    close(model({"right": z, "left": x}), np.concatenate([x, z], 1))
    with pytest.raises(ValueProblem, match="right"):
        model({"left": x})
    with pytest.raises(ShapeError, match="left"):
        model([z, x])
    with pytest.raises(ShapeError, match="1 inputs"):
        model([x])


def test_sub_models_nested_and_shared():
    a = Input((3,))
    inner = Model(a, Dense(2, activation="tanh")(a), name="inner")
    x, z = Input((3,)), Input((3,))
    middle_in = Input((3,))
    middle = Model(middle_in, inner(middle_in) * 3.0, name="middle")
    model = Model([x, z], [inner(x), middle(z) + inner(z)])
    u, v = numbers(4, 3), numbers(4, 3)
    dense = inner.layers[-1]
    one, two = model([u, v])
    close(one, np.tanh(dense_by_loop(u, dense)))
    close(two, 4 * np.tanh(dense_by_loop(v, dense)))
    assert len(model.weights) == 2
    assert model.get_layer("middle").get_layer("inner") is inner


def test_plain_operations_and_slices_between_layers():
    x = Input((6,))
    h = x[:, 1:4] * 2.0 - 1.0
    h = ops.tanh(h) + ops.mean(x, axis=1, keepdims=True)
    h = 1.0 / (1.0 + ops.abs(h))
    dense = Dense(2)
    model = Model(x, dense(h)[..., ::-1])
    u = numbers(5, 6)
    h = np.tanh(u[:, 1:4] * 2 - 1) + u.mean(1, keepdims=True)
    close(model(u), dense_by_loop(1 / (1 + np.abs(h)), dense)[:, ::-1])
    close(model.predict(u, verbose=0, batch_size=2), model(u))


class TwoEnds(Layer):
    def call(self, inputs):
        return {"sum": ops.sum(inputs, axis=-1), "pair": (inputs * 2, inputs * 3)}


def test_calls_with_keywords_and_tensors_in_keywords():
    x, s = Input((3,)), Input((2,))
    layer = Affine(2)
    model = Model([x, s], layer(x, scale=0.5, shift=s))
    u, v = numbers(4, 3), numbers(4, 2)
    close(model([u, v]), u @ layer.kernel.numpy() * 0.5 + v)


def test_a_layer_with_several_outputs():
    x = Input((3,))
    ends = TwoEnds()(x)
    model = Model(x, [ends["pair"][1], ends["sum"]])
    u = numbers(4, 3)
    three, total = model(u)
    close(three, u * 3)
    close(total, u.sum(-1))
    assert len(model.output_names) == len(set(model.output_names)) == 2


def test_a_subclass_that_gives_inputs_and_outputs():
    model = Named(3, name="mine")
    assert model.name == "mine"
    assert model.output_shape == (None, 3)
    assert [layer.name for layer in model.layers][-2:] == ["end", "extra"]
    model.compile("sgd", "mse")
    logs = model.fit(numbers(6, 4), numbers(6, 3), verbose=0).history
    assert logs["units"] == [3.0]
    again = Named.from_config(model.get_config())
    assert again.units == 3
    assert again.output_shape == (None, 3)


def test_disconnected_graphs_are_refused():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    out = Dense(1)(a)
    with pytest.raises(GraphError, match="'a'"):
        Model(b, out)
    with pytest.raises(GraphError, match="'b'"):
        Model([a, b], out)
    with pytest.raises(GraphError, match="Input"):
        Model(a, numbers(2, 3))
    with pytest.raises(GraphError, match="Input"):
        Model(numbers(2, 3), out)
    with pytest.raises(ValueProblem, match="both"):
        Model(inputs=a)
    with pytest.raises(ValueProblem, match="two layers called 'same'"):
        Model(a, Dense(1, name="same")(Dense(2, name="same")(a)))


def test_a_model_of_a_models_middle():
    x = Input((3,))
    h = Dense(4, name="hidden")(x)
    full = Model(x, Dense(1)(h))
    part = Model(full.input, full.get_layer("hidden").output)
    u = numbers(2, 3)
    close(part(u), dense_by_loop(u, full.get_layer("hidden")))
    tail_in = full.get_layer("hidden").output
    tail = Model(tail_in, full.output)
    v = numbers(2, 4)
    close(tail(v), dense_by_loop(v, full.layers[-1]))


def test_a_layers_input_and_output():
    a, b = Input((3,)), Input((3,))
    shared, joined, ends = Dense(2), layers.Add(), TwoEnds()
    first = shared(a)
    out = ends(joined([first, shared(b)]))
    Model([a, b], out["sum"])
    assert len(joined.input) == 2
    assert joined.output.shape == (None, 2)
    assert len(ends.output) == 3
    assert joined.input[0] is first
    with pytest.raises(GraphError, match="2 times"):
        _ = shared.output
    with pytest.raises(GraphError, match="0 times"):
        _ = Dense(1).input

    class Holds(Model):
        def __init__(self):
            super().__init__()
            self.out = Holder()

        def call(self, x):
            return self.out(x)

    class Holder(Layer):
        def __init__(self):
            super().__init__()
            self.output = Dense(1)  # a part of its own under that name

        def call(self, x):
            return self.output(x)

    assert Holds()(numbers(2, 2)).shape == (2, 1)


def test_a_layers_calls_are_forgotten_with_their_models():
    dense = Dense(2)
    for _ in range(5):
        x = Input((3,))
        out = dense(x)
    assert dense.output is out
    assert dense.input is x


def test_an_input_that_is_an_output():
    x = Input((3,), name="x")
    model = Model(x, [x, Dense(1)(x)])
    u = numbers(2, 3)
    close(model(u)[0], u)
