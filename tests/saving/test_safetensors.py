"""The safetensors format: what is written is read back, and what is malformed is refused."""

import json
import struct

import numpy as np
import pytest

from chainrule.core.errors import ValueProblem
from chainrule.saving.safetensors import dumps, loads
from saving_cases import RNG

ARRAYS = {
    "b": RNG.normal(size=(3, 2)),
    "a": np.arange(5, dtype="int8"),
    "scalar": np.array(2.5, "float16"),
    "empty": np.zeros((0, 3), "uint64"),
    "yes": np.array([True, False]),
    "long name é": np.arange(6, dtype=">i4").reshape(1, 2, 3),
}


def test_the_safetensors_package_reads_and_writes_the_same():
    oracle = pytest.importorskip("safetensors.numpy", reason="install safetensors to compare with it")
    theirs = oracle.load(dumps(ARRAYS, {"format": "np"}))
    ours, _ = loads(oracle.save({k: v.astype(v.dtype.newbyteorder("=")) for k, v in ARRAYS.items()}))
    assert set(theirs) == set(ours) == set(ARRAYS)
    for name, array in ARRAYS.items():
        for result in (theirs[name], ours[name]):
            assert result.dtype == array.dtype.newbyteorder("=")
            assert result.shape == array.shape
            assert np.array_equal(result, array)


def test_the_safetensors_package_refuses_what_we_refuse():
    oracle = pytest.importorskip("safetensors", reason="install safetensors to compare with it")
    for why, data in MALFORMED.items():
        if why not in ("a name twice", "an axis too long"):  # where readers differ, we refuse
            with pytest.raises(oracle.SafetensorError):
                oracle.deserialize(data)


def header(entries, body=b"", length=None):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


EIGHT = bytes(8)
MALFORMED = {
    "nothing": b"",
    "a header beyond the end": header({"a": entry()}, EIGHT, length=10_000),
    "a header of all there is": header({"a": entry()}, EIGHT, length=2**64 - 1),
    "a list": header([1]),
    "not JSON": header(b"{'a': 1}"),
    "not text": header(b"\xff\xfe{}"),
    "deep": header(b'{"a":' * 100_000),
    "an overlap": header({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)),
    "the same place": header({"a": entry(), "b": entry()}, EIGHT),
    "a gap": header({"a": entry(), "b": entry(offsets=(12, 20))}, bytes(20)),
    "a late start": header({"a": entry(offsets=(8, 16))}, bytes(16)),
    "more data": header({"a": entry()}, bytes(9)),
    "less data": header({"a": entry()}, bytes(7)),
    "a wrong size": header({"a": entry(shape=(3,))}, EIGHT),
    "a negative place": header({"a": entry(offsets=(-8, 0))}, EIGHT),
    "a place of a float": header({"a": entry(offsets=(0.0, 8.0))}, EIGHT),
    "places turned round": header({"a": entry(offsets=(8, 0))}, EIGHT),
    "one place": header({"a": entry(offsets=(8,))}, EIGHT),
    "a negative shape": header({"a": entry(shape=(-2,))}, EIGHT),
    "two negative sizes": header({"a": entry(shape=(-2, -1))}, EIGHT),
    "a size of a float": header({"a": entry(shape=(2.0,))}, EIGHT),
    "a size that is a truth": header({"a": entry(shape=(True, 2))}, EIGHT),
    "an unknown dtype": header({"a": entry("F33")}, EIGHT),
    "a dtype that is a list": header({"a": entry(["F32"])}, EIGHT),
    "no dtype": header({"a": {"shape": [2], "data_offsets": [0, 8]}}, EIGHT),
    "an entry that is a word": header({"a": "F32"}, EIGHT),
    "a name twice": header(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' * 1
                           + b'"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT),
    "a shape that overflows to its size": header({"a": entry(shape=(2**62, 4), offsets=(0, 0))}),
    "a huge shape": header({"a": entry(shape=(10**12,))}, EIGHT),
    "an axis too long": header({"a": entry(shape=(0, 2**63), offsets=(0, 0))}),
    "words in metadata": header({"__metadata__": {"a": {"b": 1}}, "a": entry()}, EIGHT),
}  # fmt: skip


@pytest.mark.parametrize("why", MALFORMED)
def test_malformed_safetensors_are_refused(why):
    with pytest.raises(ValueProblem, match="not complete safetensors data"):
        loads(MALFORMED[why])


def test_every_truncation_of_safetensors_is_refused():
    data = dumps(ARRAYS)
    for n in range(len(data)):
        with pytest.raises(ValueProblem):
            loads(data[:n])
    assert set(loads(data)[0]) == set(ARRAYS)


def test_arrays_without_entries_and_scalars():
    entries = {"z": entry(shape=(0, 10**12), offsets=(0, 0)), "s": entry(shape=(), offsets=(0, 4))}
    result, metadata = loads(header(entries, struct.pack("<f", 2.5)))
    assert result["z"].shape == (0, 10**12)
    assert result["s"].shape == ()
    assert float(result["s"]) == 2.5
    assert metadata == {}
