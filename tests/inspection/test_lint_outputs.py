"""Lint of outputs, loss and targets: shapes, labels, logits and probabilities, nothing to train."""

import numpy as np
import pytest

from chainrule import layers
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from lint_cases import (
    COLOUR,
    IMAGES,
    LABELS,
    ONE_HOT,
    YES,
    Subclassed,
    X,
    Y,
    assert_fails,
    assert_warns,
    binary,
    categorical,
    cnn,
    compiled,
    frozen,
    mlp,
    sparse,
)

# name: (make the model, x, y, the finding's name, words of the message: cause and what mends it)
ERRORS = {
    "image size": (
        lambda: compiled(cnn(shape=(16, 16, 1)), "sparse_categorical_crossentropy"),
        IMAGES,
        LABELS,
        "shapes",
        ["(32, 8, 8, 1)", "16×16", "Resizing"],
    ),
    "channels first": (
        lambda: compiled(cnn(shape=(8, 8, 3)), "sparse_categorical_crossentropy"),
        np.moveaxis(COLOUR, -1, 1),
        LABELS,
        "shapes",
        ["channels come first", "moveaxis"],
    ),
    "grey for colour": (
        lambda: compiled(cnn(shape=(8, 8, 3)), "sparse_categorical_crossentropy"),
        IMAGES,
        LABELS,
        "shapes",
        ["1 channels and not 3"],
    ),
    "no channel axis": (
        lambda: compiled(cnn(shape=(8, 8, 3)), "sparse_categorical_crossentropy"),
        IMAGES[..., 0],
        LABELS,
        "shapes",
        ["x[..., None]"],
    ),
    "no batch axis": (
        lambda: compiled(cnn(), "sparse_categorical_crossentropy"),
        COLOUR[0, :, :, :1],
        LABELS[:8],
        "shapes",
        ["batch axis", "x[None, ...]"],
    ),
    "columns": (lambda: compiled(mlp(1, inputs=5)), X, Y, "shapes", ["4 columns", "Input(shape=(4,))"]),
    "unflattened": (
        lambda: compiled(
            Sequential([Input((8, 8, 1)), Dense(3, activation="softmax")]), "sparse_categorical_crossentropy"
        ),
        IMAGES,
        LABELS,
        "unflattened",
        ["dense", "Flatten()"],
    ),
    "unflattened one-hot": (
        lambda: compiled(
            Sequential([Dense(9, activation="relu"), Dense(3, activation="softmax")]), "categorical_crossentropy"
        ),
        IMAGES,
        ONE_HOT,
        "unflattened",
        ["dense", "Flatten()"],
    ),
    "one-hot with sparse": (
        lambda: compiled(mlp(3, "softmax"), "sparse_categorical_crossentropy"),
        X,
        ONE_HOT,
        "one-hot-labels",
        ["one-hot", "categorical_crossentropy"],
    ),
    "sparse with categorical": (
        lambda: compiled(mlp(3, "softmax"), "categorical_crossentropy"),
        X,
        LABELS,
        "sparse-labels",
        ["whole numbers", "sparse_categorical_crossentropy"],
    ),
    "column with categorical": (
        lambda: compiled(mlp(3, "softmax"), categorical()),
        X,
        LABELS[:, None],
        "sparse-labels",
        ["to_categorical"],
    ),
    "flat targets": (lambda: compiled(mlp(3)), X, Y[:, 0], "targets", ["(120,)", "Dense(1)"]),
    "wide targets": (lambda: compiled(mlp(2)), X, np.c_[Y, Y, Y], "targets", ["(120, 3)", "Dense(3)"]),
    "wide targets of yes or no": (
        lambda: compiled(mlp(1, "sigmoid"), "binary_crossentropy"),
        X,
        np.c_[YES, YES],
        "targets",
        ["(120, 2)", "Dense(2)"],
    ),
    "one-hot of another width": (
        lambda: compiled(mlp(4, "softmax"), "categorical_crossentropy"),
        X,
        ONE_HOT,
        "targets",
        ["(120, 3)", "Dense(3)"],
    ),
    "too few outputs": (
        lambda: compiled(mlp(2, "softmax"), "sparse_categorical_crossentropy"),
        X,
        LABELS,
        "labels-beyond-outputs",
        ["0 to 2", "3 outputs"],
    ),
    "labels from 1": (
        lambda: compiled(mlp(3, "softmax"), sparse()),
        X,
        LABELS + 1,
        "labels-beyond-outputs",
        ["1 to 3", "from 0"],
    ),
    "negative labels": (
        lambda: compiled(mlp(3, "softmax"), sparse()),
        X,
        LABELS - 1,
        "labels-beyond-outputs",
        ["-1 to 1", "from 0"],
    ),
    "labels not whole": (
        lambda: compiled(mlp(3, "softmax"), sparse()),
        X,
        np.abs(Y[:, 0]) % 2,
        "labels-not-whole",
        ["not whole", "mse"],
    ),
    "labels -1 and 1": (
        lambda: compiled(mlp(1, "sigmoid"), "binary_crossentropy"),
        X,
        2 * YES - 1,
        "labels-not-binary",
        ["-1 to 1", "0 and 1"],
    ),
    "labels of a sub-class": (
        lambda: compiled(Subclassed(2, "softmax"), sparse()),
        X,
        LABELS,
        "labels-beyond-outputs",
        ["0 to 2"],
    ),
}

