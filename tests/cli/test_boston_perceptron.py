"""Boston housing and the perceptron, against published facts, `numpy.linalg.lstsq` and descent in five lines."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from boston_cases import descended, small
from chainrule.cli.lessons.perceptron import Houses, Perceptron, least_squares, split
from chainrule.cli.lessons.threshold import CORNERS, GATES, threshold_rule, two_groups
from chainrule.core.errors import ValueProblem
from chainrule.datasets.boston import COLUMNS, load

# ---- the data


def test_published_facts():
    table = load()
    assert table.columns == COLUMNS
    assert table.x.shape == (506, 13)
    assert table.y.shape == (506,)
    assert table.x.dtype == table.y.dtype == np.float64
    assert_array_equal(table.x[0], [0.00632, 18, 2.31, 0, 0.538, 6.575, 65.2, 4.09, 1, 296, 15.3, 396.9, 4.98])
    assert_array_equal(table.x[-1], [0.04741, 0, 11.93, 0, 0.573, 6.03, 80.8, 2.505, 1, 273, 21, 396.9, 7.88])
    assert_array_equal(table.y[[0, 1, 2, -1]], [24, 21.6, 34.7, 11.9])
    # the means that pandas' describe() prints in every tutorial
    means = [
        3.613524, 11.363636, 11.136779, 0.069170, 0.554695, 6.284634, 68.574901, 3.795043, 9.549407, 408.237154,
        18.455534, 356.674032, 12.653063,
    ]  # fmt: skip
    assert_allclose(table.x.mean(axis=0), means, atol=5e-7)
    assert_allclose(table.y.mean(), 22.532806, atol=5e-7)
    assert_allclose([table.y.std(ddof=1), table.y.min(), table.y.max()], [9.197104, 5, 50], atol=5e-7)
    chas, rad = table.x[:, COLUMNS.index("CHAS")], table.x[:, COLUMNS.index("RAD")]
    assert (chas == 1).sum() == 35
    assert set(chas) == {0, 1}
    assert set(rad) == {1, 2, 3, 4, 5, 6, 7, 8, 24}
    assert (table.y == 50).sum() == 16
    correlation = [np.corrcoef(table.x[:, COLUMNS.index(c)], table.y)[0, 1] for c in ("LSTAT", "RM", "PTRATIO")]
    assert_allclose(correlation, [-0.737663, 0.695360, -0.507787], atol=5e-7)


def test_columns_are_taken_by_name():
    table, some = load(), load(["RM", "LSTAT", "CRIM"])
    assert some.columns == ("RM", "LSTAT", "CRIM")
    assert_array_equal(some.x, table.x[:, [5, 12, 0]])
    assert_array_equal(some.y, table.y)
    with pytest.raises(ValueProblem, match="RMS"):
        load(["RMS"])


def test_a_file_of_ones_own(tmp_path):
    path = small(tmp_path / "a.csv", 3, lambda t: [[*row[::-1], "x" if i == 0 else "9"] for i, row in enumerate(t)])
    assert_array_equal(load(None, path).x, load().x[:2])
    assert_array_equal(load(["x", "RM"], path).x, [[9, 6.575], [9, 6.421]])


# ---- the perceptron


def test_the_split_parts_and_scales():
    table = load()
    first, rest = split(table.x, table.y, seed=0)
    assert (len(first.y), len(rest.y)) == (404, 102)
    assert_array_equal(np.sort(np.r_[first.y, rest.y]), np.sort(table.y))
    assert_allclose(first.x.mean(axis=0), 0, atol=1e-12)
    assert_allclose(first.x.std(axis=0), 1, rtol=1e-12)
    assert np.abs(rest.x.mean(axis=0)).max() > 1e-3, "the test part is scaled by the training part's numbers"
    again, other = split(table.x, table.y, seed=0)[0], split(table.x, table.y, seed=1)[0]
    assert_array_equal(again.y, first.y)
    assert (other.y != first.y).any()
    constant = split(np.ones((10, 1)), np.arange(10.0), seed=0)[0]
    assert_array_equal(constant.x, 0)


PUBLISHED = [
    -0.108011358, 0.0464204584, 0.0205586264, 2.68673382, -17.7666112, 3.80986521, 0.00069222464, -1.47556685,
    0.306049479, -0.0123345939, -0.952747232, 0.00931168327, -0.524758378,
]  # fmt: skip


def test_least_squares_is_the_published_one():
    """scikit-learn's documentation: LinearRegression on all 506 houses; intercept 36.459488, R² 0.7406427."""
    table = load()
    houses, _ = split(table.x, table.y, seed=0, share=1.0)
    model = least_squares(houses)
    *w, b = model.weights()
    assert_allclose(w / table.x.std(axis=0), PUBLISHED, rtol=1e-7)
    assert_allclose(b - w @ (table.x.mean(axis=0) / table.x.std(axis=0)), 36.459488385, rtol=1e-9)
    measured = model.measure(houses)
    assert_allclose([measured.mse, measured.rss, measured.r2], [21.894831, 11078.784578, 0.740642664], rtol=1e-7)


