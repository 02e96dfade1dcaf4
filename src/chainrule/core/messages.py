"""Sentences of the analyses, in English, that figures can translate."""

from __future__ import annotations

from typing import Any


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
