"""The page for those who come from a tape, a torch loop or `jax.grad`: before and after are the same numbers."""

import re
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule.core.missing_names import MISSING_NAMES

PAGE = (Path(__file__).parent.parent / "docs" / "from-other-frameworks.md").read_text()
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
DATA = re.search(r"```python\n(.*?)```", PAGE, re.S)[1]


def blocks(word):
    """The section and the code of each block whose paragraph says "before" or "after"."""
    result = []
    for title, text in SECTIONS.items():
        for prose, code in re.findall(r"(.*?)```python\n(.*?)```", text, re.S):
            if word in prose.strip().split("\n\n")[-1].lower():
                result.append((title, code))
    return result


def run(code):
    names = {"__name__": "page"}
    exec(DATA + code, names)
    return np.asarray(names["w"]), np.asarray(names["b"])


def expected():
    """100 steps of gradient descent, by hand."""
    names = {}
    exec(DATA, names)
    x, y = (names[n].astype("float64") for n in "XY")
    w, b = np.zeros((3, 1)), np.zeros(1)
    for _ in range(100):
        error = x @ w + b - y
        w, b = w - 0.2 * x.T @ error / len(x), b - 0.2 * error.mean(0)
    return w, b


def test_every_section_has_code_before_and_after():
    for word in ("before", "after"):
        assert {title for title, _ in blocks(word)} == set(SECTIONS)
    codes = [code for word in ("before", "after") for _, code in blocks(word)]
    assert len(codes) == PAGE.count("```python") - 1
    assert all(code.count("\n") <= 18 for code in codes)


@pytest.mark.parametrize(("title", "code"), blocks("after"))
def test_code_after(title, code):
    assert "import chainrule as cr" in code
    for value, reference in zip(run(code), expected(), strict=True):
        np.testing.assert_allclose(value, reference, rtol=1e-4, atol=1e-5)


BEFORE = {code for _, code in blocks("before")}


@pytest.mark.parametrize("code", [code for code in BEFORE if "import jax" in code])
def test_code_before_with_jax(code):
    for value, reference in zip(run(code), expected(), strict=True):
        np.testing.assert_allclose(value, reference, rtol=1e-4, atol=1e-5)


@pytest.mark.heavy
@pytest.mark.parametrize("code", [code for code in BEFORE if "import torch" in code])
def test_code_before_with_pytorch(code):
    pytest.importorskip("torch", reason="install tests/peers.txt to compare with PyTorch")
    for value, reference in zip(run(code), expected(), strict=True):
        np.testing.assert_allclose(value, reference, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`@?((?:cr|ops|layers|utils)\.[\w.]+)", PAGE))))
def test_every_name_of_the_page_exists(name):
    first, *rest = name.removeprefix("cr.").split(".")
    thing = getattr(chainrule, first)
    for part in rest:
        thing = getattr(thing, part)
    assert first not in MISSING_NAMES["chainrule"]
