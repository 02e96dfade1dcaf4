"""Methods of tensors have the arguments of the methods of NumPy's arrays."""

import pytest

import chainrule as cr
from numpy_call_table import CALLS
from numpy_calls import Call, Draw, by_position, numpy_function
from numpy_judge import differences, outcome, with_tensors

METHODS = (
    "sum mean prod var std max min argmax argmin all any cumsum cumprod clip take repeat round argsort argpartition "
    "diagonal trace ravel squeeze dot swapaxes nonzero searchsorted choose reshape transpose"
).split()


def as_method(name, call):
    """The method of the first argument, and the call without it."""
    owner, *args = call.args
    return getattr(owner, name), Call(*args, **call.kwargs)


@pytest.mark.parametrize("name", METHODS)
def test_methods_give_numpys_result(name):
    compared = 0
    for seed in range(24):
        d = Draw([seed, *name.encode()])
        call = CALLS[name](d)
        call = by_position(numpy_function(name), call) if d.flag() else call
        passed = with_tensors(call, every=True)
        theirs, ours = outcome(*as_method(name, call)), outcome(*as_method(name, passed))
        if not isinstance(theirs, Exception):  # arrays' methods have fewer arguments than the functions
            compared += 1
            text = f"seed {seed}: {call.args}.{name}(**{call.kwargs})"
            assert not isinstance(ours, Exception), f"{text}: {ours}"
            assert not (difference := differences(name, call, ours, theirs)), f"{text}: {difference}"
    assert compared > 6


def test_unknown_and_too_many_arguments_are_type_errors():
    t = cr.tensor([[3.0, 1.0]])
    for call in (lambda: t.sum(dim=0), lambda: t.sum(0, None, None, False, 0, True, 3), lambda: t.swapaxes(0)):
        with pytest.raises(TypeError, match="argument"):
            call()


def test_variables_have_them_too():
    v = cr.Variable([[3.0, 1.0], [2.0, 4.0]])
    assert v.max(1, None, True).shape == (2, 1)
    assert v.clip(None, 3).tolist() == [[3.0, 1.0], [2.0, 3.0]]
    assert cr.gradients(v.clip(max=3).sum(), v).tolist() == [[1.0, 1.0], [1.0, 0.0]]


def test_a_bool_as_second_argument_keeps_the_axes():
    t = cr.tensor([[3.0, 1.0], [2.0, 4.0]])
    for name in "sum mean prod var std max min argmax argmin all any".split():
        assert getattr(t, name)(0, True).shape == (1, 2)
        assert getattr(t, name)(0, False).shape == (2,)


def test_copies_casts_and_parts():
    t = cr.tensor([[3.0, 1.0], [2.0, 4.0]])
    assert t.astype("int32", copy=False).dtype == t.astype("int32", "C", "unsafe").dtype == "int32"
    assert t.flatten("F").tolist() == t.reshape(4, order="F").tolist() == [3.0, 2.0, 1.0, 4.0]
    assert t.copy(order="F").tolist() == t.real.tolist() == t.tolist()
    assert t.imag.tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("name", "sort partition fill put resize".split())
def test_methods_that_change_an_array_name_the_function(name):
    with pytest.raises(cr.ChainruleError, match=rf"\.{name} of a tensor.*To mend it: tensors are immutable"):
        getattr(cr.tensor([1.0]), name)
