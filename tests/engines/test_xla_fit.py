"""Whole fits on the XLA engine: what NumPy's learn, from run to run the same bits, stopped and resumed without loss."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import weakref

import numpy as np
import pytest

pytest.importorskip("jax", reason="the fast engine needs JAX")

import chainrule as cr
from chainrule import callbacks, layers, losses, models, optimizers
from chainrule.engines import engine
from chainrule.engines.engine import Automatic
from chainrule.engines.numpy import NumpyEngine

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 8, 8, 2)).astype("float32")
Y = (X.mean(axis=(1, 2, 3)) > 0).astype("int64") + (X[:, 0, 0, 0] > 0.5)


def cnn():
    return models.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(6, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.AveragePooling2D(2),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(3),
        ]
    )


def perceptron():
    return models.Sequential([layers.Input((4,)), layers.Dense(1)])


def fitted(make, x, y, on, optimizer="adam", loss=None, metrics=(), **options):
    cr.set_random_seed(3)
    model = make()
    loss = loss or losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer() if callable(optimizer) else optimizer, loss, metrics=list(metrics), engine=on)
    options = {"batch_size": 16, "epochs": 3, "verbose": 0} | options
    history = model.fit(x, y, **options)
    return model, history.history


def same(a, b, rtol=2e-4):
    for p, q in zip(a[0].variables, b[0].variables, strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=rtol, atol=rtol * np.abs(q.numpy()).max(initial=1e-3))
    assert a[1].keys() == b[1].keys()
    for name in a[1]:
        np.testing.assert_allclose(a[1][name], b[1][name], rtol=rtol, atol=rtol)


@pytest.mark.parametrize(
    "optimizer",
    [
        "adam",
        lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        lambda: optimizers.Adam(0.01, amsgrad=True, global_clipnorm=0.5, use_ema=True),
        lambda: optimizers.RMSprop(0.01, gradient_accumulation_steps=2),
        lambda: optimizers.AdamW(optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)),
    ],
    ids=["adam", "momentum", "clipped", "accumulated", "scheduled"],
)
def test_as_numpy_learns(optimizer):
    options = {"metrics": ["accuracy"], "validation_split": 0.2, "optimizer": optimizer}
    same(fitted(cnn, X, Y, "xla", **options), fitted(cnn, X, Y, "numpy", **options))


def test_weights_masks_and_whole_numbers():
    weight = RNG.uniform(0.5, 2.0, len(X)).astype("float32")
    images = RNG.integers(0, 255, X.shape).astype("uint8")

    def scaled():
        return models.Sequential([layers.Input((8, 8, 2), dtype="uint8"), layers.Rescaling(1 / 255), *cnn().layers])

    for options in ({"sample_weight": weight}, {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}, "shuffle": False}):
        results = [fitted(scaled, images, Y.astype("uint8"), on, "sgd", **options) for on in ("xla", "numpy")]
        same(*results)


@pytest.mark.parametrize("n", [64, 70])  # with and without a shorter last batch
def test_many_epochs_at_once_are_the_epochs_one_by_one(n, monkeypatch):
    x = RNG.normal(size=(n, 4)).astype("float32")
    y = x @ [[1.0], [2.0], [-1.0], [0.5]]
    seen = []

    class Watching(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, logs["loss"], self.model.get_weights()[0].copy()))

    options = {"loss": "mse", "metrics": ["mae"], "epochs": 60, "optimizer": lambda: optimizers.SGD(0.01)}
    for on in ("numpy", "xla"):
        at_once = fitted(perceptron, x, y, on, **options)
        watched = fitted(perceptron, x, y, on, callbacks=[Watching()], **options)
        same(at_once, watched, rtol=1e-5)
        assert len(at_once[1]["loss"]) == 60
    same(at_once, fitted(perceptron, x, y, "numpy", **options), rtol=1e-4)
    assert [e for e, *_ in seen] == [*range(60), *range(60)]
    assert not np.array_equal(seen[-1][2], seen[-2][2])


def test_what_is_assigned_between_fits_counts():
    model, _ = fitted(perceptron, X[:, 0, 0, :1].repeat(4, 1), Y[:, None], "xla", loss="mse")
    model.layers[0].kernel.assign(np.zeros((4, 1)))
    model.layers[0].bias.assign([7.0])
    assert model.predict(np.ones((5, 4), "float32"), verbose=0).tolist() == [[7.0]] * 5
    stored = model.layers[0].kernel.numpy()
    model.fit(X[:, 0, 0, :1].repeat(4, 1), Y[:, None], epochs=2, verbose=0)
    assert not stored.any()  # an array looked at is nobody's memory to change
    assert model.layers[0].kernel.numpy().any()


def test_a_copy_on_the_device_is_beside_the_value():
    """What was computed from a weight before a prediction is still differentiated; what is assigned after it counts."""
    model = cr.Sequential([cr.Input((3,)), layers.Dense(2, use_bias=False)])
    model.compile("sgd", "mse", engine="xla")
    (w,) = model.weights
    loss = cr.ops.sum(w * w)
    x = np.eye(3, dtype="float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), w.numpy(), rtol=1e-6)
    assert w.kept is not None
    np.testing.assert_allclose(cr.gradients(loss, w).numpy(), 2 * w.numpy(), rtol=1e-6)
    before = w.leaf
    w.assign(w * 3.0)
    w.keep(w.kept, before)  # an engine that was slower than the assignment
    assert w.kept is None
    np.testing.assert_allclose(model.predict(x, verbose=0), w.numpy(), rtol=1e-6)


def test_generators_and_batch_hooks_and_train_on_batch():
    def endless():
        while True:
            for i in range(0, 64, 16):
                yield X[i : i + 16], Y[i : i + 16]

    batches = []
    message = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(logs["loss"]))
    results = []
    for on in ("xla", "numpy"):
        model, history = fitted(cnn, endless(), None, on, steps_per_epoch=4, batch_size=None, callbacks=[message])
        model.train_on_batch(X[:5], Y[:5])
        results.append((model, history))
    same(*results)
    np.testing.assert_allclose(batches[:12], batches[12:], rtol=1e-3)


def test_a_nan_is_traced_to_its_operation():
    x = np.ones((64, 4), "float32")
    x[40] = -1
    model = models.Sequential([layers.Input((4,)), layers.Lambda(cr.ops.log), layers.Dense(1)])
    model.compile("sgd", "mse", engine="xla")
    with pytest.warns(cr.TrainingWarning, match=r"step 3 of this epoch. First made by log"):
        model.fit(x, np.arange(64.0)[:, None] / 64, batch_size=16, shuffle=False, verbose=0)


def test_an_index_outside_the_table_is_named():
    model = models.Sequential(
        [layers.Input((3,), dtype="int32"), layers.Embedding(5, 2), layers.Flatten(), layers.Dense(1)]
    )
    model.compile("sgd", "mse", engine="xla")
    x = np.zeros((8, 3), "int32")
    x[3, 1] = 5
    with pytest.raises(cr.ChainruleError, match="index 5 is out of bounds"):
        model.fit(x, np.arange(8.0)[:, None], verbose=0)


# ---- which engine


def test_the_choice_is_by_price():
    step = lambda runs, units: Automatic(runs).resolved_for(_step(units))
    assert isinstance(step(100, 1), NumpyEngine)
    assert step(10_000_000, 1).name == "xla"
    assert step(2_000, 512).name == "xla"
    assert isinstance(step(1, 512), NumpyEngine)


def test_the_choice_goes_by_all_work_that_a_model_was_given():
    """A model that is trained again and again is compiled once that pays; another model begins anew."""
    x = np.random.default_rng(0).normal(size=(64, 64)).astype("float32")
    y = x[:, :1]

    def engines(fits, epochs):
        model = models.Sequential([layers.Input((64,)), layers.Dense(1)])
        model.compile(cr.optimizers.SGD(1e-3), "mse")
        names = []
        for _ in range(fits):
            model.fit(x, y, batch_size=64, epochs=epochs, verbose=0)
            names.append(next(iter(model.training_state.steps["train"].compiled.values())).last_engine)
        lines = []
        model.summary(print_fn=lines.append)
        assert lines[0].endswith("trained on " + ("XLA" if names[-1] == "xla" else "NumPy"))
        return names

    names = engines(5, 4_000)
    assert names[0] == "numpy"
    assert names[-1] == "xla"
    assert sorted(names) == names  # NumPy, then XLA: never back
    assert engines(1, 10) == ["numpy"]


def _step(units):
    model = models.Sequential([layers.Input((64,)), layers.Dense(units, activation="relu"), layers.Dense(1)])
    model.compile("adam", "mse", engine="numpy")
    model.train_on_batch(np.ones((64, 64), "float32"), np.ones((64, 1), "float32"))
    return next(iter(model.training_state.steps["train"].compiled.values())).step


def test_names_of_engines():
    assert engine.engine("xla").name == "xla"
    with pytest.raises(cr.ChainruleError, match="'numpy' or 'xla'"):
        perceptron().compile("sgd", "mse", engine="cuda")


# ---- bits, in processes of their own

FIT = """
import sys, hashlib
sys.path.insert(0, {tests!r})
import numpy as np
from test_xla_fit import cnn, fitted, X, Y
model, history = fitted(cnn, X, Y, "xla", metrics=["accuracy"], epochs=2)
made = b"".join(v.numpy().tobytes() for v in [*model.variables, *model.optimizer.variables])
print(hashlib.sha256(made).hexdigest(), history)
"""


def fresh(script, **environment):
    script = script.format(tests=os.path.dirname(__file__))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=os.environ | environment, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_same_bits_for_any_number_of_threads(tmp_path):
    saved = {"CHAINRULE_CACHE": str(tmp_path)}
    one = fresh(FIT, CHAINRULE_THREADS="1", **saved)
    assert list(tmp_path.iterdir())  # compiled programs are kept
    assert fresh(FIT, CHAINRULE_THREADS="2", **saved) == one
    assert fresh(FIT, CHAINRULE_CACHE="off") == one


THREAD = """
import jax
import chainrule as cr
cr.compile(lambda x: x + 1.0, engine="xla")(cr.tensor(1.0))
print(jax.config.read("jax_cpu_enable_async_dispatch"))
"""


def test_programs_run_in_the_thread_that_calls_unless_the_user_says_otherwise():
    assert fresh(THREAD) == "False\n"
    assert fresh(THREAD, JAX_CPU_ENABLE_ASYNC_DISPATCH="1") == "True\n"


MEMORY = """
import sys, resource
sys.path.insert(0, {tests!r})
import numpy as np
from test_xla_fit import cnn, X, Y
from chainrule import losses
def once():
    model = cnn()
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True), engine="xla")
    model.fit(X, Y, batch_size=35, verbose=0)
