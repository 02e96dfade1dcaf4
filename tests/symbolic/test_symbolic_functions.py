"""Every function on tensors of unknown sizes: recorded, it has the shapes and values that it has on arrays."""

import pytest

import chainrule as cr
from chainrule import layers, ops
from chainrule.core.errors import ChainruleError
from symbolic_function_cases import CASES, EXCEPTIONS, RANDOM
from symbolic_judge import check_cases, judge
from symbolic_keras import may_refuse
from symbolic_parameters import parameters


def test_every_function_has_cases():
    names = set(ops.__all__) | {f"image.{name}" for name in ops.image.__all__}
    assert names == CASES.names() | set(EXCEPTIONS)
    assert not CASES.names() & set(EXCEPTIONS)


@pytest.mark.parametrize("cases", [CASES, RANDOM], ids=["ops", "random"])
def test_the_cases_are_calls_that_work_and_have_sizes_that_differ(cases):
    check_cases(cases)


@pytest.mark.parametrize(("cases", "key", "unknown"), parameters(CASES, RANDOM))
def test_function(cases, key, unknown):
    assert judge(cases[key], unknown, may_refuse(cases, key, unknown)) == []


@pytest.mark.parametrize("name", ["convert_to_numpy", "nonzero", "unique"])
def test_what_needs_values_is_refused(name):
    with pytest.raises(ChainruleError):
        getattr(cr.ops, name)(layers.Input(batch_shape=(None, 3)))
