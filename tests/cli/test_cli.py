"""The command line: help, options, exit statuses, pipes and terminals.

Most of it runs in this process; what only a process of its own can show (signals, pipes, imports) runs in one.
"""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest

from chainrule.cli import COMMANDS
from chainrule.core.errors import ChainruleError
from cli_cases import process

# ---- the command itself


def test_help_lists_the_commands(typed):
    for argv in ([], ["--help"]):
        t = typed(*argv)
        assert t.status == 0
        assert all(name in t.out for name in COMMANDS)
        assert t.err == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(typed, command):
    t = typed(command, "--help")
    assert t.status == 0
    assert t.out.startswith(f"usage: chainrule {command}")


def test_version(typed):
    t = typed("--version")
    assert (t.status, t.out.strip()) == (0, version("chainrule"))


@pytest.mark.parametrize(
    "argv",
    [
        ["bogus"], ["explain"], ["slope"], ["check"], ["train"],
        ["explain", "a", "a=1", "--digits", "x"], ["slope", "a", "a=1", "--nudge", "x"],
        ["check", "m.py:f", "--rtol", "x"], ["check", "m.py:f", "--seed", "1.5"],
        ["train", "boston", "--batch", "x"], ["train", "boston", "--activation", "relu"],
        ["vectorization", "-m"], ["vectorization", "-m", "x"], ["vectorization", "extra"],
        ["explain", "a", "a=1", "--nosuch"], ["how"], ["how", "conv2d", "--sizes", "x"],
        ["descent"], ["descent", "mars"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_options(typed, argv):
    t = typed(*argv)
    assert t.status == 2
    assert t.out == ""
    assert "error: " in t.err
    assert "Traceback" not in t.err


@pytest.mark.parametrize("command", ["explain", "slope"])
def test_the_expression_alone_is_asked_for(typed, command):
    """Values are optional where every name has one."""
    assert "NAME=VALUE" not in typed(command).err.splitlines()[-1]


def test_debug_shows_the_traceback(typed):
    with pytest.raises(ChainruleError):
        typed("explain", "a*b", "a=1", "--debug")


@pytest.mark.parametrize("columns", ["20", "0", "1000"])
def test_help_at_any_width(typed, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert typed("train", "--help").status == 0


# ---- a process of its own


@pytest.mark.slow
def test_start_up_is_light():
    """Nothing heavier than NumPy, for --help and for explain."""
    for argv in (["--help"], ["explain", "3*(a+b*c)", "a=5", "b=3", "c=2"]):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "chainrule", *argv],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        assert done.returncode == 0
        loaded = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
        assert not loaded & {
            "jax",
            "jaxlib",
            "torch",
            "tensorflow",
            "keras",
            "scipy",
            "matplotlib",
            "pandas",
            "sklearn",
        }


@pytest.mark.slow
def test_as_a_user_types_it():
    """No line of Python's own start-up code is named as the user's."""
    t = process("explain", "3*(a+b*c)", "a=5", "b=3", "c=2")
    assert (t.status, t.err) == (0, "")
    assert "J = 3 * v = 3 * 11 = 33" in t.out
    t = process("explain", "log(a)+sum(x)", "a=0", "x=1,2", "--json")
    assert t.status in (0, 2)
    assert "<frozen" not in t.out + t.err
    assert "Warning" not in t.err
    t = process("explain", "a*b", "a=1")
    assert t.status == 2
    assert "Traceback" not in t.err
    assert "Traceback" in process("explain", "a*b", "a=1", "--debug").err


@pytest.mark.slow
def test_a_reader_who_has_seen_enough():
    """`| head -1`: no complaint."""
    command = [sys.executable, "-m", "chainrule", "explain", "+".join(["a"] * 900), "a=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as typing:
        assert typing.stdout.readline().startswith(b"J = a+a")
        typing.stdout.close()
        assert typing.stderr.read() == b""
        assert typing.wait(timeout=60) == 0


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk():
    """What cannot be written is reported in a line, with a status that is not 0."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "chainrule", "slope", "a**2", "a=2"],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
        )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_without_unicode(encoding):
    """The C locale, and a Windows pipe: signs it lacks are replaced, the numbers still come."""
    for argv, words in (
        (["explain", "a**3", "a=2"], "dJ/da = 12"),
        (["train", "boston", "--activation", "step"], "XOR"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "chainrule", *argv],
            capture_output=True,
            timeout=60,
            env=os.environ | {"PYTHONIOENCODING": encoding},
        )
        assert b"Traceback" not in done.stderr
        assert done.returncode == 0
        assert words in done.stdout.decode(encoding)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_closed_stdout():
    done = subprocess.run(
        ["sh", "-c", '"$0" -m chainrule explain "a*2" a=1 >&-', sys.executable],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert "Traceback" not in done.stderr
