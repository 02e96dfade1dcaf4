"""An explanation: its data, its views, and how it is shown."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...core.arguments import at_least
from ...core.display import Figure, to_dataframe
from ...core.errors import GraphError
from ...tensors.tree import to_json_data
from .data import ExplanationData, Number
from .diagnostics import Diagnostic, diagnostics
from .scope_tree import Scope, fold, scope_tree


@dataclass(repr=False)
class Explanation(ExplanationData, Figure):
    """A result's forward steps, backward edges, joins and gradients; text when printed.

    Attributes:
        leaves: what gradients reach: variables, watched tensors, inputs. constants: all other arrays.
        unused: weights of a model that the result does not depend on.
    """

    _renderer_module = "explanation"

    @cached_property
    def scope_tree(self) -> Scope:
        """The steps by scope: the outermost `Scope`, which holds scopes and steps."""
        return scope_tree(self)

    def fold(self, depth: int) -> Explanation:
        """Return the explanation with scopes and composites deeper than `depth` as one step each, with their own
        upstream and downstream."""
        return fold(self, self.scope_tree, at_least(0, depth=depth))

    @cached_property
    def diagnostics(self) -> list[Diagnostic]:
        """Where nan or infinity began, forward and backward; dead units; what no gradient reaches.

        >>> import chainrule as cr
        >>> x = cr.Variable([4.0, 0.0], name="x")
        >>> cr.explain((cr.ops.sqrt(x) * x).sum()).diagnostics[0].name
        'x'
        """
        return diagnostics(self)

    def number(self, name: str, index: Any = ()) -> Number:
        """Return one entry of anything shown, such as ``number("h3", (0, 1))``, written out.

        >>> import chainrule as cr
        >>> x = cr.Variable([2.0, 3.0], name="x")
        >>> cr.explain((x * x).sum()).number("x", 1)
        x[1] = 3
        dJ/dx[1] through u = 1 * 3 = 3
        dJ/dx[1] through u = 1 * 3 = 3
        dJ/dx[1] = 3 + 3 = 6
        """
        if self.builder is None:
            passed = "one number of an explanation that was pickled, which has no graph any more"
            raise GraphError(passed, "the explanation itself", "ask it for the number, and pickle that")
        return self.builder.number(name, index)

    def __copy__(self) -> Explanation:
        return self._with(vars(self))

    def __deepcopy__(self, memo: Any) -> Explanation:
        return self._with({k: v if k == "builder" else deepcopy(v, memo) for k, v in vars(self).items()})

    def _with(self, attributes: dict[str, Any]) -> Explanation:
        new = object.__new__(type(self))
        new.__dict__.update(attributes)
        return new

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the graph, whose rules are code; text, pages and pictures need only the rest."""
        return {**vars(self), "builder": None}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; large arrays as their shape, mean and extremes."""
        parts: dict[str, Any] = {k: getattr(self, k) for k in ("leaves", "constants", "steps", "edges", "joins")}
        rows = {k: [to_json_data(row.__dict__) for row in v] for k, v in parts.items()}
        for row, step in zip(rows["steps"], self.steps, strict=True):
            row["formula"] = step.formula
        return {"result": self.result, **rows, "gradients": to_json_data(self.gradients)}

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each edge; the numbers are those of the entry shown."""
        rows: list[dict[str, Any]] = []
        for e in self.edges:
            number = {"entry": e.index, "arithmetic": e.arithmetic.text, "downstream": e.arithmetic.value}
            origin = {"operation": e.operation, "scope": e.scope, "line": e.line}
            rows.append({"node": e.node, "input": e.input, **number, **origin})
        return to_dataframe(rows)

    def to_svg(self, language: str | None = None, depth: int | None = None) -> str:
        """Draw the graph: values forward, gradients backward; scopes folded at `depth`."""
        return str(self._renderer().picture(self, language, depth))

    def __repr__(self) -> str:
        return str(self._renderer().summarize(self))

    def to_latex(self) -> str:
        """Return the arithmetic of all steps and edges as one LaTeX ``aligned`` environment."""
        return str(self._renderer().latex(self))
