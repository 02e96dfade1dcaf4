"""One number of an explanation, written out: the printed arithmetic gives it."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.core.errors import IndexProblem, ValueProblem
from pages import read
from printed_arithmetic import evaluate
from small_models import network


def test_random_entries_of_every_layer_are_written_out():
    model, x, y = network()
    e = model.explain(x, y)
    rng = np.random.default_rng(1)
    written = 0
    for s in (*e.leaves, *e.steps):
        if not np.size(s.value) or np.asarray(s.value).dtype.kind != "f":
            continue
        index = tuple(int(rng.integers(n)) for n in np.shape(s.value))
        number = e.number(s.name, index)
        assert number.value == np.asarray(s.value)[index]
        if number.forward is not None:
            assert evaluate(number.forward.text) == pytest.approx(float(number.value), rel=2e-5, abs=2e-6), s.formula
            written += 1
        total = 0.0
        for _, arithmetic in number.through:
            assert evaluate(arithmetic.text) == pytest.approx(float(arithmetic.value), rel=2e-5, abs=1e-5)
            total += float(arithmetic.value)
        if number.through:
            assert total == pytest.approx(float(number.gradient), rel=1e-4, abs=1e-5)
        assert number.to_latex().startswith("\\begin{aligned}")
        assert str(number.index[0]) in str(number) if number.index else True
    assert written > 20


def test_a_number_that_is_not_there():
    e = cr.explain(ops.sum(cr.Variable([1.0, 2.0], name="x") * 2.0))
    with pytest.raises(ValueProblem, match="the name 'z'"):
        e.number("z")
    for index in (2, (0, 0), (), "0"):
        with pytest.raises(IndexProblem, match=r"of 'x', of shape \(2,\)"):
            e.number("x", index)
    assert e.number("x", -1).index == (1,)


def test_a_cast_says_what_it_makes():
    z = cr.Variable([2.7, -1.2], name="z", dtype="float64")
    e = cr.explain(ops.sum(ops.cast(ops.cast(z, "int32"), "float64") * z))
    assert e.number("u", 0).lines()[0] == ("u[0]", "", "int32(2.7)", "2")
    assert "u[1] = int32(-1.2) = -1" in str(e.number("u", 1))
    assert "int32" in e.number("u", 1).to_latex()
    read(e.to_html())


def test_names_that_begin_with_d_are_not_taken_for_slopes():
    d = cr.Variable([1.0, 2.0], name="d/decoder")
    number = cr.explain(ops.sum(d * d)).number("d/decoder", 1)
    first, *rest = number.to_latex().splitlines()[1:-1]
    assert "partial" not in first
    assert all("partial" in row for row in rest)
    assert number._repr_mimebundle_()["text/html"].count('class="forward"') == 1
