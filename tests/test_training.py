"""Training: `fit` against Keras itself and against loops; every kind of data; what may happen on the way."""

import functools
import gc
import io
import operator
import os
import signal
import threading
import tracemalloc
import warnings
from contextlib import redirect_stdout
from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops, utils
from chainrule.core.errors import ChainruleError, GraphError, ShapeError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential
from chainrule.training import TrainingWarning, steps

RNG = np.random.default_rng(11)
X = RNG.normal(size=(50, 4)).astype("float32")
W = np.array([[1.0], [-2.0], [0.5], [3.0]], "float32")
Y = (X @ W + 0.25).astype("float32")


def linear(rate=0.05, **kwargs):
    model = Sequential([Input((4,)), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.SGD(rate), "mse", **kwargs)
    return model


def sgd_by_hand(x, y, batches, rate):
    """Kernel and bias after one step of the mean squared error for each list of rows."""
    w, b = np.zeros((x.shape[1], 1)), np.zeros(1)
    for rows in batches:
        error = x[rows] @ w + b - y[rows]
        w = w - rate * 2 * x[rows].T @ error / len(error)
        b = b - rate * 2 * error.mean(0)
    return w, b


def chunks(order, size):
    return [order[i : i + size] for i in range(0, len(order), size)]


def close(a, b, rtol=2e-5, atol=2e-6):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


# ---- fit against Keras


def mlp(k, data):
    x = data.normal(size=(37, 5))
    reg = k.regularizers
    model = k.Sequential(
        [
            k.Input((5,)),
            k.layers.Dense(7, activation="tanh", kernel_regularizer=reg.L2(0.01), bias_regularizer=reg.L1(0.02)),
            k.layers.Dense(6, activation="relu", activity_regularizer=reg.L2(0.03)),
            k.layers.Dense(3, activation="softmax"),
        ]
    )
    return model, x, np.argmax(x[:, :3], 1), "sparse_categorical_crossentropy", ["accuracy"]


def regression(k, data):
    x = data.normal(size=(37, 5))
    model = k.Sequential([k.Input((5,)), k.layers.Dense(6, activation="tanh"), k.layers.Dense(2)])
    return model, x, x[:, :2] ** 2 + x[:, 2:4], "mse", ["mae", "mse"]


def cnn(k, data):
    x = data.normal(size=(22, 6, 7, 2))
    y = np.eye(3)[np.arange(22) % 3]
    model = k.Sequential(
        [
            k.Input((6, 7, 2)),
            k.layers.Conv2D(3, 3, padding="same"),
            k.layers.BatchNormalization(momentum=0.8),
            k.layers.ReLU(),
            k.layers.MaxPooling2D(2),
            k.layers.Conv2D(4, 2, activation="relu"),
            k.layers.GlobalAveragePooling2D(),
            k.layers.Dense(3),
        ]
    )
    return model, x, y, k.losses.CategoricalCrossentropy(from_logits=True), ["accuracy", "categorical_accuracy"]


def binary(k, data):
    x = data.normal(size=(31, 4))
    model = k.Sequential([k.Input((4,)), k.layers.Dense(5, activation="relu"), k.layers.Dense(1, activation="sigmoid")])
    return model, x, (x[:, 0] + x[:, 1] > 0).astype(int), "binary_crossentropy", ["accuracy", "auc"]


CASES = {
    "sgd": (mlp, lambda o: o.SGD(0.1), {}, {}),
    "momentum": (regression, lambda o: o.SGD(0.05, momentum=0.9), {}, {}),
    "rmsprop": (regression, lambda o: o.RMSprop(0.01, momentum=0.5), {}, {}),
    "clipnorm": (regression, lambda o: o.SGD(0.1, clipnorm=0.1), {}, {}),
    "clipvalue": (regression, lambda o: o.Adam(0.1, clipvalue=0.01), {}, {}),
    "global_clipnorm": (mlp, lambda o: o.SGD(0.1, global_clipnorm=0.2), {}, {}),
    "accumulation": (regression, lambda o: o.SGD(0.1, gradient_accumulation_steps=3), {}, {}),
    "ema": (regression, lambda o: o.SGD(0.1, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=4), {}, {}),
    "schedule": (regression, lambda o: o.SGD(o.schedules.ExponentialDecay(0.1, 3, 0.5)), {}, {}),
    "cnn split": (cnn, lambda o: o.SGD(0.1), {"validation_split": 0.3}, {}),
    "binary": (binary, lambda o: o.Adam(0.05), {"validation_split": 0.2}, {}),
    "class weight": (mlp, lambda o: o.SGD(0.1), {"class_weight": {0: 2.0, 2: 0.5}}, {"weighted_metrics": ["accuracy"]}),
    "sample weight": (
        regression,
        lambda o: o.SGD(0.1),
        {"sample_weight": np.linspace(0, 2, 37)},
        {"weighted_metrics": ["mae"]},
    ),
    "split and weight": (
        binary,
        lambda o: o.SGD(0.1),
        {"sample_weight": np.linspace(0, 2, 31), "validation_split": 0.25},
        {"weighted_metrics": ["accuracy"]},
    ),
}


def same_history(ours, theirs):
    assert sorted(ours) == sorted(theirs)
    for name in theirs:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-8, atol=1e-8, err_msg=name)


def arrays(model):
    return [np.asarray(w.value) for w in model.weights]


