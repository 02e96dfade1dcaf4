"""Silences of more than two seconds: what is being done is shown on standard error, and gone at the end."""

import io
import subprocess
import sys
import threading
import time

import pytest

from chainrule.core import progress as module
from chainrule.core.progress import progress
from chainrule.core.terminal import visible_line


class Terminal(io.StringIO):
    def __init__(self, tty):
        super().__init__()
        self.tty = tty

    def isatty(self):
        return self.tty


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(module, "REDRAW_SECONDS", 0.02)


def until(condition):
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()


def test_a_terminal_shows_a_line_and_clears_it(quick, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream := Terminal(True))
    with progress("reading") as show:
        until(lambda: "\rreading ... 0 s" in stream.getvalue())
        show("encoding\x1b[2J")
        until(lambda: visible_line("\x1b[2J") in stream.getvalue())
        with progress("within"):
            until(lambda: "\rwithin" in stream.getvalue())
    assert "\x1b" not in stream.getvalue()
    screen = ""
    for line in stream.getvalue().split("\r"):
        screen = line + screen[len(line) :]
    assert screen.strip() == ""


def test_elsewhere_a_line_is_printed_once(quick, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream := Terminal(False))
    with progress("reading"):
        until(lambda: stream.getvalue())
        time.sleep(0.2)
    assert stream.getvalue() == "reading ... 0 s\n"


def test_what_is_quick_or_fails_shows_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream := Terminal(True))
    before = threading.active_count()

    @progress("adding")
    def add(a, b):
        return a + b

    assert add(1, b=2) == 3
    with pytest.raises(ZeroDivisionError), progress("dividing"):
        1 / 0  # noqa: B018
    assert stream.getvalue() == ""
    assert threading.active_count() == before
    assert module._shown == []


def test_a_closed_or_missing_stream_does_not_matter(quick, monkeypatch):
    closed = Terminal(True)
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress("reading"):
            time.sleep(0.15)


@pytest.mark.slow
def test_long_commands_are_not_silent(tmp_path):
    table = tmp_path / "t.csv"
    rows = "".join(f"{i},{i % 7},w{i % 5},{2 * i}\n" for i in range(400_000))
    table.write_text("a,b,c,price\n" + rows)
    programs = (
        "from chainrule.utils.table import Encoder, read_csv\n"
        f"table = read_csv({str(table)!r}); Encoder.fit(table, list(table)).encode(table)",
        "from chainrule.cli import main; main(['how', 'conv2d', '--sizes', '1500'])",
    )
    impatient = "from chainrule.core import progress; progress.SILENT_SECONDS = 0.1\n"
    for program in programs:
        run = subprocess.run([sys.executable, "-c", impatient + program], capture_output=True, text=True, check=True)
        assert " ... 0 s\n" in run.stderr
        assert run.stderr.count("\n") < 5
