"""`explain`, `cost`, `how` and `descent`: pages and pictures of expressions and saved models."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cli_cases import teaches


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A folder with a model, a batch and its targets."""
    import chainrule as cr

    monkeypatch.chdir(tmp_path)
    cr.set_random_seed(0)
    model = cr.Sequential(
        [
            cr.layers.Input((6, 6, 1)),
            cr.layers.Conv2D(2, 3, activation="relu", name="conv"),
            cr.layers.Flatten(),
            cr.layers.Dense(3, activation="softmax", name="out"),
        ],
        name="net",
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.save("net.chainrule")
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 1)).astype("float32")
    np.save("x.npy", x)
    np.save("y.npy", np.array([1, 2]))
    return model, x


def test_explain_writes_a_page_and_a_picture(typed, saved):
    t = typed("explain", "3*(a+b*c)", "a=5", "b=3", "c=2", "--html", "j.html", "--plot", "j.svg")
    assert t.status == 0
    assert "dJ/dc = 3 * 3 = 9" in t.out
    assert "<title>J = 33</title>" in Path("j.html").read_text(encoding="utf-8")
    assert "▸ 33" in Path("j.svg").read_text(encoding="utf-8")


def test_explain_a_saved_model(typed, saved):
    model, x = saved
    t = typed("explain", "net.chainrule", "--input", "x.npy", "--target", "y.npy", "--html", "e.html", "--depth", "1")
    assert t.status == 0, t
    loss = model.evaluate(x, np.array([1, 2]), verbose=0)
    assert "J = the loss of 'net'" in t.out
    assert re.search(rf"J = .* = {loss:.4g}", t.out)
    assert "sys.exit" not in t.out
    assert 'class="part"' in Path("e.html").read_text(encoding="utf-8")
    t = typed("explain", "net.chainrule", "--input", "x.npy", "--entry", "1,2", "--json", "--digits", "0")
    shown = json.loads(t.out)
    value = next(s["value"] for s in shown["steps"] if s["name"] == shown["result"])
    assert_allclose(value, model.predict(x, verbose=0)[1, 2], rtol=1e-5)


def test_cost_of_saved_models(typed, saved):
    t = typed("cost", "net.chainrule", "--batch", "2", "--html", "c.html")
    assert t.status == 0, t
    assert "4·4·2 outputs × 3·3·1 window" in t.out.replace("2·4·4·2", "4·4·2")
    assert "net, batch of 2" in t.out
    assert "<table>" in Path("c.html").read_text(encoding="utf-8")
    t = typed("cost", "net.chainrule", "net.chainrule", "--json")
    result = json.loads(t.out)["models"]
    assert result[0]["layers"][0]["forward multiplies"] == 4 * 4 * 2 * 9
    assert result[0] == result[1]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["explain", "net.chainrule"], ["--input x.npy"]),
        (["explain", "net.chainrule", "--input", "no.npy"], ["No such file"]),
        (["explain", "net.chainrule", "--input", "net.chainrule"], ["an .npy file"]),
        (["explain", "net.chainrule", "--input", "x.npy", "--entry", "a"], ["whole numbers"]),
        (["explain", "net.chainrule", "a=5", "--input", "x.npy"], ["a=5", "of an expression"]),
        (["explain", "a*2", "a=1", "--input", "x.npy"], ["--input x.npy", "of a model"]),
        (["explain", "net.chainrule", "--input", "x.npy", "--entry", "0,9"], ["index 9"]),
        (["explain", "no.chainrule", "--input", "x.npy"], ["no.chainrule"]),
        (["explain", "a*2", "a=1", "--html", "no/page.html"], ["in a folder that does not exist"]),
        (["explain", "a*2", "a=1", "--html", "p.html", "--language", "xx"], ["one of en, ko"]),
        (["cost", "no.chainrule"], ["no.chainrule"]),
        (["how", "origami"], ["conv2d"]),
        (["descent", "boston", "--column", "XX"], ["RM"]),
        (["descent", "boston", "--rate", "-1"], ["more than 0"]),
        (["descent", "boston", "--updates", "0"], ["updates=0"]),
        (["how", "conv2d", "--sizes", "1"], ["a whole number from 4 up"]),
        (["cost", "net.chainrule", "--batch", "0"], ["batch_size=0"]),
        (["cost", "net.chainrule", "--engine", "abacus"], ["abacus"]),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_what_cannot_be_seen(typed, saved, argv, words):
    t = typed(*argv)
    assert t.status == 2, t
    assert "Traceback" not in t.err
    assert "To mend it: " in t.err
    for word in words:
        assert word in t.err
    assert not os.path.exists("p.html")


def test_how_an_operation_is_done(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    t = typed("how", "max", "pooling", "--sizes", "7", "8", "--html", "p.html")
    assert t.status == 0, t
    assert "def max_pool_loop(image" in t.out
    assert "reshape(high, 2, wide, 2)" in t.out
    assert "<figure>" in Path("p.html").read_text(encoding="utf-8")


def test_descent_on_boston(typed, tmp_path, monkeypatch):
    """By how much too large a rate is: the loss's curvature along each axis is 2, so rates from 1 on are lost."""
    monkeypatch.chdir(tmp_path)
    t = typed("descent", "boston", "--rates", "0.3", "1.05", "--updates", "12", "--html", "p.html")
    assert t.status == 0, t
    ends = {line.split()[1]: float(line.split()[-1]) for line in t.out.splitlines() if line.startswith("rate ")}
    assert ends["0.3"] < 0.53 < 9 < ends["1.05"]
    assert "perceptron/kernel[0, 0]" in t.out
    assert "<polyline" in Path("p.html").read_text(encoding="utf-8")


def test_how_far_a_program_came(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("fine.py").write_text("print('hello')\n")
    Path("wrong.py").write_text(
        "import chainrule as cr\n"
        "x = cr.layers.Input((4,), name='start')\n"
        "cr.layers.Conv2D(2, 3, name='odd')(cr.layers.Dense(3, name='first')(x))\n"
    )
    Path("other.py").write_text("1 / 0\n")
    t = typed("explain", "--failed", "fine.py")
    assert t.status == 0
    assert "hello" in t.out
    t = typed("explain", "--failed", "wrong.py", "--html", "far.html")
    assert t.status == 1
    assert "Conv2D" in Path("far.html").read_text(encoding="utf-8")
    assert not Path("chainrule-failed.svg").exists()
    t = typed("explain", "--failed", "wrong.py", "--plot", "far.svg")
    assert t.status == 1, t
    assert "drawn in far.svg" in t.out
    drawn = Path("far.svg").read_text(encoding="utf-8")
    for name in ("start", "first", "odd"):
        assert name in drawn
    Path("done.py").write_text("import sys, fine\nassert sys.argv == ['done.py']\nsys.exit(0)\n")
    assert typed("explain", "--failed", "done.py").status == 0
    teaches(typed("explain", "--failed", "other.py"), "explain", "ZeroDivisionError")
    teaches(typed("explain", "--failed", "nosuch.py"), "explain", "nosuch.py")
