"""Results that can be displayed: as text, JSON, a page, a picture.

The result has the data; the module of `figures` that it names lays them out and draws them.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from . import files
from .errors import ValueProblem
from .providers import provider
from .terminal import encodable, visible


def to_dataframe(rows: Sequence[dict[str, Any]]) -> Any:
    """Return the rows as a `pandas.DataFrame`."""
    try:
        import pandas as pd  # type: ignore[import-untyped]
    except ImportError:
        mend = "pip install pandas, or use to_dict()"
        raise ValueProblem("a table for pandas, which is not installed", "pandas", mend) from None
    return pd.DataFrame(list(rows))


class Displayable(ABC):
    """A result that can be displayed as text, as a page and as a file, and that a notebook shows.

    Every ``language`` is ``"en"`` or ``"ko"``; ``None`` is the language set by `chainrule.set_language`.

    >>> import tempfile, pathlib, chainrule as cr
    >>> cost = cr.price(cr.ops.tanh, (3,))
    >>> cost.save(pathlib.Path(tempfile.mkdtemp(), "cost.html"))
    >>> cost.to_text("ko").splitlines()[1].split()
    ['tanh', '[3]', '0', '0', '0', '24', '원소', '3', '×', '8', '=', '24']
    """

    _renderer_module: ClassVar[str]  # the module of `figures` that has its `text` and `page`
    _height: ClassVar[int] = 560  # of its page in a notebook, in pixels

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""

    def to_text(self, language: str | None = None) -> str:
        """Return it as text for a terminal."""
        return str(self._renderer().text(self, language))

    def to_json(self) -> str:
        """Return `to_dict` as JSON."""
        import json  # here, so that importing the library does not wait for it

        return json.dumps(self.to_dict(), indent=2)

    def to_html(self, language: str | None = None) -> str:
        """Return it as an HTML page in one file, which needs no network."""
        return str(self._renderer().page(self, language))

    def save(self, path: Any, language: str | None = None) -> None:
        """Write it to a file, in the format of the name's ending: ``.html``, ``.txt``, ``.json`` (`to_dict`), and where
        it has them ``.svg``, ``.png`` (the extra ``chainrule[png]``) and ``.tex`` (`to_latex`).

        Raises:
            ValueProblem: for another ending, or if the file cannot be written; an existing file is then unchanged.
        """
        writers = self._writers(language)
        name = os.fspath(path) if isinstance(path, str | os.PathLike) else repr(path)
        ending = os.path.splitext(str(name))[1].lower()
        if ending not in writers:
            raise ValueProblem(f"the file {name}", f"a name that ends in {', '.join(writers)}", "choose another name")
        content = writers[ending]()
        files.write(path, [content if isinstance(content, bytes) else content.encode()])

    def _writers(self, language: str | None) -> dict[str, Callable[[], Any]]:
        """Return a function for each file ending, which gives the file's content."""
        writers: dict[str, Callable[[], Any]] = {
            ".html": lambda: self.to_html(language),
            ".txt": lambda: self.to_text(language) + "\n",
            ".json": lambda: self.to_json() + "\n",
        }
        if hasattr(self, "to_latex"):
            writers[".tex"] = lambda: self.to_latex() + "\n"
        return writers

    def _renderer(self) -> Any:
        return provider("renderers", self._renderer_module)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return it for notebooks: as a page, and as text."""
        return provider("renderers", "notebook").page_bundle(self, self._renderer(), self._height)

    def __str__(self) -> str:
        """Return the text as the terminal can show it: control characters written out, in its encoding."""
        return encodable(visible(self.to_text()))

    __repr__ = __str__


class Figure(Displayable):
    """A result that can also be displayed as a picture."""

    def to_svg(self, language: str | None = None) -> str:
        """Return the picture as SVG."""
        return str(self._renderer().picture(self, language))

    def to_png(self, language: str | None = None, scale: float = 2.0) -> bytes:
        """Return the picture as PNG, with `scale` pixels for each of the SVG's; needs the extra ``chainrule[png]``."""
        return bytes(provider("renderers", "notebook").png(self.to_svg(language), scale))

    def _writers(self, language: str | None) -> dict[str, Callable[[], Any]]:
        pictures = {".svg": lambda: self.to_svg(language), ".png": lambda: self.to_png(language)}
        return {**super()._writers(language), **pictures}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return it for notebooks: as a page, as a picture, and as text."""
        return provider("renderers", "notebook").picture_bundle(self, self._renderer(), self._height)
