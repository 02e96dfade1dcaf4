"""How far a model came: the layers that did work, with their shapes, and the one that raised."""

from __future__ import annotations

import textwrap
from typing import Any

from ..draw.graph import Box, svg
from .words import catalogue

LAYERS, WIDE, LINES = 12, 64, 8  # so many layers before it; letters and lines of the message


def picture(error: Any, language: str | None = None) -> str:
    """The picture of a `ChainruleError`."""
    say = catalogue(language)
    boxes: list[Box] = []
    for name, shape in error.path[-LAYERS:]:
        boxes.append(Box(str(name), [_shape(shape)], "layer", [len(boxes) - 1] if boxes else []))
    said = [f"Got {error.passed}", *([f"expected {error.expected}"] if error.expected else [])]
    said += [f"→ {error.mend}"] if error.mend else []
    lines = [line for text in said for line in textwrap.wrap(text, WIDE)][:LINES]
    name = error.layer or type(error).__name__
    where = textwrap.wrap(error.where, WIDE)[:2] if error.where else []
    boxes.append(Box(f"✗ {name}", [*lines, *where], say("here"), [len(boxes) - 1] if boxes else [], "bad"))
    return svg(boxes, say("how far it came"), False, about=str(error))


def _shape(shape: Any) -> str:
    return str(tuple(shape)) if isinstance(shape, tuple) else str(shape)