def same_weights(ours, theirs):
    for a, b in zip(arrays(ours), arrays(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)


@pytest.mark.heavy
@pytest.mark.parametrize("name", CASES)
def test_fit_as_keras(name, keras64, double):
    make, optimizer, fitting, compiling = CASES[name]
    created, first = [], None
    for k in (cr, keras64):
        model, x, y, loss, metrics = make(k, np.random.default_rng(3))
        if first is None:
            first = [w + 0.01 * RNG.normal(size=w.shape) for w in arrays(model)]
            first = [np.abs(w) if v.name == "moving_variance" else w for v, w in zip(model.weights, first, strict=True)]
        model.set_weights(first)
        model.compile(optimizer(k.optimizers), loss, metrics=metrics, **compiling)
        logs = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, **fitting)
        result = model.evaluate(x, y, verbose=0, return_dict=True)
        created.append((model, logs.history, result, model.predict(x, verbose=0)))
    (ours, a, e, p), (theirs, b, f, q) = created
    same_history(a, b)
    same_history(e, f)
    same_weights(ours, theirs)
    np.testing.assert_allclose(p, q, rtol=1e-8, atol=1e-8)


@pytest.mark.heavy
@pytest.mark.parametrize("form", ["list", "dict"])
def test_fit_of_several_outputs_as_keras(form, keras64, double):
    data = np.random.default_rng(4)
    u, v = data.normal(size=(29, 3)), data.normal(size=(29, 2))
    targets = [u.sum(1, keepdims=True), (v[:, 0] > 0).astype(int)]
    weights = [np.linspace(0.5, 2, 29), np.linspace(0, 1, 29)]
    created = []
    for k in (cr, keras64):
        a, b = k.Input((3,), name="a"), k.Input((2,), name="b")
        joined = k.layers.Concatenate()([a, k.layers.Dense(3, activation="relu")(b)])
        ends = {
            "p": k.layers.Dense(1, name="p")(joined),
            "q": k.layers.Dense(2, activation="softmax", name="q")(joined),
        }
        model = k.Model([a, b], list(ends.values()) if form == "list" else ends)
        losses = ["mse", "sparse_categorical_crossentropy"]
        metrics = [["mae"], ["accuracy"]]
        shares = [0.3, 2.0]
        y, w = targets, weights
        if form == "dict":
            losses, metrics, shares, y, w = (dict(zip("pq", z, strict=True)) for z in (losses, metrics, shares, y, w))
        if created:
            model.set_weights(created[0][2])
        first = arrays(model)
        model.compile(k.optimizers.Adam(0.02), losses, loss_weights=shares, metrics=metrics)
        logs = model.fit([u, v], y, sample_weight=w, batch_size=7, epochs=3, shuffle=False, verbose=0).history
        stored = ([u[:9] * 2, v[:9] - 1], {n: t[:9] for n, t in y.items()} if form == "dict" else [t[:9] for t in y])
        checked = model.fit([u, v], y, batch_size=7, epochs=1, shuffle=False, verbose=0, validation_data=stored)
        created.append((model, {**logs, **checked.history}, first))
    same_history(created[0][1], created[1][1])
    same_weights(created[0][0], created[1][0])


def scripted(base, told):
    class Scripted(base):
        def tell(self, hook, args):
            told.append((hook, *[sorted(a) if isinstance(a, dict) else a for a in args if a is not None]))

    def hook(name):
        return lambda self, *args, **kwargs: self.tell(name, (*args, *kwargs.values()))

    for when in ("train", "test", "predict", "epoch", "train_batch", "test_batch", "predict_batch"):
        for end in ("begin", "end"):
            setattr(Scripted, f"on_{when}_{end}", hook(f"on_{when}_{end}"))
    return Scripted()


