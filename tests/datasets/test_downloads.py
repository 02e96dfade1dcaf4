"""Downloads from a server of our own: verified, kept, or nothing left behind."""

import gzip

import pytest

from chainrule import datasets
from chainrule.core.errors import ValueProblem
from chainrule.datasets import files, mnist
from datasets_cases import NOWHERE, idx, is_tiny, left, sha

pytestmark = pytest.mark.usefixtures("alone")


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
