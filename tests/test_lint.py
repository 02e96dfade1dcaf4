"""What `lint` and `fit` say about broken set-ups, and that they are silent about sound ones."""

import gc
import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import ChainruleError
from chainrule.inspection import lint_data
from chainrule.layers import Conv2D, Dense, Flatten, GlobalAveragePooling2D, Input
from chainrule.models import Model, Sequential
from chainrule.training import TrainingWarning

RNG = np.random.default_rng(2)
X = RNG.normal(size=(120, 4)).astype("float32")
LABELS = np.arange(120) % 3
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
IMAGES = RNG.uniform(size=(120, 8, 8, 1)).astype("float32")
COLOUR = RNG.uniform(size=(120, 8, 8, 3)).astype("float32")
Y = X[:, :1] + 0.1 * X[:, 1:2]
YES = (X[:, 0] > 0).astype(int)


def mlp(width, activation=None, inputs=4, hidden=8):
    return Sequential([Input((inputs,)), Dense(hidden, activation="relu"), Dense(width, activation=activation)])


def cnn(width=3, activation="softmax", shape=(8, 8, 1)):
    return Sequential(
        [
            Input(shape),
            Conv2D(4, 3, activation="relu"),
            GlobalAveragePooling2D(),
            Dense(width, activation=activation),
        ]
    )


def compiled(model, loss="mse", optimizer="adam", **kwargs):
    model.compile(optimizer, loss, **kwargs)
    return model


sparse = cr.losses.SparseCategoricalCrossentropy
categorical = cr.losses.CategoricalCrossentropy
binary = cr.losses.BinaryCrossentropy


def with_one(data, value):
    data = data.copy()
    data[7, 2 if data.ndim > 1 and data.shape[1] > 2 else 0] = value
    return data


class Subclassed(Model):
    def __init__(self, width, activation=None):
        super().__init__()
        self.hidden, self.end = Dense(8, activation="relu"), Dense(width)
        self.activation = layers.Activation(activation)

    def call(self, x):
        return self.activation(self.end(self.hidden(x)))


def frozen(model):
    model.trainable = False
    return model


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
    "wide targets": (lambda: compiled(mlp(1)), X, np.c_[Y, Y, Y], "targets", ["(120, 3)", "Dense(3)"]),
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
    "nan in x": (lambda: compiled(mlp(1)), with_one(X, np.nan), Y, "not-finite", ["1 entries of x", "(7, 2)"]),
    "inf in y": (lambda: compiled(mlp(1)), X, with_one(Y, np.inf), "not-finite", ["1 entries of y", "(7, 0)"]),
}

