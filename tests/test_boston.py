"""Boston housing: the data's published facts, the perceptron against NumPy, and what `train` and `vectorization` print.

Oracles: the figures as scikit-learn and pandas printed them for twenty years, `numpy.linalg.lstsq`, gradient descent
written here in five lines, and the calculator of `test_cli`.
"""

import csv
import io
import math
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as xml
from importlib.resources import files

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from chainrule.cli.lessons import boston
from chainrule.cli.lessons.perceptron import Houses, Perceptron, least_squares, split
from chainrule.cli.lessons.threshold import CORNERS, GATES, threshold_rule, two_groups
from chainrule.core.errors import ValueProblem
from chainrule.datasets.boston import COLUMNS, load
from chainrule.draw.curves import Line, Panel, svg
from test_cli import process, sums_are_true, teaches

SHIPPED = files("chainrule.datasets").joinpath("boston.csv").read_text()
TABLE = [row for row in csv.reader(io.StringIO(SHIPPED)) if row]
NUMBER = r"(-?\d+\.\d+|nan)"


@pytest.fixture
def typed(typed, tmp_path, monkeypatch):
    """Type a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return typed


def learn(typed, *argv, columns="RM", epochs=1):
    """The shortest run there is, without a picture unless one is asked for."""
    return typed("train", "boston", "--columns", columns, "--epochs", str(epochs), "--plot", "", *argv)


def small(path, rows=13, change=lambda table: table, text=lambda t: t):
    """The first rows as a file of one's own, changed."""
    table = change([list(row) for row in TABLE[:rows]])
    path.write_bytes(text("\n".join(",".join(row) for row in table) + "\n").encode())
    return str(path)


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
    exact = np.linalg.lstsq(np.c_[houses.x, np.ones(404)], houses.y, rcond=None)[0]
    assert np.abs(model.weights() - exact).max() / np.abs(exact).max() <= 1e-6
    assert epochs == list(range(1, len(epochs) + 1))
    assert model.updates == len(epochs) == len(model.costs) - 1 < 5000
    assert (np.diff(model.costs) <= 1e-9).all(), "the cost falls at each step"


def descended(x, y, rate, epochs, batches=None):
    """Gradient descent by hand; the weights and, last, the bias."""
    x, w = np.c_[x, np.ones(len(y))], np.zeros(x.shape[1] + 1)
    for _ in range(epochs):
        for chosen in batches or [slice(None)]:
            w = w - rate * 2 * x[chosen].T @ (x[chosen] @ w - y[chosen]) / len(y[chosen])
    return w


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


# ---- train


def method_rows(out):
    """By method: what follows its name in the table."""
    result = re.findall(r"^(full-batch|stochastic|mini-batch|least squares)  +(?=[\d ])(.*)$", out, re.M)
    return {name: cells for name, cells in result if "R²" not in cells}


def measures(cells):
    """train MSE, RSS, R², test MSE, RSS, R²: also where two columns touch."""
    return [float(n) for n in re.findall(r"-?\d+\.\d{4}|-?\d+\.\d(?!\d)|nan", cells.split("s  ", 1)[-1])]


def weight_rows(out):
    """By column: the weights of each method, least squares last."""
    lines = out.split("\nweights ")[1].splitlines()
    return {
        line.split()[0]: [float(n) for n in line.split()[1:]]
        for line in lines[1 : lines.index("", 1)]
        if "=" not in line
    }


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """One real run on the two columns, in a process of its own, that the tests below read."""
    folder = tmp_path_factory.mktemp("boston")
    t = process(
        "train",
        "boston",
        "--columns",
        "RM,LSTAT",
        "--epochs",
        "3",
        "--explain",
        "--batch",
        "50",
        "--plot",
        "a b.svg",
        cwd=folder,
    )
    assert (t.status, t.err) == (0, "")
    return t.out, folder


