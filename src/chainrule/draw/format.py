"""Arrays and arithmetic in a few words."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from .locale import Translator


def format_number(value: Any, digits: int | None = None) -> str:
    """A number in the fewest digits that give it back in its own dtype, or in so many significant ones."""
    array = np.asarray(value)
    number: Any = array.item()
    if digits is None and array.dtype.kind == "f":  # the shortest decimal that gives back this dtype's number
        number = float(np.format_float_positional(cast(Any, array[()]), unique=True, trim="-"))
    elif digits is None and isinstance(number, float) and np.isfinite(number):  # a float that NumPy does not know
        short = (float(f"{number:.{k}g}") for k in range(1, 17))
        number = next((n for n in short if np.asarray(n).astype(array.dtype) == array), number)
    if isinstance(number, bool) or not isinstance(number, float):
        return str(number)
    if digits is not None:
        return f"{number:.{digits}g}"
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def format_factor(value: Any, digits: int | None) -> str:
    """A number that may stand inside a product."""
    text = format_number(value, digits)
    return f"({text})" if text.startswith("-") else text


def summarize(value: Any, digits: int | None) -> str:
    """A number, a few numbers, or the shape and the extremes."""
    array = np.asarray(value)
    if array.ndim == 0:
        return format_number(array, digits)
    if not array.size:
        return format_shape(array)
    if array.size <= 4 and array.ndim == 1:
        return "[" + ", ".join(format_number(v, digits or 5) for v in array) + "]"
    return f"{format_shape(array)}  {format_number(array.min(), 3)} … {format_number(array.max(), 3)}"


def format_shape(value: Any) -> str:
    """``4×6×6``; nothing of a single number."""
    return "×".join(map(str, np.shape(value)))


def stats(value: Any, translate: Translator) -> str:
    """Mean, extremes and zeros."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or not array.size:
        return ""
    return translate(
        "mean {mean}, from {least} to {most}, zeros {zeros} of {size}",
        mean=f"{array.mean():.4g}",
        least=format_number(array.min(), 4),
        most=format_number(array.max(), 4),
        zeros=int(array.size - np.count_nonzero(array)),
        size=array.size,
    )


def step_buttons(translate: Translator) -> list[tuple[str, str, str]]:
    """The two buttons of every page that is stepped through (`draw.page.controls`)."""
    return [
        ("back", "◀", translate("one step back (left arrow)")),
        ("next", "▶", translate("one step on (right arrow)")),
    ]


def with_math_signs(text: str) -> str:
    """Arithmetic with the signs that mathematics prints."""
    return text.replace(" * ", " × ").replace("-", "−")


def join_names(names: list[str], translate: Translator, most: int = 6) -> str:
    """The first few names, and how many there are besides."""
    rest = len(names) - most
    first = ", ".join(names[:most] if rest > 1 else names)
    return translate("{names} and {count} more", names=first, count=rest) if rest > 1 else first


def rate(flops: int, seconds: float | None) -> float | None:
    """Billions of operations a second."""
    return flops / seconds / 1e9 if seconds else None


def format_bytes(count: float) -> str:
    """Bytes in the unit that suits them."""
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GB"
