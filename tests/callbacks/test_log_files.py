"""CSVLogger and RemoteMonitor: files as Keras writes them, resumed files, a server, what cannot be written."""

import csv
import errno
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse

import numpy as np
import pytest

import chainrule
from callback_cases import REASON, Model
from chainrule.callbacks import (
    BackupAndRestore,
    CallbackList,
    CSVLogger,
    ModelCheckpoint,
    ReduceLROnPlateau,
    RemoteMonitor,
    TensorBoard,
)  # fmt: skip
from chainrule.core.errors import ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Sequential


@pytest.mark.heavy
@pytest.mark.parametrize("separator", [",", ";"])
def test_csv_files_are_keras_files(separator, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason=REASON)
    runs = [
        [{"loss": 0.5, "b": 'a,"b";c'}, {"loss": 0.25, "b": "x", "val_loss": 3.0, "extra": 1.0}, {}],
        [{"val_loss": 1e-7, "loss": float("nan")}, {"loss": 2.0}],
        [{"loss": np.array([1.5, 2.5])}],
    ]
    for k, logs in enumerate(runs):
        for cls, name in ((CSVLogger, "ours"), (keras.callbacks.CSVLogger, "theirs")):
            for append in (False, True):
                log = cls(tmp_path / name / f"{k}.csv" if cls is CSVLogger else tmp_path / f"{name}{k}.csv", separator)
                log.append = append
                log.on_train_begin()
                for epoch, one in enumerate(logs):
                    log.on_epoch_end(epoch, one)
                log.on_train_end()
        assert (tmp_path / "ours" / f"{k}.csv").read_bytes() == (tmp_path / f"theirs{k}.csv").read_bytes()


