"""Results as notebooks show them: a page in a frame, a picture, and text for viewers that trust neither.

May import: `draw`.
"""

from __future__ import annotations

from typing import Any

from ..draw.page import iframe, image
from ..draw.raster import png
from ..draw.text import escape


def page_bundle(result: Any, renderer: Any, height: int) -> dict[str, Any]:
    """Give a result as a page of this height in pixels, and as text."""
    text = repr(result)
    return {"text/html": _in_notebook(result, renderer, height, f"<pre>{escape(text)}</pre>"), "text/plain": text}


def picture_bundle(result: Any, renderer: Any, height: int) -> dict[str, Any]:
    """Give a result as a page of this height in pixels, as a picture, and as text."""
    text, svg = repr(result), result.to_svg()
    html = _in_notebook(result, renderer, height, image(svg, text[:500]))
    return {"text/html": html, "image/svg+xml": svg, "text/plain": text}


def _in_notebook(result: Any, renderer: Any, height: int, instead: str) -> str:
    """Put the page into a frame, which keeps its styles and script to itself; or give what needs neither. `instead` is
    HTML without styles, scripts or frames, for viewers that trust none."""
    fragment = getattr(renderer, "fragment", None)
    return str(fragment(result)) if fragment else iframe(result.to_html(), height, instead)


__all__ = ["page_bundle", "picture_bundle", "png"]
