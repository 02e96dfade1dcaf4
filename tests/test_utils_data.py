"""Helpers about data: against Keras, Pillow and JAX, loops, and files made by hand, whole and damaged; no network."""

import hashlib
import inspect
import io
import json
import math
import os
import stat
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import utils
from chainrule.core.errors import ChainruleError, DTypeError, IndexProblem, ShapeError, ValueProblem
from chainrule.utils import batches, images

SIGNATURES = {
    "to_categorical": "x num_classes",
    "normalize": "x axis order",
    "get_file": "fname origin untar md5_hash file_hash cache_subdir hash_algorithm extract archive_format cache_dir "
    "force_download",
    "load_img": "path color_mode target_size interpolation keep_aspect_ratio",
    "img_to_array": "img data_format dtype",
    "array_to_img": "x data_format scale dtype",
    "save_img": "path x data_format file_format scale kwargs",
    "pad_sequences": "sequences maxlen dtype padding truncating value",
    "split_dataset": "dataset left_size right_size shuffle seed preferred_backend",
    "timeseries_dataset_from_array": "data targets sequence_length sequence_stride sampling_rate batch_size shuffle "
    "seed start_index end_index format",
    "image_dataset_from_directory": "directory labels label_mode class_names color_mode batch_size image_size shuffle "
    "seed validation_split subset interpolation follow_links crop_to_aspect_ratio pad_to_aspect_ratio data_format "
    "format verbose",
    "PyDataset": "workers use_multiprocessing max_queue_size",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_are_keras(name):
    assert list(inspect.signature(getattr(utils, name)).parameters) == SIGNATURES[name].split()


@pytest.mark.heavy
@pytest.mark.parametrize("name", SIGNATURES)
def test_defaults_are_keras(name):
    theirs = inspect.signature(getattr(pytest.importorskip("keras").utils, name)).parameters
    ours = inspect.signature(getattr(utils, name)).parameters
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


# Arrays


@pytest.mark.parametrize(("x", "classes"), [
    ([0, 2, 1], None), ([[1], [0]], None), ([[1, 2], [0, 3]], 5), (3, None), ([], 2), ([[[0], [1]]], 2),
    ([True, False], 2), (np.array([1.0, 0.0]), None), ([[1]], None), (np.zeros((0, 3), int), 2),
])  # fmt: skip
def test_to_categorical_by_a_loop(x, classes):
    result = utils.to_categorical(x, classes)
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    assert result.shape == (*labels.shape, classes or int(labels.max()) + 1)
    for at in np.ndindex(result.shape):
        assert result[at] == (1 if labels[at[:-1]] == at[-1] else 0)


@pytest.mark.heavy
@pytest.mark.parametrize(("x", "classes"), [([0, 2, 1], None), ([[1], [0]], 4), ([[1, 2], [0, 3]], 5), (3, None)])
def test_to_categorical_is_keras(x, classes):
    oracle = pytest.importorskip("keras").utils.to_categorical(x, classes)
    result = utils.to_categorical(x, classes)
    np.testing.assert_array_equal(result, oracle)
    assert result.dtype == oracle.dtype


def test_tensors_stay_tensors():
    result = utils.to_categorical(cr.tensor([1, 0]), 3)
    assert isinstance(result, cr.Tensor)
    assert result.tolist() == [[0, 1, 0], [1, 0, 0]]
    x = cr.Variable([[3.0, 4.0], [0.0, 0.0]])
    y = utils.normalize(x)
    np.testing.assert_allclose(y.numpy(), [[0.6, 0.8], [0, 0]], rtol=1e-6)
    slope = cr.gradients(y[0, 0], x).numpy()
    np.testing.assert_allclose(slope[0], [16 / 125, -12 / 125], rtol=1e-5)  # d(a/|v|)/dv = (e - v a/|v|^2)/|v|


@pytest.mark.parametrize("wrong", [
    ([-1], None), ([3], 3), ([0.5], None), ([float("nan")], None), ([float("inf")], None), ([], None), ([0], -1),
    ([0], 1.5), (["a"], None), ([[0], [1, 2]], None), ([None], None),
])  # fmt: skip
def test_wrong_classes(wrong):
    with pytest.raises(ChainruleError):
        utils.to_categorical(*wrong)


@pytest.mark.parametrize("order", [1, 2, 3, 0.5, math.inf])
@pytest.mark.parametrize("axis", [0, 1, -1, 2])
def test_normalize_by_a_loop(order, axis):
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    x[1] = 0
    result = utils.normalize(x, axis, order)
    for at in np.ndindex(x.shape):
        row = [abs(x[(*at[: axis % 3], i, *at[axis % 3 + 1 :])]) for i in range(x.shape[axis])]
        norm = max(row) if order == math.inf else sum(v**order for v in row) ** (1 / order)
        assert result[at] == pytest.approx(x[at] / norm if norm else 0)


@pytest.mark.parametrize("wrong", [(1.0,), ([1.0], 1), ([1.0], None), ([1.0], -1, 0), ([1.0], -1, "fro"),
                                   (["a"],), ([[1], [1, 2]],)])  # fmt: skip
def test_wrong_norms(wrong):
    with pytest.raises(ChainruleError):
        utils.normalize(*wrong)


RAGGED = [[1], [], [2, 3, 4], [5, 6], [7, 8, 9, 10, 11]]


def padded(sequences, maxlen, padding, truncating, value):
    """By lists."""
    maxlen = max(map(len, sequences)) if maxlen is None else maxlen
    rows = []
    for s in sequences:
        while len(s) > maxlen:
            s = s[1:] if truncating == "pre" else s[:-1]
        fill = [value] * (maxlen - len(s))
        rows.append(fill + s if padding == "pre" else s + fill)
    return rows


@pytest.mark.parametrize("maxlen", [None, 1, 3, 8, 0])
@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_pad_sequences_by_lists(maxlen, padding, truncating):
    result = utils.pad_sequences(RAGGED, maxlen, padding=padding, truncating=truncating, value=-1)
    assert result.dtype == np.int32
    assert result.tolist() == padded(RAGGED, maxlen, padding, truncating, -1)


def test_pad_sequences_of_vectors_and_words():
    result = utils.pad_sequences([[], [[1.5, 2]], [[3, 4], [5, 6]]], dtype="float32")
    assert result.tolist() == [[[0, 0], [0, 0]], [[0, 0], [1.5, 2]], [[3, 4], [5, 6]]]
    assert utils.pad_sequences([["a"], ["bc", "d"]], dtype=object, value="-").tolist() == [["-", "a"], ["bc", "d"]]
    assert utils.pad_sequences([]).shape == (0, 0)
    assert utils.pad_sequences([[], []]).shape == (2, 0)


@pytest.mark.heavy
@pytest.mark.parametrize("arguments", [
    {}, {"maxlen": 2}, {"maxlen": 4, "padding": "post"}, {"truncating": "post", "maxlen": 2, "dtype": "float64"},
    {"value": 7},
])  # fmt: skip
def test_pad_sequences_is_keras(arguments):
    oracle = pytest.importorskip("keras").utils.pad_sequences(RAGGED, **arguments)
    result = utils.pad_sequences(RAGGED, **arguments)
    np.testing.assert_array_equal(result, oracle)
    assert result.dtype == oracle.dtype


@pytest.mark.parametrize(("arguments", "error"), [
    (([1, 2],), ValueProblem), ((3,), ValueProblem), ((RAGGED, -1), ValueProblem), ((RAGGED, 2.5), ValueProblem),
    ((RAGGED, None, "int32", "left"), ValueProblem), ((RAGGED, None, "int32", "pre", "left"), ValueProblem),
    ((RAGGED, None, "int32", "pre", "pre", "x"), ValueProblem), (([["a"]],), ValueProblem),
    (([[[1, 2]], [[1, 2, 3]]],), ShapeError), (([[[1], [2, 3]]],), ValueProblem),
    ((RAGGED, None, "nonsense"), ValueProblem),
])  # fmt: skip
def test_wrong_sequences(arguments, error):
    with pytest.raises(error):
        utils.pad_sequences(*arguments)


@pytest.mark.parametrize(("left", "right", "sizes"), [
    (0.8, None, (8, 2)), (None, 0.3, (7, 3)), (3, None, (3, 7)), (None, 4, (6, 4)), (0.25, None, (2, 8)),
    (0.5, 0.2, (5, 2)), (3, 0.7, (3, 7)),
])  # fmt: skip
def test_split_dataset(left, right, sizes):
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    (x_left, y_left), (x_right, y_right) = utils.split_dataset((x, y), left, right)
    assert y_left.tolist() == list(range(sizes[0]))
    assert y_right.tolist() == list(range(10 - sizes[1], 10))
    assert x_left.tolist() == x[: sizes[0]].tolist()
    assert x_right.tolist() == x[10 - sizes[1] :].tolist()
    (x_left, y_left), (x_right, y_right) = utils.split_dataset([x, y], left, right, shuffle=True, seed=3)
    assert (x_left[:, 0] == 2 * y_left).all()
    assert len({*y_left, *y_right}) == sum(sizes)
    assert y_left.tolist() != list(range(sizes[0]))
    assert utils.split_dataset(y, left, right, shuffle=True, seed=3)[0].tolist() == y_left.tolist()


@pytest.mark.heavy
@pytest.mark.parametrize(("left", "right"), [(0.8, None), (None, 0.25), (0.15, None), (3, 0.5), (0.45, 0.55)])
def test_split_sizes_are_keras(left, right):
    theirs = pytest.importorskip("keras.src.utils.dataset_utils")
    parts = utils.split_dataset(np.arange(10), left, right)
    assert (len(parts[0]), len(parts[1])) == theirs._rescale_dataset_split_sizes(left, right, 10)


@pytest.mark.parametrize("wrong", [
    (np.arange(4),), (np.arange(4), 1.5), (np.arange(4), 0.0), (np.arange(4), 4), (np.arange(4), 0),
    (np.arange(4), 3, 2),
    (np.arange(4), "a"), ((np.arange(4), np.arange(5)), 0.5), ([], 0.5), (["ab"], 0.5), (3, 0.5), (np.arange(1), 0.5),
    (np.arange(4), True),
])  # fmt: skip
def test_wrong_parts(wrong):
    with pytest.raises(ChainruleError):
        utils.split_dataset(*wrong)


# Batches by number


def test_py_dataset_is_what_fit_asks_for():
    class Endless(utils.Sequence):
        def __init__(self):  # without super().__init__(), as in many a program
            self.closed = 0

        @property
        def num_batches(self):
            return None

        def __getitem__(self, index):
            return index

        def on_epoch_end(self):
            self.closed += 1

    data = Endless()
    assert [i for i, _ in zip(data, range(3), strict=False)] == [0, 1, 2]
    assert (data.workers, data.use_multiprocessing, data.max_queue_size) == (1, False, 10)
    data.on_epoch_begin()
    data.on_epoch_end()
    assert data.closed == 1
    assert utils.PyDataset(workers=4, max_queue_size=3).workers == 4
    with pytest.raises(ValueProblem, match="__len__"):
        list(utils.PyDataset())
    with pytest.raises(ValueProblem, match="__getitem__"):
        utils.PyDataset()[0]


def windows(data, targets, length, stride, rate, start, end):
    """Keras's documentation, by loops: windows of data[start:end], each with the target where it begins."""
    end = len(data) if end is None else end
    result = []
    at = start or 0
    while at + (length - 1) * rate < end and (targets is None or at < len(targets)):
        window = [data[at + i * rate] for i in range(length)]
        result.append(window if targets is None else (window, targets[at]))
        at += stride
    return result


@pytest.mark.parametrize("length", [1, 3, 10])
@pytest.mark.parametrize(("stride", "rate"), [(1, 1), (3, 2), (2, 1), (1, 3)])
@pytest.mark.parametrize(("start", "end"), [(None, None), (5, 40), (0, 41)])
@pytest.mark.parametrize("targets", [None, [100 + i for i in range(50)], [100 + i for i in range(20)]])
def test_timeseries_by_loops(length, stride, rate, start, end, targets):
    data = [7 * i % 50 for i in range(50)]
    created = utils.timeseries_dataset_from_array(
        data, targets, length, stride, rate, 4, start_index=start, end_index=end
    )
    expected = windows(data, targets, length, stride, rate, start, end)
    assert len(created) == math.ceil(len(expected) / 4)
    result = []
    for batch in created:
        if targets is None:
            result += batch.tolist()
        else:
            result += zip(batch[0].tolist(), batch[1].tolist(), strict=True)
    assert result == expected


def test_timeseries_as_documented():
    # keras.utils.timeseries_dataset_from_array, example 1: indices 0 to 98
    created = utils.timeseries_dataset_from_array(np.arange(99), None, 10, 3, 2, batch_size=None)
    assert created[0].tolist() == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
    assert created[1].tolist() == [3, 5, 7, 9, 11, 13, 15, 17, 19, 21]
    assert created[len(created) - 1].tolist() == created[-1].tolist() == [78, 80, 82, 84, 86, 88, 90, 92, 94, 96]


def test_timeseries_shuffles_anew_for_each_epoch():
    def orders(seed):
        created = utils.timeseries_dataset_from_array(
            np.arange(30), np.arange(30), 2, batch_size=7, shuffle=True, seed=seed
        )
        epochs = []
        for _ in range(3):
            assert all((x[:, 0] == y).all() for x, y in created)
            epochs.append([int(v) for _, y in created for v in y])
            created.on_epoch_end()
        return epochs

    first = orders(4)
    assert all(sorted(epoch) == list(range(29)) for epoch in first)
    assert first[0] != first[1] != first[2] != first[0]
    assert orders(4) == first
    assert orders(5)[0] != first[0]
    oracle = np.arange(29)
    np.random.RandomState(4).shuffle(oracle)  # Keras's first order
    assert first[0] == oracle.tolist()


@pytest.mark.parametrize("wrong", [
    {"sequence_length": 0}, {"sequence_length": 11}, {"sequence_stride": 0}, {"sampling_rate": -1}, {"batch_size": 0},
    {"start_index": -1}, {"start_index": 5, "end_index": 5}, {"end_index": 11}, {"format": "torch"}, {"targets": []},
    {"seed": -1}, {"seed": 2**32}, {"data": 3}, {"data": ["a"]}, {"data": [[1], [1, 2]]}, {"targets": 5},
    {"start_index": 8, "targets": [1, 2, 3]},
])  # fmt: skip
def test_wrong_series(wrong):
    with pytest.raises(ChainruleError):
        utils.timeseries_dataset_from_array(**{"data": range(10), "targets": None, "sequence_length": 2} | wrong)


def test_batches_end():
    created = utils.timeseries_dataset_from_array(np.arange(5), None, 2, batch_size=3)
    for wrong in (2, -3, slice(1), 0.0):
        with pytest.raises(IndexProblem):
            created[wrong]
    assert created[-1].tolist() == [[3, 4]]
    assert batches.seed_or_random(None) != batches.seed_or_random(None)


# Pictures


def kernel(name, x):
    """The weight at a distance, from the textbooks."""
    x = abs(x)
    if name == "bilinear":
        return max(0.0, 1 - x)
    if name == "bicubic":  # Keys (1981), a = -1/2
        return 1.5 * x**3 - 2.5 * x**2 + 1 if x < 1 else -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0
    radius = int(name[-1])
    if x == 0 or x >= radius:
        return float(x == 0)
    return radius * math.sin(math.pi * x) * math.sin(math.pi * x / radius) / (math.pi * x) ** 2


def resized(row, size, name):
    """A row of numbers, sampled at half-entries."""
    result = []
    for i in range(size):
        at = (i + 0.5) * len(row) / size - 0.5
        weights = [kernel(name, at - j) for j in range(len(row))]
        result.append(sum(w * v for w, v in zip(weights, row, strict=True)) / sum(weights))
    return result


@pytest.mark.parametrize("name", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("size", [(3, 4), (7, 5), (20, 11), (1, 1)])
def test_resize_by_loops(name, size):
    x = np.random.default_rng(0).uniform(0, 255, (7, 5, 2))
    for channel in (0, 1):
        columns = np.array([resized(column, size[0], name) for column in x[..., channel].T.tolist()]).T
        rows = np.array([resized(row, size[1], name) for row in columns.tolist()])
        result = images.resize(x, size, name)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result[..., channel], rows, rtol=1e-4, atol=1e-3)


def test_nearest_by_hand():
    x = np.arange(4.0).reshape(1, 4, 1)
    assert images.resize(x, (2, 2), "nearest")[..., 0].tolist() == [[1, 3], [1, 3]]
    assert images.resize(x, (1, 6), "nearest")[..., 0].tolist() == [[0, 1, 1, 2, 3, 3]]


@pytest.mark.heavy
@pytest.mark.parametrize("interpolation", images.INTERPOLATIONS)
@pytest.mark.parametrize("fit", ["", "crop", "pad"])
@pytest.mark.parametrize("size", [(4, 6), (9, 9), (3, 11)])
def test_resize_is_keras(interpolation, fit, size):
    keras = pytest.importorskip("keras")
    x = np.random.default_rng(0).uniform(0, 255, (8, 13, 3)).astype("float32")
    oracle = keras.ops.image.resize(
        x, size, interpolation, crop_to_aspect_ratio=fit == "crop", pad_to_aspect_ratio=fit == "pad"
    )
    np.testing.assert_allclose(images.resize(x, size, interpolation, fit), np.asarray(oracle), rtol=1e-4, atol=2e-3)


def test_crop_and_pad_keep_proportions():
    x = np.arange(24.0).reshape(4, 6, 1)
    np.testing.assert_array_equal(images.resize(x, (2, 2), "nearest", "crop")[..., 0], [[8, 10], [20, 22]])
    padded_one = images.resize(x + 1, (6, 6), "nearest", "pad")[..., 0]
    np.testing.assert_array_equal(padded_one[[0, 5]], np.zeros((2, 6)))
    np.testing.assert_array_equal(padded_one[1:5], x[..., 0] + 1)


@pytest.fixture
def pil():
    return pytest.importorskip("PIL.Image")


@pytest.mark.parametrize(("ending", "channels"), [("png", 1), ("png", 3), ("png", 4), ("bmp", 3), ("gif", 1)])
def test_pictures_come_back(pil, tmp_path, ending, channels):
    x = np.random.default_rng(0).integers(0, 256, (5, 7, channels), "uint8")
    path = tmp_path / f"a.{ending}"
    utils.save_img(path, x, scale=False)
    mode = {1: "grayscale", 3: "rgb", 4: "rgba"}[channels]
    assert utils.img_to_array(utils.load_img(path, mode), dtype="uint8").tolist() == x.tolist()
    with pil.open(path) as theirs:
        assert np.asarray(theirs.convert(images.MODES[mode])).reshape(x.shape).tolist() == x.tolist()
    back = utils.img_to_array(utils.load_img(io.BytesIO(path.read_bytes()), mode), "channels_first")
    assert back.dtype == np.float32
    assert back.tolist() == x.transpose(2, 0, 1).tolist()
    utils.save_img(str(path), x.transpose(2, 0, 1), "channels_first", scale=False)
    assert utils.img_to_array(utils.load_img(str(path), mode)).tolist() == x.tolist()


def test_jpeg_loses_little_and_transparency(pil, tmp_path):
    x = np.full((16, 16, 3), (200, 100, 50), "uint8")
    for name in ("a.jpg", "a.jpeg", "a.JPG"):
        utils.save_img(tmp_path / name, x, scale=False, quality=95)
        with pil.open(tmp_path / name) as theirs:
            assert theirs.format == "JPEG"
        np.testing.assert_allclose(utils.img_to_array(utils.load_img(tmp_path / name)), x, atol=3)
    into = io.BytesIO()
    with pytest.warns(UserWarning, match="transparency"):
        utils.save_img(into, np.dstack([x, x[..., 0]]), file_format="jpg", scale=False)
    assert utils.load_img(into).mode == "RGB"


@pytest.mark.parametrize("mode", ["grayscale", "rgb", "rgba"])
@pytest.mark.parametrize("kind", ["L", "RGB", "RGBA", "P", "1", "LA", "CMYK", "I;16"])
def test_colour_modes_are_pillows(pil, tmp_path, mode, kind):
    picture = pil.fromarray(np.random.default_rng(0).integers(0, 256, (4, 6, 3), "uint8"))
    deep = pil.fromarray(np.arange(24, dtype="uint16").reshape(4, 6) * 999)
    picture = deep if kind == "I;16" else picture.convert(kind)
    path = tmp_path / ("a.tiff" if kind == "CMYK" else "a.png")
    picture.save(path)
    expected = images.MODES[mode]
    result = utils.load_img(path, mode)
    if kind == "I;16" and mode == "grayscale":
        assert np.asarray(result).max() == 23 * 999  # deep grey stays deep
    else:
        assert result.mode == expected
        with pil.open(path) as saved:
            assert np.asarray(result).tolist() == np.asarray(saved.convert(expected)).tolist()


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"])
def test_target_size_is_pillows(pil, tmp_path, interpolation):
    x = np.random.default_rng(0).integers(0, 256, (12, 20, 3), "uint8")
    pil.fromarray(x).save(tmp_path / "a.png")
    method = pil.Resampling[interpolation.upper()]
    result = utils.load_img(tmp_path / "a.png", target_size=(6, 5), interpolation=interpolation)
    assert np.asarray(result).tolist() == np.asarray(pil.fromarray(x).resize((5, 6), method)).tolist()
    result = utils.load_img(tmp_path / "a.png", "rgb", (6, 6), interpolation, keep_aspect_ratio=True)
    assert (
        np.asarray(result).tolist() == np.asarray(pil.fromarray(x).resize((6, 6), method, box=(4, 0, 16, 12))).tolist()
    )
    assert utils.load_img(tmp_path / "a.png", target_size=(12, 20)).size == (20, 12)


@pytest.mark.heavy
def test_pictures_are_keras(pil, tmp_path):
    theirs = pytest.importorskip("keras").utils
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras names Pillow's modes
        for shape in ((4, 5, 1), (4, 5, 3), (4, 5, 4)):
            for scale in (True, False):
                x = rng.uniform(0, 255, shape)
                assert np.asarray(utils.array_to_img(x, scale=scale)).tolist() == (
                    np.asarray(theirs.array_to_img(x, scale=scale)).tolist()
                )
        deep = rng.uniform(0, 60000, (4, 5, 1))
        assert np.asarray(utils.array_to_img(deep, scale=False)).tolist() == (
            np.asarray(theirs.array_to_img(deep, scale=False)).tolist()
        )
    pil.fromarray(rng.integers(0, 256, (12, 20, 3), "uint8")).save(tmp_path / "a.png")
    for arguments in ({}, {"color_mode": "grayscale"}, {"target_size": (5, 7), "interpolation": "bilinear"},
                      {"target_size": (5, 7), "keep_aspect_ratio": True}):  # fmt: skip
        ours, oracle = (m.load_img(str(tmp_path / "a.png"), **arguments) for m in (utils, theirs))
        np.testing.assert_array_equal(utils.img_to_array(ours), theirs.img_to_array(oracle))


@pytest.mark.parametrize(("call", "error"), [
    (lambda: utils.array_to_img(np.zeros((3, 3))), ShapeError),
    (lambda: utils.array_to_img(np.zeros((3, 3, 2))), ShapeError),
    (lambda: utils.array_to_img(np.zeros((0, 3, 3))), ShapeError),
    (lambda: utils.array_to_img(np.full((1, 1, 3), np.nan)), ValueProblem),
    (lambda: utils.array_to_img(np.full((1, 1, 3), 256.0), scale=False), ValueProblem),
    (lambda: utils.array_to_img(np.full((1, 1, 1), -1.0), scale=False), ValueProblem),
    (lambda: utils.array_to_img(np.full((1, 1, 1), 1e10), scale=False), ValueProblem),
    (lambda: utils.array_to_img([[["a"]]]), DTypeError),
    (lambda: utils.array_to_img(np.zeros((3, 3, 3)), "hwc"), ValueProblem),
    (lambda: utils.img_to_array(np.zeros(3)), ShapeError),
    (lambda: utils.img_to_array(np.zeros((3, 3)), "hwc"), ValueProblem),
    (lambda: utils.load_img("nowhere.png"), ValueProblem), (lambda: utils.load_img(3), ValueProblem),
    (lambda: utils.load_img("a\0b"), ValueProblem), (lambda: utils.load_img(io.BytesIO(b"no picture")), ValueProblem),
    (lambda: utils.load_img("a.png", "bgr"), ValueProblem),
    (lambda: utils.save_img("nowhere/at/all.png", np.zeros((2, 2, 3))), ValueProblem),
    (lambda: utils.save_img("a.nonsense", np.zeros((2, 2, 3))), ValueProblem),
    (lambda: utils.save_img("a", np.zeros((2, 2, 3))), ValueProblem),
    (lambda: utils.save_img(io.BytesIO(), np.zeros((2, 2, 3))), ValueProblem),
    (lambda: utils.save_img("a.png", np.zeros((2, 2))), ShapeError),
])  # fmt: skip
def test_wrong_pictures(pil, tmp_path, monkeypatch, call, error):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error):
        call()
    assert os.listdir(tmp_path) == []


