"""Results in every form: text, page, data, picture, file, notebook; in both languages."""

import io
import json
import os
import pickle
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.display import Displayable, Figure
from chainrule.core.errors import ValueProblem
from chainrule.core.messages import LazyMessage
from chainrule.draw import raster
from chainrule.draw.locale import LANGUAGES, translator
from chainrule.draw.text import display_width
from chainrule.utils import plot_model
from looked import DRAWN, LOOKED, network

HANGUL = re.compile("[가-힣]")


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.delenv("CHAINRULE_LANGUAGE", raising=False)
    yield
    cr.set_language(None)


@pytest.mark.parametrize("name", LOOKED)
def test_every_result_has_every_form(name, tmp_path):
    if name == "verify":
        pytest.importorskip("jax")
    result = LOOKED[name]()
    assert isinstance(result, Displayable)
    assert isinstance(result, Figure) == (name in DRAWN)
    assert str(result) == repr(result) == result.to_text() == result.to_text("en")
    assert not HANGUL.search(result.to_text())
    bundle = result._repr_mimebundle_()
    assert bundle["text/plain"] == str(result)
    assert ("text/html" in bundle) == (name != "look")
    assert ("image/svg+xml" in bundle) == (name in DRAWN)

    for ending in (".html", ".txt", ".json"):
        result.save(tmp_path / f"it{ending}")
    assert (tmp_path / "it.html").read_text(encoding="utf-8") == result.to_html()
    assert (tmp_path / "it.txt").read_text(encoding="utf-8") == str(result) + "\n"
    data = (tmp_path / "it.json").read_text()
    assert json.loads(data, parse_constant=lambda word: pytest.fail(f"{word} is no JSON")) == json.loads(
        json.dumps(result.to_dict())
    )
    if name in DRAWN:
        result.save(tmp_path / "it.svg")
        wide, high = (float(ET.parse(tmp_path / "it.svg").getroot().get(side)) for side in ("width", "height"))
        result.save(tmp_path / "it.PNG")
        picture = Image.open(io.BytesIO((tmp_path / "it.PNG").read_bytes()))
        assert np.abs(np.array(picture.size) - 2 * np.array([wide, high])).max() <= 2
        assert len(picture.convert("RGB").getcolors(2**24)) > 20
        assert picture.convert("RGBA").getextrema()[3] == (255, 255)  # nothing can be seen through it
    else:
        with pytest.raises(ValueProblem, match=r"ends in \.html, \.txt, \.json"):
            result.save(tmp_path / "it.svg")


@pytest.mark.parametrize("name", sorted(LOOKED))
def test_every_result_speaks_korean(name):
    if name == "verify":
        pytest.importorskip("jax")
    result = LOOKED[name]()
    page = result.to_html("ko")
    assert '<html lang="ko">' in page
    assert HANGUL.search(page)
    if name != "number":  # its rows are names and numbers
        assert HANGUL.search(result.to_text("ko"))
    english = [s for s in translator("ko").sentences if "{" not in s and " " in s and len(s) > 15]
    for said in (page, result.to_text("ko"), result.to_svg("ko") if name in DRAWN else ""):
        assert not [s for s in english if s in said]
    with pytest.raises(ValueProblem, match="one of en, ko"):
        result.to_text("xx")
    for form in ("to_text", "to_html", *(("to_svg", "to_png") if name in DRAWN else ())):
        assert next(iter(signature(getattr(result, form)).parameters)) == "language"


def test_a_language_is_set_for_everything(monkeypatch):
    e = network()
    english = str(e)
    cr.set_language("ko")
    assert str(e).startswith("순방향\n")
    assert '<html lang="ko">' in e.to_html()
    assert e.to_text("en") == english
    assert "역방향" in str(cr.price(ops.tanh, (3,), backward=True))
    with pytest.raises(ValueProblem, match="'fr'"):
        cr.set_language("fr")
    assert str(e).startswith("순방향\n")
    cr.set_language(None)
    assert str(e) == english
    monkeypatch.setenv("CHAINRULE_LANGUAGE", "ko")
    assert str(e).startswith("순방향\n")
    cr.set_language("en")
    assert str(e) == english
    monkeypatch.setenv("CHAINRULE_LANGUAGE", "xx")
    cr.set_language(None)
    with pytest.raises(ValueProblem, match="'xx'"):
        str(e)


def test_tables_are_aligned_in_wide_letters():
    lines = cr.price(lambda x, k: ops.conv(x, k), (1, 6, 6, 2), (3, 3, 2, 4)).to_text("ko").splitlines()
    assert display_width("ab한글") == 6
    ends = {display_width(line[: line.index("1,152") + 5]) for line in lines[1:3] if "1,152" in line}
    assert len(ends) == 1, lines


def test_a_formula_is_saved_as_latex(tmp_path):
    number = network().number("out/bias", 2)
    number.save(tmp_path / "n.tex")
    assert (tmp_path / "n.tex").read_text(encoding="utf-8") == number.to_latex() + "\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("it.pdf", "ends in .html, .txt, .json, .tex, .svg, .png"),
        ("it", "ends in"),
        ("no/it.html", "cannot be written"),
    ],
)
def test_a_file_that_cannot_be(name, said, tmp_path):
    with pytest.raises(ValueProblem) as raised:
        network().save(tmp_path / name)
    assert said in str(raised.value)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueProblem, match="the file 3"):
        network().save(3)


# ---- PNG


