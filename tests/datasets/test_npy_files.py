"""Array files that are damaged, empty or claim sizes they do not have: words, without the memory they claim."""

import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule.datasets.files import npy_array, read_npy, read_npz
from chainrule.errors import ChainruleError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Sequential


def npy(array, **changes):
    """The bytes of an array's file, with parts of its header replaced by others of the same length."""
    file = io.BytesIO()
    np.save(file, array)
    data = file.getvalue()
    for old, new in changes.values():
        assert old in data
        data = data.replace(old, new.ljust(len(old)), 1)
    return data


ARRAY = np.arange(12, dtype="float32").reshape(4, 3)
GOOD = npy(ARRAY)
DAMAGED = {
    "empty": b"",
    "cut in its magic": GOOD[:5],
    "cut in its header": GOOD[:40],
    "cut in its numbers": GOOD[:-1],
    "longer than its shape": GOOD + b"\0",
    "a claim of petabytes": npy(ARRAY, a=(b"(4, 3), }" + b" " * 20, b"(4000000000, 3000000), }")),
    "a claim beyond integers": npy(ARRAY, a=(b"(4, 3), }" + b" " * 30, b"(4" + b"0" * 30 + b", 3), }")),
    "a negative size": npy(ARRAY, a=(b"(4, 3), }" + b" " * 4, b"(-4, -3), }")),
    "a size that is no number": npy(ARRAY, a=(b"(4, 3), }" + b" " * 4, b"('4', 3), }")),
    "a header of brackets": npy(ARRAY, a=(b"{'descr': '<f4', ", b"((((((((((((((((")),
    "a header of code": npy(ARRAY, a=(b"{'descr': '<f4', ", b"__import__('os')")),
    "Python objects": npy(ARRAY, a=(b"'<f4'", b"'|O'")),
    "an unknown type": npy(ARRAY, a=(b"'<f4'", b"'<q9'")),
    "a later version": b"\x93NUMPY\x09\x00" + GOOD[8:],
    "a header of two gigabytes": b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{",
    "an archive": b"PK\x03\x04" + bytes(100),
    "text": b"1,2,3\n",
}


@pytest.mark.parametrize("why", DAMAGED)
def test_damaged_files_are_refused_in_words(why, tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(DAMAGED[why])
    with pytest.raises(ValueProblem, match=r"expected an array in an \.npy file"):
        read_npy(path)


def test_good_files_are_read(tmp_path):
    for array in (ARRAY, np.float64(3), np.zeros((0, 3)), np.asfortranarray(ARRAY), np.array([True]), np.array(["ab"])):
        path = tmp_path / "a.npy"
        np.save(path, array)
        again = read_npy(path)
        assert again.dtype == np.asarray(array).dtype
        assert np.array_equal(again, array)
    for version in ((1, 0), (2, 0), (3, 0)):
        file = io.BytesIO()
        np.lib.format.write_array(file, ARRAY, version)
        file.seek(0)
        assert np.array_equal(npy_array(file, "a file"), ARRAY)
    for nowhere in (tmp_path, tmp_path / "no.npy"):
        with pytest.raises(ValueProblem, match="check the path"):
            read_npy(nowhere)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=12), st.integers(0, len(GOOD)), st.integers(0, 12))
@example(b"", 0, 0)
def test_any_bytes_anywhere(new, place, length):
    data = GOOD[:place] + new + GOOD[place + length :]
    try:
        array = npy_array(io.BytesIO(data), "a file")
    except ChainruleError:
        return
    assert array.nbytes <= len(data)
    assert np.array_equal(array, np.load(io.BytesIO(data)), equal_nan=array.dtype.kind in "fc")


def test_archives_of_damaged_arrays(tmp_path):
    import zipfile

    path = tmp_path / "a.npz"
    for why in ("empty", "a claim of petabytes", "a header of brackets", "Python objects"):
        with zipfile.ZipFile(path, "w") as z:
            z.writestr("x.npy", DAMAGED[why])
        with pytest.raises(ValueProblem):
            read_npz(path, ["x"])


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_commands_end_with_words_and_a_status(command, tmp_path):
    model, data = tmp_path / "m.chainrule", tmp_path / "x.npy"
    Sequential([Input((3,)), Dense(2)]).save(model)
    options = [str(data)] if command == "predict" else ["--input", str(data)]
    for why in ("empty", "a claim of petabytes", "a header of brackets"):
        data.write_bytes(DAMAGED[why])
        arguments = [sys.executable, "-m", "chainrule", command, str(model), *options]
        run = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr.startswith(f"chainrule {command}: Got ")
        assert run.stderr.count("\n") == 1