def test_damaged_pictures(pil, tmp_path):
    full = io.BytesIO()
    utils.save_img(full, np.random.default_rng(0).uniform(size=(40, 40, 3)), file_format="png")
    data = full.getvalue()
    for size in (0, 4, 20, 60, len(data) // 2):
        with pytest.raises(ValueProblem):
            utils.load_img(io.BytesIO(data[:size]))
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(ValueProblem, match="interpolation"):
        utils.load_img(path, target_size=(3, 3), interpolation="area")
    for size in ((0, 3), (3,), "ab", (2.5, 3), (True, 3)):
        with pytest.raises(ValueProblem, match="target_size"):
            utils.load_img(path, target_size=size)


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(ValueProblem, match="pip install chainrule\\[images\\]"):
        utils.load_img("a.png")
    assert utils.img_to_array(np.zeros((2, 2))).shape == (2, 2, 1)


# A folder of pictures


@pytest.fixture
def folder(pil, tmp_path):
    """Three classes of 4, 5 and 3 pictures, each of one grey, a nested one, and what does not count."""
    root = tmp_path / "pets"
    grey = 0
    for name, count in (("cats", 4), ("dogs", 5), ("ants", 3)):
        (root / name / "more").mkdir(parents=True)
        for i in range(count):
            grey += 1
            path = root / name / ("more" if i == 1 else "") / f"{chr(101 - i)}{i}.{'PNG' if i == 2 else 'png'}"
            pil.fromarray(np.full((6 + i, 9, 3), grey, "uint8")).save(path)
    (root / ".hidden").mkdir()
    (root / "cats" / "notes.txt").write_text("no picture")
    return root


def greys(made):
    """The colour and label of each picture, in order."""
    return [(int(x[i, 0, 0, 0]), int(np.argmax(y[i]) if y.ndim > 1 and y.shape[1] > 1 else y[i])) for x, y in made
            for i in range(len(x))]  # fmt: skip


def test_folder_in_order(folder, capsys):
    created = utils.image_dataset_from_directory(folder, shuffle=False, batch_size=5, image_size=(4, 3))
    assert capsys.readouterr().out == "Found 12 files belonging to 3 classes.\n"
    assert created.class_names == ["ants", "cats", "dogs"]
    assert len(created) == 3
    names = [str(Path(p).relative_to(folder)) for p in created.file_paths]
    assert names[:3] == ["ants/c2.PNG", "ants/e0.png", "ants/more/d1.png"]
    x, y = created[0]
    assert x.shape == (5, 4, 3, 3)
    assert (x.dtype, y.dtype) == (np.float32, np.int32)
    assert [label for _, label in greys(created)] == [0] * 3 + [1] * 4 + [2] * 5
    assert [grey for grey, _ in greys(created)][:3] == [12, 10, 11]
    assert created[2][0].shape[0] == 2


def test_label_modes_and_formats(folder):
    def make(**arguments):
        fixed = {"shuffle": False, "image_size": 4, "verbose": False, "batch_size": 12}
        return utils.image_dataset_from_directory(folder, **fixed | arguments)

    assert make(label_mode="categorical")[0][1].tolist() == np.repeat(np.eye(3), [3, 4, 5], axis=0).tolist()
    x, y = make(label_mode="binary", class_names=["dogs", "ants"])[0]
    assert y.tolist() == [[0.0]] * 5 + [[1.0]] * 3
    assert y.dtype == np.float32
    for bare in (make(label_mode=None), make(labels=None)):
        assert bare[0].shape == (12, 4, 4, 3)
        assert bare.class_names is None
    passed = make(labels=[3, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2, 2])
    assert passed.class_names == ["0", "1", "2", "3"]
    assert passed[0][1].tolist() == [3, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2, 2]
    assert make(color_mode="grayscale", data_format="channels_first")[0][0].shape == (12, 1, 4, 4)
    assert (make(color_mode="rgba")[0][0][..., 3] == 255).all()
    x, y = make(batch_size=None)[1]
    assert x.shape == (4, 4, 3)
    assert int(y) == 0
    edges = make(pad_to_aspect_ratio=True, image_size=(9, 3))[0][0]
    assert (edges[:, 0] == 0).all()
    assert (edges[:, 4] != 0).all()
    assert (make(crop_to_aspect_ratio=True, image_size=(9, 3))[0][0] != 0).all()


def test_a_split_parts_the_files(folder):
    def make(subset, **arguments):
        return utils.image_dataset_from_directory(
            folder, image_size=4, verbose=False, validation_split=0.3, subset=subset, seed=5, **arguments
        )

    train, valid = make("training"), make("validation")
    assert (len(train.file_paths), len(valid.file_paths)) == (9, 3)
    assert len({*train.file_paths, *valid.file_paths}) == 12
    both = make("both")
    assert [b.file_paths for b in both] == [train.file_paths, valid.file_paths]
    before = greys(both[1])
    both[0].on_epoch_end()
    both[1].on_epoch_end()
    assert greys(both[1]) == before
    assert greys(both[0]) != greys(train)
    assert sorted(greys(both[0])) == sorted(greys(train))


def test_epochs_come_in_orders_of_the_seed(folder):
    def orders(seed):
        created = utils.image_dataset_from_directory(folder, image_size=4, seed=seed, verbose=False)
        result = []
        for _ in range(3):
            result.append(greys(created))
            created.on_epoch_end()
        return result

    first = orders(1)
    assert first == orders(1)
    assert first != orders(2)
    assert first[0] != first[1] != first[2]
    assert len({tuple(sorted(epoch)) for epoch in first}) == 1  # each picture keeps its label


@pytest.mark.heavy
@pytest.mark.parametrize(("labels", "names", "shuffle", "split"), [
    ("inferred", None, True, None), ("inferred", None, False, 0.3), ("inferred", ["dogs", "cats"], True, 0.4),
    (None, None, True, 0.25), ([5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 0], None, True, 0.3),
])  # fmt: skip
def test_listing_and_split_are_keras(folder, labels, names, shuffle, split):
    theirs = pytest.importorskip("keras.src.utils.dataset_utils")
    endings = pytest.importorskip("keras.src.utils.image_dataset_utils").ALLOWLIST_FORMATS
    passed = np.array(labels) if isinstance(labels, list) else labels
    paths, oracle, classes = theirs.index_directory(
        str(folder), list(labels) if isinstance(labels, list) else passed, endings, names, shuffle, 7, False, False
    )
    for subset in ("training", "validation") if split else (None,):
        created = utils.image_dataset_from_directory(
            folder,
            labels,
            class_names=names,
            shuffle=shuffle,
            seed=7,
            validation_split=split,
            subset=subset,
            verbose=False,
        )
        expected = theirs.get_training_or_validation_split(paths, oracle, split, subset)
        assert created.file_paths == [str(Path(p)) for p in expected[0]]
        assert created.class_names == classes
        if labels is None:
            assert created.labels is None
        else:
            assert created.labels.tolist() == list(expected[1])


@pytest.mark.parametrize("wrong", [
    {"directory": "nowhere"}, {"labels": "guessed"}, {"labels": [1, 2]}, {"labels": [0.5] * 12},
    {"label_mode": "one_hot"},
    {"class_names": ["cats", "birds"]}, {"class_names": ["cats", "cats"]}, {"labels": None, "class_names": ["cats"]},
    {"label_mode": "binary"}, {"color_mode": "bgr"}, {"batch_size": 0}, {"image_size": (0, 3)}, {"image_size": "4"},
    {"validation_split": 0.2}, {"subset": "training"}, {"validation_split": 1.5, "subset": "both", "seed": 1},
    {"validation_split": 0.2, "subset": "both"}, {"validation_split": 0.01, "subset": "validation", "seed": 1},
    {"interpolation": "area"}, {"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, {"data_format": "first"},
    {"format": "torch"}, {"seed": -1}, {"labels": [9] * 11 + [-1], "label_mode": "categorical"},
], ids=str)  # fmt: skip
def test_wrong_folders(folder, wrong):
    with pytest.raises(ChainruleError):
        utils.image_dataset_from_directory(**{"directory": folder, "verbose": False} | wrong)


def test_a_damaged_picture_is_named(folder, tmp_path):
    (folder / "cats" / "broken.png").write_bytes(b"\x89PNG")
    created = utils.image_dataset_from_directory(folder, shuffle=False, verbose=False)
    with pytest.raises(ValueProblem, match="broken"):
        created[0]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueProblem, match="no images"):
        utils.image_dataset_from_directory(tmp_path / "empty", verbose=False)


# Files from the network


def left(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_get_file_keeps_what_it_fetched(served, tmp_path):
    url = served(b"hello", "words.txt")
    for digest in (None, hashlib.sha256(b"hello").hexdigest(), hashlib.md5(b"hello").hexdigest().upper()):
        path = utils.get_file(origin=url, file_hash=digest, cache_dir=tmp_path)
        assert path == str(tmp_path / "datasets" / "words.txt")
        assert Path(path).read_bytes() == b"hello"
    served(b"other", "words.txt")
    assert Path(utils.get_file(origin=url, cache_dir=tmp_path)).read_bytes() == b"hello"
    digest = hashlib.sha256(b"other").hexdigest()
    assert Path(utils.get_file(origin=url, cache_dir=tmp_path, file_hash=digest)).read_bytes() == b"other"
    served(b"third", "words.txt")
    assert Path(utils.get_file(origin=url, cache_dir=tmp_path, force_download=True)).read_bytes() == b"third"
    assert left(tmp_path) == ["words.txt"]
    old = utils.get_file(
        "b", url, md5_hash=hashlib.md5(b"third").hexdigest(), cache_subdir="s", cache_dir=str(tmp_path)
    )
    assert old == str(tmp_path / "s" / "b")


def test_get_file_by_default_where_datasets_look(served, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert utils.get_file(origin=served(b"x", "a")) == str(tmp_path / ".chainrule" / "datasets" / "a")


def test_get_file_refuses_another_hash(served, tmp_path):
    url = served(b"hello")
    for digest in ("0" * 64, "0" * 32):
        with pytest.raises(ValueProblem, match="checksum"):
            utils.get_file(origin=url, file_hash=digest, cache_dir=tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize("wrong", [
    {"origin": None}, {"origin": ""}, {"fname": "../a"}, {"fname": "a/b"}, {"fname": ""}, {"fname": ".."},
    {"fname": "/a"},
    {"origin": "http://127.0.0.1:9/"}, {"file_hash": "abc"}, {"hash_algorithm": "sha1"}, {"origin": "ftp://a/b"},
    {"hash_algorithm": "md5", "file_hash": "0" * 64},
])  # fmt: skip
def test_get_file_refuses(served, tmp_path, wrong):
    with pytest.raises(ValueProblem):
        utils.get_file(**{"origin": served(b"x"), "cache_dir": tmp_path} | wrong)
    assert left(tmp_path) == []


CONTENTS = {"top.txt": b"1", "deep/er/b.txt": b"22"}


def packed(kind, extra=()):
    """An archive of CONTENTS, and of what is given besides."""
    data = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("deep/", b"")
            for name, body in {**CONTENTS, **dict(extra)}.items():
                archive.writestr(name, body)
    else:
        with tarfile.open(fileobj=data, mode=f"w:{kind}") as archive:
            for name, body in {**CONTENTS, **dict(extra)}.items():
                info = tarfile.TarInfo(name)
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))
    return data.getvalue()


@pytest.mark.parametrize("kind", ["zip", "gz", "bz2", ""])
@pytest.mark.parametrize("fname", [None, "set", "set.tgz"])
def test_get_file_unpacks(served, tmp_path, kind, fname):
    url = served(packed(kind), "archive")
    path = Path(utils.get_file(fname, url, extract=True, cache_dir=tmp_path))
    assert path.name == {None: "archive", "set": "set", "set.tgz": "set_extracted"}[fname]
    assert {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()} == CONTENTS
    (path / "mine.txt").write_text("kept, since nothing new was fetched")
    utils.get_file(fname, url, extract=True, cache_dir=tmp_path)
    assert (path / "mine.txt").exists()
    utils.get_file(fname, url, extract=True, cache_dir=tmp_path, force_download=True)
    assert not (path / "mine.txt").exists()
    assert not any("part" in name for name in os.listdir(path.parent))


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "..\\out.txt", "C:/out.txt"])
@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_get_file_lets_nothing_out(served, tmp_path, kind, name):
    url = served(packed(kind, [(name, b"x")]), "archive")
    with pytest.raises(ValueProblem, match="leads outside"):
        utils.get_file("set", url, extract=True, cache_dir=tmp_path / "in")
    assert left(tmp_path) == ["set_archive"]