def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
model = cnn()
model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True), engine="xla")
for i in range(100):
    model.fit(X, Y, batch_size=35, verbose=0)
    if i == 20:
        before = used()
print((used() - before) / 2**20)
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads the process's memory from /proc")
def test_memory_does_not_grow_over_100_fits():
    assert float(fresh(MEMORY)) < 8  # MB; the model's state is a tenth of one


def test_a_model_that_is_gone_leaves_nothing_behind():
    x = RNG.normal(size=(70, 4)).astype("float32")
    gone = []
    for _ in range(2):
        model, _ = fitted(perceptron, x, x[:, :1], "xla", "sgd", "mse", epochs=40)
        model.predict(x, verbose=0)
        traced = [r for steps in model.training_state.steps.values() for r in steps.compiled.values()]
        programs = [p for r in traced for p in r._programs.values()]
        assert any(p._epochs_program for p in programs if hasattr(p, "_epochs_program"))  # many epochs at once ran, too
        gone += [weakref.ref(o) for o in (model, model.layers[0].kernel, *programs)]
        del model, programs, traced
    gc.collect()
    assert [r() for r in gone] == [None] * len(gone)


RESUMED = """
import sys, time
sys.path.insert(0, {tests!r})
import numpy as np
import chainrule as cr
from test_xla_fit import cnn, X, Y
from chainrule import callbacks, losses
folder, = sys.argv[1:]
cr.set_random_seed(3)
model = cnn()
model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"], engine="xla")
told = [callbacks.BackupAndRestore(folder + "/backup", save_freq=2, delete_checkpoint=False)]
slow = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: (print(epoch, flush=True), time.sleep(0.05)))
history = model.fit(X, Y, batch_size=16, epochs=8, verbose=0, callbacks=[*told, slow], validation_split=0.2)
np.savez(folder + "/end.npz", *[v.numpy() for v in (*model.variables, *model.optimizer.variables)])
open(folder + "/history", "w").write(repr(history.history))
"""


