"""What an explanation holds: steps forward, edges backward, joins. Data, and how numbers are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from ..nested import plain

Index = tuple[int, ...]


def show(value: Any, digits: int | None = None) -> str:
    """A number in the fewest digits that give it back in its own dtype, or in so many significant ones."""
    array = np.asarray(value)
    number: Any = array.item()
    if digits is None and array.dtype.kind == "f":  # the shortest decimal that gives back this dtype's number
        number = float(np.format_float_positional(cast(Any, array[()]), unique=True, trim="-"))
    if isinstance(number, bool) or not isinstance(number, float):
        return str(number)
    if digits is not None:
        return f"{number:.{digits}g}"
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def factor(value: Any, digits: int | None) -> str:
    """A number that may stand inside a product."""
    text = show(value, digits)
    return f"({text})" if text.startswith("-") else text


@dataclass
class Arithmetic:
    """How one entry is computed: the text with its numbers in it, and the value it gives."""

    text: str
    value: float


@dataclass
class Step:
    """A node of the forward pass."""

    name: str
    formula: str
    value: Any
    arithmetic: Arithmetic | None
    index: Index
    operation: str
    scope: str
    line: str
    inputs: list[str]


@dataclass
class Edge:
    """What flows back from a node to one of its inputs: ``upstream × local = downstream``, all arrays.

    ``local`` is ``None`` where the input reaches many outputs (a matrix product): the arithmetic of the
    chosen entry then holds the products that are summed.
    """

    node: str
    input: str
    upstream: Any
    local: Any
    downstream: Any
    index: Index
    arithmetic: Arithmetic
    operation: str
    role: str
    scope: str
    line: str


@dataclass
class Join:
    """A node that several edges reach: their downstreams are summed."""

    name: str
    parts: list[Any]
    total: Any
    index: Index
    arithmetic: Arithmetic


@dataclass
class Explanation:
    """A result's forward steps, backward edges, joins and gradients, as data; text when printed."""

    result: str
    leaves: list[Step]
    steps: list[Step]
    edges: list[Edge]
    joins: list[Join]
    gradients: dict[str, Any]
    digits: int | None = None
    lines: bool = field(default=True, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data; large arrays as their shape, mean and extremes."""

        parts: dict[str, Any] = {k: getattr(self, k) for k in ("leaves", "steps", "edges", "joins")}
        rows = {k: [plain(row.__dict__) for row in v] for k, v in parts.items()}
        return {"result": self.result, **rows, "gradients": plain(self.gradients)}

    def __str__(self) -> str:
        from .text import text

        return text(self)

    __repr__ = __str__
