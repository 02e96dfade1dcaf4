"""Finding, fetching, verifying and reading the files of data sets: one rule for all of them.

A data set is known by the SHA-256 of its plain contents, so it may lie there as the original files, compressed or not,
or as arrays in an .npz. It is looked for, in this order:

1. at the path that the caller named, and nowhere else;
2. in the folder that the environment variable ``CHAINRULE_DATA`` names;
3. in ``~/.chainrule/datasets``, where downloads go; 4. in ``~/.keras/datasets``;
5. in ``/usr/share/datasets`` and ``/usr/local/share/datasets``, where system packages put data;
6. in an optional Python package, for the sets that one carries;
7. at its public source, by a download that is verified before it takes its name.

Under each folder, the subfolder with the set's name comes first. No pickle is ever read, since reading one runs code.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import secrets
import struct
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ChainruleError, ValueProblem

Array = NDArray[Any]
Split = tuple[tuple[Array, Array], tuple[Array, Array]]  # (x_train, y_train), (x_test, y_test)

LIMIT = 1 << 28  # bytes of one file's plain contents: the largest set here has 184 MB, a gzip bomb has more
TIMEOUT = 30.0  # seconds without a byte from the source
BLOCK = 1 << 16
SYSTEM = (Path("/usr/share/datasets"), Path("/usr/local/share/datasets"))
IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


class Dataset(NamedTuple):
    """What is known of a data set.

    name: by which `chainrule.datasets.load` finds it. what: a line on what it holds. shape: of its arrays.
    source: whose it is, and where it came from. licence: its terms. sha256s: of the plain contents of its files.
    """

    name: str
    what: str
    shape: str
    source: str
    licence: str
    sha256s: Mapping[str, str] = MappingProxyType({})


class Remote(NamedTuple):
    """A file at its public source, and the SHA-256 of the file as it lies there."""

    url: str
    sha256: str

    @property
    def file(self) -> str:
        return self.url.rsplit("/", 1)[-1]


def note(text: str) -> None:
    """A line for the user, apart from the program's own output."""
    print(f"chainrule: {text}", file=sys.stderr)


def refused(where: object, reason: str, expected: str, mend: str = "remove the file and fetch it anew") -> ValueProblem:
    return ValueProblem(f"{where} ({reason})", expected, mend)


def home() -> Path:
    """The folder that downloads go to."""
    return Path(os.path.expanduser("~")) / ".chainrule" / "datasets"


def folders(name: str) -> list[Path]:
    """Where the set `name` is looked for, in order."""
    named = os.environ.get("CHAINRULE_DATA")
    if named and not os.path.isdir(named):
        note(f"CHAINRULE_DATA names {named}, which is no folder")
    roots = [Path(named)] if named else []
    roots += [home(), Path(os.path.expanduser("~")) / ".keras" / "datasets", *SYSTEM]
    subfolders = dict.fromkeys([name, name.replace("_", "-"), ""])
    return [root / sub for root in roots for sub in subfolders if os.path.isdir(root / sub)]


def find(
    dataset: Dataset,
    read: Callable[[Path], Split | None],
    path: str | os.PathLike[str] | None = None,
    package: Callable[[], Split | None] = lambda: None,
    remotes: Sequence[Remote] = (),
    mend: str = "",
) -> Split:
    """The data set from the first place that has it, whole and unaltered.

    Args:
        dataset: its metadata.
        read: reads the set from a folder or a file; None where the folder holds none of it; ValueProblem if it is
            damaged.
        path: the one place to look at, if named.
        package: reads it from an optional package; None where that is not installed.
        remotes: its files at the public source.
        mend: what to do when it is found nowhere.

    Raises:
        ValueProblem: when no place has it, with all the places and their faults.
    """
    if path is not None:
        found = read(Path(path))
        if found is None:
            raise ValueProblem(f"{str(path)!r}, where no {dataset.name} is", "its file or folder", mend)
        return found

    def fetched() -> Split | None:
        return read(download(dataset.name, remotes)) if remotes else None

    looked = []
    attempts: list[tuple[str, Callable[[], Split | None]]] = [
        *((str(folder), partial(read, folder)) for folder in folders(dataset.name)),
        ("", package),
        ("", fetched),
    ]
    for place, attempt in attempts:
        try:
            found = attempt()
        except ChainruleError as error:
            note(f"{dataset.name}: passed over {error.passed}")
            looked.append(error.passed)
        else:
            if found is not None:
                return found
            looked += [place] if place else []
    raise ValueProblem(
        f"no {dataset.name} data: looked in " + ("; ".join(looked) or "no folder, since none exists"),
        f"the files of {dataset.name} in the folder CHAINRULE_DATA names, in {home()}, or an open way to its source",
        mend,
    )


