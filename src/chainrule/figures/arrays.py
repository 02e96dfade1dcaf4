"""Arrays as pictures: a tensor, a layer's filters, its feature maps, images; with shape and statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..draw import heat
from ..draw.format import format_number, format_shape
from ..draw.heat import Panel
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..inspection.arrays import ArrayFigure, statistics

MAX_ROWS, MAX_COLUMNS, MAX_IMAGES, MAX_ASPECT = 8, 8, 4, 8  # panels; examples of a batch; of a matrix drawn in full
STATISTICS = "mean {mean:.4g}, std {std:.4g}, from {least:.4g} to {most:.4g}, zeros {zeros:,} of {size:,}"

Panels = tuple[list[list[Panel]], str]  # in rows, and a note of what is left out


def picture(figure: ArrayFigure, language: str | None = None) -> str:
    """Draw the array."""
    translate = translator(language)
    rows, note = panels(figure.array, figure.kind, translate)
    lines = [*_statistics_lines(figure.array, translate), *([note] if note else [])]
    title = " ".join(filter(None, (figure.name or "tensor", format_shape(figure.array), figure.dtype)))
    return heat.svg(rows, title, lambda v: format_number(v), lines)


def page(figure: ArrayFigure, language: str | None = None) -> str:
    """Return a page with the picture."""
    body = f"<figure>{picture(figure, language)}</figure>"
    return whole_page(figure.name or "tensor", body, translator(language).language, script=False)


def text(figure: ArrayFigure, language: str | None = None) -> str:
    """Return the array's shape and statistics as text."""
    lines = _statistics_lines(figure.array, translator(language))
    return " ".join([f"{figure.name or 'tensor'} {format_shape(figure.array)}", *lines])


def _statistics_lines(array: NDArray[Any], translate: Translator) -> list[str]:
    """Return the statistics in sentences."""
    values = statistics(array)
    lines = []
    if "mean" in values:
        lines.append(translate(STATISTICS, least=values["min"], most=values["max"], size=array.size, **values))
    if values.get("not finite"):
        lines.append(translate("nan or infinite, drawn black: {count:,}", count=values["not finite"]))
    return lines


def panels(array: NDArray[Any], kind: str, translate: Translator) -> Panels:
    """Return the panels of an array in rows, and a note of what is left out."""
    if array.dtype.kind not in "fiub" or not array.size:
        return [], ""
    if array.dtype.kind == "b":
        array = array.astype(np.uint8) if array.ndim < 3 else array.astype(np.float32)
    if array.ndim == 0:
        return [[Panel("", array.reshape(1, 1), lambda i, j: "[]")]], ""
    if array.ndim == 1:
        return _vector(array)
    if array.ndim == 2:
        return _matrix(array, translate)
    if array.ndim == 3:
        grey_images = array.shape[1] == array.shape[2] != array.shape[0] and not _is_colour(array)
        return _grey_images(array, translate) if grey_images else _image(array, translate)
    if array.ndim > 4:
        inner, note = panels(array[(0,) * (array.ndim - 4)], kind, translate)
        first = ", ".join("0" * (array.ndim - 4))
        return inner, "; ".join(filter(None, [translate("of the entry [{first}, ...]", first=first), note]))
    return _kernel(array, translate) if kind == "kernel" else _batch(array, translate)


