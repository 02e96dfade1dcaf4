"""Downloads of files, verified before they get their names."""

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

from ..core.arguments import one_of
from ..core.errors import ChainruleError, ValueProblem
from ..datasets.files import download_folder, fetch, is_safe_name
from ..datasets.files import file_hash as hash_of

Member = tuple[str, int, Callable[[], IO[bytes] | None]]  # name, size, contents; None for a folder


def get_file(
    fname: str | os.PathLike[str] | None = None, origin: str | None = None, untar: bool = False,
    md5_hash: str | None = None, file_hash: str | None = None, cache_subdir: str = "datasets",
    hash_algorithm: str = "auto", extract: bool = False, archive_format: str | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None, force_download: bool = False,
) -> str:  # fmt: skip
    """Download a file once and keep it (``keras.utils.get_file``).

    It is written to a temporary file, verified, and then renamed: after a failed transfer or a wrong checksum, an older
    file is unchanged. An archive is unpacked the same way.

    Args:
        fname: the name of the kept file; default the last part of the address. origin: http, https or file address.
        untar: Keras's older name for `extract` with "tar". md5_hash: its older name for an MD5 `file_hash`.
        file_hash: hexadecimal SHA-256 or MD5 of the file; a kept file with another is downloaded again.
        cache_subdir: folder under cache_dir. hash_algorithm: "sha256", "md5", or "auto", by the hash's length.
        extract: whether to unpack it. archive_format: "tar", "zip", "auto" for either, None for neither.
        cache_dir: default ``~/.chainrule``, where `chainrule.datasets` looks too.
        force_download: whether to download it even if it is there.

    Returns:
        path of the file, or of the folder it was unpacked to.

    Raises:
        ValueProblem: for a missing or unusable address or name, a failed transfer, a wrong checksum, a damaged archive
            or one with a link or a name that leads outside its folder.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "source.txt").write_text("hello")
    ...     path = get_file("copy.txt", Path(folder, "source.txt").as_uri(), cache_dir=folder)
    ...     Path(path).read_text()
    'hello'
    """
    if not isinstance(origin, str) or not origin:
        raise ValueProblem(f"origin={origin!r}", "an address", "pass origin='https://...'")
    expected, algorithm = _parse_hash(file_hash or md5_hash, "md5" if md5_hash and not file_hash else hash_algorithm)
    name = os.fspath(fname) if fname is not None else urllib.parse.unquote(urllib.parse.urlsplit(origin).path)
    name = name if fname is not None else name.rsplit("/", 1)[-1]
    if not name or not is_safe_name(name) or Path(name).name != name:
        passed = f"the file name {name!r}"
        raise ValueProblem(passed, "a name without folders", "pass fname, and cache_dir for a folder")
    folder = (Path(cache_dir).expanduser() if cache_dir is not None else download_folder().parent) / cache_subdir
    unpack = extract or untar
    target, unpacked = folder / name, folder / name
    if unpack:
        if fname is not None and "." in name:
            unpacked = folder / f"{name[: name.find('.')]}_extracted"
        else:
            target = folder / f"{name}_archive"
    is_new = force_download or not os.path.isfile(target)
    if is_new or (expected is not None and hash_of(target, algorithm) != expected.lower()):
        fetch(origin, target, expected, algorithm, limit=_free_bytes(folder))
        is_new = True
    if unpack and archive_format is not None and (is_new or not os.path.isdir(unpacked)):
        _unpack(target, unpacked, "tar" if untar else archive_format)
    return str(unpacked if unpack else target)


def _parse_hash(digest: str | None, algorithm: str) -> tuple[str | None, str]:
    """Return the expected digest and its algorithm, for "auto" the one of its length."""
    lengths = {"sha256": 64, "md5": 32}
    one_of(("auto", *lengths), hash_algorithm=algorithm)
    if digest is None:
        return None, "sha256"
    if algorithm == "auto":
        algorithm = "sha256" if len(digest) == 64 else "md5"
    if len(digest) != lengths[algorithm]:
        raise ValueProblem(f"a hash of {len(digest)} digits", f"{lengths[algorithm]} for {algorithm}", "check the hash")
    return digest, algorithm


def _free_bytes(folder: Path) -> int:
    """Return the free bytes on the disk of a folder, which need not exist yet."""
    existing = next((f for f in (folder, *folder.absolute().parents) if os.path.isdir(f)), Path())
    return shutil.disk_usage(existing).free


def _unpack(archive: Path, folder: Path, format: str) -> None:
    """Unpack an archive to a folder, all of it or nothing; refuse one with anything but plain files and folders."""
    part = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.part")
    try:
        with _open_archive(archive, format) as opened:
            members = list(_members(archive, opened))
            if sum(size for _, size, _ in members) > _free_bytes(folder):
                passed = f"{archive}, larger than the free space when unpacked"
                raise ValueProblem(passed, "enough space", "free some space")
            part.mkdir(parents=True)
            for name, _, contents in members:
                file = contents()
                (part / name if file is None else (part / name).parent).mkdir(parents=True, exist_ok=True)
                if file is not None:
                    with file, open(part / name, "xb") as output:
                        shutil.copyfileobj(file, output)
            if isinstance(opened, tarfile.TarFile):  # to its end, where the checksum of the compression is verified
                while opened.fileobj is not None and opened.fileobj.read(1 << 20):
                    pass
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(part, folder)
    except ChainruleError:
        raise
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, tarfile.TarError, zipfile.BadZipFile) as error:
        passed = f"{archive} ({error})"
        raise ValueProblem(passed, "a complete archive", "download it again with force_download=True") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _open_archive(archive: Path, format: str) -> Any:
    one_of(("auto", "tar", "zip", None), archive_format=format)
    if format != "zip" and tarfile.is_tarfile(archive):
        return tarfile.open(archive)
    if format != "tar" and zipfile.is_zipfile(archive):
        return zipfile.ZipFile(archive)
    passed = f"{archive}, which is not an archive"
    raise ValueProblem(passed, "a tar or zip file", "leave extract out, or check the address")


def _members(path: Path, archive: Any) -> Iterator[Member]:
    """Yield the members of an archive; check that each is a plain file or a folder that stays inside."""
    if isinstance(archive, tarfile.TarFile):
        for tar in archive:
            _check_member(path, tar.name, tar.isdir() or tar.type in (tarfile.REGTYPE, tarfile.AREGTYPE))
            yield tar.name, tar.size, partial(archive.extractfile, tar)
    else:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            _check_member(path, info.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR))
            contents = partial(archive.open, info)
            yield info.filename, info.file_size, (lambda: None) if info.is_dir() else contents


def _check_member(archive: Path, name: str, is_plain: bool) -> None:
    if not (is_plain and is_safe_name(name)):
        passed = f"{archive} ({name[:80]!r} leads outside or is not a plain file)"
        raise ValueProblem(passed, "plain files and folders", "do not use this archive: it may be an attack")
