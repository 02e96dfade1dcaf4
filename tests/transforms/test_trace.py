"""Traced steps on the NumPy engine against the same function run eagerly, and variables that are read and assigned."""

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.core.errors import ChainruleError, GraphError, ShapeError, SymbolicError, ValueProblem
from chainrule.engines.engine import engine
from chainrule.engines.numpy import NumpyEngine
from chainrule.graph import spec_of
from chainrule.ops import random
from chainrule.ops.random import SeedGenerator
from chainrule.tensors.variable import autocast_scope, current_recorder, recording
from chainrule.transforms.trace import run_if, trace

F = np.dtype("float32")


def f(*shape):
    return spec_of(shape, F)


def stepping(function, *specs):
    """The function as a traced step that takes arrays and gives what the function gave."""
    step = trace(function, *specs)
    program = NumpyEngine().program(step)
    return step, lambda *arrays: step.unflatten(program([np.asarray(a, F) for a in arrays]))


# ---- reads and assignments


def test_later_reads_see_what_was_assigned():
    a, b = cr.Variable(2.0, name="a"), cr.Variable(10.0, name="b")

    def swap_and_add(x):
        a.assign(b * 1.0)
        first = a + 0.0
        b.assign(a + x)
        a.assign_add(1.0)
        return first, b.value, a * b

    step, run = stepping(swap_and_add, f())
    assert ([v.name for v in step.reads], [v.name for v in step.writes]) == (["b"], ["a", "b"])
    assert (float(a), float(b)) == (2.0, 10.0)  # tracing changed nothing
    assert [float(v) for v in run(5.0)] == [10.0, 15.0, 165.0]
    assert (float(a), float(b)) == (11.0, 15.0)
    assert [float(v) for v in run(1.0)] == [15.0, 16.0, 256.0]


def test_a_variable_read_after_its_own_assignment_goes_in_once():
    w = cr.Variable([1.0, 2.0], name="w")
    step, run = stepping(lambda x: [w * x, w.assign_add(x).value, w.assign(w * w).value], f(2))
    assert len(step.reads) == len(step.writes) == 1
    got = run([1.0, 2.0])
    assert [v.tolist() for v in got] == [[1.0, 4.0], [2.0, 4.0], [4.0, 16.0]]
    assert w.numpy().tolist() == [4.0, 16.0]


def test_assigned_and_never_read():
    w, c = cr.Variable([0.0, 0.0], name="w"), cr.Variable(0, dtype="int32", name="c")

    def step(x):
        w.assign(x)
        c.assign(7)

    traced, run = stepping(step, f(2))
    assert (traced.reads, traced.writes) == ([], [w, c])
    assert run([3.0, 4.0]) is None
    assert (w.numpy().tolist(), int(c), c.dtype) == ([3.0, 4.0], 7, "int32")


def test_what_was_assigned_is_nobody_elses():
    w, seen = cr.Variable([0.0, 0.0]), cr.Variable([[0.0], [0.0]])

    def step(x):
        w.assign(x)
        seen.assign(ops.reshape(x, (2, 1)))
        return w.value

    _, run = stepping(step, f(2))
    batch = np.array([1.0, 2.0], "float32")
    run(batch)
    batch[:] = 9.0
    assert w.numpy().tolist() == [1.0, 2.0]
    assert seen.numpy().tolist() == [[1.0], [2.0]]


def test_values_of_the_moment_stay_out():
    w = cr.Variable(1.0)
    _, run = stepping(lambda x: w * x, f())
    w.assign(5.0)
    assert float(run(2.0)) == 10.0
    saved = cr.tensor(3.0) * 2
    _, run = stepping(lambda x: saved * x, f())  # a constant of the caller's
    assert float(run(2.0)) == 12.0


def test_a_variable_made_inside_a_step_lives_on():
    created = []

    def count(x):
        if not created:
            created.append(cr.Variable(1.0, name="inside"))
        return created[0].assign_add(x).value

    step, run = stepping(count, f())
    assert [v.name for v in step.reads] == ["inside"]
    assert [float(run(2.0)) for _ in range(3)] == [3.0, 5.0, 7.0]


