"""`check`: functions and backward rules in files of one's own."""

import re
import sys

import numpy as np
import pytest

from cli_cases import strict, teaches

CODE = """
from __future__ import annotations
import sys
from dataclasses import dataclass
import numpy as np
import chainrule as cr
from chainrule import ops

def good(x=[0.5, 1.5]): return ops.sum(ops.tanh(x))
def good_backward(u, x): return u * (1 - ops.tanh(x) ** 2)
def plain(x=[0.5, 1.5]): return ops.sum(ops.exp(x))
def off(x=[0.5, 1.5]): return ops.sum(ops.tanh(x))
def off_backward(u, x): return u * (1 - ops.tanh(x) ** 2) * 1.0005
def sign(x=[0.5, 1.5]): return ops.sum(ops.tanh(x))
def sign_backward(u, x): return -u * (1 - ops.tanh(x) ** 2)
def numpy(x=[1.0, 2.0]): return ops.sum(x * x)
def numpy_backward(u, x): return 2 * np.asarray(x) * np.asarray(u)
def kink(x=[0.0, 1.0]): return ops.sum(ops.relu(x))
def several(x=1.0): return [x, x * 2]
def integer(x=2): return x * 1.5
def keyword(x=1.0, *, k=2.0): return x * k
def required(x=1.0, *, k): return x * k
def matmul(x, w): return ops.sum(ops.matmul(x, w))
def matmul_backward(u, x, w):
    ones = np.ones((x.shape[0], w.shape[1]))
    return u * ops.matmul(ones, ops.transpose(w)), u * ops.matmul(ops.transpose(x), ones)
def transposed(x=[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]): return ops.sum(x * x)
def transposed_backward(u, x): return (2 * x.numpy() * u.numpy()).T
def toofew(x=1.0, y=2.0): return x * y
def toofew_backward(u, x, y): return u * y
def nans(x=[1.0, 2.0]): return ops.sum(x * x)
def nans_backward(u, x): return 2 * x * u * float("nan")
def nothing(x=[1.0, 2.0]): return ops.sum(x * x)
def nothing_backward(u, x): return None
def words(x=[1.0, 2.0]): return ops.sum(x * x)
def words_backward(u, x): return "abc"
def table(x=[1.0, 2.0]): return ops.sum(x * x)
def table_backward(u, x): return {"x": 2 * x * u}
def imaginary(x=[1.0, 2.0]): return ops.sum(x * x)
def imaginary_backward(u, x): return 2 * x.numpy() + 1j
def valueerror(x=1.0): return x * x
def valueerror_backward(u, x): raise ValueError("oops")
def keyerror(x=1.0): return x * x
def keyerror_backward(u, x): return {}["a"]
def fewarguments(x=1.0): return x * x
def fewarguments_backward(u): return u
def leaves(x=1.0): return x * x
def leaves_backward(u, x): sys.exit(0)
notafunction_backward = 3
def notafunction(x=1.0): return x * x

def infinite(x=0.0): return ops.log(x)
def random(x=1.0): return x * np.random.rand()
def none(x=1.0): return None
def text(x=1.0): return "abc"
def whole(x=1.0): return 3
def cast(x=1.0): return ops.cast(x, "int32")
def raises(x=1.0): raise RuntimeError("inside")
def exits(x=1.0): sys.exit(0)
def endless(x=1.0): return endless(x)
def shapes(x=[1.0, 2.0], y=[1.0, 2.0, 3.0]): return ops.sum(x + y)
def mutates(x=[1.0, 2.0]): x[0] = 3; return x
def word(x="abc"): return 2.0
def bare(x, y): return x * y
def noarguments(): return ops.convert_to_tensor(3.0)
def empty(x=[]): return ops.sum(ops.convert_to_tensor(x))
def starred(*xs): return xs[0]
def large(x=[1e200]): return ops.sum(x * 1e-200)
def prints(x=1.0): print("debug"); return x * x
def lazy(x=1.0):
    import chainrule_test_helper
    return x * chainrule_test_helper.K
@dataclass
class Numbers:
    k: float = 3.0
def data(x=1.0): return x * Numbers().k
lambda_ = lambda x=1.0: x * x
number = 3
"""


