"""Files from the network, verified before they take their names."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

from ..core.errors import ChainruleError, ValueProblem
from ..datasets.files import fetch, file_hash, home, safe_name

Member = tuple[str, int, Callable[[], IO[bytes] | None]]  # name, size, contents; None for a folder


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """A file from the network, fetched once and kept (``keras.utils.get_file``).

    It is written beside its place, verified, and given its name in one step: a broken transfer or another checksum
    leaves what was there before. An archive is unpacked the same way.

    Args:
        fname: the name to keep it under; default the address's last part. origin: http, https or file address.
        untar: Keras's older word for `extract` with "tar". md5_hash: its older word for an MD5 `file_hash`.
        file_hash: hexadecimal SHA-256 or MD5 of the file; a kept file with another is fetched anew.
        cache_subdir: folder under cache_dir. hash_algorithm: "sha256", "md5", or "auto", by the hash's length.
        extract: whether to unpack it. archive_format: "tar", "zip", "auto" for either, None for neither.
        cache_dir: default ``~/.chainrule``, under which `chainrule.datasets` looks too.
        force_download: whether to fetch it though it is there.

    Returns:
        path of the file, or of the folder it was unpacked to.

    Raises:
        ValueProblem: for a missing or unusable address or name, a failed transfer, another checksum, a damaged archive
            or one with a link or a name that leads outside.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "there.txt").write_text("hello")
    ...     kept = get_file("here.txt", Path(folder, "there.txt").as_uri(), cache_dir=folder)
    ...     Path(kept).read_text()
    'hello'
    """
    if not isinstance(origin, str) or not origin:
        raise ValueProblem(f"origin={origin!r}", "an address", "pass origin='https://...'")
    expected, algorithm = _digest(file_hash or md5_hash, "md5" if md5_hash and not file_hash else hash_algorithm)
    name = os.fspath(fname) if fname is not None else urllib.parse.unquote(urllib.parse.urlsplit(origin).path)
    name = name if fname is not None else name.rsplit("/", 1)[-1]
    if not name or not safe_name(name) or Path(name).name != name:
        raise ValueProblem(
            f"the file name {name!r}", "a name without folders", "pass fname, and cache_dir for a folder"
        )
    folder = (Path(cache_dir).expanduser() if cache_dir is not None else home().parent) / cache_subdir
    unpack = extract or untar
    target, unpacked = folder / name, folder / name
    if unpack:
        if fname is not None and "." in name:
            unpacked = folder / f"{name[: name.find('.')]}_extracted"
        else:
            target = folder / f"{name}_archive"
    fresh = force_download or not os.path.isfile(target)
    if fresh or (expected is not None and _other_hash(target, expected, algorithm)):
        fetch(origin, target, expected, algorithm, limit=_free(folder))
        fresh = True
    if unpack and archive_format is not None and (fresh or not os.path.isdir(unpacked)):
        _unpack(target, unpacked, "tar" if untar else archive_format)
    return str(unpacked if unpack else target)


def _digest(given: str | None, algorithm: str) -> tuple[str | None, str]:
    """The expected digest and its algorithm, found by its length if "auto"."""
    lengths = {"sha256": 64, "md5": 32}
    if algorithm not in (*lengths, "auto"):
        raise ValueProblem(f"hash_algorithm={algorithm!r}", "'sha256', 'md5' or 'auto'", "name one of these")
    if given is None:
        return None, "sha256"
    if algorithm == "auto":
        algorithm = "sha256" if len(given) == 64 else "md5"
    if len(given) != lengths[algorithm]:
        raise ValueProblem(f"a hash of {len(given)} digits", f"{lengths[algorithm]} for {algorithm}", "check the hash")
    return given, algorithm


def _other_hash(path: Path, expected: str, algorithm: str) -> bool:
    return file_hash(path, algorithm) != expected.lower()


def _free(folder: Path) -> int:
    """Bytes free where the folder is, or will be: the most that may be written."""
    there = next((f for f in (folder, *folder.absolute().parents) if os.path.isdir(f)), Path())
    return shutil.disk_usage(there).free


def _unpack(archive: Path, folder: Path, format: str) -> None:
    """All of an archive to a folder, which takes its name when it is whole; nothing of one that is not plain files."""
    part = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.part")
    try:
        with _opened(archive, format) as opened:
            members = list(_members(archive, opened))
            if sum(size for _, size, _ in members) > _free(folder):
                raise ValueProblem(f"{archive}, larger unpacked than the space left", "space for it", "make space")
            part.mkdir(parents=True)
            for name, _, contents in members:
                file = contents()
                (part / name if file is None else (part / name).parent).mkdir(parents=True, exist_ok=True)
                if file is not None:
                    with file, open(part / name, "xb") as into:
                        shutil.copyfileobj(file, into)
            if isinstance(opened, tarfile.TarFile):
                _read_out(opened)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(part, folder)
    except ChainruleError:
        raise
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, tarfile.TarError, zipfile.BadZipFile) as error:
        raise ValueProblem(
            f"{archive} ({error})", "a whole archive", "fetch it anew with force_download=True"
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _read_out(archive: tarfile.TarFile) -> None:
    """What follows an archive's last file, since the checksum of its compression stands at the very end."""
    while archive.fileobj is not None and archive.fileobj.read(1 << 20):
        pass


def _opened(archive: Path, format: str) -> Any:
    if format not in ("auto", "tar", "zip"):
        raise ValueProblem(f"archive_format={format!r}", "'auto', 'tar', 'zip' or None", "name one of these")
    if format != "zip" and tarfile.is_tarfile(archive):
        return tarfile.open(archive)
    if format != "tar" and zipfile.is_zipfile(archive):
        return zipfile.ZipFile(archive)
    raise ValueProblem(
        f"{archive}, which is no archive", "a tar or zip file", "leave extract out, or check the address"
    )


def _members(path: Path, archive: Any) -> Iterator[Member]:
    """What is in an archive, each held to be a plain file or a folder that stays inside."""
    if isinstance(archive, tarfile.TarFile):
        for tar in archive:
            _inside(path, tar.name, tar.isdir() or tar.type in (tarfile.REGTYPE, tarfile.AREGTYPE))
            yield tar.name, tar.size, partial(archive.extractfile, tar)
    else:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            _inside(path, info.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR))
            contents = partial(archive.open, info)
            yield info.filename, info.file_size, (lambda: None) if info.is_dir() else contents


def _inside(archive: Path, name: str, is_plain: bool) -> None:
    if not (is_plain and safe_name(name)):
        raise ValueProblem(
            f"{archive} ({name[:80]!r} leads outside or is no plain file)",
            "plain files and folders",
            "do not use this archive: it may be made to harm",
        )
