"""What reaches a terminal: nothing that steers it, and only characters that it has."""

import ast
import io
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.terminal import echo, encodable, redraw, visible, visible_line
from chainrule.errors import ShapeError
from chainrule.layers import Dense, Input
from chainrule.models import Sequential

SOURCE = Path(cr.__file__).parent
EVIL = "red\x1b[31m\x9b2J\r\u202eback\u2066\x07\x00end"


def is_steering(c):
    """By Unicode's own tables: control characters, halves of characters, line separators, marks of direction."""
    return unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(c) in (
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    )  # fmt: skip


def is_safe(text):
    return not any(is_steering(c) for c in text.replace("\n", "").replace("\t", ""))


@given(st.text(st.characters(), max_size=20))
def test_any_text_becomes_visible(text):
    assert is_safe(visible(text))
    assert not any(map(is_steering, visible_line(text)))
    if not any(map(is_steering, text)) and not re.search("[\u061c\u200e\u200f\ufeff]", text):
        assert visible(text) == visible_line(text) == text
    encodable(text, io.TextIOWrapper(io.BytesIO(), "ascii")).encode("ascii")


def test_every_steering_character_is_written_out():
    for code in range(sys.maxunicode + 1):
        c = chr(code)
        if is_steering(c):
            assert visible_line(c).isascii(), hex(code)
            assert visible_line(c).startswith("\\")


def test_nothing_but_one_module_prints():
    for path in SOURCE.rglob("*.py"):
        if path.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            assert name != "print", f"{path}:{node.lineno}"


def net():
    model = Sequential([Input((3,)), Dense(2, name=f"{EVIL}\nsecond\tline"), Dense(1)], name=EVIL)
    model.compile("sgd", "mse")
    return model


def test_names_of_layers(capsys):
    model = net()
    model.summary()
    printed = capsys.readouterr().out
    assert is_safe(printed)
    assert r"red\x1b[31m\x9b2J\r\u202eback\u2066\x07\x00end\nsecond\tline" in printed
    for result in (model.cost(), model.lint(), cr.price(ops.tanh, (3,)), model.layers[0]):
        assert is_safe(str(result))
        assert is_safe(repr(result))
    with pytest.raises(ShapeError) as caught:
        model(np.ones((2, 5)))
    assert is_safe(str(caught.value))


def test_names_of_metrics(capsys):
    model = net()
    model.compile("sgd", "mse", metrics=[cr.metrics.MeanSquaredError(name=EVIL)])
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=1)
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=2)
    assert is_safe(capsys.readouterr().out.replace("\r", ""))


def test_pages_show_them_too():
    page = net().cost().to_html()
    assert is_safe(page)
    assert r"\x1b[31m" in page


class Terminal(io.TextIOWrapper):
    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding)

    @property
    def text(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "shift_jis", "euc-kr", "koi8-r", "utf-8"])
def test_terminals_of_other_encodings(encoding, monkeypatch):
    terminal = Terminal(encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    cr.set_language("ko")
    try:
        echo("x ≈ 1 × 2 → 한국어 \ud800")
        redraw("━━━ 한국어")
        print(cr.price(ops.tanh, (3,)))
        model = net()
        model.summary()
        model.fit(np.ones((4, 3)), np.ones((4, 1)))
        print(model.cost())
    finally:
        cr.set_language("en")
    assert "tanh" in terminal.text
    assert "한국어" in terminal.text or encoding not in ("euc-kr", "utf-8")


def test_commands_on_an_ascii_terminal(tmp_path):
    table = tmp_path / "t.csv"
    rows = "\n".join(f"{i},{i % 7},{2 * i}" for i in range(60))
    table.write_text(f"a\x1b[31m,b\u202e,price\x07\n{rows}\n", encoding="utf-8")
    model = str(tmp_path / "m.chainrule")
    for command in (
        ["explain", "tanh(x) * 2", "x=0.5"],
        ["train", str(table), "--target", "price\x07", "--epochs", "2", "--plot", "", "--out", model],
        ["summary", model],
        ["predict", model, str(table), "--out", str(tmp_path / "p.csv")],
        ["train", str(table), "--target", "none\x1b[2J"],
    ):
        run = subprocess.run(
            [sys.executable, "-m", "chainrule", *command],
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            check=False,
        )
        printed = run.stdout.decode("ascii") + run.stderr.decode("ascii")
        assert is_safe(printed.replace("\r\n", "\n")), command
        assert "Traceback" not in printed
        assert run.returncode == (2 if "none\x1b[2J" in command else 0), printed


def test_layers_keep_their_names():
    assert layers.Dense(1, name="a\x1bb").name == "a\x1bb"
