"""Results as notebooks show them: a page in a frame, a picture, and text for viewers that trust neither."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ..core.display import Displayable, Figure
from ..draw.page import iframe, image
from ..draw.raster import png
from ..draw.text import escape


def page_bundle(result: Displayable, renderer: ModuleType, height: int) -> dict[str, Any]:
    """Return a result as a page of this height in pixels, and as text."""
    text = repr(result)
    return {"text/html": _in_notebook(result, renderer, height, f"<pre>{escape(text)}</pre>"), "text/plain": text}


def picture_bundle(result: Figure, renderer: ModuleType, height: int) -> dict[str, Any]:
    """Return a result as a page of this height in pixels, as a picture, and as text."""
    text, svg = repr(result), result.to_svg()
    html = _in_notebook(result, renderer, height, image(svg, text[:500]))
    return {"text/html": html, "image/svg+xml": svg, "text/plain": text}


def _in_notebook(result: Displayable, renderer: ModuleType, height: int, fallback: str) -> str:
    """Return the renderer's fragment, which needs no styles or script, if it has one; else the page in a frame, which
    keeps them to itself. `fallback` is HTML for viewers that trust no styles, scripts or frames."""
    fragment = getattr(renderer, "fragment", None)
    return str(fragment(result)) if fragment else iframe(result.to_html(), height, fallback)


__all__ = ["page_bundle", "picture_bundle", "png"]