@pytest.mark.heavy
def test_hooks_come_in_the_order_of_keras(keras64):
    stories = []
    for k in (cr, keras64):
        told = []
        model = k.Sequential([k.Input((4,)), k.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"])
        callback = scripted(k.callbacks.Callback, told)
        model.fit(X, Y, 20, epochs=3, validation_split=0.3, validation_freq=2, callbacks=[callback], verbose=0)
        model.evaluate(X, Y, batch_size=25, callbacks=[callback], verbose=0)
        model.predict(X, batch_size=25, callbacks=[callback], verbose=0)
        stories.append(told)
    ours, theirs = ([(h[0], *[a for a in h[1:] if not isinstance(a, list)]) for h in s] for s in stories)
    assert ours == theirs
    for a, b in zip(*stories, strict=True):  # and what is in the logs, where Keras gives any
        if len(b) > 1 and b[-1]:
            assert a == b


@pytest.mark.heavy
@pytest.mark.parametrize(
    "fitting",
    [
        {"steps_per_epoch": 3, "validation_steps": 1},
        {"validation_freq": 2},
        {"validation_freq": [1, 3]},
        {"initial_epoch": 1},
        {"validation_batch_size": 3},
        {"batch_size": 99},
    ],
    ids=str,
)
def test_counts_as_keras_counts(fitting, keras64, double):
    x = np.random.default_rng(8).normal(size=(24, 3))
    y = x.sum(1, keepdims=True)
    created = []
    for k in (cr, keras64):
        model = k.Sequential([k.Input((3,)), k.layers.Dense(1, kernel_initializer="zeros")])
        model.compile(k.optimizers.SGD(0.1), "mse")
        fitted = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0, **fitting}
        logs = model.fit(x, y, validation_data=(x[:10] ** 2, y[:10]), **fitted).history
        created.append((model, logs))
    same_history(created[0][1], created[1][1])
    same_weights(created[0][0], created[1][0])


# ---- batches


@pytest.mark.parametrize("size", [1, 7, 32, 50, 400, None])
def test_every_batch_size_takes_the_rows_in_order(size):
    model = linear(0.01)
    model.fit(X, Y, batch_size=size, epochs=2, shuffle=False, verbose=0)
    w, b = sgd_by_hand(X, Y, chunks(np.arange(50), size or 32) * 2, 0.01)
    close(model.get_weights()[0], w)
    close(model.get_weights()[1], b)


@pytest.mark.parametrize(("size", "epochs"), [(1, 20), (32, 250), (50, 400)])
def test_every_batch_size_converges_to_least_squares(size, epochs):
    model = linear(0.05)
    model.fit(X, Y, batch_size=size, epochs=epochs, verbose=0)
    best = np.linalg.lstsq(np.c_[X, np.ones(50)], Y, rcond=None)[0]
    close(np.r_[model.get_weights()[0], model.get_weights()[1][None]], best, 1e-3, 1e-3)


class Watched(Model):
    """Keeps the rows it was shown."""

    def __init__(self):
        super().__init__()
        self.dense, self.seen = Dense(1), []

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        self.seen.append(data[0].numpy()[:, 0].tolist())
        return super().train_step(data)


def orders(epochs=3, **kwargs):
    model = Watched()
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.arange(10.0)[:, None]
    model.fit(x, x, epochs=epochs, batch_size=4, verbose=0, **kwargs)
    assert [len(b) for b in model.seen] == [4, 4, 2] * epochs
    return [functools.reduce(operator.iadd, model.seen[3 * i : 3 * i + 3], []) for i in range(epochs)]


def test_the_order_is_a_new_permutation_each_epoch_and_the_same_for_the_same_seed():
    utils.set_random_seed(7)
    first = orders()
    assert all(sorted(o) == list(range(10)) for o in first)
    assert len({tuple(o) for o in [list(range(10)), *first]}) == 4
    second = orders()
    assert second != first  # a second fit goes on with the stream
    utils.set_random_seed(7)
    assert orders() == first
    utils.set_random_seed(8)
    assert orders() != first
    assert orders(shuffle=False) == [list(range(10))] * 3


def test_epochs_of_few_steps_take_up_where_the_one_before_ended():
    model = Watched()
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.arange(6.0)[:, None]
    model.fit(x, x, batch_size=2, steps_per_epoch=2, epochs=3, shuffle=False, verbose=0)
    assert [int(b[0]) for b in model.seen] == [0, 2, 4, 0, 2, 4]


# ---- kinds of data


def by_batches(size=10):
    return [(X[i : i + size], Y[i : i + size]) for i in range(0, 50, size)]


class Batches(utils.PyDataset):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.ended = 0

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return by_batches()[i]

    def on_epoch_end(self):
        self.ended += 1


class Rematerializer:
    """An iterable that can be begun again."""

    def __iter__(self):
        return iter(by_batches())


class Examples:
    """A length, and an index that gives one example."""

    def __init__(self, form):
        self.form = form

    def __len__(self):
        return 50

    def __getitem__(self, i):
        return self.form(i)


def forever():
    while True:
        yield from by_batches()


def expected(epochs=2, size=10, rate=0.05):
    return sgd_by_hand(X, Y, chunks(np.arange(50), size) * epochs, rate)


def fits(data, y=None, **kwargs):
    model = linear()
    model.fit(data, y, epochs=2, shuffle=False, verbose=0, **kwargs)
    w, b = expected()
    close(model.get_weights()[0], w)
    close(model.get_weights()[1], b)
    return model


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a,
        lambda a: a.astype("float64"),
        lambda a: a.tolist(),
        lambda a: [tuple(row) for row in a.tolist()],
        lambda a: cr.tensor(a),
        lambda a: np.asfortranarray(a),
        lambda a: a.astype(object),
    ],
    ids=["float32", "float64", "lists", "tuples", "tensors", "fortran", "objects"],
)
def test_arrays_of_all_kinds(change):
    model = fits(change(X), change(Y), batch_size=10)
    close(model.predict(change(X), verbose=0), X @ model.get_weights()[0] + model.get_weights()[1])
    close(model.evaluate(change(X), change(Y), verbose=0), ((model(X).numpy() - Y) ** 2).mean())


def test_flat_targets_serve_as_columns():
    fits(X, Y[:, 0], batch_size=10)
    fits(X, Y[:, 0].tolist(), batch_size=10)


