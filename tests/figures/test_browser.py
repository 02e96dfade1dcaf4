"""Pages in a browser: headless Chromium, driven by Playwright. Set CHAINRULE_CHROMIUM to the browser's path where it is
not found by name; where it is set, a browser that cannot be started is a failure, not a skip."""

import os
import re
import shutil
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest

import chainrule as cr
from chainrule import applications, layers, ops
from looked import DRAWN, LOOKED, network

WIDTHS = (1280, 480)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def chromium():
    path = os.environ.get("CHAINRULE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine (CHAINRULE_CHROMIUM says where one is)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a page by ``file://``; at the end nothing may have been said on the console or asked of the network."""
    contexts, diagnostics = [], []

    def open_(html, width=1280, **options):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: diagnostics.append(message.text))
        page.on("pageerror", lambda error: diagnostics.append(str(error)))
        requested = []
        page.on("request", lambda request: requested.append(request.url))
        page.goto(path.as_uri())
        page.asked = requested
        page.own = path.as_uri()
        return page

    yield open_
    for context in contexts:
        for page in context.pages:
            assert {url.partition("#")[0] for url in page.asked} <= {page.own, "about:srcdoc"}
        context.close()
    assert diagnostics == []


def j_is_33():
    a, b, c = (cr.Variable(v, name=n, dtype="float64") for n, v in {"a": 5.0, "b": 3.0, "c": 2.0}.items())
    return cr.explain(3 * (a + b * c))


def now(page):
    return page.locator("nav .now").inner_text()


def test_arrow_keys_step_forward_then_backward(opened):
    page = opened(j_is_33().to_html())
    assert page.title() == "J = 33"
    said = []
    for _ in range(9):
        page.keyboard.press("ArrowRight")
        said.append(now(page))
    expected = ["u = 3 × 2 = 6", "v = 5 + 6 = 11", "J = 3 × 11 = 33", "dJ/dJ = 1", "dJ/dv", "dJ/da", "dJ/du", "dJ/db",
              "dJ/dc"]  # fmt: skip
    for i, (line, start) in enumerate(zip(said, expected, strict=True)):
        assert line.startswith(f"{i + 1}/9"), line
        assert start in line
    page.keyboard.press("ArrowRight")  # there is no further
    assert now(page) == said[-1]
    page.keyboard.press("ArrowLeft")
    assert now(page) == said[-2]
    assert page.locator(".row.later").count() == 1
    assert page.locator("svg .now").get_attribute("data-of") == "b"
    page.keyboard.press("Home")
    assert now(page) == ""
    assert page.locator(".stepping").count() == 0
    page.keyboard.press("End")
    assert now(page) == said[-1]
    for _ in range(9):
        page.keyboard.press("ArrowLeft")
    assert now(page) == ""


def test_scopes_unfold_one_inside_another(opened):
    page = opened(network().to_html())
    folded = page.locator("details.part:not([open])")
    conv = page.locator("details.part", has=page.locator("> summary .title", has_text=re.compile("^conv$"))).last
    before = page.locator(".row:visible").count()
    page.keyboard.press("ArrowRight")
    first = now(page)
    assert "h3[" in first  # the folded convolution is one step, with its own value
    conv.locator("> summary").click()
    assert conv.get_attribute("open") is not None
    inner = conv.locator("details.part").first
    assert inner.locator("> summary .kind").inner_text() == "composite"
    inner.locator("> summary").click()
    assert inner.locator(".step").count() == 3
    assert page.locator(".row:visible").count() > before
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert "h1[" in now(page)  # inside it now begins with the convolution itself
    page.get_by_role("button", name="unfold all scopes").click()
    assert folded.count() == 0
    page.get_by_role("button", name="fold all scopes", exact=True).click()
    assert page.locator("details.part[open]").count() == 0


def test_a_click_on_a_box_leads_to_its_row_through_all_folds(opened):
    page = opened(network().to_html())
    page.locator("figure svg a").first.wait_for()
    link = page.locator('figure svg g[data-of="h3"]').first
    link.click()
    target = page.evaluate("document.getElementById(location.hash.slice(1)).querySelector('.title').textContent")
    assert target == "h3"
    assert page.locator(page.evaluate("location.hash")).is_visible()


def test_every_entry_of_a_small_array_opens(opened):
    x = cr.Variable([[1.0, 2.0], [3.0, -4.0]], name="x", dtype="float64")
    page = opened(cr.explain(ops.sum(ops.relu(x) * x)).to_html())
    entry = page.locator(".entries details", has=page.locator("summary", has_text="[1, 1] -4")).first
    entry.locator("summary").click()
    text = entry.locator("pre").inner_text()
    assert "x[1, 1] = −4" in text
    assert "through" in text


