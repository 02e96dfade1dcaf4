"""Sentences that rules and readings say, in English, and that figures can say in another language.

May import: nothing.
"""

from __future__ import annotations

from typing import Any


class LazyMessage(str):
    """A sentence with what is filled into it. It is the English text; ``sentence`` and ``values`` are what it is of.

    >>> LazyMessage("the gradient of {name} has the wrong sign", name="w")
    'the gradient of w has the wrong sign'
    """

    sentence: str
    values: dict[str, Any]

    def __new__(cls, sentence: str, **values: Any) -> LazyMessage:
        made = super().__new__(cls, sentence.format(**values))
        made.sentence, made.values = sentence, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:  # so that it can be pickled
        return (self.sentence,), self.values