WARNINGS = {
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
    "pixels uint8": (
        lambda: compiled(cnn(), "sparse_categorical_crossentropy"),
        (IMAGES * 255).astype("uint8"),
        LABELS,
        "pixels",
        ["255", "Rescaling"],
    ),
    "pixels float": (
        lambda: compiled(cnn(), "sparse_categorical_crossentropy"),
        np.round(IMAGES * 255),
        LABELS,
        "pixels",
        ["255", "Rescaling"],
    ),
    "pixels flattened": (
        lambda: compiled(Sequential([Flatten(), Dense(3, activation="softmax")]), "sparse_categorical_crossentropy"),
        (IMAGES * 255).astype("uint8"),
        LABELS,
        "pixels",
        ["255"],
    ),
    "pixels without channels": (
        lambda: compiled(Sequential([Flatten(), Dense(3, activation="softmax")]), "sparse_categorical_crossentropy"),
        (IMAGES[..., 0] * 255).astype("uint8"),
        LABELS,
        "pixels",
        ["255"],
    ),
    "columns of other scale": (
        lambda: compiled(mlp(1)),
        X * np.array([1, 1, 1e5, 0.1]),
        Y,
        "unscaled-columns",
        ["columns", "Normalization"],
    ),
    "whole columns of other scale": (
        lambda: compiled(mlp(1)),
        np.c_[RNG.integers(1e4, 9e4, 120), LABELS, LABELS, YES],
        Y,
        "unscaled-columns",
        ["columns"],
    ),
    "constant targets": (lambda: compiled(mlp(1)), X, np.ones(120), "constant-targets", ["same"]),
    "accuracy of numbers": (lambda: compiled(mlp(1), metrics=["accuracy"]), X, Y, "accuracy-of-regression", ["mae"]),
    "nothing trainable": (lambda: compiled(frozen(mlp(1))), X, Y, "nothing-to-train", ["trainable"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    make, x, y, finding, words = ERRORS[name]
    model = make()
    report = model.lint(x, y)
    assert [f.name for f in report if f.level == "error"] == [finding], report
    with pytest.raises(ChainruleError) as raised:
        model.fit(x, y, verbose=0)
    for word in words:
        assert word in str(raised.value)
        assert word in str(report)
    assert "To mend it" in str(raised.value)
    assert raised.value.mend


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings(name):
    make, x, y, finding, words = WARNINGS[name]
    cr.set_random_seed(0)  # other weights may make a nan, which is warned of, too
    model = make()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model.fit(x, y, verbose=0)
    said = [str(w.message) for w in seen if w.category is TrainingWarning]
    assert len(said) == 1, said
    report = make().lint(x, y)
    assert [f.name for f in report if f.name not in ("dead-units", "loss-rises")] == [finding], report
    assert all(f.level == "warning" for f in report)
    for word in words:
        assert word in said[0]
        assert word in str(report)
    assert __file__.endswith(seen[0].filename.rsplit("/", 1)[-1])  # the user's line is blamed


def test_rows_of_other_number():
    for x, y in ((X, Y[:50]), (X[:50], Y)):
        with pytest.raises(ChainruleError, match=r"50|120"):
            compiled(mlp(1)).fit(x, y)
        with pytest.raises(ChainruleError, match=r"50|120"):
            compiled(mlp(1)).lint(x, y)


def test_words_in_a_column():
    table = X.astype(object)
    table[5, 2] = "red"
    with pytest.raises(ChainruleError, match="'red' in column number 2 of x, row 5"):
        compiled(mlp(1)).fit(table, Y)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"]).assign(colour="red")
    with pytest.raises(ChainruleError, match="'colour'"):
        compiled(mlp(1)).fit(frame, Y)


def test_a_learning_rate_far_too_large():
    model = compiled(mlp(1), optimizer=cr.optimizers.SGD(50.0))
    before = model.get_weights()
    report = model.lint(X, Y)
    assert [f.name for f in report] == ["loss-rises"]
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert int(model.optimizer.iterations.numpy()) == 0
    with pytest.warns(TrainingWarning, match="learning rate"):
        model.fit(X, Y, epochs=5, verbose=0)


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


def test_dead_units():
    model = compiled(mlp(1))
    model.layers[0].bias.assign(np.full(8, -1000.0))
    (finding,) = model.lint(X, Y)
    assert finding.name == "dead-units"
    assert "8 of 8" in finding.what
    assert model.layers[0].name in finding.what


@pytest.mark.parametrize("end", [layers.ReLU(), layers.Activation("relu6")])
def test_dead_units_of_images(end):
    model = compiled(Sequential([Input((8, 8, 1)), Conv2D(6, 3), end, GlobalAveragePooling2D(), Dense(1)]))
    model.layers[0].bias.assign(np.array([-1000.0] * 4 + [1.0] * 2))
    (finding,) = model.lint(IMAGES, Y)
    assert finding.name == "dead-units"
    assert "4 of 6" in finding.what


def test_nan_that_arises_in_training():
    model = compiled(Sequential([Input((4,)), layers.Lambda(lambda x: ops.log(x), name="logs"), Dense(1)]))
    with pytest.warns(TrainingWarning, match=r"log\(.*logs"):
        model.fit(X, Y, verbose=0)


def test_validation_rows_that_are_training_rows():
    model = compiled(mlp(1))
    report = model.lint(X, Y, validation_data=(X[:40], Y[:40]))
    assert [f.name for f in report] == ["shared-rows"]
    with pytest.warns(TrainingWarning, match="40 of the first 40 validation rows"):
        model.fit(X, Y, validation_data=(X[:40], Y[:40]), verbose=0)
    with pytest.warns(TrainingWarning, match="validation rows"):
        model.fit(np.r_[X, X], np.r_[Y, Y], validation_split=0.3, verbose=0)


@pytest.mark.parametrize("form", ["sparse", "one-hot"])
def test_sorted_labels(form):
    rows = np.sort(LABELS)
    y, loss = (rows, "sparse_categorical_crossentropy") if form == "sparse" else (np.eye(3)[rows], categorical())
    model = compiled(mlp(3, "softmax"), loss)
    with pytest.warns(TrainingWarning, match="sorted"):
        model.fit(X, y, validation_split=0.25, verbose=0)
    assert [f.name for f in model.lint(X[:90], y[:90], validation_data=(X[90:], y[90:]))] == ["sorted-labels"]


def test_lint_without_data():
    assert [f.name for f in compiled(frozen(mlp(1))).lint()] == ["nothing-to-train"]
    assert str(compiled(mlp(1)).lint()) == "nothing found"
    with pytest.raises(ChainruleError, match="compile"):
        mlp(1).lint(X, Y)


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


WORDS = RNG.integers(0, 50, size=(120, 6))
MAP = RNG.integers(0, 3, size=(120, 8, 8))
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
def test_sound_set_ups_are_not_spoken_of(name):
    make, x, y, fitting = SOUND[name]
    cr.utils.set_random_seed(1)
    model = make()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, y, verbose=0, **fitting)
        report = model.lint(x, y)
    assert not report, report


def test_sound_batches_are_not_spoken_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = compiled(mlp(1))
        model.fit(batches(), steps_per_epoch=2, epochs=2, verbose=0)
        assert not model.lint(batches())
        model.fit(X, Y, validation_data=(X + 1, Y), verbose=0)
        assert not model.lint(X, Y, validation_data=(X + 1, Y))


def test_errors_in_batches():
    def wrong():
        while True:
            yield X[:30], LABELS[:30] + 1

    with pytest.raises(ChainruleError, match="1 to 3"):
        compiled(mlp(3, "softmax"), sparse()).fit(wrong(), steps_per_epoch=2, verbose=0)


def test_a_large_array_is_looked_at_once(monkeypatch):
    monkeypatch.setattr(lint_data, "MIN_CACHED_BYTES", X.nbytes)
    before, large, small = len(lint_data._known_finite), X.copy(), X[:-1].copy()
    assert lint_data._all_finite(large)
    assert lint_data._all_finite(small)
    assert len(lint_data._known_finite) == before + 1
    large[3, 1] = small[3, 1] = np.nan
    assert lint_data._all_finite(large)
    assert not lint_data._all_finite(small)
    assert not lint_data._all_finite(large.copy())
    del large
    gc.collect()
    assert len(lint_data._known_finite) == before
