"""Finding, downloading, verifying and reading the files of data sets.

A data set is identified by the SHA-256 of its decompressed contents, so it may be stored as the original files,
compressed or not, or as arrays in an .npz. It is looked for, in this order:

1. at the path that the caller passed, and then nowhere else;
2. in the folder that the environment variable ``CHAINRULE_DATA`` names;
3. in ``~/.chainrule/datasets``, where downloads go; 4. in ``~/.keras/datasets``;
5. in ``/usr/share/datasets`` and ``/usr/local/share/datasets``, where system packages put data;
6. in an optional Python package, for the data sets that one ships;
7. at its public source, by a download that is verified before it gets its name.

In each folder, the subfolder with the data set's name comes first. Pickles are never read, since reading one runs code.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import math
import os
import struct
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core import memory
from ..core.errors import ChainruleError, MissingFileError, ValueProblem
from ..core.files import replacing
from ..core.terminal import echo, redraw

Array = NDArray[Any]
Split = tuple[tuple[Array, Array], tuple[Array, Array]]  # (x_train, y_train), (x_test, y_test)

MAX_BYTES = 1 << 28  # of one file's decompressed contents: the largest data set has 184 MB, a gzip bomb more
TIMEOUT = 30.0  # seconds without a byte from the source
BLOCK_SIZE = 1 << 16
SYSTEM_FOLDERS = (Path("/usr/share/datasets"), Path("/usr/local/share/datasets"))
IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


class Dataset(NamedTuple):
    """Metadata of a data set.

    name: the name that `chainrule.datasets.load` takes. what: a description in one line. shape: of its arrays.
    source: authors and origin. licence: its terms. sha256s: of the decompressed contents of its files.
    """

    name: str
    what: str
    shape: str
    source: str
    licence: str
    sha256s: Mapping[str, str] = MappingProxyType({})


class Remote(NamedTuple):
    """A file at its public source, and the SHA-256 of the file as it is stored there."""

    url: str
    sha256: str

    @property
    def file(self) -> str:
        """The file's name, the last part of the address."""
        return self.url.rsplit("/", 1)[-1]


def print_note(text: str) -> None:
    """Print a line for the user on stderr."""
    echo(f"chainrule: {text}", file=sys.stderr)


def file_problem(
    where: object, reason: str, expected: str, mend: str = "remove the file and download it again"
) -> ValueProblem:
    """Return the error for a file that cannot be used."""
    return ValueProblem(f"{where} ({reason})", expected, mend)


def download_folder() -> Path:
    """Return the folder that downloads go to."""
    return Path(os.path.expanduser("~")) / ".chainrule" / "datasets"


def search_folders(name: str) -> list[Path]:
    """Return the existing folders in which the data set `name` is looked for, in order."""
    named = os.environ.get("CHAINRULE_DATA")
    if named and not os.path.isdir(named):
        print_note(f"CHAINRULE_DATA is {named}, which is not a folder")
    roots = [Path(named)] if named else []
    roots += [download_folder(), Path(os.path.expanduser("~")) / ".keras" / "datasets", *SYSTEM_FOLDERS]
    subfolders = dict.fromkeys([name, name.replace("_", "-"), ""])
    return [root / sub for root in roots for sub in subfolders if os.path.isdir(root / sub)]


def find(
    dataset: Dataset, read: Callable[[Path], Split | None], path: str | os.PathLike[str] | None = None,
    package: Callable[[], Split | None] = lambda: None, remotes: Sequence[Remote] = (), mend: str = "",
) -> Split:  # fmt: skip
    """Return the data set from the first place that has it, complete and verified.

    Args:
        dataset: its metadata.
        read: reads the data set from a folder or a file; None if the folder has none of its files; ValueProblem if it
            is damaged.
        path: if passed, the only place to look in.
        package: reads it from an optional package; None if that is not installed.
        remotes: its files at the public source. mend: what the user can do when it is found nowhere.

    Raises:
        ValueProblem: when it is found nowhere, with all the places searched and what was wrong there.
    """
    if path is not None:
        arrays = read(Path(path))
        if arrays is None:
            raise ValueProblem(f"{str(path)!r}, which does not contain {dataset.name}", "its file or folder", mend)
        return arrays

    attempts: list[tuple[str, Callable[[], Split | None]]]
    attempts = [(str(folder), partial(read, folder)) for folder in search_folders(dataset.name)]
    attempts += [("", package), ("", lambda: read(download(dataset.name, remotes)) if remotes else None)]
    searched = []
    for place, attempt in attempts:
        try:
            arrays = attempt()
        except ChainruleError as error:
            print_note(f"{dataset.name}: skipped {error.passed}")
            searched.append(error.passed)
        else:
            if arrays is not None:
                return arrays
            searched += [place] if place else []
    raise ValueProblem(
        f"no {dataset.name} data: looked in " + ("; ".join(searched) or "no folder, since none exists"),
        f"the files of {dataset.name} in the folder CHAINRULE_DATA or in {download_folder()}, or access to its source",
        mend,
    )


# Verified contents


