"""Figures without a browser: notation, layout, words, pages as files, and the onion they are made of."""

import ast
import base64
import html.parser
import io
import json
import math
import pickle
import random
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.analysis.explain import Step
from chainrule.analysis.explain.scope_tree import Scope, visible
from chainrule.core.errors import IndexProblem, ValueProblem
from chainrule.draw import curves
from chainrule.draw import locale as words
from chainrule.draw.format import format_number, with_math_signs
from chainrule.draw.layout import layered
from chainrule.draw.notation import latex, mathml
from chainrule.inspection.implementations import IMPLEMENTATIONS
from chainrule.ops.record import registry

SOURCE = Path(cr.__file__).parent


# ---- notation: an evaluator of MathML of its own


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


# ---- layout


def graph(rng, count):
    return [(a, b) for b in range(count) for a in range(b) if rng.random() < 1.6 / (b + 1)]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("across", [False, True])
def test_boxes_stand_apart_and_after_what_feeds_them(seed, across):
    rng = random.Random(seed)
    count = rng.randrange(1, 30)
    edges = graph(rng, count)
    sizes = [(rng.randrange(20, 200), rng.randrange(20, 90)) for _ in range(count)]
    result = layered(sizes, edges, across)
    for i, ((x, y), (w, h)) in enumerate(zip(result.corners, sizes, strict=True)):
        assert x >= 0
        assert y >= 0
        assert x + w <= result.width
        assert y + h <= result.height
        for (u, v), (p, q) in zip(result.corners[:i], sizes, strict=False):
            assert x >= u + p or u >= x + w or y >= v + q or v >= y + h
    axis = 0 if across else 1
    for a, b in edges:
        assert result.corners[a][axis] + sizes[a][axis] <= result.corners[b][axis]
    for path, (a, b) in zip(result.paths, edges, strict=True):
        for end, box, near in ((path[0], a, "leaves"), (path[-1], b, "reaches")):
            (x, y), (w, h) = result.corners[box], sizes[box]
            assert x - 1e-6 <= end[0] <= x + w + 1e-6, near
            assert y - 1e-6 <= end[1] <= y + h + 1e-6, near


def test_a_path_past_a_box_goes_around_it():
    sizes = [(60, 30)] * 3
    result = layered(sizes, [(0, 1), (1, 2), (0, 2)])
    (x, _), (w, _) = result.corners[1], sizes[1]
    middle = result.paths[2][1:-1]
    assert middle
    assert all(not x <= px <= x + w for px, _ in middle)


def test_an_empty_graph_has_a_layout():
    assert layered([], []).corners == []


# ---- words

# a `LazyMessage`, and what an operation's record says, are looked up where they are made
SAID = {"self.message", "diagnostic.message", "report.verdict", "r.formula", "line.formula", "how.what"}
SAID |= {"role", "edge.role", "problem", "hint", "p", "h", "value"}


def said():
    """Every sentence that is shown in the reader's language, read off the code."""
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        constants = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _literal(node.value)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
                "translate",
                "LazyMessage",
            ):
                first = node.args[0]
                for message in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                    if isinstance(message, ast.Constant):
                        yield message.value
                    elif isinstance(message, ast.Name) and message.id in constants:
                        yield constants[message.id]
                    elif isinstance(message, ast.Call):  # of `LazyMessage`, which this walk comes to
                        assert message.func.id == "LazyMessage"
                    else:
                        assert ast.unparse(message) in SAID, f"{path.name}: {ast.unparse(message)} cannot be looked up"


def _literal(node):
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return False
    return True


@pytest.mark.parametrize("language", [name for name in words.LANGUAGES if name != "en"])
def test_every_sentence_is_in_every_language(language):
    expected = {*said(), *(record.gradient_note for record in registry.values())}
    own = words.translator(language).sentences
    assert set(own) == expected
    for english, other in own.items():
        assert sorted(re.findall(r"\{[^}]*\}", english)) == sorted(re.findall(r"\{[^}]*\}", other)), english
        assert other
        assert other != english


def test_arguments_of_a_look():
    with pytest.raises(ValueProblem, match="name=3"):
        cr.look([1.0], name=3)


def test_a_slide_shows_what_the_layer_does():
    cr.set_random_seed(4)
    conv = layers.Conv2D(2, 3, strides=2, padding="same", activation="relu", name="conv")
    image = np.random.default_rng(0).normal(size=(6, 7, 2))
    conv(image[None])
    slide = cr.slide(conv, image, 1)
    np.testing.assert_allclose(np.maximum(slide.output, 0), conv(image[None]).numpy()[0, :, :, 1], rtol=1e-4, atol=1e-6)
    assert "activation, relu, comes after" in slide.to_html()
    assert "activation, relu" in str(slide)
    first = slide.to_html().split('<section class="frame')[1]
    written = re.findall(r">([^<>]*)</text>", first[first.rindex("output</text>") :])
    assert len(written) == 0 or with_math_signs(format_number(slide.output[0, 0], 3)) in first
    assert with_math_signs(format_number(slide.output[1, 2], 3)) not in written  # not there yet
    table = slide.to_pandas()
    assert list(table["value"]) == pytest.approx(slide.output.ravel().tolist())


def test_a_slide_over_a_photograph_stays_small():
    conv = layers.Conv2D(1, 3, name="conv")
    image = np.random.default_rng(0).random((224, 200, 3))
    conv(image[None])
    slide = cr.slide(conv, image)
    page = slide.to_html()
    assert len(page) < 3_000_000
    assert f"25 of {222 * 198} positions" in page


def test_a_table_for_everything():
    e = network()[0].explain(*network()[1:])
    assert list(e.number("out/bias", 2).to_pandas().columns) == ["of", "through", "arithmetic", "number"]
    assert cr.look([[1.0, 2.0]]).to_pandas()["value"].tolist() == [1.0, 2.0]
    assert set(cr.regions(np.eye(6), (0.5, 0.5, 4.5, 4.5)).to_pandas()["way"]) == {"pool", "warp", "align"}


