"""The pictures in docs/ that the README shows. ``python tests/pictures.py`` draws them; a test holds them to that."""

from pathlib import Path

import numpy as np

import chainrule as cr
from chainrule import layers, ops

DOCS = Path(__file__).parents[1] / "docs"


def j_is_33():
    a, b, c = (cr.Variable(v, name=n, dtype="float64") for n, v in {"a": 5.0, "b": 3.0, "c": 2.0}.items())
    return cr.explain(3 * (a + b * c)).to_svg()


def neuron():
    """CS231n's neuron: sigmoid(w0 x0 + w1 x1 + w2), opened to the last operation."""
    passed = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    w0, x0, w1, x1, w2 = (cr.Variable(v, name=n, dtype="float64") for n, v in passed.items())
    z = w0 * x0 + w1 * x1 + w2
    return cr.explain(1 / (1 + ops.exp(-z)), names={"z": z}, digits=3).to_svg()


def bottleneck():
    """The course's inception branch: 5×5 to 32 channels on 28×28×192, and the same through 16 channels."""
    x = layers.Input((28, 28, 192))
    plain = cr.Model(x, layers.Conv2D(32, 5, padding="same", name="5×5")(x), name="without")
    x = layers.Input((28, 28, 192))
    narrow = layers.Conv2D(16, 1, padding="same", name="1×1 bottleneck")(x)
    through = cr.Model(x, layers.Conv2D(32, 5, padding="same", name="5×5 ")(narrow), name="with a bottleneck")
    return cr.compare(plain, through).to_svg()


def descent():
    model = cr.Sequential([layers.Input((1,)), layers.Dense(1, name="line")], name="a line through 24 points")
    model.compile(loss="mse", engine="numpy")
    model.set_weights([np.full((1, 1), -1.5), np.full(1, -1.0)])
    x = np.linspace(-1.2, 1.8, 24)[:, None]
    noise = np.sin(np.arange(24.0) * 7)[:, None]
    ways = {
        "full batch": (cr.optimizers.SGD(0.1), None),
        "stochastic": (cr.optimizers.SGD(0.1), 1),
        "mini-batch": (cr.optimizers.SGD(0.1), 6),
        "momentum": (cr.optimizers.SGD(0.03, momentum=0.9), None),
        "Adam": (cr.optimizers.Adam(0.15), None),
    }
    return cr.descent(model, x, 2 * x + 0.5 + noise, ways, updates=50).to_svg()


PICTURES = {"j33.svg": j_is_33, "neuron.svg": neuron, "bottleneck.svg": bottleneck, "descent.svg": descent}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (DOCS / name).write_text(draw(), encoding="utf-8")
