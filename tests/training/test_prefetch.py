"""Data that goes step by step: the next batch is read meanwhile, and no thread is left."""

import contextlib
import threading

import numpy as np
import pytest

from chainrule import callbacks, ops
from chainrule.core.errors import GraphError
from chainrule.layers import Dense, Input, Layer
from chainrule.models import Sequential
from chainrule.training.prefetch import Prefetcher, prefetching
from prefetch_cases import At, Detached, Inline, Threaded, X, Y, cut, net, readers, weights

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


# ---- the iterator


def test_order_and_items_are_the_iterators():
    for n in range(4):
        assert list(Prefetcher(iter(range(n)))) == list(range(n))
    done = Prefetcher(iter([7]))
    assert [*done, *done] == [7]


def test_reading_overlaps_with_use_and_goes_one_item_ahead():
    """By events: item k + 1 is read while k is held, before k is given back; item k + 2 is not."""
    read = [threading.Event() for _ in range(6)]

    def items():
        for k, event in enumerate(read):
            event.set()
            yield k

    ahead = Prefetcher(items())
    for k in ahead:
        if k + 1 < len(read):
            assert read[k + 1].wait(20)
        assert not any(event.is_set() for event in read[k + 2 :])
    assert [event.is_set() for event in read] == [True] * 6


def test_what_the_iterator_raises_comes_in_its_items_place():
    def items():
        yield 1
        yield 2
        raise KeyError("third")

    ahead = Prefetcher(items())
    assert [next(ahead), next(ahead)] == [1, 2]
    with pytest.raises(KeyError, match="third") as caught:
        next(ahead)
    assert "items" in [entry.name for entry in caught.traceback]  # the source's own line is in the traceback
    assert list(ahead) == []


@pytest.mark.parametrize("taken", [0, 1, 2, 5, 6])
def test_closing_ends_the_thread(taken):
    items = iter(range(5))
    ahead = Prefetcher(items)
    for _ in range(taken):
        next(ahead, None)
    assert bool(readers()) == (0 < taken < 6)
    assert ahead.close() == (0 < taken < 6)
    assert not readers()
    assert ahead.close() is False


