"""The progress line, on terminals and in files."""

import io
import re
import sys

import numpy as np
import pytest

from callback_cases import REASON, Model
from chainrule.callbacks import CallbackList, Progbar
from chainrule.callbacks import progbar as progbar_module


class Screen(io.StringIO):
    """Standard output that says it is a terminal, or that it is none."""

    def __init__(self, terminal, encoding="utf-8"):
        super().__init__()
        self.terminal, self.code = terminal, encoding

    def isatty(self):
        return self.terminal

    @property
    def encoding(self):
        return self.code

    def lines(self):
        """What is to be seen in the end, each line as last drawn; and every drawing."""
        text = self.getvalue()
        return text.split("\n"), [d for d in re.split(r"[\r\n]", text) if d]


@pytest.fixture
def screen(monkeypatch):
    """A terminal of some width, and a clock that the test moves."""

    def make(terminal, columns=80, encoding="utf-8"):
        monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))
        shown = Screen(terminal, encoding)
        monkeypatch.setattr(sys, "stdout", shown)
        shown.now = 100.0
        monkeypatch.setattr(progbar_module.time, "perf_counter", lambda: shown.now)
        return shown

    return make


def drive(shown, steps, seconds, target, **params):
    message = CallbackList(add_progbar=True, model=Model(), **{"verbose": 1, "epochs": 1, "steps": target, **params})
    message.on_train_begin()
    for epoch in range(params.get("epochs", 1)):
        message.on_epoch_begin(epoch)
        for batch in range(steps):
            shown.now += seconds
            message.on_train_batch_end(batch, {"loss": 1 / (batch + 1), "acc": 0.5})
        message.on_test_begin()
        message.on_test_batch_end(0, {"loss": 9.0})
        message.on_test_end({"loss": 9.0})
        message.on_epoch_end(epoch, {"loss": 0.25, "val_loss": 1e-4})
    message.on_train_end()


def test_a_terminal_is_drawn_at_most_ten_times_a_second(screen):
    shown = screen(True, columns=120)
    drive(shown, steps=200, seconds=0.01, target=200)  # 2 seconds
    seen, drawings = shown.lines()
    assert 15 <= len(drawings) <= 22
    assert len(seen) == 2
    assert seen[1] == ""
    assert drawings[-1].startswith("200/200 " + "━" * 20 + " 2s - 10ms/step - ")
    assert "acc: 0.5000 - loss: 0.2500 - val_loss: 1.0000e-04" in drawings[-1]
    assert re.match(r" 1[01]/200 ━─{19} 1s - 10ms/step - acc: 0.5000 - loss: 0.\d{4}", drawings[1])


def test_a_line_that_shrinks_leaves_nothing_behind(screen):
    shown = screen(True)
    bar = Progbar(10, interval=0, stateful_metrics=["a", "b"])
    for step, values in ((1, [("a", 123456.0)]), (2, [("a", 1.0)])):
        shown.now += 1
        bar.update(step, values)
    first, second = shown.lines()[1]
    assert len(second) == len(first)
    assert second.endswith("1.0000     ")


@pytest.mark.parametrize("columns", [20, 40, 60, 200])
def test_the_line_fits_the_terminal(screen, columns):
    shown = screen(True, columns)
    drive(shown, steps=5, seconds=30, target=5)
    _, drawings = shown.lines()
    assert all(len(d) < columns for d in drawings)
    assert ("━" * 20 in drawings[-1]) == (columns == 200)
    assert "2:00 - 30s/step" in drawings[0] or columns == 20


def test_plain_characters_where_others_cannot_be_printed(screen):
    shown = screen(True, encoding="ascii")
    drive(shown, steps=2, seconds=1, target=4)
    assert shown.getvalue().isascii()
    assert "1/4 =====............... 3s" in shown.getvalue()


