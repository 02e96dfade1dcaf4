"""The text of ``--help``, in the user's language and wrapped at the width of the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from ..core.errors import ValueProblem
from ..draw.locale import Translator, translator
from ..draw.text import display_width


class HelpFormatter(argparse.HelpFormatter):
    """Writes help. Its sentences, and those of `argparse`, are translated here; they are in the parsers in English."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        try:
            self.translate = translator()
        except ValueProblem:  # an unknown language in the environment
            self.translate = Translator("en", {})

    def add_usage(
        self, usage: str | None, actions: Iterable[argparse.Action], groups: Iterable[Any], prefix: str | None = None
    ) -> None:
        """Add the usage, after its heading."""
        super().add_usage(usage, actions, groups, self.translate("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        """Begin a section with a heading."""
        super().start_section(self.translate(heading) if heading else heading)

    def add_text(self, text: str | None) -> None:
        """Add a description, as a sentence."""
        if text and text is not argparse.SUPPRESS:
            text = self.translate(text)
            text = f"{text[0].upper()}{text[1:]}."
        super().add_text(text)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return self.translate(action.help) if action.help else action.help

    def _split_lines(self, text: str, width: int) -> list[str]:
        """Wrap a text; letters that take two columns count twice."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and display_width(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in self._split_lines(text, width - len(indent)))
