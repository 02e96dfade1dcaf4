"""Tables in CSV files: broken ones refused, columns turned into numbers."""

import numpy as np
import pytest

from chainrule.core.errors import ValueProblem
from chainrule.utils.table import Encoder, read_csv


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 rows"),
        ("a,b\n", "1 rows"),
        ("a,a\n1,2\n", "'a' twice"),
        ("a,\n1,2\n", "without a name"),
        ("a,b\n1,2\n3\n", "1 cells on line 3"),
        ('a,b\n"1,2\n', "line"),
    ],
)
def test_broken_tables(tmp_path, text, words):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueProblem, match=words):
        read_csv(tmp_path / "t.csv")


def test_columns_become_numbers():
    table = {"n": ["1", "3", "", "5"], "w": ["x", "", "y", "x"], "c": ["2", "2", "2", "2"]}
    created = Encoder.fit(table, ["n", "w", "c"])
    x = created.encode(table)
    mean, deviation = 3.0, np.sqrt(8 / 3)
    np.testing.assert_allclose(x[:, 0], [(v - mean) / deviation for v in (1, 3, 3, 5)], rtol=1e-6)
    assert x[:, 1:].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]], "the words '', 'x', 'y'"
    assert created.width == 4
    new = created.encode({"n": ["3", "NA"], "w": ["z", "y"]})
    assert new.tolist() == [[0, 0, 0, 0], [0, 0, 0, 1]], "a word never seen is none of them"
    with pytest.raises(ValueProblem, match="'oops' in column 'n', row 2"):
        created.encode({"n": ["3", "oops"], "w": ["x", "x"]})
    with pytest.raises(ValueProblem, match="without the column 'w'"):
        created.encode({"n": ["3"]})
