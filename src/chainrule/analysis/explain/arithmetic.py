"""One entry written out: the arithmetic with its numbers in it, forward from a node's inputs, backward from an edge.

What is written, evaluated, is the number. Long sums show their first terms and what the others come to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...draw.format import format_factor, format_number
from ...ops.arrays import arrays
from ...ops.record import Operation
from ...ops.rules import normal_axes
from ...transforms.differentiate import downstream, kept_shape, local_of
from .data import Arithmetic, Index
from .opened import Written

SHOWN_TERMS = 6
Term = Callable[[int], str]


class Writer:
    """Writes entries in so many significant digits; ``None``: as many as give each number back."""

    def __init__(self, digits: int | None) -> None:
        self.digits = digits

    # forward

    def forward(self, node: Any, index: Index, moving: int) -> Arithmetic | None:
        """How an entry of a node came about; `moving` is the input over which a linear operation is summed."""
        operation: Operation = node.operation
        if 0 in node.spec.shape or not isinstance(operation, Operation):
            return None
        value = np.asarray(node.value)[index]
        xs = [np.asarray(n.value) for n in node.inputs]
        if operation.reduces:
            return Arithmetic(self._reduction(operation, xs[0], index, node), value)
        if operation.local is not None:
            met = [_meets(index, x.shape, node.spec.shape) for x in xs]
            if any(position is None and x.shape for position, x in zip(met, xs, strict=True)):
                return None
            filled = [format_factor(x[position], self.digits) for position, x in zip(met, xs, strict=True)]
            return Arithmetic(_fill(operation.format, filled, node.attributes), value)
        if operation.name == "cast":
            return Arithmetic(f"{node.spec.dtype}({format_number(xs[0][index], self.digits)})", value)
        if operation.transpose is None or operation.tangent_rule(moving):
            return None
        return Arithmetic(self._linear(node, xs, index, moving), value)

    def _reduction(self, operation: Operation, x: Any, index: Index, node: Any) -> str:
        axes = normal_axes(node.attributes["axis"], x.ndim)
        kept = iter(index if not node.attributes["keepdims"] else [v for i, v in enumerate(index) if i not in axes])
        group = x[tuple(slice(None) if i in axes else next(kept) for i in range(x.ndim))].ravel()
        if operation.name == "logsumexp":
            top = group.max() if abs(group.max()) > 100 else group.dtype.type(0)  # exp of a large number overflows
            rest = group - top
            body = self._terms(lambda k: f"exp({format_number(rest[k], self.digits)})", np.exp(rest))
            return f"log({body})" + (f" + {format_factor(top, self.digits)}" if top else "")
        if operation.name == "prod":
            return self._terms(lambda k: format_factor(group[k], self.digits), group, " * ", np.prod)
        body = self._terms(lambda k: format_factor(group[k], self.digits), group)
        return f"({body}) / {group.size}" if operation.name == "mean" else body

    def _linear(self, node: Any, xs: Sequence[Any], index: Index, moving: int) -> str:
        """The entry as a sum over input `moving`: coefficients from the transpose of a one."""
        operation: Operation = node.operation
        one = np.zeros(node.spec.shape, node.spec.dtype)
        one[index] = 1
        coefficients: list[Any] = []
        entries: list[Any] = []
        for i in range(len(xs)) if operation.joint else [moving]:
            c = np.asarray(downstream(operation, arrays, i, one, list(xs), node.value, node.attributes))
            positions = np.flatnonzero(c)
            coefficients.append(c.ravel()[positions])
            entries.append(np.broadcast_to(xs[i], c.shape).ravel()[positions])
        c, x = np.concatenate(coefficients), np.concatenate(entries)
        return self._terms(lambda k: self._times(x[k], c[k]), x.astype(float) * c.astype(float)) if len(c) else "0"

    # backward

    def backward(self, node: Any, i: int, upstream: Any, index: Index) -> str:
        """What an entry of input `i` gets of the node's upstream gradient."""
        upstream = np.asarray(upstream)
        if isinstance(node.operation, Written):  # which says no more than the number
            xs = [n.value for n in node.inputs]
            return format_factor(
                downstream(node.operation, arrays, i, upstream, xs, node.value, {})[index], self.digits
            )
        if node.operation.local is not None:
            return self._through_local(node, upstream, local_array(node, i), index, node.inputs[i].spec.shape)
        return self._through_column(node, i, upstream, index)

    def _through_local(self, node: Any, upstream: Any, local: Any, index: Index, shape: tuple[int, ...]) -> str:
        """``upstream * local``; a sum of such products where broadcasting copied the entry."""
        if node.operation.reduces:
            spread = np.broadcast_to(np.reshape(upstream, kept_shape(shape, node.attributes["axis"])), shape)
            us, locals_ = np.ravel(spread[index]), np.ravel(local[index])
        else:
            wide = node.spec.shape
            extra = len(wide) - len(shape)
            where = tuple(slice(None) for _ in range(extra)) + tuple(
                slice(None) if n == 1 and wide[j + extra] != 1 else index[j] for j, n in enumerate(shape)
            )
            us, locals_ = np.ravel(upstream[where]), np.ravel(local[where])
        return self._products(us, locals_)

    def _through_column(self, node: Any, i: int, upstream: Any, index: Index) -> str:
        """The outputs this input entry reaches, each upstream times its coefficient: its tangent along a one."""
        operation: Operation = node.operation
        xs = [np.asarray(n.value) for n in node.inputs]
        one = np.zeros_like(xs[i])
        one[index] = 1
        others = [np.zeros_like(x) for x in xs] if operation.joint else list(xs)
        others[i] = one
        rule = operation.tangent_rule(i)
        column = np.asarray(
            operation.value(np, *others, **node.attributes)
            if rule is None
            else rule(arrays, one, *xs, **node.attributes)
        )
        positions = np.flatnonzero(column)
        return self._products(upstream.ravel()[positions], column.ravel()[positions])

    # sums

    def _products(self, us: Any, coefficients: Any) -> str:
        return self._terms(
            lambda k: f"{format_factor(us[k], self.digits)} * {format_factor(coefficients[k], self.digits)}",
            us.astype(float) * coefficients.astype(float),
        )

    def _times(self, x: Any, coefficient: Any) -> str:
        text = format_factor(x, self.digits)
        return text if coefficient == 1 else f"{text} * {format_factor(coefficient, self.digits)}"

    def total(self, parts: Sequence[Any]) -> str:
        """A sum of a few numbers."""
        return self._terms(lambda k: format_factor(parts[k], self.digits), np.array(parts))

    def _terms(self, term: Term, values: Any, sign: str = " + ", gather: Callable[[Any], Any] = np.sum) -> str:
        """All terms, or the first few and what the others come to."""
        count = len(values)
        if count <= SHOWN_TERMS + 1:
            return sign.join(map(term, range(count))) or "0"
        rest = gather(values[SHOWN_TERMS:])
        return sign.join([*map(term, range(SHOWN_TERMS)), format_factor(rest, self.digits)])


