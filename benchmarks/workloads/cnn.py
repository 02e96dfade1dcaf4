"""W4: a small convolutional network on images of MNIST's size, Adam."""

from contestants import NETS

from .net import Adam, Conv, Dense, Flatten, Pool, Training

NET = (
    Conv(32, 3, relu=True),
    Pool(2, 2),
    Conv(64, 3, relu=True),
    Pool(2, 2),
    Flatten(),
    Dense(128, relu=True),
    Dense(10),
)

WORKS = (
    Training(
        key="W4",
        name="cnn",
        title="CNN 28×28: 32c3-pool-64c3-pool-128-10, Adam, batch 64",
        net=NET,
        shape=(28, 28, 1),
        rows=64 * 10,
        batch=64,
        loss="classes",
        optimizer=Adam(1e-4),
        shuffle=True,
        bar=0.45,
        floor=True,
        contestants=NETS,
    ),
)