# Verified contents


def plain(path: Path, limit: int = LIMIT) -> bytes:
    """The contents of a file, decompressed if it is a gzip file, and no more than `limit` bytes of them."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise refused(path, _reason(error), "a whole file that can be read") from None
    if len(data) > limit:
        raise refused(path, "oversized", f"at most {limit} bytes of contents")
    return data


def _reason(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "truncated"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def verified(data: bytes | memoryview, sha256: str, where: object) -> None:
    """Nothing if the bytes have this SHA-256, else ValueProblem."""
    _compare(hashlib.sha256(data).hexdigest(), sha256, where)


def _compare(found: str, expected: str, where: object) -> None:
    if found.lower() != expected.lower():
        raise refused(where, f"its checksum is {found}", f"the checksum {expected}")


# Formats


def idx_array(data: bytes, where: object) -> Array:
    """The array in the bytes of an IDX file: a magic number, the sizes, the entries, all big-endian."""
    expected = "an IDX file: two zero bytes, a type, a rank, the sizes, the entries"
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in IDX_TYPES or data[3] > 32:
        raise refused(where, f"its magic number is {data[:4].hex() or 'missing'}", expected)
    dtype, start = np.dtype(IDX_TYPES[data[2]]), 4 + 4 * data[3]
    if len(data) < start:
        raise refused(where, "truncated in its sizes", expected)
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    size = dtype.itemsize
    for axis in shape:
        size *= axis
    if len(data) != start + size:
        fault = "truncated" if len(data) < start + size else "oversized"
        raise refused(where, f"{fault}: {len(data)} bytes", f"{start + size} bytes for the sizes {shape}")
    array = np.frombuffer(data, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))  # a copy, in the machine's own order


def read_idx(path: str | os.PathLike[str]) -> Array:
    """The array of an IDX file, plain or .gz: the format of MNIST and of sets made after it.

    Args:
        path: of the file.

    Returns:
        array of the file's shape and type, in the machine's byte order.

    Raises:
        ValueProblem: for a file that is truncated, oversized or of another format, with the reason.

    >>> from importlib.resources import as_file, files
    >>> with as_file(files("chainrule.datasets") / "digits-images-idx3-ubyte.gz") as path:
    ...     read_idx(path).shape
    (1797, 8, 8)
    """
    return idx_array(plain(Path(path)), path)


def idx_bytes(array: Array) -> bytes:
    """The bytes of an IDX file of unsigned bytes: what `idx_array` reads."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def read_npz(path: str | os.PathLike[str], names: Sequence[str]) -> list[Array]:
    """Arrays of an .npz file by name, never through pickle.

    Args:
        path: of the file. names: of the arrays.

    Returns:
        the arrays, in the order of `names`.

    Raises:
        ValueProblem: for a file that is damaged or oversized, lacks a name, or holds Python objects.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(folder + "/a.npz", x=[1, 2], y=[3.0])
    ...     read_npz(folder + "/a.npz", ["y", "x"])
    [array([3.]), array([1, 2])]
    """
    import zipfile

    expected = f"an .npz file with the arrays {', '.join(names)}"
    found = []
    try:
        with zipfile.ZipFile(path) as archive:
            for name in names:
                if f"{name}.npy" not in archive.namelist():
                    raise refused(path, f"it has no {name}", expected)
                if archive.getinfo(f"{name}.npy").file_size > LIMIT:
                    raise refused(path, f"{name} is oversized", f"at most {LIMIT} bytes an array")
                contents = io.BytesIO(archive.read(f"{name}.npy"))
                found.append(np.lib.format.read_array(contents, allow_pickle=False))
    except ChainruleError:
        raise
    except (OSError, EOFError, ValueError, MemoryError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        reason = "it holds Python objects" if "allow_pickle" in str(error) else _reason(error)
        raise refused(path, reason, expected) from None
    return found


def safe_name(name: str) -> bool:
    """Whether a name in an archive stays inside the folder that it is unpacked to, on any system."""
    both = PurePosixPath(name), PureWindowsPath(name)
    return not any(path.is_absolute() or path.drive or path.root or ".." in path.parts for path in both)


def read_tar(path: Path, names: Sequence[str]) -> list[bytes]:
    """The contents of files in a .tar or .tar.gz, by their last names. Nothing is unpacked to disk.

    Raises:
        ValueProblem: for an archive that is damaged or oversized, lacks a name or has it twice, or holds a link or a
            name that leads outside: such an archive was made to harm, and nothing of it is used.
    """
    import tarfile

    expected = f"a tar archive with {', '.join(names)}"
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(plain(path)), mode="r:") as archive:
            for member in archive:
                if not safe_name(member.name) or member.type not in (
                    tarfile.REGTYPE,
                    tarfile.AREGTYPE,
                    tarfile.DIRTYPE,
                ):
                    raise refused(path, f"{member.name[:80]!r} leads outside or is no plain file", "plain files")
                last = PurePosixPath(member.name).name
                file = archive.extractfile(member)
                if file is not None and last in names:
                    if last in contents:
                        raise refused(path, f"it has {last} twice", expected)
                    contents[last] = file.read()
    except ChainruleError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise refused(path, _reason(error), expected) from None
    missing = [name for name in names if name not in contents]
    if missing:
        raise refused(path, f"without {', '.join(missing)}", expected)
    return [contents[name] for name in names]