def test_memory_mapped_arrays(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    x, y = (np.load(tmp_path / f"{n}.npy", mmap_mode="r") for n in "xy")
    fits(x, y, batch_size=10)


def test_pandas_tables():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcd"))
    fits(table, pandas.Series(Y[:, 0]), batch_size=10)
    table["e"] = "word"
    with pytest.raises(ValueProblem, match="'e'"):
        linear().fit(table, Y)


def test_polars_tables():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({c: X[:, i] for i, c in enumerate("abcd")})
    fits(table, polars.Series(Y[:, 0]), batch_size=10)
    with pytest.raises(ValueProblem, match="'e'"):
        linear().fit(table.with_columns(polars.lit("word").alias("e")), Y)


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    fits(sparse.csr_matrix(X), Y, batch_size=10)
    fits(sparse.coo_array(X), Y, batch_size=10)


def test_generators():
    fits(forever(), steps_per_epoch=5)
    with pytest.raises(ChainruleError, match="epoch 2"):
        fits(iter(by_batches()))


def test_py_data_sets_and_iterables():
    data = Batches()
    fits(data)
    assert data.ended == 2
    fits(Rematerializer())
    fits(Rematerializer(), steps_per_epoch=5)


def test_batches_may_be_lists_and_carry_weights():
    model = linear()
    model.fit(([x, y, np.zeros(len(x))] for x, y in by_batches()), verbose=0)
    close(model.get_weights()[0], 0 * W)


def test_examples_by_index():
    fits(Examples(lambda i: (X[i], Y[i])), batch_size=10)
    fits(Examples(lambda i: [X[i], Y[i]]), batch_size=10)
    fits(Examples(lambda i: (X[i].tolist(), float(Y[i, 0]))), batch_size=10)
    model = Sequential([Input((4,), name="picture"), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.SGD(0.05), "mse")
    data = Examples(lambda i: {"picture": X[i], "label": Y[i]})
    model.fit(data, y="label", batch_size=10, epochs=2, shuffle=False, verbose=0)
    close(model.get_weights()[0], expected()[0])
    with pytest.raises(ValueProblem, match="'lable'"):
        model.fit(data, y="lable", verbose=0)
    with pytest.raises(ValueProblem):
        model.fit(data, y=Y, verbose=0)


@pytest.mark.heavy
def test_torch_data():
    torch = pytest.importorskip("torch")
    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    data = torch.utils.data.TensorDataset(x, y)
    fits(data, batch_size=10)
    fits(torch.utils.data.DataLoader(data, batch_size=10))
    fits(x, y, batch_size=10)
    model = fits(x.clone().requires_grad_(True), y, batch_size=10)
    assert model.predict(torch.utils.data.DataLoader(data, batch_size=10), verbose=0).shape == (50, 1)
    assert model.evaluate(data, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))


def test_dictionaries_and_lists_of_arrays():
    a, b = Input((2,), name="a"), Input((2,), name="b")
    end = Dense(1, kernel_initializer="zeros")
    model = Model({"a": a, "b": b}, end(layers.concatenate([a, b])))
    model.compile(cr.optimizers.SGD(0.05), "mse")
    model.fit({"b": X[:, 2:], "a": X[:, :2]}, Y, batch_size=10, epochs=2, shuffle=False, verbose=0)
    close(end.get_weights()[0], expected()[0])
    assert model.predict({"a": X[:, :2], "b": X[:, 2:]}, verbose=0).shape == (50, 1)


def test_data_that_does_not_serve():
    model = linear()
    for x, y, words in (
        (X, Y[:40], "50 examples in x and 40 in y"),
        (X[:0], Y[:0], "without examples"),
        (np.array([["a"] * 4] * 50), Y, "numbers"),
        (X, None, "no targets for the output"),
        (X, {"nope": Y}, "which names 'nope'"),
        ([[1.0, 2.0], [3.0]], [1.0, 2.0], "differ in length"),
        (None, None, "no data"),
        (iter([]), None, "without a batch"),
        (3.0, Y, "number|axes|shape|examples"),
        ("words", Y, "words|number|examples"),
    ):
        with pytest.raises(ChainruleError, match=words):
            model.fit(x, y, verbose=0)
    close(model.get_weights()[0], 0 * W)
    for wrong in (
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"epochs": 0},
        {"epochs": True},
        {"steps_per_epoch": 0},
        {"validation_split": 1.0},
        {"validation_split": -0.1},
        {"validation_split": 0.2, "validation_freq": 0},
        {"class_weight": [1, 2]},
        {"initial_epoch": -1},
    ):
        with pytest.raises(ChainruleError):
            model.fit(X, Y, verbose=0, **wrong)
    with pytest.raises(GraphError, match="compile"):
        Sequential([Dense(1)]).fit(X, Y)
    with pytest.raises(ValueProblem, match="validation_data"):
        model.fit(Batches(), validation_split=0.2)
    with pytest.raises(ValueProblem, match="together"):
        model.fit(Batches(), Y)


WHOLE_NUMBERS = {
    "fit": [
        "batch_size",
        "epochs",
        "initial_epoch",
        "steps_per_epoch",
        "validation_steps",
        "validation_batch_size",
        "validation_freq",
    ],
    "evaluate": ["batch_size", "steps"],
    "predict": ["batch_size", "steps"],
    "compile": ["steps_per_execution"],
}


@pytest.mark.parametrize(("method", "name"), [(m, name) for m, names in WHOLE_NUMBERS.items() for name in names])
def test_arguments_that_are_whole_numbers(method, name):
    model = linear()

    def call(value):
        if method == "compile":
            return model.compile(cr.optimizers.SGD(0.05), "mse", **{name: value})
        options = {"epochs": 4, "validation_data": (X[40:], Y[40:])} if method == "fit" else {}
        data = (X[:40],) if method == "predict" else (X[:40], Y[:40])
        return getattr(model, method)(*data, verbose=0, **{**options, name: value})

    least = 0 if name == "initial_epoch" else 1
    for wrong in (2.7, 3.0, np.array(2.7), np.float64(2), True, least - 1):
        with pytest.raises(ValueProblem, match=f"{name}=.*a whole number from {least} up"):
            call(wrong)
    close(model.get_weights()[0], 0 * W)  # nothing was learnt
    for right in (np.int64(3), np.array(3), 3):
        call(right)


def test_numpy_s_whole_numbers_count_as_python_s():
    for three in (3, np.int64(3), np.array(3)):
        model = linear()
        history = model.fit(X, Y, epochs=three, batch_size=three, steps_per_epoch=three, verbose=0)
        assert len(history.epoch) == 3
        assert model.optimizer.iterations.numpy() == 9


# ---- what is told


