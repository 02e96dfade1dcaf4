"""SVG as PNG, by resvg, the extra ``chainrule[png]``."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import Any

from ..core.arguments import finite
from ..core.errors import ValueProblem

MAX_PIXELS = 2**26  # 256 MB while it is drawn
FONT = "DejaVu Sans"  # has the arrows and signs of our pictures, which many sans-serif fonts lack
PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" font-family="sans-serif">{}</svg>'


def png(svg: str, scale: float = 2.0) -> bytes:
    """Rasterize an SVG in its light colours, with `scale` pixels for each of its own.

    Raises:
        ValueProblem: if resvg is not installed, the machine has no font for the text, or the picture is too large.
    """
    resvg = load_resvg()
    scale = finite(above=0, scale=scale)
    width, height = (float(n) for n in re.findall(r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)"', svg)[0])
    if width * height * scale * scale > MAX_PIXELS or min(width, height) * scale < 1:
        passed = f"a picture of {width:.0f} × {height:.0f}, {scale:g} times as large"
        raise ValueProblem(passed, f"at least a pixel and at most {MAX_PIXELS:,}", "choose another scale, or SVG")
    family = _font_family()
    for letter in "n가":
        if (letter == "n" or re.search("[가-힣]", svg)) and not _has_glyph(letter, family):
            passed = f"text such as {letter!r}, for which this machine has no font"
            mend = "install one, e.g. Debian's fonts-dejavu-core or fonts-nanum, or use SVG"
            raise ValueProblem(passed, "a font", mend)
    draw = partial(resvg.svg_to_bytes, svg_string=svg, zoom=scale, background="#ffffff")
    return bytes(draw(font_family=family, sans_serif_family=family))


def load_resvg() -> Any:
    """Import the module that rasterizes."""
    try:
        import resvg_py  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        mend = "pip install chainrule[png], or use SVG"
        raise ValueProblem("a picture as PNG", "resvg_py, which rasterizes it", mend) from None
    return resvg_py


@cache
def _has_glyph(letter: str, sans_serif: str | None) -> bool:
    """Whether a letter is drawn: without a font for it resvg silently leaves it out."""
    draw = partial(load_resvg().svg_to_bytes, sans_serif_family=sans_serif)
    return bool(draw(svg_string=PROBE.format(f'<text y="18">{letter}</text>')) != draw(svg_string=PROBE.format("")))


@cache
def _font_family() -> str | None:
    """Return the font to use for sans-serif; ``None``: resvg's default."""
    return FONT if _has_glyph("n", FONT) else None