def _vector(array: NDArray[Any]) -> Panels:
    """A vector in lines of 64."""
    count = len(array)
    width = min(count, 64)
    lines = -(-count // width)
    if count == lines * width:
        return [[Panel("", array.reshape(lines, width), lambda i, j: f"[{i * width + j}]")]], ""
    start = (lines - 1) * width  # of the last line
    return [
        [Panel("", array[:start].reshape(lines - 1, width), lambda i, j: f"[{i * width + j}]")],
        [Panel("", array[start:].reshape(1, -1), lambda i, j: f"[{start + j}]")],
    ], ""


def _matrix(array: NDArray[Any], translate: Translator) -> Panels:
    rows, columns = array.shape
    down, over = min(rows, max(64, MAX_ASPECT * columns)), min(columns, max(64, MAX_ASPECT * rows))
    note = ""
    if (down, over) != (rows, columns):
        note = translate("the first {down:,} × {over:,} of it", down=down, over=over)
    return [[Panel("", array[:down, :over])]], note


def _is_colour(array: NDArray[Any]) -> bool:
    """Whether an array is one or more colour images: three or four channels of bytes or of numbers from 0 to 1."""
    if array.shape[-1] not in (3, 4):
        return False
    finite = array.dtype == np.uint8 or bool(np.isfinite(array).all())
    return bool(finite and (array.dtype == np.uint8 or (array.min() >= 0 and array.max() <= 1)))


def _image(array: NDArray[Any], translate: Translator) -> Panels:
    """One image in colour, or its channels."""
    if _is_colour(array):
        return [[Panel("", array)]], ""
    count = array.shape[2]
    shown = min(count, MAX_ROWS * MAX_COLUMNS)
    channels = [
        Panel(f"[..., {c}]" if count > 1 else "", array[:, :, c], lambda i, j, c=c: f"[{i}, {j}, {c}]")  # type: ignore[misc]
        for c in range(shown)
    ]
    rows = [channels[k : k + MAX_COLUMNS] for k in range(0, shown, MAX_COLUMNS)]
    return rows, translate("the first {shown} of {count} channels", shown=shown, count=count) if shown < count else ""


def _grey_images(array: NDArray[Any], translate: Translator) -> Panels:
    """Images without channels, beside each other."""
    shown = min(len(array), 2 * MAX_COLUMNS)
    images = [Panel(f"[{n}]", array[n], lambda i, j, n=n: f"[{n}, {i}, {j}]") for n in range(shown)]  # type: ignore[misc]
    note = (
        translate("the first {shown} of {count} examples", shown=shown, count=len(array)) if shown < len(array) else ""
    )
    return [images[k : k + MAX_COLUMNS] for k in range(0, shown, MAX_COLUMNS)], note


def _batch(array: NDArray[Any], translate: Translator) -> Panels:
    """A row for each example, its channels beside each other."""
    examples, channels = min(len(array), MAX_IMAGES), min(array.shape[3], MAX_COLUMNS)
    notes = []
    if examples < len(array):
        notes.append(translate("the first {shown} of {count} examples", shown=examples, count=len(array)))
    if _is_colour(array[:examples]):
        images = [
            Panel(f"[{n}]", array[n], lambda i, j, n=n: f"[{n}, {i}, {j}]")  # type: ignore[misc]
            for n in range(examples)
        ]
        return [images], "; ".join(notes)
    if channels < array.shape[3]:
        notes.append(translate("the first {shown} of {count} channels", shown=channels, count=array.shape[3]))
    rows = [
        [
            Panel(f"[{n}, ..., {c}]", array[n, :, :, c], lambda i, j, n=n, c=c: f"[{n}, {i}, {j}, {c}]")  # type: ignore[misc]
            for c in range(channels)
        ]
        for n in range(examples)
    ]
    return rows, "; ".join(notes)


def _kernel(array: NDArray[Any], translate: Translator) -> Panels:
    """A row for each input channel, a column for each filter."""
    inputs, filters = min(array.shape[2], MAX_ROWS), min(array.shape[3], 2 * MAX_COLUMNS)
    notes = []
    if filters < array.shape[3]:
        notes.append(translate("the first {shown} of {count} filters", shown=filters, count=array.shape[3]))
    if inputs < array.shape[2]:
        notes.append(translate("the first {shown} of {count} channels", shown=inputs, count=array.shape[2]))
    rows = [
        [
            Panel(f"{c}→{f}", array[:, :, c, f], lambda i, j, c=c, f=f: f"[{i}, {j}, {c}, {f}]")  # type: ignore[misc]
            for f in range(filters)
        ]
        for c in range(inputs)
    ]
    return rows, "; ".join(notes)
