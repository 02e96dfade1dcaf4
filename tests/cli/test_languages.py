"""Commands and their help in Korean: no English sentence is left in what they print."""

import re

import pytest

import chainrule as cr
from chainrule.cli import COMMANDS
from chainrule.draw.locale import translator
from chainrule.draw.text import display_width

pytestmark = pytest.mark.usefixtures("here", "korean")
ENGLISH = [
    re.compile(".+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", sentence)))
    for sentence in translator("ko").sentences
    if len(re.findall("[A-Za-z]{2,}", re.sub(r"\{[^}]*\}", "", sentence))) > 2
]


@pytest.fixture
def korean(monkeypatch):
    monkeypatch.setenv("CHAINRULE_LANGUAGE", "ko")
    yield
    cr.set_language(None)


def english_in(text):
    one_line = " ".join(text.split())
    return [pattern.pattern for pattern in ENGLISH if pattern.search(one_line)]


@pytest.mark.parametrize(
    "argv",
    [
        ["slope", "a**3", "a=2"],
        ["slope", "sigmoid(a)*b", "a=2", "b=3"],
        ["vectorization", "-m", "5", "--repeats", "1"],
        ["train", "boston", "--columns", "RM", "--epochs", "2", "--explain", "--plot", "p.svg"],
        ["train", "boston", "--activation", "step"],
        ["train", "digits", "--model", "mlp", "--examples", "60", "--epochs", "1"],
        ["bench", "perceptron", "--seconds", "0.001", "--engine", "numpy"],
    ],
    ids=lambda argv: " ".join(argv[:2]),
)
def test_what_commands_print(typed, argv):
    t = typed(*argv)
    assert (t.status, t.err) == (0, "")
    assert re.search("[가-힣]", t.out)
    assert english_in(t.out) == []


def test_a_table(typed, tmp_path):
    rows = [f"{k},{'red' if k % 2 else ''},{k % 7},{3 * k + 1}" for k in range(60)]
    (tmp_path / "t.csv").write_text("a,colour,c,y\n" + "\n".join(rows) + "\n")
    t = typed("train", str(tmp_path / "t.csv"), "--target", "y", "--epochs", "2")
    assert t.status == 0, t
    assert "행 60개: 학습용 48개, 시험용 12개" in t.out
    assert "회귀" in t.out
    assert english_in(t.out) == []


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help(typed, monkeypatch, command, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    t = typed(*([command] if command else []), "--help")
    assert t.status == 0
    assert t.out.startswith("사용법: chainrule")
    assert english_in(t.out) == []
    about = COMMANDS[command] if command else COMMANDS["slope"]
    assert "".join(translator("ko")(about).split()) in "".join(t.out.split())  # whole, however it is wrapped
    for line in t.out.split("\n\n", 1)[1].splitlines():  # after the usage, which argparse wraps
        if re.search("[가-힣]", line):
            assert display_width(line) <= columns


def test_the_language_of_one_command(typed, monkeypatch):
    assert "slope by the nudge" in typed("slope", "a**3", "a=2", "--language", "en").out
    assert "기울기" in typed("slope", "a**3", "a=2").out
    t = typed("slope", "a**3", "a=2", "--language", "xx")
    assert (t.status, t.out) == (2, "")
    assert "one of en, ko" in t.err
    monkeypatch.setenv("CHAINRULE_LANGUAGE", "xx")
    assert "one of en, ko" in typed("vectorization", "-m", "5").err
    assert typed("--help").out.startswith("usage: ")