def test_a_csv_file_resumes_where_the_checkpoint_was(tmp_path):
    def run(log, epochs, state=None):
        message, states = CallbackList([log], model=Model()), []
        if state:
            message.set_state(state)
        message.on_train_begin()
        for epoch in epochs:
            message.on_epoch_end(epoch, {"loss": 1 / (epoch + 3), "val_loss": epoch})
            states.append(message.get_state())
        message.on_train_end()
        return states

    run(CSVLogger(tmp_path / "whole.csv"), range(5))
    states = run(CSVLogger(tmp_path / "cut.csv"), range(4))  # killed two epochs after its checkpoint
    run(CSVLogger(tmp_path / "cut.csv"), range(2, 5), json.loads(json.dumps(states[1])))
    assert (tmp_path / "cut.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    run(CSVLogger(tmp_path / "gone.csv"), range(2, 5), states[1])  # the file is not there any more
    assert [row[0] for row in csv.reader((tmp_path / "gone.csv").read_text().splitlines())] == ["epoch", "2", "3", "4"]
    run(CSVLogger(tmp_path / "whole.csv"), range(1))
    assert len((tmp_path / "whole.csv").read_text().splitlines()) == 2
    run(CSVLogger(tmp_path / "whole.csv", append=True), range(1, 3))
    assert [line.split(",")[0] for line in (tmp_path / "whole.csv").read_text().splitlines()] == ["epoch", *"012"]


@pytest.mark.parametrize(
    ("arguments", "columns"),
    [
        ({}, "epoch,learning_rate,loss,mae"),
        ({"validation_split": 0.5, "validation_freq": 2}, "epoch,learning_rate,loss,mae,val_loss,val_mae"),
    ],
)
def test_a_csv_file_has_columns_for_validation_only_if_there_is_some(arguments, columns, tmp_path):
    model = chainrule.Sequential([chainrule.Input((1,)), chainrule.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.linspace(-1, 1, 8, dtype="float32")[:, None]
    callbacks = [ReduceLROnPlateau("loss"), CSVLogger(tmp_path / "log.csv")]
    model.fit(x, x, epochs=3, verbose=0, callbacks=callbacks, **arguments)
    header, *rows = csv.reader((tmp_path / "log.csv").read_text().splitlines())
    assert ",".join(header) == columns
    assert [row.count("NA") for row in rows] == ([2, 0, 2] if arguments else [0, 0, 0])


@pytest.mark.parametrize("before", ["", "epoch,loss\r\n7,2.0\r\n"])
def test_a_checkpoint_in_the_first_epoch_knows_where_to_append(before, tmp_path):
    """Killed after the first line, resumed from before it: the line is there once."""
    (tmp_path / "log.csv").write_text(before, newline="")
    log = CSVLogger(tmp_path / "log.csv", append=True)
    log.on_train_begin()
    state = CallbackList([log], model=Model()).get_state()
    log.on_epoch_end(0, {"loss": 0.5})
    log.on_train_end()

    resumed = CallbackList([CSVLogger(tmp_path / "log.csv", append=True)], model=Model())
    resumed.set_state(json.loads(json.dumps(state)))
    resumed.on_train_begin()
    resumed.on_epoch_end(0, {"loss": 0.5})
    resumed.on_train_end()
    epochs = [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()]
    assert epochs == (["epoch", "7", "0"] if before else ["epoch", "0"])


def test_appending_keeps_the_columns_that_are_there(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,val_loss,loss\r\n0,3.0,2.0\r\n")
    log = CSVLogger(tmp_path / "log.csv", append=True)
    log.on_train_begin()
    log.on_epoch_end(1, {"loss": 1.0, "val_loss": 4.0, "new": 5.0})
    log.on_train_end()
    assert (tmp_path / "log.csv").read_text().splitlines()[-1] == "1,4.0,1.0"


# ---- a server


@pytest.fixture
def server():
    heard = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.append((self.path, self.headers["Content-Type"], self.headers["X-Key"], body))
            self.send_response(500 if self.path == "/no" else 200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}", heard
        serving.shutdown()
        thread.join()


def test_a_server_hears_of_epochs(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    root, heard = server
    logs = {"loss": np.float32(0.5), "list": np.array([1, 2])}
    expected = {"epoch": 3, "loss": 0.5, "list": [1, 2]}
    RemoteMonitor(root).on_epoch_end(3, logs)
    RemoteMonitor(root, "/x", headers={"X-Key": "k"}, send_as_json=True).on_epoch_end(3, logs)
    path, kind, _, body = heard[0]
    assert (path, kind) == ("/publish/epoch/end/", "application/x-www-form-urlencoded")
    assert json.loads(urllib.parse.parse_qs(body)["data"][0]) == expected
    assert heard[1][:3] == ("/x", "application/json", "k")
    assert json.loads(heard[1][3]) == expected
    with pytest.warns(UserWarning, match="could not reach.*500"):
        RemoteMonitor(root, "/no").on_epoch_end(0, logs)
    for nowhere in ("http://127.0.0.1:9", "http://bad host"):
        with pytest.warns(UserWarning, match="could not reach"):
            RemoteMonitor(nowhere).on_epoch_end(0, logs)


# ---- files that cannot be made


def test_files_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.chainrule").mkdir()
    with pytest.raises(ValueProblem, match="cannot be written"):
        CSVLogger(tmp_path / "file" / "log.csv").on_train_begin()
    with pytest.raises(ValueProblem, match="cannot be written"):
        CSVLogger(tmp_path).on_train_begin()
    board = TensorBoard(tmp_path / "file")
    board.set_model(Model())
    with pytest.raises(ValueProblem, match="cannot be written"):
        board.on_epoch_end(0, {"loss": 1.0})
    for name, what in (("folder", "a folder"), ("file/m", "cannot be written"), ("{lost}", "epoch, loss")):
        saving = ModelCheckpoint(tmp_path / f"{name}.chainrule")
        saving.set_model(Model())
        with pytest.raises(ValueProblem, match=what):
            saving.on_epoch_end(0, {"loss": 1.0})
        assert not saving.model.saved


FULL_DISK = """
import resource, signal, sys
import numpy as np
from chainrule import callbacks, errors
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
model = Sequential([Input((3,)), Dense(1)])
model.compile("sgd", "mse")
hook = getattr(callbacks, sys.argv[1])(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    model.fit(np.ones((8, 3)), np.ones((8, 1)), callbacks=[hook], verbose=0)
except errors.ValueProblem as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("BackupAndRestore", "backup"),
        ("CSVLogger", "log.csv"),
        ("TensorBoard", "logs"),
        ("ModelCheckpoint", "m.chainrule"),
    ],
)
def test_a_disk_that_fills_up_is_said_in_words(kind, path, tmp_path):
    command = [sys.executable, "-c", FULL_DISK, kind, str(tmp_path / path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout.startswith("Got ")
    assert "cannot be written (File too large)" in run.stdout
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("change", ["makedirs", "replace", "remove"])
def test_a_read_only_disk_under_backup_and_restore(change, tmp_path, monkeypatch):
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse")
    hook = BackupAndRestore(tmp_path / "backup", double_checkpoint=True)

    def refuse(*arguments, **options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "mkdir" if change == "makedirs" else change, refuse)
    with pytest.raises(ValueProblem, match=r"cannot be written \(Read-only file system\)"):
        model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=2, callbacks=[hook], verbose=0)