def test_a_way_that_is_lost_is_still_data_and_numbered():
    model, x, y = line_model()
    result = cr.descent(model, x, y, learning_rates=[0.1, 1e4], updates=30)
    json.loads(result.to_json(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    root = ET.fromstring(result.to_svg())
    inside = [
        t.text for g in root if g.get("clip-path") and len(g) and g[0].tag.endswith("circle")
        for t in g if t.text
    ]  # fmt: skip
    assert inside == ["1", "2"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m, x, y: cr.descent(m, x, y, learning_rates=0.1), "a list of numbers"),
        (lambda m, x, y: cr.descent(m, x, y, learning_rates=["a"]), "a list of numbers"),
        (lambda m, x, y: cr.descent(m, x, y, ways=[1]), "a dictionary"),
        (lambda m, x, y: cr.descent(m, x, y, ways={"a": (cr.optimizers.SGD(0.1), 0)}), "batch size from 1"),
        (lambda m, x, y: cr.descent(m, x, y, ways={"a": (cr.optimizers.SGD(0.1), "3")}), "batch size from 1"),
        (lambda m, x, y: cr.descent(3, x, y), "a model"),
        (lambda m, x, y: cr.how("softmax", sizes=3), "sizes=3"),
        (lambda m, x, y: cr.how("softmax", seconds="a"), "seconds='a'"),
        (lambda m, x, y: cr.look([[1], [1, 2]]), "rows of equal length"),
        (lambda m, x, y: cr.look(None), "numbers"),
        (lambda m, x, y: cr.look(m), "numbers"),
        (lambda m, x, y: m.explain(x, y).fold(-1), "depth=-1"),
        (lambda m, x, y: m.explain(x, y).fold("a"), "depth='a'"),
        (lambda m, x, y: cr.compare(m, m, foo=2), "Got foo=2"),
        (lambda m, x, y: cr.price(3, (3,)), "a price of 3"),
        (lambda m, x, y: cr.regions(np.eye(6), ("a", 1, 2, 3)), "four numbers"),
        (lambda m, x, y: cr.regions(np.eye(6), (5, 5, 2, 2)), "x1 <= x2"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_said(call, said):
    with pytest.raises(cr.ChainruleError) as raised:
        call(*line_model())
    assert said in str(raised.value)


def test_how_far_a_graph_came():
    image = layers.Input((8, 8, 1), name="image")
    left, right = layers.Conv2D(2, 3, name="left")(image), layers.Conv2D(2, 5, name="right")(image)
    with pytest.raises(cr.ShapeError) as caught:
        layers.Add(name="join")([left, right])
    assert [name for name, _ in caught.value.path] == ["image", "left", "right"]
    assert caught.value.feeds == [[], [0], [0], [1, 2]]
    assert caught.value.to_svg().count('class="arrow"') == 4


def test_layers_that_ran_are_not_said_to_feed_each_other():
    class Net(cr.Model):
        def __init__(self):
            super().__init__(name="net")
            self.a, self.b = layers.Dense(2, name="a"), layers.Dense(3, name="b")

        def call(self, x):
            return self.a(x) + self.b(x)

    with pytest.raises(cr.ShapeError) as caught:
        Net()(np.ones((2, 4)))
    drawn = caught.value.to_svg()
    assert 'class="arrow"' not in drawn
    assert drawn.count('class="box"') == 4


def test_curves_over_many_sizes():
    line = curves.Line("a", [10, 100, 1000, 10000], [1.0, 2.0, 3.0, 4.0])
    root = ET.fromstring(curves.svg([curves.Panel("", "n", "ms", [line], log_x=True)], "t"))
    space = "{http://www.w3.org/2000/svg}"
    points = root.find(f".//{space}polyline").get("points").split()
    steps = np.diff([float(p.split(",")[0]) for p in points])
    np.testing.assert_allclose(steps, steps[0], atol=0.11)  # of equal factors
    assert {"10", "100", "1000", "10000"} <= {t.text for t in root.iter(f"{space}text")}


@pytest.mark.parametrize("ends", [(0.0, 1.0), (1.0, 0.0), (0.9, 1.0), (0.5, 0.5)])
def test_names_of_curves_stand_where_no_curve_is(ends):
    xs = list(range(11))
    provided = [curves.Line(f"way {i}", xs, list(np.linspace(ends[0] - i, ends[1] - i, 11))) for i in range(2)]
    root = ET.fromstring(curves.svg([curves.Panel("", "x", "y", provided)], "t", 640, 400))
    space = "{http://www.w3.org/2000/svg}"
    passed = []
    for line in root.iter(f"{space}polyline"):
        (x0, y0), *_, (x1, y1) = ([*map(float, p.split(","))] for p in line.get("points").split())
        passed += [(x0 + (x1 - x0) * k / 200, y0 + (y1 - y0) * k / 200) for k in range(201)]
    for text in root.iter(f"{space}text"):
        if (text.text or "").startswith("way "):
            left, base = float(text.get("x")) - 30, float(text.get("y"))
            assert not any(left < x < left + 90 and base - 12 < y < base + 3 for x, y in passed), text.text


def test_an_unknown_language_is_named():
    with pytest.raises(ValueProblem, match="one of en, ko"):
        words.translator("xx")
    with pytest.raises(ValueProblem, match="'xx'"):
        cr.explain(cr.Variable(2.0) * 3.0).to_html("xx")


# ---- the onion


def network():
    cr.set_random_seed(3)
    model = cr.Sequential(
        [
            layers.Input((6, 5, 2)),
            layers.Conv2D(3, 3, activation="relu", name="conv"),
            layers.BatchNormalization(name="bn"),
            layers.Dropout(0.25, name="drop"),
            layers.Flatten(name="flat"),
            layers.Dense(4, activation="softmax", name="out"),
        ],
        name="net",
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(3, 6, 5, 2)).astype("float32"), np.array([0, 3, 1])


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


# ---- one number


def evaluate(text):
    names = {"exp": math.exp, "log": math.log, "relu": lambda v: max(v, 0.0), "max": max, "clip": np.clip}
    names |= {"where": lambda c, a, b: a if c else b, "True": True, "False": False}
    return eval(text, {"__builtins__": {}}, names)


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


# ---- models


def test_values_are_what_layers_give():
    model, x, _ = network()
    before = [(v.path, v.numpy()) for v in model.variables]
    result = model.values(x)
    assert list(result) == ["conv", "bn", "drop", "flat", "out"]
    np.testing.assert_allclose(result["out"], model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    kernel, bias = (w.numpy() for w in model.get_layer("conv").weights)
    byhand = np.einsum("nijabc,abcd->nijd", np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2)).transpose(
        0, 1, 2, 4, 5, 3), kernel) + bias  # fmt: skip
    np.testing.assert_allclose(result["conv"], np.maximum(byhand, 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(result["drop"], result["bn"])
    assert (model.values(x, training=True)["drop"] == 0).any()
    for (path, value), v in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(value, v.numpy(), err_msg=path)


def test_gradients_are_those_of_the_step_that_training_takes():
    model, x, y = network()
    model.compile(cr.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    result = model.gradients(x, y)
    again = model.gradients(x, y)
    before = {w.path: w.numpy() for w in model.trainable_weights}
    model.train_on_batch(x, y)
    for w in model.trainable_weights:
        step = (before[w.path] - w.numpy()) / 0.5
        name = w.path.removeprefix("net/")
        np.testing.assert_allclose(result[name], step, rtol=2e-4, atol=2e-6, err_msg=name)
        np.testing.assert_array_equal(result[name], again[name])
    assert result["x"].shape == x.shape
    assert result["bn"].shape == (3, 4, 3, 3)


def test_explained_gradients_are_the_models():
    model, x, y = network()
    e, g = model.explain(x, y), model.gradients(x, y)
    for name, shown in (("conv/kernel", "conv/kernel"), ("bn/gamma", "bn/gamma"), ("x", "x")):
        np.testing.assert_allclose(e.gradients[shown], g[name], rtol=1e-5, atol=1e-7)
    for layer in ("conv", "bn", "flat", "out"):
        (part,) = [p for p in parts(e.scope_tree) if p.path == f"net/{layer}"]
        total = sum(ed.downstream for ed in e.edges if ed.input == part.outputs[0])
        np.testing.assert_allclose(total, g[layer], rtol=1e-5, atol=1e-7)


def test_lines_are_those_where_layers_were_made():
    model, x, y = network()
    lines = {s.scope.split("/")[1]: s.line for s in model.explain(x, y).steps if s.scope.startswith("net/")}
    assert 'layers.Conv2D(3, 3, activation="relu", name="conv")' in lines["conv"]
    assert 'layers.Dense(4, activation="softmax", name="out")' in lines["out"]

    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.first = layers.Dense(2)

        def call(self, inputs):
            return ops.tanh(self.first(inputs))  # the line of the user's own call

    own = Own()
    own.compile(loss="mse")
    assert any("the user's own call" in s.line for s in own.explain(np.ones((1, 3)), np.ones((1, 2))).steps)


def test_an_entry_of_the_output_without_targets():
    model, x, _ = network()
    e = model.explain(x, entry=(2, 1))
    assert float(np.asarray(e.value)) == pytest.approx(model.predict(x, verbose=0)[2, 1], rel=1e-5)
    largest = model.explain(x)
    assert float(np.asarray(largest.value)) == pytest.approx(model.predict(x, verbose=0)[0].max(), rel=1e-5)
    a = layers.Input((2,))
    two = cr.Model(a, [layers.Dense(1)(a), layers.Dense(1)(a)])
    with pytest.raises(cr.GraphError, match="an entry of the 2 outputs"):
        two.explain(np.ones((1, 2)))


def test_each_layers_own_line_stands_beside_it():
    model = cr.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(3, activation="relu", name="first"),
            layers.Dense(3, activation="relu"),  # called "dense", as the operation inside each of them
            layers.Dense(2, name="last"),
        ],
        name="net",
    )
    model.compile("sgd", "mse")
    e = model.explain(np.ones((2, 4)), np.ones((2, 2)))
    lines = {s.scope.split("/")[1]: int(s.line.split(":")[1]) for s in e.steps if s.scope.startswith("net/")}
    names = list(lines)
    assert names[0] == "first"
    assert names[-1] == "last"
    assert [lines[name] - lines["first"] for name in names] == [0, 1, 2]


def test_weights_in_nested_models_have_the_same_names_everywhere():
    def block(name):
        return cr.Sequential(
            [layers.Input((3,)), layers.Dense(3, name="d"), layers.BatchNormalization(name="bn")], name=name
        )

    model = cr.Sequential([layers.Input((3,)), block("one"), block("two")], name="net")
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(5, 3))
    result, e = model.gradients(x, x), model.explain(x, x)
    expected = [f"{b}/{name}" for b in ("one", "two") for name in ("d/kernel", "d/bias", "bn/gamma", "bn/beta")]
    assert [name for name in result if name.count("/") == 2] == expected
    assert set(expected) <= set(e.gradients)
    for name in expected:
        np.testing.assert_allclose(e.gradients[name], result[name], rtol=1e-5, atol=1e-7)
    assert e.number("two/d/kernel", (0, 1)).gradient == e.gradients["two/d/kernel"][0, 1]


def test_a_model_of_several_inputs_names_them():
    a, b = layers.Input((2,), name="left"), layers.Input((3,), name="right")
    model = cr.Model([a, b], layers.Dense(1, name="out")(layers.Concatenate()([a, b])))
    model.compile(loss="mse")
    result = model.gradients([np.ones((4, 2)), np.ones((4, 3))], np.ones((4, 1)))
    assert result["left"].shape == (4, 2)
    assert result["right"].shape == (4, 3)


def test_seeing_needs_a_compiled_loss():
    model = cr.Sequential([layers.Input((2,)), layers.Dense(1)])
    with pytest.raises(cr.GraphError, match="not compiled"):
        model.gradients(np.ones((1, 2)), np.ones((1, 1)))
    (result,) = model.values(np.ones((1, 2))).values()
    assert result.shape == (1, 1)


# ---- pages as files


class Reader(html.parser.HTMLParser):
    """Checks that elements are closed in order, and gathers what could lead out of the page."""

    VOID = ("meta", "br", "img", "input", "link", "hr")

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        passed = dict(attrs)
        self.tags.append(tag)
        if "id" in passed and tag != "marker":
            self.ids.append(passed["id"])
        for key in ("href", "src", "srcset", "xlink:href", "action"):
            if key in passed:
                self.links.append(passed[key])
        assert not any(k.startswith("on") for k in passed), "an event handler in the markup"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    assert len(reader.ids) == len(set(reader.ids))
    for link in reader.links:
        if link.startswith("data:image/png;base64,"):
            continue
        assert link.startswith("#"), link
        assert link[1:] in reader.ids, link
    return reader


def test_a_page_is_whole_and_leads_nowhere_else():
    model, x, y = network()
    for language in words.LANGUAGES:
        page = model.explain(x, y).to_html(language)
        reader = read(page)
        assert reader.tags.count("script") == 1
        assert "svg" in reader.tags
        assert f'lang="{language}"' in page
        assert "default-src 'none'" in page


def test_text_of_users_is_escaped_everywhere():
    evil = '<script>alert("x")</script>'
    x = cr.Variable([1.0, 2.0], name=evil)
    with cr.scope("<img src=x onerror=alert(1)>"):
        y = ops.sum(x * x)  # <b>the line</b>
    e = cr.explain(y)
    for created in (e.to_html(), e.number(evil, 0).to_html()):
        reader = read(created)
        assert "img" not in reader.tags
        assert reader.tags.count("script") <= 1
        assert evil in "".join(reader.text)
    ET.fromstring(e.to_svg())


def test_pictures_are_xml_with_a_title_and_the_numbers():
    a, b, c = (cr.Variable(v, name=n, dtype="float64") for n, v in {"a": 5.0, "b": 3.0, "c": 2.0}.items())
    e = cr.explain(3 * (a + b * c))
    root = ET.fromstring(e.to_svg())
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == "J = 33"
    texts = [t.text for t in root.iter(f"{space}text")]
    for expected in ("▸ 33", "◂ 1", "▸ 11", "◂ 3", "▸ 6", "◂ 6", "◂ 9", "b × c", "a + u", "3 × v"):
        assert expected in texts
    bundle = e._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert "srcdoc" in bundle["text/html"]


def test_large_arrays_are_summarised():
    w = cr.Variable(np.random.default_rng(0).normal(size=(300, 200)), name="w")
    e = cr.explain(ops.mean(ops.tanh(w)))
    page = e.to_html()
    assert len(page) < 60_000
    assert "e.number(&#x27;w&#x27;, (" in page
    assert "mean " in page


def test_a_table_for_pandas():
    pd = pytest.importorskip("pandas")
    x = cr.Variable([1.0, 2.0], name="x")
    table = cr.explain(ops.sum(x * x)).to_pandas()
    assert isinstance(table, pd.DataFrame)
    assert list(table["input"]) == ["u", "x", "x"]
    assert table["downstream"].sum() == 1 + 2 * 2


# ---- trouble


def test_where_a_nan_began():
    x = cr.Variable([[1.0, 4.0], [-1.0, 9.0]], name="x")
    with np.errstate(all="ignore"), cr.scope("block"):
        y = ops.sum(ops.exp(ops.log(x)) * 2.0)
    e = cr.explain(y)
    first = e.diagnostics[0]
    assert (first.scope, first.index) == ("block", (1, 0))
    assert "1 of 4 entries, made by log" in str(first)
    assert "test_figures.py" in first.line
    assert "trouble" in str(e)
    assert 'class="trouble"' in e.to_html("ko")


def test_where_a_gradient_became_infinite():
    x = cr.Variable([4.0, 0.0], name="x")
    (result,) = cr.explain(ops.sum(ops.sqrt(x))).diagnostics
    assert (result.name, result.index) == ("x", (1,))
    assert "where sqrt passes it to x: 1 of 2" in str(result)


def test_dead_units_and_weights_that_no_gradient_reaches():
    w = cr.Variable([[1.0, -1.0, -2.0]], name="w")
    h = ops.relu(cr.tensor(np.arange(1.0, 9.0)[:, None]) @ w)
    dead, unreached = cr.explain(ops.sum(h * cr.Variable([0.0, 1.0, 1.0], name="v"))).diagnostics
    assert "2 of 3 units" in str(dead)
    assert dead.index == (0, 1)
    assert "no gradient reaches w" in str(unreached)


def test_weights_that_the_loss_never_uses():
    class Forgetful(cr.Model):
        def __init__(self):
            super().__init__(name="forgetful")
            self.used, self.idle = layers.Dense(2, name="used"), layers.Dense(3, name="idle<b>")

        def call(self, x):
            self.idle(x)
            return self.used(x)

    model = Forgetful()
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3)), np.zeros((4, 2))
    e = model.explain(x, y)
    assert e.unused == ["idle<b>/kernel", "idle<b>/bias"] == [result.name for result in e.diagnostics]
    assert "no path leads" in str(e)
    assert "J does not depend on idle&lt;b&gt;/kernel" in e.to_html()
    read(e.to_html("ko"))
    assert e.fold(0).unused == e.unused
    assert model.explain(x, entry=(0, 1)).unused == []
    assert not np.any(model.gradients(x, y)["idle<b>/kernel"])


