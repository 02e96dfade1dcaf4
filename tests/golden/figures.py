"""Everything that can be looked at, in every form, in both languages."""

from __future__ import annotations

from typing import Any

import chainrule as cr
from looked import DRAWN, LOOKED

from .common import Out, caught, sha, stop_time


def record(out: Out) -> None:
    stop_time()
    for name, make in LOOKED.items():
        cr.set_random_seed(0)
        actual = make()
        out.put(f"{name}.json", caught(actual.to_json))
        for language in ("en", "ko"):
            out.put(f"{name}.{language}.txt", caught(actual.to_text, language))
            out.put(f"{name}.{language}.html", caught(actual.to_html, language))
            if name in DRAWN:
                out.put(f"{name}.{language}.svg", caught(actual.to_svg, language))
        if hasattr(actual, "to_latex"):
            out.put(f"{name}.tex", caught(actual.to_latex))
        out.put(f"{name}.frame.txt", caught(_notebook, actual))
        out.put(f"{name}.pandas.txt", caught(lambda result: result.to_pandas().to_string(), actual))
        if name in DRAWN:
            out.put(f"{name}.png.txt", caught(lambda result: sha(result.to_png()), actual))


def _notebook(found: Any) -> str:
    return "\n".join(f"== {kind}\n{text}" for kind, text in found._repr_mimebundle_().items())
