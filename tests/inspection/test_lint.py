"""Lint as a whole: it changes nothing, needs no data, reads batches, and finds nothing in sound set-ups."""

import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import ChainruleError
from chainrule.layers import Conv2D, Dense, Flatten, Input
from chainrule.models import Model, Sequential
from lint_cases import (
    COLOUR,
    IMAGES,
    LABELS,
    MAP,
    ONE_HOT,
    WORDS,
    YES,
    Subclassed,
    X,
    Y,
    binary,
    categorical,
    cnn,
    compiled,
    frozen,
    mlp,
    sparse,
)


def test_lint_changes_nothing():
    model = Sequential([Input((4,)), Dense(8), layers.BatchNormalization(), layers.Dropout(0.5), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0, epochs=2)
    saved = [v.numpy() for v in [*model.variables, *model.optimizer.variables]]
    message = model.get_metrics_result()
    assert not model.lint(X, Y)
    for a, b in zip(saved, [*model.variables, *model.optimizer.variables], strict=True):
        np.testing.assert_array_equal(a, b.numpy())
    assert {k: v.numpy() for k, v in model.get_metrics_result().items()} == {k: v.numpy() for k, v in message.items()}


class Doubles(layers.Layer):
    def call(self, x):
        return 2.0 * x


def test_lint_of_layers_and_functions_of_ones_own():
    model = Sequential([Input((4,)), Doubles(), layers.Lambda(lambda x: x + 1.0), Dense(1)])
    assert not compiled(model).lint(X, Y)


def test_lint_without_data():
    assert [f.name for f in compiled(frozen(mlp(1))).lint()] == ["nothing-to-train"]
    assert str(compiled(mlp(1)).lint()) == "nothing found"
    with pytest.raises(ChainruleError, match="compile"):
        mlp(1).lint(X, Y)


def test_errors_in_batches():
    def wrong():
        while True:
            yield X[:30], LABELS[:30] + 1

    with pytest.raises(ChainruleError, match="1 to 3"):
        compiled(mlp(3, "softmax"), sparse()).fit(wrong(), steps_per_epoch=2, verbose=0)


# ---- sound set-ups


def functional(width=1, activation=None):
    a, b = Input((4,), name="a"), Input((2,), name="b")
    h = layers.concatenate([Dense(5, activation="relu")(a), b])
    return Model([a, b], Dense(width, activation=activation)(h))


def two_ends():
    a = Input((4,))
    h = Dense(6, activation="relu")(a)
    return Model(a, {"number": Dense(1, name="n")(h), "kind": Dense(3, activation="softmax", name="k")(h)})


def batches():
    while True:
        yield X[:40], Y[:40]


def embedding():
    return Sequential([layers.Embedding(50, 4), layers.GlobalAveragePooling1D(), Dense(1, activation="sigmoid")])


def per_pixel():
    return Sequential(
        [Input((8, 8, 3)), Conv2D(4, 3, padding="same", activation="relu"), Conv2D(3, 1, activation="softmax")]
    )


def normalized():
    return Sequential([Input((4,)), layers.BatchNormalization(), Dense(1)])


class StateRecorder(Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(1)

    def call(self, x):
        return self.dense(ops.relu(x["a"][:, :2]) + x["b"])


SOUND = {
    "regression": (lambda: compiled(mlp(1)), X, Y, {}),
    "regression, flat targets": (lambda: compiled(mlp(1)), X, Y[:, 0], {}),
    "sparse": (
        lambda: compiled(mlp(3, "softmax"), "sparse_categorical_crossentropy", metrics=["accuracy"]),
        X,
        LABELS,
        {},
    ),
    "sparse, floats": (lambda: compiled(mlp(3, "softmax"), sparse()), X, LABELS.astype("float64"), {}),
    "sparse, a column": (lambda: compiled(mlp(3, "softmax"), sparse(), metrics=["accuracy"]), X, LABELS[:, None], {}),
    "sparse logits": (lambda: compiled(mlp(3), sparse(from_logits=True)), X, LABELS, {}),
    "sparse, ignored": (
        lambda: compiled(mlp(3), sparse(from_logits=True, ignore_class=-1)),
        X,
        LABELS - (LABELS == 0),
        {},
    ),
    "one-hot": (lambda: compiled(mlp(3, "softmax"), "categorical_crossentropy", metrics=["accuracy"]), X, ONE_HOT, {}),
    "one-hot logits": (lambda: compiled(mlp(3), categorical(from_logits=True)), X, ONE_HOT, {}),
    "soft labels": (lambda: compiled(mlp(3, "softmax"), categorical()), X, 0.9 * ONE_HOT + 0.1 / 3, {}),
    "binary": (lambda: compiled(mlp(1, "sigmoid"), "binary_crossentropy", metrics=["accuracy", "auc"]), X, YES, {}),
    "binary logits": (lambda: compiled(mlp(1), binary(from_logits=True)), X, YES[:, None], {}),
    "binary booleans": (lambda: compiled(mlp(1, "sigmoid"), binary()), X, YES.astype(bool), {}),
    "many labels": (lambda: compiled(mlp(3, "sigmoid"), "binary_crossentropy"), X, (X[:, :3] > 0).astype(float), {}),
    "hinge": (lambda: compiled(mlp(1, "tanh"), "hinge"), X, 2 * YES - 1, {}),
    "images": (lambda: compiled(cnn(), "sparse_categorical_crossentropy"), IMAGES, LABELS, {"validation_split": 0.3}),
    "images rescaled inside": (
        lambda: compiled(
            Sequential([Input((8, 8, 1)), layers.Lambda(lambda x: x / 255.0), *cnn().layers[0:]]), sparse()
        ),
        (IMAGES * 255).astype("uint8"),
        LABELS,
        {},
    ),
    "images normalized inside": (
        lambda: compiled(Sequential([Input((8, 8, 1)), layers.BatchNormalization(), *cnn().layers]), sparse()),
        np.round(IMAGES * 255),
        LABELS,
        {},
    ),
    "flattened images": (
        lambda: compiled(Sequential([Flatten(), Dense(3, activation="softmax")]), sparse()),
        IMAGES,
        LABELS,
        {},
    ),
    "a class for each pixel": (lambda: compiled(per_pixel(), "sparse_categorical_crossentropy"), COLOUR, MAP, {}),
    "an autoencoder": (lambda: compiled(mlp(4)), X, X, {}),
    "an autoencoder of images": (
        lambda: compiled(
            Sequential([Input((8, 8, 1)), Conv2D(1, 3, padding="same", activation="sigmoid")]), "binary_crossentropy"
        ),
        IMAGES,
        IMAGES,
        {},
    ),
    "words": (lambda: compiled(embedding(), "binary_crossentropy"), WORDS, YES, {}),
    "two inputs": (lambda: compiled(functional()), [X, X[:, :2]], Y, {"validation_split": 0.2}),
    "inputs by name": (lambda: compiled(functional(3, "softmax"), sparse()), {"a": X, "b": X[:, :2]}, LABELS, {}),
    "two outputs": (
        lambda: compiled(two_ends(), {"number": "mse", "kind": sparse()}),
        X,
        {"number": Y, "kind": LABELS},
        {},
    ),
    "images without channels": (lambda: compiled(cnn(), sparse()), IMAGES[..., 0], LABELS, {}),
    "a subclass of dictionaries": (lambda: compiled(StateRecorder()), {"a": X, "b": X[:, :2]}, Y, {}),
    "whole columns": (lambda: compiled(mlp(1)), np.round(10 * X).astype(int), Y, {}),
    "subclassed": (lambda: compiled(Subclassed(3), sparse(from_logits=True)), X, LABELS, {}),
    "subclassed softmax": (
        lambda: compiled(Subclassed(3, "softmax"), "sparse_categorical_crossentropy"),
        X,
        LABELS,
        {},
    ),
    "columns normalized inside": (lambda: compiled(normalized()), X * np.array([1, 1, 1e5, 1e-2]), Y, {}),
    "sorted numbers": (lambda: compiled(mlp(1)), X, np.sort(Y, 0), {"validation_split": 0.2}),
    "whole numbers": (
        lambda: compiled(mlp(1, "softplus"), "poisson"),
        X,
        np.abs(np.round(3 * Y)),
        {"validation_split": 0.2},
    ),
    "a frozen layer": (lambda: compiled(Sequential([frozen(Dense(4, input_shape=(4,))), Dense(1)])), X, Y, {}),
    "time steps": (
        lambda: compiled(Sequential([Input((8, 3)), Dense(5, activation="relu"), Dense(1)])),
        COLOUR[:, 0],
        COLOUR[:, 0, :, :1],
        {},
    ),
    "few rows": (lambda: compiled(mlp(3, "softmax"), sparse()), X[:5], LABELS[:5], {}),
    "one row": (lambda: compiled(mlp(1)), X[:1], Y[:1], {}),
    "yes or no table": (lambda: compiled(mlp(1)), (X > 0).astype(int), Y, {"validation_split": 0.5}),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_set_ups_have_no_findings(name):
    make, x, y, fitting = SOUND[name]
    cr.utils.set_random_seed(1)
    model = make()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, y, verbose=0, **fitting)
        report = model.lint(x, y)
    assert not report, report


def test_sound_batches_have_no_findings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = compiled(mlp(1))
        model.fit(batches(), steps_per_epoch=2, epochs=2, verbose=0)
        assert not model.lint(batches())
        model.fit(X, Y, validation_data=(X + 1, Y), verbose=0)
        assert not model.lint(X, Y, validation_data=(X + 1, Y))
