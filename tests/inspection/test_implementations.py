"""The three implementations of an operation: they agree, and a wrong one is seen."""

import xml.etree.ElementTree as ET

import pytest

import chainrule as cr
from chainrule.core.errors import ValueProblem
from chainrule.inspection.implementations import IMPLEMENTATIONS
from pages import read


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_the_three_ways_agree(name):
    result = cr.how(name, sizes=[6, 12], seconds=0.001)
    for s in result.sizes:
        assert s.difference < 1e-9
        assert all(t > 0 for t in s.seconds.values())
    assert list(result.sources) == ["loop", "vectorised", "compiled"]
    assert all(text.startswith("def ") for text in result.sources.values())
    assert result.sources["loop"] in str(result)
    ET.fromstring(result.to_svg())
    read(result.to_html("ko"))


def test_a_way_that_is_wrong_is_seen(monkeypatch):
    wrong = IMPLEMENTATIONS["softmax"]._replace(loop=lambda x: [[v + 0.01 for v in row] for row in x])
    monkeypatch.setitem(IMPLEMENTATIONS, "softmax", wrong)
    monkeypatch.setattr("inspect.getsource", lambda f: "")
    assert cr.how("softmax", sizes=[5], seconds=0.001).sizes[0].difference > 1e-3


def test_what_how_does_not_know():
    with pytest.raises(ValueProblem, match="'conv2d', 'max pooling'"):
        cr.how("origami")
    with pytest.raises(ValueProblem, match="sizes=2; expected a whole number from 4 up"):
        cr.how("conv2d", sizes=[2])
