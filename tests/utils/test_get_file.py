"""Files from the network: kept, verified, unpacked, and nothing outside the folder; from a server of our own."""

import hashlib
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from chainrule import utils
from chainrule.core.errors import ValueProblem


def left(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_get_file_keeps_what_it_fetched(served, tmp_path):
    url = served(b"hello", "words.txt")
    for digest in (None, hashlib.sha256(b"hello").hexdigest(), hashlib.md5(b"hello").hexdigest().upper()):
        path = utils.get_file(origin=url, file_hash=digest, cache_dir=tmp_path)
        assert path == str(tmp_path / "datasets" / "words.txt")
        assert Path(path).read_bytes() == b"hello"
    served(b"other", "words.txt")
    assert Path(utils.get_file(origin=url, cache_dir=tmp_path)).read_bytes() == b"hello"
    digest = hashlib.sha256(b"other").hexdigest()
    assert Path(utils.get_file(origin=url, cache_dir=tmp_path, file_hash=digest)).read_bytes() == b"other"
    served(b"third", "words.txt")
    assert Path(utils.get_file(origin=url, cache_dir=tmp_path, force_download=True)).read_bytes() == b"third"
    assert left(tmp_path) == ["words.txt"]
    old = utils.get_file(
        "b", url, md5_hash=hashlib.md5(b"third").hexdigest(), cache_subdir="s", cache_dir=str(tmp_path)
    )
    assert old == str(tmp_path / "s" / "b")


def test_get_file_by_default_where_datasets_look(served, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert utils.get_file(origin=served(b"x", "a")) == str(tmp_path / ".chainrule" / "datasets" / "a")


def test_get_file_refuses_another_hash(served, tmp_path):
    url = served(b"hello")
    for digest in ("0" * 64, "0" * 32):
        with pytest.raises(ValueProblem, match="checksum"):
            utils.get_file(origin=url, file_hash=digest, cache_dir=tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize("wrong", [
    {"origin": None}, {"origin": ""}, {"fname": "../a"}, {"fname": "a/b"}, {"fname": ""}, {"fname": ".."},
    {"fname": "/a"},
    {"origin": "http://127.0.0.1:9/"}, {"file_hash": "abc"}, {"hash_algorithm": "sha1"}, {"origin": "ftp://a/b"},
    {"hash_algorithm": "md5", "file_hash": "0" * 64},
])  # fmt: skip
def test_get_file_refuses(served, tmp_path, wrong):
    with pytest.raises(ValueProblem):
        utils.get_file(**{"origin": served(b"x"), "cache_dir": tmp_path} | wrong)
    assert left(tmp_path) == []


CONTENTS = {"top.txt": b"1", "deep/er/b.txt": b"22"}


def packed(kind, extra=()):
    """An archive of CONTENTS, and of what is given besides."""
    data = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("deep/", b"")
            for name, body in {**CONTENTS, **dict(extra)}.items():
                archive.writestr(name, body)
    else:
        with tarfile.open(fileobj=data, mode=f"w:{kind}") as archive:
            for name, body in {**CONTENTS, **dict(extra)}.items():
                info = tarfile.TarInfo(name)
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))
    return data.getvalue()


@pytest.mark.parametrize("kind", ["zip", "gz", "bz2", ""])
@pytest.mark.parametrize("fname", [None, "set", "set.tgz"])
def test_get_file_unpacks(served, tmp_path, kind, fname):
    url = served(packed(kind), "archive")
    path = Path(utils.get_file(fname, url, extract=True, cache_dir=tmp_path))
    assert path.name == {None: "archive", "set": "set", "set.tgz": "set_extracted"}[fname]
    assert {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()} == CONTENTS
    (path / "mine.txt").write_text("kept, since nothing new was fetched")
    utils.get_file(fname, url, extract=True, cache_dir=tmp_path)
    assert (path / "mine.txt").exists()
    utils.get_file(fname, url, extract=True, cache_dir=tmp_path, force_download=True)
    assert not (path / "mine.txt").exists()
    assert not any("part" in name for name in os.listdir(path.parent))


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "..\\out.txt", "C:/out.txt"])
@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_get_file_lets_nothing_out(served, tmp_path, kind, name):
    url = served(packed(kind, [(name, b"x")]), "archive")
    with pytest.raises(ValueProblem, match="leads outside"):
        utils.get_file("set", url, extract=True, cache_dir=tmp_path / "in")
    assert left(tmp_path) == ["set_archive"]


def test_get_file_makes_no_links(served, tmp_path):
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(link)
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    for name, body in (("t", data), ("z", other)):
        with pytest.raises(ValueProblem, match="not a plain file"):
            utils.get_file(name, served(body.getvalue(), name), extract=True, cache_dir=tmp_path)


def test_damaged_archives_leave_nothing(served, tmp_path):
    for kind in ("zip", "gz"):
        full = packed(kind, [("big", np.random.default_rng(0).bytes(5000))])
        spoilt = full[:2500] + b"xxxx" + full[2504:]
        for body in (b"no archive", full[:3000], spoilt):
            with pytest.raises(ValueProblem):
                utils.get_file("set", served(body, "a"), extract=True, cache_dir=tmp_path, force_download=True)
            assert left(tmp_path) == ["set_archive"]
            assert not (tmp_path / "datasets" / "set").exists()
    with pytest.raises(ValueProblem, match="not an archive"):
        utils.get_file("set", served(packed("zip"), "a"), untar=True, cache_dir=tmp_path, force_download=True)
    with pytest.raises(ValueProblem, match="archive_format"):
        utils.get_file("set", served(packed("zip"), "a"), extract=True, archive_format="rar", cache_dir=tmp_path)
