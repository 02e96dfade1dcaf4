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


def panels(array: NDArray[Any], kind: str | None, translate: Translator) -> Panels:
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
        grey_images = kind is None and array.shape[1] == array.shape[2] != array.shape[0] and not _may_be_colour(array)
        return _grey_images(array, translate) if grey_images else _image(array, kind, translate)
    if array.ndim > 4:
        inner, note = panels(array[(0,) * (array.ndim - 4)], kind, translate)
        first = ", ".join("0" * (array.ndim - 4))
        return inner, "; ".join(filter(None, [translate("of the entry [{first}, ...]", first=first), note]))
    return _kernel(array, translate) if kind == "kernel" else _batch(array, kind, translate)


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


def _may_be_colour(array: NDArray[Any]) -> bool:
    """Whether an array may be one or more colour images: three or four channels of bytes, three from 0 to 1."""
    channels = array.shape[-1]
    if array.dtype == np.uint8:
        return channels in (3, 4)
    return bool(channels == 3 and np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1)


def _image_panels(array: NDArray[Any], index: str, kind: str | None, max_channels: int, translate: Translator) -> Any:
    """Return the panels of an image: in colour, channel by channel, or both where it may be an image or features.

    Args:
        index: of the image in a batch, such as ``"2, "``.
    """
    may_be_colour = kind != "maps" and _may_be_colour(array)
    in_colour = may_be_colour or (kind == "images" and array.shape[2] in (3, 4))
    only = in_colour and (kind == "images" or array.dtype == np.uint8)
    title = f"[{index[:-2]}]" if index and only else "" if only else translate("as a colour image")
    colour = [Panel(title, array, lambda i, j: f"[{index}{i}, {j}]")] if in_colour else []
    channels = [
        Panel(
            f"[{index}..., {c}]" if index or array.shape[2] > 1 else "",
            array[:, :, c],
            lambda i, j, c=c: f"[{index}{i}, {j}, {c}]",  # type: ignore[misc]
        )
        for c in range(0 if only else min(array.shape[2], max_channels))
    ]
    return [*colour, *channels]


def _image(array: NDArray[Any], kind: str | None, translate: Translator) -> Panels:
    """One image in colour, or its channels, or both."""
    drawn, count = _image_panels(array, "", kind, MAX_ROWS * MAX_COLUMNS, translate), array.shape[2]
    rows = [drawn[k : k + MAX_COLUMNS] for k in range(0, len(drawn), MAX_COLUMNS)]
    if count <= MAX_ROWS * MAX_COLUMNS:
        return rows, ""
    return rows, translate("the first {shown} of {count} channels", shown=len(drawn), count=count)


def _grey_images(array: NDArray[Any], translate: Translator) -> Panels:
    """Images without channels, beside each other."""
    shown = min(len(array), 2 * MAX_COLUMNS)
    images = [Panel(f"[{n}]", array[n], lambda i, j, n=n: f"[{n}, {i}, {j}]") for n in range(shown)]  # type: ignore[misc]
    note = (
        translate("the first {shown} of {count} examples", shown=shown, count=len(array)) if shown < len(array) else ""
    )
    return [images[k : k + MAX_COLUMNS] for k in range(0, shown, MAX_COLUMNS)], note


def _batch(array: NDArray[Any], kind: str | None, translate: Translator) -> Panels:
    """A row for each example: in colour, its channels beside each other, or both."""
    examples, channels = min(len(array), MAX_IMAGES), array.shape[3]
    if kind is None and not _may_be_colour(array[:examples]):
        kind = "maps"  # of all examples, if it is so of one
    rows = [_image_panels(array[n], f"{n}, ", kind, MAX_COLUMNS, translate) for n in range(examples)]
    notes = []
    if examples < len(array):
        notes.append(translate("the first {shown} of {count} examples", shown=examples, count=len(array)))
    if channels > MAX_COLUMNS:
        notes.append(translate("the first {shown} of {count} channels", shown=MAX_COLUMNS, count=channels))
    if max(map(len, rows)) == 1:
        rows = [[image for row in rows for image in row]]
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
