"""Helpers about arrays and batches: against Keras and loops; arguments and documentation of all helpers."""

import inspect
import json
import math

import numpy as np
import pytest

import chainrule as cr
from chainrule import utils
from chainrule.core.errors import ChainruleError, IndexProblem, ShapeError, ValueProblem
from chainrule.utils import batches

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
            batches = list(created)
            assert all((x[:, 0] == y).all() for x, y in batches)
            epochs.append([int(v) for _, y in batches for v in y])
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


def test_every_public_name_is_documented():
    for name in utils.__all__:
        doc = inspect.getdoc(getattr(utils, name))
        assert doc
        assert ">>>" in doc or "::" in doc
    assert json.dumps(sorted(utils.__all__)) == json.dumps(utils.__all__)
