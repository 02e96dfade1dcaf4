"""Models of all three kinds: their structure, calls, weights, numbers, and copies, checked by hand or by loops."""

import copy
import gc
import json
import pickle
import re
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, models, ops
from chainrule.core.errors import ChainruleError, GraphError, ShapeError, ValueProblem
from chainrule.layers import (
    Conv2D,
    Dense,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
)
from chainrule.models import Model, Sequential

RNG = np.random.default_rng(5)


def numbers(*shape):
    return RNG.normal(size=shape).astype("float32")


def dense_by_loop(x, layer):
    kernel, bias = layer.get_weights()
    out = np.zeros((len(x), kernel.shape[1]))
    for i in range(len(x)):
        for j in range(kernel.shape[1]):
            out[i, j] = sum(float(x[i, k]) * float(kernel[k, j]) for k in range(kernel.shape[0])) + bias[j]
    return out


def close(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=2e-5, atol=2e-6)


# ---- Sequential


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


# ---- functional


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


class Affine(Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def call(self, inputs, scale=1.0, shift=None):
        out = ops.matmul(inputs, self.kernel) * scale
        return out if shift is None else out + shift


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


class Named(Model):
    def __init__(self, units, **kwargs):
        x = Input((4,))
        super().__init__(inputs=x, outputs=Dense(units, name="end")(x), **kwargs)
        self.units = units
        self.extra = Dense(1, name="extra")

    def train_step(self, data):
        result = super().train_step(data)
        return {**result, "units": ops.convert_to_tensor(float(self.units))}


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


def test_graphs_that_do_not_hang_together():
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


# ---- subclassing


class Blocks(Model):
    """Layers in nested lists and dictionaries."""

    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.towers = [[Dense(width, activation="relu"), Dense(width)], [Dense(width)]]
        self.named = {"end": Dense(1), "drop": layers.Dropout(0.5)}

    def call(self, inputs, training=None, mask=None):
        total = 0.0
        for tower in self.towers:
            x = inputs
            for layer in tower:
                x = layer(x)
            total = total + x
        return self.named["end"](self.named["drop"](total, training=training))


def test_nested_lists_and_dictionaries_of_layers():
    model = Blocks()
    x = numbers(4, 3)
    out = model(x)
    assert len(model.layers) == 5
    assert len(model.weights) == 8
    (a, b), (c,) = model.towers
    total = dense_by_loop(np.maximum(dense_by_loop(x, a), 0), b) + dense_by_loop(x, c)
    close(out, dense_by_loop(total, model.named["end"]))


class EpochBatches(Layer):
    supports_masking = True

    def call(self, inputs, training=None, mask=None):
        self.seen = (training, mask is not None)
        return inputs * 2.0 if training else inputs


class Outer(Model):
    def __init__(self):
        super().__init__()
        self.mask, self.deep = layers.Masking(), Sequential([EpochBatches()])
        self.direct = EpochBatches()

    def call(self, inputs, training=None):
        return self.direct(self.deep(self.mask(inputs)))


def test_training_and_mask_go_down():
    model, x = Outer(), np.ones((2, 3, 1), "float32")
    close(model(x, training=True), 4 * x)
    assert model.direct.seen == (True, True)
    assert model.deep.layers[0].seen == (True, True)
    close(model(x, training=False), x)
    close(model(x), x)
    assert model.direct.seen[0] is False
    close(model.predict(x, verbose=0), x)


def test_training_given_to_one_layer_holds_for_it_alone():
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = EpochBatches(), EpochBatches()

        def call(self, inputs, training=None):
            return self.b(self.a(inputs, training=False))

    close(Two()(np.ones((1, 2), "float32"), training=True), [[2.0, 2.0]])


class Penalized(Layer):
    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", regularizer=cr.regularizers.L2(0.5))
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

    def call(self, inputs):
        self.seen.assign_add(1.0)
        self.add_loss(self.rate * ops.mean(ops.square(inputs)))
        return inputs * self.factor


def test_a_custom_layers_weights_and_losses():
    x, y = numbers(6, 3), numbers(6, 3)
    model = Sequential([Input((3,)), Penalized(0.25)])
    model.compile(cr.optimizers.SGD(0.0), "mse")
    loss = model.evaluate(x, y, verbose=0, batch_size=6)
    assert loss == pytest.approx(((x - y) ** 2).mean() + 0.25 * (x**2).mean() + 0.5 * 3, rel=1e-5)
    before = model.layers[0].seen.numpy()
    model.fit(x, y, batch_size=2, epochs=2, verbose=0)
    assert model.layers[0].seen.numpy() - before == 6
    assert [w.name for w in model.non_trainable_weights] == ["seen"]


class Own(Model):
    """Every method that Keras lets a subclass override."""

    def __init__(self):
        super().__init__()
        self.dense = Dense(1, use_bias=False, kernel_initializer="ones")
        self.tracked = cr.metrics.Mean(name="tracked")
        self.counted = cr.metrics.Sum(name="counted")

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, data):
        x, y = data
        y_pred = self(x, training=True)
        loss = ops.mean(ops.abs(y - y_pred))
        grads = cr.gradients(loss, self.trainable_variables)
        self.optimizer.apply(grads, self.trainable_variables)
        self.tracked.update_state(loss)
        self.counted.update_state(1.0)
        return {m.name: m.result() for m in (self.tracked, self.counted)}

    def test_step(self, data):
        _x, _y = data
        self.counted.update_state(10.0)
        return {"counted": self.counted.result()}


