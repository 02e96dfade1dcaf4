"""The one loop over a graph, and call nodes."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import chainrule as cr
from chainrule import ops
from chainrule.graph import CallNode, Graph, ancestors, function_of, interpret, run_values, verify
from chainrule.ops.arrays import arrays
from chainrule.ops.record import registry
from chainrule.tensors.convert import symbolic
from chainrule.transforms.differentiate.backward import array_of, reach, reverse


def graph_of(function, *shapes):
    inputs = [symbolic(s, "float64") for s in shapes]
    result = function(*inputs)
    return Graph(inputs, result if isinstance(result, list | tuple) else [result])


def branching(x, y):
    h = ops.tanh(x @ y)
    return [ops.softmax(h) + h * 2.0, ops.top_k(h, 2)[0], h.sum(axis=0) / 3.0]


def test_running_is_the_loop_with_each_node_s_function():
    """`run_values` is written out for speed: it is `interpret` with `function_of`."""
    graph = graph_of(branching, (4, 3), (3, 5))
    values = [np.random.default_rng(i).normal(size=n.spec.shape) for i, n in enumerate(graph.inputs)]
    by_loop = interpret(graph, values, lambda node, xs: function_of(node)(*xs), lambda node: node.value)
    written_out = run_values(graph, values)
    assert len(by_loop) == len(written_out) == len(graph.order)
    for a, b in zip(by_loop, written_out, strict=True):
        for x, y in zip(a if isinstance(a, list) else [a], b if isinstance(b, list) else [b], strict=True):
            if not isinstance(x, list):
                assert_array_equal(x, y)


def test_the_eager_pass_is_the_generic_one():
    """The backward pass has a branch written out for arrays: it gives what the pass with a visitor gives."""
    rng = np.random.default_rng(3)
    x, y = cr.Variable(rng.normal(size=(4, 3))), cr.Variable(rng.normal(size=(3,)))
    loss = (ops.exp(x * y) / (1.0 + x * x) - y * 2.0 + ops.maximum(x, y) * ops.sqrt(ops.absolute(y))).sum()
    order = [n for n in ancestors([loss]) if n.tracked]
    targets = {x.value.serial, y.value.serial}
    active = reach(order, targets)
    seeds = {loss.serial: np.ones((), loss.dtype)}
    written_out = reverse(order, seeds, active, targets, arrays, array_of)
    seen = []

    def visit(node, i, upstream, downstream):
        seen.append((node.operation.name, i))
        return downstream

    generic = reverse(order, seeds, active, targets, arrays, array_of, visit)
    for serial in targets:
        assert_array_equal(written_out[serial], generic[serial])
    assert {name for name, _ in seen} >= {"exp", "multiply", "divide", "maximum", "sqrt", "absolute", "sum"}


def test_a_visitor_sees_each_edge_once_and_may_change_what_goes_on():
    x = cr.Variable(3.0, dtype="float64")
    y = x * x + ops.floor(x)
    order = [n for n in ancestors([y]) if n.tracked]
    active = reach(order, {x.value.serial})
    edges = []

    def visit(node, i, upstream, downstream):
        edges.append((node.operation.name, i, downstream))
        return np.float64(0.0) if downstream is None else downstream * 10

    result = reverse(order, {y.serial: np.ones(())}, active, {x.value.serial}, arrays, array_of, visit)
    assert [(name, i) for name, i, _ in edges] == [
        ("add", 0),
        ("add", 1),
        ("floor", 0),
        ("multiply", 0),
        ("multiply", 1),
    ]
    assert edges[2][2] is None
    assert result[x.value.serial] == 2 * (3.0 * 10 * 10)


def test_call_nodes():
    graph = graph_of(branching, (4, 3), (3, 5))
    calls = [n for n in graph.nodes if isinstance(n, CallNode)]
    assert {c.operation.name for c in calls} == {"softmax", "top_k"}
    for call in calls:
        assert call.outputs == [n for n in graph.order if n.call is call]
        assert call.spec == call.body.specs
        for n in call.outputs:
            assert n.source is call
            assert n.spec is call.body.specs[n.position]
            assert graph.consumers[call.serial].count(n) == 1
    assert all(n.source is n for n in graph.order if n.call is None)
    verify(graph)


def test_outputs_are_those_in_use():
    x = symbolic((3,))
    node = ops.softmax(x).source
    assert len(node.outputs) == 0
    kept = ops.softmax(x)
    assert kept.source.outputs == [kept]


def test_consumers():
    x = symbolic((3,))
    y = x * x
    graph = Graph([x], [y + y, x])
    assert [n.operation.name for n in graph.consumers[x.serial]] == ["multiply", "multiply"]
    assert [n.operation.name for n in graph.consumers[y.serial]] == ["add", "add"]
    assert graph.consumers[graph.outputs[0].serial] == []


def test_an_operation_is_a_value():
    tanh = registry["tanh"]
    with pytest.raises(FrozenInstanceError):
        tanh.cost = None
    twice = replace(tanh, name="twice", value=lambda xp, x: 2 * xp.tanh(x))
    assert twice.plans is not tanh.plans
    assert registry["tanh"] is tanh
    assert "twice" not in registry
    assert (tanh.arity, tanh.parameters, tanh.input_names) == (1, {}, ("x",))
    assert_array_equal(twice([0.5]).numpy(), 2 * tanh([0.5]).numpy())
    assert_array_equal(tanh([0.5]).numpy(), np.tanh(np.float32([0.5])))