def told(run):
    out = io.StringIO()
    with redirect_stdout(out):
        run()
    return out.getvalue()


def test_verbosity():
    model = linear()
    assert told(lambda: model.fit(X, Y, verbose=0, epochs=2)) == ""
    two = told(lambda: model.fit(X, Y, verbose=2, epochs=2, validation_split=0.2))
    assert two.count("Epoch") == 2
    assert two.count("val_loss") == 2
    one = told(lambda: model.fit(X, Y, verbose=1, batch_size=10))
    assert "5/5" in one
    assert "loss" in one
    assert "2/2" in told(lambda: model.evaluate(X, Y))
    assert "2/2" in told(lambda: model.predict(X))
    assert told(lambda: model.predict(X, verbose=0)) == ""


def test_forms_of_evaluate_and_batches():
    model = linear(metrics=["mae"])
    loss, mae = ((0 - Y) ** 2).mean(), np.abs(Y).mean()
    close(model.evaluate(X, Y, verbose=0), [loss, mae])
    result = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(result) == ["loss", "mae"]
    assert result["mae"] == pytest.approx(mae, rel=1e-5)
    assert linear().evaluate(X, Y, verbose=0) == pytest.approx(loss, rel=1e-5)
    weighted = model.evaluate(X, Y, sample_weight=np.arange(50), verbose=0, batch_size=50)
    assert weighted[0] == pytest.approx(((Y[:, 0] ** 2) * np.arange(50)).mean(), rel=1e-5)
    assert model.evaluate(X, Y, steps=1, batch_size=10, verbose=0)[0] == pytest.approx((Y[:10] ** 2).mean(), rel=1e-5)
    with pytest.raises(TypeError, match="wrong"):
        model.evaluate(X, Y, wrong=3)


def test_one_batch_at_a_time():
    model = linear(0.1)
    close(model.test_on_batch(X, Y), (Y**2).mean())
    close(model.predict_on_batch(X), np.zeros((50, 1)))
    model.reset_metrics()
    close(model.train_on_batch(X, Y), (Y**2).mean())
    w, b = sgd_by_hand(X, Y, [np.arange(50)], 0.1)
    close(model.get_weights()[0], w)
    close(model.predict_on_batch(X), X @ w + b)
    model.reset_metrics()
    result = model.train_on_batch(X, Y, sample_weight=np.zeros(50), return_dict=True)
    assert result == {"loss": 0.0}
    close(model.get_weights()[0], w)


def test_a_class_weight_for_one_batch():
    model = Sequential([Input((4,)), Dense(2, kernel_initializer="zeros", activation="softmax")])
    model.compile(cr.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    y = np.arange(50) % 2
    assert model.train_on_batch(X, y, class_weight={0: 3.0}) == pytest.approx(2 * np.log(2), rel=1e-5)


def test_names_of_metrics_stay_when_compiled_again():
    a = Input((4,))
    model = Model(a, [Dense(1, name="p")(a), Dense(1, name="q")(a)])
    stored = cr.metrics.MeanAbsoluteError(name="mae")
    for _ in range(2):
        model.compile("sgd", "mse", metrics=[["mse", stored], ["mse"]])
        result = model.evaluate(X, [Y, Y], verbose=0, return_dict=True)
        assert list(result) == ["loss", "p_loss", "q_loss", "p_mse", "p_mae", "q_mse"]
    model = linear(metrics=["mae", "mae"], weighted_metrics=["mae"])
    assert list(model.evaluate(X, Y, verbose=0, return_dict=True)) == ["loss", "mae", "mae_1", "weighted_mae"]


class Stops(cr.callbacks.Callback):
    def __init__(self, batch=None, epoch=None):
        super().__init__()
        self.batch, self.epoch, self.count = batch, epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if batch == self.batch:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.model.stop_training = True


class AddsLoss(Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(4, kernel_initializer="zeros")

    def call(self, x):
        result = self.dense(x)
        self.add_loss(ops.mean(ops.square(result - x)))
        return result


def test_a_loss_that_layers_add_needs_no_targets():
    model = AddsLoss()
    model.compile(cr.optimizers.SGD(0.1))
    assert model.evaluate(X, batch_size=50, verbose=0) == pytest.approx((X**2).mean(), rel=1e-5)
    logs = model.fit(X, batch_size=50, epochs=2, verbose=0).history["loss"]
    kernel, bias = 0.1 * 2 * X.T @ X / X.size, 0.1 * 2 * X.sum(0) / X.size
    close(logs, [(X**2).mean(), ((X @ kernel + bias - X) ** 2).mean()])


def test_an_output_without_a_loss():
    a = Input((4,))
    ends = [Dense(1, kernel_initializer="zeros", name=n) for n in "pq"]
    for losses, y in ((["mse", None], [Y, Y]), ({"p": "mse"}, {"p": Y}), ({"p": "mse"}, {"p": Y, "q": Y})):
        model = Model(a, {end.name: end(a) for end in ends} if isinstance(y, dict) else [end(a) for end in ends])
        model.compile(cr.optimizers.SGD(0.05), losses)
        for end in ends:
            end.set_weights([np.zeros((4, 1)), np.zeros(1)])
        model.fit(X, y, batch_size=50, verbose=0)
        close(ends[0].get_weights()[0], sgd_by_hand(X, Y, [np.arange(50)], 0.05)[0])
        close(ends[1].get_weights()[0], np.zeros((4, 1)))


def test_stop_training():
    model, stops = linear(), Stops(epoch=1)
    history = model.fit(X, Y, epochs=9, batch_size=10, callbacks=stops, verbose=0)
    assert history.epoch == [0, 1]
    assert stops.count == 10
    stops = Stops(batch=2)
    history = model.fit(X, Y, epochs=9, batch_size=10, callbacks=[stops], verbose=0)
    assert history.epoch == [0]
    assert stops.count == 3
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]  # a new fit begins anew


def test_initial_epoch():
    history = linear().fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]
    assert len(history.history["loss"]) == 2


