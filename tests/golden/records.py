"""Every operation's record, and what the readings make of its samples: graphs, prices, explanations, errors."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from chainrule.ops.record import Operation

from .common import Out, caught, graph_text, graphs_of, operations


def record(out: Out) -> None:
    with out.lines("list.txt") as put:
        for name, op in operations().items():
            _described(put, name, op)
    with out.lines("graphs.txt") as put, np.errstate(all="ignore"):
        for op in operations().values():
            for title, graph, _ in graphs_of(op):
                put(f"== {title}\n{graph_text(graph)}\n")
    with out.lines("prices.txt") as put, np.errstate(all="ignore"):
        for name, op in operations().items():
            for k, sample in enumerate(op.samples):
                if sample.error is None:
                    for backward in (False, True):
                        put(f"== {name} {k}{' backward' * backward}\n{caught(_price, op, sample, backward)}\n")
    with out.lines("explanations.txt") as put, np.errstate(all="ignore"):
        for name, op in operations().items():
            for k, sample in enumerate(op.samples):
                if sample.error is None:
                    for language in ("en", "ko")[: 1 + (k == 0)]:
                        text = caught(_explained, op, sample, language)
                        put(f"== {name} {k} {language}\n{text}\n")
    with out.lines("errors.txt") as put:
        for name, op in operations().items():
            for k, sample in enumerate(op.samples):
                if sample.error is not None:
                    put(f"{name} {k}: {caught(op, *sample.arrays(), **sample.attributes)}")


def _described(put: Any, name: str, op: Operation) -> None:
    put(f"== {name}")
    put("kind:", type(op).__name__, "" if op.name == name else f"named {op.name}")
    put("formula:", op.format)
    put("gradient:", op.gradient_note)
    put("inputs:", op.arity, op.input_names)
    put("parameters:", op.parameters)
    put("signature:", caught(lambda: op.__signature__))
    put("differentiable:", op.differentiable, "simple:", op.simple, "leaf:", op.leaf, "forgets:", op.stops_gradient)
    put("samples:", op.samples)
    put("docstring:", op.__doc__, "\n")


def _price(op: Operation, sample: Any, backward: bool) -> str:
    priced = cr.price(lambda *xs: op(*xs, **sample.attributes), *sample.arrays(), backward=backward)
    return f"{priced.to_text('en')}\n{priced.total}\n{priced.memory}"


def _explained(op: Operation, sample: Any, language: str) -> str:
    """Of the result's middle entry, by all float inputs."""
    passed = [
        cr.Variable(a, name=f"x{i}") if a.dtype.kind == "f" else cr.tensor(a) for i, a in enumerate(sample.arrays())
    ]
    result = op(*passed, **sample.attributes)
    first = result[0] if isinstance(result, list | tuple) else result
    entry = tuple(n // 2 for n in first.shape)
    return cr.explain(first, entry=entry or None).to_text(language)
