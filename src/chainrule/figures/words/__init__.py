"""Every sentence that figures say, in each language once. English sentences stand where they are said and are the
keys; another language is one module here with ``SENTENCES``, which a test holds complete.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import ValueProblem

LANGUAGES = ("en", "ko")


class Say:
    """Says a sentence in a language; ``{name}`` in it is filled in."""

    def __init__(self, sentences: dict[str, str]) -> None:
        self.sentences = sentences

    def __call__(self, sentence: str, **values: Any) -> str:
        found = self.sentences.get(sentence, sentence)
        return found.format(**values) if values else found


def catalogue(language: str) -> Say:
    """The sentences in a language.

    >>> catalogue("ko")("local")
    '국소'
    """
    if language not in LANGUAGES:
        raise ValueProblem(f"the language {language!r}", f"one of {', '.join(LANGUAGES)}", 'e.g. language="en"')
    return Say({} if language == "en" else import_module(f"{__name__}.{language}").SENTENCES)
