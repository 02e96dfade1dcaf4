"""The StableHLO that graphs become, with and without the kernels: of every sample, and of whole training steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

import chainrule as cr
from chainrule.engines.xla.calls import REPLACEMENTS
from chainrule.engines.xla.kernels import kernels_from
from chainrule.engines.xla.lower import lower
from chainrule.graph import Graph

from .common import Out, caught, graph_text, graphs_of, operations, sha
from .nets import NETS, data_of

KERNELS = kernels_from(min_size=0, min_update_size=0)


def record(out: Out) -> None:
    with out.lines("hashes.txt") as put, out.lines("texts.txt") as write:
        for op in operations().values():
            for title, graph, arrays in graphs_of(op, "float32"):
                _put(put, write, title, graph, arrays)
    with out.lines("step_hashes.txt") as put, out.lines("step_texts.txt") as write, out.lines("steps.txt") as graphs:
        for name, make in NETS.items():
            cr.set_random_seed(1)
            model = make()
            x, y = data_of(model)
            model.fit(x, y, batch_size=len(x), epochs=1, verbose=0)
            for ready in model.training_state.steps["train"].compiled.values():
                graph = ready.step.graph
                graphs(f"== {name}\n{graph_text(graph)}\n")
                arrays = [np.zeros([n or 1 for n in node.spec.shape], node.spec.dtype) for node in graph.inputs]
                _put(put, write, name, graph, arrays)


def _put(put: Any, write: Any, title: str, graph: Graph, arrays: Any) -> None:
    plain = caught(lambda: _text(graph, arrays, REPLACEMENTS))
    fast = caught(lambda: _text(graph, arrays, {**REPLACEMENTS, **KERNELS}))
    for message, text in ((title, plain), (f"{title} with kernels", fast)):
        put(f"{message}: {sha(text.encode())}")
    write(f"== {title}\n{plain}\n")
    if fast != plain:
        write(f"== {title} with kernels\n{fast}\n")


def _text(graph: Graph, arrays: Any, replaced: Mapping[str, Any]) -> str:
    run = lower(graph, replaced)

    def lowered(given: Any) -> Any:  # its name is in the text
        return run(given)

    return str(jax.jit(lowered).lower(arrays).as_text())
