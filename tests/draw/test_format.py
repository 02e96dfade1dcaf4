"""Numbers as text."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.draw.format import format_number


def test_a_narrow_float_in_its_own_digits():
    pytest.importorskip("ml_dtypes")
    w = cr.Variable([0.1, 1 / 3, 65280.0], name="w", dtype="bfloat16")
    texts = [format_number(w.numpy()[i]) for i in range(3)]
    assert texts[:2] == ["0.1", "0.334"]
    for text, value in zip(texts, w.numpy(), strict=True):
        assert np.asarray(float(text)).astype(w.dtype) == value
    assert "0.1 * 0.1" in str(cr.explain(ops.sum(w * w)).number("u", 0))
