"""A model as a picture: whole XML, and boxes that do not overlap."""

import re
import xml.etree.ElementTree as ET

import chainrule as cr
from chainrule import layers
from chainrule.draw.graph import Box, svg
from chainrule.utils import plot_model


def test_a_drawing_is_whole_xml_with_every_name():
    a, b = cr.Input((4,), name="<a>"), cr.Input((4,), name="b")
    h = layers.Dense(3, "relu", name="shared")
    y = layers.Concatenate(name="join")([h(a), layers.Dropout(0.1, name="drop")(h(b)), a])
    text = plot_model(cr.Model([a, b], y), None, show_shapes=True, show_dtype=True, show_layer_activations=True)
    root = ET.fromstring(text)
    words = {t.text for t in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"<a>", "b", "shared", "drop", "join", "Dense, relu", "(None, 10)", "float32"} <= words
    assert text.count('class="box"') == 6
    assert text.count('class="arrow"') == 6


def test_boxes_do_not_overlap():
    boxes = [Box(f"box{i}", ["line"], "K", [j for j in range(i) if (i * 7 + j * 3) % 4 == 0]) for i in range(12)]
    for across in (False, True):
        root = ET.fromstring(svg(boxes, "t", across))
        places = [
            tuple(map(float, re.findall(r"[-\d.]+", g.get("transform"))))
            for g in root.iter("{http://www.w3.org/2000/svg}g")
        ]
        rects = [r for r in root.iter("{http://www.w3.org/2000/svg}rect") if r.get("class") == "box"]
        sizes = [(float(r.get("width")), float(r.get("height"))) for r in rects]
        total_wide, total_high = map(float, root.get("viewBox").split()[2:])
        for i, ((x, y), (wide, high)) in enumerate(zip(places, sizes, strict=True)):
            assert 0 <= x <= total_wide - wide
            assert 0 <= y <= total_high - high
            for (u, v), (wider, higher) in zip(places[:i], sizes, strict=False):
                assert x >= u + wider or u >= x + wide or y >= v + higher or v >= y + high
