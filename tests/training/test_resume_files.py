"""Files of checkpoints: without a callback, of another model, damaged, after faults of the disk and kills."""

import contextlib
import errno
import itertools
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from chainrule import callbacks, layers, optimizers, saving
from chainrule.core import files
from chainrule.core.errors import ChainruleError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.ops.random import set_random_seed
from resume_cases import CutAt, Detached, X, Y, arrays, bits, net

# ---- files without a callback


def test_a_checkpoint_without_a_callback(tmp_path):
    """Loaded before `fit` has made the metrics; the next `fit` goes on."""
    path = tmp_path / "c.checkpoint"
    first = net()
    arrays(first, [], 2)
    first.save_checkpoint(path)
    saved = bits(first)
    first.fit(X, Y, batch_size=5, initial_epoch=2, epochs=4, verbose=0)
    second = net()
    set_random_seed(99)
    second.load_checkpoint(path)
    assert bits(second) == saved
    assert second.fit(X, Y, batch_size=5, epochs=4, verbose=0).epoch == [2, 3]
    assert bits(second) == bits(first)


def wider():
    model = Sequential([Input((3,)), Dense(5, "tanh"), layers.Dropout(0.3), layers.BatchNormalization(), Dense(1)])
    model.compile(optimizers.SGD(0.1, momentum=0.9), "mse")
    return model


def unbuilt():
    model = Sequential([Dense(4), Dense(1)])
    model.compile("adam", "mse")
    return model


def not_compiled():
    return Sequential([Input((3,)), Dense(4)])


