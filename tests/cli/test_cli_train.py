"""`train` on images and on tables of one's own, `predict`, `summary`, as they are typed."""

import csv
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.saving import load_model
from chainrule.utils.table import read_csv

NAMES = ["id", "size", "colour", "rooms", "same", "price"]


def houses(path, rows=200, separator=","):
    """A price made of a size, a colour and a number of rooms; every 20th size is missing."""
    r = np.random.default_rng(1)
    lines = [separator.join(NAMES)]
    for i in range(rows):
        size, colour, rooms = r.normal(50, 10), r.choice(["red", "green"]), r.integers(1, 6)
        price = 2 * size + 30 * (colour == "red") + 3 * rooms
        cells = [f"h{i}", "" if i % 20 == 7 else f"{size:.3f}", colour, str(rooms), "7", f"{price:.3f}"]
        lines.append(separator.join(cells))
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_a_table_for_regression(typed, here):
    path = houses(here / "t.csv")
    t = typed("train", path, "--target", "price", "--epochs", "60")
    assert t.status == 0, t.err
    for words in (
        "200 rows, 160 to train on, 40 to test on",
        "id: left out, 160 different words",
        "size: numbers from",
        "missing: filled with the median",
        "colour: 2 words ('",
        "same: left out, always 7",
        "task: regression: price holds numbers",
        "model saved in chainrule-t.chainrule",
        "curves drawn in chainrule-t.svg",
    ):
        assert words in t.out, words
    assert float(re.search(r"R² ([\d.]+)", t.out)[1]) > 0.8
    ET.parse(here / "chainrule-t.svg")

    t = typed("predict", "chainrule-t.chainrule", path)
    rows = list(csv.reader(io.StringIO(t.out)))
    assert t.status == 0
    assert rows[0] == ["price"]
    result = np.array([float(r[0]) for r in rows[1:]])
    true = np.array([float(v) for v in read_csv(path)["price"]])
    assert len(result) == 200
    assert np.corrcoef(result, true)[0, 1] > 0.9, "in the target's own units"
    assert abs(result.mean() - true.mean()) < 10

    t = typed("predict", "chainrule-t.chainrule", path, "--out", "p.csv")
    assert "200 rows written to p.csv" in t.out
    assert (here / "p.csv").read_text().count("\n") == 201


def test_a_table_for_classification(typed, here):
    path = houses(here / "t.csv", separator=";")
    t = typed("train", path, "--target", "colour", "--epochs", "3", "--plot", "", "--out", "c.chainrule")
    assert t.status == 0, t.err
    assert "task: classification: colour holds words" in t.out
    assert "true \\ predicted" in t.out
    assert not list(here.glob("*.svg"))
    rows = list(csv.reader(io.StringIO(typed("predict", "c.chainrule", path).out)))
    assert rows[0] == ["colour", "probability"]
    assert {r[0] for r in rows[1:]} <= {"red", "green"}
    assert all(0 <= float(r[1]) <= 1 for r in rows[1:])
    full = typed("train", path, "--target", "rooms", "--epochs", "1", "--plot", "")
    assert "classification: rooms holds 5 different whole numbers" in full.out
    chosen = typed("train", path, "--target", "rooms", "--task", "regression", "--epochs", "1", "--plot", "")
    assert "regression: rooms holds 5 different whole numbers (chosen by --task)" in chosen.out


@pytest.mark.parametrize("kind", ["mlp", "cnn", "inception"])
def test_images(typed, here, kind):
    t = typed("train", "digits", "--model", kind, "--epochs", "1", "--examples", "200", "--seed", "3")
    assert t.status == 0, t.err
    assert "200 images of 8×8×1 to train on" in t.out
    assert "accuracy on the test images" in t.out
    assert load_model(f"chainrule-digits-{kind}.chainrule").name == kind
    t = typed("summary", f"chainrule-digits-{kind}.chainrule", "--plot", "m.svg")
    assert t.status == 0
    assert "one example forward" in t.out
    assert "drawn in m.svg" in t.out
    ET.parse(here / "m.svg")


def test_the_same_seed_trains_the_same_model(typed, here):
    for name in ("a", "b"):
        out = ["--out", f"{name}.chainrule", "--plot", ""]
        assert typed("train", "digits", "--model", "mlp", "--epochs", "1", "--examples", "100", *out).status == 0
    a, b = (load_model(f"{n}.chainrule").get_weights() for n in ("a", "b"))
    assert all((x == y).all() for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["train", "nosuch"], "the data set 'nosuch'"),
        (["train", "t.csv"], "no --target"),
        (["train", "t.csv", "--target", "prices"], "--target prices"),
        (["train", "none.csv", "--target", "x"], "none.csv"),
        (["train", "t.csv", "--target", "colour", "--task", "regression"], "which holds words"),
        (["train", "t.csv", "--target", "id"], "classes in 'id'"),
        (["train", "t.csv", "--target", "price", "--epochs", "0"], "--epochs=0"),
        (["train", "t.csv", "--target", "price", "--out", "x.h5"], "ends in .chainrule"),
        (["train", "t.csv", "--target", "price", "--out", "no/x.chainrule"], "in a folder that does not exist"),
        (["train", "digits", "--model", "lenet", "--epochs", "1"], "LeNet-5"),
        (["train", "digits", "--seed", "-1"], "seed=-1"),
        (["predict", "none.chainrule", "t.csv"], "none.chainrule"),
        (["predict", "t.csv", "t.csv"], "ends in .chainrule"),
        (["predict", "m.chainrule", "t.txt"], "ends in .csv or .npy"),
        (["predict", "m.chainrule", "t.csv"], "a table of numbers"),
        (["predict", "m.chainrule", "bad.npy"], "an array in an .npy file"),
        (["summary", "t.csv"], "ends in .chainrule"),
    ],
)
def test_what_cannot_be_done_is_reported(typed, here, argv, words):
    houses(here / "t.csv", rows=40)
    (here / "bad.npy").write_bytes(b"no array")
    cr.Sequential([layers.Input((2,)), layers.Dense(1)]).save("m.chainrule")
    t = typed(*argv)
    assert t.status == 2
    assert words in t.err
    assert "To mend it" in t.err
    assert "Traceback" not in t.err


def test_an_array_is_predicted(typed, here):
    model = cr.Sequential([layers.Input((2,)), layers.Dense(3)])
    model.save("m.chainrule")
    x = np.arange(8.0, dtype="float32").reshape(4, 2)
    np.save("x.npy", x)
    rows = list(csv.reader(io.StringIO(typed("predict", "m.chainrule", "x.npy").out)))
    assert rows[0] == ["output_0", "output_1", "output_2"]
    np.testing.assert_allclose(np.array(rows[1:], float), model.predict(x, verbose=0), rtol=1e-4)