def test_a_file_gets_one_line_an_epoch(screen):
    shown = screen(False)
    drive(shown, steps=100, seconds=0.05, target=100, epochs=2)
    line = "100/100 - 5s - 50ms/step - acc: 0.5000 - loss: 0.2500 - val_loss: 1.0000e-04"
    assert shown.getvalue().splitlines() == ["Epoch 1/2", line, "Epoch 2/2", line]


def test_a_file_gets_a_line_a_minute_in_a_long_epoch(screen):
    shown = screen(False)
    drive(shown, steps=500, seconds=1, target=3000)
    lines = shown.getvalue().splitlines()
    assert len(lines) == 500 // 60 + 1
    assert lines[0].startswith("60/3000 - 49:00 - 1s/step")


def test_unknown_total_and_quiet_modes(screen):
    shown = screen(True)
    drive(shown, steps=4, seconds=1, target=None)
    _, drawings = shown.lines()
    assert drawings[0].startswith("      1/Unknown 1s - 1s/step")
    assert drawings[-1].startswith("4/4 ━")
    shown = screen(True)
    drive(shown, steps=4, seconds=1, target=4, verbose=2, epochs=2)
    assert [line.split(" - ")[0] for line in shown.getvalue().splitlines()] == ["Epoch 1/2", "4/4", "Epoch 2/2", "4/4"]
    shown = screen(True)
    drive(shown, steps=4, seconds=1, target=4, verbose=0)
    assert shown.getvalue() == ""
    shown = screen(True)
    drive(shown, steps=4, seconds=1, target=4, verbose="auto")
    assert "\r" in shown.getvalue()


def test_the_first_step_does_not_count_for_the_time_left(screen):
    shown = screen(True)
    bar = Progbar(100)
    for step, seconds in ((1, 30), (2, 2), (3, 2)):
        shown.now += seconds
        bar.update(step)
    assert shown.lines()[1][-1].split("─ ")[1] == "3:14 - 2s/step"


def test_a_list_that_trains_twice_looks_again_at_who_sees_batches(screen):
    shown = screen(True)
    message = CallbackList(add_progbar=True, verbose=0, epochs=1, steps=2)
    for verbose in (0, 1):
        message.set_params({"verbose": verbose, "epochs": 1, "steps": 2})
        message.on_train_begin()
        message.on_epoch_begin(0)
        message.on_train_batch_end(0, {})
        message.on_train_end()
        assert ("1/2" in shown.getvalue()) == bool(verbose)


def test_evaluate_and_predict_have_their_own_line(screen):
    shown = screen(False)
    message = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=2)
    message.on_test_begin()
    for batch in range(2):
        message.on_test_batch_end(batch, {"loss": 3.0})
    message.on_test_end({"loss": 2.0})
    message.on_predict_begin()
    message.on_predict_batch_end(1, {"outputs": np.ones((3, 2))})
    message.on_predict_end({"outputs": np.ones((3, 2))})
    lines = shown.getvalue().splitlines()
    assert len(lines) == 2
    assert "loss: 2.0000" in lines[0]
    assert "outputs" not in lines[1]


@pytest.mark.heavy
def test_values_are_averaged_as_in_keras(screen, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason=REASON)
    rng = np.random.default_rng(0)
    for options in ({}, {"stateful_metrics": ["a"]}, {"stateless_metrics": ["a"]}):
        steps = np.cumsum(rng.integers(1, 4, 9))
        values = rng.normal(size=(9, 2)) * 10.0 ** rng.integers(-5, 3, (9, 1))
        result = []
        for cls in (Progbar, keras.utils.Progbar):
            shown = screen(True, 200)
            bar = cls(int(steps[-1]), interval=0, **options)
            for step, (a, b) in zip(steps, values, strict=True):
                bar.update(int(step), [("a", float(a)), ("b", float(b))])
            result.append(re.findall(r"[ab]: [-.e+\d]+", shown.getvalue()))
        assert result[0] == result[1]
        assert len(result[0]) == 18