WARNINGS = {
    "three targets for one output": (
        lambda: compiled(mlp(1)),
        X,
        np.c_[Y, Y, Y],
        "broadcast-targets",
        ["(120, 3)", "Dense(3)"],
    ),
    "one target for three outputs": (
        lambda: compiled(mlp(3), "mae"),
        X,
        Y,
        "broadcast-targets",
        ["(120, 1)", "Dense(1)"],
    ),
    "softmax and logits": (
        lambda: compiled(mlp(3, "softmax"), sparse(from_logits=True)),
        X,
        LABELS,
        "probabilities-as-logits",
        ["softmax", "from_logits=False"],
    ),
    "softmax layer and logits": (
        lambda: compiled(Sequential([Dense(3), layers.Softmax()]), categorical(from_logits=True)),
        X,
        ONE_HOT,
        "probabilities-as-logits",
        ["softmax"],
    ),
    "sigmoid and logits": (
        lambda: compiled(mlp(1, "sigmoid"), binary(from_logits=True)),
        X,
        YES,
        "probabilities-as-logits",
        ["sigmoid"],
    ),
    "logits and binary": (
        lambda: compiled(mlp(1), "binary_crossentropy"),
        X,
        YES,
        "logits-as-probabilities",
        ["sigmoid", "from_logits=True"],
    ),
    "logits and sparse": (
        lambda: compiled(mlp(3), "sparse_categorical_crossentropy"),
        X,
        LABELS,
        "logits-as-probabilities",
        ["softmax"],
    ),
    "softplus and categorical": (
        lambda: compiled(mlp(3, "softplus"), "categorical_crossentropy"),
        X,
        ONE_HOT,
        "logits-as-probabilities",
        ["softplus", "softmax"],
    ),
    "tanh and binary": (
        lambda: compiled(Subclassed(1, "tanh"), "binary_crossentropy"),
        X,
        YES,
        "logits-as-probabilities",
        ["tanh"],
    ),
    "softmax of one": (lambda: compiled(mlp(1, "softmax"), "mse"), X, YES, "softmax-of-one", ["sigmoid"]),
    "softmax of one, binary": (
        lambda: compiled(mlp(1, "softmax"), "binary_crossentropy"),
        X,
        YES,
        "softmax-of-one",
        ["always 1"],
    ),
    "softmax and binary": (
        lambda: compiled(mlp(3, "softmax"), "binary_crossentropy"),
        X,
        ONE_HOT,
        "softmax-with-binary",
        ["categorical_crossentropy"],
    ),
    "spare outputs": (
        lambda: compiled(mlp(100, "softmax"), "sparse_categorical_crossentropy"),
        X,
        LABELS,
        "more-outputs-than-classes",
        ["100 outputs", "3 classes"],
    ),
    "constant targets": (lambda: compiled(mlp(1)), X, np.ones(120), "constant-targets", ["same"]),
    "accuracy of numbers": (lambda: compiled(mlp(1), metrics=["accuracy"]), X, Y, "accuracy-of-regression", ["mae"]),
    "nothing trainable": (lambda: compiled(frozen(mlp(1))), X, Y, "nothing-to-train", ["trainable"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_outputs(name):
    assert_fails(ERRORS[name])


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings_of_outputs(name):
    assert_warns(WARNINGS[name])
