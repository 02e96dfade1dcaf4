"""Translations of all sentences in figures, summaries and the commands' output. The English sentences are in the code,
and are the keys; each other language is a module here, named by its code, with a dictionary ``SENTENCES``; a test checks
that it is complete.
"""

from __future__ import annotations

import os
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from ...core.errors import ValueProblem
from ...core.messages import LazyMessage

LANGUAGES = ("en", *sorted(module.name for module in iter_modules(__path__)))
VARIABLE = "CHAINRULE_LANGUAGE"  # the environment variable with the initial language

_chosen: str | None = None


def set_language(language: str | None) -> None:
    """Set the default language of pictures, pages and texts.

    Args:
        language: ``"en"`` or ``"ko"``; ``None``: that of the environment variable ``CHAINRULE_LANGUAGE``, else English.

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
    """Translates sentences into a language and fills in their ``{name}``; a `LazyMessage` has its own values."""

    def __init__(self, language: str, sentences: dict[str, str]) -> None:
        self.language, self.sentences = language, sentences

    def __call__(self, sentence: str, **values: Any) -> str:
        if isinstance(sentence, LazyMessage):
            values = {k: self.name(v) for k, v in sentence.values.items()}
            sentence = sentence.sentence
        translated = self.sentences.get(sentence, sentence)
        return translated.format(**values) if values else translated

    def name(self, value: Any) -> Any:
        """Translate a name that the library gave; return any other value as it is."""
        return self(value) if isinstance(value, LazyMessage) else value


def translator(language: str | None = None) -> Translator:
    """Return the translator into a language; ``None``: into the default one.

    >>> translator("ko")("local")
    '국소'
    """
    if language is None:
        language = _chosen or os.environ.get(VARIABLE) or "en"
    if language not in LANGUAGES:
        raise ValueProblem(f"the language {language!r}", f"one of {', '.join(LANGUAGES)}", 'e.g. language="en"')
    return Translator(language, {} if language == "en" else import_module(f"{__name__}.{language}").SENTENCES)
