"""Models of every kind to be saved, and when two of them are the same."""

import io

import numpy as np

from chainrule import layers, ops, saving
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential
from chainrule.ops.random import set_random_seed
from chainrule.saving import load_model, save_model

RNG = np.random.default_rng(0)


X, Y = RNG.normal(size=(24, 4)).astype("float32"), RNG.normal(size=(24, 2)).astype("float32")


LABELS = RNG.integers(0, 2, 24)


@saving.register_keras_serializable("tests")
def doubled(x):
    return 2 * x


@saving.register_keras_serializable("tests")
def cubic(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)


def halves(y_true, y_pred):
    return 0.5 * ops.mean(ops.square(y_true - y_pred), axis=-1)


@saving.register_keras_serializable("tests")
class Scaled(layers.Layer):
    def __init__(self, first=1.0, **kwargs):
        super().__init__(**kwargs)
        self.first = first

    def build(self, input_shape):
        self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
        self.seen = self.add_weight((), "zeros", dtype="int32", trainable=False, name="seen")

    def call(self, inputs, training=False):
        if training:
            self.seen.assign_add(1)
        return inputs * self.factor * self.first


@saving.register_keras_serializable("tests")
class Registered(Model):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [Dense(units, activation="tanh"), Dense(units + 1)]
        self.by_name = {"out": Dense(2), "drop": layers.Dropout(0.2)}

    def call(self, inputs, training=False):
        x = inputs
        for block in self.blocks:
            x = block(x)
        return self.by_name["out"](self.by_name["drop"](x, training=training))


class Plain(Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = Dense(3, activation="relu"), Dense(2)

    def call(self, inputs):
        return self.out(self.hidden(inputs))


def sequential():
    return Sequential([Input((4,)), Dense(5, "relu"), layers.Dropout(0.3), layers.BatchNormalization(), Dense(2)])


def without_input():
    model = Sequential([Dense(3, kernel_regularizer="l2"), layers.Activation("gelu"), Scaled(0.5), Dense(2)])
    model(X[:2])
    return model


def functional():
    """A layer called twice, operations between layers, constants, a model within, a list of arguments."""
    x = Input((4,), name="x")
    shared = Dense(4, kernel_initializer="he_uniform", kernel_constraint="unit_norm")
    inner = Sequential([Input((4,)), Dense(3, "sigmoid"), layers.GaussianNoise(0.1)])
    a = shared(shared(x)) * 2.0 + ops.sin(x) @ (np.arange(16, dtype="float32").reshape(4, 4) / 64)
    b = layers.Concatenate()([inner(a), 1 - x[:, :2], ops.reshape(ops.sum(a, axis=1), (-1, 1))])
    return Model(x, Dense(2)(layers.Lambda(doubled)(b)), name="whole")


def registered():
    model = Registered(3)
    model(X[:2])
    return model


def plain():
    model = Plain()
    model(X[:2])
    return model


KINDS = {f.__name__: f for f in (sequential, without_input, functional, registered, plain)}


CUSTOM = {"Plain": Plain, "halves": halves}


def again(model, **kwargs):
    file = io.BytesIO()
    save_model(model, file)
    return load_model(io.BytesIO(file.getvalue()), custom_objects=CUSTOM, **kwargs)


def same(a, b):
    """Equal to the bit, dtype and place."""
    a, b = saving.names.variables_of(a), saving.names.variables_of(b)
    assert list(a) == list(b)
    for name in a:
        one, other = a[name].numpy(), b[name].numpy()
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes(), name


def trained(model, x=X, y=Y, epochs=2):
    set_random_seed(7)
    return model.fit(x, y, epochs=epochs, batch_size=10, verbose=0).history


def goes_on_alike(model, other, x=X, y=Y):
    same(model, other)
    assert np.array_equal(model.predict(x, verbose=0), other.predict(x, verbose=0), equal_nan=True)
    assert trained(model, x, y) == trained(other, x, y)
    same(model, other)
    for a, b in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()