def test_own_train_step_and_test_step():
    model = Own()
    model.compile(optimizer=cr.optimizers.SGD(0.1))
    x, y = np.array([[1.0, 2.0], [3.0, -1.0]], "float32"), np.array([[0.0], [9.0]], "float32")
    kernel = np.ones((2, 1))
    losses = []
    for _ in range(2):  # two epochs of two batches of one
        means = []
        for i in range(2):
            error = x[i] @ kernel - y[i]
            means.append(abs(error[0]))
            kernel -= 0.1 * np.sign(error[0]) * x[i][:, None]
        losses.append(np.mean(means))
    history = model.fit(x, y, batch_size=1, epochs=2, shuffle=False, verbose=0).history
    close(history["tracked"], losses)
    assert history["counted"] == [2.0, 2.0]  # reset for each epoch: metrics held by the model are found
    close(model.dense.kernel.numpy(), kernel)
    assert model.evaluate(x, y, batch_size=1, verbose=0) == 20.0


class OwnLoss(Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(1, use_bias=False, kernel_initializer="ones")

    def call(self, inputs):
        return self.dense(inputs)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(ops.square(y - y_pred)) + 3.0

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        result = super().compute_metrics(x, y, y_pred, sample_weight)
        result["largest"] = ops.max(y_pred)
        return result


def test_own_compute_loss_and_compute_metrics():
    model = OwnLoss()
    model.compile("sgd", metrics=["mae"])
    x = np.array([[1.0, 2.0], [3.0, -1.0]], "float32")
    y = np.array([[0.0], [9.0]], "float32")
    result = model.evaluate(x, y, verbose=0, return_dict=True)
    error = x.sum(1) - y[:, 0]
    assert result["loss"] == pytest.approx((error**2).mean() + 3) or "loss" in result
    assert result["mae"] == pytest.approx(np.abs(error).mean())
    assert result["largest"] == 3.0
    trained = model.fit(x, y, verbose=0).history
    assert trained["loss"] == [pytest.approx((error**2).mean() + 3)]


class Both(Model):
    def __init__(self):
        super().__init__()
        self.a, self.b = Dense(2), Dense(1)

    def call(self, inputs):
        return {"one": self.a(inputs["u"]), "two": self.b(inputs["v"])}


def test_a_subclass_of_dictionaries():
    model = Both()
    model.compile("sgd", {"one": "mse", "two": "mae"}, metrics={"two": ["mae"]})
    x = {"u": numbers(5, 3), "v": numbers(5, 2)}
    y = {"one": numbers(5, 2), "two": numbers(5, 1)}
    result = model.evaluate(x, y, verbose=0, return_dict=True)
    one = ((dense_by_loop(x["u"], model.a) - y["one"]) ** 2).mean()
    two = np.abs(dense_by_loop(x["v"], model.b) - y["two"]).mean()
    assert result["loss"] == pytest.approx(one + two, rel=1e-5)
    assert result["two_mae"] == pytest.approx(two, rel=1e-5)
    assert result["one_loss"] == pytest.approx(one, rel=1e-5)


def test_a_layer_made_without_super_is_named():
    class Forgot(Model):
        def __init__(self):
            self.dense = Dense(1)

    with pytest.raises(GraphError, match="super"):
        Forgot()(numbers(2, 2))

    class NoCall(Model):
        pass

    with pytest.raises(NotImplementedError, match="call"):
        NoCall()(numbers(2, 2))


# ---- looking into a model


def test_get_layer_and_order():
    model = Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b")])
    assert model.get_layer("b") is model.layers[1] is model.get_layer(index=-1)
    for wrong in ({"name": "c"}, {"index": 2}, {"index": -3}, {}):
        with pytest.raises(ValueProblem):
            model.get_layer(**wrong)


def test_weights_are_in_keras_order():
    model = Sequential([Input((4,)), Dense(3), layers.BatchNormalization(), Dense(2)])
    assert [w.path.split("/", 1)[-1].split("/")[-1] for w in model.weights] == [
        "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "kernel", "bias",
    ]  # fmt: skip
    assert len(model.trainable_weights) == 6
    assert len(model.non_trainable_weights) == 2


def test_set_weights_all_or_nothing():
    model = Sequential([Input((4,)), Dense(3)])
    first = model.get_weights()
    with pytest.raises(ShapeError):
        model.set_weights([np.ones((4, 3)), np.ones(2)])
    with pytest.raises(ValueProblem):
        model.set_weights([np.ones((4, 3))])
    assert all((a == b).all() for a, b in zip(first, model.get_weights(), strict=True))
    got = model.get_weights()
    got[0][:] = 7  # a copy
    assert (model.get_weights()[0] != 7).all()


def test_freezing():
    model = Sequential([Input((4,)), Dense(3, name="a"), Sequential([Dense(2, name="b")], name="inner"), Dense(1)])
    model.get_layer("inner").trainable = False
    assert not model.get_layer("inner").layers[0].trainable
    assert len(model.trainable_weights) == 4
    assert len(model.non_trainable_weights) == 2
    model.compile("sgd", "mse")
    before = {w.path: w.numpy() for w in model.weights}
    model.fit(numbers(8, 4), numbers(8, 1), verbose=0)
    frozen = {id(w) for w in model.non_trainable_weights}
    for w in model.weights:
        assert (w.numpy() == before[w.path]).all() == (id(w) in frozen), w.path
    model.trainable = False
    assert model.trainable_weights == []
    model.trainable = True
    assert len(model.trainable_weights) == 6


def test_a_frozen_batch_normalization_infers():
    norm = layers.BatchNormalization()
    model = Sequential([Input((3,)), norm])
    x = numbers(16, 3) * 4 + 2
    norm.trainable = False
    close(model(x, training=True), x / np.sqrt(1 + 1e-3))
    assert (norm.moving_mean.numpy() == 0).all()
    norm.trainable = True
    close(model(x, training=True), (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3))
    close(norm.moving_mean.numpy(), 0.01 * x.mean(0))


def test_count_params():
    model = Sequential([Input((8, 8, 3)), Conv2D(4, 3), layers.BatchNormalization(), Flatten(), Dense(5)])
    assert model.count_params() == (3 * 3 * 3 * 4 + 4) + 4 * 4 + (6 * 6 * 4 * 5 + 5)
    with pytest.raises(GraphError):
        Sequential([Dense(3)]).count_params()


def cnn():
    return [
        Input((8, 10, 3)),
        Conv2D(4, 3, name="conv"),
        MaxPooling2D(2, name="pool"),
        Conv2D(6, (2, 3), strides=1, padding="same", use_bias=False, name="second"),
        Flatten(name="flat"),
        Dense(5, name="end"),
    ]


class Subclassed(Model):
    def __init__(self):
        super().__init__()
        self.conv, self.pool, self.second, self.flat, self.end = cnn()[1:]

    def call(self, x):
        return self.end(self.flat(self.second(self.pool(self.conv(x)))))


ROWS = {  # shape, parameters, multiplies, bytes of output, by hand
    "conv": ("(None, 6, 8, 4)", 3 * 3 * 3 * 4 + 4, 6 * 8 * 4 * 27, 6 * 8 * 4 * 4),
    "pool": ("(None, 3, 4, 4)", 0, 0, 3 * 4 * 4 * 4),
    "second": ("(None, 3, 4, 6)", 2 * 3 * 4 * 6, 3 * 4 * 6 * 24, 3 * 4 * 6 * 4),
    "flat": ("(None, 72)", 0, 0, 72 * 4),
    "end": ("(None, 5)", 72 * 5 + 5, 72 * 5, 5 * 4),
}


@pytest.mark.parametrize("kind", ["sequential", "functional", "subclassed"])
def test_summary_numbers(kind):
    if kind == "sequential":
        model = Sequential(cnn())
    elif kind == "functional":
        first, *rest = cnn()
        x = first
        for layer in rest:
            x = layer(x)
        model = Model(first, x)
    else:
        model = Subclassed()
        model(numbers(2, 8, 10, 3))
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for name, (shape, params, multiplies, memory) in ROWS.items():
        (line,) = [row for row in text.splitlines() if row.startswith(f"{name} (")]
        assert shape in line
        cells = re.split(r"\s{2,}", line)
        size = f"{memory} B" if memory < 1024 else f"{memory / 1024:.1f} KB"
        assert cells[-3:] == [f"{params:,}", f"{multiplies:,}", size], line
    params = sum(row[1] for row in ROWS.values())
    assert f"parameters: {params:,}" in text
    assert f"{params:,} trainable" in text
    assert f"{sum(row[2] for row in ROWS.values()):,} multiplies" in text
    assert f"{sum(row[3] for row in ROWS.values()) / 1024:.1f} KB of activations" in text


def test_summary_with_times():
    inner = Sequential([Input((300,)), Dense(200, name="deep")], name="inner")
    model = Sequential([Input((400,)), Dense(300, name="first"), inner, layers.Dropout(0.5, name="drop")])
    lines = []
    model.summary(print_fn=lines.append, expand_nested=True, measure=True)
    rows = {line.split()[0]: line.split() for line in lines[0].splitlines() if "(" in line}
    assert lines[0].splitlines()[1].split()[-2:] == ["ms", "GFLOP/s"]
    for name, flops in {"first": 2 * 400 * 300, "inner": 2 * 300 * 200}.items():
        ms, rate = map(float, rows[name][-2:])
        assert ms > 0
        rounding = 0.0005 * rate + 0.005 * ms
        assert abs(flops / 1e6 - ms * rate) <= rounding + 0.01 * flops / 1e6, rows[name]  # the bias besides
    assert rows["deep"][-1] == "B"  # a layer inside is of its model's time
    assert rows["drop"][-1] == "B"  # does nothing
    with pytest.raises(GraphError, match="not known"):
        Sequential([Dense(3)]).summary(measure=True)


def test_summary_of_what_is_not_built():
    lines = []
    Sequential([Dense(3)]).summary(print_fn=lines.append)
    assert "not built" in lines[0]
    assert "Input" in lines[0]
    Subclassed().summary(print_fn=lines.append)
    assert "not built" in lines[1]


def test_summary_of_nested_and_frozen_layers():
    inner = Sequential([Input((3,)), Dense(2, name="deep")], name="inner")
    model = Sequential([Input((4,)), Dense(3, name="first"), inner])
    inner.trainable = False
    lines = []
    model.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    assert re.search(r"^  deep \(Dense\).*8 +6 ", lines[0], re.M), lines[0]
    assert "15 trainable, 8 not" in lines[0]
    assert "[frozen]" in lines[0]
    assert "18 multiplies" in lines[0]
    assert f"{(3 + 2) * 4} B of activations" in lines[0]
    model.summary(print_fn=lines.append)
    assert "deep" not in lines[1]
    assert lines[1].splitlines()[-1] == lines[0].splitlines()[-1]


def test_summary_of_a_layer_used_twice_counts_its_parameters_once_and_its_multiplies_twice():
    a, b = Input((3,)), Input((3,))
    shared = Dense(2, name="shared")
    lines = []
    Model([a, b], shared(a) + shared(b)).summary(print_fn=lines.append)
    (row,) = [line for line in lines[0].splitlines() if line.startswith("shared")]
    assert re.split(r"\s{2,}", row)[-3:-1] == ["8", "12"]


def test_summary_of_a_range_of_layers():
    lines = []
    model = Sequential(cnn())
    model.summary(print_fn=lines.append, layer_range=("pool", "flat"))
    assert [row.split(" ")[0] for row in lines[0].splitlines()[3:6]] == ["pool", "second", "flat"]
    for wrong in (("pool", "nope"), ("pool",)):
        with pytest.raises(ValueProblem, match="layer_range"):
            model.summary(layer_range=wrong)


def test_what_is_no_data():
    model = Sequential([Input((4,)), Dense(1)])
    for wrong in ("words", None):
        with pytest.raises(ValueProblem, match="numbers"):
            model(wrong)
    with pytest.raises(ShapeError, match="reshape"):
        model(numbers(2, 3, 4))

    class Nothing(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(1)

        def call(self, x):
            self.dense(x)

    broken = Nothing()
    broken.compile("sgd", "mse")
    with pytest.raises(GraphError, match="return"):
        broken.fit(numbers(4, 2), numbers(4, 1), verbose=0)


# ---- as data, and copies


def functional_model():
    a, b = Input((3,), name="a"), Input((2,), name="b")
    shared = Dense(2, name="shared", kernel_regularizer="l2")
    h = shared(a)[:, ::-1] * b + 0.5
    ends = [Dense(1, name="end")(ops.tanh(h)), shared(layers.concatenate([h, h[:, :1]]))]
    return Model([a, b], ends, name="net")


KINDS = {
    "sequential": (lambda: Sequential(cnn(), name="seq"), lambda: numbers(2, 8, 10, 3)),
    "unbuilt": (lambda: Sequential([Dense(3, activation="relu"), Dense(1)]), lambda: numbers(4, 5)),
    "functional": (functional_model, lambda: [numbers(4, 3), numbers(4, 2)]),
    "subclassed": (lambda: Blocks(5), lambda: numbers(4, 5)),
    "named": (lambda: Named(2), lambda: numbers(4, 4)),
}


def outputs(model, x):
    result = model(x)
    return [t.numpy() for t in (result if isinstance(result, list) else [result])]


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


# ---- threads, names


@pytest.mark.parametrize("kind", ["sequential", "functional", "subclassed"])
def test_predict_from_several_threads(kind):
    make, _ = KINDS[kind]
    model = make()
    data = [KINDS[kind][1]() for _ in range(8)]
    outputs(model, data[0])
    result: list = [None] * 8

    def work(i):
        for _ in range(3):
            result[i] = model.predict(data[i], verbose=0)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for x, got in zip(data, result, strict=True):
        for a, b in zip(got if isinstance(got, list) else [got], outputs(model, x), strict=True):
            close(a, b)


def test_names_count_and_begin_again():
    cr.layers.clear_session()
    assert [Dense(1).name, Dense(1).name, Conv2D(1, 1).name] == ["dense", "dense_1", "conv2d"]
    assert Sequential().name == "sequential"
    assert layers.MaxPooling2D().name == "max_pooling2d"
    cr.layers.clear_session()
    assert Dense(1).name == "dense"
    for wrong in ("", "a/b", 3):
        with pytest.raises(ValueProblem):
            Dense(1, name=wrong)


# ---- what is changed by hand, shared, or called at once by many

DATA = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")


def test_what_was_changed_by_hand_is_saved():
    layer = layers.Dropout(0.5)
    layer.rate = 0.2
    assert layer.get_config()["rate"] == 0.2
    model = Sequential([Input((3,)), layers.Dense(2, activation="softmax")])
    model.layers[0].activation = cr.activations.linear
    assert (copy.deepcopy(model).predict(DATA, verbose=0) == model.predict(DATA, verbose=0)).all()
    optimizer = cr.optimizers.Adam()
    optimizer.clipnorm = 1.0
    assert optimizer.get_config()["clipnorm"] == 1.0
    sizes = [3, 3]
    conv = layers.Conv2D(2, sizes)
    sizes[0] = 5
    assert conv.get_config()["kernel_size"] == [3, 3]


def test_whole_numbers_do_not_wrap_in_a_float_input():
    x = Input((2,))
    model = Model(x, layers.Add()([x, x]))
    result = model.predict(np.full((1, 2), 200, "uint8"), verbose=0)
    assert result.tolist() == [[400.0, 400.0]]
    assert result.dtype == model.output.dtype == np.float32


def test_a_new_model_called_by_many_threads():
    for _ in range(5):
        model = Sequential([layers.Dense(5), layers.Dense(1)])
        with ThreadPoolExecutor(4) as pool:
            result = list(pool.map(model.predict, [DATA] * 8))
        assert all((f == result[0]).all() for f in result)
        assert len(model.weights) == 4


def test_answers_are_nobody_elses_memory():
    model = Sequential([Input((3,)), layers.Identity()])
    result = model.predict_on_batch(DATA)
    result[:] = 99
    assert not (DATA == 99).any()


def test_functions_and_masks_are_forgotten():
    class Big:
        pass

    def made():
        big = Big()
        layers.Lambda(lambda x: (big, x)[1])(DATA)
        saved = layers.Masking()(np.ones((2, 3, 4), "float32"))
        return weakref.ref(big), weakref.ref(saved)

    refs = [r for _ in range(5) for r in made()]
    gc.collect()
    assert [r for r in refs if r() is not None] == []


def test_a_model_without_call_trains_by_its_own_step():
    class Pair(Model):
        def __init__(self):
            super().__init__()
            self.one, self.gaps = layers.Dense(1), [cr.metrics.Mean(name="gap")]
            self.second = cr.optimizers.SGD(0.1)

        def train_step(self, data):
            loss = cr.ops.mean(cr.ops.square(self.one(data[0]) - 1.0))
            self.second.apply(cr.gradients(loss, self.one.trainable_weights), self.one.trainable_weights)
            self.gaps[0].update_state(loss)
            return {"gap": self.gaps[0].result()}

    model = Pair()
    model.compile()
    history = model.fit(DATA, epochs=3, verbose=0).history["gap"]
    assert history[2] < history[1] < history[0], "the metric in a list begins anew each epoch"
    assert [m.name for m in model.metrics] == ["loss", "gap"]


def test_a_summary_of_unknown_sizes():
    x = Input((None,))
    y = layers.Dense(1)(layers.GlobalAveragePooling1D()(layers.Embedding(10, 4)(x)))
    seen = []
    Model(x, y).summary(print_fn=seen.append)
    assert "45 trainable" in seen[0]
    assert "?" in seen[0]


def test_adding_to_a_compiled_model_settles_it_anew():
    model = Sequential([Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(DATA, np.ones((len(DATA), 2)), verbose=0)
    model.add(layers.Dense(1))
    model.compile("sgd", "mse", metrics=["mae"])
    assert set(model.fit(DATA, np.ones(len(DATA)), verbose=0).history) == {"loss", "mae"}
