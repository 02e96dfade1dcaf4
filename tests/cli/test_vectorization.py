"""`vectorization`: four ways, one gradient."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chainrule.datasets.boston import load
from cli_cases import process, teaches

pytestmark = pytest.mark.usefixtures("here")


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
