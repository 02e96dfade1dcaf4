"""A recorded run as a page: one frame a moment, to be scrubbed through."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..draw import curves, heat, table
from ..draw.format import format_number, step_buttons
from ..draw.heat import Panel
from ..draw.locale import Translator, translator
from ..draw.page import controls, frames
from ..draw.page import page as whole_page
from ..draw.text import escape

LARGEST = 4_000_000  # letters of all its pictures
LONG = 24
FILTERS, LAYERS = 16, 3  # panels of a kernel; layers whose maps are drawn


def text(recording: Any, language: str | None = None) -> str:
    """For a terminal: a row a moment."""
    translate = translator(language)
    title = translate("{name}, {count} moments", name=recording.name, count=len(recording.moments))
    names = list(dict.fromkeys(name for m in recording.moments for name in m.logs))
    rows = [[translate("update"), translate("epoch"), *names]]
    for m in recording.moments:
        rows.append([str(m.step), str(m.epoch + 1), *(f"{m.logs[n]:.4g}" if n in m.logs else "" for n in names)])
    return f"{title}\n{table.format_table(rows, 0)}"


def page(recording: Any, language: str | None = None) -> str:
    """The page."""
    translate = translator(language)
    count = len(recording.moments)
    body = [
        f"<h1>{escape(recording.name)}</h1>",
        "<p>",
        escape(translate("Each frame is a moment of training. The slider and the arrow keys move through them.")),
        "</p>",
        f"<style>{heat.STYLE}</style>",
        f"<figure>{picture(recording, language)}</figure>" if count > 1 else "",
        _controls(count, translate),
    ]
    drawn = [[*_filters(m, translate), *_matrices(m, translate), *_maps(m, translate)] for m in recording.moments]
    kept: list[int] = []  # each is in all frames or in none
    room = LARGEST
    for k in range(min(map(len, drawn))):
        size = sum(len(pictures[k]) for pictures in drawn)
        if size <= room:
            room, kept = room - size, [*kept, k]
    shown = [[pictures[k] for k in kept] for pictures in drawn]
    body.append(frames(_frame(recording, m, p, translate) for m, p in zip(recording.moments, shown, strict=True)))
    return whole_page(recording.name, "".join(body), translate.language)


def _controls(count: int, translate: Translator) -> str:
    slider = f'<input type="range" min="0" max="{count - 1}" value="0" aria-label="{escape(translate("moment"))}">'
    return controls(step_buttons(translate), slider)


def picture(recording: Any, language: str | None = None) -> str:
    """Losses and metrics over the run."""
    translate = translator(language)
    names = dict.fromkeys(name for m in recording.moments for name in m.logs)
    lines = []
    for name in names:
        points = [(m.step, m.logs[name]) for m in recording.moments if name in m.logs]
        lines.append(curves.Line(name, [k for k, _ in points], [v for _, v in points]))
    return curves.svg(
        [curves.Panel(translate("over the run"), translate("update"), "", lines)], recording.name, 640, 300
    )


def _frame(recording: Any, moment: Any, pictures: list[str], translate: Translator) -> str:
    logs = ", ".join(f"{name} {value:.4g}" for name, value in moment.logs.items())
    title = translate("after {step} updates, epoch {epoch}", step=moment.step, epoch=moment.epoch + 1)
    parts = [f'<h2>{escape(title)}</h2><p class="number">{escape(logs)}</p>']
    if moment.boundary is not None:
        parts.append(f"<figure>{_boundary(recording, moment, translate)}</figure>")
    parts += [f"<figure>{picture}</figure>" for picture in pictures]
    heads = [translate("weight"), translate("norm"), translate("gradient's norm"), translate("gradient over weight")]
    rows = [
        [path, f"{size:.4g}", f"{slope:.3g}", f"{slope / size:.2e}" if size else ""]
        for path, (size, slope) in moment.sizes.items()
    ]
    parts.append(table.html(heads, rows))
    heads = [translate("layer"), translate("mean"), translate("spread"), translate("share of zeros")]
    rows = [[name, f"{m:.4g}", f"{s:.4g}", f"{100 * z:.1f} %"] for name, (m, s, z) in moment.activations.items()]
    parts.append(table.html(heads, rows))
    return "".join(parts)


def _boundary(recording: Any, moment: Any, translate: Translator) -> str:
    xs, ys = recording.plane
    points, targets = recording.points
    rows = (ys[-1] - points[:, 1]) / (ys[-1] - ys[0]) * len(ys)
    columns = (points[:, 0] - xs[0]) / (xs[-1] - xs[0]) * len(xs)
    least = targets.min() if len(targets) else 0.0
    groups = [np.flatnonzero(targets == least), np.flatnonzero(targets != least)]
    dots, rings = ([(float(rows[i]), float(columns[i])) for i in group] for group in groups)
    cells = moment.boundary[::-1]
    lines = [translate("the output over the plane; dots and rings are examples of the first class and of others")]
    if cells.min() >= 0 and cells.max() <= 1:
        cells = cells - 0.5  # a probability's sides of one half have a colour each
        lines.append(translate("orange: below one half; blue: above it; white: the boundary"))
    panel = Panel("", cells, points=dots, rings=rings, alone=True)
    return heat.svg([[panel]], translate("decision boundary"), lambda v: format_number(v, 3), lines, False, 340, False)


def _filters(moment: Any, translate: Translator) -> list[str]:
    found: list[str] = []
    for path, value in moment.weights.items():
        if value.ndim == 4 and len(found) < LAYERS:
            panels = [Panel(f"{f}", value[:, :, 0, f]) for f in range(min(value.shape[3], FILTERS))]
            found.append(
                heat.svg([panels], path, lambda v: format_number(v, 3), [translate("filters")], False, 56, False)
            )
    return found


def _matrices(moment: Any, translate: Translator) -> list[str]:
    """A few weights and, beside each, the gradient that moves it."""
    found: list[str] = []
    for path, value in moment.weights.items():
        drawn = value.ndim == 2 and max(value.shape) <= LONG * min(value.shape)  # a longer one is but a line
        if drawn and path in moment.gradients and len(found) < LAYERS:
            panels = [
                Panel(translate("weight"), value, alone=True),
                Panel(translate("gradient"), moment.gradients[path], alone=True),
            ]
            found.append(heat.svg([panels], path, lambda v: format_number(v, 3), (), False, 110, False))
    return found


def _maps(moment: Any, translate: Translator) -> list[str]:
    found: list[str] = []
    for name, value in list(moment.maps.items())[:LAYERS]:
        panels = [Panel(f"{c}", value[:, :, c]) for c in range(value.shape[2])]
        found.append(
            heat.svg([panels], name, lambda v: format_number(v, 3), [translate("feature maps")], False, 84, False)
        )
    return found
