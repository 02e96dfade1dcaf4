"""W3: a multilayer perceptron on rows of MNIST's length, Adam."""

from contestants import NETS

from .net import Adam, Dense, Training

NET = (Dense(512, relu=True), Dense(256, relu=True), Dense(10))

WORKS = (
    Training(
        key="W3",
        name="mlp",
        title="MLP 784-512-256-10, Adam, batch 64",
        net=NET,
        shape=(784,),
        rows=64 * 50,
        batch=64,
        loss="classes",
        optimizer=Adam(1e-4),
        shuffle=True,
        bar=0.85,
        floor=True,
        contestants=(*NETS, "scikit-learn"),
    ),
)
