"""What the command line prints and writes, in both languages. Each command runs in a fork, by a clock that counts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np

import chainrule as cr
from chainrule.cli import COMMANDS, main

from .common import Out, clean, in_folder, sha, stop_time

EXPLAIN = ["explain", "3*(a+b*c)", "a=5", "b=3", "c=2"]
TRAIN = ["train", "t.csv", "--epochs", "3"]
CASES = {
    "none": [],
    "help": ["--help"],
    "version": ["--version"],
    "unknown": ["bogus"],
    **{f"{name}_help": [name, "--help"] for name in COMMANDS},
    "explain": [*EXPLAIN, "--html", "j.html", "--plot", "j.svg"],
    "explain_json": [*EXPLAIN, "--json"],
    "explain_neuron": ["explain", "sigmoid(w0*x0+w1*x1+w2)", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"],
    "explain_vectors": ["explain", "sum(softmax(x)*y)", "x=0.5,-2,1.5", "y=0.25,3,-1", "--digits", "0"],
    "explain_folded": ["explain", "gelu(a)*2", "a=1.5", "--depth", "0"],
    "explain_trouble": ["explain", "log(a)*sqrt(a)", "a=0"],
    "explain_missing": ["explain", "a*b", "a=1"],
    "explain_function": ["explain", "sinn(a)", "a=1"],
    "explain_syntax": ["explain", "a*(b", "a=1", "b=2"],
    "explain_options": ["explain", "a", "a=1", "--digits", "x"],
    "explain_model": "explain net.chainrule --input x.npy --target y.npy --html e.html --plot e.svg --depth 1".split(),
    "explain_entry": "explain net.chainrule --input x.npy --entry 1,2 --json --digits 0".split(),
    "explain_no_input": ["explain", "net.chainrule"],
    "explain_no_model": ["explain", "no.chainrule", "--input", "x.npy"],
    "explain_failed": ["explain", "--failed", "wrong.py", "--html", "far.html", "--plot", "far.svg"],
    "explain_fine": ["explain", "--failed", "fine.py"],
    "explain_other": ["explain", "--failed", "other.py"],
    "slope": ["slope", "a**3", "a=2"],
    "slope_two": ["slope", "a*exp(b)", "a=2", "b=3", "--nudge", "0.1"],
    "slope_kink": ["slope", "abs(a)", "a=0"],
    "slope_nudge": ["slope", "a**3", "a=2", "--nudge=0"],
    "check": ["check", "m.py:good"],
    "check_shapes": ["check", "m.py:matmul", "x=3x4", "w=4x2"],
    "check_wrong": ["check", "m.py:off"],
    "check_sign": ["check", "m.py:sign"],
    "check_kink": ["check", "m.py:kink"],
    "check_json": ["check", "m.py:off", "--json"],
    "check_none": ["check", "m.py:none"],
    "check_bare": ["check", "m.py:matmul"],
    "check_missing": ["check", "m.py:nosuch"],
    "check_no_file": ["check", "no.py:f"],
    "check_language": ["check", "m.py:good", "--language", "ko"],
    "cost": "cost net.chainrule --batch 2 --html c.html --plot c.svg".split(),
    "cost_two": ["cost", "net.chainrule", "net.chainrule"],
    "cost_json": ["cost", "net.chainrule", "--json"],
    "cost_measured": ["cost", "net.chainrule", "--measure"],
    "cost_engine": ["cost", "net.chainrule", "--engine", "abacus"],
    "how": "how conv2d --sizes 6 9 --html p.html --plot p.svg".split(),
    "how_pooling": "how max pooling --sizes 7 8".split(),
    "how_softmax": "how softmax --sizes 5".split(),
    "how_unknown": ["how", "origami"],
    "descent": "descent boston --rates 0.3 1.05 --updates 12 --html d.html --plot d.svg".split(),
    "descent_ways": "descent boston --updates 6 --seeds 1".split(),
    "descent_column": "descent boston --column XX".split(),
    "train_boston": "train boston --epochs 4 --plot b.svg".split(),
    "train_boston_columns": "train boston --columns RM,LSTAT --epochs 3 --explain --plot=".split(),
    "train_boston_step": "train boston --activation step".split(),
    "train_table": [*TRAIN, "--target", "price"],
    "train_words": [*TRAIN, "--target", "colour", "--plot", "", "--out", "c.chainrule"],
    "train_no_target": TRAIN,
    "train_no_column": [*TRAIN, "--target", "prices"],
    "train_no_data": ["train", "nosuch"],
    "train_mlp": "train digits --model mlp --epochs 2 --examples 200 --seed 3".split(),
    "train_cnn": "train digits --model cnn --epochs 1 --examples 60".split(),
    "train_inception": "train digits --model inception --epochs 1 --examples 60".split(),
    "train_lenet": "train digits --model lenet --epochs 1".split(),
    "predict": ["predict", "net.chainrule", "x.npy"],
    "predict_table": ["predict", "table.chainrule", "t.csv", "--out", "p.csv"],
    "predict_no_model": ["predict", "none.chainrule", "t.csv"],
    "predict_no_table": ["predict", "net.chainrule", "t.csv"],
    "summary": "summary net.chainrule --plot m.svg".split(),
    "summary_table": ["summary", "table.chainrule"],
    "summary_other": ["summary", "t.csv"],
    "vectorization": "vectorization -m 2 37 --repeats 1".split(),
    "vectorization_wrong": "vectorization -m 0".split(),
    "bench": "bench perceptron --seconds 0.001 --engine numpy".split(),
    "bench_wrong": "bench nosuch".split(),
    "launch": ["launch", "-n", "1", "fine.py", "a", "--b"],
    "launch_fails": ["launch", "-n", "1", "other.py"],
    "launch_none": ["launch", "-n", "0", "fine.py"],
    "debug": ["explain", "a*b", "a=1", "b=2", "--debug"],
}
ENGLISH = {name for name in CASES if name.endswith("_help")} - {
    "explain_help",
    "cost_help",
}  # they are never translated
CODE = """
import numpy as np
from chainrule import ops

