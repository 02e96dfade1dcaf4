"""TensorBoard's event files, written by hand: records with checksums around protocol buffers.

A file is a row of records (TensorFlow's TFRecord format): the length as 8 bytes, its masked CRC-32C, the data, its
masked CRC-32C; all little-endian. The data is an ``Event`` message (tensorflow/core/util/event.proto) in protocol
buffers' wire format: each field a tag, ``number << 3 | kind``, and a value.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import arguments

# ---- CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720, appendix B.4)


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """The CRC-32C of `data`; of the digits 1 to 9, 0xE3069283.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    """The checksum rotated and shifted, as the format asks: a checksum of data with checksums in it would be weak."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """`data` as one record of the file."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


# ---- protocol buffers: a field is its number, its kind, its value


def _varint(value: int) -> bytes:
    """A whole number from 0 up, seven bits a byte, the low ones first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value)


def _float(number: int, value: float) -> bytes:
    return _varint(number << 3 | 5) + np.float32(value).tobytes()


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _doubles(number: int, values: NDArray[Any]) -> bytes:
    return _bytes(number, values.astype("<f8").tobytes())


# ---- messages


def event(step: int, what: bytes) -> bytes:
    """An ``Event``: now, the step, and a field with what happened."""
    return _double(1, time.time()) + _integer(2, step) + what


def scalar(tag: str, value: float) -> bytes:
    """An event's field: a ``Summary`` with one number."""
    with np.errstate(over="ignore"):  # TensorBoard keeps 32 bits; beyond them, infinity
        return _bytes(5, _bytes(1, _bytes(1, tag.encode()) + _float(2, value)))


def histogram(tag: str, values: Any, buckets: int = 30) -> bytes:
    """An event's field: a ``Summary`` with the finite values of an array, counted in equal buckets."""
    flat = np.asarray(values, "float64").ravel()
    flat = flat[np.isfinite(flat)]
    low, high = (float(flat.min()), float(flat.max())) if flat.size else (0.0, 0.0)
    part = np.arange(1, buckets + 1) / buckets
    limits = np.unique(low * (1 - part) + high * part)  # the buckets' upper ends; one if all values are equal
    counts = np.bincount(np.searchsorted(limits, flat), minlength=len(limits))
    with np.errstate(over="ignore"):
        total, squares = float(flat.sum()), float(flat @ flat)
    message = (
        _double(1, low)
        + _double(2, high)
        + _double(3, flat.size)
        + _double(4, total)
        + _double(5, squares)
        + _doubles(6, limits)
        + _doubles(7, counts)
    )
    return _bytes(5, _bytes(1, _bytes(1, tag.encode()) + _bytes(5, message)))


_count = itertools.count()


class EventFile:
    """A new event file in `folder`; each event is written at once, so that a running TensorBoard sees it."""

    def __init__(self, folder: str) -> None:
        # TensorBoard takes a folder's files in the order of their names: the count has leading zeros
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_count):06d}.v2"
        self._file = arguments.opened(os.path.join(folder, name), "ab", buffering=0)
        self.write(0, _bytes(3, b"brain.Event:2"))

    def write(self, step: int, what: bytes) -> None:
        """Add an event at `step`."""
        self._file.write(record(event(step, what)))

    def close(self) -> None:
        self._file.close()
