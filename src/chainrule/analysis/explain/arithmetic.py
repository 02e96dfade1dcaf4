"""Write out one entry: the arithmetic with its numbers in it, forward from a node's inputs, backward along an edge.

The text, evaluated, gives the number. Of long sums the largest terms are shown, and of the others their count and sum:
``108 + 45 + (9 more, together 11.6)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...draw.format import format_factor, format_number, format_others
from ...graph import Node
from ...ops.arrays import arrays
from ...ops.record import Operation, operation_of
from ...ops.rules import normalize_axes
from ...transforms.differentiate import downstream, keepdims_shape, local_gradient
from .data import NOT_SELECTED, Arithmetic, Index

MAX_TERMS = 6  # of a sum, written out
Term = Callable[[int], str]


class ArithmeticWriter:
    """Writes entries with `digits` significant digits; ``None``: as many as give each number back."""

    def __init__(self, digits: int | None) -> None:
        self.digits = digits

    # forward

    def forward(self, node: Node, index: Index, summed_input: int) -> Arithmetic | None:
        """Return how an entry of a node is computed; `summed_input` is the input over which a linear operation sums."""
        operation = operation_of(node)
        if 0 in node.spec.shape or not isinstance(operation, Operation):
            return None
        value = np.asarray(node.value)[index]
        xs = [np.asarray(n.value) for n in node.inputs]
        if operation.reduces:
            return Arithmetic(self._reduction(operation, xs[0], index, node), value)
        if operation.local is not None:
            operand_indices = [_operand_index(index, x.shape, node.spec.shape) for x in xs]
            if any(i is None and x.shape for i, x in zip(operand_indices, xs, strict=True)):
                return None
            numbers = [self.factor(x[i]) for i, x in zip(operand_indices, xs, strict=True)]
            return Arithmetic(_fill_in(operation.format, numbers, node.attributes), value)
        if operation.entry_text is not None:
            return Arithmetic(operation.entry_text(self, xs[0][index], **node.attributes), value)
        if operation.transpose is None or operation.tangent_rule(summed_input):
            return None
        return Arithmetic(self._linear(node, xs, index, summed_input), value)

    def _reduction(self, operation: Operation, x: Any, index: Index, node: Node) -> str:
        axes = normalize_axes(node.attributes["axis"], x.ndim)
        remaining = [v for i, v in enumerate(index) if i not in axes] if node.attributes["keepdims"] else index
        indices = iter(remaining)
        group = x[tuple(slice(None) if i in axes else next(indices) for i in range(x.ndim))].ravel()
        text = operation.entry_text
        return self.sum(group) if text is None else str(text(self, group, **node.attributes))

    def _linear(self, node: Node, xs: Sequence[Any], index: Index, summed_input: int) -> str:
        """Write the entry as a sum over an input; its coefficients are the transpose applied to a one-hot array."""
        operation = operation_of(node)
        one = np.zeros(node.spec.shape, node.spec.dtype)
        one[index] = 1
        coefficients: list[Any] = []
        entries: list[Any] = []
        for i in range(len(xs)) if operation.joint else [summed_input]:
            c = np.asarray(downstream(operation, arrays, i, one, list(xs), node.value, node.attributes))
            positions = np.flatnonzero(c)
            coefficients.append(c.ravel()[positions])
            entries.append(np.broadcast_to(xs[i], c.shape).ravel()[positions])
        c, x = np.concatenate(coefficients), np.concatenate(entries)
        return self.terms(lambda k: self._times(x[k], c[k]), x.astype(float) * c.astype(float)) if len(c) else "0"

    # backward

    def backward(self, node: Node, i: int, upstream: Any, index: Index) -> str:
        """Write what an entry of input `i` receives of the node's upstream gradient."""
        upstream = np.asarray(upstream)
        if operation_of(node).custom_vjp is not None:  # of which only the number is known
            xs = [n.value for n in node.inputs]
            return self.factor(downstream(operation_of(node), arrays, i, upstream, xs, node.value, {})[index])
        if operation_of(node).local is not None:
            return self._through_local(node, upstream, local_gradients(node, i), index, node.inputs[i].spec.shape)
        return self._through_column(node, i, upstream, index)

    def _through_local(self, node: Node, upstream: Any, local: Any, index: Index, shape: tuple[int, ...]) -> str:
        """Write ``upstream * local``; a sum of such products where broadcasting copied the entry."""
        if operation_of(node).reduces:
            upstream = np.broadcast_to(np.reshape(upstream, keepdims_shape(shape, node.attributes["axis"])), shape)
            return self._products(np.ravel(upstream[index]), np.ravel(local[index]))
        extra = len(node.spec.shape) - len(shape)
        sizes = zip(shape, node.spec.shape[extra:], index, strict=True)
        copies = (slice(None),) * extra + tuple(slice(None) if n == 1 and m != 1 else k for n, m, k in sizes)
        us, locals_ = np.ravel(upstream[copies]), np.ravel(local[copies])
        if operation_of(node).selects:
            positions = np.flatnonzero(locals_)
            if not len(positions):
                return NOT_SELECTED
            us, locals_ = us[positions], locals_[positions]
        return self._products(us, locals_)

    def _through_column(self, node: Node, i: int, upstream: Any, index: Index) -> str:
        """Write the sum over the outputs that this input entry reaches, of upstream times coefficient; the coefficients
        are the tangent along a one-hot array."""
        operation = operation_of(node)
        xs = [np.asarray(n.value) for n in node.inputs]
        one = np.zeros_like(xs[i])
        one[index] = 1
        others = [np.zeros_like(x) for x in xs] if operation.joint else list(xs)
        others[i] = one
        rule = operation.tangent_rule(i)
        attributes = node.attributes
        tangent = operation.value(np, *others, **attributes) if rule is None else rule(arrays, one, *xs, **attributes)
        column = np.asarray(tangent)
        positions = np.flatnonzero(column)
        return self._products(upstream.ravel()[positions], column.ravel()[positions])

    # sums

    def _products(self, us: Any, coefficients: Any) -> str:
        return self.terms(
            lambda k: f"{self.factor(us[k])} * {self.factor(coefficients[k])}",
            us.astype(float) * coefficients.astype(float),
        )

    def _times(self, x: Any, coefficient: Any) -> str:
        text = self.factor(x)
        return text if coefficient == 1 else f"{text} * {self.factor(coefficient)}"

    def number(self, x: Any) -> str:
        """Write a number."""
        return format_number(x, self.digits)

    def factor(self, x: Any) -> str:
        """Write a number as a part of a formula, a negative one in brackets."""
        return format_factor(x, self.digits)

    def sum(self, values: Any) -> str:
        """Write a sum of numbers."""
        return self.terms(lambda k: self.factor(values[k]), np.asarray(values))

    def product(self, values: Any) -> str:
        """Write a product of numbers."""
        values = np.asarray(values)
        with np.errstate(divide="ignore"):
            weights = np.abs(np.log(np.abs(values.astype(float))))  # the distance from 1, which changes nothing
        return self.terms(lambda k: self.factor(values[k]), values, " * ", np.prod, weights)

    def terms(
        self, term: Term, values: Any, sign: str = " + ", reduce: Callable[[Any], Any] = np.sum, weights: Any = None
    ) -> str:
        """Write all terms; or of many those of the largest weights, by default sizes, and the others reduced to one
        number."""
        count = len(values)
        if count <= MAX_TERMS + 1:
            return sign.join(map(term, range(count))) or "0"
        weights = np.abs(values) if weights is None else weights
        order = np.argsort(-np.nan_to_num(weights, nan=np.inf), kind="stable")
        shown = min(MAX_TERMS, max(1, int(np.count_nonzero(weights))))
        others = self.number(reduce(values[np.sort(order[shown:])]))
        return sign.join([*map(term, order[:shown].tolist()), format_others(count - shown, others)])


