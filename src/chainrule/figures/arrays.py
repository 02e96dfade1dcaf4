"""Arrays to look at: a tensor, a layer's filters, its feature maps, pictures; shape and statistics above them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..draw import heat
from ..draw.format import format_number, format_shape
from ..draw.heat import Panel
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..inspection.arrays import ArrayFigure, numbers

ROWS, MAPS, IMAGES, TALL = 8, 8, 4, 8  # panels down and across; examples of a batch; how tall a matrix may be


def picture(figure: ArrayFigure, language: str | None = None) -> str:
    """The picture."""
    translate = translator(language)
    rows, note = panels(figure.array, figure.kind, translate)
    lines = [*statistics(figure.array, translate), *([note] if note else [])]
    title = " ".join(filter(None, (figure.name or "tensor", format_shape(figure.array), figure.dtype)))
    return heat.svg(rows, title, lambda v: format_number(v), lines)


def page(figure: ArrayFigure, language: str | None = None) -> str:
    """A page that holds it."""
    body = f"<figure>{picture(figure, language)}</figure>"
    return whole_page(figure.name or "tensor", body, translator(language).language, script=False)


def text(figure: ArrayFigure, language: str | None = None) -> str:
    """Its shape and statistics."""
    return " ".join(
        [f"{figure.name or 'tensor'} {format_shape(figure.array)}", *statistics(figure.array, translator(language))]
    )


def statistics(array: Any, translate: Translator) -> list[str]:
    """The same in words."""
    found = numbers(array)
    lines = []
    if "mean" in found:
        lines.append(
            translate(
                "mean {mean:.4g}, std {std:.4g}, from {least:.4g} to {most:.4g}, zeros {zeros:,} of {size:,}",
                mean=found["mean"],
                std=found["std"],
                least=found["min"],
                most=found["max"],
                zeros=found["zeros"],
                size=array.size,
            )
        )
    if found.get("not finite"):
        lines.append(translate("nan or infinite, drawn black: {count:,}", count=found["not finite"]))
    return lines


def panels(array: Any, kind: str, translate: Translator) -> tuple[list[list[Panel]], str]:
    """The pictures, in rows, and what is left out."""
    if array.dtype.kind not in "fiub" or not array.size:
        return [], ""
    if array.dtype.kind == "b":
        array = array.astype(np.uint8) if array.ndim < 3 else array.astype(np.float32)
    if array.ndim == 0:
        return [[Panel("", array.reshape(1, 1), lambda i, j: "[]")]], ""
    if array.ndim == 1:
        return _strip(array)
    if array.ndim == 2:
        return _matrix(array, translate)
    if array.ndim == 3:
        alike = array.shape[1] == array.shape[2] != array.shape[0] and not _in_colour(array)
        return _grey(array, translate) if alike else _image(array, "", translate)
    if array.ndim > 4:
        inner, note = panels(array[(0,) * (array.ndim - 4)], kind, translate)
        first = ", ".join("0" * (array.ndim - 4))
        return inner, "; ".join(filter(None, [translate("of the entry [{first}, ...]", first=first), note]))
    return _kernel(array, translate) if kind == "kernel" else _batch(array, translate)


def _strip(array: Any) -> tuple[list[list[Panel]], str]:
    """A vector in lines of 64."""
    count = len(array)
    wide = min(count, 64)
    lines = -(-count // wide)
    if count == lines * wide:
        return [[Panel("", array.reshape(lines, wide), lambda i, j: f"[{i * wide + j}]")]], ""
    whole = array[: (lines - 1) * wide].reshape(lines - 1, wide)
    rest = array[(lines - 1) * wide :].reshape(1, -1)
    before = (lines - 1) * wide
    return [
        [Panel("", whole, lambda i, j: f"[{i * wide + j}]")],
        [Panel("", rest, lambda i, j: f"[{before + j}]")],
    ], ""


def _matrix(array: Any, translate: Translator) -> tuple[list[list[Panel]], str]:
    rows, columns = array.shape
    down, over = min(rows, max(64, TALL * columns)), min(columns, max(64, TALL * rows))
    note = ""
    if (down, over) != (rows, columns):
        note = translate("the first {down:,} × {over:,} of it", down=down, over=over)
    return [[Panel("", array[:down, :over])]], note


def _in_colour(array: Any) -> bool:
    if array.shape[-1] not in (3, 4):
        return False
    finite = array.dtype == np.uint8 or bool(np.isfinite(array).all())
    return bool(finite and (array.dtype == np.uint8 or (array.min() >= 0 and array.max() <= 1)))


def _image(array: Any, prefix: str, translate: Translator) -> tuple[list[list[Panel]], str]:
    """One image, or its channels."""
    if _in_colour(array):
        return [[Panel(prefix, array, lambda i, j: f"[{prefix}{i}, {j}]")]], ""
    count = array.shape[2]
    shown = min(count, ROWS * MAPS)
    found = [
        Panel(f"[..., {c}]" if count > 1 else "", array[:, :, c], lambda i, j, c=c: f"[{i}, {j}, {c}]")  # type: ignore[misc]
        for c in range(shown)
    ]
    rows = [found[k : k + MAPS] for k in range(0, shown, MAPS)]
    return rows, translate("the first {shown} of {count} channels", shown=shown, count=count) if shown < count else ""


def _grey(array: Any, translate: Translator) -> tuple[list[list[Panel]], str]:
    """Images without channels, beside each other."""
    shown = min(len(array), 2 * MAPS)
    found = [Panel(f"[{n}]", array[n], lambda i, j, n=n: f"[{n}, {i}, {j}]") for n in range(shown)]  # type: ignore[misc]
    note = (
        translate("the first {shown} of {count} examples", shown=shown, count=len(array)) if shown < len(array) else ""
    )
    return [found[k : k + MAPS] for k in range(0, shown, MAPS)], note


def _batch(array: Any, translate: Translator) -> tuple[list[list[Panel]], str]:
    """A row an example, its channels beside each other."""
    examples, channels = min(len(array), IMAGES), min(array.shape[3], MAPS)
    notes = []
    if examples < len(array):
        notes.append(translate("the first {shown} of {count} examples", shown=examples, count=len(array)))
    if _in_colour(array[:examples]):
        pictures = [
            Panel(f"[{n}]", array[n], lambda i, j, n=n: f"[{n}, {i}, {j}]")  # type: ignore[misc]
            for n in range(examples)
        ]
        return [pictures], "; ".join(notes)
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


def _kernel(array: Any, translate: Translator) -> tuple[list[list[Panel]], str]:
    """A row an input channel, a column a filter."""
    inputs, filters = min(array.shape[2], ROWS), min(array.shape[3], 2 * MAPS)
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
