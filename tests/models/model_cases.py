"""Models of all three kinds, numbers for them, and a dense layer by loops."""

import numpy as np

from chainrule import layers, ops
from chainrule.layers import Conv2D, Dense, Flatten, Input, Layer, MaxPooling2D
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


class Affine(Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def call(self, inputs, scale=1.0, shift=None):
        out = ops.matmul(inputs, self.kernel) * scale
        return out if shift is None else out + shift


class Named(Model):
    def __init__(self, units, **kwargs):
        x = Input((4,))
        super().__init__(inputs=x, outputs=Dense(units, name="end")(x), **kwargs)
        self.units = units
        self.extra = Dense(1, name="extra")

    def train_step(self, data):
        result = super().train_step(data)
        return {**result, "units": ops.convert_to_tensor(float(self.units))}


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


def cnn():
    return [
        Input((8, 10, 3)),
        Conv2D(4, 3, name="conv"),
        MaxPooling2D(2, name="pool"),
        Conv2D(6, (2, 3), strides=1, padding="same", use_bias=False, name="second"),
        Flatten(name="flat"),
        Dense(5, name="end"),
    ]


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
