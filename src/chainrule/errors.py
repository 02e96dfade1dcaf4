"""The errors that the library raises on purpose, for callers who catch them.

>>> import chainrule as cr
>>> try:
...     cr.ops.matmul([[1.0, 2.0]], [[1.0, 2.0]])
... except cr.errors.ShapeError as error:
...     print(error.expected)
the last axis of the first (2) to equal the last but one of the second (1)
"""

from .core.errors import *  # noqa: F403 - its __all__ is this module's
from .core.errors import __all__ as __all__