def test_validation_as_said():
    model = linear(0.0)
    logs = model.fit(X, Y, validation_split=0.2, verbose=0).history
    assert logs["loss"] == [pytest.approx((Y[:40] ** 2).mean(), rel=1e-5)]
    assert logs["val_loss"] == [pytest.approx((Y[40:] ** 2).mean(), rel=1e-5)]
    weight = np.r_[np.ones(5), np.zeros(5)]
    logs = model.fit(X, Y, validation_data=(-X[:10], Y[:10], weight), verbose=0).history
    assert logs["val_loss"] == [pytest.approx((Y[:5] ** 2).sum() / 10, rel=1e-5)]
    logs = model.fit(X, Y, validation_data=Batches(), epochs=4, validation_freq=[2, 3], verbose=0).history
    assert len(logs["val_loss"]) == 2
    logs = model.fit(X, Y, validation_data=forever(), validation_steps=1, verbose=0).history
    assert logs["val_loss"] == [pytest.approx((Y[:10] ** 2).mean(), rel=1e-5)]


# ---- eager and traced


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_eager_and_traced_are_the_same(optimizer):
    x, y = X, (X[:, 0] > 0).astype(int)
    result = []
    for eager in (False, True):
        cr.utils.set_random_seed(3)
        model = Sequential(
            [Input((4,)), Dense(6, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.3), Dense(2)]
        )
        loss = cr.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, metrics=["accuracy"], run_eagerly=eager)
        logs = model.fit(x, y, batch_size=20, epochs=3, verbose=0, validation_split=0.2).history
        result.append((logs, model.get_weights(), model.predict(x, verbose=0), model.evaluate(x, y, verbose=0)))
    (a, u, p, e), (b, v, q, f) = result
    assert sorted(a) == sorted(b)
    for name in a:
        close(a[name], b[name])
    for s, t in zip(u, v, strict=True):
        close(s, t, 1e-5, 1e-6)
    close(p, q)
    close(e, f)


def test_changes_between_two_fits_take_effect():
    model = Sequential([Input((4,)), layers.Dropout(0.999), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.SGD(0.05), "mse")
    model.fit(X, Y, batch_size=50, shuffle=False, verbose=0)
    model.layers[0].rate = 0.0
    model.set_weights([np.zeros((4, 1)), np.zeros(1)])
    model.fit(X, Y, batch_size=50, shuffle=False, verbose=0)
    close(model.get_weights()[0], sgd_by_hand(X, Y, [np.arange(50)], 0.05)[0])
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    model.optimizer.learning_rate.assign(0.1)
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != before[0]).all()
    model.layers[1].trainable = False
    before = model.get_weights()
    with pytest.warns(TrainingWarning, match="trainable"):
        model.fit(X, Y, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    model.layers[1].trainable = True
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != before[0]).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_layer_thawed_after_training_began(optimizer):
    model = Sequential([Input((4,)), Dense(3), Dense(1)])
    model.layers[0].trainable = False
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    model.layers[0].trainable = True
    with pytest.raises(GraphError, match="compile"):  # the optimizer keeps no slots for it
        model.fit(X, Y, verbose=0)
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != before[0]).all()


def test_a_rate_set_by_a_callback():
    class Halves(cr.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = [0.1, 0.0][epoch]

    model = linear(9.0)
    model.fit(X, Y, batch_size=50, epochs=2, shuffle=False, callbacks=[Halves()], verbose=0)
    close(model.get_weights()[0], sgd_by_hand(X, Y, [np.arange(50)], 0.1)[0])


def test_a_step_is_traced_once_for_each_form_of_batch(monkeypatch):
    traced = []
    real = steps.trace
    monkeypatch.setattr(steps, "trace", lambda *a: traced.append(a) or real(*a))
    model = linear(0.01)
    model.fit(X[:40], Y[:40], batch_size=10, epochs=3, verbose=0)
    assert len(traced) == 1
    model.fit(X, Y, batch_size=10, epochs=2, verbose=0)
    model.train_on_batch(X[:10], Y[:10])
    assert len(traced) == 1
    model.fit(X[:45], Y[:45], batch_size=10, epochs=3, verbose=0)
    assert len(traced) == 2  # the last batch of 5
    model.evaluate(X, Y, batch_size=10, verbose=0)
    model.evaluate(X, Y, batch_size=10, verbose=0)
    assert len(traced) == 3
    model.predict(X, batch_size=10, verbose=0)
    model.predict(X[:30], batch_size=10, verbose=0)
    assert len(traced) == 4
    model.optimizer.learning_rate = 0.02
    model.fit(X, Y, batch_size=10, verbose=0)
    assert len(traced) == 4


def test_memory_does_not_grow():
    model, x, y = linear(0.01, metrics=["mae"]), X[:10], Y[:10]
    used = []
    tracemalloc.start()
    for _ in range(4):  # the first time also fills what Python and NumPy keep for themselves
        for _ in range(50):
            model.fit(x, y, verbose=0, validation_split=0.2)
        gc.collect()
        used.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    growth = min(after - before for before, after in pairwise(used))
    assert growth < 25_000, used  # 500 bytes a fit; a history alone is more


# ---- Ctrl-C


def test_ctrl_c_leaves_the_weights_of_whole_steps():
    model = linear(0.001)
    step = model.optimizer.iterations
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        model.train_on_batch(X[:5], Y[:5])  # traced by now
        model.set_weights([np.zeros((4, 1)), np.zeros(1)])
        done = int(step.numpy())
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, batch_size=5, epochs=10**7, shuffle=False, verbose=0)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
    taken = int(step.numpy()) - done
    assert taken > 0
    rows = chunks(np.arange(50), 5)
    w, b = sgd_by_hand(X, Y, [rows[i % 10] for i in range(min(taken, 3000))], 0.001)
    if taken <= 3000:
        close(model.get_weights()[0], w, 1e-3, 1e-3)
        close(model.get_weights()[1], b, 1e-3, 1e-3)
    x = X[:5]
    w, b = model.get_weights()
    model.fit(x, Y[:5], verbose=0)  # and the model can be trained on
    error = x @ w + b - Y[:5]
    close(model.get_weights()[0], w - 0.001 * 2 * x.T @ error / 5, 1e-4, 1e-5)