def test_a_cast_says_what_it_makes():
    z = cr.Variable([2.7, -1.2], name="z", dtype="float64")
    e = cr.explain(ops.sum(ops.cast(ops.cast(z, "int32"), "float64") * z))
    assert e.number("u", 0).lines()[0] == ("u[0]", "", "int32(2.7)", "2")
    assert "u[1] = int32(-1.2) = -1" in str(e.number("u", 1))
    assert "int32" in e.number("u", 1).to_latex()
    read(e.to_html())


def test_a_narrow_float_in_its_own_digits():
    pytest.importorskip("ml_dtypes")
    w = cr.Variable([0.1, 1 / 3, 65280.0], name="w", dtype="bfloat16")
    texts = [format_number(w.numpy()[i]) for i in range(3)]
    assert texts[:2] == ["0.1", "0.334"]
    for text, value in zip(texts, w.numpy(), strict=True):
        assert np.asarray(float(text)).astype(w.dtype) == value
    assert "0.1 * 0.1" in str(cr.explain(ops.sum(w * w)).number("u", 0))


def test_ulps_are_of_the_dtype_that_was_computed_in():
    from chainrule.inspection.values import _difference

    a = np.array([1.0, 0.5], "float32")
    b = a + np.array([2.0**-7, 0.0], "float32")
    assert _difference("w", "gradient", a, b, {"float32"}).ulps == 2.0**16
    assert _difference("w", "gradient", a, b, {"float32", "bfloat16"}).ulps == 1.0
    assert _difference("w", "gradient", a.astype("float16"), b.astype("float16"), {"float32"}).ulps == 2.0**3


