"""An explanation in every form: text, a page to step through, a picture of the graph, LaTeX."""

from .circuit import picture
from .ledger import page
from .number import latex_of as latex
from .printed import summarize, text

__all__ = ["latex", "page", "picture", "summarize", "text"]
