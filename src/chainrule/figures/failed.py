"""A model's call that raised: the layers that ran, with their shapes, and the one that raised."""

from __future__ import annotations

import textwrap
from typing import Any

from ..core.errors import ChainruleError
from ..draw.graph import Box, svg
from ..draw.locale import translator
from ..draw.page import page as whole_page
from ..draw.text import escape

MAX_LAYERS, WIDTH, MAX_LINES = 12, 64, 8  # before the one that raised; letters and lines of the message


def picture(error: ChainruleError, language: str | None = None) -> str:
    """Draw the layers that ran before an error."""
    translate = translator(language)
    first = max(0, len(error.path) - MAX_LAYERS)
    shown = error.path[first:]
    # without a graph the layers are one below the other, in the order they ran, without arrows
    feeds = error.feeds or [[i - 1] if i > first else [] for i in range(len(error.path) + 1)]
    inputs = [[i - first for i in of_layer if i >= first] for of_layer in feeds[first:]]
    boxes = [Box(str(name), [_shape(shape)], "layer", inputs[i]) for i, (name, shape) in enumerate(shown)]
    sentences = [translate("got {what}", what=error.passed)]
    sentences += [translate("expected {what}", what=error.expected)] if error.expected else []
    sentences += [f"→ {error.mend}"] if error.mend else []
    lines = [line for sentence in sentences for line in textwrap.wrap(sentence, WIDTH)][:MAX_LINES]
    name = error.layer or type(error).__name__
    where = textwrap.wrap(error.where, WIDTH)[:2] if error.where else []
    boxes.append(Box(f"✗ {name}", [*lines, *where], translate("here"), inputs[-1] if boxes else [], "bad"))
    return svg(boxes, translate("how far it came"), False, about=str(error), arrows=error.feeds is not None)


def page(error: ChainruleError, language: str | None = None) -> str:
    """Return a page with the message and the picture."""
    translate = translator(language)
    name = type(error).__name__
    body = f'<h1 class="trouble">{escape(name)}</h1><p>{escape(error)}</p><figure>{picture(error, language)}</figure>'
    return whole_page(name, body, translate.language, script=False)


def _shape(shape: Any) -> str:
    return str(tuple(shape)) if isinstance(shape, tuple) else str(shape)
