"""What can be looked at: the results of readings, in every form. What is shown is in the result; how it is laid out and
drawn is in the module of `figures` that it names.

May import: `errors`, `files`, `providers`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from . import files
from .errors import ValueProblem
from .providers import provider


class Displayable(ABC):
    """A result as text, as a page and as a file; in notebooks it shows itself.

    Every ``language`` is ``"en"`` or ``"ko"``; ``None`` is that of `chainrule.set_language`.

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
        """Everything as plain data."""

    def to_text(self, language: str | None = None) -> str:
        """For a terminal."""
        return str(self._renderer().text(self, language))

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        import json  # here, as who only computes should not wait for it

        return json.dumps(self.to_dict(), indent=2)

    def to_html(self, language: str | None = None) -> str:
        """A page in one file, that needs no network."""
        return str(self._renderer().page(self, language))

    def save(self, path: Any, language: str | None = None) -> None:
        """Write it to a file, in the form that the name's ending asks for: ``.html``, ``.txt``, ``.json`` (`to_dict`),
        and where it has them ``.svg``, ``.png`` (the extra ``chainrule[png]``) and ``.tex`` (`to_latex`).

        Raises:
            ValueProblem: for another ending, or if the file cannot be written; what stood there is as it was.
        """
        forms = self._forms(language)
        name = os.fspath(path) if isinstance(path, str | os.PathLike) else repr(path)
        ending = os.path.splitext(str(name))[1].lower()
        if ending not in forms:
            raise ValueProblem(f"the file {name}", f"a name that ends in {', '.join(forms)}", "choose another name")
        made = forms[ending]()
        files.write(path, [made if isinstance(made, bytes) else made.encode()])

    def _forms(self, language: str | None) -> dict[str, Callable[[], Any]]:
        found: dict[str, Callable[[], Any]] = {
            ".html": lambda: self.to_html(language),
            ".txt": lambda: self.to_text(language) + "\n",
            ".json": lambda: self.to_json() + "\n",
        }
        if hasattr(self, "to_latex"):
            found[".tex"] = lambda: self.to_latex() + "\n"
        return found

    def _renderer(self) -> Any:
        return provider("renderers", self._renderer_module)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """For notebooks: as a page, and as text."""
        bundle: dict[str, Any] = provider("renderers", "notebook").page_bundle(self, self._renderer(), self._height)
        return bundle

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return self.to_text()


class Figure(Displayable):
    """A result that is a picture too."""

    def to_svg(self, language: str | None = None) -> str:
        """The picture."""
        return str(self._renderer().picture(self, language))

    def to_png(self, language: str | None = None, scale: float = 2.0) -> bytes:
        """The picture in pixels, `scale` for each of the SVG's; needs the extra ``chainrule[png]``."""
        return bytes(provider("renderers", "notebook").png(self.to_svg(language), scale))

    def _forms(self, language: str | None) -> dict[str, Callable[[], Any]]:
        return {
            **super()._forms(language),
            ".svg": lambda: self.to_svg(language),
            ".png": lambda: self.to_png(language),
        }

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """For notebooks: as a page, as a picture, and as text."""
        bundle: dict[str, Any] = provider("renderers", "notebook").picture_bundle(self, self._renderer(), self._height)
        return bundle
