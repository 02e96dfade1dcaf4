"""The graph, data only: specs, nodes, graphs, their verifier, scopes, and `apply`, which builds and runs.

May import: `errors`, NumPy. Nothing here knows an operation, a reading or an engine.
"""

from .apply import NO_ATTRIBUTES, Plan, apply, check_value, plan_for
from .graph import Graph, verify
from .node import CONSTANT, Cut, Leaf, Node, OperationRecord, ancestors, resolve, tracked_ancestors
from .scope import Made, Recomputed, Region, line_of, made_for, made_here, recomputed, scope
from .spec import (
    Shape,
    Spec,
    Specs,
    as_dtype,
    broadcast,
    floatx,
    new_cache,
    promote,
    promote_specs,
    set_floatx,
    spec_of,
    with_stand_in,
    without_stand_in,
)

__all__ = [
    "CONSTANT",
    "NO_ATTRIBUTES",
    "Cut",
    "Graph",
    "Leaf",
    "Made",
    "Node",
    "OperationRecord",
    "Plan",
    "Recomputed",
    "Region",
    "Shape",
    "Spec",
    "Specs",
    "ancestors",
    "apply",
    "as_dtype",
    "broadcast",
    "check_value",
    "floatx",
    "line_of",
    "made_for",
    "made_here",
    "new_cache",
    "plan_for",
    "promote",
    "promote_specs",
    "recomputed",
    "resolve",
    "scope",
    "set_floatx",
    "spec_of",
    "tracked_ancestors",
    "verify",
    "with_stand_in",
    "without_stand_in",
]