def test_casts_on_assignment():
    half, full = cr.Variable([0.0], dtype="float16"), cr.Variable([0], dtype="int32")

    def step(x):
        half.assign(x + 0.0004)
        full.assign_add(ops.cast(x * 1.9, "int32"))
        return half * 1

    _, run = stepping(step, f(1))
    assert run([1.0]).dtype == "float16"
    assert (half.numpy().dtype, full.numpy().dtype) == (np.float16, np.int32)
    assert (float(half[0]), int(full[0])) == (float(np.float16(1.0004)), 1)
    with pytest.raises(ShapeError, match="variable"):
        trace(lambda x: half.assign(x), f(2))


def test_data_that_does_not_fit():
    w = cr.Variable([1.0, 2.0])
    step = trace(lambda x, y: w.assign_add(x * y).value, f(2), f(2))
    program = NumpyEngine().program(step)
    for batch in ([], [np.ones(2, "float32")], [np.ones(2, "float32")] * 3):
        with pytest.raises(ValueProblem, match="arrays"):
            program(batch)
    assert w.numpy().tolist() == [1.0, 2.0]
    program([np.ones(2), np.ones(2, "int64")])  # other dtypes are cast to those traced
    assert (w.numpy().dtype, w.dtype, w.numpy().tolist()) == (F, F, [2.0, 3.0])
    with pytest.raises(ChainruleError):
        engine("cuda")


# ---- results


def test_results_in_any_form():
    w = cr.Variable(3.0)

    def step(x, more, none):
        assert none is None
        return {"a": [x, None, (w * x, 2.0)], "b": None, "c": {"d": more["k"][1] + 1, "x": x}}

    traced = trace(step, f(2), {"k": [f(), f()]}, None)
    run = NumpyEngine().program(traced)
    got = traced.unflatten(run([np.array([1, 2], F), np.array(5, F), np.array(7, F)]))
    assert list(got) == ["a", "b", "c"]
    assert got["a"][0].tolist() == [1.0, 2.0]
    assert got["a"][1] is got["b"] is None
    assert type(got["a"][2]) is tuple
    assert [np.asarray(v).tolist() for v in got["a"][2]] == [[3.0, 6.0], 2.0]
    assert float(got["c"]["d"]) == 8.0
    assert got["c"]["x"].tolist() == [1.0, 2.0]
    step, run = stepping(lambda x: [None, None], f())
    assert (step.results, run(1.0)) == (0, [None, None])
    step, run = stepping(lambda x: w, f())
    assert float(run(1.0)) == 3.0


# ---- only_if


def gate(w, c, x):
    """Assigned before and inside; first met inside; read inside alone; nested."""
    w.assign_add(1.0)
    with run_if(x > 0):
        w.assign(w * 10.0)
        c.assign_add(w)
        with run_if(x > 1):
            w.assign_sub(x)
            c.assign(c * 2.0)
        c.assign_add(0.5)
    return w + 0.0, c + 0.0


def gated(w, c, x):
    """The same on numbers, with Python's own `if`."""
    w += 1.0
    if x > 0:
        w *= 10.0
        c += w
        if x > 1:
            w -= x
            c *= 2.0
        c += 0.5
    return w, c


def test_only_if_in_both_modes():
    for numbers in ([-1.0, 0.5, 2.0, 0.0, 3.0],):
        want, seen = (1.0, 4.0), []
        for x in numbers:
            want = gated(*want, x)
            seen.append(want)
        w, c = cr.Variable(1.0), cr.Variable(4.0)
        assert [tuple(map(float, gate(w, c, cr.tensor(x)))) for x in numbers] == seen
        w, c = cr.Variable(1.0), cr.Variable(4.0)
        _, run = stepping(lambda x, w=w, c=c: gate(w, c, x), f())
        assert [tuple(map(float, run(x))) for x in numbers] == seen
        assert (float(w), float(c)) == want


def test_only_if_with_a_known_condition_inside_a_step():
    w = cr.Variable(1.0)

    def step(x):
        with run_if(True):
            w.assign_add(x)
        with run_if(False):
            w.assign(w * 100.0)
            with run_if(x > 0):
                w.assign(w * 100.0)
        with run_if(x > 0), run_if(False):
            w.assign(w * 100.0)
        return w * 1.0

    _, run = stepping(step, f())
    assert [float(run(2.0)), float(run(3.0))] == [3.0, 6.0]
    assert float(step(cr.tensor(1.0))) == 7.0


