"""Explain a number: how it was computed, and backward, edge by edge, ``upstream × local = downstream``.

An `Explanation` is data; `str` makes text of it. The backward pass shown uses the rules of `differentiate`, so
what is printed is what runs. For a tensor with several entries one entry is written out in full: the one
with the largest gradient. The printed arithmetic, evaluated, gives the number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.arguments import at_least
from ...core.errors import GraphError, ShapeError
from ...graph import Graph, Node, ancestors, resolve
from ...tensors.convert import as_tensor
from ...tensors.tensor import INPUT, VARIABLE, WATCHED, Tensor
from ...tensors.variable import Variable
from .builder import ExplanationBuilder
from .data import Arithmetic, Edge, Join, Number, Step
from .explanation import Explanation
from .opened import inline_calls


def explain(
    y: Any,
    entry: Any = None,
    *,
    names: dict[str, Any] | None = None,
    depth: int | None = None,
    backward: bool = True,
    digits: int | None = None,
    lines: Callable[[Node], str] | None = None,
) -> Explanation:
    """Explain how one number was computed, and how its gradient reaches everything it depends on.

    Args:
        y: a scalar tensor, such as a loss, or one entry, such as ``t[3, 1]``; a gradient, too.
        entry: the index of the entry to explain, if y has several.
        names: names to show, ``{"z": z}``; leaves show their own, others get letters.
        depth: scopes and composites deeper than this are folded: shown as one step with its own upstream
            and downstream. ``None`` opens everything, 0 folds every scope.
        backward: whether to explain the backward pass too.
        digits: significant digits in the text; ``None`` prints as many as give each number back exactly.
        lines: a function that gives a node's line of code; by default the user's line that made it.

    Raises:
        ShapeError: if y has several entries. GraphError: if y has no history.

    >>> import chainrule as cr
    >>> a, b, c = (cr.Variable(v, name=n) for n, v in dict(a=5.0, b=3.0, c=2.0).items())
    >>> print(explain(3 * (a + b * c), names={}).edges[-1].arithmetic.text)
    3 * 3
    """
    if depth is not None:
        depth = at_least(0, depth=depth)
    if digits is not None:
        digits = at_least(0, digits=digits)
    y = as_tensor(y)
    if y.symbolic:
        y.no_value("an explanation")
    if entry is not None:
        node = resolve(y)
        y = Tensor(node.operation, node.inputs, node.attributes, node.spec, node.value, True, node.source_info)[entry]
    if y.size != 1:
        raise ShapeError(
            f"a tensor of shape {y.shape} to be explained",
            "one number",
            "name one entry, e.g. explain(t, entry=(0, 1)), or reduce it to a loss",
        )
    order = ancestors([y])
    if y.operation.leaf and not y.tracked:
        raise GraphError(
            f"a {y.operation.name} without history to be explained",
            "a tensor computed from variables or watched tensors",
            "make its sources chainrule.Variable or tensor(data, watch=True) before computing",
            y.line,
        )
    sources = [n for n in order if n.operation in (VARIABLE, WATCHED, INPUT)]
    graph = Graph(sources, [y])
    names_by_serial = {t.value.serial if isinstance(t, Variable) else t.serial: n for n, t in (names or {}).items()}
    with np.errstate(all="ignore"):
        flat, names_by_serial = inline_calls(graph, names_by_serial)
        explanation = ExplanationBuilder(flat, names_by_serial, digits, lines).explanation(backward)
        return explanation if depth is None else explanation.fold(depth)


__all__ = ["Arithmetic", "Edge", "Explanation", "Join", "Number", "Step", "explain"]