def test_the_first_frame_needs_no_script(opened):
    page = opened(network().to_html(), java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.locator("figure svg").first.is_visible()
    assert page.locator(".row:visible").count() > 10
    assert not page.locator("nav.steps").is_visible()
    page.locator("details.part:not([open]) > summary").first.click()  # folding is the browser's own
    assert page.locator("details.part[open]").count() >= 2


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_is_cut_off_or_overlaps(opened, width, language):
    for e in (j_is_33(), network()):
        page = opened(e.to_html(language), width)
        page.get_by_role("button").last.click()  # unfold all
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        outside = page.evaluate(
            """() => [...document.querySelectorAll('svg.graph g')].filter(g => {
                const box = g.querySelector('rect').getBoundingClientRect();
                return [...g.querySelectorAll('text')].some(t => {
                    const r = t.getBoundingClientRect();
                    return r.left < box.left + 4 || r.right > box.right - 1 || r.bottom > box.bottom + 1;
                });
            }).map(g => g.textContent)"""
        )
        assert outside == []
        clipped = page.evaluate(
            """() => [...document.querySelectorAll('.row:not(summary .row), h1, nav, .head')].filter(
                e => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"""
        )
        assert clipped == []


CONTRAST = """(selector) => {
    const light = (text) => {
        const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const e = document.querySelector(selector);
    const style = getComputedStyle(e);
    const ink = e instanceof SVGElement ? style.fill : style.color;
    let paper = null;
    if (e instanceof SVGElement && e.closest('g'))
        paper = getComputedStyle(e.closest('g').querySelector('rect')).fill;
    else paper = getComputedStyle(document.body).backgroundColor;
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_light_and_dark(opened, scheme):
    """A contrast of 4.5 at least (WCAG 2.2, AA)."""
    page = opened(network().to_html(), color_scheme=scheme)
    for selector in ("h1", ".row.f", ".row.b", ".soft", ".says", "svg .name", "svg .line", "svg .forward",
                     "svg .backward"):  # fmt: skip
        assert page.evaluate(CONTRAST, selector) >= 4.5, (selector, scheme)


def test_in_a_notebooks_frame(opened):
    page = opened(f"<!doctype html><title>t</title>{j_is_33()._repr_mimebundle_()['text/html']}")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="one step on").click()
    assert "u = 3 × 2 = 6" in frame.locator("nav .now").inner_text()


class Distrust(HTMLParser):
    """What a viewer without trust leaves of HTML: no style, script, frame or SVG, no attribute but a few; the text
    of what it takes away stays."""

    def __init__(self, html):
        super().__init__()
        self.left, self.dropped = [], 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag in ("style", "script"):
            self.dropped += 1
        elif tag not in ("iframe", "svg"):
            saved = "".join(f' {k}="{escape(v)}"' for k, v in attributes if k in ("src", "alt", "class"))
            self.left.append(f"<{tag}{saved}>")

    def handle_endtag(self, tag):
        if tag in ("style", "script"):
            self.dropped -= 1
        elif tag not in ("iframe", "svg", "img"):
            self.left.append(f"</{tag}>")

    def handle_data(self, data):
        if not self.dropped:
            self.left.append(escape(data))


@pytest.mark.parametrize("name", LOOKED)
def test_a_notebook_trusted_or_not(opened, name):
    """As JupyterLab shows a notebook of somebody else's: no blank cell, no heap of a picture's words."""
    if name == "verify":
        pytest.importorskip("jax")
    result = LOOKED[name]()
    bundle = result._repr_mimebundle_()
    if "text/html" not in bundle:  # an untrusted SVG is not shown at all: the text is
        assert name == "look"
        return
    html = bundle["text/html"]
    trusted = opened(f"<!doctype html><title>t</title>{html}")
    framed = "<iframe" in html
    assert trusted.locator("iframe:visible").count() == framed
    untrusted = opened(f"<!doctype html><title>t</title>{''.join(Distrust(html).left)}")
    assert untrusted.locator("iframe, style, svg").count() == 0
    if framed:
        kind = "img" if name in DRAWN else "pre"
        assert trusted.locator(f"{kind}:visible").count() == 0
        assert untrusted.locator(f"{kind}:visible").count() == 1
    if framed and name in DRAWN:
        assert untrusted.locator("img").evaluate("e => e.decode().then(() => e.naturalWidth)") > 100
    else:
        assert len(untrusted.locator("body").inner_text()) > 40


def test_the_window_slides(opened):
    cr.set_random_seed(1)
    conv = layers.Conv2D(1, 3, name="edges")
    image = np.random.default_rng(0).random((6, 7, 2))
    conv(image[None])
    page = opened(cr.slide(conv, image).to_html())
    assert page.locator("section.frame:visible").count() == 1
    texts = []
    for _ in range(20):
        texts.append(page.locator("section.frame:visible p.forward").inner_text())
        page.keyboard.press("ArrowRight")
    assert len(set(texts)) == 20
    assert now(page) == "20/20"
    page.keyboard.press("Home")
    assert page.locator("section.frame:visible p.forward").inner_text() == texts[0]


def test_an_array_tells_its_numbers(opened):
    page = opened(cr.look(np.array([[1.5, -2.0], [0.25, 7.0]]), "w").to_html())
    titles = page.locator("svg.heat rect.sense title").all_text_contents()
    assert titles[3] == "[1, 1] = 7"
    assert page.locator("svg.heat image").evaluate("e => e.getBoundingClientRect().width") > 20


def test_a_run_is_scrubbed(opened):
    cr.set_random_seed(1)
    model = cr.Sequential([layers.Input((2,)), layers.Dense(4, "tanh"), layers.Dense(1, "sigmoid")], name="plane")
    model.compile("adam", "binary_crossentropy")
    x = np.random.default_rng(0).normal(size=(40, 2))
    page = opened(model.fit(x, (x[:, 0] > 0).astype("f4"), epochs=6, verbose=0, record=6).recording.to_html(), 480)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("section.frame:visible h2").inner_text().startswith("after 0 updates")
    page.locator("input[type=range]").fill("6")
    assert page.locator("section.frame:visible h2").inner_text().startswith("after 12 updates")
    page.locator("body").press("ArrowLeft")
    assert now(page) == "6/7"
    assert page.locator("input[type=range]").input_value() == "5"


@pytest.mark.parametrize("name", LOOKED)
def test_every_page_opens_wide_and_narrow(opened, name):
    """No word on the console, nothing asked of the network, no scrolling sideways but inside tables and pictures."""
    if name == "verify":
        pytest.importorskip("jax")
    result = LOOKED[name]()
    for width in WIDTHS:
        for language in ("en", "ko"):
            page = opened(result.to_html(language), width, color_scheme="dark")
            assert page.locator("html").get_attribute("lang") == language
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, language)
            assert page.evaluate(
                """() => [...document.querySelectorAll('svg')].every(
                    s => s.querySelector('title') && (!s.checkVisibility() || s.getBoundingClientRect().height > 20))"""
            )


SMALL_TEXT = """() => [...document.querySelectorAll('body *')].filter(e => {
    const own = [...e.childNodes].some(c => c.nodeType === 3 && c.textContent.trim());
    if (!own || !e.checkVisibility() || ['style', 'script', 'title', 'desc'].includes(e.tagName.toLowerCase()))
        return false;
    const svg = e.closest('svg');
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    return parseFloat(getComputedStyle(e).fontSize) * scale < 9.99;
}).map(e => e.outerHTML.slice(0, 80))"""
BROKEN_WORDS = """() => {
    const broken = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (!node.parentElement.checkVisibility() || node.parentElement.closest('svg, pre')) continue;
        for (const match of node.textContent.matchAll(/[가-힣]{2,12}/g)) {
            const range = document.createRange();
            range.setStart(node, match.index);
            range.setEnd(node, match.index + match[0].length);
            if (new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1) broken.push(match[0]);
        }
    }
    return broken;
}"""
CUT_OFF = """() => [...document.querySelectorAll('.scroll, figure')].filter(
    e => e.checkVisibility() && !e.querySelector('svg.graph') && e.scrollWidth > e.clientWidth + 2
).map(e => [e.tagName, e.scrollWidth, e.clientWidth])"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LOOKED)
def test_text_is_large_enough_words_are_whole_and_nothing_is_cut_off(opened, name, width):
    """No text below 10 pixels, no Korean word broken between syllables; tables, charts and heat maps no wider than the
    page, so that no column is hidden (graphs scroll)."""
    if name == "verify":
        pytest.importorskip("jax")
    result = LOOKED[name]()
    for language in ("en", "ko"):
        page = opened(result.to_html(language), width)
        assert page.evaluate(SMALL_TEXT) == []
        assert page.evaluate(BROKEN_WORDS) == []
        if name != "look":  # of 12 channels in a row
            assert page.evaluate(CUT_OFF) == []


@pytest.mark.slow
def test_a_large_network_opens_folded_and_small(opened):
    model = applications.ResNet50(weights=None, input_shape=(64, 64, 3), classes=10)
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert sum(w.size for w in model.weights) > 20_000_000
    x = np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype("float32")
    html = model.explain(x, np.array([3])).to_html()
    assert len(html.encode()) < 5_000_000
    page = opened(html)
    assert page.locator(".row:visible").count() < 60
    page.locator("details.part > summary", has_text="resnet50").first.click()
    assert page.locator(".row:visible").count() > 300