def test_the_table_is_true(printed):
    """The printed weights, on the same split, give the printed MSE, RSS and R²."""
    out, _ = printed
    table = load(["RM", "LSTAT"])
    parts = split(table.x, table.y, seed=0)
    rows, weights = method_rows(out), np.array(list(weight_rows(out).values()))
    assert list(rows) == ["full-batch", "stochastic", "mini-batch", "least squares"]
    assert list(weight_rows(out)) == ["RM", "LSTAT", "b"]
    for (name, cells), w in zip(rows.items(), weights.T, strict=True):
        shown = measures(cells)
        for part, (mse, rss, r2) in zip(parts, (shown[:3], shown[3:]), strict=True):
            residual = part.x @ w[:-1] + w[-1] - part.y
            assert_allclose(mse, np.mean(residual**2), atol=1e-3, err_msg=name)
            assert_allclose(rss, residual @ residual, atol=0.3, err_msg=name)
            assert_allclose(
                r2, 1 - residual @ residual / ((part.y - part.y.mean()) ** 2).sum(), atol=1e-4, err_msg=name
            )
    assert_allclose(weights[:, 0], descended(*parts[0], 0.1, 3), atol=1e-6)
    exact = np.linalg.lstsq(np.c_[parts[0].x, np.ones(404)], parts[0].y, rcond=None)[0]
    assert_allclose(weights[:, 3], exact, atol=1e-6)
    for name, w in zip(rows, weights.T[:3], strict=False):
        gap = float(re.search(rf"{name}: max\|w - w\*\| / max\|w\*\| = (\S+)", out)[1])
        assert_allclose(gap, np.abs(w - exact).max() / np.abs(exact).max(), rtol=0.1)


def test_updates_are_counted(printed):
    rows = method_rows(printed[0])
    counts = {
        name: [int(n.replace(",", "")) for n in cells.split()[:2]] for name, cells in rows.items() if "s " in cells
    }
    assert counts == {"full-batch": [404, 3], "stochastic": [1, 3 * 404], "mini-batch": [50, 3 * math.ceil(404 / 50)]}
    for cells in rows.values():
        assert "s " not in cells or re.search(r"\d+\.\d\ds ", cells), "the time"


def test_columns_of_the_table_stand_apart(printed):
    """A negative R² beside a large RSS is still a number of its own."""
    for name, cells in method_rows(printed[0]).items():
        assert len(cells.split()) == (6 if name == "least squares" else 9), cells


def test_loss_and_cost_are_true(printed):
    out, _ = printed
    predicted, actual, loss = map(
        float, re.search(rf"loss, of one house: \(predicted {NUMBER} - actual {NUMBER}\)\^2 = {NUMBER}", out).groups()
    )
    assert_allclose((predicted - actual) ** 2, loss, rtol=1e-3)
    rss, n, mse = map(float, re.search(rf"RSS / n = {NUMBER} / (\d+) = {NUMBER}", out).groups())
    assert_allclose(rss / n, mse, rtol=1e-5)
    assert_allclose(mse, measures(method_rows(out)["full-batch"])[0], atol=1e-4)


def test_one_update_is_explained(printed):
    """Every sum in it is true, and the update follows from the gradients."""
    explained = printed[0].split("== one update")[1]
    assert sums_are_true(explained) >= 6
    gradients = re.search(r"dJ/dw = \[(.*?)\]\n +dJ/db = (\S+)", explained)
    slopes = [*map(float, gradients[1].split(",")), float(gradients[2])]
    updates = re.findall(r"^  (\w+) +(\S+) - (\S+) × \((\S+)\) = (\S+)$", explained, re.M)
    assert [u[0] for u in updates] == ["RM", "LSTAT", "b"]
    for (_, old, rate, slope, new), expected in zip(updates, slopes, strict=True):
        assert_allclose(float(slope), expected, rtol=1e-4)
        assert_allclose(float(old) - float(rate) * float(slope), float(new), rtol=1e-4)


def test_no_line_of_pythons_own_is_named(printed):
    assert "<frozen" not in printed[0]


def test_the_curves(printed):
    """Well-formed, one polyline a method, inside the frame, with nothing that runs or is fetched."""
    out, folder = printed
    assert out.rstrip().endswith("curves drawn in a b.svg")
    assert [p.name for p in folder.iterdir()] == ["a b.svg"]
    text = (folder / "a b.svg").read_text(encoding="utf-8")
    root = xml.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert root.find(f"{space}title") is not None
    names = [line.find(f"{space}title").text for line in root.iter(f"{space}polyline")]
    assert names == ["full-batch (404)", "stochastic (1)", "mini-batch (50)"]
    frame = {k: float(v) for k, v in root.find(f".//{space}rect").attrib.items() if k != "class"}
    for line in root.iter(f"{space}polyline"):
        points = [tuple(map(float, p.split(","))) for p in line.get("points").split()]
        assert len(set(points)) == 4, "before the first epoch and after each"
        assert points == sorted(points)
        for x, y in points:
            assert frame["x"] - 0.1 <= x <= frame["x"] + frame["width"] + 0.1
            assert frame["y"] - 0.1 <= y <= frame["y"] + frame["height"] + 0.1
        assert [y for _, y in points] == sorted(y for _, y in points), "down the page the cost falls"
    tags = {element.tag.removeprefix(space) for element in root.iter()}
    assert not tags & {"script", "foreignObject", "image", "use", "a", "iframe", "animate", "set"}
    assert not [k for element in root.iter() for k in element.attrib if k.startswith("on") or "href" in k]
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "url(" not in text