def local_gradients(node: Node, i: int) -> Any:
    """Return the local gradients of input `i`, in the broadcast shape; only for operations with local gradients."""
    xs = [np.asarray(n.value) for n in node.inputs]
    local = local_gradient(operation_of(node), arrays, i, xs, np.asarray(node.value), node.attributes)
    shape = xs[i].shape if operation_of(node).reduces else node.spec.shape
    return np.broadcast_to(np.asarray(0 if local is None else local, dtype=node.spec.dtype), shape)


def _operand_index(index: Index, shape: tuple[int, ...], out_shape: tuple[int, ...]) -> Index | None:
    """Return the index of an operand's entry that is broadcast to this entry of the result; ``None`` if the operand is
    not broadcast."""
    if len(shape) > len(out_shape) or any(n not in (1, m) for n, m in zip(shape[::-1], out_shape[::-1], strict=False)):
        return None
    tail = index[len(index) - len(shape) :]
    return tuple(0 if n == 1 else k for n, k in zip(shape, tail, strict=True))


def _fill_in(formula: str, values: list[str], attributes: dict[str, Any]) -> str:
    """Return the formula with numbers for its inputs; a negative one keeps its brackets, except as a function's whole
    argument."""

    def replacement(match: re.Match[str]) -> str:
        value, whole_argument = values[int(match[2])], match[1] in ("(", ", ") and match[3] in (")", ",")
        return match[1] + (value.strip("()") if whole_argument else value) + match[3]

    for name, attribute in attributes.items():
        formula = formula.replace(f"{{{name}}}", str(attribute))
    return re.sub(r"(\(|, |)\{(\d)\}(\)|,|)", replacement, formula)
