"""The errors that the library raises on purpose, for callers who catch them.

>>> import chainrule as cr
>>> try:
...     cr.ops.matmul([[1.0, 2.0]], [[1.0, 2.0]])
... except cr.errors.ShapeError as error:
...     print(error.expected)
the last axis of the first (2) to equal the last but one of the second (1)
"""

from .core.errors import (
    ChainruleError,
    DTypeError,
    GraphError,
    HabitError,
    ImmutableError,
    IndexProblem,
    ShapeError,
    SymbolicError,
    ValueProblem,
)

__all__ = [
    "ChainruleError",
    "DTypeError",
    "GraphError",
    "HabitError",
    "ImmutableError",
    "IndexProblem",
    "ShapeError",
    "SymbolicError",
    "ValueProblem",
]