def local_array(node: Any, i: int) -> Any:
    """The local gradients of input `i`, one for each entry that meets it; only for operations of the first form."""
    xs = [np.asarray(n.value) for n in node.inputs]
    found = local_of(node.operation, arrays, i, xs, np.asarray(node.value), node.attributes)
    shape = xs[i].shape if node.operation.reduces else node.spec.shape
    return np.broadcast_to(np.asarray(0 if found is None else found, dtype=node.spec.dtype), shape)


def _meets(index: Index, shape: tuple[int, ...], wide: tuple[int, ...]) -> Index | None:
    """The entry of a broadcast operand that meets this entry of the result; ``None`` if it is no broadcast."""
    if len(shape) > len(wide) or any(n not in (1, m) for n, m in zip(shape[::-1], wide[::-1], strict=False)):
        return None
    tail = index[len(index) - len(shape) :]
    return tuple(0 if n == 1 else k for n, k in zip(shape, tail, strict=True))


def _fill(written: str, values: list[str], attributes: dict[str, Any]) -> str:
    """The formula with numbers for its inputs; a negative one keeps its brackets but as a function's argument."""

    def put(match: re.Match[str]) -> str:
        value = values[int(match[2])]
        return (
            f"{match[1]}{value.strip('()')}{match[3]}"
            if match[1] in ("(", ", ") and match[3] in (")", ",")
            else match[1] + value + match[3]
        )

    for name, given in attributes.items():
        written = written.replace(f"{{{name}}}", str(given))
    return re.sub(r"(\(|, |)\{(\d)\}(\)|,|)", put, written)