def test_a_block_left_by_an_error_leaves_no_recorder():
    w = cr.Variable(1.0)
    with pytest.raises(ZeroDivisionError), run_if(False):
        1 // 0  # noqa: B018
    assert current_recorder() is None
    with pytest.raises(ZeroDivisionError):
        trace(lambda x: (w.assign(x * 0), 1 // 0), f())
    assert current_recorder() is None
    assert float(w) == 1.0
    with pytest.raises(ShapeError), run_if([True, False]):
        w.assign(2.0)


# ---- random streams


def test_streams_move_on_inside_a_step():
    eager, traced = SeedGenerator(5, "noise"), SeedGenerator(5, "noise")

    def noise(seed):
        return [
            random.uniform((3,), seed=seed),
            random.normal((2, 2), seed=seed),
            random.dropout([1.0] * 9, 0.5, seed=seed),
        ]

    step, run = stepping(lambda x: [*noise(traced), x], f())
    assert step.reads == step.writes == [traced.state]
    for _ in range(3):
        for a, b in zip(noise(eager), run(0.0), strict=False):
            np.testing.assert_array_equal(a.numpy(), b)
    assert traced.state.numpy().tolist() == eager.state.numpy().tolist()
    assert traced.state.numpy()[2] == 9


def test_whole_number_seeds_and_the_global_stream_inside_a_step():
    _, run = stepping(lambda x: [random.uniform((4,), seed=3), random.uniform((4,))], f())
    cr.set_random_seed(11)
    first, second = run(0.0), run(0.0)
    np.testing.assert_array_equal(first[0], second[0])
    assert (first[1] != second[1]).all()
    cr.set_random_seed(11)
    np.testing.assert_array_equal(random.uniform((4,)).numpy(), first[1])
    np.testing.assert_array_equal(random.uniform((4,)).numpy(), second[1])


def test_bounds_known_only_in_the_step():
    _, run = stepping(lambda x: random.uniform((50,), x - 1, x, seed=1) + random.normal((50,), x, 0.0, seed=1), f())
    got = run(4.0) - 4.0
    assert (got >= 3.0).all()
    assert (got < 4.0).all()
    assert np.ptp(got) > 0.8


# ---- gradients


def test_gradients_inside_a_step():
    w, b = cr.Variable([[1.0, -2.0], [0.5, 3.0], [2.0, 1.0]], name="w"), cr.Variable([0.5, -0.5], name="b")
    start = w.numpy(), b.numpy()

    def descend(x, y):
        loss = ops.mean(ops.square(ops.matmul(x, w) + b - y))
        for v, g in zip((w, b), cr.gradients(loss, [w, b]), strict=True):
            v.assign_sub(0.1 * g)
        return loss

    draw = np.random.default_rng(0)
    data = [(draw.normal(size=(4, 3)).astype(F), draw.normal(size=(4, 2)).astype(F)) for _ in range(3)]
    _, run = stepping(descend, f(4, 3), f(4, 2))
    losses = [float(run(x, y)) for x, y in data]
    after = w.numpy(), b.numpy()
    W, B = (v.astype("float64") for v in start)
    for (x, y), loss in zip(data, losses, strict=True):
        off = x @ W + B - y
        assert loss == pytest.approx((off**2).mean(), rel=1e-5)
        W, B = W - 0.1 * 2 * x.T @ off / off.size, B - 0.1 * 2 * off.sum(0) / off.size
    np.testing.assert_allclose(after[0], W, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(after[1], B, rtol=1e-4, atol=1e-6)
    w.assign(start[0])
    b.assign(start[1])
    assert [float(descend(x, y)) for x, y in data] == losses
    for v, stored in zip((w, b), after, strict=True):
        np.testing.assert_array_equal(v.numpy(), stored)


def test_gradients_by_a_variable_assigned_before():
    w = cr.Variable(3.0)

    def step(x):
        w.assign(w * x)
        return cr.gradients(w * w, [w.value])[0]

    _, run = stepping(step, f())
    assert float(run(2.0)) == 12.0  # 2 w after the assignment


# ---- memory


def test_arrays_between_are_dropped():
    alive = []

    class Counted(np.ndarray):
        pass

    def step(x):
        for _ in range(6):
            x = ops.exp(x)
        return ops.sum(x)

    program = NumpyEngine().program(trace(step, f(1000)))
    most = 0

    def watched(function):
        def run(*arrays):
            nonlocal most
            result = np.asarray(function(*arrays)).view(Counted)
            alive.append(weakref.ref(result))
            gc.collect()
            most = max(most, sum(r() is not None for r in alive))
            return result

        return run

    program.rows = [(row._replace(run=watched(row.run)), free) for row, free in program.rows]
    program([np.zeros(1000, F)])
    assert len(alive) == 7
    assert most == 2


# ---- what a step cannot do


def test_a_choice_by_a_number_names_the_line():
    def choose(x):
        if x > 0:  # here
            return x
        return -x

    line = choose.__code__.co_firstlineno + 1
    with pytest.raises(SymbolicError, match=rf"where.*test_trace\.py:{line}"):
        trace(choose, f())
    w = cr.Variable(1.0)
    for wrong in (lambda x: float(w), lambda x: w.numpy(), lambda x: int(x), lambda x: np.asarray(x)):
        with pytest.raises(SymbolicError):
            trace(wrong, f())
    assert current_recorder() is None
    with pytest.raises(ChainruleError):
        trace(lambda x: "a word", f())


def test_two_threads_trace_at_once():
    shared = cr.Variable(1.0, name="shared")
    meet, result = threading.Barrier(2, timeout=20), {}

    def work(name, by):
        own = cr.Variable(by, name=name)

        def step(x):
            meet.wait()
            shared.assign(shared + own * x)
            meet.wait()
            return shared * 1.0

        result[name] = trace(step, f())

    threads = [threading.Thread(target=work, args=a) for a in (("p", 2.0), ("q", 3.0))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert sorted(result) == ["p", "q"]
    for name, by in (("p", 2.0), ("q", 3.0)):
        step = result[name]
        assert {v.name for v in step.reads} == {"shared", name}
        assert step.writes == [shared]
        shared.assign(1.0)
        assert float(NumpyEngine().program(step)([np.array(10.0, F)])[0]) == 1 + 10 * by


# ---- variables


def test_reads_in_a_layers_dtype():
    w, saved = cr.Variable([1.0, 2.0]), cr.Variable([1.0], autocast=False)
    count = cr.Variable(3, dtype="int32")
    with autocast_scope(np.dtype("float16")):
        assert (w.value.dtype, saved.value.dtype, count.value.dtype) == ("float16", "float32", "int32")
        assert (w.dtype, (w * w).dtype) == ("float32", "float16")
        w.assign_add(2.0**-15)  # lost in float16, kept in the variable's own
        with autocast_scope(None):
            assert w.value.dtype == "float32"
    assert float(w[0]) == 1 + 2.0**-15
    gradient = None
    with autocast_scope(np.dtype("float16")):
        gradient = cr.gradients(ops.sum(w * 3.0), [w])[0]
    assert (gradient.dtype, gradient.numpy().tolist()) == ("float32", [3.0, 3.0])


def test_recorders_nest():
    class Log:
        def __init__(self):
            self.calls = []

        def read(self, variable):
            self.calls.append("read")
            return variable.leaf

        def assign(self, variable, value):
            self.calls.append("assign")

    w, outer, inner = cr.Variable(1.0), Log(), Log()
    with recording(outer):
        w.assign(w + 1)
        with recording(inner):
            w.assign(w + 1)
        with recording(None):
            w.assign(w + 1)
        assert current_recorder() is outer
    assert (outer.calls, inner.calls, float(w)) == (["read", "assign"], ["read", "assign"], 2.0)


@pytest.mark.parametrize("again", [copy.deepcopy, copy.copy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_of_variables(again):
    w = cr.Variable([1.0, 2.0], dtype="float16", trainable=False, autocast=False, name="w")
    w.path = "layer/w"
    other = again(w)
    assert (other.name, other.path, other.trainable, other.autocast, other.dtype) == (
        "w", "layer/w", False, False, np.float16,
    )  # fmt: skip
    other.assign_add([1.0, 1.0])
    assert (w.numpy().tolist(), other.numpy().tolist()) == ([1.0, 2.0], [2.0, 3.0])
    y = ops.sum(other * other)
    assert cr.gradients(y, [other])[0].numpy().tolist() == [4.0, 6.0]
    shared = copy.deepcopy([w, w])
    assert shared[0] is shared[1]
    again(cr.Variable(np.zeros((0, 3)), dtype="bfloat16"))


def test_wrong_variables():
    with pytest.raises(ShapeError):
        cr.Variable([1.0, 2.0], (3,))
    with pytest.raises(ShapeError):
        cr.Variable(lambda shape, dtype: np.ones((2,)), (3,), "float32")
    with pytest.raises(GraphError):
        cr.Variable(cr.symbolic((2,)))
