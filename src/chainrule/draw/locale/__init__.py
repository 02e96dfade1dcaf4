"""Every sentence that figures say, in each language once. English sentences stand where they are said and are the
keys; another language is one module here, named by its code, with ``SENTENCES``, which a test holds complete.
"""

from __future__ import annotations

import os
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from ...core.errors import ValueProblem
from ...core.messages import LazyMessage

LANGUAGES = ("en", *sorted(module.name for module in iter_modules(__path__)))
VARIABLE = "CHAINRULE_LANGUAGE"  # of the environment: the language at the start

_chosen: str | None = None


def set_language(language: str | None) -> None:
    """The language of every picture, page and text that is not asked for in another.

    Args:
        language: ``"en"`` or ``"ko"``; ``None``: what the environment's ``CHAINRULE_LANGUAGE`` says, else English.

    >>> import chainrule as cr
    >>> cr.set_language("ko")
    >>> print(cr.explain(2 * cr.Variable(3.0, name="w")).to_text().splitlines()[0])
    순방향
    >>> cr.set_language(None)
    """
    global _chosen
    if language is not None:
        translator(language)
    _chosen = language


class Translator:
    """Says a sentence in a language; ``{name}`` in it is filled in. A `LazyMessage` brings its values along."""

    def __init__(self, language: str, sentences: dict[str, str]) -> None:
        self.language, self.sentences = language, sentences

    def __call__(self, sentence: str, **values: Any) -> str:
        if isinstance(sentence, LazyMessage):
            values = {k: self.name(v) for k, v in sentence.values.items()}
            sentence = sentence.sentence
        found = self.sentences.get(sentence, sentence)
        return found.format(**values) if values else found

    def name(self, value: Any) -> Any:
        """A name that the library gave, in the language; one that the user gave, as it is."""
        return self(value) if isinstance(value, LazyMessage) else value


def translator(language: str | None = None) -> Translator:
    """The sentences in a language; ``None``: in the one that was set.

    >>> translator("ko")("local")
    '국소'
    """
    if language is None:
        language = _chosen or os.environ.get(VARIABLE) or "en"
    if language not in LANGUAGES:
        raise ValueProblem(f"the language {language!r}", f"one of {', '.join(LANGUAGES)}", 'e.g. language="en"')
    return Translator(language, {} if language == "en" else import_module(f"{__name__}.{language}").SENTENCES)