def test_units_that_are_off_for_a_few_examples_are_not_dead():
    w = cr.Variable([[1.0, -1.0, -2.0]], name="w")
    for rows, said in ((1, 0), (7, 0), (8, 1)):
        h = ops.relu(cr.tensor(np.arange(1.0, rows + 1)[:, None]) @ w)
        assert len(cr.explain(ops.sum(h)).diagnostics) == said


def test_where_a_path_ends():
    q = cr.Variable([1.0, 3.0], name="q")
    b = cr.Variable(2.0, name="b")
    for y in (ops.cast(ops.argmax(q), "float32"), ops.cast(ops.argmax(q), "float32") + b):
        (result,) = cr.explain(y).diagnostics
        assert str(result).startswith("no gradient reaches q: the path ends at argmax")
        assert "test_figures.py" in str(result)


def test_a_gradient_that_is_zero_but_for_rounding_is_no_headline():
    pytest.importorskip("jax")
    cr.set_random_seed(0)
    model = cr.Sequential(
        [layers.Input((6, 6, 1)), layers.Conv2D(3, 3, name="c"), layers.BatchNormalization(name="bn"),
         layers.Flatten(), layers.Dense(2, name="out")]
    )  # fmt: skip
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    result = model.verify(rng.normal(size=(4, 6, 6, 1)), rng.normal(size=(4, 2)))
    (bias,) = [r for r in result.rows if r.name == "c/bias"]
    terms, largest = 4 * 4 * 4, max(r.largest for r in result.rows)  # the bias's gradient is a sum of so many, of such
    assert bias.largest < terms * np.finfo("float32").eps * largest
    assert bias.ulps < 10
    assert result.worst.ulps < 1000


def test_nothing_is_said_where_all_is_well():
    x = cr.Variable([1.0, 2.0], name="x")
    assert cr.explain(ops.sum(ops.relu(x) * x)).diagnostics == []


# ---- arrays


def pixels_of(svg, k=0):
    image = pytest.importorskip("PIL.Image")
    result = re.findall(r'href="data:image/png;base64,([^"]+)"', svg)
    return np.asarray(image.open(io.BytesIO(base64.b64decode(result[k]))))


def test_colours_say_sign_and_size():
    cells = np.array([[0.0, 1.0, 4.0], [-1.0, -4.0, np.nan]])
    pixels = pixels_of(cr.look(cells).to_svg()).astype(int)
    assert pixels.shape == (2, 3, 3)
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    assert tuple(pixels[1, 2]) == (0, 0, 0)
    assert pixels[0, 1].sum() > pixels[0, 2].sum()
    assert pixels[0, 2, 2] > pixels[0, 2, 0]  # blue
    assert pixels[1, 1, 0] > pixels[1, 1, 2]  # orange
    assert "drawn black: 1" in cr.look(cells).to_svg()


def test_numbers_are_shown_when_pointed_at():
    svg = cr.look(np.array([[1.5, -2.0], [0.25, 7.0]]), "w").to_svg()
    assert re.findall(r"<title>(\[[^<]*)</title>", svg) == [
        "[0, 0] = 1.5",
        "[0, 1] = -2",
        "[1, 0] = 0.25",
        "[1, 1] = 7",
    ]


def test_a_picture_in_colour_is_itself():
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    np.testing.assert_array_equal(pixels_of(cr.look(colours).to_svg()), colours)
    np.testing.assert_array_equal(pixels_of(cr.look(colours / 255.0).to_svg()), colours)


def test_panels_are_the_right_parts_of_the_array():
    kernel = np.random.default_rng(0).normal(size=(2, 3, 2, 4))
    from chainrule.figures.arrays import panels

    rows, note = panels(kernel, "kernel", words.translator("en"))
    assert [len(row) for row in rows] == [4, 4]
    assert note == ""
    np.testing.assert_array_equal(rows[1][3].cells, kernel[:, :, 1, 3])
    assert rows[1][3].index_text(1, 2) == "[1, 2, 1, 3]"
    maps = np.random.default_rng(0).normal(size=(5, 4, 6, 10))
    rows, note = panels(maps, "maps", words.translator("en"))
    np.testing.assert_array_equal(rows[2][7].cells, maps[2, :, :, 7])
    assert note == "the first 4 of 5 examples; the first 8 of 10 channels"


@pytest.mark.parametrize(
    "array",
    [np.float32(3.5), np.zeros((0, 3)), np.zeros(0), np.arange(130), np.zeros((2, 0, 3, 1)), np.eye(3) > 0,
     np.array(["a", "b"]), np.full((3, 3), np.nan), np.ones((2, 2, 2, 2, 2, 2)), np.ones((9, 1)), np.ones(1, complex)],
    ids=lambda a: f"{a.dtype}{a.shape}",
)  # fmt: skip
def test_every_array_has_a_picture(array):
    ET.fromstring(cr.look(array).to_svg())
    assert repr(cr.look(array))


def test_huge_arrays_are_summarised():
    for array in (np.random.default_rng(0).normal(size=(3000, 2000)), np.ones((400, 64, 64, 256), np.float32)):
        assert len(cr.look(array).to_svg()) < 600_000
    assert "the first 64 × 3" in cr.look(np.ones((5000, 3))).to_svg()


def test_tensors_and_variables_are_pictures_in_notebooks():
    bundle = cr.tensor([1.0])._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/plain"] == "tensor([1.])" == repr(cr.tensor([1.0]))
    kernel = cr.Variable(np.ones((3, 3, 2, 4)), name="kernel")
    assert "1→3" in kernel._repr_mimebundle_()["image/svg+xml"]
    assert cr.symbolic((None, 2))._repr_mimebundle_() == {}


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2])
def test_the_sliding_window_gives_the_layers_output(padding, strides):
    cr.set_random_seed(4)
    conv = layers.Conv2D(3, (2, 3), strides=strides, padding=padding, bias_initializer="random_normal")
    image = np.random.default_rng(0).normal(size=(7, 9, 2)).astype("float32")
    expected = conv(image[None]).numpy()[0, :, :, 1]
    result = cr.slide(conv, image, filter=1)
    np.testing.assert_allclose(result.output, expected, rtol=1e-4, atol=1e-5)
    assert len(result.positions) == min(25, expected.size)
    for place in result.positions:
        assert place.value == pytest.approx(expected[place.row, place.column], rel=1e-4, abs=1e-5)
        left, _, right = place.text(None).partition(" = ")
        assert evaluate(left) == pytest.approx(float(right), rel=1e-9)
    read(result.to_html())


