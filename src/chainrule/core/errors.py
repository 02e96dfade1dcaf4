"""Errors that teach: what was passed, what was expected, how to mend it, and where it was made.

Every error of the library is built from those four parts, so that a notebook, the command line and a
test can each take the part it needs. The classes also inherit the builtin that NumPy and Python users
would catch (``ShapeError`` is a ``ValueError``, ``DTypeError`` a ``TypeError``).
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Any

from .providers import provider
from .terminal import visible


class ChainruleError(Exception):
    """The base of every error raised on purpose by chainrule.

    Args:
        passed: what was passed, with its shape, dtype or value.
        expected: what would have been accepted.
        mend: the shortest change that makes it work.
        where: the layer, scope or line of the user's that made it, if known.

    >>> error = ShapeError("shapes (3, 2) and (4,)", "shapes that broadcast", "reshape the second to (2,)")
    >>> print(error)
    Got shapes (3, 2) and (4,); expected shapes that broadcast. To mend it: reshape the second to (2,).
    """

    def __init__(self, passed: str, expected: str = "", mend: str = "", where: str = "") -> None:
        self.passed, self.expected, self.mend, self.where = passed, expected, mend, where
        self.layer = self.chain = ""
        self.path: list[tuple[str, Any]] = []
        self.feeds: list[list[int]] | None = None
        self._shown = False  # a notebook shows the picture once
        super().__init__(passed, expected, mend, where)

    def __str__(self) -> str:
        text = f"Got {self.passed}"
        if self.expected:
            text += f"; expected {self.expected}"
        text += "."
        if self.mend:
            text += f" To mend it: {self.mend}" + ("" if self.mend.endswith("?") else ".")
        if self.layer:
            text += f" In layer {self.layer}."
        if self.chain:
            text += f" Shapes up to it: {self.chain}."
        if self.where:
            text += f" Made at {self.where}."
        return visible(text)

    def with_line(self, where: str) -> ChainruleError:
        """Fill in where it was made, if that is not known yet, and return the error."""
        self.where = self.where or where
        return self

    def in_layer(self, layer: str, chain: str = "", path: Sequence[tuple[str, Any]] = ()) -> ChainruleError:
        """Fill in the innermost layer it was raised in, and the shapes up to there, as text and as pairs of a layer's
        name and its output's shape; return the error."""
        if not self.layer:
            self.layer, self.chain, self.path = layer, chain, list(path)
        return self

    def with_graph(self, path: Sequence[tuple[str, Any]], feeds: list[list[int]]) -> ChainruleError:
        """Fill in the layers before it, as a graph, and return the error.

        Args:
            path: a name and an output shape for each layer.
            feeds: for each layer, and last for the one that raised, the indices of the layers it takes its inputs from.
        """
        self.path, self.feeds = list(path), feeds
        return self

    def to_svg(self, language: str | None = None) -> str:
        """Return a picture: the layers that worked, with their shapes, and the one that failed."""
        return str(provider("renderers", "failed").picture(self, language))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.to_svg(), "text/plain": str(self)}

    def _render_traceback_(self) -> list[str]:
        """Return the lines that a notebook shows for an uncaught error, and display the picture before them, once."""
        import traceback

        if self.path and not self._shown:
            try:
                from IPython.display import display  # type: ignore[import-not-found, unused-ignore]
            except ImportError:
                pass
            else:
                display(self._repr_mimebundle_(), raw=True)
                self._shown = True
        return traceback.format_exception(self)


class ShapeError(ChainruleError, ValueError):
    """Shapes that do not fit the operation."""


class DTypeError(ChainruleError, TypeError):
    """Data types that cannot be mixed or that an operation does not take."""


class ValueProblem(ChainruleError, ValueError):
    """A value outside what an operation or a command takes (NaN where a number is needed, an unknown name)."""


class MissingFileError(ValueProblem, FileNotFoundError):
    """A file or folder that does not exist."""

    def __init__(self, passed: str, expected: str = "", mend: str = "check the path", where: str = "") -> None:
        super().__init__(passed, expected, mend, where)
        self.errno, self.strerror, self.filename = errno.ENOENT, passed, None


class FrameworkError(ChainruleError, ValueError):
    """A function of another framework was given a tensor of this library, or one of this library a tensor of theirs."""


class ImportProblem(ChainruleError, ImportError):  # type: ignore[misc]  # both have a `path`
    """An import of a name that Keras or another framework has and this library has not; it says what to use."""


class MemoryProblem(ValueProblem, MemoryError):
    """Sizes that do not fit into the memory there is, or into a limit."""


class IndexProblem(ChainruleError, IndexError):
    """An index outside the tensor."""


class GraphError(ChainruleError, ValueError):
    """A question the graph cannot answer: no path, no value yet, a broken graph."""


class SymbolicError(GraphError, TypeError):
    """The value of a symbolic tensor was needed, which has a shape and dtype but no value yet."""


class ImmutableError(ChainruleError, TypeError):
    """An attempt to change a tensor in place."""


class HabitError(ChainruleError, AttributeError):
    """A name from another framework; the error gives this library's name for it."""


__all__ = [
    "ChainruleError", "DTypeError", "FrameworkError", "GraphError", "HabitError", "ImmutableError", "ImportProblem",
    "IndexProblem", "MemoryProblem", "MissingFileError", "ShapeError", "SymbolicError", "ValueProblem",
]  # fmt: skip

for _name in __all__:  # tracebacks show where users import them from
    globals()[_name].__module__ = "chainrule.errors"
