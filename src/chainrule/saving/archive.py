"""A zip of a few known members, read with suspicion: nothing is unpacked to the disk, nothing runs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from ..core import files
from ..core.errors import ChainruleError, ValueProblem

VERSION = 1
LARGEST_JSON = 200_000_000
DATE = (1980, 1, 1, 0, 0, 0)  # the same model makes the same bytes


def write(target: Any, members: Mapping[str, bytes]) -> None:
    """Write the members as one zip, whole or not at all."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name, DATE), data)
    files.write(target, [buffer.getvalue()])


def read(source: Any, kind: str, required: set[str], optional: set[str]) -> dict[str, bytes]:
    """The members of a file that `write` made, of this kind.

    Raises:
        ValueProblem: for a file that is missing, no zip, cut off, of another kind or a later version, with members
            missing, unknown, twice, or larger than they say.
    """
    where = named(source)
    try:
        with zipfile.ZipFile(source) as file:
            infos = file.infolist()
            names = [i.filename for i in infos]
            allowed = required | optional | {"metadata.json"}
            if len(set(names)) != len(names):
                raise _bad(where, "it has a member twice")
            for info in infos:
                if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED:  # what unpacks may be a bomb
                    raise _bad(where, f"its member {info.filename[:80]!r} is encrypted or packed")
                if info.filename.endswith(".json") and info.file_size > LARGEST_JSON:
                    raise _bad(where, f"its member {info.filename[:80]!r} is too large")
            if "metadata.json" in names:
                _check_kind(parsed(file.read("metadata.json"), "metadata.json", where), kind, where)
            missing, unknown = sorted((required | {"metadata.json"}) - set(names)), sorted(set(names) - allowed)
            if missing:
                raise _bad(where, f"it lacks {', '.join(missing)}")
            if unknown:
                raise _bad(where, f"it has the unknown member {unknown[0][:80]!r}")
            return {name: file.read(name) for name in names}
    except FileNotFoundError:
        raise ValueProblem(f"{where}, which is not there", "a file that exists", "check the path") from None
    except OSError as error:
        raise ValueProblem(
            f"{where} ({error.strerror or error})", "a file that can be read", "check the path"
        ) from None
    except ChainruleError:
        raise
    except Exception as error:  # zipfile raises whatever it trips over
        raise _bad(where, f"it is cut off or damaged ({error})") from None


def named(source: Any) -> str:
    """What messages call a path, or an open file."""
    return "the file" if hasattr(source, "read") else f"the file {str(source)!r}"


def _bad(where: str, why: str) -> ValueProblem:
    return ValueProblem(f"{where}, which is no whole chainrule file: {why}", "a file as it was saved", "save it anew")


def metadata(kind: str) -> bytes:
    """The member that says what the file is."""
    return dumped({"format": "chainrule", "kind": kind, "format_version": VERSION})


def _check_kind(found: Any, kind: str, where: str) -> None:
    if not isinstance(found, dict) or found.get("format") != "chainrule":
        raise _bad(where, "its metadata does not name the format")
    if found.get("kind") != kind:
        raise _bad(where, f"it is a {found.get('kind')}, not a {kind}")
    version = found.get("format_version")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= VERSION:
        raise ValueProblem(
            f"{where} of format version {version!r}", f"version {VERSION} or older", "update chainrule to read it"
        )


def dumped(data: Any) -> bytes:
    """JSON with sorted layout, so that equal data makes equal bytes; nan and infinity as JSON has none."""
    return json.dumps(data, separators=(",", ":")).encode()


def parsed(data: bytes, name: str, where: str) -> Any:
    """A JSON member's data."""
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        raise _bad(where, f"its member {name} is no JSON") from None