def read_decompressed(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return the contents of a file, decompressed if it is a gzip file; raise ValueProblem beyond `limit` bytes."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise file_problem(path, _reason(error), "a complete file that can be read") from None
    if len(data) > limit:
        raise file_problem(path, "oversized", f"at most {limit} bytes of contents")
    return data


def _reason(error: BaseException) -> str:
    """Return the cause of an error in a few words."""
    if isinstance(error, EOFError):
        return "truncated"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def check_sha256(data: bytes | memoryview, sha256: str, where: object) -> None:
    """Raise ValueProblem unless the bytes have this SHA-256."""
    _check_digest(hashlib.sha256(data).hexdigest(), sha256, where)


def _check_digest(digest: str, expected: str, where: object) -> None:
    if digest.lower() != expected.lower():
        raise file_problem(where, f"its checksum is {digest}", f"the checksum {expected}")


# Formats


def idx_array(data: bytes, where: object) -> Array:
    """Return the array in the bytes of an IDX file: a magic number, the sizes, the entries, all big-endian."""
    expected = "an IDX file: two zero bytes, a type, a rank, the sizes, the entries"
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in IDX_TYPES or data[3] > 32:
        raise file_problem(where, f"its magic number is {data[:4].hex() or 'missing'}", expected)
    dtype, start = np.dtype(IDX_TYPES[data[2]]), 4 + 4 * data[3]
    if len(data) < start:
        raise file_problem(where, "truncated in its sizes", expected)
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    size = dtype.itemsize * math.prod(shape)
    if len(data) != start + size:
        problem = "truncated" if len(data) < start + size else "oversized"
        raise file_problem(where, f"{problem}: {len(data)} bytes", f"{start + size} bytes for the sizes {shape}")
    array = np.frombuffer(data, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))  # a copy, in the machine's byte order


def read_idx(path: str | os.PathLike[str]) -> Array:
    """Read the array of an IDX file, plain or .gz: the format of MNIST and of data sets modelled on it.

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
    return idx_array(read_decompressed(Path(path)), path)


def idx_bytes(array: Array) -> bytes:
    """Return the bytes of an IDX file of unsigned bytes, which `idx_array` reads."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def npy_array(file: IO[bytes], where: object) -> Array:
    """Return the array of an open .npy file. What its header claims is compared with the file before it is read.

    Raises:
        ValueProblem: for a file that is damaged, empty, truncated, or of Python objects, with the reason.
    """
    import tokenize

    expected = "an array in an .npy file"
    try:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_2_0 if version[0] > 1 else np.lib.format.read_array_header_1_0
        shape, _, dtype = read_header(file)
        start, end = file.tell(), file.seek(0, os.SEEK_END)
        if dtype.hasobject:
            raise file_problem(where, "it holds Python objects", expected, "write numbers with np.save")
        claimed = math.prod(shape) * dtype.itemsize
        if any(n < 0 for n in shape) or claimed != end - start:
            reason = f"its shape {shape!r:.80} takes {claimed} bytes, and it has {end - start}"
            raise file_problem(where, reason, expected, "write it again with np.save")
        memory.require(claimed, f"the array in {where}")
        file.seek(0)
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
        return array
    except ChainruleError:
        raise
    except (OSError, EOFError, ValueError, TypeError, SyntaxError, OverflowError, RecursionError, MemoryError) as error:
        raise file_problem(where, _reason(error), expected, "write it again with np.save") from None
    except tokenize.TokenError:
        raise file_problem(where, "its header is damaged", expected, "write it again with np.save") from None


def read_npy(path: str | os.PathLike[str]) -> Array:
    """Read the array of an .npy file, without pickle.

    Raises:
        ValueProblem: as for `npy_array`, or for a file that cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(folder + "/a.npy", [1, 2])
    ...     read_npy(folder + "/a.npy")
    array([1, 2])
    """
    try:
        with open(path, "rb") as file:
            return npy_array(file, path)
    except OSError as error:
        raise file_problem(path, _reason(error), "an array in an .npy file", "check the path") from None


def read_npz(path: str | os.PathLike[str], names: Sequence[str]) -> list[Array]:
    """Read arrays of an .npz file by name, without pickle.

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
    arrays = []
    try:
        with zipfile.ZipFile(path) as archive:
            for name in names:
                if f"{name}.npy" not in archive.namelist():
                    raise file_problem(path, f"it has no {name}", expected)
                if archive.getinfo(f"{name}.npy").file_size > MAX_BYTES:
                    raise file_problem(path, f"{name} is oversized", f"at most {MAX_BYTES} bytes an array")
                arrays.append(npy_array(io.BytesIO(archive.read(f"{name}.npy")), path))
    except ChainruleError:
        raise
    except (OSError, EOFError, ValueError, MemoryError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise file_problem(path, _reason(error), expected) from None
    return arrays


def read_text(path: Any, where: str) -> str:
    """Return the text of a CSV file in UTF-8; `where` names it in errors."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MissingFileError(f"{where}, which does not exist", "a CSV file") from None
    except OSError as error:
        raise ValueProblem(f"{where} ({error.strerror})", "a CSV file that can be read", "check the path") from None
    except UnicodeDecodeError:
        raise ValueProblem(f"{where}, which is not UTF-8 text", "a CSV file in UTF-8", "save it as UTF-8") from None