def drawn(text="n", wide=60, high=40):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}"><text y="25">{text}</text>'
        f'<rect x="{wide / 2}" width="{wide / 2}" height="{high}" fill="#ff0000"/></svg>'
    )


@pytest.mark.parametrize("scale", [0.5, 1, 3.25])
def test_pixels_are_those_of_the_picture(scale):
    picture = Image.open(io.BytesIO(raster.png(drawn(), scale))).convert("RGB")
    assert picture.size == (60 * scale, 40 * scale)
    assert picture.getpixel((int(50 * scale), int(20 * scale))) == (255, 0, 0)
    assert picture.getpixel((int(20 * scale), 0)) == (255, 255, 255)
    left = np.asarray(picture)[:, : int(25 * scale)]
    assert (left < 128).any()  # the letter


@pytest.mark.parametrize("scale", [0, -1, True, "2", float("nan"), float("inf"), 1e-9, 900])
def test_a_scale_that_no_picture_has(scale):
    with pytest.raises(ValueProblem, match=r"scale|pixel"):
        raster.png(drawn(wide=1000, high=1000), scale)


@pytest.fixture
def no_fonts(monkeypatch):
    """resvg as on a machine without fonts, such as a container."""
    real = raster.load_resvg()

    class Bare:
        @staticmethod
        def svg_to_bytes(**options):
            return real.svg_to_bytes(**options, skip_system_fonts=True)

    monkeypatch.setattr(raster, "load_resvg", lambda: Bare)
    raster._has_glyph.cache_clear()
    yield
    raster._has_glyph.cache_clear()


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_pictures_need_no_font_of_the_machine(name, no_fonts):
    svg = LOOKED[name]().to_svg()
    assert raster.png(svg) != raster.png(svg.replace("<text", '<text fill-opacity="0"'))  # the text is drawn


def test_every_sign_of_our_pictures_is_in_our_font(no_fonts):
    sources = Path(cr.__file__).parent.rglob("*.py")
    signs = {sign for path in sources for sign in path.read_text(encoding="utf-8") if sign > "~"}
    signs = {sign for sign in signs if not HANGUL.match(sign) and sign.isprintable()}
    assert {"×", "−", "▸", "µ", "²", "∏"} <= signs
    assert [sign for sign in sorted(signs) if not raster._has_glyph(sign)] == []
    for letters in ("äßœŁșçĐ", "αβγδλμσθϕΩΣΔ∂∇", "∞≈≤≠∈∀∃√∫⊙⊗→⇒⌊⌉"):
        assert all(map(raster._has_glyph, letters)), letters


def test_a_script_without_a_font_is_named(no_fonts):
    """resvg leaves text out, or draws boxes, in silence."""
    assert raster.png(drawn("Ωmega &amp; Σ"))
    with pytest.raises(ValueProblem, match=r"'글' \(Hangul syllable geul\).*no font.*fonts-nanum"):
        raster.png(drawn("글"))
    with pytest.raises(ValueProblem, match="no font"):
        cr.look(np.eye(2)).to_png("ko")
    assert raster.png(drawn("a").replace("<text", "<title>한글</title><text"))  # which is not drawn


def test_without_resvg_the_rest_works(tmp_path):
    code = """
import sys
sys.modules["resvg_py"] = None
import chainrule as cr
e = cr.explain(2 * cr.Variable(3.0, name="w"))
e.save("e.svg")
try:
    e.save("e.png")
except cr.ChainruleError as error:
    print(error)
"""
    out = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, text=True)
    assert "pip install chainrule[png]" in out
    assert os.listdir(tmp_path) == ["e.svg"]


def test_a_model_is_drawn_as_png(tmp_path):
    model = cr.Sequential([layers.Input((2,)), layers.Dense(1)])
    text = plot_model(model, tmp_path / "m.png", show_shapes=True, dpi=192)
    size = [2 * float(ET.fromstring(text).get(side)) for side in ("width", "height")]
    picture = Image.open(io.BytesIO((tmp_path / "m.png").read_bytes()))
    assert np.abs(np.array(picture.size) - size).max() <= 2
    with pytest.raises(ValueProblem, match=r"\.svg or \.png"):
        plot_model(model, tmp_path / "m.pdf")


# ---- messages


def test_a_sentence_remembers_what_it_was_made_of():
    inner = LazyMessage(
        "the gradient of {name} has shape {found}, where {name} has {shape}", name="{w}", found=(2, 3), shape=()
    )
    said = LazyMessage("{problem} (its transpose would fit)", problem=inner)
    assert said == "the gradient of {w} has shape (2, 3), where {w} has () (its transpose would fit)"
    again = pickle.loads(pickle.dumps(said))
    assert again == said
    assert again.values["problem"].values == inner.values
    assert json.loads(json.dumps({"hint": said})) == {"hint": str(said)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_check_says_what_is_wrong_in_every_language(language):
    def product(x, w):
        return x @ w

    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 2)), rng.normal(size=(2, 4))
    fits = cr.check(product, x, w, backward=lambda u, x, w: ((u @ w.T).T, x.T @ u)).to_text(language)
    sign = cr.check(product, x, w, backward=lambda u, x, w: (-(u @ w.T), x.T @ u)).to_text(language)
    if language == "en":
        assert "has shape (2, 3), where x has (3, 2) (its transpose would fit)" in fits
        assert "hint: the gradient of x has the wrong sign" in sign
    else:
        assert "(2, 3)" in fits
        assert "(3, 2)" in fits
        assert len(HANGUL.findall(sign)) > 20
        assert "gradient" not in sign