@pytest.fixture(autouse=True)
def _own_path(monkeypatch):
    """`check` leaves the file's folder on the path, where a file called numpy.py would meet later tests."""
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture
def code(tmp_path, monkeypatch):
    (tmp_path / "m.py").write_text(CODE)
    (tmp_path / "chainrule_test_helper.py").write_text("K = 3.0\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("chainrule_test_helper", None)


def test_check_without_the_dataclass_trick(typed, code):
    """A @dataclass under ``from __future__ import annotations`` looks its module up in sys.modules."""
    t = typed("check", "m.py:data")
    assert t.status == 0, t.err


@pytest.fixture
def simple(code):
    """The same file without the dataclass, so that its other functions are checked whatever becomes of it."""
    (code / "m.py").write_text(CODE.replace("@dataclass\n", ""))
    return code


@pytest.mark.parametrize(
    "name", ["good", "plain", "numpy", "kink", "several", "integer", "keyword", "lazy", "lambda_", "large"]
)
def test_check_says_right(typed, simple, name):
    t = typed("check", f"m.py:{name}")
    assert t.status == 0, t.err
    assert t.out.startswith(f"m.py:{name}")
    assert t.out.strip().splitlines()[-1].startswith("RIGHT: ")
    assert t.err == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("off", "relative error 5.0e-04"), ("sign", "wrong sign"), ("transposed", "transpose"),
        ("toofew", "1 gradients for 2"), ("nans", "nan"), ("nothing", ""), ("words", ""), ("table", ""),
        ("imaginary", ""), ("valueerror", "oops"), ("keyerror", "KeyError"),
        ("fewarguments", "fewarguments_backward"), ("leaves", ""), ("notafunction", "notafunction_backward"),
    ],
)  # fmt: skip
def test_check_says_wrong(typed, simple, name, words):
    """Whatever a hand-written backward does wrong, a grader reads 1 and a verdict, never 0 and never a traceback."""
    t = typed("check", f"m.py:{name}")
    assert t.status == 1
    assert t.out.strip().splitlines()[-1].startswith("WRONG: ")
    assert words in t.out
    assert "Traceback" not in t.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("infinite", "not finite"), ("random", "two results"), ("none", ""), ("text", ""), ("whole", "int"),
        ("cast", "int32"), ("raises", "inside"), ("exits", "exit"), ("endless", "recursion"),
        ("shapes", "(3,)"), ("mutates", "assignment"), ("word", "x"), ("bare", "x"), ("noarguments", ""),
        ("empty", "x"), ("required", "k"), ("number", "number"), ("nosuch", "good"), ("np", "np"),
    ],
)  # fmt: skip
def test_check_cannot_say(typed, simple, name, words):
    """Neither right nor wrong: status 2, also where there is nothing to compare."""
    t = typed("check", f"m.py:{name}")
    assert t.status == 2
    assert words.lower() in t.err.lower()
    teaches(t, "check")


def test_check_knows_what_none_means(typed, simple):
    """A missing `return` is the usual reason."""
    assert "None" in typed("check", "m.py:none").err


@pytest.mark.parametrize(
    "values",
    [["x=0.25"], ["x=1,2,3"], ["x=3x4"], ["x=3x"], ["x=2x1x3"], ["x=-1"], ["x=3x4", "--seed", "5"]],
    ids=" ".join,
)
def test_check_at_a_point(typed, simple, values):
    t = typed("check", "m.py:good", *values)
    assert t.status == 0, t.err
    assert "RIGHT" in t.out


def test_check_two_arguments(typed, simple):
    t = typed("check", "m.py:matmul", "x=3x4", "w=4x2")
    assert t.status == 0, t.err
    assert re.search(r"^x: 12 entries.*^w: 8 entries.*^RIGHT: 20 entries", t.out, re.M | re.S)
    t = typed("check", "m.py:required", "k=2")
    assert t.status == 0, t.err


@pytest.mark.parametrize(
    "values",
    [
        ["x="], ["x"], ["=3x4"], ["3x4"], ["y=1"], ["x=1", "x=2"], ["x=3x4", "x=2"], ["x=nan"], ["x=abc"],
        ["x=3X4"], ["x=0x"], ["x=0x3"], ["x=100000x100000x1000"], ["x=" + "x".join(["1"] * 70)],
        ["--rtol", "-1"], ["--rtol", "nan"], ["--rtol", "inf"],
    ],
    ids=lambda v: " ".join(v)[:24],
)  # fmt: skip
def test_bad_points(typed, simple, values):
    teaches(typed("check", "m.py:good", *values), "check")


@pytest.mark.parametrize("values", [["x=3x4", "w=3x2"], ["x=3x4"], []], ids=" ".join)
def test_points_that_do_not_fit(typed, simple, values):
    teaches(typed("check", "m.py:matmul", *values), "check")


BAD_FILES = {
    "syntax": b"def f(:",
    "raises": b"1/0",
    "exits": b"import sys; sys.exit(0)",
    "leaves": b"raise SystemExit",
    "imports": b"import nosuchmodule",
    "binary": b"\x00\x01\xff" * 50,
    "encoding": b"\xff\xfe x = 1",
    "empty": b"",
    "endless": b"def f(): return f()\nf()",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(typed, tmp_path, monkeypatch, name):
    """`sys.exit(0)` at import must not read as a right gradient."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{name}.py").write_bytes(BAD_FILES[name])
    teaches(typed("check", f"{name}.py:f"), "check", f"{name}.py")


@pytest.mark.parametrize(
    "target",
    ["m.py", "m.py:", ":f", "m.py:a.b", "m.py:1", "nosuch.py:f", "folder.py:f", "m:f", "m.txt:f", "", ":", "/:f"],
)
def test_bad_targets(typed, simple, target):
    (simple / "folder.py").mkdir()
    teaches(typed("check", target), "check")


@pytest.mark.parametrize("name", ["json.py", "numpy.py", "with space.py", "1.py", "chainrule.py"])
def test_a_file_of_any_name(typed, simple, name):
    (simple / "m.py").rename(simple / name)
    t = typed("check", f"{name}:good")
    assert t.status == 0, t.err
    assert sys.modules["numpy"] is np


@pytest.mark.parametrize("name", ["good", "off", "nans", "toofew", "prints"])
def test_check_json(typed, simple, name):
    """Nothing but JSON on stdout, whatever the function prints and however large an error is."""
    t = typed("check", f"m.py:{name}", "--json")
    data = strict(t.out)
    assert data["ok"] is (t.status == 0)
    assert data["ok"] is (name in ("good", "prints"))
