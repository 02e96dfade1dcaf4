"""Arrays to look at: a tensor, a layer's filters, its feature maps, pictures; shape and statistics above them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..draw import heat
from ..draw.heat import Panel
from ..draw.page import page as whole_page
from ..errors import ShapeError, ValueProblem
from ..graph.spec import is_float
from ..readings.explain.data import show
from ..seen import Drawn
from ..tensor import Tensor, Variable
from . import table
from .shown import shape_of
from .words import Say, catalogue

ROWS, MAPS, IMAGES, TALL = 8, 8, 4, 8  # panels down and across; examples of a batch; how tall a matrix may be
COUNTED = 2**26  # statistics of a larger array are those of every so many-th entry


class Look(Drawn):
    """An array's picture, in every form; in notebooks by itself."""

    _figure = "arrays"

    def __init__(self, array: Any, name: str = "", kind: str | None = None) -> None:
        held = np.asarray(array)
        self.dtype = held.dtype.name
        # a narrow float that NumPy does not know as one
        self.array = held.astype(np.float32) if is_float(held.dtype) and held.dtype.kind != "f" else held
        self.name = name
        self.kind = kind or ("kernel" if self.array.ndim == 4 and "kernel" in name else "maps")
        if self.kind not in ("kernel", "maps"):
            raise ShapeError(f"kind={kind!r}", "'kernel' (height, width, in, out) or 'maps' (images or features)", "")

    def to_pandas(self) -> Any:
        """A row an entry: its index and its value. Needs pandas."""
        return table.frame([{"index": i, "value": v.item()} for i, v in np.ndenumerate(self.array)])

    def to_svg(self, language: str | None = None) -> str:
        """The picture."""
        say = catalogue(language)
        rows, note = panels(self.array, self.kind, say)
        lines = [*statistics(self.array, say), *([note] if note else [])]
        title = " ".join(filter(None, (self.name or "tensor", shape_of(self.array), self.dtype)))
        return heat.svg(rows, title, lambda v: show(v), lines)

    def to_html(self, language: str | None = None) -> str:
        """A page that holds it."""
        picture = f"<figure>{self.to_svg(language)}</figure>"
        return whole_page(self.name or "tensor", picture, catalogue(language).language, script=False)

    def to_text(self, language: str | None = None) -> str:
        """Its shape and statistics."""
        return " ".join(
            [f"{self.name or 'tensor'} {shape_of(self.array)}", *statistics(self.array, catalogue(language))]
        )

    def to_dict(self) -> dict[str, Any]:
        """Shape, dtype and statistics."""
        array = self.array
        return {"name": self.name, "shape": list(array.shape), "dtype": self.dtype, **numbers(array)}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        # no HTML: the picture stands by itself, and text is left where viewers do not trust it
        return {"image/svg+xml": self.to_svg(), "text/plain": repr(self)}


def look(x: Any, name: str | None = None, kind: str | None = None) -> Look:
    """An array as a picture: what it is, how its numbers are spread, and each of them when pointed at.

    One and two axes are drawn as they are. Three are an image (height, width, channels): in colour if it has three
    channels from 0 to 1, or of uint8, else channel by channel; or, if only the last two are equal, several grey
    images. Four are a batch of images, or, of a kernel, a small picture for each pair of an input channel and a filter.

    Args:
        x: a tensor, a variable, or anything `numpy.asarray` takes.
        name: a title; a variable's own by default.
        kind: ``"kernel"`` or ``"maps"``, for four axes; a variable with "kernel" in its name is one by default.

    >>> import chainrule as cr
    >>> picture = look(cr.tensor([[1.0, -2.0], [0.0, 4.0]]), "w")
    >>> picture.to_dict()["max"], picture.to_svg()[:4]
    (4.0, '<svg')
    """
    if name is None:
        name = x.name if isinstance(x, Variable) else ""
    if not isinstance(name, str):
        raise ValueProblem(f"name={name!r}", "a text to stand above it", "e.g. name='filters'")
    held = x.value if isinstance(x, Variable) else x
    if isinstance(held, Tensor):
        held = held.numpy()
    try:
        array = np.asarray(held)
    except ValueError as error:
        raise ShapeError(f"{held!r:.60} ({error})", "rows of equal length", "check the nesting") from None
    if array.dtype == object:
        raise ValueProblem(f"{held!r:.60} to be looked at", "numbers", "e.g. look(model.values(x)['conv'])")
    return Look(array, name, kind)


