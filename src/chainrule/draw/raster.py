"""SVG as PNG, by resvg, the extra ``chainrule[png]``.

The fonts beside this, a part of DejaVu Sans with Latin, Greek and mathematics, are used everywhere, so that a picture
is the same on every machine; for other scripts the machine's own are.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from ..core.arguments import finite
from ..core.errors import ValueProblem

MAX_PIXELS = 2**26  # 256 MB while it is drawn
FONT = "DejaVu Sans"
FONT_FILES = [str(Path(__file__).parent / "fonts" / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><text y="18">{}</text></svg>'
NONCHARACTER = "\U0001ffff"  # which no font has
NOT_DRAWN = re.compile("<(title|desc|style)>.*?</\\1>|<[^>]*>", re.DOTALL)  # of an SVG's source


def png(svg: str, scale: float = 2.0) -> bytes:
    """Rasterize an SVG in its light colours, with `scale` pixels for each of its own.

    Raises:
        ValueProblem: if resvg is not installed, there is no font for a script of the text, or the picture is too large.
    """
    load_resvg()
    scale = finite(above=0, scale=scale)
    width, height = (float(n) for n in re.findall(r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)"', svg)[0])
    if width * height * scale * scale > MAX_PIXELS or min(width, height) * scale < 1:
        passed = f"a picture of {width:.0f} × {height:.0f}, {scale:g} times as large"
        raise ValueProblem(passed, f"at least a pixel and at most {MAX_PIXELS:,}", "choose another scale, or SVG")
    for letter in _samples(svg):
        if not _has_glyph(letter):
            passed = f"text such as {letter!r} ({_name(letter)}), for which this machine has no font"
            mend = "install one, e.g. Debian's fonts-nanum for Korean or fonts-noto-cjk, or use SVG"
            raise ValueProblem(passed, "a font that has it", mend)
    return _draw(svg, zoom=scale, background="#ffffff")


def load_resvg() -> Any:
    """Import the module that rasterizes."""
    try:
        import resvg_py  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        mend = "pip install chainrule[png], or use SVG"
        raise ValueProblem("a picture as PNG", "resvg_py, which rasterizes it", mend) from None
    return resvg_py


def _draw(svg: str, **options: Any) -> bytes:
    fonts = {"font_files": FONT_FILES, "font_family": FONT, "sans_serif_family": FONT}
    return bytes(load_resvg().svg_to_bytes(svg_string=svg, **fonts, **options))


def _samples(svg: str) -> list[str]:
    """Return a letter or sign of each script in the text of an SVG. The first word of its Unicode name is the script.

    >>> _samples("<title>가</title><text>a&lt;ω</text>")
    ['<', 'a', 'ω']
    """
    letters = sorted(set(html.unescape(NOT_DRAWN.sub("", svg))), reverse=True)
    visible = [letter for letter in letters if unicodedata.category(letter)[0] in "LNPS"]
    return sorted({_name(letter).split()[0]: letter for letter in visible}.values(), key=ord)


def _name(letter: str) -> str:
    return unicodedata.name(letter, f"U+{ord(letter):X}").capitalize()


@cache
def _has_glyph(letter: str) -> bool:
    """Whether a letter is drawn: without a font for it resvg draws a box, or nothing at all, and says nothing."""
    return _draw(PROBE.format(html.escape(letter))) not in (_draw(PROBE.format("")), _draw(PROBE.format(NONCHARACTER)))
