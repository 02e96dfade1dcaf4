"""Several devices and several processes: the numbers of one, and what is reported when one of them ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule import callbacks, distribution
from chainrule.core.errors import GraphError, HabitError, ValueProblem
from chainrule.training.replicas import check_replicas_in_sync

jax = pytest.importorskip("jax")

# a convolution without a bias, whose gradient would be the rounding of 0 before batch normalization
MODEL = """
import json, os, sys
import numpy as np
import chainrule as cr
from chainrule import callbacks, distribution, layers

rng = np.random.default_rng(0)
x = rng.normal(size=(27, 5, 4, 2)).astype("float32")
y = rng.integers(0, 3, 27)

def made(engine):
    cr.set_random_seed(3)
    model = cr.Sequential([
        cr.Input((5, 4, 2)), layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU(),
        layers.Flatten(), layers.Dropout(0.3), layers.Dense(3, activation="softmax"),
    ])
    model.compile(cr.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"], engine=engine)
    return model

def batches():
    while True:
        yield x[:8], y[:8]
        yield x[8:15], y[8:15]

def learn(engine):
    model = made(engine)
    found = model.fit(x, y, batch_size=8, epochs=5, verbose=0).history
    then = model.fit(batches(), epochs=1, steps_per_epoch=2, verbose=0, validation_data=(x, y)).history
    found.update({f"then_{name}": value for name, value in then.items()})
    found["predicted"] = model.predict(x, batch_size=12, verbose=0).tolist()
    return found
"""

SEVERAL = f"""{MODEL}
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
from chainrule.engines.xla import devices

assert distribution.list_devices() == ["cpu:0", "cpu:1", "cpu:2", "cpu:3"], distribution.list_devices()
assert distribution.get_device_count("CPU") == 4
found = {{"numpy": learn("numpy"), "4": learn("xla")}}
with devices.running_on(devices.current_mesh()):
    cut = jax.jit(lambda *a: devices.split_rows(a))
    assert [a.sharding.spec for a in cut(jnp.ones((8, 3)), jnp.ones((7, 3)))] == [P("batch"), P()]
model = made("xla")
for names in (["cpu:3", "cpu:1"], ["cpu:2"], None):  # one model moves from devices to others
    distribution.set_distribution(None if names is None else distribution.DataParallel(devices=names))
    found.setdefault("moved", []).append(model.fit(x[:24], y[:24], batch_size=8, verbose=0).history["loss"][0])
model = made("numpy")
found["stayed"] = [model.fit(x[:24], y[:24], batch_size=8, verbose=0).history["loss"][0] for _ in range(3)]
distribution.set_distribution(distribution.DataParallel(devices=["gpu:7"]))
try:
    made("xla").fit(x, y, verbose=0)
except cr.ChainruleError as error:
    found["error"] = str(error)
distribution.set_distribution(None)
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    made("xla").fit(x, y, batch_size=6, verbose=0)
found["warnings"] = [str(w.message) for w in caught]
print(json.dumps(found))
"""

TRAIN = f"""{MODEL}
import signal

class Killed(callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2 and distribution.process_index() == 1 and "kill" in sys.argv:
            os.kill(os.getpid(), signal.SIGKILL)

model = made("xla")
kept = [callbacks.BackupAndRestore("backup", delete_checkpoint=False), callbacks.CSVLogger("log.csv", append=True)]
history = model.fit(x, y, batch_size=8, epochs=5, verbose=2, callbacks=[*kept, Killed()]).history
print("RESULT", json.dumps([history, [w.tolist() for w in model.get_weights()]]))
"""


def environment(**more):
    saved = {k: v for k, v in os.environ.items() if k not in ("JAX_ENABLE_X64", "XLA_FLAGS")}
    current = str(Path(cr.__file__).parents[1])  # of these sources, wherever the tests are started
    return {**saved, "JAX_PLATFORMS": "cpu", "PYTHONPATH": current, **more}


def close(found, expected):
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-4, atol=2e-5, err_msg=name)


@pytest.mark.slow
def test_four_devices_give_the_numbers_of_numpy(tmp_path):
    flags = f"--xla_force_host_platform_device_count=4 --xla_dump_to={tmp_path} --xla_dump_hlo_as_text"
    out = subprocess.run(
        [sys.executable, "-c", SEVERAL], env=environment(XLA_FLAGS=flags), capture_output=True, text=True, check=False
    )
    assert out.returncode == 0, out.stderr[-2000:]
    result = json.loads(out.stdout.splitlines()[-1])
    close(result["4"], result["numpy"])
    np.testing.assert_allclose(result["moved"], result["stayed"], rtol=2e-5)
    for name in (
        "take_step",
        "_run_steps",
        "_run_epochs",
    ):  # the gradient is summed over devices, not computed whole on each
        texts = [p.read_text() for p in tmp_path.glob(f"*jit_{name}*after_optimizations.txt")]
        assert any("all-reduce(" in text for text in texts), name
    assert "gpu:7" in result["error"]
    assert any("Batches of 6 cannot be split evenly over 4 devices" in text for text in result["warnings"])


def launched(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", "chainrule", "launch", "-n", "2", "train.py", *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def results(text):
    """Each process's printed result."""
    lines = [line.split(" ", 2) for line in text.splitlines()]
    return {who: json.loads(rest[0]) for who, word, *rest in lines if word == "RESULT"}


@pytest.mark.slow
def test_two_processes_one_killed_and_resumed(tmp_path):
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.py").write_text(TRAIN)

    full = launched(tmp_path / "whole")
    assert full.returncode == 0, full.stdout[-2000:] + full.stderr
    result = results(full.stdout)
    assert result["[0]"] == result["[1]"]
    existing = {}
    exec(MODEL, existing)
    model = existing["made"]("numpy")
    history = model.fit(existing["x"], existing["y"], batch_size=8, epochs=5, verbose=0).history
    close(result["[0]"][0], history)
    for ours, theirs in zip(result["[0]"][1], model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)
    assert "[0] Epoch 1/5" in full.stdout  # one process tells, one writes
    assert "[1] Epoch 1/5" not in full.stdout
    assert [line.split(",")[0] for line in (tmp_path / "whole" / "log.csv").read_text().splitlines()] == [
        "epoch",
        *"01234",
    ]

    killed = launched(tmp_path / "killed", "kill")
    assert killed.returncode == 128 + signal.SIGKILL
    assert "process 1 of 2 was ended by SIGKILL; the others were ended too" in killed.stderr
    assert "BackupAndRestore" in killed.stderr
    assert not results(killed.stdout)

    resumed = launched(tmp_path / "killed")
    assert resumed.returncode == 0, resumed.stdout[-2000:] + resumed.stderr
    assert "[0] Epoch 1/5" not in resumed.stdout
    assert results(resumed.stdout) == result  # bit for bit


# ---- the launcher


def script(folder, text):
    file = folder / "train.py"
    file.write_text("import os, sys, time\nwho = os.environ['CHAINRULE_DISTRIBUTION_PROCESS_ID']\n" + text)
    return str(file)


def test_every_process_is_told_who_it_is(tmp_path, typed):
    requested = (
        "print(who, sys.argv[1:], [v for k, v in sorted(os.environ.items()) if 'NUM_PROCESSES' in k or 'SEED' in k])"
    )
    answer = typed("launch", "-n", "3", script(tmp_path, requested), "--epochs", "5")
    assert answer.status == 0, answer.err
    lines = sorted(answer.out.splitlines())
    assert [line[:25] for line in lines] == [f"[{i}] {i} ['--epochs', '5'] [" for i in range(3)]
    assert len({line.split("[", 3)[3] for line in lines}) == 1  # the same number of processes, the same seed
    assert "'3'" in lines[0]


@pytest.mark.parametrize(
    ("end", "status", "message"),
    [
        ("sys.exit(7)", 7, "ended with status 7"),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("os.kill(os.getpid(), 15)", 143, "was ended by SIGTERM"),
    ],
)
def test_one_process_ends_all(tmp_path, typed, end, status, message):
    text = f"if who == '1':\n    print('last', flush=True)\n    {end}\nelse:\n    time.sleep(600)"
    answer = typed("launch", "-n", "3", script(tmp_path, text))
    assert answer.status == status
    assert "process 1 of 3" in answer.err
    assert "  last" in answer.err
    assert message in answer.err


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(9, 137, "process 1 of 3 was ended by SIGKILL"), (6, 1, "process 0 of 3 ended with status 1")],
)
def test_the_cause_is_named_though_its_partner_is_seen_to_fail_first(tmp_path, typed, number, status, message):
    text = f"""
from pathlib import Path
here = Path({str(tmp_path)!r})
if who == '0':
    (here / 'new').write_text(str(os.getpid()))
    (here / 'new').rename(here / 'pid')
    sys.exit(1)
while who == '1':
    time.sleep(0.01)
    if (here / 'pid').exists():
        try:
            os.kill(int((here / 'pid').read_text()), 0)
        except ProcessLookupError:  # the launcher has seen its end
            os.kill(os.getpid(), {number})
time.sleep(600)
"""
    answer = typed("launch", "-n", "3", script(tmp_path, text))
    assert answer.status == status
    assert message in answer.err