def test_a_window_needs_a_convolution_and_an_image_that_fits():
    conv = layers.Conv2D(1, 2)
    with pytest.raises(ValueProblem, match="a Conv2D that was built"):
        cr.slide(conv, np.ones((3, 3, 1)))
    conv(np.ones((1, 3, 3, 1)))
    with pytest.raises(cr.ShapeError, match=r"\(height, width, 1\)"):
        cr.slide(conv, np.ones((3, 3)))
    with pytest.raises(ValueProblem, match="0 to 0"):
        cr.slide(conv, np.ones((3, 3, 1)), filter=1)


# ---- costs


def inception(bottleneck, name):
    """The course's block: 28×28×192 in; 5×5 to 32 channels, through 16 or not."""
    x = layers.Input((28, 28, 192))
    before = layers.Conv2D(16, 1, padding="same", name="reduce")(x) if bottleneck else x
    return cr.Model(x, layers.Conv2D(32, 5, padding="same", name="five")(before), name=name)


def test_inceptions_bottleneck_costs_what_the_course_says():
    """120 million multiplies, and 2.4 + 10.0 = 12.4 million through the bottleneck (Deep Learning Specialization)."""
    plain, narrow = inception(False, "plain"), inception(True, "narrow")
    a, b = cr.compare(plain, narrow).costs
    assert a.total("forward").multiplies == 28 * 28 * 32 * 5 * 5 * 192 == 120_422_400
    assert b.total("forward").multiplies == 28 * 28 * 16 * 192 + 28 * 28 * 32 * 5 * 5 * 16 == 12_443_648
    assert a.lines[0].formula == "28·28·32 outputs × 5·5·192 window = 120,422,400 multiplies"
    assert a.parameters == 5 * 5 * 192 * 32 + 32
    assert a.lines[0].forward.bias == 28 * 28 * 32
    text = str(cr.compare(plain, narrow))
    assert "120,422,400" in text
    assert "0.103" in text  # last over first
    read(cr.compare(plain, narrow).to_html("ko"))


def test_a_steps_costs_by_hand():
    model = cr.Sequential(
        [layers.Input((6,)), layers.Dense(5, activation="relu", name="a"), layers.Dense(3, name="b")], name="net"
    )
    model.compile(cr.optimizers.SGD(0.1), "mse", metrics=["mae"])
    before = [v.numpy() for v in model.variables]
    x, y = np.ones((4, 6)), np.ones((4, 3))
    cost = model.cost(x, y)
    lines = {line.name: line for line in cost.lines}
    assert (cost.batch, list(lines)[:2]) == (4, ["a", "b"])
    a, b = lines["a"], lines["b"]
    assert (a.shape, a.parameters, a.memory) == ((4, 5), 6 * 5 + 5, 4 * 5 * 4)
    assert (a.forward.multiplies, a.forward.bias) == (4 * 6 * 5, 4 * 5)
    # back through b: to its kernel and to its input; through a: to its kernel alone, since x is no variable
    assert b.backward.multiplies == 2 * 4 * 5 * 3
    assert a.backward.multiplies == 4 * 6 * 5 + 4 * 5  # and the switch of relu
    assert lines["(optimizer)"].update.multiplies == cost.parameters
    assert lines["(optimizer)"].forward.flops == 0
    for v, value in zip(model.variables, before, strict=False):
        np.testing.assert_array_equal(v.numpy(), value)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_measured_costs(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    model, x, y = network()
    before = [(v.path, v.numpy()) for v in model.variables]
    cost = model.cost(x, y, engine=engine)
    assert cost.engine == engine
    assert cost.step > 0
    conv = cost.lines[0]
    assert conv.seconds["forward"] > 0
    assert conv.seconds["backward"] >= 0
    rows = cost.to_dict()["layers"]
    assert rows[0]["forward GFLOP/s"] == pytest.approx(conv.forward.flops / conv.seconds["forward"] / 1e9)
    assert "GFLOP/s" in str(cost)
    read(cost.to_html())
    if engine == "numpy":
        assert sum(sum(line.seconds.values()) for line in cost.lines) == pytest.approx(cost.step)
    for (path, value), v in zip(before, model.variables, strict=False):
        np.testing.assert_array_equal(value, v.numpy(), err_msg=path)


def test_a_batch_without_end_is_counted_but_not_measured():
    model = cr.Sequential([layers.Input((3,)), layers.Dense(2)])
    assert model.cost(batch_size=10**12).total("forward").multiplies == 6 * 10**12
    with pytest.raises(ValueProblem, match="one that fits the memory"):
        model.cost(batch_size=10**13, measure=True)


def test_costs_of_what_is_not_known():
    model = cr.Sequential([layers.Dense(2)])
    with pytest.raises(cr.GraphError, match="a full Input"):
        model.cost()
    assert model.cost(np.ones((3, 4))).batch == 3
    for wrong in (0, True, 2.5):
        with pytest.raises(ValueProblem, match="batch_size"):
            model.cost(batch_size=wrong)


# ---- the engines


def test_verify_measures_in_ulps():
    pytest.importorskip("jax")
    from chainrule.inspection.values import last_place

    for kind in (np.float32, np.float64):
        for size in (1.0, 3.7, 1e-20, 123456.0):
            assert last_place(np.array(size), np.dtype(kind)) == np.spacing(kind(size))
    model, x, y = network()
    before = [(v.path, v.numpy()) for v in model.variables]
    result = model.verify(x, y)
    rows = {(r.name, r.what): r for r in result.rows}
    assert {("conv", "output"), ("conv", "gradient"), ("conv/kernel", "gradient"), ("loss", "loss")} <= set(rows)
    assert rows["out", "output"].shape == (3, 4)
    assert result.worst.ulps < 1000
    assert result.worst.ulps == max(r.ulps for r in result.rows)
    assert "units of the last place" in str(result)
    read(result.to_html("ko"))
    for (path, value), v in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(value, v.numpy(), err_msg=path)


def test_verify_sees_an_engine_that_is_wrong(monkeypatch):
    pytest.importorskip("jax")
    from chainrule.engines.engine import engine
    from chainrule.inspection import values as inside

    class Wrong:
        def __init__(self, right):
            self.right = right

        def program(self, step):
            program = self.right.program(step)
            return lambda data: [np.asarray(a) * np.asarray(a).dtype.type(1.001) for a in program(data)]

    monkeypatch.setattr(inside, "engine_named", lambda name: Wrong(engine(name)) if name == "xla" else engine(name))
    model, x, y = network()
    assert model.verify(x, y).worst.ulps > 4000  # 0.1 % of 2**23 to 2**24 steps


# ---- regions of interest


@pytest.mark.parametrize("box", [(14.4, 25.6, 84.8, 107.2), (0.0, 0.0, 32.0, 48.0), (70.0, 90.0, 300.0, 200.0)])
@pytest.mark.parametrize("size", [(2, 2), (3, 1)])
def test_the_places_shown_are_those_that_are_read(box, size):
    """Values at the dots, interpolated by SciPy, give the bins; the gradient adds up to what arrived."""
    ndimage = pytest.importorskip("scipy.ndimage")
    features = np.random.default_rng(0).random((8, 9))
    result = cr.regions(features, box, size, 1 / 16)
    pool = result["pool"]
    values = [features[int(y), int(x)] for y, x in pool.points]
    assert sorted(values) == pytest.approx(sorted(v for v in pool.output.ravel() if v != 0))
    assert pool.gradient.sum() == len(pool.bins)
    for name in ("warp", "align"):
        way = result[name]
        inside = len(way.points) == 4 * size[0] * size[1]
        if inside:
            at = np.array(way.points).reshape(2 * size[0], 2 * size[1], 2) - 0.5
            sampled = ndimage.map_coordinates(features, [at[..., 0], at[..., 1]], order=1)
            bins = sampled.reshape(size[0], 2, size[1], 2).mean(axis=(1, 3))
            np.testing.assert_allclose(way.output, bins, rtol=1e-6)
            assert way.gradient.sum() == pytest.approx(size[0] * size[1])
    assert (result["align"].lost, result["align"].added) == (0, 0)


def test_what_rounding_loses_and_adds():
    result = cr.regions(np.zeros((8, 8)), (0.9, 1.6, 5.3, 6.7))
    assert result["warp"].used == (2.0, 1.0, 5.0, 4.0)
    assert result["pool"].used == (2.0, 1.0, 6.0, 5.0)
    both = (6.7 - 2.0) * (5.0 - 1.0)  # of the box 1.6 to 6.7 by 0.9 to 5.3, and of the rounded one
    assert result["warp"].lost == pytest.approx(5.1 * 4.4 - both)
    assert result["warp"].added == pytest.approx(20.0 - both)
    for language in words.LANGUAGES:
        read(result.to_html(language))
    assert result.to_dict()["align"]["lost"] == 0


def test_regions_that_cannot_be_read():
    with pytest.raises(cr.ShapeError, match="four finite coordinates"):
        cr.regions(np.zeros((4, 4)), (0, 0, np.nan, 1))
    with pytest.raises(cr.ShapeError, match="not empty"):
        cr.regions(np.zeros((0, 4)), (0, 0, 1, 1))
    with pytest.raises(ValueProblem, match="channel=3"):
        cr.regions(np.zeros((4, 4, 2)), (0, 0, 1, 1), channel=3)


# ---- three ways


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


# ---- descent


def line_model(start=(-1.5, -1.0)):
    model = cr.Sequential([layers.Input((1,)), layers.Dense(1, name="d")], name="line")
    model.compile(loss="mse")
    model.set_weights([np.full((1, 1), start[0]), np.full(1, start[1])])
    x = np.linspace(-1.5, 1.5, 24)[:, None]
    return model, x, 2.0 * x + 0.5


def test_the_surface_and_the_ways_are_the_losses_own():
    """A line by least squares: the loss and full-batch descent are known in closed form."""
    model, x, y = line_model()
    before = model.get_weights()
    result = cr.descent(model, x, y, learning_rate=0.2, updates=15)
    assert result.axes == ("d/kernel[0, 0]", "d/bias[0]")
    w, b = np.meshgrid(result.xs, result.ys)
    expected = ((w[..., None] * x[:, 0] + b[..., None] - y[:, 0]) ** 2).mean(axis=-1)
    np.testing.assert_allclose(result.surface, expected, rtol=1e-4, atol=1e-5)
    at = np.array([-1.5, -1.0])
    way = result.trajectories["full batch"]
    for point, loss in zip(way.points, way.losses[0], strict=True):
        error = at[0] * x[:, 0] + at[1] - y[:, 0]
        np.testing.assert_allclose(point, at, rtol=1e-4, atol=1e-5)
        assert loss == pytest.approx((error**2).mean(), rel=1e-4, abs=1e-6)
        at = at - 0.2 * 2 * np.array([(error * x[:, 0]).mean(), error.mean()])
    assert result.start == pytest.approx((-1.5, -1.0))
    assert np.abs(np.array(result.best) - [2.0, 0.5]).max() < 0.2
    for a, c in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, c)
    assert list(result.trajectories) == ["full batch", "stochastic", "mini-batch", "momentum", "Adam"]


