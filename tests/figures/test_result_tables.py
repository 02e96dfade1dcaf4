"""Results as tables for pandas."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from small_models import network


def test_a_table_for_pandas():
    pd = pytest.importorskip("pandas")
    x = cr.Variable([1.0, 2.0], name="x")
    table = cr.explain(ops.sum(x * x)).to_pandas()
    assert isinstance(table, pd.DataFrame)
    assert list(table["input"]) == ["u", "x", "x"]
    assert table["downstream"].sum() == 1 + 2 * 2


def test_a_table_for_everything():
    e = network()[0].explain(*network()[1:])
    assert list(e.number("out/bias", 2).to_pandas().columns) == ["of", "through", "arithmetic", "number"]
    assert cr.look([[1.0, 2.0]]).to_pandas()["value"].tolist() == [1.0, 2.0]
    assert set(cr.regions(np.eye(6), (0.5, 0.5, 4.5, 4.5)).to_pandas()["way"]) == {"pool", "warp", "align"}
