"""Named arrays as bytes in the safetensors format: a length, a JSON header, then the numbers. No code, no pickle.

The format is defined in the README of https://github.com/huggingface/safetensors. It is simple enough to be written and
checked completely here, without a package.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import memory
from ..core.arguments import whole_number
from ..core.errors import ValueProblem
from ..graph import as_dtype

_CODES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
_NAMES = {name: code for code, name in _CODES.items()}
MAX_HEADER_SIZE = 100_000_000


def dumps(arrays: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> bytes:
    """Encode arrays as the bytes of a safetensors file.

    >>> loads(dumps({"a": np.arange(3.0)}))[0]["a"].tolist()
    [0.0, 1.0, 2.0]
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    parts: list[bytes] = []
    offset = 0
    for name, value in arrays.items():
        array = np.asarray(value)
        if array.dtype.name not in _NAMES:
            raise ValueProblem(f"the array {name!r} of dtype {array.dtype}", "numbers", "convert it first")
        data = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False)).tobytes()
        header[name] = {
            "dtype": _NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        offset += len(data)
        parts.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])


def loads(data: bytes, where: str = "the file") -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Decode the arrays and the metadata from a safetensors file's bytes.

    Raises:
        ValueProblem: for incomplete or malformed data: a truncated header, sizes that do not add up, arrays that
            overlap or leave gaps, an unknown dtype.
    """
    if len(data) < 8:
        raise _invalid(where, "it is shorter than its header")
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(len(data) - 8, MAX_HEADER_SIZE):
        raise _invalid(where, "its header is truncated")
    memory.require_json(data[8 : 8 + length], f"{where}, with a header of {length:,} characters")
    try:
        header = json.loads(data[8 : 8 + length].decode(), object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise _invalid(where, f"its header is not JSON ({str(error)[:80]})") from None
    if not isinstance(header, dict):
        raise _invalid(where, "its header is not an object of arrays")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _invalid(where, "its metadata is not an object of strings")
    body = memoryview(data)[8 + length :]
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    entries = {name: _parse_entry(name, entry, where) for name, entry in header.items()}
    for name, (dtype, shape, (start, stop)) in sorted(entries.items(), key=lambda item: item[1][2]):
        if start != offset or stop > len(body):
            raise _invalid(where, f"the range of {name[:80]!r} leaves a gap, overlaps or exceeds the data")
        if stop - start != math.prod(shape) * dtype.itemsize:
            raise _invalid(where, f"the size of {name[:80]!r} is not that of its shape")
        try:
            array = np.frombuffer(body[start:stop], dtype=dtype.newbyteorder("<")).reshape(shape)
        except (ValueError, OverflowError):  # no entries, but axes longer than NumPy supports
            raise _invalid(where, f"the shape of {name[:80]!r} is not supported by NumPy") from None
        arrays[name] = array.astype(dtype)  # a copy in native byte order
        offset = stop
    if offset != len(body):
        raise _invalid(where, "there is data outside all arrays")
    return {name: arrays[name] for name in header}, metadata


def _parse_entry(name: str, entry: Any, where: str) -> tuple[np.dtype[Any], tuple[int, ...], tuple[int, int]]:
    """Return dtype, shape and offsets of an entry of the header."""
    try:
        code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = [whole_number(n) for n in (*shape, *offsets)]
        if any(n is None or n < 0 for n in numbers) or len(offsets) != 2 or offsets[0] > offsets[1] or len(shape) > 32:
            raise ValueError
        kind = _CODES[code]
    except (TypeError, KeyError, ValueError):
        raise _invalid(where, f"the entry of {name[:80]!r} is not a dtype, a shape and two offsets") from None
    return as_dtype(kind), tuple(shape), (offsets[0], offsets[1])


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; refuse repeated names, of which readers would use different ones."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name is repeated")
    return result


def _invalid(where: str, why: str) -> ValueProblem:
    passed = f"{where}, which is not complete safetensors data: {why}"
    return ValueProblem(passed, "data as it was written", "obtain it again")
