"""What an explanation holds: steps forward, edges backward, joins. Data, and how numbers are written."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from ...core.display import Displayable
from ...draw.format import format_factor, format_number
from ...draw.table import to_dataframe
from ...tensors.tree import plain

Index = tuple[int, ...]


def adds_information(text: str, result: str) -> bool:
    """Whether arithmetic says more than the number it gives."""
    return bool(text) and text.strip("()") != result


def entry(name: str, index: Index) -> str:
    """``h1[2, 0]``; a name alone where there is one number."""
    return name + (f"[{', '.join(map(str, index))}]" if index else "")


@dataclass
class Arithmetic:
    """How one entry is computed: the text with its numbers in it, and the value it gives, a number of the dtype that it
    was computed in."""

    text: str
    value: Any


@dataclass
class Step:
    """A node of the forward pass; a leaf has no formula. ``format`` is the formula with ``{0}``, ``{1}`` for its
    ``operands``; ``inputs`` are the operands that are steps or leaves of the explanation."""

    name: str
    format: str
    operands: list[str]
    value: Any
    arithmetic: Arithmetic | None
    index: Index
    operation: str
    scope: str
    line: str
    inputs: list[str]

    @property
    def formula(self) -> str:
        """The operation with its operands' names."""
        return self.format.format(*self.operands) if self.operands else self.format


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


@dataclass(repr=False)
class Number(Displayable):
    """One entry of a node: how its value came about, and what each node that reads it hands back to it.

    Attributes:
        forward: the arithmetic of the value; ``None`` of a leaf, and where an entry is only moved or chosen.
        through: for each node that reads it, the arithmetic of ``upstream × local``. gradient: their sum.
    """

    name: str
    index: Index
    value: Any
    forward: Arithmetic | None
    through: list[tuple[str, Arithmetic]]
    gradient: Any
    result: str
    digits: int | None = field(default=None, repr=False)

    _renderer_module = "number"

    def lines(self) -> list[tuple[str, str, str, str]]:
        """What is said, a row each: the left side, the node it comes through, the arithmetic, the number. The first row
        is the value's."""
        shown, of = entry(self.name, self.index), f"d{self.result}/d{entry(self.name, self.index)}"
        rows = [(shown, "", self.forward.text if self.forward else "", format_number(self.value, self.digits))]
        for node, arithmetic in self.through:
            rows.append((of, node, arithmetic.text, format_number(arithmetic.value, self.digits)))
        if len(self.through) > 1 and self.gradient is not None:
            text = " + ".join(format_factor(a.value, self.digits) for _, a in self.through)
            rows.append((of, "", text, format_number(self.gradient, self.digits)))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name != "digits"}

    def to_pandas(self) -> Any:
        """A row a line: what it is, the node it comes through, its arithmetic, its number. Needs pandas."""
        return to_dataframe(
            [dict(zip(("of", "through", "arithmetic", "number"), row, strict=True)) for row in self.lines()]
        )

    def to_latex(self) -> str:
        """The rows as one ``aligned`` environment, for a ``$$ ... $$``."""
        return str(self._renderer().latex(self))


@dataclass(repr=False)
class ExplanationData:
    """A result's forward steps, backward edges, joins and gradients, as data.

    Attributes:
        leaves: what gradients reach: variables, watched tensors, inputs. constants: the arrays besides.
        unused: weights of a model that the result does not depend on.
    """

    result: str
    leaves: list[Step]
    steps: list[Step]
    edges: list[Edge]
    joins: list[Join]
    gradients: dict[str, Any]
    constants: list[Step] = field(default_factory=list)
    digits: int | None = None
    ledger: Any = field(default=None, repr=False)
    unused: list[str] = field(default_factory=list)

    @property
    def value(self) -> Any:
        """The result's value."""
        return next(s.value for s in (*self.steps, *self.leaves) if s.name == self.result)