def is_safe_name(name: str) -> bool:
    """Whether a name in an archive stays inside the folder that the archive is unpacked to, on any system."""
    both = PurePosixPath(name), PureWindowsPath(name)
    return not any(path.is_absolute() or path.drive or path.root or ".." in path.parts for path in both)


def read_tar(path: Path, names: Sequence[str]) -> list[bytes]:
    """Return the contents of files in a .tar or .tar.gz by their base names, without unpacking to disk.

    Raises:
        ValueProblem: for an archive that is damaged or oversized, lacks a name or has it twice, or has a link or a
            name that leads outside its folder, which may be an attack.
    """
    import tarfile

    expected, plain = f"a tar archive with {', '.join(names)}", (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE)
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(read_decompressed(path)), mode="r:") as archive:
            for member in archive:
                if not is_safe_name(member.name) or member.type not in plain:
                    reason = f"{member.name[:80]!r} leads outside or is not a plain file"
                    raise file_problem(path, reason, "plain files")
                base_name = PurePosixPath(member.name).name
                file = archive.extractfile(member)
                if file is not None and base_name in names:
                    if base_name in contents:
                        raise file_problem(path, f"it has {base_name} twice", expected)
                    contents[base_name] = file.read()
    except ChainruleError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise file_problem(path, _reason(error), expected) from None
    missing = [name for name in names if name not in contents]
    if missing:
        raise file_problem(path, f"without {', '.join(missing)}", expected)
    return [contents[name] for name in names]


# Downloads


def download(name: str, remotes: Sequence[Remote]) -> Path:
    """Download the files of the data set `name` that are not there yet; return the folder with them."""
    folder = download_folder() / name
    for remote in remotes:
        target = folder / remote.file
        if not (os.path.isfile(target) and file_hash(target) == remote.sha256):
            fetch(remote.url, target, remote.sha256)
    return folder


def file_hash(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal SHA-256, or another digest, of a file as it is stored."""
    digest = hashlib.new(algorithm)
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise file_problem(path, _reason(error), "a file that can be read", "check the path") from None
    return digest.hexdigest()


def fetch(
    url: str, target: Path, expected: str | None = None, algorithm: str = "sha256", limit: int = MAX_BYTES
) -> None:
    """Download to a temporary file beside `target`, verify it, and only then rename it to `target`.

    Args:
        url: http, https or file. target: the file to write; its folder is created if needed.
        expected: hexadecimal digest; None for no check. algorithm: of the digest. limit: largest number of bytes.

    Raises:
        ValueProblem: when the source cannot be reached, stalls for `TIMEOUT` seconds, ends early, sends more than
            `limit` or other bytes than expected, or the file cannot be written. `target` is then unchanged.
    """
    import http.client
    import urllib.error
    import urllib.request

    if url.split(":", 1)[0].lower() not in ("http", "https", "file"):
        raise ValueProblem(f"the address {url!r}", "http://, https:// or file://", "check the address")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response, replacing(target) as write:
            declared = response.headers.get("Content-Length")
            total = int(declared) if declared and declared.isdigit() else None
            digest = hashlib.new(algorithm)
            with _Progress(target.name, total) as progress:
                while block := response.read(BLOCK_SIZE):
                    progress.add(len(block))
                    if progress.done > limit:
                        raise file_problem(url, "oversized", f"at most {limit} bytes", "check the address")
                    digest.update(block)
                    write(block)
            if total is not None and progress.done < total:
                problem = f"it ended after {progress.done} of {total} bytes"
                raise file_problem(url, problem, "the complete file", "try again")
            if expected is not None:
                _check_digest(digest.hexdigest(), expected, url)
    except ChainruleError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        with contextlib.suppress(AttributeError):
            error.close()  # type: ignore[union-attr]  # an HTTPError holds its connection
        reason = str(error.reason if type(error) is urllib.error.URLError else error) or type(error).__name__
        raise file_problem(url, reason, f"a download to {target}", "check the address and the network") from None


class _Progress:
    """Progress of a download on stderr: a line that is rewritten on a terminal, else one line at the end."""

    def __init__(self, name: str, total: int | None) -> None:
        self.name, self.total, self.done, self.shown = name, total, 0, 0

    def __enter__(self) -> _Progress:
        return self

    def add(self, count: int) -> None:
        """Count more bytes as done."""
        self.done += count
        if sys.stderr.isatty() and self.done - self.shown >= 1 << 20:
            self.shown = self.done
            redraw(self._line(), file=sys.stderr)

    def __exit__(self, *_: object) -> None:
        if self.shown:
            redraw(self._line(), end="\n", file=sys.stderr)
        else:
            echo(self._line(), file=sys.stderr)

    def _line(self) -> str:
        total = f" of {self.total / 1e6:.1f}" if self.total else ""
        return f"chainrule: {self.name}: {self.done / 1e6:.1f}{total} MB"
