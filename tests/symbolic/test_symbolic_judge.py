"""The judge of unknown sizes finds planted faults, each by its kind."""

import pytest

import chainrule as cr
import symbolic_judge
from chainrule import ops
from chainrule.core.errors import ShapeError
from symbolic_cases import Cases, X
from symbolic_judge import Recorded, judge
from symbolic_layer_cases import LayerCase

CASES = Cases("ops")
CASES.add("exp", X("b t c"))
CASES.add("split", X("b 6"), 2, 1)
CASES.add("add", X("b t"), X("b t"))
BATCH, TIME, ALL = frozenset([(0, 0)]), frozenset([(0, 1)]), frozenset([(0, 0), (0, 1), (0, 2)])
right = {name: getattr(ops, name) for name in ("exp", "split", "add")}


def recorded_as(monkeypatch, *shapes):
    """Every shape rule says this."""
    monkeypatch.setattr(Recorded, "shapes", property(lambda self: list(shapes)))


def when_recorded(monkeypatch, name, fault):
    """A function that does other than it should on tensors without values."""

    def planted(x, *args):
        return right[name](x, *args) if x.value is not None else fault(x, *args)

    monkeypatch.setattr(ops, name, planted)


def test_nothing_is_wrong_with_what_is_right():
    assert judge(CASES["exp-0"], BATCH) == []
    assert judge(CASES["exp-0"], ALL) == []
    assert judge(CASES["add-0"], frozenset([(0, 0), (1, 0)])) == []


@pytest.mark.parametrize("shape", [(2, 3, 4), (9973, 3, 4), (None, 9971, 4), (None, 2, 4)])
def test_a_wrong_number(shape, monkeypatch):
    recorded_as(monkeypatch, shape)
    (problem,) = judge(CASES["exp-0"], BATCH)
    assert problem.startswith("wrong number on axis")
    assert str(shape) in problem


def test_a_number_that_is_right_at_the_samples_size_alone(monkeypatch):
    recorded_as(monkeypatch, (2, 3, 4))
    problems = judge(CASES["exp-0"], ALL)
    assert [p[:24] for p in problems] == [f"wrong number on axis {axis}: " for axis in range(3)]


def test_none_where_the_size_does_not_vary(monkeypatch):
    recorded_as(monkeypatch, (None, None, 4))
    (problem,) = judge(CASES["exp-0"], BATCH)
    assert problem.startswith("None on axis 1, which does not vary")


def test_a_size_that_is_decided_later_may_be_none(monkeypatch):
    recorded_as(monkeypatch, (None, 3))
    assert judge(CASES["add-0"], BATCH) == []
    recorded_as(monkeypatch, (3, 3))
    assert judge(CASES["add-0"], BATCH) != []


def test_another_rank(monkeypatch):
    recorded_as(monkeypatch, (None, 3))
    (problem,) = judge(CASES["exp-0"], BATCH)
    assert problem.startswith("recorded as")


def test_other_values(monkeypatch):
    when_recorded(monkeypatch, "exp", lambda x: right["exp"](x) * 1.0000001)
    problems = judge(CASES["exp-0"], BATCH)
    assert len(problems) == len(CASES["exp-0"].attempts(BATCH))
    assert all("of other values" in problem for problem in problems)


def test_another_dtype_or_nesting(monkeypatch):
    when_recorded(monkeypatch, "exp", lambda x: ops.cast(right["exp"](x), "float64"))
    (problem,) = judge(CASES["exp-0"], BATCH)
    assert "float64" in problem
    monkeypatch.undo()
    when_recorded(monkeypatch, "exp", lambda x: [right["exp"](x)])
    (problem,) = judge(CASES["exp-0"], BATCH)
    assert "list" in problem


@pytest.mark.parametrize("error", [TypeError, IndexError, AttributeError, ValueError])
def test_python_s_own_error(error, monkeypatch):
    def fails(x):
        raise error("unsupported operand")

    when_recorded(monkeypatch, "exp", fails)
    for may_refuse in (False, True):
        (problem,) = judge(CASES["exp-0"], BATCH, may_refuse)
        assert problem.startswith(f"{error.__name__} instead of")


def test_a_refusal_is_an_answer_only_where_it_may_be_one(monkeypatch):
    def refuses(x):
        raise ShapeError("an unknown size")

    when_recorded(monkeypatch, "exp", refuses)
    assert judge(CASES["exp-0"], BATCH, may_refuse=True) == []
    (problem,) = judge(CASES["exp-0"], BATCH)
    assert problem.startswith("refused: ShapeError")


def test_a_graph_that_fails_or_does_not_refuse_when_it_runs(monkeypatch):
    class Runner(symbolic_judge.Runner):
        def __call__(self, arrays):
            if arrays[0].shape[0] == 3:
                raise TypeError("unsupported operand")
            return super().__call__(arrays)

    monkeypatch.setattr(symbolic_judge, "Runner", Runner)
    (problem,) = judge(CASES["exp-0"], BATCH)
    assert problem.startswith("run at (3,3,4): TypeError")
    monkeypatch.undo()
    before = symbolic_judge.eager

    def strict(case, shapes, layer=None):
        return ShapeError("one example") if shapes[0][0] == 1 else before(case, shapes, layer)

    monkeypatch.setattr(symbolic_judge, "eager", strict)
    (problem,) = judge(CASES["exp-0"], BATCH)
    assert problem.startswith("run at (1,3,4): ")
    assert "where the function refuses" in problem


def test_a_layer_has_its_own_weights_in_both(monkeypatch):
    cases = Cases("layers", of=LayerCase)
    cases.add("Dense", X("b c"), units=3, needs="c")
    assert judge(cases["Dense-0"], BATCH) == []
    assert judge(cases["Dense-0"], TIME) == []  # refused, for its weights
    monkeypatch.setattr(cr.layers.Dense, "set_weights", lambda self, weights: None)
    assert all("of other values" in problem for problem in judge(cases["Dense-0"], BATCH))
    assert judge(cases["Dense-0"], BATCH) != []
