"""The graph, as data only: specs, nodes, graphs, their verifier, scopes, and `apply`, which builds and runs.

Nothing here knows a particular operation, transformation or engine.
"""

from .apply import NO_ATTRIBUTES, Plan, apply, check_value, plan_for
from .graph import Graph
from .node import CONSTANT, Detached, Leaf, Node, OperationRecord, ancestors, resolve, tracked_ancestors
from .source_info import (
    RematCall,
    RematRegion,
    SourceInfo,
    current_source_info,
    line_of,
    remat_scope,
    scope,
    source_info_scope,
)
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
    with_placeholder,
    without_placeholder,
)
from .verify import verify

__all__ = [
    "CONSTANT",
    "NO_ATTRIBUTES",
    "Detached",
    "Graph",
    "Leaf",
    "Node",
    "OperationRecord",
    "Plan",
    "RematCall",
    "RematRegion",
    "Shape",
    "SourceInfo",
    "Spec",
    "Specs",
    "ancestors",
    "apply",
    "as_dtype",
    "broadcast",
    "check_value",
    "current_source_info",
    "floatx",
    "line_of",
    "new_cache",
    "plan_for",
    "promote",
    "promote_specs",
    "remat_scope",
    "resolve",
    "scope",
    "set_floatx",
    "source_info_scope",
    "spec_of",
    "tracked_ancestors",
    "verify",
    "with_placeholder",
    "without_placeholder",
]
