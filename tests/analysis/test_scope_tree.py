"""An explanation's scopes: what goes into and out of each, forward and backward, and folding."""

import xml.etree.ElementTree as ET

import numpy as np

import chainrule as cr
from chainrule import layers, ops
from chainrule.analysis.explain import Step
from chainrule.analysis.explain.scope_tree import Scope, visible
from chainrule.draw.notation import mathml
from pages import read
from small_models import network


def parts(part):
    for inner in part.children:
        if isinstance(inner, Scope):
            yield inner
            yield from parts(inner)


def test_a_scopes_own_upstream_and_downstream():
    """What arrives at its outputs from outside, and what its inside hands to each input: sums of the edges."""
    model, x, y = network()
    e = model.explain(x, y)
    steps = {s.name: s for s in e.steps}
    assert [s.name for s in e.scope_tree.steps] == [s.name for s in e.steps]
    seen = {p.path: p for p in parts(e.scope_tree)}
    assert {"net", "net/conv", "net/bn", "net/bn/batch_normalization", "net/out/softmax"} <= set(seen)
    for part in seen.values():
        inside = {s.name for s in part.steps}
        read = {name for s in part.steps for name in s.inputs} - inside
        passed = {name for s in e.steps if s.name not in inside for name in s.inputs} & inside
        assert set(part.inputs) == read
        assert set(part.outputs) == passed | ({e.result} & inside)
        for name in read:
            expected = sum(ed.downstream for ed in e.edges if ed.node in inside and ed.input == name)
            if name in part.downstream:
                np.testing.assert_allclose(part.downstream[name], expected, rtol=1e-6)
        for name in passed & set(part.upstream):
            expected = sum(ed.downstream for ed in e.edges if ed.node not in inside and ed.input == name)
            np.testing.assert_allclose(part.upstream[name], expected, rtol=1e-6)
    bn = seen["net/bn"]
    np.testing.assert_allclose(bn.downstream["bn/gamma"], e.gradients["bn/gamma"], rtol=1e-6)
    assert steps[bn.outputs[0]].value.shape == (3, 4, 3, 3)
    assert seen["net/bn/batch_normalization"].kind == "composite"
    assert bn.kind == "scope"


def test_a_scope_used_twice_is_two_parts():
    shared = layers.Dense(3, name="shared")
    x = layers.Input((3,))
    model = cr.Model(x, ops.tanh(shared(ops.tanh(shared(x)))), name="net")
    model.compile(loss="mse")
    e = model.explain(np.ones((2, 3)), np.zeros((2, 3)))
    assert [p.path for p in parts(e.scope_tree) if p.name == "shared"] == ["net/shared"] * 2
    depth_one = visible(e.scope_tree, 2)
    created = set()
    for current in depth_one:  # in an order in which each reads only what is before it
        own = {s.name for s in current.steps} if isinstance(current, Scope) else {current.name}
        assert {n for n in current.inputs if n in {s.name for s in e.steps}} <= created | own
        created |= own


def test_explained_gradients_are_the_models():
    model, x, y = network()
    e, g = model.explain(x, y), model.gradients(x, y)
    for name, shown in (("conv/kernel", "conv/kernel"), ("bn/gamma", "bn/gamma"), ("x", "x")):
        np.testing.assert_allclose(e.gradients[shown], g[name], rtol=1e-5, atol=1e-7)
    for layer in ("conv", "bn", "flat", "out"):
        (part,) = [p for p in parts(e.scope_tree) if p.path == f"net/{layer}"]
        total = sum(ed.downstream for ed in e.edges if ed.input == part.outputs[0])
        np.testing.assert_allclose(total, g[layer], rtol=1e-5, atol=1e-7)


def test_a_long_pass_is_folded_unless_it_is_printed():
    x = cr.Variable(2.0, name="x")
    y = x
    for k in range(3):
        with cr.scope(f"block{k}"):
            for _ in range(80):
                y = y * 1.001
    e = cr.explain(y)
    assert len(str(e).splitlines()) > 480
    assert len(repr(e).splitlines()) < 30
    assert "print(...) writes all 240 operations" in repr(e)
    assert "block1(" in repr(e)
    assert e._repr_mimebundle_()["text/plain"] == repr(e)


def test_deep_scopes_need_no_recursion():
    x = cr.Variable(2.0, name="x")
    with cr.scope("/".join(["deep"] * 3000)):
        y = x * 3.0
    e = cr.explain(y * 1.0)
    assert "deep" in e.to_html()
    assert sum(1 for s in e.scope_tree.steps if isinstance(s, Step)) == 2


def test_a_fold_of_which_two_values_are_read():
    x = layers.Input((3,))
    h = layers.Dense(2, name="shared")
    model = cr.Model(x, [ops.tanh(h(x)), h(x) * 2.0], name="net")
    model.compile(loss=["mse", "mse"])
    e = model.explain(np.ones((2, 3)), [np.zeros((2, 2)), np.zeros((2, 2))])
    for depth in (0, 1, 2):
        folded = e.fold(depth)
        created = {s.name for s in (*folded.leaves, *folded.constants, *folded.steps)}
        assert all(name in created for s in folded.steps for name in s.inputs)
        read(folded.to_html())
        ET.fromstring(e.to_svg(depth=depth))
    w = cr.Variable(np.eye(2), name="w")
    slope = cr.gradients(ops.sum(ops.softmax(cr.tensor([[1.0, 2.0]]) @ w) ** 2), w)
    assert cr.explain(slope, entry=(0, 0)).fold(0).to_html()


def test_folded_names_are_words_not_divisions():
    model, x, y = network()
    folded = model.explain(x, y).fold(1)
    step = next(s for s in folded.steps if s.operation == "net/conv")
    assert step.formula == "net/conv(x, conv/kernel, conv/bias)"
    assert "mfrac" not in mathml(step.format, step.operands)
    assert "net/conv" in mathml(step.format, step.operands)
    with cr.scope("a {0} brace"):
        z = cr.Variable(2.0, name="v") * 3.0
    assert "a {0} brace" in str(cr.explain(z + 1.0).fold(0))
