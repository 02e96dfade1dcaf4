"""MNIST's files: IDX and npz by hand, whole and damaged, wherever they may lie; no network."""

import gzip
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from chainrule.core.errors import ChainruleError, ValueProblem
from chainrule.datasets import cifar10, cifar100, fashion_mnist, files, mnist, mnist_5k
from datasets_cases import idx, is_tiny, write

pytestmark = pytest.mark.usefixtures("alone")


# IDX


@pytest.mark.parametrize(("code", "kind"), [(8, ">u1"), (9, ">i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_of_every_type(tmp_path, code, kind, pack):
    array = np.array([[1, 2, 3], [4, 5, 100]])
    (tmp_path / "a").write_bytes(pack(idx(array, code, kind)))
    result = files.read_idx(tmp_path / "a")
    assert result.dtype == np.dtype(kind).newbyteorder("=")
    assert result.tolist() == array.tolist()
    result[0, 0] = 7  # an array of its own


WHOLE = idx(np.arange(6).reshape(2, 3))


@pytest.mark.parametrize(("data", "reason"), [
    (b"", "magic number is missing"), (b"\0\0", "magic"), (b"PK\3\4", "504b0304"), (b"\0\0\7\1\0\0\0\0", "magic"),
    (b"\0\0\10\377", "magic"), (WHOLE[:9], "truncated in its sizes"), (WHOLE[:-1], "truncated"),
    (WHOLE + b"x", "oversized"), (b"\0\0\10\2\377\377\377\377\377\377\377\377", "truncated"),
    (gzip.compress(WHOLE)[:-4], "truncated"), (gzip.compress(WHOLE)[:14], "truncated"),
    (gzip.compress(WHOLE)[:-8] + bytes(8), "CRC"), (b"\x1f\x8bxxxxxxxxxxxx", "."),
], ids=range(13))  # fmt: skip
def test_damaged_idx(tmp_path, data, reason):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(ValueProblem, match=reason):
        files.read_idx(tmp_path / "a")


def test_a_gzip_bomb_is_refused(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(100000)))
    with pytest.raises(ValueProblem, match="oversized"):
        files.read_decompressed(tmp_path / "a.gz", limit=1000)
    with pytest.raises(ValueProblem, match="directory"):
        files.read_idx(tmp_path)
    with pytest.raises(ValueProblem):
        files.read_idx("a\0b")


# MNIST's layout, tiny


def write_npz(arrays, path, **changed):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{mnist.PARTS[part]: array for part, array in arrays.items()} | changed)


KEPT = "home/.chainrule/datasets/mnist"


@pytest.mark.parametrize(
    "where", ["named/mnist", "named", KEPT, "home/.keras/datasets/mnist", "home/.keras/datasets", "system/mnist"]
)
@pytest.mark.parametrize("how", ["plain", "gz", "dotted", "npz"])
def test_mnist_is_found(tiny, tmp_path, monkeypatch, where, how):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "named"))
    monkeypatch.setattr(files, "SYSTEM_FOLDERS", (tmp_path / "system",))
    (tmp_path / "named").mkdir()
    if how == "npz":
        write_npz(tiny, tmp_path / where / "mnist.npz")
    else:
        write(tiny, tmp_path / where, ".gz" if how == "gz" else "", gzip.compress if how == "gz" else bytes,
              how == "dotted")  # fmt: skip
    assert is_tiny(mnist.load_data(), tiny)


