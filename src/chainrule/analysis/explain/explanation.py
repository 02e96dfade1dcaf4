"""An explanation: its data, its readings, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...core.display import Figure
from ...core.errors import ValueProblem
from ...draw.table import to_dataframe
from ...tensors.tree import plain
from .data import ExplanationData, Number
from .diagnostics import Diagnostic, diagnostics
from .scope_tree import Scope, fold, scope_tree


@dataclass(repr=False)
class Explanation(ExplanationData, Figure):
    """A result's forward steps, backward edges, joins and gradients; text when printed.

    Attributes:
        leaves: what gradients reach: variables, watched tensors, inputs. constants: the arrays besides.
        unused: weights of a model that the result does not depend on.
    """

    _renderer_module = "explanation"

    @cached_property
    def scope_tree(self) -> Scope:
        """The steps by scope, in layers: a `Scope` of parts and steps."""
        return scope_tree(self)

    def fold(self, depth: int) -> Explanation:
        """Scopes and composites deeper than `depth` as one step each, with their own upstream and downstream."""
        if isinstance(depth, bool) or not hasattr(depth, "__index__") or depth < 0:
            raise ValueProblem(f"depth={depth!r}", "a whole number from 0", "e.g. fold(1)")

        return fold(self, self.scope_tree, depth)

    @cached_property
    def diagnostics(self) -> list[Diagnostic]:
        """Where a nan or infinity began, forward and backward; dead units; what no gradient reaches.

        >>> import chainrule as cr
        >>> x = cr.Variable([4.0, 0.0], name="x")
        >>> cr.explain((cr.ops.sqrt(x) * x).sum()).diagnostics[0].name
        'x'
        """
        return diagnostics(self)

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
        return to_dataframe(
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
        return str(self._renderer().picture(self, language, depth))

    def __repr__(self) -> str:
        return str(self._renderer().summarize(self))

    def to_latex(self) -> str:
        """The arithmetic of all steps and edges as one ``aligned`` environment."""
        return str(self._renderer().latex(self))
