"""Small compiled models with data, for tests of what is shown of them."""

import numpy as np

import chainrule as cr
from chainrule import layers


def network():
    cr.set_random_seed(3)
    model = cr.Sequential(
        [
            layers.Input((6, 5, 2)),
            layers.Conv2D(3, 3, activation="relu", name="conv"),
            layers.BatchNormalization(name="bn"),
            layers.Dropout(0.25, name="drop"),
            layers.Flatten(name="flat"),
            layers.Dense(4, activation="softmax", name="out"),
        ],
        name="net",
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(3, 6, 5, 2)).astype("float32"), np.array([0, 3, 1])


def line_model(start=(-1.5, -1.0)):
    model = cr.Sequential([layers.Input((1,)), layers.Dense(1, name="d")], name="line")
    model.compile(loss="mse")
    model.set_weights([np.full((1, 1), start[0]), np.full(1, start[1])])
    x = np.linspace(-1.5, 1.5, 24)[:, None]
    return model, x, 2.0 * x + 0.5
