"""Formulas as MathML and LaTeX; MathML is evaluated by an evaluator of its own."""

import math
import random
import re
import xml.etree.ElementTree as ET

import pytest

from chainrule.draw.notation import latex, mathml
from chainrule.ops.record import registry


def value_of(node):
    """The number that MathML means; only what arithmetic is made of."""
    tag, inner = node.tag, list(node)
    if tag == "math":
        return value_of(inner[0])
    if tag == "mn":
        return float(node.text.replace("−", "-"))
    if tag == "mfrac":
        return value_of(inner[0]) / value_of(inner[1])
    if tag == "msup":
        base = math.e if inner[0].text == "e" else value_of(inner[0])
        return base ** value_of(inner[1])
    if tag == "msqrt":
        return math.sqrt(value_of(inner[0]))
    assert tag == "mrow", tag
    if inner[0].tag == "mo" and inner[0].text in "(|":
        result = value_of(inner[1])
        return abs(result) if inner[0].text == "|" else result
    if inner[0].tag == "mi":
        return getattr(math, inner[0].text)(value_of(inner[1]))
    if len(inner) == 1:
        return value_of(inner[0])
    if len(inner) == 2:
        return -value_of(inner[1]) if inner[0].text == "−" else value_of(inner[1])
    a, sign, b = value_of(inner[0]), inner[1].text, value_of(inner[2])
    return {"+": a + b, "−": a - b, "×": a * b}[sign]


def expression(rng, depth):
    if depth == 0:
        return rng.choice(["2", "0.5", "3", "1.25", "(-1.5)", "(-2)"])
    a, b = expression(rng, depth - 1), expression(rng, depth - 1)
    return rng.choice(
        [f"({a} + {b})", f"{a} * {b}", f"{a} - ({b})", f"({a}) / ({b})", f"(-({a}))", f"exp({a} / 9)", f"abs({a})",
         f"({a}) ** 2", f"sqrt(abs({b}))", f"{a} + {b} * 2"]
    )  # fmt: skip


def test_mathml_means_what_was_written():
    rng = random.Random(0)
    tried = 0
    while tried < 300:
        text = expression(rng, rng.randrange(4))
        try:
            expected = eval(text, {"exp": math.exp, "abs": abs, "sqrt": math.sqrt})
        except (ZeroDivisionError, OverflowError):
            continue
        tried += 1
        assert value_of(ET.fromstring(mathml(text))) == pytest.approx(expected, rel=1e-12), text


def test_latex_sets_brackets_only_where_the_order_needs_them():
    assert latex("2 * (3 + 4)") == r"2 \times \left(3 + 4\right)"
    assert latex("(2 * 3) + 4") == r"2 \times 3 + 4"
    assert latex("1 - (2 - 3)") == r"1 - \left(2 - 3\right)"
    assert latex("(-2) ** 2") == r"\left(-2\right)^{2}"
    assert latex("{0} @ {1}", ["x", "conv/kernel_1"]) == r"x \, \mathrm{conv/kernel\_1}"
    assert latex("1e-07 * {0}", ["h12"]) == r"1 \cdot 10^{-7} \times h_{12}"


def test_names_of_users_are_text():
    shown = mathml("{0} + {1}", ["<script>alert(1)</script>", "a & b"])
    root = ET.fromstring(shown)
    assert [e.text for e in root.iter("mi")] == ["<script>alert(1)</script>", "a & b"]
    assert latex("{0}", ["a_b&c%"]) == r"\mathrm{a\_b\&c\%}"


def test_what_is_no_expression_is_shown_as_it_stands():
    assert "sum of all" in mathml("sum of all")
    assert latex("a +") == r"\text{a +}"


@pytest.mark.parametrize("name", registry)
def test_every_operations_formula_can_be_set(name):
    written = re.sub(r"\{[a-z_]+\}", "1", registry[name].format)
    names = [f"x{i}" for i in range(9)]
    assert "<mtext>" not in mathml(written, names).replace("<mtext>…</mtext>", "")