# Downloads


def download(name: str, remotes: Sequence[Remote]) -> Path:
    """Fetch the files of the set `name` that are not there yet into `home`; the folder they lie in."""
    folder = home() / name
    for remote in remotes:
        target = folder / remote.file
        if not (os.path.isfile(target) and file_hash(target) == remote.sha256):
            fetch(remote.url, target, remote.sha256)
    return folder


def file_hash(path: Path, algorithm: str = "sha256") -> str:
    """The hexadecimal SHA-256, or other digest, of a file as it lies there."""
    digest = hashlib.new(algorithm)
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise refused(path, _reason(error), "a file that can be read", "check the path") from None
    return digest.hexdigest()


def fetch(url: str, target: Path, expected: str | None = None, algorithm: str = "sha256", limit: int = LIMIT) -> None:
    """Download to a temporary file beside `target`, verify, and only then give it its name, in one step.

    Args:
        url: http, https or file. target: the file to make; its folder is made at need.
        expected: hexadecimal digest; None to take the file as it comes. algorithm: of the digest.
        limit: most bytes.

    Raises:
        ValueProblem: when the source cannot be reached, stalls for `TIMEOUT` seconds, ends early, sends more than
            `limit` or other bytes than expected, or the file cannot be written. `target` is then as it was before.
    """
    import http.client
    import urllib.error
    import urllib.request

    if url.split(":", 1)[0].lower() not in ("http", "https", "file"):
        raise ValueProblem(f"the address {url!r}", "http://, https:// or file://", "check the address")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, in_one_step(target) as file:
            declared = answer.headers.get("Content-Length")
            total = int(declared) if declared and declared.isdigit() else None
            digest = hashlib.new(algorithm)
            with _Progress(target.name, total) as progress:
                while block := answer.read(BLOCK):
                    progress.add(len(block))
                    if progress.done > limit:
                        raise refused(url, "oversized", f"at most {limit} bytes", "check the address")
                    digest.update(block)
                    file.write(block)
            if total is not None and progress.done < total:
                raise refused(url, f"it ended after {progress.done} of {total} bytes", "the whole file", "try again")
            if expected is not None:
                _compare(digest.hexdigest(), expected, url)
    except ChainruleError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        with contextlib.suppress(AttributeError):
            error.close()  # type: ignore[union-attr]  # an HTTPError holds its connection
        reason = str(error.reason if type(error) is urllib.error.URLError else error) or type(error).__name__
        raise refused(url, reason, f"a download to {target}", "check the address and the way to it") from None


@contextlib.contextmanager
def in_one_step(target: Path) -> Iterator[IO[bytes]]:
    """A new file beside `target` that takes its name when the block ends, and is gone if the block fails."""
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb") as file:
            yield file
        os.replace(part, target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


class _Progress:
    """How far a download is, on stderr: a line that is rewritten on a terminal, one line at the end elsewhere."""

    def __init__(self, name: str, total: int | None) -> None:
        self.name, self.total, self.done, self.shown = name, total, 0, 0

    def __enter__(self) -> _Progress:
        return self

    def add(self, count: int) -> None:
        self.done += count
        if sys.stderr.isatty() and self.done - self.shown >= 1 << 20:
            self.shown = self.done
            print(f"\r{self._line()}", end="", file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        print(f"\r{self._line()}" if self.shown else self._line(), file=sys.stderr)

    def _line(self) -> str:
        of = f" of {self.total / 1e6:.1f}" if self.total else ""
        return f"chainrule: {self.name}: {self.done / 1e6:.1f}{of} MB"