def test_learning_rates_too_small_right_and_too_large():
    model, x, y = line_model()
    result = cr.descent(model, x, y, learning_rates=(0.001, 0.3, 5.0), updates=25)
    ends = [way.losses[0][np.isfinite(way.losses[0])][-1] for way in result.trajectories.values()]
    assert ends[1] < 1e-3 < ends[0] < 20 < ends[2]
    assert len(result.trajectories["rate 5"].points) < 26  # it is lost, and stops
    assert "then diverged" in str(result)
    assert (result.ys[-1] - result.ys[0]) < 30  # the picture stays around what is to be seen
    for language in words.LANGUAGES:
        read(result.to_html(language))


@pytest.mark.parametrize("plane", [None, "random", [("h/kernel", (0, 1)), ("o/bias", 0)]], ids=str)
def test_planes_of_a_larger_model(plane):
    cr.set_random_seed(0)
    model = cr.Sequential([layers.Input((2,)), layers.Dense(3, "tanh", name="h"), layers.Dense(1, name="o")])
    model.compile(loss="mse")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 2)), rng.normal(size=12)
    result = cr.descent(model, x, y, {"mine": (cr.optimizers.SGD(0.1), 4)}, updates=6, plane=plane, seeds=2)
    assert result.trajectories["mine"].losses.shape == (2, 7)
    assert result.trajectories["mine"].points.shape == (7, 2)
    current = model.evaluate(x, y, verbose=0)
    assert result.trajectories["mine"].losses[0, 0] == pytest.approx(current, rel=1e-5)
    assert result.surface.min() <= result.surface.max()
    assert np.isfinite(result.surface).all()
    ET.fromstring(result.to_svg())
    assert len(result.to_dict()["ways"]["mine"]["losses"]) == 2


def test_principal_directions_hold_the_way():
    """A way in the plane of its two largest directions: nothing of a two-weight way is lost."""
    model, x, y = line_model()
    ways = {"full": (cr.optimizers.SGD(0.2), None), "one": (cr.optimizers.SGD(0.1), 1)}
    own = cr.descent(model, x, y, ways, updates=8)
    turned = cr.descent(model, x, y, ways, updates=8, plane="principal")
    for name in ways:
        lengths = [np.linalg.norm(np.diff(f.trajectories[name].points, axis=0), axis=1) for f in (own, turned)]
        np.testing.assert_allclose(*lengths, rtol=1e-6)


def test_what_descent_cannot_draw():
    model, x, y = line_model()
    for wrong in (0, True, 1.5):
        with pytest.raises(ValueProblem, match="updates="):
            cr.descent(model, x, y, updates=wrong)
    with pytest.raises(ValueProblem, match="two weights"):
        cr.descent(model, x, y, plane="sideways", updates=2)
    with pytest.raises(ValueProblem, match="'e/kernel'"):
        cr.descent(model, x, y, plane=[("e/kernel", 0), ("d/bias", 0)], updates=2)
    with pytest.raises(ValueProblem, match="an entry inside it"):
        cr.descent(model, x, y, plane=[("d/kernel", (0, 7)), ("d/bias", 0)], updates=2)
    with pytest.raises(cr.GraphError, match="not compiled"):
        cr.descent(cr.Sequential([layers.Input((1,)), layers.Dense(1)]), x, y)


# ---- a recorded run


