"""Callbacks that record results: in memory, in a file, on a server."""

from __future__ import annotations

import contextlib
import csv
import http.client
import json
import os
import urllib.parse
import urllib.request
import warnings
from typing import IO, Any

import numpy as np

from ..core.errors import ValueProblem
from .callback import Callback, Logs, deferrable
from .checks import check_string
from .files import cannot_write, check_path, open_for_writing


class History(Callback):
    """Every epoch's results, in lists by name: what `fit` returns (``keras.callbacks.History``).

    `history` maps names to lists, with one entry per epoch; `epoch` lists the epochs of the last `fit`.

    >>> history = History()
    >>> history.on_train_begin(); history.on_epoch_end(0, {"loss": 0.5}); history.on_epoch_end(1, {"loss": 0.25})
    >>> history.history, history.epoch
    ({'loss': [0.5, 0.25]}, [0, 1])
    """

    _state_names = ("history", "epoch")

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    @deferrable
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self


class CSVLogger(Callback):
    """Write every epoch's results as a line of a CSV file (``keras.callbacks.CSVLogger``).

    Args:
        filename: the file; its folders are made. separator: between columns, one character.
        append: append to an existing file, in its columns, rather than overwrite it.

    The columns are those of the first epoch, and with validation data a ``val_`` column for each result, even if the
    first epoch was not validated; missing results are written as ``NA``. Each line is flushed. When a checkpoint is
    resumed, lines after it are dropped.

    Raises:
        ValueProblem: if the file cannot be written, when training begins.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "log.csv")
    >>> log = CSVLogger(file)
    >>> log.on_train_begin(); log.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75}); log.on_train_end()
    >>> file.read_text().splitlines()
    ['epoch,loss,val_loss', '0,0.5,0.75']
    """

    only_first = True
    _state_names = ("length",)

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        self.filename = check_path(filename=filename)
        if not isinstance(separator, str) or len(separator) != 1 or separator in '\r\n"':
            raise ValueProblem(f"separator={separator!r}", "one character, no quote or line end", "e.g. separator=';'")
        self.separator, self.append = separator, append
        self._file: IO[str] | None = None
        self._columns: list[str] = []
        self._length: int | None = None

    @property
    def length(self) -> int:
        """The length in bytes after which this training writes; set to ``None``: the file's length at that time."""
        if self._length is None or self._file:
            return os.path.getsize(self.filename) if os.path.exists(self.filename) else 0
        return self._length

    @length.setter
    def length(self, value: int | None) -> None:
        self._close()
        self._length = value

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.length = None if self.append else 0
        open_for_writing(self.filename, "a").close()  # so that an error is raised now, not after an epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        try:
            file = self._file or self._open(logs)
            cells = [_format_cell(logs.get(name, "NA")) for name in self._columns]
            csv.writer(file, delimiter=self.separator).writerow([epoch, *cells])
            file.flush()
        except OSError as error:
            raise cannot_write(self.filename, error) from None

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()

    def _open(self, logs: Logs) -> IO[str]:
        """Open the file, at the first epoch's end: only then are the length to keep and the columns known."""
        self._file = file = open_for_writing(self.filename, "a+", newline="", encoding="utf-8")
        if self._length is not None and self._length < os.path.getsize(self.filename):
            file.truncate(self._length)
        file.seek(0)
        header = next(csv.reader(file, delimiter=self.separator), []) if os.path.getsize(self.filename) else []
        file.seek(0, os.SEEK_END)
        names = sorted(logs)
        validated = any(name.startswith("val_") for name in names)
        if not validated and (self.params or {}).get("do_validation", True):
            names += [f"val_{name}" for name in names if not name.startswith("learning_rate")]
        self._columns = header[1:] if header[:1] == ["epoch"] else names
        if not header:
            csv.writer(file, delimiter=self.separator).writerow(["epoch", *names])
        return file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file:
            with contextlib.suppress(OSError):  # each line was flushed; what could not be written was said then
                file.close()


def _format_cell(value: Any) -> Any:
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'


class RemoteMonitor(Callback):
    """Send every epoch's results to a server, by HTTP POST (``keras.callbacks.RemoteMonitor``).

    Args:
        root, path: the address. field: the form field that holds the results as JSON. headers: of the request.
        send_as_json: send JSON itself rather than a form.

    If the server cannot be reached, or does not answer within ten seconds, there is a warning, and training continues.

    Raises:
        ValueProblem: if `root` is not an ``http`` or ``https`` address.
    """

    only_first = True

    def __init__(
        self, root: str = "http://localhost:9000", path: str = "/publish/epoch/end/", field: str = "data",
        headers: dict[str, str] | None = None, send_as_json: bool = False,
    ) -> None:  # fmt: skip
        if not isinstance(root, str) or not root.startswith(("http://", "https://")):
            raise ValueProblem(f"root={root!r}", "an http or https address", "e.g. root='http://localhost:9000'")
        self.root, self.path = root, check_string(path=path)
        self.field, self.headers, self.send_as_json = check_string(field=field), headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        results = {name: np.asarray(value).tolist() for name, value in (logs or {}).items()}
        text = json.dumps({"epoch": epoch, **results})
        if self.send_as_json:
            body, kind = text, "application/json"
        else:
            body, kind = urllib.parse.urlencode({self.field: text}), "application/x-www-form-urlencoded"
        try:
            headers = {"Content-Type": kind, **(self.headers or {})}
            request = urllib.request.Request(self.root + self.path, body.encode(), headers)
            urllib.request.urlopen(request, timeout=10).close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            warnings.warn(f"RemoteMonitor could not reach {self.root}: {error}.", stacklevel=2)