def numbers(array: Any) -> dict[str, Any]:
    """Mean, spread, extremes, zeros and what is not finite."""
    if not array.size or array.dtype.kind not in "fiub":
        return {}
    flat = array.reshape(-1)[:: max(1, array.size // COUNTED)].astype(float)
    finite = flat[np.isfinite(flat)]
    of = array.size / flat.size  # of a sample: as many as there are in all, about
    found: dict[str, Any] = {
        "zeros": round(of * int((flat == 0).sum())),
        "not finite": round(of * int(flat.size - finite.size)),
    }
    if finite.size:
        found |= {k: float(getattr(finite, k)()) for k in ("mean", "std", "min", "max")}
    return found


def statistics(array: Any, say: Say) -> list[str]:
    """The same in words."""
    found = numbers(array)
    lines = []
    if "mean" in found:
        lines.append(
            say(
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
        lines.append(say("nan or infinite, drawn black: {count:,}", count=found["not finite"]))
    return lines


def panels(array: Any, kind: str, say: Say) -> tuple[list[list[Panel]], str]:
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
        return _matrix(array, say)
    if array.ndim == 3:
        alike = array.shape[1] == array.shape[2] != array.shape[0] and not _in_colour(array)
        return _grey(array, say) if alike else _image(array, "", say)
    if array.ndim > 4:
        inner, note = panels(array[(0,) * (array.ndim - 4)], kind, say)
        first = ", ".join("0" * (array.ndim - 4))
        return inner, "; ".join(filter(None, [say("of the entry [{first}, ...]", first=first), note]))
    return _kernel(array, say) if kind == "kernel" else _batch(array, say)


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


def _matrix(array: Any, say: Say) -> tuple[list[list[Panel]], str]:
    rows, columns = array.shape
    down, over = min(rows, max(64, TALL * columns)), min(columns, max(64, TALL * rows))
    note = ""
    if (down, over) != (rows, columns):
        note = say("the first {down:,} × {over:,} of it", down=down, over=over)
    return [[Panel("", array[:down, :over])]], note


def _in_colour(array: Any) -> bool:
    if array.shape[-1] not in (3, 4):
        return False
    finite = array.dtype == np.uint8 or bool(np.isfinite(array).all())
    return bool(finite and (array.dtype == np.uint8 or (array.min() >= 0 and array.max() <= 1)))


def _image(array: Any, prefix: str, say: Say) -> tuple[list[list[Panel]], str]:
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
    return rows, say("the first {shown} of {count} channels", shown=shown, count=count) if shown < count else ""


def _grey(array: Any, say: Say) -> tuple[list[list[Panel]], str]:
    """Images without channels, beside each other."""
    shown = min(len(array), 2 * MAPS)
    found = [Panel(f"[{n}]", array[n], lambda i, j, n=n: f"[{n}, {i}, {j}]") for n in range(shown)]  # type: ignore[misc]
    note = say("the first {shown} of {count} examples", shown=shown, count=len(array)) if shown < len(array) else ""
    return [found[k : k + MAPS] for k in range(0, shown, MAPS)], note


def _batch(array: Any, say: Say) -> tuple[list[list[Panel]], str]:
    """A row an example, its channels beside each other."""
    examples, channels = min(len(array), IMAGES), min(array.shape[3], MAPS)
    notes = []
    if examples < len(array):
        notes.append(say("the first {shown} of {count} examples", shown=examples, count=len(array)))
    if _in_colour(array[:examples]):
        pictures = [
            Panel(f"[{n}]", array[n], lambda i, j, n=n: f"[{n}, {i}, {j}]")  # type: ignore[misc]
            for n in range(examples)
        ]
        return [pictures], "; ".join(notes)
    if channels < array.shape[3]:
        notes.append(say("the first {shown} of {count} channels", shown=channels, count=array.shape[3]))
    rows = [
        [
            Panel(f"[{n}, ..., {c}]", array[n, :, :, c], lambda i, j, n=n, c=c: f"[{n}, {i}, {j}, {c}]")  # type: ignore[misc]
            for c in range(channels)
        ]
        for n in range(examples)
    ]
    return rows, "; ".join(notes)


def _kernel(array: Any, say: Say) -> tuple[list[list[Panel]], str]:
    """A row an input channel, a column a filter."""
    inputs, filters = min(array.shape[2], ROWS), min(array.shape[3], 2 * MAPS)
    notes = []
    if filters < array.shape[3]:
        notes.append(say("the first {shown} of {count} filters", shown=filters, count=array.shape[3]))
    if inputs < array.shape[2]:
        notes.append(say("the first {shown} of {count} channels", shown=inputs, count=array.shape[2]))
    rows = [
        [
            Panel(f"{c}→{f}", array[:, :, c, f], lambda i, j, c=c, f=f: f"[{i}, {j}, {c}, {f}]")  # type: ignore[misc]
            for f in range(filters)
        ]
        for c in range(inputs)
    ]
    return rows, "; ".join(notes)
