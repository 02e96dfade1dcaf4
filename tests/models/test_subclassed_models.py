"""Models by subclassing: parts found in attributes, modes and masks passed on, losses and steps of their own."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import GraphError
from chainrule.layers import Dense, Input, Layer
from chainrule.models import Model, Sequential
from model_cases import Blocks, close, dense_by_loop, numbers


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
