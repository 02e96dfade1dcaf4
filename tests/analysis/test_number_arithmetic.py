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


def test_of_a_long_sum_the_largest_terms_are_shown():
    values = np.r_[np.zeros(5), 0.1, -7.0, 3.0, 0.2, 5.0, -1.0, 2.0, 9.0, 0.3, 0.4]
    w = cr.Variable(values, name="w", dtype="float64")
    e = cr.explain(ops.sum(w * np.arange(15.0)), digits=4)
    assert e.number("J").forward.text == "108 + 45 + (-42) + 22 + 21 + (-10) + (9 more, together 11.6)"
    assert "(나머지 9개의 결과 11.6)" in e.to_text("ko")
    assert r"+ \text{9 more, together 11.6} = 155.6" in e.number("J").to_latex()
    read(e.to_html())
    read(e.number("J").to_html("ko"))

    few = cr.explain(ops.sum(cr.Variable([0.0, 0, 0, 0, 0, 2, 0, 0, 0, -3], name="w", dtype="float64")))
    assert few.number("J").forward.text == "(-3) + 2 + (8 more, together 0)"  # zeros tell nothing
    none = cr.explain(ops.sum(cr.Variable(np.zeros(9), name="w", dtype="float64")))
    assert none.number("J").forward.text == "0 + (8 more, together 0)"
    factors = cr.explain(ops.prod(cr.Variable([1.0, 1, 1, 1, 1, 1, 0.5, -4, 1], name="w", dtype="float64")))
    assert factors.number("J").forward.text == "(-4) * 0.5 * (7 more, together 1)"
    nothing = ops.sum(cr.Variable([1.0, 1, 1, 1, 1, 1, 1, np.nan, np.inf], name="w", dtype="float64"))
    assert cr.explain(nothing).number("J").forward.text.startswith("nan + inf + 1")


def test_the_entry_shown_is_the_largest_where_gradients_are_equal():
    w = cr.Variable([[0.0, 1.0], [-5.0, 2.0]], name="w", dtype="float64")
    e = cr.explain(ops.sum(w * 2.0))
    assert "u[1, 0] = (-5) * 2 = -10" in str(e)
