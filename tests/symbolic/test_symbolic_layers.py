"""Every layer on tensors of unknown sizes: recorded, it has the shapes and values that it has on arrays."""

import pytest

from chainrule import layers
from symbolic_judge import check_cases, judge
from symbolic_keras import may_refuse
from symbolic_layer_cases import CASES, EXCEPTIONS, FUNCTIONS
from symbolic_parameters import parameters


def test_every_layer_has_cases():
    cases = CASES.names() | FUNCTIONS.names()
    assert set(layers.__all__) == cases | set(EXCEPTIONS)
    assert not cases & set(EXCEPTIONS)


@pytest.mark.parametrize("cases", [CASES, FUNCTIONS], ids=["layers", "functions"])
def test_the_cases_are_calls_that_work_and_have_sizes_that_differ(cases):
    check_cases(cases)


@pytest.mark.parametrize(("cases", "key", "unknown"), parameters(CASES, FUNCTIONS))
def test_layer(cases, key, unknown):
    assert judge(cases[key], unknown, may_refuse(cases, key, unknown)) == []