def plane_model():
    cr.set_random_seed(5)
    model = cr.Sequential(
        [layers.Input((2,)), layers.Dense(6, "relu", name="h"), layers.Dense(1, "sigmoid", name="o")], name="plane"
    )
    model.compile(cr.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    x = np.random.default_rng(0).normal(size=(50, 2))
    return model, x, (x[:, 0] * x[:, 1] > 0).astype("float32")


@pytest.mark.parametrize(("epochs", "record"), [(30, True), (12, 5), (3, 9), (1, 2)])
def test_recording_changes_nothing_and_ends_with_the_end(epochs, record):
    plain, x, y = plane_model()
    recorded, _, _ = plane_model()
    cr.set_random_seed(6)
    a = plain.fit(x, y, batch_size=20, epochs=epochs, verbose=0)
    cr.set_random_seed(6)
    b = recorded.fit(x, y, batch_size=20, epochs=epochs, verbose=0, record=record)
    assert not hasattr(a, "recording")
    for v, w in zip(plain.get_weights(), recorded.get_weights(), strict=True):
        np.testing.assert_array_equal(v, w)
    moments = b.recording.moments
    assert len(moments) == 1 + (24 if record is True else record)
    assert [m.step for m in moments] == sorted({m.step for m in moments})
    assert (moments[0].step, moments[-1].step) == (0, 3 * epochs)
    np.testing.assert_array_equal(moments[-1].weights["h/kernel"], recorded.get_weights()[0])
    assert moments[-1].logs["loss"] == pytest.approx(b.history["loss"][-1], rel=1e-5)


def test_a_moments_numbers_are_the_models():
    model, x, y = plane_model()
    first = model.gradients(x[:20], y[:20])
    recording = model.fit(x, y, batch_size=20, epochs=4, verbose=0, shuffle=False, record=4).recording
    start, end = recording.moments[0], recording.moments[-1]
    for path in ("h/kernel", "o/bias"):
        assert start.sizes[path][1] == pytest.approx(np.linalg.norm(first[path]), rel=1e-4)
        assert end.sizes[path][0] == pytest.approx(np.linalg.norm(end.weights[path]))
        np.testing.assert_allclose(start.gradients[path], first[path], rtol=1e-4, atol=1e-7)
    hidden = model.values(x[:20])["h"]
    assert end.activations["h"][2] == pytest.approx((hidden == 0).mean())
    xs, ys = recording.plane
    point = np.array([[xs[7], ys[30]]], "float32")
    assert end.boundary[30, 7] == pytest.approx(model.predict(point, verbose=0)[0, 0], rel=1e-4)
    assert recording.points[0].shape == (50, 2)
    assert len(recording.to_pandas()) == 5 * 4
    read(recording.to_html("ko"))


def test_single_steps_are_recorded_with_what_the_whole_epoch_tells():
    model = cr.Sequential([layers.Input((3,)), layers.Dense(1)], name="line")
    model.compile("sgd", "mse")
    x, y = np.ones((6, 3), "float32"), np.ones((6, 1), "float32")
    history = model.fit(x, y, batch_size=2, epochs=2, validation_data=(x, y), verbose=0, record=6)
    logs = {m.step: m.logs for m in history.recording.moments}
    assert [step for step, message in logs.items() if "val_loss" in message] == [3, 6]
    assert [logs[step]["val_loss"] for step in (3, 6)] == history.history["val_loss"]
    assert logs[6]["loss"] == history.history["loss"][1]
    assert "val_loss" in str(history.recording).splitlines()[1]


def test_a_recorded_network_of_images():
    model, x, y = network()
    recording = model.fit(x, y, epochs=2, verbose=0, record=2).recording
    assert recording.plane is None
    assert recording.moments[-1].maps["conv"].shape == (4, 3, 3)
    page = recording.to_html()
    assert "conv/kernel" in page
    assert len(page) < 200_000
    with pytest.raises(ValueProblem, match=r"record=0\.5"):
        model.fit(x, y, verbose=0, record=0.5)
    with pytest.raises(ValueProblem, match="1 to 100"):
        model.fit(x, y, verbose=0, record=101)


# ---- how far a model came


def test_the_layer_that_failed_is_marked_and_those_before_it_are_there():
    class Own(cr.Model):
        def __init__(self):
            super().__init__(name="net")
            self.conv, self.flat = layers.Conv2D(4, 3, name="conv"), layers.Flatten(name="flat")
            self.out = layers.Dense(2, name="out")

        def call(self, inputs):
            return self.out(self.flat(self.conv(inputs)))

    model = Own()
    model(np.ones((1, 8, 8, 3)))
    with pytest.raises(cr.ShapeError) as caught:
        model(np.ones((1, 5, 5, 3)))
    drawn = ET.fromstring(caught.value.to_svg())
    space = "{http://www.w3.org/2000/svg}"
    names = [t.text for t in drawn.iter(f"{space}text") if t.get("class") == "name"]
    assert names == ["input", "conv", "flat", "✗ Dense 'out'"]
    (bad,) = [g for g in drawn.iter(f"{space}g") if g.get("class") == "bad"]
    assert any("144" in t.text for t in bad.iter(f"{space}text"))
    assert "(1, 36)" in caught.value.to_svg()
    assert "ShapeError" in "".join(caught.value._render_traceback_())


def test_a_model_that_cannot_be_built_is_drawn_as_far_as_it_goes():
    x = layers.Input((4, 4, 1), name="image")
    h = layers.MaxPooling2D(name="pool")(layers.Conv2D(2, 3, name="conv")(x))
    with pytest.raises(cr.ShapeError) as caught:
        layers.Conv2D(2, 3, name="second")(h)
    drawn = caught.value.to_svg()
    for name in ("image", "conv", "pool", "second"):
        assert name in drawn
    evil = cr.ShapeError("<script>", "&", "<b>")
    ET.fromstring(evil.to_svg())


# ---- a gradient check's page


def test_a_check_shows_the_worst_entries_first():
    x = np.linspace(-2, 2, 60)
    report = cr.check(
        ops.tanh, x, backward=lambda u, x: u * (1 - ops.tanh(x) ** 2) * np.where(np.arange(60) == 7, 1.1, 1)
    )
    for language in words.LANGUAGES:
        page = report.to_html(language)
        reader = read(page)
        rows = page.split("<tr>")[2:]
        assert "x[7]" in rows[0]
        assert "✗" in rows[0]
        assert "1.1" in rows[0]
        assert len(rows) == 40
        assert words.translator(language)(report.verdict) in "".join(reader.text)
    assert "✓" in cr.check(ops.tanh, 0.5)._repr_mimebundle_()["text/html"]
    kink = cr.check(ops.relu, [0.0, 1.0]).to_html()
    assert "at a kink" in kink
    assert " | " in kink
    assert set(report.to_pandas()["kind"]) == {"ok", "wrong"}


# ---- what a demanding reader found


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


def test_names_that_begin_with_d_are_not_taken_for_slopes():
    d = cr.Variable([1.0, 2.0], name="d/decoder")
    number = cr.explain(ops.sum(d * d)).number("d/decoder", 1)
    first, *rest = number.to_latex().splitlines()[1:-1]
    assert "partial" not in first
    assert all("partial" in row for row in rest)
    assert number._repr_mimebundle_()["text/html"].count('class="forward"') == 1


def test_results_of_one_entry_and_empty_arrays():
    x, w = cr.Variable([[1.0, 2.0]], name="x"), cr.Variable([[3.0], [4.0]], name="w")
    assert "= 11" in cr.explain(x @ w).to_html()
    e = cr.explain(ops.sum(cr.Variable(np.zeros((0, 2)), name="none") * 2.0))
    assert e.to_latex()
    assert e.to_html()


def test_layers_travel_between_processes_with_their_line():
    layer = layers.Dense(2, name="here")
    again = pickle.loads(pickle.dumps(layer))
    assert again.line == layer.line
    assert 'layers.Dense(2, name="here")' in again.line


def test_a_nan_on_one_engine_alone_is_the_worst():
    from chainrule.inspection.values import Verification, _difference

    nan, same = np.array([np.nan, 1.0], "float32"), np.array([2.0, 1.0], "float32")
    rows = [_difference("a", "output", nan, same), _difference("b", "output", same, same)]
    assert Verification(("numpy", "xla"), rows).worst.name == "a"
    infinite = np.array([np.inf, 1.0], "float32")
    assert _difference("c", "output", infinite, infinite).ulps == 0
    assert _difference("d", "output", nan, nan).ulps == 0


def test_weights_with_one_path_are_all_there():
    def inner(name):
        return cr.Sequential([layers.Input((2,)), layers.Dense(2, name="dense")], name=name)

    x = layers.Input((2,))
    model = cr.Model(x, inner("b")(inner("a")(x)), name="net")
    model.compile(loss="mse")
    result = model.gradients(np.ones((1, 2)), np.zeros((1, 2)))
    assert len([name for name in result if "kernel" in name]) == 2


def test_a_loss_of_the_layers_own():
    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1, name="dense")

        def call(self, inputs):
            out = self.dense(inputs)
            self.add_loss(ops.mean(out**2))
            return out

    model = Own()
    model.compile("sgd")
    result = model.gradients(np.ones((2, 3)), None)
    out = model.values(np.ones((2, 3)))["dense"]
    np.testing.assert_allclose(result["dense"], 2 * out / 2, rtol=1e-5)
    assert model.explain(np.ones((2, 3))).gradients
    with pytest.raises(ValueProblem, match="y and an entry"):
        model.explain(np.ones((2, 3)), np.ones((2, 1)), (0, 0))


