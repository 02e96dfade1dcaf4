"""The graph, as data only: specs, nodes, graphs, their verifier, scopes, and `apply`, which builds and runs.

Nothing here knows a particular operation, transformation or engine.
"""

# ruff: noqa: I001 - imported names stand in rows

# fmt: off
from .apply import NO_ATTRIBUTES, apply, check_value, plan_for
from .dimension import Dim, UnknownSize, is_less, larger, may_be_equal, smaller
from .graph import CallNode, Graph, function_of, interpret, run_values
from .infer import infer, infer_from_numbers, infer_symbolic, public_shape, without_symbolic_sizes
from .node import (
    CONSTANT, GET_OUTPUT, Detached, Leaf, Node, OperationRecord, Plan, ancestors, merge_detached, resolve,
    tracked_ancestors,
)
from .source_info import (
    RematCall, RematRegion, SourceInfo, current_source_info, line_of, remat_scope, scope, source_info_scope,
)
from .spec import (
    Shape, Spec, Specs, as_dtype, broadcast, floatx, is_narrow, largest_number, new_cache, promote, promote_specs,
    set_floatx, spec_of,
)
from .verify import verify
# fmt: on

__all__ = [
    "CONSTANT", "GET_OUTPUT", "NO_ATTRIBUTES", "CallNode", "Detached", "Dim", "Graph", "Leaf", "Node",
    "OperationRecord", "Plan", "RematCall", "RematRegion", "Shape", "SourceInfo", "Spec", "Specs", "UnknownSize",
    "ancestors", "apply", "as_dtype", "broadcast", "check_value", "current_source_info", "floatx", "function_of",
    "infer", "infer_from_numbers", "infer_symbolic", "interpret", "is_less", "is_narrow", "larger", "largest_number",
    "line_of", "may_be_equal", "merge_detached", "new_cache", "plan_for", "promote", "promote_specs", "public_shape",
    "remat_scope", "resolve", "run_values", "scope", "set_floatx", "smaller", "source_info_scope", "spec_of",
    "tracked_ancestors", "verify", "without_symbolic_sizes",
]  # fmt: skip
