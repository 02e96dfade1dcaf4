"""Numbers, arrays and arithmetic as text."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .notation import Words

if TYPE_CHECKING:
    from .locale import Translator

_OTHERS = re.compile(r"\((\d+) more, together ([^()]*)\)")


def format_number(value: Any, digits: int | None = None) -> str:
    """Format a number with the fewest digits that give it back in its own dtype, or with `digits` significant ones."""
    array = np.asarray(value)
    number: Any = array.item()
    if digits is None and array.dtype.kind == "f":  # the shortest decimal that gives back this dtype's number
        number = float(np.format_float_positional(cast(Any, array[()]), unique=True, trim="-"))
    elif digits is None and isinstance(number, float) and np.isfinite(number):  # a dtype such as bfloat16
        rounded = (float(f"{number:.{k}g}") for k in range(1, 17))
        number = next((n for n in rounded if np.asarray(n).astype(array.dtype) == array), number)
    if isinstance(number, bool) or not isinstance(number, float):
        return str(number)
    if digits is not None:
        return f"{number:.{digits}g}"
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def format_factor(value: Any, digits: int | None) -> str:
    """Format a number as a factor of a product: a negative one in brackets."""
    text = format_number(value, digits)
    return f"({text})" if text.startswith("-") else text


def format_others(count: int, value: str) -> str:
    """Format the terms of a sum or product that are not written out.

    >>> format_others(3, "-0.5")
    '(3 more, together -0.5)'
    """
    return f"({count} more, together {value})"


def translate_arithmetic(text: str, translate: Translator) -> str:
    """Return arithmetic with what `format_others` wrote in it translated."""

    def others(match: re.Match[str]) -> str:
        return f"({translate('{count} more, together {value}', count=match[1], value=match[2])})"

    return _OTHERS.sub(others, text)


def split_others(text: str, translate: Translator) -> tuple[str, list[str]]:
    """Return arithmetic with ``{0}`` for what `format_others` wrote in it, and that translated, for `notation`."""
    names: list[str] = []

    def placeholder(match: re.Match[str]) -> str:
        value = with_math_signs(match[2])
        names.append(Words(translate("{count} more, together {value}", count=match[1], value=value)))
        return f"{{{len(names) - 1}}}"

    return _OTHERS.sub(placeholder, text), names


def summarize(value: Any, digits: int | None) -> str:
    """Format a scalar, a short vector, or of a larger array the shape and the extremes."""
    array = np.asarray(value)
    if array.ndim == 0:
        return format_number(array, digits)
    if not array.size:
        return format_shape(array)
    if array.size <= 4 and array.ndim == 1:
        return "[" + ", ".join(format_number(v, digits or 5) for v in array) + "]"
    return f"{format_shape(array)}  {format_number(array.min(), 3)} … {format_number(array.max(), 3)}"


def format_shape(value: Any) -> str:
    """Format a shape as ``4×6×6``; that of a scalar is empty."""
    return "×".join(map(str, np.shape(value)))


def stats(value: Any, translate: Translator) -> str:
    """Format mean, extremes and the count of zeros of an array."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or not array.size:
        return ""
    mean, least, most = f"{array.mean():.4g}", format_number(array.min(), 4), format_number(array.max(), 4)
    values = {"mean": mean, "least": least, "most": most, "zeros": int(array.size - np.count_nonzero(array))}
    return translate("mean {mean}, from {least} to {most}, zeros {zeros} of {size}", size=array.size, **values)


def step_buttons(translate: Translator) -> list[tuple[str, str, str]]:
    """Return the two buttons of every page with steps, for `draw.page.controls`."""
    back, on = translate("one step back (left arrow)"), translate("one step on (right arrow)")
    return [("back", "◀", back), ("next", "▶", on)]


def with_math_signs(text: str) -> str:
    """Replace the signs of Python by those of mathematics."""
    return text.replace(" * ", " × ").replace("-", "−")


def join_names(names: list[str], translate: Translator, max_names: int = 6) -> str:
    """Join the first few names, and say how many more there are."""
    rest = len(names) - max_names
    first = ", ".join(names[:max_names] if rest > 1 else names)
    return translate("{names} and {count} more", names=first, count=rest) if rest > 1 else first


def format_ratio(value: float) -> str:
    """Format a ratio, or a time, with three digits or all before the point, never with an exponent.

    >>> [format_ratio(v) for v in (1181.8, 99.96, 2.484, 0.0000512)]
    ['1,182', '100', '2.48', '0.0000512']
    """
    if not math.isfinite(value) or value >= 100:
        return f"{value:,.0f}"
    return np.format_float_positional(value, precision=3, unique=False, fractional=False, trim="-")


def format_bytes(count: float) -> str:
    """Format bytes in B, KB, MB or GB."""
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GB"
