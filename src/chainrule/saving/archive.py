"""A zip file of a few known members, read defensively: nothing is unpacked to the disk or executed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from typing import Any

from ..core import files, memory
from ..core.arguments import whole_number
from ..core.errors import ChainruleError, MissingFileError, ValueProblem

VERSION = 1
MAX_JSON_SIZE = 200_000_000
MAX_DIRECTORY_SIZE = 100_000  # bytes of a zip file's list of members, of which there are at most six
DATE = (1980, 1, 1, 0, 0, 0)  # the same model gives the same bytes


def write(target: Any, members: Mapping[str, bytes]) -> None:
    """Write the members as one zip file, atomically."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name, DATE), data)
    files.write(target, [buffer.getvalue()])


def read(source: Any, kind: str, required: set[str], optional: set[str]) -> dict[str, bytes]:
    """Read the members of a file of this kind that `write` made.

    Raises:
        ValueProblem: for a file that is missing, not a zip file, truncated, of another kind or a later version, with
            members missing, unknown, repeated, or larger than declared.
    """
    where = describe_source(source)
    try:
        _check_directory(source, where)
        with zipfile.ZipFile(source) as file:
            infos = file.infolist()
            names = [i.filename for i in infos]
            allowed = required | optional | {"metadata.json"}
            if len(set(names)) != len(names):
                raise _invalid(where, "it has a repeated member")
            for info in infos:
                if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED:  # compressed data may be a zip bomb
                    raise _invalid(where, f"its member {info.filename[:80]!r} is encrypted or compressed")
                if info.filename.endswith(".json") and info.file_size > MAX_JSON_SIZE:
                    raise _invalid(where, f"its member {info.filename[:80]!r} is too large")
            if "metadata.json" in names:
                _check_kind(parse_json(file.read("metadata.json"), "metadata.json", where), kind, where)
            missing, unknown = sorted((required | {"metadata.json"}) - set(names)), sorted(set(names) - allowed)
            if missing:
                raise _invalid(where, f"it lacks {', '.join(missing)}")
            if unknown:
                raise _invalid(where, f"it has the unknown member {unknown[0][:80]!r}")
            return {name: file.read(name) for name in names}
    except FileNotFoundError:
        raise MissingFileError(f"{where}, which does not exist", "a file that exists") from None
    except OSError as error:
        passed = f"{where} ({error.strerror or error})"
        raise ValueProblem(passed, "a file that can be read", "check the path") from None
    except ChainruleError:
        raise
    except Exception as error:  # zipfile raises errors of many types
        raise _invalid(where, f"it is truncated or damaged ({error})") from None


def file_size(source: Any) -> int:
    """Return the bytes of a file at a path, or of an open one; 0 if they cannot be known."""
    try:
        if not hasattr(source, "read"):
            return os.path.getsize(source)
        position = source.tell()
        size: int = source.seek(0, os.SEEK_END)
        source.seek(position)
        return size
    except (OSError, ValueError, AttributeError):
        return 0


def _check_directory(source: Any, where: str) -> None:
    """Raise unless the zip file's directory, which `zipfile` reads whole, is as small as that of a few members."""
    with contextlib.nullcontext(source) if hasattr(source, "read") else open(source, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 98, 0))  # the end's 22 bytes, and of files beyond 4 GB 20 and 56 more before it
        tail = file.read()
        file.seek(0)
    directory = int.from_bytes(tail[-10:-6], "little")
    if tail[-42:-38] == b"PK\6\7":
        directory = int.from_bytes(tail[-58:-50], "little")
    if tail[-22:-18] != b"PK\5\6":
        raise _invalid(where, "it is truncated or damaged")
    if directory > MAX_DIRECTORY_SIZE:
        raise _invalid(where, "it has too many members")


def describe_source(source: Any) -> str:
    """Return the phrase for a path or an open file in messages."""
    return "the file" if hasattr(source, "read") else f"the file {str(source)!r}"


def _invalid(where: str, why: str) -> ValueProblem:
    passed = f"{where}, which is not a complete chainrule file: {why}"
    return ValueProblem(passed, "a file as it was saved", "save it again")


def metadata(kind: str) -> bytes:
    """Return the member with the kind and the version of the file."""
    return dump_json({"format": "chainrule", "kind": kind, "format_version": VERSION})


def _check_kind(data: Any, kind: str, where: str) -> None:
    if not isinstance(data, dict) or data.get("format") != "chainrule":
        raise _invalid(where, "its metadata does not name the format")
    if data.get("kind") != kind:
        raise _invalid(where, f"it is a {data.get('kind')}, not a {kind}")
    version = whole_number(data.get("format_version"))
    if version is None or not 1 <= version <= VERSION:
        passed = f"{where} of format version {data.get('format_version')!r:.80}"
        raise ValueProblem(passed, f"version {VERSION} or older", "update chainrule to read it")


def dump_json(data: Any) -> bytes:
    """Encode data as compact JSON, so that equal data gives equal bytes."""
    return json.dumps(data, separators=(",", ":")).encode()


def parse_json(data: bytes, name: str, where: str) -> Any:
    """Decode a JSON member, if what it describes fits into memory."""
    memory.require_json(data, f"{where}, with a member {name} of {len(data):,} characters")
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        raise _invalid(where, f"its member {name} is not JSON") from None
