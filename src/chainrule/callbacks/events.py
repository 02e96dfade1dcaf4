"""TensorBoard's event files, written without TensorFlow: records with checksums around protocol buffers.

A file is a sequence of records (TensorFlow's TFRecord format): the length as 8 bytes, its masked CRC-32C, the data, its
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

from .files import cannot_write, open_for_writing

# ---- CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720, appendix B.4)


def _crc_table() -> list[int]:
    """Return the checksum of each byte."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of `data`.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _masked_crc(data: bytes) -> bytes:
    """Return the checksum, rotated and shifted as the format requires, since checksums of checksums are weak."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """Return `data` as one record of the file."""
    length = struct.pack("<Q", len(data))
    return length + _masked_crc(length) + data + _masked_crc(data)


# ---- protocol buffers: a field is its number, its kind, its value


def _varint(value: int) -> bytes:
    """Encode a whole number from 0 up, seven bits a byte, the low ones first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


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


def event(step: int, field: bytes) -> bytes:
    """Return an ``Event``: the time, the step, and a field such as a summary."""
    return _double(1, time.time()) + _integer(2, step) + field


def scalar(tag: str, value: float) -> bytes:
    """Return an event's field: a ``Summary`` with one number."""
    with np.errstate(over="ignore"):  # TensorBoard keeps 32 bits; beyond them, infinity
        return _bytes(5, _bytes(1, _bytes(1, tag.encode()) + _float(2, value)))


def histogram(tag: str, values: Any, buckets: int = 30) -> bytes:
    """Return an event's field: a ``Summary`` with the finite values of an array, counted in equal buckets."""
    flat = np.asarray(values, "float64").ravel()
    flat = flat[np.isfinite(flat)]
    low, high = (float(flat.min()), float(flat.max())) if flat.size else (0.0, 0.0)
    fractions = np.arange(1, buckets + 1) / buckets
    limits = np.unique(low * (1 - fractions) + high * fractions)  # the buckets' upper ends; one for equal values
    counts = np.bincount(np.searchsorted(limits, flat), minlength=len(limits))
    with np.errstate(over="ignore"):
        total, squares = float(flat.sum()), float(flat @ flat)
    numbers = b"".join(_double(i, v) for i, v in enumerate([low, high, flat.size, total, squares], 1))
    message = numbers + _doubles(6, limits) + _doubles(7, counts)
    return _bytes(5, _bytes(1, _bytes(1, tag.encode()) + _bytes(5, message)))


_file_numbers = itertools.count()


class EventFile:
    """A new event file in `folder`; each event is written at once, so that a running TensorBoard sees it."""

    def __init__(self, folder: str) -> None:
        # leading zeros, since TensorBoard reads a folder's files in the order of their names
        number = f"{next(_file_numbers):06d}"
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{number}.v2"
        self._file = open_for_writing(os.path.join(folder, name), "ab", buffering=0)
        self.write(0, _bytes(3, b"brain.Event:2"))

    def write(self, step: int, field: bytes) -> None:
        """Add an event at `step`."""
        try:
            self._file.write(record(event(step, field)))
        except OSError as error:
            raise cannot_write(self._file.name, error) from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()