def test_get_file_makes_no_links(served, tmp_path):
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(link)
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    for name, body in (("t", data), ("z", other)):
        with pytest.raises(ValueProblem, match="not a plain file"):
            utils.get_file(name, served(body.getvalue(), name), extract=True, cache_dir=tmp_path)


def test_damaged_archives_leave_nothing(served, tmp_path):
    for kind in ("zip", "gz"):
        full = packed(kind, [("big", np.random.default_rng(0).bytes(5000))])
        spoilt = full[:2500] + b"xxxx" + full[2504:]
        for body in (b"no archive", full[:3000], spoilt):
            with pytest.raises(ValueProblem):
                utils.get_file("set", served(body, "a"), extract=True, cache_dir=tmp_path, force_download=True)
            assert left(tmp_path) == ["set_archive"]
            assert not (tmp_path / "datasets" / "set").exists()
    with pytest.raises(ValueProblem, match="not an archive"):
        utils.get_file("set", served(packed("zip"), "a"), untar=True, cache_dir=tmp_path, force_download=True)
    with pytest.raises(ValueProblem, match="archive_format"):
        utils.get_file("set", served(packed("zip"), "a"), extract=True, archive_format="rar", cache_dir=tmp_path)


def test_every_public_name_is_documented():
    for name in utils.__all__:
        doc = inspect.getdoc(getattr(utils, name))
        assert doc
        assert ">>>" in doc or "::" in doc
    assert json.dumps(sorted(utils.__all__)) == json.dumps(utils.__all__)
