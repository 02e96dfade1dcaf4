"""`fit` takes every kind of data, in batches of every size, and says what does not serve."""

import functools
import operator

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, utils
from chainrule.core.errors import ChainruleError, GraphError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential
from training_cases import Batches, W, X, Y, by_batches, chunks, close, forever, linear, sgd_in_numpy

# ---- batches


@pytest.mark.parametrize("size", [1, 7, 32, 50, 400, None])
def test_every_batch_size_takes_the_rows_in_order(size):
    model = linear(0.01)
    model.fit(X, Y, batch_size=size, epochs=2, shuffle=False, verbose=0)
    w, b = sgd_in_numpy(X, Y, chunks(np.arange(50), size or 32) * 2, 0.01)
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


def expected(epochs=2, size=10, rate=0.05):
    return sgd_in_numpy(X, Y, chunks(np.arange(50), size) * epochs, rate)


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


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_the_only_batch_of_an_epoch_is_not_shuffled(engine):
    """Its order means nothing: no rows are moved, and the weights are the same bits as without shuffling."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(37, 5)).astype("float32"), rng.normal(size=(37, 1)).astype("float32")
    weights = {}
    for size in (37, 100, 10):
        for shuffle in (True, False):
            cr.set_random_seed(3)
            model = cr.Sequential([layers.Input((5,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])
            model.compile("sgd", "mse", engine=engine)
            model.fit(x, y, batch_size=size, epochs=3, shuffle=shuffle, verbose=0)
            weights[size, shuffle] = np.concatenate([w.ravel() for w in model.get_weights()])
    np.testing.assert_array_equal(weights[37, True], weights[37, False])
    np.testing.assert_array_equal(weights[100, True], weights[37, False])
    assert not np.array_equal(weights[10, True], weights[10, False])


@pytest.mark.parametrize("kind", ["arrays", "data set", "iterable", "generator"])
@pytest.mark.parametrize("first", [0, 1, 7])
def test_the_first_epoch_begins_at_the_start_of_the_data(kind, first):
    """Whatever its number: with initial_epoch and steps_per_epoch no batch is skipped."""
    taken = []

    class Iterable:
        def __iter__(self):
            return iter(by_batches())

    data = {
        "arrays": lambda: (X, Y),
        "data set": lambda: (Batches(),),
        "iterable": lambda: (Iterable(),),
        "generator": lambda: (forever(),),
    }[kind]()

    class Watching(Sequential):
        def train_step(self, data):
            taken.append(int(np.argmax([(data[0].numpy() == b[0]).all() for b in by_batches()])))
            return super().train_step(data)

    model = Watching([Input((4,)), Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    size = 10 if kind == "arrays" else None
    fitted = {"initial_epoch": first, "epochs": first + 2, "steps_per_epoch": 3, "shuffle": False, "verbose": 0}
    model.fit(*data, batch_size=size, **fitted)
    assert taken == [0, 1, 2, 3, 4, 0]
