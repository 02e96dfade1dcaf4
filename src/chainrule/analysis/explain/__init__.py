"""Explain a number: how it was computed, and backward, edge by edge, ``upstream × local = downstream``.

Data first (`Explanation`), text second (`str`). The backward pass shown is `differentiate`'s own rules, so
what is printed is what runs. For a tensor with several entries one entry is written out in full: the one
with the largest gradient. The printed arithmetic, evaluated, gives the number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.errors import GraphError, ShapeError, ValueProblem
from ...graph import Graph, Node, ancestors, resolve
from ...tensors.tensor import (
    INPUT,
    VARIABLE,
    WATCHED,
    Tensor,
    Variable,
    as_tensor,
)
from .builder import ExplanationBuilder
from .data import (
    Arithmetic,
    Edge,
    Join,
    Number,
    Step,
)
from .explanation import Explanation
from .opened import opened


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
    """How one number came about, and how its gradient reaches everything it depends on.

    Args:
        y: a scalar tensor, such as a loss, or one entry, such as ``t[3, 1]``; a gradient, too.
        entry: the index of the entry meant, if y has several.
        names: names to show, ``{"z": z}``; leaves show their own, others get letters.
        depth: scopes and composites deeper than this are folded: shown as one step with its own upstream
            and downstream. ``None`` opens everything, 0 folds every scope.
        backward: whether the backward pass is wanted.
        digits: significant digits in the text; ``None`` prints as many as give each number back exactly.
        lines: says a node's line of code; the user's line that made it by default.

    Raises:
        ShapeError: if y has several entries. GraphError: if y has no history.

    >>> import chainrule as cr
    >>> a, b, c = (cr.Variable(v, name=n) for n, v in dict(a=5.0, b=3.0, c=2.0).items())
    >>> print(explain(3 * (a + b * c), names={}).edges[-1].arithmetic.text)
    3 * 3
    """
    for name, value in (("depth", depth), ("digits", digits)):
        if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__") or value < 0):
            raise ValueProblem(f"{name}={value!r}", "a whole number from 0, or None", f"e.g. {name}=3")
    y = as_tensor(y)
    if y.symbolic:
        y._no_value("an explanation")
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
    wanted = {t.value.serial if isinstance(t, Variable) else t.serial: n for n, t in (names or {}).items()}
    with np.errstate(all="ignore"):
        flat, renamed = opened(graph, wanted)
        found = ExplanationBuilder(flat, renamed, digits, lines).explanation(backward)
        return found if depth is None else found.fold(depth)


__all__ = ["Arithmetic", "Edge", "Explanation", "Join", "Number", "Step", "explain"]