@pytest.mark.slow
def test_killed_and_resumed_without_loss(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(RESUMED.format(tests=os.path.dirname(__file__)))
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    subprocess.run([sys.executable, script, tmp_path / "whole"], check=True, stdout=subprocess.DEVNULL, timeout=300)
    for kill_after in (2, 4):
        started = subprocess.Popen([sys.executable, script, tmp_path / "cut"], stdout=subprocess.PIPE, text=True)
        while int(started.stdout.readline()) < kill_after:
            pass
        started.kill()
        started.communicate()
    subprocess.run([sys.executable, script, tmp_path / "cut"], check=True, stdout=subprocess.DEVNULL, timeout=300)
    assert (tmp_path / "cut" / "history").read_text() == (tmp_path / "whole" / "history").read_text()
    full, cut = (np.load(tmp_path / name / "end.npz") for name in ("whole", "cut"))
    assert all(np.array_equal(full[k], cut[k]) for k in full.files)


def test_ctrl_c_stops_with_the_weights_of_that_moment():
    import signal

    cr.set_random_seed(3)
    model = cnn()
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True), engine="xla")
    ends = []

    def press(epoch, logs):
        ends.append(epoch)
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=16, epochs=50, verbose=0, callbacks=[callbacks.LambdaCallback(on_epoch_end=press)])
    assert ends == [0, 1, 2]
    assert int(model.optimizer.iterations) == 15
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_mixed_bfloat16_learns_as_float32():
    """Weights, slots and loss stay in float32; what layers compute is rounded to 8 bits."""
    pytest.importorskip("ml_dtypes", reason="bfloat16 on NumPy")
    before = cr.config.dtype_policy()
    try:
        cr.config.set_dtype_policy("mixed_bfloat16")
        mixed, history = fitted(cnn, X, Y, "xla", epochs=6)
        _, theirs = fitted(cnn, X, Y, "numpy", epochs=6)
    finally:
        cr.config.set_dtype_policy(before)
    _, full = fitted(cnn, X, Y, "xla", epochs=6)
    assert {v.dtype.name for v in mixed.trainable_weights} == {"float32"}
    assert mixed.layers[0].compute_dtype == "bfloat16"
    np.testing.assert_allclose(history["loss"], theirs["loss"], rtol=0.03)
    np.testing.assert_allclose(history["loss"], full["loss"], rtol=0.05)
    assert history["loss"] != full["loss"]