def test_the_same_seed_gives_the_same_run(typed, tmp_path):
    """But for the times."""
    timeless = lambda t: re.sub(r"\d+\.\d\d ?s\b", "", t.out)
    own = small(tmp_path / "own.csv")
    first, second, other = (learn(typed, "--csv", own, "--seed", seed) for seed in ("7", "7", "8"))
    assert timeless(first) == timeless(second) != timeless(other)
    for seed in ("-1", "9" * 25):
        assert learn(typed, "--csv", own, "--seed", seed).status == 0


def test_both_groups_of_columns_by_default(typed, tmp_path):
    t = typed("train", "boston", "--epochs", "1", "--plot", "x.svg")
    assert t.status == 0
    assert re.findall(r"^== a perceptron on (.*?):", t.out, re.M) == ["RM and LSTAT", "all 13 columns"]
    assert list(weight_rows(t.out.split("\n==")[2])) == [*COLUMNS, "b"]
    assert (tmp_path / "x.svg").read_text().count("<polyline") == 6


def test_convergence_is_said(typed, tmp_path):
    """Full-batch on a few houses: it stops when nothing is left to follow, at least squares."""
    t = learn(typed, "--csv", small(tmp_path / "a.csv", 9), epochs=300)
    epochs = int(re.search(r"full-batch: converged after (\d+) epochs", t.out)[1])
    assert epochs < 300
    assert float(re.search(r"full-batch: max\|w - w\*\| / max\|w\*\| = (\S+)", t.out)[1]) <= 1e-6
    full, *_, exact = np.array(list(weight_rows(t.out).values())).T
    assert_allclose(full, exact, atol=2e-6)


def test_descent_that_runs_away_is_said(typed, tmp_path):
    """Sixty columns of one kind make rate 0.1 too large: a word about it, no page of digits, no warning from inside."""

    def wide(table):
        return [[*([f"C{k}" for k in range(60)] if i == 0 else row[5:6] * 60), row[13]] for i, row in enumerate(table)]

    path = small(tmp_path / "a.csv", 9, wide)
    t = learn(typed, "--csv", path, columns=",".join(f"C{k}" for k in range(60)), epochs=200)
    assert re.search("diverg|too large|run away|ran away", t.out + t.err)
    assert max(map(len, t.out.splitlines())) < 200


@pytest.mark.parametrize("batch", ["1", "4", "9", "10", "9" * 20])
def test_batches_of_any_size(typed, tmp_path, batch):
    t = learn(typed, "--batch", batch, "--csv", small(tmp_path / "own.csv"))  # nine to learn from
    assert t.status == 0
    size = min(int(batch), 9)
    assert method_rows(t.out)["mini-batch"].split()[:2] == [str(size), str(math.ceil(9 / size))]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--batch", "0"], "--batch"),
        (["--batch", "-3"], "--batch"),
        (["--epochs", "0"], "--epochs"),
        (["--epochs", "-1"], "--epochs"),
        (["--columns", ","], "column"),
        (["--columns", "RM,RM"], "RM"),
        (["--columns", "rm"], "'rm'"),
        (["--columns", "MEDV"], "'MEDV'"),
        (["--columns", "RM LSTAT"], "RM"),
        (["--columns", "RM;LSTAT"], "RM"),
        (["--columns", "../../etc/passwd"], "passwd"),
        (["--csv", ""], "''"),
        (["--csv", "nosuch.csv"], "nosuch.csv"),
        (["--csv", "."], "."),
    ],
    ids=str,
)
def test_bad_options(typed, tmp_path, option, words):
    teaches(learn(typed, *option), "train", words)
    assert list(tmp_path.iterdir()) == []


def nothing(table):
    return table


