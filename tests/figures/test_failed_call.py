"""A model's call that raised, as a picture: the layers that ran, and the one that raised."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers


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


def test_how_far_a_graph_came():
    image = layers.Input((8, 8, 1), name="image")
    left, right = layers.Conv2D(2, 3, name="left")(image), layers.Conv2D(2, 5, name="right")(image)
    with pytest.raises(cr.ShapeError) as caught:
        layers.Add(name="join")([left, right])
    assert [name for name, _ in caught.value.path] == ["image", "left", "right"]
    assert caught.value.feeds == [[], [0], [0], [1, 2]]
    assert caught.value.to_svg().count('class="arrow"') == 4


def test_layers_that_ran_are_not_joined_by_arrows():
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
