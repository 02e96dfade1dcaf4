"""A recorded fit as a page: one frame for each moment, with a slider."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..draw import curves, heat, table
from ..draw.format import format_number, format_ratio, step_buttons
from ..draw.heat import Panel
from ..draw.locale import Translator, translator
from ..draw.page import controls, frames
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.recording import Moment, Recording

MAX_LETTERS = 4_000_000  # of all pictures of a page
MAX_ASPECT = 24  # of a matrix that is drawn
MAX_FILTERS, MAX_LAYERS = 16, 3  # panels of a kernel; layers whose filters, matrices and maps are drawn


def text(recording: Recording, language: str | None = None) -> str:
    """Return a row for each moment, as text for a terminal."""
    translate = translator(language)
    title = translate("{name}, {count} moments", name=recording.name, count=len(recording.moments))
    names = list(dict.fromkeys(name for m in recording.moments for name in m.logs))
    rows = [[translate("update"), translate("epoch"), *names]]
    for m in recording.moments:
        rows.append([str(m.step), str(m.epoch + 1), *(f"{m.logs[n]:.4g}" if n in m.logs else "" for n in names)])
    return f"{title}\n{table.format_table(rows, 0)}"


def page(recording: Recording, language: str | None = None) -> str:
    """Return the page."""
    translate = translator(language)
    count = len(recording.moments)
    note = translate("Each frame is a moment of training. The slider and the arrow keys move through them.")
    body = [
        f"<h1>{escape(recording.name)}</h1><p>{escape(note)}</p><style>{heat.STYLE}</style>",
        _charts(recording, translate) if count > 1 else "",
        _controls(count, translate),
    ]
    pictures = [[*_filters(m, translate), *_matrices(m, translate), *_maps(m, translate)] for m in recording.moments]
    chosen: list[int] = []  # each is in all frames or in none
    letters_left = MAX_LETTERS
    for k in range(min(map(len, pictures))):
        size = sum(len(of_moment[k]) for of_moment in pictures)
        if size <= letters_left:
            letters_left, chosen = letters_left - size, [*chosen, k]
    shown = [[of_moment[k] for k in chosen] for of_moment in pictures]
    body.append(frames(_frame(recording, m, p, translate) for m, p in zip(recording.moments, shown, strict=True)))
    return whole_page(recording.name, "".join(body), translate.language)


def _charts(recording: Recording, translate: Translator) -> str:
    """Draw the same charts apart, so that they wrap on a narrow page."""
    charts = (curves.svg([panel], recording.name, 456, 300) for panel in _panels_of_logs(recording, translate))
    return f'<div class="charts">{"".join(f"<figure>{chart}</figure>" for chart in charts)}</div>'


def _controls(count: int, translate: Translator) -> str:
    slider = f'<input type="range" min="0" max="{count - 1}" value="0" aria-label="{escape(translate("moment"))}">'
    return controls(step_buttons(translate), slider)


def picture(recording: Recording, language: str | None = None) -> str:
    """Draw losses and metrics over the fit."""
    return curves.svg(_panels_of_logs(recording, translator(language)), recording.name, height=300)


def _panels_of_logs(recording: Recording, translate: Translator) -> list[curves.Panel]:
    """Return a chart of the losses; one of the metrics from 0 to 1, such as accuracies; and one of the others."""
    losses, shares, others = translate("losses"), translate("from 0 to 1"), translate("others")
    groups: dict[str, list[curves.Line]] = {losses: [], shares: [], others: []}
    for name in dict.fromkeys(name for m in recording.moments for name in m.logs):
        points = [(m.step, m.logs[name]) for m in recording.moments if name in m.logs]
        line = curves.Line(name, [k for k, _ in points], [v for _, v in points])
        is_share = name != "learning_rate" and all(0 <= v <= 1 for v in line.ys if math.isfinite(v))
        groups[losses if name.endswith("loss") else shares if is_share else others].append(line)
    panels = [
        curves.Panel(name, translate("update"), "", lines, log_y=name != shares) for name, lines in groups.items()
    ]
    return [panel for panel in panels if panel.lines]


def _frame(recording: Recording, moment: Moment, pictures: list[str], translate: Translator) -> str:
    logs = ", ".join(f"{name} {value:.4g}" for name, value in moment.logs.items())
    title = translate("after {step} updates, epoch {epoch}", step=moment.step, epoch=moment.epoch + 1)
    parts = [f'<h2>{escape(title)}</h2><p class="number">{escape(logs)}</p>']
    if moment.boundary is not None:
        parts.append(f"<figure>{_boundary(recording, moment.boundary, translate)}</figure>")
    parts += [f"<figure>{picture}</figure>" for picture in pictures]
    heads = [translate("weight"), translate("norm"), translate("gradient's norm"), translate("gradient over weight")]
    rows = []
    for path, (weight, gradient) in moment.sizes.items():
        ratio = moment.gradient_ratio(path)
        rows.append([path, f"{weight:.4g}", f"{gradient:.3g}", "" if ratio is None else format_ratio(ratio)])
    parts.append(table.html(heads, rows))
    heads = [translate("layer"), translate("mean"), translate("standard deviation"), translate("share of zeros")]
    rows = [[name, f"{m:.4g}", f"{s:.4g}", f"{100 * z:.1f} %"] for name, (m, s, z) in moment.activations.items()]
    parts.append(table.html(heads, rows))
    return "".join(parts)


def _boundary(recording: Recording, cells: Any, translate: Translator) -> str:
    """Draw the output over the plane, and the examples on it."""
    assert recording.plane is not None
    xs, ys = recording.plane
    points, targets = recording.points
    rows = (ys[-1] - points[:, 1]) / (ys[-1] - ys[0]) * len(ys)
    columns = (points[:, 0] - xs[0]) / (xs[-1] - xs[0]) * len(xs)
    least = targets.min() if len(targets) else 0.0
    groups = [np.flatnonzero(targets == least), np.flatnonzero(targets != least)]
    dots, rings = ([(float(rows[i]), float(columns[i])) for i in group] for group in groups)
    cells = cells[::-1]
    lines = [translate("the output over the plane; dots and rings are examples of the first class and of others")]
    if cells.min() >= 0 and cells.max() <= 1:
        cells = cells - 0.5  # so that probabilities below and above one half have different colours
        lines.append(translate("orange: below one half; blue: above it; white: the boundary"))
    panel = Panel("", cells, points=dots, rings=rings, own_scale=True)
    return _panels([panel], translate("decision boundary"), 340, lines)


def _panels(panels: Sequence[Panel], title: str, side: int, lines: Sequence[str] = ()) -> str:
    """Draw panels in a row, each `side` pixels, for a page that has the styles."""
    return heat.svg([panels], title, lambda v: format_number(v, 3), lines, False, side, False)


def _filters(moment: Moment, translate: Translator) -> list[str]:
    """Draw the kernels of the first convolutions."""
    pictures: list[str] = []
    for path, value in moment.weights.items():
        if value.ndim == 4 and len(pictures) < MAX_LAYERS:
            panels = [Panel(f"{f}", value[:, :, 0, f]) for f in range(min(value.shape[3], MAX_FILTERS))]
            pictures.append(_panels(panels, path, 56, [translate("filters")]))
    return pictures


def _matrices(moment: Moment, translate: Translator) -> list[str]:
    """Draw the first matrices among the weights and, beside each, its gradient."""
    pictures: list[str] = []
    for path, value in moment.weights.items():
        legible = value.ndim == 2 and max(value.shape) <= MAX_ASPECT * min(value.shape)
        if legible and path in moment.gradients and len(pictures) < MAX_LAYERS:
            arrays = (translate("weight"), value), (translate("gradient"), moment.gradients[path])
            pictures.append(_panels([Panel(name, array, own_scale=True) for name, array in arrays], path, 110))
    return pictures


def _maps(moment: Moment, translate: Translator) -> list[str]:
    """Draw the first feature maps."""
    pictures: list[str] = []
    for name, value in list(moment.maps.items())[:MAX_LAYERS]:
        panels = [Panel(f"{c}", value[:, :, c]) for c in range(value.shape[2])]
        pictures.append(_panels(panels, name, 84, [translate("feature maps")]))
    return pictures
