"""Sentences of the analyses, in English, that figures can translate; and warnings, given at the user's line."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from .terminal import visible

_LIBRARY = __name__.split(".")[0]


class LazyMessage(str):
    """An English sentence that can be translated later (as gettext's lazy strings).

    As a string it is the English text; `sentence` is the template, `values` fill its fields.

    >>> LazyMessage("the gradient of {name} has the wrong sign", name="w")
    'the gradient of w has the wrong sign'
    """

    sentence: str
    values: dict[str, Any]

    def __new__(cls, sentence: str, **values: Any) -> LazyMessage:
        message = super().__new__(cls, sentence.format(**values))
        message.sentence, message.values = sentence, values
        return message

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:  # so that it can be pickled
        return (self.sentence,), self.values


class TrainingWarning(UserWarning):
    """Training continues, but something is probably not as intended."""


TrainingWarning.__module__ = "chainrule"


def warn(text: str, category: type[Warning]) -> None:
    """Warn at the line of the user's that called into the library."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).split(".")[0] == _LIBRARY:
        level, frame = level + 1, frame.f_back
    warnings.warn(visible(text), category, stacklevel=level)