def test_measuring_changes_nothing():
    pytest.importorskip("jax")

    class Counts(layers.Layer):
        def build(self, shape):
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

        def call(self, inputs):
            self.calls.assign_add(1.0)
            return inputs + 0.0 * self.calls

    model = cr.Sequential([layers.Input((2,)), Counts(), layers.Dense(1)])
    before = [v.numpy() for v in model.variables]
    model.cost(batch_size=4, engine="xla")
    for v, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), value)


def test_descent_of_several_inputs_and_outputs():
    a, b = cr.Input((2,), name="a"), cr.Input((1,), name="b")
    model = cr.Model([a, b], [layers.Dense(1, name="first")(a), layers.Dense(1, name="second")(b)])
    model.compile("sgd", ["mse", "mse"], loss_weights=[1.0, 2.0])
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=(9, 2)), rng.normal(size=(9, 1))]
    ys = [xs[0][:, :1] * 2, xs[1] * -3]
    ways = {"all": (cr.optimizers.SGD(0.1), None), "four": (cr.optimizers.SGD(0.1), 4)}
    result = cr.descent(model, xs, ys, ways, updates=30)
    outputs = [x @ w + c for x, w, c in zip(xs, model.get_weights()[::2], model.get_weights()[1::2], strict=True)]
    start = np.mean((outputs[0] - ys[0]) ** 2) + 2 * np.mean((outputs[1] - ys[1]) ** 2)
    for way in result.trajectories.values():
        assert way.losses[0, 0] == pytest.approx(start, rel=1e-5)
        assert way.losses[0, -1] < 0.1 * start
    named = cr.descent(model, {"a": xs[0], "b": xs[1]}, ys, ways, updates=30)
    np.testing.assert_array_equal(named.trajectories["four"].losses, result.trajectories["four"].losses)


def test_descent_keeps_to_the_whole_loss():
    """A loss that counts for nothing moves nothing."""
    model, x, y = line_model()
    model.compile(loss="mse", loss_weights=0.0)
    result = cr.descent(model, x, y, {"mine": (cr.optimizers.SGD(0.5), None)}, updates=3)
    np.testing.assert_allclose(result.trajectories["mine"].points, np.array([[-1.5, -1.0]] * 4))
    for wrong in ({}, {"a": ("sgd", None)}, {"a": cr.optimizers.SGD()}):
        with pytest.raises(ValueProblem, match="way"):
            cr.descent(model, x, y, wrong)


def test_two_columns_without_one_target_are_recorded_without_a_plane():
    x = layers.Input((2,))
    model = cr.Model(x, [layers.Dense(1, name="p")(x), layers.Dense(1, name="q")(x)])
    model.compile("sgd", loss=["mse", "mse"])
    data = np.random.default_rng(0).normal(size=(8, 2))
    recording = model.fit(data, [data[:, 0], data[:, 1]], verbose=0, record=2).recording
    assert recording.plane is None
    assert recording.to_html()


def test_a_scope_around_the_model_changes_no_name():
    model, x, y = network()
    plain, costs = model.values(x), [line.name for line in model.cost(x, y).lines]
    with cr.scope("outer"):
        assert list(model.values(x)) == list(plain)
        assert [line.name for line in model.cost(x, y).lines] == costs
        assert "conv/kernel" in model.gradients(x, y)


def test_bfloat16_is_seen():
    pytest.importorskip("ml_dtypes")
    x = cr.Variable([1.0, 0.0], name="x", dtype="bfloat16")
    with np.errstate(all="ignore"):
        e = cr.explain(ops.sum(ops.log(x)))
    assert "made by log" in str(e.diagnostics[0])
    picture = cr.look(x)
    assert picture.to_dict()["max"] == 1.0
    assert "bfloat16" in picture.to_svg()


def test_only_plain_convolutions_slide():
    layer = layers.Conv2DTranspose(2, 3)
    layer(np.ones((1, 4, 4, 1)))
    with pytest.raises(ValueProblem, match="a Conv2D that was built"):
        cr.slide(layer, np.ones((4, 4, 1)))
    conv = layers.Conv2D(1, 11)
    conv(np.ones((1, 64, 64, 3)))
    assert len(cr.slide(conv, np.random.default_rng(0).random((64, 64, 3))).to_html()) < 3_000_000


def test_moments_count_the_updates_of_this_fit():
    model, x, y = plane_model()
    model.fit(x, y, batch_size=20, epochs=2, verbose=0)
    later = model.fit(x, y, batch_size=20, initial_epoch=2, epochs=4, verbose=0, record=1).recording
    assert [m.step for m in later.moments] == [0, 6]
    endless = ((x[k : k + 10], y[k : k + 10]) for _ in range(9) for k in (0, 10, 20))
    result = model.fit(endless, steps_per_epoch=3, epochs=3, verbose=0, record=3).recording
    assert [m.step for m in result.moments] == [0, 3, 6, 9]


def test_the_formula_is_of_the_multiplies_beside_it():
    model = cr.Sequential([layers.Input((9,)), layers.Dense(3, activation="tanh", name="d")])
    (line,) = model.cost(batch_size=5).lines
    assert line.formula == "5·3 outputs × 9 = 135 multiplies"


def test_a_price_is_a_page():
    price = cr.price(lambda x, k: ops.conv(x, k, padding="same"), (1, 28, 28, 192), (5, 5, 192, 32), backward=True)
    for language in words.LANGUAGES:
        text = "".join(read(price.to_html(language)).text)
        assert "120,422,400" in text
        assert {"en": "28·28·32 outputs × 5·5·192 window", "ko": "출력 28·28·32 × 창 5·5·192"}[language] in text
    assert price.to_pandas()["multiplies"].max() == 120_422_400


def test_layers_given_tensors_by_name_are_measured():
    pytest.importorskip("jax")

    class Two(layers.Layer):
        def call(self, inputs, other=None):
            return inputs + other

    class Own(cr.Model):
        def __init__(self):
            super().__init__()
            self.two, self.dense = Two(name="two"), layers.Dense(2, name="dense")

        def call(self, inputs):
            return self.dense(self.two(inputs, other=inputs * 2.0))

    cost = Own().cost(np.ones((3, 4)), engine="xla")
    assert cost.lines[0].seconds["forward"] > 0


def test_arguments_of_figures_are_said():
    f = np.zeros((4, 4))
    for wrong in ({"output_size": 0}, {"output_size": 2.5}, {"output_size": (1, 2, 3)}, {"sampling_ratio": (2, 2)}):
        with pytest.raises(ValueProblem, match=next(iter(wrong))):
            cr.regions(f, (0, 0, 2, 2), **wrong)
    assert cr.regions(f, (0, 0, 2, 2), np.int64(2))["pool"].output.shape == (2, 2)
    with pytest.raises(ValueProblem, match="to be compared"):
        cr.compare(cr.Sequential([layers.Input((2,)), layers.Dense(1)]), 3)
    x = cr.Variable(2.0, name="x")
    for wrong in ({"digits": -1}, {"digits": 2.5}, {"depth": "a"}):
        with pytest.raises(ValueProblem, match=next(iter(wrong))):
            cr.explain(x * 2.0, **wrong)
