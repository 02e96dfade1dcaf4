"""Apply an operation: build its node, and run it if its inputs are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ChainruleError, GraphError, IndexProblem, MemoryProblem, ValueProblem
from .node import CONSTANT, Node, OperationRecord, Plan, merge_detached
from .source_info import current_source_info, line_of
from .spec import Spec

NO_ATTRIBUTES: dict[str, Any] = {}
REFUSALS = (ChainruleError, IndexError, ValueError, TypeError, ZeroDivisionError, OverflowError, MemoryError)


def plan_for(operation: OperationRecord, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Plan:
    """Return the record's plan for these specs and attributes, cached."""
    key: Any = (specs, tuple(attributes.items())) if attributes else specs if len(specs) != 1 else specs[0]
    plan: Plan | None = operation.plans.get(key)
    if plan is None:
        if len(operation.plans) > 4096:  # ever new shapes must not fill the memory
            operation.plans.clear()
        plan = operation.plan(specs, attributes)
        operation.plans[key] = plan
    return plan


def apply(operation: OperationRecord, inputs: tuple[Node, ...], attributes: dict[str, Any] = NO_ATTRIBUTES) -> Any:
    """Build the node of `operation` on `inputs`, and run it at once when every input has a value.

    With no variable, watched or symbolic tensor among its ancestors the result is a constant, which keeps
    no parents, so that the graph of a plain Python loop does not grow.

    Raises:
        ChainruleError: from the record's shape rule, with the user's line filled in.
    """
    # Written out for one and two inputs without attributes, since eager operators spend their time here. The
    # caller is always an operator of a tensor or a call of a record, so the user is three frames up.
    try:
        if not attributes:
            if len(inputs) == 2:
                a, b = inputs
                plan = operation.plans.get((a.spec, b.spec))
                if plan is not None and plan[1] is None:
                    x, y = a.value, b.value
                    if x is not None and y is not None:
                        if a.tracked or b.tracked:
                            return a.__class__(
                                operation, inputs, attributes, plan[0], plan[2](x, y), True, current_source_info(3)
                            )
                        if a.tracked is False and b.tracked is False:
                            return a.__class__(CONSTANT, (), attributes, plan[0], plan[2](x, y), False, None)
            elif len(inputs) == 1:
                (a,) = inputs
                plan = operation.plans.get(a.spec)
                if plan is not None and plan[1] is None:
                    x = a.value
                    if x is not None:
                        if a.tracked:
                            return a.__class__(
                                operation, inputs, attributes, plan[0], plan[2](x), True, current_source_info(3)
                            )
                        if a.tracked is False:
                            return a.__class__(CONSTANT, (), attributes, plan[0], plan[2](x), False, None)
    except REFUSALS:
        pass  # below it is met again, and told with the operation and the user's line
    return _apply(operation, inputs, attributes)


def _apply(operation: OperationRecord, inputs: tuple[Node, ...], attributes: dict[str, Any]) -> Any:
    try:
        plan = plan_for(operation, tuple([node.spec for node in inputs]), attributes)
        if plan.casts is not None:
            inputs = tuple([_cast(node, to) for node, to in zip(inputs, plan.casts, strict=True)])
        values = []
        tracked = False
        for node in inputs:
            tracked = tracked or bool(node.tracked)
            values.append(node.value)
        cls = inputs[0].__class__
        if plan.spec.symbolic or any(value is None for value in values):
            return cls(operation, inputs, attributes, plan.spec, None, True, current_source_info())
        value = plan.run(*values)
        check_value(operation, plan.spec, value)
    except REFUSALS as error:
        raise applied_error(operation, inputs, error) from None
    if tracked:
        return cls(operation, inputs, attributes, plan.spec, value, True, current_source_info())
    detached = False if operation.stops_gradient else merge_detached([node.tracked for node in inputs])
    return cls(CONSTANT, (), NO_ATTRIBUTES, plan.spec, value, detached, None)


def applied_error(operation: OperationRecord, inputs: tuple[Node, ...], error: Exception) -> ChainruleError:
    """Return the error of a rule or of NumPy as one that names the operation and the user's line."""
    line = line_of(current_source_info())
    if isinstance(error, ChainruleError):
        return error.with_line(line)
    if isinstance(error, IndexError):
        return IndexProblem(f"{operation.name} with {error}", "indices inside the tensor", "check the index", line)
    operands = ", ".join(repr(node.spec) for node in inputs)
    if isinstance(error, MemoryError):
        passed = f"{operation.name} on {operands}, for which there is no memory ({error})"
        return MemoryProblem(passed, "a result that fits", "use smaller sizes, or a smaller dtype", line)
    return ValueProblem(
        f"{operation.name} on {operands}, which NumPy refused ({error})",
        "values it can be computed for",
        "check the values and attributes",
        line,
    )


def _cast(node: Node, dtype: np.dtype[Any] | None) -> Any:
    spec = node.spec
    return node if dtype is None or (spec.dtype == dtype and not spec.weak) else node.cast_to(dtype)  # type: ignore[attr-defined]


def check_value(operation: OperationRecord, spec: Any, value: Any) -> None:
    """Check that the computed value has the spec of the shape rule; if not, the record is wrong.

    Raises:
        GraphError: naming the record.
    """
    dtype = value.dtype
    if value.shape != spec.shape or (dtype is not spec.dtype and dtype != spec.dtype):
        raise GraphError(
            f"{operation.name}, which computed {dtype.name}{list(value.shape)} where its shape rule gives {spec!r}",
            "a value that matches the rule",
            f"correct the shape rule or the value in the record of {operation.name!r}",
        )
