"""Named arrays as bytes, in the safetensors format: a length, a JSON header, then the numbers. No code, no pickle.

The format is https://github.com/huggingface/safetensors (its README). It takes a page to write and to check in full,
so no package is needed for it.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ValueProblem
from ..graph import as_dtype

_CODES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
_NAMES = {name: code for code, name in _CODES.items()}
LONGEST_HEADER = 100_000_000


def dumps(arrays: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> bytes:
    """The arrays as the bytes of a safetensors file.

    >>> loads(dumps({"a": np.arange(3.0)}))[0]["a"].tolist()
    [0.0, 1.0, 2.0]
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    parts: list[bytes] = []
    at = 0
    for name, given in arrays.items():
        array = np.asarray(given)
        if array.dtype.name not in _NAMES:
            raise ValueProblem(f"the array {name!r} of dtype {array.dtype}", "numbers", "convert it first")
        data = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False)).tobytes()
        header[name] = {
            "dtype": _NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [at, at + len(data)],
        }
        at += len(data)
        parts.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])


def loads(data: bytes, where: str = "the file") -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays, and the metadata, of a safetensors file's bytes.

    Raises:
        ValueProblem: for anything but whole, well-formed data: a header that is cut off, sizes that do not add up,
            arrays that overlap or leave gaps, an unknown dtype.
    """
    if len(data) < 8:
        raise _bad(where, "it is shorter than its header")
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(len(data) - 8, LONGEST_HEADER):
        raise _bad(where, "its header is cut off")
    try:
        header = json.loads(data[8 : 8 + length].decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _bad(where, f"its header is no JSON ({str(error)[:80]})") from None
    if not isinstance(header, dict):
        raise _bad(where, "its header is no table of arrays")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _bad(where, "its metadata is no table of words")
    body = memoryview(data)[8 + length :]
    arrays: dict[str, NDArray[Any]] = {}
    at = 0
    for name, entry in sorted(header.items(), key=lambda item: _start(item, where)):
        dtype, shape, (start, stop) = _entry(name, entry, where)
        if start != at or stop > len(body):
            raise _bad(where, f"the place of {name[:80]!r} leaves a gap, overlaps or ends beyond the data")
        if stop - start != math.prod(shape) * dtype.itemsize:
            raise _bad(where, f"the size of {name[:80]!r} is not that of its shape")
        try:
            found = np.frombuffer(body[start:stop], dtype=dtype.newbyteorder("<")).reshape(shape)
        except (ValueError, OverflowError):  # no entries at all, but axes longer than any array's
            raise _bad(where, f"the shape of {name[:80]!r} is none that an array can have") from None
        arrays[name] = found.astype(dtype)  # native, and a copy of its own
        at = stop
    if at != len(body):
        raise _bad(where, "there is data that no array accounts for")
    return {name: arrays[name] for name in header}, metadata


def _start(item: tuple[str, Any], where: str) -> tuple[int, int]:
    name, entry = item
    _, _, (start, stop) = _entry(name, entry, where)
    return start, stop


def _entry(name: str, entry: Any, where: str) -> tuple[np.dtype[Any], tuple[int, ...], tuple[int, int]]:
    try:
        code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (*shape, *offsets))
        if not whole or len(offsets) != 2 or offsets[0] > offsets[1] or len(shape) > 32:
            raise ValueError
        kind = _CODES[code]
    except (TypeError, KeyError, ValueError):
        raise _bad(where, f"the entry of {name[:80]!r} is not a dtype, a shape and two places") from None
    return as_dtype(kind), tuple(shape), (offsets[0], offsets[1])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object none of whose names comes twice: readers would differ in which one they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _bad(where: str, why: str) -> ValueProblem:
    return ValueProblem(f"{where}, which is no whole safetensors data: {why}", "data as it was written", "get it anew")
