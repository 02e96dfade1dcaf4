"""What an explanation holds: steps forward, edges backward, joins. Data, and how numbers are written."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, cast

import numpy as np

from ...errors import ValueProblem
from ...seen import Drawn, Seen
from ..nested import plain

Index = tuple[int, ...]


def show(value: Any, digits: int | None = None) -> str:
    """A number in the fewest digits that give it back in its own dtype, or in so many significant ones."""
    array = np.asarray(value)
    number: Any = array.item()
    if digits is None and array.dtype.kind == "f":  # the shortest decimal that gives back this dtype's number
        number = float(np.format_float_positional(cast(Any, array[()]), unique=True, trim="-"))
    elif digits is None and isinstance(number, float) and np.isfinite(number):  # a float that NumPy does not know
        short = (float(f"{number:.{k}g}") for k in range(1, 17))
        number = next((n for n in short if np.asarray(n).astype(array.dtype) == array), number)
    if isinstance(number, bool) or not isinstance(number, float):
        return str(number)
    if digits is not None:
        return f"{number:.{digits}g}"
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def factor(value: Any, digits: int | None) -> str:
    """A number that may stand inside a product."""
    text = show(value, digits)
    return f"({text})" if text.startswith("-") else text


def says_more(text: str, result: str) -> bool:
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
    """A node of the forward pass; a leaf has no formula. ``written`` is the formula with ``{0}``, ``{1}`` for its
    ``operands``; ``inputs`` are the operands that are steps or leaves of the explanation."""

    name: str
    written: str
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
        return self.written.format(*self.operands) if self.operands else self.written


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
class Number(Seen):
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

    _figure = "number"

    def lines(self) -> list[tuple[str, str, str, str]]:
        """What is said, a row each: the left side, the node it comes through, the arithmetic, the number. The first row
        is the value's."""
        shown, of = entry(self.name, self.index), f"d{self.result}/d{entry(self.name, self.index)}"
        rows = [(shown, "", self.forward.text if self.forward else "", show(self.value, self.digits))]
        for node, arithmetic in self.through:
            rows.append((of, node, arithmetic.text, show(arithmetic.value, self.digits)))
        if len(self.through) > 1 and self.gradient is not None:
            text = " + ".join(factor(a.value, self.digits) for _, a in self.through)
            rows.append((of, "", text, show(self.gradient, self.digits)))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name != "digits"}

    def to_pandas(self) -> Any:
        """A row a line: what it is, the node it comes through, its arithmetic, its number. Needs pandas."""
        from ...figures.table import frame

        return frame([dict(zip(("of", "through", "arithmetic", "number"), row, strict=True)) for row in self.lines()])

    def to_latex(self) -> str:
        """The rows as one ``aligned`` environment, for a ``$$ ... $$``."""
        from ...figures.number import latex

        return latex(self)


@dataclass(repr=False)
class Explanation(Drawn):
    """A result's forward steps, backward edges, joins and gradients, as data; text when printed.

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

    _figure = "explanation"

    @property
    def value(self) -> Any:
        """The result's value."""
        return next(s.value for s in (*self.steps, *self.leaves) if s.name == self.result)

    @cached_property
    def onion(self) -> Any:
        """The steps by scope, in layers: a `Part` of parts and steps."""
        from .onion import onion

        return onion(self)

    def fold(self, depth: int) -> Explanation:
        """Scopes and composites deeper than `depth` as one step each, with their own upstream and downstream."""
        from .onion import fold

        if isinstance(depth, bool) or not hasattr(depth, "__index__") or depth < 0:
            raise ValueProblem(f"depth={depth!r}", "a whole number from 0", "e.g. fold(1)")

        return fold(self, depth)

    @cached_property
    def troubles(self) -> list[Any]:
        """Where a nan or infinity began, forward and backward; dead units; what no gradient reaches.

        >>> import chainrule as cr
        >>> x = cr.Variable([4.0, 0.0], name="x")
        >>> cr.explain((cr.ops.sqrt(x) * x).sum()).troubles[0].name
        'x'
        """
        from .trouble import troubles

        return troubles(self)

    def number(self, name: str, index: Any = ()) -> Number:
        """One entry of anything shown, such as ``number("h3", (0, 1))``, written out.

        >>> import chainrule as cr
        >>> x = cr.Variable([2.0, 3.0], name="x")
        >>> cr.explain((x * x).sum()).number("x", 1)
        x[1] = 3
        dJ/dx[1] through u = 1 * 3 = 3
        dJ/dx[1] through u = 1 * 3 = 3
        dJ/dx[1] = 3 + 3 = 6
        """
        found: Number = self.ledger.number(name, index)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data; large arrays as their shape, mean and extremes."""

        parts: dict[str, Any] = {k: getattr(self, k) for k in ("leaves", "constants", "steps", "edges", "joins")}
        rows = {k: [plain(row.__dict__) for row in v] for k, v in parts.items()}
        for row, step in zip(rows["steps"], self.steps, strict=True):
            row["formula"] = step.formula
        return {"result": self.result, **rows, "gradients": plain(self.gradients)}

    def to_pandas(self) -> Any:
        """The edges as a table: a row each, the numbers those of the entry shown. Needs pandas."""
        from ...figures.table import frame

        return frame(
            [
                {
                    "node": e.node,
                    "input": e.input,
                    "entry": e.index,
                    "arithmetic": e.arithmetic.text,
                    "downstream": e.arithmetic.value,
                    "operation": e.operation,
                    "scope": e.scope,
                    "line": e.line,
                }
                for e in self.edges
            ]
        )

    def to_svg(self, language: str | None = None, depth: int | None = None) -> str:
        """The graph as a picture: values forward, gradients backward; scopes folded at `depth`."""
        return str(self._drawing().picture(self, language, depth))

    def __repr__(self) -> str:
        return str(self._drawing().brief(self))

    def to_latex(self) -> str:
        """The arithmetic of all steps and edges as one ``aligned`` environment."""
        from ...figures.number import latex_of

        return latex_of(self)
