"""TensorBoard's event files, read by a small reader that shares nothing with the writer."""

import math
import os
import struct
import time
from types import SimpleNamespace

import numpy as np
import pytest

from callback_cases import Model
from chainrule import Variable
from chainrule.callbacks import CallbackList, TensorBoard


def crc32c_by_bits(data):
    """CRC-32C by polynomial division, bit by bit, most significant first, on reflected bytes."""
    reflect = lambda value, width: int(f"{value:0{width}b}"[::-1], 2)
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= reflect(byte, 8) << 24
        for _ in range(8):
            rest = (rest << 1 ^ (0x11EDC6F41 if rest & 0x80000000 else 0)) & 0xFFFFFFFF
    return reflect(rest ^ 0xFFFFFFFF, 32)


def records(path):
    data = path.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        for part, check in ((data[:8], data[8:12]), (data[12 : 12 + length], data[12 + length : 16 + length])):
            crc = crc32c_by_bits(part)
            masked = ((crc >> 15) | (crc << 17 & 0xFFFFFFFF)) + 0xA282EAD8
            assert check == struct.pack("<I", masked & 0xFFFFFFFF)
        yield data[12 : 12 + length]
        data = data[16 + length :]


def fields(message):
    """(number, value) of a protocol buffer."""

    def varint(at):
        value = shift = 0
        while True:
            value |= (message[at] & 127) << shift
            shift += 7
            at += 1
            if message[at - 1] < 128:
                return value, at

    at = 0
    while at < len(message):
        tag, at = varint(at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, at = varint(at)
            value, at = message[at : at + size], at + size
        yield tag >> 3, value


def read_events(folder):
    """{tag: [(step, number or histogram)]} of a folder's event files."""
    result = {}
    for path in sorted(folder.iterdir()):
        first, *rest = [dict(fields(r)) for r in records(path)]
        assert first[3] == b"brain.Event:2"
        for event in rest:
            assert abs(struct.unpack("<d", event[1])[0] - time.time()) < 600
            value = dict(fields(dict(fields(event[5]))[1]))
            what = struct.unpack("<f", value[2])[0] if 2 in value else dict(fields(value[5]))
            result.setdefault(value[1].decode(), []).append((event[2], what))
    return result


def test_the_checksum():
    from chainrule.callbacks.events import crc32c

    assert crc32c(b"123456789") == crc32c_by_bits(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


WEIGHTS = {
    "dense/kernel": np.random.default_rng(0).normal(size=(7, 9)).astype("float32"),
    "dense/bias": np.zeros(5),
    "odd": np.array([np.nan, 1.0, np.inf, 3.0, 3.0]),
    "near": np.array([1.0, np.nextafter(1.0, 2.0)]),
    "wide": np.array([-1.7e308, 1.7e308, 0.0]),
    "none": np.zeros((0, 3)),
    "lost": np.full(3, np.nan),
}


def write_run(folder, **options):
    model = Model()
    model.layers = [SimpleNamespace(name=k, weights=[Variable(v, dtype="float64", name=k)]) for k, v in WEIGHTS.items()]
    for layer in model.layers:
        layer.weights[0].path = layer.name
    message = CallbackList([TensorBoard(folder, histogram_freq=2, **options)], model=model)
    message.on_train_begin()
    for epoch in range(3):
        message.on_epoch_begin(epoch)
        for batch in range(4):
            message.on_train_batch_begin(batch)
            model.optimizer.iterations += 1
            message.on_train_batch_end(batch, {"loss": epoch + batch / 8})
        message.on_test_begin()
        message.on_test_end({"loss": 7.0 + epoch})
        message.on_epoch_end(epoch, {"loss": 1 / (epoch + 1), "val_loss": 7.0 + epoch, "big": 1e300})
    message.on_train_end()
    message.on_test_begin()
    message.on_test_end({"loss": 5.0})
    return model


SCALARS = {
    "epoch_loss": [(0, 1.0), (1, 0.5), (2, float(np.float32(1 / 3)))],
    "epoch_big": [(0, math.inf), (1, math.inf), (2, math.inf)],
    "epoch_learning_rate": [(0, 0.5), (1, 0.5), (2, 0.5)],
}
VALIDATION = {
    "epoch_loss": [(0, 7.0), (1, 8.0), (2, 9.0)],
    "evaluation_loss_vs_iterations": [(4, 7.0), (8, 8.0), (12, 9.0), (12, 5.0)],
}


def test_event_files(tmp_path):
    write_run(tmp_path)
    train = read_events(tmp_path / "train")
    histograms = {name: train.pop(name) for name in list(train) if name.endswith("/histogram")}
    assert train == SCALARS
    assert read_events(tmp_path / "validation") == VALIDATION
    assert set(histograms) == {f"{name}/histogram" for name in WEIGHTS}
    for name, weight in WEIGHTS.items():
        steps = histograms[f"{name}/histogram"]
        assert [step for step, _ in steps] == [0, 2]
        message = steps[0][1]
        low, high, count, total = (struct.unpack("<d", message[k])[0] for k in (1, 2, 3, 4))
        limits, counts = (np.frombuffer(message[k], "<f8") for k in (6, 7))
        finite = [float(v) for v in weight.ravel() if math.isfinite(v)]
        assert count == len(finite) == counts.sum()
        assert len(limits) == len(counts) <= 30
        assert total == pytest.approx(math.fsum(finite))
        if finite:
            assert (low, high, limits[-1]) == (min(finite), max(finite), max(finite))
        for k, limit in enumerate(limits):  # a bucket counts what is above the one before, up to its limit
            assert counts[: k + 1].sum() == sum(v <= limit for v in finite)
    assert len(np.frombuffer(histograms["dense/kernel/histogram"][0][1][6], "<f8")) == 30


def test_batches_and_speed_are_written_when_asked(tmp_path):
    write_run(tmp_path / "each", update_freq="batch", write_steps_per_second=True)
    result = read_events(tmp_path / "each" / "train")
    assert [step for step, _ in result["batch_loss"]] == list(range(1, 13))
    assert [value for _, value in result["batch_loss"]][:5] == [0.0, 0.125, 0.25, 0.375, 1.0]
    assert len(result["batch_steps_per_second"]) == 12
    assert len(result["epoch_steps_per_second"]) == 3
    assert all(value > 0 for _, value in result["epoch_steps_per_second"])
    write_run(tmp_path / "fifth", update_freq=5)
    assert [step for step, _ in read_events(tmp_path / "fifth" / "train")["batch_loss"]] == [5, 10]


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")  # what protobuf and NumPy warn of inside TensorBoard
def test_tensorboard_reads_the_files(tmp_path):
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="install tests/peers.txt to compare with TensorBoard",
    )
    write_run(tmp_path)
    for part, expected in (("train", SCALARS), ("validation", VALIDATION)):
        result = reader.EventAccumulator(str(tmp_path / part), {"histograms": 0, "scalars": 0}).Reload()
        assert set(result.Tags()["scalars"]) == set(expected)
        for tag, values in expected.items():
            assert [(e.step, e.value) for e in result.Scalars(tag)] == values
    result = reader.EventAccumulator(str(tmp_path / "train"), {"histograms": 0}).Reload()
    for name, weight in WEIGHTS.items():
        written = result.Histograms(f"{name}/histogram")
        assert [e.step for e in written] == [0, 2]
        finite = weight[np.isfinite(weight)]
        value = written[0].histogram_value
        assert value.num == sum(value.bucket) == finite.size
        if finite.size:
            assert (value.min, value.max) == (finite.min(), finite.max())
    from tensorboard import data_compat, dataclass_compat
    from tensorboard.backend.event_processing import event_file_loader
    from tensorboard.util import tensor_util

    # what its pages show: the files brought to its present format
    counted = 0
    for path in (tmp_path / "train").iterdir():
        metadata = {}
        for event in event_file_loader.LegacyEventFileLoader(str(path)).Load():
            for now in dataclass_compat.migrate_event(data_compat.migrate_event(event), metadata):
                for value in now.summary.value:
                    array = tensor_util.make_ndarray(value.tensor)
                    plugin = (metadata.get(value.tag) or value.metadata).plugin_data.plugin_name
                    if plugin == "histograms":
                        assert array[:, 2].sum() == np.isfinite(WEIGHTS[value.tag.removesuffix("/histogram")]).sum()
                        counted += 1
                    else:
                        assert (plugin, array.shape) == ("scalars", ())
    assert counted == 2 * len(WEIGHTS)


def test_no_file_before_there_is_something_to_write(tmp_path):
    board = TensorBoard(tmp_path / "logs")
    message = CallbackList([board], model=Model())
    message.on_train_begin()
    message.on_train_end()
    assert not (tmp_path / "logs").exists()
    assert not os.listdir(tmp_path)
