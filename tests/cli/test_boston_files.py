"""`train boston` with files of one's own, whole and wrong; nothing is left half-written."""

import os
import re

import pytest

from boston_cases import SHIPPED, learn, small
from cli_cases import teaches

pytestmark = pytest.mark.usefixtures("here")


# ---- files, whole and wrong


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
def test_a_picture_that_cannot_be_drawn_is_reported_first(typed, tmp_path, path):
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
