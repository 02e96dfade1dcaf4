"""How far a model came: the layers that did work, with their shapes, and the one that raised."""

from __future__ import annotations

import textwrap
from typing import Any

from ..draw.graph import Box, svg
from ..draw.locale import translator
from ..draw.page import page as whole_page
from ..draw.text import escape

LAYERS, WIDE, LINES = 12, 64, 8  # so many layers before it; letters and lines of the message


def picture(error: Any, language: str | None = None) -> str:
    """The picture of a `ChainruleError`."""
    translate = translator(language)
    first = max(0, len(error.path) - LAYERS)
    shown = error.path[first:]
    # without a graph layers are one below the other, as they ran; no arrow says what none knows
    feeds = error.feeds or [[i - 1] if i > first else [] for i in range(len(error.path) + 1)]
    takes = [[i - first for i in each if i >= first] for each in feeds[first:]]
    boxes = [Box(str(name), [_shape(shape)], "layer", takes[i]) for i, (name, shape) in enumerate(shown)]
    said = [translate("got {what}", what=error.passed)]
    said += [translate("expected {what}", what=error.expected)] if error.expected else []
    said += [f"→ {error.mend}"] if error.mend else []
    lines = [line for text in said for line in textwrap.wrap(text, WIDE)][:LINES]
    name = error.layer or type(error).__name__
    where = textwrap.wrap(error.where, WIDE)[:2] if error.where else []
    boxes.append(Box(f"✗ {name}", [*lines, *where], translate("here"), takes[-1] if boxes else [], "bad"))
    return svg(boxes, translate("how far it came"), False, about=str(error), arrows=error.feeds is not None)


def page(error: Any, language: str | None = None) -> str:
    """A page that holds it, with the message."""
    translate = translator(language)
    name = type(error).__name__
    body = f'<h1 class="trouble">{escape(name)}</h1><p>{escape(error)}</p><figure>{picture(error, language)}</figure>'
    return whole_page(name, body, translate.language, script=False)


def _shape(shape: Any) -> str:
    return str(tuple(shape)) if isinstance(shape, tuple) else str(shape)
