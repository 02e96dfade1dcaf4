"""An explanation as a page and as a picture: whole, escaped, with its numbers."""

import xml.etree.ElementTree as ET

import numpy as np

import chainrule as cr
from chainrule import ops
from chainrule.draw import locale as words
from pages import read
from small_models import network


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


def test_results_of_one_entry_and_empty_arrays():
    x, w = cr.Variable([[1.0, 2.0]], name="x"), cr.Variable([[3.0], [4.0]], name="w")
    assert "= 11" in cr.explain(x @ w).to_html()
    e = cr.explain(ops.sum(cr.Variable(np.zeros((0, 2)), name="none") * 2.0))
    assert e.to_latex()
    assert e.to_html()
