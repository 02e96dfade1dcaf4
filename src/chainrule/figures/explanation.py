"""An explanation in every form: as text, as the page that steps through it, as a picture of the graph."""

from .circuit import picture
from .ledger import page
from .number import latex_of as latex
from .printed import summarize, text

__all__ = ["latex", "page", "picture", "summarize", "text"]
