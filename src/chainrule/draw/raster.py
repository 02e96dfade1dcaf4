"""SVG as PNG, for slides and papers that take no SVG: by resvg, the extra ``chainrule[png]``."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import Any

from ..core.errors import ValueProblem

LARGEST = 2**26  # pixels: 256 MB while it is drawn
WIDE = "DejaVu Sans"  # has the arrows and signs of our pictures, which most sans-serif fonts take from elsewhere
PROBE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" font-family="sans-serif">'
    '<text y="18">{}</text></svg>'
)


def png(svg: str, scale: float = 2.0) -> bytes:
    """The picture in its light colours, `scale` pixels for each of its own.

    Raises:
        ValueProblem: if resvg is not installed, the machine has no font for the text, or the picture is too large.
    """
    resvg = load_resvg()
    if isinstance(scale, bool) or not hasattr(scale, "__float__") or not 0 < scale < 1000:
        raise ValueProblem(f"scale={scale!r}", "a number more than 0", "e.g. scale=2")
    wide, high = (float(n) for n in re.findall(r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)"', svg)[0])
    if wide * high * scale**2 > LARGEST or min(wide, high) * scale < 1:
        raise ValueProblem(
            f"a picture of {wide:.0f} × {high:.0f}, {scale:g} times as large",
            f"at least a pixel and at most {LARGEST:,}",
            "choose another scale, or SVG",
        )
    for letter in "n가":
        if (letter == "n" or re.search("[가-힣]", svg)) and not _inked(letter, _family()):
            raise ValueProblem(
                f"text such as {letter!r}, for which this machine has no font",
                "a font",
                "install one, e.g. Debian's fonts-dejavu-core or fonts-nanum, or use SVG",
            )
    family = _family()
    drawn: bytes = resvg.svg_to_bytes(
        svg_string=svg, zoom=scale, background="#ffffff", font_family=family, sans_serif_family=family
    )
    return drawn


def load_resvg() -> Any:
    """The module that draws."""
    try:
        import resvg_py  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise ValueProblem(
            "a picture as PNG", "resvg_py, which draws it", "pip install chainrule[png], or use SVG"
        ) from None
    return resvg_py


@cache
def _inked(letter: str, sans_serif: str | None) -> bool:
    """Whether a letter leaves a trace: without a font for it resvg leaves it out in silence."""
    draw = partial(load_resvg().svg_to_bytes, sans_serif_family=sans_serif)
    return bool(draw(svg_string=PROBE.format(letter)) != draw(svg_string=PROBE.format("")))


@cache
def _family() -> str | None:
    """The font that stands for sans-serif; ``None``: the one that resvg takes."""
    return WIDE if _inked("n", WIDE) else None
