"""One of every kind of result that can be looked at."""

import numpy as np

import chainrule as cr
from chainrule import layers, ops


def network(seed=3):
    cr.set_random_seed(seed)
    model = cr.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.BatchNormalization(name="bn"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(5, activation="softmax", name="out"),
        ],
        name="net",
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    return model.explain(rng.normal(size=(2, 8, 8, 1)).astype("float32"), np.array([0, 3]))


def _small():
    cr.set_random_seed(2)
    model = cr.Sequential([layers.Input((1,)), layers.Dense(1, name="a_layer_with_a_long_name")], name="line")
    model.compile(cr.optimizers.SGD(0.1), "mse")
    x = np.linspace(-1, 1, 12)[:, None]
    return model, x, 3 * x - 1


def _slide():
    cr.set_random_seed(4)
    conv = layers.Conv2D(2, 3, name="conv")
    conv.build((None, 5, 5, 2))
    return cr.slide(conv, np.random.default_rng(1).normal(size=(5, 5, 2)), 1)


LOOKED = {
    "explain": network,
    "number": lambda: network().number("out/bias", 2),
    "price": lambda: cr.price(lambda x, k: ops.conv(x, k), (1, 6, 6, 2), (3, 3, 2, 4), backward=True),
    "look": lambda: cr.look(np.random.default_rng(0).normal(size=(3, 9, 9, 12)), "feature maps"),
    "slide": _slide,
    "cost": lambda: _small()[0].cost(*_small()[1:], measure=True),
    "compare": lambda: cr.compare(_small()[0], _small()[0], batch_size=4),
    "how": lambda: cr.how("conv2d", sizes=[6, 9], seconds=0.001),
    "descent": lambda: cr.descent(*_small(), updates=5, seeds=2),
    "record": lambda: _small()[0].fit(*_small()[1:], epochs=3, verbose=0, record=3).recording,
    "regions": lambda: cr.regions(np.random.default_rng(0).random((8, 8)), (0.9, 1.6, 5.3, 6.7)),
    "check": lambda: cr.check(ops.relu, [0.0, 1.0, -2.0]),
    "program": lambda: _small()[0].program(*_small()[1:]),
    "verify": lambda: _small()[0].verify(*_small()[1:]),
}
# of them, what is a picture too
DRAWN = {"explain", "look", "slide", "cost", "compare", "how", "descent", "record", "regions"}