def test_a_process_that_will_not_end_is_killed(tmp_path, typed):
    text = "import signal\nsignal.signal(15, signal.SIG_IGN)\nprint('deaf', flush=True)\n"
    text += "time.sleep(600) if who == '0' else time.sleep(1)\nsys.exit(5)"
    assert typed("launch", "-n", "2", script(tmp_path, text)).status == 5


@pytest.mark.parametrize("handled", [True, False])
def test_ctrl_c_reaches_every_process(tmp_path, handled):
    # short sleeps: a signal between Python's last look and the sleep itself is seen only after it
    text = "try:\n    print('ready', flush=True)\n    while True:\n        time.sleep(0.05)\n"
    text += "except KeyboardInterrupt:\n    print('asked')\n"
    text += "" if handled else "    raise\n"
    words = [sys.executable, "-m", "chainrule", "launch", "-n", "2", script(tmp_path, text)]
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            assert sorted(run.stdout.readline() for _ in range(2)) == ["[0] ready\n", "[1] ready\n"]
            run.send_signal(signal.SIGINT)
            out, _ = run.communicate(timeout=60)
        finally:
            run.kill()
    assert run.returncode == 130
    assert sum("asked" in line for line in out.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-n", "2", "nowhere.py"], "'nowhere.py', which does not exist"),
        (["-n", "0", __file__], "-n=0; expected a whole number from 1 up"),
        (["-n", "two", __file__], "invalid int value: 'two'"),
        ([__file__], "the following arguments are required: -n"),
        (["-n", "2"], "the following arguments are required: script"),
    ],
)
def test_a_wrong_launch_teaches(typed, words, message):
    answer = typed("launch", *words)
    assert answer.status == 2
    assert message in answer.err


