"""The data of an explanation: steps forward, edges backward, joins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from ...core.display import Displayable, to_dataframe
from ...draw.format import format_factor, format_number
from ...tensors.tree import to_json_data

Index = tuple[int, ...]


NOT_SELECTED = "not selected"  # in place of arithmetic: no gradient reaches what a selection did not take


def sides(text: str, result: str, translate: Callable[[str], str] = str) -> list[str]:
    """Return the sides of an equation: the arithmetic and its result, or the result where that tells as much."""
    if text == NOT_SELECTED:
        return [f"{translate(NOT_SELECTED)}: {result}"]
    return [text, result] if text and text.strip("()") != result else [result]


def entry(name: str, index: Index) -> str:
    """Return how an entry is written: ``h1[2, 0]``; a name alone where there is one number."""
    return name + (f"[{', '.join(map(str, index))}]" if index else "")


@dataclass
class Arithmetic:
    """How one entry is computed: the text with its numbers in it, and the value it gives, in the dtype that it was
    computed in."""

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
    """The gradient from a node to one of its inputs: ``upstream × local = downstream``, all arrays.

    ``local`` is ``None`` where the input reaches many outputs (a matrix product): the arithmetic of the
    shown entry then holds the products that are summed. ``index`` is the entry of the input that is shown.
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
    """One entry of a node: how its value is computed, and the gradient it receives from each node that reads it.

    Attributes:
        forward: the arithmetic of the value; ``None`` of a leaf, and where an entry is only moved or selected.
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
        """Return a row for the value, then one for each gradient and one for their sum: the left side, the node it
        comes through, the arithmetic, the number."""
        name = entry(self.name, self.index)
        slope = f"d{self.result}/d{name}"
        rows = [(name, "", self.forward.text if self.forward else "", format_number(self.value, self.digits))]
        rows += [(slope, node, a.text, format_number(a.value, self.digits)) for node, a in self.through]
        if len(self.through) > 1 and self.gradient is not None:
            text = " + ".join(format_factor(a.value, self.digits) for _, a in self.through)
            rows.append((slope, "", text, format_number(self.gradient, self.digits)))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {f.name: to_json_data(getattr(self, f.name)) for f in fields(self) if f.name != "digits"}

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each line: the left side, the node it comes through, the
        arithmetic, the number."""
        columns = "of", "through", "arithmetic", "number"
        return to_dataframe([dict(zip(columns, row, strict=True)) for row in self.lines()])

    def to_latex(self) -> str:
        """Return the rows as one LaTeX ``aligned`` environment, for a ``$$ ... $$``."""
        return str(self._renderer().latex(self))


@dataclass(repr=False)
class ExplanationData:
    """A result's forward steps, backward edges, joins and gradients, as data.

    Attributes:
        leaves: what gradients reach: variables, watched tensors, inputs. constants: all other arrays.
        builder: what made it, with every value and gradient of the pass; it writes out any entry.
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
    builder: Any = field(default=None, repr=False)
    unused: list[str] = field(default_factory=list)

    @property
    def value(self) -> Any:
        """The result's value."""
        return next(s.value for s in (*self.steps, *self.leaves) if s.name == self.result)

    def upstream_gradients(self) -> dict[str, Any]:
        """Return the gradient that arrives at each step and leaf, by name; nothing without a backward pass."""
        arriving: dict[str, Any] = {self.result: 1.0} if self.edges else {}
        arriving.update((edge.node, edge.upstream) for edge in self.edges)
        return arriving | self.gradients

    def edge_gradients(self) -> dict[tuple[str, str], Any]:
        """Return the gradient that flows from a node to an input, by both names; summed where it is read twice."""
        gradients: dict[tuple[str, str], Any] = {}
        for edge in self.edges:
            key = edge.node, edge.input
            gradients[key] = gradients[key] + edge.downstream if key in gradients else edge.downstream
        return gradients
