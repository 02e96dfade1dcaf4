"""Files written by several threads and processes, beside links that were planted, and after kills."""

import io
import os
import stat
import subprocess
import sys
import threading

import pytest

from chainrule.core import files
from chainrule.errors import ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.saving import load_model


def in_threads(count, function):
    """Run `function(k)` in `count` threads that begin together; raise what any of them raised."""
    errors, together = [], threading.Barrier(count)

    def run(k):
        together.wait()
        try:
            function(k)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_threads_that_write_one_path_leave_one_of_the_contents(tmp_path):
    path = tmp_path / "file"
    contents = [bytes([k]) * (1000 + 37 * k) for k in range(8)]
    for _ in range(10):
        in_threads(8, lambda k: files.write(path, [contents[k][:500], contents[k][500:]]))
        assert path.read_bytes() in contents
        assert os.listdir(tmp_path) == ["file"]


def test_threads_that_save_one_model_file(tmp_path):
    path = tmp_path / "m.chainrule"
    models = [Sequential([Input((3,)), Dense(k + 1)]) for k in range(6)]

    def save(k):
        for _ in range(5):
            models[k].save(path)
            assert load_model(path).count_params() in [4 * (j + 1) for j in range(6)]

    in_threads(6, save)
    assert os.listdir(tmp_path) == ["m.chainrule"]


def test_processes_that_write_one_path(tmp_path):
    program = (
        "import sys; from chainrule.core import files\n"
        "for _ in range(50): files.write(sys.argv[1], [sys.argv[2].encode() * 5000])"
    )
    path = tmp_path / "file"
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), letter]) for letter in "abc"]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert path.read_bytes() in [letter * 5000 for letter in (b"a", b"b", b"c")]
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_planted_under_a_temporary_name_is_not_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    names = iter([bytes(8), bytes(8), bytes([1] * 8)])
    monkeypatch.setattr(files.os, "urandom", lambda count: next(names))  # an attacker who guesses the first two
    planted = tmp_path / f"file.{bytes(8).hex()}.tmp"
    planted.symlink_to(victim)
    files.write(tmp_path / "file", [b"new"])
    assert (tmp_path / "file").read_bytes() == b"new"
    assert victim.read_bytes() == b"precious"
    assert planted.is_symlink()


def test_files_of_killed_processes_are_swept_and_those_in_use_are_not(tmp_path):
    path = tmp_path / "file"
    program = (
        "import os, sys; from chainrule.core import files\n"
        "with files.replacing(sys.argv[1]) as write:\n"
        "    write(b'half'); print('writing', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"writing\n"
        (temporary,) = os.listdir(tmp_path)
        others = ["file.tmp", "file.12.tmp", "another." + temporary.split(".", 1)[1], "file.0123456789abcdeg.tmp"]
        for name in others:
            (tmp_path / name).touch()
        files.write(path, [b"one"])
        assert sorted(os.listdir(tmp_path)) == sorted([*others, temporary, "file"])
        process.kill()
    files.write(path, [b"two"])
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "file"])
    assert path.read_bytes() == b"two"


def test_a_temporary_file_swept_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    path = tmp_path / "file"
    lock, swept = files.fcntl.flock, []

    def flock(file, kind):
        if kind == files.fcntl.LOCK_EX and not swept:
            swept.append(True)
            files.remove_abandoned(path)
            assert os.listdir(tmp_path) == []
        return lock(file, kind)

    monkeypatch.setattr(files.fcntl, "flock", flock)
    files.write(path, [b"new"])
    assert swept
    assert os.listdir(tmp_path) == ["file"]
    assert path.read_bytes() == b"new"


def test_a_failed_write_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "file"
    files.write(path, [b"old"])

    def parts():
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(ValueProblem, match="No space left on device"):
        files.write(path, parts())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
    for nowhere in (tmp_path / "no" / "file", tmp_path, "a\0b", 3, None, io.StringIO()):
        with pytest.raises(ValueProblem, match="cannot be written"):
            files.write(nowhere, [b"new"])


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.touch()
    path.chmod(0o600)
    link.symlink_to(path)
    files.write(link, [b"new"])
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = os.umask(0o027)
    try:
        files.write(tmp_path / "another", [b"new"])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "another").stat().st_mode) == 0o640


def test_long_names_and_pipes(tmp_path):
    path = tmp_path / ("é" * 127)
    files.write(path, [b"new"])
    assert path.read_bytes() == b"new"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    files.write(pipe, [b"through ", b"the pipe"])
    reader.join()
    assert received == [b"through the pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
