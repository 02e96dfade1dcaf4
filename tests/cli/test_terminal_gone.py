"""Commands whose terminal goes away or is interrupted: what they made is kept, and the status tells."""

import os
import signal
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "chainrule"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,price\n" + "\n".join(f"{i},{i % 7},{2 * i}" for i in range(100)))
    return path


def train(table, *more):
    return [*COMMAND, "train", str(table), "--target", "price", "--epochs", "3", "--plot", "", *more]


def test_the_model_is_saved_when_nobody_reads_on(table, tmp_path):
    """`train ... | head -1`, with output that is written line by line, so that every later line fails."""
    model = tmp_path / "m.chainrule"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    read, write = os.pipe()
    with subprocess.Popen(
        train(table, "--out", str(model)), stdout=write, stderr=subprocess.PIPE, env=environment
    ) as run:
        os.close(write)
        with os.fdopen(read, "rb", buffering=0) as lines:
            assert lines.read(1)
        errors = run.stderr.read()
    assert (run.returncode, errors) == (0, b"")
    assert model.exists()


def test_the_model_is_saved_when_the_output_is_full(table, tmp_path):
    model = tmp_path / "m.chainrule"
    with open("/dev/full", "wb") as full:
        run = subprocess.run(train(table, "--out", str(model)), stdout=full, stderr=subprocess.PIPE, check=False)
    assert model.exists() or run.returncode
    assert b"Traceback" not in run.stderr


def test_interrupts_at_any_moment_end_in_words(tmp_path):
    """Ctrl-C while the command is imported: one line and status 130, or the end of a command that was faster."""
    start = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "command = [sys.executable, '-X', 'importtime', '-m', 'chainrule', 'explain', 'a*b', 'a=2', 'b=3']\n"
        "os.execv(sys.executable, command)"
    )
    seen = set()
    modules = ("chainrule.core.command", "numpy", "numpy.linalg", "chainrule.graph", "chainrule.ops", "argparse")
    for module in modules:
        with subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            errors = b""
            for line in run.stderr:  # a line for each module, when its import has ended
                errors += line
                if line.split(b"|")[-1].strip() == module.encode():
                    run.send_signal(signal.SIGINT)
                    break
            errors += run.stderr.read()
        assert b"Traceback" not in errors, errors
        assert run.returncode in (0, 130)
        seen.add(run.returncode)
        assert run.returncode == 0 or b"interrupted\n" in errors
    assert 130 in seen


def test_programs_keep_pythons_way():
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import chainrule; signal.raise_signal(signal.SIGINT)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "KeyboardInterrupt" in run.stderr


def test_too_little_memory_is_said_in_words():
    for arguments in (["how", "conv2d", "--sizes", "1000000"], ["how", "softmax", "--sizes", "10000000000"]):
        run = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr.startswith("chainrule how: Got an array of shape")
        assert run.stderr.count("\n") == 1


def test_the_machine_refuses_memory():
    limited = (
        "import resource, sys; import chainrule.cli as c, chainrule.cli.how as h\n"
        "def command(args): raise MemoryError('Unable to allocate 1 GiB')\n"
        "h.command = command; sys.exit(c.main(['how', 'conv2d']))"
    )
    run = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (2, "chainrule how: there is not enough memory (Unable to allocate 1 GiB)\n")