@pytest.mark.parametrize("columns", [("RM", "LSTAT"), COLUMNS], ids=["two", "thirteen"])
def test_descent_reaches_least_squares(columns):
    table = load(columns)
    houses, _ = split(table.x, table.y, seed=0)
    model = Perceptron(len(columns))
    epochs = list(model.fit(houses, len(houses.y), 0.1, 5000, seed=0))
    inputs = np.c_[houses.x, np.ones(404)]
    exact = np.linalg.lstsq(inputs, houses.y, rcond=None)[0]
    # it stops at a gradient below 1e-9: so far from the minimum by the least curvature, and by the rounding of the sums
    curvature, eps = np.linalg.eigvalsh(2 * inputs.T @ inputs / 404), np.finfo(float).eps
    rounding = 404 * eps * curvature[-1] / curvature[0] * np.abs(exact).max()
    assert np.linalg.norm(model.weights() - exact) <= 1e-9 * np.sqrt(len(exact)) / curvature[0] + rounding
    assert epochs == list(range(1, len(epochs) + 1))
    assert model.updates == len(epochs) == len(model.costs) - 1 < 5000
    assert (np.diff(model.costs) <= 2 * 404 * eps * model.costs[0]).all(), "the cost falls at each step"


def test_each_update_is_that_of_the_book():
    table = load(["RM", "LSTAT"])
    houses, _ = split(table.x, table.y, seed=3)
    model = Perceptron(2)
    list(model.fit(houses, 404, 0.1, 3, seed=3))
    assert_allclose(model.weights(), descended(*houses, 0.1, 3), rtol=1e-12)
    same = Houses(np.tile(houses.x[:1], (7, 1)), np.tile(houses.y[:1], 7))  # equal houses: their order does not matter
    for size in (1, 3, 6):
        model = Perceptron(2)
        list(model.fit(same, size, 0.01, 4, seed=0))
        batches = [slice(i, i + size) for i in range(0, 7, size)]
        assert model.updates == 4 * len(batches)
        assert_allclose(model.weights(), descended(*same, 0.01, 4, batches), rtol=1e-12)


def test_an_epoch_visits_each_house_once(monkeypatch):
    table = load(["RM"])
    houses = split(table.x[:29], table.y[:29], seed=0, share=1.0)[0]
    seen = []
    update = Perceptron._update
    monkeypatch.setattr(
        Perceptron, "_update", lambda self, x, y, rate: seen.append(y.numpy()) or update(self, x, y, rate)
    )
    list(Perceptron(1).fit(houses, 8, 0.01, 2, seed=0))
    assert [len(y) for y in seen] == [8, 8, 8, 5] * 2
    first, second = np.concatenate(seen[:4]), np.concatenate(seen[4:])
    assert_array_equal(np.sort(first), np.sort(houses.y))
    assert_array_equal(np.sort(second), np.sort(houses.y))
    assert (first != second).any(), "each epoch has an order of its own"


# ---- the step activation


@pytest.mark.usefixtures("here")
def test_step_learns_what_a_line_separates(typed):
    t = typed("train", "boston", "--activation", "step")
    assert (t.status, t.err) == (0, "")
    for name, points, targets in (
        ("AND", CORNERS, GATES["AND"]),
        ("OR", CORNERS, GATES["OR"]),
        ("two groups", *two_groups(0)),
    ):
        result = re.search(
            rf"^{name} +learnt in (\d+) epochs, all {len(targets)} right: w = \[(\S+), (\S+)\], b = (\S+)$", t.out, re.M
        )
        epochs, *w, b = map(float, result.groups())
        assert 1 <= epochs <= 100
        assert_array_equal((points @ w + b >= 0).astype(int), targets)
    assert re.search(r"^XOR +NOT LEARNT: still [1-4] errors in epoch 100; [0-3] of 4 right", t.out, re.M)
    assert "learnt in" not in t.out.split("XOR")[1]


@pytest.mark.parametrize("seed", range(5))
def test_two_groups_are_separable(seed):
    points, targets = two_groups(seed)
    w, b, _, errors = threshold_rule(points, targets)
    assert errors == 0
    assert_array_equal((points @ w + b >= 0).astype(int), targets)


def test_no_line_gets_xor_right():
    """The last line printed for it is one of many; the best of them has three right, none four."""
    _, _, epochs, errors = threshold_rule(CORNERS, GATES["XOR"], epochs=500)
    assert epochs == 500
    assert errors > 0


def test_the_rule_is_rosenblatts():
    """AND from (0, 0, 0), with y = 1 at 0: the textbook's passes by hand."""
    w, b, epochs, errors = threshold_rule(CORNERS, GATES["AND"], epochs=1)
    v, c = np.zeros(2), 0.0
    for row, target in zip(CORNERS, GATES["AND"], strict=True):
        wrong = target - (row @ v + c >= 0)
        v, c = v + wrong * row, c + wrong
    assert (w.tolist(), b, epochs) == (v.tolist(), c, 1)
    assert errors > 0
