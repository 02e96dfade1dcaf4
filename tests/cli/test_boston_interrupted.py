"""`train boston` when it is interrupted, and its progress line."""

import io
import math
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest

from boston_cases import learn, method_rows, small, weight_rows
from chainrule.cli.lessons import boston
from chainrule.cli.lessons.perceptron import Perceptron

pytestmark = pytest.mark.usefixtures("here")


# ---- interrupted


def test_an_interrupt_shows_what_there_is(typed, tmp_path, monkeypatch):
    """130; the table so far, and the weights of that moment."""
    show = boston.Progress.show

    def stop(self, epoch, cost):
        if (self.name, epoch) == ("stochastic", 2):
            raise KeyboardInterrupt
        show(self, epoch, cost)

    monkeypatch.setattr(boston.Progress, "show", stop)
    t = learn(typed, "--csv", small(tmp_path / "own.csv"), "--plot", "x.svg", epochs=5)
    assert t.status == 130
    assert "stochastic: interrupted after 2 epochs" in t.out
    assert list(method_rows(t.out)) == ["full-batch", "stochastic", "least squares"]
    assert "Traceback" not in t.err
    assert xml.parse(tmp_path / "x.svg")
    weights = weight_rows(t.out)
    assert list(weights) == ["RM", "b"]
    assert [len(row) for row in weights.values()] == [3, 3]


def test_an_interrupt_between_two_methods(typed, tmp_path, monkeypatch):
    """Ctrl-C asks nobody when it comes: what the first method learnt is not lost."""
    created = []
    first = Perceptron.__init__

    def stop(self, columns):
        created.append(self)
        if len(created) == 3:  # least squares, full-batch, stochastic
            raise KeyboardInterrupt
        first(self, columns)

    monkeypatch.setattr(Perceptron, "__init__", stop)
    t = learn(typed, "--csv", small(tmp_path / "own.csv"))
    assert t.status == 130
    assert "full-batch" in method_rows(t.out)


def test_an_interrupt_before_the_first_epoch(typed, tmp_path, monkeypatch):
    def stop(self, houses):
        raise KeyboardInterrupt

    monkeypatch.setattr(Perceptron, "measure", stop)
    t = learn(typed, "--csv", small(tmp_path / "own.csv"))
    assert t.status == 130
    assert "Traceback" not in t.err


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_control_c(tmp_path):
    """A real one, in a real process, read through a pipe."""
    command = [
        sys.executable,
        "-m",
        "chainrule",
        "train",
        "boston",
        "--columns",
        "RM",
        "--epochs",
        "8",
        "--plot",
        "x.svg",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", cwd=tmp_path
    ) as running:
        out = ""
        for line in running.stdout:
            out += line
            if line.startswith("stochastic: epoch"):
                running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 130
        assert "Traceback" not in running.stderr.read()
    assert "interrupted" in out
    assert "mini-batch" not in out
    assert "full-batch" in method_rows(out)
    assert [p.name for p in tmp_path.iterdir()] in ([], ["x.svg"])
    assert list(weight_rows(out)) == ["RM", "b"]


# ---- the progress line


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_progress_fits_the_terminal(monkeypatch, columns):
    """A line that rewrites itself must not wrap, or each rewriting leaves a line behind."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", Terminal())
    bar = boston.Progress("full-batch", 5000)
    for epoch in (1, 2500, 4999):
        bar.last = -math.inf
        bar.show(epoch, 377.8981)
    bar.done(5000, 377.8981, False)
    shown = sys.stdout.getvalue()
    assert "2500/5000" in shown or columns < 40
    assert max(map(len, re.findall(r"([^\r\n]*)\r", shown))) <= columns


def test_progress_elsewhere_is_a_few_lines(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    bar = boston.Progress("full-batch", 1000)
    for epoch in range(1, 1001):
        bar.show(epoch, 1.0)
    bar.done(1000, 1.0, False)
    lines = sys.stdout.getvalue().splitlines()
    assert len(lines) == 4
    assert [re.search(r"(\d+)/1000", line)[1] for line in lines[:3]] == ["250", "500", "750"]
    assert "\r" not in sys.stdout.getvalue()
