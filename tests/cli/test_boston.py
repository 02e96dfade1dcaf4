"""`train boston`: its tables, sums and curves are true, by the calculator of `cli_cases`; options that are wrong."""

import math
import re
import xml.etree.ElementTree as xml

import numpy as np
import pytest
from numpy.testing import assert_allclose

from boston_cases import NUMBER, descended, learn, method_rows, small, weight_rows
from chainrule.cli.lessons.perceptron import split
from chainrule.datasets.boston import COLUMNS, load
from cli_cases import process, sums_are_true, teaches

pytestmark = pytest.mark.usefixtures("here")


def measures(cells):
    """train MSE, RSS, R², test MSE, RSS, R²: also where two columns touch."""
    return [float(n) for n in re.findall(r"-?\d+\.\d{4}|-?\d+\.\d(?!\d)|nan", cells.split("s  ", 1)[-1])]


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


def test_convergence_is_reported(typed, tmp_path):
    """Full-batch on a few houses: it stops when nothing is left to follow, at least squares."""
    t = learn(typed, "--csv", small(tmp_path / "a.csv", 9), epochs=300)
    epochs = int(re.search(r"full-batch: converged after (\d+) epochs", t.out)[1])
    assert epochs < 300
    assert float(re.search(r"full-batch: max\|w - w\*\| / max\|w\*\| = (\S+)", t.out)[1]) <= 1e-6
    full, *_, exact = np.array(list(weight_rows(t.out).values())).T
    assert_allclose(full, exact, atol=2e-6)


def test_diverging_descent_is_reported(typed, tmp_path):
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