def test_the_first_place_wins_and_damage_is_passed_over(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "named"))
    others = {part: array // 2 for part, array in tiny.items()}
    write(others, tmp_path / "named")
    write(tiny, tmp_path / "home/.chainrule/datasets/mnist")
    assert is_tiny(mnist.load_data(), tiny)
    assert "checksum" in capsys.readouterr().err
    write(tiny, tmp_path / "named")
    assert is_tiny(mnist.load_data(), tiny)
    assert capsys.readouterr().err == ""


def test_a_named_path_is_the_only_place(tiny, tmp_path):
    write(tiny, tmp_path / "home/.chainrule/datasets/mnist")
    write_npz(tiny, tmp_path / "mine/own.npz")
    assert is_tiny(mnist.load_data(tmp_path / "mine/own.npz"), tiny)
    assert is_tiny(mnist.load_data(tmp_path / "home/.chainrule/datasets/mnist"), tiny)
    with pytest.raises(ValueProblem, match="does not contain mnist"):
        mnist.load_data(tmp_path / "elsewhere" / "mnist.npz")
    write_npz(tiny, tmp_path / "home/.keras/datasets/other.npz")
    (tmp_path / "home/.chainrule/datasets/mnist/t10k-labels-idx1-ubyte").unlink()
    assert is_tiny(mnist.load_data("other.npz"), tiny)


def test_one_missing_file_is_named(tiny, tmp_path):
    write(tiny, tmp_path / "m")
    (tmp_path / "m/t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueProblem, match="without t10k-labels-idx1-ubyte"):
        mnist.load_data(tmp_path / "m")


@pytest.mark.parametrize(("spoil", "reason"), [
    (lambda p, a: write_npz(a, p, x_train=a["train-images-idx3-ubyte"][::-1]), "checksum"),
    (lambda p, a: write_npz(a, p, y_test=np.arange(3)), "int64"),
    (lambda p, a: write_npz(a, p, y_test=np.array([{}, 1, 2])), "Python objects"),
    (lambda p, a: np.savez(p, x_train=1), "no y_train"),
    (lambda p, a: p.write_bytes(p.read_bytes()[:-30]), "."),
    (lambda p, a: p.write_bytes(b"no zip"), "zip"),
    (lambda p, a: p.write_bytes(p.read_bytes().replace(a["train-images-idx3-ubyte"].tobytes(), b"x" * 20)), "CRC"),
])  # fmt: skip
def test_damaged_npz(tiny, tmp_path, spoil, reason):
    path = tmp_path / "mnist.npz"
    write_npz(tiny, path)
    spoil(path, tiny)
    with pytest.raises(ValueProblem, match=reason):
        mnist.load_data(path)


def test_an_npz_with_a_boast_is_refused(tmp_path):
    head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000,), }"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", npy)
    with pytest.raises(ValueProblem):
        files.read_npz(tmp_path / "a.npz", ["x"])


class Trap:
    """Unpickling one makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_no_pickle_is_read(tmp_path, monkeypatch):
    sprung = tmp_path / "sprung"
    np.savez(tmp_path / "a.npz", x=np.array([Trap(sprung)], object))
    with pytest.raises(ValueProblem, match="Python objects"):
        files.read_npz(tmp_path / "a.npz", ["x"])
    for module, saved in ((cifar10, "cifar-10-batches-py-target"), (cifar100, "cifar-100-python-target")):  # Keras's
        folder = tmp_path / "home/.keras/datasets" / saved
        folder.mkdir(parents=True)
        (folder / "data_batch_1").write_bytes(pickle.dumps(Trap(sprung)))
        with pytest.raises(ValueProblem, match="pickle"):
            module.load_data()
        with pytest.raises(ValueProblem, match="pickle"):
            module.load_data(path=folder.parent)
    assert not sprung.exists()


def test_fashion_where_debian_puts_it(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "SYSTEM_FOLDERS", (tmp_path / "share",))
    write(tiny, tmp_path / "share/fashion-mnist", ".gz", gzip.compress)
    assert is_tiny(fashion_mnist.load_data(), tiny)


def test_real_fashion_where_it_is_installed(monkeypatch):
    place = Path("/usr/share/datasets")
    if not (place / "fashion-mnist").is_dir():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    monkeypatch.setattr(files, "SYSTEM_FOLDERS", (place,))
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    assert (x_train.shape, x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert np.bincount(y_test).tolist() == [1000] * 10


def test_nothing_found_says_where_it_looked(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "typo"))
    (tmp_path / "home/.keras/datasets").mkdir(parents=True)
    for module in (mnist, fashion_mnist, cifar10, cifar100):
        with pytest.raises(ChainruleError) as caught:
            module.load_data()
        text = str(caught.value)
        assert str(tmp_path / "home/.keras/datasets") in text
        assert "file:///nowhere/at/all.gz" in text
        assert "CHAINRULE_DATA" in text
        assert caught.value.mend
    assert "typo" in capsys.readouterr().err
    with pytest.raises(ValueProblem, match="chainrule\\[data\\]"):
        mnist_5k.load_data()