def good(x=[0.5, 1.5]): return ops.sum(ops.tanh(x))
def good_backward(u, x): return u * (1 - ops.tanh(x) ** 2)
def off(x=[0.5, 1.5]): return ops.sum(ops.tanh(x))
def off_backward(u, x): return u * (1 - ops.tanh(x) ** 2) * 1.0005
def sign(x=[0.5, 1.5]): return ops.sum(ops.tanh(x))
def sign_backward(u, x): return -u * (1 - ops.tanh(x) ** 2)
def kink(x=[0.0, 1.0]): return ops.sum(ops.relu(x))
def matmul(x, w): return ops.sum(ops.matmul(x, w))
def none(x=1.0): return None
"""
WRONG = """
import chainrule as cr
x = cr.layers.Input((4,), name="start")
cr.layers.Conv2D(2, 3, name="odd")(cr.layers.Dense(3, name="first")(x))
"""


def record(out: Out) -> None:
    files = Path("files").resolve()
    files.mkdir()
    prepare(files)
    for language in ("en", "ko"):
        with out.lines(f"{language}.txt") as put:
            for name, words in CASES.items():
                if language == "en" or name not in ENGLISH:
                    put(f"== {name}: chainrule {' '.join(words)}")
                    put(_typed(out, f"{name}.{language}", words, files, language), "\n")
    with out.lines("module.txt") as put:
        for words in (["--version"], EXPLAIN, ["explain", "a*b", "a=1"]):
            done = subprocess.run([sys.executable, "-m", "chainrule", *words], capture_output=True, encoding="utf-8")
            put(f"== {' '.join(words)}\nstatus {done.returncode}\n{done.stdout}{done.stderr}")


def prepare(folder: Path) -> None:
    """The files that commands are given: models, arrays, a table, programs."""
    os.chdir(folder)
    cr.set_random_seed(1)
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
    rng = np.random.default_rng(0)
    np.save("x.npy", rng.normal(size=(2, 6, 6, 1)).astype("float32"))
    np.save("y.npy", np.array([1, 2]))
    lines = ["id,size,colour,rooms,same,price"]
    for i in range(100):
        size, colour, rooms = rng.normal(50, 10), rng.choice(["red", "green"]), rng.integers(1, 6)
        price = 2 * size + 30 * (colour == "red") + 3 * rooms
        lines.append(f"h{i},{'' if i % 20 == 7 else f'{size:.3f}'},{colour},{rooms},7,{price:.3f}")
    Path("t.csv").write_text("\n".join(lines) + "\n")
    Path("m.py").write_text(CODE)
    Path("wrong.py").write_text(WRONG)
    Path("fine.py").write_text("import sys\nprint('hello', sys.argv)\n")
    Path("other.py").write_text("1 / 0\n")
    _fork([*TRAIN, "--target", "price", "--plot", "", "--out", "table.chainrule"], Path(os.devnull))
    os.chdir(folder.parent)


def _typed(out: Out, name: str, words: list[str], files: Path, language: str) -> str:
    """Status, output, errors, and the files that are new: their text in files beside, or their hashes."""
    folder = Path("typed").resolve()
    shutil.copytree(files, folder)
    said = Path(f"{name}.said").resolve()
    os.chdir(folder)
    status = _fork(words, said, language)
    os.chdir(folder.parent)
    message = [f"status {status}"]
    for kind in ("out", "err"):
        text = Path(f"{said}.{kind}").read_text(encoding="utf-8")
        message += [f"-- {kind}", text.rstrip("\n")] if text else []
    before = in_folder(files)
    for path, data in in_folder(folder).items():
        if before.get(path) != data and "__pycache__" not in path:
            if path.endswith((".html", ".svg", ".csv", ".json", ".txt")):
                out.put(f"{name}.{path}", data.decode())
                message.append(f"-- wrote {path} {sha(clean(data.decode()).encode())}")
            else:
                message.append(f"-- wrote {path} {sha(data)}")
    shutil.rmtree(folder)
    return "\n".join(message)


def _fork(words: list[str], said: Path, language: str = "en") -> int:
    """Run the command in a copy of this process; its exit status."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 99
        try:
            for number, kind in ((1, "out"), (2, "err")):
                path = f"{said}.{kind}" if str(said) != os.devnull else os.devnull
                os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
            if language != "en":
                os.environ["CHAINRULE_LANGUAGE"] = language
            stop_time()
            status = main(words)
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else 98
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
