"""Data sets that are shipped or generated, and splits: against scikit-learn, Keras and published figures."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from chainrule import datasets
from chainrule.core.errors import ValueProblem
from chainrule.datasets import blobs, boston, boston_housing, digits, iris, spirals, two_moons
from datasets_cases import sha, together

pytestmark = pytest.mark.usefixtures("alone")


# Shipped


def test_iris_is_fishers():
    x, y = together(iris.load_data())
    assert np.bincount(y).tolist() == [50, 50, 50]
    # the summary in UCI's iris.names, but for the two flowers that its figures have wrong: min, max, mean
    assert x.min(axis=0).tolist() == [4.3, 2.0, 1.0, 0.1]
    assert x.max(axis=0).tolist() == [7.9, 4.4, 6.9, 2.5]
    np.testing.assert_allclose(x.mean(axis=0), [5.843333, 3.057333, 3.758, 1.199333], atol=1e-6)


def test_digits_count_as_published():
    x, y = together(digits.load_data())
    assert x.shape == (1797, 8, 8)
    assert x.dtype == y.dtype == np.uint8
    # optdigits.names, the test set's class distribution
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (x.min(), x.max()) == (0, 16)


@pytest.mark.parametrize("name", ["iris", "digits"])
def test_shipped_sets_are_scikit_learns(name):
    oracle = getattr(pytest.importorskip("sklearn.datasets"), f"load_{name}")()
    x, y = together(datasets.load(name, test_split=0.25, seed=3))
    rows = sorted((*row.ravel().tolist(), int(label)) for row, label in zip(x, y, strict=True))
    assert rows == sorted(
        (*row.ravel().tolist(), int(label)) for row, label in zip(oracle.data, oracle.target, strict=True)
    )


@pytest.mark.parametrize("name", datasets.names())
def test_every_set_says_whose_it_is(name):
    existing = getattr(datasets, name).DATASET
    assert existing.name == name
    assert all(existing[:5])
    assert all(len(digest) == 64 and int(digest, 16) >= 0 for digest in existing.sha256s.values())
    text = datasets.describe(name)
    assert existing.licence in text
    assert all(digest in text for digest in existing.sha256s.values())
    for remote in getattr(getattr(datasets, name), "REMOTES", ()):
        assert len(remote.sha256) == 64


@pytest.mark.parametrize("module", [iris, digits, boston_housing])
def test_shipped_files_have_their_checksums(module):
    folder = Path(datasets.__file__).parent
    for name, digest in module.DATASET.sha256s.items():
        shipped = folder / name
        data = shipped.read_bytes() if shipped.exists() else gzip.decompress(Path(f"{shipped}.gz").read_bytes())
        assert sha(data) == digest


@pytest.mark.parametrize("call", [datasets.load, datasets.describe, datasets.download])
def test_unknown_names(call):
    with pytest.raises(ValueProblem, match="mnist"):
        call("irs")
    with pytest.raises(ValueProblem, match="needs no download"):
        datasets.download("boston_housing")


# Splits


def test_split_is_stratified_fixed_and_whole():
    x = np.arange(23).reshape(-1, 1)
    y = np.array([0] * 10 + [2] * 5 + [7] * 8)
    (x_train, y_train), (x_test, y_test) = datasets.split.stratified(x, y, 0.3, seed=4)
    assert sorted([*x_train[:, 0], *x_test[:, 0]]) == list(range(23))
    assert [(y_test == c).sum() for c in (0, 2, 7)] == [3, 2, 2]  # round(3.0), round(1.5), round(2.4)
    assert (y[x_train[:, 0]] == y_train).all()
    assert (y[x_test[:, 0]] == y_test).all()
    again = datasets.split.stratified(x, y, 0.3, seed=4)
    assert (again[0][0] == x_train).all()
    assert not (datasets.split.stratified(x, y, 0.3, seed=5)[0][0] == x_train).all()
    assert datasets.split.stratified(x, y, 0, seed=5)[1][0].shape == (0, 1)


@pytest.mark.parametrize("name", ["iris", "digits", "two_moons", "spirals", "blobs", "boston_housing"])
@pytest.mark.parametrize("wrong", [{"test_split": 1}, {"test_split": -0.1}, {"test_split": float("nan")},
                                   {"test_split": "a"}, {"seed": -1}, {"seed": 1.5}, {"seed": None}])  # fmt: skip
def test_wrong_splits(name, wrong):
    with pytest.raises(ValueProblem):
        datasets.load(name, **wrong)


def test_boston_splits_as_published():
    # the first rows that Keras's users see; printed in many a tutorial on it
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    assert x_train.shape == (404, 13)
    assert x_test.shape == (102, 13)
    assert x_train[0].tolist() == [1.23247, 0, 8.14, 0, 0.538, 6.142, 91.7, 3.9769, 4, 307, 21, 396.9, 18.72]
    assert x_test[0].tolist() == [18.0846, 0, 18.1, 0, 0.679, 6.434, 100, 1.8347, 24, 666, 20.2, 27.25, 29.05]
    assert y_train[:3].tolist() == [15.2, 42.3, 50.0]
    assert y_test[0] == 7.2


@pytest.mark.heavy
@pytest.mark.parametrize(("test_split", "seed"), [(0.2, 113), (0.0, 0), (0.37, 5)])
def test_boston_splits_as_keras(monkeypatch, tmp_path, test_split, seed):
    theirs = pytest.importorskip("keras.src.datasets.boston_housing")
    table = boston.load()
    path = tmp_path / "b.npz"
    np.savez(path, x=table.x, y=table.y)
    monkeypatch.setattr(theirs, "get_file", lambda *_, **__: path)
    expected = theirs.load_data(test_split=test_split, seed=seed)
    for arguments in ({}, {"path": path}):
        result = boston_housing.load_data(test_split=test_split, seed=seed, **arguments)
        for ours, oracle in zip(sum(result, ()), sum(expected, ()), strict=True):
            np.testing.assert_array_equal(ours, oracle)


def test_boston_from_a_file(tmp_path):
    path = tmp_path / "b.npz"
    np.savez(path, x=np.arange(12.0).reshape(6, 2), y=np.arange(6.0))
    (x, y), _ = boston_housing.load_data(path, test_split=0)
    assert (x[:, 0] == 2 * y).all()
    np.savez(path, x=np.arange(12.0), y=np.arange(6.0))
    with pytest.raises(ValueProblem, match="shape"):
        boston_housing.load_data(path)
    with pytest.raises(ValueProblem):
        boston_housing.load_data(tmp_path / "none.csv")
    with pytest.raises(ValueProblem):
        boston_housing.load_data(seed=2**32)


# Made


def test_two_moons_lie_on_their_circles():
    x, y = together(two_moons.load_data(501, noise=0))
    assert np.bincount(y).tolist() == [251, 250]
    for label, centre, sign in ((0, (0, 0), 1), (1, (1, 0.5), -1)):
        away = x[y == label] - centre
        np.testing.assert_allclose((away**2).sum(axis=1), 1)
        assert (sign * away[:, 1] >= 0).all()


def test_spirals_wind_as_documented():
    x, y = together(spirals.load_data(300, arms=3, turns=2, noise=0))
    radius = np.hypot(x[:, 0], x[:, 1])
    assert radius.max() <= 1
    turned = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - 2 * radius - y / 3
    np.testing.assert_allclose(turned, np.round(turned), atol=1e-9)


def test_blobs_spread_as_documented():
    x, y = together(blobs.load_data(30000, centers=2, features=3, spread=0.5, seed=1))
    for label in (0, 1):
        np.testing.assert_allclose(x[y == label].std(axis=0), 0.5, rtol=0.03)
    assert (np.abs(x) < 13).all()


def test_noise_has_its_size():
    quiet, loud = (together(two_moons.load_data(20000, noise=s, seed=2))[0] for s in (0, 0.3))
    np.testing.assert_allclose((loud - quiet).std(axis=0), 0.3, rtol=0.03)


@pytest.mark.parametrize("name", ["two_moons", "spirals", "blobs"])
def test_made_sets_are_the_same_each_time(name):
    for ours, again in zip(sum(datasets.load(name), ()), sum(datasets.load(name), ()), strict=True):
        np.testing.assert_array_equal(ours, again)
    assert not np.array_equal(datasets.load(name)[0][0], datasets.load(name, seed=1)[0][0])


@pytest.mark.parametrize(("name", "wrong"), [
    ("two_moons", {"n": 1}), ("two_moons", {"n": 2.5}), ("two_moons", {"noise": -1}), ("two_moons", {"noise": "a"}),
    ("spirals", {"arms": 0}), ("spirals", {"n": 1}), ("spirals", {"turns": float("inf")}),
    ("blobs", {"centers": 0}), ("blobs", {"n": 2}), ("blobs", {"features": 0}), ("blobs", {"spread": float("nan")}),
])  # fmt: skip
def test_wrong_figures(name, wrong):
    with pytest.raises(ValueProblem):
        datasets.load(name, **wrong)


@pytest.mark.parametrize("name", ["boston_housing", "iris", "digits", "two_moons", "spirals", "blobs"])
def test_shapes_are_as_described(name):
    described = getattr(datasets, name).DATASET.shape
    (x_train, _), (x_test, _) = datasets.load(name)
    assert described.startswith(f"x {x_train.shape} and {x_test.shape} {x_train.dtype}")