def cell(value, row=3, place=5):
    return lambda table: [
        [value if (i, j) == (row, place) else c for j, c in enumerate(r)] for i, r in enumerate(table)
    ]


GOOD_FILES = {
    "byte order mark": (nothing, lambda t: "\ufeff" + t),
    "Windows lines": (nothing, lambda t: t.replace("\n", "\r\n")),
    "old Mac lines": (nothing, lambda t: t.replace("\n", "\r")),
    "no last line end": (nothing, str.strip),
    "empty lines at the end": (nothing, lambda t: t + "\n\n\n"),
    "quoted": (lambda table: [[f'"{c}"' for c in row] for row in table], str),
    "spaces": (lambda table: [[f" {c} " for c in row] for row in table], str),
    "extra columns": (lambda table: [[*row, "EXTRA" if i == 0 else "9"] for i, row in enumerate(table)], str),
    "another order": (lambda table: [row[::-1] for row in table], str),
    "a bad entry elsewhere": (cell("abc", place=0), str),
}


@pytest.mark.parametrize("name", GOOD_FILES)
def test_good_files(typed, tmp_path, name):
    """The same figures in another dress give the same run."""
    timeless = lambda t: re.sub(r"\d+\.\d\d ?s\b", "", t.out)
    change, text = GOOD_FILES[name]
    plain = learn(typed, "--csv", small(tmp_path / "plain.csv"))
    t = learn(typed, "--csv", small(tmp_path / "other.csv", 13, change, text))
    assert t.status == 0, t.err
    assert timeless(t) == timeless(plain)