def test_where_there_are_no_threads_items_come_all_the_same(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert list(Prefetcher(iter("abc"))) == ["a", "b", "c"]


def test_the_callers_context_holds_for_what_is_read():
    def items():
        for _ in range(3):
            yield np.geterr()["divide"]

    with np.errstate(divide="call"):
        assert list(Prefetcher(items())) == ["call"] * 3


# ---- fit, evaluate, predict


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("more", [{}, {"steps_per_epoch": 4}, {"class_weight": {0: 2.0}}], ids=str)
def test_results_are_the_same_bits(more, eager):
    result = {}
    for kind in (Inline, Threaded):
        data, model = kind(), net(eager)
        history = model.fit(data, epochs=3, verbose=0, **more).history
        scores = model.evaluate(data, verbose=0), model.predict(data, verbose=0).tobytes()
        result[kind] = weights(model), history, scores, [i for i, _ in data.read]
        assert any(thread for _, thread in data.read) == (kind is Threaded)
    assert result[Inline] == result[Threaded]


def test_the_next_batch_is_read_while_the_step_runs():
    begun = [threading.Event() for _ in range(6)]

    class Data(Threaded):
        def __getitem__(self, i):
            begun[i].set()
            return super().__getitem__(i)

    class Looks(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch + 1 < 6:
                assert begun[batch + 1].wait(20)
            assert not any(e.is_set() for e in begun[batch + 2 :])

    net().fit(Data(), verbose=0, shuffle=False, callbacks=[Looks()])


def test_no_batch_of_the_next_epoch_is_read_ahead():
    """What is taken of a generator is what is used, and hooks about an epoch run while nothing is read."""

    class Hooked(Threaded):
        def on_epoch_end(self):
            assert not readers()
            self.read.append("end")

    taken = []

    def generator():
        for k in range(1000):
            taken.append(k)
            yield X[k % 20 : k % 20 + 4], Y[k % 20 : k % 20 + 4]

    data = Hooked()
    net().fit(data, epochs=2, shuffle=False, verbose=0)
    places = [r if r == "end" else r[0] for r in data.read]
    assert places == [0, 1, 2, 3, 4, 5, "end"] * 2
    source = generator()
    model = net()
    model.fit(source, epochs=2, steps_per_epoch=6, verbose=0)
    assert taken == list(range(12))
    model.evaluate(source, steps=3, verbose=0)
    model.predict((x for x, _ in source), steps=2, verbose=0)
    assert taken == list(range(17))


@pytest.mark.parametrize("how", ["fit", "evaluate", "predict"])
def test_an_error_of_the_data_comes_at_its_step(how):
    """The steps before it are taken, and it is raised with the traceback of where it came from."""

    def broken():
        for k in range(6):
            if k == 4:
                raise OSError("the disk is gone")
            yield (X[:4], Y[:4]) if how != "predict" else X[:4]

    steps = []

    class Counts(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append(batch)

        on_test_batch_end = on_predict_batch_end = on_train_batch_end

    more = {"callbacks": [Counts()], "verbose": 0}
    with pytest.raises(OSError, match="the disk is gone") as caught:
        getattr(net(), how)(broken(), **more)
    assert steps == [0, 1, 2, 3]
    assert "broken" in [entry.name for entry in caught.traceback]


@pytest.mark.parametrize("step", [0, 3, 5])
@pytest.mark.parametrize("reason", ["callback", "stop", "ctrl-c"])
def test_the_thread_ends_however_fit_ends(reason, step):
    import signal

    def stop(model):
        model.stop_training = True

    do = {"callback": cut, "stop": stop, "ctrl-c": lambda model: signal.raise_signal(signal.SIGINT)}[reason]
    expected = {"callback": Detached, "ctrl-c": KeyboardInterrupt}
    model = net()
    with pytest.raises(expected[reason]) if reason in expected else contextlib.nullcontext():
        model.fit(Threaded(), epochs=2, verbose=0, callbacks=[At(step, do)])
    assert not readers()
    for how in ("evaluate", "predict"):
        watching = At(0, cut)
        watching.on_test_batch_end = watching.on_predict_batch_end = watching.on_train_batch_end
        with pytest.raises(Detached):
            getattr(model, how)(Threaded(), verbose=0, callbacks=[watching])
        assert not readers()


def test_memory_that_a_generator_uses_again():
    def same():
        x, y = np.empty((4, 3), "float32"), np.empty((4, 1), "float32")
        for k in range(12):
            x[:], y[:] = X[k : k + 4], Y[k : k + 4]
            yield x, y

    models = []
    for data in (same(), ((X[k : k + 4], Y[k : k + 4]) for k in range(12))):
        models.append(net())
        models[-1].fit(data, verbose=0)
    assert weights(models[0]) == weights(models[1])


# ---- where a source stands


class Endless:
    """A generator that can say where it stands, in an array that it changes in place."""

    def __init__(self):
        self.at = np.zeros(1, int)

    def __iter__(self):
        return self

    def __next__(self):
        k = int(self.at[0]) % 22
        self.at += 1
        return X[k : k + 4], Y[k : k + 4]

    def get_state(self):
        return {"at": self.at}

    def set_state(self, state):
        self.at = state["at"]


def test_the_state_is_that_of_the_batches_used():
    stood = []

    class Asks(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            stood.append(int(self.model.training_state.sources[0].state_to_save()["at"][0]))

    data = Endless()
    net().fit(data, epochs=2, steps_per_epoch=3, verbose=0, callbacks=[Asks()])
    assert stood == [1, 2, 3, 4, 5, 6]
    assert data.at[0] == 6


@pytest.mark.parametrize("step", [0, 2, 4])
def test_what_was_read_and_not_used_is_put_back(step):
    data, model, full = Endless(), net(), net()
    with pytest.raises(Detached):
        model.fit(data, steps_per_epoch=5, verbose=0, callbacks=[At(step, cut)])
    assert data.at[0] == step + 1
    again = Endless()
    full.fit(again, steps_per_epoch=step + 1, verbose=0)
    for m, d in ((model, data), (full, again)):
        m.fit(d, steps_per_epoch=4, verbose=0)
    assert weights(model) == weights(full)


def test_data_that_draws_from_the_librarys_streams_is_read_between_the_steps(tmp_path):
    """Its draws keep their place among the steps', and in a checkpoint."""
    where = []

    class Noisy(Endless):
        def __next__(self):
            where.append(prefetching())
            x, y = super().__next__()
            return x + ops.random.normal(x.shape).numpy(), y

    def fit(*more):
        model = net()
        return model.fit(Noisy(), epochs=2, steps_per_epoch=4, verbose=0, callbacks=[*more]).history, weights(model)

    want = fit()
    with pytest.raises(Detached):
        fit(callbacks.BackupAndRestore(tmp_path / "b", save_freq=1), At(2, cut))
    assert fit(callbacks.BackupAndRestore(tmp_path / "b", save_freq=1)) == want
    assert not any(where)


def test_data_that_asks_the_model_in_training():
    model = net()
    model.predict(X[:4], verbose=0)

    class Asks(Threaded):
        def __getitem__(self, i):
            x, y = super().__getitem__(i)
            return x, y + 0 * model.predict(x, verbose=0)

    for how in ("fit", "evaluate"):
        with pytest.raises(GraphError, match="workers"):
            getattr(model, how)(Asks(), verbose=0)
    inline = Asks()
    inline.workers = 0
    model.fit(inline, verbose=0)


class Limited(Layer):
    """Holds its inputs below a number, which may be infinity."""

    def __init__(self, most):
        super().__init__()
        self.most = self.add_weight(shape=(), trainable=False, initializer=lambda shape, dtype: np.full(shape, most))

    def call(self, inputs):
        return ops.minimum(inputs, self.most)


def test_batches_kept_to_find_a_nan_are_bounded(monkeypatch):
    from chainrule.training import nan_guard as watch

    most = 0

    class Looks(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            nonlocal most
            most = max(most, len(message[0].since))

    message = []
    begun = watch.NanGuard.__init__
    monkeypatch.setattr(watch.NanGuard, "__init__", lambda self: (message.append(self), begun(self))[1])
    monkeypatch.setattr(watch, "MAX_REPLAY_BYTES", 10 * 4 * (3 + 1) * 4)
    monkeypatch.setattr(watch, "SNAPSHOT_INTERVAL", 1e9)  # never by the clock
    for bad in (False, True):  # a value that is never finite is no reason to keep everything
        model = Sequential([Input((3,)), Limited(np.inf if bad else 9.0), Dense(1)])
        model.compile("sgd", "mse", engine="numpy")
        data = ((X[k % 20 : k % 20 + 4], Y[k % 20 : k % 20 + 4]) for k in range(80))
        model.fit(data, verbose=0, callbacks=[Looks()])
        message.clear()
    assert 5 < most < 30