def test_a_launch_without_jax_teaches(typed, monkeypatch):
    monkeypatch.setattr("chainrule.engines.engine.xla_installed", lambda: False)
    assert 'pip install "chainrule[fast]"' in typed("launch", "-n", "2", __file__).err


# ---- the words


def test_the_choice_of_devices():
    assert distribution.distribution() is None
    wrong = [{"devices": []}, {"devices": ["cpu:0", "cpu:0"]}, {"device_mesh": 2}, {"auto_shard_dataset": False}]
    for passed in wrong:
        with pytest.raises(ValueProblem):
            distribution.DataParallel(**passed)
    with pytest.raises(ValueProblem, match="DataParallel"):
        distribution.set_distribution("all")
    with pytest.raises(ValueProblem, match="device_type='abacus'"):
        distribution.list_devices("abacus")
    with pytest.raises(HabitError, match="DataParallel"):
        _ = distribution.ModelParallel


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("10.0.0.1:1234",), "expected all three, or none of them"),
        (("10.0.0.1:1234", 2, 2), "process 2 of 2"),
        (("10.0.0.1:1234", "two", 0), "num_processes='two'"),
        ((), "cannot be joined"),  # no launcher and no cluster
    ],
)
def test_processes_that_cannot_be_joined(given, message):
    jax.devices()  # it is too late, too
    with pytest.raises(ValueProblem, match=message):
        distribution.initialize(*given)


def test_a_seed_from_around():
    code = "import chainrule as cr; print(cr.random.uniform(()).numpy())"

    def drawn(seed):
        created = environment(CHAINRULE_SEED=seed)
        return subprocess.run([sys.executable, "-c", code], env=created, capture_output=True, text=True, check=False)

    cr.set_random_seed(5)
    assert drawn("5").stdout.strip() == str(cr.random.uniform(()).numpy())
    assert "CHAINRULE_SEED='five'" in drawn("five").stderr


# ---- one of two processes, without the other


@pytest.fixture
def second(monkeypatch):
    monkeypatch.setattr(distribution, "_index_and_count", (1, 2))


def test_only_the_first_process_writes(second, tmp_path):
    message = []
    everywhere = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: message.append(epoch))
    writers = [
        callbacks.CSVLogger(tmp_path / "log.csv"),
        callbacks.ModelCheckpoint(str(tmp_path / "m.chainrule")),
        callbacks.BackupAndRestore(tmp_path / "backup"),
    ]
    hooks = callbacks.CallbackList(
        [*writers, everywhere], add_progbar=True, verbose=1, epochs=1, steps=1, model=SimpleNamespace()
    )
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.on_train_batch_end(0, {"loss": 1.0})
    hooks.on_epoch_end(0, {"loss": 1.0})
    hooks.set_state({"CSVLogger": {"length": 0}})
    hooks.on_train_end()
    assert message == [0]
    assert [p.name for p in tmp_path.rglob("*")] == ["backup"]


@pytest.mark.parametrize(
    ("place", "mend"),
    [(0, "a folder that all processes see"), (1, "set_random_seed"), (2, "draw as often"), (3, "the same data")],
)
def test_processes_that_begin_otherwise(second, monkeypatch, place, mend):
    def all_gather(numbers):
        other = np.array(numbers, np.uint32)
        other[place] += 1
        return np.stack([other, np.array(numbers, np.uint32)])

    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setattr(distribution, "all_gather", all_gather)
    with pytest.raises(GraphError, match=mend):
        check_replicas_in_sync(model, (np.ones((3, 2)), np.ones((3, 0)), None), (0, 0))
    monkeypatch.setattr(distribution, "all_gather", lambda numbers: np.array([numbers, numbers], np.uint32))
    check_replicas_in_sync(model, (np.ones((3, 2)), np.float32(1), None), (0, 0))