BAD_FILES = {
    "empty": (nothing, lambda t: "", "RM, MEDV"),
    "blank": (nothing, lambda t: "\n\n\n", "RM, MEDV"),
    "header only": (lambda table: table[:1], str, "row"),
    "no header": (lambda table: table[1:], str, "RM, MEDV"),
    "without MEDV": (lambda table: [row[:-1] for row in table], str, "MEDV"),
    "without RM": (lambda table: [row[:5] + row[6:] for row in table], str, "RM"),
    "small letters": (lambda table: [[c.lower() for c in row] for row in table], str, "RM"),
    "semicolons": (nothing, lambda t: t.replace(",", ";"), "RM"),
    "tabs": (nothing, lambda t: t.replace(",", "\t"), "RM"),
    "text": (cell("abc"), str, "'abc' in column RM, line 4"),
    "nan": (cell("nan"), str, "'nan' in column RM, line 4"),
    "inf": (cell("inf"), str, "'inf' in column RM, line 4"),
    "too large": (cell("1e999"), str, "'1e999' in column RM, line 4"),
    "nothing": (cell(""), str, "'' in column RM, line 4"),
    "NA": (cell("NA"), str, "'NA' in column RM, line 4"),
    "decimal comma": (cell('"6,575"'), str, "'6,575' in column RM, line 4"),
    "bad target": (cell("?", place=13), str, "'?' in column MEDV, line 4"),
    "NUL": (cell("6\x005"), str, "line 4"),
    "short row": (lambda table: [*table[:4], ["0.1", "2"], *table[4:]], str, "column RM, line 5"),
    "a column twice": (lambda table: [[*row, "RM" if i == 0 else "99"] for i, row in enumerate(table)], str, "RM"),
    "open quote": (cell('"6.5'), str, "line 4"),
    "endless cell": (cell("1" * 200_000), str, "line 4"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(typed, tmp_path, name):
    """What is wrong, in which column and line."""
    change, text, words = BAD_FILES[name]
    teaches(learn(typed, "--csv", small(tmp_path / "own.csv", 13, change, text)), "train", words)


@pytest.mark.parametrize("name", ["empty", "header only", "without MEDV", "text", "short row"])
def test_the_file_is_named(typed, tmp_path, name):
    """Where it is, and the option to mend it with as it is typed."""
    change, text, _ = BAD_FILES[name]
    t = learn(typed, "--csv", small(tmp_path / "own.csv", 13, change, text))
    assert "own.csv" in t.err
    assert "others with columns" not in t.err, "it is --columns here"


@pytest.mark.parametrize(
    "content", [bytes(range(256)), SHIPPED.encode("utf-16"), "CRÏM,RM,MEDV\n1,2,3\n".encode("latin-1")]
)
def test_files_that_are_no_text(typed, tmp_path, content):
    (tmp_path / "own.csv").write_bytes(content)
    t = learn(typed, "--csv", "own.csv")
    teaches(t, "train", "own.csv")
    assert "check the path" not in t.err, "the path is right; the encoding is not"


def test_a_line_is_counted_as_an_editor_counts(typed, tmp_path):
    """A quoted cell may hold a line end."""
    change = lambda table: [[*row, "NOTE" if i == 0 else '"two\nlines"'] for i, row in enumerate(cell("abc")(table))]
    teaches(learn(typed, "--csv", small(tmp_path / "own.csv", 13, change)), "train", "line 6")


@pytest.mark.parametrize(
    ("rows", "change"),
    [
        (2, nothing),
        (3, nothing),
        (13, lambda table: [[*row[:5], "RM" if i == 0 else "7", *row[6:]] for i, row in enumerate(table)]),
        (13, lambda table: [[*row[:13], "MEDV" if i == 0 else "7"] for i, row in enumerate(table)]),
        (13, lambda table: [[*row[:13], "MEDV" if i == 0 else row[13] + "e200"] for i, row in enumerate(table)]),
        (13, lambda table: [[*row[:5], "RM" if i == 0 else row[5] + "e200", *row[6:]] for i, row in enumerate(table)]),
    ],
    ids=["one house", "two houses", "constant column", "constant price", "vast prices", "vast column"],
)
def test_odd_figures(typed, tmp_path, rows, change):
    """Learnt, or refused in words."""
    t = learn(typed, "--csv", small(tmp_path / "own.csv", rows, change))
    if t.status != 0:
        teaches(t, "train")
    assert max(map(len, t.out.splitlines()), default=0) < 200, "no page of digits"


# ---- nothing half-written


@pytest.mark.parametrize("path", ["nodir/x.svg", "folder", ".", "x" * 300 + ".svg"])
def test_a_picture_that_cannot_be_drawn_is_said_first(typed, tmp_path, path):
    """Before minutes of learning, not after."""
    (tmp_path / "folder").mkdir()
    t = learn(typed, "--plot", path)
    teaches(t, "train", "--plot")
    assert [p.name for p in tmp_path.rglob("*")] == ["folder"]


def test_a_failing_disk_leaves_nothing(typed, tmp_path, monkeypatch):
    (tmp_path / "x.svg").write_text("the old one")
    own = small(tmp_path / "own.csv")

    def fails(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    t = learn(typed, "--csv", own, "--plot", "x.svg")
    assert t.status == 2
    assert t.err.startswith("chainrule train: Got --plot x.svg")
    assert "To mend it" in t.err
    assert "weights" in t.out, "what was learnt is still shown"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["own.csv", "x.svg"]
    assert (tmp_path / "x.svg").read_text() == "the old one"


def test_a_failing_picture_leaves_nothing(typed, tmp_path, monkeypatch):
    """Whatever goes wrong while it is drawn, an interrupt too."""
    import chainrule.draw.curves as curves

    own = small(tmp_path / "own.csv")

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(curves, "svg", interrupted)
    assert learn(typed, "--csv", own, "--plot", "x.svg").status == 130
    assert [p.name for p in tmp_path.iterdir()] == ["own.csv"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_only_files_are_replaced(typed, tmp_path):
    """A device such as /dev/null, here a pipe, is not replaced by a file; what a link points to is written."""
    own = small(tmp_path / "own.csv")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK)
    try:
        learn(typed, "--csv", own, "--plot", "pipe")
        assert (tmp_path / "pipe").is_fifo()
    finally:
        os.close(reader)
    (tmp_path / "true.svg").write_text("old")
    (tmp_path / "link.svg").symlink_to("true.svg")
    assert learn(typed, "--csv", own, "--plot", "link.svg").status == 0
    assert (tmp_path / "link.svg").is_symlink()
    assert (tmp_path / "true.svg").read_text().startswith("<svg")


# ---- interrupted


def test_an_interrupt_shows_what_there_is(typed, tmp_path, monkeypatch):
    """130; the table so far, and the weights of that moment."""
    show = boston.Progress.show

    def stop(self, epoch, cost):
        if (self.name, epoch) == ("stochastic", 2):
            raise KeyboardInterrupt
        show(self, epoch, cost)

    monkeypatch.setattr(boston.Progress, "show", stop)
    t = learn(typed, "--csv", small(tmp_path / "own.csv"), "--plot", "x.svg", epochs=5)
    assert t.status == 130
    assert "stochastic: interrupted after 2 epochs" in t.out
    assert list(method_rows(t.out)) == ["full-batch", "stochastic", "least squares"]
    assert "Traceback" not in t.err
    assert xml.parse(tmp_path / "x.svg")
    weights = weight_rows(t.out)
    assert list(weights) == ["RM", "b"]
    assert [len(row) for row in weights.values()] == [3, 3]


def test_an_interrupt_between_two_methods(typed, tmp_path, monkeypatch):
    """Ctrl-C asks nobody when it comes: what the first method learnt is not lost."""
    created = []
    first = Perceptron.__init__

    def stop(self, columns):
        created.append(self)
        if len(created) == 3:  # least squares, full-batch, stochastic
            raise KeyboardInterrupt
        first(self, columns)

    monkeypatch.setattr(Perceptron, "__init__", stop)
    t = learn(typed, "--csv", small(tmp_path / "own.csv"))
    assert t.status == 130
    assert "full-batch" in method_rows(t.out)


def test_an_interrupt_before_the_first_epoch(typed, tmp_path, monkeypatch):
    def stop(self, houses):
        raise KeyboardInterrupt

    monkeypatch.setattr(Perceptron, "measure", stop)
    t = learn(typed, "--csv", small(tmp_path / "own.csv"))
    assert t.status == 130
    assert "Traceback" not in t.err


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_control_c(tmp_path):
    """A real one, in a real process, read through a pipe."""
    command = [
        sys.executable,
        "-m",
        "chainrule",
        "train",
        "boston",
        "--columns",
        "RM",
        "--epochs",
        "8",
        "--plot",
        "x.svg",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", cwd=tmp_path
    ) as running:
        out = ""
        for line in running.stdout:
            out += line
            if line.startswith("stochastic: epoch"):
                running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 130
        assert "Traceback" not in running.stderr.read()
    assert "interrupted" in out
    assert "mini-batch" not in out
    assert "full-batch" in method_rows(out)
    assert [p.name for p in tmp_path.iterdir()] in ([], ["x.svg"])
    assert list(weight_rows(out)) == ["RM", "b"]


# ---- the progress line


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_progress_fits_the_terminal(monkeypatch, columns):
    """A line that rewrites itself must not wrap, or each rewriting leaves a line behind."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", Terminal())
    bar = boston.Progress("full-batch", 5000)
    for epoch in (1, 2500, 4999):
        bar.last = -math.inf
        bar.show(epoch, 377.8981)
    bar.done(5000, 377.8981, False)
    shown = sys.stdout.getvalue()
    assert "2500/5000" in shown or columns < 40
    assert max(map(len, re.findall(r"([^\r\n]*)\r", shown))) <= columns


def test_progress_elsewhere_is_a_few_lines(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    bar = boston.Progress("full-batch", 1000)
    for epoch in range(1, 1001):
        bar.show(epoch, 1.0)
    bar.done(1000, 1.0, False)
    lines = sys.stdout.getvalue().splitlines()
    assert len(lines) == 4
    assert [re.search(r"(\d+)/1000", line)[1] for line in lines[:3]] == ["250", "500", "750"]
    assert "\r" not in sys.stdout.getvalue()


# ---- the step activation


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


# ---- vectorization


def vector_rows(out):
    """By number of examples, by way: cost, dw[0], db as printed."""
    result = {}
    for block in re.split(r"\n(?=\d+ examples)", out)[1:]:
        rows = re.findall(r"^  (two loops|one loop|no loop|vectorize) +(\S+) +(\S+) +(\S+) +\S+ ms", block, re.M)
        result[int(block.split()[0])] = {way: numbers for way, *numbers in rows}
    return result


def test_four_ways_one_gradient(typed):
    """Equal to the last digit shown; for all 506 houses also to NumPy's, written here."""
    t = typed("vectorization", "-m", "2", "37", "506", "--repeats", "1")
    assert (t.status, t.err) == (0, "")
    rows = vector_rows(t.out)
    assert list(rows) == [2, 37, 506]
    for ways in rows.values():
        assert list(ways) == ["two loops", "one loop", "no loop", "vectorize"]
        assert len({tuple(numbers) for numbers in ways.values()}) == 1, ways
    table = load()
    x = (table.x - table.x.mean(axis=0)) / table.x.std(axis=0)
    t = table.y > np.sort(table.y)[253]
    a = 1 / (1 + np.exp(-(x @ (0.01 * np.arange(1, 14)) + 0.1)))
    oracle = [-np.mean(np.where(t, np.log(a), np.log(1 - a))), np.mean((a - t) * x[:, 0]), np.mean(a - t)]
    assert_allclose([float(n) for n in rows[506]["no loop"]], oracle, atol=2e-12)


@pytest.mark.parametrize(
    "option",
    [
        ["-m", "1"],
        ["-m", "0"],
        ["-m=-5"],
        ["-m", "507"],
        ["-m", "50", "507"],
        ["-m", "9" * 20],
        ["--repeats", "0"],
        ["--repeats", "-1"],
    ],
    ids=" ".join,
)
def test_bad_sizes(typed, option):
    teaches(typed("vectorization", *option), "vectorization", option[0][:2])


@pytest.mark.slow
def test_a_real_vectorization():
    assert process("vectorization").status == 0


# ---- the picture alone


def polylines(text):
    return [e.get("points").split() for e in xml.fromstring(text).iter("{http://www.w3.org/2000/svg}polyline")]


@pytest.mark.parametrize(
    "ys",
    [
        [1.0], [2.0, 1.0], [5.0, 5.0, 5.0], [0.0, 0.0], [-1.0, 1.0], [1e-12, 3e-12], [1e-300, 1e300],
        [1e308, 1.7e308], [0, 5e-324], [1.0, math.inf, 2.0], [math.nan, 1.0], [math.nan], [math.inf], [],
        [-1e308, 1e308], [1e-12, 0.0, -1e-12], [1e15, 1e15 + 1],
    ],
    ids=str,
)  # fmt: skip
def test_any_curve_can_be_drawn(ys):
    text = svg([Panel("p", "x", "y", [Line("a", range(len(ys)), ys)])], "t")
    assert "nan" not in re.sub("<t.*?</t.*?>", "", text)
    assert "inf" not in re.sub("<t.*?</t.*?>", "", text)
    assert sum(len(set(points)) for points in polylines(text)) == len([y for y in ys if math.isfinite(y)])
    for points in polylines(text):
        for x, y in (map(float, p.split(",")) for p in points):
            assert 61 <= x <= 445
            assert 29 <= y <= 275


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "a & b",
        "\"'",
        "A\x01B",
        "\x1b[31m",
        "𝛼",
        "]]>",
        "",
    ],
)
def test_any_name_can_be_drawn(name):
    """Names come from a file's header: whatever they hold, the picture stays well-formed."""
    text = svg([Panel(name, name, name, [Line(name, [0, 1], [2.0, 1.0])])], name)
    text.encode("utf-8")
    assert len(polylines(text)) == 1
    assert "<script" not in text


def test_ticks_are_told_apart():
    """Each label of an axis stands once, also where values are tiny or close together."""
    for ys in ([-1e-12, 1e-12], [0.0, 3e-11], [-1.0, 1.0], [1000000.0, 1000001.0], [-1000000.0, -1000001.0]):
        text = svg([Panel("p", "x", "y", [Line("a", [0, 1], ys)])], "t")
        labels = re.findall(r'text-anchor="end">(.*?)</text>', text)
        assert len(labels) == len(set(labels)) >= 2, (ys, labels)


def test_long_curves_are_thinned_with_their_ends():
    text = svg([Panel("p", "x", "y", [Line("a", range(100_000), [1.0 + 1 / (i + 1) for i in range(100_000)])])], "t")
    (points,) = polylines(text)
    assert len(points) < 1000
    assert points[0].startswith("62.0,")
    assert points[-1].startswith("444.0,")


def test_each_point_is_drawn_once():
    """Also the last, whether or not thinning keeps it."""
    for n in (2, 599, 600, 601, 1201):
        (points,) = polylines(svg([Panel("p", "x", "y", [Line("a", range(n), range(1, n + 1))])], "t"))
        assert len(points) == len(set(points)), n


def test_two_panels_stand_side_by_side():
    panel = Panel("p", "x", "y", [Line("a", [0, 1], [2.0, 1.0]), Line("b", [0, 1], [3.0, 1.0])])
    root = xml.fromstring(svg([panel, panel], "t"))
    assert len(root.findall("{http://www.w3.org/2000/svg}g")) == 2
    assert float(root.get("width")) == 2 * float(xml.fromstring(svg([panel], "t")).get("width"))