# ---- optimizers through fit


def test_gradient_accumulation_is_one_large_batch():
    model = Sequential([Input((4,)), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.SGD(0.05, gradient_accumulation_steps=5), "mse")
    model.fit(X, Y, batch_size=10, epochs=3, shuffle=False, verbose=0)
    w, b = sgd_by_hand(X, Y, [np.arange(50)] * 3, 0.05)
    close(model.get_weights()[0], w)
    close(model.get_weights()[1], b)


def test_moving_averages_become_the_weights_at_the_end():
    model = Sequential([Input((4,)), Dense(1, kernel_initializer="zeros")])
    model.compile(cr.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.8), "mse")
    model.fit(X, Y, batch_size=10, epochs=2, shuffle=False, verbose=0)
    rows = chunks(np.arange(50), 10) * 2
    average = sgd_by_hand(X, Y, rows[:1], 0.05)[0]
    for i in range(1, 10):
        average = 0.8 * average + 0.2 * sgd_by_hand(X, Y, rows[: i + 1], 0.05)[0]
    close(model.get_weights()[0], average)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    if policy == "mixed_bfloat16":
        pytest.importorskip("ml_dtypes")
    model = Sequential([Input((4,)), Dense(8, activation="tanh", dtype=policy), Dense(1, dtype=policy)], name="mixed")
    model.compile(cr.optimizers.Adam(0.05), "mse")
    logs = model.fit(X, Y, epochs=40, verbose=0).history["loss"]
    assert logs[-1] < 0.1 * logs[0]
    assert all(w.dtype == "float32" for w in model.weights)
    assert model(X).dtype.name == policy.removeprefix("mixed_")
    assert np.isfinite(model.predict(X, verbose=0).astype("float32")).all()


def test_a_policy_for_the_whole_model():
    before = cr.dtype_policies.dtype_policy()
    cr.dtype_policies.set_dtype_policy("mixed_float16")
    try:
        model = Sequential([Input((4,)), Dense(8, activation="tanh"), Dense(1)])
        model.compile(cr.optimizers.Adam(0.05), "mse")
    finally:
        cr.dtype_policies.set_dtype_policy(before)
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    logs = model.fit(X, Y, epochs=40, verbose=0).history["loss"]
    assert logs[-1] < 0.1 * logs[0]


# ---- nan


class Logs(layers.Layer):
    def call(self, x):
        return ops.log(x)


def test_a_nan_is_traced_to_operation_and_layer():
    model = Sequential(
        [Input((4,)), Dense(3, kernel_initializer="ones", name="before"), Logs(name="culprit"), Dense(1)]
    )
    model.compile(cr.optimizers.SGD(0.1), "mse")
    with pytest.warns(TrainingWarning, match=r"log\(.*culprit") as seen:
        model.fit(np.abs(X) * np.r_[np.ones(30), -np.ones(20)][:, None], Y, batch_size=10, shuffle=False, verbose=0)
    said = [str(w.message) for w in seen if "not finite" in str(w.message)]
    assert len(said) == 1
    assert "step 4" in said[0]