OTHERS = {
    "other sizes": (wider, "shape"),
    "another optimizer": (lambda: net("sgd"), "optimizer/"),
    "a like optimizer": (lambda: net(optimizers.RMSprop(0.1)), "optimizer/"),
    "not built": (unbuilt, "built"),
    "not compiled": (not_compiled, "compile"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_model_is_refused_and_left_alone(name, tmp_path):
    path = tmp_path / "c.checkpoint"
    model = net(optimizers.SGD(0.1, momentum=0.9))
    arrays(model, [], 1)
    model.save_checkpoint(path)
    make, match = OTHERS[name]
    result = make()
    before = {n: v.numpy().tobytes() for n, v in saving.names.variables_of(result).items()}
    with pytest.raises(ChainruleError, match=match):
        result.load_checkpoint(path)
    assert before == {n: v.numpy().tobytes() for n, v in saving.names.variables_of(result).items()}
    assert result.training_state.resume is None


def test_other_metrics_are_refused(tmp_path):
    message = [callbacks.BackupAndRestore(tmp_path, save_freq=2)]
    with pytest.raises(Detached):
        arrays(net(), [*message, CutAt(0, 3)], 2)
    with pytest.raises(ValueProblem, match="metrics/"):
        arrays(net(measured=["mse"]), message, 2)


def test_a_state_that_is_no_data_is_refused(tmp_path):
    class Odd(callbacks.Callback):
        def __init__(self, state):
            super().__init__()
            self.state = state

        def get_state(self):
            return {"state": self.state}

    for state in ({1, 2}, object(), {1: 2}, b"x", 1j, np.array(["a"])):
        with pytest.raises(ValueProblem, match="numbers"):
            arrays(net(), [Odd(state), callbacks.BackupAndRestore(tmp_path)], 1)
        assert not list(tmp_path.iterdir())


def test_damaged_checkpoints_are_refused(tmp_path):
    path = tmp_path / "c.checkpoint"
    model = net()
    arrays(model, [], 1)
    model.save_checkpoint(path)
    data = path.read_bytes()
    before = bits(model)
    for n in range(0, len(data), 97):
        path.write_bytes(data[:n])
        with pytest.raises(ChainruleError):
            model.load_checkpoint(path)
    rng = random.Random(0)
    for _ in range(300):
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        with contextlib.suppress(ChainruleError):  # a date or the like may be harmless
            model.load_checkpoint(path)
        assert bits(model) == before
    members = saving.archive.read(_written(path, data), "checkpoint", {"state.json", "arrays.safetensors"}, set())
    state = saving.archive.parse_json(members["state.json"], "", "")
    for key in state:
        for wrong in (None, "a", 5, [], [1], {}, {"__array__": "gone"}, {"__float__": "x"}, [[["a"]]]):
            text = saving.archive.dump_json({**state, key: wrong})
            saving.archive.write(path, {**members, "state.json": text})
            with contextlib.suppress(ChainruleError):  # some are what they may be; none ends in another error
                model.load_checkpoint(path)
    assert bits(model) == before


def _written(path, data):
    path.write_bytes(data)
    return path


# ---- faults of the disk


class Crash(BaseException):
    """The power went: nothing after this runs."""


class Faults:
    """The system's calls, of which a chosen one fails; after a crash all do."""

    calls = ("open", "write", "fsync", "replace")

    def __init__(self, rng, at=None, kind=None):
        self.rng, self.at, self.kind, self.count, self.dead = rng, at, kind, 0, False
        self.happened = None

    def __getattr__(self, name):
        real = getattr(os, name)
        if self.dead and name in (*self.calls, "remove", "close"):
            return self._close if name == "close" else self._dead
        if name not in self.calls:
            return real

        def call(*arguments, **more):
            self.count += 1
            if name == "write" and self.rng.random() < 0.5:  # a short write is no fault
                arguments = (arguments[0], arguments[1][: self.rng.randrange(1, len(arguments[1]) + 1)])
            if self.count != self.at:
                return None if name == "fsync" else real(*arguments, **more)  # which would only take long
            self.happened = name
            if name == "write":  # a part gets through
                real(arguments[0], arguments[1][: self.rng.randrange(len(arguments[1]))])
            if name == "replace" and self.rng.random() < 0.5 and self.kind is Crash:
                real(*arguments, **more)
            if self.kind is Crash:
                self.dead = True
                raise Crash
            raise OSError(self.kind, os.strerror(self.kind))

        return call

    def _close(self, file):
        os.close(file)  # and unlocks it, as the system does for a process that has died
        raise Crash

    def _dead(self, *arguments, **more):
        raise Crash


@pytest.mark.slow
def test_a_thousand_faults_of_the_disk(tmp_path, monkeypatch):
    """Whatever call fails, and however: a whole checkpoint stays, and the run that goes on from it ends alike."""
    model = Sequential([Input((3,)), Dense(1), layers.Dropout(0.2)])
    model.compile(optimizers.SGD(0.05, momentum=0.5), "mse")
    model.optimizer.build(model.trainable_weights)
    state = [*model.variables, *model.optimizer.variables]
    first = [v.numpy() for v in state]

    def begin(told):
        """As in a new process, but for the step that was traced."""
        set_random_seed(1)
        for v, value in zip(state, first, strict=True):
            v.hold(value)
        model.training_state.resume = None
        model.training_state.work.saved_by_xla = 0.0
        return model.fit(X, Y, batch_size=13, epochs=3, callbacks=told, verbose=0).history

    want = begin([])
    end, folder, happened = bits(model), tmp_path / "b", set()
    for seed in range(1000):
        rng = random.Random(seed)
        kind = rng.choice([errno.ENOSPC, errno.EIO, Crash])
        faults, result = Faults(rng, rng.randrange(1, 25), kind), None
        told = callbacks.BackupAndRestore(folder, rng.choice([1, 2, "epoch"]), double_checkpoint=bool(seed % 2))
        with monkeypatch.context() as patched:
            patched.setattr(files, "os", faults)
            try:
                result = begin([told])
            except (Crash, ValueProblem) as error:
                said = str(error)
        happened.add((faults.happened, kind))
        if result is None:
            assert kind is Crash or (os.strerror(kind) in said and "a file that was there before is unchanged" in said)
            left = [p.name for p in folder.iterdir()]
            assert kind is Crash or not [name for name in left if name.endswith(".tmp")]
            for name in left:
                if name.endswith(".checkpoint"):
                    model.load_checkpoint(folder / name)
            with monkeypatch.context() as patched:
                patched.setattr(files, "os", Faults(rng))
                result = begin([callbacks.BackupAndRestore(folder, 1)])
        assert result == want
        assert bits(model) == end
        assert not list(folder.iterdir())
    assert happened >= set(itertools.product(Faults.calls, [errno.ENOSPC, errno.EIO, Crash]))


# ---- kills

SCRIPT = """
import sys
import numpy as np
from chainrule import callbacks, layers, optimizers
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.ops.random import set_random_seed

folder, save_freq = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(0)
x = rng.normal(size=(300, 5))
y = (x[:, :1] * x[:, 1:2] > 0).astype("float32")
set_random_seed(4)
model = Sequential([Input((5,)), Dense(8, "relu"), layers.Dropout(0.2), layers.BatchNormalization()])
model.add(Dense(1, "sigmoid"))
rate = 0.01 if save_freq == "epoch" else optimizers.schedules.CosineDecay(0.02, 500)
model.compile(optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy", "auc"])
told = [
    callbacks.EarlyStopping("val_loss", patience=100, restore_best_weights=True),
    # no checkpoint is before the first line if they are made at epochs' ends: killed between, it must begin anew
    callbacks.CSVLogger(f"{folder}/log.csv", append=save_freq != "epoch"),
]
if save_freq == "epoch":
    told.append(callbacks.ReduceLROnPlateau("val_loss", patience=2))
freq = save_freq if save_freq == "epoch" else int(save_freq)
told.append(callbacks.BackupAndRestore(f"{folder}/backup", freq, delete_checkpoint=False))
print("ready", flush=True)
history = model.fit(x, y, batch_size=16, epochs=25, validation_split=0.2, callbacks=told, verbose=0)
np.savez(f"{folder}/end.npz", *[v.numpy() for v in (*model.variables, *model.optimizer.variables)])
open(f"{folder}/history", "w").write(repr((history.epoch, history.history)))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a kill that nothing can catch")
@pytest.mark.parametrize("save_freq", ["epoch", "7"])
def test_ten_kills(save_freq, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)

    def begin(folder):
        folder.mkdir(exist_ok=True)
        started = subprocess.Popen([sys.executable, script, folder, save_freq], stdout=subprocess.PIPE)
        assert started.stdout.readline() == b"ready\n"
        return started

    full = begin(tmp_path / "whole")
    began = time.monotonic()
    full.communicate()
    lasting = time.monotonic() - began
    rng, kills, places = random.Random(0), 0, []
    for _ in range(100):
        process = begin(tmp_path / "cut")
        if kills < 10:
            time.sleep(rng.uniform(0, lasting / 4))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
        process.communicate()
        if process.returncode == 0:
            break
        places.append(os.path.exists(tmp_path / "cut" / "backup" / "latest.checkpoint"))
    assert kills == 10
    assert any(places)
    for name in ("history", "log.csv"):
        assert (tmp_path / "cut" / name).read_text() == (tmp_path / "whole" / name).read_text()
    one, two = np.load(tmp_path / "whole" / "end.npz"), np.load(tmp_path / "cut" / "end.npz")
    assert one.files == two.files
    for name in one.files:
        assert one[name].tobytes() == two[name].tobytes()
    assert [p.name for p in (tmp_path / "cut" / "backup").iterdir()] == ["latest.checkpoint"]


def test_the_engine_of_a_resumed_fit_is_chosen_by_the_work_before_the_first(tmp_path):
    def new_model():
        model = Sequential([Input((3,)), Dense(1)])
        model.compile(optimizers.SGD(0.05), "mse")
        return model

    model = new_model()
    model.training_state.work.saved_by_xla = 1.5
    save = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: model.save_checkpoint(tmp_path / "c.checkpoint"))
    model.fit(X, Y, epochs=2, callbacks=[save], verbose=0)
    other = new_model()
    other.build((None, 3))
    other.load_checkpoint(tmp_path / "c.checkpoint")
    other.fit(X, Y, epochs=3, verbose=0)
    assert other.training_state.work.before_fit == 1.5
    assert other.training_state.work.saved_by_xla > 1.5