def test_a_nan_of_the_backward_pass():
    class Root(layers.Layer):
        def call(self, x):
            return ops.sqrt(x)

    model = Sequential([Input((4,)), Dense(3, kernel_initializer="zeros"), Root(name="root"), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.warns(TrainingWarning, match="backward pass of .*root"):
        model.fit(X, Y, epochs=2, verbose=0)


def test_a_rising_loss_is_said():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        linear(2.0).fit(X, Y, epochs=5, batch_size=50, verbose=0)
    assert [str(w.message)[:14] for w in seen] == ["the loss rises"]


def test_targets_of_another_width_are_refused_before_anything_is_learnt():
    model = linear()
    with pytest.raises((ShapeError, ValueProblem), match="Dense"):
        model.fit(X, np.c_[Y, Y, Y], verbose=0)
    close(model.get_weights()[0], 0 * W)


# ---- what a step is traced from


def test_a_schedule_or_a_losss_number_changed_by_hand_takes_effect():
    loss = cr.losses.Huber(delta=1.0)
    model = cr.Sequential([cr.Input((4,)), cr.layers.Dense(1)])
    model.compile(cr.optimizers.SGD(0.1), loss)
    y = 100 * Y
    model.fit(X, y, verbose=0)
    before = model.evaluate(X, y, verbose=0)
    loss.arguments["delta"] = 1.0
    model.optimizer.learning_rate = cr.optimizers.schedules.ExponentialDecay(0.0, 1, 1.0)
    stored = model.get_weights()
    model.fit(X, y, verbose=0)
    assert all((a == b).all() for a, b in zip(stored, model.get_weights(), strict=True))
    assert model.evaluate(X, y, verbose=0) == before


def _append(model):
    model.blocks.append(cr.layers.Dense(1, use_bias=False, kernel_initializer="ones"))


def _another_in_a_tuple(model):
    model.table["pair"][0][0] = cr.layers.Rescaling(5.0)


def _another_metric(model):
    model.kept = [cr.metrics.MeanSquaredError(name="own")]


CHANGES = {
    "an attribute": lambda model: setattr(model, "scale", 3.0),
    "a layer's attribute": lambda model: setattr(model.blocks[0], "activation", cr.activations.relu),
    "a layer more in a list": _append,
    "a layer replaced deep inside": _another_in_a_tuple,
    "a new attribute": _another_metric,
    "an attribute gone": lambda model: delattr(model, "unused"),
}


class Held(cr.Model):
    """Layers in a list, and in a list in a tuple in a dictionary."""

    def __init__(self):
        super().__init__()
        self.scale, self.unused = 1.0, 2.0
        self.blocks = [cr.layers.Dense(3)]
        self.table = {"pair": ([cr.layers.Rescaling(2.0)], None)}

    def call(self, x):
        for layer in self.blocks:
            x = layer(x)
        return self.table["pair"][0][0](x) * self.scale + (2.0 if hasattr(self, "unused") else 0.0)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_between_predictions_takes_effect(change):
    model = Held()
    model.predict_on_batch(X)
    model.predict_on_batch(X)
    steps = model._steps["predict"]
    assert model._steps_of("predict") is steps
    CHANGES[change](model)
    close(model.predict_on_batch(X), model(X).numpy())
    assert model._steps["predict"] is not steps or change == "an attribute"  # a number may be read as it is now


def test_weights_frozen_or_changed_between_steps():
    model = linear(0.01)
    model.train_on_batch(X, Y)
    layer = model.layers[-1]
    stored, bias = layer.kernel.numpy(), layer.bias.numpy()
    layer.kernel.trainable = False
    model.train_on_batch(X, Y)
    close(layer.kernel, stored)
    assert layer.bias.numpy() != bias
    before = model.predict_on_batch(X)
    layer.kernel.assign(stored + 1.0)
    close(model.predict_on_batch(X), before + X.sum(axis=1, keepdims=True))


def test_a_model_whose_metrics_are_found_elsewhere():
    elsewhere = [cr.metrics.MeanSquaredError(name="own")]

    class Model(cr.Sequential):
        @property
        def metrics(self):
            return [*super().metrics, *elsewhere]

    model = Model([cr.Input((4,)), cr.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert set(model.test_on_batch(X, Y, return_dict=True)) == {"loss", "own"}
    elsewhere.append(cr.metrics.MeanAbsoluteError(name="other"))
    assert set(model.test_on_batch(X, Y, return_dict=True)) == {"loss", "own", "other"}


def test_data_that_changes_unseen_is_not_resumed(tmp_path):
    from chainrule.utils import PyDataset

    class Shuffled(PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return X[:8], Y[:8]

        def on_epoch_end(self):
            pass

    class Stop(cr.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    backup = cr.callbacks.BackupAndRestore(tmp_path / "b")
    model = linear(0.01)
    with pytest.raises(KeyboardInterrupt):
        model.fit(Shuffled(), epochs=2, verbose=0, callbacks=[backup, Stop()])
    with pytest.raises(cr.GraphError, match="get_state"):
        model.fit(Shuffled(), epochs=2, verbose=0, callbacks=[cr.callbacks.BackupAndRestore(tmp_path / "b")])


def test_an_index_outside_a_table_names_the_layer():
    model = cr.Sequential([cr.Input((2,)), cr.layers.Embedding(10, 4, name="words"), cr.layers.Flatten()])
    model.compile("sgd", "mse")
    with pytest.raises(IndexError, match="words"):
        model.predict(np.array([[1, 17]]), verbose=0)


def test_interactive_logging_off_means_a_line_an_epoch(capsys):
    model = linear(0.01)
    cr.config.disable_interactive_logging()
    try:
        model.fit(X, Y, epochs=2)
    finally:
        cr.config.enable_interactive_logging()
    assert capsys.readouterr().out.count("Epoch") == 2
    assert cr.config.is_interactive_logging_enabled()


def test_loss_and_metrics_by_hand_before_any_fit():
    a = Input((3,))
    model = Model(a, [layers.Dense(2, name="one")(a), layers.Dense(1, name="two")(a)])
    model.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 3.0], metrics=[["mae"], ["mse"]])
    rng = np.random.default_rng(0)
    x, one, two = rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    outputs = model(x)
    required = np.mean((outputs[0].numpy() - one) ** 2) + 3 * np.mean(np.abs(outputs[1].numpy() - two))
    assert model.compute_loss(x, [one, two], outputs).item() == pytest.approx(required, rel=1e-5)
    result = model.compute_metrics(x, [one, two], outputs)
    assert float(result["one_mae"]) == pytest.approx(np.mean(np.abs(outputs[0].numpy() - one)), rel=1e-5)
    assert float(result["two_mse"]) == pytest.approx(np.mean((outputs[1].numpy() - two) ** 2), rel=1e-5)
    assert len(model.fit(x, [one, two], epochs=1, verbose=0).history) == 5
